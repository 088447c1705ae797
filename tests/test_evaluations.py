"""The self-evaluation form of a project: laid out and read back, from tables of any make and from text without cells."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from evaluation_forms import (
    TABLES,
    bare_lines,
    plain_names,
    records,
    repeated,
    reports_with_form,
    sheet_of,
    with_broken_labels,
    without_merges,
)
from fatk import read
from fatk.grid import TEXT, Cell, Sheet, by_rows
from fatk.model import Report, build
from fatk.narrative.evaluations import Evaluation, forms_in, is_evaluation, lay_out, read_lines, read_sheet
from fatk.narrative.evaluations.figures import read_actual, read_target
from fatk.values import Nothing, Value
from steps import in_proportion
from strategies import SPEC

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
TITLE = "项目支出绩效自评表"


def read_back(evaluation: Evaluation) -> Report:
    """The rows of a form as a report."""
    return build(SPEC, evaluation.rows)


def hold_accounted(sheet: Sheet, evaluation: Evaluation) -> None:
    """Every cell that is not empty is a label, gave a value, or is listed as not understood; a listed one gave none."""
    listed = {place for one in evaluation.unread for place in one.places}
    assert {
        at for at, cell in sheet.cells.items() if cell.text.strip()
    } == evaluation.labels | evaluation.taken | listed
    assert not listed & (evaluation.taken | evaluation.labels)


def without_claims(report: Report, other: Report) -> Report:
    """A report without the claims that the other does not make: a form prints totals that nobody has claimed."""
    paths = {row[0] for row in other.rows("claims")}
    return build(SPEC, {**report.tables, "claims": [r for r in report.rows("claims") if r[0] in paths]})


# Laid out and read back


@pytest.mark.parametrize("make", [lambda s: s, without_merges, repeated, with_broken_labels])
@given(report=reports_with_form())
@settings(max_examples=150)
def test_a_form_laid_out_is_read_back_the_same(make: Callable[[Sheet], Sheet], report: Report) -> None:
    sheet = make(lay_out(report, 1))
    evaluation = read_sheet(sheet, 1, report.records("performance_projects")[0]["fiscal_year"])  # type: ignore[arg-type]
    hold_accounted(sheet, evaluation)
    assert evaluation.unread == ()
    for table in TABLES:
        assert list(evaluation.rows[table]) == list(report.rows(table)), table
    assert read_back(evaluation) == report


@pytest.mark.parametrize(("name", "number"), [("wuerhe-2022", 1), ("full", 1), ("full", 2)])
def test_forms_of_the_examples_are_read_back(name: str, number: int) -> None:
    report = read(EXAMPLES / name / "report.json").report
    sheet = lay_out(report, number)
    assert is_evaluation(sheet, TITLE)
    evaluation = read_sheet(sheet, number, 2022)
    hold_accounted(sheet, evaluation)
    assert evaluation.unread == ()
    for table in TABLES[:3]:
        assert evaluation.rows[table] == tuple(r for r in report.rows(table) if r[0] == number)
    own = {
        r[0]: (r[2], r[4])
        for r in report.rows("claims")
        if str(r[0]).startswith(f"self_evaluations[{number}]")
    }
    assert {r[0]: r[4] for r in evaluation.rows["claims"]} == {
        path: printed for path, (_, printed) in own.items()
    }
    assert {r[0]: r[2] for r in evaluation.rows["claims"] if r[4] != "—"} == {
        p: v for p, (v, d) in own.items() if d != "—"
    }


def test_rates_and_totals_that_nobody_claims_are_computed() -> None:
    report = read(EXAMPLES / "full/report.json").report
    bare = build(SPEC, {**report.tables, "claims": []})
    for number in (1, 2):
        assert lay_out(bare, number).cells == lay_out(report, number).cells


def test_every_value_has_its_place() -> None:
    report = read(EXAMPLES / "full/report.json").report
    sheet = lay_out(report, 1)
    evaluation = read_sheet(sheet, 1, 2022)
    cells = sheet.cells
    assert cells[evaluation.places["performance_projects", "1", "project_name"]].text == "小城镇基础设施建设"
    assert cells[evaluation.places["performance_funds", "1/total", "score"]].text == "9.55分"
    assert cells[evaluation.places["performance_indicators", "1/2", "level1"]].text == "产出指标"
    assert cells[evaluation.places["performance_indicators", "1/2", "target_value"]].text == "=2处"
    assert cells[evaluation.places["performance_indicators", "1/2", "deviation_reason"]].text.startswith(
        "一处因雨季停工"
    )
    path = "self_evaluations[1].funds[1].execution_rate_percent/1"
    assert cells[evaluation.places["claims", path, "value"]].text == "95.45%"


def test_what_a_target_says_is_printed_where_its_printed_text_says_something_else() -> None:
    report = read(EXAMPLES / "wuerhe-2022/report.json").report
    table = SPEC.tables["performance_indicators"]
    at = table.position
    row = list(report.rows("performance_indicators")[0])
    row[at["target_printed"]] = ">=5次"
    row[at["actual_text"]] = "全部完成"
    changed = build(SPEC, {**report.tables, "performance_indicators": [tuple(row)]})
    texts = [cell.text for cell in lay_out(changed, 1).cells.values()]
    assert "≥4次" in texts
    assert "4次（全部完成）" in texts


# Targets and results


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (">=4 次", {"target_operator": "ge", "target_value": "4", "target_unit": "次", "target_printed": ">=4次"}),
        ("=366 次", {"target_operator": "eq", "target_value": "366", "target_unit": "次", "target_printed": "=366次"}),
        ("≥95%", {"target_operator": "ge", "target_value": "95", "target_unit": "%", "target_printed": "≥95%"}),
        ("＞＝ 95％", {"target_operator": "ge", "target_value": "95", "target_unit": "%", "target_printed": "＞＝95％"}),
        ("≤1天", {"target_operator": "le", "target_value": "1", "target_unit": "天", "target_printed": "≤1天"}),
        ("＜1,200.50元", {"target_operator": "lt", "target_value": "1200.50", "target_unit": "元", "target_printed": "＜1,200.50元"}),
        ("不少于3场次", {"target_operator": "ge", "target_value": "3", "target_unit": "场次", "target_printed": "不少于3场次"}),
        ("95%以上", {"target_operator": "ge", "target_value": "95", "target_unit": "%", "target_printed": "95%以上"}),
        ("5个工作日以内", {"target_operator": "le", "target_value": "5", "target_unit": "个工作日", "target_printed": "5个工作日以内"}),
        ("100 %", {"target_value": "100", "target_unit": "%", "target_printed": "100 %"}),
        ("1年", {"target_qualitative": "1年", "target_printed": "1年"}),
        ("2022年", {"target_qualitative": "2022年", "target_printed": "2022年"}),
        ("12月31日前", {"target_qualitative": "12月31日前", "target_printed": "12月31日前"}),
        ("3日内", {"target_qualitative": "3日内", "target_printed": "3日内"}),
        ("3-5次", {"target_qualitative": "3-5次", "target_printed": "3-5次"}),
        ("≥3且≤5次", {"target_qualitative": "≥3且≤5次", "target_printed": "≥3且≤5次"}),
        ("10余次", {"target_qualitative": "10余次", "target_printed": "10余次"}),
        ("007次", {"target_qualitative": "007次", "target_printed": "007次"}),
        ("12\n34次", {"target_qualitative": "12 34次", "target_printed": "12 34次"}),
        ("5②次", {"target_qualitative": "5②次", "target_printed": "5②次"}),
        ("提高", {"target_qualitative": "提高", "target_printed": "提高"}),
        ("定性", {"target_qualitative": "定性", "target_printed": "定性"}),
        ("—", {"target_value": "n/a", "target_printed": "—"}),
        ("／", {"target_value": "n/a", "target_printed": "／"}),
    ],
)  # fmt: skip
def test_a_target_is_split_or_kept_as_words(text: str, said: Mapping[str, str]) -> None:
    assert plain(read_target(text, None, None)) == said


@pytest.mark.parametrize(
    ("text", "nature", "unit", "said"),
    [
        (
            "95",
            "≥",
            "%",
            {"target_operator": "ge", "target_value": "95", "target_unit": "%", "target_printed": "≥95%"},
        ),
        (
            "≤95%",
            "≥",
            None,
            {"target_operator": "le", "target_value": "95", "target_unit": "%", "target_printed": "≤95%"},
        ),
        ("95", "正向指标", "分", {"target_value": "95", "target_unit": "分", "target_printed": "95分"}),
        ("改善", "定性", None, {"target_qualitative": "改善", "target_printed": "改善"}),
    ],
)
def test_nature_and_unit_in_columns_of_their_own(
    text: str, nature: str, unit: str | None, said: Mapping[str, str]
) -> None:
    assert plain(read_target(text, nature, unit)) == said


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("100.00 %", None, {"actual_value": "100.00", "actual_unit": "%"}),
        ("4", "次", {"actual_value": "4", "actual_unit": "次"}),
        ("4", None, {"actual_value": "4"}),
        ("≥95%", None, {"actual_text": "≥95%"}),
        ("已完成", "次", {"actual_text": "已完成"}),
        ("-", None, {"actual_value": "n/a"}),
    ],
)
def test_a_result_is_a_figure_or_words(text: str, unit: str | None, said: Mapping[str, str]) -> None:
    assert plain(read_actual(text, unit)) == said


def plain(said: Mapping[str, Value]) -> dict[str, str]:
    """What is said, without blanks, as text."""
    return {f: v.value if isinstance(v, Nothing) else str(v) for f, v in said.items() if v is not None}


# Which table is a form


def own_form() -> Sheet:
    return lay_out(read(EXAMPLES / "wuerhe-2022/report.json").report, 1)


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("项目支出绩效自评表", True),
        ("", True),
        ("（2022年度）", True),
        ("部门整体支出绩效自评表", False),
        ("项目绩效目标表", False),
        ("部门整体支出绩效自评表见前。项目支出绩效自评表", True),
        ("项目支出绩效运行监控表", False),
    ],
)
def test_a_form_is_known_by_its_words_and_its_title(above: str, expected: bool) -> None:
    assert is_evaluation(own_form(), above) is expected


def test_a_form_is_known_wherever_it_stands_and_however_its_labels_are_broken() -> None:
    sheet = own_form()
    moved = Sheet(
        "表1", by_rows({(r + 40, c + 7): cell for (r, c), cell in with_broken_labels(sheet).cells.items()})
    )
    assert is_evaluation(moved, TITLE)
    assert read_back(read_sheet(moved, 1, 2022)) == read_back(read_sheet(sheet, 1, 2022))


def test_tables_that_look_like_a_form_and_are_none() -> None:
    head = ["项目名称", "网站建设"]
    levels = ["一级指标", "二级指标", "三级指标"]
    goals_only = sheet_of(head, [*levels, "指标值"], ["产出指标", "数量指标", "次数", "≥4次"])
    whole = sheet_of(["部门名称", "区政府"], [*levels, "指标值", "完成值", "分值", "得分"])
    titled = sheet_of(["部门整体支出绩效自评表"], head, [*levels, "指标值", "完成值", "分值", "得分"])
    codes = sheet_of(["项目", "本年收入合计"], ["功能分类科目编码", "科目名称"], ["201", "一般公共服务支出"])
    for sheet in (goals_only, whole, titled, codes, sheet_of()):
        assert not is_evaluation(sheet, "")


# Forms of other provinces

OTHER_PROVINCE = (
    ["2022年度项目支出绩效自评表"],
    ["单位：万元"],
    ["项目（政策）名称", "乡村道路", None, None, "项目负责人", "张三"],
    ["项目主管部门：交通局", None, None, None, "实施单位", "公路站"],
    ["预算执行情况", None, "年初预算", "全年预算数（A）", "全年执行数（B）", "分值", "执行率（B/A，%）", "自评得分"],
    [None, "年度资金总额：", "1,200.00", "1200", "1000", "10", "83.33", "8.33分"],
    [None, "其中：财政资金", "1200.00", "1200", "1000", "/", "/", "/"],
    [None, "一般债券", "0", "0", "0", "/", "/", "/"],
    ["总体目标", "年初设定目标", None, None, "全年实际完成情况"],
    [None, "修路3公里", None, None, "修路2.5公里"],
    ["绩效指标", "一级指标", "二级指标", "三级指标", "指标性质", "指标值", "度量单位", "全年完成值", "权重", "自评得分", "完成率", "未完成原因"],
    [None, "产出指标", "数量指标", "修路里程", "≥", "3", "公里", "2.5", "50", "41", "83%", "雨季"],
    [None, None, None, "涵洞", "=", "2", "个", "2", "十", "10"],
    [None, None, "质量指标", "合格率", "≥", "98", "%", "100", "10", "10", None, "无"],
    [None, "效益指标", "社会效益", "出行", "定性", "改善", "/", "改善", "20", "20"],
    [None, "一级指标", "二级指标", "三级指标", "指标性质", "指标值", "度量单位", "全年完成值", "权重", "自评得分", "完成率", "未完成原因"],
    [None, None, None, "更方便"],
    [None, "满意度指标", "满意度", "居民满意度", "≥", "90", "%", "93.5", "10", "10"],
    ["合计", None, None, None, None, None, None, None, "100", "89.33"],
    ["填报人", "李四"],
)  # fmt: skip


def test_a_form_with_other_columns_and_labels() -> None:
    sheet = sheet_of(*OTHER_PROVINCE)
    assert is_evaluation(sheet, "")
    evaluation = read_sheet(sheet, 3, None)
    hold_accounted(sheet, evaluation)
    report = read_back(evaluation)
    assert kept(report, "performance_projects") == [
        {
            "no": 3, "fiscal_year": 2022, "project_name": "乡村道路", "department_in_charge": "交通局", "implementing_unit": "公路站",
            "fund_unit": "万元", "goal_expected": "修路3公里", "goal_actual": "修路2.5公里",
        }
    ]  # fmt: skip
    assert [(f["kind"], f["label"], f["initial_budget"]) for f in kept(report, "performance_funds")] == [
        ("total", "年度资金总额：", Decimal("1200.00")),
        ("current_year_fiscal", "其中：财政资金", Decimal("1200.00")),
    ]
    assert [
        (
            r["level1"],
            r["level2"],
            r["level3"],
            r["target_printed"],
            r.get("target_operator"),
            r.get("actual_unit"),
            r.get("weight"),
        )
        for r in kept(report, "performance_indicators")
    ] == [
        ("产出指标", "数量指标", "修路里程", "≥3公里", "ge", "公里", 50),
        ("产出指标", "数量指标", "涵洞", "=2个", "eq", "个", None),
        ("产出指标", "质量指标", "合格率", "≥98%", "ge", "%", 10),
        ("效益指标", "社会效益", "出行更方便", "改善", None, None, 20),
        ("满意度指标", "满意度", "居民满意度", "≥90%", "ge", "%", 10),
    ]
    assert {
        str(c["path"]).removeprefix("self_evaluations[3]."): (c.get("value"), c["unit"])
        for c in kept(report, "claims")
    } == {
        "funds[1].execution_rate_percent": (Decimal("83.33"), "%"),
        "funds[2].execution_rate_percent": (Nothing.NOT_APPLICABLE, "%"),
        "total_score": (Decimal("89.33"), "分"),
        "total_weight": (Decimal(100), "分"),
    }
    assert [(u.text, u.expected) for u in evaluation.unread] == [
        ("张三", ""),
        *((text, "performance_funds") for text in ("一般债券", "0", "0", "0", "/", "/", "/")),
        ("83%", ""),
        ("十", "performance_indicators.weight"),
        ("李四", ""),
    ]


def kept(report: Report, table: str) -> list[dict[str, Any]]:
    return [{f: v for f, v in record.items() if v is not None} for record in report.records(table)]


def test_what_does_not_fit_its_column_is_listed() -> None:
    columns = ["一级指标", "二级指标", "三级指标", "指标值", "完成值", "分值", "得分"]
    sheet = sheet_of(
        ["项目名称", "甲"], ["项目名称", "乙"],
        ["项目资金（万元）", "年初预算数", "全年预算数", "全年执行数", "分值", "执行率", "得分"],
        ["资金总额", "25.00万元", "25.00元", "约25", "10", "百分之百", "10分"],
        ["合计", "1", "1", "1"],
        columns,
        ["产出指标", "数量指标", "次数", "≥4次", "4次", "10（扣2分）", "8\n9"],
        ["", "", "", "≥4次", "4次", "10", "8"],
        ["", "", "率", "≥95%", "95%", "10%", "8", "多出"],
        ["总分", "", "", "", "", "一百", "九十"],
    )  # fmt: skip
    evaluation = read_sheet(sheet, 1, 2022)
    hold_accounted(sheet, evaluation)
    assert [(u.text, u.expected) for u in evaluation.unread] == [
        ("乙", "performance_projects.project_name"),
        ("25.00元", "performance_funds.annual_budget"), ("约25", "performance_funds.executed"), ("百分之百", "execution_rate_percent"),
        *((text, "performance_funds") for text in ("合计", "1", "1", "1")),
        ("10（扣2分）", "performance_indicators.weight"), ("8\n9", "performance_indicators.score"),
        *((text, "performance_indicators") for text in ("≥4次", "4次", "10", "8")),
        ("10%", "performance_indicators.weight"), ("多出", ""),
        ("一百", "total_weight"), ("九十", "total_score"),
    ]  # fmt: skip
    assert [r["no"] for r in kept(read_back(evaluation), "performance_indicators")] == [1, 3]


def test_a_text_cut_by_the_edge_of_a_page_is_joined_only_where_the_header_is_repeated() -> None:
    columns = ["一级指标", "二级指标", "三级指标", "指标值", "完成值", "分值", "得分"]
    row, rest = ["产出指标", "数量指标", "开展网络安", "≥4次", "4次", "8", "8"], ["", "", "全演练次数"]
    joined = read_sheet(sheet_of(["项目名称", "甲"], columns, row, columns, rest), 1, None)
    apart = read_sheet(sheet_of(["项目名称", "甲"], columns, row, rest), 1, None)
    assert (joined.rows["performance_indicators"][0][4], joined.unread) == ("开展网络安全演练次数", ())
    assert [u.text for u in apart.unread] == ["全演练次数"]


# Hostile tables


def test_an_empty_table_and_nonsense_give_nothing_and_lose_nothing() -> None:
    for sheet in (sheet_of(), sheet_of(["\u3000"]), sheet_of(["a\x00b", "项目名称", "甲\x00"], ["1"] * 40)):
        evaluation = read_sheet(sheet, 1, None)
        hold_accounted(sheet, evaluation)
        assert evaluation.rows["performance_projects"] == ((1, *(None,) * 7),)


words = st.sampled_from(
    ("项目名称", "年初预算数", "全年预算数", "项目资金（万元）", "合计", "一级指标", "三级指标", "指标值", "分值", "得分", "总分", "预期目标", "实际完成情况", "1", "—", "甲", "n/a", "产出指标", "数量指标", "≥4次", "")
)  # fmt: skip


@given(lines=st.lists(st.lists(words, max_size=7), max_size=12))
def test_whatever_stands_in_a_table_every_cell_is_accounted_for(lines: list[list[str]]) -> None:
    sheet = sheet_of(*lines)
    is_evaluation(sheet, "")
    hold_accounted(sheet, read_sheet(sheet, 1, None))


@given(lines=st.lists(st.lists(words, max_size=7).map(" ".join), max_size=30))
def test_whatever_stands_in_lines_every_word_is_accounted_for(lines: list[str]) -> None:
    hold_words_accounted(lines, read_lines(lines, 1, None))
    list(forms_in(lines))


def hold_words_accounted(lines: list[str], evaluation: Evaluation) -> None:
    """Every word of a text is of a label or a value, or is listed."""
    found = set()
    for number, line in enumerate(lines):
        at = 0
        for word in line.split():
            at = line.index(word, at)
            found.add((number, at))
            at += len(word)
    listed = {place for one in evaluation.unread for place in one.places}
    assert found == evaluation.labels | evaluation.taken | listed
    assert not listed & (evaluation.taken | evaluation.labels)


@pytest.mark.parametrize("shape", ["rows", "columns"])
def test_a_huge_table_takes_time_in_proportion(shape: str) -> None:
    def reading(size: int) -> Callable[[], object]:
        columns = ["一级指标", "二级指标", "三级指标", "指标值", "完成值", "分值", "得分"]
        row = ["产出指标", "数量指标", "次数", "≥4次", "4次", "8", "8"]
        wide = [columns * (size // 7), *([row * (size // 7)] * 3)]
        lines = (
            [["项目名称", "甲"], columns, *([row] * size)] if shape == "rows" else [["项目名称", "甲"], *wide]
        )
        sheet = sheet_of(*lines)
        hold_accounted(sheet, read_sheet(sheet, 1, None))
        return lambda: (is_evaluation(sheet, ""), read_sheet(sheet, 1, None))

    assert in_proportion(reading, 500, 5_000)


def test_long_text_without_cells_takes_time_in_proportion() -> None:
    def reading(size: int) -> Callable[[], object]:
        lines = [*MADE_UP[:-1], *("数量指标 次数 提高 100% 8" for _ in range(size)), "总分 100 100"]
        return lambda: read_lines(lines, 1, None)

    assert in_proportion(reading, 500, 5_000)


# Text without cells

MADE_UP = [
    "项 目 支 出 绩 效 自 评 表",
    "(2023 年度)",
    "",
    "项目名称 河道管护经费",
    "",
    "主管部门 市水务局 实施单位 示例市河道管理站",
    "",
    "项目资金",
    "",
    "（万元）",
    "",
    "年初预算",
    "",
    "数",
    "全年预算数 全年执行数 分值 执行率 得分",
    "",
    "年度资金总额 1,230.00 1,230.00 984.00 10 80.00% 8.00 分",
    "",
    "其中：当年财",
    "",
    "政拨款",
    "1,230.00 1,230.00 984.00 — — —",
    "",
    "单位资金 0.00 0.00 0.00 — — —",
    "",
    "年度",
    "",
    "总体",
    "",
    "目标",
    "",
    "预期目标 实际完成情况",
    "",
    "清理河道十二公里，修复护岸两处，保持",
    "",
    "河面清洁。",
    "清理河道十公里，修复护岸两处，沿",
    "",
    "岸垃圾及时清运。",
    "",
    "一级指",
    "",
    "标",
    "二级指标 三级指标 年度指标值 实际完成值 分值 得分",
    "",
    "偏差原",
    "",
    "因分析",
    "",
    "及改进",
    "",
    "措施",
    "",
    "年度",
    "",
    "绩效",
    "",
    "指标",
    "",
    "完成",
    "",
    "情况",
    "",
    "产出指",
    "",
    "标",
    "",
    "数量指标",
    "",
    "清理河道",
    "",
    "长度",
    ">=12 公里 10 公里 20 16 汛期停工。",
    "",
    "质量指标",
    "",
    "河面保洁",
    "",
    "率",
    ">=95% 96.5% 10 10",
    "",
    "护岸合格",
    "",
    "率",
    "=100% 100% 10 10",
    "",
    "时效指标",
    "",
    "完成时间 及时 及时 10 10",
    "",
    "效益指",
    "",
    "标",
    "生态效益指标",
    "",
    "改善沿河",
    "",
    "环境",
    "改善 100% 30 30",
    "",
    "17",
    " 满意度",
    "",
    "指标",
    "",
    "服务对象满意",
    "",
    "度指标",
    "居民满意",
    "",
    "度",
    "≥90% 93% 10 10 无",
    "",
    "总分 100",
    "94.00",
    "",
    "分",
    "",
]


def test_a_made_up_text_without_cells() -> None:
    evaluation = read_lines(MADE_UP, 1, None)
    hold_words_accounted(MADE_UP, evaluation)
    assert [u.text for u in evaluation.unread] == ["17"]
    report = read_back(evaluation)
    assert kept(report, "performance_projects") == [
        {
            "no": 1, "fiscal_year": 2023, "project_name": "河道管护经费", "department_in_charge": "市水务局",
            "implementing_unit": "示例市河道管理站", "fund_unit": "万元",
            "goal_expected": "清理河道十二公里，修复护岸两处，保持河面清洁。",
            "goal_actual": "清理河道十公里，修复护岸两处，沿岸垃圾及时清运。",
        }
    ]  # fmt: skip
    assert [tuple(f.values())[1:] for f in kept(report, "performance_funds")] == [
        ("total", "年度资金总额", Decimal("1230.00"), Decimal("1230.00"), Decimal("984.00"), Decimal(10), Decimal("8.00")),
        ("current_year_fiscal", "其中：当年财政拨款", Decimal("1230.00"), Decimal("1230.00"), Decimal("984.00"), *[Nothing.NOT_APPLICABLE] * 2),
        ("unit", "单位资金", *[Decimal("0.00")] * 3, *[Nothing.NOT_APPLICABLE] * 2),
    ]  # fmt: skip
    assert [
        (r["level1"], r["level2"], r["level3"], r["target_printed"], r.get("actual_value", r.get("actual_text")), r["score"], r.get("deviation_reason"))
        for r in kept(report, "performance_indicators")
    ] == [
        ("产出指标", "数量指标", "清理河道长度", ">=12公里", 10, 16, "汛期停工。"),
        ("产出指标", "质量指标", "河面保洁率", ">=95%", Decimal("96.5"), 10, None),
        ("产出指标", "质量指标", "护岸合格率", "=100%", 100, 10, None),
        ("产出指标", "时效指标", "完成时间", "及时", "及时", 10, None),
        ("效益指标", "生态效益指标", "改善沿河环境", "改善", 100, 30, None),
        ("满意度指标", "服务对象满意度指标", "居民满意度", "≥90%", 93, 10, "无"),
    ]  # fmt: skip
    assert [(c["path"].rpartition(".")[2], c["printed"]) for c in kept(report, "claims")] == [
        ("execution_rate_percent", "80.00%"), ("execution_rate_percent", "—"), ("execution_rate_percent", "—"),
        ("total_score", "94.00分"), ("total_weight", "100"),
    ]  # fmt: skip


def test_forms_are_found_among_other_lines() -> None:
    before = ["十一、预算绩效的情况说明", "自评情况附项目支出绩效自评表。", ""]
    after = ["第三部分 专业名词解释", "总分 1 2"]
    length = len(MADE_UP) - 1
    lines = [*before, *MADE_UP, *MADE_UP, *after]
    assert list(forms_in(lines)) == [(3, 3 + length), (4 + length, 4 + 2 * length)]
    assert list(forms_in([*before, *after])) == []


@given(
    report=reports_with_form(names=plain_names, filled=True),
    narrow=st.tuples(*(st.integers(3, 9) for _ in range(11))),
    spaced=st.booleans(),
)
@settings(max_examples=60, phases=[Phase.generate])
def test_of_text_without_cells_every_word_is_accounted_for_and_what_is_wholly_understood_is_right(
    report: Report, narrow: tuple[int, ...], spaced: bool
) -> None:
    lines = [TITLE, *bare_lines(lay_out(report, 1), narrow, spaced=spaced)]
    evaluation = read_lines(lines, 1, report.records("performance_projects")[0]["fiscal_year"])  # type: ignore[arg-type]
    hold_words_accounted(lines, evaluation)
    if evaluation.unread:
        return  # such a form is not taken, see narrative.forms
    said, told = records(report), records(read_back(evaluation))
    assert {at: v for at, v in told.items() if not same_text(said.get(at), v)} == {}


def same_text(one: Value, other: Value) -> bool:
    """Whether two values are the same; where a paragraph ends is lost with the cells."""
    if isinstance(one, str) and isinstance(other, str):
        return "".join(one.split()) == "".join(other.split())
    return one == other and str(one) == str(other)


@pytest.mark.skipif("FATK_SEED" not in os.environ, reason="FATK_SEED names no folder with the received text")
def test_every_leaf_of_the_form_of_the_received_text() -> None:
    folder = Path(os.environ["FATK_SEED"])
    text = next(folder.glob("000_*.txt")).read_text(encoding="utf-8").split("\n")
    (form,) = forms_in(text)
    evaluation = read_lines(text[slice(*form)], 1, None)
    assert evaluation.unread == ()
    hold_words_accounted(text[slice(*form)], evaluation)
    assert leaves(as_values(evaluation)) == leaves(
        json.loads((folder / "values.json").read_bytes())["self_evaluations"]
    )
    read_off = [path for path in leaves(as_values(evaluation)) if not path.endswith(".kind")]
    assert len(read_off) == 157
    laid = read_sheet(lay_out(read_back(evaluation), 1), 1, 2022)
    assert laid.rows == evaluation.rows


def as_values(evaluation: Evaluation) -> list[dict[str, Any]]:
    """A form as the fact sheet of narratives nests it."""
    report = read_back(evaluation)
    claims = {str(c["path"]): c["value"] for c in report.records("claims")}
    signs = SPEC.tables["performance_indicators"]["target_operator"].labels
    ascii_signs = {None: None} | {
        name: {"≥": ">=", "≤": "<="}.get(sign, sign) for name, sign in signs.items()
    }
    (project,) = report.records("performance_projects")
    funds = [
        {**fund, "execution_rate_percent": claims[f"self_evaluations[1].funds[{n}].execution_rate_percent"]}
        for n, fund in enumerate(report.records("performance_funds"), 1)
    ]
    indicators = [
        {**r, "target_operator": ascii_signs[r["target_operator"]]}
        for r in report.records("performance_indicators")  # type: ignore[index]
    ]
    unknown = {"no", "project", "target_printed", "nature", "actual_text"}
    totals = {name: claims[f"self_evaluations[1].{name}"] for name in ("total_weight", "total_score")}
    return [
        {
            **{f: v for f, v in project.items() if f not in unknown},
            "funds": [{f: v for f, v in fund.items() if f not in unknown} for fund in funds],
            "indicators": [{f: v for f, v in one.items() if f not in unknown} for one in indicators],
            **totals,
        }
    ]


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of nested values by its path, numbers as text."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {at: leaf for key, one in items for at, leaf in leaves(one, f"{path}.{key}").items()}
    if isinstance(value, Nothing):
        return {path: value.value}
    return {path: str(value) if isinstance(value, Decimal) else value}


# A table of Word


@given(report=reports_with_form())
@example(report=read(EXAMPLES / "full/report.json").report)
@settings(max_examples=10, deadline=None)
def test_a_form_in_a_word_document_is_read_back(report: Report) -> None:
    docx = pytest.importorskip("docx")
    sheet = lay_out(report, 1)
    height, width = max(sheet.rows) + 1, max(c for _, c in sheet.cells) + 1
    width = max(width, *(c2 + 1 for *_, c2 in sheet.merges))
    document = docx.Document()
    table = document.add_table(height, width)
    for (row, column), cell in sheet.cells.items():
        table.cell(row, column).text = cell.text
    for r1, c1, r2, c2 in sheet.merges:
        merged = table.cell(r1, c1).merge(table.cell(r2, c2))
        merged.text = sheet.cells[r1, c1].text if (r1, c1) in sheet.cells else ""
    stream = io.BytesIO()
    document.save(stream)
    again = docx.Document(io.BytesIO(stream.getvalue())).tables[0]
    cells = {
        (r, c): Cell(cell.text, TEXT)
        for r, row in enumerate(again.rows)
        for c, cell in enumerate(row.cells)
        if cell.text
    }
    year = report.records("performance_projects")[0]["fiscal_year"]
    found = read_sheet(Sheet("表1", by_rows(cells), plain=True), 1, year)  # type: ignore[arg-type]
    assert found.unread == ()
    for name in TABLES[:3]:
        own = [row for row in report.rows(name) if row[0] == 1]
        assert list(found.rows[name]) == own
