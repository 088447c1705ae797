"""The datasets of a store and their columns: those of the standard's tables, derived from their Table Schemas, and what a
store adds to say where a row comes from and what was found.

Money is in 元, exact: the standard's figures have at most 18 digits before the point and 6 after it, so that one in 亿元 fits
``DECIMAL(38, 6)`` too. Beside each figure that may be missing for a reason stands its state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from fatk.check import INVALID, UNCHECKED, VALID
from fatk.rules.context import OUTCOMES, YUAN
from fatk.spec import Field, Spec, Table
from fatk.values import Nothing

#: Types of columns: what they are in DuckDB. A number is as large as the standard's figures can be, an amount is one in 元.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR", "integer": "BIGINT", "number": "DECIMAL(24,6)", "amount": "DECIMAL(38,6)",
        "boolean": "BOOLEAN", "date": "DATE",
    }
)  # fmt: skip

#: States of a figure. ``NO_CELL``: the printed form has no place for it. ``NO_UNIT``: it is printed, but the report does not
#: say in which unit, so that what it is in 元 is not known; it stands in the dataset ``printed``.
STATED, BLANK, NO_CELL, NO_UNIT = "stated", "blank", "no_cell", "unit_not_stated"
STATES = (STATED, BLANK, *(nothing.value for nothing in Nothing), NO_CELL, NO_UNIT)
#: The verdict on a file that was not read.
REFUSED = "refused"
VERDICTS = (VALID, UNCHECKED, INVALID, REFUSED)

#: What a comparison of reports comes to. All rules that apply were run; or only that is told which units are lacking or not
#: listed (``INCOMPLETE``); or no rule was run, since the department lists no units, since one report states its unit of money and
#: another does not, or since the process that was at it was ended each time.
COMPARED, INCOMPLETE, UNLISTED, UNIT_UNKNOWN, UNFINISHED = (
    "compared",
    "incomplete",
    "unlisted",
    "unit_unknown",
    "unfinished",
)
COMPARISONS_COME_TO = (COMPARED, INCOMPLETE, UNLISTED, UNIT_UNKNOWN, UNFINISHED)

#: Keys of the folders below a dataset's, ``fy=2022/province=65``: no column has these names, so that every reader of Parquet
#: finds the columns in the files as they are and may use the folders to skip files.
PARTITION = ("fy", "province")
#: The values of these keys where the year or the division is not known. Hive's own name for nothing would not do: pyarrow does
#: not read a dataset in which a key has no value at all.
UNKNOWN = ("0", "00")
#: The files of a dataset below the store.
FILES = "{dataset}/*/*/*.parquet"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type (one of ``TYPES``), what it is in Chinese and English, and the field that it holds.

    ``state_of`` names the column whose state it is.
    """

    name: str
    type: str
    title: str
    description: str
    field: str | None = None
    state_of: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of a store, with the table of the standard that its rows are of, if any."""

    id: str
    title: str
    description: str
    table: str | None
    columns: tuple[Column, ...]


#: What every row begins with, and the cell of the report that says it.
_BASE = (
    (Column("source", "text", "来源校验值", "SHA-256 of the file that the row comes from: the key of its report."), None),
    (Column("file", "text", "来源文件", "Path of that file below the folder that was read."), None),
    (Column("fiscal_year", "integer", "年度", "Fiscal year of the report."), ("report", "fiscal_year")),
    (Column("division", "text", "行政区划代码", "Administrative division of the entity."), ("entity", "administrative_division")),
    (Column("entity", "text", "部门（单位）名称", "Name of the entity."), ("entity", "name")),
    (Column("entity_id", "text", "单位代码", "Identifier of the entity."), ("entity", "id")),
    (Column("edition", "text", "表样版本", "Edition of the printed forms."), ("report", "edition")),
    (Column("verdict", "text", "结论", "Verdict on the report: valid, not_checked, invalid; refused where the file was not read."), None),
)  # fmt: skip
BASE: tuple[Column, ...] = tuple(column for column, _ in _BASE)
_ORIGINS = {origin: column.name for column, origin in _BASE if origin}

#: Datasets of the tables of one row a report are named for what they hold many of.
_PLURAL = {"report": "reports", "entity": "entities"}

_SIZE = Column("size", "integer", "字节数", "Size of the file in bytes.")
_FORM = Column("form", "text", "形式", "What the file is: xlsx, package, json ….")
_MESSAGES = (
    Column("message", "text", "说明", "Sentence in Chinese."),
    Column("message_en", "text", "英文说明", "Sentence in English."),
)
_COUNTED = {
    "exact": "准确成立的关系", "within_rounding": "舍入可以解释的关系", "failed": "不成立的关系",
    "not_checked": "未能检查的关系", "not_applicable": "不适用的关系",
}  # fmt: skip
#: What a store knows of the rows of some tables beyond their fields.
_MORE: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "report": (
            _FORM,
            Column("edition_certainty", "text", "表样把握", "How sure it is that the edition is the one named."),
            *(
                Column(outcome, "integer", _COUNTED[outcome], f"Checks with the outcome {outcome}.")
                for outcome in OUTCOMES
            ),
            Column("errors", "integer", "错误数", "Findings of severity error."),
            Column("warnings", "integer", "警告数", "Findings of severity warning."),
            Column("infos", "integer", "提示数", "Findings of severity info."),
            Column("source_cells", "integer", "读取单元格数", "Cells of the source that hold something."),
            Column("unaccounted_cells", "integer", "未安置单元格数", "Of these, cells that could not be placed anywhere."),
        ),
        "sources": (
            _FORM, _SIZE,
            Column("refused", "text", "拒绝代码", "Why the file was not read: a code of the refusals."), *_MESSAGES,
        ),
        "claims": (Column("amount", "amount", "金额（元）", "The value in 元, where it is money."),),
        "extras": (Column("no", "integer", "序号", "Position in the report, from 1."),),
    }
)  # fmt: skip

_CELL = (
    Column("table", "text", "表", "Table of the cell that it is about first."),
    Column("row", "text", "行", "Name of the row of that cell."),
    Column("field", "text", "字段", "Field of that cell."),
)
_FINDING = (
    Column("id", "text", "标识", "Fingerprint: the same fault in the same cell has the same one."),
    Column("rule", "text", "规则", "Rule or notice; the code of the refusal where the file was not read."),
    Column("severity", "text", "严重程度", "error, warning or info."),
    Column("outcome", "text", "检查结果", "failed, within_rounding or not_checked; refused where the file was not read."),
    Column("qualifier", "text", "补充", "What is doubtful about what rounding explains."),
    Column("reason", "text", "原因", "Why it could not be checked."),
    *_CELL,
    Column("location", "text", "位置", "Where that cell stands in the file."),
    Column("label", "text", "标签", "What is printed beside that cell."),
    Column("value", "text", "原文", "What that cell says."),
    Column("cell_count", "integer", "单元格数", "How many cells the finding names."),
    Column("expected", "text", "应为", "What was expected, in the report's unit."),
    Column("found", "text", "实为", "What was found, in the report's unit."),
    Column("difference", "text", "差额", "Found less expected, in the report's unit."),
    Column("tolerance", "text", "舍入界限", "What rounding explains at most, in the report's unit."),
    Column("difference_yuan", "amount", "差额（元）", "The difference in 元, where it is one of money."),
    Column("waived", "boolean", "豁免", "Whether the finding is let pass."),
    *_MESSAGES,
)  # fmt: skip
_BESIDE = (
    Column(
        "beside",
        "text",
        "对照",
        "What the report is held against: previous, that of last year, or parts, those of its units.",
    ),
    Column("beside_files", "text", "对照文件", "The files of those reports, a line each."),
    Column(
        "comparison",
        "text",
        "核对标识",
        "Key of the comparison: the same reports, held against each other by the same rules, have the same one.",
    ),
)
_COMPARED = (
    Column(
        "outcome",
        "text",
        "核对情况",
        f"Whether they could be held against each other: {', '.join(COMPARISONS_COME_TO)}.",
    ),
    Column("findings", "integer", "发现数", "How many findings came of it: its rows of chain_findings."),
)
_PRINTED = (
    *_CELL,
    Column("again", "integer", "同名的第几行", "How many rows of that name stand before its own."),
    Column("printed", "text", "印刷数字", "The figure as printed."),
)

FINDINGS, PRINTED = "findings", "printed"
#: What comes of holding reports against each other: what was found, and what was held against what.
CHAIN_FINDINGS, COMPARISONS = "chain_findings", "comparisons"


@cache
def datasets(spec: Spec) -> Mapping[str, Dataset]:
    """Every dataset of a store by id: one a table of the standard, then what was found and how some figures are printed."""
    found = [of_table(table) for table in spec.tables.values()]
    found += [
        Dataset(FINDINGS, "发现", "What was found in each report, and each file that was refused.", None, (*BASE, *_FINDING)),
        Dataset(
            CHAIN_FINDINGS, "报告之间的发现", "What was found between each report and that of last year or those of its units.",
            None, (*BASE, *_FINDING, *_BESIDE),
        ),
        Dataset(
            COMPARISONS, "报告之间的核对", "What each report was held against, that of last year or those of its units, and whether it could be.",
            None, (*BASE, *_BESIDE, *_COMPARED),
        ),
        Dataset(
            PRINTED, "印刷数字",
            "Figures that are printed otherwise than their unit and decimals tell: with other decimals than the rest, or in a"
            " unit that is not stated.",
            None, (*BASE, *_PRINTED),
        ),
    ]  # fmt: skip
    return MappingProxyType({dataset.id: dataset for dataset in found})


def of_table(table: Table) -> Dataset:
    """The dataset of a table of the standard."""
    columns = [*BASE, *_columns(table), *_MORE.get(table.id, ())]
    return Dataset(dataset_id(table), table.title, table.description, table.id, tuple(columns))


def dataset_id(table: Table) -> str:
    """The id of the dataset of a table."""
    return _PLURAL.get(table.id, table.id)


def _columns(table: Table) -> Iterator[Column]:
    for field in table.fields:
        if (table.id, field.name) in _ORIGINS:
            continue
        name = column_name(field)
        kind = (
            "amount"
            if money(table, field) or (table.id == "cells" and field.type == "number")
            else "text"
            if field.type == "string"
            else field.type
        )
        said = field.description
        if kind == "amount":
            said += " In 元, where it is money."
        elif field.unit is not None:
            said += f" In {field.unit}."
        yield Column(name, kind, field.title, said, field.name)
        if field.states:
            yield Column(
                f"{name}_state", "text", f"{field.title}的状态",
                f"Whether {name} is stated, and if not, why: {', '.join(STATES[1:])}.", None, name,
            )  # fmt: skip


def column_name(field: Field) -> str:
    """The column of a field: named as it is, or ``stated_…`` where every row has another column of that name."""
    taken = {column.name for column in BASE}
    return f"stated_{field.name}" if field.name in taken else field.name


def kept_in_base(table: Table, field: Field) -> str | None:
    """The column at the beginning of every row that holds a field, if one does."""
    return _ORIGINS.get((table.id, field.name))


def money(table: Table, field: Field) -> bool:
    """Whether figures of a field are money: in the report's unit, in one that another table names, or always in the same."""
    return field.amount or foreign_unit(table, field) is not None or field.unit in YUAN


def foreign_unit(table: Table, field: Field) -> tuple[str, str, str] | None:
    """Of money in a unit that another table names: the field that points there, that table, and its field with the unit."""
    if field.unit_of is None or "." not in field.unit_of:
        return None
    other, _, name = field.unit_of.partition(".")
    key = next(key.field for key in table.foreign_keys if key.table == other)
    return key, other, name


def columns_of_states(dataset: Dataset) -> Iterable[tuple[Column, Column]]:
    """Each figure that has a state, with the column of its state."""
    by_name = {column.name: column for column in dataset.columns}
    return [(by_name[c.state_of], c) for c in dataset.columns if c.state_of is not None]


def folder(fiscal_year: object, division: object) -> str:
    """The folder, below its dataset's, that rows of a year and a division stand in, ``fy=2022/province=65``: the year, and the
    first two digits of the division; ``UNKNOWN`` where there is none."""
    province = str(division)[:2]
    known = len(province) == 2 and province.isascii() and province.isdigit()
    values = (
        str(fiscal_year) if isinstance(fiscal_year, int) else UNKNOWN[0],
        province if known else UNKNOWN[1],
    )
    return "/".join(f"{key}={value}" for key, value in zip(PARTITION, values, strict=True))


# In Arrow


@cache
def schema(dataset: Dataset) -> Any:
    """The Arrow schema of a dataset; what each column is, in Chinese and English, is in its metadata."""
    import pyarrow as pa

    types = {
        "text": pa.string(), "integer": pa.int64(), "number": pa.decimal128(24, 6), "amount": pa.decimal128(38, 6),
        "boolean": pa.bool_(), "date": pa.date32(),
    }  # fmt: skip
    return pa.schema(
        [
            pa.field(c.name, types[c.type], metadata={"title": c.title, "description": c.description})
            for c in dataset.columns
        ],
        metadata={"dataset": dataset.id, "title": dataset.title, "description": dataset.description},
    )


def arrow(dataset: Dataset, rows: Iterable[tuple[Any, ...]]) -> Any:
    """An Arrow table of rows, each a tuple of values in the order of the dataset's columns."""
    import pyarrow as pa

    declared = schema(dataset)
    columns = list(zip(*rows, strict=True)) or [()] * len(declared)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, declared, strict=True)],
        schema=declared,
    )
