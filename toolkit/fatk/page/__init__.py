"""Results as a page for people: one file that opens from disk, asks nobody for anything, and prints.

The verdict comes first, then what may have caused it, the findings, pictures, and the nine tables as the official forms of
the report's edition. With its script, which is in the file, a figure shows what it is made of; without, all but this is there.
Text of a file is escaped wherever it stands; the page's policy lets no other script and no other style run. The same results
give the same bytes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fatk.check import Result
from fatk.model import Report
from fatk.outputs import Outcome, path_of, refusal
from fatk.page import sections
from fatk.page.account import Account, data_of, name_of, opened
from fatk.page.elements import Markup, el, joined, lone, text
from fatk.page.words import LANGUAGES, both, said, scripted, word
from fatk.reading import without_search_for_cycles
from fatk.render import rules_digest
from fatk.rules.report import texts
from fatk.values import visible

_LANG = {"zh": "zh-CN", "en": "en"}


@without_search_for_cycles()
def write(
    outcomes: Sequence[Outcome],
    version: str,
    spec_version: str,
    *,
    language: str = "zh",
    previous: Report | None = None,
    parts: Sequence[Report] = (),
    standard: str = "",
) -> bytes:
    """The page of the outcomes of one run, a refused source with its sentence. ``language`` is the one that it opens in.

    ``previous`` and ``parts`` are the reports that the sources were checked beside, as in ``check``. ``standard`` is where the
    standard can be looked up, for what the page is served beside: the id of a rule leads there, behind it.
    """
    found = [
        opened(outcome, f"s{number}-", previous, parts, standard) if isinstance(outcome, Result) else outcome
        for number, outcome in enumerate(outcomes, 1)
    ]
    several = len(found) != 1
    bodies = [_source(one, number, several) for number, one in enumerate(found, 1)]
    data = {
        "words": scripted(),
        "reasons": {name: dict(said) for name, said in texts()["reasons"].items()},
        "qualifiers": {name: dict(said) for name, said in texts()["qualifiers"].items()},
        "titles": {name: _title(outcomes, name) for name in LANGUAGES},
        "sources": [data_of(one) if isinstance(one, Account) else None for one in found],
    }
    index = _index(found) if several else Markup("")
    main = el("main", index, *bodies, id="main", tabindex=-1)
    page = joined(
        [
            el("a", word("skip"), href="#main", class_="skip"),
            el("header", el("p", word("page"), class_="name"), _switch(), class_="top"),
            el("div", _navigation(found), main, class_="body"),
            _panel(),
            el(
                "footer",
                el("p", word("foot", version=version, spec=spec_version, digest=rules_digest()[7:19])),
            ),
        ]
    )
    head = joined(
        [
            lone("meta", charset="utf-8"),
            lone("meta", http_equiv="Content-Security-Policy", content=policy()),
            lone("meta", name="viewport", content="width=device-width, initial-scale=1"),
            lone("meta", name="referrer", content="no-referrer"),
            lone("meta", name="color-scheme", content="light"),
            el("title", text(data["titles"][language])),  # type: ignore[index]
            Markup(f"<style>{_style()}</style>"),
        ]
    )
    embedded = f'<script type="application/json" id="data">{_json(data)}</script>'
    script = f"<script>{_own('page.js')}</script>"
    html = f'<!DOCTYPE html>\n<html lang="{_LANG[language]}"><head>{head}</head><body>{page}{embedded}{script}</body></html>\n'
    return html.encode("utf-8")


@cache
def policy() -> str:
    """The page's content security policy: its own style and script by their digests, and nothing else."""
    style, script = (
        f"'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'" for own in (_style(), _own("page.js"))
    )
    return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


def colours() -> str:
    """The style sheet that says what verdicts, findings and text look like, wherever they are shown."""
    return _own("colours.css")


def _style() -> str:
    return colours() + _own("page.css")


@cache
def _own(name: str) -> str:
    """A file of this package, as it stands between its tags."""
    return files("fatk.page").joinpath(name).read_text(encoding="utf-8")


def _json(data: Any) -> str:
    """Data that no text of a file can end."""
    found = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        found = found.replace(character, f"\\u{ord(character):04x}")
    return found


def _title(outcomes: Sequence[Outcome], language: str) -> str:
    name = said("page", language)
    if len(outcomes) != 1:
        return name
    only = outcomes[0]
    whose = name_of(only) if isinstance(only, Result) else visible(path_of(only), 200)
    return f"{whose} · {name}" if whose else name


def _switch() -> Markup:
    """The switch of language; its words are in the other language, which is the one that is wanted by who looks for it."""
    return el(
        "button",
        el("span", "English", class_="zh", lang="en"),
        el("span", "中文", class_="en", lang="zh"),
        type="button",
        id="switch",
        class_="script",
    )


def _panel() -> Markup:
    """Where the script shows what a cell is made of."""
    close = el("button", word("close"), type="button", id="close")
    heading = el("h2", id="panel-title", tabindex=-1)
    return el(
        "aside", el("div", heading, close, class_="bar"), el("div", id="panel-body"), id="panel", role="dialog",
        aria_labelledby="panel-title", hidden=True,
    )  # fmt: skip


def _navigation(found: Sequence[Account | Mapping[str, Any]]) -> Markup:
    if len(found) != 1:
        items = [_entry(f"s{n}", text(visible(_path(one), 80)), None) for n, one in enumerate(found, 1)]
        return (
            el("nav", el("ul", *items[:200]), id="nav", aria_labelledby="nav-name", class_="files")
            if items
            else Markup("")
        )
    only = found[0]
    items = [_entry(*one) for one in sections.sections(only)] if isinstance(only, Account) else []
    return el(
        "nav",
        el("h2", word("nav"), id="nav-name", class_="hidden"),
        el("ul", *items),
        id="nav",
        aria_labelledby="nav-name",
    )


def _entry(target: str, name: Markup, count: Markup | None) -> Markup:
    tail = el("span", count, class_="count") if count else None
    return el("li", el("a", name, tail, href=f"#{target}"))


def _path(one: Account | Mapping[str, Any]) -> str:
    return one.result.reading.path if isinstance(one, Account) else path_of(one)


def _index(found: Sequence[Account | Mapping[str, Any]]) -> Markup:
    """Several sources in one list, each with its verdict."""
    lines = []
    for number, one in enumerate(found, 1):
        link = el("a", text(visible(_path(one), 200)), href=f"#s{number}", lang="zh")
        if isinstance(one, Account):
            summary = one.result.summary
            name = text(name_of(one.result))
            mark = el("span", word(f"verdict.{one.result.verdict}"), class_=f"badge v-{one.result.verdict}")
            counts = [el("td", str(summary[n]), class_="n") for n in ("errors", "warnings")]
        else:
            name, counts = text(""), [el("td", class_="n"), el("td", class_="n")]
            mark = el("span", word("refused"), class_="badge v-refused")
        lines.append(
            el("tr", el("th", link, scope="row"), el("td", name, lang="zh"), el("td", mark), *counts)
        )
    heads = [
        el("th", word(f"index.{n}"), scope="col") for n in ("file", "whose", "verdict", "errors", "warnings")
    ]
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *lines), class_="list")
    title = el("h1", word("index", count=len(found)), id="nav-name")
    return el("section", title, el("div", table, class_="scroll", tabindex=0), id="index")


def _source(one: Account | Mapping[str, Any], number: int, several: bool) -> Markup:
    """A source: all of it, folded where there are several."""
    if isinstance(one, Account):
        body = sections.shown(one)
        name = name_of(one.result)
    else:
        path, code, _ = refusal(one, "zh")
        sentences = both({n: refusal(one, n).message for n in LANGUAGES})
        said_ = el("p", el("strong", word("refused")), sentences, class_="said")
        file = el("p", el("span", text(visible(path, 200)), class_="file", lang="zh"), class_="what")
        body = joined([file, el("div", said_, el("p", el("code", code)), class_="verdict v-refused")])
        name = visible(path, 200)
    heading = el("h1", text(name), lang="zh", class_="hidden") if not several else None
    if several:
        body = el("details", el("summary", text(name), lang="zh"), body)
    return el("article", heading, body, id=f"s{number}", data_s=number)
