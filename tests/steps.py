"""How many steps a run takes: a measure of cost that is the same on every machine and under every load.

A step is a call of a Python function or of one in C. Tests hold with it that a cost stays in proportion to the size of what is
read; a text so long that a cost which grows faster would not end in the time of the whole suite holds the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(run: Callable[[], object]) -> int:
    """The steps of one run."""
    count = 0

    def counting(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def in_proportion(run: Callable[[int], Callable[[], object]], few: int, many: int) -> bool:
    """Whether ``run(many)`` takes steps in proportion to those of ``run(few)``, within a quarter; what both take once counts
    for neither side, and what is read and kept at the first call for none of them."""
    run(1)()
    fixed, small, large = (steps(run(size)) for size in (1, few, many))
    return large - fixed <= 1.25 * (many / few) * max(small - fixed, 1) + fixed
