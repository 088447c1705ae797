"""The search for the fewest acts after which every check that failed would pass.

It is deterministic and bounded by the steps counted here, not by a clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from fatk.causes.acts import LEAST, Act, Effect, Group, Size, Viable, all_alike, best_of, choices, distinct
from fatk.causes.names import Names
from fatk.causes.network import Network
from fatk.causes.weights import FAR, HARD, SOFT
from fatk.rules.context import Ref

#: Steps (a cell or a sum looked at) that the whole search may take, and one tangle of failures.
STEPS, TANGLE_STEPS = 150_000, 50_000
#: Choices followed at once and one after another where nothing is forced.
_WIDTH, _DEPTH = 8, 3
#: Printable figures within rounding that are tried for a name.
_FIGURES = 61


class _Exhausted(Exception):
    """The steps allowed are used up."""


class Search:
    """The search for the fewest acts, over residuals that change as acts are tried and taken back."""

    def __init__(self, net: Network) -> None:
        self.net, self.cells, self.sums = net, net.cells, net.sums
        self.moved: dict[int, int] = {}
        self.eased: dict[int, int] = {}
        sums = [s for number in net.failed if (s := net.sum_of(number)) is not None]
        self.failing = frozenset(sums)
        self.hard = frozenset(s for s in sums if net.sums[s].grade == HARD)
        self.steps, self.limit = 0, STEPS
        self.offered: dict[int, list[Act]] = defaultdict(list)
        self.names = Names(net)

    def spend(self, steps: int) -> None:
        """Count steps; the search ends where they are used up."""
        self.steps += steps
        if self.steps > self.limit:
            raise _Exhausted

    def within(self, steps: int, work: Callable[[], _Found]) -> _Found | None:
        """The result of some work, or ``None`` where it takes more than its share of the steps."""
        limit = self.limit
        self.limit = min(limit, self.steps + steps)
        try:
            return work()
        except _Exhausted:
            if self.steps > limit:
                raise
            return None
        finally:
            self.limit = limit

    # What acts do

    def bounds(self, s: int) -> tuple[int, int]:
        """By how little and how much a sum's residual may change for the sum to hold."""
        made = self.sums[s]
        residual, slack = made.residual + self.moved.get(s, 0), self.eased.get(s, 0)
        return made.low - slack - residual, made.high + slack - residual

    def holds(self, s: int) -> bool:
        """Whether a sum holds as things stand."""
        low, high = self.bounds(s)
        return low <= 0 <= high

    def change(self, act: Act) -> dict[int, int]:
        """By how much an act changes the residual of each sum."""
        found: dict[int, int] = {}
        for cell, by in act.moves:
            for s, weight in self.net.uses(cell):
                found[s] = found.get(s, 0) + weight * by
        for s, by in act.direct:
            found[s] = found.get(s, 0) + by
        return {s: by for s, by in found.items() if by}

    def effect(self, act: Act) -> Effect | None:
        """What an act would do as things stand; ``None`` where it would break what must not be broken."""
        change = self.change(act)
        self.spend(len(change) + len(act.moves))
        fixed: list[int] = []
        left: list[int] = []
        better = worse = 0
        for s, by in change.items():
            low, high = self.bounds(s)
            slack = act.slack.get(s, 0)
            after = low - slack <= by <= high + slack
            grade = self.sums[s].grade
            if low <= 0 <= high:
                if not after and grade != SOFT:
                    return None
                worse += not after
            elif grade == HARD:
                (fixed if after else left).append(s)
            else:
                better += after
        for cell, by in act.moves:
            at = self.cells[cell]
            worse += at.value >= at.least > at.value + by
        return Effect(frozenset(fixed), frozenset(left), frozenset(change), better, worse)

    def apply(self, act: Act, sign: int = 1) -> None:
        """Let an act be done, or with sign -1 undone."""
        for s, by in self.change(act).items():
            self.moved[s] = self.moved.get(s, 0) + sign * by
        for s, slack in act.slack.items():
            self.eased[s] = self.eased.get(s, 0) + sign * slack

    # A single cell

    def interval(self, s: int, weight: Any) -> tuple[int, int]:
        """By how much a cell of that weight may change for a sum to hold."""
        low, high = self.bounds(s)
        if weight < 0:
            low, high, weight = -high, -low, -weight
        return (low, high) if weight == 1 else (-(-low // weight), high // weight)

    def single(self, cell: int, s: int) -> Act | None:
        """The change of one cell that lets a failing sum hold, breaks none, and lets as many others hold as it can."""
        if self.cells[cell].fixed:
            return None
        low, high = self.interval(s, self.sums[s].cells[cell])
        uses = self.net.uses(cell)
        self.spend(len(uses))
        others = []
        for t, weight in uses:
            grade = self.sums[t].grade
            if t == s or grade == SOFT:
                continue
            if not self.holds(t):
                if grade == HARD:
                    others.append((t, weight))
                continue
            one, other = self.interval(t, weight)
            low, high = max(low, one), min(high, other)
            if low > high:
                return None
        for t, weight in others:
            one, other = self.interval(t, weight)
            if max(low, one) <= min(high, other):
                low, high = max(low, one), min(high, other)
        return self.figure(cell, low, high)

    def figure(self, cell: int, low: int, high: int) -> Act | None:
        """The best printable figure of a cell whose change lies in an interval: one with a name, else the middle one."""
        at = self.cells[cell]
        first, last = -(-(at.value + low) // at.step), (at.value + high) // at.step
        if last - first >= _FIGURES:
            middle = (first + last) // 2
            first, last = middle - _FIGURES // 2, middle + _FIGURES // 2
        best: tuple[tuple[int, int], Act] | None = None
        for steps in range(first, last + 1):
            by = steps * at.step - at.value
            if not by:
                continue
            kind, rank = self.names.of(cell, steps * at.step)
            key = (rank, abs(2 * by - low - high))
            if best is None or key < best[0]:
                best = (key, Act(kind, LEAST + rank, ((cell, by),)))
        return best[1] if best else None

    # What may explain a failing sum

    def viable(self, s: int) -> Viable:
        """Acts that let a failing sum hold and break none; of those that do the same, only the best."""
        acts = [act for cell in self.sums[s].cells if (act := self.single(cell, s)) is not None]
        found = []
        for act in (*acts, *self.offered.get(s, ())):
            effect = self.effect(act)
            if effect is not None and s in effect.fixed:
                found.append((act, effect))
        return best_of(found)

    def offer(self, act: Act, least: int) -> None:
        """Add an act of several cells to what may explain, if it explains at least so many failures and leaves few."""
        effect = self.effect(act)
        if effect is None or len(effect.fixed) < least or 3 * len(effect.left) > len(effect.fixed):
            return
        for s in effect.fixed | effect.left:
            self.offered[s].append(act)

    # The fewest acts

    def solved(self, offers: Iterable[_Offer], todo: Collection[int]) -> tuple[list[Group], set[int]]:
        """Explain failing sums after more has been offered that may explain them; what still fails is returned too."""
        found: list[Group] = []
        try:
            for offer in offers if todo else ():
                self.within(STEPS // 4, partial(offer, self, sorted(todo)))
            self.solve(set(todo), _DEPTH, found, top=True)
        except _Exhausted:
            pass  # what was found till then stands
        return found, {s for s in todo if not self.holds(s)}

    def solve(self, todo: set[int], depth: int, found: list[Group], *, top: bool = False) -> set[int]:
        """Explain failing sums: what is found is added and stays applied, what could not be explained is returned."""
        todo = set(todo)
        viable: dict[int, Viable] = {}
        while todo:
            for s in sorted(todo - viable.keys()):
                viable[s] = self.viable(s)
            touched = self._forced(viable, todo, found)
            if not touched:
                return self._parted(viable, depth, found, top=top)
            for s in viable.keys() & (self.around(touched) | viable.keys() - todo):
                del viable[s]
        return set()

    def around(self, touched: Iterable[int]) -> set[int]:
        """Sums that share a cell with sums whose residuals changed, so that something else may explain them now."""
        cells = {cell for s in touched for cell in self.sums[s].cells}
        return {s for cell in cells for s, _ in self.net.uses(cell)}

    def _forced(self, viable: Mapping[int, Viable], todo: set[int], found: list[Group]) -> set[int]:
        """Apply what is the only thing that explains a sum; the sums that this changed."""
        forced = [viable[s] for s in sorted(todo) if viable[s] and all_alike(viable[s])]
        forced.sort(key=lambda acts: -len(acts[0][1].fixed))
        touched: set[int] = set()
        for acts in forced:
            act, effect = acts[0]
            if not effect.touched & touched and effect.fixed <= todo:
                self.apply(act)
                found.append([[a] for a, _ in acts])
                touched |= effect.touched
                todo -= effect.fixed
        return touched

    def _parted(self, viable: Mapping[int, Viable], depth: int, found: list[Group], *, top: bool) -> set[int]:
        """Explain failures where there is a choice, each tangle of them for itself."""
        rest: set[int] = set()
        for part in self.parts(viable):
            work = partial(self.branch, part, viable, depth)
            group = self.within(TANGLE_STEPS, work) if top else work()
            if group is None:
                rest |= part
                continue
            found.append(group)
            for act in group[0]:
                self.apply(act)
        return rest

    def parts(self, viable: Mapping[int, Viable]) -> list[set[int]]:
        """Failing sums that hang together: by a cell that they share or by an act that touches both."""
        parent = {s: s for s in viable}

        def root(s: int) -> int:
            while parent[s] != s:
                parent[s] = parent[parent[s]]
                s = parent[s]
            return s

        owner: dict[int, int] = {}
        for s, acts in viable.items():
            for cell in self.sums[s].cells:
                parent[root(s)] = root(owner.setdefault(cell, s))
            for _, effect in acts:
                for t in effect.fixed | effect.left:
                    if t in parent:
                        parent[root(t)] = root(s)
        found: dict[int, set[int]] = defaultdict(set)
        for s in viable:
            found[root(s)].add(s)
        return sorted(found.values(), key=min)

    def branch(self, part: set[int], viable: Mapping[int, Viable], depth: int) -> Group | None:
        """The smallest explanations of failures that hang together, by trying what may explain one of them."""
        pivots = sorted((s for s in part if viable[s]), key=lambda s: (len(viable[s]), s))
        for pivot in pivots[:3]:
            acts = viable[pivot]
            if len(acts) > 1 and not depth:
                return None
            tried: list[tuple[Size, list[Act]]] = []
            for act, effect in acts[:_WIDTH]:
                rest = part - effect.fixed
                bound = min((size[0] for size, _ in tried), default=FAR)
                if act.cost + (LEAST if rest else 0) > bound:
                    continue
                try:
                    tried += self._follow(act, rest, depth - (len(acts) > 1))
                except _Exhausted:
                    if not tried:  # what was found is good, if not surely the least
                        raise
                    break
            if tried:
                least = min(size for size, _ in tried)
                if any(act.cost + (LEAST if part - e.fixed else 0) <= least[0] for act, e in acts[_WIDTH:]):
                    return None  # others that were not followed may be as good
                return distinct(acts for size, acts in tried if size == least)
        return None

    def _follow(self, act: Act, rest: set[int], depth: int) -> list[tuple[Size, list[Act]]]:
        """Explanations that begin with an act, each with its size; things stand afterwards as they stood before."""
        moved, eased = dict(self.moved), dict(self.eased)
        groups: list[Group] = []
        try:
            self.apply(act)
            if self.solve(rest, depth, groups):
                return []
        finally:
            self.moved, self.eased = moved, eased
        found = []
        for choice in choices(groups):
            acts = [act, *(a for option in choice for a in option)]
            found.append(((sum(a.cost for a in acts), sum(a.size for a in acts), len(acts)), acts))
        return found


_Found = TypeVar("_Found")
#: Adds acts of several cells to what may explain failing sums.
_Offer = Callable[[Search, Sequence[int]], None]


def cells_shown(search: Search, act: Act) -> list[tuple[Ref, int]]:
    """The cells of an act with their reconciling figures, in the report's order; totals carried along last."""
    figures = list(act.lost) or [(search.cells[c].ref, search.cells[c].value + by) for c, by in act.moves]
    own = len(figures) - act.carried
    return [*sorted(figures[:own], key=lambda f: search.net.order(f[0])), *figures[own:]]
