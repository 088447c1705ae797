"""XML from strangers, read by expat without a tree: no document type, no entity of the file's own, nothing without a bound.

Memory does not grow with the length of a document, and only expat itself tells how long an unfinished tag is and how many
names it had to keep. What is refused is refused as a whole; ``part`` names it for people.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final
from xml.parsers import expat

from fatk import decoding
from fatk.archive import Archive
from fatk.errors import Refused
from fatk.limits import Limits

_ENCODINGS: Final = {"utf-8", "utf8", "us-ascii", "ascii"}
_UTF16_MARKS: Final = {b"\xfe\xff", b"\xff\xfe"}
#: How much of a part that is not parsed is looked at for the beginning of its root element, before which a document type stands.
_HEAD: Final = 4096
_ROOT_FIRST: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>(?:\s+|<\?(?>.*?\?>)|<!--(?>.*?-->))*)<[^!?]", re.DOTALL
)
_DECLARATION: Final = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z0-9._-]{1,40})["']"""
)
_PIECE: Final = 1 << 18

Attributes = dict[str, str]
#: Turns the local name of an element of the root's namespace into the one that expat reports.
Qualify = Callable[[str], str]


class Parse:
    """Expat at work on one document. It refuses document types and every encoding but UTF-8, declared or marked.

    ``transcoded``: the bytes were made UTF-8 on the way, so that what the document declares does not count.
    """

    __slots__ = (
        "between",
        "elements",
        "fed",
        "limits",
        "marked",
        "names",
        "parser",
        "part",
        "prefixes",
        "take",
        "transcoded",
    )

    def __init__(self, part: str, limits: Limits, *, transcoded: bool = False) -> None:
        self.part, self.limits, self.transcoded = part, limits, transcoded
        self.names: dict[str, str] = {}  # of elements and attributes; expat keeps every one that it meets
        self.parser = expat.ParserCreate("utf-8", " ", self.names)
        self.prefixes: set[str] = set()  # of namespaces, declared at the root
        self.parser.buffer_text = True
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.fed = 0  # bytes
        self.elements = 0  # as far as the handlers count them
        self.marked = -1  # offset of the mark behind which the first piece was parted
        self.take: Callable[[bytes], bytes] = _whole  # may read part of a piece in another way
        self.between: Callable[[], None] = _nothing  # called after every piece

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS and not self.transcoded:
            raise Refused("XML_ENCODING", part=self.part, encoding=encoding)

    def _namespace(self, prefix: str | None, _uri: str) -> None:
        if prefix is not None:
            self.prefixes.add(prefix)

    def _document_type(self, *_: object) -> None:
        raise Refused("XML_DTD_FORBIDDEN", part=self.part)

    def feed(self, data: bytes) -> None:
        """Let expat read on."""
        # Told to read UTF-8, expat still follows a mark of UTF-16.
        if not self.fed and (data[:2] in _UTF16_MARKS or b"\0" in data[:4]):
            raise Refused("XML_ENCODING", part=self.part, encoding="utf-16")
        self.parser.Parse(data, False)
        self.fed += len(data)

    @property
    def settled(self) -> bool:
        """Whether expat has dealt with all that it was fed, so that it is inside no tag and no comment."""
        return self.parser.CurrentByteIndex == self.fed

    def check(self) -> None:
        """Refuse what would cost expat too much: it looks at a tag or comment without end again with every piece."""
        waiting = self.fed - self.parser.CurrentByteIndex
        limits = self.limits
        if (
            waiting > limits.xml_markup
            or len(self.names) > limits.xml_names
            or self.elements > limits.xml_elements
        ):
            raise Refused("XML_TOO_COMPLEX", part=self.part)
        self.between()


#: Sets the handlers of a parse that has met the document's root element.
Begin = Callable[[Parse, Qualify], None]


def parse(
    part: str,
    pieces: Iterable[bytes],
    limits: Limits,
    root: str,
    namespaces: frozenset[str],
    begin: Begin,
    *,
    mark: bytes = b"",
    transcoded: bool = False,
) -> None:
    """Run expat over a document whose root element has to be ``root`` in one of the namespaces; there ``begin`` is called to
    set the handlers. It is fed piece by piece, and the first piece in two, parted behind ``mark``."""
    at_work = Parse(part, limits, transcoded=transcoded)

    def first(name: str, attributes: Attributes) -> None:
        space, _, local = name.rpartition(" ")
        if local != root or space not in namespaces:
            raise Refused("XLSX_WRONG_PART", part=part, expected=root, found=name)
        at_work.parser.StartElementHandler = None
        at_work.parser.StartNamespaceDeclHandler = None
        begin(at_work, f"{space} ".__add__)

    at_work.parser.StartElementHandler = first
    try:
        for piece in pieces:
            rest = piece
            if mark and not at_work.fed:
                head, found, rest = piece.partition(mark)
                at_work.marked = len(head) if found else -1
                at_work.feed(head + found)
            at_work.feed(at_work.take(rest))
            at_work.check()
        at_work.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Refused("XML_MALFORMED", part=part, reason=expat.ErrorString(error.code)) from None


def parse_file(
    data: bytes, name: str, limits: Limits, root: str, namespaces: frozenset[str], begin: Begin
) -> None:
    """Run expat over a document that is a file of its own, and so may be in UTF-16 with its mark, or in GB18030 as it declares."""
    declared = _DECLARATION.match(data)
    encoding = (
        decoding.marked(data) or (decoding.known(declared[1].decode()) if declared else None) or "utf-8"
    )
    transcoded = encoding != "utf-8"
    pieces: Iterable[bytes] = (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
    if transcoded:
        pieces = _utf8(pieces, name, encoding)
    parse(name, pieces, limits, root, namespaces, begin, transcoded=transcoded)


def refuse_document_types(archive: Archive, parsed: Collection[str]) -> None:
    """Refuse a document type in an XML part that was not parsed here too: others will parse it."""
    for member in archive.members:
        if member.name not in parsed and member.name.lower().endswith((".xml", ".rels", ".vml", ".rdf")):
            head = archive.head(member, _HEAD)
            if head[:2] in _UTF16_MARKS:
                head = head.decode("utf-16", "ignore").encode()
            if not _ROOT_FIRST.match(head) and (b"<!" in head or member.size > _HEAD):
                raise Refused("XML_DTD_FORBIDDEN", part=member.name)


def _utf8(pieces: Iterable[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    try:
        for piece in pieces:
            yield decoder.decode(piece).removeprefix("" if read else "\ufeff").encode()
            read += len(piece)
        yield decoder.decode(b"", True).encode()
    except UnicodeDecodeError as error:
        raise Refused("TEXT_ENCODING", path=name, byte=read + error.start) from None


def _whole(data: bytes) -> bytes:
    return data


def _nothing() -> None:
    pass
