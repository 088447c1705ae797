"""Codes of subjects that a narrative calls by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from fatk.spec import load
from fatk.vocabulary import fold, strip_ordinal


def functional_code(names: Sequence[str], year: int) -> str | None:
    """The functional code of a class, or of a class, a section and an item, by their names; ``None`` where there is none or
    more than one."""
    found = [""]
    for name in names:
        below = _below("functional", year)
        folded = fold(strip_ordinal(name))
        spellings = (folded, f"{folded}支出")  # 一般公共服务（类）支出
        found = [
            code
            for parent in found
            for code in next(filter(None, (below.get((parent, s)) for s in spellings)), ())
        ]
    return found[0] if len(found) == 1 else None


def economic_code(name: str, year: int) -> str | None:
    """The code of an economic 款 by its name; ``None`` where there is none or more than one."""
    wanted = fold(name)
    found = _best(
        [
            (entry.covers(year), code)
            for code, entries in load().codes("economic_department").items()
            for entry in entries
            if len(code) > 3 and fold(entry.name) == wanted
        ]
    )
    return found[0] if len(found) == 1 else None


@cache
def _below(scheme: str, year: int) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Codes by the code above them and their folded name: those of the year, else of any year."""
    found: dict[tuple[str, str], list[tuple[bool, str]]] = {}
    for code, entries in load().codes(scheme).items():
        for entry in entries:
            parent = code[:-2] if len(code) > 3 else ""
            found.setdefault((parent, fold(entry.name)), []).append((entry.covers(year), code))
    return MappingProxyType({at: _best(codes) for at, codes in found.items()})


def _best(codes: Sequence[tuple[bool, str]]) -> tuple[str, ...]:
    now = {code for covers, code in codes if covers}
    return tuple(sorted(now or {code for _, code in codes}))
