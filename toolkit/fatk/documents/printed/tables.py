"""Tables from grids and the characters within them.

A figure is right or absent: what stands across a wall, or where lines are missing, is no cell of a table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fatk.documents.printed.lines import Line, lines_of
from fatk.documents.printed.page import Glyph, Page
from fatk.documents.printed.ruled import Grid, grids_of
from fatk.grid import Range

#: In heights of a character: how near to each other two are of one word; how far one may reach over a wall.
_ONE_WORD, _OVER = 0.12, 0.25
#: A grid of so few cells one of which takes so much of the page is a frame around its text.
_FEW, _MUCH = 4, 0.45
_FIGURE = re.compile(r"[-−－+]?[0-9][0-9,，.．]*%?|[-−－+]?[.．][0-9]+")
_DIGIT = re.compile(r"[0-9]")


@dataclass(slots=True)
class Table:
    """A table on one page: the edges of its columns and rows, the lines of each range that has text, the merged ranges.

    ``astray`` are texts with figures that stand across a wall, so that nobody can say in which cell.
    """

    page: int
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    texts: dict[Range, list[Line]]
    merges: list[Range]
    astray: list[Line] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.rows[0]

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.rows[-1]

    def row(self, row: int) -> dict[Range, list[Line]]:
        """The ranges with text that begin in a row."""
        return {found: lines for found, lines in self.texts.items() if found[0] == row}

    def width(self, found: Range) -> float:
        """From wall to wall of a range."""
        return self.columns[found[3] + 1] - self.columns[found[1]]


def tables_of(page: Page) -> tuple[list[Table], list[Glyph], int]:
    """The ruled tables of a page from top to bottom, the characters outside them, and how many grids were none since lines
    are missing in them."""
    grids = _outermost(grids_of(page.strokes))
    if not grids:
        return [], list(page.glyphs), 0
    inside: list[list[Glyph]] = [[] for _ in grids]
    rest: list[Glyph] = []
    for glyph in page.glyphs:
        x, y = glyph.middle, glyph.base + 0.35 * glyph.style.size
        for grid, held in zip(grids, inside, strict=True):
            if grid.holds(x, y):
                held.append(glyph)
                break
        else:
            rest.append(glyph)
    tables, broken = [], 0
    for grid, held in zip(grids, inside, strict=True):
        table = None if _is_frame(grid, held, page) else _table(grid, held, page.number)
        if table is None:
            broken += bool(grid.faulty) and any(not glyph.text.isspace() for glyph in held)
            rest += held
        else:
            tables.append(table)
    return tables, rest, broken


def _outermost(grids: list[Grid]) -> list[Grid]:
    """The grids without those that only frame another one, and without those in a cell of a table."""
    found: list[Grid] = []
    for grid in sorted(grids, key=lambda g: (g.columns[-1] - g.columns[0]) * (g.rows[0] - g.rows[-1])):
        within = [other for other in found if grid.holds(other.columns[0], other.rows[0])
                  and grid.holds(other.columns[-1], other.rows[-1])]  # fmt: skip
        framed = len({*grid.ranges.values()}) < _FEW
        if within and framed:
            continue
        for other in within:
            found.remove(other)
        found.append(grid)
    return sorted(found, key=lambda grid: (-grid.rows[0], grid.columns[0]))


def _is_frame(grid: Grid, held: Sequence[Glyph], page: Page) -> bool:
    """Whether a grid only frames what stands on the page, or holds nothing."""
    ranges = {*grid.ranges.values()}
    if len(ranges) < 2 or all(glyph.text.isspace() for glyph in held):
        return True
    tallest = max(top - bottom for _, bottom, _, top in map(grid.sides, ranges))
    return len(ranges) < _FEW and tallest > _MUCH * page.height


def _table(grid: Grid, held: Sequence[Glyph], page: int) -> Table | None:
    """The table of a grid; ``None`` where text stands where lines are missing."""
    of: dict[int, Range | None] = {}
    for word in _words(held):
        found = _home(grid, word)
        of.update((id(glyph), found) for glyph in word)
    cells: dict[Range, list[Glyph]] = defaultdict(list)
    astray: list[Glyph] = []
    for glyph in held:
        found = of[id(glyph)]
        if found is None:
            astray.append(glyph)
        elif found in grid.faulty:
            return None
        else:
            cells[found].append(glyph)
    texts = {found: lines for found in sorted(cells) if (lines := lines_of(cells[found], page))}
    merges = sorted({r for r in grid.ranges.values() if r[0] != r[2] or r[1] != r[3]} - grid.faulty)
    return Table(page, grid.columns, grid.rows, texts, merges, lines_of(astray, page))


def _words(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Characters that stand so close by one another that they were written as one; blanks by themselves."""
    found: list[list[Glyph]] = []
    last: Glyph | None = None
    for glyph in sorted(glyphs, key=lambda g: (round(g.base), g.start)):
        near = _ONE_WORD * glyph.style.size
        if (
            last is None
            or glyph.text.isspace()
            or last.text.isspace()
            or abs(glyph.base - last.base) > near
            or not -glyph.style.size < glyph.start - last.end < near
            or glyph.style.size != last.style.size
        ):
            found.append([])
        found[-1].append(glyph)
        last = glyph
    return found


def _home(grid: Grid, word: list[Glyph]) -> Range | None:
    """The range that a word stands in. One that stands across a wall belongs to where its middle is, if it has no figure."""
    y = word[0].base + 0.35 * word[0].style.size
    start, end = word[0].start, max(glyph.end for glyph in word)
    found = grid.ranges[grid.cell((start + end) / 2, y)]
    left, _, right, _ = grid.sides(found)
    over = _OVER * word[0].style.size
    if start >= left - over and end <= right + over:
        return found
    text = "".join(glyph.text for glyph in word)
    if not _DIGIT.search(text):
        return found
    if _FIGURE.fullmatch(text):
        return None
    return grid.ranges[grid.cell(max(start + over, grid.columns[0]), y)]


def cell_text(lines: Sequence[Line], width: float) -> str:
    """The text of a cell: its lines, and a figure that was too long for one line in one piece."""
    texts = [line.text for line in lines]
    whole = "".join(texts)
    if len(texts) > 1 and _FIGURE.fullmatch(whole) and all(is_full(line, width) for line in lines[:-1]):
        return whole
    return "\n".join(texts)


def is_full(line: Line, width: float) -> bool:
    """Whether a line fills its cell: another character as wide as its own would not have had room."""
    wide = (line.end - line.start) / max(len(line.text), 1)
    return line.end - line.start + 1.2 * wide + 0.4 * line.size > width


def has_figure(lines: Sequence[Line]) -> bool:
    """Whether the lines of a cell are a figure."""
    return bool(_FIGURE.fullmatch("".join(line.text for line in lines).replace(" ", "")))
