"""Zip archives from strangers: refused as a whole before anything is inflated, then read within bounds.

The directory of the archive is read here and not by ``zipfile``, which resolves doubtful archives silently: the last of two
equal names wins, overlapping entries are all inflated, names are cleaned instead of refused. Nothing is ever extracted to
a file system, but names that would be dangerous there are refused, since packages travel on.

Layout of the records: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fatk.errors import Refused
from fatk.limits import Limits

_LOCAL: Final = struct.Struct("<4s2xHH16xHH")  # signature, flags, method, lengths of name and extra field
_CENTRAL: Final = struct.Struct("<4sxB2xHH4xIIIHHH2x2xII")
_END: Final = struct.Struct("<4sHHHHIIH")
_END64_LOCATOR: Final = struct.Struct("<4sIQI")
_END64: Final = struct.Struct("<4sQHHIIQQQQ")

_STORED: Final = 0
_DEFLATED: Final = 8
_FLAG_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000  # also strong encryption and a masked directory
_FLAG_UTF8: Final = 0x0800

_UNSAFE_CHARACTER: Final = re.compile('[\x00-\x1f\x7f\\\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_RESERVED_NAME: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE
)

#: Characters that are two bytes of UTF-8, as many a Hanzi is of GB18030; Hanzi are three of UTF-8.
_TWO_BYTES: Final = re.compile("[\u0080-\u07ff]")

#: Entries up to this size are inflated at once, larger ones in pieces of ``_PIECE``.
_AT_ONCE: Final = 1 << 20
_PIECE: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its name with ``/`` between directories, its inflated size in bytes, how its name was encoded."""

    name: str
    size: int
    directory: bool
    encoding: str
    method: int
    crc: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive that kept the rules. Its members stand in the order of its directory."""

    members: tuple[Member, ...]
    _data: bytes
    _folded: dict[str, Member]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files (not of the directories) in it."""
        return tuple(member.name for member in self.members if not member.directory)

    def find(self, name: str) -> Member | None:
        """The member of that name, letter case aside, or ``None``; names are unique in that sense."""
        return self._folded.get(_fold(name))

    def read(self, member: Member) -> bytes:
        """The bytes of a member; ``Refused`` where they are not of the declared size and checksum."""
        stored = memoryview(self._data)[member.start : member.end]
        if member.method == _STORED:
            data = bytes(stored)
        else:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                data = inflater.decompress(stored, member.size + 1)
            except zlib.error:
                raise _corrupt(member, "deflate") from None
            if len(data) != member.size or not inflater.eof or inflater.unused_data:
                raise _corrupt(member, "size")
        if zlib.crc32(data) != member.crc:
            raise _corrupt(member, "checksum")
        return data

    def head(self, member: Member, size: int) -> bytes:
        """The first bytes of a member, ``size`` at most, whose checksum cannot be known; ``Refused`` where they do not inflate."""
        stored = memoryview(self._data)[member.start : member.end]
        if member.method == _STORED:
            return bytes(stored[:size])
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(stored, size)
        except zlib.error:
            raise _corrupt(member, "deflate") from None

    def pieces(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member piece by piece; a small one is one piece. What came is proven only when the end is reached:
        ``Refused`` then, where size or checksum are not as declared."""
        if member.size <= _AT_ONCE:
            yield self.read(member)
            return
        crc = size = 0
        for piece in self._inflated(member):
            size += len(piece)
            if size > member.size:
                raise _corrupt(member, "size")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != member.size:
            raise _corrupt(member, "size")
        if crc != member.crc:
            raise _corrupt(member, "checksum")

    def _inflated(self, member: Member) -> Iterator[bytes]:
        stored = memoryview(self._data)[member.start : member.end]
        blocks = (stored[at : at + _PIECE] for at in range(0, len(stored), _PIECE))
        if member.method == _STORED:
            yield from map(bytes, blocks)
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for block in blocks:
                waiting: bytes | memoryview = block
                while waiting:
                    if piece := inflater.decompress(waiting, _PIECE):
                        yield piece
                    waiting = inflater.unconsumed_tail
            # What did not fit into the last piece may still wait inside the inflater.
            while not inflater.eof and (piece := inflater.decompress(b"", _PIECE)):
                yield piece
        except zlib.error:
            raise _corrupt(member, "deflate") from None
        if not inflater.eof or inflater.unused_data:
            raise _corrupt(member, "size")


def open_archive(source: bytes | str | os.PathLike[str], limits: Limits) -> Archive:
    """The archive in bytes or at a path; ``Refused`` with what is wrong, ``OSError`` where the file cannot be read.

    Only the directory and the header of each entry are looked at; ``Archive.read`` inflates.
    """
    data = source if isinstance(source, bytes) else _load(source, limits)
    if len(data) > limits.file_size:
        raise Refused("FILE_TOO_LARGE", size=len(data), limit=limits.file_size)
    if not data:
        raise Refused("FILE_EMPTY")
    count, size, offset = _directory(data, limits)
    entries = _entries(data, count, offset, offset + size)
    _check_overlap(entries, offset)
    _check_sizes(entries, limits)
    members = tuple(_member(data, entry) for entry in entries)
    _check_overlap(entries, offset)
    return Archive(members, data, _unique(members))


def _load(path: str | os.PathLike[str], limits: Limits) -> bytes:
    with Path(path).open("rb") as stream:
        return stream.read(
            limits.file_size + 1
        )  # the size of a file can change, or be unknown, while it is read


@dataclass(slots=True)
class _Entry:
    """An entry as the directory tells it: its name also as bytes, its sizes, and where its local header begins and its data
    end. The end is the least possible one until the local header is read, which may hold more than the directory says."""

    name: str
    raw: bytes
    encoding: str
    method: int
    crc: int
    size: int
    compressed: int
    header: int
    end: int


def _directory(data: bytes, limits: Limits) -> tuple[int, int, int]:
    """Number of entries, size and offset of the central directory."""
    end = _find_end(data)
    if data[:4] not in {b"PK\x03\x04", b"PK\x05\x06"}:
        raise Refused("NOT_A_ZIP" if end is None else "CONTAINER_PREFIX")
    if end is None:
        raise Refused("ZIP_TRUNCATED")
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(data, end)
    after = end
    locator = end - _END64_LOCATOR.size
    if locator >= 0 and data[locator : locator + 4] == b"PK\x06\x07":
        _, _, after, _ = _END64_LOCATOR.unpack_from(data, locator)
        if after > locator - _END64.size or data[after : after + 4] != b"PK\x06\x06":
            raise Refused("ZIP_CORRUPT", name="", reason="directory")
        _, _, _, _, disk, first_disk, here, count, size, offset = _END64.unpack_from(data, after)
    if count > limits.zip_entries:
        raise Refused("ZIP_TOO_MANY_ENTRIES", count=count, limit=limits.zip_entries)
    if disk or first_disk or here != count:
        raise Refused("ZIP_CORRUPT", name="", reason="directory")  # one of several volumes
    if offset + size != after:
        if offset + size < after:  # more room before the directory than it says: something was put in front
            raise Refused("CONTAINER_PREFIX")
        raise Refused("ZIP_CORRUPT", name="", reason="directory")
    return count, size, offset


def has_directory(data: bytes) -> bool:
    """Whether the bytes end as a zip archive does, whatever they begin with."""
    return _find_end(data) is not None


def _find_end(data: bytes) -> int | None:
    """Where the end record stands: the last one whose comment reaches exactly to the end of the file."""
    lowest = max(0, len(data) - _END.size - 0xFFFF)
    at = len(data) - _END.size + 4
    while (at := data.rfind(b"PK\x05\x06", lowest, at)) >= 0:
        if at + _END.size + int.from_bytes(data[at + 20 : at + 22], "little") == len(data):
            return at
        at += 3  # the next one to the left may overlap by the bytes before its signature ends
    return None


def _entries(data: bytes, count: int, at: int, end: int) -> list[_Entry]:
    found = []
    for _ in range(count):
        if at + _CENTRAL.size > end:
            raise Refused("ZIP_CORRUPT", name="", reason="directory")
        (signature, _system, flags, method, crc, compressed, size, name_length, extra_length, comment_length, attributes,
         header) = _CENTRAL.unpack_from(data, at)  # fmt: skip
        name_start = at + _CENTRAL.size
        name_end = name_start + name_length
        extra_end = name_end + extra_length
        at = extra_end + comment_length
        if signature != b"PK\x01\x02" or at > end:
            raise Refused("ZIP_CORRUPT", name="", reason="directory")
        raw = data[name_start:name_end]
        name, encoding = _decode(raw, flags)
        _check_name(name)
        if flags & _FLAG_ENCRYPTED:
            raise Refused("ZIP_ENCRYPTED", name=name)
        if stat.S_IFMT(attributes >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise Refused("ZIP_SYMLINK", name=name)
        if method not in {_STORED, _DEFLATED}:
            raise Refused("ZIP_METHOD_UNSUPPORTED", name=name, method=method)
        if 0xFFFFFFFF in (size, compressed, header):
            size, compressed, header = _wide(data[name_end:extra_end], name, size, compressed, header)
        if (method == _STORED and size != compressed) or (name.endswith("/") and size):
            raise Refused("ZIP_CORRUPT", name=name, reason="size")
        least_end = header + _LOCAL.size + name_length + compressed
        found.append(_Entry(name, raw, encoding, method, crc, size, compressed, header, least_end))
    if at != end:
        raise Refused("ZIP_CORRUPT", name="", reason="directory")
    return found


def _decode(raw: bytes, flags: int) -> tuple[str, str]:
    """A name and the encoding that it is in: UTF-8 where flagged; unflagged it is UTF-8 too, as macOS and Linux write it, or
    GB18030, as Chinese Windows does. A name of Hanzi that is both is UTF-8, unless it would be of Greek and the like."""
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    tried = ("utf-8",) if flags & _FLAG_UTF8 else ("utf-8", "gb18030")
    found = [(name, encoding) for encoding in tried if (name := _strict(raw, encoding)) is not None]
    if not found:
        raise Refused("ZIP_UNSAFE_NAME", name=raw.decode("ascii", "backslashreplace"), reason="encoding")
    return found[-1] if _TWO_BYTES.search(found[0][0]) else found[0]


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _check_name(name: str) -> None:
    """Refuse a name that some system would not keep as it is: absolute, upwards, a device, a stream, blanks or a dot at the
    end of a part, and what Windows forbids."""
    parts = name.removesuffix("/").split("/")
    if _UNSAFE_CHARACTER.search(name):
        reason = "character"
    elif not all(parts) or any(part[-1] in ". " for part in parts):
        reason = "path"
    elif any(len(part) > 255 for part in parts):
        reason = "length"
    elif any(_RESERVED_NAME.match(part) for part in parts):
        reason = "reserved"
    else:
        return
    raise Refused("ZIP_UNSAFE_NAME", name=name, reason=reason)


def _wide(extra: bytes, name: str, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """The three figures, each from the Zip64 extra field where the directory has no room for it."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == 0x0001:
            numbers = [int.from_bytes(body[i : i + 8], "little") for i in range(0, len(body) - 7, 8)]
            figures = [
                numbers.pop(0) if f == 0xFFFFFFFF and numbers else f for f in (size, compressed, header)
            ]
            return figures[0], figures[1], figures[2]
    raise Refused("ZIP_CORRUPT", name=name, reason="zip64")


def _check_overlap(entries: list[_Entry], directory: int) -> None:
    """Entries lie one behind the other before the directory: shared bytes would be inflated once for each of them."""
    previous = 0
    for entry in sorted(entries, key=lambda entry: entry.header):
        if entry.header < previous or entry.end > directory:
            raise Refused("ZIP_OVERLAPPING_ENTRIES", name=entry.name)
        previous = entry.end


def _check_sizes(entries: list[_Entry], limits: Limits) -> None:
    for entry in entries:
        size = entry.size
        if size > limits.zip_entry:
            raise Refused("ZIP_BOMB", name=entry.name, size=size, limit=limits.zip_entry)
        if size > limits.zip_ratio_floor and size > limits.zip_ratio * entry.compressed:
            raise Refused("ZIP_BOMB", name=entry.name, size=size, limit=limits.zip_ratio * entry.compressed)
    total = sum(entry.size for entry in entries)
    if total > limits.zip_total:
        raise Refused("ZIP_BOMB", name="", size=total, limit=limits.zip_total)


def _member(data: bytes, entry: _Entry) -> Member:
    """The entry with its local header read, which has to tell the same name and method."""
    signature, _flags, method, name_length, extra_length = _LOCAL.unpack_from(data, entry.header)
    name_start = entry.header + _LOCAL.size
    if (
        signature != b"PK\x03\x04"
        or method != entry.method
        or data[name_start : name_start + name_length] != entry.raw
    ):
        raise Refused("ZIP_CORRUPT", name=entry.name, reason="header")
    start = name_start + name_length + extra_length
    entry.end = start + entry.compressed
    directory = entry.name.endswith("/")
    return Member(
        entry.name, entry.size, directory, entry.encoding, entry.method, entry.crc, start, entry.end
    )


def _unique(members: tuple[Member, ...]) -> dict[str, Member]:
    folded: dict[str, Member] = {}
    for member in members:
        key = _fold(member.name)
        if key in folded:
            raise Refused("ZIP_DUPLICATE_NAME", name=member.name, other=folded[key].name)
        folded[key] = member
    return folded


def _fold(name: str) -> str:
    """A name as the most careless file system compares it; a directory and a file of one name are the same."""
    name = name.removesuffix("/")
    return (
        name.lower()
        if name.isascii()
        else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    )


def _corrupt(member: Member, reason: str) -> Refused:
    return Refused("ZIP_CORRUPT", name=member.name, reason=reason)
