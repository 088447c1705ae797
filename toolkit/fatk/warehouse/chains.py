"""The rules that need two reports, over a store in one pass: last year's closing balance is this year's opening balance, a
department's accounts are the sum over its units.

Reports are made of the store again and held against each other by the same rules as of one file and another. They are paired
as ``current_reports`` tells them apart: one of each entity, scope and year. A department is only held against its units
where they are just those that it lists, each with a report in the store: without one of them every sum would fail.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import Any

from fatk.model import Report
from fatk.rules import KINDS
from fatk.rules.context import EXACT, NOT_APPLICABLE, Context, Rule, load_rules
from fatk.rules.report import findings
from fatk.rules.terms import equations
from fatk.spec import Spec, load
from fatk.warehouse import readback
from fatk.warehouse.catalogue import CURRENT, views
from fatk.warehouse.datasets import CHAIN_FINDINGS, arrow, datasets, folder
from fatk.warehouse.rows import FACTORS, Cells, finding_cells

PREVIOUS, PARTS = "previous", "parts"
#: Why reports were not held against each other: units that a department lists have no report, or it lists other units; it lists
#: none; one of them does not state its unit of money.
INCOMPLETE, UNLISTED, UNIT_UNKNOWN = "incomplete", "unlisted", "unit_unknown"
COUNTED = (PREVIOUS, PARTS, INCOMPLETE, UNLISTED, UNIT_UNKNOWN)
#: What rules need that are no sums: by their kind and what they check.
_NEEDS: Mapping[tuple[str, str], str] = {
    ("rate", "published"): PREVIOUS,
    ("presence", "scope_changed"): PREVIOUS,
    ("code", "constituents"): PARTS,
}
#: The rule that tells whether a department's units are those at hand.
_UNITS = ("code", "constituents")
#: What the database may keep in memory; the rest of what it sorts goes to the disk, below the store.
_MEMORY = "500MB"
#: Rows of findings that are written at once.
_AT_ONCE = 20_000

#: Reports that have another one of the same entity and scope a year before or after, and departments with their units; each
#: group in a row, the older report first, the department before its units.
_WANTED = f"""
CREATE TABLE wanted AS
WITH one AS (
    SELECT *, lag(fiscal_year) OVER same = fiscal_year - 1 OR lead(fiscal_year) OVER same = fiscal_year + 1 AS chained
    FROM {CURRENT} WINDOW same AS (PARTITION BY entity_key, scope ORDER BY fiscal_year)
), whole AS (
    SELECT DISTINCT part_of AS entity_key, fiscal_year FROM one WHERE part_of IS NOT NULL
), grouped AS (
    SELECT '{PREVIOUS}' AS beside, entity_key || '/' || scope AS family, 0 AS rank, * FROM one WHERE chained
    UNION ALL BY NAME
    SELECT '{PARTS}' AS beside, entity_key || '/' || fiscal_year AS family, 0 AS rank, one.*
    FROM one SEMI JOIN whole USING (entity_key, fiscal_year) WHERE scope = 'consolidated'
    UNION ALL BY NAME
    SELECT '{PARTS}' AS beside, part_of || '/' || fiscal_year AS family, 1 AS rank, * FROM one WHERE part_of IS NOT NULL
)
SELECT row_number() OVER (ORDER BY beside, family, rank, fiscal_year, file, source) AS place, beside, family, rank,
    source, file, fiscal_year, division, entity, entity_id, edition, verdict
FROM grouped
"""


@dataclass(frozen=True, slots=True)
class _Member:
    """One report of a group: the beginning of its rows in the store, and its place."""

    place: int
    beside: str
    family: str
    rank: int
    base: Cells

    @property
    def year(self) -> int:
        """Fiscal year of the report."""
        return int(self.base[2])

    @property
    def file(self) -> str:
        """Path of its file."""
        return str(self.base[1])


def run(store: Path) -> Mapping[str, int]:
    """Hold the reports of a store against each other, and write what is found as the dataset ``chain_findings``, in place of
    what was found before. Counted are, by ``COUNTED``, pairs of years and departments with units, and ``findings``.

    Only the reports of one group are in memory at a time. ``OSError`` where the store cannot be written.
    """
    import duckdb

    store, spec = store.resolve(), load()
    counts: Counter[str] = Counter(dict.fromkeys((*COUNTED, "findings"), 0))
    with tempfile.TemporaryDirectory(prefix=".fatk-", dir=store, ignore_cleanup_errors=True) as work:
        with duckdb.connect(str(Path(work) / "chains.duckdb")) as connection:
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            for statement in views(store, spec):
                connection.execute(statement)
            connection.execute(_WANTED)
            made = Path(work) / CHAIN_FINDINGS
            _write(made, _found(connection, store, Path(work), spec, counts), spec)
        _replace(store / CHAIN_FINDINGS, made)
    return counts


@cache
def between() -> Mapping[str, Mapping[str, Rule]]:
    """The rules that need another report, by which one they need: last year's, or those of the units."""
    found: dict[str, dict[str, Rule]] = {PREVIOUS: {}, PARTS: {}}
    for rule in load_rules().values():
        if not rule.built:
            continue
        if rule.kind in {"linear", "compare"}:
            needs = {other for equation in equations(rule) for other in equation.needs}
        else:
            other = _NEEDS.get(_what(rule))
            needs = {other} if other else set()
        for other in needs:
            found[other][rule.id] = rule
    return found


def _found(connection: Any, store: Path, work: Path, spec: Spec, counts: Counter[str]) -> Iterator[Cells]:
    """The rows of findings, group by group."""
    for group in _groups(connection, store, work, spec):
        for member, report, others in _pairs(group):
            counted, rows = _held(member, report, others)
            counts[counted] += 1
            counts["findings"] += len(rows)
            yield from rows


_Group = list[tuple["_Member", Report]]


def _groups(connection: Any, store: Path, work: Path, spec: Spec) -> Iterator[_Group]:
    """The reports of each group."""
    figures = {table.id for table in spec.tables.values() if any(field.states for field in table.fields)}
    cursor = connection.cursor().execute(
        "SELECT place, beside, family, rank, source, file, fiscal_year, division, entity, entity_id, edition, verdict"
        " FROM wanted ORDER BY place"
    )
    members = (
        _Member(place, beside, family, rank, tuple(base))
        for place, beside, family, rank, *base in iter(cursor.fetchone, None)
    )
    found = readback.reports(connection, store, work, figures | {"constituents"})
    together = ((member, report) for member, (_, report) in zip(members, found, strict=True))
    for _, group in groupby(together, key=lambda one: (one[0].beside, one[0].family)):
        yield list(group)


def _pairs(group: _Group) -> Iterator[tuple[_Member, Report, _Group]]:
    """Each report of a group that is held against others, with these."""
    if group[0][0].beside == PARTS:
        if group[0][0].rank == 0 and len(group) > 1:
            yield (*group[0], group[1:])
        return
    for before, (member, report) in pairwise(group):
        if before[0].year == member.year - 1:
            yield member, report, [before]


def _held(member: _Member, report: Report, others: _Group) -> tuple[str, list[Cells]]:
    """What comes of holding a report against others: what it is counted as, and the rows of ``chain_findings``."""
    if any((other.unit is None) != (report.unit is None) for _, other in others):
        return UNIT_UNKNOWN, []  # figures in 元 and figures in who knows what
    beside = [other for _, other in others]
    previous = beside.pop() if member.beside == PREVIOUS else None
    context = Context(report, previous, beside)
    counted, rules = _applicable(member.beside, context)
    checks = [check for rule in rules for check in KINDS[rule.kind](rule, context)]
    files = "\n".join(other.file for other, _ in others)
    factor = FACTORS.get(str(report.unit))
    return counted, [
        (*member.base, *finding_cells(finding, report.spec, factor), member.beside, files)
        for finding in findings(checks, between()[member.beside], context)
    ]


def _applicable(beside: str, context: Context) -> tuple[str, list[Rule]]:
    """What a comparison is counted as, and the rules that apply to it. Where the units at hand are not those that the department
    lists, only that is told."""
    rules = [rule for rule in between()[beside].values() if context.applies(rule)]
    units = [rule for rule in rules if _what(rule) == _UNITS]
    outcomes = {check.outcome for rule in units for check in KINDS[rule.kind](rule, context)}
    if NOT_APPLICABLE in outcomes:
        return UNLISTED, units
    return (beside, rules) if outcomes <= {EXACT} else (INCOMPLETE, units)


def _what(rule: Rule) -> tuple[str, str]:
    return rule.kind, str(rule.body.get("check"))


# The dataset


def _write(target: Path, found: Iterable[Cells], spec: Spec) -> None:
    """Write rows of findings as a dataset in a new folder."""
    target.mkdir()
    several = iter(found)
    number = 0
    while some := list(islice(several, _AT_ONCE)):
        by_folder: dict[str, list[Cells]] = defaultdict(list)
        for row in some:
            by_folder[folder(row[2], row[3])].append(row)
        for below, rows in by_folder.items():
            _write_part(target / below / f"chains-{number}.parquet", rows, spec)
        number += 1


def _write_part(target: Path, rows: list[Cells], spec: Spec) -> None:
    import pyarrow.parquet as pq

    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow(datasets(spec)[CHAIN_FINDINGS], rows), target, compression="zstd")


def _replace(target: Path, made: Path) -> None:
    """Put a dataset in the place of the one that may be there."""
    if target.exists():
        target.rename(made.with_name("old"))  # goes with the folder that the new one comes from
    made.rename(target)
