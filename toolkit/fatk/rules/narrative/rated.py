"""The printed rates of a document, each judged against the amounts behind it: a change on a base, or a part of a whole.

What a rate compares is read from the words of its path and from the table changes; a rule names the claims and the formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fatk.findings import FAILED
from fatk.rounding import ZERO
from fatk.rules.context import EXACT, UNDISCLOSED, Context, Ref, Rule
from fatk.rules.narrative.claims import Claim, catalogue, code_ref, matching, subjects
from fatk.rules.narrative.figures import (
    HUNDRED,
    ONE,
    UNIT,
    Figure,
    Stated,
    at_path,
    current_amount,
    gap_at,
    of_cell,
)
from fatk.rules.narrative.quotients import (
    PLUGGED,
    TRUNCATED,
    WITHIN,
    Quotient,
    grade,
    quotient,
    quotient_of_change,
    spread_of,
    to_places,
)
from fatk.spec import read_list
from fatk.values import Nothing, decimals_of

#: Units of a rate; one that names none is a percent.
_PERCENT: Final = frozenset({None, "%", "％"})


class Rated(NamedTuple):
    """A printed rate and what came of it; ``expected`` is its quotient, rounded as the rate is printed.

    ``least`` is the least rate that rounding allows on a base of zero, ``fits`` the other base that it is right for.
    """

    claim: Claim
    printed: Decimal | None
    grade: str
    refs: tuple[Ref, ...]
    reason: str | None = None
    part: Decimal | None = None
    expected: Decimal | None = None
    tolerance: Decimal | None = None
    least: Decimal | None = None
    fits: tuple[str, str] | None = None
    group: int = 0


def percent_of(one: Rated) -> Decimal:
    """The percent of a rate that has one, with the decimals it is printed with."""
    return ZERO if one.printed is None else one.printed


#: Grades of a rate that has a quotient, best first.
_ORDER: Final = (EXACT, WITHIN, TRUNCATED, PLUGGED, FAILED)
#: Grades of one that has none: nothing over nothing, something over nothing, a negative base, an amount unknown.
NOTHING: Final = "zero_zero"
NO_BASE: Final = "zero_base"
NEGATIVE: Final = "negative"
UNKNOWN: Final = "unknown"


def graded(claim: Claim, printed: Decimal, part: Decimal, quotients: Sequence[Quotient]) -> Rated:
    """A printed rate against its quotients: the worst counts, since each of them is of figures that the document states."""
    refs = tuple(dict.fromkeys((claim.ref, *(ref for q in quotients for ref in q.refs))))
    based = [(grade(printed, q), q) for q in quotients if q.base > 0]
    if based:
        worst, of = max(based, key=lambda pair: _ORDER.index(pair[0]))
        places = decimals_of(printed)
        expected = to_places(of.value, places)
        return Rated(claim, printed, worst, refs, None, part, expected, spread_of(places, of))
    if any(q.base < 0 for q in quotients):
        return Rated(claim, printed, NEGATIVE, refs, part=part)
    least = max(q.low for q in quotients)
    return Rated(claim, printed, NO_BASE if part else NOTHING, refs, part=part, least=least)


def rated(rule: Rule, context: Context, stated: Stated) -> tuple[Rated, ...]:
    """Every rate that a rule names, of one stated more than once the first; several rules speak of the same ones."""
    judge = _of_operands if "operands" in rule.body else _of_changes
    return context.once(("rated", rule.id), lambda: tuple(judge(rule, context, stated)))


def _percents(path: str, stated: Stated) -> Iterator[Rated]:
    """The rates of a path, not yet judged; those with a reason cannot be. A rate in words is a rule of its own."""
    for claim in stated.first(path):
        if claim.words:
            continue
        if claim.value is Nothing.UNDISCLOSED:
            yield Rated(claim, None, UNKNOWN, (claim.ref,), UNDISCLOSED)
        elif isinstance(claim.value, Decimal):
            reason = None if claim.unit in _PERCENT else UNIT
            yield Rated(claim, claim.value, UNKNOWN, (claim.ref,), reason)


class Comparison(NamedTuple):
    """What a path compares: a subject with a base, as words of the path; ``budget`` is the base's own path beside it."""

    subject: str
    base: str
    budget: str | None


@cache
def compared(path: str) -> Comparison:
    """The comparison that a path is about, in which ``[*]`` still stands for a list position."""
    words = path.split(".")[:-1]
    word = next(w for w in words if w == "yoy" or w.startswith("vs_"))
    budget = ".".join([*words, "budget"])
    base = "previous_year" if word == "yoy" else word.removeprefix("vs_")
    subject = ".".join(w for w in words if w != word)
    return Comparison(subject, base, budget if budget in catalogue() else None)


@cache
def _budgets() -> Mapping[tuple[str, str], str]:
    """Paths that state a base, by subject and base."""
    paths = (path for path in catalogue() if path.endswith(".budget"))
    return MappingProxyType({compared(path)[:2]: path for path in paths})


def budget_path(subject: str, base: str) -> str | None:
    """The path that states a subject's budget by restating a cell; ``None`` where no table has it."""
    return _budgets().get((subject, base))


def _of_changes(rule: Rule, context: Context, stated: Stated) -> Iterator[Rated]:
    """Rates against last year or a budget: the subject and the base are words of the path."""
    for glob in rule.body["claims"]:
        for path in matching(glob):
            for one in _percents(path, stated):
                known = one.printed is not None and not one.reason
                yield _of_change(one, rule.body["formula"], context, stated) if known else one


def subject_in(claim: Claim, context: Context) -> str | Ref:
    """The subject that a claim compares, or the code that is lacking to say which."""
    subject = compared(claim.entry.path).subject
    if not claim.positions:
        return subject
    lacking = code_ref(claim.entry.path, claim.positions, context)
    code = context.value(*lacking)
    return subject.replace("[*]", f".{code}") if isinstance(code, str) else lacking


def _of_change(one: Rated, formula: str, context: Context, stated: Stated) -> Rated:
    """One rate against a base, judged; every statement of the base that the report has must allow it."""
    claim = one.claim
    _, base, budget = compared(claim.entry.path)
    subject = subject_in(claim, context)
    if isinstance(subject, Ref):
        return one._replace(refs=(claim.ref, subject), reason=gap_at(subject, context))
    current = current_amount(subject, context, stated)
    if current.why:
        return one._replace(refs=(claim.ref, current.ref), reason=current.why)
    bases = _bases(subject, base, budget, context, stated)
    quotients = [_against(current, figure, formula) for figure in bases if not figure.why]
    if not quotients:
        return one._replace(refs=(claim.ref, current.ref, bases[0].ref), reason=bases[0].why)
    printed = percent_of(one)
    found = graded(claim, printed, current.value, quotients)
    if found.grade == FAILED or (found.grade == NO_BASE and formula != "growth"):
        others = _other_bases(subject, base, formula, current, context, stated)
        return found._replace(fits=_fitting(printed, others))
    return found


def _bases(subject: str, base: str, budget: str | None, context: Context, stated: Stated) -> list[Figure]:
    """Statements of a base: beside the rate or in a table, in the table changes, and the change against it."""
    key = f"{subject}/{base}"
    found = [of_cell(Ref("changes", key, name), context, stated) for name in ("base_amount", "amount")]
    return [at_path(budget, (), context, stated), *found] if budget else found


def _against(current: Figure, base: Figure, formula: str) -> Quotient:
    """The rate of an amount and a statement of its base."""
    shift = ZERO if formula == "completion" else HUNDRED
    if base.ref.table == "changes" and base.ref.field == "amount":
        return quotient_of_change(current, base, shift)
    return quotient(current, base, shift)


def _other_bases(
    subject: str, base: str, formula: str, current: Figure, context: Context, stated: Stated
) -> Iterator[tuple[tuple[str, str], Quotient]]:
    """The same rate on other bases: another year or budget, this year's amount, the total that the subject is part of."""
    for row in read_list("change_bases"):
        other = row["base"]
        if other != base:
            name = row["name"], other.replace("_", " ")
            for figure in _bases(subject, other, budget_path(subject, other), context, stated):
                if not figure.why:
                    yield name, _against(current, figure, formula)
    for figure in _bases(subject, base, None, context, stated) if formula == "growth" else ():
        if not figure.why:
            change = figure.value if figure.ref.field == "amount" else current.value - figure.value
            yield ("本年决算数", "this year's amount"), quotient(current._replace(value=change), current)
    whole = subject.rpartition(".")[0].removesuffix(".items")
    total = whole if whole in subjects() else f"{whole}.total"
    if total in subjects() and total != subject:
        of_total = current_amount(total, context, stated)
        for figure in _bases(total, base, budget_path(total, base), context, stated):
            if not figure.why and not of_total.why:
                yield ("合计数", "the total"), _against(of_total, figure, formula)


def _fitting(printed: Decimal, others: Iterable[tuple[tuple[str, str], Quotient]]) -> tuple[str, str] | None:
    """The first of these that a rate is exactly right for: with intervals, something nearly always fits."""
    places = decimals_of(printed)
    for name, of in others:
        if of.base > 0 and printed == to_places(of.value, places):
            return name
    return None


class Operands(NamedTuple):
    """What a rate is a quotient of, as declared; ``others`` are wholes that its own is mistaken for."""

    group: int
    part: Any
    whole: Any
    others: tuple[Mapping[str, Any], ...]


@cache
def operands_of(rule: Rule) -> Mapping[str, Operands]:
    """The operands of each rate that a rule names, stars replaced by what they stand for."""
    found = {}
    for group, declared in enumerate(rule.body["operands"]):
        for path, stars in matching(declared["claims"]).items():
            part, whole = (_filled(declared[side], stars) for side in ("part", "whole"))
            found[path] = Operands(group, part, whole, tuple(declared.get("others", ())))
    return MappingProxyType(found)


def _filled(declared: Any, stars: Iterable[str]) -> Any:
    """A path as declared, each star of it replaced in turn."""
    if not isinstance(declared, str):
        return declared
    given = iter(stars)
    return re.sub(r"(?<!\[)\*+", lambda _: next(given), declared)


def _of_operands(rule: Rule, context: Context, stated: Stated) -> Iterator[Rated]:
    """Rates of a part and a whole that the rule names."""
    found: list[Rated] = []
    for path, operands in operands_of(rule).items():
        for one in _percents(path, stated):
            known = one.printed is not None and not one.reason
            judged = _of_part(one, operands, context, stated) if known else one
            found.append(judged._replace(group=operands.group))
    return _plugs(found) if rule.body["formula"] == "share" else iter(found)


def _of_part(one: Rated, operands: Operands, context: Context, stated: Stated) -> Rated:
    """One rate of a part of a whole, judged."""
    claim = one.claim
    part, whole = (
        operand_figure(o, claim.positions, context, stated) for o in (operands.part, operands.whole)
    )
    gaps = [f for f in (part, whole) if f.why]
    if gaps:
        return one._replace(refs=(claim.ref, *(f.ref for f in gaps)), reason=gaps[0].why)
    printed, of = percent_of(one), quotient(part, whole)
    if 0 <= part.value <= whole.value:  # whatever the roundings, such a part is at most its whole
        of = of._replace(low=max(of.low, ZERO), high=HUNDRED if of.high is None else min(of.high, HUNDRED))
    found = graded(claim, printed, part.value, [of])
    if found.grade == FAILED and operands.others:
        wholes = [(o, operand_figure(o["whole"], claim.positions, context, stated)) for o in operands.others]
        others = [((o["zh"], o["en"]), quotient(part, other)) for o, other in wholes if not other.why]
        return found._replace(fits=_fitting(printed, others))
    return found


def operand_figure(declared: Any, positions: Sequence[int], context: Context, stated: Stated) -> Figure:
    """One amount of a share: what a path stands for, or a cell of a note."""
    if isinstance(declared, str):
        return at_path(declared, positions if "[*]" in declared else (), context, stated)
    if "row" in declared:
        return of_cell(Ref(declared["table"], declared["row"], declared["field"]), context, stated)
    # A list within a list element: the rows of that element, in the standard's order.
    element, nth = positions
    names = [n for n in context.rows_of(declared["table"]) if n.partition("/")[0] == str(element)]
    name = names[nth - 1] if nth <= len(names) else f"{element}/"
    return of_cell(Ref(declared["table"], name, declared["field"]), context, stated)


def _plugs(found: Sequence[Rated]) -> Iterator[Rated]:
    """The shares, of which one may have been moved by its last digit so that its list adds up to 100."""
    for one in found:
        group = [other for other in found if other.group == one.group]
        yield one._replace(grade=PLUGGED) if _is_plug(one, group) else one


def _is_plug(one: Rated, group: Sequence[Rated]) -> bool:
    if one.grade != FAILED or one.printed is None or one.expected is None or one.fits or len(group) < 2:
        return False
    total = sum((other.printed for other in group if other.printed is not None), ZERO)
    alone = all(other is one or other.grade in {EXACT, WITHIN, TRUNCATED, NOTHING} for other in group)
    return (
        alone
        and total == HUNDRED
        and abs(one.printed - one.expected) <= ONE.scaleb(-decimals_of(one.printed))
    )
