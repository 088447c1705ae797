"""Rules and reports built without them check each other: what is right never fails, what is changed fails just where it
must."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fatk.findings import ERROR
from fatk.model import TOTAL, Report, Row, absent_fields, build, has_cell, make_row, row_name
from fatk.rules import KINDS, run
from fatk.rules.context import Check, Context, Ref, load_rules
from strategies import EDITIONS, SPEC, about, balanced_reports, official

RULES = load_rules()
EQUALITIES = {r.id for r in RULES.values() if r.built and r.kind in ("linear", "rollup")}


def failures(report: Report) -> list[Check]:
    """Every failed check of a report."""
    return [check for check in run(RULES, Context(report)) if check.outcome == "failed"]


def in_wan(report: Report) -> Report:
    """The same report in 万元, every figure rounded on its own to two decimals, as offices publish it."""
    step = Decimal("0.01")
    tables: dict[str, list[Row]] = {}
    for table_id, rows in report.tables.items():
        table = SPEC.tables[table_id]
        amounts = {i for i, f in enumerate(table.fields) if f.amount and table.kind == "form"}
        tables[table_id] = [
            tuple(
                (v / 10_000).quantize(step, ROUND_HALF_UP) if i in amounts and isinstance(v, Decimal) else v
                for i, v in enumerate(row)
            )
            for row in rows
        ]
    return build(SPEC, {**tables, **about(str(report.one("report")["edition"]), "万元")})


@given(balanced_reports())
def test_a_report_built_from_facts_fails_no_rule_in_yuan(report: Report) -> None:
    assert failures(report) == []


@given(balanced_reports())
def test_rounding_every_figure_on_its_own_fails_no_rule(report: Report) -> None:
    assert failures(in_wan(report)) == []


@st.composite
def one_cell(draw: st.DrawFn) -> tuple[Report, Ref]:
    """A report, in 元 or rounded to 万元, and one of its figures in the nine tables."""
    report = draw(balanced_reports(3))
    if draw(st.booleans()):
        report = in_wan(report)
    form = draw(st.sampled_from([f for f in SPEC.forms if report.rows(f.id)]))
    row = draw(st.sampled_from(report.rows(form.id)))
    filled = [f for f in form.amounts if isinstance(row[form.position[f.name]], Decimal)]
    return report, Ref(form.id, row_name(form, row), draw(st.sampled_from(filled)).name)


def changed(report: Report, ref: Ref, by: Decimal) -> Report:
    """The report with one figure changed."""
    table = SPEC.tables[ref.table]
    at = table.position[ref.field]
    rows = [
        (*row[:at], row[at] + by, *row[at + 1 :]) if row_name(table, row) == ref.row else row  # type: ignore[operator]
        for row in report.rows(ref.table)
    ]
    return build(SPEC, {**report.tables, ref.table: rows})


def holding(report: Report, ref: Ref) -> list[Check]:
    """Every equality that holds a cell and could be checked before the change."""
    checked = ("exact", "within_rounding")
    return [
        c
        for c in run(RULES, Context(report))
        if c.rule in EQUALITIES and ref in c.refs and c.outcome in checked
    ]


@given(one_cell())
def test_a_change_beyond_twice_the_bound_fails_every_equality_that_holds_the_cell_and_nothing_else(
    case: tuple[Report, Ref],
) -> None:
    report, ref = case
    assume(ref.field != "code")
    before = [c for c in holding(report, ref) if not RULES[c.rule].body.get("condition")]
    after = failures(changed(report, ref, Decimal("87654321098.76")))
    failed = {(c.rule, frozenset(c.refs)) for c in after}
    assert [c.rule for c in before if (c.rule, frozenset(c.refs)) not in failed] == []
    assert [c for c in after if ref not in c.refs] == []


@given(one_cell(), st.booleans())
def test_a_change_within_the_remaining_slack_fails_no_equality(case: tuple[Report, Ref], up: bool) -> None:
    report, ref = case
    context = Context(report)
    slacks = []
    for check in holding(report, ref):
        bound = sum((context.operand(*cell, absent="zero").half for cell in check.refs), Decimal(0))
        slacks.append(bound - abs(check.difference or Decimal(0)))
    assume(slacks and min(slacks) >= Decimal("0.01"))
    after = failures(changed(report, ref, Decimal("0.01") if up else Decimal("-0.01")))
    assert [c for c in after if c.rule in EQUALITIES] == []


def test_every_kind_of_rule_has_one_generator_and_every_rule_a_kind() -> None:
    assert {rule.kind for rule in RULES.values()} <= set(KINDS)


def everything_printed(edition: str) -> Report:
    """A report with every line and every code that the forms of an edition may print, all amounts zero."""
    forms = SPEC.edition(edition).forms
    rows: dict[str, list[Row]] = {}
    for table in SPEC.forms:
        if table.id in forms:
            names = {
                line.line: line.name for block in forms[table.id].blocks for line in block.lines if line.line
            }
            if table.scheme == "functional":
                names = {
                    TOTAL: "合计",
                    **{code: name for n in (3, 5, 7) for code, name in official("functional", n)},
                }
            zeros = dict.fromkeys((field.name for field in table.amounts), Decimal("0.00"))
            key = table.fields[table.key_positions[0]].name
            rows[table.id] = [
                make_row(table, **{key: row, "name": name, **zeros}) for row, name in names.items()
            ]
    report = build(SPEC, {**rows, **about(edition, "元")})
    for table in SPEC.forms:
        absent = absent_fields(report, table)
        rows[table.id] = [
            tuple(
                None if field.amount and not has_cell(field, absent, row[table.key_positions[0]]) else value
                for field, value in zip(table.fields, row, strict=True)
            )
            for row in report.rows(table.id)
        ]
    return build(SPEC, {**rows, **about(edition, "元")})


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_amount_that_a_form_prints_stands_in_an_equality_with_others(edition: str) -> None:
    """None is left out, whatever its line or code: there is no list of exceptions."""
    report = everything_printed(edition)
    held: set[Ref] = set()
    for check in run(RULES, Context(report)):
        refs = {ref for ref in check.refs if ref.table}
        if check.rule in EQUALITIES and RULES[check.rule].severity == ERROR and len(refs) > 1:
            assert check.outcome in {"exact", "not_applicable", "not_checked"}
            held |= refs if check.outcome == "exact" else set()
    printed = {
        Ref(table.id, row_name(table, row), field.name)
        for table in SPEC.forms
        for row in report.rows(table.id)
        for field in table.amounts
        if row[table.position[field.name]] is not None
    }
    assert {(ref.table, ref.field) for ref in printed} >= {
        (table, field) for table, form in SPEC.edition(edition).forms.items() for field in form.fields
        if SPEC.tables[table][field].amount
    }  # fmt: skip
    assert printed - held == set()
