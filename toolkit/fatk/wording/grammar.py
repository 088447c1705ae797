"""The wording of a narrative as data: headings, and sentences made of words and slots, which both read and write.

A string holds words and, in braces, slots: ``{path}`` or ``{path:kind}``. A path that begins with a dot belongs to the list
element or to the subject of the phrase that it stands in. ``<A|B>`` are words of which the first is written and any is
read. ``{#}`` is the number of a list element, ``{一}`` the same in Chinese numerals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from fatk import resources
from fatk.wording.folding import fold
from fatk.wording.slots import Kind, Words, kinds

_TOKEN = re.compile(r"\{(?P<slot>[^{}]+)\}|<(?P<words>[^<>]*)>|(?P<literal>[^{}<>]+)")
_POSITION = re.compile(r"\[[0-9]+\]")
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Literal:
    """Words of the sentence: the ways to write them, of which the first is written, and each as it is read, folded, with its
    number, the longest first."""

    written: tuple[str, ...]
    read: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value. ``begins`` is a path whose value the text begins with; ``also`` are paths that the one figure is
    said of as well, as in 收、支总计均为; ``then`` are paths whose figures follow in the same breath, as in 各减少1.00、2.00万元:
    the words before the first figure and the unit behind the last are those of all."""

    path: str
    kind: str | None = None
    begins: str | None = None
    also: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to say something, and what is meant by saying it so: path → value.

    ``sets`` is meant as well, but need not be known for it to be written: only what is known otherwise forbids it. It is not
    written where all of ``unless`` is so. ``unwritten``: it is only read.
    """

    nodes: tuple[Node, ...]
    means: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)
    unwritten: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Several ways to say something. The first that fits the values is written."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A part that is left out where a value that it needs is not there."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things of which those are said that there are.

    It is not written where all of ``unless`` is so; one that is ``unwritten`` is only read.
    """

    nodes: tuple[Node, ...]
    unless: Mapping[str, Any] = field(default_factory=dict)
    unwritten: bool = False


@dataclass(frozen=True, slots=True)
class Those:
    """Those of several things that there are to say, at least one, ``between`` them what parts them.

    They are written in this order and read in any.
    """

    items: tuple[Item, ...]
    between: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """The elements of a list, at least one, each said in the same way."""

    path: str
    item: Any
    between: Any
    phrases: Mapping[str, Any] = field(repr=False)

    def element(self, number: int) -> tuple[Node, ...]:
        """The nodes of one element, counted from 1, with what stands before it."""
        at = f"{self.path.removesuffix('[]')}[{number}]"
        own = tuple(_parts(self.item, at, self.phrases, number))
        return own if number == 1 else (*_parts(self.between, at, self.phrases, number), *own)


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a paragraph."""


Node = Literal | Slot | Choice | Maybe | Those | Each | Break


@dataclass(frozen=True, slots=True, eq=False)
class Heading:
    """A heading: its level, its number as written, its words, what follows them, and the path that keeps the words.

    ``dated``: the year stands before the words. ``insert`` names what is set below it that is no sentence: the tables, the
    self-evaluation forms.
    """

    level: int
    number: str
    words: Literal
    keeps: str | None
    tail: tuple[Node, ...]
    sentences: tuple[Sentence, ...]
    dated: bool
    insert: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """Sentences that are read and written together, as a paragraph or as paragraphs.

    ``optional``: where what they need is lacking, they are left out without a word.
    """

    nodes: tuple[Node, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """The whole narrative of an edition, in the order in which it is written.

    ``titles`` are the lines above the first heading. ``within`` are sentences that a text is made of, by its path.
    """

    id: str
    title: str
    editions: tuple[str, ...]
    certainty: str
    source: str
    unit: str
    kinds: Mapping[str, Kind] = field(repr=False)
    titles: tuple[Sentence, ...]
    headings: tuple[Heading, ...]
    within: Mapping[str, Any]
    phrases: Mapping[str, Any] = field(repr=False)

    def made_of(self, path: str) -> Sentence | None:
        """The sentence that the text of a path, list positions in brackets, may be made of."""
        parts = self.within.get(_POSITION.sub("[]", path))
        return parts and Sentence(tuple(_parts(parts, path.rpartition(".")[0], self.phrases)))


def chinese(number: int) -> str:
    """A number from 1 to 99 in Chinese numerals."""
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


@cache
def wording_ids() -> tuple[str, ...]:
    """Ids of every wording, sorted."""
    return resources.names("wording", ".json")


@cache
def load_wording(wording_id: str) -> Wording:
    """The wording of that id."""
    data = resources.read_json("wording", wording_id + ".json")
    phrases = data.get("phrases", {})
    return Wording(
        id=data["id"], title=data["title"], editions=tuple(data["editions"]), certainty=data["certainty"], source=data["source"],
        unit=data["unit"],
        kinds=kinds(
            {k: Words(tuple(map(fold, v["up"])), tuple(map(fold, v["down"]))) for k, v in data["words"].items()}, grouped=data["grouped"]
        ),
        titles=tuple(_sentence(parts, phrases) for parts in data["titles"]),
        headings=tuple(_headings(data["text"], phrases)),
        within=MappingProxyType(data.get("within", {})), phrases=MappingProxyType(phrases),
    )  # fmt: skip


def wording_for(edition: str) -> Wording:
    """The wording of an edition of the printed forms, or the national one."""
    named = (load_wording(i) for i in wording_ids())
    return next((w for w in named if edition in w.editions), load_wording("national"))


def _headings(blocks: Iterable[Mapping[str, Any]], phrases: Mapping[str, Any]) -> Iterator[Heading]:
    for block in blocks:
        sentences = tuple(_sentence(parts, phrases) for parts in block.get("say", []))
        yield Heading(
            block["level"], block.get("number", ""), _literal(block["heading"].strip("<>")), block.get("keeps"),
            tuple(_parts(block.get("tail", []), "", phrases)), sentences, block.get("dated", False), block.get("insert"),
        )  # fmt: skip


def _sentence(parts: Any, phrases: Mapping[str, Any]) -> Sentence:
    optional = isinstance(parts, dict) and "maybe" in parts
    return Sentence(tuple(_parts(parts["maybe"] if optional else parts, "", phrases)), optional)


def _parts(parts: Any, at: str, phrases: Mapping[str, Any], number: int = 0) -> Iterator[Node]:
    """The nodes of a part as written in the data, with its paths in full; ``number`` is that of the list element."""
    if isinstance(parts, str):
        yield from _words(parts, at, number)
    elif isinstance(parts, list):
        for part in parts:
            yield from _parts(part, at, phrases, number)
    elif "any" in parts:
        yield Choice(tuple(_alternative(one, at, phrases, number) for one in parts["any"]))
    elif "maybe" in parts:
        yield Maybe(tuple(_parts(parts["maybe"], at, phrases, number)))
    elif "those" in parts:
        items = tuple(_item(one, at, phrases, number) for one in parts["those"])
        yield Those(items, tuple(_parts(parts["between"], at, phrases, number)))
    elif "each" in parts:
        yield Each(_full(parts["each"], at), parts["item"], parts["between"], phrases)
    elif "phrase" in parts:
        yield from _parts(phrases[parts["phrase"]], _full(parts.get("of", "."), at), phrases, number)
    elif "slot" in parts:
        path, _, kind = parts["slot"].partition(":")
        begins = parts.get("begins")
        also, then = (
            tuple(_full(other, at) for other in parts.get(member, ())) for member in ("also", "then")
        )
        yield Slot(_full(path, at), kind or None, _full(begins, at) if begins else None, also, then)
    else:
        yield Break()


def _alternative(one: Any, at: str, phrases: Mapping[str, Any], number: int) -> Alternative:
    if isinstance(one, dict) and "say" in one:
        means, sets, unless = (
            MappingProxyType({_full(path, at): value for path, value in one.get(member, {}).items()})
            for member in ("means", "sets", "unless")
        )
        nodes = tuple(_parts(one["say"], at, phrases, number))
        return Alternative(nodes, means, sets, unless, one.get("unwritten", False))
    return Alternative(tuple(_parts(one, at, phrases, number)))


def _item(one: Any, at: str, phrases: Mapping[str, Any], number: int) -> Item:
    if isinstance(one, dict) and "say" in one:
        unless = MappingProxyType({_full(path, at): value for path, value in one.get("unless", {}).items()})
        return Item(tuple(_parts(one["say"], at, phrases, number)), unless, one.get("unwritten", False))
    return Item(tuple(_parts(one, at, phrases, number)))


def _words(text: str, at: str, number: int) -> Iterator[Node]:
    for token in _TOKEN.finditer(text):
        if token["slot"] is not None:
            yield _slot(token["slot"], at, number)
        else:
            yield _literal(token["literal"] or token["words"])


def _slot(text: str, at: str, number: int) -> Node:
    if text == "#":
        return _literal(str(number))
    if text == "一":
        return _literal(chinese(number))
    path, _, kind = text.partition(":")
    return Slot(_full(path, at), kind or None)


@cache
def _literal(text: str) -> Literal:
    written = tuple(text.split("|"))
    read = {fold(option): number for number, option in reversed(tuple(enumerate(written)))}
    return Literal(written, tuple(sorted(read.items(), key=lambda one: -len(one[0]))))


def _full(path: str, at: str) -> str:
    """A path in full: ``.amount`` of the subject ``at``, ``.`` the subject itself."""
    return at + path if path.startswith(".") and path != "." else at if path == "." else path
