"""What published forms look like: every way to draw them that was seen leads to the same report, or is told.

Each case is a change of a workbook that openpyxl draws; most stand for one trap of layouts that real disclosures set.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell import Cell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import PatternFill
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import fatk
import strategies
from drawing import Habits, drawn, printable, saved
from fatk import formats, grid, recognition, rowkeys, structure
from fatk.model import EMPTY, MISSING, REPORTED, Report
from fatk.reading import Reading
from fatk.transcription import about, plainrows

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
IES, INC, EXP, FAS, GBE, GBB, TPE, GF, SC = (
    "income_expenditure_summary", "income", "expenditure", "fiscal_appropriation_summary", "general_budget_expenditure",
    "general_budget_basic_expenditure", "three_public_expenses", "government_fund", "state_capital",
)  # fmt: skip

Edit = Callable[[Workbook], object]
Check = Callable[[Reading], object]


@cache
def report(name: str = "full") -> Report:
    return fatk.read(EXAMPLES / name / "report.json").report


PLAINLY = Habits()


def nothing(book: Workbook) -> None:
    """No change: the case is one of habits."""


@dataclass(frozen=True)
class Case:
    """A way to draw forms: what is changed, which notices it deserves beside those of the sheet that is no form, and which
    tables are read otherwise than they were drawn, with what holds of them."""

    edit: Edit
    notices: Sequence[str] = ()
    otherwise: Sequence[str] = ()
    holds: Check | None = None
    habits: Habits = PLAINLY


# Finding one's way on a sheet


def sheet(book: Workbook, table: str) -> Worksheet:
    """The sheet of a form, by its title."""
    title = report().edition.forms[table].title
    return next(
        s for s in book.worksheets if any(c.value == title for row in s.iter_rows(max_row=3) for c in row)
    )


def cell(where: Worksheet, text: str, nth: int = 0) -> Cell:
    """The cell of a text on a sheet; the nth of several."""
    return [c for row in where.iter_rows() for c in row if isinstance(c.value, str) and c.value == text][nth]


def below(where: Worksheet, first: int) -> list[list[Any]]:
    """The values of a sheet from a row on."""
    return [list(row) for row in where.iter_rows(min_row=first, values_only=True)]


def unmerge(where: Worksheet) -> None:
    for merged in list(where.merged_cells.ranges):
        where.unmerge_cells(str(merged))


def insert_columns(where: Worksheet, at: int, count: int = 1) -> None:
    unmerge(where)
    where.insert_cols(at, count)


def insert_rows(where: Worksheet, at: int, count: int = 1) -> None:
    """Blank rows; what is merged below goes with its cells."""
    merges = [m.bounds for m in where.merged_cells.ranges]
    unmerge(where)
    where.insert_rows(at, count)
    for left, top, right, bottom in merges:
        down = count if top >= at else 0
        where.merge_cells(start_row=top + down, start_column=left, end_row=bottom + down, end_column=right)


def every(change: Callable[[Worksheet], object], *tables: str) -> Edit:
    """The same change to the sheets of some forms, or of all."""
    return lambda book: [change(sheet(book, t)) for t in tables or report().edition.forms]


def retitled(table: str, title: str) -> Edit:
    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        cell(where, report().edition.forms[table].title).value = title

    return edit


def said(table: str, old: str, new: Any, nth: int = 0) -> Edit:
    def edit(book: Workbook) -> None:
        cell(sheet(book, table), old, nth).value = new

    return edit


def both(*edits: Edit) -> Edit:
    return lambda book: [edit(book) for edit in edits]


def texts(change: Callable[[str], str], *tables: str) -> Edit:
    """A change of every text of some forms."""

    def edit(where: Worksheet) -> None:
        for row in where.iter_rows():
            for c in row:
                if isinstance(c.value, str):
                    c.value = change(c.value)

    return every(edit, *tables)


# The drawings


def first_data(where: Worksheet) -> int:
    """The first row with a figure."""
    return next(row[0].row for row in where.iter_rows() if any(isinstance(c.value, float) for c in row))


def total_last(where: Worksheet) -> None:
    top = first_data(where)
    row = [c.value for c in where[top]]
    formats_ = [c.number_format for c in where[top]]
    foot = cell(where, next(c.value for c in where["A"] if str(c.value).startswith("注")))
    last = foot.row
    unmerge(where)
    where.insert_rows(last)
    for column, (value, shown) in enumerate(zip(row, formats_, strict=True), 1):
        where.cell(last, column, value).number_format = shown
    where.delete_rows(top)


def in_header(where: Worksheet) -> None:
    """The total stands on the row of 类 款 项, where other editions print the numbers of the columns."""
    number = cell(where, "栏次").row
    for column, word in enumerate(("类", "款", "项"), 1):
        where.cell(number, column, word)
    total = number + 1
    for column in range(4, where.max_column + 1):
        where.cell(number, column).value = where.cell(total, column).value
        where.cell(number, column).number_format = where.cell(total, column).number_format
    where.cell(number, 4, "合计")
    unmerge(where)
    where.delete_rows(total)


def upright(book: Workbook) -> None:
    """三公 as a list: items in rows, budget and final figures in columns."""
    where = sheet(book, TPE)
    rows = {r["line"]: r for r in report().records(TPE)}
    title = report().edition.forms[TPE].title
    unmerge(where)
    where.delete_rows(1, where.max_row)
    where.append([title])
    where.append(["部门：示例省示例市示例局", None, "单位：万元"])
    where.append(["项  目", "预算数", "决算数", "增减额"])
    labels = (
        ("合计", "total"), ("一、因公出国（境）费", "overseas_travel"), ("二、公务用车购置及运行维护费", "vehicles"),
        ("其中：公务用车购置费", "vehicle_purchase"), ("公务用车运行维护费", "vehicle_operation"), ("三、公务接待费", "reception"),
    )  # fmt: skip
    for label, line in labels:
        where.append([label, float(rows[line]["budget"]), float(rows[line]["final"]), 0.01])


def interleaved(book: Workbook) -> None:
    """三公 with budget and final figures side by side below each item."""
    where = sheet(book, TPE)
    top, data = 4, first_data(where)
    order = [1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12]
    values = [where.cell(data, c).value for c in order]
    unmerge(where)
    where.delete_rows(top, data - top + 1)
    where.insert_rows(top, 4)
    items = ("合计", "因公出国（境）费", "小计", "公务用车购置费", "公务用车运行费", "公务接待费")
    for n, item in enumerate(items):
        level = top + 1 if 2 <= n <= 4 else top
        where.cell(level, 1 + 2 * n, item)
        where.merge_cells(start_row=level, end_row=top + 1, start_column=1 + 2 * n, end_column=2 + 2 * n)
        where.cell(top + 2, 1 + 2 * n, "预算数")
        where.cell(top + 2, 2 + 2 * n, "决算数")
    where.cell(top, 5, "公务用车购置及运行维护费")
    where.merge_cells(start_row=top, end_row=top, start_column=5, end_column=10)
    for column, value in enumerate(values, 1):
        where.cell(top + 3, column, value).number_format = "#,##0.00"


def per_unit(total: bool) -> Edit:
    """三公 with one row a unit, below the total or without it."""

    def edit(book: Workbook) -> None:
        where = sheet(book, TPE)
        insert_columns(where, 1)
        data = first_data(where)
        where.cell(4, 1, "单位名称")
        where.cell(data, 1, "总计" if total else "示例局本级")
        for n, unit in enumerate(("甲中心", "乙中心"), 1):
            where.cell(data + n, 1, unit)
            for column in range(2, 14):
                where.cell(data + n, column, n / 100)

    return edit


def earlier_years(book: Workbook) -> None:
    """三公 with the final figures of two years."""
    where = sheet(book, TPE)
    wide = cell(where, "决算数")
    wide.value = "2022年度决算数"
    for column in range(7, 13):
        for row in range(4, where.max_row + 1):
            there = where.cell(row, column)
            if there.value is not None and not str(there.value).startswith(("注", "1")):
                copy = where.cell(row, column + 6, there.value)
                copy.number_format = there.number_format
                if isinstance(there.value, float):
                    copy.value = 999.99
    where.cell(4, 13, "2021年度决算数")
    unmerge(where)


def paged(table: str, at: int, *, titles: bool = True, elsewhere: bool = False) -> Edit:
    """A form over two printed pages: what stands above its data is repeated, on the same sheet or on the next."""

    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        data = first_data(where)
        merges = [m.bounds for m in where.merged_cells.ranges if m.max_row < data]
        head = below(where, 1)[: data - 1]
        if not titles:
            head, merges = head[3:], []
        unmerge(where)
        if elsewhere:
            rest = [[(c.value, c.number_format) for c in row] for row in where.iter_rows(min_row=data + at)]
            where.delete_rows(data + at, len(rest))
            place = book.create_sheet("续页", book.worksheets.index(where) + 1)
            start = 1
        else:
            where.insert_rows(data + at, len(head))
            place, start = where, data + at
        for n, row in enumerate(head):
            for column, value in enumerate(row, 1):
                place.cell(start + n, column, value)
        if elsewhere:
            for n, row in enumerate(rest):
                for column, (value, shown) in enumerate(row, 1):
                    place.cell(start + len(head) + n, column, value).number_format = shown
        for left, top, right, bottom in merges:
            for page, down in ((where, 0), (place, start - 1)):
                if (titles and (page, down) != (place, 0)) or elsewhere:
                    page.merge_cells(
                        start_row=top + down, start_column=left, end_row=bottom + down, end_column=right
                    )

    return edit


def side_by_side(book: Workbook) -> None:
    """Two forms on one sheet, one to the right of the other."""
    left, right = sheet(book, INC), sheet(book, EXP)
    away = left.max_column + 1
    for row in right.iter_rows():
        for c in row:
            if c.value is not None:
                left.cell(c.row, c.column + away, c.value).number_format = c.number_format
    for merged in right.merged_cells.ranges:
        left.merge_cells(
            start_row=merged.min_row, end_row=merged.max_row,
            start_column=merged.min_col + away, end_column=merged.max_col + away,
        )  # fmt: skip
    book.remove(right)


def stacked(rows: Sequence[Sequence[Any]], table: str = INC) -> Edit:
    """Rows below a form, after a blank one."""

    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        where.append([])
        for row in rows:
            where.append(list(row))

    return edit


def contents(book: Workbook) -> None:
    where = book.create_sheet("目录", 0)
    where.append(["目　　录"])
    for n, form in enumerate(report().edition.forms.values(), 1):
        where.append([n, form.title, f"公开{n:02d}表"])


def cover(book: Workbook) -> None:
    where = book.create_sheet("F1 封面代码", 0)
    where.append(["示例省示例市示例局2022年度部门决算"])
    where.append(["统一社会信用代码", "11000000000000000X"])
    where.sheet_state = "hidden"


def phantom(where: Worksheet) -> None:
    """Styled cells far beyond the data, without content."""
    for place in ("XFD1", "IV2000", "AA9999"):
        where[place].fill = PatternFill("solid", fgColor="FFFF00")


def codes_as_numbers(where: Worksheet) -> None:
    for row in where.iter_rows():
        for c in row:
            if isinstance(c.value, str) and c.value.isdecimal() and len(c.value) in {3, 5, 7}:
                c.value = float(c.value)


def figures_as_texts(shape: str) -> Callable[[Worksheet], None]:
    def edit(where: Worksheet) -> None:
        for row in where.iter_rows():
            for c in row:
                if isinstance(c.value, float):
                    c.value = shape.format(c.value)

    return edit


def without_numbers_label(where: Worksheet) -> None:
    """The 栏次 row without its word: bare numbers, which satisfy every sum."""
    for label in [c for row in where.iter_rows() for c in row if c.value == "栏次"]:
        label.value = None


def without_line_number_headers(where: Worksheet) -> None:
    for row in where.iter_rows():
        for c in row:
            if c.value == "行次":
                c.value = None


def columns_more(where: Worksheet) -> None:
    """Columns that the standard has not, one of them in the middle."""
    insert_columns(where, 5)
    where.cell(4, 5, "其中：教育收费")
    where.cell(4, where.max_column + 1, "上年决算数")
    for row in range(first_data(where), first_data(where) + 3):
        where.cell(row, 5, 7.77)
        where.cell(row, where.max_column, 8.5)


def glued(where: Worksheet) -> None:
    """Codes and names in one cell, the columns of names gone blank."""
    for row in where.iter_rows(min_row=first_data(where)):
        for c in row:
            if isinstance(c.value, str) and c.value.isdecimal() and len(c.value) in {3, 5, 7}:
                name = where.cell(c.row, c.column + 1)
                c.value, name.value = f"{c.value}{name.value}", None


def without_codes(where: Worksheet) -> None:
    unmerge(where)
    where.delete_cols(1)
    where.cell(4, 1, "科目名称")
    where.cell(first_data(where), 1, "合计")


def split_with_blank_parents(where: Worksheet) -> None:
    """类, 款 and 项 in columns of their own, each part only where it is new, without its zero."""
    data = first_data(where)
    number = data - 1
    insert_columns(where, 2, 2)
    before = ""
    for column, word in enumerate("类款项", 1):
        where.cell(number, column, word)
    for row in where.iter_rows(min_row=data):
        code = row[0].value
        if not (isinstance(code, str) and code.isdecimal()):
            continue
        row[0].value = int(code[:3]) if len(code) == 3 else None
        row[1].value = (
            int(code[3:5]) if len(code) == 5 or (len(code) == 7 and before[:5] != code[:5]) else None
        )
        row[2].value = int(code[5:7]) if len(code) == 7 else None
        before = code


def states(where: Worksheet) -> None:
    """One column of an otherwise plain form in words."""
    for row, word in zip(range(first_data(where), first_data(where) + 3), ("—", "/", "－－"), strict=True):
        where.cell(row, 5, word)


def only(*tables: str) -> Edit:
    def edit(book: Workbook) -> None:
        for table in report().edition.forms:
            if table not in tables:
                book.remove(sheet(book, table))

    return edit


def empty(table: str, statement: str | None) -> Edit:
    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        data = first_data(where)
        unmerge(where)
        where.delete_rows(data, where.max_row)
        if statement:
            where.cell(data, 1, statement)

    return edit


def status(table: str, wanted: str) -> Check:
    def holds(reading: Reading) -> None:
        assert reading.report.status(table)["status"] == wanted

    return holds


def budget(book: Workbook) -> None:
    for where in book.worksheets:
        for row in where.iter_rows():
            for c in row:
                if isinstance(c.value, str):
                    c.value = c.value.replace("决算", "预算").replace("收支总表", "收支预算总表")


def internal(book: Workbook) -> None:
    """The internal form beside the public one: three blocks of figures, of which only the last is final."""
    where = sheet(book, IES)
    insert_columns(where, 3, 2)
    where.cell(5, 3, "年初预算数")
    where.cell(5, 4, "全年预算数")
    where.cell(5, 5, "决算数")
    where.cell(6, 5, "1")
    for row in range(7, 12):
        where.cell(row, 3, 1.11)
        where.cell(row, 4, 2.22)


def residue(book: Workbook) -> None:
    where = sheet(book, INC)
    foot = next(c.row for c in where["A"] if str(c.value).startswith("注"))
    insert_rows(where, foot, 2)
    where.cell(foot, 1, "……")
    where.cell(foot + 1, 1, "XXX")
    where.cell(foot + 1, 2, "XX支出")


def foot(text: str, table: str = INC) -> Edit:
    """Other words where the edition prints its footnote."""

    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        next(c for c in where["A"] if str(c.value).startswith("注")).value = text

    return edit


def feet(book: Workbook) -> None:
    sheet(book, INC).append(["公开时间：2023年8月25日"])
    sheet(book, EXP).append(["第 3 页 共 9 页"])


def extra_state_capital(book: Workbook) -> None:
    """The narrower form of state capital before the wider one."""
    where = book.create_sheet("国资支出", 0)
    where.append(["国有资本经营预算财政拨款支出决算表"])
    where.append(["项目", None, "本年支出"])
    where.append(["功能分类科目编码", "科目名称", "合计", "基本支出", "项目支出"])
    where.append(["合计", None, 11.2, 0.0, 11.2])


def hidden_before(change: Callable[[Worksheet], object]) -> Edit:
    """An old copy of a form on a hidden sheet before it."""

    def edit(book: Workbook) -> None:
        where = sheet(book, EXP)
        old = book.copy_worksheet(where)
        old.sheet_state = "veryHidden"
        old.cell(first_data(old), 3).value = 999.99
        change(old)
        book.move_sheet(old, -len(book.worksheets))

    return edit


def of_a_unit(book: Workbook) -> None:
    """The tables of an attached unit behind the department's."""
    where = book.copy_worksheet(sheet(book, INC))
    cell(where, "部门：示例省示例市示例局").value = "部门：示例市工程中心"


def kept_texts(*texts: str) -> Check:
    def holds(reading: Reading) -> None:
        found = [row["text"] for row in reading.report.records("extras")]
        for text in texts:
            assert text in found, text

    return holds


def nothing_kept(reading: Reading) -> None:
    assert {row["sheet"] for row in reading.report.records("extras")} == {"附件"}


def group_before(words: str, table: str = GBE) -> Edit:
    """A group of columns with the same words below it as the final figures have, before these."""

    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        final = cell(where, "本年支出")
        width = 3
        insert_columns(where, final.column, width)
        where.cell(final.row, final.column - width, words)
        for n, word in enumerate(("小计", "基本支出", "项目支出")):
            where.cell(final.row + 1, final.column - width + n, word)
            where.cell(final.row + 2, final.column - width + n, None)
            for row in range(first_data(where), first_data(where) + 4):
                where.cell(row, final.column - width + n, 7.77)

    return edit


def rows_between(values: Sequence[Any], table: str = INC, at: int = 5) -> Edit:
    """A row in the middle of the data."""

    def edit(book: Workbook) -> None:
        where = sheet(book, table)
        number = first_data(where) + at
        insert_rows(where, number)
        for column, value in enumerate(values, 1):
            where.cell(number, column, value)

    return edit


def next_page_in(unit: str) -> Edit:
    def edit(book: Workbook) -> None:
        paged(INC, 12, elsewhere=True)(book)
        cell(book["续页"], "单位：万元").value = unit

    return edit


def class_without_middle(where: Worksheet) -> None:
    """类, no 款, and 项: whatever stands above must not lend a 款 of another class."""
    data = first_data(where)
    number = data - 1
    insert_columns(where, 2, 2)
    for column, word in enumerate("类款项", 1):
        where.cell(number, column, word)
    for row in where.iter_rows(min_row=data):
        code = row[0].value
        if isinstance(code, str) and code.isdecimal():
            row[0].value, row[2].value = code[:3], code[5:7] or None
            row[1].value = code[3:5] if len(code) == 5 else None


def hidden_by_a_merge(book: Workbook) -> None:
    where = sheet(book, INC)
    row = first_data(where) + 1
    where.merge_cells(start_row=row, end_row=row, start_column=3, end_column=4)
    hidden = Cell(where, row=row, column=4, value=5.55)
    where._cells[row, 4] = hidden


def raised_digit(strike: bool) -> Edit:
    def edit(book: Workbook) -> None:
        font = InlineFont(strike=True) if strike else InlineFont(vertAlign="superscript")
        there = sheet(book, INC).cell(first_data(sheet(book, INC)) + 1, 3)
        there.value = CellRichText("30.0", TextBlock(font, "1"))

    return edit


def income_kept_but(table: str, **columns: Any) -> Check:
    """No figure of a table is another than it was drawn; some are blank."""

    def holds(reading: Reading) -> None:
        before = {row[0]: row for row in report().rows(table)}
        for row in reading.report.rows(table):
            assert all(new is None or new == old for new, old in zip(row, before[row[0]], strict=True)), row

    return holds


def shown_as(code: str, table: str = INC, count: int = 1) -> Edit:
    """The first figures of a form in another number format."""

    def edit(book: Workbook) -> None:
        figures = (c for row in sheet(book, table).iter_rows() for c in row if isinstance(c.value, float))
        for c in list(figures)[:count]:
            c.number_format = code

    return edit


def captioned(text: str) -> Edit:
    """The unit of every form in other words."""
    return every(lambda where: setattr(cell(where, "单位：万元"), "value", text))


def below_the_notes(*values: Any) -> Edit:
    return lambda book: sheet(book, INC).append(list(values))


def column_again(figure: float | None) -> Edit:
    """A column that is there already, with a figure of its own in each row or with the same one."""

    def edit(book: Workbook) -> None:
        where = sheet(book, INC)
        first, last = cell(where, "事业收入"), where.max_column + 1
        where.cell(first.row, last, "事业收入")
        for row in range(first_data(where), first_data(where) + 4):
            where.cell(row, last, where.cell(row, first.column).value if figure is None else figure)

    return edit


def read_in(unit: str | None) -> Check:
    def holds(reading: Reading) -> None:
        assert reading.report.one("report")["unit"] == unit

    return holds


#: Other words for 万元, and for units that no report is in.
TEN_THOUSANDS = (
    "单位：万", "单 位：万 元", "单　位：万元", "单位：人民币万元", "货币单位：人民币（万元）", "单位：万元（人民币）", "单位：万元，人",
    "计量单位：万元", "金额：万元", "单位：万元（保留两位小数）",
)  # fmt: skip
NO_UNITS = (
    "单位：百元",
    "单位：十万元",
    "单位：百万元",
    "单位：美元",
    "单位：万圆",
    "单位：元/人",
    "单位：角",
)

CASES: dict[str, Case] = {
    # which table
    "L101 another number": Case(both(said(TPE, "公开07表", "公开09表"), said(GF, "公开08表", "表七")), holds=nothing_kept),
    "L102 titles contain each other": Case(only(EXP, GBE, GBB), otherwise=(IES, INC, FAS, TPE, GF, SC)),
    "L103 brackets": Case(retitled(INC, "《收入决算表》"), holds=nothing_kept),
    "L103 an ordinal": Case(retitled(EXP, "（二）支出决算表"), holds=nothing_kept),
    "L103 a number before it": Case(retitled(INC, "表2：收入决算表"), holds=nothing_kept),
    "L103 other quotes": Case(retitled(TPE, "财政拨款「三公」经费支出决算表"), holds=nothing_kept),
    "L103 no quotes": Case(retitled(TPE, "财政拨款三公经费支出决算表"), holds=nothing_kept),
    "L103 spaced out": Case(retitled(INC, "收 入 决 算 表"), holds=nothing_kept),
    "L103 over two lines": Case(retitled(GBB, "一般公共预算财政拨款\n基本支出决算（明细）表"), holds=nothing_kept),
    "L103 with year and unit": Case(retitled(INC, "2022年度收入决算表（万元）"), holds=nothing_kept),
    "L104 the first character is lost": Case(retitled(EXP, "出决算表"), ["READ-96"], holds=nothing_kept),
    "L105 a page of contents": Case(contents, ["READ-43"]),
    "L107 a table less": Case(lambda b: b.remove(sheet(b, SC)), otherwise=[SC], holds=status(SC, MISSING)),
    "L107 a table more on the sheet": Case(
        stacked([["财政拨款支出决算明细表"], ["科目编码", "科目名称", "工资福利支出"], ["201", "一般公共服务支出", 1.5]]),
        ["READ-41"], holds=kept_texts("财政拨款支出决算明细表", "1.5"),
    ),
    "L108 a narrower form of the same": Case(extra_state_capital, ["READ-34", "READ-41"]),
    "L110 a budget": Case(budget, ["READ-35", "READ-36", "READ-41", "READ-63", "READ-95"], otherwise=(IES, INC, EXP, FAS, GBE, GBB, TPE, GF, SC)),
    "L111 blocks of budget figures": Case(internal, ["READ-36", "READ-36", "READ-41"], holds=kept_texts("1.11", "2.22")),
    "L113 another entity above a table": Case(said(INC, "部门：示例省示例市示例局", "部门：示例市另一局"), ["READ-55"]),
    "L115 another year above a table": Case(said(INC, "2022年度", "2021年度"), ["READ-97"], holds=nothing_kept),
    "L116 empty": Case(
        empty(GF, "说明：本部门本年度没有政府性基金预算财政拨款收入和支出，故本表无数据。"), otherwise=[GF], holds=status(GF, EMPTY)
    ),
    "L116 empty in other words": Case(
        empty(SC, "注：示例局无国有资本经营预算财政拨款支出，故本表无数据。"), otherwise=[SC], holds=status(SC, EMPTY)
    ),
    "L117 三公 empty": Case(
        lambda b: (unmerge(sheet(b, TPE)), sheet(b, TPE).delete_rows(8, 9), sheet(b, TPE).append(["说明：本年度没有财政拨款“三公”经费支出，故本表无数据。"])),
        otherwise=[TPE], holds=status(TPE, EMPTY),
    ),
    "L118 withheld": Case(empty(GBB, "因涉密不宜公开"), otherwise=[GBB], holds=status(GBB, MISSING)),
    # workbook and sheet
    "L201 cells without content far away": Case(every(phantom), holds=nothing_kept),
    "L202 full-width sheet names": Case(lambda b: [setattr(s, "title", f"３．{n} ") for n, s in enumerate(b.worksheets)]),
    "L206 a hidden cover": Case(cover, ["READ-43", "READ-46"]),
    "L206 side by side": Case(side_by_side, holds=nothing_kept),
    "L206 one below the other": Case(nothing, habits=Habits(one_sheet=True), holds=nothing_kept),
    "L207 header and title on every page": Case(paged(INC, 9), holds=nothing_kept),
    "L207 header on every page": Case(paged(EXP, 7, titles=False), holds=nothing_kept),
    "L320 the rest on another sheet": Case(paged(INC, 12, elsewhere=True), holds=nothing_kept),
    "L323 the tables of a unit behind": Case(of_a_unit, ["READ-34", "READ-41"]),
    "L206 a hidden copy before it": Case(hidden_before(unmerge), ["READ-34", "READ-41", "READ-46"], holds=kept_texts("999.99")),
    "L206 a hidden copy with other columns before it": Case(
        hidden_before(columns_more), ["READ-34", "READ-41", "READ-46"], holds=kept_texts("999.99")
    ),
    "L208 codes as numbers": Case(every(codes_as_numbers, INC, EXP, GBE, GBB, GF, SC), holds=nothing_kept),
    "L208 figures as texts": Case(every(figures_as_texts("{:.2f}")), holds=nothing_kept),
    "L208 figures as texts with blanks": Case(every(figures_as_texts(" {:.2f}\u00a0"))),
    "L210 formats with other signs": Case(every(lambda s: [setattr(c, "number_format", '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ') for r in s.iter_rows() for c in r if isinstance(c.value, float)])),
    "L212 residue": Case(residue, ["READ-41", "READ-58", "READ-59"]),
    "L213 lines at the foot": Case(feet, ["READ-41", "READ-41"]),
    # header, rows, totals
    "L302 bare numbers of columns": Case(every(without_numbers_label, INC, EXP, GBE, GF, SC), holds=nothing_kept),
    "L304 行次 without a word": Case(every(without_line_number_headers, IES, FAS), holds=nothing_kept),
    "L306 the total on the last row of the header": Case(every(in_header, INC, EXP), habits=Habits(codes="split"), holds=nothing_kept),
    "L307 the total last": Case(every(total_last, INC, EXP, GBE, GF, SC), holds=nothing_kept),
    "L307 another word for the total": Case(both(said(INC, "合计", "总计"), said(EXP, "合计", "合  计"), said(GBE, "合计", "总  计")), otherwise=[INC, EXP, GBE], holds=nothing_kept),
    "L308 interleaved": Case(interleaved, otherwise=[TPE], holds=nothing_kept),
    "L308 upright": Case(upright, ["READ-36", "READ-41"], otherwise=[TPE]),
    "L308 units below the total": Case(per_unit(total=True), ["READ-36", "READ-41", "READ-98"]),
    "L308 units without a total": Case(per_unit(total=False), ["READ-36", "READ-41", "READ-99"], otherwise=[TPE]),
    "L308 a column more": Case(
        lambda b: (sheet(b, TPE).cell(4, 13, "机关运行经费决算数"), sheet(b, TPE).cell(8, 13, 99.5)), ["READ-36", "READ-41"], holds=kept_texts("99.5")
    ),
    "L308 two years": Case(earlier_years, [*["READ-36"] * 6, "READ-41"]),
    "L309 other words": Case(
        texts(lambda t: t.replace("因公出国（境）费", "因公出国(境)费用").replace("运行维护费", "运行费"), TPE), otherwise=[TPE], holds=nothing_kept
    ),
    "L310 other ordinals": Case(texts(lambda t: t.replace("二十六、", "二十四、"), IES, FAS), holds=nothing_kept),
    "L311 the comma is lost": Case(texts(lambda t: t.replace("一、", "一").replace("二、", "二."), IES, FAS), holds=nothing_kept),
    "L311 in brackets": Case(texts(lambda t: re.sub("^三、", "（三）", t).replace("四、", "四，"), IES, FAS), holds=nothing_kept),
    "L313 line ends in labels": Case(texts(lambda t: t.replace("附属单位上缴", "附属单位\n上缴").replace("科目编码", "科目\n编码").replace("本年支出合计", "本年支\n出合计")), holds=nothing_kept),
    "L314 other words for columns": Case(
        texts(lambda t: {"金额": "决算数", "小计": "合计", "功能分类科目编码": "支出功能分类科目编码", "科目名称": "功能分类科目名称", "决算数": "金额"}.get(t, t), IES, INC, EXP, GBE, GF, SC, GBB),
        holds=nothing_kept,
    ),
    "L314 the unit in the header": Case(
        both(texts(lambda t: "金额（万元）" if t == "金额" else t, IES), said(IES, "单位：万元", None)), holds=nothing_kept
    ),
    "L315 columns more": Case(every(columns_more, INC), ["READ-36", "READ-36", "READ-41"], holds=kept_texts("7.77", "8.5")),
    "L319 not in the order of codes": Case(
        every(lambda s: move_rows(s, first_data(s) + 1), INC, EXP), holds=nothing_kept
    ),
    "L322 indented names": Case(texts(lambda t: f"　　{t}" if t.endswith(("支出", "费")) else t, INC, EXP, GBE)),
    # codes and names
    "L401 codes over three columns": Case(nothing, habits=Habits(codes="wide"), holds=nothing_kept),
    "L401 codes in parts": Case(nothing, habits=Habits(codes="split"), holds=nothing_kept),
    "L402 parts only where they are new": Case(every(split_with_blank_parents, INC, EXP, GBE), holds=nothing_kept),
    "L405 code and name in one cell": Case(every(glued, INC, EXP, GBE, GBB), holds=nothing_kept),
    "L406 names without codes": Case(every(without_codes, INC), ["READ-57", "READ-88"], otherwise=()),
    # cells
    "L501 words for nothing": Case(every(states, INC), otherwise=[INC]),
    "L506 the unit in the title's cell": Case(both(said(INC, "单位：万元", None), retitled(INC, "收入决算表\n单位：万元")), holds=nothing_kept),
    "L506 captions in one cell": Case(nothing, habits=Habits(caption="joined"), holds=nothing_kept),
    "L506 two captions of one table": Case(said(INC, "2022年度", "单位：元"), ["READ-80", "READ-82"]),
    "L506 title and caption differ": Case(retitled(INC, "收入决算表（元）"), ["READ-80", "READ-82"]),
    "L506 header and caption differ": Case(texts(lambda t: "金额（元）" if t == "金额" else t, IES), ["READ-82"]),
    "L506 the unit changes on the page": Case(rows_between(["单位：元"]), ["READ-82"], holds=nothing_kept),
    "L506 the unit changes on the next page": Case(next_page_in("单位：元"), ["READ-82"]),
    "L506 one table without a unit": Case(said(INC, "单位：万元", None), ["READ-83"]),
    "L113 another entity and year on the page": Case(rows_between(["部门：示例市工程中心", "2021年度"]), ["READ-55", "READ-97"]),
    "L213 a note among the data": Case(rows_between(["说明：此处调整了口径"]), ["READ-41", "READ-85"], holds=kept_texts("说明：此处调整了口径")),
    "L213 a remark among the data": Case(rows_between(["备注：核对"], IES), ["READ-41", "READ-85"], holds=kept_texts("备注：核对")),
    "L213 the same rows again below a note": Case(
        both(foot("说明：上年"), stacked([["206", "科学技术支出", 1.5]])), ["READ-41", "READ-64"], holds=kept_texts("说明：上年", "1.5")
    ),
    "L213 another table below a note": Case(
        stacked([["说明：上年"], ["科目", "名称", "工资"], ["201", "一般公共服务支出", 1.5]]), ["READ-41", "READ-64"], holds=kept_texts("说明：上年", "1.5")
    ),
    "L213 a note among the data, and the header again": Case(
        both(paged(EXP, 7, titles=False), rows_between(["说明：承上页"], EXP, 6)), ["READ-41", "READ-85"], holds=kept_texts("说明：承上页")
    ),
    "L702 a budget before the final figures": Case(group_before("年初预算数"), ["READ-36", "READ-41"], holds=kept_texts("7.77")),
    "L704 last year before this year": Case(group_before("上年决算数"), ["READ-36", "READ-41"], holds=kept_texts("7.77")),
    "L704 only last year": Case(said(GBE, "本年支出", "上年决算数"), ["READ-35", "READ-36", "READ-41"], otherwise=[GBE], holds=income_kept_but(GBE)),
    "L702 a total that is a budget": Case(
        texts(lambda t: "总计（预算）" if t == "总计" else t, IES), ["READ-37", "READ-41"], otherwise=[IES], holds=income_kept_but(IES)
    ),
    "L402 a part left out": Case(every(class_without_middle, INC), holds=nothing_kept),
    "L203 a figure that a merge hides": Case(hidden_by_a_merge, ["READ-41", "READ-84"], otherwise=[INC], holds=income_kept_but(INC)),
    "L510 a raised mark beside a figure": Case(raised_digit(False), ["READ-01"], otherwise=[INC], holds=income_kept_but(INC)),
    "L510 a digit struck out": Case(raised_digit(True), ["READ-01"], otherwise=[INC], holds=income_kept_but(INC)),
    **{f"L506 {text}": Case(captioned(text), holds=read_in("万元")) for text in TEN_THOUSANDS},
    **{f"L506 {text}": Case(captioned(text), ["READ-38", "READ-41", "READ-62"], holds=read_in(None)) for text in NO_UNITS},
    "L506 one table in 百元": Case(said(INC, "单位：万元", "单位：百元"), ["READ-41", "READ-62"]),
    "L506 an entity that begins like a unit": Case(texts(lambda t: t.replace("部门：示例省示例市示例局", "单位：元宝山区某局")), holds=read_in("万元")),
    "L210 figures shown in 元": Case(shown_as('#,##0.00"元"'), ["READ-82"]),
    "L210 figures shown in 万元": Case(shown_as('#,##0.00"万元"', count=300)),
    "L210 the unit stands only in the format": Case(both(shown_as('0.00"（万元）"', count=300), said(INC, "单位：万元", None))),
    "L210 三公 shown in 元": Case(shown_as('0.00"元"', TPE), ["READ-82"]),
    "L210 a figure shown by none of its digits": Case(shown_as(";;;"), ["READ-52"]),
    "L210 a figure shown as a dash": Case(shown_as('"—"'), ["READ-52"]),
    "L210 a figure shown with a sign": Case(shown_as("(0.00)"), ["READ-52"]),
    "L210 a figure shown in percent": Case(shown_as('0.00"%"'), ["READ-52"]),
    "L210 negative figures in red": Case(shown_as("0.00_ ;[Red](0.00)")),
    "L307 a total below the notes": Case(below_the_notes("合计", None, 99.5), ["READ-41", "READ-64"], holds=kept_texts("99.5")),
    "L213 a row of the form below the notes": Case(below_the_notes("2010301", "行政运行", 99.5), ["READ-41", "READ-64"]),
    "L213 other figures below the notes": Case(below_the_notes("单位负责人", None, 99.5), ["READ-41"]),
    "L315 a column again": Case(column_again(None), ["READ-41", "READ-53"]),
    "L315 a column again with other figures": Case(column_again(99.5), ["READ-41", "READ-63"], holds=kept_texts("99.5")),
    "L506 a table in another unit": Case(said(INC, "单位：万元", "单位：元"), ["READ-80"]),
}  # fmt: skip


def move_rows(where: Worksheet, top: int) -> None:
    """The rows of items in the opposite order."""
    last = next(c.row for c in where["A"] if str(c.value).startswith("注")) - 1
    rows = [[(c.value, c.number_format) for c in row] for row in where.iter_rows(min_row=top, max_row=last)]
    for number, row in enumerate(reversed(rows), top):
        for column, (value, shown) in enumerate(row, 1):
            where.cell(number, column, value).number_format = shown


def read(case: Case) -> Reading:
    book = drawn(report(), case.habits)
    case.edit(book)
    form, found = formats.read_bytes(saved(book))
    assert form == "xlsx"
    return found


#: The sheet that is no form, and what is no fault: a figure as text, forms that are not just as an edition prints them.
PLAIN = {"READ-43", "READ-33", "READ-72"}


@pytest.mark.parametrize("name", CASES)
def test_a_layout_does_not_change_the_report(name: str) -> None:
    case = CASES[name]
    found = read(case)
    for table in report().spec.forms:
        if table.id not in case.otherwise:
            assert sorted(found.report.rows(table.id)) == sorted(report().rows(table.id)), table.id
            assert found.report.status(table.id)["status"] == REPORTED
    told = [f.rule for f in found.findings if f.rule not in PLAIN or f.rule in case.notices]
    assert sorted(set(told)) == sorted(set(case.notices)), [f.message() for f in found.findings]
    assert ("READ-72" in {f.rule for f in found.findings}) == (found.edition_certainty != "certain")
    assert found.unaccounted_cells == 0
    if case.holds:
        case.holds(found)


# Any way of drawing, of any report


@st.composite
def habits(draw: st.DrawFn) -> Habits:
    """Any combination of ways to draw."""
    codes = draw(st.sampled_from(["whole", "wide", "split"]))
    return Habits(
        merged=draw(st.booleans()) if codes == "whole" else True,
        texts=draw(st.booleans()),
        left=draw(st.integers(0, 3)),
        rows=draw(st.booleans()),
        columns=draw(st.sampled_from(["none", "sides", "everywhere"])),
        codes=codes,
        caption=draw(st.sampled_from(["apart", "joined"])),
        year_in_title=draw(st.booleans()),
        one_sheet=draw(st.booleans()),
    )


def is_figure(value: Any) -> bool:
    """Whether a cell holds an amount, or what stands for one."""
    return isinstance(value, float) or bool(re.fullmatch(r"-?[0-9,]+\.[0-9]+|—|未公开", str(value)))


def spaced(text: str, at: int) -> str:
    """A label set wide, or broken to fit its cell."""
    cut = at % max(len(text), 1)
    return text[:cut] + (" ", "\u3000", "\n")[at % 3] + text[cut:] if 0 < cut < len(text) else text


def perturb(book: Workbook, draw: st.DrawFn) -> None:
    """What changes nothing: the order and names of sheets, blank rows above, the spacing of titles and headers."""
    order = draw(st.permutations(range(len(book.worksheets))))
    book._sheets = [book.worksheets[n] for n in order]
    for number, where in enumerate(book.worksheets):
        where.title = f"{draw(st.sampled_from(['Sheet', '附件', '３．', '公开 ', 'Z']))}{number}"
        if where["A1"].value == "预算单位名录":
            continue
        at = draw(st.integers(0, 60))
        headed = True
        for row in where.iter_rows():
            headed = headed and not any(is_figure(c.value) for c in row)
            for c in row:
                apart = isinstance(c.value, str) and not re.search("[:：]|20|表$|^注|^说明|^[0-9]", c.value)
                if (
                    headed
                    and apart
                    and not any(c.value.endswith(end) for end in ("支出", "收入", "费", "计"))
                ):
                    c.value = spaced(c.value, at)
        if draw(st.booleans()):
            insert_rows(where, 1, draw(st.integers(1, 4)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), drawn_by=habits())
def test_no_way_of_drawing_changes_what_is_read(data: st.DataObject, drawn_by: Habits) -> None:
    before = printable(data.draw(strategies.balanced_reports(most=3)))
    book = drawn(before, drawn_by)
    perturb(book, data.draw)
    found = formats.read_bytes(saved(book))[1]
    assert found.unaccounted_cells == 0
    for table in before.spec.forms:
        assert found.report.rows(table.id) == before.rows(table.id), (
            table.id,
            [f.message() for f in found.findings],
        )


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_cell_out_of_place_is_kept_or_told_and_harms_no_other(data: st.DataObject) -> None:
    """The account of cells, audited from outside: a mark in any blank cell is found again, as a value of its own cell, under
    ``extras``, or in a finding; and no figure changes without one."""
    book = drawn(report(), PLAINLY)
    table = data.draw(st.sampled_from([f.id for f in report().spec.forms]))
    where = sheet(book, table)
    blank = [
        c
        for row in where.iter_rows(max_row=where.max_row + 2, max_col=where.max_column + 2)
        for c in row
        if c.value is None and isinstance(c, Cell)
    ]
    mark = data.draw(st.sampled_from([987654.5, "标记", "987,654.5", "合计", "2010399", "本年收入"]))
    data.draw(st.sampled_from(blank)).value = mark
    found = formats.read_bytes(saved(book))[1]
    text = "987654.5" if mark == 987654.5 else mark
    values = {
        format(v, "f") if isinstance(v, Decimal) else v
        for t in found.report.tables.values()
        for r in t
        for v in r
    }
    told = [f for f in (*found.findings, *structure.check(found.report)) if f.rule not in PLAIN]
    assert found.unaccounted_cells == 0
    of_the_form = mark in ("合计", "本年收入")  # words that it prints itself say nothing more
    assert of_the_form or {text, str(text).replace(",", "")} & (
        values | {c.value for f in told for c in f.cells}
    )
    for part in ("unit", "fiscal_year", "edition"):
        assert told or found.report.one("report")[part] == report().one("report")[part]
    changed = [t.id for t in report().spec.forms if found.report.rows(t.id) != report().rows(t.id)]
    own = [row for row in found.report.rows(table) if any(v in row for v in (Decimal("987654.5"),))]
    assert not changed or told or own, changed


def test_what_a_file_makes_long_is_not_remembered() -> None:
    """Programs print one header, one format and one name of an item in every file; nobody else's texts fill the memory."""

    def book(long: str, more: int) -> bytes:
        book = Workbook()
        sheet = book.worksheets[0]
        sheet.title = "收入决算表"
        header = ["科目编码", "科目名称", "本年收入合计", *[f"{long}{n}" for n in range(more)], *["="] * more]
        for line in (
            ["收入决算表"],
            ["金额单位：万元"],
            header,
            ["合计", None, 3],
            ["201", f"一般公共服务支出{long}", 3],
        ):
            sheet.append(line)
        sheet["C5"].number_format = f'0.00"{long}"'
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    known = (
        grid._known_format,
        recognition._known_columns,
        about._known_columns,
        rowkeys._known_name,
        plainrows._is_plain,
    )
    formats.read_bytes(book("", 0))
    before = [function.cache_info().currsize for function in known]
    formats.read_bytes(book("长" * 300, 450))
    assert [function.cache_info().currsize for function in known] == before
