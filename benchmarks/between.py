"""What it costs to hold the reports of a store against each other: a run from nothing, one without changes, one with one change.

    python benchmarks/between.py           300 pairs of years: some two minutes
    python benchmarks/between.py 100 1000  so many

A file is the workbook of a real report (973 rows), in two years of each entity. Seconds are those from the beginning of the
comparing to the end of the run, in which the database is made too; the store is there, and without what is found between reports.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import many

EXAMPLE = "wuerhe-2022"
PAIRS = (300,)


def compared(source: Path, store: Path, workers: int) -> tuple[int, float]:
    """How many comparisons a run makes, and the seconds from when it begins to compare."""
    command = [sys.executable, "-m", "fatk.cli", "batch", str(source), str(store), "--workers", str(workers)]
    run = subprocess.Popen([*command, "--log", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert run.stdout is not None
    began, count = None, 0
    for line in run.stdout:
        event = json.loads(line)
        if event.get("phase") == "comparing":
            began = time.perf_counter()
        elif event["event"] == "summary":
            count = event["run"]["compared"]
    if run.wait():
        sys.exit(f"fatk batch ended with {run.returncode}")
    return count, 0.0 if began is None else time.perf_counter() - began


def forget(store: Path) -> None:
    """Remove what was found between reports, and the database, so that it is found again."""
    for dataset in ("chain_findings", "comparisons"):
        shutil.rmtree(store / dataset)
    (store / "store.duckdb").unlink()


def main() -> None:
    """Measure and print."""
    counts = [int(word) for word in sys.argv[1:]] or PAIRS
    print(f"\nBetween reports: {EXAMPLE}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'pairs':>8}  {'what':<32}{'made':>8}{'s':>8}{'ms each':>10}")
    with tempfile.TemporaryDirectory(prefix="fatk-bench-") as folder:
        for pairs in counts:
            source, store = Path(folder, "source"), Path(folder, "store")
            for place in (source, store):
                shutil.rmtree(place, ignore_errors=True)
            *_, last = many.pairs(source, pairs, EXAMPLE)
            compared(source, store, os.cpu_count() or 1)
            for what, workers in (("from nothing, one process", 1), ("from nothing, two processes", 2)):
                forget(store)
                tell(pairs, what, *compared(source, store, workers))
            tell(pairs, "nothing has changed", *compared(source, store, 1))
            with zipfile.ZipFile(last, "a") as book:
                book.comment = b"another file"
            tell(pairs, "one file has changed", *compared(source, store, 1))


def tell(pairs: int, what: str, made: int, seconds: float) -> None:
    """Print a line."""
    each = f"{1000 * seconds / made:.1f}" if made else "–"
    print(f"{pairs:>8,}  {what:<32}{made:>8,}{seconds:>8.2f}{each:>10}", flush=True)


if __name__ == "__main__":
    main()
