"""The figures of the terms that a rule declares: constants, counts, claims, cells, and last year's amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from fatk.rounding import ZERO
from fatk.rules.context import ABSENT, BLANK, Context, Ref
from fatk.rules.narrative.claims import claim_ref, matching
from fatk.rules.narrative.figures import (
    DASH,
    NO_CELL,
    ONE,
    UNSTATED,
    Figure,
    Stated,
    at_path,
    current_amount,
    of_cell,
    of_claim,
    stated_in,
)
from fatk.rules.terms import Bindings, resolve
from fatk.values import Value


def figures(term: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[Figure]:
    """The figures of one term of a sum, never none.

    A term is a ``constant``; a ``count`` of rows; a ``claim`` or several by a glob, as stated; a ``figure``, the cell
    that a path restates or else the claim; a ``previous`` year's amount of subjects; or cells of a table by ``row``, by
    ``rows`` with a prefix and a suffix, or by ``where`` they have which values. ``or`` holds the terms that stand in
    where nothing is stated.
    """
    found = list(_term(term, bound, context, stated_in(context))) or [Figure(NO_CELL, why=UNSTATED)]
    if "or" in term and any(figure.why == UNSTATED for figure in found):
        for other in term["or"]:
            yield from figures(other, bound, context)
        return
    for figure in found:
        yield taken(figure, term)


def taken(figure: Figure, term: Mapping[str, Any]) -> Figure:
    """A figure as its term takes it: a dash adds nothing; ``blank`` says what a blank is, ``exact`` that it is not rounded."""
    why = None if figure.why == DASH else figure.why
    if why == BLANK and "blank" in term:
        why = None if term["blank"] == "zero" else UNSTATED
    half, own = (ZERO, ZERO) if term.get("exact") else (figure.half, figure.own)
    return Figure(figure.ref, figure.value, half, own, why, figure.weight * Decimal(term.get("weight", 1)))


def _term(term: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> Iterator[Figure]:
    if "constant" in term:
        yield Figure(NO_CELL, Decimal(term["constant"]))
    elif "count" in term:
        yield Figure(NO_CELL, Decimal(sum(1 for _ in _names(term["count"], context))))
    elif "claim" in term:
        yield from _claimed(term, bound, context, stated)
    elif "figure" in term:
        yield at_path(term["figure"], (), context, stated)
    elif "previous" in term:
        for subject in _with_previous(term["previous"], context):
            yield from _last_year(subject, context, stated)
    elif "where" in term:
        for name in rows_where(term["table"], term["where"], bound, context):
            yield of_cell(Ref(term["table"], name, resolve(term["field"], bound)), context, stated)
    else:
        names = _names(term, context) if "rows" in term else (resolve(term["row"], bound),)
        for name in names:
            yield _stated_cell(Ref(term["table"], name, resolve(term["field"], bound)), context, stated)


def _stated_cell(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell's figure; a note that is not there or says nothing states nothing."""
    figure = of_cell(ref, context, stated)
    if figure.why in {ABSENT, BLANK} and context.spec.tables[ref.table].kind != "form":
        return figure._replace(why=UNSTATED)
    return figure


def _claimed(term: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> Iterator[Figure]:
    """Claims as stated: of every path that a glob names, of a list every element, those ``at`` or ``class_of`` one."""
    element = resolve(term["at"], bound) if "at" in term else None
    for path in matching(term["claim"]):
        claims = stated.first(path, element)
        if "class_of" in term:
            wanted = _class("general_budget_structure", resolve(term["class_of"], bound), context)
            classes = [_class("general_budget_items", str(c.positions[0]), context) for c in claims]
            if (None, None) in classes:  # an element that may be of any class
                claims = []
            claims = [c for c, of in zip(claims, classes, strict=False) if _same_class(of, wanted)]
        if not claims:
            yield Figure(claim_ref(path, () if element is None else (element,)), why=UNSTATED)
        for claim in claims:
            yield of_claim(claim, stated)


def _class(table: str, row: str, context: Context) -> tuple[str | None, Value]:
    """Code and name of the functional class of an element of the lists of general-public-budget expenditure."""
    code = context.value(table, row, "code")
    return code[:3] if isinstance(code, str) else None, context.value(table, row, "class_name")


def _same_class(one: tuple[str | None, Value], other: tuple[str | None, Value]) -> bool:
    """Whether two elements are of one class: by code where both have one, else by name."""
    return one[0] == other[0] if one[0] and other[0] else one[1] is not None and one[1] == other[1]


def _names(term: Mapping[str, Any], context: Context) -> Iterator[str]:
    """Names of a table's rows with a prefix and a suffix."""
    rows = term.get("rows", {})
    for name in context.rows_of(term["table"]):
        if name.startswith(rows.get("prefix", "")) and name.endswith(rows.get("suffix", "")):
            yield name


def rows_where(table: str, where: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[str]:
    """Names of the rows whose fields have the values wanted: one, blank, or anything but one."""
    others = {f: w for f, w in where.items() if w is None or (isinstance(w, dict) and "not" in w)}
    same = {f: resolve(wanted, bound) for f, wanted in where.items() if f not in others}
    for name in context.rows_with(table, same):
        if all(_is(context.value(table, name, f), wanted) for f, wanted in others.items()):
            yield name


def _is(value: Value, wanted: Mapping[str, Any] | None) -> bool:
    """Whether a value is blank, or anything but one."""
    return value is None if wanted is None else bool(value != wanted["not"])


def _with_previous(wanted: str, context: Context) -> Iterator[str]:
    """Subjects that are compared with last year: the one wanted, or those that a final star stands for."""
    if not wanted.endswith("*"):
        yield wanted
        return
    rows = {"prefix": wanted.removesuffix("*"), "suffix": "/previous_year"}
    for name in _names({"table": "changes", "rows": rows}, context):
        yield name.removesuffix("/previous_year")


def _last_year(subject: str, context: Context, stated: Stated) -> Iterator[Figure]:
    """Last year's amount of a subject: as printed, else this year's less the change."""
    key = f"{subject}/previous_year"
    printed = _stated_cell(Ref("changes", key, "base_amount"), context, stated)
    if not printed.why:
        yield printed
        return
    yield current_amount(subject, context, stated)
    yield _stated_cell(Ref("changes", key, "amount"), context, stated)._replace(weight=-ONE)
