"""The invariants of the standard, run on a report. Rules are data (``schemas/rules``); here are only the verbs.

A rule has a kind, and a kind is one generator function: it takes the rule and the context of a report and yields a
check for each instance of the rule. What a check found is a value, exact, explained by rounding, failed, or not checked
with its reason; nothing is decided by an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fatk.findings import NOT_CHECKED
from fatk.rules.codes import code
from fatk.rules.context import BLANK, Check, Context, Ref, Rule
from fatk.rules.linear import compare, linear, rollup
from fatk.rules.narrative import agrees, rate
from fatk.rules.words import lint, presence

Kind = Callable[[Rule, Context], Iterator[Check]]

#: Every kind of rule and its generator.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "linear": linear,
        "rollup": rollup,
        "compare": compare,
        "rate": rate,
        "presence": presence,
        "code": code,
        "agrees": agrees,
        "lint": lint,
    }
)


def run(rules: Mapping[str, Rule], context: Context) -> Iterator[Check]:
    """Every check of every rule on a report, rules in the order of their ids' declaration."""
    for rule in rules.values():
        if rule.built and context.applies(rule):
            if rule.body.get("needs_year") and not context.year:
                yield Check(rule.id, NOT_CHECKED, (Ref("report", "*", "fiscal_year"),), reason=BLANK)
            else:
                yield from KINDS[rule.kind](rule, context)
