"""A document read: the report that its sentences and its tables state, with a place for each value, and what was not
understood."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fatk.captions import UNIT, read_captions
from fatk.document import Document
from fatk.documents import NOTICES
from fatk.errors import Refused
from fatk.findings import CellRef, Finding, notify
from fatk.lexical import keep
from fatk.merging import merge
from fatk.model import Report, build, make_row
from fatk.narrative.entries import Entries, describe, enter, note_rates
from fatk.narrative.forms import apart as forms_apart
from fatk.narrative.forms import read_forms
from fatk.narrative.homes import kind_of
from fatk.narrative.scanner import scan
from fatk.narrative.tables import taken_out
from fatk.narrative.years import Aside, of_one_year
from fatk.reading import Passage, Proposal, Reading
from fatk.spec import Spec
from fatk.transcription import transcribe
from fatk.transcription.ledger import Told
from fatk.wording.folding import Running, fold, run
from fatk.wording.grammar import Literal, Wording, load_wording, wording_ids
from fatk.wording.matching import Said
from fatk.wording.reading import ELSEWHERE, TWICE, Section, Understood, headings_in, understand

#: So much of a text's figures a wording has to understand to be likely that of its edition, or surely.
_HALF, _MOST = 0.5, 0.9
#: A narrative has at least so many of the headings of a wording.
_HEADINGS = 3
#: A line of more characters is no caption.
_CAPTION = 40
#: So many sections of a document twice, with other figures, are several narratives.
_SEVERAL = 3
#: Why a sentence is not taken that reads like one of the wording → what tells so.
_DOUBTS = {ELSEWHERE: "READ-126", TWICE: "READ-127"}
_BUDGET = re.compile(r"(?:部门|单位|收支|年度?|财政拨款)预算(?!单位)")
#: What calls a document something is no longer than this, and no sentence.
_CALLED = 60
_FIGURE = re.compile(r"[0-9]+")
_WORDS = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Fit:
    """A wording and what it makes of a document; ``share`` of the figures of the text."""

    wording: Wording
    understood: Understood
    share: float


def is_narrative(document: Document) -> bool:
    """Whether a document has some of the headings of a narrative of final accounts, or is called one."""
    running = run(document.paragraphs)
    return any(headings_in(running, load_wording(i)) >= _HEADINGS for i in wording_ids())


def read_document(document: Document, spec: Spec, name: str = "", edition: str | None = None) -> Reading:
    """The report that a document holds: its narrative and the tables that are printed in it.

    ``Refused`` where it is no narrative of final accounts and has none of the tables.
    """
    if not document.blocks:
        raise Refused("DOCUMENT_EMPTY", path=name)
    rest, forms = forms_apart(document)
    book, text = taken_out(rest)
    narrative = read_narrative(text, spec, name, edition)
    evaluated = read_forms(forms, spec, name)
    found: list[tuple[str, Reading]] = [(name, narrative)]
    if book.sheets:
        tables = transcribe(book, spec, name, _told(narrative))
        if any(tables.report.rows(form.id) for form in spec.forms) or tables.report.rows("extras"):
            # Several editions may be worded alike: what the tables look like says more.
            found = [(name, tables), (name, replace(narrative, edition_certainty="guessed"))]
    if evaluated is not None:
        found.append((name, evaluated))
    _refuse_others(document, [reading.report for _, reading in found], name)
    merged = merge(found)
    return replace(merged, findings=(*merged.findings, *_noticed(document)))


def _refuse_others(document: Document, reports: Sequence[Report], name: str) -> None:
    """Refuse what is no final account: a budget, or a document in which nothing of one was found."""
    if _is_budget([fold(p.text) for p in document.paragraphs]):
        raise Refused("DOCUMENT_BUDGET", path=name)
    spec = reports[0].spec
    known = [t.id for t in (*spec.forms, *spec.notes)] + ["claims"]
    if not any(report.rows(table) for report in reports for table in known):
        raise Refused("DOCUMENT_OTHER", path=name)


def _is_budget(texts: Sequence[str]) -> bool:
    """Whether a document is a budget: it never speaks of final accounts, or its title and most of its headings call it one,
    though it may compare itself with last year's final accounts."""
    if not any("决算" in text for text in texts):
        return any(_BUDGET.search(text) for text in texts)
    called = [text for text in texts if len(text) <= _CALLED and not text.endswith(("。", ";"))]
    of_accounts = ["决算" in text for text in called if "决算" in text or _BUDGET.search(text)]
    return bool(of_accounts) and not of_accounts[0] and 2 * sum(of_accounts) < len(of_accounts)


def _noticed(document: Document) -> Iterator[Finding]:
    """What the reader of the file noticed."""
    for code, detail in document.notices:
        place = (
            None if detail.isdecimal() else detail or None
        )  # how many, or on which page, is no place of a cell
        yield notify(NOTICES.get(code, "READ-47"), CellRef(location=place), detail=detail, code=code)


def _told(narrative: Reading) -> Told:
    """What the text says of the tables: whose they are, and of which year."""
    told = Told()
    year, entity = narrative.report.fiscal_year, narrative.report.one("entity").get("name")
    if year:
        told.years.append((narrative.places("report", "*", "fiscal_year") or "", year))
    if isinstance(entity, str):
        told.entities[entity] += 1
    return told


def read_narrative(document: Document, spec: Spec, name: str = "", edition: str | None = None) -> Reading:
    """The report that the paragraphs of a document state; its tables are read elsewhere."""
    running = run(document.paragraphs)
    fit = best_fit(running, edition)
    _refuse_several(running, fit.understood, name)
    understood, aside = of_one_year(running, fit.understood)
    places = {one: place_of(running, one.start, one.end) for one in understood.said}
    known = [one for one in understood.said if _stored(one.path)]
    alone = len(fit.wording.editions) == 1
    certainty = "guessed" if fit.share < _HALF else "certain" if alone and fit.share > _MOST else "probable"
    customary = fit.wording.unit if certainty == "certain" else None
    entries = enter(known, spec, _captioned(running) or customary, places)
    likely = [e for e in map(spec.edition, fit.wording.editions) if e.covers(entries.year)]
    used = spec.edition(edition) if edition else (likely or [spec.edition(fit.wording.editions[0])])[-1]
    describe(entries, used)
    note_rates(entries)
    rows = entries.built()
    homeless = [(one.start, one.end) for one in entries.homeless]
    left = list(_left(running, [*fit.understood.rest, *homeless]))
    other = list(_left(running, [(one.start, one.end) for one in aside]))
    rows["extras"] = [
        make_row(spec.tables["extras"], sheet=name or None, cell=place_of(running, a, b), text=keep(running.printed(a, b)))
        for a, b in sorted([*left, *other])
    ]  # fmt: skip
    findings = [
        *entries.findings,
        *_of_other_years(running, aside, entries.year),
        *_unread(running, fit, left),
    ]

    def find(table: str, row: str, field: str, again: int = 0) -> str | None:
        one = entries.said.get((table, row, field))
        return places.get(one) if one else None

    proposals = tuple(_proposed(running, understood, {one.path for one in known}))
    if proposals:
        findings.append(notify("READ-124", CellRef(), count=len(proposals)))
    return Reading(
        build(spec, rows), tuple(findings), find, edition_certainty=certainty,
        source_cells=len(_FIGURE.findall(running.text)), proposals=proposals, passages=_passages(running, known, entries),
    )  # fmt: skip


def _captioned(running: Running) -> str | None:
    """The unit that a line of its own states for the amounts of a text (单位：元); ``None`` where there is none, or several."""
    lines = (paragraph.text for paragraph in running.paragraphs if len(paragraph.text) <= _CAPTION)
    units = {caption.value for line in lines for caption in read_captions(line, "") if caption.kind == UNIT}
    return units.pop() if len(units) == 1 else None


def _refuse_several(running: Running, understood: Understood, name: str) -> None:
    """Refuse a document that holds the narratives of several entities or years: many of its sections stand twice, with other
    figures."""
    sections = [section for section, _ in understood.sections]
    begins = [section.begin for section in sections]
    twice: dict[str, tuple[Section, Section]] = {}
    for doubt in understood.doubts:
        one, other = (sections[bisect_right(begins, at) - 1] for at in (doubt.start, doubt.because[0]))
        if doubt.why == TWICE and one is not other:
            twice.setdefault(one.heading.words.written[0], (one, other))
    if len(twice) >= _SEVERAL:
        heading, (one, other) = next(iter(twice.items()))
        place, where = (place_of(running, section.start, section.begin) for section in (one, other))
        raise Refused("DOCUMENT_SEVERAL", path=name, place=place, other=where, heading=heading)


def best_fit(running: Running, edition: str | None = None) -> Fit:
    """The wording that understands most of a document's figures; one of the edition asked for before others."""
    fits = []
    for wording in map(load_wording, wording_ids()):
        understood = understand(running, wording, kind_of)
        total = len(_FIGURE.findall(running.text))
        known = [(doubt.start, doubt.end) for doubt in understood.doubts]
        unread = sum(len(_FIGURE.findall(running.text[a:b])) for a, b in understood.rest)
        unread -= sum(len(_FIGURE.findall(running.text[a:b])) for a, b in known)
        fits.append(Fit(wording, understood, (total - unread) / total if total else 0.0))
    return max(fits, key=lambda fit: (edition in fit.wording.editions, fit.share))


def _stored(path: str) -> bool:
    """Whether the report keeps the value of a path; parts of a text are only read to be looked at."""
    return ".sub_terms[" not in path and not path.endswith(".lead")


def _passages(running: Running, known: Iterable[Said], entries: Entries) -> tuple[Passage, ...]:
    """The paragraphs with what they state; a statement that runs over several stands in the first, up to its end."""
    claimed = {one: row for (table, row, _field), one in entries.said.items() if table == "claims"}
    stated: dict[int, list[tuple[int, int, str, str | None]]] = {}
    for one in known:
        if one.start >= one.end:
            continue
        (first, at), (last, to) = running.origin[one.start], running.origin[one.end - 1]
        end = to + 1 if first == last else len(running.paragraphs[first].text)
        stated.setdefault(first, []).append((at, end, one.path, claimed.get(one)))
    return tuple(
        Passage(
            paragraph.text, paragraph.level, tuple(sorted(stated.get(number, ()), key=lambda one: one[:2]))
        )
        for number, paragraph in enumerate(running.paragraphs)
    )


def place_of(running: Running, start: int, end: int) -> str:
    """Where people find a range of a text: page, paragraph and characters, counted from 1."""
    if not running.text:
        return ""
    start, end = min(start, len(running.text) - 1), min(end, len(running.text))
    (first, at), (last, to) = running.origin[start], running.origin[max(start, end - 1)]
    page = running.paragraphs[first].page(at)
    until = f"{to + 1}" if first == last else f"第{last + 1}段第{to + 1}"
    return f"{f'第{page}页' if page else ''}第{first + 1}段第{at + 1}至{until}字"


def _proposed(running: Running, understood: Understood, said: Collection[str]) -> Iterator[Proposal]:
    """What the figures may be that were not understood."""
    wordings = [load_wording(i) for i in wording_ids()]
    for one in scan(running, understood, wordings, said):
        printed, where = running.printed(one.start, one.end), place_of(running, one.start, one.end)
        yield Proposal(one.paths, one.value, one.unit, printed, one.label, one.certainty, where)


def _left(running: Running, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Text that nothing has read, or that the report has no place for, paragraph by paragraph."""
    for begin, end in sorted(ranges):
        inner = running.starts[bisect_right(running.starts, begin) : bisect_left(running.starts, end)]
        for a, b in zip([begin, *inner], [*inner, end], strict=True):
            if _WORDS.search(running.text[a:b]):
                yield a, b


def _of_other_years(running: Running, aside: Iterable[Aside], year: int) -> Iterator[Finding]:
    """Sentences that are understood and about another year."""
    for one in aside:
        where, text = place_of(running, one.start, one.end), running.printed(one.start, one.end)
        yield notify(
            "READ-125", CellRef(location=where, value=text), place=where, text=text, found=one.year, year=year
        )


def _unread(running: Running, fit: Fit, left: Collection[tuple[int, int]]) -> Iterator[Finding]:
    """What was not understood: sentences that are not as the wording says them, and text that nothing has read."""
    for missed in fit.understood.missed:
        if missed.failure.reached > missed.start and missed.section:
            near = running.printed(max(missed.start, missed.failure.reached - 12), missed.failure.reached)
            expected = missed.failure.expected
            words = expected.written[0] if isinstance(expected, Literal) else ""
            where = place_of(running, missed.failure.reached, missed.failure.reached + 1)
            yield notify("READ-122", CellRef(location=where), place=where, near=near, expected=words or "—",
                         section=missed.section.heading.words.written[0])  # fmt: skip
    for doubt in fit.understood.doubts:
        where, because = place_of(running, doubt.start, doubt.end), place_of(running, *doubt.because)
        told = CellRef(location=where, value=running.printed(doubt.start, doubt.end))
        text = running.printed(*doubt.because)
        yield notify(_DOUBTS[doubt.why], told, place=where, because=because, text=text)
    doubted = [(doubt.start, doubt.end) for doubt in fit.understood.doubts]
    figures = [(a, b) for a, b in left if _FIGURE.search(running.text[a:b])]
    for a, b in figures:
        if any(start <= a and b <= end for start, end in doubted):
            continue
        where = place_of(running, a, b)
        text = running.printed(a, b)
        yield notify("READ-121", CellRef(location=where, value=text), place=where, text=text)
    count = sum(1 for _ in left) - len(figures)
    if count:
        yield notify("READ-123", CellRef(), count=count)
