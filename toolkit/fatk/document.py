"""What any document holds, before anything is understood: paragraphs and tables in the order in which they stand.

Readers of .docx, PDF, HTML, Markdown and plain text yield a ``Document``, and writers take one; what understands the
narrative knows none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fatk.grid import Sheet


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph as people read it.

    ``text`` has no outer blanks and no line break that is only there because a line was full; one that the author made is a
    line feed. A number that the program counts by itself (第一部分, 一、, 1.) stands in it like any other text. ``level`` is
    that of a heading, 1 the highest, where the document itself marks it as one; else 0. ``pages`` says from which character
    on the text stands on which page, both in ascending order, pages counted from 1; it is empty where there are no pages.
    ``loose``: where the paragraph ends is a guess, since the source only has lines. ``lines`` then says from which character
    on the text stands on which of them, and how many blank lines stand before it; a form that has lost its cells is told by
    these.
    """

    text: str
    level: int = 0
    pages: tuple[tuple[int, int], ...] = ()
    loose: bool = False
    lines: tuple[tuple[int, int], ...] = ()

    def page(self, offset: int = 0) -> int | None:
        """The page on which a character of the text stands; ``None`` where there are no pages."""
        found = None
        for start, page in self.pages:
            if start > offset:
                break
            found = page
        return found


#: A table is a sheet: its cells by row and column, its merged ranges; ``Sheet.name`` is what people call it, 表2 or 第4页表2,
#: and ``Sheet.plain`` is set, since nobody counts the columns of a document by letters.
Block = Paragraph | Sheet


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its blocks, and what the reader noticed, as (code, detail)."""

    blocks: tuple[Block, ...]
    notices: tuple[tuple[str, str], ...] = ()

    @property
    def paragraphs(self) -> Iterator[Paragraph]:
        """The paragraphs outside tables, in order."""
        return (block for block in self.blocks if isinstance(block, Paragraph))

    @property
    def tables(self) -> Iterator[Sheet]:
        """The tables, in order."""
        return (block for block in self.blocks if isinstance(block, Sheet))
