"""Findings as a CSV table for people: a row for each cell of each finding, to be sorted and filtered in a spreadsheet.

UTF-8 without a byte order mark, lines end with a line feed, the first row names the columns (``COLUMNS``). A source without
findings has no row; a refused one has a row whose ``rule`` is the code and whose ``outcome`` is ``refused``. A spreadsheet
program takes texts that begin with ``= + - @`` (also in full width) for formulas: such texts are written with an
apostrophe before them. Figures keep their sign, since a number is no formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fatk.check import Cause, Result
from fatk.findings import ERROR, CellRef
from fatk.outputs import SENTENCE, Outcome, advice, causes_of, path_of, refusal, shown
from fatk.render import about
from fatk.values import parse_decimal

#: Name of every column and what it holds.
COLUMNS: Mapping[str, str] = {
    "source": "path of the file as it was given",
    "id": "fingerprint of the finding: the same in every row of one finding",
    "rule": "id of the rule, or of what a reader noticed, or the code of a refusal",
    "title": "what the rule says",
    "severity": "error, warning, info",
    "outcome": "failed, within_rounding, not_checked, refused",
    "qualifier": "what is peculiar about it",
    "message": "the finding as one sentence",
    "advice": "what to do about it",
    "cell": "number of the cell within the finding, from 1; empty where it is about no cell",
    "location": "where the cell stands in the file: sheet!cell, file.csv:line:column, a JSON pointer",
    "table": "table of the report",
    "row": "name of the row",
    "field": "name of the field",
    "label": "what is printed beside the cell",
    "value": "what the cell says",
    "expected": "figure that the rule asks for",
    "found": "figure found",
    "difference": "found less expected",
    "tolerance": "what rounding explains at most",
    "reason": "why it could not be checked",
    "waived_reason": "why it is let pass",
    "waived_office": "by whom",
    "waived_until": "last day that the waiver holds on",
    "causes": "what may have brought it about; explanations that stand instead of each other are parted by a bar",
}

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def write(results: Sequence[Outcome], version: str, spec_version: str, *, language: str = "zh") -> str:
    """The table of these sources. Versions have no place in it; every output is called alike."""
    del version, spec_version
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        rows = _rows(result, language) if isinstance(result, Result) else [_refused(result, language)]
        for row in rows:
            told = {"source": path_of(result), **row}
            writer.writerow(_harmless(told.get(column)) for column in COLUMNS)
    return buffer.getvalue()


def _rows(result: Result, language: str) -> Iterator[dict[str, str | None]]:
    causes = causes_of(result)
    for finding in result.findings:
        title, _ = about(finding, language)
        waiver = result.waived.get(finding.id)
        told = {
            "id": finding.id, "rule": finding.rule, "title": title, "severity": finding.severity, "outcome": finding.outcome,
            "qualifier": finding.qualifier, "message": finding.message(language), "advice": advice(finding, language),
            "expected": finding.expected, "found": finding.found, "difference": finding.difference,
            "tolerance": finding.tolerance, "reason": finding.reason,
            "waived_reason": waiver.reason if waiver else None, "waived_office": waiver.office if waiver else None,
            "waived_until": waiver.expires_on.isoformat() if waiver else None,
            "causes": _causes(causes.get(finding.id, ()), language),
        }  # fmt: skip
        for number, cell in enumerate(finding.cells, 1):
            yield {**told, "cell": str(number), **_cell(cell)}
        if not finding.cells:
            yield told


def _causes(causes: Sequence[Cause], language: str) -> str | None:
    """What may have brought a finding about: causes of one option together, options apart."""
    options: dict[tuple[int, int], list[str]] = {}
    for cause in causes:
        options.setdefault((cause.group, cause.option), []).append(cause.messages[language])
    return " | ".join(" ".join(said) for said in options.values()) or None


def _cell(cell: CellRef) -> dict[str, str | None]:
    return {
        "location": cell.location, "table": cell.table, "row": cell.row, "field": cell.field,
        "label": cell.label, "value": cell.value,
    }  # fmt: skip


def _refused(document: Mapping[str, Any], language: str) -> dict[str, str | None]:
    _, code, message = refusal(document, language)
    return {"rule": code, "severity": ERROR, "outcome": "refused", "message": message}


def _harmless(text: str | None) -> str:
    """A text that no spreadsheet program runs."""
    said = shown(text, SENTENCE)
    return f"'{said}" if said.startswith(_FORMULA) and parse_decimal(said) is None else said
