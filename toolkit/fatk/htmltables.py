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
from dataclasses import dataclass, field, replace

from fatk.decoding import Decoded, decode
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
    read_named_format,
    set_apart,
    shows_another,
)
from fatk.limits import Limits

Attributes = dict[str, str]

_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)[ \t]*=[ \t]*["']?[ \t]*([A-Za-z0-9._-]{1,40})""",
    re.IGNORECASE,
)
_HEAD = 4096
#: A tag as nearly all are written; others are taken apart piece by piece.
_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9:]*)((?>\s+[^\s"'<>/=]+(?>\s*=\s*(?>"[^"]*"|'[^']*'|[^\s"'=<>`]+))?){0,256}+)\s*/?>"""
)
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*+([^\s/>=][^\s/>=]*+)(?>\s*=\s*(?>"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*+)?))?"""
)
_TAG_END = re.compile(r"[\s/]*+>")
#: Elements whose content is text up to their end tag, and none of the page's.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "xml")
}
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "pre",
        "center",
        "blockquote",
        "section",
        "article",
        "header",
        "footer",
    }
    | {f"h{n}" for n in range(1, 7)}
)
#: Elements whose text is raised, lowered or struck out; elements whose text is none of the cell's.
_RAISED, _STRUCK = frozenset({"sup", "sub"}), frozenset({"del", "s", "strike"})
_UNSEEN = frozenset({"rt", "rp", "select", "template", "noscript", "datalist"})
_DOCTYPE = re.compile(r"<!doctype", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
#: Stands for a line break until blanks are gone; no text holds it.
_BREAK = "\x03"
#: How a style sets text apart or hides it; what a class of it is known to do: strike out, raise or lower, hide.
_STRIKES = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_RAISES = re.compile(r"vertical-align\s*:\s*(?:super|sub)\b", re.IGNORECASE)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$|!)", re.IGNORECASE
)
_STRIKE, _RAISE, _HIDE = "strike", "raise", "hide"
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
#: As many cells of a table are told of, each by itself.
_TOLD = 32
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_COUNT = re.compile(r"\s*\+?([0-9]{1,6})")
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
#: How many times longer a text may be with the blanks that lay it out.
_LAID_OUT = 8
_MAX_COLSPAN, _MAX_ROWSPAN = 1000, 65534


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


def decode_page(data: bytes, name: str, declared: str | None = None) -> Decoded:
    """The text of a page, in the encoding that it is declared in, by what brought it or by itself."""
    itself = _CHARSET.search(data[:_HEAD])
    return decode(data, name, declared or (itself[1].decode() if itself else None))


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
    style = style[:_STYLE]
    for look, found in ((_HIDE, _HIDES), (_STRIKE, _STRIKES), (_RAISE, _RAISES)):
        if found.search(style):
            return look
    return None


def _attributes(markup: str) -> Attributes:
    """Attributes by their name in lower case, the first of a name."""
    found: Attributes = {}
    for name, double, single, bare in _ATTRIBUTE.findall(markup):
        value = double or single or bare
        found.setdefault(name.lower(), html.unescape(value) if "&" in value else value)
    return found


def _is_hidden(attributes: Attributes) -> bool:
    style = attributes.get("style", "")
    return "hidden" in attributes or (
        "display" in style.lower() and "display:none" in _BLANKS.sub("", style).lower()
    )


def _span(attributes: Attributes, name: str, most: int) -> int:
    match = _COUNT.match(attributes.get(name, ""))
    return min(int(match[1]) or (most if name == "rowspan" else 1), most) if match else 1


def _text(pieces: list[str]) -> str:
    """Text as a page shows it: blanks that lay it out are one, or none where a line begins or ends."""
    lines = [line.strip(" ") for line in _BLANKS.sub(" ", "".join(pieces)).split(_BREAK)]
    return "\n".join(lines).strip("\n")


def _is_blank(text: str) -> bool:
    return not text.strip(" \n\u00a0\u3000")


@dataclass(slots=True)
class _Table:
    """A table that is being read, or was."""

    number: int
    gathering: Gathering
    hidden: bool
    name: str | None = None
    row: int = -1
    in_row: bool = False
    begun: bool = False  # whether a row of its own was met
    row_hidden: bool = False
    place: int = 0
    cell: Attributes | None = None
    caption: bool = False
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    line: list[tuple[int, Cell]] = field(default_factory=list)
    reach: dict[int, int] = field(default_factory=dict)  # last row of what reaches down from above, by column
    columns: int = 0
    notices: Notices = field(default_factory=list)
    told: int = 0

    def tell(self, code: str, place: int | None = None) -> None:
        """Note something of the cell that is being read, or at a column; of very many the first ones are enough."""
        if self.told < _TOLD:
            self.told += 1
            column = min(self.place if place is None else place, MAX_COLUMNS - 1)
            self.notices.append((code, f"!{a1(max(self.row, 0), column)}"))

    def clear(self) -> None:
        """Forget the text of the cell before."""
        self.pieces.clear()
        self.size = 0

    def sheet(self) -> Sheet:
        """The complete sheet; ranges that would reach below the last row end there."""
        made = self.gathering.sheet()
        clipped = ((r1, c1, min(r2, self.row), c2) for r1, c1, r2, c2 in made.merges)
        return replace(made, merges=tuple(m for m in clipped if m[0] < m[2] or m[1] < m[3]))


class _Reader:
    """One pass over a page."""

    def __init__(self, page: Page, formats: _Formats, tally: Tally, limits: Limits, elements: int) -> None:
        self.page, self.tally, self.limits = page, tally, limits
        self.formats = formats
        self.elements = elements  # tags met so far, in this page and those before it
        self.open: list[_Table] = []
        self.tables: list[tuple[_Table, Sheet]] = []
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

    def broken(self, reason: str, at: int) -> Refused:
        line = self.page.text.count("\n", 0, at) + 1
        return Refused("HTML_MALFORMED", path=self.page.name, line=line, reason=reason)

    def read(self) -> None:
        text, at = self.page.text, 0
        find, tag = text.find, _TAG.match
        while True:
            begin = find("<", at)
            if begin < 0:
                self.characters(text[at:])
                break
            if begin > at:
                self.characters(text[at:begin])
            self.elements += 1
            if self.elements > self.limits.xml_elements:
                raise Refused("XML_TOO_COMPLEX", part=self.page.name)
            if match := tag(text, begin):
                at = self.tag(match[1], match[2].lower(), match[3], match.end())
            elif text.startswith("<!--", begin):
                at = find("-->", begin + 2)
                if at < 0:
                    raise self.broken("comment", begin)
                self.sheet_names += sheet_names(text, begin, at)
                at += 3
            elif match := _TAG_NAME.match(text, begin):
                after = self.attributes_end(match.end(), begin)
                at = self.tag(match[1], match[2].lower(), text[match.end() : after - 1], after)
            elif text[begin + 1 : begin + 2] in {"!", "?", "/"}:
                at = find(">", begin) + 1
                if not at:
                    raise self.broken("markup", begin)
                if (
                    _DOCTYPE.match(text, begin) and find("[", begin, at) > 0
                ):  # it declares entities of its own
                    raise Refused("XML_DTD_FORBIDDEN", part=self.page.name)
            else:
                self.characters("<")
                at = begin + 1
        if self.open:
            raise self.broken("table", len(text))
        self.break_line()
        self.drop_lines()

    def attributes_end(self, at: int, begin: int) -> int:
        """Behind the end of a tag that is written in an unusual way."""
        text = self.page.text
        while not (end := _TAG_END.match(text, at)):
            attribute = _ATTRIBUTE.match(text, at)
            if attribute is None or attribute.end() == at:
                if at >= len(text) or text[at] != "=":  # an equals sign where a name should be is one
                    raise self.broken("tag", begin)
                at += 1
            else:
                at = attribute.end()
            if at - begin > self.limits.xml_markup:
                raise Refused("XML_TOO_COMPLEX", part=self.page.name)
        return end.end()

    def tag(self, closing: str, name: str, markup: str, after: int) -> int:
        """Take a tag; where to read on."""
        if closing:
            self.end(name)
            return after
        if name in _RAW:
            end = _RAW[name].search(self.page.text, after)
            if end is None:
                raise self.broken(name, after)
            if name == "textarea" and self.open:
                self.filled_in(self.page.text[after : end.start()])
            elif name == "style":
                self.formats.add(self.page.text[after : end.start()])
            elif name == "xml":
                self.sheet_names += sheet_names(self.page.text, after, end.start())
            return end.start()
        self.start(name, markup)
        return after

    # Text

    def characters(self, text: str, *, decoded: bool = False) -> None:
        if "&" in text and not decoded:
            text = html.unescape(text)
        if self.marker is not None:
            self.marker.append(text[:_LINE])
            return
        table = self.open[-1] if self.open else None
        if table is not None and (table.cell is not None or table.caption):
            if self.unseen:
                self.outside += len(text.strip())
                return
            if self.apart:
                text = set_apart(text, struck=self.apart[-1][1])
            table.pieces.append(text)
            table.size += len(text)
            if table.size > _LAID_OUT * self.limits.cell_text:
                place = a1(max(table.row, 0), min(table.place, MAX_COLUMNS - 1))
                table.gathering.refuse("CELL_TOO_LONG", place, limit=self.limits.cell_text)
        elif table is None:
            self.size += len(text)
            if self.size <= _LAID_OUT * self.limits.cell_text:  # more is no line above a table
                self.pieces.append(text)
        elif not _is_blank(text.replace("\t", "").replace("\r", "")):
            self.outside += len(text.strip())

    def filled_in(self, text: str, *, decoded: bool = False) -> None:
        """Take what a field of a form holds: text of the cell on a line of its own, since it is never part of a figure beside
        it."""
        pieces = self.open[-1].pieces
        pieces.append(_BREAK)
        self.characters(text, decoded=decoded)
        pieces.append(_BREAK)

    def break_line(self) -> None:
        """End a line of text outside of tables."""
        if not self.pieces:
            return
        for line in _text(self.pieces).split("\n"):
            if len(line) > _LINE:
                self.drop_lines()
                self.outside += len(line)
            elif not _is_blank(line):
                self.lines.append(line)
        for line in self.lines[:-_LINES]:
            self.outside += len(line)
        del self.lines[:-_LINES]
        self.outside += max(0, self.size - _LAID_OUT * self.limits.cell_text)
        self.pieces.clear()
        self.size = 0

    def drop_lines(self) -> None:
        self.outside += sum(map(len, self.lines))
        self.lines = []

    # Tags

    def start(self, name: str, markup: str) -> None:
        table = self.open[-1] if self.open else None
        if name == "table":
            self.begin_table(_attributes(markup))
        elif table is None:
            if name == "br" or name in _BLOCKS:
                self.break_line()
            elif name == "hr":
                self.break_line()
                self.drop_lines()
            elif name == "a" and _MARKED_SHEET.fullmatch(_attributes(markup).get("name", "")):
                self.break_line()
                self.marker = []
        elif name in {"td", "th"}:
            self.end_cell(table)
            if not table.in_row:
                self.begin_row(table, {})
            table.cell = _attributes(markup)
            table.clear()
        elif name == "tr":
            self.end_row(table)
            self.begin_row(table, _attributes(markup))
        elif name in {"thead", "tbody", "tfoot"}:
            self.end_row(table)
        elif name == "caption":
            table.caption = not table.begun
            table.clear()
        elif name == "col" or (name == "colgroup" and markup):
            attributes = _attributes(markup)
            first = table.columns
            table.columns += _span(attributes, "span", _MAX_COLSPAN)
            if _is_hidden(attributes) and table.columns <= MAX_COLUMNS:
                table.gathering.hide_columns(first, table.columns - 1)
        elif self.unseen or name in _UNSEEN or (look := self.look(markup)) == _HIDE:
            if not self.unseen or name == self.unseen[0]:
                self.unseen.append(name)
            if name == "select":  # which of its texts is shown may be for a script to say
                table.tell("CELL_NOT_READ")
        else:
            self.content(table, name, markup, look)

    def look(self, markup: str) -> str | None:
        """What an element does to its text, by its attributes."""
        if not markup or not any(word in markup.lower() for word in ("style", "class", "hidden")):
            return None
        attributes = _attributes(markup)
        return _HIDE if _is_hidden(attributes) else self.formats.look(attributes)

    def content(self, table: _Table, name: str, markup: str, look: str | None) -> None:
        """An element that is part of what a cell shows."""
        if name in _RAISED or name in _STRUCK or look:
            self.apart.append((name, name in _STRUCK or look == _STRIKE))
        elif self.apart and name == self.apart[-1][0]:  # its end tag ends nothing but itself
            self.apart.append(self.apart[-1])
        if name == "input":
            attributes = _attributes(markup)
            if attributes.get("type", "text").lower() not in _NO_TEXT:
                self.filled_in(attributes.get("value", ""), decoded=True)
        elif name == "br" or name in _BLOCKS:
            table.pieces.append(_BREAK)
            table.size += 1
        elif name == "img":
            table.notices.append(("DRAWING_PRESENT", ""))
            if len(table.notices) > 4096:
                table.notices = list(dict.fromkeys(table.notices))

    def end(self, name: str) -> None:
        if name == "a" and self.marker is not None:
            said = _text(self.marker)
            self.next_name = re.split("[:：] ?", said, maxsplit=1)[-1] or None
            self.marker = None
            return
        table = self.open[-1] if self.open else None
        if table is None:
            if name in _BLOCKS:
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
            self.above(table, [_text(table.pieces)])
            table.clear()
        elif name in _BLOCKS:
            table.pieces.append(_BREAK)
            table.size += 1

    def begin_table(self, attributes: Attributes) -> None:
        if len(self.open) >= self.limits.xml_depth:
            raise Refused("XML_TOO_COMPLEX", part=self.page.name)
        self.count += 1
        name = f"表格{self.count}"
        table = _Table(self.count, Gathering(name, self.page.name, self.tally), _is_hidden(attributes))
        if not self.open:
            self.break_line()
            self.marker = None
            table.name, self.next_name = self.next_name, None
            self.above(table, self.lines)
            self.lines = []
        self.open.append(table)

    def above(self, table: _Table, lines: Iterable[str]) -> None:
        """Make lines of text the next rows of a table that has no other yet."""
        for line in lines:
            if not _is_blank(line):
                table.row += 1
                table.gathering.put_row(table.row, [(0, Cell(line, TEXT))])

    def begin_row(self, table: _Table, attributes: Attributes) -> None:
        table.row += 1
        if table.row >= MAX_ROWS:
            table.gathering.refuse("XLSX_BAD_REFERENCE", str(table.row + 1), reason="outside")
        table.in_row, table.begun, table.place = True, True, 0
        table.row_hidden = _is_hidden(attributes)

    def end_row(self, table: _Table) -> None:
        self.end_cell(table)
        if table.line:
            table.gathering.put_row(table.row, table.line)
            if table.row_hidden:
                table.gathering.hidden_rows.add(table.row)
            table.line.clear()
        table.in_row = False

    def end_cell(self, table: _Table) -> None:
        attributes = table.cell
        if attributes is None:
            return
        table.cell = None
        self.apart.clear()
        self.unseen.clear()
        place, row, reach = table.place, table.row, table.reach
        while reach.get(place, -1) >= row:
            place += 1
        columns, rows = 1, 1
        if "colspan" in attributes or "rowspan" in attributes:
            columns = _span(attributes, "colspan", _MAX_COLSPAN)
            rows = min(_span(attributes, "rowspan", _MAX_ROWSPAN), MAX_ROWS - row)
            spills = "mso-ignore:colspan" in _BLANKS.sub("", attributes.get("style", ""))
            if place + columns <= MAX_COLUMNS and (columns > 1 or rows > 1) and not spills:
                table.gathering.merge(row, place, rows, columns)
                if rows > 1:
                    reach.update(dict.fromkeys(range(place, place + columns), row + rows - 1))
        table.place = min(place + columns, MAX_COLUMNS)
        text = _text(table.pieces) if table.pieces else ""
        table.clear()
        cell = self.cell(attributes, "" if _is_blank(text) else text)
        if cell is None:
            return
        if place >= MAX_COLUMNS:
            table.gathering.refuse("XLSX_BAD_REFERENCE", str(row + 1), reason="outside")
        table.line.append((place, cell))
        if self.differs(attributes, cell, text):
            table.tell("SHOWN_DIFFERS", place)
        if _is_hidden(attributes):
            table.notices.append(("HIDDEN_CONTENT", f"!{a1(row, place)}"))

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
