"""Figures in sentences that no wording knows: for each, what it may be. Proposals, never facts.

A figure is called by the words before it in its clause. Where these are the words that stand before exactly one slot below
the same heading, the proposal is likely; where below others as well, it is possible. What speaks of another year or of a
budget, in a clause that a wording does not know, is proposed for neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from fatk.reading import LIKELY, POSSIBLE
from fatk.values import Value
from fatk.wording.anchors import Anchor, anchors_of
from fatk.wording.folding import Running, fold
from fatk.wording.grammar import Wording
from fatk.wording.matching import KindOf
from fatk.wording.reading import Understood

_CLAUSE = re.compile(r"(?:[^,。;:]|(?<=[0-9]),(?=[0-9]{3}))+")
_FIGURE = re.compile(r"(?<![0-9.])-?[0-9][0-9,]*(?:\.[0-9]+)?(?:万元|亿元|千元|元|%)?")
_LEADING = re.compile(r"(?:为|是|共|共计|约|计|达|达到|合计为|总计为|数为|数|的|:)*$")
#: Words that turn a figure into another one: of another year, a budget, a difference, a mean.
_OTHER = re.compile(
    r"上年|去年|上一年|前年|预算|增加|减少|增长|下降|降低|同比|相比|比重|平均|人均|差额|完成|较|比20"
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A figure and what it may be: the paths, the likeliest first."""

    start: int
    end: int
    value: Value
    unit: str | None
    label: str
    paths: tuple[str, ...]
    certainty: str


def scan(
    running: Running,
    understood: Understood,
    wordings: Collection[Wording],
    kind_of: KindOf,
    said: Collection[str],
) -> Iterator[Scanned]:
    """What the unread text may say; ``said`` are paths that are facts already."""
    known = [
        (wording, anchor) for wording in wordings for anchor in anchors_of(wording) if anchor.path not in said
    ]
    for begin, end in understood.rest:
        below = (fold(s.heading.words.written[0]) for s, _ in understood.sections if s.begin <= begin < s.end)
        heading = next(below, None)
        for clause in _CLAUSE.finditer(running.text, begin, end):
            yield from _clause(running, clause, heading, known, kind_of)


def _clause(
    running: Running, clause: re.Match[str], heading: str | None, known: Sequence[tuple[Wording, Anchor]], kind_of: KindOf
) -> Iterator[Scanned]:  # fmt: skip
    at = clause.start()
    for figure in _FIGURE.finditer(running.text, clause.start(), clause.end()):
        label = _LEADING.sub("", running.text[at : figure.start()])
        at = figure.end()
        if not label or _OTHER.search(label):
            continue
        hits: dict[str, int] = {}
        for wording, anchor in known:
            kind = kind_of(anchor.path, anchor.kind)
            match = wording.kinds[kind].pattern.fullmatch(figure[0]) if kind in wording.kinds else None
            if match and label.endswith(anchor.words) and wording.kinds[kind].read(match):
                same = anchor.heading is not None and any(
                    words == heading for words, _ in anchor.heading.words.read
                )
                whole = label == anchor.words
                hits[anchor.path] = max(hits.get(anchor.path, 0), 2 * same + whole + 1)
        if not hits:
            continue
        best = max(hits.values())
        paths = tuple(path for path, score in sorted(hits.items(), key=lambda hit: -hit[1]))
        alone = [path for path in paths if hits[path] == best]
        found = next(
            wording.kinds[kind_of(a.path, a.kind)].read(m)
            for wording, a in known
            if a.path == paths[0]
            and (m := wording.kinds[kind_of(a.path, a.kind)].pattern.fullmatch(figure[0]))
        )
        if found is None:
            continue
        certainty = LIKELY if len(alone) == 1 and best > 2 else POSSIBLE
        yield Scanned(figure.start(), figure.end(), found.value, found.unit, label, paths, certainty)
