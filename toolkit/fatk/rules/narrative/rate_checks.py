"""The kind ``rate``: a printed percent is a quotient that the intervals of its amounts allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fatk.findings import FAILED, NOT_CHECKED, WARNING, WITHIN_ROUNDING
from fatk.rounding import ZERO
from fatk.rules.context import (
    ABSENT,
    BLANK,
    EXACT,
    NOT_APPLICABLE,
    NOT_PRINTED,
    Check,
    Context,
    Ref,
    Rule,
    load_rules,
)
from fatk.rules.narrative.claims import matching
from fatk.rules.narrative.figures import (
    DASH,
    HUNDRED,
    NO_CELL,
    ONE,
    UNIT,
    UNSTATED,
    Figure,
    Stated,
    as_rounded,
    cell_or_stated,
    current_amount,
    in_unit,
    of_cell,
    stated_in,
    subject_of,
)
from fatk.rules.narrative.outcomes import called, equality, inequality, name_of, said, shown, total_of
from fatk.rules.narrative.quotients import (
    PLUGGED,
    TRUNCATED,
    WITHIN,
    Quotient,
    grade,
    quotient,
    spread_of,
    to_places,
)
from fatk.rules.narrative.rated import (
    NO_BASE,
    NOTHING,
    UNKNOWN,
    Rated,
    compared,
    graded,
    operand_figure,
    operands_of,
    percent_of,
    rated,
    subject_in,
)
from fatk.rules.narrative.terms import rows_where
from fatk.values import decimals_of


def rate(rule: Rule, context: Context) -> Iterator[Check]:
    """A printed rate is one that its amounts, each anywhere in its interval, can yield."""
    yield from _CHECKS[rule.body.get("check", "quotient")](rule, context, stated_in(context))


def _of(rule: Rule, context: Context, stated: Stated) -> Iterator[tuple[Rule, Rated]]:
    """The rates of the rules that a rule speaks about."""
    for named in rule.body["of"]:
        other = load_rules()[named]
        for one in rated(other, context, stated):
            yield other, one


def _quotients(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Each rate equals its quotient."""
    shares = "operands" in rule.body
    for one in rated(rule, context, stated):
        if one.grade == EXACT:
            yield Check(rule.id, EXACT, one.refs)
        elif one.grade == UNKNOWN:
            yield _unchecked(rule, one)
        elif one.grade == FAILED and (shares or not one.fits):
            # A change that fits another base has a rule of its own.
            yield _verdict(rule, one, FAILED, "other_base" if one.fits else None)
        elif one.grade == NO_BASE and rule.body["formula"] != "growth" and not one.fits:
            yield _verdict(rule, one, FAILED, severity=WARNING)
        elif one.grade in {WITHIN, TRUNCATED, PLUGGED}:
            yield _verdict(rule, one, WITHIN_ROUNDING, None if one.grade == WITHIN else one.grade)


def _unchecked(rule: Rule, one: Rated) -> Check:
    """A rate whose amounts are not known: no fault where a dash stands for one or the form does not print it."""
    if one.reason in {DASH, NOT_PRINTED}:
        return Check(rule.id, NOT_APPLICABLE, one.refs, reason=NOT_PRINTED)
    return Check(rule.id, NOT_CHECKED, one.refs, reason=ABSENT if one.reason == UNSTATED else one.reason)


def _zero_base(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A growth on a base of zero is printed as 100 % by convention; any other must be one that rounding allows."""
    for _, one in _of(rule, context, stated):
        if one.grade != NO_BASE or one.printed is None:
            continue
        if one.printed != HUNDRED and one.least is not None and one.printed >= one.least:
            yield _verdict(rule, one, WITHIN_ROUNDING)
        else:
            yield _verdict(rule, one, FAILED, severity=None if one.printed == HUNDRED else WARNING)


def _zero_zero(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Nothing over nothing is printed as 0 %."""
    for _, one in _of(rule, context, stated):
        if one.grade == NOTHING and one.printed == 0:
            yield Check(rule.id, EXACT, one.refs)
        elif one.grade == NOTHING:
            yield _verdict(rule, one._replace(expected=ZERO), FAILED)


def _misnamed(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A rate that is wrong for its own base and exactly right for another."""
    for _, one in _of(rule, context, stated):
        if one.fits:
            yield _verdict(rule, one, FAILED, "other_base")


def _published(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A growth whose base this report does not state is that of the figures that the reports of both years give.

    Where the base is stated, the rate is held to it by a rule of its own, and so is the base to last year's report.
    """
    before = context.previous
    if before is None:
        return
    theirs = stated_in(before)
    for _, one in _of(rule, context, stated):
        subject = subject_in(one.claim, context)
        known = subject_of(subject) if isinstance(subject, str) else None
        if one.grade != UNKNOWN or one.refs[-1].table != "changes" or known is None:
            continue
        current = cell_or_stated(known[1], context, stated)
        base = in_unit(cell_or_stated(known[1], before, theirs), stated.unit, theirs.unit)
        if not current.why and not base.why:
            found = graded(one.claim, percent_of(one), current.value, [quotient(current, base, HUNDRED)])
            if found.grade == EXACT:
                yield Check(rule.id, EXACT, found.refs)
            elif found.grade == FAILED:
                yield _verdict(rule, found, FAILED)
            elif found.grade in {WITHIN, TRUNCATED}:
                yield _verdict(rule, found, WITHIN_ROUNDING, None if found.grade == WITHIN else found.grade)


def _decreases(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Last year's amount is not negative; no rate is below -100 %, and it is that only where nothing is left."""
    at = context.spec.tables["changes"].position
    for name, row in context.rows_of("changes").items():
        known = subject_of(str(row[at["subject"]])) if row[at["base"]] == "previous_year" else None
        if known:
            change = of_cell(Ref("changes", name, "amount"), context, stated)
            current = cell_or_stated(known[1], context, stated)
            if not change.why and not current.why:
                yield inequality(rule, [change], [current], f"{known[0]}的增减额")
    for _, one in _of(rule, context, stated):
        if one.grade == UNKNOWN and one.printed is not None and one.printed <= -HUNDRED:
            current = current_amount(compared(one.claim.entry.path).subject, context, stated)
            left = not current.why and current.value > current.own
            if one.printed < -HUNDRED or left:
                yield _limit(
                    rule, one, -HUNDRED, "不应低于" if not left else "有数时应高于", "should be above"
                )


def _range(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A share is from 0 to 100 where its part is not negative; one that is not even a quotient is told of elsewhere."""
    for _, one in _of(rule, context, stated):
        if one.printed is None or (one.part is not None and one.part < 0):
            continue
        nearest = min(max(one.printed, ZERO), HUNDRED)
        if one.printed == nearest:
            yield Check(rule.id, EXACT, (one.claim.ref,))
        elif one.grade != FAILED:
            yield _limit(rule, one, nearest, "超出了", "is beyond")


def _limit(rule: Rule, one: Rated, limit: Decimal, zh: str, en: str) -> Check:
    """A rate that no amounts could yield."""
    printed = percent_of(one)
    told = said(called(one.claim), one.claim.ref, printed, limit, zh, en, "%")
    return Check(rule.id, FAILED, one.refs, limit, printed, printed - limit, ZERO, details=told)


def _totals(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The shares of an exhaustive list add up to 100; a list with a share that is wrong is told of elsewhere."""
    members = [(other, one) for other, one in _of(rule, context, stated) if one.printed is not None]
    for glob in rule.body["lists"]:
        paths = matching(glob)
        chosen = [(other, one) for other, one in members if one.claim.entry.path in paths]
        judged = {one.grade for _, one in chosen} | {one.reason for _, one in chosen}
        if len(chosen) > 1 and not judged & {FAILED, NOTHING, NO_BASE, UNIT}:
            complete = len(chosen) == len(paths) and "[*]" not in glob
            if complete or _make_up_the_whole(chosen, context, stated):
                shares = [as_rounded(one.claim.ref, percent_of(one)) for _, one in chosen]
                name = f"{called(chosen[0][1].claim)}等 {len(chosen)} 项之和"
                yield equality(rule, shares, [Figure(NO_CELL, HUNDRED)], name)


def _make_up_the_whole(members: Iterable[tuple[Rule, Rated]], context: Context, stated: Stated) -> bool:
    """Whether the parts of these shares are all there is of their whole."""
    parts, wholes = [], []
    for rule, one in members:
        operands = operands_of(rule)[one.claim.entry.path]
        parts.append(operand_figure(operands.part, one.claim.positions, context, stated))
        wholes.append(operand_figure(operands.whole, one.claim.positions, context, stated))
    if any(f.why for f in (*parts, *wholes)):
        return False
    bound = sum((f.own for f in (*parts, wholes[0])), ZERO)
    return abs(total_of(parts) - wholes[0].value) <= bound


def _scores(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A score is its weight times the rate achieved: of two amounts, or a percent that is printed."""
    body = rule.body
    names = [body[of] for of in ("score", "weight", "part", "whole") if of in body]
    for row in rows_where(body["table"], body["where"], {}, context):
        cells = [of_cell(Ref(body["table"], row, name), context, stated) for name in names]
        whys = [f.why for f in cells if f.why]
        if any(why in {BLANK, DASH} for why in whys):
            continue  # not filled in, which is a rule of its own
        if whys:
            yield Check(rule.id, NOT_CHECKED, tuple(f.ref for f in cells), reason=whys[0])
            continue
        score, weight, part, *whole = cells
        of = quotient(part, whole[0] if whole else Figure(NO_CELL, HUNDRED))
        if of.base > 0 and weight.value > 0:
            yield _score(rule, score, weight.value, of, tuple(f.ref for f in cells), context)


def _score(
    rule: Rule, score: Figure, weight: Decimal, of: Quotient, refs: tuple[Ref, ...], context: Context
) -> Check:
    """One score against its weight times a rate, which may count for at most 100 %."""
    most = HUNDRED if rule.body["capped"] else max(HUNDRED, of.value, of.high or ZERO)
    value, low, high = (
        min(q, most) * weight / HUNDRED for q in (of.value, of.low, most if of.high is None else of.high)
    )
    scored = Quotient(value, low, high, refs, ONE)
    found = grade(score.value, scored)
    if found == EXACT:
        return Check(rule.id, EXACT, refs)
    places = decimals_of(score.value)
    expected = to_places(value, places)
    outcome = FAILED if found == FAILED else WITHIN_ROUNDING
    told = said(name_of(score, context), score.ref, score.value, expected, "应为", "should be")
    return Check(
        rule.id, outcome, refs, expected, score.value, score.value - expected, spread_of(places, scored),
        qualifier=TRUNCATED if found == TRUNCATED else None, details=told,
    )  # fmt: skip


_CHECKS: Final[Mapping[str, Callable[[Rule, Context, Stated], Iterator[Check]]]] = MappingProxyType(
    {
        "quotient": _quotients,
        "zero_base": _zero_base,
        "zero_zero": _zero_zero,
        "other_base": _misnamed,
        "decreases": _decreases,
        "published": _published,
        "range": _range,
        "total": _totals,
        "score": _scores,
    }
)


# Sentences


def _verdict(
    rule: Rule, one: Rated, outcome: str, qualifier: str | None = None, severity: str | None = None
) -> Check:
    """A check of a rate that is not exact, with the sentence that says so."""
    printed, name, ref = percent_of(one), called(one.claim), one.claim.ref
    if one.expected is None:
        zh = f"{name}印作 {shown(printed)}%，而基数为零，比率无从计算"
        en = f"{ref.row} is printed as {shown(printed)}%, but its base is zero and there is no such rate"
    else:
        zh = f"{name}印作 {shown(printed)}%，按金额计算应为 {shown(one.expected)}%"
        en = f"{ref.row} is printed as {shown(printed)}%; the amounts make it {shown(one.expected)}%"
    if one.fits:
        zh, en = f"{zh}；印出的数与{one.fits[0]}相符", f"{en}; what is printed fits {one.fits[1]}"
    difference, tolerance = None if one.expected is None else printed - one.expected, one.tolerance
    if outcome == WITHIN_ROUNDING and qualifier not in ("truncated", "plugged") and difference is not None:
        tolerance = max(
            tolerance or abs(difference), abs(difference)
        )  # the difference is to the rate as it would be printed
    return Check(
        rule.id, outcome, one.refs, one.expected, printed, difference, tolerance, None, qualifier, severity,
        (("zh", f"{zh}。"), ("en", f"{en}.")),
    )  # fmt: skip
