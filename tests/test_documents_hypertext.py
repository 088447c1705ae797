"""A page of HTML is the paragraphs and tables that people see of it, and what is written as one reads back equal."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as peer

from document_strategies import documents, published, table
from fatk.document import Document, Paragraph
from fatk.documents import hypertext
from fatk.errors import Refused
from fatk.limits import DEFAULTS, Limits
from steps import in_proportion


def read(inside: str | bytes, limits: Limits = DEFAULTS) -> Document:
    data = inside if isinstance(inside, bytes) else f"<html><body>{inside}</body></html>".encode()
    return hypertext.read(data, None, limits, "说明.html")


def texts(inside: str) -> list[str]:
    return [block.text for block in read(inside).paragraphs]


def grids(inside: str) -> list[dict[tuple[int, int], str]]:
    return [{at: cell.text for at, cell in sheet.cells.items()} for sheet in read(inside).tables]


# Paragraphs


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("甲<p>乙<p>丙", ["甲", "乙", "丙"]),
        ("<div>甲<div>乙</div>丙</div>丁", ["甲", "乙", "丙", "丁"]),
        ("<p> 收入\n  总计 <b>386</b>.23<span> 万元</span></p>", ["收入 总计 386.23 万元"]),
        ("<p>甲<br>乙<br/>丙</p>", ["甲\n乙\n丙"]),
        ("<p>&nbsp;&nbsp;&#12288;一、收入</p><p>&nbsp;</p>", ["一、收入"]),
        ("<p>a&lt;b&amp;c</p><!-- 注 --><script>x</script><style>p{}</style>", ["a<b&c"]),
        ("<p>10<sup>2</sup><del>5</del><s>x</s></p>", ["10²5\u0336x\u0336"]),
        ("<pre>甲  乙\n丙</pre><p style='white-space: pre-wrap'>丁  戊</p><p>己  庚</p>", ["甲  乙\n丙", "丁  戊", "己 庚"]),
        ("<ruby>汉<rt>han</rt></ruby><noscript>无</noscript>", ["汉"]),
        ("<p hidden>藏<p>见<div style='display: none'>藏<div>藏</div></div>又", ["见", "又"]),
        ("<section><h1>题</h1></section><hr>后", ["题", "后"]),
        ("<p>\x04甲\x06</p>".replace("\x04", "&#4;").replace("\x06", "&#6;"), ["甲"]),
    ],
)  # fmt: skip
def test_paragraphs_are_the_lines_that_people_see(markup: str, shown: list[str]) -> None:
    assert texts(markup) == shown


def test_headings_have_their_levels() -> None:
    found = read(
        "<h1>一</h1><p>x</p><h2><span>二</span></h2>y<h6>六</h6><p role=heading aria-level=8>八</p><p>z</p>"
    )
    assert [(b.text, b.level) for b in found.paragraphs] == [
        ("一", 1),
        ("x", 0),
        ("二", 2),
        ("y", 0),
        ("六", 6),
        ("八", 8),
        ("z", 0),
    ]


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<ol><li>甲<li>乙</ol>丙", ["1. 甲", "2. 乙", "丙"]),
        (
            "<ol start=3><li><p>甲</p><p>续</p></li><li value=9>乙<li>丙</ol>",
            ["3. 甲", "续", "9. 乙", "10. 丙"],
        ),
        ("<ol type=A><li>甲<li>乙</ol><ol type=i><li>丙</ol>", ["A. 甲", "B. 乙", "i. 丙"]),
        (
            "<ol style='list-style-type: cjk-ideographic'><li>甲<ol><li>子</li></ol></li><li>乙</li></ol>",
            ["一、甲", "1. 子", "二、乙"],
        ),
        ("<ul><li>甲<li>乙</ul><ol style='list-style:none'><li>丙</ol>", ["甲", "乙", "丙"]),
        ("<ol><li hidden>藏</li><li>甲</li></ol><li>散</li>", ["1. 甲", "散"]),
        ("<ol reversed start=2><li>甲<li>乙</ol>", ["2. 甲", "1. 乙"]),
    ],
)
def test_items_of_lists_have_their_numbers(markup: str, shown: list[str]) -> None:
    assert texts(markup) == shown


def test_what_is_hidden_is_told_and_pictures_are() -> None:
    found = read(
        "<p>见<span style='visibility:hidden'>隐 藏</span></p><img src=x><svg></svg><noscript>无</noscript><table><tr><td style='display:none'>三</td></tr><tr hidden><td>四</td></tr></table>"
    )
    assert set(found.notices) == {("TEXT_HIDDEN", "4"), ("DRAWING_PRESENT", "2")}
    assert [b.text for b in found.paragraphs] == ["见"]


# Tables


def test_tables_stand_where_they_do_and_have_their_spans() -> None:
    found = read(
        "前<table><caption>收入表</caption><thead><tr><th colspan=2>项目<th rowspan=2>合计</thead><tr><td>甲<td>乙<br>丙</table>后"
        "<table><tr><td>&nbsp;</table><table><tr><td><p>一</p><p>二</p><ol><li>三</ol></table>"
    )
    assert found.blocks == (
        Paragraph("前"), Paragraph("收入表"), table("表1", [["项目", "", "合计"], ["甲", "乙\n丙"]], ((0, 0, 0, 1), (0, 2, 1, 2))),
        Paragraph("后"), table("表2", [["一\n二\n1. 三"]]),
    )  # fmt: skip


def test_a_table_in_a_cell_follows_the_outer_one() -> None:
    markup = "<table><tr><td>外<table><tr><td>中<table><tr><td>内</table></table>续<tr><td>下</table><table><tr><td>另</table>"
    assert grids(markup) == [{(0, 0): "外续", (1, 0): "下"}, {(0, 0): "中"}, {(0, 0): "内"}, {(0, 0): "另"}]
    assert read(markup).notices == (("TABLE_IN_TABLE", "表2"), ("TABLE_IN_TABLE", "表3"))


def test_text_between_cells_is_not_lost() -> None:
    assert texts("<table>甲<tr>乙<td>丙</td>丁</table>") == ["甲乙丁"]


# Written


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents(levels=9))
def test_what_is_written_reads_back_equal(document: Document) -> None:
    assert hypertext.read(hypertext.write(document), None, DEFAULTS, "") == document


def seen(element: object) -> str:
    """The text of an element as another parser has it, line breaks as such."""
    for br in list(element.iter("br")):
        br.tail = "\n" + (br.tail or "")
    return element.text_content()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_another_parser_finds_the_same_text_and_no_markup_of_its_own(document: Document) -> None:
    root = peer.document_fromstring(hypertext.write(document), parser=peer.HTMLParser(encoding="utf-8"))
    (main,) = root.iter("main")
    blocks = [found for found in main.iter() if found.tag in {"p", "table", *(f"h{n}" for n in range(1, 7))}]
    assert len(blocks) == len(document.blocks)
    for found, block in zip(blocks, document.blocks, strict=True):
        if isinstance(block, Paragraph):
            assert found.tag == (f"h{block.level}" if block.level else "p")
            assert seen(found) == block.text
        else:
            assert [text for cell in found.iter("td", "th") if (text := seen(cell))] == [
                cell.text for cell in block.cells.values()
            ]
    known = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "div",
        "p",
        "br",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
    } | {f"h{n}" for n in range(1, 7)}
    assert {element.tag for element in root.iter()} <= known
    names = {name for element in main.iter() for name in element.attrib}
    assert names <= {"colspan", "rowspan", "class", "style"}


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    text = hypertext.write(published()).decode()
    assert hypertext.write(published()).decode() == text

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "link", "img", "iframe", "a"}
            assert not {name for name, _ in attrs} & {"src", "href", "action", "onload"}

    Links().feed(text)
    assert 'lang="zh-CN"' in text
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?:", text)


def test_what_a_page_cannot_hold_is_written_visibly() -> None:
    found = hypertext.read(hypertext.write(Document((Paragraph("甲\x07\ud800\r乙"),))), None, DEFAULTS, "")
    assert found.blocks == (Paragraph("甲\\x07\\ud800\n乙"),)


# Of other programs


def test_a_page_that_libreoffice_saved(convert_files: Callable[..., Path], tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("部门决算公开说明", 1)
    made.add_paragraph("收入总计 386.23 万元，增长 11.09%。")
    made.add_paragraph("甲", style="List Number")
    made.add_paragraph("乙", style="List Number")
    there = made.add_table(2, 2)
    there.cell(0, 0).merge(there.cell(0, 1)).text = "项目"
    there.cell(1, 1).text = "386.23"
    made.save(tmp_path / "页.docx")
    data = (convert_files("html:HTML (StarWriter)", [tmp_path / "页.docx"]) / "页.html").read_bytes()
    assert hypertext.read(data, None, DEFAULTS, "").blocks == (
        Paragraph("部门决算公开说明", 1), Paragraph("收入总计 386.23 万元，增长 11.09%。"), Paragraph("1. 甲"), Paragraph("2. 乙"),
        table("表1", [["项目"], ["", "386.23"]], ((0, 0, 0, 1),)),
    )  # fmt: skip


# Hostile


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (b'<!DOCTYPE html [<!ENTITY a "b">]><p>&a;', "XML_DTD_FORBIDDEN"),
        ("<table><tr><td>" * 200, "XML_TOO_COMPLEX"),
        ("<span hidden>" * 2000, "XML_TOO_COMPLEX"),
        ("<ol>" * 2000, "XML_TOO_COMPLEX"),
        ("<p>" + "长" * (1 << 20) + "x", "CELL_TOO_LONG"),
        ("<p>" + "长 " * (5 << 20), "CELL_TOO_LONG"),
        ("<table><tr><td>" + "长" * 33_000 + "</table>", "CELL_TOO_LONG"),
        ("<table><tr>" + "<td colspan=1000 rowspan=60000>x" * 9 + "</table>", "XLSX_MERGE_AREA"),
        ("<table><tr><td>x", "HTML_MALFORMED"),
        ("<p><!-- x", "HTML_MALFORMED"),
        (b"\xff\xfe\x00\xd8", "TEXT_ENCODING"),
    ],
)
def test_a_hostile_page_is_refused(inside: str | bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(inside)
    assert caught.value.code == code


PIECES = ("<p>", "</p>", "<div hidden>", "</div>", "<li>", "<ol>", "</ol>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<caption>", "</caption>", "<h1>", "</h1>", "<br>", "甲", " ",
          "<tr hidden>", "<td style='display:none'>", "<sup>", "</sup>", "<pre>", "</pre>", "<rt>", "</rt>", "<col hidden>", "<td colspan=2 rowspan=3>")  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_order_of_tags_is_read_or_refused(markup: str) -> None:
    try:
        found = read(markup)
    except Refused as refused:
        assert refused.code in {"HTML_MALFORMED", "XLSX_BAD_REFERENCE"}  # noqa: PT017
        return
    hidden = sum(int(count) for code, count in found.notices if code == "TEXT_HIDDEN")
    shown = "".join(block.text for block in found.paragraphs) + "".join(
        "".join(grid.values()) for grid in grids(markup)
    )
    assert shown.count("甲") + hidden <= markup.count("甲")
    if not re.search("hidden|none|<rt>", markup):
        assert shown.count("甲") == markup.count("甲")


@pytest.mark.parametrize(
    "unit", ["<p>收入 386.23", "<li>甲", "<b>甲", "</p>", "<td>甲", "<p hidden>甲", "<", "&lt;", "<br>"]
)
def test_long_pages_take_time_in_proportion(unit: str) -> None:
    def run(count: int) -> Callable[[], object]:
        page = f"<table><tr>{unit * count}</table>" if "td" in unit else unit * count
        return lambda: read(page)

    assert in_proportion(run, 500, 15_000)
