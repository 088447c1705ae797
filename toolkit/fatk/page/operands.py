"""The figures that checks are made of, for the page's script: those of forms by number, the others with name, value and place."""

from __future__ import annotations

from decimal import Decimal

from fatk.findings import Places, nowhere
from fatk.page.sheets import Sheets, printed
from fatk.rules.context import Context, Operand, Ref
from fatk.rules.narrative.claims import read_claims
from fatk.rules.narrative.figures import subject_of
from fatk.rules.narrative.outcomes import called
from fatk.rules.report import cell
from fatk.rules.terms import CONSTANT
from fatk.spec import read_list
from fatk.values import Value, show, visible

_LABEL = 200


class Operands:
    """The numbers of figures; that of one which no form prints is below zero, and is kept in ``extras`` in that order: its
    name, its value, which other report it is of, its place in the person's file. ``claims`` tells of those that are claims
    which, by their place in ``extras``."""

    def __init__(self, context: Context, sheets: Sheets, places: Places = nowhere) -> None:
        self.context, self.sheets, self.places = context, sheets, places
        self.extras: dict[tuple[str, str, str, str], int] = {}
        self.claims: dict[int, str] = {}
        self._claims = {claim.ref.row: claim for claim in read_claims(context)}
        self._bases = {row["base"]: row["name"] for row in read_list("change_bases")}

    def of_operand(self, operand: Operand, of: str | None = None) -> int:
        """The number of an operand, which may be ``of`` another report."""
        found = None if of else self.sheets.number(*operand.ref)
        if found is not None:
            return found
        value = "" if operand.why else figure(operand.value) or ""
        if operand.ref == CONSTANT:
            return self._extra("", value, "", "")
        return self._extra(self._name(operand.ref), value, of or "", "" if of else self._place(operand.ref))

    def of_cell(self, ref: Ref) -> int:
        """The number of a cell of the report."""
        found = self.sheets.number(*ref)
        if found is not None:
            return found
        value: Value = self.context.value(*ref)
        shown = "" if value is None else printed(value)
        claim = self._claims.get(ref.row) if ref.table == "claims" else None
        if claim is not None:
            said = self.context.value("claims", ref.row, "printed")
            shown = visible(said, _LABEL) if isinstance(said, str) else printed(claim.value)
        number = self._extra(self._name(ref), shown, "", self._place(ref))
        if claim is not None:
            self.claims.setdefault(-1 - number, ref.row)
        return number

    def _extra(self, *extra: str) -> int:
        name, value, of, place = extra
        return -1 - self.extras.setdefault((name, value, of, place), len(self.extras))

    def _place(self, ref: Ref) -> str:
        return visible(self.places(*ref) or "", _LABEL)

    def _name(self, ref: Ref) -> str:
        """What a person calls a cell that no form prints."""
        if ref.table == "claims" and ref.row in self._claims:
            return visible(called(self._claims[ref.row]), _LABEL)
        label = cell(ref, self.context).label or ref.row
        if ref.table == "changes":
            subject, _, base = ref.row.partition("/")
            known = subject_of(subject)
            label = f"{known[0] if known else subject}·{self._bases.get(base, base)}·{label}"
        elif self.context.spec.tables[ref.table].kind == "note":
            label = f"《{self.context.spec.tables[ref.table].title}》{label}"
        return visible(label, _LABEL)


def figure(value: Decimal | str | None) -> str | None:
    """A figure as it is printed."""
    if isinstance(value, Decimal):
        return printed(value)
    return None if value is None else visible(show(value))
