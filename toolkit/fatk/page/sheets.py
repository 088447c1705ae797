"""The nine tables as their official forms, each cell numbered, so that whatever tells of a cell can point at it.

What a form looks like is laid out by ``fatk.layout``, as for the workbook. The cells of all forms of a report are numbered
through, row by row: a form of ``width`` columns whose first is ``first`` has the cell of row ``r`` and column ``c`` at
``first + r * width + c``. Of a long form the first ``SHOWN`` rows are markup and the others data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import Any

from fatk.findings import Places
from fatk.layout import PRINTED_NOTHING, Placed, form_page, plain_form
from fatk.model import EMPTY, MISSING, Report
from fatk.page.elements import Markup, el, joined, text
from fatk.page.words import word
from fatk.rules.context import Ref
from fatk.spec import Table
from fatk.values import Nothing, Value, show, visible

#: Rows of a form that are markup; the script shows those beyond as one comes to them.
SHOWN = 400
#: Longest text of a cell of a form.
_CELL = 300
_HEAD = frozenset({"title", "number", "entity", "unit", "header", "column_number", "footnote"})
_LABELS = frozenset({"label", "total_label", "name", "code"})
_A1 = re.compile(r"(.*!)([A-Z]{1,3})([1-9][0-9]{0,6})", re.DOTALL)
#: Forms wider than this are printed across.
_WIDE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A form as it is printed: its parts above and below, and the rows of its body, each cell by its column."""

    table: Table
    title: str
    first: int
    width: int
    placed: tuple[Placed, ...]
    rows: tuple[Mapping[int, Placed], ...]
    columns: tuple[str, ...]
    lanes: tuple[int, ...]
    status: str
    reason: str

    @property
    def end(self) -> int:
        """The number behind its last cell."""
        return self.first + len(self.rows) * self.width

    def part(self, role: str) -> Iterator[Placed]:
        """What stands above or below the body in one role."""
        return (placed for placed in self.placed if placed.role == role)


@dataclass(frozen=True, slots=True, eq=False)
class Sheets:
    """The forms of a report, and the numbers of its cells; rows of one name stand in their order."""

    forms: tuple[Sheet, ...]
    numbers: Mapping[Ref, Sequence[int]]

    def number(self, table: str | None, row: str | None, name: str | None, again: int = 0) -> int | None:
        """The number of a cell of the report; ``None`` where no form prints it."""
        found = self.numbers.get(Ref(table or "", row or "", name or ""), ())
        return found[again] if again < len(found) else None

    def sheet(self, number: int) -> Sheet:
        """The form that a cell is of."""
        return next(sheet for sheet in self.forms if sheet.first <= number < sheet.end)


def sheets_of(report: Report) -> Sheets:
    """The nine tables in the order of the report's edition; one that it does not print only where the report has it."""
    order = [*report.edition.forms, *(t.id for t in report.spec.forms if t.id not in report.edition.forms)]
    forms: list[Sheet] = []
    numbers: dict[Ref, list[int]] = {}
    first = 0
    for table_id in order:
        table = report.spec.tables[table_id]
        if report.form(table_id) is None and not report.rows(table_id):
            continue
        sheet = _sheet(report, table, first)
        first = sheet.end
        forms.append(sheet)
        for r, row in enumerate(sheet.rows):
            for c, placed in row.items():
                if placed.shows is not None:
                    numbers.setdefault(Ref(*placed.shows), []).append(sheet.first + r * sheet.width + c)
    return Sheets(tuple(forms), numbers)


def _sheet(report: Report, table: Table, first: int) -> Sheet:
    listed = report.status(table.id)
    page = form_page(report, table, report.form(table.id) or plain_form(table))
    head = tuple(p for p in page.cells if p.role in _HEAD)
    body: dict[int, dict[int, Placed]] = {}
    for placed in page.cells:
        if placed.role not in _HEAD:
            body.setdefault(placed.row, {})[placed.column] = placed
    width = len(page.widths)
    columns, lanes = [""] * width, [0] * width
    for placed in sorted((p for p in head if p.role == "header"), key=lambda p: p.row):
        for c in range(placed.column, placed.column + placed.columns):
            said = visible(str(placed.value))
            columns[c] = f"{columns[c]}·{said}" if columns[c] else said
    none = listed["status"] == MISSING and not report.rows(table.id)
    rows = () if none else tuple(body[r] for r in sorted(body))
    lane = 0
    for c in range(1, width):
        begins = any(row[c].role in _LABELS for row in rows[:1] if c in row) and not any(
            row[c - 1].role in _LABELS for row in rows[:1] if c - 1 in row
        )
        lane = c if begins else lane
        lanes[c] = lane
    title = next((str(p.value) for p in head if p.role == "title"), table.title)
    reason = listed.get("reason")
    return Sheet(
        table, title, first, width, head, rows, tuple(columns), tuple(lanes), str(listed["status"]),
        reason if isinstance(reason, str) else "",
    )  # fmt: skip


def printed(value: Value) -> str:
    """A value as the form prints it: amounts with separators of thousands."""
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, Nothing):
        return PRINTED_NOTHING[value]
    return visible(show(value), _CELL)


# As markup


@dataclass(slots=True)
class Marks:
    """What is to be seen at cells: by number the classes and the short links that follow the figure."""

    classes: dict[int, list[str]] = field(default_factory=dict)
    links: dict[int, list[Markup]] = field(default_factory=dict)

    def add(self, number: int, name: str, link: Markup | None = None) -> None:
        """Mark a cell."""
        if name not in self.classes.setdefault(number, []):
            self.classes[number].append(name)
        if link is not None:
            self.links.setdefault(number, []).append(link)


def drawn(sheet: Sheet, prefix: str, marks: Marks, below: Markup) -> Markup:
    """A form as markup; ``prefix`` stands before the numbers of its cells, ``below`` is told under it."""
    label = f"{prefix}{sheet.table.id}"
    head = [el("h3", text(sheet.title), id=label, lang="zh")]
    lines = [
        el("span", text(str(p.value)), class_=role)
        for role in ("entity", "number", "unit")
        for p in sheet.part(role)
    ]
    if lines:
        head.append(el("p", *lines, class_="line", lang="zh"))
    tail = [el("p", text(str(p.value)), class_="foot", lang="zh") for p in sheet.part("footnote")]
    if sheet.status in (EMPTY, MISSING):
        tail.insert(0, el("p", word(f"form.{sheet.status}"), class_="state"))
        if sheet.reason:
            tail.insert(1, el("p", text(sheet.reason), class_="foot", lang="zh"))
    if sheet.status == MISSING and not sheet.rows:
        return el("section", *head, *tail, below, class_="form missing")
    kind = "sheet" if any(sheet.lanes) else "sheet one"
    table = Markup(
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{escape(label)}"><table class="{kind}" lang="zh" '
        f'aria-labelledby="{escape(label)}" data-first="{sheet.first}" data-width="{sheet.width}">'
        f"<thead>{_heads(sheet)}</thead><tbody>{_rows(sheet, prefix, marks)}</tbody></table></div>"
    )
    if len(sheet.rows) > SHOWN:
        tail.insert(
            0, el("p", word("form.first_rows", shown=SHOWN, rows=f"{len(sheet.rows):,}"), class_="rest")
        )
    wide = " wide" if sheet.width > _WIDE else ""
    return el("section", *head, table, *tail, below, class_=f"form{wide}")


def _heads(sheet: Sheet) -> str:
    """The rows of the header, merged as printed, and that of the columns' numbers."""
    found: dict[int, list[Placed]] = {}
    for placed in sheet.placed:
        if placed.role in ("header", "column_number"):
            found.setdefault(placed.row, []).append(placed)
    lines = []
    for row in sorted(found):
        cells = []
        for placed in sorted(found[row], key=lambda p: p.column):
            across = f' colspan="{placed.columns}"' if placed.columns > 1 else ""
            down = f' rowspan="{placed.rows}"' if placed.rows > 1 else ""
            if placed.role == "header":
                scope = ' scope="colgroup"' if placed.columns > 1 else ' scope="col"'
                cells.append(f"<th{across}{down}{scope}>{text(str(placed.value))}</th>")
            else:
                cells.append(f"<td{across}>{text(str(placed.value or ''))}</td>")
        kind = ' class="columns"' if found[row][0].role == "column_number" else ""
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    return "".join(lines)


def _rows(sheet: Sheet, prefix: str, marks: Marks) -> str:
    lines = []
    for r, row in enumerate(sheet.rows[:SHOWN]):
        at = sheet.first + r * sheet.width
        total = any(p.role == "total_label" for p in row.values())
        cells = "".join(_cell(row[c], at + c, prefix, marks) for c in sorted(row))
        lines.append(
            f'<tr class="t">{cells}</tr>' if total and len(set(sheet.lanes)) == 1 else f"<tr>{cells}</tr>"
        )
    return "".join(lines)


def _cell(placed: Placed, number: int, prefix: str, marks: Marks) -> str:
    """One cell; what has a figure has its number as id."""
    classes = marks.classes.get(number, [])
    links = marks.links.get(number, [])
    said = escape(printed(placed.value))
    if placed.role == "amount":
        if placed.shows is None:
            return '<td class="none"></td>'
        names = " ".join(("n", *classes))
        return f'<td id="{prefix}{number}" class="{names}">{said}{joined(links)}</td>'
    name = {"code": "k", "line_number": "k", "total_label": "b"}.get(placed.role, f"l{placed.indent}")
    names = " ".join((name, *classes))
    mark = f' id="{prefix}{number}"' if classes else ""
    across = f' colspan="{placed.columns}"' if placed.columns > 1 else ""
    tag, scope = (
        ("th", ' scope="row"') if placed.role in ("label", "total_label", "name") and said else ("td", "")
    )
    return f'<{tag}{mark}{across}{scope} class="{names}">{said}{joined(links)}</{tag}>'


# As data


def form_data(sheet: Sheet, places: Places) -> dict[str, Any]:
    """What the script needs of a form: names of columns, the rows that are not markup, where its cells stand in the file."""
    found: dict[str, Any] = {
        "t": visible(sheet.title), "u": next((visible(str(p.value)) for p in sheet.part("unit")), ""), "first": sheet.first, "w": sheet.width, "rows": len(sheet.rows),
        "cols": list(sheet.columns), "lanes": list(sheet.lanes), "place": _places(sheet, places),
    }  # fmt: skip
    if len(sheet.rows) > SHOWN:
        found["more"] = [[_item(row.get(c)) for c in range(sheet.width)] for row in sheet.rows[SHOWN:]]
    return found


def _item(placed: Placed | None) -> Any:
    """A cell: its text, or text, class and how many columns it takes; ``None`` where another one takes its place."""
    if placed is None:
        return None
    said = printed(placed.value)
    if placed.role == "amount":
        return said if placed.shows is not None else 0
    name = {"code": "k", "line_number": "k", "total_label": "b"}.get(placed.role, f"l{placed.indent}")
    return [said, name, placed.columns] if placed.columns > 1 else [said, name]


def _places(sheet: Sheet, places: Places) -> Any:
    """Where the figures of a form stand in the person's own file: as columns and rows of one sheet where they do, else one
    by one as far as they are markup."""
    one: dict[int, str] = {}
    seen: dict[tuple[str, str, str], int] = {}
    regular = True
    prefix: str | None = None
    letters: dict[int, str] = {}
    lines: dict[int, int] = {}
    for r, row in enumerate(sheet.rows):
        if r >= SHOWN and not regular:
            break
        for c, placed in row.items():
            if placed.role != "amount" or placed.shows is None:
                continue
            again = seen.get(placed.shows, 0)
            seen[placed.shows] = again + 1
            place = places(*placed.shows, again)
            if place is None:
                continue
            if regular:
                match = _A1.fullmatch(place)
                regular = match is not None and match[1] == (prefix or match[1])
                if match is not None and regular:
                    prefix, line = match[1], int(match[3])
                    regular = (
                        letters.setdefault(c, match[2]) == match[2] and lines.setdefault(r, line) == line
                    )
            if r < SHOWN:
                one[sheet.first + r * sheet.width + c] = visible(place, 200)
    if not one:
        return None
    if not regular or prefix is None:
        return one
    return {"sheet": visible(prefix, 200), "cols": letters, "rows": _runs(lines)}


def _runs(lines: Mapping[int, int]) -> list[list[int]]:
    """Rows of the file as runs: first row of the form, first row of the file, how many follow one another."""
    runs: list[list[int]] = []
    for row, line in lines.items():
        if runs and row == runs[-1][0] + runs[-1][2] and line == runs[-1][1] + runs[-1][2]:
            runs[-1][2] += 1
        else:
            runs.append([row, line, 1])
    return runs
