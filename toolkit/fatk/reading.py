"""What reading a file yields: the report, what was noticed on the way, and where everything stood."""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from fatk.errors import Refused
from fatk.findings import CellRef, Finding, Places, notify, nowhere
from fatk.model import Report, Row, build, row_name
from fatk.spec import Spec, Table
from fatk.values import Value

Place = TypeVar("Place")


class RowPlaces(Generic[Place]):
    """Where each row of a source stands, by its table and name; rows of one name stand in the order of the source.

    They are put in the order of names when the first is looked for: of most readings no place is ever asked.
    """

    def __init__(self) -> None:
        self._added: list[tuple[Table, Row, Place]] = []
        self._by_name: dict[tuple[str, str], list[Place]] | None = None

    def add(self, table: Table, row: Row, place: Place) -> None:
        """Keep the place of a row, before any is looked for."""
        self._added.append((table, row, place))

    def find(self, table: str, row: str, again: int) -> Place | None:
        """The place of a row; ``again`` is how many of that name stand before it."""
        if self._by_name is None:
            self._by_name = self._in_order()
        named = self._by_name.get((table, row), [])
        return named[again] if again < len(named) else None

    def _in_order(self) -> dict[tuple[str, str], list[Place]]:
        """By table and name; a row that is wholly blank is none of a report, unless its table has no other."""
        found: dict[tuple[str, str], list[Place]] = {}
        for table, row, place in self._added:
            if table.single or any(value is not None for value in row):
                found.setdefault((table.id, row_name(table, row)), []).append(place)
        return found


#: How sure it is what a figure may be.
LIKELY: Final = "likely"
POSSIBLE: Final = "possible"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A figure of a text that was not understood, and what it may be: paths of the narrative, the likeliest first.

    It is no part of the report: nothing uncertain passes as a fact.
    """

    paths: tuple[str, ...]
    value: Value
    unit: str | None
    printed: str
    label: str
    certainty: str
    location: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph of a document that was read: its text, the level of a heading (0: none), and what it states.

    A statement is from which character to which of the text, the path of the narrative, and the row of ``claims`` that keeps
    it, where one does.
    """

    text: str
    level: int
    stated: tuple[tuple[int, int, str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One source read. Cells are counted, so that nothing can be lost unnoticed: what is neither mapped, nor kept under
    ``extras``, nor named in a finding is ``unaccounted_cells``. ``newer``: the source follows a later minor version. ``proposals`` are what figures may be that
    were not understood. ``passages`` is the text of a document, as it stands there."""

    report: Report
    findings: tuple[Finding, ...] = ()
    places: Places = nowhere
    form: str = ""
    path: str = ""
    sha256: str = ""
    edition_certainty: str = "certain"
    source_cells: int = 0
    unaccounted_cells: int = 0
    newer: bool = False
    proposals: tuple[Proposal, ...] = ()
    passages: tuple[Passage, ...] = ()


def check_version(version: Any, spec: Spec) -> None:
    """Refuse a report of another major version of the standard; one that states none is read as this version."""
    if isinstance(version, str) and version.split(".")[0] != spec.version.split(".")[0]:
        raise Refused("SPEC_VERSION", found=version, supported=spec.version)


def settled(reading: Reading) -> Reading:
    """A reading of a report of a later minor version becomes one of this version: what is unknown is under ``extras``
    already, so the report says truthfully what it follows now."""
    spec = reading.report.spec
    found = reading.report.one("report").get("spec_version")
    if (
        not isinstance(found, str)
        or not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", found)
        or _minor(found) <= _minor(spec.version)
    ):
        return reading
    position = spec.tables["report"].position["spec_version"]
    rows = tuple(
        (*row[:position], spec.version, *row[position + 1 :]) for row in reading.report.rows("report")
    )
    cell = CellRef("report", "*", "spec_version", value=found)
    return replace(
        reading, newer=True, report=build(spec, {**reading.report.tables, "report": rows}),
        findings=(*reading.findings, notify("READ-50", cell, found=found, supported=spec.version)),
    )  # fmt: skip


def _minor(version: str) -> tuple[int, int]:
    major, minor, _patch = version.split(".")
    return int(major), int(minor)


def sha256(data: bytes) -> str:
    """SHA-256 of bytes in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def with_source(reading: Reading, path: str, digest: str, form: str) -> Reading:
    """The reading with the file that it came from: its path, the SHA-256 of its content, what it is."""
    return replace(reading, path=path, sha256=digest, form=form)


@contextmanager
def without_search_for_cycles() -> Iterator[None]:
    """While a file is read, do not look for cycles: cells and rows are in none, and each search walks over all that were made
    so far, so that a row of many would cost more than one of few. Also a decorator."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()
