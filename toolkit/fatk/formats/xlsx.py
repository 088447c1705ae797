"""The report as a workbook: the printed official forms, a cover, and lists of all else, so that it alone holds the report.

Written with XlsxWriter, in memory and with a fixed date, so that one report is always the same bytes. Every cell is
written by its kind: text is never taken for a formula, a link or a number.
"""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fatk import layout, ooxml, transcription
from fatk.errors import WouldLose
from fatk.grid import a1
from fatk.limits import Limits
from fatk.model import Report, row_name, unprinted_cells
from fatk.reading import Reading
from fatk.spec import Spec
from fatk.values import Nothing, Value, decimals_of, show

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  a fixed date without a zone, as the file format has it
_CELL_TEXT = 32_767
_FONT = "宋体"
_BORDERED = {"border": 1, "border_color": "#7F7F7F", "valign": "vcenter", "font_name": _FONT, "font_size": 10}
_PLAIN = {"valign": "vcenter", "font_name": _FONT, "font_size": 10}
#: How each role of a placed cell looks.
_LOOKS: dict[str, dict[str, Any]] = {
    "cover": {"font_name": _FONT, "font_size": 22, "bold": True, "align": "left", "valign": "vcenter"},
    "title": {"font_name": _FONT, "font_size": 16, "bold": True, "align": "center", "valign": "vcenter"},
    "list_title": {"font_name": _FONT, "font_size": 13, "bold": True, "align": "left", "valign": "vcenter"},
    "number": {**_PLAIN, "align": "right"},
    "unit": {**_PLAIN, "align": "right"},
    "entity": {**_PLAIN, "align": "left", "text_wrap": True},
    "footnote": {**_PLAIN, "align": "left", "text_wrap": True, "valign": "top"},
    "header": {**_BORDERED, "bold": True, "align": "center", "text_wrap": True, "bg_color": "#E8EEF4"},
    "column_number": {**_BORDERED, "align": "center", "font_color": "#595959"},
    "line_number": {**_BORDERED, "align": "center", "font_color": "#595959"},
    "label": {**_BORDERED, "align": "left", "text_wrap": True},
    "total_label": {**_BORDERED, "align": "center", "bold": True},
    "code": {**_BORDERED, "align": "left"},
    "name": {**_BORDERED, "align": "left", "text_wrap": True},
    "amount": {**_BORDERED, "align": "right"},
    "figure": {**_BORDERED, "align": "right"},
    "text": {**_BORDERED, "align": "left", "text_wrap": True},
    "unit_cell": {**_BORDERED, "align": "center", "font_color": "#595959"},
}


def read(data: bytes, spec: Spec, limits: Limits, name: str = "") -> Reading:
    """The report of a workbook's bytes; refused where it is no workbook or is not safe to read."""
    return transcription.transcribe(ooxml.read_book(data, limits), spec, name)


def write(report: Report) -> bytes:
    """The workbook of a report; ``WouldLose`` where a text is longer than a cell of Excel holds, or where a figure has no
    place in the edition's printed form."""
    from xlsxwriter.workbook import Workbook

    for table in report.spec.forms:
        for row, field in unprinted_cells(report, table):
            raise WouldLose(
                "CELL_NOT_PRINTED",
                title=table.title,
                row=row_name(table, row),
                field=field.title,
                edition=report.edition.id,
            )

    buffer = io.BytesIO()
    book = Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_format_properties": {"font_name": _FONT, "font_size": 10},
        },
    )
    about = report.one("report")
    book.set_properties({"created": _CREATED, "title": str(about.get("title") or layout.cover_title(report))})
    looks = _Looks(book)
    for page in layout.pages(report):
        _draw(book.add_worksheet(page.name), page, looks)
    book.close()
    return buffer.getvalue()


class _Looks:
    """Formats of the workbook, made once each."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.made: dict[tuple[str, int, int], Format] = {}

    def get(self, role: str, decimals: int = -1, indent: int = 0) -> Format:
        """The format of a role; figures also by their decimals, labels by their indent."""
        key = (role, decimals, indent)
        if key not in self.made:
            look = dict(_LOOKS[role])
            if decimals >= 0:
                grouped = "#,##0" if role == "amount" else "0"
                look["num_format"] = grouped + ("." + "0" * decimals if decimals else "")
            if indent or (look.get("border") and look["align"] != "center"):
                look["indent"] = indent + 1  # a blank between the text and the line of its cell
            self.made[key] = self.book.add_format(look)
        return self.made[key]


def _draw(sheet: Worksheet, page: layout.Page, looks: _Looks) -> None:
    for column, width in enumerate(page.widths):
        sheet.set_column(column, column, width)
    for row, height in page.heights:
        sheet.set_row(row, height)
    for cell in page.cells:
        look = looks.get(cell.role, _decimals(cell.value), cell.indent)
        if cell.rows > 1 or cell.columns > 1:
            sheet.merge_range(
                cell.row, cell.column, cell.row + cell.rows - 1, cell.column + cell.columns - 1, "", look
            )
        _write(sheet, page.name, cell, look)
    sheet.set_paper(9)  # A4
    if page.landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 1 if page.one_sheet else 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    sheet.center_horizontally()
    sheet.set_footer("&C&P / &N")
    if page.header:
        first, after = page.header
        sheet.repeat_rows(first, max(after - 1, first))
        sheet.freeze_panes(after, 0)


def _decimals(value: Value) -> int:
    if isinstance(value, Decimal):
        return decimals_of(value)
    return 0 if isinstance(value, int) and not isinstance(value, bool) else -1


def _write(sheet: Worksheet, name: str, cell: layout.Placed, look: Format) -> None:
    value = cell.value
    if value is None:
        sheet.write_blank(cell.row, cell.column, None, look)
    elif isinstance(value, Nothing):
        sheet.write_string(cell.row, cell.column, layout.PRINTED_NOTHING[value], look)
    elif isinstance(value, (Decimal, int)):
        # Of every figure of fifteen digits a binary float keeps all, and so do Excel and LibreOffice when they save; a
        # longer one stays text.
        if Decimal(f"{float(value):.15G}") == value:
            sheet.write_number(cell.row, cell.column, float(value), look)
        else:
            sheet.write_string(cell.row, cell.column, show(value), look)
    else:
        if len(value) > _CELL_TEXT:
            raise WouldLose(
                "CELL_TEXT_TOO_LONG",
                place=f"{name}!{a1(cell.row, cell.column)}",
                length=len(value),
                limit=_CELL_TEXT,
            )
        sheet.write_string(cell.row, cell.column, value, look)
