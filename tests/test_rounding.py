"""What a printed figure stands for, and what rounding can explain, at the boundaries of each."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk.rounding import bound, improbable, usual_step

WEIGHTS = st.sampled_from([Decimal(1), Decimal(-1), Decimal(2)])
#: Parts of a sum, in tenths of the step that they are rounded to, each with its weight.
PARTS = st.lists(st.tuples(WEIGHTS, st.integers(-1000, 1000)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("unit", "decimals", "step"),
    [
        ("元", 2, "0"), ("元", 3, "0"), ("元", 1, "0.1"), ("元", 0, "1"),
        ("万元", 2, "0.01"), ("万元", 0, "1"), ("亿元", 4, "0.0001"), (None, 2, "0.01"),
    ],
)  # fmt: skip
def test_only_yuan_with_fen_are_exact(unit: str | None, decimals: int, step: str) -> None:
    assert usual_step(unit, decimals) == Decimal(step)


def test_the_bound_is_the_half_widths_together_whatever_the_signs() -> None:
    half = Decimal("0.005")
    assert bound([(Decimal(1), half), (Decimal(-1), half), (Decimal(-2), half)]) == Decimal("0.020")
    assert bound([]) == 0


@given(PARTS)
def test_rounding_never_takes_a_sum_beyond_the_bound(parts: list[tuple[Decimal, int]]) -> None:
    step = Decimal("0.01")
    true = [(weight, Decimal(tenths) * step / 10) for weight, tenths in parts]
    residual = sum(w * (v.quantize(step, ROUND_HALF_UP) - v) for w, v in true)
    assert abs(residual) <= bound((weight, step / 2) for weight, _ in true)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("parts", "steps", "expected"),
    # Each rounded figure has the variance of an even spread over one step, step²/12; four deviations of six of them
    # are √8 steps, and of twelve exactly 4.
    [(5, "2.828", False), (5, "2.829", True), (11, "4.00", False), (11, "4.01", True), (4, "100", False)],
)
def test_more_than_four_deviations_of_five_parts_or_more_are_improbable(
    parts: int, steps: str, expected: bool, sign: int
) -> None:
    for step in (Decimal("0.01"), Decimal(1), Decimal(1000)):
        assert improbable(sign * Decimal(steps) * step, step, parts) is expected


def test_what_was_not_rounded_is_not_improbable() -> None:
    for residual, parts in product((Decimal(0), Decimal(1)), (4, 5, 50)):
        assert improbable(residual, Decimal(0), parts) is False
