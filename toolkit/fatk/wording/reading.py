"""A narrative read by a wording: its headings found, the sentences below each, and what is left unread.

Sections may stand in any order. A heading that stands twice is once in the list of contents, where nothing follows it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from fatk.values import Value
from fatk.wording.folding import Running, fold
from fatk.wording.grammar import Each, Heading, Literal, Sentence, Wording
from fatk.wording.matching import Failure, KindOf, Matcher, Read, Said

_ORDINAL = re.compile(
    r"(?:第[一二三四五六七八九十]{1,3}(?:部分|章|节|篇)|[一二三四五六七八九十]{1,3}[、.:]|\([一二三四五六七八九十0-9]{1,3}\)|[0-9]{1,2}[、.])?[、:]?"
)
_DATED = re.compile(r"20[0-9]{2}年度?")
_OURS = re.compile(r"[本我]")
_LETTER = re.compile(r"[^\W_]")
_ITS_YEAR = re.compile(r"(20[0-9]{2})年")
#: What may follow the words of a heading: the text, or what belongs to the heading or to a list of contents.
_FOLLOWING = re.compile(r"[。:(]|[.…·]|[0-9]{1,3}$|20[0-9]{2}年|(?:说明|情况说明|的说明)$")
_TRAILING = re.compile(r"的?(?:情况)?说明|[.…·\-]*[0-9]*")
#: Who speaks, and of which year.
_NAME, _YEAR = "meta.unit_name", "meta.fiscal_year"
#: A line of so many characters may be a heading of its own.
_LINE = 60
#: Words that say that something follows, and those that say that it is only a part, or void.
_FOLLOWS = re.compile(r"如下|以下|下列|下述")
_PART = re.compile(r"下属|(?<![及和与含括])所属|二级单位|本级|直属|作废|有误|上年情况")
#: The words of a line that leads to what the section is about anyway; a line of nothing else leads nowhere.
_PLAIN = re.compile(
    r"收入|支出|收支|总计|合计|汇总|决算|情况|说明|如下|以下|具体|总体|基本|有关|相关|其中|主要"
    r"|(?:本|我|全)(?:部门|单位|局|委|办|院|厅|校|中心|镇|乡)?|部门|单位|20[0-9]{2}|年度?|金额|万元|亿元|千元|元|图|表|第|部分|[0-9一二三四五六七八九十]"
    r"|财政拨款|一般公共预算|政府性基金预算|政府性基金|国有资本经营预算|\"三公\"|经费|机关运行|政府采购|国有资产|占用|占有|使用|预算绩效|绩效|管理|工作|开展"
    r"|评价|自评|项目|结构|重要|事项|其他|组成|构成|变动|变化|增减|人员|机构|设置|因公出国|境|公务用车|购置|运行|维护|公务接待|费|各项|类|款|项"
    r"|详细|现|将|公开|根据|的|和|与|及|为|是|按|对|[、,:;().\"'\-/。…·\s]"
)
#: A sentence is tried at so many places at most; a heading of more characters is sure where it is numbered.
_STARTS, _SHORT = 40, 6


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the document and its text: from where to where the heading stands, and where the text ends."""

    heading: Heading
    start: int
    begin: int
    end: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A sentence that the text does not have as the wording says it, and how far the nearest try came."""

    section: Section | None
    sentence: Sentence
    start: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence that reads like one of the wording and is not taken: ``TWICE`` it stands elsewhere with other figures,
    ``ELSEWHERE`` what leads to it says that it speaks of something else. ``because`` is where that stands."""

    why: str
    start: int
    end: int
    because: tuple[int, int]


TWICE, ELSEWHERE = "twice", "elsewhere"


@dataclass(frozen=True, slots=True)
class Understood:
    """What was read: the sections, what each sentence says, which sentences were missed, and which text is left.

    ``reads`` has for every sentence of the wording what was read, ``None`` where it was not; ``rest`` are ranges of folded
    text that nothing has read; ``contents`` those of lists of contents; ``doubts`` what was read and is not taken.
    """

    titles: tuple[Read | None, ...]
    sections: tuple[tuple[Section, tuple[Read | None, ...]], ...]
    missed: tuple[Missed, ...]
    rest: tuple[tuple[int, int], ...]
    contents: tuple[tuple[int, int], ...]
    doubts: tuple[Doubt, ...] = ()

    @property
    def said(self) -> Iterator[Said]:
        """All that the document says, in its order."""
        for read in self.titles:
            yield from read.said if read else ()
        for section, reads in self.sections:
            yield from section.said
            for read in reads:
                yield from read.said if read else ()


def headings_in(running: Running, wording: Wording) -> int:
    """How many different headings of a wording a document has."""
    matcher = Matcher(running, wording.kinds, lambda _path, _kind: "text")
    hits = (_heading(running, start, end, wording.headings, matcher) for start, end in _beginnings(running))
    return len({id(hit[2]) for hit in hits if hit})


def _with_parts(read: Read, matcher: Matcher, wording: Wording) -> Read:
    """A sentence read, and what those of its texts say that are sentences of the wording themselves."""
    said: list[Said] = []
    for one in read.said:
        said.append(one)
        inner = wording.made_of(one.path) if one.end > one.start else None
        if inner:
            found = matcher.match(inner.nodes, one.start, one.end, {one.end})
            said += found.said if isinstance(found, Read) else ()
    return replace(read, said=tuple(said))


def understand(
    running: Running, wording: Wording, kind_of: KindOf, matcher: Matcher | None = None
) -> Understood:
    """What a document says in the sentences of a wording; ``matcher`` is one of one's own, to see what it took."""
    matcher = matcher or Matcher(running, wording.kinds, kind_of)
    sections, contents = _sections(running, wording, matcher)
    first = min((s.start for s in sections), default=len(running.text))
    first = min((first, *(start for start, _ in contents)))
    used: list[tuple[int, int]] = [*contents]
    missed: list[Missed] = []
    titles = _sentences(matcher, wording, wording.titles, 0, first, None, "", used, missed)
    named = (one for read in titles if read for one in read.said if one.path == _NAME)
    name = next((fold(str(one.value)) for one in named), "")
    matcher.before = {_NAME: name} if name else {}
    found: list[_Told] = []
    for section in sections:
        used.append((section.start, section.begin))
        spans: list[tuple[int, int]] = []
        reads = _sentences(
            matcher,
            wording,
            section.heading.sentences,
            section.begin,
            section.end,
            section,
            name,
            spans,
            missed,
        )
        found.append(_Told(section, list(reads), spans))
    year = next((one.value for read in titles if read for one in read.said if one.path == _YEAR), None)
    doubts = [*_elsewhere(matcher, name, year, found), *_twice(matcher, wording, name, found)]
    for told in found:
        used += told.spans
    rest = tuple(_gaps(used, len(running.text)))
    read = tuple((told.section, tuple(told.reads)) for told in found)
    return Understood(titles, read, tuple(missed), rest, tuple(contents), tuple(doubts))


@dataclass(slots=True)
class _Told:
    """A section being read: what each of its sentences says, and the ranges of those that were read, in their order."""

    section: Section
    reads: list[Read | None]
    spans: list[tuple[int, int]]

    def drop(self, number: int) -> None:
        """Take back what a sentence says."""
        read = self.reads[number]
        if read is not None:
            self.spans = [span for span in self.spans if span[1] != read.end]
            self.reads[number] = None

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The text of the section that nothing has read."""
        begin, end = self.section.begin, self.section.end
        spans = [(start - begin, stop - begin) for start, stop in self.spans]
        yield from ((begin + start, begin + stop) for start, stop in _gaps(spans, end - begin))


def _figures(read: Read) -> frozenset[tuple[str, object]]:
    """The figures that a sentence says, by their paths; a year is none."""
    return frozenset(
        (one.path, one.value)
        for one in read.said
        if isinstance(one.value, Decimal | int) and one.path != _YEAR and not isinstance(one.value, bool)
    )


def _elsewhere(matcher: Matcher, name: str, year: Value, found: Collection[_Told]) -> Iterator[Doubt]:
    """Take back sentences with figures behind words, in their section, that lead to another entity, year or account.

    What leads somewhere is a line without a full stop, or says that something follows; what it may consist of is in
    ``_PLAIN``. All that stands below it in the section may belong to it.
    """
    for told in found:
        led: tuple[int, int] | None = None
        at = told.section.begin
        for number, read in enumerate(told.reads):
            if read is None:
                continue
            span = next((span for span in told.spans if span[1] == read.end), (read.start, read.end))
            led = led or _leading(matcher, name, year, at, span[0])
            at = span[1]
            another = _another(read, name)
            if another or (led and _figures(read)):
                yield Doubt(ELSEWHERE, read.start, read.end, another or led or span)
                told.drop(number)


def _another(read: Read, name: str) -> tuple[int, int] | None:
    """Where a sentence names an entity that is not the one that speaks, nor that one by a shorter name or as 我局."""
    for one in read.said:
        if one.path == _NAME and name and one.end > one.start:
            said, rest = fold(str(one.value)), iter(name)
            if not _OURS.match(said) and not all(character in rest for character in said):
                return one.start, one.end
    return None


def _leading(matcher: Matcher, name: str, year: Value, begin: int, end: int) -> tuple[int, int] | None:
    """The first words between two places that lead to something else."""
    if begin >= end:
        return None
    text = matcher.running.text
    stops = (begin + m.end() for m in re.finditer("。", text[begin:end]))
    starts = {begin, *matcher.breaks_in(begin, end - 1), *stops}
    ordered = sorted(start for start in starts if start < end)
    for start, stop in zip(ordered, [*ordered[1:], end], strict=True):
        words = text[start:stop]
        bare = words.replace(name, "") if name else words
        if not _LETTER.search(bare):
            continue
        line = len(words) <= _LINE and not words.endswith(("。", ";"))
        another = any(int(stated[1]) != year for stated in _ITS_YEAR.finditer(words))
        if another and not line:
            continue  # sentences of another year are told apart where the years of all are known
        if (line or _FOLLOWS.search(words)) and (another or _PLAIN.sub("", bare)):
            return start, stop
        if _PART.search(bare) and not re.search("[0-9]", _DATED.sub("", bare)):
            return start, stop
    return None


def _twice(matcher: Matcher, wording: Wording, name: str, found: Sequence[_Told]) -> Iterator[Doubt]:
    """Take back sentences that stand more than once with different figures: nothing says which of them counts."""
    by_sentence: dict[int, list[tuple[_Told, int, Read]]] = {}
    for told in found:
        for number, read in enumerate(told.reads):
            if read is not None and _figures(read):
                key = id(told.section.heading.sentences[number])
                by_sentence.setdefault(key, []).append((told, number, read))
    for places in by_sentence.values():
        others = [read for _, _, read in places]
        if len(places) == 1:
            again = _again(matcher, *places[0][:2], name)
            others += [again] if again else []
        if len(set(map(_figures, others))) > 1:
            for told, number, read in places:
                other = next(one for one in others if _figures(one) != _figures(read))
                yield Doubt(TWICE, read.start, read.end, (other.start, other.end))
                told.drop(number)


def _again(matcher: Matcher, told: _Told, number: int, name: str) -> Read | None:
    """A sentence of a section once more, in the text of it that nothing has read."""
    sentences = told.section.heading.sentences
    for begin, end in told.gaps():
        starts = _Starts(matcher, begin, end, name)
        read = _find(matcher, sentences[number], starts, _stops(matcher, starts, sentences[number + 1 :]))
        if isinstance(read, Read) and not _another(read, name):
            return read
    return None


def _sections(
    running: Running, wording: Wording, matcher: Matcher
) -> tuple[list[Section], list[tuple[int, int]]]:
    """The sections of a document in its order, and the places of its lists of contents."""
    hits: list[tuple[int, int, Heading, tuple[Said, ...]]] = []
    for start, end in _beginnings(running):
        hit = _heading(running, start, end, wording.headings, matcher)
        if hit:
            hits.append(hit)
    kept: list[Section] = []
    contents: list[tuple[int, int]] = []
    last = {id(heading): number for number, (_, _, heading, _) in enumerate(hits)}
    for number, (start, begin, heading, said) in enumerate(hits):
        end = hits[number + 1][0] if number + 1 < len(hits) else len(running.text)
        again = last[id(heading)] > number
        if again and (end == begin or _only_numbers(running.text[begin:end])):
            contents.append((start, end))
        else:
            kept.append(Section(heading, start, begin, end, said))
    return kept, contents


def _beginnings(running: Running) -> Iterator[tuple[int, int]]:
    """Where headings may stand and their paragraphs end: at the beginning of each paragraph and, where it is a guess what
    is one, behind each full stop."""
    ends = (*running.starts, len(running.text))[1:]
    for number, (start, end) in enumerate(zip(running.starts, ends, strict=True)):
        if start < end:
            yield start, end
            if running.paragraphs[number].loose:
                inner = re.finditer(r"。(?!$)", running.text[start:end])
                yield from ((start + m.end(), end) for m in inner if start + m.end() < end)


def _only_numbers(text: str) -> bool:
    """Whether a text is nothing but dots and page numbers, as in a list of contents."""
    return not re.sub(r"[.…·\-\s0-9]", "", text)


def _heading(
    running: Running, start: int, end: int, headings: Collection[Heading], matcher: Matcher
) -> tuple[int, int, Heading, tuple[Said, ...]] | None:
    """The heading that a paragraph is or begins with: where its text begins, and what it says."""
    text = running.text
    at = _ORDINAL.match(text, start, end)
    begin = at.end() if at else start
    dated = _DATED.match(text, begin, end)
    best: tuple[int, Heading] | None = None
    for heading in headings:
        first = dated.end() if dated and heading.dated else begin
        for words, _ in heading.words.read:
            if words and text.startswith(words, first) and first + len(words) <= end:
                if best is None or first + len(words) > best[0]:
                    best = (first + len(words), heading)
                break
    if best is None:
        return None
    stop, heading = best
    said: list[Said] = []
    if heading.keeps:
        first = dated.end() if dated and heading.dated else begin
        printed = running.printed(first, stop)
        said.append(Said(heading.keeps, printed, None, printed, first, stop))
    if heading.tail:
        tail = matcher.match(heading.tail, stop, end, None)
        if isinstance(tail, Read):
            said += tail.said
            stop = tail.end
    numbered = at is not None and at.end() > start
    sure = numbered and stop - begin > _SHORT and running.paragraphs[running.paragraph(start)].loose
    if stop < end and not sure and not _FOLLOWING.match(text, stop, end):
        return None
    if text.startswith(("。", ":"), stop, end):
        stop += 1
    elif _TRAILING.fullmatch(text, stop, end):
        stop = end
    return start, stop, heading, tuple(said)


def _sentences(
    matcher: Matcher, wording: Wording, sentences: Sequence[Sentence], begin: int, end: int, section: Section | None, name: str,
    used: list[tuple[int, int]], missed: list[Missed],
) -> tuple[Read | None, ...]:  # fmt: skip
    """The sentences of one section, each after the one before it; ``name`` of the entity may stand before any."""
    found: list[Read | None] = []
    at = begin
    for number, sentence in enumerate(sentences):
        starts = _Starts(matcher, at, end, name)
        stops = _stops(matcher, starts, sentences[number + 1 :])
        read = _find(matcher, sentence, starts, stops)
        if isinstance(read, Read):
            used.append((read.start - starts.lead(read.start), read.end))
            found.append(_with_parts(read, matcher, wording))
            at = read.end
        else:
            missed.append(Missed(section, sentence, at, read))
            found.append(None)
    return tuple(found)


class _Starts:
    """Where sentences may begin between two places: where the one before ended, at a paragraph, behind a full stop or a
    semicolon, and behind the entity's name there. In the middle of a clause the same words may say something else."""

    def __init__(self, matcher: Matcher, begin: int, end: int, name: str) -> None:
        self.matcher, self.begin, self.end, self.name = matcher, begin, end, name

    def of(self, sentence: Sentence) -> Iterator[int]:
        """Where a sentence may begin."""
        openings = self.matcher.openings(sentence.nodes, self.begin, self.end)
        return (at for at in openings if self._free(at) or self.lead(at))

    def lead(self, at: int) -> int:
        """How many characters of the entity's name stand before a place, where a sentence begins with it."""
        first = at - len(self.name)
        known = first >= self.begin and self.matcher.running.text.startswith(self.name, first)
        return len(self.name) if self.name and known and self._free(first) else 0

    def _free(self, at: int) -> bool:
        matcher = self.matcher
        return at == self.begin or at in matcher.breaks or matcher.running.text[at - 1] in "。;"


def _stops(
    matcher: Matcher, starts: _Starts, following: Sequence[Sentence]
) -> tuple[frozenset[int], frozenset[int]]:
    """Where a sentence may end: at the end of a paragraph (where that is a guess, of one that ends a sentence) or where one
    of those that follow begins; and only the latter."""
    running = matcher.running
    hard = {starts.end}
    for sentence in following:
        if isinstance(sentence.nodes[0], Literal):
            hard.update(at - starts.lead(at) for at in starts.of(sentence))
    soft = set(matcher.breaks_in(starts.begin, starts.end))
    if running.loose:
        soft = {position for position in soft if running.text[position - 1 : position] in "。:"}
    return frozenset(soft | hard), frozenset(hard)


def _find(
    matcher: Matcher, sentence: Sentence, starts: _Starts, stops: tuple[frozenset[int], frozenset[int]]
) -> Read | Failure:
    furthest = Failure(starts.begin, sentence.nodes[0])
    for ends, across in _manners(matcher.running, sentence, *stops):
        for start in islice(starts.of(sentence), _STARTS):
            read = matcher.match(sentence.nodes, start, starts.end, ends, across=across)
            if isinstance(read, Read):
                return read
            if read.reached > furthest.reached:
                furthest = read
    return furthest


def _manners(
    running: Running, sentence: Sentence, soft: frozenset[int], hard: frozenset[int]
) -> Iterator[tuple[frozenset[int] | None, bool]]:
    """Where a sentence may end and whether its texts may go on in the next paragraph, the surest manner first.

    A list goes on as long as it can: a paragraph may end within one of its elements.
    """
    if not running.loose:
        yield soft, False
        yield hard, True
        yield None, False
        return
    both = (hard, soft) if isinstance(sentence.nodes[-1], Each) else (soft, hard)
    yield from ((ends, True) for ends in (*both, None))


def _gaps(used: Collection[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in sorted(used):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < length:
        yield at, length
