"""Sentences that look like those of a wording and say something else: none of it is stated as a fact, and all of it is kept."""

from __future__ import annotations

import pytest

from fatk.document import Document, Paragraph
from fatk.model import EMPTY, MISSING
from fatk.narrative.reading import read_document
from fatk.reading import Reading
from fatk.spec import load

HEAD = ("某市某局", "2023年度部门决算公开说明", "第三部分 部门决算情况说明")
OVERALL = "一、收入支出决算总体情况说明"
FUND = "八、政府性基金预算财政拨款收入支出决算情况说明"


def read(*lines: str) -> Reading:
    return read_document(Document(tuple(Paragraph(line) for line in (*HEAD, *lines))), load(), "说明.docx")


def kept(reading: Reading) -> str:
    return "\n".join(str(row["text"]) for row in reading.report.records("extras"))


TOTALS = (
    "2023年度收入总计{0}万元，其中：本年收入合计{0}万元，使用非财政拨款结余0.00万元，年初结转和结余0.00万元。",
    "本年支出总计{0}万元，其中：本年支出合计{0}万元，结余分配0.00万元，年末结转和结余0.00万元。",
)


def totals(amount: str) -> tuple[str, ...]:
    return tuple(sentence.format(amount) for sentence in TOTALS)


@pytest.mark.parametrize(
    "sentence",
    [
        "我单位本年度无政府性基金预算财政拨款收入、支出及结转和结余，政府性基金预算财政拨款收入支出决算表为空表。",
        "说明：我单位没有政府性基金收入，也没有使用政府性基金安排的支出，故本表无数据。",
        "无锡市某局2023年度没有政府性基金预算财政拨款收支。",
        "2023年度，某局及所属单位未发生政府性基金预算财政拨款支出。",
        "我单位不涉及政府性基金，此表为空表。",
    ],
)
def test_a_sentence_that_denies_all_of_a_fund_makes_its_form_empty(sentence: str) -> None:
    report = read(OVERALL, *totals("500.00"), FUND, sentence).report
    assert report.status("government_fund")["status"] == EMPTY
    assert report.status("government_fund")["statement"] == sentence.removesuffix("。") + "。"


@pytest.mark.parametrize(
    "sentence",
    [
        "政府性基金预算财政拨款支出无超预算支出情况。",
        "本年度政府性基金预算财政拨款无结转，全部支出完毕。",
        "本年度没有年初结转支出。",
        "本单位不是没有政府性基金预算财政拨款收入支出。",
        "我单位没有未使用的政府性基金预算财政拨款支出。",
        "除城乡社区支出外，无其他政府性基金预算财政拨款收入支出。",
        "上年度无政府性基金预算财政拨款支出，本年度新增一笔。",
        "2022年度没有政府性基金预算财政拨款收入和支出。",
        "下属单位没有政府性基金预算财政拨款收入支出。",
        "政府性基金决算表未列空表，收支见表八。",
        "政府性基金决算表不是空表。",
        "没有政府性基金预算财政拨款收入，支出使用上年结转资金。",
    ],
)
def test_a_sentence_that_denies_something_else_leaves_the_form_open(sentence: str) -> None:
    reading = read(OVERALL, *totals("500.00"), FUND, sentence)
    assert reading.report.status("government_fund") == {
        **reading.report.status("government_fund"), "status": MISSING, "statement": None, "reason": None,
    }  # fmt: skip
    assert sentence.removesuffix("。") in kept(reading)
