"""openpyxl as the other reader and the other writer: it finds our figures where we say that they are, and what it writes,
in forms drawn by somebody else, we read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
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
from drawing import ALIEN, HABITS, NOTHING, foreign, own_words
from fatk import formats
from fatk.grid import a1
from fatk.model import EMPTY, Report, absent_fields, build, has_cell, row_name
from fatk.reading import Reading
from fatk.spec import Table
from fatk.values import Nothing, Value, decimals_of

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
NAMES = ("full", "minimal", "wuerhe-2022")


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
