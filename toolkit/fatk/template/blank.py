"""A report in which nothing is stated yet, with every line that its edition prints and rows prepared for codes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from fatk.model import REPORTED, Report, Row, make_row
from fatk.spec import Edition, Form, Spec, Table

#: Stands for the entity's name on the pages, which are laid out for one.
UNNAMED = "□"


@dataclass(frozen=True, slots=True)
class Order:
    """What a workbook to be filled in is asked to be: ``rows`` are those prepared for codes in each list."""

    edition: Edition
    year: int
    unit: str
    precision: Decimal
    entity: str = ""
    rows: int = 30
    language: str = "zh"

    @property
    def decimals(self) -> int:
        """Decimals of its amounts."""
        return self.edition.decimals


def blank_report(spec: Spec, order: Order) -> Report:
    """The report; not one that could be published, since prepared rows have no code."""
    tables: dict[str, tuple[Row, ...]] = {table.id: () for table in spec.tables.values()}
    tables["report"] = (
        make_row(
            spec.tables["report"], spec_version=spec.version, fiscal_year=order.year, edition=order.edition.id,
            unit=order.unit, decimals=order.decimals, precision=order.precision,
        ),
    )  # fmt: skip
    tables["entity"] = (make_row(spec.tables["entity"], name=order.entity or UNNAMED),)
    listed = spec.tables["tables"]
    tables["tables"] = tuple(
        make_row(listed, table=form.id, status=REPORTED if form.id in order.edition.forms else "missing")
        for form in spec.forms
    )
    for table in spec.forms:
        form = order.edition.forms.get(table.id)
        if form is not None:
            tables[table.id] = (
                *_lines(table, form),
                *((make_row(table),) * order.rows if is_list(form) else ()),
            )
    return Report(spec, MappingProxyType(tables))


def is_list(form: Form) -> bool:
    """Whether a form has a row of each code that a report has."""
    return any(block.open and not any(c.line for c in block.columns) for block in form.blocks)


def _lines(table: Table, form: Form) -> list[Row]:
    """A row of each fixed line."""
    key = table.fields[table.key_positions[0]].name
    return [
        make_row(table, **{key: line.line, "name": line.name})
        for block in form.blocks
        for line in block.lines
        if line.line
    ]
