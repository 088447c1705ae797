"""Sentences written: the nodes of a wording and the values of a report as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from fatk.document import Block, Paragraph
from fatk.values import Nothing, Value, parse_decimal, show
from fatk.wording.folding import fold
from fatk.wording.grammar import (
    Alternative,
    Choice,
    Each,
    Heading,
    Literal,
    Maybe,
    Node,
    Sentence,
    Slot,
    Those,
    Wording,
)
from fatk.wording.matching import KindOf
from fatk.wording.slots import TEXTS, Kind

_BREAK = "\n"


@dataclass(frozen=True, slots=True)
class Values:
    """What there is to be said: the value of a path, how many elements a list has, the unit of a path's figure."""

    value: Callable[[str], Value]
    count: Callable[[str], int]
    unit: Callable[[str], str]


#: What becomes of the text of a slot, given its path.
Told = Callable[[str, str], str]


class Lacking(Exception):
    """A value that a sentence needs is not there; ``path`` says which. It is empty where there is nothing to say: all of
    several things are such as are left out."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(slots=True)
class Written:
    """A narrative, and the paths of values for lack of which a sentence was left out."""

    blocks: list[Block] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


def write(
    wording: Wording,
    values: Values,
    kind_of: KindOf,
    inserts: Mapping[str, Sequence[Block]],
    told: Told | None = None,
) -> Written:
    """The narrative of a wording, of what there is to be said; ``inserts`` is what is no sentence, by name. A heading below
    which nothing stands is left out. ``told`` may mark the text of a slot for whoever shows where it comes from."""
    writer = _Writer(values, wording.kinds, kind_of, told=told)
    found = Written()
    for sentence in wording.titles:
        found.blocks += _said(writer, sentence, found, level=1)
    pending: list[Heading] = []
    for heading in wording.headings:
        pending = [h for h in pending if h.level < heading.level]
        pending.append(heading)
        body: list[Block] = [p for sentence in heading.sentences for p in _said(writer, sentence, found)]
        body += inserts.get(heading.insert or "", ())
        if body:
            for above in pending:
                found.blocks.append(Paragraph(writer.heading(above), above.level + 1))
            pending = []
            found.blocks += body
    return found


def sentence_text(
    sentence: Sentence,
    values: Values,
    wording: Wording,
    kind_of: KindOf,
    choices: Sequence[int] | None = None,
) -> str:
    """One sentence as text, its paragraphs apart by line feeds; with the ``choices`` of one that was read, as it was."""
    writer = _Writer(values, wording.kinds, kind_of, None if choices is None else iter(choices))
    return "".join(writer.parts(sentence.nodes))


def _said(writer: _Writer, sentence: Sentence, found: Written, level: int = 0) -> list[Paragraph]:
    try:
        text = "".join(writer.parts(sentence.nodes))
    except Lacking as lacking:
        if lacking.path and not sentence.optional:
            found.lacking.append(lacking.path)
        return []
    return [Paragraph(line, level) for line in text.split(_BREAK) if line]


class _Writer:
    def __init__(
        self,
        values: Values,
        kinds: Mapping[str, Kind],
        kind_of: KindOf,
        choices: Iterator[int] | None = None,
        told: Told | None = None,
    ) -> None:
        self.values, self.kinds, self.kind_of, self.choices = values, kinds, kind_of, choices
        self.told = told

    def heading(self, heading: Heading) -> str:
        kept = self.values.value(heading.keeps) if heading.keeps else None
        known = isinstance(kept, str) and any(words == fold(kept) for words, _ in heading.words.read)
        words = kept if known else None  # what another wording calls this part does not fit here
        year = self.values.value("meta.fiscal_year") if heading.dated else None
        number = f"{heading.number} " if heading.number.startswith("第") else heading.number
        text = f"{number}{f'{year}年度' if year else ''}{words or heading.words.written[0]}"
        try:
            return text + "".join(self.parts(heading.tail))
        except Lacking:
            return text

    def parts(self, nodes: Sequence[Node]) -> list[str]:
        """The text of nodes; ``Lacking`` where a value is not there."""
        return [text for node in nodes for text in self.node(node)]

    def node(self, node: Node) -> list[str]:
        if isinstance(node, Literal):
            chosen = next(self.choices) if self.choices is not None and len(node.read) > 1 else 0
            return [node.written[chosen]]
        if isinstance(node, Slot):
            text = self.slot(node)
            return [text if self.told is None else self.told(node.path, text)]
        if isinstance(node, Choice):
            return self.choice(node)
        if isinstance(node, Maybe):
            if self.choices is not None:
                return self.parts(node.nodes) if next(self.choices) == 0 else []
            try:
                return self.parts(node.nodes)
            except Lacking:
                return []
        if isinstance(node, Those):
            return self.those(node)
        if isinstance(node, Each):
            return self.each(node)
        return [_BREAK]  # what is left is a Break

    def slot(self, slot: Slot) -> str:
        value = self.values.value(slot.path)
        if value is None or isinstance(value, Nothing):
            raise Lacking(slot.path)
        for same in slot.also:
            if self.values.value(same) != value:
                raise Lacking(same)
        kind = self.kind_of(slot.path, slot.kind)
        if kind in TEXTS:
            return str(value).rstrip("。") if "。" in TEXTS[kind].without else str(value)
        unit = (
            "%"
            if kind.startswith("rate")
            else self.values.unit(slot.path)
            if kind.startswith("amount")
            else ""
        )
        if not slot.then:
            return self.kinds[kind].write(value, unit)
        others = [self.values.value(path) for path in slot.then]
        for path, other in zip(slot.then, others, strict=True):
            if not isinstance(value, Decimal) or not isinstance(other, Decimal) or (other < 0) != (value < 0):
                raise Lacking(path)  # one word cannot tell a rise and a fall
        worded = kind.endswith(":change")  # the word before the first figure has the sign of all
        following = (show(abs(one) if worded else one) for one in others if isinstance(one, Decimal))
        return "、".join((self.kinds[kind].write(value, ""), *following)) + unit

    def choice(self, choice: Choice) -> list[str]:
        if self.choices is not None:
            return self.parts(choice.alternatives[next(self.choices)].nodes)
        lacking = None
        for one in choice.alternatives:
            if self.fits(one):
                try:
                    return self.parts(one.nodes)
                except Lacking as found:
                    lacking = found
        raise lacking or Lacking(next(iter(choice.alternatives[0].means), ""))

    def fits(self, one: Alternative) -> bool:
        """Whether something may be said in one way: all that it means is so, and nothing that it says is otherwise."""
        if one.unwritten or self.so(one.unless):
            return False
        known = {path: self.values.value(path) for path in (*one.means, *one.sets)}
        return all(_same(known[path], meant) for path, meant in one.means.items()) and all(
            known[path] is None or _same(known[path], meant) for path, meant in one.sets.items()
        )

    def those(self, those: Those) -> list[str]:
        if self.choices is not None:
            return self.those_again(those, self.choices)
        found: list[str] = []
        missing = Lacking("")
        for item in those.items:
            if item.unwritten or self.so(item.unless):
                continue
            try:
                text = self.parts(item.nodes)
            except Lacking as lacking:
                missing = lacking
                continue
            found += [*(self.parts(those.between) if found else ()), *text]
        if not found:
            raise missing
        return found

    def so(self, values: Mapping[str, object]) -> bool:
        """Whether all of some values are so; of none, that is not."""
        return bool(values) and all(_same(self.values.value(path), meant) for path, meant in values.items())

    def those_again(self, those: Those, choices: Iterator[int]) -> list[str]:
        """What was said of several things, in the order in which it was read."""
        found: list[str] = []
        while (index := next(choices)) >= 0:
            found += [*(self.parts(those.between) if found else ()), *self.parts(those.items[index].nodes)]
        return found

    def each(self, each: Each) -> list[str]:
        count = self.values.count(each.path)
        if not count:
            raise Lacking(each.path)
        found = [text for number in range(1, count + 1) for text in self.parts(each.element(number))]
        if self.choices is not None:
            next(self.choices)
        return found


def _same(value: Value, meant: object) -> bool:
    """Whether a value is what an alternative means; a figure in quotes is a number."""
    if isinstance(value, Decimal) and isinstance(meant, str):
        return value == parse_decimal(meant)
    return value == meant
