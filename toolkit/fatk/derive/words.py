"""How a figure was found, in the words of the rules and statements that it follows from."""

from __future__ import annotations

from decimal import Decimal

from fatk.derive.declared import declared
from fatk.derive.network import EMPTY_TABLE, FLOOR, LISTED, STATED, Network, Relation
from fatk.rules.context import Ref
from fatk.values import show

#: A longer sum is told by its rule alone.
_MANY = 8


def derivation(network: Network, key: Ref) -> str:
    """How a known amount follows."""
    parts = list(dict.fromkeys(_reason(network, relation, key) for relation in network.reasons(key)))
    convention = network.convention(key)
    if convention is not None:
        parts.append(f"按惯例（{declared().convention(convention).title['zh']}），不是证明")
    return "；".join(parts)


def bounds(network: Network, key: Ref) -> str:
    """Why an amount that is listed is not known, and what bounds it."""
    low, high = network.low.get(key), network.high.get(key)
    parts = [low.by.said if low and low.by else "", "金额未公开"]
    if high and high.by:
        parts.append(f"按“{high.by.said}”不超过{show(high.value)}")
    return "；".join(part for part in parts if part)


def _reason(network: Network, relation: Relation, key: Ref) -> str:
    if relation.kind in {STATED, LISTED, FLOOR}:
        return relation.said
    if relation.kind == EMPTY_TABLE:
        return f"{relation.said}；声明为空表的，故为零"
    if len(relation.terms) == 1:
        return relation.said
    if relation.copy:
        other = next(ref for _, ref in relation.terms if ref != key)
        return f"{origin(network, other)}{relation.said}"
    own = next(weight for weight, ref in relation.terms if ref == key)
    figures = [(-weight / own, network.value(ref)) for weight, ref in relation.terms if ref != key]
    sum_of_known = _sum([(weight, value) for weight, value in figures if value])
    of_others = all(weight > 0 for weight, _ in figures)
    if any(value is None for _, value in figures) or (network.low[key].by is None and not of_others):
        sum_of_known = f"{sum_of_known}，各数不为负" if sum_of_known else "合计为零，各数不为负"
    return f"{relation.said}：{sum_of_known or '其余各数都是零'}"


def origin(network: Network, key: Ref) -> str:
    """Where a figure is stated that is taken over, if it is stated."""
    if basis(network, key) != STATED:
        return ""
    return f"{derivation(network, key)}；"


def basis(network: Network, key: Ref) -> str:
    """On what basis a known amount stands: stated, derived or convention.

    What another table repeats is stated where the other is.
    """
    if network.convention(key):
        return "convention"
    reasons = network.reasons(key)
    if len(reasons) == 1:
        (relation,) = reasons
        if relation.kind == STATED:
            return STATED
        if relation.copy:
            other = next(ref for _, ref in relation.terms if ref != key)
            return STATED if basis(network, other) == STATED else "derived"
    return "derived"


def _sum(figures: list[tuple[Decimal, Decimal | None]]) -> str:
    """A sum of figures as it is written."""
    if len(figures) > _MANY:
        return ""
    plus = [show(value) for weight, value in figures if value and weight > 0]
    minus = [show(value) for weight, value in figures if value and weight < 0]
    return ("＋".join(plus) or "0") + "".join(f"－{value}" for value in minus) if figures else ""
