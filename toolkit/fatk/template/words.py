"""What a workbook to be filled in says to people, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fatk import resources
from fatk.findings import fill

#: A detail of a sentence is cut at this many characters.
_LONGEST = 200


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Any] = resources.read_json("notices", "template.json")
    return {name: dict(both) for name, both in found["sentences"].items()}


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences of ``schemas/notices/template.json`` in a language, ``zh`` or ``en``."""

    language: str

    def __call__(self, name: str, **details: object) -> str:
        """A sentence with its details filled in."""
        return fill(_sentences()[name][self.language], details, _LONGEST)

    def all(self, prefix: str) -> tuple[str, ...]:
        """Names of the sentences that begin so, in their order."""
        return tuple(name for name in _sentences() if name.startswith(prefix))
