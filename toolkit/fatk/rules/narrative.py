"""Claims against facts."""

from collections.abc import Iterator
from fatk.rules.context import Check, Context, Rule


def agrees(rule: Rule, context: Context) -> Iterator[Check]:
    yield from ()


def rate(rule: Rule, context: Context) -> Iterator[Check]:
    yield from ()
