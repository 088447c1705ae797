"""Where the cells of findings stand in the files that they came from: by line and column in CSV and JSON, by name elsewhere."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from fatk.check import Result
from fatk.findings import CellRef
from fatk.limits import DEFAULTS

#: Bytes of a file by its path, or ``None``; asked for where a place in the text of a file is wanted as line and column.
Contents = Callable[[str], bytes | None]


def no_contents(path: str) -> bytes | None:
    """Contents of no file: places keep the lines and columns that they name."""
    return None


def on_disk(path: str) -> bytes | None:
    """Contents of the files themselves; of one that cannot be read or is too large, none."""
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as stream:
            data = stream.read(DEFAULTS.file_size + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= DEFAULTS.file_size else None


class Region(NamedTuple):
    """Part of a text: line and column, from 1, of its first character and of the one behind its last."""

    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands: the file, what part of its text, and how the place is called within the file."""

    file: str
    region: Region | None = None
    name: str | None = None


class Places:
    """The places of one result's cells. The text of a file is read once, and only when a place in it is asked for."""

    def __init__(self, result: Result, contents: Contents = no_contents) -> None:
        reading = result.reading
        self.form, self.path, self.contents = reading.form, reading.path, contents
        self.texts: dict[str, str | None] = {}
        self.lines: dict[str, list[int]] = {}
        self.spans: dict[str, tuple[int, int]] | None = None
        named = [*(f.cells for f in result.findings), *(cause.cells for cause in result.causes)]
        self.pointers = {cell.location for cells in named for cell in cells if cell.location}

    def of(self, cell: CellRef | None) -> Place:
        """Where a cell stands; where that is not known, the source itself."""
        location = cell.location if cell else None
        if location is None:
            return Place(self.path)
        if self.form == "json":
            return Place(self.path, self._in_json(location), location)
        if self.form == "package":
            return self._in_package(location)
        return Place(self.path, None, location)

    def _in_package(self, location: str) -> Place:
        name, line, column = _split(location)
        if self.path.lower().endswith(".zip"):
            return Place(self.path, None, location)
        path = str(PurePath(self.path, name))
        if line is None:
            return Place(path, None, location)
        text = self._text(path)
        span = _field(text, self.lines[path], line, column) if text is not None and column else None
        return Place(path, Region(line) if span is None else self._region(path, *span), location)

    def _in_json(self, pointer: str) -> Region | None:
        text = self._text(self.path)
        if text is None:
            return None
        if self.spans is None:
            self.spans = dict(_values(text, self.pointers))
        while pointer not in self.spans and pointer:
            pointer = pointer.rpartition("/")[0]
        return self._region(self.path, *self.spans[pointer]) if pointer in self.spans else None

    def _text(self, path: str) -> str | None:
        if path not in self.texts:
            data = self.contents(path)
            try:
                text = None if data is None else data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = None
            self.texts[path] = text
            self.lines[path] = [0, *(m.end() for m in re.finditer("\r\n|\r|\n", text or ""))]
        return self.texts[path]

    def _region(self, path: str, start: int, end: int) -> Region:
        starts = self.lines[path]
        first, last = bisect_right(starts, start), bisect_right(starts, end)
        return Region(first, start - starts[first - 1] + 1, last, end - starts[last - 1] + 1)


def _split(location: str) -> tuple[str, int | None, int | None]:
    """``file.csv:3:4`` as name, line and column."""
    match = re.fullmatch(r"(.*?)(?::([1-9][0-9]{0,8})(?::([1-9][0-9]{0,8}))?)?", location, re.DOTALL)
    if match is None:
        return location, None, None
    name, line, column = match.groups()
    return name, int(line) if line else None, int(column) if column else None


_CSV_FIELD = re.compile(r'"(?:[^"]|"")*"|[^,\r\n]*')


def _field(text: str, starts: list[int], line: int, column: int) -> tuple[int, int] | None:
    """First and last offset of a field of the CSV record that begins at a line."""
    if line > len(starts):
        return None
    at = starts[line - 1]
    for number in range(1, column + 1):
        match = _CSV_FIELD.match(text, at)
        if match is None:
            return None
        if number == column:
            return match.span()
        at = match.end()
        if text[at : at + 1] != ",":
            return None
        at += 1
    return None


_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def _values(text: str, wanted: set[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Pointer and offsets of the values that are wanted, and of those that hold them; what else there is, is passed over."""
    inner = {""}
    for each in wanted:
        pointer = each
        while pointer and pointer not in inner:
            inner.add(pointer)
            pointer = pointer.rpartition("/")[0]
    parents = {pointer.rpartition("/")[0] for pointer in inner if pointer}

    def blanks(at: int) -> int:
        match = _BLANKS.match(text, at)
        return match.end() if match else at

    def walk(at: int, pointer: str) -> Iterator[tuple[str, tuple[int, int]]]:
        end = _DECODER.raw_decode(text, at)[1]
        yield pointer, (at, end)
        if text[at] not in "{[" or pointer not in parents:
            return
        named, number = text[at] == "{", 0
        at = blanks(at + 1)
        while at < end - 1:
            if named:
                key, at = _DECODER.raw_decode(text, at)
                at = blanks(blanks(at) + 1)
            else:
                key, number = str(number), number + 1
            below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if below in inner:
                yield from walk(at, below)
            at = blanks(_DECODER.raw_decode(text, at)[1])
            at = blanks(at + 1) if text[at] == "," else at

    try:
        yield from walk(blanks(0), "")
    except (ValueError, RecursionError, IndexError):
        return
