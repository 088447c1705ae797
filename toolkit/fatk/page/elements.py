"""Markup made of values: what is given as text is escaped, whatever it says, and shown as it reads.

``Markup`` is text that is markup already; only the functions of this module make any.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from fatk.values import visible

#: Longest text of a file that stands in a cell of a list.
LONG = 4_000


class Markup(str):
    """Text that is markup and is not escaped again."""

    __slots__ = ()


def text(said: str, limit: int = LONG) -> Markup:
    """Text from a file or of our own, each line made visible and escaped; its line feeds are breaks."""
    lines = said[: limit + 1].split("\n")
    return Markup("<br>".join(escape(visible(line, limit), quote=True) for line in lines))


def joined(children: Iterable[str | Markup | None]) -> Markup:
    """Children one after the other; those that are no markup are text."""
    parts = (c if isinstance(c, Markup) else text(c) for c in children if c is not None)
    return Markup("".join(parts))


def el(tag: str, *children: str | Markup | None, **attributes: str | float | bool | None) -> Markup:
    """An element. An attribute whose value is ``None`` or false is left out, one that is true stands alone; a trailing
    underscore of a name is dropped, others are hyphens."""
    return Markup(f"<{tag}{_attributes(attributes)}>{joined(children)}</{tag}>")


def lone(tag: str, **attributes: str | float | bool | None) -> Markup:
    """An element without content."""
    return Markup(f"<{tag}{_attributes(attributes)}/>")


def _attributes(attributes: dict[str, str | float | bool | None]) -> str:
    found = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        own = name.rstrip("_").replace("_", "-")
        said = f'="{escape(visible(str(value), LONG), quote=True)}"'
        found.append(f" {own}" if value is True else f" {own}{said}")
    return "".join(found)
