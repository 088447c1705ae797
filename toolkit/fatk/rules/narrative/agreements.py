"""The kind ``agrees`` on figures: copies of cells, repeated claims, and sums of what is stated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from fatk.findings import NOT_CHECKED
from fatk.model import EMPTY, MISSING, REPORTED
from fatk.rules.context import NO_TABLE, Check, Context, Rule
from fatk.rules.narrative.claims import Claim, matching
from fatk.rules.narrative.figures import (
    DASH,
    UNSTATED,
    Figure,
    Stated,
    cell_or_stated,
    gap_at,
    of_cell,
    of_claim,
    stated_in,
)
from fatk.rules.narrative.lists import LIST_CHECKS
from fatk.rules.narrative.outcomes import called, equality, inequality, name_of, total_of
from fatk.rules.narrative.terms import figures, rows_where, taken
from fatk.rules.terms import Bindings, Variable, bindings, variables
from fatk.values import Value


def agrees(rule: Rule, context: Context) -> Iterator[Check]:
    """What the document states agrees with its tables and with itself."""
    stated = stated_in(context)
    check, globs = rule.body.get("check"), rule.body.get("claims")
    if globs is None:
        yield from (LIST_CHECKS[check] if check else _sums)(rule, context, stated)
        return
    if not stated.by_path:  # no text, no statement
        return
    compare = _repeated if rule.body.get("repeated") else _copies
    for glob in globs:
        for path in matching(glob):
            yield from compare(rule, stated.by_path.get(path, ()), context, stated)


def _copies(rule: Rule, claims: Iterable[Claim], context: Context, stated: Stated) -> Iterator[Check]:
    """Every claim against the cell that it restates.

    With ``else_stated``, where the table does not give the cell, against what another path states it to be.
    """
    for claim in claims:
        found = of_claim(claim, stated)
        if found.why in {UNSTATED, DASH}:
            continue
        if claim.lacking:
            refs = (claim.ref, claim.lacking)
            yield Check(rule.id, NOT_CHECKED, refs, reason=gap_at(claim.lacking, context))
        elif claim.cell and not rule.body.get("else_stated"):
            expected = of_cell(claim.cell, context, stated)
            yield equality(rule, [found], [taken(expected, {})], called(claim))
        elif claim.cell:
            expected = cell_or_stated(claim.cell, context, stated, beside=claim.entry.path)
            if expected.why != NO_TABLE:
                yield equality(rule, [found], [taken(expected, {})], called(claim))


def _repeated(rule: Rule, claims: Iterable[Claim], context: Context, stated: Stated) -> Iterator[Check]:
    """Every further statement of a path against the first, where no cell is there to compare each of them with."""
    first: Claim | None = None
    for claim in claims:
        if not isinstance(claim.value, Decimal):
            continue
        if first is None or first.positions != claim.positions:
            first = claim
        elif claim.cell is None or of_cell(claim.cell, context, stated).why:
            yield equality(rule, [of_claim(claim, stated)], [of_claim(first, stated)], called(claim))


def _sums(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Sums of stated figures. ``instead_of`` names tables: only where one of them is missing are these what is left."""
    verdict = inequality if rule.body.get("relation") == "at_most" else equality
    for both, each in _instances(rule):
        tables = both.get("instead_of", ())
        if tables and all(context.status.get(table, MISSING) in {REPORTED, EMPTY} for table in tables):
            continue
        for bound in bindings(each, context):
            if all(_holds(condition, bound, context, stated) for condition in both.get("conditions", ())):
                left, right = (
                    [figure for term in both[side] for figure in figures(term, bound, context)]
                    for side in ("left", "right")
                )
                if not any(_skipped(figure, tables) for figure in (*left, *right)):
                    yield verdict(rule, left, right, name_of(left[0], context))


@cache
def _instances(rule: Rule) -> tuple[tuple[Mapping[str, Any], tuple[Variable, ...]], ...]:
    """The sums that a rule declares, each with its variables."""
    declared = [{**rule.body, **instance} for instance in rule.body.get("instances", (rule.body,))]
    return tuple((one, variables(one.get("each", ()))) for one in declared)


def _skipped(figure: Figure, tables: Sequence[str]) -> bool:
    """Whether a figure is merely not stated, its own table being one of those that stated figures stand in for."""
    return figure.why == UNSTATED or (figure.why == NO_TABLE and figure.ref.table in tables)


def _holds(condition: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> bool:
    """Whether a rule's premise on the report is met; where that cannot be told it is not."""
    if "equal" in condition:
        one, other = (list(figures(term, bound, context)) for term in condition["equal"])
        return not any(f.why for f in (*one, *other)) and total_of(one) == total_of(other)
    if "unstated" in condition:
        return condition["unstated"] not in stated.by_path
    if "no_rows" in condition:
        wanted = condition["no_rows"]
        return not any(rows_where(wanted["table"], wanted["where"], bound, context))
    text = condition["text"]
    made = _made_of(context.value(text["table"], text["row"], text["field"]), text["only"])
    return made is condition["is"]


def _made_of(value: Value, phrases: Iterable[str]) -> bool:
    """Whether a text is nothing but some of these phrases and the words that join them."""
    if not isinstance(value, str):
        return False
    left = value
    for phrase in sorted(phrases, key=len, reverse=True):
        left = left.replace(phrase, "")
    return left != value and not re.sub(r"以及|[和与及或、，,；;/（）()\s]", "", left)
