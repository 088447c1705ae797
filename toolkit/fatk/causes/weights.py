"""Checks of rules as weighted sums of cells: the weight of each cell, as a rule's declaration says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from fatk.findings import ERROR, FAILED, WITHIN_ROUNDING
from fatk.rules.context import EXACT, Context, Ref, Rule
from fatk.rules.linear import sides

#: Figures are whole numbers of this many decimals while they are searched: six of their own, eight of a unit's factor.
PLACES = 16
#: Beyond every figure.
FAR = 10**60
# What a sum asks for: an equality that must hold; an inequality that must not be broken; what only usually holds.
HARD, STRICT, SOFT = range(3)
#: Outcomes of checks whose figures were all known.
DECIDED = frozenset({EXACT, WITHIN_ROUNDING, FAILED})
NOTHING = Decimal(0)
#: The weights of a check's cells, its constant, and which of the cells is the sum of the others.
Terms = tuple[Sequence[Any], Decimal, int | None]
Weights = Callable[[Sequence[Ref]], Terms]


def scaled(value: Decimal) -> int:
    """A figure as the whole number that it is searched as."""
    return int(value.scaleb(PLACES))


def usable_as_sum(rule: Rule | None) -> tuple[bool, int | None]:
    """Whether checks of a rule are sums of this report's cells, and the limit if the rule sets one for each cell alone.

    What compares with last year or with other units is left out: figures that differ there may lawfully differ.
    """
    if rule is None or rule.kind not in _SUMS or "check" in rule.body:
        return False, None
    instances = rule.body.get("instances", (rule.body,))
    if any("of" in term for i in instances for side in ("left", "right") for term in i.get(side, ())):
        return False, None
    left, right = rule.body.get("left", ()), rule.body.get("right", ())
    alone = rule.kind == "compare" and rule.severity != ERROR and len(left) == len(right) == 1
    if alone and "constant" in left[0] and "row" in right[0]:
        return True, scaled(Decimal(left[0]["constant"]))
    return True, None


#: Kinds of rules whose checks are sums of cells.
_SUMS = frozenset({"linear", "rollup", "compare", "agrees"})


def is_inequality(rule: Rule) -> bool:
    """Whether a rule is an inequality."""
    return rule.kind == "compare" or rule.body.get("relation") == "at_most"


def weights_of(rule: Rule) -> Weights | None:
    """The weights that a rule's checks all have, as its declaration shows them; ``None`` where they differ.

    A check keeps its cells in the order of the terms, but no weights. At most one side may have a term whose number of
    rows depends on the report, and that side's terms then all have one weight.
    """
    both = {
        (_side(instance["left"], 1, rule.kind), _side(instance["right"], -1, rule.kind))
        for instance in rule.body.get("instances", (rule.body,))
    }
    if len(both) != 1:
        return None
    ((left, right),) = both
    if left is None or right is None or (left.varies and right.varies):
        return None

    def weights(refs: Sequence[Ref]) -> Terms:
        ones, others = left.weights, right.weights
        if left.varies:
            ones = ones[:1] * (len(refs) - len(others))
        elif right.varies:
            others = others[:1] * (len(refs) - len(ones))
        return ones + others, left.constant + right.constant, _lone(len(ones), len(others))

    return weights


def _lone(ones: int, others: int) -> int | None:
    """The place of the one cell that is the sum of all others."""
    if ones + others == 2 or 1 not in (ones, others):
        return None
    return 0 if ones == 1 else ones


class _Side(NamedTuple):
    """One side of a declared sum: its cells' weights, whether their number is not fixed, and its constant."""

    weights: tuple[int, ...]
    varies: bool
    constant: Decimal


def _side(terms: Sequence[Mapping[str, Any]], sign: int, kind: str) -> _Side | None:
    """One side of a declared sum; ``None`` where the declaration alone does not say enough."""
    found: list[int] = []
    varies, constant = False, NOTHING
    for term in terms:
        weight = Decimal(term.get("weight", 1)) * sign
        if weight != int(weight) or "count" in term or "previous" in term or "or" in term:
            return None
        if "constant" in term:
            constant += weight * Decimal(term["constant"])
            found += [] if kind == "agrees" else [0]  # a check of this kind lists cells alone
            continue
        listed = isinstance(term.get("rows"), list)
        single = "row" in term or "figure" in term or ("claim" in term and "*" not in term["claim"])
        varies |= not listed and not single
        found += [int(weight)] * (len(term["rows"]) if listed else 1)
    if varies and len(set(found)) != 1:
        return None
    return _Side(tuple(found), varies, constant)


def terms_by_cells(rule: Rule, context: Context) -> Mapping[tuple[Ref, ...], Terms]:
    """The terms of all checks of a rule by their cells, found by making the rule's sums once more."""
    found: dict[tuple[Ref, ...], Terms] = {}
    for left, right in sides(rule, context):
        signed = [(o, 1) for o in left] + [(o, -1) for o in right]
        exact = [Fraction(o.weight) * sign for o, sign in signed]
        constant = sum((sign * o.weight * o.value for o, sign in signed if not o.ref.table), NOTHING)
        weights = [int(weight) if weight == int(weight) else weight for weight in exact]
        found[tuple(o.ref for o, _ in signed)] = weights, constant, _lone(len(left), len(right))
    return found
