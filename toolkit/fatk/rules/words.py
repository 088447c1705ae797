"""Presence and wording: whether what ought to be stated is stated, and whether words say what the figures say.

A rule of kind ``presence`` or ``lint`` names one ``check`` of the tables at the end of this module; operands, word lists
and patterns are data. What a narrative does not state makes a rule inapplicable; what is withheld, blank on a form or in a
table that is missing leaves it unchecked.
"""

from __future__ import annotations

import calendar
import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fatk.findings import FAILED, INFO, NOT_CHECKED, WITHIN_ROUNDING
from fatk.model import EMPTY, MISSING, REPORTED, Figures, is_number, row_name
from fatk.rounding import ZERO
from fatk.rules.context import (
    EXACT,
    NO_TABLE,
    NOT_APPLICABLE,
    NOT_PRINTED,
    UNDISCLOSED,
    YUAN,
    Check,
    Context,
    Operand,
    Ref,
    Rule,
    exactly,
    load_rules,
)
from fatk.rules.exact import column
from fatk.rules.linear import linear, rollup
from fatk.rules.sentences import Both, listed, sentences, titled
from fatk.spec import read_list
from fatk.values import Nothing, Value, decimals_of, parse_date, show

Form = Callable[[Rule, Context], Iterator[Check]]
Terms = Sequence[Mapping[str, Any]]


_SIGNS: Final = {"up": 1, "down": -1, "flat": 0}
_WENT: Final = {1: Both("增加", "rose"), -1: Both("减少", "fell"), 0: Both("没有增减", "did not change")}
_MET: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "eq": operator.eq, "ge": operator.ge, "le": operator.le, "gt": operator.gt, "lt": operator.lt,
}  # fmt: skip
#: Where the budget that a subject is compared with has a column beside its final amount.
_BUDGET_SIDE: Final = {"three_public_expenses": "budget"}
_BUDGETS: Final = frozenset({"annual_budget", "budget"})
_ONE: Final = Decimal(1)
#: The tables whose rows are the elements of lists that claims are about.
_LISTS: Final = {
    "general_public_budget.structure": "general_budget_structure",
    "general_public_budget.items": "general_budget_items",
}
_POSITION: Final = re.compile(r"\[([0-9]+)\]")


def presence(rule: Rule, context: Context) -> Iterator[Check]:
    """The rule's own form of check; what the structure checks find already is not looked for again."""
    if "covered_by" not in rule.body:
        yield from PRESENCE[rule.body["check"]](rule, context)


def lint(rule: Rule, context: Context) -> Iterator[Check]:
    """The rule's own form of check on words."""
    if "covered_by" not in rule.body:
        yield from LINT[rule.body["check"]](rule, context)


# Presence: figures and what goes with them


def parts_filled(rule: Rule, context: Context) -> Iterator[Check]:
    """Where a row's total is not zero, at least one of its printed parts is filled in."""
    exact = 0
    for table_id, (whole, parts) in rule.body["tables"].items():
        table = context.spec.tables[table_id]
        at = table.position[whole]
        always = [
            table.position[p]
            for p in parts
            if table.fields[table.position[p]].only is None and context.printed(table, "", p)
        ]
        first = always[0] if always else at
        if context.brief and always:
            total, part = (column(context, (table_id, table.fields[n].name, "")) for n in (at, first))
            if total.whole is not None and part.whole is not None:
                exact += sum(map(bool, total.values))
                continue
        for name, row in context.rows_of(table_id).items():
            if not is_number(row[at]) or not row[at]:
                continue
            if (
                context.brief
                and always
                and (row[first] is not None or any(row[place] is not None for place in always))
            ):
                exact += 1
                continue
            printed = [p for p in parts if context.printed(table, name, p)]
            if not printed:
                continue
            filled_in = any(row[table.position[p]] is not None for p in printed)
            refs = (Ref(table_id, name, whole), *(Ref(table_id, name, p) for p in printed))
            details = () if filled_in else sentences(
                "{row} 行合计是 {total}，分项全是空白", "row {row} has a total of {total} and no parts",
                row=name, total=show(row[at]),
            )  # fmt: skip
            yield Check(rule.id, EXACT if filled_in else FAILED, refs, details=details)
    yield from exactly(rule, exact)


def empty_if_zero(rule: Rule, context: Context) -> Iterator[Check]:
    """A table is empty if and only if every flow that another table gives of it is zero or blank."""
    table = context.spec.tables[rule.body["table"]]
    status, state = context.status.get(table.id, MISSING), Ref("tables", table.id, "status")
    terms = [t for t in rule.body["terms"] if context.printed(table, "TOTAL", _flow(t["row"]))]
    flows = [o for o in figures(terms, context) if o.why != NOT_PRINTED]
    if table.id not in context.edition.forms or not flows:
        yield Check(rule.id, NOT_APPLICABLE, (state,))
        return
    moved = [o for o in flows if not o.why and o.value]
    open_ = [o for o in flows if o.why in (UNDISCLOSED, NO_TABLE)]
    if status == MISSING or (open_ and not moved):
        refs = (state,) if status == MISSING else tuple(o.ref for o in open_)
        yield Check(rule.id, NOT_CHECKED, refs, reason=NO_TABLE if status == MISSING else open_[0].why)
        return
    data = [
        Ref(table.id, name, f.name)
        for name, row in context.rows_of(table.id).items()
        for f in table.amounts
        if row[table.position[f.name]] not in (None, ZERO, Nothing.NOT_APPLICABLE)
    ]
    refs = (state, *(o.ref for o in moved or flows), *([] if moved else data))
    if (status == EMPTY and moved) or (data and not moved):
        details = sentences(
            "“{table}”是空表，财政拨款总表却有 {figures}", "{table} is empty, yet the fiscal summary has {figures}",
            table=titled(table.id, context), figures=_spoken(moved, context),
        ) if moved else sentences(
            "“{table}”有数，财政拨款总表却全为零", "{table} has figures, yet those of the fiscal summary are all zero",
            table=titled(table.id, context),
        )  # fmt: skip
        yield Check(rule.id, FAILED, refs, details=details)
    else:
        yield Check(rule.id, EXACT, refs)


def _flow(row: str) -> str:
    """The column of a fund's own table that a line of the fiscal summary answers to."""
    if row.startswith("income."):
        return "opening_balance" if row.startswith("income.opening_balance") else "income"
    return "closing_balance" if row.endswith("closing_balance") else "total"


def zero_when(rule: Rule, context: Context) -> Iterator[Check]:
    """Figures that a unit of some nature does not have are zero."""
    place = Ref("operating_expenses", "*", "unit_nature")
    if context.value(*place) not in rule.body["unit_nature"]:
        yield Check(rule.id, NOT_APPLICABLE, (place,))
        return
    for operand in figures(rule.body["terms"], context):
        refs = (operand.ref, place)
        if operand.why:
            yield unknown(rule, [operand], context)
        elif operand.value:
            yield Check(rule.id, FAILED, refs, ZERO, operand.value, details=sentences(
                "单位性质是“{nature}”，{figure}", "the unit is “{nature}”, yet {figure}",
                nature=context.value(*place), figure=_spoken([operand], context),
            ))  # fmt: skip
        else:
            yield Check(rule.id, EXACT, refs)


def iff_zero(rule: Rule, context: Context) -> Iterator[Check]:
    """One side is zero if and only if the other is; a side is zero where all of it that is stated is."""
    for instance in rule.body["instances"]:
        left, right = figures(instance["left"], context), figures(instance["right"], context)
        one, other = _all_zero(left), _all_zero(right)
        refs = tuple(o.ref for o in (*left, *right) if not o.why)
        if one is None or other is None:
            yield unknown(rule, [*left, *right], context)
        elif one == other:
            yield Check(rule.id, EXACT, refs)
        else:
            details = sentences(
                "{left}，而 {right}",
                "{left}, yet {right}",
                left=_spoken(left, context),
                right=_spoken(right, context),
            )
            yield Check(rule.id, FAILED, refs, details=details)


def positive_implies(rule: Rule, context: Context) -> Iterator[Check]:
    """Where there is money there is also what it was spent on."""
    for instance in rule.body["instances"]:
        money, things = figures(instance["if"], context), figures(instance["then"], context)
        spent, nothing = _all_zero(money), _all_zero(things)
        refs = tuple(o.ref for o in (*money, *things) if not o.why)
        if spent is None or (not spent and nothing is None):
            yield unknown(rule, [*money, *things], context)
        elif spent:
            yield Check(rule.id, NOT_APPLICABLE, refs)
        else:
            details = sentences(
                "{money}，而 {things}", "{money}, yet {things}", money=_spoken(money, context), things=_spoken(things, context)
            ) if nothing else ()  # fmt: skip
            yield Check(rule.id, FAILED if nothing else EXACT, refs, details=details)


def counted(rule: Rule, context: Context) -> Iterator[Check]:
    """A number that is stated is that of the rows of a list, where there is a list; the rows are different."""
    stated = figure(rule.body["term"], context)
    table = context.spec.tables[rule.body["table"]]
    rows = context.report.rows(table.id)
    if not rows:
        yield Check(rule.id, NOT_APPLICABLE, (stated.ref,))
        return
    count = Decimal(len(rows))
    if stated.why:
        yield unknown(rule, [stated], context)
    elif stated.value == count:
        yield Check(rule.id, EXACT, (stated.ref,))
    else:
        details = sentences(
            "写的是 {found} 个，列出的有 {count} 个", "{found} are stated, {count} are listed",
            found=stated.value, count=count,
        )  # fmt: skip
        yield Check(
            rule.id, FAILED, (stated.ref,), count, stated.value, stated.value - count, ZERO, details=details
        )
    if "distinct" in rule.body:
        at, seen = table.position[rule.body["distinct"]], set()
        for row in rows:
            if row[at] in seen:
                details = sentences("“{name}”列了两次", "“{name}” is listed twice", name=show(row[at]))
                refs = (Ref(table.id, row_name(table, row), rule.body["distinct"]),)
                yield Check(rule.id, FAILED, refs, details=details)
            seen.add(row[at])


def ordinals(rule: Rule, context: Context) -> Iterator[Check]:
    """The numbers of a list run from 1 without a gap."""
    for table_id in rule.body["tables"]:
        table = context.spec.tables[table_id]
        groups: dict[tuple[Value, ...], list[tuple[int, str]]] = {}
        for row in context.report.rows(table_id):
            *within, no = (row[i] for i in table.key_positions)
            if isinstance(no, int):
                groups.setdefault(tuple(within), []).append((no, row_name(table, row)))
        for numbered in groups.values():
            wrong = next(((i, n) for i, n in enumerate(dict(numbered).items(), 1) if n[0] != i), None)
            if wrong is None:
                yield Check(rule.id, EXACT, (Ref(table_id, numbered[0][1], table.key[-1]),))
                continue
            expected, (no, name) = wrong
            details = sentences(
                "“{table}”的序号应是 {expected}，却是 {no}", "the number in {table} ought to be {expected}; it is {no}",
                table=titled(table_id, context), expected=expected, no=no,
            )  # fmt: skip
            yield Check(
                rule.id,
                FAILED,
                (Ref(table_id, name, table.key[-1]),),
                str(expected),
                str(no),
                details=details,
            )


# Presence: what ought to be stated


def filled(rule: Rule, context: Context) -> Iterator[Check]:
    """Each thing that a document ought to state is stated in one of its places, unless it is about nothing."""
    premise = rule.body.get("premise")
    if premise and not any(context.report.rows(table) for table in premise):
        yield Check(rule.id, NOT_APPLICABLE)
        return
    for item in rule.body["items"]:
        refs = tuple(Ref(p["table"], p.get("row", "*"), p["field"]) for p in item["any_of"])
        if any(_stated(place, context) for place in item["any_of"]):
            yield Check(rule.id, EXACT, refs[:1])
            continue
        gate = figures(item.get("unless_zero", ()), context)
        nothing = _all_zero(gate) if gate else False
        if nothing is None:
            yield unknown(rule, gate, context)
        elif nothing:
            yield Check(rule.id, NOT_APPLICABLE, refs)
        else:
            details = sentences("没有{what}", "missing: {what}", what=Both(**item["what"]))
            yield Check(rule.id, FAILED, refs, severity=item.get("severity"), details=details)


def _stated(place: Mapping[str, Any], context: Context) -> bool:
    """Whether a place holds anything; without a row, whether any row of the table does."""
    if "row" in place:
        return context.value(place["table"], place["row"], place["field"]) is not None
    at = context.spec.tables[place["table"]].position[place["field"]]
    return any(row[at] is not None for row in context.report.rows(place["table"]))


def rows_filled(rule: Rule, context: Context) -> Iterator[Check]:
    """Every row of a list has something in one field of each group."""
    table_id = rule.body["table"]
    table = context.spec.tables[table_id]
    for row in context.report.rows(table_id):
        name = row_name(table, row)
        for group in rule.body["fields"]:
            refs = tuple(Ref(table_id, name, field) for field in group)
            if any(row[table.position[field]] is not None for field in group):
                yield Check(rule.id, EXACT, refs)
            else:
                details = sentences(
                    "{row} 行没有“{field}”", "row {row} has no {field}",
                    row=name, field=Both(table[group[0]].title, group[0]),
                )  # fmt: skip
                yield Check(rule.id, FAILED, refs, details=details)


def parts_stated(rule: Rule, context: Context) -> Iterator[Check]:
    """Where a whole is not zero, each of its parts is stated, a zero included."""
    for instance in rule.body["instances"]:
        whole = figure(instance["whole"], context)
        if whole.why:
            yield unknown(rule, [whole], context)
        elif not whole.value:
            yield Check(rule.id, NOT_APPLICABLE, (whole.ref,))
        else:
            places = [Ref(p["table"], p["row"], p["field"]) for p in instance["parts"]]
            lacking = [place for place in places if context.value(*place) is None]
            details = sentences(
                "{whole}，没有分列 {parts}", "{whole}, without {parts}",
                whole=_spoken([whole], context), parts=Both(
                    "、".join(_label(place, context) for place in lacking), ", ".join(_place(place) for place in lacking)
                ),
            ) if lacking else ()  # fmt: skip
            refs = (whole.ref, *(lacking or places))
            yield Check(rule.id, FAILED if lacking else EXACT, refs, details=details)


def units(rule: Rule, context: Context) -> Iterator[Check]:
    """The report names one unit of money, or each of its tables does."""
    place = Ref("report", "*", "unit")
    if context.value(*place) is not None:
        yield Check(rule.id, EXACT, (place,))
        return
    shown = [form.id for form in context.spec.forms if context.status.get(form.id) == REPORTED]
    silent = [table for table in shown if context.value("tables", table, "unit") is None]
    if len(silent) == len(shown):  # no unit at all: that it is missing is another rule's
        yield Check(rule.id, NOT_APPLICABLE, (place,))
        return
    details = sentences(
        "有的表注明金额单位，{tables} 没有注明", "some tables state their unit of money, {tables} do not",
        tables=Both("、".join(f"《{context.spec.tables[table].title}》" for table in silent), ", ".join(silent)),
    ) if silent else ()  # fmt: skip
    refs = tuple(Ref("tables", table, "unit") for table in silent or shown)
    yield Check(rule.id, FAILED if silent else EXACT, refs, details=details)


def within_days(rule: Rule, context: Context) -> Iterator[Check]:
    """One day follows another by at most so many days."""
    first, last = (
        Ref(p["table"], p.get("row", "*"), p["field"]) for p in (rule.body["from"], rule.body["to"])
    )
    begins, ends = (parse_date(str(context.value(*place))) for place in (first, last))
    if begins is None or ends is None:
        yield Check(rule.id, NOT_APPLICABLE, (first, last))
        return
    passed, most = (date.fromisoformat(ends) - date.fromisoformat(begins)).days, rule.body["days"]
    late = not 0 <= passed <= most
    details = sentences(
        "{first} 到 {last} 是 {days} 日，应在 {most} 日之内", "{first} to {last} is {days} days, not within {most}",
        first=begins, last=ends, days=passed, most=most,
    ) if late else ()  # fmt: skip
    yield Check(rule.id, FAILED if late else EXACT, (first, last), str(most), str(passed), details=details)


def reason_for_withholding(rule: Rule, context: Context) -> Iterator[Check]:
    """Figures that are withheld come with a reason, for the cell or for the whole table."""
    for table_id, refs in _withheld(context).items():
        about = context.report.status(table_id)
        if about.get("reconstructed") is True:  # inferred from a text that lists names only
            continue
        lacking = [ref for ref in refs if context.value("cells", "/".join(ref), "reason") is None]
        if about.get("reason") is not None:
            lacking = []
        details = sentences(
            "“{table}”有 {count} 个数未公开，没有写明原因", "{count} figures of {table} are withheld without a reason",
            table=titled(table_id, context), count=len(lacking),
        ) if lacking else ()  # fmt: skip
        yield Check(rule.id, FAILED if lacking else EXACT, tuple(lacking or refs), details=details)


def _withheld(context: Context) -> Mapping[str, list[Ref]]:
    """Every cell that is withheld, by its table."""
    return context.once("withheld", lambda: _all_withheld(context))


def _all_withheld(context: Context) -> Mapping[str, list[Ref]]:
    found: dict[str, list[Ref]] = {}
    report = context.report
    for table in context.spec.tables.values():
        rows = report.rows(table.id)
        places = [
            (at, field.name)
            for at, field in enumerate(table.fields if rows else ())
            if field.states
            and not (field.amount and report.figures(table.id, at).whole)
            and Nothing in report.kinds(table.id, at)
        ]
        for row in rows if places else ():
            for at, field in places:
                if row[at] is Nothing.UNDISCLOSED:
                    found.setdefault(table.id, []).append(Ref(table.id, row_name(table, row), field))
    return found


def recoverable(rule: Rule, context: Context) -> Iterator[Check]:
    """A figure that is withheld does not follow from the others: no sum has it as its only unknown."""
    withheld = _withheld(context)
    if not withheld:
        yield Check(rule.id, NOT_APPLICABLE)
        return
    found: dict[Ref, Rule] = {}
    for other in load_rules().values():
        if other.kind not in _SUMS or not other.built or _tables_of(other.id).isdisjoint(withheld):
            continue
        if not context.applies(other):
            continue
        for check in _SUMS[other.kind](other, context):
            if check.outcome == NOT_CHECKED and check.reason == UNDISCLOSED and len(check.refs) == 1:
                found.setdefault(check.refs[0], other)
    for ref in (ref for refs in withheld.values() for ref in refs):
        by = found.get(ref)
        details = sentences(
            "由 {rule}（{title}）可以算出 {row} 行未公开的数", "what is withheld in row {row} follows by {rule}: {title}",
            rule=by.id, row=ref.row, title=Both(by.title["zh"], by.title["en"].removesuffix(".")),
        ) if by else ()  # fmt: skip
        yield Check(rule.id, FAILED if by else EXACT, (ref,), details=details)


_SUMS: Final[Mapping[str, Form]] = MappingProxyType({"linear": linear, "rollup": rollup})


@cache
def _tables_of(rule: str) -> frozenset[str]:
    """Tables that a rule names anywhere in its operands."""
    return frozenset(re.findall(r'"([a-z_]+)"', json.dumps(dict(load_rules()[rule].body))))


def scope_changed(rule: Rule, context: Context) -> Iterator[Check]:
    """Figures of two years whose scope differs are not compared, unless the money in which it differs is none."""
    if context.previous is None:
        return
    apart = figure(rule.body["term"], context)
    if not context.previous.year < rule.body["year"] <= context.year:
        yield Check(rule.id, NOT_APPLICABLE, (apart.ref,))
    elif apart.why:
        yield unknown(rule, [apart], context)
    else:
        details = sentences(
            "{before} 年度与 {year} 年度口径不同：{figure}", "the scopes of {before} and {year} differ: {figure}",
            before=context.previous.year, year=context.year, figure=_spoken([apart], context),
        ) if apart.value else ()  # fmt: skip
        yield Check(rule.id, FAILED if details else EXACT, (apart.ref,), details=details)


# Presence: changes, indicators, plausibility


def reason_for_change(rule: Rule, context: Context) -> Iterator[Check]:
    """Every change and variance that is not zero has a reason."""
    for name, change in _records("changes", context):
        ref = Ref("changes", name, "reason")
        sign, refs = _direction(name, change, context)
        if not sign:
            yield Check(rule.id, NOT_APPLICABLE, (ref,))
        elif change["reason"] is not None:
            yield Check(rule.id, EXACT, (ref,))
        else:
            details = sentences(
                "“{subject}”与{base}相比有增减，没有说明原因", "{subject} differs from {base}; no reason is given",
                subject=_subject_name(change), base=_labelled("changes", "base", change["base"], context),
            )  # fmt: skip
            yield Check(rule.id, FAILED, (ref, *refs), details=details)


def score_follows_target(rule: Rule, context: Context) -> Iterator[Check]:
    """An indicator that met its target has its full score; one that did not has less."""
    table = rule.body["table"]
    fields = ("target_value", "actual_value", "weight", "score")
    for name, row in _records(table, context):
        refs = tuple(Ref(table, name, field) for field in fields)
        target, actual, weight, score = (row[field] for field in fields)
        test = _MET.get(str(row["target_operator"]))
        apart = (
            None not in (row["target_unit"], row["actual_unit"]) and row["target_unit"] != row["actual_unit"]
        )
        if test is None or apart or not isinstance(target, Decimal) or not isinstance(actual, Decimal):
            withheld = Nothing.UNDISCLOSED in (target, actual)
            yield Check(
                rule.id,
                NOT_CHECKED if withheld else NOT_APPLICABLE,
                refs[:2],
                reason=UNDISCLOSED if withheld else None,
            )
        elif not isinstance(weight, Decimal) or not isinstance(score, Decimal):
            yield Check(rule.id, NOT_APPLICABLE, refs[2:])
        else:
            met = test(actual, target)
            wrong = score < weight if met else score >= weight > 0
            said = Both("达到", "met") if met else Both("没有达到", "missed")
            details = sentences(
                "完成值 {actual} {said}指标值 {target}，得分 {score}，分值 {weight}",
                "the result {actual} {said} the target {target}; score {score} of {weight}",
                actual=show(actual), target=row["target_printed"] or show(target), score=show(score),
                weight=show(weight), said=said,
            ) if wrong else ()  # fmt: skip
            yield Check(rule.id, FAILED if wrong else EXACT, refs, details=details)


def deduction_reason(rule: Rule, context: Context) -> Iterator[Check]:
    """A score below its weight has a reason; a reason without a deduction is an info, and right where the target was passed."""
    table, nothing = rule.body["table"], rule.body["nothing"]
    for name, row in _records(table, context):
        refs = tuple(Ref(table, name, field) for field in ("score", "weight", "deviation_reason"))
        weight, score, reason = row["weight"], row["score"], row["deviation_reason"]
        if not isinstance(weight, Decimal) or not isinstance(score, Decimal):
            yield Check(rule.id, NOT_APPLICABLE, refs[:2])
            continue
        given = reason is not None and reason not in nothing
        deviates = is_number(row["target_value"]) and row["target_value"] != row["actual_value"]
        if score < weight and not given:
            details = sentences(
                "分值 {weight}，得分 {score}，没有填偏差原因", "score {score} of {weight} without a reason",
                weight=show(weight), score=show(score),
            )  # fmt: skip
            yield Check(rule.id, FAILED, refs, details=details)
        elif score >= weight and given and not deviates:
            details = sentences("没有扣分，却填了偏差原因", "a reason is given although nothing was deducted")
            yield Check(rule.id, FAILED, refs, severity=INFO, details=details)
        else:
            yield Check(rule.id, EXACT, refs)


def days_of_year(rule: Rule, context: Context) -> Iterator[Check]:
    """A count that reads as once a day is not above the days of the year."""
    days, most = 365 + calendar.isleap(context.year), rule.body["most"]
    table = rule.body["table"]
    for name, row in _records(table, context):
        counts = [
            (Ref(table, name, field), row[field])
            for field, unit in rule.body["fields"].items()
            if is_number(row[field]) and row[unit] in rule.body["units"]
        ]
        above = [(ref, value) for ref, value in counts if days < value <= most]  # type: ignore[operator]
        if not counts:
            yield Check(rule.id, NOT_APPLICABLE, (Ref(table, name, next(iter(rule.body["fields"]))),))
            continue
        details = sentences(
            "“{name}”是 {count}{unit}，{year} 年只有 {days} 天", "“{name}” is {count} {unit}; {year} has {days} days",
            name=row["level3"], count=above[0][1], unit=rule.body["units"][0], year=context.year, days=days,
        ) if above else ()  # fmt: skip
        yield Check(
            rule.id, FAILED if above else EXACT, tuple(ref for ref, _ in above or counts),
            str(days) if above else None, show(above[0][1]) if above else None, details=details,
        )  # fmt: skip


def ratio(rule: Rule, context: Context) -> Iterator[Check]:
    """Amounts per head, per batch or per car lie within wide limits; a rule that is off looks at nothing."""
    if rule.body.get("off"):
        return
    unit = context.report.unit
    for entry in rule.body["ratios"]:
        over, under = figure(entry["over"], context), figure(entry["under"], context)
        amount = context.spec.tables[over.ref.table][over.ref.field].amount
        if over.why or under.why or not under.value or (amount and unit not in YUAN):
            yield Check(rule.id, NOT_APPLICABLE, (over.ref, under.ref))
            continue
        value = over.value * (YUAN[str(unit)] if amount else 1) / under.value
        least, most = Decimal(entry["least"]), Decimal(entry["most"])
        odd = bool(value) and not least <= value <= most
        details = sentences(
            "{what}是 {value}，一般在 {least} 至 {most} 之间", "{what} is {value}; mostly it lies between {least} and {most}",
            what=Both(**entry["what"]), value=round(value, 2), least=least, most=most,
        ) if odd else ()  # fmt: skip
        yield Check(rule.id, FAILED if odd else EXACT, (over.ref, under.ref), details=details)


# Lint: words against figures


def direction_word(rule: Rule, context: Context) -> Iterator[Check]:
    """Change, rate and words point the same way."""
    rates = _rates_of_change(context)
    up, down = rule.body["up"], rule.body["down"]
    for name, change in _records("changes", context):
        if change["base"] != "previous_year":
            continue
        said: list[tuple[Ref, int]] = []
        if is_number(change["amount"]):
            said.append((Ref("changes", name, "amount"), _sign(change["amount"])))
        if change["comparison"] is not None:
            said.append((Ref("changes", name, "comparison"), _SIGNS.get(str(change["comparison"]), 0)))
        for claim in rates.get(str(change["subject"]), ()):
            if is_number(claim.value):
                said.append((claim.ref, _sign(claim.value)))
            printed = Ref("claims", claim.ref.row, "printed")
            word = _word_sign(str(claim.printed or ""), up, down)
            if word:
                said.append((printed, word))
        refs = tuple(ref for ref, _ in said)
        if len(said) < 2:
            yield Check(rule.id, NOT_APPLICABLE, refs)
            continue
        wrong = {1, -1} <= {sign for _, sign in said}
        details = sentences(
            "“{subject}”的增减额、增减率和用词方向不一", "change, rate and words of {subject} point different ways",
            subject=_subject_name(change),
        ) if wrong else ()  # fmt: skip
        yield Check(rule.id, FAILED if wrong else EXACT, refs, details=details)


def flat_word(rule: Rule, context: Context) -> Iterator[Check]:
    """What is said to be unchanged has a change of zero at the printed precision; 基本持平 may be near it."""
    rates = _rates_of_change(context)
    for name, change in _records("changes", context):
        words = [Ref("changes", name, f) for f in ("comparison", "rate_note") if change[f] == "flat"]
        nearly = False
        moved: list[Ref] = []
        if change["base"] == "previous_year":
            for claim in rates.get(str(change["subject"]), ()):
                place = Ref("claims", claim.ref.row, "printed")
                printed = str(claim.printed or "")
                if any(word in printed for word in rule.body["words"]):
                    words.append(place)
                    nearly = nearly or any(word in printed for word in rule.body["nearly"])
                    if is_number(claim.value) and claim.value:
                        moved.append(claim.ref)
        if not words:
            continue
        found = _difference(name, change, context)
        if found is None and not moved:
            yield Check(rule.id, NOT_APPLICABLE, tuple(words))
            continue
        value, tolerance, refs = found or (ZERO, ZERO, ())
        if not value and not moved:
            yield Check(rule.id, EXACT, (*words, *refs))
        elif not moved and abs(value) <= tolerance:
            yield Check(rule.id, WITHIN_ROUNDING, (*words, *refs), ZERO, value, value, tolerance)
        else:
            details = sentences(
                "“{subject}”说是持平，增减却是 {value}", "{subject} is said to be unchanged; the change is {value}",
                subject=_subject_name(change), value=value or listed(show(context.value(*ref)) for ref in moved),
            )  # fmt: skip
            yield Check(
                rule.id, FAILED, (*words, *refs, *moved), ZERO if value else None, value or None, value or None,
                ZERO if value else None, severity=INFO if nearly else None, details=details,
            )  # fmt: skip


def budget_word(rule: Rule, context: Context) -> Iterator[Check]:
    """A final amount said to be above or below the budget is."""
    for name, change in _records("changes", context):
        said = _SIGNS.get(str(change["comparison"]))
        if change["base"] == "previous_year" or not said:
            continue
        word = Ref("changes", name, "comparison")
        found = _difference(name, change, context)
        if found is None:
            yield Check(rule.id, NOT_APPLICABLE, (word,))
            continue
        value, tolerance, refs = found
        if _sign(value) == said:
            yield Check(rule.id, EXACT, (word, *refs))
        elif abs(value) <= tolerance:
            yield Check(rule.id, WITHIN_ROUNDING, (word, *refs), ZERO, value, value, tolerance)
        else:
            details = sentences(
                "“{subject}”说是{word}，决算数与预算数之差却是 {value}",
                "{subject} is said to be {word}; final amount less budget is {value}",
                subject=_subject_name(change), value=value, word=_labelled("changes", "comparison", change["comparison"], context),
            )  # fmt: skip
            yield Check(rule.id, FAILED, (word, *refs), None, value, details=details)


def reason_direction(rule: Rule, context: Context) -> Iterator[Check]:
    """The reason for a change does not speak of the other direction only, nor of economy where nothing changed."""
    words = rule.body
    for name, change in _records("changes", context):
        reason, ref = change["reason"], Ref("changes", name, "reason")
        sign, refs = _direction(name, change, context)
        if not isinstance(reason, str) or sign is None or any(word in reason for word in words["elsewhere"]):
            yield Check(rule.id, NOT_APPLICABLE, (ref,))
            continue
        up, down = ([word for word in words[side] if word in reason] for side in ("up", "down"))
        against = (down if not up else []) if sign > 0 else (up if not down else []) if sign < 0 else []
        if sign == 0:
            against = [word for word in words["economy"] if word in reason]
        details = sentences(
            "“{subject}”{said}，原因却是“{word}”", "{subject} {said}, yet the reason is “{word}”",
            subject=_subject_name(change), word=against[0], said=_WENT[sign],
        ) if against else ()  # fmt: skip
        yield Check(rule.id, FAILED if against else EXACT, (ref, *refs), details=details)


# Lint: words by themselves


def residue(rule: Rule, context: Context) -> Iterator[Check]:
    """No text has a word or a pattern that only a template or a slip leaves behind."""
    texts = list(_texts(rule.body["texts"], context))
    everything = "\n".join([text for _, text in texts])
    patterns = [re.compile(pattern) for pattern in rule.body.get("patterns", ())]
    words = [word for word in rule.body["words"] if word in everything]
    found = False
    if words or any(pattern.search(everything) for pattern in patterns):
        for ref, text in texts:
            marks = [word for word in words if word in text]
            marks += [hit.group() for hit in (pattern.search(text) for pattern in patterns) if hit]
            if marks:
                found = True
                details = sentences("有“{mark}”字样", "it has “{mark}”", mark=marks[0])
                yield Check(rule.id, FAILED, (ref,), None, marks[0], details=details)
    if not found:
        yield Check(rule.id, EXACT if texts else NOT_APPLICABLE)


def year_word(rule: Rule, context: Context) -> Iterator[Check]:
    """Years that texts name are the fiscal year or the one before; days that figures are of lie in the fiscal year."""
    allowed = {str(context.year), str(context.year - 1)}
    quoted = re.compile(rule.body["except"])
    for group in rule.body["groups"]:
        pattern = re.compile(group["pattern"])
        for ref, text in _texts(group["texts"], context):
            years = pattern.findall(quoted.sub("", text))
            wrong = [year for year in years if year not in allowed]
            if years:
                yield _year_check(rule, ref, wrong, context)
    for table, field in rule.body["dates"]:
        value = context.value(table, "*", field)
        if isinstance(value, str):
            yield _year_check(
                rule, Ref(table, "*", field), [value[:4]] if value[:4] != str(context.year) else [], context
            )


def _year_check(rule: Rule, ref: Ref, wrong: list[str], context: Context) -> Check:
    details = sentences(
        "写的是 {found} 年，报告是 {year} 年度", "it says {found}, the report is of {year}",
        found=listed(wrong), year=context.year,
    ) if wrong else ()  # fmt: skip
    return Check(
        rule.id,
        FAILED if wrong else EXACT,
        (ref,),
        str(context.year),
        wrong[0] if wrong else None,
        details=details,
    )


def scope_word(rule: Rule, context: Context) -> Iterator[Check]:
    """Titles call the entity what its record says that it is."""
    entity = context.report.one("entity")
    for ref, text in _texts(rule.body["texts"], context):
        said: dict[str, set[str]] = {}
        for entry in rule.body["words"]:
            if entry["word"] in text:
                said.setdefault(entry["field"], set()).add(entry["value"])
        for field, values in said.items():
            if entity.get(field) is None or len(values) > 1:  # two words say neither
                continue
            right = entity[field] in values
            details = () if right else sentences(
                "“{text}”与单位记录（{value}）不一致", "“{text}” is not what the entity's record says ({value})",
                text=text, value=_labelled("entity", field, entity[field], context),
            )  # fmt: skip
            yield Check(
                rule.id, EXACT if right else FAILED, (ref, Ref("entity", "*", field)), details=details
            )


def purpose(rule: Rule, context: Context) -> Iterator[Check]:
    """What an item is said to be for is not what another item is for."""
    table = rule.body["table"]
    for name, row in _records(table, context):
        code, text = row["code"], row["purpose"]
        own = next((g for g in rule.body["items"] if str(code).startswith(tuple(g["codes"]))), None)
        if own is None or not isinstance(text, str):
            continue
        ref = Ref(table, name, "purpose")
        others = [w for g in rule.body["items"] if g is not own for w in g["words"] if w in text]
        wrong = others if not any(word in text for word in own["words"]) else []
        details = sentences(
            "{code} 的用途写的是“{text}”", "{code} is said to be for “{text}”", code=code, text=text
        ) if wrong else ()  # fmt: skip
        yield Check(
            rule.id, FAILED if wrong else EXACT, (ref,), None, wrong[0] if wrong else None, details=details
        )


# Lint: claims as printed


def signs(rule: Rule, context: Context) -> Iterator[Check]:
    """A rate is printed with its sign of percent, an amount with its unit."""
    exempt = tuple(rule.body["except"])
    for claim in _claims(context):
        ref, printed = Ref("claims", claim.ref.row, "printed"), claim.printed
        wanted = rule.body.get("rate" if claim.measure.endswith("_percent") else claim.measure)
        if not wanted or not isinstance(printed, str) or claim.path.startswith(exempt):
            continue
        if not any(sign.isdigit() for sign in printed):
            continue
        right = any(word in printed for word in wanted)
        details = () if right else sentences(
            "印的是“{printed}”，没有“{wanted}”", "“{printed}” lacks “{wanted}”", printed=printed, wanted=wanted[0]
        )  # fmt: skip
        yield Check(rule.id, EXACT if right else FAILED, (ref,), details=details)


def unit_slip(rule: Rule, context: Context) -> Iterator[Check]:
    """An amount does not fit its cell only once its unit is taken for another."""
    scale = Decimal(rule.body["scale"])
    own = context.report.unit
    for claim in _claims(context):
        if claim.cell is None or not claim.value:
            continue
        refs = (Ref("claims", claim.ref.row, "unit"), claim.cell)
        if claim.unit == own and claim.value == context.value(*claim.cell):
            yield Check(rule.id, EXACT, refs)
            continue
        both = _with_fact(claim, own, context)
        if both is None or not both[0].value:
            continue
        fact, stated = both
        if _fits(fact, stated, _ONE):
            yield Check(rule.id, EXACT, refs)
        elif _fits(fact, stated, scale) or _fits(fact, stated, 1 / scale):
            details = sentences(
                "印作 {value}{unit}，表中是 {fact}{own}", "printed as {value} {unit}; the table has {fact} {own}",
                value=show(claim.value), unit=claim.unit, fact=fact.value, own=own,
            )  # fmt: skip
            yield Check(rule.id, FAILED, refs, fact.value, stated.value, details=details)


def unit_word(rule: Rule, context: Context) -> Iterator[Check]:
    """The text has the unit of the tables. A zero, and a figure that is right in its own unit, are infos; so are all where
    the whole text is in one other unit and right in it, as after a conversion of the tables."""
    own, scale = context.report.unit, Decimal(rule.body["scale"])
    wrong: list[Ref] = []
    harmless: list[Ref] = []
    seen = right = False
    units = {claim.unit for claim in _claims(context) if claim.measure == "amount" and claim.unit in YUAN}
    for claim in _claims(context):
        if claim.measure != "amount" or claim.unit not in YUAN or own is None:
            continue
        seen = True
        if claim.unit == own:
            continue
        ref, both = Ref("claims", claim.ref.row, "unit"), _with_fact(claim, own, context)
        if not claim.value or (both and _fits(*both, _ONE)):
            harmless.append(ref)
            right = right or bool(claim.value)
        elif not (both and (_fits(*both, scale) or _fits(*both, 1 / scale))):
            wrong.append(ref)  # else it is a slip, which another rule names
    if right and len(units) == 1:
        wrong, harmless = [], harmless + wrong
    for refs, severity in ((wrong, None), (harmless, INFO)):
        if refs:
            details = sentences(
                "说明中有 {count} 处金额的单位不是报表的“{unit}”", "{count} amounts of the text are not in {unit}, the tables' unit",
                count=len(refs), unit=own,
            )  # fmt: skip
            yield Check(
                rule.id,
                FAILED,
                tuple(refs),
                own,
                show(context.value(*refs[0])),
                severity=severity,
                details=details,
            )
    if not wrong and not harmless:
        yield Check(rule.id, EXACT if seen else NOT_APPLICABLE)


def amount_decimals(rule: Rule, context: Context) -> Iterator[Check]:
    """Amounts of a table are printed with the decimals of the report; those of the text with no fewer."""
    declared, unit = context.report.one("report").get("decimals"), context.report.unit
    for table in context.spec.tables.values():
        if not table.amounts or not context.report.rows(table.id):
            continue
        own = context.report.status(table.id).get("decimals") if table.kind == "form" else None
        wanted = own if isinstance(own, int) else declared
        if not isinstance(wanted, int):
            yield Check(rule.id, NOT_APPLICABLE, (Ref("report", "*", "decimals"),))
            return
        step, places = _ONE.scaleb(-wanted), [(f.name, table.position[f.name]) for f in table.amounts]
        if all(_are_even(context.report.figures(table.id, at), step) for _, at in places):
            yield _decimals_check(rule, [], wanted, titled(table.id, context))
            continue
        odd = [
            Ref(table.id, row_id, name)
            for row_id, row in context.rows_of(table.id).items()
            for name, at in places
            if isinstance(value := row[at], Decimal) and not value.same_quantum(step)
        ]
        yield _decimals_check(rule, odd, wanted, titled(table.id, context))
    if isinstance(declared, int):
        short = [
            claim.ref
            for claim in _claims(context)
            if claim.measure == "amount" and claim.unit == unit
            and isinstance(claim.value, Decimal) and decimals_of(claim.value) < declared
        ]  # fmt: skip
        yield _decimals_check(rule, short, declared, titled("claims", context))


def _are_even(figures: Figures, step: Decimal) -> bool:
    """Whether all figures of a column have the decimals of a step."""
    return not figures.values or (figures.step is not None and figures.step.same_quantum(step))


def rate_decimals(rule: Rule, context: Context) -> Iterator[Check]:
    """Rates of the text are printed with so many decimals."""
    wanted = rule.body["decimals"]
    odd, seen = [], False
    exempt = tuple(rule.body["except"])
    for claim in _claims(context):
        if not claim.measure.endswith("_percent") or claim.path.startswith(exempt):
            continue
        if isinstance(claim.value, Decimal) and claim.value:  # a zero is printed in many ways
            seen = True
            if decimals_of(claim.value) != wanted:
                odd.append(claim.ref)
    if seen:
        yield _decimals_check(rule, odd, wanted, titled("claims", context))
    else:
        yield Check(rule.id, NOT_APPLICABLE)


def _decimals_check(rule: Rule, odd: list[Ref], wanted: int, title: Both) -> Check:
    details = sentences(
        "“{title}”有 {count} 个数不是 {wanted} 位小数", "{title}: {count} figures without {wanted} decimals",
        title=title, count=len(odd), wanted=wanted,
    ) if odd else ()  # fmt: skip
    return Check(rule.id, FAILED if odd else EXACT, tuple(odd), str(wanted) if odd else None, details=details)


# What the forms stand on: figures


def figure(term: Mapping[str, Any], context: Context) -> Operand:
    """The figure of a term or, where its cell has none, that of the place named under ``or``."""
    found = context.operand(term["table"], term.get("row", "*"), term["field"])
    if found.why and found.why != UNDISCLOSED and "or" in term:
        other = figure(term["or"], context)
        return found if other.why else other
    return found


def figures(terms: Terms, context: Context) -> list[Operand]:
    """The figures of several terms."""
    return [figure(term, context) for term in terms]


def unknown(rule: Rule, cells: Sequence[Operand], context: Context) -> Check:
    """The outcome where a figure is not known: unchecked if it ought to be there, else the rule says nothing here."""
    for cell in cells:
        form = context.spec.tables[cell.ref.table].kind == "form"
        if cell.why in (UNDISCLOSED, NO_TABLE) or (cell.why and cell.why != NOT_PRINTED and form):
            return Check(rule.id, NOT_CHECKED, (cell.ref,), reason=cell.why)
    return Check(rule.id, NOT_APPLICABLE, tuple(cell.ref for cell in cells))


def _all_zero(cells: Iterable[Operand]) -> bool | None:
    """Whether all that is stated of some figures is zero; ``None`` where that cannot be said."""
    stated, withheld = False, False
    for cell in cells:
        if cell.why:
            withheld = withheld or cell.why in (UNDISCLOSED, NO_TABLE)
        elif cell.value:
            return False
        else:
            stated = True
    return True if stated and not withheld else None


def _spoken(cells: Iterable[Operand], context: Context) -> Both:
    """Some figures by what they are of; in English by their place."""
    known = [cell for cell in cells if not cell.why]
    return Both(
        "、".join(f"{_label(cell.ref, context)} {cell.value}" for cell in known),
        ", ".join(f"{_place(cell.ref)} {cell.value}" for cell in known),
    )


def _label(ref: Ref, context: Context) -> str:
    """What a person calls a cell: a claim by the code list, a printed row by its name, any other by its field."""
    if ref.table == "claims":
        path = ref.row.rpartition("/")[0]
        entry = _claim_list().get(_POSITION.sub("[*]", path))
        return entry["name"] if entry else path
    table = context.spec.tables[ref.table]
    name = context.value(ref.table, ref.row, "name") if "name" in table.position else None
    title = table[ref.field].title
    return title if not isinstance(name, str) else name if len(table.amounts) == 1 else f"{name}·{title}"


def _place(ref: Ref) -> str:
    if ref.table == "claims":
        return ref.row.rpartition("/")[0]
    return f"{ref.table}.{ref.field}" if ref.row == "*" else f"{ref.table}.{ref.row}.{ref.field}"


def _sign(value: Value) -> int:
    return (value > 0) - (value < 0) if isinstance(value, (int, Decimal)) else 0


# What the forms stand on: changes


def _records(table: str, context: Context) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Every row of a table by its name, its values by their fields."""
    fields = context.spec.tables[table].position
    for name, row in context.rows_of(table).items():
        yield name, dict(zip(fields, row, strict=True))


@cache
def _subjects() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["subject"]: row for row in read_list("subjects")})


def _subject(subject: str) -> tuple[Mapping[str, str] | None, str]:
    """The entry of a subject and, where it is one of many, the code that tells it from the others."""
    if subject in _subjects():
        return _subjects()[subject], ""
    head, _, code = subject.rpartition(".")
    return _subjects().get(f"{head}.*"), code


def _subject_name(change: Mapping[str, Value]) -> Both:
    """What a person calls a subject; in English its path."""
    entry, code = _subject(str(change["subject"]))
    name = entry["name"] if entry else str(change["subject"])
    return Both(f"{name}（{code}）" if code else name, str(change["subject"]))


def _labelled(table: str, field: str, value: Value, context: Context) -> Both:
    """A value of a closed list by its label, in English as it is."""
    return Both(context.spec.tables[table][field].labels.get(str(value), str(value)), str(value))


def _fact(subject: str, context: Context, field: str | None = None) -> Operand | None:
    """The cell that a subject is, where it is stated; ``field`` is another column of the same row."""
    entry, code = _subject(subject)
    if entry is None:
        return None
    row = code or entry["row"] or "*"
    if row not in context.rows_of(entry["table"]):
        return None
    found = context.operand(entry["table"], row, field or entry["field"])
    return None if found.why else found


def _difference(
    name: str, change: Mapping[str, Value], context: Context
) -> tuple[Decimal, Decimal, tuple[Ref, ...]] | None:
    """What a change comes to, what rounding may do to it, and the cells that say so: as stated, else final less base."""
    amount, base = change["amount"], change["base_amount"]
    factor, half = context.scale("changes")
    if isinstance(amount, Decimal):
        return amount * factor, ZERO, (Ref("changes", name, "amount"),)
    fact = _fact(str(change["subject"]), context)
    if fact is None:
        return None
    if isinstance(base, Decimal):
        return fact.value - base * factor, fact.half + half, (fact.ref, Ref("changes", name, "base_amount"))
    column = _BUDGET_SIDE.get(fact.ref.table)
    budget = _fact(str(change["subject"]), context, column) if column and change["base"] in _BUDGETS else None
    return budget and (fact.value - budget.value, fact.half + budget.half, (fact.ref, budget.ref))


def _direction(
    name: str, change: Mapping[str, Value], context: Context
) -> tuple[int | None, tuple[Ref, ...]]:
    """Which way a change went, by its figures, else by its word; ``None`` where nothing says so."""
    found = _difference(name, change, context)
    if found is not None:
        value, tolerance, refs = found
        return 0 if abs(value) <= tolerance else _sign(value), refs
    sign = _SIGNS.get(str(change["comparison"]))
    return sign, () if sign is None else (Ref("changes", name, "comparison"),)


def _word_sign(text: str, up: Iterable[str], down: Iterable[str]) -> int:
    """The direction that a text says in words; 0 where it says none or both."""
    return any(word in text for word in up) - any(word in text for word in down)


# What the forms stand on: claims and texts


class Claim(NamedTuple):
    """One claim that the code list knows; ``cell`` is what it restates, ``position`` its element of a list."""

    ref: Ref
    path: str
    position: str
    measure: str
    value: Value
    unit: Value
    printed: Value
    cell: Ref | None


@cache
def _claim_list() -> Mapping[str, Mapping[str, str]]:
    return MappingProxyType({row["path"]: row for row in read_list("claims")})


def _claims(context: Context) -> tuple[Claim, ...]:
    """Every claim that the code list knows."""
    return context.once("claims", lambda: tuple(_read_claims(context)))


def _read_claims(context: Context) -> Iterator[Claim]:
    at = context.spec.tables["claims"].position
    for name, row in context.rows_of("claims").items():
        path = str(row[at["path"]])
        position = _POSITION.search(path) if "[" in path else None
        generic = _POSITION.sub("[*]", path) if position else path
        entry = _claim_list().get(generic)
        if entry is None:
            continue
        cell = Ref(entry["table"], entry["row"] or "*", entry["field"]) if entry["table"] else None
        if cell and cell.row == "*" and position:
            code = context.value(_LISTS[path[: position.start()]], position[1], "code")
            cell = cell._replace(row=code) if isinstance(code, str) else None
        yield Claim(
            Ref("claims", name, "value"), generic, position[1] if position else "", entry["measure"],
            row[at["value"]], row[at["unit"]], row[at["printed"]], cell,
        )  # fmt: skip


def _with_fact(claim: Claim, own: str | None, context: Context) -> tuple[Operand, Operand] | None:
    """The cell that an amount restates and the amount itself, both in the report's unit, where both are known."""
    if claim.cell is None or claim.measure != "amount" or not isinstance(claim.value, Decimal):
        return None
    if claim.unit not in YUAN or own not in YUAN or claim.cell.row not in context.rows_of(claim.cell.table):
        return None
    fact = context.operand(*claim.cell)
    half = Decimal(1).scaleb(-decimals_of(claim.value)) / 2
    stated = Operand(claim.ref, claim.value, half)
    if claim.unit != own:
        factor = Decimal(YUAN[str(claim.unit)]) / YUAN[str(own)]
        stated = Operand(claim.ref, claim.value * factor, half * factor)
    return None if fact.why else (fact, stated)


def _fits(fact: Operand, stated: Operand, scale: Decimal) -> bool:
    return abs(fact.value - stated.value * scale) <= fact.half + stated.half * scale


def _rates_of_change(context: Context) -> Mapping[str, list[Claim]]:
    """The claims of a rate of change against last year, by subject."""
    found: dict[str, list[Claim]] = {}
    for claim in _claims(context):
        if claim.path.endswith(".yoy.rate_percent"):
            subject = claim.path.removesuffix(".yoy.rate_percent")
            if claim.position:
                code = context.value("general_budget_items", claim.position, "code")
                subject = subject.replace("[*]", f".{code}")
            found.setdefault(subject, []).append(claim)
    return found


def _texts(fields: Mapping[str, Sequence[str]], context: Context) -> Iterator[tuple[Ref, str]]:
    """Every text of some fields, with its place."""
    for table_id, names in fields.items():
        places = [(name, context.spec.tables[table_id].position[name]) for name in names]
        for row_id, row in context.rows_of(table_id).items():
            for name, at in places:
                value = row[at]
                if isinstance(value, str):
                    yield Ref(table_id, row_id, name), value


#: Every form of a rule of kind ``presence``.
PRESENCE: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "parts_filled": parts_filled,
        "empty_if_zero": empty_if_zero,
        "zero_when": zero_when,
        "iff_zero": iff_zero,
        "positive_implies": positive_implies,
        "count": counted,
        "ordinals": ordinals,
        "filled": filled,
        "rows_filled": rows_filled,
        "parts_stated": parts_stated,
        "units": units,
        "within_days": within_days,
        "reason_for_withholding": reason_for_withholding,
        "recoverable": recoverable,
        "scope_changed": scope_changed,
        "reason_for_change": reason_for_change,
        "score_follows_target": score_follows_target,
        "deduction_reason": deduction_reason,
        "days_of_year": days_of_year,
        "ratio": ratio,
    }
)

#: Every form of a rule of kind ``lint``.
LINT: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "direction_word": direction_word,
        "flat_word": flat_word,
        "budget_word": budget_word,
        "reason_direction": reason_direction,
        "residue": residue,
        "year_word": year_word,
        "scope_word": scope_word,
        "purpose": purpose,
        "signs": signs,
        "unit_slip": unit_slip,
        "unit_word": unit_word,
        "amount_decimals": amount_decimals,
        "rate_decimals": rate_decimals,
    }
)
