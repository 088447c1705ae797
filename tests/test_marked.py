"""A marked copy is the clerk's own workbook with marks: it opens, and what was not marked is what it was, byte for byte."""

import hashlib
import io
import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

import fatk
from fatk import cli
from fatk.check import Result, Waiver
from fatk.errors import FatkError, Refused
from fatk.findings import ERROR, INFO, NOT_CHECKED, WARNING, CellRef, Finding
from fatk.ooxml import read_book
from fatk.outputs import marked
from fatk.outputs.marked.words import FILLS
from test_outputs import HOSTILE, VERSIONS, broken, made

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def about(data: bytes, *findings: Finding, path: str = "书.xlsx") -> Result:
    """A result of a workbook's bytes with these findings."""
    result = made(*findings, path=path, form="xlsx")
    return replace(result, reading=replace(result.reading, sha256=hashlib.sha256(data).hexdigest()))


def fault(*places: str, rule: str = "IES-02", said: str = "不相等", **more: Any) -> Finding:
    """A finding at these places."""
    cells = tuple(CellRef(location=place, label="名称", value="1.00") for place in places)
    return Finding(
        rule, more.pop("severity", ERROR), cells=cells, details=(("en", said), ("zh", said)), **more
    )


def mark(data: bytes, *findings: Finding, **options: Any) -> marked.Marked:
    """The marked copy; what must hold of any is held."""
    done = marked.write(about(data, *findings), data, *VERSIONS, **options)
    sound(done.data)
    return done


def sound(data: bytes) -> None:
    """Every part is well-formed, has a content type and is reached by relationships that lead to parts; no sheet, comment or
    style points to what is not there."""
    parts = parts_of(data)
    types = etree.fromstring(parts["[Content_Types].xml"])
    overrides = [e.get("PartName").lstrip("/") for e in types if e.tag.endswith("Override")]
    defaults = [e.get("Extension").lower() for e in types if e.tag.endswith("Default")]
    assert len(set(overrides)) == len(overrides)
    assert len(set(defaults)) == len(defaults)
    for name in parts:
        assert name in overrides or name.rsplit(".", 1)[-1].lower() in defaults or name.endswith("/") or name == "[Content_Types].xml", name  # fmt: skip
        if name.endswith((".xml", ".rels")) and not name.startswith("docProps"):
            etree.fromstring(parts[name])
    assert set(overrides) <= set(parts)
    for name, content in parts.items():
        if not name.endswith(".rels"):
            continue
        relations = list(etree.fromstring(content))
        assert len({r.get("Id") for r in relations}) == len(relations)
        folder = Path("/") / Path(name).parent.parent
        for relation in relations:
            if relation.get("TargetMode") != "External":
                target = (folder / relation.get("Target")).as_posix()
                assert re.sub(r"[^/]+/\.\./", "", target).lstrip("/") in parts, (name, target)
    for name, content in parts.items():
        if re.fullmatch(r"xl/comments\d+\.xml", name):
            refs = [c.get("ref") for c in etree.fromstring(content).iter(f"{{{S}}}comment")]
            assert len(set(refs)) == len(refs)
    styles = etree.fromstring(next(v for k, v in parts.items() if k.startswith("xl/styles")))
    counts = {}
    for part in ("fonts", "fills", "borders", "cellXfs"):
        element = styles.find(f"{{{S}}}{part}")
        counts[part] = len(element)
        assert element.get("count") in {None, str(len(element))}
    for xf in styles.find(f"{{{S}}}cellXfs"):
        for attribute, part in (("fontId", "fonts"), ("fillId", "fills"), ("borderId", "borders")):
            assert int(xf.get(attribute, "0")) < counts[part]
    for name, content in parts.items():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            sheet = etree.fromstring(content)
            order = [SEQUENCE.index(e.tag.removeprefix(f"{{{S}}}")) for e in sheet if e.tag.startswith(f"{{{S}}}")]  # fmt: skip
            assert order == sorted(order), name
            assert all(int(c.get("s", "0")) < counts["cellXfs"] for c in sheet.iter(f"{{{S}}}c"))
            rows = [int(r.get("r")) for r in sheet.iter(f"{{{S}}}row") if r.get("r")]
            assert rows == sorted(set(rows))
    names = [s.get("name").casefold() for s in sheets_of(parts)]
    assert len(set(names)) == len(names)
    assert len({s.get("sheetId") for s in sheets_of(parts)}) == len(names)


#: Order of what is in a worksheet (ECMA-376 part 1, 18.3.1.99).
SEQUENCE = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
]


def sheets_of(parts: dict[str, bytes]) -> list[Any]:
    return list(etree.fromstring(parts["xl/workbook.xml"]).find(f"{{{S}}}sheets"))


def book_of(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def fill_of(cell: Any) -> str | None:
    return cell.fill.fgColor.rgb if cell.fill.patternType == "solid" else None


def looks_but_fill(cell: Any) -> tuple[Any, ...]:
    return (
        cell.value, cell.number_format, repr(cell.font), repr(cell.border), repr(cell.alignment), repr(cell.protection),
        cell.data_type,
    )  # fmt: skip


# A report of our own


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, bytes, marked.Marked]:
    """The broken report as a workbook: its result, its bytes, and its marked copy."""
    path = tmp_path_factory.mktemp("marked") / "坏.xlsx"
    fatk.write(broken(), path)
    result, data = fatk.validate(path), path.read_bytes()
    return result, data, marked.write(result, data, *VERSIONS)


def test_what_is_not_marked_stays_byte_for_byte(report):
    _, data, done = report
    before, after = parts_of(data), parts_of(done.data)
    touched = {name for name in before if before[name] != after[name]}
    assert touched == {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        *(f"xl/worksheets/sheet{n}.xml" for n in sheets_marked(report)),
    }  # fmt: skip
    assert list(after)[: len(before)] == list(before)
    with zipfile.ZipFile(io.BytesIO(done.data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def sheets_marked(report: tuple[Result, bytes, marked.Marked]) -> set[int]:
    result, data, _ = report
    names = [s.get("name") for s in sheets_of(parts_of(data))]
    found = {c.location.partition("!")[0] for f in result.findings for c in f.cells if c.location}
    return {names.index(name) + 1 for name in found} | {1}  # the first was the open one


def test_marks_change_the_fill_of_cells_and_nothing_else(report):
    result, data, done = report
    sound(done.data)
    before, after = book_of(data), book_of(done.data)
    assert after.sheetnames == ["检查结果", *before.sheetnames]
    places = {c.location for f in result.findings for c in f.cells if c.location}
    assert done.cells == len(places)
    for sheet in before:
        for row in sheet.iter_rows():
            for cell in row:
                now = after[sheet.title][cell.coordinate]
                assert looks_but_fill(now) == looks_but_fill(cell)
                if f"{sheet.title}!{cell.coordinate}" not in places:
                    assert fill_of(now) == fill_of(cell)
                    assert now.comment is None
        assert after[sheet.title].merged_cells.ranges == sheet.merged_cells.ranges
    worst = after["01收入支出决算总表"]["C37"]
    assert fill_of(worst) == FILLS[ERROR][0]
    assert worst.comment.text.startswith("[错误] IES-02\n")
    assert "怎么办：" in worst.comment.text
    assert fill_of(after["02收入决算表"]["E7"]) == FILLS[ERROR][1]
    assert after["02收入决算表"]["E7"].comment.text.startswith("[错误 · 一并核对] INC-01")
    assert fill_of(after["01收入支出决算总表"]["C14"]) == FILLS["open"][0]


def test_a_marked_copy_reads_as_the_report_that_it_was(report, tmp_path):
    result, _, done = report
    path = tmp_path / "副本.xlsx"
    path.write_bytes(done.data)
    again = fatk.read(path)
    assert again.unaccounted_cells == 0
    assert dict(result.reading.report.tables) == dict(again.report.tables)
    assert again.source_cells == result.reading.source_cells
    told = [f for f in again.findings if f.rule == "READ-90"]
    assert [(f.severity, f.cells[0].location) for f in told] == [(INFO, "检查结果")]
    assert {f.rule for f in again.findings} - {f.rule for f in result.reading.findings} <= {
        "READ-90",
        "READ-47",
    }


def test_the_sheet_of_findings_is_known_wherever_it_was_moved_and_whatever_it_is_called(report):
    book = book_of(report[2].data)
    book["检查结果"].title = "领导看的"
    book.move_sheet("领导看的", 3)
    buffer = io.BytesIO()
    book.save(buffer)
    read = read_book(buffer.getvalue())
    assert "领导看的" not in [sheet.name for sheet in read.sheets]
    assert ("RESULTS_SHEET", "领导看的") in read.notices
    for name in ('<definedName name="_fatk_results">x!$A$1</definedName>', '<definedName name="other" localSheetId="0">x!$A$1</definedName>'):  # fmt: skip
        plain = parts_of(report[1])
        plain["xl/workbook.xml"] = re.sub(rb"(</sheets>)", rb"\1<definedNames>" + name.encode() + b"</definedNames>", plain["xl/workbook.xml"])  # fmt: skip
        assert len(read_book(zipped(plain)).sheets) == len(read_book(report[1]).sheets)


def test_the_first_sheet_lists_every_finding_and_leads_to_each_place(report):
    result, _, done = report
    book = book_of(done.data)
    assert book.active.title == "检查结果"
    assert [s.title for s in book if s.sheet_view.tabSelected] == ["检查结果"]
    sheet = book["检查结果"]
    texts = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert texts[0][0] == "检查结果"
    assert texts[1][0] == "结论：不通过"
    assert texts[2][0].startswith(f"错误 {result.summary['errors']}，警告 1，提示 2；")
    assert texts[3][0].startswith("文件：坏.xlsx")
    head = texts.index(next(row for row in texts if row[0] == "序号"))
    numbered = [row for row in texts[head + 1 :] if re.fullmatch("[0-9]+", row[0] or "")]
    assert [row[2] for row in numbered] == [f.rule for f in result.findings]
    first = next(row for row in numbered if row[2] == "IES-02")
    assert first[3:6] == ["01收入支出决算总表", "C37", "《收入支出决算总表》总计"]
    assert first[7:10] == ["5.00", "999.99", "994.99"]
    links = [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    told = (*result.findings, *result.causes)
    places = sum(1 for one in told for c in one.cells if c.location and "!" in c.location)
    assert len(links) == places
    for link in links:
        name, _, cell = link.location.rpartition("!")
        assert link.target is None
        assert book[name[1:-1].replace("''", "'")][cell] is not None
    assert all(cell.data_type in {"s", "inlineStr", "n"} for row in sheet.iter_rows() for cell in row)
    assert "<f>" not in parts_of(done.data)[sheets_of_path(done.data)].decode()


def test_likely_causes_stand_above_the_findings_that_they_explain(report):
    result, data, done = report
    cause = result.causes[0]
    texts = [[cell.value for cell in row] for row in book_of(done.data)["检查结果"].iter_rows()]
    heading = texts.index(next(row for row in texts if row[0] == "可能的原因（请先核对原始账表，再改）"))
    row = texts[heading + 1]
    assert row[1] == "可能原因"
    assert row[3:6] == ["01收入支出决算总表", "C37", "《收入支出决算总表》总计"]
    assert row[6] == cause.messages["zh"]
    assert row[7:9] == [cause.would_reconcile[0], "999.99"]
    explained = [number for number, f in enumerate(result.findings, 1) if f.id in cause.explains]
    assert row[10] == f"可解释第 {'、'.join(map(str, explained))} 条"
    assert [row[6] for row in texts if row[1] == "可能原因"] == [c.messages["zh"] for c in result.causes]
    assert texts[heading + 1 + len(result.causes)][0] == "1"
    either = [replace(cause, option=option, messages={"zh": f"其{option}。", "en": ""}) for option in (0, 1)]
    waived = dict.fromkeys(cause.explains, Waiver("原因", "某局", date(2023, 1, 1), date(2023, 12, 31)))
    for more, expected in (
        ({"causes": tuple(either)}, ["其0。", "或者：其1。"]),
        ({"causes": (replace(cause, cells=cause.cells * 9, would_reconcile=cause.would_reconcile * 9),)}, [row[6]]),
        ({"causes": (cause,), "waived": waived, "as_of": date(2023, 6, 1)}, []),
        ({"causes": (cause,), "unexplained": 3}, [row[6]]),
    ):  # fmt: skip
        copy = marked.write(replace(result, **more), data, *VERSIONS)
        sound(copy.data)
        rows = [[cell.value for cell in row] for row in book_of(copy.data)["检查结果"].iter_rows()]
        assert [row[6] for row in rows if row[1] == "可能原因"] == expected
        assert ("另有 1 处" in [row[3] for row in rows]) == (len(more["causes"][0].cells) > 8)
        unexplained = "有 3 处不相符看不出共同的原因，请逐处核对。"
        assert (unexplained in [row[0] for row in rows]) == ("unexplained" in more)


def sheets_of_path(data: bytes) -> str:
    """The part of the first sheet."""
    parts = parts_of(data)
    key = sheets_of(parts)[0].get(f"{{{R}}}id")
    relations = etree.fromstring(parts["xl/_rels/workbook.xml.rels"])
    return "xl/" + next(r.get("Target") for r in relations if r.get("Id") == key)


def test_english(report):
    result, data, _ = report
    book = book_of(marked.write(result, data, *VERSIONS, language="en").data)
    assert book.sheetnames[0] == "Findings"
    assert book["Findings"]["A2"].value == "Verdict: invalid"
    assert book["01收入支出决算总表"]["C37"].comment.text.startswith("[error] IES-02\n")


def test_libreoffice_shows_the_marks(report, soffice, tmp_path):
    """It re-saves the copy with every value, fill, comment and link that it read: what it does not understand it would drop."""
    done = report[2]
    (tmp_path / "副本.xlsx").write_bytes(done.data)
    out = tmp_path / "out"
    subprocess.run([*soffice, "--convert-to", "xlsx", "--outdir", out, tmp_path / "副本.xlsx"], check=True, capture_output=True, timeout=120)  # fmt: skip
    mine, theirs = book_of(done.data), book_of((out / "副本.xlsx").read_bytes())
    assert theirs.sheetnames == mine.sheetnames
    commented = 0
    for sheet in mine:
        for row in sheet.iter_rows():
            for cell in row:
                other = theirs[sheet.title][cell.coordinate]
                assert (other.value or None) == (cell.value or None), f"{sheet.title}!{cell.coordinate}"
                assert fill_of(other) == fill_of(cell)
                if cell.comment:
                    assert other.comment.text.strip() == cell.comment.text
                    commented += 1
    assert commented == done.cells


# Other people's workbooks


def other(build: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    build(book)
    book.close()
    return buffer.getvalue()


def test_what_others_put_into_a_workbook_stays(tmp_path, monkeypatch, capsys):
    (tmp_path / "vba.bin").write_bytes(b"\xd0\xcf\x11\xe0 not really macros")

    def build(book: xlsxwriter.Workbook) -> None:
        book.add_vba_project(str(tmp_path / "vba.bin"))
        first = book.add_worksheet("说明")
        first.write_comment("B2", "旧批注")
        first.write_comment("D9", "另一条")
        data = book.add_worksheet("数据'甲'二")
        data.write_column("A1", [1, 2, 3])
        data.write_formula("A4", "=SUM(A1:A3)", None, 6)
        data.write_dynamic_array_formula("C1:C3", "=A1:A3*2", None, 2)
        data.repeat_rows(0)
        data.print_area("A1:C9")
        data.set_column("E:F", 20, book.add_format({"num_format": "0.00", "bg_color": "#123456", "font_color": "white"}))  # fmt: skip
        data.conditional_format("A1:A4", {"type": "cell", "criteria": ">", "value": 2})
        data.data_validation("B1", {"validate": "list", "source": ["是", "否"]})
        data.insert_button("H2", {"caption": "按钮"})
        data.add_table("H10:I12")
        data.write_url("B8", "https://example.org/")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "='数据''甲''二'!$A$1:$A$3"})
        data.insert_chart("K2", chart)
        bars = book.add_chart({"type": "bar"})
        bars.add_series({"values": "=说明!$A$1:$A$3"})
        book.add_chartsheet("图").set_chart(bars)
        form = book.add_worksheet("收入")  # so that it is one of final accounts
        for row, texts in enumerate(
            (["收入决算表"], ["科目编码", "科目名称", "本年收入合计", "财政拨款收入"], ["合计"])
        ):
            form.write_row(row, 0, texts)
        form.write_row(2, 2, [5, 5])
        book.define_name("合计", "='数据''甲''二'!$A$4")
        data.activate()

    data = other(build)
    sheet = "数据'甲'二"
    done = mark(
        data, fault(f"{sheet}!A4", f"{sheet}!E20", f"{sheet}!C2"), fault("说明!B2", "说明!C3", rule="IES-05", severity=WARNING)
    )  # fmt: skip
    assert (done.cells, done.notes, done.suffix) == (5, (), ".xlsm")
    # Under a name in .xlsx Excel would not open what says in it that it has macros.
    (tmp_path / "宏.xlsm").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    for name, status in (("副本.xlsx", 2), ("副本.xlsm", 0)):
        monkeypatch.setattr("sys.argv", ["fatk", "validate", "宏.xlsm", "--format", "xlsx", "-o", name])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code in ((status,) if status else (0, 1))
        assert (tmp_path / name).exists() == (not status)
        assert ("副本要以 .xlsm 为后缀" in capsys.readouterr().err) == bool(status)
    before, after = parts_of(data), parts_of(done.data)
    kept = {name for name in before if before[name] == after.get(name)}
    assert {
        "xl/vbaProject.bin",
        "xl/charts/chart1.xml",
        "xl/sharedStrings.xml",
        "xl/tables/table1.xml",
    } <= kept
    assert {n for n in before if n not in kept} == {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/comments1.xml",
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/worksheets/_rels/sheet2.xml.rels",
        "xl/drawings/vmlDrawing1.vml", "xl/drawings/vmlDrawing2.vml",
    }  # fmt: skip
    old, new = book_of(data), book_of(done.data)
    assert new.sheetnames == ["检查结果", "说明", sheet, "图", "收入"]
    assert new[sheet]["A4"].value == "=SUM(A1:A3)"
    assert new[sheet].print_title_rows == old[sheet].print_title_rows
    assert new[sheet].print_area == old[sheet].print_area
    assert new.active.title == "检查结果"
    assert new.defined_names["合计"].value == old.defined_names["合计"].value
    text = new["说明"]["B2"].comment.text
    assert text.startswith("旧批注\n[警告] IES-05\n")
    assert new["说明"]["D9"].comment.text == "另一条"
    assert new["说明"]["C3"].comment.text.startswith("[警告 · 一并核对]")
    assert new[sheet]["A4"].comment.text.startswith("[错误] IES-02")
    # A blank cell of a column with a style of its own keeps that, but for white on a light fill.
    blank = new[sheet]["E20"]
    assert (blank.number_format, fill_of(blank), blank.font.color.rgb) == (
        "0.00",
        FILLS[ERROR][1],
        "FF000000",
    )
    assert b"Button" in after["xl/drawings/vmlDrawing2.vml"]


@pytest.mark.parametrize("form", ["inline", "runs"])
def test_comments_of_others_are_added_to(form):
    book = openpyxl.Workbook()
    book.active.title = "表"
    book.active["A1"] = 1
    book.active["A1"].comment = Comment("从前的话", "某人")
    buffer = io.BytesIO()
    book.save(buffer)
    parts = parts_of(buffer.getvalue())
    name = "xl/comments/comment1.xml"
    if form == "runs":
        parts[name] = parts[name].replace(b"</text>", f'<r xmlns="{S}"><t>更多</t></r></text>'.encode())
    data = zipped(parts)
    done = mark(data, fault("表!A1", "表!B7"))
    sheet = book_of(done.data)["表"]
    assert sheet["A1"].comment.text.startswith(
        "从前的话" + ("更多" if form == "runs" else "") + "\n[错误] IES-02"
    )
    assert sheet["A1"].comment.author == "某人"
    assert sheet["B7"].comment.author == "fatk"
    runs = etree.fromstring(parts_of(done.data)[name]).findall(f".//{{{S}}}comment[@ref='A1']/{{{S}}}text/*")
    assert {run.tag for run in runs} == {f"{{{S}}}r"}


def test_threads_and_strange_drawings_are_left_alone_and_told():
    def build(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("甲")
        sheet.write_comment("A1", "会话")
        book.add_worksheet("乙").write_comment("A1", "一")

    parts = parts_of(other(build))
    parts["xl/comments1.xml"] = re.sub(b"<author>[^<]*</author>|<author/>", b"<author>tc={0}</author>", parts["xl/comments1.xml"])  # fmt: skip
    parts["xl/drawings/vmlDrawing2.vml"] = parts["xl/drawings/vmlDrawing2.vml"].replace(b"</xml>", b"</xml >\n<!-- -->")  # fmt: skip
    done = mark(zipped(parts), fault("甲!A1", "甲!B1", "乙!A1", "乙!B1"))
    assert len(done.notes) == 2
    assert "甲!A1" in done.notes[0]
    assert "乙" in done.notes[1]
    book = book_of(done.data)
    assert "会话" in book["甲"]["A1"].comment.text
    assert "IES-02" not in book["甲"]["A1"].comment.text
    assert book["甲"]["B1"].comment is not None
    assert [book["乙"][c].comment is None for c in ("A1", "B1")] == [False, True]
    assert {fill_of(book[s][c]) for s in "甲乙" for c in ("A1", "B1")} == {*FILLS[ERROR]}
    listed = [row[0].value for row in book["检查结果"].iter_rows()]
    assert listed[-2:] == list(done.notes)


def by_hand(sheet: str, *, styles: str | None = None, workbook: str = "", relations: str = "") -> bytes:
    """A workbook written by hand, as sparse as a workbook may be."""
    style = f'<Relationship Id="s" Type="{R}/styles" Target="styles.xml"/>' if styles else ""
    style_type = f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>' if styles else ""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": '<x:Types xmlns:x="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<x:Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<x:Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<x:Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>{style_type.replace("<", "<x:")}</x:Types>',
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="{R}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<x:workbook xmlns:x="{S}" xmlns:q="{R}"><x:sheets><x:sheet name="表" sheetId="7" q:id="rId1"/></x:sheets>{workbook}</x:workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{R}/worksheet" Target="worksheets/sheet1.xml"/>{style}{relations}</Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }  # fmt: skip
    if styles:
        parts["xl/styles.xml"] = styles
    return zipped(parts)


@pytest.mark.parametrize(
    "rows",
    [
        "<x:sheetData/>",
        "<x:sheetData></x:sheetData>",
        '<x:sheetData><x:row r="2" spans="1:1"/></x:sheetData>',
        "<x:sheetData><x:row><x:c><x:v>1</x:v></x:c></x:row><x:row><x:c/><x:c><x:v>5</x:v></x:c></x:row></x:sheetData>",
        "<x:sheetData><x:row r='2' spans='2:2'><x:c r='B2' ><x:v>5</x:v></x:c></x:row><x:row r='9'/></x:sheetData><x:mergeCells><x:mergeCell ref='C3:D9'/></x:mergeCells>",
        '<x:sheetData><x:row r="5"><x:c r="A5"><x:v>1</x:v></x:c></x:row></x:sheetData><x:pageMargins left="1" right="1" top="1" bottom="1" header="1" footer="1"/><x:extLst/>',
    ],
)
def test_cells_and_rows_that_are_not_there_are_made_in_their_order(rows):
    data = by_hand(f'<?xml version="1.0"?><x:worksheet xmlns:x="{S}">{rows}</x:worksheet>')
    done = mark(data, fault("表!B2", "表!A2", "表!D3", "表!C1", "表!Z99", "表!AA99", "表!XFD1048576"))
    sheet = book_of(done.data)["表"]
    places = ["B2", "A2", "C3" if "merge" in rows else "D3", "C1", "Z99", "AA99", "XFD1048576"]
    assert [fill_of(sheet[place]) for place in places] == [FILLS[ERROR][0], *[FILLS[ERROR][1]] * 6]
    assert all(sheet[place].comment for place in places)
    assert sheet["B2"].value == (5 if "<x:v>5" in rows else None)
    content = parts_of(done.data)["xl/worksheets/sheet1.xml"]
    for row in etree.fromstring(content).iter(f"{{{S}}}row"):
        names = [c.get("r") for c in row if c.get("r")]
        assert names == sorted(names, key=lambda name: (len(name), name))


def test_the_sheet_has_a_name_of_its_own_and_old_marks_are_not_marked_again():
    data = other(lambda book: book.add_worksheet("检查结果").write("A1", 1))
    done = mark(data, fault("检查结果!A1"))
    assert book_of(done.data).sheetnames == ["检查结果2", "检查结果"]
    with pytest.raises(FatkError) as error:
        mark(done.data, fault("检查结果!A1"))
    assert (error.value.code, error.value.exit_status) == ("MARKED_TWICE", 3)


def test_names_of_sheets_move_with_the_sheets():
    def build(book: xlsxwriter.Workbook) -> None:
        for name in ("甲", "乙"):
            sheet = book.add_worksheet(name)
            sheet.write("A1", 1)
            sheet.print_area("A1:B2")
        book.get_worksheet_by_name("乙").activate()

    done = mark(other(build), fault("乙!A1"))
    workbook = etree.fromstring(parts_of(done.data)["xl/workbook.xml"])
    names = {d.text: d.get("localSheetId") for d in workbook.iter(f"{{{S}}}definedName")}
    assert names == {"甲!$A$1:$B$2": "1", "乙!$A$1:$B$2": "2", "'检查结果'!$A$1": "0"}
    (view,) = workbook.iter(f"{{{S}}}workbookView")
    assert (view.get("activeTab"), view.get("firstSheet")) == ("0", "0")
    assert [s.title for s in book_of(done.data) if s.sheet_view.tabSelected] == ["检查结果"]


def test_looks_are_ranked_and_many_findings_are_cut():
    data = other(lambda book: book.add_worksheet("表").write("A1", 1))
    findings = [
        fault("表!A1", severity=INFO),
        fault("表!B1", "表!A1", rule="IES-05", severity=WARNING),
        replace(fault("表!C1", severity=INFO), outcome=NOT_CHECKED, reason="blank"),
        *(fault("表!D1", "表!E1", said=f"第 {n} 个", rule=f"X-{n:02}") for n in range(1, 10)),
    ]
    done = mark(data, *findings)
    sheet = book_of(done.data)["表"]
    looks = {"A1": FILLS[WARNING][1], "B1": FILLS[WARNING][0], "C1": FILLS["open"][0], "D1": FILLS[ERROR][0], "E1": FILLS[ERROR][1]}  # fmt: skip
    assert {place: fill_of(sheet[place]) for place in looks} == looks
    assert sheet["D1"].comment.text.endswith("另有 3 条，见“检查结果”。")
    few = marked.write(about(data, *findings), data, *VERSIONS, limits=fatk.Limits(findings_exported=2))
    assert len(few.notes) == 1
    assert [book_of(few.data)["表"][c].comment is not None for c in ("A1", "B1", "C1")] == [True, True, False]


def test_a_waived_finding_is_listed_and_not_marked():
    data = other(lambda book: book.add_worksheet("表").write("A1", 1))
    finding = fault("表!A1")
    waiver = Waiver("已核实", "某局", date(2023, 1, 1), date(2023, 12, 31))
    result = replace(about(data, finding), waived={finding.id: waiver}, as_of=date(2023, 6, 1))
    done = marked.write(result, data, *VERSIONS)
    book = book_of(done.data)
    assert (done.cells, fill_of(book["表"]["A1"])) == (0, None)
    row = next(row for row in book["检查结果"].iter_rows(values_only=True) if row[0] == "1")
    assert row[1] == "已豁免"
    assert row[-1] == "某局：已核实（2023-01-01 起，至 2023-12-31）"
    assert "按 2023-06-01 判断" in book["检查结果"]["A4"].value


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_only_text(text):
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f\ud800\uffff]", "", text)[:25].strip("'") or "表"
    data = other(lambda book: book.add_worksheet(name).write("A1", 1))
    (sheet,) = read_book(data).sheets
    result = about(data, fault(f"{sheet.name}!A1", said=text), fault(text, said=text, rule="IES-05"))
    cell = CellRef(location=f"{sheet.name}!B2", label=text, value=text)
    more = Finding("READ-01", ERROR, cells=(cell,), details=(("text", text), ("field", text)), expected=text, found=text)  # fmt: skip
    result = replace(result, findings=(*result.findings, more))
    done = marked.write(result, data, *VERSIONS)
    sound(done.data)
    book = book_of(done.data)
    for row in book["检查结果"].iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert cell.value is None or not re.search("[\x00-\x09\x0b-\x1f\u202e]", str(cell.value))
            if cell.hyperlink:
                assert cell.hyperlink.location.endswith(("'!A1", "'!B2"))
                assert cell.hyperlink.target is None
    assert set(book.sheetnames) == {"检查结果", name}
    assert book[name]["B2"].comment is not None


# What cannot be done


def refused(
    data: bytes, *, path: str = "书.xlsx", form: str = "xlsx", digest: bool = True
) -> tuple[str, int]:
    result = about(data, fault("表!A1"), path=path)
    reading = replace(result.reading, form=form, sha256=result.reading.sha256 if digest else "0" * 64)
    with pytest.raises(FatkError) as error:
        marked.write(replace(result, reading=reading), data, *VERSIONS)
    return error.value.code, error.value.exit_status


def test_only_the_workbook_of_the_result_is_marked():
    data = other(lambda book: book.add_worksheet("表").write("A1", 1))
    assert refused(data, form="json") == ("MARKED_NOT_XLSX", 3)
    assert refused(data, digest=False) == ("MARKED_OTHER_FILE", 3)
    with pytest.raises(Refused):
        mark(data[:-10], fault("表!A1"))


def test_what_marks_would_break_is_not_marked():
    parts: dict[str, bytes | str] = dict(
        parts_of(other(lambda book: book.add_worksheet("表").write("A1", 1)))
    )
    assert refused(zipped({**parts, "_xmlsignatures/sig1.xml": "<a/>"})) == ("MARKED_UNSAFE", 4)
    assert refused(zipped({**parts, "xl/revisions/revisionLog1.xml": "<a/>"})) == ("MARKED_UNSAFE", 4)
    strict = {
        name: data.replace(S.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            R.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        for name, data in parts.items()
        if isinstance(data, bytes)
    }
    assert refused(zipped({**strict})) == ("MARKED_UNUSUAL", 4)
    bare = by_hand(f'<x:worksheet xmlns:x="{S}"><x:sheetData/></x:worksheet>', styles=f'<styleSheet xmlns="{S}"/>')  # fmt: skip
    assert refused(bare) == ("MARKED_UNUSUAL", 4)


def test_a_light_font_is_darkened_on_a_light_fill():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表"
    for place, colour in (("A1", "FFFFFFFF"), ("B1", "FF112233")):
        sheet[place] = "题"
        sheet[place].font = Font(color=colour, bold=True)
        sheet[place].fill = PatternFill("solid", fgColor="FF000080")
    buffer = io.BytesIO()
    book.save(buffer)
    after = book_of(mark(buffer.getvalue(), fault("表!A1", "表!B1")).data)["表"]
    assert [after[place].font.color.rgb for place in ("A1", "B1")] == ["FF000000", "FF112233"]
    assert all(after[place].font.bold for place in ("A1", "B1"))
