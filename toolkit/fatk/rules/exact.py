"""Which instances of a sum come out exactly, found column by column.

Nearly every sum of nearly every report is exact, and nothing is to be said of it. Where only that is asked (``Context.brief``),
the figures of a rule are taken as whole columns and compared as such; an instance with anything but plain figures, or that
does not come out, is left to be looked at by itself. So nothing is decided here but that two sums are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from operator import add
from typing import NamedTuple

from fatk.model import EMPTY, MISSING, REPORTED, TOTAL
from fatk.rounding import ZERO
from fatk.rules.context import Context, Operand
from fatk.rules.terms import Bindings, Equation, Side, Variable, bindings, choices, rows_in

#: Whether two sums are as a rule wants them.
Holds = Callable[[Decimal, Decimal], bool]


def settle(equation: Equation, context: Context, holds: Holds) -> tuple[int, Sequence[Bindings]]:
    """How many instances of an equation hold without further ado, and the others, in the order of the rule."""
    declared = equation.variables
    at = next((i for i, one in enumerate(declared) if one.rows_of), len(declared))
    before, row, behind = declared[:at], declared[at] if at < len(declared) else None, declared[at + 1 :]
    sides = equation.left, equation.right
    if row is None or any(one.rows_of for one in behind) or not all(_is_plain(side, row) for side in sides):
        return 0, list(bindings(equation.variables, context))
    count, others = 0, []
    for bound in bindings(before, context):
        names = list(choices(row, bound, context))
        inner = list(bindings(behind, context, bound))
        open_: list[tuple[int, int]] = []
        for n, chosen in enumerate(inner):
            lacking: set[int] = set()
            left, right = (_sums(side, chosen, row, names, context, lacking) for side in sides)
            if not all(map(holds, left, right)):
                lacking.update(i for i, fits in enumerate(map(holds, left, right)) if not fits)
            open_ += ((i, n) for i in lacking)
        count += len(names) * len(inner) - len(open_)
        others += [{**inner[n], row.name: names[i]} for i, n in sorted(open_)]
    return count, others


def _is_plain(side: Side, row: Variable) -> bool:
    """Whether a side is of this report alone, and of columns that are the same for every row."""
    names = (name for term in side if not isinstance(term, Operand) for name in (term.table, term.field))
    return all(isinstance(term, Operand) or term.report is None for term in side) and not any(
        name.variable == row.name for name in names
    )


def _sums(
    side: Side,
    bound: Bindings,
    row: Variable,
    names: Sequence[str],
    context: Context,
    lacking: set[int],
) -> list[Decimal]:
    """What a side comes to for each row; where a figure is not plain, the row's index goes into ``lacking``."""
    constant, known = ZERO, False  # of figures that are the same for every row
    sums: list[Decimal] | None = None
    for term in side:
        if isinstance(term, Operand):
            constant, known = constant + term.value * term.weight, True
            continue
        table = term.table.of(bound)
        figures, absent, whole = column(context, table, term.field.of(bound), term.absent)
        weight = term.weight
        for name in rows_in(term, table, context):
            if name.variable == row.name:
                rows = [name.text + one for one in names] if name.text else names
                if whole.issuperset(rows):
                    values: list[Decimal] = [figures[one] for one in rows]  # type: ignore[misc]
                else:
                    values = _filled([figures.get(one, absent) for one in rows], lacking)
                if weight != 1:
                    values = [value * weight for value in values]
                sums = values if sums is None else list(map(add, sums, values))
            else:
                value = figures.get(name.of(bound), absent)
                if value is None:
                    lacking.update(range(len(names)))
                    value = ZERO
                constant, known = constant + value * weight, True
    if sums is None:
        if not known:  # no figures at all, which is another matter than none that is plain
            lacking.update(range(len(names)))
        return [constant] * len(names)
    return [one + constant for one in sums] if constant else sums


def _filled(found: list[Decimal | None], lacking: set[int]) -> list[Decimal]:
    values = [one for one in found if one is not None]
    if len(values) < len(found):
        lacking.update(i for i, one in enumerate(found) if one is None)
        values = [ZERO if one is None else one for one in found]
    return values


class Column(NamedTuple):
    """The plain figures of a column in the report's unit by row name, ``None`` where there is something else; what a row that
    is not there stands for; and the rows, if all have plain figures."""

    figures: Mapping[str, Decimal | None]
    absent: Decimal | None
    whole: frozenset[str] = frozenset()


def column(context: Context, table_id: str, field: str, absent: str) -> Column:
    """A column as ``Context.operand`` takes its figures."""
    return context.once(
        ("column", table_id, field, absent), partial(_column, context, table_id, field, absent)
    )


def _column(context: Context, table_id: str, field_name: str, absent: str) -> Column:
    table = context.spec.tables[table_id]
    at = table.position[field_name]
    field, form = table.fields[at], table.kind == "form"
    status = context.status.get(table_id, MISSING) if form else REPORTED
    if status == EMPTY:
        return Column({}, ZERO if field.only is None and context.printed(table, "", field_name) else None)
    if status != REPORTED:
        return Column({}, None)
    factor = context.scale(table_id)[0] if field.amount else 1
    figures: dict[str, Decimal | None] = {
        name: value if isinstance(value := row[at], Decimal) else None
        for name, row in context.rows_of(table_id).items()
    }
    if factor != 1:
        figures = {name: None if value is None else value * factor for name, value in figures.items()}
    whole: frozenset[str] = frozenset()
    if type(None) not in set(map(type, figures.values())):
        whole = context.once(("names", table_id), lambda: frozenset(context.rows_of(table_id)))
    if form:
        figures.setdefault(TOTAL, None)
    return Column(figures, ZERO if absent == "zero" else None, whole)
