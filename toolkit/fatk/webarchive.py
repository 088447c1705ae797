"""Web archives (MHTML, Excel's “single file web page”), mostly met under the name .xls, as a ``Book``.

An archive is a mail whose parts are pages. Excel puts every sheet on a page of its own, names them on the first, and has
their number formats in a style sheet. Parts are only looked at here: no address in them is followed.
"""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from urllib.parse import unquote

from fatk.errors import Refused
from fatk.grid import Book
from fatk.htmltables import Page, read_pages
from fatk.limits import Limits
from fatk.markup import decode_page

_HEADER = 1 << 16
_HEADER_END = re.compile(rb"\r?\n\r?\n")
#: Parts stand within parts no deeper in any archive.
_DEPTH = 2
_PAGES = {"text/html", "application/xhtml+xml"}
_WORKSHEET, _WORKSHEET_END = "<x:ExcelWorksheet>", "</x:ExcelWorksheet>"
_NAME = re.compile(r"<x:Name>([^<]*)</x:Name>")
_SOURCE = re.compile(r"<x:WorksheetSource\s+HRef=[\"']([^\"']*)[\"']")
_HIDDEN = re.compile(r"<x:Visible>\s*Sheet(?:Very)?Hidden")
#: The page on which Excel draws the tabs of its sheets.
_TABS = "tabstrip."


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an archive: what it is, where it was, and its bytes."""

    kind: str
    charset: str | None
    location: str
    data: bytes


def read_book(data: bytes, limits: Limits, name: str = "") -> Book:
    """The tables of all pages of a web archive, in the order in which it names them; ``Refused`` where it is broken."""
    parts = list(_parts(data, limits, name, 0))
    pages: list[Page] = []
    decided: dict[str, str] = {}
    for part in parts:
        if part.kind in _PAGES and not part.location.startswith(_TABS):
            decoded = decode_page(part.data, part.location or name, part.charset)
            pages.append(Page(part.location or name, decoded.text))
            if not decoded.stated:
                decided[part.location or name] = decoded.encoding
    named: dict[str, tuple[int, str, bool]] = {}
    for page in pages:
        for begun in page.text.split(_WORKSHEET, limits.sheets + 1)[1:]:
            block = begun.partition(_WORKSHEET_END)[0]
            called, source = _NAME.search(block), _SOURCE.search(block)
            if called and source:
                hidden = _HIDDEN.search(block) is not None
                named.setdefault(_last(source[1]), (len(named), html.unescape(called[1]).strip(), hidden))
    pages = [
        replace(page, sheet=named[page.name][1], hidden=named[page.name][2]) if page.name in named else page
        for page in pages
    ]
    pages.sort(key=lambda page: named[page.name][0] if page.name in named else -1)
    styles = [
        decode_page(part.data, part.location or name, part.charset).text
        for part in parts
        if part.kind == "text/css"
    ]
    book = read_pages(pages, styles, limits)
    told = tuple(("TEXT_READ_AS", f"{place}: {encoding}") for place, encoding in decided.items())
    return replace(book, notices=(*book.notices, *told))


def _parts(data: bytes, limits: Limits, name: str, depth: int) -> Iterator[_Part]:
    """The parts of an archive that hold none themselves, in their order."""
    found = _HEADER_END.search(data, 0, _HEADER)
    head = data[: found.start()] if found else data[:_HEADER]
    if found is None:
        raise Refused("MHTML_MALFORMED", path=name, reason="header")
    header = BytesHeaderParser().parsebytes(head)
    boundary = header.get_boundary()
    if header.get_content_maintype() == "multipart":
        if not boundary or depth == _DEPTH:
            raise Refused("MHTML_MALFORMED", path=name, reason="boundary" if boundary is None else "depth")
        delimiter = b"--" + boundary.encode("ascii", "replace")
        pieces = (b"\n" + data[found.end() :]).split(b"\n" + delimiter, limits.zip_entries + 1)
        if len(pieces) > limits.zip_entries:
            raise Refused("MHTML_MALFORMED", path=name, reason="parts")
        for piece in pieces[1:]:
            if piece.startswith(b"--"):
                return
            _, _, part = piece.partition(b"\n")
            yield from _parts(part, limits, name, depth + 1)
        raise Refused("MHTML_MALFORMED", path=name, reason="end")
    location = str(header.get("Content-Location") or "")
    body = _body(data[found.end() :], str(header.get("Content-Transfer-Encoding") or ""), name)
    yield _Part(header.get_content_type(), header.get_content_charset(), _last(location), body)


def _body(data: bytes, encoding: str, name: str) -> bytes:
    """The bytes of a part as they were before they were made fit for mail."""
    kind = encoding.strip().lower()
    if kind == "base64":
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            raise Refused("MHTML_MALFORMED", path=name, reason="base64") from None
    return binascii.a2b_qp(data) if kind == "quoted-printable" else data


def _last(address: str) -> str:
    """The last step of an address, in lower case; it is compared and never followed."""
    return re.split(r"[/\\]", unquote(address.strip()))[-1].lower()
