"""Sums, roll-ups and inequalities: everything that is true of weighted sums of cells.

``linear``: the left side equals the right. ``rollup``: a row equals the rows below it. ``compare``: the left side is at most
the right. Operands are declared as terms (table, row, field); ``each`` binds the variables that rows and fields may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from operator import eq, le
from typing import Any, Final

from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.model import TOTAL
from fatk.rounding import ZERO, bound, improbable
from fatk.rules.context import (
    EXACT,
    NOT_APPLICABLE,
    NOT_PRINTED,
    UNDISCLOSED,
    Check,
    Context,
    Operand,
    Ref,
    Rule,
    exactly,
)
from fatk.rules.exact import Holds, column, plans, settle
from fatk.rules.terms import CONSTANT, Side, bindings, equations, operands, premise, reports
from fatk.values import decimals_of

_NONE: Final[frozenset[str]] = frozenset()


def linear(rule: Rule, context: Context) -> Iterator[Check]:
    """The left side equals the right, exactly or within what rounding explains."""
    exact, open_ = _instances(rule, context, eq)
    yield from exact
    for left, right in open_:
        yield equality(rule, left, right, context)


def rollup(rule: Rule, context: Context) -> Iterator[Check]:
    """Every parent equals its children: the total its classes, a class its sections, a section its items."""
    count = 0
    table = context.spec.tables[rule.body["table"]]
    columns = [
        (field, field.only is None and context.printed(table, "", field.name),
         context.once(("below", table.id, field.name), partial(_exact_parents, context, table.id, field.name))
         if context.brief else _NONE)
        for field in table.amounts
    ]  # fmt: skip
    for parent, children in _families(rule, context):
        for field, everywhere, exact in columns:
            if not everywhere and not context.printed(table, parent, field.name):
                continue
            if parent in exact:
                count += 1
            else:
                total, parts = _figures(table.id, parent, children, field.name, context)
                yield equality(rule, [total], parts, context)
    yield from exactly(rule, count)


def levels(rule: Rule, context: Context) -> Iterator[tuple[Operand, list[Operand]]]:
    """Each parent of a roll-up with the children that its table has, column by column."""
    table = context.spec.tables[rule.body["table"]]
    for parent, children in _families(rule, context):
        for field in table.amounts:
            if context.printed(table, parent, field.name):
                yield _figures(table.id, parent, children, field.name, context)


def _families(rule: Rule, context: Context) -> Iterator[tuple[str, list[str]]]:
    """Parent and children of each instance of a roll-up, but for its column."""
    table = rule.body["table"]
    rows, children = context.rows_of(table), _children_in(table, context)
    wanted = [TOTAL] if rule.body["level"] == "total" else [p for p in children if p != TOTAL]
    return ((parent, children[parent]) for parent in wanted if parent in rows and parent in children)


def _children_in(table: str, context: Context) -> dict[str, list[str]]:
    """The codes of a table, by the one above them."""
    return context.once(("children", table), lambda: _children(context.codes(table)))


def _children(codes: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in codes:
        found.setdefault(parent_of(code), []).append(code)
    return found


def _figures(
    table: str, parent: str, children: Iterable[str], field: str, context: Context
) -> tuple[Operand, list[Operand]]:
    parts = [context.operand(table, child, field) for child in children]
    return context.operand(table, parent, field), parts


def _exact_parents(context: Context, table: str, field: str) -> frozenset[str]:
    """The codes whose figure in a column is exactly the sum of those below them, all being plain figures."""
    named = column(context, (table, field, ""))
    values: list[Decimal | None] = list(named.values)
    found = []
    children = _children_in(table, context)
    for parent, at, below in context.once(("families", table), lambda: _places(children, named.names)):
        total = values[below[0]]
        for i in range(1, len(below)):
            part = values[below[i]]
            total = None if total is None or part is None else total + part
        figure = values[at]
        if total is not None and figure is not None and total == figure:
            found.append(parent)
    return frozenset(found)


def _places(children: dict[str, list[str]], names: Sequence[str]) -> list[tuple[str, int, list[int]]]:
    """The codes that have others below them, each with where it stands among these names, and where those do."""
    at = {name: i for i, name in enumerate(names)}
    there = [(parent, below) for parent, below in children.items() if parent in at]
    return [(parent, at[parent], [at[name] for name in below]) for parent, below in there]


def parent_of(code: str) -> str:
    """The code one level above, or the total."""
    return code[:-2] if len(code) > 3 else TOTAL


def compare(rule: Rule, context: Context) -> Iterator[Check]:
    """The left side is at most the right, up to what rounding explains."""
    exact, open_ = _instances(rule, context, le)
    yield from exact
    for left, right in open_:
        yield inequality(rule, left, right)


def sides(rule: Rule, context: Context) -> Iterator[tuple[list[Operand], list[Operand]]]:
    """The operands of both sides for every instance of a rule whose premise is met and whose reports are there."""
    if not _met(premise(rule), context):
        return
    for equation in equations(rule):
        if all(reports(wanted, context) for wanted in equation.needs):
            for chosen in bindings(equation.variables, context):
                yield operands(equation.left, chosen, context), operands(equation.right, chosen, context)


def _instances(
    rule: Rule, context: Context, holds: Holds
) -> tuple[Iterable[Check], Iterable[tuple[list[Operand], list[Operand]]]]:
    """The instances of a rule that come out exactly, if that is all that is asked of them, and the operands of the others."""
    if not context.brief:
        return (), sides(rule, context)
    if not _met(premise(rule), context):
        return (), ()
    count = 0
    others: list[tuple[list[Operand], list[Operand]]] = []
    for equation, planned in plans(rule, context.spec):
        if all(reports(wanted, context) for wanted in equation.needs):
            exact, open_ = settle(equation, planned, context, holds)
            count += exact
            others += [
                (operands(equation.left, b, context), operands(equation.right, b, context)) for b in open_
            ]
    return exactly(rule, count), others


def _met(equal: Side, context: Context) -> bool:
    """Whether two figures are both known and equal as printed, if there are two."""
    if not equal:
        return True
    one, other = operands(equal, {}, context)
    return not one.why and not other.why and one.value == other.value


def equality(rule: Rule, left: Sequence[Operand], right: Sequence[Operand], context: Context) -> Check:
    """The outcome of one equality of two sums."""
    sums = _sums(rule, left, right)
    if isinstance(sums, Check):
        return sums
    refs, found, expected = sums
    residual = found - expected
    if not residual:
        return Check(rule.id, EXACT, refs)
    cells = (*left, *right)
    tolerance = bound((o.weight, o.half) for o in cells)
    if abs(residual) <= tolerance:
        parts = [o for o in cells if o.half and o.value]
        step = 2 * max((o.half for o in parts), default=ZERO)
        flag = "improbable" if improbable(residual, step, len(parts) - 1) else None
        return Check(rule.id, WITHIN_ROUNDING, refs, expected, found, residual, tolerance, None, flag)
    wider = _own_tolerance(cells, context)
    if abs(residual) <= wider:
        return Check(rule.id, WITHIN_ROUNDING, refs, expected, found, residual, wider, None, "fewer_decimals")
    return Check(
        rule.id, FAILED, refs, expected, found, residual, tolerance, severity=severity_of(rule, refs)
    )


def inequality(rule: Rule, left: Sequence[Operand], right: Sequence[Operand]) -> Check:
    """The outcome of one inequality: failed only where no values within the intervals keep it."""
    sums = _sums(rule, left, right)
    if isinstance(sums, Check):
        return sums
    refs, found, limit = sums
    excess = found - limit
    if excess <= 0:
        return Check(rule.id, EXACT, refs)
    # A printed figure beyond a constant is beyond it.
    tolerance = ZERO if CONSTANT in refs else bound((o.weight, o.half) for o in (*left, *right))
    if excess <= tolerance:
        return Check(rule.id, WITHIN_ROUNDING, refs, limit, found, excess, tolerance)
    return Check(rule.id, FAILED, refs, limit, found, excess, tolerance, severity=severity_of(rule, refs))


def _sums(
    rule: Rule, left: Sequence[Operand], right: Sequence[Operand]
) -> tuple[tuple[Ref, ...], Decimal, Decimal] | Check:
    """The cells of both sides and what each side comes to, or the check that says why that is not known."""
    cells = [*left, *right]
    refs = tuple([o.ref for o in cells])
    whys = [o for o in cells if o.why]
    if whys:
        return _unknown(rule, whys, refs)
    if not left or not right:
        return Check(rule.id, NOT_APPLICABLE, refs)
    return refs, _sum(left), _sum(right)


def _sum(cells: Sequence[Operand]) -> Decimal:
    if len(cells) == 1 and cells[0].weight == 1:
        return cells[0].value
    return sum((o.weight * o.value for o in cells), ZERO)


def severity_of(rule: Rule, refs: Sequence[Any]) -> str | None:
    """A softer severity where the rule says that some of its cells may lawfully break it."""
    for softer in rule.body.get("softer", ()):
        if any(ref.field in softer.get("fields", ()) or ref.row in softer.get("rows", ()) for ref in refs):
            return str(softer["severity"])
    return None


def _unknown(rule: Rule, whys: Sequence[Operand], refs: tuple[Ref, ...]) -> Check:
    """Why a check cannot be made of whose figures some are not known."""
    if any(o.why == NOT_PRINTED for o in whys) or _skipped(rule, whys):
        return Check(rule.id, NOT_APPLICABLE, refs, reason=NOT_PRINTED)
    return Check(rule.id, NOT_CHECKED, tuple(o.ref for o in whys), reason=whys[0].why)


def _skipped(rule: Rule, whys: Sequence[Operand]) -> bool:
    """Whether a rule leaves alone what is not stated: ``skip`` everything, ``stated`` all but what is undisclosed."""
    unknown = rule.body.get("unknown")
    return unknown == "skip" or (unknown == "stated" and all(o.why != UNDISCLOSED for o in whys))


def _own_tolerance(cells: Iterable[Operand], context: Context) -> Decimal:
    """The tolerance where each figure is taken with the decimals that it is itself printed with."""
    total = ZERO
    for cell in cells:
        half = cell.half
        value = context.value(*cell.ref) if cell.ref.row else None
        if half and isinstance(value, Decimal):
            factor, _ = context.scale(cell.ref.table)
            half = max(half, Decimal(1).scaleb(-decimals_of(value)) * factor / 2)
        total += abs(cell.weight) * half
    return total
