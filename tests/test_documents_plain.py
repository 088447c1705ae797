"""Plain text is a paragraph a line, or printed lines that are joined; no character of it is lost, numbers of pages are told."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from document_strategies import SENTENCE, documents, published
from fatk.document import Document, Paragraph
from fatk.documents import plain
from fatk.errors import Refused
from fatk.formats.documents import prose_form
from fatk.grid import Sheet
from fatk.limits import DEFAULTS, Limits
from steps import in_proportion

PARAGRAPHS = (
    "第一部分 单位概况",
    "一、主要职能",
    "1、负责了解和掌握区人民政府各部门对上级及区委、区人民政府制定的方针、政策、决定、指示的贯彻执行情况；结合各部门的工作情况，做好工作安排和总结工作。",
    "2、负责区人民政府全体会议、党组会议、常务会议、办公例会、区长办公会议的会务工作，督促检查会议决定事项。",
    "二、机构设置及人员情况",
    "本单位下设十个处室，分别是：综合科、文书科、秘书科、督查办、党建室、政务服务中心、政务公开办、外事办、民团办、信访局，另有下属事业单位三个，均未独立核算。",
    "九、国有资本经营预算财政拨款收入支出决算情况说明",
    "本单位本年度无国有资本经营预算财政拨款收入、支出及结转和结余，国有资本经营预算财政拨款收入支出决算表为空表。",
    "公务接待费反映单位按规定开支的各类公务接待费用，包括交通、住宿、用餐等各项支出，以及按规定应当列入的其他费用。",
)  # fmt: skip
#: What cannot begin a line.
CLOSING = "，。、；：）"


def read(text: str | bytes, limits: Limits = DEFAULTS) -> Document:
    return plain.read(text if isinstance(text, bytes) else text.encode(), None, limits, "说明.txt")


def printed(text: str, width: int = 26, indent: int = 2) -> list[str]:
    """The lines of a paragraph as a printer lays out so many Hanzi a line: words are not parted, marks hang over."""
    lines, room, line = [], 2 * (width - indent), ""
    for piece in re.findall("[!-~]+|.", text):
        if line and across(line + piece) > room and piece not in CLOSING:
            lines.append(line.rstrip())
            line, room = "", 2 * width
        line += piece.lstrip() if not line else piece
    return [*lines, line]


def across(text: str) -> float:
    return sum(0.5 if c == " " else 1 if c.isascii() else 2 for c in text)


def texts(found: Document) -> list[str]:
    return [block.text for block in found.paragraphs]


# A paragraph a line


@given(documents(tables=False, levels=0, lines=False))
def test_what_is_written_reads_back_equal(document: Document) -> None:
    # The first paragraph is there since the encoding of a few characters may be ambiguous.
    kept = (Paragraph(SENTENCE), *(b for b in document.blocks if isinstance(b, Paragraph)))
    # Tabs part the cells of a table, so a paragraph is written with blanks for its own.
    written = tuple(replace(b, text=b.text.replace("\t", " ").strip()) for b in kept)
    assert read(plain.write(Document(kept))).blocks == tuple(b for b in written if b.text)


@pytest.mark.parametrize("row", ["甲\t乙", "<b>386.23</b>\t1"])
def test_a_paragraph_with_tabs_is_no_row_of_a_table_when_it_is_written(row: str) -> None:
    kept = (Paragraph(SENTENCE), Paragraph(row), Paragraph(row))
    found = read(plain.write(Document(kept))).blocks
    assert found == (kept[0], *[Paragraph(row.replace("\t", " "))] * 2)


def test_long_lines_are_paragraphs_and_certain() -> None:
    found = read("\n".join(PARAGRAPHS * 3) + "\n")
    assert found.blocks == tuple(Paragraph(text) for text in PARAGRAPHS * 3)
    assert found.notices == ()


def test_tables_are_lines_with_tabs() -> None:
    text = plain.write(published(2)).decode()
    assert "项目\t决算数\n收入合计\t386.23\n其中： 财政拨款\t386.23\n\n" in text
    assert "\n\n二、收入决算表\n\n收入决算表\t" in text
    assert not text.endswith("\n\n")


def test_lines_with_as_many_tabs_one_below_the_other_are_a_table() -> None:
    found = read(f"{SENTENCE}\n\n项目\t决算数\t\n\t386.23\t\n\t\t\n合计\t386.23\t注\n{SENTENCE}\n")
    first, table, last = found.blocks
    assert (first, last) == (Paragraph(SENTENCE), Paragraph(SENTENCE))
    assert isinstance(table, Sheet)
    assert {place: cell.text for place, cell in table.cells.items()} == {
        (0, 0): "项目", (0, 1): "决算数", (1, 1): "386.23", (2, 0): "合计", (2, 1): "386.23", (2, 2): "注",
    }  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        "\t本年收入386.23万元。",
        "一、收入\t386.23",
        "甲\t1\n\n乙\t2",
        "甲\t1\n乙\t2\t3",
        "\t甲。\n\t乙。\n\t丙。",
        "\t甲。\n乙。\n\t丙。",
    ],
)
def test_tabs_that_are_in_no_table_are_blanks(lines: str) -> None:
    found = read(f"{SENTENCE}\n{lines}\n")
    assert [*found.tables] == []
    assert "".join("".join(texts(found)).split()) == "".join(f"{SENTENCE}{lines}".split())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_what_the_bytes_bear_out(encoding: str) -> None:
    found = read(f"{SENTENCE}\r\n第二段\r".encode(encoding))
    assert texts(found) == [SENTENCE, "第二段"]
    assert found.notices == ((("ENCODING_ASSUMED", "gb18030"),) if encoding == "gb18030" else ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xff\xff" * 40, "TEXT_ENCODING"),
        ("收入\x00".encode(), "CONTROL_CHAR"),
        (b"x" * ((1 << 20) + 1), "CELL_TOO_LONG"),
        (b"x\n" * 2_000_001, "CSV_TOO_MANY_ROWS"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(data)
    assert caught.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("text", ["{}", "{}\n\f", "<html><meta charset='x'><body><p>{}"])
def test_a_file_with_sentences_is_a_document_in_whatever_encoding(encoding: str, text: str) -> None:
    data = text.format(f"部门决算公开说明。{SENTENCE}\n" * 4000).encode(encoding)
    form = "html" if text.startswith("<") else "text"
    assert prose_form(form, data, "说明") == ("html" if form == "html" else "txt")


# Printed lines


@pytest.mark.parametrize("width", [22, 26, 28, 35])
@pytest.mark.parametrize("indent", [0, 2])
def test_printed_lines_are_joined_to_their_paragraphs(width: int, indent: int) -> None:
    lines = [line for text in PARAGRAPHS * 2 for line in printed(text, width, indent)]
    for joint in ("\n", "\n\n"):
        found = read(joint.join(lines))
        assert all(block.loose for block in found.paragraphs)
        assert found.notices == (("LINES_JOINED", str(len(lines))),)
        if indent:
            assert texts(found) == [*PARAGRAPHS * 2]
        else:  # a heading of nearly a line may be a first line of its paragraph
            assert "".join(texts(found)) == "".join(PARAGRAPHS * 2)
            assert len(set(PARAGRAPHS) & set(texts(found))) >= len(PARAGRAPHS) - 3


def test_a_line_that_is_indented_begins_a_paragraph() -> None:
    lines = [
        ("\u3000\u3000" if n == 0 else "") + line
        for text in PARAGRAPHS * 2
        for n, line in enumerate(printed(text))
    ]
    assert texts(read("\n".join(lines))) == [*PARAGRAPHS * 2]


def test_words_and_numbers_that_did_not_fit_end_no_paragraph() -> None:
    for width in range(20, 34):
        lines = [line for text in (*PARAGRAPHS, SENTENCE) for line in printed(text, width)]
        assert "".join(texts(read("\n".join(lines)))[-1].split()) == "".join(SENTENCE.split()), width


# Pages


def paged(pages: list[list[str]], mark: str) -> str:
    """Pages as programs take them out of a PDF: with a form feed, or with the blank that was left of it."""
    if mark == "\f":
        return "".join("\n".join(page) + "\n\f" for page in pages)
    return "\n".join(("" if not n else mark) + "\n\n".join(page) for n, page in enumerate(pages))


@pytest.mark.parametrize("mark", ["\f", " "])
def test_text_knows_the_page_that_it_stands_on(mark: str) -> None:
    lines = [line for text in PARAGRAPHS * 3 for line in printed(text)]
    pages = [lines[at : at + 10] for at in range(0, len(lines), 10)]
    found = read(paged(pages, mark))
    assert texts(found) == [*PARAGRAPHS * 3]
    where: dict[str, set[int]] = {}
    for number, page in enumerate(pages, 1):
        for line in page:
            where.setdefault(line, set()).add(number)
    for block in found.paragraphs:
        for start, page in block.pages:
            assert any(
                block.text[start:].startswith(line) and page in numbers for line, numbers in where.items()
            )
    assert {page for block in found.paragraphs for _, page in block.pages} == set(range(1, len(pages) + 1))


@pytest.mark.parametrize("dress", ["{}", "- {} -", "— {} —", "第 {} 页 共 9 页", "{} / 9"])
@pytest.mark.parametrize("first", [False, True])
def test_numbers_of_pages_are_left_out_and_told(dress: str, first: bool) -> None:
    lines = [line for text in PARAGRAPHS * 3 for line in printed(text)]
    pages = [lines[at : at + 10] for at in range(0, len(lines), 10)]
    numbers = [dress.format(n + 3) for n in range(len(pages))]
    numbered = [[n, *page] if first else [*page, n] for n, page in zip(numbers, pages, strict=True)]
    found = read(paged(numbered, "\f"))
    assert texts(found) == [*PARAGRAPHS * 3]
    assert ("PAGE_NUMBERS", " ".join(numbers)) in found.notices


def test_a_figure_that_stands_alone_is_no_number_of_a_page() -> None:
    lines = [line for text in PARAGRAPHS * 3 for line in printed(text)]
    pages = [lines[at : at + 10] for at in range(0, len(lines), 10)]
    pages[1].append("15")
    pages[2].insert(4, "100")
    found = read(paged(pages, "\f"))
    assert {"15", "100"} <= {word for text in texts(found) for word in re.findall("[0-9]+", text)}
    assert not [n for n in found.notices if n[0] == "PAGE_NUMBERS"]


@given(
    st.lists(st.text(st.sampled_from("收入支出，。；：1. （）\u3000AB"), max_size=60), max_size=40),
    st.sampled_from(["\n", "\n\n", "\r\n"]),
)
def test_no_character_is_lost(lines: list[str], joint: str) -> None:
    found = read((joint.join(lines) + "\n收入").encode("utf-8-sig"))
    assert not any(code == "PAGE_NUMBERS" for code, _ in found.notices)
    kept = "".join("".join(texts(found)).split())
    assert kept == "".join("".join([*lines, "收入"]).split())


def test_many_lines_take_time_in_proportion() -> None:
    def run(count: int) -> Callable[[], object]:
        data = "\n".join(line for text in PARAGRAPHS * count for line in printed(text)).encode()
        return lambda: read(data)

    assert in_proportion(run, 100, 2_000)


# The real text


def test_the_real_text_is_its_paragraphs() -> None:
    folder = os.environ.get("FATK_SEED")
    if not folder:
        pytest.skip("FATK_SEED does not name the folder of the real text")
    (path,) = Path(folder).glob("*.txt")
    found = read(path.read_bytes())
    said = texts(found)
    assert dict(found.notices)["PAGE_NUMBERS"] == "16"
    raw = re.sub(r"\n16\n", "\n", path.read_text(encoding="utf-8"))
    assert "".join("".join(said).split()) == "".join(raw.split())
    parts = [next(b.page() for b in found.paragraphs if b.text.startswith(f"第{n}部分")) for n in "一二三四"]
    assert parts == [2, 6, 16, 18]
    headings = (
        "一、主要职能",
        "二、机构设置及人员情况",
        "九、国有资本经营预算财政拨款收入支出决算情况说明",
        "十一、预算绩效的情况说明",
    )
    assert set(headings) <= set(said)
    for begin, end in (
        ("19、", "任务。"),
        ("从部门决算", "信访局。"),
        ("6、", "协调工作。"),
        ("“三公”经费：", "费用。"),
    ):
        (block,) = [text for text in said if text.startswith(begin)][-1:]
        assert block.endswith(end), block
