"""What is said of the figures: the narrative, each figure linked to the cell that it restates, and what a document claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from fatk.document import Paragraph
from fatk.findings import ERROR, FAILED, Finding
from fatk.layout import printed as worded
from fatk.model import Report
from fatk.narrative.completing import completed
from fatk.narrative.writing import sentences_of
from fatk.page.elements import Markup, el, joined, text
from fatk.page.sheets import Sheets, printed
from fatk.page.words import word
from fatk.reading import Passage
from fatk.rules.context import Context, Ref
from fatk.rules.narrative.claims import Claim, catalogue, read_claims, resolved
from fatk.rules.narrative.figures import of_cell, of_claim, stated_in, subject_of
from fatk.spec import Field, Table
from fatk.values import Value, show, visible
from fatk.wording.folding import tidy

#: A narrative is shown up to this many paragraphs, and of a longer report none is written.
_PARAGRAPHS = 600
_ROWS = 3_000
#: Of a list or of the claims at most this many rows are shown.
_LISTED = 500
#: A marked figure: its place in the list of paths, its text.
_MARKED = re.compile("\x00([0-9]{1,6})\x00([^\x00]*)\x00")
_DIGIT = re.compile("[0-9０-９]")
#: Blanks that only lay a text out.
_BLANK = re.compile(r"[^\S\n]")
#: A paragraph is shown up to so many characters between two figures.
_LONG = 20_000
_POSITION = re.compile(r"\[([0-9]+)\]")

STATES = _SAME, _ROUNDED, _DIFFERS, _OPEN, _ALONE = "same", "rounded", "differs", "open", "alone"


class Stated(NamedTuple):
    """A claim, the cell that it restates, and whether they agree: ``same``, ``rounded``, ``differs``, ``open`` where one of
    both is not known, ``alone`` where it restates none."""

    claim: Claim
    cell: Ref | None
    state: str


def stated(context: Context, findings: Sequence[Finding]) -> list[Stated]:
    """The claims of a report in the order of the code list; what a finding says of one counts."""
    known, found = stated_in(context), []
    wrong = {
        cell.row
        for f in findings
        if f.outcome == FAILED and f.severity == ERROR
        for cell in f.cells[:1]
        if cell.table == "claims"
    }
    for claim in read_claims(context):
        state = _ALONE
        if claim.cell is not None:
            ours, theirs = of_claim(claim, known), of_cell(claim.cell, context, known)
            apart = abs(ours.value - theirs.value)
            open_ = ours.why or theirs.why
            state = (
                _OPEN
                if open_
                else _SAME
                if not apart
                else _ROUNDED
                if apart <= ours.own + theirs.own
                else _DIFFERS
            )
        if claim.ref.row in wrong:
            state = _DIFFERS
        found.append(Stated(claim, claim.cell, state))
    return found


def claims(
    found: Sequence[Stated], sheets: Sheets, context: Context, prefix: str, marks: Mapping[str, Markup]
) -> Markup:
    """The claims as a table: what is stated, as it is printed, the cell that it restates with its figure, whether they agree."""
    at = context.spec.tables["claims"].position
    rows = {f"{row[at['path']]}/{row[at['occurrence']]}": row for row in context.report.rows("claims")}
    lines = []
    for one in found[:_LISTED]:
        row = rows.get(one.claim.ref.row)
        said = row[at["printed"]] if row is not None else None
        name = one.claim.entry.name + (f"（{one.claim.element}）" if one.claim.element else "")
        lines.append(
            el(
                "tr",
                el("th", text(name, 200), scope="row", lang="zh"),
                el("td", text(said if isinstance(said, str) else show(one.claim.value), 200), lang="zh"),
                el("td", _cell(one.cell, sheets, context, prefix), lang="zh"),
                el("td", word(f"claim.{one.state}"), marks.get(one.claim.ref.row), class_=f"s-{one.state}"),
            )
        )
    heads = [el("th", word(f"claims.{name}"), scope="col") for name in ("name", "printed", "cell", "state")]
    more = [el("p", word("more_rows", shown=_LISTED, rows=len(found)))] if len(found) > _LISTED else []
    return joined([_table(heads, lines), *more])


def _cell(ref: Ref | None, sheets: Sheets, context: Context, prefix: str) -> Markup:
    """A cell with its figure, linked where a form prints it."""
    if ref is None:
        return Markup("")
    table = context.spec.tables[ref.table]
    number = sheets.number(*ref)
    value = context.value(*ref)
    said = f"《{table.title}》{'' if value is None else printed(value)}"
    return text(said) if number is None else el("a", text(said), href=f"#{prefix}{number}", data_n=number)


def narrative(report: Report, sheets: Sheets, context: Context, prefix: str) -> Markup | None:
    """The narrative that the figures of a report make in the wording of its edition; ``None`` where it is too long for a page."""
    if sum(len(report.rows(t.id)) for t in report.spec.tables.values()) > _ROWS:
        return None
    paths: list[str] = []

    def told(path: str, said: str) -> str:
        paths.append(path)
        return f"\x00{len(paths) - 1}\x00{said}\x00"

    lists = Context(completed(report))
    blocks = [b for b in sentences_of(report, told).blocks if isinstance(b, Paragraph)]
    if not blocks:
        return None
    parts = []
    for block in blocks[:_PARAGRAPHS]:
        said = joined(_linked(block.text, paths, sheets, lists, prefix))
        parts.append(el(f"h{min(block.level + 3, 6)}" if block.level else "p", said))
    return el("div", *parts, class_="prose", lang="zh")


def _linked(
    said: str, paths: Sequence[str], sheets: Sheets, context: Context, prefix: str
) -> Iterator[Markup]:
    """A paragraph with its figures linked to the cells that they restate."""
    end = 0
    for match in _MARKED.finditer(said):
        yield text(said[end : match.start()])
        end = match.end()
        path = paths[int(match[1])] if int(match[1]) < len(paths) else ""
        yield _figure(match[2], path, sheets, context, prefix)
    yield text(said[end:])


def _figure(
    said: str, path: str, sheets: Sheets, context: Context, prefix: str, state: str | None = None, name: str | None = None
) -> Markup:  # fmt: skip
    """A figure of a text, linked to the cell that it restates where a form prints that; ``name`` is its anchor."""
    ref = _restated(path, context)
    number = None if ref is None else sheets.number(*ref)
    marked = f"s-{state}" if state == _DIFFERS else None
    if number is not None:
        return el("a", text(said, _LONG), href=f"#{prefix}{number}", data_n=number, class_=marked, id=name)
    return el("span", text(said, _LONG), class_=marked, id=name) if marked or name else text(said, _LONG)


class _Told(NamedTuple):
    """A figure in a paragraph: from where to where, its path, and the claim that keeps just these words."""

    start: int
    end: int
    path: str
    claim: str | None


def _shown(passages: Sequence[Passage]) -> list[Passage]:
    return [passage for passage in passages if passage.text.strip()]


def _told(passage: Passage, context: Context) -> Iterator[_Told]:
    """The figures of a paragraph that are kept as claims or restate a cell; of those within others the first."""
    end = 0
    for start, until, path, row in passage.stated:
        words = passage.text[start:until]
        if start < end or not _DIGIT.search(words):  # what has no figure is a reason or a name
            continue
        kept = None if row is None else context.value("claims", row, "printed")
        same = isinstance(kept, str) and tidy(kept) == tidy(words)
        if same or _restated(path, context) is not None:
            yield _Told(start, until, path, row if same else None)
            end = until


def claimed(passages: Sequence[Passage], context: Context) -> dict[str, int]:
    """The claims that stand in the document's own text where it is shown, numbered as they come."""
    told = (one for passage in _shown(passages)[:_PARAGRAPHS] for one in _told(passage, context))
    rows = dict.fromkeys(one.claim for one in told if one.claim is not None)
    return {row: number for number, row in enumerate(rows, 1)}


def original(
    passages: Sequence[Passage], found: Sequence[Stated], sheets: Sheets, context: Context, prefix: str,
    marks: Mapping[str, Markup], numbers: Mapping[str, int],
) -> Markup | None:  # fmt: skip
    """The document's own text with its figures linked to the cells that they restate, those that differ marked; ``numbers``
    are the anchors of claims."""
    shown = _shown(passages)
    if not shown:
        return None
    states = {one.claim.ref.row: one.state for one in found}
    left = dict(numbers)
    parts = []
    for passage in shown[:_PARAGRAPHS]:
        words, end = _BLANK.sub(" ", passage.text), 0
        said: list[Markup | None] = []
        for one in _told(passage, context):
            claim = one.claim or ""
            number = left.pop(claim, None)
            name = None if number is None else f"{prefix}c{number}"
            said += [
                text(words[end : one.start], _LONG),
                _figure(
                    words[one.start : one.end], one.path, sheets, context, prefix, states.get(claim), name
                ),
                marks.get(claim),
            ]
            end = one.end
        said.append(text(words[end:], _LONG))
        parts.append(el(f"h{min(passage.level + 3, 6)}" if passage.level else "p", *said))
    if len(shown) > _PARAGRAPHS:
        parts.append(el("p", word("more_rows", shown=_PARAGRAPHS, rows=len(shown)), class_="how"))
    return el("div", *parts, class_="prose", lang="zh")


def _restated(path: str, context: Context) -> Ref | None:
    """The cell that the figure of a path restates or is computed for."""
    entry = catalogue().get(_POSITION.sub("[*]", path))
    if entry is not None:
        cell, _ = resolved(entry, tuple(int(n) for n in _POSITION.findall(path)), context)
        return cell
    subject = path.partition(".vs_")[0].partition(".yoy")[0]
    known = subject_of(subject) if subject != path and "[" not in path else None
    return known[1] if known else None


def notes(report: Report) -> Iterator[tuple[str, str, Markup]]:
    """What explains the tables: id, title and rows of every list that the report has."""
    for table in report.spec.tables.values():
        listed = table.kind == "note" or table.id in ("report", "entity", "sources", "extras")
        if listed and report.rows(table.id):
            yield table.id, table.title, _record(report, table) if table.single else _list(report, table)


def _record(report: Report, table: Table) -> Markup:
    row = report.rows(table.id)[0]
    lines = [
        el("tr", el("th", text(f.title), scope="row"), el("td", _value(report, f, v), class_=_kind(f)))
        for f, v in zip(table.fields, row, strict=True)
        if v is not None
    ]
    return _table([], lines)


def _list(report: Report, table: Table) -> Markup:
    rows = report.rows(table.id)
    used = [i for i in range(len(table.fields)) if any(row[i] is not None for row in rows)]
    heads = [el("th", text(table.fields[i].title), scope="col") for i in used]
    lines = [
        el(
            "tr",
            *(el("td", _value(report, table.fields[i], row[i]), class_=_kind(table.fields[i])) for i in used),
        )
        for row in rows[:_LISTED]
    ]
    more = [el("p", word("more_rows", shown=_LISTED, rows=len(rows)))] if len(rows) > _LISTED else []
    return joined([_table(heads, lines), *more])


def _kind(field: Field) -> str | None:
    return "n" if field.numeric else None


def _value(report: Report, field: Field, value: Value) -> Markup:
    shown = worded(field, value)
    if shown is None:
        return Markup("")
    said = text(shown) if isinstance(shown, str) else text(printed(shown))
    if isinstance(shown, Decimal) or (isinstance(shown, int) and field.unit):
        unit = report.unit if field.amount else field.unit
        return joined([said, el("small", text(unit))]) if unit else said
    return said


def _table(heads: Sequence[Markup], lines: Sequence[Markup]) -> Markup:
    head = el("thead", el("tr", *heads)) if heads else Markup("")
    return el(
        "div",
        el("table", head, el("tbody", *lines), class_="list"),
        class_="scroll",
        tabindex=0,
        role="region",
    )


def about_cells(report: Report, sheets: Sheets) -> dict[int, list[str]]:
    """What is said of single cells, by number: on what they stand, how they were derived, between which figures they lie."""
    table = report.spec.tables["cells"]
    at = table.position
    found = {}
    for row in report.rows("cells"):
        place, key, field = (str(row[at[name]]) for name in ("table", "row", "field"))
        number = sheets.number(place, key, field)
        if number is not None:
            values = (row[at[name]] for name in ("basis", "derivation", "min", "max"))
            found[number] = [
                "" if v is None else visible(v, 500) if isinstance(v, str) else printed(v) for v in values
            ]
    return found
