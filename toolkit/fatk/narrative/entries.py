"""What a document says, entered into the tables of a report: facts into their fields, what is repeated or derived as claims.

A fact that is said twice is entered once; where the second statement differs, that is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from fatk.captions import declares_empty, says_withheld, years_in
from fatk.findings import CellRef, Finding, notify
from fatk.model import EMPTY, MISSING, Row, build, make_row, row_name
from fatk.narrative.homes import Cell, Change, ClaimHome, home
from fatk.narrative.names import economic_code, functional_code
from fatk.narrative.values import without_base
from fatk.rounding import usual_step
from fatk.rules.context import YUAN
from fatk.spec import Edition, Spec, Table
from fatk.values import Value, decimals_of, show, text_fault
from fatk.vocabulary import fold, title_of
from fatk.wording.matching import Said

_POSITION = re.compile(r"\[([0-9]+)\]")
_RowKey = tuple[tuple[str, Value], ...]


@dataclass(slots=True)
class Entries:
    """Rows being entered: by table and key the fields, and what said each of them.

    ``homeless`` are statements for which the report has no place: of a list element without a code.
    """

    spec: Spec
    unit: str | None
    decimals: int
    year: int
    rows: dict[str, dict[_RowKey, dict[str, Value]]] = field(default_factory=dict)
    said: dict[tuple[str, str, str], Said] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    homeless: list[Said] = field(default_factory=list)
    locate: Mapping[Said, str] = field(default_factory=dict)

    def built(self) -> dict[str, list[Row]]:
        """The rows of each table."""
        return {
            name: [make_row(self.spec.tables[name], **values) for values in rows.values()]
            for name, rows in self.rows.items()
        }


def units_of(said: Iterable[Said]) -> tuple[str | None, int]:
    """The unit of most amounts, and the decimals of most in it; two where there are none."""
    amounts = [one for one in said if isinstance(one.value, Decimal) and one.unit in YUAN]
    units = Counter(one.unit for one in amounts)
    if not units:
        return None, 2
    unit = units.most_common(1)[0][0]
    places = Counter(
        decimals_of(one.value) for one in amounts if one.unit == unit and isinstance(one.value, Decimal)
    )
    return unit, places.most_common(1)[0][0]


def enter(said: Iterable[Said], spec: Spec, default_unit: str | None, locate: Mapping[Said, str]) -> Entries:
    """The rows of everything that is said; ``default_unit`` is that of amounts where none has one, ``None`` if nobody says."""
    stated = list(said)
    unit, decimals = units_of(stated)
    years = Counter(one.value for one in stated if one.path == "meta.fiscal_year")
    year = years.most_common(1)[0][0] if years else 0
    entries = Entries(
        spec, unit or default_unit, decimals, year if isinstance(year, int) else 0, locate=locate
    )
    changes: list[tuple[Change, Said]] = []
    occurrences: Counter[str] = Counter()
    for one in stated:
        where = home(one.path)
        if isinstance(where, Cell):
            _fact(entries, where, one)
        elif isinstance(where, ClaimHome):
            occurrences[one.path] += 1
            _claim(entries, one, occurrences[one.path])
        else:
            changes.append((where, one))
    _name_codes(entries)
    for change, one in changes:
        _change(entries, change, one)
    return entries


def _put(
    entries: Entries, table: Table, key: Mapping[str, Value], name: str, value: Value, one: Said
) -> None:
    row = entries.rows.setdefault(table.id, {}).setdefault(tuple(key.items()), dict(key))
    ref = row_name(table, make_row(table, **row))
    before = row.get(name)
    if before is None:
        row[name] = value
        entries.said[table.id, ref, name] = one
    elif not _alike(before, value):
        first = entries.said.get((table.id, ref, name))
        cells = [
            CellRef(table.id, ref, name, entries.locate.get(which), table[name].title, which.printed)
            for which in (first, one)
            if which
        ]
        entries.findings.append(
            notify("READ-120", *cells, field=table[name].title, first=show(before), second=show(value),
                   place=cells[-1].location)
        )  # fmt: skip


def _alike(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return fold(one) == fold(other)
    return one == other


def _fact(entries: Entries, where: Cell, one: Said) -> None:
    value = one.value
    if isinstance(value, str) and where.field.type == "string":
        value = value.strip()
        if where.field.enum and value not in where.field.enum:
            value = next((v for v, label in where.field.labels.items() if label == value), None)
        if value is None or text_fault(value, where.field.reserved):
            entries.homeless.append(one)
            return
    if where.table.id == "tables" and not _of_a_form(value, entries.year):
        entries.homeless.append(one)
        return
    if where.field.amount:
        value = _in_unit(entries, one)
        if value is None:
            return
    _put(entries, where.table, where.key, where.field.name, value, one)


def _of_a_form(statement: Value, year: int) -> bool:
    """Whether a sentence without figures says of a form, in a year, that it is empty or withheld."""
    if not isinstance(statement, str) or set(years_in(statement)) - {year}:
        return False
    return declares_empty(statement) or says_withheld(statement)


def _in_unit(entries: Entries, one: Said) -> Value:
    """An amount in the report's unit and decimals; without a place where it is finer than these."""
    if not isinstance(one.value, Decimal):
        return one.value
    value = one.value
    if one.unit and entries.unit:
        value *= Decimal(YUAN[one.unit]) / YUAN[entries.unit]
    padded = value.quantize(Decimal(1).scaleb(-entries.decimals)) if abs(value) < 10**15 else value
    if padded != value:
        entries.homeless.append(one)
        return None
    return padded or abs(padded)


def _claim(entries: Entries, one: Said, occurrence: int) -> None:
    table = entries.spec.tables["claims"]
    key: dict[str, Value] = {"path": one.path, "occurrence": occurrence}
    unit = one.unit or ("%" if one.path.endswith("_percent") else None)
    row: dict[str, Value] = dict(key, value=one.value, unit=unit, printed=one.printed.replace("\n", ""))
    entries.rows.setdefault("claims", {})[tuple(key.items())] = row
    name = row_name(table, make_row(table, **row))
    for field_name in ("value", "printed"):
        entries.said["claims", name, field_name] = one


#: Lists of subjects → the fields that name an element, of a functional path or alone of an economic 款.
_NAMED: Mapping[str, tuple[str, ...]] = {
    "general_budget_structure": ("class_name",),
    "general_budget_items": ("class_name", "section_name", "item_name"),
    "basic_expenditure_items": ("name",),
}


def _name_codes(entries: Entries) -> None:
    """Give the elements of the lists of subjects the codes that their names stand for."""
    for table, fields in _NAMED.items():
        for row in entries.rows.get(table, {}).values():
            names = [str(row.get(name)) for name in fields]
            if row.get("code") is None:
                economic = table == "basic_expenditure_items"
                row["code"] = (
                    economic_code(names[0], entries.year)
                    if economic
                    else functional_code(names, entries.year)
                )


def _change(entries: Entries, where: Change, one: Said) -> None:
    subject = where.subject
    if where.element:
        listed = entries.rows.get("general_budget_items", {})
        position = int(_POSITION.findall(where.element)[-1])
        row = next((r for r in listed.values() if r.get("no") == position), {})
        if row.get("code") is None:
            entries.homeless.append(one)
            return
        subject = f"{subject}.{row['code']}"
    value = _in_unit(entries, one) if where.field.amount else one.value
    if value is not None:
        key: dict[str, Value] = {"subject": subject, "base": where.base}
        _put(entries, entries.spec.tables["changes"], key, where.field.name, value, one)


def note_rates(entries: Entries) -> None:
    """Complete the comparisons whose rate is printed though its base is zero with how it is printed."""
    table = entries.spec.tables["changes"]
    rows = {row_name(table, make_row(table, **row)): row for row in entries.rows.get("changes", {}).values()}
    for path, name, printed in without_base(build(entries.spec, entries.built())):
        row = rows.get(name)
        if row is not None and row.get("rate_note") is None:
            row["rate_note"] = printed
            entries.said["changes", name, "rate_note"] = entries.said["claims", f"{path}/1", "value"]


def describe(entries: Entries, edition: Edition) -> None:
    """Complete ``report`` and ``tables``: what the document is, and in which state it leaves each of the nine tables."""
    about = entries.rows.setdefault("report", {}).setdefault((), {})
    unit, decimals = entries.unit, entries.decimals
    about.update(
        spec_version=entries.spec.version, edition=edition.id, unit=unit, decimals=decimals, precision=usual_step(unit, decimals),
        fiscal_year=entries.year or None, currency="CNY",
    )  # fmt: skip
    if about.get("document_kind"):
        about["title"] = f"{entries.year}年度{about['document_kind']}"
    listed = entries.rows.setdefault("tables", {})
    printed = {
        table: str(row.get("title"))
        for row in entries.rows.get("table_list", {}).values()
        if (table := title_of(str(row.get("title"))))
    }
    for form in entries.spec.forms:
        row = listed.setdefault((("table", form.id),), {"table": form.id})
        statement = row.get("statement")
        withheld = isinstance(statement, str) and says_withheld(statement)
        row["status"] = EMPTY if statement and not withheld else MISSING
        if withheld:
            row["reason"], row["statement"] = statement, None
        if row.get("statement"):
            row["statement"] = f"{row['statement']}".rstrip("。") + "。"  # as it stands below the form
        row["printed_title"] = printed.get(form.id)
