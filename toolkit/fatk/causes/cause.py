"""A cause, and how it is told to the person who keeps the accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from fatk import resources
from fatk.findings import fill
from fatk.layout import PRINTED_NOTHING
from fatk.rules.context import Context, Ref
from fatk.rules.narrative.claims import entry_of
from fatk.rules.prose import line_name
from fatk.rules.report import cell as described
from fatk.values import Nothing, show


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that may have gone wrong. With the figures of ``would_reconcile`` in ``cells`` the checks would pass.

    ``explains`` are the places, in the list of checks given, of those that failed because of it. Causes of one ``group``
    answer the same failures: those of one ``option`` together, those of different options instead of each other. The last
    ``carried`` cells are totals that merely follow the others. A lost row whose code is not known is named by its parent
    and a star (``20103*``); figures are in their table's unit and decimals.
    """

    kind: str
    cells: tuple[Ref, ...]
    would_reconcile: tuple[Decimal, ...]
    explains: tuple[int, ...]
    group: int = 0
    option: int = 0
    carried: int = 0


@cache
def _sentences() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return {entry["kind"]: entry for entry in resources.read_json("notices", "causes.json")["causes"]}


def stands(ref: Ref, context: Context) -> bool:
    """Whether the cell is in a row that the report has; a lost row has none."""
    return not ref.row.endswith("*") and ref.row in context.rows_of(ref.table)


def title(kind: str, language: str = "zh") -> str:
    """The name of a kind of cause."""
    return _sentences()[kind]["title"][language]


def sentence(cause: Cause, context: Context, language: str = "zh") -> str:
    """A cause as one or two sentences for the person who keeps the accounts."""
    kind = _sentences()[cause.kind]
    own = len(cause.cells) - cause.carried
    unknown = cause.cells[0].row.endswith("*")
    form = "unknown" if unknown and "unknown" in kind else "many" if own > 1 and "many" in kind else "message"
    said = fill(kind[form][language], details(cause, context, language))
    if cause.carried:
        more = fill(_sentences()["carried"]["message"][language], {"count": cause.carried})
        said += more if language == "zh" else f" {more}"
    return said


def details(cause: Cause, context: Context, language: str = "zh") -> Mapping[str, str]:
    """What the sentences of causes may name: places, printed and reconciling figures, the table, its columns and rows."""
    own = len(cause.cells) - cause.carried
    cells, values = cause.cells[:own], [format(value, "f") for value in cause.would_reconcile[:own]]
    table = context.spec.tables[cells[0].table]
    second = min(1, own - 1)
    comma = "、" if language == "zh" else ", "
    titles = [table[ref.field].title for ref in cells]
    named = [f"{title} {value}" for title, value in zip(titles, values, strict=True)]
    return {
        "place": _place(cells[0], context, language), "place_2": _place(cells[second], context, language),
        "printed": _printed(cells[0], context, language), "printed_2": _printed(cells[second], context, language),
        "value": values[0], "value_2": values[second],
        "table": table.title, "columns": comma.join(dict.fromkeys(titles)), "count": str(own),
        "row": _row(cells[0], context), "last_row": _row(cells[-1], context),
        "values": comma.join(named[:3] + ["…"] * (len(named) > 3)),
    }  # fmt: skip


def _place(ref: Ref, context: Context, language: str) -> str:
    if ref.table == "claims":
        entry = entry_of(ref.row)
        name = entry.name if entry else ref.row
        return fill(_sentences()["stated"]["message"][language], {"name": name})
    table = context.spec.tables[ref.table]
    if table.kind != "form":
        return described(ref, context).label or ref.row
    column = f"·{table[ref.field].title}" if len(table.amounts) > 1 else ""
    return f"《{table.title}》{_row(ref, context)}{column}"


def _printed(ref: Ref, context: Context, language: str) -> str:
    value = context.value(*ref)
    if isinstance(value, Nothing) and language == "zh":
        return PRINTED_NOTHING[value]
    return show(value) if value is not None else "…"


def _row(ref: Ref, context: Context) -> str:
    """A row's printed name with its code; of a row that is not there its code, or else its parent's name."""
    if ref.row.endswith("*"):
        return _row(ref._replace(row=ref.row[:-1]), context)
    table = context.spec.tables[ref.table]
    row = context.rows_of(ref.table).get(ref.row)
    name = row[table.position["name"]] if row is not None and "name" in table.position else None
    if not isinstance(name, str):
        return line_name(table.id, ref.row)
    return f"{ref.row} {name}" if ref.row.isdigit() else name
