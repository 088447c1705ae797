"""Reports with all that their narratives tell: right nine tables, and random facts that only the text has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fatk.model import Report, Row, build, make_row
from fatk.narrative.completing import completed
from strategies import SPEC, balanced_reports

_HAN = "本年度新增减人员工资调整设备购置维修维护会议培训出访接待车辆燃油保险项目资金规范管理落实改善"
#: What a name is made of, and a sentence, which may say figures, other years and stops of its own.
names = st.text(_HAN, min_size=1, max_size=12)
_WORDS = ("，", "，2021年为3.50万元", "；", "。", "（含税）", "“三公”", "，比上年增加1人", "、", " A4 ")
sentences = st.builds(
    lambda first, rest: first + "".join(a + b for a, b in rest),
    names,
    st.lists(st.tuples(st.sampled_from(_WORDS), names), max_size=2),
)
counts = st.integers(0, 30_000)
_SUBJECTS = (
    "overall.income",
    "overall.expenditure",
    "fiscal_appropriation.income",
    "fiscal_appropriation.expenditure",
    "general_public_budget",
    "three_public.total",
    "three_public.overseas_travel",
    "three_public.vehicles",
    "three_public.reception",
    "other_matters.operating_cost",
)


def amounts(decimals: int, *, signed: bool = False) -> st.SearchStrategy[Decimal]:
    """Amounts of a report with these decimals."""
    most = 10**8
    return st.integers(-most if signed else 0, most).map(
        lambda n: Decimal(n).scaleb(-decimals) if decimals else Decimal(n)
    )


@st.composite
def told_reports(draw: st.DrawFn) -> Report:
    """A report whose nine tables are right, with random notes; of some there are none."""
    report = completed(draw(balanced_reports(3)))
    decimals = report.one("report")["decimals"]
    assert isinstance(decimals, int)
    money = amounts(decimals)
    tables: dict[str, list[Row]] = {name: list(rows) for name, rows in report.tables.items()}

    def add(table: str, *rows: dict[str, Any]) -> None:
        tables[table] = [make_row(SPEC.tables[table], **row) for row in rows]

    def some(table: str, **values: st.SearchStrategy[Any]) -> None:
        if draw(st.integers(0, 4)):
            add(table, {name: draw(value) for name, value in values.items()})

    def several(table: str, least: int = 1, **values: st.SearchStrategy[Any]) -> None:
        number = draw(st.integers(0, 12))
        if number >= least:
            add(table, *({"no": n, **{k: draw(v) for k, v in values.items()}} for n in range(1, number + 1)))

    add("entity", {"name": draw(names) + "局"})
    several("functions", text=sentences.map(lambda text: text + "。"))
    several("constituents", name=names)
    several("offices", name=names)
    some("organisation", office_count=counts, subordinate_statement=st.sampled_from(("无", "有")))
    maybe_counts, maybe_money = st.none() | counts, st.none() | money
    some(
        "staffing", actual=counts, in_service=counts, retired_veteran=counts, retired=counts, authorised=maybe_counts,
        administrative=maybe_counts, institutional=maybe_counts, dispatched=maybe_counts, students=maybe_counts,
    )  # fmt: skip
    some(
        "three_public_activity", overseas_groups=counts, overseas_person_times=counts, vehicles_purchased=counts,
        vehicles_owned=counts, domestic_batches=counts, domestic_person_times=counts, foreign_batches=maybe_counts,
        foreign_person_times=maybe_counts, foreign_amount=maybe_money, scope=st.none() | names,
        budget_base=st.sampled_from((None, "initial_budget", "annual_budget")),
    )  # fmt: skip
    several("other_explanations", text=sentences.map(lambda text: text + "。"))
    contents = [
        {"item": item, "no": 1, "text": draw(names)}
        for item in ("overseas_travel", "vehicle_operation", "reception")
    ]
    add("three_public_contents", *contents)
    some("operating_expenses", unit_nature=st.just("行政单位和参照公务员法管理事业单位"), amount=money)
    some(
        "procurement",
        total=money,
        goods=money,
        works=money,
        services=money,
        sme_contract=money,
        micro_contract=money,
        reserved_sme=maybe_money,
        reserved_micro=maybe_money,
        centralised=maybe_money,
        dispersed=maybe_money,
    )
    vehicles = (
        "vehicles", "vice_ministerial", "principal_leader", "confidential_comms", "emergency", "law_enforcement",
        "special_technical", "retired_cadre", "other_vehicles", "equipment",
    )  # fmt: skip
    some(
        "state_assets", as_of=st.just("2022-12-31"), fixed_assets_original_value=money, building_area=amounts(2),
        building_value=money, vehicles_value=money, equipment_threshold=st.just(Decimal(100)),
        equipment_threshold_inclusive=st.sampled_from((True, None)), equipment_excludes_vehicles=st.sampled_from((True, None)),
        **dict.fromkeys(vehicles, counts),
    )  # fmt: skip
    managed = (
        "targets_count", "monitoring_count", "self_evaluation_count", "grade_excellent", "grade_good", "grade_pass", "grade_fail",
        "issues_found", "issues_corrected", "issues_open",
    )  # fmt: skip
    funds = ("targets_amount", "monitoring_amount", "self_evaluation_amount")
    some(
        "performance_summary", basis=names, evaluated_projects=counts, attachment_statement=names,
        average_score=st.none() | amounts(2), **dict.fromkeys(managed, maybe_counts), **dict.fromkeys(funds, maybe_money),
    )  # fmt: skip
    findings = [
        {"kind": kind, "no": n, "text": draw(names)}
        for kind in ("achievement", "problem", "improvement")
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]
    add("performance_findings", *findings)
    several("glossary", term=names, definition=sentences.map(lambda text: text + "。"))
    purposes = SPEC.tables["general_budget_items"].position["purpose"]
    tables["general_budget_items"] = [
        (*row[:purposes], draw(st.none() | names), *row[purposes + 1 :])
        for row in tables["general_budget_items"]
    ]
    items = [
        row[SPEC.tables["general_budget_items"].position["code"]] for row in tables["general_budget_items"]
    ]
    subjects = [*_SUBJECTS, *(f"general_public_budget.items.{code}" for code in items)]
    change = amounts(decimals, signed=True)
    budgeted = (
        "fiscal_appropriation.income",
        "fiscal_appropriation.expenditure",
        "general_public_budget",
        *subjects[10:],
    )
    three = ("total", "overseas_travel", "vehicles", "vehicle_purchase", "vehicle_operation", "reception")
    changes: list[dict[str, Any]] = [
        *(
            {"subject": subject, "base": "previous_year", "amount": draw(change), "reason": draw(sentences)}
            for subject in subjects
            if draw(st.integers(0, 5))
        ),
        *(
            {
                "subject": subject,
                "base": "adjusted_budget",
                "base_amount": draw(money),
                "reason": draw(sentences),
            }
            for subject in ("general_public_budget", *subjects[10:])
            if draw(st.booleans())
        ),
        *(
            {
                "subject": subject,
                "base": "initial_budget",
                "base_amount": draw(money),
                "reason": draw(sentences),
            }
            for subject in budgeted
        ),
        *(
            {"subject": f"three_public.{item}", "base": base, "reason": draw(sentences)}
            for item in three
            for base in ("annual_budget", "initial_budget")
        ),
    ]
    if draw(st.booleans()):  # what comes in and what goes out are equal in both years, so they change alike
        change_of = {(c["subject"], c["base"]): c for c in changes}
        for stem in ("overall", "fiscal_appropriation"):
            both = [change_of.get((f"{stem}.{side}", "previous_year")) for side in ("income", "expenditure")]
            if both[0] and both[1]:
                both[1]["amount"] = both[0]["amount"]
    add("changes", *changes)
    claims = [
        {"path": path, "occurrence": 1, "value": draw(money), "unit": report.unit, "printed": "—"}
        for path in ("performance.annual_budget", "performance.executed")
    ]
    add("claims", *claims)
    return build(SPEC, tables)
