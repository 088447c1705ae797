"""The words before each slot of a wording: what a figure is called that stands in a sentence of another shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from fatk.wording.folding import fold
from fatk.wording.grammar import Choice, Each, Heading, Literal, Maybe, Node, Slot, Wording

_CLAUSE = re.compile(r"[,。;:]")
_FILLING = re.compile(r"(?:为|是|共|约|计|达|:|的|数为|数)+$")
#: A word as short as this names nothing by itself.
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a slot is called: the words before it in its clause, folded; the path, and the heading below which it stands."""

    words: str
    path: str
    kind: str | None
    heading: Heading | None


@cache
def anchors_of(wording: Wording) -> tuple[Anchor, ...]:
    """The anchors of a wording's slots outside lists, whose elements have names of their own."""
    found: dict[tuple[str, str], Anchor] = {}
    for heading in wording.headings:
        for sentence in heading.sentences:
            for words, slot in _slots(sentence.nodes, [""]):
                anchor = Anchor(words, slot.path, slot.kind, heading)
                if len(words) > _SHORT and "[" not in slot.path:
                    found.setdefault((words, slot.path), anchor)
    return tuple(found.values())


def _slots(nodes: Sequence[Node], before: list[str]) -> Iterator[tuple[str, Slot]]:
    """Each slot with what may stand before it; ``before`` is the texts that led here, and is moved on."""
    for node in nodes:
        if isinstance(node, Literal):
            before[:] = [text + fold(option) for text in before for option in node.written][:64]
        elif isinstance(node, Slot):
            yield from ((word, node) for word in sorted({_name(text) for text in before}))
            before[:] = [""]
        elif isinstance(node, Choice):
            led: list[str] = []
            for one in node.alternatives:
                inner = list(before)
                yield from _slots(one.nodes, inner)
                led += inner
            before[:] = list(dict.fromkeys(led))[:64]
        elif isinstance(node, Maybe):
            inner = list(before)
            yield from _slots(node.nodes, inner)
            before[:] = list(dict.fromkeys((*inner, *before)))[:64]
        elif isinstance(node, Each):
            yield from _slots(node.element(1), list(before))
            before[:] = [""]


def _name(text: str) -> str:
    """The last clause of a text, without the words that only lead to a figure."""
    return _FILLING.sub("", _CLAUSE.split(text)[-1])
