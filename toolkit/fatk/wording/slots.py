"""The kinds of slot in a sentence: how each is recognised in folded text, and how each is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from fatk.values import Value, parse_date, show

UNITS = ("万元", "亿元", "千元", "元")
_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_DECIMAL = rf"-?{_NUMBER}(?:\.[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Words:
    """How a wording says the direction of a change: words for more and for less, the first of each is printed."""

    up: tuple[str, ...]
    down: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A value read from a slot, its unit where one is printed with it."""

    value: Value
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of slot: its pattern in folded text, what a match means (``None``: nothing), how a value is printed."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Found | None]
    write: Callable[[Value, str], str]

    def after(self, first: re.Match[str], text: str, at: int, limit: int) -> tuple[Found, int] | None:
        """Another figure behind the first in the same breath, as if the words before the first stood before it too; and
        where it ends. ``None`` where none begins there."""
        figure = _FOLLOWING.match(text, at, limit)
        if figure is None:
            return None
        words = first[0][: first.start(self.pattern.groups - 1) - first.start()]
        match = self.pattern.fullmatch(words + figure[1])
        found = self.read(match) if match else None
        return None if found is None else (found, figure.end())


def _decimal(text: str) -> Decimal | None:
    whole = text.replace(",", "")
    number = Decimal(whole)
    digits = number.as_tuple()
    fits = len(digits.digits) + min(0, int(digits.exponent)) <= 18 and int(digits.exponent) >= -6
    return (number or abs(number)) if fits else None


def _figure(match: re.Match[str]) -> Found | None:
    value = _decimal(match[1])
    return None if value is None else Found(value, match[2])


def _signed(down: tuple[str, ...]) -> Callable[[re.Match[str]], Found | None]:
    def read(match: re.Match[str]) -> Found | None:
        value = _decimal(match[2])
        if value is None or (value < 0 and match[1] in down):
            return None  # 减少-5.00: less by 5, or by -5? Both are meant by some.
        return Found((-value or abs(value)) if match[1] in down else value, match[3])

    return read


def _worded(words: Words, tail: str) -> Kind:
    """A figure behind a word that has its sign."""
    known = "|".join(sorted(map(re.escape, (*words.up, *words.down)), key=len, reverse=True))
    pattern = re.compile(rf"({known})了?({_DECIMAL})({tail})?")

    def write(value: Value, unit: str) -> str:
        if not isinstance(value, Decimal):
            return ""
        word = words.down[0] if value < 0 else words.up[0]
        return f"{word}{show(abs(value))}{unit}"

    return Kind(pattern, _signed(words.down), write)


def _count(match: re.Match[str]) -> Found | None:
    number = int(match[0].replace(",", ""))
    return Found(number) if number < 10**15 else None


def _previous(match: re.Match[str]) -> Found | None:
    """The year before the one that is meant."""
    return Found(int(match[0]) + 1)


def _date(match: re.Match[str]) -> Found | None:
    stated = parse_date(f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}")
    return None if stated is None else Found(stated)


def _write_date(value: Value, unit: str) -> str:
    year, month, day = str(value).split("-")
    return f"{year}年{int(month)}月{int(day)}日"


def _plain(value: Value, unit: str) -> str:
    return f"{show(value)}{unit}"


_AMOUNT_TAIL = "|".join(UNITS)
_RATE_TAIL = "%"
_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?![0-9])")
_COUNT = re.compile(_NUMBER)

#: A figure that follows another.
_FOLLOWING = re.compile(rf"[、和]({_DECIMAL}(?:{_AMOUNT_TAIL}|{_RATE_TAIL})?)")

#: Kinds that do not depend on the wording.
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "amount": Kind(re.compile(rf"({_DECIMAL})({_AMOUNT_TAIL})?"), _figure, _plain),
        "rate": Kind(re.compile(rf"({_DECIMAL})({_RATE_TAIL})?"), _figure, _plain),
        "decimal": Kind(re.compile(rf"({_DECIMAL})()"), lambda m: _figure(m) and Found(_decimal(m[1])), lambda v, _: show(v)),
        "year": Kind(_YEAR, _count, lambda v, _: show(v)),
        "year:previous": Kind(_YEAR, _previous, lambda v, _: show(v - 1) if isinstance(v, int) else ""),
        "phrase:code": Kind(re.compile(r"([0-9]{3}(?:[0-9]{2}){0,2})(?![0-9.])"), lambda m: Found(m[1]), lambda v, _: str(v)),
        "date": Kind(re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"), _date, _write_date),
    }
)  # fmt: skip


def kinds(words: Mapping[str, Words], *, grouped: bool) -> Mapping[str, Kind]:
    """Every kind of slot of a wording. Those of change are an amount and a rate whose sign is in the word before them;
    ``grouped``: counts are written with a comma between thousands."""
    return MappingProxyType(
        {
            **_KINDS,
            "count": Kind(_COUNT, _count, (lambda v, _: f"{v:,}") if grouped else (lambda v, _: show(v))),
            "amount:change": _worded(words["amount"], _AMOUNT_TAIL),
            "rate:change": _worded(words["rate"], _RATE_TAIL),
        }
    )


@dataclass(frozen=True, slots=True)
class Text:
    """A kind of text: the signs that it may not hold, folded, how long it may be, and a pattern that all of it must have."""

    without: str
    longest: int
    like: re.Pattern[str] | None = None


#: A sentence says that there is nothing where it denies something and has no figure but years and numbers of forms.
_NOTHING = re.compile(
    r"(?=.*(?:无|没有|未|不涉及|空表))"
    r"(?:[^0-9]|20[0-9]{2}(?=年|、|,|-)|(?<=公开)[0-9]{2}(?=表)|(?<=附表)[0-9]{1,2}(?![0-9.]))+"
)

#: A text that the titles said before, and no other.
AGAIN = "again"
#: What was said before, a name, that of a subject (环境保护法规、规划及标准), a part of a sentence, a part of one that says there is nothing, any text.
TEXTS: Mapping[str, Text] = MappingProxyType(
    {
        AGAIN: Text("。;", 400),
        "name": Text("、,。;:", 120),
        "subject": Text(",。;:", 120),
        "phrase": Text("。;", 400),
        "nothing": Text("。;", 400, _NOTHING),
        "text": Text("", 20_000),
    }
)
