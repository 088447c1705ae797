"""What a batch costs: ``make bench``. Files into a store, with one process and with two, beside reading and checking in memory.

    python benchmarks/batch.py             100 and 1,000 files: about four minutes
    python benchmarks/batch.py --all       10,000 too: about half an hour more
    python benchmarks/batch.py 100 300     so many

Goals: one process does at least 60 % of what reading and checking in memory does, two do at least 1.7 times as much as one; the
memory of a process is flat, at most 1.15 times as much for the most files as for the fewest; the cost is linear, the fitted
exponent at most 1.05. A file is the workbook of a real report (973 rows, all its explanatory tables), each with another entity,
division and year.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from fatk import check, formats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import many

EXAMPLE = "wuerhe-2022"
SMALL, ALL = (100, 1_000), (100, 1_000, 10_000)
#: So many files are read and checked in memory beside each run.
SAMPLE = 40
IN_MEMORY, TWO, EXPONENT, GROWTH = 0.6, 1.7, 1.05, 1.15


@dataclass(frozen=True)
class Measured:
    """One run: files, processes, seconds, seconds a file in memory just before and after, MiB of a process that works and of the
    one that leads them, MiB of the store."""

    files: int
    workers: int
    seconds: float
    in_memory: float
    worker: float
    leader: float
    store: float


def in_memory(places: Sequence[Path]) -> float:
    """Seconds that reading and checking a file takes in this process."""
    began = time.perf_counter()
    for place in places[:SAMPLE]:
        check.check(formats.read(place))
    return (time.perf_counter() - began) / min(SAMPLE, len(places))


def peak(process: int) -> float:
    """The most memory that a process has had, in MiB; 0 once it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0
    )


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, listed.read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def measure(source: Path, places: Sequence[Path], workers: int, store: Path) -> Measured:
    """Run the command, and watch the memory of its processes."""
    shutil.rmtree(store, ignore_errors=True)
    before = in_memory(places)
    command = [sys.executable, "-m", "fatk.cli", "batch", str(source), str(store), "--workers", str(workers)]
    began = time.perf_counter()
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    worker = leader = 0.0
    while run.poll() is None:
        leader = max(leader, peak(run.pid))
        worker = max([worker, *map(peak, children(run.pid))])
        time.sleep(0.1)
    seconds = time.perf_counter() - began
    if run.returncode:
        sys.exit(f"fatk batch ended with {run.returncode}")
    size = sum(place.stat().st_size for place in store.rglob("*.parquet")) / (1 << 20)
    return Measured(len(places), workers, seconds, fmean((before, in_memory(places))), worker, leader, size)


def exponent(runs: Sequence[Measured]) -> float:
    """The exponent of files in the seconds of runs, by least squares of the logarithms."""
    points = [(math.log(run.files), math.log(run.seconds)) for run in runs]
    x, y = fmean(p[0] for p in points), fmean(p[1] for p in points)
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def growth(runs: Sequence[Measured]) -> float:
    """How many times the memory of a process that works is with the most files what it is with the fewest."""
    return runs[-1].worker / runs[0].worker


def verdict(value: float, goal: float, *, least: bool) -> str:
    """Whether a goal is reached, as a word."""
    return "ok" if (value >= goal if least else value <= goal) else "MISSED"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=int)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    counts = given.files or (ALL if given.all else SMALL)
    print(f"\nBatch into a store: {EXAMPLE}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(
        f"{'files':>8}{'workers':>9}{'s':>9}{'files/s':>9}{'of memory':>11}{'MiB worker':>12}{'MiB leader':>12}{'MiB store':>11}"
    )
    runs: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="fatk-bench-") as folder:
        source, store = Path(folder, "source"), Path(folder, "store")
        for count in counts:
            shutil.rmtree(source, ignore_errors=True)
            places = list(many.tree(source, count, EXAMPLE))
            for workers in (1, 2):
                run = measure(source, places, workers, store)
                runs.append(run)
                share = run.in_memory * run.files / run.seconds
                print(
                    f"{run.files:>8,}{workers:>9}{run.seconds:>9.1f}{run.files / run.seconds:>9.1f}{share:>10.0%} "
                    f"{run.worker:>12.0f}{run.leader:>12.0f}{run.store:>11.1f}", flush=True,
                )  # fmt: skip
    one, two = ([run for run in runs if run.workers == workers] for workers in (1, 2))
    share = one[-1].in_memory * one[-1].files / one[-1].seconds
    print(
        f"one process, of the rate in memory: {share:.0%} (goal 60 %) {verdict(share, IN_MEMORY, least=True)}"
    )
    gain = one[-1].seconds / two[-1].seconds
    print(f"two processes against one: {gain:.2f} times (goal {TWO}) {verdict(gain, TWO, least=True)}")
    if len(counts) > 1:
        for runs_of in (one, two):
            found = exponent(runs_of)
            print(
                f"exponent with {runs_of[0].workers}: {found:.2f} (goal {EXPONENT}) {verdict(found, EXPONENT, least=False)}"
            )
        for runs_of in (one, two):
            found = growth(runs_of)
            print(
                f"memory of a process that works, one of {runs_of[0].workers}, {counts[-1]:,} files against {counts[0]:,}: "
                f"{found:.2f} times (goal {GROWTH}) {verdict(found, GROWTH, least=False)}"
            )


if __name__ == "__main__":
    main()
