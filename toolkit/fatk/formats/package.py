"""The report as a Frictionless data package: one CSV of every table and a descriptor, in a directory or a zip.

Plain data-package readers understand it; the states of nothing are texts that they take for missing values.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from fatk import files, lexical, strictjson
from fatk.decoding import decode
from fatk.errors import Refused
from fatk.findings import CellRef, Finding, notify
from fatk.limits import DEFAULTS, Limits
from fatk.model import Report, Row, build, row_name
from fatk.reading import Reading, RowPlaces, check_version
from fatk.spec import Spec, Table
from fatk.values import Value, show

DESCRIPTOR = "datapackage.json"
#: Zips are stored with this date, so that one report is always the same bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

#: Members of the descriptor that are derived from the report, so that nothing is lost when they are not read.
_MEMBERS = frozenset(
    {"$schema", "name", "title", "description", "version", "licenses", "sources", "fatk", "resources"}
)

#: By which a descriptor names the profile of this standard, followed by its version.
_PROFILE = "urn:fatk:schema:package:"

#: Opens a member of the package by its name; ``None`` where there is no such member.
Open = Callable[[str], bytes | None]


def write(report: Report) -> dict[str, bytes]:
    """Every file of the package by name, the descriptor last."""
    files = {f"{table.id}.csv": _csv(table, report.rows(table.id)) for table in report.spec.tables.values()}
    descriptor = json.dumps(to_descriptor(report), ensure_ascii=False, indent=2) + "\n"
    return {**files, DESCRIPTOR: descriptor.encode("utf-8")}


def write_zip(report: Report) -> bytes:
    """The package as one zip, entries stored in a fixed order with a fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in write(report).items():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return buffer.getvalue()


def to_descriptor(report: Report) -> dict[str, Any]:
    """The package's descriptor: metadata of the report, a resource of each table with its Table Schema."""
    spec, about, entity = report.spec, report.one("report"), report.one("entity")
    descriptor: dict[str, Any] = {
        "$schema": spec.root["data_package_profile"],
        "name": _name(entity.get("id") or entity.get("administrative_division"), report.fiscal_year),
        "title": about.get("title") or f"{entity.get('name') or ''}{report.fiscal_year}年度部门决算",
        "version": f"{about.get('revision') or 0}.0.0",
    }
    if about.get("description"):
        descriptor["description"] = about["description"]
    if about.get("license_name") and about.get("license_path"):
        descriptor["licenses"] = [{"name": about["license_name"], "path": about["license_path"]}]
    sources = [_source(r) for r in report.records("sources") if r["title"]]
    if sources:
        descriptor["sources"] = sources
    descriptor["fatk"] = {
        "profile": f"{_PROFILE}{spec.version}",
        "spec_version": about.get("spec_version"),
    }
    descriptor["resources"] = [to_resource(table) for table in spec.tables.values()]
    return descriptor


def is_ours(folder: Path) -> bool:
    """Whether a directory holds a package of this standard: its descriptor says so. Never more than the descriptor is read."""
    try:
        descriptor = json.loads(files.load(folder / DESCRIPTOR, DEFAULTS.file_size))
    except (OSError, Refused, ValueError, RecursionError):
        return False
    block = descriptor.get("fatk") if isinstance(descriptor, dict) else None
    return isinstance(block, dict) and str(block.get("profile")).startswith(_PROFILE)


def _name(entity: Value, year: int) -> str:
    """A name that data-package tools accept: what identifies the entity, as far as it is ASCII, and the year."""
    known = re.sub(r"[^a-z0-9]+", "-", str(entity or "").lower()).strip("-")
    return "-".join(part for part in ("final-accounts", known, str(year)) if part)


def _source(record: Mapping[str, Value]) -> dict[str, Value]:
    """A source as descriptors have it: a path only where tools take it for an address or a plain relative name."""
    path = record["path"]
    usable = isinstance(path, str) and (re.fullmatch(r"https?://[!-~]+", path) or is_safe(path))
    return {"title": record["title"], **({"path": path} if usable else {})}


def to_resource(table: Table) -> dict[str, Any]:
    """The resource of one table in a descriptor."""
    return {
        "name": table.id,
        "type": "table",
        "path": f"{table.id}.csv",
        "title": table.title,
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ","},
        "schema": dict(table.schema),
    }


def _csv(table: Table, rows: tuple[Row, ...]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([f.name for f in table.fields])
    writer.writerows([show(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8")


def read(names: tuple[str, ...], open_member: Open, spec: Spec, limits: Limits, *, closed: bool) -> Reading:
    """The report of a package. ``closed`` tells that its members are all there is (a zip): then any other is noticed."""
    raw = open_member(DESCRIPTOR)
    if raw is None:
        raise Refused("PACKAGE_NO_DESCRIPTOR")
    descriptor = strictjson.parse(raw, limits)
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("resources"), list):
        raise Refused("PACKAGE_BAD_DESCRIPTOR")
    block = descriptor.get("fatk")
    stated = block.get("spec_version") if isinstance(block, dict) else None
    check_version(stated, spec)
    reader = _Reader(spec, limits, names, open_member, stated if isinstance(stated, str) else None)
    more = sorted(set(descriptor) - _MEMBERS)
    if more:
        reader.findings.append(notify("READ-51", CellRef(location=DESCRIPTOR), names="、".join(more)))
    return reader.read(descriptor["resources"], closed)


def table_of(data: bytes, name: str, spec: Spec) -> Table | None:
    """The table of the standard that a lone CSV file is: named after it, and with names of its fields as its header."""
    table = spec.tables.get(PurePosixPath(name).stem.lower())
    if table is None:
        return None
    text = decode(data, name).text
    try:
        header = next(csv.reader(text[: text.find("\n") + 1 or None].splitlines()[:1]), [])
    except csv.Error:  # so long a text is no header
        return None
    known = sum(cell in table.position for cell in header)
    return table if known and known * 2 >= len(header) else None


def read_loose(files: Sequence[tuple[str, Table, bytes]], spec: Spec, limits: Limits) -> Reading:
    """The report of CSV files that are tables of the standard without a descriptor, each with its name and its table.

    Their encoding is decided as for any text, since programs that opened and saved them may have changed it.
    """
    return _Reader(spec, limits, (), _nothing).loose(files)


class _Reader:
    """One pass over a package's resources; gathers rows, findings and the line of every row."""

    def __init__(
        self, spec: Spec, limits: Limits, names: tuple[str, ...], open_member: Open, stated: str | None = None
    ) -> None:
        self.spec, self.limits, self.names, self.open = spec, limits, names, open_member
        #: The version of the standard that the descriptor states.
        self.stated = stated
        self.rows: dict[str, list[Row]] = {}
        self.findings: list[Finding] = []
        self.extras: list[Row] = []
        self.lines = RowPlaces[int]()
        self.columns: dict[str, Mapping[str, int]] = {}
        self.files: dict[str, str] = {}
        self.cells = 0

    def read(self, resources: list[Any], closed: bool) -> Reading:
        listed = {DESCRIPTOR}
        for resource in resources:
            if not isinstance(resource, dict) or not isinstance(resource.get("name"), str):
                raise Refused("PACKAGE_BAD_DESCRIPTOR")
            path = resource.get("path")
            if not isinstance(path, str):
                raise Refused("PACKAGE_BAD_RESOURCE", name=resource["name"])
            if not is_safe(path):
                raise Refused("PATH_UNSAFE", path=path)
            dialect, encoding = resource.get("dialect") or {}, resource.get("encoding") or "utf-8"
            if (
                not isinstance(dialect, dict)
                or dialect.get("delimiter", ",") != ","
                or str(encoding).lower() != "utf-8"
            ):
                raise Refused("PACKAGE_DIALECT", name=resource["name"])
            listed.add(path)
            self.resource(resource["name"], path)
        for table in self.spec.tables.values():
            if table.id not in self.files:
                self.findings.append(
                    notify(
                        "READ-12", CellRef(table.id, location=DESCRIPTOR), table=table.id, title=table.title
                    )
                )
        # An archive, and some file systems, find a name in spite of its letter case.
        other_case = {path.casefold() for path in self.files.values() if path not in self.names}
        for name in sorted(set(self.names) - listed):
            if name.casefold() in other_case:
                continue
            if (closed or name.endswith(".csv")) and not name.endswith("/"):
                self.findings.append(notify("READ-13", CellRef(location=name), place=name))
        return self.reading()

    def loose(self, files: Sequence[tuple[str, Table, bytes]]) -> Reading:
        """Tables without a descriptor: what is not there may be elsewhere, and is no fault of these files."""
        for path, table, data in files:
            self.files[table.id] = path
            self.table(table, path, _records(decode(data, path).text, path, self.limits))
        places = (CellRef(table.id, location=path) for path, table, _ in files)
        names = "、".join(path for path, _, _ in files)
        self.findings.append(notify("READ-75", *places, names=names, count=len(files)))
        return self.reading()

    def reading(self) -> Reading:
        """What was read, as a report."""
        found = self._version()
        check_version(found, self.spec)
        if self.stated is not None and found is not None and found != self.stated:
            cell = CellRef("report", "*", "spec_version", value=show(found))
            self.findings.append(notify("READ-79", cell, said=self.stated, found=show(found)))
        self.references()
        self.rows.setdefault("extras", []).extend(self.extras)
        lines, columns, files = self.lines, self.columns, self.files

        def places(table: str, row: str, field: str, again: int = 0) -> str | None:
            line = lines.find(table, row, again)
            if line is None:
                return files.get(table)
            column = columns[table].get(field)
            return f"{files[table]}:{line}:{column + 1}" if column is not None else f"{files[table]}:{line}"

        return Reading(build(self.spec, self.rows), tuple(self.findings), places, source_cells=self.cells)

    def _version(self) -> Value:
        rows = self.rows.get("report")
        return rows[0][self.spec.tables["report"].position["spec_version"]] if rows else None

    def references(self) -> None:
        """Say which codes the file of codes lacks: a report is built with them, but other readers refuse the package."""
        declared = self.spec.tables["codes"]
        if declared.id not in self.columns:
            return
        known = {row[declared.position["code"]] for row in self.rows[declared.id]}
        for table in self.spec.forms:
            at = table.key_positions[0]
            for row in self.rows.get(table.id, ()):
                if row[at] is not None and row[at] not in known:
                    field, text = table.fields[at], show(row[at])
                    cell = CellRef(table.id, row_name(table, row), field.name, label=field.title, value=text)
                    details = {"title": table.title, "field": field.title, "target": declared.title}
                    self.findings.append(notify("STR-07", cell, text=text, **details))

    def resource(self, name: str, path: str) -> None:
        data = self.open(path)
        if data is None:
            self.findings.append(
                notify(
                    "READ-14", CellRef(name if name in self.spec.tables else None, location=path), place=path
                )
            )
            self.files[name] = path
            return
        table = self.spec.tables.get(name)
        lines = _grammar(data, path, self.limits)
        if table is None or name in self.files:
            self.findings.append(notify("READ-15", CellRef(location=path), place=path, name=name))
            for number, cells in lines:
                for column, text in enumerate(cells):
                    self.extra(path, number, column, text, None)
            return
        self.files[name] = path
        self.table(table, path, lines)

    def table(self, table: Table, path: str, lines: list[tuple[int, list[str]]]) -> None:
        if not lines:
            self.findings.append(notify("READ-16", CellRef(table.id, location=path), place=path))
            return
        header = lines[0][1]
        order = [
            table.position.get(name) if header.index(name) == i else None for i, name in enumerate(header)
        ]
        self.columns[table.id] = {name: i for i, name in reversed(list(enumerate(header)))}
        for column, (name, position) in enumerate(zip(header, order, strict=True)):
            if position is None:
                place = f"{path}:1:{column + 1}"
                self.findings.append(
                    notify("READ-17", CellRef(table.id, location=place, value=name), place=place, name=name)
                )
        for field in table.fields:
            if field.name not in header:
                self.findings.append(
                    notify(
                        "READ-18",
                        CellRef(table.id, field=field.name, location=f"{path}:1"),
                        place=path,
                        field=field.name,
                        title=field.title,
                    )
                )
        rows = self.rows.setdefault(table.id, [])
        for number, cells in lines[1:]:
            if table.single and rows:
                self.findings.append(
                    notify("READ-19", CellRef(table.id, location=f"{path}:{number}"), place=path)
                )
                for column, text in enumerate(cells):
                    self.extra(path, number, column, text, table.id)
                continue
            rows.append(self.row(table, path, number, header, order, cells))

    def row(
        self,
        table: Table,
        path: str,
        number: int,
        header: list[str],
        order: list[int | None],
        cells: list[str],
    ) -> Row:
        values: list[Value] = [None] * len(table.fields)
        faults: list[tuple[int, int, lexical.Fault]] = []
        for column, text in enumerate(cells):
            if not text:
                continue
            self.cells += 1
            position = order[column] if column < len(order) else None
            if position is None:
                self.extra(path, number, column, text, table.id, counted=True)
                if column >= len(order):
                    place = f"{path}:{number}:{column + 1}"
                    self.findings.append(
                        notify(
                            "READ-20", CellRef(table.id, location=place, value=text), place=place, text=text
                        )
                    )
                continue
            values[position], fault = lexical.from_text(table.fields[position], text)
            if fault:
                faults.append((column, position, fault))
        row = tuple(values)
        name = row_name(table, row)
        self.lines.add(table, row, number)
        if len(cells) < len(header):
            place = f"{path}:{number}"
            self.findings.append(
                notify(
                    "READ-21",
                    CellRef(table.id, name, location=place),
                    place=place,
                    found=len(cells),
                    wanted=len(header),
                )
            )
        for column, position, (notice, details) in faults:
            field = table.fields[position]
            place = f"{path}:{number}:{column + 1}"
            cell = CellRef(table.id, name, field.name, place, field.title, details.get("text"))
            self.findings.append(notify(notice, cell, place=place, field=field.title, **details))
        return row

    def extra(
        self, path: str, number: int, column: int, text: str, table: str | None, *, counted: bool = False
    ) -> None:
        """A cell that the standard has no place for, kept word for word."""
        self.cells += bool(text) and not counted
        if text:
            self.extras.append((lexical.keep(path), f"{number}:{column + 1}", table, lexical.keep(text)))


def _nothing(name: str) -> bytes | None:
    """What loose files have beside themselves."""
    return None


def is_safe(path: str) -> bool:
    """Whether a resource's path is a plain relative one that stays inside the package on every system."""
    parts = path.split("/")
    return (
        bool(path)
        and "\\" not in path
        and ":" not in path
        and all(
            part and part[0] not in ".~$ " and part[-1] not in ". " and part.isprintable() for part in parts
        )
    )


def _grammar(data: bytes, path: str, limits: Limits) -> list[tuple[int, list[str]]]:
    """The records of a CSV file with the line that each begins at; ``Refused`` where the grammar is broken."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("CSV_ENCODING", path=path, byte=error.start) from None
    return _records(text, path, limits)


def _records(text: str, path: str, limits: Limits) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(limits.csv_field)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for cells in reader:
            if len(cells) > limits.csv_columns:
                raise Refused("CSV_TOO_MANY_COLUMNS", path=path, line=begin, limit=limits.csv_columns)
            if cells:
                records.append((begin, cells))
            begin = reader.line_num + 1
            if len(records) > limits.csv_rows:
                raise Refused("CSV_TOO_MANY_ROWS", path=path, limit=limits.csv_rows)
    except csv.Error as error:
        if "field limit" in str(error):  # nothing else tells it apart
            raise Refused("CSV_FIELD_TOO_LONG", path=path, line=begin, limit=limits.csv_field) from None
        raise Refused("CSV_MALFORMED", path=path, line=begin) from None
    return records
