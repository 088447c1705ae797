"""Which kinds of acts are tried, in which order, and the causes that come of them."""

from __future__ import annotations

from collections.abc import Sequence

from fatk.causes.acts import OPTIONS, Act, Group, cost_of
from fatk.causes.carried import with_row_totals, with_totals
from fatk.causes.cause import Cause, sentence
from fatk.causes.lost_rows import lost_rows
from fatk.causes.network import Network
from fatk.causes.search import Search, cells_shown
from fatk.causes.slides import crowded, slides
from fatk.causes.swaps import swaps
from fatk.causes.unit_slips import unit_slips
from fatk.causes.weights import HARD
from fatk.rules.context import Check, Context


def find(context: Context, checks: Sequence[Check]) -> tuple[Cause, ...]:
    """The causes of the failures among all checks of a report; for a failure without one nothing stands out.

    Sums and copies (the kinds ``EQUALITIES``) that are errors are explained. What is only usually true, and inequalities,
    are explained along with them where they come out too, and count against a figure that would break them.
    """
    net = Network(context, checks)
    search = Search(net)
    return told(search, groups_of(search)) if search.hard else ()


def groups_of(search: Search) -> list[Group]:
    """Explanations of as many failures as can be explained, group by group; the first of each stays applied."""
    groups, rest = search.solved((swaps, unit_slips, lost_rows, with_row_totals), search.hard)
    if rest or crowded(search, groups):
        before = search.moved, search.eased
        search.moved, search.eased = {}, {}
        others, others_rest = search.solved((slides,), search.hard)
        if (len(others_rest), cost_of(others)) < (len(rest), cost_of(groups)):
            groups, rest = others, others_rest
        else:
            search.moved, search.eased = before
    carried, _ = search.solved((with_totals,), rest)
    return groups + carried


def told(search: Search, groups: Sequence[Group]) -> tuple[Cause, ...]:
    """The causes of those groups whose acts leave no sum failing that they touch, and that are few enough to stand out."""
    kept = list(groups)
    wrong = [group for group in kept if len(group) > OPTIONS]
    while wrong:  # what one group no longer explains, another may have built upon
        for group in wrong:
            kept.remove(group)
            for act in group[0]:
                search.apply(act, -1)
        wrong = [group for group in kept if not all(_clean(search, act) for act in group[0])]
    causes: list[Cause] = []
    kept.sort(key=lambda group: min(_order(search, option) for option in group))
    for number, group in enumerate(kept):
        options = sorted(group, key=lambda option: (_totals(search, option), _order(search, option)))
        said: set[tuple[str, ...]] = set()
        for option in options:
            acts = sorted(option, key=lambda act: _order(search, [act]))
            found = [_cause(search, act, number, len(said)) for act in acts]
            sentences = tuple(sentence(cause, search.net.context) for cause in found)
            if sentences not in said:  # what a person cannot tell apart is one
                said.add(sentences)
                causes += found
    return tuple(causes)


def _clean(search: Search, act: Act) -> bool:
    """Whether all equalities that an act changes hold as things stand."""
    return all(search.holds(s) for s in search.change(act) if search.sums[s].grade == HARD)


def _order(search: Search, option: Sequence[Act]) -> tuple[int, int, int]:
    return min(search.net.order(cells_shown(search, act)[0][0]) for act in option)


def _totals(search: Search, option: Sequence[Act]) -> int:
    """How many of the cells are sums of others: a leaf is the likelier place of a fault."""
    return sum(bool(search.net.parts(cell)) for act in option for cell, _ in act.moves)


def _cause(search: Search, act: Act, group: int, option: int) -> Cause:
    shown = cells_shown(search, act)
    touched = search.change(act)
    return Cause(
        act.kind,
        tuple(ref for ref, _ in shown),
        tuple(search.net.printed(ref, value) for ref, value in shown),
        tuple(sorted(search.sums[s].check for s in touched if s in search.failing and search.holds(s))),
        group,
        option,
        act.carried,
    )
