"""What one pass over a workbook gathers: rows of the report, what was noticed, a place for every value, and an account of
every cell.

A cell is *used* by what it means (a title, a header, a value), or it is kept word for word under ``extras``: nothing is
dropped, and the difference is counted.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fatk import lexical
from fatk.captions import unit_shown, years_in
from fatk.findings import CellRef, Finding, notify
from fatk.grid import NUMBER, Book, Cell, Sheet
from fatk.model import Row, make_row, row_name
from fatk.reading import RowPlaces
from fatk.recognition import Heading, Region, Rows, is_aside, panes
from fatk.spec import Field, Spec, Table
from fatk.values import Value, clean_text
from fatk.vocabulary import fold

_BREAK: Final = re.compile(r"[ \u3000]*\n[ \u3000]*")

#: What the reader of a file notices → what is told of it.
NOTICES: Final = {
    "MACRO_PRESENT": "READ-44",
    "EXTERNAL_LINK": "READ-45",
    "HIDDEN_CONTENT": "READ-46",
    "TEXT_READ_AS": "READ-60",
    "TEXT_OUTSIDE_TABLES": "READ-61",
    "ENCODING_GUESSED": "READ-65",
    "RESULTS_SHEET": "READ-90",
    "SHOWN_DIFFERS": "READ-66",
    "CELL_NOT_READ": "READ-67",
    "ZERO_OR_TEXT": "READ-68",
}
#: A field, the column and cell that it was read from, and what is wrong with it.
CellFault = tuple[Field, int, Cell, lexical.Fault]


@dataclass(slots=True)
class Pane:
    """A sheet, or one of the parts of it on which forms stand side by side: its rows, its tables, and by row the columns of
    the cells that are used, and of those that are kept as they are and told already; ``edges``: the column left of which all
    are used. ``covered`` are the cells with content that nobody sees, since a merged range shows its first cell only."""

    sheet: Sheet
    rows: Rows
    regions: Sequence[Region]
    used: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    told: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    edges: dict[int, int] = field(default_factory=dict)
    covered: frozenset[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.covered = _covered(self.sheet)


def edge_of(columns: Collection[int]) -> int:
    """The leftmost column that is none of these."""
    edge = 0
    while edge in columns:
        edge += 1
    return edge


def _covered(sheet: Sheet) -> frozenset[tuple[int, int]]:
    """The cells with content in merged ranges, but the first of each."""
    rows, found = sheet.rows, []
    for top, left, bottom, right in sheet.merges:
        for row in _within(rows, top, bottom):
            line = rows[row]
            if len(line) > 1 or row != top or left not in line:
                found += [(row, c) for c in _within(line, left, right) if c != left or row != top]
    return frozenset(found)


def _within(there: dict[int, Any], first: int, last: int) -> list[int]:
    """The rows, or columns, of those that are there that lie in a span, both ends inclusive: the fewer are looked at."""
    if last - first < len(there):
        return [index for index in range(first, last + 1) if index in there]
    return [index for index in there if first <= index <= last]


@dataclass(slots=True)
class PrintedForm:
    """A form and what the lines around it say of it; ``units`` are all that are named in or around it, with their places,
    ``other_unit`` is one that no report is in, with its place, ``notes`` the rows among its data that are notes, and ``more``
    the further pages that may go on with it."""

    region: Region
    heading: Heading
    pane: Pane
    title: str | None
    number: str | None = None
    unit: str | None = None
    units: list[tuple[str, str]] = field(default_factory=list)
    other_unit: tuple[str, str] | None = None
    statement: str | None = None
    notes: set[int] = field(default_factory=set)
    more: list[PrintedForm] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of the report beside its rows: names of the entity and how often each stands, where the forms name it
    (table, place, the whole line and the name in it), places that tell one year and which, and the units beside items
    (table, field, place, unit)."""

    entities: Counter[str] = field(default_factory=Counter)
    named: list[tuple[str, str, str, str]] = field(default_factory=list)
    years: list[tuple[str, int]] = field(default_factory=list)
    units: list[tuple[Table, Field, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A workbook being read, and all that is gathered from it.

    ``asides`` are sheets that help to fill the workbook in: there are some where it was made to be filled in. ``spots``
    has the place of every row, ``items`` that of every field of a list of items. ``forms`` are by table. ``unread`` are
    rows of which a cell could not be read as it is, by table and name.
    """

    spec: Spec
    book: Book
    name: str
    asides: frozenset[str]
    panes: Sequence[Pane]
    rows: dict[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    spots: RowPlaces[tuple[Sheet, int, Mapping[str, int]]] = field(default_factory=RowPlaces)
    items: dict[tuple[str, str], tuple[Sheet, int, int]] = field(default_factory=dict)
    forms: dict[str, PrintedForm] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    unread: set[tuple[str, str]] = field(default_factory=set)


def opened(spec: Spec, book: Book, name: str, told: Told | None = None) -> Ledger:
    """The ledger of a workbook of which nothing is read yet; ``name`` is that of its file."""
    asides = frozenset(sheet.name for sheet in book.sheets if is_aside(sheet))
    kept = (sheet for sheet in book.sheets if sheet.name not in asides)
    found = [Pane(*pane) for sheet in kept for pane in panes(sheet)]
    return Ledger(spec, book, name, asides, found, told=told or Told())


# What the workbook's own lists say


def one(ledger: Ledger, table_id: str) -> dict[str, Value]:
    """The row of a table of one row, by field; empty where there is none yet."""
    rows = ledger.rows.get(table_id)
    return dict(zip(ledger.spec.tables[table_id].position, rows[0], strict=True)) if rows else {}


def line_names(ledger: Ledger) -> dict[str, dict[str, str]]:
    """By form: folded printed name → line, from the workbook's own list of codes."""
    found: dict[str, dict[str, str]] = {}
    at = ledger.spec.tables["codes"].position
    for row in ledger.rows.get("codes", ()):
        scheme, code, name = row[at["scheme"]], row[at["code"]], row[at["name"]]
        if isinstance(scheme, str) and isinstance(code, str) and isinstance(name, str):
            found.setdefault(scheme, {}).setdefault(fold(name), code)
    return found


def printed_as(ledger: Ledger, table_id: str) -> set[Value]:
    """What the workbook's own list of tables says is printed as the title and number of a form."""
    at = ledger.spec.tables["tables"].position
    return {
        row[at[name]]
        for row in ledger.rows.get("tables", ())
        if row[0] == table_id
        for name in ("printed_title", "printed_number")
    }


def listed_status(ledger: Ledger, table_id: str) -> Value:
    """The state of a table in the workbook's own list of tables; ``None`` where there is no such list."""
    at = ledger.spec.tables["tables"].position
    return next((row[at["status"]] for row in ledger.rows.get("tables", ()) if row[0] == table_id), None)


def table_decimals(ledger: Ledger, table_id: str, decimals: int) -> int:
    """The decimals of a form by the workbook's own list of tables; ``decimals`` where it says none."""
    at = ledger.spec.tables["tables"].position
    for row in ledger.rows.get("tables", ()):
        own = row[at["decimals"]]
        if row[0] == table_id and isinstance(own, int):
            return own
    return decimals


def unbroken(ledger: Ledger, name: str) -> str:
    """A printed name without the line ends that only make it fit its cell; our own workbooks print none such."""
    return name if "\n" not in name or "codes" in ledger.rows else _BREAK.sub("", name)


# What is read


def keep(
    ledger: Ledger, pane: Pane, table: Table, number: int, row: Row, spots: Mapping[str, int], faults: Sequence[CellFault]
) -> None:  # fmt: skip
    """Keep a row read from a sheet's row, with the columns that its fields stand in and what was wrong with them."""
    ledger.spots.add(table, row, (pane.sheet, number, spots))
    for fault in faults:
        note_fault(ledger, pane, table, row_name(table, row), number, fault)
    ledger.rows.setdefault(table.id, []).append(row)


def note_repeated(
    ledger: Ledger, table: Table, pane: Pane, number: int, column: int, text: str, notice: str = "READ-53"
) -> None:
    """Say that a column or an item is there already; what it holds is kept as it is."""
    where = pane.sheet.place(number, column)
    cell = CellRef(table.id, location=where, value=text)
    ledger.findings.append(notify(notice, cell, place=where, title=table.title, header=text))


def note_fault(ledger: Ledger, pane: Pane, table: Table, name: str, number: int, fault: CellFault) -> None:
    """Say what is wrong with one cell."""
    ledger.unread.add((table.id, name))
    declared, column, cell, (code, details) = fault
    where = pane.sheet.place(number, column)
    ref = CellRef(table.id, name, declared.name, where, declared.title, cell.text)
    ledger.findings.append(notify(code, ref, place=where, field=declared.title, **details))


def note_unit(form: PrintedForm, unit: str | None, place: str) -> None:
    """Note a unit that is named in or around a form; its captions come first."""
    if unit is not None:
        form.units.append((unit, place))
        form.unit = form.unit or unit


def note_shown_unit(form: PrintedForm, figure: Cell, place: str) -> None:
    """Note the unit that a figure's number format shows beside it, once: a form has it in every cell."""
    unit = unit_shown(figure.format) if figure.format.literal and figure.kind == NUMBER else None
    if unit is not None and all(unit != other for other, _ in form.units):
        note_unit(form, unit, place)


def note_year(ledger: Ledger, place: str, text: str) -> None:
    """Note the year that a title, a caption, a cover or a name tells, where it tells one."""
    found = set(years_in(text))
    if len(found) == 1:
        ledger.told.years.append((place, found.pop()))


def find_place(ledger: Ledger, table: str, row: str, field: str, again: int = 0) -> str | None:
    """Where a cell of the report stands in the workbook: its own cell, else the first of its row, else the title of the form
    that lacks the row."""
    item = ledger.items.get((table, field))
    if item is not None:
        return item[0].place(item[1], item[2])
    spot = ledger.spots.find(table, row, again)
    if spot is None:
        form = ledger.forms.get(row if table == "tables" else table)
        return _head(form) if form else None
    sheet, number, columns = spot
    column = columns.get(field, min(columns.values(), default=0))
    return sheet.place(number, column)


def _head(form: PrintedForm) -> str:
    """Where the title of a form stands, or else its header."""
    region, pane = form.region, form.pane
    row, column = region.title or (region.header, min(pane.rows[region.header]))
    return pane.sheet.place(row, column)


# What is left


def rest(ledger: Ledger) -> int:
    """Keep every cell that nothing has used, word for word, and say so once a sheet; how many cells are used, kept,
    blank, or derived from the report."""
    accounted = 0
    none: set[int] = set()
    table = ledger.spec.tables["extras"]
    titles = _cover_titles(ledger)
    for pane in ledger.panes:
        first: tuple[int, int] | None = None
        count = 0
        for row, line in pane.sheet.rows.items():
            accounted += len(line)
            edge = pane.edges.get(row, 0)
            if edge and next(reversed(line)) < edge:
                continue
            used = pane.used.get(row) or none
            for column, cell in line.items():
                if column < edge or column in used:
                    continue
                text = clean_text(cell.text)
                if not text or (pane.regions and text in titles):
                    continue
                if column not in pane.told.get(row, ()):
                    first, count = first or (row, column), count + 1
                ledger.rows.setdefault("extras", []).append(
                    make_row(
                        table,
                        sheet=lexical.keep(pane.sheet.full_name),
                        cell=pane.sheet.cell_name(row, column),
                        table=_form_at(pane, row),
                        text=lexical.keep(text),
                    )
                )
        if first:
            where, code = pane.sheet.place(*first), "READ-41" if pane.regions else "READ-43"
            left = CellRef(location=where)
            ledger.findings.append(notify(code, left, place=where, sheet=pane.sheet.full_name, count=count))
    return accounted


def _form_at(pane: Pane, row: int) -> str | None:
    """The form whose title, header or data a row lies between."""
    for region in reversed(pane.regions):
        if region.table.kind == "form" and (region.title or (region.header, 0))[0] <= row <= region.end:
            return region.table.id
    return None


def _cover_titles(ledger: Ledger) -> set[str]:
    """What the cover shows large: derived from the report, so that it need not be kept."""
    year, name = one(ledger, "report").get("fiscal_year"), one(ledger, "entity").get("name")
    return {f"{name or ''}{year or 0}年度部门决算"}


def pass_on_notices(ledger: Ledger) -> None:
    """Say what the reader of the file noticed, but nothing of sheets that help to fill in, nor, where there are such, of
    comments: these say what the fields mean, as the template has them."""
    for code, detail in ledger.book.notices:
        own = ledger.asides and code == "COMMENT_PRESENT"
        if not own and detail.partition("!")[0] not in ledger.asides:
            where = None if code == "ENCODING_GUESSED" else detail or None
            notice = NOTICES.get(code, "READ-47")
            ledger.findings.append(notify(notice, CellRef(location=where), detail=detail, code=code))
