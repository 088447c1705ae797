"""The values that a report holds, and the one way in which each is written as text.

Money is a ``Decimal`` that keeps its printed decimals. Blank, zero, *not applicable* and *undisclosed* are four
different things: blank is ``None``, zero is a number, the other two are members of ``Nothing``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final


class Nothing(Enum):
    """Why a figure is not there although the form has a place for it; the value is its text in JSON and CSV."""

    NOT_APPLICABLE = "n/a"
    UNDISCLOSED = "undisclosed"

    def __repr__(self) -> str:
        return self.name


Value = Decimal | int | bool | str | Nothing | None

NOTHINGS: Final[Mapping[str, Nothing]] = MappingProxyType({state.value: state for state in Nothing})
#: Texts that stand for no value in a table whose figures may be missing for a reason, and so are no text there.
RESERVED_TEXTS: Final = frozenset({"", *NOTHINGS})

#: Lexical form of every decimal of the standard: no exponent, no plus, at most 18 digits before and 6 after the point.
DECIMAL_PATTERN: Final = r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,6})?"
INTEGER_PATTERN: Final = r"-?(?:0|[1-9][0-9]{0,15})"
#: Greatest whole number that every reader of JSON keeps exact.
MAX_INTEGER: Final = 2**53 - 1

_DECIMAL: Final = re.compile(DECIMAL_PATTERN)
_INTEGER: Final = re.compile(INTEGER_PATTERN)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Characters that no text may hold: controls but line feed, surrogates, and what XML 1.0 cannot carry.
_FORBIDDEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
#: Blanks that no text begins or ends with.
BLANKS: Final = " \t\r\n\u00a0\u3000\ufeff\u2002\u2003\u2009\u200b"


def parse_decimal(text: str) -> Decimal | None:
    """The exact number that ``text`` is in the standard's lexical form, or ``None`` where it is not (``-0`` is not)."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    return None if text[0] == "-" and not number else number


def parse_integer(text: str) -> int | None:
    """The integer that ``text`` is, or ``None``."""
    if not _INTEGER.fullmatch(text) or text == "-0":
        return None
    number = int(text)
    return number if abs(number) <= MAX_INTEGER else None


def parse_date(text: str) -> str | None:
    """``text`` where it is a date of the calendar in the form YYYY-MM-DD, or ``None``."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def text_fault(text: str, reserved: Collection[str] = RESERVED_TEXTS) -> str | None:
    """What forbids ``text`` as a text of a report: ``control`` characters, outer ``blank``, ``reserved`` word; or ``None``."""
    if not text or text in reserved:
        return "reserved"
    if text[0] in BLANKS or text[-1] in BLANKS:
        return "blank"
    return None if text.isprintable() or not _FORBIDDEN.search(text) else "control"


def clean_text(text: str) -> str:
    """``text`` without outer blanks, tabs as blanks, line feeds as its only line ends; other forbidden characters stay."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return text.strip(BLANKS)


def show(value: Value) -> str:
    """The text of a value in CSV, and of a number in JSON: exact, in the standard's lexical form."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Nothing):
        return value.value
    return str(value) if isinstance(value, int) else format(value, "f")


def round_half_up(number: Decimal, decimals: int) -> Decimal:
    """``number`` with exactly ``decimals`` decimals, ties away from zero; a zero has no sign."""
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return rounded or abs(rounded)


def decimals_of(number: Decimal) -> int:
    """How many decimals a number is printed with."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def visible(text: str, limit: int = 80) -> str:
    """Untrusted text made safe to print: controls and direction marks are shown as escapes, long text is cut."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:limit])
    return shown if len(text) <= limit else shown[:limit] + "…"
