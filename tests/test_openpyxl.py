"""openpyxl as the other reader and the other writer: it finds our figures where we say that they are, and what it writes,
in forms drawn by somebody else, we read.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import fatk
from fatk import formats
from fatk.grid import a1
from fatk.model import EMPTY, Report, Row, absent_fields, build, has_cell, row_name
from fatk.reading import Reading
from fatk.spec import Block, Form, Table
from fatk.values import Nothing, Value, decimals_of

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
NAMES = ("full", "minimal", "wuerhe-2022")
NOTHING = {Nothing.NOT_APPLICABLE: "—", Nothing.UNDISCLOSED: "未公开"}


@cache
def reading(name: str) -> Reading:
    return fatk.read(EXAMPLES / name / "report.xlsx")


@cache
def book(name: str) -> Workbook:
    return openpyxl.load_workbook(EXAMPLES / name / "report.xlsx")


def figures(report: Report) -> Iterator[tuple[Table, str, str, Value]]:
    """Every cell of the nine tables that is not blank: table, row, field and value."""
    for table in report.spec.forms:
        absent = absent_fields(report, table)
        for row in report.rows(table.id):
            for field in table.amounts:
                value = row[table.position[field.name]]
                if value is not None and has_cell(field, absent, row[table.key_positions[0]]):
                    yield table, row_name(table, row), field.name, value


# What we write


@pytest.mark.parametrize("name", NAMES)
def test_every_amount_stands_as_a_number_where_the_reading_says(name: str) -> None:
    places, seen = reading(name).places, 0
    for table, row, field, value in figures(reading(name).report):
        sheet, _, place = str(places(table.id, row, field)).rpartition("!")
        cell = book(name)[sheet][place]
        if isinstance(value, Nothing):
            assert cell.value == NOTHING[value], (table.id, row, field)
            continue
        assert isinstance(value, Decimal)
        assert cell.data_type == "n", (table.id, row, field, cell.value)
        decimals = decimals_of(value)
        assert round(Decimal(repr(cell.value)), decimals) == value, (table.id, row, field)
        assert cell.number_format == "#,##0" + ("." + "0" * decimals if decimals else "")
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("name", NAMES)
def test_no_two_figures_stand_in_one_place(name: str) -> None:
    places = reading(name).places
    found = [places(table.id, row, field) for table, row, field, _ in figures(reading(name).report)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", NAMES)
def test_above_each_column_stand_the_labels_of_its_header_path(name: str) -> None:
    report = reading(name).report
    for number, (table, form) in enumerate(report.edition.forms.items(), 1):
        sheet = book(name).worksheets[number]
        columns = list(form.columns)
        if any(column.line for column in columns):
            present = {row[0] for row in report.rows(table)}
            columns = [column for column in columns if column.line in present]
        words = own_words(report, form)
        headers = [tuple(words.get(word, word) for word in column.header) for column in columns]
        depth = max(map(len, headers))
        top = next(row for row in range(1, 9) if sheet.cell(row, 1).value == headers[0][0])
        anchors = [
            [anchor(sheet, top + level, at) for level in range(depth)] for at in range(1, len(columns) + 1)
        ]
        for header, found in zip(headers, anchors, strict=True):
            assert [sheet.cell(*place).value for place in dict.fromkeys(found)] == list(header), table
        for (left, before), (right, after) in pairwise(zip(headers, anchors, strict=True)):
            for level in range(depth):
                group = level + 1 < min(len(left), len(right))
                one = group and left[: level + 1] == right[: level + 1]
                assert (before[level] == after[level]) == one, (table, left, right)


def own_words(report: Report, form: Form) -> dict[str, str]:
    """By the edition's name of a line, the name that the report prints: where columns are lines, headers have it too."""
    lines = {line.line: line.name for block in form.blocks for line in block.lines}
    return {lines[row[0]]: str(row[1]) for row in report.rows(form.table) if row[0] in lines}


def anchor(sheet: Worksheet, row: int, column: int) -> tuple[int, int]:
    """The first cell of the merged range that covers a place, or the place itself."""
    for merged in sheet.merged_cells.ranges:
        if merged.min_row <= row <= merged.max_row and merged.min_col <= column <= merged.max_col:
            return merged.min_row, merged.min_col
    return row, column


@pytest.mark.parametrize("name", NAMES)
def test_a_workbook_holds_no_formula_no_link_and_no_program(name: str) -> None:
    cells = [cell for sheet in book(name).worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"n", "s"}
    assert not any(cell.hyperlink or cell.comment for cell in cells)
    assert {sheet.sheet_state for sheet in book(name).worksheets} == {"visible"}
    with zipfile.ZipFile(EXAMPLES / name / "report.xlsx") as archive:
        parts = {re.sub(r"[0-9]+", "N", part) for part in archive.namelist()}
    assert parts == {
        "[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "docProps/core.xml", "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/styles.xml", "xl/theme/themeN.xml", "xl/worksheets/sheetN.xml",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["minimal", "full", "wuerhe-2022", "crowded"])
def test_every_text_has_room_in_its_cell(name: str) -> None:
    # No program fits a row to merged cells, and LibreOffice fits none of a file that says it is Excel's, as ours do.
    if name == "crowded":
        written = openpyxl.load_workbook(io.BytesIO(formats.encoder("xlsx")(crowded(reading("full").report))))
    else:
        written = book(name)
    for sheet in written.worksheets:
        merged = {(r.min_row, r.min_col): (r.max_row, r.max_col) for r in sheet.merged_cells.ranges}
        for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
            last_row, last_column = merged.get((cell.row, cell.column), (cell.row, cell.column))
            across = sum(width_of(sheet, c) for c in range(cell.column, last_column + 1))
            down = sum(sheet.row_dimensions[r].height or 15.0 for r in range(cell.row, last_row + 1))
            across -= 4 + 9 * cell.alignment.indent
            lines = [-(-length // across) for length in map(drawn(cell), cell.value.split("\n"))]
            assert cell.alignment.wrap_text or max(lines) <= 1, (sheet.title, cell.coordinate, cell.value)
            room = down >= 400 or sum(lines) * 1.2 * cell.font.size <= down + 0.25 * cell.font.size
            assert room, (sheet.title, cell.coordinate, cell.value)


def width_of(sheet: Worksheet, column: int) -> float:
    """Pixels of a column: seven for each character of the default font, and a margin."""
    for letter, dimension in sheet.column_dimensions.items():
        if letter == get_column_letter(column) or dimension.min <= column <= dimension.max:
            return 7 * (dimension.width - 5 / 7) + 5
    return 64.0


def drawn(cell: Any) -> Callable[[str], float]:
    """Pixels that a line of text takes in a cell's font: a square for a wide character, half of one for others."""
    square = int(cell.font.size * 96 / 72)
    return lambda text: sum(square if ord(c) >= 0x1100 else square / 2 for c in text)


def crowded(report: Report) -> Report:
    """The report of an entity with a long name, with the longest names of items, and a table that is empty for a reason."""
    spec, tables = report.spec, {table: list(rows) for table, rows in report.tables.items()}
    entity = "示例省示例自治州示例市示例区退役军人事务局（本级）及所属事业单位汇总"
    tables["entity"] = [(entity, *tables["entity"][0][1:])]
    names = (
        entry.name
        for entries in spec.codes("functional").values()
        for entry in entries
        if entry.level == "项"
    )
    longest = iter(sorted(set(names), key=len, reverse=True))
    for form in ("income", "expenditure", "general_budget_expenditure"):
        tables[form] = [(r[0], next(longest) if len(str(r[0])) == 7 else r[1], *r[2:]) for r in tables[form]]
    at = spec.tables["tables"].position
    for row, state in enumerate(tables["tables"]):
        if state[0] == "state_capital":
            changed = list(state)
            changed[at["status"]] = EMPTY
            changed[at["statement"]] = (
                f"{entity}本年度没有国有资本经营预算财政拨款收入、支出和年初、年末结转和结余。" * 3
            )
            tables["tables"][row] = tuple(changed)
    tables["state_capital"] = tables["cells"] = []
    return build(spec, tables)


# What others write: the nine forms and nothing of ours, neither cover nor lists


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


def foreign(report: Report, habits: Habits) -> bytes:
    """The nine forms of a report as somebody else's workbook, among a sheet of something else, in any order."""
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
    buffer = io.BytesIO()
    made.save(buffer)
    return with_stale_dimensions(buffer.getvalue())


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


def national(report: Report) -> Report:
    """The report in the national forms, which print less of state capital."""
    tables = dict(report.tables)
    at = report.spec.tables["report"].position["edition"]
    tables["report"] = tuple((*r[:at], "national-2020", *r[at + 1 :]) for r in report.rows("report"))
    moved = build(report.spec, tables)
    for form in report.spec.forms:
        absent = {form.position[name] for name in absent_fields(moved, form)}
        tables[form.id] = tuple(
            tuple(None if i in absent else v for i, v in enumerate(r)) for r in report.rows(form.id)
        )
    return build(report.spec, tables)


@cache
def disclosed(name: str) -> Report:
    return national(reading("full").report) if name == "full in national forms" else reading(name).report


REPORTS = ("full", "full in national forms", *NAMES[1:])

each_habit = pytest.mark.parametrize("habit", HABITS)


@cache
def read_foreign(name: str, habit: str) -> Reading:
    form, found = formats.read_bytes(foreign(disclosed(name), HABITS[habit]))
    assert form == "xlsx"
    return found


@pytest.mark.parametrize("name", REPORTS)
@each_habit
def test_every_figure_of_a_foreign_workbook_is_read_right(name: str, habit: str) -> None:
    before, found = disclosed(name), read_foreign(name, habit)
    for table in before.spec.forms:
        assert found.report.rows(table.id) == before.rows(table.id), table.id
        for part in ("status", "statement"):
            assert found.report.status(table.id)[part] == before.status(table.id)[part], table.id
    # Nothing but the sheet that is no form is left over, and it is kept cell by cell.
    assert kept(found) == {(a1(r, c), str(text)) for r, row in enumerate(ALIEN) for c, text in enumerate(row)}
    assert found.unaccounted_cells == 0
    assert [f.message() for f in found.findings if f.severity == "error"] == []
    # What the captions say.
    about, was = found.report.one("report"), before.one("report")
    assert {k: about[k] for k in ("fiscal_year", "edition", "unit")} == {
        k: was[k] for k in ("fiscal_year", "edition", "unit")
    }
    assert found.report.one("entity")["name"] == before.one("entity")["name"]
    assert found.edition_certainty == "certain"


def kept(found: Reading) -> set[tuple[Value, Value]]:
    assert {row["sheet"] for row in found.report.records("extras")} == {"附件"}
    return {(row["cell"], row["text"]) for row in found.report.records("extras")}
