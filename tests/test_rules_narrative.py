"""What a document says again is held to its tables, and a rate to its amounts: no further than rounding allows, no less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fatk import resources
from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.formats import json as json_form
from fatk.limits import DEFAULTS
from fatk.model import MISSING, Report, Row, build, make_row, row_name
from fatk.rules import run
from fatk.rules.context import EXACT, NOT_APPLICABLE, Check, Context, Ref, Rule, load_rules
from fatk.rules.narrative import (
    TRUNCATED,
    WITHIN,
    Figure,
    catalogue,
    grade,
    matching,
    quotient,
    quotient_of_change,
)
from fatk.spec import load
from fatk.values import NOTHINGS, Nothing, round_half_up
from strategies import about, balanced_reports, optional, reports

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
SPEC = load()
TABLES = tuple(form.id for form in SPEC.forms)[:7]

#: The rules of this part of the standard.
OURS = {entry["id"] for entry in resources.read_json("rules", "3-narrative.json")["rules"]}
RULES = {rule.id: rule for rule in load_rules().values() if rule.id in OURS}
BUILT = sorted(rule for rule in RULES if RULES[rule].built)


# Reports with one change


Edits = Mapping[str, Mapping[str, Mapping[str, Any] | None]]


@cache
def example(name: str) -> Report:
    return json_form.read((EXAMPLES / name / "report.json").read_bytes(), SPEC, DEFAULTS).report


def changed(report: Report, edits: Edits) -> Report:
    """The report with some cells changed: table, row (or a glob of rows), and fields; ``None`` takes the rows out."""
    tables = {table: list(rows) for table, rows in report.tables.items()}
    for table, rows in edits.items():
        for wanted, fields in rows.items():
            _change(table, tables[table], wanted, fields)
    return build(SPEC, tables)


def _change(table_id: str, rows: list[Row], wanted: str, fields: Mapping[str, Any] | None) -> None:
    table = SPEC.tables[table_id]
    pattern = wanted.replace("[", "[[]")
    places = [
        i
        for i, row in enumerate(rows)
        if wanted in {"*", row_name(table, row)} or fnmatchcase(row_name(table, row), pattern)
    ]
    if fields is None:
        assert places, f"{table_id} has no {wanted}"
        rows[:] = [row for i, row in enumerate(rows) if i not in places]
        return
    values = {name: _value(table_id, name, value) for name, value in fields.items()}
    if not places:
        keys = dict(zip(table.key, wanted.rsplit("/", len(table.key) - 1), strict=True))
        values = {**{name: _value(table_id, name, key) for name, key in keys.items()}, **values}
        rows.append(make_row(table, **values))
    for place in places:
        row = list(rows[place])
        for name, value in values.items():
            row[table.position[name]] = value
        rows[place] = tuple(row)


def _value(table: str, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value in NOTHINGS:
        return NOTHINGS[value]
    kind = SPEC.tables[table][name].type
    return Decimal(value) if kind == "number" else int(value) if kind == "integer" else value


def claim(path: str, value: str | None, unit: str | None = None) -> dict[str, Any]:
    """One changed or added claim, first occurrence unless the path names another."""
    fields: dict[str, Any] = {"value": value} | ({"unit": unit} if unit else {})
    return {path if "/" in path else f"{path}/1": fields}


def without_tables(report: Report) -> Report:
    """The report as its narrative alone yields it: the tables lie in an annex."""
    states = {table: {"status": MISSING, "reconstructed": None} for table in TABLES}
    tables = {
        table: rows for table, rows in report.tables.items() if table not in TABLES and table != "codes"
    }
    return changed(build(SPEC, {**tables, "cells": ()}), {"tables": states})


@cache
def base(name: str) -> Report:
    return without_tables(example("wuerhe-2022")) if name == "narrative" else example(name)


def checks(report: Report, rules: Mapping[str, Rule] = RULES) -> list[Check]:
    return list(run(rules, Context(report)))


def failures(found: Iterable[Check]) -> set[tuple[str, tuple[Ref, ...], str | None]]:
    return {(check.rule, check.refs, check.severity) for check in found if check.outcome == FAILED}


#: What the examples' own figures raise, and should: growth on a base of zero, printed as 100 % by convention.
@cache
def standing(name: str) -> set[tuple[str, tuple[Ref, ...], str | None]]:
    return failures(checks(base(name)))


@dataclass(frozen=True)
class Case:
    """A change to an example, the rule that speaks, and what it says; with ``FAILED`` no other rule fails."""

    rule: str
    base: str
    edits: Edits
    outcome: str
    difference: str | None = None
    qualifier: str | None = None
    severity: str | None = None
    reason: str | None = None
    why: str = ""
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule}-{self.outcome}-{self.why or self.difference or self.reason or ''}".replace(
            " ", "_"
        )


def claims(*parts: Mapping[str, Any]) -> Edits:
    merged: dict[str, Any] = {}
    for part in parts:
        merged |= part
    return {"claims": merged}


def row(table: str, key: str, /, **fields: Any) -> Edits:
    return {table: {key: fields or None}}


def both(*edits: Edits) -> Edits:
    merged: dict[str, dict[str, Any]] = {}
    for edit in edits:
        for table, rows in edit.items():
            merged.setdefault(table, {}).update(rows)
    return merged


def dropped(*globs: str) -> Edits:
    return {"claims": dict.fromkeys(globs, None)}


GPB = "general_public_budget"
ITEM = "general_public_budget.items"
TP = "three_public"
VS = "three_public.vs_annual_budget"

#: A budget of nothing, which no final amount can be compared with.
NO_BUDGET = both(
    row("three_public_expenses", "overseas_travel", budget="0.00"),
    row("changes", f"{TP}.overseas_travel/annual_budget"),
    claims(claim(f"{VS}.overseas_travel.budget", "0.00")),
)

COPIES = (
    ("NT-01", "overall.income.total", "1900.12", "1900.11"),
    ("NT-01", "overall.expenditure.surplus_distribution", "4.32", "4.29"),
    ("NT-02", "income.total", "1820.08", "1820.09"),
    ("NT-02", "income.institutional_income.amount", "165.02", "165.01"),
    ("NT-02", "income.government_fund", "320.02", "320.01"),
    ("NT-03", "expenditure.basic.amount", "1016.62", "1016.61"),
    ("NT-04", "fiscal_appropriation.expenditure.closing_balance", "63.02", "63.01"),
    ("NT-05", "general_public_budget.total", "1236.92", "1236.91"),
    ("NT-06", "general_public_budget.structure[2].amount", "126.85", "126.84"),
    ("NT-07", "general_public_budget.items[10].actual", "209.98", "209.99"),
    ("NT-09", "basic_expenditure.total", "881.62", "881.61"),
    ("NT-09", "basic_expenditure.personnel.amount", "665.93", "665.92"),
    ("NT-11", "three_public.reception.amount", "5.14", "5.13"),
    ("NT-11", "three_public.details.vehicles.purchase", "17.88", "17.87"),
    ("NT-12", "three_public.vs_annual_budget.total.budget", "54.52", "54.51"),
    ("NN-14", "three_public.vs_annual_budget.reception.actual", "5.14", "5.13"),
    ("NN-14", "three_public.details.overseas_travel.amount", "3.82", "3.81"),
    ("NN-14", "fiscal_appropriation.income.vs_initial_budget.actual", "1631.62", "1631.61"),
)  # fmt: skip

AGREES = (
    *(Case(rule, "full", claims(claim(path, wrong)), FAILED, why=path) for rule, path, wrong, _ in COPIES),
    *(Case(rule, "full", claims(claim(path, near)), WITHIN_ROUNDING, why=path) for rule, path, _, near in COPIES),
    Case("NT-01", "full", claims(claim("overall.income.total/2", "1900.12")), FAILED, "0.02", why="second"),
    # Units and decimals of the claim's own
    Case("NT-01", "full", claims(claim("overall.income.total", "19001000.00", "元")), EXACT, why="yuan"),
    Case("NT-01", "full", claims(claim("overall.income.total", "19001050.00", "元")), WITHIN_ROUNDING, "0.005", why="yuan"),
    Case("NT-01", "full", claims(claim("overall.income.total", "19001050.01", "元")), FAILED, "0.005001", why="yuan"),
    Case("NT-01", "full", claims(claim("overall.income.total", "0.19", "亿元")), WITHIN_ROUNDING, "-0.10", why="yi"),
    Case("NT-01", "full", claims(claim("overall.income.total", "0.20", "亿元")), FAILED, "99.90", why="yi"),
    Case("NT-01", "full", claims(claim("overall.income.total", "19001.0", "千元")), EXACT, why="qian"),
    Case("NT-01", "full", claims(claim("overall.income.total", "1900.10", "美元")), NOT_CHECKED, reason="unit"),
    Case("NT-01", "full", claims(claim("overall.income.total", "1900")), WITHIN_ROUNDING, "-0.10", "fewer_decimals"),
    Case("NT-01", "full", claims(claim("overall.income.total", "1900.1")), EXACT, why="fewer"),
    Case("NT-01", "full", claims(claim("overall.income.total", "1900.2")), FAILED, "0.10", why="fewer"),
    # Where there is nothing to compare
    Case("NT-01", "narrative", {}, NOT_CHECKED, reason="missing"),
    Case("NT-01", "full", claims(claim("overall.income.total", "undisclosed")), NOT_CHECKED, reason="undisclosed"),
    Case("NT-02", "full", row("income", "TOTAL"), NOT_CHECKED, reason="absent"),
    Case("NT-07", "full", row("general_budget_items", "3", code=None), NOT_CHECKED, reason="blank"),
    Case("NT-07", "narrative", row("general_budget_items", "3"), NOT_CHECKED, reason="absent"),
    Case("NT-07", "full", row("general_budget_items", "3", code="2080599"), FAILED, "72.15", why="no such row", also=("NT-08",)),
    Case("NT-09", "full", row("general_budget_basic_expenditure", "personnel", amount=None), NOT_CHECKED, reason="blank"),
    # Lists and names
    Case("NT-08", "full", row("general_budget_items", "11"), FAILED, why="not described"),
    Case("NT-08", "full", row("general_budget_structure", "6", class_name="其他支出", code="229"), FAILED, why="too many"),
    Case("NT-08", "full", row("general_budget_structure", "6", class_name="住房保障支出", code="221"), FAILED, why="twice"),
    Case("NT-08", "full", row("general_budget_items", "11", code=None), NOT_CHECKED, reason="blank"),
    Case("NT-08", "narrative", {}, NOT_CHECKED, reason="missing"),
    Case("NT-10", "full", row("basic_expenditure_items", "operating/19"), FAILED, why="not named"),
    Case("NT-10", "full", row("general_budget_basic_expenditure", "30226", amount="0.00"), FAILED, why="no money"),
    Case("NT-10", "full", row("general_budget_basic_expenditure", "30226", amount="undisclosed"), EXACT, why="withheld"),
    Case("NT-10", "full", row("basic_expenditure_items", "operating/13", code=None), EXACT, why="by name"),
    Case("NT-10", "full", row("basic_expenditure_items", "operating/13", code=None, name="甲费"), NOT_CHECKED, reason="blank"),
    Case("NT-13", "full", row("tables", "government_fund", statement="无政府性基金收支，为空表。"), FAILED),
    Case("NT-13", "full", row("tables", "government_fund", statement="含结转资金。"), EXACT),
    Case("NT-17", "full", row("general_budget_items", "3", item_name="职业年金缴费支出"), FAILED),
    Case("NT-17", "full", row("general_budget_items", "8", item_name="一般行政管理事务支出"), EXACT, why="marks"),
    Case("NT-19", "full", row("table_list", "9"), FAILED),
    Case("NT-19", "full", row("table_list", "10", title="项目支出决算表"), EXACT, why="local"),
    Case("NT-19", "narrative", {}, NOT_CHECKED, reason="missing"),
    # Notes against tables
    Case("NT-15", "full", row("operating_expenses", "*", amount="215.71"), FAILED, "0.02"),
    Case("NT-15", "full", row("operating_expenses", "*", amount="215.70"), WITHIN_ROUNDING, "0.01"),
    Case("NT-15", "narrative", row("operating_expenses", "*", amount="71.40"), FAILED, "0.02", why="stated"),
    Case("NT-16", "full", row("operating_expenses", "*", amount="215.71", unit_nature="行政单位、事业单位"), FAILED, "0.02"),
    Case("NT-16", "full", row("operating_expenses", "*", amount="215.70", unit_nature="行政单位、事业单位"), WITHIN_ROUNDING, "0.01"),
    Case("NT-16", "full", row("operating_expenses", "*", amount="215.69", unit_nature=None), EXACT),
    Case(
        "NT-18", "full",
        both(row("performance_projects", "*"), row("performance_funds", "*"), dropped("self_evaluations*", "performance.annual_budget/1"),
             row("performance_summary", "*", evaluated_projects=9), claims(claim("performance.executed", "747.02"))),
        FAILED, "0.02",
    ),
    Case(
        "NT-18", "full",
        both(row("performance_projects", "*"), row("performance_funds", "*"), dropped("self_evaluations*", "performance.annual_budget/1"),
             row("performance_summary", "*", evaluated_projects=9), claims(claim("performance.executed", "747.01"))),
        WITHIN_ROUNDING, "0.01",
    ),
)  # fmt: skip

SUMS = (
    Case("NN-01", "narrative", claims(claim("overall.income.opening_balance", "0.03")), FAILED, "-0.03"),
    Case("NN-01", "narrative", claims(claim("overall.income.opening_balance", "0.02")), WITHIN_ROUNDING, "-0.02"),
    Case("NN-02", "narrative", claims(claim("income.other_income.amount", "0.04")), FAILED, "-0.04"),
    Case("NN-02", "narrative", claims(claim("income.other_income.amount", "0.03")), WITHIN_ROUNDING, "-0.03"),
    Case("NN-03", "narrative", claims(claim("expenditure.business.amount", "0.04")), FAILED, "-0.04"),
    Case("NN-03", "narrative", claims(claim("expenditure.business.amount", "0.03")), WITHIN_ROUNDING, "-0.03"),
    Case("NN-03", "narrative", both(dropped("expenditure.business.share_percent/1"), claims(claim("expenditure.business.amount", "n/a"))), EXACT, why="dash"),
    Case("NN-03", "narrative", claims(claim("expenditure.business.amount", "undisclosed")), NOT_CHECKED, reason="undisclosed"),
    Case("NN-04", "narrative", claims(claim("fiscal_appropriation.income.opening_balance", "0.02")), FAILED, "-0.02"),
    Case("NN-04", "narrative", claims(claim("fiscal_appropriation.income.opening_balance", "0.01")), WITHIN_ROUNDING, "-0.01"),
    Case("NN-05", "narrative", claims(claim(f"{ITEM}[1].actual", "329.54")), FAILED, "-0.02"),
    Case("NN-05", "narrative", claims(claim(f"{ITEM}[1].actual", "329.53")), WITHIN_ROUNDING, "-0.01"),
    Case("NN-05", "narrative", both(row("general_budget_items", "*", code=None), dropped(f"{ITEM}*rate_percent/1")), EXACT, why="by name"),
    Case("NN-06", "narrative", both(dropped(f"{GPB}.structure*"), claims(claim(f"{ITEM}[1].actual", "329.55"))), FAILED, "-0.03"),
    Case("NN-06", "narrative", both(dropped(f"{GPB}.structure*"), claims(claim(f"{ITEM}[1].actual", "329.54"))), WITHIN_ROUNDING, "-0.02"),
    Case("NN-06", "full", row("changes", f"{GPB}/initial_budget", base_amount="1251.39"), FAILED, "0.07"),
    Case("NN-06", "full", row("changes", f"{GPB}/initial_budget", base_amount="1251.38"), WITHIN_ROUNDING, "0.06", "improbable"),
    Case("NN-07", "narrative", claims(claim("basic_expenditure.personnel.amount", "283.30")), FAILED, "-0.02"),
    Case("NN-07", "narrative", claims(claim("basic_expenditure.personnel.amount", "283.29")), WITHIN_ROUNDING, "-0.01"),
    Case("NN-08", "narrative", both(dropped(f"{VS}*"), claims(claim(f"{TP}.details.vehicles.operation", "30.35"))), FAILED, "-0.02"),
    Case("NN-08", "narrative", both(dropped(f"{VS}*"), claims(claim(f"{TP}.details.vehicles.operation", "30.34"))), WITHIN_ROUNDING, "-0.01"),
    Case("NN-09", "narrative", both(dropped(f"{VS}*rate_percent/1"), claims(claim(f"{VS}.reception.budget", "12.56"))), FAILED, "-0.03"),
    Case("NN-09", "narrative", both(dropped(f"{VS}*rate_percent/1"), claims(claim(f"{VS}.reception.budget", "12.55"))), WITHIN_ROUNDING, "-0.02"),
    Case("NN-10", "full", row("procurement", "*", works="85.03"), FAILED, "-0.03"),
    Case("NN-10", "full", row("procurement", "*", works="85.02"), WITHIN_ROUNDING, "-0.02"),
    Case("NN-11", "narrative", claims(claim("overall.expenditure.current_year", "386.25")), FAILED, "0.02"),
    Case("NN-11", "narrative", claims(claim("overall.expenditure.current_year", "386.24")), WITHIN_ROUNDING, "0.01"),
    Case("NN-12", "narrative", both(dropped(f"{GPB}.structure*", f"{ITEM}*"), claims(claim(f"{GPB}.total", "386.25"))), FAILED, "-0.02"),
    Case("NN-12", "narrative", both(dropped(f"{GPB}.structure*", f"{ITEM}*"), claims(claim(f"{GPB}.total", "386.24"))), WITHIN_ROUNDING, "-0.01"),
    Case("NN-12", "narrative", row("tables", "government_fund", status=MISSING, statement=None), NOT_CHECKED, reason="missing"),
    Case("NN-13", "narrative", claims(claim("expenditure.basic.amount", "354.68")), FAILED, "0.02"),
    Case("NN-13", "narrative", claims(claim("expenditure.basic.amount", "354.67")), WITHIN_ROUNDING, "0.01"),
    Case("NN-14", "narrative", claims(claim(f"{TP}.details.reception.amount", "12.55")), FAILED, "0.02", why="stated"),
    Case("NN-14", "narrative", claims(claim(f"{TP}.details.reception.amount", "12.54")), WITHIN_ROUNDING, "0.01", why="stated"),
    Case("NN-15", "narrative", claims(claim("overall.income.total/2", "386.25", "万元")), FAILED, "0.02"),
    Case("NN-15", "narrative", claims(claim("overall.income.total/2", "386.24", "万元")), WITHIN_ROUNDING, "0.01"),
    Case("NN-15", "full", claims(claim("performance.executed/2", "267.02", "万元")), FAILED, "0.02"),
    Case("NN-15", "full", claims(claim("overall.income.yoy.rate_percent/2", "4.30", "%")), FAILED, "0.10"),
    Case("NN-15", "full", claims(claim("overall.income.yoy.rate_percent/2", "4.20", "%")), EXACT),
    Case("NN-16", "full", claims(claim("performance.annual_budget", "280.02")), FAILED, "0.02"),
    Case("NN-16", "full", claims(claim("performance.annual_budget", "280.01")), WITHIN_ROUNDING, "0.01"),
    Case("NN-16", "full", both(row("performance_projects", "1", fund_unit="元"), {"performance_funds": {
        "1/*": {"initial_budget": "2300000.00", "annual_budget": "2200000.00", "executed": "2100000.00"},
        "1/prior_year_carryover": {"initial_budget": "0.00", "annual_budget": "0.00", "executed": "0.00"},
        "1/other": {"initial_budget": "0.00", "annual_budget": "0.00", "executed": "0.00"}}}), EXACT, why="yuan"),
    Case("NN-17", "full", row("changes", "fiscal_appropriation.income/initial_budget", base_amount="1626.34"), FAILED, "0.02"),
    Case("NN-17", "full", row("changes", "fiscal_appropriation.income/initial_budget", base_amount="1626.33"), WITHIN_ROUNDING, "0.01"),
    Case("NN-30", "full", row("changes", "overall.income/previous_year", amount="76.67"), FAILED, "0.02"),
    Case("NN-30", "full", row("changes", "overall.income/previous_year", amount="76.66"), WITHIN_ROUNDING, "0.01"),
    Case("NN-31", "full", row("changes", f"{ITEM}.2120101/previous_year", amount="21.72"), FAILED, "0.07"),
    Case("NN-31", "full", row("changes", f"{ITEM}.2120101/previous_year", amount="21.71"), WITHIN_ROUNDING, "0.06", "improbable"),
    Case("NN-32", "full", both(dropped(f"{TP}.overseas_travel.yoy*"), row("changes", f"{TP}.overseas_travel/previous_year", amount="0.03")), FAILED, "0.03"),
    Case("NN-32", "full", both(dropped(f"{TP}.overseas_travel.yoy*"), row("changes", f"{TP}.overseas_travel/previous_year", amount="0.02")), WITHIN_ROUNDING, "0.02"),
    Case("NN-33", "full", row("changes", f"{GPB}/previous_year", base_amount="1164.27"), FAILED, "0.07"),
    Case("NN-33", "full", row("changes", f"{GPB}/previous_year", base_amount="1164.26"), WITHIN_ROUNDING, "0.06", "improbable"),
    Case("PE-01", "full", row("performance_funds", "1/total", initial_budget="230.03"), FAILED, "0.03"),
    Case("PE-01", "full", row("performance_funds", "1/total", initial_budget="230.02"), WITHIN_ROUNDING, "0.02"),
    Case("PE-01", "full", row("performance_funds", "1/other", initial_budget=None), EXACT, why="blank"),
    Case("PE-04", "full", claims(claim("self_evaluations[1].total_weight", "101")), FAILED, "1"),
    Case("PE-04", "full", dropped("self_evaluations[1].total_weight/1"), EXACT, why="no total"),
    Case("PE-04", "full", row("performance_indicators", "1/3", weight=None), NOT_CHECKED, reason="blank"),
    Case("PE-05", "full", claims(claim("self_evaluations[1].total_score", "94.57")), FAILED, "0.02"),
    Case("PE-05", "full", claims(claim("self_evaluations[1].total_score", "94.56")), WITHIN_ROUNDING, "0.01"),
    Case("PE-12", "full", {"performance_indicators": {"1/1": {"weight": "15"}, "1/6": {"weight": "15"}}}, FAILED, "-5"),
    Case("PE-12", "full", {"performance_indicators": {"1/1": {"weight": "15"}, "1/3": {"weight": "15"}}}, EXACT),
)  # fmt: skip

RATES = (
    Case("NN-20", "full", claims(claim("overall.income.yoy.rate_percent", "4.30")), FAILED, "0.10"),
    Case("NN-20", "full", claims(claim("overall.income.yoy.rate_percent", "-4.20")), FAILED, "-8.40", why="sign"),
    Case("NN-20", "full", claims(claim("fiscal_appropriation.income.yoy.rate_percent", "4.57")), WITHIN_ROUNDING, "-0.01", "truncated"),
    Case("NN-20", "full", claims(claim("fiscal_appropriation.income.yoy.rate_percent", "4.6")), EXACT, why="one decimal"),
    Case("NN-20", "wuerhe-2022", claims(claim(f"{TP}.reception.yoy.rate_percent", "111.21")), WITHIN_ROUNDING, "0.27"),
    Case("NN-20", "wuerhe-2022", claims(claim(f"{TP}.reception.yoy.rate_percent", "111.22")), FAILED, "0.28"),
    Case("NN-20", "full", row("changes", "other_matters.operating_cost/previous_year", amount="10.53"), FAILED, why="change and base disagree"),
    Case("NN-20", "full", row("changes", "other_matters.operating_cost/previous_year"), NOT_CHECKED, reason="absent"),
    Case("NN-20", "full", row("changes", "other_matters.operating_cost/previous_year", amount=None, base_amount=None), NOT_CHECKED, reason="blank"),
    Case("NN-20", "full", row("changes", "other_matters.operating_cost/previous_year", amount=None), EXACT, why="base alone"),
    Case("NN-20", "full", row("general_budget_items", "3", code=None), NOT_CHECKED, reason="blank"),
    Case("NN-20", "full", claims(claim("overall.income.yoy.rate_percent", "undisclosed")), NOT_CHECKED, reason="undisclosed"),
    Case("NN-20", "full", claims(claim("overall.income.yoy.rate_percent", "0.04", "倍")), NOT_CHECKED, reason="unit"),
    Case("NN-20", "narrative", {}, EXACT, why="stated figures"),
    Case("NN-20", "full", row("changes", f"{ITEM}.2080501/previous_year", amount="0.05", base_amount="18.55"), EXACT, why="in words"),
    Case("NN-21", "full", claims(claim("income.fiscal_appropriation.share_percent", "86.56")), FAILED, "0.10"),
    Case("NN-21", "full", claims(claim("income.fiscal_appropriation.share_percent", "86.45")), WITHIN_ROUNDING, "-0.01", "truncated"),
    Case("NN-21", "full", claims(claim("income.superior_subsidy.share_percent", "1.36")), WITHIN_ROUNDING, "-0.01", "plugged"),
    Case("NN-21", "full", claims(claim("income.superior_subsidy.share_percent", "1.35")), FAILED, "-0.02", why="no plug"),
    Case("NN-21", "wuerhe-2022", claims(claim(f"{TP}.vehicles.share_percent", "70.79")), WITHIN_ROUNDING, "0.02", also=("NN-22",)),
    Case("NN-21", "wuerhe-2022", claims(claim(f"{TP}.vehicles.share_percent", "70.80")), FAILED, "0.03"),
    Case("NN-21", "full", claims(claim("other_matters.procurement.micro_contract.share_percent", "55.42")), FAILED, "19.00", "other_base"),
    Case("NN-21", "full", row("procurement", "*", micro_contract="undisclosed"), NOT_CHECKED, reason="undisclosed"),
    Case("NN-21", "full", row("procurement", "*", micro_contract="n/a"), NOT_APPLICABLE),
    Case("NN-22", "narrative", both(dropped("income.*.amount/1", "income.total/1"), claims(claim("income.other_income.share_percent", "0.04"))), FAILED, "0.04"),
    Case("NN-22", "narrative", both(dropped("income.*.amount/1", "income.total/1"), claims(claim("income.other_income.share_percent", "0.03"))), WITHIN_ROUNDING, "0.03"),
    Case("NN-23", "full", claims(claim("fiscal_appropriation.income.vs_initial_budget.variance_rate_percent", "0.42")), FAILED, "0.10"),
    Case("NN-23", "full", claims(claim(f"{VS}.overseas_travel.variance_rate_percent", "-15.45")), WITHIN_ROUNDING, "0.11"),
    Case("NN-23", "full", claims(claim(f"{VS}.overseas_travel.variance_rate_percent", "-15.43")), FAILED, "0.13"),
    Case("NN-23", "full", claims(claim(f"{VS}.overseas_travel.variance_rate_percent", "15.56")), FAILED, "31.12", why="sign"),
    Case("NN-23", "full", NO_BUDGET, FAILED, severity="warning", why="zero base", also=("NN-24",)),
    Case("NN-24", "full", NO_BUDGET, FAILED, severity="warning", why="zero base", also=("NN-23",)),
    Case("NN-29", "full", both(NO_BUDGET, claims(claim(f"{VS}.overseas_travel.completion_rate_percent", "100.00"))), FAILED, qualifier="other_base", why="zero base", also=("NN-23",)),
    Case("NN-24", "full", claims(claim(f"{VS}.overseas_travel.completion_rate_percent", "85.44")), FAILED, "1.00"),
    Case("NN-24", "full", claims(claim(f"{VS}.overseas_travel.completion_rate_percent", "84.55")), WITHIN_ROUNDING, "0.11"),
    Case("NN-24", "full", row("changes", f"{ITEM}.2210201/initial_budget"), NOT_CHECKED, reason="absent"),
    Case("NN-25", "wuerhe-2022", claims(claim(f"{ITEM}[4].yoy.rate_percent", "50.00")), FAILED, severity="warning"),
    Case("NN-25", "wuerhe-2022", claims(claim(f"{ITEM}[4].yoy.rate_percent", "8650.00")), WITHIN_ROUNDING, why="what rounding allows"),
    Case("NN-25", "wuerhe-2022", claims(claim(f"{ITEM}[4].yoy.rate_percent", "8649.99")), FAILED, severity="warning", why="no more"),
    Case("NN-26", "wuerhe-2022", claims(claim("other_matters.procurement.sme_contract.share_percent", "100.00")), FAILED, "100.00"),
    Case("NN-26", "wuerhe-2022", claims(claim("other_matters.procurement.sme_contract.share_percent", "0")), EXACT),
    Case("NN-27", "full", row("changes", "other_matters.operating_cost/previous_year", amount="215.71"), FAILED, "0.02"),
    Case("NN-27", "full", row("changes", "other_matters.operating_cost/previous_year", amount="215.70"), WITHIN_ROUNDING, "0.01"),
    Case("NN-27", "full", both(row("changes", "other_matters.operating_cost/previous_year"), claims(claim("other_matters.operating_cost.yoy.rate_percent", "-100.01"))), FAILED, "-0.01"),
    Case("NN-27", "full", both(row("changes", "other_matters.operating_cost/previous_year"), claims(claim("other_matters.operating_cost.yoy.rate_percent", "-100.00"))), FAILED, "0.00", why="something is left"),
    Case("NN-28", "full", both(row("procurement", "*", sme_contract="200.00"), claims(claim("other_matters.procurement.sme_contract.share_percent", "109.53"))), FAILED, "9.53"),
    Case("NN-28", "full", both(row("procurement", "*", sme_contract="182.60"), claims(claim("other_matters.procurement.sme_contract.share_percent", "100.00"))), EXACT),
    Case("NN-29", "full", claims(claim("other_matters.operating_cost.yoy.rate_percent", "4.79")), FAILED, "-0.24", "other_base", why="over this year"),
    Case("NN-20", "full", claims(claim("other_matters.operating_cost.yoy.rate_percent", "4.80")), FAILED, "-0.23", why="over nothing"),
    Case("NN-29", "full", claims(claim("fiscal_appropriation.income.vs_initial_budget.variance_rate_percent", "4.58")), FAILED, "4.26", "other_base", why="last year"),
    Case("NN-29", "full", claims(claim(f"{VS}.overseas_travel.completion_rate_percent", "93.72")), FAILED, "9.28", "other_base", why="the total"),
    Case("NN-29", "full", claims(claim(f"{ITEM}[3].yoy.rate_percent", "3.07")), FAILED, "-1.46", "other_base", why="budget"),
    Case("PE-02", "full", claims(claim("self_evaluations[1].funds[1].execution_rate_percent", "95.55")), FAILED, "0.10"),
    Case("PE-02", "full", claims(claim("self_evaluations[1].funds[1].execution_rate_percent", "95.46")), WITHIN_ROUNDING, "0.01"),
    Case("PE-02", "full", claims(claim("self_evaluations[2].funds[5].execution_rate_percent", "88.00")), EXACT, why="of a source"),
    Case("PE-03", "full", both(row("performance_funds", "1/total", score="9.60"), claims(claim("self_evaluations[1].total_score", "94.60"))), FAILED, "0.05"),
    Case("PE-03", "full", both(row("performance_funds", "1/total", score="9.54"), claims(claim("self_evaluations[1].total_score", "94.54"))), WITHIN_ROUNDING, "-0.01", "truncated"),
    Case("PE-03", "full", both({"performance_funds": {"2/total": {"executed": "63.00", "score": "10.00"}, "2/unit": {"executed": "28.00"}}}, claims(claim("self_evaluations[2].total_score", "100.00"), claim("self_evaluations[2].funds[1].execution_rate_percent", "105.00"), claim("performance.executed", "273.00"))), EXACT, why="capped"),
    Case("PE-08", "full", both(row("performance_indicators", "1/5", score="28"), claims(claim("self_evaluations[1].total_score", "92.55"))), FAILED, "-2"),
    Case("PE-08", "full", both(row("performance_indicators", "1/5", actual_value="95", score="28.5"), claims(claim("self_evaluations[1].total_score", "93.05"))), EXACT),
)  # fmt: skip

CASES = (*AGREES, *SUMS, *RATES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_is_told_of_by_its_own_rule_and_by_no_other(case: Case) -> None:
    found = checks(changed(base(case.base), case.edits))
    failed = {rule for rule, *_ in failures(found) - standing(case.base)}
    implying = {rule for rule in failed if case.rule in RULES[rule].implied_by}
    assert failed - implying - set(case.also) == ({case.rule} if case.outcome == FAILED else set())
    said = [c for c in found if c.rule == case.rule and c.outcome == case.outcome]
    assert said, sorted((c.rule, c.outcome) for c in found if c.outcome != EXACT)
    if case.difference is not None:
        assert Decimal(case.difference) in {c.difference for c in said}
    if case.reason is not None:
        assert case.reason in {c.reason for c in said}
    assert case.qualifier in {c.qualifier for c in said}
    if case.severity is not None:
        assert case.severity in {c.severity for c in said}
    for check in said:
        if (
            check.outcome != NOT_APPLICABLE
            and RULES[check.rule].kind in {"agrees", "rate"}
            and not check.reason
        ):
            told = dict(check.details)
            assert list(told) == ([] if check.outcome == EXACT else ["zh", "en"])
            assert not any("None" in text for text in told.values())


@pytest.mark.parametrize("rule", BUILT)
def test_every_rule_has_a_change_that_breaks_it(rule: str) -> None:
    assert [case for case in CASES if case.rule == rule and case.outcome == FAILED]


@pytest.mark.parametrize("rule", BUILT)
def test_every_rule_has_a_change_that_it_bears(rule: str) -> None:
    assert [
        case for case in CASES if case.rule == rule and case.outcome in {WITHIN_ROUNDING, EXACT}
    ] or rule in {
        "NT-08",  # words and lists, which bear nothing
        "NN-29",  # what fits its own base is no case of it
    }


# The examples as they are


def test_the_real_example_raises_the_growth_on_a_base_of_zero_and_nothing_else() -> None:
    found = checks(base("wuerhe-2022"))
    raised = [c for c in found if c.outcome != EXACT]
    assert [(c.rule, c.outcome, c.severity, str(c.found)) for c in raised] == [
        ("NN-25", FAILED, None, "100.00")
    ]
    assert RULES["NN-25"].severity == "info"
    assert raised[0].refs[0] == Ref("claims", "general_public_budget.items[4].yoy.rate_percent/1", "value")
    assert len([c for c in found if c.rule == "NN-26"]) == 5


def test_in_the_full_example_only_that_stands_too() -> None:
    assert {rule for rule, *_ in standing("full")} == {"NN-25"}
    assert {c.outcome for c in checks(base("full"))} <= {EXACT, WITHIN_ROUNDING, FAILED}


def test_the_narrative_alone_keeps_every_sum_of_its_own() -> None:
    found = checks(base("narrative"))
    assert {rule for rule, *_ in failures(found)} == {"NN-25"}
    kept = {c.rule for c in found if c.outcome == EXACT}
    assert {f"NN-{n:02}" for n in (*range(1, 10), *range(11, 15), *range(16, 18))} <= kept | {"NN-06"}
    unchecked = {c.rule for c in found if c.outcome == NOT_CHECKED}
    assert unchecked == {"NT-01", "NT-02", "NT-03", "NT-04", "NT-05", "NT-06", "NT-07", "NT-08", "NT-09", "NT-10", "NT-11", "NT-12", "NT-19"}  # fmt: skip
    assert {c.reason for c in found if c.outcome == NOT_CHECKED} == {"missing"}


def test_nothing_is_checked_where_nothing_is_claimed() -> None:
    # NT-13 reads the statements of empty tables, which are no claims.
    assert {c.rule for c in checks(base("minimal")) if c.outcome != NOT_APPLICABLE} == {"NT-13"}


@settings(max_examples=25)
@given(balanced_reports(2))
def test_a_report_without_text_is_not_held_to_one(report: Report) -> None:
    assert {c.rule for c in checks(report) if c.outcome != NOT_APPLICABLE} <= {"NT-13"}


@st.composite
def talkative(draw: st.DrawFn) -> Report:
    """Any report that the standard allows, with claims of the code list that say anything."""
    report = draw(reports())
    table = SPEC.tables["claims"]
    told = {}
    for path in draw(st.lists(st.sampled_from(sorted(catalogue())), max_size=12)):
        placed = path.replace("[*]", f"[{draw(st.integers(1, 3))}]")
        occurrence = draw(st.integers(1, 2))
        told[placed, occurrence] = make_row(
            table, path=placed, occurrence=occurrence, value=draw(optional(table["value"])),
            unit=draw(st.sampled_from(("元", "万元", "亿元", "%", "分", "辆", None))), printed=draw(optional(table["printed"])),
        )  # fmt: skip
    return build(SPEC, {**report.tables, "claims": told.values()})


@settings(max_examples=25)
@given(talkative())
def test_whatever_is_claimed_is_judged(report: Report) -> None:
    for check in checks(report):
        assert (check.outcome == NOT_CHECKED) <= (check.reason is not None)
        assert all(ref.table in SPEC.tables for ref in check.refs)
    assert checks(report) == checks(report)


# What the data say


def test_every_restated_amount_has_one_rule() -> None:
    named: dict[str, list[str]] = {}
    for rule in RULES.values():
        if rule.kind == "agrees" and not rule.body.get("repeated"):
            for glob in rule.body.get("claims", ()):
                for path in matching(glob):
                    named.setdefault(path, []).append(rule.id)
    restating = {path for path, entry in catalogue().items() if entry.cell}
    assert set(named) == restating
    assert {path: rules for path, rules in named.items() if len(rules) > 1} == {}


def test_every_rate_has_one_rule() -> None:
    named: list[str] = []
    for rule in RULES.values():
        if rule.kind == "rate":
            globs = [*rule.body.get("claims", ()), *(o["claims"] for o in rule.body.get("operands", ()))]
            named += [path for glob in globs for path in matching(glob)]
    rates = sorted(path for path, entry in catalogue().items() if entry.measure.endswith("_percent"))
    # An execution rate is a completion rate, but of a project and not of a budget line.
    assert sorted(named) == rates


def test_what_a_glob_names() -> None:
    assert set(matching("overall.*.total")) == {"overall.income.total", "overall.expenditure.total"}
    assert matching("overall.*.total")["overall.income.total"] == ("income",)
    assert set(matching("general_public_budget.structure[*].amount")) == {
        "general_public_budget.structure[*].amount"
    }
    assert len(matching("**")) == len(catalogue())
    assert matching("overall.*") == {}


def test_checks_do_not_depend_on_the_order_of_the_claims() -> None:
    shown = base("full")
    tables = {table: rows[::-1] if table == "claims" else rows for table, rows in shown.tables.items()}
    assert checks(Report(SPEC, tables)) == checks(shown) == checks(shown)


def test_a_list_element_is_named_by_its_code() -> None:
    found = checks(changed(base("full"), claims(claim(f"{ITEM}[10].actual", "1.00"))))
    (told,) = [dict(c.details) for c in found if c.rule == "NT-07" and c.outcome == FAILED]
    assert told["zh"] == "项 支出决算数（2120303）是 1.00，应为 210.00。"


# Rounding


cents = st.integers(0, 10**13)
places = st.integers(0, 4)


def printed(amount: int, decimals: int = 2) -> Figure:
    """An amount in hundredths of 分 as a document prints it in 元, half of its last place on either side."""
    value = round_half_up(Decimal(amount).scaleb(-4), decimals)
    half = Decimal(1).scaleb(-decimals) / 2
    return Figure(Ref("claims", "x/1", "value"), value, half, half)


def rounded(number: Decimal, decimals: int) -> Decimal:
    return round_half_up(number, decimals)


@given(cents, st.integers(1, 10**13), places)
def test_a_rate_that_is_rounded_from_the_true_amounts_is_never_wrong(
    part: int, whole: int, decimals: int
) -> None:
    true = 100 * Decimal(part) / Decimal(whole)
    of = quotient(printed(part), printed(whole))
    if of.base:
        assert grade(rounded(true, decimals), of) in {EXACT, WITHIN}


@given(cents, st.integers(1, 10**13), places)
def test_a_rate_that_is_cut_off_is_never_wrong(part: int, whole: int, decimals: int) -> None:
    true = 100 * Decimal(part) / Decimal(whole)
    cut = true.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)
    of = quotient(printed(part), printed(whole))
    if of.base:
        assert grade(cut, of) in {EXACT, WITHIN, TRUNCATED}


@given(cents, st.integers(1, 10**13), places)
def test_a_growth_that_is_rounded_from_the_true_amounts_is_never_wrong(
    current: int, before: int, decimals: int
) -> None:
    true = 100 * Decimal(current - before) / Decimal(before)
    change = printed(abs(current - before))
    change = change._replace(value=-change.value if current < before else change.value)
    of = quotient_of_change(printed(current), change, Decimal(100))
    if of.base > 0:
        assert grade(rounded(true, decimals), of) in {EXACT, WITHIN}


@given(st.integers(10**8, 10**12), st.integers(10**8, 10**12))
def test_a_rate_that_is_off_by_more_than_rounding_is_wrong(part: int, whole: int) -> None:
    of = quotient(printed(part), printed(whole))
    assert of.high is not None
    step = Decimal("0.01")
    above = of.high.quantize(step, rounding=ROUND_DOWN) + 2 * step
    assert grade(above, of) not in {EXACT, WITHIN, TRUNCATED}


UNITS = {"元": 0, "千元": 3, "万元": 4, "亿元": 8}


@settings(max_examples=25)
@given(balanced_reports(2), st.sampled_from(sorted(UNITS)), st.integers(0, 4), st.data())
def test_a_cell_retold_in_any_unit_agrees_with_its_table(
    report: Report, unit: str, decimals: int, data: st.DataObject
) -> None:
    context = Context(report)
    paths = [path for path, entry in catalogue().items() if entry.cell and entry.cell.row != "*"]
    told, off = [], []
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=8, unique=True)):
        cell = catalogue()[path].cell
        assert cell is not None
        operand = context.operand(*cell)
        if operand.why:
            continue
        exact = operand.value.scaleb(-UNITS[unit])
        value = round_half_up(exact, decimals)
        step = Decimal(1).scaleb(-decimals)
        told.append(make_row(SPEC.tables["claims"], path=path, occurrence=1, value=value, unit=unit))
        off.append(
            make_row(SPEC.tables["claims"], path=path, occurrence=1, value=value + 2 * step, unit=unit)
        )
    agreeing = {
        rule: RULES[rule] for rule in RULES if RULES[rule].kind == "agrees" and "claims" in RULES[rule].body
    }
    right = checks(build(SPEC, {**report.tables, "claims": told}), agreeing)
    assert {c.outcome for c in right} <= {EXACT, WITHIN_ROUNDING}
    assert len(right) == len(told)
    wrong = checks(build(SPEC, {**report.tables, "claims": off}), agreeing)
    assert {c.outcome for c in wrong} <= {FAILED}


def test_a_unit_that_the_report_lacks_is_not_guessed() -> None:
    tables = {**base("full").tables, **about("xinjiang-2022", "万元")}
    at = SPEC.tables["report"].position
    tables["report"] = [tuple(None if i == at["unit"] else v for i, v in enumerate(tables["report"][0]))]
    found = [c for c in checks(build(SPEC, tables)) if c.rule == "NT-01"]
    assert {(c.outcome, c.reason) for c in found} == {(NOT_CHECKED, "unit")}


def test_a_dash_and_a_blank_state_nothing() -> None:
    for nothing in (Nothing.NOT_APPLICABLE, None):
        report = changed(base("full"), {"claims": {"*": {"value": nothing}}})
        kinds = {
            c.rule
            for c in checks(report)
            if RULES[c.rule].kind in {"agrees", "rate"} and "claims" in RULES[c.rule].body
        }
        assert kinds == set()
