"""Tables of an HTML page, mostly met under the name .xls, as a ``Book``: every table is a sheet.

Web systems export such pages, and Excel, WPS and LibreOffice write them. The page is data here and nothing else: no script
runs, nothing is fetched, what an entity would name outside stays unread. Tags are found as browsers find them, but in one
pass that never looks back, whatever the page holds; the standard library's parser takes quadratic time on broken pages.

The lines of text just above a table belong to it, since titles and units often stand there: they are its first rows.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fatk.errors import Refused
from fatk.gathering import Gathering, Notices, Tally, hidden_notices
from fatk.grid import (
    BOOLEAN,
    ERROR,
    ERROR_TEXT,
    FORMULA_WITHOUT_VALUE,
    GENERAL,
    MAX_COLUMNS,
    NUMBER,
    TEXT,
    Book,
    Cell,
    NumberFormat,
    Sheet,
    a1,
    read_named_format,
    set_apart,
    shows_another,
)
from fatk.limits import Limits
from fatk.markup import (
    BLOCKS,
    BREAK,
    LAID_OUT,
    RAISED,
    STRUCK,
    UNSEEN,
    Attributes,
    Table,
    attributes_of,
    decode_page,
    is_blank,
    is_hidden,
    malformed,
    text_of,
    walk,
)

#: What a style does to text, the one that hides most first: property, words one of which its value has.
_LOOKS = (
    ("display", frozenset({"none"}), "hide"),
    ("visibility", frozenset({"hidden", "collapse"}), "hide"),
    ("font-size", frozenset({"0", "0px", "0pt", "0em", "0%"}), "hide"),
    ("text-decoration", frozenset({"line-through"}), "strike"),
    ("text-decoration-line", frozenset({"line-through"}), "strike"),
    ("vertical-align", frozenset({"super", "sub"}), "raise"),
)
_STRIKE, _HIDE = "strike", "hide"
#: A number as a file stores it.
_STORED_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Fields of a form that show no text of their own, or none that is a figure.
_NO_TEXT = frozenset(
    {
        "hidden",
        "checkbox",
        "radio",
        "button",
        "submit",
        "reset",
        "image",
        "file",
        "password",
        "color",
        "range",
    }
)
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FORMAT = re.compile(
    r"""mso-number-format\s*:\s*(?>"((?>[^"\\]|\\.)*)"|'((?>[^'\\]|\\.)*)'|([^;"'}]+))""", re.IGNORECASE
)
_CLASS = re.compile(r"(?:[a-z]+)?\.([\w-]+)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{4})|(.))")
_SHEET_NAME = re.compile(r"<x:ExcelWorksheet>\s*<x:Name>([^<]*)</x:Name>", re.IGNORECASE)
_MARKED_SHEET = re.compile(r"table[0-9]+")
#: As much may stand above a table and be part of it: lines, and characters in each.
_LINES, _LINE = 4, 80
#: As much of a style is looked at.
_STYLE = 4096


@dataclass(frozen=True, slots=True)
class Page:
    """A page of HTML with its name, what to call its table where that is known, and whether it is hidden."""

    name: str
    text: str
    sheet: str | None = None
    hidden: bool = False


def read_book(data: bytes, limits: Limits, name: str = "") -> Book:
    """The tables of the page in a file's bytes; ``Refused`` where there is none, or the page is broken."""
    decoded = decode_page(data, name)
    book = read_pages([Page(name, decoded.text)], (), limits)
    if decoded.stated:
        return book
    return replace(book, notices=(*book.notices, ("TEXT_READ_AS", f"{name}: {decoded.encoding}")))


def read_pages(pages: Iterable[Page], styles: Iterable[str], limits: Limits) -> Book:
    """The tables of several pages that share style sheets, as one spreadsheet."""
    formats = _Formats(limits)
    for css in styles:
        formats.add(css)
    tally = Tally(limits)
    sheets: list[Sheet] = []
    notices: Notices = []
    outside = elements = 0
    for page in pages:
        reader = _Reader(page, formats, tally, limits, elements)
        reader.read()
        elements = reader.elements
        outside += reader.outside
        found = sorted(reader.tables, key=lambda made: made[0].number)
        named = reader.sheet_names if len(reader.sheet_names) == len(found) else []
        for number, (table, made) in enumerate(found):
            name = table.name or (named[number] if named else page.sheet) or f"表格{len(sheets) + 1}"
            taken = {sheet.name.casefold() for sheet in sheets}
            if name.casefold() in taken:
                name = f"表格{len(sheets) + 1}"
            sheet = replace(made, name=name, hidden=table.hidden or page.hidden)
            sheets.append(sheet)
            notices += hidden_notices(sheet)
            notices += [(code, f"{name}{place}") for code, place in dict.fromkeys(table.notices)]
            notices += [("COMMENT_PRESENT", name)] if table.comment else []
    if not sheets:
        raise Refused("HTML_NO_TABLE")
    if outside:
        notices.append(("TEXT_OUTSIDE_TABLES", str(outside)))
    return Book(tuple(sheets), tuple(dict.fromkeys(notices)))


def sheet_names(text: str, begin: int, end: int) -> list[str]:
    """The sheets that a part of a page names, as Excel does in a comment or in XML of its own."""
    return [html.unescape(name).strip() for name in _SHEET_NAME.findall(text, begin, end)]


class _Formats:
    """Number formats that style sheets give to classes, and every one that was met, by its text."""

    def __init__(self, limits: Limits) -> None:
        self.limit = limits.styles
        self.classes: dict[str, NumberFormat] = {}
        self.looks: dict[str, str] = {}  # what a class does to text that it does not only colour
        self.known: dict[str, NumberFormat] = {}
        self.rules = 0

    def add(self, css: str) -> None:
        """Take the formats of a style sheet, and what sets text apart or hides it; later ones hold."""
        for rule in css.split("}"):
            selectors, _, body = rule.rpartition("{")
            shown, look = self.stated(body), _look(body)
            if shown is None and look is None:
                continue
            for selector in selectors.replace("<!--", " ").split(","):
                if match := _CLASS.fullmatch(selector.strip()):
                    if shown is not None:
                        self.classes[match[1].lower()] = shown
                    if look is not None:
                        self.looks[match[1].lower()] = look
                    self.rules += 1
                    self.check(self.rules)

    def look(self, attributes: Attributes) -> str | None:
        """What style and classes of an element do to its text: strike it out, raise or lower it, hide it, or nothing."""
        own = _look(attributes.get("style", ""))
        named = (self.looks.get(name) for name in _names(attributes.get("class", "")))
        return own or next((look for look in named if look), None)

    def stated(self, style: str) -> NumberFormat | None:
        """The number format that a style states; ``None`` where it states none."""
        match = _FORMAT.search(style[:_STYLE])
        if match is None:
            return None
        text = next(group for group in match.groups() if group is not None)[:1024]
        return self.named(_ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text))

    def named(self, text: str) -> NumberFormat:
        """The number format of a code or a name."""
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = read_named_format(text)
            self.check(len(self.known))
        return found

    def check(self, count: int) -> None:
        if count > self.limit:
            raise Refused("XLSX_TOO_MANY_STYLES", part="style", limit=self.limit)


def _look(style: str) -> str | None:
    """What a style does to text; of several things the one that hides most."""
    if ":" not in style:
        return None
    declared: dict[str, set[str]] = {}
    for declaration in style[:_STYLE].lower().split(";"):
        name, _, value = declaration.partition(":")
        declared.setdefault(name.strip(), set()).update(value.replace("!", " !").split())
    return next((look for name, words, look in _LOOKS if not words.isdisjoint(declared.get(name, ()))), None)


class _Reader:
    """One pass over a page."""

    def __init__(self, page: Page, formats: _Formats, tally: Tally, limits: Limits, elements: int) -> None:
        self.page, self.tally, self.limits = page, tally, limits
        self.formats = formats
        self.elements = elements  # tags met so far, in this page and those before it
        self.open: list[Table] = []
        self.tables: list[tuple[Table, Sheet]] = []
        self.count = 0
        self.sheet_names: list[str] = []
        self.pieces: list[str] = []  # of the text outside of tables that is being read
        self.size = 0
        self.lines: list[str] = []
        #: Elements open around the text: those that set it apart, and those that hide it.
        self.apart: list[tuple[str, bool]] = []
        self.unseen: list[str] = []
        self.outside = 0  # characters that belong to no table
        self.marker: list[str] | None = None  # the heading by which LibreOffice names the next table
        self.next_name: str | None = None

    def read(self) -> None:
        text = self.page.text
        self.elements = walk(text, self.page.name, self.limits, self, self.elements)
        if self.open:
            raise malformed(text, self.page.name, "table", len(text))
        self.break_line()
        self.drop_lines()

    def aside(self, name: str, begin: int, end: int) -> None:
        if name == "textarea" and self.open:
            self.filled_in(html.unescape(self.page.text[begin:end]))
        elif name == "style":
            self.formats.add(self.page.text[begin:end])
        elif name in {"", "xml"}:
            self.sheet_names += sheet_names(self.page.text, begin, end)

    # Text

    def characters(self, text: str) -> None:
        if self.marker is not None:
            self.marker.append(text[:_LINE])
            return
        table = self.open[-1] if self.open else None
        if table is not None and (table.cell is not None or table.caption):
            if self.unseen:
                self.outside += len(text.strip()) if self.unseen[0] != "comment" else 0
                return
            if self.apart:
                text = set_apart(text, struck=self.apart[-1][1])
            table.pieces.append(text)
            table.size += len(text)
            if table.size > LAID_OUT * self.limits.cell_text:
                place = a1(max(table.row, 0), min(table.place, MAX_COLUMNS - 1))
                table.gathering.refuse("CELL_TOO_LONG", place, limit=self.limits.cell_text)
        elif table is None:
            self.size += len(text)
            if self.size <= LAID_OUT * self.limits.cell_text:  # more is no line above a table
                self.pieces.append(text)
        elif not is_blank(text.replace("\t", "").replace("\r", "")):
            self.outside += len(text.strip())

    def filled_in(self, text: str) -> None:
        """Take what a field of a form holds: text of the cell on a line of its own, since it is never part of a figure beside
        it."""
        pieces = self.open[-1].pieces
        pieces.append(BREAK)
        self.characters(text)
        pieces.append(BREAK)

    def break_line(self) -> None:
        """End a line of text outside of tables."""
        if not self.pieces:
            return
        for line in text_of(self.pieces).split("\n"):
            if len(line) > _LINE:
                self.drop_lines()
                self.outside += len(line)
            elif not is_blank(line):
                self.lines.append(line)
        for line in self.lines[:-_LINES]:
            self.outside += len(line)
        del self.lines[:-_LINES]
        self.outside += max(0, self.size - LAID_OUT * self.limits.cell_text)
        self.pieces.clear()
        self.size = 0

    def drop_lines(self) -> None:
        self.outside += sum(map(len, self.lines))
        self.lines = []

    # Tags

    def start(self, name: str, markup: str) -> None:
        table = self.open[-1] if self.open else None
        if name == "table":
            self.begin_table(attributes_of(markup))
        elif table is None:
            if name == "br" or name in BLOCKS:
                self.break_line()
            elif name == "hr":
                self.break_line()
                self.drop_lines()
            elif name == "a" and _MARKED_SHEET.fullmatch(attributes_of(markup).get("name", "")):
                self.break_line()
                self.marker = []
        elif name in {"td", "th"}:
            self.end_cell(table)
            if not table.in_row:
                table.begin_row({})
            table.cell = attributes_of(markup)
            table.clear()
        elif name == "tr":
            self.end_row(table)
            table.begin_row(attributes_of(markup))
        elif name in {"thead", "tbody", "tfoot"}:
            self.end_row(table)
        elif name == "caption":
            table.caption = not table.begun
            table.clear()
        elif name == "col" or (name == "colgroup" and markup):
            table.begin_columns(markup)
        elif self.unseen or name in UNSEEN or (look := self.look(markup)) == _HIDE:
            if not self.unseen or name == self.unseen[0]:
                self.unseen.append(name)
            if name == "select":  # which of its texts is shown may be for a script to say
                table.tell("CELL_NOT_READ")
            elif name == "comment":  # as LibreOffice writes those of cells
                table.comment = True
        else:
            self.content(table, name, markup, look)

    def look(self, markup: str) -> str | None:
        """What an element does to its text, by its attributes."""
        if not markup or not any(word in markup.lower() for word in ("style", "class", "hidden")):
            return None
        attributes = attributes_of(markup)
        return _HIDE if is_hidden(attributes) else self.formats.look(attributes)

    def content(self, table: Table, name: str, markup: str, look: str | None) -> None:
        """An element that is part of what a cell shows."""
        if name in RAISED or name in STRUCK or look:
            self.apart.append((name, name in STRUCK or look == _STRIKE))
        elif self.apart and name == self.apart[-1][0]:  # its end tag ends nothing but itself
            self.apart.append(self.apart[-1])
        if name == "input":
            attributes = attributes_of(markup)
            if attributes.get("type", "text").lower() not in _NO_TEXT:
                self.filled_in(attributes.get("value", ""))
        elif name == "br" or name in BLOCKS:
            table.pieces.append(BREAK)
            table.size += 1
        elif name == "img":
            table.notices.append(("DRAWING_PRESENT", ""))
            if len(table.notices) > 4096:
                table.notices = list(dict.fromkeys(table.notices))

    def end(self, name: str) -> None:
        if name == "a" and self.marker is not None:
            said = text_of(self.marker)
            self.next_name = re.split("[:：] ?", said, maxsplit=1)[-1] or None
            self.marker = None
            return
        table = self.open[-1] if self.open else None
        if table is None:
            if name in BLOCKS:
                self.break_line()
        elif name == "table":
            self.end_row(table)
            self.open.pop()
            if table.gathering.rows:
                self.tally.take_sheet()
                self.tables.append((table, table.sheet()))
        elif name == "tr":
            self.end_row(table)
        elif name in {"td", "th"}:
            self.end_cell(table)
        elif self.unseen:
            if name == self.unseen[0]:
                self.unseen.pop()
        elif self.apart and name == self.apart[-1][0]:
            self.apart.pop()
        elif name == "caption" and table.caption:
            table.caption = False
            self.above(table, [text_of(table.pieces)])
            table.clear()
        elif name in BLOCKS:
            table.pieces.append(BREAK)
            table.size += 1

    def begin_table(self, attributes: Attributes) -> None:
        if len(self.open) >= self.limits.xml_depth:
            raise Refused("XML_TOO_COMPLEX", part=self.page.name)
        self.count += 1
        name = f"表格{self.count}"
        table = Table(self.count, Gathering(name, self.page.name, self.tally), is_hidden(attributes))
        if not self.open:
            self.break_line()
            self.marker = None
            table.name, self.next_name = self.next_name, None
            self.above(table, self.lines)
            self.lines = []
        self.open.append(table)

    def above(self, table: Table, lines: Iterable[str]) -> None:
        """Make lines of text the next rows of a table that has no other yet."""
        for line in lines:
            if not is_blank(line):
                table.row += 1
                table.gathering.put_row(table.row, [(0, Cell(line, TEXT))])

    def end_row(self, table: Table) -> None:
        self.end_cell(table)
        table.finish_row()

    def end_cell(self, table: Table) -> None:
        attributes = table.cell
        if attributes is None:
            return
        table.cell = None
        self.apart.clear()
        self.unseen.clear()
        place = table.take_place(attributes)
        text = text_of(table.pieces) if table.pieces else ""
        table.clear()
        cell = self.cell(attributes, "" if is_blank(text) else text)
        if cell is None:
            return
        table.put(place, cell)
        if self.differs(attributes, cell, text):
            table.tell("SHOWN_DIFFERS", place)
        if is_hidden(attributes):
            table.notices.append(("HIDDEN_CONTENT", f"!{a1(table.row, place)}"))

    def cell(self, attributes: Attributes, text: str) -> Cell | None:
        """The cell that attributes and text make; ``None`` where it is blank. Only what the page itself calls a number is one."""
        formula = attributes.get("x:fmla")
        if formula is not None:
            formula = formula.removeprefix("=")
        shown = self.format(attributes)
        stated = (attributes.get("x:num") or attributes.get("sdval") or "").strip()
        if stated and ERROR_TEXT.fullmatch(text.strip()):  # LibreOffice states 0
            return Cell(text.strip(), ERROR, shown, formula)
        if stated and (_STORED_NUMBER.fullmatch(stated) or not text):
            return Cell(stated, NUMBER, shown, formula)
        if "x:err" in attributes:
            return Cell(attributes["x:err"] or text, ERROR, shown, formula)
        if attributes.get("x:bool"):
            return Cell(
                "1" if attributes["x:bool"].upper() in {"TRUE", "1"} else "0", BOOLEAN, shown, formula
            )
        text = attributes.get("x:str") or text
        if not text:
            return None if formula is None else Cell("", FORMULA_WITHOUT_VALUE, shown, formula)
        counted = "x:num" in attributes or formula is not None
        return Cell(text, NUMBER if counted and _PLAIN_NUMBER.fullmatch(text) else TEXT, shown, formula)

    @staticmethod
    def differs(attributes: Attributes, cell: Cell, text: str) -> bool:
        """Whether a page shows something else in a cell than it states beside it."""
        if cell.kind == NUMBER:
            return cell.text != text and shows_another(text, cell.text, cell.format)
        return cell.kind == TEXT and bool(attributes.get("x:str") and text) and not _same(text, cell.text)

    def format(self, attributes: Attributes) -> NumberFormat:
        if "mso-number-format" in (style := attributes.get("style", "")):
            return self.formats.stated(style) or GENERAL
        if "sdnum" in attributes:
            return self.formats.named(attributes["sdnum"].split(";", 2)[-1][:1024] or "General")
        for name in _names(attributes.get("class", "")):
            if name in self.formats.classes:
                return self.formats.classes[name]
        return GENERAL


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _names(classes: str) -> Iterator[str]:
    return (name.lower() for name in classes.split()[:16])
