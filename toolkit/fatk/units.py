"""A report in another unit of money: every amount times one power of ten, exactly, or not at all (specification, 7).

Amounts, the bounds of ``cells`` and the precision are multiplied; claims stay as they were printed, and so does what has a
unit of its own. Decimals never become fewer; where they do not suffice they become more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from fatk.errors import Misuse, Refused, WouldLose
from fatk.model import Report, Row, build, printed_row
from fatk.rounding import usual_step
from fatk.rules.context import YUAN
from fatk.spec import Field, Table
from fatk.values import Value, decimals_of, round_half_up, show

#: The units of a report's amounts, the smallest first.
UNITS = tuple(YUAN)
#: No figure of a report has more decimals, nor more digits before the point.
_MOST, _DIGITS = 6, 18
#: Decimals of amounts of a report that does not say how many.
_USUAL = 2


@dataclass(frozen=True, slots=True)
class Conversion:
    """A report in another unit, and how many of its figures had to be rounded: none, unless loss was allowed."""

    report: Report
    rounded: int = 0


def convert(report: Report, unit: str, *, allow_loss: bool = False) -> Conversion:
    """The report with its amounts in ``unit``, one of ``UNITS``. A table in a unit of its own is converted by itself.

    Raises ``Refused`` where the report does not state its unit, and ``WouldLose`` where a figure or a precision needs more
    decimals than the standard has (with ``allow_loss`` it is rounded) or more digits before the point.
    """
    if unit not in YUAN:
        raise Misuse("UNIT_UNKNOWN", unit=unit, known=" ".join(UNITS))
    if report.unit is None:
        raise Refused("UNIT_NOT_STATED", wanted=unit)
    converter = _Converter(report, unit, allow_loss)
    return Conversion(report) if report.unit == unit and not converter.own else converter.convert()


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """What happens to figures of one unit: their power of ten, and how many decimals they get more."""

    unit: str
    power: int
    more: int


class _Converter:
    """One conversion: the scales of the report and of tables in a unit of their own, then every figure by its scale."""

    def __init__(self, report: Report, unit: str, allow_loss: bool) -> None:
        self.report, self.unit, self.allow_loss = report, unit, allow_loss
        self.rounded: Counter[_Scale] = Counter()
        at = report.spec.tables["tables"].position
        decimals = report.one("report").get("decimals")
        self.decimals = decimals if isinstance(decimals, int) else None
        # A table of the report's own unit and decimals has the report's precision: it goes with all others.
        self.own = {
            str(row[0]): (str(row[at["unit"]] or report.unit), row[at["decimals"]])
            for row in report.rows("tables")
            if isinstance(row[at["decimals"]], int) or row[at["unit"]] not in (None, report.unit)
        }
        self.scales = {
            table: self.scale(own, self.own_decimals(table), [report.spec.tables[table]])
            for table, (own, _) in self.own.items()
        }
        rest = [table for table in report.spec.tables.values() if table.id not in self.own]
        self.whole = self.scale(str(report.unit), self.decimals, rest)

    def convert(self) -> Conversion:
        """The report with every table converted, and what is said of unit, decimals and precision."""
        tables: dict[str, Iterable[Row]] = {}
        for table in self.report.spec.tables.values():
            places = [(i, f) for i, f in enumerate(table.fields) if f.amount]
            scale = self.scales.get(table.id, self.whole)
            rows = self.report.rows(table.id)
            tables[table.id] = [self.row(table, r, places, scale) for r in rows] if places else rows
        tables["cells"] = [self.bounds(row) for row in self.report.rows("cells")]
        precision = self.precision()
        tables["report"] = self.about(precision)
        tables["tables"] = [self.listed(row, precision) for row in self.report.rows("tables")]
        return Conversion(build(self.report.spec, tables), self.rounded.total())

    def amounts(self, tables: Iterable[Table]) -> Iterator[Decimal]:
        for table in tables:
            places = [i for i, field in enumerate(table.fields) if field.amount]
            for row in self.report.rows(table.id) if places else ():
                yield from (v for i in places if isinstance(v := row[i], Decimal))

    def own_decimals(self, table: str) -> int:
        own = self.own[table][1]
        return own if isinstance(own, int) else _USUAL if self.decimals is None else self.decimals

    def scale(self, unit: str, decimals: int | None, tables: Iterable[Table]) -> _Scale:
        """The power of ten of a unit's figures, and how many decimals all of them need more for one of them to be exact."""
        power = _power(unit) - _power(self.unit)
        missing = max((_needed(v, power) - decimals_of(v) for v in self.amounts(tables)), default=0)
        return _Scale(unit, power, max(0, min(missing, _MOST - (decimals or 0))))

    def row(self, table: Table, row: Row, places: Iterable[tuple[int, Field]], scale: _Scale) -> Row:
        values = list(row)
        for i, field in places:
            value = values[i]
            if isinstance(value, Decimal):
                place = f"{table.title} {printed_row(table, row)} {field.title}"
                values[i] = self.figure(value, scale, place)
        return tuple(values)

    def figure(self, value: Decimal, scale: _Scale, place: str) -> Decimal:
        """One figure, with the decimals that it was printed with and those that all of its unit get more."""
        exact = value.scaleb(scale.power)
        if exact and exact.adjusted() >= _DIGITS:
            raise WouldLose("UNIT_TOO_LARGE", place=place, value=show(value), unit=self.unit)
        wanted = max(decimals_of(value) + scale.more, _needed(value, scale.power))
        made = round_half_up(exact, min(_MOST, wanted))
        if made != exact:
            self.lossy(place, value, scale)
        return made

    def lossy(self, place: str, value: Decimal, scale: _Scale) -> None:
        """Refuse what cannot be exact or, where that is allowed, count it."""
        if not self.allow_loss:
            raise WouldLose("UNIT_LOSS", place=place, value=show(value), unit=self.unit, most=_MOST)
        self.rounded[scale] += 1

    def bounds(self, row: Row) -> Row:
        """A row of ``cells``: its bounds are in the unit of the cell that it describes."""
        declared = self.report.spec.tables["cells"]
        table = self.report.spec.tables.get(str(row[declared.position["table"]]))
        field = str(row[declared.position["field"]])
        if table is None or field not in table.position or not table[field].amount:
            return row
        places = [(declared.position[name], declared[name]) for name in ("min", "max")]
        return self.row(declared, row, places, self.scales.get(table.id, self.whole))

    def precision(self) -> Decimal:
        """The smallest step of the figures in the new unit; not finer than their decimals once any was rounded."""
        declared = self.report.spec.tables["report"]["precision"]
        stated = self.report.one("report").get("precision")
        decimals = _USUAL if self.decimals is None else self.decimals
        step = stated if isinstance(stated, Decimal) else usual_step(self.report.unit, decimals)
        if not self.whole.power and not self.rounded[self.whole]:
            return step
        made, least = step.scaleb(self.whole.power), Decimal(1).scaleb(-(decimals + self.whole.more))
        if _needed(made, 0) > _MOST:
            self.lossy(declared.title, step, self.whole)
            made = made.quantize(Decimal(1).scaleb(-_MOST), ROUND_CEILING)
        return _plain(max(made, least) if self.rounded[self.whole] else made)

    def about(self, precision: Decimal) -> Iterator[Row]:
        """The row of ``report``."""
        declared = self.report.spec.tables["report"]
        decimals = None if self.decimals is None else self.decimals + self.whole.more
        first, *others = self.report.rows("report")
        new = {"unit": self.unit, "decimals": decimals, "precision": precision}
        yield tuple(new.get(name, first[i]) for name, i in declared.position.items())
        yield from others

    def listed(self, row: Row, precision: Decimal) -> Row:
        """The row of ``tables`` of one of the nine: what it states of its unit and decimals is true of the new ones."""
        declared = self.report.spec.tables["tables"]
        table, at = str(row[0]), declared.position
        unit, decimals = row[at["unit"]], row[at["decimals"]]
        if table in self.own and any(self.amounts([self.report.spec.tables[table]])):
            decimals = self.own_step(table, decimals, precision)
        new = {"unit": None if unit is None else self.unit, "decimals": decimals}
        return tuple(new.get(name, row[i]) for name, i in at.items())

    def own_step(self, table: str, stated: Value, precision: Decimal) -> Value:
        """The decimals to be stated of a table that had a unit or decimals of its own. Its precision follows from unit and
        decimals alone, so that it may come out wider than it was, but not finer: a sum would fail that is right."""
        scale, before = self.scales[table], self.own_decimals(table)
        step = usual_step(scale.unit, before).scaleb(scale.power)
        decimals = before + scale.more
        whole = _USUAL if self.decimals is None else self.decimals
        if stated is None and decimals == whole + self.whole.more and step == precision:
            return None
        if usual_step(self.unit, decimals) < step:
            titles = (
                self.report.spec.tables[table].title,
                self.report.spec.tables["report"]["precision"].title,
            )
            self.lossy(" ".join(titles), _plain(step), scale)
        return decimals


def _power(unit: str) -> int:
    return Decimal(YUAN[unit]).adjusted()


def _needed(value: Decimal, power: int) -> int:
    """The decimals that a figure times a power of ten cannot do without."""
    return decimals_of(value.scaleb(power).normalize())


def _plain(value: Decimal) -> Decimal:
    """A figure without zeros at the end of its decimals, and without an exponent."""
    return value.quantize(Decimal(1).scaleb(-_needed(value, 0)))
