"""The standard as values: tables and fields, editions and printed forms, code lists. Read once, never changed.

Everything here is interpreted from ``schemas/``; nothing of the standard is written in Python.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from fatk import resources
from fatk.errors import Misuse


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of one table, as its Table Schema declares it. ``path`` are the paths of the narrative that it holds, ``at``
    the values of the key of those that stand for certain rows. ``plain``: a text that is printed as it is."""

    name: str
    type: str
    title: str
    description: str
    required: bool
    enum: tuple[str, ...]
    labels: Mapping[str, str]
    pattern: re.Pattern[str] | None
    minimum: Decimal | None
    maximum: Decimal | None
    unit: str | None
    unit_of: str | None
    states: bool
    only: str | None
    by_edition: bool
    path: tuple[str, ...]
    at: Mapping[str, Mapping[str, str | int]]
    reserved: frozenset[str]
    plain: bool
    #: Whether values are numbers (counts included).
    numeric: bool = field(init=False)
    #: Whether values are money in the report's (or the table's) unit.
    amount: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numeric", self.type in ("number", "integer"))
        object.__setattr__(self, "amount", self.unit_of == "report")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A field whose values must stand in a field of another table."""

    field: str
    table: str
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """Words by which a printed title is known to be a table's: one of each group, none of the excluded."""

    all: tuple[tuple[str, ...], ...]
    none: tuple[str, ...]
    confirm: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table of the standard. ``kind`` is form (one of the nine), note (explanatory) or meta.

    ``amounts`` are those of its fields that are money in the report's unit, in order.
    """

    id: str
    order: int
    kind: str
    single: bool
    title: str
    description: str
    fields: tuple[Field, ...]
    amounts: tuple[Field, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    scheme: str | None
    lines: tuple[str, ...]
    recognition: Recognition | None
    position: Mapping[str, int]
    key_positions: tuple[int, ...]
    schema: Mapping[str, Any] = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> Field:
        return self.fields[self.position[name]]


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column: its header path, what it holds and, where the form says so, its line and 栏次."""

    header: tuple[str, ...]
    role: str
    field: str | None = None
    line: str | None = None
    number: str | None = None
    width: float | None = None


@dataclass(frozen=True, slots=True)
class FixedLine:
    """One fixed printed row of a form; ``line`` is empty where only a 行次 is printed."""

    block: str
    position: int
    line_number: str
    label: str
    name: str
    line: str
    kind: str
    within: str
    aliases: tuple[str, ...]
    certainty: str


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that stand side by side and share their rows: a whole list form, or one side or lane of a form."""

    name: str
    columns: tuple[Column, ...]
    lines: tuple[FixedLine, ...]

    @property
    def open(self) -> bool:
        """Whether the block has a row of each code that the report has, rather than fixed lines."""
        return all(fixed.kind == "total" for fixed in self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The printed form of one table in one edition."""

    table: str
    number: str | None
    title: str
    aliases: tuple[str, ...]
    total: str
    landscape: bool
    footnotes: tuple[str, ...]
    empty_statement: str | None
    certainty: str
    source: str
    blocks: tuple[Block, ...]
    parts: Mapping[str, str] = field(default_factory=dict)

    def certainty_of(self, part: str) -> str:
        """How sure one part is (title, order, number, columns, total), where it is not as sure as the whole form."""
        return self.parts.get(part, self.certainty)

    @property
    def columns(self) -> Iterator[Column]:
        """Every column, from left to right."""
        return (column for block in self.blocks for column in block.columns)

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that have a column."""
        return frozenset(column.field for column in self.columns if column.field)


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """One edition of the printed forms. ``forms`` are in printed order."""

    id: str
    title: str
    region: str
    base: str | None
    first_year: int
    last_year: int | None
    certainty: str
    source: str
    unit: str
    decimals: int
    unit_line: str
    entity_line: str | None
    column_number_label: str | None
    forms: Mapping[str, Form]

    def covers(self, year: int) -> bool:
        """Whether the edition was in use in a fiscal year."""
        return self.first_year <= year <= (self.last_year or 9999)


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list, in force from ``first_year`` to ``last_year`` (``None``: not known to have ended)."""

    code: str
    name: str
    level: str
    parent: str
    first_year: int | None
    last_year: int | None
    certainty: str

    def covers(self, year: int) -> bool:
        """Whether the entry is in force in a year, as far as is known."""
        return (self.first_year or 0) <= year <= (self.last_year or 9999)


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """The whole standard."""

    version: str
    tables: Mapping[str, Table]
    root: Mapping[str, Any] = field(repr=False)

    @property
    def forms(self) -> tuple[Table, ...]:
        """The nine tables."""
        return tuple(t for t in self.tables.values() if t.kind == "form")

    @property
    def notes(self) -> tuple[Table, ...]:
        """The explanatory tables."""
        return tuple(t for t in self.tables.values() if t.kind == "note")

    def edition(self, edition_id: str) -> Edition:
        """The edition of that id; ``Misuse`` where there is none."""
        if edition_id not in edition_ids():
            raise Misuse("EDITION_UNKNOWN", edition=edition_id, known=", ".join(edition_ids()))
        return _edition(edition_id)

    @property
    def editions(self) -> tuple[Edition, ...]:
        """Every edition, by id."""
        return tuple(_edition(i) for i in edition_ids())

    def edition_for(self, edition_id: str, year: int) -> Edition:
        """The edition of that id or, where it is unknown here, the national one of the year or nearest before it."""
        if edition_id in edition_ids():
            return _edition(edition_id)
        national = sorted(
            (e for e in self.editions if e.id.startswith("national-")), key=lambda e: e.first_year
        )
        earlier = [e for e in national if e.first_year <= year]
        return earlier[-1] if earlier else national[0]

    def codes(self, scheme: str) -> Mapping[str, tuple[Code, ...]]:
        """Entries of a code list by code, earlier years first."""
        return _codes(scheme)

    def code(self, scheme: str, code: str, year: int) -> Code | None:
        """The entry of a code that is in force in a year, or ``None``."""
        return next((entry for entry in _codes(scheme).get(code, ()) if entry.covers(year)), None)


@cache
def load() -> Spec:
    """The standard that this package carries."""
    root = resources.read_json("standard.json")
    schemas = [resources.read_json("tables", name + ".json") for name in resources.names("tables", ".json")]
    titles = {schema["fatk"]["id"]: schema["fatk"]["title"] for schema in schemas}
    tables = sorted((_table(schema, titles) for schema in schemas), key=lambda t: t.order)
    return Spec(root["version"], MappingProxyType({t.id: t for t in tables}), MappingProxyType(root))


def _table(schema: Mapping[str, Any], titles: Mapping[str, str]) -> Table:
    block = schema["fatk"]
    fields = tuple(_field(f, titles, frozenset(schema["missingValues"])) for f in schema["fields"])
    position = {f.name: i for i, f in enumerate(fields)}
    recognise = block.get("recognise")
    key = tuple(schema.get("primaryKey", ()))
    return Table(
        id=block["id"], order=block["order"], kind=block["kind"], single=block["rows"] == "one",
        title=block["title"], description=block["description"], fields=fields, amounts=tuple(f for f in fields if f.amount), key=key,
        foreign_keys=tuple(
            ForeignKey(k["fields"][0], k["reference"]["resource"], k["reference"]["fields"][0])
            for k in schema.get("foreignKeys", ())
        ),
        scheme=block.get("scheme"), lines=tuple(block.get("lines", ())),
        recognition=recognise and Recognition(
            tuple(tuple(group) for group in recognise["all"]), tuple(recognise["none"]), tuple(recognise["confirm"])
        ),
        position=MappingProxyType(position), key_positions=tuple(position[k] for k in key), schema=schema,
    )  # fmt: skip


def _field(declared: Mapping[str, Any], titles: Mapping[str, str], reserved: frozenset[str]) -> Field:
    constraints, block = declared.get("constraints", {}), declared.get("fatk", {})
    labels = block.get("labels", {})
    if block.get("labels_from") == "tables":
        labels = {value: titles[value] for value in constraints["enum"]}
    pattern, minimum, maximum = (constraints.get(name) for name in ("pattern", "minimum", "maximum"))
    return Field(
        name=declared["name"], type=declared["type"], title=declared["title"], description=declared["description"],
        required=constraints.get("required", False), enum=tuple(constraints.get("enum", ())),
        labels=MappingProxyType(labels), pattern=re.compile(pattern) if pattern else None,
        minimum=None if minimum is None else Decimal(minimum), maximum=None if maximum is None else Decimal(maximum),
        unit=block.get("unit"), unit_of=block.get("unit_of"),
        states=block.get("states", False), only=block.get("only"),
        by_edition=block.get("by_edition", False), path=tuple(block.get("path", ())), at=MappingProxyType(block.get("at", {})), reserved=reserved, plain=declared["type"] == "string" and not labels,
    )  # fmt: skip


@cache
def edition_ids() -> tuple[str, ...]:
    """Ids of every edition, sorted."""
    return resources.names("editions", ".json")


@cache
def _edition_data(edition_id: str) -> Mapping[str, Any]:
    """An edition's declaration with everything that it inherits; a table's form is replaced member by member, and how sure
    a part is holds for its own edition only."""
    own: dict[str, Any] = resources.read_json("editions", edition_id + ".json")
    if not own.get("base"):
        return own
    base = _edition_data(own["base"])
    forms = {form["table"]: form for form in base["forms"]}
    merged = [
        {**forms.get(form["table"], {}), "parts": {}, **form} for form in own.get("forms", base["forms"])
    ]
    return {**base, **own, "forms": merged, "chain": [own["id"], *base.get("chain", [base["id"]])]}


@cache
def _edition(edition_id: str) -> Edition:
    data = _edition_data(edition_id)
    chain = data.get("chain", [edition_id])
    forms = {form["table"]: _form(form, chain) for form in data["forms"]}
    return Edition(
        id=data["id"], title=data["title"], region=data["region"], base=data.get("base"),
        first_year=data["first_year"], last_year=data.get("last_year"), certainty=data["certainty"],
        source=data["source"], unit=data["unit"], decimals=data["decimals"], unit_line=data["unit_line"],
        entity_line=data["entity_line"], column_number_label=data.get("column_number_label"),
        forms=MappingProxyType(forms),
    )  # fmt: skip


def _form(data: Mapping[str, Any], chain: list[str]) -> Form:
    blocks = []
    for block in data["blocks"]:
        columns = tuple(
            Column(
                tuple(c["header"]), c["role"], c.get("field"), c.get("line"), c.get("number"), c.get("width")
            )
            for c in block["columns"]
        )
        blocks.append(Block(block["name"], columns, _fixed_lines(chain, data["table"], block["name"])))
    return Form(
        table=data["table"], number=data.get("number"), title=data["title"], aliases=tuple(data.get("aliases", ())),
        total=data.get("total", "first"), landscape=data.get("landscape", False),
        footnotes=tuple(data.get("footnotes", ())), empty_statement=data.get("empty_statement"),
        certainty=data["certainty"], source=data["source"], blocks=tuple(blocks),
        parts=MappingProxyType(data.get("parts", {})),
    )  # fmt: skip


def _fixed_lines(chain: list[str], table: str, block: str) -> tuple[FixedLine, ...]:
    """The fixed lines of a block: those of the nearest edition in the chain of inheritance that lists the table."""
    by_edition = _all_fixed_lines()
    for edition_id in chain:
        if (edition_id, table) in by_edition:
            return tuple(line for line in by_edition[edition_id, table] if line.block == block)
    return ()


@cache
def _all_fixed_lines() -> Mapping[tuple[str, str], tuple[FixedLine, ...]]:
    found: dict[tuple[str, str], list[FixedLine]] = {}
    for row in read_list("fixed_lines"):
        aliases = tuple(a for a in row["aliases"].split("|") if a)
        found.setdefault((row["edition"], row["table"]), []).append(
            FixedLine(
                row["block"], int(row["position"]), row["line_number"], row["label"], row["name"], row["line"],
                row["kind"], row["within"], aliases, row["certainty"],
            )
        )  # fmt: skip
    return {
        place: tuple(sorted(lines, key=lambda x: (x.block, x.position))) for place, lines in found.items()
    }


@cache
def read_list(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of one code list, as text."""
    return tuple(csv.DictReader(io.StringIO(resources.read_text("codelists", name + ".csv"))))


@cache
def _codes(scheme: str) -> Mapping[str, tuple[Code, ...]]:
    found: dict[str, list[Code]] = {}
    for row in read_list(scheme):
        first, last = row.get("first_year"), row.get("last_year")
        found.setdefault(row["code"], []).append(
            Code(row["code"], row["name"], row["level"], row["parent"], int(first) if first else None,
                 int(last) if last else None, row.get("certainty", ""))
        )  # fmt: skip
    return MappingProxyType({code: tuple(entries) for code, entries in found.items()})
