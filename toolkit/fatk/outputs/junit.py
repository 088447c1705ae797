"""JUnit XML, as build servers show it: a suite for each source, a case for each rule that ran or kind of thing noticed.

A case fails where errors stand, and is skipped where something could not be checked; warnings, information and waived
findings are its output. A refused source is a suite with one case in error. No times are written, since the same results
are to be the same bytes. What is written is what the readers of this format have in common: there is no standard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fatk.check import Result
from fatk.findings import ERROR, Finding
from fatk.outputs import Outcome, cells_of, is_open, kind, path_of, refusal, sentence, shown
from fatk.render import place_of, rules_digest, waived_by

_WORDS = {
    "zh": {"colon": "：", "failed": "错误 {count} 处", "skipped": "有内容未能检查", "waived": "已豁免"},
    "en": {"colon": ": ", "failed": "{count} errors", "skipped": "not fully checked", "waived": "waived"},
}


def write(results: Sequence[Outcome], version: str, spec_version: str, *, language: str = "zh") -> str:
    """The suites of these sources as one document."""
    suites = [_suite(r, version, spec_version, language) for r in results]
    totals = [sum(column) for column in zip(*(counts for counts, _ in suites), strict=True)] or [0] * 4
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_counts(totals)}>"]
    for _, body in suites:
        lines += body
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(
    result: Outcome, version: str, spec_version: str, language: str
) -> tuple[tuple[int, int, int, int], list[str]]:
    """Numbers of tests, failures, errors and skipped tests of a source, and its suite."""
    if isinstance(result, Result):
        cases = list(_cases(result, language))
        about = {
            "verdict": result.verdict, "form": result.reading.form, "sha256": result.reading.sha256,
            "as_of": result.as_of.isoformat() if result.as_of is not None else "",
        }  # fmt: skip
    else:
        cases = [_refused(result, language)]
        about = {}
    about |= {"version": version, "spec_version": spec_version, "rules_digest": rules_digest()}
    outcomes = [outcome for outcome, _ in cases]
    counts = (len(cases), outcomes.count("failure"), outcomes.count("error"), outcomes.count("skipped"))
    lines = [f"  <testsuite{_attributes(name=shown(path_of(result)))}{_counts(counts)}>", "    <properties>"]
    lines += [f"      <property{_attributes(name=n, value=v)}/>" for n, v in about.items() if v]
    lines.append("    </properties>")
    for _, body in cases:
        lines += body
    return counts, [*lines, "  </testsuite>"]


def _cases(result: Result, language: str) -> Iterator[tuple[str, list[str]]]:
    """Outcome and element of every case."""
    words = _WORDS[language]
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        by_rule[finding.rule].append(finding)
    for rule in sorted({*by_rule, *result.ran}):
        standing = [f for f in by_rule[rule] if f.id not in result.waived]
        errors = [f for f in standing if f.severity == ERROR and not is_open(f)]
        unchecked = [f for f in standing if is_open(f)]
        lines: list[str] = []
        others = [f for f in standing if f.severity != ERROR and not is_open(f)]
        outcome = ""
        if errors:
            outcome = "failure"
            others += unchecked
            message = words["failed"].format(count=len(errors))
            lines += _element("failure", message, [_line(f, language) for f in errors], type=rule)
        elif unchecked:
            outcome = "skipped"
            lines += _element("skipped", words["skipped"], [_line(f, language) for f in unchecked])
        output = [_line(f, language) for f in others]
        for finding in by_rule[rule]:
            if waiver := result.waived.get(finding.id):
                line = _line(finding, language)
                output.append(f"[{words['waived']}] {line} {waived_by(waiver, language)}")
        if output:
            text = escape("\n".join(output), quote=False)
            lines.append(f"      <system-out>{text}</system-out>")
        named = _attributes(
            classname=f"fatk.{rule.split('-')[0]}", name=f"{rule} {kind(rule).title[language]}"
        )
        yield outcome, _case(named, lines)


def _refused(document: Mapping[str, Any], language: str) -> tuple[str, list[str]]:
    _, code, message = refusal(document, language)
    named = _attributes(classname="fatk", name=code)
    return "error", _case(named, _element("error", message, [message], type=code))


def _case(named: str, lines: list[str]) -> list[str]:
    if not lines:
        return [f"    <testcase{named}/>"]
    return [f"    <testcase{named}>", *lines, "    </testcase>"]


def _element(name: str, message: str, lines: list[str], **attributes: str) -> list[str]:
    text = escape("\n".join(lines), quote=False)
    return [f"      <{name}{_attributes(message=message, **attributes)}>{text}</{name}>"]


def _line(finding: Finding, language: str) -> str:
    """A finding on one line, after the place that it stands at."""
    places = [place for cell in cells_of(finding)[:1] if (place := place_of(cell, language))]
    return _WORDS[language]["colon"].join([*places, sentence(finding, language)])


def _counts(counts: Sequence[int]) -> str:
    names = ("tests", "failures", "errors", "skipped")
    return "".join(f' {name}="{count}"' for name, count in zip(names, counts, strict=True))


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
