"""What was found: findings as values, the places they stand at, and the sentences that state them.

Every kind of finding is declared in ``schemas/notices`` (what readers and structure checks notice) with its severity and
its sentence in Chinese and English; a finding here only says where and with which details.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Final, Protocol

from fatk import resources
from fatk.errors import FatkError
from fatk.values import visible

ERROR: Final = "error"
WARNING: Final = "warning"
INFO: Final = "info"
FAILED: Final = "failed"
WITHIN_ROUNDING: Final = "within_rounding"
NOT_CHECKED: Final = "not_checked"
#: Worst first.
SEVERITIES: Final = (ERROR, WARNING, INFO)
#: Of a detail that is several things, a sentence shows at most this many.
_SEVERAL: Final = 20
#: What names the row of a table that has only one.
SINGLE_ROW: Final = "*"


@dataclass(frozen=True, slots=True)
class CellRef:
    """One cell: where it is in the report, where the person finds it in the file given, what it says.

    ``again``: how many rows of that name stand before its own.
    """

    table: str | None = None
    row: str | None = None
    field: str | None = None
    location: str | None = None
    label: str | None = None
    value: str | None = None
    again: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``details`` fill the sentence of its kind; figures are texts in the report's unit."""

    rule: str
    severity: str
    outcome: str = FAILED
    cells: tuple[CellRef, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    qualifier: str | None = None
    reason: str | None = None
    expected: str | None = None
    found: str | None = None
    difference: str | None = None
    tolerance: str | None = None

    @property
    def id(self) -> str:
        """Stable fingerprint: the same fault in the same cell has the same one, whatever the file's form and name."""
        parts = [self.rule]
        for cell in self.cells:
            parts += [
                cell.table or "",
                cell.row or "",
                cell.field or "",
                "" if cell.table else cell.location or "",
            ]
        parts += (
            []
            if self.cells
            else [f"{name}={text}" for name, text in self.details if name not in ("place", "zh", "en")]
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def message(self, language: str = "zh") -> str:
        """The finding as one sentence; that of a rule is made where the rule is known."""
        said = dict(self.details)
        return (
            said[language] if language in said else notice(self.rule).sentence(language, dict(self.details))
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of finding that a reader or a structure check raises.

    ``alone`` is its sentence where the table has one row only. ``implied_by`` are kinds that it follows from, each with what
    must be the same, ``cell``, ``column`` or ``table``: where one of these is told it is not. ``unread`` is what it leaves blank
    that the source does not: the ``cell`` that it is about, or its whole ``column``. ``kinds`` are words for the codes of what
    is noticed.
    """

    id: str
    severity: str
    outcome: str
    title: Mapping[str, str]
    messages: Mapping[str, str]
    advice: Mapping[str, str]
    alone: Mapping[str, str]
    implied_by: tuple[tuple[str, str], ...]
    unread: str | None
    kinds: Mapping[str, Mapping[str, str]]

    def sentence(self, language: str, details: Mapping[str, str]) -> str:
        """Its sentence with the details filled in; untrusted text is shown, never interpreted."""
        messages = self.alone if self.alone and details.get("row") == SINGLE_ROW else self.messages
        kind = self.kinds.get(details.get("code", ""))
        return fill(messages[language], {**details, "code": kind[language]} if kind else details)


@cache
def notices() -> Mapping[str, Notice]:
    """Every kind of finding declared, by id."""
    found = {}
    for name in ("reading", "structure", "waivers"):
        for entry in resources.read_json("notices", name + ".json")["notices"]:
            found[entry["id"]] = Notice(
                entry["id"],
                entry["severity"],
                entry.get("outcome", FAILED),
                entry["title"],
                entry["message"],
                entry["advice"],
                entry.get("alone", {}),
                tuple((other["id"], other["same"]) for other in entry.get("implied_by", ())),
                entry.get("unread"),
                entry.get("kinds", {}),
            )
    return MappingProxyType(found)


def notice(notice_id: str) -> Notice:
    """The kind of finding of that id."""
    return notices()[notice_id]


def notify(notice_id: str, *cells: CellRef, **details: object) -> Finding:
    """A finding of a declared kind."""
    kind = notice(notice_id)
    texts = tuple(sorted((name, str(value)) for name, value in details.items()))
    return Finding(kind.id, kind.severity, kind.outcome, cells, texts)


def without_implied(found: Iterable[Finding]) -> list[Finding]:
    """The findings without those that follow from another one, no less severe, at the same place."""
    findings, known = list(found), notices()
    told: dict[tuple[object, ...], int] = {}
    for finding in findings:
        for same in _PLACES:
            place = (finding.rule, same, *_place_of(finding, same))
            severity = SEVERITIES.index(finding.severity)
            told[place] = min(severity, told.get(place, severity))

    def implied(finding: Finding) -> bool:
        severity = SEVERITIES.index(finding.severity)
        others = known[finding.rule].implied_by if finding.rule in known else ()
        places = ((other, same, *_place_of(finding, same)) for other, same in others)
        return any(told.get(place, severity + 1) <= severity for place in places)

    return [finding for finding in findings if not implied(finding)]


#: What two findings may have in common.
_PLACES: Final = ("cell", "column", "table")


def _place_of(finding: Finding, same: str) -> tuple[object, ...]:
    """The cell, the column or the table that a finding is about first; what describes a table is about that table."""
    cell = finding.cells[0] if finding.cells else CellRef()
    if same == "cell":
        return cell.table, cell.row, cell.field, cell.again
    if same == "column":
        return cell.table, cell.field
    return ((cell.row or "").partition("/")[0] if cell.table in {"tables", "cells"} else cell.table,)


def fill(template: str, details: Mapping[str, object], limit: int = 80, between: str = "；") -> str:
    """A sentence with its details: each is made visible and cut at ``limit``, of several the first ones are, with ``between``
    between them; one that is not given shows as …."""
    parts = []
    for literal, name, _spec, _conversion in Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            given = details.get(name, "…")
            if isinstance(given, tuple):
                shown = [visible(str(one), limit) for one in given[:_SEVERAL]]
                parts.append(between.join(shown) + f"{between}…" * (len(given) > _SEVERAL))
            else:
                parts.append(visible(str(given), limit))
    return "".join(parts)


@cache
def _refusals() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType(
        {e["code"]: e["message"] for e in resources.read_json("notices", "refusals.json")["refusals"]}
    )


def explain_error(error: FatkError, language: str = "zh") -> str:
    """Why something was not done, as one sentence that says what to do."""
    template = _refusals().get(error.code, {"zh": "{code}：未能完成。", "en": "{code}: not done."})[language]
    details = {
        name: reason_of(value, language) if isinstance(value, OSError) else value
        for name, value in error.details.items()
    }
    return fill(template, {"code": error.code, **details}, between="；" if language == "zh" else "; ")


def reason_of(error: OSError, language: str = "zh") -> str:
    """What the operating system says of an error, in its own words where it is none of the usual."""
    name = errno.errorcode.get(error.errno or 0, "")
    texts = resources.read_json("notices", "system.json")["system"].get(name)
    return str(texts[language]) if texts else error.strerror or str(error)


class Places(Protocol):
    """Where a cell stands in the person's own file: its location, or ``None`` where it is not known.

    ``again`` tells rows of one name apart, as in ``CellRef``.
    """

    def __call__(self, table: str, row: str, field: str, again: int = 0) -> str | None: ...


def nowhere(table: str, row: str, field: str, again: int = 0) -> str | None:
    """Places of a report that came from no file."""
    return None


def located(finding: Finding, places: Places) -> Finding:
    """The finding with the location of each of its cells that lacks one."""
    cells = tuple(
        replace(c, location=places(c.table, c.row or "", c.field or "", c.again))
        if c.table and c.location is None
        else c
        for c in finding.cells
    )
    return replace(finding, cells=cells)


def location_order(finding: Finding) -> tuple[int, str, str]:
    """Sort key: worst first, then by kind and place."""
    first = finding.cells[0] if finding.cells else CellRef()
    return (
        SEVERITIES.index(finding.severity),
        finding.rule,
        f"{first.table}/{first.row}/{first.field}/{first.location}",
    )
