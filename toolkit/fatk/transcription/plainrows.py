"""The rows of a list by code that are nothing but a code, its name and figures, read column by column.

Most rows of most forms are such, and what they say needs no rows above them. Any other row, and any with a cell of which
something has to be told, is left to be read by itself: nothing is decided here but what is beyond doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from fatk.grid import NUMBER, TEXT, Cell
from fatk.model import Row
from fatk.recognition import Line
from fatk.rowkeys import CODE, Columns
from fatk.spec import Field, Table
from fatk.transcription.cells import from_cell, plain_figure
from fatk.transcription.ledger import Ledger, Pane
from fatk.values import Value, text_fault


def plain_rows(
    ledger: Ledger, pane: Pane, block: Columns, table: Table, numbers: Iterable[int], decimals: int
) -> dict[int, Row]:
    """The plain rows among those of these numbers, by number. ``decimals`` are those of amounts whose number format shows
    none."""
    at = block.roles.get("name")
    if at is None or len(block.codes) != 1 or not block.roles.keys() <= {"code", "name"}:
        return {}
    if ledger.asides or pane.sheet.plain or pane.covered:
        return {}
    code_at, declared = block.codes[0], table["name"]
    found: dict[int, Line] = {}
    for number in numbers:
        line = pane.rows.get(number)
        if line is None or pane.used.get(number) or number in pane.edges:
            continue
        code, name = line.get(code_at), line.get(at)
        if (
            code is not None
            and name is not None
            and code.kind == name.kind == TEXT
            and len(code.text) <= _CODE
            and len(name.text) <= _NAME
            and _is_plain(declared, code.text, name.text)
        ):
            found[number] = line
    lines = list(found.values())
    read: list[Iterable[Value]] = [[None] * len(found)] * len(table.fields)
    read[table.key_positions[0]] = [line[code_at].text for line in lines]
    read[table.position["name"]] = [line[at].text for line in lines]
    figures: dict[int, Value] = {id(None): None}  # by cell: a workbook has one for all that look alike
    others: set[int] = set()
    for column, position, amount in block.amounts:
        values: list[Value] = []
        for line in lines:
            cell = line.get(column)
            place = id(cell)
            value = figures.get(place, _UNMET)
            if value is _UNMET:
                value = figures[place] = _figure(amount, cell, decimals)
                if value is None:
                    others.add(place)
            values.append(value)
        read[position] = values
    rows = dict(zip(found, zip(*read, strict=True), strict=True))
    if others:
        rows = {n: row for n, row in rows.items() if others.isdisjoint(map(id, found[n].values()))}
    return rows


#: No code, and no name of an item, has more characters.
_CODE: Final = 7
_NAME: Final = 200
#: Stands for the figure of a cell that is met for the first time: no figure is a text.
_UNMET: Final = "unmet"


@lru_cache(maxsize=8192)
def _is_plain(declared: Field, code: str, name: str) -> bool:
    """Whether two texts are a code and its name, of which nothing has to be told."""
    return (
        CODE.fullmatch(code) is not None and "\n" not in name and text_fault(name, declared.reserved) is None
    )


def _figure(declared: Field, cell: Cell | None, decimals: int) -> Value:
    """The figure of a cell whose format shows no more than a figure; ``None`` where anything has to be told of it."""
    if cell is None or cell.kind != NUMBER or not cell.format.bare:
        return None
    figure = plain_figure(cell, decimals) if declared.type == "number" else None
    if figure is not None:
        return figure
    value, fault = from_cell(declared, cell, decimals)
    return None if fault else value
