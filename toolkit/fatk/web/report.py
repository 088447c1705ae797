"""The report on results as a page of its own: what ``fatk validate --format html`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fatk import __version__, check, page
from fatk.spec import load


def write(outcomes: Sequence[check.Result | Mapping[str, Any]], language: str) -> bytes:
    """The page, self-contained."""
    return page.write(outcomes, __version__, load().version, language=language)
