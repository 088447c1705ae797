"""The report as a workbook: the printed official forms, a cover, and lists of all else, so that it alone holds the report.

Written with XlsxWriter, in memory and with a fixed date, so that one report is always the same bytes. Every cell is
written by its kind: text is never taken for a formula, a link or a number.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fatk import layout, ooxml, transcription
from fatk.errors import WouldLose
from fatk.grid import a1
from fatk.limits import Limits
from fatk.model import Report, printed_row, unprinted_cells
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
    "key": {**_BORDERED, "align": "left", "bold": True},
    "mark": {**_BORDERED, "align": "center", "bold": True},
    "link": {**_BORDERED, "align": "left", "font_color": "#0563C1", "underline": 1},
    "section": {**_BORDERED, "align": "left", "bold": True, "bg_color": "#E8EEF4"},
    "remark": {**_PLAIN, "align": "left", "text_wrap": True},
    "summary": {**_PLAIN, "align": "left", "bold": True, "font_size": 11},
}
_TYPED, _COMPUTED, _BROKEN = "#FFFBE6", "#EAF0F8", "#FFC7CE"
#: How cells of a workbook to be filled in differ: what is typed, what is computed, what is computed and may be typed over.
_TINTS: dict[str, dict[str, Any]] = {
    "input": {"bg_color": _TYPED, "locked": False},
    "computed": {"bg_color": _COMPUTED},
    "suggested": {"bg_color": _TYPED, "locked": False},
}
_LOOKS |= {
    "typed": {**_BORDERED, "align": "center", "bg_color": _TYPED},
    "computed": {**_BORDERED, "align": "center", "bg_color": _COMPUTED},
    "broken": {**_BORDERED, "align": "center", "bg_color": _BROKEN},
}
#: How a highlighted cell looks, by what it says.
_HIGHLIGHTS = {
    "bad": {"bg_color": _BROKEN, "font_color": "#9C0006"},
    "near": {"bg_color": "#FFEB9C", "font_color": "#7F6000"},
    "good": {"bg_color": "#E2EFDA", "font_color": "#375623"},
    "blank": {"font_color": "#808080"},
}

At = tuple[int, int]
Area = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Formula:
    """What a cell computes, without the leading ``=``, and what it gives until it is recalculated."""

    text: str
    value: str | int | Decimal = ""


class _Nothing(str):
    """An empty text that a formula gives: XlsxWriter takes ``""`` for a result that is not known, and would not say that
    it is a text."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Validation:
    """What may be typed into the cells of an area: one of a list (words, or the formula of a range), or what a formula
    accepts. What else is typed is refused or, where not ``strict``, asked about; ``message`` says why."""

    area: Area
    message: str
    words: tuple[str, ...] = ()
    range: str = ""
    accepts: str = ""
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Highlight:
    """Which cells of an area stand out (``bad`` ``near`` ``good`` ``blank``): those for which a formula holds."""

    area: Area
    formula: str
    look: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, and what makes it a sheet to be filled in: cells to type in, formulas, remarks, what may be typed, what stands
    out. Such a sheet is protected without a password, but for its ``inputs``.

    ``decimals`` are those of amounts that are still blank. ``anchor`` is the first cell that does not scroll with the rest.
    """

    page: layout.Page
    inputs: frozenset[At] = frozenset()
    formulas: Mapping[At, Formula] = member(default_factory=dict)
    notes: Mapping[At, str] = member(default_factory=dict)
    validations: tuple[Validation, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    codes: tuple[Area, ...] = ()
    filter: Area | None = None
    anchor: At | None = None
    decimals: int = -1
    protected: bool = False
    hidden: bool = False


def read(data: bytes, spec: Spec, limits: Limits, name: str = "") -> Reading:
    """The report of a workbook's bytes; refused where it is no workbook or is not safe to read."""
    return transcription.transcribe(ooxml.read_book(data, limits), spec, name)


def write(report: Report) -> bytes:
    """The workbook of a report; ``WouldLose`` where a text is longer than a cell of Excel holds, or where a figure has no
    place in the edition's printed form."""
    for table in report.spec.forms:
        for row, field in unprinted_cells(report, table):
            raise WouldLose(
                "CELL_NOT_PRINTED",
                title=table.title,
                row=printed_row(table, row),
                field=field.title,
                edition=report.edition.id,
            )

    about = report.one("report")
    title = str(about.get("title") or layout.cover_title(report))
    return write_sheets((Sheet(page) for page in layout.pages(report)), title)


def write_sheets(sheets: Iterable[Sheet], title: str, names: Mapping[str, str] | None = None) -> bytes:
    """A workbook of sheets; ``names`` are names of ranges. The same sheets are always the same bytes."""
    from xlsxwriter.workbook import Workbook

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
    book.set_properties({"created": _CREATED, "title": title})
    for name, place in (names or {}).items():
        book.define_name(name, f"={place}")
    looks = _Looks(book)
    for sheet in sheets:
        drawn = book.add_worksheet(sheet.page.name)
        _draw(drawn, sheet, looks)
        _furnish(drawn, sheet, looks)
    book.close()
    return buffer.getvalue()


class _Looks:
    """Formats of the workbook, made once each."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.made: dict[tuple[str, int, int, str], Format] = {}
        self.stand_out: dict[str, Format] = {}

    def get(self, role: str, decimals: int = -1, indent: int = 0, tint: str = "") -> Format:
        """The format of a role; figures also by their decimals, labels by their indent, all by what they are to fill in."""
        key = (role, decimals, indent, tint)
        if key not in self.made:
            look = {**_LOOKS[role], **_TINTS.get(tint, {})}
            if decimals >= 0:
                grouped = "#,##0" if role == "amount" else "0"
                look["num_format"] = grouped + ("." + "0" * decimals if decimals else "")
            elif tint == "input":
                look["num_format"] = "@"  # a code that is typed stays text
            if indent or (look.get("border") and look["align"] != "center"):
                look["indent"] = indent + 1  # a blank between the text and the line of its cell
            self.made[key] = self.book.add_format(look)
        return self.made[key]

    def highlight(self, look: str) -> Format:
        """The format of what stands out."""
        if look not in self.stand_out:
            self.stand_out[look] = self.book.add_format(_HIGHLIGHTS[look])
        return self.stand_out[look]


def _draw(sheet: Worksheet, drawing: Sheet, looks: _Looks) -> None:
    page = drawing.page
    for column, width in enumerate(page.widths):
        sheet.set_column(column, column, width)
    for row, height in page.heights:
        sheet.set_row(row, height)
    for cell in page.cells:
        at = (cell.row, cell.column)
        formula = drawing.formulas.get(at)
        look = _look(cell, drawing, formula, looks)
        if cell.rows > 1 or cell.columns > 1:
            sheet.merge_range(
                cell.row, cell.column, cell.row + cell.rows - 1, cell.column + cell.columns - 1, "", look
            )
        if formula is None:
            _write(sheet, page.name, cell, look)
        else:
            sheet.write_formula(cell.row, cell.column, f"={formula.text}", look, _given(formula.value))
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


def _look(cell: layout.Placed, drawing: Sheet, formula: Formula | None, looks: _Looks) -> Format:
    """The format of a cell; of one that is blank yet by the kind of what is to be typed."""
    decimals = _decimals(cell.value)
    if cell.value is None and cell.role == "amount":
        decimals = drawing.decimals
    elif cell.value is None and cell.role == "figure" and drawing.protected:
        decimals = 0
    typed = (cell.row, cell.column) in drawing.inputs
    tint = ("suggested" if typed else "computed") if formula and cell.shows else "input" if typed else ""
    return looks.get(cell.role, decimals, cell.indent, tint)


def _given(value: str | int | Decimal) -> str | int | float:
    """The value of a formula as XlsxWriter takes it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _Nothing() if value == "" else value


def _furnish(sheet: Worksheet, drawing: Sheet, looks: _Looks) -> None:
    """What makes a page a sheet to be filled in."""
    for (row, column), note in drawing.notes.items():
        lines = sum(-(-2 * len(line) // 40) or 1 for line in note.split("\n"))
        size = {"x_scale": 2.4, "y_scale": max(lines * 0.22, 0.5), "font_size": 9, "author": "fatk"}
        sheet.write_comment(row, column, note, size)
    for one in drawing.validations:
        options: dict[str, Any] = {
            "error_type": "stop" if one.strict else "warning",
            "error_message": one.message[:255],
        }
        if one.accepts:
            options |= {"validate": "custom", "value": f"={one.accepts}"}
        else:
            options |= {"validate": "list", "source": list(one.words) or f"={one.range}"}
        sheet.data_validation(*one.area, options)
    for shown in drawing.highlights:
        condition = {
            "type": "formula",
            "criteria": f"={shown.formula}",
            "format": looks.highlight(shown.look),
        }
        sheet.conditional_format(*shown.area, condition)
    if drawing.codes:
        places = " ".join(f"{a1(r1, c1)}:{a1(r2, c2)}" for r1, c1, r2, c2 in drawing.codes)
        sheet.ignore_errors({"number_stored_as_text": places})
    if drawing.filter:
        sheet.autofilter(*drawing.filter)
    if drawing.anchor:
        sheet.freeze_panes(*drawing.anchor)
    if drawing.protected:
        allowed = ("format_columns", "format_rows", "autofilter", "sort")
        sheet.protect("", dict.fromkeys(allowed, True))
    if drawing.hidden:
        sheet.hide()


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
