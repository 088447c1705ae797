"""What else is checked of figures beside sums: rates and shares, and what the text says again, each with the cells that it is
about and what came of it, for a page that shows them at a click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fatk.page.operands import Operands, figure
from fatk.rules import KINDS
from fatk.rules.context import NOT_APPLICABLE, Check, Context, load_rules

#: Kinds of rules that compare figures and are no sums of cells.
_KINDS = ("rate", "agrees")


def checks(context: Context) -> Iterator[Check]:
    """Every such check that applies to a report."""
    for rule in load_rules().values():
        if rule.kind in _KINDS and rule.built and context.applies(rule):
            if rule.body.get("needs_year") and not context.year:
                continue
            for check in KINDS[rule.kind](rule, context):
                if check.outcome != NOT_APPLICABLE:
                    yield check


def data_of(context: Context, operands: Operands) -> dict[str, Any]:
    """Those that are about a cell of a form as data: rule, outcome, cells; where it is not exact why, the figures, and the
    sentences that say so."""
    numbers: dict[str, int] = {}
    found = []
    for check in checks(context):
        refs = [ref for ref in dict.fromkeys(check.refs) if ref.table]
        if not any(operands.sheets.number(*ref) is not None for ref in refs):
            continue
        item: list[Any] = [
            numbers.setdefault(check.rule, len(numbers)),
            check.outcome,
            [operands.of_cell(ref) for ref in refs],
        ]
        said = dict(check.details)
        more = [
            check.reason, *(figure(v) for v in (check.found, check.expected, check.difference, check.tolerance)), check.qualifier,
            [said["zh"], said["en"]] if {"zh", "en"} <= said.keys() else None,
        ]  # fmt: skip
        found.append(item + more if any(more) else item)
    rules = load_rules()
    return {
        "rules": [[rule, rules[rule].title["zh"], rules[rule].title["en"]] for rule in numbers],
        "checks": found,
    }
