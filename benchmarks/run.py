"""Parts of the way beside peers, rules beside SQL, and what a cell costs: ``make bench``, after what has to be reached (``goals.py``).

Peer and fatk take turns, so that a busy machine slows both; what counts is the ratio of the minima. Nothing here is a
test: times say something about this machine, ratios say something about fatk.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import io
import os
import platform
import statistics
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from xml.parsers import expat

import sql
from larger import larger

from fatk import formats
from fatk.findings import FAILED
from fatk.model import Report, build
from fatk.rules import run
from fatk.rules.context import Context, load_rules

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {path.parent.name: path for path in sorted((ROOT / "datapackages").glob("*/report.json"))}
WORKBOOK = ROOT / "datapackages" / "wuerhe-2022" / "report.xlsx"
PACKAGE = ROOT / "datapackages" / "wuerhe-2022" / "datapackage.json"
#: A cell of the greatest report is to take at most so many times what one of the smallest does.
LINEAR = 1.3


@dataclass(frozen=True)
class Comparison:
    """One job done by fatk and by a peer. ``goal``: fatk's time is to be at most this many times the peer's."""

    name: str
    ours: Callable[[], object]
    peer_name: str
    peer: Callable[[], object]
    goal: float
    rounds: int


def one_pass(data: bytes) -> None:
    """Unzip a workbook and run expat over each of its parts, with handlers that do nothing."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            parser = expat.ParserCreate()
            parser.buffer_text = True
            parser.StartElementHandler = lambda _name, _attributes: None
            parser.EndElementHandler = lambda _name: None
            parser.CharacterDataHandler = lambda _text: None
            parser.Parse(archive.read(name), True)


def frictionless_in_process() -> object:
    """The package validated by frictionless without a new process."""
    import frictionless

    return frictionless.validate(str(PACKAGE), skip_errors=["fatk-rule"])


def comparisons() -> list[Comparison]:
    """Everything that is compared."""
    data = WORKBOOK.read_bytes()
    read = lambda: formats.read_bytes(data)  # noqa: E731
    report = formats.read(WORKBOOK).report
    return [
        Comparison("xlsx → report, in memory", read, "one pass of unzip + expat", lambda: one_pass(data), 3.0, 40),
        Comparison(
            "all rules on one report", lambda: failures(report),
            "frictionless in process", frictionless_in_process, 1 / 20, 5,
        ),
    ]  # fmt: skip


def failures(report: Report) -> frozenset[object]:
    """What of a report fails which rule."""
    return frozenset((c.rule, c.refs) for c in run(load_rules(), Context(report)) if c.outcome == FAILED)


def changed(report: Report, step: Decimal) -> Iterator[Report]:
    """The report with one amount of the nine tables moved by a step, for each of them."""
    for table in report.spec.tables.values():
        if table.kind != "form":
            continue
        for row in report.rows(table.id):
            for field in table.amounts:
                at = table.position[field.name]
                value = row[at]
                if isinstance(value, Decimal):
                    moved = (*row[:at], value + step, *row[at + 1 :])
                    rows = tuple(moved if r is row else r for r in report.rows(table.id))
                    yield build(report.spec, {**report.tables, table.id: rows})


def caught(source: Path, step: Decimal) -> tuple[int, int]:
    """Of how many amounts of a report a change by one step makes a rule fail that did not, and how many there are."""
    report = formats.read(source).report
    before = failures(report)
    new = [bool(failures(other) - before) for other in changed(report, step)]
    return sum(new), len(new)


def summed(reports: Sequence[Report]) -> tuple[int, list[sql.Failure]]:
    """How many sums and copies of reports are checked, and which of them fail."""
    made, failed = 0, []
    for n, report in enumerate(reports):
        for one in run(sql.covered(), Context(report)):
            made += 1
            if one.outcome == FAILED:
                failed.append((n, one.rule, *next(ref for ref in one.refs if ref.table)))
    return made, failed


def beside_sql() -> int:
    """Print what the sums and copies take as SQL in DuckDB, and whether the same fail; 1 where they do not."""
    import duckdb

    examples = [formats.read(path).report for path in EXAMPLES.values()]
    many = [*examples, *(other for report in examples for other in changed(report, Decimal("0.05")))]
    text = sql.query(examples[0].spec)
    print(
        f"\nSums and copies ({len(sql.covered())} rules) as one SQL query in DuckDB {duckdb.__version__}, processor time. fatk makes of"
        "\nreports in memory a value of each instance, with its cells and what it comes to; the query lists failures of"
        "\ntables that were loaded before:\n"
        f"{'':<18}{'instances':>12}{'failed':>9}{'fatk, ms':>11}{'SQL, ms':>10}{'ratio':>8}{'loading, ms':>14}"
    )
    different = 0
    for reports, rounds in ((examples[-1:], 5), (many, 2)):
        with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
            connection.execute("SET threads = 1")
            begun = time.process_time()
            sql.load(connection, reports, Path(folder))
            loading = (time.process_time() - begun) * 1000
            (made, ours), theirs = summed(reports), connection.execute(text).fetchall()
            jobs = partial(summed, reports), lambda: connection.execute(text).fetchall()
            times = measure(*jobs, rounds, time.process_time)
        fatk, peer = map(min, times)
        print(
            f"{len(reports):>7,} report{'s' if len(reports) > 1 else ''}".ljust(18)
            + f"{made:>12,}{len(ours):>9,}{fatk:>11,.1f}{peer:>10,.1f}{fatk / peer:>8.3f}{loading:>14,.1f}"
        )
        only = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
        for who, others in zip(("fatk", "SQL"), only, strict=True):
            for failure in list(others)[:5]:
                print(f"  fails only by {who}: {failure}")
        different += bool(only[0] or only[1])
    return 1 if different else 0


def by_rows() -> int:
    """Print what all rules take as a report grows; 1 where that is more a cell than the goal allows.

    The goal counts cells that hold something: a row of some tables has one amount, of others seven.
    """
    print("\nAll rules on reports that grow, processor time:")
    missed = 0
    for name, sizes in (("minimal", (400, 4_000, 40_000)), ("full", (1_000, 4_000, 40_000))):
        report = formats.read(EXAMPLES[name]).report
        least = 0.0
        for size in sizes:
            grown = larger(report, size)
            rows = [row for table in grown.tables.values() for row in table]
            cells = sum(value is not None for row in rows for value in row)
            spent = []
            for _ in range(max(2, 20_000 // size)):
                begun = time.process_time()
                failures(grown)
                spent.append((time.process_time() - begun) * 1e6)
            each = min(spent) / cells
            least = least or each
            missed += each > least * LINEAR * 1.3
            print(
                f"  {name:<9}{len(rows):>7,} rows{cells:>9,} cells{min(spent) / len(rows):>8.1f} µs a row{each:>7.2f} a cell,"
                f" {each / least:.2f} of the smallest, goal ≤ {LINEAR}"
            )
    return 1 if missed else 0


def measure(
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[float], list[float]]:
    """Milliseconds of both, taking turns; both have run once before."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for job, kept in zip((ours, peer), times, strict=True):
            begun = clock()
            job()
            kept.append((clock() - begun) * 1000)
    return times


def main() -> int:
    """Print everything; exit status 1 where a goal is missed by more than the noise of 30 %, or figures disagree."""
    compileall.compile_dir(ROOT / "toolkit" / "fatk", quiet=1)  # as an installed package is
    versions = {n: importlib.metadata.version(n) for n in ("fatk", "frictionless", "openpyxl", "XlsxWriter")}
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, "
        + ", ".join(f"{n} {v}" for n, v in versions.items())
    )
    print(f"{WORKBOOK.relative_to(ROOT)}: {WORKBOOK.stat().st_size:,} bytes\n")
    print(f"{'fatk':<40}{'ms min (median)':>18}   {'peer':<38}{'ms min (median)':>18}{'ratio':>8}{'goal':>8}")
    missed = 0
    for comparison in comparisons():
        comparison.ours(), comparison.peer()
        ours, peer = measure(comparison.ours, comparison.peer, comparison.rounds)
        ratio = min(ours) / min(peer)
        missed += ratio > comparison.goal * 1.3
        print(
            f"{comparison.name:<40}{min(ours):>9.1f} ({statistics.median(ours):.1f})".ljust(60)
            + f" {comparison.peer_name:<38}{min(peer):>9.1f} ({statistics.median(peer):.1f})".ljust(58)
            + f"{ratio:>8.3f}{'≤':>3}{comparison.goal:.3f}"
        )
    print("\nAmounts of the nine tables in which a change by +0.05 makes a rule fail:")
    for name, path in EXAMPLES.items():
        hit, total = caught(path, Decimal("0.05"))
        print(f"  {name:<14}{hit:>6} of {total:<6}{hit / total:>7.1%}")
    missed += beside_sql() + by_rows()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
