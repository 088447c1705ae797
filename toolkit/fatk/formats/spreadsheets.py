"""The forms of spreadsheet, each read into a ``Book``: what stands in its cells is understood elsewhere, once for all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fatk.archive import Archive
from fatk.grid import Book
from fatk.limits import Limits


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


def read_book(form: str, data: bytes, opened: Archive | None, limits: Limits, name: str = "") -> Book:
    """The cells of a spreadsheet file of one of the ``FORMS``; ``Refused`` where it cannot be read."""
    with _no_search_for_cycles():
        return _READERS[form](data, opened, limits, name)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Cells are in no cycles, and each search walks over all that were made: a row of many would cost more than one of few."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()
