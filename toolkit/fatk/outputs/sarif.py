"""SARIF 2.1.0, as code hosts and editors show it (OASIS standard, errata 01).

All sources are one run of the tool. A fault is a result of kind ``fail`` whose level follows its severity; what could not
be checked is ``open``, what rounding explains ``informational``. The first cell is the result's location and the others
are related ones: by line and column in CSV and JSON, by ``sheet!cell`` in workbooks, which have no text. The cells of what
may have brought a fault about are related ones too, each with the sentence of its cause and, as properties, the kind of the
cause, its group and option (causes of one option go together, options stand instead of each other) and the figure with
which the report would reconcile. A waived finding is a suppressed result, a refused source a notification of the invocation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fatk import outputs
from fatk.check import Cause, Result
from fatk.findings import ERROR, INFO, WARNING, WITHIN_ROUNDING, CellRef, Finding
from fatk.outputs.places import Contents, Place, Places, no_contents
from fatk.render import rules_digest
from fatk.values import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {ERROR: "error", WARNING: "warning", INFO: "note"}
#: Name of the fingerprint, with the version of what it is made from.
_FINGERPRINT = "fatkFinding/v1"
_SEMANTIC = re.compile(r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:[-+][0-9A-Za-z.+-]+)?")
#: Forms that are several files.
_OF_SEVERAL = frozenset({"package", "folder", "several"})
_FIGURES = ("expected", "found", "difference", "tolerance")
#: Cells of one cause that a result is related to, at most; all are in the result as JSON.
_CELLS = 12


def write(
    results: Sequence[outputs.Outcome],
    version: str,
    spec_version: str,
    *,
    language: str = "zh",
    contents: Contents = no_contents,
    exit_status: int | None = None,
) -> str:
    """The log of one run on these sources. ``contents`` gives the texts that regions are found in; ``exit_status`` is that
    of the process, where it is known to differ from the one that the results alone lead to."""
    read, refused = outputs.parted(results)
    rules = sorted({f.rule for r in read for f in r.findings} | {rule for r in read for rule in r.ran})
    files = _Files(results)
    found = list(_results(read, {rule: i for i, rule in enumerate(rules)}, files, language, contents))
    if exit_status is None:
        exit_status = 3 if refused else 1 if any(r.summary["errors"] for r in read) else 0
    driver = {
        "name": "fatk",
        "version": version,
        **({"semanticVersion": version} if _SEMANTIC.fullmatch(version) else {}),
        "language": language,
        "rules": [_rule(rule, language) for rule in rules],
        "properties": {"spec_version": spec_version, "rules_digest": rules_digest()},
    }
    invocation = {
        "executionSuccessful": not refused,
        "exitCode": exit_status,
        "toolExecutionNotifications": [_notification(r, files, language) for r in refused],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "artifacts": files.artifacts,
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: str, language: str) -> dict[str, Any]:
    described = outputs.kind(rule)
    other = "en" if language == "zh" else "zh"
    more = {"basis": described.basis, "since": described.since} if described.basis else {}
    helps = f"{described.help[language]}\n\n{described.title[other]}\n{described.help[other]}"
    return {
        "id": rule,
        "shortDescription": {"text": _message(described.title[language])},
        "fullDescription": {"text": _message(f"{described.title[language]} · {described.title[other]}")},
        "help": {"text": _message(helps)},
        "defaultConfiguration": {"level": _LEVELS[described.severity]},
        "properties": {"title_zh": described.title["zh"], "title_en": described.title["en"], **more},
    }


class _Files:
    """The files that results are about; each is listed once."""

    def __init__(self, results: Sequence[outputs.Outcome]) -> None:
        self.artifacts: list[dict[str, Any]] = []
        self.indexes: dict[str, int] = {}
        for result in results:
            at = self.location(outputs.path_of(result))["index"]
            artifact = self.artifacts[at]
            artifact["roles"] = ["analysisTarget"]
            if isinstance(result, Result):
                self._describe(artifact, result)

    def _describe(self, artifact: dict[str, Any], result: Result) -> None:
        reading = result.reading
        if reading.sha256 and reading.form not in _OF_SEVERAL:  # their digest is none of a file's bytes
            artifact["hashes"] = {"sha-256": reading.sha256}
        artifact["properties"] = {
            "form": reading.form,
            "edition": reading.report.one("report").get("edition"),
            "verdict": result.verdict,
            "summary": dict(result.summary),
            **({"as_of": result.as_of.isoformat()} if result.as_of is not None else {}),
        }

    def location(self, path: str) -> dict[str, Any]:
        """The artifact location of a path."""
        address = _address(path)
        index = self.indexes.setdefault(address, len(self.artifacts))
        if index == len(self.artifacts):
            self.artifacts.append({"location": {"uri": address}})
        return {"uri": address, "index": index}


def _address(path: str) -> str:
    """The URI reference of a file: relative as the path was, else with the scheme ``file``."""
    try:
        if PurePath(path).is_absolute():
            return PurePath(path).as_uri()
        raw = outputs.portable(path).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = outputs.portable(path).encode("utf-8", "backslashreplace")
    return quote(raw, safe="/")


def _notification(document: Mapping[str, Any], files: _Files, language: str) -> dict[str, Any]:
    path, code, message = outputs.refusal(document, language)
    return {
        "level": "error",
        "descriptor": {"id": code},
        "message": {"text": _message(message)},
        "locations": [{"physicalLocation": {"artifactLocation": files.location(path)}}],
    }


def _results(
    read: Sequence[Result], rules: Mapping[str, int], files: _Files, language: str, contents: Contents
) -> Iterator[dict[str, Any]]:
    for result in read:
        places, causes = Places(result, contents), outputs.causes_of(result)
        for finding in result.findings:
            yield {
                "ruleId": finding.rule,
                "ruleIndex": rules[finding.rule],
                **_standing(finding),
                "message": {"text": _message(outputs.sentence(finding, language))},
                **_locations(finding, causes.get(finding.id, ()), places, files, language),
                "partialFingerprints": {_FINGERPRINT: finding.id},
                **_suppressions(finding, result),
                **_properties(finding, language),
            }


def _standing(finding: Finding) -> dict[str, str]:
    """Kind and level: only what fails has a level."""
    if outputs.is_open(finding):
        return {"kind": "open", "level": "none"}
    if finding.outcome == WITHIN_ROUNDING:
        return {"kind": "informational", "level": "none"}
    return {"kind": "fail", "level": _LEVELS[finding.severity]}


def _locations(
    finding: Finding, causes: Sequence[Cause], places: Places, files: _Files, language: str
) -> dict[str, Any]:
    """Where a finding is: at its first cell; related are the others, and the cells of what may have brought it about."""
    cells = outputs.cells_of(finding) or (None,)
    related = [_location(cell, places.of(cell), files) for cell in cells[1:]]
    for cause in causes:
        for cell, figure in list(zip(cause.cells, cause.would_reconcile, strict=True))[:_CELLS]:
            about = {
                "cause": cause.kind,
                "group": cause.group,
                "option": cause.option,
                "would_reconcile": figure,
            }
            message = {"text": _message(visible(cause.messages[language], outputs.SENTENCE))}
            place = _location(cell, places.of(cell), files)
            related.append({**place, "message": message, "properties": about})
    found: dict[str, Any] = {"locations": [_location(cells[0], places.of(cells[0]), files)]}
    if related:
        found["relatedLocations"] = [{"id": number, **place} for number, place in enumerate(related, 1)]
    return found


def _location(cell: CellRef | None, place: Place, files: _Files) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": files.location(place.file)}
    if place.region is not None:
        names = ("startLine", "startColumn", "endLine", "endColumn")
        physical["region"] = {
            name: number for name, number in zip(names, place.region, strict=True) if number
        }
    logical = []
    if place.name:
        logical.append({"fullyQualifiedName": outputs.shown(place.name), "kind": "place"})
    if cell is not None and cell.table:
        parts = (cell.table, cell.row, cell.field)
        logical.append(
            {"fullyQualifiedName": "/".join(outputs.shown(p) for p in parts if p), "kind": "value"}
        )
    said = [outputs.shown(cell.label), outputs.shown(cell.value)] if cell is not None else []
    return {
        "physicalLocation": physical,
        **({"logicalLocations": logical} if logical else {}),
        **({"message": {"text": _message("：".join(filter(None, said)))}} if any(said) else {}),
    }


def _suppressions(finding: Finding, result: Result) -> dict[str, Any]:
    """The waiver of a finding; where waivers were judged, those without one say so."""
    waiver = result.waived.get(finding.id)
    if waiver is None:
        return {} if result.as_of is None else {"suppressions": []}
    properties = {
        "office": outputs.shown(waiver.office),
        "accepted_on": waiver.accepted_on.isoformat(),
        "expires_on": waiver.expires_on.isoformat(),
    }
    return {
        "suppressions": [
            {"kind": "external", "status": "accepted", "justification": outputs.shown(waiver.reason), "properties": properties}
        ]
    }  # fmt: skip


def _properties(finding: Finding, language: str) -> dict[str, Any]:
    other = "en" if language == "zh" else "zh"
    held = {name: getattr(finding, name) for name in (*_FIGURES, "qualifier", "reason")}
    said = {f"message_{other}": outputs.sentence(finding, other)}
    return {
        "properties": {
            **said,
            **{name: outputs.shown(value) for name, value in held.items() if value is not None},
        }
    }


def _message(text: str) -> str:
    """Plain text of a message: braces and links mean something in one (sections 3.11.5 and 3.11.6)."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
