"""Pages of HTML taken apart: tags found as browsers find them, in one pass that never looks back, whatever the page holds.

The standard library's parser takes quadratic time on broken pages. A page is data here and nothing else: no script runs,
nothing is fetched, what an entity would name outside stays unread. What tags mean is decided by whoever walks.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import Protocol

from fatk.decoding import Decoded, decode
from fatk.errors import Refused
from fatk.gathering import Gathering, Notices
from fatk.grid import MAX_COLUMNS, MAX_ROWS, Cell, Sheet, a1
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
#: Elements that begin and end a line of their own.
BLOCKS = frozenset(
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
#: Elements whose text is raised, lowered or struck out; elements whose text people do not see as part of the page's.
RAISED, STRUCK = frozenset({"sup", "sub"}), frozenset({"del", "s", "strike"})
UNSEEN = frozenset({"rt", "rp", "select", "template", "noscript", "datalist", "comment"})
_DOCTYPE = re.compile(r"<!doctype", re.IGNORECASE)
BLANKS = re.compile(r"[ \t\r\n\f]+")
#: Stands for a line break until blanks are gone; no text holds it.
BREAK = "\x03"
_COUNT = re.compile(r"\s*\+?([0-9]{1,6})")
#: How many times longer a text may be with the blanks that lay it out.
LAID_OUT = 8
_MAX_COLSPAN, _MAX_ROWSPAN = 1000, 65534
#: As many cells of a table are told of, each by itself.
_TOLD = 32


class Walker(Protocol):
    """What is told of a page, in its order."""

    def characters(self, text: str) -> None:
        """Text, entities in it resolved."""

    def start(self, name: str, markup: str) -> None:
        """A start tag: its name in lower case, and what stands behind the name (see ``attributes_of``)."""

    def end(self, name: str) -> None:
        """An end tag."""

    def aside(self, name: str, begin: int, end: int) -> None:
        """Where something stands that is none of the page's text: in an element of this name (``script``), else a comment."""


def decode_page(data: bytes, name: str, declared: str | None = None) -> Decoded:
    """The text of a page, in the encoding that it is declared in, by what brought it or by itself."""
    itself = _CHARSET.search(data[:_HEAD])
    return decode(data, name, declared or (itself[1].decode() if itself else None))


def malformed(text: str, name: str, reason: str, at: int) -> Refused:
    """The refusal of a page that is broken from somewhere on."""
    return Refused("HTML_MALFORMED", path=name, line=text.count("\n", 0, at) + 1, reason=reason)


def walk(text: str, name: str, limits: Limits, walker: Walker, elements: int = 0) -> int:
    """Go through a page from its beginning to its end; how many tags were met in all, ``elements`` of them before this page.

    ``Refused`` where the page is broken, declares entities or is too complex.
    """
    at = 0
    find, tag = text.find, _TAG.match
    while True:
        begin = find("<", at)
        if begin < 0:
            if at < len(text):
                _characters(walker, text[at:])
            return elements
        if begin > at:
            _characters(walker, text[at:begin])
        elements += 1
        if elements > limits.xml_elements:
            raise Refused("XML_TOO_COMPLEX", part=name)
        if match := tag(text, begin):
            at = match.end()
            closing, called, inside = match[1], match[2].lower(), match[3]
        elif text.startswith("<!--", begin):
            at = find("-->", begin + 2)
            if at < 0:
                raise malformed(text, name, "comment", begin)
            walker.aside("", begin, at)
            at += 3
            continue
        elif match := _TAG_NAME.match(text, begin):
            at = _attributes_end(text, match.end(), begin, name, limits)
            closing, called, inside = match[1], match[2].lower(), text[match.end() : at - 1]
        elif text[begin + 1 : begin + 2] in {"!", "?", "/"}:
            at = find(">", begin) + 1
            if not at:
                raise malformed(text, name, "markup", begin)
            if _DOCTYPE.match(text, begin) and find("[", begin, at) > 0:  # it declares entities of its own
                raise Refused("XML_DTD_FORBIDDEN", part=name)
            continue
        else:
            walker.characters("<")
            at = begin + 1
            continue
        if closing:
            walker.end(called)
        elif called in _RAW:
            end = _RAW[called].search(text, at)
            if end is None:
                raise malformed(text, name, called, at)
            walker.aside(called, at, end.start())
            at = end.start()
        else:
            walker.start(called, inside)


def _characters(walker: Walker, text: str) -> None:
    walker.characters(html.unescape(text) if "&" in text else text)


def _attributes_end(text: str, at: int, begin: int, name: str, limits: Limits) -> int:
    """Behind the end of a tag that is written in an unusual way."""
    while not (end := _TAG_END.match(text, at)):
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None or attribute.end() == at:
            if at >= len(text) or text[at] != "=":  # an equals sign where a name should be is one
                raise malformed(text, name, "tag", begin)
            at += 1
        else:
            at = attribute.end()
        if at - begin > limits.xml_markup:
            raise Refused("XML_TOO_COMPLEX", part=name)
    return end.end()


def attributes_of(markup: str) -> Attributes:
    """Attributes by their name in lower case, the first of a name."""
    found: Attributes = {}
    for name, double, single, bare in _ATTRIBUTE.findall(markup):
        value = double or single or bare
        found.setdefault(name.lower(), html.unescape(value) if "&" in value else value)
    return found


def is_hidden(attributes: Attributes) -> bool:
    """Whether attributes of its own keep an element from being shown."""
    style = attributes.get("style", "")
    return "hidden" in attributes or (
        "display" in style.lower() and "display:none" in BLANKS.sub("", style).lower()
    )


def span(attributes: Attributes, name: str, most: int) -> int:
    """How many columns or rows an attribute says that an element takes."""
    match = _COUNT.match(attributes.get(name, ""))
    return min(int(match[1]) or (most if name == "rowspan" else 1), most) if match else 1


def text_of(pieces: list[str]) -> str:
    """Text as a page shows it: blanks that lay it out are one, or none where a line begins or ends."""
    lines = [line.strip(" ") for line in BLANKS.sub(" ", "".join(pieces)).split(BREAK)]
    return "\n".join(lines).strip("\n")


def is_blank(text: str) -> bool:
    """Whether nothing is to be seen of a text as a page shows it."""
    return not text.strip(" \n\u00a0\u3000")


@dataclass(slots=True)
class Table:
    """A table that is being read, or was: its rows and cells, each put where a page shows it."""

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
    comment: bool = False
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

    def begin_row(self, attributes: Attributes) -> None:
        """Begin the next row."""
        self.row += 1
        if self.row >= MAX_ROWS:
            self.gathering.refuse("XLSX_BAD_REFERENCE", str(self.row + 1), reason="outside")
        self.in_row, self.begun, self.place = True, True, 0
        self.row_hidden = is_hidden(attributes)

    def finish_row(self) -> None:
        """Keep the row whose cells are all put."""
        if self.line:
            self.gathering.put_row(self.row, self.line)
            if self.row_hidden:
                self.gathering.hidden_rows.add(self.row)
            self.line.clear()
        self.in_row = False

    def take_place(self, attributes: Attributes) -> int:
        """The column of the next cell of the row, which may be past all that there are; its span is a merged range."""
        place, row, reach = self.place, self.row, self.reach
        while reach.get(place, -1) >= row:
            place += 1
        columns, rows = 1, 1
        if "colspan" in attributes or "rowspan" in attributes:
            columns = span(attributes, "colspan", _MAX_COLSPAN)
            rows = min(span(attributes, "rowspan", _MAX_ROWSPAN), MAX_ROWS - row)
            spills = "mso-ignore:colspan" in BLANKS.sub("", attributes.get("style", ""))
            if place + columns <= MAX_COLUMNS and (columns > 1 or rows > 1) and not spills:
                self.gathering.merge(row, place, rows, columns)
                if rows > 1:
                    reach.update(dict.fromkeys(range(place, place + columns), row + rows - 1))
        self.place = min(place + columns, MAX_COLUMNS)
        return place

    def put(self, place: int, cell: Cell) -> None:
        """Put a cell of the row into its column."""
        if place >= MAX_COLUMNS:
            self.gathering.refuse("XLSX_BAD_REFERENCE", str(self.row + 1), reason="outside")
        self.line.append((place, cell))

    def begin_columns(self, markup: str) -> None:
        """Take what a ``col`` or ``colgroup`` says of the next columns."""
        attributes = attributes_of(markup)
        first = self.columns
        self.columns += span(attributes, "span", _MAX_COLSPAN)
        if is_hidden(attributes) and self.columns <= MAX_COLUMNS:
            self.gathering.hide_columns(first, self.columns - 1)

    def sheet(self) -> Sheet:
        """The complete sheet; ranges that would reach below the last row end there."""
        made = self.gathering.sheet()
        clipped = ((r1, c1, min(r2, self.row), c2) for r1, c1, r2, c2 in made.merges)
        return replace(made, merges=tuple(m for m in clipped if m[0] < m[2] or m[1] < m[3]))
