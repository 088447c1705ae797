"""The verdict on a report: everything noticed while reading and everything checked, as one result.

A fault makes a report *invalid*; what applies but could not be checked makes it *not checked*; only then is it *valid*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from fatk import structure
from fatk.errors import Refused
from fatk.findings import (
    ERROR,
    FAILED,
    INFO,
    NOT_CHECKED,
    WARNING,
    CellRef,
    Finding,
    located,
    location_order,
    notices,
    without_implied,
)
from fatk.lexical import NORMALISATIONS
from fatk.model import Report, same_entity
from fatk.reading import Reading, without_search_for_cycles
from fatk.rules import run
from fatk.rules.context import BLANK, EQUALITIES, OUTCOMES, UNREAD, Check, Context, load_rules
from fatk.rules.report import cell, finding
from fatk.rules.report import findings as to_findings

VALID: Final = "valid"
INVALID: Final = "invalid"
UNCHECKED: Final = "not_checked"

#: What may only be unknown here: no error where the report follows a later minor version of the standard.
_UNKNOWN: Final = frozenset({"READ-11", "READ-15", "READ-17", "STR-03", "STR-04"})


@dataclass(frozen=True, slots=True)
class Waiver:
    """That a finding is let pass: why, by which office, and from and through which day.

    It names the finding by its fingerprint, or by its rule and the cell that it is about first. With a ``difference`` it
    holds only as long as the figures differ by that much. ``place`` is where it stands in its file.
    """

    reason: str
    office: str
    accepted_on: date
    expires_on: date
    finding: str | None = None
    rule: str | None = None
    cell: tuple[str, str, str] | None = None
    difference: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault that would explain several findings: with ``would_reconcile`` in ``cells``, in that order, they would go.

    ``explains`` are the ids of those findings. Causes of one ``group`` answer the same findings: those of one ``option``
    together, those of different options instead of each other. ``messages`` say it in Chinese and in English.
    """

    kind: str
    group: int
    option: int
    cells: tuple[CellRef, ...]
    would_reconcile: tuple[str, ...]
    explains: tuple[str, ...]
    messages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What validation says of one source. ``summary`` counts as the contract of findings.schema.json names it.

    ``ran`` counts the outcomes of every rule that was run. ``waived`` holds the waiver of each finding that is let pass,
    by the finding's fingerprint, ``as_of`` the day that waivers were judged on, and ``waivers`` the file that they are of.
    ``normalised`` counts the cells whose number was printed in another form than the standard's, by what was done to them.
    ``unexplained`` counts the sums and
    copies that failed and for which no cause stands out.
    """

    reading: Reading
    verdict: str
    summary: Mapping[str, int]
    findings: tuple[Finding, ...]
    ran: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    waived: Mapping[str, Waiver] = field(default_factory=dict)
    as_of: date | None = None
    waivers: str = ""
    causes: tuple[Cause, ...] = ()
    unexplained: int = 0
    normalised: Mapping[str, int] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong and nothing that applies went unchecked."""
        return self.verdict == VALID


@without_search_for_cycles()
def check(
    reading: Reading,
    *,
    previous: Report | None = None,
    parts: Iterable[Report] = (),
    everything: bool = False,
) -> Result:
    """Check a report that was read: its structure, then every rule.

    ``previous`` is last year's report and ``parts`` those of the units that this one consolidates: rules that need them
    are not applicable without. ``everything`` also lists what rounding explains.
    """
    parts = tuple(parts)
    context = Context(reading.report, previous, parts, brief=True)
    rules = load_rules()
    checks = _with_reasons(run(rules, context), reading.findings)
    if _wrong(checks):
        # What may be the cause is sought in all that was checked, and so in what came out exactly too.
        context = Context(reading.report, previous, parts)
        checks = _with_reasons(run(rules, context), reading.findings)
    outcomes: Counter[str] = Counter()
    ran: dict[str, dict[str, int]] = {}
    for one in checks:
        outcomes[one.outcome] += one.times
        counts = ran.setdefault(one.rule, {})
        counts[one.outcome] = counts.get(one.outcome, 0) + one.times
    found = [
        *reading.findings,
        *structure.check(reading.report),
        *to_findings(checks, rules, context, everything=everything),
    ]
    if reading.newer:
        found = [
            replace(f, severity=WARNING) if f.rule in _UNKNOWN and f.severity == ERROR else f for f in found
        ]
    told = without_implied(found)
    findings = tuple(sorted((located(f, reading.places) for f in told), key=location_order))
    severities = Counter(f.severity for f in findings)
    summary = {
        **{outcome: outcomes[outcome] for outcome in OUTCOMES},
        "errors": severities[ERROR], "warnings": severities[WARNING], "infos": severities[INFO],
        "source_cells": reading.source_cells, "unaccounted_cells": reading.unaccounted_cells,
    }  # fmt: skip
    verdict = verdict_on(findings, summary)
    found_causes, unexplained = _causes(context, checks, reading)
    return Result(
        reading, verdict, MappingProxyType(summary), findings, MappingProxyType(ran),
        causes=found_causes, unexplained=unexplained, normalised=_normalised(reading.findings),
    )  # fmt: skip


def _with_reasons(checks: Iterable[Check], found: Iterable[Finding]) -> tuple[Check, ...]:
    """The checks, and of those that lack a figure whether it is blank or could not be read: only the reader knows."""
    unread: set[tuple[str | None, ...]] = set()
    for told in found:
        if told.cells and (kind := notices().get(told.rule)) and kind.unread:
            at = told.cells[0]
            unread.add((at.table, at.row, at.field) if kind.unread == "cell" else (at.table, at.field))
    if not unread:
        return tuple(checks)
    return tuple(
        check._replace(reason=UNREAD)
        if check.outcome == NOT_CHECKED
        and check.reason == BLANK
        and any(ref in unread or (ref.table, ref.field) in unread for ref in check.refs)
        else check
        for check in checks
    )


def _normalised(findings: Iterable[Finding]) -> Mapping[str, int]:
    """How many cells each normalisation of numbers was made in, in the order in which they are made."""
    done = Counter(how for f in findings if f.rule == "READ-33" for how in dict(f.details)["how"].split(","))
    return MappingProxyType({how: done[how] for how in NORMALISATIONS if done[how]})


def _wrong(checks: Iterable[Check]) -> set[int]:
    """The checks, by number, of sums and copies that are wrong: those of which it is asked why."""
    rules = load_rules()
    return {
        i
        for i, c in enumerate(checks)
        if c.outcome == FAILED
        and rules[c.rule].kind in EQUALITIES
        and (c.severity or rules[c.rule].severity) == ERROR
    }


def _causes(context: Context, checks: Sequence[Check], reading: Reading) -> tuple[tuple[Cause, ...], int]:
    """What would explain the failures, and of how many sums and copies nothing does."""
    rules, failed = load_rules(), _wrong(checks)
    if not failed:
        return (), 0
    from fatk import causes  # only a report that fails needs them

    # What only usually holds is no ground to doubt a figure.
    found = [one for one in causes.find(context, checks) if failed.intersection(one.explains)]
    explained = {i for one in found for i in one.explains}
    told = []
    for one in found:
        cells = tuple(
            replace(cell(ref, context), location=reading.places(*ref)) if causes.stands(ref, context) else
            CellRef(ref.table, ref.row, ref.field)
            for ref in one.cells
        )  # fmt: skip
        told.append(
            Cause(
                one.kind, one.group, one.option, cells, tuple(format(v, "f") for v in one.would_reconcile),
                tuple(finding(checks[i], rules[checks[i].rule], context).id for i in one.explains),
                {language: causes.sentence(one, context, language) for language in ("zh", "en")},
            )
        )  # fmt: skip
    return tuple(told), len(failed - explained)


def verdict_on(findings: Iterable[Finding], summary: Mapping[str, int]) -> str:
    """The verdict that findings and counts come to: a fault outweighs what was not checked."""
    if summary["errors"]:
        return INVALID
    if summary[NOT_CHECKED] or any(f.outcome == NOT_CHECKED for f in findings):
        return UNCHECKED
    return VALID


def belongs(report: Report, other: Report, *, previous: bool) -> None:
    """Hold that another report may stand beside this one: ``Refused`` where last year's is of another year or entity, or a
    unit's is of another year."""
    year, wanted = other.fiscal_year, report.fiscal_year - previous
    if year != wanted:
        raise Refused("REPORT_OTHER_YEAR", found=year, wanted=wanted)
    if previous and not same_entity(report, other):
        found, ours = other.one("entity").get("name"), report.one("entity").get("name")
        raise Refused("REPORT_OTHER_ENTITY", found=found, wanted=ours)
