"""What a document repeats: its claims, each with the cell that it restates.

Which cell a claim restates and what subjects are compared is read from the code lists claims and subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from fatk.rules.context import Context, Ref
from fatk.spec import Spec, read_list
from fatk.values import Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of the code list claims; ``cell`` is what it restates, its row ``*`` the code of a list element."""

    path: str
    rank: int
    name: str
    measure: str
    cell: Ref | None


class Claim(NamedTuple):
    """One claim of a report; ``element`` names the list element that it is about, by its code or its position.

    ``words``: a zero that is printed in words (持平, 无). ``lacking`` is the code that would say which cell it restates,
    where that is not given.
    """

    entry: Entry
    positions: tuple[int, ...]
    element: str
    occurrence: int
    ref: Ref
    value: Value
    unit: Value
    words: bool
    cell: Ref | None
    lacking: Ref | None


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every path of the code list claims."""
    found = {}
    for rank, row in enumerate(read_list("claims")):
        cell = Ref(row["table"], row["row"], row["field"]) if row["table"] else None
        found[row["path"]] = Entry(row["path"], rank, row["name"], row["measure"], cell)
    return MappingProxyType(found)


@cache
def subjects() -> Mapping[str, tuple[str, Ref]]:
    """Name and cell of each subject of the code list; the cell's row is ``*`` also where its table has one row."""
    rows = read_list("subjects")
    return MappingProxyType(
        {r["subject"]: (r["name"], Ref(r["table"], r["row"] or "*", r["field"])) for r in rows}
    )


@cache
def matching(glob: str) -> Mapping[str, tuple[str, ...]]:
    """Paths of the code list that a glob names, with what its stars stand for.

    ``*`` is one word of the path, ``**`` any part of it; ``[*]`` belongs to the path.
    """
    stars = {"[*]": r"\[\*\]", "**": "(.*)", "*": r"([^.\[]*)"}
    parts = re.split(r"(\[\*\]|\*\*|\*)", glob)
    if not {"*", "**"}.intersection(
        parts
    ):  # one path, as most are; a pattern of each takes longer than all rules
        return MappingProxyType({glob: ()} if glob in catalogue() else {})
    pattern = re.compile("".join(stars.get(part) or re.escape(part) for part in parts))
    matches = ((path, pattern.fullmatch(path)) for path in catalogue())
    return MappingProxyType({path: m.groups() for path, m in matches if m})


@cache
def _lists(spec: Spec) -> Mapping[str, str]:
    """The table that holds the elements of a list of paths, by the path of the list."""
    found = {}
    for table in spec.notes:
        for path in table["no"].path if "no" in table.position else ():
            found[path.removesuffix("[].no")] = table.id
    return MappingProxyType(found)


_POSITION: Final = re.compile(r"\[([1-9][0-9]{0,8})\]")


def read_claims(context: Context) -> list[Claim]:
    """The claims of a report whose paths the code list knows, in its order."""
    entries, claims = catalogue(), []
    at = context.spec.tables["claims"].position
    for row in context.report.rows("claims"):
        path, occurrence = str(row[at["path"]]), row[at["occurrence"]]
        positions = tuple(map(int, _POSITION.findall(path)))
        entry = entries.get(_POSITION.sub("[*]", path) if positions else path)
        if entry is not None and isinstance(occurrence, int):
            cell, lacking = resolved(entry, positions, context)
            ref = Ref("claims", f"{path}/{occurrence}", "value")
            value, unit, printed = (row[at[name]] for name in ("value", "unit", "printed"))
            words = value == 0 and isinstance(printed, str) and not any(c.isdigit() for c in printed)
            element = _element(entry, positions, context) if positions else ""
            claims.append(
                Claim(entry, positions, element, occurrence, ref, value, unit, words, cell, lacking)
            )
    return sorted(claims, key=lambda c: (c.entry.rank, c.positions, c.occurrence))


def resolved(entry: Entry, positions: Sequence[int], context: Context) -> tuple[Ref | None, Ref | None]:
    """The cell that a claim of these list positions restates, or else the code that is lacking to say which."""
    if entry.cell is None or entry.cell.row != "*":
        return entry.cell, None
    lacking = code_ref(entry.path, positions, context)
    code = context.value(*lacking)
    return (entry.cell._replace(row=code), None) if isinstance(code, str) else (None, lacking)


def code_ref(path: str, positions: Sequence[int], context: Context) -> Ref:
    """Where the code of the list element stands that a path of a list is about."""
    return Ref(_lists(context.spec)[path.partition("[")[0]], str(positions[0]), "code")


def _element(entry: Entry, positions: Sequence[int], context: Context) -> str:
    """What names a list element: its code where it has one, else its position."""
    table = _lists(context.spec).get(entry.path.partition("[")[0])
    code = context.value(table, str(positions[0]), "code") if table else None
    return code if isinstance(code, str) else "-".join(map(str, positions))


def entry_of(row: str) -> Entry | None:
    """The path that a row of the table claims is about."""
    return catalogue().get(_POSITION.sub("[*]", row.rpartition("/")[0]))


def claim_ref(path: str, positions: Iterable[object]) -> Ref:
    """Where the first claim of a path with these list positions stands, or would stand."""
    for position in positions:
        path = path.replace("[*]", f"[{position}]", 1)
    return Ref("claims", f"{path}/1", "value")
