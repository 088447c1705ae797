"""Binary workbooks (.xls of Excel 5 to 2003, WPS .et) as a ``Book``: the container here, the records in a confined process."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

from fatk import ole
from fatk.errors import Refused
from fatk.gathering import hidden_notices
from fatk.grid import Book, Cell, NumberFormat, Sheet, read_format
from fatk.limits import DEFAULTS, Limits

#: The first bytes of a stream of records without its container, as some programs write it: Excel 5 to 2003, and before.
BARE = (b"\x09\x08\x10\x00", b"\x09\x08\x08\x00")
OLDER = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")

#: By what LibreOffice calls a workbook: of the texts that formulas give it stores 0 where a cell's format is that of numbers.
_LIBREOFFICE = b"Microsoft Excel 97-Tabelle"
_FORMULA = ""  # it is known that there is one, not which
_LIMITS = ("sheets", "cells", "used_area", "merges", "merged_area", "styles", "cell_text", "workbook_text")


def held(data: bytes) -> ole.CompoundFile:
    """The compound file, if it holds a workbook that can be read; ``Refused`` with what else it is, and what to do."""
    found = ole.open_compound(data)
    if found.find("EncryptedPackage", "EncryptionInfo", "\x09DRMContent"):
        raise Refused("ENCRYPTED_WORKBOOK")
    if not found.find("Workbook", "Book"):
        if found.find("PowerPoint Document", "PP40", "Current User"):
            raise Refused("NOT_A_TABLE_PPT")
        raise Refused("OLE_UNKNOWN")
    return found


def read_book(data: bytes, limits: Limits = DEFAULTS) -> Book:
    """The workbook in bytes, with its container or bare; ``Refused`` where it cannot be read."""
    notices: list[tuple[str, str]] = []
    stream, doubtful = data, False
    if data.startswith(ole.SIGNATURE):
        container = held(data)
        notices += _beside(container)
        doubtful = _by_libreoffice(container)
        stream = container.read(container.find("Workbook", "Book") or "")
    from fatk import confined  # starts processes, which few files need

    found = confined.run(
        "fatk.biff:read", stream, {"limits": {name: getattr(limits, name) for name in _LIMITS}}, limits
    )
    try:
        sheets = _sheets(found)
        told = [(str(code), str(detail)) for code, detail in found["notices"]]
        notices += [notice for notice in told if doubtful or notice[0] != "ZERO_OR_TEXT"]
        epoch_1904 = found["epoch_1904"] is True
    except (KeyError, TypeError, ValueError, IndexError):
        raise Refused("READER_CRASHED", status=0) from None
    for sheet in sheets:
        notices += hidden_notices(sheet)
    return Book(sheets, tuple(dict.fromkeys(notices)), epoch_1904)


def _by_libreoffice(container: ole.CompoundFile) -> bool:
    """Whether LibreOffice wrote the file; one whose name for it cannot be read is nobody's."""
    kind = container.find("\x01CompObj")
    try:
        return kind is not None and _LIBREOFFICE in container.read(kind)
    except Refused:
        return False


def _beside(container: ole.CompoundFile) -> list[tuple[str, str]]:
    """Macros and embedded objects, which stand beside the workbook in storages of their own."""
    notices = []
    for path in container.entries:
        if path.upper() in {"_VBA_PROJECT_CUR/", "_VBA_PROJECT/"}:
            notices.append(("MACRO_PRESENT", path.rstrip("/")))
        elif path.upper().startswith("MBD") and path.endswith("/") and path.count("/") == 1:
            notices.append(("EXTERNAL_LINK", path.rstrip("/")))
    return notices


def _sheets(found: Mapping[str, Any]) -> tuple[Sheet, ...]:
    """Sheets from the lists of the confined process; any error of shape means that it did not answer as it should."""
    formats = [read_format(str(code)) for code in found["formats"]]
    return tuple(_sheet(listed, formats) for listed in found["sheets"])


def _sheet(listed: Mapping[str, Any], formats: list[NumberFormat]) -> Sheet:
    places = zip(listed["rows"], listed["columns"], strict=True)
    formulas: dict[int, str] = dict(zip(listed["formulas"], repeat(_FORMULA), strict=False))
    rows: dict[int, dict[int, Cell]] = {}
    before = (-1, -1)
    ordered = True
    for index, (place, text, kind, number) in enumerate(
        zip(places, listed["texts"], listed["kinds"], listed["formats"], strict=True)
    ):
        cell = Cell(str(text), str(kind), formats[number], formulas.get(index))
        rows.setdefault(int(place[0]), {})[int(place[1])] = cell
        ordered = ordered and place > before
        before = place
    if not ordered:
        rows = {row: dict(sorted(line.items())) for row, line in sorted(rows.items())}
    return Sheet(
        str(listed["name"]),
        rows,
        tuple((int(r1), int(c1), int(r2), int(c2)) for r1, c1, r2, c2 in listed["merges"]),
        listed["hidden"] is True,
        frozenset(rows.keys() & listed["hidden_rows"]),
        frozenset(set().union(*rows.values()).intersection(listed["hidden_columns"])),
    )
