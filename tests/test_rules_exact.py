"""What comes out exactly is found by whole columns just as it is found one by one."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from fatk import formats
from fatk.model import Report, build
from fatk.rules import run
from fatk.rules.context import EXACT, Check, Context, load_rules
from fatk.values import Nothing, Value
from strategies import balanced_reports, reports

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "datapackages").glob("*/report.json"))


def held(report: Report, **others: object) -> None:
    """Hold that a brief run has the same outcomes, rule by rule, and the same checks but for what is exact."""
    full, brief = (
        list(run(load_rules(), Context(report, brief=short, **others)))  # type: ignore[arg-type]
        for short in (False, True)
    )
    assert _counted(full) == _counted(brief)
    assert [c for c in full if c.outcome != EXACT] == [c for c in brief if c.outcome != EXACT]


def _counted(checks: list[Check]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for check in checks:
        found[check.rule, check.outcome] += check.times
    return found


def test_something_is_found_by_columns() -> None:
    report = formats.read(EXAMPLES[0]).report
    exact = [c for c in run(load_rules(), Context(report, brief=True)) if c.outcome == EXACT]
    assert sum(c.times for c in exact if not c.refs) > sum(c.times for c in exact) / 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_of_examples_with_any_cell_changed(path: Path) -> None:
    report = formats.read(path).report
    held(report)
    changes: tuple[Value, ...] = (None, Nothing.UNDISCLOSED, Nothing.NOT_APPLICABLE, Decimal("0.01"), 7)
    cells = [
        (table, n, table.position[field.name])
        for table in report.spec.tables.values()
        for n, _ in enumerate(report.rows(table.id))
        for field in table.amounts
    ]
    for n, (table, at, place) in enumerate(cells[:: max(1, len(cells) // 30)]):
        rows = list(report.rows(table.id))
        rows[at] = (*rows[at][:place], changes[n % len(changes)], *rows[at][place + 1 :])
        held(build(report.spec, {**report.tables, table.id: rows}))
        del rows[at]
        held(build(report.spec, {**report.tables, table.id: rows}))


@settings(max_examples=30, deadline=None)
@given(balanced_reports())
def test_of_reports_that_are_right(report: Report) -> None:
    held(report)
    held(report, previous=report, parts=(report,))


@settings(max_examples=30, deadline=None)
@given(reports())
def test_of_any_report(report: Report) -> None:
    held(report)
