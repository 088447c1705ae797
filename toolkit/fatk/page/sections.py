"""The sections of a source from top to bottom, and where each can be gone to."""

from __future__ import annotations

from collections.abc import Iterator

from fatk import outputs
from fatk.findings import ERROR, INFO, WARNING, CellRef
from fatk.page import pictures, retold
from fatk.page.account import SIGNS, Account, look_of
from fatk.page.elements import Markup, el, joined, text
from fatk.page.sheets import Sheet, drawn
from fatk.page.told import causes, findings, verdict
from fatk.page.words import LANGUAGES, both, word
from fatk.rules.context import load_rules
from fatk.rules.prose import formula
from fatk.spec import load
from fatk.values import visible

#: Findings that are told again under a form, at most.
_BELOW = 10


def shown(account: Account) -> Markup:
    """The whole of a source."""
    return joined(
        [
            verdict(account), causes(account), findings(account), _pictures(account), _forms(account),
            _text(account), _notes(account), _rules(account), _about(account),
        ]
    )  # fmt: skip


def sections(account: Account) -> Iterator[tuple[str, Markup, Markup | None]]:
    """Where one can go on the page: id, name, and how much is told there."""
    prefix = account.prefix
    yield f"{prefix}verdict", word("nav.verdict"), None
    count = len(account.result.findings)
    yield f"{prefix}findings", word("nav.findings"), Markup(str(count)) if count else None
    yield f"{prefix}pictures", word("nav.pictures"), None
    for sheet in account.sheets.forms:
        counts = {n for at, ns in account.told.items() if sheet.first <= at < sheet.end for n in ns}
        worst = [look_of(account.result.findings[n - 1]) for n in counts]
        sign = next((SIGNS[look] for look in (ERROR, WARNING, "open", INFO) if look in worst), None)
        yield (
            f"{prefix}{sheet.table.id}",
            el("span", text(sheet.table.title), lang_="zh"),
            Markup(f"{sign}{len(counts)}") if sign else None,
        )
    for part in ("text", "notes", "rules", "about"):
        yield f"{prefix}{part}", word(f"nav.{part}"), None


def _pictures(account: Account) -> Markup:
    found = list(pictures.pictures(account.report, account.context, f"{account.prefix}p-"))
    if not found:
        found = [el("p", word("no_pictures"), class_="none")]
    return el(
        "section",
        el("h2", word("nav.pictures")),
        el("div", *found, class_="pictures"),
        id=f"{account.prefix}pictures",
    )


def _forms(account: Account) -> Markup:
    parts = [drawn(s, account.prefix, account.marks, _below(account, s)) for s in account.sheets.forms]
    legend = [
        el("li", el("span", sign, class_=f"sample x-{look}"), word(f"mark.{look}"))
        for look, sign in SIGNS.items()
        if look != INFO
    ]
    return el(
        "section",
        el("h2", word("forms")),
        el("p", word("forms.how"), class_="how script"),
        el("ul", *legend, class_="marks"),
        *parts,
        id=f"{account.prefix}forms",
    )


def _below(account: Account, sheet: Sheet) -> Markup:
    """Under a form, the findings that are about its cells first."""
    items = []
    for number, finding in enumerate(account.result.findings, 1):
        first = finding.cells[0] if finding.cells else CellRef()
        at = account.sheets.number(first.table, first.row, first.field, first.again)
        if at is None or not sheet.first <= at < sheet.end or finding.id in account.result.waived:
            continue
        said = both({n: outputs.sentence(finding, n) for n in LANGUAGES})
        link = el("a", f"{SIGNS[look_of(finding)]}{number}", href=f"#{account.prefix}f{number}", class_="no")
        items.append(el("li", link, said))
        if len(items) >= _BELOW:
            break
    return el("ul", *items, class_="beside") if items else Markup("")


def _text(account: Account) -> Markup:
    """What a document said again, and the narrative that the figures make."""
    prefix, result = account.prefix, account.result
    found = retold.stated(account.context, result.findings)
    marks = {}
    for number, finding in enumerate(result.findings, 1):
        for cell in finding.cells[:1]:
            if cell.table == "claims" and cell.row and number in account.listed:
                marks[cell.row] = el(
                    "a", f"{SIGNS[look_of(finding)]}{number}", href=f"#{prefix}f{number}", class_="sign"
                )
    parts = [el("h2", word("nav.text"))]
    if found:
        counts = {state: sum(1 for one in found if one.state == state) for state in retold.STATES}
        counts["same"] += counts["rounded"]
        parts.append(el("p", word("claims.counts", **counts)))
        wrong = [one for one in found if one.state == "differs"]
        if wrong:
            parts.append(retold.claims(wrong, account.sheets, account.context, prefix, marks))
        lines = retold.claims(found, account.sheets, account.context, prefix, marks)
        parts.append(el("details", el("summary", word("claims", count=len(found))), lines))
    says, how = "original", "original.how"
    prose = retold.original(
        result.reading.passages, found, account.sheets, account.context, prefix, marks, account.claims
    )
    if prose is None:
        says, how = "narrative", "narrative.how"
        prose = retold.narrative(account.report, account.sheets, account.context, prefix)
    if prose is not None:
        parts.append(el("details", el("summary", word(says)), el("p", word(how), class_="how"), prose))
    elif not found:
        parts.append(el("p", word("no_text"), class_="none"))
    return el("section", *parts, id=f"{prefix}text")


def _notes(account: Account) -> Markup:
    lists = [
        el(
            "details",
            el("summary", el("span", text(title), lang="zh")),
            el("div", rows, lang="zh"),
            id=f"{account.prefix}n-{name}",
        )
        for name, title, rows in retold.notes(account.report)
    ]
    return el("section", el("h2", word("nav.notes")), *lists, id=f"{account.prefix}notes")


_OUTCOMES = ("exact", "within_rounding", "failed", "not_checked", "not_applicable")


def _rules(account: Account) -> Markup:
    """Every rule that was run with what came of it, and every other kind of finding that was found."""
    result, rules = account.result, load_rules()
    kinds = [*(r for r in rules if r in result.ran), *sorted({f.rule for f in result.findings} - set(rules))]
    lines = []
    for name in kinds:
        kind, ran = outputs.kind(name), result.ran.get(name, {})
        said = both(kind.title)
        if name in rules:
            formulas = {n: formula(rules[name], load(), n) for n in LANGUAGES}
            more = el("p", both(formulas), class_="formula") if formulas["zh"] else None
        else:
            more = el("p", both(kind.help))
        counts = [el("td", f"{ran[o]:,}" if ran.get(o) else "", class_="n") for o in _OUTCOMES]
        lines.append(
            el(
                "tr",
                el("th", _looked_up(kind.id, account), scope="row"),
                el("td", said, more),
                *counts,
                id=f"{account.prefix}r-{name}",
            )
        )
    heads = [el("th", word("rules.id"), scope="col"), el("th", word("rules.title"), scope="col")]
    heads += [el("th", word(f"count.{o}"), scope="col") for o in _OUTCOMES]
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *lines), class_="list rules")
    return el(
        "section",
        el("h2", word("nav.rules")),
        el(
            "details",
            el("summary", word("rules", count=len(kinds))),
            el("div", table, class_="scroll", tabindex=0),
        ),
        id=f"{account.prefix}rules",
    )


def _looked_up(rule: str, account: Account) -> Markup:
    """The id of a rule, leading to its place in the standard where that is at hand."""
    return el("a", rule, href=f"{account.standard}{rule}") if account.standard else text(rule)


def _about(account: Account) -> Markup:
    """What was read, and what was lost: nothing."""
    reading, summary = account.result.reading, account.result.summary
    lines = [
        ("about.file", text(visible(reading.path, 400))),
        ("about.form", text(reading.form)),
        ("about.sha256", el("code", reading.sha256)),
        ("about.edition", text(f"{account.report.edition.title}（{account.report.edition.id}）")),
        (
            "about.cells",
            word(
                "about.cells.counts", read=f"{summary['source_cells']:,}", lost=summary["unaccounted_cells"]
            ),
        ),
    ]
    if account.result.as_of is not None:
        lines.append(("about.waivers", text(f"{account.result.waivers} {account.result.as_of}")))
    rows = [p for name, said in lines if said for p in (el("dt", word(name)), el("dd", said))]
    return el("section", el("h2", word("nav.about")), el("dl", *rows), id=f"{account.prefix}about")
