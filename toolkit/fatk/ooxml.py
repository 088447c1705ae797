"""Excel workbooks (.xlsx, .xlsm; ECMA-376 transitional and strict) as a ``Book`` of raw cells.

Nothing in the file is trusted: parts are found through relationships and never by their place in the archive, the declared
dimension of a sheet is ignored, document types are refused, references are held to the grid, and every count has a limit. A
file that breaks a rule is ``Refused`` as a whole; no partial ``Book`` is ever returned.

The reader drives expat itself and builds no tree: as fast as the C tree of ``xml.etree`` and its walk, a constant amount of
memory for a sheet of any length, and only expat tells how long an unfinished tag is and how many names it had to keep.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from fatk.archive import Archive, Member, open_archive
from fatk.errors import Refused
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
    Range,
    Sheet,
    a1,
    column_index,
    column_letters,
    from_a1,
    read_format,
)
from fatk.limits import DEFAULTS, Limits

_MAIN = frozenset({
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
})
_RELATED = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_PACKAGE = frozenset({"http://schemas.openxmlformats.org/package/2006/relationships"})

_ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii"}
_KINDS = {"n": NUMBER, "s": TEXT, "str": TEXT, "inlineStr": TEXT, "d": TEXT, "b": BOOLEAN, "e": ERROR}
_TRUE = {"1", "true", "on"}

#: Formats that a file uses by number without stating them (ECMA-376 part 1, 18.8.30; 5 to 8 and 27 to 58 as in Chinese Excel).
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    41: "_ * #,##0_ ", 42: "_ * #,##0_ ", 43: "_ * #,##0.00_ ", 44: "_ * #,##0.00_ ", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), *range(45, 48)), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
}  # fmt: skip

#: Columns A to ZZ, which is nearly every column there is; others are computed.
_COLUMNS = {column_letters(column): column for column in range(702)}

_ROW = re.compile(r"[1-9][0-9]{0,6}")
_INDEX = re.compile(r"[ \t\r\n]*0*([0-9]{1,9})[ \t\r\n]*")
_ESCAPE = re.compile(r"_x(D[89AB][0-9A-F]{2})__x(D[C-F][0-9A-F]{2})_|_x([0-9A-F]{4})_", re.IGNORECASE)

Attributes = dict[str, str]
#: Turns the local name of one of a part's own elements into the one that the parser reports.
Qualify = Callable[[str], str]
#: Sets the handlers of a parser that has met a part's root element; what it returns is called between pieces of the part.
Begin = Callable[[expat.XMLParserType, Qualify], Callable[[], None] | None]


def read_book(source: bytes | str | os.PathLike[str], limits: Limits = DEFAULTS) -> Book:
    """The workbook in bytes or at a path; ``Refused`` where it must not or cannot be read, ``OSError`` from the file system."""
    return read_workbook(open_archive(source, limits), limits)


def read_workbook(archive: Archive, limits: Limits = DEFAULTS) -> Book:
    """The workbook in an opened archive, its sheets in the order that Excel shows; ``Refused`` where it cannot be read."""
    package = _Package(archive, limits)
    workbook = package.workbook()
    declared, epoch_1904 = _declared_sheets(package, workbook)
    related = package.relationships(workbook)
    tally = _Tally(limits)
    strings = _strings(package, package.one(related, "sharedStrings"), limits)
    formats = _formats(package, package.one(related, "styles"))
    notices = _content_notices(archive.names)
    sheets: dict[str, Sheet] = {}
    for name, hidden, key in declared:
        relation = related.get(key)
        if relation is None or relation.external:
            raise Refused("XLSX_PART_MISSING", part=f"{workbook.name}#{key}", sheet=name)
        if relation.kind != "worksheet":
            notices += _unread_notices(name, relation)
            continue
        member = package.part(relation.target)
        if member.name in sheets:
            raise Refused("XLSX_BAD_REFERENCE", part=member.name, sheet=name, reason="used_twice")
        sheet, notices_inside = _read_sheet(package, member, name, hidden, strings, formats, tally)
        sheets[member.name] = sheet
        notices += notices_inside
        notices += _sheet_notices(sheet, package.relationships(member).values())
    package.refuse_document_types()
    return Book(tuple(sheets.values()), tuple(dict.fromkeys(notices)), epoch_1904)


# Parts and their relationships


@dataclass(frozen=True, slots=True)
class _Relation:
    """A relationship: the last word of its type, its target (an absolute part name, or as it stands where external)."""

    kind: str
    target: str
    external: bool


class _Stop(Exception):
    pass


class _Redeclared(Exception):
    """Namespaces may be declared below the root, so that prefixes do not tell names apart."""


@dataclass(frozen=True, slots=True)
class _Package:
    """The parts of an Office Open XML file (ECMA-376 part 2), and which of them were parsed."""

    archive: Archive
    limits: Limits
    parsed: set[str] = field(default_factory=set)

    def part(self, name: str) -> Member:
        """The part of that name, letter case aside; ``Refused`` where there is none."""
        member = self.archive.find(name)
        if member is None or member.directory:
            raise Refused("XLSX_PART_MISSING", part=name)
        return member

    def workbook(self) -> Member:
        """The part which the package names as its main document."""
        main = self.one(self._relations("", "_rels/.rels"), "officeDocument")
        if main is None:
            raise Refused("XLSX_PART_MISSING", part="officeDocument")
        if main.name.lower().endswith(".bin"):
            raise Refused("XLSB_UNSUPPORTED", part=main.name)
        return main

    def relationships(self, source: Member) -> dict[str, _Relation]:
        """Relationships of a part by id; none where it has no relationships part."""
        folder, _, name = source.name.rpartition("/")
        return self._relations(folder, posixpath.join(folder, "_rels", name + ".rels"))

    def _relations(self, folder: str, part: str) -> dict[str, _Relation]:
        member = self.archive.find(part)
        if member is None:
            return {}
        found = {}
        for _, attributes in self.elements(member, "Relationships", _PACKAGE, {"Relationships/Relationship"}):
            external = attributes.get("TargetMode") == "External"
            target = attributes.get("Target", "")
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[attributes.get("Id", "")] = _Relation(attributes.get("Type", "").rpartition("/")[2], target, external)
        return found

    def one(self, related: dict[str, _Relation], kind: str) -> Member | None:
        """The part that a relationship of this kind names; ``None`` where there is no such relationship."""
        targets = {r.target for r in related.values() if r.kind == kind and not r.external}
        if len(targets) > 1:
            raise Refused("XLSX_BAD_REFERENCE", part=kind, reason="several")
        return self.part(targets.pop()) if targets else None

    def elements(
        self, member: Member, root: str, namespaces: frozenset[str], wanted: set[str]
    ) -> list[tuple[str, Attributes]]:
        """Path and attributes of the elements at the wanted paths (``parent/child``), at most two levels below the root."""
        found: list[tuple[str, Attributes]] = []

        def begin(parser: expat.XMLParserType, qualify: Qualify) -> None:
            space = qualify("")
            path = [root]

            def start(name: str, attributes: Attributes) -> None:
                local = name.removeprefix(space) if name.startswith(space) else ""
                step = f"{path[-1]}/{local}"
                if step in wanted and len(path) < 3:
                    found.append((step, attributes))
                    if len(found) > self.limits.styles:
                        raise Refused("XLSX_TOO_MANY_STYLES", part=member.name, limit=self.limits.styles)
                path.append(local)
                if len(path) > self.limits.xml_depth:
                    raise Refused("XML_TOO_COMPLEX", part=member.name, limit=self.limits.xml_depth)

            parser.StartElementHandler = start
            parser.EndElementHandler = lambda _: path.pop()

        self._parse(member, root, namespaces, begin, spaces=True)
        return found

    def parse(self, member: Member, root: str, namespaces: frozenset[str], begin: Begin) -> None:
        """Run expat over a part whose root element has to be ``root`` in one of the namespaces.

        Expat resolves namespaces at the cost of a quarter of its time. A part that declares them all at its root, as
        every ordinary one does, is read by its prefixes instead.
        """
        try:
            self._parse(member, root, namespaces, begin, spaces=False)
        except _Redeclared:
            self._parse(member, root, namespaces, begin, spaces=True)

    def _parse(self, member: Member, root: str, namespaces: frozenset[str], begin: Begin, *, spaces: bool) -> None:
        self.parsed.add(member.name)
        names: dict[str, str] = {}
        parser = _parser(member, " " if spaces else None, names)
        between: Callable[[], None] | None = None
        data = b""

        def first(name: str, attributes: Attributes) -> None:
            nonlocal between
            if spaces:
                space, blank, local = name.rpartition(" ")
                prefix = space + blank
            else:
                if data.count(b"xmlns") != sum(key.startswith("xmlns") for key in attributes):
                    raise _Redeclared
                label, colon, local = name.rpartition(":")
                prefix = label + colon
                space = attributes.get("xmlns" + colon + label, "")
            if local != root or space not in namespaces:
                raise Refused("XLSX_WRONG_PART", part=member.name, expected=root, found=name)
            parser.StartElementHandler = None
            between = begin(parser, prefix.__add__)

        parser.StartElementHandler = first
        fed = 0
        try:
            for data in self.archive.pieces(member):
                if not fed:
                    _refuse_wide_encoding(member, data)
                    if not spaces and len(data) < member.size:
                        raise _Redeclared  # a part too large to be searched
                parser.Parse(data, False)
                fed += len(data)
                # Expat looks at a tag or comment without end again with every piece, and never forgets a name.
                if fed - parser.CurrentByteIndex > self.limits.xml_markup or len(names) > self.limits.xml_names:
                    raise Refused("XML_TOO_COMPLEX", part=member.name)
                if between is not None:
                    between()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Refused(
                "XML_MALFORMED", part=member.name, line=error.lineno, column=error.offset, reason=expat.ErrorString(error.code)
            ) from None

    def refuse_document_types(self) -> None:
        """Refuse a document type in any other XML part too: what is not parsed here, others will parse."""
        for member in self.archive.members:
            if member.name not in self.parsed and member.name.lower().endswith((".xml", ".rels", ".vml")):
                self._refuse_document_type(member)

    def _refuse_document_type(self, member: Member) -> None:
        def root(name: str, attributes: Attributes) -> None:
            raise _Stop

        parser = expat.ParserCreate()
        parser.StartElementHandler = root
        parser.StartDoctypeDeclHandler = _doctype_refusal(member)
        try:
            for data in self.archive.pieces(member):
                parser.Parse(data, False)
                if parser.CurrentByteIndex == 0 and len(data) > self.limits.xml_markup:
                    break
        except (_Stop, expat.ExpatError, ValueError, LookupError):
            return  # whether the rest is well-formed does not matter to who does not read it


def _parser(member: Member, separator: str | None, names: dict[str, str]) -> expat.XMLParserType:
    """An expat parser that refuses document types and every encoding but UTF-8; ``names`` gathers what it had to keep."""

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise Refused("XML_ENCODING", part=member.name, encoding=encoding)

    parser = expat.ParserCreate("utf-8", separator, names)
    parser.buffer_text = True
    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = _doctype_refusal(member)
    return parser


def _doctype_refusal(member: Member) -> Callable[[str, str | None, str | None, bool], None]:
    def refuse(name: str, system: str | None, public: str | None, internal: bool) -> NoReturn:
        raise Refused("XML_DTD_FORBIDDEN", part=member.name)

    return refuse


def _refuse_wide_encoding(member: Member, data: bytes) -> None:
    # Told to read UTF-8, expat still follows a mark of UTF-16.
    if data[:2] in {b"\xfe\xff", b"\xff\xfe"} or b"\0" in data[:4]:
        raise Refused("XML_ENCODING", part=member.name, encoding="utf-16")


# Workbook, strings, formats


def _declared_sheets(package: _Package, workbook: Member) -> tuple[list[tuple[str, bool, str]], bool]:
    """Name, hiddenness and relationship id of every sheet, and whether dates count from 1904."""
    sheets = []
    epoch_1904 = False
    for step, attributes in package.elements(workbook, "workbook", _MAIN, {"sheets/sheet", "workbook/workbookPr"}):
        if step == "workbook/workbookPr":
            epoch_1904 = attributes.get("date1904") in _TRUE
        else:
            key = next((attributes[f"{space} id"] for space in _RELATED if f"{space} id" in attributes), "")
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append((_unescape(attributes.get("name", "")), hidden, key))
    limit = package.limits.sheets
    if len(sheets) > limit:
        raise Refused("XLSX_TOO_MANY_SHEETS", count=len(sheets), limit=limit)
    return sheets, epoch_1904


def _strings(package: _Package, member: Member | None, limits: Limits) -> dict[str, str]:
    """The shared strings by the text of their index, without phonetic readings and character formats."""
    strings: dict[str, str] = {}
    if member is None:
        return strings

    def begin(parser: expat.XMLParserType, qualify: Qualify) -> Callable[[], None]:
        item, text, phonetic = qualify("si"), qualify("t"), qualify("rPh")
        buffer: list[str] = []
        parts: list[str] = []
        depth = total = 0
        reading = True  # False within phonetic text

        def start(name: str, attributes: Attributes) -> None:
            nonlocal depth, reading
            depth += 1
            if name == text:
                buffer.clear()
            elif name == item:
                parts.clear()
            elif name == phonetic:
                reading = False
            if depth > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=member.name, limit=limits.xml_depth)

        def end(name: str) -> None:
            nonlocal depth, reading, total
            depth -= 1
            if name == text:
                if reading:
                    parts.append("".join(buffer))
            elif name == item:
                string = parts[0] if len(parts) == 1 else "".join(parts)
                if "_x" in string:
                    string = _unescape(string)
                total += len(string)
                if len(string) > limits.cell_text:
                    raise Refused("CELL_TOO_LONG", part=member.name, index=len(strings), limit=limits.cell_text)
                if total > limits.workbook_text or len(strings) >= limits.cells:
                    raise Refused("XLSX_TEXT_TOO_LARGE", part=member.name, limit=limits.workbook_text)
                strings[str(len(strings))] = string
            elif name == phonetic:
                reading = True

        def between() -> None:
            if len(buffer) + len(parts) > limits.cell_text:
                raise Refused("CELL_TOO_LONG", part=member.name, index=len(strings), limit=limits.cell_text)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = buffer.append
        return between

    package.parse(member, "sst", _MAIN, begin)
    return strings


def _formats(package: _Package, member: Member | None) -> dict[str | None, NumberFormat]:
    """The number format of every cell style by the text of its index; ``None`` stands for a cell that names no style."""
    codes = dict(_BUILT_IN)
    numbers: list[int] = []
    if member is not None:
        for step, attributes in package.elements(member, "styleSheet", _MAIN, {"numFmts/numFmt", "cellXfs/xf"}):
            number = _index(attributes.get("numFmtId", "0"))
            if step == "cellXfs/xf":
                numbers.append(number)
            else:
                codes[number] = _unescape(attributes.get("formatCode", "General"))
    known = {number: read_format(codes[number]) for number in set(numbers) if number in codes}
    formats: dict[str | None, NumberFormat] = {str(i): known.get(number, GENERAL) for i, number in enumerate(numbers)}
    formats[None] = formats.get("0", GENERAL)
    return formats


def _index(text: str) -> int:
    """A count or index as XML writes it; -1 where it is none, which nothing has as its index."""
    match = _INDEX.fullmatch(text)
    return int(match[1]) if match else -1


def _unescape(text: str) -> str:
    """Text with ``_x000D_`` for a carriage return and the like decoded; ``_x005F_`` is the underscore that protects one.

    Half a surrogate pair is no character and stays as it is written (ECMA-376 part 1, 22.9.2.19).
    """
    return _ESCAPE.sub(_unescaped, text) if "_x" in text else text


def _unescaped(match: re.Match[str]) -> str:
    high, low, single = match.groups()
    if high:
        return chr(0x10000 + (int(high, 16) - 0xD800 << 10) + int(low, 16) - 0xDC00)
    code = int(single, 16)
    return match[0] if 0xD800 <= code < 0xE000 else chr(code)


# Sheets


class _Tally:
    """What the sheets read so far have used of the limits that hold for a whole workbook."""

    __slots__ = ("area", "blanks", "cells", "limits", "merged_area", "merges", "text")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cells = self.area = self.blanks = self.text = self.merges = self.merged_area = 0


def _read_sheet(
    package: _Package,
    member: Member,
    sheet: str,
    hidden: bool,
    strings: dict[str, str],
    formats: dict[str | None, NumberFormat],
    tally: _Tally,
) -> tuple[Sheet, list[tuple[str, str]]]:
    """One worksheet and what was noticed inside its part.

    A sheet is one automaton over expat's events. It is long, but a call or an attribute lookup less for every cell is what
    its speed consists of, so its states are the variables of one function.
    """
    limits = tally.limits
    cells: dict[tuple[int, int], Cell] = {}
    merges: list[Range] = []
    hidden_rows: set[int] = set()
    hidden_span: set[int] = set()
    notices: list[tuple[str, str]] = []
    ordered = True
    deepest = widest = -1  # the farthest row and column with content
    blanks = characters = 0

    def refuse(code: str, **details: object) -> NoReturn:
        raise Refused(code, sheet=sheet, part=member.name, **details)

    def begin(parser: expat.XMLParserType, qualify: Qualify) -> Callable[[], None]:
        sheet_data, row_name, cell_name = qualify("sheetData"), qualify("row"), qualify("c")
        value_name, formula_name, inline_name = qualify("v"), qualify("f"), qualify("is")
        text_name, run_name, merge_name, column_name = qualify("t"), qualify("r"), qualify("mergeCell"), qualify("col")
        extensions = qualify("extLst")

        buffer: list[str] = []  # character data since the last text element began
        longest, make, columns, general, kinds = limits.cell_text, tuple.__new__, _COLUMNS, formats[None], _KINDS
        masters: dict[str, tuple[str, int, int]] = {}  # shared formulas by index, with the cell that states each

        row = -1
        row_text, digits = "", 0  # the row's number as it ends the names of its cells
        in_row = row_hidden = row_again = False
        rows = 0
        column = -1  # of the cell before, which a cell without a name follows
        before: str | None = None  # its name, while its column was not needed
        placed = -1  # column of the row's last cell with content
        before_row = 0  # cells there were before the row
        cell: Attributes | None = None
        value: str | None = None
        formula: str | None = None
        formula_attributes: Attributes = {}
        runs: list[str] | None = None  # texts of an inline string
        inside = False  # a text element
        depth = 1

        # Outside sheetData

        def outer_start(name: str, attributes: Attributes) -> None:
            nonlocal depth
            if name == merge_name:
                if depth == 2:
                    merge(attributes.get("ref", ""))
            elif name == column_name:
                if depth == 2 and attributes.get("hidden") in _TRUE:
                    hide(attributes.get("min", ""), attributes.get("max", ""))
            elif name == sheet_data and depth == 1:
                parser.StartElementHandler = start
                parser.EndElementHandler = end
                parser.CharacterDataHandler = buffer.append
                return
            depth += 1
            if depth > limits.xml_depth:
                refuse("XML_TOO_COMPLEX", limit=limits.xml_depth)

        def outer_end(name: str) -> None:
            nonlocal depth
            depth -= 1

        def hide(first: str, last: str) -> None:
            span = range(_index(first) - 1, _index(last))
            if span and (span[0] < 0 or span[-1] >= MAX_COLUMNS or span[0] in hidden_span):
                refuse("XLSX_BAD_REFERENCE", column=f"{first}:{last}")
            hidden_span.update(span)

        def merge(reference: str) -> None:
            first, _, last = reference.partition(":")
            try:
                (r1, c1), (r2, c2) = from_a1(first), from_a1(last or first)
            except ValueError:
                refuse("XLSX_BAD_REFERENCE", cell=reference)
            r1, r2, c1, c2 = min(r1, r2), max(r1, r2), min(c1, c2), max(c1, c2)
            merges.append((r1, c1, r2, c2))
            tally.merges += 1
            tally.merged_area += (r2 - r1 + 1) * (c2 - c1 + 1)
            if tally.merges > limits.merges or tally.merged_area > limits.merged_area:
                refuse("XLSX_MERGE_AREA", cell=reference, count=tally.merges, area=tally.merged_area)

        # Inside sheetData

        def start(name: str, attributes: Attributes) -> None:
            nonlocal cell, value, formula, formula_attributes, inside, runs
            if name == cell_name:
                if cell is not None or not in_row:
                    refuse("XLSX_WRONG_MARKUP", line=parser.CurrentLineNumber, found=name)
                cell = attributes
                value = formula = None
            elif name == value_name and cell is not None and not inside:
                inside = True
                buffer.clear()
            elif name == row_name:
                begin_row(attributes)
            elif name == formula_name and cell is not None and not inside:
                inside = True
                buffer.clear()
                formula_attributes = attributes
            elif name == inline_name and cell is not None and runs is None:
                runs = []
            elif name == text_name and runs is not None and not inside:
                inside = True
                buffer.clear()
            elif name == run_name and runs is not None and not inside:
                pass
            else:
                skip(name)

        def begin_row(attributes: Attributes) -> None:
            nonlocal row, row_text, digits, in_row, row_hidden, row_again, rows, column, before, placed, before_row, ordered
            rows += 1
            given = attributes.get("r")
            number = row + 2 if given is None else int(given) if _ROW.fullmatch(given) else 0
            if in_row or not 0 < number <= MAX_ROWS or rows > MAX_ROWS:
                refuse("XLSX_BAD_REFERENCE", row=given or number)
            row_again = number - 1 <= row
            ordered = ordered and not row_again
            row = number - 1
            row_text = str(number)
            digits = len(row_text)
            in_row = True
            row_hidden = attributes.get("hidden") in _TRUE
            column = placed = -1
            before = None
            before_row = len(cells)
            buffer.clear()

        def end(name: str) -> None:
            nonlocal cell, value, formula, inside, runs, column, before, placed, blanks, characters
            if name == value_name:
                inside = False
                value = buffer[0] if len(buffer) == 1 else "".join(buffer)
            elif name == cell_name:
                attributes = cell
                cell = None
                if attributes is None:
                    return
                kind_name = attributes.get("t")
                if kind_name is None:
                    kind = NUMBER
                    text = value
                elif kind_name == "s":
                    kind = TEXT
                    text = strings.get(value) if value else None
                    if text is None and value:
                        text = late_string(value, attributes)
                else:
                    kind, text = rare(kind_name, value, attributes)
                if not text:
                    if formula is None:
                        # A style without content; where it stands matters only to a cell behind it that has no name.
                        blanks += 1
                        before = attributes.get("r")
                        column += before is None
                        return
                    if text is None or kind != TEXT:
                        kind = FORMULA_WITHOUT_VALUE
                        text = ""
                name = attributes.get("r", "")
                place = columns.get(name[:-digits]) if name.endswith(row_text) else None
                if place is None:
                    place = find(attributes.get("r"))
                if place <= column or row_again:
                    out_of_order(place)
                column = placed = place
                before = None
                size = len(text)
                characters += size
                if size > longest:
                    refuse("CELL_TOO_LONG", cell=a1(row, place), limit=longest)
                if formula is not None:
                    characters += finish_formula(place)
                cells[row, place] = make(Cell, (text, kind, formats.get(attributes.get("s"), general), formula))
            elif name == row_name:
                end_row()
            elif name == formula_name:
                inside = False
                formula = "".join(buffer)
            elif name == text_name:
                inside = False
                if runs is not None:
                    runs.append("".join(buffer))
            elif name == inline_name:
                if cell is not None and runs is not None:
                    value = "".join(runs)
                    cell["t"] = "inlineStr"
                runs = None
            elif name == sheet_data:
                parser.StartElementHandler = outer_start
                parser.EndElementHandler = outer_end
                parser.CharacterDataHandler = None

        def rare(kind_name: str, value: str | None, attributes: Attributes) -> tuple[str, str | None]:
            kind = _KINDS.get(kind_name)
            if kind is None:
                refuse("XLSX_WRONG_MARKUP", cell=attributes.get("r", ""), found=kind_name)
            return kind, _unescape(value) if value and kind is TEXT else value

        def late_string(index: str, attributes: Attributes) -> str:
            """A shared string whose index is not written in the plain way, as with a blank around it."""
            string = strings.get(str(_index(index)))
            if string is None:
                refuse("XLSX_BAD_REFERENCE", cell=attributes.get("r", ""), index=index)
            return string

        def find(name: str | None) -> int:
            """The column of a cell by its name, or as the one behind the cell before."""
            nonlocal column, before
            try:
                if name is None:
                    if before is not None:
                        column = from_a1(before)[1]
                        before = None
                    if column + 1 < MAX_COLUMNS:
                        return column + 1
                else:
                    line, place = from_a1(name)
                    if line == row:
                        return place
            except ValueError:
                pass
            refuse("XLSX_BAD_REFERENCE", cell=name or before or "", row=row + 1)

        def out_of_order(place: int) -> None:
            nonlocal ordered, row_again, widest
            if (row, place) in cells:
                refuse("XLSX_BAD_REFERENCE", cell=a1(row, place), reason="used_twice")
            ordered = False
            row_again = True  # so that every later cell of the row is looked for too
            widest = max(widest, column, place)

        def finish_formula(place: int) -> int:
            """Complete the cell's formula, and tell its length."""
            nonlocal formula
            text = _unescape(formula or "")
            if formula_attributes.get("t") == "shared":
                key = formula_attributes.get("si", "")
                if text:
                    masters[key] = text, row, place
                elif key in masters:
                    stated, r, c = masters[key]
                    text = shift_formula(stated, row - r, place - c)
            formula = text
            if len(text) > longest:
                refuse("CELL_TOO_LONG", cell=a1(row, place), limit=longest)
            return len(text)

        def end_row() -> None:
            nonlocal in_row, deepest, widest
            in_row = False
            if len(cells) > before_row:
                widest = max(widest, placed)
                deepest = max(deepest, row)
                if row_hidden:
                    hidden_rows.add(row)
            check()

        def check() -> None:
            if len(cells) > limits.cells - tally.cells:
                refuse("XLSX_TOO_MANY_CELLS", limit=limits.cells)
            if (deepest + 1) * (widest + 1) > limits.used_area - tally.area or blanks > limits.used_area - tally.blanks:
                refuse("XLSX_SPARSE_AREA", cell=a1(max(deepest, 0), max(widest, 0)), limit=limits.used_area)
            if characters > limits.workbook_text - tally.text:
                refuse("XLSX_TEXT_TOO_LARGE", limit=limits.workbook_text)

        def skip(name: str) -> None:
            """Leave out an element that is none of ours, with all that it holds."""
            if inside:
                refuse("XLSX_WRONG_MARKUP", line=parser.CurrentLineNumber, found=name)
            if runs is None and name != extensions:
                notices.append(("UNKNOWN_MARKUP", sheet))
            level = 1

            def deeper(name: str, attributes: Attributes) -> None:
                nonlocal level
                level += 1
                if level > limits.xml_depth:
                    refuse("XML_TOO_COMPLEX", limit=limits.xml_depth)

            def back(name: str) -> None:
                nonlocal level
                level -= 1
                if not level:
                    parser.StartElementHandler = start
                    parser.EndElementHandler = end

            parser.StartElementHandler = deeper
            parser.EndElementHandler = back

        def between() -> None:
            check()
            waiting = sum(map(len, buffer)) + sum(map(len, runs or ())) + len(runs or ())
            if waiting > 8 * longest:  # an escaped character takes seven
                refuse("CELL_TOO_LONG", row=row + 1, limit=longest)

        parser.StartElementHandler = outer_start
        parser.EndElementHandler = outer_end

        return between

    package.parse(member, "worksheet", _MAIN, begin)
    tally.cells += len(cells)
    tally.area += (deepest + 1) * (widest + 1)
    tally.blanks += blanks
    tally.text += characters
    if not ordered:
        cells = dict(sorted(cells.items()))
    hidden_columns = frozenset({column for _, column in cells} & hidden_span) if hidden_span else frozenset()
    read = Sheet(sheet, cells, tuple(merges), hidden, frozenset(hidden_rows), hidden_columns)
    return read, notices


_FORMULA_TOKEN = re.compile(
    r"""
      "(?:[^"]|"")*"                                                                   # text
    | '(?:[^']|'')*'!?                                                                 # name of a sheet
    | \[(?:[^\[\]]|\[[^\[\]]*\])*\]                                                     # another workbook, part of a table
    | (?P<columns>(?P<a>\$?)(?P<b>[A-Z]{1,3}):(?P<c>\$?)(?P<d>[A-Z]{1,3}))(?![\w.(!$])
    | (?P<rows>(?P<e>\$?)(?P<f>[1-9][0-9]{0,6}):(?P<g>\$?)(?P<h>[1-9][0-9]{0,6}))(?![\w.(!$])
    | (?P<cell>(?P<i>\$?)(?P<j>[A-Z]{1,3})(?P<k>\$?)(?P<l>[1-9][0-9]{0,6}))(?![\w.(!$])
    | [\w.$\\]+!?                                                                     # names, functions, numbers
    """,
    re.VERBOSE,
)


def shift_formula(formula: str, rows: int, columns: int) -> str:
    """The formula as it reads that many rows down and columns to the right; what leaves the sheet becomes ``#REF!``.

    A shared formula is stated once and meant so for every other cell of its range (ECMA-376 part 1, 18.3.1.40).
    """

    def column(fixed: str, letters: str) -> str | None:
        index = column_index(letters) + (0 if fixed else columns)
        return fixed + column_letters(index) if 0 <= index < MAX_COLUMNS else None

    def row(fixed: str, number: str) -> str | None:
        index = int(number) + (0 if fixed else rows)
        return f"{fixed}{index}" if 1 <= index <= MAX_ROWS else None

    def shifted(match: re.Match[str]) -> str:
        if match["cell"]:
            parts, joint = (column(match["i"], match["j"]), row(match["k"], match["l"])), ""
        elif match["columns"]:
            parts, joint = (column(match["a"], match["b"]), column(match["c"], match["d"])), ":"
        elif match["rows"]:
            parts, joint = (row(match["e"], match["f"]), row(match["g"], match["h"])), ":"
        else:
            return match[0]
        first, last = parts
        return "#REF!" if first is None or last is None else first + joint + last

    return _FORMULA_TOKEN.sub(shifted, formula)


# What is there besides cells


def _content_notices(names: Iterable[str]) -> list[tuple[str, str]]:
    """Macros and ways to other files, by the places where the parts of a workbook usually lie."""
    notices = []
    for name in names:
        folded = name.lower()
        if folded.endswith("vbaproject.bin"):
            notices.append(("MACRO_PRESENT", name))
        elif folded.startswith(("xl/externallinks/external", "xl/embeddings/", "xl/querytables/", "xl/connections.")):
            notices.append(("EXTERNAL_LINK", name))
    return notices


def _unread_notices(name: str, relation: _Relation) -> list[tuple[str, str]]:
    unread = [("SHEET_NOT_READ", f"{name} ({relation.kind})")]
    return [*unread, ("MACRO_PRESENT", relation.target)] if "macro" in relation.kind.lower() else unread


def _sheet_notices(sheet: Sheet, relations: Iterable[_Relation]) -> list[tuple[str, str]]:
    """Hidden content, pictures and comments of a sheet; embedded objects and controls count as ways to other files."""
    notices = []
    if sheet.hidden:
        notices.append(("HIDDEN_CONTENT", sheet.name))
    notices += [("HIDDEN_CONTENT", f"{sheet.name}!{first + 1}:{last + 1}") for first, last in _runs(sheet.hidden_rows)]
    notices += [
        ("HIDDEN_CONTENT", f"{sheet.name}!{column_letters(first)}:{column_letters(last)}")
        for first, last in _runs(sheet.hidden_columns)
    ]
    for relation in relations:
        if relation.kind == "drawing":
            notices.append(("DRAWING_PRESENT", sheet.name))
        elif relation.kind in {"comments", "threadedComment"}:
            notices.append(("COMMENT_PRESENT", sheet.name))
        elif relation.kind in {"oleObject", "package", "control", "queryTable"}:
            notices.append(("EXTERNAL_LINK", relation.target))
    return notices


def _runs(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Runs of consecutive indexes, first and last of each."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return runs
