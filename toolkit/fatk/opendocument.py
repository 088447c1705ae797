"""OpenDocument spreadsheets (.ods, .ots, and flat .fods; ISO/IEC 26300, ODF 1.0 to 1.3) as a ``Book`` of raw cells.

A value is the text that the file stores for it, never what it shows. What the file states once for many cells is written out
within the limits; blank cells and rows, of which every sheet states a million, cost nothing. Annotations, drawings, tracked
changes and the caches of other files are no cells. Number formats become the codes of Excel, which say the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from typing import NoReturn

from fatk.archive import Archive
from fatk.errors import Refused
from fatk.gathering import Gathering, Notices, Tally, hidden_notices
from fatk.grid import (
    BOOLEAN,
    ERROR,
    ERROR_TEXT,
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
    read_format,
    set_apart,
    shows_another,
)
from fatk.limits import Limits
from fatk.strictxml import Attributes, Parse, Qualify, parse, parse_file, refuse_document_types

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE, _TEXT = f"{_URN}office:1.0 ", f"{_URN}table:1.0 ", f"{_URN}text:1.0 "
_STYLE, _NUMBER, _MANIFEST = f"{_URN}style:1.0 ", f"{_URN}datastyle:1.0 ", f"{_URN}manifest:1.0 "
_DRAW, _SCRIPT = f"{_URN}drawing:1.0 ", f"{_URN}script:1.0 "
_OOO = "http://openoffice.org/2004/office "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_ROOTS = frozenset({_OFFICE.strip()})

_CELL, _COVERED = f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"
_ROW, _COLUMN, _SHEET = f"{_TABLE}table-row", f"{_TABLE}table-column", f"{_TABLE}table"
_PARAGRAPHS = {f"{_TEXT}p", f"{_TEXT}h"}
_SPAN, _SPAN_STYLE = f"{_TEXT}span", f"{_TEXT}style-name"
#: What paragraphs of a cell may stand in.
_AROUND = {f"{_TEXT}list", f"{_TEXT}list-item", f"{_TEXT}list-header", f"{_TEXT}section"}
_REPEATED, _ROWS_REPEATED = f"{_TABLE}number-columns-repeated", f"{_TABLE}number-rows-repeated"
_COLUMNS_SPANNED, _ROWS_SPANNED = f"{_TABLE}number-columns-spanned", f"{_TABLE}number-rows-spanned"
_STYLE_NAME, _DEFAULT_STYLE = f"{_TABLE}style-name", f"{_TABLE}default-cell-style-name"
_FORMULA, _CALC_TYPE = f"{_TABLE}formula", f"{_CALC}value-type"
_TYPE = f"{_OFFICE}value-type"
_ANNOTATION = f"{_OFFICE}annotation"
#: Rows and columns stand in these too, to any depth.
_GROUPS = {
    f"{_TABLE}{name}"
    for name in (
        "table-row-group", "table-header-rows", "table-rows", "table-column-group", "table-header-columns", "table-columns",
    )
}  # fmt: skip
#: What holds the sheets, from the root on.
_BODIES = {f"{_OFFICE}body", f"{_OFFICE}spreadsheet"}
_STYLES = {f"{_OFFICE}styles", f"{_OFFICE}automatic-styles"}
#: Sources of a sheet in other files, outside of its cells.
_LINKS = {f"{_TABLE}table-source", f"{_OFFICE}dde-source", f"{_TABLE}dde-links"}
#: Programs in the file; the empty libraries that LibreOffice writes are none.
_MACROS = {f"{_SCRIPT}event-listener", f"{_OOO}module"}
#: What stands in a paragraph but is none of its text.
_ASIDE = {_ANNOTATION, f"{_OFFICE}annotation-end", f"{_TEXT}note", f"{_TEXT}ruby-text"}

#: Value type of a cell → attribute of its value, kind of the cell.
_VALUES = {
    "float": (f"{_OFFICE}value", NUMBER),
    "currency": (f"{_OFFICE}value", NUMBER),
    "percentage": (f"{_OFFICE}value", NUMBER),
    "boolean": (f"{_OFFICE}boolean-value", BOOLEAN),
    "date": (f"{_OFFICE}date-value", TEXT),
    "time": (f"{_OFFICE}time-value", TEXT),
    "string": (f"{_OFFICE}string-value", TEXT),
}
_PERCENTAGE = NumberFormat("%", percent=True)
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T00:00:00(?:[.,]0+)?Z?")
_FORMULA_PREFIX = re.compile(r"(?:[A-Za-z_][\w.-]*:)?=")
#: Ends the address of another file, before the name of a sheet in it.
_OTHER_FILE = "'#"
_COUNT = re.compile(r"0*([1-9][0-9]*)")
#: As much of an address is told.
_ADDRESS = 255
#: Blanks that text is written with, which count as one.
_BLANKS = re.compile(r"[ \t\r\n]+")
#: As many cells of a sheet are told of, each by itself.
_TOLD = 32
#: How many times longer a text may be with the blanks that lay it out.
_LAID_OUT = 8
#: Blanks that count as they are stand for themselves until the others are gone; XML has no such characters.
_HARD = {f"{_TEXT}s": "\x01", f"{_TEXT}tab": "\x02", f"{_TEXT}line-break": "\x03"}
_SOFTENED = str.maketrans("\x01\x02\x03", " \t\n")

# Where in a document expat is.
_OUTSIDE, _IN_STYLES, _IN_SHEET, _IN_ROW, _IN_CELL, _IN_PARAGRAPH = range(6)


def read_book(data: bytes, opened: Archive | None, limits: Limits, name: str = "") -> Book:
    """The spreadsheet in an opened archive, or, without one, in a flat document; ``Refused`` where it cannot be read."""
    document = _Document(limits)
    if opened is None:
        parse_file(data, name or "office:document", limits, "document", _ROOTS, document.begin)
        return document.book()
    parsed = {_refuse_encrypted(opened, limits)}
    for part, root in (("styles.xml", "document-styles"), ("content.xml", "document-content")):
        member = opened.find(part)
        if member is None or member.directory:
            if root == "document-styles":
                continue
            raise Refused("XLSX_PART_MISSING", part=part)
        document.part = part
        parse(part, opened.pieces(member), limits, root, _ROOTS, document.begin)
        parsed.add(member.name)
    refuse_document_types(opened, parsed)
    document.notices += [
        ("MACRO_PRESENT", folder)
        for folder in ("Basic", "Scripts")
        if any(member.startswith(f"{folder}/") for member in opened.names)
    ]
    return document.book()


def _refuse_encrypted(archive: Archive, limits: Limits) -> str:
    """Refuse a document whose manifest tells of encrypted parts; the manifest's name, empty where there is none."""
    member = archive.find("META-INF/manifest.xml")
    if member is None or member.directory:
        return ""

    def begin(at_work: Parse, qualify: Qualify) -> None:
        def start(name: str, attributes: Attributes) -> None:
            if name == encrypted:
                raise Refused("ODS_ENCRYPTED")

        encrypted = qualify("encryption-data")
        at_work.parser.StartElementHandler = start

    parse(member.name, archive.pieces(member), limits, "manifest", frozenset({_MANIFEST.strip()}), begin)
    return member.name


# Number formats

_FIGURE_STYLES = {f"{_NUMBER}{kind}-style" for kind in ("number", "currency", "percentage")}
_DATE_STYLES = {f"{_NUMBER}date-style": "yyyy-mm-dd", f"{_NUMBER}time-style": "h:mm:ss"}
_DATA_STYLES = {
    f"{_NUMBER}{kind}-style"
    for kind in ("number", "currency", "percentage", "date", "time", "boolean", "text")
}
#: Conditions of the sections that any format of Excel has.
_PLAIN_CONDITIONS = {"value()>=0", "value()>0", "value()<0", "value()<=0", "value()=0"}


class _DataStyle:
    """One data style, as it is gathered: the code that shows a number so, and the sections that hold for some numbers."""

    __slots__ = ("code", "empty", "percent", "scale", "sections", "texts")

    def __init__(self, kind: str) -> None:
        self.code = _DATE_STYLES.get(kind, "@" if kind == f"{_NUMBER}text-style" else "")
        self.empty = '""' if kind in _FIGURE_STYLES else "General"  # a style without any part shows nothing
        self.percent = kind == f"{_NUMBER}percentage-style"
        self.scale = 0
        self.sections: list[tuple[str, str]] = []  # condition, name of the style
        self.texts = kind not in _DATE_STYLES  # texts between the parts of a date change nothing

    def number(self, attributes: Attributes, embedded: list[tuple[int, str]]) -> None:
        """A number, with the texts that stand between its digits by how many digits are behind each."""
        places = attributes.get(f"{_NUMBER}decimal-places")
        factor = attributes.get(f"{_NUMBER}display-factor", "1").removesuffix(".0")
        if places is None and factor == "1" and not embedded:
            self.code += "General"
            return
        shown = min(_count(places or "0", 0), 20)
        least = min(_count(attributes.get(f"{_NUMBER}min-decimal-places", places or "0"), 0), shown)
        digits = "0" * min(_count(attributes.get(f"{_NUMBER}min-integer-digits", "1"), 0), 20) or "#"
        grouped = attributes.get(f"{_NUMBER}grouping") == "true"
        whole = "#,##" + digits if grouped else digits
        points = [position for position, text in embedded if text == "."]
        if (
            points and not grouped and 0 < points[0] <= 20
        ):  # the point is text: ten thousands, with their digits behind it
            whole += "!." + "0" * points[0]
        self.code += whole + ("." + "0" * least + "#" * (shown - least) if shown else "")
        if re.fullmatch("10+", factor):
            self.scale = len(factor) - 1
            self.code += "," * (self.scale // 3) if self.scale % 3 == 0 else ""

    def text(self, text: str) -> None:
        if self.percent and "%" in text:
            self.code += "%"
        elif self.texts and text.strip():
            self.code += '"' + text.replace('"', "") + '"'


def _format(style: _DataStyle, known: dict[str, _DataStyle]) -> NumberFormat:
    """The number format that a data style is; of the sections that it names, the first decides, as in Excel."""
    parts: list[tuple[str, _DataStyle]] = []
    for condition, name in style.sections[:8]:
        if name in known:
            plain = condition.replace(" ", "")
            sign = "" if plain in _PLAIN_CONDITIONS else f"[{plain.removeprefix('value()')}]"
            below = plain in {"value()<0", "value()<=0"}
            parts.append((sign, known[name]) if not (below and not parts) else ("<", known[name]))
    parts.append(("", style))
    if parts[0][0] == "<":  # only what is below zero is shown in another way
        parts = [*parts[1:], ("", parts[0][1])]
    made = read_format(";".join(sign + (part.code or part.empty) for sign, part in parts))
    scale = parts[0][1].scale
    return replace(made, scale=scale) if scale % 3 else made


def _count(text: str, least: int = 1) -> int:
    """A count as XML writes it, a thousand million at most; ``least`` where it is none."""
    match = _COUNT.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return least
    return int(match[1]) if len(match[1]) < 10 else 10**9


class _Formats:
    """The number formats of cell styles by name. Styles of the whole document come first, a part's own ones override them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.data: dict[str, _DataStyle] = {}
        self.cells: dict[str, tuple[str | None, str | None]] = {}  # data style, parent
        self.known: dict[str | None, NumberFormat] = {}
        self.hidden_sheets: set[str] = set()
        self.apart: dict[str, bool] = {}  # styles of texts that are struck out, else raised or lowered
        self.count = 0

    def settle(self) -> None:
        """Work out the formats of all cell styles so far, by the data styles so far."""
        made = {name: _format(style, self.data) for name, style in self.data.items()}
        for name in self.cells:
            data: str | None = None
            step: str | None = name
            for _ in range(16):  # a style is never far from what it inherits from
                data, step = self.cells.get(step or "", (None, None))
                if data is not None or step is None or step in self.known:
                    break
            if data is not None:
                self.known[name] = made.get(data, GENERAL)
            elif step is not None:
                self.known[name] = self.known.get(step, GENERAL)
            else:
                self.known[name] = self.known.get("Default", GENERAL)
        self.cells.clear()

    def tally(self, part: str) -> None:
        self.count += 1
        if self.count > self.limits.styles:
            raise Refused("XLSX_TOO_MANY_STYLES", part=part, limit=self.limits.styles)


# Content


class _Document:
    """What was read of a document, and the handlers that read on. Parts follow one another; content is the last."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.part = "content.xml"
        self.formats = _Formats(limits)
        self.tally = Tally(limits)
        self.sheets: list[Sheet] = []
        self.names: set[str] = set()
        self.notices: Notices = []
        self.found = False

    def book(self) -> Book:
        if not self.found:
            raise Refused("NOT_A_TABLE_DOCUMENT")
        return Book(tuple(self.sheets), tuple(dict.fromkeys(self.notices)))

    def begin(self, at_work: Parse, _qualify: Qualify) -> None:
        """Set the handlers of one part."""
        limits, formats, notices = self.limits, self.formats, self.notices
        parser = at_work.parser
        where = _OUTSIDE
        depth = 0  # of what is skipped, and of marks within a paragraph
        after = _OUTSIDE  # where a skipped element stood
        around = 0  # lists and sections around a cell's paragraphs
        sheet: _SheetReader | None = None
        buffer: list[str] = []
        hard = 0  # blanks of the paragraph that count as they are
        apart: list[
            tuple[int, int, bool]
        ] = []  # raised or struck-out spans: depth, where they begin, whether struck
        # Styles
        style: _DataStyle | None = None
        style_name = owner = ""
        family: str | None = None
        number: Attributes | None = None
        embedded: list[tuple[int, str]] = []
        position = 0
        within: list[str] = []

        def start(name: str, attributes: Attributes) -> None:
            nonlocal around, where, depth, hard, sheet
            at_work.elements += 1
            if where == _IN_ROW and sheet is not None:
                if name in {_CELL, _COVERED}:
                    where = _IN_CELL
                    sheet.begin_cell(attributes)
                else:
                    skip(name)
            elif where == _IN_CELL:
                if name in _PARAGRAPHS:
                    where = _IN_PARAGRAPH
                    depth = hard = 0
                    buffer.clear()
                    apart.clear()
                elif name in _AROUND:
                    around += 1
                else:
                    skip(name)
            elif where == _IN_PARAGRAPH:
                if name in _ASIDE or name.startswith(_DRAW):
                    skip(name)
                    return
                depth += 1
                if not apart and name == _SPAN and attributes.get(_SPAN_STYLE) in formats.apart:
                    apart.append((depth, len(buffer), formats.apart[attributes[_SPAN_STYLE]]))
                blank = _HARD.get(name)
                if blank:
                    times = _count(attributes.get(f"{_TEXT}c", "1")) if blank == "\x01" else 1
                    hard += times
                    if hard > limits.cell_text and sheet is not None:
                        sheet.too_long()
                    buffer.append(blank * times)
            elif where == _IN_SHEET and sheet is not None:
                if name == _ROW:
                    where = _IN_ROW
                    sheet.begin_row(attributes)
                elif name == _COLUMN:
                    sheet.column(attributes)
                    skip(name)
                elif name in _GROUPS:
                    sheet.groups.append(attributes.get(f"{_TABLE}display") == "false")
                else:
                    skip(name)
            elif where == _IN_STYLES:
                style_start(name, attributes)
            elif name in _BODIES:
                self.found = self.found or name == f"{_OFFICE}spreadsheet"
            elif name in _STYLES:
                where = _IN_STYLES
                parser.EndElementHandler = style_end
            elif name == _SHEET and self.found:
                sheet = self.sheet(attributes)
                where = _IN_SHEET
                if sheet is None:
                    where = _OUTSIDE
                    skip(name)
            else:
                skip(name)

        def end(name: str) -> None:
            nonlocal around, where, depth, sheet
            if where == _IN_PARAGRAPH and sheet is not None:
                if depth:
                    if apart and apart[-1][0] == depth:
                        _, begun, struck = apart.pop()
                        buffer[begun:] = [set_apart("".join(buffer[begun:]), struck=struck)]
                    depth -= 1
                    return
                where = _IN_CELL
                sheet.paragraphs.append("".join(buffer))
                buffer.clear()
            elif where == _IN_CELL and sheet is not None:
                if around:
                    around -= 1
                    return
                where = _IN_ROW
                sheet.end_cell()
            elif where == _IN_ROW and sheet is not None:
                where = _IN_SHEET
                sheet.end_row()
            elif where == _IN_SHEET and sheet is not None:
                if name in _GROUPS:
                    sheet.groups.pop()
                    return
                where = _OUTSIDE
                made = sheet.gathering.sheet(sheet.hidden)
                self.sheets.append(made)
                notices.extend(hidden_notices(made))
                notices.extend(sheet.notices)
                sheet = None

        def skip(name: str) -> None:
            """Leave out an element with all that it holds; some of them are told."""
            nonlocal depth, after
            after = depth
            depth = 1
            tell(name)
            parser.StartElementHandler = deeper
            parser.EndElementHandler = back
            parser.CharacterDataHandler = None

        def tell(name: str) -> None:
            if name in _LINKS:
                notices.append(("EXTERNAL_LINK", sheet.name if sheet else self.part))
            elif name in _MACROS:
                notices.append(("MACRO_PRESENT", sheet.name if sheet else self.part))
            elif sheet is None:
                return
            elif name == _ANNOTATION:
                sheet.notices.append(("COMMENT_PRESENT", sheet.name))
            elif name == _SHEET:
                sheet.tell("CELL_NOT_READ", sheet.place)
            elif name == f"{_DRAW}object-ole":
                sheet.notices.append(("EXTERNAL_LINK", sheet.name))
            elif name.startswith(_DRAW):
                sheet.notices.append(("DRAWING_PRESENT", sheet.name))
            if sheet is not None and len(sheet.notices) > 64:
                sheet.notices[:] = dict.fromkeys(sheet.notices)

        def deeper(name: str, attributes: Attributes) -> None:
            nonlocal depth
            at_work.elements += 1
            depth += 1
            if name.startswith((_DRAW, _SCRIPT, _OFFICE, _OOO)):
                tell(name)

        def back(name: str) -> None:
            nonlocal depth
            depth -= 1
            if not depth:
                depth = after
                parser.StartElementHandler = start
                parser.EndElementHandler = style_end if where == _IN_STYLES else end
                parser.CharacterDataHandler = buffer.append

        def style_start(name: str, attributes: Attributes) -> None:
            nonlocal style, style_name, owner, family, number, position
            at_work.elements += 1
            within.append(name)
            if len(within) > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=self.part, limit=limits.xml_depth)
            buffer.clear()
            if name == f"{_STYLE}style":
                formats.tally(self.part)
                owner, family = attributes.get(f"{_STYLE}name", ""), attributes.get(f"{_STYLE}family")
                if family == "table-cell":
                    formats.cells[owner] = (
                        attributes.get(f"{_STYLE}data-style-name"),
                        attributes.get(f"{_STYLE}parent-style-name"),
                    )
            elif name == f"{_STYLE}text-properties" and family == "text":
                if (struck := _apart(attributes)) is not None:
                    formats.apart[owner] = struck
            elif name == f"{_STYLE}table-properties":
                if attributes.get(f"{_TABLE}display") == "false":
                    formats.hidden_sheets.add(owner)
            elif name in _DATA_STYLES:
                formats.tally(self.part)
                style, style_name = _DataStyle(name), attributes.get(f"{_STYLE}name", "")
            elif style is None:
                return
            elif name == f"{_NUMBER}number":
                number = attributes
                embedded.clear()
            elif name == f"{_NUMBER}embedded-text":
                position = _count(attributes.get(f"{_NUMBER}position", "0"), 0)
            elif name == f"{_NUMBER}scientific-number":
                style.code += "0.00E+00"
            elif name == f"{_NUMBER}fraction":
                style.code += "# ?/?"
            elif name == f"{_STYLE}map":
                formats.tally(self.part)
                condition = attributes.get(f"{_STYLE}condition", "")
                style.sections.append((condition[:64], attributes.get(f"{_STYLE}apply-style-name", "")))

        def style_end(name: str) -> None:
            nonlocal where, style, number
            if not within:
                where = _OUTSIDE
                formats.settle()
                parser.EndElementHandler = end
                return
            within.pop()
            if style is None:
                return
            if name in _DATA_STYLES:
                formats.data[style_name] = style
                style = None
            elif name == f"{_NUMBER}number" and number is not None:
                style.number(number, embedded)
                number = None
            elif name == f"{_NUMBER}embedded-text":
                embedded.append((position, "".join(buffer)[:64]))
            elif name in {f"{_NUMBER}text", f"{_NUMBER}currency-symbol"}:
                style.text("".join(buffer)[:64])
            if style is not None and len(style.code) + len(embedded) > 4096:
                raise Refused("XML_TOO_COMPLEX", part=self.part, limit=4096)
            buffer.clear()

        def between() -> None:
            if max(depth, around) > limits.xml_depth or (
                sheet is not None and len(sheet.groups) > limits.xml_depth
            ):
                raise Refused("XML_TOO_COMPLEX", part=self.part, limit=limits.xml_depth)
            if where not in {_IN_PARAGRAPH, _IN_STYLES}:
                buffer.clear()  # blanks between elements
            if sheet is not None:
                waiting = sum(map(len, (*buffer, *sheet.paragraphs))) + len(buffer) + len(sheet.paragraphs)
                if waiting > _LAID_OUT * limits.cell_text:
                    sheet.too_long()
            elif sum(map(len, buffer)) > _LAID_OUT * limits.cell_text:
                raise Refused("XML_TOO_COMPLEX", part=self.part, limit=limits.cell_text)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = buffer.append
        at_work.between = between

    def sheet(self, attributes: Attributes) -> _SheetReader | None:
        """A sheet that begins; ``None`` where it is what another file held when it was last looked at."""
        name = attributes.get(f"{_TABLE}name", "")
        if name.startswith("'") and _OTHER_FILE in name:
            self.notices.append(("EXTERNAL_LINK", name))
            return None
        if name.casefold() in self.names:
            raise Refused("XLSX_BAD_REFERENCE", place=name, part=self.part, reason="used_twice")
        self.names.add(name.casefold())
        self.tally.take_sheet()
        hidden = attributes.get(_STYLE_NAME) in self.formats.hidden_sheets
        return _SheetReader(Gathering(name, self.part, self.tally), self.formats, hidden)


class _SheetReader:
    """One sheet, row by row."""

    __slots__ = (
        "attributes", "columns", "default", "formats", "gathering", "groups", "hidden", "line", "name", "next_column", "next_row",
        "notices", "paragraphs", "place", "row", "shown", "spans", "starts", "told",
    )  # fmt: skip

    def __init__(self, gathering: Gathering, formats: _Formats, hidden: bool) -> None:
        self.gathering, self.formats, self.hidden = gathering, formats, hidden
        self.name = gathering.name
        self.notices: Notices = []
        self.groups: list[bool] = []  # whether each group of rows or columns around here is closed
        self.starts: list[int] = []  # first column of each run of columns, and its cells' style
        self.columns: list[str | None] = []
        self.next_column = self.next_row = self.place = 0
        self.row: Attributes = {}
        self.default: str | None = None  # style of the row's cells
        self.attributes: Attributes = {}
        self.paragraphs: list[str] = []
        self.shown = ""  # text that stands beside the number stored
        self.told = 0
        self.line: list[tuple[int, Cell]] = []  # cells of the row with content, and the column of each
        self.spans: list[
            tuple[int, int, int, int]
        ] = []  # column, times, and the rows and columns that it spans

    def too_long(self) -> NoReturn:
        limit = self.gathering.tally.limits.cell_text
        self.gathering.refuse("CELL_TOO_LONG", f"{self.next_row + 1}", limit=limit)

    def tell(self, code: str, column: int) -> None:
        """Note something of a cell; of very many the first ones are enough."""
        if self.told < _TOLD:
            self.told += 1
            self.notices.append((code, f"{self.name}!{a1(self.next_row, min(column, MAX_COLUMNS - 1))}"))

    def column(self, attributes: Attributes) -> None:
        times = _count(attributes.get(_REPEATED, "1"))
        first, self.next_column = self.next_column, min(self.next_column + times, MAX_COLUMNS)
        if first == self.next_column:
            return
        self.starts.append(first)
        self.columns.append(attributes.get(_DEFAULT_STYLE))
        if _is_hidden(attributes) or any(self.groups):
            self.gathering.hide_columns(first, self.next_column - 1)

    def begin_row(self, attributes: Attributes) -> None:
        self.row = attributes
        self.default = attributes.get(_DEFAULT_STYLE)
        self.place = 0

    def begin_cell(self, attributes: Attributes) -> None:
        self.attributes = attributes

    def end_cell(self) -> None:
        attributes = self.attributes
        times = _count(attributes[_REPEATED]) if _REPEATED in attributes else 1
        column = self.place
        self.place = after = column + times
        if self.paragraphs or _TYPE in attributes or _FORMULA in attributes:
            self.fill(column, after, attributes)
            self.paragraphs.clear()
        if _COLUMNS_SPANNED in attributes or _ROWS_SPANNED in attributes:
            rows, columns = (_count(attributes.get(a, "1")) for a in (_ROWS_SPANNED, _COLUMNS_SPANNED))
            if rows > 1 or columns > 1:
                self.spans.append((column, times, rows, columns))
        if after > MAX_COLUMNS:
            self.place = MAX_COLUMNS
            if self.spans or (self.line and self.line[-1][0] >= column):
                self.gathering.refuse("XLSX_BAD_REFERENCE", f"{self.next_row + 1}", reason="outside")

    def fill(self, column: int, after: int, attributes: Attributes) -> None:
        """Take the content of the cell, as many times to the right as it is stated for."""
        content = self.content(attributes)
        if content is None:
            return
        text, kind, formula = content
        percent = attributes.get(_TYPE) == "percentage"
        style = attributes.get(_STYLE_NAME) or self.default
        shown, self.shown = self.shown, ""
        look = self.format(style or self.column_style(column), percent)
        if shown and (shows_another(shown, text, look) if kind == NUMBER else kind == TEXT and shown != text):
            self.tell("SHOWN_DIFFERS", column)
        if style is not None:
            cell = Cell(text, kind, self.format(style, percent), formula)
            self.line += [(place, cell) for place in range(column, min(after, MAX_COLUMNS + 1))]
            return
        for place in range(column, min(after, MAX_COLUMNS + 1)):  # each column may have a style of its own
            self.line.append(
                (place, Cell(text, kind, self.format(self.column_style(place), percent), formula))
            )

    def content(self, attributes: Attributes) -> tuple[str, str, str | None] | None:
        """Text, kind and formula of the cell; ``None`` where it is blank."""
        stated, formula = attributes.get(_TYPE), attributes.get(_FORMULA)
        attribute, kind = _VALUES.get(stated or "string", ("", TEXT))
        text = attributes.get(attribute)
        if kind == NUMBER and not text:
            text = None  # what is shown is all that there is
        shown = "\n".join(map(_paragraph, self.paragraphs))
        if text is not None and (kind == NUMBER or stated == "string"):
            self.shown = shown
        if kind == NUMBER and text and formula is None:
            return text, kind, None
        if formula is not None:
            if prefix := _FORMULA_PREFIX.match(formula):
                formula = formula[prefix.end() :]
            before, found, _ = formula.partition(_OTHER_FILE)
            if found:
                self.notices.append(("EXTERNAL_LINK", before.rpartition("'")[2][:_ADDRESS]))
            if ERROR_TEXT.fullmatch(shown):
                return shown, ERROR, formula
        if attributes.get(_CALC_TYPE) == "error":
            return shown, ERROR, formula
        if text is None:
            if formula is not None and stated is None and not self.paragraphs:
                return "", FORMULA_WITHOUT_VALUE, formula
            text, kind = shown, TEXT
        elif kind == BOOLEAN:
            text = "1" if text == "true" else "0"
        elif stated == "date" and (midnight := _MIDNIGHT.fullmatch(text)):
            text = midnight[1]
        return (text, kind, formula) if text or formula is not None else None

    def end_row(self) -> None:
        times = _count(self.row[_ROWS_REPEATED]) if _ROWS_REPEATED in self.row else 1
        row, self.next_row = self.next_row, min(self.next_row + times, MAX_ROWS)
        gathering = self.gathering
        if self.line:
            if row + times > MAX_ROWS:
                gathering.refuse("XLSX_BAD_REFERENCE", f"{row + 1}", reason="outside")
            if any(self.groups) or _is_hidden(self.row):
                gathering.hidden_rows.update(range(row, row + times))
            for number in range(row, row + times):
                gathering.put_row(number, self.line)
            self.line.clear()
        if self.spans:
            for number in range(row, row + times):  # the limit ends it where they are too many
                for column, across, rows, columns in self.spans:
                    for place in range(column, column + across):
                        gathering.merge(number, place, rows, columns)
            self.spans.clear()

    def column_style(self, column: int) -> str | None:
        at = bisect_right(self.starts, column) - 1
        return self.columns[at] if at >= 0 and column < self.next_column else None

    def format(self, style: str | None, percent: bool) -> NumberFormat:
        """How a cell of that style shows its number; a percentage is one in any style."""
        known = self.formats.known.get(style or "Default", GENERAL)
        return _PERCENTAGE if percent and not known.percent else known


def _apart(attributes: Attributes) -> bool | None:
    """Whether properties of a text strike it out (true) or raise or lower it (false); ``None`` where they do neither."""
    if any(
        attributes.get(f"{_STYLE}text-line-through-{part}", "none") != "none" for part in ("style", "type")
    ):
        return True
    position = attributes.get(f"{_STYLE}text-position", "0%").split()
    return None if not position or position[0].rstrip("%").strip("0.-") == "" else False


def _is_hidden(attributes: Attributes) -> bool:
    return attributes.get(f"{_TABLE}visibility", "visible") != "visible"


def _paragraph(written: str) -> str:
    """The text of a paragraph: blanks that only lay out the file are one or none (ODF 1.3 part 3, 6.1.2)."""
    text = (
        _BLANKS.sub(" ", written).strip(" ")
        if " " in written or "\n" in written or "\t" in written
        else written
    )
    return text.translate(_SOFTENED) if any(mark in text for mark in "\x01\x02\x03") else text
