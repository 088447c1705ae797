"""Columns that slid by some rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from fatk.causes.acts import LEAST, Act, Group
from fatk.causes.network import side_of
from fatk.causes.search import Search, cells_shown
from fatk.causes.weights import FAR, HARD

#: Rows by which a column may have slid.
_SLIDES = (1, -1, 2, -2, 3, -3)


def crowded(search: Search, groups: Sequence[Group]) -> bool:
    """Whether an explanation changes so many figures of one column or row that they may rather have slid together."""
    refs = [
        ref
        for group in groups
        for act in group[0]
        for ref, _ in cells_shown(search, act)[: act.size - act.carried]
    ]
    columns = Counter((ref.table, ref.field) for ref in refs)
    rows = Counter((ref.table, ref.row) for ref in refs)
    return max((*columns.values(), *(count + 1 for count in rows.values())), default=0) >= 3


def slides(search: Search, failing: Sequence[int]) -> None:
    """Offer a column, or all of a table's, slid by a few rows from a row on, the figures slid over being lost."""
    net, context = search.net, search.net.context
    touched: Counter[tuple[str, str]] = Counter()
    for s in failing:
        refs = [net.cells[c].ref for c in search.sums[s].cells]
        touched.update(dict.fromkeys((ref.table, name) for ref in refs for name in (ref.field, "")).keys())
    busy = {(table, name) for (table, name), count in touched.items() if count >= (_SLID_SUMS if name else 2)}
    for table in (table for table, name in touched if not name and (table, "") in busy):
        fields = [f.name for f in context.spec.tables[table].amounts]
        together = [[name] for name in fields if (table, name) in busy] + (
            [fields] if len(fields) > 1 else []
        )
        for rows in _blocks(net.rows(table)):
            for names in together:
                columns = [net.column(table, name, rows) for name in names]
                columns = [column for column in columns if len(column) > 2]
                if columns:
                    _slide(search, columns, failing)


#: Failing sums that a column which slid alone breaks at least; where all slid, two rows of one sum may be enough.
_SLID_SUMS = 3


def _blocks(rows: Iterable[str]) -> list[list[str]]:
    """The rows that stand below each other: those of one side of the account."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in rows:
        found[side_of(name)].append(name)
    return list(found.values())


def _slide(search: Search, columns: Sequence[Sequence[int]], failing: Sequence[int]) -> None:
    """Offer the slides of columns that slid together which let the failing sums hold."""
    where = {cell: n for column in columns for n, cell in enumerate(column)}
    held = {s: [c for c in search.sums[s].cells if c in where] for s in failing}
    local = sorted((s for s in failing if held[s]), key=lambda s: (len(search.sums[s].cells), s))
    least = _SLID_SUMS if len(columns) == 1 else 2
    if len(local) < least:
        return
    last = max(map(len, columns)) - 1
    alone = (min(n) for s in local if len(n := {where[c] for c in held[s]}) == 1)
    rows = sorted(set(alone))
    if len(rows) > 1:
        starts, ends = {rows[0] - n for n in range(3)}, {rows[-1] + n for n in range(4)} | {last}
    else:
        spots = sorted({where[c] for s in local for c in held[s]})[:_STARTS]
        starts, ends = set(spots), {last} | {max(where[c] for c in held[s]) for s in local[:4]}
    slid = _Columns({cell: (column, n) for column in columns for n, cell in enumerate(column)}, columns)
    seen: set[tuple[tuple[int, int], ...]] = set()
    for by, start, end in product(_SLIDES, sorted(starts), sorted(ends)):
        if start >= 0 and end <= last and end - start >= abs(by):
            act = _slid(search, slid, [(s, held[s]) for s in local], by, start, end)
            if act is not None and act.moves not in seen:
                seen.add(act.moves)
                search.offer(act, least)


class _Columns(NamedTuple):
    """Columns that slid together, and of each of their cells the column and the row."""

    at: Mapping[int, tuple[Sequence[int], int]]
    columns: Sequence[Sequence[int]]


#: Rows from which a column may have slid that are tried where no row by itself shows it.
_STARTS = 60


def _slid(
    search: Search, slid: _Columns, local: Sequence[tuple[int, Sequence[int]]], by: int, start: int, end: int
) -> Act | None:
    """The act that puts back figures which slid up (``by`` > 0) or down between two rows, if it may be one."""
    cells = search.cells
    first, last = (start + by, end) if by > 0 else (start, end + by)
    lost = range(start, first) if by > 0 else range(last + 1, end + 1)

    def move(cell: int) -> int:
        column, n = slid.at[cell]
        if not first <= n <= last or n >= len(column) or not 0 <= n - by < len(column):
            return 0
        return cells[column[n - by]].value - cells[cell].value

    tested = 0
    for s, held in local:  # those that hold no lost figure must come out by the slide alone
        if tested == _TESTED or any(slid.at[c][1] in lost for c in held):
            continue
        search.spend(len(held))
        low, high = search.bounds(s)
        change = sum(search.sums[s].cells[c] * move(c) for c in held)
        if change and low <= change <= high:
            tested += 1
        elif change or any(start <= slid.at[c][1] <= end for c in held):
            return None
    moves = {c: m for column in slid.columns for c in column[first : last + 1] if (m := move(c))}
    free = [c for column in slid.columns for c in column[lost.start : lost.stop]]
    if not _fill(search, moves, free):
        return None
    changed = tuple(sorted((c, m) for c, m in moves.items() if m))
    rows = {slid.at[c][1] for c, _ in changed}
    unknown = sum(bool(moves.get(c)) for c in free)
    if unknown and not tested and len(rows) > 1:  # figures that may be anything explain anything
        return None
    if (
        len(rows) == 1
    ):  # that it repeats its neighbour is what tells it from a row that lacks another beside it
        likely = len(changed) > 1 and _repeated(search, slid, rows.pop(), by, lost)
        return Act("row_shifted", (1 + unknown) * LEAST - 1, changed) if likely else None
    return Act("row_shifted", (3 + unknown) * LEAST, changed) if len(changed) > 2 else None


def _repeated(search: Search, slid: _Columns, row: int, by: int, lost: Collection[int]) -> bool:
    """Whether a row that was slid over says the same as the one that slid over it, so that no other row is wrong."""
    pairs = [(column[row], column[row + by]) for column in slid.columns if 0 <= row + by < len(column)]
    figures = [(search.cells[one].value, search.cells[other].value) for one, other in pairs]
    return row in lost and all(a == b for a, b in figures) and sum(bool(a) for a, _ in figures) > 1


#: Failing sums by which a slide is judged before all of it is.
_TESTED = 4


def _fill(search: Search, moves: dict[int, int], lost: Sequence[int]) -> bool:
    """Find the figures that were slid over from the sums that hold them; false where no figure will do."""
    net = search.net
    change = search.change(Act("", 0, tuple(moves.items())))
    search.spend(len(change) + len(moves))
    waiting = list(lost)
    for _ in lost:
        for cell in waiting:
            held = [(s, w) for s, w in net.uses(cell) if search.sums[s].grade == HARD]
            held = [
                (s, w) for s, w in held if not any(c in search.sums[s].cells for c in waiting if c != cell)
            ]
            if held:
                break
        else:
            return True
        low, high = -FAR, FAR
        for s, weight in held:
            search.moved[s] = search.moved.get(s, 0) + change.get(s, 0)
            one, other = search.interval(s, weight)
            search.moved[s] -= change.get(s, 0)
            low, high = max(low, one), min(high, other)
        at = net.cells[cell]
        middle = 0 if low <= 0 <= high else (low + high) // 2
        by = (at.value + middle + at.step // 2) // at.step * at.step - at.value
        if not low <= by <= high:
            return False
        waiting.remove(cell)
        moves[cell] = by
        for s, weight in net.uses(cell):
            change[s] = change.get(s, 0) + weight * by
    return True
