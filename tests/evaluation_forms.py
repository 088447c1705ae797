"""Self-evaluation forms at random: reports with one, its table as readers of documents may give it, and its bare text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fatk.grid import TEXT, Cell, Sheet, by_rows
from fatk.model import Report, Row, build, make_row
from fatk.narrative.evaluations.form import labels
from fatk.values import Nothing, Value, show, text_fault
from fatk.wording.folding import tidy
from strategies import SPEC

TABLES = ("performance_projects", "performance_funds", "performance_indicators", "claims")
KINDS = SPEC.tables["performance_funds"]["kind"].enum
LEVELS = (
    ("产出指标", "数量指标"),
    ("产出指标", "质量指标"),
    ("产出指标", "时效指标"),
    ("产出指标", "成本指标"),
    ("效益指标", "经济效益指标"),
    ("效益指标", "社会效益指标"),
    ("满意度指标", "满意度指标"),
    ("满意度指标", "服务对象满意度指标"),
    ("成本指标", "经济成本指标"),
)
SIGNS = {
    "ge": ("≥", ">=", "不低于"),
    "le": ("≤", "<=", "不超过"),
    "eq": ("=",),
    "gt": (">", "大于"),
    "lt": ("<", "小于"),
}
UNITS = (None, "次", "%", "天", "万元", "个百分点", "人次/年", "m²", "平方米")
WORDS = ("提高", "持续改善", "有效", "及时", "促进", "2022年12月底前", "3-5次", "12月", "95%左右")
LABELS = {
    "total": ("年度资金总额", "资金总额"),
    "current_year_fiscal": ("其中：当年财政拨款", "财政拨款", "其中：财政资金"),
    "prior_year_carryover": ("上年结转资金", "上年结转"),
    "special_account": ("财政专户管理资金",),
    "unit": ("单位资金",),
    "other": ("其他资金", "其他"),
}
NAMES = ("网络", "安全", "演练", "次数", "覆盖", "率", "系统", "故障", "处理", "时间", "公开", "透明", "度", "建设", "工作", "完成", "服务", "对象", "满意")  # fmt: skip

#: Names as they occur, and any text that is none of the form's own words.
plain_names = st.lists(st.sampled_from(NAMES), min_size=2, max_size=8).map("".join)
any_names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\ufffe\uffff:：/—-"),
    min_size=1,
    max_size=30,
).filter(lambda t: tidy(t) == t and text_fault(t) is None and not labels(t) and any(c.isalpha() for c in t))


def long_texts(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Paragraphs of sentences."""
    paragraph = st.lists(names, min_size=1, max_size=6).map(lambda parts: "，".join(parts) + "。")
    return st.lists(paragraph, min_size=1, max_size=3).map("\n".join)


amounts = st.builds(lambda n, d: Decimal(n).scaleb(-d), st.integers(0, 10**9), st.integers(0, 4))
states = st.sampled_from((Nothing.NOT_APPLICABLE, Nothing.UNDISCLOSED))
points = st.builds(lambda n, d: Decimal(n).scaleb(-d), st.integers(0, 100), st.integers(0, 2))


def targets(sign: str | None = None) -> st.SearchStrategy[dict[str, Value]]:
    """The fields of a target; ``sign`` is the nature of the indicator, printed apart."""

    def compared(operator: str, spelling: int, value: Decimal, unit: str | None) -> dict[str, Value]:
        printed = sign or SIGNS[operator][spelling % len(SIGNS[operator])]
        return {
            "target_operator": operator, "target_value": value, "target_unit": unit, "target_printed": f"{printed}{show(value)}{unit or ''}",
        }  # fmt: skip

    def bare(value: Decimal, unit: str | None) -> dict[str, Value]:
        return {"target_value": value, "target_unit": unit, "target_printed": f"{show(value)}{unit or ''}"}

    operators = [o for o, s in SIGNS.items() if sign is None or sign in s]
    figures = st.builds(
        compared, st.sampled_from(operators), st.integers(0, 5), amounts, st.sampled_from(UNITS)
    )
    if sign:
        return figures
    words = st.sampled_from(WORDS).map(lambda w: {"target_qualitative": w, "target_printed": w})
    none = st.just({"target_value": Nothing.NOT_APPLICABLE, "target_printed": "—"})
    return st.one_of(figures, st.builds(bare, amounts, st.sampled_from(UNITS)), words, none, st.just({}))


actuals: st.SearchStrategy[dict[str, Value]] = st.one_of(
    st.builds(lambda v, u: {"actual_value": v, "actual_unit": u}, amounts, st.sampled_from(UNITS)),
    st.sampled_from((*WORDS, "已完成", "≥95%")).map(lambda w: {"actual_text": w}),
    st.just({"actual_value": Nothing.NOT_APPLICABLE}),
    st.just({}),
)


@st.composite
def reports_with_form(
    draw: st.DrawFn, *, names: st.SearchStrategy[str] = any_names, filled: bool = False
) -> Report:
    """A report with the form of project 1. ``filled``: no cell is blank that a form always fills, as bare text needs."""

    def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return strategy if filled else st.one_of(st.none(), strategy)

    project: dict[str, Value] = {
        "no": 1, "fiscal_year": draw(maybe(st.integers(2000, 2090))), "project_name": draw(names),
        "department_in_charge": draw(maybe(names)), "implementing_unit": draw(maybe(names)),
        "fund_unit": draw(maybe(st.sampled_from(("元", "千元", "万元", "亿元")))),
        "goal_expected": draw(maybe(long_texts(names))), "goal_actual": draw(maybe(long_texts(names))),
    }  # fmt: skip
    funds, claims = [], []
    for kind in sorted(draw(st.sets(st.sampled_from(KINDS))), key=KINDS.index):
        money = {
            f: draw(maybe(st.one_of(amounts, states)))
            for f in ("initial_budget", "annual_budget", "executed")
        }
        scores = {f: draw(maybe(st.one_of(points, states))) for f in ("weight", "score")}
        label = draw(st.sampled_from(LABELS[kind]))
        funds.append(
            make_row(SPEC.tables["performance_funds"], project=1, kind=kind, label=label, **money, **scores)
        )
        path = f"self_evaluations[1].funds[{len(funds)}].execution_rate_percent"
        claims.append(_claim(path, draw(st.one_of(points, st.just(Nothing.NOT_APPLICABLE))), "%", "%"))
    with_nature = draw(st.booleans())
    indicators = []
    for number, (level1, level2) in enumerate(draw(st.lists(st.sampled_from(LEVELS), max_size=8)), 1):
        nature = draw(st.sampled_from(("≥", "≤", "=", "定性"))) if with_nature else None
        target = draw(targets(None if nature == "定性" else nature))
        if nature == "定性" or filled:
            target = {f: v for f, v in target.items() if f != "target_operator"} if nature else target
            if (
                nature
                and "target_value" in target
                and target.get("target_value") is not Nothing.NOT_APPLICABLE
            ):
                target = {"target_qualitative": "提高", "target_printed": "提高"}
        indicators.append(make_row(
            SPEC.tables["performance_indicators"], project=1, no=number, level1=level1, level2=level2, level3=draw(names), nature=nature,
            **target, **draw(actuals), weight=draw(maybe(points)), score=draw(maybe(points)), deviation_reason=draw(st.one_of(st.none(), st.just("无"), long_texts(names))),
        ))  # fmt: skip
    claims += [
        _claim(f"self_evaluations[1].total_{f}", draw(points), "分", u)
        for f, u in (("score", "分"), ("weight", ""))
    ]
    rows = ([make_row(SPEC.tables["performance_projects"], **project)], funds, indicators, claims)
    return build(SPEC, dict(zip(TABLES, rows, strict=True)))


def _claim(path: str, value: Value, unit: str, tail: str) -> Row:
    printed = "—" if isinstance(value, Nothing) else f"{show(value)}{tail}"
    return make_row(SPEC.tables["claims"], path=path, occurrence=1, value=value, unit=unit, printed=printed)


def sheet_of(*lines: Sequence[str | None], merges: Sequence[tuple[int, int, int, int]] = ()) -> Sheet:
    """A table by its rows, ``None`` and empty texts for cells without text."""
    cells = {(r, c): Cell(text, TEXT) for r, line in enumerate(lines) for c, text in enumerate(line) if text}
    return Sheet("表1", by_rows(cells), tuple(merges), plain=True)


def without_merges(sheet: Sheet) -> Sheet:
    """A table whose merged cells are given once, the others of the range empty."""
    return replace(sheet, merges=())


def repeated(sheet: Sheet) -> Sheet:
    """A table whose merged cells are given in each cell of their range."""
    cells = dict(sheet.cells)
    for r1, c1, r2, c2 in sheet.merges:
        if (r1, c1) in cells:
            cells |= {(r, c): cells[r1, c1] for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)}
    return replace(sheet, rows=by_rows(cells), merges=())


def with_broken_labels(sheet: Sheet) -> Sheet:
    """A table whose labels are broken over lines."""
    cells = {
        at: cell._replace(text=f"{cell.text[:2]}\n{cell.text[2:]}") if labels(cell.text) else cell
        for at, cell in sheet.cells.items()
    }
    return replace(sheet, rows=by_rows(cells))


# Text that has lost its cells


def bare_lines(sheet: Sheet, widths: Sequence[int], *, spaced: bool) -> list[str]:
    """The text of a laid-out form as readers of PDF give it: cell after cell, a cell of one line on the line of the one
    before it, one that is wider than its column on lines of its own. ``spaced``: an empty line after each that is full."""
    lines: list[str] = []
    across = {(r1, c1): range(c1, c2 + 1) for r1, c1, _r2, c2 in sheet.merges}
    for row in sheet.rows.values():
        cells = list(row.items())
        if (
            len(cells) > 1 and cells[1][1].text == "一级指标"
        ):  # the label at the side stands in the middle of its height
            cells = [*cells[1:], cells[0]]
        fresh = True
        for column, cell in cells:
            number = next((r for r, line in sheet.rows.items() if line is row), 0)
            width = sum(widths[c] for c in across.get((number, column), (column,)))
            parts = [part for paragraph in cell.text.split("\n") for part in wrapped(paragraph, width)]
            if len(parts) == 1 and not fresh:
                lines[-1] += f" {parts[0]}"
            else:
                for part in parts:
                    lines += ["", part] if spaced and lines else [part]
            fresh = len(parts) > 1
    return lines


def wrapped(text: str, width: float) -> Iterator[str]:
    """A text in lines of so many wide characters."""
    line, used = "", 0.0
    for character in text:
        size = 0.5 if character.isascii() else 1.0
        if line and used + size > width:
            yield line
            line, used = "", 0.0
        line, used = line + character, used + size
    if line:
        yield line


def records(report: Report) -> Mapping[tuple[str, str, str], Value]:
    """Every value of the form of a report that is not blank, by table, row and field; a claim about a row of the funds by the
    kind of that row."""
    kinds = [str(fund["kind"]) for fund in report.records("performance_funds")]
    found = {}
    for table in TABLES:
        for record in report.records(table):
            key = "/".join(str(record[k]) for k in SPEC.tables[table].key)
            for number, kind in enumerate(kinds, 1):
                key = key.replace(f"funds[{number}]", f"funds[{kind}]")
            found.update({(table, key, f): v for f, v in record.items() if v is not None and f != "path"})
    return found
