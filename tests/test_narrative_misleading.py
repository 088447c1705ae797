"""Sentences that look like those of a wording and say something else: none of it is stated as a fact, and all of it is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fatk.document import Document, Paragraph
from fatk.errors import Refused
from fatk.grid import TEXT, Cell, Sheet, by_rows
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


def claimed(reading: Reading) -> dict[str, str]:
    return {
        str(row["path"]): f"{row['value']}{row['unit'] or ''}" for row in reading.report.records("claims")
    }


def rules(reading: Reading) -> set[str]:
    return {finding.rule for finding in reading.findings if finding.rule.startswith("READ-12")}


@pytest.mark.parametrize(
    "lead",
    [
        "（一）某局本级",
        "下属单位某某中心情况如下：",
        "2023年度部门预算批复如下。",
        "以下数据有误，作废：",
        "某某中心是我局下属的事业单位。",
    ],
)
def test_what_is_said_behind_words_that_lead_elsewhere_is_not_taken(lead: str) -> None:
    reading = read(OVERALL, lead, *totals("100.00"))
    assert claimed(reading) == {}
    assert reading.report.one("report")["fiscal_year"] == 2023
    assert rules(reading) - {"READ-123", "READ-121"} == {"READ-126"}
    assert all(sentence in kept(reading) for sentence in totals("100.00"))
    assert reading.proposals == ()


def test_a_line_that_names_another_year_leads_to_it() -> None:
    reading = read(OVERALL, "2022年情况", *totals("100.00"))
    assert claimed(reading) == {}
    assert "READ-126" in rules(reading)


@pytest.mark.parametrize(
    "lead",
    [
        "（一）收入支出总体情况",
        "具体情况如下：",
        "1.收支情况说明",
        "（单位：万元）",
        "图1：收入决算图",
        "2023年度我局收支决算情况如下：",
        "作̶废̶的̶话̶。̶",
        "————",
        "某市某局收支情况",
    ],
)
def test_words_that_lead_to_what_the_section_is_about_take_nothing_away(lead: str) -> None:
    reading = read(OVERALL, lead, *totals("500.00"))
    assert claimed(reading)["overall.income.total"] == "500.00万元"
    assert claimed(reading)["overall.expenditure.total"] == "500.00万元"


def test_of_a_sentence_that_stands_twice_with_different_figures_neither_is_taken() -> None:
    reading = read(OVERALL, *totals("100.00"), *totals("500.00"))
    assert claimed(reading) == {}
    assert rules(reading) == {"READ-127", "READ-121"}
    assert all(sentence in kept(reading) for sentence in (*totals("100.00"), *totals("500.00")))
    assert reading.proposals == ()
    same = read(OVERALL, *totals("500.00"), *totals("500.00"))
    assert claimed(same)["overall.income.total"] == "500.00万元"


COMPOSED = (
    "2023年度本年支出{0}万元，其中：基本支出{0}万元，占100.00%；项目支出0.00万元，占0.00%；上缴上级支出0.00万元，占0.00%；"
    "经营支出0.00万元，占0.00%；对附属单位补助支出0.00万元，占0.00%。"
)
BUDGETED = "2023年度一般公共预算财政拨款基本支出{0}万元，其中："


def narrative(name: str, amount: str) -> tuple[str, ...]:
    return (
        name, "2023年度部门决算公开说明", "第三部分 部门决算情况说明", OVERALL, *totals(amount),
        "三、支出决算情况说明", COMPOSED.format(amount),
        "六、一般公共预算财政拨款基本支出决算情况说明", BUDGETED.format(amount), f"人员经费{amount}万元。", "公用经费0.00万元。",
    )  # fmt: skip


def test_a_document_of_several_narratives_is_refused() -> None:
    lines = (*narrative("某市某局", "500.00"), *narrative("某市某中心", "100.00"))
    with pytest.raises(Refused) as refused:
        read_document(Document(tuple(map(Paragraph, lines))), load(), "汇编.docx")
    assert refused.value.code == "DOCUMENT_SEVERAL"
    assert refused.value.details["place"] == "第4段第1至14字"
    assert refused.value.details["other"] == "第16段第1至14字"
    once = read_document(Document(tuple(map(Paragraph, narrative("某市某局", "500.00")))), load(), "x")
    assert claimed(once)["expenditure.basic.amount"] == "500.00万元"


@pytest.mark.parametrize("piece", ["1", "本部门", "单位本单位", "一二", "财政拨款", "情况说明"])
def test_a_line_of_the_same_words_again_and_again_is_read_at_once(piece: str) -> None:
    lead = piece * (50 // len(piece)) + "某"
    reading = read(OVERALL, lead, *totals("100.00"))
    assert claimed(reading) == {}


@pytest.mark.parametrize(
    "change", ["减少-30.00万元，下降-6.00%", "减少30.00万元，下降-6.00%", "减少-30.00万元，下降6.00%"]
)
def test_a_change_whose_word_and_sign_both_say_less_is_not_taken(change: str) -> None:
    income = totals("500.00")[0] + f"收入总计与上年相比，{change}，主要原因是：人员减少。"
    reading = read(OVERALL, income, totals("500.00")[1])
    assert reading.report.rows("changes") == ()
    assert "overall.income.yoy.rate_percent" not in claimed(reading)
    assert change in kept(reading)


@pytest.mark.parametrize(
    ("caption", "unit"),
    [("单位：元", "元"), ("（金额单位：元）", "元"), ("金额单位：人民币万元", "万元"), ("", None)],
)
def test_amounts_without_units_are_of_the_unit_that_the_text_states_or_of_none(
    caption: str, unit: str | None
) -> None:
    """The wording is not surely the edition's, so that nothing else says what its amounts are in."""
    bare = [sentence.replace("万元", "") for sentence in totals("5000000.00")]
    bare[0] += "收入总计与上年相比，增加100.00，增长0.01%，主要原因是：人员增加。"
    reading = read(*([caption] if caption else []), OVERALL, *bare, "其他说明300.00。" * 20)
    assert reading.report.unit == unit
    assert [row["amount"] for row in reading.report.records("changes")] == [Decimal("100.00")]


def test_a_subject_whose_name_enumerates_is_one_subject() -> None:
    items = (
        "1.一般公共服务支出（类）人大事务（款）行政运行（项）：支出决算数为1.00万元。",
        "2.节能环保支出（类）环境保护管理事务（款）环境保护法规、规划及标准（项）：支出决算数为2.00万元。",
        "3.一般公共服务支出（类）人大事务（款）人大会议（项）：支出决算数为3.00万元。",
    )
    reading = read(
        "五、一般公共预算财政拨款支出决算情况说明", "（三）一般公共预算财政拨款支出决算具体情况", *items
    )
    rows = list(reading.report.records("general_budget_items"))
    assert [row["code"] for row in rows] == ["2010101", "2110105", "2010104"]
    assert claimed(reading)["general_public_budget.items[3].actual"] == "3.00万元"
    assert kept(reading) == ""


def test_how_many_lines_were_joined_is_no_place() -> None:
    made = Document(tuple(map(Paragraph, (*HEAD, OVERALL, *totals("500.00")))), (("LINES_JOINED", "371"),))
    finding = next(f for f in read_document(made, load(), "说明.txt").findings if f.rule == "READ-106")
    assert [cell.location for cell in finding.cells] == [None]
    assert "371" in finding.message()


def test_a_table_below_a_heading_of_the_narrative_takes_no_heading_with_it() -> None:
    cells = {(0, 0): "项目", (0, 1): "金额", (1, 0): "收入", (1, 1): "999.00"}
    small = Sheet("表1", by_rows({at: Cell(text, TEXT) for at, text in cells.items()}), plain=True)
    lines = [*HEAD[:2], "第三部分 2023年度部门决算情况说明", OVERALL]
    made = Document((*map(Paragraph, lines), small, *map(Paragraph, totals("500.00"))))
    reading = read_document(made, load(), "说明.docx")
    assert reading.report.one("report")["fiscal_year"] == 2023
    assert claimed(reading)["overall.income.total"] == "500.00万元"
    assert "999.00" in kept(reading)


STAFF = "{0}2023年度，实有人数{1}人，其中：在职人员{1}人，离休人员0人，退休人员0人。"


@pytest.mark.parametrize("name", ["某市某局", "某局", "我局", "本单位"])
def test_a_sentence_that_names_the_entity_is_of_it_though_another_names_a_subordinate(name: str) -> None:
    lines = STAFF.format("某市某中心", 3), STAFF.format(name, 12)
    for ordered in (lines, lines[::-1]):
        reading = read("二、机构设置及人员情况", *ordered)
        actual = reading.report.one("staffing").get("actual")
        assert actual in (12, None)  # what the first sentence is of is not always plain
        assert reading.report.one("entity")["name"] == "某市某局"
        assert STAFF.format("某市某中心", 3) in kept(reading)
    alone = read("二、机构设置及人员情况", lines[0])
    assert alone.report.rows("staffing") == ()
    assert "READ-126" in rules(alone)
    own = read("二、机构设置及人员情况", lines[1])
    assert own.report.one("staffing")["actual"] == 12
