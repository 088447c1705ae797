"""The blank workbook: what a clerk fills in is read as the report, and what it computes is what the standard says.

LibreOffice is the spreadsheet program: it computes every formula anew, openpyxl types the figures in.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import fatk
from fatk import check, formats, layout, template
from fatk.findings import FAILED
from fatk.grid import a1, from_a1
from fatk.model import EMPTY, Report, build, row_name
from fatk.rules.context import load_rules
from fatk.spec import load
from fatk.values import Nothing, Value
from test_round_trip import differences

ROOT = Path(__file__).resolve().parent.parent
SPEC = load()
#: Tables of a report that the workbook has a place for.
HELD = ("report", "entity", "tables", *(form.id for form in SPEC.forms))

#: What the cover says already.
SETTLED = ("spec_version", "fiscal_year", "edition", "unit", "decimals", "precision")

Recalculate = Callable[[Mapping[str, bytes]], dict[str, bytes]]


def example(name: str) -> Report:
    return fatk.read(ROOT / "datapackages" / name / "report.json").report


def held(report: Report) -> Report:
    """The part of a report that the workbook has a place for."""
    return build(SPEC, {name: report.rows(name) for name in HELD})


def in_yuan(report: Report) -> Report:
    """The report in 元, to the cent."""
    tables = {name: list(rows) for name, rows in report.tables.items()}
    for table in SPEC.forms:
        amounts = {table.position[field.name] for field in table.amounts}
        tables[table.id] = [
            tuple(
                (v * 10_000).quantize(Decimal("0.01")) if i in amounts and isinstance(v, Decimal) else v
                for i, v in enumerate(row)
            )
            for row in tables[table.id]
        ]
    about = SPEC.tables["report"].position
    (row,) = tables["report"]
    changed = {about["unit"]: "元", about["precision"]: Decimal(0)}
    tables["report"] = [tuple(changed.get(i, v) for i, v in enumerate(row))]
    return build(SPEC, tables)


def blank(report: Report, rows: int) -> bytes:
    """The blank workbook for a report."""
    about = report.one("report")
    wanted = template.order(
        SPEC, edition=str(about["edition"]), year=report.fiscal_year, unit=report.unit, entity=None, rows=rows,
        language="zh", last_year=2025,
    )  # fmt: skip
    return template.write(SPEC, wanted)[0]


def typed(value: Value) -> Any:
    """A value as a clerk types it."""
    if isinstance(value, Nothing):
        return layout.PRINTED_NOTHING[value]
    if isinstance(value, bool):
        return layout.PRINTED_BOOLEAN[value]
    return float(value) if isinstance(value, Decimal) else value


def addresses(report: Report, data: bytes) -> Iterator[tuple[str, str, Any]]:
    """Sheet, cell and value of everything that the report has to be typed in: of lists in the prepared rows, one by one."""
    places = formats.read_bytes(data)[1].places
    for table in SPEC.forms:
        form = report.form(table.id)
        opened = form is not None and any(b.open and not any(c.line for c in b.columns) for b in form.blocks)
        lower = 0
        for row in report.rows(table.id):
            name = row_name(table, row)
            listed = opened and name != "TOTAL"
            lower += listed
            for field in (f for f in table.fields if f.amount or (listed and f.name == "code")):
                place = places(table.id, "TOTAL" if listed else name, field.name)
                sheet, _, cell = str(place).partition("!")
                at, column = from_a1(cell)
                value = row[table.position[field.name]]
                if value is not None:
                    yield sheet, a1(at + lower * listed, column), typed(value)
    yield from cover(report, data)


def cover(report: Report, data: bytes) -> Iterator[tuple[str, str, Any]]:
    """What is typed into the cover: beside the title of each field, and into the list of tables."""
    places = formats.read_bytes(data)[1].places
    sheet = openpyxl.load_workbook(io.BytesIO(data))["封面"]
    beside = {cell.value: f"B{cell.row}" for (cell,) in sheet.iter_rows(max_col=1) if cell.value}
    for table_id in ("report", "entity"):
        for field in SPEC.tables[table_id].fields:
            value = report.one(table_id).get(field.name)
            if value is not None and field.name not in SETTLED:
                yield "封面", beside[field.title], typed(field.labels.get(str(value), value))
    listed = SPEC.tables["tables"]
    for row in report.rows("tables"):
        for field, value in zip(listed.fields[1:], row[1:], strict=True):
            if value is not None:
                _, _, cell = str(places("tables", str(row[0]), field.name)).partition("!")
                yield "封面", cell, typed(field.labels.get(str(value), value))


def fill(data: bytes, cells: Iterable[tuple[str, str, Any]]) -> bytes:
    """The workbook with values typed in; what is computed stays a formula."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet, cell, value in cells:
        if book[sheet][cell].protection.locked:
            assert str(book[sheet][cell].value).startswith("="), (sheet, cell)
        else:
            book[sheet][cell] = value
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def recalculate(soffice: list[str], tmp_path_factory: pytest.TempPathFactory) -> Recalculate:
    """Let LibreOffice compute workbooks anew, all at once, since starting it is most of the work."""

    def run(named: Mapping[str, bytes]) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("template")
        for name, data in named.items():
            (folder / f"{name}.xlsx").write_bytes(data)
        sources = [str(folder / f"{name}.xlsx") for name in named]
        command = [*soffice, "--convert-to", "xlsx", "--outdir", str(folder / "made"), *sources]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return {name: (folder / "made" / f"{name}.xlsx").read_bytes() for name in named}

    return run
