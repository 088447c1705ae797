"""The report as one JSON document: tables nested, decimals as strings, one canonical text.

Canonical is what ``JSON.stringify(value, null, 2)`` prints, plus one line feed, keys in the order of the schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fatk import lexical, strictjson
from fatk.errors import Refused, WouldLose
from fatk.findings import CellRef, Finding, notify
from fatk.limits import Limits
from fatk.model import Report, Row, absent_fields, build, has_cell, row_name
from fatk.reading import Reading, RowPlaces, check_version
from fatk.spec import Spec, Table
from fatk.values import Value

#: Meta tables that the document holds as an object or an array of its own, in this order; ``tables`` nests the nine.
_BEFORE = ("report", "entity", "sources")
_AFTER = ("cells", "claims", "codes", "extras")


def read(data: bytes, spec: Spec, limits: Limits, name: str = "") -> Reading:
    """The report of a JSON document; refused where it is no JSON or no report, else with what was noticed."""
    document = strictjson.parse(data, limits)
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("report"), dict)
        or "entity" not in document
    ):
        if isinstance(document, dict) and isinstance(document.get("resources"), list):
            raise Refused("JSON_DESCRIPTOR")
        if isinstance(document, dict) and isinstance(document.get("waivers"), list):
            raise Refused("WAIVERS_AS_REPORT")
        raise Refused("JSON_NOT_A_REPORT")
    check_version(document["report"].get("spec_version"), spec)
    return _Reader(spec).read(document)


def write(report: Report) -> bytes:
    """The canonical JSON document of a report."""
    return (json.dumps(to_document(report), ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain objects, arrays and strings, in canonical order; ``WouldLose`` where rows have no place in it:
    a second row of a table of one row, a line of ``tables`` for no table of the standard."""
    spec = report.spec
    for table in spec.tables.values():
        if table.single and len(report.rows(table.id)) > 1:
            raise WouldLose("ROW_WITHOUT_PLACE", title=table.title)
    if [row[0] for row in report.rows("tables")] != [form.id for form in spec.forms]:
        raise WouldLose("ROW_WITHOUT_PLACE", title=spec.tables["tables"].title)
    document: dict[str, Any] = {}
    for name in _BEFORE:
        document[name] = _meta(report, spec.tables[name])
    document["tables"] = {form.id: _form(report, form) for form in spec.forms}
    notes = {note.id: _meta(report, note) for note in spec.notes if report.rows(note.id)}
    document["notes"] = notes
    for name in _AFTER:
        document[name] = _meta(report, spec.tables[name])
    return document


def _meta(report: Report, table: Table) -> Any:
    rows = [_object(table, row) for row in report.rows(table.id)]
    return (rows[0] if rows else {}) if table.single else rows


def _object(table: Table, row: Row) -> dict[str, Any]:
    """A row outside the nine tables: what is blank has no key."""
    return {f.name: lexical.to_json(f, v) for f, v in zip(table.fields, row, strict=True) if v is not None}


def _form(report: Report, table: Table) -> dict[str, Any]:
    listed = report.status(table.id)
    document: dict[str, Any] = {
        name: value for name, value in listed.items() if name != "table" and value is not None
    }
    absent = absent_fields(report, table)
    at = table.key_positions[0]
    document["rows"] = [
        {
            f.name: lexical.to_json(f, value)
            for f, value in zip(table.fields, row, strict=True)
            if value is not None or (f.amount and has_cell(f, absent, row[at]))
        }
        for row in report.rows(table.id)
    ]
    return document


class _Reader:
    """One pass over a parsed document; gathers rows, findings and the pointer of every row."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.rows: dict[str, list[Row]] = {}
        self.findings: list[Finding] = []
        self.pointers = RowPlaces[str]()
        self.extras: list[Row] = []
        self.cells = 0

    def read(self, document: Mapping[str, Any]) -> Reading:
        spec = self.spec
        for name in (*_BEFORE, *_AFTER):
            if name in document:
                self.table(spec.tables[name], document[name], f"/{name}")
        self.forms(document.get("tables"))
        self.notes(document.get("notes"))
        for key in document:
            if key not in (*_BEFORE, "tables", "notes", *_AFTER):
                self.unknown(f"/{_escape(key)}", document[key])
        self.rows.setdefault("extras", []).extend(self.extras)
        pointers = self.pointers

        def places(table: str, row: str, field: str, again: int = 0) -> str | None:
            pointer = pointers.find(table, row, again)
            return f"{pointer}/{field}" if pointer is not None and field else pointer

        return Reading(build(spec, self.rows), tuple(self.findings), places, source_cells=self.cells)

    def forms(self, tables: Any) -> None:
        if not isinstance(tables, dict):
            if tables is not None:
                self.unknown("/tables", tables)
            tables = {}
        for form in self.spec.forms:
            if form.id not in tables:
                self.findings.append(
                    notify("READ-12", CellRef(form.id, location="/tables"), table=form.id, title=form.title)
                )
            elif isinstance(tables[form.id], dict) and "rows" not in tables[form.id]:
                place = f"/tables/{form.id}"
                self.findings.append(
                    notify("READ-22", CellRef(form.id, location=place), place=place, title=form.title)
                )
        listed = self.spec.tables["tables"]
        forms = {form.id: form for form in self.spec.forms}
        for name, content in tables.items():
            pointer = f"/tables/{_escape(name)}"
            if name not in forms or not isinstance(content, dict):
                self.unknown(pointer, content)
                continue
            members = {key: value for key, value in content.items() if key != "rows"}
            self.record(listed, {"table": name, **members}, pointer)
            self.table(forms[name], content.get("rows", []), f"{pointer}/rows")

    def notes(self, notes: Any) -> None:
        if notes is None:
            return
        if not isinstance(notes, dict):
            self.unknown("/notes", notes)
            return
        for name, content in notes.items():
            note = self.spec.tables.get(name)
            if note is None or note.kind != "note":
                self.unknown(f"/notes/{_escape(name)}", content)
            else:
                self.table(note, content, f"/notes/{name}")

    def table(self, table: Table, content: Any, pointer: str) -> None:
        if table.single:
            if isinstance(content, dict):
                if content:
                    self.record(table, content, pointer)
            else:
                self.unknown(pointer, content)
        elif isinstance(content, list):
            for index, item in enumerate(content):
                if isinstance(item, dict):
                    self.record(table, item, f"{pointer}/{index}")
                else:
                    self.unknown(f"{pointer}/{index}", item)
        else:
            self.unknown(pointer, content)

    def record(self, table: Table, item: Mapping[str, Any], pointer: str) -> None:
        values: list[Value] = [None] * len(table.fields)
        faults: list[tuple[int, lexical.Fault]] = []
        for name, raw in item.items():
            position = table.position.get(name)
            if position is None:
                self.unknown(f"{pointer}/{_escape(name)}", raw)
                continue
            self.cells += raw is not None
            values[position], fault = lexical.from_json(table.fields[position], raw)
            if fault:
                faults.append((position, fault))
        row = tuple(values)
        name = row_name(table, row)
        if table.kind == "form":
            for field in table.fields:
                if (
                    field.amount
                    and not field.by_edition
                    and field.name not in item
                    and _expected(field.only, name)
                ):
                    self.findings.append(
                        notify(
                            "READ-10",
                            CellRef(table.id, name, field.name, pointer),
                            field=field.title,
                            row=name,
                        )
                    )
        for position, (notice, details) in faults:
            field = table.fields[position]
            place = f"{pointer}/{field.name}"
            cell = CellRef(table.id, name, field.name, place, field.title, details.get("text"))
            self.findings.append(notify(notice, cell, place=place, field=field.title, **details))
        self.pointers.add(table, row, pointer)
        self.rows.setdefault(table.id, []).append(row)

    def unknown(self, pointer: str, content: Any) -> None:
        """What the standard has no place for is kept word for word under ``extras``."""
        if content in (None, "", [], {}):
            text = json.dumps(content)
        else:
            text = (
                content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
            )
            self.extras.append((None, lexical.keep(pointer), None, lexical.keep(text)))
            self.cells += 1
        self.findings.append(
            notify("READ-11", CellRef(location=pointer, value=text[:200]), place=pointer, text=text)
        )


def _expected(only: str | None, line: str) -> bool:
    return only is None or line.startswith(only)


def _escape(key: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
