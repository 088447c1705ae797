"""What figures are made of: the sums that the rules make of a report's cells, for a page that shows them at a click.

Sums are those of the rules' own operands and outcomes. Most of a report's sums are alike, the same columns in every row or
the same rows in every column; they are embedded once with the rows or columns that they hold in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from fatk.findings import NOT_CHECKED
from fatk.page.sheets import Sheets, printed
from fatk.rules.context import BLANK, EXACT, NOT_APPLICABLE, Check, Context, Operand, Rule, load_rules
from fatk.rules.linear import equality, levels, sides
from fatk.rules.report import cell, texts
from fatk.rules.terms import CONSTANT, Bindings, Side, Term, bindings, equations, operands, reports
from fatk.values import show, visible


class Figure(NamedTuple):
    """An operand, and which other report it is of: ``previous`` or ``parts``; ``None`` where it is this one."""

    operand: Operand
    of: str | None = None


class Sum(NamedTuple):
    """An equality of two sums, and what came of it."""

    rule: Rule
    left: Sequence[Figure]
    right: Sequence[Figure]
    check: Check


def sums(context: Context) -> Iterator[Sum]:
    """Every equality of sums that applies to a report."""
    for rule in load_rules().values():
        if not rule.built or not context.applies(rule) or (rule.body.get("needs_year") and not context.year):
            continue
        if rule.kind == "rollup":
            both = _rollup(rule, context)
        elif rule.kind == "linear":
            both = _linear(rule, context)
        else:
            continue
        for left, right in both:
            check = equality(rule, [f.operand for f in left], [f.operand for f in right], context)
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


def data_of(context: Context, sheets: Sheets) -> dict[str, Any]:
    """The sums of a report as data: rules, sums that are alike, other sums, and figures that no form prints."""
    return _Collected(context, sheets).data()


class _Collected:
    """Sums being gathered."""

    def __init__(self, context: Context, sheets: Sheets) -> None:
        self.context, self.sheets = context, sheets
        self.rules: dict[str, int] = {}
        self.extras: dict[tuple[str, str, str], int] = {}
        self.across: dict[tuple[Any, ...], list[int]] = {}
        self.down: dict[tuple[Any, ...], list[int]] = {}
        self.others: list[Any] = []
        self.bounds = [(s.first, s.end, s.width) for s in sheets.forms]

    def data(self) -> dict[str, Any]:
        for one in sums(self.context):
            self.add(one)
        rules = load_rules()
        return {
            "rules": [[rule, rules[rule].title["zh"], rules[rule].title["en"]] for rule in self.rules],
            "across": [[*_plain(key), _ranges(rows)] for key, rows in self.across.items()],
            "down": [[*_plain(key), columns] for key, columns in self.down.items()],
            "others": self.others,
            "extras": [[said, value, of] for said, value, of in self.extras],
            "reasons": {reason: dict(both) for reason, both in texts()["reasons"].items()},
            "qualifiers": {name: dict(both) for name, both in texts()["qualifiers"].items()},
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
        if one.check.outcome == EXACT and all(n >= 0 for n in cells) and self._alike(rule, left, right):
            return
        figures: list[Any] = [] if one.check.outcome == EXACT else [one.check.outcome, one.check.reason]
        if one.check.difference is not None:
            check = one.check
            figures += [_figure(v) for v in (check.found, check.expected, check.difference, check.tolerance)]
            figures += [check.qualifier]
        elif one.check.outcome == NOT_CHECKED:
            figures[1] = one.check.reason or BLANK
        self.others.append([rule, _items(left), _items(right), *figures])

    def _alike(
        self, rule: int, left: Sequence[tuple[int, Decimal]], right: Sequence[tuple[int, Decimal]]
    ) -> bool:
        """Keep an exact sum whose cells are all of one row or all of one column of a form with those that are like it."""
        at = next(i for i, (first, end, _) in enumerate(self.bounds) if first <= left[0][0] < end)
        first, end, width = self.bounds[at]
        if not all(first <= n < end for n, _ in (*left, *right)):
            return False
        placed = [[(divmod(n - first, width), weight) for n, weight in side] for side in (left, right)]
        rows = {place[0] for side in placed for place, _ in side}
        columns = {place[1] for side in placed for place, _ in side}
        if len(rows) == 1:
            key = (rule, at, *(tuple((place[1], w) for place, w in side) for side in placed))
            self.across.setdefault(key, []).append(rows.pop())
        elif len(columns) == 1:
            key = (rule, at, *(tuple((place[0], w) for place, w in side) for side in placed))
            self.down.setdefault(key, []).append(columns.pop())
        else:
            return False
        return True

    def nothing(self, figure: Figure) -> bool:
        """Whether an operand is a row that this report's form does not have and that stands for no money."""
        operand = figure.operand
        known = operand.ref == CONSTANT or operand.why or operand.value or figure.of
        return not known and operand.ref.row not in self.context.rows_of(operand.ref.table)

    def number(self, figure: Figure) -> int:
        """The number of an operand's cell; below zero where no form prints it."""
        operand = figure.operand
        found = None if figure.of else self.sheets.number(*operand.ref)
        if found is not None:
            return found
        label = cell(operand.ref, self.context).label or operand.ref.row if operand.ref != CONSTANT else ""
        value = "" if operand.why else _figure(operand.value) or ""
        return -1 - self.extras.setdefault((visible(label, 200), value, figure.of or ""), len(self.extras))


def _figure(value: Decimal | str | None) -> str | None:
    if isinstance(value, Decimal):
        return printed(value)
    return None if value is None else visible(show(value))


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
