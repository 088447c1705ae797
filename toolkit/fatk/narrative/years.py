"""Sentences about another year than the report's: set aside, since what they say is no fact of this report.

A year holds until another one is named: in its sentence, and in those behind it in the same section that name none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fatk.wording.folding import Running
from fatk.wording.matching import Read
from fatk.wording.reading import Section, Understood

_PATH = "meta.fiscal_year"
#: A year that text is about; one that it is only compared with is none.
YEAR_NAMED = re.compile(r"(?<![与比较同])(20[0-9]{2})年(?!度?(?:决算|预算)?数?(?:相比|比较|同期))")


@dataclass(frozen=True, slots=True)
class Aside:
    """A sentence of another year: from where to where it stands, and the year."""

    start: int
    end: int
    year: int


def of_one_year(running: Running, understood: Understood) -> tuple[Understood, tuple[Aside, ...]]:
    """What a document says of the year that it is about, and the sentences that are about another one."""
    year = _year(understood)
    if year is None:
        return understood, ()
    sections: list[tuple[Section, tuple[Read | None, ...]]] = []
    aside: list[Aside] = []
    for section, reads in understood.sections:
        others = {id(read): other for read, other in _others(running, section, reads, year)}
        kept = tuple(None if id(read) in others else read for read in reads)
        aside += [
            Aside(read.start, read.end, others[id(read)]) for read in reads if read and id(read) in others
        ]
        sections.append((section, kept))
    rest = _joined([*understood.rest, *((one.start, one.end) for one in aside)])
    return replace(understood, sections=tuple(sections), rest=rest), tuple(aside)


def _year(understood: Understood) -> int | None:
    """The year of a document: that of its titles, else that of most sentences."""
    titles = [year for read in understood.titles if read for year in _years(read)]
    counted = Counter(titles or _all_years(understood))
    return counted.most_common(1)[0][0] if counted else None


def _all_years(understood: Understood) -> Iterator[int]:
    for _, reads in understood.sections:
        for read in reads:
            yield from _years(read) if read else ()


def _years(read: Read) -> list[int]:
    """The years that a sentence says it is about."""
    return [one.value for one in read.said if one.path == _PATH and isinstance(one.value, int)]


def _others(
    running: Running, section: Section, reads: Sequence[Read | None], year: int
) -> Iterator[tuple[Read, int]]:
    """The sentences of a section that are about another year, each with that year."""
    current = year
    at = section.begin
    for read in reads:
        if read is None:
            continue
        current = _named(running.text[at : read.start], current)
        stated = _years(read)
        other = next((one for one in stated if one != year), None)
        if stated:
            current = year if year in stated else stated[0]
        if other is not None or current != year:
            yield read, current if other is None else other
        at = read.end


def _named(text: str, otherwise: int) -> int:
    """The year that a text names last."""
    named = YEAR_NAMED.findall(text)
    return int(named[-1]) if named else otherwise


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges in ascending order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)
