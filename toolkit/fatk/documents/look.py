"""How a table is laid out where it is written: its extent, its merged ranges, which rows are its header, how wide columns are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from fatk.document import Block, Paragraph
from fatk.grid import Sheet

_FIGURE = re.compile(r"[-−+]?[0-9]{1,3}(?:,?[0-9]{3})*(?:\.[0-9]+)?[%％]?|—|－")
_CODE = re.compile(r"[0-9]{3,}")
_UNBROKEN = re.compile(r"[!-~]+")
#: A header has no more rows; columns are at least and at most so wide, and a text up to this width is not broken, in halves of
#: a Hanzi.
_HEADER, _NARROW, _BROAD, _WHOLE = 4, 4, 32, 8
#: A table of more columns, or wider in halves of a Hanzi, is printed across.
_UPRIGHT_COLUMNS, _UPRIGHT_WIDTH = 7, 100
#: So many lines above a table may be its heading and captions, each of so many characters; so long may a note below it be.
_CAPTIONS, _CAPTION, _FOOT = 5, 60, 200


@dataclass(frozen=True, slots=True)
class Look:
    """Rows and columns of a table, how many rows are its header, the width that the text of each column wants and the least
    that it needs, and of every cell at the left of a merged range its first row, its columns and rows, by (row, column)."""

    rows: int
    columns: int
    header: int
    widths: tuple[int, ...]
    least: tuple[int, ...]
    spans: dict[tuple[int, int], tuple[int, int, int]]


def is_figure(text: str) -> bool:
    """Whether a cell shows a figure, which stands at the right; a code does not."""
    shown = text.strip()
    return _FIGURE.fullmatch(shown) is not None and not _CODE.fullmatch(shown)


def look_of(sheet: Sheet) -> Look:
    """How a table looks."""
    rows = 1 + max(*sheet.rows, *(merge[2] for merge in sheet.merges), -1, -1)
    columns = 1 + max(*map(max, sheet.rows.values()), *(merge[3] for merge in sheet.merges), -1, -1)
    spans: dict[tuple[int, int], tuple[int, int, int]] = {}
    wide: set[tuple[int, int]] = set()
    for r1, c1, r2, c2 in sheet.merges:
        for row in range(r1, r2 + 1):
            spans[row, c1] = (r1, c2 - c1 + 1, r2 - r1 + 1)
        if c2 > c1:
            wide.add((r1, c1))
    widths, least = [_NARROW] * columns, [_NARROW] * columns
    figures = rows
    for (row, column), cell in sheet.cells.items():
        if (row, column) not in wide:
            longest = max(map(_width, cell.text.split("\n")))
            unbroken = max((len(run) for run in _UNBROKEN.findall(cell.text)), default=0)
            # Fonts that stand in for the one named have wider digits by a third; a figure that is broken is a wrong one.
            needed = max(longest if longest <= _WHOLE else _NARROW, unbroken + unbroken // 3 + bool(unbroken))
            least[column] = max(least[column], min(needed, _BROAD))
            # A long text is laid out over several lines.
            widths[column] = max(
                widths[column], least[column], min(longest if longest <= 14 else 10 + longest // 4, _BROAD)
            )
        if row < figures and is_figure(cell.text) and not cell.text.strip().isdecimal():
            figures = row
    header = figures if 0 < figures <= _HEADER and figures < rows else min(1, rows - 1)
    for r1, _, r2, _ in sheet.merges:  # a header does not end within a merged range
        if r1 < header <= r2:
            header = min(r2 + 1, max(rows - 1, 0))
    return Look(rows, columns, max(header, 0), tuple(widths), tuple(least), spans)


def _width(text: str) -> int:
    return len(text) + sum(unicodedata.east_asian_width(c) in "WFA" for c in text)


def captions(blocks: Sequence[Block]) -> frozenset[int]:
    """Which paragraphs are the heading and the captions of a table: from the last heading above it on, if nothing but short
    lines stands between them."""
    found: set[int] = set()
    for number, block in enumerate(blocks):
        if not isinstance(block, Sheet):
            continue
        above: list[int] = []
        for index in range(number - 1, max(number - 1 - _CAPTIONS, -1), -1):
            before = blocks[index]
            if not isinstance(before, Paragraph) or len(before.text) > _CAPTION or before.text.endswith("。"):
                break
            above.append(index)
            if before.level:
                found.update(above)
                break
    return frozenset(found)


def across(blocks: Sequence[Block]) -> list[bool]:
    """Which blocks of a document are printed across a page: wide tables with their headings and captions, and what stands
    below them up to the next heading."""
    turned = [isinstance(block, Sheet) and _is_wide(look_of(block)) for block in blocks]
    own = captions(blocks)
    for index in range(len(blocks) - 1, 0, -1):
        if turned[index] and index - 1 in own:
            turned[index - 1] = True
    for index in range(1, len(blocks)):
        block = blocks[index]
        if isinstance(block, Paragraph) and not block.level and index not in own and len(block.text) <= _FOOT:
            turned[index] = turned[index - 1]
    return turned


def _is_wide(look: Look) -> bool:
    return look.columns > _UPRIGHT_COLUMNS or sum(look.widths) > _UPRIGHT_WIDTH
