"""The forms of document, each read into a ``Document`` and, but for some, written from one; what the text means is understood
elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable

from fatk import decoding
from fatk.archive import Archive
from fatk.document import Document
from fatk.errors import Refused
from fatk.limits import Limits
from fatk.markup import decode_page


def _docx(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import word

    return word.read(data, opened, limits, name)


def _doc(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import legacy

    return legacy.read(data, opened, limits, name)


def _pdf(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import pdf

    return pdf.read(data, limits, name)


def _html(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import hypertext

    return hypertext.read(data, opened, limits, name)


def _md(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import markdown

    return markdown.read(data, opened, limits, name)


def _txt(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    from fatk.documents import plain

    return plain.read(data, opened, limits, name)


#: Form → what reads it, from the file's bytes and name and, where it is a zip, from the archive opened.
_READERS: dict[str, Callable[[bytes, Archive | None, Limits, str], Document]] = {
    "docx": _docx,
    "doc": _doc,
    "pdf": _pdf,
    "html": _html,
    "md": _md,
    "txt": _txt,
}
#: Forms that hold documents and nothing else; a page or a text may as well be a spreadsheet.
DOCUMENTS = frozenset({"docx", "doc", "pdf"})
WRITTEN = ("docx", "html", "md", "txt")

#: What a text has somewhere that may be a narrative: figures with their unit in sentences.
_SENTENCES = re.compile(
    r"[0-9][ \u3000]*(?:万元|元|%)[^\n]{0,200}。|。[^\n]{0,200}[0-9][ \u3000]*(?:万元|元|%)"
)
_SAYS_SO = re.compile(r"决算|“三公”|财政拨款")
_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
_LOOKED_AT = 400_000


def read(form: str, data: bytes, opened: Archive | None, limits: Limits, name: str = "") -> Document:
    """The document in a file of one of the forms; ``Refused`` where it cannot be read."""
    return _READERS[form](data, opened, limits, name)


def prose_form(form: str, data: bytes, name: str) -> str | None:
    """The form of document that a page or a text is, if it has sentences with figures; ``None`` where it can only hold tables.

    Content decides. Of a text, Markdown is what has its headings.
    """
    try:
        decoded = decoding.decode(data, name, paged=True) if form == "text" else decode_page(data, name)
    except Refused:
        return None
    text = decoded.text[:_LOOKED_AT]
    if form == "html":
        text = re.sub(r"<[^<>]*>", "", text)
    if not (_SAYS_SO.search(text) and _SENTENCES.search(text)):
        return None
    return "html" if form == "html" else "md" if _HEADING.search(text) else "txt"


def write(form: str, document: Document) -> bytes:
    """A document as the bytes of a file of one of the forms that are written."""
    if form == "docx":
        from fatk.documents import wordwriting

        return wordwriting.write(document)
    if form == "html":
        from fatk.documents import hypertext

        return hypertext.write(document)
    if form == "md":
        from fatk.documents import markdown

        return markdown.write(document)
    from fatk.documents import plain

    return plain.write(document)
