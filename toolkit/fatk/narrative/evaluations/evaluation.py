"""One self-evaluation form as it was read: the rows and claims that it gives, where each stood, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from fatk.grid import TEXT, Cell
from fatk.model import Row, make_row, row_name
from fatk.narrative.evaluations.figures import joined, paragraphs, read_actual, read_figure, read_target
from fatk.spec import Field, load, read_list
from fatk.values import Nothing, Value, text_fault

PROJECTS, FUNDS, INDICATORS, CLAIMS = (
    "performance_projects",
    "performance_funds",
    "performance_indicators",
    "claims",
)

#: Row and column, from 0; of text its line and the character in it.
Place = tuple[int, int]
LEVELS = ("level1", "level2")


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell or piece of text that was not understood; ``expected`` is what its column holds, ``performance_funds.score``,
    and empty where even that is unknown. ``more`` are the places of the rest of a text that goes on elsewhere."""

    row: int
    column: int
    text: str
    expected: str = ""
    more: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place of the text."""
        return ((self.row, self.column), *self.more)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A self-evaluation form: its rows by table (projects, funds, indicators and claims), all of one project.

    ``places`` tell where a value stands, by table, name of its row and field. Every cell that is not empty is among
    ``labels``, ``taken`` (cells that gave a value) or ``unread``.
    """

    rows: Mapping[str, tuple[Row, ...]]
    unread: tuple[Unread, ...] = ()
    places: Mapping[tuple[str, str, str], Place] = field(default_factory=dict, compare=False)
    labels: frozenset[Place] = field(default=frozenset(), compare=False)
    taken: frozenset[Place] = field(default=frozenset(), compare=False)


class Piece(NamedTuple):
    """What stands in one place of the form: a cell, where it is, and the places that belong to it besides."""

    cell: Cell
    place: Place
    more: tuple[Place, ...] = ()

    @property
    def text(self) -> str:
        """The text as it stands there."""
        return self.cell.text


def piece(text: str, place: Place, more: Iterable[Place] = ()) -> Piece:
    """A piece of plain text."""
    return Piece(Cell(text, TEXT), place, tuple(more))


class Draft:
    """A form while it is read. ``soft``: lines end where a cell was full. A value that was given stays; another one for the
    same field is not understood."""

    def __init__(self, number: int, year: int | None, *, soft: bool = False) -> None:
        self.number, self.soft = number, soft
        self.project: dict[str, Value] = {"no": number, "fiscal_year": year}
        self.funds: dict[str, dict[str, Value]] = {}
        self.rates: dict[str, tuple[Piece, Value, str | None]] = {}
        self.indicators: list[dict[str, Value]] = []
        self.count = 0
        self.totals: dict[str, tuple[Piece, Value]] = {}
        self.at: dict[tuple[str, object, str], Place] = {}
        self.labels: set[Place] = set()
        self.taken: set[Place] = set()
        self.unread: list[Unread] = []

    # What the form says

    def label(self, *places: Place) -> None:
        """Words of the form itself."""
        self.labels.update(places)

    def miss(self, one: Piece, expected: str = "") -> None:
        """A piece that is not understood."""
        self.unread.append(Unread(*one.place, one.text, expected, one.more))

    def say(self, name: str, one: Piece) -> None:
        """A text about the project."""
        long = name.startswith("goal")
        text = paragraphs(one.text, soft=self.soft) if long else joined(one.text)
        self._give(PROJECTS, self.project, None, {name: text}, one, f"{PROJECTS}.{name}")

    def name_year(self, year: int, one: Piece) -> None:
        """The year that the form names, which stands for the one that is said of it."""
        if (PROJECTS, None, "fiscal_year") in self.at and self.project["fiscal_year"] != year:
            self.miss(one, f"{PROJECTS}.fiscal_year")
            return
        self.project["fiscal_year"] = year
        self.at.setdefault((PROJECTS, None, "fiscal_year"), one.place)
        self.taken.update((one.place, *one.more))

    def name_unit(self, unit: str | None, one: Piece) -> None:
        """The unit of the fund figures, printed with a label."""
        if unit is not None and self.project.setdefault("fund_unit", unit) != unit:
            self.miss(one, f"{PROJECTS}.fund_unit")
            return
        self.labels.update((one.place, *one.more))
        if unit is not None:
            self.at.setdefault((PROJECTS, None, "fund_unit"), one.place)

    def fund(self, kind: str, label: Piece, cells: Mapping[str, Piece], *, percent: bool) -> None:
        """A row of the funds. ``percent``: the header says that the rate is in per cent."""
        if kind in self.funds:
            for one in (label, *cells.values()):
                self.miss(one, FUNDS)
            return
        row = self.funds[kind] = {"project": self.number, "kind": kind}
        self._give(FUNDS, row, kind, {"label": joined(label.text)}, label, f"{FUNDS}.label")
        declared = load().tables[FUNDS]
        unit = self.project.get("fund_unit")
        for name, one in cells.items():
            if name == "execution_rate_percent":
                self._rate(kind, one, percent=percent)
                continue
            money = declared[name].unit != "分"
            units = (unit,) if isinstance(unit, str) else ()
            self._figure(FUNDS, row, kind, declared[name], one, units if money else ("分",))

    def _rate(self, kind: str, one: Piece, *, percent: bool) -> None:
        read = read_figure(load().tables[CLAIMS]["value"], one.cell, ("%",))
        if read is None:
            self.miss(one, "execution_rate_percent")
            return
        said = read.unit or percent or isinstance(read.value, Nothing)
        self.rates[kind] = (one, read.value, "%" if said else None)
        self.taken.update((one.place, *one.more))

    def indicator(self, cells: Mapping[str, Piece]) -> None:
        """A row of the indicators, its levels included."""
        self.count += 1
        declared = load().tables[INDICATORS]
        row: dict[str, Value] = {"project": self.number, "no": self.count}
        self.indicators.append(row)
        for name in (*LEVELS, "level3", "deviation_reason", "nature"):
            if name in cells:
                long = name == "deviation_reason"
                text = paragraphs(cells[name].text, soft=self.soft) if long else joined(cells[name].text)
                self._give(INDICATORS, row, self.count, {name: text}, cells[name], f"{INDICATORS}.{name}")
        unit = self._unit_of_measure(cells.get("target_unit"))
        nature = row.get("nature")
        if "target" in cells:
            said = read_target(cells["target"].text, nature if isinstance(nature, str) else None, unit)
            self._give(INDICATORS, row, self.count, said, cells["target"], f"{INDICATORS}.target_value")
        elif unit:
            row["target_unit"] = unit
        if "actual" in cells:
            said = read_actual(cells["actual"].text, unit)
            self._give(INDICATORS, row, self.count, said, cells["actual"], f"{INDICATORS}.actual_value")
        for name in ("weight", "score"):
            if name in cells:
                self._figure(INDICATORS, row, self.count, declared[name], cells[name], ("分",))

    def _unit_of_measure(self, one: Piece | None) -> str | None:
        """The unit of a target and its result, printed in a column of its own; a dash there is none."""
        if one is None:
            return None
        state = read_figure(load().tables[INDICATORS]["target_value"], one.cell, ())
        text = joined(one.text)
        if (state and not isinstance(state.value, Nothing)) or text_fault(text) is not None:
            self.miss(one, f"{INDICATORS}.target_unit")
            return None
        self.taken.update((one.place, *one.more))
        self.at[INDICATORS, self.count, "target_unit"] = one.place
        return None if state else text

    def extend(self, one: Piece, name: str) -> bool:
        """The rest of a text of the last indicator, whose row goes on behind the edge of a page."""
        before = self.indicators[-1].get(name) if self.indicators else None
        if not isinstance(before, str) or text_fault(joined(one.text)) is not None:
            return False
        self.indicators[-1][name] = joined(f"{before} {one.text}")
        self.taken.update((one.place, *one.more))
        return True

    def skip_indicator(self, pieces: Iterable[Piece], expected: str = INDICATORS) -> None:
        """A row of the indicators that is not understood; it keeps its number."""
        self.count += 1
        for one in pieces:
            self.miss(one, expected)

    def total(self, name: str, one: Piece) -> None:
        """The total weight or the total score."""
        read = read_figure(load().tables[CLAIMS]["value"], one.cell, ("分",))
        if read is None or name in self.totals:
            self.miss(one, name)
            return
        self.totals[name] = (one, read.value)
        self.taken.update((one.place, *one.more))

    # Values and their places

    def _figure(
        self,
        table: str,
        row: dict[str, Value],
        key: object,
        declared: Field,
        one: Piece,
        units: Iterable[str],
    ) -> None:
        read = read_figure(declared, one.cell, tuple(units))
        if read is None:
            self.miss(one, f"{table}.{declared.name}")
        else:
            self._give(table, row, key, {declared.name: read.value}, one, f"{table}.{declared.name}")

    def _give(
        self,
        table: str,
        row: dict[str, Value],
        key: object,
        said: Mapping[str, Value],
        one: Piece,
        expected: str,
    ) -> None:
        """Put what a piece says into a row, if every text may stand in a report and nothing is there yet."""
        declared = load().tables[table]
        said = {name: value for name, value in said.items() if value is not None}
        faulty = any(
            isinstance(value, str) and text_fault(value, declared[name].reserved) is not None
            for name, value in said.items()
        )
        if faulty or any(row.get(name, value) != value for name, value in said.items()):
            self.miss(one, expected)
            return
        row.update(said)
        self.taken.update((one.place, *one.more))
        for name in said:
            self.at.setdefault((table, key, name), one.place)

    # The form as a value

    def done(self) -> Evaluation:
        """The form as it was read."""
        tables = load().tables
        project = make_row(tables[PROJECTS], **self.project)
        kinds = sorted(self.funds, key=tables[FUNDS]["kind"].enum.index)
        funds = {kind: make_row(tables[FUNDS], **self.funds[kind]) for kind in kinds}
        indicators = {row["no"]: make_row(tables[INDICATORS], **row) for row in self.indicators}
        names: dict[tuple[str, object], str] = {(PROJECTS, None): row_name(tables[PROJECTS], project)}
        names |= {(FUNDS, kind): row_name(tables[FUNDS], row) for kind, row in funds.items()}
        names |= {(INDICATORS, no): row_name(tables[INDICATORS], row) for no, row in indicators.items()}
        places = {(table, names[table, key], name): place for (table, key, name), place in self.at.items()}
        claims = []
        for row, place in self._claims(kinds):
            claims.append(row)
            places[CLAIMS, row_name(tables[CLAIMS], row), "value"] = place
        rows = {PROJECTS: (project,), FUNDS: tuple(funds.values()), INDICATORS: tuple(indicators.values())}
        return Evaluation(
            MappingProxyType({**rows, CLAIMS: tuple(claims)}), tuple(sorted(dict.fromkeys(self.unread), key=lambda one: one.places)),
            MappingProxyType(places), frozenset(self.labels), frozenset(self.taken),
        )  # fmt: skip

    def _claims(self, kinds: Iterable[str]) -> Iterator[tuple[Row, Place]]:
        """The claims of the form, with their places; a rate is that of a row by its position in the standard's order."""
        declared = load().tables[CLAIMS]
        units = {row["path"]: row["unit"] for row in read_list("claims")}
        of = f"self_evaluations[{self.number}]"
        for position, kind in enumerate(kinds, 1):
            if kind in self.rates:
                one, value, unit = self.rates[kind]
                path = f"{of}.funds[{position}].execution_rate_percent"
                yield (
                    make_row(
                        declared, path=path, occurrence=1, value=value, unit=unit, printed=joined(one.text)
                    ),
                    one.place,
                )
        for name in sorted(self.totals):
            one, value = self.totals[name]
            unit = units[f"self_evaluations[*].{name}"]
            yield (
                make_row(
                    declared,
                    path=f"{of}.{name}",
                    occurrence=1,
                    value=value,
                    unit=unit,
                    printed=joined(one.text),
                ),
                one.place,
            )
