"""What any spreadsheet holds, before anything is understood: sheets of cells at rows and columns.

Readers of .xlsx, .xls, .ods and HTML tables yield a ``Book``; what recognises tables takes one, and neither knows the other.
Rows and columns count from 0. Nothing is interpreted here: a number is the text that the file stores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384

# Kinds of cell.
NUMBER: Final = "number"
TEXT: Final = "text"
BOOLEAN: Final = "boolean"
ERROR: Final = "error"
FORMULA_WITHOUT_VALUE: Final = "formula_without_value"

Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a cell shows its number, as far as that changes what a reader of the sheet understands.

    ``decimals`` is how many are shown, ``None`` where the format does not fix it (General, text, dates, fractions,
    scientific). ``scale`` is the power of ten that the shown figure is divided by: 3 for each trailing comma, 4 for the
    万 format ``0!.0000``. ``literal`` is the text shown with the number, such as ``万元``; it does not divide. ``masked``: no
    digit of a figure is shown, as by ``;;;``, or a sign that it does not have, as by ``-0.00``.
    """

    code: str = "General"
    decimals: int | None = None
    percent: bool = False
    date: bool = False
    scale: int = 0
    literal: str = ""
    masked: bool = False
    #: Whether a figure is shown as it is stored, but for its decimals and the signs that group its digits.
    bare: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        other = self.percent or self.date or self.scale or self.literal or self.masked
        object.__setattr__(self, "bare", not other)


GENERAL: Final = NumberFormat()


class Cell(NamedTuple):
    """One non-empty cell: its text as the file stores it, its kind, its number format, its formula if it has one.

    ``text`` of a number is never passed through a float and may be anything that the file holds, ``NaN`` too; of a boolean it
    is ``1`` or ``0``, of an error its name, of a formula without a stored value empty. ``formula`` has no leading ``=``; it is
    empty where the file says that there is a formula but not which.
    """

    # A tuple, since a workbook may have millions of cells: a frozen dataclass takes five times as long to make.
    text: str
    kind: str
    format: NumberFormat = GENERAL
    formula: str | None = None

    @property
    def decimals(self) -> int | None:
        """How many decimals the cell shows; ``None`` where its format does not fix them."""
        return self.format.decimals


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its non-empty cells by row and, in each, by column, from top to bottom and from left to right; its merged
    ranges (first and last row and column, inclusive: r1, c1, r2, c2), and which rows and columns with content are hidden.

    ``plain``: the sheet is a text file or a table of a document, whose cells people find by line and column, not by letters.
    ``file``: the file that it is in, where a book has sheets of several. ``above``: how many rows at the top are lines of the
    document that stand above the table. ``solid``: every cell has a text; otherwise some may be empty.
    """

    name: str
    rows: dict[int, dict[int, Cell]]
    merges: tuple[Range, ...] = ()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    plain: bool = False
    file: str = ""
    above: int = 0
    solid: bool = field(default=False, compare=False)

    @property
    def cells(self) -> dict[tuple[int, int], Cell]:
        """The cells by (row, column), row by row, put together anew for whoever has no use for rows."""
        return {(row, column): cell for row, line in self.rows.items() for column, cell in line.items()}

    def at(self, row: int, column: int) -> Cell | None:
        """The cell at a place, if it is there."""
        return self.rows.get(row, {}).get(column)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return sum(map(len, self.rows.values()))

    @property
    def full_name(self) -> str:
        """The sheet's name with that of its file, as Excel writes it: ``[file.xlsx]sheet``; of a text file the file's."""
        if not self.file:
            return self.name
        return self.file if self.plain else f"[{self.file}]{self.name}"

    def cell_name(self, row: int, column: int) -> str:
        """What people call a cell of this sheet: ``C35``, in a text file line and column, ``35:3``."""
        if row < self.above:
            return f"上方第{self.above - row}行"
        return f"{row - self.above + 1}:{column + 1}" if self.plain else a1(row - self.above, column)

    def place(self, row: int, column: int) -> str:
        """Where people find a cell: ``sheet!C35``, ``[file.xlsx]sheet!C35`` where there are several files, ``file.csv:35:3``."""
        return f"{self.full_name}{':' if self.plain else '!'}{self.cell_name(row, column)}"


def by_rows(cells: Mapping[tuple[int, int], Cell]) -> dict[int, dict[int, Cell]]:
    """Cells by (row, column) as a sheet holds them."""
    rows: dict[int, dict[int, Cell]] = {}
    for (row, column), cell in sorted(cells.items()):
        rows.setdefault(row, {})[column] = cell
    return rows


@dataclass(frozen=True, slots=True)
class Book:
    """A spreadsheet file: its sheets in the order shown, and what the reader noticed, as (code, detail).

    ``epoch_1904``: numbers shown as dates count days from 1904-01-01 instead of 1899-12-30.
    """

    sheets: tuple[Sheet, ...]
    notices: tuple[tuple[str, str], ...] = ()
    epoch_1904: bool = False


_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STROKE: Final = "\u0336"


def set_apart(text: str, *, struck: bool) -> str:
    """A part of a cell's text that people see raised, lowered or struck out: its digits as such, so that nobody takes
    them for a part of the figure beside them."""
    return "".join(c + _STROKE for c in text) if struck else text.translate(_RAISED)


#: What a program shows where a formula failed.
ERROR_TEXT: Final = re.compile(r"#[A-Z][A-Z0-9/]*[!?]|#N/A|Err:[0-9]{3}")
_SHOWN: Final = re.compile(r"(?P<sign>[-(]?)[¥￥$]?(?P<figure>[0-9][0-9,]*(?:\.[0-9]+)?)(?P<percent>%?)\)?")
_SHOWN_NOTHING: Final = frozenset("-\u2014\u2013\uff0d/")


def shows_another(shown: str, stored: str, form: NumberFormat) -> bool:
    """Whether the text that a file shows for a number is of another number: beyond what rounding explains, or a dash where
    the number is not zero. A text that is neither, and one by a format that is known to show another figure, says nothing."""
    text = "".join(shown.split())
    if text == stored or form.scale or form.date or form.masked or len(text) > 40 or len(stored) > 40:
        return False
    try:
        number = Decimal(stored)
    except ArithmeticError:
        return False
    if not number.is_finite():
        return False
    if text in _SHOWN_NOTHING:
        return bool(number)
    found = _SHOWN.fullmatch(text)
    if found is None:
        return False
    figure = Decimal(found["figure"].replace(",", ""))
    places = figure.as_tuple().exponent
    step = Decimal(1).scaleb(places if isinstance(places, int) else 0)
    if found["percent"] and not form.percent:
        return True
    if found["percent"]:
        figure, step = figure / 100, step / 100
    # Red figures are below zero without a sign.
    return abs(figure - abs(number)) > step * Decimal("0.5000001") or bool(
        figure and found["sign"] and number > 0
    )


_A1: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def column_letters(column: int) -> str:
    """The letters of a column: 0 is ``A``, 27 is ``AB``."""
    letters = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_index(letters: str) -> int:
    """The column of one to three capital letters: ``A`` is 0."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def a1(row: int, column: int) -> str:
    """The name that people see: (34, 2) is ``C35``."""
    return f"{column_letters(column)}{row + 1}"


@lru_cache(maxsize=4096)
def from_a1(name: str) -> tuple[int, int]:
    """Row and column of a name such as ``C35``; ``ValueError`` where it is none, or lies outside any sheet."""
    match = _A1.fullmatch(name)
    if match:
        row, column = int(match[2]) - 1, column_index(match[1])
        if row < MAX_ROWS and column < MAX_COLUMNS:
            return row, column
    raise ValueError(f"not a cell: {name!r}")


#: Formats that a file uses by number without stating them (ECMA-376 part 1, 18.8.30; 5 to 8 and 27 to 58 as in Chinese
#: Excel).
BUILT_IN_FORMATS: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    41: "_ * #,##0_ ", 42: "_ * #,##0_ ", 43: "_ * #,##0.00_ ", 44: "_ * #,##0.00_ ", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), *range(45, 48)), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
}  # fmt: skip

_FORMAT_TOKEN: Final = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | [\\!](?P<escaped>.)
    | [_*].                               # a blank as wide as a character; a character that fills the cell
    | \[\$(?P<currency>[^\]-]*)[^\]]*\]
    | \[(?P<elapsed>h+|m+|s+)\]
    | \[(?P<condition>[<>=][^\]]*)\]
    | \[[^\]]*\]                          # colours, locales, [DBNum1]
    | (?P<general>General|G/通用格式)
    | (?P<scientific>E[+-])
    | (?P<date>AM/PM|A/P|上午/下午|[ymdhsegb]|aaa)
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


#: The longest code that Excel takes. Longer ones are not kept.
_LONGEST_CODE: Final = 255


def read_format(code: str) -> NumberFormat:
    """What a number format code of Excel says about the figures that it shows (ECMA-376 part 1, 18.8.31).

    The first section decides, as figures are mostly positive. Where sections have conditions of their own, as in
    ``[>=10000]0!.0,"万";0``, decimals are not fixed and the largest scale is told.
    """
    return _known_format(code) if len(code) <= _LONGEST_CODE else _read_format(code)


def _read_format(code: str) -> NumberFormat:
    sections: list[_Section] = [_Section()]
    for token in _FORMAT_TOKEN.finditer(code):
        if token["other"] == ";":
            sections.append(_Section())
        else:
            sections[-1].take(token)
    first = sections[0]
    decimals, scale = first.decimals, first.scale
    if any(section.condition for section in sections):
        figures = [section for section in sections if section.places]
        scale = max((section.scale for section in figures), default=0)
        if len({(section.decimals, section.scale) for section in figures}) > 1:
            decimals = None
    masked = bool(code.strip()) and (
        first.masked
        if not any(section.condition for section in sections)
        else all(section.masked for section in sections)
    )
    return NumberFormat(code, decimals, first.percent, first.date, scale, first.literal.strip(), masked)


_known_format: Final = lru_cache(maxsize=256)(_read_format)


#: Names by which Excel's XML and HTML call formats; other formats stand there as codes.
_NAMED_FORMATS: Final = {
    "general number": "General",
    "standard": "#,##0.00",
    "currency": "#,##0.00",
    "euro currency": "#,##0.00",
    "fixed": "0.00",
    "percent": "0.00%",
    "scientific": "0.00E+00",
    **dict.fromkeys(("general date", "long date", "medium date", "short date"), "yyyy-mm-dd"),
    **dict.fromkeys(("long time", "medium time", "short time"), "h:mm:ss"),
    **dict.fromkeys(("yes/no", "true/false", "on/off"), "General"),
}


def read_named_format(text: str) -> NumberFormat:
    """What a format says that is stated by its name or its code, as in Excel's XML and HTML."""
    return read_format(_NAMED_FORMATS.get(text.strip().lower(), text))


#: What says before a figure that it is below zero.
_SIGNS: Final = frozenset("-\u2212(（△▲")


class _Section:
    """One of the sections of a format code, token by token."""

    __slots__ = (
        "before",
        "commas",
        "condition",
        "date",
        "fixed",
        "literal",
        "percent",
        "places",
        "point",
        "scaling",
        "shifted",
        "shown",
    )

    def __init__(self) -> None:
        self.places = self.shown = self.shifted = self.commas = self.scaling = 0
        self.point = ""  # "." once the decimal point was met, "literal" where a point stands only as text
        self.fixed = True
        self.percent = self.date = self.condition = False
        self.literal = self.before = ""  # what stands before the digits: the last character

    def take(self, token: re.Match[str]) -> None:
        kind, text = token.lastgroup, token[0]
        if kind in {"quoted", "escaped", "currency"}:
            written = token[kind]
            if written == "." and self.places and not self.point:
                self.point = "literal"
            else:
                self.literal += written
                self.before = (written.strip()[-1:] or self.before) if not self.places else self.before
        elif kind in {"date", "elapsed"}:
            self.date = True
        elif kind in {"general", "scientific"}:
            self.fixed = False
        elif kind == "condition":
            self.condition = True
        elif kind == "other":
            self.take_character(text)

    def take_character(self, text: str) -> None:
        if text in "0#?":
            self.places += 1
            self.shown += bool(self.point)
            self.shifted += self.point == "literal"
            self.commas = 0  # it parts thousands, since a digit follows
        elif text == ",":
            self.commas += 1
        elif text == "." and not self.point:
            self.point = "."
            self.scaling, self.commas = self.commas, 0
        elif text == "%":
            self.percent = True
        elif text in "/@":
            self.fixed = False
        elif not self.places and not text.isspace():
            self.before = text
        if not text.isascii():
            self.literal += text

    @property
    def decimals(self) -> int | None:
        return self.shown if self.places and self.fixed and not self.date else None

    @property
    def masked(self) -> bool:
        return self.fixed and not self.date and (not self.places or self.before in _SIGNS)

    @property
    def scale(self) -> int:
        if not self.places or self.date:
            return 0
        return 3 * (self.scaling + self.commas) + self.shifted
