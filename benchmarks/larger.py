"""One report grown to many rows, with sums that still come out: what shows whether the rules stay linear in rows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, product

from fatk.model import Report, Row, build
from fatk.spec import Table
from fatk.values import Value

#: Explanatory tables and claims whose rows are counted off, so that they may be any number.
_COUNTED = ("no", "occurrence")
#: Sections of a class and items of a section, at most: two digits number them.
_MOST = 99


def larger(report: Report, rows: int) -> Report:
    """The report with about so many rows: each class divided into more items, each counted row of a table copied.

    Whatever lists functional classes grows in the nine tables, whatever is numbered in the others; fixed lines stay.
    """
    growing = dict(_growing(report))
    standing = sum(len(found) for table, found in report.tables.items() if table not in {*growing, "codes"})
    # The codes that are listed grow with the longest table that uses them.
    listed = max(len(found) for table, found in growing.items() if _divisible(report.spec.tables[table]))
    times = max(1, round((rows - standing) / (sum(map(len, growing.values())) + listed)))
    tables = dict(report.tables, codes=())
    for table_id, found in growing.items():
        table = report.spec.tables[table_id]
        tables[table_id] = tuple((_divided if _divisible(table) else _copied)(table, found, times))
    return build(report.spec, tables)


def _growing(report: Report) -> Iterator[tuple[str, tuple[Row, ...]]]:
    for table in report.spec.tables.values():
        rows = report.rows(table.id)
        if rows and (_divisible(table) or (table.key and table.key[-1] in _COUNTED)):
            yield table.id, rows


def _divisible(table: Table) -> bool:
    return table.kind == "form" and table.scheme == "functional"


def _divided(table: Table, rows: tuple[Row, ...], times: int) -> Iterator[Row]:
    """The total, the classes, and below each class so many sections and items, in all tables the same, that come to it."""
    at = table.key_positions[0]
    below = 4 * times
    sections = min(_MOST, -(-below // _MOST))
    items = max(1, min(_MOST, below // sections - 1))
    for row in rows:
        code = str(row[at])
        if len(code) == 3 or not code.isdigit():
            yield row
        if len(code) == 3:
            for section, part in zip(_codes(code), _parts(table, row, sections), strict=False):
                yield (*part[:at], section, *part[at + 1 :])
                for item, piece in zip(_codes(section), _parts(table, part, items), strict=False):
                    yield (*piece[:at], item, *piece[at + 1 :])


def _codes(parent: str) -> Iterator[str]:
    return (parent + "".join(digits) for digits in islice(product("0123456789", repeat=2), 1, None))


def _parts(table: Table, row: Row, count: int) -> Iterator[Row]:
    """The row's amounts in ``count`` parts, whole cents, the first with what is left over."""
    amounts = {table.position[field.name] for field in table.amounts}
    for n in range(count):
        yield tuple(_part(value, count, n) if i in amounts else value for i, value in enumerate(row))


def _part(value: Value, count: int, n: int) -> Value:
    if not isinstance(value, Decimal):
        return value
    each = (value / count).quantize(Decimal("0.01"), "ROUND_DOWN")
    return value - each * (count - 1) if n == 0 else each


def _copied(table: Table, rows: tuple[Row, ...], times: int) -> Iterator[Row]:
    """Every row ``times`` times, with numbers that go on."""
    at = table.position[table.key[-1]]
    step = max(int(str(row[at])) for row in rows)
    for n in range(times):
        for row in rows:
            yield (*row[:at], int(str(row[at])) + n * step, *row[at + 1 :])
