"""The words of the printed forms, over every edition: titles, header paths and labels, as they are compared.

What an edition calls its tables, columns and lines is data; this module compares folded texts and decides nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from fatk.grid import Cell
from fatk.model import TOTAL
from fatk.spec import Column, FixedLine, Table, load

_SPACE: Final = re.compile(r"\s+")
_TITLE_MARKS: Final = str.maketrans("", "", "\"'“”‘’「」『』《》〈〉()[]【】〔〕_")
_TITLE_PREFIX: Final = re.compile(
    r"^(?:附表?\d*|财决?公开\d+表|公开\d+表|表[一二三四五六七八九十\d]+|z\d+|[一二三四五六七八九十]+[、.,:]|\d+[、.:]?|第[一二三四五六七八九十]+[、:])+[:、.\-]?",
    re.IGNORECASE,
)
_TITLE_TAIL: Final = re.compile(r"(?:续表?)?(?:(?:金额)?单位:?)?(?:[万千亿]?元)$|续表?$")
_HEADER_UNIT: Final = re.compile(r"\((?:单位:)?(?:[万千亿]?元)\)$")
_YEAR: Final = re.compile(r"20[0-9]{2}\s*年度?")
_ORDINAL: Final = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.．,，]|[(（][一二三四五六七八九十]+[)）]|[0-9]{1,2}[、.．]|[(（][0-9]{1,2}[)）])\s*"
)
_AMONG: Final = re.compile(r"^其中[:：]\s*")
#: The number of a column, with what it is the sum of: 7, 7=1+3, (7).
_COLUMN_NUMBER: Final = re.compile(r"[(]?[0-9]{1,2}[)]?(?:=[0-9+\-() ]+)?栏?")
#: Columns beside budget and final figures that are none: of another year, or a difference of the two.
_NEITHER: Final = ("上年", "去年", "前年", "差异", "增减", "增长", "完成", "比例", "率", "%")
#: Groups of columns that hold no final figures of the year, whatever the words below them: budgets, other years, differences.
_NOT_FINAL: Final = re.compile(
    r"上年(?!结转|结余)|去年|前年|差异|增减|增长|完成|比例|年初预算|全年预算|调整预算|预算数|%"
)
_REMARK: Final = re.compile(r"\([^()]*\)$")
_OTHER_FIGURE: Final = re.compile(r"上年|去年|预算|决算|20[0-9]{2}|其中|增减|差异|比")
_TOTALS: Final = frozenset({"合计", "总计"})


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """A label as it is compared: compatibility forms folded, no blanks, lower case."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=1024)
def fold_title(text: str) -> str:
    """A title as it is compared: folded, without quotes, brackets, leading numbers, the year and a trailing unit."""
    folded = _YEAR.sub("", fold(text)).translate(_TITLE_MARKS)
    return _TITLE_TAIL.sub("", _TITLE_PREFIX.sub("", folded))


@lru_cache(maxsize=8192)
def strip_ordinal(label: str) -> str:
    """A label without its leading ordinal (一、 （一） 1.) and without 其中：."""
    rest = _ORDINAL.sub("", label.strip())
    return _AMONG.sub("", rest) or label


@lru_cache(maxsize=8192)
def plain_label(label: str) -> str:
    """A folded label without a remark in brackets at its end, unless that says that the figure is another one."""
    folded = fold(strip_ordinal(label))
    remark = _REMARK.search(folded)
    return folded[: remark.start()] if remark and not _OTHER_FIGURE.search(remark[0]) else folded


@lru_cache(maxsize=8192)
def header_word(text: str) -> str:
    """A word of a header as it is compared: folded, without a unit in brackets at its end."""
    return _HEADER_UNIT.sub("", fold(text))


@cache
def _synonyms() -> Mapping[str, str]:
    """Words of headers that mean the same → the one that is compared."""
    words = load().root["header_words"]
    return MappingProxyType({fold(other): fold(word) for word, others in words.items() for other in others})


def _plain_path(path: tuple[str, ...], items: object) -> tuple[str, ...]:
    """A header path with one word for all that mean the same; where columns are lines, words are names of lines."""
    return path if items else tuple(_synonyms().get(word, word) for word in path)


# The words of one table


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column is: the block it belongs to, its role and, for amounts, field and line."""

    block: str
    role: str
    field: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words by which any edition prints one table."""

    table: Table
    paths: Mapping[tuple[str, ...], Meaning]
    suffixes: Mapping[tuple[str, ...], Meaning | None]
    words: frozenset[str]
    key_words: frozenset[str]
    labels: Mapping[tuple[str, str], tuple[FixedLine, ...]]
    footnotes: frozenset[str]
    items: Mapping[str, str]


@cache
def vocabulary(table_id: str) -> Vocabulary:
    """The words of one of the nine tables."""
    spec = load()
    paths: dict[tuple[str, ...], Meaning] = {}
    labels: dict[tuple[str, str], list[FixedLine]] = {}
    footnotes: set[str] = set()
    key: set[str] = set()
    amount: set[str] = set()
    items: dict[str, str] = {}
    for edition in spec.editions:
        form = edition.forms.get(table_id)
        if form is None:
            continue
        footnotes.update(fold(note) for note in form.footnotes)
        for block in form.blocks:
            for column in block.columns:
                for path in _spellings(column, block.lines):
                    plain = _plain_path(path, column.line)
                    paths.setdefault(plain, Meaning(block.name, column.role, column.field, column.line))
                    (amount if column.role in ("amount", "line_number") else key).update(plain)
            for line in block.lines:
                for name in (line.label, line.name, *line.aliases):
                    kept = labels.setdefault((block.name, fold(strip_ordinal(name))), [])
                    if line.line and all(line.line != other.line for other in kept):
                        kept.append(line)
                    if any(c.line for c in block.columns) and line.line and name != "小计":
                        items.setdefault(fold(name), line.line)
    for words in (key, amount) if not items else ():
        words.update(other for other, word in _synonyms().items() if word in words)
    suffixes: dict[tuple[str, ...], Meaning | None] = {}
    for path, meaning in paths.items():
        for start in range(len(path)):
            suffix = path[start:]
            suffixes[suffix] = meaning if suffixes.get(suffix, meaning) == meaning else None
    return Vocabulary(
        spec.tables[table_id], MappingProxyType(paths), MappingProxyType(suffixes), frozenset(key | amount),
        frozenset(key - amount), MappingProxyType({k: tuple(v) for k, v in labels.items()}), frozenset(footnotes),
        MappingProxyType(items),
    )  # fmt: skip


def _spellings(column: Column, lines: Sequence[FixedLine]) -> Iterator[tuple[str, ...]]:
    """The header path of a column with every name that its lines go by."""
    path = tuple(header_word(h) for h in column.header)
    yield path
    if column.line:
        for line in lines:
            for alias in line.aliases:
                if fold(line.name) in path:
                    yield tuple(fold(alias) if h == fold(line.name) else h for h in path)


# Titles


@cache
def _titles() -> Mapping[str, str]:
    """Folded title → table, over every edition and alias."""
    spec = load()
    found: dict[str, str] = {}
    for edition in spec.editions:
        for form in edition.forms.values():
            for title in (form.title, *form.aliases):
                found.setdefault(fold_title(title), form.table)
    return MappingProxyType(found)


@cache
def _cut_titles() -> Mapping[str, str]:
    """Folded title without its first character, as web pages lose it → table, where it is no title of another."""
    found: dict[str, set[str]] = {}
    for title, table in _titles().items():
        if len(title) > 4:
            found.setdefault(title[1:], set()).add(table)
    return MappingProxyType(
        {cut: min(tables) for cut, tables in found.items() if len(tables) == 1 and cut not in _titles()}
    )


def is_cut_title(text: str) -> bool:
    """Whether a title is one that lost its first character."""
    return fold_title(text) in _cut_titles()


#: What every title has in it.
_TABLE: Final = "表"


def title_of(text: str) -> str | None:
    """The one of the nine tables whose title a text is, or ``None``. A sentence that names a table is no title."""
    return _title_of(text) if _TABLE in text and 3 <= len(text) <= 80 else None


@lru_cache(maxsize=8192)
def _title_of(text: str) -> str | None:
    folded = fold_title(text)
    known = _titles().get(folded) or _cut_titles().get(folded)
    if known:
        return known
    if (
        not folded.endswith(_TABLE)
        or folded.endswith(("空表", "本表", "附表"))
        or any(c in folded for c in ",。;")
    ):
        return None
    found = [table.id for table in load().forms if _matches(table, folded)]
    return found[0] if len(found) == 1 else None


def _matches(table: Table, folded: str) -> bool:
    words = table.recognition
    return (
        words is not None
        and all(any(w in folded for w in group) for group in words.all)
        and not any(w in folded for w in words.none)
        and "预算表" not in folded
    )


# Headers


def meaning_of(path: tuple[str, ...], words: Vocabulary, names: Mapping[str, str]) -> Meaning | None:
    """What a column is by its header path: the whole path, else the longest tail of it that means one thing only.

    The columns of a code's 类, 款 and 项 are columns of that code.
    """
    if len(path) > 1 and path[-1] in code_levels():
        above = meaning_of(path[:-1], words, names)
        return above if above is not None and above.role == "code" else None
    plain = _plain_path(path, words.items)
    if plain in words.paths:
        return words.paths[plain]
    if not words.items and any(_NOT_FINAL.search(word) for word in path):
        return None
    for start in range(len(plain)):
        meaning = words.suffixes.get(plain[start:])
        if meaning is not None:
            # Below the label of another column, a word means a part of that.
            others = (words.paths.get((word,)) for word in plain[:start])
            return None if any(other and other.role == "amount" for other in others) else meaning
    if words.items:
        return _item_meaning(path, words, names)
    return None


def _item_meaning(path: tuple[str, ...], words: Vocabulary, names: Mapping[str, str]) -> Meaning | None:
    """Columns that are lines: budget or final by one word of the path, the item by the last word that names one; a
    column whose own word nobody prints is none of them."""
    field = budget_or_final(path)
    line, known = None, False
    for word in path:
        named = names.get(word) or words.items.get(word)
        line = named or line
        known = named is not None or word in words.words or "预算" in word or "决算" in word
    if field is None or line is None or not known:
        return None
    return Meaning("three_public", "amount", field, line)


def budget_or_final(path: tuple[str, ...]) -> str | None:
    """Whether a column of a form of budget and final figures holds the one or the other; other years hold neither."""
    if any(word in part for part in path for word in _NEITHER):
        return None
    return "budget" if any("预算" in w for w in path) else "final" if any("决算" in w for w in path) else None


@cache
def code_levels() -> frozenset[str]:
    """The words that head the parts of a code: 类, 款, 项."""
    return frozenset(fold(e.level) for entries in load().codes("functional").values() for e in entries)


def is_header_word(cell: Cell, words: Vocabulary, names: Mapping[str, str]) -> bool:
    """Whether a cell of a header says what some edition prints there: a word, a name of a line, a number of a column."""
    text = header_word(cell.text)
    return (
        text in words.words
        or text in code_levels()
        or text in words.items
        or text in names
        or text in number_labels()
        or _COLUMN_NUMBER.fullmatch(text) is not None
        or (("预算" in text or "决算" in text) and (bool(words.items) or not _NOT_FINAL.search(text)))
    )


@cache
def tables_of_words() -> Mapping[str, tuple[str, ...]]:
    """Folded word of a header → the tables whose headers have it."""
    found: dict[str, list[str]] = {}
    for table in load().forms:
        for word in vocabulary(table.id).words:
            found.setdefault(word, []).append(table.id)
    return MappingProxyType({word: tuple(tables) for word, tables in found.items()})


@cache
def roofs() -> frozenset[str]:
    """Labels that stand over all columns of a form in some edition."""
    forms = (form for edition in load().editions for form in edition.forms.values())
    tops = ({column.header[0] for column in form.columns} for form in forms)
    return frozenset(fold(top) for found in tops if len(found) == 1 for top in found)


@cache
def number_labels() -> frozenset[str]:
    """What any edition prints before its column numbers."""
    return frozenset(fold(e.column_number_label) for e in load().editions if e.column_number_label)


# Labels of lines


def resolve_line(words: Vocabulary, block: str, label: str, anchor: str) -> FixedLine | None:
    """The fixed line of a label on one side of a form; ``anchor`` is the line that components now belong to."""
    candidates = words.labels.get((block, fold(strip_ordinal(label)))) or words.labels.get(
        (block, plain_label(label)), ()
    )
    for line in candidates:
        if line.within and line.within == anchor:
            return line
    return next(
        (line for line in candidates if not line.within), candidates[0] if len(candidates) == 1 else None
    )


def is_total(words: Vocabulary, text: str) -> bool:
    """Whether a label is that of the total row of a list form."""
    folded = plain_label(text)
    return folded in _TOTALS or any(
        line.line == TOTAL for (_, name), lines in words.labels.items() if name == folded for line in lines
    )
