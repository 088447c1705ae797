"""Workflow commands of GitHub Actions, which shows each finding as an annotation of its file.

    ::error file=报表.json,line=12,col=18,title=IES-02 …::…

A command is a line of its own; what stands in it is percent-encoded as the runner decodes it, so that no text of a file
can end a command or begin another. The worst come first, since few are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fatk import outputs
from fatk.check import Result
from fatk.findings import ERROR, INFO, WARNING, Finding
from fatk.outputs.places import Contents, Places, no_contents
from fatk.render import waived_by

_COMMANDS = {ERROR: "error", WARNING: "warning", INFO: "notice"}
#: A path that is cut names no file, so that only absurd ones are.
_PATH = 4_096
_MARKS = {"zh": ("：", "未检查：", "已豁免："), "en": (": ", "not checked: ", "waived: ")}


def write(
    results: Sequence[outputs.Outcome],
    version: str,
    spec_version: str,
    *,
    language: str = "zh",
    contents: Contents = no_contents,
) -> str:
    """One command a line for each finding and each refused source; nothing where nothing was found. ``contents`` gives the
    texts that lines and columns are found in. Versions have no place in it; every output is called alike."""
    del version, spec_version
    read, refused = outputs.parted(results)
    lines = [_refused(document, language) for document in refused]
    for result in read:
        lines += _findings(result, language, contents)
    order = tuple(_COMMANDS.values())
    lines.sort(key=lambda line: order.index(line[2:].split(" ", 1)[0]))
    return "".join(line + "\n" for line in lines)


def _findings(result: Result, language: str, contents: Contents) -> Iterator[str]:
    places = Places(result, contents)
    for finding in result.findings:
        place = places.of(next(iter(outputs.cells_of(finding)), None))
        region = place.region
        yield _command(
            _name(finding, result),
            _said(finding, place.name, result, language),
            file=outputs.shown(outputs.portable(place.file), _PATH),
            line=str(region.line) if region else None,
            endLine=str(region.end_line) if region and region.end_line else None,
            # The runner takes columns only where a finding stands on one line.
            col=str(region.column) if region and region.column and region.line == region.end_line else None,
            endColumn=str(region.end_column) if region and region.column and region.line == region.end_line else None,
            title=f"{finding.rule} {outputs.kind(finding.rule).title[language]}",
        )  # fmt: skip


def _name(finding: Finding, result: Result) -> str:
    return _COMMANDS[INFO if finding.id in result.waived or outputs.is_open(finding) else finding.severity]


def _said(finding: Finding, place: str | None, result: Result, language: str) -> str:
    colon, unchecked, waived = _MARKS[language]
    said = (unchecked if outputs.is_open(finding) else "") + outputs.sentence(finding, language)
    if waiver := result.waived.get(finding.id):
        said = f"{waived}{said} {waived_by(waiver, language)}"
    return f"{outputs.shown(place)}{colon}{said}" if place else said


def _refused(document: Mapping[str, Any], language: str) -> str:
    path, code, message = outputs.refusal(document, language)
    return _command("error", message, file=outputs.shown(outputs.portable(path), _PATH), title=code)


def _command(name: str, said: str, **properties: str | None) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {given}::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
