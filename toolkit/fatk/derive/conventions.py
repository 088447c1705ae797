"""Usages of bookkeeping as relations, wherever the sums of a report agree with them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fatk.derive.declared import Convention, cell_of
from fatk.derive.network import RULE, Network, Relation
from fatk.derive.relations import Ground, rest_of
from fatk.model import TOTAL
from fatk.rounding import ZERO
from fatk.rules.context import Ref
from fatk.rules.linear import parent_of

_ONE = Decimal(1)
#: How many digits the code of an item has.
_ITEM = 7


def usable(convention: Convention, ground: Ground, network: Network) -> tuple[list[Relation], bool]:
    """What a convention says of a report's amounts, and whether it was tried and does not agree with them."""
    if convention.kind == "columns":
        return _columns(convention, ground, network)
    return _equal(convention, ground, network), False


def _equal(convention: Convention, ground: Ground, network: Network) -> list[Relation]:
    """Amounts that are equal by usage: where others are zero, or where the one is listed and the other known."""
    body = convention.body
    if any(network.value(cell_of(cell)) != 0 for cell in body.get("zero", ())):
        return []
    found = []
    for relation in ground.of_rule(convention.rule, convention=convention.id):
        cells = [cell for _, cell in relation.terms]
        there = all(cell.row in ground.context.rows_of(cell.table) for cell in cells)
        if len(cells) == 2 and there and (not body.get("listed") or _listed(cells, network)):
            found.append(relation)
    return found


def _listed(cells: list[Ref], network: Network) -> bool:
    """Whether the first amount is known to be there, and the second is known."""
    low, _ = network.bounds(cells[0])
    return bool(low) and network.value(cells[1]) is not None


def _columns(convention: Convention, ground: Ground, network: Network) -> tuple[list[Relation], bool]:
    """Items that stand in one column each, where every item is of a kind, and the columns come to their totals."""
    found: list[Relation] = []
    disagrees = False
    for table in convention.body["tables"]:
        if table not in ground.built:
            continue
        chosen = _chosen(convention.body, table, ground, network)
        if not chosen:
            continue
        agree = _agree(convention.body, table, chosen, ground, network)
        disagrees |= not agree
        for code, column in chosen.items() if agree else ():
            for other in convention.body["columns"]:
                if other != column:
                    cell = Ref(table, code, other)
                    found.append(
                        Relation(RULE, convention.says["zh"], ((_ONE, cell),), convention=convention.id)
                    )
    return found, disagrees


def _chosen(body: Mapping[str, Any], table: str, ground: Ground, network: Network) -> dict[str, str]:
    """The column of every item of a table; none where one is of no kind, or where the items may not be all."""
    rows = ground.context.rows_of(table)
    codes = [code for code in rows if code.isdigit()]
    items = [code for code in codes if len(code) == _ITEM]
    parents = {parent_of(code) for code in codes}
    whole = all(code in parents for code in codes if len(code) < _ITEM) and all(
        network.value(rest_of(table, parent, body["whole"])) == 0 for parent in parents
    )
    at = ground.context.spec.tables[table].position["name"]
    found = {code: _column(body, code, str(rows[code][at])) for code in items}
    if not whole or not items or any(column is None for column in found.values()):
        return {}
    return {code: column for code, column in found.items() if column is not None}


def _column(body: Mapping[str, Any], code: str, name: str) -> str | None:
    for kind in body["items"]:
        if name in kind.get("names", ()) or any(code.startswith(start) for start in kind.get("codes", ())):
            return str(kind["column"])
    return None


def _agree(
    body: Mapping[str, Any], table: str, chosen: Mapping[str, str], ground: Ground, network: Network
) -> bool:
    """Whether the items of each column come to the column's total, which is known, within rounding."""
    for column in body["columns"]:
        total = network.value(Ref(table, TOTAL, column))
        parts = [
            network.value(Ref(table, code, body["whole"])) for code, of in chosen.items() if of == column
        ]
        if total is None or any(part is None for part in parts):
            return False
        half = ground.half(Ref(table, TOTAL, column))
        if abs(total - sum((part for part in parts if part), ZERO)) > half * (1 + len(parts)):
            return False
    return True
