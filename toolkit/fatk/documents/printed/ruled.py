"""Grids from ruled lines: where lines cross are cells, and where a wall is missing, cells are merged.

Nothing is known here of what stands in the cells.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fatk.documents.printed.page import Stroke
from fatk.grid import Range

#: In points: lines nearer than this are one; lines that end this near to each other meet; shorter ones are no lines.
_NEAR, _MEETS, _SHORTEST = 2.5, 3.0, 4.0
#: More crossings than this are a drawing.
_MOST_CROSSINGS = 1_000_000

#: A line along one axis: where it is on the other one, its ends.
_Rule = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled grid: the edges of its columns from left to right and of its rows from top to bottom, and of each cell
    (row, column) the range that it is part of. ``faulty`` are ranges that are no rectangles: lines are missing there."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    ranges: dict[tuple[int, int], Range]
    faulty: frozenset[Range] = frozenset()

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Its edges: left, bottom, right, top."""
        return self.columns[0], self.rows[-1], self.columns[-1], self.rows[0]

    def holds(self, x: float, y: float) -> bool:
        """Whether a place is within it."""
        left, bottom, right, top = self.box
        return left <= x <= right and bottom <= y <= top

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """The cell at a place within it."""
        column = min(max(bisect_right(self.columns, x) - 1, 0), len(self.columns) - 2)
        row = min(max(bisect_right(self.rows, -y, key=lambda edge: -edge) - 1, 0), len(self.rows) - 2)
        return row, column

    def sides(self, found: Range) -> tuple[float, float, float, float]:
        """The edges of a range: left, bottom, right, top."""
        r1, c1, r2, c2 = found
        return self.columns[c1], self.rows[r2 + 1], self.columns[c2 + 1], self.rows[r1]


def grids_of(strokes: Sequence[Stroke]) -> list[Grid]:
    """The grids of a page from top to bottom, each of at least two cells."""
    across = _merged((min(s.x1, s.x2), max(s.x1, s.x2), (s.y1 + s.y2) / 2) for s in strokes if _flat(s))
    upright = _merged((min(s.y1, s.y2), max(s.y1, s.y2), (s.x1 + s.x2) / 2) for s in strokes if not _flat(s))
    if len(across) * len(upright) > _MOST_CROSSINGS:
        return []
    found = [_grid(*group) for group in _groups(across, upright)]
    return sorted((grid for grid in found if grid), key=lambda grid: (-grid.rows[0], grid.columns[0]))


def _flat(stroke: Stroke) -> bool:
    return abs(stroke.x1 - stroke.x2) >= abs(stroke.y1 - stroke.y2)


def _clusters(values: Iterable[float]) -> list[list[float]]:
    """Values that are near to each other, in ascending order."""
    found: list[list[float]] = []
    for value in sorted(values):
        if found and value - found[-1][0] <= _NEAR:
            found[-1].append(value)
        else:
            found.append([value])
    return found


def _merged(pieces: Iterable[tuple[float, float, float]]) -> list[_Rule]:
    """Lines that go on one another as one, without those that are too short."""
    ordered = sorted(pieces, key=lambda piece: piece[2])
    found: list[_Rule] = []
    position = 0
    for cluster in _clusters(at for _, _, at in ordered):
        same = sorted(ordered[position : position + len(cluster)])
        position += len(cluster)
        at = sum(cluster) / len(cluster)
        first, last = same[0][0], same[0][1]
        for begin, end, _ in same[1:]:
            if begin - last > _MEETS:
                found.append((at, first, last))
                first = begin
            last = max(last, end)
        found.append((at, first, last))
    return [rule for rule in found if rule[2] - rule[1] >= _SHORTEST]


def _groups(across: list[_Rule], upright: list[_Rule]) -> Iterable[tuple[list[_Rule], list[_Rule]]]:
    """Lines that touch one another, directly or through others."""
    upright.sort()
    places = [x for x, _, _ in upright]
    parents = list(range(len(across) + len(upright)))
    for index, (y, left, right) in enumerate(across):
        for other in range(bisect_left(places, left - _MEETS), bisect_right(places, right + _MEETS)):
            _, low, high = upright[other]
            if low - _MEETS <= y <= high + _MEETS:
                _join(parents, index, len(across) + other)
    groups: dict[int, tuple[list[_Rule], list[_Rule]]] = defaultdict(lambda: ([], []))
    for index, rule in enumerate(across):
        groups[_root(parents, index)][0].append(rule)
    for index, rule in enumerate(upright, len(across)):
        groups[_root(parents, index)][1].append(rule)
    return groups.values()


def _grid(across: list[_Rule], upright: list[_Rule]) -> Grid | None:
    """The grid of lines that touch one another; ``None`` where they enclose fewer than two cells.

    Tables are often open at their sides, so their ends are where the lines across end.
    """
    if len(across) < 2 or not upright:
        return None
    columns = _edges(upright, min(r[1] for r in across), max(r[2] for r in across))
    rows = _edges(across, min(r[1] for r in upright), max(r[2] for r in upright))
    if len(columns) < 2 or len(rows) < 2 or (len(columns) - 1) * (len(rows) - 1) < 2:
        return None
    if (len(columns) - 1) * (len(rows) - 1) > _MOST_CROSSINGS:
        return None
    rows.reverse()
    height, width = len(rows) - 1, len(columns) - 1
    parents = list(range(height * width))
    walls = _walls(upright, columns, [-edge for edge in rows], turned=True)
    floors = _walls(across, [-edge for edge in rows], columns, turned=False)
    for row in range(height):
        for column in range(width):
            cell = row * width + column
            if column and (column, row) not in walls:
                _join(parents, cell, cell - 1)
            if row and (row, column) not in floors:
                _join(parents, cell, cell - width)
    members: dict[int, list[int]] = defaultdict(list)
    for cell in range(height * width):
        members[_root(parents, cell)].append(cell)
    ranges: dict[tuple[int, int], Range] = {}
    faulty = set()
    for cells in members.values():
        places = [divmod(cell, width) for cell in cells]
        found = (
            min(r for r, _ in places), min(c for _, c in places), max(r for r, _ in places), max(c for _, c in places),
        )  # fmt: skip
        if (found[2] - found[0] + 1) * (found[3] - found[1] + 1) != len(cells):
            faulty.add(found)
        ranges.update(dict.fromkeys(places, found))
    return Grid(tuple(columns), tuple(rows), ranges, frozenset(faulty))


def _edges(rules: list[_Rule], least: float, most: float) -> list[float]:
    """Where the lines stand, and the ends of those that cross them where these go on beyond."""
    edges = [sum(cluster) / len(cluster) for cluster in _clusters(rule[0] for rule in rules)]
    if least < edges[0] - _SHORTEST:
        edges.insert(0, least)
    if most > edges[-1] + _SHORTEST:
        edges.append(most)
    return edges


def _walls(
    rules: list[_Rule], edges: list[float], spans: list[float], *, turned: bool
) -> set[tuple[int, int]]:
    """Which edge is drawn along which span, both by their numbers; ``turned`` where spans are counted downwards."""
    middles = [(a + b) / 2 for a, b in itertools.pairwise(spans)]
    found = set()
    for at, low, high in rules:
        place = at if turned else -at
        number = min(bisect_left(edges, place), len(edges) - 1)
        if number and abs(edges[number - 1] - place) < abs(edges[number] - place):
            number -= 1
        first, last = (-high, -low) if turned else (low, high)
        for span in range(bisect_left(middles, first), bisect_right(middles, last)):
            found.add((number, span))
    return found


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], one: int, other: int) -> None:
    parents[_root(parents, one)] = _root(parents, other)
