"""The standard as the service shows it: what there is to look up, where each thing stands, and the files to download.

Everything is what ``fatk explain`` and ``spec/`` are made of too: tables, editions, rules, notices and code lists as declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from fatk import explain, outputs, resources
from fatk.findings import fill, notices
from fatk.rules.context import load_rules
from fatk.rules.prose import formula
from fatk.spec import load, read_list
from fatk.values import visible
from fatk.web import prose

#: The text of the standard: its pages, and the letter that their requirements begin with.
TEXTS = {"specification": "S", "versioning": "V"}
#: Most that a search shows.
MOST_FOUND = 200
#: A title that is found is shown up to so many characters.
_TITLE = 160


class Entry(NamedTuple):
    """Something of the standard that has a place of its own on a page: its id, what it is, its page and its titles."""

    id: str
    kind: str
    page: str
    titles: Mapping[str, str]

    @property
    def address(self) -> str:
        """Its place, below the standard's pages."""
        return f"{self.page}#{self.id}"


def _entries() -> Iterator[Entry]:
    spec = load()
    for table in spec.tables.values():
        yield Entry(
            table.id, "table", "tables", {"zh": table.title, "en": f"{table.title} — {table.description}"}
        )
        for field in table.fields:
            titles = {"zh": f"{table.title} · {field.title}", "en": f"{field.title} — {field.description}"}
            yield Entry(f"{table.id}.{field.name}", "field", "tables", titles)
    for edition in spec.editions:
        yield Entry(edition.id, "edition", "editions", {"zh": edition.title, "en": edition.title})
    for rule in load_rules().values():
        yield Entry(rule.id, "rule", "rules", rule.title)
    for notice in notices().values():
        yield Entry(notice.id, "notice", "notices", notice.title)
    for name, letter in TEXTS.items():
        both = [prose.pieces(resources.specification(name, language), letter) for language in ("zh", "en")]
        for zh, en in zip(*both, strict=True):
            yield Entry(
                zh.id, "chapter" if zh.level else "requirement", name, {"zh": zh.words, "en": en.words}
            )
    for code, message in refusals().items():
        yield Entry(code, "refusal", "notices", {lang: fill(text, {}) for lang, text in message.items()})


@cache
def entries() -> Mapping[str, Entry]:
    """Everything that has a place of its own by id, but for the rows of code lists."""
    return MappingProxyType({entry.id: entry for entry in _entries()})


@cache
def refusals() -> Mapping[str, Mapping[str, str]]:
    """Why a file is refused or something is not done: sentences by code."""
    declared = resources.read_json("notices", "refusals.json")["refusals"]
    return MappingProxyType({entry["code"]: entry["message"] for entry in declared})


def lists() -> list[Mapping[str, Any]]:
    """The code lists as their package describes them."""
    found: list[Mapping[str, Any]] = resources.read_json("codelists", "datapackage.json")["resources"]
    return found


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a code list; each has its anchor under the empty name: its key, of those alike the first."""
    schema = next(one["schema"] for one in lists() if one["name"] == name)
    keys = schema.get("primaryKey", ())
    keys = [keys] if isinstance(keys, str) else list(keys)
    found: list[Mapping[str, str]] = []
    taken: set[str] = set()
    for row in read_list(name):
        anchor = row[keys[0]]
        if anchor in taken:
            anchor = "/".join(row[key] for key in keys)
        taken.add(anchor)
        found.append({**row, "": anchor})
    return tuple(found)


def text(entry_id: str, language: str) -> list[str]:
    """What ``fatk explain`` says of an id, line by line; the first is its heading."""
    return explain.explain(load(), entry_id, language).rstrip("\n").split("\n")


def search(wanted: str, language: str) -> list[tuple[Entry, str]]:
    """What has all the words wanted in its id or its titles, with the title: first what has the first word for its id or
    for the group of its id. Codes are looked up too."""
    words = wanted.casefold().split()
    if not words:
        return []
    found = []
    for entry in (*entries().values(), *_codes()):
        said = f"{entry.id} {entry.titles['zh']} {entry.titles['en']}".casefold()
        if all(word in said for word in words):
            own = entry.id.casefold()
            found.append(
                (own != words[0], not own.startswith(words[0] + "-"), not own.startswith(words[0]), entry)
            )
    found.sort(key=lambda one: one[:3])
    return [(entry, visible(entry.titles[language], _TITLE)) for *_, entry in found[:MOST_FOUND]]


@cache
def _codes() -> tuple[Entry, ...]:
    """The classifications of expenditure, code by code."""
    return tuple(
        Entry(row[""], scheme, f"codes/{scheme}", dict.fromkeys(("zh", "en"), row["name"]))
        for scheme in ("functional", "economic_department", "economic_government")
        for row in rows(scheme)
    )


def leads_to(target: str, language: str) -> str | None:
    """Where a link in the text of the standard leads on these pages; ``None`` where they do not have it."""
    path, _, place = target.partition("#")
    name, _, suffix = path.partition(".")
    if name in TEXTS:
        number = place.partition("-")[0]
        anchor = f"#{TEXTS[name]}{number}" if number else ""
        return f"/{'en' if suffix == 'en.md' else 'zh'}/standard/{name}{anchor}"
    if path in ("tables.md", "rules.md"):
        return f"/{language}/standard/{name}" + (f"#{place}" if place else "")
    if path == "codelists.md":
        return f"/{language}/standard#codes"
    file = tuple(path.removeprefix("../schemas/").split("/"))
    return next((f"/api/v1/schemas/{one}" for one, at in schemas().items() if at == file), None)


# For programs


def rule_document(rule_id: str) -> dict[str, Any]:
    """A rule, or a kind of finding that a reader raises, as the API tells it."""
    kind, rule = outputs.kind(rule_id), load_rules().get(rule_id)
    document: dict[str, Any] = {
        "id": kind.id, "kind": rule.kind if rule else "notice", "severity": kind.severity, "title": dict(kind.title),
        "advice": dict(kind.help), "page": f"/zh/standard/{entries()[rule_id].address}",
    }  # fmt: skip
    if rule is not None:
        document |= {
            "basis": rule.basis, "since": rule.since, "checked": rule.built, "implied_by": list(rule.implied_by),
            "formula": {lang: formula(rule, load(), lang) or None for lang in ("zh", "en")},
        }  # fmt: skip
    return document


def rule_ids() -> tuple[str, ...]:
    """Every id that a finding may have."""
    return (*load_rules(), *notices())


@cache
def schemas() -> Mapping[str, tuple[str, ...]]:
    """The schemas and declarations that are handed out: name → its place below ``schemas/``."""
    found: dict[str, tuple[str, ...]] = {
        "standard.json": ("standard.json",),
        "report.schema.json": ("generated", "report.schema.json"),
        "package.schema.json": ("generated", "package.schema.json"),
        "findings.schema.json": ("findings.schema.json",),
        "waivers.schema.json": ("meta", "waivers.schema.json"),
    }
    for directory in ("tables", "editions", "rules"):
        found |= {
            f"{directory}.{name}.json": (directory, f"{name}.json")
            for name in resources.names(directory, ".json")
        }
    return MappingProxyType(found)
