"""Codes and keys."""

from collections.abc import Iterator
from fatk.rules.context import Check, Context, Rule


def code(rule: Rule, context: Context) -> Iterator[Check]:
    yield from ()
