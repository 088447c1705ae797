"""A report in another unit of money holds the same money: every figure is exact, or nothing is written (specification, 7)."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fatk import api, check, formats, units
from fatk.errors import Misuse, Refused, WouldLose
from fatk.model import Report, build, make_row
from fatk.reading import Reading
from fatk.spec import load
from strategies import about, balanced_reports, reports

ROOT = Path(__file__).resolve().parent.parent
SPEC = load()
YUAN = {"元": 1, "千元": 1000, "万元": 10_000, "亿元": 100_000_000}


def restated(report: Report, **new: object) -> Report:
    """The report with other members of its row of ``report``."""
    row = make_row(SPEC.tables["report"], **{**report.one("report"), **new})  # type: ignore[arg-type]
    return build(SPEC, {**report.tables, "report": [row]})


def amounts(report: Report) -> Iterator[tuple[str, int, str, Decimal]]:
    """Every amount with its table, the number of its row and its field."""
    for table in SPEC.tables.values():
        for at, row in enumerate(report.rows(table.id)):
            for field in table.amounts:
                value = row[table.position[field.name]]
                if isinstance(value, Decimal):
                    yield table.id, at, field.name, value


@given(reports(), st.sampled_from(["元", "千元"]))
def test_into_a_smaller_unit_and_back_is_the_same_report(report: Report, unit: str) -> None:
    assume(report.unit == "万元")
    try:
        converted = units.convert(report, unit)
    except WouldLose as refusal:
        assume(refusal.code != "UNIT_TOO_LARGE")  # figures of eighteen digits
        raise
    assert converted.rounded == 0
    assert formats.encoder("json")(units.convert(converted.report, "万元").report) == formats.encoder("json")(
        report
    )


@given(reports(), st.sampled_from(units.UNITS))
def test_money_stays_the_same_and_decimals_never_become_fewer(report: Report, unit: str) -> None:
    try:
        new = units.convert(report, unit).report
    except WouldLose:
        assume(False)
    assert new.unit == unit
    assert new.one("report")["decimals"] >= report.one("report")["decimals"]
    for ours, theirs in zip(amounts(report), amounts(new), strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3] * YUAN[str(report.unit)] == theirs[3] * YUAN[unit]
        assert -ours[3].as_tuple().exponent <= -theirs[3].as_tuple().exponent <= 6
    for kept in ("claims", "extras", "entity", "staffing", "performance_funds", "sources"):
        assert new.rows(kept) == report.rows(kept)


@given(balanced_reports(), st.sampled_from(units.UNITS))
def test_a_report_fails_in_another_unit_just_where_it_does_in_its_own(report: Report, unit: str) -> None:
    try:
        new = units.convert(report, unit).report
    except WouldLose:
        assume(False)
    ours, theirs = (check.check(Reading(r)) for r in (report, new))
    assert (ours.verdict, {f.rule for f in ours.findings}) == (
        theirs.verdict,
        {f.rule for f in theirs.findings},
    )


@pytest.mark.parametrize("name", ["full", "wuerhe-2022"])
def test_published_reports_keep_their_verdict(name: str) -> None:
    report = formats.read(ROOT / "datapackages" / name).report
    for unit in ("元", "千元"):
        new = units.convert(report, unit).report
        assert check.check(Reading(new)).verdict == check.check(Reading(report)).verdict
        assert new.one("report")["precision"] == Decimal("0.01") * 10_000 / YUAN[unit]


def one_line(amount: str, unit: str | None, decimals: int, precision: str, *own: object) -> Report:
    """A report with one figure: the total of the income table, which may have a unit and decimals of its own."""
    income = SPEC.tables["income"]
    tables = about("national-2020", unit or "元")
    tables["income"] = [make_row(income, code="TOTAL", name="合计", total=Decimal(amount))]
    tables["tables"] = [
        make_row(
            SPEC.tables["tables"],
            table="income",
            status="reported",
            **dict(zip(("unit", "decimals"), own, strict=False)),
        )
    ]
    return restated(build(SPEC, tables), unit=unit, decimals=decimals, precision=Decimal(precision))


def said(report: Report) -> tuple[object, ...]:
    """Amount, unit, decimals and precision as text."""
    row = report.one("report")
    listed = report.status("income")
    return (
        str(report.value("income", "TOTAL", "total")), row["unit"], row["decimals"], str(row["precision"]),
        listed["unit"], listed["decimals"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("report", "unit", "expected"),
    [
        (one_line("386.23", "万元", 2, "0.01"), "元", ("3862300.00", "元", 2, "100", None, None)),
        (one_line("386.23", "万元", 2, "0.01"), "千元", ("3862.30", "千元", 2, "0.1", None, None)),
        (one_line("386.23", "万元", 2, "0.01"), "万元", ("386.23", "万元", 2, "0.01", None, None)),
        (one_line("386.23", "万元", 2, "0.01"), "亿元", ("0.038623", "亿元", 6, "0.000001", None, None)),
        (one_line("3862300.00", "元", 2, "0"), "万元", ("386.23", "万元", 2, "0", None, None)),
        (one_line("3862345.67", "元", 2, "0"), "万元", ("386.234567", "万元", 6, "0", None, None)),
        (one_line("3862345", "元", 0, "1"), "万元", ("386.2345", "万元", 4, "0.0001", None, None)),
        (one_line("-5.00", "万元", 2, "0.01"), "元", ("-50000.00", "元", 2, "100", None, None)),
        (one_line("0.00", "万元", 2, "0.01"), "亿元", ("0.00", "亿元", 2, "0.000001", None, None)),
        # a table in a unit of its own: its precision is what follows from its unit and decimals
        (one_line("3862345.67", "万元", 2, "0.01", "元"), "万元", ("386.234567", "万元", 2, "0.01", "万元", 6)),
        (one_line("3862345.67", "万元", 2, "0.01", "元"), "元", ("3862345.67", "元", 2, "100", "元", 2)),
        (one_line("386.2", "元", 2, "0", "万元", 1), "万元", ("386.2", "万元", 2, "0", "万元", 1)),
    ],
)  # fmt: skip
def test_what_comes_of_a_figure(report: Report, unit: str, expected: tuple[object, ...]) -> None:
    converted = units.convert(report, unit)
    assert (said(converted.report), converted.rounded) == (expected, 0)


@pytest.mark.parametrize(
    ("report", "unit", "expected", "rounded"),
    [
        (one_line("3862345.67", "元", 2, "0"), "亿元", ("0.038623", "亿元", 6, "0.000001", None, None), 1),
        (one_line("50.00", "元", 2, "0"), "亿元", ("0.000001", "亿元", 6, "0.000001", None, None), 1),
        (one_line("-49.99", "元", 2, "0"), "亿元", ("0.000000", "亿元", 6, "0.000001", None, None), 1),
        # the precision cannot be written: of the report, and of a table that had its own
        (one_line("100.00", "元", 2, "0.01"), "亿元", ("0.000001", "亿元", 6, "0.000001", None, None), 1),
        (one_line("386.23", "元", 2, "0", "万元"), "元", ("3862300.00", "元", 2, "0", "元", 2), 1),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_refused_and_counted_where_it_is_allowed(
    report: Report, unit: str, expected: tuple[object, ...], rounded: int
) -> None:
    with pytest.raises(WouldLose) as caught:
        units.convert(report, unit)
    assert caught.value.code == "UNIT_LOSS"
    converted = units.convert(report, unit, allow_loss=True)
    assert (said(converted.report), converted.rounded) == (expected, rounded)


def test_bounds_go_with_their_cell_and_claims_do_not() -> None:
    report = one_line("386.23", "万元", 2, "0.01")
    described = [("income", "TOTAL", "total"), ("staffing", "*", "actual")]
    cells = [
        make_row(SPEC.tables["cells"], table=t, row=r, field=f, basis="derived", min=Decimal("1.5"), max=Decimal(2))
        for t, r, f in described
    ]  # fmt: skip
    claim = make_row(
        SPEC.tables["claims"], path="income.total", occurrence=1, value=Decimal("386.23"), unit="万元"
    )
    new = units.convert(build(SPEC, {**report.tables, "cells": cells, "claims": [claim]}), "元").report
    bounds = {r["table"]: (str(r["min"]), str(r["max"])) for r in new.records("cells")}
    assert bounds == {"income": ("15000.0", "20000"), "staffing": ("1.5", "2")}
    assert new.rows("claims") == (claim,)


def test_what_has_no_unit_cannot_be_converted() -> None:
    with pytest.raises(Refused) as caught:
        units.convert(one_line("386.23", None, 2, "0.01"), "元")
    assert caught.value.code == "UNIT_NOT_STATED"
    with pytest.raises(Misuse) as caught:
        units.convert(one_line("386.23", "万元", 2, "0.01"), "美元")
    assert caught.value.code == "UNIT_UNKNOWN"


def test_a_figure_that_is_too_large_is_refused_whatever_is_allowed() -> None:
    with pytest.raises(WouldLose) as caught:
        units.convert(one_line("9" * 15, "万元", 0, "1"), "元", allow_loss=True)
    assert caught.value.code == "UNIT_TOO_LARGE"


# A table in another unit than its siblings, on reading


def workbook(folder: Path, *, scaled: bool, named: bool) -> Path:
    """The forms of an example without its cover; the figures of one form in 元 or not, and said to be so or not."""
    book = openpyxl.load_workbook(ROOT / "datapackages/full/report.xlsx")
    for name in book.sheetnames:
        if not name[:2].isdigit():
            del book[name]
    for row in book["02收入决算表"].iter_rows():
        for cell in row:
            if isinstance(cell.value, (int, float)) and cell.row > 6 and scaled:
                cell.value = cell.value * 10_000
            elif isinstance(cell.value, str) and "单位：万元" in cell.value and named:
                cell.value = cell.value.replace("万元", "元")
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def test_a_form_in_a_unit_of_its_own_is_told_and_read_right(tmp_path: Path) -> None:
    result = api.validate(workbook(tmp_path, scaled=True, named=True))
    (found,) = [f for f in result.findings if f.rule == "READ-80"]
    assert found.cells[0].table == "income"
    assert found.cells[0].value == "元"
    assert result.reading.report.status("income")["unit"] == "元"
    assert not [f for f in result.findings if f.rule.startswith("X-")]


@pytest.mark.parametrize("named", [False, True])
def test_figures_in_another_unit_than_said_are_one_cause(tmp_path: Path, named: bool) -> None:
    result = api.validate(workbook(tmp_path, scaled=not named, named=named))
    assert {f.rule for f in result.findings} >= {"X-01", "X-02", "X-07"}
    (cause,) = result.causes
    assert (cause.kind, {c.table for c in cause.cells}) == ("unit_slip", {"income"})
    assert result.unexplained == 0
    assert len([f for f in result.findings if f.rule == "READ-80"]) == named
