"""Plain text as a document: one paragraph a line, or the visual lines of pages, as programs take them out of a PDF, joined.

Text out of a PDF has a line for every line that was printed. Where a paragraph ends is then told by widths: a line ends one
if the first word of the next line would still have found room on it. What is so joined is ``loose``. Pages begin at a form
feed; where a blank line stands behind every line, also at a single leading blank without a blank line before it, which is
what is left of a form feed in texts that were tidied. Numbers of pages are no text; nothing else is left out.

Where a line is a paragraph, lines with as many tabs, one right below the other, are a table, as people paste it from a
workbook; one such line alone is text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fatk.archive import Archive
from fatk.decoding import decode
from fatk.document import Document, Paragraph
from fatk.documents.blocks import Blocks
from fatk.errors import Refused
from fatk.grid import TEXT, Cell, Sheet
from fatk.limits import Limits

_LINE_END = re.compile(r"\r\n|\r|\n")
_PAGE_NUMBER = re.compile(
    r"""[-–—－·•~ \u3000]*+([0-9]{1,4}+)[-–—－·•~ \u3000]*+
    | 第[ ]?([0-9]{1,4}+)[ ]?页(?:[ ,，/]*共[ ]?[0-9]{1,4}[ ]?页)?
    | ([0-9]{1,4}+)[ ]?/[ ]?[0-9]{1,4}
    """,
    re.VERBOSE,
)
_INDENT = re.compile(r"\u3000{2}|[ \u3000]{4}|\t")
#: What cannot begin a line, and so goes to the line before; what cannot end one.
_CLOSING = "，。、；：！？）】》〉」』”’％%…,.;:!?)]}"
_OPENING = "（【《〈「『“‘([{"
_SENTENCE_END = ("。", "；", "：", "！", "？", ";", ":", "!", "?", "”")
_TOKEN = re.compile(rf"[{re.escape(_OPENING)}]*+(?:[!-~]++|.)[{re.escape(_CLOSING)}]*+")
_ORDINAL = re.compile(
    r"第[一二三四五六七八九十0-9]+[部章节条]|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十0-9]+[）)]|[0-9]+(?:、|[.．](?![0-9]))"
)
#: What stands in a sentence and hardly ever in a heading.
_MARK = re.compile("[，。；：,;:]")
#: Widths are counted in halves of a Hanzi. What a line must be at least to count among those that may be full, and how much
#: the first line of a paragraph is shorter than the others.
_LEAST, _FIRST_LINE = 30.0, 4.0
#: Printed widths differ from counted ones by as much, since blanks and marks are squeezed and stretched.
_PLAY = 1.5


@dataclass(slots=True)
class _Line:
    """One line that is not blank: its text without outer blanks, its width, how many blank lines stand before it, what tabs
    part in it, whether it is indented, and the page that it is on (0 where there are none)."""

    text: str
    width: float
    gap: int
    cells: tuple[str, ...]
    indented: bool
    blank_first: bool
    feeds: int
    page: int = 0


def read(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    """The document in the bytes of a text file, in UTF-8, UTF-16 with its mark, or GB18030; ``Refused`` where it is none of them."""
    decoded = decode(data, name, paged=True)
    blocks = Blocks(limits, name)
    if not decoded.stated and decoded.encoding != "utf-8":
        blocks.notices.append(("ENCODING_ASSUMED", decoded.encoding))
    lines = list(_lines(decoded.text, limits, name))
    full = _full_width(lines)
    spaced = sum(line.gap == 1 for line in lines) * 2 > len(lines)
    numbers: list[str] = []
    if any(line.feeds for line in lines[1:]) or (full and spaced):
        _count_pages(lines, tidied=bool(full) and spaced)
        if any(line.page > 1 for line in lines):
            lines, numbers = _without_page_numbers(lines, spaced)
        else:
            for line in lines:
                line.page = 0
    if numbers:
        blocks.notices.append(("PAGE_NUMBERS", " ".join(numbers)))
    if full is None:
        for same in _parted(lines):
            if len(same) > 1 and any("\t" in line.text for line in same):  # tabs do more than indent
                _table(same, blocks)
                continue
            for line in same:
                blocks.paragraph(line.text, 0, ((0, line.page),) if line.page else ())
    else:
        _join(lines, full, 1 if spaced else 0, blocks)
        blocks.notices.append(("LINES_JOINED", str(len(lines))))
    return blocks.document()


def _lines(text: str, limits: Limits, name: str) -> Iterator[_Line]:
    gap = feeds = count = 0
    for raw in _LINE_END.split(text):
        feeds += raw.count("\f")
        line = raw.replace("\f", " ")
        shown = line.strip()
        if not shown:
            gap += "\t" not in line  # a row of blank cells is within its table
            continue
        count += 1
        if count > limits.csv_rows:
            raise Refused("CSV_TOO_MANY_ROWS", path=name, limit=limits.csv_rows)
        indented = _INDENT.match(line) is not None
        yield _Line(shown, _width(shown), gap, _cells(line), indented, line[0] == " ", feeds)
        gap = feeds = 0


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("\t"))


def _width(text: str) -> float:
    """About how wide a text is printed, in halves of a Hanzi; a blank is a quarter."""
    if text.isascii():
        return len(text) - text.count(" ") / 2
    wide = sum(unicodedata.east_asian_width(c) in "WFA" for c in text)
    return len(text) + wide - text.count(" ") / 2


def _full_width(lines: Sequence[_Line]) -> float | None:
    """The width of lines that are full; ``None`` where lines are whole paragraphs."""
    widths = Counter(round(_hanging(line)) for line in lines)
    usual = max((n for w, n in widths.items() if w >= _LEAST), default=0)
    full = max((w for w, n in widths.items() if w >= _LEAST and n * 10 >= usual * 3), default=0)
    among = [line for line in lines if full - 6 <= line.width <= full + 6]
    open_ended = sum(not line.text.endswith(_SENTENCE_END) for line in among)
    wider = sum(line.width > full + 6 for line in lines)
    if (
        len(among) >= 8
        and len(among) * 4 >= len(lines)
        and open_ended * 2 >= len(among)
        and wider * 50 <= len(lines)
    ):
        return float(full)
    return None


def _hanging(line: _Line) -> float:
    """The width without marks at the end, which may hang over."""
    text = line.text
    while len(text) > 1 and text[-1] in _CLOSING and not text[-1].isascii():
        text = text[:-1]
    return line.width - 2 * (len(line.text) - len(text))


def _count_pages(lines: Sequence[_Line], *, tidied: bool) -> None:
    """Number the pages. ``tidied``: of a form feed only a blank may be left."""
    page = 1
    for index, line in enumerate(lines):
        if index:
            page += line.feeds or (tidied and line.blank_first and not line.gap and not line.indented)
        line.page = page


def _without_page_numbers(lines: Sequence[_Line], spaced: bool) -> tuple[list[_Line], list[str]]:
    """The lines without numbers of pages, and these. A bare number is one where it stands first or last on its page and does
    so, counted with the pages, at least twice; or where it is set apart from the text of its page."""
    found: dict[int, tuple[int, bool]] = {}
    for index, line in enumerate(lines):
        match = _PAGE_NUMBER.fullmatch(line.text)
        if match is None:
            continue
        first = index == 0 or lines[index - 1].page < line.page
        last = index + 1 == len(lines) or lines[index + 1].page > line.page
        apart = spaced and line.gap > 1
        dressed = match[1] is None or not line.text.isdecimal()
        if first or last or apart:
            printed = int(match[match.lastindex or 1])
            found[index] = (printed - line.page, apart or (dressed and (first or last)))
    steps = Counter(step for step, _ in found.values())
    left_out = {index for index, (step, certain) in found.items() if certain or steps[step] > 1}
    kept: list[_Line] = []
    more = 0  # pages that ended with a number, and with nothing else
    for index, line in enumerate(lines):
        line.page += more
        if index not in left_out:
            kept.append(line)
        elif (
            kept
            and index + 1 < len(lines)
            and lines[index + 1].page + more == line.page
            and kept[-1].page == line.page
        ):
            more += 1
    return kept, [lines[index].text for index in sorted(left_out)]


def _parted(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The lines one by one, but those of a table together: lines with as many tabs, one right below the other."""
    found: list[_Line] = []
    for line in lines:
        if found and (len(line.cells) < 2 or line.gap or len(line.cells) != len(found[-1].cells)):
            yield found
            found = []
        found.append(line)
    if found:
        yield found


def _table(lines: Sequence[_Line], blocks: Blocks) -> None:
    """A table of lines whose cells are parted by tabs. Which of its cells were merged cannot be told any more."""
    gathering = blocks.gathering()
    for row, line in enumerate(lines):
        gathering.put_row(row, [(c, Cell(text, TEXT)) for c, text in enumerate(line.cells) if text])
    blocks.table(gathering.sheet())


def _join(lines: Sequence[_Line], full: float, usual_gap: int, blocks: Blocks) -> None:
    """Make paragraphs of lines."""
    text, pages, begun, start = "", [(0, 0)], False, 0
    places: list[tuple[int, int]] = []
    for index, line in enumerate(lines):
        if begun and _continues(lines, index, full, usual_gap, first=index - 1 == start):
            if (
                text[-1].isascii()
                and line.text[0].isascii()
                and text[-1].isalnum()
                and line.text[0].isalnum()
            ):
                text += " "
            if line.page != pages[-1][1]:
                pages.append((len(text), line.page))
            places.append((len(text), line.gap))
            text += line.text
            continue
        if begun:
            blocks.paragraph(text, 0, tuple(p for p in pages if p[1]), loose=True, lines=tuple(places))
        text, pages, begun, start = line.text, [(0, line.page)], True, index
        places = [(0, line.gap)]
    if begun:
        blocks.paragraph(text, 0, tuple(p for p in pages if p[1]), loose=True, lines=tuple(places))


def _continues(lines: Sequence[_Line], index: int, full: float, usual_gap: int, *, first: bool) -> bool:
    """Whether a line goes on with the paragraph of the line before it, which is its first or another one."""
    line, before = lines[index], lines[index - 1]
    if line.indented or (line.page == before.page and not usual_gap and line.gap):
        return False
    room = full - (_FIRST_LINE if first else 0) - before.width
    if room > _needed(line.text) + _PLAY - 1:
        return False
    if before.text.endswith(_SENTENCE_END) or (first and not _MARK.search(before.text)):
        if _ORDINAL.match(line.text) or (line.page == before.page and line.gap != usual_gap):
            return False
        return not _is_first(lines, index, full)
    return True


def _is_first(lines: Sequence[_Line], index: int, full: float) -> bool:
    """Whether a line is full for a first one, and would not be for another."""
    line = lines[index]
    if index + 1 == len(lines) or line.text.endswith(
        _SENTENCE_END
    ):  # it may as well be the last one of its paragraph
        return False
    needed = _needed(lines[index + 1].text)
    room = full - line.width
    return room > needed + _PLAY and room - _FIRST_LINE <= needed + _PLAY


def _needed(text: str) -> float:
    """The width of what cannot be parted at the beginning of a line."""
    match = _TOKEN.match(text)
    return _width(match[0].rstrip(_CLOSING) if match else text[:1]) or 1.0


# Writing


def write(document: Document) -> bytes:
    """The text of a document in UTF-8: a paragraph a line, a row of a table a line with tabs between its cells, and a blank
    line around headings and tables. What is a heading, and which cells are merged, cannot be read back."""
    lines: list[str] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            apart = bool(block.level)
            made = [block.text.replace("\t", " ")]  # tabs part the cells of a table
        else:
            apart = True
            made = ["\t".join(row) for row in _rows(block)]
        if apart and lines and lines[-1]:
            lines.append("")
        lines += made
        if apart:
            lines.append("")
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines).encode()


def _rows(sheet: Sheet) -> Iterator[list[str]]:
    width, height = 1 + max(map(max, sheet.rows.values()), default=0), 1 + max(sheet.rows, default=-1)
    for row in range(height):
        cells = (sheet.rows.get(row, {}).get(column) for column in range(width))
        yield [" ".join(cell.text.split()) if cell else "" for cell in cells]
