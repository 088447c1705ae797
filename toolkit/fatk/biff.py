"""The records of an .xls (BIFF 5 and 8, MS-XLS) as plain lists: the work of a confined process.

xlrd reads the cells and their formats. Before it sees the stream, the records are walked once here: to hold their number and
extent to the limits, to find what xlrd does not tell (which cells are formulas, and whether a result was ever stored), and to
strike out every record that is not about cells. A parser is given what it is asked about and nothing else.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fatk.errors import Refused
from fatk.grid import BOOLEAN, BUILT_IN_FORMATS, ERROR, FORMULA_WITHOUT_VALUE, NUMBER, TEXT, a1, set_apart

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_BIFF5, _BIFF8 = 0x0500, 0x0600
_FILEPASS, _BOUNDSHEET, _CODEPAGE, _DATEMODE, _SST = 0x002F, 0x0085, 0x0042, 0x0022, 0x00FC
_FONT, _FORMAT, _XF, _SUPBOOK = 0x0031, 0x041E, 0x00E0, 0x01AE
_BLANK, _MULBLANK, _NUMBER, _RK, _MULRK = 0x0201, 0x00BE, 0x0203, 0x027E, 0x00BD
_LABEL, _LABELSST, _RSTRING, _BOOLERR, _FORMULA = 0x0204, 0x00FD, 0x00D6, 0x0205, 0x0006
_STRING, _ROW, _COLINFO, _MERGES, _NOTE, _OBJ = 0x0207, 0x0208, 0x007D, 0x00E5, 0x001C, 0x005D
_CELLS = frozenset({_NUMBER, _RK, _LABEL, _LABELSST, _RSTRING, _BOOLERR, _FORMULA})
#: What xlrd may see: of the workbook, and of a sheet. Between a formula and its text a shared one or an array may stand.
_OF_BOOK = frozenset({_BOF, _EOF, _BOUNDSHEET, _DATEMODE, _SST, _FORMAT, _XF})
_OF_SHEET = frozenset({*_CELLS, _BOF, _EOF, _MULRK, _STRING, _ROW, _COLINFO, _MERGES, 0x04BC, 0x0221, 0x0236})
_STRUCK = b"\xff\x0f"  # the number of no record
_NO_FONT = 4  # the number of no font

_WORKSHEET = 0
_OTHER_SHEETS = {1: "macro", 2: "chart", 6: "module"}
#: Kinds of drawn objects that show nothing of their own: the frame of a comment, the arrow of a filter.
_NO_DRAWING = {0x19, 0x14}

#: Last tokens of formulas that never give text: + - * / ^ and the sign, the percentage …
_FIGURE_TOKENS = {*range(0x03, 0x08), 0x13, 0x14}
#: … and functions: COUNT SUM AVERAGE MIN MAX ABS INT ROUND COUNTA PRODUCT TRUNC ROUNDUP ROUNDDOWN SUMPRODUCT SUBTOTAL
#: SUMIF COUNTIF.
_FIGURE_FUNCTIONS = {0, 4, 5, 6, 7, 24, 25, 27, 169, 183, 197, 212, 213, 228, 344, 345, 346}
#: What always gives text: the joining &, and CONCATENATE TEXT LEFT RIGHT MID REPT TRIM SUBSTITUTE UPPER LOWER PROPER FIXED
#: DOLLAR CHAR T.
_TOKEN_JOIN = 0x08
_TEXT_FUNCTIONS = {13, 14, 30, 31, 48, 111, 112, 113, 114, 115, 116, 118, 120, 130, 336}
_TOKEN_PARENTHESIS, _TOKEN_STRING, _TOKEN_ATTRIBUTE, _TOKEN_FUNCTION, _TOKEN_FUNCTION_OF_MANY = (
    0x15, 0x17, 0x19, 0x21, 0x22,
)  # fmt: skip

#: Code pages of GBK, and those which programs that know nothing of Chinese claim to write.
_GBK = {936, 10008, 54936}
_LATIN = {0, 367, 437, 850, 1252, 10000, 32768, 32769}
#: Bytes as one character each, so that they can be decoded when all of them are known.
_TRANSPARENT = "latin-1"

_RECORD = struct.Struct("<HH")
_CELL = struct.Struct("<HH")
_RESULT = struct.Struct("<8sH")
#: Greatest numbers of rows and columns.
_ROWS, _COLUMNS = 65_536, 256

Found = dict[str, Any]


def read(data: bytes, limits: Mapping[str, int]) -> Found:
    """The sheets of a BIFF stream, as lists and texts that JSON can carry; ``Refused`` where it is none, is encrypted, is
    damaged or is beyond the limits (by the names of ``Limits``)."""
    try:
        return _read(data, limits)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  a parser may fail in any way on a file that breaks the rules
        raise Refused("XLS_CORRUPT", reason=type(error).__name__) from None


def _read(data: bytes, limits: Mapping[str, int]) -> Found:
    import xlrd

    scan = _Scan(data, limits)
    book = xlrd.open_workbook(
        file_contents=bytes(scan.stream), formatting_info=True, on_demand=True, ragged_rows=True,
        logfile=_Nowhere(), encoding_override=None if scan.wide else _TRANSPARENT,
    )  # fmt: skip
    without = scan.without_value()
    collector = _Collector(book, limits, scan.fonts)
    sheets = []
    for index, facts in enumerate(scan.sheets):
        in_doubt = [f.place for f in facts.formulas if f.in_doubt and (index, f.place) not in without]
        sheets.append(collector.sheet(book.sheet_by_index(index), facts, without))
        scan.notices += facts.notices(sheets[-1]["name"])
        if in_doubt:
            first = min(in_doubt)
            scan.notices.append(("ZERO_OR_TEXT", f"{sheets[-1]['name']}!{a1(first >> 16, first & 0xFFFF)}"))
        book.unload_sheet(index)
    found = {
        "sheets": sheets, "formats": collector.formats, "epoch_1904": book.datemode == 1, "notices": scan.notices,
    }  # fmt: skip
    found = found if scan.wide else _decoded(found, scan.codepage)
    for sheet in found["sheets"]:
        sheet["texts"] = [*map(_told_apart, sheet["texts"])]
    return found


class _Nowhere:
    """What xlrd has to say about a file is for its authors."""

    def write(self, _: str) -> None:
        """Take a text and forget it."""


# The records


@dataclass(frozen=True, slots=True)
class _Formula:
    """What the record of a formula says of its result. ``on_load``: the writer asks to calculate when the file is opened;
    ``figure``: no text can be its result; ``text``: nothing but text can; ``literal``: there is a text in it, which may be the
    empty one."""

    place: int
    result: str  # "some", "zero", "blank"
    on_load: bool
    figure: bool
    text: bool
    literal: bool

    @property
    def in_doubt(self) -> bool:
        """Whether its 0 may stand for a text that it gives in some cases."""
        return self.result == "zero" and self.literal and not (self.figure or self.text)


@dataclass(slots=True)
class _Facts:
    """What the records of one sheet tell besides what xlrd reads."""

    formulas: list[_Formula] = field(default_factory=list)
    places: set[int] = field(default_factory=set)  # of the cells with content
    drawing: bool = False
    comment: bool = False

    def notices(self, name: str) -> list[tuple[str, str]]:
        drawing = [("DRAWING_PRESENT", name)] if self.drawing else []
        return [*drawing, ("COMMENT_PRESENT", name)] if self.comment else drawing


class _Scan:
    """One walk over the records of the workbook and of its sheets. ``stream`` is what is left for xlrd."""

    def __init__(self, data: bytes, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.data = data
        self.stream = bytearray(data)
        self.sheets: list[_Facts] = []
        self.notices: list[tuple[str, str]] = []
        self.listed: list[tuple[int, int, str]] = []  # place, kind and name of every sheet
        self.fonts: list[bool | None] = []  # whether each strikes out, else raises or lowers
        self.codepage = 0
        self.cells = self.area = self.blanks = 0
        opcode = int.from_bytes(data[:2], "little")
        if opcode in {0x0009, 0x0209, 0x0409}:
            raise Refused("XLS_TOO_OLD")
        version = int.from_bytes(data[4:6], "little")
        if opcode != _BOF or version not in {_BIFF5, _BIFF8}:
            raise Refused("XLS_CORRUPT", reason="beginning")
        self.wide = version == _BIFF8
        spans = [self.workbook()]
        for offset, kind, name in self.listed:
            if kind == _WORKSHEET:
                facts = _Facts()
                spans.append((offset, self.sheet(offset, name, facts)))
                self.sheets.append(facts)
            else:
                other = _OTHER_SHEETS.get(kind, "?")
                self.notices.append(("SHEET_NOT_READ", f"{name} ({other})"))
                if other in {"macro", "module"}:
                    self.notices.append(("MACRO_PRESENT", name))
        end = 0
        for begin, after in sorted(spans):
            if begin < end:
                raise Refused("XLS_CORRUPT", reason="overlap")
            end = after

    def records(self, at: int, kept: frozenset[int]) -> Iterator[tuple[int, int, int]]:
        """Number, place and length of the records of one part of the stream, from its BOF to its EOF. Whatever is not kept,
        and whatever stands in a part within this one, is struck out."""
        data, stream = self.data, self.stream
        depth = 0
        keeps = False
        while True:
            if at + 4 > len(data):
                raise Refused("XLS_CORRUPT", reason="truncated")
            opcode, length = _RECORD.unpack_from(data, at)
            if not depth and opcode != _BOF:
                raise Refused("XLS_CORRUPT", reason="part")
            depth += opcode == _BOF
            if opcode != _CONTINUE:
                keeps = opcode in kept and depth == 1
            if not keeps:
                stream[at : at + 2] = _STRUCK
            if at + 4 + length > len(data):
                raise Refused("XLS_CORRUPT", reason="truncated")
            if depth == 1:
                yield opcode, at + 4, length
            depth -= opcode == _EOF
            at += 4 + length
            if not depth:
                return

    def workbook(self) -> tuple[int, int]:
        """Walk over what is said of the workbook as a whole."""
        formats = after = 0
        for opcode, at, length in self.records(0, _OF_BOOK):
            after = at + length
            body = self.data[at:after]
            if opcode == _FILEPASS:
                raise Refused("ENCRYPTED_XLS")
            if opcode == _CODEPAGE:
                self.codepage = int.from_bytes(body[:2], "little")
            elif opcode == _BOUNDSHEET:
                self.listed.append((int.from_bytes(body[:4], "little"), body[5], self.name(body[6:])))
                if len(self.listed) > self.limits["sheets"]:
                    raise Refused("XLSX_TOO_MANY_SHEETS", count=len(self.listed), limit=self.limits["sheets"])
            elif opcode in {_XF, _FORMAT}:
                formats += 1
                if formats > self.limits["styles"]:
                    raise Refused("XLSX_TOO_MANY_STYLES", part="Workbook", limit=self.limits["styles"])
            elif opcode == _FONT:
                if len(self.fonts) == _NO_FONT:
                    self.fonts.append(None)
                self.fonts.append(self.apart(body))
                if len(self.fonts) > self.limits["styles"]:
                    raise Refused("XLSX_TOO_MANY_STYLES", part="Workbook", limit=self.limits["styles"])
            elif opcode == _SUPBOOK and length > 4:
                self.notices.append(("EXTERNAL_LINK", self.external(body)))
        return 0, after

    @staticmethod
    def apart(body: bytes) -> bool | None:
        """Whether a font strikes out (true), or raises or lowers (false); ``None`` where it does neither."""
        if int.from_bytes(body[2:4], "little") & 8:
            return True
        return False if int.from_bytes(body[8:10], "little") else None

    def name(self, body: bytes) -> str:
        """The name of a sheet, for people; xlrd reads those of the sheets that are read."""
        if not self.wide:
            return body[1 : 1 + body[0]].decode("gb18030", "replace")
        wide = body[1] & 1
        return body[2 : 2 + body[0] * (1 + wide)].decode("utf-16-le" if wide else "latin-1", "replace")

    @staticmethod
    def external(body: bytes) -> str:
        """The address of another workbook, for people: its parts stand behind control characters."""
        wide = body[4] & 1
        text = body[5:].decode("utf-16-le" if wide else "latin-1", "replace")[
            : int.from_bytes(body[2:4], "little")
        ]
        return "".join(c if c.isprintable() else "/" for c in text).strip("/")

    def sheet(self, at: int, name: str, facts: _Facts) -> int:
        """Walk over a worksheet; where it ends. ``Refused`` where its cells are beyond the limits or stand twice."""
        data, limits, places = self.data, self.limits, facts.places
        deepest = widest = -1
        after = at

        for opcode, begin, length in self.records(at, _OF_SHEET):
            after = begin + length
            if opcode in _CELLS or opcode == _MULRK:
                row, first = _CELL.unpack_from(data, begin)
                last = first
                if opcode == _MULRK:
                    last = int.from_bytes(data[after - 2 : after], "little")
                    if last < first or length != 6 * (last - first + 1) + 6:
                        raise Refused("XLS_CORRUPT", reason="row")
                elif opcode == _FORMULA:
                    facts.formulas.append(self.formula(row << 16 | first, data[begin:after]))
                if last >= _COLUMNS:
                    raise Refused("XLS_CORRUPT", reason="column")
                for column in range(first, last + 1):
                    place = row << 16 | column
                    if place in places:
                        raise Refused(
                            "XLSX_BAD_REFERENCE", place=f"{name}!{a1(row, column)}", reason="used_twice"
                        )
                    places.add(place)
                deepest, widest = max(deepest, row), max(widest, last)
                if len(places) > limits["cells"] - self.cells:
                    raise Refused("XLSX_TOO_MANY_CELLS", place=name, limit=limits["cells"])
                if (deepest + 1) * (widest + 1) > limits["used_area"] - self.area:
                    farthest = f"{name}!{a1(deepest, widest)}"
                    raise Refused("XLSX_SPARSE_AREA", place=farthest, limit=limits["used_area"])
            elif opcode in {_BLANK, _MULBLANK}:
                self.blanks += 1 if opcode == _BLANK else length // 2
                if self.blanks > limits["used_area"]:
                    raise Refused("XLSX_SPARSE_AREA", place=name, limit=limits["used_area"])
            elif opcode == _OBJ and data[begin + 4 : begin + 6]:
                facts.drawing |= int.from_bytes(data[begin + 4 : begin + 6], "little") not in _NO_DRAWING
            elif opcode == _NOTE:
                facts.comment = True
        self.cells += len(places)
        self.area += (deepest + 1) * (widest + 1)
        return after

    def formula(self, place: int, body: bytes) -> _Formula:
        """What the record of a formula says of its result, which is a number or, behind 0xFFFF, of another kind."""
        stored, flags = _RESULT.unpack_from(body, 6)
        special = stored[6:] == b"\xff\xff"
        result = "blank" if special and stored[0] == 3 else "some"
        if not special and struct.unpack("<d", stored)[0] == 0:
            result = "zero"
        figure = text = literal = False
        if result != "some":
            figure, text, literal = self.tokens(body[22 : 22 + int.from_bytes(body[20:22], "little")])
        return _Formula(place, result, bool(flags & 2), figure, text, literal)

    def tokens(self, tokens: bytes) -> tuple[bool, bool, bool]:
        """Whether a formula always gives a figure, whether it always gives a text, and whether there is a text in it."""
        from xlrd.formula import sztab3, sztab4

        sizes = sztab4 if self.wide else sztab3
        at = 0
        figure = text = literal = False
        while at < len(tokens):
            token = tokens[at] if tokens[at] < 0x20 else tokens[at] & 0x1F | 0x20
            size = sizes[token]
            if token == _TOKEN_STRING:
                literal = True
                size = (
                    2 + tokens[at + 1] if not self.wide else 3 + tokens[at + 1] * (1 + (tokens[at + 2] & 1))
                )
                figure, text = False, True
            elif token == _TOKEN_ATTRIBUTE:
                kind = tokens[at + 1]
                size = 4 if not kind & 4 else 6 + 2 * int.from_bytes(tokens[at + 2 : at + 4], "little")
                if kind & 0x10:  # the sum of one range; the others do not calculate
                    figure, text = True, False
            elif token in {_TOKEN_FUNCTION, _TOKEN_FUNCTION_OF_MANY}:
                number = tokens[at + 1 + (token == _TOKEN_FUNCTION_OF_MANY) :][:2]
                function = int.from_bytes(number, "little") & 0x7FFF
                figure, text = function in _FIGURE_FUNCTIONS, function in _TEXT_FUNCTIONS
            elif token != _TOKEN_PARENTHESIS:
                figure, text = token in _FIGURE_TOKENS, token == _TOKEN_JOIN
            if size < 1:
                return False, False, True  # what is not understood proves nothing
            at += size
        return figure, text, literal

    def without_value(self) -> set[tuple[int, int]]:
        """Sheet and place of the formulas whose result was never stored.

        The format has no mark for that. Programs that do not calculate store nothing (a blank text) or 0, and most of them
        ask for calculation on load. So: a blank that cannot be the formula's result; a blank or a 0 of a formula that is to
        be calculated on load, where no such formula of the workbook has any other result; a blank in a workbook none of
        whose formulas has a result, but where the formula has a text in it, which may be the blank one. LibreOffice stores 0
        for a text in a cell whose format is that of numbers: a 0 that cannot be the formula's result is none.
        """
        every = [(index, f) for index, facts in enumerate(self.sheets) for f in facts.formulas]
        loaded = any(f.on_load and f.result == "some" for _, f in every)
        calculated = any(
            f.result == "some" or (f.result == "zero" and not (f.on_load or f.text)) for _, f in every
        )
        return {
            (index, f.place)
            for index, f in every
            if f.result != "some"
            and (
                (f.on_load and not loaded)
                or (f.result == "zero" and f.text)
                or (f.result == "blank" and (f.figure or not (calculated or f.literal)))
            )
        }


# The cells


@dataclass(slots=True)
class _Collector:
    """Turns what xlrd read into lists; formats are listed once, and cells name them by their number in the list."""

    book: Any
    limits: Mapping[str, int]
    fonts: list[bool | None]
    formats: list[str] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)  # of the formats, by that of the cell's style
    characters: int = 0
    merges: int = 0
    merged: int = 0

    def sheet(self, sheet: Any, facts: _Facts, without: set[tuple[int, int]]) -> Found:
        """One sheet: its cells in row-major order, as one list for each of their members."""
        index, name = sheet.number, sheet.name
        rows: list[int] = []
        columns: list[int] = []
        texts: list[str] = []
        kinds: list[str] = []
        formats: list[int] = []
        formulas: list[int] = []
        calculated = {formula.place for formula in facts.formulas}
        for place in sorted(facts.places):
            row, column = place >> 16, place & 0xFFFF
            text, kind = _value(sheet.cell_type(row, column), sheet.cell_value(row, column))
            if kind == TEXT and (runs := sheet.rich_text_runlist_map.get((row, column))):
                text = self.in_parts(text, runs)
            if (index, place) in without:
                text, kind = "", FORMULA_WITHOUT_VALUE
            if place in calculated:
                formulas.append(len(rows))
            elif not text:
                continue
            if len(text) > self.limits["cell_text"]:
                raise Refused(
                    "CELL_TOO_LONG", place=f"{name}!{a1(row, column)}", limit=self.limits["cell_text"]
                )
            self.characters += len(text)
            if self.characters > self.limits["workbook_text"]:
                raise Refused("XLSX_TEXT_TOO_LARGE", place=name, limit=self.limits["workbook_text"])
            rows.append(row)
            columns.append(column)
            texts.append(text)
            kinds.append(kind)
            formats.append(self.format(sheet.cell_xf_index(row, column)))
        return {
            "name": name, "hidden": sheet.visibility != 0,
            "rows": rows, "columns": columns, "texts": texts, "kinds": kinds, "formats": formats, "formulas": formulas,
            "merges": self.merged_ranges(sheet),
            "hidden_rows": sorted(row for row, info in sheet.rowinfo_map.items() if info.hidden),
            "hidden_columns": sorted(column for column, info in sheet.colinfo_map.items() if info.hidden),
        }  # fmt: skip

    def in_parts(self, text: str, runs: list[tuple[int, int]]) -> str:
        """A text with its struck-out, raised or lowered parts between marks; each run begins at a character and has a font."""
        made, before, apart = "", 0, None
        for begin, font in [*runs, (len(text), -1)]:
            part = text[before:begin]
            made += part if apart is None or not part else f"{_PARTS[apart]}{part}{_PART_END}"
            before = max(before, begin)
            apart = self.fonts[font] if 0 <= font < len(self.fonts) else None
        return made

    def format(self, style: int) -> int:
        """The number of a style's number format in the list."""
        if style not in self.numbers:
            key = self.book.xf_list[style].format_key
            stated = self.book.format_map.get(key)
            code = stated.format_str if stated is not None and stated.format_str else ""
            if code not in self.formats:
                self.formats.append(code or BUILT_IN_FORMATS.get(key, "General"))
            self.numbers[style] = self.formats.index(code or BUILT_IN_FORMATS.get(key, "General"))
        return self.numbers[style]

    def merged_ranges(self, sheet: Any) -> list[tuple[int, int, int, int]]:
        """First and last row and column of the merged ranges, inclusive."""
        found = []
        for first_row, after_row, first_column, after_column in sheet.merged_cells:
            if not (first_row < after_row <= _ROWS and first_column < after_column <= _COLUMNS):
                raise Refused("XLSX_BAD_REFERENCE", place=sheet.name, reason="outside")
            found.append((first_row, first_column, after_row - 1, after_column - 1))
            self.merges += 1
            self.merged += (after_row - first_row) * (after_column - first_column)
            if self.merges > self.limits["merges"]:
                raise Refused("XLSX_MERGE_AREA", place=sheet.name, limit=self.limits["merges"])
            if self.merged > self.limits["merged_area"]:
                raise Refused("XLSX_MERGE_AREA", place=sheet.name, limit=self.limits["merged_area"])
        return found


def _value(kind: int, value: Any) -> tuple[str, str]:
    """Text and kind of a cell as xlrd gives it. A number's text is the shortest that gives the same double: BIFF stores no text,
    and what was typed with up to 15 digits is what was stored."""
    import xlrd

    if isinstance(value, float):  # xlrd calls numbers dates, or texts where their format is unknown
        text = repr(value)
        return text.removesuffix(".0"), NUMBER
    if kind == xlrd.XL_CELL_BOOLEAN:
        return str(int(bool(value))), BOOLEAN
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, f"#ERR{value}"), ERROR
    return str(value), TEXT


# Parts of texts

#: Marks around a part of a text, until its bytes are decoded: no text of a workbook has them.
_PARTS = {False: "\x0e", True: "\x0f"}
_PART_END = "\x10"
_PART = re.compile("([\x0e\x0f])([^\x0e-\x10]*)\x10")


def _told_apart(text: str) -> str:
    """A text whose marked parts are set apart."""
    if _PART_END not in text:
        return text
    return _PART.sub(lambda part: set_apart(part[2], struck=part[1] == _PARTS[True]), text)


# Texts of BIFF 5


def _decoded(found: Found, codepage: int) -> Found:
    """The same with its texts decoded. They are bytes in the code page that the file names; a file that names none, or one of
    those in which no Chinese can be written, is GBK where all of its texts are."""
    sheets = found["sheets"]
    every = [*found["formats"], *(text for sheet in sheets for text in (sheet["name"], *sheet["texts"]))]
    if all(map(str.isascii, every)):
        return found
    encoding = "gb18030" if codepage in _GBK | _LATIN else f"cp{codepage}"
    notices = [*found["notices"], *([("ENCODING_GUESSED", str(codepage))] if codepage in _LATIN else [])]

    def decode(text: str) -> str:
        return text.encode(_TRANSPARENT).decode(encoding)

    try:
        return {
            **found,
            "sheets": [{**s, "name": decode(s["name"]), "texts": [*map(decode, s["texts"])]} for s in sheets],
            "formats": [*map(decode, found["formats"])],
            "notices": notices,
        }
    except (UnicodeError, LookupError):
        raise Refused("XLS_ENCODING", codepage=codepage) from None
