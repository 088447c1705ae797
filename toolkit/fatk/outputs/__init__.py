"""Results for other programs: one module an output, none knows another. Here and in ``places`` is what several of them need.

Every output takes the results of one run, a refused source standing as its document (``render.refusal_document``), and
gives text that is the same for the same results: no clock, no host, no path but those given. Text that comes from a file is
made visible before it is put anywhere, and written in the way of the format, so that it is never markup or a command.
"""

# No `from __future__ import annotations` here: the name would stand before the module `annotations` of this package.
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from fatk.check import Cause, Result
from fatk.findings import NOT_CHECKED, CellRef, Finding, notices
from fatk.render import about, explanations
from fatk.rules.context import load_rules
from fatk.rules.prose import formula
from fatk.rules.report import texts
from fatk.spec import load
from fatk.values import visible

#: The result of a source that was read, or the document that says why one was refused.
Outcome = Result | Mapping[str, Any]

#: Longest text from a file that is shown.
TEXT = 300
#: Longest sentence.
SENTENCE = 2_000


def path_of(outcome: Outcome) -> str:
    """The path of a source as it was given."""
    return outcome.reading.path if isinstance(outcome, Result) else str(outcome["source"]["path"])


def portable(path: str) -> str:
    """A path with slashes, whatever the system."""
    return PurePath(path).as_posix() if path else ""


def parted(outcomes: Iterable[Outcome]) -> tuple[list[Result], list[Mapping[str, Any]]]:
    """The results of sources that were read, and the documents of those that were refused."""
    found = list(outcomes)
    return [o for o in found if isinstance(o, Result)], [o for o in found if not isinstance(o, Result)]


class Refusal(NamedTuple):
    """Why a source was refused: its path as it was given, the code, and the sentence."""

    path: str
    code: str
    message: str


def refusal(document: Mapping[str, Any], language: str) -> Refusal:
    """What the document of a refused source tells."""
    refused = document["refused"]
    message = str(refused["message" if language == "zh" else "message_en"])
    return Refusal(path_of(document), str(refused["code"]), message)


# What is said of a kind of finding


class Kind(NamedTuple):
    """A rule, or a kind of finding that a reader raises: what it is and what to do, in Chinese and English."""

    id: str
    severity: str
    title: Mapping[str, str]
    help: Mapping[str, str]
    basis: str
    since: str


def kind(rule_id: str) -> Kind:
    """The kind of findings of that id, a rule with its formula."""
    declared = notices().get(rule_id)
    if declared is not None:
        return Kind(rule_id, declared.severity, declared.title, declared.advice, "", "")
    rule = load_rules()[rule_id]
    helps = {}
    for language, colon in (("zh", "公式："), ("en", "Formula: ")):
        said = formula(rule, load(), language)
        advice = texts()["advice"]["failed"][language].format(rule=rule_id)
        helps[language] = f"{colon}{said}\n{advice}" if said else advice
    return Kind(rule_id, rule.severity, rule.title, helps, rule.basis, rule.since)


def advice(finding: Finding, language: str) -> str:
    """What to do about a finding; where something is missing, about that."""
    said = texts()["advice"].get(f"{NOT_CHECKED}.{finding.reason}") if is_open(finding) else None
    return str(said[language]) if said else about(finding, language)[1]


def is_open(finding: Finding) -> bool:
    """Whether a finding tells what could not be checked, and no fault."""
    return finding.outcome == NOT_CHECKED


def causes_of(result: Result) -> Mapping[str, Sequence[Cause]]:
    """What may have brought about each finding that stands, by the finding's fingerprint."""
    found: dict[str, list[Cause]] = defaultdict(list)
    for options in explanations(result):
        for cause in (cause for option in options for cause in option):
            for finding in cause.explains:
                if finding not in result.waived:
                    found[finding].append(cause)
    return found


def cells_of(finding: Finding) -> tuple[CellRef, ...]:
    """The cells of a finding, those first that a person can go to; it is shown at the first."""
    return tuple(sorted(finding.cells, key=lambda cell: cell.location is None))


def sentence(finding: Finding, language: str) -> str:
    """A finding as one sentence, on one line whatever the file says."""
    return visible(finding.message(language), SENTENCE)


def shown(text: str | None, limit: int = TEXT) -> str:
    """Text from a file, made visible; empty where there is none."""
    return "" if text is None else visible(text, limit)
