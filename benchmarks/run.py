"""Speed beside peers, in one run: ``make bench``.

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
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from xml.parsers import expat

from fatk import check, formats
from fatk.findings import FAILED
from fatk.model import Report, build
from fatk.rules import run
from fatk.rules.context import Context, load_rules

ROOT = Path(__file__).resolve().parent.parent
WORKBOOK = ROOT / "datapackages" / "wuerhe-2022" / "report.xlsx"
PACKAGE = ROOT / "datapackages" / "wuerhe-2022" / "datapackage.json"
BIN = Path(sys.executable).parent


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


def command(*words: str) -> Callable[[], object]:
    """A whole process, its output thrown away."""
    return lambda: subprocess.run([str(BIN / words[0]), *words[1:]], check=False, capture_output=True)


def frictionless_in_process() -> object:
    """The package validated by frictionless without a new process."""
    import frictionless

    return frictionless.validate(str(PACKAGE), skip_errors=["fatk-rule"])


def openpyxl_read() -> None:
    """Every cell of the workbook touched with openpyxl, read-only."""
    import openpyxl

    book = openpyxl.load_workbook(WORKBOOK, read_only=True)
    for sheet in book:
        for _row in sheet.iter_rows(values_only=True):
            pass
    book.close()


def comparisons() -> list[Comparison]:
    """Everything that is compared."""
    data = WORKBOOK.read_bytes()
    read = lambda: formats.read_bytes(data)  # noqa: E731
    report = formats.read(WORKBOOK).report
    return [
        Comparison("xlsx → report, in memory", read, "one pass of unzip + expat", lambda: one_pass(data), 3.0, 40),
        Comparison("xlsx → report, in memory", read, "openpyxl, merely reading", openpyxl_read, 1.0, 8),
        Comparison(
            "package → report → checks, in memory", lambda: check.check(formats.read(PACKAGE.parent)),
            "frictionless in process", frictionless_in_process, 1 / 10, 5,
        ),
        Comparison(
            "all rules on one report", lambda: failures(report),
            "frictionless in process", frictionless_in_process, 1 / 20, 5,
        ),
        Comparison(
            "fatk validate, whole process", command("fatk", "validate", str(PACKAGE.parent)),
            "frictionless validate, whole process", command("frictionless", "validate", "--skip-errors", "fatk-rule", str(PACKAGE)), 1 / 3, 5,
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


def measure(comparison: Comparison) -> tuple[list[float], list[float]]:
    """Milliseconds of both, taking turns."""
    comparison.ours(), comparison.peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(comparison.rounds):
        for job, kept in zip((comparison.ours, comparison.peer), times, strict=True):
            begun = time.perf_counter()
            job()
            kept.append((time.perf_counter() - begun) * 1000)
    return times


def main() -> int:
    """Print the table; exit status 1 where a goal is missed by more than the noise of 30 %."""
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
        ours, peer = measure(comparison)
        ratio = min(ours) / min(peer)
        missed += ratio > comparison.goal * 1.3
        print(
            f"{comparison.name:<40}{min(ours):>9.1f} ({statistics.median(ours):.1f})".ljust(60)
            + f" {comparison.peer_name:<38}{min(peer):>9.1f} ({statistics.median(peer):.1f})".ljust(58)
            + f"{ratio:>8.3f}{'≤':>3}{comparison.goal:.3f}"
        )
    print("\nAmounts of the nine tables in which a change by +0.05 makes a rule fail:")
    for name in ("minimal", "full", "wuerhe-2022"):
        hit, total = caught(ROOT / "datapackages" / name / "report.json", Decimal("0.05"))
        print(f"  {name:<14}{hit:>6} of {total:<6}{hit / total:>7.1%}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
