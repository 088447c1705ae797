"""What a page says to people: every sentence in both languages, of which the page shows one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fatk import resources
from fatk.findings import fill
from fatk.page.elements import Markup, text

LANGUAGES = ("zh", "en")
#: A detail of a sentence is cut at this many characters.
_LONGEST = 300


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Any] = resources.read_json("notices", "page.json")
    return {name: dict(both) for name, both in found["sentences"].items()}


def said(name: str, language: str, **details: object) -> str:
    """A sentence of ``schemas/notices/page.json`` in one language, with its details filled in; one that is a mapping has a
    text in each language."""
    own = {key: value[language] if isinstance(value, Mapping) else value for key, value in details.items()}
    return fill(_sentences()[name][language], own, _LONGEST)


def word(name: str, **details: object) -> Markup:
    """A sentence in both languages."""
    return both({language: said(name, language, **details) for language in LANGUAGES})


def both(texts: Mapping[str, str]) -> Markup:
    """A text in both languages; the style sheet hides the one that is not asked for."""
    return pair(text(texts["zh"]), text(texts["en"]))


def pair(zh: Markup, en: Markup) -> Markup:
    """Markup in both languages."""
    return Markup(f'<span class="zh" lang="zh">{zh}</span><span class="en" lang="en">{en}</span>')


def scripted() -> Mapping[str, Mapping[str, str]]:
    """The sentences that the page's own script says, by name."""
    return {
        name.removeprefix("script."): texts
        for name, texts in _sentences().items()
        if name.startswith("script.")
    }
