"""What a document says again is held to its tables, and a rate to its amounts: no further than rounding allows, no less.

Single changes that each rule catches or bears are the cases of the conformance suite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fatk import resources
from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.formats import json as json_form
from fatk.limits import DEFAULTS
from fatk.model import MISSING, Report, build, make_row, row_name
from fatk.rules import run
from fatk.rules.context import EXACT, NOT_APPLICABLE, Check, Context, Ref, Rule, load_rules
from fatk.rules.narrative.claims import catalogue, matching
from fatk.rules.narrative.figures import Figure
from fatk.rules.narrative.quotients import TRUNCATED, WITHIN, grade, quotient, quotient_of_change
from fatk.spec import load
from fatk.values import Nothing, round_half_up
from strategies import about, balanced_reports, optional, reports

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
SPEC = load()
TABLES = tuple(form.id for form in SPEC.forms)[:7]

#: The rules of this part of the standard.
OURS = {entry["id"] for entry in resources.read_json("rules", "3-narrative.json")["rules"]}
RULES = {rule.id: rule for rule in load_rules().values() if rule.id in OURS}


# Reports with a change


Edits = Mapping[str, Mapping[str, Mapping[str, Any]]]


@cache
def example(name: str) -> Report:
    return json_form.read((EXAMPLES / name / "report.json").read_bytes(), SPEC, DEFAULTS).report


def changed(report: Report, edits: Edits) -> Report:
    """The report with other values in some cells: table, row (``*`` for all), and fields."""
    tables = {table: list(rows) for table, rows in report.tables.items()}
    for table_id, edited in edits.items():
        table, rows = SPEC.tables[table_id], tables[table_id]
        for wanted, fields in edited.items():
            places = [i for i, row in enumerate(rows) if wanted in {"*", row_name(table, row)}]
            assert places, f"{table_id} has no {wanted}"
            for place in places:
                row = list(rows[place])
                for name, value in fields.items():
                    row[table.position[name]] = value
                rows[place] = tuple(row)
    return build(SPEC, tables)


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
    assert {rule for rule, *_ in failures(checks(base("full")))} == {"NN-25"}
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
    edits = {"claims": {"general_public_budget.items[10].actual/1": {"value": Decimal("1.00")}}}
    found = checks(changed(base("full"), edits))
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
