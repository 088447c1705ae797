"""The sums and copies among the rules, put into SQL and run by a database, fail in the same places as here.

The SQL is that of the benchmark; it shares the declarations of the rules with the toolkit and nothing that judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle
from pathlib import Path

import duckdb
import sql

import fatk
from fatk.findings import FAILED
from fatk.model import Report, build
from fatk.rules import run
from fatk.rules.context import Context
from fatk.values import Nothing, Value

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "datapackages").glob("*/report.json"))
#: How a figure is changed, in turn: beyond what rounding explains, within it, to a kind of nothing, printed shorter.
CHANGES = (
    lambda value: value + Decimal("0.05"),
    lambda value: value - Decimal("0.01"),
    lambda _: None,
    lambda _: Nothing.UNDISCLOSED,
    lambda _: Nothing.NOT_APPLICABLE,
    lambda value: value.quantize(Decimal("0.1")),
    lambda value: -value,
)


def one_cell_changed(report: Report, every: int) -> Iterator[Report]:
    """The report with one amount changed, for every so many of its amounts, and with one row left out."""
    changes = cycle(CHANGES)
    places = [(t, n, f) for t in report.spec.forms for n in range(len(report.rows(t.id))) for f in t.amounts]
    for table, n, field in places[::every]:
        rows, at = report.rows(table.id), table.position[field.name]
        if isinstance(rows[n][at], Decimal):
            value: Value = next(changes)(rows[n][at])
            row = (*rows[n][:at], value, *rows[n][at + 1 :])
            yield build(report.spec, {**report.tables, table.id: (*rows[:n], row, *rows[n + 1 :])})
            yield build(report.spec, {**report.tables, table.id: (*rows[:n], *rows[n + 1 :])})


def test_the_rules_as_sql_fail_in_the_same_places(tmp_path: Path) -> None:
    examples = [fatk.read(path).report for path in EXAMPLES]
    reports = [*examples, *(other for report in examples for other in one_cell_changed(report, 31))]
    ours = [
        (n, check.rule, *next(ref for ref in check.refs if ref.table))
        for n, report in enumerate(reports)
        for check in run(sql.covered(), Context(report))
        if check.outcome == FAILED
    ]
    with duckdb.connect() as connection:
        sql.load(connection, reports, tmp_path)
        theirs = connection.execute(sql.query(reports[0].spec)).fetchall()
    assert len({rule for _, rule, *_ in ours}) > 25
    assert Counter(ours) == Counter(theirs)
