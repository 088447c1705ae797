"""The form as a table: which table of a document is one, and what its cells say."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from fatk.grid import Sheet
from fatk.narrative.evaluations import form
from fatk.narrative.evaluations.evaluation import LEVELS, Draft, Evaluation, Piece
from fatk.narrative.evaluations.form import Label, labels
from fatk.values import BLANKS
from fatk.wording.folding import fold

#: Columns of indicators without which a table has no results, and is no self-evaluation.
_RESULTS = frozenset({"target", "actual", "score"})
#: Columns that a row of indicators is known by.
_KNOWN = frozenset({"level1", "level2", "level3", "target"})
_FIGURES = frozenset({"target", "actual", "weight", "score"})
_MONEY = frozenset({"initial_budget", "annual_budget", "executed"})
_ENDLESS = 1 << 30

_Line = Sequence[Piece]


def is_evaluation(sheet: Sheet, above: str) -> bool:
    """Whether a table is the self-evaluation form of a project, by its words; ``above`` is the text above it, its title.

    The form of a whole department (整体支出绩效自评表) and that of goals without results (项目绩效目标表) are not.
    """
    if not form.of_project(above):
        return False
    named = results = False
    for line in _lines(sheet):
        columns = {known.means for known in _meanings(line, form.INDICATOR_COLUMN)}
        if not named and not columns & _KNOWN:
            named = any(known.means == "project_name" for known in _meanings(line, form.PROJECT))
            if not named and not all(form.of_project(one.text) for one in line if _is_heading(one.text)):
                return False
        results = results or (columns >= _RESULTS and bool(columns & {"level2", "level3"}))
        if named and results:
            return True
    return False


def _is_side(one: Piece, side: str) -> bool:
    """Whether a cell is the label at the side of a part, or a piece of it."""
    if side in labels(one.text):
        return True
    folded = fold(one.text) if len(one.text) < 40 else ""
    unit = side == form.FUND_SIDE and form.unit_in(folded.strip("()")) is not None
    return bool(folded) and (unit or any(folded in label for label in form.words().read[side]))


def _is_heading(text: str) -> bool:
    return len(text) <= 60 and fold(text).rstrip(")").endswith(("表", "年度"))


def _meanings(line: _Line, part: str) -> Iterator[Label]:
    return (known[part] for one in line if part in (known := labels(one.text)))


def read_sheet(sheet: Sheet, number: int, year: int | None) -> Evaluation:
    """A table that is the form, read: ``number`` is that of the project in the report, from 1; ``year`` the one that is said
    of the form, which a year in its own cells overrules.

    Nothing is known by its position. A merged cell may be given once, with or without its range, or in each of its cells.
    """
    return _Reader(sheet, number, year).read()


def _lines(sheet: Sheet) -> Iterator[list[Piece]]:
    """The cells of each row that are not empty."""
    for row, cells in sheet.rows.items():
        line = [Piece(cell, (row, column)) for column, cell in cells.items() if cell.text.strip(BLANKS)]
        if line:
            yield line


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a part of the form: where each begins and what it is, empty where that is unknown; where the last ends.

    ``percent``: rates are in per cent.
    """

    starts: tuple[int, ...]
    means: tuple[str, ...]
    end: int
    percent: bool = False

    @property
    def first(self) -> int:
        """Where the columns begin; what stands left of them is a label."""
        return self.starts[0]

    def of(self, column: int) -> str:
        """What a column is; empty where no header that is known stands over it."""
        at = bisect_right(self.starts, column) - 1
        return self.means[at] if at >= 0 and column < self.end else ""


class _Reader:
    """Reads one form, row after row; what a row is follows from its words and from the part of the form that it is in."""

    def __init__(self, sheet: Sheet, number: int, year: int | None) -> None:
        self.sheet = sheet
        cells = (cell for line in sheet.rows.values() for cell in line.values())
        soft = any("\n" in cell.text.strip(BLANKS) and labels(cell.text) for cell in cells)
        self.draft = Draft(number, year, soft=soft)
        self.ends = {(r1, c1): c2 + 1 for r1, c1, _r2, c2 in sheet.merges}
        self.part: Callable[[_Line], None] = self._about
        self.columns = _Columns((), (), 0)
        self.levels: dict[str, Piece] = {}
        self.goals: dict[str, list[Piece]] = {}
        self.page_broken = False

    def read(self) -> Evaluation:
        """The whole form."""
        for line in _lines(self.sheet):
            (self._header(line) or self.part)(line)
        for name, pieces in self.goals.items():
            text = "\n".join(one.text for one in pieces)
            first = pieces[0]
            cell = first.cell._replace(text=text)
            more = [place for one in pieces for place in (one.place, *one.more)][1:]
            self.draft.say(name, Piece(cell, first.place, tuple(more)))
        return self.draft.done()

    # Headers

    def _header(self, line: _Line) -> Callable[[_Line], None] | None:
        """What reads a row that begins a part of the form; ``None`` where it begins none."""
        if self.part == self._nothing:
            return None
        columns = {known.means for known in _meanings(line, form.INDICATOR_COLUMN)}
        if columns >= {"target", "weight"} and columns & {*LEVELS, "level3"}:
            return self._indicator_header
        if self.part == self._indicator:
            return None
        if len({known.means for known in _meanings(line, form.FUND_COLUMN)} & _MONEY) > 1:
            return self._fund_header
        return self._goal_header if self._is_goal_header(line) else None

    def _is_goal_header(self, line: _Line) -> bool:
        """Whether a row heads the goals: both columns are there, or one beside the label of the part or below another."""
        goals = {known.means for known in _meanings(line, form.GOAL)}
        beside = self.part == self._goal or any(form.GOAL_SIDE in labels(one.text) for one in line)
        return len(goals) > 1 or (len(goals) == 1 and beside)

    def _heads(self, line: _Line, part: str, side: str) -> _Columns:
        """The columns that a header has; every cell of it is accounted for."""
        heads: list[tuple[int, str]] = []
        percent = False
        for one in line:
            known = labels(one.text)
            if part in known:
                heads.append((one.place[1], known[part].means))
                percent = percent or "%" in known[part].note
                self.draft.label(one.place)
            elif not heads:
                self._at_side(one, side)
            else:
                heads.append((one.place[1], ""))
                self.draft.miss(one)
        last = line[-1].place
        end = self.ends.get(last, last[1] + 1 if self.sheet.merges else _ENDLESS)
        return _Columns(tuple(start for start, _ in heads), tuple(means for _, means in heads), end, percent)

    def _at_side(self, one: Piece, side: str) -> None:
        """A cell left of the columns: the label of the part, or a piece of it."""
        if not _is_side(one, side):
            self.draft.miss(one)
        elif side == form.FUND_SIDE:
            known = labels(one.text).get(side)
            self.draft.name_unit(form.unit_in(known.note if known else fold(one.text).strip("()")), one)
        else:
            self.draft.label(one.place)

    def _pieces(self, line: _Line, side: str) -> dict[str, Piece]:
        """The cells of a row by the column that they stand in; others are accounted for."""
        found: dict[str, Piece] = {}
        for one in line:
            means = self.columns.of(one.place[1])
            if one.place[1] < self.columns.first:
                self._at_side(one, side)
            elif not means:
                self.draft.miss(one)
            elif means not in found:
                found[means] = one
            elif fold(found[means].text) == fold(one.text):
                found[means] = found[means]._replace(more=(*found[means].more, one.place))
            else:
                self.draft.miss(one)
        return found

    # The project

    def _about(self, line: _Line) -> None:
        """Labels with their values beside them, and what stands over the form."""
        field: str | None = None  # of the label on the left; empty where nothing holds its value
        value: str | None = None
        for one in line:
            known = labels(one.text)
            label, colon, rest = one.text.replace("：", ":").partition(":")
            waits = bool(field) and value is None and not known.keys() & {form.PROJECT, form.ELSEWHERE}
            if field is not None and (waits or value == fold(one.text)):
                self.draft.say(field, one)
                value = fold(one.text)
            elif form.is_title(one.text):
                year = form.year_in(one.text)
                if year is not None:
                    self.draft.name_year(year, one)
                self.draft.label(one.place)
            elif form.is_year(one.text):
                self.draft.name_year(form.year_in(one.text) or 0, one)
            elif form.unit_line(one.text):
                self.draft.name_unit(form.unit_line(one.text), one)
            elif form.PROJECT in known:
                if field != known[form.PROJECT].means:
                    field, value = known[form.PROJECT].means, None
                self.draft.label(one.place)
            elif form.FUND_SIDE in known or form.GOAL_SIDE in known or form.INDICATOR_SIDE in known:
                side = next(side for side in form.SIDES if side in known)
                self._at_side(one, side)
            elif form.ELSEWHERE in known:
                field, value = "", None
                self.draft.label(one.place)
            elif colon and form.PROJECT in (inline := labels(label)) and rest.strip(BLANKS):
                cell = one.cell._replace(text=rest)
                self.draft.say(inline[form.PROJECT].means, one._replace(cell=cell))
                field = None
            else:
                self.draft.miss(one)

    # Funds

    def _fund_header(self, line: _Line) -> None:
        self.columns = self._heads(line, form.FUND_COLUMN, form.FUND_SIDE)
        self.part = self._fund

    def _fund(self, line: _Line) -> None:
        side = [one for one in line if one.place[1] < self.columns.first]
        kinds = {known.means for known in _meanings(side, form.FUND_ROW)}
        about = any(labels(one.text).keys() & {form.PROJECT, form.ELSEWHERE, form.GOAL_SIDE} for one in side)
        if not kinds and about:
            self.part = self._about
            self._about(line)
            return
        if len(kinds) != 1:
            for one in line:
                if not kinds and one.place[1] < self.columns.first and _is_side(one, form.FUND_SIDE):
                    self._at_side(one, form.FUND_SIDE)
                else:
                    self.draft.miss(one, "performance_funds")
            return
        names = [one for one in side if form.FUND_ROW in labels(one.text)]
        cells = self._pieces(
            [*(one for one in side if form.FUND_ROW not in labels(one.text)), *line[len(side) :]],
            form.FUND_SIDE,
        )
        name = names[0]._replace(more=tuple(one.place for one in names[1:]))
        self.draft.fund(kinds.pop(), name, cells, percent=self.columns.percent)

    # Goals

    def _goal_header(self, line: _Line) -> None:
        heads = [number for number, one in enumerate(line) if form.GOAL in labels(one.text)]
        self.part = self._goal
        if len(heads) > 1 and heads[-1] - heads[0] < len(heads):
            self.columns = self._heads(line, form.GOAL, form.GOAL_SIDE)
            return
        # The text stands beside its label.
        texts = [one for one in line[heads[0] :] if form.GOAL not in labels(one.text)]
        columns = self._heads(
            [*line[: heads[0]], *(line[number] for number in heads)], form.GOAL, form.GOAL_SIDE
        )
        self.columns = replace(columns, end=_ENDLESS) if texts else columns
        self._goal(texts)

    def _goal(self, line: _Line) -> None:
        for name, one in self._pieces(line, form.GOAL_SIDE).items():
            self.goals.setdefault(name, []).append(one)

    # Indicators

    def _indicator_header(self, line: _Line) -> None:
        self.page_broken = self.part == self._indicator
        self.columns = self._heads(line, form.INDICATOR_COLUMN, form.INDICATOR_SIDE)
        self.part = self._indicator

    def _indicator(self, line: _Line) -> None:
        if self._is_total(line):
            self._total(line)
            return
        cells = self._pieces(line, form.INDICATOR_SIDE)
        broken, self.page_broken = self.page_broken, False
        if not cells:
            return
        if "level1" in cells:
            self.levels.pop("level2", None)
        self.levels.update({name: cells[name] for name in LEVELS if name in cells})
        if not cells.keys() & {*_FIGURES, *LEVELS}:  # a text that the edge of a page has cut
            for name, one in cells.items():
                if not (broken and name in ("level3", "deviation_reason") and self.draft.extend(one, name)):
                    self.draft.miss(one, f"performance_indicators.{name}")
        elif "level3" not in cells and cells.keys() & _FIGURES:
            self.draft.skip_indicator(cells.values())
        elif "level3" in cells:
            self.draft.indicator({**self.levels, **cells})
        else:
            self.draft.taken.update(place for one in cells.values() for place in (one.place, *one.more))

    def _is_total(self, line: _Line) -> bool:
        """Whether a row is that of the total: its first words say so, and no indicator is named in it."""
        first = next((one for one in line if not _is_side(one, form.INDICATOR_SIDE)), None)
        return (
            first is not None
            and form.TOTAL in labels(first.text)
            and self.columns.of(first.place[1]) in ("", "level1")
            and all(
                form.TOTAL in labels(one.text)
                for one in line
                if self.columns.of(one.place[1]) in {*LEVELS, "level3"}
            )
        )

    def _total(self, line: _Line) -> None:
        rest = []
        for one in line:
            if form.TOTAL in labels(one.text):
                self.draft.label(one.place)
            else:
                rest.append(one)
        for name, one in self._pieces(rest, form.INDICATOR_SIDE).items():
            if name in ("weight", "score"):
                self.draft.total(f"total_{name}", one)
            else:
                self.draft.miss(one)
        self.part = self._nothing

    def _nothing(self, line: _Line) -> None:
        """What stands below the form."""
        for one in line:
            if form.ELSEWHERE in labels(one.text):
                self.draft.label(one.place)
            else:
                self.draft.miss(one)
