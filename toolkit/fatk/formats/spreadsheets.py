"""The forms of spreadsheet, each read into a ``Book``: what stands in its cells is understood elsewhere, once for all."""

from __future__ import annotations

from collections.abc import Callable

from fatk.archive import Archive
from fatk.grid import Book
from fatk.limits import Limits
from fatk.reading import without_search_for_cycles


def _xlsx(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import archive, ooxml

    return ooxml.read_workbook(opened or archive.open_archive(data, limits), limits)


def _xls(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import xls

    return xls.read_book(data, limits)


def _ods(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import opendocument

    return opendocument.read_book(data, opened, limits, name)


def _xml_2003(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import officexml

    return officexml.read_book(data, limits, name)


def _html(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import htmltables

    return htmltables.read_book(data, limits, name)


def _mhtml(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import webarchive

    return webarchive.read_book(data, limits, name)


def _text(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Book:
    from fatk import delimited

    return delimited.read_book(data, limits, name)


#: Form → what reads it, from the file's bytes and name and, where it is a zip, from the archive opened.
_READERS: dict[str, Callable[[bytes, Archive | None, Limits, str], Book]] = {
    "xlsx": _xlsx,
    "xls": _xls,
    "ods": _ods,
    "xml-2003": _xml_2003,
    "html": _html,
    "mhtml": _mhtml,
    "text": _text,
}
FORMS = frozenset(_READERS)


@without_search_for_cycles()
def read_book(form: str, data: bytes, opened: Archive | None, limits: Limits, name: str = "") -> Book:
    """The cells of a spreadsheet file of one of the ``FORMS``; ``Refused`` where it cannot be read."""
    return _READERS[form](data, opened, limits, name)
