"""What the pages say, in one language: sentences of ``schemas/notices/service.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fatk import resources
from fatk.findings import fill

LANGUAGES = ("zh", "en")
_LONGEST = 200


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = resources.read_json("notices", "service.json")["sentences"]
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences in a language, ``zh`` or ``en``."""

    language: str

    def __call__(self, name: str, /, **details: object) -> str:
        """A sentence with its details filled in."""
        return fill(_sentences()[name][self.language], details, _LONGEST)


def preferred(accept_language: str) -> str:
    """The language of those that there are which comes first in what a browser asks for."""
    for one in accept_language.lower().split(","):
        language = one.partition(";")[0].strip().partition("-")[0]
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]
