"""Rules on counts, years, units, presence, codes, wording and plausibility: each is broken by one change and by nothing else.

A case is an example, a change, what must fail and where, and a near miss: a change beside it that the rule lets pass.
"""

import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fatk import formats
from fatk.findings import FAILED, NOT_CHECKED
from fatk.model import Report
from fatk.rules import codes, run, words
from fatk.rules.context import EXACT, Check, Context, Rule, load_rules
from fatk.spec import load

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "schemas/rules"
FILES = (
    "4-counts", "5-performance", "6-years", "7-entities", "8-presence", "9-codes", "10-wording", "11-plausibility",
)  # fmt: skip
W, F, M = "wuerhe-2022", "full", "minimal"
GONE = object()
Change = Mapping[str, Any]


def declared(name: str) -> list[dict[str, Any]]:
    return json.loads((RULES / f"{name}.json").read_bytes())["rules"]


#: The rules under test: those of the files named above, and those of the same kinds declared with the tables.
MINE = {
    rule.id: rule
    for rule in load_rules().values()
    if rule.id in {entry["id"] for name in FILES for entry in declared(name)}
    or ("check" in rule.body and rule.kind in {"presence", "code", "lint"})
}
RUN = {rule.id: rule for rule in MINE.values() if rule.built and "covered_by" not in rule.body}


# Reports with a change


@cache
def document(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "datapackages" / name / "report.json").read_bytes())


def changed(base: str | dict[str, Any], change: Change) -> dict[str, Any]:
    """A document with other values in some places; ``-`` appends, ``field=value,…`` chooses an element of a list."""
    found = copy.deepcopy(document(base) if isinstance(base, str) else base)
    for path, value in change.items():
        *above, last = path.split("/")
        part: Any = found
        for step in above:
            part = chosen(part, step)
        if isinstance(part, list) and last == "-":
            part.append(value)
        elif value is GONE:
            part.remove(chosen(part, last)) if isinstance(part, list) else part.pop(last)
        else:
            part[last] = value
    return found


def chosen(part: Any, step: str) -> Any:
    if not isinstance(part, list):
        return part.setdefault(step, {})
    wanted = [pair.split("=", 1) for pair in step.split(",")]
    return next(element for element in part if all(str(element.get(k)) == v for k, v in wanted))


def report_of(found: dict[str, Any]) -> Report:
    return formats.read_bytes(json.dumps(found, ensure_ascii=False).encode(), name="report.json")[1].report


def context_of(found: dict[str, Any], last: dict[str, Any] | None, units: list[dict[str, Any]]) -> Context:
    return Context(report_of(found), report_of(last) if last else None, [report_of(unit) for unit in units])


def failures(checks: list[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        if check.outcome == FAILED:
            found.setdefault(check.rule, []).append(check)
    return found


@cache
def of_base(name: str) -> frozenset[str]:
    return frozenset(failures(list(run(RUN, context_of(document(name), None, [])))))


# Cases


@dataclass(frozen=True)
class Case:
    """One change that a rule alone catches. ``cells``: a cell of each failure, as table/row/field."""

    rule: str
    base: str
    change: Change
    cells: tuple[str, ...]
    near: Change
    severity: str | None = None
    last: Change | None = None
    near_last: Change | None = None
    also: frozenset[str] = frozenset()
    found: str | None = None
    said: str = ""
    units: tuple[Change, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule}-{next(iter({**self.change, **(self.last or {})}), '').replace('/', '.')}"


def row(**cells: Any) -> dict[str, Any]:
    return cells


T1, T3 = "tables/income_expenditure_summary/rows", "tables/expenditure/rows"
T4, T5 = "tables/fiscal_appropriation_summary/rows", "tables/general_budget_expenditure/rows"
T6, T7 = "tables/general_budget_basic_expenditure/rows", "tables/three_public_expenses/rows"
INCOME, FUND = "tables/income/rows", "tables/government_fund/rows"
ACT, ASSETS, STAFF = "notes/three_public_activity", "notes/state_assets", "notes/staffing"
INDICATORS, CHANGES = "notes/performance_indicators", "notes/changes"
ZEROS = dict.fromkeys((f.name for f in load().tables["income"].amounts), "0.00")
NO_FUND = dict.fromkeys((f.name for f in load().tables["government_fund"].amounts), "0.00")

#: What the real example's year before was, so far as its changes tell it.
YEAR_BEFORE: Change = {
    "report/fiscal_year": 2021,
    f"{T1}/line=income.total/amount": "347.66",
    f"{T1}/line=expenditure.total/amount": "347.66",
    f"{T4}/line=income.total/total": "347.66",
    f"{T4}/line=expenditure.total/total": "347.66",
    f"{T5}/code=TOTAL/total": "347.66",
    f"{T7}/line=total/final": "25.13",
    f"{T7}/line=vehicles/final": "19.19",
    f"{T7}/line=reception/final": "5.94",
    "notes/operating_expenses/amount": "49.87",
}
CLOSED: Change = {"report/fiscal_year": 2020}
UNIT_2: Change = {"entity/name": "示例县另一站"}
LISTED = [{"no": 1, "name": "示例县示例站（本级）"}, {"no": 2, "name": "示例县另一站"}]

CASES = [
    # between tables
    Case(
        "ALL-02", F, {f"{FUND}/code=229/basic": None, f"{FUND}/code=229/project": None},
        ("government_fund/229/total",), {f"{FUND}/code=229/basic": None},
    ),
    Case(
        "X-22", W, {f"{T4}/line=expenditure.closing_balance/government_fund": "1.00"},
        ("fiscal_appropriation_summary/expenditure.closing_balance/government_fund",),
        {f"{T4}/line=expenditure.closing_balance/government_fund": None}, said="空表",
    ),
    Case(
        "X-23", W, {f"{T4}/line=income.opening_balance.state_capital/total": "1.00"},
        ("fiscal_appropriation_summary/income.opening_balance.state_capital/total",),
        {f"{T4}/line=income.opening_balance.state_capital/total": None},
    ),
    Case(
        "X-24", F,
        {f"{FUND}/-": row(code="2120899", name="其他国有土地使用权出让收入安排的支出", **NO_FUND | {"total": "1.00"})},
        ("government_fund/2120899/total",),
        {f"{FUND}/-": row(code="2120899", name="其他国有土地使用权出让收入安排的支出", **NO_FUND)},
    ),
    Case(
        "X-25", W, {f"{INCOME}/code=20103/name": "政府办公厅及相关机构事务"}, ("income/20103/name",),
        {f"{INCOME}/code=20103/name": "政府办公厅(室)及相关机构事务"}, said="政府办公厅及相关机构事务",
    ),
    Case(
        "X-26", F, {"notes/operating_expenses/unit_nature": "行政单位"},
        (
            "income/TOTAL/institutional_income", "income/TOTAL/business_income", "income/TOTAL/affiliate_remittance",
            "expenditure/TOTAL/remittance_to_superior", "expenditure/TOTAL/business", "expenditure/TOTAL/affiliate_subsidy",
            "income_expenditure_summary/income.non_fiscal_balance_used/amount",
            "income_expenditure_summary/expenditure.surplus_distribution/amount",
        ),
        {"notes/operating_expenses/unit_nature": "行政单位和事业单位"},
    ),
    # counts
    Case("NN-40", W, {f"{STAFF}/actual": 13}, ("staffing/*/actual",), {f"{STAFF}/retired": None}, found="13"),
    Case("NN-41", W, {"notes/organisation/office_count": 9}, ("organisation/*/office_count",), {"notes/offices": []}),
    Case(
        "NN-41", W, {"notes/offices/no=2/name": "综合科"}, ("offices/2/name",), {"notes/offices/no=2/name": "综合二科"},
        said="综合科",
    ),
    Case("NN-42", W, {"notes/functions/no=19/no": 20}, ("functions/20/no",), {"notes/functions/no=19": GONE}),
    Case("NN-43", F, {f"{ASSETS}/other_vehicles": 2}, ("state_assets/*/vehicles",), {f"{ASSETS}/other_vehicles": None}),
    Case("NN-44", F, {f"{ACT}/vehicles_owned": 7}, ("three_public_activity/*/vehicles_owned",), {f"{ASSETS}/vehicles": None}),
    Case(
        "NN-45", W, {f"{ACT}/overseas_groups": 1, f"{ACT}/overseas_person_times": 3},
        ("three_public_activity/*/overseas_groups",), {f"{ACT}/overseas_groups": None},
    ),
    Case("NN-46", W, {f"{ACT}/vehicles_purchased": 1}, ("three_public_activity/*/vehicles_purchased",), {f"{ACT}/vehicles_purchased": None}),
    Case("NN-47", F, {f"{ACT}/vehicles_purchased": 7}, ("three_public_activity/*/vehicles_purchased",), {f"{ACT}/vehicles_purchased": 6}),
    Case("NN-48", W, {f"{ACT}/vehicles_owned": 0}, ("three_public_activity/*/vehicles_owned",), {f"{ACT}/vehicles_owned": 1}),
    Case("NN-49", W, {f"{ACT}/domestic_batches": 0}, ("three_public_activity/*/domestic_batches",), {f"{ACT}/domestic_batches": 1}),
    Case("NN-50", W, {f"{ACT}/domestic_person_times": 209}, ("three_public_activity/*/domestic_batches",), {f"{ACT}/domestic_person_times": 210}),
    Case("NN-51", F, {"notes/procurement/micro_contract": "120.02"}, ("procurement/*/micro_contract",), {"notes/procurement/micro_contract": "120.01"}),
    Case("NN-52", F, {f"{ASSETS}/building_value": "2242.41"}, ("state_assets/*/building_value",), {f"{ASSETS}/building_value": "2242.40"}),
    Case("NN-53", W, {f"{ASSETS}/building_area": "100.00"}, ("state_assets/*/building_area",), {f"{ASSETS}/building_area": None}),
    Case("NN-53", W, {f"{ASSETS}/vehicles_value": "0.00"}, ("state_assets/*/vehicles_value",), {f"{ASSETS}/vehicles_value": "0.01"}),
    Case("NN-54", W, {"notes/performance_summary/evaluated_projects": 2}, ("performance_summary/*/evaluated_projects",), {"notes/performance_summary/evaluated_projects": None}),
    Case(
        "NN-55", W, {"tables/fiscal_appropriation_summary": {"status": "missing", "rows": []}, f"{T7}/line=total/final": "386.25"},
        ("three_public_expenses/total/final",),
        {"tables/fiscal_appropriation_summary": {"status": "missing", "rows": []}, f"{T7}/line=total/final": "386.24"},
    ),
    Case("NN-56", W, {"claims/path=performance.executed/value": "25.02"}, ("claims/performance.executed/1/value",), {"claims/path=performance.executed/value": "250000.00", "claims/path=performance.executed/unit": "元"}),
    Case("NN-57", F, {"notes/performance_summary/grade_good": 1}, ("performance_summary/*/self_evaluation_count",), {"notes/performance_summary/grade_good": None}),
    # self-evaluation
    Case("PE-06", W, {f"{INDICATORS}/no=1/score": "9"}, ("performance_indicators/1/1/score",), {f"{INDICATORS}/no=1/weight": "8.00"}),
    Case(
        "PE-07", F, {f"{INDICATORS}/project=1,no=1/score": "19", f"{INDICATORS}/project=1,no=1/deviation_reason": "返工"},
        ("performance_indicators/1/1/score",),
        {
            f"{INDICATORS}/project=1,no=1/score": "19", f"{INDICATORS}/project=1,no=1/deviation_reason": "返工",
            f"{INDICATORS}/project=1,no=1/actual_value": "2.9",
        },
    ),
    Case("PE-07", F, {f"{INDICATORS}/project=1,no=2/score": "10"}, ("performance_indicators/1/2/score",), {f"{INDICATORS}/project=1,no=2/score": "9.99"}),
    Case("PE-09", F, {f"{INDICATORS}/project=1,no=2/deviation_reason": "无"}, ("performance_indicators/1/2/deviation_reason",), {f"{INDICATORS}/project=1,no=2/deviation_reason": "雨"}),
    Case(
        "PE-09", W, {f"{INDICATORS}/no=1/deviation_reason": "演练推迟"}, ("performance_indicators/1/1/deviation_reason",),
        {f"{INDICATORS}/no=4/deviation_reason": "故障少于预期"}, severity="info",
    ),
    Case("PE-10", W, {f"{INDICATORS}/no=1/actual_unit": "个"}, ("performance_indicators/1/1/actual_unit",), {f"{INDICATORS}/no=1/actual_unit": "次数"}, found="个"),
    Case("PE-11", W, {f"{INDICATORS}/no=8/level2": "数量指标"}, ("performance_indicators/1/8/level2",), {f"{INDICATORS}/no=8/level2": "政治影响指标"}),
    Case("PE-13", W, {"notes/performance_projects/no=1/fiscal_year": 2021}, ("performance_projects/1/fiscal_year",), {"notes/performance_projects/no=1/fiscal_year": None}),
    Case("PE-13", W, {"notes/performance_projects/no=1/implementing_unit": "区水利局"}, ("performance_projects/1/implementing_unit",), {"notes/performance_projects/no=1/implementing_unit": "政务公开办"}),
    Case("PE-14", W, {f"{INDICATORS}/no=9/score": None}, ("performance_indicators/1/9/score",), {f"{INDICATORS}/no=9/actual_value": None, f"{INDICATORS}/no=9/actual_text": "已公开"}),
    Case("PE-15", W, {"notes/performance_funds/kind=other/executed": "0.02"}, ("performance_funds/1/other/executed",), {"notes/performance_funds/kind=other/executed": "n/a"}),
    # years
    Case(
        "CY-01", M, {}, ("income_expenditure_summary/income.opening_balance/amount",), {},
        last={**CLOSED, f"{T1}/line=expenditure.closing_balance/amount": "1.00"},
        near_last={**CLOSED, f"{T1}/line=expenditure.closing_balance/amount": "0.01"},
    ),
    Case(
        "CY-02", M, {}, ("fiscal_appropriation_summary/income.opening_balance.general_public_budget/total",), {},
        last={**CLOSED, f"{T4}/line=expenditure.closing_balance/general_public_budget": "1.00"},
        near_last={**CLOSED, f"{T4}/line=expenditure.closing_balance/total": "1.00"},
    ),
    Case(
        "CY-02", M, {}, ("government_fund/TOTAL/opening_balance",), {},
        last={
            **CLOSED, "tables/government_fund/status": "reported",
            "tables/government_fund/rows": [row(code="TOTAL", name="合计", **NO_FUND | {"closing_balance": "1.00"})],
        },
        near_last={
            **CLOSED, "tables/government_fund/status": "reported",
            "tables/government_fund/rows": [row(code="TOTAL", name="合计", **NO_FUND | {"income": "1.00"})],
        },
    ),
    Case(
        "CY-03", W, {}, ("general_budget_expenditure/TOTAL/total",), {},
        last={**YEAR_BEFORE, f"{T5}/code=TOTAL/total": "350.00"}, near_last=YEAR_BEFORE,
    ),
    Case("CY-06", W, {"codes/scheme=functional,code=20103/year": 2021}, ("codes/functional/20103/year",), {"codes/scheme=functional,code=20103/year": None}, said="2021"),
    Case(
        "CY-07", W, {f"{T4}/line=expenditure.current_year/government_fund": "1.00"},
        ("fiscal_appropriation_summary/expenditure.current_year/government_fund",), {},
        last=YEAR_BEFORE, near_last=YEAR_BEFORE, also=frozenset({"X-22"}),
    ),
    Case(
        "CY-08", W, {}, ("three_public_activity/*/vehicles_owned",), {},
        last={**YEAR_BEFORE, f"{ACT}/vehicles_owned": 5}, near_last={**YEAR_BEFORE, f"{ACT}/vehicles_owned": 7},
    ),
    # units: the base is the sum of two
    Case(
        "CE-01", M, {f"{T7}/line=total/budget": "1.00"}, ("three_public_expenses/total/budget",),
        {f"{T7}/line=total/budget": "0.01"}, units=({}, UNIT_2),
    ),
    Case("CE-02", M, {f"{T1}/line=income.other/amount": "1.00"}, ("income_expenditure_summary/income.other/amount",), {f"{T1}/line=income.other/amount": "0.01"}, units=({}, UNIT_2)),
    Case("CE-02", M, {f"{INCOME}/code=TOTAL/total": "9.00"}, ("income/TOTAL/total",), {f"{INCOME}/code=201/total": "9.00"}, units=({}, UNIT_2)),
    Case(
        "CE-04", M, {"notes/staffing": {"actual": 25}}, ("staffing/*/actual",), {"notes/staffing": {"actual": 24}},
        units=({"notes/staffing": {"actual": 12}}, {**UNIT_2, "notes/staffing": {"actual": 12}}),
    ),
    Case(
        "CE-05", M, {"notes/constituents": LISTED[:1]}, ("constituents/*/name",), {"notes/constituents": LISTED},
        units=({}, UNIT_2), said="另一站",
    ),
    Case(
        "CE-05", M, {"notes/constituents": [*LISTED, {"no": 3, "name": "示例县水文队"}]}, ("constituents/3/name",),
        {"notes/constituents": LISTED}, units=({}, UNIT_2),
    ),
    Case("CE-07", M, {"report/title": "示例县示例站2021年度部门决算"}, ("report/*/title",), {"report/title": "示例县示例站2021年度部门（单位）决算"}),
    # presence
    Case("PF-03", M, {"report/unit": None}, ("report/*/unit",), {"report/unit": None, "tables/income/unit": "万元"}, said="金额单位"),
    Case("PF-04", M, {"report/unit": None, "tables/income/unit": "万元"}, ("tables/expenditure/unit",), {"tables/income/unit": "元"}),
    Case("PF-05", W, {"notes/glossary": []}, ("glossary/*/term",), {"notes/procurement/goods": None}, said="名词解释"),
    Case("PF-05", W, {"notes/state_assets": {}}, ("state_assets/*/vehicles",), {f"{ASSETS}/vehicles": None}, severity="info"),
    Case("PF-06", M, {f"{T6}/line=30201": GONE}, ("general_budget_basic_expenditure/302/line",), {f"{T6}/line=30201": GONE, f"{T6}/line=302/amount": "0.00"}),
    Case("PF-07", F, {f"{T7}/line=vehicle_purchase/final": None}, ("three_public_expenses/vehicle_purchase/final",), {f"{T7}/line=vehicle_purchase/final": "0.00"}),
    Case("PF-07", F, {"claims/path=three_public.details.vehicles.purchase": GONE}, ("claims/three_public.details.vehicles.purchase/1/path",), {"claims/path=three_public.vehicles.amount": GONE}),
    Case("PF-08", W, {f"{CHANGES}/subject=general_public_budget/reason": None}, ("changes/general_public_budget/previous_year/reason",), {f"{CHANGES}/subject=three_public.reception,base=annual_budget/reason": None}),
    Case("PF-08", W, {f"{CHANGES}/subject=fiscal_appropriation.income,base=initial_budget/reason": None}, ("changes/fiscal_appropriation.income/initial_budget/reason",), {f"{CHANGES}/subject=three_public.overseas_travel,base=previous_year/reason": None}),
    Case("PF-09", W, {f"{ACT}/domestic_batches": None}, ("three_public_activity/*/domestic_batches",), {f"{ACT}/overseas_groups": None}),
    Case("PF-10", F, {"report/published_on": "2023-08-31"}, ("report/*/published_on",), {"report/published_on": "2023-08-30"}, found="21"),
    Case("PF-11", F, {"cells/table=staffing/reason": None}, ("staffing/*/dispatched",), {"cells/table=staffing/basis": "stated"}),
    Case("PF-13", W, {f"{T1}/line=income.total/amount": "386.2"}, ("income_expenditure_summary/income.total/amount",), {"tables/income_expenditure_summary/decimals": 2}),
    Case("PF-13", W, {"claims/path=income.total/value": "386.2"}, ("claims/income.total/1/value",), {"claims/path=income.total/value": "386.230"}),
    # codes
    Case(
        "KC-02", F, {f"{INCOME}/-": row(code="2110101", name="行政运行", **ZEROS)}, ("income/2110101/code",),
        {f"{INCOME}/-": row(code="211", name="节能环保支出", **ZEROS)},
    ),
    Case("KC-04", M, {f"{T6}/-": row(line="30190", name="其他补贴", amount="0.00")}, ("general_budget_basic_expenditure/30190/line",), {f"{T6}/-": row(line="30199", name="其他工资福利支出", amount="0.00")}),
    Case("KC-04", M, {f"{T6}/-": row(line="30104", name="社会保障缴费", amount="0.00")}, ("general_budget_basic_expenditure/30104/line",), {f"{T6}/-": row(line="30112", name="其他社会保障缴费", amount="0.00")}, severity="info", said="2017"),
    Case("KC-04", F, {f"{INCOME}/-": row(code="2120188", name="某事务", **ZEROS)}, ("income/2120188/code",), {f"{INCOME}/-": row(code="2120103", name="机关服务", **ZEROS)}, severity="info"),
    Case("KC-05", M, {f"{T6}/line=30201/name": "办公用品费"}, ("general_budget_basic_expenditure/30201/name",), {f"{T6}/line=30201/name": "办公费支出"}, found="办公用品费"),
    Case("KC-05", F, {f"{INCOME}/-": row(code="207", name="文化体育与传媒支出", **ZEROS)}, ("income/207/name",), {f"{INCOME}/-": row(code="207", name="文化旅游体育与传媒支出", **ZEROS)}, severity="info"),
    Case("KC-06", M, {f"{T6}/-": row(line="201", name="一般公共服务支出", amount="0.00")}, ("general_budget_basic_expenditure/201/line",), {f"{T6}/-": row(line="310", name="资本性支出", amount="0.00")}),
    Case("KC-07", M, {f"{T1}/line=income.other/name": "经营收入"}, ("income_expenditure_summary/income.other/name",), {f"{T1}/line=income.non_fiscal_balance_used/name": "使用非财政拨款结余（含专用结余）"}),
    Case("KC-07", M, {f"{T1}/line=income.other/name": "各种杂项"}, ("income_expenditure_summary/income.other/name",), {f"{T1}/line=expenditure.201/name": "一般公共服务"}, severity="info"),
    Case("KC-08", W, {f"{T4}/line=expenditure.223/general_public_budget": "1.00"}, ("fiscal_appropriation_summary/expenditure.223/general_public_budget",), {f"{T4}/line=expenditure.223/state_capital": "1.00"}),
    Case("KC-08", W, {f"{T5}/-": row(code="2120803", name="城市建设支出", total="1.00", basic="0.00", project="1.00")}, ("general_budget_expenditure/2120803/total",), {f"{T5}/-": row(code="2120803", name="城市建设支出", total="0.00", basic="0.00", project="0.00")}, also=frozenset({"KC-02", "X-24"})),
    Case("KC-09", W, {"notes/general_budget_items/no=3/item_name": "机关事业单位职业年金缴费支出"}, ("general_budget_items/3/code",), {"notes/general_budget_items/no=3/code": None}, found="2080505"),
    Case("KC-10", F, {f"{T6}/-": row(line="30311", name="住房公积金", amount="0.00")}, ("general_budget_basic_expenditure/30311/name",), {f"{T6}/-": row(line="30311", name="代缴社会保险费", amount="0.00")}),
    Case("KC-11", F, {"entity/id": "91350100M000100Y44", "entity/id_scheme": "uscc"}, ("entity/*/id",), {"entity/id": "91350100M000100Y43", "entity/id_scheme": "uscc"}, found="4"),
    Case("KC-11", F, {"entity/id": "91350100M000100Y4", "entity/id_scheme": "uscc"}, ("entity/*/id",), {"entity/id": "91350100M000100Y4", "entity/id_scheme": "organisation_code"}),
    Case("KC-12", W, {"entity/administrative_division": "650206"}, ("entity/*/administrative_division",), {"entity/administrative_division": "659001"}),
    # wording
    Case("WD-01", W, {"claims/path=general_public_budget.items[2].yoy.rate_percent/printed": "增长15.88%"}, ("claims/general_public_budget.items[2].yoy.rate_percent/1/printed",), {"claims/path=general_public_budget.items[2].yoy.rate_percent/printed": "降低15.88%"}),
    Case("WD-01", W, {f"{CHANGES}/subject=three_public.vehicles/comparison": "down"}, ("changes/three_public.vehicles/previous_year/comparison",), {f"{CHANGES}/subject=three_public.vehicles/comparison": "up"}),
    Case("WD-02", F, {f"{CHANGES}/subject=general_public_budget.items.2080501,base=previous_year/amount": "0.01"}, ("changes/general_public_budget.items.2080501/previous_year/comparison",), {f"{CHANGES}/subject=general_public_budget.items.2080501,base=previous_year/amount": None}),
    Case("WD-02", F, {"claims/path=general_public_budget.items[5].yoy.rate_percent/printed": "基本持平"}, ("claims/general_public_budget.items[5].yoy.rate_percent/1/printed",), {"claims/path=general_public_budget.items[5].yoy.rate_percent/printed": "4.76%"}, severity="info"),
    Case("WD-03", F, {f"{CHANGES}/subject=general_public_budget,base=adjusted_budget/comparison": "up"}, ("changes/general_public_budget/adjusted_budget/comparison",), {f"{CHANGES}/subject=general_public_budget,base=adjusted_budget/comparison": "down"}),
    Case("WD-04", W, {f"{CHANGES}/subject=overall.income/reason": "人员经费增加（减少）"}, ("changes/overall.income/previous_year/reason",), {f"{CHANGES}/subject=overall.income/reason": "人员经费增加"}, found="增加（减少）"),
    Case("WD-04", W, {"notes/operating_expenses/unit_nature": "XX单位"}, ("operating_expenses/*/unit_nature",), {"notes/glossary/no=1/definition": "增加（减少）的资金"}),
    Case("WD-05", W, {f"{CHANGES}/subject=overall.income/reason": "人员工资上调，，经费增加"}, ("changes/overall.income/previous_year/reason",), {f"{CHANGES}/subject=overall.income/reason": "人员工资上调……经费增加"}),
    Case("WD-06", W, {"claims/path=income.total/printed": "386.23"}, ("claims/income.total/1/printed",), {"claims/path=income.total/printed": "386.23万元"}),
    Case("WD-06", W, {"claims/path=three_public.reception.share_percent/printed": "29.23"}, ("claims/three_public.reception.share_percent/1/printed",), {"claims/path=three_public.reception.share_percent/printed": "百分之29.23"}),
    Case("WD-07", W, {"claims/path=income.total/unit": "元"}, ("claims/income.total/1/unit",), {"claims/path=income.total/unit": "元", "claims/path=income.total/value": "3862300.00"}),
    Case("WD-09", W, {"report/title": "某办公室2020年度部门决算"}, ("report/*/title",), {"report/title": "某办公室2021年度部门决算"}, found="2020"),
    Case("WD-09", W, {f"{ASSETS}/as_of": "2021-12-31"}, ("state_assets/*/as_of",), {f"{ASSETS}/as_of": None}),
    Case("WD-09", W, {f"{CHANGES}/subject=overall.income/reason": "2019年度决算口径调整"}, ("changes/overall.income/previous_year/reason",), {f"{CHANGES}/subject=overall.income/reason": "按《2019年度决算办法》调整"}),
    Case("WD-10", W, {f"{CHANGES}/subject=overall.income/reason": "压减专项经费"}, ("changes/overall.income/previous_year/reason",), {f"{CHANGES}/subject=overall.income/reason": "上年压减专项经费，基数低"}, said="压减"),
    Case("WD-10", W, {f"{CHANGES}/subject=three_public.reception,base=annual_budget/reason": "厉行节约"}, ("changes/three_public.reception/annual_budget/reason",), {f"{CHANGES}/subject=three_public.reception,base=annual_budget/reason": "严格控制"}),
    Case("WD-11", W, {"claims/path=three_public.reception.share_percent/value": "29.2"}, ("claims/three_public.reception.share_percent/1/value",), {"claims/path=three_public.overseas_travel.share_percent/value": "0"}),
    Case("WD-13", W, {"claims/path=income.total/unit": "千元"}, ("claims/income.total/1/unit",), {"claims/path=income.total/unit": None}),
    Case("WD-13", W, {"claims/path=overall.income.opening_balance/unit": "元"}, ("claims/overall.income.opening_balance/1/unit",), {"claims/path=overall.income.opening_balance/unit": None}, severity="info"),
    Case("WD-14", F, {"notes/general_budget_items/no=11/purpose": "缴纳医疗保险"}, ("general_budget_items/11/purpose",), {"notes/general_budget_items/no=11/purpose": "缴存公积金"}),
    # plausibility
    Case("PL-08", F, {f"{INDICATORS}/project=2,no=1/{f}_{k}": v for f in ("target", "actual") for k, v in (("value", "366"), ("unit", "次"))}, ("performance_indicators/2/1/target_value",), {f"{INDICATORS}/project=2,no=1/{f}_unit": "次" for f in ("target", "actual")}, found="366"),
    Case(
        "PL-09", F, {f"{T6}/line=30102/amount": "undisclosed", "tables/general_budget_basic_expenditure/reason": "涉密"},
        ("general_budget_basic_expenditure/30102/amount",),
        {f"{T6}/line={code}/amount": "undisclosed" for code in ("30102", "30103")}, said="GBB-01",
    ),
]  # fmt: skip

#: Rules that run and have no case above, and why.
WITHOUT_CASE = {"PL-07": "off unless it is turned on: tested by itself below"}


def doubled(found: dict[str, Any]) -> dict[str, Any]:
    """A report of two equal units: every amount twice, under another name."""
    result = copy.deepcopy(found)
    result["entity"] = {"name": "示例县示例局", "kind": "unit", "scope": "own"}
    for name, table in result["tables"].items():
        amounts = {f.name for f in load().tables[name].amounts}
        for line in table.get("rows", ()):
            for key in amounts & line.keys():
                line[key] = str(2 * Decimal(line[key]))
    return result


def checks_of(
    case: Case, change: Change, last: Change | None, rules: Mapping[str, Rule] = MappingProxyType(RUN)
) -> list[Check]:
    base = doubled(document(case.base)) if case.units else case.base
    units = [changed(case.base, unit) for unit in case.units]
    before = changed(case.base, last) if last else None
    return list(run(rules, context_of(changed(base, change), before, units)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_is_caught_by_its_rule_alone(case):
    failed = failures(checks_of(case, case.change, case.last))
    assert set(failed) - (of_base(case.base) - {case.rule}) - case.also == {case.rule}
    found = failed[case.rule]
    places = [{"/".join(ref) for ref in check.refs} for check in found]
    assert len(found) == len(case.cells)
    assert all(cell in place for cell, place in zip(case.cells, places, strict=True)), places
    assert {check.severity for check in found} == {case.severity}
    for check in found:
        sentences = dict(check.details)
        assert check.expected is not None or check.found is not None or set(sentences) == {"zh", "en"}
        assert case.said in sentences.get("zh", "")
        assert case.found in {None, str(check.found)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_near_miss_passes(case):
    checks = checks_of(case, case.near, case.near_last, {case.rule: RUN[case.rule]})
    failed = [
        check
        for check in failures(checks).get(case.rule, ())
        if case.cells[0] in {"/".join(r) for r in check.refs}
    ]
    assert failed == []


def test_every_rule_that_runs_has_a_case():
    assert set(RUN) == {case.rule for case in CASES} | set(WITHOUT_CASE)


# Figures that are not there


UNCHECKED = [
    ("X-22", W, {"tables/fiscal_appropriation_summary": {"status": "missing", "rows": []}}, "missing"),
    ("X-24", W, {"tables/expenditure": {"status": "missing", "rows": []}}, "missing"),
    ("X-26", F, {"notes/operating_expenses/unit_nature": "行政单位", f"{INCOME}/code=TOTAL/business_income": "undisclosed"}, "undisclosed"),
    ("NN-41", W, {"notes/organisation/office_count": "undisclosed"}, "undisclosed"),
    ("NN-46", M, {"tables/three_public_expenses": {"status": "missing", "rows": []}, ACT: {"vehicles_purchased": 0}}, "missing"),
    ("NN-48", M, {f"{T7}/line=vehicle_operation/final": None, ACT: {"vehicles_owned": 0}}, "blank"),
    ("NN-49", W, {f"{ACT}/domestic_batches": "undisclosed"}, "undisclosed"),
    ("PE-07", W, {f"{INDICATORS}/no=1/actual_value": "undisclosed"}, "undisclosed"),
    ("PE-13", W, {"notes/performance_projects/no=1/implementing_unit": "区水利局", "notes/constituents": []}, "absent"),
    ("PF-07", W, {f"{T7}/line=vehicles/final": "undisclosed"}, "undisclosed"),
    ("PF-09", W, {ACT: {}, f"{T7}/line=reception/final": "undisclosed"}, "undisclosed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "base", "change", "reason"), UNCHECKED, ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_figure_that_is_not_there_is_never_a_pass(rule, base, change, reason):
    checks = list(run({rule: RUN[rule]}, context_of(changed(base, change), None, [])))
    assert reason in {check.reason for check in checks if check.outcome == NOT_CHECKED}


def test_without_a_second_report_nothing_is_said():
    for name in ("6-years", "7-entities"):
        for entry in declared(name):
            rule = load_rules()[entry["id"]]
            if rule.id in RUN and rule.id not in {"CY-06", "CE-07"}:
                assert list(run({rule.id: rule}, context_of(document(F), None, []))) == [], rule.id


# The examples


def test_the_real_example_raises_two_findings_and_no_more():
    checks = list(run(RUN, context_of(document(W), None, [])))
    found = [
        (check.rule, check.severity or RUN[check.rule].severity, check.refs)
        for check in checks
        if check.outcome == FAILED
    ]
    assert sorted((rule, severity, ["/".join(ref) for ref in refs]) for rule, severity, refs in found) == [
        ("NN-44", "warning", ["three_public_activity/*/vehicles_owned", "state_assets/*/vehicles"]),
        (
            "PL-08",
            "info",
            ["performance_indicators/1/2/target_value", "performance_indicators/1/2/actual_value"],
        ),
    ]
    assert not [check for check in checks if check.outcome == NOT_CHECKED]
    assert {check.rule for check in checks if check.outcome == "within_rounding"} == set()


@pytest.mark.parametrize("name", [F, M])
def test_the_invented_examples_raise_nothing(name):
    checks = list(run(RUN, context_of(document(name), None, [])))
    assert {check.outcome for check in checks} == {EXACT, "not_applicable"}


@pytest.mark.parametrize("name", [W, F, M])
def test_the_same_report_gives_the_same_checks(name):
    one, other = (list(run(RUN, context_of(document(name), None, []))) for _ in range(2))
    assert one == other


def test_plausibility_is_off_until_it_is_turned_on():
    rule = RUN["PL-07"]
    body = {k: v for k, v in rule.body.items() if k != "off"}
    on = dataclasses.replace(rule, body=body)
    for name in (W, F):
        assert list(run({rule.id: rule}, context_of(document(name), None, []))) == []
        assert {c.outcome for c in run({on.id: on}, context_of(document(name), None, []))} <= {
            EXACT,
            "not_applicable",
        }
    odd = context_of(changed(W, {f"{ACT}/domestic_person_times": 20}), None, [])
    assert [check.refs[0].row for check in run({on.id: on}, odd) if check.outcome == FAILED] == [
        "reception",
        "*",
    ]


# The data


META = json.loads((ROOT / "schemas/meta/rule.schema.json").read_bytes())
VALIDATOR = Draft202012Validator(META)


@pytest.mark.parametrize("path", sorted(RULES.glob("*.json")), ids=lambda p: p.stem)
def test_rules_keep_the_shape_of_their_kind(path):
    assert (
        sorted(f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(json.loads(path.read_bytes())))
        == []
    )


RIGHT = {
    "id": "AB-01",
    "kind": "lint",
    "severity": "info",
    "basis": "CV",
    "since": "1.0.0",
    "title": {"zh": "规则", "en": "A rule."},
}
SUM = {"table": "income", "row": "TOTAL", "field": "total"}
#: Members put in or (None) taken away, and whether that is a rule.
SHAPES = [
    ({"check": "amount_decimals"}, True),
    ({"not_built": {"zh": "没有数据", "en": "There is no data."}}, True),
    ({"covered_by": "STR-05"}, True),
    ({}, False),
    ({"check": "amount_decimals", "words": ["一"]}, False),
    ({"check": "other"}, False),
    ({"check": "rate_decimals"}, False),
    ({"check": "rate_decimals", "decimals": 2, "except": ["income"]}, True),
    ({"check": "amount_decimals", "covered_by": "STR-05"}, False),
    ({"check": "amount_decimals", "severity": "fatal"}, False),
    ({"check": "amount_decimals", "title": {"zh": "规则", "en": "no sentence"}}, False),
    ({"check": "amount_decimals", "when": {"year": 2020}}, False),
    ({"check": "ordinals", "tables": ["functions"]}, False),
    ({"kind": "presence", "check": "ordinals", "tables": ["functions"]}, True),
    ({"kind": "linear", "left": [SUM], "right": [SUM]}, True),
    ({"kind": "linear", "left": [SUM]}, False),
    ({"kind": "linear", "left": [SUM], "right": [{**SUM, "rows": ["201"]}]}, False),
    ({"kind": "linear", "left": [SUM], "right": [{"constant": "0"}], "of": "parts"}, False),
    ({"kind": "linear", "left": [SUM], "right": [{**SUM, "of": "elsewhere"}]}, False),
    ({"kind": "linear", "instances": [{"left": [SUM], "right": [SUM]}]}, True),
    ({"kind": "rollup", "table": "income", "level": "total"}, True),
    ({"kind": "rollup", "table": "income", "level": "项"}, False),
    ({"kind": "sum", "left": [SUM], "right": [SUM]}, False),
]  # fmt: skip


@pytest.mark.parametrize(("members", "right"), SHAPES, ids=lambda x: json.dumps(x, ensure_ascii=False)[:60])
def test_a_rule_of_another_shape_is_none(members, right):
    assert VALIDATOR.is_valid({"rules": [{**RIGHT, **members}]}) is right


def test_forms_of_checks_are_those_that_are_declared():
    for kind, forms in (("presence", words.PRESENCE), ("lint", words.LINT), ("code", codes.CODE)):
        assert set(META["$defs"][kind]["properties"]["check"]["enum"]) == set(forms)
        assert {rule.body["check"] for rule in RUN.values() if rule.kind == kind} == set(forms)


def test_every_rule_of_the_catalogue_is_declared_once():
    every = [entry["id"] for path in RULES.glob("*.json") for entry in json.loads(path.read_bytes())["rules"]]
    assert len(every) == len(set(every))
    wanted = {"NN": range(40, 58), "PE": range(1, 16), "CY": range(1, 9), "CE": range(1, 8), "PF": range(1, 14),
              "KC": range(1, 14), "WD": range(1, 15), "PL": range(1, 10)}  # fmt: skip
    assert {f"{prefix}-{number:02}" for prefix, numbers in wanted.items() for number in numbers} <= set(every)


def test_operands_name_fields_that_exist():
    for rule in MINE.values():
        for place in places_in(rule.body):
            table = load().tables[place["table"]]
            assert place["field"] in table.position, (rule.id, place)
            assert "row" not in place or bool(table.key) != (place["row"] == "*"), (rule.id, place)
        for texts in (part["texts"] for part in parts_of(rule.body) if "texts" in part):
            for name, fields in texts.items():
                assert all(load().tables[name][f].type == "string" for f in fields), (rule.id, name)


def places_in(part: Any) -> Iterator[dict[str, Any]]:
    for found in parts_of(part):
        if isinstance(found.get("table"), str) and isinstance(found.get("field"), str):
            yield found


def parts_of(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, Mapping):
        yield dict(part)
        for value in part.values():
            yield from parts_of(value)
    elif isinstance(part, list):
        for value in part:
            yield from parts_of(value)


def test_what_covers_a_rule_exists():
    notices = {n["id"] for n in json.loads((ROOT / "schemas/notices/structure.json").read_bytes())["notices"]}
    covered = {rule.id: rule.body["covered_by"] for rule in MINE.values() if "covered_by" in rule.body}
    assert covered
    for rule, by in covered.items():
        assert by in notices or load_rules()[by].built, rule
        assert list(run({rule: MINE[rule]}, context_of(document(F), None, []))) == []


def test_what_is_no_law_says_why():
    listed = json.loads((ROOT / "schemas/not_laws.json").read_bytes())["not_laws"]
    assert [entry["id"] for entry in listed] == [f"NO-{number:02}" for number in range(1, 31)]
    for entry in listed:
        assert set(entry) == {"id", "looks_like", "why"}
        for said in (entry["looks_like"], entry["why"]):
            assert re.search("[一-鿿]", said["zh"])
            assert said["en"].endswith(".")
        for rule in re.findall(r"[A-Z]{1,3}-[0-9]{2}", entry["why"]["zh"]):
            assert rule in load_rules()
