"""Short excerpts of narratives in many wordings, each with what a careful reader would take from it: made up, with invented
figures. What is compared is figures, names and reasons by their paths; years and titles stand in all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from fatk.document import Document, Paragraph
from fatk.narrative.homes import ClaimHome, home
from fatk.narrative.reading import best_fit, read_document
from fatk.reading import LIKELY, Proposal
from fatk.rules.narrative.claims import catalogue
from fatk.spec import load
from fatk.values import Value
from fatk.wording.folding import run

_HEAD = ("某市某局", "2023年度部门决算公开说明", "第三部分 部门决算情况说明")
_DATA = Path(__file__).resolve().parent / "data" / "narrative_samples.json"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An excerpt below its headings, and what it says: value and unit by path. ``no_path`` are figures that no path has.

    ``unseen``: written before the wordings were tuned, and never used to tune them.
    """

    id: str
    family: str
    heads: tuple[str, ...]
    text: tuple[str, ...]
    says: Mapping[str, Any]
    no_path: tuple[str, ...]
    unseen: bool = False

    @property
    def document(self) -> Document:
        """The excerpt as a document of its own."""
        first = () if self.heads[0].startswith("第") else _HEAD[2:]
        return Document(tuple(Paragraph(line) for line in (*_HEAD[:2], *first, *self.heads, *self.text)))

    @property
    def stated(self) -> frozenset[tuple[str, str]]:
        """What a careful reader takes: paths and values with their units, as text."""
        return frozenset((path, _shown(*_pair(said))) for path, said in self.says.items())


@cache
def samples() -> tuple[Sample, ...]:
    """Every sample."""
    rows = json.loads(_DATA.read_text(encoding="utf-8"))
    return tuple(
        Sample(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}) for row in rows
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What the reader makes of a sample: what it states as facts, and its proposals."""

    facts: frozenset[tuple[str, str]]
    proposals: tuple[Proposal, ...]


@cache
def taken(sample: Sample) -> Taken:
    """What is read from a sample."""
    document = sample.document
    fit = best_fit(run(document.paragraphs))
    facts = frozenset(
        (said.path, _shown(said.value, said.unit))
        for said in fit.understood.said
        if not said.path.startswith("meta.") and not said.path.startswith("tables_list.")
    )
    return Taken(facts, read_document(document, load(), sample.id).proposals)


def proposed(sample: Sample, certainty: str = LIKELY) -> Iterator[tuple[Proposal, bool]]:
    """The proposals of a certainty, each with whether its first path is what a careful reader takes the figure for. Paths that
    restate one cell say the same."""
    right = {(_figure(path), value) for path, value in sample.stated}
    for one in taken(sample).proposals:
        if one.certainty == certainty:
            yield one, (_figure(one.paths[0]), _shown(one.value, one.unit)) in right


def _figure(path: str) -> object:
    entry = catalogue().get(path) if isinstance(home(path), ClaimHome) else None
    return entry.cell if entry and entry.cell else path


def _pair(said: Any) -> tuple[Value, str | None]:
    if not isinstance(said, list):
        return said, None
    value, unit = said
    return (Decimal(value) if isinstance(value, str) else value), unit


def _shown(value: Value, unit: str | None) -> str:
    return f"{value}{unit or ''}"
