"""The network of a report: which cell stands in which sum, with which weight."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeGuard

from fatk.causes.weights import (
    DECIDED,
    FAR,
    HARD,
    NOTHING,
    PLACES,
    SOFT,
    STRICT,
    Terms,
    Weights,
    is_inequality,
    scaled,
    terms_by_cells,
    usable_as_sum,
    weights_of,
)
from fatk.findings import ERROR, FAILED, WITHIN_ROUNDING
from fatk.model import MISSING, REPORTED, TOTAL, is_number
from fatk.rules.context import YUAN, Check, Context, Ref, Rule, load_rules
from fatk.values import Value, decimals_of, round_half_up


class Cell:
    """A figure of the report in scaled units, with the half-width of its interval and the step of its last place.

    ``known``: the report has the row; ``fixed``: not to be changed; ``least``: what it may not lawfully be below.
    """

    __slots__ = ("fixed", "half", "known", "least", "ref", "step", "uses", "value")

    def __init__(self, ref: Ref, value: int, half: int, step: int, least: int) -> None:
        self.ref, self.value, self.half, self.step, self.least = ref, value, half, step, least
        self.known = self.fixed = False
        self.uses: list[tuple[int, Any]] | None = None


class Sum(NamedTuple):
    """A check as a weighted sum of cells that must lie between two bounds. ``total``: the cell that is the sum of the rest."""

    check: int
    grade: int
    rollup: bool
    cells: Mapping[int, Any]
    residual: int
    low: int
    high: int
    total: int | None


class Network:
    """Cells and sums of a report, each by its number; a sum is made when it is first asked for."""

    def __init__(self, context: Context, checks: Sequence[Check]) -> None:
        self.context, self.checks, self.rules = context, checks, load_rules()
        self.cells: list[Cell] = []
        self.sums: list[Sum] = []
        self.at: dict[Ref, int] = {}
        self.failed: list[int] = []
        self._least = -FAR
        self._where: dict[Ref, list[int]] = defaultdict(list)
        self._sum_of: dict[int, int | None] = {}
        self._weights: dict[str, Weights | None] = {}
        self._declared: dict[str, Mapping[tuple[Ref, ...], Terms]] = {}
        self._units: dict[str, tuple[Decimal, int, int]] = {}
        self._rows: dict[str, Mapping[str, int]] = {}
        self._mates: dict[tuple[str, str], list[int]] = {}
        self._lines: dict[str, Mapping[tuple[str, str], list[str]]] = {}
        self._register()

    def _register(self) -> None:
        """Note where each cell stands among the checks that were decided."""
        usable: dict[str, tuple[bool, int | None]] = {}
        where = self._where
        for number, check in enumerate(self.checks):
            rule, outcome, refs = check[:3]
            if outcome not in DECIDED:
                continue
            if rule not in usable:
                usable[rule] = usable_as_sum(self.rules.get(rule))
            use, limit = usable[rule]
            if not use:
                continue
            if outcome == FAILED:
                self.failed.append(number)
            elif limit is not None:  # one for each cell of the report: as long as they hold they need no sum
                self._least = max(self._least, limit)
                continue
            for ref in refs:
                where[ref].append(number)

    # Cells

    def number(self, ref: Ref) -> int:
        """The number of a cell; a row that is not there stands for no money."""
        found = self.at.get(ref)
        if found is None:
            found = self.at[ref] = len(self.cells)
            self.cells.append(self._cell(ref))
        return found

    def _cell(self, ref: Ref) -> Cell:
        table = self.context.spec.tables[ref.table]
        operand = self.context.operand(*ref, absent="zero")
        value, half = operand.value, operand.half
        if table.fields[table.position[ref.field]].amount:
            step = self.unit(ref.table)[2]
        else:
            factor = self.claim_factor(ref)
            exact = Decimal(1).scaleb(-decimals_of(value)) * factor
            value, step = value * factor, scaled(exact)
            if ref.table == "claims":
                half = NOTHING if factor == 1 and not self.context.scale("claims")[1] else exact / 2
        least = self._least if table.kind == "form" else -FAR
        made = Cell(ref, scaled(value), scaled(half) if half else 0, step, least)
        made.known = ref.row in self.rows(ref.table)
        made.fixed = table.kind == "form" and self.context.status.get(ref.table, MISSING) != REPORTED
        return made

    def claim_factor(self, ref: Ref) -> Decimal:
        """What a claim's figure is multiplied by to be in the report's unit: it is printed in a unit of its own."""
        ours, own = self.context.report.unit, None
        if ref.table == "claims":
            own = self.context.value(ref.table, ref.row, "unit")
        if not isinstance(own, str) or ours not in YUAN or own not in YUAN:
            return Decimal(1)
        return Decimal(YUAN[own]) / Decimal(YUAN[ours])

    def uses(self, cell: int) -> list[tuple[int, Any]]:
        """The sums that hold a cell, each with its weight."""
        at = self.cells[cell]
        if at.uses is None:
            found = (self.sum_of(number) for number in self._where.get(at.ref, ()))
            at.uses = [(s, self.sums[s].cells[cell]) for s in dict.fromkeys(found) if s is not None]
        return at.uses

    def unit(self, table: str) -> tuple[Decimal, int, int]:
        """A table's factor into the report's unit, its printed decimals and the step of its last place, scaled."""
        if table not in self._units:
            factor, _ = self.context.scale(table)
            own = self.context.report.status(table).get("decimals")
            whole = self.context.report.one("report").get("decimals")
            places = own if isinstance(own, int) else whole if isinstance(whole, int) else 2
            self._units[table] = (factor, places, scaled(Decimal(1).scaleb(-places) * factor))
        return self._units[table]

    def rows(self, table: str) -> Mapping[str, int]:
        """The names of a table's rows with their places."""
        if table not in self._rows:
            self._rows[table] = {name: n for n, name in enumerate(self.context.rows_of(table))}
        return self._rows[table]

    def column(self, table: str, name: str, rows: Iterable[str]) -> list[int]:
        """The cells of a column that hold figures, downwards."""
        at = self.context.spec.tables[table].position[name]
        known = self.context.rows_of(table)
        return [self.number(Ref(table, row, name)) for row in rows if is_figure(known[row][at])]

    def mates(self, table: str, row: str) -> list[int]:
        """The cells of a row that hold figures."""
        if (table, row) not in self._mates:
            amounts = self.context.spec.tables[table].amounts
            self._mates[table, row] = [c for f in amounts for c in self.column(table, f.name, (row,))]
        return self._mates[table, row]

    def sorted_column(self, table: str, name: str) -> list[tuple[int, str]]:
        """The figures of a column with their rows, from the least to the greatest."""
        declared = self.context.spec.tables[table]
        at = declared.position[name]
        factor = self.unit(table)[0] if declared.fields[at].amount else 1
        rows = self.context.rows_of(table).items()
        return sorted((scaled(Decimal(v) * factor), key) for key, row in rows if is_figure(v := row[at]))

    def figures(self) -> set[int]:
        """All figures of the nine tables: what a narrative may have quoted instead of the right one."""
        forms = [t for t in self.context.spec.forms if self.context.status.get(t.id) == REPORTED]
        return {value for t in forms for f in t.amounts for value, _ in self.sorted_column(t.id, f.name)}

    def printed(self, ref: Ref, value: int) -> Decimal:
        """A scaled figure as the cell's table prints it."""
        table = self.context.spec.tables[ref.table]
        exact = Decimal(value).scaleb(-PLACES)
        if not table.fields[table.position[ref.field]].amount:
            places = decimals_of(self.context.operand(*ref, absent="zero").value)
            return round_half_up(exact / self.claim_factor(ref), places)
        factor, places, _ = self.unit(ref.table)
        return round_half_up(exact if factor == 1 else exact / factor, places)

    def order(self, ref: Ref) -> tuple[int, int, int]:
        """Where a cell stands in the report: table, row and field; a lost row stands at the end."""
        table = self.context.spec.tables[ref.table]
        return table.order, self.rows(ref.table).get(ref.row, 10**6), table.position[ref.field]

    def parts(self, total: int) -> list[int]:
        """The cells of the same table that a cell is the sum of."""
        table = self.cells[total].ref.table
        return [
            cell
            for s, _ in self.uses(total)
            if self.sums[s].total == total and self.sums[s].grade == HARD
            for cell in self.sums[s].cells
            if cell != total and self.cells[cell].ref.table == table and self.cells[cell].known
        ]

    def rows_like(self, ref: Ref, table: str) -> Sequence[str]:
        """The rows of another table that are of the same code or line as a cell's."""
        if table not in self._lines:
            found: dict[tuple[str, str], list[str]] = defaultdict(list)
            for row in self.rows(table):
                found[_line(table, row)].append(row)
            self._lines[table] = found
        return self._lines[table].get(_line(ref.table, ref.row), ())

    # Sums

    def sum_of(self, number: int) -> int | None:
        """The sum that a check is; ``None`` where its figures are not what its terms say."""
        if number not in self._sum_of:
            made = self._sum(number)
            self._sum_of[number] = None if made is None else len(self.sums)
            if made is not None:
                self.sums.append(made)
        return self._sum_of[number]

    def _sum(self, number: int) -> Sum | None:
        check = self.checks[number]
        rule = self.rules[check.rule]
        terms = self._terms(rule, check)
        if terms is None:
            return None
        weights, constant, total = terms
        cells: dict[int, Any] = {}
        bound: Any = 0
        residual: Any = scaled(constant) if constant else 0
        if len(weights) != len(check.refs):
            return None
        for ref, weight in zip(check.refs, weights, strict=True):
            if not ref.table:
                continue
            cell = self.number(ref)
            at = self.cells[cell]
            cells[cell] = cells.get(cell, 0) + weight
            bound += at.half if weight in (1, -1) else abs(weight) * at.half
            residual += weight * at.value
        limit = is_inequality(rule)
        if limit:
            bound = bound if all(ref.table for ref in check.refs) else 0  # no rounding blurs a constant
        elif residual != (scaled(check.difference) if check.difference else 0):
            return None
        if check.outcome == WITHIN_ROUNDING and check.tolerance is not None:
            bound = max(bound, scaled(check.tolerance))
        error = (check.severity or rule.severity) == ERROR
        grade = SOFT if not error else STRICT if limit else HARD
        bound = int(bound)
        return Sum(
            number, grade, rule.kind == "rollup", cells, residual, -FAR if limit else -bound, bound,
            None if total is None else self.at[check.refs[total]],
        )  # fmt: skip

    def _terms(self, rule: Rule, check: Check) -> Terms | None:
        """The weight of each of a check's cells, its constant, and which of the cells is the sum of the others."""
        count = len(check.refs)
        if rule.kind == "rollup":
            return [1, *[-1] * (count - 1)], NOTHING, 0
        if rule.kind == "agrees" and not rule.body.get("left"):
            return (1, -1), NOTHING, None
        if rule.id not in self._weights:
            self._weights[rule.id] = weights_of(rule)
        known = self._weights[rule.id]
        if known is not None:
            return known(check.refs)
        if rule.id not in self._declared:
            self._declared[rule.id] = terms_by_cells(rule, self.context) if rule.kind != "agrees" else {}
        return self._declared[rule.id].get(check.refs)


def is_figure(value: Value) -> TypeGuard[Decimal | int]:
    return is_number(value)


#: Tables of codes that are of one side of the account.
_SIDES = {
    "income": "income", "expenditure": "expenditure", "general_budget_expenditure": "expenditure",
    "government_fund": "expenditure", "state_capital": "expenditure",
}  # fmt: skip


def _line(table: str, row: str) -> tuple[str, str]:
    """What a row is of, whatever its table calls it: its side of the account and its code or line."""
    side, dot, name = row.partition(".")
    if not dot:
        side, name = _SIDES.get(table, table), row
    return side, TOTAL if name == "current_year" else name


def side_of(row: str) -> str:
    """The side of the account that a row is named by, with its point; nothing where a table has one side only."""
    side, dot, _ = row.partition(".")
    return side + dot if dot else ""
