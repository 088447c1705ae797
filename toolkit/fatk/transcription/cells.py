"""The value of a field from a cell of a workbook, or what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from fatk import lexical
from fatk.captions import unit_shown
from fatk.grid import Cell
from fatk.spec import Field, load
from fatk.values import BLANKS, Nothing, Value, clean_text, parse_decimal, round_half_up, show, text_fault

#: Beyond this share of the last printed digit, the figure stored is not the figure shown.
_STORED: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WRITTEN_OUT: Final = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,6})?")
#: Words of a number format that make another number of the figure shown.
_OTHER_NUMBER: Final = re.compile(r"[0-9%‰‱千万亿]")
_FLOAT_NOISE: Final = Decimal("0.000001")
_FLOAT_PRECISION: Final = Decimal("1e-12")
#: How many figures are known at a time: a report says most of them more than once.
_REPEATED: Final = 2048


def from_cell(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    """The value of a field from a cell. ``decimals`` are those of amounts whose number format shows none."""
    kind = cell.kind
    if kind == "text" and declared.plain and text_fault(cell.text, declared.reserved) is None:
        return cell.text, None
    if kind == "number" and declared.numeric:
        form = cell.format
        if form.bare and declared.type == "number":  # most cells of a workbook are of this kind
            value = plain_figure(cell, decimals)
            if value is not None:
                return value, None
        return _stored(declared, cell, decimals)
    if kind == "error":
        return None, ("READ-31", {"text": cell.text})
    if kind == "formula_without_value":
        return None, ("READ-32", {"text": cell.text})
    if declared.numeric:
        return _figure(declared, cell, decimals)
    text = clean_text(cell.text)
    if declared.type == "boolean" or declared.labels:
        known = _printed_values(declared)
        if text in known:
            return known[text], None
        if kind == "boolean" and declared.type == "boolean":
            return text in ("1", "TRUE", "true"), None
    return lexical.from_text(declared, text)


def plain_figure(cell: Cell, decimals: int | None) -> Decimal | None:
    """The number of a cell whose format shows it as it is stored, if it is written out and has no more decimals than are shown."""
    shown = cell.format.decimals
    if shown is None:
        shown = decimals
    return None if shown is None else _plain_figure(cell.text, min(shown, 6))


def _figure(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    text = unicodedata.normalize("NFKC", cell.text).strip(BLANKS)
    if not text:
        return None, None
    if declared.states and text in _printed_states():
        return _printed_states()[text], None
    plain, done = lexical.normalise_number(cell.text, amount=declared.amount)
    number = parse_decimal(plain) if cell.kind == "text" else None
    if number is None:
        return None, ("READ-01" if declared.type == "number" else "READ-02", {"text": clean_text(cell.text)})
    if declared.type == "integer" and number != number.to_integral_value():
        return None, ("READ-02", {"text": text})
    value = int(number) if declared.type == "integer" else number
    told = {"text": cell.text, "number": show(value), "how": ",".join(done)}
    return value, ("READ-33", told) if done else None


def _stored(declared: Field, cell: Cell, decimals: int | None) -> tuple[Value, lexical.Fault | None]:
    """A stored number, exact from the file's text, with the decimals that the cell shows."""
    number = _number(cell.text)
    if number is None:
        return None, ("READ-01", {"text": cell.text})
    form = cell.format
    if form.date:  # what is shown is a date, and the number only how it is stored
        unreadable = "READ-01" if declared.type == "number" else "READ-02"
        return None, (unreadable, {"text": f"{cell.text} ({form.code})"})
    if declared.type == "integer":
        whole = number.to_integral_value()
        return (int(whole), None) if whole == number else (None, ("READ-02", {"text": cell.text}))
    # What is shown is another number, and so are its decimals.
    counted = unit_shown(form) is None and _OTHER_NUMBER.search(form.literal)
    scaled = form.percent or form.scale or form.masked or counted
    shown = decimals if scaled or form.decimals is None else form.decimals
    if shown is None:
        plain = parse_decimal(cell.text)
        if plain is not None:
            return plain, None
        shown = 6
        rounded = round_half_up(number, shown).normalize()
        rounded = rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded
        return rounded, None
    rounded, alike = _shown(cell.text, min(shown, 6))
    if scaled:
        return rounded, ("READ-52", {"text": cell.text, "format": form.code})
    if not alike:
        return rounded, ("READ-30", {"text": cell.text, "shown": format(rounded, "f")})
    return rounded, None


@lru_cache(maxsize=_REPEATED)
def _plain_figure(text: str, decimals: int) -> Decimal | None:
    """A stored number that is written out and has no more decimals than are shown, with these; ``None`` for any other."""
    if not _WRITTEN_OUT.fullmatch(text):
        return None
    whole, _, part = text.partition(".")
    if len(part) > decimals:
        return None
    value = Decimal(f"{whole}.{part:0<{decimals}}" if decimals else whole)
    return value or abs(value)


@lru_cache(maxsize=_REPEATED)
def _number(text: str) -> Decimal | None:
    """The number that a file stores as a text; ``None`` where it is none, or none of money."""
    if not _STORED.fullmatch(text):  # Decimal takes more: digits of other scripts, underscores
        return None
    number = Decimal(text)
    return number if number.is_finite() and (-12 <= number.adjusted() <= 17 or not number) else None


@lru_cache(maxsize=_REPEATED)
def _shown(text: str, decimals: int) -> tuple[Decimal, bool]:
    """A stored number with the decimals that are shown, and whether that is the same but for the noise of binary figures."""
    number = Decimal(text)
    rounded = round_half_up(number, decimals)
    noise = _FLOAT_NOISE * Decimal(1).scaleb(-decimals) + abs(number) * _FLOAT_PRECISION
    return rounded, abs(number - rounded) <= noise


@cache
def _printed_states() -> Mapping[str, Nothing]:
    states = load().root["printed_states"]
    return {
        unicodedata.normalize("NFKC", text): Nothing(state)
        for state, texts in states.items()
        for text in texts
    }


@cache
def _printed_values(declared: Field) -> Mapping[str, Value]:
    """Printed word → value, for truth values and coded values."""
    if declared.type == "boolean":
        words = load().root["printed_booleans"]
        return {text: key == "true" for key, texts in words.items() for text in texts}
    return {text: value for value, text in declared.labels.items()}
