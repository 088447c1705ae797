"""A wrong figure whose totals, or some of them, were computed from it."""

from __future__ import annotations

from collections.abc import Sequence

from fatk.causes.acts import Act
from fatk.causes.search import Search
from fatk.causes.weights import HARD


def with_totals(search: Search, failing: Sequence[int]) -> None:
    """Offer a wrong figure that went into the totals above it, so that only other tables contradict it."""
    seen: set[int] = set()
    for s in sorted(failing, key=lambda s: (len(search.sums[s].cells), s))[:_CARRIERS]:
        for cell, weight in search.sums[s].cells.items():
            low, high = search.interval(s, weight)
            for leaf in _leaves(search, cell) if search.cells[cell].known else ():
                act = None if leaf in seen else search.figure(leaf, low, high)
                seen.add(leaf)
                carried = _carried(search, act.moves[0]) if act else ()
                if act and carried:
                    moves = (*act.moves, *carried)
                    search.offer(Act(act.kind, act.cost + 1, moves, carried=len(carried)), 1)


def with_row_totals(search: Search, failing: Sequence[int]) -> None:
    """Offer a wrong figure of a failing sum together with the totals of its table that agree with it, as that of its row: no
    figure alone explains then why the sums of both columns fail."""
    seen: set[tuple[tuple[int, int], ...]] = set()
    for s in sorted(failing, key=lambda s: (len(search.sums[s].cells), s))[:_CARRIERS]:
        for cell, weight in search.sums[s].cells.items():
            if search.cells[cell].fixed:
                continue
            act = search.figure(cell, *search.interval(s, weight))
            carried = _carried(search, act.moves[0]) if act else ()
            if act and carried and (moves := (*act.moves, *carried)) not in seen:
                seen.add(moves)
                search.offer(Act(act.kind, act.cost + 1, moves, carried=len(carried)), 2)


#: Failing sums below which leaves are sought, and leaves that one cell may be the sum of.
_CARRIERS, _LEAVES = 40, 200


def _leaves(search: Search, cell: int) -> list[int]:
    """The cells of the same table that a cell is the sum of, at the lowest level; none where they are too many."""
    found: dict[int, None] = {}
    level, seen = [cell], {cell}
    while level:
        below = []
        for top in level:
            parts = search.net.parts(top)
            search.spend(len(parts) + 1)
            if not parts:
                found[top] = None
            below += [part for part in parts if part not in seen]
            seen.update(parts)
        if len(found) > _LEAVES or len(below) > 4 * _LEAVES:
            return []
        level = below
    return list(found)


def _carried(search: Search, move: tuple[int, int]) -> list[tuple[int, int]]:
    """Changes of the totals above a changed cell that keep the sums of its table which hold."""
    net = search.net
    table = net.cells[move[0]].ref.table
    moves, pending = dict([move]), [move[0]]
    change = search.change(Act("", 0, (move,)))
    while pending:
        for s, _ in net.uses(pending.pop()):
            search.spend(1)
            made, (low, high) = search.sums[s], search.bounds(s)
            total = made.total
            if made.grade != HARD or not low <= 0 <= high or low <= change.get(s, 0) <= high:
                continue
            if total is None or total in moves or net.cells[total].ref.table != table:
                continue
            moves[total] = int(-change[s] // made.cells[total])
            pending.append(total)
            for t, weight in net.uses(total):
                change[t] = change.get(t, 0) + weight * moves[total]
    del moves[move[0]]
    return sorted(moves.items())
