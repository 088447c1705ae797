"""Pictures of a report as inline SVG, each with its figures as a table: where the money came from and went, expenditure by
function, the three public expenses, this year and last.

Nothing is told by colour alone: every shape has its name and figure beside it, and hatching tells two series apart in print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fatk.model import TOTAL, Report
from fatk.page.elements import Markup, el, joined, lone, text
from fatk.page.sheets import printed
from fatk.page.words import word
from fatk.rules.context import Context, Ref
from fatk.rules.narrative.claims import subjects
from fatk.values import visible

#: Width of a picture in its own units; it is as wide as the column that it stands in.
_WIDTH = 540
_LABEL = 14
#: Of a chart at most this many bars are drawn; the table has them all.
_BARS = 24
_SUMMARY, _SPENT, _THREE = "income_expenditure_summary", "expenditure", "three_public_expenses"
#: Subjects that are compared with last year, in this order.
_COMPARED = (
    "overall.income", "overall.expenditure", "fiscal_appropriation.expenditure", "general_public_budget",
    "three_public.total", "other_matters.operating_cost",
)  # fmt: skip


class Part(NamedTuple):
    """A named figure, and its second one where there are two."""

    name: str
    value: Decimal
    other: Decimal | None = None


class Drawing(NamedTuple):
    """Shapes, and how high a picture they make; what they say is in the table below them too."""

    height: float
    shapes: Sequence[Markup]


@dataclass(frozen=True, slots=True)
class Series:
    """The words for the two figures of a part, by the names of their sentences."""

    one: str
    other: str | None = None


def pictures(report: Report, context: Context, prefix: str) -> Iterator[Markup]:
    """Every picture that the report has figures for."""
    sources, uses = list(_sources(context)), list(_uses(context))
    if sources and uses:
        yield _figure(f"{prefix}flow", "flow", _flow(sources, uses), [
            ("picture.sources", sources, Series("picture.amount")), ("picture.uses", uses, Series("picture.amount")),
        ], report)  # fmt: skip
    functions = sorted(_functions(context), key=lambda p: -p.value)
    if functions:
        series = Series("picture.basic", "picture.project")
        split = [Part(p.name, p.value - (p.other or 0), p.other) for p in functions]
        yield _figure(
            f"{prefix}functions",
            "functions",
            _stacked(split),
            [("picture.function", split, series)],
            report,
            series,
        )
    three = list(_three_public(context))
    if three:
        series = Series("picture.budget", "picture.final")
        yield _figure(
            f"{prefix}three", "three", _paired(three), [("picture.item", three, series)], report, series
        )
    years = list(_years(context))
    if years:
        series = Series("picture.last_year", "picture.this_year")
        yield _figure(
            f"{prefix}years", "years", _paired(years), [("picture.item", years, series)], report, series
        )


# What is drawn


def _known(context: Context, table: str, row: str, field: str) -> Decimal | None:
    """A figure in the report's unit; ``None`` where it is not stated."""
    if row not in context.rows_of(table):
        return None
    operand = context.operand(table, row, field)
    value = context.value(table, row, field)
    return operand.value if not operand.why and isinstance(value, Decimal) else None


def _name(context: Context, table: str, row: str) -> str:
    found = context.value(table, row, "name")
    return visible(found, 60) if isinstance(found, str) else row


def _of_lines(context: Context, lines: Sequence[str]) -> Iterator[Part]:
    for line in lines:
        value = _known(context, _SUMMARY, line, "amount")
        if value is not None and value > 0:
            yield Part(_name(context, _SUMMARY, line), value)


def _sources(context: Context) -> Iterator[Part]:
    """The lines of the summary's income that are no sums."""
    sums = {"income.current_year", "income.total"}
    lines = [line for line in context.rows_of(_SUMMARY) if line.startswith("income.") and line not in sums]
    whole = "income.fiscal_appropriation"  # printed instead of its parts, or beside them
    parts = {"income.general_public_budget", "income.government_fund", "income.state_capital"}
    if whole in lines and parts.intersection(lines):
        lines.remove(whole)
    yield from _of_lines(context, lines)


def _uses(context: Context) -> Iterator[Part]:
    """Expenditure by its kinds, and what was left; by function where the table of expenditure is not there."""
    table, kinds = context.spec.tables[_SPENT], []
    for field in table.amounts:
        value = _known(context, _SPENT, TOTAL, field.name) if field.name != "total" else None
        if value is not None and value > 0:
            kinds.append(Part(field.title, value))
    if not kinds:
        kinds = [Part(p.name, p.value) for p in _of_lines(context, _classes(context))]
    yield from kinds
    yield from _of_lines(context, ["expenditure.surplus_distribution", "expenditure.closing_balance"])


def _classes(context: Context) -> list[str]:
    return [line for line in context.rows_of(_SUMMARY) if line.removeprefix("expenditure.").isdigit()]


def _functions(context: Context) -> Iterator[Part]:
    """Expenditure by class of function: in all, and for projects."""
    for row in context.rows_of(_SPENT):
        if row.isdigit() and len(row) == 3:
            value = _known(context, _SPENT, row, "total")
            if value is not None and value > 0:
                project, basic = (_known(context, _SPENT, row, f) for f in ("project", "basic"))
                if basic is not None and project is None:
                    project = value - basic
                project = project if project is not None and 0 <= project <= value else None
                yield Part(_name(context, _SPENT, row), value, project)


def _three_public(context: Context) -> Iterator[Part]:
    for row in context.rows_of(_THREE):
        budget, final = (_known(context, _THREE, row, f) for f in ("budget", "final"))
        if budget is not None and final is not None and (budget > 0 or final > 0):
            yield Part(_name(context, _THREE, row), budget, final)


def _years(context: Context) -> Iterator[Part]:
    """Subjects whose amount of last year is known: from last year's report, else as this one compares them."""
    for subject in _COMPARED:
        name, ref = subjects()[subject]
        now = _known(context, *ref)
        if now is None or now < 0:
            continue
        before = _before(context, subject, ref, now)
        if before is not None and before >= 0 and (before or now):
            yield Part(name, before, now)


def _before(context: Context, subject: str, ref: Ref, now: Decimal) -> Decimal | None:
    if context.previous is not None:
        theirs = _known(context.previous, *ref)
        if theirs is not None and context.previous.report.unit == context.report.unit:
            return theirs
    key = f"{subject}/previous_year"
    base = context.value("changes", key, "base_amount")
    if isinstance(base, Decimal):
        return base
    change = context.value("changes", key, "amount")
    return now - change if isinstance(change, Decimal) else None


# How it is drawn


def _figure(
    name: str, kind: str, drawing: Drawing, tables: Sequence[tuple[str, Sequence[Part], Series]], report: Report,
    series: Series | None = None,
) -> Markup:  # fmt: skip
    """A picture with its title, its legend, and its figures as tables."""
    unit = visible(report.unit or "", 20)
    heading = el("h3", word(f"picture.{kind}"), id=name)
    legend: list[Markup] = []
    if series is not None and series.other is not None:
        legend = [
            el("p", _key("a"), word(series.one), Markup(" "), _key("b"), word(series.other), class_="legend")
        ]
    rows = joined(_listed(*table, unit) for table in tables)
    data = el("details", el("summary", word("picture.figures")), rows)
    caption = el("figcaption", heading, *legend, el("p", word("picture.unit", unit=unit), class_="unit"))
    box = f"0 0 {_WIDTH} {drawing.height:.0f}"
    shapes = joined(drawing.shapes)
    picture = el("svg", shapes, viewBox=box, class_="drawing", role="img", aria_labelledby=name, lang="zh")
    return el("figure", caption, el("div", picture, class_="scroll", tabindex=0), data)


def _key(kind: str) -> Markup:
    shape = lone("rect", width=14, height=14, x=1, y=1, class_=f"bar-{kind}")
    return Markup(f'<svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>')


def _listed(head: str, parts: Sequence[Part], series: Series, unit: str) -> Markup:
    heads = [el("th", word(head), scope="col"), el("th", word(series.one), scope="col", class_="n")]
    if series.other is not None:
        heads.append(el("th", word(series.other), scope="col", class_="n"))
    lines = []
    for part in parts:
        cells = [
            el("th", text(part.name), scope="row", lang="zh"),
            el("td", text(printed(part.value)), class_="n"),
        ]
        if series.other is not None:
            cells.append(el("td", text("" if part.other is None else printed(part.other)), class_="n"))
        lines.append(el("tr", *cells))
    return el("table", el("thead", el("tr", *heads)), el("tbody", *lines), class_="list")


def _label(x: float, y: float, said: str, anchor: str = "start", kind: str = "name") -> Markup:
    return el("text", text(said, 80), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=kind)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _flow(sources: Sequence[Part], uses: Sequence[Part]) -> Drawing:
    """Bands from each source through one bar to each use, as wide as their money."""
    most = max(sum(p.value for p in sources), sum(p.value for p in uses))
    gap, top, height = 36.0, 16.0, 250.0
    left, middle, right, bar = 236.0, 288.0, 352.0, 12.0
    shapes: list[Markup] = []
    deepest = 0.0
    for parts, x, side in ((sources, left, -1), (uses, right, 1)):
        y, at = top, top
        for part in parts:
            thick = max(float(part.value / most) * height, 1.0)
            edge, centre = (x, middle) if side < 0 else (x, middle + bar)
            bend = (edge + centre) / 2
            band = (
                f"M{edge:.1f} {y:.1f}C{bend:.1f} {y:.1f} {bend:.1f} {at:.1f} {centre:.1f} {at:.1f}"
                f"V{at + thick:.1f}C{bend:.1f} {at + thick:.1f} {bend:.1f} {y + thick:.1f} {edge:.1f} {y + thick:.1f}Z"
            )
            shapes.append(lone("path", d=band, class_="band-in" if side < 0 else "band-out"))
            node = edge - bar if side < 0 else edge
            shapes.append(
                lone("rect", x=f"{node:.1f}", y=f"{y:.1f}", width=bar, height=f"{thick:.1f}", class_="node")
            )
            tx = node - 8 if side < 0 else node + bar + 8
            anchor = "end" if side < 0 else "start"
            ty = y + thick / 2
            shapes.append(_label(tx, ty - 2, _cut(part.name, 13 if side < 0 else 10), anchor))
            shapes.append(_label(tx, ty + _LABEL, printed(part.value), anchor, "figure"))
            at += thick
            y += max(thick, 2.0) + (gap if thick < gap else gap / 3)
        deepest = max(deepest, y)
    shapes.append(lone("rect", x=middle, y=top, width=bar, height=f"{height:.1f}", class_="node"))
    return Drawing(max(deepest, top + height) + 8, shapes)


_LEFT, _RIGHT = 190.0, 96.0


def _across(value: Decimal, most: Decimal) -> float:
    return float(value / most) * (_WIDTH - _LEFT - _RIGHT) if most else 0.0


def _stacked(parts: Sequence[Part]) -> Drawing:
    """A bar of each part, its two figures one behind the other."""
    most = max(p.value + (p.other or 0) for p in parts)
    shapes = []
    for i, part in enumerate(parts[:_BARS]):
        y = 6.0 + i * 30
        one, other = _across(part.value, most), _across(part.other or Decimal(0), most)
        shapes.append(_label(_LEFT - 10, y + 15, _cut(part.name, 11), "end"))
        shapes.append(lone("rect", x=_LEFT, y=y, width=f"{one:.1f}", height=20, class_="bar-a"))
        if other:
            shapes.append(
                lone("rect", x=f"{_LEFT + one:.1f}", y=y, width=f"{other:.1f}", height=20, class_="bar-b")
            )
        shapes.append(
            _label(_LEFT + one + other + 8, y + 15, printed(part.value + (part.other or 0)), kind="figure")
        )
    return Drawing(6.0 + min(len(parts), _BARS) * 30, shapes)


def _paired(parts: Sequence[Part]) -> Drawing:
    """Two bars of each part, one below the other."""
    most = max(max(p.value, p.other or Decimal(0)) for p in parts)
    shapes = []
    for i, part in enumerate(parts[:_BARS]):
        y = 6.0 + i * 52
        shapes.append(_label(_LEFT - 10, y + 26, _cut(part.name, 11), "end"))
        for value, kind, down in ((part.value, "a", 0), (part.other or Decimal(0), "b", 20)):
            wide = _across(value, most)
            shapes.append(
                lone("rect", x=_LEFT, y=y + down, width=f"{wide:.1f}", height=16, class_=f"bar-{kind}")
            )
            shapes.append(_label(_LEFT + wide + 8, y + down + 13, printed(value), kind="figure"))
    return Drawing(6.0 + min(len(parts), _BARS) * 52, shapes)
