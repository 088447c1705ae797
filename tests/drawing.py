"""The nine forms as somebody else draws them, with openpyxl: all that a reader must not depend on, in any combination."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from fatk.model import Report, Row, build
from fatk.spec import Block, Form, Table
from fatk.values import Nothing, Value, decimals_of

NOTHING = {Nothing.NOT_APPLICABLE: "—", Nothing.UNDISCLOSED: "未公开"}


def own_words(report: Report, form: Form) -> dict[str, str]:
    """By the edition's name of a line, the name that the report prints: where columns are lines, headers have it too."""
    lines = {line.line: line.name for block in form.blocks for line in block.lines}
    return {lines[row[0]]: str(row[1]) for row in report.rows(form.table) if row[0] in lines}


@dataclass(frozen=True)
class Habits:
    """How somebody draws forms: all that a reader must not depend on."""

    merged: bool = (
        True  # a group's label is merged over its columns, else it stands in the first of them only
    )
    texts: bool = False  # figures are texts with thousands separators
    left: int = 0  # blank columns at the left
    rows: bool = False  # blank rows above, below and between
    columns: str = "none"  # where blank columns are: none, between the sides, or everywhere
    codes: str = "whole"  # codes of functional items: whole, over three columns, or split into 类, 款 and 项
    caption: str = "apart"  # entity, year and unit: each in a cell, or joined in one
    year_in_title: bool = False
    one_sheet: bool = False  # all forms below each other


HABITS = {
    "as printed": Habits(),
    "as printed, joined captions": Habits(caption="joined"),
    "merges lost": Habits(merged=False),
    "blank rows and columns": Habits(left=2, rows=True, columns="sides"),
    "merges lost, blank rows and columns": Habits(merged=False, left=1, rows=True, columns="sides"),
    "blank columns everywhere": Habits(left=1, columns="everywhere"),
    "merges lost, blank columns everywhere": Habits(merged=False, columns="everywhere"),
    "merges lost, figures as texts": Habits(merged=False, texts=True, left=3, year_in_title=True),
    "codes over three columns": Habits(codes="wide", year_in_title=True),
    "codes split": Habits(codes="split"),
    "all on one sheet": Habits(left=1, rows=True, columns="sides", one_sheet=True),
}
#: A sheet that is no form, as the first rows and the cells that must be kept.
ALIEN = (
    ("预算单位名录",),
    ("序号", "单位名称", "备注"),
    (1, "示例市工程中心", "二级预算单位"),
    (2, "示例市服务站", 12.5),
)


class Drawing:
    """A sheet that somebody fills from the top."""

    def __init__(self, sheet: Worksheet, habits: Habits) -> None:
        self.sheet, self.habits, self.row = sheet, habits, 1

    def put(self, row: int, column: int, value: Value, rows: int = 1, columns: int = 1) -> None:
        """A value in a cell, or in the first of some that are merged."""
        cell = self.sheet.cell(row, column)
        if isinstance(value, Nothing):
            cell.value = NOTHING[value]
        elif isinstance(value, Decimal) and self.habits.texts:
            cell.value = f"{value:,}"
        elif isinstance(value, Decimal):
            cell.value, cell.number_format = float(value), "#,##0." + "0" * decimals_of(value)
        else:
            cell.value = value
        if self.habits.merged and (rows > 1 or columns > 1):
            self.sheet.merge_cells(
                start_row=row, start_column=column, end_row=row + rows - 1, end_column=column + columns - 1
            )

    def skip(self) -> None:
        self.row += self.habits.rows

    def form(self, report: Report, table: Table, form: Form) -> None:
        """One form: its title, what stands around it, header, rows and notes."""
        at = self.places(form)
        first, last = at[0][0][0], at[-1][-1][-1]
        year = f"{report.fiscal_year}年度"
        self.skip()
        self.put(
            self.row,
            first,
            year + form.title if self.habits.year_in_title else form.title,
            columns=last - first + 1,
        )
        self.put(self.row + 1, last, form.number)
        self.row += 2
        self.skip()
        entity, unit = f"部门：{report.one('entity')['name']}", f"单位：{report.unit}"
        if self.habits.caption == "joined":
            self.put(self.row, first, f"{entity}　　　{year}　　　{unit}", columns=last - first + 1)
        else:
            self.put(self.row, first, entity)
            if not self.habits.year_in_title:
                self.put(self.row, (first + last) // 2, year)
            self.put(self.row, last, unit)
        self.row += 1
        self.header(form, at, own_words(report, form), report.edition.column_number_label)
        self.skip()
        self.body(report, table, form, at)
        self.skip()
        for note in (*form.footnotes, report.status(table.id)["statement"]):
            if note:
                self.put(self.row, first, note)
                self.row += 1

    def places(self, form: Form) -> list[list[list[int]]]:
        """By block and column of a form, the columns of the sheet: one, or three of a code drawn so."""
        found, at = [], 1 + self.habits.left
        for block in form.blocks:
            found.append([])
            for column in block.columns:
                wide = column.role == "code" and column.field == "code" and self.habits.codes != "whole"
                found[-1].append([at + n for n in range(3 if wide else 1)])
                at += len(found[-1][-1]) + (self.habits.columns == "everywhere")
            at += self.habits.columns == "sides"
        return found

    def header(self, form: Form, at: list[list[list[int]]], words: dict[str, str], label: str | None) -> None:
        columns = [column for block in form.blocks for column in block.columns]
        depth = max(len(column.header) for column in columns)
        for block, places in zip(form.blocks, at, strict=True):
            paths = [tuple(words.get(word, word) for word in column.header) for column in block.columns]
            self.labels(paths, places, 0, depth)
        self.row += depth
        if not any(column.number for column in columns):
            return
        for block, places in zip(form.blocks, at, strict=True):
            for n, (column, place) in enumerate(zip(block.columns, places, strict=True)):
                if len(place) == 3:
                    for part, there in zip("类款项", place, strict=True):
                        self.put(self.row, there, part)
                elif column.number or (column.role in ("label", "name") and n < 2):
                    self.put(self.row, place[0], column.number or label)
        self.row += 1

    def labels(
        self, paths: Sequence[tuple[str, ...]], places: Sequence[list[int]], level: int, depth: int
    ) -> None:
        """The labels of columns side by side, from one level of their header paths on; a group's label once."""
        n = 0
        while n < len(paths):
            leaf = len(paths[n]) == level + 1
            end = n + 1
            while not leaf and end < len(paths) and paths[end][: level + 1] == paths[n][: level + 1]:
                end += 1
            width = places[end - 1][-1] - places[n][0] + 1
            self.put(
                self.row + level,
                places[n][0],
                paths[n][level],
                rows=depth - level if leaf else 1,
                columns=width,
            )
            if not leaf:
                self.labels(paths[n:end], places[n:end], level + 1, depth)
            n = end

    def body(self, report: Report, table: Table, form: Form, at: list[list[list[int]]]) -> None:
        rows = {row[0]: row for row in report.rows(table.id)}
        if any(column.line for column in form.columns):
            for column, place in zip(form.columns, (place for places in at for place in places), strict=True):
                if column.line in rows:
                    self.put(self.row, place[0], rows[column.line][table.position[str(column.field)]])
            self.row += 1
            return
        lanes = [lane(block, rows) for block in form.blocks]
        drawn = [line.key for lane in lanes for line in lane if line.key]
        assert sorted(drawn) == sorted(rows)
        height = max(len(lane) for lane in lanes)
        for block, places, lines in zip(form.blocks, at, lanes, strict=True):
            for number, line in enumerate(lines):
                down = height - len(lines) if line.foot else 0
                below = self.habits.rows and number + down > height // 2
                self.line(table, block, places, line, rows.get(line.key), self.row + number + down + below)
        self.row += height + self.habits.rows

    def line(
        self, table: Table, block: Block, at: list[list[int]], line: Line, row: Row | None, number: int
    ) -> None:
        for column, place in zip(block.columns, at, strict=True):
            if column.role == "line_number":
                self.put(number, place[0], line.number)
            elif row is None:
                continue
            elif column.role == "label" or (column.role == "code" and not line.coded):
                self.put(number, place[0], line.label, columns=len(place))
            elif column.role == "code" and self.habits.codes == "split" and len(place) == 3:
                for part, there in zip((line.key[:3], line.key[3:5], line.key[5:]), place, strict=True):
                    self.put(number, there, part or None)
            elif column.role == "code":
                self.put(number, place[0], line.key, columns=len(place))
            elif column.role == "name":
                self.put(number, place[0], row[1] if line.coded else None)
            else:
                self.put(number, place[0], row[table.position[str(column.field)]])


@dataclass(frozen=True)
class Line:
    """One printed row of a block: its label, its 行次, the key of its row in the report."""

    label: str
    number: str | None
    key: str
    foot: bool = False

    @property
    def coded(self) -> bool:
        return self.key[:1].isdigit()


def lane(block: Block, rows: dict[Any, Row]) -> list[Line]:
    """What a block prints: every row of the report, or its fixed lines, with 行次 those too that the report lacks."""
    if block.open:
        return [Line(str(row[1]), None, key) for key, row in rows.items()]
    numbered = any(column.role == "line_number" for column in block.columns)
    return [
        Line(
            line.label if line.line in rows else "",
            line.line_number or None,
            line.line if line.line in rows else "",
            line.kind == "total",
        )
        for line in block.lines
        if numbered or line.line in rows
    ]


def printable(report: Report) -> Report:
    """A report with the lines that its edition's forms fix, by their names there: whoever draws them prints no others."""
    rows = dict(report.tables)
    for table, form in report.edition.forms.items():
        if not any(block.open for block in form.blocks):
            fixed = {line.line: line.name for block in form.blocks for line in block.lines}
            rows[table] = tuple((r[0], fixed[r[0]], *r[2:]) for r in report.rows(table) if r[0] in fixed)
    return build(report.spec, rows)


def foreign(report: Report, habits: Habits) -> bytes:
    """The nine forms of a report as somebody else's workbook, in a file that states other extents than it has."""
    return with_stale_dimensions(saved(drawn(report, habits)))


def saved(book: Workbook) -> bytes:
    """The file of a workbook."""
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def drawn(report: Report, habits: Habits) -> Workbook:
    """The nine forms of a report, each on a sheet or all on one, among a sheet of something else, in any order."""
    made = Workbook()
    made.remove(made.worksheets[0])
    drawing: Drawing | None = None
    for number, (table, form) in enumerate(report.edition.forms.items()):
        if drawing is None or not habits.one_sheet:
            drawing = Drawing(made.create_sheet(f"Sheet{9 - number} "), habits)
        drawing.form(report, report.spec.tables[table], form)
        drawing.row += 1
    alien = made.create_sheet("附件")
    for row in ALIEN:
        alien.append(row)
    order = list(range(len(made.worksheets)))
    random.Random(7).shuffle(order)
    made._sheets = [made.worksheets[n] for n in order]
    return made


def with_stale_dimensions(workbook: bytes) -> bytes:
    """The workbook with sheets that say they end at B2, as programs leave them behind."""
    buffer, changed = io.BytesIO(), 0
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as before,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            data = before.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data, count = re.subn(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', data)
                changed += count
            after.writestr(name, data)
    assert changed >= 2
    return buffer.getvalue()
