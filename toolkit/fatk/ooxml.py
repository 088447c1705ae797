"""Excel workbooks (.xlsx, .xlsm; ECMA-376 transitional and strict) as a ``Book`` of raw cells.

Nothing in the file is trusted: parts are found through relationships and never by their place in the archive, the declared
dimension of a sheet is ignored, document types are refused, references are held to the grid, and every count has a limit. A
file that breaks a rule is ``Refused`` as a whole; no partial ``Book`` is ever returned.

Parts are read by expat itself, without a tree: memory does not grow with the length of a part, and only expat tells how long
an unfinished tag is and how many names it had to keep. Most of a workbook is rows of plain cells, though, and a call for
every start and end of a tag is most of the time. So whole rows that are nothing but plain cells are taken out of a sheet by a
regular expression, which has to account for every character of them, before expat sees the rest (``_read_sheet``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, NoReturn

from fatk.archive import Archive, Member, open_archive
from fatk.errors import Refused
from fatk.gathering import Tally, hidden_notices
from fatk.grid import (
    BOOLEAN,
    BUILT_IN_FORMATS,
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
    set_apart,
)
from fatk.limits import DEFAULTS, Limits
from fatk.officeparts import RELATED, Package, Relation
from fatk.strictxml import Attributes, Parse, Qualify, refuse_document_types

_MAIN: Final = frozenset(
    {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    }
)
_KINDS: Final = {"n": NUMBER, "s": TEXT, "str": TEXT, "inlineStr": TEXT, "d": TEXT, "b": BOOLEAN, "e": ERROR}
_TRUE: Final = {"1", "true", "on"}

#: Columns A to ZZ, which is nearly every column there is; others are computed.
_COLUMNS: Final = {column_letters(column): column for column in range(702)}
#: The letters of each, and behind the last what no cell's name begins with.
_LETTERS: Final = (*_COLUMNS, "\0")

_ROW_NUMBER: Final = re.compile(r"[1-9][0-9]{0,6}")
_INDEX: Final = re.compile(r"[ \t\r\n]*0*([0-9]{1,9})[ \t\r\n]*")
_ESCAPE: Final = re.compile(r"_x(D[89AB][0-9A-F]{2})__x(D[C-F][0-9A-F]{2})_|_x([0-9A-F]{4})_", re.IGNORECASE)
#: Characters that one character of a text takes where it is escaped as ``_x000D_``.
_LONGEST_ESCAPE: Final = 7

#: Makes a cell from all its members in order, at half the cost of naming them.
_new_cell: Final = tuple.__new__
#: Stands for a cell that is met for the first time.
_UNMET: Final = Cell("", "")

#: Type of a cell as its element states it, and its number format.
Look = tuple[str | None, NumberFormat]
#: Text of a formula, and the index that it is shared under.
Formula = tuple[str, str | None]


def read_book(source: bytes | str | os.PathLike[str], limits: Limits = DEFAULTS) -> Book:
    """The workbook in bytes or at a path; ``Refused`` where it must not or cannot be read, ``OSError`` from the file system."""
    return read_workbook(open_archive(source, limits), limits)


def read_workbook(archive: Archive, limits: Limits = DEFAULTS) -> Book:
    """The workbook in an opened archive, its sheets in the order that Excel shows; ``Refused`` where it cannot be read."""
    package = Package(archive, limits)
    workbook = _workbook(package)
    declared, results, epoch_1904 = _declared_sheets(package, workbook)
    related = package.relationships(workbook)
    tally = Tally(limits)
    strings = _strings(package, package.one(related, "sharedStrings"), limits)
    plain = _Plain(_formats(package, package.one(related, "styles")), strings, limits)
    notices = _content_notices(archive.names)
    sheets: dict[str, Sheet] = {}
    for number, (name, hidden, key) in enumerate(declared):
        if number in results:
            notices.append(("RESULTS_SHEET", name))
            continue
        relation = related.get(key)
        if relation is None or relation.external:
            raise Refused("XLSX_PART_MISSING", part=f"{workbook.name}#{key}")
        if relation.kind != "worksheet":
            notices += _unread_notices(name, relation)
            continue
        member = package.part(relation.target)
        if member.name in sheets:
            raise Refused("XLSX_BAD_REFERENCE", place=name, part=member.name, reason="used_twice")
        cells = _Cells(name, member.name, plain, tally)
        notices += _read_sheet(package, member, cells)
        sheets[member.name] = sheet = cells.sheet(hidden)
        notices += _sheet_notices(sheet, package.relationships(member).values())
    refuse_document_types(archive, package.parsed)
    return Book(tuple(sheets.values()), tuple(dict.fromkeys(notices)), epoch_1904)


def _workbook(package: Package) -> Member:
    """The part which the package names as its main document; ``Refused`` where it is binary."""
    main = package.main()
    if main.name.lower().endswith(".bin"):
        raise Refused("XLSB_WORKBOOK")
    return main


def _plain_first(
    parse: Parse, end_tag: str, between: Callable[[], bool], take: Callable[[str], bool]
) -> Callable[[bytes], bytes]:
    """What takes the plain rows, or strings, out of each piece of a part and lets expat read the other ones. ``between`` tells
    whether expat stands between two of them, and ``take`` reads the markup of one up to its end tag, if it is plain.

    That is exact: where expat stands between two elements, inside no tag, comment or CDATA section, text that is well-formed
    elements and nothing else can be taken out of the document without changing how the rest reads.
    """
    end = end_tag.encode()

    def taken(data: bytes) -> bytes:
        """Read what is plain and what stands before it; what is behind the last end tag is left."""
        if not between():  # one began in the piece before
            cut = data.find(end) + len(end)
            if cut < len(end):
                return data
            parse.feed(data[:cut])
            data = data[cut:]
        last = data.rfind(end)
        if last < 0 or not between():
            return data
        try:
            elements = iter(data[:last].decode().split(end_tag))
        except UnicodeDecodeError:
            return data  # expat tells what is wrong with it
        for markup in elements:
            if not take(markup):
                parse.feed(markup.encode() + end)
                if not between():
                    for rest in elements:
                        parse.feed(rest.encode() + end)
        return data[last + len(end) :]

    return taken


# Workbook, strings, formats


#: Name of a sheet's own by which a marked copy tells that the sheet holds what was found in it, and no data.
RESULTS_NAME: Final = "_fatk_results"


_OF_WORKBOOK: Final = frozenset({"sheets/sheet", "workbook/workbookPr", "definedNames/definedName"})
_OF_STYLES: Final = frozenset({"numFmts/numFmt", "cellXfs/xf"})


def _tells_of_results(name: str, attributes: Attributes) -> bool:
    """Whether an element of a workbook is looked at: any, but of the names that it defines only that of results."""
    return name != "definedName" or attributes.get("name") == RESULTS_NAME


def _declared_sheets(
    package: Package, workbook: Member
) -> tuple[list[tuple[str, bool, str]], frozenset[int], bool]:
    """Name, hiddenness and relationship id of every sheet, which of them hold results of ours, and whether dates count
    from 1904."""
    sheets = []
    results: set[int] = set()
    epoch_1904 = False
    for step, attributes in package.elements(workbook, "workbook", _MAIN, _OF_WORKBOOK, _tells_of_results):
        if step == "workbook/workbookPr":
            epoch_1904 = attributes.get("date1904") in _TRUE
        elif step == "definedNames/definedName":
            if "localSheetId" in attributes:
                results.add(_index(attributes["localSheetId"]))
        else:
            key = next((attributes[f"{space} id"] for space in RELATED if f"{space} id" in attributes), "")
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append((_unescape(attributes.get("name", "")), hidden, key))
    limit = package.limits.sheets
    if len(sheets) > limit:
        raise Refused("XLSX_TOO_MANY_SHEETS", count=len(sheets), limit=limit)
    names: set[str] = set()
    for name, _, _ in sheets:
        if name.casefold() in names:  # a place in the sheet of this name would be two places
            raise Refused("XLSX_BAD_REFERENCE", place=name, reason="used_twice")
        names.add(name.casefold())
    return sheets, frozenset(results), epoch_1904


#: Values by which a font of a run says that it is neither raised nor struck out.
_NOT_APART: Final = frozenset({"0", "false", "baseline"})


#: A string without formats and references, behind which a piece of the part may be parted from the first.
_PLAIN_STRING: Final = re.compile(
    r"""[ \t\r\n]*<si><t(?: xml:space="preserve")?>([^<>&\x00-\x08\x0b-\x1f\ufffe\uffff]*)</t>"""
)
_STRING_TAG: Final = b"<si>"
_STRING_BEGIN: Final = "<si><t>"
_STRING_END: Final = "</t>"


def _strings(package: Package, member: Member | None, limits: Limits) -> dict[str, str]:
    """The shared strings by the text of their index, without phonetic readings and character formats."""
    strings: dict[str, str] = {}
    if member is None:
        return strings

    def begin(parse: Parse, qualify: Qualify) -> None:
        item_name, text_name, phonetic_name = qualify("si"), qualify("t"), qualify("rPh")
        run_name, raised_name, struck_name = qualify("r"), qualify("vertAlign"), qualify("strike")
        apart: bool | None = None  # whether the run is struck out, else raised or lowered
        buffer: list[str] = []
        parts: list[str] = []
        depth = total = 0
        phonetic = False  # within the reading of a text, which is none of it
        plain = False  # whether a string without prefix is one of this part
        longest = limits.cell_text

        def start(name: str, attributes: Attributes) -> None:
            nonlocal depth, phonetic, apart, plain
            depth += 1
            if name == text_name:
                buffer.clear()
            elif name == item_name:
                buffer.clear()
                parts.clear()
                plain = plain or (depth == 1 and parse.parser.CurrentByteIndex == parse.marked)
            elif name == phonetic_name:
                phonetic = True
            elif name == run_name:
                apart = None
            elif name in (raised_name, struck_name) and attributes.get("val") not in _NOT_APART:
                apart = apart or name == struck_name

        def end(name: str) -> None:
            nonlocal depth, phonetic, apart
            depth -= 1
            if name == text_name:
                if not phonetic:
                    text = buffer[0] if len(buffer) == 1 else "".join(buffer)
                    parts.append(text if apart is None else set_apart(text, struck=apart))
            elif name == item_name:
                keep("".join(parts))
            elif name == phonetic_name:
                phonetic = False
            elif name == run_name:
                apart = None

        def keep(string: str) -> None:
            nonlocal total
            string = _unescape(string)
            total += len(string)
            if len(string) > longest:
                raise Refused("CELL_TOO_LONG", place=f"{member.name}#{len(strings)}", limit=longest)
            strings[str(len(strings))] = string

        def give_up_plain() -> None:
            nonlocal plain
            plain = False

        def between_strings() -> bool:
            return plain and not depth and parse.settled

        def take_plain(markup: str) -> bool:
            if markup.startswith(_STRING_BEGIN) and markup.endswith(_STRING_END):
                plainest = markup[len(_STRING_BEGIN) : -len(_STRING_END)]
                if plainest.isprintable() and not ("<" in plainest or ">" in plainest or "&" in plainest):
                    keep(plainest)
                    return True
            text = _PLAIN_STRING.fullmatch(markup)
            if text is not None:
                keep(text[1])
            return text is not None

        def between() -> None:
            if depth > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=member.name, limit=limits.xml_depth)
            if total > limits.workbook_text or len(strings) > limits.cells:
                raise Refused("XLSX_TEXT_TOO_LARGE", place=member.name, limit=limits.workbook_text)
            if len(parts) + sum(map(len, parts)) + sum(map(len, buffer)) > _LONGEST_ESCAPE * longest:
                raise Refused("CELL_TOO_LONG", place=f"{member.name}#{len(strings)}", limit=longest)

        parse.parser.StartElementHandler = start
        parse.parser.EndElementHandler = end
        parse.parser.CharacterDataHandler = buffer.append
        parse.parser.StartCdataSectionHandler = give_up_plain
        parse.take = _plain_first(parse, "</si>", between_strings, take_plain)
        parse.between = between

    package.parse(member, "sst", _MAIN, begin, _STRING_TAG)
    return strings


def _formats(package: Package, member: Member | None) -> dict[str | None, NumberFormat]:
    """The number format of every cell style by the text of its index; ``None`` stands for a cell that names no style."""
    codes = dict(BUILT_IN_FORMATS)
    numbers: list[int] = []
    if member is not None:
        for step, attributes in package.elements(member, "styleSheet", _MAIN, _OF_STYLES):
            number = _index(attributes.get("numFmtId", "0"))
            if step == "cellXfs/xf":
                numbers.append(number)
            else:
                codes[number] = _unescape(attributes.get("formatCode", "General"))
    known = {number: read_format(codes[number]) for number in set(numbers) if number in codes}
    formats: dict[str | None, NumberFormat] = {
        str(i): known.get(number, GENERAL) for i, number in enumerate(numbers)
    }
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


class _Plain:
    """The plain cells of a workbook by their markup behind the name, ``None`` for one without content. They are made when
    first met and serve for all that look alike, since a workbook repeats itself."""

    __slots__ = ("formats", "heads", "known", "limits", "looks", "names", "rows", "strings")

    def __init__(
        self, formats: dict[str | None, NumberFormat], strings: dict[str, str], limits: Limits
    ) -> None:
        self.formats, self.strings, self.limits = formats, strings, limits
        self.known: dict[str, Cell | None] = {}
        self.looks: dict[str, Look] = {}  # by the markup of a cell's attributes
        self.heads: dict[str, Look] = {}  # by the markup before a value
        self.names: dict[str, list[str]] = {}  # by the number of a row
        self.rows: dict[frozenset[str], _RowLooks] = {}  # by the prefixes that are declared

    def met(self, markup: str) -> Cell | None:
        """A cell that is met for the first time. ``KeyError`` where it is not plain, or more has to be known of it, be it only
        its name to refuse it."""
        if len(self.known) > _KNOWN:
            self.known.clear()
        at = markup.find(_VALUE)
        cell: Cell | None = None
        known = self.heads.get(markup[:at]) if at >= 0 else None
        if known is not None and markup.endswith(_VALUE_END):
            stated, shown = known
            written = markup[at + len(_VALUE) : -len(_VALUE_END)]
            if stated == "s":
                string = self.strings.get(written)
                if string and len(string) <= self.limits.cell_text:
                    cell = _new_cell(Cell, (string, TEXT, shown, None))
            elif stated is None and written and len(written) <= _SHORT and not written.strip(_OF_NUMBERS):
                cell = _new_cell(Cell, (written, NUMBER, shown, None))
        self.known[markup] = cell = cell or self.parsed(markup)
        return cell

    def parsed(self, markup: str) -> Cell | None:
        """A cell whose attributes are not known yet, or whose value takes more than a look."""
        parts = _PLAIN_CELL.fullmatch(markup)
        if parts is None:
            raise KeyError(markup)
        stated, shown = self.look(parts[1])
        text, kind = parts[3] or "", NUMBER
        if parts[3] is not None and not parts[2]:
            if len(self.heads) > _KNOWN:
                self.heads.clear()
            self.heads[f"{parts[1]}>"] = stated, shown
        if parts[2]:
            text, kind = _unescape(text), TEXT
        elif text and stated == "s":
            text, kind = self.strings[text], TEXT
        elif stated is not None:
            kind = _KINDS[stated]
            text = _unescape(text) if kind == TEXT else text
        if len(text) > self.limits.cell_text:
            raise KeyError(markup)
        return _new_cell(Cell, (text, kind, shown, None)) if text else None

    def names_in(self, row: str) -> list[str]:
        """The names of the cells in a row of that number, from column A on and each with the quote behind it, as far as met."""
        found = self.names.get(row)
        if found is None:
            if len(self.names) > _KNOWN:
                self.names.clear()
            found = self.names[row] = []
        return found

    def row_looks(self, prefixes: frozenset[str]) -> _RowLooks:
        """What is known of the rows of sheets that declare these prefixes."""
        found = self.rows.get(prefixes)
        if found is None:
            found = self.rows[prefixes] = _RowLooks(prefixes)
        return found

    def look(self, markup: str) -> Look:
        """What the markup of a plain cell's attributes says."""
        look = self.looks.get(markup)
        if look is None:
            pairs = _PLAIN_ATTRIBUTE.findall(markup)
            attributes = {name: value for _, name, value in pairs}
            if len(attributes) < len(pairs):
                raise KeyError(markup)  # expat says what is wrong with it
            if len(self.looks) > _KNOWN:
                self.looks.clear()
            look = self.looks[markup] = self.of(attributes)
        return look

    def of(self, attributes: Attributes) -> Look:
        """Type and number format that a cell's attributes name."""
        return attributes.get("t"), self.formats.get(attributes.get("s"), self.formats[None])


class _RowLooks(dict[str, bool | None]):
    """Whether a plain row is hidden, by the markup of its attributes; ``None`` where they are not well-formed."""

    __slots__ = ("prefixes",)

    def __init__(self, prefixes: frozenset[str]) -> None:
        super().__init__()
        self.prefixes = prefixes

    def __missing__(self, markup: str) -> bool | None:
        if len(self) > _KNOWN:
            self.clear()
        pairs = _PLAIN_ATTRIBUTE.findall(markup)
        attributes = {prefix + name: value for prefix, name, value in pairs}
        known = (
            _PLAIN_ROW.fullmatch(markup) is not None
            and len(attributes) == len(pairs)
            and {prefix[:-1] for prefix, _, _ in pairs if prefix} <= self.prefixes
        )
        hidden = self[markup] = attributes.get("hidden") in _TRUE if known else None
        return hidden


class _Cells:
    """The content of one sheet, gathered row by row."""

    __slots__ = (
        "blanks", "characters", "deepest", "hidden_columns", "hidden_rows", "longest", "masters", "merges", "met",
        "name", "ordered", "part", "plain", "row", "rows", "size", "solid", "tally", "widest",
    )  # fmt: skip

    def __init__(self, name: str, part: str, plain: _Plain, tally: Tally) -> None:
        self.name, self.part, self.plain, self.tally = name, part, plain, tally
        self.longest = tally.limits.cell_text
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merges: list[Range] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.masters: dict[
            str, tuple[str, int, int]
        ] = {}  # shared formulas by index, and the cell that states each
        self.row = self.deepest = self.widest = -1  # the row before; the farthest row and column with content
        self.met = self.size = self.blanks = self.characters = 0  # rows and cells, cells without content
        self.ordered = self.solid = True

    def refuse(self, code: str, where: str = "", **details: object) -> NoReturn:
        """Give up the whole file because of something in this sheet, at a cell or row."""
        raise Refused(code, place=f"{self.name}!{where}" if where else self.name, part=self.part, **details)

    def take_row(
        self, number: str | None, hidden: bool, line: Iterable[tuple[str, Look, str | None, Formula | None]]
    ) -> None:
        """Add a row: its number, if it states one, and the name, look, value and formula of each of its cells."""
        row, column = self.next_row(number)
        number = str(row + 1)
        strings, columns, longest = self.plain.strings, _COLUMNS, self.longest
        cells = self.rows.get(row, {})
        before = len(cells)
        blanks = characters = 0
        for name, look, value, formula in line:
            kind, shown = look
            if not value:
                if formula is None:
                    blanks += 1
                    continue
                text = ""
                kind = TEXT if kind == "str" and value is not None else FORMULA_WITHOUT_VALUE
            elif kind is None:
                text = value
                kind = NUMBER
            elif kind == "s":
                text = strings[value] if value in strings else self.late_string(name, value)
                kind = TEXT
                if not text and formula is None:
                    blanks += 1
                    continue
            else:
                kind, text = self.rare_kind(name, kind, value)
            letters = name.removesuffix(number)
            place = columns.get(letters)
            if place is None or place <= column or letters == name:
                place, column = self.find(name, row, column, cells)
            else:
                column = place
            size = len(text)
            characters += size
            if size > longest:
                self.refuse("CELL_TOO_LONG", name, limit=longest)
            written = None
            if formula is not None:
                written = self.formula(formula, name, row, place)
                characters += len(written)
            self.solid = self.solid and bool(text)
            cells[place] = Cell(text, kind, shown, written)
        self.blanks += blanks
        if len(cells) > before:
            self.keep(row, cells, len(cells) - before, characters, hidden)
            if self.widest < column < MAX_COLUMNS:
                self.widest = column

    def keep(self, row: int, cells: dict[int, Cell], more: int, characters: int, hidden: bool) -> None:
        """Keep the cells of a row, of which so many with so many characters are new."""
        self.rows[row] = cells
        self.size += more
        self.characters += characters
        self.deepest = max(self.deepest, row)
        if hidden:
            self.hidden_rows.add(row)

    def next_row(self, number: str | None) -> tuple[int, int]:
        """Index of the row of that number, or behind the row before; and the column that its cells come after: any, if the
        row is not below all rows before, so that each of them is looked for."""
        row = self.row + 1
        if number is not None and number != str(row + 1):
            row = int(number) - 1 if _ROW_NUMBER.fullmatch(number) else -1
        self.met += 1
        if not 0 <= row < MAX_ROWS or self.met > MAX_ROWS:
            self.refuse("XLSX_BAD_REFERENCE", number or str(row + 1), reason="outside")
        self.row = row
        return row, -1 if row > self.deepest else MAX_COLUMNS

    def next_name(self, before: str | None, number: str | None) -> str:
        """The name of a cell that has none: the place behind the cell before it in a row of that number."""
        column = -1 if before is None else self.place(before)[1]
        return f"{column_letters(column + 1)}{number or self.row + 2}"

    def find(self, name: str, row: int, column: int, cells: dict[int, Cell]) -> tuple[int, int]:
        """Column of a cell that is far to the right or not to the right of ``column``, and the column to compare the next one
        with."""
        line, place = self.place(name)
        if line != row:
            self.refuse("XLSX_BAD_REFERENCE", name, reason="other_row")
        if place > column:
            return place, place
        if place in cells:
            self.refuse("XLSX_BAD_REFERENCE", name, reason="used_twice")
        self.ordered = False
        self.widest = max(self.widest, place, -1 if column == MAX_COLUMNS else column)
        return place, MAX_COLUMNS

    def place(self, name: str) -> tuple[int, int]:
        """Row and column of a name; the file is refused where it is none."""
        try:
            return from_a1(name)
        except ValueError:
            self.refuse("XLSX_BAD_REFERENCE", name, reason="outside")

    def late_string(self, name: str, index: str) -> str:
        """A shared string whose index is not written in the plain way, with a blank around it perhaps."""
        string = self.plain.strings.get(str(_index(index)))
        if string is None:
            self.refuse("XLSX_BAD_REFERENCE", name, reason="no_such_string")
        return string

    def rare_kind(self, name: str, stated: str, value: str) -> tuple[str, str]:
        """Kind and text of a cell that states a type other than a shared string."""
        kind = _KINDS.get(stated)
        if kind is None:
            self.refuse("XLSX_WRONG_MARKUP", name, found=stated)
        return kind, _unescape(value) if kind == TEXT else value

    def formula(self, formula: Formula, name: str, row: int, column: int) -> str:
        """The formula of a cell; one that shares another cell's reads as it means here."""
        stated, key = formula
        text = _unescape(stated)
        if key is not None:
            if text:
                self.masters[key] = text, row, column
            elif key in self.masters:
                master, master_row, master_column = self.masters[key]
                text = shift_formula(master, row - master_row, column - master_column)
        if len(text) > self.longest:
            self.refuse("CELL_TOO_LONG", name, limit=self.longest)
        return text

    def take_plain(self, markup: str, rows: _RowLooks) -> bool:
        """Add a row from its markup up to its end tag, if it is below all others and nothing but plain cells in their order.

        Most cells are added here, so nothing is called or looked up that an ordinary cell can do without.
        """
        number = str(self.row + 2)
        begin = f'<row r="{number}"'
        head, closed, rest = markup.partition(">")
        attributes = head[len(begin) :]
        if not closed or not head.startswith(begin):  # not the row below the one before
            opening = _ROW.match(markup)
            if opening is None:
                return False
            number, attributes = opening[1] or number, opening[2]
            rest = markup[opening.end() :]
        hidden = rows[attributes]
        if hidden is None or int(number) <= self.deepest + 1:
            return False
        written = rest.split(_CELL)
        if written[0]:
            return False
        plain, columns, letters, column = self.plain, _COLUMNS, _LETTERS, -1
        known, behind, digits = plain.known, number + '"', len(number)
        names = plain.names_in(number)
        cells: dict[int, Cell] = {}
        characters = 0
        try:
            for one in islice(written, 1, None):
                if column + 1 == len(names) < _WIDE:
                    names.append(letters[column + 1] + behind)
                # Most cells are in the column behind the one before.
                if column + 1 < len(names) and one.startswith(names[column + 1]):
                    column += 1
                    look = one[len(names[column]) :]
                else:
                    end = one.find('"')
                    place = columns[one[: end - digits]]
                    if place <= column or one[end - digits : end] != number:
                        return False
                    column = place
                    look = one[end + 1 :]
                cell = known.get(look, _UNMET)
                if cell is _UNMET:
                    cell = plain.met(look)
                if cell is not None:
                    cells[column] = cell
                    characters += len(cell.text)
        except KeyError:
            return False
        row, _ = self.next_row(number)
        self.blanks += len(written) - 1 - len(cells)
        if cells:
            self.keep(row, cells, len(cells), characters, hidden)
            self.widest = max(self.widest, next(reversed(cells)))
        return True

    def merge(self, reference: str) -> None:
        """Add a merged range."""
        first, _, last = reference.partition(":")
        (r1, c1), (r2, c2) = self.place(first), self.place(last or first)
        r1, r2, c1, c2 = min(r1, r2), max(r1, r2), min(c1, c2), max(c1, c2)
        self.merges.append((r1, c1, r2, c2))
        if not self.tally.merge(r2 - r1 + 1, c2 - c1 + 1):
            self.refuse("XLSX_MERGE_AREA", reference, limit=self.tally.limits.merged_area)

    def hide_columns(self, first: str, last: str) -> None:
        """Note a span of hidden columns, as XML counts them: from 1, both ends inclusive."""
        span = range(_index(first) - 1, _index(last))
        if span and (span[0] < 0 or span[-1] >= MAX_COLUMNS or span[0] in self.hidden_columns):
            self.refuse("XLSX_BAD_REFERENCE", f"{first}:{last}", reason="outside")
        self.hidden_columns.update(span)

    def check(self) -> None:
        """Hold what was gathered so far to the limits of the workbook."""
        tally, limits = self.tally, self.tally.limits
        if self.size > limits.cells - tally.cells:
            self.refuse("XLSX_TOO_MANY_CELLS", limit=limits.cells)
        area = (self.deepest + 1) * (self.widest + 1)
        if area > limits.used_area - tally.area:
            self.refuse("XLSX_SPARSE_AREA", a1(self.deepest, self.widest), limit=limits.used_area)
        if self.blanks > limits.used_area - tally.blanks:
            self.refuse("XLSX_SPARSE_AREA", limit=limits.used_area)
        if self.characters > limits.workbook_text - tally.text:
            self.refuse("XLSX_TEXT_TOO_LARGE", limit=limits.workbook_text)

    def sheet(self, hidden: bool) -> Sheet:
        """The complete sheet; what it used of the limits is no longer there for the next one."""
        self.check()
        tally = self.tally
        tally.cells += self.size
        tally.area += (self.deepest + 1) * (self.widest + 1)
        tally.blanks += self.blanks
        tally.text += self.characters
        rows = self.rows
        if not self.ordered:
            rows = {row: dict(sorted(rows[row].items())) for row in sorted(rows)}
        used = set().union(*rows.values()) if self.hidden_columns else set()
        return Sheet(
            self.name,
            rows,
            tuple(self.merges),
            hidden,
            frozenset(self.hidden_rows),
            frozenset(used & self.hidden_columns),
            solid=self.solid,
        )


#: How a row and a cell begin, as most are written; and what is plain behind that: attributes of a row that declare no
#: namespace, and a cell with nothing but a value or an unformatted text, without references.
_ROW: Final = re.compile(r"""[ \t\r\n]*<row(?: r="([1-9][0-9]{0,6})")?([^<>]*)>""")
_CELL: Final = '<c r="'
_PLAIN_ROW: Final = re.compile(
    r"""(?: (?!xmlns|r=)(?:[A-Za-z][A-Za-z0-9]*:)?[A-Za-z]+="[^"<>&\x00-\x1f\ufffe\uffff]*")*"""
)
_PLAIN_CELL: Final = re.compile(
    r"""((?: (?:s|t|cm|vm|ph)="[A-Za-z0-9]*")*)"""
    r"""(?:/>|>(?:(<is><t(?: xml:space="preserve")?>)|<v>)([^<>&\x00-\x1f\ufffe\uffff]*)(?(2)</t></is>|</v>)</c>)"""
)
_VALUE: Final = "<v>"
_VALUE_END: Final = "</v></c>"
#: Characters of nearly every number, and how long these are at most.
_OF_NUMBERS: Final = "0123456789.-E+"
_SHORT: Final = 40
_PLAIN_ATTRIBUTE: Final = re.compile(r' ([A-Za-z0-9]+:)?([A-Za-z]+)="([^"]*)"')
#: How many plain cells, or attributes of rows, are known at a time.
_KNOWN: Final = 4096
#: Of so many columns the names of cells are kept.
_WIDE: Final = 64
_DATA_TAG: Final = b"<sheetData>"

# Where in a sheet's data expat is.
_IN_DATA: Final = 0
_IN_ROW: Final = 1
_IN_CELL: Final = 2
_IN_VALUE: Final = 3
_IN_INLINE: Final = 4
_IN_TEXT: Final = 5


def _read_sheet(package: Package, member: Member, cells: _Cells) -> list[tuple[str, str]]:
    """Read a worksheet's part into ``cells``; what is returned was noticed on the way.

    Whole rows of plain cells never reach expat (``_plain_first``): such rows without prefixes are rows of this sheet because
    ``<sheetData>`` without prefix and attributes is its data.
    """
    limits = package.limits
    notices: list[tuple[str, str]] = []

    def begin(parse: Parse, qualify: Qualify) -> None:
        parser = parse.parser
        data_name, row_name, cell_name = qualify("sheetData"), qualify("row"), qualify("c")
        value_name, formula_name, inline_name = qualify("v"), qualify("f"), qualify("is")
        text_name, run_name, extensions = qualify("t"), qualify("r"), qualify("extLst")
        merge_name, column_name = qualify("mergeCell"), qualify("col")
        in_data = plain = False
        where = _IN_DATA
        depth = 1  # outside the sheet's data, and inside what is skipped
        row: Attributes = {}
        cell: Attributes = {}
        before: str | None = None  # name of the cell before in the row
        value: str | None = None
        formula: Formula | None = None
        shared: str | None = None
        line: list[tuple[str, Look, str | None, Formula | None]] = []
        buffer: list[str] = []  # character data since the last text began
        runs: list[str] = []  # texts of an inline string
        raised_name, struck_name = qualify("vertAlign"), qualify("strike")
        apart: bool | None = None  # whether a run of it is struck out, else raised or lowered
        row_looks = cells.plain.row_looks(frozenset(parse.prefixes))

        def start(name: str, attributes: Attributes) -> None:
            nonlocal where, row, cell, value, formula, shared, before, apart
            if name == cell_name:
                if where != _IN_ROW:
                    cells.refuse("XLSX_WRONG_MARKUP", f"{cells.row + 2}", found=name)
                where = _IN_CELL
                cell = attributes
                value = formula = None
            elif name == value_name and where == _IN_CELL:
                where = _IN_VALUE
                buffer.clear()
            elif name == row_name and where == _IN_DATA:
                where = _IN_ROW
                row = attributes
                before = None
            elif name == formula_name and where == _IN_CELL:
                where = _IN_VALUE
                buffer.clear()
                shared = attributes.get("si") if attributes.get("t") == "shared" else None
            elif name == inline_name and where == _IN_CELL:
                where = _IN_INLINE
                runs.clear()
                apart = None
            elif name == text_name and where == _IN_INLINE:
                where = _IN_TEXT
                buffer.clear()
            elif name == run_name and where == _IN_INLINE:
                runs.append("")  # so that runs are counted
                apart = None
            else:
                skip(name)

        def end(name: str) -> None:
            nonlocal where, before, formula, in_data
            if name == value_name:
                where = _IN_CELL
                take_value("".join(buffer))
            elif name == cell_name:
                where = _IN_ROW
                before = cell["r"] if "r" in cell else cells.next_name(before, row.get("r"))
                line.append((before, cells.plain.of(cell), value, formula))
            elif name == row_name:
                where = _IN_DATA
                cells.take_row(row.get("r"), row.get("hidden") in _TRUE, line)
                line.clear()
                buffer.clear()
            elif name == formula_name:
                where = _IN_CELL
                formula = "".join(buffer), shared
            elif name == text_name:
                where = _IN_INLINE
                text = "".join(buffer)
                runs.append(text if apart is None else set_apart(text, struck=apart))
            elif name == inline_name:
                where = _IN_CELL
                take_value("".join(runs))
                cell["t"] = "inlineStr"
            elif name == data_name:
                in_data = False
                parser.StartElementHandler = outer_start
                parser.EndElementHandler = outer_end
                parser.CharacterDataHandler = None

        def take_value(found: str) -> None:
            """Take a cell's value; of two that differ nobody knows which one is shown."""
            nonlocal value
            if value is not None and value != found:
                cells.refuse("XLSX_WRONG_MARKUP", f"{cells.row + 2}", found=value_name)
            value = found

        def skip(name: str) -> None:
            """Leave out an element that is none of ours, with all that it holds."""
            nonlocal depth
            if where in {_IN_VALUE, _IN_TEXT}:
                cells.refuse("XLSX_WRONG_MARKUP", f"{cells.row + 2}", found=name)
            if (
                where != _IN_INLINE and name != extensions
            ):  # fonts and readings of an inline string are no content
                notices.append(("UNKNOWN_MARKUP", cells.name))
            depth = 1
            parser.StartElementHandler = deeper
            parser.EndElementHandler = back

        def deeper(name: str, attributes: Attributes) -> None:
            nonlocal depth, apart
            depth += 1
            if (
                where == _IN_INLINE
                and name in (raised_name, struck_name)
                and attributes.get("val") not in _NOT_APART
            ):
                apart = apart or name == struck_name

        def back(name: str) -> None:
            nonlocal depth
            depth -= 1
            if not depth:
                depth = 1
                parser.StartElementHandler = start
                parser.EndElementHandler = end

        def outer_start(name: str, attributes: Attributes) -> None:
            nonlocal depth, in_data, plain
            if name == data_name and depth == 1:
                in_data = True
                plain = parser.CurrentByteIndex == parse.marked
                parser.StartElementHandler = start
                parser.EndElementHandler = end
                parser.CharacterDataHandler = buffer.append
                return
            if depth == 2:
                if name == merge_name:
                    cells.merge(attributes.get("ref", ""))
                elif name == column_name and attributes.get("hidden") in _TRUE:
                    cells.hide_columns(attributes.get("min", ""), attributes.get("max", ""))
            depth += 1

        def outer_end(name: str) -> None:
            nonlocal depth
            depth -= 1

        def give_up_plain() -> None:
            nonlocal plain
            plain = False  # what stands in a CDATA section is no markup, whatever it looks like

        def between_rows() -> bool:
            return (
                in_data
                and plain
                and where == _IN_DATA
                and parser.StartElementHandler is start
                and parse.settled
            )

        def between() -> None:
            cells.check()
            if depth > limits.xml_depth:
                cells.refuse("XML_TOO_COMPLEX", limit=limits.xml_depth)
            if len(line) > MAX_COLUMNS:
                cells.refuse("XLSX_BAD_REFERENCE", f"{cells.row + 2}", reason="outside")
            if len(runs) + sum(map(len, runs)) + sum(map(len, buffer)) > _LONGEST_ESCAPE * limits.cell_text:
                cells.refuse("CELL_TOO_LONG", f"{cells.row + 2}", limit=limits.cell_text)

        parser.StartElementHandler = outer_start
        parser.EndElementHandler = outer_end
        parser.StartCdataSectionHandler = give_up_plain
        parse.take = _plain_first(
            parse, "</row>", between_rows, lambda markup: cells.take_plain(markup, row_looks)
        )
        parse.between = between

    package.parse(member, "worksheet", _MAIN, begin, _DATA_TAG)
    return list(dict.fromkeys(notices))


_FORMULA_TOKEN: Final = re.compile(
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
        elif folded.startswith(
            ("xl/externallinks/external", "xl/embeddings/", "xl/querytables/", "xl/connections.")
        ):
            notices.append(("EXTERNAL_LINK", name))
    return notices


def _unread_notices(name: str, relation: Relation) -> list[tuple[str, str]]:
    unread = [("SHEET_NOT_READ", f"{name} ({relation.kind})")]
    return [*unread, ("MACRO_PRESENT", relation.target)] if "macro" in relation.kind.lower() else unread


def _sheet_notices(sheet: Sheet, relations: Iterable[Relation]) -> list[tuple[str, str]]:
    """Hidden content, pictures and comments of a sheet; embedded objects and controls count as ways to other files."""
    notices = hidden_notices(sheet)
    for relation in relations:
        if relation.kind == "drawing":
            notices.append(("DRAWING_PRESENT", sheet.name))
        elif relation.kind in {"comments", "threadedComment"}:
            notices.append(("COMMENT_PRESENT", sheet.name))
        elif relation.kind in {"oleObject", "package", "control", "queryTable"}:
            notices.append(("EXTERNAL_LINK", relation.target))
    return notices
