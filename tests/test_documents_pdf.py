"""A PDF is read as people see it: every figure of a ruled table in its cell, every paragraph whole, nothing from what is not
there to be read; what cannot be trusted is refused with a sentence of its own."""

import importlib.util
import os
import random
import re
from collections.abc import Callable, Container, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfplumber
import pytest

import pdf_maker as maker
from fatk import confined, ooxml
from fatk.document import Document
from fatk.documents import NOTICES, pdf
from fatk.errors import Refused
from fatk.findings import explain_error, notice
from fatk.grid import NUMBER, Sheet
from fatk.limits import DEFAULTS, Limits

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "datapackages"
NAMES = ("full", "wuerhe-2022")
AMOUNT = re.compile(r"-?[0-9][0-9,]*(\.[0-9]+)?")


def refusal(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        pdf.read(data, limits, "说明.pdf")
    for language in ("zh", "en"):
        assert "{" not in explain_error(caught.value, language)
    return caught.value.code


def texts(document: Document) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]


def told(document: Document) -> dict[str, list[str]]:
    """Details of what was noticed, by code; each code has its sentence."""
    found: dict[str, list[str]] = {}
    for code, detail in document.notices:
        assert notice(NOTICES[code]).sentence("zh", {"detail": detail})
        found.setdefault(code, []).append(detail)
    return found


def rows(sheet: Sheet) -> list[list[str]]:
    """The texts of a table's cells, row by row."""
    height = max(r for r, _ in sheet.cells) + 1
    width = max(c for _, c in sheet.cells) + 1
    return [
        [sheet.cells[r, c].text if (r, c) in sheet.cells else "" for c in range(width)] for r in range(height)
    ]


def one_page(*calls: Callable[[maker.Sheet], object], **more: Any) -> bytes:
    sheet = maker.Sheet()
    for call in calls:
        call(sheet)
    return maker.document([sheet], **more)


def tight(text: str) -> str:
    return re.sub(r"\s+", "", text)


# Workbooks in the official layout, as LibreOffice prints them


@pytest.fixture(scope="session")
def printed(convert_files: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The workbooks of the examples as PDF."""
    folder = tmp_path_factory.mktemp("workbooks")
    for name in NAMES:
        (folder / f"{name}.xlsx").write_bytes((EXAMPLES / name / "report.xlsx").read_bytes())
    made = convert_files("pdf", sorted(folder.iterdir()))
    return {name: (made / f"{name}.pdf").read_bytes() for name in NAMES}


@pytest.fixture(scope="session")
def documents(printed: dict[str, bytes]) -> dict[str, Document]:
    return {name: pdf.read(data) for name, data in printed.items()}


def same(cell: Any, text: str) -> bool:
    """Whether a cell of a workbook is printed as a text."""
    if cell.kind != NUMBER:
        return tight(cell.text) == tight(text)
    if not AMOUNT.fullmatch(text):
        return False
    decimals = len(text.partition(".")[2])
    shown = Decimal(text.replace(",", ""))
    exact = cell.decimals in {None, decimals}
    return exact and shown == round(Decimal(cell.text), decimals)


def found_in(book: Sequence[Sheet], table: Sheet, used: Container[Any] = ()) -> tuple[str, int] | None:
    """Where a printed table stands in a workbook, if not where another one does: the sheet, and the row of it that the table
    begins with. A workbook has columns without walls, which are one column here."""
    first = next(iter(table.cells.items()))
    deepest = max(r for r, _ in table.cells)
    for sheet in book:
        for (row, _), cell in sheet.cells.items():
            shift = row - first[0][0]
            if shift < 0 or (sheet.name, shift) in used or not same(cell, first[1].text):
                continue
            wanted = [c for (r, _), c in sheet.cells.items() if shift <= r <= shift + deepest]
            places = [(r - shift, c) for r, c in sheet.cells if shift <= r <= shift + deepest]
            if [r for r, _ in places] == [r for r, _ in table.cells] and all(map(same, wanted, [c.text for c in table.cells.values()])):  # fmt: skip
                moved = {(b[1], p[1]) for b, p in zip(places, table.cells, strict=True)}
                if len({b for b, _ in moved}) == len({p for _, p in moved}) == len(moved):
                    return sheet.name, shift
    return None


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_every_ruled_table_that_libreoffice_prints_is_read_in_its_place(
    name: str, documents: dict[str, Document]
) -> None:
    """Each table of the PDF is, cell by cell, rows of the workbook, over page ends too; what is left of the workbook stands
    in the paragraphs beside them."""
    book = ooxml.read_book(EXAMPLES / name / "report.xlsx").sheets
    document = documents[name]
    places: dict[str, Any] = {}
    for table in document.tables:
        places[table.name] = found_in(book, table, places.values())
    assert [table for table, place in places.items() if place is None] == []
    covered = {
        (sheet, row)
        for table in document.tables
        for sheet, shift in [places[table.name] or ("", 0)]
        for row in range(shift, shift + max(r for r, _ in table.cells) + 1)
    }
    inside = [(s.name, r) in covered for s in book for r, _ in s.cells]
    assert inside.count(True) == sum(len(table.cells) for table in document.tables)
    beside = tight("".join(texts(document)))
    outside = [c.text for s in book for (r, _), c in s.cells.items() if (s.name, r) not in covered]
    assert [text for text in outside if tight(text) not in beside] == []
    assert told(document).keys() == {"PAGE_FURNITURE", "TABLE_CONTINUED"}


def test_merged_headers_are_merged_as_in_the_workbook(documents: dict[str, Document]) -> None:
    for name, document in documents.items():
        book = {sheet.name: sheet for sheet in ooxml.read_book(EXAMPLES / name / "report.xlsx").sheets}
        forms = 0
        for table in document.tables:
            sheet_name, shift = found_in([*book.values()], table) or ("", 0)
            if not re.match(r"\d\d", sheet_name):
                continue
            deepest = max(r for r, _ in table.cells)
            wanted = {
                (r1 - shift, c1, r2 - shift, c2)
                for r1, c1, r2, c2 in book[sheet_name].merges
                if shift <= r1 <= shift + deepest
            }
            assert {*table.merges} == wanted, table.name
            forms += bool(wanted)
        assert forms >= 9


def test_tables_are_those_that_another_reader_finds(printed: dict[str, bytes], tmp_path: Path) -> None:
    """pdfplumber finds the same texts in the same cells of the nine forms."""
    path = tmp_path / "a.pdf"
    path.write_bytes(printed["full"])
    read = {table.name: table for table in pdf.read(printed["full"]).tables}
    with pdfplumber.open(path) as other:
        for number in range(2, 11):
            (found,) = other.pages[number - 1].find_tables()
            theirs = [[tight(cell or "") for cell in row] for row in found.extract()]
            ours = [[tight(cell) for cell in row] for row in rows(read[f"第{number}页表1"])]
            assert [row[: len(theirs[0])] for row in ours] == theirs


# Tables


COLUMNS = (60, 130, 260, 345, 430, 515)
HEADER = [["科目编码", "科目名称", "本年支出", "", ""], ["", "", "小计", "基本支出", "项目支出"]]
MERGED = [(0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 4)]


def amounts(count: int) -> list[list[str]]:
    """Rows of a table of expenditure, some with blank cells, thousands commas and negative figures."""
    chance = random.Random(count)
    made = []
    for index in range(count):
        basic, project = chance.randrange(-99_999, 9_999_999), chance.randrange(9_999_999)
        figures = [f"{v / 100:,.2f}" for v in (basic + project, basic, project)]
        if index % 7 == 3:
            figures[1 + index % 2] = ""
        made.append([f"2{index % 30 + 1:02}{index:04}", f"示例事务{index}", *figures])
    return made


def over_pages(
    body: list[list[str]], a_page: int, *, header: bool = True, turn: int = 0, title: bool = False
) -> bytes:
    """A table with so many rows a page, whose header is printed again or not."""
    sheets = []
    heads = len(HEADER)
    starts = [0, *range(a_page - heads, len(body), a_page - heads if header else a_page)]
    for first, end in zip(starts, [*starts[1:], len(body)], strict=True):
        sheet = maker.Sheet((842, 595) if not turn else (595, 842), rotate=turn)
        place = sheet
        if turn:
            place = maker.Sheet((842, 595))
        if title:
            place.text(200, 545, "支出决算表" + "（续）" * bool(first), 14)
            place.text(430, 525, "金额单位：万元", 9)
        again = header or not first
        part = (HEADER if again else []) + body[first:end]
        maker.table(place, 515, COLUMNS, part, height=18, merged=MERGED if again else [])
        if turn:
            # What is drawn on a landscape page, on a portrait one that is turned to be read.
            matrix = {90: "0 1 -1 0 595 0", 270: "0 -1 1 0 0 842"}[turn]
            sheet.drawn += [f"q {matrix} cm", *place.drawn, "Q"]
        sheets.append(sheet)
    return maker.document(sheets)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("turn", "title"), [(0, False), (0, True), (90, False), (270, True)])
def test_a_table_over_four_pages_is_one_table(header: bool, turn: int, title: bool) -> None:
    body = amounts(94)
    document = pdf.read(over_pages(body, 26, header=header, turn=turn, title=title))
    (table,) = document.tables
    assert table.plain
    assert table.name == "第1页表1"
    assert rows(table) == HEADER + body
    assert [*table.merges] == sorted(MERGED)
    assert told(document)["TABLE_CONTINUED"] == [f"第1页表1 → 第{page}页" for page in (2, 3, 4)]
    assert texts(document) == (["支出决算表", "金额单位：万元"] if title else [])


def test_a_page_that_is_turned_without_saying_so_is_read_as_people_hold_it() -> None:
    body = amounts(20)
    data = over_pages(body, 26, turn=90).replace(b"/Rotate 90", b"/Rotate 0 ")
    (table,) = pdf.read(data).tables
    assert rows(table) == HEADER + body


def test_two_forms_on_two_pages_are_two_tables() -> None:
    sheets = []
    for project in ("道路", "桥梁"):
        sheet = maker.Sheet()
        form = [["项目支出绩效自评表", "", "", "", ""], ["项目名称", project, "", "", ""], *amounts(12)]
        maker.table(sheet, 770, COLUMNS, form, merged=[(0, 0, 0, 4), (1, 1, 1, 4)])
        sheets.append(sheet)
    first, second = pdf.read(maker.document(sheets)).tables
    assert [rows(first)[1][1], rows(second)[1][1]] == ["道路", "桥梁"]


def test_a_table_that_ends_above_the_foot_of_its_page_does_not_go_on() -> None:
    first, second = maker.Sheet(), maker.Sheet()
    maker.table(first, 770, COLUMNS, HEADER + amounts(10), merged=MERGED)
    first.text(90, 100, "以上各表数字由办公室负责解释。")
    maker.table(second, 770, COLUMNS, HEADER + amounts(11), merged=MERGED)
    assert len([*pdf.read(maker.document([first, second])).tables]) == 2


WALLS = (60, 150, 240, 330)
NOTES = [
    (
        "注：本表反映部门本年度“三公”经费支出预决算情况。其中，预算数为“三公”经费全年预算数，反映按规定程序调整后的预算数；决算数"
        "是包括当年财政拨款和以前年度结转资金安排的实际支出。"
    ),
    "我单位本年度无政府性基金预算财政拨款收入、支出及结转和结余，政府性基金预算财政拨款收入支出决算表为空表。",
]
WIDE = "本年度收入总计一千二百万元，其中财政拨款收入一千一百万元，比上年增加一百万元，主要原因是人员增加。"


def narrow(sheet: maker.Sheet, top: float, count: int = 3) -> float:
    """A table narrower than the text of its page; where it ends."""
    body = [["项目", "预算数", "决算数"], *[[f"事项{n}", f"{n}.50", f"{n}.25"] for n in range(count)]]
    maker.table(sheet, top, WALLS, body)
    return top - 20 * len(body)


def notes_below(sheet: maker.Sheet, top: float, notes: Sequence[str]) -> list[list[str]]:
    """Notes set between the walls of the narrow table, one under the other; their lines."""
    lines = [maker.broken(note, WALLS[-1] - WALLS[0] - 4, 9, 0) for note in notes]
    for place, line in enumerate(line for note in lines for line in note):
        sheet.text(WALLS[0] + 2, top - 13 * (place + 1), line, 9)
    return lines


def test_a_note_below_a_table_is_as_wide_as_its_table_and_over_several_lines_one_paragraph() -> None:
    sheet = maker.Sheet()
    sheet.text(60, 800, WIDE[:36], 12)
    lines = notes_below(sheet, narrow(sheet, 760), NOTES)
    assert [len(note) for note in lines] == [4, 2]
    sheet.text(60, 500, "本单位无其他需要说明的事项，以下为正文", 12)
    sheet.text(60, 480, "正文另起一行", 12)
    assert texts(pdf.read(maker.document([sheet]))) == [
        WIDE[:36], *NOTES, "本单位无其他需要说明的事项，以下为正文", "正文另起一行",
    ]  # fmt: skip


def test_a_second_note_whose_first_one_ends_with_a_full_line_is_a_paragraph_of_its_own() -> None:
    sheet = maker.Sheet()
    sheet.text(60, 800, WIDE[:36], 12)
    full = "注：" + "表" * 26 + "。"
    lines = notes_below(sheet, narrow(sheet, 760), [full, NOTES[1]])
    assert len(lines[0]) == 1
    assert texts(pdf.read(maker.document([sheet]))) == [WIDE[:36], full, NOTES[1]]


def test_text_below_a_table_that_is_no_note_is_measured_as_the_text_of_its_page() -> None:
    sheet = maker.Sheet()
    sheet.text(60, 800, WIDE[:36], 12)
    lines = notes_below(sheet, narrow(sheet, 760), [WIDE])
    assert texts(pdf.read(maker.document([sheet]))) == [WIDE[:36], *lines[0]]


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_note_that_goes_on_over_the_end_of_its_page_is_one_paragraph(kept: int) -> None:
    first, second = maker.Sheet(), maker.Sheet()
    first.text(40, 800, WIDE[:36], 12)
    end = narrow(first, 760, 30)
    lines = maker.broken(NOTES[0], WALLS[-1] - WALLS[0] - 4, 9, 0)
    for place, line in enumerate(lines):
        sheet, top = (first, end) if place < kept else (second, 800 + 13 * kept)
        sheet.text(WALLS[0] + 2, top - 13 * (place + 1), line, 9)
    second.text(40, 700, WIDE[:36], 12)
    read = pdf.read(maker.document([first, second]))
    assert texts(read) == [WIDE[:36], NOTES[0], WIDE[:36]]
    assert [*read.paragraphs][1].pages == ((0, 1), (len("".join(lines[:kept])), 2))


def test_a_header_that_is_printed_again_above_nothing_but_a_note_is_no_table_of_its_own() -> None:
    first, second = maker.Sheet(), maker.Sheet()
    first.text(60, 800, "支出决算表", 14)
    maker.table(first, 770, COLUMNS, HEADER + amounts(20), merged=MERGED)
    second.text(60, 800, "支出决算表", 14)
    maker.table(second, 770, COLUMNS, HEADER, merged=MERGED)
    second.text(62, 700, "注：本表反映部门本年度各项支出情况。", 9)
    read = pdf.read(maker.document([first, second]))
    (table,) = read.tables
    assert rows(table) == HEADER + amounts(20)
    assert texts(read) == ["支出决算表", "注：本表反映部门本年度各项支出情况。"]


def test_an_empty_form_of_the_same_columns_on_the_next_page_is_a_table_of_its_own() -> None:
    first, second = maker.Sheet(), maker.Sheet()
    first.text(60, 800, "政府性基金预算财政拨款收入支出决算表", 14)
    maker.table(first, 770, COLUMNS, HEADER + amounts(4), merged=MERGED)
    second.text(60, 800, "国有资本经营预算财政拨款支出决算表", 14)
    maker.table(second, 770, COLUMNS, HEADER, merged=MERGED)
    assert len([*pdf.read(maker.document([first, second])).tables]) == 2


def test_a_row_that_the_end_of_a_page_cuts_is_one_row() -> None:
    columns = (60, 140, 240, 420, 515)
    head = [["一级指标", "二级指标", "三级指标", "得分"]]
    first, second = maker.Sheet(), maker.Sheet()
    top = [["产出指标", "数量指标", f"指标{index}", f"{index}.00"] for index in range(33)]
    cut = ["", "", "举办培训班和组织开展业务检查、走访服务对\n象次数", "10.00"]
    maker.table(first, 770, columns, [*head, *top, cut], merged=[(1, 0, 34, 0), (1, 1, 34, 1)], size=8)
    rest = [["", "", "落实情况", ""], ["", "", "满意度", "5.00"], ["效益指标", "社会效益", "覆盖率", "6.00"]]
    maker.table(second, 770, columns, rest, merged=[(0, 0, 1, 0), (0, 1, 1, 1)], size=8)
    (table,) = pdf.read(maker.document([first, second])).tables
    read = rows(table)
    assert read[34][2:] == [cut[2] + "\n落实情况", "10.00"]
    assert read[35:] == [["", "", "满意度", "5.00"], ["效益指标", "社会效益", "覆盖率", "6.00"]]
    assert {(1, 0, 35, 0), (1, 1, 35, 1)} <= {*table.merges}


@pytest.mark.parametrize("thin", [False, True])
def test_lines_drawn_as_strokes_or_as_thin_areas_are_walls(thin: bool) -> None:
    body = amounts(30)
    document = pdf.read(
        one_page(lambda s: maker.table(s, 770, COLUMNS, HEADER + body, merged=MERGED, thin=thin))
    )
    (table,) = document.tables
    assert rows(table) == HEADER + body
    assert document.notices == ()


def test_a_table_without_its_outer_walls_has_its_outer_columns() -> None:
    sheet = maker.Sheet()
    body = amounts(10)
    for index in range(11):
        sheet.line(60, 700 - 20 * index, 515, 700 - 20 * index)
    for x in COLUMNS[1:-1]:
        sheet.line(x, 700, x, 500)
    maker.table(sheet, 700, COLUMNS, body, ruled="none")
    (table,) = pdf.read(maker.document([sheet])).tables
    assert rows(table) == body


@pytest.mark.parametrize("ruled", ["across", "none"])
def test_a_table_without_walls_stays_lines_of_text_in_which_columns_are_apart(ruled: str) -> None:
    body = amounts(12)
    document = pdf.read(one_page(lambda s: maker.table(s, 770, COLUMNS, body, ruled=ruled)))
    assert [*document.tables] == []
    assert texts(document) == ["  ".join(cell for cell in row if cell) for row in body]


def test_a_table_whose_lines_are_missing_is_not_read_as_one_and_told() -> None:
    sheet = maker.Sheet()
    for box in ((60, 700, 460, 700), (60, 600, 460, 600), (60, 700, 60, 600), (460, 700, 460, 600)):
        sheet.line(*box)
    sheet.line(60, 650, 260, 650)
    sheet.line(260, 700, 260, 650)  # the lower right three cells are one that is no rectangle
    sheet.text(70, 670, "合计", 9)
    sheet.text(300, 670, "12.50", 9)
    document = pdf.read(maker.document([sheet]))
    assert [*document.tables] == []
    assert texts(document) == ["合计  12.50"]
    assert told(document)["TABLE_UNREAD"] == ["第1页"]


def test_a_figure_across_a_wall_is_in_no_cell_and_told() -> None:
    def draw(sheet: maker.Sheet) -> None:
        maker.table(sheet, 700, COLUMNS, [["2010301", "行政运行", "1.00", "", ""]] * 3)
        sheet.text(405, 686, "123,456.78", 9)

    document = pdf.read(one_page(draw))
    (table,) = document.tables
    assert rows(table) == [["2010301", "行政运行", "1.00"]] * 3
    assert texts(document) == ["123,456.78"]
    assert told(document) == {"TABLE_UNREAD": ["第1页表1 “123,456.78”"]}


def test_a_label_that_reaches_into_the_next_cell_stays_whole() -> None:
    def draw(sheet: maker.Sheet) -> None:
        maker.table(sheet, 700, COLUMNS, [["", "", "1.00", "2.00", "3.00"]] * 2)
        sheet.text(63, 687, "2010301机关事业单位", 9)

    (table,) = pdf.read(one_page(draw)).tables
    assert rows(table)[0] == ["2010301机关事业单位", "", "1.00", "2.00", "3.00"]


def test_lines_of_a_cell_are_lines_and_a_figure_too_long_for_one_is_whole() -> None:
    columns = (60, 120, 170, 230)
    body = [["因公出国\n（境）费", "123,456,78\n9.00", "12.00\n13.00"], ["a", "1.00", "2.00"]]
    (table,) = pdf.read(one_page(lambda s: maker.table(s, 700, columns, body, height=30))).tables
    assert rows(table)[0] == ["因公出国\n（境）费", "123,456,789.00", "12.00\n13.00"]


def test_a_frame_around_a_page_is_no_table() -> None:
    def draw(sheet: maker.Sheet) -> None:
        for box in (
            (50, 50, 545, 50),
            (50, 790, 545, 790),
            (50, 50, 50, 790),
            (545, 50, 545, 790),
            (50, 740, 545, 740),
        ):
            sheet.line(*box)
        sheet.text(220, 755, "决算公开说明", 16)
        sheet.text(90, 700, "一、收入总计5.00万元。")
        maker.table(sheet, 600, COLUMNS, amounts(5))

    document = pdf.read(one_page(draw))
    assert [rows(table) for table in document.tables] == [amounts(5)]
    assert texts(document) == ["决算公开说明", "一、收入总计5.00万元。"]


def test_a_table_set_in_bold_by_printing_it_twice_has_each_figure_once() -> None:
    def draw(sheet: maker.Sheet) -> None:
        maker.table(sheet, 700, COLUMNS, amounts(4))
        sheet.drawn.append("1 0 0 1 0.3 0 cm")
        maker.table(sheet, 700, COLUMNS, amounts(4))

    (table,) = pdf.read(one_page(draw)).tables
    assert rows(table) == amounts(4)


# Text

PARAGRAPHS = [
    "#示例市示例局2022年度部门决算公开说明",
    "#第一部分 单位概况",
    "一、主要职能",
    "1、负责了解和掌握各部门对上级制定的方针、政策、决定、指示的贯彻执行情况；结合领导同志的工作部署和各部门的工作情况，做好工作安排和总结工作。",
    "本年收入合计1,386.23万元，其中：财政拨款收入1,386.23万元，占100.00%；上级补助收入0.00万元，占0.00%；事业收入0.00万元，占0.00%。",
    "与上年相比，减少38.57万元，下降11.09%，主要原因是：人员减少，相应的工资、津贴补贴、社会保障缴费减少。",
]


def made_up(number: int) -> list[str]:
    """Paragraphs of clauses with figures, of any length."""
    chance = random.Random(number)
    found = ["#第二部分 部门决算情况说明"]
    for index in range(60):
        clauses = [
            f"项目{chance.randrange(99)}支出{chance.randrange(10 ** chance.randrange(1, 8)) / 100:,.2f}万元"
            for _ in range(chance.randrange(1, 9))
        ]
        found.append(f"{index + 1}.{'，'.join(clauses)}。")
    return found


@pytest.mark.parametrize("justified", [True, False])
@pytest.mark.parametrize("paragraphs", [PARAGRAPHS * 7, made_up(1), made_up(2)], ids=["prose", "1", "2"])
def test_paragraphs_are_those_that_were_set_over_page_ends_too(
    paragraphs: list[str], justified: bool
) -> None:
    document = pdf.read(maker.document(maker.prose(paragraphs, justified=justified)))
    assert texts(document) == [text.removeprefix("#") for text in paragraphs]
    assert [bool(p.level) for p in document.paragraphs] == [text.startswith("#") for text in paragraphs]
    pages = [page for p in document.paragraphs for _, page in p.pages]
    assert pages == sorted(pages)
    assert pages[-1] > 2
    assert told(document).keys() == {"PAGE_FURNITURE"}


def test_a_paragraph_knows_on_which_page_each_character_stands() -> None:
    sheets = maker.prose(["甲" * 30 * 25], number="")
    (paragraph,) = pdf.read(maker.document(sheets)).paragraphs
    (start, first), (offset, second) = paragraph.pages
    assert (start, first, second) == (0, 1, 2)
    # What the first page holds: its lines of 25 characters, the first with two fewer.
    lines = sum(1 for drawn in sheets[0].drawn)
    assert offset == len(maker.broken(paragraph.text, 415, 16)[0]) + 25 * (lines - 1)
    assert paragraph.page(offset - 1) == 1
    assert paragraph.page(offset) == 2


@pytest.mark.parametrize("number", ["{}", "- {} -", "—{}—", "第 {} 页", "{} / 9", "第{}页 共9页"])
def test_page_numbers_are_taken_off_and_told(number: str) -> None:
    paragraphs = made_up(3)
    document = pdf.read(maker.document(maker.prose(paragraphs, number=number)))
    assert texts(document) == [text.removeprefix("#") for text in paragraphs]
    assert number.format(1).replace(" ", "") in tight(told(document)["PAGE_FURNITURE"][0])


def test_a_running_head_is_taken_off_and_told() -> None:
    paragraphs = made_up(4)
    document = pdf.read(maker.document(maker.prose(paragraphs, head="示例市示例局2022年度部门决算")))
    assert texts(document) == [text.removeprefix("#") for text in paragraphs]
    assert "示例市示例局2022年度部门决算" in told(document)["PAGE_FURNITURE"][0]


def test_a_figure_alone_in_the_last_line_of_a_paragraph_is_no_page_number() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.text(90, 128, "固定资产原值")
        sheet.text(90, 112, "共有车辆")
        sheet.text(90, 96, "16")

    assert "16" in "".join(texts(pdf.read(one_page(draw))))


def test_what_only_spreads_a_line_is_no_blank_and_what_parts_figures_is_one() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.text(90, 700, "收入总计386.23万元", spread=5)
        sheet.text(90, 600, "12.50 13.50")
        sheet.text(90, 500, "12.50")
        sheet.text(90 + 30 + 6, 500, "13.50")

    assert texts(pdf.read(one_page(draw))) == ["收入总计386.23万元", "12.50 13.50", "12.50 13.50"]


def test_a_raised_figure_is_no_part_of_the_one_beside_it() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.text(90, 700, "房屋125.50")
        sheet.text(90 + 24 + 36, 705, "2", 6)

    assert texts(pdf.read(one_page(draw))) == ["房屋125.50²"]


def test_a_figure_that_a_line_is_drawn_through_is_struck_out() -> None:
    def draw(sheet: maker.Sheet) -> None:
        maker.table(sheet, 700, COLUMNS, [["2010301", "行政运行", "1.00", "12.50", "3.00"]] * 2)
        sheet.line(400, 690, 428, 690)
        sheet.text(90, 500, "收入总计386.23万元")
        sheet.line(90, 498, 190, 498)  # which only underlines

    document = pdf.read(one_page(draw))
    (table,) = document.tables
    assert rows(table)[0][2:] == ["1.00", "".join(f"{c}\u0336" for c in "12.50"), "3.00"]
    assert rows(table)[1][2:] == ["1.00", "12.50", "3.00"]
    assert texts(document) == ["收入总计386.23万元"]


def test_equal_figures_in_a_font_without_outlines_are_each_read() -> None:
    """PDFium takes them for one figure printed twice."""
    same_rows = [["甲甲", "甲甲", "0.00", "0.00", "0.00"]] * 30
    (table,) = pdf.read(one_page(lambda s: maker.table(s, 770, COLUMNS, same_rows))).tables
    assert rows(table) == same_rows


@pytest.mark.skipif(
    "FATK_SEED" not in os.environ, reason="FATK_SEED does not name the folder of the real text"
)
def test_every_character_of_the_real_text_is_read() -> None:
    (path,) = Path(os.environ["FATK_SEED"]).glob("*.txt")
    whole = tight(path.read_text(encoding="utf-8"))
    paragraphs = re.findall(r"[^。]*。|[^。]+$", whole)
    document = pdf.read(maker.document(maker.prose(paragraphs)))
    assert texts(document) == paragraphs
    assert tight("".join(texts(document))) == whole


# What is not there to be read


def test_text_that_nobody_sees_is_not_read_and_told() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.text(90, 700, "收入总计386.23万元")
        sheet.text(90, 650, "白色的字", colour="1 g")
        sheet.text(90, 600, "不画的字", mode=3)
        sheet.text(90, 900, "页面之外的字")
        sheet.area(80, 540, 200, 30, "0 0 0.5 rg")
        sheet.text(90, 550, "蓝底白字", colour="1 g")

    document = pdf.read(one_page(draw))
    assert texts(document) == ["收入总计386.23万元", "蓝底白字"]
    assert told(document) == {"HIDDEN_TEXT": ["1"]}


def test_the_text_layer_of_a_scan_is_read_and_told() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.picture(0, 0, 595, 842)
        sheet.text(90, 700, "收入总计386.23万元，支出总计386.23万元，年末结转和结余0.00万元。", mode=3)

    document = pdf.read(one_page(draw))
    assert texts(document) == ["收入总计386.23万元，支出总计386.23万元，年末结转和结余0.00万元。"]
    assert told(document) == {"TEXT_LAYER": ["1"]}


def test_a_scan_is_refused() -> None:
    def scan(sheet: maker.Sheet) -> None:
        sheet.picture(20, 20, 560, 800)
        sheet.text(280, 10, "- 1 -", 9)

    assert refusal(one_page(scan)) == "PDF_SCANNED"
    assert refusal(maker.document([maker.Sheet()] * 3)) == "PDF_SCANNED"


def test_pages_without_text_among_others_are_told() -> None:
    sheets = maker.prose(PARAGRAPHS)
    scan = maker.Sheet()
    scan.picture(0, 0, 595, 842)
    document = pdf.read(maker.document([*sheets, scan, scan, *sheets, maker.Sheet()]))
    assert told(document)["PICTURE_PAGE"] == ["2–3, 5"]


def test_slanted_text_is_not_read_and_turned_text_is_apart() -> None:
    def draw(sheet: maker.Sheet) -> None:
        sheet.text(90, 700, "收入总计386.23万元")
        sheet.text(200, 300, "内部资料", 40, turned="0.7 0.7 -0.7 0.7")
        sheet.text(560, 300, "装订线", turned="0 1 -1 0")

    document = pdf.read(one_page(draw))
    assert texts(document) == ["收入总计386.23万元", "装订线"]
    assert told(document) == {"SLANTED_TEXT": ["1"]}


def test_scripts_attachments_forms_and_remarks_are_neither_run_nor_read_but_told() -> None:
    catalog = (
        "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>/Names<</JavaScript<</Names[(a) 100 0 R]>>"
        "/EmbeddedFiles<</Names[(a.xlsx) 101 0 R]>>>>/AcroForm<</Fields[102 0 R]>>"
    )
    more = {
        100: b"<</S/JavaScript/JS(this.submitForm\\('http://127.0.0.1:9/x'\\))>>",
        101: b"<</Type/Filespec/F(a.xlsx)/EF<</F 103 0 R>>>>",
        102: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(999.99)/Rect[90 600 190 620]>>",
        103: b"<</Type/EmbeddedFile/Length 1>>stream\nx\nendstream",
        104: b"<</Type/Annot/Subtype/Link/Rect[90 700 190 720]/A<</S/URI/URI(http://127.0.0.1:9/x)>>>>",
    }
    sheet = maker.Sheet(entries="/Annots[102 0 R 104 0 R]")
    sheet.text(90, 700, "收入总计386.23万元")
    document = pdf.read(maker.document([sheet], catalog=catalog, more=more))
    assert texts(document) == ["收入总计386.23万元"]
    assert told(document) == {"FORM_FIELDS": ["1"], "NOT_FOLLOWED": ["JavaScript: 1", "attachments: 1"]}


def unmapped(text: str, more: Callable[[maker.Sheet], object] = lambda _: None) -> bytes:
    """Text in a font that does not say which characters its signs are."""
    font = b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[5 0 R]>>"
    cid = (
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 9 9]/ItalicAngle 0/Ascent 880"
        b"/Descent -120/CapHeight 700/StemV 80>>>>"
    )
    sheet = maker.Sheet()
    sheet.text(90, 700, text)
    more(sheet)
    return maker.document([sheet], more={4: font, 5: cid})


def test_text_whose_fonts_do_not_say_what_it_is_is_refused() -> None:
    assert refusal(unmapped("收入总计386.23万元")) == "PDF_TEXT_GARBLED"


def test_a_few_characters_that_are_not_known_are_shown_as_such_and_told() -> None:
    document = pdf.read(
        unmapped("99", lambda sheet: sheet.text(90, 600, "收入总计386.23万元，支出总计386.23万元", font="F2"))
    )
    assert texts(document) == ["\ufffd\ufffd", "收入总计386.23万元，支出总计386.23万元"]
    assert told(document) == {"UNKNOWN_CHARACTERS": ["1"]}


# Refusals

PLAIN = one_page(lambda sheet: sheet.text(90, 700, "收入总计386.23万元"))
LOCK = (
    b"trailer<</ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/O<"
    + b"11" * 32
    + b">/U<"
    + b"22" * 32
    + b">/P -4>>"
)


def damaged() -> bytes:
    """A file one byte of whose packed text is another."""
    data = bytearray(maker.document(maker.prose(PARAGRAPHS)))
    data[data.rindex(b"FlateDecode>>stream") + 300] ^= 0x10
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: PLAIN.replace(b"trailer<<", LOCK), "PDF_ENCRYPTED"),
        (lambda: PLAIN[:-200], "PDF_TRUNCATED"),
        (lambda: PLAIN[:-300] + b"%%EOF", "PDF_CORRUPT"),
        (lambda: b"%PDF-1.7\n%%EOF", "PDF_CORRUPT"),
        (lambda: PLAIN.replace(b"startxref\n", b"startxref\n9"), "PDF_CORRUPT"),
        (damaged, "PDF_CORRUPT"),
        (lambda: maker.document([maker.Sheet()] * 1001), "PDF_TOO_MANY_PAGES"),
    ],
    ids=["a password", "cut short", "cut in the middle", "nothing", "no table of objects", "damage", "pages"],
)
def test_a_file_that_cannot_be_read_is_refused(make: Callable[[], bytes], code: str) -> None:
    assert refusal(make()) == code


def test_text_and_drawings_beyond_the_limits_are_refused() -> None:
    assert refusal(PLAIN, Limits(page_characters=5)) == "PDF_TEXT_TOO_LARGE"
    ruled = one_page(lambda sheet: maker.table(sheet, 700, COLUMNS, amounts(9)))
    assert refusal(ruled, Limits(page_drawings=50)) == "PDF_TOO_COMPLEX"


def test_without_its_library_the_refusal_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert refusal(PLAIN) == "DOCUMENTS_NOT_INSTALLED"


@pytest.mark.parametrize(
    "answer",
    [
        None, [], {}, {"pages": [{}], "styles": []}, {"pages": 5, "styles": [], "scripts": 0, "attachments": 0},
        {"pages": [], "styles": [[1]], "scripts": 0, "attachments": 0},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_a_refusal(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "run", lambda *_: answer)
    assert refusal(PLAIN) == "READER_CRASHED"


@pytest.mark.parametrize("change", [{"places": [1]}, {"places": [float("nan")] * 3}, {"text": "甲乙"}, {"style": [7]}, {"box": []}, {"lines": [1]}])  # fmt: skip
def test_a_page_of_another_shape_is_a_refusal(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = {"text": "甲", "places": [0, 1200, 500], "style": [0], "slanted": 0, "unknown": 0, "box": [0, 0, 59500, 84200],
            "lines": [], "fills": [], "pictures": 0.0, "fields": 0, "remarks": 0}  # fmt: skip
    answer = {
        "pages": [page],
        "styles": [["F", 1200, 0, False, False, False]],
        "scripts": 0,
        "attachments": 0,
    }
    monkeypatch.setattr(confined, "run", lambda *_: answer)
    assert texts(pdf.read(PLAIN)) == ["甲"]
    page.update(change)
    assert refusal(PLAIN) == "READER_CRASHED"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bound")
def test_once_the_file_is_being_read_nothing_can_be_opened_any_more() -> None:
    found = confined.run("after_pdf:attempt", PLAIN, {}, DEFAULTS)
    assert found == {"pages": 1, "opened": "OSError"}
