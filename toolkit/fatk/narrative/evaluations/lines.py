"""The form as text that has lost its cells: what is left are lines, and blanks between the cells that share one.

Labels and names are broken over lines; what parts the cells are the words that the form is known to have, the levels of
indicators, and the figures that end a row. What these leave in doubt is not understood: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from fatk.grid import TEXT, Cell
from fatk.narrative.evaluations import form
from fatk.narrative.evaluations.evaluation import (
    FUNDS,
    INDICATORS,
    PROJECTS,
    Draft,
    Evaluation,
    Piece,
    Place,
    piece,
)
from fatk.narrative.evaluations.figures import figure_in, is_state, read_figure
from fatk.narrative.evaluations.form import Label, labels
from fatk.spec import load
from fatk.wording.folding import fold

_WORD = re.compile(r"\S+")
_WIDE_GAP = re.compile(r"\S\s{3,}\S")
_FIGURE_LIKE = re.compile(r"[<>=≥≤]{0,2}-?[0-9][0-9,.]*[%分]?|-+|/")
_SENTENCE_END = "。！？!?"
_PARAGRAPH_END = "。！？!?；;：:"
_BEHIND = ("分", "%")
#: A label has so many characters at most, a goal so many lines, a line that ends a row so many words.
_LONGEST, _GOAL_LINES, _ROW_WORDS = 40, 200, 16
#: A value of an indicator is in so many words of its line at most, a unit apart from its figure among them.
_GROUP = {"target": 3, "actual": 2, "weight": 2, "score": 2, "nature": 1, "target_unit": 1}


class _Word(NamedTuple):
    """A run of characters without a blank. ``first``: of its line; ``gap``: an empty line stands before that; ``page``: it
    begins a page."""

    text: str
    folded: str
    line: int
    column: int
    first: bool
    gap: bool
    page: bool

    @property
    def place(self) -> Place:
        """Line and character, from 0."""
        return self.line, self.column


def read_lines(lines: Sequence[str], number: int, year: int | None) -> Evaluation:
    """The lines of a form read, from its title or the first label to the total; places are line and character, from 0.

    ``number`` and ``year`` are as for a table. Empty lines and blanks at the beginning of a line are evidence (of cells and
    of pages): they should be those of the source.
    """
    return _Reader(lines, number, year).read()


def forms_in(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where in the lines of a document forms stand: the line of the title, and the line behind the last figure of the total.

    A title that no project is named below heads no form. A form that has no total ends where the next begins.
    """
    words = list(_words(lines))
    starts = [at for at, word in enumerate(words) if word.first and _title(words, at)]
    for start, following in zip(starts, [*starts[1:], len(words)], strict=False):
        named = any(_match(words, at, form.PROJECT) for at in range(start, min(start + 30, following)))
        if not named:
            continue
        end, headed = following, False
        for at in range(start, following):
            column = _match(words, at, form.INDICATOR_COLUMN) if words[at].first or headed else None
            headed = headed or (column is not None and column[1].means == "level1")
            total = _match(words, at, form.TOTAL) if headed and words[at].first else None
            if total:
                behind = words[total[0] : following]
                end = following - len(_figures(behind, 2)[1])
                break
        yield words[start].line, words[end - 1].line + 1


def _words(lines: Iterable[str]) -> Iterator[_Word]:
    gap = True
    for number, line in enumerate(lines):
        found = list(_WORD.finditer(line))
        page = line[:1].isspace()
        for at, match in enumerate(found):
            text = match[0]
            yield _Word(text, fold(text), number, match.start(), at == 0, gap and at == 0, page)
        gap = not found


def _match(words: Sequence[_Word], at: int, part: str) -> tuple[int, Label] | None:
    """The longest label of a part of the form that begins with a word: where it ends, and what it means."""
    found, text = None, ""
    for end in range(at, len(words)):
        text += words[end].folded
        if len(text) > _LONGEST:
            break
        known = labels(text)
        if part in known:
            found = end + 1, known[part]
    return found


def _title(words: Sequence[_Word], at: int) -> int | None:
    """Where a title that fills its line ends."""
    end = at + 1
    while end < len(words) and not words[end].first:
        end += 1
    text = "".join(word.folded for word in words[at:end])
    return end if form.is_title(text) else None


def _piece(words: Sequence[_Word]) -> Piece:
    """Words as one text, with the line ends between them."""
    text = words[0].text
    for word in words[1:]:
        text += f"{chr(10) if word.first else ' '}{word.text}"
    return piece(text, words[0].place, (word.place for word in words[1:]))


class _Row(NamedTuple):
    """The end of a row of indicators: its values, and the words behind them on the same line."""

    start: int
    cells: Mapping[str, Sequence[_Word]]
    rest: Sequence[_Word]


class _Reader:
    """Reads one form from its first word to its last."""

    def __init__(self, lines: Sequence[str], number: int, year: int | None) -> None:
        self.lines = lines
        self.draft = Draft(number, year, soft=True)
        self.every = list(_words(lines))
        self.words = self._without_page_numbers(self.every)
        self.at = 0
        firsts = [word for word in self.words if word.first]
        self.spaced = 3 * sum(word.gap for word in firsts) > len(firsts)
        self.columns: list[str] = []
        self.reasons = False
        self.target_width = 0.0
        self.levels: dict[str, Piece] = {}
        #: The row before, while it is not known where the reason of its deviation ends; and words that may be of it.
        self.open: tuple[Mapping[str, Piece], list[_Word]] | None = None

    def _without_page_numbers(self, words: list[_Word]) -> list[_Word]:
        kept = []
        for number, word in enumerate(words):
            after = words[number + 1] if number + 1 < len(words) else None
            alone = word.first and (after is None or after.first)
            if alone and word.text.isdigit() and after is not None and after.page:
                self.draft.miss(_piece([word]))
            else:
                kept.append(word)
        return kept

    def read(self) -> Evaluation:
        """The whole form."""
        self._about()
        self._funds()
        self._goals()
        if self._indicator_header():
            self._indicators()
        self._miss(self.words[self.at :])
        found = self.draft.done()
        known = found.labels | found.taken | {place for one in found.unread for place in one.places}
        lost = [word for word in self.every if word.place not in known]
        if not lost:
            return found
        self._miss(lost)  # nothing is dropped, wherever the reader went on
        return self.draft.done()

    # Words

    def _miss(self, words: Iterable[_Word], expected: str = "") -> None:
        """Words that are not understood, line by line."""
        for _line, group in groupby(words, key=lambda word: word.line):
            self.draft.miss(_piece(list(group)), expected)

    def _label(self, *parts: str) -> tuple[str, Label, Piece] | None:
        """The label at which the reader stands, if it belongs to one of the parts; the reader goes on behind it."""
        for part in parts:
            found = _match(self.words, self.at, part)
            if found:
                end, label = found
                words = self.words[self.at : end]
                self.at = end
                return part, label, _piece(words)
        return None

    def _is_at(self, at: int, *parts: str) -> bool:
        return any(_match(self.words, at, part) for part in parts)

    def _upto(self, *parts: str) -> list[_Word]:
        """The words before the next label of any of the parts; the reader goes on there."""
        start = self.at
        while self.at < len(self.words) and not self._is_at(self.at, *parts):
            self.at += 1
        return self.words[start : self.at]

    def _more(self) -> bool:
        return self.at < len(self.words)

    def _rest_of_line(self) -> int:
        """Where the line at which the reader stands ends."""
        end = self.at + 1
        while end < len(self.words) and not self.words[end].first:
            end += 1
        return end

    # The project

    _BEHIND_PROJECT = (form.FUND_SIDE, form.FUND_COLUMN, form.GOAL_SIDE, form.INDICATOR_COLUMN)

    def _about(self) -> None:
        """Title, year, and the labels of the project with what stands behind each."""
        while self._more() and not self._is_at(self.at, *self._BEHIND_PROJECT):
            end = self._rest_of_line()
            line = self.words[self.at : end]
            text = "".join(word.folded for word in line)
            one = _piece(line)
            if form.is_title(text) or form.is_year(text):
                year = form.year_in(text)
                if year is not None:
                    self.draft.name_year(year, one)
                if form.is_title(text):
                    self.draft.label(one.place, *one.more)
                self.at = end
            elif form.unit_line(text):
                self.draft.name_unit(form.unit_line(text), one)
                self.at = end
            elif found := self._label(form.PROJECT, form.ELSEWHERE):
                part, label, words = found
                self.draft.label(words.place, *words.more)
                value = self._value()
                if value and part == form.PROJECT:
                    self.draft.say(label.means, _piece(value))
                else:
                    self._miss(value)
            else:
                self._miss(line, f"{PROJECTS}")
                self.at = end

    def _value(self) -> list[_Word]:
        start = self.at
        stops = (form.PROJECT, form.ELSEWHERE, *self._BEHIND_PROJECT)
        while self._more() and not self._is_at(self.at, *stops):
            if self.words[self.at].first and self.at > start:
                line = "".join(word.folded for word in self.words[self.at : self._rest_of_line()])
                if form.unit_line(line) or form.is_year(line):
                    break
            self.at += 1
        return self.words[start : self.at]

    # Funds

    def _funds(self) -> None:
        columns: list[str] = []
        percent, sure = False, True
        behind = (form.GOAL_SIDE, form.GOAL)
        while self._more() and not self._is_at(self.at, form.FUND_ROW, *behind) and not self._at_indicators():
            found = self._label(form.FUND_COLUMN, form.FUND_SIDE)
            if found is None:
                sure = sure and not columns
                self._miss([self.words[self.at]], FUNDS)
                self.at += 1
                continue
            self._fund_label(*found)
            if found[0] == form.FUND_COLUMN:
                columns.append(found[1].means)
                percent = percent or "%" in found[1].note
        sure = sure and len(set(columns)) == len(columns) > 0
        while self._more() and not self._is_at(self.at, *behind) and not self._at_indicators():
            row = self._label(form.FUND_ROW)
            if row is None:
                side = self._label(form.FUND_SIDE)
                if side:
                    self._fund_label(*side)
                else:
                    self._miss([self.words[self.at]], FUNDS)
                    self.at += 1
                continue
            start = self.at
            while (
                self._more()
                and not self._is_at(self.at, form.FUND_ROW, form.FUND_SIDE, *behind)
                and not self._at_indicators()
            ):
                self.at += 1
            words = self.words[start : self.at]
            cells, rest = _figures(words, len(columns))
            if sure and cells and (not rest or rest[0].first):
                self.draft.fund(row[1].means, row[2], dict(zip(columns, cells, strict=True)), percent=percent)
                self._miss(rest, FUNDS)
            else:
                self.draft.miss(row[2], FUNDS)
                self._miss(words, FUNDS)

    def _fund_label(self, part: str, label: Label, words: Piece) -> None:
        if part == form.FUND_SIDE:
            self.draft.name_unit(form.unit_in(label.note), words)
        else:
            self.draft.label(words.place, *words.more)

    # Goals

    def _at_indicators(self) -> bool:
        found = _match(self.words, self.at, form.INDICATOR_COLUMN)
        return found is not None and found[1].means in ("level1", "level2", "level3")

    def _goals(self) -> None:
        heads: list[str] = []
        side = False
        while found := self._label(form.GOAL_SIDE, form.GOAL):
            part, label, head = found
            self.draft.label(head.place, *head.more)
            side = side or part == form.GOAL_SIDE
            heads += [label.means] if part == form.GOAL else []
        start = self.at
        while self._more() and not self._at_indicators():
            self.at += 1
        words = self.words[start : self.at]
        words = self._without_side(words, form.INDICATOR_SIDE)
        if not words:
            return
        lines = [list(group) for _, group in groupby(words, key=lambda word: word.line)]
        texts = ["".join(word.folded for word in line) for line in lines]
        parted: int | None = None
        if len(heads) == 1:
            parted = len(lines)
        elif sorted(heads) == ["goal_actual", "goal_expected"] and not self._columns_in(lines):
            parted = _end_of_first(texts)
        if parted is None or not self._whole(texts, side=side):
            self._miss(words, f"{PROJECTS}.goal_expected")
            return
        for name, those in zip(heads, (lines[:parted], lines[parted:]), strict=False):
            self.draft.say(name, _piece([word for line in those for word in line]))

    def _without_side(self, words: list[_Word], side: str) -> list[_Word]:
        """The words without the label of the next part that ends them."""
        for at in range(max(0, len(words) - 12), len(words)):
            found = _match(words, at, side) if words[at].first else None
            if found and found[0] == len(words):
                for word in words[at:]:
                    self.draft.label(word.place)
                return words[:at]
        return words

    def _columns_in(self, lines: Iterable[Sequence[_Word]]) -> bool:
        """Whether lines have two columns side by side."""
        return any(_WIDE_GAP.search(self.lines[line[0].line]) for line in lines)

    def _whole(self, texts: Sequence[str], *, side: bool) -> bool:
        """Whether no piece of a label at the side is among the lines of a text."""
        known = form.words().read
        sides = [*known[form.INDICATOR_SIDE], *(() if side else known[form.GOAL_SIDE])]
        return not any(len(text) <= 4 and any(text in label for label in sides) for text in texts)

    # Indicators

    def _indicator_header(self) -> bool:
        """Take the header of the indicators; whether its columns are those of a form that can be read."""
        columns: list[str] = []
        sure = True
        while self._more() and not self._is_at(self.at, form.LEVEL1):
            found = self._label(form.INDICATOR_COLUMN, form.INDICATOR_SIDE)
            if found is None:
                sure = False
                break
            part, label, words = found
            self.draft.label(words.place, *words.more)
            columns += [label.means] if part == form.INDICATOR_COLUMN else []
            if columns[-1:] == ["target"] and part == form.INDICATOR_COLUMN:
                self.target_width = max(_width(fold(line)) for line in words.text.split("\n"))
        known = columns[:3] == ["level1", "level2", "level3"] and "" not in columns
        middle = columns[3:-1] if columns[-1:] == ["deviation_reason"] else columns[3:]
        needed = {"target", "actual", "weight", "score"}
        self.columns = middle
        self.reasons = columns[-1:] == ["deviation_reason"]
        return (
            sure
            and known
            and set(middle) <= _GROUP.keys()
            and needed <= set(middle)
            and len(set(middle)) == len(middle)
        )

    def _indicators(self) -> None:
        names: list[_Word] = []
        while self._more():
            if self.words[self.at].first and self._at_total():
                self._miss(self._close(names, last=True), INDICATORS)
                self._total()
                return
            if self.words[self.at].first and self._at_indicators():
                self._end_of_page()
                continue
            end = self._rest_of_line()
            line = self.words[self.at : end]
            self.at = end
            row = self._row_end(line, names)
            if row is not None:
                self._row([*names, *line[: row.start]], row)
                names = []
            elif len(line) > 1 and all(_plain_number(word.folded) for word in line[-2:]):
                self._lost([*names, *line])
                names = []
            else:
                names += line
        self._miss(self._close(names, last=True), INDICATORS)

    def _at_total(self) -> bool:
        total = _match(self.words, self.at, form.TOTAL)
        if total is None:
            return False
        behind = self.words[total[0]].folded if total[0] < len(self.words) else ""
        return _FIGURE_LIKE.fullmatch(behind) is not None

    def _end_of_page(self) -> None:
        """The header once more, on the next page."""
        while found := self._label(form.INDICATOR_COLUMN, form.INDICATOR_SIDE):
            self.draft.label(found[2].place, *found[2].more)

    def _row_end(self, line: Sequence[_Word], names: Sequence[_Word]) -> _Row | None:
        """The values at the end of a line, if there is one way only to tell them apart."""
        found: list[_Row] = []
        if len(line) > _ROW_WORDS:
            return None
        for start in range(len(line)):
            if start and _FIGURE_LIKE.fullmatch(line[start - 1].folded):
                break  # a figure before the values would be one of them
            for cells, end in _assigned(self.columns, line, start):
                rest = line[end:]
                if _agree(cells) and (not rest or self.reasons) and self._begins_a_cell(cells, start, names):
                    found.append(_Row(start, cells, rest))
        return found[0] if len(found) == 1 else None

    def _begins_a_cell(
        self, cells: Mapping[str, Sequence[_Word]], start: int, names: Sequence[_Word]
    ) -> bool:
        """Whether a target in words at the beginning of a line is a cell of its own and whole.

        If it went on from the line above, that line would be as full as the column is wide, which is at least as wide as its
        header is without a break; and if it were the end of the name, the target would be missing beside a figure.
        """
        target, actual = ("".join(word.folded for word in cells[field]) for field in ("target", "actual"))
        if start or figure_in(target) or is_state(target) or not names:
            return True
        return (
            figure_in(actual) is not None
            and not target[0].isascii()
            and _width(names[-1].folded) < self.target_width
        )

    def _row(self, names: list[_Word], row: _Row) -> None:
        """A row whose values are known: close the one before, find the levels and the name."""
        names = self._close(names)
        values = [word for words in row.cells.values() for word in words]
        cells = self._named(names) if names else None
        if cells is None:
            self.draft.skip_indicator(_by_line([*names, *values, *row.rest]))
            return
        cells = {**cells, **{field: _piece(words) for field, words in row.cells.items()}}
        reason = "".join(word.folded for word in row.rest)
        if self.reasons and (reason in form.words().no_deviation or (row.rest and is_state(reason))):
            self.draft.indicator({**cells, "deviation_reason": _piece(row.rest)})
        elif row.rest or (self.reasons and (self._goes_on() or not _full(cells))):
            self.open = cells, list(row.rest)
        else:
            self.draft.indicator(cells)

    def _goes_on(self) -> bool:
        """Whether the next line belongs to the same row: an empty line or a new page ends one, where the source has such."""
        if not self.spaced or not self._more():
            return False
        return not self.words[self.at].gap and not self.words[self.at].page

    def _close(self, names: list[_Word], *, last: bool = False) -> list[_Word]:
        """Give the row before, with the reason of its deviation where a level or the total shows where that ends; the words
        that are left for the next row, none where that is in doubt. ``last``: no row follows."""
        if self.open is None:
            return names
        cells, reason = self.open
        self.open = None
        begins = next(
            (at for at, word in enumerate(names) if word.first and any(_match(names, at, p) for p in (form.LEVEL1, form.LEVEL2))),
            len(names) if last else None,
        )  # fmt: skip
        if begins is None:
            self.draft.indicator(cells)
            self._miss([*reason, *names], f"{INDICATORS}.deviation_reason")
            return []
        reason = [*reason, *names[:begins]]
        if any(
            _FIGURE_LIKE.fullmatch(word.folded) for word in reason
        ):  # figures of other cells may be among them
            self.draft.indicator(cells)
            self._miss(reason, f"{INDICATORS}.deviation_reason")
            return names[begins:]
        self.draft.indicator({**cells, "deviation_reason": _piece(reason)} if reason else cells)
        return names[begins:]

    def _named(self, names: list[_Word]) -> Mapping[str, Piece] | None:
        """The levels and the name of an indicator; ``None`` where they cannot be told apart."""
        first = _match(names, 0, form.LEVEL1)
        second = _match(names, first[0] if first else 0, form.LEVEL2)
        if first and not second:  # a word that is both: a second level, unless another one follows
            second, first = _match(names, 0, form.LEVEL2), None
        if first:
            self.levels = {"level1": _piece(names[: first[0]])}
        begins = first[0] if first else 0
        if second:
            before = self.levels.get("level2")
            if first is None and before and fold(before.text) == second[1].means:
                return None
            self.levels["level2"] = _piece(names[begins : second[0]])
        name = names[second[0] if second else begins :]
        doubtful = any(_FIGURE_LIKE.fullmatch(word.folded) for word in name) or any(
            "".join(word.folded for word in name[: end + 1]).endswith("指标")
            for end in range(min(len(name) - 1, 6))
        )
        if doubtful or not name or self.levels.keys() != {"level1", "level2"}:
            # what is listed as lost is no level of the rows below either
            self.levels = {} if first else {k: v for k, v in self.levels.items() if k == "level1"}
            return None
        return {**self.levels, "level3": _piece(name)}

    def _lost(self, words: list[_Word]) -> None:
        """A row that ends in figures that cannot be told apart. Its levels may have begun in it."""
        words = self._close(words)
        if any(word.first and self._level_in(words, at) for at, word in enumerate(words)):
            self.levels = {}
        self.draft.skip_indicator(_by_line(words))

    def _level_in(self, words: Sequence[_Word], at: int) -> bool:
        return any(_match(words, at, part) for part in (form.LEVEL1, form.LEVEL2))

    def _total(self) -> None:
        found = self._label(form.TOTAL)
        if found:
            self.draft.label(found[2].place, *found[2].more)
        names = [field for field in self.columns if field in ("weight", "score")]
        cells, rest = _figures(self.words[self.at :], len(names))
        for name, one in zip(names, cells, strict=False):
            self.draft.total(f"total_{name}", one)
        self.at = len(self.words) - len(rest)


def _figures(words: Sequence[_Word], count: int) -> tuple[list[Piece], Sequence[_Word]]:
    """The figures with which words begin, each with the unit behind it, and the other words; none where there are not so many.

    A figure that begins a line may be the rest of the one above, unless its own cell takes several lines.
    """
    cells: list[list[_Word]] = []
    for word in words:
        if cells and word.folded in _BEHIND and _plain_number(cells[-1][-1].folded):
            cells[-1].append(word)
        elif len(cells) < count and (_FIGURE_LIKE.fullmatch(word.folded) or is_state(word.folded)):
            cells.append([word])
        else:
            break
    whole = all(not cell[0].first or cell[-1].first != (len(cell) == 1) for cell in cells[1:])
    if len(cells) < count or not whole:
        return [], words
    return [_piece(cell) for cell in cells], words[sum(map(len, cells)) :]


def _by_line(words: Iterable[_Word]) -> list[Piece]:
    ordered = sorted(words, key=lambda word: word.place)
    return [_piece(list(group)) for _, group in groupby(ordered, key=lambda word: word.line)]


def _plain_number(folded: str) -> bool:
    return re.fullmatch(r"[0-9]+(?:\.[0-9]+)?分?", folded) is not None


def _full(cells: Mapping[str, Piece]) -> bool:
    """Whether an indicator has its full score, so that no reason of a deviation is expected."""
    return fold(cells["weight"].text).rstrip("分") == fold(cells["score"].text).rstrip("分")


def _assigned(
    columns: Sequence[str], line: Sequence[_Word], start: int
) -> Iterator[tuple[dict[str, Sequence[_Word]], int]]:
    """Every way to give words of a line from one on to columns, and where each ends."""
    if not columns:
        yield {}, start
        return
    for size in range(1, _GROUP[columns[0]] + 1):
        words = line[start : start + size]
        if len(words) == size and _fits(columns[0], words):
            for cells, end in _assigned(columns[1:], line, start + size):
                yield {columns[0]: words, **cells}, end


def _fits(field: str, words: Sequence[_Word]) -> bool:
    """Whether words can be a value of a column: a figure, or one word."""
    text = " ".join(word.folded for word in words)
    if field in ("weight", "score"):
        return read_figure(load().tables[INDICATORS][field], Cell(text, TEXT), ("分",)) is not None
    if field == "nature":
        return text in form.words().natures or text in form.words().operators.before
    if field == "target_unit":
        return not text[0].isdigit() and len(text) <= 8
    figure = figure_in(text)
    if figure is not None:
        return field == "target" or figure.operator is None
    return len(words) == 1 and not _plain_number(text)


def _agree(cells: Mapping[str, Sequence[_Word]]) -> bool:
    """Whether target and result go together, so that no unit is taken for a result, nor a rest of a name for a target."""
    target, actual = (
        figure_in(" ".join(word.folded for word in cells[field])) for field in ("target", "actual")
    )
    if target is None or actual is not None:
        return True
    text = "".join(word.folded for word in cells["actual"])
    compared = target.operator is not None or "nature" in cells
    return is_state(text) or (
        compared and len(text) > 1 and (target.unit is not None or "target_unit" in cells)
    )


def _end_of_first(texts: Sequence[str]) -> int | None:
    """How many lines the first of two texts has that follow each other; ``None`` where that is in doubt.

    Two equal texts part in the middle. Else both end as sentences do, their columns differ in width, so that the lines cannot
    be those of one text, and there is one place only where they can part.
    """
    whole = "".join(texts)
    length = 0
    for number, text in enumerate(texts):
        if 2 * length == len(whole) and whole[:length] == whole[length:]:
            return number
        length += len(text)
    if len(texts) > _GOAL_LINES:
        return None
    if texts[-1][-1] not in _SENTENCE_END or _is_one_text(texts):
        return None
    ends = [
        at for at in range(1, len(texts))
        if texts[at - 1][-1] in _SENTENCE_END and _is_one_text(texts[:at]) and _is_one_text(texts[at:])
    ]  # fmt: skip
    return ends[0] if len(ends) == 1 else None


def _is_one_text(lines: Sequence[str]) -> bool:
    """Whether lines may be a text in one cell: only the last of a paragraph is not full."""
    full = max(map(_width, lines)) - 1
    return all(_width(line) >= full or line[-1] in _PARAGRAPH_END for line in lines[:-1])


def _width(line: str) -> float:
    return sum(0.5 if character.isascii() else 1 for character in line)
