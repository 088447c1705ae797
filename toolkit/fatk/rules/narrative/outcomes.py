"""What comes of comparing figures, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.rounding import ZERO, improbable
from fatk.rules.context import EXACT, NOT_APPLICABLE, NOT_PRINTED, Check, Context, Ref, Rule
from fatk.rules.narrative.claims import Claim, entry_of
from fatk.rules.narrative.figures import NO_CELL, Figure
from fatk.values import decimals_of


def total_of(cells: Iterable[Figure]) -> Decimal:
    """What figures are together, each with its weight."""
    return sum((f.weight * f.value for f in cells), ZERO)


def _unknown(rule: Rule, left: Sequence[Figure], right: Sequence[Figure]) -> Check | None:
    """Why a comparison cannot be made, if it cannot; what is compared stands first, whichever figure is unknown."""
    unknown = [f for f in (*left, *right) if f.why]
    if not unknown:
        return None
    refs = tuple(dict.fromkeys((left[0].ref, *(f.ref for f in unknown))))
    if any(f.why == NOT_PRINTED for f in unknown):
        return Check(rule.id, NOT_APPLICABLE, refs, reason=NOT_PRINTED)
    return Check(rule.id, NOT_CHECKED, refs, reason=unknown[0].why)


def equality(rule: Rule, left: Sequence[Figure], right: Sequence[Figure], name: str) -> Check:
    """The outcome of one equality, first with the decimals of the document, then with each figure's own."""
    unknown = _unknown(rule, left, right)
    if unknown:
        return unknown
    cells = (*left, *right)
    refs = tuple(f.ref for f in cells if f.ref is not NO_CELL)
    found, expected = total_of(left), total_of(right)
    residual = found - expected
    if not residual:
        return Check(rule.id, EXACT, refs)
    outcome, qualifier = WITHIN_ROUNDING, None
    tolerance = sum((abs(f.weight) * f.half for f in cells), ZERO)
    wider = sum((abs(f.weight) * f.own for f in cells), ZERO)
    if abs(residual) <= tolerance:
        rounded = [f for f in cells if f.half and f.value]
        step = 2 * max((f.half for f in rounded), default=ZERO)
        qualifier = "improbable" if improbable(residual, step, len(rounded) - 1) else None
    elif abs(residual) <= wider:
        tolerance, qualifier = wider, "fewer_decimals"
    else:
        outcome = FAILED
    told = said(name, left[0].ref, found, expected, "应为", "should be")
    return Check(rule.id, outcome, refs, expected, found, residual, tolerance, None, qualifier, None, told)


def inequality(rule: Rule, left: Sequence[Figure], right: Sequence[Figure], name: str) -> Check:
    """The outcome of one inequality: failed only where no values within the intervals keep it."""
    unknown = _unknown(rule, left, right)
    if unknown:
        return unknown
    cells = (*left, *right)
    refs = tuple(f.ref for f in cells if f.ref is not NO_CELL)
    found, limit = total_of(left), total_of(right)
    excess = found - limit
    if excess <= 0:
        return Check(rule.id, EXACT, refs)
    tolerance = sum((abs(f.weight) * f.own for f in cells), ZERO)
    outcome = WITHIN_ROUNDING if excess <= tolerance else FAILED
    told = said(name, left[0].ref, found, limit, "应不大于", "should be at most")
    return Check(rule.id, outcome, refs, limit, found, excess, tolerance, details=told)


def said(
    name: str, ref: Ref, found: Decimal, expected: Decimal, zh: str, en: str, unit: str = ""
) -> tuple[tuple[str, str], ...]:
    """A figure and what it should be, as one sentence in Chinese and in English."""
    one, other = f"{shown(found)}{unit}", f"{shown(expected)}{unit}"
    return ("zh", f"{name}是 {one}，{zh} {other}。"), ("en", f"{ref.row} {ref.field} is {one}, {en} {other}.")


def shown(value: Decimal) -> str:
    """A figure as it is printed, without the zeros that a change of unit adds."""
    if not value:
        return format(abs(value), "f")
    return format(value.normalize() if decimals_of(value) > 2 else value, "f")


def called(claim: Claim) -> str:
    """A claim by the name of its path, with the list element that it is about."""
    return f"{claim.entry.name}（{claim.element}）" if claim.element else claim.entry.name


def name_of(figure: Figure, context: Context) -> str:
    """A cell or a claim by the name under which it is known."""
    if figure.ref.table == "claims":
        entry = entry_of(figure.ref.row)
        return entry.name if entry else figure.ref.row
    return context.spec.tables[figure.ref.table][figure.ref.field].title
