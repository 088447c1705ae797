"""Waivers let faults pass in the open: for a reason, until a day, never what everything else rests on, and never unnoticed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import fatk
from fatk import render, waivers
from fatk.check import INVALID, UNCHECKED, VALID, Result
from fatk.errors import Refused
from fatk.findings import ERROR, NOT_CHECKED, notices
from fatk.limits import Limits
from fatk.reading import Reading
from test_outputs import broken

ROOT = Path(__file__).resolve().parent.parent
SHAPE = Draft202012Validator(json.loads((ROOT / "schemas/meta/waivers.schema.json").read_bytes()))
DAY = date(2024, 3, 1)

Entry = dict[str, Any]


def entry(finding: Any = "0123456789abcdef", **more: Any) -> Entry:
    return {
        "finding": finding, "reason": "主管部门已核实", "office": "某区财政局", "accepted_on": "2024-01-01",
        "expires_on": "2024-12-31", **more,
    }  # fmt: skip


def encoded(*entries: Any) -> bytes:
    return json.dumps({"waivers": list(entries)}, ensure_ascii=False).encode()


def applied(result: Result, *entries: Entry, as_of: date = DAY) -> Result:
    return waivers.apply(result, waivers.parse(encoded(*entries), "报表.waivers.json"), as_of)


@pytest.fixture(scope="module")
def result() -> Result:
    """Of a report with seven errors, one warning, and two rules that a blank keeps from being checked."""
    found = fatk.validate(Reading(broken(), path="报表.json", form="json"))
    assert found.verdict == INVALID
    return found


def named(result: Result, rule: str) -> Any:
    return next(f for f in result.findings if f.rule == rule)


def errors(result: Result) -> list[Any]:
    return [f for f in result.findings if f.severity == ERROR]


# What a waiver does


def test_without_waivers_only_the_day_is_added(result):
    done = applied(result)
    assert (done.findings, done.verdict, done.as_of) == (result.findings, result.verdict, DAY)
    assert dict(done.summary) == {**result.summary, "waived": 0}
    assert result.as_of is None
    assert "waived" not in result.summary


def test_a_waived_fault_stays_in_the_result_and_no_longer_counts(result):
    finding = named(result, "IES-02")
    done = applied(result, entry(finding.id))
    assert done.findings == result.findings
    assert done.waived[finding.id].reason == "主管部门已核实"
    assert done.summary["errors"] == result.summary["errors"] - 1
    assert done.summary["waived"] == 1
    assert done.summary["failed"] == result.summary["failed"]  # checks are counted as they came out
    assert done.verdict == INVALID


def test_a_finding_is_named_by_its_rule_and_the_cell_that_it_is_about(result):
    finding = named(result, "IES-02")
    cell = finding.cells[0]
    where = {"rule": "IES-02", "table": cell.table, "row": cell.row, "field": cell.field}
    assert list(applied(result, entry(where)).waived) == [finding.id]
    for key, other in (("rule", "IES-03"), ("row", "income.current_year"), ("field", "name")):
        done = applied(result, entry({**where, key: other}))
        assert not done.waived
        assert named(done, "WAIV-01")


def test_when_all_faults_are_waived_what_was_not_checked_remains(result):
    done = applied(result, *(entry(f.id) for f in errors(result)))
    assert done.summary["errors"] == 0
    assert done.verdict == UNCHECKED


def test_nobody_can_vouch_for_a_figure_that_is_not_there(result):
    done = applied(result, *(entry(i) for i in {f.id for f in result.findings}))
    assert {f.rule for f in done.findings if f.outcome == NOT_CHECKED and f.id in done.waived}
    assert done.verdict == UNCHECKED


def test_a_report_whose_faults_are_all_waived_is_valid(result):
    faults = replace(result, findings=tuple(errors(result)), summary={**result.summary, NOT_CHECKED: 0})
    done = applied(faults, *(entry(f.id) for f in faults.findings))
    assert done.verdict == VALID
    assert done.summary["waived"] == len(faults.findings)


def test_with_a_difference_it_holds_for_that_one_only(result):
    finding = named(result, "IES-02")
    assert applied(result, entry(finding.id, difference=finding.difference)).waived
    done = applied(result, entry(finding.id, difference="0.01"))
    assert not done.waived
    assert named(done, "WAIV-01")


# What is wrong with a waiver is a finding


def test_an_unused_waiver_is_a_warning(result):
    done = applied(result, entry("f" * 16), entry(named(result, "IES-02").id))
    finding = named(done, "WAIV-01")
    assert finding.severity == "warning"
    assert "ffffffffffffffff" in finding.message()
    assert "报表.waivers.json#/waivers/0" in finding.message()
    assert len(done.waived) == 1


def test_a_second_waiver_of_one_finding_is_unused(result):
    finding = named(result, "IES-02")
    done = applied(result, entry(finding.id, office="甲"), entry(finding.id, office="乙"))
    assert done.waived[finding.id].office == "甲"
    assert named(done, "WAIV-01")


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("2023-12-31", "WAIV-04"), ("2024-01-01", None), ("2024-12-31", None), ("2025-01-01", "WAIV-02"),
    ],
)  # fmt: skip
def test_a_waiver_holds_from_its_first_through_its_last_day(result, day, rule):
    finding = named(result, "IES-02")
    done = applied(result, entry(finding.id), as_of=date.fromisoformat(day))
    assert bool(done.waived) == (rule is None)
    told = [f.rule for f in done.findings if f.rule.startswith("WAIV")]
    assert told == ([rule] if rule else [])
    assert done.summary["errors"] == result.summary["errors"] - (rule is None)


def test_what_everything_rests_on_cannot_be_waived(tmp_path):
    path = tmp_path / "r.json"
    document = json.loads((ROOT / "datapackages/minimal/report.json").read_bytes())
    document["unknown"] = 1
    path.write_text(json.dumps(document), encoding="utf-8")
    result = fatk.validate(path)
    finding = named(result, "READ-11")
    assert finding.severity == ERROR
    for waived in (entry(finding.id), entry({"rule": "STR-05", "table": "a", "row": "b", "field": "c"})):
        done = applied(result, waived)
        assert not done.waived
        assert named(done, "WAIV-03").severity == ERROR
        assert done.verdict == INVALID
        assert done.summary["errors"] == result.summary["errors"] + 1
    told = named(applied(result, entry(finding.id)), "WAIV-03").message()
    assert "READ-11" in told


def test_findings_about_waivers_have_stable_names(result):
    """Where a waiver stands in its file and on which day it is judged changes nothing about which one it is."""
    first = applied(result, entry("f" * 16))
    second = applied(result, entry("e" * 16), entry("f" * 16), as_of=DAY + timedelta(1))
    ids = [{f.id for f in done.findings if f.rule == "WAIV-01"} for done in (first, second)]
    assert ids[0] < ids[1]


def test_every_kind_is_declared_in_both_languages():
    assert {"WAIV-01", "WAIV-02", "WAIV-03", "WAIV-04"} <= set(notices())
    for name in ("WAIV-01", "WAIV-02", "WAIV-03", "WAIV-04"):
        kind = notices()[name]
        assert all(kind.title[x] and kind.messages[x] and kind.advice[x] for x in ("zh", "en"))


# How it is shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_text_tells_who_let_what_pass_and_on_which_day_it_was_judged(result, language):
    finding = named(result, "IES-02")
    text = render.text(applied(result, entry(finding.id)), language)
    assert "2024-03-01" in text.splitlines()[3]
    head = {"zh": "[已豁免] IES-02", "en": "[waived] IES-02"}[language]
    assert text.count("IES-02 ") >= 1
    after = text[text.index(head) :].splitlines()
    assert after[1].strip() == finding.message(language)
    assert "某区财政局" in after[2]
    assert "主管部门已核实" in after[2]
    assert "2024-12-31" in after[2]
    assert f"] IES-02 {render.about(finding, language)[0]}" not in text.replace(head, "")
    assert "2024" not in render.text(result, language)


def test_the_document_holds_the_waiver_and_the_day(result):
    finding = named(result, "IES-02")
    document = render.to_document(applied(result, entry(finding.id)), "0.1.0", "1.0.0")
    assert (
        list(
            Draft202012Validator(
                json.loads((ROOT / "schemas/findings.schema.json").read_bytes())
            ).iter_errors(document)
        )
        == []
    )
    assert document["as_of"] == "2024-03-01"
    waived = {f["id"]: f["waived"] for f in document["findings"] if f["waived"]}
    assert waived == {
        finding.id: {
            "reason": "主管部门已核实", "office": "某区财政局", "accepted_on": "2024-01-01", "expires_on": "2024-12-31",
        }
    }  # fmt: skip
    assert "as_of" not in render.to_document(result, "0.1.0", "1.0.0")


# The file


def wrong(change: Callable[[Entry], Any]) -> Any:
    made = entry()
    return change(made) or made


MALFORMED: dict[str, tuple[str, Callable[[Entry], Any]]] = {
    "no reason": ("/reason", lambda e: e.pop("reason") and None),
    "no office": ("/office", lambda e: e.pop("office") and None),
    "no finding": ("/finding", lambda e: e.pop("finding") and None),
    "no first day": ("/accepted_on", lambda e: e.pop("accepted_on") and None),
    "no last day": ("/expires_on", lambda e: e.pop("expires_on") and None),
    "an empty reason": ("/reason", lambda e: e.update(reason="")),
    "a reason that is no text": ("/reason", lambda e: e.update(reason=["x"])),
    "a null office": ("/office", lambda e: e.update(office=None)),
    "a day of another form": ("/accepted_on", lambda e: e.update(accepted_on="2024/01/01")),
    "a day that is a number": ("/expires_on", lambda e: e.update(expires_on=20240101)),
    "a fingerprint too short": ("/finding", lambda e: e.update(finding="abc")),
    "a fingerprint in capitals": ("/finding", lambda e: e.update(finding="ABCDEF0123456789")),
    "a finding that is a list": ("/finding", lambda e: e.update(finding=[])),
    "a cell without row": (
        "/finding/row",
        lambda e: e.update(finding={"rule": "IES-02", "table": "income", "field": "total"}),
    ),
    "a cell with more": (
        "/finding/more",
        lambda e: e.update(
            finding={"rule": "IES-02", "table": "income", "row": "x", "field": "total", "more": "x"}
        ),
    ),
    "a rule only": ("/finding/table", lambda e: e.update(finding={"rule": "IES-02"})),
    "a difference that is a number": ("/difference", lambda e: e.update(difference=-18)),
    "a difference with a plus": ("/difference", lambda e: e.update(difference="+18.00")),
    "an unknown member": ("/author", lambda e: e.update(author="x")),
    "no object": ("", lambda _: "x"),
}
#: What the schema does not tell.
DEEPER: dict[str, tuple[str, Callable[[Entry], Any]]] = {
    "a day that is none": ("/accepted_on", lambda e: e.update(accepted_on="2024-02-30")),
    "a last day before the first": ("/expires_on", lambda e: e.update(expires_on="2023-12-31")),
    "a reason of blanks": ("/reason", lambda e: e.update(reason="  ")),
    "an office with a control": ("/office", lambda e: e.update(office="a\x1b[31m")),
}


@pytest.mark.parametrize("name", [*MALFORMED, *DEEPER])
def test_a_malformed_file_is_refused_where_it_is_wrong(name):
    place, change = (MALFORMED | DEEPER)[name]
    made = wrong(change)
    with pytest.raises(Refused) as error:
        waivers.parse(encoded(entry(), made), "报表.waivers.json")
    assert error.value.code == "WAIVERS_MALFORMED"
    assert error.value.details == {"path": "报表.waivers.json", "place": f"/waivers/1{place}"}
    assert (not SHAPE.is_valid({"waivers": [made]})) == (name in MALFORMED)


@pytest.mark.parametrize("document", [[], {}, {"waivers": {}}, {"waivers": [], "more": 1}, 1, None])
def test_a_document_of_another_shape_is_refused(document):
    assert not SHAPE.is_valid(document)
    with pytest.raises(Refused):
        waivers.parse(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b'{"waivers": [], "waivers": []}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(data):
    with pytest.raises(Refused):
        waivers.parse(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "2024-01-01", "0123456789abcdef", "IES-02"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*entry(), "difference", "rule", "table", "row", "field"]), inner, max_size=6),
        max_leaves=12,
    )
)  # fmt: skip
def test_whatever_is_taken_is_of_the_shape(made):
    document = {"waivers": [made]}
    try:
        waivers.parse(json.dumps(document).encode())
    except Refused:
        return
    assert SHAPE.is_valid(document)


def test_the_example_of_the_module_is_well_formed():
    text = (waivers.__doc__ or "").split("\n\n")[1]
    document = json.loads(text.replace('"…"', '"x"'))
    assert SHAPE.is_valid(document)
    assert len(waivers.parse(json.dumps(document).encode())) == 2


def test_a_file_is_found_beside_its_report(tmp_path):
    for name in ("报表.xlsx", "报表.json"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "包").mkdir()
    assert waivers.beside(tmp_path / "报表.xlsx") is None
    (tmp_path / "报表.waivers.json").write_bytes(encoded(entry()))
    (tmp_path / "包.waivers.json").write_bytes(encoded(entry()))
    for source in ("报表.xlsx", "报表.json"):
        assert waivers.beside(tmp_path / source) == tmp_path / "报表.waivers.json"
    assert waivers.beside(tmp_path / "包") == tmp_path / "包.waivers.json"
    assert waivers.beside(tmp_path / "别的.xlsx") is None
    (one,) = waivers.read(tmp_path / "报表.waivers.json")
    assert one.place == "报表.waivers.json#/waivers/0"


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(Refused) as error:
        waivers.read(tmp_path / "none.json")
    assert error.value.code == "FILE_NOT_FOUND"
    (tmp_path / "big.json").write_bytes(encoded(entry()) + b" " * 1000)
    with pytest.raises(Refused) as error:
        waivers.read(tmp_path / "big.json", Limits(file_size=1000))
    assert error.value.code == "FILE_TOO_LARGE"
