"""Lines of text from characters with their places: what stands on one base, from left to right.

Blanks are what the document states, or a gap too wide to be anything else: what only spreads a line over its width is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fatk.documents.printed.page import Glyph, Style
from fatk.grid import set_apart

#: In heights of a character: how far apart bases of one line may be; a gap that parts words; one that parts anything; one
#: that parts columns.
_ONE_LINE, _WORD_GAP, _GAP, COLUMN_GAP = 0.5, 0.3, 0.8, 2.0
#: A character smaller and higher than the one before it, by these parts of its height, is raised.
_SMALLER, _HIGHER = 0.8, 0.15
#: Two prints of one character, nearer to each other than this part of its height, are one that is made bold.
_PRINTED_TWICE = 0.15

_WORD = re.compile(r"[0-9A-Za-z.,%/:+\-]")
_CLOSING = frozenset("，。、；：？！）》”’】〕％%,.;:?!)]}…")
_OPENING = frozenset("（《“‘【〔([{")
_BLANK = " \t\u00a0\u2002\u2003\u3000"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on a page: where it starts and ends, its base, the look of most of it.

    ``first`` is how wide its first word is, which cannot be parted; ``columns`` the texts that wide gaps part, each with its
    start and end; ``open`` tells that a blank stands at its end.
    """

    text: str
    start: float
    end: float
    base: float
    style: Style
    first: float
    columns: tuple[tuple[float, float, str], ...]
    open: bool = False
    page: int = 0

    @property
    def size(self) -> float:
        """The height of its characters."""
        return self.style.size

    @property
    def top(self) -> float:
        """Where its characters end above, about."""
        return self.base + 0.88 * self.size

    @property
    def bottom(self) -> float:
        """Where its characters end below, about."""
        return self.base - 0.12 * self.size


def lines_of(glyphs: Iterable[Glyph], page: int = 0) -> list[Line]:
    """The lines that characters make, from top to bottom; those of blanks alone are none."""
    found = (_line(row, page) for row in _rows(glyphs))
    return [line for line in found if line is not None]


def _rows(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """The characters by the line that they are on."""
    rows: list[list[Glyph]] = []
    base = size = 0.0
    for glyph in sorted(glyphs, key=lambda g: -g.base):
        height = glyph.style.size
        if rows and base - glyph.base <= _ONE_LINE * max(size, height):
            rows[-1].append(glyph)
            if height > size and glyph.text not in _BLANK:
                base, size = glyph.base, height
        else:
            rows.append([glyph])
            base, size = glyph.base, height
    return rows


@dataclass(slots=True)
class _Writing:
    """A line as it is written, column by column."""

    parts: list[str] = field(default_factory=list)
    columns: list[tuple[float, float, str]] = field(default_factory=list)
    start: float = 0.0

    def close(self, end: float) -> None:
        self.columns.append((self.start, end, "".join(self.parts)))
        self.parts = []


def _line(row: list[Glyph], page: int) -> Line | None:
    visible, blanks = _once(row)
    if not visible:
        return None
    style = _look(visible)
    height = style.size or 1.0
    base = _base(visible, style)
    spread = _spread(visible) / height
    writing = _Writing(start=visible[0].start)
    last: Glyph | None = None
    for glyph in visible:
        if last is not None:
            gap = glyph.start - last.end
            if gap >= COLUMN_GAP * height:
                writing.close(last.end)
                writing.start = glyph.start
            else:
                writing.parts.append(_between(last, glyph, gap / height - spread, blanks.get(id(glyph), "")))
        raised = glyph.style.size <= _SMALLER * height and glyph.base - base >= _HIGHER * height
        writing.parts.append(set_apart(glyph.text, struck=False) if raised else glyph.text)
        last = glyph
    assert last is not None  # noqa: S101  for the type checker
    writing.close(last.end)
    return Line(
        "  ".join(text for _, _, text in writing.columns),
        visible[0].start, last.end, base, style, _first_word(visible), tuple(writing.columns), 0 in blanks, page,
    )  # fmt: skip


def _once(row: list[Glyph]) -> tuple[list[Glyph], dict[int, str]]:
    """The visible characters from left to right, each once; the blank before each that has one, by identity (0: the end)."""
    visible: list[Glyph] = []
    blanks: dict[int, str] = {}
    blank = ""
    for glyph in sorted(row, key=lambda g: g.start):
        if glyph.text in _BLANK or glyph.text.isspace():
            blank += glyph.text
            continue
        if visible and _same(visible[-1], glyph):
            continue
        if blank and visible:
            blanks[id(glyph)] = blank
        blank = ""
        visible.append(glyph)
    if blank:
        blanks[0] = blank
    return visible, blanks


def _same(one: Glyph, other: Glyph) -> bool:
    near = _PRINTED_TWICE * one.style.size
    return one.text == other.text and other.start - one.start < near and abs(other.base - one.base) < near


def _spread(visible: Sequence[Glyph]) -> float:
    """By how much the characters of a line are spread over its width: their usual distance."""
    gaps = sorted(b.start - a.end for a, b in pairwise(visible))
    return max(gaps[len(gaps) // 2], 0.0) if len(gaps) > 3 else 0.0


def _between(last: Glyph, glyph: Glyph, gap: float, blank: str) -> str:
    """What stands between two characters: nothing, or a blank."""
    words = last.text.isalnum() and glyph.text.isalnum() and last.text.isascii() and glyph.text.isascii()
    if blank:
        # A blank without width only parts what is printed, unless it keeps words or figures apart.
        return ("\u3000" if "\u3000" in blank else " ") if words or gap > 0.1 else ""
    return " " if gap > (_WORD_GAP if words else _GAP) else ""


def _look(visible: Sequence[Glyph]) -> Style:
    """How most of a line looks: its Chinese characters, where it has any, since figures are often of another font."""
    chinese = [g for g in visible if g.text >= "\u2e80"]
    return Counter(g.style for g in chinese or visible).most_common(1)[0][0]


def _base(visible: Sequence[Glyph], style: Style) -> float:
    return Counter(g.base for g in visible if g.style.size >= _SMALLER * style.size).most_common(1)[0][0]


def _first_word(visible: Sequence[Glyph]) -> float:
    """How wide the first word is, with the marks that stand by it."""
    end = index = 0
    while index < len(visible) - 1 and visible[index].text in _OPENING:
        index += 1
    end = index + 1
    if _WORD.match(visible[index].text):
        while end < len(visible) and _WORD.match(visible[end].text):
            end += 1
    while end < len(visible) and visible[end].text in _CLOSING:
        end += 1
    return visible[end - 1].end - visible[0].start
