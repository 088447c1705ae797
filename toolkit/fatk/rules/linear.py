"""Sums, roll-ups and inequalities: everything that is true of weighted sums of cells.

``linear``: the left side equals the right. ``rollup``: a row equals the rows below it. ``compare``: the left side is at most
the right. Operands are declared as terms (table, row, field); ``each`` binds the variables that rows and fields may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.model import REPORTED, TOTAL
from fatk.rounding import ZERO, improbable
from fatk.rules.context import (
    EXACT,
    NOT_APPLICABLE,
    NOT_PRINTED,
    UNDISCLOSED,
    YUAN,
    Check,
    Context,
    Operand,
    Ref,
    Rule,
)
from fatk.values import decimals_of

Bindings = Mapping[str, str]

#: What a constant stands for: no cell.
_CONSTANT = Ref("", "", "")
_ONE = Decimal(1)


def linear(rule: Rule, context: Context) -> Iterator[Check]:
    """The left side equals the right, exactly or within what rounding explains."""
    for left, right in sides(rule, context):
        yield equality(rule, left, right, context)


def rollup(rule: Rule, context: Context) -> Iterator[Check]:
    """Every parent equals its children: the total its classes, a class its sections, a section its items."""
    table = context.spec.tables[rule.body["table"]]
    rows = context.rows_of(table.id)
    children: dict[str, list[str]] = {}
    for name in rows:
        if name.isdigit():
            parent = name[:-2] if len(name) > 3 else TOTAL
            children.setdefault(parent, []).append(name)
    wanted = [TOTAL] if rule.body["level"] == "total" else [p for p in children if p != TOTAL]
    for parent in wanted:
        if parent not in rows:
            continue
        for field in table.amounts:
            if context.printed(table, parent, field.name) and parent in children:
                total = context.operand(table.id, parent, field.name)
                parts = [context.operand(table.id, child, field.name) for child in children[parent]]
                yield equality(rule, [total], parts, context)


def compare(rule: Rule, context: Context) -> Iterator[Check]:
    """The left side is at most the right, up to what rounding explains."""
    for left, right in sides(rule, context):
        yield inequality(rule, left, right)


def sides(rule: Rule, context: Context) -> Iterator[tuple[list[Operand], list[Operand]]]:
    """The operands of both sides for every instance of a rule whose condition is met."""
    condition = rule.body.get("condition")
    if condition is not None and not _met(condition, context):
        return
    for instance in rule.body.get("instances", (rule.body,)):
        if any(_source(term, context) is None for side in ("left", "right") for term in instance[side]):
            continue
        each = instance.get("each", rule.body.get("each", ()))
        for bound in bindings(each, context):
            yield operands(instance["left"], bound, context), operands(instance["right"], bound, context)


def _met(condition: Mapping[str, Any], context: Context) -> bool:
    """Whether two figures that are both known are equal as printed."""
    one, other = operands(condition["equal"], {}, context)
    return not one.why and not other.why and one.value == other.value


def _source(term: Mapping[str, Any], context: Context) -> Sequence[Context] | None:
    """The reports that a term is read from; ``None`` where they were not given."""
    of = term.get("of")
    if of is None:
        return (context,)
    if of == "previous":
        return None if context.previous is None else (context.previous,)
    return context.parts or None


def equality(rule: Rule, left: Sequence[Operand], right: Sequence[Operand], context: Context) -> Check:
    """The outcome of one equality of two sums."""
    refs = tuple(o.ref for o in (*left, *right))
    unknown = _unknown(rule, left, right, refs)
    if unknown:
        return unknown
    found = sum((o.weight * o.value for o in left), ZERO)
    expected = sum((o.weight * o.value for o in right), ZERO)
    residual = found - expected
    if not residual:
        return Check(rule.id, EXACT, refs)
    tolerance = sum((abs(o.weight) * o.half for o in (*left, *right)), ZERO)
    if abs(residual) <= tolerance:
        parts = [o for o in (*left, *right) if o.half and o.value]
        step = 2 * max((o.half for o in parts), default=ZERO)
        flag = "improbable" if improbable(residual, step, len(parts) - 1) else None
        return Check(rule.id, WITHIN_ROUNDING, refs, expected, found, residual, tolerance, None, flag)
    wider = _own_tolerance((*left, *right), context)
    if wider > tolerance and abs(residual) <= wider:
        return Check(rule.id, WITHIN_ROUNDING, refs, expected, found, residual, wider, None, "fewer_decimals")
    return Check(
        rule.id, FAILED, refs, expected, found, residual, tolerance, severity=severity_of(rule, refs)
    )


def inequality(rule: Rule, left: Sequence[Operand], right: Sequence[Operand]) -> Check:
    """The outcome of one inequality: failed only where no values within the intervals keep it."""
    refs = tuple(o.ref for o in (*left, *right))
    unknown = _unknown(rule, left, right, refs)
    if unknown:
        return unknown
    found = sum((o.weight * o.value for o in left), ZERO)
    limit = sum((o.weight * o.value for o in right), ZERO)
    excess = found - limit
    if excess <= 0:
        return Check(rule.id, EXACT, refs)
    tolerance = sum((abs(o.weight) * o.half for o in (*left, *right)), ZERO)
    if any(o.ref is _CONSTANT for o in (*left, *right)):  # a printed figure beyond a constant is beyond it
        tolerance = ZERO
    if excess <= tolerance:
        return Check(rule.id, WITHIN_ROUNDING, refs, limit, found, excess, tolerance)
    return Check(rule.id, FAILED, refs, limit, found, excess, tolerance, severity=severity_of(rule, refs))


def severity_of(rule: Rule, refs: Sequence[Any]) -> str | None:
    """A softer severity where the rule says that some of its cells may lawfully break it."""
    for softer in rule.body.get("softer", ()):
        if any(ref.field in softer.get("fields", ()) or ref.row in softer.get("rows", ()) for ref in refs):
            return str(softer["severity"])
    return None


def _unknown(
    rule: Rule, left: Sequence[Operand], right: Sequence[Operand], refs: tuple[Any, ...]
) -> Check | None:
    """Why a check cannot be made, if it cannot."""
    whys = [o for o in (*left, *right) if o.why]
    if not whys:
        return Check(rule.id, NOT_APPLICABLE, refs) if not left or not right else None
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


def bindings(each: Sequence[Mapping[str, Any]], context: Context) -> Iterator[Bindings]:
    """Every combination of values of a rule's variables; variables declared later may use earlier ones."""
    if not each:
        yield {}
        return
    if all(_free(variable) for variable in each):
        choices = [list(_choices(variable, {}, context)) for variable in each]
        for chosen in product(*choices):
            yield dict(zip((v["name"] for v in each), chosen, strict=True))
        return
    yield from _nested(each, {}, context)


def _nested(each: Sequence[Mapping[str, Any]], bound: dict[str, str], context: Context) -> Iterator[Bindings]:
    if not each:
        yield dict(bound)
        return
    first, rest = each[0], each[1:]
    for choice in _choices(first, bound, context):
        yield from _nested(rest, {**bound, first["name"]: choice}, context)


def _free(variable: Mapping[str, Any]) -> bool:
    source = variable.get("rows_of", variable.get("amounts_of"))
    return not isinstance(source, dict) or not isinstance(source.get("table"), dict)


def _choices(variable: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[str]:
    if "in" in variable:
        yield from variable["in"]
        return
    if "amounts_of" in variable:
        yield from (
            f.name for f in context.spec.tables[resolve(variable["amounts_of"]["table"], bound)].amounts
        )
        return
    seen: dict[str, None] = {}
    sources = variable["rows_of"]
    for source in sources if isinstance(sources, list) else [sources]:
        prefix = source.get("prefix", "")
        for name in context.keys(resolve(source["table"], bound), prefix=prefix, level=source.get("level")):
            seen.setdefault(name[len(prefix) :] if source.get("bare") else name)
    yield from seen


def resolve(declared: Any, bound: Bindings) -> str:
    """A name as declared: itself, a variable, or a variable behind a prefix."""
    if isinstance(declared, str):
        return declared
    return str(declared.get("prefix", "")) + bound[declared["var"]]


def operands(terms: Sequence[Mapping[str, Any]], bound: Bindings, context: Context) -> list[Operand]:
    """The figures of one side of a rule."""
    found: list[Operand] = []
    for term in terms:
        if "constant" in term:
            found.append(Operand(_CONSTANT, Decimal(term["constant"]), ZERO))
            continue
        for source in _source(term, context) or ():
            factor = _in_units_of(context, source)
            for operand in _term(term, bound, source):
                converted = (
                    operand
                    if factor is _ONE
                    else operand._replace(value=operand.value * factor, half=operand.half * factor)
                )
                found.append(converted)
    return found


def _in_units_of(context: Context, source: Context) -> Decimal:
    """What figures of another report are multiplied by to be in this report's unit."""
    if source is context:
        return _ONE
    ours, theirs = context.report.unit, source.report.unit
    if ours is None or theirs is None or ours == theirs:
        return _ONE
    return Decimal(YUAN[theirs]) / Decimal(YUAN[ours])


def _term(term: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[Operand]:
    """The figures of one term in one report."""
    table, field = resolve(term["table"], bound), resolve(term["field"], bound)
    absent, weight = term.get("absent", ""), Decimal(term.get("weight", 1))
    names: Iterable[str]
    if "row" in term:
        names = (resolve(term["row"], bound),)
    elif isinstance(term["rows"], list):
        names = [resolve(name, bound) for name in term["rows"]]
    elif (
        context.status.get(table, REPORTED) != REPORTED
    ):  # no rows to name: the table's state speaks for them
        names = (TOTAL,)
    else:
        wanted = term["rows"]
        named = context.keys(table, prefix=wanted.get("prefix", ""), level=wanted.get("level"))
        names = [name for name in named if name not in wanted.get("except", ())]
    for name in names:
        operand = context.operand(table, name, field, absent=absent)
        yield operand if weight == 1 else operand._replace(weight=weight)
