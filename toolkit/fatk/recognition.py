"""Where the tables of a workbook stand, and what each of their columns is: by meaning, never by position or sheet name.

A title is known by its words, a column by the path of its header, a list by its title and header.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice, pairwise
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from fatk import layout
from fatk.grid import MAX_COLUMNS, TEXT, Cell, Sheet
from fatk.spec import Spec, Table, load
from fatk.vocabulary import (
    Meaning,
    Vocabulary,
    budget_or_final,
    code_levels,
    fold,
    fold_title,
    header_word,
    meaning_of,
    number_labels,
    plain_label,
    roofs,
    tables_of_words,
    title_of,
    vocabulary,
)

_PLAIN_YEAR: Final = re.compile(r"20[0-9]{2}")
_AMOUNT: Final = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?")
_FOOT: Final = re.compile(
    r"^(?:注\d*|说明|备注|公开时间|填报人|制表人|填表人|审核人|单位负责人|负责人)[:：]|^第?\s*\d+\s*页"
)
#: A header has at most this many rows, and begins at most this many rows below its title.
_HEADER_ROWS: Final = 6
_HEADER_DISTANCE: Final = 8
#: So much of a text is looked at where only its beginning matters.
_BEGINNING: Final = 200
#: A row with a title holds at most this many cells: the title, a number, a unit.
_TITLE_CELLS: Final = 3


#: The cells of a row by column, from left to right, and the rows of a sheet, from top to bottom.
Line = dict[int, Cell]
Rows = dict[int, Line]


#: The text of a cell, by its place among what makes a cell.
_text: Final = itemgetter(Cell._fields.index("text"))


def rows_of(sheet: Sheet) -> Rows:
    """The rows of a sheet as they show: a cell whose formula gives an empty text shows nothing, and is empty."""
    if sheet.solid:
        return sheet.rows
    rows: dict[int, Line] = {}
    for number, line in sheet.rows.items():
        if all(map(_text, line.values())):
            rows[number] = line
        elif shown := {c: cell for c, cell in line.items() if cell.text or cell.kind != TEXT}:
            rows[number] = shown
    return rows


def _first(line: Line) -> Cell:
    """The leftmost cell of a row."""
    return next(iter(line.values()))


def is_aside(sheet: Sheet) -> bool:
    """Whether a sheet says in its first cell that it helps to fill in a workbook and is no part of the report."""
    first = next((cell for line in sheet.rows.values() for cell in line.values()), None)
    return first is not None and any(phrase in first.text for phrase in load().root["aside"].values())


@dataclass(frozen=True, slots=True)
class Region:
    """Where one table stands on a sheet: from its title to its last row. ``titled`` is the table that the title names,
    where that is another than the one that the header shows."""

    table: Table
    title: tuple[int, int] | None
    header: int
    end: int
    titled: str | None = None


def panes(sheet: Sheet) -> list[tuple[Sheet, Rows, list[Region]]]:
    """The parts of a sheet on which forms stand side by side, or the sheet as one: each with its rows and tables."""
    parts: list[tuple[Sheet, Rows, list[Region]]] = [
        (part, rows, regions(part, rows)) for part in _parts(sheet) for rows in [rows_of(part)]
    ]
    if sum(any(region.table.kind == "form" for region in found) for _, _, found in parts) >= 2:
        return parts
    rows = rows_of(sheet)
    return [(sheet, rows, regions(sheet, rows))]


#: At most this many forms stand side by side, and one more.
_MOST_CUTS: Final = 16


def _parts(sheet: Sheet) -> list[Sheet]:
    """A sheet cut before each title of a form that stands beside another; none where there is no such title."""
    lines = sheet.rows.values()
    found = {title_of(cell.text) for line in lines for cell in line.values() if cell.kind == TEXT}
    if len(found - {None}) < 2:
        return []
    cuts: set[int] = set()
    filled = set().union(*lines)
    for line in lines:
        titles = [column for column, cell in line.items() if cell.kind == "text" and title_of(cell.text)]
        for left, right in pairwise(titles):
            blank = [column for column in range(left + 1, right) if column not in filled]
            cuts.add(blank[-1] + 1 if blank else right)
    if len(cuts) > _MOST_CUTS:  # no sheet of forms
        return []
    edges = [0, *sorted(cuts), MAX_COLUMNS]
    return [
        replace(
            sheet,
            rows={
                number: part
                for number, line in sheet.rows.items()
                if (part := {column: cell for column, cell in line.items() if left <= column < right})
            },
            merges=tuple(merge for merge in sheet.merges if left <= merge[1] < right),
        )
        for left, right in pairwise(edges)
    ]


def regions(sheet: Sheet, rows: Rows) -> list[Region]:
    """Every table that a sheet holds, from top to bottom: forms by title and header, lists by title and header."""
    spec = load()
    found: list[Region] = []
    numbers = list(rows)
    lists = _list_titles(spec)
    within: int | None = None  # the last row so far of a list, which goes on to the next blank row
    for index, number in enumerate(numbers):
        within = number if within is not None and within == number - 1 else None
        line = rows[number]
        first = 1 if within == number else len(line) if len(line) <= _TITLE_CELLS else 0
        if not first:
            continue
        for column, cell in islice(line.items(), first):
            if cell.kind != "text" or len(cell.text) > 80:
                continue
            listed = lists.get(cell.text.strip())
            if (
                listed is not None
                and index + 1 < len(numbers)
                and _is_list_header(listed, rows[numbers[index + 1]])
            ):
                found.append(Region(listed, (number, column), numbers[index + 1], 0))
                within = number
                break
            if within == number:
                continue
            named = title_of(cell.text)
            shown = (
                _shown(rows, numbers[index + 1 : index + 1 + _HEADER_DISTANCE], (named, title_of(sheet.name)))
                if named
                else None
            )
            if shown:
                table_id, header = shown
                found.append(
                    Region(
                        spec.tables[table_id],
                        (number, column),
                        header,
                        0,
                        named if named != table_id else None,
                    )
                )
                break
    if not found and numbers:
        shown = _shown(rows, numbers[: _HEADER_DISTANCE + 2], (title_of(sheet.name),))
        if shown:
            table_id, header = shown
            alone = header > numbers[0] and len(rows[numbers[0]]) == 1
            found.append(
                Region(
                    spec.tables[table_id],
                    (numbers[0], next(iter(rows[numbers[0]]))) if alone else None,
                    header,
                    0,
                )
            )
    ends = [region.title[0] - 1 if region.title else 0 for region in found[1:]] + numbers[-1:]
    return [
        replace(region, end=_end(rows, region, end) if region.table.kind == "form" else end)
        for region, end in zip(found, ends, strict=False)
    ]


def _end(rows: Rows, region: Region, last: int) -> int:
    """The last row of a form: the one before the title of a table that is none of the nine, with a header below it."""
    numbers = [n for n in rows if region.header < n <= last]
    for number, below in pairwise(numbers):
        line = rows[number]
        if len(line) > 1 or (alone := _first(line)).kind != TEXT:
            continue
        text = fold_title(alone.text)
        header = rows[below].values()
        if (
            4 <= len(text) <= 40
            and text.endswith("表")
            and not text.endswith(("空表", "本表", "附表"))
            and not any(mark in text for mark in ",。;")
            and len(header) >= 2
            and all(cell.kind == "text" and not looks_like_amount(cell) for cell in header)
        ):
            return number - 1
    return last


def _shown(rows: Rows, numbers: Sequence[int], named: Sequence[str | None]) -> tuple[str, int] | None:
    """The table whose header stands in the rows, and its first row: the first one named whose words fit as well as any
    other's, else the only one that fits best, else the one named; ``None`` where there is no header."""
    known, over_all = tables_of_words(), roofs()
    words: set[str] = set()
    hits: dict[str, int] = {}  # how many words of each table's headers
    first: dict[str, int] = {}
    for number in numbers:
        line = rows[number]
        if hits and (is_number_row(line) or any(map(looks_like_amount, line.values()))):
            break
        if not hits and len(line) < 2 and fold(_first(line).text) not in over_all:
            continue  # a title, a number, a unit: no header begins with one cell, but for a label over all columns
        for cell in line.values():
            if cell.kind == "text" and len(cell.text) <= 40:
                word = header_word(cell.text)
                if word not in words:
                    words.add(word)
                    for table_id in known.get(word, ()):
                        hits[table_id] = hits.get(table_id, 0) + 1
                        first.setdefault(table_id, number)
    if not hits:
        return None
    best = max(hits.values())
    likely = [table_id for table_id in named if table_id]
    for table_id in likely:
        if hits.get(table_id, 0) == best >= 2:
            return table_id, first[table_id]
    leaders = [table_id for table_id, count in hits.items() if count == best]
    if len(leaders) == 1 and best >= 4:
        return leaders[0], first[leaders[0]]
    return next(((t, first[t]) for t in likely if hits.get(t, 0) >= 2), None)


@cache
def _list_titles(spec: Spec) -> Mapping[str, Table]:
    return MappingProxyType({t.title: t for t in spec.tables.values() if t.kind != "form"})


def _is_list_header(table: Table, line: Line) -> bool:
    texts = {cell.text.strip() for cell in line.values()}
    if table.single:
        return {layout.ITEM, layout.CONTENT} <= texts
    known = sum(f.title in texts for f in table.fields)
    return known >= min(2, len(table.fields)) and known * 2 >= len(texts)


@dataclass(frozen=True, slots=True)
class Heading:
    """A table's columns as its header names them, and the rows that are header and not data. Columns that are ``repeated``
    say what one further left says already, and have no meaning; each has that one."""

    paths: Mapping[int, tuple[str, ...]]
    meanings: Mapping[int, Meaning]
    rows: tuple[int, ...]
    first_data: int
    anchors: Mapping[tuple[int, int], tuple[int, int]]
    repeated: Mapping[int, int]


def heading(sheet: Sheet, rows: Rows, region: Region, names: Mapping[str, str]) -> Heading:
    """Read the header of a form. ``names`` are further names of lines, where columns are lines."""
    words = vocabulary(region.table.id)
    anchors = _covered(sheet, region.header, min(region.end, region.header + _HEADER_ROWS))
    header_rows: list[int] = []
    counted: int | None = None  # the row that numbers the columns
    key_columns: set[int] = set()
    first_data = region.end + 1
    for number in range(region.header, region.end + 1):
        line = rows.get(number)
        if not line:
            continue
        if is_number_row(line):
            counted = number
            header_rows.append(number)
            first_data = number + 1
            break
        if header_rows and _is_data(line, key_columns, words):
            first_data = number
            if _names_columns(line, key_columns, words):  # its last labels stand on the row of the total
                header_rows.append(number)
            break
        if len(header_rows) >= _HEADER_ROWS:
            first_data = number
            break
        header_rows.append(number)
        for column, cell in line.items():
            if fold(cell.text) in words.key_words:
                key_columns.update(
                    c for (r, c), a in anchors.items() if a == (number, column) and r == number
                )
                key_columns.add(column)
    labelled = tuple([r for r in header_rows if r != counted or _has_levels(rows[r])])
    labels = _labels(rows, labelled, (first_data, counted), words)
    many = len(anchors) > _PLACES or len(labels) > _PLACES
    if names or many or sum(map(len, labels.values())) > _CHARACTERS:
        found = _columns(region.table.id, labelled, labels, anchors, names)
    else:
        found = _known_columns(region.table.id, labelled, tuple(labels.items()), tuple(anchors.items()))
    paths, meanings = dict(found[0]), dict(found[1])
    if words.items and not meanings:
        meanings = _of_one_year(_listed(paths, rows, first_data, region.end, words), paths)
    repeated = _repeated(meanings)
    for column, first in repeated.items():
        del meanings[column]
        places = [
            (anchors.get((r, column), (r, column)), anchors.get((r, first), (r, first))) for r in labelled
        ]
        if all(own == other for own, other in places if own[1] in rows.get(own[0], {})):
            del paths[column]  # below the same merged cell: no column of its own
    return Heading(
        MappingProxyType(paths),
        MappingProxyType(meanings),
        tuple(header_rows),
        first_data,
        MappingProxyType(anchors),
        MappingProxyType(repeated),
    )


Place = tuple[int, int]
#: The header paths of columns, and what the columns mean.
Columns = tuple[Mapping[int, tuple[str, ...]], Mapping[int, Meaning]]
#: Headers of more characters, with more labels, or with more places under merged cells, are none that are kept.
_CHARACTERS: Final = 2000
_PLACES: Final = 400


@lru_cache(maxsize=256)
def _known_columns(
    table_id: str,
    labelled: tuple[int, ...],
    labels: tuple[tuple[Place, str], ...],
    anchors: tuple[tuple[Place, Place], ...],
) -> Columns:
    """The columns of a header by its cells: programs print one header in every file."""
    return _columns(table_id, labelled, dict(labels), dict(anchors), {})


def _columns(
    table_id: str,
    labelled: Sequence[int],
    labels: Mapping[Place, str],
    anchors: Mapping[Place, Place],
    names: Mapping[str, str],
) -> Columns:
    """The columns that the labels of a header name, by their path, and those of them that are known."""
    words = vocabulary(table_id)
    paths = _paths(labels, labelled, anchors)
    groups = {path[:end] for path in paths.values() for end in range(1, len(path))}
    # A blank column below a group's label is none.
    paths = {column: path for column, path in paths.items() if path not in groups}
    meanings = {}
    for column, path in paths.items():
        meaning = meaning_of(path, words, names)
        if meaning is not None:
            meanings[column] = meaning
    return paths, _of_one_year(meanings, paths)


def _labels(
    rows: Rows, header_rows: Sequence[int], partly: Collection[int | None], words: Vocabulary
) -> dict[Place, str]:
    """The texts of a header by their place; of rows that are header only ``partly``, as one of data or of numbers, those that
    name columns."""
    known = words.words | code_levels()
    return {
        (row, column): cell.text
        for row in header_rows
        for column, cell in rows[row].items()
        if row not in partly or (cell.kind == "text" and header_word(cell.text) in known)
    }


def _of_one_year(meanings: Mapping[int, Meaning], paths: Mapping[int, tuple[str, ...]]) -> dict[int, Meaning]:
    """The columns less those of earlier years, where the header names several."""
    years = {c: [int(y) for word in paths.get(c, ()) for y in _PLAIN_YEAR.findall(word)] for c in meanings}
    finals = {
        y
        for c, named in years.items()
        if meanings[c].role == "amount" and meanings[c].field != "budget"
        for y in named
    }
    if len(finals) < 2:
        return dict(meanings)
    return {c: m for c, m in meanings.items() if not years[c] or max(finals) in years[c]}


def _listed(
    paths: Mapping[int, tuple[str, ...]], rows: Rows, first: int, last: int, words: Vocabulary
) -> dict[int, Meaning]:
    """The columns of a form of lines that is printed upright: its items in rows, budget and final figures in columns."""
    block = next(name for name, _ in words.labels)
    found = {
        column: Meaning(block, "amount", field, None)
        for column, path in paths.items()
        for field in [budget_or_final(path)]
        if field
    }
    labels = (
        column
        for number in range(first, last + 1)
        for column, cell in rows.get(number, {}).items()
        if column not in found and cell.kind == "text" and words.items.get(plain_label(cell.text))
    )
    label = next(labels, None)
    return {label: Meaning(block, "label", None, None), **found} if found and label is not None else {}


def _repeated(meanings: Mapping[int, Meaning]) -> dict[int, int]:
    """Every column that says what another one of its group says → the first that does; a group begins at each label or
    code column."""
    found: dict[int, int] = {}
    first: dict[tuple[str, str | None, str | None], int] = {}
    for column in sorted(meanings):
        meaning = meanings[column]
        if meaning.role in ("label", "code"):
            first.clear()
        known = first.setdefault((meaning.role, meaning.field, meaning.line), column)
        if known != column:
            found[column] = known
    return found


def _covered(sheet: Sheet, first: int, last: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Every place of the rows that a merged range covers → the range's first cell."""
    covered = {}
    for r1, c1, r2, c2 in sheet.merges:
        if r1 <= last and r2 >= first and c2 - c1 < 200:
            for r in range(max(r1, first), min(r2, last) + 1):
                for c in range(c1, c2 + 1):
                    covered[r, c] = (r1, c1)
    return covered


def is_number_row(line: Line) -> bool:
    """Whether a row is the 栏次 row: it says so, or is nothing but 1, 2, 3 …, which would satisfy every sum;
    where other columns stand among the known, the numbers may begin again."""
    texts = [fold(cell.text) for cell in line.values()]
    if not number_labels().isdisjoint(texts):
        return True
    if len(texts) < 3 or not all(text.isdecimal() and len(text) <= 2 for text in texts):
        return False
    numbers = [int(text) for text in texts]
    runs = 1 + sum(right != left + 1 for left, right in pairwise(numbers))
    return numbers[0] == 1 and 3 * runs <= len(numbers)


def looks_like_amount(cell: Cell) -> bool:
    """Whether a cell could hold a figure or one of the printed nothings."""
    if cell.kind != "text":
        return True
    text = fold(cell.text)
    return bool(_AMOUNT.fullmatch(text)) or text in _printed_nothings()


@cache
def _printed_nothings() -> frozenset[str]:
    return frozenset(fold(text) for texts in load().root["printed_states"].values() for text in texts)


def _is_data(line: Line, key_columns: set[int], words: Vocabulary) -> bool:
    for column, cell in line.items():
        if column in key_columns:
            if cell.kind != "text" or fold(cell.text) not in words.key_words:
                return True
        elif looks_like_amount(cell):
            return True
    return is_foot(line)


def _names_columns(line: Line, key_columns: set[int], words: Vocabulary) -> bool:
    """Whether a row with data names columns as well: 类 款 项, or two words of headers over the amounts."""
    texts = [(column, header_word(cell.text)) for column, cell in line.items() if cell.kind == "text"]
    named = [column for column, text in texts if column not in key_columns and text in words.words]
    return _has_levels(line) or len(named) >= 2


def _has_levels(line: Line) -> bool:
    """Whether a row names the parts of a code, 类 款 项, each over a column of its own."""
    return sum(cell.kind == "text" and fold(cell.text) in code_levels() for cell in line.values()) >= 2


def is_foot(line: Line) -> bool:
    """Whether a row begins the foot of a table (注：, 说明：)."""
    return begins_foot(_first(line).text)


def begins_foot(text: str) -> bool:
    """Whether a text is that of a row's first cell that begins the foot of a table."""
    marked = ":" in text or "：" in text or "页" in text
    return marked and _begins_foot(text[:_BEGINNING])


@lru_cache(maxsize=8192)
def _begins_foot(text: str) -> bool:
    return bool(_FOOT.match(text.strip()))


def _paths(
    at: Mapping[Place, str],
    header_rows: Sequence[int],
    anchors: Mapping[Place, Place],
) -> dict[int, tuple[str, ...]]:
    """The header path of every column. Where a merge was lost, a group's label reaches right to the next label."""
    columns = sorted({c for _, c in at} | {c for r, c in anchors if r in header_rows})
    paths: dict[int, tuple[str, ...]] = {}
    left: list[tuple[int, int] | None] | None = None
    for column in columns:
        source: list[tuple[int, int] | None] = []
        for level, row in enumerate(header_rows):
            place = anchors.get((row, column), (row, column))
            if place in at:
                source.append(place)
                continue
            below = any(anchors.get((r, column), (r, column)) in at for r in header_rows[level + 1 :])
            same = left is not None and left[:level] == source and left[level] is not None
            covered = (row, column) in anchors
            source.append(left[level] if left is not None and same and below and not covered else None)
        left = source
        path: list[str] = []
        before: tuple[int, int] | None = None
        for found in source:
            if found is not None and found != before:
                path.append(header_word(at[found]))
            before = found or before
        if path:
            paths[column] = tuple(path)
    return paths
