"""How a report looks on paper: every table as cells placed on a page, ready for any writer that draws.

A header is a list of label paths; neighbours with equal prefixes merge. Nothing here knows a file format, and nothing but
the edition decides what a form looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise, takewhile
from math import ceil

from fatk.model import EMPTY, MISSING, TOTAL, Report, Row, absent_fields, has_cell, row_name
from fatk.spec import Block, Column, Field, FixedLine, Form, Table
from fatk.values import Nothing, Value

#: What a person reads where a figure is not given.
PRINTED_NOTHING = {Nothing.NOT_APPLICABLE: "—", Nothing.UNDISCLOSED: "未公开"}
PRINTED_BOOLEAN = {True: "是", False: "否"}
#: Words of the lists that hold what is no form.
ITEM, CONTENT, UNIT = "项目", "内容", "单位"
COVER = "封面"
#: Width in characters that the unit line of a form needs.
_UNIT_ROOM = 18
#: Below every position of a form.
_BELOW = 1_000_000


@dataclass(frozen=True, slots=True)
class Placed:
    """One cell or merged range of a page, 0-based; ``role`` tells a writer how it looks.

    ``shows`` is the cell of the report that it shows: table, name of the row, field.
    """

    row: int
    column: int
    value: Value
    role: str
    rows: int = 1
    columns: int = 1
    indent: int = 0
    shows: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet: its cells, column widths in characters, which rows repeat at the top of every printed page, and
    whether it must fit on one sheet of paper."""

    name: str
    cells: tuple[Placed, ...]
    widths: tuple[float, ...]
    heights: tuple[tuple[int, float], ...] = ()
    header: tuple[int, int] | None = None
    landscape: bool = False
    one_sheet: bool = False


def pages(report: Report) -> Iterator[Page]:
    """Every page of the workbook: cover, the forms in the edition's order, then what explains them."""
    spec = report.spec
    yield cover_page(report)
    ordered = [*report.edition.forms, *(t.id for t in spec.forms if t.id not in report.edition.forms)]
    for number, table_id in enumerate(ordered, 1):
        table = spec.tables[table_id]
        form = report.form(table_id) or plain_form(table)
        if report.status(table_id)["status"] != MISSING or report.rows(table_id):
            yield form_page(report, table, form, number)
    for table in spec.tables.values():
        if report.rows(table.id) and (
            table.kind == "note" or table.id in ("sources", "cells", "claims", "codes", "extras")
        ):
            yield list_page(report, table)


def form_page(report: Report, table: Table, form: Form, number: int = 0) -> Page:
    """One of the nine tables as its printed form."""
    listed = report.status(table.id)
    blocks = _blocks(report, table, form)
    columns = [column for block in blocks for column in block.columns]
    width = max(len(columns), 1)
    top = 2 + bool(listed.get("printed_number") or form.number)
    depth = max((len(c.header) for c in columns), default=0)
    numbered = bool(report.edition.column_number_label) and any(column.number for column in columns)
    body, end = _body(report, table, form, blocks, top + depth + numbered)
    widths = tuple(
        max(c.width or 12.0, _room(p for p in body if p.column == i)) for i, c in enumerate(columns)
    )
    cells: list[Placed] = []
    cells.append(Placed(0, 0, str(listed.get("printed_title") or form.title), "title", columns=width))
    at = 1
    printed_number = listed.get("printed_number") or form.number
    if printed_number:
        cells.append(Placed(at, 0, printed_number, "number", columns=width))
        at += 1
    edition = report.edition
    unit = listed.get("unit") or report.unit
    half = next((n for n in range(width - 1, 0, -1) if sum(widths[n:]) >= _UNIT_ROOM), 1)
    name = report.one("entity").get("name")
    if name and edition.entity_line:
        cells.append(Placed(at, 0, edition.entity_line.format(name=name), "entity", columns=half))
    if unit and width > half:
        cells.append(Placed(at, half, edition.unit_line.format(unit=unit), "unit", columns=width - half))
    cells.extend(_header(columns, top, depth))
    if numbered:
        cells.extend(_column_numbers(blocks, top + depth, str(edition.column_number_label)))
    heights = [(0, 30.0), *((top + level, _header_height(columns, level)) for level in range(depth))]
    cells.extend(body)
    notes = list(form.footnotes)
    if listed["status"] == EMPTY and isinstance(listed.get("statement"), str):
        notes.append(str(listed["statement"]))
    feet = [Placed(end + n, 0, note, "footnote", columns=width) for n, note in enumerate(notes)]
    cells.extend(feet)
    heights += row_heights([*(cell for cell in cells if cell.role == "entity"), *body, *feet], widths)
    title = "".join(c for c in form.title if c not in "“”（）()")
    return Page(
        _sheet_name(number, title),
        tuple(cells),
        widths,
        tuple(heights),
        (top, top + depth),
        form.landscape,
    )


def _room(cells: Iterable[Placed]) -> float:
    """Column width that the widest figure needs, with thousands separators, and the widest label up to a readable line."""
    needed = 0.0
    for cell in cells:
        if isinstance(cell.value, Decimal):
            needed = max(needed, len(f"{cell.value:,}") + 3.0)
        elif isinstance(cell.value, str) and cell.columns == 1:
            needed = max(needed, min(_needed(cell.value, cell.indent), 46.0))
    return needed


def _needed(text: str, indent: int) -> float:
    """Width in characters of the workbook's font that a line of text takes in a cell."""
    return 0.95 * _columns(text) + 1.3 * (indent + 1) + 0.5


def _sheet_name(number: int, title: str) -> str:
    """At most 31 characters, as Excel asks; the number keeps shortened names apart."""
    return f"{number:02d}{title}"[:31] if number else title[:31]


@dataclass(frozen=True, slots=True)
class _Line:
    """What one printed row of a block shows: a row of the report, a fixed line without one, or nothing."""

    fixed: FixedLine | None
    row: Row | None


def _blocks(report: Report, table: Table, form: Form) -> list[Block]:
    """The form's blocks, less the columns of lines that the report does not have where columns are lines."""
    if not any(column.line for column in form.columns) or not report.rows(table.id):
        return list(form.blocks)
    at = table.key_positions[0]
    present = {row[at]: row for row in report.rows(table.id)}
    return [
        Block(
            block.name,
            tuple(_named(c, table, block, present) for c in block.columns if c.line in present),
            block.lines,
        )
        for block in form.blocks
    ]


def _named(column: Column, table: Table, block: Block, present: dict[Value, Row]) -> Column:
    """The column with the names that the report itself prints for its line and for the line's group."""
    names = {}
    for fixed in block.lines:
        row = present.get(fixed.line)
        own = row[table.position["name"]] if row else None
        if isinstance(own, str):
            names[fixed.name] = own
    return Column(
        tuple(names.get(h, h) for h in column.header),
        column.role,
        column.field,
        column.line,
        column.number,
        column.width,
    )


def _header(columns: Sequence[Column], top: int, depth: int) -> Iterator[Placed]:
    """The header's cells: equal prefixes merge to the right, a path that ends early reaches down to the last row."""
    for level in range(depth):
        start = 0
        for prefix, group in groupby(
            columns, key=lambda c: c.header[: level + 1] if len(c.header) > level else None
        ):
            span = list(group)
            if prefix is not None:
                last = len(prefix) == len(span[0].header)
                if last:
                    for offset, column in enumerate(span):
                        yield Placed(
                            top + level, start + offset, column.header[-1], "header", rows=depth - level
                        )
                else:
                    yield Placed(top + level, start, prefix[-1], "header", columns=len(span))
            start += len(span)


def _header_height(columns: Sequence[Column], level: int) -> float:
    """Height of a header row in points: room for the longest label that stands in one column of it."""
    lines = 1
    for column in columns:
        if len(column.header) == level + 1:
            lines = max(
                lines, -(-int(len(column.header[level]) * 2.1) // max(int((column.width or 12) - 1), 1))
            )
    return 8.0 + 13.0 * lines


def _column_numbers(blocks: Sequence[Block], row: int, label: str) -> Iterator[Placed]:
    start = 0
    for block in blocks:
        labels = 0
        for column in block.columns:
            if column.role in ("label", "code", "name"):
                labels += 1
        if labels and any(c.number for c in block.columns):
            yield Placed(row, start, label, "column_number", columns=labels)
        for offset, column in enumerate(block.columns):
            if column.role not in ("label", "code", "name") or not any(c.number for c in block.columns):
                yield Placed(row, start + offset, column.number, "column_number")
        start += len(block.columns)


def _body(
    report: Report, table: Table, form: Form, blocks: Sequence[Block], top: int
) -> tuple[list[Placed], int]:
    rows = report.rows(table.id)
    if any(column.line for block in blocks for column in block.columns):
        if not rows:
            return [], top
        return _one_row(table, blocks, rows, top), top + 1
    lanes = [_lines(table, form, block, blocks, rows) for block in blocks]
    foot = _foot(blocks)
    feet = sorted({_level(line) for lane in lanes for line in lane[len(lane) - _tail(lane, foot) :]})
    height = max((len(lane) - _tail(lane, foot) for lane in lanes), default=0)
    cells: list[Placed] = []
    absent = absent_fields(report, table)
    start = 0
    for block, lane in zip(blocks, lanes, strict=True):
        cut = len(lane) - _tail(lane, foot)
        padded = lane[:cut] + [_Line(None, None)] * (height - cut + len(feet))
        for line in lane[cut:]:
            padded[height + feet.index(_level(line))] = line
        for offset, line in enumerate(padded):
            cells.extend(_printed(table, block, line, top + offset, start, absent))
        start += len(block.columns)
    return cells, top + height + len(feet)


def _foot(blocks: Sequence[Block]) -> int:
    """The position from which on lines stand level across all lanes: that of the first trailing total, or of the first line
    above which a lane leaves places empty."""
    found = [_BELOW]
    for block in blocks:
        if block.open:
            continue
        found += [b.position for a, b in pairwise(block.lines) if b.position > a.position + 1]
        totals = takewhile(lambda fixed: fixed.kind == "total", reversed(block.lines))
        found += [fixed.position for fixed in totals]
    return min(found)


def _level(line: _Line) -> int:
    """The position of a line in its lane; a grand total that the form does not fix stands below all."""
    if line.fixed is not None:
        return line.fixed.position
    return _BELOW if line.row is not None and line.row[0] == TOTAL else 0


def _tail(lane: Sequence[_Line], foot: int) -> int:
    """How many lines stand at the foot of a lane of fixed lines."""
    return sum(1 for _ in takewhile(lambda line: _level(line) >= foot, reversed(lane)))


def _one_row(table: Table, blocks: Sequence[Block], rows: Sequence[Row], top: int) -> list[Placed]:
    """The single data row of a form whose columns are lines."""
    at = table.key_positions[0]
    by_line = {row[at]: row for row in reversed(rows)}
    columns = [column for block in blocks for column in block.columns]
    return [
        Placed(
            top,
            offset,
            by_line[column.line][table.position[str(column.field)]],
            "amount",
            shows=(table.id, str(column.line), str(column.field)),
        )
        for offset, column in enumerate(columns)
    ]


def _lines(
    table: Table, form: Form, block: Block, blocks: Sequence[Block], rows: Sequence[Row]
) -> list[_Line]:
    """What a block prints, from top to bottom."""
    at = table.key_positions[0]
    if block.open:
        lines = [_Line(None, row) for row in rows]
        if form.total == "last":
            lines.sort(key=lambda line: line.row is not None and line.row[at] == TOTAL)
        return lines
    fixed_anywhere = {fixed.line for other in blocks for fixed in other.lines}
    first: dict[Value, Row] = {}
    left: list[Row] = []
    for row in rows:
        if row[at] in fixed_anywhere and row[at] not in first:
            first[row[at]] = row
        elif _home(str(row[at]), blocks) == block.name:
            left.append(row)
    numbered = any(column.role == "line_number" for column in block.columns)
    found = [_Line(fixed, first.get(fixed.line)) for fixed in block.lines if numbered or fixed.line in first]
    foot = _foot(blocks)
    for row in left:
        found.insert(_place(found, str(row[at]), at, foot), _Line(None, row))
    return found


def _home(line: str, blocks: Sequence[Block]) -> str:
    """The block that a line stands in: where it is fixed, else where its side or its class is."""
    for block in blocks:
        if any(fixed.line == line for fixed in block.lines):
            return block.name
    side = line.partition(".")[0]
    for block in blocks:
        if block.name == side or any(fixed.line == line[:3] for fixed in block.lines):
            return block.name
    return blocks[0].name if line == TOTAL else blocks[-1].name


def _place(lines: Sequence[_Line], line: str, at: int, foot: int) -> int:
    """Where a line that the form does not fix is put: after the last smaller code of its kind, before the totals."""
    stem = line.rstrip("0123456789")
    position = None
    for index, other in enumerate(lines):
        known = str(other.row[at]) if other.row else (other.fixed.line if other.fixed else "")
        if (
            known.rstrip("0123456789") == stem
            and known[len(stem) :].isdigit()
            and line[len(stem) :].isdigit()
            and known <= line
        ):
            position = index + 1
    return position if position is not None else len(lines) - (0 if line == TOTAL else _tail(lines, foot))


def _printed(
    table: Table, block: Block, line: _Line, row: int, start: int, absent: frozenset[str]
) -> Iterator[Placed]:
    """The cells of one printed row of a block; every column gets one, so that the grid is closed."""
    key = line.row[table.key_positions[0]] if line.row else None
    total = key == TOTAL or (line.fixed is not None and line.fixed.kind in ("total", "subtotal"))
    merged = (
        key is not None
        and not str(key)[0].isdigit()
        and [c.role for c in block.columns[:2]] == ["code", "name"]
    )
    name = line.row[table.position["name"]] if line.row else None
    own = row_name(table, line.row) if line.row else ""
    for offset, column in enumerate(block.columns):
        value: Value = None
        role = column.role
        there = line.row is not None and column.field is not None
        if column.role == "line_number":
            value = line.fixed.line_number or None if line.fixed else None
        elif line.row is None:
            pass
        elif merged and column.role == "code":
            yield Placed(row, start + offset, name, "total_label", columns=2, shows=(table.id, own, "name"))
            continue
        elif merged and column.role == "name":
            continue
        elif column.role == "code":
            value = key
        elif column.role == "name":
            value = name
        elif column.role == "label":
            value = _label(line, name)
            role = "total_label" if total else "label"
        else:
            field = table[str(column.field)]
            there = has_cell(field, absent, key)
            value = line.row[table.position[field.name]] if there else None
        indent = _indent(key, line) if column.role in ("label", "name") and not total else 0
        shows = (table.id, own, str(column.field)) if there else None
        yield Placed(row, start + offset, value, role, indent=indent, shows=shows)


def _label(line: _Line, name: Value) -> Value:
    """The printed label: the row's own name behind the ordinal that the form prints."""
    if line.fixed is None or not isinstance(name, str):
        return name
    ordinal = (
        line.fixed.label[: len(line.fixed.label) - len(line.fixed.name)]
        if line.fixed.label.endswith(line.fixed.name)
        else ""
    )
    return ordinal + name


def _indent(key: Value, line: _Line) -> int:
    if line.fixed is not None and line.fixed.kind == "component":
        return 2
    text = str(key)
    return {5: 1, 7: 2}.get(len(text), 0) if text.isdigit() else 0


def plain_form(table: Table) -> Form:
    """A list form for a table that the edition does not print but the report has."""
    columns = tuple(
        Column((f.title,), "amount" if f.amount else "name" if f.name == "name" else "code", f.name)
        for f in table.fields
    )
    return Form(
        table.id, None, table.title, (), "first", False, (), None, "", "", (Block("items", columns, ()),)
    )


def cover_page(report: Report) -> Page:
    """The cover: whose accounts, of which year, in which form, and the list of the tables with their state."""
    cells = [Placed(0, 0, cover_title(report), "cover", columns=9)]
    at = 2
    for table_id in ("entity", "report"):
        part, at = _record(report, report.spec.tables[table_id], at, (1, 6))
        cells.extend(part)
        at += 1
    part, _end = _grid(report, report.spec.tables["tables"], at)
    widths = (40.0, 10.0, 8.0, 36.0, 20.0, 40.0, 12.0, 12.0, 12.0)
    heights = ((0, 48.0), *row_heights((*cells[1:], *part), widths))
    return Page(COVER, (*cells, *part), widths, heights, landscape=True, one_sheet=True)


def cover_title(report: Report) -> str:
    """The line that the cover shows large."""
    name, year = report.one("entity").get("name"), report.fiscal_year
    return f"{name or ''}{year}年度部门决算"


def list_page(report: Report, table: Table) -> Page:
    """A table that is no form: one row as a list of items, many rows as a grid."""
    if table.single:
        cells, _end = _record(report, table, 0)
        widths: tuple[float, ...] = (34.0, 60.0, 10.0)
        return Page(
            _sheet_name(0, table.title), tuple(cells), widths, ((0, 26.0), *row_heights(cells, widths))
        )
    cells, _end = _grid(report, table, 0)
    widths = tuple(_width(f, report.rows(table.id), i) for i, f in enumerate(table.fields))
    return Page(
        _sheet_name(0, table.title),
        tuple(cells),
        widths,
        ((0, 26.0), *row_heights(cells, widths)),
        (1, 2),
        landscape=sum(widths) > 100,
    )


def _record(
    report: Report, table: Table, top: int, columns: tuple[int, int] = (1, 2)
) -> tuple[list[Placed], int]:
    """A table of one row: a line of each field, so that what is missing can be seen and filled in. ``columns`` are those
    of the content, which reaches up to that of the unit, and of the unit."""
    content, unit = columns
    row = report.rows(table.id)
    values = row[0] if row else (None,) * len(table.fields)
    cells = [Placed(top, 0, table.title, "list_title", columns=unit + 1)]
    cells.append(Placed(top + 1, 0, ITEM, "header"))
    cells.append(Placed(top + 1, content, CONTENT, "header", columns=unit - content))
    cells.append(Placed(top + 1, unit, UNIT, "header"))
    at = top + 2
    for field, value in zip(table.fields, values, strict=True):
        cells.append(Placed(at, 0, field.title, "label"))
        role = _list_role(field, value)
        shown = printed(field, value)
        shows = (table.id, "*", field.name)
        cells.append(Placed(at, content, shown, role, columns=unit - content, shows=shows))
        cells.append(Placed(at, unit, _unit(report, field), "unit_cell"))
        at += 1
    return cells, at


def _grid(report: Report, table: Table, top: int) -> tuple[list[Placed], int]:
    """A table of many rows under a header of its fields' titles."""
    cells = [Placed(top, 0, table.title, "list_title", columns=len(table.fields))]
    cells += [Placed(top + 1, i, f.title, "header") for i, f in enumerate(table.fields)]
    at = top + 2
    for row in report.rows(table.id):
        name = row_name(table, row)
        for i, (field, value) in enumerate(zip(table.fields, row, strict=True)):
            shows = (table.id, name, field.name)
            cells.append(Placed(at, i, printed(field, value), _list_role(field, value), shows=shows))
        at += 1
    return cells, at


def printed(field: Field, value: Value) -> Value:
    """A value as a list shows it: words for truth values and coded values; numbers and nothings stay what they are."""
    if isinstance(value, bool):
        return PRINTED_BOOLEAN[value]
    return field.labels.get(value, value) if isinstance(value, str) else value


def row_heights(cells: Iterable[Placed], widths: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Heights in points of the rows whose texts need more than one line; a wide character counts two."""
    lines: dict[int, int] = {}
    for cell in cells:
        if isinstance(cell.value, str):
            across = sum(widths[cell.column : cell.column + cell.columns])
            spare = across - _needed("", cell.indent)
            wanted = sum(max(ceil(0.95 * _columns(part) / spare), 1) for part in cell.value.split("\n"))
            lines[cell.row] = max(lines.get(cell.row, 1), wanted)
    for row, count in lines.items():
        if count > 1:
            yield row, min(3.0 + 13.5 * count, 400.0)


def _columns(text: str) -> int:
    """How many columns of a fixed-width font a text takes."""
    return sum(1 if ord(c) < 0x1100 else 2 for c in text)


def _list_role(field: Field, value: Value) -> str:
    return "figure" if field.numeric else "text"


def _unit(report: Report, field: Field) -> str | None:
    return report.unit if field.amount else field.unit


def _width(field: Field, rows: Iterable[Row], position: int) -> float:
    """Column width of a grid: wide enough for its title and for what it holds, up to a readable line."""
    texts = [part for row in rows for part in str(printed(field, row[position]) or "").split("\n")]
    return min(max(_needed(text, 0) + 1 for text in (field.title + "　", *texts)), 60)
