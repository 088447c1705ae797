"""What a printed figure stands for, and what rounding can explain.

A figure printed with a precision stands for every true value within half of it on either side, both ends included. An
identity of such figures is *exact*, *explained by rounding* when its residual is no larger than the half-widths together,
or *impossible*. There is no tolerance to choose.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)
_MANY: Final = 5


def usual_step(unit: str | None, decimals: int) -> Decimal:
    """The precision of printed figures of which nothing else is known: none in 元 with two decimals, which are exact."""
    return ZERO if unit == "元" and decimals >= 2 else Decimal(1).scaleb(-decimals)


def bound(weights_and_halves: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The largest residual that rounding explains: the sum of every cell's half-width times its weight."""
    return sum((abs(weight) * half for weight, half in weights_and_halves), ZERO)


def improbable(residual: Decimal, step: Decimal, parts: int) -> bool:
    """Whether a residual that rounding explains is more than four standard deviations of honest rounding.

    ``step`` is the precision of the figures and ``parts`` how many of them were rounded on their own; with fewer than
    five parts the flag says nothing, since the bound itself is nearer.
    """
    if parts < _MANY or not step:
        return False
    variance = step * step * (parts + 1) / 12
    return residual * residual > 16 * variance
