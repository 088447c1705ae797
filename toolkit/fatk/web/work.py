"""What a job does, in the process that is forked for it: read the files it is given, check or convert, hand back bytes.

Everything that a request may ask for is here by name; nothing else can be asked for. A job sees the files' bytes and no
path, opens no connection, writes no file, and starts no program but the confined readers of ``fatk.confined``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import Any, NamedTuple

from fatk import __version__, check, confinement, conversion, formats, render, waivers
from fatk.beside import Beside, Other, checked
from fatk.errors import FatkError, Misuse, Refused
from fatk.findings import Finding, explain_error
from fatk.limits import Limits
from fatk.spec import load
from fatk.values import visible
from fatk.web import columns

_Outcomes = Sequence[check.Result | Mapping[str, Any]]
#: A file as it was sent: its name and its bytes.
File = tuple[str, bytes]
Order = Mapping[str, Any]
#: The forms that a report is converted to, with the suffix of each.
SUFFIXES = {
    "json": ".json", "xlsx": ".xlsx", "package": ".zip", "docx": ".docx", "html": ".html", "md": ".md", "txt": ".txt",
    **({"parquet": ".parquet.zip"} if columns.available() else {}),
}  # fmt: skip
#: The forms of a result, with the suffix of each.
RESULTS = {
    "json": ".json",
    "html": ".html",
    "sarif": ".sarif",
    "junit": ".xml",
    "csv": ".csv",
    "xlsx": ".xlsx",
}
#: Of the findings of a file so many, the worst, are told beside its verdict.
_TOLD = 8


class Answer(NamedTuple):
    """What a job hands back: facts about it, and the bytes that were asked for."""

    facts: dict[str, Any]
    data: bytes = b""


def do(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """Do what is asked for; what could not be done is told in the facts, under ``declined``.

    The last of the files are those that the others are checked beside: ``beside`` names what each of these is.
    """
    parts = order.get("beside", ())
    own = len(files) - len(parts)
    try:
        return _WORK[order["do"]](
            {**order, "beside": list(zip(parts, files[own:], strict=True))}, files[:own], limits
        )
    except FatkError as error:
        return Answer({"declined": declined(error)})


def declined(error: FatkError) -> dict[str, str]:
    """An error as its code, its kind and its sentences."""
    of = error.details.get("source")  # another file than the one that it is about
    zh, en = (f"{visible(str(of), 200)}{colon}" if of else "" for colon in ("：", ": "))
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "message": zh + explain_error(error),
        "message_en": en + explain_error(error, "en"),
    }


# The work


def _survey(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """What the files are and what the verdict on each is, without the findings themselves."""
    outcomes, _ = _outcomes(order, files, limits)
    return Answer({"sources": [_surveyed(outcome) for outcome in outcomes]})


def _surveyed(outcome: check.Result | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(outcome, check.Result):
        return {"name": outcome["source"]["path"], "refused": outcome["refused"]}
    reading = outcome.reading
    report, entity = reading.report.one("report"), reading.report.one("entity")
    counted = [finding for finding in outcome.findings if finding.id not in outcome.waived]
    return {
        "name": reading.path, "form": reading.form, "verdict": outcome.verdict, "summary": dict(outcome.summary),
        "entity": entity.get("name"), "year": report.get("fiscal_year"), "edition": report.get("edition"),
        "unit": report.get("unit"), "findings": [_told(finding) for finding in counted[:_TOLD]],
    }  # fmt: skip


def _told(finding: Finding) -> dict[str, Any]:
    """A finding in short, for a list of the first ones."""
    places = [place for cell in finding.cells if (place := render.place_of(cell))]
    return {
        "rule": finding.rule, "severity": finding.severity, "outcome": finding.outcome, "place": places[0] if places else "",
        "message": {language: visible(finding.message(language), 600) for language in ("zh", "en")},
    }  # fmt: skip


def _validate(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """The result of checking, in the form that ``format`` names. A single file that is refused declines the job."""
    outcomes, beside = _outcomes(order, files, limits, alone=True)
    form = order["format"]
    data = _RENDER[form](_Made(outcomes, files, beside, order["language"], limits, order.get("standard", "")))
    verdicts = [o.verdict if isinstance(o, check.Result) else "refused" for o in outcomes]
    counts = [o.summary for o in outcomes if isinstance(o, check.Result)]
    return Answer(
        {
            "name": _named(files, order, RESULTS[form]),
            "verdicts": verdicts,
            "errors": sum(c["errors"] for c in counts),
            "warnings": sum(c["warnings"] for c in counts),
        },
        data,
    )


def _convert(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """The report that all the files are together, in another form."""
    made = conversion.convert(
        formats.accounts(formats.read_several_bytes(files, limits=limits)), edition=order["edition"], unit=order["unit"],
        derive_tables=order["derive_tables"], allow_loss=order["allow_loss"],
    )  # fmt: skip
    form, dropped = order["to"], 0
    if form == "parquet":
        data = columns.write(
            replace(made.result, reading=replace(made.result.reading, report=made.report)), _size(files)
        )
    else:
        encoded = "zip" if form == "package" else form
        data, dropped = formats.encode(made.report, encoded, allow_loss=order["allow_loss"])
    return Answer(
        {
            "name": _named(files, order, SUFFIXES[form]),
            "verdicts": [made.result.verdict],
            "errors": made.result.summary["errors"],
            "warnings": made.result.summary["warnings"],
            "rounded": made.rounded,
            "dropped": dropped,
        },
        data,
    )


def _size(files: Sequence[File]) -> int:
    return sum(len(data) for _, data in files)


def _template(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """A blank workbook of an edition, to be filled in."""
    from fatk import template

    last_year = date.today().year - 1  # noqa: DTZ011  the day where the service is
    wanted = template.order(
        load(), edition=order["edition"], year=None, unit=None, entity=None, rows=30, language=order["language"],
        last_year=last_year,
    )  # fmt: skip
    return Answer({"name": f"{wanted.edition.id}.xlsx"}, template.write(load(), wanted)[0])


def _example(order: Order, files: Sequence[File], limits: Limits) -> Answer:
    """The example as a workbook: as it is, or with two digits of a total transposed as a tired hand would."""
    (_, data) = files[0]
    if order["broken"]:
        document = json.loads(data)
        total = next(row for row in document["tables"]["income"]["rows"] if row["code"] == "TOTAL")
        total["total"] = _transposed(total["total"])
        data = json.dumps(document).encode()
    _, reading = formats.read_bytes(data, limits=limits, name="example.json")
    return Answer({}, formats.encode(reading.report, "xlsx")[0])


def _transposed(figure: str) -> str:
    """A figure with the first two neighbouring digits that differ exchanged, the leading one apart."""
    digits = list(figure)
    for i in range(1, len(digits) - 1):
        if digits[i].isdigit() and digits[i + 1].isdigit() and digits[i] != digits[i + 1]:
            digits[i], digits[i + 1] = digits[i + 1], digits[i]
            break
    return "".join(digits)


_WORK: dict[str, Callable[[Order, Sequence[File], Limits], Answer]] = {
    "survey": _survey,
    "validate": _validate,
    "convert": _convert,
    "template": _template,
    "example": _example,
}


def _outcomes(
    order: Order, files: Sequence[File], limits: Limits, *, alone: bool = False
) -> tuple[_Outcomes, Beside]:
    """The result for each file, or for all as one report, and what they were checked beside; a file that is refused stands
    as its document, unless it is ``alone``: that is raised."""
    groups = [list(files)] if order["together"] else [[file] for file in files]
    beside, outcomes = _beside(order, limits), list[check.Result | Mapping[str, Any]]()
    for group in groups:
        try:
            outcomes.append(
                checked(
                    formats.accounts(formats.read_several_bytes(group, limits=limits)),
                    beside,
                    order["edition"],
                )
            )
        except Refused as error:
            if alone and len(groups) == 1:
                raise
            path = ", ".join(name for name, _ in group)
            outcomes.append(render.refusal_document(error, path, __version__, load().version))
    return outcomes, beside


def _beside(order: Order, limits: Limits) -> Beside:
    """What the files of a job are checked beside; a refusal names the file that it is of as its ``source``."""
    others: dict[str, list[Other]] = {"previous": [], "with": []}
    waived, source = None, ""
    for part, (name, data) in order["beside"]:
        try:
            if part == "waivers":
                waived, source = waivers.parse(data, name, limits), name
            else:
                report = formats.read_several_bytes([(name, data)], limits=limits).report
                others[part].append(Other(name, report))
        except Refused as refusal:
            refusal.details["source"] = name
            raise
    day = order.get("as_of")
    return Beside(
        next(iter(others["previous"]), None), tuple(others["with"]), waived, source, date.fromisoformat(day) if day else None
    )  # fmt: skip


def _named(files: Sequence[File], order: Order, suffix: str) -> str:
    """A name for what comes of the files, after the first of them."""
    stem = PurePath(files[0][0]).stem if files else "fatk"
    return f"{stem}{suffix}"


# Forms of results


class _Made(NamedTuple):
    """What a result is written of."""

    outcomes: _Outcomes
    files: Sequence[File]
    beside: Beside
    language: str
    limits: Limits
    standard: str = ""


_VERSIONS = (__version__, load().version)


def _as_json(made: _Made) -> bytes:
    documents = [
        render.to_document(o, *_VERSIONS) if isinstance(o, check.Result) else dict(o) for o in made.outcomes
    ]
    return render.as_json(documents).encode("utf-8")


def _as_html(made: _Made) -> bytes:
    from fatk import page

    return page.write(
        made.outcomes, *_VERSIONS, language=made.language, previous=made.beside.before, parts=made.beside.units,
        standard=made.standard,
    )  # fmt: skip


def _as_sarif(made: _Made) -> bytes:
    from fatk.outputs import sarif

    failed = any(not isinstance(o, check.Result) or o.summary["errors"] for o in made.outcomes)
    contents = dict(made.files).get
    text = sarif.write(
        made.outcomes, *_VERSIONS, language=made.language, contents=contents, exit_status=1 if failed else 0
    )
    return text.encode("utf-8")


def _as_junit(made: _Made) -> bytes:
    from fatk.outputs import junit

    return junit.write(made.outcomes, *_VERSIONS, language=made.language).encode("utf-8")


def _as_csv(made: _Made) -> bytes:
    from fatk.outputs import table

    return table.write(made.outcomes, *_VERSIONS, language=made.language).encode("utf-8")


def _as_marked(made: _Made) -> bytes:
    from fatk.outputs import marked

    result = made.outcomes[0]
    if len(made.files) != 1 or not isinstance(result, check.Result):
        raise Misuse("MARKED_ONE_FILE")
    data = made.files[0][1]
    return marked.write(result, data, *_VERSIONS, language=made.language, limits=made.limits).data


_RENDER: dict[str, Callable[[_Made], bytes]] = {
    "json": _as_json,
    "html": _as_html,
    "sarif": _as_sarif,
    "junit": _as_junit,
    "csv": _as_csv,
    "xlsx": _as_marked,
}


# What a job may not do


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Python asks before it does any of this: an audit hook of the job's process."""
    if event == "subprocess.Popen":
        if arguments[0] != sys.executable:
            raise PermissionError(event)
    elif event == "open":
        # What has a number is open already: the pipe to a reader in a process of its own.
        named = not isinstance(arguments[0], int) and arguments[0] != os.devnull
        if named and confinement.writes(arguments):
            raise PermissionError(event)
    elif event.startswith(confinement.FORBIDDEN) and event not in {"subprocess.Popen", "os.kill"}:
        raise PermissionError(event)
