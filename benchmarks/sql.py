"""The sums and copies among the rules as SQL: what somebody would run who keeps reports in a database.

A table of the report is a table of the database: a row of each row of each report, with its figures as
``DECIMAL(18, 6)`` in the report's unit, ``NULL`` where there is none. Beside a figure stand the half-widths of its interval:
``_half`` by the report's precision, ``_own`` by the decimals that it is itself printed with. So that a look-up needs no
knowledge of forms, a line that a form always prints and the report lacks is a row with ``there = false``, and the row
``none`` says what any other line comes to that is not there.

Covered are the rules of the kinds ``linear``, ``compare`` and ``rollup`` that need no other report.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from fatk.model import MISSING, REPORTED, Report
from fatk.rules.context import Context, Rule, load_rules
from fatk.rules.terms import (
    Bindings,
    Equation,
    Name,
    Rows,
    Term,
    Variable,
    equations,
    premise,
)
from fatk.spec import Spec, Table
from fatk.values import decimals_of

#: A failure: the report's number, the rule, and table, row and field of the first cell that the rule names.
Failure = tuple[int, str, str, str, str]

#: The row of a table that says what a line comes to that is not there.
_NONE = "none"
_SUFFIXES = ("", "_half", "_own")


def covered() -> Mapping[str, Rule]:
    """The rules that are put into SQL, by id."""
    return {
        rule.id: rule
        for rule in load_rules().values()
        if rule.built and (rule.kind == "rollup" or (rule.kind in {"linear", "compare"} and not _needs(rule)))
    }


def _needs(rule: Rule) -> bool:
    return any(equation.needs for equation in equations(rule))


# From reports to tables


def load(connection: Any, reports: Sequence[Report], folder: Path) -> None:
    """Fill a new database with reports, numbered from 0; ``folder`` takes the files between."""
    spec = reports[0].spec
    contexts = list(enumerate(Context(report) for report in reports))
    _fill(connection, folder, "reports", {"year": "INTEGER"}, ((n, c.year) for n, c in contexts))
    _fill(
        connection,
        folder,
        "forms",
        {"table": "VARCHAR"},
        ((n, t) for n, c in contexts for t in c.edition.forms),
    )
    for table in spec.tables.values():
        figures = [f.name for f in table.fields if f.numeric]
        if table.kind == "form" or (table.kind == "note" and figures):
            columns = {"row": "VARCHAR", "there": "BOOLEAN"}
            columns |= {name + suffix: "DECIMAL(18, 6)" for name in figures for suffix in _SUFFIXES}
            rows = (row for n, c in contexts for row in _rows(n, c, table, figures))
            _fill(connection, folder, table.id, columns, rows)


def _fill(
    connection: Any, folder: Path, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]
) -> None:
    path = folder / f"{table}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    declared = "".join(f', "{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"CREATE TABLE {table} (report INTEGER{declared})")
    connection.execute(f"COPY {table} FROM '{path}' (HEADER false, NULLSTR 'NULL')")


def _rows(report: int, context: Context, table: Table, figures: Sequence[str]) -> Iterator[list[object]]:
    """The rows of one table of one report as the database holds them."""
    known = table.kind != "form" or context.status.get(table.id, MISSING) == REPORTED
    here = list(context.rows_of(table.id)) if known else []
    form = context.edition.forms.get(table.id) if known else None
    blocks = form.blocks if form else ()
    lines = [line.line for block in blocks if not block.open for line in block.lines if line.line]
    for name in dict.fromkeys([*here, *lines, _NONE]):
        cells = (text for figure in figures for text in _cell(context, table.id, name, figure))
        yield [report, name, name in context.rows_of(table.id), *cells]


def _cell(context: Context, table: str, row: str, field: str) -> tuple[str, str, str]:
    """A figure and its two half-widths."""
    cell = context.operand(table, row, field)
    if cell.why:
        return ("NULL", "NULL", "NULL")
    own, value = cell.half, context.value(table, row, field)
    if own and isinstance(value, Decimal):
        own = max(own, Decimal(1).scaleb(-decimals_of(value)) * context.scale(table)[0] / 2)
    return (format(cell.value, "f"), format(cell.half, "f"), format(own, "f"))


# From rules to queries


def query(spec: Spec) -> str:
    """The query that lists every failure of the rules covered, each as a ``Failure``."""
    return " UNION ALL ".join(_queries(spec))


def _queries(spec: Spec) -> Iterator[str]:
    for rule in covered().values():
        if rule.kind == "rollup":
            yield _rollup(rule, spec)
        else:
            for equation in equations(rule):
                rows = [variable for variable in equation.variables if variable.rows_of]
                fixed = [variable for variable in equation.variables if not variable.rows_of]
                assert len(rows) <= 1, f"{rule.id}: two variables that are rows"
                for bound in _combinations(fixed, spec):
                    yield _equation(rule, equation, rows[0] if rows else None, bound)


def _combinations(variables: Iterable[Variable], spec: Spec) -> list[dict[str, str]]:
    """Every combination of variables that are no rows: each is a query of its own, with other tables or columns."""
    found: list[dict[str, str]] = [{}]
    for variable in variables:
        found = [
            {**bound, variable.name: text}
            for bound in found
            for text in variable.texts
            or [f.name for f in spec.tables[_of(variable.amounts_of, bound)].amounts]
        ]
    return found


def _of(name: Name | None, bound: Bindings) -> str:
    assert name is not None
    return name.of(bound)


class _Query:
    """One equation or inequality as it is put together: what it reads from, and its cells as expressions."""

    def __init__(self, rows: Variable | None, bound: Bindings) -> None:
        self.bound = bound
        self.row = rows.name if rows else None
        self.own: tuple[str, str] | None = (
            None  # a table that is read once for the instances and for their cells
        )
        self.joins: dict[tuple[str, str], str] = {}
        self.sources: list[str] = []
        self.where: list[str] = []
        if rows is None:
            self.sources.append("reports i")
        elif len(rows.rows_of) == 1 and not (only := rows.rows_of[0]).bare:
            self.own = only.table.of(bound), "i.key"
            self.sources.append(f'(SELECT *, "row" AS key FROM {self.own[0]} WHERE {_matching(only)}) i')
        else:
            parts = (
                f'SELECT report, substr("row", {len(r.prefix) + 1 if r.bare else 1}) AS key FROM {r.table.of(bound)}'
                f" WHERE {_matching(r)}"
                for r in rows.rows_of
            )
            self.sources.append(f"({' UNION '.join(parts)}) i")

    def named(self, name: Name) -> str:
        """A name of a row as an expression."""
        if name.variable is not None and name.variable == self.row:
            return f"'{name.text}' || i.key" if name.text else "i.key"
        return f"'{name.of(self.bound)}'"

    def joined(self, table: str, row: str) -> str:
        """The alias of a row of a table."""
        if (table, row) == self.own:
            return "i"
        if (table, row) not in self.joins:
            alias = self.joins[table, row] = f"t{len(self.joins)}"
            self.sources.append(
                f'LEFT JOIN {table} {alias} ON {alias}.report = i.report AND {alias}."row" = {row}'
            )
        return self.joins[table, row]

    def cells(self, term: Term) -> Iterator[tuple[str, str, str]]:
        """The figures of a term with their half-widths."""
        table, field = term.table.of(self.bound), term.field.of(self.bound)
        if term.rows is not None:
            yield self.summed(table, field, term.rows)
        for row in map(self.named, term.names):
            alias = self.joined(table, row)
            if alias == "i":
                yield f'i."{field}"', f'i."{field}_half"', f'i."{field}_own"'
                continue
            other = self.joined(table, f"'{_NONE}'")
            there = f"{alias}.there" if term.absent == "zero" else f"{alias}.report IS NOT NULL"
            yield (
                f'CASE WHEN {there} THEN {alias}."{field}" ELSE {other}."{field}" END',
                f'coalesce({alias}."{field}_half", 0)', f'coalesce({alias}."{field}_own", 0)',
            )  # fmt: skip

    def summed(self, table: str, field: str, rows: Rows) -> tuple[str, str, str]:
        """The sum of a field over the rows that have something in common."""
        alias, other = f"s{len(self.sources)}", self.joined(table, f"'{_NONE}'")
        self.sources.append(
            f"LEFT JOIN (SELECT report, {_sums(field)} FROM {table} WHERE {_matching(rows)} GROUP BY report) {alias}"
            f" ON {alias}.report = i.report"
        )
        return (
            f'CASE WHEN {alias}.report IS NULL THEN {other}."{field}" ELSE {alias}."{field}" END',
            f'coalesce({alias}."{field}_half", 0)', f'coalesce({alias}."{field}_own", 0)',
        )  # fmt: skip


def _sums(field: str) -> str:
    """A field summed with its half-widths; nothing where one of the figures is not known."""
    known = f'CASE WHEN count("{field}") = count(*) THEN sum("{field}") END AS "{field}"'
    return ", ".join([known, *(f'sum("{field}{suffix}") AS "{field}{suffix}"' for suffix in _SUFFIXES[1:])])


def _matching(rows: Rows) -> str:
    """Whether a row is one of those that have something in common."""
    found = ["there"]
    if rows.level is not None:
        found.append(
            f"""regexp_full_match("row", '{rows.prefix.replace(".", "[.]")}[0-9]{{{rows.level}}}')"""
        )
    elif rows.prefix:
        found.append(f"""starts_with("row", '{rows.prefix}')""")
    if rows.without:
        found.append(f'"row" NOT IN ({", ".join(repr(name) for name in sorted(rows.without))})')
    return " AND ".join(found)


def _equation(rule: Rule, equation: Equation, rows: Variable | None, bound: Bindings) -> str:
    """The instances in which a rule's sides are further apart than rounding explains."""
    query = _Query(rows, bound)
    sums, halves, constant = [], [], False
    for sign, side in ((1, equation.left), (-1, equation.right)):
        for term in side:
            if not isinstance(term, Term):
                sums.append(f"({sign * term.value})")
                constant = True
                continue
            weight = sign * term.weight
            for value, half, own in query.cells(term):
                sums.append(
                    value if weight == 1 else f"-({value})" if weight == -1 else f"{weight} * ({value})"
                )
                width = half if rule.kind == "compare" else own
                halves.append(width if abs(weight) == 1 else f"{abs(weight)} * ({width})")
    slack = "0" if constant and rule.kind == "compare" else " + ".join(halves)
    difference = " + ".join(sums)
    query.where.append(
        f"{difference} > {slack}" if rule.kind == "compare" else f"abs({difference}) > {slack}"
    )
    _premises(query, rule)
    first = next(term for term in (*equation.left, *equation.right) if isinstance(term, Term))
    table, field = first.table.of(bound), first.field.of(bound)
    return (
        f"SELECT i.report, '{rule.id}', '{table}', {query.named(first.names[0])}, '{field}'"
        f" FROM {' '.join(query.sources)} WHERE {' AND '.join(query.where)}"
    )


def _premises(query: _Query, rule: Rule) -> None:
    """What has to hold for a rule to apply: two figures that are equal, forms that the edition has, years."""
    equal = [value for term in premise(rule) if isinstance(term, Term) for value, *_ in query.cells(term)]
    if equal:
        query.where.append(" = ".join(equal))
    query.where += [
        f"""i.report IN (SELECT report FROM forms WHERE "table" = '{table}')"""
        for table in rule.when.get("tables", ())
    ]
    query.where += [
        f'i.report IN (SELECT report FROM reports WHERE "year" {sign} {rule.when[name]})'
        for name, sign in (("first_year", ">="), ("last_year", "<="))
        if name in rule.when
    ]


def _rollup(rule: Rule, spec: Spec) -> str:
    """The rows of a table that are not the sum of the rows below them, with each field in which they are not."""
    table = spec.tables[rule.body["table"]]
    fields = [f.name for f in table.amounts]
    failed = ", ".join(
        f"""CASE WHEN abs(p."{f}" - c."{f}") > p."{f}_own" + c."{f}_own" THEN '{f}' END""" for f in fields
    )
    wanted = "= 'TOTAL'" if rule.body["level"] == "total" else "<> 'TOTAL'"
    return f"""
        SELECT report, '{rule.id}', '{table.id}', "row", field FROM (
            SELECT p.report, p."row", unnest([{failed}]) AS field FROM {table.id} p JOIN (
                SELECT report, parent, {", ".join(map(_sums, fields))} FROM (
                    SELECT *, CASE WHEN length("row") > 3 THEN "row"[:-3] ELSE 'TOTAL' END AS parent
                    FROM {table.id} WHERE there AND regexp_full_match("row", '[0-9]+')
                ) GROUP BY report, parent
            ) c ON c.report = p.report AND c.parent = p."row" WHERE p.there AND p."row" {wanted}
        ) WHERE field IS NOT NULL"""
