"""A row that the report does not have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from fatk.causes.acts import LEAST, Act
from fatk.causes.search import Search
from fatk.causes.weights import HARD, scaled
from fatk.model import TOTAL
from fatk.rules.context import Ref


def lost_rows(search: Search, failing: Sequence[int]) -> None:
    """Offer a row below a parent whose amounts are what the parent's columns lack."""
    net = search.net
    lacking: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for s in failing:
        made = search.sums[s]
        if made.rollup and made.total is not None:
            at = net.cells[made.total]
            lacking[at.ref[:2]][at.ref.field] = s
    for (table, parent), columns in lacking.items():
        amounts = {}
        for name, s in columns.items():
            low, high = search.bounds(s)
            step = net.cells[net.at[Ref(table, parent, name)]].step
            amounts[name] = -(low + high) // (2 * step) * step
        if len(columns) < 2 or min(amounts.values()) < 0 or not _row_keeps(search, table, parent, amounts):
            continue
        for code in _codes_lost(search, table, parent, amounts):
            lost = tuple((Ref(table, code, name), amount) for name, amount in amounts.items())
            moves = tuple((net.at[ref], amount) for ref, amount in lost if ref in net.at)
            direct = tuple((s, -amounts[name]) for name, s in columns.items())
            search.offer(Act("row_lost", (1 + len(lost)) * LEAST, moves, direct, lost=lost), 2)


def _row_keeps(search: Search, table: str, parent: str, amounts: Mapping[str, int]) -> bool:
    """Whether amounts keep the sums that hold within one row, as those of the parent's row show them."""
    net = search.net
    sums = {s for name in amounts for s, _ in net.uses(net.at[Ref(table, parent, name)])}
    for s in sums:
        made = search.sums[s]
        refs = {cell: net.cells[cell].ref for cell in made.cells}
        if made.grade == HARD and len(refs) > 1 and all(ref[:2] == (table, parent) for ref in refs.values()):
            off = sum(weight * amounts.get(refs[cell].field, 0) for cell, weight in made.cells.items())
            if abs(off) > 2 * made.high:
                return False
    return True


def _codes_lost(search: Search, table: str, parent: str, amounts: Mapping[str, int]) -> list[str]:
    """What the lost row may be: the one whose own children are there, one that another table has, else not known."""
    context = search.net.context
    start, width = ("", 3) if parent == TOTAL else (parent, len(parent) + 2)

    def below(names: Iterable[str]) -> set[str]:
        return {n[:width] for n in names if n.isdigit() and n.startswith(start) and len(n) >= width}

    here = context.rows_of(table)
    orphans = below(here) - set(here)
    if orphans:
        return sorted(orphans)
    scheme = context.spec.tables[table].scheme
    others = [form for form in context.spec.forms if form.id != table and form.scheme == scheme]
    elsewhere = {form.id: below(context.rows_of(form.id)) - set(here) for form in others}
    search.spend(sum(map(len, elsewhere.values())))
    alike = {
        name
        for form in others
        for name in elsewhere[form.id]
        for f in form.amounts
        if scaled(context.operand(form.id, name, f.name, absent="zero").value) == amounts.get("total")
    }
    named = alike or set().union(*elsewhere.values())
    return sorted(named) if len(named) == 1 else [f"{parent}*"]
