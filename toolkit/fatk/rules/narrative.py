"""What a document says again: figures that restate a cell or one another, and rates against the amounts behind them.

``agrees``: a claim equals the cell that it restates, a repeated claim its first statement, and stated figures keep the
sums of a table that is missing. ``rate``: a printed percent is a quotient that the intervals of its amounts allow. Which
cell a claim restates and what a rate compares is read from the code lists claims and subjects and from the table changes;
a rule names the claims and the formula. A claim that the report does not have is not checked and not missed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from decimal import Context as Arithmetic
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from fatk.findings import FAILED, NOT_CHECKED, WARNING, WITHIN_ROUNDING, fill
from fatk.model import EMPTY, MISSING, REPORTED, TOTAL
from fatk.recognition import fold, title_of
from fatk.rounding import ZERO, improbable
from fatk.rules.context import (
    ABSENT,
    BLANK,
    EXACT,
    NO_TABLE,
    NOT_APPLICABLE,
    NOT_PRINTED,
    UNDISCLOSED,
    YUAN,
    Check,
    Context,
    Ref,
    Rule,
    load_rules,
)
from fatk.rules.linear import Bindings, bindings, resolve
from fatk.spec import Spec, read_list
from fatk.values import Nothing, Value, decimals_of

#: Why a figure cannot be used: nothing is stated, or a dash is printed, which are no faults; or its unit is unknown.
UNSTATED, DASH, UNIT = "unstated", "n/a", "unit"
_WHYS: Mapping[Value, str] = MappingProxyType(
    {None: BLANK, Nothing.UNDISCLOSED: UNDISCLOSED, Nothing.NOT_APPLICABLE: DASH}
)

ONE, HUNDRED = Decimal(1), Decimal(100)
_YUAN: Mapping[Value, Decimal] = MappingProxyType({unit: Decimal(yuan) for unit, yuan in YUAN.items()})
_PERCENT = frozenset({None, "%", "％"})
#: Wide enough for the quotient of the greatest figure that a report may hold and the least.
_WIDE = Arithmetic(prec=80, rounding=ROUND_HALF_UP)
#: What a constant or a count stands for: no cell.
_NO_CELL = Ref("", "", "")


# Claims and what they restate


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of the code list claims; ``cell`` is what it restates, its row ``*`` the code of a list element."""

    path: str
    rank: int
    name: str
    measure: str
    cell: Ref | None


class Claim(NamedTuple):
    """One claim of a report; ``element`` names the list element that it is about, by its code or its position.

    ``words``: a zero that is printed in words (持平, 无). ``lacking`` is the code that would say which cell it restates,
    where that is not given.
    """

    entry: Entry
    positions: tuple[int, ...]
    element: str
    occurrence: int
    ref: Ref
    value: Value
    unit: Value
    words: bool
    cell: Ref | None
    lacking: Ref | None


class Figure(NamedTuple):
    """A figure in the report's unit, or why there is none.

    ``half`` is the half-width of its interval with the decimals of the document, ``own`` with those that it is itself
    printed with: wider where it is printed shorter than the rest.
    """

    ref: Ref
    value: Decimal = ZERO
    half: Decimal = ZERO
    own: Decimal = ZERO
    why: str | None = None
    weight: Decimal = ONE


@dataclass(slots=True, eq=False)
class Stated:
    """The claims of a report made quick to look up, in the order of the code list; figures and rates once they are asked for."""

    unit: Value
    half: Decimal | None
    by_path: dict[str, list[Claim]] = field(default_factory=dict)
    by_cell: dict[Ref, list[Claim]] = field(default_factory=dict)
    figures: dict[Ref, Figure] = field(default_factory=dict)
    rates: dict[str, tuple[Rated, ...]] = field(default_factory=dict)

    def first(self, path: str) -> Iterator[Claim]:
        """The claims of a path, of each list element only the first occurrence."""
        before: tuple[int, ...] | None = None
        for claim in self.by_path.get(path, ()):
            if claim.positions != before:
                before = claim.positions
                yield claim


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every path of the code list claims."""
    found = {}
    for rank, row in enumerate(read_list("claims")):
        cell = Ref(row["table"], row["row"], row["field"]) if row["table"] else None
        found[row["path"]] = Entry(row["path"], rank, row["name"], row["measure"], cell)
    return MappingProxyType(found)


@cache
def subjects() -> Mapping[str, tuple[str, Ref]]:
    """Name and cell of each subject of the code list; the cell's row is ``*`` also where its table has one row."""
    rows = read_list("subjects")
    return MappingProxyType(
        {r["subject"]: (r["name"], Ref(r["table"], r["row"] or "*", r["field"])) for r in rows}
    )


@cache
def matching(glob: str) -> Mapping[str, tuple[str, ...]]:
    """Paths of the code list that a glob names, with what its stars stand for.

    ``*`` is one word of the path, ``**`` any part of it; ``[*]`` belongs to the path.
    """
    stars = {"[*]": r"\[\*\]", "**": "(.*)", "*": r"([^.\[]*)"}
    parts = re.split(r"(\[\*\]|\*\*|\*)", glob)
    pattern = re.compile("".join(stars.get(part) or re.escape(part) for part in parts))
    matches = ((path, pattern.fullmatch(path)) for path in catalogue())
    return MappingProxyType({path: m.groups() for path, m in matches if m})


@cache
def _lists(spec: Spec) -> Mapping[str, str]:
    """The table that holds the elements of a list of paths, by the path of the list."""
    found = {}
    for table in spec.notes:
        for path in table["no"].path if "no" in table.position else ():
            found[path.removesuffix("[].no")] = table.id
    return MappingProxyType(found)


_STATED: WeakKeyDictionary[Context, Stated] = WeakKeyDictionary()
_POSITION = re.compile(r"\[([1-9][0-9]{0,8})\]")


def stated_in(context: Context) -> Stated:
    """The claims of the context's report; read once a context."""
    found = _STATED.get(context)
    if found is None:
        found = _STATED[context] = _read_claims(context)
    return found


def _read_claims(context: Context) -> Stated:
    about = context.report.one("report")
    known = isinstance(about.get("precision"), Decimal) or isinstance(about.get("decimals"), int)
    stated = Stated(about.get("unit"), context.scale("claims")[1] if known else None)
    entries, claims = catalogue(), []
    at = context.spec.tables["claims"].position
    for row in context.report.rows("claims"):
        path, occurrence = str(row[at["path"]]), row[at["occurrence"]]
        positions = tuple(map(int, _POSITION.findall(path)))
        entry = entries.get(_POSITION.sub("[*]", path) if positions else path)
        if entry is not None and isinstance(occurrence, int):
            cell, lacking = _resolved(entry, positions, context)
            ref = Ref("claims", f"{path}/{occurrence}", "value")
            value, unit, printed = (row[at[name]] for name in ("value", "unit", "printed"))
            words = value == 0 and isinstance(printed, str) and not any(c.isdigit() for c in printed)
            element = _element(entry, positions, context) if positions else ""
            claims.append(
                Claim(entry, positions, element, occurrence, ref, value, unit, words, cell, lacking)
            )
    for claim in sorted(claims, key=lambda c: (c.entry.rank, c.positions, c.occurrence)):
        stated.by_path.setdefault(claim.entry.path, []).append(claim)
        if claim.cell:
            stated.by_cell.setdefault(claim.cell, []).append(claim)
    return stated


def _resolved(entry: Entry, positions: Sequence[int], context: Context) -> tuple[Ref | None, Ref | None]:
    """The cell that a claim of these list positions restates, or else the code that is lacking to say which."""
    if entry.cell is None or entry.cell.row != "*":
        return entry.cell, None
    lacking = _code_ref(entry.path, positions, context)
    code = context.value(*lacking)
    return (entry.cell._replace(row=code), None) if isinstance(code, str) else (None, lacking)


def _code_ref(path: str, positions: Sequence[int], context: Context) -> Ref:
    """Where the code of the list element stands that a path of a list is about."""
    return Ref(_lists(context.spec)[path.partition("[")[0]], str(positions[0]), "code")


def _element(entry: Entry, positions: Sequence[int], context: Context) -> str:
    """What names a list element: its code where it has one, else its position."""
    table = _lists(context.spec).get(entry.path.partition("[")[0])
    code = context.value(table, str(positions[0]), "code") if table else None
    return code if isinstance(code, str) else "-".join(map(str, positions))


def _claim_ref(path: str, positions: Iterable[object]) -> Ref:
    for position in positions:
        path = path.replace("[*]", f"[{position}]", 1)
    return Ref("claims", f"{path}/1", "value")


# Figures


def _of_claim(claim: Claim, stated: Stated) -> Figure:
    """A claim's figure; one that is blank states nothing."""
    if not isinstance(claim.value, Decimal):
        return Figure(claim.ref, why=UNSTATED if claim.value is None else _WHYS.get(claim.value, UNSTATED))
    if claim.entry.measure == "amount":
        return _amount(claim.ref, claim.value, claim.unit, stated)
    of_scores = claim.entry.measure == "score"
    return _points(claim.ref, claim.value) if of_scores else _rounded(claim.ref, claim.value)


def _amount(ref: Ref, value: Decimal, unit: Value, stated: Stated) -> Figure:
    """An amount printed in a unit of its own, in the report's; one that names no unit is in the report's."""
    places = decimals_of(value)
    unit = unit or stated.unit
    own = ZERO if unit == "元" and places >= 2 else ONE.scaleb(-places) / 2
    if unit == stated.unit:
        return Figure(ref, value, own if stated.half is None else min(own, stated.half), own)
    if unit not in _YUAN or stated.unit not in _YUAN:
        return Figure(ref, why=UNIT)
    factor = _YUAN[unit] / _YUAN[stated.unit]
    return Figure(ref, value * factor, own * factor, own * factor)


def _rounded(ref: Ref, value: Decimal) -> Figure:
    """A figure that was rounded to the decimals it is printed with."""
    half = ONE.scaleb(-decimals_of(value)) / 2
    return Figure(ref, value, half, half)


def _points(ref: Ref, value: Decimal) -> Figure:
    """A score: rounded where decimals are printed, else given as it is."""
    return _rounded(ref, value) if decimals_of(value) else Figure(ref, value)


def _of_cell(ref: Ref, context: Context, stated: Stated) -> Figure:
    """The figure of a cell of one of the nine tables or of a note."""
    figure = stated.figures.get(ref)
    if figure is None:
        of = _of_form if context.spec.tables[ref.table].kind == "form" else _of_note
        figure = stated.figures[ref] = of(ref, context, stated)
    return figure


def _of_note(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell of a note: an amount, a count, or a score."""
    table = context.spec.tables[ref.table]
    row = context.rows_of(ref.table).get(ref.row)
    if row is None:
        return Figure(ref, why=ABSENT)
    value, declared = row[table.position[ref.field]], table[ref.field]
    if isinstance(value, int):
        return Figure(ref, Decimal(value))
    if not isinstance(value, Decimal):
        return Figure(ref, why=_WHYS.get(value, BLANK))
    if declared.amount:
        return _amount(ref, value, None, stated)
    if declared.unit_of == "performance_projects.fund_unit":
        unit = context.value("performance_projects", str(row[table.position["project"]]), "fund_unit")
        return _amount(ref, value, unit, stated)
    return _points(ref, value) if declared.unit == "分" else _rounded(ref, value)


def _of_form(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell of one of the nine tables. A code that is not printed has no money; a total that is not is unknown."""
    rows = context.rows_of(ref.table)
    if ref.row == TOTAL and TOTAL not in rows and context.status.get(ref.table) == REPORTED:
        return Figure(ref, why=ABSENT)
    operand, value = context.operand(*ref), context.value(*ref)
    own = operand.half
    if own and isinstance(value, Decimal):
        own = max(own, ONE.scaleb(-decimals_of(value)) * context.scale(ref.table)[0] / 2)
    why = DASH if value is Nothing.NOT_APPLICABLE else operand.why
    return Figure(ref, operand.value, operand.half, own, why)


def _known(ref: Ref, context: Context, stated: Stated, *, beside: str = "") -> Figure:
    """A cell's figure or, where the table does not give it, what the document states it to be.

    ``beside`` is the path of a claim that must not answer for itself.
    """
    figure = _of_cell(ref, context, stated)
    if figure.why and figure.why != DASH:
        for claim in stated.by_cell.get(ref, ()):
            if claim.entry.path != beside and isinstance(claim.value, Decimal):
                return _of_claim(claim, stated)
    return figure


def _at(path: str, positions: Sequence[int], context: Context, stated: Stated) -> Figure:
    """The figure that a path stands for: the cell that it restates, else the claim itself."""
    cell, lacking = _resolved(catalogue()[path], positions, context)
    if cell:
        return _known(cell, context, stated)
    for claim in stated.first(path):
        if claim.positions == tuple(positions):
            return _of_claim(claim, stated)
    if lacking:
        return Figure(lacking, why=_gap(lacking, context))
    return Figure(_claim_ref(path, positions), why=UNSTATED)


def _gap(ref: Ref, context: Context) -> str:
    """Why a cell of a note says nothing: its row is not there, or it is blank."""
    return BLANK if ref.row in context.rows_of(ref.table) else ABSENT


def _current(subject: str, context: Context, stated: Stated) -> Figure:
    """This year's amount of a subject."""
    known = _subject(subject)
    if known is None:
        return Figure(Ref("changes", f"{subject}/previous_year", "subject"), why=ABSENT)
    return _known(known[1], context, stated)


def _subject(subject: str) -> tuple[str, Ref] | None:
    """Name and cell of a subject; that of an item has its code for the star of the code list."""
    found = subjects().get(subject)
    if found is None:
        stem, _, code = subject.rpartition(".")
        found = subjects().get(f"{stem}.*")
        if found is not None:
            name, cell = found
            return f"{name}（{code}）", cell._replace(row=code)
    return found


# The kind agrees, on figures


def agrees(rule: Rule, context: Context) -> Iterator[Check]:
    """What the document states agrees with its tables and with itself."""
    stated = stated_in(context)
    check, globs = rule.body.get("check"), rule.body.get("claims")
    if globs is None:
        yield from (_LISTS[check] if check else _sums)(rule, context, stated)
        return
    compare = _repeated if rule.body.get("repeated") else _copies
    for glob in globs:
        for path in matching(glob):
            yield from compare(rule, stated.by_path.get(path, ()), context, stated)


def _copies(rule: Rule, claims: Iterable[Claim], context: Context, stated: Stated) -> Iterator[Check]:
    """Every claim against the cell that it restates.

    With ``else_stated``, where the table does not give the cell, against what another path states it to be.
    """
    for claim in claims:
        found = _of_claim(claim, stated)
        if found.why in {UNSTATED, DASH}:
            continue
        if claim.lacking:
            refs = (claim.ref, claim.lacking)
            yield Check(rule.id, NOT_CHECKED, refs, reason=_gap(claim.lacking, context))
        elif claim.cell and not rule.body.get("else_stated"):
            expected = _of_cell(claim.cell, context, stated)
            yield _equal(rule, [found], [_taken(expected, {})], _called(claim))
        elif claim.cell:
            expected = _known(claim.cell, context, stated, beside=claim.entry.path)
            if expected.why != NO_TABLE:
                yield _equal(rule, [found], [_taken(expected, {})], _called(claim))


def _repeated(rule: Rule, claims: Iterable[Claim], context: Context, stated: Stated) -> Iterator[Check]:
    """Every further statement of a path against the first, where no cell is there to compare each of them with."""
    first: Claim | None = None
    for claim in claims:
        if not isinstance(claim.value, Decimal):
            continue
        if first is None or first.positions != claim.positions:
            first = claim
        elif claim.cell is None or _of_cell(claim.cell, context, stated).why:
            yield _equal(rule, [_of_claim(claim, stated)], [_of_claim(first, stated)], _called(claim))


def _sums(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Sums of stated figures. ``instead_of`` names tables: only where one of them is missing are these what is left."""
    verdict = _at_most if rule.body.get("relation") == "at_most" else _equal
    for instance in rule.body.get("instances", (rule.body,)):
        both = {**rule.body, **instance}
        tables = both.get("instead_of", ())
        if tables and all(context.status.get(table, MISSING) in {REPORTED, EMPTY} for table in tables):
            continue
        for bound in bindings(both.get("each", ()), context):
            if all(_holds(condition, bound, context, stated) for condition in both.get("conditions", ())):
                left, right = (
                    [figure for term in both[side] for figure in figures(term, bound, context)]
                    for side in ("left", "right")
                )
                if not any(_skipped(figure, tables) for figure in (*left, *right)):
                    yield verdict(rule, left, right, _named(left[0], context))


def _skipped(figure: Figure, tables: Sequence[str]) -> bool:
    """Whether a figure is merely not stated, its own table being one of those that stated figures stand in for."""
    return figure.why == UNSTATED or (figure.why == NO_TABLE and figure.ref.table in tables)


def _holds(condition: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> bool:
    """Whether a rule's premise on the report is met; where that cannot be told it is not."""
    if "equal" in condition:
        one, other = (list(figures(term, bound, context)) for term in condition["equal"])
        return not any(f.why for f in (*one, *other)) and _sum(one) == _sum(other)
    if "unstated" in condition:
        return condition["unstated"] not in stated.by_path
    if "no_rows" in condition:
        wanted = condition["no_rows"]
        return not any(_rows(wanted["table"], wanted["where"], bound, context))
    text = condition["text"]
    made = _made_of(context.value(text["table"], text["row"], text["field"]), text["only"])
    return made is condition["is"]


def _made_of(value: Value, phrases: Iterable[str]) -> bool:
    """Whether a text is nothing but some of these phrases and the words that join them."""
    if not isinstance(value, str):
        return False
    left = value
    for phrase in sorted(phrases, key=len, reverse=True):
        left = left.replace(phrase, "")
    return left != value and not re.sub(r"以及|[和与及或、，,；;/（）()\s]", "", left)


def figures(term: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[Figure]:
    """The figures of one term of a sum, never none.

    A term is a ``constant``; a ``count`` of rows; a ``claim`` or several by a glob, as stated; a ``figure``, the cell
    that a path restates or else the claim; a ``previous`` year's amount of subjects; or cells of a table by ``row``, by
    ``rows`` with a prefix and a suffix, or by ``where`` they have which values. ``or`` holds the terms that stand in
    where nothing is stated.
    """
    found = list(_term(term, bound, context, stated_in(context))) or [Figure(_NO_CELL, why=UNSTATED)]
    if "or" in term and any(figure.why == UNSTATED for figure in found):
        for other in term["or"]:
            yield from figures(other, bound, context)
        return
    for figure in found:
        yield _taken(figure, term)


def _taken(figure: Figure, term: Mapping[str, Any]) -> Figure:
    """A figure as its term takes it: a dash adds nothing; ``blank`` says what a blank is, ``exact`` that it is not rounded."""
    why = None if figure.why == DASH else figure.why
    if why == BLANK and "blank" in term:
        why = None if term["blank"] == "zero" else UNSTATED
    half, own = (ZERO, ZERO) if term.get("exact") else (figure.half, figure.own)
    return Figure(figure.ref, figure.value, half, own, why, figure.weight * Decimal(term.get("weight", 1)))


def _term(term: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> Iterator[Figure]:
    if "constant" in term:
        yield Figure(_NO_CELL, Decimal(term["constant"]))
    elif "count" in term:
        yield Figure(_NO_CELL, Decimal(sum(1 for _ in _names(term["count"], context))))
    elif "claim" in term:
        yield from _claimed(term, bound, context, stated)
    elif "figure" in term:
        yield _at(term["figure"], (), context, stated)
    elif "previous" in term:
        for subject in _with_previous(term["previous"], context):
            yield from _last_year(subject, context, stated)
    elif "where" in term:
        for name in _rows(term["table"], term["where"], bound, context):
            yield _of_cell(Ref(term["table"], name, resolve(term["field"], bound)), context, stated)
    else:
        names = _names(term, context) if "rows" in term else (resolve(term["row"], bound),)
        for name in names:
            yield _stated_cell(Ref(term["table"], name, resolve(term["field"], bound)), context, stated)


def _stated_cell(ref: Ref, context: Context, stated: Stated) -> Figure:
    """A cell's figure; a note that is not there or says nothing states nothing."""
    figure = _of_cell(ref, context, stated)
    if figure.why in {ABSENT, BLANK} and context.spec.tables[ref.table].kind != "form":
        return figure._replace(why=UNSTATED)
    return figure


def _claimed(term: Mapping[str, Any], bound: Bindings, context: Context, stated: Stated) -> Iterator[Figure]:
    """Claims as stated: of every path that a glob names, of a list every element, those ``at`` or ``class_of`` one."""
    element = resolve(term["at"], bound) if "at" in term else None
    for path in matching(term["claim"]):
        claims = [c for c in stated.first(path) if element is None or str(c.positions[0]) == element]
        if "class_of" in term:
            wanted = _class("general_budget_structure", resolve(term["class_of"], bound), context)
            classes = [_class("general_budget_items", str(c.positions[0]), context) for c in claims]
            if (None, None) in classes:  # an element that may be of any class
                claims = []
            claims = [c for c, of in zip(claims, classes, strict=False) if _same_class(of, wanted)]
        if not claims:
            yield Figure(_claim_ref(path, () if element is None else (element,)), why=UNSTATED)
        for claim in claims:
            yield _of_claim(claim, stated)


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


def _rows(table: str, where: Mapping[str, Any], bound: Bindings, context: Context) -> Iterator[str]:
    """Names of the rows whose fields have the values wanted: one, blank, or anything but one."""
    at = context.spec.tables[table].position
    wanted = [(at[name], value) for name, value in where.items()]
    for name, row in context.rows_of(table).items():
        if all(_is(row[place], value, bound) for place, value in wanted):
            yield name


def _is(value: Value, wanted: Any, bound: Bindings) -> bool:
    if isinstance(wanted, dict) and "not" in wanted:
        return bool(value != wanted["not"])
    if wanted is None or value is None:
        return value is wanted
    return str(value) == resolve(wanted, bound)


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
    yield _current(subject, context, stated)
    yield _stated_cell(Ref("changes", key, "amount"), context, stated)._replace(weight=-ONE)


def _sum(cells: Iterable[Figure]) -> Decimal:
    return sum((f.weight * f.value for f in cells), ZERO)


def _unknown(rule: Rule, left: Sequence[Figure], right: Sequence[Figure]) -> Check | None:
    """Why a comparison cannot be made, if it cannot; what is compared stands first, whichever figure is unknown."""
    unknown = [f for f in (*left, *right) if f.why]
    if not unknown:
        return None
    refs = tuple(dict.fromkeys((left[0].ref, *(f.ref for f in unknown))))
    if any(f.why == NOT_PRINTED for f in unknown):
        return Check(rule.id, NOT_APPLICABLE, refs, reason=NOT_PRINTED)
    return Check(rule.id, NOT_CHECKED, refs, reason=unknown[0].why)


def _equal(rule: Rule, left: Sequence[Figure], right: Sequence[Figure], name: str) -> Check:
    """The outcome of one equality, first with the decimals of the document, then with each figure's own."""
    unknown = _unknown(rule, left, right)
    if unknown:
        return unknown
    cells = (*left, *right)
    refs = tuple(f.ref for f in cells if f.ref is not _NO_CELL)
    found, expected = _sum(left), _sum(right)
    residual = found - expected
    if not residual:
        return Check(rule.id, EXACT, refs)
    outcome, qualifier = WITHIN_ROUNDING, None
    tolerance = sum((abs(f.weight) * f.half for f in cells), ZERO)
    wider = sum((abs(f.weight) * f.own for f in cells), ZERO)
    if abs(residual) <= tolerance:
        rounded = [f for f in cells if f.half and f.value]
        step = 2 * max((f.half for f in rounded), default=ZERO)
        qualifier = "improbable" if improbable(residual, step, len(rounded) - 1) else None
    elif abs(residual) <= wider:
        tolerance, qualifier = wider, "fewer_decimals"
    else:
        outcome = FAILED
    told = _told(name, left[0].ref, found, expected, "应为", "should be")
    return Check(rule.id, outcome, refs, expected, found, residual, tolerance, None, qualifier, None, told)


def _at_most(rule: Rule, left: Sequence[Figure], right: Sequence[Figure], name: str) -> Check:
    """The outcome of one inequality: failed only where no values within the intervals keep it."""
    unknown = _unknown(rule, left, right)
    if unknown:
        return unknown
    cells = (*left, *right)
    refs = tuple(f.ref for f in cells if f.ref is not _NO_CELL)
    found, limit = _sum(left), _sum(right)
    excess = found - limit
    if excess <= 0:
        return Check(rule.id, EXACT, refs)
    tolerance = sum((abs(f.weight) * f.own for f in cells), ZERO)
    outcome = WITHIN_ROUNDING if excess <= tolerance else FAILED
    told = _told(name, left[0].ref, found, limit, "应不大于", "should be at most")
    return Check(rule.id, outcome, refs, limit, found, excess, tolerance, details=told)


# The kind agrees, on lists and names


def _described(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Every code of a table that has money is one element of a list in the text, and nothing else is one."""
    table = rule.body["table"]
    for about in rule.body["lists"]:
        listed = context.rows_of(about["table"])
        if not listed:
            continue
        if context.status.get(table, MISSING) == MISSING:
            yield Check(rule.id, NOT_CHECKED, (Ref("tables", table, "status"),), reason=NO_TABLE)
            continue
        places: dict[Value, list[Ref]] = {}
        for name in listed:
            code = context.value(about["table"], name, "code")
            places.setdefault(code, []).append(Ref(about["table"], name, "code"))
        unnamed = places.pop(None, [])
        if unnamed:
            yield Check(rule.id, NOT_CHECKED, tuple(unnamed), reason=BLANK)
        for code in context.keys(table, level=about["level"]):
            cell = Ref(table, code, rule.body["field"])
            found = places.pop(code, [])
            if len(found) > 1:
                yield _differs(
                    rule, (*found, cell), "{code} 说明了 {count} 次", "{code} is described {count} times",
                    code=code, count=len(found),
                )  # fmt: skip
            elif found:
                yield Check(rule.id, EXACT, (found[0], cell))
            elif _money(context.value(*cell)) and not unnamed:
                yield _differs(
                    rule, (cell,), "{code} 有支出而没有说明", "{code} has expenditure but is not described", code=code
                )  # fmt: skip
        for extra, found in places.items():
            # An amount that the text gives for a code without money is told of where the two are compared.
            cell = Ref(table, str(extra), rule.body["field"])
            if not any(_money(claim.value) for claim in stated.by_cell.get(cell, ())):
                yield _differs(
                    rule, tuple(found), "{code} 有说明，表中却没有", "{code} is described but not in the table", code=extra
                )  # fmt: skip


def _named_items(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The economic items that the text names are those of the table that have money, group by group."""
    table, listed = rule.body["table"], rule.body["list"]
    for group, classes in rule.body["groups"].items():
        rows = list(_rows(listed, {"group": group}, {}, context))
        if not rows:
            continue
        if context.status.get(table, MISSING) == MISSING:
            yield Check(rule.id, NOT_CHECKED, (Ref("tables", table, "status"),), reason=NO_TABLE)
            continue
        named: dict[str, Ref] = {}
        unknown = []
        for row in rows:
            code = context.value(listed, row, "code") or _code_named(
                context.value(listed, row, "name"), table, context
            )
            if isinstance(code, str):
                named[code] = Ref(listed, row, "name")
            else:
                unknown.append(Ref(listed, row, "code"))
        if unknown:
            yield Check(rule.id, NOT_CHECKED, tuple(unknown), reason=BLANK)
        field_name = rule.body["field"]
        for code, ref in named.items():
            cell = Ref(table, code, field_name)
            if _money(context.value(*cell)):
                yield Check(rule.id, EXACT, (ref, cell))
            else:
                yield _differs(
                    rule, (ref, cell), "{code} 已列举，表中却没有数", "{code} is named but has no money in the table",
                    code=code,
                )  # fmt: skip
        for code in () if unknown else context.keys(table, level=5):
            ours = code[:3] in classes["of"] if "of" in classes else code[:3] not in classes["not"]
            cell = Ref(table, code, field_name)
            if ours and code not in named and code[:3] not in named and _money(context.value(*cell)):
                yield _differs(
                    rule, (cell,), "{code} 有数而没有列举", "{code} has money but is not named", code=code
                )


def _code_named(name: Value, table: str, context: Context) -> str | None:
    """The economic item of a name: of a row of the table, else of the official list of the year."""
    wanted = _bare(str(name))
    at = context.spec.tables[table].position["name"]
    for code, row in context.rows_of(table).items():
        if code.isdigit() and _bare(str(row[at])) == wanted:
            return code
    entries = context.spec.codes(str(context.spec.tables[table].scheme)).values()
    return next(
        (e.code for es in entries for e in es if e.covers(context.year) and _bare(e.name) == wanted), None
    )


def _names_of_codes(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The text calls a code what the table calls it, or both use a name that the code has or has had."""
    table = rule.body["table"]
    for about in rule.body["lists"]:
        for name in context.rows_of(about["table"]):
            code = context.value(about["table"], name, "code")
            if isinstance(code, str):
                for field_name, digits in about["fields"].items():
                    refs = Ref(about["table"], name, field_name), Ref(table, code[:digits], "name")
                    said, printed = (context.value(*ref) for ref in refs)
                    if not isinstance(said, str) or not isinstance(printed, str):
                        continue
                    if said == printed or _same_name(said, printed, code[:digits], context):
                        yield Check(rule.id, EXACT, refs)
                    else:
                        yield _differs(
                            rule, refs, "{code} 在说明中称“{said}”，在表中称“{printed}”",
                            "{code} is called “{said}” in the text and “{printed}” in the table",
                            code=code[:digits], said=said, printed=printed,
                        )  # fmt: skip


def _same_name(one: str, other: str, code: str, context: Context) -> bool:
    """Whether two names differ in marks only, or are both names that a code has or has had."""
    names = {_bare(entry.name) for entry in context.spec.codes("functional").get(code, ())}
    return _bare(one) == _bare(other) or {_bare(one), _bare(other)} <= names


def _emptiness(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A table with data does not come with a statement that it is empty."""
    for table in rule.body["tables"]:
        statement, status = context.value("tables", table, "statement"), context.status.get(table)
        if not isinstance(statement, str) or status not in {REPORTED, EMPTY}:
            continue
        refs = (Ref("tables", table, "statement"), Ref("tables", table, "status"))
        amounts = [f.name for f in context.spec.tables[table].amounts]
        filled = any(
            _money(context.value(table, row, name)) for row in context.rows_of(table) for name in amounts
        )
        if filled and re.search(rule.body["words"], statement):
            yield _differs(
                rule, refs, "“{title}”有数据，说明却写“{statement}”", "{title} has data, but the statement is “{statement}”",
                title=context.spec.tables[table].title, statement=statement,
            )  # fmt: skip
        else:
            yield Check(rule.id, EXACT, refs)


def _table_list(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The tables of the list are those that are there; one that may lie in another file is not missed."""
    listed: dict[str | None, Ref] = {}
    for name in context.rows_of("table_list"):
        title = Ref("table_list", name, "title")
        listed.setdefault(title_of(str(context.value(*title))), title)
    for form in context.spec.forms if listed else ():
        place = Ref("tables", form.id, "status")
        there = context.status.get(form.id) in {REPORTED, EMPTY}
        if form.id in listed:
            refs = (listed[form.id], place)
            yield Check(rule.id, EXACT, refs) if there else Check(rule.id, NOT_CHECKED, refs, reason=NO_TABLE)
        elif there:
            yield _differs(
                rule, (place,), "目录没有列“{title}”", "the list of tables lacks {title}", title=form.title
            )


def _differs(rule: Rule, refs: tuple[Ref, ...], zh: str, en: str, **named: object) -> Check:
    """A failed check of words, with what exactly is wrong; what a file says is shown and never interpreted."""
    return Check(
        rule.id, FAILED, refs, details=(("zh", fill(zh, named) + "。"), ("en", fill(en, named) + "."))
    )


def _money(value: Value) -> bool:
    """Whether there is money in a cell, known or withheld."""
    return bool(value) if isinstance(value, Decimal) else value is Nothing.UNDISCLOSED


def _bare(name: str) -> str:
    """A name as it is compared: folded, without quotes and brackets and without 支出 at its end."""
    return re.sub(r"[\"'“”‘’()\[\]《》、,，·.]", "", fold(name)).removesuffix("支出") or name


_LISTS: Mapping[str, Callable[[Rule, Context, Stated], Iterator[Check]]] = MappingProxyType(
    {
        "described": _described,
        "named_items": _named_items,
        "names": _names_of_codes,
        "emptiness": _emptiness,
        "table_list": _table_list,
    }
)


# The kind rate: quotients


class Quotient(NamedTuple):
    """A rate as two amounts make it: of the printed figures, and the least and greatest that their intervals allow."""

    value: Decimal
    low: Decimal
    high: Decimal | None
    refs: tuple[Ref, ...]
    base: Decimal


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


def _percent_of(one: Rated) -> Decimal:
    """The percent of a rate that has one, with the decimals it is printed with."""
    return ZERO if one.printed is None else one.printed


#: Grades of a rate that has a quotient, best first.
WITHIN, TRUNCATED, PLUGGED = "within", "truncated", "plugged"
_ORDER = (EXACT, WITHIN, TRUNCATED, PLUGGED, FAILED)
#: Grades of one that has none: nothing over nothing, something over nothing, a negative base, an amount unknown.
NOTHING, NO_BASE, NEGATIVE, UNKNOWN = "zero_zero", "zero_base", "negative", "unknown"


def quotient(part: Figure, whole: Figure, shift: Decimal = ZERO) -> Quotient:
    """The percent that one amount is of another, less ``shift``."""
    corners = [
        (p, w)
        for p in (part.value - part.own, part.value + part.own)
        for w in (whole.value - whole.own, whole.value + whole.own)
    ]
    return _bounds(part.value, whole.value, corners, shift, (part.ref, whole.ref))


def quotient_of_change(current: Figure, change: Figure, shift: Decimal = ZERO) -> Quotient:
    """The percent that an amount is of what it was before its change, less ``shift``."""
    corners = [
        (c, c - m)
        for c in (current.value - current.own, current.value + current.own)
        for m in (change.value - change.own, change.value + change.own)
    ]
    before = current.value - change.value
    return _bounds(current.value, before, corners, shift, (current.ref, change.ref))


def _bounds(
    part: Decimal,
    base: Decimal,
    corners: Iterable[tuple[Decimal, Decimal]],
    shift: Decimal,
    refs: tuple[Ref, ...],
) -> Quotient:
    """A quotient with its bounds, which lie at corners; it has no upper one where the base may be as small as one likes."""
    at_corners = [_WIDE.divide(HUNDRED * p, b) - shift if b > 0 else None for p, b in corners]
    bounded = [q for q in at_corners if q is not None]
    value = _WIDE.divide(HUNDRED * part, base) - shift if base else ZERO
    high = max(bounded) if len(bounded) == len(at_corners) else None
    return Quotient(value, min(bounded, default=-shift), high, refs, base)


def grade(printed: Decimal, of: Quotient) -> str:
    """How a printed rate compares with its quotient: exact, within the intervals, cut off, or none of these."""
    places = decimals_of(printed)
    if printed == _to_places(of.value, places):
        return EXACT
    step, low, high = ONE.scaleb(-places), of.low, of.high
    if printed + step / 2 >= low and (high is None or printed - step / 2 <= high):
        return WITHIN
    up = printed >= 0 and low < printed + step and (high is None or high >= printed)
    down = printed <= 0 and low <= printed and (high is None or high > printed - step)
    return TRUNCATED if up or down else FAILED


def _to_places(number: Decimal, places: int) -> Decimal:
    """A rate with so many decimals, ties away from zero; a zero has no sign."""
    rounded = number.quantize(ONE.scaleb(-places), context=_WIDE)
    return rounded or abs(rounded)


def _spread(places: int, of: Quotient) -> Decimal | None:
    """How far a rate of so many decimals may be from its quotient, shown with two decimals more."""
    if of.high is None:
        return None
    spread = max(of.high - of.value, of.value - of.low) + ONE.scaleb(-places) / 2
    return spread.quantize(ONE.scaleb(-places - 2), rounding=ROUND_UP, context=_WIDE)


def _graded(claim: Claim, printed: Decimal, part: Decimal, quotients: Sequence[Quotient]) -> Rated:
    """A printed rate against its quotients: the worst counts, since each of them is of figures that the document states."""
    refs = tuple(dict.fromkeys((claim.ref, *(ref for q in quotients for ref in q.refs))))
    based = [(grade(printed, q), q) for q in quotients if q.base > 0]
    if based:
        worst, of = max(based, key=lambda pair: _ORDER.index(pair[0]))
        places = decimals_of(printed)
        expected = _to_places(of.value, places)
        return Rated(claim, printed, worst, refs, None, part, expected, _spread(places, of))
    if any(q.base < 0 for q in quotients):
        return Rated(claim, printed, NEGATIVE, refs, part=part)
    least = max(q.low for q in quotients)
    return Rated(claim, printed, NO_BASE if part else NOTHING, refs, part=part, least=least)


# The kind rate: what is compared


def rated(rule: Rule, context: Context, stated: Stated) -> tuple[Rated, ...]:
    """Every rate that a rule names, judged once a context; of a rate stated more than once the first."""
    if rule.id not in stated.rates:
        judged = _of_operands if "operands" in rule.body else _of_changes
        stated.rates[rule.id] = tuple(judged(rule, context, stated))
    return stated.rates[rule.id]


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


def _of_changes(rule: Rule, context: Context, stated: Stated) -> Iterator[Rated]:
    """Rates against last year or a budget: the subject and the base are words of the path."""
    for glob in rule.body["claims"]:
        for path in matching(glob):
            for one in _percents(path, stated):
                known = one.printed is not None and not one.reason
                yield _of_change(one, rule.body["formula"], context, stated) if known else one


def _of_change(one: Rated, formula: str, context: Context, stated: Stated) -> Rated:
    """One rate against a base, judged; every statement of the base that the report has must allow it."""
    claim = one.claim
    subject, base, budget = compared(claim.entry.path)
    if claim.positions:
        lacking = _code_ref(claim.entry.path, claim.positions, context)
        code = context.value(*lacking)
        if not isinstance(code, str):
            return one._replace(refs=(claim.ref, lacking), reason=_gap(lacking, context))
        subject = subject.replace("[*]", f".{code}")
    current = _current(subject, context, stated)
    if current.why:
        return one._replace(refs=(claim.ref, current.ref), reason=current.why)
    bases = _bases(subject, base, budget, context, stated)
    quotients = [_against(current, figure, formula) for figure in bases if not figure.why]
    if not quotients:
        return one._replace(refs=(claim.ref, current.ref, bases[0].ref), reason=bases[0].why)
    printed = _percent_of(one)
    found = _graded(claim, printed, current.value, quotients)
    if found.grade == FAILED or (found.grade == NO_BASE and formula != "growth"):
        others = _other_bases(subject, base, formula, current, context, stated)
        return found._replace(fits=_fitting(printed, others))
    return found


def _bases(subject: str, base: str, budget: str | None, context: Context, stated: Stated) -> list[Figure]:
    """Statements of a base: beside the rate or in a table, in the table changes, and the change against it."""
    key = f"{subject}/{base}"
    found = [_of_cell(Ref("changes", key, name), context, stated) for name in ("base_amount", "amount")]
    return [_at(budget, (), context, stated), *found] if budget else found


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
            for figure in _bases(subject, other, _budgets().get((subject, other)), context, stated):
                if not figure.why:
                    yield name, _against(current, figure, formula)
    for figure in _bases(subject, base, None, context, stated) if formula == "growth" else ():
        if not figure.why:
            change = figure.value if figure.ref.field == "amount" else current.value - figure.value
            yield ("本年决算数", "this year's amount"), quotient(current._replace(value=change), current)
    whole = subject.rpartition(".")[0].removesuffix(".items")
    total = whole if whole in subjects() else f"{whole}.total"
    if total in subjects() and total != subject:
        of_total = _current(total, context, stated)
        for figure in _bases(total, base, _budgets().get((total, base)), context, stated):
            if not figure.why and not of_total.why:
                yield ("合计数", "the total"), _against(of_total, figure, formula)


def _fitting(printed: Decimal, others: Iterable[tuple[tuple[str, str], Quotient]]) -> tuple[str, str] | None:
    """The first of these that a rate is exactly right for: with intervals, something nearly always fits."""
    places = decimals_of(printed)
    for name, of in others:
        if of.base > 0 and printed == _to_places(of.value, places):
            return name
    return None


class Operands(NamedTuple):
    """What a rate is a quotient of, as declared; ``others`` are wholes that its own is mistaken for."""

    group: int
    part: Any
    whole: Any
    others: tuple[Mapping[str, Any], ...]


@cache
def _operands(rule: Rule) -> Mapping[str, Operands]:
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
    for path, operands in _operands(rule).items():
        for one in _percents(path, stated):
            known = one.printed is not None and not one.reason
            judged = _of_part(one, operands, context, stated) if known else one
            found.append(judged._replace(group=operands.group))
    return _plugs(found) if rule.body["formula"] == "share" else iter(found)


def _of_part(one: Rated, operands: Operands, context: Context, stated: Stated) -> Rated:
    """One rate of a part of a whole, judged."""
    claim = one.claim
    part, whole = (_operand(o, claim.positions, context, stated) for o in (operands.part, operands.whole))
    gaps = [f for f in (part, whole) if f.why]
    if gaps:
        return one._replace(refs=(claim.ref, *(f.ref for f in gaps)), reason=gaps[0].why)
    printed, of = _percent_of(one), quotient(part, whole)
    if 0 <= part.value <= whole.value:  # whatever the roundings, such a part is at most its whole
        of = of._replace(low=max(of.low, ZERO), high=HUNDRED if of.high is None else min(of.high, HUNDRED))
    found = _graded(claim, printed, part.value, [of])
    if found.grade == FAILED and operands.others:
        wholes = [(o, _operand(o["whole"], claim.positions, context, stated)) for o in operands.others]
        others = [((o["zh"], o["en"]), quotient(part, other)) for o, other in wholes if not other.why]
        return found._replace(fits=_fitting(printed, others))
    return found


def _operand(declared: Any, positions: Sequence[int], context: Context, stated: Stated) -> Figure:
    """One amount of a share: what a path stands for, or a cell of a note."""
    if isinstance(declared, str):
        return _at(declared, positions if "[*]" in declared else (), context, stated)
    if "row" in declared:
        return _of_cell(Ref(declared["table"], declared["row"], declared["field"]), context, stated)
    # A list within a list element: the rows of that element, in the standard's order.
    element, nth = positions
    names = [n for n in context.rows_of(declared["table"]) if n.partition("/")[0] == str(element)]
    name = names[nth - 1] if nth <= len(names) else f"{element}/"
    return _of_cell(Ref(declared["table"], name, declared["field"]), context, stated)


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


# The kind rate: checks


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


def _decreases(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Last year's amount is not negative; no rate is below -100 %, and it is that only where nothing is left."""
    at = context.spec.tables["changes"].position
    for name, row in context.rows_of("changes").items():
        known = _subject(str(row[at["subject"]])) if row[at["base"]] == "previous_year" else None
        if known:
            change = _of_cell(Ref("changes", name, "amount"), context, stated)
            current = _known(known[1], context, stated)
            if not change.why and not current.why:
                yield _at_most(rule, [change], [current], f"{known[0]}的增减额")
    for _, one in _of(rule, context, stated):
        if one.grade == UNKNOWN and one.printed is not None and one.printed <= -HUNDRED:
            current = _current(compared(one.claim.entry.path).subject, context, stated)
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
    printed = _percent_of(one)
    told = _told(_called(one.claim), one.claim.ref, printed, limit, zh, en, "%")
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
                shares = [_rounded(one.claim.ref, _percent_of(one)) for _, one in chosen]
                name = f"{_called(chosen[0][1].claim)}等 {len(chosen)} 项之和"
                yield _equal(rule, shares, [Figure(_NO_CELL, HUNDRED)], name)


def _make_up_the_whole(members: Iterable[tuple[Rule, Rated]], context: Context, stated: Stated) -> bool:
    """Whether the parts of these shares are all there is of their whole."""
    parts, wholes = [], []
    for rule, one in members:
        operands = _operands(rule)[one.claim.entry.path]
        parts.append(_operand(operands.part, one.claim.positions, context, stated))
        wholes.append(_operand(operands.whole, one.claim.positions, context, stated))
    if any(f.why for f in (*parts, *wholes)):
        return False
    bound = sum((f.own for f in (*parts, wholes[0])), ZERO)
    return abs(_sum(parts) - wholes[0].value) <= bound


def _scores(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A score is its weight times the rate achieved: of two amounts, or a percent that is printed."""
    body = rule.body
    names = [body[of] for of in ("score", "weight", "part", "whole") if of in body]
    for row in _rows(body["table"], body["where"], {}, context):
        cells = [_of_cell(Ref(body["table"], row, name), context, stated) for name in names]
        whys = [f.why for f in cells if f.why]
        if any(why in {BLANK, DASH} for why in whys):
            continue  # not filled in, which is a rule of its own
        if whys:
            yield Check(rule.id, NOT_CHECKED, tuple(f.ref for f in cells), reason=whys[0])
            continue
        score, weight, part, *whole = cells
        of = quotient(part, whole[0] if whole else Figure(_NO_CELL, HUNDRED))
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
    expected = _to_places(value, places)
    outcome = FAILED if found == FAILED else WITHIN_ROUNDING
    told = _told(_named(score, context), score.ref, score.value, expected, "应为", "should be")
    return Check(
        rule.id, outcome, refs, expected, score.value, score.value - expected, _spread(places, scored),
        qualifier=TRUNCATED if found == TRUNCATED else None, details=told,
    )  # fmt: skip


_CHECKS: Mapping[str, Callable[[Rule, Context, Stated], Iterator[Check]]] = MappingProxyType(
    {
        "quotient": _quotients,
        "zero_base": _zero_base,
        "zero_zero": _zero_zero,
        "other_base": _misnamed,
        "decreases": _decreases,
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
    printed, name, ref = _percent_of(one), _called(one.claim), one.claim.ref
    if one.expected is None:
        zh = f"{name}印作 {_shown(printed)}%，而基数为零，比率无从计算"
        en = f"{ref.row} is printed as {_shown(printed)}%, but its base is zero and there is no such rate"
    else:
        zh = f"{name}印作 {_shown(printed)}%，按金额计算应为 {_shown(one.expected)}%"
        en = f"{ref.row} is printed as {_shown(printed)}%; the amounts make it {_shown(one.expected)}%"
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


def _told(
    name: str, ref: Ref, found: Decimal, expected: Decimal, zh: str, en: str, unit: str = ""
) -> tuple[tuple[str, str], ...]:
    """A figure and what it should be, as one sentence in Chinese and in English."""
    one, other = f"{_shown(found)}{unit}", f"{_shown(expected)}{unit}"
    return ("zh", f"{name}是 {one}，{zh} {other}。"), ("en", f"{ref.row} {ref.field} is {one}, {en} {other}.")


def _shown(value: Decimal) -> str:
    """A figure as it is printed, without the zeros that a change of unit adds."""
    if not value:
        return format(abs(value), "f")
    return format(value.normalize() if decimals_of(value) > 2 else value, "f")


def _called(claim: Claim) -> str:
    """A claim by the name of its path, with the list element that it is about."""
    return f"{claim.entry.name}（{claim.element}）" if claim.element else claim.entry.name


def _named(figure: Figure, context: Context) -> str:
    """A cell or a claim by the name under which it is known."""
    if figure.ref.table == "claims":
        return catalogue()[_POSITION.sub("[*]", figure.ref.row.rpartition("/")[0])].name
    return context.spec.tables[figure.ref.table][figure.ref.field].title
