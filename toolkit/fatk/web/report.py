"""The report on a result as a page of its own, as ``fatk validate --format html`` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fatk import check, render


def write(outcomes: Sequence[check.Result | Mapping[str, Any]], language: str) -> bytes:
    """The page, self-contained."""
    parts = []
    for one in outcomes:
        text = render.text(one, language) if isinstance(one, check.Result) else str(one["refused"]["message"])
        parts.append(f"<pre>{escape(text)}</pre>")
    head = f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><title>fatk</title>'
    return (head + "".join(parts)).encode("utf-8")
