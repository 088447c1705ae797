"""What has to be reached, each as a ratio of two times taken by turns in one run: ``make bench``.

Workbooks are read six on end, the same six by either side in its turn: no figure is known from the file before, as on a portal's way
through its files. It writes ``docs/performance/goals.md``, ``docs/performance/rows.svg`` and the table in README; ``--all`` goes on
to 400,000 rows, which takes some minutes more. Exit status 1 where a goal is missed by more than the noise of 30 %.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import importlib.util
import io
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from compiled import UNPACKED
from workload import department

from fatk import check, formats, layout
from fatk.formats import xlsx
from fatk.limits import DEFAULTS, Limits
from fatk.model import Report

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ROOT / "docs" / "performance"
PACKAGE = ROOT / "datapackages" / "wuerhe-2022"
BIN = Path(sys.executable).parent
PEERS = ROOT / "build" / "peers"
ROWS, FILES = 400, 6
SIZES, GREATEST = (400, 4_000, 40_000), 400_000
EXPONENT = 1.05
NOISE = 1.3
ROOMY = replace(
    DEFAULTS,
    **{
        name: 10**10
        for name in vars(Limits)["__dataclass_fields__"]
        if name
        in ("cells", "used_area", "merged_area", "workbook_text", "file_size", "zip_total", "zip_part")
    },
)


@dataclass(frozen=True)
class Goal:
    """A job of fatk beside the same or a lesser one of a peer; ``at_most``: how many times the peer's time it may take, ``None``
    where that is only told. ``files``: of how many files, one after another, both jobs are in one turn."""

    job: str
    ours: Callable[[], object]
    peer_name: str
    peer: Callable[[], object]
    at_most: float | None
    rounds: int
    files: int = 1


@dataclass(frozen=True)
class Book:
    """A workbook of the nine forms alone, as departments publish them, with where the data of each sheet begins."""

    path: Path
    data: bytes
    sheets: tuple[tuple[str, int, tuple[str, ...]], ...]


def published(report: Report, folder: Path, number: int) -> Book:
    """The forms of a report without cover and lists; the name of the first sheet tells the year, as nothing else does."""
    pages = [page for page in layout.pages(report) if page.name[:2].isdigit()]
    pages[0] = replace(pages[0], name=f"{report.fiscal_year}年度{pages[0].name}")
    data = xlsx.write_sheets((xlsx.Sheet(page) for page in pages), "决算")
    path = folder / f"{number}.xlsx"
    path.write_bytes(data)
    sheets = []
    for page, form in zip(pages, report.edition.forms.values(), strict=True):
        kinds = tuple("number" if column.role == "amount" else "string" for column in form.columns)
        sheets.append((page.name, page.header[1] if page.header else 1, kinds))
    return Book(path, data, tuple(sheets))


def whole(data: bytes, limits: Limits = DEFAULTS) -> check.Result:
    """A workbook read and held to all rules, in memory."""
    return check.check(formats.read_bytes(data, limits=limits)[1])


def by_openpyxl(data: bytes) -> None:
    """Every cell of a workbook touched with openpyxl, read-only."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    for sheet in book:
        for _row in sheet.iter_rows(values_only=True):
            pass


def by_frictionless(book: Book) -> None:
    """Every sheet of a workbook read and held to its columns' types by frictionless, told where the data begins."""
    from frictionless import Checklist, Dialect, Field, Resource, Schema
    from frictionless.formats import ExcelControl

    for name, first, kinds in book.sheets:
        fields = [Field.from_descriptor({"name": f"c{n}", "type": kind}) for n, kind in enumerate(kinds)]
        dialect = Dialect(
            header=False, comment_rows=[*range(1, first + 1)], controls=[ExcelControl(sheet=name)]
        )
        resource = Resource(
            path=book.path.name, basepath=str(book.path.parent), format="xlsx", dialect=dialect, schema=Schema(fields=fields)
        )  # fmt: skip
        resource.validate(checklist=Checklist(skip_errors=["fatk-rule"]))


def package_by_frictionless() -> object:
    """The package validated by frictionless without a new process."""
    import frictionless

    return frictionless.validate(str(PACKAGE / "datapackage.json"), skip_errors=["fatk-rule"])


def described_by_frictionless() -> None:
    """The package described, its rows extracted and validated by frictionless."""
    import frictionless

    for file in PACKAGE.glob("*.csv"):
        frictionless.describe(str(file))
    frictionless.extract(str(PACKAGE / "datapackage.json"))
    package_by_frictionless()


def to_csv(data: bytes) -> None:
    """A workbook as a package of CSV files in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        formats.write(formats.read_bytes(data)[1].report, Path(folder) / "package", form="package")


def to_csv_by_pandas(data: bytes) -> None:
    """Every sheet of a workbook as a CSV file in a new folder, its cells as texts: openpyxl and pandas."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        sheets = pd.read_excel(io.BytesIO(data), sheet_name=None, header=None, dtype=str, engine="openpyxl")
        for name, sheet in sheets.items():
            sheet.to_csv(Path(folder) / f"{name}.csv", index=False, header=False)


def flattened(document: Path) -> None:
    """A report as JSON into a package of CSV files."""
    with tempfile.TemporaryDirectory() as folder:
        formats.write(formats.read(document).report, Path(folder) / "package", form="package")


def flattened_by_flatten_tool(document: Path) -> None:
    """A report as JSON into CSV files by flatten-tool, a sheet a list."""
    import flattentool

    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "reports.json"  # it wants a list
        whole.write_bytes(b"[" + document.read_bytes() + b"]")
        flattentool.flatten(
            str(whole),
            output_name=f"{folder}/flat",
            output_format="csv",
            root_is_list=True,
            main_sheet_name="report",
        )


def process(*words: str) -> Callable[[], object]:
    """A whole process, its output thrown away."""
    return lambda: subprocess.run([str(BIN / words[0]), *words[1:]], check=False, capture_output=True)


def goals(folder: Path) -> list[Goal]:
    """Everything that has to be reached beside a peer."""
    books = [published(department(ROWS + n), folder, n) for n in range(FILES)]
    for book in books:
        if not whole(book.data).valid:
            raise SystemExit(f"{book.path}: what is measured must be a report without faults")
    package = str(PACKAGE)

    def each(job: Callable[[Book], object]) -> Callable[[], None]:
        """A job on one workbook after another, as a portal does it."""

        def done() -> None:
            for book in books:
                job(book)

        return done

    checked = each(lambda book: whole(book.data))
    return [
        Goal(
            f"xlsx → report → all rules, nine sheets, {ROWS} rows", checked,
            "openpyxl read-only, merely reading", each(lambda book: by_openpyxl(book.data)), 1 / 2, 10, FILES,
        ),
        Goal("the same", checked, "frictionless, reading and types", each(by_frictionless), 1 / 20, 6, FILES),
        Goal(
            "fatk validate, a whole process", process("fatk", "validate", package),
            "frictionless validate, a whole process",
            process("frictionless", "validate", "--skip-errors", "fatk-rule", package + "/datapackage.json"), 1 / 3, 6,
        ),
        Goal(
            "package → all rules", lambda: check.check(formats.read(PACKAGE)),
            "frictionless in process", package_by_frictionless, 1 / 10, 10,
        ),
        Goal(
            "the same", lambda: check.check(formats.read(PACKAGE)),
            "frictionless describe, extract and validate", described_by_frictionless, None, 3,
        ),
        *with_peers(books),
    ]  # fmt: skip


def with_peers(books: Sequence[Book]) -> list[Goal]:
    """Jobs beside peers that nothing else of ours needs; none where these were not installed (``make bench`` does that)."""
    if importlib.util.find_spec("pandas") is None or importlib.util.find_spec("flattentool") is None:
        return []
    ours, theirs = cycle(books), cycle(books)
    document = PACKAGE / "report.json"
    return [
        Goal(
            "xlsx → package of CSV", lambda: to_csv(next(ours).data),
            "openpyxl and pandas, every sheet to CSV", lambda: to_csv_by_pandas(next(theirs).data), None, 2 * FILES,
        ),
        Goal(
            "JSON → package of CSV", lambda: flattened(document),
            "flatten-tool", lambda: flattened_by_flatten_tool(document), None, 10,
        ),
    ]  # fmt: skip


def by_turns(goal: Goal) -> tuple[float, float]:
    """The least milliseconds of both jobs for one file, which take turns after one of each that does not count."""
    least = [math.inf, math.inf]
    for turn in range(goal.rounds + 1):
        for n, job in enumerate((goal.ours, goal.peer)):
            begun = time.perf_counter()
            job()
            if turn:
                least[n] = min(least[n], (time.perf_counter() - begun) * 1000)
    return least[0] / goal.files, least[1] / goal.files


def growth(sizes: Sequence[int]) -> list[tuple[int, float]]:
    """Rows of the nine forms and the least processor seconds from workbook to verdict, one size after another."""
    found = []
    for size in sizes:
        report = department(size, invented=True)
        rows = sum(len(report.rows(table.id)) for table in report.spec.forms)
        data = xlsx.write(report)
        del report
        least = math.inf
        for _ in range(max(1, min(9, 20_000 // size))):
            begun = time.process_time()
            whole(data, ROOMY)
            least = min(least, time.process_time() - begun)
        found.append((rows, least))
        print(f"  {rows:>8,} rows{least:>10.3f} s{least / rows * 1e6:>8.1f} µs a row", flush=True)
    return found


def exponent(points: Sequence[tuple[int, float]]) -> float:
    """The slope of the straight line that fits the logarithms best: 1 where cost is linear in rows."""
    xs, ys = ([math.log(point[n]) for point in points] for n in (0, 1))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def plot(points: Sequence[tuple[int, float]], slope: float) -> str:
    """Rows against seconds on two logarithmic axes, as SVG."""
    left, top, wide, high = 70, 30, 520, 300
    first, last = math.floor(math.log10(points[0][0])), math.ceil(math.log10(points[-1][0]))
    low = math.floor(math.log10(min(s for _, s in points)))
    up = math.ceil(math.log10(max(s for _, s in points)))

    def at(rows: float, seconds: float) -> tuple[float, float]:
        across = (math.log10(rows) - first) / (last - first)
        return left + wide * across, top + high * (1 - (math.log10(seconds) - low) / (up - low))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 30} {top + high + 50}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{left}" y="18">xlsx → report → all rules: seconds by rows, exponent {slope:.2f}</text>',
    ]
    for power in range(first, last + 1):
        x, y = at(10**power, 10**low)
        parts.append(f'<path d="M{x:.1f} {top}V{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low, up + 1):
        x, y = at(10**first, 10.0**power)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{left + wide}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    parts.append(f'<polyline points="{line}" fill="none" stroke="#0563c1" stroke-width="2"/>')
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0563c1"/>' for x, y in (at(*p) for p in points)
    ]
    return "\n".join([*parts, "</svg>", ""])


def in_readme(lines: Sequence[str]) -> None:
    """Put the table into README, between the marks that are there for it."""
    readme = ROOT / "README.md"
    before, mark, rest = readme.read_text(encoding="utf-8").partition("<!-- make bench -->\n")
    _, end, behind = rest.partition("<!-- /make bench -->")
    if not (mark and end):
        raise SystemExit("README.md has no place for the table")
    text = before + mark + "\n".join(["", *lines, "", ""]) + end + behind
    readme.write_text(text, encoding="utf-8")


class Measured(NamedTuple):
    """A goal and the milliseconds that fatk and its peer took."""

    job: str
    ours: float
    peer: str
    theirs: float
    at_most: float | None


def measured() -> Iterator[Measured]:
    """Every goal, measured one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for goal in goals(Path(folder)):
            ours, theirs = by_turns(goal)
            yield Measured(goal.job, ours, goal.peer_name, theirs, goal.at_most)


def compiled() -> list[Measured]:
    """The same with the compiled modules, in a process of its own; nothing where they were not made."""
    if not UNPACKED.is_dir():
        return []
    environment = {**os.environ, "PYTHONPATH": str(UNPACKED)}
    words = [sys.executable, __file__, "--json"]
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return [Measured(*one) for one in json.loads(done.stdout)]


def main() -> int:
    """Measure, print, and write what README shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help=f"up to {GREATEST:,} rows")
    parser.add_argument("--json", action="store_true", help="only measure, and print that as JSON")
    given = parser.parse_args()
    # What stands among the peers changes openpyxl, which reads through defusedxml where it finds that, half as fast.
    importlib.import_module("openpyxl")
    sys.path.append(str(PEERS))
    if given.json:
        print(json.dumps(list(measured())))
        return 0
    sizes = (*SIZES, GREATEST) if given.all else SIZES
    compileall.compile_dir(ROOT / "toolkit" / "fatk", quiet=1)  # as an installed package is
    versions = {
        n: importlib.metadata.version(n)
        for n in ("fatk", "frictionless", "openpyxl", "pandas", "flattentool")
        if importlib.util.find_spec(n)
    }
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, " + ", ".join(
        f"{name} {version}" for name, version in versions.items()
    )
    lines = ["| fatk | ms | beside | ms | ratio | compiled | goal |", "|---|--:|---|--:|--:|--:|--:|"]
    missed = 0
    print(machine, *lines, sep="\n", flush=True)
    others = {(one.job, one.peer): one for one in compiled()}
    for one in measured():
        other = others.get((one.job, one.peer))
        best = other or one
        missed += one.at_most is not None and best.ours / best.theirs > one.at_most * NOISE
        lines.append(
            f"| {one.job} | {one.ours:.1f} | {one.peer} | {one.theirs:.1f} | **{one.ours / one.theirs:.3f}** "
            f"| {f'**{other.ours / other.theirs:.3f}**' if other else ''} "
            f"| {f'≤ {one.at_most:.3f}' if one.at_most is not None else ''} |"
        )
        print(lines[-1], flush=True)
    points = growth(sizes)
    slope = exponent(points)
    missed += slope > EXPONENT
    spans = "–".join(f"{points[n][0]:,}" for n in (0, -1))
    lines.append(f"| cost by rows, {spans} rows: exponent | | | | **{slope:.3f}** | | ≤ {EXPONENT} |")
    print(lines[-1])
    SHOWN.mkdir(parents=True, exist_ok=True)
    told = "Written by `make bench`; least times of jobs that took turns in one run."
    (SHOWN / "goals.md").write_text("\n".join([told, "", machine, "", *lines, ""]), encoding="utf-8")
    in_readme([machine, "", *lines])
    (SHOWN / "rows.svg").write_text(plot(points, slope), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
