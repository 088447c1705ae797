"""Documents for tests: random ones as the writers are given them, and a large one that looks like what departments publish."""

from __future__ import annotations

from hypothesis import strategies as st

from fatk.document import Block, Document, Paragraph
from fatk.grid import TEXT, Cell, Range, Sheet, by_rows

#: Text that some form might take for markup of its own, or lose.
AWKWARD = (
    "<b>386.23</b>", "&lt;", "&amp;#20;", "# 一", "1. 收入", "1) 收入", "- 支出", "* 甲 *", "**乙**", "_丙_", "`丁`", "[戊](己)", "![庚](辛)", "|", "a|b", "\\|", "\\",
    "```", "~~壬~~", "> 癸", "---", "===", "    缩进", "\u3000\u3000首行", "\u00a0", "a\u200bb", "]]>", "<!-- -->", "</p>", "<table>", "<br>", "$x$", "386.23 万元", "-5.00%",
    "10¹²", "5\u0336", "“三公”", "（一）", "…", "\u2028", "🙂", "甲\n乙", "甲\n\n乙", "a\tb", "a  b", "_x000D_", "{{x}}", "%1", "+ 1", "1.", "12.5", "~~~", "::: x", "http://a.b/c_d_e", "x@y.z",
    "&copy", "AT&T", "***", "___", "\\*", "\\\n", "a\\", "：--", ":---", "|---|", "<div>", "&#9;", "甲 \n 乙", "\n# x", "甲\n1. 乙", "甲\n---", "甲\n===", "甲\n    乙", "甲\n|乙|",
)  # fmt: skip
#: Characters that every form can hold.
_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff"
)


def texts(*, lines: bool = True) -> st.SearchStrategy[str]:
    """Texts of paragraphs: no outer blanks, no line ends but line feeds."""
    pieces = st.one_of(
        st.sampled_from(AWKWARD), st.text(_CHARACTERS, max_size=8), st.sampled_from(" \t\n（）、。,.1")
    )
    joined = st.lists(pieces, min_size=1, max_size=5).map("".join)
    if not lines:
        joined = joined.map(lambda text: " ".join(text.split("\n")))
    return joined.map(str.strip).filter(bool)


def cell_texts() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(("386.23", "-5.00", "科目", "　其中：")), texts()).filter(
        lambda text: bool(text.strip())
    )


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """A table with some cells and some merged ranges, whose covered cells are empty."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    merges: list[Range] = []
    covered: set[tuple[int, int]] = set()
    for _ in range(draw(st.integers(0, 3))):
        r1, c1 = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
        r2, c2 = draw(st.integers(r1, rows - 1)), draw(st.integers(c1, columns - 1))
        area = {(r, c) for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)}
        if len(area) > 1 and not area & covered:
            merges.append((r1, c1, r2, c2))
            covered |= area
    hidden = covered - {merge[:2] for merge in merges}
    places = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in hidden]
    cells = {place: Cell(draw(cell_texts()), TEXT) for place in places if draw(st.integers(0, 3))}
    cells.setdefault(places[0], Cell("甲", TEXT))
    return Sheet("", by_rows(cells), tuple(sorted(merges)), plain=True)


@st.composite
def documents(draw: st.DrawFn, *, tables: bool = True, levels: int = 6, lines: bool = True) -> Document:
    """A document as a reader yields it, without what is of one source only: its pages."""
    paragraph = st.builds(Paragraph, texts(lines=lines), st.one_of(st.just(0), st.integers(0, levels)))
    blocks: list[Block] = []
    number = 0
    for block in draw(
        st.lists(st.one_of(paragraph, paragraph, sheets()) if tables else paragraph, max_size=8)
    ):
        if isinstance(block, Sheet):
            number += 1
            blocks.append(Sheet(f"表{number}", block.rows, block.merges, plain=True))
        else:
            blocks.append(block)
    return Document(tuple(blocks))


def table(name: str, rows: list[list[str]], merges: tuple[Range, ...] = ()) -> Sheet:
    cells = {(r, c): Cell(text, TEXT) for r, row in enumerate(rows) for c, text in enumerate(row) if text}
    return Sheet(name, by_rows(cells), merges, plain=True)


SENTENCE = (
    "2022 年度收入总计 386.23 万元，其中：本年收入合计 386.23 万元，使用非财政拨款结余 0.00 万元，年初结转和结余 0.00 万元。收入总计与上年相比，增加"
    " 38.57 万元，增长 11.09%，主要原因是：本年在职人员工资调增，社保，住房公积金等相关人员经费增加。"
)


def published(items: int = 12) -> Document:
    """A narrative with headings, long paragraphs, a small table and one of nine columns with a merged header."""
    header = [
        "科目编码",
        "科目名称",
        "本年收入合计",
        "财政拨款收入",
        "上级补助收入",
        "事业收入",
        "经营收入",
        "附属单位上缴收入",
        "其他收入",
    ]
    rows = [
        ["收入决算表"],
        ["项目", "", *header[2:]],
        header[:2],
        ["栏次", "", *"1234567"],
        *([f"20103{n:02}", "一般公共服务支出政府办公厅（室）及相关机构事务", "1,386.23", "386.23", "0.00", "0.00", "", "—", "12.00"] for n in range(items)),
    ]  # fmt: skip
    merges = ((0, 0, 0, 8), (1, 0, 1, 1), *((1, c, 2, c) for c in range(2, 9)), (3, 0, 3, 1))
    small = [["项目", "决算数"], ["收入合计", "386.23"], ["其中：\n财政拨款", "386.23"]]
    return Document(
        (
            Paragraph("某某市某某区人民政府办公室2022年度部门决算公开说明", 1),
            Paragraph("第一部分 单位概况", 1),
            Paragraph("一、主要职能", 2),
            *(Paragraph(f"{n}、{SENTENCE}") for n in range(1, items + 1)),
            Paragraph("（一）政府采购情况", 3),
            Paragraph("第一行\n第二行\t制表，  两个空格"),
            table("表1", small),
            Paragraph("二、收入决算表", 2),
            table("表2", rows, merges),
            Paragraph(SENTENCE),
            table("表3", small),
            table("表4", small),
        )
    )
