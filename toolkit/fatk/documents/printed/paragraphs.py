"""Paragraphs from lines: where one ends is told by how the lines lie on the page.

A line that could have held the first word of the next one ends a paragraph, and one that starts farther in begins one. Where a
full line is followed by another at the edge of the text, there is nothing to tell by, and they are one.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fatk.document import Paragraph
from fatk.documents.printed.lines import Line
from fatk.documents.printed.page import Style

#: In heights of a character: how far in a first line starts at least; how much room a full line may leave; how far from the
#: middle a centred line may be, and how far in it starts at least.
_INDENT, _ROOM, _OFF_CENTRE, _CENTRED = 1.2, 0.6, 1.0, 1.5
#: How much larger the step to the next line is where one ends than usual; how different sizes are of different text; larger
#: than so many heights of a character no usual step is.
_STEP, _SIZE, _FARTHEST_STEP = 1.5, 0.08, 3.0
#: A heading is no longer than this, and no sentence.
_HEADING = 60
_LEADERS = re.compile(r"(?:[.·]\s?){4,}|…{2,}")
_ORDINAL = re.compile(
    r"第[一二三四五六七八九十]+[部章]|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[）)]"
)
_ENDS = ("。", "；", "：", "！", "？")
_LATIN = re.compile(r"[0-9A-Za-z]")
#: What a note below a table begins with, or its statement that there is nothing to print.
_NOTE = re.compile(r"(?:备?注|说明)\s*[0-9]*\s*[:：.、]|[我本该](?:单位|部门)")
#: Fonts that official documents set headings in, beside the one of the text.
_HEADING_FONT = re.compile(r"hei|黑|xbs|小标宋|kai|楷", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measure:
    """Where the text of pages of one kind starts and ends, and how far its lines are from one another."""

    left: float
    right: float
    step: float


def measures(pages: Sequence[tuple[Sequence[Line], float]]) -> list[Measure]:
    """The measure of every page, given its lines from top to bottom and its width: pages of one width have the same, but for
    where they begin."""
    kinds: dict[int, list[Sequence[Line]]] = defaultdict(list)
    for lines, width in pages:
        kinds[round(width / 10)].append(lines)
    shared = {kind: _shared(same) for kind, same in kinds.items()}
    return [_own(lines, shared[round(width / 10)]) for lines, width in pages]


def _shared(pages: Sequence[Sequence[Line]]) -> Measure:
    every = [line for lines in pages for line in lines]
    if not every:
        return Measure(0, 0, 0)
    few = len(every) // 50
    steps = [step for lines in pages for _, step in _steps(lines)]
    return Measure(
        sorted(line.start for line in every)[few],
        sorted((line.end for line in every), reverse=True)[few],
        Counter(map(round, steps)).most_common(1)[0][0] if steps else 0,
    )


def _steps(lines: Sequence[Line]) -> Iterator[tuple[Line, float]]:
    """The lines of a page that follow another one of the same text, and how far below it each stands."""
    for above, below in itertools.pairwise(lines):
        if 0.8 * below.size < above.base - below.base < _FARTHEST_STEP * below.size:
            yield below, above.base - below.base


def usual_steps(pages: Sequence[Sequence[Line]]) -> dict[int, int]:
    """By the height of the characters, in whole points, how far the lines of a document usually are from one another."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for lines in pages:
        for line, step in _steps(lines):
            found[round(line.size)][round(step)] += 1
    return {size: counted.most_common(1)[0][0] for size, counted in found.items()}


def _own(lines: Sequence[Line], shared: Measure) -> Measure:
    """The measure of a page that is moved to a side, as those for the back of a sheet."""
    if len(lines) < 8:
        return shared
    left, right = min(line.start for line in lines), max(line.end for line in lines)
    if abs((right - left) - (shared.right - shared.left)) < 3:
        return Measure(left, right, shared.step)
    return shared


class Builder:
    """Paragraphs as lines come in from top to bottom, page by page, each with the measure of its page; ``levels`` are those of
    headings by how they look, ``steps`` the usual distances of lines by the height of their characters.

    The notes of a table are set between its walls, not between the margins of the page.
    """

    def __init__(self, levels: Mapping[Style, int], steps: Mapping[int, int]) -> None:
        self.levels, self.steps = levels, steps
        self.lines: list[tuple[Line, Measure]] = []
        self.walls: tuple[float, float] | None = None  # those of the last table, while its notes may follow
        self.noting = False  # whether the paragraph that is being gathered is such a note

    def below(self, left: float, right: float) -> Paragraph | None:
        """Go on below a table with these outer walls; the paragraph that it ends."""
        done = self.end()
        self.walls = left, right
        return done

    def take(self, line: Line, measure: Measure) -> Paragraph | None:
        """Add a line; the paragraph that it ends."""
        between = self._between_walls(line, measure)
        used = between if between and self.noting else measure
        parted = self._parted(line, used) if self.lines else "sure"
        done = self.end(loose=parted == "guess") if self.lines and parted else None
        if parted:
            self.noting = between is not None and bool(_NOTE.match(line.text))
            if not self.noting:
                self.walls = None
            used = between if between and self.noting else measure
        self.lines.append((line, used))
        return done

    def _between_walls(self, line: Line, measure: Measure) -> Measure | None:
        """The measure of a note of the table above, if the line stands between its walls."""
        if self.walls is None:
            return None
        left, right = self.walls
        near = _ROOM * line.size
        return (
            Measure(left, right, measure.step)
            if left - near <= line.start and line.end <= right + near
            else None
        )

    def end(self, *, loose: bool = False) -> Paragraph | None:
        """The paragraph of the lines taken since the last one."""
        if not self.lines:
            return None
        lines = [line for line, _ in self.lines]
        self.lines = []
        text, pages = "", []
        for index, line in enumerate(lines):
            text += _joint(lines[index - 1], line) if index else ""
            if not index or line.page != lines[index - 1].page:
                pages.append((len(text), line.page))
            text += line.text
        return Paragraph(text, self._level(lines, text), tuple(pages), loose)

    def _level(self, lines: Sequence[Line], text: str) -> int:
        styles = {line.style for line in lines}
        if len(text) > _HEADING or len(styles) != 1 or text.endswith(_ENDS):
            return 0
        return self.levels.get(styles.pop(), 0)

    def _parted(self, line: Line, measure: Measure) -> str:
        """Why a line begins a paragraph: for ``sure``, as a ``guess``, or not at all."""
        last, before = self.lines[-1]
        size = max(last.size, line.size)
        full = last.end + line.first > before.right - _ROOM * size
        if not full or self._apart(last, before) or self._apart(line, measure):
            return "sure"
        if line.start - measure.left >= _INDENT * size and not self._hanging(line, measure):
            return "sure"
        usual = max(measure.step, self.steps.get(round(size), 0), 1.1 * size)
        lower = last.page == line.page and last.base - line.base > _STEP * usual
        different = abs(last.size - line.size) > _SIZE * size
        anew = _NOTE if self.noting else _ORDINAL
        numbered = last.text.endswith(_ENDS) and anew.match(line.text)
        return "guess" if lower or different or numbered else ""

    def _apart(self, line: Line, measure: Measure) -> bool:
        """Whether a line is a paragraph by itself, by how it lies: centred, at the right, in columns, an entry of a list of
        contents."""
        left, right = line.start - measure.left, measure.right - line.end
        centred = min(left, right) > _CENTRED * line.size and abs(left - right) <= 2 * _OFF_CENTRE * line.size
        if left <= 2.5 * line.size and line.style not in self.levels:
            centred = False  # the first line of a paragraph, which happens to end as far in as it starts
        at_right = left > 0.4 * (measure.right - measure.left)
        return centred or at_right or len(line.columns) > 1 or bool(_LEADERS.search(line.text))

    def _hanging(self, line: Line, measure: Measure) -> bool:
        """Whether the lines of the paragraph but the first one start where this one does."""
        place, near = line.start - measure.left, 0.3 * line.size
        return len(self.lines) > 1 and all(abs(o.start - m.left - place) < near for o, m in self.lines[1:])


def _joint(last: Line, line: Line) -> str:
    """What stands between two lines of a paragraph: a blank between words of letters, and where there is one."""
    one, other = last.text[-1:], line.text[:1]
    if not (_LATIN.fullmatch(one) and _LATIN.fullmatch(other)):
        return ""
    return " " if last.open or not (one.isdigit() and other.isdigit()) else ""


def levels(lines: Sequence[Line]) -> dict[Style, int]:
    """Which looks are of headings, with their levels: larger than the text, bold, or of a font for headings."""
    written: Counter[Style] = Counter()
    for line in lines:
        written[line.style] += len(line.text)
    if not written:
        return {}
    body = written.most_common(1)[0][0]
    heading: set[Style] = set()
    for style in written:
        larger = style.size > body.size * (1 + _SIZE)
        bolder = style.bold and not body.bold
        other = bool(_HEADING_FONT.search(style.font)) and not _HEADING_FONT.search(body.font)
        if larger or ((bolder or other) and style.size >= body.size * (1 - _SIZE)):
            heading.add(style)
    # Sizes that nobody tells apart are one.
    ranks = sorted({(round(s.size), s.bold) for s in heading}, key=lambda rank: (-rank[0], not rank[1]))
    return {style: ranks.index((round(style.size), style.bold)) + 1 for style in heading}
