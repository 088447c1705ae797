"""A percent as two amounts make it, with the bounds that their intervals allow, and how a printed one compares."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from decimal import Context as Arithmetic
from typing import Final, NamedTuple

from fatk.findings import FAILED
from fatk.rounding import ZERO
from fatk.rules.context import EXACT, Ref
from fatk.rules.narrative.figures import HUNDRED, ONE, Figure
from fatk.values import decimals_of

#: Wide enough for the quotient of the greatest figure that a report may hold and the least.
_WIDE: Final = Arithmetic(prec=80, rounding=ROUND_HALF_UP)


class Quotient(NamedTuple):
    """A rate as two amounts make it: of the printed figures, and the least and greatest that their intervals allow."""

    value: Decimal
    low: Decimal
    high: Decimal | None
    refs: tuple[Ref, ...]
    base: Decimal


#: Grades of a rate that has a quotient, best first.
WITHIN: Final = "within"
TRUNCATED: Final = "truncated"
PLUGGED: Final = "plugged"


def quotient(part: Figure, whole: Figure, shift: Decimal = ZERO) -> Quotient:
    """The percent that one amount is of another, less ``shift``."""
    corners = [
        (p, w)
        for p in (part.value - part.own, part.value + part.own)
        for w in (whole.value - whole.own, whole.value + whole.own)
    ]
    return _bounds(part.value, whole.value, corners, shift, (part.ref, whole.ref))


def quotient_of_change(current: Figure, change: Figure, shift: Decimal = ZERO) -> Quotient:
    """The percent that an amount is of what it was before its change, less ``shift``."""
    corners = [
        (c, c - m)
        for c in (current.value - current.own, current.value + current.own)
        for m in (change.value - change.own, change.value + change.own)
    ]
    before = current.value - change.value
    return _bounds(current.value, before, corners, shift, (current.ref, change.ref))


def _bounds(
    part: Decimal,
    base: Decimal,
    corners: Iterable[tuple[Decimal, Decimal]],
    shift: Decimal,
    refs: tuple[Ref, ...],
) -> Quotient:
    """A quotient with its bounds, which lie at corners; it has no upper one where the base may be as small as one likes."""
    at_corners = [_WIDE.divide(HUNDRED * p, b) - shift if b > 0 else None for p, b in corners]
    bounded = [q for q in at_corners if q is not None]
    value = _WIDE.divide(HUNDRED * part, base) - shift if base else ZERO
    high = max(bounded) if len(bounded) == len(at_corners) else None
    return Quotient(value, min(bounded, default=-shift), high, refs, base)


def grade(printed: Decimal, of: Quotient) -> str:
    """How a printed rate compares with its quotient: exact, within the intervals, cut off, or none of these."""
    places = decimals_of(printed)
    if printed == to_places(of.value, places):
        return EXACT
    step, low, high = ONE.scaleb(-places), of.low, of.high
    if printed + step / 2 >= low and (high is None or printed - step / 2 <= high):
        return WITHIN
    up = printed >= 0 and low < printed + step and (high is None or high >= printed)
    down = printed <= 0 and low <= printed and (high is None or high > printed - step)
    return TRUNCATED if up or down else FAILED


def to_places(number: Decimal, places: int) -> Decimal:
    """A rate with so many decimals, ties away from zero; a zero has no sign."""
    rounded = number.quantize(ONE.scaleb(-places), context=_WIDE)
    return rounded or abs(rounded)


def spread_of(places: int, of: Quotient) -> Decimal | None:
    """How far a rate of so many decimals may be from its quotient, shown with two decimals more."""
    if of.high is None:
        return None
    spread = max(of.high - of.value, of.value - of.low) + ONE.scaleb(-places) / 2
    return spread.quantize(ONE.scaleb(-places - 2), rounding=ROUND_UP, context=_WIDE)
