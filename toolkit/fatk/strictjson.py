"""JSON as RFC 8259 means it: no NaN, no duplicate keys, no number through a float, no nesting that hurts."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from fatk.errors import Refused
from fatk.limits import Limits


def parse(data: bytes, limits: Limits) -> Any:
    """The JSON document of UTF-8 bytes, numbers as ``int`` or exact ``Decimal``; ``Refused`` where RFC 8259 is not kept."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("ENCODING_UNKNOWN", byte=error.start) from None

    def number(text: str) -> Decimal | int:
        if len(text) > limits.number_length:
            raise Refused("NUMBER_TOO_LONG", limit=limits.number_length)
        if text.lstrip("-").isdigit():
            return int(text)
        try:
            found = Decimal(text)
        except InvalidOperation:  # an exponent beyond all
            raise Refused("NUMBER_TOO_LONG", limit=limits.number_length) from None
        if abs(found.adjusted()) >= limits.number_length:
            raise Refused("NUMBER_TOO_LONG", limit=limits.number_length)  # once it is written out
        return found

    def constant(text: str) -> None:
        raise Refused("JSON_NOT_RFC8259", text=text)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            raise Refused("JSON_DUPLICATE_KEY", key=next(key for key in keys if keys.count(key) > 1))
        return found

    try:
        document = json.loads(
            text, parse_float=number, parse_int=number, parse_constant=constant, object_pairs_hook=unique
        )
    except RecursionError:
        raise Refused("JSON_TOO_DEEP") from None
    except json.JSONDecodeError as error:
        raise Refused("JSON_MALFORMED", line=error.lineno, column=error.colno) from None
    _measure(document, limits, strings=len(text) > limits.json_string)
    return document


def _measure(document: Any, limits: Limits, *, strings: bool) -> None:
    """Hold a document to the limits of nesting and, where it is long enough to break it, to that of ``strings``."""
    level: list[Any] = [document]
    depth = 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        if depth > limits.json_depth:
            raise Refused("JSON_TOO_DEEP")
        below = [value for item in level for value in (item.values() if isinstance(item, dict) else item)]
        if strings:
            keys = (key for item in level if isinstance(item, dict) for key in item)
            texts = chain(keys, (value for value in below if isinstance(value, str)))
            if any(len(found) > limits.json_string for found in texts):
                raise Refused("JSON_STRING_TOO_LONG", limit=limits.json_string)
        level = below
