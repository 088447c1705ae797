"""Text or JSON value ⇄ value of a field: the one place that decides what a lexical form means.

Every function returns ``(value, fault)``. A fault is a notice id with its details; the value is then what can be kept
without guessing, mostly ``None``.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from fatk.spec import Field
from fatk.values import (
    BLANKS,
    NOTHINGS,
    Nothing,
    Value,
    clean_text,
    parse_date,
    parse_decimal,
    parse_integer,
    show,
    text_fault,
)

Fault = tuple[str, dict[str, str]]
_BOOLEANS: Final = {"true": True, "false": False}


def from_text(field: Field, text: str) -> tuple[Value, Fault | None]:
    """The value of a field from its CSV text, where the empty text is blank."""
    if not text:
        return None, None
    if field.states and text in NOTHINGS:
        return NOTHINGS[text], None
    kind = field.type
    if kind == "string":
        return _string(field, text)
    value: Value
    if kind == "number":
        value = parse_decimal(text)
    elif kind == "integer":
        value = parse_integer(text)
    elif kind == "boolean":
        value = _BOOLEANS.get(text)
    else:
        value = parse_date(text)
    return (value, None) if value is not None else (None, (_UNREADABLE[kind], {"text": text}))


def from_json(field: Field, value: Any) -> tuple[Value, Fault | None]:
    """The value of a field from its JSON value; numbers arrive as ``int`` or ``Decimal``, amounts ought to be strings."""
    if value is None:
        return None, None
    kind = field.type
    if isinstance(value, str):
        if field.states and value in NOTHINGS:
            return NOTHINGS[value], None
        if kind in ("integer", "boolean"):
            return None, (_WRONG_TYPE, {"text": value})
        if not value:
            return None, (_EMPTY_TEXT, {})
        return from_text(field, value)
    if isinstance(value, bool):
        return (value, None) if kind == "boolean" else (None, (_WRONG_TYPE, {"text": str(value).lower()}))
    if isinstance(value, int) and kind == "integer":
        return value, None
    if isinstance(value, (int, Decimal)):
        text = str(value) if isinstance(value, int) else format(value, "f")
        number = parse_decimal(text) if kind == "number" else None
        return number, (_WRONG_TYPE, {"text": text})
    return None, (_WRONG_TYPE, {"text": type(value).__name__})


def to_json(field: Field, value: Value) -> Any:
    """The JSON value of a field: decimals as strings, counts and booleans as themselves."""
    if isinstance(value, (Decimal, Nothing)):
        return show(value)
    return value


#: What may be done to a printed number, in this order, before it is a number of the standard.
NORMALISATIONS: Final = ("full_width", "blanks", "parentheses", "triangle", "sign", "thousands")
_FULL_WIDTH: Final = {0xFF01 + at: 0x21 + at for at in range(0x5E)}
_BLANK: Final = dict.fromkeys(map(ord, BLANKS.replace("\r", "").replace("\n", "")), " ")
_MINUS: Final = "-\u2212"
_TRIANGLES: Final = "\u25b3\u25b2"
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([, ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?")


def normalise_number(text: str, *, amount: bool) -> tuple[str, tuple[str, ...]]:
    """A number as people print it in the standard's lexical form, and which of the ``NORMALISATIONS`` that took.

    The grammar: full-width forms of ASCII are folded and outer blanks left out; then there is one sign at most, ``-`` or, of
    amounts, △ or ▲ before the number or brackets around it; then digits, plain or in groups of three parted by commas or by
    single blanks throughout. What is not of it comes back as it is, for it is no number: nothing is guessed, and a mark of a
    note behind a figure (² or ①) is no digit of it.
    """
    folded = text.translate(_FULL_WIDTH)
    rest = folded.strip(BLANKS)
    done = {"full_width"} if folded != text else set()
    done |= {"blanks"} if rest != folded else set()
    rest = rest.translate(_BLANK)
    sign, body = "", rest
    if amount and rest[:1] == "(" and rest[-1:] == ")":
        sign, body = "parentheses", rest[1:-1]
    elif rest[:1] and rest[0] in _MINUS + (_TRIANGLES if amount else ""):
        sign, body = (
            ("triangle" if rest[0] in _TRIANGLES else "minus" if rest[0] == "-" else "sign"),
            rest[1:],
        )
    number = body.strip(BLANKS)
    if not number[:1].isdecimal() or not number.isascii():
        return text, ()
    done |= {"blanks"} if number != body else set()
    if _GROUPED.fullmatch(number):
        done.add("thousands")
        number = number.replace(",", "").replace(" ", "")
    if sign:
        zero = not number.strip("0.")
        done |= {"sign"} if zero or sign == "sign" else set()
        done |= {sign} & {"parentheses", "triangle"}
        number = number if zero else f"-{number}"
    return number, tuple(kind for kind in NORMALISATIONS if kind in done)


def keep(text: str) -> str:
    """Any text as ``extras`` keeps it: word for word or, where no text of a report may be so, as a JSON string literal."""
    return text if text_fault(text, ()) is None else json.dumps(text)


def _string(field: Field, text: str) -> tuple[Value, Fault | None]:
    fault = text_fault(text, field.reserved)
    if fault is None:
        return text, None
    cleaned = clean_text(text)
    if fault == "blank" and cleaned and text_fault(cleaned, field.reserved) is None:
        return cleaned, (_OUTER_BLANKS, {"text": cleaned})
    if ("\r" in text or "\t" in text) and text_fault(cleaned, field.reserved) is None:
        return cleaned, (_OUTER_BLANKS, {"text": cleaned})
    if not cleaned:
        return None, (_OUTER_BLANKS, {"text": text})
    return None, (_RESERVED if fault == "reserved" else _FORBIDDEN_TEXT, {"text": text})


_UNREADABLE: Final = {"number": "READ-01", "integer": "READ-02", "boolean": "READ-03", "date": "READ-04"}
_WRONG_TYPE: Final = "READ-05"
_RESERVED: Final = "READ-06"
_FORBIDDEN_TEXT: Final = "READ-07"
_OUTER_BLANKS: Final = "READ-08"
_EMPTY_TEXT: Final = "READ-09"
