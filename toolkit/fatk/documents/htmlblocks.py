"""Paragraphs and tables of HTML, in pages and within Markdown: what is seen of them is read, and tables are written as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from fatk.document import Paragraph
from fatk.documents import counting
from fatk.documents.blocks import Blocks
from fatk.documents.look import is_figure, look_of
from fatk.errors import Refused
from fatk.grid import TEXT, Cell, Sheet, a1, set_apart
from fatk.limits import Limits
from fatk.markup import (
    BLANKS,
    BLOCKS,
    BREAK,
    LAID_OUT,
    RAISED,
    STRUCK,
    UNSEEN,
    Attributes,
    Table,
    attributes_of,
    is_blank,
    is_hidden,
    malformed,
    walk,
)

#: Elements that have no end tag.
_VOID = frozenset(
    {
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)
_OWN_LINES = BLOCKS | {
    "address",
    "main",
    "nav",
    "aside",
    "figure",
    "figcaption",
    "fieldset",
    "form",
    "details",
    "summary",
    "hgroup",
    "dir",
    "menu",
    "legend",
    "body",
    "hr",
}
_HIDING = frozenset({"unseen", "silent"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_PICTURES = frozenset({"img", "svg", "canvas", "object", "embed", "video", "math"})
_KEEPS_BLANKS = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list-style(?:-type)?\s*:[^;]*?([a-z][a-z-]+)", re.IGNORECASE)
_UNSEEN_STYLE = re.compile(r"display:none|visibility:(?:hidden|collapse)|(?:^|;)font-size:0(?:[a-z%]|;|$)")
_NUMBER = re.compile(r"\s*(-?[0-9]{1,9})")
#: Elements whose text is none of the page's, though nobody hides it.
_SILENT = UNSEEN - {"select"}
#: Blanks that are kept, and where blocks end within a cell, stand as these characters until other blanks are gone; no text
#: holds them.
_BLOCK = "\x06"
_KEPT = str.maketrans({" ": "\x04", "\t": "\x05", "\n": BREAK})
_UNKEPT = str.maketrans({"\x04": " ", "\x05": "\t"})
_MARKERS = re.compile("[\x03-\x06]")
_BLOCK_ENDS = re.compile(" *\x06[ \x06]*")


def read_into(blocks: Blocks, text: str, name: str, limits: Limits, elements: int = 0) -> int:
    """Add the paragraphs and tables of a page, or of a part of one; how many tags were met in all."""
    reader = _Reader(blocks, name, limits)
    elements = walk(text, name, limits, reader, elements)
    if reader.tables:
        raise malformed(text, name, "table", len(text))
    reader.break_line()
    reader.tell()
    return elements


@dataclass(slots=True)
class _List:
    """A list that is open: how it counts, and the number of its next item; of lists that do not count nothing."""

    ordered: bool
    number: int = 1
    step: int = 1
    style: str = "decimal"


@dataclass(slots=True)
class _Place:
    """Where text goes: the page itself, or a cell of a table."""

    pieces: list[str] = field(default_factory=list)
    size: int = 0
    level: int = 0
    lists: list[_List] = field(default_factory=list)
    lead: str = ""  # the number of an item whose text has not begun
    #: Elements around the text that do something to it, and those of their names in them: what, and in how many lists.
    open: list[tuple[str, str, int]] = field(default_factory=list)
    nested: list[Sheet] = field(default_factory=list)


class _Reader:
    """One pass over a page."""

    def __init__(self, blocks: Blocks, name: str, limits: Limits) -> None:
        self.blocks, self.name, self.limits = blocks, name, limits
        self.places = [_Place()]
        self.tables: list[Table] = []
        self.inner: list[list[Sheet]] = []  # of each of these the tables that stood in its cells
        self.unseen = self.silent = 0  # elements around the text that hide it
        self.hidden = self.pictures = 0

    @property
    def place(self) -> _Place:
        return self.places[-1]

    # Text

    def aside(self, name: str, begin: int, end: int) -> None:
        """Nothing of it is seen."""

    def characters(self, text: str) -> None:
        text = _MARKERS.sub("\ufffd", text)
        between_cells = self.tables and self.tables[-1].cell is None and not self.tables[-1].caption
        if not between_cells or not is_blank(text.replace("\t", "").replace("\r", "")):
            self.add(text)

    def add(self, text: str) -> None:
        """Take a text as the elements around it show it."""
        if self.unseen:
            self.hidden += 0 if self.silent else len("".join(text.split()))
            return
        place = self.place
        for _, effect, _ in reversed(place.open):
            if effect in {"struck", "raised"}:
                text = set_apart(text, struck=effect == "struck")
                break
        if any(effect == "kept" for _, effect, _ in place.open):
            text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_KEPT)
        place.pieces.append(text)
        place.size += len(text)
        if place.size > LAID_OUT * self.limits.paragraph_text:
            self.blocks.check(place.size)

    def break_line(self, *, hard: bool = False) -> None:
        """End a line; ``hard`` is a line break within a paragraph."""
        place = self.place
        if len(self.places) > 1 or hard:
            place.pieces.append(BREAK if hard else _BLOCK)
            place.size += 1
            return
        text = _shown(place.pieces)
        if not is_blank(text):
            self.blocks.paragraph(place.lead + text.strip(), place.level)
            place.lead = ""
        place.pieces.clear()
        place.size = 0

    # Tags

    def start(self, name: str, markup: str) -> None:
        if name == "table":
            self.begin_table(attributes_of(markup))
            return
        table = self.tables[-1] if self.tables else None
        if table is not None and (
            name in {"td", "th", "tr", "thead", "tbody", "tfoot", "caption", "col", "colgroup"}
        ):
            self.part_of_table(table, name, markup)
            return
        if name in _PICTURES:
            self.pictures += 1
        if name == "br":
            self.break_line(hard=True)
        elif name in _OWN_LINES:
            self.begin_block(name, markup)
        if name in _VOID:
            return
        attributes = attributes_of(markup) if markup else {}
        effect = self.effect(name, attributes)
        place = self.place
        if effect or any(name == other for other, _, _ in place.open):
            if len(place.open) >= self.limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=self.name)
            place.open.append((name, effect, len(place.lists)))
            self.unseen += effect in _HIDING
            self.silent += effect == "silent"

    def effect(self, name: str, attributes: Attributes) -> str:
        """What an element does to its text."""
        style = attributes.get("style", "")
        if name in _SILENT:
            return "silent"
        if (
            name in UNSEEN
            or is_hidden(attributes)
            or (style and _UNSEEN_STYLE.search(BLANKS.sub("", style).lower()))
        ):
            return "unseen"
        if name in STRUCK:
            return "struck"
        if name in RAISED:
            return "raised"
        return "kept" if name == "pre" or (style and _KEEPS_BLANKS.search(style)) else ""

    def begin_block(self, name: str, markup: str) -> None:
        """Begin a line with what a block says of it."""
        self.break_line()
        place = self.place
        # What may be left open ends where the next of its kind begins, and a paragraph where any block does.
        if place.open and (
            name == "li" and (place.open[-1][0], place.open[-1][2]) == ("li", len(place.lists))
        ):
            self.close("li")
        if place.open and place.open[-1][0] == "p":
            self.close("p")
        if name in _LISTS:
            attributes = attributes_of(markup)
            number = _NUMBER.match(attributes.get("start", ""))
            style = _LIST_STYLE.search(attributes.get("style", ""))
            place.lists.append(
                _List(
                    name == "ol",
                    int(number[1]) if number else 1,
                    -1 if "reversed" in attributes else 1,
                    style[1].lower() if style else attributes.get("type", "decimal"),
                )
            )
            if len(place.lists) > self.limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=self.name)
        elif name == "li":
            self.begin_item(attributes_of(markup))
        elif name in _HEADINGS:
            place.level = _HEADINGS[name]
        elif markup and "aria-level" in markup:
            level = _NUMBER.match(attributes_of(markup).get("aria-level", ""))
            place.level = min(max(int(level[1]), 0), 9) if level else 0

    def begin_item(self, attributes: Attributes) -> None:
        """Put the number of an item of a list before its text."""
        place = self.place
        counted = place.lists[-1] if place.lists else None
        if self.unseen or is_hidden(attributes):
            return
        place.lead = ""
        if counted is None or not counted.ordered or counted.style == "none":
            return
        if number := _NUMBER.match(attributes.get("value", "")):
            counted.number = int(number[1])
        said = counting.HTML.get(counted.style, str)(counted.number)
        counted.number += counted.step
        lead = f"{said}、" if not said.isascii() else f"{said}. "
        if len(self.places) > 1:
            place.pieces.append(lead)
        else:
            place.lead = lead

    def end(self, name: str) -> None:
        table = self.tables[-1] if self.tables else None
        if name == "table":
            if table is not None:
                self.end_table(table)
            return
        if table is not None and name in {"td", "th"}:
            self.end_cell(table)
            return
        if table is not None and name in {"tr", "thead", "tbody", "tfoot"}:
            self.end_row(table)
            return
        if name == "caption":
            if table is not None and table.caption:
                self.end_caption(table)
            return
        if name in _OWN_LINES:
            self.break_line()
            place = self.place
            if name in _HEADINGS or name in {"p", "div"}:
                place.level = 0
            elif name in _LISTS and place.lists:
                place.lists.pop()
                place.lead = ""
        self.close(name)

    def close(self, name: str) -> None:
        """End the innermost element of that name, and what was left open in it."""
        place = self.place
        for index in range(len(place.open) - 1, -1, -1):
            if place.open[index][0] == name:
                self.show(place.open[index:])
                del place.open[index:]
                return

    def show(self, ended: list[tuple[str, str, int]]) -> None:
        """End what elements did to their text."""
        self.unseen -= sum(effect in _HIDING for _, effect, _ in ended)
        self.silent -= sum(effect == "silent" for _, effect, _ in ended)

    # Tables

    def part_of_table(self, table: Table, name: str, markup: str) -> None:
        if name in {"td", "th"}:
            self.end_cell(table)
            if not table.in_row:
                table.begin_row({})
            table.cell = attributes_of(markup)
            self.enter(table.cell)
        elif name == "tr":
            self.end_row(table)
            table.begin_row(attributes_of(markup))
            self.unseen += table.row_hidden
        elif name in {"thead", "tbody", "tfoot"}:
            self.end_row(table)
        elif name == "caption":
            if not table.begun and not table.caption:
                table.caption = True
                self.enter(attributes_of(markup))
        elif name == "col" or markup:
            table.begin_columns(markup)

    def enter(self, attributes: Attributes) -> None:
        """Begin a cell or a caption."""
        place = _Place()
        effect = self.effect("td", attributes)
        place.open.append(("", effect, 0))
        self.unseen += effect == "unseen"
        self.places.append(place)

    def leave(self) -> _Place:
        """End a cell or a caption, with all that was left open in it."""
        place = self.places.pop()
        self.show(place.open)
        return place

    def begin_table(self, attributes: Attributes) -> None:
        if len(self.tables) >= self.limits.xml_depth:
            raise Refused("XML_TOO_COMPLEX", part=self.name)
        if len(self.places) == 1:
            self.break_line()
        hidden = self.effect("table", attributes) == "unseen"
        self.tables.append(Table(0, self.blocks.gathering(), hidden))
        self.inner.append([])
        self.unseen += hidden

    def end_caption(self, table: Table) -> None:
        """What a table is called is a paragraph before it."""
        table.caption = False
        place = self.leave()
        text = _shown(place.pieces)
        if len(self.places) == 1:
            self.blocks.paragraph(text)
        else:
            self.place.pieces += [text, _BLOCK]

    def end_row(self, table: Table) -> None:
        self.end_cell(table)
        if table.in_row:
            self.unseen -= table.row_hidden
        table.row_hidden = False  # what it held was left out
        table.finish_row()

    def end_cell(self, table: Table) -> None:
        if table.caption:
            self.end_caption(table)
        attributes = table.cell
        if attributes is None:
            return
        table.cell = None
        place = self.leave()
        column = table.take_place(attributes)
        text = _shown(place.pieces).strip("\n")
        if not is_blank(text):
            table.put(column, Cell(text, TEXT))
        if len(text) > self.limits.cell_text:
            table.gathering.refuse("CELL_TOO_LONG", a1(table.row, 0), limit=self.limits.cell_text)
        self.inner[-1] += place.nested

    def end_table(self, table: Table) -> None:
        self.end_row(table)
        self.tables.pop()
        self.unseen -= table.hidden
        made = table.sheet()
        inner = self.inner.pop()
        if len(self.places) > 1:
            self.place.nested += [made, *inner]
            return
        self.blocks.table(made)
        for sheet in inner:
            if sheet.rows:
                self.blocks.notices.append(("TABLE_IN_TABLE", self.blocks.next_name))
                self.blocks.table(sheet)

    def tell(self) -> None:
        """Tell what was noticed."""
        if self.hidden:
            self.blocks.notices.append(("TEXT_HIDDEN", str(self.hidden)))
        if self.pictures:
            self.blocks.notices.append(("DRAWING_PRESENT", str(self.pictures)))


def _shown(pieces: list[str]) -> str:
    """Text as a page shows it: blanks that lay it out are one, or none where a line begins or ends; what is kept is kept."""
    text = _BLOCK_ENDS.sub(BREAK, BLANKS.sub(" ", "".join(pieces)))
    return "\n".join(line.strip(" ") for line in text.split(BREAK)).translate(_UNKEPT)


# Writing

_NEEDS_KEEPING = re.compile(r"^ | $|  |\t|\n | \n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def marked_up(text: str) -> str:
    """Text as it stands in HTML: nothing of it is markup, and its line feeds are line breaks."""
    made = escape(
        _FORBIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), _LINE_ENDS.sub("\n", text))
    )
    return made.replace("\n", "<br>")


def keeping(text: str) -> str:
    """The attribute of an element without which a page would not show all blanks of a text; empty where it would."""
    return ' style="white-space:pre-wrap"' if _NEEDS_KEEPING.search(text) else ""


def table_markup(sheet: Sheet) -> Iterator[str]:
    """A table as HTML, line by line: merged ranges as spans, the header as such, figures of the class ``f``."""
    look = look_of(sheet)
    yield "<table>"
    for row in range(look.rows):
        cells = []
        column = 0
        while column < look.columns:
            top, columns, rows = look.spans.get((row, column), (row, 1, 1))
            if top == row:
                cell = sheet.rows.get(row, {}).get(column)
                text = cell.text if cell else ""
                name = "th" if row < look.header else "td"
                spans = (f' colspan="{columns}"' if columns > 1 else "") + (
                    f' rowspan="{rows}"' if rows > 1 else ""
                )
                figure = ' class="f"' if name == "td" and is_figure(text) else ""
                cells.append(f"<{name}{spans}{figure}{keeping(text)}>{marked_up(text)}</{name}>")
            column += columns
        if not row and look.header:
            yield "<thead>"
        if row == look.header:
            yield "<tbody>"
        yield f"<tr>{''.join(cells)}</tr>"
        if row + 1 == look.header:
            yield "</thead>"
    if look.rows > look.header:
        yield "</tbody>"
    yield "</table>"


def paragraph_markup(paragraph: Paragraph) -> str:
    """A paragraph or heading as HTML."""
    text, keep = marked_up(paragraph.text), keeping(paragraph.text)
    if not paragraph.level:
        return f"<p{keep}>{text}</p>"
    if paragraph.level <= 6:
        return f"<h{paragraph.level}{keep}>{text}</h{paragraph.level}>"
    return f'<p role="heading" aria-level="{paragraph.level}"{keep}>{text}</p>'
