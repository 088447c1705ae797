"""What a report has to say in a narrative: facts from their tables, what restates a cell from that cell, and shares, rates
and changes computed, so that the text cannot say anything else than the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from fatk.model import EMPTY, Report, Row
from fatk.narrative.homes import Cell, Change, ClaimHome, home, list_home
from fatk.rounding import ZERO
from fatk.rules.context import Context, Ref, load_rules
from fatk.rules.narrative.claims import catalogue, resolved
from fatk.rules.narrative.figures import HUNDRED, Figure, at_path, current_amount, of_cell, stated_in
from fatk.rules.narrative.quotients import Quotient, quotient, quotient_of_change, to_places
from fatk.rules.narrative.rated import budget_path, compared, operand_figure, operands_of
from fatk.spec import load
from fatk.values import Nothing, Value, round_half_up
from fatk.wording.writing import Values

_POSITION = re.compile(r"\[([0-9]+)\]")
_RATE_DECIMALS = 2
#: Measures of the rates of which a comparison says how they are printed.
_NOTED = frozenset({"rate_percent", "variance_rate_percent"})
#: Measures of rates → what is taken off the quotient.
_SHIFT = {
    "rate_percent": HUNDRED,
    "variance_rate_percent": HUNDRED,
    "completion_rate_percent": ZERO,
    "share_percent": ZERO,
}


def values_of(report: Report) -> Values:
    """What there is to say of a report."""
    teller = _Teller(Context(report), {})
    return Values(teller.value, teller.count, teller.unit)


def without_base(report: Report) -> Iterator[tuple[str, str, str]]:
    """The rates of comparisons that a report prints although what is compared with is zero: the claim's path, the row of
    ``changes``, and how it is printed by convention, as ``rate_note`` has it."""
    teller = _Teller(Context(report), {})
    for row in report.records("claims"):
        path, value = str(row["path"]), row["value"]
        generic, positions = _parted(path)
        entry = catalogue().get(generic)
        if entry is None or entry.measure not in _NOTED or not isinstance(value, Decimal):
            continue
        found = teller.growth(generic, positions)
        if found is None or found[1].base:
            continue
        row_of = teller.compared_row(generic, positions)
        if not value and not found[0]:
            yield path, row_of, "zero_zero_0"
        elif value == HUNDRED and found[0] > 0:
            yield path, row_of, "zero_base_100"


def _parted(path: str) -> tuple[str, tuple[int, ...]]:
    """A path with stars for its list positions, and these."""
    return _POSITION.sub("[*]", path), tuple(int(n) for n in _POSITION.findall(path))


@dataclass(slots=True)
class _Teller:
    context: Context
    known: dict[str, Value] = field(default_factory=dict)

    def value(self, path: str) -> Value:
        """The value of a path; ``None`` where the report does not give it."""
        if path not in self.known:
            self.known[path] = self._value(path)
        return self.known[path]

    def unit(self, path: str) -> str:
        """The unit that an amount is told in: the report's or, of a claim that restates no cell, its own."""
        where = home(path)
        if isinstance(where, ClaimHome) and catalogue()[_POSITION.sub("[*]", path)].cell is None:
            own = self.context.value("claims", f"{path}/1", "unit")
            if isinstance(own, str):
                return own
        return self.context.report.unit or ""

    def count(self, path: str) -> int:
        """How many elements a list has."""
        where = list_home(path)
        return len(self._elements(where))

    def _value(self, path: str) -> Value:
        where = home(path)
        if isinstance(where, Cell):
            return self._fact(where)
        return self._change(where) if isinstance(where, Change) else self._claim(path)

    def _elements(self, where: Cell) -> list[Row]:
        """The rows of a list in the standard's order, which is that of their numbers."""
        at = where.table.position
        rows = self.context.report.rows(where.table.id)
        return [row for row in rows if all(row[at[name]] == value for name, value in where.fixed.items())]

    def _fact(self, where: Cell) -> Value:
        rows = self._elements(where)
        nth = where.positions[0] - 1 if where.positions else 0
        return rows[nth][where.table.position[where.field.name]] if nth < len(rows) else None

    def _change(self, where: Change) -> Value:
        subject = where.subject
        if where.element:
            code = self.value(f"{where.element}.code")
            if not isinstance(code, str):
                return None
            subject = f"{subject}.{code}"
        stated = self.context.value("changes", f"{subject}/{where.base}", where.field.name)
        if stated is not None or where.field.name not in ("amount", "comparison"):
            return stated
        amount = self._changed(f"{subject}/{where.base}", "amount")
        if amount.why:
            stated_here = stated_in(self.context)
            base = self._changed(f"{subject}/{where.base}", "base_amount")
            restated = budget_path(subject, where.base)
            if base.why and restated:
                base = at_path(restated, (), self.context, stated_here)
            current = current_amount(subject, self.context, stated_here)
            if current.why or base.why:
                return None
            amount = current._replace(value=current.value - base.value)
        if where.field.name == "comparison":
            return "up" if amount.value > 0 else "down" if amount.value < 0 else "flat"
        return self._amount(amount.value)

    def _claim(self, path: str) -> Value:
        generic, positions = _parted(path)
        entry = catalogue()[generic]
        if entry.measure == "amount":
            cell, _ = resolved(entry, positions, self.context)
            if cell and self.context.status.get(cell.table) == EMPTY and self._says_so(cell.table):
                return None  # what is said in words is not said again in zeros
            if cell and self.context.value(cell.table, cell.row, cell.field) is Nothing.UNDISCLOSED:
                return None  # a table that withholds a figure and a text that gives it away are no one disclosure
            figure = at_path(generic, positions, self.context, stated_in(self.context))
            if not figure.why and cell and of_cell(cell, self.context, stated_in(self.context)) == figure:
                return self._amount(figure.value)
        elif (rate := self._rate(generic, positions)) is not None:
            return rate
        return self.context.value("claims", f"{path}/1", "value")

    def _says_so(self, table: str) -> bool:
        """Whether the narrative has a sentence of its own for a table that is empty, and the report what it says."""
        return (
            f"{table}.statement" in load().tables["tables"]["statement"].path
            and self.value(f"{table}.statement") is not None
        )

    def _amount(self, value: Decimal) -> Decimal:
        decimals = self.context.report.one("report").get("decimals")
        return round_half_up(value, decimals if isinstance(decimals, int) else 2)

    def _rate(self, generic: str, positions: tuple[int, ...]) -> Decimal | None:
        """A rate computed from its amounts; ``None`` where these are not all there. On a base of zero it is as printed by
        convention: 0 of nothing, 100 of a growth; others have none."""
        found = self._share(generic, positions) if generic in _shares() else self.growth(generic, positions)
        if found is None or found[1].base < 0:
            return None
        part, of = found
        if of.base:
            return to_places(of.value, _RATE_DECIMALS)
        if not part:
            return Decimal("0.00")
        return Decimal("100.00") if generic.endswith(".yoy.rate_percent") else None

    def _share(self, generic: str, positions: tuple[int, ...]) -> tuple[Decimal, Quotient] | None:
        stated = stated_in(self.context)
        part, whole = (operand_figure(o, positions, self.context, stated) for o in _shares()[generic])
        return None if part.why or whole.why else (part.value, quotient(part, whole))

    def compared_row(self, generic: str, positions: tuple[int, ...]) -> str:
        """The row of ``changes`` that holds the comparison which a rate is of."""
        comparison = compared(generic)
        return f"{self._compared_subject(comparison.subject, positions)}/{comparison.base}"

    def _compared_subject(self, subject: str, positions: tuple[int, ...]) -> str:
        if not positions:
            return subject
        code = self.value(f"{subject.replace('[*]', f'[{positions[0]}]')}.code")
        return f"{subject.replace('[*]', '')}.{code}"

    def growth(self, generic: str, positions: tuple[int, ...]) -> tuple[Decimal, Quotient] | None:
        """The amount that is compared, and the rate that it makes with what it is compared with; ``None`` where the path is no
        comparison or an amount is lacking."""
        if ".vs_" not in generic and ".yoy." not in generic:
            return None
        comparison = compared(generic)
        subject = self._compared_subject(comparison.subject, positions)
        stated = stated_in(self.context)
        current = current_amount(subject, self.context, stated)
        if current.why:
            return None
        shift = _SHIFT[catalogue()[generic].measure]
        key = f"{subject}/{comparison.base}"
        budget = at_path(comparison.budget, (), self.context, stated) if comparison.budget else None
        for base in (budget, self._changed(key, "base_amount")):
            if base is not None and not base.why:
                return current.value, quotient(current, base, shift)
        change = self._changed(key, "amount")
        return None if change.why else (current.value, quotient_of_change(current, change, shift))

    def _changed(self, key: str, name: str) -> Figure:
        return of_cell(Ref("changes", key, name), self.context, stated_in(self.context))


@cache
def _shares() -> Mapping[str, tuple[object, object]]:
    """Part and whole of each rate that a rule declares so, by path."""
    return {
        path: (operands.part, operands.whole)
        for rule in load_rules().values()
        if rule.kind == "rate" and "operands" in rule.body
        for path, operands in operands_of(rule).items()
    }
