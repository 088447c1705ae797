"""The nine forms: what stands around one, which of its rows are data, and what each of these is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from fatk import captions, lexical
from fatk.captions import read_captions, says_empty, unit_in, years_in
from fatk.findings import CellRef, notify
from fatk.grid import FORMULA_WITHOUT_VALUE, TEXT, Cell
from fatk.model import REPORTED
from fatk.recognition import Heading, Line, Region, begins_foot, heading, is_foot, looks_like_amount
from fatk.rowkeys import Columns, Keys, is_residue
from fatk.spec import Edition, Field, Table
from fatk.transcription.cells import from_cell
from fatk.transcription.ledger import (
    CellFault,
    Ledger,
    Pane,
    PrintedForm,
    edge_of,
    keep,
    listed_status,
    note_fault,
    note_repeated,
    note_shown_unit,
    note_unit,
    note_year,
    printed_as,
    unbroken,
)
from fatk.transcription.linecolumns import read_line_columns
from fatk.transcription.plainrows import plain_rows
from fatk.values import BLANKS, Value, clean_text, parse_decimal
from fatk.vocabulary import Meaning, fold, is_cut_title, is_header_word, title_of, vocabulary

#: How much of a misspelt word must be right for the one that is meant to be named.
_ALIKE: Final = 0.7


# Around the data


def read_head(ledger: Ledger, pane: Pane, region: Region, names: Mapping[str, str]) -> None:
    """Read a form's header and the lines around it. Of several of one meaning the widest is the form, but never a hidden
    one beside one that is shown; one with the same header may be its next page; others stay outside. Sheets that are shown
    come first."""
    text = clean_text(pane.rows[region.title[0]][region.title[1]].text) if region.title else None
    number = (
        text and title_of(text) is None and read_captions(text, region.table.id)
    )  # stands where the title should
    form = PrintedForm(region, heading(pane.sheet, pane.rows, region, names), pane, None if number else text)
    first = ledger.forms.get(region.table.id)
    if first is None:
        ledger.forms[region.table.id] = form
    elif _same_header(first.heading, form.heading):
        first.more.append(form)
    else:
        wider = not pane.sheet.hidden > first.pane.sheet.hidden and _width(form.heading) > _width(
            first.heading
        )
        if wider:
            ledger.forms[region.table.id] = form
        _outside(ledger, first if wider else form)


def _outside(ledger: Ledger, form: PrintedForm) -> None:
    """Say that a second table of one meaning is left where it is."""
    region = form.region
    where = form.pane.sheet.place(*_place_of(region))
    cell = CellRef(region.table.id, location=where)
    ledger.findings.append(notify("READ-34", cell, place=where, title=region.table.title))


def surroundings(ledger: Ledger, form: PrintedForm, names: Mapping[str, str]) -> None:
    """Take what stands above a form's data: title, captions, header."""
    pane, region, title = form.pane, form.region, form.title
    table = region.table
    top = region.title[0] if region.title else region.header
    if region.title and title is not None:
        if "tables" not in ledger.rows or title_of(title) or title in printed_as(ledger, table.id):
            pane.used[region.title[0]].add(region.title[1])
        _check_title(ledger, form, region.title, title)
    known = printed_as(ledger, table.id)
    for number in range(max(top - 2, 0), region.header):
        line = pane.rows.get(number, {})
        if number < top and line and is_foot(line):  # of another table
            continue
        for column, cell in line.items():
            if (number, column) == region.title and title is not None:
                continue
            if (
                _read_caption(ledger, form, cell, pane.sheet.place(number, column))
                or clean_text(cell.text) in known
            ):
                pane.used[number].add(column)
    words = vocabulary(table.id)
    for number in form.heading.rows:
        for column, cell in pane.rows[number].items():
            placed = column in form.heading.meanings or number != form.heading.rows[-1]
            if placed and cell.kind == "text" and is_header_word(cell, words, names):
                pane.used[number].add(column)
                unit = unit_in(cell.text)
                if unit is not None:
                    note_unit(form, unit, pane.sheet.place(number, column))
                if column in form.heading.meanings and years_in(cell.text):
                    note_year(ledger, pane.sheet.place(number, column), cell.text)
            elif placed and number != form.heading.first_data and is_header_word(cell, words, names):
                pane.used[number].add(column)
    note_year(ledger, pane.sheet.place(*_place_of(region)), title or "")
    note_year(ledger, pane.sheet.name, pane.sheet.name)


def _check_title(ledger: Ledger, form: PrintedForm, place: tuple[int, int], title: str) -> None:
    """Say where a title is not that of the table that its header shows."""
    region, where = form.region, form.pane.sheet.place(*place)
    cell = CellRef(region.table.id, location=where, value=title)
    note_unit(form, unit_in(title), where)
    if is_cut_title(title) and title not in printed_as(ledger, region.table.id):
        ledger.findings.append(notify("READ-96", cell, place=where, text=title, title=region.table.title))
    if region.titled and title not in printed_as(ledger, region.table.id):
        named = ledger.spec.tables[region.titled].title
        ledger.findings.append(notify("READ-48", cell, place=where, named=named, title=region.table.title))


def _read_caption(ledger: Ledger, form: PrintedForm, cell: Cell, place: str) -> bool:
    """Take what a cell near the title says of the form's number, unit or entity, or of the year; whether it does."""
    found = read_captions(cell.text, form.region.table.id)
    for caption in found:
        if caption.kind == captions.UNIT:
            note_unit(form, caption.value, place)
        elif caption.kind == captions.OTHER_UNIT:
            form.other_unit = form.other_unit or (caption.value, place)
        elif caption.kind == captions.NUMBER:
            form.number = caption.value
        elif caption.kind == captions.ENTITY:
            ledger.told.entities[caption.value] += 1
            ledger.told.named.append((form.region.table.id, place, caption.words, caption.value))
        else:
            note_year(ledger, place, caption.words)
    return bool(found) and all(caption.kind != captions.OTHER_UNIT for caption in found)


def _check_units(ledger: Ledger, form: PrintedForm) -> None:
    """Say where one form names two units: which of its figures are in which, nobody can know."""
    first = next(((unit, place) for unit, place in form.units if unit == form.unit), None)
    other = next(((unit, place) for unit, place in form.units if unit != form.unit), None)
    if first and other:
        title = form.region.table.title
        cells = [CellRef(form.region.table.id, location=place, value=unit) for unit, place in (other, first)]
        ledger.findings.append(
            notify(
                "READ-82",
                *cells,
                place=other[1],
                title=title,
                printed=other[0],
                said=first[0],
                first=first[1],
            )
        )


def _read_foot(ledger: Ledger, form: PrintedForm, blocks: Sequence[Columns], names: Mapping[str, str]) -> int:
    """Find the last row of data; take notes below it as footnotes or as the statement of an empty table. A note that has
    more rows of the form below it is no foot: it is told, and stays as it is."""
    pane, region = form.pane, form.region
    words = vocabulary(region.table.id)
    listed = ledger.rows.get("tables", ())
    at = ledger.spec.tables["tables"].position["statement"]
    statements = {row[at] for row in listed if row[0] == region.table.id}
    alone: dict[int, tuple[int, str]] = {}
    begins: list[int] = []
    for number in range(form.heading.first_data, region.end + 1):
        line = pane.rows.get(number)
        if not line:
            continue
        column, cell = next(iter(line.items()))
        text = clean_text(cell.text) if len(line) == 1 and cell.kind == TEXT else ""
        if text:
            alone[number] = column, text
        if begins_foot(cell.text) or (text and (text in statements or says_empty(text))):
            begins.append(number)
    # What an edition prints below its form ends it.
    printed = (number for number, (_, text) in alone.items() if fold(text) in words.footnotes)
    end = next(printed, region.end)
    final = _last_after(form, begins[0], end, blocks, names) if begins else region.end
    foot = next((number for number in begins if number > final), region.end + 1)
    for number, (column, text) in alone.items():
        place = pane.sheet.place(number, column)
        if number < foot and number in begins:
            form.notes.add(number)
            cell_of = CellRef(region.table.id, location=place, value=text)
            told = notify("READ-85", cell_of, place=place, text=text, title=region.table.title)
            ledger.findings.append(told)
        elif number >= foot and fold(text) in words.footnotes:
            pane.used[number].add(column)
        elif (
            number >= foot
            and form.statement is None
            and (text in statements or (not listed and says_empty(text)))
        ):
            form.statement = text
            pane.used[number].add(column)
    return foot - 1


def _last_after(
    form: PrintedForm, note: int, end: int, blocks: Sequence[Columns], names: Mapping[str, str]
) -> int:
    """The last row of the form's own below a note, and not beyond ``end``, with a figure and a key that no row has yet; 0 where there is none, as
    below a foot. What repeats the rows above, or has a header of its own, is another table."""
    rows = form.pane.rows
    amounts = {column for block in blocks for column, _, _ in block.amounts}
    below = [n for n in range(note + 1, end + 1) if rows.get(n)]
    figures = {
        n for n in below if any(c in amounts and looks_like_amount(cell) for c, cell in rows[n].items())
    }
    if not figures:
        return 0
    header = _header_lines(form)
    keys = {block.name: Keys(form.region.table, block.name, names) for block in blocks}
    known: set[str] = set()
    last = 0
    for number in range(form.heading.first_data, max(figures) + 1):
        line = rows.get(number, {})
        found = {key for block in blocks if (key := keys[block.name].identify(block, line).key)}
        if number in figures and found - known:
            last = number
        elif number > note and len(line) > 1 and not found and _folded(line) not in header:
            break
        known |= found
    return last


def _check_columns(ledger: Ledger, form: PrintedForm) -> None:
    """Say which columns are missing and which are not known; a pair of these that is one misspelt column, once."""
    head, table, pane = form.heading, form.region.table, form.pane
    sheet, header = pane.sheet, form.region.header
    present = {m.field for m in head.meanings.values() if m.role == "amount"}
    upright = any(m.line for m in head.meanings.values())
    missing = [f for f in table.amounts if f.name not in present and not f.by_edition and not upright]
    unknown = {c: path for c, path in sorted(head.paths.items()) if c not in head.meanings}
    for column, first in head.repeated.items():
        path = unknown.pop(column, None)
        if head.meanings[first].role == "amount" and _figures_differ(form, first, column):
            note_repeated(
                ledger, table, pane, header, column, " > ".join(path or head.paths[first]), "READ-63"
            )
        elif path:
            note_repeated(ledger, table, pane, header, column, " > ".join(path))
    known = vocabulary(table.id).words  # a known word in another place is not misspelt
    for wanted, column in _misspelt(missing, {c: p for c, p in unknown.items() if p[-1] not in known}):
        missing.remove(wanted)
        place, words = sheet.place(header, column), " > ".join(unknown.pop(column))
        cell = CellRef(table.id, field=wanted.name, location=place, value=words)
        ledger.findings.append(
            notify("READ-56", cell, place=place, title=table.title, header=words, field=wanted.title)
        )
        for number in range(header, form.region.end + 1):
            pane.told[number].add(column)
    where = sheet.place(header, 0)
    for wanted in missing:
        cell = CellRef(table.id, field=wanted.name, location=where)
        ledger.findings.append(notify("READ-35", cell, place=where, title=table.title, field=wanted.title))
    for column, path in unknown.items():
        place = sheet.place(header, column)
        cell = CellRef(table.id, location=place, value="/".join(path))
        ledger.findings.append(
            notify("READ-36", cell, place=place, title=table.title, header=" > ".join(path))
        )


def _figures_differ(form: PrintedForm, first: int, again: int) -> bool:
    """Whether a column that is there twice has a figure that the first one has not in the same row."""
    lines = (dict(form.pane.rows.get(n, ())) for n in range(form.heading.first_data, form.region.end + 1))
    return any(
        again in line
        and looks_like_amount(line[again])
        and (first not in line or not _same_figure(line[first], line[again]))
        for line in lines
    )


def _same_figure(one: Cell, other: Cell) -> bool:
    """Whether two cells hold the same number, however it is written."""
    plain = (lexical.normalise_number(cell.text, amount=True)[0] for cell in (one, other))
    numbers = [parse_decimal(text) for text in plain]
    return numbers[0] == numbers[1] if None not in numbers else one.text == other.text


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


# The data


def read_form(ledger: Ledger, form: PrintedForm, decimals: int, names: Mapping[str, str]) -> None:
    """Read the rows of a form, and of the pages that go on with it."""
    table = form.region.table
    blocks = _blocks(form.heading, table)
    last = _read_foot(ledger, form, blocks, names)
    _check_columns(ledger, form)
    if any(m.line for m in form.heading.meanings.values()):
        read_line_columns(ledger, form, last, decimals)
        for page in form.more:
            _outside(ledger, page)
        _check_units(ledger, form)
        return
    keys = {block.name: Keys(table, block.name, names) for block in blocks}
    _read_rows(ledger, form, blocks, keys, last, decimals)
    _look_below(ledger, form, blocks, names, last)
    known = {row[table.key_positions[0]] for row in ledger.rows.get(table.id, ())}
    for page in form.more:
        blocks = _blocks(page.heading, table)
        found = _keys_of(page, blocks, names)
        if not found or not known.isdisjoint(found):  # another report, or the same table again
            _outside(ledger, page)
            continue
        known |= found
        surroundings(ledger, page, names)
        _read_rows(ledger, page, blocks, keys, _read_foot(ledger, page, blocks, names), decimals)
        form.statement = form.statement or page.statement
        form.units += page.units
    _check_units(ledger, form)


def _read_rows(
    ledger: Ledger, form: PrintedForm, blocks: Sequence[Columns], keys: Mapping[str, Keys], last: int, decimals: int
) -> None:  # fmt: skip
    """Read a form's rows of data; a header that a printed page repeats is none."""
    pane, head = form.pane, form.heading
    header = _header_lines(form)
    begins = {texts[0] for texts in header}
    _line_numbers(form, last)
    table, numbers = form.region.table, range(head.first_data, last + 1)
    plain = [plain_rows(ledger, pane, block, table, numbers, decimals) for block in blocks]
    columns = [frozenset(block.spots.values()) for block in blocks]
    edges = [edge if (edge := edge_of(places)) == len(places) else 0 for places in columns]
    parts = list(zip(blocks, plain, columns, edges, strict=True))
    known: set[int] = set().union(*plain)  # these have a code, so they are neither headers nor titles
    for number in numbers:
        line = pane.rows.get(number)
        if not line or number in form.notes:
            continue
        if number not in known:
            begin = next(iter(line.values()))
            if (fold(begin.text) in begins and _folded(line) in header) or _is_title_again(form, line):
                pane.used[number].update(line)
                for column, cell in line.items():
                    _read_caption(ledger, form, cell, pane.sheet.place(number, column))
                continue
            if pane.sheet.plain:
                _note_beyond(ledger, form, number, line)
        for block, rows, places, edge in parts:
            row = rows.get(number)
            if row is None:
                _read_row(ledger, form, block, keys[block.name], number, line, decimals)
            else:
                keys[block.name].met(str(row[table.key_positions[0]]))
                if edge:
                    pane.edges[number] = edge
                else:
                    pane.used[number] |= places
                keep(ledger, pane, table, number, row, block.spots, ())


def _header_lines(form: PrintedForm) -> list[tuple[str, ...]]:
    """The rows of a form's header, as a printed page repeats them."""
    head = form.heading
    return [_folded(form.pane.rows[n]) for n in head.rows if n != head.first_data]


def _folded(line: Line) -> tuple[str, ...]:
    """The texts of a row as they are compared."""
    return tuple(fold(cell.text) for cell in line.values())


def _look_below(
    ledger: Ledger, form: PrintedForm, blocks: Sequence[Columns], names: Mapping[str, str], last: int
) -> None:
    """Say which rows below a form's notes look like rows of the form: nobody looks for figures there."""
    pane, table = form.pane, form.region.table
    keys = {block.name: Keys(table, block.name, names) for block in blocks}
    for number in range(last + 1, form.region.end + 1):
        used, edge = pane.used.get(number, ()), pane.edges.get(number, 0)
        line = {c: cell for c, cell in pane.rows.get(number, {}).items() if c >= edge and c not in used}
        for block in blocks:
            figures = [c for c, _, _ in block.amounts if c in line and looks_like_amount(line[c])]
            found = keys[block.name].identify(block, line) if figures else None
            if found is not None and found.key is not None:
                place = pane.sheet.place(number, found.columns[0])
                cell = CellRef(table.id, location=place, value=found.name or found.key)
                text = f"{found.name or found.key} {clean_text(line[figures[0]].text)}"
                ledger.findings.append(notify("READ-64", cell, place=place, title=table.title, text=text))


def _note_beyond(ledger: Ledger, form: PrintedForm, number: int, line: Line) -> None:
    """Say that a line of a text file goes on beyond the header: a comma within a figure parts it, and shifts those behind."""
    last = max(form.heading.paths, default=-1)
    for column, cell in line.items():
        if column > last and last >= 0 and looks_like_amount(cell):
            place, text = form.pane.sheet.place(number, column), clean_text(cell.text)
            ledger.findings.append(
                notify(
                    "READ-20",
                    CellRef(form.region.table.id, location=place, value=text),
                    place=place,
                    text=text,
                )
            )
            return


def _is_title_again(form: PrintedForm, line: Line) -> bool:
    """Whether a row says nothing but the form's own title or captions, as on every printed page."""
    table = form.region.table.id
    for cell in line.values():
        if cell.kind != TEXT:
            return False
    return all(title_of(cell.text) == table or read_captions(cell.text, table) for cell in line.values())


def _keys_of(form: PrintedForm, blocks: Sequence[Columns], names: Mapping[str, str]) -> set[Value]:
    """The keys of the rows of a page, before any of it is taken."""
    keys = {block.name: Keys(form.region.table, block.name, names) for block in blocks}
    return {
        found.key
        for number in range(form.heading.first_data, form.region.end + 1)
        for line in [form.pane.rows.get(number, {})]
        for block in blocks
        if (found := keys[block.name].identify(block, line)).key is not None
    }


def _line_numbers(form: PrintedForm, last: int) -> None:
    """Take a column of bare 行次 that no header names: whole numbers, one more in each row."""
    pane, head = form.pane, form.heading
    named = head.meanings.keys() | head.paths.keys()
    columns: dict[int, list[tuple[int, str]]] = {}
    edge = edge_of(named)
    for number in range(head.first_data, last + 1):
        line = pane.rows.get(number)
        if not line or next(reversed(line)) < edge:
            continue
        for column in line:
            if column not in named:
                columns.setdefault(column, []).append((number, line[column].text.strip(BLANKS)))
    for column, found in columns.items():
        texts = [text for _, text in found]
        if len(texts) >= 3 and texts[0].isdecimal():
            start = int(texts[0])
            if texts == [str(start + n) for n in range(len(texts))]:
                for number, _ in found:
                    pane.used[number].add(column)


def _read_row(
    ledger: Ledger, form: PrintedForm, block: Columns, keys: Keys, number: int, line: Line, decimals: int
) -> None:  # fmt: skip
    """One printed row of one block."""
    pane, table = form.pane, form.region.table
    used = pane.used[number]
    numbered = block.roles.get("line_number")
    if numbered is not None and numbered in line and line[numbered].text.strip(BLANKS).isdecimal():
        used.add(numbered)
    found = keys.identify(block, line)
    key, name, labels = found.key, found.name, found.columns
    empty = bool(ledger.asides) and _not_filled(block, line)
    if empty:
        used.update(column for column, _, _ in block.amounts if column in line)
        if key is None and not labels:
            return
    if key is None:
        there = labels or [column for column, _, _ in block.amounts if column in line]
        if labels and line[labels[0]].kind == FORMULA_WITHOUT_VALUE:
            unknown = ("READ-32", {"text": line[labels[0]].text})
            declared = table.fields[table.key_positions[0]]
            note_fault(ledger, pane, table, "", number, (declared, labels[0], line[labels[0]], unknown))
        elif there:
            _unknown_row(ledger, form, block, number, there, line)
        return
    used.update(labels)
    if found.inferred:
        where = pane.sheet.place(number, labels[-1])
        cell = CellRef(table.id, key, table.key[0], where, value=name)
        ledger.findings.append(notify("READ-57", cell, place=where, text=name or "", code=key))
    values: list[Value] = [None] * len(table.fields)
    faults: list[CellFault] = []
    printed, wrong = lexical.from_text(table["name"], unbroken(ledger, name or ""))
    if wrong:
        faults.append((table["name"], labels[-1], line[labels[-1]], wrong))
    values[table.key_positions[0]], values[table.position["name"]] = key, printed
    covered = pane.covered
    for column, position, declared in block.amounts:
        figure = line.get(column)
        if figure is None or column in used:  # a label, on the total's row
            continue
        if covered and (number, column) in covered:
            where = pane.sheet.place(number, column)
            cell = CellRef(table.id, key, declared.name, where, declared.title, figure.text)
            ledger.findings.append(
                notify("READ-84", cell, place=where, field=declared.title, text=figure.text)
            )
        else:
            used.add(column)
            values[position], fault = from_cell(declared, figure, decimals)
            if fault:
                faults.append((declared, column, figure, fault))
            if figure.format.literal:
                note_shown_unit(form, figure, pane.sheet.place(number, column))
    keep(ledger, pane, table, number, tuple(values), block.spots, faults)


def _not_filled(block: Columns, line: Mapping[int, Cell]) -> bool:
    """Whether a row of a workbook made to be filled in has nothing but sums that are 0: in an .xls, of whose formulas it is
    known only that they are some, LibreOffice stores that where a sum shows nothing."""
    figures = [line[column] for column, _, _ in block.amounts if column in line]
    return bool(figures) and all(cell.formula == "" and cell.text == "0" for cell in figures)


def _unknown_row(
    ledger: Ledger,
    form: PrintedForm,
    block: Columns,
    number: int,
    labels: Sequence[int],
    line: Line,
) -> None:
    """Say that a row is none of the form's; whether it has figures decides how much that matters."""
    place = form.pane.sheet.place(number, labels[0])
    text = " ".join(clean_text(line[c].text) for c in labels)
    cell = CellRef(form.region.table.id, location=place, value=text)
    if any(column in line for column, _, _ in block.amounts):
        ledger.findings.append(notify("READ-37", cell, place=place, title=form.region.table.title, text=text))
    elif is_residue(text):
        ledger.findings.append(notify("READ-58", cell, place=place, text=text))
    else:
        ledger.findings.append(notify("READ-59", cell, place=place, title=form.region.table.title, text=text))


def leave_out(ledger: Ledger, edition: Edition) -> None:
    """Of a workbook that was made to be filled in, leave out the lines that nothing was filled into: they are printed
    whether the report has them or not. A list that is reported keeps its total."""
    for table_id in ledger.forms if ledger.asides else ():
        table, form = ledger.spec.tables[table_id], edition.forms.get(table_id)
        if form is None:
            continue
        reported = listed_status(ledger, table_id) in (None, REPORTED)
        listed = any(block.open and not any(c.line for c in block.columns) for block in form.blocks)
        printed = {line.line for block in form.blocks for line in block.lines}
        at, amounts = table.key_positions[0], [table.position[f.name] for f in table.amounts]
        ledger.rows[table_id] = [
            row
            for row in ledger.rows.get(table_id, ())
            if row[at] not in printed
            or (listed and reported)
            or any(row[position] is not None for position in amounts)
            or (table_id, row[at]) in ledger.unread
        ]


# Columns and places


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
    """The columns of one block by role, with where each field stands in them."""
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


def _place_of(region: Region) -> tuple[int, int]:
    """Where a table begins: at its title, else at its header."""
    return region.title or (region.header, 0)


def _same_header(one: Heading, other: Heading) -> bool:
    """Whether two headers name the same columns in the same order."""
    return list(one.paths.values()) == list(other.paths.values())


def _width(head: Heading) -> int:
    """How many figures of the table a form has room for."""
    return len({(m.field, m.line) for m in head.meanings.values() if m.role == "amount"})
