"""A number that people wrote as text is read by one grammar; what was done to it is told and counted, and nothing is guessed."""

import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk import api, render
from fatk.lexical import NORMALISATIONS, normalise_number
from fatk.spec import load
from fatk.values import parse_decimal

ROOT = Path(__file__).resolve().parent.parent

#: As printed · the number · what was done.
NUMBERS = [
    ("386.23", "386.23", ""),
    ("-5", "-5", ""),
    ("0", "0", ""),
    ("3 ", "3", "blanks"),
    ("\u3000386.23\u00a0", "386.23", "blanks"),
    ("３８６．２３", "386.23", "full_width"),
    ("－5.00", "-5.00", "full_width"),
    ("\u22125.00", "-5.00", "sign"),
    ("- 5.00", "-5.00", "blanks"),
    ("-0.00", "0.00", "sign"),
    ("1,234.50", "1234.50", "thousands"),
    ("1,234,567", "1234567", "thousands"),
    ("１，２３４．５０", "1234.50", "full_width,thousands"),
    ("1 234 567.80", "1234567.80", "thousands"),
    ("1\u00a0234.50", "1234.50", "thousands"),
    ("(1,234.50)", "-1234.50", "parentheses,thousands"),
    ("（5.00）", "-5.00", "full_width,parentheses"),
    ("(0.00)", "0.00", "parentheses,sign"),
    ("△5.00", "-5.00", "triangle"),
    ("▲ 1,000", "-1000", "blanks,triangle,thousands"),
]
#: What is no number: wrong groups, other separators, two signs, marks of notes, words.
NONE = [
    "12,34", "1,2345.0", "1,23", "1234,567", "1,234,56", "1,234 567", "1 2", "1  234", "1 234\n567", "0,5", "1.234,50", ",123",
    "+5", "--5", "(-5)", "△(5)", "△-5", "(5", "5)", "5-", "-", "()", "",
    "386²", "386①", "²", "½", "Ⅳ", "三", "٣", "1_000", "1e3", "5%", "5.", ".5", "007", "五元", "1/2", "NaN",
]  # fmt: skip


@pytest.mark.parametrize(("text", "number", "done"), NUMBERS)
def test_what_is_a_number(text: str, number: str, done: str) -> None:
    assert normalise_number(text, amount=True) == (number, tuple(filter(None, done.split(","))))
    assert parse_decimal(number) is not None


@pytest.mark.parametrize("text", NONE)
def test_what_is_none(text: str) -> None:
    assert parse_decimal(normalise_number(text, amount=True)[0]) is None


@pytest.mark.parametrize("text", ["(5)", "△5", "▲5"])
def test_only_amounts_are_negative_by_a_mark(text: str) -> None:
    assert parse_decimal(normalise_number(text, amount=False)[0]) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15))
def test_however_a_number_is_grouped_it_is_itself(number: object) -> None:
    plain = format(number, "f")
    for printed in (f"{number:,}", f"{number:,}".replace(",", " "), f" {plain}\u3000"):
        read = parse_decimal(normalise_number(printed, amount=True)[0])
        assert read == number
    again, done = normalise_number(normalise_number(plain, amount=True)[0], amount=True)
    assert done == ()
    assert parse_decimal(again) is not None


@given(st.text(alphabet="0123456789,. -()△−０１，（）²①\u3000%", max_size=12))
def test_what_was_read_needs_no_more_normalisation(text: str) -> None:
    read, done = normalise_number(text, amount=True)
    assert set(done) <= set(NORMALISATIONS)
    if parse_decimal(read) is not None:
        assert normalise_number(read, amount=True) == (read, ())


def test_cells_are_counted_by_what_was_done(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(ROOT / "datapackages/minimal/report.xlsx")
    sheet = book["02收入决算表"]
    total = sheet["C7"].value
    sheet["C7"], sheet["D7"], sheet["C8"] = f"{total:.2f} ", "１２", "12,34"
    book.save(tmp_path / "a.xlsx")
    result = api.validate(tmp_path / "a.xlsx")
    assert dict(result.normalised) == {"full_width": 1, "blanks": 1}
    told = {f.cells[0].location: f.rule for f in result.findings if f.rule in ("READ-33", "READ-01")}
    assert told == {"02收入决算表!C7": "READ-33", "02收入决算表!D7": "READ-33", "02收入决算表!C8": "READ-01"}
    assert "全角字符 1、空格 1" in render.text(result)
    assert "full-width characters 1, blanks 1" in render.text(result, "en")
    document = render.to_document(result, "0.1.0", load().version)
    assert document["summary"]["normalised"] == {"full_width": 1, "blanks": 1}


def test_the_kinds_are_those_that_the_schema_of_results_names() -> None:
    schema = json.loads((ROOT / "schemas/findings.schema.json").read_bytes())
    named = schema["$defs"]["summary"]["properties"]["normalised"]["propertyNames"]["enum"]
    assert tuple(named) == NORMALISATIONS
