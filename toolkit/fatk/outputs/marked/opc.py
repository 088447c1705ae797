"""The parts of an Office Open XML file (ECMA-376 part 2), to be changed without touching those that stay.

A part that is not changed is copied as it is compressed, byte for byte; one that is changed or new is stored, so that the
same workbook and changes are the same bytes whatever compressor a machine has. Every entry has the same fixed date.
"""

from __future__ import annotations

import posixpath
import struct
import zlib
from html import escape
from typing import NamedTuple

from fatk.archive import Archive
from fatk.errors import Refused
from fatk.limits import Limits
from fatk.outputs.marked.splice import Change, elements

RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT_TYPES = "[Content_Types].xml"
_EMPTY_RELATIONSHIPS = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
)
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_UTF8_NAME = 0x0800
_DATE = 1 << 5 | 1  # 1980-01-01, the first that a zip can state


class Relation(NamedTuple):
    """A relationship: the last word of its type, and the part that it leads to (as it stands where external)."""

    kind: str
    target: str
    external: bool


class Parts:
    """The parts of an opened file, and what becomes of them."""

    def __init__(self, data: bytes, archive: Archive, limits: Limits) -> None:
        self.data, self.archive, self.limits = data, archive, limits
        self.changed: dict[str, bytes] = {}
        self.added: dict[str, bytes] = {}
        self.types: list[str] = []

    def find(self, name: str) -> str | None:
        """The name of a part as it is written, letter case aside; ``None`` where there is none."""
        if name in self.added:
            return name
        member = self.archive.find(name)
        return None if member is None or member.directory else member.name

    def get(self, name: str) -> bytes:
        """A part as it is by now; ``Refused`` where there is none."""
        found = self.find(name)
        if found is None:
            raise Refused("XLSX_PART_MISSING", part=name)
        for held in (self.added, self.changed):
            if found in held:
                return held[found]
        member = self.archive.find(found)
        if member is None:
            raise Refused("XLSX_PART_MISSING", part=name)
        return self.archive.read(member)

    def put(self, name: str, data: bytes) -> None:
        """Give a part other bytes, or make it."""
        found = self.find(name)
        (self.added if found is None or found in self.added else self.changed)[found or name] = data

    def add(self, pattern: str, data: bytes, content_type: str | None = None) -> str:
        """A new part, numbered so that its name is free (``xl/comments{}.xml``), with its content type if it is not that
        of all parts of its extension."""
        number = 1
        while self.find(pattern.format(number)) is not None:
            number += 1
        name = pattern.format(number)
        self.put(name, data)
        if content_type is not None:
            self.types.append(f'<Override PartName="/{name}" ContentType="{content_type}"/>')
        return name

    def default(self, extension: str, content_type: str) -> None:
        """Give all parts of an extension a content type, unless they have one."""
        _, found = elements(self.get(CONTENT_TYPES), CONTENT_TYPES, self.limits, {"Default"})
        said = f'<Default Extension="{extension}" ContentType="{content_type}"/>'
        if said not in self.types and all(
            e.attributes.get("Extension", "").lower() != extension for e in found
        ):
            self.types.insert(0, said)

    def relations(self, part: str) -> dict[str, Relation]:
        """Relationships of a part (of the file itself: ``""``) by their id."""
        name = self.find(_relationships_of(part))
        if name is None:
            return {}
        _, found = elements(self.get(name), name, self.limits, {"Relationship"})
        relations = {}
        for element in found:
            said = element.attributes
            external = said.get("TargetMode") == "External"
            target = said.get("Target", "")
            if not external:
                folder = posixpath.dirname(part)
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            relations[said.get("Id", "")] = Relation(
                said.get("Type", "").rpartition("/")[2], target, external
            )
        return relations

    def relate(self, part: str, kind: str, target: str) -> str:
        """Relate a part to another; the id of the relationship."""
        known = self.relations(part)
        number = len(known) + 1
        while f"rId{number}" in known:
            number += 1
        name = self.find(_relationships_of(part)) or _relationships_of(part)
        data = self.get(name) if self.find(name) else _EMPTY_RELATIONSHIPS
        root, _ = elements(data, name, self.limits, ())
        relative = posixpath.relpath("/" + target, "/" + posixpath.dirname(part))
        change = Change(data)
        change.append(
            root.element,
            f'<{root.prefix}Relationship Id="rId{number}" Type="{RELATIONSHIPS}/{kind}" '
            f'Target="{escape(relative)}"/>'.encode(),
        )
        self.put(name, change.done())
        return f"rId{number}"

    def done(self) -> bytes:
        """The file with its changes."""
        if self.types:
            data = self.get(CONTENT_TYPES)
            root, _ = elements(data, CONTENT_TYPES, self.limits, ())
            change = Change(data)
            change.append(root.element, "".join(self.types).replace("<", f"<{root.prefix}").encode())
            self.put(CONTENT_TYPES, change.done())
        entries = []
        for member in self.archive.members:
            if member.name in self.changed:
                entries.append(_stored(member.name, self.changed[member.name]))
            else:
                raw = self.data[member.start : member.end]
                entries.append(_Entry(member.name, member.method, member.crc, member.size, raw))
        entries += [_stored(name, data) for name, data in self.added.items()]
        return _zip(entries)


def _relationships_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", name + ".rels")


class _Entry(NamedTuple):
    name: str
    method: int
    crc: int
    size: int
    raw: bytes


def _stored(name: str, data: bytes) -> _Entry:
    return _Entry(name, 0, zlib.crc32(data), len(data), data)


def _zip(entries: list[_Entry]) -> bytes:
    """A zip archive (PKWARE APPNOTE 6.3.10, 4.3.6); far below the sizes that need its 64-bit form."""
    files: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for entry in entries:
        name = entry.name.encode()
        flags = 0 if name.isascii() else _UTF8_NAME
        sizes = (entry.crc, len(entry.raw), entry.size)
        local = _LOCAL.pack(b"PK\x03\x04", 20, flags, entry.method, 0, _DATE, *sizes, len(name), 0)
        files += (local, name, entry.raw)
        directory += (
            _CENTRAL.pack(
                b"PK\x01\x02", 20, 20, flags, entry.method, 0, _DATE, *sizes, len(name), 0, 0, 0, 0, 0, at
            ),
            name,
        )
        at += len(local) + len(name) + len(entry.raw)
    size = sum(map(len, directory))
    return b"".join(
        (*files, *directory, _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), size, at, 0))
    )
