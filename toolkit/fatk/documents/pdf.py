"""A PDF as a document: what its pages show is read in a confined process, and arranged here.

A figure is right or absent: what has no text, or text that cannot be trusted, is refused or told, never guessed.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fatk import confined
from fatk.document import Document
from fatk.documents.printed.arrangement import arrange
from fatk.documents.printed.page import Glyph, Page, Stroke, Style, turned
from fatk.errors import Refused
from fatk.limits import DEFAULTS, Limits

_POINT, _FARTHEST = 100, 100_000_000  # the child tells hundredths, and nothing that is farther away
#: A page with less text than this of which pictures cover so much is a picture.
_FEW, _COVERED = 30, 0.5
#: Where so much of the text stands for no known characters, none of it is read.
_UNKNOWN = 0.3
#: A stream of the file that grows beyond this is meant to harm; what people publish takes a tenth of it.
_MEMORY = 512 << 20

Notices = list[tuple[str, str]]
Found = Mapping[str, Any]


def read(data: bytes, limits: Limits = DEFAULTS, name: str = "") -> Document:
    """The paragraphs and ruled tables of a PDF; ``Refused`` where it has a password, is damaged, is a scan, or its text cannot
    be trusted."""
    if importlib.util.find_spec("pypdfium2") is None:
        raise Refused("DOCUMENTS_NOT_INSTALLED", library="pypdfium2")
    if b"%%EOF" not in data[-2048:]:
        raise Refused("PDF_TRUNCATED")
    bounded = replace(limits, reader_memory=min(limits.reader_memory, _MEMORY))
    within = {
        "pages": limits.pages,
        "page_characters": limits.page_characters,
        "page_drawings": limits.page_drawings,
    }
    found = confined.run("fatk.documents.pdfium:read", data, {"limits": within}, bounded)
    try:
        pages = found["pages"]
        styles = [_Look(listed) for listed in found["styles"]]
        sheets = [_Sheet(page, styles, number) for number, page in enumerate(pages, 1)]
        beside = _beside(found)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise Refused("READER_CRASHED", status=0) from None
    _refuse_unreadable(sheets)
    document = arrange([page for sheet in sheets for page in sheet.pages])
    return replace(document, notices=(*document.notices, *_told(sheets), *beside))


class _Look:
    """How characters look, and whether people see them."""

    def __init__(self, listed: Sequence[Any]) -> None:
        font, size, quarters, bold, unseen, paper = listed
        self.style = Style(str(font), int(size) / _POINT, bold is True)
        self.rise = 0.35 * self.style.size  # where their middle is above their base
        self.turned = int(quarters)
        self.unseen, self.paper = unseen is True, paper is True


class _Sheet:
    """One page as the confined process told it, held to its shape, and what is to be told of it.

    ``pages`` are its text by the direction in which it runs, that of most of it first.
    """

    def __init__(self, listed: Found, looks: Sequence[_Look], number: int) -> None:
        self.number = number
        self.box = _numbers(listed["box"], 4)
        self.pictures = float(listed["pictures"])
        self.slanted, self.unknown = int(listed["slanted"]), int(listed["unknown"])
        self.fields, self.remarks = int(listed["fields"]), int(listed["remarks"])
        self.hidden = self.layer = 0
        strokes = _fours(listed["lines"])
        glyphs = self._seen(listed, looks, _fours(listed["fills"]))
        self.text = sum(not glyph.text.isspace() for found in glyphs.values() for glyph in found)
        self.pages: list[Page] = []
        for quarters, found in sorted(glyphs.items(), key=lambda item: -len(item[1])):
            self.pages.append(self._page(found, strokes if not self.pages else [], quarters))
        self.turned = sum(len(page.glyphs) for page in self.pages[1:])

    def _seen(
        self, listed: Found, looks: Sequence[_Look], fills: Sequence[tuple[float, ...]]
    ) -> dict[int, list[Glyph]]:
        """The characters that people see on the page, and those of a layer over its picture, by their direction."""
        text, places, numbers = listed["text"], _numbers(listed["places"]), listed["style"]
        if len(places) != 3 * len(text) or len(numbers) != len(text) or not isinstance(text, str):
            raise ValueError
        text.encode()  # no half characters
        found: dict[int, list[Glyph]] = {}
        boxes = [_turned_box(self.box, quarters) for quarters in range(4)]
        areas = [[_turned_box(fill, quarters) for fill in fills] for quarters in range(4)]
        scanned = self.pictures >= _COVERED
        each = iter(places)
        for character, start, end, base, number in zip(text, each, each, each, numbers, strict=True):
            look = looks[number]
            x, y = (start + end) / 2, base + look.rise
            left, bottom, right, top = boxes[look.turned]
            seen = left <= x <= right and bottom <= y <= top
            if look.unseen:
                self.layer += seen and scanned
                seen = seen and scanned
            elif look.paper:
                seen = seen and any(_within(area, x, y) for area in areas[look.turned])
            if seen:
                found.setdefault(look.turned, []).append(Glyph(character, start, end, base, look.style))
            else:
                self.hidden += not character.isspace()
        return found

    def _page(self, glyphs: Sequence[Glyph], strokes: Sequence[tuple[float, ...]], quarters: int) -> Page:
        lines = []
        for x1, y1, x2, y2 in strokes:
            (a, b), (c, d) = turned([(x1, y1), (x2, y2)], quarters)
            lines.append(Stroke(a, b, c, d))
        return Page(self.number, _turned_box(self.box, quarters), glyphs, lines)

    @property
    def is_picture(self) -> bool:
        """Whether the page shows a picture and next to no text."""
        return self.text < _FEW and self.pictures >= _COVERED


def _turned_box(box: Sequence[float], quarters: int) -> tuple[float, float, float, float]:
    left, bottom, right, top = box
    (a, b), (c, d) = turned([(left, bottom), (right, top)], quarters)
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _within(box: tuple[float, float, float, float], x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _numbers(listed: Sequence[Any], count: int | None = None) -> list[float]:
    if count is not None and len(listed) != count:
        raise ValueError
    if (
        {*map(type, listed)} - {int}
        or max(listed, default=0) > _FARTHEST
        or min(listed, default=0) < -_FARTHEST
    ):
        raise ValueError
    return [value / _POINT for value in listed]


def _fours(listed: Sequence[Any]) -> list[tuple[float, ...]]:
    values = iter(_numbers(listed))
    return list(zip(values, values, values, values, strict=True))


def _refuse_unreadable(sheets: Sequence[_Sheet]) -> None:
    """Refuse what holds no text, and text that nobody can trust."""
    shown = [sheet for sheet in sheets if sheet.text or sheet.pictures > 0.05]
    if all(sheet.is_picture or not sheet.text for sheet in shown):
        raise Refused("PDF_SCANNED", count=len(sheets))
    unknown, text = sum(sheet.unknown for sheet in sheets), sum(sheet.text for sheet in sheets)
    if unknown > _UNKNOWN * text:
        raise Refused("PDF_TEXT_GARBLED", count=unknown, total=text)


def _told(sheets: Sequence[_Sheet]) -> Notices:
    """What of the pages was not read, or is not to be trusted as other text is."""
    found: Notices = []
    for code, counts in (
        ("PICTURE_PAGE", {s.number: 1 for s in sheets if s.is_picture or not s.text}),
        ("TEXT_LAYER", {s.number: s.layer for s in sheets}),
        ("HIDDEN_TEXT", {s.number: s.hidden for s in sheets}),
        ("UNKNOWN_CHARACTERS", {s.number: s.unknown for s in sheets}),
        ("SLANTED_TEXT", {s.number: s.slanted + s.turned for s in sheets}),
        ("FORM_FIELDS", {s.number: s.fields + s.remarks for s in sheets}),
        ("REMARKS", {s.number: s.remarks for s in sheets}),
    ):
        numbers = [number for number, count in counts.items() if count]
        if numbers:
            found.append((code, _runs(numbers)))
    return found


def _runs(numbers: Sequence[int]) -> str:
    """Numbers of pages in ascending order, those that follow one another as from – to."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _beside(found: Found) -> Notices:
    """What the file holds beside its pages, which is neither run nor opened."""
    kinds = Counter({"JavaScript": int(found["scripts"]), "attachments": int(found["attachments"])})
    return [("NOT_FOLLOWED", f"{kind}: {count}") for kind, count in kinds.items() if count]
