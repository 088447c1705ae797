"""What kind of slip turns the right figure of a cell into the printed one."""

from __future__ import annotations

from decimal import Decimal

from fatk.causes.network import Network
from fatk.causes.weights import scaled
from fatk.model import REPORTED, is_number
from fatk.rules.context import YUAN

#: Powers of ten by which a figure may be off.
_POWERS = range(1, 9)
# How surely a name fits: hardly by chance, by chance now and then, no name at all. It adds to the cost of an act.
SURE, LIKELY, BARE = range(3)


class Names:
    """What kind of slip turns the right figure of a cell into the printed one."""

    def __init__(self, net: Network) -> None:
        self.net, self.context = net, net.context
        self._others: dict[int, frozenset[int]] = {}
        self._parts: dict[int, frozenset[int]] = {}

    def of(self, cell: int, right: int) -> tuple[str, int]:
        """The kind of the slip and how surely it is one."""
        at = self.net.cells[cell]
        if not at.known:
            return "row_lost", SURE
        kind = _of_figures(at.value, right, at.step)
        if kind in _SURELY:
            return kind, SURE
        if at.value and at.value - right in self.parts(cell):
            return "subtotal_counted_twice", SURE
        # cells that are equal but for rounding are no proof
        if at.value and abs(at.value - right) > 4 * at.half:
            if at.value == self.last_year(cell):
                return "last_year", SURE
            if at.value in self.others(cell):
                return "other_table", SURE
        return (kind, LIKELY) if kind else ("single_cell", BARE)

    def last_year(self, cell: int) -> int | None:
        """The figure of the same cell in the previous report."""
        before, ref = self.context.previous, self.net.cells[cell].ref
        if before is None or not is_number(before.value(*ref)):
            return None
        ours, theirs = self.context.report.unit, before.report.unit
        factor = Decimal(YUAN[theirs]) / Decimal(YUAN[ours]) if ours in YUAN and theirs in YUAN else 1
        return scaled(before.operand(*ref).value * factor)

    def others(self, cell: int) -> frozenset[int]:
        """Figures of the cells that correspond to one in other tables: of the same code or line, and the same field."""
        if cell not in self._others:
            ref = self.net.cells[cell].ref
            found = self.net.figures() if ref.table == "claims" else set()
            for table in self.context.spec.forms if ref.table != "claims" else ():
                if table.id == ref.table or self.context.status.get(table.id) != REPORTED:
                    continue
                fields = [
                    f.name for f in table.amounts if f.name == ref.field or {f.name, ref.field} <= _WHOLE
                ]
                for row in self.net.rows_like(ref, table.id) if fields else ():
                    found |= {scaled(self.context.operand(table.id, row, name).value) for name in fields}
            self._others[cell] = frozenset(found - {0})
        return self._others[cell]

    def parts(self, cell: int) -> frozenset[int]:
        """Figures below a total: its parts and the parts of those in the same table."""
        if cell not in self._parts:
            found: set[int] = set()
            level = [cell]
            for _ in range(2):
                level = [part for top in level for part in self.net.parts(top)]
                found |= {self.net.cells[part].value for part in level}
            self._parts[cell] = frozenset(found - {0})
        return self._parts[cell]


#: Fields that hold the whole of a row.
_WHOLE = frozenset({"total", "amount"})
#: Slips of a figure's digits that hardly fit by chance.
_SURELY = frozenset({"sign", "unit_slip", "digits_transposed"})


def _of_figures(printed: int, right: int, step: int) -> str | None:
    """The slip of digits, sign or point between two figures on the same grid, if there is one."""
    if printed == -right:
        return "sign" if right else None
    if not printed or not right or (printed < 0) != (right < 0) or printed % step:
        return None
    one, other = abs(printed) // step, abs(right) // step
    small, large = min(one, other), max(one, other)
    for power in _POWERS:
        coarse = power >= 3 and small >= 10 and (large + 10**power // 2) // 10**power == small
        if large == small * 10**power or coarse:
            return "unit_slip"
    return _of_digits(str(one), str(other))


def _of_digits(printed: str, right: str) -> str | None:
    if len(printed) == len(right):
        differ = [n for n, digit in enumerate(printed) if digit != right[n]]
        first, last = differ[0], differ[-1]
        if last == first + 1 and printed[first] == right[last] and printed[last] == right[first]:
            return "digits_transposed"
        if len(differ) == 1 and abs(int(printed) - int(right)) > 1:
            return "digit_changed"
    # the digit after the one left out may be a nought, now in front; of the decimals one may be left out, and the last
    # place filled up with a nought
    if _without_one(right, printed.zfill(len(right) - 1)) or (
        printed[-1] == "0" and _without_one(right, printed[:-1])
    ):
        return "digit_lost"
    if _without_one(printed, right):
        return "digit_added"
    return None


def _without_one(longer: str, shorter: str) -> bool:
    """Whether a text is another with one character left out."""
    if len(longer) != len(shorter) + 1:
        return False
    n = next((n for n, c in enumerate(shorter) if longer[n] != c), len(shorter))
    return longer[n + 1 :] == shorter[n:]
