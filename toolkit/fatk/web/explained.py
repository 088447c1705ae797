"""What each page of the standard shows, for its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from fatk import explain, resources
from fatk.findings import notices
from fatk.rules.context import load_rules
from fatk.spec import Field, Table, load
from fatk.web import prose, standard


class Section(NamedTuple):
    """Something with a place of its own: its id, its heading without it, what is said of it."""

    id: str
    heading: str
    lines: tuple[str, ...]


class Row(NamedTuple):
    """A field as a row: its id, name, title, what it holds, what it has to keep, what it means."""

    id: str
    name: str
    title: str
    holds: str
    keeps: tuple[str, ...]
    means: str


def _section(entry_id: str, language: str) -> Section:
    heading, *lines = standard.text(entry_id, language)
    return Section(entry_id, heading.removeprefix(entry_id).strip(), tuple(lines))


def _rules(language: str) -> dict[str, Any]:
    groups: dict[str, list[Section]] = {}
    for rule in load_rules().values():
        groups.setdefault(rule.id.rpartition("-")[0], []).append(_section(rule.id, language))
    return {"groups": groups}


def _notices(language: str) -> dict[str, Any]:
    return {
        "notices": [_section(one, language) for one in notices()],
        "refusals": [_section(one, language) for one in standard.refusals()],
    }


def _editions(language: str) -> dict[str, Any]:
    return {"editions": [_section(edition.id, language) for edition in load().editions]}


def _tables(language: str) -> dict[str, Any]:
    kinds: dict[str, list[tuple[Table, list[Row]]]] = {"form": [], "note": [], "meta": []}
    for table in load().tables.values():
        kinds[table.kind].append((table, [_row(table, field, language) for field in table.fields]))
    return {"kinds": kinds}


def _row(table: Table, field: Field, language: str) -> Row:
    keeps = list(explain.constraints(field, language == "zh"))
    if field.name in table.key:
        keeps.insert(0, "键" if language == "zh" else "Key")
    return Row(
        f"{table.id}.{field.name}", field.name, field.title, explain.type_of(field, language == "zh"), tuple(keeps),
        field.description,
    )  # fmt: skip


def _prose(name: str, language: str) -> dict[str, Any]:
    text = resources.specification(name, language)
    return {
        "name": name,
        "chapters": prose.chapters(text, standard.TEXTS[name], lambda to: standard.leads_to(to, language)),
    }


class Page(NamedTuple):
    """A page of the standard: its template, and what it shows in a language."""

    template: str
    content: Callable[[str], dict[str, Any]]


PAGES: Mapping[str, Page] = {
    "tables": Page("tables.html", _tables),
    "rules": Page("rules.html", _rules),
    "notices": Page("notices.html", _notices),
    "editions": Page("editions.html", _editions),
    **{name: Page("prose.html", partial(_prose, name)) for name in standard.TEXTS},
}
