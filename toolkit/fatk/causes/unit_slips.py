"""A whole table, column or row printed in another unit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fatk.causes.acts import LEAST, Act
from fatk.causes.network import Network, side_of
from fatk.causes.search import Search

#: Powers of ten by which units differ.
_UNITS = frozenset({3, 4, 8})


def unit_slips(search: Search, failing: Sequence[int]) -> None:
    """Offer a whole table, column or row printed in another unit."""
    net = search.net
    support: Counter[tuple[_Area, int]] = Counter()
    for s in failing:
        made = search.sums[s]
        inside: dict[_Area, list[int]] = defaultdict(list)
        for cell in made.cells:
            table, row, name = net.cells[cell].ref
            areas = (
                _Area(table, "", ""),
                _Area(table, "", name),
                _Area(table, side_of(row), name),
                _Area(table, row, ""),
            )
            for area in dict.fromkeys(areas):
                inside[area].append(cell)
        for area, cells in inside.items():
            value = sum(made.cells[c] * net.cells[c].value for c in cells)
            outside = made.residual + search.moved.get(s, 0) - value
            if not value or not outside or (value < 0) == (outside < 0) or len(cells) == len(made.cells):
                continue
            blur = sum(abs(made.cells[c]) * net.cells[c].step for c in cells)
            about = len(str(abs(outside))) - len(str(abs(value)))
            search.spend(1)
            for power in range(about - 1, about + 2):
                if abs(power) in _UNITS:
                    slack = blur * 10**power // 2 if power > 0 else 0
                    support[area, power] += abs(_times(value, power) + outside) <= made.high + slack
    likely = sorted(
        (-count, area.rows + area.field != "", area, power)
        for (area, power), count in support.items()
        if count
    )
    for _, partly, area, power in likely[:30]:
        act = _slip(net, area, power)
        if len(act.moves) > 1:
            search.offer(act, 2 if partly else 1)


def _times(value: Any, power: int) -> int:
    return int(value * 10**power if power >= 0 else value // 10**-power)


class _Area(NamedTuple):
    """A table, one row of it, or one column on its side of the account (``rows`` ends in a point where it has one)."""

    table: str
    rows: str
    field: str

    def names(self, rows: Iterable[str]) -> list[str]:
        """Those of a table's rows that it holds."""
        if not self.rows:
            return list(rows)
        return [n for n in rows if n == self.rows or (self.rows[-1] == "." and n.startswith(self.rows))]


def _slip(net: Network, area: _Area, power: int) -> Act:
    """All figures of an area times a power of ten; those made greater are known only as finely as they were printed."""
    moves, slack = [], Counter[int]()
    rows = area.names(net.rows(area.table))
    fields = [f.name for f in net.context.spec.tables[area.table].amounts if area.field in ("", f.name)]
    for cell in (cell for name in fields for cell in net.column(area.table, name, rows)):
        at = net.cells[cell]
        if at.value:
            moves.append((cell, _times(at.value, power) - at.value))
        if power > 0:
            for s, weight in net.uses(cell):
                slack[s] += int(abs(weight) * at.step * 10**power) // 2
    return Act("unit_slip", 2 * LEAST, tuple(moves), slack=dict(slack))
