"""Sentences read: a folded text against the nodes of a sentence, with the value of every slot and where it stands.

The search goes back where a text could end at several places, and is bounded by a number of steps, never by a clock: what
needs more is not understood.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fatk.values import Value
from fatk.wording.folding import Running, fold
from fatk.wording.grammar import Choice, Each, Literal, Maybe, Node, Slot
from fatk.wording.slots import TEXTS, Kind

_STEPS = 20_000

#: The kind of a slot by its path and the kind that the template names.
KindOf = Callable[[str, str | None], str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a document says at one place: the value of a path, its unit and text as printed, from where to where."""

    path: str
    value: Value
    unit: str | None
    printed: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Read:
    """A sentence that was read: what it says, where it begins and ends, and which of its words were taken."""

    said: tuple[Said, ...]
    start: int
    end: int
    choices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """How far a sentence was followed, and the words or the slot that were then expected."""

    reached: int
    expected: Node | None


#: What still has to be matched: the next node and the rest.
_Rest = tuple[Node, Any] | None
#: What was found so far, the last first.
_Chain = tuple[Any, Any] | None


@dataclass(frozen=True, slots=True)
class _More:
    """The next element of a list, or what follows the list."""

    each: Each
    number: int


@dataclass(frozen=True, slots=True)
class _Meant:
    """What the words that began at a place mean, now that they have been read."""

    values: Mapping[str, Any]
    start: int


@dataclass(slots=True)
class _Opening:
    """How a rest may begin: as patterns, at the beginning of a paragraph, at the end of the sentence."""

    patterns: list[str]
    breaks: bool = False
    end: bool = False


class Matcher:
    """Matches sentences against one text. ``kinds`` are the kinds of slot by name, ``kind_of`` names that of a path."""

    def __init__(self, running: Running, kinds: Mapping[str, Kind], kind_of: KindOf) -> None:
        self.running, self.kinds, self.kind_of = running, kinds, kind_of
        self.breaks = running.breaks

    def openings(self, nodes: Collection[Node], start: int, end: int) -> Iterator[int]:
        """Where between two places a sentence may begin."""
        opening = self._opening(_rest(nodes, None), None)
        text = self.running.text
        if opening.patterns and not opening.end:
            pattern = re.compile(f"(?={'|'.join(opening.patterns)})")
            yield from (m.start() for m in pattern.finditer(text, start, end))
            return
        for position in range(start, end):
            if position in self.breaks or text[position - 1] in "。;":
                yield position

    def match(
        self,
        nodes: Collection[Node],
        start: int,
        limit: int,
        stops: Collection[int] | None,
        *,
        across: bool = True,
    ) -> Read | Failure:
        """A sentence read from ``start``; it must not go beyond ``limit`` and, where ``stops`` are given, end at one.

        ``across``: a text may go on in the next paragraph.
        """
        text, steps, furthest = self.running.text, 0, Failure(start, None)
        stack: list[tuple[Any, _Rest, int, _Chain]] = [(None, _rest(nodes, None), start, None)]
        while stack:
            ends, rest, at, chain = stack.pop()
            if ends is not None:  # a text whose end is tried once more
                slot, begin, tries = ends
                end = next(tries, None)
                if end is None:
                    continue
                stack.append((ends, rest, at, chain))
                chain, at = ((self._said_text(slot, begin, end), chain), end)
            while rest is not None:
                steps += 1
                if steps > _STEPS:
                    return furthest
                node, rest = rest
                if isinstance(node, Literal):
                    hits = [
                        hit for hit in node.read if text.startswith(hit[0], at) and at + len(hit[0]) <= limit
                    ]
                    if not hits:
                        furthest = _further(furthest, at, node)
                        break
                    for option, number in reversed(hits[1:]):
                        stack.append((None, rest, at + len(option), (number, chain)))
                    if len(node.read) > 1:
                        chain = (hits[0][1], chain)
                    at += len(hits[0][0])
                elif isinstance(node, Slot):
                    kind = self.kind_of(node.path, node.kind)
                    if kind in TEXTS:
                        if node.begins and not self._begins(node.begins, chain, at):
                            break
                        stack.append(
                            (
                                (
                                    node,
                                    at,
                                    self._ends(
                                        kind,
                                        rest,
                                        at,
                                        limit if across else self._paragraph_end(at, limit),
                                        chain,
                                    ),
                                ),
                                rest,
                                at,
                                chain,
                            )
                        )
                        break
                    match = self.kinds[kind].pattern.match(text, at, limit)
                    found = self.kinds[kind].read(match) if match else None
                    if match is None or found is None:
                        furthest = _further(furthest, at, node)
                        break
                    printed = self.running.printed(at, match.end())
                    for path in (node.path, *node.also):
                        chain = (Said(path, found.value, found.unit, printed, at, match.end()), chain)
                    at = match.end()
                elif isinstance(node, Choice):
                    for index, one in reversed(tuple(enumerate(node.alternatives))):
                        meant = _Meant({**one.means, **one.sets}, at)
                        stack.append((None, _rest(one.nodes, (meant, rest)), at, (index, chain)))
                    break
                elif isinstance(node, _Meant):
                    for path, value in node.values.items():
                        chain = (self._said_by_words(path, value, node.start, at), chain)
                elif isinstance(node, Maybe):
                    stack.append((None, rest, at, (1, chain)))
                    rest, chain = _rest(node.nodes, rest), (0, chain)
                elif isinstance(node, Each):
                    rest = _rest(node.element(1), (_More(node, 2), rest))
                elif isinstance(node, _More):
                    stack.append((None, rest, at, (node.number - 1, chain)))
                    rest = _rest(node.each.element(node.number), (_More(node.each, node.number + 1), rest))
                elif at not in self.breaks:
                    break
            else:
                if stops is None or at in stops:
                    return _read(chain, start, at)
                furthest = _further(furthest, at, None)
        return furthest

    def _paragraph_end(self, at: int, limit: int) -> int:
        starts = self.running.starts
        after = bisect_right(starts, at)
        return min(limit, starts[after]) if after < len(starts) else limit

    def _begins(self, path: str, chain: _Chain, at: int) -> bool:
        while chain is not None:
            one, chain = chain
            if isinstance(one, Said) and one.path == path:
                return self.running.text.startswith(fold(str(one.value)), at)
        return False

    def _said_text(self, slot: Slot, start: int, end: int) -> Said:
        printed = self.running.printed(start, end)
        return Said(slot.path, printed, None, printed, start, end)

    def _said_by_words(self, path: str, value: Any, start: int, end: int) -> Said:
        figure = self.kind_of(path, None) in ("amount", "rate", "decimal")
        return Said(
            path, Decimal(value) if figure else value, None, self.running.printed(start, end), start, end
        )

    def _ends(self, kind: str, rest: _Rest, at: int, limit: int, chain: _Chain) -> Iterator[int]:
        """Where a text that begins here may end, the nearest place first."""
        forbidden, longest = TEXTS[kind]
        last = min(limit, at + longest)
        if forbidden:
            stop = re.compile(f"[{re.escape(forbidden)}]").search(self.running.text, at, last)
            last = stop.start() if stop else last
        opening = self._opening(rest, chain)
        pattern = re.compile(f"(?={'|'.join(opening.patterns)})") if opening.patterns else None
        breaks = self.breaks if opening.breaks or opening.end else frozenset()
        text = self.running.text
        for position in range(at + 1, last + 1):
            if position in breaks or position == limit or (pattern and pattern.match(text, position)):
                yield position

    def _opening(self, rest: _Rest, chain: _Chain, depth: int = 0) -> _Opening:
        """How a rest may begin."""
        found = _Opening([])
        while rest is not None and depth < 40:
            node, rest = rest
            depth += 1
            if isinstance(node, Literal):
                found.patterns += [re.escape(option) for option, _ in node.read if option]
                if node.read[-1][0]:
                    return found
            elif isinstance(node, Slot):
                kind = self.kind_of(node.path, node.kind)
                begins = node.begins and _value_in(chain, node.begins)
                if kind not in TEXTS:
                    found.patterns.append(f"(?:{self.kinds[kind].pattern.pattern})")
                else:
                    found.patterns.append(re.escape(fold(str(begins))) if begins else ".")
                return found
            elif isinstance(node, Choice):
                for one in node.alternatives:
                    self._add(found, _rest(one.nodes, rest), chain, depth)
                return found
            elif isinstance(node, Maybe):
                self._add(found, _rest(node.nodes, rest), chain, depth)
            elif isinstance(node, Each):
                rest = _rest(node.element(1), rest)
            elif isinstance(node, _More):
                self._add(found, _rest(node.each.element(node.number), rest), chain, depth)
            elif not isinstance(node, _Meant):
                found.breaks = True
                return found
        found.end = True
        return found

    def _add(self, found: _Opening, rest: _Rest, chain: _Chain, depth: int) -> None:
        more = self._opening(rest, chain, depth)
        found.patterns += more.patterns
        found.breaks, found.end = found.breaks or more.breaks, found.end or more.end


def _rest(nodes: Collection[Node], rest: Any) -> Any:
    for node in reversed(tuple(nodes)):
        rest = (node, rest)
    return rest


def _value_in(chain: _Chain, path: str) -> Value:
    while chain is not None:
        one, chain = chain
        if isinstance(one, Said) and one.path == path:
            return one.value
    return None


def _further(furthest: Failure, at: int, node: Node | None) -> Failure:
    return Failure(at, node) if at >= furthest.reached else furthest


def _read(chain: _Chain, start: int, end: int) -> Read:
    said: list[Said] = []
    choices: list[int] = []
    while chain is not None:
        one, chain = chain
        said.append(one) if isinstance(one, Said) else choices.append(one)
    return Read(tuple(reversed(said)), start, end, tuple(reversed(choices)))
