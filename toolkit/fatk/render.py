"""A result as text for people and as JSON for programs. Untrusted text is shown, never interpreted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

from fatk import resources
from fatk.check import Cause, Result, Waiver
from fatk.errors import FatkError
from fatk.findings import (
    ERROR,
    INFO,
    NOT_CHECKED,
    SEVERITIES,
    WARNING,
    CellRef,
    Finding,
    explain_error,
    notices,
)
from fatk.reading import Proposal
from fatk.rules.context import ABSENT, load_rules
from fatk.rules.prose import place as named_place
from fatk.rules.report import texts
from fatk.spec import load
from fatk.values import show, visible

#: Words of results, by language and key.
WORDS = {
    "zh": {
        ERROR: "错误", WARNING: "警告", INFO: "提示", "valid": "通过", "invalid": "不通过", "not_checked": "未能全部检查", "refused": "不能读",
        "verdict": "结论", "advice": "怎么办", "place": "位置", "id": "（编号 {id}）", "within": "{place}（{row}）", "none": "没有发现问题。", "colon": "：", "and": "、", "others": " 等，另有 {count} 处",
        "unchecked": "[未检查] 所需的数{reason}：{rules}", "more": "另有 {count} 处相同的问题",
        "counts": "错误 {errors}，警告 {warnings}，提示 {infos}；读取单元格 {source_cells} 个，未能安置 {unaccounted_cells} 个。",
        "causes": "可能的原因（请先核对原始账表，再改）", "or": "或者：", "explains": "（可解释 {count} 个问题）",
        "unexplained": "有 {count} 处不相符看不出共同的原因，请逐处核对。",
        "normalised": "按规范写法读取的数字：{kinds}。",
        "waivers": "豁免 {count} 条，按 {day} 判断{file}。", "file": "，豁免文件：{name}", "waived": "已豁免", "by": "{office}：{reason}（{first} 起，至 {last}）",
    },
    "en": {
        ERROR: "error", WARNING: "warning", INFO: "info", "valid": "valid", "invalid": "invalid", "not_checked": "not fully checked", "refused": "not readable",
        "verdict": "verdict", "advice": "what to do", "place": "place", "id": " (id {id})", "within": "{place} ({row})", "none": "Nothing found.", "colon": ": ", "and": ", ", "others": " and {count} more",
        "unchecked": "[not checked] a figure needed is {reason}: {rules}", "more": "{count} more of the same",
        "counts": "{errors} errors, {warnings} warnings, {infos} infos; {source_cells} cells read, {unaccounted_cells} unaccounted for.",
        "causes": "Likely causes (compare with the books before changing anything)", "or": "or: ", "explains": " ({count} findings explained)",
        "unexplained": "Of {count} sums that fail no common cause stands out: compare each.",
        "normalised": "Numbers read in their normal form: {kinds}.",
        "waivers": "{count} waived, as of {day}{file}.", "file": ", by {name}", "waived": "waived", "by": "{office}: {reason} (from {first} through {last})",
    },
}  # fmt: skip
#: What was done to numbers that are printed in another form than the standard's.
_NORMALISED = {
    "zh": {"full_width": "全角字符", "blanks": "空格", "parentheses": "括号表示负数", "triangle": "△ 表示负数", "sign": "负号的写法", "thousands": "千分位"},
    "en": {"full_width": "full-width characters", "blanks": "blanks", "parentheses": "brackets for minus", "triangle": "△ for minus", "sign": "form of the minus", "thousands": "thousands separators"},
}  # fmt: skip
_COLOURS = {ERROR: "31", WARNING: "33", INFO: "36", "valid": "32", "invalid": "31", "not_checked": "33"}
#: In the text for people, at most this many findings of one kind are shown in full.
_SHOWN = 5
#: … and of a finding's places at most this many.
_PLACES = 6


def text(result: Result, language: str = "zh", *, colour: bool = False) -> str:
    """The result for a person: verdict first, findings grouped by kind, the worst first, each with its place and remedy."""
    words = WORDS[language]

    def paint(key: str, shown: str) -> str:
        return f"\x1b[{_COLOURS[key]}m{shown}\x1b[0m" if colour else shown

    lines = [
        visible(result.reading.path, 200),
        f"{words['verdict']}{words['colon']}{paint(result.verdict, words[result.verdict])}",
        words["counts"].format(**result.summary),
    ]
    if result.normalised:
        kinds = [f"{_NORMALISED[language][how]} {count}" for how, count in result.normalised.items()]
        lines.append(words["normalised"].format(kinds=words["and"].join(kinds)))
    if result.as_of is not None:
        lines.append(waivers_of(result, language))
    if not result.findings:
        lines.append(words["none"])
    lines += _causes(result, language)
    for severity in SEVERITIES:
        spoken = [
            f
            for f in result.findings
            if f.severity == severity
            and not (f.outcome == NOT_CHECKED and f.reason)
            and f.id not in result.waived
        ]
        for rule in dict.fromkeys(f.rule for f in spoken):
            group = [f for f in spoken if f.rule == rule]
            title, advice = about(group[0], language)
            lines += ["", paint(severity, f"[{words[severity]}] {rule} {title}")]
            for finding in group[:_SHOWN]:
                lines.append(f"  {_untitled(finding.message(language), title)}")
                places = [p for c in finding.cells if (p := place_of(c, language))]
                known = "" if finding.rule in notices() else words["id"].format(id=finding.id)
                if places or known:
                    lines.append(f"    {words['place']}{words['colon']}{_some(places, words)}{known}")
            if len(group) > _SHOWN:
                lines.append("  " + words["more"].format(count=len(group) - _SHOWN))
            lines.append(f"  {words['advice']}{words['colon']}{advice}")
    unchecked = [f for f in result.findings if f.outcome == NOT_CHECKED and f.reason]
    lines += _unchecked([f for f in unchecked if f.id not in result.waived], language)
    for finding in result.findings:
        if waiver := result.waived.get(finding.id):
            title, _ = about(finding, language)
            lines += ["", f"[{words['waived']}] {finding.rule} {title}", f"  {finding.message(language)}"]
            lines.append(f"  {waived_by(waiver, language)}")
    return "\n".join(lines) + "\n"


def waivers_of(result: Result, language: str) -> str:
    """How many findings are waived, by which file, and the day that this was judged on."""
    words = WORDS[language]
    file = words["file"].format(name=visible(result.waivers, 200)) if result.waivers else ""
    return words["waivers"].format(count=result.summary.get("waived", 0), day=result.as_of, file=file)


def _untitled(sentence: str, title: str) -> str:
    """A finding's sentence without the title of its rule, which stands above it already, unless it goes on from there."""
    rest = sentence.removeprefix(title)
    return rest.lstrip("：: ") if rest[:1] in ("：", ":", " ") and rest.strip("：: ") else sentence


def _some(places: Sequence[str], words: Mapping[str, str]) -> str:
    """A few of many places, and how many more there are."""
    named: list[str] = []
    sheet = None
    for place in places[:_PLACES]:  # a sheet's name is said once for cells that follow each other
        here, mark, cell = place.rpartition("!")
        named.append(cell if mark and here == sheet else place)
        sheet = here if mark else None
    shown = words["and"].join(named)
    return shown if len(places) <= _PLACES else shown + words["others"].format(count=len(places) - _PLACES)


def _causes(result: Result, language: str) -> list[str]:
    """What would explain the findings: a group of them each, with every explanation that is equally small."""
    words = WORDS[language]
    lines = []
    for options in explanations(result):
        for number, option in enumerate(options):
            count = len({i for cause in option for i in cause.explains})
            said = ("" if language == "zh" else " ").join(cause.messages[language] for cause in option)
            lead = words["or"] if number else ""
            lines.append(f"  {lead}{said}{words['explains'].format(count=count)}")
            places = [
                p for cause in option for c in cause.cells if c.location and (p := place_of(c, language))
            ]
            if places:
                lines.append(f"    {words['place']}{words['colon']}{_some(places, words)}")
    if lines and result.unexplained:
        lines.append("  " + words["unexplained"].format(count=result.unexplained))
    return ["", words["causes"], *lines] if lines else []


def explanations(result: Result) -> list[list[list[Cause]]]:
    """What may have brought about the findings that stand: for each group of these the options, each of causes together."""
    groups: dict[int, dict[int, list[Cause]]] = {}
    for cause in result.causes:
        if not result.waived.keys() >= set(cause.explains):
            groups.setdefault(cause.group, {}).setdefault(cause.option, []).append(cause)
    return [list(options.values()) for options in groups.values()]


def _unchecked(findings: Sequence[Finding], language: str) -> list[str]:
    """What was not checked, once a reason: the rules and the cells that they lack."""
    words = WORDS[language]
    lines: list[str] = []
    for reason in dict.fromkeys(f.reason or "" for f in findings):
        group = [f for f in findings if f.reason == reason]
        where = _lacking if reason == ABSENT else place_of
        cells = list(dict.fromkeys(p for f in group for c in f.cells if (p := where(c, language))))
        rules = words["and"].join(dict.fromkeys(f.rule for f in group))
        said = texts()["reasons"].get(reason, {"zh": reason, "en": reason})[language]
        lines += ["", words["unchecked"].format(reason=said, rules=rules)]
        if cells:
            lines.append(f"    {words['place']}{words['colon']}{_some(cells, words)}")
        advice = texts()["advice"].get(f"not_checked.{reason}") or texts()["advice"]["not_checked"]
        lines.append(f"  {words['advice']}{words['colon']}{advice[language]}")
    return lines


def about(finding: Finding, language: str) -> tuple[str, str]:
    """Title of a finding's kind and what to do about it."""
    kind = notices().get(finding.rule)
    if kind is not None:
        return kind.title[language], kind.advice[language]
    rule = load_rules()[finding.rule]
    advice = texts()["advice"].get(finding.outcome, texts()["advice"]["failed"])[language]
    return rule.title[language], advice.format(rule=rule.id)


def waived_by(waiver: Waiver, language: str) -> str:
    """Who lets a finding pass, why, and from and through which day."""
    return WORDS[language]["by"].format(
        office=visible(waiver.office), reason=visible(waiver.reason, 300),
        first=waiver.accepted_on, last=waiver.expires_on,
    )  # fmt: skip


def _lacking(cell: CellRef, language: str) -> str:
    """Which row is not there, behind the place of its form; empty for a cell that has a value."""
    if cell.value is not None:
        return ""
    row = place_of(replace(cell, location=None, field=None), language)
    return WORDS[language]["within"].format(place=place_of(cell), row=row) if cell.location else row


def place_of(cell: CellRef, language: str = "zh") -> str:
    """Where a cell is, for a person: its location in the file, else its name in the report."""
    if cell.location:
        return visible(cell.location, 200)
    table = load().tables.get(cell.table or "")
    return visible(named_place(table, cell.row or "", cell.field or "", language), 200) if table else ""


def to_document(result: Result, version: str, spec_version: str) -> dict[str, Any]:
    """The result as the document that ``schemas/findings.schema.json`` describes."""
    reading = result.reading
    kinds: dict[str, str | None] = {}
    for cause in result.causes:
        for finding in cause.explains:  # named only where all explanations are of one kind
            kinds[finding] = cause.kind if kinds.get(finding, cause.kind) == cause.kind else None
    return {
        "tool": {"name": "fatk", "version": version, "spec_version": spec_version, "rules_digest": rules_digest()},
        "source": {
            "path": _encodable(reading.path), "sha256": reading.sha256 or None, "form": reading.form or None,
            "edition": reading.report.one("report").get("edition"), "edition_certainty": reading.edition_certainty,
        },
        **({"as_of": result.as_of.isoformat()} if result.as_of is not None else {}),
        "verdict": result.verdict,
        "summary": {**result.summary, "normalised": dict(result.normalised)},
        "findings": [finding_document(f, result.waived.get(f.id), kinds.get(f.id)) for f in result.findings],
        "causes": [_cause_document(cause) for cause in result.causes],
        "unexplained": result.unexplained,
        **({"proposals": [_proposal(one) for one in reading.proposals]} if reading.proposals else {}),
    }  # fmt: skip


def _proposal(one: Proposal) -> dict[str, Any]:
    return {
        "paths": list(one.paths), "value": show(one.value), "unit": one.unit, "printed": visible(one.printed, 200),
        "label": visible(one.label, 200), "certainty": one.certainty, "location": one.location,
    }  # fmt: skip


def _encodable(path: str) -> str:
    """A file's name; bytes of it that are no UTF-8 as escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def refusal_document(error: FatkError, path: str, version: str, spec_version: str) -> dict[str, Any]:
    """What stands in the place of a result where the source was refused."""
    return {
        "tool": {
            "name": "fatk",
            "version": version,
            "spec_version": spec_version,
            "rules_digest": rules_digest(),
        },
        "source": {
            "path": _encodable(path),
            "sha256": None,
            "form": None,
            "edition": None,
            "edition_certainty": None,
        },
        "refused": {
            "code": error.code,
            "message": explain_error(error),
            "message_en": explain_error(error, "en"),
        },
    }


def _cause_document(cause: Cause) -> dict[str, Any]:
    alone = cause.would_reconcile[0] if len(cause.cells) == 1 else None
    return {
        "kind": cause.kind, "group": cause.group, "option": cause.option,
        "message": cause.messages["zh"], "message_en": cause.messages["en"],
        "cells": [
            {**_cell_document(c), "would_reconcile": value}
            for c, value in zip(cause.cells, cause.would_reconcile, strict=True)
        ],
        "explains": list(cause.explains), "would_reconcile": alone,
    }  # fmt: skip


def _cell_document(cell: CellRef) -> dict[str, Any]:
    return {
        "table": cell.table, "row": cell.row, "field": cell.field,
        "location": cell.location, "label": cell.label, "value": cell.value,
    }  # fmt: skip


def finding_document(
    finding: Finding, waiver: Waiver | None = None, cause: str | None = None
) -> dict[str, Any]:
    """One finding as JSON, with the waiver that lets it pass and the kind of the cause that explains it."""
    return {
        "id": finding.id, "rule": finding.rule, "severity": finding.severity, "outcome": finding.outcome,
        "qualifier": finding.qualifier, "message": finding.message("zh"), "message_en": finding.message("en"),
        "reason": finding.reason, "expected": finding.expected, "found": finding.found, "difference": finding.difference,
        "tolerance": finding.tolerance,
        "cells": [_cell_document(c) for c in finding.cells],
        "cause": cause,
        "waived": None if waiver is None else {
            "reason": waiver.reason, "office": waiver.office,
            "accepted_on": waiver.accepted_on.isoformat(), "expires_on": waiver.expires_on.isoformat(),
        },
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
