"""S: a report written in any form and read back is equal, and its canonical JSON is the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from fatk import formats, structure
from fatk.formats import json as json_form
from fatk.model import Report
from fatk.reading import Reading
from strategies import reports

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

FORMS = ("json", "zip", "xlsx")


def through(report: Report, form: str) -> Reading:
    """The report written in a form and read back, in memory."""
    found, reading = formats.read_bytes(formats.encoder(form)(report))
    assert found == form
    return reading


def differences(before: Report, after: Report) -> list[str]:
    """What differs, row by row, in a form that a person can read."""
    found = []
    for table, rows in before.tables.items():
        others = after.tables[table]
        found += [f"{table} lost {row}" for row in rows if row not in others]
        found += [f"{table} gained {row}" for row in others if row not in rows]
        if not found and rows != others:
            found.append(f"{table} in another order")
    return found


@pytest.mark.parametrize("form", FORMS)
@given(report=reports())
def test_a_report_read_back_is_equal_and_nothing_is_noticed(form: str, report: Report) -> None:
    reading = through(report, form)
    assert differences(report, reading.report) == []
    assert json_form.write(reading.report) == json_form.write(report)
    assert [f for f in reading.findings if f.severity != "info"] == []
    assert reading.unaccounted_cells == 0


@given(report=reports())
def test_every_path_through_the_forms_returns_the_same_bytes(report: Report) -> None:
    bytes_of = json_form.write(report)
    for form in ("xlsx", "zip", "json", "xlsx"):
        report = through(report, form).report
    assert json_form.write(report) == bytes_of


@given(report=reports())
def test_what_the_standard_allows_has_no_fault_of_structure(report: Report) -> None:
    assert [f.message() for f in structure.check(report) if f.severity == "error"] == []


@given(report=reports())
def test_one_report_is_the_same_bytes_every_time(report: Report) -> None:
    for form in FORMS:
        write = formats.encoder(form)
        assert write(report) == write(report)


@given(report=reports())
def test_canonical_json_is_what_json_stringify_prints(report: Report) -> None:
    text = json_form.write(report)
    again = json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"
    assert text == again.encode()
