"""An XML spreadsheet of Excel 2003 yields every cell as it is stored, or is refused with the code that names what is wrong."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk import formats
from fatk.errors import Refused
from fatk.grid import MAX_COLUMNS, MAX_ROWS, Book, Cell, Sheet, a1
from fatk.limits import DEFAULTS, Limits
from fatk.officexml import read_book

SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
NAMES = f' xmlns="{SPACE}" xmlns:ss="{SPACE}" xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:html="http://www.w3.org/TR/REC-html40"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'


def cell(text: str, kind: str = "String", attributes: str = "") -> str:
    return f'<Cell {attributes}><Data ss:Type="{kind}">{text}</Data></Cell>'


def row(*cells: str, attributes: str = "") -> str:
    return f"<Row {attributes}>{''.join(cells)}</Row>"


def workbook(
    table: str = "",
    styles: str = "",
    options: str = "",
    after: str = "",
    name: str = "表",
    attributes: str = "",
) -> bytes:
    return (
        f"{DECLARATION}<Workbook{NAMES}>{styles}"
        f'<Worksheet ss:Name="{name}"><Table {attributes}>{table}</Table>{options}</Worksheet>{after}</Workbook>'
    ).encode()


def read(data: bytes, limits: Limits = DEFAULTS) -> Book:
    return read_book(data, limits, "表.xls")


def sheet(table: str, **more: str) -> Sheet:
    return read(workbook(table, **more)).sheets[0]


def texts(table: str, **more: str) -> dict[str, str]:
    return {a1(*at): found.text for at, found in sheet(table, **more).cells.items()}


def refusal(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        read(data, limits)
    return caught.value.code


def test_a_value_is_the_text_stored() -> None:
    found = sheet(
        row(
            cell("386.2299999999999999999", "Number"),
            cell(" 0201 "),
            cell("1", "Boolean"),
            cell("#DIV/0!", "Error", 'ss:Formula="=1/0"'),
            cell("2022-01-02T00:00:00.000", "DateTime"),
            cell("2022-01-02T08:30:00.000", "DateTime"),
            cell("5", "Number", 'ss:Formula="=SUM(R[1]C:R[2]C)"'),
            '<Cell ss:Formula="=RC[-1]"/>',
            cell("", "String", 'ss:Formula="=&quot;&quot;"'),
            cell("一&#10;般<html:B>公<html:Font>共</html:Font></html:B>"),
            "<Cell/>",
            cell(""),
            "<Cell><Data>of no type</Data></Cell>",
        )
    )
    assert list(found.cells.values()) == [
        Cell("386.2299999999999999999", "number"),
        Cell(" 0201 ", "text"),
        Cell("1", "boolean"),
        Cell("#DIV/0!", "error", formula="1/0"),
        Cell("2022-01-02", "text"),
        Cell("2022-01-02T08:30:00.000", "text"),
        Cell("5", "number", formula="SUM(R[1]C:R[2]C)"),
        Cell("", "formula_without_value", formula="RC[-1]"),
        Cell("", "text", formula='""'),
        Cell("一\n般公共", "text"),
        Cell("of no type", "text"),
    ]
    assert list(found.cells)[-2:] == [(0, 9), (0, 12)]


RICH = '<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">{}</ss:Data></Cell>'


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("12.5<Sup>2</Sup>", "12.5²"),
        ("12.5<B><Sub>2</Sub></B>", "12.5²"),
        ("<S>9<B>8</B></S>7", "9\u03368\u03367"),
        ("<B>12</B>.<Font>5</Font>", "12.5"),
        ("<S>" * 60 + "9" + "</S>" * 60, "9\u0336"),
    ],
)
def test_raised_and_struck_out_text_is_no_part_of_a_figure(markup: str, text: str) -> None:
    assert texts(row(RICH.format(markup))) == {"A1": text}


def test_a_cell_with_two_values_is_refused_and_text_beside_its_value_is_told() -> None:
    two = '<Data ss:Type="Number">9</Data><Data ss:Type="Number">5</Data>'
    assert refusal(workbook(row(f"<Cell>{two}</Cell>"))) == "XLSX_WRONG_MARKUP"
    book = read(
        workbook(
            row("<Cell>386.23</Cell>", cell("5", "Number"), '<Cell>7<Data ss:Type="Number">8</Data></Cell>')
        )
    )
    assert book.notices == (("CELL_NOT_READ", "表!A1"), ("CELL_NOT_READ", "表!C1"))
    assert [c.text for c in book.sheets[0].cells.values()] == ["5", "8"]


def test_a_formula_whose_number_is_missing_has_no_value() -> None:
    found = sheet(row(cell("", "Number", 'ss:Formula="=RC[1]"'), cell("5", "Number")))
    assert found.cells[0, 0].kind == "formula_without_value"


def test_cells_stand_where_their_index_says_and_else_behind_the_one_before() -> None:
    assert texts(
        row(cell("a"), cell("d", attributes='ss:Index="4"'), cell("e"))
        + row(cell("r5"), attributes='ss:Index="5"')
        + row(attributes='ss:Span="2"')
        + row(cell("r9", attributes='ss:MergeAcross="1"'), cell("c"))
    ) == {"A1": "a", "D1": "d", "E1": "e", "A5": "r5", "A9": "r9", "C9": "c"}
    assert texts(row(cell("a")), attributes='ss:LeftCell="3" ss:TopCell="2"') == {"C2": "a"}


def test_what_a_merged_range_covers_from_above_is_no_cell() -> None:
    found = sheet(
        row(cell("合", attributes='ss:MergeAcross="1" ss:MergeDown="2"'), cell("c"))
        + row(cell("c2"))
        + row(cell("c3", attributes='ss:Index="3"'))
        + row(cell("a4"))
    )
    assert {a1(*at): c.text for at, c in found.cells.items()} == {
        "A1": "合", "C1": "c", "C2": "c2", "C3": "c3", "A4": "a4",
    }  # fmt: skip
    assert found.merges == ((0, 0, 2, 1),)


def test_number_formats_come_from_cell_row_column_table_and_parent() -> None:
    def style(name: str, shown: str = "", parent: str = "") -> str:
        inherits = f'ss:Parent="{parent}"' if parent else ""
        stated = f'<NumberFormat ss:Format="{shown}"/>' if shown else ""
        return f'<Style ss:ID="{name}" {inherits}>{stated}<Font/></Style>'

    styles = (
        "<Styles>" + style("Default", "0.0") + style("two", "Fixed") + style("money", "Standard") + style("child", parent="money")
        + style("loop", parent="loop") + style("percent", "Percent") + style("date", "Short Date") + style("code", "0.000_ ")
        + "<Style ss:ID='general'><NumberFormat/></Style></Styles>"
    )  # fmt: skip
    found = sheet(
        '<Column ss:StyleID="code"/><Column ss:Index="3" ss:Span="1" ss:StyleID="two"/>'
        + row(*(cell("1", "Number") for _ in range(5)))
        + row(
            *(cell("1", "Number", f'ss:StyleID="{name}"') for name in ("child", "loop", "percent", "date", "general", "none")),
            attributes='ss:StyleID="money"',
        )
        + row(cell("1", "Number"), attributes='ss:StyleID="money"'),
        styles=styles,
        attributes='ss:StyleID="percent"',
    ).cells  # fmt: skip
    assert [found[0, c].format.code for c in range(5)] == ["0.000_ ", "0.00%", "0.00", "0.00", "0.00%"]
    assert [found[1, c].format.code for c in range(6)] == [
        "#,##0.00", "General", "0.00%", "yyyy-mm-dd", "General", "General",
    ]  # fmt: skip
    assert found[2, 0].decimals == 2
    plain = sheet(row(cell("1", "Number")), styles=styles)
    assert plain.cells[0, 0].format.code == "0.0"


def test_hidden_rows_columns_and_sheets_comments_and_links_are_told() -> None:
    options = (
        '<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Print><x:Visible>no</x:Visible></Print>'
        "<Visible>SheetHidden</Visible></WorksheetOptions>"
    )
    book = read(
        workbook(
            '<Column ss:Index="2" ss:Span="1" ss:Hidden="1"/>'
            + row(cell("a"), cell("b"))
            + row(
                '<Cell><Data ss:Type="String">c</Data><Comment><ss:Data>批注</ss:Data></Comment></Cell>',
                cell("5", "Number", "ss:Formula=\"='[表.xls]Sheet1'!R1C1\""),
                attributes='ss:Hidden="1"',
            ),
            styles="<x:ExcelWorkbook><x:SupBook><x:Path>http://127.0.0.1/</x:Path></x:SupBook></x:ExcelWorkbook>",
            options=options,
        )
    )
    (found,) = book.sheets
    assert {a1(*at): c.text for at, c in found.cells.items()} == {"A1": "a", "B1": "b", "A2": "c", "B2": "5"}
    assert (found.hidden, found.hidden_rows, found.hidden_columns) == (True, {1}, {1})
    assert set(book.notices) == {
        ("HIDDEN_CONTENT", "表"),
        ("HIDDEN_CONTENT", "表!2:2"),
        ("HIDDEN_CONTENT", "表!B:B"),
        ("COMMENT_PRESENT", "表"),
        ("EXTERNAL_LINK", "表.xls"),
    }


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "utf-8"), ("utf-16", "UTF-16"), ("gb18030", "GB2312")],
)
def test_a_document_is_known_by_its_content_and_read_in_its_encoding(encoding: str, declared: str) -> None:
    data = workbook(row(cell("收入决算表"))).decode().replace("UTF-8", declared).encode(encoding)
    assert formats.sniffing.sniff(data, DEFAULTS) == ("xml-2003", None)
    assert [c.text for c in read(data).sheets[0].cells.values()] == ["收入决算表"]


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
FAR = row(cell("1", "Number", 'ss:Index="16384"'), attributes='ss:Index="1048576"')


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook().replace(b"<Workbook", DOCTYPE.encode() + b"<Workbook"), "XML_DTD_FORBIDDEN"),
        (workbook().replace(b"<Workbook", b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><Workbook'), "XML_DTD_FORBIDDEN"),
        (workbook(row(cell("&a;"))), "XML_MALFORMED"),
        (workbook(row(cell("a")))[:-20], "XML_MALFORMED"),
        (workbook(row(cell("收")))[:-4].replace("收".encode(), b"\xca\xd5"), "XML_MALFORMED"),
        (workbook().decode().replace("UTF-8", "Big5").encode(), "XML_ENCODING"),
        (f"<Workbook xmlns='{SPACE}x'/>".encode(), "XLSX_WRONG_PART"),
        (workbook(row(cell("1", "Currency"))), "XLSX_WRONG_MARKUP"),
        (workbook(FAR), "XLSX_SPARSE_AREA"),
        (workbook(row(cell("1", "Number", 'ss:Index="16385"'))), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("1", "Number", 'ss:Index="0"'))), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("1"), attributes='ss:Index="99999999999"')), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("1"), attributes='ss:Index="2"') + row(cell("2"), attributes='ss:Index="2"')), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("1", attributes='ss:Index="2"'), cell("2", attributes='ss:Index="2"'))), "XLSX_BAD_REFERENCE"),
        (workbook('<Column ss:Index="2"/><Column ss:Index="2"/>'), "XLSX_BAD_REFERENCE"),
        (workbook('<Column ss:Span="99999"/>'), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("a", attributes='ss:MergeAcross="16000" ss:MergeDown="1000000"'))), "XLSX_MERGE_AREA"),
        (workbook(row(cell("a", attributes='ss:MergeAcross="16384"'))), "XLSX_BAD_REFERENCE"),
        (workbook(row(cell("x" * 32768))), "CELL_TOO_LONG"),
        (workbook(row(cell("x" * 2_000_000))), "CELL_TOO_LONG"),
        (workbook(row(cell("<html:B>" * 30_000 + "</html:B>" * 30_000))), "XML_TOO_COMPLEX"),
        (workbook("<x:a>" * 60_000 + "</x:a>" * 60_000), "XML_TOO_COMPLEX"),
        (workbook(after='<Worksheet ss:Name="表"/>'), "XLSX_BAD_REFERENCE"),
    ],
)  # fmt: skip
def test_what_cannot_or_must_not_be_read_is_refused(data: bytes, code: str) -> None:
    assert refusal(data) == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(cells=3), "XLSX_TOO_MANY_CELLS"),
        (Limits(used_area=3), "XLSX_SPARSE_AREA"),
        (Limits(workbook_text=3), "XLSX_TEXT_TOO_LARGE"),
        (Limits(cell_text=1), "CELL_TOO_LONG"),
        (Limits(merges=1), "XLSX_MERGE_AREA"),
        (Limits(sheets=1), "XLSX_TOO_MANY_SHEETS"),
        (Limits(styles=1), "XLSX_TOO_MANY_STYLES"),
        (Limits(xml_elements=12), "XML_TOO_COMPLEX"),
    ],
)
def test_each_limit_holds_for_the_whole_document(limits: Limits, code: str) -> None:
    rows = row(cell("ab", attributes='ss:MergeAcross="1"'), cell("cd"))
    styles = "<Styles><Style ss:ID='a'/><Style ss:ID='b'/></Styles>"
    data = workbook(rows, styles, after=f'<Worksheet ss:Name="二"><Table>{rows}</Table></Worksheet>')
    assert len(read(data).sheets) == 2
    assert refusal(data, limits) == code


def test_a_sheet_may_reach_to_its_edges() -> None:
    assert list(sheet(row(cell("a", attributes=f'ss:Index="{MAX_COLUMNS}"'))).cells) == [(0, MAX_COLUMNS - 1)]
    assert list(sheet(row(cell("a"), attributes=f'ss:Index="{MAX_ROWS}"')).cells) == [(MAX_ROWS - 1, 0)]


@given(st.binary(max_size=300), st.integers(0, 600))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    whole = workbook(row(cell("a"), cell("1", "Number")))
    for data in (noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        with contextlib.suppress(Refused):
            read(data)


PIECES = (
    "<Row>", "</Row>", "<Cell>", "</Cell>", "<Data>", "</Data>", "<Row ss:Index='3' ss:Span='-1'>", "<Cell ss:Index='x'/>", "一",
    "<Cell ss:MergeDown='2' ss:MergeAcross='1'><Data ss:Type='Number'>1</Data></Cell>", "<Worksheet>", "</Worksheet>", "<Table>",
    "</Table>", "<Styles>", "</Styles>", "<Style>", "</Style>", "<NumberFormat ss:Format=';;;'/>", "<Comment>", "</Comment>",
    "<x:WorksheetOptions>", "</x:WorksheetOptions>", "<x:Visible>", "</x:Visible>", "<Column ss:Index='2'/>",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_structure_is_read_or_refused(pieces: list[str]) -> None:
    inside = "".join(pieces)
    for data in (workbook(inside), workbook("", inside), workbook("", f"<Styles>{inside}</Styles>")):
        with contextlib.suppress(Refused):
            read(data)
