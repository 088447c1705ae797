"""Limits as a person sets them: ``name=number``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from fatk.errors import Misuse


def assigned(
    given: Iterable[str], *kinds: type, environment: Mapping[str, str] | None = None
) -> dict[str, int]:
    """The limits that are set, by name, sorted: by texts ``name=number``, and below them by an ``environment`` of names.

    ``kinds`` are the classes whose limits there are. ``Misuse`` where a name is none of theirs, or a value is no positive
    whole number.
    """
    names = {declared.name for kind in kinds for declared in fields(kind)}
    asked = {name: text for name, text in (environment or {}).items() if name in names}
    for one in given:
        name, _, text = one.partition("=")
        if name not in names:
            raise Misuse("LIMIT_UNKNOWN", name=name)
        asked[name] = text
    return {name: _number(name, text) for name, text in sorted(asked.items())}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and int(text)):
        raise Misuse("LIMIT_VALUE", name=name, value=text)
    return int(text)
