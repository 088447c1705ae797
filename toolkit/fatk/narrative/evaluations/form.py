"""The words of the form 项目支出绩效自评表: what a label means, by the part of the form that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from fatk import resources
from fatk.wording.folding import fold
from fatk.wording.slots import UNITS

# Parts of the form.
PROJECT, ELSEWHERE, UNIT = "project", "elsewhere", "unit"
FUND_SIDE, FUND_COLUMN, FUND_ROW = "fund_side", "fund_column", "fund_row"
GOAL_SIDE, GOAL = "goal_side", "goal"
INDICATOR_SIDE, INDICATOR_COLUMN = "indicator_side", "indicator_column"
TOTAL, LEVEL1, LEVEL2 = "total", "level1", "level2"
SIDES = (FUND_SIDE, GOAL_SIDE, INDICATOR_SIDE)

#: A label is no longer than this, and neither is a title.
_LONGEST = 40
_NOTE = re.compile(r"(.+)\(([^()]*)\)")
_YEAR = re.compile(r"\(?((?:19|20)[0-9]{2})年?度?\)?")
_OF_THEM = "其中:"


class Label(NamedTuple):
    """What a label means: the field, row or level that it names; what stands in brackets behind it, such as a unit."""

    means: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Operators:
    """The words of comparisons, folded: what stands before a figure and behind it, each with the operator that it is."""

    before: Mapping[str, str]
    after: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the form. ``written`` is the word printed for each (part, meaning); ``read`` maps folded words of each
    part to what they mean; ``below`` are the folded second-level indicators of each first level, by its folded name."""

    written: Mapping[tuple[str, str], str]
    read: Mapping[str, Mapping[str, str]]
    titles: frozenset[str]
    title: str
    of_projects: tuple[str, ...]
    of_others: tuple[str, ...]
    below: Mapping[str, frozenset[str]]
    operators: Operators
    dates: frozenset[str]
    no_units: tuple[str, ...]
    natures: frozenset[str]
    no_deviation: frozenset[str]


@cache
def words() -> Words:
    """The words of the form, as the standard has them."""
    data: dict[str, Any] = resources.read_json("self_evaluation.json")
    written: dict[tuple[str, str], str] = {}
    read: dict[str, dict[str, str]] = {}
    for part, meaning, spellings in _declared(data):
        written.setdefault((part, meaning), spellings[0])
        for spelling in spellings:
            read.setdefault(part, {})[fold(spelling)] = meaning
    operators = data["operators"]
    return Words(
        written=MappingProxyType(written),
        read=MappingProxyType({part: MappingProxyType(known) for part, known in read.items()}),
        titles=frozenset(map(fold, data["titles"]["of"])), title=data["titles"]["of"][0],
        of_projects=tuple(data["titles"]["for"]), of_others=tuple(data["titles"]["not_for"]),
        below=MappingProxyType({fold(one): frozenset(map(fold, two)) for one, two in data["levels"].items()}),
        operators=Operators(*(
            MappingProxyType({fold(w): name for name, at in operators.items() for w in at[where]}) for where in ("before", "after")
        )),
        dates=frozenset(data["not_units"]["alone"]), no_units=tuple(data["not_units"]["with"]),
        natures=frozenset(map(fold, data["natures"])), no_deviation=frozenset(map(fold, data["no_deviation"])),
    )  # fmt: skip


def _declared(data: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Every word list of the data with the part of the form that it belongs to and what it means."""
    for part, member in (
        (PROJECT, "project"), (FUND_COLUMN, "fund_columns"), (FUND_ROW, "fund_rows"), (GOAL, "goals"),
        (INDICATOR_COLUMN, "indicator_columns"),
    ):  # fmt: skip
        for meaning, spellings in data[member].items():
            yield part, meaning, spellings
    for part, side in ((FUND_SIDE, "funds"), (GOAL_SIDE, "goals"), (INDICATOR_SIDE, "indicators")):
        yield part, side, data["sides"][side]
    yield ELSEWHERE, "", data["elsewhere"]
    yield UNIT, "", data["unit"]
    yield INDICATOR_COLUMN, "", data["columns_elsewhere"]
    yield TOTAL, "", data["total"]
    for one, two in data["levels"].items():
        yield LEVEL1, one, [one]
        for level in two:
            yield LEVEL2, level, [level]


@lru_cache(maxsize=8192)
def labels(text: str) -> Mapping[str, Label]:
    """What a text means as a label, by part of the form; empty where it is none. Line ends within it do not matter."""
    if len(text) > 3 * _LONGEST:
        return _NONE
    folded = fold(text).rstrip(":")
    if not 1 < len(folded) <= _LONGEST:
        return _NONE
    noted = _NOTE.fullmatch(folded)
    found = {}
    for part, known in words().read.items():
        if folded in known:
            found[part] = Label(known[folded])
        elif noted and noted[1] in known:
            found[part] = Label(known[noted[1]], noted[2])
        elif part == FUND_ROW and folded.removeprefix(_OF_THEM) in known:
            found[part] = Label(known[folded.removeprefix(_OF_THEM)])
    return MappingProxyType(found)


_NONE: Mapping[str, Label] = MappingProxyType({})


def is_title(text: str) -> bool:
    """Whether a text is the title of the form, with or without its year."""
    if len(text) > 3 * _LONGEST:
        return False
    folded = fold(text)
    bare = _YEAR.sub("", folded)
    return bool({folded, bare, bare.strip("()《》")} & words().titles) or (
        len(folded) <= _LONGEST and bare.endswith(tuple(words().titles))
    )


def year_in(text: str) -> int | None:
    """The year that a title or the line below it names; ``None`` where it names none or several."""
    found = {int(year) for year in _YEAR.findall(fold(text))}
    return found.pop() if len(found) == 1 else None


def is_year(text: str) -> bool:
    """Whether a text is the line of the form's year: （2022年度）."""
    folded = fold(text) if len(text) <= _LONGEST else ""
    return "年" in folded and _YEAR.fullmatch(folded) is not None


def unit_in(note: str) -> str | None:
    """The unit of fund figures that a text in brackets names, or ``None``."""
    bare = note.rpartition(":")[2]
    return bare if bare in UNITS else None


def unit_line(text: str) -> str | None:
    """The unit that a line of its own names, as 单位：万元 does, or ``None``."""
    folded = fold(text) if len(text) <= _LONGEST else ""
    word, colon, unit = folded.strip("()").partition(":")
    return unit if colon and word in words().read[UNIT] and unit in UNITS else None


def of_project(title: str) -> bool:
    """Whether a title above a table does not speak of another form: what it names last decides."""
    folded = fold(title)
    ours = max(folded.rfind(word) for word in words().of_projects)
    others = max(folded.rfind(word) for word in words().of_others)
    return ours >= others
