"""Waivers: faults that an office lets pass for a stated reason and until a stated day, as data beside the report.

    {
      "waivers": [
        {
          "finding": "3f2a9c0d1e4b5a67",
          "reason": "上级代扣的款项，主管部门已确认",
          "office": "某区财政局国库科",
          "accepted_on": "2023-09-01",
          "expires_on": "2024-08-31"
        },
        {
          "finding": {"rule": "IES-02", "table": "income_expenditure_summary", "row": "income.total", "field": "amount"},
          "difference": "-18.00",
          "reason": "…", "office": "…", "accepted_on": "2023-09-01", "expires_on": "2024-08-31"
        }
      ]
    }

A finding is named by its fingerprint (``id`` in ``fatk validate --format json``), or by its rule and the cell that it is
about first. A waiver holds from ``accepted_on`` through ``expires_on``; with a ``difference`` only as long as the figures
differ by just that. The shape is that of ``schemas/meta/waivers.schema.json``.

A waived finding stays in the result, with who let it pass and why, and no longer counts. What was not checked stays
unchecked, waived or not: nobody can vouch for a figure that is not there. What concerns the reading of the file and the
structure of the report (``READ-…``, ``STR-…``) cannot be waived, since everything else rests on it. A waiver that is not
used, is not yet in force or has expired is itself a finding, so that the list stays short and true.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fatk import files, strictjson
from fatk.check import Result, Waiver, verdict_on
from fatk.errors import Refused
from fatk.findings import ERROR, INFO, WARNING, Finding, location_order, notices, notify
from fatk.limits import DEFAULTS, Limits
from fatk.values import parse_date, parse_decimal, text_fault

#: What is put behind the name of a report, without its suffix, to name the file of its waivers.
SUFFIX = ".waivers.json"

_REQUIRED = ("finding", "reason", "office", "accepted_on", "expires_on")
_SELECTOR = ("rule", "table", "row", "field")
_HEXADECIMAL = frozenset("0123456789abcdef")


def beside(source: Path) -> Path | None:
    """The file of waivers that lies beside a report (``报表.xlsx``: ``报表.waivers.json``), or ``None``."""
    try:
        name = source.name if source.is_dir() else source.stem
        found = source.parent / (name + SUFFIX)
        return found if name and found.is_file() else None
    except OSError:  # a name so long that none of waivers can be
        return None


def is_named(name: str) -> bool:
    """Whether a file's name says that it holds waivers."""
    return name.lower().endswith(SUFFIX)


def read(path: Path, limits: Limits = DEFAULTS) -> tuple[Waiver, ...]:
    """The waivers of a file; ``Refused`` where it cannot be read or is not of its shape: it names this file, and not the
    report that it lies beside."""
    try:
        return parse(files.load(path, limits.file_size), path.name, limits)
    except OSError as error:
        raise Refused("FILE_UNREADABLE", path=path, reason=error, source=str(path)) from None
    except Refused as refusal:
        refusal.details["source"] = str(path)
        raise


def parse(data: bytes, name: str = "", limits: Limits = DEFAULTS) -> tuple[Waiver, ...]:
    """The waivers of a JSON document; ``name`` is how its file is called to a person."""
    document = strictjson.parse(data, limits)
    if not isinstance(document, dict) or not isinstance(document.get("waivers"), list):
        raise Refused("WAIVERS_MALFORMED", path=name, place="/waivers")
    for key in document:
        if key not in ("$schema", "waivers"):
            raise Refused("WAIVERS_MALFORMED", path=name, place=f"/{key}")
    return tuple(_waiver(entry, name, f"/waivers/{i}") for i, entry in enumerate(document["waivers"]))


def _waiver(entry: Any, name: str, pointer: str) -> Waiver:
    def wrong(*keys: str) -> Refused:
        return Refused("WAIVERS_MALFORMED", path=name, place="/".join((pointer, *keys)))

    if not isinstance(entry, dict):
        raise wrong()
    for key in (*_REQUIRED, *entry):
        if key not in entry or key not in (*_REQUIRED, "difference"):
            raise wrong(key)
    for key in ("reason", "office"):
        if not _is_text(entry[key]):
            raise wrong(key)
    days = {key: _day(entry[key]) for key in ("accepted_on", "expires_on")}
    for key, day in days.items():
        if day is None:
            raise wrong(key)
    accepted_on, expires_on = days["accepted_on"], days["expires_on"]
    if accepted_on is None or expires_on is None or expires_on < accepted_on:
        raise wrong("expires_on")
    difference = entry.get("difference")
    if "difference" in entry and (not isinstance(difference, str) or parse_decimal(difference) is None):
        raise wrong("difference")
    made = Waiver(
        entry["reason"], entry["office"], accepted_on, expires_on, difference=difference, place=f"{name}#{pointer}"
    )  # fmt: skip
    named = entry["finding"]
    if isinstance(named, str):
        if not 16 <= len(named) <= 64 or not _HEXADECIMAL.issuperset(named):
            raise wrong("finding")
        return replace(made, finding=named)
    if not isinstance(named, dict):
        raise wrong("finding")
    for key in (*_SELECTOR, *named):
        if key not in _SELECTOR or not _is_text(named.get(key)):
            raise wrong("finding", key)
    return replace(made, rule=named["rule"], cell=(named["table"], named["row"], named["field"]))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and text_fault(value, ("",)) is None


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and parse_date(value) else None


def apply(result: Result, waivers: Iterable[Waiver], as_of: date, source: str = "") -> Result:
    """The result with waivers on the findings that they let pass, judged on a day that the result then states, as it does
    the file that they are of.

    Waived findings are counted as ``waived`` and no longer by severity, and the verdict is that of the others. Waivers that
    are unused, expired, not yet in force or not allowed are findings of the result.
    """
    by_id: dict[str, list[Finding]] = defaultdict(list)
    by_cell: dict[tuple[str, tuple[str, str, str]], list[Finding]] = defaultdict(list)
    for finding in result.findings:
        by_id[finding.id].append(finding)
        if finding.cells:
            first = finding.cells[0]
            by_cell[finding.rule, (first.table or "", first.row or "", first.field or "")].append(finding)
    waived: dict[str, Waiver] = {}
    found: list[Finding] = []
    for waiver in waivers:
        if waiver.finding is not None:
            named = by_id.get(waiver.finding, [])
        else:
            named = by_cell.get((waiver.rule or "", waiver.cell or ("", "", "")), [])
        rule = waiver.rule or (named[0].rule if named else "")
        what = waiver.finding or "/".join((rule, *(waiver.cell or ())))
        ids = [f.id for f in named if f.id not in waived and waiver.difference in {None, f.difference}]
        if rule in notices():
            found.append(notify("WAIV-03", what=what, place=waiver.place, rule=rule))
        elif as_of > waiver.expires_on:
            found.append(notify("WAIV-02", what=what, place=waiver.place, last=waiver.expires_on))
        elif as_of < waiver.accepted_on:
            found.append(notify("WAIV-04", what=what, place=waiver.place, first=waiver.accepted_on))
        elif not ids:
            found.append(notify("WAIV-01", what=what, place=waiver.place))
        else:
            waived |= dict.fromkeys(ids, waiver)
    findings = tuple(sorted((*result.findings, *found), key=location_order))
    summary = _counted(result.summary, findings, waived)
    return replace(
        result,
        verdict=verdict_on(findings, summary),
        summary=summary,
        findings=findings,
        waived=MappingProxyType(waived),
        as_of=as_of,
        waivers=source,
    )


def _counted(
    summary: Mapping[str, int], findings: Iterable[Finding], waived: Mapping[str, Waiver]
) -> Mapping[str, int]:
    """The counts with waived findings apart from the others."""
    count = Counter("waived" if f.id in waived else f.severity for f in findings)
    severities = {"errors": count[ERROR], "warnings": count[WARNING], "infos": count[INFO]}
    return MappingProxyType({**summary, **severities, "waived": count["waived"]})
