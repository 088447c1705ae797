"""From the cells of a workbook to the rows of a report, with a place for every value and an account of every cell.

Each non-empty cell of the source is *used* by what it means here (a title, a header, a value), or it is kept word for word
under ``extras``: nothing is dropped, and the difference is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from functools import cache

from fatk import captions, layout, lexical
from fatk.captions import read_captions, unit_in, years_in
from fatk.findings import CellRef, Finding, notify
from fatk.grid import FORMULA_WITHOUT_VALUE, Book, Cell, Sheet
from fatk.model import EMPTY, MISSING, REPORTED, Row, build, make_row, row_name
from fatk.reading import Reading, RowPlaces, check_version
from fatk.recognition import (
    Heading,
    Meaning,
    Region,
    Rows,
    code_levels,
    fold,
    fold_title,
    heading,
    is_aside,
    is_cut_title,
    is_foot,
    is_header_word,
    is_number_row,
    is_total,
    panes,
    strip_ordinal,
    title_of,
    vocabulary,
)
from fatk.rounding import usual_step
from fatk.rowkeys import Columns, Keys, is_residue
from fatk.spec import Edition, Field, Spec, Table, load
from fatk.values import BLANKS, Nothing, Value, clean_text, parse_decimal, round_half_up, show, text_fault

#: A cover's large line: whose final accounts, of which year.
_COVER = re.compile(r"(.*?)(20[0-9]{2})年(?:度)?(?:部门|单位)?决算.*")
_COVER_CELLS = 200
_BREAK = re.compile(r"[ \u3000]*\n[ \u3000]*")
_BUDGET = re.compile(r"预算(?:公开|总表|表)|年度?(?:部门|单位)?预算$|部门预算|单位预算")
_WITHHELD = re.compile(r"涉密|保密|不宜公开|不予公开")
_EMPTY_STATEMENT = re.compile(r"无数据|空表|没有.*(?:收入|支出)|无.*(?:收入|支出)")
#: Beyond this share of the last printed digit, the figure stored is not the figure shown.
_FLOAT_NOISE = Decimal("0.000001")
#: How much of a misspelt word must be right for the one that is meant to be named.
_ALIKE = 0.7


def transcribe(book: Book, spec: Spec, name: str = "") -> Reading:
    """The report that a workbook holds."""
    return _Transcription(spec, book, name).reading()


@dataclass(slots=True)
class _SheetState:
    """One sheet being read: its rows, what of it is used, and the tables found."""

    sheet: Sheet
    rows: Rows
    regions: Sequence[Region]
    used: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class _FormState:
    """A form and what the lines around it say of it; ``more`` are the further pages that may go on with it."""

    region: Region
    heading: Heading
    state: _SheetState
    title: str | None
    number: str | None = None
    unit: str | None = None
    statement: str | None = None
    more: list[_FormState] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How far a workbook is printed as an edition prints: marks alike, marks that differ, and the tables that do."""

    likenesses: int
    differences: int
    tables: tuple[str, ...]


#: A field, the column and cell that it was read from, and what is wrong with it.
_Fault = tuple[Field, int, Cell, lexical.Fault]


class _Transcription:
    """One pass over a workbook. Lists first, since they say what the forms cannot; then forms; then what is left."""

    def __init__(self, spec: Spec, book: Book, name: str) -> None:
        self.spec, self.book, self.name = spec, book, name
        self.rows: dict[str, list[Row]] = {}
        self.findings: list[Finding] = []
        self.spots = RowPlaces[tuple[Sheet, int, Mapping[str, int]]]()
        self.items: dict[tuple[str, str], tuple[Sheet, int, int]] = {}
        self.units: list[tuple[Table, Field, str, str]] = []
        #: Sheets that help to fill the workbook in: there are some where it was made to be filled in.
        self.asides = frozenset(sheet.name for sheet in book.sheets if is_aside(sheet))
        self.sheets = [
            _SheetState(*pane)
            for sheet in book.sheets
            if sheet.name not in self.asides
            for pane in panes(sheet)
        ]
        self.forms: dict[str, _FormState] = {}
        self.entities: Counter[str] = Counter()
        #: Where the forms name the entity: table, place, the whole line and the name in it.
        self.named: list[tuple[str, str, str, str]] = []
        #: Where a year is named: the place, and the only year there.
        self.years: list[tuple[str, int]] = []
        #: Rows of which a cell could not be read as it is: table and name.
        self.unread: set[tuple[str, str]] = set()

    def reading(self) -> Reading:
        for state in self.sheets:
            for region in state.regions:
                if region.table.kind != "form":
                    self.read_list(state, region)
        about = self.one("report")
        check_version(about.get("spec_version"), self.spec)
        names = self.names()
        for state in self.sheets:
            for region in state.regions:
                if region.table.kind == "form":
                    self.head(state, region, names.get(str(region.table.scheme), {}))
        for form in self.forms.values():
            self.surroundings(form, names.get(str(form.region.table.scheme), {}))
        if self.forms and "report" not in self.rows:
            self.covers()
            if (said := self.is_budget()) is not None:
                self.findings.append(notify("READ-95", said, place=said.location, text=said.value))
        edition, certainty = self.edition(about)
        decimals = about.get("decimals")
        decimals = decimals if isinstance(decimals, int) else edition.decimals
        for form in self.forms.values():
            self.read_form(
                form,
                self.table_decimals(form.region.table.id, decimals),
                names.get(str(form.region.table.scheme), {}),
            )
        self.leave_out(edition)
        self.describe(edition, decimals)
        total = sum(len(s.sheet.cells) for s in self.sheets)
        accounted = self.rest()
        for code, detail in self.book.notices:
            own = (
                self.asides and code == "COMMENT_PRESENT"
            )  # what the fields mean, which the template says itself
            if not own and detail.partition("!")[0] not in self.asides:
                self.notice(code, detail)
        return Reading(
            build(self.spec, self.rows), tuple(self.findings), self.place,
            edition_certainty=certainty, source_cells=total, unaccounted_cells=total - accounted,
        )  # fmt: skip

    def one(self, table_id: str) -> dict[str, Value]:
        rows = self.rows.get(table_id)
        return dict(zip(self.spec.tables[table_id].position, rows[0], strict=True)) if rows else {}

    def names(self) -> dict[str, dict[str, str]]:
        """By form: folded printed name → line, from the workbook's own list of codes."""
        found: dict[str, dict[str, str]] = {}
        at = self.spec.tables["codes"].position
        for row in self.rows.get("codes", ()):
            scheme, code, name = row[at["scheme"]], row[at["code"]], row[at["name"]]
            if isinstance(scheme, str) and isinstance(code, str) and isinstance(name, str):
                found.setdefault(scheme, {}).setdefault(fold(name), code)
        return found

    def printed(self, table_id: str) -> set[Value]:
        """What the workbook's own list of tables says is printed as the title and number of a form."""
        at = self.spec.tables["tables"].position
        return {
            row[at[name]]
            for row in self.rows.get("tables", ())
            if row[0] == table_id
            for name in ("printed_title", "printed_number")
        }

    def listed_status(self, table_id: str) -> Value:
        """The state of a table in the workbook's own list of tables; ``None`` where there is no such list."""
        at = self.spec.tables["tables"].position
        return next((row[at["status"]] for row in self.rows.get("tables", ()) if row[0] == table_id), None)

    def table_decimals(self, table_id: str, decimals: int) -> int:
        at = self.spec.tables["tables"].position
        for row in self.rows.get("tables", ()):
            own = row[at["decimals"]]
            if row[0] == table_id and isinstance(own, int):
                return own
        return decimals

    # Lists: the tables that are no form

    def read_list(self, state: _SheetState, region: Region) -> None:
        table = region.table
        if region.title:
            state.used.add(region.title)
        state.used.update((region.header, c) for c, _ in state.rows[region.header])
        if table.single:
            self.read_record(state, region)
            return
        positions = {f.title: i for i, f in enumerate(table.fields)}
        columns: dict[int, int] = {}
        for c, cell in state.rows[region.header]:
            position = positions.get(cell.text.strip())
            if position is not None and position not in columns.values():
                columns[c] = position
                continue
            state.used.discard((region.header, c))
            if position is not None:
                self.repeated(table, state, region.header, c, cell.text)
        spots = {table.fields[position].name: column for column, position in columns.items()}
        fields = {column: (position, table.fields[position]) for column, position in columns.items()}
        width = len(table.fields)
        for number in range(region.header + 1, region.end + 1):
            values: list[Value] = [None] * width
            faults: list[_Fault] = []
            for column, cell in state.rows.get(number, ()):
                known = fields.get(column)
                if known is None:
                    continue
                state.used.add((number, column))
                position, declared = known
                values[position], fault = from_cell(declared, cell, None)
                if fault:
                    faults.append((declared, column, cell, fault))
            self.keep(state, table, number, tuple(values), spots, faults)

    def read_record(self, state: _SheetState, region: Region) -> None:
        """A list of items of a table of one row: the field's title, its value, its unit."""
        table = region.table
        header = {cell.text.strip(): c for c, cell in state.rows[region.header]}
        label_at, value_at, unit_at = header[layout.ITEM], header[layout.CONTENT], header.get(layout.UNIT)
        for c, _ in state.rows[region.header]:
            if c not in (label_at, value_at, unit_at):
                state.used.discard((region.header, c))
        titles = {f.title: i for i, f in enumerate(table.fields)}
        values: list[Value] = [None] * len(table.fields)
        known: set[int] = set()
        for number in range(region.header + 1, region.end + 1):
            line = dict(state.rows.get(number, ()))
            label = line.get(label_at)
            position = titles.get(label.text.strip()) if label else None
            if label is None or position is None:
                continue
            if position in known:
                self.repeated(table, state, number, label_at, label.text)
                continue
            known.add(position)
            state.used.add((number, label_at))
            declared = table.fields[position]
            if unit_at is not None and unit_at in line:
                state.used.add((number, unit_at))
                where = state.sheet.place(number, unit_at)
                self.units.append((table, declared, where, clean_text(line[unit_at].text)))
            if value_at in line:
                state.used.add((number, value_at))
                values[position], fault = from_cell(declared, line[value_at], None)
                self.items[table.id, declared.name] = (state.sheet, number, value_at)
                if fault:
                    self.fault(state, table, "*", number, (declared, value_at, line[value_at], fault))
        if any(value is not None for value in values):
            self.rows.setdefault(table.id, []).append(tuple(values))

    def keep(
        self, state: _SheetState, table: Table, number: int, row: Row, spots: Mapping[str, int], faults: Sequence[_Fault]
    ) -> None:  # fmt: skip
        """Keep a row read from a sheet's row, with the columns that its fields stand in and what was wrong with them."""
        name = row_name(table, row)
        self.spots.add(table, row, (state.sheet, number, spots))
        for fault in faults:
            self.fault(state, table, name, number, fault)
        self.rows.setdefault(table.id, []).append(row)

    def repeated(self, table: Table, state: _SheetState, number: int, column: int, text: str) -> None:
        """Say that a column or an item is there already; what it holds is kept as it is."""
        place = state.sheet.place(number, column)
        self.findings.append(
            notify(
                "READ-53",
                CellRef(table.id, location=place, value=text),
                place=place,
                title=table.title,
                header=text,
            )
        )

    def fault(self, state: _SheetState, table: Table, name: str, number: int, fault: _Fault) -> None:
        """Say what is wrong with one cell."""
        self.unread.add((table.id, name))
        declared, column, cell, (notice, details) = fault
        where = state.sheet.place(number, column)
        ref = CellRef(table.id, name, declared.name, where, declared.title, cell.text)
        self.findings.append(notify(notice, ref, place=where, field=declared.title, **details))

    def place(self, table: str, row: str, field: str, again: int = 0) -> str | None:
        """Where a cell of the report stands in the workbook: its own cell, else the first of its row."""
        item = self.items.get((table, field))
        if item is not None:
            return item[0].place(item[1], item[2])
        spot = self.spots.find(table, row, again)
        if spot is None:
            return None
        sheet, number, columns = spot
        column = columns.get(field, min(columns.values(), default=0))
        return sheet.place(number, column)

    # Forms: the nine tables

    def head(self, state: _SheetState, region: Region, names: Mapping[str, str]) -> None:
        """Read a form's header and the lines around it. Of several of one meaning the widest is the form; one with the same
        header may be its next page; others stay outside."""
        title = state.sheet.cells[place_of(region)].text if region.title else None
        form = _FormState(
            region, heading(state.sheet, state.rows, region, names), state, title and clean_text(title)
        )
        first = self.forms.get(region.table.id)
        if first is None:
            self.forms[region.table.id] = form
        elif _same_header(first.heading, form.heading):
            first.more.append(form)
        else:
            wider = _width(form.heading) > _width(first.heading)
            if wider:
                self.forms[region.table.id] = form
            self.outside(first if wider else form)

    def outside(self, form: _FormState) -> None:
        """Say that a second table of one meaning is left where it is."""
        region = form.region
        where = form.state.sheet.place(*place_of(region))
        cell = CellRef(region.table.id, location=where)
        self.findings.append(notify("READ-34", cell, place=where, title=region.table.title))

    def surroundings(self, form: _FormState, names: Mapping[str, str]) -> None:
        """Take what stands above a form's data: title, captions, header."""
        state, region, title = form.state, form.region, form.title
        table = region.table
        top = region.title[0] if region.title else region.header
        if region.title and title is not None:
            if "tables" not in self.rows or title_of(title) or title in self.printed(table.id):
                state.used.add(region.title)
            self.title(form, region.title, title)
        known = self.printed(table.id)
        for number in range(max(top - 2, 0), region.header):
            for column, cell in state.rows.get(number, ()):
                if (number, column) == region.title:
                    continue
                if (
                    self.caption(form, cell, state.sheet.place(number, column))
                    or clean_text(cell.text) in known
                ):
                    state.used.add((number, column))
        words = vocabulary(table.id)
        for number in form.heading.rows:
            for column, cell in state.rows[number]:
                placed = column in form.heading.meanings or number != form.heading.rows[-1]
                if placed and cell.kind == "text" and is_header_word(cell, words, names):
                    state.used.add((number, column))
                    form.unit = form.unit or unit_in(cell.text)
                elif placed and number != form.heading.first_data and is_header_word(cell, words, names):
                    state.used.add((number, column))
        self.year(state.sheet.place(*place_of(region)), title or "")
        self.year(state.sheet.name, state.sheet.name)

    def title(self, form: _FormState, place: tuple[int, int], title: str) -> None:
        """Say where a title is not that of the table that its header shows."""
        region, where = form.region, form.state.sheet.place(*place)
        cell = CellRef(region.table.id, location=where, value=title)
        form.unit = form.unit or unit_in(title)
        if is_cut_title(title) and title not in self.printed(region.table.id):
            self.findings.append(notify("READ-96", cell, place=where, text=title, title=region.table.title))
        if region.titled and title not in self.printed(region.table.id):
            named = self.spec.tables[region.titled].title
            self.findings.append(notify("READ-48", cell, place=where, named=named, title=region.table.title))

    def caption(self, form: _FormState, cell: Cell, place: str) -> bool:
        """Take what a cell near the title says of the form's number, unit or entity, or of the year; whether it does."""
        found = read_captions(cell.text, form.region.table.id)
        for caption in found:
            if caption.kind == captions.UNIT:
                form.unit = caption.value
            elif caption.kind == captions.NUMBER:
                form.number = caption.value
            elif caption.kind == captions.ENTITY:
                self.entities[caption.value] += 1
                self.named.append((form.region.table.id, place, caption.words, caption.value))
            else:
                self.year(place, caption.words)
        return bool(found)

    def read_form(self, form: _FormState, decimals: int, names: Mapping[str, str]) -> None:
        """Read the rows of a form, and of the pages that go on with it."""
        table = form.region.table
        last = self.foot(form)
        self.columns(form)
        if any(m.line for m in form.heading.meanings.values()):
            self.line_columns(form, last, decimals)
            for page in form.more:
                self.outside(page)
            return
        blocks = _blocks(form.heading, table)
        keys = {block.name: Keys(table, block.name, names) for block in blocks}
        self.read_rows(form, blocks, keys, last, decimals)
        known = {row[table.key_positions[0]] for row in self.rows.get(table.id, ())}
        for page in form.more:
            blocks = _blocks(page.heading, table)
            found = self.keys_of(page, blocks, names)
            if not found or not known.isdisjoint(found):  # another report, or the same table again
                self.outside(page)
                continue
            known |= found
            self.surroundings(page, names)
            self.read_rows(page, blocks, keys, self.foot(page), decimals)
            form.statement = form.statement or page.statement

    def read_rows(
        self, form: _FormState, blocks: Sequence[Columns], keys: Mapping[str, Keys], last: int, decimals: int
    ) -> None:  # fmt: skip
        """Read a form's rows of data; a header that a printed page repeats is none."""
        state, head = form.state, form.heading
        header = {
            tuple(fold(cell.text) for _, cell in state.rows[n]) for n in head.rows if n != head.first_data
        }
        self.line_numbers(form, last)
        for number in range(head.first_data, last + 1):
            line = dict(state.rows.get(number, ()))
            if not line:
                continue
            again = tuple(fold(cell.text) for cell in line.values()) in header
            if again or self.is_title_again(form, line):
                state.used.update((number, column) for column in line)
                continue
            for block in blocks:
                self.read_row(form, block, keys[block.name], number, line, decimals)

    def is_title_again(self, form: _FormState, line: Mapping[int, Cell]) -> bool:
        """Whether a row says nothing but the form's own title or captions, as on every printed page."""
        table = form.region.table.id
        return all(
            cell.kind == "text" and (title_of(cell.text) == table or read_captions(cell.text, table))
            for cell in line.values()
        )

    def keys_of(self, form: _FormState, blocks: Sequence[Columns], names: Mapping[str, str]) -> set[Value]:
        """The keys of the rows of a page, before any of it is taken."""
        keys = {block.name: Keys(form.region.table, block.name, names) for block in blocks}
        return {
            found.key
            for number in range(form.heading.first_data, form.region.end + 1)
            for line in [dict(form.state.rows.get(number, ()))]
            for block in blocks
            if (found := keys[block.name].identify(block, line)).key is not None
        }

    def line_numbers(self, form: _FormState, last: int) -> None:
        """Take a column of bare 行次 that no header names: whole numbers, one more in each row."""
        state, head = form.state, form.heading
        columns: dict[int, list[tuple[int, str]]] = {}
        for number in range(head.first_data, last + 1):
            for column, cell in state.rows.get(number, ()):
                if column not in head.meanings and column not in head.paths:
                    columns.setdefault(column, []).append((number, cell.text.strip(BLANKS)))
        for column, found in columns.items():
            texts = [text for _, text in found]
            if len(texts) >= 3 and texts[0].isdecimal():
                start = int(texts[0])
                if texts == [str(start + n) for n in range(len(texts))]:
                    state.used.update((number, column) for number, _ in found)

    def foot(self, form: _FormState) -> int:
        """Find the last row of data; take notes below it as footnotes or as the statement of an empty table."""
        state, region = form.state, form.region
        last, in_foot = region.end, False
        words = vocabulary(region.table.id)
        listed = self.rows.get("tables", ())
        at = self.spec.tables["tables"].position["statement"]
        statements = {row[at] for row in listed if row[0] == region.table.id}
        for number in range(form.heading.first_data, region.end + 1):
            line = state.rows.get(number)
            if not line:
                continue
            text = clean_text(line[0][1].text) if line[0][1].kind == "text" else ""
            alone = len(line) == 1
            if not in_foot and (is_foot(line) or (alone and (text in statements or _says_empty(text)))):
                in_foot, last = True, number - 1
            if in_foot and alone:
                place = (number, line[0][0])
                if fold(text) in words.footnotes:
                    state.used.add(place)
                elif form.statement is None and (text in statements or (not listed and _says_empty(text))):
                    form.statement = text
                    state.used.add(place)
        return last

    def columns(self, form: _FormState) -> None:
        """Say which columns are missing and which are not known; a pair of these that is one misspelt column, once."""
        head, table, state = form.heading, form.region.table, form.state
        sheet, header = state.sheet, form.region.header
        present = {m.field for m in head.meanings.values() if m.role == "amount"}
        upright = any(m.line for m in head.meanings.values())
        missing = [f for f in table.amounts if f.name not in present and not f.by_edition and not upright]
        unknown = {c: path for c, path in sorted(head.paths.items()) if c not in head.meanings}
        for column in head.repeated & unknown.keys():
            self.repeated(table, state, header, column, " > ".join(unknown.pop(column)))
        for wanted, column in _misspelt(missing, unknown):
            missing.remove(wanted)
            place, words = sheet.place(header, column), " > ".join(unknown.pop(column))
            cell = CellRef(table.id, field=wanted.name, location=place, value=words)
            self.findings.append(
                notify("READ-56", cell, place=place, title=table.title, header=words, field=wanted.title)
            )
        where = sheet.place(header, 0)
        for wanted in missing:
            cell = CellRef(table.id, field=wanted.name, location=where)
            self.findings.append(notify("READ-35", cell, place=where, title=table.title, field=wanted.title))
        for column, path in unknown.items():
            place = sheet.place(header, column)
            cell = CellRef(table.id, location=place, value="/".join(path))
            self.findings.append(
                notify("READ-36", cell, place=place, title=table.title, header=" > ".join(path))
            )

    def line_columns(self, form: _FormState, last: int, decimals: int) -> None:
        """A form whose columns are lines (三公): its one row of data becomes a row of each line."""
        state, table, head = form.state, form.region.table, form.heading
        number = self.line_row(form, last)
        if number is None and (
            form.statement is not None or self.listed_status(table.id) not in (None, REPORTED)
        ):
            return
        number = head.first_data if number is None else number
        line = dict(state.rows.get(number, ())) if number <= last else {}
        lines: dict[str, dict[int, tuple[int, Cell | None]]] = {}
        labels: dict[str, str] = {}
        for column, meaning in head.meanings.items():
            if meaning.line and meaning.field:
                lines.setdefault(meaning.line, {})[table.position[meaning.field]] = (column, line.get(column))
                labels.setdefault(meaning.line, self.line_label(form, column, meaning))
        for key, found in lines.items():
            values: list[Value] = [None] * len(table.fields)
            values[table.key_positions[0]], values[table.position["name"]] = key, labels[key]
            faults: list[_Fault] = []
            spots: dict[str, int] = {}
            for position, (column, cell) in found.items():
                declared = table.fields[position]
                spots[declared.name] = column
                if cell is not None:
                    state.used.add((number, column))
                    values[position], fault = from_cell(declared, cell, decimals)
                    if fault:
                        faults.append((declared, column, cell, fault))
            self.keep(state, table, number, tuple(values), spots, faults)

    def line_row(self, form: _FormState, last: int) -> int | None:
        """The row of data of a form whose columns are lines; of several, one for each unit, that of the total."""
        state, head = form.state, form.heading
        words = vocabulary(form.region.table.id)
        found = [
            number
            for number in range(head.first_data, last + 1)
            if any(column in head.meanings for column, _ in state.rows.get(number, ()))
        ]
        if len(found) < 2:
            return found[0] if found else None
        totals = [
            number
            for number in found
            if any(cell.kind == "text" and is_total(words, cell.text) for _, cell in state.rows[number])
        ]
        where = state.sheet.place(found[0], min(head.meanings))
        title, cell = form.region.table.title, CellRef(form.region.table.id, location=where)
        if len(totals) != 1:
            self.findings.append(notify("READ-99", cell, place=where, title=title))
            return None
        text = next(clean_text(c.text) for _, c in state.rows[totals[0]] if c.kind == "text")
        self.findings.append(notify("READ-98", cell, place=where, title=title, text=text))
        return totals[0]

    def line_label(self, form: _FormState, column: int, meaning: Meaning) -> str:
        """The printed name of a line that is a column: the word of its header that names it, as printed."""
        words = vocabulary(form.region.table.id)
        at = {(r, c): cell for r in form.heading.rows for c, cell in form.state.rows[r]}
        printed = []
        for row in (r for r in form.heading.rows if not is_number_row(form.state.rows[r])):
            place = form.heading.anchors.get((row, column), (row, column))
            if place in at and clean_text(at[place].text) not in printed:
                printed.append(clean_text(at[place].text))
        own = [text for text in printed if fold(text) in words.items or fold(text) not in words.words]
        named = [text for text in own if words.items.get(fold(text)) == meaning.line]
        return self.unbroken((named or own or printed)[-1])

    def unbroken(self, name: str) -> str:
        """A printed name without the line ends that only make it fit its cell; our own workbooks print none such."""
        return name if "codes" in self.rows else _BREAK.sub("", name)

    def read_row(
        self, form: _FormState, block: Columns, keys: Keys, number: int, line: Mapping[int, Cell], decimals: int
    ) -> None:  # fmt: skip
        """One printed row of one block."""
        state, table = form.state, form.region.table
        numbered = block.roles.get("line_number")
        if numbered is not None and numbered in line and line[numbered].text.strip(BLANKS).isdecimal():
            state.used.add((number, numbered))
        found = keys.identify(block, line)
        key, name, labels = found.key, found.name, found.columns
        if key is None:
            there = labels or [column for column, _, _ in block.amounts if column in line]
            if labels and line[labels[0]].kind == FORMULA_WITHOUT_VALUE:
                unknown = ("READ-32", {"text": line[labels[0]].text})
                declared = table.fields[table.key_positions[0]]
                self.fault(state, table, "", number, (declared, labels[0], line[labels[0]], unknown))
            elif there:
                self.unknown_row(form, block, number, there, line)
            return
        state.used.update((number, column) for column in labels)
        if found.inferred:
            where = state.sheet.place(number, labels[-1])
            cell = CellRef(table.id, key, table.key[0], where, value=name)
            self.findings.append(notify("READ-57", cell, place=where, text=name or "", code=key))
        values: list[Value] = [None] * len(table.fields)
        faults: list[_Fault] = []
        printed, wrong = lexical.from_text(table["name"], self.unbroken(name or ""))
        if wrong:
            faults.append((table["name"], labels[-1], line[labels[-1]], wrong))
        values[table.key_positions[0]], values[table.position["name"]] = key, printed
        for column, position, declared in block.amounts:
            figure = line.get(column)
            if figure is not None and (number, column) not in state.used:  # else a label, on the total's row
                state.used.add((number, column))
                values[position], fault = from_cell(declared, figure, decimals)
                if fault:
                    faults.append((declared, column, figure, fault))
        self.keep(state, table, number, tuple(values), block.spots, faults)

    def unknown_row(
        self, form: _FormState, block: Columns, number: int, labels: Sequence[int], line: Mapping[int, Cell]
    ) -> None:
        """Say that a row is none of the form's; whether it has figures decides how much that matters."""
        place = form.state.sheet.place(number, labels[0])
        text = " ".join(clean_text(line[c].text) for c in labels)
        cell = CellRef(form.region.table.id, location=place, value=text)
        if any(column in line for column, _, _ in block.amounts):
            self.findings.append(
                notify("READ-37", cell, place=place, title=form.region.table.title, text=text)
            )
        elif is_residue(text):
            self.findings.append(notify("READ-58", cell, place=place, text=text))
        else:
            self.findings.append(
                notify("READ-59", cell, place=place, title=form.region.table.title, text=text)
            )

    def leave_out(self, edition: Edition) -> None:
        """Of a workbook that was made to be filled in, leave out the lines that nothing was filled into: they are printed
        whether the report has them or not. A list that is reported keeps its total."""
        for table_id in self.forms if self.asides else ():
            table, form = self.spec.tables[table_id], edition.forms.get(table_id)
            if form is None:
                continue
            reported = self.listed_status(table_id) in (None, REPORTED)
            listed = any(block.open and not any(c.line for c in block.columns) for block in form.blocks)
            printed = {line.line for block in form.blocks for line in block.lines}
            at, amounts = table.key_positions[0], [table.position[f.name] for f in table.amounts]
            self.rows[table_id] = [
                row
                for row in self.rows.get(table_id, ())
                if row[at] not in printed
                or (listed and reported)
                or any(row[position] is not None for position in amounts)
                or (table_id, row[at]) in self.unread
            ]

    # What the forms say of the report, where no list does

    def edition(self, about: Mapping[str, Value]) -> tuple[Edition, str]:
        """The edition that the workbook names; else the one whose titles and headers fit best, with how sure that is."""
        named = about.get("edition")
        year = about.get("fiscal_year")
        if isinstance(named, str):
            return self.spec.edition_for(named, year if isinstance(year, int) else 0), "certain"
        if not isinstance(year, int):
            year = self.likely_year() or 0
        fits = {e.id: self.fit(e, year) for e in self.spec.editions}
        best = min(fits, key=lambda i: (fits[i].differences, -fits[i].likenesses, i))
        fit = fits[best]
        rivals = [i for i, other in fits.items() if i != best and other.differences <= fit.differences]
        exact = [i for i, other in fits.items() if not other.tables]
        if exact == [best] and not fit.differences:
            certainty = "certain"
        else:
            certainty = "guessed" if rivals or fit.differences > fit.likenesses else "probable"
        if certainty != "certain" and self.forms:
            also = sorted({*rivals, *exact} - {best})
            titles = "、".join(self.spec.tables[table].title for table in fit.tables)
            self.findings.append(
                notify("READ-72", CellRef("report", "*", "edition", value=best), edition=best, certainty=certainty,
                       differing=titles or "—", rivals=", ".join(also) or "—")
            )  # fmt: skip
        return self.spec.edition(best), certainty

    def fit(self, edition: Edition, year: int) -> _Fit:
        """How the forms are printed beside how an edition prints them. ``year`` is 0 where nothing says it. Other names of a
        line, and a code in one column or in several, are no difference: they vary within an edition."""
        likenesses, differences = 0, int(year > 0 and not edition.covers(year))
        tables = []
        for table_id, printed in edition.forms.items():
            form = self.forms.get(table_id)
            own = {tuple(fold(h) for h in column.header) for column in printed.columns}
            lines = [line for block in printed.blocks for line in block.lines]
            names = {fold(alias): fold(line.name) for line in lines for alias in line.aliases}
            paths = form.heading.paths.values() if form else ()
            whole = (p[:-1] if len(p) > 1 and p[-1] in code_levels() else p for p in paths)
            found = {tuple(names.get(word, word) for word in path) for path in whole}
            title = fold_title(strip_ordinal(form.title)) if form and form.title else ""
            same = [title == fold_title(printed.title), form is not None and form.number == printed.number]
            wrong = len(own ^ found) + same.count(False) if form else 1
            likenesses += len(own & found) + same.count(True)
            differences += wrong
            if wrong:
                tables.append(table_id)
        beyond = [table_id for table_id in self.forms if table_id not in edition.forms]
        return _Fit(likenesses, differences + len(beyond), (*tables, *beyond))

    def year(self, place: str, text: str) -> None:
        """Note the year that a title, a caption, a cover or a name tells, where it tells one."""
        found = set(years_in(text))
        if len(found) == 1:
            self.years.append((place, found.pop()))

    def likely_year(self) -> int | None:
        """The year that most places tell; of equals the first."""
        votes = Counter(year for _, year in self.years)
        return votes.most_common(1)[0][0] if votes else None

    def covers(self) -> None:
        """Take year and entity from sheets that hold no table, as covers do, where lists say neither: 某局2022年度部门决算."""
        for state in self.sheets:
            if state.regions:
                continue
            for (row, column), cell in list(state.sheet.cells.items())[:_COVER_CELLS]:
                found = _COVER.fullmatch(fold(cell.text)) if cell.kind == "text" else None
                if found:
                    self.year(state.sheet.place(row, column), f"{found[2]}年")
                    if found[1]:
                        self.entities[clean_text(cell.text)[: len(found[1])]] += 1
        self.year(self.name, self.name)

    def is_budget(self) -> CellRef | None:
        """The cell that says that this is a budget, where nothing says that it is final accounts."""
        said: CellRef | None = None
        for state in self.sheets:
            for (row, column), cell in state.sheet.cells.items():
                if cell.kind != "text":
                    continue
                if "决算" in cell.text:
                    return None
                if said is None and _BUDGET.search(fold(cell.text)):
                    where = state.sheet.place(row, column)
                    said = CellRef(location=where, value=clean_text(cell.text))
        return None if "决算" in self.name else said

    def compare_years(self) -> None:
        """Say where another year is named than the one that the report was read for."""
        said = self.one("report").get("fiscal_year")
        others: dict[int, str] = {}
        for place, year in self.years if isinstance(said, int) else ():
            if year != said:
                others.setdefault(year, place)
        for year, place in others.items():
            cell = CellRef("report", "*", "fiscal_year", place, value=str(year))
            self.findings.append(notify("READ-97", cell, place=place, printed=str(year), said=str(said)))

    def describe(self, edition: Edition, decimals: int) -> None:
        """Complete ``report``, ``entity`` and ``tables`` from what is printed around the forms."""
        spec = self.spec
        if not self.forms and "report" not in self.rows:
            return
        units = Counter(f.unit for f in self.forms.values() if f.unit)
        if "report" not in self.rows:
            unit = units.most_common(1)[0][0] if units else None
            year = self.likely_year()
            if unit is None and self.forms:
                self.findings.append(notify("READ-38", CellRef("report", "*", "unit")))
            self.other_units(unit)
            self.rows["report"] = [
                make_row(
                    spec.tables["report"], spec_version=spec.version, fiscal_year=year, edition=edition.id, unit=unit,
                    decimals=decimals, precision=usual_step(unit, decimals),
                )
            ]  # fmt: skip
            if year is None:
                self.findings.append(notify("READ-39", CellRef("report", "*", "fiscal_year")))
        if "entity" not in self.rows and self.entities:
            self.rows["entity"] = [make_row(spec.tables["entity"], name=self.entities.most_common(1)[0][0])]
        else:
            self.compare_units()
        self.compare_years()
        self.compare_item_units()
        self.compare_entities(edition)
        if "tables" not in self.rows:
            self.rows["tables"] = [self.listed(table) for table in spec.forms]

    def compare_units(self) -> None:
        """Say where a form is printed in another unit than the cover and the list of tables say."""
        about = self.one("report").get("unit")
        at = self.spec.tables["tables"].position
        own = {row[at["table"]]: row[at["unit"]] for row in self.rows.get("tables", ())}
        for table_id, form in self.forms.items():
            said = own.get(table_id) or about
            if form.unit and said and form.unit != said:
                place = form.state.sheet.place(form.region.header, 0)
                cell = CellRef(table_id, location=place, value=form.unit)
                self.findings.append(
                    notify(
                        "READ-49",
                        cell,
                        place=place,
                        title=form.region.table.title,
                        printed=form.unit,
                        said=said,
                    )
                )

    def other_units(self, usual: str | None) -> None:
        """Say which forms are in another unit than most are, where no list says in which unit each one is."""
        for table_id, form in self.forms.items():
            if form.unit and form.unit != usual:
                place = form.state.sheet.place(form.region.header, 0)
                cell = CellRef(table_id, location=place, value=form.unit)
                title = form.region.table.title
                self.findings.append(
                    notify("READ-80", cell, place=place, title=title, printed=form.unit, usual=usual)
                )

    def compare_entities(self, edition: Edition) -> None:
        """Say where a form names another entity than the cover, or than most forms."""
        said = str(self.one("entity").get("name") or "")
        fits = {fold(said), fold((edition.entity_line or "").format(name=said))}
        others: dict[str, list[CellRef]] = {}
        for table_id, place, line, name in self.named if said else ():
            if fits.isdisjoint((fold(line), fold(name))):
                others.setdefault(name, []).append(CellRef(table_id, location=place, value=name))
        for name, cells in others.items():
            self.findings.append(notify("READ-55", *cells, place=cells[0].location, printed=name, said=said))

    def compare_item_units(self) -> None:
        """Say where the unit beside an item is another than the one that its figure is read in."""
        about = self.one("report").get("unit")
        for table, declared, place, printed in self.units:
            said = about if declared.amount else declared.unit
            if printed and printed != (said or ""):
                cell = CellRef(table.id, "*", declared.name, place, declared.title, printed)
                self.findings.append(
                    notify(
                        "READ-54", cell, place=place, field=declared.title, printed=printed, said=said or ""
                    )
                )

    def listed(self, table: Table) -> Row:
        """The line of ``tables`` for a form that was, or was not, found."""
        declared = self.spec.tables["tables"]
        form = self.forms.get(table.id)
        if form is None:
            return make_row(declared, table=table.id, status=MISSING)
        rows = self.rows.get(table.id, [])
        filled = any(
            v is not None for row in rows for f, v in zip(table.fields, row, strict=True) if f.amount
        )
        status = REPORTED if filled or (rows and form.statement is None) else EMPTY
        if status == EMPTY:
            self.rows[table.id] = []
            if form.statement and _WITHHELD.search(form.statement):
                return make_row(
                    declared, table=table.id, status=MISSING, reason=form.statement, printed_title=form.title,
                    printed_number=form.number,
                )  # fmt: skip
        unit = self.one("report").get("unit")
        return make_row(
            declared, table=table.id, status=status, statement=form.statement, printed_title=form.title,
            printed_number=form.number, unit=form.unit if form.unit != unit else None,
        )  # fmt: skip

    # What is left

    def rest(self) -> int:
        """Keep every cell that nothing has used, word for word, and say so once a sheet; how many cells are used, kept,
        blank, or derived from the report."""
        accounted = 0
        table = self.spec.tables["extras"]
        titles = self.cover_titles()
        for state in self.sheets:
            first: tuple[int, int] | None = None
            count = 0
            current = {
                n: r.table.id
                for r in state.regions
                if r.table.kind == "form"
                for n in range((r.title or (r.header, 0))[0], r.end + 1)
            }
            for (row, column), cell in state.sheet.cells.items():
                accounted += 1
                if (row, column) in state.used:
                    continue
                text = clean_text(cell.text)
                if not text or (state.regions and text in titles):
                    continue
                first, count = first or (row, column), count + 1
                self.rows.setdefault("extras", []).append(
                    make_row(
                        table,
                        sheet=lexical.keep(state.sheet.full_name),
                        cell=state.sheet.cell_name(row, column),
                        table=current.get(row),
                        text=lexical.keep(text),
                    )
                )
            if first:
                place = state.sheet.place(*first)
                self.findings.append(
                    notify(
                        "READ-41" if state.regions else "READ-43",
                        CellRef(location=place),
                        place=place,
                        sheet=state.sheet.full_name,
                        count=count,
                    )
                )
        return accounted

    def cover_titles(self) -> set[str]:
        """What the cover shows large: derived from the report, so that it need not be kept."""
        year, name = self.one("report").get("fiscal_year"), self.one("entity").get("name")
        return {f"{name or ''}{year or 0}年度部门决算"}

    def notice(self, code: str, detail: str) -> None:
        ids = {
            "MACRO_PRESENT": "READ-44",
            "EXTERNAL_LINK": "READ-45",
            "HIDDEN_CONTENT": "READ-46",
            "TEXT_READ_AS": "READ-60",
            "TEXT_OUTSIDE_TABLES": "READ-61",
            "ENCODING_GUESSED": "READ-65",
            "RESULTS_SHEET": "READ-90",
        }
        place = None if code == "ENCODING_GUESSED" else detail or None
        self.findings.append(
            notify(ids.get(code, "READ-47"), CellRef(location=place), detail=detail, code=code)
        )


def _blocks(head: Heading, table: Table) -> list[Columns]:
    """A form's columns in the groups that share their rows: a new one begins at each label column, and at the first of
    the columns of a code, which may have one each for 类, 款 and 项."""
    groups: list[tuple[str, dict[int, Meaning]]] = []
    for column in sorted(head.meanings):
        meaning = head.meanings[column]
        within = bool(groups) and all(m.role == "code" == meaning.role for m in groups[-1][1].values())
        if (meaning.role in ("label", "code") and not within) or not groups:
            name = meaning.block
            while any(name == other for other, _ in groups):
                name += "+"
            groups.append((name, {}))
        groups[-1][1][column] = meaning
    return [_columns(name, columns, table) for name, columns in groups]


def _columns(name: str, columns: Mapping[int, Meaning], table: Table) -> Columns:
    roles: dict[str, int] = {}
    amounts: list[tuple[int, int, Field]] = []
    for column, meaning in columns.items():
        if meaning.role != "amount":
            roles.setdefault(meaning.role, column)
        elif meaning.field:
            amounts.append((column, table.position[meaning.field], table[meaning.field]))
    key = roles.get("label", roles.get("code"))
    spots = {declared.name: column for column, _, declared in amounts}
    named = {table.key[0]: key, "name": roles.get("name", key)}
    spots |= {field_name: at for field_name, at in named.items() if at is not None}
    codes = [column for column, meaning in columns.items() if meaning.role == "code"]
    return Columns(name, roles, codes, amounts, spots)


def _misspelt(missing: Sequence[Field], unknown: Mapping[int, Sequence[str]]) -> list[tuple[Field, int]]:
    """Which unknown column probably is which missing one: the words are nearly its title, and no other's."""
    found = []
    for column, path in unknown.items():
        scores = sorted(
            ((SequenceMatcher(None, path[-1], fold(f.title)).ratio(), f.name, f) for f in missing),
            reverse=True,
        )
        if scores and scores[0][0] >= _ALIKE and (len(scores) == 1 or scores[0][0] > scores[1][0]):
            found.append((scores[0][2], column))
    taken = Counter(f.name for f, _ in found)
    return [(f, column) for f, column in found if taken[f.name] == 1]


def place_of(region: Region) -> tuple[int, int]:
    """Where a table begins: at its title, else at its header."""
    return region.title or (region.header, 0)


def _says_empty(text: str) -> bool:
    """Whether a line below a form says why it has no rows."""
    return bool(_EMPTY_STATEMENT.search(text) or _WITHHELD.search(text))


def _same_header(one: Heading, other: Heading) -> bool:
    return list(one.paths.values()) == list(other.paths.values())


def _width(head: Heading) -> int:
    """How many figures of the table a form has room for."""
    return len({(m.field, m.line) for m in head.meanings.values() if m.role == "amount"})


@cache
def _printed_states() -> Mapping[str, Nothing]:
    states = load().root["printed_states"]
    return {
        unicodedata.normalize("NFKC", text): Nothing(state)
        for state, texts in states.items()
        for text in texts
    }


@cache
def _printed_values(declared: Field) -> Mapping[str, Value]:
    """Printed word → value, for truth values and coded values."""
    if declared.type == "boolean":
        words = load().root["printed_booleans"]
        return {text: key == "true" for key, texts in words.items() for text in texts}
    return {text: value for value, text in declared.labels.items()}


def from_cell(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    """The value of a field from a cell. ``decimals`` are those of amounts whose number format shows none."""
    kind = cell.kind
    if kind == "text" and declared.plain and text_fault(cell.text, declared.reserved) is None:
        return cell.text, None
    if kind == "error":
        return None, ("READ-31", {"text": cell.text})
    if kind == "formula_without_value":
        return None, ("READ-32", {"text": cell.text})
    if declared.numeric:
        return _figure(declared, cell, decimals)
    text = clean_text(cell.text)
    if declared.type == "boolean" or declared.labels:
        known = _printed_values(declared)
        if text in known:
            return known[text], None
        if kind == "boolean" and declared.type == "boolean":
            return text in ("1", "TRUE", "true"), None
    return lexical.from_text(declared, text)


def _figure(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    if cell.kind == "number":
        return _stored(declared, cell, decimals)
    text = unicodedata.normalize("NFKC", cell.text).strip(BLANKS)
    if not text:
        return None, None
    if declared.states and text in _printed_states():
        return _printed_states()[text], None
    plain, done = lexical.normalise_number(cell.text, amount=declared.amount)
    number = parse_decimal(plain) if cell.kind == "text" else None
    if number is None:
        return None, ("READ-01" if declared.type == "number" else "READ-02", {"text": clean_text(cell.text)})
    if declared.type == "integer" and number != number.to_integral_value():
        return None, ("READ-02", {"text": text})
    value = int(number) if declared.type == "integer" else number
    told = {"text": cell.text, "number": show(value), "how": ",".join(done)}
    return value, ("READ-33", told) if done else None


def _stored(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    """A stored number, exact from the file's text, with the decimals that the cell shows."""
    try:
        number = Decimal(cell.text)
    except InvalidOperation:
        return None, ("READ-01", {"text": cell.text})
    if not number.is_finite() or (not -12 <= number.adjusted() <= 17 and number):
        return None, ("READ-01", {"text": cell.text})
    if cell.format.date:  # what is shown is a date, and the number only how it is stored
        unreadable = "READ-01" if declared.type == "number" else "READ-02"
        return None, (unreadable, {"text": f"{cell.text} ({cell.format.code})"})
    if declared.type == "integer":
        whole = number.to_integral_value()
        return (int(whole), None) if whole == number else (None, ("READ-02", {"text": cell.text}))
    scaled = (
        cell.format.percent or cell.format.scale
    )  # what is shown is another number, and so are its decimals
    shown = decimals if scaled or cell.decimals is None else cell.decimals
    if shown is None:
        plain = parse_decimal(cell.text)
        if plain is not None:
            return plain, None
        shown = 6
        rounded = round_half_up(number, shown).normalize()
        rounded = rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded
        return rounded, None
    rounded = round_half_up(number, min(shown, 6))
    if scaled:
        return rounded, ("READ-52", {"text": cell.text, "format": cell.format.code})
    if abs(number - rounded) > _FLOAT_NOISE * Decimal(1).scaleb(-min(shown, 6)) + abs(number) * Decimal(
        "1e-12"
    ):
        return rounded, ("READ-30", {"text": cell.text, "shown": format(rounded, "f")})
    return rounded, None
