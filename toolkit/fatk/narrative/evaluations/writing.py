"""The form laid out from a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from fatk.grid import TEXT, Cell, Range, Sheet, by_rows
from fatk.model import Report, is_number
from fatk.narrative.evaluations import form
from fatk.narrative.evaluations.evaluation import CLAIMS, FUNDS, INDICATORS, LEVELS, PROJECTS
from fatk.narrative.evaluations.figures import print_actual, print_figure, print_target, read_target
from fatk.spec import read_list
from fatk.values import Nothing, Value, decimals_of, round_half_up

_Record = Mapping[str, Value]

#: Columns of indicators that are printed in every form, and those that are where an indicator needs them.
_ALWAYS = ("level1", "level2", "level3", "target", "actual", "weight", "score", "deviation_reason")
_FUNDS = ("initial_budget", "annual_budget", "executed", "weight", "execution_rate_percent", "score")


def lay_out(report: Report, number: int) -> Sheet:
    """The form of the project of that number: its labels, values and merged cells; the title is the caller's.

    Rates and totals are printed as the report claims them, else computed from its figures.
    """
    return _Page(report, number).sheet()


class _Page:
    """A form while it is laid out, row below row. Its funds take the columns of its indicators."""

    def __init__(self, report: Report, number: int) -> None:
        self.cells: dict[tuple[int, int], str] = {}
        self.merges: list[Range] = []
        self.row = 0
        self.number = number
        self.project: _Record = next((r for r in report.records(PROJECTS) if r["no"] == number), {})
        self.funds = [r for r in report.records(FUNDS) if r["project"] == number]
        self.indicators = [r for r in report.records(INDICATORS) if r["project"] == number]
        self.claims = {str(r["path"]): r for r in report.records(CLAIMS) if r["occurrence"] == 1}
        columns = list(_ALWAYS)
        if any(r["target_unit"] is not None and not _says_unit(r) for r in self.indicators):
            columns.insert(3 + 1, "target_unit")
        if any(r["nature"] is not None for r in self.indicators):
            columns.insert(3, "nature")
        self.columns = tuple(columns)
        self.width = 1 + len(columns)

    def sheet(self) -> Sheet:
        """The whole form."""
        self._about()
        self._fund_rows()
        self._goals()
        self._indicator_rows()
        self._totals()
        cells = {at: Cell(text, TEXT) for at, text in self.cells.items()}
        name = str(self.project.get("project_name") or "")
        return Sheet(name, by_rows(cells), tuple(sorted(self.merges)), plain=True)

    def put(self, row: int, column: int, text: str, *, rows: int = 1, columns: int = 1) -> None:
        """A cell, merged over rows and columns; one without text is empty."""
        if text:
            self.cells[row, column] = text
        if rows > 1 or columns > 1:
            self.merges.append((row, column, row + rows - 1, column + columns - 1))

    def _about(self) -> None:
        half = self.width // 2
        self.put(0, 0, _word(form.PROJECT, "project_name"))
        self.put(0, 1, self._said("project_name"), columns=self.width - 1)
        self.put(1, 0, _word(form.PROJECT, "department_in_charge"))
        self.put(1, 1, self._said("department_in_charge"), columns=half - 1)
        self.put(1, half, _word(form.PROJECT, "implementing_unit"))
        self.put(1, half + 1, self._said("implementing_unit"), columns=self.width - half - 1)
        self.row = 2

    def _said(self, field: str) -> str:
        return str(self.project.get(field) or "")

    def _fund_rows(self) -> None:
        first = self.width - len(_FUNDS)
        unit = self._said("fund_unit")
        side = _word(form.FUND_SIDE, "funds") + (f"（{unit}）" if unit else "")
        self.put(self.row, 0, side, rows=1 + len(self.funds))
        self.put(self.row, 1, "", columns=first - 1)
        for column, field in enumerate(_FUNDS, first):
            self.put(self.row, column, _word(form.FUND_COLUMN, field))
        for position, fund in enumerate(self.funds, 1):
            row = self.row + position
            label = fund["label"] or _word(form.FUND_ROW, str(fund["kind"]))
            self.put(row, 1, str(label), columns=first - 1)
            for column, field in enumerate(_FUNDS, first):
                if field == "execution_rate_percent":
                    self.put(row, column, self._rate(position, fund))
                else:
                    points = "分" if field == "score" and is_number(fund[field]) else None
                    self.put(row, column, print_figure(fund[field], points))
        self.row += 1 + len(self.funds)

    def _rate(self, position: int, fund: _Record) -> str:
        path = f"self_evaluations[{self.number}].funds[{position}].execution_rate_percent"
        if path in self.claims:
            return _claimed(self.claims[path], "%")
        executed, budget = fund["executed"], fund["annual_budget"]
        if isinstance(fund["score"], Nothing):  # a row that is not scored has no rate
            return print_figure(fund["score"])
        if isinstance(executed, Decimal) and isinstance(budget, Decimal) and budget:
            return print_figure(round_half_up(100 * executed / budget, 2), "%")
        return ""

    def _goals(self) -> None:
        half = 1 + (self.width - 1) // 2
        self.put(self.row, 0, _word(form.GOAL_SIDE, "goals"), rows=2)
        for row, texts in enumerate(
            ([_word(form.GOAL, f) for f in ("goal_expected", "goal_actual")], [self._said(f) for f in ("goal_expected", "goal_actual")]),
            self.row,
        ):  # fmt: skip
            self.put(row, 1, texts[0], columns=half - 1)
            self.put(row, half, texts[1], columns=self.width - half)
        self.row += 2

    def _indicator_rows(self) -> None:
        top = self.row
        self.put(top, 0, _word(form.INDICATOR_SIDE, "indicators"), rows=1 + len(self.indicators))
        for column, field in enumerate(self.columns, 1):
            self.put(top, column, _word(form.INDICATOR_COLUMN, field))
            if field in LEVELS:
                for first, rows in _runs(self.indicators, LEVELS[: LEVELS.index(field) + 1]):
                    level = self.indicators[first][field]
                    self.put(top + 1 + first, column, str(level or ""), rows=rows)
                continue
            for row, indicator in enumerate(self.indicators, top + 1):
                self.put(row, column, _cell(field, indicator, self.columns))
        self.row = top + 1 + len(self.indicators)

    def _totals(self) -> None:
        weight = 1 + self.columns.index("weight")
        self.put(
            self.row,
            0,
            next(w for (part, _), w in form.words().written.items() if part == form.TOTAL),
            columns=weight,
        )
        for column, field in ((weight, "weight"), (weight + 1, "score")):
            self.put(self.row, column, self._total(field))

    def _total(self, field: str) -> str:
        name = f"total_{field}"
        path = f"self_evaluations[{self.number}].{name}"
        unit = next(
            row["unit"] for row in read_list("claims") if row["path"] == f"self_evaluations[*].{name}"
        )
        points = unit if field == "score" else None
        if path in self.claims:
            return _claimed(self.claims[path], points)
        parts = [r[field] for r in (*self.funds, *self.indicators)]
        figures = [value for value in parts if isinstance(value, Decimal)]
        known = all(isinstance(r[field], Decimal) for r in self.indicators)
        known = known and all(r[field] is not None for r in self.funds) and Nothing.UNDISCLOSED not in parts
        if not figures or not known:
            return ""
        return print_figure(round_half_up(sum(figures, Decimal(0)), max(map(decimals_of, figures))), points)


def _word(part: str, meaning: str) -> str:
    return form.words().written[part, meaning]


def _claimed(claim: _Record, unit: str | None) -> str:
    """A claim as it was printed, else its value."""
    printed = claim["printed"]
    return str(printed) if printed is not None else print_figure(claim["value"], unit)


def _says_unit(indicator: _Record) -> bool:
    """Whether the target of an indicator, printed as one text, has its unit."""
    nature = indicator["nature"]
    read = read_target(print_target(indicator), nature if isinstance(nature, str) else None, None)
    return read.get("target_unit") == indicator["target_unit"]


def _cell(field: str, indicator: _Record, columns: Sequence[str]) -> str:
    """The text of an indicator in a column."""
    if field == "target":
        return print_target(indicator)
    if field == "actual":
        return print_actual(indicator)
    value = indicator[field]
    if field == "target_unit":
        return "" if _says_unit(indicator) else str(value or "")
    return print_figure(value) if field in ("weight", "score") else str(value or "")


def _runs(indicators: Sequence[_Record], levels: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Rows that follow one another and have the same levels, as the first of them and their number.

    An indicator of which nothing but its name is printed has levels of its own, so that it cannot be taken for the rest of
    the name above.
    """
    first = 0
    for at in range(1, len(indicators) + 1):
        here = indicators[at] if at < len(indicators) else None
        same = here is not None and all(here[level] == indicators[first][level] for level in levels)
        if (
            same
            and here is not None
            and (
                _cell("target", here, ())
                or any(here[f] is not None for f in ("actual_value", "actual_text", "weight", "score"))
            )
        ):
            continue
        yield first, at - first
        first = at
