"""The nine tables in a document: taken out as sheets, with the lines that stand above them, and laid out as their forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from fatk.captions import read_captions
from fatk.document import Block, Document, Paragraph
from fatk.grid import TEXT, Book, Cell, Sheet, by_rows
from fatk.layout import PRINTED_NOTHING, Page, Placed, form_page
from fatk.model import MISSING, Report
from fatk.values import Nothing, Value, show
from fatk.vocabulary import title_of

#: As many lines above a table are looked at, each of so many characters at most.
_LINES, _LINE = 5, 60
#: What ends a sentence, and a heading of the narrative: a year in it (第三部分 2022年度部门决算情况说明) is none of the table's.
_NO_CAPTION = re.compile(r"[。；;]$|(?:情况|公开|的)说明$|^第[一二三四五六七八九十]{1,3}部分")
#: So many lines below a table may be its footnotes, which begin with one of these words or say why it is empty.
_FEET = 6
_FOOT = re.compile(r"(?:备?注|说明)\s*[0-9]*\s*[:：.、]|[^。]{0,90}(?:空表|本表无数据)")


def taken_out(document: Document) -> tuple[Book, Document]:
    """The tables of a document as a workbook, each with its captions as its first rows and its footnotes as its last, and
    the document without them."""
    sheets: list[Sheet] = []
    kept: list[Block] = []
    feet = 0  # how many more paragraphs may be footnotes of the last table
    for block in document.blocks:
        if isinstance(block, Sheet):
            captions = _captions(kept)
            del kept[len(kept) - len(captions) :]
            sheets.append(_with_captions(block, captions))
            feet = _FEET
        elif feet and _FOOT.match(block.text):
            sheets[-1] = _with_foot(sheets[-1], block)
            feet -= 1
        else:
            kept.append(block)
            feet = 0
    return Book(tuple(sheets)), Document(tuple(kept), document.notices)


def _captions(blocks: list[Block]) -> list[Paragraph]:
    """The lines just above a table that say what it is: from its title on."""
    above: list[Paragraph] = []
    for block in reversed(blocks[-_LINES:]):
        if not isinstance(block, Paragraph) or len(block.text) > _LINE or _NO_CAPTION.search(block.text):
            break
        above.insert(0, block)
    titles = [number for number, paragraph in enumerate(above) if title_of(paragraph.text)]
    captions = [number for number, paragraph in enumerate(above) if read_captions(paragraph.text, "")]
    first = titles[-1] if titles else min(captions, default=len(above))
    return above[first:]


def _with_captions(sheet: Sheet, captions: list[Paragraph]) -> Sheet:
    rows = len(captions)
    if not rows:
        return sheet
    lines = {row: {0: Cell(p.text, TEXT)} for row, p in enumerate(captions)}
    lines |= {row + rows: line for row, line in sheet.rows.items()}
    merges = tuple((top + rows, left, bottom + rows, right) for top, left, bottom, right in sheet.merges)
    return replace(sheet, rows=lines, merges=merges, above=rows)


def _with_foot(sheet: Sheet, foot: Paragraph) -> Sheet:
    last = max(sheet.rows, default=-1)
    return replace(sheet, rows={**sheet.rows, last + 1: {0: Cell(foot.text, TEXT)}})


def laid_out(report: Report) -> Iterator[Block]:
    """The tables that a report has, in its edition's order, each as its form: captions, table, footnotes."""
    ordered = [table for table in report.edition.forms if report.status(table)["status"] != MISSING]
    for number, table in enumerate(ordered, 1):
        form = report.edition.forms[table]
        yield from _drawn(form_page(report, report.spec.tables[table], form), f"表{number}")


def _drawn(page: Page, name: str) -> Iterator[Block]:
    top = page.header[0] if page.header else 0
    above = [placed for placed in page.cells if placed.row < top]
    for row in sorted({placed.row for placed in above}):
        line = [placed for placed in above if placed.row == row]
        text = "　　".join(str(placed.value) for placed in sorted(line, key=lambda p: p.column))
        yield Paragraph(text, 3 if line[0].role == "title" else 0)
    body = [p for p in page.cells if p.row >= top and p.role != "footnote"]
    yield _sheet(body, top, name)
    for placed in page.cells:
        if placed.role == "footnote":
            yield Paragraph(str(placed.value))


def _sheet(body: list[Placed], top: int, name: str) -> Sheet:
    cells = {(p.row - top, p.column): Cell(_text(p.value), TEXT) for p in body if p.value is not None}
    merges = tuple(
        (p.row - top, p.column, p.row - top + p.rows - 1, p.column + p.columns - 1)
        for p in body
        if p.rows > 1 or p.columns > 1
    )
    return Sheet(name, by_rows(cells), merges, plain=True)


def _text(value: Value) -> str:
    if isinstance(value, Nothing):
        return PRINTED_NOTHING[value]
    return show(value)
