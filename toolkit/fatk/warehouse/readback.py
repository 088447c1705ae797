"""Reports of a store as reports again: the same values as were put in, printed with the same decimals in the same unit."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from fatk.model import Report, Row, row_name
from fatk.spec import Field, Spec, Table, load
from fatk.values import NOTHINGS, Value, parse_decimal
from fatk.warehouse.datasets import (
    BASE,
    PRINTED,
    column_name,
    dataset_id,
    foreign_unit,
    kept_in_base,
    money,
)
from fatk.warehouse.rows import Units, own_factor, plain

#: Rows that are made values at a time, of each dataset.
_AT_ONCE = 4_096
#: Which column of every dataset names the file that a row comes from.
_FILE = next(at for at, column in enumerate(BASE) if column.name == "file")
#: Without these tables a report does not know what its figures are.
_ALWAYS = frozenset({"report", "entity", "tables"})
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of a report are: in which part of each dataset, and by which file and digest they are known."""

    part: str
    file: str
    source: str


def reports(store: Path, wanted: Sequence[Place]) -> Iterator[Report]:
    """The reports at some places, in that order; one may be asked for several times.

    A table is read from the store when somebody looks into it, for all of the reports wanted at once: they should be few enough
    that their rows can be held in memory together. Of each file only those groups of rows are read that may hold one of them.
    """
    spec = load()
    readers = {
        table.id: _Reader(table, _Stream(store, wanted, dataset_id(table), _columns(table)))
        for table in spec.tables.values()
    }
    printed = _Stream(store, wanted, PRINTED, ("table", "row", "field", "again", "printed"))
    for number in range(len(wanted)):
        yield Report(spec, _Tables(spec, number, readers, printed))


class _Tables(Mapping[str, tuple[Row, ...]]):
    """The tables of the report of a number, each made when it is first asked for."""

    def __init__(self, spec: Spec, number: int, readers: Mapping[str, _Reader], printed: _Stream) -> None:
        self._spec, self._number, self._readers, self._printed = spec, number, readers, printed
        self._made: dict[str, tuple[Row, ...]] = {}
        self._units: Units | None = None
        self._said: dict[str, dict[tuple[str, str, int], str]] | None = None

    def __getitem__(self, table: str) -> tuple[Row, ...]:
        if table not in self._made:
            self._made[table] = self._table(self._readers[table])
        return self._made[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def _table(self, reader: _Reader) -> tuple[Row, ...]:
        report = Report(self._spec, self)
        if self._units is None and reader.table.id not in _ALWAYS:
            self._units = Units(report)
        if self._said is None:
            self._said = defaultdict(dict)
            for table, row, field, again, text in zip(*self._printed.columns(self._number), strict=True):
                self._said[table][row, field, again] = text
        units = None if reader.table.id in _ALWAYS else self._units
        rows = reader.rows(self._number, report, units)
        return _as_printed(reader.table, rows, self._said.get(reader.table.id, {}))


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


#: Values of some rows, by column.
_Columns = Sequence[Sequence[Any]]


class _Stream:
    """The rows of one dataset for the reports wanted; the files are read when the first of them is asked for."""

    def __init__(self, store: Path, wanted: Sequence[Place], dataset: str, columns: Sequence[str]) -> None:
        self._where = store, wanted, dataset, columns
        self._none: _Columns = tuple(() for _ in columns)
        self._pieces: Sequence[_Piece] | None = None

    def columns(self, number: int) -> _Columns:
        """The rows of a report by its number, in the order in which they were put in, as lists of values, one for each column."""
        if self._pieces is None:
            self._pieces = tuple(_pieces(*self._where))
        found = [values for piece in self._pieces if (values := piece.columns(number)) is not None]
        if len(found) < 2:
            return found[0] if found else self._none
        return [[*chain.from_iterable(several)] for several in zip(*found, strict=True)]


class _Piece:
    """Rows of some reports, in the order of their numbers, as an Arrow table, of which a part is values at a time.

    ``counts`` says how many rows each report has, one behind the other.
    """

    def __init__(self, table: Any, counts: Mapping[int, int]) -> None:
        self._table = table
        self._at: dict[int, tuple[int, int, int]] = {}
        begun, start = 0, 0  # a part of the table begins at the first row, the next report at the second
        for number in sorted(counts):
            if start > begun and start + counts[number] - begun > _AT_ONCE:
                begun = start
            self._at[number] = begun, start, start + counts[number]
            start += counts[number]
        self._ends = {begun: end for begun, _, end in self._at.values()}
        self._begun = -1
        self._values: _Columns = ()

    def columns(self, number: int) -> _Columns | None:
        """The rows of a report, by column; ``None`` where it has none here."""
        if number not in self._at:
            return None
        begun, start, end = self._at[number]
        if begun != self._begun:
            part = self._table.slice(begun, self._ends[begun] - begun)
            self._begun, self._values = begun, [column.to_pylist() for column in part.columns]
        return [column[start - begun : end - begun] for column in self._values]


def _pieces(store: Path, wanted: Sequence[Place], dataset: str, columns: Sequence[str]) -> Iterator[_Piece]:
    """The rows of the reports wanted, file by file and group of rows by group."""
    import pyarrow.parquet as pq

    by_part: dict[str, dict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    for number, place in enumerate(wanted):
        by_part[place.part][place.file].append((number, place.source))
    read = list(dict.fromkeys(("file", "source", *columns)))
    for part, by_file in by_part.items():
        at = store.joinpath(dataset, f"{part}.parquet")
        if not at.exists():
            continue
        names = sorted(by_file)
        with pq.ParquetFile(at, memory_map=False) as file:
            for group in range(file.num_row_groups):
                if not _may_hold(file.metadata.row_group(group), names):
                    continue
                rows = file.read_row_group(group, read, use_threads=False)
                runs = sorted(
                    (number, start, end)
                    for name, start, end in _runs(rows["file"])
                    for number, source in by_file.get(name, ())
                    if rows["source"][start].as_py() == source
                )
                if runs:
                    yield _piece(rows.select(columns), runs)


def _piece(rows: Any, runs: Sequence[tuple[int, int, int]]) -> _Piece:
    """Some runs of rows, copied, or the whole group would stay in memory for a few of its rows."""
    import pyarrow as pa

    counts: dict[int, int] = defaultdict(int)
    joined: list[tuple[int, int]] = []
    for number, start, end in runs:
        counts[number] += end - start
        if joined and joined[-1][1] == start:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    if joined == [(0, rows.num_rows)]:
        return _Piece(rows, counts)
    kept = pa.concat_tables([rows.slice(start, end - start) for start, end in joined])
    return _Piece(kept.combine_chunks(), counts)


def _may_hold(group: Any, names: Sequence[str]) -> bool:
    """Whether a group of rows may hold one of some files, given in their order, as far as is said of it."""
    said = group.column(_FILE).statistics
    if said is None or not said.has_min_max:
        return True
    at = bisect_left(names, said.min)
    return at < len(names) and names[at] <= said.max


def _runs(column: Any) -> Iterator[tuple[str, int, int]]:
    """Where each value of a column stands, row after row: the value, and the rows from and to which it does."""
    import pyarrow.compute as pc

    start = 0
    for encoded in pc.run_end_encode(column).chunks:
        first = start
        for value, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
            yield value, start, first + end
            start = first + end


def _columns(table: Table) -> tuple[str, ...]:
    """The columns of a table's dataset that its rows are made of again."""
    found = []
    for field in table.fields:
        found.append(kept_in_base(table, field) or column_name(field))
        if field.states:
            found.append(f"{column_name(field)}_state")
    return tuple(found)


class _Reader:
    """The rows of one table, report by report."""

    def __init__(self, table: Table, stream: _Stream) -> None:
        self.table, self._stream = table, stream
        places = {name: at for at, name in enumerate(_columns(table))}
        self._fields = [
            (
                field,
                places[kept_in_base(table, field) or column_name(field)],
                money(table, field),
                own_factor(field),
            )
            for field in table.fields
        ]
        self._foreign = any(foreign_unit(table, field) for field in table.fields)

    def rows(self, number: int, report: Report, units: Units | None) -> tuple[Row, ...]:
        """The rows of a report by its number; ``report`` has those tables already that say what figures are in."""
        columns = self._stream.columns(number)
        if self.table.id == "sources":  # the first is the file itself, which is none that the report names
            columns = [column[1:] for column in columns]
        if not columns[0]:
            return ()
        if units is None:
            return self._made(columns, [None] * len(columns[0]), _ONE)
        if self.table.id == "cells":
            return tuple(self._bounds(row, report, units) for row in zip(*columns, strict=True))
        factor, decimals = units.of(self.table.id)
        factors = [factor] * len(columns[0])
        if self._foreign:
            pointer, by_row = units.of_rows(report, self.table)
            factors = [by_row.get(value, factor) for value in columns[self._fields[pointer][1]]]
        return self._made(columns, factors, _ONE.scaleb(-decimals))

    def _made(
        self, columns: _Columns, factors: Sequence[Decimal | None], quantum: Decimal
    ) -> tuple[Row, ...]:
        made: list[Sequence[Value]] = []
        for field, at, amount, own in self._fields:
            values: Sequence[Value]
            if own is not None:
                power = -own.adjusted()
                values = [None if value is None else plain(value.scaleb(power)) for value in columns[at]]
            elif amount:
                values = [
                    None if value is None or factor is None else _restored(value, factor.adjusted(), quantum)
                    for value, factor in zip(columns[at], factors, strict=True)
                ]
            else:
                values = _plain_values(field, columns[at])
            if field.states:
                states = columns[at + 1]
                values = [
                    NOTHINGS.get(state) if value is None else value
                    for value, state in zip(values, states, strict=True)
                ]
            made.append(values)
        return tuple(zip(*made, strict=True))

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


def _plain_values(field: Field, column: Sequence[Any]) -> Sequence[Value]:
    """The values of a field that is no money, of its column in the store."""
    if field.type == "number":
        return [plain(value) if isinstance(value, Decimal) else value for value in column]
    if field.type == "date":
        return [value.isoformat() if isinstance(value, date) else value for value in column]
    return column


def _restored(value: Decimal, power: int, quantum: Decimal) -> Decimal:
    """A figure in 元 in the unit that it was printed in, with the usual decimals if they suffice."""
    exact = value.scaleb(-power) if power else value
    usual = exact.quantize(quantum)
    return usual if usual == exact else plain(exact)
