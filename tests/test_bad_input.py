"""Every fault of an input is either refused with its code or noticed with its place in the person's own file.

The cases are tables: what is wrong, how it comes about, and the refusal's code or every notice with its location. What is
wrong once is noticed once; a consequence that is noticed too is listed, so that no case hides one.
"""

import csv
import io
import json
import os
import re
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from fatk import check, documents, formats, ooxml, render, transcription, waivers
from fatk.errors import Refused, WouldLose
from fatk.findings import Finding, notice, notices, nowhere
from fatk.formats import json as json_form
from fatk.formats import package
from fatk.grid import Book, Cell
from fatk.limits import DEFAULTS, Limits
from fatk.model import build
from fatk.reading import Reading
from fatk.spec import load
from fatk.transcription import ledger

ROOT = Path(__file__).resolve().parent.parent
MINIMAL, FULL = ROOT / "datapackages/minimal", ROOT / "datapackages/full"

Noticed = list[tuple[str, str]]
#: What readers and structure checks tell.
NOTICES = {name for name in notices() if name.startswith(("READ-", "STR-"))}


def named(cases: list[Any]) -> list[Any]:
    """The cases as pytest wants them, each named after what is wrong."""
    return [
        pytest.param(*c.values, marks=c.marks, id=c.values[0]) if hasattr(c, "values") else pytest.param(*c, id=c[0])
        for c in cases
    ]  # fmt: skip


def noticed(reading: Reading) -> Noticed:
    """What was noticed, of reading and of structure, and where; figures that do not agree are the rules' business."""
    found = [f for f in check.check(reading).findings if f.rule in NOTICES]
    for finding in found:
        assert_complete(finding)
    return sorted((f.rule, (f.cells[0].location if f.cells else None) or "") for f in found)


def assert_complete(finding: Finding) -> None:
    """Each placeholder of its sentence is given, in both languages."""
    kind = notice(finding.rule)
    for template in kind.messages.values():
        wanted = {name for _, name, _, _ in Formatter().parse(template) if name}
        assert wanted <= set(dict(finding.details)), finding.rule


def assert_as_expected(read: Callable[[], Reading], expected: str | Noticed) -> Reading | None:
    """Read, and hold against what is expected."""
    if isinstance(expected, str):
        with pytest.raises(Refused) as caught:
            read()
        assert caught.value.code == expected
        return None
    reading = read()
    assert noticed(reading) == sorted(expected)
    return reading


# What a file is


def zipped(*members: tuple[str, bytes | str], **options: Any) -> bytes:
    """A zip archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def workbook() -> bytes:
    return (MINIMAL / "report.xlsx").read_bytes()


def document() -> bytes:
    return (MINIMAL / "report.json").read_bytes()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

FILES: list[Any] = [
    ("nothing", b"", "FILE_EMPTY"),
    ("blanks", b" \r\n\t", "TEXT_UNKNOWN"),
    ("text", "收入决算表\n".encode(), "TEXT_UNKNOWN"),
    ("one row", "科目编码,科目名称\n".encode("gbk"), "TEXT_UNKNOWN"),
    ("text in no encoding", b"a,b\n\xff\xff,1\n", "TEXT_ENCODING"),
    ("noise", b"\x01\x00\x02" * 99, "BINARY_UNKNOWN"),
    ("the beginning of an old Office file and nothing else", OLE, "OLE_CORRUPT"),
    ("encrypted by the office", b"%TSD-Header-###%" + bytes(range(256)), "DLP_ENCRYPTED"),
    ("PDF", b"%PDF-1.7\n", "PDF_TRUNCATED"),
    ("Word", zipped(("[Content_Types].xml", ""), ("word/document.xml", "")), "XLSX_PART_MISSING"),
    ("PowerPoint", zipped(("[Content_Types].xml", ""), ("ppt/presentation.xml", "")), "NOT_A_TABLE_DOCUMENT"),
    ("OFD", zipped(("OFD.xml", "")), "NOT_A_TABLE_DOCUMENT"),
    ("PNG", b"\x89PNG\r\n\x1a\n", "NOT_A_TABLE_IMAGE"),
    ("JPEG", b"\xff\xd8\xff\xe0", "NOT_A_TABLE_IMAGE"),
    ("GIF", b"GIF89a", "NOT_A_TABLE_IMAGE"),
    ("bitmap", b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00\x00\x00", "NOT_A_TABLE_IMAGE"),
    ("text that begins like a bitmap", b"BMW,1\n", "TEXT_UNKNOWN"),
    ("OpenDocument without its content", zipped(("mimetype", "application/vnd.oasis.opendocument.spreadsheet")), "XLSX_PART_MISSING"),
    ("OpenDocument text", zipped(("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "")), "NOT_A_TABLE_DOCUMENT"),
    ("OpenDocument presentation", zipped(("mimetype", "application/vnd.oasis.opendocument.presentation")), "NOT_A_TABLE_DOCUMENT"),
    ("electronic book", zipped(("mimetype", "application/epub+zip")), "ZIP_NO_REPORT"),
    ("binary workbook", zipped(("xl/workbook.bin", "")), "XLSB_WORKBOOK"),
    ("half an HTML table", b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", "HTML_MALFORMED"),
    ("half an HTML table in GBK", "<TABLE><tr><td>收入".encode("gbk"), "HTML_MALFORMED"),
    ("HTML 5 without a table", b"\xef\xbb\xbf<!DOCTYPE html><body>", "HTML_NO_TABLE"),
    ("a page before a workbook", b"<html><table></table>" + workbook(), "CONTAINER_PREFIX"),
    ("the first line of a web archive", b"MIME-Version: 1.0\r\n", "MHTML_MALFORMED"),
    ("half an XML spreadsheet of 2003", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML_MALFORMED"),
    ("RAR", b"Rar!\x1a\x07\x01\x00", "OTHER_ARCHIVE"),
    ("7z", b"7z\xbc\xaf\x27\x1c", "OTHER_ARCHIVE"),
    ("gzip", b"\x1f\x8b\x08", "OTHER_ARCHIVE"),
    ("zip of nothing", zipped(), "ZIP_NO_REPORT"),
    ("zip of something else", zipped(("说明.txt", "a")), "ZIP_NO_REPORT"),
    ("zip of a folder of a package", zipped(("包/datapackage.json", "{}")), "PACKAGE_BAD_DESCRIPTOR"),
    ("half a workbook", workbook()[: len(workbook()) // 2], "ZIP_TRUNCATED"),
    ("a workbook less its last byte", workbook()[:-1], "ZIP_TRUNCATED"),
    ("the first 100 bytes of a workbook", workbook()[:100], "ZIP_TRUNCATED"),
    ("a workbook with one byte changed", workbook()[:2000] + bytes([workbook()[2000] ^ 1]) + workbook()[2001:], "ZIP_CORRUPT"),
    ("something before a workbook", b"#!/bin/sh\n" + workbook(), "CONTAINER_PREFIX"),
    ("a workbook without its workbook part", zipped(("xl/media/image1.png", "")), "XLSX_PART_MISSING"),
    ("half a document", document()[: len(document()) // 2], "JSON_MALFORMED"),
    ("UTF-16 of Notepad", document().decode().encode("utf-16"), "ENCODING_UNKNOWN"),
    ("UTF-16 without its mark", document().decode().encode("utf-16-le"), "ENCODING_UNKNOWN"),
    ("GBK", document().decode().encode("gbk"), "ENCODING_UNKNOWN"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data", "code"), named(FILES))
def test_what_is_no_report_is_refused_by_its_content(what: str, data: bytes, code: str) -> None:
    assert_as_expected(lambda: formats.read_bytes(data)[1], code)


@pytest.mark.parametrize("name", ["报表.json", "报表.xls", "报表.et", "报表", "报表.pdf"])
@pytest.mark.parametrize("data", [workbook(), document()], ids=["workbook", "document"])
def test_the_name_of_a_file_decides_nothing(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert noticed(formats.read(tmp_path / name)) == []


def test_a_file_that_is_not_there_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, code in (
        (tmp_path / "没有.xlsx", "FILE_NOT_FOUND"),
        (tmp_path / ("长" * 300), "FILE_UNREADABLE"),
        (tmp_path, "DIRECTORY_NO_PACKAGE"),
    ):
        assert_as_expected(lambda path=path: formats.read(path), code)


@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes")
@pytest.mark.parametrize("where", ["表.csv", "夹/表.csv", "包/income.csv", "豁免"])
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path, where: str) -> None:
    """Wherever a file is looked for: as a source, in a folder, in a package, as a list of waivers."""
    for folder, held in (("夹", {"表.xlsx": workbook()}), ("包", members())):
        (tmp_path / folder).mkdir()
        for name, data in held.items():
            (tmp_path / folder / name).write_bytes(data)
    (tmp_path / where).unlink(missing_ok=True)
    os.mkfifo(tmp_path / where)
    read = waivers.read if where == "豁免" else formats.read
    place = tmp_path / (Path(where).parts[0] if "/" in where else where)
    with pytest.raises(Refused) as caught:
        read(place)
    assert caught.value.code == "FILE_NOT_REGULAR"


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "大.json").write_bytes(document())
    assert_as_expected(
        lambda: formats.read(tmp_path / "大.json", limits=Limits(file_size=100)), "FILE_TOO_LARGE"
    )


# JSON

Edit = Callable[[dict[str, Any]], object]


def put(pointer: str, value: Any) -> Edit:
    """Give a member another value; the last step `-` appends."""

    def edit(found: Any) -> None:
        *path, last = pointer.split("/")[1:]
        for step in path:
            found = found[int(step) if isinstance(found, list) else step]
        if last == "-":
            found.append(value)
        elif isinstance(found, list):
            found[int(last)] = value
        else:
            found[last] = value

    return edit


def drop(pointer: str) -> Edit:
    """Take a member away."""

    def edit(found: Any) -> None:
        *path, last = pointer.split("/")[1:]
        for step in path:
            found = found[int(step) if isinstance(found, list) else step]
        del found[int(last) if isinstance(found, list) else last]

    return edit


class Raw(NamedTuple):
    """An edit of the document's text."""

    make: Callable[[str], bytes]


def instead(old: str, new: str) -> Raw:
    """Another text in the place of the first such text of the document."""

    def make(text: str) -> bytes:
        assert old in text
        return text.replace(old, new, 1).encode("utf-8", "surrogatepass")

    return Raw(make)


def edited(edit: Edit | Raw) -> bytes:
    """The minimal document, edited as a value or as text."""
    if isinstance(edit, Raw):
        return edit.make(document().decode())
    found = json.loads(document())
    edit(found)
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass")


INCOME = "/tables/income/rows"
TOTAL = f"{INCOME}/0/total"
NAME = "/entity/name"
VERSION = "/report/spec_version"

JSON: list[Any] = [
    # no JSON, or no report
    ("an array", Raw(lambda _: b"[1, 2]"), "JSON_NOT_A_REPORT"),
    ("an object without a report", Raw(lambda _: b"{}"), "JSON_NOT_A_REPORT"),
    ("the descriptor of a package", Raw(lambda _: (MINIMAL / "datapackage.json").read_bytes()), "JSON_DESCRIPTOR"),
    ("a file of waivers", Raw(lambda _: b'{"waivers": []}'), "WAIVERS_AS_REPORT"),
    ("a report that is no object", put("/report", []), "JSON_NOT_A_REPORT"),
    ("no entity", drop("/entity"), "JSON_NOT_A_REPORT"),
    ("a key without quotes", instead('"fiscal_year"', "fiscal_year"), "JSON_MALFORMED"),
    ("a comma too many", instead('"edition"', ',"edition"'), "JSON_MALFORMED"),
    ("something behind the document", Raw(lambda text: (text + "{}").encode()), "JSON_MALFORMED"),
    ("a raw control character", instead("示例县示例站", "示例\x01站"), "JSON_MALFORMED"),
    ("NaN", instead('"5.00"', "NaN"), "JSON_NOT_RFC8259"),
    ("-Infinity", instead('"5.00"', "-Infinity"), "JSON_NOT_RFC8259"),
    ("a key twice", instead('"edition"', '"decimals": 3, "edition"'), "JSON_DUPLICATE_KEY"),
    ("100,000 brackets", Raw(lambda _: b"[" * 100_000), "JSON_TOO_DEEP"),
    ("10,000 levels of objects", Raw(lambda _: b'{"report":' * 10_000), "JSON_TOO_DEEP"),
    ("more levels than the limit", put("/x", json.loads("[" * 100 + "]" * 100)), "JSON_TOO_DEEP"),
    ("a longer string than the limit", put(NAME, "长" * (DEFAULTS.json_string + 1)), "JSON_STRING_TOO_LONG"),
    ("an integer of 5,000 digits", instead('"5.00"', "1" + "0" * 5_000), "NUMBER_TOO_LONG"),
    ("a decimal of 5,000 digits", instead('"5.00"', "0." + "1" * 5_000), "NUMBER_TOO_LONG"),
    ("half a surrogate pair in UTF-8", instead("示例县示例站", "\ud800"), "ENCODING_UNKNOWN"),
    # another version of the standard
    ("the next major version", put(VERSION, "2.0.0"), "SPEC_VERSION"),
    ("a version before the first", put(VERSION, "0.9.0"), "SPEC_VERSION"),
    ("a later minor version", put(VERSION, "1.7.0"), [("READ-50", VERSION)]),
    ("no version", drop(VERSION), [("STR-01", VERSION)]),
    ("a version that is none", put(VERSION, "1.0"), [("STR-04", VERSION)]),
    ("a version as a number", put(VERSION, 1), [("READ-05", VERSION)]),
    # what the standard does not know
    ("an unknown member", put("/备注", "补充"), [("READ-11", "/备注")]),
    ("an unknown member with a slash", put("/a~b/c".replace("/c", ""), 1), [("READ-11", "/a~0b")]),
    ("an unknown field of a row", put(f"{INCOME}/0/note", "x"), [("READ-11", f"{INCOME}/0/note")]),
    ("an unknown table", put("/tables/annex", {"rows": []}), [("READ-11", "/tables/annex")]),
    ("an unknown note", put("/notes/annex", {"a": 1}), [("READ-11", "/notes/annex")]),
    ("notes in an array", put("/notes", [1]), [("READ-11", "/notes")]),
    ("a row that is no object", put(f"{INCOME}/-", "x"), [("READ-11", f"{INCOME}/4")]),
    ("rows in an object", put(INCOME, {"a": 1}), [("READ-11", INCOME), ("STR-13", "/tables/income/status")]),
    ("an unknown edition", put("/report/edition", "atlantis-1999"), [("STR-10", "/report/edition")]),
    ("an edition of other years", put("/report/fiscal_year", 2031), [("STR-18", "/report/edition")]),
    # tables and their states
    ("a table that is not listed", drop("/tables/income"), [("READ-12", "/tables")]),
    ("a table without rows", drop(INCOME), [("READ-22", "/tables/income")]),
    ("an empty table with rows", put("/tables/income/status", "empty"), [("STR-08", "/tables/income/status")]),
    ("an empty table without its statement", lambda d: d["tables"]["income"].update(status="empty", rows=[]), [("STR-16", "/tables/income/statement")]),
    ("a reported table without rows", put(INCOME, []), [("STR-13", "/tables/income/status")]),
    ("a state that is none", put("/tables/income/status", "full"), [("STR-03", "/tables/income/status")]),
    ("no state", drop("/tables/income/status"), [("STR-01", "/tables/income/status")]),
    ("no entity in the entity", put("/entity", {}), [("STR-09", "")]),
    # amounts
    ("an amount as a decimal", put(TOTAL, 5.25), [("READ-05", TOTAL)]),
    ("an amount as an integer", put(TOTAL, 5), [("READ-05", TOTAL)]),
    ("an amount as a truth value", put(TOTAL, True), [("READ-05", TOTAL)]),
    ("an amount as an array", put(TOTAL, [5]), [("READ-05", TOTAL)]),
    ("an amount with an exponent", put(TOTAL, "5e0"), [("READ-01", TOTAL)]),
    ("an amount with a plus", put(TOTAL, "+5.00"), [("READ-01", TOTAL)]),
    ("minus zero", put(TOTAL, "-0.00"), [("READ-01", TOTAL)]),
    ("an amount with a comma", put(TOTAL, "1,234.00"), [("READ-01", TOTAL)]),
    ("an amount in full-width digits", put(TOTAL, "５.00"), [("READ-01", TOTAL)]),
    ("an amount with a blank", put(TOTAL, " 5.00"), [("READ-01", TOTAL)]),
    ("an amount of 25 digits", put(TOTAL, "1" * 25), [("READ-01", TOTAL)]),
    ("an amount of 7 decimals", put(TOTAL, "5.0000001"), [("READ-01", TOTAL)]),
    ("an amount that is an empty text", put(TOTAL, ""), [("READ-09", TOTAL)]),
    ("an amount that is not given", drop(TOTAL), [("READ-10", f"{INCOME}/0")]),
    # other values
    ("a year as text", put("/report/fiscal_year", "2021"), [("READ-05", "/report/fiscal_year")]),
    ("a year before all", put("/report/fiscal_year", 1921), [("STR-06", "/report/fiscal_year"), ("STR-18", "/report/edition")]),
    ("a year of 20 digits", put("/report/fiscal_year", 10**20), [("STR-02", "/report/fiscal_year"), ("STR-18", "/report/edition")]),
    ("a date that is none", put("/report/approved_on", "2022-02-30"), [("READ-04", "/report/approved_on")]),
    ("a truth value as text", put("/tables/income/reconstructed", "yes"), [("READ-05", "/tables/income/reconstructed")]),
    ("a code that is none", put(f"{INCOME}/1/code", "2010"), [("STR-04", f"{INCOME}/1/code")]),
    ("a row without its code", put(f"{INCOME}/1/code", None), [("STR-01", f"{INCOME}/1/code")]),
    ("a project that is not listed", put("/notes/performance_funds", [{"project": 99, "kind": "total"}]), [("STR-07", "/notes/performance_funds/0/project")]),
    ("a described cell that is not there", put("/cells/-", {"table": "income", "row": "999", "field": "total", "basis": "stated"}), [("STR-14", "/cells/0/row")]),
    ("a described field that is not there", put("/cells/-", {"table": "income", "row": "201", "field": "x", "basis": "stated"}), [("STR-14", "/cells/0/field")]),
    # texts
    ("a text with an escape", put(NAME, "\x1b[31m站"), [("READ-07", NAME)]),
    ("a text with NUL", put(NAME, "a\0b"), [("READ-07", NAME)]),
    ("half a surrogate pair in an escape", instead('"name": "示例县示例站"', '"name": "\\ud800站"'), [("READ-07", NAME)]),
    ("a text with blanks around it", put(NAME, "　示例站 "), [("READ-08", NAME)]),
    ("a text of blanks", put(NAME, "　"), [("READ-08", NAME), ("STR-01", NAME)]),
    ("an empty text", put(NAME, ""), [("READ-09", NAME)]),
    ("a text that a spreadsheet would run", put(NAME, '=HYPERLINK("http://x","y")'), [("STR-19", NAME)]),
    ("a text that only begins so", put(NAME, "-5%"), []),
    ("a number in the place of a text", put(NAME, 5), [("READ-05", NAME)]),
    # rows
    ("a row twice", lambda d: d["tables"]["income"]["rows"].append(d["tables"]["income"]["rows"][1]), [("STR-05", f"{INCOME}/4/code")]),
    ("a mark of byte order", Raw(lambda text: ("\ufeff" + text).encode()), []),
    ("line ends of Windows", Raw(lambda text: text.replace("\n", "\r\n").encode()), []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "edit", "expected"), named(JSON))
def test_a_fault_of_a_document(what: str, edit: Any, expected: str | Noticed) -> None:
    reading = assert_as_expected(lambda: formats.read_bytes(edited(edit))[1], expected)
    if reading is not None:
        found = json.loads(edited(edit).decode("utf-8-sig"))
        for _, place in noticed(reading):
            assert_pointer(found, place)
        assert json_form.write(reading.report)


def assert_pointer(found: Any, pointer: str) -> None:
    """A pointer leads to something in the document, or to a member that its object lacks."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for index, step in enumerate(steps):
        if isinstance(found, dict) and step not in found and index == len(steps) - 1 and step:
            return
        found = found[int(step)] if isinstance(found, list) else found[step]


def test_the_place_of_a_whole_part_is_a_pointer_to_it() -> None:
    data = edited(put("/report", {"remark": "x"}))
    reading = formats.read_bytes(data)[1]
    assert ("STR-09", "/report") in noticed(reading)


@pytest.mark.parametrize(
    "number", ["1e9999", "-1e-9999", "1e9999999999999999999", "-1E-99999999999999999999999"]
)
def test_a_number_with_an_exponent_is_never_written_out(number: str) -> None:
    data = edited(instead('"5.00"', number))
    try:
        reading = formats.read_bytes(data)[1]
    except Refused:
        return
    assert max(len(f.message()) for f in reading.findings) < 200
    assert max(len(f.cells[0].value or "") for f in reading.findings) < 100


def test_an_integer_in_the_place_of_an_amount_keeps_its_form() -> None:
    reading = formats.read_bytes(edited(put(TOTAL, 5)))[1]
    assert [f.cells[0].value for f in reading.findings] == ["5"]
    assert str(reading.report.value("income", "TOTAL", "total")) == "5"


@pytest.mark.parametrize("form", ["json", "zip", "xlsx"])
def test_what_was_read_can_be_written_whatever_its_keys_are(form: str) -> None:
    data = edited(instead('"fiscal_year"', '"\\ud800": 1, "fiscal_year"'))
    reading = formats.read_bytes(data)[1]
    assert formats.encoder(form)(reading.report)


# Packages

Members = dict[str, bytes]


@cache
def members() -> Mapping[str, bytes]:
    """The minimal package in memory."""
    return package.write(formats.read(MINIMAL).report)


def in_csv(name: str, old: str, new: str) -> Callable[[Members], object]:
    """Another text in the place of the first such text of a CSV."""

    def edit(found: Members) -> None:
        assert old.encode() in found[name], (name, old)
        found[name] = found[name].replace(old.encode(), new.encode(), 1)

    return edit


def over(name: str, change: Callable[[bytes], bytes]) -> Callable[[Members], object]:
    """A member's bytes changed."""
    return lambda found: found.update({name: change(found[name])})


def described(edit: Callable[[Any], object]) -> Callable[[Members], object]:
    """The descriptor edited; `edit` may return another one."""

    def change(found: Members) -> None:
        descriptor = json.loads(found["datapackage.json"])
        other = edit(descriptor)
        found["datapackage.json"] = json.dumps(descriptor if other is None else other).encode()

    return change


def listed(descriptor: Any, name: str = "income") -> Any:
    return next(r for r in descriptor["resources"] if r["name"] == name)


def at_path(path: Any) -> Callable[[Members], object]:
    """The income table under another path."""
    return described(lambda d: listed(d).update(path=path))


NOT_THERE = [("READ-14", "income.csv")]
NO_ROWS = [("STR-13", "tables.csv:3:2")]

PACKAGES: list[Any] = [
    # files
    ("a CSV is missing", lambda m: m.pop("income.csv"), NOT_THERE),
    ("the report is missing", lambda m: m.pop("report.csv"), [("READ-14", "report.csv")]),
    ("a CSV that is not listed", lambda m: m.update({"附表.csv": b"a\n"}), [("READ-13", "附表.csv")]),
    ("an empty CSV", lambda m: m.update({"income.csv": b""}), [("READ-16", "income.csv")]),
    ("a CSV of blank lines", lambda m: m.update({"income.csv": b"\n\n"}), [("READ-16", "income.csv")]),
    ("a CSV with its header only", over("income.csv", lambda b: b.split(b"\n")[0] + b"\n"), NO_ROWS),
    # the descriptor
    ("no descriptor in JSON", lambda m: m.update({"datapackage.json": b"{"}), "JSON_MALFORMED"),
    ("an empty descriptor", lambda m: m.update({"datapackage.json": b""}), "JSON_MALFORMED"),
    ("a descriptor in GBK", lambda m: m.update({"datapackage.json": '{"标题":1}'.encode("gbk")}), "ENCODING_UNKNOWN"),
    ("a descriptor with a key twice", lambda m: m.update({"datapackage.json": b'{"a":1,"a":2}'}), "JSON_DUPLICATE_KEY"),
    ("a descriptor that is an array", described(lambda _: [1]), "PACKAGE_BAD_DESCRIPTOR"),
    ("resources that are no array", described(lambda d: d.update(resources={})), "PACKAGE_BAD_DESCRIPTOR"),
    ("a resource that is no object", described(lambda d: d["resources"].append(1)), "PACKAGE_BAD_DESCRIPTOR"),
    ("a resource without a name", described(lambda d: listed(d).pop("name") and None), "PACKAGE_BAD_DESCRIPTOR"),
    ("a resource without a path", described(lambda d: listed(d).pop("path") and None), "PACKAGE_BAD_RESOURCE"),
    ("a resource of two paths", at_path(["income.csv", "b.csv"]), "PACKAGE_BAD_RESOURCE"),
    ("a resource with another delimiter", described(lambda d: listed(d).update(dialect={"delimiter": ";"})), "PACKAGE_DIALECT"),
    ("a resource in another encoding", described(lambda d: listed(d).update(encoding="gbk")), "PACKAGE_DIALECT"),
    ("a resource with its data inside", described(lambda d: d["resources"].append({"name": "x", "data": []})), "PACKAGE_BAD_RESOURCE"),
    ("an unknown resource", lambda m: (m.update({"x.csv": b"a\n1\n"}), described(lambda d: d["resources"].append({"name": "x", "path": "x.csv"}))(m)), [("READ-15", "x.csv")]),
    ("a resource twice", described(lambda d: d["resources"].append(listed(d))), [("READ-15", "income.csv")]),
    ("a table that is not listed", described(lambda d: d["resources"].remove(listed(d))), [("READ-12", "datapackage.json"), ("READ-13", "income.csv")]),
    ("a descriptor with more in it", described(lambda d: d.update(keywords=["a"])), [("READ-51", "datapackage.json")]),
    ("another major version", described(lambda d: d["fatk"].update(spec_version="2.0.0")), "SPEC_VERSION"),
    ("another major version in the report", in_csv("report.csv", "1.0.0", "2.0.0"), "SPEC_VERSION"),
    ("a later minor version", in_csv("report.csv", "1.0.0", "1.7.0"), [("READ-50", "report.csv:2:1"), ("READ-79", "report.csv:2:1")]),
    # paths
    *((f"a path that is {kind}", at_path(path), "PATH_UNSAFE") for kind, path in {
        "empty": "", "upwards": "../income.csv", "upwards within": "a/../../b.csv", "absolute": "/etc/passwd", "a share": "//host/x.csv",
        "an address": "https://example.com/x.csv", "a file address": "file:///etc/passwd", "of home": "~/x.csv", "hidden": ".income.csv",
        "in a hidden folder": "a/.b/c.csv", "of a drive": "C:\\x.csv", "of Windows": "a\\b.csv", "a stream": "income.csv::$DATA",
        "a variable": "$HOME/x.csv", "a folder": "income.csv/", "dotted": "./income.csv", "doubled": "a//b.csv", "with a blank": "income.csv ",
        "with a dot": "income.csv.", "with a line end": "income.csv\n", "with NUL": "income.csv\0", "with a mark of direction": "in\u202ecome.csv",
        "half a surrogate pair": "\ud800.csv",
    }.items()),
    ("a path to nothing", at_path("%2e%2e/x.csv"), [("READ-13", "income.csv"), ("READ-14", "%2e%2e/x.csv")]),
    ("a path into a folder", lambda m: (m.update({"data/income.csv": m.pop("income.csv")}), at_path("data/income.csv")(m)), []),
    # the grammar of a CSV
    ("a quote that is not closed", in_csv("income.csv", "合计", '"合计'), "CSV_MALFORMED"),
    ("a quote closed too early", in_csv("income.csv", "合计", '"合"计'), "CSV_MALFORMED"),
    ("GBK", over("income.csv", lambda b: b.decode().encode("gbk")), "CSV_ENCODING"),
    ("UTF-16", over("income.csv", lambda b: b.decode().encode("utf-16")), "CSV_ENCODING"),
    ("600 columns", in_csv("income.csv", "合计", "," * 600), "CSV_TOO_MANY_COLUMNS"),
    ("a longer field than the limit", in_csv("income.csv", "合计", "长" * (DEFAULTS.csv_field + 1)), "CSV_FIELD_TOO_LONG"),
    ("a mark of byte order", over("income.csv", lambda b: b"\xef\xbb\xbf" + b), []),
    ("line ends of Windows", over("income.csv", lambda b: b.replace(b"\n", b"\r\n")), []),
    ("blank rows at the end", over("income.csv", lambda b: b + b",,,,,,,,\n\n"), []),
    ("blank cells at the end of a row", in_csv("income.csv", "合计,5.00,5.00,0.00,0.00,0.00,0.00,0.00", "合计,5.00,5.00,0.00,0.00,0.00,0.00,0.00,,"), []),
    ("a cell too many", in_csv("income.csv", "合计,5.00", "合计,7.77,5.00"), [("READ-20", "income.csv:2:10")]),
    ("a cell too few", in_csv("income.csv", "合计,5.00", "合计"), [("READ-21", "income.csv:2")]),
    # columns
    ("a column of another name", in_csv("income.csv", ",total,", ",Total,"), [("READ-17", "income.csv:1:3"), ("READ-18", "income.csv:1")]),
    ("a column named in Chinese", in_csv("income.csv", ",total,", ",本年收入合计,"), [("READ-17", "income.csv:1:3"), ("READ-18", "income.csv:1")]),
    ("a column without a name", in_csv("income.csv", ",total,", ",,"), [("READ-17", "income.csv:1:3"), ("READ-18", "income.csv:1")]),
    ("a column twice", over("income.csv", lambda b: b.replace(b",total,", b",total,total,").replace(b",5.00,5.00,", b",5.00,7.77,5.00,")), [("READ-17", "income.csv:1:4")]),
    # cells
    ("an amount in words", in_csv("income.csv", "5.00", "五元"), [("READ-01", "income.csv:2:3")]),
    ("an error of Excel", in_csv("income.csv", "5.00", "#DIV/0!"), [("READ-01", "income.csv:2:3")]),
    ("an amount with a comma", in_csv("income.csv", "5.00", '"1,234.00"'), [("READ-01", "income.csv:2:3")]),
    ("a count that is none", in_csv("report.csv", "2021", "二〇二一"), [("READ-02", "report.csv:2:2")]),
    ("a truth value that is none", in_csv("tables.csv", "income,reported,", "income,reported,yes"), [("READ-03", "tables.csv:3:3")]),
    ("a reserved word in a text", in_csv("income.csv", "合计", "n/a"), [("READ-06", "income.csv:2:2")]),
    ("an escape in a text", in_csv("income.csv", "合计", "\x1b[31m合计"), [("READ-07", "income.csv:2:2")]),
    ("NUL in a text", in_csv("income.csv", "合计", "合\0计"), [("READ-07", "income.csv:2:2")]),
    ("blanks around a text", in_csv("income.csv", "合计", " 合计　"), [("READ-08", "income.csv:2:2")]),
    ("a line end within a text", in_csv("income.csv", "合计", '"合\n计"'), []),
    # rows
    ("a second row of a table of one", over("report.csv", lambda b: b + b.split(b"\n")[1] + b"\n"), [("READ-19", "report.csv:3")]),
    ("a row without its key", in_csv("income.csv", "201,一般", ",一般"), [("STR-01", "income.csv:3:1")]),
    ("a row twice", over("income.csv", lambda b: b + b.split(b"\n")[2] + b"\n"), [("STR-05", "income.csv:6:1")]),
    ("two rows without their keys", over("income.csv", lambda b: b.replace(b"\n201,", b"\n,").replace(b"\n20103,", b"\n,")), [("STR-01", "income.csv:3:1"), ("STR-01", "income.csv:4:1"), ("STR-05", "income.csv:4:1")]),
]  # fmt: skip


@pytest.mark.parametrize("closed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(("what", "edit", "expected"), named(PACKAGES))
def test_a_fault_of_a_package(
    tmp_path: Path, what: str, edit: Callable[[Members], object], expected: str | Noticed, closed: bool
) -> None:
    found = dict(members())
    edit(found)

    def read() -> Reading:
        if closed:
            return formats.read_bytes(zipped(*found.items()))[1]
        for name, data in found.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
        return formats.read(tmp_path)

    reading = assert_as_expected(read, expected)
    if reading is None:
        return
    for _, place in noticed(reading):
        name, *numbers = place.split(":")
        assert name in found or not numbers, place
        lines = [*csv.reader(found[name].decode("utf-8-sig").splitlines())] if numbers else []
        assert all(int(number) <= limit for number, limit in zip(numbers, (len(lines), 12), strict=False))


def test_links_out_of_a_package_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(members()["income.csv"])
    for name, target in (
        ("income.csv", "../secret.csv"),
        ("datapackage.json", "../other.json"),
        ("data", ".."),
    ):
        folder = tmp_path / f"pkg-{name}"
        folder.mkdir()
        for member, data in members().items():
            (folder / member).write_bytes(data)
        (tmp_path / "other.json").write_bytes(members()["datapackage.json"])
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
        if name == "data":
            found = dict(members())
            at_path("data/secret.csv")(found)
            (folder / "datapackage.json").write_bytes(found["datapackage.json"])
        assert_as_expected(lambda folder=folder: formats.read(folder), "PATH_SYMLINK")


def test_a_package_of_all_files_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    for member, data in members().items():
        (tmp_path / member).write_bytes(data)
    limits = Limits(zip_total=sum(map(len, members().values())) - 1)
    assert_as_expected(lambda: formats.read(tmp_path, limits=limits), "PACKAGE_TOO_LARGE")
    assert_as_expected(lambda: formats.read(tmp_path, limits=Limits(csv_rows=3)), "CSV_TOO_MANY_ROWS")


def linked() -> bytes:
    """A package in a zip with a link in it."""
    entry = zipfile.ZipInfo("link.csv")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped(*members().items(), (entry, "/etc/passwd"))  # type: ignore[arg-type]


def locked() -> bytes:
    """A package in a zip whose first entry is marked as encrypted."""
    data = bytearray(zipped(*members().items()))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


ARCHIVES: list[Any] = [
    ("a name upwards", lambda: zipped(*members().items(), ("../x.csv", "")), "ZIP_UNSAFE_NAME"),
    ("an absolute name", lambda: zipped(*members().items(), ("/x.csv", "")), "ZIP_UNSAFE_NAME"),
    ("a device of Windows", lambda: zipped(*members().items(), ("CON.csv", "")), "ZIP_UNSAFE_NAME"),
    ("a name twice", lambda: zipped(*members().items(), ("income.csv", "")), "ZIP_DUPLICATE_NAME"),
    ("a name twice but for case", lambda: zipped(*members().items(), ("Income.CSV", "")), "ZIP_DUPLICATE_NAME"),
    ("a bomb", lambda: zipped(*members().items(), ("x.csv", bytes(8 << 20)), compression=zipfile.ZIP_DEFLATED), "ZIP_BOMB"),
    ("a link", linked, "ZIP_SYMLINK"),
    ("a password", locked, "ZIP_ENCRYPTED"),
    ("another compression", lambda: zipped(*members().items(), compression=zipfile.ZIP_LZMA), "ZIP_METHOD_UNSUPPORTED"),
    ("a cut end", lambda: zipped(*members().items())[:-40], "ZIP_TRUNCATED"),
    ("what Macs and Windows put in", lambda: zipped(*members().items(), ("__MACOSX/._income.csv", ""), (".DS_Store", ""), ("Thumbs.db", "")), [("READ-13", ".DS_Store"), ("READ-13", "Thumbs.db"), ("READ-13", "__MACOSX/._income.csv")]),
    ("a name in other case", lambda: zipped(*((name.upper() if name == "income.csv" else name, data) for name, data in members().items())), []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "make", "expected"), named(ARCHIVES))
def test_a_fault_of_a_zipped_package(what: str, make: Callable[[], bytes], expected: str | Noticed) -> None:
    assert_as_expected(lambda: formats.read_bytes(make())[1], expected)


# Workbooks

WorkbookEdit = Callable[[Any], object]
INC, SUM, TPE = "02收入决算表", "01收入支出决算总表", "07一般公共预算财政拨款三公经费支出决算表"


def findings_sheet(book: Any) -> None:
    """A sheet that says of itself that it lists what was found."""
    sheet = book.create_sheet("结果")
    sheet["A1"] = "收入决算表"
    sheet.defined_names.add(DefinedName("_fatk_results", attr_text="结果!$A$1", hidden=True))


def cell(sheet: str, place: str, value: Any, shown: str | None = None) -> WorkbookEdit:
    """Another value in a cell, and how it is shown."""

    def edit(book: Any) -> None:
        book[sheet][place].value = value
        if shown:
            book[sheet][place].number_format = shown

    return edit


def cover(label: str, value: Any) -> WorkbookEdit:
    """Another value behind a label of the cover."""

    def edit(book: Any) -> None:
        row = next(r for r in book["封面"].iter_rows() if r[0].value == label)
        row[1].value = value

    return edit


def all_of(*edits: WorkbookEdit) -> WorkbookEdit:
    def edit(book: Any) -> None:
        for each in edits:
            each(book)

    return edit


def only_forms(book: Any) -> None:
    for name in book.sheetnames:
        if not name[:2].isdigit():
            del book[name]


def no_units(book: Any) -> None:
    only_forms(book)
    for sheet in book:
        for row in sheet.iter_rows(max_row=4):
            for found in row:
                if "单位：" in str(found.value):
                    found.value = None


def unmerged(sheet: Any) -> None:
    """Take the merges away, so that rows can be."""
    for merged in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(merged))


def saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def remade(edit: WorkbookEdit) -> bytes:
    """The minimal workbook, edited."""
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    edit(book)
    return saved(book)


WORKBOOKS: list[Any] = [
    ("nothing but another program's hand", lambda _: None, []),
    # amounts
    ("an amount in words", cell(INC, "C7", "五元"), [("READ-01", f"{INC}!C7")]),
    ("an amount with its unit", cell(INC, "C7", "5.00万元"), [("READ-01", f"{INC}!C7")]),
    ("an amount as a percentage in text", cell(INC, "C7", "12%"), [("READ-01", f"{INC}!C7")]),
    ("an amount beyond all", cell(INC, "C7", 1e300), [("READ-01", f"{INC}!C7")]),
    ("a truth value", cell(INC, "C7", True), [("READ-01", f"{INC}!C7")]),
    ("an error value", cell(INC, "C7", "#DIV/0!"), [("READ-31", f"{INC}!C7")]),
    ("a formula without its value", cell(INC, "C7", "=SUM(D7:I7)"), [("READ-32", f"{INC}!C7")]),
    ("a text that is a number", cell(INC, "C7", "5.00"), []),
    ("thousands in a text", cell(INC, "C7", "1,234.00"), [("READ-33", f"{INC}!C7")]),
    ("a negative in brackets", cell(INC, "C7", "(5.00)"), [("READ-33", f"{INC}!C7")]),
    ("more decimals than shown", cell(INC, "C7", 5.0049), [("READ-30", f"{INC}!C7")]),
    ("the noise of a sum", cell(INC, "C7", 0.1 + 0.2), []),
    ("figures shown divided", cell(INC, "C7", 50000, "0.00,"), [("READ-52", f"{INC}!C7")]),
    ("figures shown in 万", cell(INC, "C7", 50000, "0!.0000"), [("READ-52", f"{INC}!C7")]),
    ("figures shown as percentages", cell(INC, "C7", 0.12, "0.00%"), [("READ-52", f"{INC}!C7")]),
    ("a date in the place of an amount", cell(INC, "C7", date(2022, 1, 1)), [("READ-01", f"{INC}!C7")]),
    # codes, rows
    ("a code as a number", cell(INC, "A8", 201), []),
    ("a code of four digits", cell(INC, "A8", "2010"), [("READ-37", f"{INC}!A8"), ("READ-41", f"{INC}!A8")]),
    ("a code that is an error", cell(INC, "A8", "#REF!"), [("READ-37", f"{INC}!A8"), ("READ-41", f"{INC}!A8")]),
    ("a row without its code", cell(INC, "A8", None), [("READ-57", f"{INC}!B8")]),
    ("a row of something else", cell(INC, "A8", "其他"), [("READ-37", f"{INC}!A8"), ("READ-41", f"{INC}!A8")]),
    ("a misspelt column", cell(INC, "F4", "事业收人"), [("READ-56", f"{INC}!F4")]),
    ("a code that is a formula without its value", cell(INC, "A8", "=A9"), [("READ-32", f"{INC}!A8"), ("READ-41", f"{INC}!B8")]),
    ("a date in the place of a code", cell(INC, "A8", date(2022, 1, 1)), [("READ-37", f"{INC}!A8"), ("READ-41", f"{INC}!A8")]),
    ("a code twice", cell(INC, "A9", "201"), [("STR-05", f"{INC}!A9")]),
    ("a line that no form has", cell(SUM, "A7", "一、天上掉下的收入"), [("READ-37", f"{SUM}!A7"), ("READ-41", f"{SUM}!A7")]),
    # columns
    ("a column less", lambda b: b[INC].delete_cols(4), [("READ-35", f"{INC}!A4")]),
    ("a column of another name", cell(INC, "D4", "天降收入"), [("READ-35", f"{INC}!A4"), ("READ-36", f"{INC}!D4"), ("READ-41", f"{INC}!D4")]),
    ("a column twice", cell(INC, "I4", "财政拨款收入"), [("READ-35", f"{INC}!A4"), ("READ-41", f"{INC}!I6"), ("READ-63", f"{INC}!I4")]),
    ("a column more", all_of(cell(INC, "J4", "备注"), cell(INC, "J8", "补充")), [("READ-36", f"{INC}!J4"), ("READ-41", f"{INC}!J4")]),
    # sheets and what lies around
    ("a sheet less", lambda b: b.remove(b[INC]), [("STR-13", "封面!B36")]),
    ("the total less", lambda b: (unmerged(b[INC]), b[INC].delete_rows(7)), [("STR-20", f"{INC}!A1")]),
    ("a sheet more", lambda b: b.create_sheet("附表").cell(1, 1, "你好"), [("READ-43", "附表!A1")]),
    ("our own sheet of findings", findings_sheet, [("READ-90", "结果")]),
    ("a table twice", lambda b: b.copy_worksheet(b[INC]), [("READ-34", f"{INC} Copy!A1"), ("READ-41", f"{INC} Copy!A1")]),
    ("a remark below", cell(INC, "A30", "补充说明"), [("READ-41", f"{INC}!A30")]),
    ("a hidden sheet", lambda b: setattr(b[INC], "sheet_state", "hidden"), [("READ-46", INC)]),
    ("a comment", lambda b: setattr(b[INC]["C7"], "comment", Comment("注意", "我")), [("READ-47", INC)]),
    ("the title of a budget", cell(INC, "A1", "收入预算表"), [("READ-87", f"{INC}!A1")]),
    ("no title", cell(INC, "A1", None), [("READ-88", f"{INC}!A2")]),
    ("no title and no number", all_of(cell(INC, "A1", None), cell(INC, "A2", None)), [("READ-88", f"{INC}!A4")]),
    ("another title than the cover lists", cell(INC, "A1", "部门收入决算总表"), [("READ-89", f"{INC}!A1")]),
    ("a sheet in another unit", cell(INC, "H3", "金额单位：元"), [("READ-49", f"{INC}!H3")]),
    ("a cover without its unit", cover("金额单位", None), [("READ-86", "封面!B18")]),
    ("a cover without its unit, one sheet in another than the others", all_of(cover("金额单位", None), cell(INC, "H3", "金额单位：元")), [("READ-80", f"{INC}!H3"), ("READ-86", "封面!B18")]),
    ("a sheet of another entity", cell(INC, "A3", "部门：另一个单位"), [("READ-55", f"{INC}!A3")]),
    ("forms without the rest", only_forms, [("READ-39", "")]),
    ("forms without their unit", no_units, [("READ-39", "")]),  # and PF-03
    ("an empty workbook", lambda b: [b.create_sheet("Sheet1"), *map(b.__delitem__, b.sheetnames[:-1])], [("STR-09", ""), ("STR-09", ""), *[("STR-15", "")] * 9]),
    # the cover
    ("another major version", cover("标准版本", "2.0.0"), "SPEC_VERSION"),
    ("a later minor version", cover("标准版本", "1.7.0"), [("READ-50", "封面!B15")]),
    ("a year in words", cover("年度", "二〇二一"), [("READ-02", "封面!B16"), ("READ-41", "封面!A1")]),
    ("a kind that is none", cover("单位类别", "什么"), [("STR-03", "封面!B8")]),
    ("a name that would be run", cover("部门（单位）名称", "@SUM(A1)"), [("READ-41", "封面!A1"), ("READ-55", "01收入支出决算总表!A3"), ("STR-19", "封面!B5")]),
    # texts
    ("a control character in a name", cell(INC, "B8", "一般_x0007_公共"), [("READ-07", f"{INC}!B8")]),
    ("the title of another table", cell(INC, "A1", "支出决算表"), [("READ-48", f"{INC}!A1")]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "edit", "expected"), named(WORKBOOKS))
def test_a_fault_of_a_workbook(what: str, edit: WorkbookEdit, expected: str | Noticed) -> None:
    data = remade(edit)
    reading = assert_as_expected(lambda: formats.read_bytes(data)[1], expected)
    sheets = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
    for _, place in noticed(reading) if reading else ():
        assert not place or place.rpartition("!")[0] in sheets or place in sheets


def test_the_names_of_sheets_decide_nothing() -> None:
    made = openpyxl.load_workbook(FULL / "report.xlsx")
    for number, name in enumerate(made.sheetnames):
        made[name].title = f"Sheet{number}"
    reading = formats.read_bytes(saved(made))[1]
    expected = formats.read(FULL / "report.xlsx").report
    assert [t.id for t in expected.spec.forms if reading.report.rows(t.id) != expected.rows(t.id)] == []
    assert noticed(reading) == []


def test_macros_and_links_to_other_files_are_noticed() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    more = [("xl/vbaProject.bin", b""), ("xl/externalLinks/externalLink1.xml", b"<a/>")]
    reading = formats.read_bytes(zipped(*parts, *more))[1]
    assert noticed(reading) == [("READ-44", more[0][0]), ("READ-45", more[1][0])]


def test_a_figure_that_the_edition_has_no_cell_for_is_noticed_and_not_lost_in_a_workbook() -> None:
    found = json.loads((FULL / "report.json").read_bytes())
    row = found["tables"]["state_capital"]["rows"]
    table = load().tables["state_capital"]
    printed = formats.read(FULL / "report.json").report.form("state_capital")
    absent = [f.name for f in table.amounts if printed is not None and f.name not in printed.fields]
    if not row or not absent:
        found = json.loads(document())
        found["tables"]["state_capital"] = {
            "status": "reported",
            "rows": [{"code": "TOTAL", "name": "合计", "opening_balance": "1.00", "income": None, "total": "0.00",
                      "basic": "0.00", "project": "0.00", "closing_balance": None}],
        }  # fmt: skip
    else:
        row[0][absent[0]] = "1.00"
    reading = formats.read_bytes(json.dumps(found).encode())[1]
    assert [rule for rule, _ in noticed(reading)].count("STR-17") == 1
    with pytest.raises(WouldLose) as caught:
        formats.encoder("xlsx")(reading.report)
    assert caught.value.code == "CELL_NOT_PRINTED"


def test_two_rows_where_one_is_allowed_are_noticed_in_a_report_made_in_memory() -> None:
    report = formats.read(MINIMAL).report
    twice = build(report.spec, {**report.tables, "report": report.rows("report") * 2})
    assert noticed(Reading(twice)) == [("STR-11", "")]
    with pytest.raises(WouldLose):
        json_form.write(twice)


@pytest.mark.parametrize(
    ("what", "text"),
    named(
        [
            ("blanks", " 站"),
            ("a control character", "站\x07"),
            ("half a surrogate pair", "\ud800"),
            ("nothing", ""),
        ]
    ),
)
def test_a_text_that_no_report_may_hold_is_noticed_in_a_report_made_in_memory(what: str, text: str) -> None:
    report = formats.read(MINIMAL).report
    spoiled = build(report.spec, {**report.tables, "entity": ((text, *report.rows("entity")[0][1:]),)})
    assert noticed(Reading(spoiled)) == [("STR-12", "")]


# Nothing is dropped


MARK = "甲乙丙丁"


@cache
def book() -> Book:
    return ooxml.read_book(workbook())


#: Cells that are layout where they hold what the form prints: titles, headers, 栏次, 行次, units of lists.
_LAYOUT = re.compile(
    r"栏次|项目|内容|单位|小计|[0-9]{1,2}|.*决算表|.*决算总表|本年支出|公务用车.*费|人|个|平方米|万元|.*次|.*套"
)


def marked(sheet: int, place: tuple[int, int]) -> str:
    """All that is known of the minimal workbook read with a mark in one cell: its report and what was noticed."""
    sheets = list(book().sheets)
    row, column = place
    lines = sheets[sheet].rows
    changed = {**lines[row], column: Cell(MARK, "text")}
    sheets[sheet] = replace(sheets[sheet], rows={**lines, row: changed})
    try:
        result = check.check(transcription.transcribe(replace(book(), sheets=tuple(sheets)), load()))
    except Refused as error:
        return str(error)
    said = " ".join(f"{f.message()} {f.cells}" for f in result.findings)
    rows = [value for table in result.reading.report.tables.values() for row in table for value in row]
    return said + " ".join(value for value in rows if isinstance(value, str))


def places(layout: bool) -> Iterator[tuple[int, tuple[int, int]]]:
    for index, sheet in enumerate(book().sheets):
        for place, found in sheet.cells.items():
            if bool(_LAYOUT.fullmatch(found.text)) == layout:
                yield index, place


def _lost(layout: bool) -> list[str]:
    sheets = book().sheets
    return [
        f"{sheets[index].name} {place} {sheets[index].cells[place].text}"
        for index, place in places(layout)
        if MARK not in marked(index, place)
    ]


def test_a_text_in_the_place_of_any_value_or_label_is_in_the_report_or_named() -> None:
    assert _lost(layout=False) == []


def test_a_text_in_the_place_of_any_layout_is_in_the_report_or_named() -> None:
    assert _lost(layout=True) == []


@pytest.mark.parametrize(
    ("what", "edit", "reasons"),
    named(
        [
            ("words", cell(INC, "C7", "五元"), {"unread"}),
            ("an error value", cell(INC, "C7", "#REF!"), {"unread"}),
            ("a formula without its value", cell(INC, "C7", "=SUM(D7:I7)"), {"unread"}),
            ("a column that is misspelt", cell(INC, "F4", "事业收人"), {"unread"}),
            ("a year in words", cover("年度", "二〇二一"), {"unread"}),
            ("a blank", cell(INC, "C7", None), {"blank"}),
            ("a blank beside words", all_of(cell(INC, "C7", "五元"), cell(INC, "D8", None)), {"blank", "unread"}),
        ]
    ),
)  # fmt: skip
def test_what_could_not_be_read_is_not_called_blank(what: str, edit: WorkbookEdit, reasons: set[str]) -> None:
    """Who is told to fill in a blank where there is none looks in vain."""
    result = check.check(formats.read_bytes(remade(edit))[1])
    plain = check.check(formats.read_bytes(workbook())[1])
    known = {(f.rule, f.reason) for f in plain.findings if f.outcome == "not_checked"}
    told = {(f.rule, f.reason) for f in result.findings if f.outcome == "not_checked"} - known
    assert {reason for _, reason in told} == reasons


def test_no_unit_anywhere_is_told_once() -> None:
    result = check.check(formats.read_bytes(remade(no_units))[1])
    assert [f.rule for f in result.findings if f.rule in {"PF-03", "READ-38"}] == ["PF-03"]


@pytest.mark.parametrize(
    ("what", "edit", "told"),
    named(
        [
            ("a sheet less", lambda b: b.remove(b["03支出决算表"]), "STR-13"),
            ("the total less", lambda b: (unmerged(b["03支出决算表"]), b["03支出决算表"].delete_rows(7)), "STR-20"),
        ]
    ),
)  # fmt: skip
def test_what_is_not_there_is_told_once_and_what_needs_it_is_not_checked(
    what: str, edit: WorkbookEdit, told: str
) -> None:
    """No figure is doubted, and no cause sought, since a table or its total was lost."""
    made = openpyxl.load_workbook(FULL / "report.xlsx")
    edit(made)
    result = check.check(formats.read_bytes(saved(made))[1])
    assert [f.rule for f in result.findings if f.severity == "error"] == [told]
    assert not result.causes
    assert {f.reason for f in result.findings if f.rule == "X-04"} <= {"missing", "absent"}
    assert result.ran["X-04"]["not_checked"] == 1


def test_a_lost_row_is_named_in_words_at_the_title_of_its_form() -> None:
    """No id of ours stands in a text for people, whether the report came from a workbook or from JSON."""
    made = openpyxl.load_workbook(FULL / "report.xlsx")
    made["01收入支出决算总表"].delete_rows(8)
    reading = formats.read_bytes(saved(made))[1]
    row = "《收入支出决算总表》政府性基金预算财政拨款收入"
    for read, place in (
        (reading, f"01收入支出决算总表!A1（{row}）"),
        (replace(reading, places=nowhere), row),
    ):
        shown = render.text(check.check(read))
        assert f"    位置：{place}\n" in shown
        assert "income" not in shown
    assert "01收入支出决算总表!A1 (income_expenditure_summary/income.government_fund)" in render.text(
        check.check(reading), "en"
    )


def test_a_row_is_named_as_it_is_printed() -> None:
    """In sentences of structure too: the total by its name, others by code and name."""
    document = json.loads((FULL / "report.json").read_bytes())
    rows = document["tables"]["expenditure"]["rows"]
    rows += rows[:2]
    told = check.check(formats.read_bytes(json.dumps(document).encode())[1]).findings
    assert {f.message("zh") for f in told if f.rule == "STR-05"} == {
        "“支出决算表”中“合计”出现了不止一次。",
        "“支出决算表”中“206 科学技术支出”出现了不止一次。",
    }


def test_a_figure_that_does_not_apply_is_told_as_it_is_printed() -> None:
    made = openpyxl.load_workbook(FULL / "report.xlsx")
    cell("03支出决算表", "E9", "—")(made)
    result = check.check(formats.read_bytes(saved(made))[1])
    assert {cause.messages["zh"].partition("；")[0] for cause in result.causes} == {
        "《支出决算表》20604 技术研究与开发·项目支出现为 —"
    }


def test_what_else_a_file_holds_is_told_in_words() -> None:
    comment = Comment("注意", "我")
    reading = formats.read_bytes(remade(lambda b: setattr(b[INC]["C7"], "comment", comment)))[1]
    (told,) = reading.findings
    assert told.message("zh") == f"文件中另有不作为数据读取的内容：批注（{INC}）。"
    assert told.message("en") == f"The file holds more that is not read as data: comments ({INC})."


def values(reading: Reading) -> set[str]:
    """Every value of the report, extras included, and of the findings."""
    found = {str(v) for rows in reading.report.tables.values() for row in rows for v in row if v is not None}
    return found | {c.value for f in reading.findings for c in f.cells if c.value}


@pytest.mark.parametrize(
    ("what", "edit", "lost"),
    named(
        [
            ("a column twice", all_of(cell(INC, "I4", "财政拨款收入"), cell(INC, "D7", 77.77)), "77.77"),
            ("an item of the cover twice", all_of(cell("封面", "A6", "部门（单位）名称"), cell("封面", "B6", "另一个名称")), "示例县示例站"),
            ("a column of a list twice", all_of(cell("代码", "D2", "名称"), cell("代码", "C3", "左边的名称"), cell("代码", "D3", "右边的名称")), "左边的名称"),
        ]
    ),
)  # fmt: skip
def test_no_value_is_overwritten_by_another(what: str, edit: WorkbookEdit, lost: str) -> None:
    assert lost in values(formats.read_bytes(remade(edit))[1])


def test_a_slip_of_the_pen_in_a_header_changes_no_other_column() -> None:
    reading = formats.read_bytes(remade(all_of(cell(TPE, "D6", "公务用车购买费"), cell(TPE, "C8", 7.77))))[1]
    assert str(reading.report.value("three_public_expenses", "vehicles", "budget")) == "7.77"
    assert "READ-36" in {f.rule for f in reading.findings}


def test_a_note_in_another_unit_than_its_field_is_noticed() -> None:
    made = openpyxl.load_workbook(FULL / "report.xlsx")
    sheet = made["机关运行经费"]
    row = next(r for r in sheet.iter_rows(min_row=3) if r[2].value == "万元")
    row[2].value = "元"
    reading = formats.read_bytes(saved(made))[1]
    assert noticed(reading) == [("READ-54", f"{sheet.title}!C{row[0].row}")]


def test_the_statement_of_one_table_ends_no_other() -> None:
    found = json.loads(document())
    found["tables"]["state_capital"] = {"status": "empty", "statement": "合计", "rows": []}
    rows = found["tables"]["general_budget_basic_expenditure"]["rows"]
    total = next(row for row in rows if row["line"] == "TOTAL")
    total["amount"] = None
    report = formats.read_bytes(json.dumps(found).encode())[1].report
    again = formats.read_bytes(formats.encoder("xlsx")(report))[1].report
    table = "general_budget_basic_expenditure"
    assert [row for row in report.rows(table) if row not in again.rows(table)] == []


# Together


def test_every_notice_has_a_case() -> None:
    told = {
        rule
        for cases in (JSON, PACKAGES, ARCHIVES, WORKBOOKS)
        for case in cases
        for expected in [case.values[-1] if hasattr(case, "values") else case[-1]]
        if not isinstance(expected, str)
        for rule, _ in expected
    }
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    named = {found for text in texts for found in re.findall(r"\b(?:READ|STR)-[0-9]{2,3}\b", text)}
    named |= {
        notice
        for code, notice in {**documents.NOTICES, **ledger.NOTICES}.items()
        if any(f'"{code}"' in text for text in texts)
    }
    named.add("READ-70")  # of titles that were moved: in test_editions.py
    assert NOTICES - told - named == set()
