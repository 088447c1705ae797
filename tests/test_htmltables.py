"""Every table of a page, or of a web archive, is a sheet: what people see in it is what is read, and nothing else happens."""

import base64
import contextlib
import html
import quopri
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fatk
from fatk import formats, htmltables, markup, webarchive
from fatk.errors import Refused
from fatk.grid import Book, Cell, Sheet, a1
from fatk.limits import DEFAULTS, Limits

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"


def page(inside: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{inside}</body></html>".encode()


def read(data: bytes, limits: Limits = DEFAULTS) -> Book:
    return htmltables.read_book(data, limits, "表.xls")


def sheet(rows: str, head: str = "") -> Sheet:
    (found,) = read(page(f"<table>{rows}</table>", head)).sheets
    return found


def cells(rows: str, head: str = "") -> dict[str, Cell]:
    return {a1(*at): found for at, found in sheet(rows, head).cells.items()}


def texts(rows: str, head: str = "") -> dict[str, str]:
    return {name: found.text for name, found in cells(rows, head).items()}


def text(cell: str) -> str:
    """The text of a page's one cell."""
    return "".join(texts(f"<tr><td>{cell}</td></tr>").values())


def grids(data: bytes) -> dict[str, dict[str, str]]:
    return {s.name: {a1(*at): c.text for at, c in s.cells.items()} for s in read(data).sheets}


def refusal(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        read(data, limits)
    return caught.value.code


# Text and markup


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        (" 一般 \n\t 公共 ", "一般 公共"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<p>a</p><div>b</div>", "a\n\nb"),
        ("<b>386</b>.<font color=red>23</font>", "386.23"),
        ("&nbsp;&nbsp;基本支出", "\u00a0\u00a0基本支出"),
        ("&lt;&amp;&#20803;&#x5143;&quot;", '<&元元"'),
        ("&unknown; & 5 < 6 <> <1", "&unknown; & 5 < 6 <> <1"),
        ("a<!-- <td>b</td> -->c<!-->d<!---->e", "acde"),
        ("a<![if !supportEmptyParas]>b<![endif]>c<?php x ?>d", "abcd"),
        ("a<script>document.write('<td>b</td>')</script>b<style>td{}</style>c", "abc"),
        ("a<SCRIPT>'</scripted>'</SCRIPT >b<xml><x:Name>c</x:Name></xml>", "ab"),
        ("<span title='<td>x</td>' data-a=\"</table>\" b=c/d e>a</span >", "a"),
        ("<a href=http://127.0.0.1/x>a</a><img src=http://127.0.0.1/y><iframe src=//127.0.0.1/z>b</iframe>", "a"),
        ("<input value=5><textarea>6</textarea><select><option>7<option>8</select>9", "5\n\n6\n9"),
        ("<input type=hidden value=5><input type=checkbox value=6><button>7</button>", "7"),
        ("<input value='&lt;5'>", "<5"),
        ("<span style='text-decoration: line-through'>9<span>1</span>2</span>3", "9\u03361\u03362\u03363"),
        ("1<span style='visibility: hidden'>2</span><span style='font-size:0'>3</span>", "1"),
        ("1<sup>2</sup>", "1²"),
        ("10.00<del>5</del>", "10.005\u0336"),
        ("<span style='display:none'>9</span>10", "10"),
        ("<comment>9<br>批注</comment>10", "10"),
        ("1<ruby>2<rt>3</rt></ruby>", "12"),
        ("<span style='mso-spacerun:yes'>&nbsp; </span>a", "\u00a0 a"),
        ("<td", ""),
        ("&#0;&#3;&#xD800;&#x110000;", "\ufffd\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_a_cell_is_the_text_that_people_see(markup: str, shown: str) -> None:
    if markup == "<td":
        assert refusal(page(f"<table><tr><td>{markup}")) == "HTML_MALFORMED"
    else:
        assert text(markup) == shown


def test_tags_may_be_left_out_as_in_any_page() -> None:
    assert texts("<thead><tr><td>a<td>b<tbody><tr><th>c<th>d") == {"A1": "a", "B1": "b", "A2": "c", "B2": "d"}
    assert texts("<td>a</td><td>b</td></tr><td>c") == {"A1": "a", "B1": "b", "A2": "c"}
    assert texts("<tr></tr><tr><td>&nbsp;<td>\u3000<td>x</tr></tr></td>") == {"C2": "x"}


def test_an_entity_that_a_page_declares_is_never_expanded_nor_fetched() -> None:
    declared = b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    assert refusal(declared + b"<table><tr><td>&a;&b;</table>") == "XML_DTD_FORBIDDEN"
    assert text("&a;&b;") == "&a;&b;"


@pytest.mark.parametrize("tag", ["gb2312", "GBK", "gb18030", "utf-8", "UTF-8", "big5", "x-user-defined"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig", "utf-16"])
def test_the_encoding_is_what_the_bytes_bear_out(tag: str, encoding: str) -> None:
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={tag}">'
    data = page("<table><tr><td>收入决算表<td>本年收入合计元</table>" * 3, head).decode().encode(encoding)
    book = read(data)
    assert {c.text for c in book.sheets[0].cells.values()} == {"收入决算表", "本年收入合计元"}
    stated = markup.decode_page(data, "").stated
    assert ("TEXT_READ_AS" in {code for code, _ in book.notices}) is not stated


STYLES = "<style>td {color:red} .font7 {text-decoration:line-through;} .up{vertical-align:super} .gone{display:none}</style>"


def test_classes_of_a_style_sheet_set_text_apart_or_hide_it() -> None:
    marked = "<font class='font7'>9</font>12<font class='up x'>1</font><span class=gone>3</span><span class=other>4</span>"
    assert texts(f"<tr><td>{marked}</td></tr>", STYLES) == {"A1": "9\u033612¹4"}


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("<td x:num='9'>1,241.60", "SHOWN_DIFFERS"),
        ("<td sdval='9'>1,241.60", "SHOWN_DIFFERS"),
        ("<td x:num='0.5'>50%", "SHOWN_DIFFERS"),
        ("<td x:str='9'>1,241.60", "SHOWN_DIFFERS"),
        ("<td x:num='5'>—", "SHOWN_DIFFERS"),
        ("<td x:num='0'>—", None),
        ("<td x:num='1241.6'>1,241.60", None),
        ("<td x:num='1241.6'>####", None),
        ("<td x:num='0.5' style='mso-number-format:Percent'>50.00%", None),
        ("<td x:num='1241.6'>", None),
        ("<td><select><option>1<option selected>2</select>", "CELL_NOT_READ"),
    ],
)
def test_a_cell_that_shows_another_figure_than_it_states_is_told(cell: str, told: str | None) -> None:
    assert list(read(page(f"<table><tr>{cell}</td><td>x</table>")).notices) == [
        *([(told, "表格1!A1")] if told else []),
        *([("TEXT_OUTSIDE_TABLES", "2")] if "option" in cell else []),
        ("TEXT_READ_AS", "表.xls: utf-8"),
    ]


def test_comments_of_cells_as_libreoffice_writes_them_are_no_text_and_told() -> None:
    book = read(page("<table><tr><td>1<comment>2</comment><td>3<comment>4</comment></table>"))
    assert [c.text for c in book.sheets[0].cells.values()] == ["1", "3"]
    assert book.notices[0] == ("COMMENT_PRESENT", "表格1")
    assert "TEXT_OUTSIDE_TABLES" not in dict(book.notices)


def test_an_error_is_one_though_libreoffice_states_zero() -> None:
    assert cells('<tr><td sdval="0" sdnum="1033;">#DIV/0!</td></tr>')["A1"].kind == "error"
    assert cells('<tr><td x:num="1,241.60">1,241.60</td></tr>')["A1"].kind == "text"


# Places


def test_spans_are_merged_ranges_and_push_other_cells_away() -> None:
    found = sheet(
        "<tr><td rowspan=2>a<td colspan=2>b<td>c</tr>"
        "<tr><td>d<td>e<td rowspan=3>f</tr>"
        "<tr><td>g<td colspan=0>h<td rowspan=x>i</tr>"
    )
    assert {a1(*at): c.text for at, c in found.cells.items()} == {
        "A1": "a", "B1": "b", "D1": "c", "B2": "d", "C2": "e", "D2": "f", "A3": "g", "B3": "h", "C3": "i",
    }  # fmt: skip
    assert found.merges == ((0, 0, 1, 0), (0, 1, 0, 2), (1, 3, 2, 3))  # none reaches below the last row


def test_text_that_only_spills_over_its_neighbours_is_no_merged_range() -> None:
    found = sheet("<tr><td colspan=3 style='mso-ignore:colspan'>a<td>b")
    assert (found.merges, {a1(*at): c.text for at, c in found.cells.items()}) == ((), {"A1": "a", "D1": "b"})


def test_a_table_within_a_table_is_a_sheet_of_its_own() -> None:
    layout = "<table><tr><td>菜单<td><table><tr><td>a<td>b</table>尾<tr><td>c</table>"
    assert grids(page(layout)) == {
        "表格1": {"A1": "菜单", "B1": "尾", "A2": "c"},
        "表格2": {"A1": "a", "B1": "b"},
    }
    assert grids(page("<table><tr><td><table><tr><td>a</table></table><table></table>")) == {
        "表格1": {"A1": "a"}
    }


def test_lines_just_above_a_table_are_its_first_rows_and_other_text_is_told() -> None:
    book = read(
        page(
            "<h1>部门决算公开</h1><p>" + "长" * 200 + "</p><h2>收入决算表</h2><p>单位：万元</p>"
            "<table><caption>公开02表</caption><tr><td>a</table><p>注：以上。</p><hr><table><tr><td>b</table>尾"
        )
    )
    assert [[c.text for c in s.cells.values()] for s in book.sheets] == [
        ["收入决算表", "单位：万元", "公开02表", "a"],
        ["b"],
    ]
    told = dict(book.notices)["TEXT_OUTSIDE_TABLES"]
    assert int(told) == len("部门决算公开") + 200 + len("注：以上。") + len("尾")


def test_sheets_are_called_as_the_page_calls_them() -> None:
    names = (
        "<!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets>{}</x:ExcelWorksheets></xml><![endif]-->"
    )
    named = "<x:ExcelWorksheet><x:Name>收入&amp;支出</x:Name></x:ExcelWorksheet>"
    assert list(grids(page("<table><tr><td>a</table>", names.format(named)))) == ["收入&支出"]
    assert list(grids(page("<table><tr><td>a</table>", "<xml>" + named + "</xml>"))) == ["收入&支出"]
    # As many names as tables, or none is taken; a name is given once.
    two = "<table><tr><td>a</table>" * 2
    assert list(grids(page(two, names.format(named)))) == ["表格1", "表格2"]
    assert list(grids(page(two, names.format(named * 2)))) == ["收入&支出", "表格2"]


# Values


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("<td x:num>386.23", ("386.23", "number", None)),
        ("<td x:num='386.229999'>386.23", ("386.229999", "number", None)),
        ("<td x:num>1,386.23", ("1,386.23", "text", None)),
        ("<td x:str>0201", ("0201", "text", None)),
        ("<td x:str='&nbsp;0201 '>&nbsp;0201", ("\u00a00201 ", "text", None)),
        ("<td>386.23", ("386.23", "text", None)),
        ("<td x:num='5' x:fmla='=SUM(A1:A2)'>5.00", ("5", "number", "SUM(A1:A2)")),
        ("<td x:fmla='=SUM(A1:A2)'>5.00", ("5.00", "number", "SUM(A1:A2)")),
        ("<td x:fmla='=SUM(A1:A2)'>", ("", "formula_without_value", "SUM(A1:A2)")),
        ("<td x:bool='TRUE'>TRUE", ("1", "boolean", None)),
        ("<td x:err='#DIV/0!'>#DIV/0!", ("#DIV/0!", "error", None)),
        ("<td sdval='386.229999' sdnum='2052;0;#,##0.00'>386.23", ("386.229999", "number", None)),
    ],
)
def test_what_a_page_calls_a_number_is_one(cell: str, expected: tuple[str, str, str | None]) -> None:
    (found,) = cells(f"<tr>{cell}</td></tr>").values()
    assert (found.text, found.kind, found.formula) == expected


@pytest.mark.parametrize(
    ("attributes", "code", "decimals"),
    [
        ("style='mso-number-format:\"\\#\\,\\#\\#0\\.00\"'", "#,##0.00", 2),
        ("style=\"text-align:right;mso-number-format:'0\\.0'\"", "0.0", 1),
        ('style="mso-number-format:\\@"', "@", None),
        ('style="mso-number-format:Standard;"', "#,##0.00", 2),
        ("class='xl66 xl99'", "0.000", 3),
        ("class=XL65", "0.00", 2),
        ("class=none", "General", None),
        ("sdnum='2052;0;0.0000'", "0.0000", 4),
        ("style='mso-number-format:\"0\\.00\\0022万元\\0022\"'", '0.00"万元"', 2),
    ],
)
def test_number_formats_are_those_of_the_style(attributes: str, code: str, decimals: int | None) -> None:
    css = (
        "<style><!-- table {color:red}\n.xl65\n{mso-style-parent:style0;mso-number-format:Fixed;}\n"
        'td.xl66, .xl67{mso-number-format:"0\\.000";} @media print {td{x:y}} --></style>'
    )
    (found,) = cells(f"<tr><td x:num='1.5' {attributes}>1.5</td></tr>", css).values()
    assert (found.format.code, found.format.decimals) == (code, decimals)


def test_hidden_rows_columns_cells_and_tables_are_read_and_told() -> None:
    book = read(
        page(
            "<table><col><col span=2 style='width:0;display: none'><tr><td>a<td>b<tr style='DISPLAY:none'><td>c"
            "<tr><td hidden>d<td><img src=http://127.0.0.1/></table><table style='display:none'><tr><td>e</table>"
        )
    )
    assert [c.text for s in book.sheets for c in s.cells.values()] == ["a", "b", "c", "d", "e"]
    assert {n for n in book.notices if n[0] != "TEXT_READ_AS"} == {
        ("HIDDEN_CONTENT", "表格1!2:2"),
        ("HIDDEN_CONTENT", "表格1!B:B"),
        ("HIDDEN_CONTENT", "表格1!A3"),
        ("HIDDEN_CONTENT", "表格2"),
        ("DRAWING_PRESENT", "表格1"),
    }


# Refused

T = "<table><tr><td>"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (page("<p>没有表格</p>"), "HTML_NO_TABLE"),
        (page("<table><tr><td>&nbsp;</table>"), "HTML_NO_TABLE"),
        (b"<table><tr><td>a", "HTML_MALFORMED"),
        (page("<table><tr><td>a</tr>"), "HTML_MALFORMED"),
        (page(T + "a<!-- b</table>"), "HTML_MALFORMED"),
        (page(T + "a<script>b</table>"), "HTML_MALFORMED"),
        ((T + "a</table><b").encode(), "HTML_MALFORMED"),
        ((T + "a</table><!b").encode(), "HTML_MALFORMED"),
        (T.encode() + b"a\x00</table>", "CONTROL_CHAR"),
        ((T + "收入</table>").encode("gbk") + b"\xff", "TEXT_ENCODING"),
        (page(T + "x" * 32768 + "</table>"), "CELL_TOO_LONG"),
        (page(T + "x" * 3_000_000 + "</table>"), "CELL_TOO_LONG"),
        (page(T + "&amp;" * 300_000 + "</table>"), "CELL_TOO_LONG"),
        (page("<table>" * 300), "XML_TOO_COMPLEX"),
        (page("<table><tr><td " + "a=b " * 600_000 + ">x</table>"), "XML_TOO_COMPLEX"),
        (page("<table><tr><td rowspan=99999 colspan=99999>x</table>"), "XLSX_MERGE_AREA"),
        (page("<table><tr>" + "<td>x" * 16385 + "</table>"), "XLSX_BAD_REFERENCE"),
        (page("<table><tr>" + "<td colspan=1000>" * 18 + "x</table>"), "XLSX_BAD_REFERENCE"),
        (page("<table>" + "<tr>" * 1_048_577 + "<td>x</table>"), "XLSX_BAD_REFERENCE"),
    ],
)
def test_a_page_that_is_broken_or_too_large_is_refused(data: bytes, code: str) -> None:
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
        (Limits(xml_depth=1), "XML_TOO_COMPLEX"),
    ],
)
def test_each_limit_holds_for_the_whole_page(limits: Limits, code: str) -> None:
    css = "<style>.a,.b{mso-number-format:Fixed}</style>"
    inner = "<table><tr><td colspan=2>cd</td><td>ef</td></table>"
    data = page(f"<table><tr><td colspan=2>ab</td><td>gh{inner}</td></table>", css)
    assert len(read(data).sheets) == 2
    assert refusal(data, limits) == code


@given(st.binary(max_size=300), st.integers(0, 120))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    whole = page(
        "<table><tr><td colspan=2>收入<td x:num='1'>1</table>", "<style>.a{mso-number-format:'0'}</style>"
    )
    for data in (noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        with contextlib.suppress(Refused):
            read(data)


PIECES = (
    "<table>", "</table>", "<tr>", "</tr>", "<td rowspan=3 colspan=2>", "<td>", "</td>", "<caption>", "</caption>", "x", " ", "<br>",
    "<p>", "</p>", "<hr>", "<a name=table0>", "</a>", "<col span=9 hidden>", "<tbody>", "<td x:fmla='=1'>", "<script>", "</script>",
    "<!--", "-->", "<", ">", "'", '"', "=", "/", "<xml>", "</xml>", "<h1>", "<x:ExcelWorksheet><x:Name>a</x:Name>", "&#3;", "<img ",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_structure_is_read_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(Refused):
        found = read("".join(pieces).encode())
        for one in found.sheets:
            assert list(one.cells) == sorted(one.cells)
            assert all(r1 <= r2 and c1 <= c2 for r1, c1, r2, c2 in one.merges)


@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=5), min_size=1, max_size=5))
def test_cells_written_with_every_character_escaped_read_back(rows: list[list[str]]) -> None:
    def escaped(value: str) -> str:
        return "".join(f"&#{ord(c)};" for c in value)

    wanted = {
        a1(r, c): value
        for r, line in enumerate(rows)
        for c, raw in enumerate(line)
        if (value := markup.text_of([html.unescape(escaped(raw))])).strip(" \n\u00a0\u3000")
    }
    made = "".join("<tr>" + "".join(f"<td>{escaped(v)}</td>" for v in line) + "</tr>" for line in rows)
    if wanted:
        assert texts(made) == wanted


# Web archives


def archive(*parts: tuple[str, str, bytes], boundary: str = "----=_NextPart_01", end: str = "--") -> bytes:
    """A web archive of parts: kind, name, bytes; encoded in turn as quoted-printable, base64 and as they are."""
    made = [
        f'MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary="{boundary}"\r\n\r\n'.encode()
    ]
    for number, (kind, name, data) in enumerate(parts):
        how = ("quoted-printable", "base64", "8bit")[number % 3]
        coded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(how, bytes)(data)
        head = f"--{boundary}\r\nContent-Location: file:///C:/0A1B/{name}\r\nContent-Transfer-Encoding: {how}\r\nContent-Type: {kind}\r\n\r\n"
        made += [head.encode(), coded, b"\r\n\r\n"]
    return b"".join(made) + f"--{boundary}{end}\r\n".encode()


WORKSHEET = '<x:ExcelWorksheet><x:Name>{}</x:Name>{}<x:WorksheetSource HRef=3D"Book1.files/{}"/></x:ExcelWorksheet>'.replace(
    "=3D", "="
)
BOOK = (
    'text/html; charset="gb2312"',
    "Book1.htm",
    (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><!--[if gte mso 9]><xml>'
        + WORKSHEET.format("支出", "", "sheet002.htm")
        + WORKSHEET.format(
            "收入",
            "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>",
            "sheet001.htm",
        )
        + '</xml><![endif]--><frameset><frame src="Book1.files/sheet001.htm"></frameset></head></html>'
    ).encode("gbk"),
)
SHEETS = (
    ("text/html; charset=gb2312", "Book1.files/sheet001.htm", "<table><tr><td class=xl65 x:num>1<td>收</table>".encode("gbk")),
    ("text/html", "Book1.files/tabstrip.htm", b"<table><tr><td><a href=sheet001.htm>1</a></table>"),
    ("text/css", "Book1.files/stylesheet.css", b".xl65{mso-number-format:Fixed;}"),
    ("text/html", "Book1.files/sheet002.htm", "<meta charset=utf-8><table><tr><td>支</table>".encode()),
    ("image/png", "Book1.files/image001.png", b"\x89PNG\r\n"),
)  # fmt: skip


def test_a_web_archive_of_excel_is_its_sheets_in_their_order_with_their_names_and_formats() -> None:
    data = archive(BOOK, *SHEETS)
    assert formats.sniffing.sniff(data, DEFAULTS) == ("mhtml", None)
    book = webarchive.read_book(data, DEFAULTS, "表.xls")
    assert [(s.name, s.hidden) for s in book.sheets] == [("支出", False), ("收入", True)]
    income = book.sheets[1].cells
    assert (income[0, 0].text, income[0, 0].kind, income[0, 0].decimals) == ("1", "number", 2)
    assert income[0, 1].text == "收"


def test_a_web_archive_of_one_page_as_browsers_save_it() -> None:
    data = archive(("text/html", "x", page("<h2>收入决算表</h2><table><tr><td>a</table>")))
    data = b"From: <Saved by Blink>\r\nSubject: =?utf-8?Q?=E8=A1=A8?=\r\n" + data
    assert formats.sniffing.sniff(data, DEFAULTS)[0] == "mhtml"
    (found,) = webarchive.read_book(data, DEFAULTS, "").sheets
    assert [c.text for c in found.cells.values()] == ["收入决算表", "a"]
    single = (
        b"MIME-Version: 1.0\nContent-Type: text/html; charset=gbk\n\n"
        + "<table><tr><td>收</table>".encode("gbk")
    )
    assert [c.text for c in webarchive.read_book(single, DEFAULTS, "").sheets[0].cells.values()] == ["收"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"MIME-Version: 1.0\r\n", "MHTML_MALFORMED"),
        (archive(BOOK, *SHEETS)[:-60], "MHTML_MALFORMED"),
        (archive(BOOK, *SHEETS, end=""), "MHTML_MALFORMED"),
        (archive(BOOK), "HTML_NO_TABLE"),
        (archive(("image/png", "x", b"<table><tr><td>a</table>")), "HTML_NO_TABLE"),
        (archive(("text/html", "x", b"<table><tr><td>a")), "HTML_MALFORMED"),
        (archive(*[("text/html", "x", b"")] * 6000), "MHTML_MALFORMED"),
        (archive(("multipart/related", "x", b"")), "MHTML_MALFORMED"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n--a\n" * 50, "MHTML_MALFORMED"),
        (b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary=""\n\n', "MHTML_MALFORMED"),
        (b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nA", "MHTML_MALFORMED"),
        (b"MIME-Version: 1.0\n" + b"X-A: b\n" * 100_000 + b"\n\n", "MHTML_MALFORMED"),
    ],
)  # fmt: skip
def test_a_web_archive_that_is_broken_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        webarchive.read_book(data, DEFAULTS, "表.xls")
    assert caught.value.code == code


@given(st.binary(max_size=200), st.integers(0, 900))
def test_any_bytes_in_a_web_archive_are_read_or_refused(noise: bytes, at: int) -> None:
    whole = archive(BOOK, *SHEETS)
    for data in (b"MIME-Version: 1.0\n" + noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        with contextlib.suppress(Refused):
            webarchive.read_book(data, DEFAULTS, "")


HEADERS = (
    "Content-Type: text/html; charset*=x''y", "Content-Type: multipart/related; boundary*0*=utf-8''%FF", "Content-Type", ":", "\n",
    "Content-Type: multipart/mixed; boundary=a", "--a", "--a--", "Content-Transfer-Encoding: =?x?q?y?=", "Content-Location: =?utf-8?B?!?=",
    "Content-Type: message/rfc822", 'Content-Type: text/html; charset="\udcff"', "<table><tr><td>a</table>", "Content-Location: \x00",
)  # fmt: skip


@given(st.lists(st.sampled_from(HEADERS), max_size=12))
def test_any_header_of_a_web_archive_is_read_or_refused(lines: list[str]) -> None:
    data = ("MIME-Version: 1.0\n" + "\n".join(lines)).encode("utf-8", "surrogateescape")
    with contextlib.suppress(Refused):
        webarchive.read_book(data, DEFAULTS, "")


# A page as a report


def test_a_page_of_a_web_system_is_the_same_report() -> None:
    """The forms as an export draws them: titles in the page, one table for each form, all figures text."""
    report = fatk.read(EXAMPLES / "full/report.json").report
    source = formats.spreadsheets.read_book("xlsx", formats.encoder("xlsx")(report), None, DEFAULTS)
    tables = []
    for one in source.sheets[:10]:
        deepest, widest = max(r for r, _ in one.cells), max(c for _, c in one.cells)
        spans = {(r1, c1): (r2 - r1 + 1, c2 - c1 + 1) for r1, c1, r2, c2 in one.merges}
        inside = {
            (r, c) for r1, c1, r2, c2 in one.merges for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)
        } - set(spans)
        lines = ""
        for r in range(deepest + 1):
            lines += "<tr>"
            for c in range(widest + 1):
                if (r, c) in inside:
                    continue
                rows, columns = spans.get((r, c), (1, 1))
                found = one.cells.get((r, c), Cell("", "text"))
                shown = (
                    f"{float(found.text):,.2f}"
                    if found.kind == "number" and found.decimals == 2
                    else found.text
                )
                shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
                lines += f"<TD rowSpan={rows} colspan='{columns}'><DIV align=center>{shown}</DIV></TD>"
            lines += "</tr>"
        tables.append(f"<table border=1>{lines}</table>")
    data = f"<meta charset=gb2312>{'<p></p>'.join(tables)}".encode("gb18030")
    form, reading = formats.read_bytes(data, name="决算.xls")
    assert form == "html"
    for table in report.spec.forms:
        assert reading.report.rows(table.id) == report.rows(table.id), table.id
        assert reading.report.status(table.id)["status"] == report.status(table.id)["status"]
    assert [f.message() for f in reading.findings if f.severity == "error"] == []
    place = reading.places("income", "TOTAL", "total")
    assert place is not None
    assert place.startswith("表格3!")
