"""A delimited text reads as the cells that its writer meant, in whatever encoding, or is refused with what is in doubt."""

import contextlib
import csv
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fatk import formats
from fatk.decoding import decode
from fatk.delimited import read_book, read_delimited
from fatk.errors import Refused
from fatk.grid import TEXT
from fatk.limits import DEFAULTS, Limits

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")


def cells(data: bytes | str, limits: Limits = DEFAULTS) -> dict[tuple[int, int], str]:
    sheet = read_delimited(data.encode() if isinstance(data, str) else data, "表.csv", limits)
    assert sheet.plain
    assert all(cell.kind == TEXT for cell in sheet.cells.values())
    assert list(sheet.cells) == sorted(sheet.cells)
    return {place: cell.text for place, cell in sheet.cells.items()}


def rows(data: bytes | str) -> list[list[str]]:
    """The texts line by line, blanks as empty texts."""
    found = cells(data)
    deepest = max((row for row, _ in found), default=-1)
    widths = [max((c for r, c in found if r == row), default=-1) + 1 for row in range(deepest + 1)]
    return [[found.get((row, column), "") for column in range(width)] for row, width in enumerate(widths)]


def refused(data: bytes | str, limits: Limits = DEFAULTS) -> tuple[str, dict[str, object]]:
    with pytest.raises(Refused) as caught:
        cells(data, limits)
    return caught.value.code, caught.value.details


# Encodings

LABELS = (
    "功能分类科目编码", "科目名称", "本年收入合计", "财政拨款收入", "上级补助收入", "事业收入", "经营收入", "附属单位上缴收入",
    "其他收入", "一般公共服务支出", "项目支出", "基本支出", "年初结转和结余", "结余分配", "支出", "水资源", "目录", "业务", "一、", "合计",
)  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("label", LABELS)
def test_a_small_table_reads_the_same_in_every_encoding(label: str, encoding: str) -> None:
    text = f"{label},金额\n合计,1.00\n"
    assert rows(text.encode(encoding)) == [[label, "金额"], ["合计", "1.00"]]


@pytest.mark.parametrize(
    ("data", "encoding", "stated"),
    [
        ("收入".encode(), "utf-8", False),
        ("收入".encode("utf-8-sig"), "utf-8", True),
        ("收入".encode("gbk"), "gb18030", False),
        ("收入𠮷".encode("gb18030"), "gb18030", False),
        ("收入".encode("utf-16"), "utf-16-le", True),
        (b"\xfe\xff" + "收入".encode("utf-16-be"), "utf-16-be", True),
        (b"a", "utf-8", False),
    ],
)
def test_what_an_encoding_was_and_whether_the_file_said_so(data: bytes, encoding: str, stated: bool) -> None:
    decoded = decode(data)
    assert decoded.text in {"收入", "收入𠮷", "a"}
    assert (decoded.encoding, decoded.stated) == (encoding, stated)


def test_a_declaration_counts_unless_the_bytes_contradict_it() -> None:
    ambiguous = "支".encode("gbk")
    assert decode(ambiguous, declared="GB2312") == ("支", "gb18030", True)
    assert decode("收入".encode("gbk"), declared="utf-8") == ("收入", "gb18030", False)
    assert decode("收入支出决".encode(), declared="gb2312") == ("收入支出决", "utf-8", False)
    assert decode("收入".encode(), declared="no-such-charset") == ("收入", "utf-8", False)


def test_a_mark_is_no_part_of_the_first_cell_and_a_second_one_is_text() -> None:
    assert rows("\ufeffa,b\n".encode("utf-8-sig")) == [["\ufeffa", "b"]]


def test_a_short_text_that_reads_two_ways_is_refused_and_a_longer_one_is_decided() -> None:
    for word in ("支", "业", "一", "水", "目"):
        code, details = refused(word.encode("gbk"))
        assert code == "ENCODING_AMBIGUOUS"
        assert details["second"] == word
    assert rows(("支,1.00\n" * 20 + "收入,2.00\n").encode("gbk"))[0] == ["支", "1.00"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a,b\n\xff\xff,1\n", "TEXT_ENCODING"),
        (b"\xef\xbb\xbf\xd6\xd0", "TEXT_ENCODING"),
        ("\ud800,1".encode("utf-16", "surrogatepass"), "TEXT_ENCODING"),
        (b"\xed\xa0\x80,1\n\xff", "TEXT_ENCODING"),
        (b"\xff\xfea", "TEXT_ENCODING"),
        ("a,收\n".encode("utf-16-le"), "CONTROL_CHAR"),
        (b"a,b\n1,\x002\n", "CONTROL_CHAR"),
        (b"a,b\n1,\x1b[31m2\n", "CONTROL_CHAR"),
        (b"a,b\n1,2\n\x1a", "CONTROL_CHAR"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    assert refused(data)[0] == code


# Delimiters and quotes


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_what_makes_rows_of_one_width(delimiter: str, end: str) -> None:
    lines = [
        ["收入决算表"],
        ["编码", "名称", "合计"],
        ["201", "一般公共服务，支出；", "1.00"],
        ["", "", ""],
        ["", "合计", "1.00"],
    ]
    text = end.join(delimiter.join(line) for line in lines)
    assert rows(text) == [["收入决算表"], *lines[1:3], [], lines[4]]


def test_commas_of_thousands_are_no_delimiter_where_there_are_tabs() -> None:
    assert rows("项目\t金额\n收入\t1,234.50\n支出\t9,876.00\n") == [
        ["项目", "金额"],
        ["收入", "1,234.50"],
        ["支出", "9,876.00"],
    ]


def test_a_line_that_states_the_delimiter_is_followed_and_is_no_row() -> None:
    sheet = read_delimited(b"sep=|\r\na|b,c\r\n", "t.csv", DEFAULTS)
    assert {sheet.place(*at): cell.text for at, cell in sheet.cells.items()} == {
        "t.csv:2:1": "a",
        "t.csv:2:2": "b,c",
    }


def test_a_cell_is_found_at_the_line_that_its_record_begins_at() -> None:
    sheet = read_delimited('表,b\n"两\n行",x\n\n1,2\n'.encode(), "支出.csv", DEFAULTS)
    assert [sheet.place(*at) for at in sheet.cells] == [
        "支出.csv:1:1", "支出.csv:1:2", "支出.csv:2:1", "支出.csv:2:2", "支出.csv:5:1", "支出.csv:5:2",
    ]  # fmt: skip


def test_a_code_that_is_kept_from_becoming_a_number_is_the_text_within() -> None:
    assert rows('="0201",=1+1\n"=""301""",x\n') == [["0201", "=1+1"], ["301", "x"]]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ('a,b\n"1,2\n' + "3,4\n" * 1000, 2),
        ('a,b\n1,2\n"a"b,3\n', 3),
        ('a\tb\n1\t"2\n', 2),
        ('"', 1),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(data: str, line: int) -> None:
    code, details = refused(data)
    assert (code, details["line"]) == ("CSV_MALFORMED", line)


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        ("a," + "x" * 101, Limits(csv_field=100), "CSV_FIELD_TOO_LONG"),
        (b"x" * (2 << 20), DEFAULTS, "CSV_FIELD_TOO_LONG"),
        ("a," * 600, DEFAULTS, "CSV_TOO_MANY_COLUMNS"),
        ("a,b\n" * 11, Limits(csv_rows=10), "CSV_TOO_MANY_ROWS"),
        ("\n" * 11 + "a", Limits(csv_rows=10), "CSV_TOO_MANY_ROWS"),
        ("a,b\n" * 11, Limits(cells=20), "XLSX_TOO_MANY_CELLS"),
        ("aa,bb\n" * 11, Limits(workbook_text=40), "XLSX_TEXT_TOO_LARGE"),
    ],
)
def test_a_text_beyond_a_limit_is_refused(data: bytes | str, limits: Limits, code: str) -> None:
    assert refused(data, limits)[0] == code


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t", exclude_characters="\ufeff"),
    max_size=8,
).filter(lambda text: not text.startswith('="'))


@given(
    table=st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=2, max_size=9)
    ),
    delimiter=st.sampled_from(",\t;"),
    encoding=st.sampled_from(ENCODINGS),
)
def test_what_the_csv_module_writes_reads_back(table: list[list[str]], delimiter: str, encoding: str) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(table)
    wanted = [[text for text in row if text] for row in table]
    assume(len(buffer.getvalue().encode(encoding)) >= 64)  # a shorter one may read two ways
    found = cells(buffer.getvalue().encode(encoding))
    by_row = itertools.groupby(found.items(), key=lambda item: item[0][0])
    assert [[text for _, text in group] for _, group in by_row] == [row for row in wanted if row]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Refused):
        cells(data)


# As a file


def test_a_lone_text_is_a_spreadsheet_of_one_sheet_whatever_its_name(tmp_path: Path) -> None:
    text = "收入决算表\n编码,名称,本年收入合计\n201,一般公共服务支出,5.00\n"
    for name in ("表.csv", "表.xls", "表.txt"):
        (tmp_path / name).write_bytes(text.encode("gbk"))
        reading = formats.read(tmp_path / name)
        assert reading.form == "text"
        (read_as,) = [f for f in reading.findings if f.rule == "READ-60"]
        assert f"{name}: gb18030, “,”" in read_as.message()
        assert reading.source_cells == 7


def test_a_text_without_rows_of_cells_is_no_spreadsheet() -> None:
    for data in (b" \r\n\t", "部门决算情况说明\n一、概况\n".encode(), b"BMW,1\n"):
        with pytest.raises(Refused) as caught:
            read_book(data, DEFAULTS)
        assert caught.value.code == "TEXT_UNKNOWN"


def test_a_first_line_longer_than_any_header_is_no_table_whatever_the_name(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_bytes(b"x" * 140_000 + b",1\n2,3\n")
    reading = formats.read(tmp_path / "report.csv")
    assert "READ-43" in {finding.rule for finding in reading.findings}
