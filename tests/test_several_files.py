"""One report in several files is the same report as in one: as workbooks, as text, in a folder, in a zip, given one by one.

What is in no file twice comes once, what two files have otherwise is told cell by cell, and what is no part of it is named.
"""

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk import check, formats, merging
from fatk.errors import Refused
from fatk.findings import Finding
from fatk.formats import package
from fatk.limits import DEFAULTS
from fatk.model import MISSING, Report, build, make_row
from fatk.reading import Reading, sha256
from fatk.spec import load
from strategies import reports

ROOT = Path(__file__).resolve().parent.parent
MINIMAL = ROOT / "datapackages/minimal"
SPEC = load()
COVER = "封面"


@cache
def sheets() -> Mapping[str, bytes]:
    """The workbook of the minimal example as one workbook a sheet, in the order of its sheets."""
    names = openpyxl.load_workbook(MINIMAL / "report.xlsx").sheetnames
    return {f"{name}.xlsx": part(lambda sheet, name=name: sheet == name) for name in names}


def part(kept: Callable[[str], bool], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    """Some sheets of the workbook of the minimal example."""
    book = openpyxl.load_workbook(MINIMAL / "report.xlsx")
    for name in book.sheetnames:
        if not kept(name):
            del book[name]
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@cache
def texts() -> Mapping[str, str]:
    """The printed forms of the minimal example as comma-separated text, one a form."""
    found = {}
    for sheet in openpyxl.load_workbook(MINIMAL / "report.xlsx"):
        if sheet.title[:2].isdigit():
            out = io.StringIO()
            rows = [
                [f"{v:.2f}" if isinstance(v, (int, float)) else v or "" for v in row] for row in sheet.values
            ]
            csv.writer(out).writerows(rows)
            found[f"{sheet.title}.csv"] = out.getvalue()
    return found


@cache
def example() -> Report:
    return formats.read(MINIMAL / "report.json").report


def canonical(report: Report) -> bytes:
    return formats.encoder("json")(report)


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def told(reading: Reading, *rules: str) -> list[Finding]:
    return [f for f in reading.findings if f.rule in rules]


def places(findings: Iterable[Finding]) -> list[str | None]:
    return [cell.location for finding in findings for cell in finding.cells]


# The same report, whatever files it is in


@pytest.mark.parametrize("way", ["folder", "folder in a folder", "zip", "zip of a folder", "one by one"])
def test_a_workbook_a_table_is_the_same_report(tmp_path: Path, way: str) -> None:
    if way == "zip":
        (tmp_path / "a.zip").write_bytes(zipped(sheets()))
        reading = formats.read(tmp_path / "a.zip")
        assert reading.sha256 == sha256((tmp_path / "a.zip").read_bytes())
    elif way == "zip of a folder":
        (tmp_path / "a.zip").write_bytes(zipped({f"某局 2022/{n}": d for n, d in sheets().items()}))
        reading = formats.read(tmp_path / "a.zip")
    elif way == "one by one":
        put(tmp_path, sheets())
        reading = formats.read_several(sorted(tmp_path.iterdir(), reverse=True))
    else:
        put(tmp_path / "内" if way == "folder in a folder" else tmp_path, sheets())
        reading = formats.read(tmp_path)
    assert reading.findings == ()
    assert canonical(reading.report) == canonical(example())
    assert reading.source_cells == formats.read(MINIMAL / "report.xlsx").source_cells
    assert check.check(reading).verdict == "valid"


class Unflagged(zipfile.ZipInfo):
    """An entry whose name does not say that it is UTF-8, as other programs than Python write it."""

    written = "utf-8"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  the name is zipfile's
        return self.filename.encode(self.written), self.flag_bits & ~0x800


class FromChineseWindows(Unflagged):
    """An entry whose name is in GBK."""

    written = "gbk"


def zipped_by(entry: type[zipfile.ZipInfo], files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(entry(name), data)
    return out.getvalue()


def test_a_zip_from_chinese_windows_is_read_and_its_names_are_told() -> None:
    form, reading = formats.read_bytes(zipped_by(FromChineseWindows, sheets()), name="a.zip")
    assert form == "archive"
    assert canonical(reading.report) == canonical(example())
    (found,) = reading.findings
    assert (found.rule, found.severity) == ("READ-81", "info")
    assert places([found]) == list(sheets())


def test_names_of_a_zip_that_say_nothing_of_their_encoding_are_utf_8_where_they_can_be() -> None:
    data = zipped_by(Unflagged, sheets())
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() != list(sheets())
    reading = formats.read_bytes(data)[1]
    assert reading.findings == ()
    assert canonical(reading.report) == canonical(example())
    assert reading.places("income", "TOTAL", "total") == "[02收入决算表.xlsx]02收入决算表!C7"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_forms_as_text_are_the_same_forms(tmp_path: Path, encoding: str) -> None:
    reading = formats.read(put(tmp_path, {n: t.encode(encoding) for n, t in texts().items()}))
    for form in SPEC.forms:
        assert reading.report.rows(form.id) == example().rows(form.id), form.id
    assert {f.rule for f in reading.findings} == {"READ-39", "READ-60"}
    income = reading.places("income", "TOTAL", "total")
    assert income is not None
    name, line, column = income.rsplit(":", 2)
    rows = list(csv.reader(io.StringIO(texts()[name])))
    assert rows[int(line) - 1][int(column) - 1] == str(example().value("income", "TOTAL", "total"))


def test_a_comma_within_a_figure_is_told_since_it_shifts_the_row(tmp_path: Path) -> None:
    files = {name: text.encode() for name, text in texts().items()}
    (income,) = (name for name in files if "收入决算表" in name)
    files[income] = files[income].replace(b",5.00,", b",1,386.23,", 1)
    assert files[income] != texts()[income].encode()
    found = formats.read(put(tmp_path / "texts", files))
    told = [f for f in found.findings if f.rule == "READ-20"]
    assert [f.severity for f in told] == ["error"]
    assert str(told[0].cells[0].location).startswith(f"{income}:")


@pytest.mark.parametrize(
    ("outer", "inner", "year"),
    [
        ("2022年度部门决算", "", 2022), ("公开", "2022年/", 2022), ("2023年公开", "2022年/", None), ("公开", "", None),
    ],
)  # fmt: skip
def test_the_year_in_the_name_of_a_folder_counts_where_nothing_else_tells_it(
    tmp_path: Path, outer: str, inner: str, year: int | None
) -> None:
    plain = {f"{inner}{n}": t.encode() for n, t in texts().items()}
    place = put(tmp_path / outer, plain)
    packed = tmp_path / f"{outer}.zip"
    packed.write_bytes(zipped(plain))
    for source in (place, packed):
        found = formats.read(source)
        assert found.report.one("report")["fiscal_year"] == year
        assert ("READ-39" in {f.rule for f in found.findings}) is (year is None)
    said = {name: f"2022年度{text}".encode() for name, text in texts().items()}
    other = formats.read(put(tmp_path / "2023年公开资料", said))
    assert other.report.one("report")["fiscal_year"] == 2022
    assert "READ-97" not in {f.rule for f in other.findings}


def test_workbooks_and_text_are_mixed(tmp_path: Path) -> None:
    name = "02收入决算表"
    files = {n: d for n, d in sheets().items() if n != f"{name}.xlsx"}
    files[f"{name}.csv"] = texts()[f"{name}.csv"].encode("gb18030")
    reading = formats.read(put(tmp_path, files))
    assert canonical(reading.report) == canonical(example())
    assert reading.places("income", "TOTAL", "total") == f"{name}.csv:7:3"
    assert [f.rule for f in reading.findings] == ["READ-60"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_tables_of_the_standard_without_their_descriptor_are_a_package(tmp_path: Path, encoding: str) -> None:
    files = {n: d for n, d in package.write(example()).items() if n != package.DESCRIPTOR}
    loose = {n: d.decode().encode(encoding) for n, d in files.items()}
    reading = formats.read(put(tmp_path, loose))
    assert canonical(reading.report) == canonical(example())
    (found,) = reading.findings
    assert found.rule == "READ-75"
    assert sorted(filter(None, places([found]))) == sorted(files)
    assert reading.places("income", "TOTAL", "total") == "income.csv:2:3"


def test_a_csv_of_one_table_given_alone_is_a_package_of_that_table(tmp_path: Path) -> None:
    (tmp_path / "income.csv").write_bytes(package.write(example())["income.csv"])
    reading = formats.read(tmp_path / "income.csv")
    assert reading.report.rows("income") == example().rows("income")
    assert reading.report.rows("extras") == ()
    assert reading.places("income", "TOTAL", "total") == "income.csv:2:3"


def test_one_table_of_the_standard_is_enough(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"Income.CSV": package.write(example())["income.csv"], "说明.csv": "甲,乙\n丙,丁\n".encode()},
    )
    reading = formats.read(tmp_path)
    assert reading.report.rows("income") == example().rows("income")
    assert reading.report.status("expenditure")["status"] == MISSING
    assert [r["text"] for r in reading.report.records("extras")] == ["甲", "乙", "丙", "丁"]
    assert {f.rule for f in reading.findings} == {"READ-43", "READ-60", "READ-75"}


# What the files are called


def test_a_finding_names_the_file(tmp_path: Path) -> None:
    def broken(book: openpyxl.Workbook) -> None:
        book["02收入决算表"]["C7"] = "甲"

    files = {**sheets(), "02收入决算表.xlsx": part(lambda n: n == "02收入决算表", broken)}
    reading = formats.read(put(tmp_path, files))
    place = "[02收入决算表.xlsx]02收入决算表!C7"
    assert places(told(reading, "READ-01")) == [place]
    assert place in places(check.check(reading).findings)


def test_what_is_kept_says_which_file_it_is_of(tmp_path: Path) -> None:
    for name in ("甲", "乙"):
        book = openpyxl.Workbook()
        book.active.title, book.active["A1"] = "Sheet1", f"{name}的说明"
        book.save(tmp_path / f"{name}.xlsx")
    reading = formats.read_several([tmp_path / "甲.xlsx", tmp_path / "乙.xlsx"])
    kept = [(r["sheet"], r["cell"], r["text"]) for r in reading.report.records("extras")]
    assert kept == [("[甲.xlsx]Sheet1", "A1", "甲的说明"), ("[乙.xlsx]Sheet1", "A1", "乙的说明")]


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    data = sheets()
    one = put(tmp_path / "甲", {"表.xlsx": data["封面.xlsx"]}) / "表.xlsx"
    other = put(tmp_path / "乙", {"表.xlsx": data["02收入决算表.xlsx"]}) / "表.xlsx"
    reading = formats.read_several([one, other])
    assert reading.places("income", "TOTAL", "total") == f"[{other}]02收入决算表!C7"


def test_a_table_is_known_by_the_name_of_its_sheet_or_of_its_file(tmp_path: Path) -> None:
    def untitled(book: openpyxl.Workbook) -> None:
        book["03支出决算表"]["A1"] = None

    files = {**sheets(), "a.xlsx": part(lambda n: n == "03支出决算表", untitled)}
    del files["03支出决算表.xlsx"]
    untitled_text = texts()["02收入决算表.csv"].split("\n", 1)[1]
    files["02收入决算表.csv"] = untitled_text.encode()
    del files["02收入决算表.xlsx"]
    reading = formats.read(put(tmp_path, files))
    for table in ("income", "expenditure"):
        assert reading.report.rows(table) == example().rows(table)


def test_the_digest_is_that_of_the_files_and_not_of_their_place(tmp_path: Path) -> None:
    one, other = put(tmp_path / "甲", sheets()), put(tmp_path / "乙", sheets())
    lines = sorted(f"{name}:{sha256(data)}" for name, data in sheets().items())
    assert formats.read(one).sha256 == formats.read(other).sha256 == sha256("\n".join(lines).encode())
    (one / "~$打开.xlsx").write_bytes(b"a")
    assert formats.read(one).sha256 == formats.read(other).sha256


def test_files_are_taken_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    names = [f"表{n}.csv" for n in (1, 2, 10)]
    put(tmp_path, {n: f"{n},a\nb,c\n".encode() for n in reversed(names)})
    kept = [r["text"] for r in formats.read(tmp_path).report.records("extras")]
    assert [text for text in kept if text in names] == names


# What else lies there


def test_what_is_no_report_is_named_and_what_programs_left_is_not(tmp_path: Path) -> None:
    named = {
        "情况说明.docx": zipped({"word/document.xml": b"a"}),
        "附件.pdf": b"%PDF-1.7",
        "图.png": b"\x89PNG",
        "说明.txt": "没有表的文字,一行\n另一行,文字".encode(),
        "报表.waivers.json": b'{"waivers": []}',
        "设置.json": b"{}",
        "下级/表.xlsx": sheets()["封面.xlsx"],
        "副本.xlsx": sheets()["封面.xlsx"],
    }
    silent = dict.fromkeys(
        ("Thumbs.db", "~$02收入决算表.xlsx", ".DS_Store", "desktop.ini", ".隐藏/a.xlsx"), b"a"
    )
    reading = formats.read(put(tmp_path, {**sheets(), **named, **silent}))
    assert canonical(reading.report) == canonical(example())
    (found,) = reading.findings
    assert (found.rule, found.severity) == ("READ-76", "warning")
    copies = {"副本.xlsx", "封面.xlsx"}  # the one that comes first is read
    assert set(filter(None, places([found]))) - copies == {"下级/", *named} - copies - {"下级/表.xlsx"}
    assert len(found.cells) == len(named)


@pytest.mark.parametrize(
    ("files", "code", "source"),
    [
        ({"说明.txt": b"a"}, "DIRECTORY_NO_PACKAGE", None),
        ({}, "DIRECTORY_NO_PACKAGE", None),
        ({"02收入决算表.xlsx": b"PK\x03\x04"}, "ZIP_TRUNCATED", "02收入决算表.xlsx"),
        ({"02收入决算表.xls": b"\0\0"}, "BINARY_UNKNOWN", "02收入决算表.xls"),
        ({"表.csv": b'"a'}, "CSV_MALFORMED", "表.csv"),
        ({"表.csv": b"\xff\xff\xff"}, "TEXT_ENCODING", "表.csv"),
        ({"表.zip": zipped({"内.zip": zipped({"a.csv": b"a,b\nc,d"})})}, "ZIP_NESTED", "表.zip/内.zip"),
        ({"表.zip": zipped({"../a.csv": b"a,b"})}, "ZIP_UNSAFE_NAME", "表.zip"),
        ({"表.zip": zipped({"a.csv": b"a,b", "A.CSV": b"a,b"})}, "ZIP_DUPLICATE_NAME", "表.zip"),
    ],
)  # fmt: skip
def test_a_file_that_should_be_a_table_and_cannot_be_read_is_refused_by_name(
    tmp_path: Path, files: dict[str, bytes], code: str, source: str | None
) -> None:
    good = {} if source is None else {"封面.xlsx": sheets()["封面.xlsx"]}
    with pytest.raises(Refused) as caught:
        formats.read(put(tmp_path, {**good, **files}))
    assert caught.value.code == code
    assert caught.value.details["source"] == (f"{tmp_path}/{source}" if source else str(tmp_path))


def test_a_zip_of_workbooks_may_lie_in_a_folder(tmp_path: Path) -> None:
    put(tmp_path, {"表.zip": zipped(sheets())})
    reading = formats.read(tmp_path)
    assert canonical(reading.report) == canonical(example())
    assert reading.places("income", "TOTAL", "total") == "[表.zip/02收入决算表.xlsx]02收入决算表!C7"


@pytest.mark.parametrize("closed", ["scandir", "stat"])
def test_a_folder_that_cannot_be_seen_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """With its tables left out the report would be another one, and nobody would know."""
    for name, data in sheets().items():
        place = tmp_path / ("下" if "收入决算表" in name else "") / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    asked = getattr(os, closed)
    hidden = {tmp_path / "下"} if closed == "scandir" else {*(tmp_path / "下").glob("*")}

    def denied(place: Any = ".", *arguments: Any, **options: Any) -> Any:
        if Path(str(place)) in hidden:
            raise PermissionError(13, "denied", str(place))
        return asked(place, *arguments, **options)

    monkeypatch.setattr(os, closed, denied)
    with pytest.raises(Refused, match="FILE_UNREADABLE"):
        formats.read(tmp_path)


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "外", {"表.csv": b"a,b\nc,d"})
    folder = put(tmp_path / "内", {"封面.xlsx": sheets()["封面.xlsx"]})
    (folder / "表.csv").symlink_to(tmp_path / "外/表.csv")
    with pytest.raises(Refused, match="PATH_SYMLINK"):
        formats.read(folder)


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"zip_entries": 3}, "FOLDER_TOO_MANY_FILES"),
        ({"zip_total": 100_000}, "PACKAGE_TOO_LARGE"),
        ({"sheets": 3}, "XLSX_TOO_MANY_SHEETS"),
        ({"cells": 300}, "XLSX_TOO_MANY_CELLS"),
    ],
)
def test_files_are_too_many_together_though_each_is_not(
    tmp_path: Path, limit: dict[str, int], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        formats.read(put(tmp_path, sheets()), limits=replace(DEFAULTS, **limit))
    assert caught.value.code == code


# Files that are not of one report


def year(book: openpyxl.Workbook) -> None:
    book["02收入决算表"]["A1"] = "2019年度收入决算表"


def entity(book: openpyxl.Workbook) -> None:
    for row in book["02收入决算表"].iter_rows(max_row=4):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(("部门", "单位名称", "编制单位")):
                cell.value = "部门：别处某局"


@pytest.mark.parametrize(("change", "code"), [(year, "SOURCES_OTHER_YEAR"), (entity, "SOURCES_OTHER_ENTITY")])
def test_a_workbook_of_another_report_is_not_mixed_in(
    tmp_path: Path, change: Callable[[openpyxl.Workbook], None], code: str
) -> None:
    files = {**sheets(), "02收入决算表.xlsx": part(lambda n: n == "02收入决算表", change)}
    with pytest.raises(Refused) as caught:
        formats.read(put(tmp_path, files))
    assert caught.value.code == code
    assert "02收入决算表.xlsx" in (caught.value.details["first"], caught.value.details["second"])


def changed(**about: object) -> Report:
    """The minimal example with other members of report or entity."""
    tables = dict(example().tables)
    for table in ("report", "entity"):
        declared = SPEC.tables[table]
        new = {k: v for k, v in about.items() if k in declared.position}
        tables[table] = [make_row(declared, **{**example().one(table), **new})]  # type: ignore[arg-type]
    return build(SPEC, tables)


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"fiscal_year": 2019}, "SOURCES_OTHER_YEAR"),
        ({"name": "别处某局", "administrative_division": "999999", "id": None}, "SOURCES_OTHER_ENTITY"),
        ({"unit": "元"}, "SOURCES_OTHER_UNIT"),
        ({"decimals": 4}, "SOURCES_OTHER_UNIT"),
    ],
)
def test_reports_of_another_year_entity_or_unit_are_not_merged(about: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as caught:
        merging.merge([("甲", Reading(example())), ("乙", Reading(changed(**about)))])
    assert caught.value.code == code


# Merged table by table


@given(reports(), st.randoms(use_true_random=False))
def test_a_report_that_was_divided_by_tables_comes_together_again(report: Report, random: object) -> None:
    one: dict[str, list[tuple[object, ...]]] = {"report": list(report.rows("report"))}
    other = {"report": one["report"]}
    choose = random.choice  # type: ignore[attr-defined]
    sides = {table.id: choose([one, other]) for table in SPEC.tables.values()}
    for table in SPEC.tables.values():
        if table.id not in ("report", "tables", "cells"):
            sides[table.id][table.id] = list(report.rows(table.id))
    for row in report.rows("tables"):
        sides[row[0]].setdefault("tables", []).append(row)
    for row in report.rows("cells"):
        sides[row[0]].setdefault("cells", []).append(row)
    parts = [("甲", Reading(build(SPEC, one))), ("乙", Reading(build(SPEC, other)))]  # type: ignore[arg-type]
    merged = merging.merge(parts)
    assert merged.findings == ()
    assert canonical(merged.report) == canonical(report)


@given(reports())
def test_a_report_merged_with_itself_is_itself(report: Report) -> None:
    merged = merging.merge([("甲", Reading(report)), ("乙", Reading(report))])
    assert merged.findings == ()
    assert canonical(merged.report) == canonical(report)


def test_where_two_sources_differ_the_first_counts_and_both_places_are_told(tmp_path: Path) -> None:
    document = json.loads(canonical(example()))
    rows = document["tables"]["income"]["rows"]
    rows[0]["total"], surplus = "9.99", {**rows[-1], "code": "2019999"}
    rows.append(surplus)
    put(tmp_path, {"乙.json": json.dumps(document).encode()})
    reading = formats.read_several([MINIMAL, tmp_path / "乙.json"])
    assert canonical(reading.report) == canonical(example())
    (found,) = told(reading, "READ-77")
    assert found.severity == "error"
    pairs = [(c.row, c.field, c.location, c.value) for c in found.cells]
    was = str(example().value("income", "TOTAL", "total"))
    assert pairs[:2] == [
        ("TOTAL", "total", "[minimal]income.csv:2:3", was),
        ("TOTAL", "total", "[乙.json]/tables/income/rows/0/total", "9.99"),
    ]
    only = [(field, value) for row, field, _, value in pairs if row == "2019999" and value is not None]
    assert only == [(field, value) for field, value in surplus.items() if value is not None]
    assert check.check(reading).verdict == "invalid"


def test_fields_of_report_and_entity_come_together(tmp_path: Path) -> None:
    def written(name: str, **about: object) -> Path:
        (tmp_path / name).write_bytes(canonical(changed(**about)))
        return tmp_path / name

    one = written("甲.json", title=None, contact="甲处")
    reading = formats.read_several([one, written("乙.json", title="标题", contact="乙处")])
    about = reading.report.one("report")
    assert (about["title"], about["contact"]) == ("标题", "甲处")
    (found,) = told(reading, "READ-77")
    assert places([found]) == ["[甲.json]/report/contact", "[乙.json]/report/contact"]
    assert reading.places("report", "*", "title") == "[乙.json]/report/title"


def test_sources_are_numbered_anew_where_a_number_is_taken() -> None:
    def of(*titles: str) -> Reading:
        table = SPEC.tables["sources"]
        rows = [make_row(table, no=n, title=title) for n, title in enumerate(titles, 1)]
        return Reading(build(SPEC, {**example().tables, "sources": rows}))

    merged = merging.merge([("甲", of("一", "二")), ("乙", of("二", "三"))])
    assert [(r["no"], r["title"]) for r in merged.report.records("sources")] == [
        (1, "一"),
        (2, "二"),
        (3, "三"),
    ]
    assert merged.findings == ()


def test_workbooks_with_a_cover_each_are_reports_of_their_own(tmp_path: Path) -> None:
    one = part(lambda n: n != "03支出决算表")
    other = part(lambda n: n in (COVER, "03支出决算表"))
    put(tmp_path, {"甲.xlsx": one, "乙.xlsx": other})
    reading = formats.read_several([tmp_path / "甲.xlsx", tmp_path / "乙.xlsx"])
    assert reading.report.rows("expenditure") == example().rows("expenditure")
    assert len(reading.report.rows("report")) == 1
    assert not told(reading, "READ-77")


def test_a_form_that_must_be_is_held_of_every_file(tmp_path: Path) -> None:
    put(tmp_path, {**sheets(), "甲.json": canonical(example())})
    with pytest.raises(Refused, match="FORM_DIFFERS"):
        formats.read(tmp_path, form="xlsx")
    (tmp_path / "甲.json").unlink()
    assert formats.read(tmp_path, form="xlsx").findings == ()


# Packages


def test_a_csv_in_a_folder_below_a_package_is_told(tmp_path: Path) -> None:
    put(tmp_path, {**package.write(example()), "附/更多.csv": b"a", "附/图.png": b"a", ".隐/a.csv": b"a"})
    assert places(told(formats.read(tmp_path), "READ-13")) == ["附/更多.csv"]


def test_a_descriptor_of_another_version_is_told(tmp_path: Path) -> None:
    files = package.write(example())
    descriptor = json.loads(files[package.DESCRIPTOR])
    descriptor["fatk"]["spec_version"] = "1.0.7"
    files[package.DESCRIPTOR] = json.dumps(descriptor).encode()
    (found,) = formats.read(put(tmp_path, files)).findings
    assert (found.rule, found.message("en")) == (
        "READ-79",
        "datapackage.json states version 1.0.7 of the standard, report.csv 1.0.0; the latter was taken.",
    )
