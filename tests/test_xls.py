"""An .xls from anywhere yields every cell as it is stored, or is refused with the code that names what is wrong.

LibreOffice writes the workbooks that an office program writes; calamine reads them too. What no program writes is made by
hand (``old_office``).
"""

from __future__ import annotations

import datetime as dt
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import numbers

import fatk
from fatk import biff, check, confined, formats, ole, ooxml, xls
from fatk.errors import Refused
from fatk.grid import Book, Cell, Sheet, a1
from fatk.limits import DEFAULTS, Limits
from old_office import (
    ADDED,
    BEHIND,
    BLANK,
    CELL,
    CHOICE,
    DIVISION,
    END_OF_PART,
    JOINED,
    SUM,
    SUM_FUNCTION,
    TRUE,
    at,
    begin,
    compound,
    formula,
    label,
    number,
    record,
    result,
    rk,
    text8,
    workbook,
)  # fmt: skip
from test_libreoffice import billions, with_awkward_texts

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"

# Workbooks of an office program


def foreign() -> openpyxl.Workbook:
    """A workbook with all that a cell or sheet can be, in no layout of ours."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "甲 表"
    bold = InlineFont(b=True)
    values: Mapping[str, Any] = {
        "A1": "2022年度收入决算表", "A2": "科目编码", "B2": "　科目名称 ", "C2": "两\n行", "A3": "201", "B3": 201, "C3": 386.23,
        "D3": -0.005, "E3": 1e300, "F3": 123456789012345, "G3": 0.1 + 0.2, "A4": True, "B4": False, "C4": "=C3/0", "D4": "=C3*2",
        "E4": '=B3&"x"', "F4": "=C3>1", "G4": "=SUM(C3:D3)", "A5": dt.date(2022, 12, 31), "B5": 0.125, "C5": 1234567.891,
        "D5": "'=1+1", "E5": '=IF(A3="x",1,"")', "F5": 50000, "G5": 0, "A6": CellRichText("一般", TextBlock(bold, "公共"), "预算"),
        "IV6": "最右", "A9": "合计", "C9": "=SUM(C3:C5)",
    }  # fmt: skip
    for place, value in values.items():
        sheet[place] = value
    for place, shown in {"C3": "#,##0.00", "B5": "0.0%", "C5": numbers.FORMAT_NUMBER_COMMA_SEPARATED1, "D3": "0.000_ ",
                         "F5": '0!.0000"万元"', "G4": "#,##0.00;[Red]-#,##0.00", "F3": "0"}.items():  # fmt: skip
        sheet[place].number_format = shown
    sheet.merge_cells("A1:G1")
    sheet.merge_cells("A7:B8")
    sheet["C3"].comment = Comment("注意", "我")
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["F"].hidden = True
    sheet.row_dimensions[8].hidden = True  # holds nothing
    hidden = book.create_sheet("隐")
    hidden["A1"] = 1.5
    hidden.sheet_state = "hidden"
    book.create_sheet("空")
    return book


@pytest.fixture(scope="module")
def pairs(soffice: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, bytes]]:
    """Workbooks by name, as .xlsx and as the .xls that LibreOffice makes of it; all at once, since its start is most of the
    work."""
    folder = tmp_path_factory.mktemp("xls")
    full = fatk.read(EXAMPLES / "full" / "report.json").report
    reports = {
        name: fatk.read(EXAMPLES / name / "report.json").report for name in ("minimal", "wuerhe-2022")
    } | {
        "full": full, "national": fatk.restate(full, "national-2020", allow_loss=True), "awkward": with_awkward_texts(full), "billions": billions(),
    }  # fmt: skip
    for name, report in reports.items():
        fatk.write(report, folder / f"{name}.xlsx")
    foreign().save(folder / "foreign.xlsx")
    since_1904 = foreign()
    since_1904.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    since_1904.save(folder / "since 1904.xlsx")
    sources = sorted(folder.glob("*.xlsx"))
    made = folder / "made"
    # LibreOffice calculates: what to compare foreign formulas with is what it saves as .xlsx.
    for kind, files in (("xls", sources), ("xlsx", [s for s in sources if s.stem in FOREIGN])):
        command = [*soffice, "--convert-to", kind, "--outdir", str(made), *map(str, files)]
        subprocess.run(command, capture_output=True, check=True, timeout=180)
    return {
        source.stem: (
            (made / source.name if source.stem in FOREIGN else source).read_bytes(),
            (made / f"{source.stem}.xls").read_bytes(),
        )
        for source in sources
    }


FOREIGN = ("foreign", "since 1904")
REPORTS = ("minimal", "full", "wuerhe-2022", "national", "awkward", "billions")


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_saved_as_xls_is_the_same_report(pairs: dict[str, tuple[bytes, bytes]], name: str) -> None:
    new, old = pairs[name]
    form, reading = formats.read_bytes(old)
    expected = formats.read_bytes(new)[1]
    assert form == "xls"
    assert reading.report == expected.report
    assert reading.edition_certainty == "certain"
    assert reading.unaccounted_cells == 0
    assert [f.rule for f in reading.findings] == [f.rule for f in expected.findings]
    assert check.check(reading).verdict == check.check(expected).verdict


@pytest.mark.parametrize("name", [*REPORTS, *FOREIGN])
def test_the_cells_of_an_xls_are_those_of_the_xlsx(pairs: dict[str, tuple[bytes, bytes]], name: str) -> None:
    new, old = (ooxml.read_book(pairs[name][0]), xls.read_book(pairs[name][1]))
    assert new.epoch_1904 == old.epoch_1904 == (name == "since 1904")
    assert [replace(s, rows={}, merges=()) for s in old.sheets] == [replace(s, rows={}, merges=()) for s in new.sheets]  # fmt: skip
    for mine, theirs in zip(old.sheets, new.sheets, strict=True):
        assert set(mine.merges) == set(theirs.merges)
        assert {p: told(c) for p, c in mine.cells.items()} == {p: told(c) for p, c in theirs.cells.items()}
        assert list(mine.cells) == sorted(mine.cells)
    assert {n for n in old.notices if n[0] != "DRAWING_PRESENT"} == {n for n in new.notices if n[0] != "DRAWING_PRESENT"}  # fmt: skip


def told(cell: Cell) -> tuple[object, ...]:
    """What two files of one workbook tell alike: LibreOffice keeps 15 digits, and formulas are not read from .xls."""
    text = f"{float(cell.text):.15g}" if cell.kind == "number" else cell.text
    f = cell.format
    return text, cell.kind, f.decimals, f.percent, f.date, f.scale, f.literal, cell.formula is not None


@pytest.mark.parametrize("name", [*REPORTS, "foreign"])
def test_calamine_finds_the_same_values(
    pairs: dict[str, tuple[bytes, bytes]], name: str, tmp_path: Path
) -> None:
    data = pairs[name][1]
    (tmp_path / "a.xls").write_bytes(data)
    other = python_calamine.CalamineWorkbook.from_path(tmp_path / "a.xls")
    for sheet in xls.read_book(data).sheets:
        read = other.get_sheet_by_name(sheet.name)
        theirs = {
            (row, column): value
            for row, line in enumerate(read.to_python(skip_empty_area=False))
            for column, value in enumerate(line)
            if value not in {"", None} or value is False
        }
        ours = {place: cell for place, cell in sheet.cells.items() if cell.text and cell.kind != "error"}
        assert set(ours) == set(theirs), sheet.name
        for place, cell in ours.items():
            assert same(cell, theirs[place]), (sheet.name, a1(*place), cell, theirs[place])


def same(cell: Cell, value: object) -> bool:
    if cell.kind == "boolean":
        return value is (cell.text == "1")
    if cell.kind == "number":
        return cell.format.date or (isinstance(value, (int, float)) and float(cell.text) == float(value))
    return cell.text == value


def test_the_name_of_an_xls_decides_nothing(pairs: dict[str, tuple[bytes, bytes]], tmp_path: Path) -> None:
    for name in ("报表.et", "报表.xlsx", "报表.XLS", "报表.json", "报表"):
        (tmp_path / name).write_bytes(pairs["minimal"][1])
        reading = fatk.read(tmp_path / name)
        assert (reading.form, reading.report) == ("xls", formats.read(EXAMPLES / "minimal").report)


# Records


OURS = {name: getattr(DEFAULTS, name) for name in xls._LIMITS}


def read(*sheets: bytes, **more: Any) -> Book:
    """The workbook of hand-made records, read in this process."""
    found = biff.read(workbook(*sheets, **more), OURS)
    return Book(xls._sheets(found), tuple((c, d) for c, d in found["notices"]), found["epoch_1904"])


def cells(*records: bytes, **more: Any) -> dict[str, Cell]:
    return {a1(*place): cell for place, cell in read(b"".join(records), **more).sheets[0].cells.items()}


def refusal(action: Callable[..., object], *arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as caught:
        action(*arguments, **named)
    return caught.value.code


@given(st.integers(-(2**29), 2**29 - 1))
def test_hundredths_in_thirty_bits_are_exact(hundredfold: int) -> None:
    from decimal import Decimal

    found = cells(rk(0, 0, hundredfold))["A1"]
    assert found.kind == "number"
    assert Decimal(found.text) == Decimal(hundredfold) / 100


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 6))
def test_what_was_typed_with_fifteen_digits_is_what_is_read(digits: int, decimals: int) -> None:
    from decimal import Decimal

    typed = Decimal(digits).scaleb(-decimals)
    assert Decimal(cells(number(0, 0, float(typed)))["A1"].text) == typed


def test_numbers_keep_their_double_whatever_it_is() -> None:
    values = [0.1 + 0.2, 386.2299999999999, 1e300, -5e-324, 1e16, 123456789012345680.0, -0.0]
    found = cells(*(number(i, 0, value) for i, value in enumerate(values)))
    assert [struct.pack("<d", float(c.text)) for c in found.values()] == [
        struct.pack("<d", v) for v in values
    ]
    assert [c.text for c in cells(number(0, 0, 5.0), number(1, 0, float("nan"))).values()] == ["5", "nan"]


def test_a_row_of_numbers_and_the_formats_of_cells() -> None:
    mulrk = (
        struct.pack("<HH", 3, 1)
        + b"".join(struct.pack("<Hi", xf, 12345 << 2 | 3) for xf in range(7))
        + b"\7\0"
    )
    found = cells(record(0x00BD, mulrk))
    assert list(found) == ["B4", "C4", "D4", "E4", "F4", "G4", "H4"]
    assert {c.text for c in found.values()} == {"123.45"}
    assert [c.decimals for c in found.values()] == [None, 2, 2, 0, None, None, 3]
    assert [name for name, c in found.items() if c.format.percent] == ["E4"]
    assert [name for name, c in found.items() if c.format.date] == ["F4"]


def test_formulas_have_the_kind_of_their_result() -> None:
    string = record(0x0207, text8("文字"))
    found = cells(
        formula(0, 0, result(386.23), SUM), formula(0, 1, DIVISION, ADDED), formula(0, 2, TRUE, ADDED),
        formula(0, 3, BEHIND, JOINED), string, formula(0, 4, BLANK, CHOICE), formula(0, 5, result(0.0), SUM), number(0, 6, 1),
    )  # fmt: skip
    assert [(c.text, c.kind, c.formula) for c in found.values()] == [
        ("386.23", "number", ""), ("#DIV/0!", "error", ""), ("1", "boolean", ""), ("文字", "text", ""), ("", "text", ""),
        ("0", "number", ""), ("1", "number", None),
    ]  # fmt: skip


LOAD = 2  # calculate on load
WITHOUT: list[Any] = [
    # what the formulas say, by column; which of them have no value
    ("a sum that is a blank text", [(BLANK, SUM, 0), (result(5), SUM, 0)], "A"),
    ("the function SUM that is a blank text", [(BLANK, SUM_FUNCTION, 0), (result(5), SUM, 0)], "A"),
    ("an addition that is a blank text", [(BLANK, ADDED, 0), (result(5), SUM, 0)], "A"),
    ("a choice whose result is the blank text in it", [(BLANK, CHOICE, 0)], ""),
    ("a reference to a blank text, where others have results", [(BLANK, CELL, 0), (result(5), SUM, 0)], ""),
    ("two texts joined, where others have results", [(BLANK, JOINED, 0), (result(5), SUM, 0)], ""),
    ("references where nothing has a result", [(BLANK, CELL, 0), (BLANK, JOINED, 0)], "AB"),
    ("zeros to be calculated on load", [(result(0), SUM, LOAD), (result(0), ADDED, LOAD)], "AB"),
    ("zeros to be calculated, beside what an office program calculated", [(result(0), SUM, LOAD), (result(5), SUM, 0)], "A"),
    ("a zero of a program that calculates and has it done again", [(result(0), SUM, LOAD), (result(5), SUM, LOAD)], ""),
    ("a zero", [(result(0), SUM, 0)], ""),
    ("a zero that is always calculated", [(result(0), SUM, 1)], ""),
    ("a zero of a text, where others have results", [(result(0), b"\x17\x01\x005", 0), (result(5), SUM, 0)], "A"),
    ("a zero of two texts joined", [(result(0), JOINED, 0), (result(5), SUM, 0)], "A"),
    ("a zero of the function TEXT", [(result(0), CELL + b"\x17\x01\x000" + b"\x41\x30\x00", 0)], "A"),
    ("a zero of a choice among texts and figures", [(result(0), CHOICE, 0), (result(5), SUM, 0)], ""),
    ("tokens that are not known", [(BLANK, b"\x3f\x00", 0), (result(5), SUM, 0)], ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "stored", "without"), WITHOUT, ids=[case[0] for case in WITHOUT])
def test_a_formula_without_a_stored_value_is_neither_blank_nor_zero(
    what: str, stored: list[tuple[bytes, bytes, int]], without: str
) -> None:
    found = cells(*(formula(0, i, *one) for i, one in enumerate(stored)))
    assert "".join(n[0] for n, c in found.items() if c.kind == "formula_without_value") == without
    assert all(c.text == "" for c in found.values() if c.kind == "formula_without_value")


def test_a_formula_without_a_stored_value_is_told_with_its_cell() -> None:
    (sheet,) = (
        s for s in ooxml.read_book(EXAMPLES / "minimal/report.xlsx").sheets if s.name == "02收入决算表"
    )
    records = [
        formula(row, column, BLANK, SUM) if (row, column) == (6, 2)
        else number(row, column, float(cell.text), 1) if cell.kind == "number" else label(row, column, cell.text)
        for (row, column), cell in sheet.cells.items()
    ]  # fmt: skip
    data = compound({"Workbook": workbook(b"".join(records), names=[sheet.name])})
    findings = check.check(formats.read_bytes(data)[1]).findings
    assert [f.cells[0].location for f in findings if f.rule == "READ-32"] == ["02收入决算表!C7"]


@pytest.mark.parametrize(
    ("writer", "told"), [("Microsoft Excel 97-Tabelle", True), ("Microsoft Excel", False)]
)
def test_that_a_zero_may_be_a_text_is_told_of_what_libreoffice_writes(writer: str, told: bool) -> None:
    records = b"".join(
        [
            number(0, 0, 1),
            formula(1, 1, result(0), CHOICE),
            formula(2, 1, result(0), CHOICE),
            formula(0, 2, result(0), SUM),
        ]
    )
    streams = {"Workbook": workbook(records, names=["甲"]), "\x01CompObj": writer.encode()}
    book = xls.read_book(compound(streams))
    assert book.notices == ((("ZERO_OR_TEXT", "甲!B2"),) if told else ())
    assert [c.text for c in book.sheets[0].cells.values()] == ["1", "0", "0", "0"]


#: Fonts 0 to 3 and 5 on: plain, then struck out, raised, lowered; there is no font 4.
FONTS = b"".join(
    record(0x0031, struct.pack("<HHHHHBBBB", 200, flags, 8, 400, escapement, 0, 0, 0, 0) + b"\x00\x00")
    for flags, escapement in [(0, 0)] * 4 + [(8, 0), (0, 1), (0, 2), (2, 0)]
)


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([(0, 5), (1, 0)], "1\u033623.45"),
        ([(5, 6)], "123.4⁵"),
        ([(4, 7), (5, 0)], "123.⁴5"),
        ([(3, 8), (5, 3)], "123.45"),
        ([(2, 5), (2, 0)], "123.45"),
        ([(2, 99)], "123.45"),
        ([(9, 5)], "123.45"),
    ],
)
def test_raised_and_struck_out_text_is_no_part_of_a_figure(runs: list[tuple[int, int]], text: str) -> None:
    wide = record(
        0x00FC,
        struct.pack("<IIHBH", 1, 1, 6, 8, len(runs))
        + b"123.45"
        + b"".join(struct.pack("<HH", *r) for r in runs),
    )
    for version, where, what in (
        (0x0600, FONTS + wide, record(0x00FD, at(0, 0) + bytes(4))),
        (0x0500, FONTS, record(0x00D6, at(0, 0) + struct.pack("<H", 6) + b"123.45" + bytes([len(runs)])
                               + b"".join(struct.pack("<BB", *r) for r in runs))),
    ):  # fmt: skip
        (sheet,) = read(what, before=where, version=version).sheets
        assert sheet.cells[0, 0].text == text, version


def test_blank_cells_are_left_out_and_what_lies_around_is_noticed() -> None:
    obj = lambda kind: record(0x005D, struct.pack("<HHH", 0x15, 0x12, kind) + bytes(16))  # noqa: E731
    found = read(
        record(0x0201, at(0, 0)) + record(0x00BE, struct.pack("<HHHHH", 1, 0, 1, 1, 1)) + number(2, 0, 1) + obj(0x14),
        obj(0x08) + record(0x001C, bytes(12)) + begin(0x20) + number(0, 0, 9) + END_OF_PART + label(0, 0, ""),
        b"", b"",
        names=["甲", "乙", "宏", "图"], kinds=[0, 0, 1, 2],
        before=record(0x01AE, struct.pack("<H", 1) + text8("\x01甲.xls")) + record(0x01AE, b"\1\0\1\4"),
    )  # fmt: skip
    assert [(s.name, list(s.cells)) for s in found.sheets] == [("甲", [(2, 0)]), ("乙", [])]
    assert found.notices == (
        ("EXTERNAL_LINK", "甲.xls"), ("SHEET_NOT_READ", "宏 (macro)"), ("MACRO_PRESENT", "宏"), ("SHEET_NOT_READ", "图 (chart)"),
        ("DRAWING_PRESENT", "乙"), ("COMMENT_PRESENT", "乙"),
    )  # fmt: skip


def test_macros_and_embedded_objects_stand_beside_the_workbook() -> None:
    data = compound({"Workbook": workbook(number(0, 0, 1))}, storages=["_VBA_PROJECT_CUR", "MBD0001", "别的"])
    assert xls.read_book(data).notices == (
        ("MACRO_PRESENT", "_VBA_PROJECT_CUR"),
        ("EXTERNAL_LINK", "MBD0001"),
    )


def test_a_stream_without_its_container_is_read() -> None:
    bare = workbook(label(0, 0, "收入"))
    assert xls.read_book(bare).sheets[0].cells[0, 0].text == "收入"
    assert refusal(formats.read_bytes, b"\x09\x00\x04\x00\x02\x00\x10\x00" + END_OF_PART) == "XLS_TOO_OLD"


# Texts of BIFF 5


def old(text: str, codepage: int | None, encoding: str = "gbk") -> Book:
    told = record(0x0042, struct.pack("<H", codepage)) if codepage is not None else b""
    return read(
        label(0, 0, text.encode(encoding)) + number(0, 1, 386.23, 2),
        version=0x0500,
        before=told,
        names=["表"],
    )


@pytest.mark.parametrize("codepage", [936, 1252, None, 32769, 10008])
def test_chinese_of_excel_95_is_read_whatever_its_writer_claims(codepage: int | None) -> None:
    found = old("收入决算表", codepage)
    assert found.sheets[0].cells[0, 0].text == "收入决算表"
    assert (found.sheets[0].cells[0, 1].text, found.sheets[0].cells[0, 1].decimals) == ("386.23", 2)
    assert found.sheets[0].name == "表"
    guessed = () if codepage in {936, 10008} else (("ENCODING_GUESSED", str(codepage or 0)),)
    assert found.notices == guessed


def test_other_code_pages_are_decoded_or_refused() -> None:
    traditional = read(
        label(0, 0, "決算".encode("big5")), version=0x0500, before=record(0x0042, b"\xb6\x03"), names=["a"]
    )
    assert traditional.sheets[0].cells[0, 0].text == "決算"
    assert refusal(old, "收入", 1200) == "XLS_ENCODING"
    assert refusal(old, "决é", 1252, "utf-8") == "XLS_ENCODING"
    assert read(label(0, 0, b"total"), version=0x0500, names=["a"]).notices == ()


def test_that_an_encoding_was_guessed_is_told() -> None:
    stream = workbook(label(0, 0, "备注".encode("gbk")), version=0x0500, names=["表"])
    reading = formats.read_bytes(compound({"Book": stream}))[1]
    assert "READ-65" in {f.rule for f in reading.findings}


# Faulty records

ONE = number(0, 0, 1)
FAULTS: list[Any] = [
    ("a cell twice", ONE + ONE, "XLSX_BAD_REFERENCE"),
    ("a cell of two kinds", ONE + label(0, 0, "a"), "XLSX_BAD_REFERENCE"),
    ("a column beyond the sheet", number(0, 256, 1), "XLS_CORRUPT"),
    ("a row of numbers that runs backwards", record(0x00BD, struct.pack("<HHHiH", 0, 5, 0, 7, 1)), "XLS_CORRUPT"),
    ("a row of numbers that is longer than it says", record(0x00BD, struct.pack("<HHHiH", 0, 5, 0, 7, 200)), "XLS_CORRUPT"),
    ("a text that is not in the table", record(0x00FD, at(0, 0) + b"\x09\0\0\0"), "XLS_CORRUPT"),
    ("a format that is not in the table", number(0, 0, 1, 99), "XLS_CORRUPT"),
    ("a record shorter than its kind", record(0x0203, b"\0\0"), "XLS_CORRUPT"),
    ("a formula without the text behind it", formula(0, 0, BEHIND, SUM), "XLS_CORRUPT"),
    ("a formula with a result of no kind", formula(0, 0, b"\x09\0\0\0\0\0\xff\xff", SUM), "XLS_CORRUPT"),
    ("a merged range beyond the sheet", ONE + record(0x00E5, struct.pack("<HHHHH", 1, 0, 1, 0, 300)), "XLSX_BAD_REFERENCE"),
    ("merged ranges of more area than the limit", record(0x00E5, struct.pack("<HHHHH", 1, 0, 65535, 0, 255)), "XLSX_MERGE_AREA"),
    ("cells far apart", ONE + number(65535, 255, 1), "XLSX_SPARSE_AREA"),
    ("a password", b"", "ENCRYPTED_XLS"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "records", "code"), FAULTS, ids=[case[0] for case in FAULTS])
def test_faulty_records_are_refused(what: str, records: bytes, code: str) -> None:
    before = record(0x002F, bytes(54)) if what == "a password" else b""
    assert refusal(read, records, before=before) == code


STREAMS: list[Any] = [
    ("two sheets at one place", lambda d: d.replace(place_of_sheet(d), struct.pack("<I", 0), 1)),
    ("a sheet at no place", lambda d: d.replace(place_of_sheet(d), struct.pack("<I", 9999), 1)),
    ("a sheet without an end", lambda d: d[:-4]),
    ("half a record", lambda d: d[:-9]),
    ("another version", lambda d: d[:4] + b"\x00\x07" + d[6:]),
    ("nothing but a beginning", lambda d: d[:20]),
    ("a date system that is none", lambda d: d[:20] + record(0x0022, b"\x07\0") + d[20:]),
]


def place_of_sheet(data: bytes) -> bytes:
    start = data.index(b"\x85\0") + 4
    return data[start : start + 4]


@pytest.mark.parametrize(("what", "change"), STREAMS, ids=[case[0] for case in STREAMS])
def test_faulty_streams_are_refused(what: str, change: Callable[[bytes], bytes]) -> None:
    assert refusal(biff.read, change(workbook(ONE)), OURS) == "XLS_CORRUPT"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(sheets=1), "XLSX_TOO_MANY_SHEETS"),
        (Limits(cells=3), "XLSX_TOO_MANY_CELLS"),
        (Limits(used_area=3), "XLSX_SPARSE_AREA"),
        (Limits(styles=3), "XLSX_TOO_MANY_STYLES"),
        (Limits(cell_text=1), "CELL_TOO_LONG"),
        (Limits(workbook_text=5), "XLSX_TEXT_TOO_LARGE"),
        (Limits(merges=1), "XLSX_MERGE_AREA"),
        (Limits(reader_answer=100), "RESOURCE_LIMIT"),
        (Limits(reader_memory=1 << 20), "RESOURCE_LIMIT"),
    ],
)
def test_limits_hold_for_all_sheets_together(limits: Limits, code: str) -> None:
    sheet = label(0, 0, "收入") + label(1, 0, "支出") + record(0x00E5, struct.pack("<HHHHH", 1, 5, 6, 0, 1))
    data = workbook(sheet, sheet)
    xls.read_book(data, Limits(sheets=2, cells=4, used_area=4, cell_text=2, workbook_text=8, merges=2))
    assert refusal(xls.read_book, data, limits) in (
        {code} if code != "RESOURCE_LIMIT" else {code, "READER_CRASHED"}
    )


# The container

KINDS: list[Any] = [
    ("an .xlsx with a password", {"EncryptedPackage": b"x", "EncryptionInfo": b"x"}, "ENCRYPTED_WORKBOOK"),
    ("an .xls with restricted permissions", {"\x09DRMContent": b"x", "Workbook": b"x"}, "ENCRYPTED_WORKBOOK"),
    ("a presentation", {"PowerPoint Document": b"x", "Current User": b"x"}, "NOT_A_TABLE_PPT"),
    ("a mail", {"__properties_version1.0": b"x"}, "OLE_UNKNOWN"),
    ("nothing", {}, "OLE_UNKNOWN"),
]


@pytest.mark.parametrize(("what", "streams", "code"), KINDS, ids=[case[0] for case in KINDS])
def test_what_else_comes_in_a_compound_file_is_named(what: str, streams: dict[str, bytes], code: str) -> None:
    assert refusal(formats.read_bytes, compound(streams)) == code


def test_small_and_large_streams_are_read(pairs: dict[str, tuple[bytes, bytes]]) -> None:
    container = ole.open_compound(pairs["minimal"][1])
    assert container.read("Workbook").startswith(b"\x09\x08\x10\x00")
    small = container.read("\x01CompObj")
    assert b"Microsoft Excel 97" in small
    assert len(small) == container.entries["\x01CompObj"].size < 4096
    large = ole.open_compound(
        compound({"a": b"x" * 9_000_000, "b": b"y" * 5000})
    )  # 17,600 sectors: over 109 tables
    assert large.read("b").rstrip(b"\0") == b"y" * 5000


def patched(data: bytes, place: int, value: int, size: int = 4) -> bytes:
    return data[:place] + value.to_bytes(size, "little") + data[place + size :]


def table(data: bytes) -> int:
    """Where the allocation table begins."""
    return 512 + 512 * int.from_bytes(data[76:80], "little")


def entry(data: bytes, index: int) -> int:
    """Where an entry of the directory begins."""
    return 512 + 512 * int.from_bytes(data[48:52], "little") + 128 * index


CONTAINERS: list[Any] = [
    ("less than a header", lambda d: d[:300], "OLE_TRUNCATED"),
    ("its first half", lambda d: d[: len(d) // 2], "OLE_TRUNCATED"),
    ("less its last sector", lambda d: d[:-512], "OLE_TRUNCATED"),
    ("another order of bytes", lambda d: patched(d, 28, 0xFEFF, 2), "OLE_CORRUPT"),
    ("sectors of 4 GB", lambda d: patched(d, 30, 32, 2), "OLE_CORRUPT"),
    ("more tables than sectors", lambda d: patched(d, 44, 1 << 30), "OLE_TRUNCATED"),
    ("a table twice", lambda d: patched(patched(d, 44, 2), 80, int.from_bytes(d[76:80], "little")), "OLE_CORRUPT"),
    ("a chain of tables that turns back", lambda d: patched(patched(patched(d, 44, 150), 68, 0), 512 + 508, 0) + bytes(512 * 200), "OLE_CORRUPT"),
    ("a chain that turns back", lambda d: patched(d, table(d) + 4, 0), "OLE_CORRUPT"),
    ("a chain out of the file", lambda d: patched(d, table(d), 100_000), "OLE_TRUNCATED"),
    ("a chain that ends early", lambda d: patched(d, table(d), 0xFFFFFFFE), "OLE_CORRUPT"),
    ("a directory that is not there", lambda d: patched(d, 48, 100_000), "OLE_TRUNCATED"),
    ("a directory without a root", lambda d: patched(d, entry(d, 0) + 66, 2, 1), "OLE_CORRUPT"),
    ("an entry that is its own neighbour", lambda d: patched(d, entry(d, 1) + 72, 1), "OLE_CORRUPT"),
    ("an entry that is not there", lambda d: patched(d, entry(d, 1) + 68, 77), "OLE_CORRUPT"),
    ("a stream of 4 GB", lambda d: patched(d, entry(d, 1) + 120, 0xFFFFFFF0), "OLE_TRUNCATED"),
    ("a small stream without a place for them", lambda d: patched(d, entry(d, 1) + 120, 100), "OLE_CORRUPT"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "code"), CONTAINERS, ids=[case[0] for case in CONTAINERS])
def test_faulty_compound_files_are_refused(what: str, change: Callable[[bytes], bytes], code: str) -> None:
    data = compound({"Workbook": workbook(ONE)})
    formats.read_bytes(data)
    assert refusal(formats.read_bytes, change(data)) == code


# Nothing but a book or a refusal


@settings(max_examples=25)
@given(st.data())
def test_changed_bytes_give_a_book_or_a_refusal(data: st.DataObject) -> None:
    sheet = (
        label(0, 0, "收入")
        + rk(0, 1, 5)
        + formula(0, 2, BEHIND, JOINED)
        + record(0x0207, text8("甲"))
        + ONE[:0]
    )
    stream = bytearray(workbook(sheet, number(0, 0, 1)))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = biff.read(bytes(stream), OURS)
    except Refused:
        return
    assert all(isinstance(sheet, Sheet) for sheet in xls._sheets(found))


def test_an_answer_of_another_shape_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (
        [],
        {},
        {"sheets": [], "formats": [], "notices": []},
        {"sheets": [{}], "formats": [], "notices": [], "epoch_1904": 0},
    ):
        monkeypatch.setattr(confined, "run", lambda *_, answer=answer: answer)
        assert refusal(xls.read_book, workbook(ONE)) == "READER_CRASHED"


def test_cells_stand_in_order_whatever_the_order_of_the_answer() -> None:
    found = {
        "formats": ["General"],
        "sheets": [
            {
                "name": "a", "rows": [2, 0, 0], "columns": [0, 3, 1], "texts": ["1", "2", "3"], "kinds": ["number"] * 3,
                "formats": [0] * 3, "formulas": [], "merges": [], "hidden": False, "hidden_rows": [], "hidden_columns": [],
            }
        ],
    }  # fmt: skip
    (sheet,) = xls._sheets(found)
    assert [(row, list(line)) for row, line in sheet.rows.items()] == [(0, [1, 3]), (2, [0])]
