"""An OpenDocument spreadsheet yields every cell as it is stored, or is refused with the code that names what is wrong."""

import contextlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from fatk import formats, ooxml, opendocument
from fatk.archive import open_archive
from fatk.errors import Refused
from fatk.grid import MAX_COLUMNS, MAX_ROWS, Book, Cell, Sheet, a1
from fatk.limits import DEFAULTS, Limits

NAMES = "".join(
    f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office", "table": "table", "text": "text", "style": "style", "number": "datastyle", "draw": "drawing",
        "script": "script", "manifest": "manifest",
    }.items()
) + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'  # fmt: skip
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
FLOAT = 'office:value-type="float" office:value="{}"'


def cell(text: str, attributes: str = 'office:value-type="string"') -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def number(value: str, attributes: str = "") -> str:
    return cell("shown", f"{FLOAT.format(value)} {attributes}")


def body(rows: str, attributes: str = 'table:name="表"', after: str = "", before: str = "") -> str:
    return (
        f"<office:body><office:spreadsheet>{before}<table:table {attributes}>{rows}</table:table>{after}"
        "</office:spreadsheet></office:body>"
    )


def flat(rows: str = "", styles: str = "", **more: str) -> bytes:
    """A flat document of one sheet."""
    return f"{DECLARATION}<office:document{NAMES}>{styles}{body(rows, **more)}</office:document>".encode()


def packed(rows: str = "", styles: str = "", common: str = "", **more: str | bytes) -> bytes:
    """A document in a zip of one sheet; a keyword replaces or adds a part, its dots written as two underscores."""
    parts: dict[str, str | bytes] = {
        "mimetype": MIMETYPE,
        "content.xml": f"{DECLARATION}<office:document-content{NAMES}>{styles}{body(rows)}</office:document-content>",
        "styles.xml": f"{DECLARATION}<office:document-styles{NAMES}>{common}</office:document-styles>",
        "META-INF/manifest.xml": f"{DECLARATION}<manifest:manifest{NAMES}/>",
    }
    parts.update({name.replace("__", ".").replace("_SLASH_", "/"): data for name, data in more.items()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def read(data: bytes, limits: Limits = DEFAULTS) -> Book:
    zipped = data.startswith(b"PK")
    return opendocument.read_book(data, open_archive(data, limits) if zipped else None, limits, "表.ods")


def sheet(rows: str, **more: str) -> Sheet:
    return read(flat(rows, **more)).sheets[0]


def cells(rows: str, **more: str) -> dict[str, Cell]:
    return {a1(*place): found for place, found in sheet(rows, **more).cells.items()}


def texts(rows: str, **more: str) -> dict[str, str]:
    return {name: found.text for name, found in cells(rows, **more).items()}


def refusal(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        read(data, limits)
    return caught.value.code


# Values


@pytest.mark.parametrize(
    ("markup", "text", "kind"),
    [
        (number("386.2299999999999999999"), "386.2299999999999999999", "number"),
        (number("1E-7"), "1E-7", "number"),
        (number("NaN"), "NaN", "number"),
        (cell("12.00%", 'office:value-type="percentage" office:value="0.12"'), "0.12", "number"),
        (cell("¥5", 'office:value-type="currency" office:currency="CNY" office:value="5"'), "5", "number"),
        (cell("是", 'office:value-type="boolean" office:boolean-value="true"'), "1", "boolean"),
        (cell("否", 'office:value-type="boolean" office:boolean-value="false"'), "0", "boolean"),
        (cell("22/1/2", 'office:value-type="date" office:date-value="2022-01-02"'), "2022-01-02", "text"),
        (cell("x", 'office:value-type="date" office:date-value="2022-01-02T00:00:00"'), "2022-01-02", "text"),
        (cell("x", 'office:value-type="date" office:date-value="2022-01-02T08:30:00"'), "2022-01-02T08:30:00", "text"),
        (cell("x", 'office:value-type="time" office:time-value="PT08H30M00S"'), "PT08H30M00S", "text"),
        (cell("0201"), "0201", "text"),
        (cell("shown", 'office:value-type="string" office:string-value="stored"'), "stored", "text"),
        (cell("of no type", ""), "of no type", "text"),
        (cell("of an unknown type", 'office:value-type="void"'), "of an unknown type", "text"),
        (cell("5.00", 'office:value-type="float"'), "5.00", "text"),
    ],
)  # fmt: skip
def test_a_value_is_the_text_stored(markup: str, text: str, kind: str) -> None:
    (found,) = cells(row(markup)).values()
    assert (found.text, found.kind, found.formula) == (text, kind, None)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<text:s/>b", "a b"),
        ("a <text:s text:c='3'/>b", "a    b"),
        ("<text:s text:c='2'/>a", "  a"),
        ("  a \n\t b  ", "a b"),
        ("a<text:tab/>b<text:line-break/>c", "a\tb\nc"),
        ("a</text:p><text:p>b", "a\nb"),
        ("a</text:p><text:p/><text:p>b", "a\n\nb"),
        (
            "<text:span>一<text:span>般</text:span></text:span><text:a xlink:href='http://127.0.0.1/'>公共</text:a>",
            "一般公共",
        ),
        ("a<text:note><text:note-body><text:p>not this</text:p></text:note-body></text:note>b", "ab"),
        (
            "<text:ruby><text:ruby-base>支</text:ruby-base><text:ruby-text>zhi</text:ruby-text></text:ruby>",
            "支",
        ),
        ("&lt;&amp;&#20803;", "<&元"),
    ],
)
def test_blanks_of_a_text_follow_the_standard(markup: str, text: str) -> None:
    assert texts(row(cell(markup))) == {"A1": text}


def test_formulas_keep_their_value_and_are_told_where_there_is_none() -> None:
    found = cells(
        row(
            number("10", 'table:formula="of:=SUM([.A2:.A3])"'),
            "<table:table-cell table:formula='of:=1+1'/>",
            cell("", 'table:formula="of:=&quot;&quot;"'),
            cell("#DIV/0!", 'table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"'),
            cell("Err:502", 'table:formula="oooc:=x()" office:value-type="float" office:value="0"'),
            cell("ab", 'table:formula="=A1" office:value-type="string" office:string-value="ab"'),
        )
    )  # fmt: skip
    assert {name: (c.text, c.kind, c.formula) for name, c in found.items()} == {
        "A1": ("10", "number", "SUM([.A2:.A3])"),
        "B1": ("", "formula_without_value", "1+1"),
        "C1": ("", "text", '""'),
        "D1": ("#DIV/0!", "error", "1/0"),
        "E1": ("Err:502", "error", "x()"),
        "F1": ("ab", "text", "A1"),
    }


# Places


def test_repeated_cells_and_rows_are_each_a_cell_and_blanks_cost_nothing() -> None:
    blank = '<table:table-cell table:number-columns-repeated="16000"/>'
    found = sheet(
        row(blank, attributes='table:number-rows-repeated="5"')
        + row(
            number("1", 'table:number-columns-repeated="2"'),
            cell("x"),
            attributes='table:number-rows-repeated="2"',
        )
        + row("<table:table-cell/>", cell("y"), blank)
        + row(blank, attributes='table:number-rows-repeated="1048576"')
    )
    assert {a1(*at): c.text for at, c in found.cells.items()} == {
        "A6": "1", "B6": "1", "C6": "x", "A7": "1", "B7": "1", "C7": "x", "B8": "y",
    }  # fmt: skip
    assert list(found.cells) == sorted(found.cells)


def test_rows_and_columns_in_groups_and_headers_are_rows_and_columns() -> None:
    found = sheet(
        "<table:table-header-columns><table:table-column/></table:table-header-columns>"
        '<table:table-column-group table:display="false"><table:table-column/></table:table-column-group>'
        f"<table:table-header-rows>{row(cell('a'), cell('b'))}</table:table-header-rows>"
        f'<table:table-row-group table:display="false"><table:table-row-group>{row(cell("c"))}</table:table-row-group>'
        f"</table:table-row-group><table:table-rows>{row(cell('d'))}</table:table-rows>"
    )
    assert {a1(*at): c.text for at, c in found.cells.items()} == {"A1": "a", "B1": "b", "A2": "c", "A3": "d"}
    assert (found.hidden_rows, found.hidden_columns) == ({1}, {1})


def test_merged_ranges_keep_what_they_cover() -> None:
    found = sheet(
        row(cell("合", 'office:value-type="string" table:number-columns-spanned="2" table:number-rows-spanned="2"'),
            "<table:covered-table-cell/>", cell("右"))
        + row("<table:covered-table-cell/>", "<table:covered-table-cell><text:p>下</text:p></table:covered-table-cell>")
        + row(cell("双", 'office:value-type="string" table:number-columns-spanned="2"'), "<table:covered-table-cell/>",
              attributes='table:number-rows-repeated="2"')
    )  # fmt: skip
    assert found.merges == ((0, 0, 1, 1), (2, 0, 2, 1), (3, 0, 3, 1))
    assert {a1(*at): c.text for at, c in found.cells.items()} == {
        "A1": "合", "C1": "右", "B2": "下", "A3": "双", "A4": "双",
    }  # fmt: skip


def test_hidden_rows_columns_and_sheets_are_read_and_told() -> None:
    styles = (
        '<office:automatic-styles><style:style style:name="ta2" style:family="table"><style:table-properties '
        'table:display="false"/></style:style></office:automatic-styles>'
    )
    book = read(
        flat(
            '<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="9"/>'
            + row(cell("a"), cell("b"))
            + row(cell("c"), attributes='table:visibility="filter"')
            + row(attributes='table:visibility="collapse"'),
            styles,
            after=f'<table:table table:name="藏" table:style-name="ta2">{row(cell("d"))}</table:table>',
        )
    )
    assert [s.hidden for s in book.sheets] == [False, True]
    assert (book.sheets[0].hidden_rows, book.sheets[0].hidden_columns) == ({1}, {1})
    assert book.notices == (
        ("HIDDEN_CONTENT", "表!2:2"),
        ("HIDDEN_CONTENT", "表!B:B"),
        ("HIDDEN_CONTENT", "藏"),
    )


def test_what_is_no_cell_is_left_out_and_told() -> None:
    after = (
        '<table:table table:name="\'file:///x/%E8%A1%A8.ods\'#$Sheet1"><table:table-source xlink:href="file:///x/表.ods"/>'
        f"{row(cell('cached'))}</table:table>"
    )
    before = (
        '<table:tracked-changes><table:cell-content-change><table:change-track-table-cell office:value-type="string">'
        "<text:p>old</text:p></table:change-track-table-cell></table:cell-content-change></table:tracked-changes>"
    )
    annotated = (
        "<table:table-cell><office:annotation><text:p>批注</text:p></office:annotation><text:p>a</text:p>"
        "<draw:frame><draw:text-box><text:p>图文</text:p></draw:text-box></draw:frame></table:table-cell>"
    )
    linked = cell(
        "5",
        'table:formula="of:=[\'file:///x/表.ods\'#$Sheet1.A1]" office:value-type="float" office:value="5"',
    )
    book = read(flat(row(annotated, linked), after=after, before=before))
    assert [s.name for s in book.sheets] == ["表"]
    assert {a1(*at): c.text for at, c in book.sheets[0].cells.items()} == {"A1": "a", "B1": "5"}
    assert set(book.notices) == {
        ("COMMENT_PRESENT", "表"),
        ("DRAWING_PRESENT", "表"),
        ("EXTERNAL_LINK", "file:///x/表.ods"),
        ("EXTERNAL_LINK", "'file:///x/%E8%A1%A8.ods'#$Sheet1"),
    }


def test_macros_are_told_and_not_run() -> None:
    book = read(packed(row(cell("a")), Basic_SLASH_Standard_SLASH_Module1__xml="<module/>"))
    assert ("MACRO_PRESENT", "Basic") in book.notices
    scripts = "<office:scripts><office:event-listeners><script:event-listener/></office:event-listeners></office:scripts>"
    assert read(flat(row(cell("a")), scripts)).notices[0][0] == "MACRO_PRESENT"
    assert read(flat(row(cell("a")), "<office:scripts/>")).notices == ()


SPANS = (
    "<office:automatic-styles>"
    + "".join(
        f'<style:style style:name="{name}" style:family="text"><style:text-properties {properties}/></style:style>'
        for name, properties in {
            "up": 'style:text-position="super 58%"', "down": 'style:text-position="-33% 58%"',
            "plain": 'style:text-position="0% 100%" style:text-line-through-style="none"',
            "out": 'style:text-line-through-style="solid"', "typed": 'style:text-line-through-type="single"',
        }.items()
    )
    + "</office:automatic-styles>"
)  # fmt: skip


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('12.5<text:span text:style-name="up">2</text:span>', "12.5²"),
        ('12.5<text:span text:style-name="down">2</text:span>', "12.5²"),
        ('<text:span text:style-name="out">9<text:span text:style-name="plain">8</text:span></text:span>7', "9\u03368\u03367"),
        ('<text:span text:style-name="typed">9</text:span>7', "9\u03367"),
        ('<text:span text:style-name="out">' * 60 + "9" + "</text:span>" * 60, "9\u0336"),
        ('<text:span text:style-name="plain">1</text:span><text:span text:style-name="other">2</text:span>3', "123"),
    ],
)  # fmt: skip
def test_raised_and_struck_out_text_is_no_part_of_a_figure(markup: str, text: str) -> None:
    (found,) = read(flat(row(cell(markup)), SPANS)).sheets[0].cells.values()
    assert (found.text, found.kind) == (text, "text")


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        (cell("9.00", FLOAT.format("1241.6")), True),
        (cell("1,241.60", FLOAT.format("1241.6")), False),
        (cell("1242", FLOAT.format("1241.6")), False),
        (cell("—", FLOAT.format("0")), False),
        (cell("—", FLOAT.format("5")), True),
        (cell("5.00", FLOAT.format("-5")), False),  # in red
        (cell("(5.00)", FLOAT.format("5")), True),
        (cell("50%", 'office:value-type="percentage" office:value="0.5"'), False),
        (cell("5.00", f'{FLOAT.format("6")} table:formula="of:=1"'), True),
        (cell("5", 'office:value-type="string" office:string-value="6"'), True),
    ],
)
def test_a_cell_that_shows_another_figure_than_it_stores_is_told(markup: str, told: bool) -> None:
    assert (("SHOWN_DIFFERS", "表!A1") in read(flat(row(markup))).notices) is told


def test_a_cell_holds_all_of_its_text_or_tells_what_was_not_read() -> None:
    listed = "<table:table-cell><text:list><text:list-item><text:p>386.23</text:p></text:list-item></text:list></table:table-cell>"
    nested = f'<table:table-cell><table:table table:is-sub-table="true">{row(number("5"))}</table:table></table:table-cell>'
    shown = cell("5.00", 'office:value-type="float" office:value=""')
    book = read(flat(row(listed, shown, nested)))
    assert {a1(*at): c.text for at, c in book.sheets[0].cells.items()} == {"A1": "386.23", "B1": "5.00"}
    assert book.notices == (("CELL_NOT_READ", "表!C1"),)


def test_of_very_many_cells_the_first_ones_are_told() -> None:
    book = read(flat(row(*[cell("1", FLOAT.format("2"))] * 5000)))
    assert len(book.notices) == 32


# Number formats


def formatted(styles: str, attributes: str = 'table:style-name="c"') -> Cell:
    used = '<style:style style:name="c" style:family="table-cell" style:data-style-name="N"/>'
    wrapped = f"<office:automatic-styles>{styles}{used}</office:automatic-styles>"
    (found,) = read(flat(row(number("1234.5", attributes)), wrapped)).sheets[0].cells.values()
    return found


@pytest.mark.parametrize(
    ("style", "code", "decimals", "scale", "percent"),
    [
        ('<number:number number:min-integer-digits="1"/>', "General", None, 0, False),
        ('<number:number number:decimal-places="2" number:min-integer-digits="1"/>', "0.00", 2, 0, False),
        ('<number:number number:decimal-places="2" number:grouping="true"/>', "#,##0.00", 2, 0, False),
        ('<number:number number:decimal-places="2" number:min-decimal-places="0" number:min-integer-digits="0"/>', "#.##", 2, 0, False),
        ('<number:number number:decimal-places="0" number:display-factor="1000"/><number:text>千元</number:text>', '0,"千元"', 0, 3, False),
        ('<number:number number:decimal-places="4" number:display-factor="10000"/>', "0.0000", 4, 4, False),
        ('<number:number number:decimal-places="0"><number:embedded-text number:position="4">.</number:embedded-text></number:number>',
         "0!.0000", 4, 4, False),
        ("<number:scientific-number/>", "0.00E+00", None, 0, False),
        ("<number:fraction/>", "# ?/?", None, 0, False),
    ],
)  # fmt: skip
def test_a_number_format_says_what_the_code_of_excel_says(
    style: str, code: str, decimals: int | None, scale: int, percent: bool
) -> None:
    shown = formatted(f'<number:number-style style:name="N">{style}</number:number-style>').format
    assert (shown.code, shown.decimals, shown.scale, shown.percent) == (code, decimals, scale, percent)


def test_percentages_dates_and_sections() -> None:
    two = '<number:number number:decimal-places="2"/>'
    percent = formatted(
        f'<number:percentage-style style:name="N">{two}<number:text>%</number:text></number:percentage-style>'
    )
    assert (percent.format.code, percent.format.percent) == ("0.00%", True)
    bare = formatted("", 'office:value-type="percentage" table:style-name="none"'.partition(" ")[2])
    assert bare.format.code == "General"
    hidden = formatted('<number:number-style style:name="N"><number:text/></number:number-style>')
    assert (hidden.format.code, hidden.format.masked) == ('""', True)
    date = formatted(
        '<number:date-style style:name="N"><number:year/><number:text>-</number:text></number:date-style>'
    )
    assert date.format.date
    sections = formatted(
        f'<number:number-style style:name="P0">{two}</number:number-style><number:number-style style:name="N">'
        '<number:text>(</number:text><number:number number:decimal-places="0"/><number:text>)</number:text>'
        '<style:map style:condition="value()&gt;=0" style:apply-style-name="P0"/></number:number-style>'
    )
    assert (sections.format.code, sections.format.decimals) == ('0.00;"("0")"', 2)
    red = formatted(
        f'<number:number-style style:name="P0"><number:text>负</number:text>{two}</number:number-style>'
        '<number:number-style style:name="N"><number:number number:decimal-places="0"/>'
        '<style:map style:condition="value()&lt;0" style:apply-style-name="P0"/></number:number-style>'
    )
    assert (red.format.code, red.format.decimals) == ('0;"负"0.00', 0)


def test_a_percentage_is_one_in_any_style() -> None:
    (found,) = cells(row(cell("12%", 'office:value-type="percentage" office:value="0.12"'))).values()
    assert found.format.percent


def test_a_cell_takes_its_style_from_row_column_and_parent() -> None:
    def style(name: str, more: str) -> str:
        return f'<style:style style:name="{name}" style:family="table-cell" {more}/>'

    def data(name: str, places: int) -> str:
        return f'<number:number-style style:name="{name}"><number:number number:decimal-places="{places}"/></number:number-style>'

    common = (
        "<office:styles>"
        + data("N1", 1)
        + style("Default", "")
        + style("Parent", 'style:data-style-name="N1"')
        + "</office:styles>"
    )
    own = (
        "<office:automatic-styles>" + data("N2", 2) + data("N3", 3) + style("child", 'style:parent-style-name="Parent"')
        + style("two", 'style:data-style-name="N2"') + style("three", 'style:data-style-name="N3"')
        + style("loop", 'style:parent-style-name="loop"') + "</office:automatic-styles>"
    )  # fmt: skip
    rows = (
        '<table:table-column table:default-cell-style-name="two"/><table:table-column table:default-cell-style-name="three"/>'
        + row(number("1", 'table:number-columns-repeated="2"'), number("1", 'table:style-name="child"'), number("1", 'table:style-name="loop"'))
        + row(number("1"), number("1", 'table:style-name="two"'), attributes='table:default-cell-style-name="child"')
    )  # fmt: skip
    found = read(packed(rows, own, common)).sheets[0].cells
    assert {a1(*at): c.decimals for at, c in found.items()} == {
        "A1": 2, "B1": 3, "C1": 1, "D1": None, "A2": 1, "B2": 2,
    }  # fmt: skip


# Refused

DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
CONTENT = f"<office:document-content{NAMES}>{body(row(cell('&a;')))}</office:document-content>"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (packed(content__xml=DECLARATION + DOCTYPE + CONTENT), "XML_DTD_FORBIDDEN"),
        (packed(content__xml=DECLARATION + EXTERNAL + CONTENT), "XML_DTD_FORBIDDEN"),
        (packed(styles__xml=DECLARATION + DOCTYPE + f"<office:document-styles{NAMES}/>"), "XML_DTD_FORBIDDEN"),
        (packed(**{"META-INF_SLASH_manifest__xml": DECLARATION + DOCTYPE + f"<manifest:manifest{NAMES}/>"}), "XML_DTD_FORBIDDEN"),
        (packed(meta__xml=DECLARATION + DOCTYPE + "<x/>"), "XML_DTD_FORBIDDEN"),
        (flat(row(cell("a"))).replace(b"<office:document ", DOCTYPE.encode() + b"<office:document "), "XML_DTD_FORBIDDEN"),
        (packed(content__xml=CONTENT), "XML_MALFORMED"),
        (packed(content__xml="<x/>"), "XLSX_WRONG_PART"),
        (packed(row(cell("a")))[:-30], "ZIP_TRUNCATED"),
        (flat(row(cell("a")))[:-30], "XML_MALFORMED"),
        (packed(row(cell("a"))).replace(b"content.xml", b"content.xyz"), "XLSX_PART_MISSING"),
        (flat(row(cell("a")), after='<table:table table:name="表"/>'), "XLSX_BAD_REFERENCE"),
        (flat().replace(b"office:spreadsheet>", b"office:text>"), "NOT_A_TABLE_DOCUMENT"),
        (packed(**{"META-INF_SLASH_manifest__xml": f"<manifest:manifest{NAMES}><manifest:file-entry><manifest:encryption-data/>"
                   "</manifest:file-entry></manifest:manifest>", "content__xml": b"\x8f\x00noise"}), "ODS_ENCRYPTED"),
        (flat(row(number("1", 'table:number-columns-repeated="16385"'))), "XLSX_BAD_REFERENCE"),
        (flat(row('<table:table-cell table:number-columns-repeated="99999"/>', number("1"))), "XLSX_BAD_REFERENCE"),
        (flat(row(attributes='table:number-rows-repeated="1048576"') + row(number("1"))), "XLSX_BAD_REFERENCE"),
        (flat(row(attributes='table:number-rows-repeated="999999999999"') + row(number("1"))), "XLSX_BAD_REFERENCE"),
        (flat(row(number("1", 'table:number-columns-repeated="2"'), attributes='table:number-rows-repeated="1048576"')), "XLSX_TOO_MANY_CELLS"),
        (flat(row(attributes='table:number-rows-repeated="1048000"')
              + row('<table:table-cell table:number-columns-repeated="16000"/>', number("1"))), "XLSX_SPARSE_AREA"),
        (flat(row(cell("x", 'table:number-columns-spanned="16384" table:number-rows-spanned="1048576"'))), "XLSX_MERGE_AREA"),
        (flat(row('<table:table-cell table:number-columns-spanned="2"/>', attributes='table:number-rows-repeated="1048576"')), "XLSX_MERGE_AREA"),
        (flat(row(cell("a<text:s text:c='1000000000'/>b"))), "CELL_TOO_LONG"),
        (flat(row(cell("<text:s text:c='30000'/>" * 3))), "CELL_TOO_LONG"),
        (flat(row(cell("x" * 32768))), "CELL_TOO_LONG"),
        (flat(row(cell("x" * 2_000_000))), "CELL_TOO_LONG"),
        (flat(row(cell("x", f'table:formula="{"1" * 40000}"'))), "CELL_TOO_LONG"),
        (flat(row(cell("x" * 30000, 'table:number-columns-repeated="16000"'))), "XLSX_TEXT_TOO_LARGE"),
        (flat(row(cell("<text:span>" * 40_000 + "</text:span>" * 40_000))), "XML_TOO_COMPLEX"),
        (flat("<table:table-row-group>" * 40_000 + "</table:table-row-group>" * 40_000), "XML_TOO_COMPLEX"),
        (flat("<table:shapes>" * 40_000 + "</table:shapes>" * 40_000), "XML_TOO_COMPLEX"),
        (packed("x" * 3_000_000), "ZIP_BOMB"),
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
        (Limits(xml_names=5), "XML_TOO_COMPLEX"),
    ],
)
def test_each_limit_holds_for_the_whole_document(limits: Limits, code: str) -> None:
    style = '<style:style style:name="c" style:family="table-cell"/>'
    wide = cell("ab", 'table:number-columns-spanned="2"')
    data = flat(
        row(wide, cell("cd")),
        f"<office:automatic-styles>{style * 2}</office:automatic-styles>",
        after=f'<table:table table:name="二">{row(wide, cell("cd"))}</table:table>',
    )
    assert len(read(data).sheets) == 2
    assert refusal(data, limits) == code


def test_a_sheet_may_reach_to_its_edges() -> None:
    found = sheet(row(f'<table:table-cell table:number-columns-repeated="{MAX_COLUMNS - 1}"/>', number("1")))
    assert list(found.cells) == [(0, MAX_COLUMNS - 1)]
    found = sheet(row(attributes=f'table:number-rows-repeated="{MAX_ROWS - 1}"') + row(number("1")))
    assert list(found.cells) == [(MAX_ROWS - 1, 0)]


def test_a_flat_document_may_be_in_utf_16_or_gb18030_as_it_says() -> None:
    text = flat(row(cell("收入𠮷"))).decode()
    for encoding, declared in (("utf-16", "UTF-16"), ("gb18030", "GBK"), ("utf-8-sig", "UTF-8")):
        data = text.replace("UTF-8", declared).encode(encoding)
        form, _ = formats.sniffing.sniff(data, DEFAULTS)
        assert form == "ods"
        assert texts_of(read(data)) == ["收入𠮷"]
    assert refusal(text.replace("UTF-8", "Big5").encode()) == "XML_ENCODING"
    assert refusal(text.replace("UTF-8", "GBK").encode("gb18030") + b"\xff\xff") == "TEXT_ENCODING"


def texts_of(book: Book) -> list[str]:
    return [found.text for one in book.sheets for found in one.cells.values()]


# Anything


@given(st.binary(max_size=400))
def test_any_bytes_within_are_read_or_refused(noise: bytes) -> None:
    for data in (
        packed(content__xml=noise),
        packed(content__xml=CONTENT.encode()[:1200] + noise),
        flat(row(cell("a")))[:-60] + noise,
        MIMETYPE.encode() + noise,
    ):
        with contextlib.suppress(Refused):
            read(data)


PIECES = (
    "<table:table-row>", "</table:table-row>", "<table:table-cell>", "</table:table-cell>", "<table:covered-table-cell/>", "<text:p>",
    "</text:p>", "<text:s text:c='x'/>", "<table:table-cell table:number-columns-repeated='-3' office:value-type='float'/>", "一",
    "<table:table table:name='x'>", "</table:table>", "<table:table-row-group>", "</table:table-row-group>", "<office:annotation>",
    "</office:annotation>", "<table:table-column table:number-columns-repeated='0'/>", "<table:table-row table:number-rows-repeated='2'>",
    "<number:number-style style:name='N'>", "</number:number-style>", "<office:styles>", "</office:styles>",
    "<style:map style:condition='value()' style:apply-style-name='N'/>", "<number:number number:decimal-places='99999999'/>",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_structure_is_read_or_refused(pieces: list[str]) -> None:
    inside = "".join(pieces)
    for data in (flat(inside), flat("", inside), flat("", f"<office:styles>{inside}</office:styles>")):
        with contextlib.suppress(Refused):
            read(data)


# Another reader, and the same cells in another form


def test_a_document_read_by_calamine_has_the_same_values(convert_one: Callable[[bytes, str], bytes]) -> None:
    calamine = pytest.importorskip("python_calamine")
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as made:
        one = made.add_worksheet("一")
        two = made.add_worksheet("二")
        two.hide()
        formats_of = [
            made.add_format({"num_format": code})
            for code in ("0.00", "#,##0.00", "0.00%", "0.0,", "@", "yyyy-mm-dd")
        ]
        for at, shown in enumerate(formats_of[:5]):
            one.write_number(at, 0, 1234.56, shown)
        one.write_string(6, 2, " 前  后\n下 ")
        one.merge_range("E1:F3", "合")
        one.write_boolean(7, 1, True)
        two.write_row(3, 3, [1, 1, 1])
    document = convert_one(buffer.getvalue(), "ods")
    ours, theirs = read(document), calamine.CalamineWorkbook.from_filelike(io.BytesIO(document))
    assert [s.name for s in ours.sheets] == theirs.sheet_names
    assert [s.hidden for s in ours.sheets] == [False, True]
    for found in ours.sheets:
        grid = theirs.get_sheet_by_name(found.name).to_python(skip_empty_area=False)
        known = {(r, c): value for r, line in enumerate(grid) for c, value in enumerate(line) if value != ""}
        assert set(known) == set(found.cells)
        for at, value in known.items():
            assert isinstance(value, str) == (found.cells[at].kind == "text"), at
            if isinstance(value, str):  # it leaves out line breaks
                assert found.cells[at].text.split() == value.split() or "\n" in found.cells[at].text, at
            else:
                assert float(found.cells[at].text) == value, at
    before = ooxml.read_book(buffer.getvalue()).sheets[0]
    assert ours.sheets[0].merges == before.merges
    for at in range(4):
        mine, other = ours.sheets[0].cells[at, 0].format, before.cells[at, 0].format
        assert (mine.decimals, mine.scale, mine.percent) == (other.decimals, other.scale, other.percent)


@pytest.fixture
def convert_one(soffice: list[str], tmp_path: Path) -> Callable[[bytes, str], bytes]:
    """Let LibreOffice convert a workbook to another form."""
    import subprocess

    def run(data: bytes, to: str) -> bytes:
        (tmp_path / "book.xlsx").write_bytes(data)
        command = [*soffice, "--convert-to", to, "--outdir", str(tmp_path), str(tmp_path / "book.xlsx")]
        subprocess.run(command, capture_output=True, check=True, timeout=120)
        return (tmp_path / f"book.{to}").read_bytes()

    return run
