"""With our plug-in, frictionless says of our packages what fatk says, at the same places; of others, what it always said.

The plug-in is registered for a test that asks for it and found by its name in child processes, whether or not it is
installed. What its README says runs or does not run is shown here.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frictionless
import pytest
from frictionless import Inquiry, InquiryTask, Package, Report

import fatk
from fatk.errors import FatkError

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "integrations" / "frictionless"
EXAMPLES = ROOT / "datapackages"
DESCRIPTOR = "datapackage.json"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the plug-in, in force for one test."""
    monkeypatch.syspath_prepend(str(HOME))
    import frictionless_fatk

    frictionless.system.register("fatk", frictionless_fatk.FatkPlugin())
    yield frictionless_fatk
    frictionless.system.deregister("fatk")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the smallest example, to be spoilt."""
    return Path(shutil.copytree(EXAMPLES / "minimal", tmp_path / "数据 包"))


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A copy of the example that has everything."""
    return Path(shutil.copytree(EXAMPLES / "full", tmp_path / "full"))


def spoil(package: Path, file: str = "income.csv", row: str = "TOTAL", field: str = "fiscal_appropriation", to: str = "999.99") -> tuple[int, int]:  # fmt: skip
    """Write another text into one cell of a package; its record and column, counted from 1."""
    with (package / file).open(encoding="utf-8", newline="") as stream:
        records = list(csv.reader(stream))
    column = records[0].index(field)
    number = next(n for n, cells in enumerate(records) if cells[0] == row)
    assert records[number][column] != to
    records[number][column] = to
    rewrite(package / file, records)
    return number + 1, column + 1


def rewrite(file: Path, records: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(records)


def ours(report: Report) -> list[tuple[str | None, Any]]:
    """Every error of fatk with the table that it stands at, ``None`` for those of the report itself."""
    placed = [(None, e) for e in report.errors] + [(t.name, e) for t in report.tasks for e in t.errors]
    return [(name, error) for name, error in placed if error.type == "fatk-rule"]


def income(package: Path, **options: Any) -> Report:
    """What is said of one table, which takes less time."""
    return frictionless.validate(str(package / DESCRIPTOR), name="income", **options)


def errors_of_fatk(package: Path) -> list[tuple[str, str, str]]:
    found = fatk.validate(package).findings
    return sorted((f.rule, f.message("zh"), f.message("en")) for f in found if f.severity == "error")


def zipped(package: Path) -> str:
    target = package.parent / "package.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(package.iterdir()):
            archive.write(file, file.name)
    return str(target)


#: Every way of asking that the README says runs the checks.
WAYS: dict[str, Callable[[Path], Report]] = {
    "some rows, in parallel": lambda p: frictionless.validate(
        str(p / DESCRIPTOR), limit_rows=1, parallel=True
    ),
    "Package": lambda p: Package(str(p / DESCRIPTOR)).validate(),
    "validate a zip": lambda p: frictionless.validate(zipped(p)),
    "Package of a zip": lambda p: Package(zipped(p)).validate(),
    "an inquiry": lambda p: Inquiry(tasks=[InquiryTask(package=str(p / DESCRIPTOR))]).validate(),
}


# What it finds


def test_a_valid_package_stays_valid(plugin: Any) -> None:
    report = frictionless.validate(str(EXAMPLES / "full" / DESCRIPTOR))
    assert report.valid, report.flatten(["type", "note"])
    assert ours(report) == []


@pytest.mark.parametrize("way", WAYS)
def test_one_changed_figure_is_found_in_every_way_of_asking(
    plugin: Any, package: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, column = spoil(package)
    if way == "an inquiry":  # whose paths are relative ones
        monkeypatch.chdir(package.parent)
        package = Path(package.name)
    report = WAYS[way](package)
    assert not report.valid
    assert report.stats["errors"] == len(ours(report))
    named = {name: error for name, error in ours(report) if error.rule == "INC-02"}
    assert list(named) == ["income"]
    error = named["income"]
    assert (error.row_number, error.field_number, error.field_name) == (
        number,
        column,
        "fiscal_appropriation",
    )
    assert error.cell == error.cells[column - 1] == "999.99"
    assert f"income.csv:{number}:{column}" in error.places
    assert error.rule in error.message
    assert error.message_zh in error.message
    assert error.message_en in error.message


def test_what_it_finds_among_many_tables_is_what_fatk_finds(plugin: Any, full: Path) -> None:
    place = spoil(full)
    report = frictionless.validate(str(full / DESCRIPTOR))
    assert sorted((e.rule, e.message_zh, e.message_en) for _, e in ours(report)) == errors_of_fatk(full) != []
    assert place in {(e.row_number, e.field_number) for name, e in ours(report) if name == "income"}


def no_number(package: Path) -> None:
    spoil(package, to="壹")


def one_file_gone(package: Path) -> None:
    (package / "income.csv").unlink()


def one_table_gone(package: Path) -> None:
    descriptor = json.loads((package / DESCRIPTOR).read_bytes())
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] != "income"]
    (package / DESCRIPTOR).write_text(json.dumps(descriptor), encoding="utf-8")
    (package / "income.csv").unlink()


def stray_file(package: Path) -> None:
    (package / "stray.csv").write_text("a\n1\n", encoding="utf-8")


@pytest.mark.parametrize("fault", [spoil, no_number, one_file_gone, one_table_gone, stray_file])
def test_every_error_of_fatk_is_reported_once(
    plugin: Any, package: Path, fault: Callable[[Path], None]
) -> None:
    fault(package)
    report = frictionless.validate(str(package / DESCRIPTOR))
    assert sorted((e.rule, e.message_zh, e.message_en) for _, e in ours(report)) == errors_of_fatk(package)
    for task in report.tasks:
        assert task.valid == (not task.errors)
        assert (task.stats["errors"], task.stats["warnings"]) == (len(task.errors), len(task.warnings))
    assert report.stats["errors"] == len(report.errors) + sum(len(t.errors) for t in report.tasks)


def test_what_belongs_to_no_table_stands_in_the_report_itself(plugin: Any, package: Path) -> None:
    one_table_gone(package)
    report = frictionless.validate(str(package / DESCRIPTOR))
    assert "READ-12" in {error.rule for name, error in ours(report) if name is None}


def test_rows_are_counted_as_frictionless_counts_them(plugin: Any, package: Path) -> None:
    # A record of several lines and an empty one stand above the one at fault.
    number, column = spoil(package, row="201", to="壹")
    with (package / "income.csv").open(encoding="utf-8", newline="") as stream:
        records = list(csv.reader(stream))
    records[1][1] = "合\n\n计"
    rewrite(package / "income.csv", [*records[:2], [], *records[2:]])
    (task,) = income(package).tasks
    theirs = next(e for e in task.errors if e.type == "type-error")
    assert theirs.row_number == number + 1
    at_cell = [
        e for e in task.errors if e.type == "fatk-rule" and e.field_number == column and e.cell == "壹"
    ]
    assert {(e.row_number, e.field_name) for e in at_cell} == {(theirs.row_number, theirs.field_name)}
    assert all(e.cells == theirs.cells for e in at_cell)


def test_what_could_not_be_checked_is_a_warning(plugin: Any) -> None:
    source = EXAMPLES / "wuerhe-2022"
    unchecked = [f for f in fatk.validate(source).findings if f.outcome == "not_checked"]
    assert unchecked
    report = frictionless.validate(str(source / DESCRIPTOR))
    assert report.valid
    warnings = {t.name: t.warnings for t in report.tasks if t.warnings}
    for finding in unchecked:
        (said,) = [w for w in warnings[finding.cells[0].table] if finding.message("zh") in w]
        assert said.startswith(finding.rule)
        assert finding.message("en") in said
        assert str(finding.cells[0].location) in said


def test_a_refused_file_is_an_error_and_no_table_passes_for_checked(plugin: Any, package: Path) -> None:
    data = (package / "income.csv").read_text(encoding="utf-8")
    (package / "income.csv").write_bytes(data.encode("gb18030"))
    with pytest.raises(FatkError) as refused:
        fatk.validate(package)
    report = frictionless.validate(str(package / DESCRIPTOR))
    assert [(name, e.rule) for name, e in ours(report)] == [("income", refused.value.code)]
    assert all(t.warnings for t in report.tasks if t.name != "income")


def test_a_fault_of_ours_does_not_hide_what_frictionless_found(
    plugin: Any, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(package, file="report.csv", row="1.0.0", field="decimals", to="壹")

    def broken(_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(fatk, "validate", broken)
    report = frictionless.validate(str(package / DESCRIPTOR), name="report")
    assert "type-error" in {e.type for t in report.tasks for e in t.errors}
    ((name, error),) = ours(report)
    assert name is None
    assert "ZeroDivisionError('a bug')" in error.message


def test_text_that_looks_like_terminal_markup_is_shown(plugin: Any, package: Path) -> None:
    from rich.markup import render

    spoil(package, row="201", field="name", to="[/b] \\[bold]")
    spoil(package, row="201")
    report = income(package)
    shown = [(error, render(error.message).plain) for _, error in ours(report)]
    assert any("[/b]" in text for _, text in shown)
    for error, text in shown:
        assert text == f"{error.rule} {error.message_zh} {error.message_en}"


def test_a_stored_report_can_be_read_again(plugin: Any, package: Path) -> None:
    spoil(package)
    descriptor = income(package).to_descriptor()
    again = Report.from_descriptor(json.loads(json.dumps(descriptor)))
    assert again.to_descriptor() == descriptor
    assert {type(e) for _, e in ours(again)} == {plugin.FatkRuleError}


def test_a_file_that_changes_is_read_again(plugin: Any, package: Path) -> None:
    held = Package(str(package / DESCRIPTOR))
    assert held.validate(name="income").valid
    spoil(package)
    assert not held.validate(name="income").valid


# What is asked for


def test_one_table_alone_has_its_own_errors_only(plugin: Any, package: Path) -> None:
    spoil(package)
    whole = frictionless.validate(str(package / DESCRIPTOR))
    alone = income(package)
    assert [e.note for _, e in ours(alone)] == [e.note for name, e in ours(whole) if name == "income"] != []
    assert frictionless.validate(str(package / DESCRIPTOR), name="staffing").valid


@pytest.mark.parametrize(
    ("options", "runs"),
    [({"skip_errors": ["fatk-rule"]}, False), ({"pick_errors": ["type-error"]}, False), ({"pick_errors": ["#fatk"]}, True)],
)  # fmt: skip
def test_errors_are_picked_and_skipped_as_those_of_frictionless(
    plugin: Any, package: Path, options: dict[str, Any], runs: bool
) -> None:
    spoil(package)
    assert bool(ours(income(package, **options))) is runs


def test_the_error_limit_holds_for_ours_too(plugin: Any, package: Path) -> None:
    spoil(package)
    assert len(ours(income(package))) > 1
    report = income(package, limit_errors=1)
    assert not report.valid
    assert len(report.task.errors) == 1
    assert report.task.warnings.count("reached error limit: 1") == 1


def renamed(package: Path) -> str:
    (package / DESCRIPTOR).rename(package / "other.package.json")
    return str(package / "other.package.json")


def changed_in_memory(package: Path) -> Package:
    held = Package(str(package / DESCRIPTOR))
    held.remove_resource("staffing")
    return held


@pytest.mark.parametrize("made", [renamed, changed_in_memory])
def test_a_package_that_cannot_be_checked_is_said_not_to_be(
    plugin: Any, package: Path, made: Callable[[Path], Any]
) -> None:
    spoil(package)
    source = made(package)
    report = source.validate() if isinstance(source, Package) else frictionless.validate(source)
    assert report.valid
    assert len([w for w in report.warnings if "没有运行 fatk 的检查" in w]) == 1
    assert all(t.warnings for t in report.tasks[1:])


def test_a_remote_package_is_not_fetched_by_us(plugin: Any) -> None:
    (said,) = plugin._examined(Path("https://example.org/p"), (("income", "income.csv"),), None)
    assert said.severity == "warning"
    assert said.ends


# Packages of others

FOREIGN = {
    "name": "foreign",
    "resources": [
        {"name": "plain", "type": "table", "path": "plain.csv", "schema": {"fields": [{"name": "a", "type": "integer"}]}},
        {"name": "named", "type": "table", "path": "plain.csv", "schema": "schema.json"},
        # Someone else's block of that name.
        {"name": "alike", "type": "table", "path": "plain.csv", "schema": {"fatk": 1, "fields": [{"name": "a", "type": "integer"}]}},
        {"name": "inline", "type": "table", "data": [{"a": 1}]},
    ],
}  # fmt: skip


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A package of someone else, with one fault."""
    (tmp_path / "plain.csv").write_text("a\n1\nx\n", encoding="utf-8")
    (tmp_path / "schema.json").write_text('{"fields": [{"name": "a", "type": "integer"}]}', encoding="utf-8")
    for block in (None, {}, {"profile": "https://example.org/fatk"}, "urn:fatk:schema:package:1.0.0"):
        descriptor = FOREIGN if block is None else {**FOREIGN, "fatk": block}
        name = f"{type(block).__name__}{len(block or '')}.package.json"
        (tmp_path / name).write_text(json.dumps(descriptor), encoding="utf-8")
    return tmp_path


def without_times(report: Report) -> Any:
    return json.loads(json.dumps(report.to_descriptor()), object_hook=lambda d: {k: v for k, v in d.items() if k != "seconds"})  # fmt: skip


def test_packages_of_others_are_reported_as_without_us(
    foreign: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(foreign.glob("*.package.json"))
    assert len(files) == 4
    before = [without_times(frictionless.validate(str(file))) for file in files]
    plugin = request.getfixturevalue("plugin")
    monkeypatch.setattr(plugin, "_examined", lambda *_: pytest.fail("a foreign package was examined"))
    assert [without_times(frictionless.validate(str(file))) for file in files] == before
    for file in files:
        held = Package(str(file))
        assert [r.name for r in held.resources if "validate" in vars(r)] == ["alike"]


def test_an_address_for_a_schema_is_not_fetched_by_us(plugin: Any) -> None:
    # Were it, the test would fail for want of a network.
    resource = frictionless.Resource(name="a", path="a.csv", schema="https://example.org/schema.json")  # type: ignore[call-arg]
    assert "validate" not in vars(resource)


# As people meet it: found by its name, in another process


def child(*arguments: str, cwd: Path, found: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Python with the plug-in on its path, or with no directory that holds it."""
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(HOME) if found else ""}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60)  # fmt: skip


#: The command `frictionless`, as its installed script runs it: without the working directory on the path.
COMMAND = ("-P", "-c", "from frictionless.__main__ import console; console()")


def test_the_plain_command_finds_one_changed_figure(full: Path) -> None:
    number, column = spoil(full)
    done = child(*COMMAND, "validate", "--json", DESCRIPTOR, cwd=full)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    (error,) = [
        e for t in report["tasks"] if t["name"] == "income" for e in t["errors"] if e["rule"] == "INC-02"
    ]
    assert (error["type"], error["rowNumber"], error["fieldNumber"], error["fieldName"]) == (
        "fatk-rule", number, column, "fiscal_appropriation",
    )  # fmt: skip


def test_the_plain_command_passes_a_valid_package() -> None:
    done = child(*COMMAND, "validate", DESCRIPTOR, cwd=EXAMPLES / "minimal")
    assert done.returncode == 0, done.stdout + done.stderr


def test_others_pay_for_no_import_of_fatk(foreign: Path) -> None:
    script = """
import sys, frictionless
assert not frictionless.validate("NoneType0.package.json").valid
assert frictionless.validate("schema.json").valid
assert "frictionless_fatk" in sys.modules
print(sorted(name for name in sys.modules if name.split(".")[0] == "fatk"))
"""
    done = child("-c", script, cwd=foreign)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_without_the_plugin_the_package_still_validates() -> None:
    script = """
import sys, pathlib
sys.path[:] = [p for p in sys.path if not pathlib.Path(p, "frictionless_fatk.py").exists()]
import frictionless
report = frictionless.validate("full/datapackage.json")
assert report.valid, report.flatten(["note"])
print(sorted(name for name in sys.modules if "fatk" in name))
"""
    done = child("-c", script, cwd=EXAMPLES, found=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_a_table_given_to_another_process_is_not_checked(package: Path) -> None:
    # One of the gaps that the README names: with them closed, it should say so.
    spoil(package, file="report.csv", row="1.0.0", field="precision", to="+0.01")
    script = """
import frictionless
if __name__ == "__main__":
    for parallel in (False, True):
        print(frictionless.validate("datapackage.json", name="report", parallel=parallel).valid)
"""
    (package / "run.py").write_text(script, encoding="utf-8")
    done = child("run.py", cwd=package)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_with_python_m_the_working_directory_is_searched_for_plugins(tmp_path: Path) -> None:
    # What the README warns of; the installed command and -P are safe.
    (tmp_path / "frictionless_stray.py").write_text('open("ran", "w").close()\n', encoding="utf-8")
    (tmp_path / "table.csv").write_text("a\n1\n", encoding="utf-8")
    for command, ran in [
        (COMMAND, False),
        (("-P", "-m", "frictionless"), False),
        (("-m", "frictionless"), True),
    ]:
        done = child(*command, "validate", "table.csv", cwd=tmp_path, found=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (tmp_path / "ran").exists() is ran, command
