"""The engine of rules on invented rules and small reports: operands, units, states, bounds, and what is said of a check.

What the standard's own rules catch and let pass are the cases of the conformance suite.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fatk import resources
from fatk.findings import FAILED, INFO, NOT_CHECKED, WITHIN_ROUNDING, CellRef, Finding
from fatk.model import EMPTY, MISSING, REPORTED, Report, Row, build, make_row
from fatk.rules import run
from fatk.rules.context import (
    ABSENT,
    BLANK,
    EXACT,
    NO_TABLE,
    NOT_APPLICABLE,
    NOT_PRINTED,
    UNDISCLOSED,
    Check,
    Context,
    Ref,
    Rule,
    load_rules,
)
from fatk.rules.linear import severity_of
from fatk.rules.report import cell, finding, findings
from fatk.rules.terms import resolve
from fatk.values import NOTHINGS, Value
from strategies import SPEC

#: 合计, 出国, 车辆 and its two parts, 接待: budget and final accounts of one table.
THREE = "three_public_expenses"
LINES = ("total", "overseas_travel", "vehicles", "vehicle_purchase", "vehicle_operation", "reception")
TITLE = {"zh": "测试的规则。", "en": "A rule of the test."}
UNDISCLOSED_VALUE, NOT_APPLICABLE_VALUE = NOTHINGS["undisclosed"], NOTHINGS["n/a"]


def amount(text: object) -> Value:
    """A cell: blank, a state, or an exact number."""
    if text is None or not isinstance(text, str):
        return text  # type: ignore[return-value]
    return NOTHINGS.get(text) or Decimal(text)


def report(
    tables: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    *,
    states: Mapping[str, Mapping[str, Any]] | None = None,
    **about: Any,
) -> Report:
    """A report in 万元 with two decimals, with these rows, the tables' own states and whatever else is said of it."""
    given = {"fiscal_year": 2022, "edition": "national-2020", "unit": "万元", "decimals": 2, **about}
    rows: dict[str, list[Row]] = {
        "report": [make_row(SPEC.tables["report"], spec_version=SPEC.version, **given)],
        "tables": [
            make_row(SPEC.tables["tables"], **{"table": name, "status": REPORTED, **more})
            for name, more in (states or {}).items()
        ],
    }
    for name, records in (tables or {}).items():
        table = SPEC.tables[name]
        money = {field.name for field in table.fields if field.type == "number"}
        rows[name] = [
            make_row(table, **{k: amount(v) if k in money else v for k, v in record.items()})
            for record in records
        ]
    return build(SPEC, rows)


def three(final: Mapping[str, str | None], **more: Any) -> Report:
    """A report with final accounts of the three public expenses."""
    return report(
        {THREE: [{"line": k, "name": k, "budget": "0.00", "final": v} for k, v in final.items()]}, **more
    )


def rule(kind: str, **body: Any) -> Rule:
    """A rule as declared; ``when`` stands where the declaration has it."""
    return Rule(
        "XX-01", kind, "error", "logical", "1.0.0", TITLE, built=True, reason=None, implied_by=(),
        when=body.pop("when", {}), body=body,
    )  # fmt: skip


def term(row: Any, field: str = "final", table: str = THREE, **more: Any) -> dict[str, Any]:
    return {"table": table, "row": row, "field": field, **more}


def vehicles(kind: str = "linear", **more: Any) -> Rule:
    """车辆 is its two parts."""
    parts = [term("vehicle_purchase"), term("vehicle_operation")]
    return rule(kind, left=[term("vehicles")], right=parts, **more)


def checks(
    one: Rule, of: Report, previous: Report | None = None, parts: Iterable[Report] = ()
) -> list[Check]:
    return list(run({one.id: one}, Context(of, previous, parts)))


def outcome(one: Rule, of: Report, previous: Report | None = None, parts: Iterable[Report] = ()) -> Check:
    """The only check of a rule."""
    (check,) = checks(one, of, previous, parts)
    return check


# Equalities and inequalities at their bounds


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("excess", "expected"),
    [("0", EXACT), ("0.01", WITHIN_ROUNDING), ("0.015", WITHIN_ROUNDING), ("0.0151", FAILED), ("1", FAILED)],
)
def test_an_equality_holds_as_far_as_three_figures_may_be_rounded(
    excess: str, expected: str, sign: int
) -> None:
    # Half a step each: 0.005 + 0.005 + 0.005.
    total = Decimal(30) + sign * Decimal(excess)
    check = outcome(
        vehicles(),
        three({"vehicles": str(total), "vehicle_purchase": "10.0000", "vehicle_operation": "20.0000"}),
    )
    assert check.outcome == expected
    assert [ref.row for ref in check.refs] == ["vehicles", "vehicle_purchase", "vehicle_operation"]
    if expected == EXACT:
        assert check == Check("XX-01", EXACT, check.refs)
    else:
        assert (check.found, check.expected, check.difference) == (total, 30, total - 30)
        assert check.tolerance == Decimal("0.015")
        assert check.qualifier is None


@pytest.mark.parametrize(
    ("excess", "expected"),
    [("-5", EXACT), ("0", EXACT), ("0.01", WITHIN_ROUNDING), ("0.015", WITHIN_ROUNDING), ("0.0151", FAILED)],
)
def test_an_inequality_fails_only_beyond_what_rounding_explains(excess: str, expected: str) -> None:
    total = Decimal(30) + Decimal(excess)
    check = outcome(
        vehicles("compare"),
        three({"vehicles": str(total), "vehicle_purchase": "10", "vehicle_operation": "20"}),
    )
    assert check.outcome == expected
    if expected != EXACT:
        assert (check.found, check.expected, check.difference) == (total, 30, total - 30)
        assert check.tolerance == Decimal("0.015")


@pytest.mark.parametrize(("value", "expected"), [("100.00", EXACT), ("100.01", FAILED)])
def test_a_printed_figure_beyond_a_constant_is_beyond_it(value: str, expected: str) -> None:
    one = rule("compare", left=[term("total")], right=[{"constant": "100"}])
    check = outcome(one, three({"total": value}))
    assert check.outcome == expected
    assert check.tolerance == (0 if expected == FAILED else None)


def test_figures_in_yuan_are_exact() -> None:
    one = vehicles()
    values = {"vehicles": "30.01", "vehicle_purchase": "10.00", "vehicle_operation": "20.00"}
    check = outcome(one, three(values, unit="元"))
    assert (check.outcome, check.tolerance) == (FAILED, 0)


def test_the_precision_that_is_stated_counts_and_not_the_decimals() -> None:
    values = {"vehicles": "31.00", "vehicle_purchase": "10.00", "vehicle_operation": "20.00"}
    check = outcome(vehicles(), three(values, precision=Decimal(1)))
    assert (check.outcome, check.tolerance) == (WITHIN_ROUNDING, Decimal("1.5"))
    assert outcome(vehicles(), three(values, precision=Decimal(0))).tolerance == 0
    assert outcome(vehicles(), three(values, decimals=None)).tolerance == 0


@pytest.mark.parametrize(
    ("total", "part", "expected", "qualifier", "tolerance"),
    [
        # Half a unit for the part without decimals, where the decimals that all have in common explain too little.
        ("30.1", "10", WITHIN_ROUNDING, "fewer_decimals", "0.555"), ("30.6", "10", FAILED, None, "0.015"),
        ("29.5", "10", WITHIN_ROUNDING, "fewer_decimals", "0.555"), ("30.01", "10", WITHIN_ROUNDING, None, "0.015"),
        ("30.06", "10.0", WITHIN_ROUNDING, "fewer_decimals", "0.060"), ("30.061", "10.0", FAILED, None, "0.015"),
    ],
)  # fmt: skip
def test_fewer_decimals_widen_the_interval(
    total: str, part: str, expected: str, qualifier: str | None, tolerance: str
) -> None:
    values = {"vehicles": total, "vehicle_purchase": part, "vehicle_operation": "20.000"}
    check = outcome(vehicles(), three(values))
    assert (check.outcome, check.qualifier, check.tolerance) == (expected, qualifier, Decimal(tolerance))
    assert (check.found, check.expected) == (Decimal(total), Decimal(part) + 20)


def test_the_wider_interval_ends_at_its_bound() -> None:
    values = {"vehicles": "31.50", "vehicle_purchase": "10", "vehicle_operation": "20"}
    exact = {**values, "vehicles": "31.005"}
    beyond = {**values, "vehicles": "31.006"}
    # 0.005 of the total, half of one of each part.
    assert outcome(vehicles(), three(exact)).outcome == WITHIN_ROUNDING
    assert outcome(vehicles(), three(beyond)).outcome == FAILED
    assert outcome(vehicles(), three({**exact, "vehicles": "28.995"})).outcome == WITHIN_ROUNDING


def test_what_is_exact_is_not_widened() -> None:
    values = {"vehicles": "30.1", "vehicle_purchase": "10", "vehicle_operation": "20"}
    assert outcome(vehicles(), three(values, precision=Decimal(0))).outcome == FAILED


def test_weights_count_in_the_sum_and_in_the_bound() -> None:
    one = rule("linear", left=[term("vehicles")], right=[term("vehicle_purchase", weight=-3)])
    values = {"vehicles": "-30.01", "vehicle_purchase": "10.00"}
    check = outcome(one, three(values))
    assert (check.found, check.expected, check.tolerance) == (Decimal("-30.01"), -30, Decimal("0.020"))
    assert outcome(one, three({"vehicles": "-30", "vehicle_purchase": "10.1"})).tolerance == Decimal("0.65")


def test_a_single_figure_has_its_weight_too() -> None:
    one = rule("compare", left=[term("vehicles", weight=2)], right=[term("total")])
    assert outcome(one, three({"vehicles": "5.00", "total": "10.00"})).outcome == EXACT
    assert outcome(one, three({"vehicles": "5.01", "total": "10.00"})).difference == Decimal("0.02")


def test_a_constant_has_no_interval() -> None:
    one = rule("linear", left=[term("total")], right=[{"constant": "0.003"}])
    assert outcome(one, three({"total": "0.00"})).tolerance == Decimal("0.005")
    assert outcome(one, three({"total": "0.01"})).outcome == FAILED


@pytest.mark.parametrize(("tenths", "flag"), [(2, None), (3, "improbable")])
def test_rounding_that_is_hardly_possible_is_flagged(tenths: int, flag: str | None) -> None:
    # Six figures of step 0.01, one of them their sum: beyond 0.01 · √8 is improbable.
    parts = [term(line, weight=1) for line in LINES[1:]]
    one = rule("linear", left=[term("total")], right=parts)
    values = dict.fromkeys(LINES[1:], "1.00") | {"total": str(5 + Decimal(tenths) / 100)}
    check = outcome(one, three(values))
    assert (check.outcome, check.qualifier) == (WITHIN_ROUNDING if tenths < 4 else FAILED, flag)
    # A figure that is nothing was not rounded: there are only five then.
    check = outcome(one, three({**values, "reception": "0.00", "vehicles": "2.00"}))
    assert check.qualifier is None


def test_the_widest_step_says_what_is_improbable() -> None:
    table = "income_expenditure_summary"
    summary = [{"line": "income.total", "name": "总计", "amount": "5"}]
    lines = dict.fromkeys(LINES[1:], "1.00")
    one = rule("linear", left=[term("income.total", "amount", table)], right=[term(line) for line in lines])
    of = report(
        {table: summary, THREE: [{"line": k, "name": k, "final": v} for k, v in (lines | {"reception": "1.03"}).items()]},
        states={table: {"decimals": 0}, THREE: {}},
    )  # fmt: skip
    check = outcome(one, of)
    assert (check.outcome, check.difference, check.qualifier) == (WITHIN_ROUNDING, Decimal("-0.03"), None)


def test_what_is_exact_was_not_rounded() -> None:
    # Beside six rounded figures one of a table in 元, which makes their difference no likelier.
    table = "income_expenditure_summary"
    lines = dict.fromkeys(LINES[1:], "1.00")
    one = rule(
        "linear",
        left=[term("total")],
        right=[*(term(line) for line in lines), term("income.total", "amount", table)],
    )
    of = report(
        {
            table: [{"line": "income.total", "name": "总计", "amount": "10000.00"}],
            THREE: [{"line": k, "name": k, "final": v} for k, v in (lines | {"total": "6.03"}).items()],
        },
        states={table: {"unit": "元"}, THREE: {}},
    )
    check = outcome(one, of)
    assert (check.outcome, check.tolerance, check.qualifier) == (
        WITHIN_ROUNDING,
        Decimal("0.03"),
        "improbable",
    )


def test_a_softer_severity_is_that_of_the_first_that_names_a_cell() -> None:
    softer = [
        {"severity": "info", "rows": ["reception"]},
        {"severity": "warning", "fields": ["budget"]},
        {"severity": "warning", "rows": ["vehicles"]},
    ]
    values = {"vehicles": "99.00", "vehicle_purchase": "10.00", "vehicle_operation": "20.00"}
    assert outcome(vehicles(softer=softer), three(values)).severity == "warning"
    assert outcome(vehicles("compare", softer=softer), three(values)).severity == "warning"
    assert outcome(vehicles(softer=softer[:1]), three(values)).severity is None
    one = vehicles(softer=softer)
    assert severity_of(one, [Ref(THREE, "total", "final"), Ref(THREE, "total", "budget")]) == "warning"
    assert severity_of(one, [Ref(THREE, "reception", "budget")]) == "info"
    assert severity_of(one, [Ref(THREE, "total", "final")]) is None
    assert severity_of(vehicles(), [Ref(THREE, "reception", "budget")]) is None


# What is not known


@pytest.mark.parametrize(
    ("value", "why"), [(None, BLANK), ("undisclosed", UNDISCLOSED), ("n/a", None), ("0.00", None)]
)
@pytest.mark.parametrize("unknown", [None, "skip", "stated"])
def test_what_is_not_known_leaves_a_check_undone_unless_the_rule_skips_it(
    value: str | None, why: str | None, unknown: str | None
) -> None:
    values = {"vehicles": "20.00", "vehicle_purchase": value, "vehicle_operation": "20.00"}
    more = {} if unknown is None else {"unknown": unknown}
    for kind in ("linear", "compare"):
        check = outcome(vehicles(kind, **more), three(values))
        if why is None:
            assert check.outcome == EXACT
        elif unknown == "skip" or (unknown == "stated" and why != UNDISCLOSED):
            assert (check.outcome, check.reason, len(check.refs)) == (NOT_APPLICABLE, NOT_PRINTED, 3)
        else:
            assert (check.outcome, check.reason) == (NOT_CHECKED, why)
            assert check.refs == (Ref(THREE, "vehicle_purchase", "final"),)


def test_of_several_reasons_the_first_is_told_with_all_cells() -> None:
    values = {"vehicles": "undisclosed", "vehicle_purchase": None, "vehicle_operation": "1.00"}
    check = outcome(vehicles(), three(values))
    assert (check.reason, [ref.row for ref in check.refs]) == (UNDISCLOSED, ["vehicles", "vehicle_purchase"])
    assert outcome(vehicles(unknown="stated"), three(values)).outcome == NOT_CHECKED


def test_what_is_not_printed_makes_a_rule_inapplicable_whatever_else_is_blank() -> None:
    line = "income.general_public_budget"
    table = "fiscal_appropriation_summary"
    one = rule(
        "linear",
        left=[term(line, "general_public_budget", table)],
        right=[term(line, "total", table), term(line, "total", table)],
    )
    check = outcome(one, report({table: [{"line": line, "name": "一", "total": None}]}))
    assert (check.outcome, check.reason) == (NOT_APPLICABLE, NOT_PRINTED)
    assert len(check.refs) == 3


def test_a_side_without_cells_is_not_applicable() -> None:
    nothing = {"table": "expenditure", "rows": {"level": 3}, "field": "total"}
    of = report({"expenditure": [{"code": "TOTAL", "name": "合计", "total": "1.00"}]})
    for sides in (
        ([nothing], [term("TOTAL", "total", "expenditure")]),
        ([term("TOTAL", "total", "expenditure")], [nothing]),
    ):
        check = outcome(rule("linear", left=sides[0], right=sides[1]), of)
        assert (check.outcome, check.reason, len(check.refs)) == (NOT_APPLICABLE, None, 1)


# Figures


@pytest.mark.parametrize(
    ("status", "edition", "why"),
    [
        (REPORTED, "national-2020", None), (MISSING, "national-2020", NO_TABLE), (EMPTY, "national-2020", None),
    ],
)  # fmt: skip
def test_the_state_of_a_table_speaks_for_its_rows(status: str, edition: str, why: str | None) -> None:
    rows = [{"line": "total", "name": "合计", "final": "5.00"}] if status == REPORTED else []
    of = report({THREE: rows}, states={THREE: {"status": status}}, edition=edition)
    found = Context(of).operand(THREE, "total", "final")
    assert (found.value, found.why) == (5 if status == REPORTED else 0, why)


def test_a_cell_that_the_form_lacks_is_not_printed_in_an_empty_table_either() -> None:
    table, line = "fiscal_appropriation_summary", "income.government_fund"
    empty = Context(report(states={table: {"status": EMPTY}}))
    assert empty.operand(table, line, "government_fund").why == NOT_PRINTED
    assert empty.operand(table, line, "total").why is None
    assert empty.operand(table, "expenditure.201", "government_fund").why is None


def test_a_table_that_the_list_does_not_name_is_missing() -> None:
    context = Context(report())
    assert context.operand(THREE, "total", "final").why == NO_TABLE


def test_a_table_that_is_reported_without_rows_is_as_good_as_missing() -> None:
    context = Context(report(states={THREE: {"status": REPORTED}}))
    assert context.operand(THREE, "total", "final").why == NO_TABLE


def test_a_total_that_the_form_prints_is_never_no_money() -> None:
    context = Context(report({"expenditure": [{"code": "201", "name": "一", "total": "1.00"}]}))
    assert context.operand("expenditure", "TOTAL", "total", absent="zero").why == ABSENT
    assert context.operand("expenditure", "202", "total", absent="zero").why is None
    assert context.operand("staffing", "TOTAL", "actual", absent="zero").why is None
    context = Context(three({"total": "1.00"}))  # this form has no line of that name
    assert context.operand(THREE, "TOTAL", "final").why is None


def test_a_table_that_the_edition_lacks_is_not_missing_but_not_printed() -> None:
    without = {of: Context(of) for of in (report(), three({"total": "1.00"}))}
    for context in without.values():
        context.edition = dataclasses.replace(context.edition, forms={})
    missing, there = without.values()
    assert missing.operand(THREE, "total", "final").why == NOT_PRINTED
    assert there.operand(THREE, "reception", "final").why is None


def test_a_row_that_is_not_there_is_absent_where_the_form_prints_it_and_no_money_where_not() -> None:
    context = Context(three({"total": "1.00"}))
    assert context.operand(THREE, "reception", "final").why == ABSENT
    assert context.operand(THREE, "reception", "final", absent="zero").why is None
    codes = Context(report({"expenditure": [{"code": "TOTAL", "name": "合计", "total": "1.00"}]}))
    assert codes.operand("expenditure", "201", "total").why is None
    assert context.operand("staffing", "*", "actual").why == ABSENT
    assert context.operand("staffing", "*", "actual", absent="zero").why is None


def test_figures_other_than_money_are_exact_but_for_claims() -> None:
    of = report(
        {
            "staffing": [{"actual": 12}],
            "claims": [{"path": "a", "occurrence": 1, "value": "12.5", "unit": "%"}],
            "performance_funds": [{"project": "a", "kind": "b", "score": "9.5"}],
            "changes": [{"subject": "a", "base": "b", "amount": "1.00"}],
        }
    )
    context = Context(of)
    assert context.operand("staffing", "*", "actual")[1:4] == (12, 0, None)
    assert context.operand("staffing", "*", "retired")[1:4] == (0, 0, BLANK)
    assert context.operand("claims", "a/1", "value")[1:4] == (Decimal("12.5"), Decimal("0.05"), None)
    assert context.operand("performance_funds", "a/b", "score")[1:4] == (Decimal("9.5"), 0, None)
    assert context.operand("changes", "a/b", "reason").why == BLANK
    assert context.operand("changes", "a/b", "amount")[1:4] == (1, Decimal("0.005"), None)


@pytest.mark.parametrize(
    ("unit", "own", "decimals", "value", "half"),
    [
        ("万元", None, None, "1.00", "0.005"), ("万元", "万元", None, "1.00", "0.005"),
        ("万元", None, 0, "1.00", "0.5"), ("万元", "元", None, "0.0001", "0"), ("万元", "元", 0, "0.0001", "0.00005"),
        ("万元", "亿元", None, "10000", "50"), ("元", "万元", 2, "10000", "50"), ("千元", "万元", 1, "10", "0.5"),
        (None, "元", 1, "1.00", "0.05"), ("元", None, 2, "1.00", "0"),
    ],
)  # fmt: skip
def test_figures_come_in_the_reports_unit(
    unit: str | None, own: str | None, decimals: int | None, value: str, half: str
) -> None:
    of = three({"total": "1.00"}, unit=unit, states={THREE: {"unit": own, "decimals": decimals}})
    found = Context(of).operand(THREE, "total", "final")
    assert (found.value, found.half) == (Decimal(value), Decimal(half))


def test_a_table_in_another_unit_has_two_decimals_where_none_are_stated() -> None:
    of = three({"total": "1.00"}, unit="元", decimals=None, states={THREE: {"unit": "万元"}})
    assert Context(of).operand(THREE, "total", "final").half == 50
    of = three({"total": "1.00"}, unit="元", decimals=1, states={THREE: {"unit": "万元"}})
    assert Context(of).operand(THREE, "total", "final").half == 500


def test_fewer_decimals_count_in_the_unit_of_their_table() -> None:
    values = {"vehicles": "30.1", "vehicle_purchase": "10", "vehicle_operation": "20.00"}
    of = three(values, unit="元", states={THREE: {"unit": "万元", "decimals": 2}})
    check = outcome(vehicles(), of)
    assert (check.outcome, check.qualifier) == (WITHIN_ROUNDING, "fewer_decimals")
    assert (check.difference, check.tolerance) == (1000, 500 + 5000 + 50)


def test_of_two_rows_of_one_name_the_first_counts_and_rows_keep_their_order() -> None:
    of = three(dict.fromkeys(LINES[:3], "1.00"))
    rows = [{row[0]: row for row in of.rows(THREE)}[line] for line in LINES[:3]]
    doubled = Report(SPEC, {**of.tables, THREE: (*rows, (*rows[0][:3], Decimal(9)))})
    context = Context(doubled)
    assert context.value(THREE, "total", "final") == 1
    assert list(Context(of).rows_of(THREE)) == [row[0] for row in of.rows(THREE)]
    assert context.value(THREE, "reception", "final") is None


def test_rows_are_found_by_their_fields() -> None:
    of = report(
        {"changes": [
            {"subject": "a", "base": "x", "reason": "因"}, {"subject": "b", "base": "x"}, {"subject": "c", "base": "y"},
        ]}
    )  # fmt: skip
    context = Context(of)
    assert context.rows_with("changes", {"base": "x"}) == ["a/x", "b/x"]
    assert context.rows_with("changes", {"base": "x", "subject": "b"}) == ["b/x"]
    assert context.rows_with("changes", {"subject": "x"}) == ()
    assert context.rows_with("changes", {"reason": "None"}) == ()


def test_codes_of_so_many_digits_behind_a_prefix() -> None:
    codes = ["TOTAL", "201", "20101", "2010101", "202", "abc"]
    of = report({"expenditure": [{"code": c, "name": c, "total": "1.00"} for c in codes]})
    context = Context(of)
    assert list(context.keys("expenditure", level=3)) == ["201", "202"]
    assert list(context.keys("expenditure", prefix="201")) == ["201", "20101", "2010101"]
    assert list(context.keys("expenditure", prefix="201", level=2)) == ["20101"]
    assert sorted(context.keys("expenditure")) == sorted(codes)


# Terms


def test_a_name_is_a_text_a_variable_or_a_variable_behind_a_text() -> None:
    bound = {"x": "201"}
    assert resolve("x", bound) == "x"
    assert resolve({"var": "x"}, bound) == "201"
    assert resolve({"prefix": "expenditure.", "var": "x"}, bound) == "expenditure.201"


def by_code(**totals: str) -> dict[str, list[dict[str, str]]]:
    rows = [{"code": k.removeprefix("c"), "name": k, "total": v, "basic": v} for k, v in totals.items()]
    return {"expenditure": rows, "general_budget_expenditure": rows}


def test_a_rule_has_an_instance_for_each_combination() -> None:
    one = rule(
        "linear",
        each=[
            {"name": "table", "in": ["expenditure", "general_budget_expenditure"]},
            {"name": "code", "rows_of": {"table": {"var": "table"}, "level": 3}},
            {"name": "field", "amounts_of": {"table": "general_budget_expenditure"}},
        ],
        left=[{"table": {"var": "table"}, "row": {"var": "code"}, "field": {"var": "field"}}],
        right=[{"table": {"var": "table"}, "row": {"var": "code"}, "field": "total"}],
    )
    found = checks(one, report(by_code(TOTAL="3.00", c201="1.00", c202="2.00", c20201="2.00")))
    assert [check.refs[0] for check in found] == [
        Ref(table, code, field)
        for table in ("expenditure", "general_budget_expenditure")
        for code in ("201", "202")
        for field in ("total", "basic", "project")
    ]


def test_rows_of_several_tables_bind_each_name_once_and_bare_ones_without_their_prefix() -> None:
    one = rule(
        "linear",
        each=[
            {
                "name": "class",
                "rows_of": [
                    {
                        "table": "income_expenditure_summary",
                        "prefix": "expenditure.",
                        "level": 3,
                        "bare": True,
                    },
                    {"table": "expenditure", "level": 3},
                ],
            }
        ],
        left=[
            term(
                {"prefix": "expenditure.", "var": "class"},
                "amount",
                "income_expenditure_summary",
                absent="zero",
            )
        ],
        right=[term({"var": "class"}, "total", "expenditure")],
    )
    lines = [{"line": f"expenditure.{c}", "name": c, "amount": "1.00"} for c in ("201", "205")]
    of = report({"income_expenditure_summary": lines, **by_code(TOTAL="2.00", c201="1.00", c206="1.00")})
    assert [(c.refs[0].row, c.refs[1].row) for c in checks(one, of)] == [
        ("expenditure.201", "201"), ("expenditure.205", "205"), ("expenditure.206", "206"),
    ]  # fmt: skip


def test_rows_of_a_term_are_summed_but_for_those_excepted() -> None:
    rows = {"level": 3, "except": ["203"]}
    one = rule(
        "linear",
        left=[term("TOTAL", "total", "expenditure")],
        right=[{"table": "expenditure", "rows": rows, "field": "total", "weight": 2}],
    )
    of = report(by_code(TOTAL="6.00", c201="1.00", c202="2.00", c203="4.00"))
    check = outcome(one, of)
    assert (check.outcome, [ref.row for ref in check.refs]) == (EXACT, ["TOTAL", "201", "202"])
    named = rule(
        "linear",
        left=[term("TOTAL", "total", "expenditure")],
        right=[{"table": "expenditure", "rows": ["202", "203"], "field": "total"}],
    )
    assert [ref.row for ref in outcome(named, of).refs] == ["TOTAL", "202", "203"]


@pytest.mark.parametrize(("status", "expected"), [(EMPTY, EXACT), (MISSING, NOT_CHECKED)])
def test_rows_of_a_table_that_has_none_are_its_total(status: str, expected: str) -> None:
    one = rule(
        "linear",
        left=[{"table": "government_fund", "rows": {"level": 3}, "field": "total"}],
        right=[{"constant": "0"}],
    )
    check = outcome(one, report(states={"government_fund": {"status": status}}))
    assert check.outcome == expected
    assert check.refs[0] == Ref("government_fund", "TOTAL", "total")
    assert checks(one, report({"staffing": [{"actual": 1}]}))[0].reason == NO_TABLE


def test_a_rule_applies_only_where_its_premise_is_met() -> None:
    condition = {"equal": [term("total", "budget"), term("total")]}
    values = {"vehicles": "30.00", "vehicle_purchase": "10.00", "vehicle_operation": "20.00"}
    one = vehicles(condition=condition)
    assert [c.outcome for c in checks(one, three({"total": "0.00", **values}))] == [EXACT]
    for other in ("1.00", None, "undisclosed"):
        assert checks(one, three({"total": other, **values})) == []
        swapped = vehicles(condition={"equal": [*reversed(condition["equal"])]})
        assert checks(swapped, three({"total": other, **values})) == []


# Other reports


PARTS = rule(
    "linear",
    left=[term("total")],
    right=[term("total", of="parts")],
)
LAST = rule("linear", left=[term("total")], right=[term("total", of="previous"), term("reception", weight=2)])


def test_what_needs_another_report_says_nothing_without() -> None:
    of = three({"total": "30.00", "reception": "5.00"})
    assert checks(PARTS, of) == checks(LAST, of) == []
    assert checks(PARTS, of, previous=of) == checks(LAST, of, parts=[of]) == []


def test_figures_of_other_reports_are_taken_in_this_ones_unit() -> None:
    of = three({"total": "30.00", "reception": "5.00"})
    yuan = three({"total": "200000.00"}, unit="元")
    assert outcome(LAST, of, previous=yuan).outcome == EXACT
    assert outcome(LAST, of, previous=three({"total": "20.00"})).outcome == EXACT
    assert outcome(LAST, of, previous=three({"total": "20.00"}, unit=None)).outcome == EXACT
    unknown = three({"total": "30.00", "reception": "5.00"}, unit=None)
    assert outcome(LAST, unknown, previous=three({"total": "20.00"})).outcome == EXACT
    parts = [yuan, three({"total": "5.00"}), three({"total": "0.0005"}, unit="亿元", decimals=4)]
    assert outcome(PARTS, of, parts=parts).outcome == EXACT
    check = outcome(PARTS, of, parts=[*parts, three({"total": "1.00"})])
    # Half of 0.01 in this report and in two of its parts, and half of 0.0001 亿元; 元 are exact.
    assert (check.difference, check.tolerance) == (-1, Decimal("0.515"))


def test_several_equations_stand_for_themselves_each_with_the_reports_that_it_needs() -> None:
    one = rule(
        "linear",
        each=[{"name": "line", "in": ["total", "reception"]}],
        instances=[
            {"left": [term("total")], "right": [term("total", of="previous")]},
            {"each": [], "left": [term("vehicles")], "right": [term("total", of="parts")]},
            {"each": [], "left": [term("vehicles")], "right": [{"constant": "2"}]},
        ],
    )
    of = three({"total": "1.00", "vehicles": "2.00"})
    assert [c.outcome for c in checks(one, of)] == [EXACT]
    assert [c.outcome for c in checks(one, of, previous=of)] == [EXACT] * 3
    both = rule("linear", left=[term("total", of="previous")], right=[term("total", of="parts")])
    assert checks(both, of, previous=of) == checks(both, of, parts=[of]) == []
    assert [c.outcome for c in checks(both, of, of, [of])] == [EXACT]


# Roll-ups


def test_a_roll_up_holds_every_parent_against_its_children() -> None:
    of = report(
        by_code(TOTAL="6.00", c201="4.00", c20101="3.00", c20102="1.00", c2010101="3.00", c202="2.00")
    )
    total = rule("rollup", table="general_budget_expenditure", level="total")
    found = checks(total, of)
    assert (found[0].refs[0].row, [r.row for r in found[0].refs[1:]]) == ("TOTAL", ["201", "202"])
    assert [c.refs[0].field for c in found] == ["total", "basic", "project"]
    assert [c.outcome for c in found] == [EXACT, EXACT, NOT_CHECKED]
    children = rule("rollup", table="general_budget_expenditure", level="children")
    assert [(c.refs[0].row, [r.row for r in c.refs[1:]]) for c in checks(children, of) if c.refs[0].field == "total"] == [
        ("201", ["20101", "20102"]), ("20101", ["2010101"]),
    ]  # fmt: skip


def test_a_parent_that_is_not_there_and_what_has_no_children_is_not_held() -> None:
    orphans = report(by_code(c20101="3.00", c202="2.00", c20201="2.00"))
    assert checks(rule("rollup", table="expenditure", level="total"), orphans) == []
    found = checks(rule("rollup", table="general_budget_expenditure", level="children"), orphans)
    assert {c.refs[0].row for c in found} == {"202"}
    alone = report(by_code(TOTAL="0.00"))
    assert checks(rule("rollup", table="expenditure", level="total"), alone) == []


def test_only_codes_are_children() -> None:
    of = report(by_code(TOTAL="1.00", c201="1.00", c20101="1.00", c201xx="5.00", abc="5.00"))
    for level in ("total", "children"):
        found = checks(rule("rollup", table="general_budget_expenditure", level=level), of)
        assert [len(c.refs) for c in found if c.refs[0].field == "total"] == [2]
        assert found[0].outcome == EXACT


def test_columns_that_the_edition_does_not_print_are_not_rolled_up() -> None:
    rows = [
        {"code": c, "name": c, "total": "1.00", "basic": "0.00", "project": "1.00"} for c in ("TOTAL", "223")
    ]
    fields = {}
    for edition in ("national-2020", "xinjiang-2022"):
        of = report({"state_capital": rows}, edition=edition)
        found = checks(rule("rollup", table="state_capital", level="total"), of)
        fields[edition] = {c.refs[0].field for c in found}
        assert fields[edition] == {
            f.name
            for f in SPEC.tables["state_capital"].amounts
            if f.name in SPEC.edition(edition).forms["state_capital"].fields
        }
    assert len(set(map(frozenset, fields.values()))) == 2


# When a rule applies


@pytest.mark.parametrize(
    ("when", "year", "applies"),
    [
        ({}, 2022, True), ({"first_year": 2022}, 2022, True), ({"first_year": 2023}, 2022, False),
        ({"last_year": 2022}, 2022, True), ({"last_year": 2021}, 2022, False),
        ({"first_year": 2021, "last_year": 2023}, 2022, True), ({"first_year": 2022}, None, False),
        ({"tables": [THREE]}, 2022, True), ({"tables": [THREE, "no_table"]}, 2022, False), ({"tables": []}, 2022, True),
    ],
)  # fmt: skip
def test_a_rule_applies_by_year_and_by_what_the_edition_prints(
    when: dict[str, Any], year: int | None, applies: bool
) -> None:
    of = three({"total": "1.00"}, fiscal_year=year)
    one = rule("linear", when=when, left=[term("total")], right=[{"constant": "1"}])
    assert bool(checks(one, of)) is applies


def test_a_rule_that_needs_the_year_says_so_where_there_is_none() -> None:
    sides = {"left": [term("total")], "right": [{"constant": "1"}]}
    needs = rule("linear", needs_year=True, **sides)
    check = outcome(needs, three({"total": "1.00"}, fiscal_year=None))
    assert check == Check("XX-01", NOT_CHECKED, (Ref("report", "*", "fiscal_year"),), reason=BLANK)
    assert outcome(needs, three({"total": "1.00"})).outcome == EXACT
    assert outcome(rule("linear", **sides), three({"total": "1.00"}, fiscal_year=None)).outcome == EXACT


def test_rules_are_as_they_are_declared() -> None:
    for one in load_rules().values():
        assert (one.id, one.kind, one.severity, one.basis, one.since, one.title) == tuple(
            one.body[k] for k in ("id", "kind", "severity", "basis", "since", "title")
        )
        assert one.built is ("not_built" not in one.body)
        assert one.reason == (None if one.built else one.body["not_built"]["zh"])
        assert one.implied_by == tuple(one.body.get("implied_by", ()))
        assert one.when == one.body.get("when", {})


def test_rules_stand_in_the_order_of_the_numbers_of_their_files() -> None:
    folder = Path(__file__).resolve().parent.parent / "schemas/rules"
    files = sorted(folder.glob("*.json"), key=lambda path: int(path.name.partition("-")[0]))
    declared = [entry["id"] for path in files for entry in json.loads(path.read_bytes())["rules"]]
    assert list(load_rules()) == declared


def test_a_rule_is_not_declared_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "names", lambda *_: ("1-tables", "1-tables"))
    with pytest.raises(ValueError, match="declared twice"):
        load_rules.__wrapped__()


# What is said of checks


OF = three({"total": "42.86", "reception": None}, states={THREE: {}})
FAULT = Check(
    "XX-01", FAILED, (Ref(THREE, "total", "final"), Ref("", "", "")),
    Decimal("41.8600000"), Decimal("42.86"), Decimal("1.00"), Decimal("-0.00"),
)  # fmt: skip


LABEL = f"《{SPEC.tables[THREE].title}》total·{SPEC.tables[THREE]['final'].title}"


def told(check: Check, kind: str = "linear") -> Finding:
    return finding(check, rule(kind), Context(OF))


def test_a_failure_names_its_cells_figures_and_severity() -> None:
    found = told(FAULT)
    assert (found.rule, found.severity, found.outcome) == ("XX-01", "error", FAILED)
    assert found.cells == (CellRef(THREE, "total", "final", None, LABEL, "42.86"),)
    assert (found.expected, found.found, found.difference, found.tolerance) == (
        "41.86",
        "42.86",
        "1.00",
        "0.00",
    )
    assert found.details == (
        ("en", f"A rule of the test. {LABEL} is 42.86; the others make it 41.86, a difference of 1.00 (rounding explains at most 0.00)."),
        ("zh", f"测试的规则。：{LABEL}是 42.86，按其余各数应为 41.86，相差 1.00（舍入最多能解释 0.00）。"),
    )  # fmt: skip
    assert told(FAULT._replace(severity="warning")).severity == "warning"
    assert told(FAULT, "rollup").details == found.details


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (Decimal("1.000"), "1"), (Decimal("1.230"), "1.23"), (Decimal("1.2345"), "1.2345"), (Decimal("1.20"), "1.20"),
        (Decimal("0.000"), "0.000"), (Decimal("-0.0"), "0.0"), (Decimal("1E+3"), "1000"), (Decimal("Infinity"), "Infinity"),
        (Decimal("1000.000"), "1000"), (Decimal("-1.50"), "-1.50"), (Decimal("-1.500"), "-1.5"), ("三", "三"), (None, None),
    ],
)  # fmt: skip
def test_figures_are_shown_without_more_zeros_than_money_has(
    figure: Decimal | str | None, shown: str | None
) -> None:
    assert told(FAULT._replace(expected=figure)).expected == shown


def test_a_figure_that_there_is_not_is_left_out_of_the_sentence() -> None:
    text = f"测试的规则。：{LABEL}是 42.86，按其余各数应为 …，相差 1.00（舍入最多能解释 0.00）。"
    assert dict(told(FAULT._replace(expected=None)).details)["zh"] == text


def test_each_kind_has_its_sentence_and_those_without_the_one_of_the_outcome() -> None:
    assert "超出 1.00" in dict(told(FAULT, "compare").details)["zh"]
    assert dict(told(FAULT, "presence").details) == {
        "en": f"A rule of the test. {LABEL} does not keep it.", "zh": f"测试的规则。：{LABEL}不符合。",
    }  # fmt: skip
    within = told(FAULT._replace(outcome=WITHIN_ROUNDING, severity="error"))
    assert within.severity == INFO
    assert "在舍入误差 0.00 以内" in dict(within.details)["zh"]
    assert told(FAULT._replace(outcome=WITHIN_ROUNDING), "rollup").details == within.details


def test_sentences_of_a_checks_own_begin_with_the_title_unless_it_is_in_them() -> None:
    own = FAULT._replace(details=(("zh", "有误。"), ("en", "In A rule of the test. there is a fault.")))
    assert dict(told(own).details) == {
        "zh": "测试的规则。：有误。", "en": "In A rule of the test. there is a fault.",
    }  # fmt: skip
    own = FAULT._replace(details=(("zh", "测试的规则。有误。"), ("en", "Wrong.")))
    assert dict(told(own).details) == {"zh": "测试的规则。有误。", "en": "A rule of the test. Wrong."}


def test_a_qualifier_is_said_behind() -> None:
    found = told(FAULT._replace(outcome=WITHIN_ROUNDING, qualifier="improbable"))
    assert found.qualifier == "improbable"
    assert dict(found.details)["zh"].endswith("以内。（舍入可以解释，但极不寻常）")
    assert dict(found.details)["en"].endswith(". (rounding explains it, but hardly)")


def test_a_failure_without_cells_has_no_label() -> None:
    found = told(FAULT._replace(refs=()), "presence")
    assert found.cells == ()
    assert dict(found.details)["en"] == "A rule of the test.  does not keep it."


def test_a_cell_is_known_by_its_table_row_and_field_in_words() -> None:
    tables = {
        "income_expenditure_summary": [{"line": "income.total", "name": "总计", "amount": "1.00"}],
        "staffing": [{"actual": 12}],
        "changes": [{"subject": "a", "base": "b", "amount": None}],
    }
    context = Context(report(tables))
    summary, staffing = SPEC.tables["income_expenditure_summary"], SPEC.tables["staffing"]

    def words(*ref: str) -> tuple[str | None, str | None]:
        found = cell(Ref(*ref), context)
        assert (found.table, found.row, found.field, found.location) == (*ref, None)
        return found.label, found.value

    assert words(summary.id, "income.total", "amount") == (f"《{summary.title}》总计", "1.00")
    assert words(summary.id, "income.other", "amount") == (f"《{summary.title}》其他收入", None)
    assert words("staffing", "*", "actual") == (staffing["actual"].title, "12")
    assert words("changes", "a/b", "amount")[1] is None
    assert cell(Ref(THREE, "reception", "final"), Context(OF)).value is None


def every(checks: Iterable[Check], **more: bool) -> list[Finding]:
    return list(findings(checks, {"XX-01": rule("linear")}, Context(OF), **more))


def test_what_rounding_explains_is_told_only_if_it_is_doubtful_or_all_is_asked_for() -> None:
    within = FAULT._replace(outcome=WITHIN_ROUNDING)
    doubtful = [
        within._replace(qualifier=q)
        for q in ("improbable", "fewer_decimals", "truncated", "plugged", "other_base")
    ]
    quiet = [within, FAULT._replace(outcome=EXACT), FAULT._replace(outcome=NOT_APPLICABLE)]
    assert [f.qualifier for f in every([*quiet, *doubtful])] == [c.qualifier for c in doubtful]
    assert [f.outcome for f in every(quiet, everything=True)] == [WITHIN_ROUNDING]
    assert [f.outcome for f in every([FAULT])] == [FAILED]


def test_what_was_not_checked_is_told_once_for_each_reason() -> None:
    def unchecked(line: str, reason: str | None) -> Check:
        return Check("XX-01", NOT_CHECKED, (Ref(THREE, line, "final"), Ref("", "", "")), reason=reason)

    found = every([
        unchecked("reception", BLANK), unchecked("total", ABSENT), unchecked("total", BLANK),
        unchecked("reception", BLANK), FAULT, unchecked("total", None),
    ])  # fmt: skip
    assert [(f.outcome, f.severity, f.reason, [c.row for c in f.cells]) for f in found] == [
        (FAILED, "error", None, ["total"]),
        (NOT_CHECKED, INFO, BLANK, ["reception", "total"]),
        (NOT_CHECKED, INFO, ABSENT, ["total"]),
        (NOT_CHECKED, INFO, "", ["total"]),
    ]
    assert dict(found[1].details) == {
        "zh": "测试的规则。：有 3 处因所需的数是空白而没有检查。",
        "en": "A rule of the test. Not checked in 3 places, since a figure it needs is blank.",
    }
    assert dict(found[2].details)["en"].endswith(" is in a row that is not there.")
    assert dict(found[3].details)["en"].endswith(" is not there.")
    assert dict(found[3].details)["zh"].endswith("因所需的数没有而没有检查。")
    assert [language for language, _ in found[1].details] == ["en", "zh"]


def test_of_what_was_not_checked_twelve_cells_are_named_and_titles_are_cut_late() -> None:
    refs = tuple(Ref(THREE, f"line {n}", "final") for n in range(20))
    title = {"zh": "长" * 300, "en": "l" * 301}
    one = dataclasses.replace(rule("linear"), title=title)
    (found,) = findings([Check("XX-01", NOT_CHECKED, refs, reason=BLANK)], {"XX-01": one}, Context(OF))
    assert [c.row for c in found.cells] == [f"line {n}" for n in range(12)]
    assert dict(found.details)["zh"].startswith("长" * 300 + "：")
    assert dict(found.details)["en"].startswith("l" * 300 + "… ")
