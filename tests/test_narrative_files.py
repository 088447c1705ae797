"""Narratives in files: what is written as Word, HTML or Markdown, or printed as PDF, is read back to the same report; what is no
final account is refused with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import given, settings
from openpyxl.styles import Font

from fatk import formats
from fatk.conversion import convert
from fatk.errors import Refused
from fatk.findings import INFO
from fatk.formats import documents
from fatk.formats import json as json_form
from fatk.limits import DEFAULTS
from fatk.merging import merge
from fatk.model import Report, build
from fatk.narrative.reading import read_document
from fatk.narrative.writing import narrative_of
from fatk.reading import Reading
from narratives import told_reports
from strategies import SPEC

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
ROOT = Path(__file__).resolve().parent.parent
TABLED = ("docx", "html", "md", "txt")
#: Examples and the editions of the forms in which they are printed.
NOTED = [("minimal", "national-2020"), ("wuerhe-2022", "national-2020"), ("wuerhe-2022", "shanghai-2024")]


_TITLES = {SPEC.tables["report"].position[name] for name in ("title", "description")}


def example(name: str) -> Report:
    return formats.read(ROOT / f"datapackages/{name}/report.json").report


def as_read(report: Report) -> Report:
    """What its narrative holds of a report, without any file in between."""
    return read_document(narrative_of(report)[0], SPEC, "").report


def without_extras(report: Report) -> bytes:
    return json_form.write(build(SPEC, {**report.tables, "extras": ()}))


@pytest.mark.parametrize("name", ["full", "wuerhe-2022", "minimal"])
@pytest.mark.parametrize("form", TABLED)
def test_an_example_reads_back_from_every_form(name: str, form: str) -> None:
    report = example(name)
    found, reading = formats.read_bytes(formats.encoder(form)(report), name=f"说明.{form}")
    assert found == {"md": "text", "txt": "text"}.get(form, form)
    assert [f.message() for f in reading.findings if f.severity != INFO] == []
    assert without_extras(reading.report) == without_extras(as_read(report))
    assert reading.report.rows("performance_indicators") == report.rows("performance_indicators")
    for table in SPEC.forms:
        assert reading.report.rows(table.id) == report.rows(table.id)


@pytest.mark.parametrize("form", TABLED)
@settings(max_examples=12)
@given(report=told_reports())
def test_a_random_narrative_reads_back_from_every_form(form: str, report: Report) -> None:
    document, _ = narrative_of(report)
    read = documents.read(form, documents.write(form, document), None, DEFAULTS)
    assert without_extras(read_document(read, SPEC, "").report) == without_extras(as_read(report))


@pytest.mark.parametrize("form", TABLED)
def test_the_same_report_is_the_same_bytes(form: str) -> None:
    assert formats.encoder(form)(example("full")) == formats.encoder(form)(example("full"))


def test_what_libreoffice_prints_of_a_narrative_is_the_same_report(
    tmp_path: Path, convert_files: Callable[..., Path]
) -> None:
    written = []
    for name in ("full", "wuerhe-2022"):
        source = tmp_path / f"{name}.docx"
        formats.write(example(name), source)
        written.append(source)
    printed = convert_files("pdf", written)
    for name in ("full", "wuerhe-2022"):
        reading = formats.read(printed / f"{name}.pdf")
        assert [f.message() for f in reading.findings if f.severity != INFO] == []
        assert without_extras(reading.report) == without_extras(as_read(example(name)))
        assert (
            reading.report.rows("extras") == ()
        )  # notes below tables are theirs, however many lines they take


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory, convert_files: Callable[..., Path]) -> dict[str, Path]:
    """PDFs of workbooks in which the notes below the forms are printed so large that they take several lines, on forms of
    different widths."""
    folder = tmp_path_factory.mktemp("noted")
    made = []
    for name, edition in NOTED:
        source = folder / f"{name}.{edition}.xlsx"
        formats.write(
            convert(formats.read(ROOT / f"datapackages/{name}/report.json"), edition=edition).report, source
        )
        book = openpyxl.load_workbook(source)
        for sheet in book:
            sheet.sheet_properties.pageSetUpPr.fitToPage = False
            sheet.page_setup.scale = 55
            for row in range(1, sheet.max_row + 1):
                if str(sheet.cell(row, 1).value).startswith(("注：", "本单位", "我单位")):
                    sheet.cell(row, 1).font = Font(name="SimSun", size=18)
                    sheet.row_dimensions[row].height = 150
        book.save(source)
        made.append(source)
    printed = convert_files("pdf", made)
    return {source.stem: printed / f"{source.stem}.pdf" for source in made}


@pytest.mark.parametrize(("name", "edition"), NOTED)
def test_a_note_over_several_printed_lines_is_that_of_its_form(
    name: str, edition: str, noted: dict[str, Path]
) -> None:
    report = formats.read(noted[f"{name}.{edition}"]).report
    wanted = example(name)
    for form in SPEC.forms:
        assert report.rows(form.id) == wanted.rows(form.id)
        about = [(r.status(form.id)["status"], r.status(form.id)["statement"]) for r in (report, wanted)]
        assert about[0] == about[1]
    places = {
        row["cell"]: row["text"] for row in report.records("extras") if str(row["text"]).startswith("注")
    }
    assert places == {}


def test_a_workbook_and_a_narrative_are_one_report(tmp_path: Path) -> None:
    report = example("full")
    formats.write(report, tmp_path / "说明.docx")
    tables = {
        name: rows
        for name, rows in report.tables.items()
        if SPEC.tables[name].kind != "note" and name != "claims"
    }
    about = [tuple(None if n in _TITLES else v for n, v in enumerate(row)) for row in report.rows("report")]
    formats.write(build(SPEC, {**tables, "cells": (), "report": about}), tmp_path / "报表.xlsx")
    merged = formats.read_several([tmp_path / "报表.xlsx", tmp_path / "说明.docx"])
    assert [f.message() for f in merged.findings if f.severity != INFO] == []
    told = as_read(report)
    for table in (*SPEC.notes, SPEC.tables["claims"]):
        assert merged.report.rows(table.id) == told.rows(table.id)
    for table in SPEC.forms:
        assert merged.report.rows(table.id) == report.rows(table.id)


def word(*paragraphs: str) -> bytes:
    import io

    made, stream = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(stream)
    return stream.getvalue()


BUDGET = ("某市某局2023年部门预算公开", "一、部门概况", "2023年财政拨款收支预算总额100.00万元。")
#: A budget with the sections of a narrative, which compares itself with last year's final accounts.
COMPARED = (
    "某市某局2023年部门预算公开", "第一部分 部门概况", "一、主要职能", "二、部门预算单位构成", "第三部分 2023年度部门预算情况说明",
    "一、收支预算总体情况说明", "2023年度收入总计500.00万元，与2022年决算数相比，增加20.00万元。",
    "（一）机关运行经费支出情况", "2023年度机关运行经费支出30.00万元。", "（二）政府采购支出情况", "2023年度政府采购支出总额100.00万元。",
    "表2 2022年决算与2023年预算对照",
)  # fmt: skip
LETTER = ("关于召开会议的通知", "各单位：", "经研究，会议经费为3.00万元，财政拨款按时到位，决算另行通知。")


@pytest.mark.parametrize("written", [word, lambda *lines: "\n".join(lines).encode()])
@pytest.mark.parametrize(
    ("lines", "code"),
    [(BUDGET, "DOCUMENT_BUDGET"), (COMPARED, "DOCUMENT_BUDGET"), (LETTER, "DOCUMENT_OTHER")],
)
def test_what_is_no_final_account_is_refused(
    written: Callable[..., bytes], lines: tuple[str, ...], code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        formats.read_bytes(written(*lines), name="公文")
    assert refusal.value.code == code


def test_final_accounts_that_speak_of_the_budget_are_none() -> None:
    lines = ("某市某局2023年度部门决算公开", "一、部门预算单位构成", "二、收支预算执行情况", "三、部门预算绩效情况",
             "（一）机关运行经费支出情况", "2023年度机关运行经费支出30.00万元。")  # fmt: skip
    assert formats.read_bytes(word(*lines), name="公文")[1].report.one("operating_expenses")["amount"] == 30


def test_a_csv_with_sentences_in_it_stays_a_spreadsheet() -> None:
    data = (ROOT / "datapackages/full/performance_projects.csv").read_bytes()
    assert formats.read_bytes(data, name="performance_projects.csv")[0] == "text"


@pytest.mark.parametrize("name", ["full", "wuerhe-2022", "minimal"])
def test_a_report_and_the_narrative_written_of_it_are_one_report(name: str) -> None:
    report = example(name)
    for first, second in ((report, as_read(report)), (as_read(report), report)):
        merged = merge([("一", Reading(first)), ("二", Reading(second))])
        assert [finding.message() for finding in merged.findings if finding.rule == "READ-77"] == []
        for table in (*report.spec.notes, *report.spec.forms):
            assert merged.report.rows(table.id) == (
                report if report.rows(table.id) else as_read(report)
            ).rows(table.id)
