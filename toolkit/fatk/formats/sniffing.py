"""What a file is, by its content: never by its name, which people change without changing what is in it."""

from __future__ import annotations

from fatk import archive, decoding
from fatk.errors import Refused
from fatk.limits import Limits

DESCRIPTOR = "datapackage.json"
#: First bytes of what is no report → code of the refusal, which says what to do.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE_WORKBOOK"),
    (b"%PDF-", "NOT_A_TABLE_PDF"),
    (b"%TSD-Header-###%", "DLP_ENCRYPTED"),
    (b"Rar!", "OTHER_ARCHIVE"),
    (b"7z\xbc\xaf\x27\x1c", "OTHER_ARCHIVE"),
    (b"\x1f\x8b", "OTHER_ARCHIVE"),
    (b"\x89PNG", "NOT_A_TABLE_IMAGE"),
    (b"\xff\xd8\xff", "NOT_A_TABLE_IMAGE"),
    (b"GIF8", "NOT_A_TABLE_IMAGE"),
    (b"MIME-Version", "MHTML_AS_XLS"),
)


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
        if any(name.startswith(("word/", "ppt/")) for name in names) or "OFD.xml" in names:
            raise Refused("NOT_A_TABLE_DOCUMENT")
        if "mimetype" in names:
            raise Refused("OPENDOCUMENT")
        raise Refused("ZIP_NO_REPORT")
    for prefix, code in _FOREIGN:
        if data.startswith(prefix):
            raise Refused(code)
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # a bitmap: its size, then four reserved bytes
        raise Refused("NOT_A_TABLE_IMAGE")
    encoding = decoding.marked(data)
    if encoding in {"utf-16-le", "utf-16-be"}:
        data = data[2:4098].decode(encoding, "replace").encode()
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"{", b"[")):
        return "json", None
    lowered = head[:512].lower()
    if lowered.startswith(b"<?xml") and b"office:spreadsheet" in data[:2048]:
        raise Refused("SPREADSHEETML_2003")
    if any(mark in lowered for mark in (b"<html", b"<table", b"<!doctype html")):
        raise Refused("HTML_AS_XLS")
    if archive.has_directory(data):
        raise Refused("CONTAINER_PREFIX")
    if b"\0" in data[:4096]:
        raise Refused("BINARY_UNKNOWN")
    return "text", None
