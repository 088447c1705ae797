"""What is found between the reports of a store: whatever has changed since, and wherever a run was ended, it is what a run from
nothing finds, and only what has changed is done again."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fatk
import many
from fatk.model import build, make_row
from fatk.outcome import Outcome
from fatk.warehouse import chainparts, chains, comparisons, readback
from stores import outcome_of, put
from strategies import SPEC
from test_batch import FATK, contents, rows

ROOT = Path(__file__).resolve().parent.parent
FULL, MINIMAL = (fatk.read(ROOT / "datapackages" / name).report for name in ("full", "minimal"))

#: The reports that stores of these tests may have, by path: whose, of which year. ``whole`` is a department that lists two units.
REPORTS: Mapping[str, tuple[str, int]] = {
    **{f"{entity}/{year}.json": (entity, year) for entity in ("a", "b") for year in (2020, 2021, 2022)},
    **{f"whole/{year}.json": ("whole", year) for year in (2021, 2022)},
    "units/0.json": ("0", 2022),
    "units/1.json": ("1", 2022),
}
_PLACES = tempfile.TemporaryDirectory()
_DIVISIONS = {"a": "110101", "b": "650205"}
#: Which reports a store has, each in one of its versions, which differ in an amount.
State = Mapping[str, int]
ALL: State = dict.fromkeys(REPORTS, 0)


def without(*paths: str) -> State:
    """All reports but these."""
    return {path: version for path, version in ALL.items() if path not in paths}


@cache
def outcome(path: str, version: int) -> Outcome:
    """What comes of a report in one of its versions."""
    entity, year = REPORTS[path]
    whose: dict[str, Any] = {"name": f"{entity}局", "id": None, "id_scheme": None}
    whose["administrative_division"] = _DIVISIONS.get(entity, "310101")
    report = FULL if entity == "whole" else MINIMAL
    if entity.isdigit():
        name = FULL.records("constituents")[int(entity)]["name"]
        whose |= {"name": name, "kind": "unit", "scope": "own", "parent": "whole局"}
    summary = SPEC.tables["income_expenditure_summary"]
    tables = {
        **{table: rows for table, rows in report.tables.items() if table != "codes"},
        "report": [make_row(SPEC.tables["report"], **{**report.one("report"), "fiscal_year": year})],
        "entity": [make_row(SPEC.tables["entity"], **{**report.one("entity"), **whose})],
        "constituents": report.rows("constituents")[:2],
        summary.id: [
            tuple(v + version if isinstance(v, Decimal) and row[0] == "income.opening_balance" else v for v in row)
            for row in report.rows(summary.id)
        ],
    }  # fmt: skip
    made = outcome_of(build(SPEC, tables), path)
    assert made.result is not None
    result = dataclasses.replace(made.result, summary={**made.result.summary, "source_cells": 100})
    digest = sha256(f"{path}{version}".encode()).hexdigest()
    return dataclasses.replace(made, sha256=digest, result=result)


def filled(store: Path, state: State) -> Path:
    """The store with the reports of a state in place of those that it has, and with what was found between them left."""
    for place in store.glob("*/*/*/part.parquet"):
        place.unlink()
    shutil.copytree(_put(frozenset(state.items())), store, dirs_exist_ok=True)
    return store


@cache
def _put(state: frozenset[tuple[str, int]]) -> Path:
    """The reports of a state, where they stay while these tests run."""
    place = Path(_PLACES.name) / str(_put.cache_info().currsize)
    place.mkdir()
    return put(place, (outcome(path, version) for path, version in sorted(state)))


def pairs_of(state: State) -> set[tuple[tuple[str, int], tuple[tuple[str, int], ...]]]:
    """What is to be held against what: each report by path and version, with the others."""
    by_year = {REPORTS[path]: (path, version) for path, version in state.items()}
    found = {
        (one, (by_year[entity, year - 1],))
        for (entity, year), one in by_year.items()
        if (entity, year - 1) in by_year
    }
    units = tuple(one for (entity, _), one in sorted(by_year.items()) if entity.isdigit())
    if units and ("whole", 2022) in by_year:
        found.add((by_year["whole", 2022], units))
    return found


def ran(store: Path, decided: str = "", **how: Any) -> int:
    """How many comparisons a run makes."""
    told: list[None] = []
    chains.run(store, decided, told=lambda: told.append(None), **how)
    return len(told)


def found_in(store: Path) -> dict[str, bytes]:
    """The files of what was found between the reports, and any that should not be left."""
    kept = {*comparisons.WRITTEN, ".fatk"}
    return {
        place.relative_to(store).as_posix(): place.read_bytes()
        for place in sorted(store.rglob("*"))
        if place.is_file() and place.relative_to(store).parts[0] in kept
    }


@cache
def from_nothing(state: frozenset[tuple[str, int]]) -> dict[str, bytes]:
    """What a run from nothing writes for a state."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder), dict(state))
        assert ran(store) == len(pairs_of(dict(state)))
        return found_in(store)


def expected(state: State) -> dict[str, bytes]:
    return from_nothing(frozenset(state.items()))


CHANGES: Mapping[str, tuple[State, ...]] = {
    "nothing": (ALL, ALL),
    "a version": (ALL, {**ALL, "a/2021.json": 1}, ALL),
    "the first year joins": (without("a/2020.json"), ALL),
    "a year in the middle goes": (ALL, without("a/2021.json"), ALL),
    "an entity goes": (ALL, without("b/2020.json", "b/2021.json", "b/2022.json")),
    "a unit changes": (ALL, {**ALL, "units/1.json": 1}),
    "a unit goes and comes": (ALL, without("units/0.json"), ALL),
    "the department goes": (ALL, without("whole/2022.json"), ALL),
    "all goes": (ALL, {}, ALL),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_it_is_what_a_run_from_nothing_finds(change: str, tmp_path: Path) -> None:
    followed(tmp_path, CHANGES[change])


@given(st.lists(st.dictionaries(st.sampled_from(sorted(REPORTS)), st.integers(0, 1)), min_size=2, max_size=3))
@settings(max_examples=6)
def test_after_any_changes_it_is_what_a_run_from_nothing_finds(states: list[State]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        followed(Path(folder), states)


def followed(store: Path, states: Iterable[State]) -> None:
    """Hold that a store that goes through some states is in each what a run from nothing makes, and that only comparisons are made
    of which a report has changed."""
    before: set[Any] = set()
    for state in states:
        now = pairs_of(state)
        assert ran(filled(store, state)) == len(now - before)
        assert found_in(store) == expected(state)
        before = now


def test_other_rules_have_everything_done_again(tmp_path: Path) -> None:
    store = filled(tmp_path, ALL)
    every = len(pairs_of(ALL))
    assert [ran(store, decided) for decided in ("1", "1", "2")] == [every, 0, every]


class Ended(Exception):
    """The run is killed here."""


def ending(write: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """What writes, until so many files are written."""

    def counted(*given: Any) -> Any:
        if not left[0]:
            raise Ended
        left[0] -= 1
        return write(*given)

    return counted


@pytest.mark.parametrize("back", [False, True], ids=["then the same", "then as it was before"])
def test_a_run_that_is_ended_anywhere_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """Wherever it is ended, between jobs or between the files that one writes, the next run comes to what a run from nothing does,
    also where the sources are again what they were before."""
    monkeypatch.setattr(comparisons, "_AT_ONCE", 1)
    monkeypatch.setattr(chains, "_PARTS", 1)
    former = {path: version for path, version in ALL.items() if path[0] in "au" or path == "whole/2022.json"}
    changed: State = {**former, "a/2021.json": 1, "units/0.json": 1}
    then = former if back else changed
    kept, whole, moment = 0, False, 0
    ran(filled(tmp_path / "former", former))
    while not whole:
        store = tmp_path / str(moment)
        shutil.copytree(tmp_path / "former", store)
        filled(store, changed)
        left = [moment]
        with monkeypatch.context() as patched:
            for name in ("_write", "spool"):
                patched.setattr(chainparts, name, ending(getattr(chainparts, name), left))
            try:
                chains.run(store)
                whole = True
            except Ended:
                pass
        for spool in (store / ".fatk/spools").glob("*"):
            spool.unlink()  # as a run of a batch begins
        again = ran(filled(store, then))
        kept += not whole and again < len(pairs_of(changed) - pairs_of(former))
        assert found_in(store) == expected(then), moment
        moment += 1
        assert moment < 100, "it never comes to the end"
    assert moment > 8
    assert kept > 1, "of what was written before the end nothing is kept"


@pytest.mark.parametrize("dataset", comparisons.WRITTEN)
@pytest.mark.parametrize("damage", ["gone", "cut", "of another shape", "of another name", "less a row"])
def test_files_that_are_lost_or_damaged_are_made_again(tmp_path: Path, dataset: str, damage: str) -> None:
    store = filled(tmp_path, ALL)
    ran(store)
    place = next(p for p in (store / dataset).glob("*/*/*.parquet") if pq.read_table(p).num_rows > 1)
    table = pq.ParquetFile(place).read()
    if damage == "gone":
        place.unlink()
    elif damage == "cut":
        place.write_bytes(place.read_bytes()[:-9])
    elif damage == "of another shape":
        pq.write_table(table.drop_columns(["comparison"]), place)
    elif damage == "of another name":
        place.rename(place.with_name("chains-0.parquet"))
    else:
        pq.write_table(table.slice(1), place)
    again = ran(store)
    assert 0 < again < len(pairs_of(ALL))
    assert found_in(store) == expected(ALL)


def test_few_at_a_time_come_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few reports a process holds at once, and however few rows a group of a file has."""
    monkeypatch.setattr(comparisons, "_CELLS", 1)
    monkeypatch.setattr(chains, "_PARTS", 1)
    monkeypatch.setattr(readback, "_AT_ONCE", 3)
    sizes: list[int] = []

    def each(jobs: Iterable[chains.Job]) -> Iterator[tuple[chains.Spooled, ...]]:
        for job in jobs:
            sizes.append(len(job.comparisons) or -len(job.parts or ()))
            yield chains.do(tmp_path, job)

    ran(filled(tmp_path, ALL), each=each)
    assert set(sizes) == {1, -1}, "one comparison has as many cells as are held"
    assert sizes.index(-1) < len(sizes) - sizes.count(-1), "parts are made before all comparisons are"
    assert found_in(tmp_path) == expected(ALL)


def test_of_a_file_only_the_rows_are_read_that_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path, ALL)
    place = store / "income/fy=2022/province=65/part.parquet"
    others = [outcome(path, 0) for path in ("a/2022.json", "b/2022.json", "whole/2022.json")]
    table = pa.concat_tables(
        pq.ParquetFile(store / f"income/fy=2022/province={province}/part.parquet").read()
        for province in ("11", "65", "31")
    )
    pq.write_table(table, place, row_group_size=4)
    groups = pq.ParquetFile(place).num_row_groups
    read: list[int] = []
    reading = pq.ParquetFile.read_row_group

    def counted(self: Any, number: int, *given: Any, **how: Any) -> Any:
        read.append(number)
        return reading(self, number, *given, **how)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    wanted = readback.Place("fy=2022/province=65/part", "b/2022.json", others[1].sha256)
    (report,) = readback.reports(store, [wanted])
    assert others[1].result is not None
    assert report.rows("income") == others[1].result.reading.report.rows("income")
    assert 0 < len([number for number in read if number]) < groups - 1
    elsewhere = dataclasses.replace(wanted, source="0" * 64)
    assert [one.rows("income") for one in readback.reports(store, [elsewhere, wanted, wanted])] == [
        (), report.rows("income"), report.rows("income"),
    ]  # fmt: skip


# In a batch

EXAMPLE = "wuerhe-2022"


def ran_batch(
    src: Path, store: Path, workers: int, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """How many comparisons a batch makes, of how many it tells, and what it sums up."""
    command = [*FATK, str(src), str(store), "--workers", str(workers), "--log", "jsonl"]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    expected = {3} if events[-1]["between_reports"].get("unfinished") else {0, 1}
    assert done.returncode in expected, done.stderr.decode()
    assert events[-1]["exit_status"] == done.returncode
    begun = [event["total"] for event in events if event.get("phase") == "comparing"]
    return {
        "begun": sum(begun),
        "status": done.returncode,
        **events[-1]["between_reports"],
        **events[-1]["run"],
    }


def altered(src: Path, folder: Path) -> Path:
    """The sources, of which one has changed, one is gone and one is new."""
    shutil.copytree(src, folder)
    with zipfile.ZipFile(folder / "0000/000003-2022.xlsx", "a") as book:
        book.comment = b"the same report, and another file"
    (folder / "0000/000005-2021.xlsx").unlink()
    (folder / "0000/000020-2021.xlsx").write_bytes(many.workbook(40, EXAMPLE, 20))
    return folder


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("src")
    assert len(list(many.pairs(folder, 20, EXAMPLE))) == 40
    return folder


@pytest.fixture(scope="module")
def store(src: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes of the sources."""
    made = tmp_path_factory.mktemp("made") / "store"
    done = ran_batch(src, made, 1)
    assert (done["begun"], done["compared"], done["previous"]) == (20, 20, 20)
    return made


def test_two_processes_make_what_one_does(src: Path, store: Path, tmp_path: Path) -> None:
    assert ran_batch(src, tmp_path / "store", 2)["compared"] == 20
    assert contents(tmp_path / "store") == contents(store)
    assert not list((tmp_path / "store/.fatk/spools").iterdir())
    assert rows(store, "select count(*) from comparisons_named where outcome = 'compared'") == [(20,)]
    found = "select comparison, count(*) from chain_findings group by all order by all"
    said = "select comparison, findings from comparisons where findings > 0 order by all"
    assert rows(store, found) == rows(store, said) != []


def test_a_batch_compares_what_has_changed(src: Path, store: Path, tmp_path: Path) -> None:
    shutil.copytree(store, tmp_path / "store")
    assert ran_batch(src, tmp_path / "store", 1)["begun"] == 0
    changed = altered(src, tmp_path / "src")
    done = ran_batch(changed, tmp_path / "store", 2)
    assert (done["done"], done["begun"], done["compared"], done["previous"]) == (2, 1, 1, 19)
    ran_batch(changed, tmp_path / "fresh", 1)
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")


#: How far a run is when it is killed: it compares, or it puts together what was found.
MOMENTS: Mapping[str, Callable[[Path], bool]] = {
    "the first is spooled": lambda store: next(store.glob(".fatk/spools/*.comparisons"), None) is not None,
    "the first part is there": lambda store: next(store.glob("comparisons/*/*/*.parquet"), None) is not None,
}


@pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_batch_killed_while_it_compares_ends_as_an_undisturbed_one(
    src: Path, store: Path, tmp_path: Path, moment: str
) -> None:
    command = [*FATK, str(src), str(tmp_path / "store"), "--workers", "2"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while run.poll() is None and not MOMENTS[moment](tmp_path / "store"):
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)
    assert run.wait() in {0, -signal.SIGKILL}
    assert 0 <= ran_batch(src, tmp_path / "store", 2)["compared"] <= 20
    assert contents(tmp_path / "store") == contents(store)


#: Put before the rules in a process of a batch: comparisons of some entities end the process.
ENDING = """
import os, signal, sys
from pathlib import Path

if any("fatk.batch.child" in word for word in sys.orig_argv):
    from fatk.warehouse import held

    hold = held._held

    def failing(comparison, *reports):
        name = comparison.base[4]
        if name == "样本单位000004" or (name == "样本单位000007" and not Path(f"{__file__}.seen").exists()):
            Path(f"{__file__}.seen").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return hold(comparison, *reports)

    held._held = failing
"""


@pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
def test_a_process_that_ends_loses_nothing_but_what_ended_it_twice(
    src: Path, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "patched").mkdir()
    (tmp_path / "patched/sitecustomize.py").write_text(ENDING, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "patched"), *filter(None, sys.path)])
    done = ran_batch(src, tmp_path / "store", 2, {**os.environ, "PYTHONPATH": path})
    assert (done["compared"], done["previous"], done["unfinished"]) == (20, 19, 1)
    assert done["status"] == 3, "not all was held against each other"
    assert rows(tmp_path / "store", "select file from comparisons where outcome = 'unfinished'") == [
        ("0000/000004-2022.xlsx",)
    ]
    assert contents(tmp_path / "store") != contents(store)
    changed = altered(src, tmp_path / "src")
    done = ran_batch(changed, tmp_path / "store", 1)
    assert (done["compared"], done["previous"], done["unfinished"]) == (2, 19, 0), "it is tried again"
    assert done["status"] == 0
    ran_batch(changed, tmp_path / "fresh", 1)
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")
