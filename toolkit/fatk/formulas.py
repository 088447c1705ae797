"""Rules as formulas of a spreadsheet: what a rule declares, said of the cells of one workbook.

A workbook to be filled in has fixed lines, whose cells are known, and rows prepared for codes, of which only the place is
known. An operand is therefore cells, or all prepared rows whose code matches. Which figures are stated stands on a sheet
of marks, laid out as the forms are: 0 stated, 1 not stated, 2 a line without any figure, which is no row of the report.
Functions return texts of formulas without ``=``; what they give in a blank workbook is known beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any

from fatk.grid import Range, a1
from fatk.model import TOTAL
from fatk.rules.context import Rule
from fatk.spec import Spec, Table

At = tuple[int, int]

#: Kinds of rules that are arithmetic of cells.
SAYABLE = ("linear", "rollup", "compare")
#: Why a rule cannot be said on the workbook.
PREVIOUS, PARTS, NOTES, NOT_PRINTED, KIND = "previous", "parts", "notes", "not_printed", "kind"


class Unsaid(Exception):
    """A rule has no formula on the workbook, and why."""


def quoted(sheet: str) -> str:
    """A sheet's name as formulas write it."""
    return "'" + sheet.replace("'", "''") + "'"


def reference(sheet: str, row: int, column: int) -> str:
    """A cell as a formula of any sheet names it."""
    return area_reference(sheet, (row, column, row, column))


def area_reference(sheet: str, area: Range) -> str:
    """An area as a formula of any sheet names it."""
    first, last = (_fixed(*area[i : i + 2]) for i in (0, 2))
    return f"{quoted(sheet)}!{first}" + (f":{last}" if last != first else "")


def _fixed(row: int, column: int) -> str:
    name = a1(row, column)
    letters = name.rstrip("0123456789")
    return f"${letters}${name[len(letters) :]}"


def text(written: str) -> str:
    """A text as formulas write it."""
    return '"' + written.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows prepared for codes, if any: first and last, the column of codes, and of each field."""

    first: int = 0
    last: int = -1
    code: int = 0
    columns: Mapping[str, int] = member(default_factory=dict)

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a form stands: its figures by line and field, the rows prepared for codes, the cell with its state, and its
    place on the sheet of marks, as many rows further down."""

    table: Table
    sheet: str
    state: str
    cells: Mapping[tuple[str, str], At]
    names: Mapping[str, str]
    prepared: Prepared
    marks: str
    offset: int
    width: int

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The fixed lines, in printed order."""
        return tuple(dict.fromkeys(line for line, _ in self.cells))

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields that have a cell."""
        return frozenset(name for _, name in self.cells) | frozenset(self.prepared.columns)

    def row(self, line: str) -> list[At]:
        """The cells of a fixed line."""
        return [at for (name, _), at in self.cells.items() if name == line]

    def figures(self, areas: Iterable[Range]) -> list[str]:
        """References of areas of the form."""
        return [area_reference(self.sheet, area) for area in areas]

    def stated(self, areas: Iterable[Range]) -> list[str]:
        """References of their marks."""
        off = self.offset
        return [area_reference(self.marks, (r1 + off, c1, r2 + off, c2)) for r1, c1, r2, c2 in areas]

    def broken(self, at: At) -> At:
        """Where on the sheet of marks it is counted in how many broken rules a cell takes part."""
        return at[0] + self.offset, at[1] + self.width

    def column(self, field: str) -> Range:
        """The prepared cells of a field, or of the codes."""
        at = self.prepared.code if field == "code" else self.prepared.columns[field]
        return self.prepared.first, at, self.prepared.last, at

    @property
    def codes(self) -> str:
        """Reference of the prepared codes."""
        return area_reference(self.sheet, self.column("code"))

    @property
    def optional(self) -> bool:
        """Whether a fixed line without a figure is no row of the report; the total of a list always is one."""
        return not self.prepared


@dataclass(frozen=True, slots=True)
class Board:
    """The whole workbook: its forms, the half-width and the decimals of its figures, and the words of its cells."""

    spec: Spec
    standings: Mapping[str, Standing]
    half: Decimal
    decimals: int
    reported: str
    empty: str
    missing: str
    nothing: str
    undisclosed: str

    def standing(self, table: str) -> Standing:
        """Where a table stands; ``Unsaid`` where it is not on the workbook."""
        if self.spec.tables[table].kind != "form":
            raise Unsaid(NOTES)
        if table not in self.standings:
            raise Unsaid(NOT_PRINTED)
        return self.standings[table]


@dataclass(frozen=True, slots=True)
class Match:
    """Which codes an operand takes: the code itself, those below it, or those of a length (``is`` ``below`` ``level``)."""

    kind: str
    level: int = 0
    leaves: tuple[str, ...] = ()

    def of(self, code: str, key: str) -> str:
        """The condition on codes, a cell or an area; ``key`` is a text, a cell or an area."""
        if self.kind == "is":
            return f'({code}&""={key}&"")'
        if self.kind == "below":
            return f'(LEN({code})=LEN({key})+2)*(LEFT({code},LEN({key}))={key}&"")'
        return f"(LEN({code})={self.level})" + "".join(f'*({code}&""<>"{name}")' for name in self.leaves)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An operand: cells of a form, or its prepared rows whose code matches. ``lenient``: a line that is not there stands for
    no money. ``several``: it is all rows of a kind, of which there may be none. ``own``: the key is that of the instance."""

    standing: Standing
    field: str
    weight: Decimal
    cells: tuple[At, ...] = ()
    lenient: bool = False
    match: Match | None = None
    key: str = ""
    own: bool = False
    several: bool = False

    def _where(self, match: Match) -> str:
        return match.of(self.standing.codes, self.key)

    @property
    def _column(self) -> str:
        return self.standing.figures([self.standing.column(self.field)])[0]

    @property
    def areas(self) -> list[Range]:
        """Its cells as few areas."""
        return runs(self.cells)

    def value(self) -> str:
        """The sum of its figures."""
        if self.match:
            return f"SUMPRODUCT(--({self._where(self.match)}),{self._column})"
        return f"SUM({','.join(self.standing.figures(self.areas))})" if self.cells else "0"

    def count(self) -> str:
        """How many figures these are."""
        if self.match:
            return f"SUMPRODUCT({self._where(self.match)}*ISNUMBER({self._column}))"
        return f"COUNT({','.join(self.standing.figures(self.areas))})" if self.cells else "0"

    def withheld(self, board: Board) -> str:
        """How many of its cells say that the figure is not disclosed."""
        if self.match:
            return f'SUMPRODUCT({self._where(self.match)}*({self._column}="{board.undisclosed}"))'
        counts = [f'COUNTIF({a},"{board.undisclosed}")' for a in self.standing.figures(self.areas)]
        return "+".join(counts) or "0"

    def unknown(self, board: Board) -> str:
        """How many of its figures are not stated."""
        missing = f'{self.standing.state}="{board.missing}"'
        if self.match:
            (marks,) = self.standing.stated([self.standing.column(self.field)])
            return f"IF({missing},1,SUMPRODUCT({self._where(self.match)}*({marks}=1)))"
        if not self.cells:
            return f"--({missing})"
        wanted = "1" if self.lenient else '">0"'
        return "+".join(f"COUNTIF({area},{wanted})" for area in self.standing.stated(self.areas))

    def there(self) -> str:
        """How many of its rows there are."""
        if self.match:
            return f"SUMPRODUCT(--({self._where(self.match)}))"
        counts = [f'COUNTIF({area},"<2")' for area in self.standing.stated(self.areas)]
        return "+".join(counts) or "0"

    @property
    def blank_unknown(self) -> int:
        """How many of its figures are not stated in a blank workbook."""
        if not self.lenient:
            return len(self.cells)
        return 0 if self.standing.optional else len(self.cells)


Term = Part | Decimal
#: A condition and whether a blank workbook meets it.
Condition = tuple[str, bool]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One case of a rule: both sides, what must hold for it to be one, and the line or code that it is of. ``some`` counts
    the rows of a side that is all rows of a kind: without any there is nothing to compare."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]
    there: tuple[Condition, ...]
    label: str
    code: str = ""
    some: tuple[str, ...] = ()

    @property
    def parts(self) -> list[Part]:
        return [term for term in (*self.left, *self.right) if isinstance(term, Part)]

    @property
    def first(self) -> tuple[Standing, str, At] | None:
        """The first of its cells: the form, the field, the place."""
        return next(((p.standing, p.field, p.cells[0]) for p in self.parts if p.cells), None)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Cases of a rule that differ in nothing but the prepared row that they are of; a case by itself where ``of`` is none."""

    rule: Rule
    instances: tuple[Instance, ...]
    of: Standing | None = None


@dataclass(frozen=True, slots=True)
class _Own:
    """The code, not known yet, of one prepared row."""

    standing: Standing
    index: int

    @property
    def place(self) -> At:
        return self.standing.prepared.first + self.index, self.standing.prepared.code

    @property
    def code(self) -> str:
        return reference(self.standing.sheet, *self.place)


_Name = str | _Own
_Bound = Mapping[str, _Name]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """A value of a variable: a name, or the codes of the prepared rows of a form that meet a condition."""

    name: str = ""
    rows: Standing | None = None
    there: tuple[Condition, ...] = ()
    level: int | None = None
    besides: tuple[str, ...] = ()
    earlier: tuple[Standing, ...] = ()


def families(rule: Rule, board: Board) -> tuple[Family, ...]:
    """Every case of a rule on the workbook; ``Unsaid`` where it has none."""
    if not rule.built or rule.kind not in SAYABLE:
        raise Unsaid(KIND)
    found = tuple(_rollup(rule, board) if rule.kind == "rollup" else _sides(rule, board))
    if not found:
        raise Unsaid(NOT_PRINTED)
    return found


def _sides(rule: Rule, board: Board) -> Iterator[Family]:
    body = rule.body
    for instance in body.get("instances", (body,)):
        for side in ("left", "right"):
            for term in instance[side]:
                if "of" in term:
                    raise Unsaid(term["of"])
        for bound, choices in _bindings(instance.get("each", body.get("each", ())), board):
            dynamic = [(name, choice, choice.rows) for name, choice in choices if choice.rows is not None]
            if len(dynamic) > 1:
                raise Unsaid(KIND)
            there = [c for _, choice in choices for c in choice.there]
            try:
                if "condition" in body:
                    there.append(_condition(body["condition"], board))
                if not dynamic:
                    yield Family(rule, (_instance(instance, bound, there, board),))
                    continue
                ((name, choice, rows),) = dynamic
                own = [_Own(rows, index) for index in range(len(rows.prepared))]
                cases = tuple(
                    _instance(
                        instance, {**bound, name: one}, [*there, _coded(one, choice, board)], board, one
                    )
                    for one in own
                )
                yield Family(rule, cases, rows)
            except Unsaid as unsaid:
                if unsaid.args[0] != NOT_PRINTED:
                    raise


def _condition(declared: Mapping[str, Sequence[Mapping[str, Any]]], board: Board) -> Condition:
    """That two figures are stated and equal."""
    one, other = ([*_parts(term, {}, board)] for term in declared["equal"])
    unknown = _joined(p.unknown(board) for p in (*one, *other))
    return f"AND({unknown}=0,ROUND({total(one)}-({total(other)}),{board.decimals})=0)", False


def _coded(own: _Own, choice: _Choice, board: Board) -> Condition:
    """That a prepared row holds a code, of the level asked for, which no other case has."""
    conditions = [f'{own.standing.state}="{board.reported}"', f'{own.code}<>""']
    if choice.level:
        conditions.append(f"LEN({own.code})={choice.level}")
    if choice.besides:
        listed = ",".join(f'"{name}"' for name in choice.besides)
        conditions.append(f'ISNA(MATCH({own.code}&"",{{{listed}}},0))')
    conditions += [f"SUMPRODUCT(--{Match('is').of(other.codes, own.code)})=0" for other in choice.earlier]
    return f"AND({','.join(conditions)})", False


def _bindings(
    each: Sequence[Mapping[str, Any]], board: Board
) -> Iterator[tuple[dict[str, _Name], list[tuple[str, _Choice]]]]:
    """Every combination of values of a rule's variables; variables declared later may use earlier ones."""
    if not each:
        yield {}, []
        return
    *before, last = each
    for bound, chosen in _bindings(before, board):
        for choice in _choices(last, bound, board):
            name = str(last["name"])
            yield {**bound, name: choice.name}, [*chosen, (name, choice)]


def _choices(variable: Mapping[str, Any], bound: _Bound, board: Board) -> Iterator[_Choice]:
    if "in" in variable:
        yield from (_Choice(name) for name in variable["in"])
        return
    declared = variable.get("amounts_of")
    if isinstance(declared, Mapping):
        table = board.spec.tables[str(_resolved(declared["table"], bound))]
        yield from (_Choice(field.name) for field in table.amounts)
        return
    sources = variable["rows_of"]
    names: dict[str, list[str]] = {}
    coded: list[tuple[Standing, int | None]] = []
    for source in sources if isinstance(sources, list) else [sources]:
        table_id = str(_resolved(source["table"], bound))
        if board.spec.tables[table_id].kind != "form":
            raise Unsaid(NOTES)
        standing = board.standings.get(table_id)
        if standing is None:
            continue
        prefix, level = source.get("prefix", ""), source.get("level")
        for line in _lines(standing, prefix, level):
            name = line[len(prefix) :] if source.get("bare") else line
            names.setdefault(name, []).append(_row_there(standing, line, board))
        if standing.prepared and not prefix:
            coded.append((standing, level))
    besides = tuple(name for name in names if name.isdigit())
    for name, there in names.items():
        for standing, level in coded:
            if name.isdigit() and level in (None, len(name)):
                found = f"SUMPRODUCT(--{Match('is').of(standing.codes, text(name))})>0"
                there.append(f'AND({standing.state}="{board.reported}",{found})')
        condition = there[0] if len(there) == 1 else f"OR({','.join(there)})"
        yield _Choice(name, there=((condition, name == TOTAL and bool(coded)),))
    earlier: tuple[Standing, ...] = ()
    for standing, level in coded:
        yield _Choice(rows=standing, level=level, besides=besides, earlier=earlier)
        earlier += (standing,)


def _lines(standing: Standing, prefix: str, level: int | None) -> Iterator[str]:
    """Fixed lines that begin with ``prefix`` and go on with a code of ``level`` digits."""
    for line in standing.lines:
        rest = line[len(prefix) :]
        if line.startswith(prefix) and (level is None or (len(rest) == level and rest.isdigit())):
            yield line


def _row_there(standing: Standing, line: str, board: Board) -> str:
    """That a fixed line is a row of the report."""
    reported = f'{standing.state}="{board.reported}"'
    if not standing.optional:
        return reported
    (mark, *_) = standing.stated(runs(standing.row(line)[:1]))
    return f"AND({reported},{mark}<2)"


def _instance(
    declared: Mapping[str, Sequence[Mapping[str, Any]]],
    bound: _Bound,
    there: Sequence[Condition],
    board: Board,
    own: _Own | None = None,
) -> Instance:
    left, right = (tuple(_terms(declared[side], bound, board)) for side in ("left", "right"))
    some = tuple(count for side in (left, right) for count in _some(side))
    label, code = ("", own.code) if own else (_label(left, right), "")
    return Instance(left, right, tuple(there), label, code, some)


def _label(left: Sequence[Term], right: Sequence[Term]) -> str:
    """What a case is called: the line that its first cell stands in."""
    for part in (*left, *right):
        if isinstance(part, Part) and part.cells:
            line = next(name for (name, _), at in part.standing.cells.items() if at == part.cells[0])
            return part.standing.names.get(line, line)
    return ""


def _some(side: Sequence[Term]) -> Iterator[str]:
    """How many rows a side has which is all rows of a kind."""
    if side and all(isinstance(term, Part) and term.several for term in side):
        yield _joined(term.there() for term in side if isinstance(term, Part))


def _terms(terms: Sequence[Mapping[str, Any]], bound: _Bound, board: Board) -> Iterator[Term]:
    for term in terms:
        if "constant" in term:
            yield Decimal(str(term["constant"]))
        else:
            yield from _parts(term, bound, board)


def _parts(term: Mapping[str, Any], bound: _Bound, board: Board) -> Iterator[Part]:
    """The operands of a term."""
    standing = board.standing(str(_resolved(term["table"], bound)))
    field, weight = str(_resolved(term["field"], bound)), Decimal(str(term.get("weight", 1)))
    lenient = term.get("absent") == "zero"
    if field not in standing.fields:
        raise Unsaid(NOT_PRINTED)
    rows = term.get("rows")
    if isinstance(rows, Mapping):
        level, leaves = rows.get("level"), tuple(rows.get("except", ()))
        lines = [line for line in _lines(standing, rows.get("prefix", ""), level) if line not in leaves]
        cells = tuple(standing.cells[line, field] for line in lines if (line, field) in standing.cells)
        if cells or not standing.prepared:
            yield Part(standing, field, weight, cells, lenient=True, several=True)
        if standing.prepared and level:
            match = Match("level", level, leaves)
            yield Part(standing, field, weight, match=match, several=True)
        return
    declared = rows if rows is not None else [term["row"]]
    found = [_row(standing, field, weight, _resolved(name, bound), lenient) for name in declared]
    direct = tuple(at for part in found for at in part.cells)
    if direct and all(not part.match for part in found):
        yield Part(standing, field, weight, direct, lenient=lenient)
        return
    yield from found


def _row(standing: Standing, field: str, weight: Decimal, name: _Name, lenient: bool) -> Part:
    """The operand of one row."""
    prepared = standing.prepared
    if isinstance(name, _Own):
        if name.standing is standing and prepared is not None:
            return Part(standing, field, weight, ((name.place[0], prepared.columns[field]),), lenient=lenient)
        if prepared:
            return Part(standing, field, weight, match=Match("is"), key=name.code, own=True)
        return Part(standing, field, weight)
    if (name, field) in standing.cells:
        return Part(standing, field, weight, (standing.cells[name, field],), lenient=lenient)
    if name in standing.lines:
        raise Unsaid(NOT_PRINTED)
    if prepared and name.isdigit():
        return Part(standing, field, weight, match=Match("is"), key=text(name))
    return Part(standing, field, weight)


def _resolved(declared: object, bound: _Bound) -> _Name:
    """A name as declared: itself, a variable, or a variable behind a prefix; no form has a code behind a prefix."""
    if not isinstance(declared, Mapping):
        return str(declared)
    value, prefix = bound[declared["var"]], str(declared.get("prefix", ""))
    if isinstance(value, _Own):
        return prefix or value
    return prefix + value


def _rollup(rule: Rule, board: Board) -> Iterator[Family]:
    """Every parent equals its children."""
    standing = board.standing(rule.body["table"])
    whole = rule.body["level"] == "total"
    prepared = standing.prepared
    for field in (f.name for f in standing.table.amounts if f.name in standing.fields):
        if prepared and not whole:
            cases = []
            for own in (_Own(standing, index) for index in range(len(prepared))):
                left = (
                    Part(
                        standing, field, Decimal(1), ((prepared.first + own.index, prepared.columns[field]),)
                    ),
                )
                match = Match("below")
                right = (
                    Part(standing, field, Decimal(1), match=match, key=own.code, own=True, several=True),
                )
                there = (_coded(own, _Choice(), board), *_any(right))
                cases.append(Instance(left, right, there, "", own.code))
            yield Family(rule, tuple(cases), standing)
            continue
        for parent in _parents(standing, whole):
            if (parent, field) not in standing.cells:
                continue
            left = (Part(standing, field, Decimal(1), (standing.cells[parent, field],)),)
            below = [
                line for line in standing.lines if _parent(line) == parent and (line, field) in standing.cells
            ]
            if prepared:
                right = (Part(standing, field, Decimal(1), match=Match("level", 3), several=True),)
            elif below:
                cells = tuple(standing.cells[line, field] for line in below)
                right = (Part(standing, field, Decimal(1), cells, lenient=True, several=True),)
            else:
                continue
            conditions = ((_row_there(standing, parent, board), not standing.optional), *_any(right))
            yield Family(rule, (Instance(left, right, conditions, standing.names.get(parent, parent)),))


def _any(side: Sequence[Term]) -> Iterator[Condition]:
    """That a parent has children: else there is nothing to roll up."""
    return ((f"{count}>0", False) for count in _some(side))


def _parents(standing: Standing, whole: bool) -> list[str]:
    if whole:
        return [TOTAL] if TOTAL in standing.lines else []
    return [line for line in standing.lines if line.isdigit()]


def _parent(line: str) -> str | None:
    """The line that a code's line is part of."""
    if not line.isdigit():
        return None
    return line[:-2] if len(line) > 3 else TOTAL


# Texts of formulas


def total(terms: Iterable[Term]) -> str:
    """The weighted sum of a side."""
    found = ""
    for weight, group in groupby(terms, key=lambda t: t.weight if isinstance(t, Part) else Decimal(1)):
        sums, areas = [], []
        for term in group:
            if not isinstance(term, Part):
                sums.append(format(term, "f"))
            elif term.match:
                sums.append(term.value())
            else:
                areas += term.standing.figures(term.areas)
        if areas:
            sums.insert(0, f"SUM({','.join(areas)})")
        if not sums:
            continue
        factor = "" if abs(weight) == 1 else f"{format(abs(weight), 'f')}*"
        joined = "+".join(sums)
        summed = f"({joined})" if len(sums) > 1 and (factor or weight < 0) else joined
        found += ("-" if weight < 0 else "+" if found else "") + factor + summed
    return found or "0"


def tolerance(instance: Instance, board: Board) -> str:
    """The largest difference that rounding explains: half of the last digit for each figure; none against a constant."""
    if not board.half or any(isinstance(term, Decimal) for term in (*instance.left, *instance.right)):
        return "0"
    counts = _joined(
        part.count() if abs(part.weight) == 1 else f"{format(abs(part.weight), 'f')}*{part.count()}"
        for part in instance.parts
        if part.cells or part.match
    )
    return f"ROUND({format(board.half, 'f')}*({counts}),{board.decimals + 1})"


def unknown(instance: Instance, board: Board) -> str:
    """How many figures that a case needs are not stated."""
    return _joined(dict.fromkeys(part.unknown(board) for part in instance.parts))


def there(instance: Instance) -> str:
    """The condition for a case to be one; empty where it always is."""
    conditions = [condition for condition, _ in instance.there]
    return conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})" if conditions else ""


def derived(found: Iterable[Family], board: Board) -> dict[tuple[str, At], str]:
    """Cells that the definition of the form makes the sum of others of the same form: their formulas, by sheet and place.

    What stands on the left of an identity of the columns is what it defines; the first rule that defines a cell counts. A
    sum of no figures is blank; one of which a part is withheld is withheld too, since it cannot be computed.
    """
    formulas: dict[tuple[str, At], str] = {}
    for family in found:
        if family.rule.kind == "compare" or "CD" not in family.rule.basis.split(", "):
            continue
        for instance in family.instances:
            if len(instance.left) != 1 or not all(isinstance(t, Part) for t in instance.right):
                continue
            (cell,), parts = instance.left, instance.parts[1:]
            if not isinstance(cell, Part) or len(cell.cells) != 1 or cell.weight != 1:
                continue
            if any(p.standing is not cell.standing or p.weight != 1 or p.own for p in parts):
                continue
            place = cell.standing.sheet, cell.cells[0]
            if place in formulas or not any(p.cells or p.match for p in parts):
                continue
            counted = _joined(p.count() for p in parts if p.cells or p.match)
            withheld = _joined(p.withheld(board) for p in parts if p.cells or p.match)
            summed = f"ROUND({total(parts)},{board.decimals})"
            blank = f'IF({counted}=0,"",{summed})'
            formulas[place] = f'IF({withheld}>0,"{board.undisclosed}",{blank})'
    return formulas


def _joined(texts: Iterable[str]) -> str:
    return "+".join(texts) or "0"


def runs(cells: Iterable[At]) -> list[Range]:
    """Cells as few areas: runs down a column, then runs of single cells along a row."""
    down: list[Range] = []
    for row, column in sorted(set(cells), key=lambda at: (at[1], at[0])):
        if down and down[-1][3] == column and down[-1][2] == row - 1:
            down[-1] = (down[-1][0], column, row, column)
        else:
            down.append((row, column, row, column))
    single = sorted(area for area in down if area[0] == area[2])
    across: list[Range] = []
    for row, column, _, _ in single:
        if across and across[-1][0] == row and across[-1][3] == column - 1:
            across[-1] = (row, across[-1][1], row, column)
        else:
            across.append((row, column, row, column))
    return [area for area in down if area[0] != area[2]] + across
