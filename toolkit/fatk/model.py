"""The report: one immutable value, the same whatever file it came from.

A report is its tables and nothing else. Rows are tuples of values in the order of the table's fields, and stand in the
standard's order, so that equal reports are equal values and are written as the same bytes.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fatk.spec import Edition, Field, Form, Spec, Table
from fatk.values import Nothing, Value

Row = tuple[Value, ...]
Key = tuple[Value, ...]

#: Status of a table: rows are there, declared empty, or not in the source.
REPORTED: Final = "reported"
EMPTY: Final = "empty"
MISSING: Final = "missing"
TOTAL: Final = "TOTAL"


class Figures(NamedTuple):
    """The figures of a column. ``whole``: the column has a figure in each row. ``step`` is the unit of the last digit of all of
    them, 0.01 where they have two decimals; ``None`` where they have not as many, or more than six, or there are none.
    ``unsigned``: none has a minus, be it before a zero."""

    values: tuple[Decimal, ...]
    whole: bool
    step: Decimal | None
    unsigned: bool


#: Units of the last digit of a figure, the usual ones first.
_STEPS: Final = tuple(Decimal(1).scaleb(-places) for places in (2, 0, 6, 4, 1, 3, 5))


def _figures(column: tuple[Value, ...]) -> Figures:
    values = tuple([value for value in column if isinstance(value, Decimal)])
    whole = bool(values) and len(values) == len(column)
    step = next((step for step in _STEPS if values and values[0].same_quantum(step)), None)
    even = step is not None and all(map(step.same_quantum, values))
    return Figures(values, whole, step if even else None, not any(map(Decimal.is_signed, values)))


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One departmental final account. Build one with ``build``; two reports are equal when all their tables are."""

    spec: Spec = dataclasses.field(repr=False)
    tables: Mapping[str, tuple[Row, ...]] = dataclasses.field(repr=False)
    #: What was worked out of the tables: they never change.
    _kept: dict[Hashable, Any] = dataclasses.field(default_factory=dict, init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        """Equal as printed: 8.0 and 8.00 are the same number but not the same report."""
        return (
            isinstance(other, Report)
            and self.tables == other.tables
            and self._decimals() == other._decimals()
        )

    def _decimals(self) -> list[object]:
        return [
            v.as_tuple().exponent
            for rows in self.tables.values()
            for row in rows
            for v in row
            if isinstance(v, Decimal)
        ]

    def __hash__(self) -> int:
        return hash(tuple(self.tables.values()))

    def __repr__(self) -> str:
        return f"<Report {self.one('entity').get('name')} {self.fiscal_year}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """In a notebook a report shows as itself, not as every table that it holds."""
        printer.text(repr(self))

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of a table, in the standard's order; values in the order of its fields."""
        return self.tables[table]

    def records(self, table: str) -> list[dict[str, Value]]:
        """The rows of a table as dictionaries, blanks included."""
        names = [f.name for f in self.spec.tables[table].fields]
        return [dict(zip(names, row, strict=True)) for row in self.tables[table]]

    def one(self, table: str) -> Mapping[str, Value]:
        """The single row of a table of one row; empty where the report has none."""
        found: Mapping[str, Value] | None = self._kept.get(("one", table))
        if found is None:
            rows = self.tables[table]
            names = self.spec.tables[table].position
            found = MappingProxyType(dict(zip(names, rows[0], strict=True)) if rows else {})
            self._kept["one", table] = found
        return found

    def columns(self, table: str) -> tuple[tuple[Value, ...], ...]:
        """The values of each field of a table, one for each row; nothing where it has no rows."""
        found: tuple[tuple[Value, ...], ...] | None = self._kept.get(("columns", table))
        if found is None:
            found = self._kept["columns", table] = tuple(zip(*self.tables[table], strict=True))
        return found

    def kinds(self, table: str, at: int) -> set[type]:
        """The types of the values of a table's field of that position; none where it has no rows."""
        found: set[type] | None = self._kept.get(("kinds", table, at))
        if found is None:
            columns = self.columns(table)
            found = self._kept["kinds", table, at] = set(map(type, columns[at])) if columns else set()
        return found

    def figures(self, table: str, at: int) -> Figures:
        """The figures of a table's field of that position, and what they have in common."""
        found: Figures | None = self._kept.get(("figures", table, at))
        if found is None:
            columns = self.columns(table)
            found = self._kept["figures", table, at] = _figures(columns[at] if columns else ())
        return found

    def value(self, table: str, key: str | Key, field: str) -> Value:
        """One cell by its row's key; ``KeyError`` where there is no such row, ``None`` where the cell is blank."""
        declared = self.spec.tables[table]
        wanted = key if isinstance(key, tuple) else (key,)
        for row in self.tables[table]:
            if key_of(declared, row) == wanted:
                return row[declared.position[field]]
        raise KeyError((table, key))

    def status(self, table: str) -> Mapping[str, Value]:
        """What the table list says of one of the nine tables: status, statement, printed title and so on."""
        declared = self.spec.tables["tables"]
        for row in self.tables["tables"]:
            if row[0] == table:
                return dict(zip(declared.position, row, strict=True))
        return {"table": table, "status": MISSING}

    @property
    def fiscal_year(self) -> int:
        """The fiscal year; 0 where the report lacks it."""
        year = self.one("report").get("fiscal_year")
        return year if isinstance(year, int) else 0

    @property
    def edition(self) -> Edition:
        """The edition of the printed forms that the report names, or the nearest known one."""
        found: Edition | None = self._kept.get("edition")
        if found is None:
            found = self.spec.edition_for(str(self.one("report").get("edition")), self.fiscal_year)
            self._kept["edition"] = found
        return found

    @property
    def unit(self) -> str | None:
        """Unit of the report's amounts."""
        unit = self.one("report").get("unit")
        return unit if isinstance(unit, str) else None

    def form(self, table: str) -> Form | None:
        """The printed form of one of the nine tables in the report's edition; ``None`` where the edition lacks it."""
        return self.edition.forms.get(table)


def same_entity(one: Report, other: Report) -> bool:
    """Whether two reports may be of one entity: their ids are the same; where one has none, their names or administrative
    divisions do not both differ."""
    ours, theirs = one.one("entity"), other.one("entity")
    if ours.get("id") and theirs.get("id"):
        return ours["id"] == theirs["id"] or ours.get("id_scheme") != theirs.get("id_scheme")
    return any(
        _folded(ours.get(k)) == _folded(theirs.get(k)) and ours.get(k)
        for k in ("name", "administrative_division")
    )


def _folded(name: Value) -> str:
    """A name without blanks and widths, which differ from file to file."""
    return "".join(unicodedata.normalize("NFKC", str(name or "")).split())


def absent_fields(report: Report, table: Table) -> frozenset[str]:
    """Fields of a table that the report's edition has no column for, among those that only some editions print."""
    form = report.form(table.id)
    printed = form.fields if form else frozenset()
    return frozenset(f.name for f in table.fields if f.by_edition and f.name not in printed)


def has_cell(field: Field, absent: frozenset[str], row_key: Value) -> bool:
    """Whether the printed form has a cell for the field in the row; ``absent`` is that of ``absent_fields``."""
    return field.name not in absent and (field.only is None or str(row_key).startswith(field.only))


def unprinted_cells(report: Report, table: Table) -> Iterator[tuple[Row, Field]]:
    """Cells of one of the nine tables that hold something although the edition's printed form has no place for it."""
    form = report.form(table.id)
    if form is None:
        return
    printed = form.fields
    places = {(column.line, column.field) for column in form.columns if column.line}
    if places:  # where columns are lines, each has its own
        for row in report.rows(table.id):
            for field in table.amounts:
                if (
                    row[table.position[field.name]] is not None
                    and (row[table.key_positions[0]], field.name) not in places
                ):
                    yield row, field
        return
    absent = frozenset(f.name for f in table.amounts if f.name not in printed)
    amounts = [(table.position[f.name], f) for f in table.amounts if f.only or f.name in absent]
    for row in report.rows(table.id) if amounts else ():
        for position, field in amounts:
            if row[position] is not None and not has_cell(field, absent, row[table.key_positions[0]]):
                yield row, field


def printed_only(report: Report) -> tuple[Report, int]:
    """The report without the cells that its edition's printed forms have no place for, and how many these are."""
    tables: dict[str, Iterable[Row]] = dict(report.tables)
    count = 0
    for table in report.spec.forms:
        lost: dict[int, set[int]] = {}
        for row, field in unprinted_cells(report, table):
            lost.setdefault(id(row), set()).add(table.position[field.name])
            count += 1
        if lost:
            tables[table.id] = [
                tuple(None if i in lost.get(id(row), ()) else value for i, value in enumerate(row))
                for row in report.rows(table.id)
            ]
    return (build(report.spec, tables), count) if count else (report, 0)


def key_of(table: Table, row: Row) -> Key:
    """The values of a row's key."""
    return tuple(row[i] for i in table.key_positions)


def row_name(table: Table, row: Row) -> str:
    """The text that names a row in ``cells`` and in findings: its key fields joined by ``/``, or ``*``."""
    places = table.key_positions
    if len(places) == 1:
        value = row[places[0]]
        return "" if value is None else str(value)
    return "/".join("" if row[i] is None else str(row[i]) for i in places) if places else "*"


def printed_row(table: Table, row: Row) -> str:
    """A row as people know it: a row of a form by its printed name, behind its code where it has one."""
    known = row_name(table, row)
    name = row[table.position["name"]] if table.kind == "form" else None
    if not isinstance(name, str):
        return known
    return f"{known} {name}" if known.isdigit() else name


@lru_cache(maxsize=256)
def order_of(table: Table) -> Callable[[Row], Any]:
    """The sort key that puts a table's rows into the standard's order: the line list, else the key, field by field."""
    if table.lines:
        ranks = {line: rank for rank, line in enumerate(table.lines)}
        prefixes = [(line[:-1], rank) for line, rank in ranks.items() if line.endswith("*")]
        several = tuple(prefix for prefix, _ in prefixes)
        at = table.key_positions[0]

        def by_line(row: Row) -> tuple[int, str]:
            line = row[at]
            if not isinstance(line, str):
                return (-1, "")
            known = ranks.get(line)
            if known is not None:
                return (known, line)
            if not line.startswith(several):
                return (len(ranks), line)
            return (next((rank for prefix, rank in prefixes if line.startswith(prefix)), len(ranks)), line)

        return by_line
    listed: dict[int, dict[Value, tuple[int, Any]]] = {
        i: {v: (1, n) for n, v in enumerate(table.fields[i].enum)} for i in table.key_positions
    }
    parts = [(i, ranks or _TOTAL_FIRST) for i, ranks in listed.items()]

    def by_key(row: Row) -> list[Any]:
        places: list[Any] = []
        for i, ranks in parts:
            places += ranks.get(row[i]) or _rank(row[i])
        return places

    return by_key


_TOTAL_FIRST: Final[dict[Value, tuple[int, Any]]] = {TOTAL: (3, "")}


def _rank(value: Value) -> tuple[int, Any]:
    if isinstance(value, str):
        return (3, "") if value == TOTAL else (4, value)
    return (2, value) if isinstance(value, (int, Decimal)) else (0, 0)


_BLANK: Final = {type(None)}


def build(spec: Spec, tables: Mapping[str, Iterable[Row]]) -> Report:
    """A report of the given rows: those that are not wholly blank, put in order, with the codes it uses and a line for each of the nine tables.

    Completing ``codes`` and ``tables`` adds nothing that is not in the rows already: a foreign key needs its target, and
    a table that no source mentions is ``missing``.
    """
    ordered: dict[str, tuple[Row, ...]] = {}
    for table in spec.tables.values():
        given = tables.get(table.id, ())
        rows = tuple([row for row in given if row[0] is not None or set(map(type, row)) != _BLANK])
        ordered[table.id] = tuple(sorted(rows, key=order_of(table))) if table.key and len(rows) > 1 else rows
    ordered["tables"] = _complete_tables(spec, ordered)
    ordered["codes"] = _complete_codes(spec, ordered)
    return Report(spec, MappingProxyType(ordered))


def _complete_tables(spec: Spec, tables: Mapping[str, tuple[Row, ...]]) -> tuple[Row, ...]:
    declared = spec.tables["tables"]
    listed = {row[0] for row in tables["tables"]}
    added = [
        make_row(declared, table=form.id, status=REPORTED if tables[form.id] else MISSING)
        for form in spec.forms
        if form.id not in listed
    ]
    return tuple(sorted([*tables["tables"], *added], key=order_of(declared))) if added else tables["tables"]


def _complete_codes(spec: Spec, tables: Mapping[str, tuple[Row, ...]]) -> tuple[Row, ...]:
    declared = spec.tables["codes"]
    known: dict[Value, set[Value]] = {}
    for row in tables["codes"]:
        scheme, code = key_of(declared, row)
        known.setdefault(scheme, set()).add(code)
    year = tables["report"][0][spec.tables["report"].position["fiscal_year"]] if tables["report"] else None
    rank = order_of(declared)
    added: list[tuple[Any, Row]] = []
    for form in spec.forms:
        at, name_at = form.key_positions[0], form.position["name"]
        there = known.setdefault(form.scheme, set())
        for row in tables[form.id]:
            code = row[at]
            if code not in there and isinstance(code, str):
                there.add(code)
                added.append(_code_row(spec, form, code, row[name_at], year))
    if not added:
        return tables["codes"]
    ranked = sorted([*((rank(row), row) for row in tables["codes"]), *added], key=_FIRST)
    return tuple([row for _, row in ranked])


_FIRST: Final = itemgetter(0)


@lru_cache(maxsize=8192)
def _code_row(spec: Spec, form: Table, code: str, name: Value, year: Value) -> tuple[Any, Row]:
    """The row of ``codes`` for a code that a form uses, behind its place in the order of rows: named by the official list of the
    year, else as printed."""
    fixed = form.scheme == form.id
    entry = (
        None
        if fixed or not code[0].isdigit()
        else spec.code(str(form.scheme), code, year if isinstance(year, int) else 0)
    )
    if entry:
        level, certainty, name = entry.level, entry.certainty, entry.name
    else:
        level = (
            "行"
            if fixed
            else {3: "类", 5: "款", 7: "项"}.get(len(code), "合计")
            if code[0].isdigit()
            else "合计"
        )
        certainty = "unknown" if code[0].isdigit() and not fixed else "seen"
    declared = spec.tables["codes"]
    row = make_row(
        declared, scheme=form.scheme, code=code, name=name, year=year if isinstance(year, int) else None,
        level=level, certainty=certainty,
    )  # fmt: skip
    return order_of(declared)(row), row


def make_row(declared: Table, /, **values: Value) -> Row:
    """A row of a table from named values; what is not named is blank, an unknown name is a ``KeyError``."""
    row: list[Value] = [None] * len(declared.fields)
    for name, value in values.items():
        row[declared.position[name]] = value
    return tuple(row)


def cells(table: Table, rows: Iterable[Row]) -> Iterator[tuple[Row, int, Value]]:
    """Every cell of the rows that is not blank, with its row and the position of its field."""
    for row in rows:
        for position, value in enumerate(row):
            if value is not None:
                yield row, position, value


def is_number(value: Value) -> bool:
    """Whether a cell holds a figure: neither blank nor one of the other kinds of nothing."""
    return isinstance(value, (Decimal, int)) and not isinstance(value, (bool, Nothing))
