"""What a person may choose among in more than one command."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Language of messages."""

    zh = "zh"
    en = "en"


class Unit(StrEnum):
    """Units of money that a report can be converted to."""

    yuan = "元"
    thousand = "千元"
    wan = "万元"
    yi = "亿元"
