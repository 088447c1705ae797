"""Checkers of other authors take what we write for right, and each of them is shown to be able to say no.

Packages go before frictionless, its predecessor for version 1 and datapackage-js; documents before jsonschema,
check-jsonschema and ajv. None of them knows our rules: what they check is what Table Schema and JSON Schema can say.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator

import fatk
from fatk.formats import json as json_form
from fatk.formats import package as package_form
from fatk.model import Report, Row, build, make_row
from fatk.values import Nothing
from strategies import reports

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("full", "minimal", "wuerhe-2022")
CODELISTS = ROOT / "schemas/codelists/datapackage.json"
SCHEMA = ROOT / "schemas/generated/report.schema.json"
DESCRIPTOR = package_form.DESCRIPTOR

#: A checker takes files and returns, for each of them, what it has against it.
Checker = Callable[[Sequence[Path]], list[list[str]]]


# What is checked


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Directories, each a package and the document of one report: the simplest and the richest of a few made-up ones."""
    found: list[Report] = []

    @settings(
        max_examples=12, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(report=reports())
    def collect(report: Report) -> None:
        if not any(says_nothing(row) for rows in report.tables.values() for row in rows):
            found.append(report)

    collect()
    found.sort(key=lambda report: sum(map(len, report.tables.values())))
    return [
        written(report, tmp_path_factory.mktemp(f"made{n}"))
        for n, report in enumerate([*found[:1], *found[-4:]])
    ]


def says_nothing(row: Row) -> bool:
    """Whether a row holds nothing but kinds of nothing; of these a test of their own speaks."""
    return all(value is None or isinstance(value, Nothing) for value in row)


def written(report: Report, folder: Path) -> Path:
    """The folder, now with the files of a report's package and with its document."""
    for name, data in package_form.write(report).items():
        (folder / name).write_bytes(data)
    (folder / "report.json").write_bytes(json_form.write(report))
    return folder


def examples() -> list[Path]:
    return [ROOT / "datapackages" / name for name in NAMES]


# Checkers of packages


def frictionless_says(descriptors: Sequence[Path]) -> list[list[str]]:
    import frictionless

    said = []
    for descriptor in descriptors:
        result = frictionless.validate(str(descriptor), skip_errors=["fatk-rule"])
        said.append([e.message for e in result.errors] + [e.message for t in result.tasks for e in t.errors])
    return said


def datapackage_v1_says(descriptors: Sequence[Path]) -> list[list[str]]:
    """The Python library for version 1 of the standard, which knows nothing of version 2.

    In a process of its own, since it leaves files open, of which Python warns whenever it happens to notice.
    """
    done = child([sys.executable, "-W", "ignore", "-c", DATAPACKAGE_V1, *map(str, descriptors)])
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


DATAPACKAGE_V1 = """
import json, sys
import datapackage

for descriptor in sys.argv[1:]:
    package = datapackage.Package(descriptor)
    errors = [str(error) for error in package.errors]
    for resource in package.resources:
        try:
            resource.read()
            resource.check_relations()
        except datapackage.exceptions.DataPackageException as error:
            errors += [f"{resource.name}: {e}" for e in error.errors or [error]]
    print(json.dumps(errors))
"""


def child(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A command run to its end; whatever it tried to fetch would fail."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return subprocess.run(
        command,
        env={**os.environ, **nowhere},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.fixture
def package_checker(request: pytest.FixtureRequest) -> Checker:
    if request.param == "datapackage-js":
        run = request.getfixturevalue("node_check")
        return lambda files: [
            [f"{e['resource']}: {e['message']}" for e in one["errors"]]
            for one in run("check_package", *files)
        ]
    return {"frictionless": frictionless_says, "datapackage v1": datapackage_v1_says}[request.param]


each_package_checker = pytest.mark.parametrize(
    "package_checker",
    ["frictionless", "datapackage v1", "datapackage-js"],
    indirect=True,
)
PACKAGE_CHECKERS = ("frictionless", "datapackage v1", "datapackage-js")


@each_package_checker
def test_the_example_packages_are_right(package_checker: Checker) -> None:
    said = package_checker([folder / DESCRIPTOR for folder in examples()])
    assert dict(zip(NAMES, said, strict=True)) == {key: [] for key in NAMES}


@each_package_checker
def test_packages_of_made_up_reports_are_right(package_checker: Checker, made: list[Path]) -> None:
    assert package_checker([folder / DESCRIPTOR for folder in made]) == [[]] * len(made)


BLANK_ROW = pytest.mark.xfail(
    raises=AssertionError,
    reason="frictionless takes a row without text of which no figure is disclosed for blank",
)


@pytest.mark.parametrize(
    "package_checker",
    [pytest.param("frictionless", marks=BLANK_ROW), "datapackage v1", "datapackage-js"],
    indirect=True,
)
def test_a_row_of_which_nothing_is_disclosed_is_right(package_checker: Checker, tmp_path: Path) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    table = full.spec.tables["operating_expenses"]
    row = make_row(table, amount=Nothing.UNDISCLOSED)
    assert says_nothing(row)
    folder = written(build(full.spec, {**full.tables, table.id: [row]}), tmp_path)
    assert fatk.validate(folder).reading.report.rows(table.id) == (row,)
    assert package_checker([folder / DESCRIPTOR]) == [[]]


@pytest.mark.parametrize("package_checker", ["frictionless", "datapackage-js"], indirect=True)
def test_the_package_of_code_lists_is_right(package_checker: Checker) -> None:
    assert package_checker([CODELISTS]) == [[]]


def test_a_package_as_a_zip_is_right_and_every_row_of_it_is_seen(tmp_path: Path) -> None:
    import frictionless

    report = fatk.read(ROOT / "datapackages/full").report
    fatk.write(report, tmp_path / "package.zip")
    result = frictionless.validate(str(tmp_path / "package.zip"), skip_errors=["fatk-rule"])
    assert result.valid, result.flatten(["message"])
    assert {t.name: t.stats.get("rows", 0) for t in result.tasks} == {
        t: len(rows) for t, rows in report.tables.items()
    }


#: What is done to one line of one file of the full example, and what each checker then says.
PACKAGE_FAULTS: dict[str, tuple[str, Callable[[list[str]], None], Sequence[str]]] = {
    "a key twice": (
        "income.csv",
        lambda lines: lines.insert(3, lines[2]),
        ("violates the primary key", "duplicates in row", "unique constraint violation"),
    ),
    "a reference to nothing": (
        "codes.csv",
        lambda lines: remove(lines, 2, "functional,206,"),
        ("violates the foreign key", "oreign key", "oreign key"),
    ),
    "words for an amount": (
        "income.csv",
        lambda lines: change(lines, 2, "30.00", "约三十"),
        ("Type error in the cell", "can't cast value", "is not type"),
    ),
    "a status of its own": (
        "tables.csv",
        lambda lines: change(lines, 1, "reported", "present"),
        ("does not conform to a constraint", 'constraint "enum"', '"enum" constraint'),
    ),
    "a row too short": (
        "income.csv",
        lambda lines: change(lines, 2, ",0.00,0.00", ""),
        ("has a missing cell", "Row length", "does not match the 9 fields"),
    ),
    "another header": (
        "income.csv",
        lambda lines: change(lines, 0, "total", "sum"),
        ("does not match the field name", "don't match schema field names", "'total' is missing"),
    ),
}


def remove(lines: list[str], number: int, start: str) -> None:
    assert lines[number].startswith(start)
    del lines[number]


def change(lines: list[str], number: int, old: str, new: str) -> None:
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)


@pytest.fixture(scope="session")
def broken_packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Copies of the full example, each with one of the faults, in their order."""
    folders = []
    for file, alter, _ in PACKAGE_FAULTS.values():
        folder = tmp_path_factory.mktemp("broken") / "package"
        beside = shutil.ignore_patterns("report.json", "report.xlsx")
        shutil.copytree(ROOT / "datapackages/full", folder, ignore=beside)
        lines = (folder / file).read_text(encoding="utf-8").split("\n")
        alter(lines)
        (folder / file).write_text("\n".join(lines), encoding="utf-8")
        folders.append(folder)
    return folders


@pytest.mark.parametrize("package_checker", PACKAGE_CHECKERS, indirect=True)
def test_a_package_with_a_fault_is_refused_for_that_fault(
    package_checker: Checker, broken_packages: list[Path], request: pytest.FixtureRequest
) -> None:
    said = package_checker([folder / DESCRIPTOR for folder in broken_packages])
    which = PACKAGE_CHECKERS.index(request.node.callspec.params["package_checker"])
    for (fault, (_, _, words)), errors in zip(PACKAGE_FAULTS.items(), said, strict=True):
        assert any(words[which] in error for error in errors), (fault, errors)


@pytest.mark.parametrize("fault", PACKAGE_FAULTS)
def test_a_package_that_others_refuse_is_invalid_to_us(fault: str, broken_packages: list[Path]) -> None:
    assert fatk.validate(broken_packages[list(PACKAGE_FAULTS).index(fault)]).verdict == "invalid"


# Checkers of documents


@cache
def schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_bytes())


def jsonschema_says(documents: Sequence[Path]) -> list[list[str]]:
    validator = Draft202012Validator(schema())
    return [
        [f"{e.json_path}: {e.message}" for e in validator.iter_errors(json.loads(document.read_bytes()))]
        for document in documents
    ]


def check_jsonschema_says(documents: Sequence[Path]) -> list[list[str]]:
    """The command check-jsonschema, as an editor's hook or a pipeline runs it."""
    options = ["--output-format", "json", "--schemafile", str(SCHEMA)]
    done = child([sys.executable, "-m", "check_jsonschema", *options, *map(str, documents)])
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert not answer.get("parse_errors"), answer
    said: dict[str, list[str]] = {str(document): [] for document in documents}
    for error in answer["errors"]:
        said[error["filename"]].append(f"{error['path']}: {error['message']}")
    assert (done.returncode == 1) == any(said.values())
    return list(said.values())


@pytest.fixture
def document_checker(request: pytest.FixtureRequest) -> Checker:
    if request.param == "ajv":
        run = request.getfixturevalue("node_check")
        return lambda files: [
            [f"{e['path']}: {e['message']}" for e in one["errors"]]
            for one in run("check_json", SCHEMA, *files)
        ]
    return {"jsonschema": jsonschema_says, "check-jsonschema": check_jsonschema_says}[request.param]


each_document_checker = pytest.mark.parametrize(
    "document_checker", ["jsonschema", "check-jsonschema", "ajv"], indirect=True
)


@each_document_checker
def test_the_example_documents_are_right(document_checker: Checker) -> None:
    said = document_checker([folder / "report.json" for folder in examples()])
    assert dict(zip(NAMES, said, strict=True)) == {key: [] for key in NAMES}


@each_document_checker
def test_documents_of_made_up_reports_are_right(document_checker: Checker, made: list[Path]) -> None:
    assert document_checker([folder / "report.json" for folder in made]) == [[]] * len(made)


def first_row(document: dict[str, Any]) -> dict[str, Any]:
    return document["tables"]["income"]["rows"][0]


#: What is done to the document of the full example, and the place that every checker names.
DOCUMENT_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], Sequence[str | int]]] = {
    "a member of its own": (lambda d: first_row(d).update(share="1.00"), ("tables", "income", "rows", 0)),
    "a number for an amount": (lambda d: first_row(d).update(total=1820.1), ("tables", "income", "rows", 0, "total")),
    "a thousands separator": (lambda d: first_row(d).update(total="1,820.10"), ("tables", "income", "rows", 0, "total")),
    "a field left out": (lambda d: first_row(d).pop("total"), ("tables", "income", "rows", 0)),
    "a table left out": (lambda d: d["tables"].pop("state_capital"), ("tables",)),
    "a status of its own": (lambda d: d["tables"]["income"].update(status="present"), ("tables", "income", "status")),
    "a text for a count": (lambda d: d["notes"]["staffing"].update(actual="12"), ("notes", "staffing", "actual")),
}  # fmt: skip


@pytest.fixture(scope="session")
def broken_documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Copies of the document of the full example, each with one of the faults, in their order."""
    folder = tmp_path_factory.mktemp("broken")
    files = []
    for number, (alter, _) in enumerate(DOCUMENT_FAULTS.values()):
        document = json.loads((ROOT / "datapackages/full/report.json").read_bytes())
        alter(document)
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return files


@each_document_checker
def test_a_document_with_a_fault_is_refused_at_its_place(
    document_checker: Checker, broken_documents: list[Path], request: pytest.FixtureRequest
) -> None:
    pointer = request.node.callspec.params["document_checker"] == "ajv"
    for (fault, (_, path)), errors in zip(
        DOCUMENT_FAULTS.items(), document_checker(broken_documents), strict=True
    ):
        place = "".join(f"/{p}" if pointer else f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
        assert any(error.partition(":")[0].lstrip("$") == place for error in errors), (fault, errors)


def test_a_document_that_others_refuse_is_invalid_to_us(broken_documents: list[Path]) -> None:
    said = {
        fault: fatk.validate(file).verdict
        for fault, file in zip(DOCUMENT_FAULTS, broken_documents, strict=True)
    }
    assert said == dict.fromkeys(DOCUMENT_FAULTS, "invalid")
