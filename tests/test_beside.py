"""The library checks a report beside last year's, those of its units and waivers, as the command does."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import fatk
from conftest import ROOT
from fatk import render

REPORT = (ROOT / "datapackages/wuerhe-2022/report.json").read_bytes()


def written(place: Path, years: int = 0) -> Path:
    document = json.loads(REPORT)
    document["report"]["fiscal_year"] -= years
    place.write_text(json.dumps(document), encoding="utf-8")
    return place


def rules(result: fatk.Result) -> set[str]:
    return {finding.rule for finding in result.findings}


def test_other_reports_may_be_files_or_in_memory(tmp_path: Path) -> None:
    ours, before = written(tmp_path / "今年.json"), written(tmp_path / "去年.json", 1)
    alone = fatk.validate(ours)
    results = [
        fatk.validate(ours, previous=before, parts=[ours, ours]),
        fatk.validate(
            fatk.read(ours), previous=fatk.read(before).report, parts=iter([fatk.read(ours).report] * 2)
        ),
    ]
    assert len({render.as_json([render.to_document(one, "1", "1")]) for one in results}) == 1
    added = rules(results[0]) - rules(alone)
    assert "CY-03" in added
    assert any(rule.startswith("CE-") for rule in added)


@pytest.mark.parametrize(
    ("beside", "code"),
    [
        ({"previous": "今年.json"}, "REPORT_OTHER_YEAR"),
        ({"parts": ["去年.json"]}, "REPORT_OTHER_YEAR"),
        ({"previous": "没有.json"}, "FILE_NOT_FOUND"),
        ({"waivers": "去年.json"}, "WAIVERS_MALFORMED"),
        ({"waivers": "没有.json"}, "FILE_NOT_FOUND"),
    ],
)
def test_what_does_not_belong_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: dict[str, Any], code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "今年.json")
    written(tmp_path / "去年.json", 1)
    with pytest.raises(fatk.Refused) as refused:
        fatk.validate("今年.json", **beside)
    assert refused.value.code == code
    with pytest.raises(fatk.Misuse):
        fatk.validate("今年.json", edition="none")


def test_waivers_are_judged_on_the_day_that_is_given(tmp_path: Path) -> None:
    broken = tmp_path / "r.json"
    broken.write_bytes(REPORT.replace(b'"386.23"', b'"386.32"', 1))
    found = [finding for finding in fatk.validate(broken).findings if finding.severity == "error"]
    waivers = [
        {"finding": f.id, "reason": "已核实", "office": "区财政局", "accepted_on": "2023-01-01", "expires_on": "2023-12-31"} for f in found
    ]  # fmt: skip
    (tmp_path / "豁免.json").write_text(json.dumps({"waivers": waivers}), encoding="utf-8")
    during = fatk.validate(broken, waivers=tmp_path / "豁免.json", as_of=date(2023, 6, 1))
    assert (during.summary["errors"], during.summary["waived"]) == (0, len(found))
    assert found
    assert during.waivers == "豁免.json"
    later = fatk.validate(broken, waivers=tmp_path / "豁免.json", as_of=date(2024, 1, 1))
    assert later.summary["errors"] == len(found)
    assert "WAIV-02" in rules(later)


def test_an_edition_is_the_one_that_is_given() -> None:
    report = fatk.read(ROOT / "datapackages/wuerhe-2022").report
    assert fatk.validate(report).reading.report.edition.id == "xinjiang-2022"
    assert fatk.validate(report, edition="national-2023").reading.report.edition.id == "national-2023"
