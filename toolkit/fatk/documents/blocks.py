"""A document as it is gathered from a file, whatever its form: paragraphs and tables in order, held to the limits."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from fatk.document import Block, Document, Paragraph
from fatk.errors import Refused
from fatk.gathering import Gathering, Notices, Tally
from fatk.grid import Sheet
from fatk.limits import Limits

#: Where the text stands on which page: from which character on, and its number.
Pages = tuple[tuple[int, int], ...]


class Blocks:
    """The blocks of one document, put in from its beginning to its end."""

    def __init__(self, limits: Limits, part: str) -> None:
        self.limits, self.part = limits, part
        self.tally = Tally(limits)
        self.blocks: list[Block] = []
        self.notices: Notices = []
        self.characters = 0
        self.tables = 0

    def paragraph(
        self, text: str, level: int = 0, pages: Pages = (), *, loose: bool = False, lines: Pages = ()
    ) -> None:
        """Add a paragraph without its outer blanks; nothing where nothing is left."""
        shown = text.strip()
        if not shown:
            return
        self.check(len(shown))
        self.characters += len(shown)
        if self.characters > self.limits.workbook_text:
            raise Refused("XLSX_TEXT_TOO_LARGE", place=self.part, limit=self.limits.workbook_text)
        if pages and len(shown) < len(text):
            pages = _shifted(pages, len(text) - len(text.lstrip()), len(shown))
        self.blocks.append(Paragraph(shown, level, pages, loose, lines))

    def check(self, size: int) -> None:
        """Refuse a paragraph of so many characters, if they are too many."""
        if size > self.limits.paragraph_text:
            place = f"{self.part}#{len(self.blocks) + 1}"
            raise Refused("CELL_TOO_LONG", place=place, limit=self.limits.paragraph_text)

    def gathering(self) -> Gathering:
        """Where the cells of the next table are put."""
        return Gathering(self.next_name, self.part, self.tally)

    @property
    def next_name(self) -> str:
        """What the next table will be called."""
        return f"表{self.tables + 1}"

    def table(self, sheet: Sheet) -> None:
        """Add a table, called by its number; nothing where it has no content."""
        if sheet.rows:
            name = self.next_name
            self.tables += 1
            self.blocks.append(replace(sheet, name=name, plain=True))

    def document(self) -> Document:
        """The complete document."""
        return Document(tuple(self.blocks), tuple(dict.fromkeys(self.notices)))


def _shifted(pages: Pages, cut: int, length: int) -> Pages:
    """Where the pages begin in a text of which so many characters were cut at the beginning, and which has that length."""
    first = bisect_right([start for start, _ in pages], cut) - 1
    kept = [(max(start - cut, 0), page) for start, page in pages[max(first, 0) :]]
    return tuple(each for each in kept if each[0] < length)
