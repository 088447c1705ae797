"""Reports of a store as reports again: the same values as were put in, printed with the same decimals in the same unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fatk.model import Report, Row, row_name
from fatk.spec import Spec, Table, load
from fatk.values import NOTHINGS, Value, parse_decimal
from fatk.warehouse.catalogue import quoted
from fatk.warehouse.datasets import (
    FILES,
    PRINTED,
    column_name,
    dataset_id,
    foreign_unit,
    kept_in_base,
    money,
)
from fatk.warehouse.rows import Units, own_factor, plain

#: Rows that are in memory at a time, of each dataset.
_AT_ONCE = 4_096
#: Without these tables a report does not know what its figures are.
_ALWAYS = frozenset({"report", "entity", "tables"})
_ONE = Decimal(1)


def reports(
    connection: Any, store: Path, work: Path, tables: Iterable[str] | None = None
) -> Iterator[tuple[int, Report]]:
    """The reports that the table ``wanted`` of a database names, by its columns ``place`` (unique), ``source`` and ``file``, each
    with its place, in that order. With ``tables``, other tables are left empty.

    Only a few reports are in memory at a time, however many there are: the rows of all tables are sorted to files in the
    folder ``work``, which take as much room as the store does.
    """
    spec = load()
    chosen = set(spec.tables) if tables is None else _ALWAYS.union(tables)
    readers = [
        _Reader(table, _Stream(connection, store, work, dataset_id(table), _columns(table)))
        for table in sorted(spec.tables.values(), key=lambda table: table.id not in _ALWAYS)
        if table.id in chosen
    ]
    printed = _Stream(connection, store, work, PRINTED, ("table", "row", "field", "again", "printed"))
    places = connection.cursor().execute("SELECT place FROM wanted ORDER BY place")
    while some := places.fetchmany(_AT_ONCE):
        for (place,) in some:
            yield place, _report(spec, place, readers, printed)


def _report(spec: Spec, place: int, readers: Sequence[_Reader], printed: _Stream) -> Report:
    found: dict[str, tuple[Row, ...]] = dict.fromkeys(spec.tables, ())
    report = Report(spec, found)
    said: dict[str, dict[tuple[str, str, int], str]] = defaultdict(dict)
    for table, row, field, again, text in printed.rows(place):
        said[table][row, field, again] = text
    units: Units | None = None
    for reader in readers:
        if units is None and reader.table.id not in _ALWAYS:
            units = Units(report)
        rows = reader.rows(place, report, units)
        found[reader.table.id] = _as_printed(reader.table, rows, said.get(reader.table.id, {}))
    return Report(spec, MappingProxyType(found))


def _as_printed(
    table: Table, rows: tuple[Row, ...], said: Mapping[tuple[str, str, int], str]
) -> tuple[Row, ...]:
    """The rows with those figures put in that are printed otherwise than their unit and decimals tell."""
    if not said:
        return rows
    names: dict[str, int] = defaultdict(int)
    by_row: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for (name, field, again), text in said.items():
        by_row[name, again].append((table.position[field], text))
    found = []
    for row in rows:
        name = row_name(table, row)
        values: list[Value] = list(row)
        for at, text in by_row.get((name, names[name]), ()):
            values[at] = parse_decimal(text)
        names[name] += 1
        found.append(tuple(values))
    return tuple(found)


class _Stream:
    """The rows of one dataset for the reports wanted, in the order of their places and, within one, as they were put in.

    They are sorted once, to a file below ``work``: of many sorts at a time the database would keep more than it has room for.
    """

    def __init__(
        self, connection: Any, store: Path, work: Path, dataset: str, columns: Sequence[str]
    ) -> None:
        self._ahead: tuple[Any, ...] | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        if next(store.glob(FILES.format(dataset=dataset)), None) is None:
            return
        files = quoted((store / FILES.format(dataset=dataset)).as_posix())
        listed = ", ".join(f'd."{name}"' for name in columns)
        target = work / f"{dataset}.parquet"
        connection.execute(
            f"COPY (SELECT w.place, {listed} FROM"
            f" read_parquet({files}, hive_partitioning = false, file_row_number = true) d"
            " JOIN wanted w USING (source, file) ORDER BY w.place, d.file_row_number)"
            f" TO {quoted(target.as_posix())} (FORMAT parquet, ROW_GROUP_SIZE {_AT_ONCE})"
        )
        self._rows = _stored(target)
        self._ahead = next(self._rows, None)

    def rows(self, place: int) -> Iterator[tuple[Any, ...]]:
        """The rows of the report at a place; places are asked for in their order."""
        while self._ahead is not None and self._ahead[0] == place:
            row, self._ahead = self._ahead, next(self._rows, None)
            yield row[1:]


def _stored(target: Path) -> Iterator[tuple[Any, ...]]:
    """The rows of a Parquet file, of which a part is in memory at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(target) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _columns(table: Table) -> tuple[str, ...]:
    """The columns of a table's dataset that its rows are made of again."""
    found = []
    for field in table.fields:
        found.append(kept_in_base(table, field) or column_name(field))
        if field.states:
            found.append(f"{column_name(field)}_state")
    return tuple(found)


#: What makes the value of a field of one or two columns.
_Step = Callable[[Any, Any], Value]


class _Reader:
    """The rows of one table, report by report."""

    def __init__(self, table: Table, stream: _Stream) -> None:
        self.table, self._stream = table, stream
        places = {name: at for at, name in enumerate(_columns(table))}
        self._places = [
            (
                places[kept_in_base(table, field) or column_name(field)],
                field.states,
                money(table, field),
                own_factor(field),
            )
            for field in table.fields
        ]
        self._foreign = any(foreign_unit(table, field) for field in table.fields)

    def rows(self, place: int, report: Report, units: Units | None) -> tuple[Row, ...]:
        """The rows of the report at a place; ``report`` has those tables already that say what figures are in."""
        stored = self._stream.rows(place)
        if self.table.id == "sources":
            next(stored, None)  # the file itself, which is none that the report names
        if units is None:
            return tuple(self._row(row, None, _ONE) for row in stored)
        if self.table.id == "cells":
            return tuple(self._bounds(row, report, units) for row in stored)
        factor, decimals = units.of(self.table.id)
        pointer, by_row = units.of_rows(report, self.table) if self._foreign else (0, {})
        at = self._places[pointer][0]
        quantum = _ONE.scaleb(-decimals)
        return tuple(self._row(row, by_row.get(row[at], factor), quantum) for row in stored)

    def _row(self, row: tuple[Any, ...], factor: Decimal | None, quantum: Decimal) -> Row:
        power = 0 if factor is None else factor.adjusted()
        made: list[Value] = []
        for at, states, amount, own in self._places:
            value = row[at]
            if value is None:
                made.append(NOTHINGS.get(row[at + 1]) if states else None)
            elif own is not None:
                made.append(plain(value.scaleb(-own.adjusted())))
            elif amount:
                made.append(None if factor is None else _restored(value, power, quantum))
            elif isinstance(value, Decimal):
                made.append(plain(value))
            else:
                made.append(value.isoformat() if isinstance(value, date) else value)
        return tuple(made)

    def _bounds(self, row: tuple[Any, ...], report: Report, units: Units) -> Row:
        """A row of ``cells``: its bounds are in the unit of the cell that it describes."""
        at = self.table.position
        factor = units.of_cell(report.spec, str(row[at["table"]]), str(row[at["field"]]))
        return tuple(
            plain(value.scaleb(-factor.adjusted()))
            if isinstance(value, Decimal) and factor is not None
            else value
            for value in row
        )


def _restored(value: Decimal, power: int, quantum: Decimal) -> Decimal:
    """A figure in 元 in the unit that it was printed in, with the usual decimals if they suffice."""
    exact = value.scaleb(-power) if power else value
    usual = exact.quantize(quantum)
    return usual if usual == exact else plain(exact)
