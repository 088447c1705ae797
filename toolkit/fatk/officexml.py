"""XML spreadsheets of Excel 2002 and 2003 (SpreadsheetML), mostly met under the name .xls, as a ``Book`` of raw cells.

Many systems export them. All is one document: styles, then sheets of rows of cells, each behind the one before unless it
states its index. Formulas are kept as written, in the notation R1C1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fatk.errors import Refused
from fatk.gathering import Gathering, Notices, Tally, hidden_notices
from fatk.grid import (
    BOOLEAN,
    ERROR,
    FORMULA_WITHOUT_VALUE,
    GENERAL,
    MAX_COLUMNS,
    MAX_ROWS,
    NUMBER,
    TEXT,
    Book,
    Cell,
    NumberFormat,
    Sheet,
    a1,
    read_named_format,
    set_apart,
)
from fatk.limits import Limits
from fatk.strictxml import Attributes, Parse, Qualify, parse_file

NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_SS, _EXCEL = f"{NAMESPACE} ", "urn:schemas-microsoft-com:office:excel "
_KINDS = {"Number": NUMBER, "String": TEXT, "DateTime": TEXT, "Boolean": BOOLEAN, "Error": ERROR}
_COUNT = re.compile(r"[ \t\r\n]*+(?=[0-9])0*+([0-9]*+)[ \t\r\n]*+")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T00:00:00(?:\.0+)?Z?")
#: What the names of workbooks end with, which stand in brackets in a formula.
_OTHER_FILE = (".xl", ".ods", ".csv", ".xml")
_VISIBLE = f"{_EXCEL}Visible"
_OPTIONS = {f"{_EXCEL}WorksheetOptions", f"{_SS}WorksheetOptions"}
#: Ways to other files, outside of cells.
_LINKS = {f"{_EXCEL}SupBook", f"{_EXCEL}QueryTable"}
#: What raises or lowers a part of a text, and what strikes it out.
_HTML = "http://www.w3.org/TR/REC-html40 "
_APART = {
    f"{_HTML}Sup": False,
    f"{_HTML}Sub": False,
    f"{_HTML}S": True,
    f"{_HTML}Del": True,
    f"{_HTML}Strike": True,
}
#: As many cells of a sheet are told of, each by itself.
_TOLD = 32
#: How many times longer a text may be with what lays it out.
_LAID_OUT = 8

# Where in the document expat is.
_IN_BOOK, _IN_STYLES, _IN_SHEET, _IN_TABLE, _IN_ROW, _IN_CELL, _IN_DATA, _IN_OPTIONS = range(8)


def read_book(data: bytes, limits: Limits, name: str = "") -> Book:
    """The spreadsheet in the bytes of an XML document; ``Refused`` where it cannot be read."""
    document = _Document(limits, name or "Workbook")
    parse_file(data, document.part, limits, "Workbook", frozenset({NAMESPACE}), document.begin)
    return Book(tuple(document.sheets), tuple(dict.fromkeys(document.notices)))


def _get(attributes: Attributes, name: str) -> str | None:
    """An attribute, with or without the prefix that it should have."""
    return attributes.get(_SS + name, attributes.get(name))


def _count(attributes: Attributes, name: str, default: int) -> int:
    text = _get(attributes, name)
    match = _COUNT.fullmatch(text) if text is not None else None
    if match is None:
        return default
    return int(match[1] or 0) if len(match[1]) < 10 else 10**9


def _is_hidden(attributes: Attributes) -> bool:
    return _get(attributes, "Hidden") == "1"


@dataclass(slots=True)
class _Style:
    """A style as it is stated: its number format, and the style that it takes one from where it states none."""

    parent: str | None
    format: NumberFormat | None = None


class _Document:
    """What was read, and the handlers that read on."""

    def __init__(self, limits: Limits, part: str) -> None:
        self.limits, self.part = limits, part
        self.styles: dict[str, _Style] = {}
        self.tally = Tally(limits)
        self.sheets: list[Sheet] = []
        self.names: set[str] = set()
        self.notices: Notices = []

    def begin(self, at_work: Parse, _qualify: Qualify) -> None:
        """Set the handlers."""
        limits, notices, parser = self.limits, self.notices, at_work.parser
        where = _IN_BOOK
        depth = before = 0  # of what is skipped, and of marks within a text; the latter meanwhile
        style: _Style | None = None
        sheet: _SheetReader | None = None
        buffer: list[str] = []
        apart: list[
            tuple[int, int, bool]
        ] = []  # raised or struck-out parts: depth, where they begin, whether struck

        def start(name: str, attributes: Attributes) -> None:
            nonlocal where, depth, style, sheet
            at_work.elements += 1
            if where == _IN_ROW and sheet is not None:
                if name == f"{_SS}Cell":
                    where = _IN_CELL
                    buffer.clear()
                    sheet.begin_cell(attributes)
                else:
                    skip(name)
            elif where == _IN_CELL and sheet is not None:
                if name == f"{_SS}Data":
                    if sheet.kind:  # of two nobody knows which one is shown
                        sheet.gathering.refuse("XLSX_WRONG_MARKUP", f"{sheet.next_row + 1}", found=name)
                    sheet.beside = bool("".join(buffer).strip())
                    where = _IN_DATA
                    depth = 0
                    buffer.clear()
                    apart.clear()
                    sheet.kind = _get(attributes, "Type") or "String"
                else:
                    skip(name)
            elif where == _IN_DATA:
                if name.startswith(_EXCEL):  # the reading of a text
                    skip(name)
                else:
                    depth += 1
                    if not apart and name in _APART:
                        apart.append((depth, len(buffer), _APART[name]))
            elif where == _IN_TABLE and sheet is not None:
                if name == f"{_SS}Row":
                    where = _IN_ROW
                    sheet.begin_row(attributes)
                else:
                    if name == f"{_SS}Column":
                        sheet.column(attributes)
                    skip(name)
            elif where == _IN_STYLES:
                if name == f"{_SS}Style":
                    style = self.style(attributes)
                elif name == f"{_SS}NumberFormat" and style is not None:
                    style.format = read_named_format((_get(attributes, "Format") or "General")[:1024])
                    skip(name)
                else:
                    skip(name)
            elif where == _IN_SHEET and sheet is not None:
                if name == f"{_SS}Table":
                    where = _IN_TABLE
                    sheet.begin_table(attributes)
                elif name in _OPTIONS:
                    where = _IN_OPTIONS
                else:
                    skip(name)
            elif where == _IN_OPTIONS:
                buffer.clear()
                if name != _VISIBLE:
                    skip(name)
            elif name == f"{_SS}Worksheet":
                where = _IN_SHEET
                sheet = self.sheet(attributes)
            elif name == f"{_SS}Styles":
                where = _IN_STYLES
            elif name != f"{_EXCEL}ExcelWorkbook":
                skip(name)

        def end(name: str) -> None:
            nonlocal where, depth, style, sheet
            if where == _IN_DATA and sheet is not None:
                if depth:
                    if apart and apart[-1][0] == depth:
                        _, begun, struck = apart.pop()
                        buffer[begun:] = [set_apart("".join(buffer[begun:]), struck=struck)]
                    depth -= 1
                    return
                where = _IN_CELL
                sheet.text = "".join(buffer)
                buffer.clear()
            elif where == _IN_CELL and sheet is not None:
                where = _IN_ROW
                sheet.beside = sheet.beside or bool("".join(buffer).strip())
                sheet.end_cell()
            elif where == _IN_ROW and sheet is not None:
                where = _IN_TABLE
                sheet.end_row()
            elif where == _IN_TABLE:
                where = _IN_SHEET
            elif where == _IN_OPTIONS and sheet is not None:
                if name == _VISIBLE:
                    sheet.hidden = "".join(buffer).strip() in {"SheetHidden", "SheetVeryHidden"}
                else:
                    where = _IN_SHEET
            elif where == _IN_SHEET and sheet is not None:
                where = _IN_BOOK
                made = sheet.gathering.sheet(sheet.hidden)
                self.sheets.append(made)
                notices.extend(hidden_notices(made))
                notices.extend(dict.fromkeys(sheet.notices))
                sheet = None
            elif where == _IN_STYLES:
                if name == f"{_SS}Styles":
                    where = _IN_BOOK
                style = None

        def skip(name: str) -> None:
            """Leave out an element with all that it holds."""
            nonlocal before, depth
            before, depth = depth, 1
            tell(name)
            parser.StartElementHandler = deeper
            parser.EndElementHandler = back
            parser.CharacterDataHandler = None

        def tell(name: str) -> None:
            if name in _LINKS:
                notices.append(("EXTERNAL_LINK", sheet.name if sheet else self.part))
            elif name == f"{_SS}Comment" and sheet is not None:
                notices.append(("COMMENT_PRESENT", sheet.name))
            if len(notices) > 4096:
                notices[:] = dict.fromkeys(notices)

        def deeper(name: str, attributes: Attributes) -> None:
            nonlocal depth
            at_work.elements += 1
            depth += 1
            if name in _LINKS:
                tell(name)

        def back(name: str) -> None:
            nonlocal depth
            depth -= 1
            if not depth:
                depth = before
                parser.StartElementHandler = start
                parser.EndElementHandler = end
                parser.CharacterDataHandler = buffer.append

        def between() -> None:
            if depth > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=self.part, limit=limits.xml_depth)
            if where != _IN_DATA:
                buffer.clear()  # blanks between elements
            elif sheet is not None and sum(map(len, buffer)) > _LAID_OUT * limits.cell_text:
                sheet.too_long()

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = buffer.append
        at_work.between = between

    def style(self, attributes: Attributes) -> _Style:
        made = _Style(_get(attributes, "Parent"))
        self.styles[_get(attributes, "ID") or ""] = made
        if len(self.styles) > self.limits.styles:
            raise Refused("XLSX_TOO_MANY_STYLES", part=self.part, limit=self.limits.styles)
        return made

    def format(self, style: str | None) -> NumberFormat:
        """The number format of a style, its own or the nearest that it takes one from."""
        step = style
        for _ in range(16):  # a style is never far from what it inherits from
            found = self.styles.get(step or "Default")
            if found is None:
                break
            if found.format is not None:
                return found.format
            if step in {None, "Default"}:
                break
            step = found.parent
        return GENERAL

    def sheet(self, attributes: Attributes) -> _SheetReader:
        name = _get(attributes, "Name") or ""
        if name.casefold() in self.names:  # a place in the sheet of this name would be two places
            raise Refused("XLSX_BAD_REFERENCE", place=name, part=self.part, reason="used_twice")
        self.names.add(name.casefold())
        self.tally.take_sheet()
        return _SheetReader(self, Gathering(name, self.part, self.tally))


class _SheetReader:
    """One sheet, row by row."""

    __slots__ = (
        "beside", "cell", "covered", "document", "formats", "gathering", "hidden", "kind", "left", "line", "name", "next_column", "next_place", "next_row",
        "notices", "row", "row_style", "styles", "table_style", "text", "told",
    )  # fmt: skip

    def __init__(self, document: _Document, gathering: Gathering) -> None:
        self.document, self.gathering, self.name = document, gathering, gathering.name
        self.hidden = False
        self.notices: Notices = []
        self.formats: dict[str | None, NumberFormat] = {}
        self.styles: dict[int, str] = {}  # of columns
        self.covered: dict[int, int] = {}  # the last row of ranges that reach down from above, by column
        self.left = 0  # first column of the table
        self.next_row = self.next_column = self.next_place = 0
        self.table_style: str | None = None
        self.row_style: str | None = None
        self.row: Attributes = {}
        self.cell: Attributes = {}
        self.kind = ""  # type that the cell's data state; empty where it has none
        self.text = ""
        self.beside = False  # whether the cell holds text that is none of its data
        self.told = 0
        self.line: list[tuple[int, Cell]] = []

    def refuse_place(self, reason: str) -> None:
        self.gathering.refuse("XLSX_BAD_REFERENCE", f"{self.next_row + 1}", reason=reason)

    def too_long(self) -> None:
        limit = self.gathering.tally.limits.cell_text
        self.gathering.refuse("CELL_TOO_LONG", f"{self.next_row + 1}", limit=limit)

    def begin_table(self, attributes: Attributes) -> None:
        self.table_style = _get(attributes, "StyleID")
        self.left = self.next_column = max(_count(attributes, "LeftCell", 1), 1) - 1
        self.next_row = max(self.next_row, _count(attributes, "TopCell", 1) - 1)

    def column(self, attributes: Attributes) -> None:
        first = self.left + _count(attributes, "Index", self.next_column - self.left + 1) - 1
        last = first + _count(attributes, "Span", 0)
        if first < self.next_column or last >= MAX_COLUMNS:
            self.refuse_place("outside" if last >= MAX_COLUMNS else "used_twice")
        self.next_column = last + 1
        if style := _get(attributes, "StyleID"):
            self.styles.update(dict.fromkeys(range(first, last + 1), style))
        if _is_hidden(attributes):
            self.gathering.hide_columns(first, last)

    def begin_row(self, attributes: Attributes) -> None:
        self.row = attributes
        self.row_style = _get(attributes, "StyleID")
        stated = _count(attributes, "Index", self.next_row + 1) - 1
        if stated < self.next_row:
            self.refuse_place("used_twice")
        self.next_row = min(stated, MAX_ROWS)
        self.next_place = self.left

    def begin_cell(self, attributes: Attributes) -> None:
        self.cell = attributes
        self.kind = self.text = ""
        self.beside = False

    def end_cell(self) -> None:
        attributes = self.cell
        place = self.next_place
        if (index := _get(attributes, "Index")) is not None:
            place = self.left + _count({"Index": index}, "Index", 0) - 1
            if place < self.next_place:
                self.refuse_place("used_twice")
        else:  # what a range from above covers is no cell, though not every writer states that it is left out
            while self.covered.get(place, -1) >= self.next_row:
                place += 1
        across, down = _count(attributes, "MergeAcross", 0), _count(attributes, "MergeDown", 0)
        self.next_place = place + across + 1
        if across or down:
            self.gathering.merge(self.next_row, place, down + 1, across + 1)
            if down:
                last = self.next_row + down
                self.covered.update(dict.fromkeys(range(place, self.next_place), last))
        if self.beside and self.told < _TOLD and place < MAX_COLUMNS:
            self.told += 1
            self.notices.append(("CELL_NOT_READ", f"{self.name}!{a1(self.next_row, place)}"))
        content = self.content(attributes)
        if content is None:
            if place >= MAX_COLUMNS:
                self.next_place = MAX_COLUMNS
            return
        if place >= MAX_COLUMNS:
            self.refuse_place("outside")
        style = _get(attributes, "StyleID") or self.row_style or self.styles.get(place) or self.table_style
        text, kind, formula = content
        if style not in self.formats:
            self.formats[style] = self.document.format(style)
        self.line.append((place, Cell(text, kind, self.formats[style], formula)))

    def content(self, attributes: Attributes) -> tuple[str, str, str | None] | None:
        """Text, kind and formula of the cell; ``None`` where it is blank."""
        formula = _get(attributes, "Formula")
        if formula is not None:
            formula = formula.removeprefix("=")
            for bracket in formula.split("[")[1:]:
                name = bracket.partition("]")[0][:255]
                if any(ending in name.lower() for ending in _OTHER_FILE):
                    self.notices.append(("EXTERNAL_LINK", name))
        if not self.kind:
            return None if formula is None else ("", FORMULA_WITHOUT_VALUE, formula)
        kind = _KINDS.get(self.kind)
        if kind is None:
            self.gathering.refuse("XLSX_WRONG_MARKUP", f"{self.next_row + 1}", found=self.kind)
        text = self.text if self.kind == "String" else self.text.strip()
        if formula is not None and not text and kind != TEXT:
            return "", FORMULA_WITHOUT_VALUE, formula
        if self.kind == "DateTime" and (midnight := _MIDNIGHT.fullmatch(text)):
            text = midnight[1]
        return (text, kind, formula) if text or formula is not None else None

    def end_row(self) -> None:
        row = self.next_row
        self.next_row = min(row + 1 + _count(self.row, "Span", 0), MAX_ROWS)
        if self.line:
            self.gathering.put_row(row, self.line)
            if _is_hidden(self.row):
                self.gathering.hidden_rows.add(row)
            self.line.clear()
