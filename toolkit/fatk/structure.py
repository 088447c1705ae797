"""Whether a report keeps the structure of the standard: required fields, allowed values, keys, states of tables.

What a Table Schema declares is checked here from the declaration, on the report itself, so that a package, a workbook and
a JSON document are held to the same. Whether figures agree is the rules' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Final

from fatk.findings import CellRef, Finding, notify
from fatk.model import (
    EMPTY,
    MISSING,
    REPORTED,
    TOTAL,
    Report,
    Row,
    key_of,
    printed_row,
    row_name,
    unprinted_cells,
)
from fatk.spec import Field, Table, edition_ids
from fatk.values import (
    DECIMAL_PATTERN,
    MAX_INTEGER,
    Nothing,
    Value,
    parse_date,
    parse_decimal,
    show,
    text_fault,
)

_ONE: Final = rf"(?!-0(?:\.0+)?(?:\n|\Z)){DECIMAL_PATTERN}"
#: What may be where an amount is, and many amounts in the standard's lexical form, one a line.
_FIGURES: Final = frozenset({Decimal, Nothing, type(None)})
_TEXTS: Final = frozenset({str, type(None)})
_DECIMALS: Final = re.compile(rf"{_ONE}(?:\n{_ONE})*")
_INTEGERS: Final = frozenset({int, type(None)})
#: What no figure comes up to.
_TOO_GREAT: Final = Decimal(10) ** 18
#: How many sound texts of a field are known at most, and of how many characters: names of items are short and in many reports.
_KNOWN: Final = 2048
_SHORT: Final = 64
_SIGNS: Final = frozenset("=＝@＠+＋-－")
#: A sign that begins a formula, where what follows could be one: "=366次" and "-5%" are none.
_FORMULA: Final = re.compile(r"[=＝@＠].*[A-Za-z(!|+*/^&-]|[+＋\-－].*[A-Za-z(]")


def check(report: Report) -> Iterator[Finding]:
    """Every fault of structure."""
    for table in report.spec.tables.values():
        yield from _rows(report, table)
    yield from _foreign_keys(report)
    yield from _states(report)
    yield from _described_cells(report)
    yield from _unprinted(report)
    yield from _formulas(report)
    edition, year = report.one("report").get("edition"), report.fiscal_year
    if edition in edition_ids() and year and not report.edition.covers(year):
        used = report.edition
        cell = CellRef("report", "*", "edition", value=str(edition))
        yield notify(
            "STR-18", cell, edition=used.id, year=year, first=used.first_year, last=used.last_year or "…"
        )
    if isinstance(edition, str) and edition not in edition_ids():
        cell = CellRef("report", "*", "edition", value=edition)
        yield notify("STR-10", cell, edition=edition, known=", ".join(edition_ids()), used=report.edition.id)


def _rows(report: Report, table: Table) -> Iterator[Finding]:
    rows = report.rows(table.id)
    if table.id in ("report", "entity") and not rows:
        yield notify("STR-09", CellRef(table.id, "*"), title=table.title)
    if table.single and len(rows) > 1:
        yield notify("STR-11", CellRef(table.id, "*"), title=table.title, count=len(rows))
    if _sound(report, table):
        return
    value: Value
    for row, again in _numbered(table, rows):
        for field, value in zip(table.fields, row, strict=True):
            if value is None:
                if field.required:
                    cell = _cell(table, row, field, value, again)
                    yield notify(
                        "STR-01", cell, title=table.title, row=printed_row(table, row), field=field.title
                    )
            elif (fault := _fault(field, value)) is not None:
                cell = _cell(table, row, field, value, again)
                yield notify(
                    fault,
                    cell,
                    title=table.title,
                    row=printed_row(table, row),
                    field=field.title,
                    text=show(value),
                    allowed=_allowed(field),
                )
        if table.key and again:
            yield notify(
                "STR-05",
                _cell(table, row, table.fields[table.key_positions[0]], None, again),
                title=table.title,
                row=printed_row(table, row),
            )


def _sound(report: Report, table: Table) -> bool:
    """Whether nothing is wrong with rows, seen by whole columns: most have nothing, and then no cell has to be gone to."""
    columns = report.columns(table.id)
    if not columns:
        return True
    keys = [columns[at] for at in table.key_positions]
    if keys and len(set(keys[0] if len(keys) == 1 else zip(*keys, strict=True))) < len(columns[0]):
        return False
    for at, field in enumerate(table.fields):
        sound = _sound_amounts if field.amount else _sound_column
        if not sound(report, table, at):
            return False
    return True


def _sound_column(report: Report, table: Table, at: int) -> bool:
    field, column = table.fields[at], report.columns(table.id)[at]
    known = _sound_texts(field)
    if known.issuperset(column):
        return True
    kinds = report.kinds(table.id, at)
    if field.required and type(None) in kinds:
        return False
    if not (kinds <= _TEXTS or kinds <= _INTEGERS):
        # Of equal figures each is looked at: 1 and true are equal, and 0 and -0.
        return all(_fault(field, value) is None for value in column)
    new = set(column) - known
    sound = all(_fault(field, value) is None for value in new)
    if sound and kinds <= _TEXTS and len(known) + len(new) <= _KNOWN:
        known.update([text for text in new if text is None or len(str(text)) <= _SHORT])
    return sound


def _sound_amounts(report: Report, table: Table, at: int) -> bool:
    field, figures = table.fields[at], report.figures(table.id, at)
    bounded = field.minimum is not None or field.maximum is not None
    usual = figures.step is not None and figures.unsigned and max(figures.values) < _TOO_GREAT
    if figures.whole and usual and not bounded:
        return True
    kinds = report.kinds(table.id, at)
    if field.required or not kinds <= _FIGURES or (Nothing in kinds and not field.states):
        return False  # looked at one by one
    if bounded:
        return all(_fault(field, value) is None for value in report.columns(table.id)[at])
    if usual:
        return True
    written = "\n".join([str(value) for value in figures.values])
    return not written or _DECIMALS.fullmatch(written) is not None


@cache
def _sound_texts(field: Field) -> set[Value]:
    """Texts of a field of which nothing is wrong, as far as met: most are in every report, as names of items are. Nothing at all
    is one of them where the field may be blank."""
    return set() if field.required else {None}


def _numbered(table: Table, rows: Iterable[Row]) -> Iterator[tuple[Row, int]]:
    """The rows, each with how many of the same key stand before it."""
    seen: dict[tuple[Value, ...], int] = {}
    for row in rows:
        key = key_of(table, row)
        again = seen.get(key, 0)
        seen[key] = again + 1
        yield row, again


def _cell(table: Table, row: Row, field: Field, value: Value, again: int = 0) -> CellRef:
    return CellRef(
        table.id,
        row_name(table, row),
        field.name,
        label=field.title,
        value=None if value is None else show(value),
        again=again,
    )


def _fault(field: Field, value: Value) -> str | None:
    """The notice that a value deserves in its field, or ``None``."""
    if isinstance(value, Nothing):
        return None if field.states else "STR-02"
    if isinstance(value, str):
        if field.type == "date":
            return None if parse_date(value) else "STR-02"
        if field.type != "string":
            return "STR-02"
        if text_fault(value, field.reserved):
            return "STR-12"
        if field.enum and value not in field.enum:
            return "STR-03"
        return None if field.pattern is None or field.pattern.fullmatch(value) else "STR-04"
    if isinstance(value, bool):
        return None if field.type == "boolean" else "STR-02"
    if value is None:
        return None
    if isinstance(value, Decimal):
        if field.type != "number" or parse_decimal(format(value, "f")) is None:
            return "STR-02"
    elif field.type != "integer" or abs(value) > MAX_INTEGER:
        return "STR-02"
    if (field.minimum is not None and value < field.minimum) or (
        field.maximum is not None and value > field.maximum
    ):
        return "STR-06"
    return None


def _allowed(field: Field) -> str:
    if field.enum:
        return "、".join(field.enum)
    if field.pattern is not None:
        return field.pattern.pattern
    bounds = [f"≥ {field.minimum}"] if field.minimum is not None else []
    return "，".join(bounds + ([f"≤ {field.maximum}"] if field.maximum is not None else []))


def _foreign_keys(report: Report) -> Iterator[Finding]:
    targets: dict[tuple[str, str], set[Value]] = {}
    for table in report.spec.tables.values():
        for key in table.foreign_keys:
            place = (key.table, key.target)
            if place not in targets:
                at = report.spec.tables[key.table].position[key.target]
                columns = report.columns(key.table)
                targets[place] = {None, *(columns[at] if columns else ())}
            at, columns = table.position[key.field], report.columns(table.id)
            if not columns or targets[place].issuperset(columns[at]):
                continue
            for row, again in _numbered(table, report.rows(table.id)):
                if row[at] is not None and row[at] not in targets[place]:
                    cell = _cell(table, row, table.fields[at], row[at], again)
                    target = report.spec.tables[key.table].title
                    yield notify(
                        "STR-07",
                        cell,
                        title=table.title,
                        field=table.fields[at].title,
                        text=show(row[at]),
                        target=target,
                    )


def _states(report: Report) -> Iterator[Finding]:
    for form in report.spec.forms:
        status, rows = report.status(form.id)["status"], report.rows(form.id)
        if status in (EMPTY, MISSING) and rows:
            yield notify(
                "STR-08",
                CellRef("tables", form.id, "status", value=str(status)),
                title=form.title,
                status=status,
                count=len(rows),
            )
        elif status == EMPTY and report.status(form.id)["statement"] is None:
            yield notify("STR-16", CellRef("tables", form.id, "statement"), title=form.title)
        elif status == MISSING and report.form(form.id) is not None:
            yield notify("STR-15", CellRef("tables", form.id, "status"), title=form.title)
        elif status == REPORTED and not rows:
            yield notify("STR-13", CellRef("tables", form.id, "status", value=REPORTED), title=form.title)
        elif status == REPORTED and (printed := _total(report, form)) and TOTAL not in {r[0] for r in rows}:
            yield notify("STR-20", CellRef(form.id, TOTAL), title=form.title, total=printed)


def _total(report: Report, table: Table) -> str | None:
    """The name of the total that a form by codes is printed with; ``None`` where it prints none."""
    form = report.form(table.id)
    lines = (line for block in form.blocks if block.open for line in block.lines) if form else ()
    return next((line.name for line in lines if line.line == TOTAL), None)


def _described_cells(report: Report) -> Iterator[Finding]:
    """Rows of ``cells`` must describe a cell that is there."""
    declared = report.spec.tables["cells"]
    known: dict[str, set[str]] = {}
    for row in report.rows("cells"):
        table_id, name, field = row[0], row[1], row[2]
        table = report.spec.tables.get(str(table_id))
        if table is None or field not in table.position:
            yield notify(
                "STR-14", CellRef("cells", row_name(declared, row), "field"), text=row_name(declared, row)
            )
            continue
        if table.id not in known:
            known[table.id] = {row_name(table, r) for r in report.rows(table.id)}
        if name not in known[table.id]:
            yield notify(
                "STR-14", CellRef("cells", row_name(declared, row), "row"), text=row_name(declared, row)
            )


def _unprinted(report: Report) -> Iterator[Finding]:
    """Values where the printed form of the edition has no cell."""
    for table in report.spec.forms:
        for row, field in unprinted_cells(report, table):
            yield notify(
                "STR-17",
                _cell(table, row, field, row[table.position[field.name]]),
                title=table.title,
                row=printed_row(table, row),
                field=field.title,
            )


def _formulas(report: Report) -> Iterator[Finding]:
    """Texts that a spreadsheet program would take for a formula when it opens the CSV."""
    for table in report.spec.tables.values():
        rows = report.rows(table.id)
        texts = [
            (i, f)
            for i, (f, column) in enumerate(zip(table.fields, report.columns(table.id), strict=bool(rows)))
            if f.type == "string"
            and not f.enum
            and not _harmless().issuperset(column)
            and any(map(_may_be_formula, set(column) - _harmless()))
        ]
        for row, again in _numbered(table, rows) if texts else ():
            for i, field in texts:
                value = row[i]
                if isinstance(value, str) and _may_be_formula(value):
                    yield notify(
                        "STR-19",
                        _cell(table, row, field, value, again),
                        title=table.title,
                        row=printed_row(table, row),
                        field=field.title,
                        text=value,
                    )


def _may_be_formula(value: Value) -> bool:
    if isinstance(value, str) and value[:1] in _SIGNS and _FORMULA.match(value) is not None:
        return True
    if len(_harmless()) < _KNOWN and len(str(value)) <= _SHORT:
        _harmless().add(value)
    return False


@cache
def _harmless() -> set[Value]:
    """Texts that are no formulas, as far as met: most are in every report."""
    return {None}
