"""The house: a module imports only from the rows below it, and nothing heavy is imported where it is not used."""

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLKIT = ROOT / "toolkit/fatk"

#: From bottom to top; modules of one row do not know each other. A pattern holds for what is not named elsewhere.
ROWS = (
    "values resources errors limits grid rounding choices",
    "assignments spec archive files strictjson decoding gathering ole biff confined confinement",
    "model lexical findings strictxml document markup",
    "officeparts documents documents.blocks documents.look documents.counting",
    "documents.wordstyles documents.wordwriting documents.htmlblocks",
    "documents.*",
    "documents.legacy",
    "wording.folding wording.slots",
    "wording.grammar",
    "wording.anchors wording.matching",
    "wording.reading wording.writing",
    "wording",
    "captions reading layout structure vocabulary rules.context ooxml opendocument officexml delimited htmltables xls",
    "recognition editions rules.prose rules.terms rules.sentences formulas webarchive",
    "documents documents.pdfium documents.printed documents.printed.page",
    "documents.printed.lines documents.printed.ruled documents.printed.struck",
    "documents.printed.tables documents.printed.furniture documents.printed.paragraphs",
    "documents.printed.continued",
    "documents.printed.arrangement",
    "documents.pdf",
    "rules.exact",
    "rules.linear",
    "rules.narrative.claims",
    "rules.narrative.figures",
    "rules.narrative.outcomes rules.narrative.quotients rules.narrative.terms",
    "rules.narrative.lists rules.narrative.rated",
    "rules.narrative.*",
    "rules.* rowkeys transcription.cells transcription.ledger",
    "transcription.about transcription.linecolumns transcription.lists transcription.plainrows",
    "transcription.forms",
    "transcription rules causes.weights merging units",
    "derive.declared derive.network",
    "derive.skeleton derive.relations",
    "derive.statements derive.words derive.conventions",
    "narrative.homes narrative.names narrative.tables narrative.years derive narrative.evaluations.form",
    "narrative.values",
    "narrative.evaluations.figures",
    "narrative.evaluations.evaluation",
    "narrative.evaluations.*",
    "narrative.evaluations",
    "narrative.*",
    "narrative.reading narrative.writing",
    "narrative",
    "causes.network causes.cause",
    "causes.names causes.acts",
    "causes.search",
    "causes.*",
    "causes.explanations",
    "causes",
    "formats.*",
    "formats check",
    "outcome",
    "conversion render explain examples reference schema waivers usage template.words template.blank",
    "beside",
    "template.checks",
    "template warehouse warehouse.datasets",
    "warehouse.rows warehouse.catalogue warehouse.parts",
    "warehouse.readback",
    "warehouse.comparisons",
    "warehouse.chainparts warehouse.held",
    "warehouse.chains",
    "outputs outputs.places",
    "outputs.marked.splice outputs.marked.words",
    "outputs.marked.opc",
    "outputs.marked.cells",
    "outputs.marked.*",
    "outputs.*",
    "page.elements",
    "page.words",
    "page.sheets",
    "page.operands page.retold page.pictures",
    "page.sums page.checks",
    "page.account",
    "page.told",
    "page.sections",
    "page",
    "api",
    "fatk",
    "web.columns web.settings web.words web.prose",
    "web.work",
    "web.parameters web.problems web.results web.standard web.warm",
    "web.bodies",
    "web.answers web.explained web.pool",
    "web.guard web.openapi",
    "web.api web.pages",
    "web.app",
    "web.server",
    "web",
    "serve",
    "batch.sources",
    "batch.orders",
    "batch.work",
    "batch.child",
    "batch.hands batch.journal batch.places",
    "batch.pool batch.summary",
    "batch.cluster batch.progress",
    "batch.run",
    "batch.command batch",
    "cli",
    "__main__",
)
#: What must not be known whatever the row, and why.
FORBIDDEN = (
    ("formats*", "rules*", "adapters know formats and nothing of rules"),
    ("formats*", "structure", "adapters know formats and nothing of what is checked"),
    ("formats*", "check", "adapters know formats and nothing of what is checked"),
    ("rules*", "formats*", "rules know reports and nothing of files"),
    ("structure", "formats*", "what is checked knows reports and nothing of files"),
    ("rules*", "reading", "rules know reports and not where they came from"),
    ("rules*", "ooxml", "rules know reports and nothing of files"),
    ("documents*", "rules*", "readers of documents know nothing of what is checked"),
    ("documents*", "spec", "readers of documents interpret nothing"),
    ("schema", "formats*", "what derives from the standard knows no report"),
)
HEAVY = (
    "frictionless",
    "jsonschema",
    "xlsxwriter",
    "hypothesis",
    "openpyxl",
    "docx",
    "duckdb",
    "pyarrow",
    "pandas",
    "lxml",
    "pdfplumber",
    "pypdfium2",
    "requests",
    "jinja2",
    "multipart",
    "starlette",
    "uvicorn",
)


def modules() -> dict[str, Path]:
    """Every module of the toolkit by its name below `fatk`; the package itself is `fatk`."""
    found = {}
    for path in sorted(TOOLKIT.rglob("*.py")):
        parts = path.relative_to(TOOLKIT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "fatk"] = path
    return found


MODULES = modules()


def imported(name: str) -> set[str]:
    """The modules of the toolkit that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: a relative import"
            if node.module and node.module.split(".")[0] == "fatk":
                base = node.module.removeprefix("fatk").removeprefix(".")
                for alias in node.names:
                    full = f"{base}.{alias.name}".removeprefix(".")
                    found.add(full if full in MODULES else base or "fatk")
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("fatk.") for a in node.names if a.name.split(".")[0] == "fatk"}
    return found - {name}


def row_of(name: str) -> int:
    """The row of a module: the one that names it, else the one with a pattern for it."""
    for exact in (True, False):
        for number, row in enumerate(ROWS):
            if any(name == p if exact else fnmatch(name, p) for p in row.split()):
                return number
    raise AssertionError(f"{name} has no row: give it one")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_from_rows_below_only(name: str) -> None:
    above = {other for other in imported(name) if row_of(other) >= row_of(name)}
    # A package's own name stands for what it gathers.
    gathers = name in {"causes", "formats", "rules", "rules.narrative", "outputs.marked"}
    gathered = {other for other in above if gathers and other.startswith(name + ".")}
    assert above - gathered == set()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_does_not_know_what_it_must_not(name: str) -> None:
    for who, what, why in FORBIDDEN:
        if fnmatch(name, who):
            assert {other for other in imported(name) if fnmatch(other, what)} == set(), why


def test_adapters_never_import_one_another() -> None:
    adapters = {name for name in MODULES if name.startswith("formats.")}
    assert len(adapters) >= 3
    for name in adapters:
        assert imported(name) & (adapters | {"formats"}) == set()


def test_the_test_sees_imports_within_functions() -> None:
    assert {"formats.json", "formats.package", "formats.xlsx"} <= imported("formats")
    assert "reference" in imported("cli")


CHILD = """
import io, sys
sys.argv = ["fatk", *sys.argv[2:]]
heavy = HEAVY.split()
from fatk.cli import main
out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
try:
    main()
    status = 0
except SystemExit as end:
    status = end.code
sys.stdout = out
print(status, *sorted({name.split(".")[0] for name in sys.modules} & set(heavy)))
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], "0"),
        (["convert", "--help"], "0"),
        (["explain", "income"], "0"),
        (["explain", "READ-01"], "0"),
        (["limits"], "0"),
        (["serve", "--help"], "0"),
        (["validate", "datapackages/minimal"], "0"),
        (["validate", "datapackages/minimal/report.json"], "0"),
        (["validate", "datapackages/minimal/report.xlsx"], "0"),
        (["validate", "no such file"], "3"),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported_where_it_is_not_used(arguments: list[str], status: str) -> None:
    code = CHILD.replace("HEAVY", repr(" ".join(HEAVY)))
    done = subprocess.run(
        [sys.executable, "-c", code, "fatk", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )  # fmt: skip
    assert done.stdout.split() == [status]


def test_writing_a_workbook_is_what_imports_its_writer() -> None:
    code = """
import sys, fatk
report = fatk.read("datapackages/minimal").report
assert "xlsxwriter" not in sys.modules
from fatk import formats
formats.encoder("xlsx")(report)
assert "xlsxwriter" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
