"""Which row of the standard a printed row is: by its code, its label on its side, or its name below the rows above it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Final, NamedTuple

from fatk.grid import FORMULA_WITHOUT_VALUE, NUMBER, Cell
from fatk.model import TOTAL
from fatk.spec import Field, Table, load
from fatk.values import BLANKS, clean_text
from fatk.vocabulary import code_levels, fold, is_total, plain_label, resolve_line, strip_ordinal, vocabulary

#: The code of a class, a section or an item.
CODE: Final = re.compile(r"[0-9]{3}(?:[0-9]{2}){0,2}")
#: A code and its name in one cell: 30207邮电费, 201-一般公共服务支出, 20103 政府办公厅.
_GLUED: Final = re.compile(r"([0-9０-９]{3}(?:[0-9０-９]{2}){0,2})\s*[-—_.、:：]?\s*([^\W\d_].*)", re.DOTALL)
#: What a form's pattern leaves behind where a person should have written.
_RESIDUE: Final = re.compile(r"[….。·×*_＿Xx〇○\s]+|[{｛【\[].*[}｝】\]]|待填写?|示例")
#: Fixed labels print ordinals; one that lost its comma (一一般公共服务支出) is stripped only where a known label is left.
_BARE_ORDINAL: Final = re.compile(r"[一二三四五六七八九十]{1,3}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a form that share their rows: the block's name, which column has which role, those of the code (one, or
    one each for 类, 款 and 项), the amounts as (column, position of the field, field), and where each field stands."""

    name: str
    roles: Mapping[str, int]
    codes: Sequence[int]
    amounts: Sequence[tuple[int, int, Field]]
    spots: Mapping[str, int]


class Identity(NamedTuple):
    """What a printed row is: the key of its row (``None`` where it is not known), its printed name, and the columns that
    say so. ``inferred``: the code is not printed but follows from the name."""

    key: str | None
    name: str | None
    columns: Sequence[int]
    inferred: bool = False


_new: Final = tuple.__new__


def _identity(key: str | None, name: str | None, columns: Sequence[int]) -> Identity:
    """An identity that is printed, made at half the cost of naming its members."""
    return _new(Identity, (key, name, columns, False))


class Keys:
    """The keys of one block's rows, read from top to bottom: what a row is may depend on the rows above it.

    ``names`` are further names of lines, from the workbook's own list of codes.
    """

    def __init__(self, table: Table, block: str, names: Mapping[str, str]) -> None:
        self.table, self.block, self.names = table, block.rstrip("+"), names
        self.words = vocabulary(table.id)
        self._line = ""  # the line that components now belong to
        self._code = ""  # the last functional code

    def identify(self, columns: Columns, line: Mapping[int, Cell]) -> Identity:
        """What a printed row is."""
        label = columns.roles.get("label")
        found = self._by_label(label, line) if label is not None else self._by_code(columns, line)
        if found.key is not None:
            self.met(found.key)
        return found

    def met(self, key: str) -> None:
        """Note the key of a row, on which those below it may depend."""
        if not ("." in key and key.rpartition(".")[0] == self._line):
            self._line = key
        if key[:1].isdigit():
            self._code = key

    def _by_label(self, column: int, line: Mapping[int, Cell]) -> Identity:
        """A row of fixed lines: by its label on its side, else by the workbook's own names, else by a class's name."""
        cell = line.get(column)
        if cell is None or not cell.text.strip(BLANKS):
            return Identity(None, None, [column] if cell and cell.kind == FORMULA_WITHOUT_VALUE else [])
        name = _known_name(cell.text) if len(cell.text) <= _LONG else _plain_name(cell.text)
        key = self._line_of(cell.text, name)
        bare = _BARE_ORDINAL.match(name) if key is None else None
        for length in range(1, bare.end() + 1 if bare else 1):
            key = self._line_of(name[length:], name[length:])
            if key is not None:
                return _identity(key, name[length:], (column,))
        return _identity(key, name, (column,))

    def _line_of(self, label: str, name: str) -> str | None:
        fixed = resolve_line(self.words, self.block, label, self._line)
        if fixed:
            return fixed.line
        if self.words.items:
            return self.words.items.get(fold(name)) or self.words.items.get(plain_label(name))
        return self.names.get(fold(name)) or self._class_line(name)

    def _class_line(self, name: str) -> str | None:
        """The line of a functional class that the form does not fix, by the class's name."""
        code = _children().get("", {}).get(fold(name)) if self.block == "expenditure" else None
        return f"expenditure.{code}" if code else None

    def _by_code(self, columns: Columns, line: Mapping[int, Cell]) -> Identity:
        at = columns.roles.get("name", -1)
        if len(columns.codes) == 1:
            code, label = line.get(columns.codes[0]), line.get(at)
            if code and CODE.fullmatch(code.text) and (code.kind != NUMBER or not code.format.date):
                if label is None:
                    return Identity(code.text, None, (columns.codes[0],))
                return _identity(code.text, clean_text(label.text), (columns.codes[0], at))
        printed = [c for c in columns.codes if c in line and fold(line[c].text) not in code_levels()]
        there = [c for c in (*columns.codes, at) if c in line]
        label = line.get(at)
        name = clean_text(label.text) if label else None
        key = self._code_of(columns.codes, printed, line)
        if key is not None:
            return Identity(key, name, there)
        text = clean_text(line[printed[0]].text) if len(printed) == 1 else None if printed else name
        if not text or (printed and label and fold(name or "") != fold(text)):
            return Identity(None, None, there)
        glued = _GLUED.fullmatch(text)
        if glued:
            return Identity(unicodedata.normalize("NFKC", glued[1]), clean_text(glued[2]), there)
        key = self._by_words(text)
        if key is None and self.table.scheme == "functional" and (found := self._by_path(text)):
            return Identity(found, text, there, inferred=True)
        return Identity(key, text, there)

    def _code_of(
        self, columns: Sequence[int], printed: Sequence[int], line: Mapping[int, Cell]
    ) -> str | None:
        """The cumulative code that a row's code columns hold; blank parents are those of the code above."""
        if not printed:
            return None
        parts = [code_text(line[column]) for column in printed]
        if any(not part.isdecimal() for part in parts):
            return None
        code = ""
        for column, part in zip(printed, parts, strict=True):
            above = 1 + 2 * list(columns).index(column)  # how many digits the columns before hold
            if above > 1 and len(part) <= 2 and len(code) != above:  # parents that are left blank
                if len(self._code) < above or not self._code.startswith(code):
                    return None
                code = self._code[:above]
            if code and len(part) <= 2:
                code += part.zfill(2)
            elif not code or part.startswith(code):  # a part that is cumulative already
                code = part
            else:
                return None
        return code if CODE.fullmatch(code) else None

    def _by_words(self, text: str) -> str | None:
        """A row without a code (合计, 人员经费合计): by a fixed label, else by the workbook's own names."""
        if is_total(self.words, text):
            return TOTAL
        plain = plain_label(text)
        for (_, folded), lines in self.words.labels.items():
            if folded == plain:
                return next((line.line for line in lines if not line.line[:1].isdigit()), None)
        custom = self.names.get(fold(text))
        return custom if custom and not custom[:1].isdigit() else None

    def _by_path(self, text: str) -> str | None:
        """The functional code of a name: an item below the last one above it, else a class; else of the only item of
        that name."""
        name = fold(strip_ordinal(text))
        for parent in (self._code[:5], self._code[:3], ""):
            if len(parent) in (0, 3, 5) and (code := _children().get(parent, {}).get(name)):
                return code
        alone = _named().get(name, ())
        return alone[0] if len(alone) == 1 else None


#: Longer labels are none that are kept.
_LONG: Final = 200


def _plain_name(text: str) -> str:
    """A label without what stands around it and before it."""
    return clean_text(strip_ordinal(clean_text(text)))


_known_name: Final = lru_cache(maxsize=8192)(_plain_name)


def code_text(cell: Cell) -> str:
    """A code, or one of its parts, as a cell holds it: as text, or as a whole number that is no date; else the empty text."""
    if cell.kind == NUMBER and cell.format.date:
        return ""
    text = unicodedata.normalize("NFKC", cell.text).strip(BLANKS + "'")
    if not text.isdecimal():
        try:
            number = (
                Decimal(text) if cell.kind == NUMBER or re.fullmatch(r"[0-9]+\.0+", text) else Decimal("NaN")
            )
        except InvalidOperation:
            return text
        if number.is_finite() and abs(number) < 10**8 and number == number.to_integral_value():
            return format(number.to_integral_value(), "f")
    return text


def is_residue(text: str) -> bool:
    """Whether a text is what a pattern of the form left behind (……, XX, {单位}), and no data."""
    return bool(_RESIDUE.fullmatch(text))


@cache
def _children() -> Mapping[str, Mapping[str, str]]:
    """Functional codes: of every code, the folded names of what is below it → their codes; classes below the empty text."""
    found: dict[str, dict[str, str]] = {}
    for code, entries in load().codes("functional").items():
        for entry in entries:
            found.setdefault(code[:-2] if len(code) > 3 else "", {}).setdefault(fold(entry.name), code)
    return found


@cache
def _named() -> Mapping[str, tuple[str, ...]]:
    """Folded name → every functional code of that name."""
    found: dict[str, list[str]] = {}
    for code, entries in load().codes("functional").items():
        for name in {fold(entry.name) for entry in entries}:
            found.setdefault(name, []).append(code)
    return {name: tuple(codes) for name, codes in found.items()}
