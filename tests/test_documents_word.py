"""A Word document is the text that people see who accept all changes, and what is written as one reads back equal."""

import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from hypothesis import HealthCheck, given, settings

from document_strategies import documents, published, table
from fatk import formats
from fatk.document import Document, Paragraph
from fatk.documents import NOTICES, counting, legacy, word
from fatk.documents.look import captions
from fatk.errors import NotWritten, Refused
from fatk.grid import TEXT, Cell, Sheet, by_rows
from fatk.limits import DEFAULTS, Limits
from old_office import compound
from steps import in_proportion

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = (
    f'xmlns:w="{W}" xmlns:r="{RELATED}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)


def packed(body: str, styles: str = "", numbering: str = "", **more: str | bytes) -> bytes:
    """A .docx of these parts, made by hand."""
    relations = "".join(
        f'<Relationship Id="r{kind}" Type="{RELATED}/{kind}" Target="{kind}.xml"/>'
        for kind in ("styles", "numbering")
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="urn:types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{RELATED}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}">{relations}</Relationships>',
        "word/document.xml": f"<w:document {NAMES}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {NAMES}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {NAMES}>{numbering}</w:numbering>",
        **more,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def read(data: bytes, limits: Limits = DEFAULTS) -> Document:
    return word.read(data, None, limits, "说明.docx")


def body(inside: str, styles: str = "", numbering: str = "", **more: str | bytes) -> Document:
    return read(packed(inside, styles, numbering, **more))


def run(text: str, properties: str = "") -> str:
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{text}</w:t></w:r>'


def par(*inside: str, properties: str = "") -> str:
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{''.join(inside)}</w:p>"


def texts(found: Document) -> list[str]:
    return [block.text for block in found.paragraphs]


def shown(inside: str, **more: str) -> str:
    """The text of the one paragraph of a document."""
    (found,) = texts(body(inside, **more))
    return found


def grid(sheet: Sheet) -> dict[tuple[int, int], str]:
    return {place: cell.text for place, cell in sheet.cells.items()}


def refusal(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        read(data, limits)
    return caught.value.code


# Runs


FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'


def fielded(instruction: str, result: str) -> str:
    instruct = f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
    return FIELD.format("begin") + instruct + FIELD.format("separate") + run(result) + FIELD.format("end")


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (run("386") + run(".23") + run(" 万元"), "386.23 万元"),
        ("<w:r><w:t> 甲 </w:t></w:r>" + run("乙"), "甲乙"),
        ("<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/><w:t>丙</w:t><w:cr/><w:t>丁</w:t></w:r>", "甲\t乙\n丙\n丁"),
        ('<w:r><w:t>甲</w:t><w:br w:type="page"/><w:t>乙</w:t></w:r>', "甲乙"),
        ("<w:r><w:noBreakHyphen/><w:t>5.00</w:t><w:softHyphen/></w:r>", "-5.00"),
        ('<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:t>95%</w:t><w:sym w:font="Wingdings" w:char="00A8"/></w:r>', "≥95%□"),
        ('<w:r><w:sym w:font="宋体" w:char="2265"/><w:sym w:font="x" w:char="zz"/></w:r>', "≥\ufffd"),
        (run("386") + f"<w:del>{run('9')}<w:r><w:delText>9</w:delText></w:r></w:del><w:ins>{run('.23')}</w:ins>", "386.23"),
        (f"<w:moveFrom>{run('9')}</w:moveFrom><w:moveTo>{run('1')}</w:moveTo>", "1"),
        (run("1") + run("9", "<w:vanish/>") + run("2", '<w:vanish w:val="0"/>'), "12"),
        (run("100") + run("1", '<w:vertAlign w:val="superscript"/>') + run("2", '<w:vertAlign w:val="baseline"/>'), "100¹2"),
        (run("1") + run("2", "<w:strike/>") + run("3", '<w:dstrike w:val="false"/>'), "12\u03363"),
        (run("1", "<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>"), "1"),
        (f"<w:hyperlink>{run('网址')}</w:hyperlink><w:smartTag>{run('年')}</w:smartTag>", "网址年"),
        (f"<w:sdt><w:sdtPr><w:rPr><w:vanish/></w:rPr></w:sdtPr><w:sdtContent>{run('控件')}</w:sdtContent></w:sdt>", "控件"),
        (fielded(" REF 甲 ", "结果"), "结果"),
        (FIELD.format("begin") + "<w:r><w:instrText>IF </w:instrText></w:r>" + fielded("PAGE", "7") + run("x")
         + FIELD.format("separate") + run("真") + FIELD.format("end"), "真"),
        (f'<w:fldSimple w:instr="DATE">{run("2023年")}</w:fldSimple>', "2023年"),
        (run("共") + fielded("NUMPAGES \\* MERGEFORMAT", "20") + run("页"), "共页"),
        ("<m:oMath><m:r><m:t>1+1</m:t></m:r></m:oMath>", "1+1"),
        ("<w:r><w:ruby><w:rubyPr/><w:rt><w:r><w:t>han</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>汉</w:t></w:r></w:rubyBase></w:ruby></w:r>", "汉"),
        ("<w:r><w:t>一\n 二</w:t></w:r>", "一  二"),
    ],
)  # fmt: skip
def test_a_paragraph_is_the_text_that_people_see(inside: str, text: str) -> None:
    assert shown(par(inside)) == text


def test_hidden_text_of_a_style_is_not_read_either() -> None:
    styles = (
        '<w:style w:type="character" w:styleId="a"><w:name w:val="藏"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="b"><w:basedOn w:val="a"/></w:style>'
        '<w:style w:type="character" w:styleId="c"><w:basedOn w:val="c"/><w:rPr><w:vanish w:val="off"/></w:rPr></w:style>'
    )
    found = body(
        par(run("1") + run("23", '<w:rStyle w:val="b"/>') + run("4", '<w:rStyle w:val="c"/>')), styles
    )
    assert texts(found) == ["14"]
    assert found.notices == (("TEXT_HIDDEN", "2"),)


def test_a_paragraph_whose_mark_is_deleted_or_hidden_goes_on_in_the_next() -> None:
    inside = (
        par(run("收入总计"), properties="<w:rPr><w:del/></w:rPr>") + par(run("386.23"), properties="<w:rPr><w:vanish/></w:rPr>")
        + par(run("万元")) + par(run("末"), properties="<w:rPr><w:del/></w:rPr>")
    )  # fmt: skip
    assert texts(body(inside)) == ["收入总计386.23万元", "末"]


def test_text_boxes_come_once_and_behind_the_paragraph_that_they_are_anchored_in() -> None:
    box = f"<w:txbxContent>{par(run('框一'))}<w:tbl><w:tr><w:tc>{par(run('格'))}</w:tc></w:tr></w:tbl>{par(run('框二'))}</w:txbxContent>"
    both = (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    found = body(par(run("前"), both, run("后")) + par(run("末")))
    assert [b.text if isinstance(b, Paragraph) else grid(b) for b in found.blocks] == [
        "前后",
        "框一",
        {(0, 0): "格"},
        "框二",
        "末",
    ]
    empty = '<w:r><mc:AlternateContent><mc:Choice Requires="x"><a:x/></mc:Choice><mc:Fallback><w:t>旧</w:t></mc:Fallback></mc:AlternateContent></w:r>'
    assert shown(par(empty)) == "旧"


# Headings


STYLES = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:basedOn w:val="a"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="2"><w:name w:val="标题 2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="x"><w:name w:val="公文小标题"/><w:basedOn w:val="2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="o"><w:name w:val="节"/><w:pPr><w:outlineLvl w:val="3"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="n"><w:name w:val="heading 3"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="t"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
)


@pytest.mark.parametrize(
    ("style", "level"), [("a", 0), ("1", 1), ("2", 2), ("x", 2), ("o", 4), ("n", 0), ("t", 1), ("无", 0)]
)
def test_the_level_of_a_heading_is_its_styles(style: str, level: int) -> None:
    (found,) = body(par(run("x"), properties=f'<w:pStyle w:val="{style}"/>'), STYLES).blocks
    assert found == Paragraph("x", level)


def test_a_level_that_a_paragraph_states_counts_before_its_style() -> None:
    inside = "".join(
        par(run("x"), properties=f'<w:pStyle w:val="1"/><w:outlineLvl w:val="{n}"/>') for n in (2, 9, 0)
    )
    assert [b.level for b in body(inside, STYLES).paragraphs] == [3, 0, 1]


# Lists


def levels(*formats: tuple[str, str] | tuple[str, str, str]) -> str:
    return "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{"".join(more)}<w:lvlText w:val="{text}"/></w:lvl>'
        for n, (form, text, *more) in enumerate(formats)
    )


def numbered(name: str, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{name}"/></w:numPr>'


def lists(abstract: Mapping[str, str], nums: str) -> str:
    return (
        "".join(f'<w:abstractNum w:abstractNumId="{k}">{v}</w:abstractNum>' for k, v in abstract.items())
        + nums
    )


def num(name: str, base: str, inside: str = "") -> str:
    return f'<w:num w:numId="{name}"><w:abstractNumId w:val="{base}"/>{inside}</w:num>'


def test_numbers_that_word_counts_stand_before_the_text() -> None:
    three = levels(
        ("chineseCounting", "第%1部分", '<w:suff w:val="space"/>'),
        ("chineseCountingThousand", "%2、"),
        ("chineseCounting", "（%3）", '<w:suff w:val="nothing"/>'),
        ("decimal", "%4.%3"),
    )
    order = [0, 1, 1, 2, 2, 3, 1, 2, 0, 1]
    inside = "".join(par(run("x"), properties=numbered("7", n)) for n in order)
    assert texts(body(inside, numbering=lists({"0": three}, num("7", "0")))) == [
        "第一部分 x", "一、x", "二、x", "（一）x", "（二）x", "1.二 x", "三、x", "（一）x", "第二部分 x", "一、x",
    ]  # fmt: skip


def test_lists_of_one_kind_count_on_unless_they_are_started_anew() -> None:
    nums = (
        num("1", "0")
        + num("2", "0")
        + num("3", "0", '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>')
    )
    inside = "".join(par(run("x"), properties=numbered(n)) for n in "1123313")
    assert texts(body(inside, numbering=lists({"0": levels(("decimal", "%1."))}, nums))) == [
        "1. x", "2. x", "3. x", "5. x", "6. x", "7. x", "8. x",
    ]  # fmt: skip


def test_a_level_may_go_on_where_others_begin_again() -> None:
    two = levels(
        ("chineseCounting", "%1、"),
        ("decimal", "%2. ", '<w:lvlRestart w:val="0"/>'),
        ("decimal", "%1-%3", "<w:isLgl/>"),
    )
    inside = "".join(par(run("x"), properties=numbered("1", n)) for n in (0, 1, 0, 1, 2))
    assert texts(body(inside, numbering=lists({"0": two}, num("1", "0")))) == [
        "一、x",
        "1. x",
        "二、x",
        "2. x",
        "2-1 x",
    ]


def test_lists_of_styles_and_those_that_are_none() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="h"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="numbering" w:styleId="L"><w:name w:val="表"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
    )
    named = levels(
        ("decimal", "%1."), ("chineseCounting", "（%2）", '<w:pStyle w:val="h"/>'), ("bullet", "●")
    )
    nums = num("1", "0") + num("2", "1") + num("3", "2")
    linked = {"0": named, "1": levels(("decimalEnclosedCircle", "%1")), "2": '<w:numStyleLink w:val="L"/>'}
    inside = (
        par(run("x"), properties='<w:pStyle w:val="h"/>') + par(run("x"), properties=f'<w:pStyle w:val="h"/>{numbered("0")}')
        + par(run("x"), properties=numbered("3")) + par(run("x"), properties=numbered("1", 2)) + par(run("x"), properties=numbered("9"))
        + par(run("x"), properties='<w:pStyle w:val="h"/>') + par(properties=numbered("3"))
    )  # fmt: skip
    assert texts(body(inside, styles, lists(linked, nums))) == [
        "（一）x",
        "x",
        "① x",
        "x",
        "x",
        "（二）x",
        "②",
    ]


def test_a_deleted_or_hidden_paragraph_takes_no_number() -> None:
    gone = par(properties=f"{numbered('1')}<w:rPr><w:del/></w:rPr>")
    inside = par(run("x"), properties=numbered("1")) + gone + par(run("x"), properties=numbered("1"))
    assert texts(body(inside, numbering=lists({"0": levels(("decimal", "%1、"))}, num("1", "0")))) == [
        "1、x",
        "2、x",
    ]


@pytest.mark.parametrize(
    ("form", "numbers", "written"),
    [
        (
            "chineseCounting",
            (1, 10, 11, 20, 21, 99, 100, 105, 110, 1000, 12345),
            "一 十 十一 二十 二十一 九十九 一百 一百〇五 一百一十 一千 12345",
        ),
        ("chineseLegalSimplified", (1, 10, 12), "壹 壹拾 壹拾贰"),
        ("decimalEnclosedCircle", (1, 20, 21, 36, 50, 51), "① ⑳ ㉑ ㊱ ㊿ 51"),
        ("decimalFullWidth", (12,), "１２"),
        ("upperLetter", (1, 26, 27, 54), "A Z AA BBB"),
        ("lowerRoman", (1, 4, 9, 14, 1999), "i iv ix xiv mcmxcix"),
        ("upperRoman", (3, 0), "III 0"),
        ("ideographTraditional", (1, 11), "甲 甲"),
        ("ideographDigital", (10,), "一〇"),
        ("decimalEnclosedParen", (3,), "⑶"),
        ("decimalZero", (3,), "03"),
    ],
)
def test_how_numbers_look(form: str, numbers: tuple[int, ...], written: str) -> None:
    assert " ".join(map(counting.WORD[form], numbers)) == written


# Tables


def cell(text: str, properties: str = "", after: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(par(run(line)) for line in text.split('/'))}{after}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr>{f'<w:trPr>{properties}</w:trPr>' if properties else ''}{''.join(cells)}</w:tr>"


def tbl(*rows: str) -> str:
    return f"<w:tbl><w:tblPr><w:tblStyle w:val='x'/></w:tblPr><w:tblGrid><w:gridCol/></w:tblGrid>{''.join(rows)}</w:tbl>"


SPAN, DOWN, ON = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


def test_spans_of_cells_are_merged_ranges() -> None:
    (found,) = body(
        tbl(
            row(cell("项目", SPAN + DOWN), cell("合计", DOWN)),
            row(cell("", SPAN + ON), cell("", ON)),
            row(cell("甲"), cell("乙/丙"), cell("")),
            row(cell("1"), cell("x", ON), properties='<w:gridBefore w:val="1"/>'),
            row(cell("a", '<w:hMerge w:val="restart"/>'), cell("", "<w:hMerge/>"), cell("b")),
        )
    ).blocks
    assert isinstance(found, Sheet)
    assert grid(found) == {
        (0, 0): "项目",
        (0, 2): "合计",
        (2, 0): "甲",
        (2, 1): "乙\n丙",
        (3, 1): "1",
        (3, 2): "x",
        (4, 0): "a",
        (4, 2): "b",
    }
    assert sorted(found.merges) == [(0, 0, 1, 1), (0, 2, 1, 2), (4, 0, 4, 1)]
    assert (found.name, found.plain) == ("表1", True)


def test_what_nobody_sees_of_a_table_is_told() -> None:
    found = body(
        tbl(
            row(cell("1", DOWN)),
            row(cell("99", ON)),
            row(cell("2"), properties="<w:del/>"),
            row(cell("3"), properties="<w:ins/>"),
            row(cell("4"), properties="<w:hidden/>"),
        )
    )
    (sheet,) = found.tables
    assert grid(sheet) == {(0, 0): "1", (2, 0): "3"}
    assert dict(found.notices) == {"TEXT_HIDDEN": "3", "CHANGES_TRACKED": "2"}


def test_a_table_in_a_cell_follows_the_outer_one() -> None:
    inner = tbl(row(cell("内"))) + par()
    found = body(
        tbl(row(cell("外", after=tbl(row(cell("中", after=inner))) + par())), row(cell("下")))
        + tbl(row(cell("另")))
    )
    assert [(s.name, grid(s)) for s in found.tables] == [
        ("表1", {(0, 0): "外", (1, 0): "下"}), ("表2", {(0, 0): "中"}), ("表3", {(0, 0): "内"}), ("表4", {(0, 0): "另"}),
    ]  # fmt: skip
    assert found.notices == (("TABLE_IN_TABLE", "表2"), ("TABLE_IN_TABLE", "表3"))


def test_serial_numbers_of_a_column_are_text_of_its_cells() -> None:
    counted = f"<w:tc>{par(properties=numbered('1'))}</w:tc>"
    (found,) = body(
        tbl(row(counted), row(counted)), numbering=lists({"0": levels(("decimal", "%1"))}, num("1", "0"))
    ).tables
    assert [text.strip() for text in grid(found).values()] == ["1", "2"]


# What is told


def test_what_is_not_read_is_told() -> None:
    found = body(
        par(
            run("正文"),
            '<w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:endnoteReference w:id="1"/></w:r><w:r><w:commentReference w:id="0"/></w:r>',
        )
        + par("<w:r><w:drawing><a:blip/></w:drawing></w:r>")
        + '<w:altChunk r:id="x"/>',
        **{"word/vbaProject.bin": b"x", "word/embeddings/1.xlsx": b"x", "word/footnotes.xml": "<x/>"},
    )
    assert texts(found) == ["正文"]
    assert set(found.notices) == {
        ("NOTES_APART", "2"), ("COMMENT_PRESENT", "1"), ("DRAWING_PRESENT", "1"), ("PART_APART", "1"), ("PART_APART", "word/embeddings/1.xlsx"),
        ("MACRO_PRESENT", "word/vbaProject.bin"),
    }  # fmt: skip


def test_a_table_of_contents_is_no_text() -> None:
    entry = par(
        run("一、收入"),
        "<w:r><w:tab/></w:r>",
        fielded("PAGEREF _Toc1", "3"),
        properties='<w:pStyle w:val="TOC1"/>',
    )
    field = (
        par(FIELD.format("begin") + '<w:r><w:instrText> TOC \\o "1-3" </w:instrText></w:r>' + FIELD.format("separate") + run("一、收入 3"))
        + par(run("二、支出 5")) + par(FIELD.format("end"))
    )  # fmt: skip
    control = f'<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr><w:sdtContent>{par(run("目录"))}{field}</w:sdtContent></w:sdt>'
    for inside, count in ((entry, "1"), (field, "1"), (control, "1")):
        found = body(inside + par(run("正文")), STYLES)
        assert texts(found) == ["正文"]
        assert found.notices == (("CONTENTS_SKIPPED", count),)


def test_a_table_of_contents_that_does_not_end_costs_no_text_behind_the_next_heading() -> None:
    begun = par(
        FIELD.format("begin")
        + "<w:r><w:instrText>TOC</w:instrText></w:r>"
        + FIELD.format("separate")
        + run("一 3")
    )
    inside = begun + par(run("x"), properties='<w:pStyle w:val="1"/>') + par(run("正文"))
    assert texts(body(inside, STYLES))[-1] == "正文"


# Pages


BREAK = "<w:r><w:lastRenderedPageBreak/></w:r>"


def test_pages_are_those_that_were_laid_out() -> None:
    inside = (
        par(run("甲")) + par(run(" 乙"), BREAK, run("丙")) + par(BREAK, run("丁"), properties=numbered("1"))
        + tbl(row(cell("a"), f"<w:tc>{par(BREAK, run('b'))}</w:tc>", f"<w:tc>{par(BREAK, run('c'))}</w:tc>")) + par(run("戊"))
    )  # fmt: skip
    found = body(inside, numbering=lists({"0": levels(("decimal", "%1、"))}, num("1", "0")))
    assert [(b.text, b.pages) for b in found.paragraphs] == [
        ("甲", ((0, 1),)), ("乙丙", ((0, 1), (1, 2))), ("1、丁", ((0, 3),)), ("戊", ((0, 4),)),
    ]  # fmt: skip
    assert [b.page(1) for b in found.paragraphs] == [1, 2, 3, 4]


def test_without_a_layout_there_are_no_pages() -> None:
    assert [b.pages for b in body(par('<w:r><w:br w:type="page"/></w:r>', run("甲"))).paragraphs] == [()]


# Written


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(documents(levels=9))
def test_what_is_written_reads_back_equal(document: Document) -> None:
    assert read(word.write(document)) == document


def test_the_same_document_is_the_same_bytes_and_tells_of_nobody() -> None:
    data = word.write(published())
    assert data == word.write(published())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in archive.namelist() if name.startswith(("docProps", "customXml"))]
        assert b"python-docx" not in b"".join(map(archive.read, archive.namelist()))


def test_python_docx_reads_what_is_written() -> None:
    made = docx.Document(io.BytesIO(word.write(published())))
    wanted = published()
    assert [p.text for p in made.paragraphs if p.text] == [p.text for p in wanted.paragraphs]
    names = {0: "Normal", 1: "Heading 1", 2: "Heading 2", 3: "Heading 3"}
    styles = [p.style.name for p in made.paragraphs if p.text]
    own = {id(wanted.blocks[index]) for index in captions(wanted.blocks)}
    below = [
        "Caption" if id(p) in own and not p.level else names[p.level] for p in list(wanted.paragraphs)[1:]
    ]
    assert styles == ["Title", *below]
    assert "Caption" in below
    for there, here in zip(made.tables, wanted.tables, strict=True):
        for (r, c), found in here.cells.items():
            assert there.cell(r, c).text == found.text
        for r1, c1, r2, c2 in here.merges:
            assert there.cell(r1, c1)._tc is there.cell(r2, c2)._tc
    assert [s.orientation for s in made.sections] == [0, 1, 0]


def test_a_sign_is_not_parted_from_its_figure_and_captions_stand_as_in_print() -> None:
    form = Sheet("表1", by_rows({(0, 0): Cell("金额", TEXT), (1, 0): Cell("-5.00", TEXT)}), plain=True)
    lines = ("公开01表", "部门：某局　　金额单位：万元")
    made = Document(
        (
            Paragraph("收入决算表", 3),
            *map(Paragraph, lines),
            form,
            Paragraph("注：本表反映收入。"),
            Paragraph("差异率-29.89%，A-1。"),
        )
    )
    data = word.write(made)
    title, number, captions, _gap, note, text = docx.Document(io.BytesIO(data)).paragraphs
    assert [p.alignment for p in (title, number, captions)] == [
        WD_ALIGN_PARAGRAPH.CENTER,
        WD_ALIGN_PARAGRAPH.RIGHT,
        None,
    ]
    assert [p.style.name for p in (number, note, text)] == ["Caption", "Table Text", "Normal"]
    assert [text.text, len(text._p.xpath(".//w:noBreakHyphen"))] == ["差异率-29.89%，A-1。", 1]
    assert [block.text for block in read(data).paragraphs] == [p.text for p in made.paragraphs]


def test_what_xml_cannot_hold_is_written_visibly() -> None:
    found = read(word.write(Document((Paragraph("甲\x07乙\ud800丙\r丁"),))))
    assert found.blocks == (Paragraph("甲\\x07乙\\ud800丙\n丁"),)


def test_without_its_writer_a_word_document_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(NotWritten) as caught:
        word.write(Document(()))
    assert caught.value.code == "WORD_WRITER_MISSING"


def test_reading_imports_no_writer() -> None:
    code = "import sys; from fatk.documents import word; assert not {'docx', 'lxml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Of other programs


def test_what_python_docx_writes() -> None:
    made = docx.Document()
    made.add_heading("部门决算公开说明", 0)
    made.add_heading("一、收入", 1)
    paragraph = made.add_paragraph("收入总计 ")
    paragraph.add_run("386.23").bold = True
    paragraph.add_run(" 万元").add_break(WD_BREAK.LINE)
    paragraph.add_run("x2").font.superscript = True
    made.add_paragraph("甲", style="List Number")
    made.add_paragraph("乙", style="List Number")
    made.add_paragraph("丙", style="List Bullet")
    there = made.add_table(2, 3, style="Table Grid")
    there.cell(0, 0).merge(there.cell(0, 1)).text = "项目"
    there.cell(0, 2).merge(there.cell(1, 2)).text = "决算数"
    there.cell(1, 0).text = "1"
    buffer = io.BytesIO()
    made.save(buffer)
    assert read(buffer.getvalue()).blocks == (
        Paragraph("部门决算公开说明", 1),
        Paragraph("一、收入", 1),
        Paragraph("收入总计 386.23 万元\nx²"),
        Paragraph("1. 甲"),
        Paragraph("2. 乙"),
        Paragraph("丙"),
        table("表1", [["项目", "", "决算数"], ["1"]], ((0, 0, 0, 1), (0, 2, 1, 2))),
    )


def test_a_document_that_libreoffice_saved_reads_as_before(
    convert_files: Callable[..., Path], tmp_path: Path
) -> None:
    source = tmp_path / "说明.docx"
    source.write_bytes(word.write(published()))
    again = convert_files("docx:MS Word 2007 XML", [source]) / "说明.docx"
    assert read(again.read_bytes()).blocks == published().blocks


# Old documents


def test_an_old_document_is_read_by_way_of_libreoffice(
    convert_files: Callable[..., Path], tmp_path: Path
) -> None:
    source = tmp_path / "说明.docx"
    source.write_bytes(word.write(published()))
    data = (convert_files("doc:MS Word 97", [source]) / "说明.doc").read_bytes()
    before = set(Path(legacy.tempfile.gettempdir()).glob("fatk-*"))
    found = legacy.read(data, None, DEFAULTS, "说明.doc")
    assert found.blocks == published().blocks
    assert found.notices == (("CONVERTED", "LibreOffice"),)
    assert set(Path(legacy.tempfile.gettempdir()).glob("fatk-*")) == before
    flagged = bytearray(data)
    at = data.index(b"\xec\xa5") + 10  # the first word of a document's main stream
    flagged[at + 1] |= 1
    with pytest.raises(Refused) as caught:
        legacy.read(bytes(flagged), None, DEFAULTS, "密.doc")
    assert caught.value.code == "ENCRYPTED_DOCUMENT"


def refused_old(data: bytes, limits: Limits = DEFAULTS) -> str:
    with pytest.raises(Refused) as caught:
        legacy.read(data, None, limits, "旧.doc")
    return caught.value.code


def test_without_libreoffice_an_old_document_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legacy, "program", lambda: None)
    assert refused_old(compound({"WordDocument": bytes(5000)})) == "OLD_WORD"


def test_an_old_document_that_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert refused_old(compound({"EncryptedPackage": b"x"})) == "ENCRYPTED_WORKBOOK"
    assert refused_old(compound({"Workbook": b"x"})) == "OLE_UNKNOWN"
    fake = tmp_path / "soffice"
    fake.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(legacy, "program", lambda: str(fake))
    assert refused_old(compound({"WordDocument": bytes(5000)})) == "OLD_WORD_FAILED"
    monkeypatch.setattr(legacy, "program", lambda: str(tmp_path / "none"))
    assert refused_old(compound({"WordDocument": bytes(5000)})) == "OLD_WORD_FAILED"


def test_a_libreoffice_that_does_not_end_is_ended_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    fake = tmp_path / "soffice"
    fake.write_text(f"#!/bin/sh\n(sleep 3; touch '{left}') &\nsleep 60\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(legacy, "program", lambda: str(fake))
    started = time.monotonic()
    assert refused_old(compound({"WordDocument": bytes(5000)}), Limits(reader_seconds=1)) == "READER_TIMEOUT"
    assert time.monotonic() - started < 10
    time.sleep(3)
    assert not left.exists()


# Hostile


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: packed("", **{"word/document.xml": f'<!DOCTYPE x [<!ENTITY a "b">]><w:document {NAMES}/>'}), "XML_DTD_FORBIDDEN"),
        (lambda: packed("", **{"word/styles.xml": f"<!DOCTYPE x><w:styles {NAMES}/>"}), "XML_DTD_FORBIDDEN"),
        (lambda: packed(par(run("x")), **{"word/footnotes.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), "XML_DTD_FORBIDDEN"),
        (lambda: packed("<w:p>" * 200 + "</w:p>" * 200), "XML_TOO_COMPLEX"),
        (lambda: packed(tbl(row(cell("x"))).replace("<w:tc>", "<w:tc>" * 3000).replace("</w:tc>", "</w:tc>" * 3000)), "XML_TOO_COMPLEX"),
        (lambda: packed(par(run("长" * (1 << 20) + "x"))), "CELL_TOO_LONG"),
        (lambda: packed(tbl(row(cell("长" * 33_000)))), "CELL_TOO_LONG"),
        (lambda: packed(tbl(row(cell("x", '<w:gridSpan w:val="999999999"/>')))), "XLSX_BAD_REFERENCE"),
        (lambda: packed(tbl(row(cell("x"), properties='<w:gridBefore w:val="999999999"/>'))), "XLSX_BAD_REFERENCE"),
        (lambda: packed(tbl(*[row(cell("x", '<w:gridSpan w:val="9999"/>'))] * 300)), "XLSX_MERGE_AREA"),
        (lambda: packed("<w:p><w:r>"), "XML_MALFORMED"),
        (lambda: packed("", **{"word/document.xml": "<x/>"}), "XLSX_WRONG_PART"),
        (lambda: packed("", **{"_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'}), "XLSX_PART_MISSING"),
        (lambda: packed(par(run("x")))[:900], "ZIP_TRUNCATED"),
    ],
)  # fmt: skip
def test_a_hostile_document_is_refused(data: Callable[[], bytes], code: str) -> None:
    assert refusal(data()) == code


def test_broken_structures_are_read_as_far_as_they_go() -> None:
    assert texts(
        body(
            "</w:p>".join(["<w:p>" + run("甲"), FIELD.format("end") + run("x")][:1])
            + "</w:p>"
            + par(FIELD.format("end"), run("乙"))
        )
    ) == ["甲", "乙"]
    assert texts(body(par(FIELD.format("begin"), run("隐")) + par(run("见")))) == ["见"]
    assert texts(
        body(row(cell("散")) + f"<w:tc>{par(run('格'))}</w:tc>" + par(run("段")) + "<w:vMerge/><w:gridSpan/>")
    ) == ["段"]
    assert texts(
        body(
            par(run("x"), properties=numbered("1", 99)),
            numbering=lists({"0": levels(("decimal", "%1、"))}, num("1", "0")),
        )
    ) == ["x"]


def test_many_paragraphs_and_cells_take_time_in_proportion() -> None:
    def reading(count: int) -> Callable[[], object]:
        data = packed(
            par(run("收入总计 386.23 万元")) * count + tbl(row(*[cell("386.23")] * 9) * (count // 10))
        )
        return lambda: read(data)

    assert in_proportion(reading, 2_000, 40_000)


def test_a_document_without_text_is_refused_and_one_of_a_foreign_table_too() -> None:
    with pytest.raises(Refused) as caught:
        formats.read_bytes(packed(par("<w:r><w:drawing><a:blip/></w:drawing></w:r>")))
    assert caught.value.code == "DOCUMENT_EMPTY"
    with pytest.raises(Refused) as caught:
        formats.read_bytes(packed(tbl(row(cell("收入"), cell("5.00")))))
    assert caught.value.code == "DOCUMENT_OTHER"


def test_strict_documents_are_read_too() -> None:
    data = packed(
        "",
        **{
            "word/document.xml": f'<w:document xmlns:w="{STRICT}"><w:body>{par(run("甲"), properties="<w:jc/>")}</w:body></w:document>'
        },
    )
    with pytest.raises(Refused):  # its styles are of the other kind: no program writes such a file
        read(packed("", **{"word/document.xml": "<w:document xmlns:w='urn:x'/>"}))
    assert texts(read(data)) == ["甲"]


def test_every_notice_has_its_code() -> None:
    assert parse_xml  # the writer of others that stands beside ours
    assert len(set(NOTICES.values())) == len(NOTICES)
