"""What a narrative says that is not understood is told with its place, and kept; nothing of it passes as a fact."""

from __future__ import annotations

import pytest

from fatk.document import Document, Paragraph
from fatk.narrative.reading import read_document
from fatk.reading import LIKELY, Reading
from fatk.spec import load

HEAD = ("某市某局", "2023年度部门决算公开说明", "第三部分 部门决算情况说明")
BASIC = "三、支出决算情况说明"


def read(*lines: str) -> Reading:
    return read_document(Document(tuple(Paragraph(line) for line in (*HEAD, *lines))), load(), "说明.docx")


CASES = [
    (
        "a figure beside another wording",
        (BASIC, "我局基本支出为 700.00 万元。"),
        {("READ-121", "第5段第1至18字"), ("READ-124", None)},
    ),
    (
        "a sentence that is broken off",
        (BASIC, "2023年度本年支出合计700.00万元，其中：基本支出700.00万元，占百分之百。"),
        {("READ-121", "第5段第1至43字"), ("READ-122", "第5段第39至39字"), ("READ-124", None)},
    ),
    ("a text without figures", (BASIC, "支出情况良好。"), {("READ-123", None)}),
    (
        "another year further below",
        (BASIC, "2022年度本年支出合计700.00万元，其中：基本支出700.00万元，占100.00%。"),
        {("READ-120", "第5段第1至4字")},
    ),
]


@pytest.mark.parametrize(("what", "lines", "told"), CASES, ids=[case[0] for case in CASES])
def test_what_is_not_understood_is_told(
    what: str, lines: tuple[str, ...], told: set[tuple[str, str | None]]
) -> None:
    reading = read(*lines)
    found = {(f.rule, f.cells[-1].location if f.cells else None) for f in reading.findings}
    assert {one for one in found if one[0].startswith("READ-12")} == told


def test_what_is_not_understood_is_kept_and_no_fact() -> None:
    reading = read(BASIC, "我局基本支出为 700.00 万元，项目支出为 300.00 万元。")
    assert reading.report.rows("claims") == ()
    assert [row["text"] for row in reading.report.records("extras")] == [
        "我局基本支出为700.00万元，项目支出为300.00万元。"
    ]
    proposed = [(one.paths[0], str(one.value), one.unit, one.certainty) for one in reading.proposals]
    assert ("expenditure.project.amount", "300.00", "万元", LIKELY) in proposed


def test_a_proposal_of_another_year_or_of_a_budget_is_none() -> None:
    reading = read(BASIC, "项目支出比上年增加 30.00 万元，项目支出预算为 310.00 万元。")
    assert reading.proposals == ()


def test_hostile_text_is_bounded() -> None:
    flood = "2023年度本年支出合计" * 3_000
    reading = read(BASIC, flood, "其中：基本支出" + "1" * 5_000 + "万元。", "“（" * 4_000)
    assert reading.report.rows("claims") == ()


def test_a_form_without_cells_that_is_not_wholly_understood_is_not_taken() -> None:
    lines = [
        "项目支出绩效自评表", "（2023年度）", "项目名称 道路养护", "主管部门 市局 实施单位 市站",
        "年度资金总额 25.00 25.00 不详 10 100.00% 10.00", "一级指标 二级指标 三级指标 年度指标值 实际完成值 分值 得分",
        "产出指标 数量指标 里程 >=4 次 4 次 90 90", "总分 100 100.00",
    ]  # fmt: skip
    paragraphs = [Paragraph(line, loose=True, lines=((0, 1),)) for line in (*HEAD, *lines)]
    reading = read_document(Document(tuple(paragraphs)), load(), "说明.txt")
    assert reading.report.rows("performance_funds") == ()
    assert any("25.00" in str(row["text"]) for row in reading.report.records("extras"))
