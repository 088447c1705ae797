"""Numbers that a program counts by itself, as people see them: 一, 十二, ①, Ⅳ, iv, aa."""

from __future__ import annotations

from collections.abc import Callable

_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"),
    (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
#: Letters are repeated and Roman numbers grow longer and longer; a greater number is written in digits.
_MOST = 1000


def chinese(number: int) -> str:
    """A number in Hanzi: 一, 十二, 一百〇五."""
    return _hanzi(number, _DIGITS, "十百千万", short=True)


def legal(number: int) -> str:
    """A number in the Hanzi of contracts: 壹, 壹拾贰."""
    return _hanzi(number, _LEGAL_DIGITS, "拾佰仟萬", short=False)


def _hanzi(number: int, digits: str, steps: str, *, short: bool) -> str:
    if number >= 10_000:
        return str(number)
    text = ""
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            text += digits[digit] + (steps[power - 1] if power else "")
        elif text and not text.endswith(digits[0]):
            text += digits[0]
    text = text.rstrip(digits[0]) or digits[0]
    return text[1:] if short and 10 <= number < 20 else text


def letters(number: int) -> str:
    """A number as small letters, which Word repeats: z is 26, aa is 27, bb is 28."""
    return chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1) if 0 < number < _MOST else str(number)


def columns(number: int) -> str:
    """A number as small letters as pages of HTML count: aa is 27, ab is 28."""
    text = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        text = chr(97 + digit) + text
    return text


def roman(number: int) -> str:
    """A number in small Roman digits."""
    if not 0 < number < 5 * _MOST:
        return str(number)
    text = ""
    for value, digits in _ROMAN:
        text += digits * (number // value)
        number %= value
    return text


def circled(number: int) -> str:
    """A number in a circle, ① to ㊿."""
    if 1 <= number <= 20:
        return chr(0x2460 + number - 1)
    if 21 <= number <= 35:
        return chr(0x3251 + number - 21)
    return chr(0x32B1 + number - 36) if 36 <= number <= 50 else str(number)


def _one_of(signs: str) -> Callable[[int], str]:
    return lambda number: signs[(number - 1) % len(signs)] if number > 0 else str(number)


def _from(first: int, most: int) -> Callable[[int], str]:
    return lambda number: chr(first + number - 1) if 1 <= number <= most else str(number)


def _in_digits(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


#: How Word counts (ECMA-376 part 1, 17.18.59) → what a number looks like; others count as ``decimal``. A bullet is no number.
WORD: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": lambda number: f"{number:02}",
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), lambda number: str(number).translate(_FULL_WIDTH)),
    "decimalEnclosedCircle": circled,
    "decimalEnclosedCircleChinese": circled,
    "decimalEnclosedFullstop": _from(0x2488, 20),
    "decimalEnclosedParen": _from(0x2474, 20),
    "ideographEnclosedCircle": _from(0x3280, 10),
    "upperLetter": lambda number: letters(number).upper(),
    "lowerLetter": letters,
    "upperRoman": lambda number: roman(number).upper(),
    "lowerRoman": roman,
    **dict.fromkeys(
        ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand",
         "koreanDigital2"), chinese),
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"), _in_digits),
    **dict.fromkeys(("chineseLegalSimplified", "ideographLegalTraditional", "japaneseLegal"), legal),
    "ideographTraditional": _one_of(_STEMS),
    "ideographZodiac": _one_of(_BRANCHES),
    "none": lambda _: "",
}  # fmt: skip

#: How lists of HTML count, by ``type`` and by ``list-style-type`` → what a number looks like.
HTML: dict[str, Callable[[int], str]] = {
    **dict.fromkeys(("1", "decimal"), str),
    "decimal-leading-zero": WORD["decimalZero"],
    **dict.fromkeys(("a", "lower-alpha", "lower-latin"), columns),
    **dict.fromkeys(("A", "upper-alpha", "upper-latin"), lambda number: columns(number).upper()),
    **dict.fromkeys(("i", "lower-roman"), roman),
    **dict.fromkeys(("I", "upper-roman"), WORD["upperRoman"]),
    **dict.fromkeys(
        ("cjk-ideographic", "simp-chinese-informal", "trad-chinese-informal", "cjk-decimal"), chinese
    ),
    **dict.fromkeys(("simp-chinese-formal", "trad-chinese-formal"), legal),
    "cjk-heavenly-stem": WORD["ideographTraditional"],
    "cjk-earthly-branch": WORD["ideographZodiac"],
}
