"""The rules of the standard as relations among the amounts of a report, known and unknown.

A sum over rows holds for all rows that there are. Where a table is not at hand, nobody knows whether the rows listed are
all: the rest of each sum is then an amount of its own, which is zero as soon as the listed rows make up the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from fatk.derive.network import EMPTY_TABLE, FLOOR, RULE, Relation
from fatk.findings import ERROR
from fatk.model import EMPTY
from fatk.rounding import ZERO
from fatk.rules.context import NOT_PRINTED, Context, Operand, Ref, Rule, load_rules
from fatk.rules.linear import levels, parent_of
from fatk.rules.terms import CONSTANT, Bindings, Side, Term, bindings, equations, operands, premise

_ONE = Decimal(1)
#: What names the rest of a sum beside the rows that are listed.
_REST = "/…"

#: Kinds of rules that are sums.
_SUMS = frozenset({"linear", "rollup"})

Terms = list[tuple[Decimal, Ref]]


@dataclass(slots=True, eq=False)
class Ground:
    """A report whose missing tables have their rows, and which tables these are.

    ``rests`` are the amounts that stand for rows which are not listed, ``signed`` those that may be negative.
    """

    context: Context
    built: frozenset[str]
    rests: dict[Ref, None] = field(default_factory=dict)
    hidden: dict[Ref, Ref] = field(default_factory=dict)
    amounts: dict[Ref, None] = field(default_factory=dict)

    def relations(self) -> list[Relation]:
        """What every rule that can be used says of the amounts."""
        found: list[Relation] = []
        for rule in load_rules().values():
            if rule.built and rule.severity == ERROR and self.context.applies(rule):
                found += self.of_rule(rule)
        found += (_part_of(cell, rest) for cell, rest in self.hidden.items())
        return found

    def floors(self) -> list[Relation]:
        """That balances are not negative, in a report where none is."""
        return [_floor(cell) for cell in sorted(self.signed)]

    def of_rule(self, rule: Rule, *, convention: str | None = None) -> Iterator[Relation]:
        """What one rule says; nothing where it is of another kind, or about notes."""
        if rule.kind == "rollup" and "table" in rule.body:
            yield from self._levels(rule)
        elif rule.kind in {"linear", "compare"}:
            yield from self._sums(rule, convention)

    @property
    def signed(self) -> frozenset[Ref]:
        """Amounts that may lawfully be negative: balances."""
        softer = load_rules()["ALL-01"].body["softer"]
        fields = {name for one in softer for name in one.get("fields", ())}
        rows = {name for one in softer for name in one.get("rows", ())}
        return frozenset(
            ref for ref in (*self.amounts, *self.rests) if ref.field in fields or ref.row in rows
        )

    def _levels(self, rule: Rule) -> Iterator[Relation]:
        for total, parts in levels(rule, self.context):
            left = self._terms([total], _ONE)
            right = self._terms(parts, -_ONE)
            if left is not None and right is not None:
                rest = self._rest(total.ref, total.ref.row)
                yield self._relation(rule, [*left[0], *right[0], *rest], left[1] + right[1])

    def _sums(self, rule: Rule, convention: str | None) -> Iterator[Relation]:
        guard = operands(premise(rule), {}, self.context)
        for equation in equations(rule):
            if equation.needs:
                continue
            for bound in bindings(equation.variables, self.context):
                sides = []
                for side, weight in ((equation.left, _ONE), (equation.right, -_ONE)):
                    sides += [self._side((term,), bound, weight) for term in side]
                if any(side is None for side in sides):
                    continue
                terms = [term for side in sides if side for term in side[0]]
                constant = sum((side[1] for side in sides if side), ZERO)
                if terms:
                    pair = (guard[0].ref, guard[1].ref) if guard else None
                    yield self._relation(rule, terms, constant, pair, convention)

    def _side(self, side: Side, bound: Bindings, weight: Decimal) -> tuple[Terms, Decimal] | None:
        """The amounts and the constant of a term, and the rest beside the rows that it sums over."""
        found = self._terms(operands(side, bound, self.context), weight)
        (term,) = side
        if found and isinstance(term, Term) and term.rows is not None:
            table = term.table.of(bound)
            if table in self.built:
                ref = Ref(table, term.rows.prefix, term.field.of(bound))
                found[0].extend(self._rest(ref, term.rows.prefix, weight * term.weight))
        return found

    def _terms(self, figures: Iterable[Operand], weight: Decimal) -> tuple[Terms, Decimal] | None:
        """Amounts with their weights, and what is known to be a constant; nothing where a form does not print one."""
        terms: Terms = []
        constant = ZERO
        for figure in figures:
            ref = figure.ref
            if figure.why == NOT_PRINTED or (ref is not CONSTANT and not self._of_form(ref)):
                return None
            if ref is CONSTANT:
                constant += weight * figure.weight * figure.value
            elif self.context.status.get(ref.table) != EMPTY and not self._not_there(ref):
                self._note(ref)
                terms.append((weight * figure.weight, ref))
        return terms, constant

    def _of_form(self, ref: Ref) -> bool:
        return self.context.spec.tables[ref.table].kind == "form"

    def _not_there(self, ref: Ref) -> bool:
        """Whether a row is not among those of a table that is at hand, and so has no money."""
        return (
            ref.table not in self.built
            and ref.row not in self.context.rows_of(ref.table)
            and not self.context.fixed(ref.table, ref.row)
        )

    def _note(self, ref: Ref) -> None:
        """Take an amount in; that of a row which is not listed is part of a rest."""
        self.amounts.setdefault(ref)
        if (
            ref.table in self.built
            and ref.row not in self.context.rows_of(ref.table)
            and ref not in self.hidden
        ):
            code = ref.row.rpartition(".")[2]
            if code.isdigit():
                stem = ref.row.removesuffix(code)
                ((_, rest),) = self._rest(ref, stem or parent_of(code))
                self.hidden[ref] = rest

    def _rest(self, ref: Ref, parent: str, weight: Decimal = -_ONE) -> Terms:
        if ref.table not in self.built:
            return []
        rest = rest_of(ref.table, parent, ref.field)
        self.rests.setdefault(rest)
        return [(weight, rest)]

    def _relation(
        self,
        rule: Rule,
        terms: Terms,
        constant: Decimal,
        pair: tuple[Ref, Ref] | None = None,
        convention: str | None = None,
    ) -> Relation:
        merged: dict[Ref, Decimal] = {}
        for weight, ref in terms:
            merged[ref] = merged.get(ref, ZERO) + weight
        kept = tuple((weight, ref) for ref, weight in merged.items() if weight)
        empty = len(kept) == 1 and rule.kind != "compare" and not convention
        return Relation(
            kind=EMPTY_TABLE if empty else RULE,
            said=rule.title["zh"],
            terms=kept,
            constant=constant,
            at_most=rule.kind == "compare",
            tolerance=sum((abs(w) * self.half(ref) for w, ref in kept), ZERO),
            rank=_rank(rule, kept),
            premise=pair,
            convention=convention,
        )

    def half(self, ref: Ref) -> Decimal:
        """The half-width of an amount as it is printed; a rest is not printed."""
        return ZERO if ref in self.rests else self.context.scale(ref.table)[1]


def rest_of(table: str, parent: str, field_name: str) -> Ref:
    """The amount that stands for the rows of a sum which are not listed."""
    return Ref(table, parent + _REST, field_name)


def is_rest(ref: Ref) -> bool:
    """Whether an amount stands for rows that are not listed."""
    return ref.row.endswith(_REST)


def _part_of(cell: Ref, rest: Ref) -> Relation:
    """A row that is not listed is part of the rest of its sum."""
    return Relation(RULE, "列举无遗", ((_ONE, cell), (-_ONE, rest)), at_most=True, rank=6)


def _floor(cell: Ref) -> Relation:
    """A balance is not negative; the last of all explanations."""
    return Relation(FLOOR, "结转和结余不为负", ((-_ONE, cell),), at_most=True, rank=7)


def _rank(rule: Rule, terms: Sequence[tuple[Decimal, Ref]]) -> int:
    """Which of two explanations is given: what an empty table says, sums within a table, copies between tables, the rest;
    last the rules that only repeat what other sums say."""
    if rule.kind == "compare":
        return 6
    if len(terms) == 1:
        return 1
    known = load_rules()
    if rule.implied_by and all(known[other].kind in _SUMS for other in rule.implied_by if other in known):
        return 5
    if len({ref.table for _, ref in terms}) == 1:
        return 2
    return 3 if len(terms) == 2 else 4
