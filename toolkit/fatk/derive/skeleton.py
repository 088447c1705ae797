"""The rows that tables would have: the lines that their forms print, and the codes that the narrative lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from fatk.derive.declared import declared
from fatk.model import MISSING, REPORTED, TOTAL, Report, Row, build, make_row, row_name
from fatk.rules.context import load_rules
from fatk.rules.linear import parent_of
from fatk.spec import FixedLine, Form, Table
from fatk.values import Value


def missing_forms(report: Report) -> tuple[Table, ...]:
    """The tables that the edition prints and the source does not have."""
    return tuple(
        form
        for form in report.spec.forms
        if report.status(form.id)["status"] == MISSING and report.form(form.id) is not None
    )


def skeleton(report: Report) -> Report:
    """The report with every missing table as reported, its amounts blank."""
    built = missing_forms(report)
    tables = dict(report.tables)
    printed = _printed_names(report)
    for table in sorted(built, key=lambda table: _depth(table.id)):
        tables[table.id] = tuple(_rows(report, table, tables, printed))
    listed = report.spec.tables["tables"]
    names = {table.id for table in built}
    tables["tables"] = tuple(
        make_row(listed, **{**dict(zip(listed.position, row, strict=True)), **_STATE})
        if row[0] in names
        else row
        for row in build(report.spec, tables).rows("tables")
    )
    tables["cells"] = tuple(row for row in report.rows("cells") if row[0] not in names)
    return build(report.spec, tables)


#: What the table list says of a table that is built: nothing of why it was missing, nor of a unit of its own.
_STATE: Mapping[str, Value] = {
    "status": REPORTED,
    "reconstructed": True,
    "reason": None,
    "unit": None,
    "decimals": None,
}


def _depth(table: str) -> int:
    """How many tables must have their rows, one after another, before this one has."""
    source = declared().rows.get(table)
    return 1 + max((_depth(other) for other in source.tables), default=0) if source else 0


def _rows(
    report: Report, table: Table, tables: Mapping[str, tuple[Row, ...]], printed: Mapping[str, str]
) -> Iterator[Row]:
    key = table.fields[table.key_positions[0]].name
    named: dict[str, str] = {}
    form = report.form(table.id)
    if form is not None:
        named |= {line.line: line.name for line in _lines(form, set(listed_codes(report, table.id)))}
    source = declared().rows.get(table.id)
    codes = dict.fromkeys(listed_codes(report, table.id))
    for other in source.tables if source else ():
        known = report.spec.tables[other]
        for row in tables[other]:
            code = row_name(known, row)
            if code.isdigit() and (source is None or source.level in {None, len(code)}):
                codes.setdefault(code)
                name = row[known.position["name"]]
                named.setdefault((source.prefix if source else "") + code, str(name))
    prefix = source.prefix if source else ""
    scheme = "functional" if prefix else str(table.scheme)
    for code in codes:
        named.setdefault(prefix + code, printed.get(f"{scheme}/{code}") or _official(report, scheme, code))
    for line, name in named.items():
        yield make_row(table, **{key: line, "name": name})


def listed_codes(report: Report, table: str) -> list[str]:
    """The codes that the narrative lists for a table, with those above them."""
    found: dict[str, None] = {}
    source = declared().rows.get(table)
    for listing in source.lists if source else ():
        at = report.spec.tables[listing].position["code"]
        for row in report.rows(listing):
            code = row[at]
            while isinstance(code, str) and code != TOTAL:
                found.setdefault(code)
                code = parent_of(code)
    return list(found)


def _lines(form: Form, listed: set[str]) -> Iterator[FixedLine]:
    """The lines of a form; where the narrative lists items, a lane without any of them is given by its classes."""
    for block in form.blocks:
        lines = [line for line in block.lines if line.line]
        bare = any(line.line.isdigit() for line in lines) and not any(line.line in listed for line in lines)
        yield from (line for line in lines if not (bare and line.line.isdigit() and len(line.line) > 3))


def _official(report: Report, scheme: str, code: str) -> str:
    entry = report.spec.code(scheme, code, report.fiscal_year)
    return entry.name if entry else code


@cache
def _named_lists() -> tuple[Mapping[str, object], ...]:
    """The lists whose fields name functional codes, with how long the code of each is."""
    return tuple(MappingProxyType(one) for one in load_rules()["NT-17"].body["lists"])


def _printed_names(report: Report) -> Mapping[str, str]:
    """Scheme and code → name, as the narrative prints it."""
    found: dict[str, str] = {}
    for listing in _named_lists():
        table = report.spec.tables[str(listing["table"])]
        fields = listing["fields"]
        for row in report.rows(table.id):
            code = row[table.position["code"]]
            for field, digits in fields.items() if isinstance(fields, dict) else ():
                name = row[table.position[field]]
                if isinstance(code, str) and isinstance(name, str) and len(code) >= digits:
                    found.setdefault(f"functional/{code[:digits]}", name)
    economic = report.spec.tables["basic_expenditure_items"]
    for row in report.rows(economic.id):
        code, name = row[economic.position["code"]], row[economic.position["name"]]
        if isinstance(code, str) and isinstance(name, str):
            found.setdefault(f"economic_department/{code}", name)
    return found
