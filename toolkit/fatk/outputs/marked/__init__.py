"""A copy of the clerk's own workbook with the faults marked in it: coloured cells, comments, and a first sheet that lists them.

Nothing is written anew but what has to change: cells get a style that is their own with another fill, comments are added
to those that are there, and a sheet comes first. Formulas, values, macros, pictures and settings stay byte for byte, and
no text of ours is a formula. What cannot be done without harm is refused, or left out and told on the sheet.

The copy is for looking at. A hidden name of its first sheet, ``_fatk_results``, says that it is one, so that whoever reads
it leaves the sheet out. Such a copy is not marked again: faults that were mended in it would still be coloured.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fatk.archive import open_archive
from fatk.check import Result
from fatk.errors import Refused, WouldLose
from fatk.findings import Finding
from fatk.grid import Range
from fatk.limits import DEFAULTS, Limits
from fatk.ooxml import RESULTS_NAME, read_workbook
from fatk.outputs import cells_of
from fatk.outputs.marked import comments, page
from fatk.outputs.marked.cells import TRUE, Sheet, Styles
from fatk.outputs.marked.opc import CONTENT_TYPES, RELATIONSHIPS, Parts
from fatk.outputs.marked.splice import Change, Element, elements, with_attribute
from fatk.outputs.marked.words import MAIN, TYPES, WORDS, Mark, place_in


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked copy: its bytes, how many cells are coloured, and what was left out, as sentences. ``suffix`` is the one
    that Excel opens it under: a workbook with macros has its own."""

    data: bytes
    cells: int
    notes: tuple[str, ...]
    suffix: str


def write(
    result: Result,
    data: bytes,
    version: str,
    spec_version: str,
    *,
    language: str = "zh",
    limits: Limits = DEFAULTS,
) -> Marked:
    """The workbook that a result is of, marked; ``data`` are its bytes.

    ``Refused`` where the source is no workbook, is another than that of the result, or is a marked copy already;
    ``WouldLose`` where marking would break it: it is signed, shared, or written in a way that is not understood.
    """
    words = WORDS[language]
    reading = result.reading
    if reading.form != "xlsx":
        raise Refused("MARKED_NOT_XLSX", path=reading.path, form=reading.form)
    if reading.sha256 and hashlib.sha256(data).hexdigest() != reading.sha256:
        raise Refused("MARKED_OTHER_FILE", path=reading.path)
    archive = open_archive(data, limits)
    sheets = read_workbook(archive, limits).sheets
    for name in archive.names:
        if name.lower().startswith(("_xmlsignatures/", "xl/revisions/")):
            raise WouldLose("MARKED_UNSAFE", path=reading.path, part=name)
    parts = Parts(data, archive, limits)
    book = _Book(parts)
    styles = Styles(parts, book.part)
    merges = {sheet.name: sheet.merges for sheet in sheets}
    marks = _marks(result, merges)
    notes: list[str] = []
    for name, part in zip(merges, book.worksheets, strict=True):
        _mark(parts, part, name, marks.get(name, {}), styles, notes, language)
    for part in book.other_sheets:
        _mark(parts, part, "", {}, styles, notes, language)
    listed = page.Page(styles, merges, language).write(result, notes, version, spec_version)
    part = parts.add("xl/worksheets/sheet{}.xml", listed, f"{TYPES}.spreadsheetml.worksheet+xml")
    book.insert(part, words["sheet"])
    styles.done()
    suffix = ".xlsm" if b"macroEnabled" in parts.get(CONTENT_TYPES) else ".xlsx"
    return Marked(parts.done(), sum(map(len, marks.values())), tuple(notes), suffix)


def _marks(
    result: Result, merges: Mapping[str, Sequence[Range]]
) -> Mapping[str, dict[tuple[int, int], Mark]]:
    """What is to be marked, by sheet and cell; in a merged range its first cell, which is the one that is seen."""
    wanted: dict[str, list[tuple[tuple[int, int], Finding, bool]]] = defaultdict(list)
    for finding in result.findings:
        if finding.id not in result.waived:
            for number, cell in enumerate(cells_of(finding)):
                sheet, at = place_in(cell.location, merges)
                if sheet is not None and at is not None:
                    wanted[sheet].append((at, finding, number == 0))
    marks: dict[str, dict[tuple[int, int], Mark]] = defaultdict(dict)
    for sheet, told in wanted.items():
        seen = _seen(merges[sheet], {at for at, _, _ in told})
        for at, finding, first in told:
            marks[sheet].setdefault(seen.get(at, at), Mark()).add(finding, first)
    return marks


def _seen(
    merges: Sequence[Range], cells: Collection[tuple[int, int]]
) -> Mapping[tuple[int, int], tuple[int, int]]:
    """The first cell of the merged range of those cells that are in one."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, column in cells:
        rows[row].append(column)
    found = {}
    for r1, c1, r2, c2 in merges:
        for row in range(r1, r2 + 1):
            for column in rows.get(row, ()):
                if c1 <= column <= c2:
                    found[row, column] = r1, c1
    return found


def _mark(
    parts: Parts,
    part: str,
    name: str,
    marks: Mapping[tuple[int, int], Mark],
    styles: Styles,
    notes: list[str],
    language: str,
) -> None:
    """Colour the cells of a sheet and put comments on them; let go of its selection, since another sheet is opened."""
    data = parts.get(part)
    if not marks and b"tabSelected" not in data:
        return
    sheet = Sheet(data, part, parts.limits, marks)
    for view in sheet.of("sheetViews/sheetView"):
        if view.attributes.get("workbookViewId", "0") == "0" and view.attributes.get("tabSelected") in TRUE:
            sheet.change.attribute(view, "tabSelected", "0")
    if marks:
        sheet.colour(styles)
        notes += comments.add(parts, sheet, name, language)
    parts.put(part, sheet.change.done())


class _Book:
    """The part that lists the sheets, and what of it moves when a sheet comes first."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        main = next((r for r in parts.relations("").values() if r.kind == "officeDocument"), None)
        self.part = parts.find(main.target if main else "") or ""
        self.relations = parts.relations(self.part)
        wanted = {
            "sheets", "sheets/sheet", "bookViews/workbookView", "definedNames", "definedNames/definedName",
            "functionGroups", "externalReferences",
        }  # fmt: skip
        self.root, self.found = elements(parts.get(self.part), self.part, parts.limits, wanted)
        if self.root.namespace != MAIN:
            raise WouldLose("MARKED_UNUSUAL", part=self.part)
        self.worksheets: list[str] = []
        self.other_sheets: list[str] = []
        for element in self.of("sheets/sheet"):
            relation = self.relations.get(element.attributes.get(f"{RELATIONSHIPS} id", ""))
            sheet = parts.find(relation.target) if relation and not relation.external else None
            if relation is not None and sheet is not None:
                (self.worksheets if relation.kind == "worksheet" else self.other_sheets).append(sheet)
        if any(e.attributes.get("name") == RESULTS_NAME for e in self.of("definedNames/definedName")):
            raise Refused("MARKED_TWICE")

    def of(self, path: str) -> list[Element]:
        """The elements at a path."""
        return [e for e in self.found if e.path == path]

    def insert(self, part: str, name: str) -> None:
        """Make a sheet of a part the first one, and the one that is open."""
        known = {e.attributes.get("name", "").casefold() for e in self.of("sheets/sheet")}
        free, number = name, 2
        while free.casefold() in known:
            free, number = f"{name}{number}", number + 1
        key = self.parts.relate(self.part, "worksheet", part)
        ids = [e.number("sheetId") for e in self.of("sheets/sheet")]
        prefix, change = self.root.prefix, Change(self.parts.get(self.part))
        first = self.of("sheets")[0]
        sheet = f'<{prefix}sheet xmlns:r="{RELATIONSHIPS}" name="{free}" sheetId="{max(ids, default=0) + 1}" r:id="{key}"/>'
        change.replace(first.opened, first.opened, sheet.encode())
        for index, view in enumerate(self.of("bookViews/workbookView")):
            tag = change.data[view.start : view.opened]
            moved = 0 if index == 0 else view.number("activeTab") + 1
            tag = with_attribute(with_attribute(tag, "activeTab", str(moved)), "firstSheet", "0")
            change.replace(view.start, view.opened, tag)
        for defined in self.of("definedNames/definedName"):
            if "localSheetId" in defined.attributes:
                change.attribute(defined, "localSheetId", str(defined.number("localSheetId") + 1))
        named = f'<{prefix}definedName name="{RESULTS_NAME}" localSheetId="0" hidden="1">\'{free}\'!$A$1</{prefix}definedName>'.encode()
        if names := self.of("definedNames"):
            change.append(names[0], named)
        else:
            before = (self.of("externalReferences") or self.of("functionGroups") or [first])[0]
            opened, closed = f"<{prefix}definedNames>".encode(), f"</{prefix}definedNames>".encode()
            change.replace(before.end, before.end, opened + named + closed)
        self.parts.put(self.part, change.done())
