"""Which instances of a sum come out exactly, found column by column.

Nearly every sum of nearly every report is exact, and nothing is to be said of it. Where only that is asked (``Context.brief``),
the figures of a rule are taken from whole columns and compared as such; an instance with anything but plain figures, or that
does not come out, is left to be looked at by itself. So nothing is decided here but that two sums are equal.

What does not depend on a report is worked out once a rule: which instances there are but for the rows, and where the figures of
each stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from operator import add, le
from typing import Any, Final, NamedTuple

from fatk.model import EMPTY, MISSING, REPORTED, TOTAL
from fatk.rounding import ZERO
from fatk.rules.context import Context, Operand, Rule
from fatk.rules.terms import (
    Bindings,
    Equation,
    Rows,
    Side,
    Variable,
    bindings,
    choices,
    equations,
    fixed_bindings,
    rows_named,
)
from fatk.spec import Spec

#: Whether two sums are as a rule wants them.
Holds = Callable[[Decimal, Decimal], bool]
#: A column of figures as rules name it: table, field, and what a row that is not there stands for.
Place = tuple[str, str, str]


class Sum(NamedTuple):
    """One side of an instance: a constant; single figures by place, row and weight; the figures of all rows of a kind; and
    those of the row that the rule's variable names, behind a text. ``known``: there is a constant. A weight of one is always
    the same object."""

    constant: Decimal
    known: bool
    cells: tuple[tuple[Place, str, Decimal], ...]
    kinds: tuple[tuple[Place, Rows, Decimal], ...]
    rows: tuple[tuple[Place, str, Decimal], ...]


_ONE: Final = Decimal(1)
_ZERO: Final = Sum(ZERO, known=True, cells=(), kinds=(), rows=())


class Instance(NamedTuple):
    """One instance of an equation, but for its rows: what its other variables are, and both sides."""

    bound: Bindings
    left: Sum
    right: Sum


class Plan(NamedTuple):
    """The instances of an equation that have the rows of one variable in common, if there is one; ``bound`` is what those
    variables are that decide which rows these are."""

    row: Variable | None
    bound: Bindings
    instances: tuple[Instance, ...]


def settle(
    equation: Equation, planned: Sequence[Plan] | None, context: Context, holds: Holds
) -> tuple[int, Iterable[Bindings]]:
    """How many instances of an equation hold without further ado, and the others, in the order of the rule."""
    if planned is None:
        return 0, bindings(equation.variables, context)
    count = 0
    others: list[Bindings] = []
    for plan in planned:
        if plan.row is None:
            open_ = [one.bound for one in plan.instances if not _single(one, context, holds)]
            count += len(plan.instances) - len(open_)
            others += open_
            continue
        names = choices(plan.row, plan.bound, context)
        lacking = [
            (i, n)
            for n, one in enumerate(plan.instances if names else ())
            for i in _rows(one, names, context, holds)
        ]
        count += len(names) * len(plan.instances) - len(lacking)
        others += [{**plan.instances[n].bound, plan.row.name: names[i]} for i, n in sorted(lacking)]
    return count, others


# As declared


@cache
def plans(rule: Rule, spec: Spec) -> tuple[tuple[Equation, tuple[Plan, ...] | None], ...]:
    """The equations of a rule, each with its instances; ``None`` where these are of other reports too, or their rows decide
    which columns they are of."""
    return tuple((equation, _plans(equation, spec)) for equation in equations(rule))


def _plans(equation: Equation, spec: Spec) -> tuple[Plan, ...] | None:
    declared = equation.variables
    at = next((i for i, one in enumerate(declared) if one.rows_of), len(declared))
    before, row, behind = declared[:at], declared[at] if at < len(declared) else None, declared[at + 1 :]
    if any(one.rows_of for one in behind) or not all(
        _is_plain(side, row) for side in (equation.left, equation.right)
    ):
        return None
    found = []
    for outer in fixed_bindings(before, spec):
        instances = [
            Instance(bound, _sum(equation.left, bound, row), _sum(equation.right, bound, row))
            for bound in fixed_bindings(behind, spec, outer)
        ]
        found.append(Plan(row, outer, tuple(instances)))
    return tuple(found)


def _is_plain(side: Side, row: Variable | None) -> bool:
    """Whether a side is of this report alone, and of columns that are the same for every row."""
    terms = [term for term in side if not isinstance(term, Operand)]
    names = [name for term in terms for name in (term.table, term.field)]
    return all(term.report is None for term in terms) and (
        row is None or all(name.variable != row.name for name in names)
    )


def _sum(side: Side, bound: Bindings, row: Variable | None) -> Sum:
    constant, known = ZERO, False
    cells: list[tuple[Place, str, Decimal]] = []
    kinds: list[tuple[Place, Rows, Decimal]] = []
    rows: list[tuple[Place, str, Decimal]] = []
    for term in side:
        if isinstance(term, Operand):
            constant, known = constant + term.value * term.weight, True
            continue
        place = term.table.of(bound), term.field.of(bound), term.absent
        weight = _ONE if term.weight == 1 else term.weight
        if term.rows is not None:
            kinds.append((place, term.rows, weight))
        for name in term.names if term.rows is None else ():
            if row is not None and name.variable == row.name:
                rows.append((place, name.text, weight))
            else:
                cells.append((place, name.of(bound), weight))
    return Sum(constant, known, tuple(cells), tuple(kinds), tuple(rows))


# In a report


def _single(instance: Instance, context: Context, holds: Holds) -> bool:
    """Whether an instance without a row of its own has plain figures only, and holds."""
    left = _constant(instance.left, context)
    right = None if left is None else _constant(instance.right, context)
    return left is not None and right is not None and holds(left, right)


def _constant(side: Sum, context: Context) -> Decimal | None:
    """What a side comes to but for the figures of the variable's rows; ``None`` where one is not plain, or there is none."""
    total, known = side.constant, side.known
    for place, row, weight in side.cells:
        named = column(context, place)
        value = named.figures.get(row, named.absent)
        if value is None:
            return None
        total, known = total + (value if weight is _ONE else value * weight), True
    for place, rows, weight in side.kinds:
        named = column(context, place)
        for row in rows_named(rows, place[0], context):
            value = named.figures.get(row, named.absent)
            if value is None:
                return None
            total, known = total + (value if weight is _ONE else value * weight), True
    return (
        total if known or side.rows else None
    )  # no figures at all is another matter than none that is plain


def _rows(instance: Instance, names: Sequence[str], context: Context, holds: Holds) -> Iterable[int]:
    """Of which rows, by their index, an instance has anything but plain figures, or does not hold."""
    lacking: set[int] = set()
    sides = []
    if holds is le and _none_below(instance, names, context):
        return ()
    for side in (instance.left, instance.right):
        constant = _constant(side, context)
        if constant is None:
            return range(len(names))
        sides.append(_sums(side, constant, names, context, lacking))
    if all(map(holds, *sides)):
        return lacking
    return lacking.union(i for i, fits in enumerate(map(holds, *sides)) if not fits)


def _none_below(instance: Instance, names: Sequence[str], context: Context) -> bool:
    """Whether an inequality says no more than that no figure of a column is below zero, and it is known of all that none is."""
    right = instance.right
    if instance.left != _ZERO or right.known or right.cells or right.kinds or len(right.rows) != 1:
        return False
    place, text, weight = right.rows[0]
    named = column(context, place)
    return not text and weight is _ONE and named.unsigned and named.whole is names


def _sums(
    side: Sum, constant: Decimal, names: Sequence[str], context: Context, lacking: set[int]
) -> Sequence[Decimal]:
    """What a side comes to for each row; where a figure is not plain, the row's index goes into ``lacking``."""
    sums: Sequence[Decimal] | None = None
    for place, text, weight in side.rows:
        named = column(context, place)
        rows = [text + one for one in names] if text else names
        values: Sequence[Decimal]
        if named.whole is rows:
            values = named.values  # type: ignore[assignment]
        else:
            figures, absent = named.figures, named.absent
            values = _filled([figures.get(one, absent) for one in rows], lacking)
        if weight is not _ONE:
            values = [value * weight for value in values]
        sums = values if sums is None else list(map(add, sums, values))
    if sums is None:
        return [constant] * len(names)
    return [one + constant for one in sums] if constant else sums


def _filled(found: list[Decimal | None], lacking: set[int]) -> list[Decimal]:
    for i, one in enumerate(found):
        if one is None:
            lacking.add(i)
            found[i] = ZERO
    return found  # type: ignore[return-value]


class Column:
    """The plain figures of a column in the report's unit by row, ``None`` where there is something else.

    ``absent`` is what a row that is not there stands for. ``whole`` are the names of all rows, if all have plain figures, which
    are ``values`` then. ``unsigned``: none of these is below zero.
    """

    __slots__ = ("_figures", "absent", "names", "unsigned", "values", "whole")

    def __init__(
        self,
        names: Sequence[str],
        values: Sequence[Decimal | None],
        absent: Decimal | None,
        *,
        whole: bool,
        unsigned: bool = False,
    ) -> None:
        self.names, self.values, self.absent = names, values, absent
        self.whole = names if whole else None
        self.unsigned = unsigned
        self._figures: dict[str, Decimal | None] | None = None

    @property
    def figures(self) -> dict[str, Decimal | None]:
        """The figures by the name of their row."""
        if self._figures is None:
            self._figures = dict(zip(self.names, self.values, strict=True))
        return self._figures


def column(context: Context, place: Place) -> Column:
    """A column as ``Context.operand`` takes its figures."""
    found: Column | None = context.columns.get(place)
    if found is None:
        found = context.columns[place] = _column(context, *place)
    return found


def _column(context: Context, table_id: str, field_name: str, absent: str) -> Column:
    table = context.spec.tables[table_id]
    at = table.position[field_name]
    field, form = table.fields[at], table.kind == "form"
    status = context.status.get(table_id, MISSING) if form else REPORTED
    if status == EMPTY:
        plain = field.only is None and context.printed(table, "", field_name)
        return Column((), (), ZERO if plain else None, whole=False)
    if status != REPORTED:
        return Column((), (), None, whole=False)
    factor = context.scale(table_id)[0] if field.amount else 1
    names = context.keys(table_id)
    values: Sequence[Any]
    whole = unsigned = False
    # Where several rows have one name, the first counts.
    if len(names) == len(context.report.rows(table_id)):
        figures = context.report.figures(table_id, at)
        values, whole, unsigned = figures.values, figures.whole, figures.unsigned
    if not whole:
        values = [row[at] for row in context.rows_of(table_id).values()]
        values = [value if isinstance(value, Decimal) else None for value in values]
    if factor != 1:
        values = [None if value is None else value * factor for value in values]
    if form and TOTAL not in context.rows_of(table_id):
        names, values, whole = (*names, TOTAL), (*values, None), False
    return Column(names, values, ZERO if absent == "zero" else None, whole=whole, unsigned=unsigned)
