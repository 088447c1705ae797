"""What a narrative says that is not understood is told with its place, and kept; nothing of it passes as a fact."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fatk import formats
from fatk.document import Document, Paragraph
from fatk.narrative.entries import enter
from fatk.narrative.homes import kind_of
from fatk.narrative.reading import read_document, read_narrative
from fatk.narrative.writing import narrative_of
from fatk.reading import LIKELY, Reading
from fatk.spec import load
from fatk.wording.folding import run
from fatk.wording.grammar import load_wording, wording_ids
from fatk.wording.matching import Matcher, Said
from fatk.wording.reading import understand

EXAMPLE = Path(__file__).resolve().parent.parent / "datapackages/full/report.json"
HEAD = ("某市某局", "2023年度部门决算公开说明", "第三部分 部门决算情况说明")
BASIC = "三、支出决算情况说明"


def read(*lines: str) -> Reading:
    return read_document(Document(tuple(Paragraph(line) for line in (*HEAD, *lines))), load(), "说明.docx")


CASES = [
    (
        "a figure beside another wording",
        (BASIC, "我局基本支出为 700.00 万元。"),
        {("READ-121", "第5段第1至18字"), ("READ-122", "第5段第3至3字"), ("READ-124", None)},
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
        {("READ-125", "第5段第1至46字")},
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


@pytest.mark.parametrize(
    ("sentence", "likely"),
    [
        ("2022年，我局基本支出300.00万元，项目支出20.00万元。", set()),
        ("2022年我局基本支出300.00万元，2023年我局基本支出433.50万元。", {"433.50"}),
        ("我局2024年支出预算700.00万元，其中基本支出450.00万元。", set()),
        ("我局基本支出433.50万元，2022年我局项目支出20.00万元。我局项目支出21.00万元。", {"433.50"}),
    ],
)
def test_a_figure_that_may_be_of_another_year_or_of_a_budget_is_not_likely(
    sentence: str, likely: set[str]
) -> None:
    proposals = read(BASIC, sentence).proposals
    assert {str(one.value) for one in proposals if one.certainty == LIKELY} == likely
    assert not {"300.00", "20.00"} & {str(one.value) for one in proposals}


INCOME = "二、收入决算情况说明"
ITS = "本年收入合计500.00万元，其中：财政拨款收入500.00万元，占100.00%。"
TAKEN = ["100.00", "500.00", "500.00"]
PUBLIC = "（二）“三公”经费财政拨款支出决算具体情况说明"
OTHER_YEAR = [
    ("a year before", (INCOME, f"2021年度{ITS}"), [], 1),
    ("with the entity named", (INCOME, f"本部门2021年，{ITS}"), [], 1),
    ("a year to come", (INCOME, f"2024年，{ITS}"), [], 1),
    ("this year", (INCOME, f"2023年，{ITS}"), TAKEN, 0),
    ("no year", (INCOME, ITS), TAKEN, 0),
    ("in text before it that is not understood", (INCOME, f"2021年机构改革之前的情况如下。{ITS}"), [], 1),
    ("text before it that compares", (INCOME, f"与2021年相比变化很大。{ITS}"), TAKEN, 0),
    ("not in another section", (BASIC, "2021年度本年支出合计500.00万元，其中：基本支出500.00万元，占100.00%。", INCOME, ITS), TAKEN, 1),
    ("behind it where none is named", (PUBLIC, "2021年度“三公”经费支出决算中，因公出国（境）费支出500.00万元。1.因公出国（境）费支出决算为500.00万元。"), [], 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "lines", "claims", "told"), OTHER_YEAR, ids=[case[0] for case in OTHER_YEAR]
)
def test_what_is_said_of_another_year_is_no_fact_of_this_report(
    what: str, lines: tuple[str, ...], claims: list[str], told: int
) -> None:
    reading = read(*lines)
    assert sorted(str(row["value"]) for row in reading.report.records("claims")) == claims
    assert sum(finding.rule == "READ-125" for finding in reading.findings) == told
    assert reading.report.fiscal_year == 2023
    kept = "".join(str(row["text"]) for row in reading.report.records("extras"))
    if told:
        assert "500.00" in kept
        assert all(one.certainty != LIKELY for one in reading.proposals)


@pytest.mark.parametrize("name", ["下属服务中心", "某市某局服务中心", "某单位（事业单位）"])
def test_what_a_subordinate_costs_is_no_figure_of_the_entity(name: str) -> None:
    heading = "（一）机关运行经费支出情况"
    figures = "机关运行经费支出30.00万元，比上年增加2.00万元，增长7.14%。"
    assert read(heading, f"2023年度{name}{figures}").report.rows("operating_expenses") == ()
    assert read(heading, f"2023年度某市某局{figures}").report.one("operating_expenses")["amount"] == 30


def test_hostile_text_is_bounded() -> None:
    flood = "2023年度本年支出合计" * 3_000
    reading = read(BASIC, flood, "其中：基本支出" + "1" * 5_000 + "万元。", "“（" * 4_000)
    assert reading.report.rows("claims") == ()


def _hostile(size: int) -> dict[str, list[str]]:
    """Texts of about so many characters that begin much and end nothing."""
    opening = "2023年度本年支出合计700.00万元，其中：基本支出"
    return {
        "openings": [BASIC, opening * (size // len(opening))],
        "openings, each a paragraph": [BASIC, *[opening] * (size // len(opening))],
        "amounts": [BASIC, "700.00万元，" * (size // 8)],
        "brackets": [BASIC, "（" * size],
        "reasons": ["（一）机关运行经费支出情况", "机关运行经费支出1.00万元，主要原因是" * (size // 20)],
        "headings": ["一、收入决算情况说明", "二、支出决算情况说明"] * (size // 20),
        "headings in one paragraph": ["一、收入决算情况说明。" * (size // 11)],
        "items": [
            "（三）一般公共预算财政拨款支出决算具体情况",
            *(f"{n}.甲（类）乙（款）丙（项）：" for n in range(1, size // 20)),
        ],
        "fillings": [BASIC, "的" * size + "1万元"],
        "lists": [
            "六、一般公共预算财政拨款基本支出决算情况说明",
            "人员经费1.00万元，主要包括：" + "甲、" * (size // 2),
        ],
    }


@pytest.mark.parametrize("loose", [False, True])
@pytest.mark.parametrize("kind", _hostile(1))
def test_the_steps_of_reading_grow_as_the_text_does(kind: str, loose: bool) -> None:
    taken = []
    for size in (10_000, 100_000):
        lines = (*HEAD, *_hostile(size)[kind])
        running = run([Paragraph(line, loose=loose, lines=((0, 1),) if loose else ()) for line in lines])
        steps = 0
        for wording in map(load_wording, wording_ids()):
            matcher = Matcher(running, wording.kinds, kind_of)
            understand(running, wording, kind_of, matcher)
            assert matcher.steps <= matcher.most + 1_000
            steps += matcher.steps
        taken.append(steps)
    assert taken[1] <= 12 * taken[0]


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


@given(st.data())
def test_a_document_that_ends_anywhere_is_read_as_far_as_it_goes(data: st.DataObject) -> None:
    paragraphs = list(narrative_of(formats.read(EXAMPLE).report)[0].paragraphs)
    last = data.draw(st.integers(0, len(paragraphs) - 1))
    cut = data.draw(st.integers(1, len(paragraphs[last].text)))
    whole = (*paragraphs[:last], Paragraph(paragraphs[last].text[:cut]))
    reading = read_narrative(Document(whole), load())
    places = [f.cells[-1].location for f in reading.findings if f.rule == "READ-122"]
    assert all(places)


def test_a_fact_that_is_said_twice_in_different_words_is_the_first_and_that_is_told() -> None:
    said = [
        Said("meta.unit_name", name, None, name, at, at + 3)
        for name, at in (("某市甲局", 0), ("某市乙局", 9))
    ]
    entries = enter(said, load(), None, {one: f"第{n}段" for n, one in enumerate(said, 1)})
    (row,) = entries.built()["entity"]
    assert "某市甲局" in row
    (told,) = entries.findings
    assert told.rule == "READ-120"
    assert [cell.location for cell in told.cells] == ["第1段", "第2段"]
