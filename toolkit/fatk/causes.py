"""The fault behind many failures: the smallest change of a report after which every check that failed would pass.

One wrong figure breaks every sum that holds it, and the person wants the figure, not the sums. What is looked for is a
set of *acts*, each one thing that may have gone wrong (a cell's figure, two figures exchanged, a column slid by a row, a
row lost, a table in another unit), such that all sums that fail come out and none that holds is broken. The best set is
the one that takes least to say: few acts, few cells, and acts that have a name (digits transposed) before bare figures.

The change that a failing sum asks of one of its cells is its residual divided by the cell's weight, up to what rounding
allows; a single cell explains several failures when these intervals meet. So a cell that stands in two sums or more can
be told from its neighbours, and one that stands in only one cannot. Two explanations that are equally small are both
given. Nothing is ever changed: a cause says with which figure the report *would* reconcile.

The search is deterministic and bounded by the steps counted below, not by a clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeGuard, TypeVar

from fatk import resources
from fatk.findings import ERROR, FAILED, WITHIN_ROUNDING, fill
from fatk.model import MISSING, REPORTED, TOTAL, is_number
from fatk.rules.context import EXACT, YUAN, Check, Context, Ref, Rule, load_rules
from fatk.rules.linear import sides
from fatk.rules.narrative.claims import entry_of
from fatk.rules.report import cell as described
from fatk.values import Value, decimals_of, round_half_up, show

#: Steps (a cell or a sum looked at) that the whole search may take, and one tangle of failures.
STEPS, TANGLE_STEPS = 150_000, 50_000
#: Explanations that may be equally small; where there are more, none stands out and none is given.
OPTIONS = 6
#: Choices followed at once and one after another where nothing is forced.
_WIDTH, _DEPTH = 8, 3
#: Printable figures within rounding that are tried for a name.
_FIGURES = 61
#: Rows by which a column may have slid; powers of ten by which a figure may be off, and by which units differ.
_SLIDES, _POWERS, _UNITS = (1, -1, 2, -2, 3, -3), range(1, 9), frozenset({3, 4, 8})
#: Figures are whole numbers of this many decimals while they are searched: six of their own, eight of a unit's factor.
_PLACES = 16
_FAR = 10**60

# How surely a name fits: hardly by chance, by chance now and then, no name at all. It adds to the cost of an act.
_SURE, _LIKELY, _BARE = range(3)
#: What the cheapest act costs: a place.
_LEAST = 2
# What a sum asks for: an equality that must hold; an inequality that must not be broken; what only usually holds.
_HARD, _STRICT, _SOFT = range(3)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that may have gone wrong. With the figures of ``would_reconcile`` in ``cells`` the checks would pass.

    ``explains`` are the places, in the list of checks given, of those that failed because of it. Causes of one ``group``
    answer the same failures: those of one ``option`` together, those of different options instead of each other. The last
    ``carried`` cells are totals that merely follow the others. A lost row whose code is not known is named by its parent
    and a star (``20103*``); figures are in their table's unit and decimals.
    """

    kind: str
    cells: tuple[Ref, ...]
    would_reconcile: tuple[Decimal, ...]
    explains: tuple[int, ...]
    group: int = 0
    option: int = 0
    carried: int = 0


def find(context: Context, checks: Sequence[Check]) -> tuple[Cause, ...]:
    """The causes of the failures among all checks of a report; for a failure without one nothing stands out.

    Sums and copies (the kinds ``EQUALITIES``) that are errors are explained. What is only usually true, and inequalities,
    are explained along with them where they come out too, and count against a figure that would break them.
    """
    net = _Network(context, checks)
    search = _Search(net)
    return _told(search, search.groups()) if search.hard else ()


# The network: which cell stands in which sum, with which weight


class _Cell:
    """A figure of the report in scaled units, with the half-width of its interval and the step of its last place.

    ``known``: the report has the row; ``fixed``: not to be changed; ``least``: what it may not lawfully be below.
    """

    __slots__ = ("fixed", "half", "known", "least", "ref", "step", "uses", "value")

    def __init__(self, ref: Ref, value: int, half: int, step: int, least: int) -> None:
        self.ref, self.value, self.half, self.step, self.least = ref, value, half, step, least
        self.known = self.fixed = False
        self.uses: list[tuple[int, Any]] | None = None


class _Sum(NamedTuple):
    """A check as a weighted sum of cells that must lie between two bounds. ``total``: the cell that is the sum of the rest."""

    check: int
    grade: int
    rollup: bool
    cells: Mapping[int, Any]
    residual: int
    low: int
    high: int
    total: int | None


class _Network:
    """Cells and sums of a report, each by its number; a sum is made when it is first asked for."""

    def __init__(self, context: Context, checks: Sequence[Check]) -> None:
        self.context, self.checks, self.rules = context, checks, load_rules()
        self.cells: list[_Cell] = []
        self.sums: list[_Sum] = []
        self.at: dict[Ref, int] = {}
        self.failed: list[int] = []
        self._least = -_FAR
        self._where: dict[Ref, list[int]] = defaultdict(list)
        self._sum_of: dict[int, int | None] = {}
        self._weights: dict[str, _Weights | None] = {}
        self._declared: dict[str, Mapping[tuple[Ref, ...], _Terms]] = {}
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
            if outcome not in _DECIDED:
                continue
            if rule not in usable:
                usable[rule] = _usable(self.rules.get(rule))
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

    def _cell(self, ref: Ref) -> _Cell:
        table = self.context.spec.tables[ref.table]
        operand = self.context.operand(*ref, absent="zero")
        value, half = operand.value, operand.half
        if table.fields[table.position[ref.field]].amount:
            step = self.unit(ref.table)[2]
        else:
            factor = self.claim_factor(ref)
            exact = Decimal(1).scaleb(-decimals_of(value)) * factor
            value, step = value * factor, _scaled(exact)
            if ref.table == "claims":
                half = _NOTHING if factor == 1 and not self.context.scale("claims")[1] else exact / 2
        least = self._least if table.kind == "form" else -_FAR
        made = _Cell(ref, _scaled(value), _scaled(half) if half else 0, step, least)
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
            self._units[table] = (factor, places, _scaled(Decimal(1).scaleb(-places) * factor))
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
        return [self.number(Ref(table, row, name)) for row in rows if _is_figure(known[row][at])]

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
        return sorted((_scaled(Decimal(v) * factor), key) for key, row in rows if _is_figure(v := row[at]))

    def figures(self) -> set[int]:
        """All figures of the nine tables: what a narrative may have quoted instead of the right one."""
        forms = [t for t in self.context.spec.forms if self.context.status.get(t.id) == REPORTED]
        return {value for t in forms for f in t.amounts for value, _ in self.sorted_column(t.id, f.name)}

    def printed(self, ref: Ref, value: int) -> Decimal:
        """A scaled figure as the cell's table prints it."""
        table = self.context.spec.tables[ref.table]
        exact = Decimal(value).scaleb(-_PLACES)
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
            if self.sums[s].total == total and self.sums[s].grade == _HARD
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

    def _sum(self, number: int) -> _Sum | None:
        check = self.checks[number]
        rule = self.rules[check.rule]
        terms = self._terms(rule, check)
        if terms is None:
            return None
        weights, constant, total = terms
        cells: dict[int, Any] = {}
        bound: Any = 0
        residual: Any = _scaled(constant) if constant else 0
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
        limit = _at_most(rule)
        if limit:
            bound = bound if all(ref.table for ref in check.refs) else 0  # no rounding blurs a constant
        elif residual != (_scaled(check.difference) if check.difference else 0):
            return None
        if check.outcome == WITHIN_ROUNDING and check.tolerance is not None:
            bound = max(bound, _scaled(check.tolerance))
        error = (check.severity or rule.severity) == ERROR
        grade = _SOFT if not error else _STRICT if limit else _HARD
        bound = int(bound)
        return _Sum(
            number, grade, rule.kind == "rollup", cells, residual, -_FAR if limit else -bound, bound,
            None if total is None else self.at[check.refs[total]],
        )  # fmt: skip

    def _terms(self, rule: Rule, check: Check) -> _Terms | None:
        """The weight of each of a check's cells, its constant, and which of the cells is the sum of the others."""
        count = len(check.refs)
        if rule.kind == "rollup":
            return [1, *[-1] * (count - 1)], _NOTHING, 0
        if rule.kind == "agrees" and not rule.body.get("left"):
            return (1, -1), _NOTHING, None
        if rule.id not in self._weights:
            self._weights[rule.id] = _weights(rule)
        known = self._weights[rule.id]
        if known is not None:
            return known(check.refs)
        if rule.id not in self._declared:
            self._declared[rule.id] = _declared(rule, self.context) if rule.kind != "agrees" else {}
        return self._declared[rule.id].get(check.refs)


_DECIDED = frozenset({EXACT, WITHIN_ROUNDING, FAILED})
_NOTHING = Decimal(0)
#: The weights of a check's cells, its constant, and which of the cells is the sum of the others.
_Terms = tuple[Sequence[Any], Decimal, int | None]
_Weights = Callable[[Sequence[Ref]], _Terms]


def _scaled(value: Decimal) -> int:
    return int(value.scaleb(_PLACES))


def _is_figure(value: Value) -> TypeGuard[Decimal | int]:
    return is_number(value)


def _usable(rule: Rule | None) -> tuple[bool, int | None]:
    """Whether checks of a rule are sums of this report's cells, and the limit if the rule sets one for each cell alone.

    What compares with last year or with other units is left out: figures that differ there may lawfully differ.
    """
    if rule is None or rule.kind not in _SUMS or "check" in rule.body:
        return False, None
    instances = rule.body.get("instances", (rule.body,))
    if any("of" in term for i in instances for side in ("left", "right") for term in i.get(side, ())):
        return False, None
    left, right = rule.body.get("left", ()), rule.body.get("right", ())
    alone = rule.kind == "compare" and rule.severity != ERROR and len(left) == len(right) == 1
    if alone and "constant" in left[0] and "row" in right[0]:
        return True, _scaled(Decimal(left[0]["constant"]))
    return True, None


#: Kinds of rules whose checks are sums of cells.
_SUMS = frozenset({"linear", "rollup", "compare", "agrees"})


def _at_most(rule: Rule) -> bool:
    """Whether a rule is an inequality."""
    return rule.kind == "compare" or rule.body.get("relation") == "at_most"


def _weights(rule: Rule) -> _Weights | None:
    """The weights that a rule's checks all have, as its declaration shows them; ``None`` where they differ.

    A check keeps its cells in the order of the terms, but no weights. At most one side may have a term whose number of
    rows depends on the report, and that side's terms then all have one weight.
    """
    both = {
        (_side(instance["left"], 1, rule.kind), _side(instance["right"], -1, rule.kind))
        for instance in rule.body.get("instances", (rule.body,))
    }
    if len(both) != 1:
        return None
    ((left, right),) = both
    if left is None or right is None or (left.varies and right.varies):
        return None

    def weights(refs: Sequence[Ref]) -> _Terms:
        ones, others = left.weights, right.weights
        if left.varies:
            ones = ones[:1] * (len(refs) - len(others))
        elif right.varies:
            others = others[:1] * (len(refs) - len(ones))
        return ones + others, left.constant + right.constant, _lone(len(ones), len(others))

    return weights


def _lone(ones: int, others: int) -> int | None:
    """The place of the one cell that is the sum of all others."""
    if ones + others == 2 or 1 not in (ones, others):
        return None
    return 0 if ones == 1 else ones


class _Side(NamedTuple):
    """One side of a declared sum: its cells' weights, whether their number is not fixed, and its constant."""

    weights: tuple[int, ...]
    varies: bool
    constant: Decimal


def _side(terms: Sequence[Mapping[str, Any]], sign: int, kind: str) -> _Side | None:
    """One side of a declared sum; ``None`` where the declaration alone does not say enough."""
    found: list[int] = []
    varies, constant = False, _NOTHING
    for term in terms:
        weight = Decimal(term.get("weight", 1)) * sign
        if weight != int(weight) or "count" in term or "previous" in term or "or" in term:
            return None
        if "constant" in term:
            constant += weight * Decimal(term["constant"])
            found += [] if kind == "agrees" else [0]  # a check of this kind lists cells alone
            continue
        listed = isinstance(term.get("rows"), list)
        single = "row" in term or "figure" in term or ("claim" in term and "*" not in term["claim"])
        varies |= not listed and not single
        found += [int(weight)] * (len(term["rows"]) if listed else 1)
    if varies and len(set(found)) != 1:
        return None
    return _Side(tuple(found), varies, constant)


def _declared(rule: Rule, context: Context) -> Mapping[tuple[Ref, ...], _Terms]:
    """The terms of all checks of a rule by their cells, found by making the rule's sums once more."""
    found: dict[tuple[Ref, ...], _Terms] = {}
    for left, right in sides(rule, context):
        signed = [(o, 1) for o in left] + [(o, -1) for o in right]
        exact = [Fraction(o.weight) * sign for o, sign in signed]
        constant = sum((sign * o.weight * o.value for o, sign in signed if not o.ref.table), _NOTHING)
        weights = [int(weight) if weight == int(weight) else weight for weight in exact]
        found[tuple(o.ref for o, _ in signed)] = weights, constant, _lone(len(left), len(right))
    return found


# Acts and what they would do


@dataclass(frozen=True, slots=True, eq=False)
class _Act:
    """One thing that may have gone wrong, as the change that would undo it.

    ``moves`` change cells, ``direct`` changes sums that a row would join which the report does not have; ``slack`` is what
    sums may be off by where figures were printed too coarsely to be known again. ``lost`` are the cells of such a row; the
    last ``carried`` moves are of totals that only follow. ``cost`` is how much it takes to say what went wrong: two for
    each place and for each figure that nothing else tells, less for a figure that a slip of the hand explains.
    """

    kind: str
    cost: int
    moves: tuple[tuple[int, int], ...]
    direct: tuple[tuple[int, int], ...] = ()
    slack: Mapping[int, int] = field(default_factory=dict)
    lost: tuple[tuple[Ref, int], ...] = ()
    carried: int = 0

    @property
    def size(self) -> int:
        """Cells changed."""
        return len(self.lost) or len(self.moves)


class _Effect(NamedTuple):
    """What an act would do: equalities that come out, those it touches that still fail, and inequalities."""

    fixed: frozenset[int]
    left: frozenset[int]
    touched: frozenset[int]
    softly_fixed: int
    softly_broken: int


_Viable = list[tuple[_Act, _Effect]]
#: Explanations of the same failures; each is a set of acts.
_Group = list[list[_Act]]
#: Cost, cells and acts of an explanation: the less the better.
_Size = tuple[int, int, int]


class _Exhausted(Exception):
    """The steps allowed are used up."""


class _Search:
    """The search for the fewest acts, over residuals that change as acts are tried and taken back."""

    def __init__(self, net: _Network) -> None:
        self.net, self.cells, self.sums = net, net.cells, net.sums
        self.moved: dict[int, int] = {}
        self.eased: dict[int, int] = {}
        sums = [s for number in net.failed if (s := net.sum_of(number)) is not None]
        self.failing = frozenset(sums)
        self.hard = frozenset(s for s in sums if net.sums[s].grade == _HARD)
        self.steps, self.limit = 0, STEPS
        self.offered: dict[int, list[_Act]] = defaultdict(list)
        self.names = _Names(net)

    def spend(self, steps: int) -> None:
        """Count steps; the search ends where they are used up."""
        self.steps += steps
        if self.steps > self.limit:
            raise _Exhausted

    def within(self, steps: int, work: Callable[[], _Found]) -> _Found | None:
        """The result of some work, or ``None`` where it takes more than its share of the steps."""
        limit = self.limit
        self.limit = min(limit, self.steps + steps)
        try:
            return work()
        except _Exhausted:
            if self.steps > limit:
                raise
            return None
        finally:
            self.limit = limit

    # What acts do

    def bounds(self, s: int) -> tuple[int, int]:
        """By how little and how much a sum's residual may change for the sum to hold."""
        made = self.sums[s]
        residual, slack = made.residual + self.moved.get(s, 0), self.eased.get(s, 0)
        return made.low - slack - residual, made.high + slack - residual

    def holds(self, s: int) -> bool:
        """Whether a sum holds as things stand."""
        low, high = self.bounds(s)
        return low <= 0 <= high

    def change(self, act: _Act) -> dict[int, int]:
        """By how much an act changes the residual of each sum."""
        found: dict[int, int] = {}
        for cell, by in act.moves:
            for s, weight in self.net.uses(cell):
                found[s] = found.get(s, 0) + weight * by
        for s, by in act.direct:
            found[s] = found.get(s, 0) + by
        return {s: by for s, by in found.items() if by}

    def effect(self, act: _Act) -> _Effect | None:
        """What an act would do as things stand; ``None`` where it would break what must not be broken."""
        change = self.change(act)
        self.spend(len(change) + len(act.moves))
        fixed: list[int] = []
        left: list[int] = []
        better = worse = 0
        for s, by in change.items():
            low, high = self.bounds(s)
            slack = act.slack.get(s, 0)
            after = low - slack <= by <= high + slack
            grade = self.sums[s].grade
            if low <= 0 <= high:
                if not after and grade != _SOFT:
                    return None
                worse += not after
            elif grade == _HARD:
                (fixed if after else left).append(s)
            else:
                better += after
        for cell, by in act.moves:
            at = self.cells[cell]
            worse += at.value >= at.least > at.value + by
        return _Effect(frozenset(fixed), frozenset(left), frozenset(change), better, worse)

    def apply(self, act: _Act, sign: int = 1) -> None:
        """Let an act be done, or with sign -1 undone."""
        for s, by in self.change(act).items():
            self.moved[s] = self.moved.get(s, 0) + sign * by
        for s, slack in act.slack.items():
            self.eased[s] = self.eased.get(s, 0) + sign * slack

    # A single cell

    def interval(self, s: int, weight: Any) -> tuple[int, int]:
        """By how much a cell of that weight may change for a sum to hold."""
        low, high = self.bounds(s)
        if weight < 0:
            low, high, weight = -high, -low, -weight
        return (low, high) if weight == 1 else (-(-low // weight), high // weight)

    def single(self, cell: int, s: int) -> _Act | None:
        """The change of one cell that lets a failing sum hold, breaks none, and lets as many others hold as it can."""
        if self.cells[cell].fixed:
            return None
        low, high = self.interval(s, self.sums[s].cells[cell])
        uses = self.net.uses(cell)
        self.spend(len(uses))
        others = []
        for t, weight in uses:
            grade = self.sums[t].grade
            if t == s or grade == _SOFT:
                continue
            if not self.holds(t):
                if grade == _HARD:
                    others.append((t, weight))
                continue
            one, other = self.interval(t, weight)
            low, high = max(low, one), min(high, other)
            if low > high:
                return None
        for t, weight in others:
            one, other = self.interval(t, weight)
            if max(low, one) <= min(high, other):
                low, high = max(low, one), min(high, other)
        return self.figure(cell, low, high)

    def figure(self, cell: int, low: int, high: int) -> _Act | None:
        """The best printable figure of a cell whose change lies in an interval: one with a name, else the middle one."""
        at = self.cells[cell]
        first, last = -(-(at.value + low) // at.step), (at.value + high) // at.step
        if last - first >= _FIGURES:
            middle = (first + last) // 2
            first, last = middle - _FIGURES // 2, middle + _FIGURES // 2
        best: tuple[tuple[int, int], _Act] | None = None
        for steps in range(first, last + 1):
            by = steps * at.step - at.value
            if not by:
                continue
            kind, rank = self.names.of(cell, steps * at.step)
            key = (rank, abs(2 * by - low - high))
            if best is None or key < best[0]:
                best = (key, _Act(kind, _LEAST + rank, ((cell, by),)))
        return best[1] if best else None

    # What may explain a failing sum

    def viable(self, s: int) -> _Viable:
        """Acts that let a failing sum hold and break none; of those that do the same, only the best."""
        acts = [act for cell in self.sums[s].cells if (act := self.single(cell, s)) is not None]
        found = []
        for act in (*acts, *self.offered.get(s, ())):
            effect = self.effect(act)
            if effect is not None and s in effect.fixed:
                found.append((act, effect))
        return _best(found)

    def offer(self, act: _Act, least: int) -> None:
        """Add an act of several cells to what may explain, if it explains at least so many failures and leaves few."""
        effect = self.effect(act)
        if effect is None or len(effect.fixed) < least or 3 * len(effect.left) > len(effect.fixed):
            return
        for s in effect.fixed | effect.left:
            self.offered[s].append(act)

    # The fewest acts

    def groups(self) -> list[_Group]:
        """Explanations of as many failures as can be explained, group by group; the first of each stays applied."""
        groups, rest = self.solved((_swaps, _slips, _lost_rows), self.hard)
        if rest or _crowded(self, groups):
            before = self.moved, self.eased
            self.moved, self.eased = {}, {}
            others, others_rest = self.solved((_slides,), self.hard)
            if (len(others_rest), _cost(others)) < (len(rest), _cost(groups)):
                groups, rest = others, others_rest
            else:
                self.moved, self.eased = before
        carried, _ = self.solved((_with_totals,), rest)
        return groups + carried

    def solved(self, offers: Iterable[_Offer], todo: Collection[int]) -> tuple[list[_Group], set[int]]:
        """Explain failing sums after more has been offered that may explain them; what still fails is returned too."""
        found: list[_Group] = []
        try:
            for offer in offers if todo else ():
                self.within(STEPS // 4, partial(offer, self, sorted(todo)))
            self.solve(set(todo), _DEPTH, found, top=True)
        except _Exhausted:
            pass  # what was found till then stands
        return found, {s for s in todo if not self.holds(s)}

    def solve(self, todo: set[int], depth: int, found: list[_Group], *, top: bool = False) -> set[int]:
        """Explain failing sums: what is found is added and stays applied, what could not be explained is returned."""
        todo = set(todo)
        viable: dict[int, _Viable] = {}
        while todo:
            for s in sorted(todo - viable.keys()):
                viable[s] = self.viable(s)
            touched = self._forced(viable, todo, found)
            if not touched:
                return self._parted(viable, depth, found, top=top)
            for s in viable.keys() & (self.around(touched) | viable.keys() - todo):
                del viable[s]
        return set()

    def around(self, touched: Iterable[int]) -> set[int]:
        """Sums that share a cell with sums whose residuals changed, so that something else may explain them now."""
        cells = {cell for s in touched for cell in self.sums[s].cells}
        return {s for cell in cells for s, _ in self.net.uses(cell)}

    def _forced(self, viable: Mapping[int, _Viable], todo: set[int], found: list[_Group]) -> set[int]:
        """Apply what is the only thing that explains a sum; the sums that this changed."""
        forced = [viable[s] for s in sorted(todo) if viable[s] and _alike(viable[s])]
        forced.sort(key=lambda acts: -len(acts[0][1].fixed))
        touched: set[int] = set()
        for acts in forced:
            act, effect = acts[0]
            if not effect.touched & touched and effect.fixed <= todo:
                self.apply(act)
                found.append([[a] for a, _ in acts])
                touched |= effect.touched
                todo -= effect.fixed
        return touched

    def _parted(
        self, viable: Mapping[int, _Viable], depth: int, found: list[_Group], *, top: bool
    ) -> set[int]:
        """Explain failures where there is a choice, each tangle of them for itself."""
        rest: set[int] = set()
        for part in self.parts(viable):
            work = partial(self.branch, part, viable, depth)
            group = self.within(TANGLE_STEPS, work) if top else work()
            if group is None:
                rest |= part
                continue
            found.append(group)
            for act in group[0]:
                self.apply(act)
        return rest

    def parts(self, viable: Mapping[int, _Viable]) -> list[set[int]]:
        """Failing sums that hang together: by a cell that they share or by an act that touches both."""
        parent = {s: s for s in viable}

        def root(s: int) -> int:
            while parent[s] != s:
                parent[s] = parent[parent[s]]
                s = parent[s]
            return s

        owner: dict[int, int] = {}
        for s, acts in viable.items():
            for cell in self.sums[s].cells:
                parent[root(s)] = root(owner.setdefault(cell, s))
            for _, effect in acts:
                for t in effect.fixed | effect.left:
                    if t in parent:
                        parent[root(t)] = root(s)
        found: dict[int, set[int]] = defaultdict(set)
        for s in viable:
            found[root(s)].add(s)
        return sorted(found.values(), key=min)

    def branch(self, part: set[int], viable: Mapping[int, _Viable], depth: int) -> _Group | None:
        """The smallest explanations of failures that hang together, by trying what may explain one of them."""
        pivots = sorted((s for s in part if viable[s]), key=lambda s: (len(viable[s]), s))
        for pivot in pivots[:3]:
            acts = viable[pivot]
            if len(acts) > 1 and not depth:
                return None
            tried: list[tuple[_Size, list[_Act]]] = []
            for act, effect in acts[:_WIDTH]:
                rest = part - effect.fixed
                bound = min((size[0] for size, _ in tried), default=_FAR)
                if act.cost + (_LEAST if rest else 0) > bound:
                    continue
                try:
                    tried += self._follow(act, rest, depth - (len(acts) > 1))
                except _Exhausted:
                    if not tried:  # what was found is good, if not surely the least
                        raise
                    break
            if tried:
                least = min(size for size, _ in tried)
                if any(act.cost + (_LEAST if part - e.fixed else 0) <= least[0] for act, e in acts[_WIDTH:]):
                    return None  # others that were not followed may be as good
                return _distinct(acts for size, acts in tried if size == least)
        return None

    def _follow(self, act: _Act, rest: set[int], depth: int) -> list[tuple[_Size, list[_Act]]]:
        """Explanations that begin with an act, each with its size; things stand afterwards as they stood before."""
        moved, eased = dict(self.moved), dict(self.eased)
        groups: list[_Group] = []
        try:
            self.apply(act)
            if self.solve(rest, depth, groups):
                return []
        finally:
            self.moved, self.eased = moved, eased
        found = []
        for choice in _choices(groups):
            acts = [act, *(a for option in choice for a in option)]
            found.append(((sum(a.cost for a in acts), sum(a.size for a in acts), len(acts)), acts))
        return found


_Found = TypeVar("_Found")
#: Adds acts of several cells to what may explain failing sums.
_Offer = Callable[[_Search, Sequence[int]], None]


def _cost(groups: Iterable[_Group]) -> int:
    """What it takes to say the first explanation of each group."""
    return sum(act.cost for group in groups for act in group[0])


def _choices(groups: Sequence[_Group]) -> list[tuple[list[_Act], ...]]:
    """One option of each group, in every combination; where these are too many, the first of each."""
    if prod(map(len, groups)) > OPTIONS:
        return [tuple(group[0] for group in groups)]
    return list(product(*groups))


def _distinct(options: Iterable[list[_Act]]) -> _Group:
    """Explanations without those that are the same acts in another order."""
    found: dict[frozenset[tuple[tuple[int, int], ...]], list[_Act]] = {}
    for acts in options:
        found.setdefault(frozenset(tuple(sorted(act.moves)) for act in acts), acts)
    return list(found.values())


def _alike(acts: _Viable) -> bool:
    """Whether acts all let the same sums hold and leave none failing that they touch, so that any of them will do."""
    first = acts[0][1]
    return all(not effect.left and effect.fixed == first.fixed for _, effect in acts)


def _best(found: _Viable) -> _Viable:
    """Acts without those that explain less than another at no less cost, nor of those that explain the same the lesser.

    An act that explains less needs at least one more beside it.
    """
    alike: dict[tuple[frozenset[int], frozenset[int]], _Viable] = defaultdict(list)
    for act, effect in found:
        alike[effect.fixed, effect.left].append((act, effect))
    kept: _Viable = []
    for acts in alike.values():
        keys = [(e.softly_broken, -e.softly_fixed, a.size, a.cost) for a, e in acts]
        same = {a.moves: (a, e) for (a, e), key in zip(acts, keys, strict=True) if key == min(keys)}
        kept += same.values()
    cheapest = {effects: min(a.cost for a, _ in acts) for effects, acts in alike.items()}
    kept = [
        (a, e)
        for a, e in kept
        if not any(
            e.fixed < fixed and left <= e.left and cost <= a.cost + _LEAST
            for (fixed, left), cost in cheapest.items()
        )
    ]
    kept.sort(key=lambda ae: (len(ae[1].left), -len(ae[1].fixed), ae[0].size, ae[0].cost))
    return kept


# The name of a change


class _Names:
    """What kind of slip turns the right figure of a cell into the printed one."""

    def __init__(self, net: _Network) -> None:
        self.net, self.context = net, net.context
        self._others: dict[int, frozenset[int]] = {}
        self._parts: dict[int, frozenset[int]] = {}

    def of(self, cell: int, right: int) -> tuple[str, int]:
        """The kind of the slip and how surely it is one."""
        at = self.net.cells[cell]
        if not at.known:
            return "row_lost", _SURE
        kind = _of_figures(at.value, right, at.step)
        if kind in _SURELY:
            return kind, _SURE
        if at.value and at.value - right in self.parts(cell):
            return "subtotal_counted_twice", _SURE
        # cells that are equal but for rounding are no proof
        if at.value and abs(at.value - right) > 4 * at.half:
            if at.value == self.last_year(cell):
                return "last_year", _SURE
            if at.value in self.others(cell):
                return "other_table", _SURE
        return (kind, _LIKELY) if kind else ("single_cell", _BARE)

    def last_year(self, cell: int) -> int | None:
        """The figure of the same cell in the previous report."""
        before, ref = self.context.previous, self.net.cells[cell].ref
        if before is None or not is_number(before.value(*ref)):
            return None
        ours, theirs = self.context.report.unit, before.report.unit
        factor = Decimal(YUAN[theirs]) / Decimal(YUAN[ours]) if ours in YUAN and theirs in YUAN else 1
        return _scaled(before.operand(*ref).value * factor)

    def others(self, cell: int) -> frozenset[int]:
        """Figures of the cells that correspond to one in other tables: of the same code or line, and the same field."""
        if cell not in self._others:
            ref = self.net.cells[cell].ref
            found = self.net.figures() if ref.table == "claims" else set()
            for table in self.context.spec.forms if ref.table != "claims" else ():
                if table.id == ref.table or self.context.status.get(table.id) != REPORTED:
                    continue
                fields = [
                    f.name for f in table.amounts if f.name == ref.field or {f.name, ref.field} <= _WHOLE
                ]
                for row in self.net.rows_like(ref, table.id) if fields else ():
                    found |= {_scaled(self.context.operand(table.id, row, name).value) for name in fields}
            self._others[cell] = frozenset(found - {0})
        return self._others[cell]

    def parts(self, cell: int) -> frozenset[int]:
        """Figures below a total: its parts and the parts of those in the same table."""
        if cell not in self._parts:
            found: set[int] = set()
            level = [cell]
            for _ in range(2):
                level = [part for top in level for part in self.net.parts(top)]
                found |= {self.net.cells[part].value for part in level}
            self._parts[cell] = frozenset(found - {0})
        return self._parts[cell]


#: Fields that hold the whole of a row.
_WHOLE = frozenset({"total", "amount"})
#: Slips of a figure's digits that hardly fit by chance.
_SURELY = frozenset({"sign", "unit_slip", "digits_transposed"})
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


def _of_figures(printed: int, right: int, step: int) -> str | None:
    """The slip of digits, sign or point between two figures on the same grid, if there is one."""
    if printed == -right:
        return "sign" if right else None
    if not printed or not right or (printed < 0) != (right < 0) or printed % step:
        return None
    one, other = abs(printed) // step, abs(right) // step
    small, large = min(one, other), max(one, other)
    for power in _POWERS:
        coarse = power >= 3 and small >= 10 and (large + 10**power // 2) // 10**power == small
        if large == small * 10**power or coarse:
            return "unit_slip"
    return _of_digits(str(one), str(other))


def _of_digits(printed: str, right: str) -> str | None:
    if len(printed) == len(right):
        differ = [n for n, digit in enumerate(printed) if digit != right[n]]
        first, last = differ[0], differ[-1]
        if last == first + 1 and printed[first] == right[last] and printed[last] == right[first]:
            return "digits_transposed"
        if len(differ) == 1 and abs(int(printed) - int(right)) > 1:
            return "digit_changed"
    # the digit after the one left out may be a nought, now in front; of the decimals one may be left out, and the last
    # place filled up with a nought
    if _without_one(right, printed.zfill(len(right) - 1)) or (
        printed[-1] == "0" and _without_one(right, printed[:-1])
    ):
        return "digit_lost"
    if _without_one(printed, right):
        return "digit_added"
    return None


def _without_one(longer: str, shorter: str) -> bool:
    """Whether a text is another with one character left out."""
    if len(longer) != len(shorter) + 1:
        return False
    n = next((n for n, c in enumerate(shorter) if longer[n] != c), len(shorter))
    return longer[n + 1 :] == shorter[n:]


# Acts of several cells


def _swaps(search: _Search, failing: Sequence[int]) -> None:
    """Offer two figures of one row or of one column exchanged."""
    net = search.net
    columns: dict[tuple[str, str], list[tuple[int, str]]] = {}
    seen: set[tuple[int, int]] = set()
    for s in failing if len(failing) > 1 else ():
        made = search.sums[s]
        free, most = search.bounds(s)
        for cell, weight in made.cells.items():
            at = net.cells[cell]
            table, row, name = at.ref
            if not at.known:
                continue
            if (table, name) not in columns:
                columns[table, name] = net.sorted_column(table, name)
            low, high = search.interval(s, weight)
            rows = _near(columns[table, name], at.value + low, at.value + high)
            mates = net.mates(table, row)
            search.spend(len(rows) + len(mates))
            for other in (*(net.number(Ref(table, near, name)) for near in rows), *mates):
                by = net.cells[other].value - at.value
                pair = (min(cell, other), max(cell, other))
                if by and free <= (weight - made.cells.get(other, 0)) * by <= most and pair not in seen:
                    seen.add(pair)
                    search.offer(_Act("cells_swapped", 2 * _LEAST, ((cell, by), (other, -by))), 2)


def _near(column: Sequence[tuple[int, str]], low: int, high: int, most: int = 8) -> list[str]:
    """Rows of a column whose figures lie in an interval, at most so many."""
    start = bisect_left(column, (low, ""))
    return [row for value, row in column[start : start + most] if value <= high]


def _slips(search: _Search, failing: Sequence[int]) -> None:
    """Offer a whole table, column or row printed in another unit."""
    net = search.net
    support: Counter[tuple[_Area, int]] = Counter()
    for s in failing:
        made = search.sums[s]
        inside: dict[_Area, list[int]] = defaultdict(list)
        for cell in made.cells:
            table, row, name = net.cells[cell].ref
            areas = (
                _Area(table, "", ""),
                _Area(table, "", name),
                _Area(table, _side_of(row), name),
                _Area(table, row, ""),
            )
            for area in dict.fromkeys(areas):
                inside[area].append(cell)
        for area, cells in inside.items():
            value = sum(made.cells[c] * net.cells[c].value for c in cells)
            outside = made.residual + search.moved.get(s, 0) - value
            if not value or not outside or (value < 0) == (outside < 0) or len(cells) == len(made.cells):
                continue
            blur = sum(abs(made.cells[c]) * net.cells[c].step for c in cells)
            about = len(str(abs(outside))) - len(str(abs(value)))
            search.spend(1)
            for power in range(about - 1, about + 2):
                if abs(power) in _UNITS:
                    slack = blur * 10**power // 2 if power > 0 else 0
                    support[area, power] += abs(_times(value, power) + outside) <= made.high + slack
    likely = sorted(
        (-count, area.rows + area.field != "", area, power)
        for (area, power), count in support.items()
        if count
    )
    for _, partly, area, power in likely[:30]:
        act = _slip(net, area, power)
        if len(act.moves) > 1:
            search.offer(act, 2 if partly else 1)


def _times(value: Any, power: int) -> int:
    return int(value * 10**power if power >= 0 else value // 10**-power)


class _Area(NamedTuple):
    """A table, one row of it, or one column on its side of the account (``rows`` ends in a point where it has one)."""

    table: str
    rows: str
    field: str

    def names(self, rows: Iterable[str]) -> list[str]:
        """Those of a table's rows that it holds."""
        if not self.rows:
            return list(rows)
        return [n for n in rows if n == self.rows or (self.rows[-1] == "." and n.startswith(self.rows))]


def _side_of(row: str) -> str:
    """The side of the account that a row is named by, with its point; nothing where a table has one side only."""
    side, dot, _ = row.partition(".")
    return side + dot if dot else ""


def _slip(net: _Network, area: _Area, power: int) -> _Act:
    """All figures of an area times a power of ten; those made greater are known only as finely as they were printed."""
    moves, slack = [], Counter[int]()
    rows = area.names(net.rows(area.table))
    fields = [f.name for f in net.context.spec.tables[area.table].amounts if area.field in ("", f.name)]
    for cell in (cell for name in fields for cell in net.column(area.table, name, rows)):
        at = net.cells[cell]
        if at.value:
            moves.append((cell, _times(at.value, power) - at.value))
        if power > 0:
            for s, weight in net.uses(cell):
                slack[s] += int(abs(weight) * at.step * 10**power) // 2
    return _Act("unit_slip", 2 * _LEAST, tuple(moves), slack=dict(slack))


def _lost_rows(search: _Search, failing: Sequence[int]) -> None:
    """Offer a row below a parent whose amounts are what the parent's columns lack."""
    net = search.net
    lacking: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for s in failing:
        made = search.sums[s]
        if made.rollup and made.total is not None:
            at = net.cells[made.total]
            lacking[at.ref[:2]][at.ref.field] = s
    for (table, parent), columns in lacking.items():
        amounts = {}
        for name, s in columns.items():
            low, high = search.bounds(s)
            step = net.cells[net.at[Ref(table, parent, name)]].step
            amounts[name] = -(low + high) // (2 * step) * step
        if len(columns) < 2 or min(amounts.values()) < 0 or not _row_keeps(search, table, parent, amounts):
            continue
        for code in _codes_lost(search, table, parent, amounts):
            lost = tuple((Ref(table, code, name), amount) for name, amount in amounts.items())
            moves = tuple((net.at[ref], amount) for ref, amount in lost if ref in net.at)
            direct = tuple((s, -amounts[name]) for name, s in columns.items())
            search.offer(_Act("row_lost", (1 + len(lost)) * _LEAST, moves, direct, lost=lost), 2)


def _row_keeps(search: _Search, table: str, parent: str, amounts: Mapping[str, int]) -> bool:
    """Whether amounts keep the sums that hold within one row, as those of the parent's row show them."""
    net = search.net
    sums = {s for name in amounts for s, _ in net.uses(net.at[Ref(table, parent, name)])}
    for s in sums:
        made = search.sums[s]
        refs = {cell: net.cells[cell].ref for cell in made.cells}
        if made.grade == _HARD and len(refs) > 1 and all(ref[:2] == (table, parent) for ref in refs.values()):
            off = sum(weight * amounts.get(refs[cell].field, 0) for cell, weight in made.cells.items())
            if abs(off) > 2 * made.high:
                return False
    return True


def _codes_lost(search: _Search, table: str, parent: str, amounts: Mapping[str, int]) -> list[str]:
    """What the lost row may be: the one whose own children are there, one that another table has, else not known."""
    context = search.net.context
    start, width = ("", 3) if parent == TOTAL else (parent, len(parent) + 2)

    def below(names: Iterable[str]) -> set[str]:
        return {n[:width] for n in names if n.isdigit() and n.startswith(start) and len(n) >= width}

    here = context.rows_of(table)
    orphans = below(here) - set(here)
    if orphans:
        return sorted(orphans)
    scheme = context.spec.tables[table].scheme
    others = [form for form in context.spec.forms if form.id != table and form.scheme == scheme]
    elsewhere = {form.id: below(context.rows_of(form.id)) - set(here) for form in others}
    search.spend(sum(map(len, elsewhere.values())))
    alike = {
        name
        for form in others
        for name in elsewhere[form.id]
        for f in form.amounts
        if _scaled(context.operand(form.id, name, f.name, absent="zero").value) == amounts.get("total")
    }
    named = alike or set().union(*elsewhere.values())
    return sorted(named) if len(named) == 1 else [f"{parent}*"]


# Columns that slid


def _crowded(search: _Search, groups: Sequence[_Group]) -> bool:
    """Whether an explanation changes so many figures of one column or row that they may rather have slid together."""
    refs = [
        ref
        for group in groups
        for act in group[0]
        for ref, _ in _shown(search, act)[: act.size - act.carried]
    ]
    columns = Counter((ref.table, ref.field) for ref in refs)
    rows = Counter((ref.table, ref.row) for ref in refs)
    return max((*columns.values(), *(count + 1 for count in rows.values())), default=0) >= 3


def _slides(search: _Search, failing: Sequence[int]) -> None:
    """Offer a column, or all of a table's, slid by a few rows from a row on, the figures slid over being lost."""
    net, context = search.net, search.net.context
    touched: Counter[tuple[str, str]] = Counter()
    for s in failing:
        refs = [net.cells[c].ref for c in search.sums[s].cells]
        touched.update(dict.fromkeys((ref.table, name) for ref in refs for name in (ref.field, "")).keys())
    busy = {(table, name) for (table, name), count in touched.items() if count >= (_SLID_SUMS if name else 2)}
    for table in (table for table, name in touched if not name and (table, "") in busy):
        fields = [f.name for f in context.spec.tables[table].amounts]
        together = [[name] for name in fields if (table, name) in busy] + (
            [fields] if len(fields) > 1 else []
        )
        for rows in _blocks(net.rows(table)):
            for names in together:
                columns = [net.column(table, name, rows) for name in names]
                columns = [column for column in columns if len(column) > 2]
                if columns:
                    _slide(search, columns, failing)


#: Failing sums that a column which slid alone breaks at least; where all slid, two rows of one sum may be enough.
_SLID_SUMS = 3


def _blocks(rows: Iterable[str]) -> list[list[str]]:
    """The rows that stand below each other: those of one side of the account."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in rows:
        found[_side_of(name)].append(name)
    return list(found.values())


def _slide(search: _Search, columns: Sequence[Sequence[int]], failing: Sequence[int]) -> None:
    """Offer the slides of columns that slid together which let the failing sums hold."""
    where = {cell: n for column in columns for n, cell in enumerate(column)}
    held = {s: [c for c in search.sums[s].cells if c in where] for s in failing}
    local = sorted((s for s in failing if held[s]), key=lambda s: (len(search.sums[s].cells), s))
    least = _SLID_SUMS if len(columns) == 1 else 2
    if len(local) < least:
        return
    last = max(map(len, columns)) - 1
    alone = (min(n) for s in local if len(n := {where[c] for c in held[s]}) == 1)
    rows = sorted(set(alone))
    if len(rows) > 1:
        starts, ends = {rows[0] - n for n in range(3)}, {rows[-1] + n for n in range(4)} | {last}
    else:
        spots = sorted({where[c] for s in local for c in held[s]})[:_STARTS]
        starts, ends = set(spots), {last} | {max(where[c] for c in held[s]) for s in local[:4]}
    slid = _Columns({cell: (column, n) for column in columns for n, cell in enumerate(column)}, columns)
    seen: set[tuple[tuple[int, int], ...]] = set()
    for by, start, end in product(_SLIDES, sorted(starts), sorted(ends)):
        if start >= 0 and end <= last and end - start >= abs(by):
            act = _slid(search, slid, [(s, held[s]) for s in local], by, start, end)
            if act is not None and act.moves not in seen:
                seen.add(act.moves)
                search.offer(act, least)


class _Columns(NamedTuple):
    """Columns that slid together, and of each of their cells the column and the row."""

    at: Mapping[int, tuple[Sequence[int], int]]
    columns: Sequence[Sequence[int]]


#: Rows from which a column may have slid that are tried where no row by itself shows it.
_STARTS = 60


def _slid(
    search: _Search, slid: _Columns, local: Sequence[tuple[int, Sequence[int]]], by: int, start: int, end: int
) -> _Act | None:
    """The act that puts back figures which slid up (``by`` > 0) or down between two rows, if it may be one."""
    cells = search.cells
    first, last = (start + by, end) if by > 0 else (start, end + by)
    lost = range(start, first) if by > 0 else range(last + 1, end + 1)

    def move(cell: int) -> int:
        column, n = slid.at[cell]
        if not first <= n <= last or n >= len(column) or not 0 <= n - by < len(column):
            return 0
        return cells[column[n - by]].value - cells[cell].value

    tested = 0
    for s, held in local:  # those that hold no lost figure must come out by the slide alone
        if tested == _TESTED or any(slid.at[c][1] in lost for c in held):
            continue
        search.spend(len(held))
        low, high = search.bounds(s)
        change = sum(search.sums[s].cells[c] * move(c) for c in held)
        if change and low <= change <= high:
            tested += 1
        elif change or any(start <= slid.at[c][1] <= end for c in held):
            return None
    moves = {c: m for column in slid.columns for c in column[first : last + 1] if (m := move(c))}
    free = [c for column in slid.columns for c in column[lost.start : lost.stop]]
    if not _fill(search, moves, free):
        return None
    changed = tuple(sorted((c, m) for c, m in moves.items() if m))
    rows = {slid.at[c][1] for c, _ in changed}
    unknown = sum(bool(moves.get(c)) for c in free)
    if (
        len(rows) == 1
    ):  # that it repeats its neighbour is what tells it from a row that lacks another beside it
        likely = len(changed) > 1 and _repeated(search, slid, rows.pop(), by, lost)
        return _Act("row_shifted", (1 + unknown) * _LEAST - 1, changed) if likely else None
    return _Act("row_shifted", (3 + unknown) * _LEAST, changed) if len(changed) > 2 else None


def _repeated(search: _Search, slid: _Columns, row: int, by: int, lost: Collection[int]) -> bool:
    """Whether a row that was slid over says the same as the one that slid over it, so that no other row is wrong."""
    pairs = [(column[row], column[row + by]) for column in slid.columns if 0 <= row + by < len(column)]
    figures = [(search.cells[one].value, search.cells[other].value) for one, other in pairs]
    return row in lost and all(a == b for a, b in figures) and sum(bool(a) for a, _ in figures) > 1


#: Failing sums by which a slide is judged before all of it is.
_TESTED = 4


def _fill(search: _Search, moves: dict[int, int], lost: Sequence[int]) -> bool:
    """Find the figures that were slid over from the sums that hold them; false where no figure will do."""
    net = search.net
    change = search.change(_Act("", 0, tuple(moves.items())))
    search.spend(len(change) + len(moves))
    waiting = list(lost)
    for _ in lost:
        for cell in waiting:
            held = [(s, w) for s, w in net.uses(cell) if search.sums[s].grade == _HARD]
            held = [
                (s, w) for s, w in held if not any(c in search.sums[s].cells for c in waiting if c != cell)
            ]
            if held:
                break
        else:
            return True
        low, high = -_FAR, _FAR
        for s, weight in held:
            search.moved[s] = search.moved.get(s, 0) + change.get(s, 0)
            one, other = search.interval(s, weight)
            search.moved[s] -= change.get(s, 0)
            low, high = max(low, one), min(high, other)
        at = net.cells[cell]
        middle = 0 if low <= 0 <= high else (low + high) // 2
        by = (at.value + middle + at.step // 2) // at.step * at.step - at.value
        if not low <= by <= high:
            return False
        waiting.remove(cell)
        moves[cell] = by
        for s, weight in net.uses(cell):
            change[s] = change.get(s, 0) + weight * by
    return True


# Figures whose totals were computed from them


def _with_totals(search: _Search, failing: Sequence[int]) -> None:
    """Offer a wrong figure that went into the totals above it, so that only other tables contradict it."""
    seen: set[int] = set()
    for s in sorted(failing, key=lambda s: (len(search.sums[s].cells), s))[:_CARRIERS]:
        for cell, weight in search.sums[s].cells.items():
            low, high = search.interval(s, weight)
            for leaf in _leaves(search, cell) if search.cells[cell].known else ():
                act = None if leaf in seen else search.figure(leaf, low, high)
                seen.add(leaf)
                carried = _carried(search, act.moves[0]) if act else ()
                if act and carried:
                    moves = (*act.moves, *carried)
                    search.offer(_Act(act.kind, act.cost + 1, moves, carried=len(carried)), 1)


#: Failing sums below which leaves are sought, and leaves that one cell may be the sum of.
_CARRIERS, _LEAVES = 40, 200


def _leaves(search: _Search, cell: int) -> list[int]:
    """The cells of the same table that a cell is the sum of, at the lowest level; none where they are too many."""
    found: dict[int, None] = {}
    level, seen = [cell], {cell}
    while level:
        below = []
        for top in level:
            parts = search.net.parts(top)
            search.spend(len(parts) + 1)
            if not parts:
                found[top] = None
            below += [part for part in parts if part not in seen]
            seen.update(parts)
        if len(found) > _LEAVES or len(below) > 4 * _LEAVES:
            return []
        level = below
    return list(found)


def _carried(search: _Search, move: tuple[int, int]) -> list[tuple[int, int]]:
    """Changes of the totals above a changed cell that keep the sums of its table which hold."""
    net = search.net
    table = net.cells[move[0]].ref.table
    moves, pending = dict([move]), [move[0]]
    change = search.change(_Act("", 0, (move,)))
    while pending:
        for s, _ in net.uses(pending.pop()):
            search.spend(1)
            made, (low, high) = search.sums[s], search.bounds(s)
            total = made.total
            if made.grade != _HARD or not low <= 0 <= high or low <= change.get(s, 0) <= high:
                continue
            if total is None or total in moves or net.cells[total].ref.table != table:
                continue
            moves[total] = int(-change[s] // made.cells[total])
            pending.append(total)
            for t, weight in net.uses(total):
                change[t] = change.get(t, 0) + weight * moves[total]
    del moves[move[0]]
    return sorted(moves.items())


# Telling


def _told(search: _Search, groups: Sequence[_Group]) -> tuple[Cause, ...]:
    """The causes of those groups whose acts leave no sum failing that they touch, and that are few enough to stand out."""
    kept = list(groups)
    wrong = [group for group in kept if len(group) > OPTIONS]
    while wrong:  # what one group no longer explains, another may have built upon
        for group in wrong:
            kept.remove(group)
            for act in group[0]:
                search.apply(act, -1)
        wrong = [group for group in kept if not all(_clean(search, act) for act in group[0])]
    causes: list[Cause] = []
    kept.sort(key=lambda group: min(_order(search, option) for option in group))
    for number, group in enumerate(kept):
        options = sorted(group, key=lambda option: (_totals(search, option), _order(search, option)))
        for choice, option in enumerate(options):
            acts = sorted(option, key=lambda act: _order(search, [act]))
            causes += [_cause(search, act, number, choice) for act in acts]
    return tuple(causes)


def _clean(search: _Search, act: _Act) -> bool:
    """Whether all equalities that an act changes hold as things stand."""
    return all(search.holds(s) for s in search.change(act) if search.sums[s].grade == _HARD)


def _shown(search: _Search, act: _Act) -> list[tuple[Ref, int]]:
    """The cells of an act with their reconciling figures, in the report's order; totals carried along last."""
    figures = list(act.lost) or [(search.cells[c].ref, search.cells[c].value + by) for c, by in act.moves]
    own = len(figures) - act.carried
    return [*sorted(figures[:own], key=lambda f: search.net.order(f[0])), *figures[own:]]


def _order(search: _Search, option: Sequence[_Act]) -> tuple[int, int, int]:
    return min(search.net.order(_shown(search, act)[0][0]) for act in option)


def _totals(search: _Search, option: Sequence[_Act]) -> int:
    """How many of the cells are sums of others: a leaf is the likelier place of a fault."""
    return sum(bool(search.net.parts(cell)) for act in option for cell, _ in act.moves)


def _cause(search: _Search, act: _Act, group: int, option: int) -> Cause:
    shown = _shown(search, act)
    touched = search.change(act)
    return Cause(
        act.kind,
        tuple(ref for ref, _ in shown),
        tuple(search.net.printed(ref, value) for ref, value in shown),
        tuple(sorted(search.sums[s].check for s in touched if s in search.failing and search.holds(s))),
        group,
        option,
        act.carried,
    )


# Sentences


@cache
def _sentences() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return {entry["kind"]: entry for entry in resources.read_json("notices", "causes.json")["causes"]}


def stands(ref: Ref, context: Context) -> bool:
    """Whether the cell is in a row that the report has; a lost row has none."""
    return not ref.row.endswith("*") and ref.row in context.rows_of(ref.table)


def title(kind: str, language: str = "zh") -> str:
    """The name of a kind of cause."""
    return _sentences()[kind]["title"][language]


def sentence(cause: Cause, context: Context, language: str = "zh") -> str:
    """A cause as one or two sentences for the person who keeps the accounts."""
    kind = _sentences()[cause.kind]
    own = len(cause.cells) - cause.carried
    unknown = cause.cells[0].row.endswith("*")
    form = "unknown" if unknown and "unknown" in kind else "many" if own > 1 and "many" in kind else "message"
    said = fill(kind[form][language], details(cause, context, language))
    if cause.carried:
        more = fill(_sentences()["carried"]["message"][language], {"count": cause.carried})
        said += more if language == "zh" else f" {more}"
    return said


def details(cause: Cause, context: Context, language: str = "zh") -> Mapping[str, str]:
    """What the sentences of causes may name: places, printed and reconciling figures, the table, its columns and rows."""
    own = len(cause.cells) - cause.carried
    cells, values = cause.cells[:own], [format(value, "f") for value in cause.would_reconcile[:own]]
    table = context.spec.tables[cells[0].table]
    second = min(1, own - 1)
    comma = "、" if language == "zh" else ", "
    titles = [table[ref.field].title for ref in cells]
    named = [f"{title} {value}" for title, value in zip(titles, values, strict=True)]
    return {
        "place": _place(cells[0], context, language), "place_2": _place(cells[second], context, language),
        "printed": _printed(cells[0], context), "printed_2": _printed(cells[second], context),
        "value": values[0], "value_2": values[second],
        "table": table.title, "columns": comma.join(dict.fromkeys(titles)), "count": str(own),
        "row": _row(cells[0], context), "last_row": _row(cells[-1], context),
        "values": comma.join(named[:3] + ["…"] * (len(named) > 3)),
    }  # fmt: skip


def _place(ref: Ref, context: Context, language: str) -> str:
    if ref.table == "claims":
        entry = entry_of(ref.row)
        name = entry.name if entry else ref.row
        return fill(_sentences()["stated"]["message"][language], {"name": name})
    table = context.spec.tables[ref.table]
    if table.kind != "form":
        return described(ref, context).label or ref.row
    column = f"·{table[ref.field].title}" if len(table.amounts) > 1 else ""
    return f"《{table.title}》{_row(ref, context)}{column}"


def _printed(ref: Ref, context: Context) -> str:
    value = context.value(*ref)
    return show(value) if value is not None else "…"


def _row(ref: Ref, context: Context) -> str:
    """A row's printed name with its code; of a row that is not there its code, or else its parent's name."""
    if ref.row.endswith("*"):
        return _row(ref._replace(row=ref.row[:-1]), context)
    table = context.spec.tables[ref.table]
    row = context.rows_of(ref.table).get(ref.row)
    name = row[table.position["name"]] if row is not None and "name" in table.position else None
    if not isinstance(name, str):
        return ref.row
    return f"{ref.row} {name}" if ref.row.isdigit() else name
