"""An .xlsx from anywhere yields every cell as it is stored, or is refused with the code that names what is wrong."""

import datetime as dt
import io
import itertools
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator
from openpyxl.utils.datetime import to_excel
from openpyxl.utils.escape import unescape

from fatk.archive import open_archive
from fatk.errors import Refused
from fatk.grid import MAX_COLUMNS, MAX_ROWS, Book, Cell, Sheet, a1, column_letters, from_a1, read_format
from fatk.limits import DEFAULTS, SERVER, Limits, listing
from fatk.ooxml import read_book, shift_formula

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


# Workbooks by hand


def relations(*targets: tuple[str, str] | tuple[str, str, str]) -> str:
    made = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATED}/{kind}" Target="{target}"{" " + " ".join(more) if more else ""}/>'
        for i, (kind, target, *more) in enumerate(targets, 1)
    )
    return f'{DECLARATION}<Relationships xmlns="{PACKAGE}">{made}</Relationships>'


def worksheet(data: str, after: str = "", before: str = "") -> str:
    return (
        f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:r="{RELATED}" xmlns:x14ac="urn:x14ac">{before}'
        f"<sheetData>{data}</sheetData>{after}</worksheet>"
    )


def parts(
    data: str = "", after: str = "", before: str = "", **more: str | bytes | None
) -> dict[str, str | bytes]:
    """Parts of a workbook of one sheet with that data; a keyword replaces, adds or (``None``) removes a part."""
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="urn:types"/>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>'
        '<sheet name="GK01" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("worksheet", "worksheets/sheet1.xml"),
            ("sharedStrings", "sharedStrings.xml"),
            ("styles", "/xl/styles.xml"),
        ),
        "xl/worksheets/sheet1.xml": worksheet(data, after, before),
        "xl/sharedStrings.xml": f'{DECLARATION}<sst xmlns="{MAIN}"><si><t>收入</t></si><si><t>支出</t></si></sst>',
        "xl/styles.xml": f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" formatCode="0.000_ "/>'
        '</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="4"/>'
        '<xf numFmtId="176"/><xf numFmtId="14"/><xf numFmtId="10"/><xf numFmtId="9999"/></cellXfs></styleSheet>',
        "docProps/core.xml": f"{DECLARATION}<coreProperties/>",
    }
    for key, part in more.items():
        name = {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml", "styles": "xl/styles.xml",
                "workbook": "xl/workbook.xml", "workbook_rels": "xl/_rels/workbook.xml.rels",
                "sheet_rels": "xl/worksheets/_rels/sheet1.xml.rels"}.get(key, key)  # fmt: skip
        if part is None:
            del made[name]
        else:
            made[name] = part
    return made


def packed(files: Mapping[str, str | bytes], level: int = 6, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=level) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def book(
    data: str = "", after: str = "", before: str = "", limits: Limits = DEFAULTS, **more: str | bytes | None
) -> Book:
    return read_book(packed(parts(data, after, before, **more)), limits)


def cells(data: str, **more: Any) -> dict[str, Cell]:
    return {a1(*place): cell for place, cell in book(data, **more).sheets[0].cells.items()}


def texts(data: str, **more: Any) -> dict[str, str]:
    return {name: cell.text for name, cell in cells(data, **more).items()}


def refusal(action: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(Refused) as caught:
        action(*arguments, **named)
    return caught.value.code


# Names of cells


def test_names_of_cells() -> None:
    assert a1(34, 2) == "C35"
    assert from_a1("XFD1048576") == (MAX_ROWS - 1, MAX_COLUMNS - 1)
    for column in (0, 25, 26, 701, 702, 16_383):
        assert from_a1(a1(0, column)) == (0, column)
        assert openpyxl.utils.get_column_letter(column + 1) == column_letters(column)
    for name in ("", "A", "1", "A0", "A01", "a1", "XFE1", "A1048577", "AAAAAAA1", "A1 ", "$A$1", "A１"):
        with pytest.raises(ValueError, match="not a cell"):
            from_a1(name)


# Cells


def test_kinds_of_cells() -> None:
    found = cells(
        '<row r="1"><c r="A1"><v>386.2299999999999</v></c><c r="B1" t="n"><v>1E-3</v></c><c r="C1" t="s"><v>1</v></c>'
        '<c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="F1" t="str"><f>A1&amp;"x"</f><v>x</v></c>'
        '<c r="G1" t="inlineStr"><is><t>行内</t></is></c><c r="H1" t="d"><v>2023-01-31T00:00:00</v></c></row>'
    )
    assert [(c.text, c.kind, c.formula) for c in found.values()] == [
        ("386.2299999999999", "number", None),
        ("1E-3", "number", None),
        ("支出", "text", None),
        ("1", "boolean", None),
        ("#DIV/0!", "error", "1/0"),
        ("x", "text", 'A1&"x"'),
        ("行内", "text", None),
        ("2023-01-31T00:00:00", "text", None),
    ]


def test_numbers_are_never_touched() -> None:
    written = [
        "9007199254740993",
        "0.30000000000000004",
        "NaN",
        "1e999",
        "00201",
        "-0",
        "1.20101E+05",
        "12_3",
        " 5 ",
        "５",
    ]
    data = "".join(f'<row r="{i}"><c r="A{i}"><v>{text}</v></c></row>' for i, text in enumerate(written, 1))
    assert list(texts(data).values()) == written


def test_a_formula_without_a_stored_value_is_neither_blank_nor_zero() -> None:
    found = cells(
        '<row r="1"><c r="A1"><f>SUM(B1:B9)</f></c><c r="B1"><f>A1</f><v></v></c><c r="C1" t="str"><f>A1</f></c>'
        '<c r="D1" t="str"><f>""</f><v></v></c><c r="E1"><f/></c></row>'
    )
    without = "formula_without_value"
    assert [(c.kind, c.text) for c in found.values()] == [
        (without, ""),
        (without, ""),
        (without, ""),
        ("text", ""),
        (without, ""),
    ]
    assert found["E1"].formula == ""


def test_cells_that_are_only_styled_or_empty_are_left_out() -> None:
    assert texts(
        '<row r="1" s="1" customFormat="1"><c r="A1" s="1"/><c r="B1" s="1"><v></v></c><c r="C1" t="s"/>'
        '<c r="D1" t="inlineStr"><is><t></t></is></c><c r="E1" t="s"><v>2</v></c><c r="F1"><v>0</v></c></row>',
        strings=f'<sst xmlns="{MAIN}"><si><t>a</t></si><si/><si><t/></si></sst>',
    ) == {"F1": "0"}


def test_text_keeps_its_blanks_and_escapes_are_decoded() -> None:
    strings = (
        f'<sst xmlns="{MAIN}" count="9"><si><t xml:space="preserve"> a\u3000</t></si><si><t> b </t></si>'
        "<si><t>x_x000D_y_x000a_</t></si><si><t>_x005F_x000D_</t></si><si><t>_xD83D__xDE00_</t></si>"
        "<si><t>_xD83D_ _x12_ _xZZZZ_</t></si><si><t>a&lt;&#x4E2D;&amp;<![CDATA[<b>]]></t></si><si><t>两\n行</t></si></sst>"
    )
    count = strings.count("<si>")
    data = (
        '<row r="1">'
        + "".join(f'<c r="{column_letters(i)}1" t="s"><v>{i}</v></c>' for i in range(count))
        + "</row>"
    )
    assert list(texts(data, strings=strings).values()) == [
        " a\u3000", " b ", "x\ry\n", "_x000D_", "\U0001f600", "_xD83D_ _x12_ _xZZZZ_", "a<中&<b>", "两\n行",
    ]  # fmt: skip


def test_rich_text_is_joined_and_phonetic_readings_are_ignored() -> None:
    runs = (
        '<r><rPr><b/><sz val="11"/></rPr><t>一般</t></r><r><t xml:space="preserve"> 公共</t></r>'
        '<rPh sb="0" eb="2"><t>いっぱん</t></rPh><phoneticPr fontId="1"/>'
    )
    strings = f'<sst xmlns="{MAIN}"><si>{runs}</si><si><t>课</t><rPh sb="0" eb="1"><t>カ</t></rPh></si></sst>'
    data = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
        f'<c r="C1" t="inlineStr"><is>{runs}</is></c><c r="D1"><is><t>a</t></is></c></row>'
    )
    assert texts(data, strings=strings) == {"A1": "一般 公共", "B1": "课", "C1": "一般 公共", "D1": "a"}


def test_rows_and_cells_without_names_follow_one_another() -> None:
    found = texts(
        '<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r="5"><c r="C5"/><c><v>3</v></c><c><v>4</v></c>'
        '<c r="AAA5"><v>5</v></c><c><v>6</v></c></row><row><c><v>7</v></c></row>'
    )
    assert found == {"A1": "1", "C1": "2", "D5": "3", "E5": "4", "AAA5": "5", "AAB5": "6", "A6": "7"}


def test_cells_come_in_row_major_order_whatever_their_order_in_the_file() -> None:
    found = texts(
        '<row r="3"><c r="B3"><v>6</v></c><c r="A3"><v>5</v></c></row><row r="1"><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c>'
        '<c r="B1"><v>2</v></c></row><row r="1"><c r="D1"><v>4</v></c></row>'
    )
    assert list(found.items()) == [
        ("A1", "1"),
        ("B1", "2"),
        ("C1", "3"),
        ("D1", "4"),
        ("A3", "5"),
        ("B3", "6"),
    ]


def test_number_formats_of_cells() -> None:
    data = (
        "".join(f'<row r="{i}"><c r="A{i}" s="{i}"><v>1</v></c></row>' for i in range(1, 8))
        + '<row><c r="A8"><v>1</v></c></row>'
    )
    found = cells(data)
    assert [c.decimals for c in found.values()] == [2, 3, None, 2, None, None, None, None]
    assert [name for name, c in found.items() if c.format.date] == ["A3"]
    assert [name for name, c in found.items() if c.format.percent] == ["A4"]
    bare = cells(data, styles=None, workbook_rels=relations(("worksheet", "worksheets/sheet1.xml")))
    assert {c.format.code for c in bare.values()} == {"General"}


@pytest.mark.parametrize(
    ("code", "decimals", "scale"),
    [
        ("General", None, 0),
        ("G/通用格式", None, 0),
        ("@", None, 0),
        ("0", 0, 0),
        ("0.00", 2, 0),
        ("#,##0.000", 3, 0),
        ("0.0#", 2, 0),
        ("#,##0.00_ ;[Red]\\-#,##0.00\\ ", 2, 0),
        ('_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ', 2, 0),
        ("[$¥-804]#,##0.00", 2, 0),
        ("0.00%", 2, 0),
        ('0.00"万元"', 2, 0),
        ('"a.0"0.00', 2, 0),
        ("0,", 0, 3),
        ("#,##0.00,,", 2, 6),
        ("0,.00", 2, 3),
        ('0!.0,"万"', 1, 4),
        ('0"."0,"万"', 1, 4),
        ("0\\.0000", 4, 4),
        ('[>=100000000]0!.00,,"亿";[>=10000]0!.0,"万";0', None, 8),
        ("[<0]-0.00;0.00", 2, 0),
        ("0.00E+00", None, 0),
        ("# ?/?", None, 0),
        ("yyyy-mm-dd", None, 0),
        ('yyyy"年"m"月"', None, 0),
        ("[h]:mm:ss.00", None, 0),
        ("上午/下午h:mm", None, 0),
        ('"—"', None, 0),
        ("", None, 0),
        ('0.00"', 2, 0),
    ],
)
def test_what_a_number_format_shows(code: str, decimals: int | None, scale: int) -> None:
    found = read_format(code)
    assert (found.decimals, found.scale) == (decimals, scale)
    assert found.date == (code[:1] in {"y", "上"} or code.startswith("[h]"))
    assert found.percent == ("%" in code)


def test_the_text_around_a_number_is_told() -> None:
    assert read_format('#,##0.00"万元"').literal == "万元"
    assert read_format("0.00元").literal == "元"
    assert read_format('0!.0,"万"').literal == "万"


def test_shared_formulas_read_as_they_mean() -> None:
    found = cells(
        '<row r="1"><c r="A1"><f t="shared" ref="A1:B2" si="0">SUM($C1,D$2)*2</f><v>1</v></c>'
        '<c r="B1"><f t="shared" si="0"/><v>2</v></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/><v>3</v></c><c r="B2"><f t="shared" si="7"/><v>4</v></c></row>'
    )
    assert [c.formula for c in found.values()] == ["SUM($C1,D$2)*2", "SUM($C1,E$2)*2", "SUM($C2,D$2)*2", ""]


@pytest.mark.parametrize(
    "formula",
    [
        "A1+$B$2-C$3*$D4",
        "SUM(A1:B2,C:D,$E:F,3:4,$5:6)",
        "LOG10(A1)+TAX2023X+A1.B+_A1",
        'IF(A1="A1 ""B2""",\'Sheet A1\'!C3,Sheet2!D4)',
        "'[1]A1 表'!B2+[1]Sheet1!C3",
        "1E5+A1*1.5%",
        "收入A1+B2",
        "{1,2;3,4}*A1",
        "#REF!+A1",
    ],
)
def test_formulas_shift_as_openpyxl_translates_them(formula: str) -> None:
    expected = Translator("=" + formula, "A1").translate_formula("C6")
    assert "=" + shift_formula(formula, 5, 2) == expected


def test_references_shifted_off_the_sheet_are_told_apart() -> None:
    assert shift_formula("A1+XFD1048576+$A$1+A:B+1:2", -1, -1) == "#REF!+XFC1048575+$A$1+#REF!+#REF!"
    assert shift_formula("XFD1+A1048576", 1, 1) == "#REF!+#REF!"


# Sheets and books


def test_merged_ranges_and_hidden_content() -> None:
    found = book(
        '<row r="1"><c r="A1"><v>1</v></c><c r="C1"><v>1</v></c></row><row r="2" hidden="1"><c r="B2"><v>2</v></c></row>'
        '<row r="3" hidden="true"><c r="B3"><f>1</f><v>2</v></c></row><row r="4" hidden="1"/><row r="9" hidden="1" ht="3"><c r="A9" s="1"/></row>',
        after='<mergeCells count="9"><mergeCell ref="A1:B1"/><mergeCell ref="D9:C8"/></mergeCells>',
        before='<cols><col min="2" max="2" hidden="1"/><col min="3" max="3"/><col min="4" max="16384" hidden="1"/></cols>',
    )
    sheet = found.sheets[0]
    assert sheet.merges == ((0, 0, 0, 1), (7, 2, 8, 3))
    assert sheet.hidden_rows == {1, 2}  # those with content
    assert sheet.hidden_columns == {1}
    assert not sheet.hidden
    assert found.notices == (("HIDDEN_CONTENT", "GK01!2:3"), ("HIDDEN_CONTENT", "GK01!B:B"))


def test_sheets_stand_in_the_order_of_the_workbook_and_are_found_by_relationship() -> None:
    found = book(
        workbook=f'<workbook xmlns="{MAIN}" xmlns:q="{RELATED}"><workbookPr date1904="1"/><sheets>'
        '<sheet name=" 表_x0041_&amp;" sheetId="9" q:id="rId2"/><sheet name="图" sheetId="2" q:id="rId3"/>'
        '<sheet name="隐" sheetId="3" state="veryHidden" q:id="rId1"/><sheet name="宏" sheetId="4" q:id="rId4"/></sheets></workbook>',
        workbook_rels=relations(
            ("worksheet", "/xl/worksheets/SHEET1.xml"), ("worksheet", "../elsewhere/zz.xml"),
            ("chartsheet", "chartsheets/sheet1.xml"), ("xlMacrosheet", "macrosheets/sheet1.xml"),
        ),
        **{"elsewhere/zz.xml": worksheet('<row r="1"><c r="A1"><v>7</v></c></row>')},
    )  # fmt: skip
    assert [(s.name, s.hidden, len(s.cells)) for s in found.sheets] == [(" 表A&", False, 1), ("隐", True, 0)]
    assert found.epoch_1904
    assert found.notices == (
        ("SHEET_NOT_READ", "图 (chartsheet)"), ("HIDDEN_CONTENT", "隐"),
        ("SHEET_NOT_READ", "宏 (xlMacrosheet)"), ("MACRO_PRESENT", "xl/macrosheets/sheet1.xml"),
    )  # fmt: skip


def test_what_else_is_there_is_noticed() -> None:
    found = book(
        sheet_rels=relations(
            ("drawing", "../drawings/drawing1.xml"), ("image", "http://example.org/x", 'TargetMode="External"'),
            ("comments", "../comments1.xml"), ("oleObject", "../embeddings/o.bin"),
        ),
        **{"xl/vbaProject.bin": b"x", "xl/externalLinks/externalLink1.xml": "<externalLink/>", "xl/connections.xml": "<connections/>"},
    )  # fmt: skip
    assert found.notices == (
        ("MACRO_PRESENT", "xl/vbaProject.bin"), ("EXTERNAL_LINK", "xl/externalLinks/externalLink1.xml"),
        ("EXTERNAL_LINK", "xl/connections.xml"), ("DRAWING_PRESENT", "GK01"), ("COMMENT_PRESENT", "GK01"),
        ("EXTERNAL_LINK", "xl/embeddings/o.bin"),
    )  # fmt: skip


def test_declared_dimensions_are_ignored() -> None:
    data = "".join(
        f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="B{i}"><v>2</v></c></row>' for i in range(1, 11)
    )
    assert len(cells(data, before='<dimension ref="A1:A1"/>')) == 20
    assert (
        len(cells('<row r="1"><c r="A1"><v>1</v></c></row>', before='<dimension ref="A1:XFD1048576"/>')) == 1
    )


def test_strict_and_prefixed_namespaces() -> None:
    strict = {name: str(part).replace(MAIN, STRICT).replace(RELATED, "http://purl.oclc.org/ooxml/officeDocument/relationships")
              for name, part in parts('<row r="1"><c r="A1" t="s"><v>0</v></c></row>').items()}  # fmt: skip
    assert read_book(packed(strict)).sheets[0].cells[0, 0].text == "收入"

    prefixed = (
        f'<x:worksheet xmlns:x="{MAIN}" xmlns="urn:other"><sheetData><row r="1"><c r="A1"><v>9</v></c></row></sheetData>'
        '<x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><c r="B1"><v>9</v></c></x:row></x:sheetData>'
        '<x:mergeCells><x:mergeCell ref="A1:B1"/></x:mergeCells></x:worksheet>'
    )
    found = book(sheet=prefixed)
    assert {a1(*p): c.text for p, c in found.sheets[0].cells.items()} == {"A1": "收入"}
    assert found.sheets[0].merges == ((0, 0, 0, 1),)
    assert found.notices == (("UNKNOWN_MARKUP", "GK01"),)  # the other cell is not ours, but is told of


def test_namespaces_may_be_redeclared_anywhere() -> None:
    sheet = (
        f'<a:worksheet xmlns:a="{MAIN}" xmlns="{MAIN}"><sheetData><a:row r="1"><c xmlns="urn:x" r="A1"><v>1</v></c>'
        f'<y:c xmlns:y="{MAIN}" r="B1"><y:v>2</y:v></y:c></a:row><row r="2"><c r="A2"><v>3</v></c></row></sheetData></a:worksheet>'
    )
    assert {a1(*p): c.text for p, c in book(sheet=sheet).sheets[0].cells.items()} == {"B1": "2", "A2": "3"}


def test_foreign_markup_is_skipped_and_told_of() -> None:
    found = book(
        '<row r="1"><c r="A1"><v>1</v><extLst><ext><v>8</v></ext></extLst></c><z:AlternateContent xmlns:z="urn:z"><z:c/>'
        '</z:AlternateContent><extLst><c r="B1"><v>9</v></c></extLst></row><!-- <row r="2"><c r="A2"><v>2</v></c></row> -->'
        '<row r="3"><c r="A3"><v>3</v></c></row>',
        after='<extLst><ext xmlns:x14="urn:14"><sheetData><row r="7"><c r="A7"><v>7</v></c></row></sheetData></ext></extLst>',
    )
    assert {a1(*p): c.text for p, c in found.sheets[0].cells.items()} == {"A1": "1", "A3": "3"}
    assert found.notices == (("UNKNOWN_MARKUP", "GK01"),)


# The same cells as other programs read


def same_as_openpyxl(data: bytes) -> None:
    """Values, merged ranges and hiddenness of a workbook agree with openpyxl; formulas are compared separately."""
    ours = read_book(data)
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True, rich_text=False)
    formulas = openpyxl.load_workbook(io.BytesIO(data))
    assert [s.name for s in ours.sheets] == [s.title for s in values.worksheets]
    for sheet, theirs, stated in zip(ours.sheets, values.worksheets, formulas.worksheets, strict=True):
        assert sheet.hidden == (theirs.sheet_state != "visible")
        assert {openpyxl_range(m) for m in theirs.merged_cells.ranges} == set(sheet.merges)
        filled = {(c.row - 1, c.column - 1) for row in stated.iter_rows() for c in row if c.value is not None}
        assert list(sheet.cells) == sorted(filled)
        for (row, column), cell in sheet.cells.items():
            value = theirs.cell(row + 1, column + 1).value
            assert agrees(cell, value), (sheet.name, a1(row, column), cell, value)
            formula = stated.cell(row + 1, column + 1).value
            if cell.formula is not None:
                assert getattr(formula, "text", formula).removeprefix("=") == cell.formula
            else:
                assert not (isinstance(formula, str) and formula.startswith("=") and cell.kind != "text")


def openpyxl_range(merged: Any) -> tuple[int, int, int, int]:
    c1, r1, c2, r2 = merged.bounds
    return r1 - 1, c1 - 1, r2 - 1, c2 - 1


def agrees(cell: Cell, value: object) -> bool:
    if cell.kind == "formula_without_value" or not cell.text:
        return value is None or not value
    if cell.kind == "boolean":
        return value is (cell.text == "1")
    if isinstance(value, (dt.datetime, dt.date, dt.time, dt.timedelta)):
        return cell.format.date and abs(float(to_excel(value)) - float(cell.text)) < 1e-6
    if cell.kind == "number":
        return isinstance(value, (int, float)) and float(cell.text) == float(value)
    return isinstance(value, str) and cell.text in {
        value,
        unescape(value),
    }  # openpyxl decodes _x005F_ and no other


MOMENT = dt.datetime.fromisoformat("2023-01-31T12:30:00")  # Excel knows no time zones
WORDS = [
    "收入",
    " 前后空格 ",
    "二十四、其他支出",
    "a_x000D_b",
    "tab\tin",
    "两\n行",
    "<&>\"'",
    "201",
    "=1+1",
    "\u3000全角",
    "é😀",
    "_x0041_",
]


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_xlsxwriter_books_read_as_openpyxl_reads_them(seed: int, in_memory: bool) -> None:
    draw = random.Random(seed)
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True} if in_memory else {"constant_memory": True})
    money, percent, day, bold = (
        made.add_format({"num_format": "#,##0.00"}), made.add_format({"num_format": "0.0%"}),
        made.add_format({"num_format": "yyyy-mm-dd"}), made.add_format({"bold": True}),
    )  # fmt: skip
    for index in range(3):
        sheet = made.add_worksheet(f"GK0{index} 表")
        for row in range(16):
            for column in draw.sample([*range(9), 30, 800], draw.randrange(1, 9)):
                match draw.randrange(9):
                    case 0:
                        sheet.write_number(
                            row, column, draw.choice([0, -5, 1e15 + 1, 0.1 + 0.2, 386.23, 1e-7]), money
                        )
                    case 1:
                        sheet.write_number(row, column, draw.random(), percent)
                    case 2:
                        sheet.write_datetime(row, column, MOMENT, day)
                    case 3:
                        sheet.write_boolean(row, column, draw.random() < 0.5)
                    case 4:
                        sheet.write_formula(
                            row, column, "=SUM(A1:B2)", money, draw.choice([0, 3.5, "text", "#N/A", True])
                        )
                    case 5:
                        sheet.write_blank(row, column, None, money)
                    case 6:
                        sheet.write_rich_string(row, column, "一般", bold, "公共", "预算 ")
                    case _:
                        sheet.write_string(row, column, draw.choice(WORDS), draw.choice([None, bold]))
        if in_memory:
            sheet.merge_range(30, 0, 31, 5, "注：合并", bold)
            sheet.merge_range(33, 2, 33, 3, 1.25, money)
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column(1, 2, 9, None, {"hidden": True})
    made.get_worksheet_by_name("GK01 表").hide()
    bars = made.add_chart({"type": "bar"})
    bars.add_series({"values": "='GK00 表'!$A$1:$A$5"})
    made.add_chartsheet("图").set_chart(bars)
    made.close()
    data = buffer.getvalue()
    same_as_openpyxl(data)
    assert ("SHEET_NOT_READ", "图 (chartsheet)") in read_book(data).notices
    assert ("HIDDEN_CONTENT", "GK01 表") in read_book(data).notices


@pytest.mark.parametrize("seed", range(2))
def test_openpyxl_books_read_as_openpyxl_reads_them(seed: int) -> None:
    draw = random.Random(seed)
    made = openpyxl.Workbook()
    made.active.title = "首页"
    for index in range(3):
        sheet = made.create_sheet(f"Z{index}")
        for _ in range(80):
            cell = sheet.cell(draw.randrange(1, 30), draw.choice([1, 2, 3, 4, 29, 703]))
            cell.value = draw.choice(
                [
                    *WORDS,
                    0,
                    5,
                    -1.5,
                    0.1 + 0.2,
                    True,
                    False,
                    MOMENT,
                    "=A1+1",
                    "#DIV/0!",
                    None,
                ]
            )
            if isinstance(cell.value, (int, float)):
                cell.number_format = draw.choice(["General", "0.00", "#,##0.000_ ", "0%"])
        sheet.merge_cells("F1:G2")
        sheet.merge_cells(start_row=40, start_column=1, end_row=40, end_column=9)
    made["Z1"].sheet_state = "veryHidden"
    buffer = io.BytesIO()
    made.save(buffer)
    same_as_openpyxl(buffer.getvalue())


# Plain rows and strings are read as texts, all others by expat; nobody may tell the difference


def by_expat_alone(data: bytes) -> bytes:
    """The same workbook with its sheets' data and strings spelt so that none of them counts as plain."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        made = {n: archive.read(n) for n in archive.namelist()}
    return packed(
        {
            n: part.replace(b"<sheetData>", b"<sheetData >").replace(b"<si>", b"<si >")
            for n, part in made.items()
        }
    )


def outcome(data: bytes) -> Book | str:
    try:
        return read_book(data)
    except Refused as refused:
        return refused.code


ATTRIBUTES = [
    's="1"',
    's="2"',
    't="s"',
    't="str"',
    't="b"',
    't="e"',
    't="inlineStr"',
    't="n"',
    'cm="1"',
    'x14ac:y="1"',
    "s='1'",
]
CONTENTS = [
    "<v>1</v>", "<v>0</v>", "<v/>", "<v></v>", "<v>9</v>", "<v>a&amp;b</v>", "<f>A1</f><v>1</v>", "<f>A1</f>", "<is><t>甲</t></is>",
    '<is><t xml:space="preserve"> 乙 </t></is>', "<is><r><t>丙</t></r></is>", "", "<v>1</v>\n", " <v>1</v>", "<v><![CDATA[1]]></v>",
    "<v>_x000D_</v>", "<v>]]&gt;</v>", "<v>1</v><!-- c -->", "<v>1</is>", "<v>1", "<x/>", "<v>1</v><v>2</v>", "<v>\x01</v>", "<v>]]></v>",
]  # fmt: skip
BETWEEN = ["", "", "", "", "\n", "<!-- </row><row r='1'><c r='A1'><v>1</v></c></row> -->", "<![CDATA[ <row> ]]>", "<?pi </row> ?>",
           '<row r="1"/>', "<row/>", "</row>", "x", "<![CDATA[<row r='9'><c r='A9'><v>9</v></c></row>]]>"]  # fmt: skip


@st.composite
def sheet_data(draw: st.DrawFn) -> str:
    rows = []
    number = 0
    for _ in range(draw(st.integers(1, 4))):
        number += draw(st.sampled_from([1, 1, 1, 2, 0]))
        columns = draw(st.lists(st.sampled_from([0, 1, 2, 3, 27, 701, 702]), max_size=4))
        if draw(st.booleans()):
            columns = sorted(set(columns))
        line = ""
        for column in columns:
            name = draw(
                st.sampled_from(
                    [f' r="{a1(max(number - 1, 0), column)}"'] * 8 + ["", ' r="A"', ' r="A99"', ' r="a1"']
                )
            )
            chosen = draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=2))
            content = draw(st.sampled_from(CONTENTS[:10] * 3 + CONTENTS))
            line += (
                f"<c{name}{''.join(' ' + a for a in chosen)}>{content}</c>"
                if content
                else f"<c{name}{''.join(' ' + a for a in chosen)}/>"
            )
        attributes = draw(
            st.sampled_from(
                [
                    "",
                    "",
                    ' ht="1"',
                    ' hidden="1"',
                    ' hidden="1" hidden="1"',
                    ' x14ac:d="1"',
                    ' zz:d="1"',
                    ' r="1"',
                    ' xmlns="urn:x"',
                ]
            )
        )
        rows.append(draw(st.sampled_from(BETWEEN)))
        rows.append(
            f'<row r="{number}"{attributes}>{line}</row>'
            if draw(st.integers(0, 9))
            else f"<row{attributes}>{line}</row>"
        )
    return "".join(rows) + draw(st.sampled_from(BETWEEN))


@given(sheet_data())
def test_plain_rows_read_as_expat_reads_them(data: str) -> None:
    made = packed(parts(data), method=zipfile.ZIP_STORED)
    plain, expat = outcome(made), outcome(by_expat_alone(made))
    assert plain == expat or (
        isinstance(plain, str) and isinstance(expat, str)
    )  # of two faults either may be met first


STRINGS = [
    "<t>甲</t>", "<t> 乙</t>", '<t xml:space="preserve"> 丙\n\t丁 </t>', "<t/>", "<t></t>", "<t>a&amp;b</t>", "<t>_x4E2D_</t>", "<t>]]></t>",
    "<r><t>1</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>2</t></r>", "<t>汉</t><rPh sb='0' eb='1'><t>han</t></rPh>", "",
    "<t><![CDATA[<t>]]></t>", "<t>\r\n</t>", "<t>戊", "<t>己</t><!-- c -->", "<t>\x01</t>", "<x:t xmlns:x='urn:x'>庚</x:t>", "<t>" + "长" * 40000 + "</t>",
]  # fmt: skip
APART = ["", "", "", "", "\n", "<!-- <si><t>9</t></si> -->", "<![CDATA[<si><t>9</t></si>]]>", "<?pi <si><t>9</t></si> ?>", "</si>", "<si/>", "x",
         "<z><si><t>9</t></si></z>", "</sst>"]  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(APART), st.sampled_from(STRINGS[:4] * 6 + STRINGS)), max_size=7),
    st.sampled_from(["sst", "sst", "x:sst"]),
    st.sampled_from(APART),
)
def test_plain_strings_read_as_expat_reads_them(items: list[tuple[str, str]], root: str, behind: str) -> None:
    space = "xmlns:x" if root == "x:sst" else "xmlns"
    body = "".join(f"{before}<si>{text}</si>" for before, text in items) + behind
    data = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, len(items) + 1)
    )
    made = packed(parts(data, strings=f'<{root} {space}="{MAIN}">{body}</{root}>'), method=zipfile.ZIP_STORED)
    assert outcome(made) == outcome(by_expat_alone(made))


@pytest.mark.parametrize("extra", ["", "<!-- c --><?pi?>\n<row />"])
def test_large_sheets_are_read_piece_by_piece(extra: str) -> None:
    """Over a megabyte, with rows of every sort, so that pieces end anywhere."""
    rows = []
    count = 0
    for i in range(1, 6001):
        third = f'<c r="C{i}"><f>A{i}*2</f><v>{i * 2}</v></c>' if i % 7 == 0 else f'<c r="C{i}" s="1"/>'
        text = "说明" * (i % 40) if i % 11 else "a&amp;b"
        count += 2 + (i % 7 == 0) + bool(text)
        rows.append(
            f'<row r="{i}" spans="1:4" x14ac:dyDescent="0.2"><c r="A{i}" t="s"><v>{i % 2}</v></c>'
            f'<c r="B{i}" s="1"><v>{i}.25</v></c>{third}<c r="D{i}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        )
        if i % 1000 == 1:
            rows.append(extra)
    strings = "".join(f"<si><t>{'长' * 90}{i}</t></si>" for i in range(6000))
    made = packed(parts("".join(rows), strings=f'<sst xmlns="{MAIN}">{strings}</sst>'), level=1)
    sheet = read_book(made).sheets[0]
    assert sheet == read_book(by_expat_alone(made)).sheets[0]
    assert len(sheet.cells) == count
    assert sheet.cells[5999, 1] == Cell("6000.25", "number", read_format("#,##0.00"), None)
    assert sheet.cells[0, 0].text == "长" * 90 + "1"


# Hostile archives


def test_archives_that_are_none() -> None:
    good = packed(parts())
    assert refusal(read_book, b"") == "FILE_EMPTY"
    assert refusal(read_book, good[:-30]) == "ZIP_TRUNCATED"
    assert refusal(read_book, good[:300]) == "ZIP_TRUNCATED"
    assert refusal(read_book, b"<html></html>" + good) == "CONTAINER_PREFIX"
    assert refusal(read_book, good + good) == "CONTAINER_PREFIX"
    assert refusal(read_book, b"%PDF-1.7 ...") == "NOT_A_ZIP"
    assert refusal(read_book, good, Limits(file_size=1000)) == "FILE_TOO_LARGE"
    assert refusal(read_book, packed({})) == "XLSX_PART_MISSING"


def test_a_path_reads_as_its_bytes(tmp_path: Any) -> None:
    good = packed(parts('<row r="1"><c r="A1"><v>1</v></c></row>'))
    (tmp_path / "表.xlsx").write_bytes(good)
    assert read_book(tmp_path / "表.xlsx") == read_book(str(tmp_path / "表.xlsx")) == read_book(good)
    assert refusal(read_book, tmp_path / "表.xlsx", Limits(file_size=10)) == "FILE_TOO_LARGE"
    with pytest.raises(FileNotFoundError):
        read_book(tmp_path / "none.xlsx")


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../x", "/x", "C:/x", "//host/x", "a\\b", "a\x07", "CON", "nul.txt", "a/COM1.csv", "lpt9 .x", "a.", "a ", "a/./b",
     "a.csv:stream", "a//b", "a?", 'a"', "a*", "a|b", "a\u202eb", "x" * 256, "conin$"],
)  # fmt: skip
def test_unsafe_names(name: str) -> None:
    # The name goes in as bytes: zipfile itself would change some of them.
    made = packed({"A" * len(name.encode()): b"x"}).replace(b"A" * len(name.encode()), name.encode())
    if not name.isascii():
        made = flagged(made, 0x0800)
    assert refusal(open_archive, made, DEFAULTS) == "ZIP_UNSAFE_NAME"


def flagged(made: bytes, flag: int) -> bytes:
    """The archive with a flag set in every header of both kinds."""
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for match in reversed(list(re.finditer(re.escape(signature), made))):
            at = match.start() + offset
            made = (
                made[:at]
                + struct.pack("<H", int.from_bytes(made[at : at + 2], "little") | flag)
                + made[at + 2 :]
            )
    return made


@pytest.mark.parametrize("names", [("a.csv", "A.csv"), ("é.csv", "e\u0301.csv"), ("a", "a/"), ("ß", "SS")])
def test_names_that_some_system_takes_for_one(names: tuple[str, str]) -> None:
    assert refusal(open_archive, packed(dict.fromkeys(names, b"")), DEFAULTS) == "ZIP_DUPLICATE_NAME"


def test_names_of_chinese_archivers() -> None:
    name = "2023年部门决算/收入.csv"
    raw = name.encode("gb18030")
    made = packed({"A" * len(raw): b"x"}).replace(b"A" * len(raw), raw)
    archive = open_archive(made, DEFAULTS)
    assert archive.names == (name,)
    assert archive.members[0].encoding == "gb18030"
    member = archive.find(name.upper())
    assert member is not None
    assert archive.read(member) == b"x"
    assert open_archive(packed({name: b"x"}), DEFAULTS).members[0].encoding == "utf-8"
    assert open_archive(packed({"a": b"x"}), DEFAULTS).members[0].encoding == "ascii"
    assert refusal(open_archive, made.replace(raw, b"\xff" * len(raw)), DEFAULTS) == "ZIP_UNSAFE_NAME"


def test_links_devices_and_passwords() -> None:
    for mode in (0o120777, 0o020666, 0o010666):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            link = zipfile.ZipInfo("link")
            link.external_attr = mode << 16
            archive.writestr(link, "/etc/passwd")
        assert refusal(open_archive, buffer.getvalue(), DEFAULTS) == "ZIP_SYMLINK"
    assert refusal(open_archive, flagged(packed({"a": b"x"}), 1), DEFAULTS) == "ZIP_ENCRYPTED"
    assert (
        refusal(open_archive, packed({"a": b"x" * 99}, method=zipfile.ZIP_LZMA), DEFAULTS)
        == "ZIP_METHOD_UNSUPPORTED"
    )


def test_bombs_are_refused_by_what_they_declare() -> None:
    bomb = packed({"a": bytes(2 << 20)}, level=9)
    assert refusal(open_archive, bomb, DEFAULTS) == "ZIP_BOMB"
    open_archive(bomb, Limits(zip_ratio=2000))
    noise = random.Random(1).randbytes(2 << 20)
    assert refusal(open_archive, packed({"a": noise}), Limits(zip_entry=1 << 20)) == "ZIP_BOMB"
    assert refusal(open_archive, packed({"a": noise, "b": noise}), Limits(zip_total=3 << 20)) == "ZIP_BOMB"
    many = packed({str(i): b"" for i in range(20)})
    assert refusal(open_archive, many, Limits(zip_entries=19)) == "ZIP_TOO_MANY_ENTRIES"


def overlapping(count: int, size: int) -> bytes:
    """One deflated member listed many times at one offset."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = data.compress(bytes(1 << 20)) + data.flush()
    crc = zlib.crc32(bytes(1 << 20))
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0x21, crc, len(stream), size, 4, 0)
        + b"0000"
        + stream
    )
    listed = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            20,
            20,
            0,
            8,
            0,
            0x21,
            crc,
            len(stream),
            size,
            4,
            0,
            0,
            0,
            0,
            0,
            0,
        )
        + f"{i:04}".encode()
        for i in range(count)
    )
    return (
        local
        + listed
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(listed), len(local), 0)
    )


def test_overlapping_entries_and_false_sizes() -> None:
    assert refusal(open_archive, overlapping(1000, 1 << 20), DEFAULTS) == "ZIP_OVERLAPPING_ENTRIES"
    assert refusal(open_archive, overlapping(1000, 10), DEFAULTS) == "ZIP_OVERLAPPING_ENTRIES"
    for size in (10, (1 << 20) - 1, (1 << 20) + 1):
        archive = open_archive(overlapping(1, size), Limits(zip_ratio=5000))
        assert refusal(archive.read, archive.members[0]) == "ZIP_CORRUPT"
        assert refusal(list, archive.pieces(archive.members[0])) == "ZIP_CORRUPT"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_members_come_in_pieces_and_are_checked(method: int) -> None:
    noise = random.Random(2).randbytes(1 << 20) + bytes(3 << 20) + b"end"
    made = packed({"a": noise}, method=method)
    archive = open_archive(made, DEFAULTS)
    pieces = list(archive.pieces(archive.members[0]))
    assert b"".join(pieces) == noise == archive.read(archive.members[0])
    assert max(map(len, pieces)) <= 1 << 18
    assert archive.head(archive.members[0], 9) == noise[:9]
    position = made.index(noise[:64]) + 5000 if method == zipfile.ZIP_STORED else 5000
    broken = open_archive(made[:position] + bytes([made[position] ^ 1]) + made[position + 1 :], DEFAULTS)
    assert refusal(list, broken.pieces(broken.members[0])) == "ZIP_CORRUPT"


def test_zip64_and_data_descriptors_are_understood() -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    stream = Unseekable()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a", "w", force_zip64=True) as member,
    ):
        member.write(b"hello" * 100)
    found = open_archive(bytes(stream.data), DEFAULTS)
    assert found.read(found.members[0]) == b"hello" * 100


def patched(made: bytes, at: int, layout: str, change: Callable[[int], int]) -> bytes:
    """The archive with one number in it changed."""
    (number,) = struct.unpack_from(layout, made, at)
    return made[:at] + struct.pack(layout, change(number)) + made[at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    ("code", "record", "offset", "layout", "change"),
    [
        ("ZIP_CORRUPT", b"PK\x05\x06", 4, "<H", lambda disk: disk + 1),
        ("ZIP_CORRUPT", b"PK\x05\x06", 8, "<H", lambda here: here + 1),
        ("ZIP_CORRUPT", b"PK\x05\x06", 8, "<I", lambda counts: counts + 0x10001),
        ("ZIP_CORRUPT", b"PK\x05\x06", 8, "<I", lambda counts: counts - 0x10001),
        ("ZIP_CORRUPT", b"PK\x05\x06", 16, "<I", lambda offset: offset + 1),
        ("CONTAINER_PREFIX", b"PK\x05\x06", 16, "<I", lambda offset: offset - 1),
        ("ZIP_TRUNCATED", b"PK\x05\x06", 20, "<H", lambda comment: comment + 1),
        ("ZIP_CORRUPT", b"PK\x01\x02", 0, "<I", lambda signature: signature + 1),
        ("ZIP_CORRUPT", b"PK\x01\x02", 28, "<H", lambda _name: 60_000),
        ("ZIP_CORRUPT", b"PK\x01\x02", 20, "<I", lambda compressed: compressed + 1),
        ("ZIP_CORRUPT", b"PK\x01\x02", 24, "<I", lambda _size: 0xFFFFFFFF),
        ("ZIP_OVERLAPPING_ENTRIES", b"PK\x01\x02", 42, "<I", lambda header: header + 1),
        ("ZIP_OVERLAPPING_ENTRIES", b"PK\x01\x02", 42, "<I", lambda _header: 0xFFFF),
        ("ZIP_CORRUPT", b"PK\x03\x04", 8, "<H", lambda _method: 8),
        ("ZIP_CORRUPT", b"PK\x03\x04", 30, "<B", lambda letter: letter + 1),
        ("ZIP_OVERLAPPING_ENTRIES", b"PK\x03\x04", 28, "<H", lambda _extra: 9),
    ],
)
def test_archives_that_contradict_themselves(
    code: str, record: bytes, offset: int, layout: str, change: Callable[[int], int]
) -> None:
    made = packed({"a": b"x" * 9, "b": b"y"}, method=zipfile.ZIP_STORED)
    at = made.index(record, 1 if record == b"PK\x05\x06" else 0) + offset
    assert refusal(open_archive, patched(made, at, layout, change), DEFAULTS) == code


@pytest.mark.parametrize("size", [9, 2 << 20])
def test_broken_compression_is_told_apart_from_a_bug(size: int) -> None:
    made = packed({"a": random.Random(4).randbytes(size)})
    archive = open_archive(made[:31] + b"\xff" * 4 + made[35:], DEFAULTS)  # block type 3 does not exist
    for read in (
        archive.read,
        lambda member: list(archive.pieces(member)),
        lambda member: archive.head(member, 5),
    ):
        assert refusal(read, archive.members[0]) == "ZIP_CORRUPT"


def test_directories_hold_nothing() -> None:
    made = packed({"d/": b""})
    assert open_archive(made, DEFAULTS).names == ()
    assert refusal(open_archive, packed({"d/": b"x"}), DEFAULTS) == "ZIP_CORRUPT"


def test_archives_of_zip64_are_read_by_their_own_records() -> None:
    made = packed({"a": b"x"}, method=zipfile.ZIP_STORED)
    end = made.index(b"PK\x05\x06")
    _, _, _, here, count, size, offset, _ = struct.unpack("<4sHHHHIIH", made[end:])
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, here, count, size, offset)
    full = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    for place, expected in ((end, None), (end + 1, "ZIP_CORRUPT"), (1 << 60, "ZIP_CORRUPT")):
        wide = made[:end] + record + struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1) + full
        if expected:
            assert refusal(open_archive, wide, DEFAULTS) == expected
        else:
            assert open_archive(wide, DEFAULTS).names == ("a",)

    # The sizes and the place of an entry in its extra field, behind one of another kind.
    central = made.index(b"PK\x01\x02")
    extra = struct.pack("<HHI", 0x9999, 4, 7) + struct.pack("<HHQQQ", 0x0001, 24, 1, 1, 0)
    entry = bytearray(made[central:end])
    struct.pack_into("<II", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    struct.pack_into("<I", entry, 42, 0xFFFFFFFF)
    closing = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + len(extra), central, 0)
    archive = open_archive(made[:central] + entry + extra + closing, DEFAULTS)
    assert archive.read(archive.members[0]) == b"x"


# Hostile workbooks


@pytest.mark.parametrize(
    "part",
    ["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml",
     "xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml"],
)  # fmt: skip
def test_a_document_type_in_any_part_is_refused(part: str) -> None:
    made = parts()
    content = str(made[part]).removeprefix(DECLARATION)
    for before in ("", DECLARATION, "\ufeff", "<!-- a --><?b c?>\n"):
        assert refusal(read_book, packed({**made, part: before + DOCTYPE + content})) == "XML_DTD_FORBIDDEN"
    if part in {"[Content_Types].xml", "docProps/core.xml"}:
        assert (
            refusal(read_book, packed({**made, part: (DOCTYPE + content).encode("utf-16")}))
            == "XML_DTD_FORBIDDEN"
        )
        read_book(packed({**made, part: content.encode("utf-16")}))


def test_encodings_other_than_utf_8_are_refused() -> None:
    sheet = worksheet("")
    assert refusal(book, sheet=sheet.encode("utf-16")) == "XML_ENCODING"
    assert refusal(book, sheet=sheet.encode("utf-16-le")) == "XML_ENCODING"
    assert refusal(book, sheet=sheet.replace("UTF-8", "GBK")) == "XML_ENCODING"
    assert refusal(book, sheet=worksheet("收入").encode("gb18030")) == "XML_MALFORMED"
    plain = worksheet('<row r="1"><c r="A1" t="inlineStr"><is><t>收入</t></is></c></row>')
    assert refusal(book, sheet=plain.encode("gb18030")) == "XML_MALFORMED"
    assert book(sheet="\ufeff" + sheet).sheets[0].cells == {}


ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="AAAAAAA1"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="0"><c r="A0"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="XFE1"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1048577"><c r="A1048577"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="-1"><c r="A1"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A2"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A"><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r=""><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="XFD1"/><c><v>1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
        (
            "XLSX_BAD_REFERENCE",
            '<row r="1"><c r="C1"><v>1</v></c><c r="A1"><v>2</v></c><c r="C1"><v>3</v></c></row>',
        ),
        ("XLSX_BAD_REFERENCE", ONE + ONE),
        ("XLSX_BAD_REFERENCE", ONE + '<row r="9"/>' + ONE),
        (
            "XLSX_BAD_REFERENCE",
            '<row r="5"><c r="A5"><v>1</v></c></row>' + ONE + '<row r="5"><c r="A5"><v>3</v></c></row>',
        ),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A1" t="s"><v>2</v></c></row>'),
        ("XLSX_BAD_REFERENCE", '<row r="1"><c r="A1" t="s"><v>x</v></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1" t="q"><v>1</v></c></row>'),
        ("XLSX_WRONG_MARKUP", '<c r="A1"><v>1</v></c>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1"><c r="A1"><v>1</v></c></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1"><v>1<v>2</v></v></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1"><v>1</v><v/></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1" t="str"><v>1</v><is><t>2</t></is></c></row>'),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1" t="inlineStr"><is><t>2</t></is><v>1</v></c></row>'),
        ("XLSX_SPARSE_AREA", ONE + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        ("CELL_TOO_LONG", f'<row r="1"><c r="A1"><v>{"1" * 32768}</v></c></row>'),
        ("CELL_TOO_LONG", f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"长" * 32768}</t></is></c></row>'),
        ("CELL_TOO_LONG", f'<row r="1"><c r="A1"><f>{"1+" * 20000}</f><v>1</v></c></row>'),
        ("XML_MALFORMED", "<row>"),
        ("XML_MALFORMED", "<row r='1' r='1'/>"),
        ("XML_MALFORMED", '<row r="1"><c r="A1" s="1" s="1"><v>1</v></c></row>'),
        ("XML_MALFORMED", "&b;"),
        ("XML_MALFORMED", '<row r="1"><c r="A1"><v>\x01</v></c></row>'),
    ],
)
def test_faulty_sheets_are_refused(code: str, data: str) -> None:
    assert refusal(book, data) == code


@pytest.mark.parametrize(
    ("code", "merges"),
    [
        ("XLSX_MERGE_AREA", '<mergeCell ref="A1:XFD100000"/>'),
        ("XLSX_MERGE_AREA", "".join(f'<mergeCell ref="A{i}:B{i}"/>' for i in range(1, 20_002))),
        ("XLSX_BAD_REFERENCE", '<mergeCell ref="A1:XFE1"/>'),
        ("XLSX_BAD_REFERENCE", "<mergeCell/>"),
        ("XLSX_BAD_REFERENCE", '<mergeCell ref="A1:B2:C3"/>'),
    ],
)
def test_faulty_merged_ranges_are_refused(code: str, merges: str) -> None:
    assert refusal(book, ONE, after=f"<mergeCells>{merges}</mergeCells>") == code


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("XLSX_PART_MISSING", {"_rels/.rels": None}),
        ("XLSX_PART_MISSING", {"workbook": None}),
        ("XLSX_PART_MISSING", {"workbook_rels": None}),
        ("XLSX_PART_MISSING", {"sheet": None}),
        ("XLSX_PART_MISSING", {"strings": None}),
        ("XLSX_PART_MISSING", {"workbook_rels": relations(("worksheet", "http://x/sheet.xml", 'TargetMode="External"'))}),
        ("XLSX_PART_MISSING", {"workbook_rels": relations(("worksheet", "../../../sheet.xml"))}),
        ("XLSX_WRONG_PART", {"workbook": '<document xmlns="urn:word"/>'}),
        ("XLSX_WRONG_PART", {"sheet": '<worksheet xmlns="urn:x"><sheetData/></worksheet>'}),
        ("XLSX_WRONG_PART", {"sheet": "<worksheet><sheetData/></worksheet>"}),
        ("XLSX_WRONG_PART", {"strings": f'<styleSheet xmlns="{MAIN}"/>'}),
        ("XLSB_WORKBOOK", {"_rels/.rels": relations(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": b"\x83\x01"}),
        ("XML_MALFORMED", {"styles": f'<styleSheet xmlns="{MAIN}">'}),
        ("XML_MALFORMED", {"strings": b""}),
        ("CELL_TOO_LONG", {"strings": f'<sst xmlns="{MAIN}"><si><t>{"x" * 32768}</t></si></sst>'}),
        ("XLSX_BAD_REFERENCE", {"workbook": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets><sheet name="a" r:id="rId1"/>'
                                            '<sheet name="b" r:id="rId1"/></sheets></workbook>'}),
        ("XLSX_BAD_REFERENCE", {"workbook": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets><sheet name="a" r:id="rId1"/>'
                                            '<sheet name="A" r:id="rId2"/></sheets></workbook>'}),
        ("XLSX_BAD_REFERENCE", {"workbook_rels": relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"))
                                                 .replace("rId2", "rId1")}),
        ("XLSX_BAD_REFERENCE", {"workbook_rels": relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "a"), ("styles", "b"))}),
        ("XLSX_TOO_MANY_SHEETS", {"workbook": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>'
                                              + '<sheet name="a" r:id="rId1"/>' * 257 + "</sheets></workbook>"}),
        ("XML_TOO_COMPLEX", {"styles": f'<styleSheet xmlns="{MAIN}">' + "<a>" * 200 + "</a>" * 200 + "</styleSheet>"}),
    ],
)  # fmt: skip
def test_faulty_workbooks_are_refused(code: str, changed: dict[str, str | bytes | None]) -> None:
    assert refusal(book, ONE, **changed) == code


def test_limits_of_a_workbook() -> None:
    rows = "".join(
        f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="B{i}" t="s"><v>0</v></c><c r="C{i}" s="1"/></row>'
        for i in range(1, 101)
    )
    book(rows, limits=Limits(cells=200, used_area=200, workbook_text=300))
    assert refusal(book, rows, limits=Limits(cells=199)) == "XLSX_TOO_MANY_CELLS"
    assert refusal(book, rows, limits=Limits(used_area=199)) == "XLSX_SPARSE_AREA"
    assert refusal(book, rows, limits=Limits(workbook_text=299)) == "XLSX_TEXT_TOO_LARGE"
    assert refusal(book, rows, limits=Limits(styles=3)) == "XLSX_TOO_MANY_STYLES"
    blanks = '<row r="1">' + '<c r="A1"/>' * 100 + "</row>"
    assert refusal(book, blanks, limits=Limits(used_area=99)) == "XLSX_SPARSE_AREA"


def test_limits_hold_for_all_sheets_together() -> None:
    sheet = worksheet(ONE, after='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>')
    more = {
        "workbook": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets><sheet name="a" r:id="rId1"/><sheet name="b" r:id="rId2"/></sheets></workbook>',
        "workbook_rels": relations(("worksheet", "worksheets/sheet1.xml"), ("worksheet", "b.xml")),
        "sheet": sheet,
        "xl/b.xml": sheet,
    }
    book(**more, limits=Limits(cells=2, used_area=2, workbook_text=2, merges=2, merged_area=4))
    for name, value in {
        "cells": 1,
        "used_area": 1,
        "workbook_text": 1,
        "merges": 1,
        "merged_area": 3,
    }.items():
        assert refusal(book, **more, limits=Limits(**{name: value})).startswith("XLSX_")


def padded(markup: str) -> bytes:
    """A part that is large enough to come in pieces and compresses too badly to be a bomb."""
    return markup.encode() + b"<!-- " + random.Random(3).randbytes(1 << 19).hex().encode() + b" -->"


@pytest.mark.parametrize(
    ("code", "hostile"),
    [
        ("XML_TOO_COMPLEX", "<!-- " + "x > " * 700_000),
        ("XML_TOO_COMPLEX", '<row r="1" a="' + "> " * 1_400_000),
        ("XML_TOO_COMPLEX", "<q>" * 200_000),
        ("XML_TOO_COMPLEX", "".join(f"<q{i}/>" for i in range(60_000))),
        ("XML_TOO_COMPLEX", '<row r="1">' + "".join(f'<c r="A1" a{i}="" />' for i in range(30_000))),
        ("CELL_TOO_LONG", '<row r="1"><c r="A1"><v>' + "1\n" * 700_000),
        ("CELL_TOO_LONG", '<row r="1"><c r="A1"><is>' + "<r/>" * 400_000),
        ("XLSX_BAD_REFERENCE", '<row r="1">' + "<c s='1'/>" * 200_000),
        ("XLSX_WRONG_MARKUP", '<row r="1"><c r="A1">' + "<c>" * 300_000),
        ("XLSX_SPARSE_AREA", ('<row r="1">' + '<c r="A1"/>' * 1000 + "</row>") * 100),
    ],
)
def test_markup_made_to_cost_memory_or_time_is_refused_while_it_is_read(code: str, hostile: str) -> None:
    sheet = padded(f'<worksheet xmlns="{MAIN}">') + b"<sheetData>" + hostile.encode()
    made = packed(parts(sheet=sheet), level=1)
    assert refusal(read_book, made, Limits(zip_ratio=100_000, used_area=50_000)) == code


def test_a_shared_string_without_end_is_refused_while_it_is_read() -> None:
    for hostile in ("<si><t>" + "1\n" * 700_000, "<si>" + "<t/>" * 400_000, "<si>" * 400_000):
        strings = padded(f'<sst xmlns="{MAIN}">') + hostile.encode()
        made = packed(parts(strings=strings), level=1)
        assert refusal(read_book, made, Limits(zip_ratio=100_000)) in {
            "CELL_TOO_LONG",
            "XML_TOO_COMPLEX",
        }


# Nothing but a book or a refusal


SEEDS = [
    packed(parts(
        '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" s="1"><v>1.5</v></c></row><row r="2"><c r="A2"><f t="shared" si="0" ref="A2:A3">B1</f><v>1</v></c></row>'
        '<row r="3" hidden="1"><c r="A3"><f t="shared" si="0"/></c><c><is><r><t>甲_x000D_</t></r></is></c></row>',
        after='<mergeCells><mergeCell ref="A1:B1"/></mergeCells>', sheet_rels=relations(("drawing", "../d.xml")),
    ), method=method)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
]  # fmt: skip


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_changed_bytes_give_a_book_or_a_refusal(
    seed: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(seed)
    for position, byte in changes:
        data[position % len(data)] = byte
    outcome(bytes(data[: len(data) - cut * 37]))


@given(st.data())
def test_changed_parts_give_a_book_or_a_refusal(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(SEEDS[0])) as archive:
        files = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(files)))
    tokens = [
        b"<",
        b">",
        b"/",
        b'"',
        b"&",
        b"\0",
        b"<v>",
        b"</row>",
        b"<row>",
        b"r=",
        b"9999999999",
        b"-1",
        b"",
        b"<!--",
        b"xmlns=",
        b"\xff",
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(files[name])))
        length = data.draw(st.integers(0, 12))
        files[name][position : position + length] = data.draw(st.sampled_from(tokens))
    outcome(packed({n: bytes(part) for n, part in files.items()}, method=zipfile.ZIP_STORED))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_refusal(data: bytes) -> None:
    assert isinstance(outcome(data), str)
    assert isinstance(outcome(b"PK\x03\x04" + data), str)


@given(st.text(alphabet='0#?,.;%"\\!_*[]$-<>=10hmsydEe+/@元万General ', max_size=30))
def test_any_format_code_can_be_read(code: str) -> None:
    read_format(code)


# Limits


def test_limits_are_listed_with_their_meaning() -> None:
    chinese, english = listing(DEFAULTS), listing(SERVER, "en")
    assert [limit.name for limit in chinese] == [limit.name for limit in english]
    assert all(limit.meaning and limit.code.isupper() and limit.value > 0 for limit in (*chinese, *english))
    assert len({limit.name for limit in chinese}) == len(chinese)
    assert all(ours.value >= theirs.value for ours, theirs in zip(chinese, english, strict=True))
    assert any("一" <= character <= "鿿" for character in chinese[0].meaning)


def test_limits_are_positive_integers() -> None:
    for value in (0, -1, 1.5, True, "9"):
        with pytest.raises(ValueError, match="positive integer"):
            Limits(cells=value)
    with pytest.raises(AttributeError):
        DEFAULTS.cells = 1


def test_sheets_are_values() -> None:
    first, second = (book(ONE) for _ in range(2))
    assert first == second
    assert isinstance(first.sheets[0], Sheet)
    assert list(itertools.chain.from_iterable(s.cells for s in first.sheets)) == [(0, 0)]
