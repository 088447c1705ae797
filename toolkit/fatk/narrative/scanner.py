"""Figures in sentences that no wording knows: for each, what it may be. Proposals, never facts.

A figure is called by the words before it in its clause. Where these are, whole, what stands before the slot of one figure
below the same heading, the proposal is likely; where they only end so, or stand before others as well, it is possible. What
follows in the sentence speaks of the figure that was named last: its share, its change against last year, its budget. What
is said of another year, of a difference or in a reason is proposed for nothing, nor is what a reader doubted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from fatk.narrative.homes import kind_of
from fatk.narrative.years import YEAR_NAMED
from fatk.reading import LIKELY, POSSIBLE
from fatk.rules.narrative.claims import catalogue, subjects
from fatk.values import Value
from fatk.wording.anchors import Anchor, anchors_of
from fatk.wording.folding import Running
from fatk.wording.grammar import Wording
from fatk.wording.reading import Section, Understood
from fatk.wording.slots import Found, Kind

_SENTENCE = re.compile(r"[^。;]+")
_CLAUSE = re.compile(r"(?:[^,:]|(?<=[0-9]),(?=[0-9]{3}))+")
_FIGURE = re.compile(
    r"(?<![0-9.])-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![0-9.年])(?:万元|亿元|千元|元|%)?"
)
#: So many characters before a figure may name it.
_LABEL = 60
_LEADING = re.compile(r"(?:为|是|共计|共|约|计|达到|达|合计|总计|数为|数|的|:)$")
#: What is changed is an amount, whatever the change is printed in.
_SOME_AMOUNT = "1万元"
#: Words before a name that are none of it.
_FILLER = re.compile(
    r"(?:20[0-9]{2}年度?|全年|当年|(?:本|我)(?:部门|单位|局|委|厅|办|院|校|中心)|其中|[、和及]|[0-9]{1,2}[.、]|\([一二三四五六七八九十0-9]{1,3}\))+"
)
#: Words that turn a figure into another one: of another year, a budget, a difference, a mean.
_OTHER = re.compile(
    r"上年|去年|上一年|前年|预算|增加|减少|增长|下降|降低|同比|相比|比重|平均|人均|差额|完成|较|比20"
)
_REASON = re.compile(r"原因|由于|主要是|因为|用于")

_LAST_YEAR = re.compile(
    r"(?:与|比|较|同)?(?:上年度?|去年|20[0-9]{2}年度?)(?:决算数|决算|同期)?(?:相比|比较|数)?|同比"
)
_UP, _DOWN = ("增加", "增长", "上升", "提高"), ("减少", "下降", "降低")
_CHANGE = re.compile(rf"(?:各|均)?({'|'.join((*_UP, *_DOWN))})了?$")
_SHARE = re.compile(r"占(.*)$")
#: The whole that a share of such a path is of, as it is named; what is not here is not sure.
_WHOLES: Mapping[str, re.Pattern[str]] = {
    "income.": re.compile(r"(?:(?:本年)?(?:总收入|收入合计|收入))?的?"),
    "expenditure.": re.compile(r"(?:(?:本年)?(?:总支出|支出合计|支出))?的?"),
    "general_public_budget.": re.compile(r"本年支出(?:合计)?的?"),
    "three_public.": re.compile(r"(?:\"三公\"经费(?:支出|总支出)?(?:总额|合计|决算)?)?的?"),
    "other_matters.procurement.": re.compile(r"政府采购(?:支出)?总额的?"),
}
_BUDGET = re.compile(r"(年初|全年|调整)预算数?$")
_COMPLETED = re.compile(r"完成(年初|全年|调整)预算数?的?$")
_BASES = {"年初": "vs_initial_budget", "全年": "vs_annual_budget", "调整": "vs_adjusted_budget"}


@dataclass(frozen=True, slots=True)
class Scanned:
    """A figure and what it may be: the paths, the likeliest first."""

    start: int
    end: int
    value: Value
    unit: str | None
    label: str
    paths: tuple[str, ...]
    certainty: str


@dataclass(frozen=True, slots=True)
class _Named:
    """What a name or a sentence speaks of: the paths, the likeliest first, and whether that is sure."""

    paths: tuple[str, ...]
    sure: bool


def scan(
    running: Running, understood: Understood, wordings: Collection[Wording], said: Collection[str]
) -> Iterator[Scanned]:
    """What the unread text may say; ``said`` are paths that are facts already."""
    known = _Known(wordings)
    sections = [section for section, _ in understood.sections]
    begins = [section.begin for section in sections]
    year = next((one.value for one in understood.said if one.path == "meta.fiscal_year"), None)
    doubted = [span for doubt in understood.doubts for span in ((doubt.start, doubt.end), doubt.because)]
    for begin, end in understood.rest:
        nth = bisect_right(begins, begin) - 1
        section = sections[nth] if nth >= 0 and begin < sections[nth].end else None
        scanned = _Scan(running.text, known, section, year)
        for sentence in _SENTENCE.finditer(running.text, begin, end):
            for one in scanned.figures(sentence.start(), sentence.end()):
                if one.paths[0] not in said and not any(a <= one.start < b for a, b in doubted):
                    yield one


class _Known:
    """What figures are called, by their words."""

    def __init__(self, wordings: Collection[Wording]) -> None:
        self.by_words: dict[str, list[tuple[Wording, Anchor]]] = {}
        self.kinds = next(iter(wordings)).kinds
        for wording in wordings:
            for anchor in anchors_of(wording):
                self.by_words.setdefault(anchor.words, []).append((wording, anchor))
        self.lengths = sorted({len(words) for words in self.by_words}, reverse=True)

    def called(self, label: str, figure: str, after: str, section: Section | None) -> _Named | None:
        """What a figure of that name may be that stands below a heading; ``figure`` is how it is printed, ``after`` what
        follows it."""
        scores: dict[str, int] = {}
        for length in self.lengths:
            if length <= len(label):
                for wording, anchor in self.by_words.get(label[-length:], ()):
                    if _fits(wording, anchor, figure, after):
                        same = section is not None and _alike(section, anchor)
                        score = 2 * same + (length == len(label)) + 1
                        scores[anchor.path] = max(scores.get(anchor.path, 0), score)
        if not scores:
            return None
        paths = tuple(sorted(scores, key=lambda path: -scores[path]))
        best = {_cell(path) for path in paths if scores[path] == scores[paths[0]]}
        return _Named(paths, len(best) == 1 and scores[paths[0]] == 4)


def _fits(wording: Wording, anchor: Anchor, figure: str, after: str) -> bool:
    """Whether a figure is printed as the slot of an anchor has it: an amount with a unit, a rate with its sign, a count with
    what is counted."""
    kind = kind_of(anchor.path, anchor.kind)
    if kind not in wording.kinds or kind.endswith(("year", "previous", "change", "date")):
        return False
    if not wording.kinds[kind].pattern.fullmatch(figure):
        return False
    if kind == "amount":
        return figure.endswith("元")
    if kind == "rate":
        return figure.endswith("%")
    return any(word and after.startswith(word[0]) for word in anchor.after)


def _alike(section: Section, anchor: Anchor) -> bool:
    """Whether an anchor stands below the same heading, by its words."""
    own = {words for words, _ in section.heading.words.read}
    return anchor.heading is not None and any(words in own for words, _ in anchor.heading.words.read)


def _cell(path: str) -> object:
    """What a path restates: paths of one cell are said of one figure."""
    entry = catalogue().get(path)
    return entry.cell if entry and entry.cell else path


class _Scan:
    """Sentences being scanned: which figure was named last, and with what it is compared."""

    def __init__(self, text: str, known: _Known, section: Section | None, year: Value) -> None:
        self.text, self.known, self.section, self.year = text, known, section, year
        self.subject: _Named | None = None
        self.last_year = self.budget = False
        self.another_year = self.doubt = False

    def figures(self, start: int, end: int) -> Iterator[Scanned]:
        """The figures of a sentence that may be something."""
        self.last_year = self.budget = False
        self.doubt, self.another_year = self.another_year, False
        if self.subject:
            self.subject = replace(self.subject, sure=False)  # another sentence may speak of something else
        for clause in _CLAUSE.finditer(self.text, start, end):
            if _REASON.search(self.text, clause.start(), clause.end()):
                return
            at = clause.start()
            for figure in _FIGURE.finditer(self.text, clause.start(), clause.end()):
                label = self.text[max(at, figure.start() - _LABEL) : figure.start()]
                at = figure.end()
                self._of_year(label)
                if self.another_year:
                    continue
                named, found = self._figure(label, figure[0], self.text[at : at + 1])
                if named and found:
                    certainty = LIKELY if named.sure and not self.doubt else POSSIBLE
                    yield Scanned(
                        figure.start(), figure.end(), found.value, found.unit, label, named.paths, certainty
                    )
            rest = self.text[max(at, clause.end() - _LABEL) : clause.end()]
            self._of_year(rest)
            self._compared(rest)

    def _of_year(self, label: str) -> None:
        """Note which year figures are of from here on: of another one, nothing is proposed in this sentence, and in the
        next one nothing is sure."""
        for named in YEAR_NAMED.finditer(label):
            self.another_year = int(named[1]) != self.year
            self.doubt = self.doubt and self.another_year
            if self.another_year:
                self.subject = None

    def _compared(self, label: str) -> None:
        """Note what figures are compared with from here on."""
        self.last_year = self.last_year or bool(_LAST_YEAR.search(label))
        self.budget = self.budget or "预算" in label

    def _figure(self, label: str, figure: str, after: str) -> tuple[_Named | None, Found | None]:
        found = _read(self.known.kinds, figure)
        share = _SHARE.search(label)
        change = _CHANGE.search(label)
        completed = _COMPLETED.search(label)
        if figure.endswith("%") and share and not change:
            return self._share(share[1]), found
        if change:
            self._compared(label)
            self._name(label[: change.start()])
            return self._change(figure), _fallen(found) if change[1] in _DOWN else found
        if completed:
            return self._against(_BASES[completed[1]], "completion_rate_percent"), found
        budget = _BUDGET.search(_name_of(label))
        if budget:
            named = self.known.called(_name_of(label[: label.rfind(budget[0])]), figure, after, self.section)
            self.subject = named
            return self._against(_BASES[budget[1]], "budget"), found
        name = _name_of(label)
        if not name:
            return None, None
        named = self.known.called(name, figure, after, self.section)
        if _OTHER.search(name):
            anchors = self.known.by_words.get(name, ())
            if not named or all(anchor.path != named.paths[0] for _, anchor in anchors):
                named = None
                self.doubt = True  # what it is made of may be of a budget or of another year too
        self.subject = named
        self.last_year = self.budget = False
        return named, found

    def _name(self, label: str) -> None:
        """Let the words before a change say what it is of, where they do."""
        name = _name_of(_LAST_YEAR.sub("", label).removeprefix("相比"))
        if name:
            self.subject = self.known.called(name, _SOME_AMOUNT, "", self.section)

    def _share(self, whole: str) -> _Named | None:
        if self.subject is None:
            return None
        path = f"{_stem(self.subject.paths[0])}.share_percent"
        if path not in catalogue():
            return None
        of = next((pattern for prefix, pattern in _WHOLES.items() if path.startswith(prefix)), None)
        return _Named((path,), self.subject.sure and of is not None and bool(of.fullmatch(whole)))

    def _change(self, figure: str) -> _Named | None:
        if self.subject is None or not self.last_year or self.budget:
            return None
        stem = _stem(self.subject.paths[0])
        if stem not in subjects():
            return None
        measure = "rate_percent" if figure.endswith("%") else "amount"
        printed = figure.endswith(("%", "元"))
        return _Named((f"{stem}.yoy.{measure}",), self.subject.sure and printed)

    def _against(self, base: str, measure: str) -> _Named | None:
        """A figure of the subject's comparison with a budget."""
        if self.subject is None:
            return None
        stem, _, last = _stem(self.subject.paths[0]).rpartition(".")
        whole = f"{stem}.{last}" if stem else last
        for path in (f"{whole}.{base}.{measure}", f"{stem}.{base}.{last}.{measure}"):
            if path in catalogue() or (
                measure == "budget" and path == f"{whole}.{base}.budget" and whole in _budgeted()
            ):
                return _Named((path,), self.subject.sure)
        return None


def _budgeted() -> frozenset[str]:
    """Subjects whose budget is a fact of its own: no table has it."""
    return frozenset(s for s in subjects() if not s.startswith("three_public."))


def _stem(path: str) -> str:
    """The subject of a path."""
    return path.rpartition(".")[0].replace(".details.", ".")


def _name_of(label: str) -> str:
    """The words of a label that name a figure."""
    before = None
    while before != label:
        before, label = label, _LEADING.sub("", label)
    filler = _FILLER.match(label)
    return label[filler.end() :] if filler else label


def _read(kinds: Mapping[str, Kind], figure: str) -> Found | None:
    """The value of a figure as it is printed."""
    kind = "rate" if figure.endswith("%") else "amount" if not figure.isdigit() else "count"
    match = kinds[kind].pattern.fullmatch(figure)
    return kinds[kind].read(match) if match else None


def _fallen(found: Found | None) -> Found | None:
    """A change to less."""
    return (
        Found(-found.value, found.unit)
        if found and isinstance(found.value, Decimal) and found.value
        else found
    )
