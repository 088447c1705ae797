"""The service gives what the library gives, within its bounds, and tells nobody else anything.

Most of it is asked without a network, through Starlette's test client; jobs run in processes of their own all the same.
"""

import asyncio
import hashlib
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import jsonschema
import psutil
import pytest
from starlette.testclient import TestClient

import fatk
import pdf_maker
from conftest import ROOT, required_program
from fatk import formats, render, resources
from fatk.errors import Declined, Misuse, Refused
from fatk.findings import explain_error, notices
from fatk.limits import SERVER, Limits
from fatk.rules.context import load_rules
from fatk.spec import load
from fatk.web import answers, bodies, guard, parameters, problems, standard, work
from fatk.web.app import application
from fatk.web.pool import Fault, Pool
from fatk.web.results import Results
from fatk.web.settings import ServiceLimits, Settings, settings
from old_office import label, xls
from old_office import number as figure
from serving import serving
from test_bad_input import ARCHIVES, FILES

EXAMPLE = ROOT / "datapackages/wuerhe-2022"
WORKBOOK = (EXAMPLE / "report.xlsx").read_bytes()
REPORT = (EXAMPLE / "report.json").read_bytes()
SCHEMA = jsonschema.Draft202012Validator(resources.read_json("findings.schema.json"))
XLSX = parameters.MEDIA_TYPES["xlsx"]
LIMITS = ServiceLimits(requests=100_000)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(
        application(Settings(limits=LIMITS)), "http://localhost", follow_redirects=False
    ) as found:
        yield found


def sent(name: str = "report.xlsx", data: bytes = WORKBOOK) -> dict[str, Any]:
    return {"files": [("file", (name, data))]}


# What comes of files


@pytest.mark.parametrize("form", [form for form in work.SUFFIXES if form != "parquet"])
def test_a_file_is_converted_as_the_library_does(client: TestClient, form: str) -> None:
    answer = client.post("/api/v1/convert", data={"to": form}, **sent())
    assert answer.status_code == 200, answer.text
    report = formats.read_bytes(WORKBOOK, name="report.xlsx")[1].report
    assert answer.content == formats.encode(report, "zip" if form == "package" else form)[0]
    assert answer.headers["content-type"] == parameters.MEDIA_TYPES[form]
    suffix = work.SUFFIXES[form]
    assert (
        answer.headers["content-disposition"]
        == f"attachment; filename=\"report{suffix}\"; filename*=UTF-8''report{suffix}"
    )
    assert (answer.headers["fatk-verdict"], answer.headers["fatk-errors"]) == ("not_checked", "0")


@pytest.mark.skipif("parquet" not in work.SUFFIXES, reason="pyarrow is not installed")
def test_rows_can_be_had_as_parquet(client: TestClient) -> None:
    from pyarrow import parquet

    answer = client.post("/api/v1/convert", data={"to": "parquet"}, **sent())
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    income = parquet.read_table(io.BytesIO(archive.read("income.parquet"))).to_pylist()
    assert next(row["total"] for row in income if row["code"] == "TOTAL") == 3862300
    assert client.post("/api/v1/convert", data={"to": "parquet"}, **sent()).content == answer.content


def test_edition_and_unit_are_as_the_library_has_them(client: TestClient) -> None:
    answer = client.post("/api/v1/convert?edition=shanghai-2024&unit=元&to=json", **sent())
    report = fatk.restate(fatk.read(EXAMPLE / "report.xlsx").report, "shanghai-2024")
    document = answer.json()
    assert document["report"]["edition"] == report.one("report")["edition"] == "shanghai-2024"
    assert document["tables"]["income"]["rows"][0]["total"] == "3862300.00"


def test_a_file_is_checked_as_the_library_does(client: TestClient) -> None:
    answer = client.post("/api/v1/validate", **sent())
    document = answer.json()
    SCHEMA.validate(document)
    result = fatk.validate(fatk.read(EXAMPLE / "report.xlsx"))
    wanted = render.to_document(result, fatk.__version__, load().version)
    wanted["source"]["path"] = "report.xlsx"
    assert document == wanted
    assert answer.headers["fatk-verdict"] == result.verdict


def test_files_that_a_process_of_its_own_reads_are_read(client: TestClient) -> None:
    said = [
        "第三部分 2022年度部门决算情况说明",
        "一、收入支出决算总体情况说明",
        "2022年度收入总计100.00万元，支出总计100.00万元。",
    ]
    pages = pdf_maker.prose(said)
    header = [
        label(1, n, text) for n, text in enumerate(("科目编码", "科目名称", "本年收入合计", "财政拨款收入"))
    ]
    form = xls(
        b"".join([label(0, 0, "收入决算表"), *header, label(2, 0, "合计"), figure(2, 2, 5), figure(2, 3, 5)])
    )
    for name, data in ("说明.pdf", pdf_maker.document(pages)), ("表.xls", form):
        answer = client.post("/api/v1/validate", files={"file": (name, data)})
        assert answer.status_code == 200, answer.text
        assert answer.json()["source"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_file_may_be_the_body_itself(client: TestClient) -> None:
    query = {"name": "表.xlsx", "format": "json"}
    alone = client.post("/api/v1/validate", params=query, content=WORKBOOK, headers={"content-type": XLSX})
    form = client.post("/api/v1/validate", **sent("表.xlsx"))
    assert alone.status_code == 200
    assert alone.content == form.content
    assert alone.json()["source"]["path"] == "表.xlsx"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/sarif+json", "application/sarif+json"),
        ("application/xml", "application/xml"),
        ("text/csv;q=0.4, text/html;q=0", "text/csv"),
        ("*/*, application/json;q=0", "text/csv"),
        ("application/json;q=0, application/*", "application/sarif+json"),
        ("text/*, text/csv;q=0", "text/html"),
        ("text/*;q=0.9, text/html;q=0.5, text/csv;q=0.1", "text/html"),
        ("text/xml", "application/xml"),
        ("image/png, " + XLSX, XLSX),
    ],
)
def test_the_result_comes_in_the_form_that_is_accepted(client: TestClient, accept: str, media: str) -> None:
    answer = client.post("/api/v1/validate", headers={"accept": accept}, **sent())
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    asked = next(
        form
        for form, kind in parameters.MEDIA_TYPES.items()
        if kind.partition(";")[0] == media and form in work.RESULTS
    )
    assert client.post("/api/v1/validate", data={"format": asked}, **sent()).content == answer.content


def test_of_several_files_each_has_a_result_of_its_own(client: TestClient) -> None:
    files = [("file", ("a.xlsx", WORKBOOK)), ("file", ("b.txt", b"nothing")), ("file", ("a.xlsx", REPORT))]
    answer = client.post("/api/v1/validate", files=files)
    assert answer.headers["content-type"] == parameters.LINES
    documents = [json.loads(line) for line in answer.text.splitlines()]
    for document in documents:
        SCHEMA.validate(document)
    assert [d["source"]["path"] for d in documents] == ["a.xlsx", "b.txt", "a (2).xlsx"]
    assert [d.get("refused", {}).get("code") for d in documents] == [None, "TEXT_UNKNOWN", None]
    assert answer.headers["fatk-verdict"] == "not_checked, refused, not_checked"


def test_several_files_are_one_report_where_that_is_said(client: TestClient, tmp_path: Path) -> None:
    document = client.post("/api/v1/convert", data={"to": "docx"}, **sent()).content
    files = [("file", ("表.xlsx", WORKBOOK)), ("file", ("说明.docx", document))]
    for name, (_, data) in files:
        assert name == "file"
        (tmp_path / _).write_bytes(data)
    reading = formats.read_several([tmp_path / "表.xlsx", tmp_path / "说明.docx"])
    merged = client.post("/api/v1/convert", data={"to": "json"}, files=files)
    assert merged.content == formats.encode(reading.report, "json")[0]
    checked = client.post("/api/v1/validate", data={"together": "true"}, files=files).json()
    assert checked["source"]["path"] == "表.xlsx, 说明.docx"
    assert checked["source"]["sha256"] == reading.sha256


# What files are checked beside


def aged(data: bytes, years: int) -> bytes:
    """The report of another year, the same in all else."""
    document = json.loads(data)
    document["report"]["fiscal_year"] -= years
    return json.dumps(document).encode()


#: Rules that need the reports of the units.
UNITS = {r["id"] for r in resources.read_json("rules", "7-entities.json")["rules"]}


def command(tmp_path: Path, *options: str) -> Any:
    """What ``fatk validate`` finds."""
    done = fatk_("validate", "--format", "json", *options, cwd=tmp_path)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def test_beside_other_reports_and_waivers_the_api_finds_what_the_command_does(
    client: TestClient, tmp_path: Path
) -> None:
    files = {
        "2022.json": REPORT.replace(b'"386.23"', b'"386.32"', 1),
        "2021.json": aged(REPORT, 1),
        "单位1.json": REPORT,
        "单位2.json": REPORT,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    alone = command(tmp_path, "2022.json")
    fault = next(f for f in alone["findings"] if f["severity"] == "error")
    waiver = {"finding": fault["id"], "reason": "已核实", "office": "区财政局", "accepted_on": "2023-01-01", "expires_on": "2023-12-31"}  # fmt: skip
    (tmp_path / "豁免.json").write_text(json.dumps({"waivers": [waiver]}), encoding="utf-8")
    options = ["2022.json", "--previous", "2021.json", "--with", "单位1.json", "--with", "单位2.json"]
    options += ["--waivers", "豁免.json", "--as-of", "2023-06-30"]
    expected = command(tmp_path, *options)
    parts = [("file", "2022.json"), ("previous", "2021.json"), ("with", "单位1.json"), ("with", "单位2.json"), ("waivers", "豁免.json")]  # fmt: skip
    sent_ = [(part, (name, (tmp_path / name).read_bytes())) for part, name in parts]
    answer = client.post("/api/v1/validate", data={"as_of": "2023-06-30"}, files=sent_)
    assert answer.status_code == 200, answer.text
    assert answer.json() == expected
    assert expected["summary"]["waived"] == 1
    of_units = {f["rule"] for f in expected["findings"]} & UNITS
    assert of_units
    assert not {f["rule"] for f in alone["findings"]} & UNITS
    later = client.post("/api/v1/validate", data={"as_of": "2024-01-01"}, files=sent_).json()
    assert {f["rule"] for f in later["findings"]} >= {"WAIV-02"}
    page = client.post("/api/v1/validate", data={"format": "html"}, files=sent_).text
    assert ',"previous","' in page  # figures of last year's report stand in sums


BESIDE: dict[str, tuple[list[tuple[str, tuple[str, bytes]]], str, str]] = {
    "last year's of another year": ([("previous", ("去年.json", REPORT))], "REPORT_OTHER_YEAR", "去年.json"),
    "a unit of another year": ([("with", ("单位.json", aged(REPORT, 1)))], "REPORT_OTHER_YEAR", "单位.json"),
    "last year's cannot be read": ([("previous", ("去年.xlsx", b"PK\x03\x04"))], "ZIP_TRUNCATED", "去年.xlsx"),
    "waivers of another shape": ([("waivers", ("豁免.json", b'{"waivers": [1]}'))], "WAIVERS_MALFORMED", "豁免.json"),
    "waivers that are no JSON": ([("waivers", ("豁免.json", b"x"))], "JSON_MALFORMED", "豁免.json"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "code", "named"), BESIDE.values(), ids=BESIDE)
def test_what_cannot_stand_beside_a_report_is_named(
    client: TestClient, parts: list[tuple[str, tuple[str, bytes]]], code: str, named: str
) -> None:
    files = [("file", ("r.json", REPORT)), *parts]
    answer = client.post("/api/v1/validate", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert named in answer.json()["message"]
    page = client.get(client.post("/zh/check", files=files).headers["location"]).text
    assert code in page
    assert named in page


def test_the_page_checks_beside_last_years_report_and_tells_what_is_waived(client: TestClient) -> None:
    broken = REPORT.replace(b'"386.23"', b'"386.32"', 1)
    found = client.post("/api/v1/validate", files={"file": ("r.json", broken)}).json()
    waivers = [
        {"finding": f["id"], "reason": "已核实", "office": "区财政局", "accepted_on": "2020-01-01", "expires_on": "2999-12-31"}
        for f in found["findings"] if f["severity"] == "error"
    ]  # fmt: skip
    files = [
        ("file", ("今年.json", broken)),
        ("previous", ("去年.json", aged(REPORT, 1))),
        ("waivers", ("豁免.json", json.dumps({"waivers": waivers}).encode())),
    ]
    place = client.post("/zh/check", files=files).headers["location"]
    page = client.get(place).text
    assert f"豁免 {len(waivers)}" in page
    assert "错误 0" in page
    assert waivers
    assert "上一年度：去年.json" in page
    assert ',"previous","' in client.get(f"{place}/0").text
    assert client.get(f"{place}/0/download?format=json").json()["summary"]["waived"] == len(waivers)
    assert client.get(f"{place}/0/download?to=json").status_code == 200


# What is not done

CUT = {
    "too much": ("/api/v1/validate", {"content": b"x" * (LIMITS.upload_size + (17 << 10))}, 413, "UPLOAD_TOO_LARGE"),
    "too many files": ("/api/v1/validate", {"files": [("file", ("a", b"a"))] * 21}, 413, "UPLOAD_TOO_MANY"),
    "too many fields": ("/api/v1/validate", {"data": {f"f{i}": "x" for i in range(11)}, **sent()}, 413, "UPLOAD_TOO_MANY"),
    "a field too long": ("/api/v1/validate", {"data": {"lang": "x" * 2000}, **sent()}, 400, "UPLOAD_MALFORMED"),
    "no form at all": (
        "/api/v1/validate", {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400, "UPLOAD_MALFORMED",
    ),
    "a form without a boundary": (
        "/api/v1/validate", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "UPLOAD_MALFORMED",
    ),
    "no file": ("/api/v1/validate", {"files": [("lang", (None, "zh"))]}, 400, "UPLOAD_EMPTY"),
    "no body": ("/api/v1/convert", {}, 400, "UPLOAD_EMPTY"),
    "a compressed body": ("/api/v1/convert", {"content": b"x", "headers": {"content-encoding": "gzip"}}, 415, "UPLOAD_ENCODED"),
    "an unknown parameter": ("/api/v1/convert?url=http://127.0.0.1/x", sent(), 400, "PARAMETER_UNKNOWN"),
    "an unknown field": ("/api/v1/convert", {"data": {"path": "/etc/passwd"}, **sent()}, 400, "PARAMETER_UNKNOWN"),
    "an unknown part": ("/api/v1/validate", {"files": [("previos", ("r.json", REPORT))]}, 400, "UPLOAD_PART_UNKNOWN"),
    "a part of the other operation": (
        "/api/v1/convert", {"files": [("file", ("r.json", REPORT)), ("previous", ("r.json", REPORT))]}, 400, "UPLOAD_PART_UNKNOWN",
    ),
    "two of last year": (
        "/api/v1/validate", {"files": [("file", ("r.json", REPORT)), *[("previous", ("p.json", REPORT))] * 2]}, 400, "UPLOAD_PART_TWICE",
    ),
    "a path in place of a file": ("/api/v1/validate", {"data": {"previous": "2021.xlsx"}, **sent()}, 400, "UPLOAD_PART_TEXT"),
    "no day": ("/api/v1/validate?as_of=2023-02-30", sent(), 400, "PARAMETER_VALUE"),
    "only last year's": ("/api/v1/validate", {"files": [("previous", ("p.json", REPORT))]}, 400, "UPLOAD_EMPTY"),
    "an unknown form": ("/api/v1/convert?to=exe", sent(), 400, "PARAMETER_VALUE"),
    "neither true nor false": ("/api/v1/validate?together=maybe", sent(), 400, "PARAMETER_VALUE"),
    "an unknown edition": ("/api/v1/validate?edition=../../x", sent(), 400, "PARAMETER_VALUE"),
    "nothing acceptable": ("/api/v1/validate", {"headers": {"accept": "image/png"}, **sent()}, 406, "NOT_ACCEPTABLE"),
    "nothing but what is ruled out": (
        "/api/v1/validate", {"headers": {"accept": "application/json;q=0, */*;q=0"}, **sent()}, 406, "NOT_ACCEPTABLE",
    ),
    "another host": ("/api/v1/validate", {"headers": {"host": "evil.example"}, **sent()}, 421, "HOST_UNKNOWN"),
    "another site": ("/api/v1/validate", {"headers": {"origin": "https://evil.example"}, **sent()}, 403, "OTHER_SITE"),
    "a site without a name": ("/zh/check", {"headers": {"origin": "null"}, **sent()}, 403, "OTHER_SITE"),
    "an image": ("/api/v1/validate", sent("a.xlsx", b"\x89PNG\r\n\x1a\n" + b"x" * 99), 415, "NOT_A_TABLE_IMAGE"),
    "an empty file": ("/api/v1/validate", sent("a.xlsx", b""), 422, "FILE_EMPTY"),
    "an old document": ("/api/v1/validate", sent("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99), 422, "OLE_TRUNCATED"),
    "a marked copy of two": (
        "/api/v1/validate?format=xlsx", {"files": [("file", ("a", WORKBOOK)), ("file", ("b", WORKBOOK))]}, 400, "MARKED_ONE_FILE",
    ),
    "what the edition has no place for": (
        "/api/v1/convert?unit=亿元", {"files": [("file", ("a.json", REPORT.replace(b'"386.23"', b'"386.231234"')))]}, 422, "UNIT_LOSS",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "request_", "status", "code"), CUT.values(), ids=CUT)
def test_what_is_not_done_is_told_as_a_problem(
    client: TestClient, path: str, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(path, **request_)
    if path.startswith("/zh"):
        assert (answer.status_code, code in answer.text) == (status, True)
        return
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), document
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    jsonschema.validate(
        document, client.get("/api/v1/openapi.json").json()["components"]["schemas"]["Problem"]
    )
    assert document["status"] == status
    assert document["type"] == f"/zh/standard/notices#{code}"


def test_what_may_be_asked_for_is_told_whole(client: TestClient) -> None:
    unknown = client.post("/api/v1/validate?of=x", **sent()).json()
    forms = client.post("/api/v1/validate", headers={"accept": "image/png"}, **sent()).json()
    editions = client.post("/api/v1/validate?edition=x", **sent()).json()
    for language in ("message", "message_en"):
        assert all(p.name in unknown[language] for p in parameters.VALIDATE)
        assert all(parameters.MEDIA_TYPES[f].partition(";")[0] in forms[language] for f in work.RESULTS)
        assert all(edition in editions[language] for edition in parameters.EDITION.forms)
    for told in (unknown, forms, editions):
        assert not re.search("[\u3000-\u303f\uff00-\uffef]", told["message_en"])


def test_every_status_of_a_problem_is_of_a_code_that_there_is() -> None:
    assert set(problems._DECLINED) | problems._OTHER_KINDS <= set(standard.refusals())


def test_other_paths_and_methods_are_told_too(client: TestClient) -> None:
    for path in ("/api/v1/nothing", "/api/v1/schemas/..%2f..%2fpyproject.toml", "/api/v1/schemas/generated"):
        assert client.get(path).json()["code"] == "PAGE_NOT_FOUND"
    for path in (
        "/nothing",
        "/zh/standard/nothing",
        "/zh/standard/codes/nothing",
        "/static/app.py",
        "/templates/x.zh.xlsx",
        "/fr/",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
    wrong = client.get("/api/v1/convert")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (
        405,
        "METHOD_NOT_ALLOWED",
        "POST",
    )
    assert client.get("/api/v1/rules/NONE-1").json()["code"] == "ID_UNKNOWN"
    gone = client.get("/zh/results/0123456789abcdefghijkl")
    assert (gone.status_code, "RESULT_GONE" in gone.text) == (404, True)


@pytest.mark.parametrize("case", [*FILES, *ARCHIVES], ids=lambda case: str(getattr(case, "values", case)[0]))
def test_a_bad_file_is_refused_with_the_code_that_the_library_has(client: TestClient, case: Any) -> None:
    _, made, wanted = getattr(case, "values", case)
    data = made() if callable(made) else made
    answer = client.post("/api/v1/validate", **sent("报表.xlsx", data))
    told = answer.json()
    if isinstance(wanted, str):
        with pytest.raises(Refused) as refused:
            formats.read_bytes(data, limits=SERVER, name="报表.xlsx")
        assert answer.status_code in {413, 415, 422}
        assert told["code"] == refused.value.code
    else:
        assert told["source"]["form"] == formats.read_bytes(data, limits=SERVER, name="报表.xlsx")[0]


# Around every answer


def test_every_answer_is_framed_safely(client: TestClient) -> None:
    key = client.post("/zh/check", **sent()).headers["location"]
    answered = [
        client.get("/"), client.get("/zh/"), client.get("/zh/standard/rules"), client.get("/static/app.js"), client.get(key),
        client.get(f"{key}/0"), client.get(f"{key}/0/download?to=html"), client.get("/api/v1/rules"), client.get("/nothing"),
        client.get("/api/v1/nothing"), client.post("/api/v1/validate"), client.post("/api/v1/validate?format=html", **sent()),
        client.get("/health"), client.head("/zh/"), client.get("/zh/", headers={"host": "evil.example"}),
        client.post("/zh/check", headers={"origin": "http://evil.example"}), client.options("/api/v1/convert"),
    ]  # fmt: skip
    for answer in answered:
        assert [name for name in guard.HEADERS if name not in answer.headers] == []
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin"}
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    for answer in answered[4:7]:
        assert answer.headers["cache-control"] == "no-store"
    assert answered[6].headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answered[6].headers["content-security-policy"]


def test_sites_that_are_named_may_call_the_api_and_hosts_that_are_named_are_answered() -> None:
    wanted = Settings(
        limits=LIMITS, hosts=frozenset({"juesuan.example"}), origins=frozenset({"https://portal.example"})
    )
    client = TestClient(application(wanted), "http://juesuan.example")
    for origin, status in (("https://portal.example", 400), ("https://other.example", 403)):
        answer = client.post("/api/v1/validate", headers={"origin": origin})
        assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") == (origin if status == 400 else None)
    asks = {"origin": "https://portal.example", "access-control-request-method": "POST"}
    assert client.options("/api/v1/validate", headers=asks).status_code == 200


def test_what_a_reader_has_already_is_not_sent_again(client: TestClient) -> None:
    for path in ("/api/v1/rules", "/api/v1/rules/INC-01", "/api/v1/schemas/report.schema.json", "/api/v1/openapi.json", "/zh/standard/rules", "/static/app.css"):  # fmt: skip
        first = client.get(path)
        tag = first.headers["etag"]
        again = client.get(path, headers={"if-none-match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert (head.headers["etag"], head.headers["content-length"]) == (tag, str(len(first.content)))
    for path in ("/zh/none", "/zh/results/none", "/api/v1/rules/none"):
        assert client.get(path, headers={"if-none-match": "*"}).status_code == 404
    ones = {client.post("/api/v1/convert", **sent()).headers["etag"] for _ in range(2)}
    assert len(ones) == 1


# The description of the API


def test_the_description_is_true(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(document):
        if reference.startswith("#/"):
            assert resolved(document, reference), reference
        else:
            assert client.get(reference).status_code == 200, reference
    examples = {"getRule": "INC-01", "getSchema": "findings.schema.json"}
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    routes = {
        (route.path, method.lower())
        for route in client.app.app.routes
        if route.path.startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    assert described == routes
    assert len({item[m]["operationId"] for item in document["paths"].values() for m in item}) == len(
        described
    )
    for path, method in described:
        operation = document["paths"][path][method]
        name = examples.get(operation["operationId"], "")
        address = re.sub(r"\{\w+\}", name, path)
        answer = client.request(method, address, **(sent() if method == "post" else {}))
        assert answer.status_code == 200, address
        content = operation["responses"]["200"]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        assert media in content, address
        schema = content[media].get("schema", {})
        if "$ref" in schema and schema["$ref"].startswith("#"):
            whole = {**document, **resolved(document, schema["$ref"])}
            jsonschema.Draft202012Validator(whole).validate(answer.json())
        for header in operation["responses"]["200"].get("headers", {}):
            assert header in answer.headers
        if method == "post":
            for parameter in operation["parameters"]:
                for value in parameter["schema"].get(
                    "enum", ["true"] if parameter["schema"]["type"] == "boolean" else []
                ):
                    said = client.post(
                        path, params={parameter["name"]: value}, files={"file": ("r.json", REPORT)}
                    )
                    assert said.status_code in {200, 400, 422}, (parameter["name"], value)
                    assert said.status_code == 200 or said.json()["code"] in {
                        "MARKED_NOT_XLSX",
                        "UNIT_LOSS",
                        "EDITION_LACKS_CELLS",
                    }
            beside = {part.name for part in parameters.BESIDE} if path.endswith("/validate") else set()
            assert ({p["name"] for p in operation["parameters"]} - {"name"}) | beside == set(
                operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
            ) - {"file"}


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def resolved(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def test_rules_and_schemas_are_those_of_the_standard(client: TestClient) -> None:
    listed = client.get("/api/v1/rules").json()
    assert [rule["id"] for rule in listed["rules"]] == [*load_rules(), *notices()]
    assert listed["rules_digest"] == render.rules_digest()
    one = client.get("/api/v1/rules/inc-01").json()
    assert one in listed["rules"]
    for schema in client.get("/api/v1/schemas").json()["schemas"]:
        assert client.get(schema["url"]).json()
    report = client.get("/api/v1/schemas/report.schema.json")
    assert report.content == (ROOT / "schemas/generated/report.schema.json").read_bytes()
    assert report.headers["content-type"] == "application/schema+json"


# Bounds


def asked(
    limits: ServiceLimits, messages: Callable[[], AsyncIterator[dict[str, Any]]], **headers: str
) -> tuple[int, str, int]:
    """Status and code of what comes of a body sent in pieces, and how many of its bytes were taken before."""
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/validate", "query_string": b"", "client": ("127.0.0.1", 1), "scheme": "http",
        "server": ("localhost", 80), "root_path": "", "http_version": "1.1",
        "headers": [(b"host", b"localhost"), *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items())],
    }  # fmt: skip
    said: dict[str, Any] = {"taken": 0, "before": None, "body": b""}

    async def run() -> None:
        stream = messages()

        async def receive() -> dict[str, Any]:
            message = await anext(stream)
            said["taken"] += len(message.get("body", b""))
            return message

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                said["status"], said["before"] = message["status"], said["taken"]
            else:
                said["body"] += message.get("body", b"")

        await application(Settings(limits=limits))(scope, receive, send)

    asyncio.run(run())
    return said["status"], json.loads(said["body"])["code"], said["before"]


def in_pieces(size: int, count: int) -> Callable[[], AsyncIterator[dict[str, Any]]]:
    async def messages() -> AsyncIterator[dict[str, Any]]:
        for _ in range(count):
            yield {"type": "http.request", "body": b"x" * size, "more_body": True}
        yield {"type": "http.disconnect"}

    return messages


@pytest.mark.parametrize("kind", ["application/octet-stream", "multipart/form-data; boundary=b"])
def test_an_upload_without_end_is_declined_within_64_kib_of_the_limit(kind: str) -> None:
    limit = 1 << 20
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

    async def messages() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": head if "multipart" in kind else b"", "more_body": True}
        async for message in in_pieces(32 << 10, 3000)():
            yield message

    status, code, taken = asked(
        replace(LIMITS, upload_size=limit), messages, content_type=kind, content_length="10"
    )
    assert (status, code) == (413, "UPLOAD_TOO_LARGE")
    assert limit < taken <= limit + (64 << 10)


def test_an_upload_that_says_it_is_too_large_is_not_waited_for() -> None:
    assert asked(LIMITS, in_pieces(10, 3), content_length=str(1 << 40)) == (413, "UPLOAD_TOO_LARGE", 0)


def test_an_upload_that_stalls_or_drips_is_declined() -> None:
    async def stalled() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": b"x", "more_body": True}
        await asyncio.sleep(9)

    async def dripping() -> AsyncIterator[dict[str, Any]]:
        for _ in range(100):
            await asyncio.sleep(0.05)
            yield {"type": "http.request", "body": b"x", "more_body": True}

    for messages, limits in (
        (stalled, replace(LIMITS, silent_seconds=1)),
        (dripping, replace(LIMITS, upload_seconds=1)),
    ):
        began = time.monotonic()
        assert asked(limits, messages)[:2] == (408, "UPLOAD_SLOW")
        assert time.monotonic() - began < 5


def test_uploads_together_are_bounded_and_counted_back(client: TestClient) -> None:
    small = replace(LIMITS, uploads_held=1000)
    assert asked(small, in_pieces(600, 5))[:2] == (503, "SERVICE_BUSY")
    for _ in range(3):
        client.post("/api/v1/validate", **sent())
        client.post("/api/v1/validate", content=b"x" * (LIMITS.upload_size + (17 << 10)))
    assert state(client).intake.held == 0


def test_an_address_that_asks_too_often_is_told_when_to_come_again() -> None:
    client = TestClient(application(Settings(limits=replace(LIMITS, requests=3))), "http://localhost")
    found = [client.post("/api/v1/convert") for _ in range(4)]
    assert [a.status_code for a in found] == [400, 400, 400, 429]
    assert found[-1].json()["code"] == "TOO_MANY_REQUESTS"
    assert 1 <= int(found[-1].headers["retry-after"]) <= 21
    assert client.get("/zh/").status_code == 200
    rate = guard.Rate(60)
    assert [rate.wait("a", 0.0) for _ in range(61)] == [0] * 60 + [2]
    assert rate.wait("b", 0.0) == 0
    assert rate.wait("a", 2.0) == 0
    for number in range(guard._MOST_CLIENTS + 10):
        rate.wait(str(number), 3.0)
    assert len(rate._buckets) == guard._MOST_CLIENTS


def state(client: TestClient) -> Any:
    """What the application works with."""
    return client.app.app.state  # type: ignore[attr-defined]


@contextmanager
def limited(client: TestClient, **changed: int) -> Iterator[Pool]:
    """The pool of the application under other limits for a while."""
    pool: Pool = state(client).pool
    before = pool.limits
    pool.limits = replace(before, **changed)
    try:
        yield pool
    finally:
        pool.limits = before


SURVEY = {"do": "survey", "edition": None, "together": False}
#: Work that takes seconds.
LONG = {"do": "template", "edition": "shanghai-2024", "language": "zh"}


def test_a_job_has_its_time_and_its_memory(client: TestClient) -> None:
    for code, order, changed in (
        ("READER_TIMEOUT", LONG, {"job_seconds": 1}),
        ("RESOURCE_LIMIT", LONG, {"job_memory": 24 << 20}),
        ("RESOURCE_LIMIT", SURVEY, {"answer_size": 100}),
    ):
        with limited(client, **changed) as pool, pytest.raises(Refused, match=code):
            client.portal.call(pool.run, dict(order), [("a.xlsx", WORKBOOK)])
        assert (pool.running, pool.waiting) == (0, 0)
    assert client.post("/api/v1/validate", **sent()).status_code == 200


def test_jobs_wait_for_their_turn_and_too_many_are_declined(client: TestClient) -> None:
    async def crowded(pool: Pool) -> list[Any]:
        jobs = [pool.run(dict(SURVEY), [("a.xlsx", WORKBOOK)]) for _ in range(12)]
        return await asyncio.gather(*jobs, return_exceptions=True)

    with limited(client, queue=3) as pool:
        found = client.portal.call(crowded, pool)
    assert [f.code for f in found if isinstance(f, Declined)] == ["SERVICE_BUSY"] * 7
    assert len([f for f in found if isinstance(f, work.Answer)]) == 5
    busy = problems.of(next(f for f in found if isinstance(f, Declined)))
    assert (busy.status, busy.headers) == (503, {"Retry-After": str(LIMITS.job_seconds)})


@pytest.mark.parametrize("what", ["the job", "the process that forks"])
def test_a_job_that_dies_is_a_refusal_and_the_next_one_lives(client: TestClient, what: str) -> None:
    async def killed(pool: Pool) -> Any:
        job = asyncio.create_task(
            pool.run(dict(SURVEY), [(f"{number}.xlsx", WORKBOOK) for number in range(12)])
        )
        nursery = psutil.Process(pool._nursery.process.pid)
        while not (children := nursery.children()):  # noqa: ASYNC110  the system tells of no event
            await asyncio.sleep(0.01)
        (children[0] if what == "the job" else nursery).send_signal(signal.SIGSEGV)
        found = (await asyncio.gather(job, return_exceptions=True))[0]
        return found, psutil.wait_procs(children, timeout=5)[1]

    found, left = client.portal.call(killed, state(client).pool)
    assert left == []
    if what == "the job":
        assert (type(found), str(found)) == (Refused, "READER_CRASHED status=-11")
    else:  # a job that was forked already comes to its end
        assert isinstance(found, work.Answer)
    assert client.post("/api/v1/validate", **sent()).status_code == 200


def test_a_fault_of_ours_is_told_by_a_number_and_without_a_word_of_the_file(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Fault, match=r"^KeyError at work\.py:\d+") as fault:
        client.portal.call(state(client).pool.run, {"do": "no such work", "secret": "机密"})
    assert "no such" not in str(fault.value)
    told = problems.of(guard.fault_of(fault.value))
    assert (told.status, told.code) == (500, "SERVICE_FAULT")
    number = re.search("[0-9a-f]{12}", told.message)
    assert number is not None
    assert number[0] in caplog.text


def test_a_job_may_not_reach_out_write_or_start_anything(tmp_path: Path) -> None:
    code = """
import os, socket, subprocess, sys
from pathlib import Path
from fatk.web import work
sys.addaudithook(work.refuse)
def refused(act):
    try:
        act()
    except PermissionError:
        return True
    return False
target = Path(sys.argv[1])
print(*[refused(act) for act in (
    lambda: target.write_bytes(b"x"), lambda: os.open(target, os.O_CREAT | os.O_WRONLY), lambda: os.remove(sys.argv[2]),
    lambda: socket.create_connection(("127.0.0.1", 9)), lambda: socket.socket().bind(("127.0.0.1", 0)),
    lambda: subprocess.run(["/bin/true"]), lambda: os.system("true"), lambda: os.rename(sys.argv[2], "x"),
    lambda: __import__("ctypes").CDLL(None),
)], subprocess.run([sys.executable, "-c", ""], stdin=subprocess.DEVNULL).returncode)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "never-written"), __file__], capture_output=True, encoding="utf-8", check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "toolkit")},
    )  # fmt: skip
    assert done.stdout.split() == ["True"] * 9 + ["0"]


def test_results_are_forgotten_in_time_and_for_want_of_room() -> None:
    now = SimpleNamespace(time=0.0)
    results = Results(replace(LIMITS, kept_seconds=60, kept_size=1000), lambda: now.time)
    first = results.keep((("a", b"x" * 400),), False, None, [{}])
    second = results.keep((("b", b"x" * 400),), False, None, [{}])
    assert len(first) >= 22
    assert results.find(first).files[0][0] == "a"
    third = results.keep((("c", b"x" * 400),), False, None, [{}])
    for key in (first, "", "../x"):
        with pytest.raises(Declined, match="RESULT_GONE"):
            results.find(key)
    now.time = 61.0
    results.sweep()
    assert (results.size, len(results._kept)) == (0, 0)
    with pytest.raises(Declined, match="RESULT_GONE"):
        results.find(second)
    with pytest.raises(Declined, match="UPLOAD_TOO_LARGE"):
        results.keep((("d", b"x" * 1001),), False, None, [{}])
    fourth = results.keep((("e", b"x"),), True, None, [{}])
    results.forget(fourth)
    results.forget(third)
    assert results.size == 0
    with pytest.raises(Declined, match="RESULT_GONE"):
        results.find(fourth)


# Names, texts and policies


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("报表.xlsx", "报表.xlsx"),
        ("C:\\Users\\x\\报表.xlsx", "报表.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("", "report"),
        ("..", "report"),
        ("a\r\nSet-Cookie: x.xlsx", "a_r_nSet-Cookie_ x.xlsx"),
        ("<script>alert(1)</script>.xlsx", "script_.xlsx"),
        ('a"b;c.xlsx', "a_b;c.xlsx"),
        ("字" * 300 + ".xlsx", "字" * 100 + "….xlsx"),
        ("\u202egpj.exe", "_u202egpj.exe"),
    ],
)
def test_a_name_is_made_safe(given: str, safe: str) -> None:
    assert bodies.safe_name(given) == safe


def test_a_page_of_its_own_runs_only_what_it_came_with() -> None:
    page = (
        b"<style>p{}</style><script type=\"application/json\">{}</script><script>a()</script><p onclick='x'>"
    )
    policy = answers.page_policy(page)
    assert policy.count("'sha256-") == 2
    assert "unsafe" not in policy
    assert "script-src 'none'" in answers.page_policy(b"<p>")


class Page(HTMLParser):
    """Links, anchors and what must not be there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and "src" not in given:
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        self.links += [given[name] or "" for name in ("href", "src", "action") if name in given]
        if "id" in given:
            self.anchors.append(given["id"] or "")


def test_every_link_leads_to_its_place(client: TestClient) -> None:
    """All pages that can be reached from the first, in both languages: links, anchors, nothing inline, no other host."""
    pages: dict[str, Page | None] = {}
    todo = {"/zh/", "/en/"}
    links: set[tuple[str, str]] = set()
    while todo:
        path = todo.pop()
        answer = client.get(path)
        if answer.status_code in {302, 303}:
            answer = client.get(answer.headers["location"])
        assert answer.status_code == 200 or "/check" in path or "/example" in path, path
        if not answer.headers["content-type"].startswith("text/html") or answer.status_code != 200:
            pages[path] = None
            continue
        found = pages[path] = Page(answer.text)
        assert found.inline == [], path
        assert len(found.anchors) == len(set(found.anchors)), path
        for link in found.links:
            assert not re.match(r"[a-z]+:|//", link), f"{path}: {link}"
            target, _, anchor = urljoin(path, link).partition("#")
            links.add((target, anchor))
            if target not in pages and not target.startswith("/templates/"):
                todo.add(target)
    for target, anchor in links:
        page = pages.get(target)
        assert not anchor or (page is not None and anchor in page.anchors), f"{target}#{anchor}"
    for language in ("zh", "en"):
        for entry in standard.entries().values():
            page = pages[f"/{language}/standard/{entry.page}"]
            assert page is not None
            assert entry.id in page.anchors, entry.id


def test_a_search_finds_rules_fields_and_codes(client: TestClient) -> None:
    for wanted, address in (
        ("inc-01", "rules#INC-01"), ("READ-56", "notices#READ-56"), ("FILE_TOO_LARGE", "notices#FILE_TOO_LARGE"),
        ("s5.3-2", "specification#S5.3-2"), ("canonical text", "specification#S10.1-4"), ("V3-1", "versioning#V3-1"),
        ("income total", "tables#income.total"), ("2010301", "codes/functional#2010301"), ("会议费", "codes/economic_department#30215"),
    ):  # fmt: skip
        assert f"/zh/standard/{address}" in client.get("/zh/standard", params={"q": wanted}).text, wanted
    hostile = client.get("/zh/standard", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in hostile
    assert client.get("/en/standard/inc-01").headers["location"] == "/en/standard/rules#INC-01"


class Words(HTMLParser):
    """The words of a page's main part, and of the blocks that are shown word for word."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(text[text.index("<main") : text.index("</main>")])

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", standard.TEXTS)
def test_the_text_of_the_standard_stands_on_its_page_word_for_word(
    client: TestClient, name: str, language: str
) -> None:
    text = resources.specification(name, language)
    page = client.get(f"/{language}/standard/{name}").text

    def said(words: str) -> str:
        return re.sub(r"[\W_]", "", words)

    shown, at = said("".join(Words(page).said)), 0
    for line in text.splitlines():
        if line.startswith(("# ", "```")):  # the page has a title of its own; the language of a block of code
            continue
        wanted = said(re.sub(r"\]\([^)\s]+\)", "", line))
        found = shown.find(wanted, at)
        assert found >= 0, line
        at = found + len(wanted)
    requirements = re.findall(r"^- \*\*([SV]\S+-\d+)\*\*", text, re.MULTILINE)
    assert set(requirements) <= set(Page(page).anchors)
    assert len(requirements) > 20


def test_a_report_that_is_served_leads_to_the_rules_of_the_standard_and_one_to_take_home_does_not(
    client: TestClient,
) -> None:
    for language in ("zh", "en"):
        place = client.post(f"/{language}/check", **sent()).headers["location"]
        links = [link for link in Page(client.get(f"{place}/0").text).links if not link.startswith("#")]
        assert f"/{language}/standard/INC-01" in links
        for link in links:
            assert client.get(link).status_code == 303, link
        home = client.get(f"{place}/0/download?format=html").text
        assert [link for link in Page(home).links if not link.startswith("#")] == []


def test_colours_are_said_once_for_the_report_and_the_service(client: TestClient) -> None:
    declared = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{3,6})")
    report = client.post("/api/v1/validate", data={"format": "html"}, **sent()).text
    of_report = dict(declared.findall(report[report.index("<style>") : report.index("</style>")]))
    light = client.get("/static/app.css").text.partition("@media (prefers-color-scheme: dark)")[0]
    of_service = dict(declared.findall(light))
    assert {"error", "warn", "good", "open", "link", "ink"} <= of_report.keys()
    assert {name: of_service[name] for name in of_report} == of_report
    for place in ("page/page.css", "web/static/app.css"):
        text = (ROOT / "toolkit/fatk" / place).read_text(encoding="utf-8").partition("dark) {")
        assert not {name for name, _ in declared.findall(text[0])} & of_report.keys(), place
        used = set(re.findall(r"var\(--([a-z-]+)\)", "".join(text)))
        assert used <= of_service.keys(), place


def test_the_text_of_the_standard_comes_with_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    wheel = declared["build"]["targets"]["wheel"]
    assert wheel["sources"]["spec"] == "fatk/specification"
    for name in standard.TEXTS:
        assert {f"spec/{name}.md", f"spec/{name}.en.md"} <= set(wheel["only-include"])


def test_the_first_page_is_in_the_language_that_a_browser_prefers(client: TestClient) -> None:
    for accept, place in (
        ("en-US,en;q=0.9", "/en/"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "/zh/"),
        ("de, en;q=0.5", "/en/"),
        ("", "/zh/"),
    ):
        assert client.get("/", headers={"accept-language": accept}).headers["location"] == place


def test_files_given_to_the_page_can_be_had_in_every_form_until_they_are_forgotten(
    client: TestClient,
) -> None:
    files = [("file", ("<b>一.xlsx", WORKBOOK)), ("file", ("二.txt", b"x"))]
    place = client.post("/en/check", files=files).headers["location"]
    page = client.get(place).text
    assert "_b_一.xlsx" in page
    assert "not fully checked" in page
    assert "TEXT_UNKNOWN" in page
    found = Page(page)
    downloads = [link for link in found.links if "download?" in link]
    assert len(downloads) >= 12
    for link in downloads:
        answer = client.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["content-disposition"].startswith("attachment"), link
    assert (
        client.get(f"{place}/0/download?to=json").content
        == formats.encode(fatk.read(EXAMPLE).report, "json")[0]
    )
    assert client.get(f"{place}/0/download?to=xlsx&edition=shanghai-2024&unit=").status_code == 200
    assert client.get(f"{place}/1/download?to=json").status_code == 415
    assert client.get(f"{place}/0").headers["content-type"].startswith("text/html")
    assert client.get(f"{place}/2").status_code == 404
    assert client.post(f"{place}/forget").headers["location"] == "/en/?forgotten=1"
    assert client.get(place).status_code == 404
    assert client.get(f"{place}/0").status_code == 404


@pytest.mark.parametrize("broken", ["true", "false"])
def test_the_example_can_be_tried(client: TestClient, broken: str) -> None:
    place = client.post("/zh/example", files={"broken": (None, broken)}).headers["location"]
    page = client.get(place).text
    assert ("INC-01" in page, "不通过" in page) == (broken == "true",) * 2


def test_a_blank_workbook_can_be_had(client: TestClient) -> None:
    answer = client.get("/templates/national-2020.en.xlsx")
    assert answer.headers["content-type"] == XLSX
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert "xl/workbook.xml" in names
    assert (
        client.get(
            "/templates/national-2020.en.xlsx", headers={"if-none-match": answer.headers["etag"]}
        ).status_code
        == 304
    )


# Settings and the command


def test_limits_come_from_options_and_the_environment() -> None:
    found = settings({"FATK_UPLOAD_SIZE": "1000", "FATK_CELLS": "77", "FATK_JOBS": "9"}, ["jobs=3"])
    assert (found.limits.upload_size, found.limits.jobs, found.reading.cells) == (1000, 3, 77)
    assert found.reading.sheets == SERVER.sheets
    assert not {f.name for f in fields(ServiceLimits)} & {f.name for f in fields(Limits)}
    for given, code in (
        ("nothing=1", "LIMIT_UNKNOWN"),
        ("jobs=0", "LIMIT_VALUE"),
        ("jobs=x", "LIMIT_VALUE"),
        ("jobs", "LIMIT_VALUE"),
    ):
        with pytest.raises(Misuse, match=code):
            settings({}, [given])


def fatk_(
    *arguments: str, code: str = "from fatk.cli import main; main()", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "toolkit"), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=surroundings,
        cwd=cwd,
        timeout=60,
    )


def test_the_command_lists_limits_and_says_what_it_lacks() -> None:
    listed = fatk_("serve", "--limits", "--limit", "upload_size=4096", "--lang", "en")
    assert listed.returncode == 0
    assert re.search(r"upload_size +4096 B +UPLOAD_TOO_LARGE", listed.stdout)
    assert re.search(r"cells +500000 ", listed.stdout)
    lacking = fatk_(
        "serve", code="import sys; sys.modules['starlette'] = None; from fatk.cli import main; main()"
    )
    assert lacking.returncode == 2
    assert explain_error(Misuse("SERVICE_NOT_INSTALLED")) in lacking.stderr
    alone = fatk_("serve", code="import os; del os.fork; from fatk.cli import main; main()")
    assert (alone.returncode, explain_error(Misuse("SERVICE_NO_FORK")) in alone.stderr) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = fatk_("serve", "--port", str(other.getsockname()[1]), "--lang", "en")
    assert (taken.returncode, "another program uses it already" in taken.stderr) == (2, True)
    elsewhere = fatk_("serve", "--host", "192.0.2.1", "--port", "9")
    told = explain_error(Misuse("SERVICE_PORT", host="192.0.2.1", port=9, reason="\0")).partition("\\x00")[0]
    assert (elsewhere.returncode, told in elsewhere.stderr) == (2, True)


def test_the_readme_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    begin = readme.index("<!-- tested: service -->")
    shown = re.findall(
        r"^```(\w+)\n(.*?)^```$",
        readme[begin : readme.index("<!-- /tested -->", begin)],
        re.MULTILINE | re.DOTALL,
    )
    curl, shell = required_program("curl"), dict(shown)["sh"].splitlines()
    (tmp_path / "build/try").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("report", "broken"):
        Path(f"build/try/{name}.xlsx").write_bytes(WORKBOOK)
    assert shell[0] == "fatk serve"
    with serving(tmp_path) as served:
        said = []
        for line in shell[1:]:
            words = shlex.split(line.replace("http://127.0.0.1:8080", served.url))
            assert words[0] == "curl"
            said.append(
                subprocess.run(
                    [curl, "-s", "--noproxy", "*", *words[1:]], capture_output=True, check=True
                ).stdout
            )
    SCHEMA.validate(json.loads(said[0]))
    assert fatk.read("build/try/report.zip").form == "zip"
    code = dict(shown)["python"]
    assert len(code.splitlines()) == 5
    exec(code, {})  # noqa: S102  our own README
    assert capsys.readouterr().out.startswith("not_checked 0\n")


def test_a_connection_that_holds_its_peace_is_closed(tmp_path: Path) -> None:
    begun = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    with serving(tmp_path, "--limit", "silent_seconds=1") as served:
        host, _, port = served.url.removeprefix("http://").partition(":")
        for first in (b"", begun, begun + b"\r\n" + begun):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(first)
                heard = b""
                while piece := connection.recv(4096):
                    heard += piece
                assert heard.count(b"200 OK") == first.count(b"\r\n\r\n")


def test_a_service_leaves_nothing_behind_even_when_it_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        import httpx

        large = REPORT[:-2] + b" " * (5 << 20) + REPORT[-2:]
        for data in (WORKBOOK, large):
            assert (
                httpx.post(f"{served.url}/api/v1/validate", files={"file": ("a.json", data)}).status_code
                == 200
            )
        family = served.family
        assert len(family) >= 2
        assert list(tmp_path.rglob("*")) == []
        served.process.kill()
        psutil.wait_procs(family, timeout=10)
        assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
        assert list(tmp_path.rglob("*")) == []
