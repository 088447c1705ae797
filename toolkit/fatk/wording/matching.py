"""Sentences read: a folded text against the nodes of a sentence, with the value of every slot and where it stands.

The search goes back where a text could end at several places, and is bounded by a number of steps, never by a clock: what
needs more is not understood. A step is a node tried or so many characters looked at; there are so many for a sentence, and
so many for a whole text, by its length.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fatk.values import Value
from fatk.wording.folding import Running, fold
from fatk.wording.grammar import Choice, Each, Literal, Maybe, Node, Slot, Those
from fatk.wording.slots import AGAIN, TEXTS, Kind

#: Steps for a try of a sentence; for a text of any length, and for each of its characters; characters in a step.
_STEPS = 20_000
_WHOLE, _EACH = 400_000, 40
_LOOKED = 50

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


#: What was found so far, the last first.
_Chain = tuple[Any, Any] | None


@dataclass(frozen=True, slots=True)
class _More:
    """The next element of a list, or what follows the list."""

    each: Each
    number: int


@dataclass(frozen=True, slots=True)
class _Others:
    """Those of several things that were not said yet, or what follows them."""

    those: Those
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Meant:
    """What the words that began at a place mean, now that they have been read."""

    values: Mapping[str, Any]
    start: int


#: What still has to be matched: the next node and the rest.
_Rest = tuple[Node | _More | _Others | _Meant, Any] | None


@dataclass(slots=True)
class _Opening:
    """How a rest may begin: as patterns, at the beginning of a paragraph, at the end of the sentence."""

    patterns: list[str]
    breaks: bool = False
    end: bool = False


class Matcher:
    """Matches sentences against one text. ``kinds`` are the kinds of slot by name, ``kind_of`` names that of a path.

    ``before`` has, folded, what the titles say, by its path. ``steps`` are those taken so far; at ``most`` the matcher finds
    nothing more.
    """

    def __init__(self, running: Running, kinds: Mapping[str, Kind], kind_of: KindOf) -> None:
        self.running, self.kinds, self.kind_of = running, kinds, kind_of
        self.breaks = running.breaks
        self._ordered = sorted(self.breaks)
        self.before: dict[str, str] = {}
        self.steps, self.most = 0, _WHOLE + _EACH * len(running.text)

    def breaks_in(self, start: int, end: int) -> Sequence[int]:
        """The ends of paragraphs from one place to another, both included."""
        return self._ordered[bisect_left(self._ordered, start) : bisect_right(self._ordered, end)]

    def openings(self, nodes: Collection[Node], start: int, end: int) -> Iterator[int]:
        """Where between two places a sentence may begin."""
        opening = self._opening(_rest(nodes, None), None)
        text = self.running.text
        if self.steps > self.most:
            return
        self.steps += 1 + (end - start) // _LOOKED
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
        text, furthest = self.running.text, Failure(start, None)
        last = min(self.steps + _STEPS, self.most)
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
                self.steps += 1
                if self.steps > last:
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
                    if kind == AGAIN:
                        words = self.before.get(node.path)
                        if not words or not text.startswith(words, at, limit):
                            furthest = _further(furthest, at, node)
                            break
                        chain = (self._said_text(node, at, at + len(words)), chain)
                        at += len(words)
                        continue
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
                    figures = self._figures(node, self.kinds[kind], at, limit)
                    if not figures:
                        furthest = _further(furthest, at, node)
                        break
                    for figure in figures:
                        chain = (figure, chain)
                    at = figures[-1].end
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
                elif isinstance(node, Those):
                    rest = (_Others(node, tuple(range(len(node.items)))), rest)
                elif isinstance(node, _Others):
                    if len(node.left) < len(node.those.items):
                        stack.append((None, rest, at, (-1, chain)))
                    stack.extend(
                        (None, _item(node, index, rest), at, (index, chain)) for index in reversed(node.left)
                    )
                    break
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

    def _figures(self, slot: Slot, kind: Kind, at: int, limit: int) -> list[Said]:
        """What the figure or the figures of a slot say; nothing where they are not all there.

        The unit behind the last of several is that of all that have none.
        """
        text = self.running.text
        first = kind.pattern.match(text, at, limit)
        found = kind.read(first) if first else None
        if first is None or found is None:
            return []
        end = first.end()
        printed = self.running.printed(at, end)
        said = [Said(path, found.value, found.unit, printed, at, end) for path in (slot.path, *slot.also)]
        for path in slot.then:
            other = kind.after(first, text, end, limit)
            if other is None:
                return []
            found, start, end = other[0], end + 1, other[1]
            said.append(Said(path, found.value, found.unit, self.running.printed(start, end), start, end))
        return [replace(one, unit=found.unit) if one.unit is None else one for one in said]

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
        known, text = TEXTS[kind], self.running.text
        last = min(limit, at + known.longest)
        if known.without:
            stop = re.compile(f"[{re.escape(known.without)}]").search(text, at, last)
            last = stop.start() if stop else last
        opening = self._opening(rest, chain)
        self.steps += len(opening.patterns)
        pattern = re.compile(f"(?={'|'.join(opening.patterns)})") if opening.patterns else None
        breaks = self.breaks if opening.breaks or opening.end else frozenset()
        for position in range(at + 1, last + 1):
            if not position % _LOOKED:
                self.steps += 1
            may = position in breaks or position == limit or (pattern and pattern.match(text, position))
            if may and (known.like is None or known.like.fullmatch(text, at, position)):
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
                if kind == AGAIN:
                    words = self.before.get(node.path)
                    found.patterns += [re.escape(words)] if words else []
                elif kind not in TEXTS:
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
            elif isinstance(node, Those):
                rest = (_Others(node, tuple(range(len(node.items)))), rest)
            elif isinstance(node, _Others):
                for index in node.left:
                    self._add(found, _item(node, index, None), chain, depth)
                if len(node.left) == len(node.those.items):
                    return found
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


def _item(others: _Others, index: int, rest: Any) -> Any:
    """One more of several things, with what parts it from the one before, and then the others."""
    those, left = others.those, others.left
    more = (_Others(those, tuple(n for n in left if n != index)), rest)
    between = () if len(left) == len(those.items) else those.between
    return _rest((*between, *those.items[index].nodes), more)


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
