"""What is to be held against what in a store, and what of that is known from before.

A comparison is of one report with that of a year before, or of a department's with those of its units. Reports are paired as
``current_reports`` tells them apart: one of each entity, scope and year. A comparison has a key, a digest of all that decides
what comes of it: the reports with the digests of their files, and the versions, rules and options of the run. What a run found
between reports stands in the store by that key, so that the next one keeps what is still to be compared and makes the rest.

Nothing else remembers it: a comparison counts as made where the dataset ``comparisons`` has its key and ``chain_findings`` as
many rows of it as is said there, whatever happened to the run that wrote them, and in whatever order.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fatk.spec import load
from fatk.warehouse.catalogue import CURRENT, quoted, views
from fatk.warehouse.datasets import (
    BASE,
    CHAIN_FINDINGS,
    COMPARED,
    COMPARISONS,
    COMPARISONS_COME_TO,
    FILES,
    UNFINISHED,
    datasets,
    schema,
)
from fatk.warehouse.readback import Place
from fatk.warehouse.rows import Cells

#: What a report is held against: that of last year, those of its units.
PREVIOUS, PARTS = "previous", "parts"
#: What comparisons are counted as.
COUNTED = (PREVIOUS, PARTS, *(outcome for outcome in COMPARISONS_COME_TO if outcome != COMPARED))
#: The datasets that comparisons are written to.
WRITTEN = (CHAIN_FINDINGS, COMPARISONS)
#: How the name of a file of these ends: parts of them are not made when those of reports are.
ENDING = "-chains.parquet"
#: What the database may keep in memory; the rest of what it sorts goes to the disk, below the store.
_MEMORY = "500MB"
#: Comparisons that are worked on at once, at most, and how many cells their reports may have together: what a process loses
#: when it ends, and holds in memory.
_AT_ONCE, _CELLS = 128, 1_000_000

#: Of a path, the part that its file is: what is below the folder of the dataset, with / whatever the system has.
_PART = "regexp_replace(replace({}, '\\', '/'), '^.*/([^/]+/[^/]+/[^/]+){}$', '\\1')"
_BASE = ", ".join(f'"{column.name}"' for column in BASE)
#: Texts one behind the other so that different ones are never the same: each with its length.
_TOLD = "coalesce(length({0}::VARCHAR) || ':' || {0}::VARCHAR, '-')"
_PLANNED = f"""
CREATE TABLE planned AS
WITH one AS (
    SELECT reports.*, places.part, places.cells FROM {CURRENT} AS reports JOIN places USING (source, file)
), beside AS (
    SELECT '{PREVIOUS}' AS beside, report.file, report.source, before.cells,
        [{{'part': before.part, 'file': before.file, 'source': before.source}}] AS others
    FROM one AS report JOIN one AS before
    ON before.entity_key = report.entity_key AND before.scope = report.scope AND before.fiscal_year = report.fiscal_year - 1
    UNION ALL
    SELECT '{PARTS}' AS beside, report.file, report.source, sum(unit.cells) AS cells,
        list({{'part': unit.part, 'file': unit.file, 'source': unit.source}} ORDER BY unit.file, unit.source) AS others
    FROM one AS report JOIN one AS unit ON unit.part_of = report.entity_key AND unit.fiscal_year = report.fiscal_year
    WHERE report.scope = 'consolidated' GROUP BY report.file, report.source
)
SELECT sha256(
        {_TOLD.format("$decided")} || {_TOLD.format("beside")}
        || {" || ".join(_TOLD.format(f'one."{column.name}"') for column in BASE)}
        || array_to_string([{_TOLD.format("other.file")} || {_TOLD.format("other.source")} for other in others], '')
    )[:32] AS comparison,
    one.part, beside, {", ".join(f'one."{column.name}"' for column in BASE)}, others, one.cells + beside.cells AS cells,
    min(one.file) OVER (PARTITION BY beside, one.entity_key, one.scope) AS first_file, one.entity_key
FROM beside JOIN one USING (source, file)
"""
#: Those that need not be made again. What a process was ended at is tried each time, since that may have been for another reason.
_KEPT = f"""
CREATE TABLE kept AS
SELECT planned.comparison, planned.part
FROM planned
JOIN (
    SELECT comparison, part, min(findings) AS findings FROM remembered GROUP BY ALL HAVING count(*) = 1 AND min(outcome) <> '{UNFINISHED}'
) AS known USING (comparison, part)
LEFT JOIN (SELECT comparison, part, count(*) AS findings FROM found GROUP BY ALL) AS there USING (comparison, part)
WHERE coalesce(there.findings, 0) = known.findings
"""
#: The parts that are to be made again, with how many comparisons are made for each: there are new ones, or it has some that are
#: not to be there.
_CHANGED = """
CREATE TABLE changed AS
SELECT part, sum(wanted)::BIGINT AS wanted FROM (
    SELECT part, 1 AS wanted FROM planned ANTI JOIN kept USING (comparison, part)
    UNION ALL SELECT part, 0 FROM remembered ANTI JOIN kept USING (comparison, part)
    UNION ALL SELECT part, 0 FROM found ANTI JOIN kept USING (comparison, part)
) GROUP BY part
"""
#: Reports that stand near each other are compared one after the other, an entity's by year.
_ORDER = "regexp_replace(part, '^[^/]*/', ''), beside, first_file, entity_key, fiscal_year, file, source"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One report to be held against others: its key, the part of the report's rows, what every row of it begins with, and the
    others. ``unfinished``: it is only to be told that it was begun in vain."""

    key: str
    beside: str
    part: str
    base: Cells
    others: tuple[Place, ...]
    unfinished: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Comparison:
        """The comparison whose fields came as JSON."""
        others = tuple(Place(**other) for other in fields["others"])
        return cls(**{**fields, "base": tuple(fields["base"]), "others": others})

    @property
    def place(self) -> Place:
        """Where the rows of the report itself are."""
        return Place(self.part, str(self.base[1]), str(self.base[0]))


#: A comparison among those of a part, in the order of which its rows stand there: file and source of the report, what it is held
#: against, its key.
Member = tuple[str, str, str, str]


class Plan:
    """The comparisons of a store, as its reports are now; a context, at whose end what it kept on the disk is gone.

    ``decided`` is a digest of all that decides what comes of a comparison beside the reports: versions, rules, options.
    ``total`` is the number of comparisons to be made, ``wanted`` by part how many of them are its own; parts with none that
    change all the same are there too. ``OSError`` where the store cannot be written.
    """

    def __init__(self, store: Path, decided: str) -> None:
        import duckdb

        self._store = store
        for dataset in WRITTEN:
            _hold(store, dataset)
        self._work = tempfile.TemporaryDirectory(prefix=".fatk-", dir=store, ignore_cleanup_errors=True)
        self._connection: Any = duckdb.connect(str(Path(self._work.name) / "comparisons.duckdb"))
        self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        for statement in (*views(store, load()), *self._stored()):
            self._connection.execute(statement)
        self._connection.execute(_PLANNED, {"decided": decided})
        for statement in (_KEPT, _CHANGED):
            self._connection.execute(statement)
        changed = self._connection.execute("SELECT part, wanted FROM changed ORDER BY part").fetchall()
        self.wanted: Mapping[str, int] = dict(changed)
        self.total = sum(self.wanted.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._connection.close()
        self._work.cleanup()

    def _stored(self) -> Iterator[str]:
        """The statements that make tables of where reports are, and of what is known of comparisons."""
        yield self._table("places", "reports", ".parquet", "source VARCHAR, file VARCHAR, cells BIGINT",
                          "source, file, coalesce(source_cells, 0) AS cells")  # fmt: skip
        yield self._table("remembered", COMPARISONS, ENDING, "comparison VARCHAR, outcome VARCHAR, findings BIGINT", "comparison, outcome, findings")  # fmt: skip
        yield self._table("found", CHAIN_FINDINGS, ENDING, "comparison VARCHAR", "comparison")

    def _table(self, name: str, dataset: str, ending: str, columns: str, chosen: str) -> str:
        files = _listed(self._store, dataset)
        if files is None:
            return f"CREATE TABLE {name} (part VARCHAR, {columns})"
        part = _PART.format("filename", ending.replace(".", "[.]"))
        return (
            f"CREATE TABLE {name} AS SELECT {part} AS part, {chosen}"
            f" FROM read_parquet({files}, hive_partitioning = false, filename = true)"
        )

    def slices(self, width: int) -> Iterator[tuple[Comparison, ...]]:
        """The comparisons to be made, in at least ``width`` slices where there are so many, and few enough in each to be held in
        memory together."""
        most = max(1, min(_AT_ONCE, -(-self.total // width)))
        cursor = self._connection.cursor().execute(
            f"SELECT cells, comparison, beside, part, others, {_BASE} FROM planned ANTI JOIN kept USING (comparison, part)"
            f" ORDER BY {_ORDER}"
        )
        some: list[Comparison] = []
        held = 0
        for cells, key, beside, part, others, *base in iter(cursor.fetchone, None):
            if some and (len(some) == most or held + cells > _CELLS):
                yield tuple(some)
                some, held = [], 0
            some.append(Comparison(key, beside, part, tuple(base), tuple(Place(**other) for other in others)))
            held += cells
        if some:
            yield tuple(some)

    def members(self, part: str) -> Sequence[Member]:
        """All comparisons that stand in a part, those that are known from before too, in their order there."""
        found: list[Member] = (
            self._connection.cursor()
            .execute(
                "SELECT file, source, beside, comparison FROM planned WHERE part = ? ORDER BY file, source, beside",
                [part],
            )
            .fetchall()
        )
        return found


def counts(store: Path) -> Mapping[str, int]:
    """What the comparisons of a store came to, by ``COUNTED``, and their ``findings``."""
    import duckdb

    found: Counter[str] = Counter(dict.fromkeys((*COUNTED, "findings"), 0))
    if files := _listed(store, COMPARISONS):
        with duckdb.connect() as connection:
            for beside, outcome, times, findings in connection.execute(
                f"SELECT beside, outcome, count(*), sum(findings)::BIGINT FROM read_parquet({files}) GROUP BY ALL"
            ).fetchall():
                found[beside if outcome == COMPARED else outcome] += times
                found["findings"] += findings
    return dict(found)


def _hold(store: Path, dataset: str) -> None:
    """Remove the files of a dataset that another version wrote, or that cannot be read: what they hold is found again."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for place in _files(store, dataset):
        if place.name.endswith(ENDING):
            with suppress(pa.ArrowException):
                if pq.read_schema(place).equals(schema(datasets(load())[dataset])):
                    continue
        place.unlink()


def _files(store: Path, dataset: str) -> list[Path]:
    """The files of a dataset. Names beginning with a point are of what is about to be written."""
    return [place for place in store.glob(FILES.format(dataset=dataset)) if not place.name.startswith(".")]


def _listed(store: Path, dataset: str) -> str | None:
    """The files of a dataset as a list in SQL, if there are any."""
    places = sorted(_files(store, dataset))
    return f"[{', '.join(quoted(place.as_posix()) for place in places)}]" if places else None


def part_file(store: Path, dataset: str, part: str) -> Path:
    """The file of a part in one of the datasets that comparisons are written to."""
    return store.joinpath(dataset, f"{part}{ENDING}")
