"""The example packages are one report in three forms, made from one source, valid, and what their README says of them."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import fatk
from fatk import formats
from fatk.check import Result
from fatk.formats import json as json_form
from fatk.formats import package as package_form
from fatk.model import EMPTY, REPORTED, Report, row_name
from fatk.values import Nothing

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
NAMES = ("full", "minimal", "wuerhe-2022")
#: What is no file of the package itself.
BESIDE = {"report.json", "report.xlsx"}

#: What the source itself has: it keeps six vehicles, and owns one.
WARNINGS = {"wuerhe-2022": {"NN-44": "warning"}}
#: Economic items that the department names without their amounts.
UNDISCLOSED = {
    "30101", "30102", "30103", "30110", "30111", "30112", "30113",
    "30201", "30207", "30211", "30215", "30217", "30228", "30229", "30231",
}  # fmt: skip


def forms(name: str) -> dict[str, Path]:
    """The three forms of an example."""
    folder = EXAMPLES / name
    return {"package": folder, "json": folder / "report.json", "xlsx": folder / "report.xlsx"}


@cache
def result(name: str, form: str) -> Result:
    return fatk.validate(forms(name)[form])


def report(name: str) -> Report:
    return result(name, "json").reading.report


def members(workbook: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def amounts(of: Report) -> dict[tuple[str, str, str], object]:
    """Every cell of the nine tables that says something, by table, row and field."""
    return {
        (table.id, row_name(table, row), field.name): row[table.position[field.name]]
        for table in of.spec.forms
        for row in of.rows(table.id)
        for field in table.amounts
        if row[table.position[field.name]] is not None
    }


# Every example


def test_these_are_all_the_examples() -> None:
    assert tuple(sorted(path.parent.name for path in EXAMPLES.glob("*/datapackage.json"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_package_document_and_workbook_are_one_report(name: str) -> None:
    documents = {form: json_form.write(result(name, form).reading.report) for form in forms(name)}
    assert documents["package"] == documents["json"]
    assert documents["xlsx"] == documents["json"]
    assert report(name) == result(name, "package").reading.report == result(name, "xlsx").reading.report


@pytest.mark.parametrize("form", ["package", "json", "xlsx"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_held_against_an_example_but_what_its_source_has(name: str, form: str) -> None:
    found = result(name, form)
    assert found.reading.form == form
    assert {f.rule: f.severity for f in found.findings if f.severity != "info"} == WARNINGS.get(name, {})
    assert found.summary["errors"] == 0
    assert found.summary["unaccounted_cells"] == 0
    assert found.summary["source_cells"] > 0
    assert found.reading.edition_certainty == "certain"


@pytest.mark.parametrize("form", ["package", "json", "xlsx"])
@pytest.mark.parametrize("name", ["full", "minimal"])
def test_an_invented_example_is_valid(name: str, form: str) -> None:
    assert result(name, form).verdict == "valid"


@pytest.mark.parametrize("form", ["package", "json", "xlsx"])
def test_the_real_example_is_checked_but_for_what_is_undisclosed(form: str) -> None:
    # By the contract a report is valid only where every rule that applies could be checked.
    found = result("wuerhe-2022", form)
    assert found.verdict == "not_checked"
    unchecked = [f for f in found.findings if f.outcome == "not_checked"]
    assert {(f.severity, f.reason) for f in unchecked} == {("info", "undisclosed")}
    assert found.summary["exact"] > 100 * found.summary["not_checked"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_document_is_canonical(name: str) -> None:
    committed = forms(name)["json"].read_bytes()
    assert committed == json_form.write(report(name)), (
        f"datapackages/{name}/report.json is not as fatk writes it"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_package_is_what_the_document_yields(name: str) -> None:
    committed = {p.name: p.read_bytes() for p in forms(name)["package"].iterdir() if p.name not in BESIDE}
    made = package_form.write(report(name))
    assert sorted(committed) == sorted(made), "out of date; run: make examples"
    differing = [file for file in made if committed[file] != made[file]]
    assert differing == [], "out of date; run: make examples"


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_workbook_is_what_the_document_yields(name: str) -> None:
    # Part by part: what a part compresses to depends on the machine's zlib.
    committed = members(forms(name)["xlsx"].read_bytes())
    made = members(formats.encoder("xlsx")(report(name)))
    assert list(committed) == list(made), "out of date; run: make examples"
    differing = [part for part in made if committed[part] != made[part]]
    assert differing == [], "out of date; run: make examples"


# What each of them is there to show


def test_the_full_example_fills_every_table_of_the_standard() -> None:
    shown = report("full")
    assert [table for table, rows in shown.tables.items() if not rows] == []
    assert {row["status"] for row in shown.records("tables")} == {REPORTED}


def test_the_full_example_shows_every_kind_of_nothing() -> None:
    shown = report("full")
    said = {value for rows in shown.tables.values() for row in rows for value in row if value is not None}
    assert set(Nothing) <= said
    assert any(value == 0 for value in amounts(shown).values())
    blanks = [
        (table.id, field.name)
        for table in shown.spec.tables.values()
        for row in shown.rows(table.id)
        for field, value in zip(table.fields, row, strict=True)
        if field.states and field.only is None and value is None
    ]
    assert blanks


def test_the_minimal_example_has_the_nine_tables_and_no_notes() -> None:
    shown = report("minimal")
    explained = [table.id for table in shown.spec.notes if shown.rows(table.id)]
    assert explained == []
    assert not any(shown.rows(table) for table in ("cells", "claims", "extras"))
    for table in shown.spec.forms:
        assert shown.status(table.id)["status"] == (REPORTED if shown.rows(table.id) else EMPTY), table.id


def test_the_real_example_says_that_its_tables_are_reconstructed() -> None:
    shown = report("wuerhe-2022")
    about = shown.one("report")
    assert "推算" in str(about["title"])
    assert "推算" in str(about["description"])
    assert "不是该单位公布的报表" in str(about["description"])
    states = {row["table"]: row for row in shown.records("tables")}
    assert {t for t, row in states.items() if row["reconstructed"]} == {
        t for t, row in states.items() if row["status"] == REPORTED
    }
    assert {t for t, row in states.items() if row["status"] == EMPTY} == {"government_fund", "state_capital"}
    assert all(states[table]["statement"] for table in ("government_fund", "state_capital"))


def test_every_figure_of_the_real_example_says_on_what_it_rests() -> None:
    shown = report("wuerhe-2022")
    described = {(row["table"], row["row"], row["field"]): row["basis"] for row in shown.records("cells")}
    assert set(described) == set(amounts(shown))
    bases = Counter(described.values())
    assert bases == {"stated": 64, "derived": 257, "convention": 50, "undisclosed": 15}
    assert all(row["derivation"] for row in shown.records("cells"))


def test_the_counts_in_the_readme_are_those_of_the_real_example() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    told = {
        basis: int(count)
        for basis, count in re.findall(r"^\| `([a-z]+)` \S+ \| ([0-9]+) \|", readme, re.MULTILINE)
    }
    assert told == Counter(row["basis"] for row in report("wuerhe-2022").records("cells"))
    english = re.findall(r"([0-9]+) (stated|derived|by booking convention|undisclosed)", readme)
    assert [int(count) for count, _ in english] == list(told.values())


def test_what_is_undisclosed_has_no_figure_but_bounds() -> None:
    shown = report("wuerhe-2022")
    table = "general_budget_basic_expenditure"
    hidden = {
        row: value
        for (t, row, _), value in amounts(shown).items()
        if value is Nothing.UNDISCLOSED and t == table
    }
    assert set(hidden) == UNDISCLOSED
    assert Nothing.UNDISCLOSED not in {v for (t, _, _), v in amounts(shown).items() if t != table}
    bounds = {r["row"]: (r["min"], r["max"]) for r in shown.records("cells") if r["basis"] == "undisclosed"}
    assert set(bounds) == UNDISCLOSED
    assert all(low is not None and high is not None and 0 < low < high for low, high in bounds.values())
