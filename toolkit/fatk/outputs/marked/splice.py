"""Changing an XML part where it has to be changed and leaving every other byte as it is.

Elements are found by expat with the offsets of their markup; changes are put in at offsets. Nothing is parsed and written
again, so that what an office program wrote for itself, prefixes, order, blanks and extensions, stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple
from xml.parsers import expat

from fatk.errors import Refused
from fatk.limits import Limits

_TAG = re.compile(rb"<(/?[^\s/>]++)(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_NUMBER = re.compile("[0-9]{1,9}")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")


@dataclass(slots=True)
class Element:
    """An element: its path of local names from the root (``sheetData/row``), its attributes, where its start tag, its
    content and it itself end, whether it is a single tag, and the nearest element around it that was wanted too. Names of
    foreign namespaces begin with ``~``; attributes that have one hold it (``uri name``)."""

    path: str
    attributes: dict[str, str]
    start: int
    opened: int
    empty: bool
    inner: int = 0
    end: int = 0
    inside: Element | None = None

    def number(self, name: str) -> int:
        """The count or index that an attribute states; 0 where it states none."""
        text = self.attributes.get(name, "").strip()
        return int(text) if _NUMBER.fullmatch(text) else 0


class Root(NamedTuple):
    """The root element of a part: its namespace, and its prefix with a colon, if it has one."""

    namespace: str
    prefix: str
    element: Element


@dataclass(slots=True)
class Change:
    """Changes to the bytes of a part, gathered and then made at once."""

    data: bytes
    edits: list[tuple[int, int, bytes]] = field(default_factory=list)

    def replace(self, start: int, end: int, text: bytes) -> None:
        """Put ``text`` in the place of some bytes; of several insertions at one place the first comes first."""
        self.edits.append((start, end, text))

    def append(self, element: Element, markup: bytes) -> None:
        """Put markup at the end of an element's content."""
        if element.empty:
            tag = self.data[element.start : element.opened]
            name = tag_name(tag)
            self.replace(element.opened - 2, element.opened, b">" + markup + b"</" + name + b">")
        else:
            self.replace(element.inner, element.inner, markup)

    def attribute(self, element: Element, name: str, value: str) -> None:
        """Set an attribute without a prefix."""
        tag = self.data[element.start : element.opened]
        self.replace(element.start, element.opened, with_attribute(tag, name, value))

    def done(self) -> bytes:
        """The changed part."""
        parts: list[bytes] = []
        at = 0
        for start, end, text in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += (self.data[at:start], text)
            at = end
        return b"".join((*parts, self.data[at:]))


def tag_name(tag: bytes) -> bytes:
    """The name in a start tag, with its prefix."""
    match = _TAG.match(tag)
    return match[1] if match else b""


def with_attribute(tag: bytes, name: str, value: str | None) -> bytes:
    """A start tag with an attribute set, or without it where ``value`` is ``None``."""
    wanted = name.encode()
    said = b"" if value is None else b" " + wanted + b'="' + escape(value).encode() + b'"'
    for match in _ATTRIBUTE.finditer(tag, 1 + len(tag_name(tag))):
        if match[1] == wanted:
            return tag[: match.start()] + said + tag[match.end() :]
    cut = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:cut].rstrip() + said + tag[cut:]


def elements(
    data: bytes,
    part: str,
    limits: Limits,
    wanted: Collection[str] | Callable[[str, dict[str, str], int], bool],
) -> tuple[Root, list[Element]]:
    """The root of a part and the elements wanted, by path or by what is said of path, attributes and offset."""
    chosen = wanted if callable(wanted) else lambda path, _attributes, _offset: path in wanted
    found: list[Element] = []
    open_: list[tuple[str, Element | None]] = []
    space = prefix = ""
    root: Element | None = None
    parser = expat.ParserCreate("utf-8", " ")

    def opened(path: str, attributes: dict[str, str], start: int) -> Element:
        match = _TAG.match(data, start)
        if match is None:
            raise Refused("XML_MALFORMED", part=part, reason="tag")
        return Element(path, attributes, start, match.end(), match[0].endswith(b"/>"))

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal space, prefix, root
        start = parser.CurrentByteIndex
        namespace, _, local = name.rpartition(" ")
        if root is None:
            root = opened("", attributes, start)
            space = namespace
            prefix = tag_name(data[start : root.opened]).decode().rpartition(":")[0]
            open_.append(("", root))
            return
        if len(open_) > limits.xml_depth:
            raise Refused("XML_TOO_COMPLEX", part=part, limit=limits.xml_depth)
        local = local if namespace == space else f"~{local}"
        above = open_[-1][0]
        path = f"{above}/{local}" if above else local
        element = None
        if chosen(path, attributes, start):
            element = opened(path, attributes, start)
            element.inside = next((e for _, e in reversed(open_) if e is not None), None)
            found.append(element)
            if len(found) > limits.cells:
                raise Refused("XML_TOO_COMPLEX", part=part, limit=limits.cells)
        open_.append((path, element))

    def finish(_name: str) -> None:
        _, element = open_.pop()
        if element is not None:
            element.inner = element.opened if element.empty else parser.CurrentByteIndex
            match = None if element.empty else _TAG.match(data, element.inner)
            element.end = match.end() if match else element.opened

    def forbidden(*_: object) -> None:
        raise Refused("XML_DTD_FORBIDDEN", part=part)

    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    parser.StartDoctypeDeclHandler = forbidden
    if data[:2] in {b"\xfe\xff", b"\xff\xfe"} or b"\0" in data[:4]:
        raise Refused("XML_ENCODING", part=part, encoding="utf-16")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refused("XML_MALFORMED", part=part, reason=expat.ErrorString(error.code)) from None
    if root is None:
        raise Refused("XML_MALFORMED", part=part, reason="root")
    return Root(space, f"{prefix}:" if prefix else "", root), found


def by_path(found: Iterable[Element]) -> dict[str, Element]:
    """The first element of each path."""
    first: dict[str, Element] = {}
    for element in found:
        first.setdefault(element.path, element)
    return first
