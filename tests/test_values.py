"""The values of a report and their texts: each form at its boundaries, and back again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk.values import (
    BLANKS,
    MAX_INTEGER,
    NOTHINGS,
    RESERVED_TEXTS,
    Nothing,
    clean_text,
    decimals_of,
    parse_date,
    parse_decimal,
    parse_integer,
    round_half_up,
    show,
    text_fault,
    visible,
)

DECIMALS = st.decimals(-(10**18) + 1, 10**18 - 1, allow_nan=False, places=2)


# Numbers


@given(DECIMALS)
def test_a_decimal_comes_back_with_its_decimals(number: Decimal) -> None:
    text = show(number or abs(number))
    assert str(parse_decimal(text)) == text


@pytest.mark.parametrize(
    "text",
    ["0", "0.00", "-0.01", "10.50", "-386.23", "9" * 18, "-" + "9" * 18 + ".999999"],
)
def test_what_is_a_decimal(text: str) -> None:
    assert str(parse_decimal(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "-0", "-0.00", "+1", "1e3", "1E3", "01", ".5", "1.", "1,000", " 1", "1\n", "NaN", "Infinity",
        "1" * 19, "0." + "1" * 7, "１", "1_0",
    ],
)  # fmt: skip
def test_what_is_no_decimal(text: str) -> None:
    assert parse_decimal(text) is None


@pytest.mark.parametrize("number", [0, 1, -1, MAX_INTEGER, -MAX_INTEGER])
def test_what_is_an_integer(number: int) -> None:
    assert parse_integer(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", "-0", "+1", "01", "1.0", "1e3", "１", "1\n", str(2**53), str(-(2**53)), "1" * 17]
)
def test_what_is_no_integer(text: str) -> None:
    assert parse_integer(text) is None


def test_the_greatest_integer_is_the_last_that_a_binary_double_tells_from_the_next() -> None:
    assert float(MAX_INTEGER) != float(MAX_INTEGER - 1)
    assert float(MAX_INTEGER + 1) == float(MAX_INTEGER + 2)


@pytest.mark.parametrize(
    ("number", "decimals", "expected"),
    [
        ("0.005", 2, "0.01"), ("-0.005", 2, "-0.01"), ("0.0149", 2, "0.01"), ("2.5", 0, "3"), ("-2.5", 0, "-3"),
        ("1", 2, "1.00"), ("-0.004", 2, "0.00"), ("-0", 0, "0"), ("1E+3", 1, "1000.0"), ("-7.25", 1, "-7.3"),
    ],
)  # fmt: skip
def test_ties_are_rounded_away_from_zero_and_zero_has_no_sign(
    number: str, decimals: int, expected: str
) -> None:
    assert str(round_half_up(Decimal(number), decimals)) == expected


@pytest.mark.parametrize(
    ("number", "decimals"), [("1", 0), ("1.0", 1), ("-0.25", 2), ("0.000001", 6), ("1E+3", 0), ("NaN", 0)]
)
def test_decimals_are_counted_as_they_are_printed(number: str, decimals: int) -> None:
    assert decimals_of(Decimal(number)) == decimals


# Dates


@pytest.mark.parametrize("text", ["2022-12-31", "2024-02-29", "0001-01-01"])
def test_what_is_a_date(text: str) -> None:
    assert parse_date(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "2023-02-29", "2022-13-01", "20221231", "2022-W01-1", "2022-1-1", "2022-12-31 ", "２０２２-12-31"],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


# Texts


@pytest.mark.parametrize("text", ["a", "合计", "a b", "一\n二", "a\u3000b", "\U0001f600"])
def test_what_is_a_text(text: str) -> None:
    assert text_fault(text) is None
    assert clean_text(text) == text


@pytest.mark.parametrize("text", ["", "n/a", "undisclosed"])
def test_what_stands_for_no_value_is_reserved(text: str) -> None:
    assert text_fault(text) == "reserved"
    assert text_fault(text, ()) == ("reserved" if not text else None)


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("outer", ["{}ab", "ab{}", "{}"])
def test_no_text_begins_or_ends_with_a_blank_and_cleaning_takes_it_off(blank: str, outer: str) -> None:
    text = outer.format(blank)
    assert text_fault(text) == "blank"
    assert clean_text(text) == outer.format("")


@pytest.mark.parametrize("code", [0x00, 0x09, 0x0B, 0x0D, 0x1F, 0x7F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_no_text_holds_what_cannot_be_printed(code: int) -> None:
    assert text_fault(f"a{chr(code)}b") == "control"


def test_cleaning_leaves_one_kind_of_line_end_and_no_tab() -> None:
    assert clean_text(" a\r\nb\rc\nd\te\x00f ") == "a\nb\nc\nd e\x00f"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), ("", ""), ("合计", "合计"), (True, "true"), (False, "false"), (0, "0"), (-12, "-12"),
        (Nothing.NOT_APPLICABLE, "n/a"), (Nothing.UNDISCLOSED, "undisclosed"),
        (Decimal("1E+3"), "1000"), (Decimal("1E-7"), "0.0000001"), (Decimal("5.00"), "5.00"), (Decimal(0), "0"),
    ],
)  # fmt: skip
def test_every_value_has_one_text(value: object, text: str) -> None:
    assert show(value) == text  # type: ignore[arg-type]


def test_what_is_missing_for_a_reason_is_known_by_its_text_and_shown_by_its_name() -> None:
    assert {text: NOTHINGS[text] for text in NOTHINGS} == {state.value: state for state in Nothing}
    assert {"", "n/a", "undisclosed"} == RESERVED_TEXTS
    assert [repr(state) for state in Nothing] == ["NOT_APPLICABLE", "UNDISCLOSED"]


# What is shown of texts that are not trusted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("合计 a", "合计 a"), ("a\x1b[31m", "a\\x1b[31m"), ("a\nb", "a\\nb"),
        *((chr(mark), f"\\u{mark:04x}") for mark in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B)),
        ("\u2029", "\\u2029"), ("\u2030", "\u2030"), ("\ud800", "\\ud800"),
    ],
)  # fmt: skip
def test_controls_and_marks_of_direction_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("length", "limit", "shown"),
    [(3, 3, "aaa"), (4, 3, "aaa…"), (10, 3, "aaa…"), (0, 3, "")],
)
def test_a_long_text_is_cut(length: int, limit: int, shown: str) -> None:
    assert visible("a" * length, limit) == shown


def test_eighty_characters_are_shown_unless_said_otherwise() -> None:
    assert visible("a" * 80) == "a" * 80
    assert visible("a" * 81) == "a" * 80 + "…"


def test_a_cut_within_escapes_keeps_to_the_limit() -> None:
    assert visible("\x00" * 3, 3) == "\\x00\\x00\\x00"
    assert visible("\x00" * 4, 3) == "\\x0…"
