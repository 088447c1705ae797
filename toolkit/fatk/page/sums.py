"""What figures are made of: the sums that the rules make of a report's cells, for a page that shows them at a click; and what
they may not exceed.

Sums are those of the rules' own operands and outcomes. Most of a report's sums are alike, the same columns in every row or
the same rows in every column; they are embedded once with the rows or columns that they hold in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from fatk.findings import NOT_CHECKED
from fatk.page.operands import Operands, figure
from fatk.rules.context import BLANK, EXACT, NOT_APPLICABLE, Check, Context, Operand, Rule, load_rules
from fatk.rules.linear import equality, inequality, levels, sides
from fatk.rules.terms import CONSTANT, Bindings, Side, Term, bindings, equations, operands, reports


class Figure(NamedTuple):
    """An operand, and which other report it is of: ``previous`` or ``parts``; ``None`` where it is this one."""

    operand: Operand
    of: str | None = None


class Sum(NamedTuple):
    """Two sums that have to be equal or, by a rule of the kind ``compare``, the left at most the right; what came of it."""

    rule: Rule
    left: Sequence[Figure]
    right: Sequence[Figure]
    check: Check


def sums(context: Context) -> Iterator[Sum]:
    """Every relation of sums that applies to a report."""
    for rule in load_rules().values():
        if not rule.built or not context.applies(rule) or (rule.body.get("needs_year") and not context.year):
            continue
        if rule.kind == "rollup":
            both = _rollup(rule, context)
        elif rule.kind in ("linear", "compare"):
            both = _linear(rule, context)
        else:
            continue
        for left, right in both:
            sides_ = [f.operand for f in left], [f.operand for f in right]
            check = inequality(rule, *sides_) if rule.kind == "compare" else equality(rule, *sides_, context)
            if check.outcome != NOT_APPLICABLE:
                yield Sum(rule, left, right, check)


def _rollup(rule: Rule, context: Context) -> Iterator[tuple[list[Figure], list[Figure]]]:
    for total, parts in levels(rule, context):
        yield [Figure(total)], [Figure(part) for part in parts]


def _linear(rule: Rule, context: Context) -> Iterator[tuple[list[Figure], list[Figure]]]:
    if not any(equation.needs for equation in equations(rule)):
        for left, right in sides(rule, context):
            yield [Figure(o) for o in left], [Figure(o) for o in right]
        return
    for equation in equations(rule):
        if all(reports(wanted, context) for wanted in equation.needs):
            for chosen in bindings(equation.variables, context):
                yield _side(equation.left, chosen, context), _side(equation.right, chosen, context)


def _side(terms: Side, chosen: Bindings, context: Context) -> list[Figure]:
    """The figures of a side, each with the report that its term is of."""
    return [
        Figure(operand, term.report if isinstance(term, Term) else None)
        for term in terms
        for operand in operands((term,), chosen, context)
    ]


def data_of(context: Context, operands: Operands) -> dict[str, Any]:
    """The sums of a report as data: rules (with ``1`` where the left side is at most the right), sums that are alike, and
    other sums."""
    return _Collected(context, operands).data()


class _Collected:
    """Sums being gathered."""

    def __init__(self, context: Context, operands: Operands) -> None:
        self.context, self.operands = context, operands
        self.rules: dict[str, int] = {}
        self.across: dict[tuple[Any, ...], list[int]] = {}
        self.down: dict[tuple[Any, ...], list[int]] = {}
        self.others: list[Any] = []
        self.bounds = [(s.first, s.end, s.width) for s in operands.sheets.forms]

    def data(self) -> dict[str, Any]:
        for one in sums(self.context):
            self.add(one)
        rules = load_rules()
        return {
            "rules": [
                [
                    rule,
                    rules[rule].title["zh"],
                    rules[rule].title["en"],
                    *([1] if rules[rule].kind == "compare" else ()),
                ]
                for rule in self.rules
            ],
            "across": [[*_plain(key), _ranges(rows)] for key, rows in self.across.items()],
            "down": [[*_plain(key), columns] for key, columns in self.down.items()],
            "others": self.others,
        }

    def add(self, one: Sum) -> None:
        """Keep a sum that has a cell on some form."""
        left, right = (
            [(self.number(f), f.operand.weight) for f in side if not self.nothing(f)] or [(self.number(side[0]), side[0].operand.weight)]
            for side in (one.left, one.right)
        )  # fmt: skip
        cells = [n for n, _ in (*left, *right)]
        if not any(n >= 0 for n in cells):
            return
        rule = self.rules.setdefault(one.rule.id, len(self.rules))
        if one.check.outcome == EXACT and self._alike(rule, left, right):
            return
        figures: list[Any] = [] if one.check.outcome == EXACT else [one.check.outcome, one.check.reason]
        if one.check.difference is not None:
            check = one.check
            figures += [figure(v) for v in (check.found, check.expected, check.difference, check.tolerance)]
            figures += [check.qualifier]
        elif one.check.outcome == NOT_CHECKED:
            figures[1] = one.check.reason or BLANK
        self.others.append([rule, _items(left), _items(right), *figures])

    def _alike(
        self, rule: int, left: Sequence[tuple[int, Decimal]], right: Sequence[tuple[int, Decimal]]
    ) -> bool:
        """Keep an exact sum whose cells are all of one row or all of one column of a form with those that are like it; what
        no form prints, such as a constant, goes along."""
        cells = [n for n, _ in (*left, *right) if n >= 0]
        at = next(i for i, (first, end, _) in enumerate(self.bounds) if first <= cells[0] < end)
        first, end, width = self.bounds[at]
        if not all(first <= n < end for n in cells):
            return False
        rows, columns = {(n - first) // width for n in cells}, {(n - first) % width for n in cells}
        if len(rows) == 1:
            kept, along, where = self.across, columns, rows
        elif len(columns) == 1:
            kept, along, where = self.down, rows, columns
        else:
            return False

        def placed(side: Sequence[tuple[int, Decimal]]) -> tuple[tuple[int, Decimal], ...]:
            return tuple(
                (n if n < 0 else (n - first) % width if along is columns else (n - first) // width, weight)
                for n, weight in side
            )

        kept.setdefault((rule, at, placed(left), placed(right)), []).append(where.pop())
        return True

    def nothing(self, one: Figure) -> bool:
        """Whether an operand is a row that this report's form does not have and that stands for no money."""
        operand = one.operand
        known = operand.ref == CONSTANT or operand.why or operand.value or one.of
        return not known and operand.ref.row not in self.context.rows_of(operand.ref.table)

    def number(self, one: Figure) -> int:
        """The number of an operand; below zero where no form prints it."""
        return self.operands.of_operand(one.operand, one.of)


def _items(side: Sequence[tuple[int, Decimal]]) -> list[Any]:
    return [n if weight == 1 else [n, format(weight, "f")] for n, weight in side]


def _plain(key: tuple[Any, ...]) -> list[Any]:
    rule, at, left, right = key
    return [rule, at, _items(left), _items(right)]


def _ranges(rows: Sequence[int]) -> list[list[int]]:
    """Rows in order as ranges, both ends included."""
    found: list[list[int]] = []
    for row in sorted(rows):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return found
