"""Compound files (OLE 2, MS-CFB): the container of .xls and .et, of Word and PowerPoint 97, and of what has a password.

Only the file's own tables are read here, before any parser of others sees a byte: each chain of sectors is followed once and
must lie inside the file, so that no loop and no false size costs more than the file is long. What the streams hold is not
looked at.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass

from fatk.errors import Refused

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = struct.Struct("<8s16x2xHHHH6x4xIIxxxxIIIII")
_ENTRY = struct.Struct("<64sHBxIII36xII4x")
_DIFAT_AT, _DIFAT_IN_HEADER = 76, 109
_LAST = 0xFFFFFFFA  # greater numbers of sectors are marks: end of chain, free, a table's own sector
_NONE = 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_SUFFIX = "/"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: where its chain of sectors begins, and its size in bytes."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class CompoundFile:
    """A compound file whose tables kept the rules; streams and storages by path (``_VBA_PROJECT_CUR/``, ``Workbook``).

    Names are as written; a storage ends with ``/``.
    """

    entries: dict[str, Stream]
    _sectors: _Sectors
    _mini: _Sectors | None
    _cutoff: int

    def find(self, *names: str) -> str | None:
        """The path of the first of these streams that is there at the top, letter case aside."""
        folded = {path.lower(): path for path in self.entries}
        return next((folded[name.lower()] for name in names if name.lower() in folded), None)

    def read(self, path: str) -> bytes:
        """The bytes of a stream; ``Refused`` where the file does not hold all of them."""
        stream = self.entries[path]
        if stream.size >= self._cutoff:
            return self._sectors.read(stream)
        if self._mini is None:
            raise Refused("OLE_CORRUPT", reason=path)
        return self._mini.read(stream)


@dataclass(frozen=True, slots=True)
class _Sectors:
    """Sectors of one size, and the table that says which one follows which."""

    data: bytes | memoryview
    first: int
    size: int
    following: array[int]

    @property
    def count(self) -> int:
        """How many there are; the last one may be cut short."""
        return max(0, -(-(len(self.data) - self.first) // self.size))

    def sector(self, number: int) -> memoryview:
        if number >= self.count:
            raise Refused("OLE_TRUNCATED")
        at = self.first + number * self.size
        return memoryview(self.data)[at : at + self.size]

    def chain(self, start: int, length: int | None = None) -> list[int]:
        """The numbers of a chain's sectors, of the first ``length`` only where it is given; ``Refused`` where it turns back."""
        numbers: list[int] = []
        seen = bytearray(self.count)
        number = start
        while number < _LAST and (length is None or len(numbers) < length):
            if number >= self.count:
                raise Refused("OLE_TRUNCATED")
            if seen[number] or number >= len(self.following):
                raise Refused("OLE_CORRUPT", reason=f"sector {number}")
            seen[number] = 1
            numbers.append(number)
            number = self.following[number]
        return numbers

    def read(self, stream: Stream) -> bytes:
        if stream.size > self.count * self.size:
            raise Refused("OLE_TRUNCATED")
        wanted = -(-stream.size // self.size)
        numbers = self.chain(stream.start, wanted)
        if len(numbers) < wanted:
            raise Refused("OLE_CORRUPT", reason="chain")
        found = b"".join(self.sector(number) for number in numbers)[: stream.size]
        if len(found) < stream.size:
            raise Refused("OLE_TRUNCATED")
        return found


def open_compound(data: bytes) -> CompoundFile:
    """The compound file in bytes; ``Refused`` with what is wrong with its tables."""
    if len(data) < 512:
        raise Refused("OLE_TRUNCATED")
    (signature, version, order, shift, mini_shift, fat_count, directory, cutoff, mini_table, _, difat, _) = (
        _HEADER.unpack_from(data)
    )
    if (
        signature != SIGNATURE
        or order != 0xFFFE
        or (version, shift) not in {(3, 9), (4, 12)}
        or mini_shift != 6
    ):
        raise Refused("OLE_CORRUPT", reason="header")
    size = 1 << shift
    sectors = _Sectors(data, size, size, array("I"))
    sectors = _Sectors(data, size, size, _table(sectors, _fat_sectors(sectors, data, fat_count, difat)))
    entries, root = _entries(sectors, directory)
    mini = None
    if root.size:
        content = sectors.read(root)
        mini = _Sectors(content, 0, 1 << mini_shift, _table(sectors, sectors.chain(mini_table)))
    return CompoundFile(entries, sectors, mini, cutoff)


def _fat_sectors(sectors: _Sectors, data: bytes, count: int, difat: int) -> list[int]:
    """The sectors that hold the allocation table: 109 are named in the header, the others in a chain of their own."""
    if count > sectors.count:
        raise Refused("OLE_TRUNCATED")
    numbers = _numbers(data[_DIFAT_AT : _DIFAT_AT + 4 * _DIFAT_IN_HEADER]).tolist()
    met: set[int] = set()
    while difat < _LAST and len(numbers) < count:
        if difat in met:
            raise Refused("OLE_CORRUPT", reason="difat")
        met.add(difat)
        *named, difat = _numbers(sectors.sector(difat))
        numbers += named
    numbers = [number for number in numbers if number < _LAST][:count]
    if len(set(numbers)) != len(numbers):
        raise Refused("OLE_CORRUPT", reason="difat")
    return numbers


def _table(sectors: _Sectors, numbers: list[int]) -> array[int]:
    table = array("I")
    for number in numbers:
        table.extend(_numbers(sectors.sector(number)))
    return table


def _numbers(data: bytes | memoryview) -> array[int]:
    found = array("I")
    found.frombytes(data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _entries(sectors: _Sectors, start: int) -> tuple[dict[str, Stream], Stream]:
    """Streams and storages by path, and the root, whose stream holds the small ones."""
    raw = b"".join(sectors.sector(number) for number in sectors.chain(start))
    listed = [_ENTRY.unpack_from(raw, at) for at in range(0, len(raw) - _ENTRY.size + 1, _ENTRY.size)]
    if not listed or listed[0][2] != _ROOT:
        raise Refused("OLE_CORRUPT", reason="directory")
    entries: dict[str, Stream] = {}
    met = {0}
    waiting = [("", listed[0][5])]
    while waiting:
        folder, number = waiting.pop()
        if number == _NONE:
            continue
        if number >= len(listed) or number in met:
            raise Refused("OLE_CORRUPT", reason="directory")
        met.add(number)
        name, length, kind, left, right, child, first, size = listed[number]
        path = folder + name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        waiting += [(folder, left), (folder, right)]
        if kind == _STORAGE:
            entries[path + _SUFFIX] = Stream(_NONE, 0)
            waiting.append((path + _SUFFIX, child))
        elif kind == _STREAM:
            entries[path] = Stream(first, size)
    return entries, Stream(*listed[0][6:8])
