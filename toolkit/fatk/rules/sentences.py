"""How rules say in both languages what exactly is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fatk.findings import fill
from fatk.rules.context import Context


class Both(NamedTuple):
    """A detail that has words of its own in either language."""

    zh: str
    en: str


def sentences(zh: str, en: str, /, **named: object) -> tuple[tuple[str, str], ...]:
    """What exactly is wrong, as a sentence in both languages, with its details filled in."""
    chinese = {name: value.zh if isinstance(value, Both) else value for name, value in named.items()}
    english = {name: value.en if isinstance(value, Both) else value for name, value in named.items()}
    said = fill(en, english)
    return ("zh", fill(zh, chinese) + "。"), ("en", said[:1].upper() + said[1:] + ".")


def listed(items: Iterable[str]) -> Both:
    """Several things as either language lists them."""
    found = list(items)
    return Both("、".join(found), ", ".join(found))


def titled(table: str, context: Context) -> Both:
    """A table by its title and, in English, by its id."""
    return Both(context.spec.tables[table].title, table)
