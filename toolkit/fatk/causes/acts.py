"""Acts: each one thing that may have gone wrong, what it would do, and which of several explain best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import NamedTuple

from fatk.rules.context import Ref

#: Explanations that may be equally small; where there are more, none stands out and none is given.
OPTIONS = 6
#: What the cheapest act costs: a place.
LEAST = 2


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """One thing that may have gone wrong, as the change that would undo it.

    ``moves`` change cells, ``direct`` changes sums that a row would join which the report does not have; ``slack`` is what
    sums may be off by where figures were printed too coarsely to be known again. ``lost`` are the cells of such a row; the
    last ``carried`` moves are of totals that only follow. ``cost`` is how much it takes to say what went wrong: two for
    each place and for each figure that nothing else tells, less for a figure that a slip of the hand explains.
    """

    kind: str
    cost: int
    moves: tuple[tuple[int, int], ...]
    direct: tuple[tuple[int, int], ...] = ()
    slack: Mapping[int, int] = field(default_factory=dict)
    lost: tuple[tuple[Ref, int], ...] = ()
    carried: int = 0

    @property
    def size(self) -> int:
        """Cells changed."""
        return len(self.lost) or len(self.moves)


class Effect(NamedTuple):
    """What an act would do: equalities that come out, those it touches that still fail, and inequalities."""

    fixed: frozenset[int]
    left: frozenset[int]
    touched: frozenset[int]
    softly_fixed: int
    softly_broken: int


Viable = list[tuple[Act, Effect]]
#: Explanations of the same failures; each is a set of acts.
Group = list[list[Act]]
#: Cost, cells and acts of an explanation: the less the better.
Size = tuple[int, int, int]


def cost_of(groups: Iterable[Group]) -> int:
    """What it takes to say the first explanation of each group."""
    return sum(act.cost for group in groups for act in group[0])


def choices(groups: Sequence[Group]) -> list[tuple[list[Act], ...]]:
    """One option of each group, in every combination; where these are too many, the first of each."""
    if prod(map(len, groups)) > OPTIONS:
        return [tuple(group[0] for group in groups)]
    return list(product(*groups))


def distinct(options: Iterable[list[Act]]) -> Group:
    """Explanations without those that are the same acts in another order."""
    found: dict[frozenset[tuple[tuple[int, int], ...]], list[Act]] = {}
    for acts in options:
        found.setdefault(frozenset(tuple(sorted(act.moves)) for act in acts), acts)
    return list(found.values())


def all_alike(acts: Viable) -> bool:
    """Whether acts all let the same sums hold and leave none failing that they touch, so that any of them will do."""
    first = acts[0][1]
    return all(not effect.left and effect.fixed == first.fixed for _, effect in acts)


def best_of(found: Viable) -> Viable:
    """Acts without those that explain less than another at no less cost, nor of those that explain the same the lesser.

    An act that explains less needs at least one more beside it.
    """
    alike: dict[tuple[frozenset[int], frozenset[int]], Viable] = defaultdict(list)
    for act, effect in found:
        alike[effect.fixed, effect.left].append((act, effect))
    kept: Viable = []
    for acts in alike.values():
        keys = [(e.softly_broken, -e.softly_fixed, a.size, a.cost) for a, e in acts]
        same = {a.moves: (a, e) for (a, e), key in zip(acts, keys, strict=True) if key == min(keys)}
        kept += same.values()
    cheapest = {effects: min(a.cost for a, _ in acts) for effects, acts in alike.items()}
    kept = [
        (a, e)
        for a, e in kept
        if not any(
            e.fixed < fixed and left <= e.left and cost <= a.cost + LEAST
            for (fixed, left), cost in cheapest.items()
        )
    ]
    kept.sort(key=lambda ae: (len(ae[1].left), -len(ae[1].fixed), ae[0].size, ae[0].cost))
    return kept
