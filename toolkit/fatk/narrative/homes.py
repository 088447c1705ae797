"""Where in a report the value of a path of the narrative lives, and what kind of value it is.

A path is declared once: beside the field that holds it, in the code list of claims, or by a subject and a base of changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from fatk.rules.narrative.claims import catalogue, subjects
from fatk.spec import Field, Table, load, read_list
from fatk.values import Value
from fatk.wording.slots import TEXTS

_POSITION = re.compile(r"\[([0-9]+)\]")
#: The last word of a path of a change → the field of the table changes that it is.
_CHANGE = {
    "amount": "amount",
    "previous_amount": "base_amount",
    "budget": "base_amount",
    "adjusted_budget": "base_amount",
    "reason": "reason",
    "comparison": "comparison",
    "rate_note": "rate_note",
}
#: Type of a claim in its code list → kind of slot.
_CLAIMS = {"amount": "amount", "rate": "rate", "signed_rate": "rate", "decimal": "decimal"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of a row. ``fixed`` are values of the key that the path itself tells; what is left of the key is the position
    in the list."""

    table: Table
    field: Field
    fixed: Mapping[str, Value]
    positions: tuple[int, ...]

    @property
    def key(self) -> Mapping[str, Value]:
        """The row's key by field; empty for a table of one row."""
        left = [name for name in self.table.key if name not in self.fixed]
        return {**self.fixed, **dict(zip(left, self.positions, strict=False))}


@dataclass(frozen=True, slots=True)
class ClaimHome:
    """A claim by its path with list positions."""

    path: str


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a change. ``element`` is the path of a list element whose code the subject ends with, or empty."""

    subject: str
    element: str
    base: str
    field: Field


Home = Cell | ClaimHome | Change


@cache
def home(path: str) -> Home:
    """Where the value of a path lives, list positions in brackets; ``KeyError`` where nothing declares it."""
    generic, positions = _POSITION.sub("[*]", path), [int(n) for n in _POSITION.findall(path)]
    if generic in catalogue():
        return ClaimHome(path)
    declared = _fields().get(generic.replace("[*]", "[]"))
    if declared is not None:
        table, field = declared
        return Cell(table, field, field.at.get(generic.replace("[*]", "[]"), {}), tuple(positions))
    change = _change(path)
    if change is None:
        raise KeyError(path)
    return change


@cache
def list_home(path: str) -> Cell:
    """Where the first element of a list lives, by the first field that is declared of it."""
    for declared in _fields():
        if declared == path or declared.startswith(f"{path}."):
            found = home(declared.replace("[]", "[1]"))
            if isinstance(found, Cell):
                return found
    raise KeyError(path)


def called(path: str) -> tuple[str, str]:
    """What people call what a path leads to, in Chinese, and the table or field of it, by the id that is explained."""
    where = list_home(path) if path.endswith("[]") else home(path)
    if isinstance(where, ClaimHome):
        entry = catalogue()[_POSITION.sub("[*]", path)]
        return entry.name, f"{entry.cell.table}.{entry.cell.field}" if entry.cell else "claims"
    if isinstance(where, Change):
        name = subjects()[where.subject][0] if where.subject in subjects() else ""
        base = next(row["name"] for row in read_list("change_bases") if row["base"] == where.base)
        return f"{name}·{base}·{where.field.title}".lstrip("·"), f"changes.{where.field.name}"
    if path.endswith("[]"):
        return where.table.title, where.table.id
    return f"{where.table.title}·{where.field.title}", f"{where.table.id}.{where.field.name}"


@cache
def _fields() -> Mapping[str, tuple[Table, Field]]:
    """The field that holds each path that a field declares."""
    found: dict[str, tuple[Table, Field]] = {}
    for table in load().tables.values():
        if table.id != "changes":
            found.update((path, (table, field)) for field in table.fields for path in field.path)
    return MappingProxyType(found)


@cache
def _bases() -> Mapping[str, str]:
    """Word of a path → base of a change."""
    return MappingProxyType({row["word"]: row["base"] for row in read_list("change_bases")})


def _change(path: str) -> Change | None:
    *words, last = path.split(".")
    word = next((w for w in words if w in _bases()), None)
    if word is None or last not in _CHANGE:
        return None
    words.remove(word)
    subject = ".".join(words)
    element = subject if subject.endswith("]") else ""
    fields = load().tables["changes"]
    base = (
        "adjusted_budget" if last == "adjusted_budget" else _bases()[word]
    )  # said beside the initial budget
    return Change(_POSITION.sub("", subject), element, base, fields[_CHANGE[last]])


@cache
def kind_of(path: str, named: str | None) -> str:
    """The kind of slot that a path has: the text kind that the template names, else by what is declared of the path."""
    if named in TEXTS:
        return str(named)
    kind = _kind(path)
    return f"{kind}:{named}" if named else kind


def _kind(path: str) -> str:
    found = home(path)
    if isinstance(found, ClaimHome):
        return _CLAIMS[_types()[_POSITION.sub("[*]", path)]]
    field = found.field
    if field.type == "integer":
        return "year" if field.name == "fiscal_year" else "count"
    if field.type == "number":
        return "amount" if field.amount else "decimal"
    return "date" if field.type == "date" else "phrase"


@cache
def _types() -> Mapping[str, str]:
    return MappingProxyType({row["path"]: row["type"] for row in read_list("claims")})
