"""A report with the lists that its narrative goes through, where only its tables say them: which subjects have money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from fatk.model import EMPTY, Report, Row, build, make_row
from fatk.values import Value


def completed(report: Report) -> Report:
    """The report with every list of the narrative that follows from its tables and that it lacks."""
    tables: dict[str, tuple[Row, ...]] = dict(report.tables)
    for table, rows_of in _LISTS.items():
        if not report.rows(table):
            tables[table] = tuple(rows_of(report))
    tables["tables"] = tuple(_stated(report))
    tables["report"] = tuple(_called(report))
    return build(report.spec, tables)


def _spent(report: Report, table: str, field: str, level: int) -> Iterator[tuple[str, Value]]:
    """Code and printed name of a table's rows of so many digits that have money."""
    declared = report.spec.tables[table]
    at, name = declared.key_positions[0], declared.position["name"]
    for row in report.rows(table):
        code, value = row[at], row[declared.position[field]]
        spent = isinstance(value, Decimal) and bool(value)
        if isinstance(code, str) and len(code) == level and code.isdigit() and spent:
            yield code, row[name]


def _structure(report: Report) -> Iterator[Row]:
    declared = report.spec.tables["general_budget_structure"]
    for number, (code, name) in enumerate(_spent(report, "general_budget_expenditure", "total", 3), 1):
        yield make_row(declared, no=number, class_name=name, code=code)


def _items(report: Report) -> Iterator[Row]:
    declared = report.spec.tables["general_budget_items"]
    names = {
        code: name
        for level in (3, 5, 7)
        for code, name in _spent(report, "general_budget_expenditure", "total", level)
    }
    for number, code in enumerate((c for c in names if len(c) == 7), 1):
        yield make_row(
            declared, no=number, class_name=names.get(code[:3]), section_name=names.get(code[:5]), item_name=names[code], code=code
        )  # fmt: skip


def _basic(report: Report) -> Iterator[Row]:
    declared = report.spec.tables["basic_expenditure_items"]
    numbers = {"personnel": 0, "operating": 0}
    for code, name in _spent(report, "general_budget_basic_expenditure", "amount", 5):
        group = "personnel" if code[:3] in ("301", "303") else "operating"
        numbers[group] += 1
        yield make_row(declared, group=group, no=numbers[group], name=name, code=code)


def _listed(report: Report) -> Iterator[Row]:
    declared = report.spec.tables["table_list"]
    for number, form in enumerate(report.edition.forms.values(), 1):
        yield make_row(
            declared, no=number, title=report.status(form.table).get("printed_title") or form.title
        )


_LISTS: dict[str, Callable[[Report], Iterator[Row]]] = {
    "general_budget_structure": _structure,
    "general_budget_items": _items,
    "basic_expenditure_items": _basic,
    "table_list": _listed,
}


def _called(report: Report) -> Iterator[Row]:
    """What the document is called, where nothing says it."""
    at = report.spec.tables["report"].position["document_kind"]
    whose = "单位" if report.one("entity").get("kind") == "unit" else "部门"
    for row in report.rows("report"):
        yield row if row[at] else (*row[:at], f"{whose}决算公开说明", *row[at + 1 :])


def _stated(report: Report) -> Iterator[Row]:
    """What is said of each of the nine tables; of an empty one at least what its edition says."""
    declared = report.spec.tables["tables"]
    at = declared.position["statement"]
    for row in report.rows("tables"):
        form = report.form(str(row[0]))
        if row[declared.position["status"]] == EMPTY and row[at] is None and form and form.empty_statement:
            yield (*row[:at], form.empty_statement.rstrip("。"), *row[at + 1 :])
        else:
            yield row
