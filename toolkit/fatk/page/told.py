"""What is told first of a source: the verdict, what may have caused it, and the findings by kind, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from fatk import outputs
from fatk.check import Cause, Waiver
from fatk.findings import ERROR, WARNING, CellRef, Finding, notices
from fatk.page.account import LISTED, SIGNS, WAIVED, Account, look_of, name_of
from fatk.page.elements import Markup, el, joined, text
from fatk.page.words import LANGUAGES, both, pair, word
from fatk.render import WORDS, explanations, place_of, waived_by
from fatk.rules.context import load_rules
from fatk.values import visible

#: Findings of one kind that are shown at once.
_FIRST = 5
#: Places of one finding, at most.
_PLACES = 6


def verdict(account: Account) -> Markup:
    """Whose accounts, the verdict, and what was counted."""
    result, summary = account.result, account.result.summary
    unit = account.report.unit
    counts = [
        el("li", el("b", f"{summary[name]:,}"), word(f"count.{name}"), class_=f"k-{name}")
        for name in ("errors", "warnings", "infos")
    ]
    checks = [
        el("li", el("b", f"{summary[name]:,}"), word(f"count.{name}"), class_=f"k-{name}")
        for name in ("exact", "within_rounding", "failed", "not_checked")
    ]
    said = word(
        f"verdict.{result.verdict}.sentence", errors=summary["errors"], warnings=summary["warnings"],
        unchecked=summary["not_checked"], checks=f"{sum(summary[n] for n in ('exact', 'within_rounding', 'failed')):,}",
    )  # fmt: skip
    lines = [el("span", text(visible(result.reading.path, 200)), class_="file", lang="zh")]
    lines.append(el("span", text(account.report.edition.title), lang="zh"))
    if unit:
        lines.append(word("amounts", unit=unit))
    return el(
        "section",
        el("h2", text(name_of(result)), lang="zh", class_="whose"),
        el("p", *_between(lines), class_="what"),
        el(
            "div",
            el("p", el("strong", word(f"verdict.{result.verdict}")), said, class_="said"),
            el("ul", *counts, class_="counts"),
            el("ul", *checks, class_="counts checks"),
            class_=f"verdict v-{result.verdict}",
        ),
        id=f"{account.prefix}verdict",
    )


def _between(parts: Sequence[Markup]) -> list[Markup]:
    return [p for i, part in enumerate(parts) for p in ((Markup(" · "), part) if i else (part,))]


def _link(account: Account, cell: CellRef, shown_: str | None = None) -> Markup:
    """A cell by its place in the file, linked to where it stands on the page, in a form or in the document's own text."""
    at = account.sheets.number(cell.table, cell.row, cell.field, cell.again)
    said = text(shown_ if shown_ is not None else place_of(cell), 200)
    if at is not None:
        return el("a", said, href=f"#{account.prefix}{at}", data_n=at)
    number = account.claims.get(cell.row or "") if cell.table == "claims" else None
    return said if number is None else el("a", said, href=f"#{account.prefix}c{number}")


def _places(account: Account, cells: Sequence[CellRef]) -> Markup | None:
    """Where the cells are, the first few of many."""
    known = [c for c in cells if place_of(c)]
    if not known:
        return None
    links, sheet = [], None
    for cell in known[:_PLACES]:  # a sheet's name is said once for cells that follow each other
        here, mark, name = place_of(cell).rpartition("!")
        links.append(_link(account, cell, name if mark and here == sheet else None))
        sheet = here if mark else None
    links = _between_with(Markup("、"), links)
    more = [word("more_places", count=len(known) - _PLACES)] if len(known) > _PLACES else []
    return el(
        "p", el("span", word("place"), class_="whole"), el("span", *links, lang="zh"), *more, class_="place"
    )


def _between_with(mark: Markup, parts: Sequence[Markup]) -> list[Markup]:
    return [p for i, part in enumerate(parts) for p in ((mark, part) if i else (part,))]


def causes(account: Account) -> Markup:
    """What may be behind the findings, each group with all explanations that are equally small."""
    items = []
    for options in explanations(account.result):
        lines = [_option(account, option, bool(i)) for i, option in enumerate(options)]
        items.append(el("li", *lines))
    if not items:
        return Markup("")
    tail = []
    if account.result.unexplained:
        count = account.result.unexplained
        tail.append(
            el(
                "p",
                both({n: WORDS[n]["unexplained"].format(count=count) for n in LANGUAGES}),
                class_="advice",
            )
        )
    return el(
        "section",
        el("h2", word("causes")),
        el("p", word("causes.advice"), class_="advice"),
        el("ul", *items),
        *tail,
        class_="causes",
        id=f"{account.prefix}causes",
    )


def _option(account: Account, option: Sequence[Cause], other: bool) -> Markup:
    said = pair(*(joined([_cause_words(c, n) for c in option]) for n in LANGUAGES))
    lead = [el("em", word("or"))] if other else []
    cells = [c for cause in option for c in cause.cells if c.location]
    numbers = sorted({account.numbers[i] for cause in option for i in cause.explains if i in account.numbers})
    links = [
        el("a", str(n), href=f"#{account.prefix}f{n}") if n in account.listed else text(str(n))
        for n in numbers[:20]
    ]
    more = [Markup("…")] if len(numbers) > 20 else []
    explained = (
        el("p", word("explains"), *_between_with(Markup("、"), links), *more, class_="place")
        if links
        else None
    )
    return el(
        "div", el("p", *lead, said, class_="message"), _places(account, cells), explained, class_="option"
    )


def _cause_words(cause: Cause, language: str) -> Markup:
    return text(visible(cause.messages[language], outputs.SENTENCE) + ("" if language == "zh" else " "))


def findings(account: Account) -> Markup:
    """Every kind of finding with its first findings, worst first; then what could not be checked, and what is waived."""
    result, parts = account.result, []
    for (rank, _rule), found in sorted(account.kinds.items(), key=lambda kind: kind[0][0]):
        if rank == WAIVED:
            items = [_finding(account, n, f, result.waived[f.id]) for n, f in found[:LISTED]]
            parts.append(el("section", el("h3", word("waived")), el("ol", *items), class_="kind g-waived"))
        else:
            parts.append(_group(account, found))
    if not parts:
        parts = [el("p", word("none"), class_="none")]
    return el(
        "section", el("h2", word("nav.findings")), *parts, id=f"{account.prefix}findings", class_="findings"
    )


def _group(account: Account, group: Sequence[tuple[int, Finding]]) -> Markup:
    first = group[0][1]
    look, kind = look_of(first), outputs.kind(first.rule)
    shown_ = [_finding(account, n, f, None) for n, f in group[:LISTED]]
    heading = el(
        "h3",
        el("span", el("i", SIGNS[look], aria_hidden="true"), word(f"look.{look}"), class_=f"badge b-{look}"),
        both(kind.title),
        el("a", kind.id, href=f"#{account.prefix}r-{kind.id}", class_="rule"),
    )
    parts = [heading, el("ol", *shown_[:_FIRST])]
    if len(shown_) > _FIRST:
        more = el("summary", word("more_findings", count=len(group) - _FIRST))
        parts.append(el("details", more, el("ol", *shown_[_FIRST:])))
    if len(group) > LISTED:
        parts.append(el("p", word("unlisted", count=len(group) - LISTED)))
    parts.append(_advice(account, first))
    return el("section", *parts, class_=f"kind g-{look}")


def _advice(account: Account, finding: Finding) -> Markup:
    """What to do about a finding; where its figures stand on a form, to look at them there."""
    fails = finding.rule in load_rules() and look_of(finding) in (ERROR, WARNING)
    shown_ = any(account.sheets.number(c.table, c.row, c.field, c.again) is not None for c in finding.cells)
    said = (
        word("advice.rule") if fails and shown_ else both({n: outputs.advice(finding, n) for n in LANGUAGES})
    )
    return el("p", el("b", word("advice")), said, class_="advice")


def _finding(account: Account, number: int, finding: Finding, waiver: Waiver | None) -> Markup:
    titles = outputs.kind(finding.rule).title
    said = {}
    for language in LANGUAGES:
        sentence = outputs.sentence(finding, language)
        said[language] = (
            sentence if waiver else sentence.removeprefix(titles[language]).lstrip("：: ") or sentence
        )
    parts: list[Markup | None] = [
        el("p", el("span", f"{SIGNS[look_of(finding)]}{number}", class_="no"), both(said), class_="message"),
        _places(account, finding.cells),
    ]
    if waiver is not None:
        parts.append(el("p", both({n: waived_by(waiver, n) for n in LANGUAGES}), class_="place"))
    elif finding.rule not in notices():
        parts.append(el("p", word("finding_id"), el("code", finding.id), class_="id"))
    return el("li", *parts, id=f"{account.prefix}f{number}", value=number, class_=f"x-{look_of(finding)}")
