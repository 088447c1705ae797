"""What stands on pages beside their text: page numbers and running heads.

Only what is outermost on its page can be one. Nothing of it is dropped in silence: whoever takes it off tells what it was.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from fatk.documents.printed.lines import Line

#: How much of a page's height at its ends may be margin; how near to each other running heads of two pages stand.
_MARGIN, _LEVEL = 0.14, 4.0
#: A running head is on so many pages at least, and on half of them.
_PAGES = 3
_DASH = r"[-‐-―−－~～·•\s]"
_NUMBER = re.compile(
    rf"(?P<signed>第\s*(?P<nth>\d{{1,4}})\s*页(?:[,，/\s]*共\s*\d{{1,4}}\s*页)?"
    rf"|{_DASH}*(?P<of>\d{{1,4}})\s*[/／]\s*\d{{1,4}}{_DASH}*"
    rf"|{_DASH}+(?P<dashed>\d{{1,4}}){_DASH}+|Page\s*(?P<page>\d{{1,4}})(?:\s*of\s*\d{{1,4}})?)"
    rf"|(?P<bare>\d{{1,4}})"
)
#: What names a table or its unit is kept where it stands first, since something may depend on it.
_TELLING = ("表", "单位")

#: The lines of each page that stand alone above or below all else, outermost first.
Outer = Mapping[int, Sequence[Line]]


def outermost(lines: Sequence[Line], edges: tuple[float, float, float, float], *, above: bool) -> list[Line]:
    """The lines in the margin at the top of a page or at its foot, outermost first."""
    _, bottom, _, top = edges
    margin = _MARGIN * (top - bottom)
    if above:
        return sorted((line for line in lines if line.base > top - margin), key=lambda line: -line.base)
    return sorted((line for line in lines if line.base < bottom + margin), key=lambda line: line.base)


def furniture(heads: Outer, feet: Outer, pages: int) -> set[int]:
    """The identities of the lines that are page numbers or running heads, given those at the top and at the foot of each page
    and how many pages there are."""
    found: set[int] = set()
    for side in (heads, feet):
        depth = dict.fromkeys(side, 0)
        while True:
            outer = {page: lines[depth[page]] for page, lines in side.items() if depth[page] < len(lines)}
            off = {page for page, line in outer.items() if id(line) in found}
            off |= _numbers(outer, side, depth)
            off |= _running(outer, pages)
            if not off:
                break
            for page in off:
                found.add(id(outer[page]))
                depth[page] += 1
    return found - _kept([line for side in (heads, feet) for lines in side.values() for line in lines], found)


def _numbers(outer: Mapping[int, Line], side: Outer, depth: Mapping[int, int]) -> set[int]:
    """The pages whose outermost line is a page number: it says so, or goes on from page to page, or stands by itself."""
    printed = {page: match for page, line in outer.items() if (match := _NUMBER.fullmatch(line.text.strip()))}
    shifts = Counter(_value(match) - page for page, match in printed.items())
    found = set()
    for page, match in printed.items():
        alone = depth[page] + 1 >= len(side[page]) or (
            abs(side[page][depth[page] + 1].base - outer[page].base) > 2 * outer[page].size
        )
        if match["signed"] or shifts[_value(match) - page] > 1 or (alone and match["bare"]):
            found.add(page)
    return found


def _value(match: re.Match[str]) -> int:
    return int(next(text for name in ("nth", "of", "dashed", "page", "bare") if (text := match[name])))


def _running(outer: Mapping[int, Line], pages: int) -> set[int]:
    """The pages whose outermost line is that of most pages, at the same height."""
    same: dict[str, list[int]] = defaultdict(list)
    for page, line in outer.items():
        same["".join(line.text.split())].append(page)
    found = set()
    for numbers in same.values():
        bases = sorted(outer[page].base for page in numbers)
        middle = bases[len(bases) // 2]
        level = [page for page in numbers if abs(outer[page].base - middle) <= _LEVEL]
        if len(level) >= max(_PAGES, (pages + 1) // 2):
            found.update(level)
    return found


def _kept(lines: Sequence[Line], found: set[int]) -> set[int]:
    """Of the running heads that name a table or a unit, the first ones."""
    kept: dict[str, Line] = {}
    for line in sorted(lines, key=lambda line: line.page):
        if id(line) in found and any(word in line.text for word in _TELLING):
            kept.setdefault("".join(line.text.split()), line)
    return {id(line) for line in kept.values() if not _NUMBER.fullmatch(line.text.strip())}
