"""The operands of rules: terms as declared, read once a rule, and the figures that they come to in a report.

A term is a field of one row or of several rows of a table, or a constant. Names of tables, rows and fields may be
variables, and a rule has an instance for each combination of what its variables may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fatk.model import REPORTED, TOTAL
from fatk.rounding import ZERO
from fatk.rules.context import YUAN, Context, Operand, Ref, Rule
from fatk.spec import Spec

Bindings = Mapping[str, str]

#: What a constant stands for: no cell.
CONSTANT: Final = Ref("", "", "")
_ONE: Final = Decimal(1)


class Name(NamedTuple):
    """The name of a table, row or field: a text, a variable, or a variable behind a text."""

    text: str
    variable: str | None = None

    def of(self, bound: Bindings) -> str:
        """The name where the variables have these values."""
        return self.text if self.variable is None else self.text + bound[self.variable]


class Rows(NamedTuple):
    """Rows of a table whose names begin with a prefix and go on with a code of so many digits; ``bare``: the code alone."""

    table: Name
    prefix: str
    level: int | None
    bare: bool
    without: frozenset[str]


class Variable(NamedTuple):
    """What a variable may be: one of some texts, the name of one of a table's amounts, or that of a row."""

    name: str
    texts: tuple[str, ...]
    amounts_of: Name | None
    rows_of: tuple[Rows, ...]


class Term(NamedTuple):
    """A field of rows, which are named or have in common what ``rows`` says.

    ``report`` is the one that they stand in: the report itself (``None``), that of last year (``previous``) or those of
    the units (``parts``).
    """

    table: Name
    field: Name
    names: tuple[Name, ...]
    rows: Rows | None
    absent: str
    weight: Decimal
    report: str | None


Side = tuple[Term | Operand, ...]


class Equation(NamedTuple):
    """Two sides to compare for each combination of the variables; ``needs`` are the other reports that they name."""

    variables: tuple[Variable, ...]
    left: Side
    right: Side
    needs: frozenset[str]


# As declared


@cache
def equations(rule: Rule) -> tuple[Equation, ...]:
    """What a rule compares."""
    found = []
    for instance in rule.body.get("instances", (rule.body,)):
        left, right = side(instance["left"]), side(instance["right"])
        needs = {term.report for term in (*left, *right) if isinstance(term, Term) and term.report}
        each = instance.get("each", rule.body.get("each", ()))
        found.append(Equation(variables(each), left, right, frozenset(needs)))
    return tuple(found)


@cache
def premise(rule: Rule) -> Side:
    """The two figures that are equal wherever a rule applies; none where it always does."""
    return side(rule.body.get("condition", {}).get("equal", ()))


def side(declared: Iterable[Mapping[str, Any]]) -> Side:
    """The terms of one side."""
    return tuple(
        Operand(CONSTANT, Decimal(one["constant"]), ZERO) if "constant" in one else _term(one)
        for one in declared
    )


def _term(declared: Mapping[str, Any]) -> Term:
    table, rows = _name(declared["table"]), declared.get("rows")
    names = [declared["row"]] if rows is None else rows if isinstance(rows, list) else ()
    return Term(
        table, _name(declared["field"]), tuple(_name(one) for one in names),
        _rows(table, rows) if isinstance(rows, dict) else None,
        declared.get("absent", ""), Decimal(declared.get("weight", 1)), declared.get("of"),
    )  # fmt: skip


def _rows(table: Name, declared: Mapping[str, Any]) -> Rows:
    return Rows(
        table, declared.get("prefix", ""), declared.get("level"), declared.get("bare", False),
        frozenset(declared.get("except", ())),
    )  # fmt: skip


def variables(declared: Iterable[Mapping[str, Any]]) -> tuple[Variable, ...]:
    """The variables of a rule; one that is declared later may use earlier ones."""
    return tuple(_variable(one) for one in declared)


def _variable(declared: Mapping[str, Any]) -> Variable:
    amounts, rows = declared.get("amounts_of"), declared.get("rows_of", [])
    return Variable(
        declared["name"], tuple(declared.get("in", ())), None if amounts is None else _name(amounts["table"]),
        tuple(_rows(_name(one["table"]), one) for one in (rows if isinstance(rows, list) else [rows])),
    )  # fmt: skip


def _name(declared: Any) -> Name:
    """A name: itself, a variable, or a variable behind a prefix."""
    if isinstance(declared, str):
        return Name(declared)
    return Name(str(declared.get("prefix", "")), declared["var"])


def resolve(declared: Any, bound: Bindings) -> str:
    """A name as declared, where the variables have these values."""
    return _name(declared).of(bound)


# In a report


def bindings(
    declared: Iterable[Variable], context: Context, given: Bindings = MappingProxyType({})
) -> Iterable[Bindings]:
    """Every combination of values of a rule's variables, beside those that are ``given``."""
    found: Iterable[Bindings] = (given,)
    for variable in declared:
        found = _bound(found, variable, context)
    return found


def _bound(found: Iterable[Bindings], variable: Variable, context: Context) -> Iterator[Bindings]:
    for bound in found:
        for choice in choices(variable, bound, context):
            yield {**bound, variable.name: choice}


def choices(variable: Variable, bound: Bindings, context: Context) -> Sequence[str]:
    """What a variable may be where the others have these values."""
    if not variable.rows_of:
        return _texts(variable, bound, context.spec)
    found = [_named(rows, bound, context) for rows in variable.rows_of]
    return found[0] if len(found) == 1 else tuple(dict.fromkeys(chain.from_iterable(found)))


def _named(rows: Rows, bound: Bindings, context: Context) -> Sequence[str]:
    """The rows of a kind as a variable names them."""
    table = rows.table.of(bound)
    named = context.keys(table, prefix=rows.prefix, level=rows.level)
    if not rows.bare or not rows.prefix:
        return named
    return context.once(
        ("bare", table, rows.prefix, rows.level), lambda: [row[len(rows.prefix) :] for row in named]
    )


def fixed_bindings(
    declared: Iterable[Variable], spec: Spec, given: Bindings = MappingProxyType({})
) -> Iterable[Bindings]:
    """Every combination of values of variables that are no rows, which are the same in every report."""
    found: Iterable[Bindings] = (given,)
    for variable in declared:
        found = [{**bound, variable.name: one} for bound in found for one in _texts(variable, bound, spec)]
    return found


def _texts(variable: Variable, bound: Bindings, spec: Spec) -> Sequence[str]:
    """What a variable that is no row may be."""
    if variable.amounts_of is None:
        return variable.texts
    return [field.name for field in spec.tables[variable.amounts_of.of(bound)].amounts]


def operands(declared: Side, bound: Bindings, context: Context) -> list[Operand]:
    """The figures of one side of a rule, in this report's unit."""
    found: list[Operand] = []
    for term in declared:
        if isinstance(term, Operand):
            found.append(term)
        elif term.report is None:
            found += _figures(term, bound, context)
        else:
            for source in reports(term.report, context):
                factor = _in_units_of(context, source)
                found += (
                    figure._replace(value=figure.value * factor, half=figure.half * factor)
                    for figure in _figures(term, bound, source)
                )
    return found


def reports(wanted: str, context: Context) -> Sequence[Context]:
    """Last year's report or those of the units; none where they were not given."""
    if wanted == "parts":
        return context.parts
    return () if context.previous is None else (context.previous,)


def _in_units_of(context: Context, source: Context) -> Decimal:
    """What figures of another report are multiplied by to be in this report's unit."""
    ours, theirs = context.report.unit, source.report.unit
    if ours is None or theirs is None or ours == theirs:
        return _ONE
    return Decimal(YUAN[theirs]) / Decimal(YUAN[ours])


def _figures(term: Term, bound: Bindings, context: Context) -> list[Operand]:
    """The figures of one term in one report."""
    table, field = term.table.of(bound), term.field.of(bound)
    figures = [
        context.operand(table, name.of(bound), field, absent=term.absent)
        for name in rows_in(term, table, context)
    ]
    return figures if term.weight == 1 else [figure._replace(weight=term.weight) for figure in figures]


def rows_in(term: Term, table: str, context: Context) -> Sequence[Name]:
    """The rows that a term is of, in a table as it is."""
    if term.rows is None:
        return term.names
    return [Name(row) for row in rows_named(term.rows, table, context)]


def rows_named(rows: Rows, table: str, context: Context) -> Sequence[str]:
    """The names of all rows of a kind."""
    if context.status.get(table, REPORTED) != REPORTED:
        return (TOTAL,)  # no rows to name: the table's state speaks for them
    return [
        row for row in context.keys(table, prefix=rows.prefix, level=rows.level) if row not in rows.without
    ]
