"""What a batch came to: counted over every source that the target holds, done now or before, so that it does not depend on how
often the run was broken off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fatk import __version__, resources
from fatk.batch.work import REFUSED, Line, worst
from fatk.check import INVALID, UNCHECKED, VALID
from fatk.errors import Refused
from fatk.findings import fill
from fatk.render import rules_digest
from fatk.spec import load

VERDICTS = (VALID, UNCHECKED, INVALID, REFUSED)
#: So many rules, the most frequent ones, and so many refused sources are told.
_RULES, _NAMED = 10, 20
#: The edition and year of reports that state none and of which none is known.
_UNKNOWN = "unknown"
#: How the JSON of a summary begins, within so many bytes.
_BEGINS = re.compile(rb'\s*\{\s*"tool":\s*\{\s*"name":\s*"fatk"[^{}]*\},\s*"sources":\s*\d+,\s*"verdicts":')
_BEGINNING = 4096


@dataclass
class Ran:
    """What this run did: files passed over for their names, copies with what each is a copy of, sources unchanged, done, gone, and
    those that stay as they were since their folders could not be looked into, comparisons made between reports, and seconds."""

    passed_over: int = 0
    copies: list[tuple[str, str]] = field(default_factory=list)
    unseen: int = 0
    unchanged: int = 0
    done: int = 0
    gone: int = 0
    compared: int = 0
    seconds: float = 0.0


@dataclass
class Summary:
    """Counts over all sources. ``rules`` are counts of findings of severity error or warning."""

    ran: Ran
    sources: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    editions: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    unaccounted_cells: int = 0
    between: Mapping[str, int] | None = None
    statuses: set[int] = field(default_factory=set)
    failed: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """The exit status that the worst source comes to, or a comparison that a process did not end."""
        unfinished = {Refused.exit_status} if self.between and self.between.get("unfinished") else set()
        return worst(sorted(self.statuses | unfinished))

    def document(self) -> dict[str, Any]:
        """The summary as JSON: counts are in the order of their keys, ``run`` is what this run did."""
        return {
            "tool": {"name": "fatk", "version": __version__, "spec_version": load().version, "rules_digest": rules_digest()},
            "sources": self.sources,
            "verdicts": {verdict: self.verdicts[verdict] for verdict in VERDICTS},
            "forms": dict(sorted(self.forms.items())),
            "editions": dict(sorted(self.editions.items())),
            "fiscal_years": dict(sorted(self.years.items())),
            "rules": dict(sorted(self.rules.items())),
            "refusals": dict(sorted(self.refusals.items())),
            "unaccounted_cells": self.unaccounted_cells,
            "between_reports": None if self.between is None else dict(self.between),
            "failed": list(self.failed),
            "copies": [{"path": path, "of": of} for path, of in self.ran.copies],
            "exit_status": self.exit_status,
            "run": {
                "passed_over": self.ran.passed_over, "copies": len(self.ran.copies), "unchanged": self.ran.unchanged,
                "unseen": self.ran.unseen, "done": self.ran.done, "gone": self.ran.gone, "compared": self.ran.compared,
                "seconds": round(self.ran.seconds, 1),
            },
        }  # fmt: skip

    def text(self, language: str) -> str:
        """The summary for a person, a line each."""
        ran, verdicts = self.ran, self.verdicts
        lines = [
            said("summary", language, sources=self.sources, done=ran.done, unchanged=ran.unchanged, gone=ran.gone,
                 seconds=f"{ran.seconds:.0f}", rate=f"{ran.done / ran.seconds if ran.seconds else 0:.1f}"),
            said("verdicts", language, **{verdict: verdicts[verdict] for verdict in VERDICTS}),
        ]  # fmt: skip
        if ran.passed_over:
            lines.append(said("passed_over", language, count=ran.passed_over))
        if ran.copies:
            lines.append(said("copies", language, count=len(ran.copies)))
        if ran.unseen:
            lines.append(said("unseen", language, count=ran.unseen))
        comma = "，" if language == "zh" else ", "
        known = Counter({edition: count for edition, count in self.editions.items() if edition != _UNKNOWN})
        if known:
            lines.append(said("editions", language, editions=_listed(known, comma)))
        if untold := self.editions[_UNKNOWN]:
            lines.append(said("no_edition", language, count=untold))
        if self.rules:
            frequent = Counter(
                dict(sorted(self.rules.most_common(), key=lambda one: (-one[1], one[0]))[:_RULES])
            )
            lines.append(said("rules", language, rules=_listed(frequent, comma)))
        if self.refusals:
            lines.append(said("refusals", language, codes=_listed(self.refusals, comma)))
        lines.append(said("unaccounted", language, count=self.unaccounted_cells))
        if self.between:
            lines.append(said("between", language, **self.between, compared=ran.compared))
            if unfinished := self.between.get("unfinished"):
                lines.append(said("unfinished", language, count=unfinished))
        message = "message" if language == "zh" else "message_en"
        lines += [
            f"  {fill('{path}', one, 200)}: {fill('{said}', {'said': one[message]}, 300)}"
            for one in self.failed[:_NAMED]
        ]
        if len(self.failed) > _NAMED:
            lines.append(said("more_failed", language, count=len(self.failed) - _NAMED))
        return "\n".join(lines) + "\n"


def is_summary(place: Path) -> bool:
    """Whether a file holds what ``document`` makes, as far as its beginning tells, since it may be long; or nothing yet."""
    try:
        with place.open("rb") as file:
            begins = file.read(_BEGINNING)
            return not begins or _BEGINS.match(begins) is not None
    except OSError:
        return False


def summed(lines: Iterable[Line], ran: Ran, between: Mapping[str, int] | None = None) -> Summary:
    """The summary of the lines of all sources, in the order of their paths, and of what was counted between them."""
    summary = Summary(ran, between=between)
    for line in lines:
        summary.sources += 1
        summary.verdicts[line["verdict"]] += 1
        summary.statuses.add(line["status"])
        summary.unaccounted_cells += line["unaccounted_cells"]
        summary.rules.update(line["rules"])
        if line["form"]:
            summary.forms[line["form"]] += 1
        if line["verdict"] != REFUSED:
            summary.editions[line["edition"] or _UNKNOWN] += 1
            summary.years[str(line["fiscal_year"] or _UNKNOWN)] += 1
        if why := line.get("refused") or line.get("unwritten"):
            summary.refusals[why["code"]] += 1
            summary.failed.append({"path": line["path"], **why})
    return summary


def _listed(counts: Counter[str], comma: str) -> str:
    return comma.join(
        f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def said(name: str, language: str, **details: object) -> str:
    """A sentence of a batch in the language of the reader."""
    return fill(resources.read_json("notices", "command.json")["batch"][name][language], details, 2000)
