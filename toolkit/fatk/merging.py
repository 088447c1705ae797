"""Several readings of one report as one: table by table, nothing twice, nothing dropped unsaid.

A table that only one source has is taken. Where two have it, the source named first counts, and every cell that the other
has otherwise is told. Sources of another year, entity, unit or number of decimals are no parts of one report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from fatk.errors import Refused
from fatk.findings import CellRef, Finding, located, notify
from fatk.model import EMPTY, Key, Report, Row, build, key_of, row_name, same_entity
from fatk.reading import Reading
from fatk.spec import Table
from fatk.values import Value, show

#: A cell that two sources have otherwise: its row, how many of that name stand before it, its field, and both values.
_Difference = tuple[str, int, str, Value, Value]
#: Tables that say something of others, of whose rows it depends what of them is taken.
_LATER = frozenset({"tables", "cells", "codes"})
#: Tables whose rows stand each for itself: a source that says more of them contradicts none that says less.
_EACH = frozenset({"claims", "changes", "three_public_contents"})
#: Fields that say how a source words what other fields hold: two sources may word the same figure otherwise.
_WORDED = {"claims": frozenset({"printed"})}
#: How sure a reading is of its edition, the surest first.
_CERTAINTY = ("certain", "probable", "guessed")


def labelled(reading: Reading, label: str) -> Reading:
    """The reading with every place named together with its file: ``[file]place``."""

    def places(table: str, row: str, field: str, again: int = 0) -> str | None:
        place = reading.places(table, row, field, again)
        return None if place is None else f"[{label}]{place}"

    def named(cell: CellRef) -> CellRef:
        return cell if cell.location is None else replace(cell, location=f"[{label}]{cell.location}")

    found = tuple(
        replace(f, cells=tuple(map(named, located(f, reading.places).cells))) for f in reading.findings
    )
    return replace(reading, findings=found, places=places)


def merge(sources: Sequence[tuple[str, Reading]]) -> Reading:
    """One reading of several sources of one report, each with its name, in the order in which they count.

    ``Refused`` where they are not of one year, entity, unit and number of decimals.
    """
    first, *others = sources
    return _Merger(sources).reading() if others else first[1]


def hold(reports: Sequence[tuple[str, Report]], *, units: bool) -> None:
    """Hold that reports of several sources may be parts of one, as far as they say: of one year and entity and, where their
    tables are put together, of one unit and number of decimals. ``Refused`` names the two that are not."""
    for (first, one), (second, other) in combinations(reports, 2):
        if one.fiscal_year and other.fiscal_year and one.fiscal_year != other.fiscal_year:
            years = one.fiscal_year, other.fiscal_year
            raise Refused("SOURCES_OTHER_YEAR", wanted=years[0], found=years[1], first=first, second=second)
        ours, theirs = one.one("entity"), other.one("entity")
        told = any(ours.get(k) and theirs.get(k) for k in ("id", "name", "administrative_division"))
        if told and not same_entity(one, other):
            found, wanted = theirs.get("name"), ours.get("name")
            raise Refused("SOURCES_OTHER_ENTITY", found=found, wanted=wanted, first=first, second=second)
        for field in ("unit", "decimals") if units else ():
            wanted, found = one.one("report").get(field), other.one("report").get(field)
            if None not in (found, wanted) and found != wanted:
                raise Refused("SOURCES_OTHER_UNIT", found=found, wanted=wanted, first=first, second=second)


class _Merger:
    """One merge: the rows of every table, which sources they are of, and what the others have otherwise."""

    def __init__(self, sources: Sequence[tuple[str, Reading]]) -> None:
        self.names = [name for name, _ in sources]
        self.readings = [reading for _, reading in sources]
        self.reports = [reading.report for reading in self.readings]
        self.spec = self.reports[0].spec
        self.findings: list[Finding] = []
        self.rows: dict[str, list[Row]] = {}
        #: By table, and by field of a table of one row: the sources that its rows are of, the one that counts first.
        self.owners: dict[tuple[str, str | None], list[int]] = {}

    def reading(self) -> Reading:
        hold(list(zip(self.names, self.reports, strict=True)), units=True)
        for table in self.spec.tables.values():
            if table.id in _LATER:
                continue
            if table.single:
                self.single(table)
            elif table.id in _EACH:
                self.gathered(table, range(len(self.reports)))
            elif table.id == "sources":
                self.sources(table)
            elif table.key:
                self.whole(table)
            else:
                self.kept(table)
        self.listed()
        self.described()
        self.coded()
        told = tuple(f for reading in self.readings for f in reading.findings)
        return replace(
            self.readings[0],
            report=build(self.spec, self.rows),
            findings=told + tuple(self.findings),
            places=self.place,
            edition_certainty=self.readings[self.owners["report", "edition"][0]].edition_certainty
            if self.owners["report", "edition"]
            else _CERTAINTY[-1],
            source_cells=sum(reading.source_cells for reading in self.readings),
            unaccounted_cells=sum(reading.unaccounted_cells for reading in self.readings),
            newer=any(reading.newer for reading in self.readings),
            proposals=tuple(p for reading in self.readings for p in reading.proposals),
            passages=tuple(p for reading in self.readings for p in reading.passages),
        )

    def order(self, table: str, field: str) -> list[int]:
        """The sources in the order in which a field is taken from them: as given but for the edition, which some only
        guess, and the version of the standard, of which the latest holds all that an earlier one does."""
        everyone = list(range(len(self.reports)))
        if (table, field) == ("report", "edition"):
            return sorted(everyone, key=lambda i: _CERTAINTY.index(self.readings[i].edition_certainty))
        if (table, field) == ("report", "spec_version"):
            versions = [str(report.one("report").get("spec_version") or "") for report in self.reports]
            return sorted(
                everyone, key=lambda i: [int(n) for n in re.findall("[0-9]+", versions[i])], reverse=True
            )
        return everyone

    def derived(self, table: str, field: str, source: int) -> bool:
        """Whether a field says nothing of the report itself, so that it contradicts no other source: a title is the source's."""
        guessed = self.readings[source].edition_certainty != "certain"
        own = field in ("spec_version", "title", "description") or (field == "edition" and guessed)
        return table == "report" and own

    def single(self, table: Table) -> None:
        """A table of one row: field by field the first source that fills it."""
        values: list[Value] = []
        differences: dict[tuple[int, int], list[_Difference]] = {}
        for position, field in enumerate(table.fields):
            order = self.order(table.id, field.name)
            filled = [
                (i, rows[0][position])
                for i in order
                if (rows := self.reports[i].rows(table.id)) and rows[0][position] is not None
            ]
            taken = filled[0][1] if filled else None
            values.append(taken)
            self.owners[table.id, field.name] = [i for i, _ in filled]
            for i, value in filled[1:]:
                if show(value) != show(taken) and not self.derived(table.id, field.name, i):
                    differences.setdefault((filled[0][0], i), []).append(("*", 0, field.name, taken, value))
        if any(value is not None for value in values):
            self.rows[table.id] = [tuple(values)]
        for (one, other), found in differences.items():
            self.tell(table, one, other, found)

    def whole(self, table: Table) -> None:
        """A table of many rows: the first source that has it."""
        holders = [i for i, report in enumerate(self.reports) if self.has(report, table)]
        if not holders:
            return
        one = holders[0]
        self.rows[table.id] = list(self.reports[one].rows(table.id))
        self.owners[table.id, None] = [one]
        for other in holders[1:]:
            ours, theirs = self.rows[table.id], list(self.reports[other].rows(table.id))
            if table.kind != "form":  # what one source leaves open, the other may say
                ours, theirs = _filled(table, ours, theirs), _filled(table, theirs, ours)
                self.rows[table.id] = ours
            if found := list(_differences(table, ours, theirs)):
                self.tell(table, one, other, found)
            else:
                self.owners[table.id, None].append(other)

    def has(self, report: Report, table: Table) -> bool:
        """Whether a source has a table: rows of it, or the word that there are none; a list of tables alone is none."""
        empty = table.kind == "form" and report.status(table.id)["status"] == EMPTY
        return empty or bool(report.rows(table.id))

    def gathered(self, table: Table, sources: Iterable[int], only: Callable[[Row], bool] = bool) -> None:
        """Rows that stand each for itself: of two of one key the first source's."""
        rows = self.rows.setdefault(table.id, [])
        owners = self.owners.setdefault((table.id, None), [])
        known = {key_of(table, row): (at, owners[0] if owners else 0) for at, row in enumerate(rows)}
        for i in sources:
            for row in filter(only, self.reports[i].rows(table.id)):
                key = key_of(table, row)
                if key not in known:
                    known[key] = len(rows), i
                    rows.append(row)
                    continue
                at, first = known[key]
                if (
                    first == i
                ):  # a key that one source has twice: both are kept, and told as any key that repeats
                    rows.append(row)
                    continue
                ours, theirs = _filled(table, [rows[at]], [row]), _filled(table, [row], [rows[at]])
                rows[at] = ours[0]
                found = list(_differences(table, ours, theirs))
                if {field for _, _, field, _, _ in found} - _WORDED.get(table.id, frozenset()):
                    self.tell(table, first, i, found)
            owners.append(i)

    def sources(self, table: Table) -> None:
        """The sources of all reports, numbered anew where a number is taken."""
        at = table.position["no"]
        rows: list[Row] = []
        for i, report in enumerate(self.reports):
            for row in report.rows(table.id):
                if any(_but(at, row) == _but(at, other) for other in rows):
                    continue
                taken = {other[at] for other in rows}
                number = next(n for n in (row[at], *range(1, len(rows) + 2)) if n not in taken)
                rows.append((*row[:at], number, *row[at + 1 :]))
            self.owners.setdefault((table.id, None), []).append(i)
        self.rows[table.id] = rows

    def kept(self, table: Table) -> None:
        """What has no key: the rows of all, each as often as the source has it that has it most often."""
        rows: list[Row] = []
        for report in self.reports:
            left = Counter(rows)
            for row in report.rows(table.id):
                if left[row]:
                    left[row] -= 1
                else:
                    rows.append(row)
        self.rows[table.id] = rows
        self.owners[table.id, None] = list(range(len(self.reports)))

    def listed(self) -> None:
        """What is said of each of the nine, by the source that its rows are of."""
        declared = self.spec.tables["tables"]
        for form in self.spec.forms:
            owners = self.owners.get((form.id, None), list(range(len(self.reports))))
            said = [
                (i, row) for i in owners for row in self.reports[i].rows(declared.id) if row[0] == form.id
            ]
            if not said:
                continue
            row = tuple(
                next((r[n] for _, r in said if r[n] is not None), None) for n in range(len(said[0][1]))
            )
            self.rows.setdefault(declared.id, []).append(row)
            for i, other in said[1:]:
                filled = tuple(
                    mine if value is None else value for mine, value in zip(row, other, strict=True)
                )
                if found := list(_differences(declared, [row], [filled])):
                    self.tell(declared, said[0][0], i, found)
        self.owners[declared.id, None] = list(range(len(self.reports)))

    def described(self) -> None:
        """What ``cells`` say of a table's cells, by the sources that the table is of; the others' is told."""
        declared = self.spec.tables["cells"]
        for table in dict.fromkeys(row[0] for report in self.reports for row in report.rows(declared.id)):
            everyone = range(len(self.reports))
            owners = self.owners.get((str(table), None), list(everyone))

            def about(row: Row, table: Value = table) -> bool:
                return row[0] == table

            self.gathered(declared, owners, about)
            for i in set(everyone) - set(owners):
                lost = list(filter(about, self.reports[i].rows(declared.id)))
                if found := list(_differences(declared, [], lost)):
                    self.tell(declared, owners[0], i, found)
        self.owners[declared.id, None] = list(range(len(self.reports)))

    def coded(self) -> None:
        """The codes that the sources state: not those that follow from the rows of one of them, since those of all follow from
        the rows of all; nor those that only rows use which were not taken."""
        declared = self.spec.tables["codes"]
        taken = {key for form in self.spec.forms for key in _codes(form, self.rows.get(form.id, ()))}
        for i, report in enumerate(self.reports):
            left = {
                key
                for form in self.spec.forms
                if i not in self.owners.get((form.id, None), ())
                for key in _codes(form, report.rows(form.id))
            } - taken
            derived = set(build(self.spec, {**report.tables, declared.id: ()}).rows(declared.id))

            def stated(row: Row, left: set[Key] = left, derived: set[Row] = derived) -> bool:
                return row not in derived and key_of(declared, row) not in left

            self.gathered(declared, [i], stated)

    def tell(self, table: Table, one: int, other: int, found: Sequence[_Difference]) -> None:
        """Say which cells of a table two sources have otherwise."""
        cells = []
        for row, again, field, *values in found:
            for i, value in zip((one, other), values, strict=True):
                place = self.readings[i].places(table.id, row, field, again)
                text = None if value is None else show(value)
                cells.append(
                    CellRef(table.id, row, field, place or self.names[i], table[field].title, text, again)
                )
        self.findings.append(
            notify(
                "READ-77", *cells, title=table.title, first=self.names[one], second=self.names[other],
                count=len(found),
            )
        )  # fmt: skip

    def place(self, table: str, row: str, field: str, again: int = 0) -> str | None:
        """Where a cell stands, in the first of the sources that it is of."""
        declared = self.spec.tables.get(table)
        single = declared is not None and declared.single
        for i in self.owners.get((table, field if single else None), range(len(self.readings))):
            found = self.readings[i].places(table, row, field, again)
            if found is not None:
                return found
        return None


def _differences(table: Table, ours: Iterable[Row], theirs: Iterable[Row]) -> Iterator[_Difference]:
    """Every cell that two lists of rows have otherwise; rows are the same by their keys, and by order where keys repeat."""
    one, other = _numbered(table, ours), _numbered(table, theirs)
    for key in dict.fromkeys((*one, *other)):
        mine, yours = one.get(key), other.get(key)
        for position, field in enumerate(table.fields):
            values = [None if row is None else row[position] for row in (mine, yours)]
            if show(values[0]) != show(values[1]):
                yield row_name(table, mine or yours or ()), key[1], field.name, values[0], values[1]


def _filled(table: Table, rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    """The rows with what they leave blank from the others' rows of the same keys."""
    given = _numbered(table, others)
    filled = []
    for key, row in _numbered(table, rows).items():
        other = given.get(key, row)
        filled.append(tuple(b if a is None else a for a, b in zip(row, other, strict=True)))
    return filled


def _numbered(table: Table, rows: Iterable[Row]) -> dict[tuple[Key, int], Row]:
    found: dict[tuple[Key, int], Row] = {}
    seen: dict[Key, int] = {}
    for row in rows:
        key = key_of(table, row)
        again = seen[key] = seen.get(key, -1) + 1
        found[key, again] = row
    return found


def _codes(form: Table, rows: Iterable[Row]) -> Iterator[Key]:
    """The keys in ``codes`` of the rows of one of the nine."""
    return ((form.scheme, row[form.key_positions[0]]) for row in rows)


def _but(position: int, row: Row) -> Row:
    """A row without one of its values."""
    return (*row[:position], *row[position + 1 :])
