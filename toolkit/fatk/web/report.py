"""The report on results as a page of its own: what ``fatk validate --format html`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fatk import __version__, check, render
from fatk.spec import load


def write(outcomes: Sequence[check.Result | Mapping[str, Any]], language: str) -> bytes:
    """The page, self-contained; where this installation has no ``fatk.page``, the plain text of the results as a page."""
    if find_spec("fatk.page") is not None:
        made: bytes = import_module("fatk.page").write(
            outcomes, __version__, load().version, language=language
        )
        return made
    parts = []
    for one in outcomes:
        text = render.text(one, language) if isinstance(one, check.Result) else str(one["refused"]["message"])
        parts.append(f"<pre>{escape(text)}</pre>")
    style = "<style>pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;max-width:64rem;margin:2rem auto}</style>"
    head = f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>fatk</title>{style}</head>'
    return (head + "<body><main><h1>fatk</h1>" + "".join(parts) + "</main></body></html>").encode("utf-8")
