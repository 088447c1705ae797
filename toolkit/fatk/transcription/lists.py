"""The tables that are no form: a list with a title and a header, or the items of a table of one row."""

from __future__ import annotations

from fatk import layout
from fatk.recognition import Region
from fatk.transcription.cells import from_cell
from fatk.transcription.ledger import CellFault, Ledger, Pane, keep, note_fault, note_repeated
from fatk.values import Value, clean_text


def read_list(ledger: Ledger, pane: Pane, region: Region) -> None:
    """Read a list, its columns by the titles of the fields; a column that no field has is not used."""
    table = region.table
    if region.title:
        row, column = region.title
        pane.used[row].add(column)
    pane.used[region.header].update(pane.rows[region.header])
    if table.single:
        _read_record(ledger, pane, region)
        return
    positions = {f.title: i for i, f in enumerate(table.fields)}
    columns: dict[int, int] = {}
    for c, cell in pane.rows[region.header].items():
        position = positions.get(cell.text.strip())
        if position is not None and position not in columns.values():
            columns[c] = position
            continue
        pane.used[region.header].discard(c)
        if position is not None:
            note_repeated(ledger, table, pane, region.header, c, cell.text)
    spots = {table.fields[position].name: column for column, position in columns.items()}
    fields = {column: (position, table.fields[position]) for column, position in columns.items()}
    width = len(table.fields)
    for number in range(region.header + 1, region.end + 1):
        values: list[Value] = [None] * width
        faults: list[CellFault] = []
        used = pane.used[number]
        for column, cell in pane.rows.get(number, {}).items():
            known = fields.get(column)
            if known is None:
                continue
            used.add(column)
            position, declared = known
            values[position], fault = from_cell(declared, cell, None)
            if fault:
                faults.append((declared, column, cell, fault))
        keep(ledger, pane, table, number, tuple(values), spots, faults)


def _read_record(ledger: Ledger, pane: Pane, region: Region) -> None:
    """A list of items of a table of one row: the field's title, its value, its unit."""
    table = region.table
    header = {cell.text.strip(): c for c, cell in pane.rows[region.header].items()}
    label_at, value_at, unit_at = header[layout.ITEM], header[layout.CONTENT], header.get(layout.UNIT)
    pane.used[region.header] -= pane.rows[region.header].keys() - {label_at, value_at, unit_at}
    titles = {f.title: i for i, f in enumerate(table.fields)}
    values: list[Value] = [None] * len(table.fields)
    known: set[int] = set()
    for number in range(region.header + 1, region.end + 1):
        line = pane.rows.get(number, {})
        label = line.get(label_at)
        position = titles.get(label.text.strip()) if label else None
        if label is None or position is None:
            continue
        if position in known:
            note_repeated(ledger, table, pane, number, label_at, label.text)
            continue
        known.add(position)
        pane.used[number].add(label_at)
        declared = table.fields[position]
        ledger.items[table.id, declared.name] = (pane.sheet, number, value_at)
        if unit_at is not None and unit_at in line:
            pane.used[number].add(unit_at)
            where = pane.sheet.place(number, unit_at)
            ledger.told.units.append((table, declared, where, clean_text(line[unit_at].text)))
        if value_at in line:
            pane.used[number].add(value_at)
            values[position], fault = from_cell(declared, line[value_at], None)
            if fault:
                note_fault(ledger, pane, table, "*", number, (declared, value_at, line[value_at], fault))
    if any(value is not None for value in values):
        ledger.rows.setdefault(table.id, []).append(tuple(values))
