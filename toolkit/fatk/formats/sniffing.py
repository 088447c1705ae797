"""What a file is, by its content: never by its name, which people change without changing what is in it."""

from __future__ import annotations

import re

from fatk import archive, decoding, ole, xls
from fatk.errors import Refused
from fatk.limits import Limits

DESCRIPTOR = "datapackage.json"
#: First bytes of what is no report → code of the refusal, which says what to do.
_FOREIGN = (
    *((prefix, "XLS_TOO_OLD") for prefix in xls.OLDER),
    (b"%TSD-Header-###%", "DLP_ENCRYPTED"),
    (b"Rar!", "OTHER_ARCHIVE"),
    (b"7z\xbc\xaf\x27\x1c", "OTHER_ARCHIVE"),
    (b"\x1f\x8b", "OTHER_ARCHIVE"),
    (b"\x89PNG", "NOT_A_TABLE_IMAGE"),
    (b"\xff\xd8\xff", "NOT_A_TABLE_IMAGE"),
    (b"GIF8", "NOT_A_TABLE_IMAGE"),
)
#: How a page may begin that says only later what it is, and how a web archive does.
_HTML = re.compile(rb"<(?:head|meta|body|style|script|title|div|p|center|font|h[1-6]|br|link)[\s/>]")
_MAIL = re.compile(rb"[a-z][a-z-]*:[ \t]")
_MAIL_OF_PAGES = re.compile(rb"^content-type:[ \t]*(?:multipart/related|text/html)", re.MULTILINE)
_OPENDOCUMENT = b"application/vnd.oasis.opendocument"


def sniff(data: bytes, limits: Limits) -> tuple[str, archive.Archive | None]:
    """What the bytes are: their form and, for zips, the archive opened."""
    if not data:
        raise Refused("FILE_EMPTY")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        opened = archive.open_archive(data, limits)
        names = set(opened.names)
        if DESCRIPTOR in names:
            return "zip", opened
        if any(name.startswith("xl/") for name in names):
            if "xl/workbook.bin" in names:
                raise Refused("XLSB_WORKBOOK")
            return "xlsx", opened
        if any(name.startswith("word/") for name in names):
            return "docx", opened
        if any(name.startswith("ppt/") for name in names) or "OFD.xml" in names:
            raise Refused("NOT_A_TABLE_DOCUMENT")
        return _document(opened), opened
    if data.startswith(ole.SIGNATURE):
        from fatk.documents import legacy

        if legacy.held(data):
            return "doc", None
        xls.held(data)
        return "xls", None
    if data.startswith(b"%PDF-"):
        return "pdf", None
    if data.startswith(xls.BARE):
        return "xls", None
    for prefix, code in _FOREIGN:
        if data.startswith(prefix):
            raise Refused(code)
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # a bitmap: its size, then four reserved bytes
        raise Refused("NOT_A_TABLE_IMAGE")
    if archive.has_directory(data):  # whatever the part in front of the archive is
        raise Refused("CONTAINER_PREFIX")
    encoding = decoding.marked(data)
    if encoding in {"utf-16-le", "utf-16-be"}:
        data = data[2:4098].decode(encoding, "replace").encode()
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"{", b"[")):
        return "json", None
    if form := _markup(head, data[:4096]):
        return form, None
    if b"\0" in data[:4096]:
        raise Refused("BINARY_UNKNOWN")
    return "text", None


def _markup(head: bytes, begin: bytes) -> str | None:
    """The form of a spreadsheet that is text with marks, by its beginning with and without what may precede it; or ``None``."""
    lowered = head.lower()
    if lowered.startswith((b"<?xml", b"<")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in begin and b"workbook" in lowered:
            return "xml-2003"
        if b"urn:oasis:names:tc:opendocument:xmlns:office" in begin and b"office:document" in lowered:
            return "ods"
        if _HTML.match(lowered) or any(mark in lowered for mark in (b"<html", b"<table", b"<!doctype html")):
            return "html"
    if lowered.startswith(b"mime-version:") or (
        _MAIL.match(lowered) and _MAIL_OF_PAGES.search(begin.lower())
    ):
        return "mhtml"
    return None


def _document(opened: archive.Archive) -> str:
    """The form of a zip that is no package and no .xlsx: an OpenDocument spreadsheet, else an archive of files; other
    documents are refused."""
    kind = opened.find("mimetype")
    if kind is not None:
        stated = opened.head(kind, 128)
        if stated.startswith(_OPENDOCUMENT + b".spreadsheet"):
            return "ods"
        if stated.startswith(_OPENDOCUMENT):
            raise Refused("NOT_A_TABLE_DOCUMENT")
    elif opened.find("META-INF/manifest.xml") and opened.find("content.xml"):
        return "ods"
    return "archive"
