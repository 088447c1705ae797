"""Figures of claims and of cells in the report's unit, each with the interval that it was rounded from, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple

from fatk.rounding import ZERO
from fatk.rules.context import ABSENT, BLANK, UNDISCLOSED, YUAN, Context, Ref
from fatk.rules.narrative.claims import Claim, catalogue, claim_ref, read_claims, resolved, subjects
from fatk.values import Nothing, Value, decimals_of

#: Why a figure cannot be used: nothing is stated, or a dash is printed, which are no faults; or its unit is unknown.
UNSTATED: Final = "unstated"
DASH: Final = "n/a"
UNIT: Final = "unit"
_WHYS: Final[Mapping[Value, str]] = MappingProxyType(
    {None: BLANK, Nothing.UNDISCLOSED: UNDISCLOSED, Nothing.NOT_APPLICABLE: DASH}
)

ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)
_YUAN: Final[Mapping[Value, Decimal]] = MappingProxyType({unit: Decimal(yuan) for unit, yuan in YUAN.items()})
#: What a constant or a count stands for: no cell.
NO_CELL: Final = Ref("", "", "")


class Figure(NamedTuple):
    """A figure in the report's unit, or why there is none.

    ``half`` is the half-width of its interval with the decimals of the document, ``own`` with those that it is itself
    printed with: wider where it is printed shorter than the rest.
    """

    ref: Ref
    value: Decimal = ZERO
    half: Decimal = ZERO
    own: Decimal = ZERO
    why: str | None = None
    weight: Decimal = ONE


@dataclass(slots=True, eq=False)
class Stated:
    """The claims of a report made quick to look up, in the order of the code list; figures once they are asked for."""

    unit: Value
    half: Decimal | None
    by_path: dict[str, list[Claim]] = field(default_factory=dict)
    by_cell: dict[Ref, list[Claim]] = field(default_factory=dict)
    figures: dict[Ref, Figure] = field(default_factory=dict)
    firsts: dict[str, dict[str, list[Claim]]] = field(default_factory=dict)

    def first(self, path: str, element: str | None = None) -> list[Claim]:
        """The claims of a path, or those of one element of its list: of each element only the first occurrence."""
        found = self.firsts.get(path)
        if found is None:
            found = self.firsts[path] = {}
            before: tuple[int, ...] | None = None
            for claim in self.by_path.get(path, ()):
                if claim.positions != before:
                    before = claim.positions
                    found.setdefault(str(before[0]) if before else "", []).append(claim)
        return found.get(element, []) if element is not None else list(chain.from_iterable(found.values()))


def stated_in(context: Context) -> Stated:
    """The claims of the context's report."""
    return context.once("stated", partial(_stated, context))


def _stated(context: Context) -> Stated:
    about = context.report.one("report")
    known = isinstance(about.get("precision"), Decimal) or isinstance(about.get("decimals"), int)
    found = Stated(about.get("unit"), context.scale("claims")[1] if known else None)
    for claim in read_claims(context):
        found.by_path.setdefault(claim.entry.path, []).append(claim)
        if claim.cell:
            found.by_cell.setdefault(claim.cell, []).append(claim)
    return found


def of_claim(claim: Claim, stated: Stated) -> Figure:
    """A claim's figure; one that is blank states nothing."""
    if not isinstance(claim.value, Decimal):
        return Figure(claim.ref, why=UNSTATED if claim.value is None else _WHYS.get(claim.value, UNSTATED))
    if claim.entry.measure == "amount":
        return _amount(claim.ref, claim.value, claim.unit, stated)
    of_scores = claim.entry.measure == "score"
    return _points(claim.ref, claim.value) if of_scores else as_rounded(claim.ref, claim.value)


def _amount(ref: Ref, value: Decimal, unit: Value, stated: Stated) -> Figure:
    """An amount printed in a unit of its own, in the report's; one that names no unit is in the report's."""
    places = decimals_of(value)
    unit = unit or stated.unit
    own = ZERO if unit == "元" and places >= 2 else ONE.scaleb(-places) / 2
    if unit == stated.unit:
        return Figure(ref, value, own if stated.half is None else min(own, stated.half), own)
    if unit not in _YUAN or stated.unit not in _YUAN:
        return Figure(ref, why=UNIT)
    factor = _YUAN[unit] / _YUAN[stated.unit]
    return Figure(ref, value * factor, own * factor, own * factor)


def in_unit(figure: Figure, unit: Value, theirs: Value) -> Figure:
    """A figure of a report in another unit, in this one; units that are not known are taken for the same."""
    if unit == theirs or unit not in _YUAN or theirs not in _YUAN:
        return figure
    factor = _YUAN[theirs] / _YUAN[unit]
    value, half, own = (number * factor for number in (figure.value, figure.half, figure.own))
    return figure._replace(value=value, half=half, own=own)


def as_rounded(ref: Ref, value: Decimal) -> Figure:
    """A figure that was rounded to the decimals it is printed with."""
    half = ONE.scaleb(-decimals_of(value)) / 2
    return Figure(ref, value, half, half)


def _points(ref: Ref, value: Decimal) -> Figure:
    """A score: rounded where decimals are printed, else given as it is."""
    return as_rounded(ref, value) if decimals_of(value) else Figure(ref, value)


def of_cell(ref: Ref, context: Context, stated: Stated) -> Figure:
    """The figure of a cell of one of the nine tables or of a note."""
    figure = stated.figures.get(ref)
    if figure is None:
        of = _of_form if context.spec.tables[ref.table].kind == "form" else _of_note
        figure = stated.figures[ref] = of(ref, context, stated)
    return figure


def _of_note(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell of a note: an amount, a count, or a score."""
    table = context.spec.tables[ref.table]
    row = context.rows_of(ref.table).get(ref.row)
    if row is None:
        return Figure(ref, why=ABSENT)
    value, declared = row[table.position[ref.field]], table[ref.field]
    if isinstance(value, int):
        return Figure(ref, Decimal(value))
    if not isinstance(value, Decimal):
        return Figure(ref, why=_WHYS.get(value, BLANK))
    if declared.amount:
        return _amount(ref, value, None, stated)
    if declared.unit_of == "performance_projects.fund_unit":
        unit = context.value("performance_projects", str(row[table.position["project"]]), "fund_unit")
        return _amount(ref, value, unit, stated)
    return _points(ref, value) if declared.unit == "分" else as_rounded(ref, value)


def _of_form(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell of one of the nine tables. A code that is not printed has no money; a total that is not is unknown."""
    operand, value = context.operand(*ref), context.value(*ref)
    own = operand.half
    if own and isinstance(value, Decimal):
        own = max(own, ONE.scaleb(-decimals_of(value)) * context.scale(ref.table)[0] / 2)
    why = DASH if value is Nothing.NOT_APPLICABLE else operand.why
    return Figure(ref, operand.value, operand.half, own, why)


def cell_or_stated(ref: Ref, context: Context, stated: Stated, *, beside: str = "") -> Figure:
    """A cell's figure or, where the table does not give it, what the document states it to be.

    ``beside`` is the path of a claim that must not answer for itself.
    """
    figure = of_cell(ref, context, stated)
    if figure.why and figure.why != DASH:
        for claim in stated.by_cell.get(ref, ()):
            if claim.entry.path != beside and isinstance(claim.value, Decimal):
                return of_claim(claim, stated)
    return figure


def at_path(path: str, positions: Sequence[int], context: Context, stated: Stated) -> Figure:
    """The figure that a path stands for: the cell that it restates, else the claim itself."""
    cell, lacking = resolved(catalogue()[path], positions, context)
    if cell:
        return cell_or_stated(cell, context, stated)
    for claim in stated.first(path):
        if claim.positions == tuple(positions):
            return of_claim(claim, stated)
    if lacking:
        return Figure(lacking, why=gap_at(lacking, context))
    return Figure(claim_ref(path, positions), why=UNSTATED)


def gap_at(ref: Ref, context: Context) -> str:
    """Why a cell of a note says nothing: its row is not there, or it is blank."""
    return BLANK if ref.row in context.rows_of(ref.table) else ABSENT


def current_amount(subject: str, context: Context, stated: Stated) -> Figure:
    """This year's amount of a subject."""
    known = subject_of(subject)
    if known is None:
        return Figure(Ref("changes", f"{subject}/previous_year", "subject"), why=ABSENT)
    return cell_or_stated(known[1], context, stated)


def subject_of(subject: str) -> tuple[str, Ref] | None:
    """Name and cell of a subject; that of an item has its code for the star of the code list."""
    found = subjects().get(subject)
    if found is None:
        stem, _, code = subject.rpartition(".")
        found = subjects().get(f"{stem}.*")
        if found is not None:
            name, cell = found
            return f"{name}（{code}）", cell._replace(row=code)
    return found
