"""A frictionless plug-in: whoever validates one of our packages with frictionless has fatk's checks as well.

frictionless imports every top-level module named ``frictionless_*`` and makes the class named after it. Its own checks
see one table at a time and a checklist does not reach every way of validating, so what is extended is the validation of
a table that belongs to one of our packages: frictionless says what it has to say, then what fatk found in this table is
added. fatk reads the package once for all of its tables, and is imported only where a descriptor carries our marker.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MethodType
from typing import Any

import attrs
from frictionless import Plugin, Report, errors, settings

#: What ``fatk.profile`` of a descriptor begins with where the package is one of ours.
MARKER = "urn:fatk:schema:package:"
_DESCRIPTOR = "datapackage.json"
#: ``income.csv:12:5``, a file of a package with its line and column where they are known.
_PLACE = re.compile(r"(?P<path>.*?)(?::(?P<line>[0-9]+))?(?::(?P<column>[0-9]+))?", re.DOTALL)
#: What frictionless's command would take for an instruction to its terminal library, and fail on where it is none.
_MARKUP = re.compile(r"(\\*)\[(?=[a-z#/@])")
#: Of what goes into a warning, at most this many places are named.
_PLACES = 6


@attrs.define(kw_only=True, repr=False)
class FatkRuleError(errors.DataError):
    """A check of fatk that failed: the id of its rule, its sentence in both languages, every cell that it is about."""

    type = "fatk-rule"
    title = "部门决算检查 · Final accounts check"
    description = "报告不符合部门决算公开数据标准。 The report does not keep the standard for departmental final accounts."
    template = "{note}"
    tags = ["#table", "#fatk"]  # noqa: RUF012  frictionless has a list here

    rule: str
    message_zh: str
    message_en: str
    places: list[str]
    row_number: int | None = None
    field_number: int | None = None
    field_name: str | None = None
    cell: str | None = None
    cells: list[str] | None = None

    metadata_profile_patch = {  # noqa: RUF012  as above
        "properties": {
            "rule": {"type": "string"},
            "messageZh": {"type": "string"},
            "messageEn": {"type": "string"},
            "places": {"type": "array", "items": {"type": "string"}},
            "rowNumber": {"type": "integer"},
            "fieldNumber": {"type": "integer"},
            "fieldName": {"type": "string"},
            "cell": {"type": "string"},
            "cells": {"type": "array", "items": {"type": "string"}},
        },
    }


class FatkPlugin(Plugin):
    """What frictionless finds of us. Resources of other packages pass through as they are."""

    def detect_resource(self, resource: Any) -> None:
        """Extend the validation of a table whose schema is ours; its package is not known before it is validated."""
        # Not `resource.schema`: of another's package that may be an address, and asking for it would fetch it.
        custom = getattr(getattr(resource, "_schema", None), "custom", None)
        if isinstance(custom, dict) and "fatk" in custom:
            with suppress(AttributeError):
                resource.validate = MethodType(_validate, resource)

    def select_error_class(self, name: str | None = None) -> type[FatkRuleError] | None:
        """The class of our errors, so that a stored report can be read again."""
        return FatkRuleError if name == FatkRuleError.type else None


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that fatk says of a package. Without ``table`` and ``path`` of a resource it is about the whole."""

    rule: str
    severity: str
    zh: str
    en: str
    places: tuple[str, ...] = ()
    table: str | None = None
    field: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    #: Whether it is the reason that nothing was checked.
    ends: bool = False

    @property
    def note(self) -> str:
        """Its sentences as frictionless's command can show them."""
        return _MARKUP.sub(r"\1\1\\[", f"{self.rule} {self.zh} {self.en}")

    @property
    def warning(self) -> str:
        """As a text, which is all that a warning of frictionless can be."""
        more = len(self.places) - _PLACES
        shown = ", ".join(self.places[:_PLACES]) + (f" … (+{more})" if more > 0 else "")
        return f"{self.note} [{shown}]" if shown else self.note


def _validate(resource: Any, checklist: Any = None, **options: Any) -> Any:
    """frictionless's validation of one table, then ours, as a method of the table."""
    report = type(resource).validate(resource, checklist, **options)
    package: Any = getattr(resource, "package", None)
    if not _is_ours(package) or not _wanted(checklist) or len(report.tasks) != 1:
        return report
    resources = [(str(r.name), str(r.path)) for r in package.resources]
    directory = Path(package.basepath or ".")
    said = _examined(directory, tuple(resources), _stamp(directory, [path for _, path in resources]))
    task = report.tasks[0]
    here, whole = [], []
    for one in said:
        home = next((name for name, path in resources if name == one.table), None) or next(
            (name for name, path in resources if path == one.path), None
        )
        if home == resource.name:
            here.append(one)
        elif home is None and resource is package.resources[0]:
            whole.append(one)
        elif one.ends:  # whoever looks at this table alone must not take it for checked
            task.warnings = [*task.warnings, f"{one.rule} 没有检查这张表。 This table was not checked."]
    limit = options.get("limit_errors", settings.DEFAULT_LIMIT_ERRORS)
    _add(task, here, directory / str(resource.path), limit)
    return Report.from_validation(
        time=report.stats["seconds"],
        tasks=[task],
        errors=[*report.errors, *(_error(one, {}) for one in whole if one.severity == "error")],
        warnings=[*report.warnings, *(one.warning for one in whole if one.severity != "error")],
    )


def _is_ours(package: Any) -> bool:
    """Whether the descriptor of a package names our profile."""
    custom = getattr(package, "custom", None)
    block = custom.get("fatk") if isinstance(custom, dict) else None
    return isinstance(block, dict) and str(block.get("profile")).startswith(MARKER)


def _wanted(checklist: Any) -> bool:
    """Whether the errors picked and skipped let ours through, as frictionless decides it for its own."""
    own = {FatkRuleError.type, *FatkRuleError.tags}
    picked, skipped = getattr(checklist, "pick_errors", None), getattr(checklist, "skip_errors", None)
    return not (picked and own.isdisjoint(picked)) and own.isdisjoint(skipped or ())


def _add(task: Any, said: list[_Said], file: Path, limit: int | None) -> None:
    """Put what concerns one table into its task: errors up to the limit, the rest as warnings."""
    failed = [one for one in said if one.severity == "error"]
    records = _records(file) if any(one.line for one in failed) else {}
    task.errors = [*task.errors, *(_error(one, records) for one in failed)]
    task.warnings = [*task.warnings, *(one.warning for one in said if one.severity != "error")]
    if limit and len(task.errors) > limit:
        task.errors = task.errors[:limit]
        reached = f"reached error limit: {limit}"
        task.warnings = [*task.warnings, *([] if reached in task.warnings else [reached])]
    task.valid = not task.errors
    task.stats["errors"], task.stats["warnings"] = len(task.errors), len(task.warnings)


def _error(said: _Said, records: Mapping[int, tuple[int, list[str]]]) -> FatkRuleError:
    """As an error of frictionless, which counts records where we count lines."""
    number, cells = records.get(said.line or 0, (said.line, None))
    cell = cells[said.column - 1] if cells and said.column and said.column <= len(cells) else None
    return FatkRuleError(
        note=said.note, rule=said.rule, message_zh=said.zh, message_en=said.en, places=list(said.places),
        row_number=number, field_number=said.column, field_name=said.field, cell=cell, cells=cells,
    )  # fmt: skip


def _records(file: Path) -> dict[int, tuple[int, list[str]]]:
    """The records of a CSV file by the line that each begins at, with their number; none where it cannot be read."""
    found: dict[int, tuple[int, list[str]]] = {}
    with suppress(OSError, UnicodeError, csv.Error), file.open(encoding="utf-8-sig", newline="") as stream:
        reader, begin = csv.reader(stream), 1
        for number, cells in enumerate(reader, 1):
            found[begin] = number, cells
            begin = reader.line_num + 1
    return found


def _stamp(directory: Path, paths: list[str]) -> tuple[tuple[int, int, int] | None, ...]:
    """What changes when a file of the package does."""
    found: list[tuple[int, int, int] | None] = []
    for place in (directory, directory / _DESCRIPTOR, *(directory / path for path in paths)):
        try:
            status = place.stat()
        except (OSError, ValueError):
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


@lru_cache(maxsize=2)
def _examined(directory: Path, resources: tuple[tuple[str, str], ...], stamp: object) -> tuple[_Said, ...]:
    """Everything that fatk says of the package in a directory, once for all of its tables while no file changes."""
    del stamp
    reason = _unlike(directory, resources)
    if reason is not None:
        zh, en = reason
        return (_Said("fatk", "warning", zh, en, ends=True),)
    limit = csv.field_size_limit()  # fatk sets its own, for the whole process
    try:
        return tuple(_run(directory))
    except Exception as fault:  # noqa: BLE001  whatever it is, frictionless's own findings must reach the reader
        shown = repr(fault)[:200]
        zh, en = f"内部错误，没有检查（{shown}）。", f"An internal fault: nothing was checked ({shown})."
        return (_Said("fatk", "error", zh, en, ends=True),)
    finally:
        csv.field_size_limit(limit)


def _unlike(directory: Path, resources: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """Why the package in memory cannot be checked by checking a directory; ``None`` where it can."""
    try:
        stored = json.loads((directory / _DESCRIPTOR).read_bytes())
        listed = tuple((str(r["name"]), str(r["path"])) for r in stored["resources"])
    except (OSError, ValueError, KeyError, TypeError):
        listed = None
    if listed == resources:
        return None
    return (
        "没有运行 fatk 的检查：只检查本地目录中名为 datapackage.json 的数据包，且不能在内存中改动过。",
        "fatk's checks did not run: they need a local directory with this package as its datapackage.json.",
    )


def _run(directory: Path) -> Iterator[_Said]:
    """fatk's findings: what failed, what it warns of, and what it could not check. Other information is left out."""
    from fatk import FatkError, validate
    from fatk.findings import INFO, NOT_CHECKED, explain_error
    from fatk.render import place_of

    try:
        findings = validate(directory).findings
    except FatkError as error:
        path, line = error.details.get("path"), error.details.get("line")
        yield _Said(
            error.code, "error", explain_error(error, "zh"), explain_error(error, "en"),
            path=path if isinstance(path, str) else None, line=line if isinstance(line, int) else None, ends=True,
        )  # fmt: skip
        return
    for finding in findings:
        if finding.severity == INFO and finding.outcome != NOT_CHECKED:
            continue
        cell = finding.cells[0] if finding.cells else None
        place = _PLACE.fullmatch(cell.location if cell and cell.location else "")
        said = dict(place.groupdict()) if place else {}
        line, column = said.get("line"), said.get("column")
        yield _Said(
            finding.rule, finding.severity, finding.message("zh"), finding.message("en"),
            tuple(dict.fromkeys(p for p in map(place_of, finding.cells) if p)),
            cell.table if cell else None, cell.field if cell else None, said.get("path") or None,
            int(line) if line else None, int(column) if column else None,
        )  # fmt: skip
