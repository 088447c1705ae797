"""A result as text for people and as JSON for programs. Untrusted text is shown, never interpreted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

from fatk import resources
from fatk.check import Result
from fatk.errors import FatkError
from fatk.findings import ERROR, INFO, SEVERITIES, WARNING, CellRef, Finding, explain_error, notice
from fatk.values import visible

_WORDS = {
    "zh": {
        ERROR: "错误", WARNING: "警告", INFO: "提示", "valid": "通过", "invalid": "不通过", "not_checked": "未能全部检查",
        "verdict": "结论", "advice": "怎么办", "place": "位置", "none": "没有发现问题。", "more": "另有 {count} 处相同的问题",
        "counts": "错误 {errors}，警告 {warnings}，提示 {infos}；读取单元格 {source_cells} 个，未能安置 {unaccounted_cells} 个。",
    },
    "en": {
        ERROR: "error", WARNING: "warning", INFO: "info", "valid": "valid", "invalid": "invalid", "not_checked": "not fully checked",
        "verdict": "verdict", "advice": "what to do", "place": "place", "none": "Nothing found.", "more": "{count} more of the same",
        "counts": "{errors} errors, {warnings} warnings, {infos} infos; {source_cells} cells read, {unaccounted_cells} unaccounted for.",
    },
}  # fmt: skip
_COLOURS = {ERROR: "31", WARNING: "33", INFO: "36", "valid": "32", "invalid": "31", "not_checked": "33"}
#: In the text for people, at most this many findings of one kind are shown in full.
_SHOWN = 5


def text(result: Result, language: str = "zh", *, colour: bool = False) -> str:
    """The result for a person: verdict first, findings grouped by kind, the worst first, each with its place and remedy."""
    words = _WORDS[language]

    def paint(key: str, shown: str) -> str:
        return f"\x1b[{_COLOURS[key]}m{shown}\x1b[0m" if colour else shown

    lines = [
        visible(result.reading.path, 200),
        f"{words['verdict']}：{paint(result.verdict, words[result.verdict])}"
        if language == "zh"
        else f"{words['verdict']}: {paint(result.verdict, words[result.verdict])}",
        words["counts"].format(**result.summary),
    ]
    if not result.findings:
        lines.append(words["none"])
    for severity in SEVERITIES:
        for rule in dict.fromkeys(f.rule for f in result.findings if f.severity == severity):
            group = [f for f in result.findings if f.rule == rule and f.severity == severity]
            kind = notice(rule)
            lines += ["", paint(severity, f"[{words[severity]}] {rule} {kind.title[language]}")]
            for finding in group[:_SHOWN]:
                lines.append(f"  {finding.message(language)}")
                places = [p for p in map(place_of, finding.cells) if p]
                if places:
                    lines.append(
                        f"    {words['place']}：{'；'.join(places)}"
                        if language == "zh"
                        else f"    {words['place']}: {'; '.join(places)}"
                    )
            if len(group) > _SHOWN:
                lines.append("  " + words["more"].format(count=len(group) - _SHOWN))
            lines.append(
                f"  {words['advice']}：{kind.advice[language]}"
                if language == "zh"
                else f"  {words['advice']}: {kind.advice[language]}"
            )
    return "\n".join(lines) + "\n"


def place_of(cell: CellRef) -> str:
    """Where a cell is, for a person: its location in the file, else its name in the report."""
    if cell.location:
        return visible(cell.location, 200)
    return "/".join(visible(part) for part in (cell.table, cell.row, cell.field) if part)


def to_document(result: Result, version: str, spec_version: str) -> dict[str, Any]:
    """The result as the document that ``schemas/findings.schema.json`` describes."""
    reading = result.reading
    return {
        "tool": {"name": "fatk", "version": version, "spec_version": spec_version, "rules_digest": rules_digest()},
        "source": {
            "path": reading.path, "sha256": reading.sha256 or None, "form": reading.form or None,
            "edition": reading.report.one("report").get("edition"), "edition_certainty": reading.edition_certainty,
        },
        "verdict": result.verdict,
        "summary": dict(result.summary),
        "findings": [finding_document(f) for f in result.findings],
        "causes": [],
    }  # fmt: skip


def refusal_document(error: FatkError, path: str, version: str, spec_version: str) -> dict[str, Any]:
    """What stands in the place of a result where the source was refused."""
    return {
        "tool": {
            "name": "fatk",
            "version": version,
            "spec_version": spec_version,
            "rules_digest": rules_digest(),
        },
        "source": {"path": path, "sha256": None, "form": None, "edition": None, "edition_certainty": None},
        "refused": {
            "code": error.code,
            "message": explain_error(error),
            "message_en": explain_error(error, "en"),
        },
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding as JSON."""
    return {
        "id": finding.id, "rule": finding.rule, "severity": finding.severity, "outcome": finding.outcome,
        "qualifier": finding.qualifier, "message": finding.message("zh"), "message_en": finding.message("en"),
        "reason": finding.reason, "expected": finding.expected, "found": finding.found, "difference": finding.difference,
        "tolerance": finding.tolerance,
        "cells": [
            {"table": c.table, "row": c.row, "field": c.field, "location": c.location, "label": c.label, "value": c.value}
            for c in finding.cells
        ],
        "cause": None, "waived": None,
    }  # fmt: skip


def as_json(documents: list[dict[str, Any]]) -> str:
    """One document indented; several one a line."""
    if len(documents) == 1:
        return json.dumps(documents[0], ensure_ascii=False, indent=2) + "\n"
    return "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents)


@cache
def rules_digest() -> str:
    """Digest of everything that decides findings, so that a result can be reproduced."""
    digest = sha256()
    for part in _rule_files():
        digest.update(part)
    return "sha256:" + digest.hexdigest()


def _rule_files() -> Iterator[bytes]:
    for directory in ("notices", "rules"):
        for name in resources.names(directory, ".json"):
            yield resources.read_text(directory, name + ".json").encode("utf-8")
