"""Presence and wording."""

from collections.abc import Iterator
from fatk.rules.context import Check, Context, Rule


def presence(rule: Rule, context: Context) -> Iterator[Check]:
    yield from ()


def lint(rule: Rule, context: Context) -> Iterator[Check]:
    yield from ()
