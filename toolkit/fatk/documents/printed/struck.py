"""Text that a line is drawn through, which people take for deleted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import replace

from fatk.documents.printed.page import Glyph, Page
from fatk.grid import set_apart

#: Between which heights above the base of a line, in heights of a character, a line strikes it out; how much of such a line
#: is over text, since a wall of a table is longer.
_LOW, _HIGH, _OVER_TEXT = 0.15, 0.55, 0.8


def set_struck_apart(page: Page) -> Page:
    """The page with its struck characters marked as such, and without the lines that strike them out."""
    across = sorted(
        ((s.y1 + s.y2) / 2, min(s.x1, s.x2), max(s.x1, s.x2), number)
        for number, s in enumerate(page.strokes)
        if abs(s.x1 - s.x2) > abs(s.y1 - s.y2)
    )
    if not across:
        return page
    heights = [y for y, *_ in across]
    crossed: dict[int, list[Glyph]] = defaultdict(list)
    for glyph in page.glyphs:
        size = glyph.style.size
        low = bisect_left(heights, glyph.base + _LOW * size)
        high = bisect_right(heights, glyph.base + _HIGH * size)
        for _, left, right, number in across[low:high]:
            if left <= glyph.middle <= right:
                crossed[number].append(glyph)
    strikes = {
        number
        for _, left, right, number in across
        if sum(g.end - g.start for g in crossed.get(number, ())) >= _OVER_TEXT * (right - left)
    }
    if not strikes:
        return page
    struck = {id(glyph) for number in strikes for glyph in crossed[number] if not glyph.text.isspace()}
    return replace(
        page,
        glyphs=[
            g._replace(text=set_apart(g.text, struck=True)) if id(g) in struck else g for g in page.glyphs
        ],
        strokes=[stroke for number, stroke in enumerate(page.strokes) if number not in strikes],
    )
