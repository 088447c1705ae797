"""What sums tell of amounts that are not known: bounds, tightened until nothing follows any more.

An amount is known when its bounds meet. Every bound remembers what it follows from, so that an amount can say how it was
found, and a contradiction which statements it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from fatk.rounding import ZERO
from fatk.rules.context import Ref

#: What a relation is: a rule of the standard, a statement of the document that holds for one amount, or that a balance is
#: not negative, where the document states none that is.
RULE, STATED, LISTED, EMPTY_TABLE, FLOOR = "rule", "stated", "listed", "empty", "floor"
#: Bounds of an amount that are tightened this often chase one another without end.
_MOST = 200
#: Bounds that are tightened in all; what is sound takes some thousands. Behind that nothing more is concluded, as many amounts
#: that chase one another would take minutes.
_ALL = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A weighted sum of amounts and a constant that is zero, or with ``at_most`` not above zero.

    ``tolerance`` is what rounding may make of it; ``rank`` orders which of two explanations is given, the lower first. With
    ``premise`` it holds where these two amounts are equal. ``leaf`` is the statement that it is, ``convention`` that on
    which it rests.
    """

    kind: str
    said: str
    terms: tuple[tuple[Decimal, Ref], ...]
    constant: Decimal = ZERO
    at_most: bool = False
    tolerance: Decimal = ZERO
    loose: bool = False
    rank: int = 0
    premise: tuple[Ref, Ref] | None = None
    leaf: Ref | None = None
    convention: str | None = None

    @property
    def copy(self) -> bool:
        """Whether it says that a cell of one table stands in another table too."""
        if self.at_most or self.constant or len(self.terms) != 2 or self.kind != RULE:
            return False
        (one, first), (other, second) = self.terms
        return one == -other and first.table != second.table


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A least or greatest value, the relation that gives it (``None``: amounts are not negative), and the bounds of the
    other amounts in it.

    ``slack`` is by how much it may be off where its sums, each as often as it was used, only hold within rounding.
    """

    value: Decimal
    by: Relation | None = None
    parents: tuple[Bound, ...] = ()
    convention: str | None = None
    slack: Decimal = ZERO

    def steps(self) -> Iterator[Bound]:
        """The bound and every other one that it follows from, each once."""
        seen, left = {id(self)}, [self]
        while left:
            bound = left.pop()
            yield bound
            for parent in bound.parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    left.append(parent)


class Clash(NamedTuple):
    """An amount that would have to be at least ``low`` and at most ``high``, which is less."""

    key: Ref
    low: Bound
    high: Bound

    @property
    def gap(self) -> Decimal:
        """By how much."""
        return self.low.value - self.high.value

    @property
    def relations(self) -> list[Relation]:
        """What it follows from, nearest first."""
        found = dict.fromkeys(
            step.by for bound in (self.low, self.high) for step in bound.steps() if step.by is not None
        )
        return list(found)

    @property
    def nearest(self) -> list[Relation]:
        """The relations that give the two bounds."""
        return [bound.by for bound in (self.low, self.high) if bound.by is not None]

    @property
    def convention(self) -> str | None:
        """The convention that it rests on, if any."""
        return self.low.convention or self.high.convention

    @property
    def leaves(self) -> list[Ref]:
        """The statements that cannot all be true."""
        return list(dict.fromkeys(r.leaf for r in self.relations if r.leaf is not None))


@dataclass(slots=True, eq=False)
class Network:
    """Amounts and the relations among them; ``soft`` are the relations that only hold within rounding.

    With ``floors`` amounts are not negative, but for those that are ``signed``. ``strained`` are relations that turned out to hold only so: what follows once they are soft is another network's.
    """

    signed: frozenset[Ref]
    soft: frozenset[Relation]
    floors: bool = True
    strained: set[Relation] = field(default_factory=set)
    relations: list[Relation] = field(default_factory=list)
    low: dict[Ref, Bound] = field(default_factory=dict)
    high: dict[Ref, Bound] = field(default_factory=dict)
    holding: dict[Ref, list[int]] = field(default_factory=dict)
    tightened: dict[Ref, int] = field(default_factory=dict)
    steps: int = 0  # how often bounds were tightened in all

    def add(self, relations: Iterable[Relation]) -> Clash | None:
        """Take relations in and draw every conclusion; the first contradiction that rounding does not explain, if any."""
        first = len(self.relations)
        for relation in relations:
            number = len(self.relations)
            self.relations.append(relation)
            for key in (*(key for _, key in relation.terms), *(relation.premise or ())):
                self.holding.setdefault(key, []).append(number)
                if self.floors and key not in self.low and key not in self.signed:
                    self.low[key] = Bound(ZERO)
        return self._settle(range(first, len(self.relations)))

    def value(self, key: Ref) -> Decimal | None:
        """The amount, where it is known."""
        low, high = self.low.get(key), self.high.get(key)
        return low.value if low and high and low.value == high.value else None

    def bounds(self, key: Ref) -> tuple[Decimal | None, Decimal | None]:
        """The least and the greatest value that the amount can have."""
        low, high = self.low.get(key), self.high.get(key)
        return None if low is None else low.value, None if high is None else high.value

    def reasons(self, key: Ref) -> list[Relation]:
        """What makes a known amount known: one relation, or that of each bound where the bounds have two."""
        found = dict.fromkeys(bound.by for bound in (self.low[key], self.high[key]) if bound.by is not None)
        return list(found)

    def convention(self, key: Ref) -> str | None:
        """The convention that a known amount rests on, if any."""
        return self.low[key].convention or self.high[key].convention

    def _settle(self, fresh: Iterable[int]) -> Clash | None:
        """Draw conclusions rank by rank: all that wait of the lowest rank, then what waits then."""
        pending = set(fresh)
        while pending:
            rank = min(self.relations[number].rank for number in pending)
            batch = sorted(number for number in pending if self.relations[number].rank == rank)
            pending.difference_update(batch)
            for number in batch:
                clash = self._draw(self.relations[number], pending)
                if clash is not None:
                    return clash
        return None

    def _draw(self, relation: Relation, pending: set[int]) -> Clash | None:
        """Draw the conclusions of one relation; those that they touch are to be drawn again."""
        if relation.premise is not None:
            one, other = (self.value(key) for key in relation.premise)
            if one is None or one != other:
                return None
        for key, bound, upper in list(self._conclusions(relation)):
            clash = self._tighten(key, bound, upper=upper)
            if clash is not None:
                if self._excused(clash):
                    continue
                return clash
            if self.tightened[key] <= _MOST and self.steps <= _ALL:
                pending.update(self.holding[key])
        return None

    def _excused(self, clash: Clash) -> bool:
        """Whether a contradiction is none: rounding explains it, or it rests on relations that are strained already."""
        relations = clash.relations
        if not self.strained.isdisjoint(relations):
            return True
        nearest = clash.nearest
        for some, slack in (
            (nearest, sum((r.tolerance for r in nearest), ZERO)),
            (relations, clash.low.slack + clash.high.slack),
        ):
            rounded = {r for r in some if r.tolerance and not r.loose} - self.soft
            if rounded and clash.gap <= slack:
                self.strained |= rounded
                return True
        return False

    def _conclusions(self, relation: Relation) -> Iterator[tuple[Ref, Bound, bool]]:
        """The tighter bounds that a relation gives: each amount's from the bounds of the others."""
        within = relation.loose or relation in self.soft
        slack = relation.tolerance if within else ZERO
        unsure = ZERO if within else relation.tolerance
        for sign in (1,) if relation.at_most else (1, -1):
            least = [
                (self.low if sign * weight > 0 else self.high).get(key) for weight, key in relation.terms
            ]
            unknown = [n for n, bound in enumerate(least) if bound is None]
            if len(unknown) > 1:
                continue
            total = (
                sign * relation.constant
                - slack
                + sum(
                    (
                        sign * weight * bound.value
                        for (weight, _), bound in zip(relation.terms, least, strict=True)
                        if bound is not None
                    ),
                    ZERO,
                )
            )
            for n in unknown or range(len(least)):
                weight, key = relation.terms[n]
                own = least[n]
                rest = total if own is None else total - sign * weight * own.value
                limit = -rest / (sign * weight)
                upper = sign * weight > 0
                known = (self.high if upper else self.low).get(key)
                if known is None or (limit < known.value if upper else limit > known.value):
                    parents = tuple(b for m, b in enumerate(least) if m != n and b is not None)
                    agreed = relation.convention or next(
                        (b.convention for b in parents if b.convention), None
                    )
                    off = unsure + sum(
                        (
                            abs(w) * b.slack
                            for m, ((w, _), b) in enumerate(zip(relation.terms, least, strict=True))
                            if m != n and b is not None
                        ),
                        ZERO,
                    )
                    yield key, Bound(limit, relation, parents, agreed, off / abs(weight)), upper

    def _tighten(self, key: Ref, bound: Bound, *, upper: bool) -> Clash | None:
        known, other = (self.high, self.low) if upper else (self.low, self.high)
        self.steps += 1
        times = self.tightened[key] = self.tightened.get(key, 0) + 1
        opposite = other.get(key)
        if opposite is not None and (bound.value < opposite.value if upper else bound.value > opposite.value):
            return Clash(key, opposite, bound) if upper else Clash(key, bound, opposite)
        if times <= _MOST and self.steps <= _ALL:
            known[key] = bound
        return None
