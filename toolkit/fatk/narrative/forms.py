"""The self-evaluation forms of a document: taken out of it, read, and laid out again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fatk.document import Block, Document, Paragraph
from fatk.findings import CellRef, Finding, notify
from fatk.grid import Sheet
from fatk.lexical import keep
from fatk.model import Report, Row, build, make_row
from fatk.narrative.evaluations import Evaluation, forms_in, is_evaluation, lay_out, read_lines, read_sheet
from fatk.narrative.evaluations.form import is_title, is_year, unit_line, year_in
from fatk.reading import Reading
from fatk.spec import Spec

#: So many lines above a form may be its title, its year and its unit.
_ABOVE = 3
#: The first fields of a project are its number, year and names; an amount as it is printed.
_NAMES, _AMOUNT = 5, re.compile(r"[0-9]\.[0-9]{2}(?![0-9])")


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a text whose paragraphs are a guess: its block, the character at which it begins, its text."""

    block: int
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A form and where its places are: what people call a row and column, or a line and character, of it."""

    evaluation: Evaluation
    place: Callable[[int, int], str]


def apart(document: Document, year: int | None = None) -> tuple[Document, list[Found]]:
    """The document without its self-evaluation forms, and the forms as they were read, numbered as they stand."""
    kept: list[Block] = []
    found: list[Found] = []
    for block in document.blocks:
        above = [b.text for b in kept[-_ABOVE:] if isinstance(b, Paragraph)]
        if isinstance(block, Sheet) and is_evaluation(block, "\n".join(above)):
            captions = _captions(kept)
            own = next((y for paragraph in captions if (y := year_in(paragraph.text))), year)
            found.append(Found(read_sheet(block, len(found) + 1, own), block.place))
            del kept[len(kept) - len(captions) :]
        else:
            kept.append(block)
    return _lines_apart(Document(tuple(kept), document.notices), found, year)


def _captions(blocks: Sequence[Block]) -> list[Paragraph]:
    """The lines above a form that are its title, year and unit."""
    found: list[Paragraph] = []
    for block in reversed(blocks[-_ABOVE:]):
        if not isinstance(block, Paragraph):
            break
        if not (is_title(block.text) or is_year(block.text) or unit_line(block.text)):
            break
        found.insert(0, block)
    return found


def _lines_apart(document: Document, found: list[Found], year: int | None) -> tuple[Document, list[Found]]:
    """Take out forms that have lost their cells, which only a text of lines has."""
    lines = list(_lines(document))
    texts = [line.text for line in lines]
    gone: set[int] = set()
    for start, end in forms_in(texts) if lines else ():
        evaluation = read_lines(texts[start:end], len(found) + 1, year)
        if evaluation.unread or _runs_on(evaluation):
            continue  # without cells a word that does not fit may have shifted others: the whole form stays text

        def place(row: int, column: int, start: int = start) -> str:
            line = lines[min(start + row, len(lines) - 1)]
            block = document.blocks[line.block]
            at = line.offset + max(column, 0)
            page = block.page(at) if isinstance(block, Paragraph) else None
            return f"{f'第{page}页' if page else ''}第{line.block + 1}段第{at + 1}字"

        found.append(Found(evaluation, place))
        gone |= {line.block for line in lines[start:end] if line.text}
    return Document(tuple(b for n, b in enumerate(document.blocks) if n not in gone), document.notices), found


def _runs_on(evaluation: Evaluation) -> bool:
    """Whether a name of the project has figures in it, which are those of rows that were not known."""
    names = [value for row in evaluation.rows.get("performance_projects", ()) for value in row[:_NAMES]]
    return any(isinstance(name, str) and _AMOUNT.search(name) for name in names)


def _lines(document: Document) -> Iterator[_Line]:
    """The lines of a text as they were printed, blank ones too; a line that begins a page begins with a blank."""
    page: int | None = None
    for number, block in enumerate(document.blocks):
        if not isinstance(block, Paragraph) or not block.lines:
            continue
        ends = [offset for offset, _ in block.lines[1:]] + [len(block.text)]
        for (offset, gap), end in zip(block.lines, ends, strict=True):
            yield from (_Line(number, offset, "") for _ in range(gap))
            now = block.page(offset)
            yield _Line(number, offset - (now != page), " " * (now != page) + block.text[offset:end])
            page = now


def read_forms(forms: Sequence[Found], spec: Spec, name: str) -> Reading | None:
    """The report that the forms state; ``None`` where there are none."""
    if not forms:
        return None
    rows: dict[str, list[Row]] = {}
    places: dict[tuple[str, str, str], str] = {}
    findings: list[Finding] = []
    for form in forms:
        for table, own in form.evaluation.rows.items():
            rows.setdefault(table, []).extend(own)
        places |= {key: form.place(*at) for key, at in form.evaluation.places.items()}
        for left in form.evaluation.unread:
            where = form.place(left.row, left.column)
            extra = make_row(spec.tables["extras"], sheet=name or None, cell=where, text=keep(left.text))
            rows.setdefault("extras", []).append(extra)
            cell = CellRef(location=where, value=left.text)
            findings.append(notify("READ-121", cell, place=where, text=left.text))

    def find(table: str, row: str, field: str, again: int = 0) -> str | None:
        return places.get((table, row, field))

    cells = sum(len(f.evaluation.labels | f.evaluation.taken) + len(f.evaluation.unread) for f in forms)
    return Reading(build(spec, rows), tuple(findings), find, edition_certainty="guessed", source_cells=cells)


def laid_out(report: Report) -> Iterator[Block]:
    """The self-evaluation forms of a report, each below its title and year."""
    for row in report.records("performance_projects"):
        number, year = row["no"], row["fiscal_year"] or report.fiscal_year
        if isinstance(number, int):
            yield Paragraph("项目支出绩效自评表", 4)
            if year:
                yield Paragraph(f"（{year}年度）")
            yield lay_out(report, number)
