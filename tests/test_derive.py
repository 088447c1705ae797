"""Tables from a narrative: what is found is right, what does not follow is left out, and each cell says how it was found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

import fatk
from fatk import structure
from fatk.derive import derive_tables
from fatk.derive.declared import declared
from fatk.derive.network import Network, Relation
from fatk.findings import ERROR
from fatk.model import EMPTY, MISSING, REPORTED, Report, Row, build, make_row, row_name
from fatk.rules import run
from fatk.rules.context import Context, Ref, load_rules
from fatk.rules.narrative.claims import catalogue
from fatk.values import Nothing, Value
from strategies import SPEC, about, balanced_reports

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
CELLS = SPEC.tables["cells"].position
RULES = load_rules()
Key = tuple[str, str, str]


def without_tables(report: Report) -> Report:
    """The report of the narrative alone: its tables are missing, those that are declared empty aside."""
    listed = SPEC.tables["tables"]
    states = [
        make_row(
            listed,
            **{**dict(zip(listed.position, row, strict=True)), "status": MISSING, "reconstructed": None},
        )
        if row[1] == REPORTED
        else row
        for row in report.rows("tables")
    ]
    forms = {form.id: () for form in SPEC.forms}
    return build(SPEC, {**report.tables, **forms, "cells": (), "codes": (), "tables": states})


def amounts(report: Report) -> dict[Key, Value]:
    """Every amount of the nine tables that is not blank."""
    return {
        (form.id, row_name(form, row), field.name): row[form.position[field.name]]
        for form in SPEC.forms
        for row in report.rows(form.id)
        for field in form.amounts
        if row[form.position[field.name]] is not None
    }


def notes(report: Report) -> dict[Key, tuple[Value, Value, Value]]:
    """What is said of each cell: basis, least, greatest."""
    return {row[:3]: (row[3], row[CELLS["min"]], row[CELLS["max"]]) for row in report.rows("cells")}  # type: ignore[misc]


def wuerhe() -> Report:
    return fatk.read(EXAMPLES / "wuerhe-2022/report.json").report


# A real narrative


def test_the_tables_of_the_real_example_follow_from_its_narrative() -> None:
    report = wuerhe()
    derived, found = derive_tables(without_tables(report))
    assert amounts(derived) == amounts(report)
    assert notes(derived) == notes(report)
    assert [finding.rule for finding in found] == ["READ-130"]
    for form in SPEC.forms:
        assert [row[0] for row in derived.rows(form.id)] == [row[0] for row in report.rows(form.id)]
        assert derived.status(form.id) == report.status(form.id)
    assert [f for f in structure.check(derived) if f.severity == ERROR] == []


@pytest.mark.skipif("FATK_SEED" not in os.environ, reason="FATK_SEED names no folder with the received text")
def test_every_cell_of_the_seed_is_found_with_its_status() -> None:
    seed: dict[str, Any] = json.loads((Path(os.environ["FATK_SEED"]) / "tables.json").read_bytes())["tables"]
    derived, _ = derive_tables(without_tables(wuerhe()))
    have, said = amounts(derived), notes(derived)
    count = 0
    for table, wanted in seed.items():
        for row in wanted.get("rows", ()):
            for field, cell in row["cells"].items():
                key = (table, row.get("line") or row["code"], field)
                value = have[key]
                shown = value.value if isinstance(value, Nothing) else str(value)
                assert (shown, said[key][0]) == (cell["value"], cell["status"]), key
                count += 1
        for field, cell in wanted.get("implied_total", {}).items():
            operand = Context(derived).operand(table, "TOTAL", field)
            assert derived.status(table)["status"] == EMPTY
            assert operand.why in {None, "not_printed"}
            assert operand.value == Decimal(cell["value"]) == 0
            count += 1
    assert count == 398


def test_how_a_cell_follows_is_said_in_the_words_of_rules_and_statements() -> None:
    derived, _ = derive_tables(without_tables(wuerhe()))
    said = {row[:3]: row[CELLS["derivation"]] for row in derived.rows("cells")}
    assert said["income", "TOTAL", "total"] == "说明二载明"
    assert said["fiscal_appropriation_summary", "expenditure.208", "general_public_budget"] == (
        f"说明五（二）载明；{RULES['X-09'].title['zh']}"
    )
    assert (
        said["general_budget_expenditure", "TOTAL", "project"]
        == f"{RULES['GBE-01'].title['zh']}：386.23－354.66"
    )
    assert said["general_budget_basic_expenditure", "30202", "amount"] == (
        "说明六列举有支出的科目，未列此科目，按列举无遗为零"
    )
    assert declared().convention("pension_contributions").title["zh"] in str(
        said["general_budget_basic_expenditure", "30108", "amount"]
    )
    assert all(isinstance(text, str) and text for text in said.values())


def test_nothing_is_derived_where_no_table_is_missing() -> None:
    report = wuerhe()
    assert derive_tables(report) == (report, ())


def test_a_report_that_states_nothing_has_no_tables() -> None:
    report = build(SPEC, {**about("xinjiang-2022", "万元")})
    derived, found = derive_tables(report)
    assert derived == report
    assert [finding.rule for finding in found] == ["READ-133"]


def test_tables_that_are_at_hand_are_used_and_left_as_they_are() -> None:
    report = wuerhe()
    bare = without_tables(report)
    kept = "general_budget_expenditure"
    status = [
        next(r for r in report.rows("tables") if r[0] == kept) if row[0] == kept else row
        for row in bare.rows("tables")
    ]
    claims = [row for row in bare.rows("claims") if not str(row[0]).startswith("general_public_budget")]
    given_one = build(
        SPEC, {**bare.tables, kept: report.rows(kept), "tables": status, "claims": claims, "codes": ()}
    )
    derived, _ = derive_tables(given_one)
    assert derived.rows(kept) == report.rows(kept)
    assert not any(row[0] == kept for row in derived.rows("cells"))
    assert derived.value(
        "fiscal_appropriation_summary", "expenditure.208", "general_public_budget"
    ) == Decimal("25.14")


def test_a_figure_of_fewer_decimals_bounds_a_cell_and_is_not_its_value() -> None:
    bare = without_tables(wuerhe())
    at = SPEC.tables["claims"].position["value"]
    claims = [
        (*row[:at], Decimal("24.3"), *row[at + 1 :])
        if row[0] == "general_public_budget.items[3].actual"
        else row
        for row in bare.rows("claims")
    ]
    derived, _ = derive_tables(build(SPEC, {**bare.tables, "claims": claims}))
    assert derived.value("general_budget_expenditure", "2080505", "total") is Nothing.UNDISCLOSED
    # No less than what rounds to 24.3, no more than what the class leaves it: other items may not be listed.
    bounded = ("undisclosed", Decimal("24.25"), Decimal("24.27"))
    assert notes(derived)["general_budget_expenditure", "2080505", "total"] == bounded


def test_a_convention_is_not_used_where_the_figures_do_not_agree() -> None:
    bare = without_tables(wuerhe())
    derived, found = derive_tables(
        build(SPEC, {**bare.tables, "claims": list(_moved(bare, "2010301", "2080505", Decimal("1.00")))})
    )
    assert "READ-132" not in {f.rule for f in found}  # the sums still agree: both are basic expenditure
    derived, found = derive_tables(
        build(SPEC, {**bare.tables, "claims": list(_moved(bare, "2010301", "2010302", Decimal("1.00")))})
    )
    assert "READ-132" in {f.rule for f in found}
    # Of 328.52 at most 32.57 of project expenditure, less what the other items can take of it, is not basic.
    assert derived.value("general_budget_expenditure", "2010301", "basic") is Nothing.UNDISCLOSED
    assert "convention" not in {basis for key, (basis, *_) in notes(derived).items() if key[2] == "basic"}


def _moved(report: Report, source: str, target: str, amount: Decimal) -> Iterator[Row]:
    """The claims with an amount moved from one item to another."""
    at = SPEC.tables["claims"].position["value"]
    codes = {row[0]: row[4] for row in report.rows("general_budget_items")}
    changes = {source: -amount, target: amount}
    paths = {
        f"general_public_budget.items[{no}].actual": changes.get(str(code)) for no, code in codes.items()
    }
    for row in report.rows("claims"):
        change = paths.get(str(row[0]))
        value = row[at]
        yield (*row[:at], value + change, *row[at + 1 :]) if change and isinstance(value, Decimal) else row


def test_a_negative_figure_is_taken_as_stated_and_leaves_no_room_for_zeros() -> None:
    rows = [
        make_row(SPEC.tables["claims"], path=path, occurrence=1, value=Decimal(value), unit="万元")
        for path, value in {
            "three_public.total.amount": "2.00",
            "three_public.overseas_travel.amount": "-0.50",
            "three_public.reception.amount": "1.00",
        }.items()
    ]
    derived, found = derive_tables(build(SPEC, {**about("xinjiang-2022", "万元"), "claims": rows}))
    final = {row[0]: row[3] for row in derived.rows("three_public_expenses")}
    assert final["overseas_travel"] == Decimal("-0.50")
    assert final["vehicles"] == Decimal("1.50")
    assert "READ-131" not in {f.rule for f in found}


def test_a_balance_is_not_negative_unless_one_is_stated_to_be() -> None:
    def closing(opening: str) -> Value:
        figures = {"total": "5.00", "current_year": "6.00", "surplus_distribution": "0.00"}
        claims = {f"overall.expenditure.{name}": value for name, value in figures.items()}
        rows = [
            make_row(SPEC.tables["claims"], path=path, occurrence=1, value=Decimal(value), unit="万元")
            for path, value in {**claims, "overall.income.opening_balance": opening}.items()
        ]
        derived, _ = derive_tables(build(SPEC, {**about("xinjiang-2022", "万元"), "claims": rows}))
        return _value(derived, "income_expenditure_summary", "expenditure.closing_balance", "amount")

    assert closing("1.00") is None
    assert closing("-1.00") == Decimal("-1.00")


# Reports that are right by construction


def narrated(report: Report, drawn: Iterable[str] | None = None) -> Report:
    """The report as its narrative tells it: the claims and lists that repeat its tables, and no table.

    ``drawn`` are the paths that it tells, all where not given.
    """
    lists = _lists(report)
    filled = build(SPEC, {**report.tables, **lists})
    claims = []
    told = None if drawn is None else set(drawn)
    for entry in catalogue().values():
        if entry.cell is None or entry.measure != "amount" or (told is not None and entry.path not in told):
            continue
        if entry.cell.row != "*":
            claims.append((entry.path, _value(filled, *entry.cell)))
            continue
        listing = "general_budget_structure" if "structure" in entry.path else "general_budget_items"
        for row in filled.rows(listing):
            code = str(row[SPEC.tables[listing].position["code"]])
            path = entry.path.replace("[*]", f"[{row[0]}]")
            claims.append((path, _value(filled, entry.cell.table, code, entry.cell.field)))
    rows = [
        make_row(
            SPEC.tables["claims"], path=path, occurrence=1, value=value, unit=report.unit, printed=str(value)
        )
        for path, value in claims
        if isinstance(value, Decimal)
    ]
    return without_tables(build(SPEC, {**filled.tables, "claims": rows}))


def _value(report: Report, table: str, row: str, field: str) -> Value:
    try:
        return report.value(table, row, field)
    except KeyError:
        return None


def _lists(report: Report) -> dict[str, list[Row]]:
    general, basic = (
        SPEC.tables["general_budget_expenditure"],
        SPEC.tables["general_budget_basic_expenditure"],
    )
    names = {str(row[0]): str(row[general.position["name"]]) for row in report.rows(general.id)}
    classes = [code for code in names if len(code) == 3]
    items = [code for code in names if len(code) == 7]
    economic = [
        (str(row[0]), str(row[basic.position["name"]]))
        for row in report.rows(basic.id)
        if len(str(row[0])) == 5 and str(row[0]).isdigit() and row[basic.position["amount"]] != 0
    ]
    found: dict[str, list[Row]] = {"basic_expenditure_items": []}
    found["general_budget_structure"] = [
        make_row(SPEC.tables["general_budget_structure"], no=n, class_name=names[code], code=code)
        for n, code in enumerate(classes, 1)
    ]
    found["general_budget_items"] = [
        make_row(
            SPEC.tables["general_budget_items"], no=n, code=code, class_name=names[code[:3]],
            section_name=names[code[:5]], item_name=names[code],
        )
        for n, code in enumerate(items, 1)
    ]  # fmt: skip
    for group, mine in (("personnel", True), ("operating", False)):
        listed = [(c, name) for c, name in economic if (c[:3] in {"301", "303"}) is mine]
        found["basic_expenditure_items"] += [
            make_row(SPEC.tables["basic_expenditure_items"], group=group, no=n, name=name, code=code)
            for n, (code, name) in enumerate(listed, 1)
        ]
    return found


def in_wan(report: Report) -> Report:
    """The same report in 万元, every figure rounded on its own to two decimals."""
    tables: dict[str, list[Row]] = {}
    for table_id, rows in report.tables.items():
        table = SPEC.tables[table_id]
        fields = {i for i, f in enumerate(table.fields) if f.amount and table.kind == "form"}
        tables[table_id] = [
            tuple(
                (v / 10_000).quantize(Decimal("0.01"), "ROUND_HALF_UP")
                if i in fields and isinstance(v, Decimal)
                else v
                for i, v in enumerate(row)
            )
            for row in rows
        ]
    return build(SPEC, {**tables, **about(str(report.one("report")["edition"]), "万元")})


PATHS = [entry.path for entry in catalogue().values() if entry.cell is not None and entry.measure == "amount"]
told = st.one_of(st.none(), st.lists(st.sampled_from(PATHS), unique=True))


def differing(derived: Report, true: Report, step: Decimal = Decimal(0)) -> list[tuple[Key, Value, Value]]:
    """Cells that stand as stated or derived and are not what the true table has; codes without a row have no money."""
    right, said = amounts(true), notes(derived)
    wrong: list[tuple[Key, Value, Value]] = []
    for key, value in amounts(derived).items():
        if said[key][0] == "convention":
            continue
        true_value = right.get(key, Decimal(0))
        assert isinstance(true_value, Decimal)
        low, high = (
            (value, value)
            if isinstance(value, Decimal)
            else (said[key][1], said[key][2] or Decimal("Infinity"))
        )
        assert isinstance(low, Decimal)
        assert isinstance(high, Decimal)
        if not low - step <= true_value <= high + step:
            wrong.append((key, value, true_value))
    return wrong


@given(balanced_reports(3), told)
def test_what_is_derived_is_what_the_tables_have(report: Report, drawn: list[str] | None) -> None:
    derived, found = derive_tables(narrated(report, drawn))
    assert {finding.rule for finding in found} <= {"READ-130", "READ-132", "READ-133"}
    assert differing(derived, report) == []
    if drawn is None:
        share = len(amounts(derived).keys() & amounts(report).keys()) * 10 // len(amounts(report))
        event(f"of all that is narrated {share}0 % or more is found")


@pytest.mark.parametrize(("name", "share"), [("minimal", 1.0), ("full", 0.2)])
def test_of_the_examples_tables_no_less_is_found_than_follows(name: str, share: float) -> None:
    report = fatk.read(EXAMPLES / name / "report.json").report
    derived, _ = derive_tables(narrated(report))
    assert differing(derived, report) == []
    assert len(amounts(derived).keys() & amounts(report).keys()) >= share * len(amounts(report))


@given(balanced_reports(3), told)
def test_derived_tables_keep_the_rules_and_the_structure(report: Report, drawn: list[str] | None) -> None:
    derived, _ = derive_tables(narrated(report, drawn))
    kinds = {"linear", "rollup", "compare", "agrees"}
    failed = [
        c for c in run(RULES, Context(derived)) if c.outcome == "failed" and RULES[c.rule].kind in kinds
    ]
    by_convention = {row[:3] for row in derived.rows("cells") if row[3] == "convention"}
    assert [c for c in failed if not by_convention & set(c.refs)] == []
    assert {f.rule for f in structure.check(derived) if f.severity == ERROR} <= {"STR-15"}


@given(balanced_reports(3))
def test_what_is_derived_of_rounded_figures_is_right_within_rounding(report: Report) -> None:
    rounded = in_wan(report)
    derived, _ = derive_tables(narrated(rounded))
    assert differing(derived, rounded, Decimal("0.05")) == []


@given(balanced_reports(3))
def test_rounded_figures_are_no_contradiction(report: Report) -> None:
    _, found = derive_tables(narrated(in_wan(report)))
    assert "READ-131" not in {finding.rule for finding in found}


def chasing(second: str, of: str = "") -> tuple[list[Relation], Ref]:
    """Two totals of the same two amounts, 10.00 and ``second``, and an amount that makes up 1.00 with one of them: what is
    concluded of the first two from one total and the other goes round and round."""
    total, again, one, other, third, whole = (Ref("income", f"{of}{n}", "total") for n in range(6))
    unit, half = Decimal(1), Decimal("0.005")

    def stated(key: Ref, value: str) -> Relation:
        return Relation("stated", "载明", ((unit, key),), constant=-Decimal(value), leaf=key)

    def equal(key: Ref, *parts: Ref, rank: int = 2) -> Relation:
        terms = ((unit, key), *((-unit, part) for part in parts))
        return Relation("rule", "合计", terms, tolerance=half * len(terms), rank=rank)

    return [
        stated(total, "10.00"), stated(again, second), stated(whole, "1.00"),
        equal(total, one, other), equal(again, one, other), equal(whole, one, third, rank=4),
    ], third  # fmt: skip


@pytest.mark.parametrize(
    ("second", "agrees"), [("9.98", True), ("9.97", True), ("9.90", False), ("9.50", False)]
)
def test_a_difference_that_sums_pass_on_again_and_again_is_rounding_as_often_as_they_were_used(
    second: str, agrees: bool
) -> None:
    relations, third = chasing(second)
    network = Network(frozenset(), frozenset())
    assert network.add(relations) is None
    assert network.strained
    softened = Network(frozenset(), frozenset(network.strained))
    assert (softened.add(relations) is None) is agrees
    if agrees:
        assert not softened.strained
        assert softened.bounds(third) == (Decimal(0), Decimal("1.015"))


def test_amounts_that_chase_one_another_end_whatever_their_number() -> None:
    network = Network(frozenset(), frozenset())
    network.add(one for n in range(200) for one in chasing("9.98", f"{n}/")[0])
    assert 20_000 < network.steps < 25_000


# Narratives that contradict themselves


@st.composite
def contradicting(draw: st.DrawFn) -> tuple[Report, Report]:
    """A report, and its narrative with one amount changed."""
    report = draw(balanced_reports(3))
    narrative = narrated(report)
    at = SPEC.tables["claims"].position["value"]
    rows = list(narrative.rows("claims"))
    n = draw(st.integers(0, len(rows) - 1))
    value = rows[n][at]
    assert isinstance(value, Decimal)
    change = draw(st.one_of(st.integers(1, 10), st.integers(1, 10**9), st.integers(-(10**9), -1)))
    rows[n] = (*rows[n][:at], value + Decimal(change).scaleb(-2), *rows[n][at + 1 :])
    return report, build(SPEC, {**narrative.tables, "claims": rows})


@given(contradicting())
def test_a_contradiction_is_told_and_nothing_wrong_is_derived(pair: tuple[Report, Report]) -> None:
    report, narrative = pair
    derived, found = derive_tables(narrative)
    told_of = [finding for finding in found if finding.rule == "READ-131"]
    assume(told_of)  # a figure that nothing else repeats may be anything
    assert differing(derived, report) == []
    assert all(finding.cells for finding in told_of)


def test_two_statements_of_one_figure_that_differ_leave_its_cell_blank() -> None:
    bare = without_tables(wuerhe())
    at = SPEC.tables["claims"].position["value"]
    wrong = "fiscal_appropriation.income.vs_initial_budget.actual"
    claims = [
        (*row[:at], Decimal("368.23"), *row[at + 1 :]) if row[0] == wrong else row
        for row in bare.rows("claims")
    ]
    derived, found = derive_tables(build(SPEC, {**bare.tables, "claims": claims}))
    (finding,) = [f for f in found if f.rule == "READ-131"]
    assert {cell.row for cell in finding.cells} == {f"{wrong}/1", "fiscal_appropriation.income.total/1"}
    assert derived.value("fiscal_appropriation_summary", "income.total", "total") is None
    right, have = amounts(wuerhe()), amounts(derived)
    assert right.items() - have.items() == {
        (("fiscal_appropriation_summary", "income.total", "total"), Decimal("386.23"))
    }


def test_of_a_sum_that_does_not_come_out_the_figures_that_may_be_wrong_are_left_out() -> None:
    bare = without_tables(wuerhe())
    at = SPEC.tables["claims"].position["value"]
    claims = [
        (*row[:at], Decimal("13.53"), *row[at + 1 :]) if "reception" in str(row[0]) and row[at] == Decimal("12.53") and "budget.reception.budget" not in str(row[0]) else row
        for row in bare.rows("claims")
    ]  # fmt: skip
    derived, found = derive_tables(build(SPEC, {**bare.tables, "claims": claims}))
    assert "READ-131" in {f.rule for f in found}
    table = {row[0]: row for row in derived.rows("three_public_expenses")}
    final = SPEC.tables["three_public_expenses"].position["final"]
    assert table["reception"][final] is None
    assert amounts(derived).items() <= amounts(wuerhe()).items()
