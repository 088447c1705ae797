"""A sheet as it is gathered from a file, whatever its form: cells, merged ranges, what is hidden, each held to the limits.

What a file states once for many cells (a repeated row, a span) is held to the limits before it is written out, so that a
file is never larger in memory than the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from fatk.errors import Refused
from fatk.grid import MAX_COLUMNS, MAX_ROWS, Cell, Range, Sheet, a1, column_letters
from fatk.limits import Limits

Notices = list[tuple[str, str]]


class Tally:
    """What the sheets read so far have used of the limits that hold for a whole workbook."""

    __slots__ = ("area", "blanks", "cells", "limits", "merged_area", "merges", "sheets", "text")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cells = self.area = self.blanks = self.text = self.merges = self.merged_area = self.sheets = 0

    def take_sheet(self) -> None:
        """Count one more sheet."""
        self.sheets += 1
        if self.sheets > self.limits.sheets:
            raise Refused("XLSX_TOO_MANY_SHEETS", count=self.sheets, limit=self.limits.sheets)

    def merge(self, rows: int, columns: int, times: int = 1) -> bool:
        """Count merged ranges of that many rows and columns; whether they are within the limits."""
        self.merges += times
        self.merged_area += rows * columns * times
        return self.merges <= self.limits.merges and self.merged_area <= self.limits.merged_area


class Gathering:
    """The content of one sheet, put in row by row from top to bottom."""

    __slots__ = (
        "characters", "deepest", "hidden_columns", "hidden_rows", "merges", "name", "part", "rows", "size", "tally",
        "widest",
    )  # fmt: skip

    def __init__(self, name: str, part: str, tally: Tally) -> None:
        self.name, self.part, self.tally = name, part, tally
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merges: list[Range] = []
        self.hidden_rows: set[int] = set()  # those with content only
        self.hidden_columns: set[int] = set()
        self.deepest = self.widest = -1
        self.size = self.characters = 0  # cells and the characters in them

    def refuse(self, code: str, where: str = "", **details: object) -> NoReturn:
        """Give up the whole file because of something in this sheet, at a cell or row."""
        raise Refused(code, place=f"{self.name}!{where}" if where else self.name, part=self.part, **details)

    def put_row(self, row: int, line: Iterable[tuple[int, Cell]]) -> None:
        """Add the cells of a row below those put so far, each with its column, from left to right."""
        cells: dict[int, Cell] = {}
        longest = self.tally.limits.cell_text
        column = characters = 0
        for column, cell in line:
            size = len(cell.text)
            characters += size
            if cell.formula:
                characters += len(cell.formula)
                size = max(size, len(cell.formula))
            if size > longest:
                self.refuse("CELL_TOO_LONG", a1(row, column), limit=longest)
            cells[column] = cell
        if row >= MAX_ROWS or column >= MAX_COLUMNS:
            self.refuse("XLSX_BAD_REFERENCE", f"{column_letters(column)}{row + 1}", reason="outside")
        if row <= self.deepest:
            self.refuse("XLSX_BAD_REFERENCE", f"{row + 1}", reason="used_twice")
        if cells:
            self.rows[row] = cells
            self.size += len(cells)
        self.characters += characters
        self.widest = max(self.widest, column)
        self.deepest = row
        self.check()

    def check(self) -> None:
        """Hold what was gathered so far to the limits of the workbook."""
        tally, limits = self.tally, self.tally.limits
        if self.size > limits.cells - tally.cells:
            self.refuse("XLSX_TOO_MANY_CELLS", limit=limits.cells)
        if (self.deepest + 1) * (self.widest + 1) > limits.used_area - tally.area:
            self.refuse("XLSX_SPARSE_AREA", a1(self.deepest, self.widest), limit=limits.used_area)
        if self.characters > limits.workbook_text - tally.text:
            self.refuse("XLSX_TEXT_TOO_LARGE", limit=limits.workbook_text)

    def merge(self, row: int, column: int, rows: int, columns: int) -> None:
        """Add a merged range by its first cell and its size."""
        where = a1(row, column)
        if row + rows > MAX_ROWS or column + columns > MAX_COLUMNS or min(rows, columns) < 1:
            self.refuse("XLSX_BAD_REFERENCE", where, reason="outside")
        if not self.tally.merge(rows, columns):
            self.refuse("XLSX_MERGE_AREA", where, limit=self.tally.limits.merged_area)
        self.merges.append((row, column, row + rows - 1, column + columns - 1))

    def hide_columns(self, first: int, last: int) -> None:
        """Note a span of hidden columns, both ends inclusive; no column is in two of them."""
        if last >= MAX_COLUMNS or first in self.hidden_columns:
            self.refuse("XLSX_BAD_REFERENCE", column_letters(first), reason="outside")
        self.hidden_columns.update(range(first, last + 1))

    def sheet(self, hidden: bool = False) -> Sheet:
        """The complete sheet; what it used of the limits is no longer there for the next one."""
        tally = self.tally
        tally.cells += self.size
        tally.area += (self.deepest + 1) * (self.widest + 1)
        tally.text += self.characters
        used = set().union(*self.rows.values()) if self.hidden_columns else set()
        return Sheet(
            self.name,
            self.rows,
            tuple(self.merges),
            hidden,
            frozenset(self.hidden_rows),
            frozenset(used & self.hidden_columns),
        )


def hidden_notices(sheet: Sheet) -> Notices:
    """What of a sheet is hidden, though it is read as data too."""
    notices = [("HIDDEN_CONTENT", sheet.name)] if sheet.hidden else []
    notices += [
        ("HIDDEN_CONTENT", f"{sheet.name}!{first + 1}:{last + 1}") for first, last in _runs(sheet.hidden_rows)
    ]
    notices += [
        ("HIDDEN_CONTENT", f"{sheet.name}!{column_letters(first)}:{column_letters(last)}")
        for first, last in _runs(sheet.hidden_columns)
    ]
    return notices


def _runs(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Runs of consecutive indexes, first and last of each."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return runs
