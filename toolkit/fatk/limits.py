"""How much of an untrusted input is read before it is refused.

Every limit is declared once, with its unit, the code of the refusal that it causes and its meaning in Chinese and English.
Nothing an input says can change one, nor can the environment: other values are given where ``Limits`` is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_KIB, _MIB = 1 << 10, 1 << 20


def limit(value: int, unit: str, code: str, zh: str, en: str) -> int:
    """A field of a class of limits: its default and what a person is told about it."""
    made: int = field(default=value, metadata={"unit": unit, "code": code, "zh": zh, "en": en})
    return made


def held_positive(limits: DataclassInstance) -> None:
    """Hold that every limit is a positive integer; ``ValueError`` where one is not."""
    for declared in fields(limits):
        value = getattr(limits, declared.name)
        if type(value) is not int or value < 1:
            raise ValueError(f"limit {declared.name} must be a positive integer, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits in force; the defaults suit a person's own machine. ``ValueError`` where one is not a positive integer."""

    file_size: int = limit(50 * _MIB, "B", "FILE_TOO_LARGE", "单个输入文件的大小", "size of one input file")

    zip_entries: int = limit(
        5_000, "", "ZIP_TOO_MANY_ENTRIES", "压缩包内的条目数", "entries of a zip archive"
    )
    zip_total: int = limit(
        256 * _MIB, "B", "ZIP_BOMB", "压缩包解压后的总大小", "inflated size of a whole archive"
    )
    zip_entry: int = limit(128 * _MIB, "B", "ZIP_BOMB", "单个条目解压后的大小", "inflated size of one entry")
    zip_ratio: int = limit(200, "x", "ZIP_BOMB", "单个条目的压缩比", "compression ratio of one entry")
    zip_ratio_floor: int = limit(
        _MIB,
        "B",
        "ZIP_BOMB",
        "解压后不超过此大小的条目不检查压缩比",
        "entries up to this inflated size may have any ratio",
    )

    sheets: int = limit(256, "", "XLSX_TOO_MANY_SHEETS", "工作簿的工作表数", "sheets of a workbook")
    cells: int = limit(
        2_000_000, "", "XLSX_TOO_MANY_CELLS", "工作簿的非空单元格数", "non-empty cells of a workbook"
    )
    used_area: int = limit(
        5_000_000,
        "",
        "XLSX_SPARSE_AREA",
        "各工作表已用区域(从 A1 到最远的非空单元格)的面积之和,以及只有格式的空单元格数",
        "cells between A1 and the farthest non-empty cell, summed over the sheets; also empty cells that only have a style",
    )
    merges: int = limit(20_000, "", "XLSX_MERGE_AREA", "工作簿的合并区域数", "merged ranges of a workbook")
    merged_area: int = limit(
        2_000_000,
        "",
        "XLSX_MERGE_AREA",
        "合并区域覆盖的单元格总数",
        "cells covered by the merged ranges of a workbook",
    )
    styles: int = limit(
        100_000, "", "XLSX_TOO_MANY_STYLES", "工作簿的单元格格式数", "cell formats of a workbook"
    )
    cell_text: int = limit(32_767, "char", "CELL_TOO_LONG", "单元格的文字长度", "text of one cell")
    workbook_text: int = limit(
        64 * _MIB,
        "char",
        "XLSX_TEXT_TOO_LARGE",
        "工作簿全部单元格或文档全部段落的文字总长度",
        "text of all cells of a workbook or all paragraphs of a document",
    )
    paragraph_text: int = limit(
        _MIB, "char", "CELL_TOO_LONG", "文档一个段落的文字长度", "text of one paragraph of a document"
    )

    xml_depth: int = limit(128, "", "XML_TOO_COMPLEX", "XML 元素的嵌套层数", "nesting of XML elements")
    xml_names: int = limit(
        10_000,
        "",
        "XML_TOO_COMPLEX",
        "一个 XML 部件内不同的元素名和属性名",
        "different element and attribute names of an XML part",
    )
    xml_markup: int = limit(
        2 * _MIB, "B", "XML_TOO_COMPLEX", "单个 XML 标记或注释的长度", "one XML tag or comment"
    )
    xml_elements: int = limit(
        1_500_000,
        "",
        "XML_TOO_COMPLEX",
        "一个 OpenDocument、XML、HTML 表格文件或文档的标记数",
        "elements of a spreadsheet in OpenDocument, XML or HTML, or of a document",
    )

    csv_field: int = limit(
        _MIB, "char", "CSV_FIELD_TOO_LONG", "CSV 单个字段的长度", "one field of a CSV file"
    )
    csv_columns: int = limit(512, "", "CSV_TOO_MANY_COLUMNS", "CSV 文件的列数", "columns of a CSV file")
    csv_rows: int = limit(2_000_000, "", "CSV_TOO_MANY_ROWS", "CSV 文件的行数", "rows of a CSV file")

    json_depth: int = limit(64, "", "JSON_TOO_DEEP", "JSON 的嵌套层数", "nesting of JSON")
    json_string: int = limit(
        _MIB, "char", "JSON_STRING_TOO_LONG", "JSON 单个字符串的长度", "one string of JSON"
    )
    number_length: int = limit(40, "char", "NUMBER_TOO_LONG", "一个数的字符数", "characters of a number")

    pages: int = limit(1_000, "", "PDF_TOO_MANY_PAGES", "PDF 的页数", "pages of a PDF")
    page_characters: int = limit(
        1_000_000, "char", "PDF_TEXT_TOO_LARGE", "PDF 各页的字符总数", "characters on all pages of a PDF"
    )
    page_drawings: int = limit(
        500_000,
        "",
        "PDF_TOO_COMPLEX",
        "PDF 各页的图形、线段和文字块总数",
        "drawn objects, lines and pieces of text on all pages of a PDF",
    )

    reader_memory: int = limit(
        1 << 30,
        "B",
        "RESOURCE_LIMIT",
        "读取 .xls 或 PDF 的子进程的内存（LibreOffice 转换 .doc 时是四倍）",
        "memory of the process that reads an .xls or a PDF; LibreOffice may have four times as much for a .doc",
    )
    reader_seconds: int = limit(
        60,
        "s",
        "READER_TIMEOUT",
        "读取 .xls 或 PDF 的子进程、LibreOffice 转换 .doc 的时间",
        "time of the process that reads an .xls or a PDF, and of LibreOffice for a .doc",
    )
    reader_answer: int = limit(
        256 * _MIB,
        "B",
        "RESOURCE_LIMIT",
        "读取 .xls 或 PDF 的子进程交回的数据量",
        "what the process that reads an .xls or a PDF hands back",
    )

    batch_memory: int = limit(
        4 << 30,
        "B",
        "RESOURCE_LIMIT",
        "成批处理时每个工作进程的内存",
        "memory of each process that works at a batch",
    )
    batch_seconds: int = limit(
        300,
        "s",
        "READER_TIMEOUT",
        "成批处理时读取和检查一份报告的时间",
        "time of reading and checking one report of a batch",
    )

    findings_exported: int = limit(
        1_000, "", "FINDINGS_TRUNCATED", "每类问题输出的条数", "findings of one kind that are written out"
    )

    def __post_init__(self) -> None:
        held_positive(self)


#: For a person's own machine.
DEFAULTS = Limits()

#: For a server that anyone may send files to.
SERVER = Limits(
    file_size=20 * _MIB,
    zip_entries=2_000,
    zip_total=128 * _MIB,
    zip_entry=64 * _MIB,
    sheets=64,
    cells=500_000,
    used_area=2_000_000,
    merges=5_000,
    merged_area=500_000,
    workbook_text=16 * _MIB,
    xml_elements=500_000,
    csv_field=64 * _KIB,
    csv_columns=256,
    csv_rows=500_000,
    pages=300,
    page_characters=500_000,
    page_drawings=200_000,
    reader_memory=512 * _MIB,
    reader_seconds=20,
    reader_answer=64 * _MIB,
    findings_exported=500,
)


class ListedLimit(NamedTuple):
    """One limit as it is shown to a person; ``unit`` is ``B``, ``char``, ``s``, ``x`` (times) or empty for a count."""

    name: str
    value: int
    unit: str
    meaning: str
    code: str


def listing(limits: DataclassInstance, language: str = "zh") -> tuple[ListedLimit, ...]:
    """Every limit of ``Limits``, or of another class of limits, in the order of its declaration; its meaning in ``zh`` or
    ``en``."""
    return tuple(
        ListedLimit(
            declared.name,
            getattr(limits, declared.name),
            declared.metadata["unit"],
            declared.metadata[language],
            declared.metadata["code"],
        )
        for declared in fields(limits)
    )
