"""What other programs are given of a result: each in the shape of its format, each showing untrusted text and never obeying it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import fatk
from fatk import render
from fatk.check import Result, Waiver
from fatk.errors import Refused
from fatk.findings import ERROR, NOT_CHECKED, CellRef, Finding, location_order
from fatk.model import Report, build
from fatk.outputs import annotations, junit, sarif, table
from fatk.outputs.places import on_disk
from fatk.reading import Reading

ROOT = Path(__file__).resolve().parent.parent
MINIMAL = ROOT / "datapackages/minimal/report.json"
VERSIONS = ("0.1.0", "1.0.0")
WRITERS = {"sarif": sarif.write, "junit": junit.write, "csv": table.write, "annotations": annotations.write}

#: Texts that mean something to some reader of some output.
HOSTILE = (
    "a\n::error file=x::taken over", "\r\n::set-output name=a::b", "%0A::error::x", "##[error]x", "<script>alert(1)</script>",
    "]]>", "&amp;<!--", "\x1b[31mred", "\x00", "\u202etxt.exe", "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "＝1", "[here](http://x)",
    "{0}", "_x0041_", '"quoted"', "a,b;c", "\ud800", "\u2028::error::x", "\ufeff=1", "]]\uffff>",
)  # fmt: skip


@cache
def minimal() -> Report:
    return fatk.read(MINIMAL).report


def broken() -> Report:
    """The minimal example with a wrong total, a blank where a figure is needed, and a negative figure."""
    report = minimal()
    tables = dict(report.tables)
    for name, row, field, value in (
        ("income_expenditure_summary", "income.total", "amount", Decimal("999.99")),
        ("income", "TOTAL", "total", Decimal("1.23")),
        ("income_expenditure_summary", "income.other", "amount", None),
        ("three_public_expenses", "reception", "final", Decimal("-3.00")),
    ):
        declared = report.spec.tables[name]
        at, key = declared.position[field], declared.key_positions[0]
        tables[name] = tuple(
            tuple(value if i == at and old[key] == row else v for i, v in enumerate(old))
            for old in tables[name]
        )
    return build(report.spec, tables)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The broken report in every form, validated."""
    folder = tmp_path_factory.mktemp("outputs")
    report = broken()
    for name in ("bad.json", "bad.xlsx", "bad.zip", "bad"):
        fatk.write(report, folder / name)
    return {name: fatk.validate(folder / name) for name in ("bad.json", "bad.xlsx", "bad.zip", "bad")}


def made(*findings: Finding, path: str = "报表.json", form: str = "json") -> Result:
    """A result of these findings."""
    reading = Reading(minimal(), form=form, path=path)
    count = Counter(f.severity for f in findings)
    summary = dict.fromkeys(("exact", "within_rounding", "failed", "not_checked", "not_applicable"), 0)
    summary |= {"errors": count["error"], "warnings": count["warning"], "infos": count["info"]}
    summary |= {"source_cells": 0, "unaccounted_cells": 0}
    return Result(reading, "invalid", summary, tuple(sorted(findings, key=location_order)))


def hostile(text: str) -> Result:
    """A result in which every text that can come from a file is this one."""
    cell = CellRef("income", text, "total", f"{text}!A1", text, text)
    said = Finding(
        "IES-02", ERROR, cells=(cell, cell), details=(("en", text), ("zh", text)), expected=text, found=text
    )
    read = Finding("READ-01", ERROR, cells=(CellRef(location=text, value=text),), details=(("text", text), ("field", text)))  # fmt: skip
    unchecked = Finding("IES-01", "info", NOT_CHECKED, (cell,), (("en", text), ("zh", text)), reason="blank")
    result = made(said, read, unchecked, path=f"{text}.xlsx", form="xlsx")
    waiver = Waiver(text, text, date(2023, 1, 1), date(2023, 12, 31))
    warning = Finding("IES-05", "warning", details=(("en", text), ("zh", text)))
    findings = (*result.findings, warning)
    return Result(
        result.reading, "invalid", result.summary, findings, {}, {warning.id: waiver}, date(2023, 6, 1)
    )


def refusal(text: str = "坏文件.xlsx") -> dict[str, Any]:
    return render.refusal_document(Refused("FILE_NOT_FOUND", path=text), text, *VERSIONS)


# All of them


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_written_is_text_without_controls(name, language, sources):
    for result in [*sources.values(), *map(hostile, HOSTILE)]:
        written = WRITERS[name]([result, refusal()], *VERSIONS, language=language)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u2028\u202e]", written)
        written.encode()  # no half of a surrogate pair
        assert written.endswith("\n")
        assert "\n\n" not in written


def test_where_nothing_was_found_nothing_is_told():
    good = fatk.validate(MINIMAL)
    for results in ([], [good]):
        assert log_of(*results)["runs"][0]["results"] == []
        assert not suites_of(*results).findall("*/testcase/*")
        assert rows_of(*results) == []
        assert annotations.write(results, *VERSIONS) == ""


CHILD = """
import sys, hashlib, fatk
from fatk.outputs import annotations, junit, sarif, table
from fatk.outputs import marked
from pathlib import Path
paths = [Path(p) for p in sys.argv[1:]]
results = [fatk.validate(p) for p in paths]
texts = [w(results, "0.1.0", "1.0.0").encode() for w in (annotations.write, junit.write, sarif.write, table.write)]
texts += [marked.write(r, p.read_bytes(), "0.1.0", "1.0.0").data for r, p in zip(results, paths) if p.suffix == ".xlsx"]
print(hashlib.sha256(b"".join(texts)).hexdigest())
"""


def test_the_same_results_are_the_same_bytes_in_any_process(sources):
    paths = [r.reading.path for r in sources.values()]
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"}
        done = subprocess.run([sys.executable, "-c", CHILD, *paths], capture_output=True, encoding="utf-8", env=environment, check=True)  # fmt: skip
        digests.add(done.stdout)
    assert len(digests) == 1


# SARIF


def log_of(*results: Any, **options: Any) -> dict[str, Any]:
    """The log of results, held to what section 3 of the standard says of the properties that are used."""
    log = json.loads(sarif.write(list(results), *VERSIONS, **options))
    assert list(log) == ["$schema", "version", "runs"]
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == sorted({r["id"] for r in rules})
    for rule in rules:
        texts = [rule[part]["text"] for part in ("shortDescription", "fullDescription", "help")]
        assert all(texts)
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    artifacts = run["artifacts"]
    addresses = [a["location"]["uri"] for a in artifacts]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        assert re.fullmatch(r"(file:///)?[A-Za-z0-9._~/%-]+", address), address
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] != "fail")
        assert result["kind"] in {"fail", "open", "informational"}
        assert result["message"]["text"]
        assert re.fullmatch("[0-9a-f]{16}", result["partialFingerprints"]["fatkFinding/v1"])
        assert len(result["locations"]) == 1
        related = result.get("relatedLocations", [])
        assert len({r["id"] for r in related}) == len(related)
        for location in [*result["locations"], *related]:
            physical = location["physicalLocation"]
            assert addresses[physical["artifactLocation"]["index"]] == physical["artifactLocation"]["uri"]
            region = physical.get("region")
            if region and "endLine" in region:
                assert (1, 1) <= (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])  # fmt: skip
        messages = [result["message"], *(x["message"] for x in related if "message" in x)]
        for message in messages:  # neither a link nor a placeholder
            assert not re.search(r"\[[^]]*\]\(", message["text"])
            assert not re.search(r"[{}]", message["text"].replace("{{", "").replace("}}", ""))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] == (not invocation["toolExecutionNotifications"])
    return log


def test_a_log_tells_the_tool_its_rules_and_what_was_checked(sources):
    run = log_of(sources["bad.json"])["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["version"], driver["semanticVersion"]) == ("0.1.0", "0.1.0")
    assert driver["properties"]["spec_version"] == "1.0.0"
    assert driver["properties"]["rules_digest"] == render.rules_digest()
    rule = next(r for r in driver["rules"] if r["id"] == "IES-02")
    assert "公式：" in rule["help"]["text"]
    assert "Formula: " in rule["help"]["text"]
    assert {r["id"] for r in driver["rules"]} >= set(sources["bad.json"].ran)
    (artifact,) = run["artifacts"]
    assert artifact["hashes"]["sha-256"] == sources["bad.json"].reading.sha256
    assert artifact["properties"]["verdict"] == "invalid"


def test_a_log_has_no_times(sources):
    keys = set(re.findall(r'"(\w+)":', sarif.write(list(sources.values()), *VERSIONS)))
    assert not {key for key in keys if "Utc" in key or "time" in key.lower()}


def test_kinds_and_levels_follow_outcomes_and_severities(sources):
    result = sources["bad.json"]
    found = {r["partialFingerprints"]["fatkFinding/v1"]: r for r in log_of(result)["runs"][0]["results"]}
    assert len(found) == len(result.findings)
    for finding in result.findings:
        said = found[finding.id]
        if finding.outcome == NOT_CHECKED:
            assert (said["kind"], said["level"]) == ("open", "none")
        elif finding.severity == ERROR:
            assert (said["kind"], said["level"]) == ("fail", "error")
    assert {r["kind"] for r in found.values()} == {"fail", "open"}
    rounded = Finding("IES-02", "info", "within_rounding", details=(("en", "x"), ("zh", "x")))
    assert log_of(made(rounded))["runs"][0]["results"][0]["kind"] == "informational"


def in_text(path: str, region: dict[str, int]) -> str:
    lines = re.split("(?<=\n)", Path(path).read_text(encoding="utf-8"))
    assert region["startLine"] == region["endLine"]
    return lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]


@pytest.mark.parametrize("name", ["bad.json", "bad.xlsx", "bad.zip", "bad"])
def test_a_cell_that_may_be_the_cause_is_related_with_the_figure_that_would_reconcile(name, sources):
    result = sources[name]
    found = log_of(result, contents=on_disk)["runs"][0]["results"]
    told = {r["partialFingerprints"]["fatkFinding/v1"]: [x for x in r.get("relatedLocations", []) if "properties" in x] for r in found}  # fmt: skip
    expected = {finding: cause for cause in result.causes for finding in cause.explains}
    assert len(expected) > 2
    assert {finding for finding, related in told.items() if related} == set(expected)
    for finding, cause in expected.items():
        (related,), (cell,) = told[finding], cause.cells
        assert related["message"]["text"] == cause.messages["zh"]
        assert related["properties"] == {
            "cause": cause.kind, "group": cause.group, "option": 0, "would_reconcile": cause.would_reconcile[0],
        }  # fmt: skip
        names = [place["fullyQualifiedName"] for place in related["logicalLocations"]]
        assert names == [cell.location, f"{cell.table}/{cell.row}/{cell.field}"]
        region = related["physicalLocation"].get("region")
        if name in {"bad.json", "bad"}:
            path = related["physicalLocation"]["artifactLocation"]["uri"].removeprefix("file://")
            assert in_text(path, region).strip('"') == cell.value
        else:
            assert region is None


def test_causes_of_many_cells_and_of_waived_findings_are_kept_short(sources):
    result = sources["bad.json"]
    cause = result.causes[0]
    many = replace(cause, cells=cause.cells * 40, would_reconcile=cause.would_reconcile * 40)
    finding = cause.explains[0]
    waived = {finding: Waiver("原因", "某局", date(2023, 1, 1), date(2023, 12, 31))}
    for changed, count in ((replace(result, causes=(many,)), 12), (replace(result, waived=waived, as_of=date(2023, 6, 1)), 0)):  # fmt: skip
        found = {r["partialFingerprints"]["fatkFinding/v1"]: r for r in log_of(changed)["runs"][0]["results"]}
        assert sum("properties" in x for x in found[finding].get("relatedLocations", [])) == count


@pytest.mark.parametrize(("name", "quote"), [("bad.json", '"'), ("bad", "")])
def test_a_region_is_where_the_value_stands(name, quote, sources):
    checked = 0
    result = sources[name]
    said = log_of(result, contents=on_disk)["runs"][0]
    for finding in said["results"]:
        for location in [*finding["locations"], *finding.get("relatedLocations", [])]:
            physical = location["physicalLocation"]
            if "region" not in physical or "message" not in location:
                continue
            value = location["message"]["text"].split("：")[-1]
            if re.fullmatch(r"-?\d+\.\d\d", value):
                path = physical["artifactLocation"]["uri"].removeprefix("file://")
                assert in_text(path, physical["region"]) == f"{quote}{value}{quote}"
                checked += 1
    assert checked > 8


def test_without_the_text_places_keep_what_they_name(sources):
    for name, region in (
        ("bad.json", None),
        ("bad", {"startLine": 13}),
        ("bad.xlsx", None),
        ("bad.zip", None),
    ):
        run = log_of(sources[name])["runs"][0]
        location = next(r for r in run["results"] if r["ruleId"] == "IES-02")["locations"][0]
        assert location["physicalLocation"].get("region") == region
        names = [place["fullyQualifiedName"] for place in location["logicalLocations"]]
        assert names[1] == "income_expenditure_summary/income.total/amount"
        assert (
            names[0]
            == {
                "bad.json": "/tables/income_expenditure_summary/rows/11/amount",
                "bad": "income_expenditure_summary.csv:13:3",
                "bad.xlsx": "01收入支出决算总表!C37",
                "bad.zip": "income_expenditure_summary.csv:13:3",
            }[name]
        )


def test_a_pointer_to_what_is_not_there_leads_to_what_would_hold_it(tmp_path):
    path = tmp_path / "报.json"
    path.write_text('{\n "a": {"b~/c": [1,\n {"d": "é"}]}, "e": [ ] }', encoding="utf-8")
    for pointer, region in (
        ("", (1, 1, 3, 24)), ("/a/b~0~1c/1/d", (3, 8, 3, 11)), ("/a/b~0~1c/1/zz", (3, 2, 3, 12)), ("/a/b~0~1c/0", (2, 17, 2, 18)),
        ("/e/7/x", (3, 21, 3, 24)), ("/nothing/here", (1, 1, 3, 26)),
    ):  # fmt: skip
        cells = (CellRef(location=pointer), CellRef(location="/a/b~0~1c/1/d"))
        finding = Finding("READ-11", ERROR, cells=cells, details=(("place", "x"), ("text", "x")))
        log = log_of(made(finding, path=str(path)), contents=on_disk)
        found = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
        if pointer in {"", "/nothing/here"}:
            assert (found["startLine"], found["startColumn"], found["endLine"]) == (1, 1, 3)
        else:
            assert tuple(found.values()) == region, pointer
    for text in ("{", '{"a":', "[[[", "nonsense", '{"a": 1 "b"}'):
        path.write_text(text, encoding="utf-8")
        finding = Finding("READ-11", ERROR, cells=(CellRef(location="/a/b"),), details=(("place", "x"), ("text", "x")))  # fmt: skip
        log_of(made(finding, path=str(path)), contents=on_disk)


def test_fields_of_csv_are_counted_as_csv_counts_them(tmp_path):
    (tmp_path / "t.csv").write_text('a,b,c\r\n"x,""\ny",二,"3"\r\n,,\r\n', encoding="utf-8", newline="")
    for place, expected in (
        ("t.csv:2:1", (2, 1, 3, 3)), ("t.csv:2:2", (3, 4, 3, 5)), ("t.csv:2:3", (3, 6, 3, 9)), ("t.csv:4:2", (4, 2, 4, 2)),
        ("t.csv:1", (1,)), ("t.csv:2:9", (2,)), ("t.csv:99:1", (99,)), ("none.csv:3:1", (3,)),
    ):  # fmt: skip
        finding = Finding("READ-20", ERROR, cells=(CellRef(location=place),), details=(("place", "x"), ("text", "x")))  # fmt: skip
        log = log_of(made(finding, path=str(tmp_path), form="package"), contents=on_disk)
        region = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
        assert tuple(region.values()) == expected, place


def test_refused_sources_are_notifications_and_the_exit_status_is_told(sources):
    run = log_of(sources["bad.json"], refusal())["runs"][0]
    (invocation,) = run["invocations"]
    assert invocation["exitCode"] == 3
    (told,) = invocation["toolExecutionNotifications"]
    assert (told["descriptor"]["id"], told["level"]) == ("FILE_NOT_FOUND", "error")
    assert run["artifacts"][1]["location"]["uri"] == "%E5%9D%8F%E6%96%87%E4%BB%B6.xlsx"
    assert log_of(sources["bad.json"])["runs"][0]["invocations"][0]["exitCode"] == 1
    assert log_of(made(), exit_status=4)["runs"][0]["invocations"][0]["exitCode"] == 4
    assert log_of(made())["runs"][0]["invocations"][0]["exitCode"] == 0


def test_waived_findings_are_suppressed_and_the_others_not(sources):
    result = hostile("原因")
    run = log_of(result)["runs"][0]
    suppressed = {r["ruleId"]: r["suppressions"] for r in run["results"]}
    assert suppressed["IES-02"] == []
    (said,) = suppressed["IES-05"]
    assert said["justification"] == "原因"
    assert said["properties"]["expires_on"] == "2023-12-31"
    assert all("suppressions" not in r for r in log_of(sources["bad"])["runs"][0]["results"])


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_only_text_in_a_log(text):
    log_of(hostile(text), refusal(text))


# JUnit

#: What Jenkins, GitLab and the Surefire plug-in all read.
XSD = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attributeGroup name="counts">
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
  </xs:attributeGroup>
  <xs:complexType name="told"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="message" type="xs:string" use="required"/>
    <xs:attribute name="type" type="xs:string"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:element name="testsuites"><xs:complexType>
    <xs:sequence><xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attributeGroup ref="counts"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType>
    <xs:sequence>
      <xs:element name="properties"><xs:complexType><xs:sequence>
        <xs:element name="property" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
          <xs:attribute name="name" type="xs:string" use="required"/>
          <xs:attribute name="value" type="xs:string" use="required"/>
        </xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="testcase" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
        <xs:sequence>
          <xs:choice minOccurs="0">
            <xs:element name="failure" type="told"/>
            <xs:element name="error" type="told"/>
            <xs:element name="skipped" type="told"/>
          </xs:choice>
          <xs:element name="system-out" type="xs:string" minOccurs="0"/>
        </xs:sequence>
        <xs:attribute name="classname" type="xs:string" use="required"/>
        <xs:attribute name="name" type="xs:string" use="required"/>
      </xs:complexType></xs:element>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attributeGroup ref="counts"/>
  </xs:complexType></xs:element>
</xs:schema>
"""


def suites_of(*results: Any, **options: Any) -> Any:
    """The document of results, held to its schema; counts are those of the cases."""
    root = etree.fromstring(junit.write(list(results), *VERSIONS, **options).encode())
    etree.XMLSchema(etree.fromstring(XSD)).assertValid(root)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        for count, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(count)) == len(suite.findall(f"testcase/{name}"))
    for count in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(count)) == sum(int(suite.get(count)) for suite in root)
    return root


def test_every_rule_that_ran_is_a_case(sources):
    result = sources["bad.xlsx"]
    (suite,) = suites_of(result)
    cases = {case.get("name").split(" ")[0]: case for case in suite.findall("testcase")}
    assert set(cases) == {*result.ran, *(f.rule for f in result.findings)}
    for rule, case in cases.items():
        found = [f for f in result.findings if f.rule == rule]
        failed = [f for f in found if f.severity == ERROR and f.outcome != NOT_CHECKED]
        assert (case.find("failure") is not None) == bool(failed)
        if not failed:
            assert (case.find("skipped") is not None) == any(f.outcome == NOT_CHECKED for f in found)
    failure = cases["IES-02"].find("failure")
    assert failure.text.startswith("01收入支出决算总表!C37：")
    assert "999.99" in failure.text
    assert "L8" in cases["ALL-01"].find("system-out").text


def test_a_refused_source_is_a_case_in_error(sources):
    good, bad = suites_of(refusal(), sources["bad"])
    assert good.find("testcase/error").get("type") == "FILE_NOT_FOUND"
    assert bad.get("errors") == "0"


def test_a_waived_finding_fails_nothing():
    waived = Finding("IES-02", ERROR, details=(("en", "w"), ("zh", "豁免的")))
    result = made(waived)
    waiver = Waiver("原因", "某局", date(2023, 1, 1), date(2023, 12, 31))
    result = Result(
        result.reading, "valid", result.summary, (waived,), {}, {waived.id: waiver}, date(2023, 6, 1)
    )
    (suite,) = suites_of(result)
    assert suite.get("failures") == "0"
    assert "某局：原因" in suite.find("testcase/system-out").text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_only_text_in_suites(text):
    root = suites_of(hostile(text), refusal(text))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip


# CSV


def rows_of(*results: Any, **options: Any) -> list[dict[str, str]]:
    written = table.write(list(results), *VERSIONS, **options)
    assert not written.startswith("\ufeff")
    assert "\r" not in written
    reader = csv.DictReader(io.StringIO(written, newline=""), strict=True)
    rows = list(reader)
    assert reader.fieldnames == list(table.COLUMNS)
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_a_table_has_a_row_for_each_cell_of_each_finding(sources):
    result = sources["bad.xlsx"]
    rows = rows_of(result)
    assert len(rows) == sum(max(len(f.cells), 1) for f in result.findings)
    first = next(r for r in rows if r["rule"] == "IES-02")
    assert (first["location"], first["found"], first["expected"], first["difference"], first["cell"]) == (
        "01收入支出决算总表!C37", "999.99", "5.00", "994.99", "1",
    )  # fmt: skip
    assert {r["id"] for r in rows} == {f.id for f in result.findings}
    for cause in result.causes:
        assert {r["id"] for r in rows if r["causes"] == cause.messages["zh"]} == set(cause.explains)
    assert {r["causes"] for r in rows} == {"", *(cause.messages["zh"] for cause in result.causes)}
    either = [replace(cause, option=option, messages={"zh": f"其{option}。"}) for option in (0, 0, 1)]
    assert "其0。 其0。 | 其1。" in {r["causes"] for r in rows_of(replace(result, causes=tuple(either)))}
    negative = next(r for r in rows if r["value"].startswith("-"))
    assert negative["value"] == "-3.00"


def test_a_refused_source_is_a_row_and_one_without_findings_none():
    (row,) = rows_of(refusal(), made())
    assert (row["rule"], row["outcome"], row["severity"]) == ("FILE_NOT_FOUND", "refused", "error")


def test_columns_are_documented():
    assert all(table.COLUMNS.values())
    assert len(set(table.COLUMNS)) == len(table.COLUMNS)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_cell_of_a_table_is_a_formula(text):
    for row in rows_of(hostile(text), refusal(text)):
        for value in row.values():
            assert not value.lstrip(" \ufeff").startswith(("=", "+", "@", "＝", "＋", "－", "＠", "\t", "\r"))
            assert not value.startswith("-") or re.fullmatch(r"-\d+(\.\d+)?", value)


# Workflow commands


def commands_of(written: str) -> list[tuple[str, dict[str, str], str]]:
    """Commands as the runner of GitHub Actions reads them."""
    found = []
    for line in re.split(
        "\r\n|\r|\n|\x0b|\x0c|\x1c|\x1d|\x1e|\x85|\u2028|\u2029", written.removesuffix("\n")
    ):
        match = re.fullmatch(r"::([a-z-]+) (.*?)::(.*)", line)
        assert match, line
        name, given, said = match.groups()
        properties = dict(pair.split("=", 1) for pair in given.split(","))
        for old, new in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
            properties = {k: v.replace(old, new) for k, v in properties.items()}
        found.append((name, properties, said.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")))
    return found


def test_each_finding_is_one_annotation_of_its_file_the_worst_first(sources):
    results = [sources["bad.json"], sources["bad"], sources["bad.xlsx"], refusal()]
    commands = commands_of(annotations.write(results, *VERSIONS, contents=on_disk))
    assert len(commands) == 1 + sum(len(r.findings) for r in results if isinstance(r, Result))
    assert [name for name, _, _ in commands] == sorted(
        (name for name, _, _ in commands), key=("error", "warning", "notice").index
    )
    found = {Path(p["file"]).name: p for _, p, _ in commands if p["title"].startswith("IES-02")}
    path = sources["bad.json"].reading.path
    line = int(found["bad.json"]["line"])
    text = Path(path).read_text(encoding="utf-8").splitlines()[line - 1]
    assert text[int(found["bad.json"]["col"]) - 1 : int(found["bad.json"]["endColumn"]) - 1] == '"999.99"'
    assert found["income_expenditure_summary.csv"]["line"] == "13"
    assert "line" not in found["bad.xlsx"]
    assert all(p["file"] for _, p, _ in commands)
    assert any(p["title"] == "FILE_NOT_FOUND" for _, p, _ in commands)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_ends_a_command_or_begins_another(text):
    result = hostile(text)
    commands = commands_of(annotations.write([result, refusal(text)], *VERSIONS))
    assert len(commands) == len(result.findings) + 1
    for name, properties, _ in commands:
        assert name in {"error", "warning", "notice"}
        assert set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
    assert Counter(name for name, _, _ in commands)["notice"] == 2  # what was not checked, what is waived
