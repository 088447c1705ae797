"""A form whose columns are lines (三公): its one row of data becomes a row of each line."""

from __future__ import annotations

from collections.abc import Sequence

from fatk.findings import CellRef, notify
from fatk.grid import Cell
from fatk.model import REPORTED
from fatk.recognition import is_number_row
from fatk.transcription.cells import from_cell
from fatk.transcription.ledger import (
    CellFault,
    Ledger,
    PrintedForm,
    keep,
    listed_status,
    note_shown_unit,
    unbroken,
)
from fatk.values import Value, clean_text
from fatk.vocabulary import Meaning, fold, is_total, vocabulary


def read_line_columns(ledger: Ledger, form: PrintedForm, last: int, decimals: int) -> None:
    """Read the lines of such a form; an empty table, or one of several units without a total, has none."""
    pane, table, head = form.pane, form.region.table, form.heading
    number = _line_row(ledger, form, last)
    if number is None and (
        form.statement is not None or listed_status(ledger, table.id) not in (None, REPORTED)
    ):
        return
    number = head.first_data if number is None else number
    line = pane.rows.get(number, {}) if number <= last else {}
    lines: dict[str, dict[int, tuple[int, Cell | None]]] = {}
    labels: dict[str, str] = {}
    header = [r for r in head.rows if not is_number_row(pane.rows[r])]
    for column, meaning in head.meanings.items():
        if meaning.line and meaning.field:
            lines.setdefault(meaning.line, {})[table.position[meaning.field]] = (column, line.get(column))
            if meaning.line not in labels:
                labels[meaning.line] = _line_label(ledger, form, header, column, meaning)
    for key, found in lines.items():
        values: list[Value] = [None] * len(table.fields)
        values[table.key_positions[0]], values[table.position["name"]] = key, labels[key]
        faults: list[CellFault] = []
        spots: dict[str, int] = {}
        for position, (column, cell) in found.items():
            declared = table.fields[position]
            spots[declared.name] = column
            if cell is not None:
                pane.used[number].add(column)
                values[position], fault = from_cell(declared, cell, decimals)
                if cell.format.literal:
                    note_shown_unit(form, cell, pane.sheet.place(number, column))
                if fault:
                    faults.append((declared, column, cell, fault))
        keep(ledger, pane, table, number, tuple(values), spots, faults)


def _line_row(ledger: Ledger, form: PrintedForm, last: int) -> int | None:
    """The row of data of a form whose columns are lines; of several, one for each unit, that of the total."""
    pane, head = form.pane, form.heading
    words = vocabulary(form.region.table.id)
    found = [
        number
        for number in range(head.first_data, last + 1)
        if any(column in head.meanings for column in pane.rows.get(number, ()))
    ]
    if len(found) < 2:
        return found[0] if found else None
    totals = [
        number
        for number in found
        if any(cell.kind == "text" and is_total(words, cell.text) for cell in pane.rows[number].values())
    ]
    where = pane.sheet.place(found[0], min(head.meanings))
    title, cell = form.region.table.title, CellRef(form.region.table.id, location=where)
    if len(totals) != 1:
        ledger.findings.append(notify("READ-99", cell, place=where, title=title))
        return None
    text = next(clean_text(c.text) for c in pane.rows[totals[0]].values() if c.kind == "text")
    ledger.findings.append(notify("READ-98", cell, place=where, title=title, text=text))
    return totals[0]


def _line_label(
    ledger: Ledger, form: PrintedForm, header: Sequence[int], column: int, meaning: Meaning
) -> str:
    """The printed name of a line that is a column: the word of its header, of these rows, that names it, as printed."""
    words, head, rows = vocabulary(form.region.table.id), form.heading, form.pane.rows
    printed = []
    for row in header:
        at, place = head.anchors.get((row, column), (row, column))
        cell = rows[at].get(place) if at in head.rows else None
        if cell is not None and clean_text(cell.text) not in printed:
            printed.append(clean_text(cell.text))
    own = [text for text in printed if fold(text) in words.items or fold(text) not in words.words]
    named = [text for text in own if words.items.get(fold(text)) == meaning.line]
    return unbroken(ledger, (named or own or printed)[-1])
