"""The words before each slot of a wording: what a figure is called that stands in a sentence of another shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from fatk.wording.folding import fold
from fatk.wording.grammar import Choice, Each, Heading, Literal, Maybe, Node, Slot, Those, Wording

_CLAUSE = re.compile(r"[,。;:]")
_FILLING = re.compile(r"(?:为|是|共|约|计|达|:|的|数为|数)+$")
#: A word as short as this names nothing by itself.
_SHORT = 2
#: So many ways to come to a slot are followed.
_WAYS = 64


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a slot is called: the words before it in its clause, folded; the path, and the heading below which it stands.

    ``after`` is what stands behind the figure, where that is words: what is counted.
    """

    words: str
    path: str
    kind: str | None
    heading: Heading | None
    after: tuple[str, ...]


@cache
def anchors_of(wording: Wording) -> tuple[Anchor, ...]:
    """The anchors of a wording's slots outside lists, whose elements have names of their own."""
    found: dict[tuple[str, str, Heading], Anchor] = {}
    for heading in wording.headings:
        for sentence in heading.sentences:
            for words, slot, after in _slots(sentence.nodes, [""]):
                if len(words) > _SHORT and "[" not in slot.path and not slot.then:
                    anchor = Anchor(words, slot.path, slot.kind, heading, after)
                    found.setdefault((words, slot.path, heading), anchor)
    return tuple(found.values())


def _slots(nodes: Sequence[Node], before: list[str]) -> Iterator[tuple[str, Slot, tuple[str, ...]]]:
    """Each slot with what may stand before it; ``before`` is the texts that led here, and is moved on."""
    for number, node in enumerate(nodes):
        if isinstance(node, Literal):
            before[:] = [text + fold(option) for text in before for option in node.written][:_WAYS]
        elif isinstance(node, Slot):
            next_one = nodes[number + 1] if number + 1 < len(nodes) else None
            after = tuple(word for word, _ in next_one.read) if isinstance(next_one, Literal) else ()
            yield from ((word, node, after) for word in sorted({_name(text) for text in before}))
            before[:] = [""]
        elif isinstance(node, Choice):
            yield from _ways([one.nodes for one in node.alternatives], before)
        elif isinstance(node, Maybe):
            yield from _ways([node.nodes, ()], before)
        elif isinstance(node, Those):
            yield from _ways([item.nodes for item in node.items], before)
        elif isinstance(node, Each):
            yield from _slots(node.element(1), list(before))
            before[:] = [""]


def _ways(ways: Sequence[Sequence[Node]], before: list[str]) -> Iterator[tuple[str, Slot, tuple[str, ...]]]:
    """The slots of several ways to go on from one place."""
    led: list[str] = []
    for nodes in ways:
        inner = list(before)
        yield from _slots(nodes, inner)
        led += inner
    before[:] = list(dict.fromkeys(led))[:_WAYS]


def _name(text: str) -> str:
    """The last clause of a text, without the words that only lead to a figure."""
    return _FILLING.sub("", _CLAUSE.split(text)[-1])
