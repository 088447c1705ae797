"""What rules stand on: the rule as declared, a report made quick to look up, operands, and the outcome of a check."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from fatk import resources
from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.model import EMPTY, MISSING, REPORTED, TOTAL, Report, Row, absent_fields, has_cell, row_name
from fatk.rounding import ZERO, usual_step
from fatk.spec import Form, Table
from fatk.values import Nothing, Value, decimals_of

Found = TypeVar("Found")

EXACT: Final = "exact"
NOT_APPLICABLE: Final = "not_applicable"

#: Why an operand has no figure. What is not printed makes a rule inapplicable; the others leave it unchecked.
BLANK: Final = "blank"
UNDISCLOSED: Final = "undisclosed"
ABSENT: Final = "absent"
NO_TABLE: Final = "missing"
NOT_PRINTED: Final = "not_printed"
#: What the reader knows of a blank: that the source has something there.
UNREAD: Final = "unread"
#: What each unit of amounts is in 元.
YUAN: Final = {"元": 1, "千元": 1_000, "万元": 10_000, "亿元": 100_000_000}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One invariant as declared in ``schemas/rules``; ``body`` holds the operands that its kind reads."""

    id: str
    kind: str
    severity: str
    basis: str
    since: str
    title: Mapping[str, str]
    built: bool
    reason: str | None
    implied_by: tuple[str, ...]
    when: Mapping[str, Any]
    body: Mapping[str, Any]


@cache
def load_rules() -> Mapping[str, Rule]:
    """Every rule by id, file by file and in the order of declaration."""
    found: dict[str, Rule] = {}
    for name in sorted(resources.names("rules", ".json"), key=lambda n: int(n.partition("-")[0])):
        for entry in resources.read_json("rules", name + ".json")["rules"]:
            if entry["id"] in found:
                raise ValueError(f"rule {entry['id']} is declared twice")
            found[entry["id"]] = _rule(entry)
    return MappingProxyType(found)


def _rule(entry: Mapping[str, Any]) -> Rule:
    built = "not_built" not in entry
    return Rule(
        id=entry["id"], kind=entry["kind"], severity=entry["severity"], basis=entry["basis"], since=entry["since"],
        title=entry["title"], built=built, reason=None if built else entry["not_built"]["zh"],
        implied_by=tuple(entry.get("implied_by", ())), when=entry.get("when", {}), body=entry,
    )  # fmt: skip


class Ref(NamedTuple):
    """A cell of the report by its table, the name of its row and its field."""

    table: str
    row: str
    field: str


class Operand(NamedTuple):
    """A figure in the report's unit with the half-width of its interval, or why there is none."""

    ref: Ref
    value: Decimal
    half: Decimal
    why: str | None = None
    weight: Decimal = Decimal(1)


#: Makes a tuple of a class from all its members in order, at half the cost of naming them.
_new: Final = tuple.__new__
_ONE: Final = Decimal(1)


def _figure(ref: Ref, value: Decimal, half: Decimal, why: str | None = None) -> Operand:
    return _new(Operand, (ref, value, half, why, _ONE))


class Check(NamedTuple):
    """One instance of a rule and what came of it; figures are in the report's unit. ``times``: how many instances it stands
    for, where no more is asked of what is exact."""

    rule: str
    outcome: str
    refs: tuple[Ref, ...] = ()
    expected: Decimal | str | None = None
    found: Decimal | str | None = None
    difference: Decimal | None = None
    tolerance: Decimal | None = None
    reason: str | None = None
    qualifier: str | None = None
    severity: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    times: int = 1


def exactly(rule: Rule, times: int) -> tuple[Check, ...]:
    """So many instances of a rule that came out exactly, of which no more is asked."""
    return (_new(Check, (rule.id, *_NO_MORE, times)),) if times else ()


_NO_MORE: Final = Check("", EXACT)[1:-1]


#: Kinds of rules that say what a figure is, and not only what it is not.
EQUALITIES: Final = frozenset({"linear", "rollup", "agrees"})


class Context:
    """A report made quick to look up for rules, with the other reports that some of them need.

    Everything is looked up by row name; figures come in the report's unit whatever unit their table is printed in.
    ``brief``: of what comes out exactly it is enough to know how often; such checks may come without their cells.
    """

    def __init__(
        self,
        report: Report,
        previous: Report | None = None,
        parts: Iterable[Report] = (),
        *,
        brief: bool = False,
    ) -> None:
        self.brief = brief
        self.report = report
        self.previous = Context(previous) if previous is not None else None
        self.parts = tuple(Context(part) for part in parts)
        self.spec = report.spec
        self.edition = report.edition
        self.year = report.fiscal_year
        self.rows: dict[str, dict[str, Row]] = {}
        #: The state of each form; one that has rows by its state but in truth none could not be read, and is as good as missing.
        self.status = {
            row[0]: MISSING if row[1] == REPORTED and not report.tables.get(str(row[0])) else row[1]
            for row in report.rows("tables")
        }
        #: Columns of figures as they are taken for sums, by table, field and what a row that is not there stands for.
        self.columns: dict[tuple[str, str, str], Any] = {}
        self._keys: dict[tuple[str, str, int | None], tuple[str, ...]] = {}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._once: dict[Hashable, Any] = {}
        self._operands: dict[tuple[str, str, str, str], Operand] = {}
        self._widths: dict[str, tuple[Decimal, Decimal]] = {}
        self._absent: dict[str, frozenset[str]] = {}
        self._lines: dict[str, frozenset[str]] = {}
        self._named: dict[tuple[str, tuple[str, ...]], dict[tuple[str | None, ...], list[str]]] = {}

    def once(self, what: Hashable, work_out: Callable[[], Found]) -> Found:
        """Something of the report that several rules need, worked out for the first of them."""
        if what not in self._once:
            self._once[what] = work_out()
        found: Found = self._once[what]
        return found

    def rows_of(self, table: str) -> dict[str, Row]:
        """The rows of a table by name; of two rows of one name the first."""
        found = self.rows.get(table)
        if found is None:
            found = self.rows[table] = _by_name(self.report, self.spec.tables[table])
        return found

    def rows_with(self, table: str, where: Mapping[str, str]) -> Sequence[str]:
        """Names of a table's rows whose fields have these values as texts."""
        fields = tuple(where)
        found = self._named.get((table, fields))
        if found is None:
            found = self._named[table, fields] = {}
            places = [self.spec.tables[table].position[field] for field in fields]
            for name, row in self.rows_of(table).items():
                values = tuple(None if row[at] is None else str(row[at]) for at in places)
                found.setdefault(values, []).append(name)
        return found.get(tuple(where.values()), ())

    def value(self, table: str, row: str, field: str) -> Value:
        """A cell as it is; ``None`` also where there is no such row."""
        found = self.rows_of(table).get(row)
        return None if found is None else found[self.spec.tables[table].position[field]]

    def scale(self, table: str) -> tuple[Decimal, Decimal]:
        """What a table's amounts are multiplied by to be in the report's unit, and their half-width after that."""
        if table not in self._widths:
            about, listed = self.report.one("report"), self.report.status(table)
            unit, own, own_decimals = about.get("unit"), listed.get("unit"), listed.get("decimals")
            factor = Decimal(1)
            step = about.get("precision")
            decimals = about.get("decimals")
            if not isinstance(step, Decimal):
                step = usual_step(str(unit), decimals) if isinstance(decimals, int) else ZERO
            if isinstance(own, str) and isinstance(unit, str) and own != unit:
                factor = Decimal(YUAN[own]) / Decimal(YUAN[unit])
            if factor != 1 or isinstance(own_decimals, int):
                places = (
                    own_decimals
                    if isinstance(own_decimals, int)
                    else decimals
                    if isinstance(decimals, int)
                    else 2
                )
                step = usual_step(str(own or unit), places)
            self._widths[table] = (factor, step * factor / 2)
        return self._widths[table]

    def operand(self, table_id: str, row: str, field_name: str, *, absent: str = "") -> Operand:
        """The figure of a cell. ``absent`` is ``zero`` where a row that is not there stands for no money."""
        key = (table_id, row, field_name, absent)
        found = self._operands.get(key)
        if found is None:  # a figure stands in several rules
            found = self._operands[key] = self._operand(*key)
        return found

    def _operand(self, table_id: str, row: str, field_name: str, absent: str) -> Operand:
        ref: Ref = _new(Ref, (table_id, row, field_name))
        table = self.spec.tables[table_id]
        form = table.kind == "form"
        status = self.status.get(table_id, MISSING) if form else REPORTED
        if status == EMPTY:
            return _figure(ref, ZERO, ZERO, None if self.printed(table, row, field_name) else NOT_PRINTED)
        if status != REPORTED:
            return _figure(ref, ZERO, ZERO, NO_TABLE if table_id in self.edition.forms else NOT_PRINTED)
        found = self.rows_of(table_id).get(row)
        if found is None:
            fixed = not form or self.fixed(table_id, row)
            total = form and fixed and row == TOTAL
            none = not total and (absent == "zero" or not fixed)
            return _figure(ref, ZERO, ZERO, None if none else ABSENT)
        at = table.position[field_name]
        value = found[at]
        if isinstance(value, Decimal):
            if table.fields[at].amount:
                factor, half = self.scale(table_id)
                return _figure(ref, value if factor == 1 else value * factor, half)
            half = Decimal(1).scaleb(-decimals_of(value)) / 2 if table_id == "claims" else ZERO
            return _figure(ref, value, half)
        if isinstance(value, int):
            return _figure(ref, Decimal(value), ZERO)
        if isinstance(value, Nothing):
            return _figure(ref, ZERO, ZERO, UNDISCLOSED if value is Nothing.UNDISCLOSED else None)
        return _figure(ref, ZERO, ZERO, BLANK if self.printed(table, row, field_name) else NOT_PRINTED)

    def printed(self, table: Table, row: str, field: str) -> bool:
        """Whether the printed form of the report's edition has the cell."""
        if table.kind != "form":
            return True
        if table.id not in self._absent:
            self._absent[table.id] = absent_fields(self.report, table)
        return has_cell(table.fields[table.position[field]], self._absent[table.id], row)

    def fixed(self, table: str, line: str) -> bool:
        """Whether the edition's form always prints a line, so that its absence says nothing of the money."""
        if table not in self._lines:
            form: Form | None = self.edition.forms.get(table)
            self._lines[table] = frozenset(
                fixed.line
                for block in (form.blocks if form else ())
                for fixed in block.lines
                if not block.open or fixed.kind == "total"
            )
        return line in self._lines[table]

    def keys(self, table: str, *, prefix: str = "", level: int | None = None) -> Sequence[str]:
        """Names of a table's rows that begin with ``prefix`` and go on with a code of ``level`` digits."""
        key = table, prefix, level
        found = self._keys.get(key)
        if found is None:
            start = len(prefix)
            named: Iterable[str] = self.rows_of(table)
            if prefix:
                named = [name for name in named if name.startswith(prefix)]
            if level is not None:
                named = [name for name in named if len(name) == start + level and name[start:].isdigit()]
            found = self._keys[key] = tuple(named)
        return found

    def codes(self, table: str) -> Sequence[str]:
        """The rows of a table that are codes, by name."""
        found = self._codes.get(table)
        if found is None:
            found = self._codes[table] = tuple([name for name in self.rows_of(table) if name.isdigit()])
        return found

    def applies(self, rule: Rule) -> bool:
        """Whether a rule's conditions on year and edition are met; what needs another report is told by the kind."""
        when = rule.when
        first, last = when.get("first_year"), when.get("last_year")
        if (first and self.year < first) or (last and self.year > last):
            return False
        tables = when.get("tables")
        return not tables or all(table in self.edition.forms for table in tables)


def _by_name(report: Report, table: Table) -> dict[str, Row]:
    rows, found = report.rows(table.id), {}
    if len(table.key_positions) == 1 and report.kinds(table.id, table.key_positions[0]) == _TEXTS:
        names: Any = report.columns(table.id)[table.key_positions[0]]
        found = dict(zip(names, rows, strict=True))
    if len(found) < len(rows):
        found = {row_name(table, row): row for row in reversed(rows)}
        found = dict(reversed(found.items()))
    return found


_TEXTS: Final = {str}
OUTCOMES: Final = (EXACT, WITHIN_ROUNDING, FAILED, NOT_CHECKED, NOT_APPLICABLE)
