"""What a document states of the amounts of its tables: figures in its text, tables that are at hand, lists without gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from fatk.derive.declared import declared
from fatk.derive.network import LISTED, STATED, Relation
from fatk.derive.relations import Ground, is_rest, rest_of
from fatk.model import row_name
from fatk.rounding import ZERO
from fatk.rules.context import Context, Ref, load_rules
from fatk.rules.linear import parent_of
from fatk.rules.narrative.claims import Claim
from fatk.rules.narrative.figures import of_claim, stated_in
from fatk.values import Value, round_half_up

_ONE = Decimal(1)


def decimals_of_report(context: Context) -> int:
    """Decimals of the report's amounts; two where it does not say."""
    decimals = context.report.one("report").get("decimals")
    return decimals if isinstance(decimals, int) else 2


def claimed(ground: Ground) -> dict[Ref, list[tuple[Claim, Relation]]]:
    """Cell of a missing table → what is stated of it. A figure of fewer decimals than the report's bounds the cell only."""
    context = ground.context
    stated = stated_in(context)
    places = decimals_of_report(context)
    found: dict[Ref, list[tuple[Claim, Relation]]] = {}
    for path, claims in stated.by_path.items():
        for claim in claims:
            figure = of_claim(claim, stated)
            if claim.entry.measure != "amount" or figure.why:
                continue
            exact = figure.own * 2 <= _ONE.scaleb(-places)
            value = round_half_up(figure.value, places) if exact else figure.value
            cells = (*([claim.cell] if claim.cell else []), *declared().restates.get(path, ()))
            for cell in cells:
                if cell.table in ground.built and cell.row in context.rows_of(cell.table):
                    found.setdefault(cell, []).append((claim, _stated(cell, value, figure.own, exact, claim)))
    return found


def _stated(cell: Ref, value: Decimal, own: Decimal, exact: bool, claim: Claim) -> Relation:
    said = f"说明{declared().section(claim.entry.path)}载明"
    return Relation(
        STATED if exact else LISTED, said, ((_ONE, cell),), -value, tolerance=ZERO if exact else own, loose=not exact, leaf=claim.ref
    )  # fmt: skip


def at_hand(ground: Ground) -> Iterator[Relation]:
    """The figures of tables that the report has."""
    for cell in list(ground.amounts):
        if cell.table not in ground.built and not is_rest(cell):
            figure = ground.context.operand(*cell)
            if figure.why is None:
                title = ground.context.spec.tables[cell.table].title
                yield Relation(STATED, f"《{title}》所载", ((_ONE, cell),), -figure.value, leaf=cell)


def listed(ground: Ground) -> Iterator[Relation]:
    """What a list without gaps says: what it names is there, however little; what it does not name has no money.

    A list that names something of which the code is not known may name anything, and says nothing of the others.
    """
    body = load_rules()[declared().gapless["rule"]].body
    table = body["table"]
    if table not in ground.built:
        return
    said = f"说明{declared().section(declared().gapless['section'])}"
    names = _named(ground.context, body["list"])
    rows = [row for row in ground.context.rows_of(table) if row.isdigit()]
    step = least_step(ground.context)
    for group, classes in body["groups"].items():
        codes = names.get(group, [])
        leaf = Ref(body["list"], group, "code")
        known = {code for code in codes if isinstance(code, str)}
        for code in sorted(known & set(rows)):
            yield _least(Ref(table, code, body["field"]), step, f"{said}列有此科目，故不为零", leaf)
        if not codes or None in codes:
            continue
        mine = [row for row in rows if _within(row[:3], classes)]
        parents = {parent_of(code) for code in known}
        for row in mine:
            if row not in known and row not in parents and row[:3] not in known:
                yield _none(
                    Ref(table, row, body["field"]),
                    f"{said}列举有支出的科目，未列此科目，按列举无遗为零",
                    leaf,
                )
        for parent in sorted({row[:3] for row in mine} - known):
            yield _none(rest_of(table, parent, body["field"]), f"{said}列举无遗", leaf)
        if "not" in classes:
            yield _none(rest_of(table, "", body["field"]), f"{said}列举无遗", leaf)


def least_step(context: Context) -> Decimal:
    """The least amount that is printed as more than nothing."""
    precision = context.report.one("report").get("precision")
    if isinstance(precision, Decimal) and precision:
        return precision
    return _ONE.scaleb(-decimals_of_report(context))


def _named(context: Context, listing: str) -> Mapping[str, list[Value]]:
    table = context.spec.tables[listing]
    found: dict[str, list[Value]] = {}
    for row in context.report.rows(listing):
        found.setdefault(str(row[table.position["group"]]), []).append(row[table.position["code"]])
    return found


def _within(code: str, classes: Mapping[str, Iterable[str]]) -> bool:
    return code in classes["of"] if "of" in classes else code not in classes["not"]


def _least(cell: Ref, value: Decimal, said: str, leaf: Ref) -> Relation:
    return Relation(LISTED, said, ((-_ONE, cell),), value, at_most=True, leaf=leaf)


def _none(cell: Ref, said: str, leaf: Ref) -> Relation:
    return Relation(LISTED, said, ((_ONE, cell),), leaf=leaf)


def named_rows(context: Context, listing: str) -> frozenset[str]:
    """Codes that a list names."""
    table = context.spec.tables[listing]
    return frozenset(
        str(row[table.position["code"]]) for row in context.report.rows(listing) if row_name(table, row)
    )
