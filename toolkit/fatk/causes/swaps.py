"""Two figures exchanged."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from fatk.causes.acts import LEAST, Act
from fatk.causes.search import Search
from fatk.rules.context import Ref


def swaps(search: Search, failing: Sequence[int]) -> None:
    """Offer two figures of one row or of one column exchanged."""
    net = search.net
    columns: dict[tuple[str, str], list[tuple[int, str]]] = {}
    seen: set[tuple[int, int]] = set()
    for s in failing if len(failing) > 1 else ():
        made = search.sums[s]
        free, most = search.bounds(s)
        for cell, weight in made.cells.items():
            at = net.cells[cell]
            table, row, name = at.ref
            if not at.known:
                continue
            if (table, name) not in columns:
                columns[table, name] = net.sorted_column(table, name)
            low, high = search.interval(s, weight)
            rows = _near(columns[table, name], at.value + low, at.value + high)
            mates = net.mates(table, row)
            search.spend(len(rows) + len(mates))
            for other in (*(net.number(Ref(table, near, name)) for near in rows), *mates):
                by = net.cells[other].value - at.value
                pair = (min(cell, other), max(cell, other))
                if by and free <= (weight - made.cells.get(other, 0)) * by <= most and pair not in seen:
                    seen.add(pair)
                    search.offer(Act("cells_swapped", 2 * LEAST, ((cell, by), (other, -by))), 2)


def _near(column: Sequence[tuple[int, str]], low: int, high: int, most: int = 8) -> list[str]:
    """Rows of a column whose figures lie in an interval, at most so many."""
    start = bisect_left(column, (low, ""))
    return [row for value, row in column[start : start + most] if value <= high]
