"""A printed page: characters and ruled lines, and where each stands.

Lengths are points; places are counted from the left and upwards, on the page as it is held to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Style(NamedTuple):
    """How characters look: the name of their font, their size, whether they are bold."""

    font: str
    size: float
    bold: bool


class Glyph(NamedTuple):
    """One character: where it starts and ends, the base of its line, how it looks."""

    text: str
    start: float
    end: float
    base: float
    style: Style

    @property
    def middle(self) -> float:
        """Half way between start and end."""
        return (self.start + self.end) / 2


class Stroke(NamedTuple):
    """A straight line by its ends, along an edge of the page."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page, counted from 1: its edges (left, bottom, right, top), characters and lines."""

    number: int
    edges: tuple[float, float, float, float]
    glyphs: Sequence[Glyph]
    strokes: Sequence[Stroke]

    @property
    def width(self) -> float:
        """From the left edge to the right one."""
        return self.edges[2] - self.edges[0]

    @property
    def height(self) -> float:
        """From the lower edge to the upper one."""
        return self.edges[3] - self.edges[1]


def turned(places: Iterable[tuple[float, float]], quarters: int) -> list[tuple[float, float]]:
    """Places on a page that is turned so that text which runs upwards (1), upside down (2) or downwards (3) can be read."""
    if quarters == 1:
        return [(y, -x) for x, y in places]
    if quarters == 2:
        return [(-x, -y) for x, y in places]
    if quarters == 3:
        return [(-y, x) for x, y in places]
    return list(places)
