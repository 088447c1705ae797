"""What the derivation of tables rests on beside the rules, as ``schemas/derivation.json`` declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from fatk import resources
from fatk.rules.context import Ref, Rule


@dataclass(frozen=True, slots=True, eq=False)
class RowsOf:
    """Where the rows of a table come from: lists of the narrative, or codes of other tables.

    ``prefix`` stands before such codes, ``level`` is how long they are; ``only_known``: a row stands only where its amount
    is found, since nothing else says that there is one.
    """

    table: str
    lists: tuple[str, ...]
    tables: tuple[str, ...]
    prefix: str
    level: int | None
    only_known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Convention:
    """A usage of bookkeeping: what is right by it is marked so, and used only where the sums of the report agree.

    ``title`` names it, ``says`` is what it says.
    """

    id: str
    kind: str
    title: Mapping[str, str]
    says: Mapping[str, str]
    body: Mapping[str, Any]
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """All of it. ``sections`` are the numbers of sections by the beginning of a path."""

    sections: Mapping[str, str]
    restates: Mapping[str, tuple[Ref, ...]]
    rows: Mapping[str, RowsOf]
    gapless: Mapping[str, str]
    conventions: tuple[Convention, ...]

    def convention(self, wanted: str) -> Convention:
        """The convention of that id."""
        return next(one for one in self.conventions if one.id == wanted)

    def section(self, path: str) -> str:
        """The number of the section that a path of the narrative stands in."""
        stem = path.replace("[*]", "")
        while stem not in self.sections and "." in stem:
            stem = stem.rpartition(".")[0]
        return self.sections.get(stem, "")


@cache
def declared() -> Declared:
    """The declaration, read once."""
    data = resources.read_json("derivation.json")
    restates: dict[str, tuple[Ref, ...]] = {}
    for one in data["restates"]:
        restates[one["claim"]] = (*restates.get(one["claim"], ()), cell_of(one["cell"]))
    return Declared(
        sections=MappingProxyType(data["sections"]),
        restates=MappingProxyType(restates),
        rows=MappingProxyType({one["table"]: _rows(one) for one in data["rows"]}),
        gapless=MappingProxyType(data["list_without_gaps"]),
        conventions=tuple(_convention(one) for one in data["conventions"]),
    )


def cell_of(named: Mapping[str, str]) -> Ref:
    """A cell by its names."""
    return Ref(named["table"], named["row"], named["field"])


def _rows(one: Mapping[str, Any]) -> RowsOf:
    return RowsOf(
        one["table"], tuple(one.get("lists", ())), tuple(one.get("tables", ())), one.get("prefix", ""),
        one.get("level"), one.get("only_known", False),
    )  # fmt: skip


def _convention(one: Mapping[str, Any]) -> Convention:
    rule = Rule(
        one["id"], "linear", "info", "CV", "", one["says"], built=True, reason=None, implied_by=(), when={}, body=one
    )  # fmt: skip
    return Convention(
        one["id"],
        one["kind"],
        MappingProxyType(one["title"]),
        MappingProxyType(one["says"]),
        MappingProxyType(one),
        rule,
    )
