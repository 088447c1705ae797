"""What became of one file, as rows of a store: nothing of the report is left out, and every figure of money is in 元."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final

from fatk.check import Result
from fatk.findings import ERROR, CellRef, Finding
from fatk.model import Report, Row, absent_fields, has_cell, row_name
from fatk.outcome import Outcome
from fatk.rules.context import EQUALITIES, OUTCOMES, YUAN, load_rules
from fatk.spec import Field, Spec, Table, load
from fatk.values import Value, decimals_of, parse_decimal, show
from fatk.warehouse.datasets import (
    BASE,
    BLANK,
    FINDINGS,
    NO_CELL,
    NO_UNIT,
    PRINTED,
    REFUSED,
    STATED,
    dataset_id,
    datasets,
    foreign_unit,
    kept_in_base,
    money,
)

#: A row of a dataset: its values in the order of the dataset's columns.
Cells = tuple[Any, ...]
#: Decimals of amounts of a report that does not say how many.
USUAL_DECIMALS: Final = 2
#: What each unit is in 元, each one digit and an exponent: no product has more digits than the figure.
FACTORS: Final[dict[str, Decimal]] = {unit: Decimal(yuan).normalize() for unit, yuan in YUAN.items()}
#: Kinds of rules whose differences are of sums of figures.
_ARITHMETIC: Final = EQUALITIES | {"compare"}
_COUNTS: Final = (*OUTCOMES, "errors", "warnings", "infos", "source_cells", "unaccounted_cells")


def rows(outcome: Outcome) -> Mapping[str, list[Cells]]:
    """The rows that a file adds to a store, by dataset; datasets without any are left out.

    A file that was refused is a row of ``sources`` and one of ``findings``.
    """
    spec = load()
    if outcome.result is None:
        return _refused(outcome, spec)
    return _Rows(outcome, outcome.result).all()


def _refused(outcome: Outcome, spec: Spec) -> Mapping[str, list[Cells]]:
    why = outcome.refused
    told = {"message": why.message, "message_en": why.message_en} if why else {}
    code = why.code if why else ""
    base = {"source": outcome.sha256, "file": outcome.path, "verdict": REFUSED}
    source = {
        "no": 0,
        "path": outcome.path,
        "sha256": outcome.sha256,
        "form": outcome.form,
        "size": outcome.size,
    }
    finding = {
        "id": Finding(code, ERROR).id, "rule": code, "severity": ERROR, "outcome": REFUSED, "location": outcome.path,
        "cell_count": 0, "waived": False,
    }  # fmt: skip
    return {
        "sources": [_named(spec, "sources", base | source | {"refused": code} | told)],
        FINDINGS: [_named(spec, FINDINGS, base | finding | told)],
    }


def _named(spec: Spec, dataset: str, values: Mapping[str, Any]) -> Cells:
    return tuple(values.get(column.name) for column in datasets(spec)[dataset].columns)


# How the fields of a table become columns

_PLAIN: Final = 0
_DATE: Final = 1
_NUMBER: Final = 2
_COUNT: Final = 3
_MONEY: Final = 4
_BOUND: Final = 5


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is done to the fields of a table, in order: how, at which position. ``figures`` says whether any is a figure, ``own``
    what makes 元 of those that are always in one unit, by position."""

    steps: tuple[tuple[int, int], ...]
    figures: bool
    own: Mapping[int, Decimal]


@cache
def _plan(table: Table) -> _Plan:
    steps = tuple(
        (_step(table, field), table.position[field.name])
        for field in table.fields
        if not kept_in_base(table, field)
    )
    own = {table.position[f.name]: factor for f in table.fields if (factor := own_factor(f)) is not None}
    return _Plan(steps, any(how not in {_PLAIN, _DATE} for how, _ in steps), own)


def own_factor(field: Field) -> Decimal | None:
    """What makes 元 of money that is in one unit in every report; ``None`` for any other field."""
    return FACTORS.get(field.unit or "")


def _step(table: Table, field: Field) -> int:
    if money(table, field):
        return _MONEY
    if field.states:
        return _COUNT
    if field.type == "number":
        return _BOUND if table.id == "cells" else _NUMBER
    return _DATE if field.type == "date" else _PLAIN


class Units:
    """What the figures of a report's tables are in: for each table what makes 元 of them (``None`` where no unit is stated),
    and with how many decimals they are printed."""

    def __init__(self, report: Report) -> None:
        about = report.one("report")
        decimals = about.get("decimals")
        self.decimals = decimals if isinstance(decimals, int) else USUAL_DECIMALS
        self.factor = FACTORS.get(str(about.get("unit")))
        at = report.spec.tables["tables"].position
        self._own = {str(row[0]): (row[at["unit"]], row[at["decimals"]]) for row in report.rows("tables")}

    def of(self, table: str) -> tuple[Decimal | None, int]:
        """The factor and the decimals of a table's amounts."""
        unit, decimals = self._own.get(table, (None, None))
        return (
            self.factor if unit is None else FACTORS.get(str(unit)),
            decimals if isinstance(decimals, int) else self.decimals,
        )

    def of_cell(self, spec: Spec, table: str, field: str) -> Decimal | None:
        """What makes 元 of the figures of a cell, or 1 where it is no money in the unit of its table."""
        declared = spec.tables.get(table)
        if declared is None or field not in declared.position:
            return Decimal(1)
        return self.of(table)[0] if declared[field].amount else own_factor(declared[field]) or Decimal(1)

    def of_rows(self, report: Report, table: Table) -> tuple[int, Mapping[Value, Decimal | None]]:
        """Of a table whose money is in a unit that another table names: the position of the field that points there, and
        the factors by its values. No factors where the table is none of these."""
        unit = next((u for field in table.fields if (u := foreign_unit(table, field))), None)
        if unit is None:
            return 0, {}
        pointer, other, name = unit
        declared = report.spec.tables[other]
        key, at = declared.key_positions[0], declared.position[name]
        factors = {
            row[key]: self.factor if row[at] is None else FACTORS.get(str(row[at]))
            for row in report.rows(other)
        }
        return table.position[pointer], factors


def plain(value: Decimal) -> Decimal:
    """A figure without zeros at the end of its decimals."""
    short = value.normalize()
    return short if decimals_of(short) else value.quantize(Decimal(1))


# A report


class _Rows:
    """The rows of one report."""

    def __init__(self, outcome: Outcome, result: Result) -> None:
        self.outcome, self.result = outcome, result
        self.report = report = result.reading.report
        self.spec = report.spec
        about, entity = report.one("report"), report.one("entity")
        self.base: Cells = (
            outcome.sha256, outcome.path, about.get("fiscal_year"), entity.get("administrative_division"),
            entity.get("name"), entity.get("id"), about.get("edition"), result.verdict,
        )  # fmt: skip
        self.units = Units(report)
        self.printed: list[Cells] = []
        self.again: dict[str, Mapping[int, int]] = {}

    def all(self) -> Mapping[str, list[Cells]]:
        found: dict[str, list[Cells]] = {}
        for table in self.spec.tables.values():
            if self.report.rows(table.id):
                found[dataset_id(table)] = self.with_more(table, self.table(table))
        found["sources"] = [self.file(), *found.get("sources", ())]
        if self.result.findings:
            waived, factor = self.result.waived, self.units.factor
            found[FINDINGS] = [
                self.base + finding_cells(f, self.spec, factor, waived=f.id in waived)
                for f in self.result.findings
            ]
        if self.printed:
            found[PRINTED] = self.printed
        return found

    def with_more(self, table: Table, made: list[Cells]) -> list[Cells]:
        """The rows with what a store knows of them beyond the table's fields."""
        if table.id == "report":
            reading = self.result.reading
            more = (reading.form, reading.edition_certainty, *map(self.result.summary.get, _COUNTS))
            return [row + more for row in made]
        if table.id == "sources":
            return [(*row, None, None, None, None, None) for row in made]
        if table.id == "claims":
            return [
                (*row, self.claimed(claim))
                for row, claim in zip(made, self.report.rows("claims"), strict=True)
            ]
        if table.id == "extras":
            return [(*row, n) for n, row in enumerate(made, 1)]
        return made

    def file(self) -> Cells:
        """The row of ``sources`` that is the file itself: number 0, before those that the report names."""
        values = {
            "no": 0, "path": self.outcome.path, "sha256": self.outcome.sha256, "form": self.result.reading.form,
            "size": self.outcome.size,
        }  # fmt: skip
        return self.base + _named(self.spec, "sources", values)[len(BASE) :]

    def claimed(self, row: Row) -> Decimal | None:
        """What a claim comes to in 元, where it is money in a unit that is known."""
        at = self.spec.tables["claims"].position
        value, factor = row[at["value"]], FACTORS.get(str(row[at["unit"]]))
        return value * factor if isinstance(value, Decimal) and factor is not None else None

    # Tables

    def table(self, table: Table) -> list[Cells]:
        rows = self.report.rows(table.id)
        plan = _plan(table)
        if not plan.figures:
            return [self.base + tuple(self.texts(plan, row)) for row in rows]
        if table.id == "cells":
            return [self.bounds(table, plan, row) for row in rows]
        return self.figures(table, plan, rows)

    def texts(self, plan: _Plan, row: Row) -> Iterator[Any]:
        for how, at in plan.steps:
            value = row[at]
            yield date.fromisoformat(value) if how == _DATE and isinstance(value, str) else value

    def figures(self, table: Table, plan: _Plan, rows: Sequence[Row]) -> list[Cells]:
        """The rows of a table with figures, each figure that may be missing with its state."""
        whole, decimals = self.units.of(table.id)
        quantum = Decimal(1).scaleb(-decimals)
        pointer, by_row = self.units.of_rows(self.report, table)
        blank = _blanks(self.report, table)
        found: list[Cells] = []
        for row in rows:
            factor = by_row.get(row[pointer], whole) if by_row else whole
            made = list(self.base)
            for how, at in plan.steps:
                value = row[at]
                if how == _PLAIN:
                    made.append(value)
                elif isinstance(value, Decimal):
                    if at in plan.own:
                        made += (value * plan.own[at], STATED)
                        usual = value.same_quantum(plain(value))
                    elif how == _MONEY:
                        made += (None, NO_UNIT) if factor is None else (value * factor, STATED)
                        usual = factor is not None and value.same_quantum(quantum)
                    else:
                        made += (value, STATED) if how == _COUNT else (value,)
                        usual = value.same_quantum(plain(value))
                    if not usual:
                        self.keep(table, row, at)
                elif how == _DATE:
                    made.append(date.fromisoformat(value) if isinstance(value, str) else None)
                elif how == _NUMBER:
                    made.append(value)
                elif isinstance(value, int):
                    made += (value, STATED)
                else:
                    made += (None, blank(row, at) if value is None else show(value))
            found.append(tuple(made))
        return found

    def bounds(self, table: Table, plan: _Plan, row: Row) -> Cells:
        """A row of ``cells``: its bounds are in 元 where the cell that it describes is money."""
        at = table.position
        factor = self.units.of_cell(self.spec, str(row[at["table"]]), str(row[at["field"]]))
        made = list(self.base)
        for how, place in plan.steps:
            value = row[place]
            if how == _BOUND and isinstance(value, Decimal):
                made.append(None if factor is None else value * factor)
                if factor is None or not value.same_quantum(plain(value)):
                    self.keep(table, row, place)
            else:
                made.append(value)
        return tuple(made)

    def keep(self, table: Table, row: Row, at: int) -> None:
        """Keep a figure as printed: what it is in 元 does not tell."""
        if table.id not in self.again:
            self.again[table.id] = _repetitions(table, self.report.rows(table.id))
        again = self.again[table.id].get(id(row), 0)
        self.printed.append(
            (*self.base, table.id, row_name(table, row), table.fields[at].name, again, show(row[at]))
        )


# Findings


def finding_cells(finding: Finding, spec: Spec, factor: Decimal | None, *, waived: bool = False) -> Cells:
    """The values of a finding, from its ``id`` on, with the cell that it is about first; ``factor`` is what makes 元 of the
    report's amounts."""
    first = finding.cells[0] if finding.cells else CellRef()
    return (
        finding.id, finding.rule, finding.severity, finding.outcome, finding.qualifier, finding.reason,
        first.table, first.row, first.field, first.location, first.label, first.value, len(finding.cells),
        finding.expected, finding.found, finding.difference, finding.tolerance, _in_yuan(finding, spec, factor),
        waived, finding.message("zh"), finding.message("en"),
    )  # fmt: skip


def _in_yuan(finding: Finding, spec: Spec, factor: Decimal | None) -> Decimal | None:
    """The difference that a finding tells in 元, where it is one of money."""
    rule = load_rules().get(finding.rule)
    if finding.difference is None or rule is None or rule.kind not in _ARITHMETIC or not finding.cells:
        return None
    difference = parse_decimal(finding.difference)
    if difference is None or factor is None:
        return None
    return difference * factor if all(_is_money(cell, spec) for cell in finding.cells) else None


def _is_money(cell: CellRef, spec: Spec) -> bool:
    table = spec.tables.get(cell.table or "")
    return table is not None and (name := cell.field or "") in table.position and table[name].amount


def _repetitions(table: Table, rows: Sequence[Row]) -> Mapping[int, int]:
    """Of rows whose name is not their own, how many of that name stand before them, by the row's identity."""
    seen: Counter[str] = Counter()
    found: dict[int, int] = {}
    for row in rows:
        name = row_name(table, row)
        if seen[name]:
            found[id(row)] = seen[name]
        seen[name] += 1
    return found


def _blanks(report: Report, table: Table) -> Callable[[Row, int], str]:
    """What a blank of a table is: a cell that is not filled, or none that its printed form has."""
    if table.kind != "form":
        return lambda _row, _at: BLANK
    key = table.key_positions[0]
    form = report.form(table.id)
    places = {(column.line, column.field) for column in form.columns if column.line} if form else None
    if places:  # where columns are lines, each has its own
        return lambda row, at: BLANK if (row[key], table.fields[at].name) in places else NO_CELL
    absent = absent_fields(report, table)
    return lambda row, at: BLANK if has_cell(table.fields[at], absent, row[key]) else NO_CELL
