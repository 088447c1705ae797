"""Markdown is read as a renderer shows it, and what is written holds no markup but its own and reads back equal."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from document_strategies import documents, published, table
from fatk.document import Document, Paragraph
from fatk.documents import markdown
from fatk.errors import Refused
from fatk.grid import TEXT, Cell, Sheet, by_rows
from fatk.limits import DEFAULTS, Limits
from steps import in_proportion


def read(text: str | bytes, limits: Limits = DEFAULTS) -> Document:
    data = text if isinstance(text, bytes) else text.encode("utf-8-sig")
    return markdown.read(data, None, limits, "说明.md")


def texts(text: str) -> list[str]:
    return [block.text for block in read(text).paragraphs]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("收入总计\n386.23 万元", ["收入总计 386.23 万元"]),
        ("收入\n支出", ["收入支出"]),
        ("甲  \n乙\\\n丙<br>丁", ["甲\n乙\n丙\n丁"]),
        ("甲\\\\\n乙", ["甲\\ 乙"]),
        ("甲\n\n\n  乙", ["甲", "乙"]),
        ("**收入** *总计* ***386***.23 __万__ _元_", ["收入 总计 386.23 万 元"]),
        ("2*3*4 a_b_c * x * **", ["234 a_b_c * x * **"]),
        ("\\*甲\\* \\\\ \\甲", ["*甲* \\ \\甲"]),
        ("`a*b*` ``c`d`` ` e ``", ["a*b* c`d ` e ``"]),
        ('[公开表](http://x/y(z) "题") [甲][乙] [丙] ![图](x.png)\n\n[乙]: http://x\n', ["公开表 甲 [丙] 图"]),
        ("<https://x.y/z> <a@b.cn> <span class='x'>甲</span><!-- 注 -->", ["https://x.y/z a@b.cn 甲"]),
        ("~~5~~10<sup>2</sup>", ["5\u033610²"]),
        ("&lt;&amp;&#20803;&nope; &", ["<&元&nope; &"]),
        ("---\n***\n甲\n\n* * *", ["甲"]),
        ("```\n# 甲\n  乙\n\n```\n~~~ x\n丙\n", ["# 甲\n  乙", "丙"]),
        ("甲\n\n    # 乙\n      丙\n\n丁", ["甲", "# 乙\n  丙", "丁"]),
        ("> 甲\n乙\n> > 丙\n\n丁", ["甲乙", "丙", "丁"]),
        ("- 甲\n- 乙\n\n  续\n* 丙", ["甲", "乙", "续", "丙"]),
        ("3. 甲\n4. 乙\n   1) 子\n   2) 丑\n9. 丙", ["3. 甲", "4. 乙", "1) 子", "2) 丑", "5. 丙"]),
        ("甲\n2. 乙\n1. 丙", ["甲 2. 乙", "1. 丙"]),
        ("1. 甲\n乙\n\n丙", ["1. 甲乙", "丙"]),
        ("1.\n2. x", ["1.", "2. x"]),
        ("1. # 甲\n2. > 乙", ["1. 甲", "2. 乙"]),
        ("<div>\n甲\n<p>乙</p>\n</div>\n\n丙", ["甲", "乙", "丙"]),
        ("<!-- 注\n\n注 -->\n甲", ["甲"]),
        ("#甲\n####### 乙", ["#甲 ####### 乙"]),
    ],
)  # fmt: skip
def test_paragraphs_are_what_a_renderer_shows(text: str, shown: list[str]) -> None:
    assert texts(text) == shown


def test_headings_have_their_levels() -> None:
    found = read("# 一\n## 二 ##\n###### **六**\n一\n===\n二\n---\n正文\n#\n")
    assert [(b.text, b.level) for b in found.paragraphs] == [
        ("一", 1),
        ("二", 2),
        ("六", 6),
        ("一", 1),
        ("二", 2),
        ("正文", 0),
    ]


def test_tables_are_those_of_github() -> None:
    found = read(
        "前\n\n| 项目 | 决算数 |\n|:---|---:|\n| **收入** | 386.23 |\n| a\\|b |\n| x | y | z |\n后 | 行\n\n---|---\n甲|乙\n-|-\n\n丙|丁\n-\n"
    )
    assert found.blocks == (
        Paragraph("前"), table("表1", [["项目", "决算数"], ["收入", "386.23"], ["a|b"], ["x", "y"], ["后", "行"]]), Paragraph("---|---"),
        table("表2", [["甲", "乙"]]), Paragraph("丙|丁", 2),
    )  # fmt: skip


def test_a_table_of_html_keeps_its_merged_cells() -> None:
    found = read("前\n<table>\n\n<tr><th colspan=2>项目\n<tr><td>甲<td>1\n</table>\n后\n")
    assert found.blocks == (
        Paragraph("前"),
        table("表1", [["项目"], ["甲", "1"]], ((0, 0, 0, 1),)),
        Paragraph("后"),
    )


def test_pictures_are_told() -> None:
    assert read("![图](x) <img src=y>\n\n<div><img></div>").notices == (
        ("DRAWING_PRESENT", "1"),
        ("DRAWING_PRESENT", "2"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_what_the_bytes_bear_out(encoding: str) -> None:
    found = read(("# 部门决算公开说明\n\n" + "收入总计 386.23 万元\n" * 5).encode(encoding))
    assert next(found.paragraphs) == Paragraph("部门决算公开说明", 1)
    assert found.notices == ((("ENCODING_ASSUMED", "gb18030"),) if encoding == "gb18030" else ())


# Written


def again(document: Document) -> Document:
    data = markdown.write(document)
    return read(data.decode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_what_is_written_reads_back_equal(document: Document) -> None:
    assert again(document) == document


@given(
    st.lists(
        st.text(st.sampled_from("#-+=*_`[]()!<>|~&;\\ \t\n1.):甲a$"), min_size=1, max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_text_never_becomes_markup(lines: list[str]) -> None:
    blocks = tuple(Paragraph(text, level) for level, line in enumerate(lines) if (text := line.strip()))
    cells = {(n, 0): Cell(block.text, TEXT) for n, block in enumerate(blocks)}
    sheets = (Sheet("表1", by_rows(cells), plain=True),) if cells else ()
    assert again(Document((*blocks, *sheets))).blocks == (*blocks, *sheets)


def test_a_long_document_reads_back_equal_and_is_the_same_bytes() -> None:
    assert again(published()) == published()
    assert markdown.write(published()) == markdown.write(published())
    assert markdown.write(Document(())) == b""


def test_a_level_below_the_sixth_is_the_sixth() -> None:
    assert again(Document((Paragraph("甲", 8),))).blocks == (Paragraph("甲", 6),)


# Hostile


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (">" * 200 + "甲", "XML_TOO_COMPLEX"),
        ("- " * 200 + "甲", "XML_TOO_COMPLEX"),
        ("x\n" * 2_000_001, "CSV_TOO_MANY_ROWS"),
        ("长" * ((1 << 20) + 1), "CELL_TOO_LONG"),
        ("|甲|\n|-|\n|" + "长" * 33_000 + "|", "CELL_TOO_LONG"),
        ("<table><tr><td>x", "HTML_MALFORMED"),
        (b"\xff\xff\xff" * 40, "TEXT_ENCODING"),
        ("甲\x00", "CONTROL_CHAR"),
    ],
)
def test_a_hostile_file_is_refused(text: str | bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(text)
    assert caught.value.code == code


UNITS = ("甲\n\n", "甲\n", "*甲 ", "**甲** ", "[", "[甲](", "`", "<", "<!--", "&", "\\", "_a_", "~~", "> 甲\n", "- 甲\n", "1. 甲\n\n", "|甲|\n", "|-|\n", "# 甲\n", "```\n", "<div>\n", "<table>\n", "甲\n===\n",
         "]", "![", "   ", "- 甲\n\n  乙\n", "<a ", "&#", "``` ")  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_long_files_take_time_in_proportion(unit: str) -> None:
    def run(count: int) -> Callable[[], object]:
        text = unit * count

        def reading() -> None:
            with contextlib.suppress(Refused):
                read(text)

        return reading

    assert in_proportion(run, 400, 12_000)


@given(
    st.lists(
        st.sampled_from((*UNITS, "甲", "\n", "\n\n", "    ", "|", "</table>\n", "</div>\n", "<br>", "\t")),
        max_size=25,
    ).map("".join)
)
def test_any_order_of_marks_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except Refused as refused:
        assert refused.code in {"HTML_MALFORMED", "XML_TOO_COMPLEX", "XLSX_BAD_REFERENCE"}  # noqa: PT017
        return
    shown = "".join(
        b.text if isinstance(b, Paragraph) else "".join(c.text for c in b.cells.values())
        for b in found.blocks
    )
    if not {"<", "(", "`"} & set(text):
        assert shown.count("甲") == text.count("甲")
