"""Delimited text (CSV, TSV, also under the name .xls) as a sheet of texts.

Nothing in the file says how it is written, so the encoding is decided by ``decoding`` and the delimiter by the rows that it
makes: the one that parts most rows alike. Quotes follow RFC 4180; one that is never closed would swallow the rest of the
file, and is refused with the line where it begins. Every cell is text: what a figure means is for whoever takes the sheet.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from fatk.decoding import decode
from fatk.errors import Refused
from fatk.grid import GENERAL, TEXT, Book, Cell, Sheet
from fatk.limits import Limits

#: What may part the cells of a row, the likeliest first where two part all rows alike: in a text with tabs, commas stand
#: inside of figures.
DELIMITERS = ("\t", ";", ",")
_NAMES = {"\t": "Tab", ";": "“;”", ",": "“,”", "|": "“|”"}
#: Excel's own line, by which a text says what parts its cells.
_STATED = re.compile(r"sep=([\t;,|])\r?\n?")
#: As many records show what the delimiter is.
_SAMPLE = 256
#: What programs write to make Excel keep a code as text: it is the text within.
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def read_delimited(data: bytes, name: str, limits: Limits) -> Sheet:
    """The sheet that a delimited text is, named as the file; its rows are the lines of the text, each record at the line it
    begins at. ``Refused`` where its encoding or its quotes are in doubt, or a limit is passed."""
    return _read(data, name, limits)[0]


def read_book(data: bytes, limits: Limits, name: str = "") -> Book:
    """A lone delimited text as a spreadsheet of one sheet; what was decided about it is noticed as ``TEXT_READ_AS``.

    ``Refused`` also as ``TEXT_UNKNOWN`` where it has no two rows of cells.
    """
    sheet, encoding, delimiter = _read(data, name, limits)
    if sum(max(line) > 0 for line in sheet.rows.values()) < 2:
        raise Refused("TEXT_UNKNOWN")
    return Book((sheet,), (("TEXT_READ_AS", f"{name or sheet.name}: {encoding}, {_NAMES[delimiter]}"),))


def _read(data: bytes, name: str, limits: Limits) -> tuple[Sheet, str, str]:
    """The sheet, its encoding, and the delimiter: a comma where nothing parts any row."""
    decoded = decode(data, name)
    text, skipped = decoded.text, 0
    if stated := _STATED.match(text):
        delimiter, skipped = stated[1], 1
        text = text[stated.end() :]
    else:
        delimiter = _delimiter(text, limits)
    rows: dict[int, dict[int, Cell]] = {}
    size = characters = 0
    for line, record in _records(text, delimiter, name, limits, skipped):
        cells: dict[int, Cell] = {}
        for column, written in enumerate(record):
            if written:
                kept = _KEPT_AS_TEXT.fullmatch(written) if written[0] == "=" else None
                value = kept[1] if kept else written
                characters += len(value)
                cells[column] = Cell(value, TEXT, GENERAL)
        if cells:
            rows[line] = cells
            size += len(cells)
        if size > limits.cells:
            raise Refused("XLSX_TOO_MANY_CELLS", place=name, limit=limits.cells)
        if characters > limits.workbook_text:
            raise Refused("XLSX_TEXT_TOO_LARGE", place=name, limit=limits.workbook_text)
    return Sheet(name, rows, plain=True), decoded.encoding, delimiter


def _delimiter(text: str, limits: Limits) -> str:
    """The delimiter that makes the most rows of one width, of two cells at least; a comma where none makes any."""
    best, most = ",", 0
    for candidate in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for _, record in islice(_records(text, candidate, "", limits, 0), _SAMPLE):
                widths[len(record)] += 1
        except Refused:
            pass  # it is told when the whole is read with the delimiter that is taken
        alike = max((count for width, count in widths.items() if width > 1), default=0)
        if alike > most:
            best, most = candidate, alike
    return best


def _records(
    text: str, delimiter: str, name: str, limits: Limits, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not empty, with the line that it begins at, from 0."""
    csv.field_size_limit(limits.csv_field)
    lines = (match[0] for match in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = 0
    try:
        for record in reader:
            line = begin + skipped
            if len(record) > limits.csv_columns:
                raise Refused("CSV_TOO_MANY_COLUMNS", path=name, line=line + 1, limit=limits.csv_columns)
            if line >= limits.csv_rows:
                raise Refused("CSV_TOO_MANY_ROWS", path=name, limit=limits.csv_rows)
            if record:
                yield line, record
            begin = reader.line_num
    except csv.Error as error:
        if "field limit" in str(error):  # nothing else tells it apart
            raise Refused(
                "CSV_FIELD_TOO_LONG", path=name, line=begin + skipped + 1, limit=limits.csv_field
            ) from None
        raise Refused("CSV_MALFORMED", path=name, line=begin + skipped + 1) from None
