"""One report has the same findings in whatever form it came: only places, and what a reader noticed of its file, differ."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fatk import formats, render
from fatk.check import Result, check
from fatk.formats import json as json_form
from fatk.formats import package
from fatk.limits import DEFAULTS
from fatk.model import REPORTED, Report, Row, build
from fatk.reading import Reading
from fatk.values import Nothing
from strategies import SPEC, balanced_reports, reports

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
#: What counts cells of the file, and what counts findings of readers too.
OF_THE_FILE = {"source_cells", "unaccounted_cells", "errors", "warnings", "infos"}
#: What a finding or a cause says, its place aside.
PLACE = "location"


def through(report: Report) -> dict[str, Reading]:
    """The report written in every form and read back, in memory; a package also as the files of a directory."""
    found = {form: formats.read_bytes(formats.encoder(form)(report))[1] for form in ("json", "zip", "xlsx")}
    parts = package.write(report)
    found["package"] = package.read(tuple(sorted(parts)), parts.get, SPEC, DEFAULTS, closed=False)
    return found


def said(result: Result) -> dict[str, Any]:
    """What a result says of the report: findings and causes without places, in no order, and the counts of checks."""
    document = render.to_document(result, "0", "0")
    for one in (*document["findings"], *document["causes"]):
        for cell in one["cells"]:
            del cell[PLACE]
    findings = [f for f in document["findings"] if not f["rule"].startswith("READ-")]
    return {
        "findings": Counter(json.dumps(f, ensure_ascii=False) for f in findings),
        "causes": [json.dumps(c, ensure_ascii=False) for c in document["causes"]],
        "unexplained": document["unexplained"],
        "summary": {name: count for name, count in document["summary"].items() if name not in OF_THE_FILE},
        "ran": {rule: dict(outcomes) for rule, outcomes in result.ran.items()},
    }


def hold_alike(report: Report) -> dict[str, Any]:
    """Hold that every form has the same findings as the report itself; what these are."""
    expected = said(check(Reading(report)))
    for form, reading in through(report).items():
        found = said(check(reading))
        for part in expected:
            assert found[part] == expected[part], (form, part)
    return expected


def with_cell(report: Report, table: str, number: int, field: str, value: Any) -> Report:
    """The report with another value in one cell."""
    at = SPEC.tables[table].position[field]
    rows: list[Row] = list(report.rows(table))
    rows[number] = (*rows[number][:at], value, *rows[number][at + 1 :])
    return build(SPEC, {**report.tables, "codes": (), table: rows})


@pytest.mark.parametrize("name", ["minimal", "full", "wuerhe-2022"])
def test_examples_have_the_same_findings_in_every_form(name: str) -> None:
    report = json_form.read((EXAMPLES / name / "report.json").read_bytes(), SPEC, DEFAULTS).report
    hold_alike(report)
    broken = with_cell(report, "income_expenditure_summary", 0, "amount", Decimal("98765.43"))
    assert any('"rule": "IES-' in finding for finding in hold_alike(broken)["findings"])


@settings(max_examples=25)
@given(report=reports())
def test_reports_with_states_of_nothing_have_the_same_findings_in_every_form(report: Report) -> None:
    hold_alike(report)


#: What may stand where a figure should: another figure, one with decimals of its own, and every state of nothing.
wrong = st.one_of(
    st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-2) or Decimal("0.00")),
    st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-4)),
    st.sampled_from([None, *Nothing]),
)


@settings(max_examples=40)
@given(data=st.data())
def test_a_broken_cell_is_told_alike_in_every_form(data: st.DataObject) -> None:
    report = data.draw(st.one_of(balanced_reports(3), reports()))
    filled = [t for t in SPEC.forms if report.rows(t.id) and report.status(t.id).get("status") == REPORTED]
    if not filled:
        hold_alike(report)
        return
    table = data.draw(st.sampled_from(filled))
    number = data.draw(st.integers(0, len(report.rows(table.id)) - 1))
    row = report.rows(table.id)[number]
    key = table.fields[table.key_positions[0]].name
    fields = [f.name for f in table.amounts if row[table.position[f.name]] is not None] or [
        table.amounts[0].name
    ]
    # A code that is none (9, 20A) makes no row of a printed form: there READ-37 tells it and the row is kept as it is.
    if key == "code" and data.draw(st.booleans()) and row[table.key_positions[0]] != "TOTAL":
        known = {r[table.key_positions[0]] for r in report.rows(table.id)}
        unknown = data.draw(st.sampled_from([c for c in ("2999999", "29999", "299") if c not in known]))
        hold_alike(with_cell(report, table.id, number, key, unknown))
    else:
        hold_alike(with_cell(report, table.id, number, data.draw(st.sampled_from(fields)), data.draw(wrong)))
