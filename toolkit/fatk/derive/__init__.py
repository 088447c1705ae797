"""The nine tables as far as they follow from a narrative: stated, derived, by convention, or known to be undisclosed.

Nothing is invented: an amount is put into a table where the document states it, where the identities of the standard leave
one value for it, or where a declared convention does and the sums agree. Every cell says on which of these it stands and
how it follows. What the document contradicts itself about is told, and not used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from fatk.derive import words
from fatk.derive.conventions import usable
from fatk.derive.declared import declared
from fatk.derive.network import LISTED, Clash, Network, Relation
from fatk.derive.relations import Ground
from fatk.derive.skeleton import listed_codes, missing_forms, skeleton
from fatk.derive.statements import at_hand, claimed, decimals_of_report, listed
from fatk.findings import CellRef, Finding, notify
from fatk.model import Report, Row, build, make_row
from fatk.model import row_name as row_name
from fatk.rules.context import Context, Ref
from fatk.rules.narrative.claims import Claim
from fatk.spec import Table
from fatk.values import Nothing, Value, round_half_up, show

_ONE = Decimal(1)
#: So many contradictions are looked into one by one.
_PATIENCE = 4


def derive_tables(report: Report) -> tuple[Report, tuple[Finding, ...]]:
    """The report with its missing tables built as far as they follow from what it states, and what was noticed.

    Amounts are in the report's unit with its decimals. A table of which nothing follows, or of whose codes some are known
    to be lacking, stays missing; a cell that does not follow is blank, and one that is listed without its amount is
    undisclosed, with its bounds. Tables that the report has are used and left as they are.
    """
    if not missing_forms(report):
        return report, ()
    context = Context(skeleton(report))
    ground = Ground(context, frozenset(table.id for table in missing_forms(report)))
    inference = _Inference.of(ground)
    found = inference.network()
    return _Assembly(report, ground, found).report(inference)


@dataclass(slots=True, eq=False)
class _Inference:
    """Everything that is known beforehand, and what had to be given up to keep it free of contradictions.

    ``floors``: no amount is below zero, balances aside, since none is stated to be.
    """

    ground: Ground
    rules: list[Relation]
    statements: list[Relation]
    claims: Mapping[Ref, list[tuple[Claim, Relation]]]
    floors: bool
    barred: set[Ref] = field(default_factory=set)
    soft: set[Relation] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, ground: Ground) -> _Inference:
        """What the report states and what the rules say."""
        rules = ground.relations()
        claims = claimed(ground)
        stated = [relation for found in claims.values() for _, relation in found]
        known = [*stated, *at_hand(ground), *listed(ground)]
        negative = {key for one in known for weight, key in one.terms if weight > 0 and one.constant > 0}
        floors = negative <= ground.signed
        if not negative:
            rules += ground.floors()
        if not floors:  # then neither sums nor limits leave anything to conclude from
            rules, known = ([one for one in some if not one.at_most] for some in (rules, known))
        return cls(ground, rules, known, claims, floors)

    def network(self) -> Network:
        """All that follows, once what contradicts itself has been left out."""
        while True:
            network, clash = self._drawn(self.barred)
            if clash is None:
                network.strained |= self._short(network)
                clash = None if network.strained else self._by_convention(network)
            if clash is not None:
                self._give_up(clash)
            elif network.strained:
                self.soft |= network.strained
            else:
                return network

    def _drawn(self, barred: set[Ref]) -> tuple[Network, Clash | None]:
        network = Network(self.ground.signed, frozenset(self.soft), self.floors)
        used = [relation for relation in self.statements if relation.leaf not in barred]
        clash = network.add([*used, *self.rules])
        return network, clash or self._closed(network)

    def _closed(self, network: Network) -> Clash | None:
        """Lists whose figures make up the whole but for rounding are without gaps."""
        for relation in self.rules if self.soft else ():
            if relation not in self.soft:
                continue
            for _, key in relation.terms:
                high = network.high.get(key)
                if key in self.ground.rests and high and 0 < high.value <= 2 * relation.tolerance:
                    clash = network.add([Relation(LISTED, "列举无遗，差额是四舍五入", ((_ONE, key),))])
                    if clash:
                        return clash
        return None

    def _short(self, network: Network) -> set[Relation]:
        """Sums that leave to rows which are not listed no more than rounding explains."""
        found = set()
        for relation in self.rules:
            if relation.tolerance and relation not in self.soft:
                rests = [network.high.get(key) for _, key in relation.terms if key in self.ground.rests]
                if any(high is not None and 0 < high.value <= relation.tolerance for high in rests):
                    found.add(relation)
        return found

    def _by_convention(self, network: Network) -> Clash | None:
        """Use the conventions that the report agrees with, one after another."""
        for convention in declared().conventions:
            if convention.id in self.refused:
                continue
            relations, disagrees = usable(convention, self.ground, network)
            if disagrees:
                self._refuse(convention.id)
            clash = network.add(relations)
            if clash:
                return clash
        return None

    def _give_up(self, clash: Clash) -> None:
        """Leave out a convention that does not agree, or else the statements that contradict one another."""
        if clash.convention is not None:
            self._refuse(clash.convention)
            return
        suspects = self._suspects(clash)
        self.barred.update(suspects)
        self.findings.append(self._contradiction(clash, suspects))

    def _suspects(self, clash: Clash) -> list[Ref]:
        """Of the statements that cannot all be true, those without which alone the others agree; else all of them.

        A document that contradicts itself over and over is not searched for what would mend it.
        """
        if len(self.findings) >= _PATIENCE:
            return clash.leaves
        alone = [leaf for leaf in clash.leaves if self._drawn(self.barred | {leaf})[1] is None]
        return alone or clash.leaves

    @property
    def withheld(self) -> frozenset[Ref]:
        """Cells of which something is stated that is not used."""
        return frozenset(
            cell for cell, found in self.claims.items() if any(claim.ref in self.barred for claim, _ in found)
        )

    def _about(self, suspects: Collection[Ref]) -> list[Claim]:
        """The claims of the cells that some statements are about."""
        told = (found for found in self.claims.values() if any(claim.ref in suspects for claim, _ in found))
        return list({claim.ref: claim for found in told for claim, _ in found}.values())

    def _refuse(self, convention: str) -> None:
        if convention not in self.refused:
            self.refused.add(convention)
            self.findings.append(notify("READ-132", title=declared().convention(convention).title["zh"]))

    def _contradiction(self, clash: Clash, suspects: Sequence[Ref]) -> Finding:
        claims = self._about(suspects)
        cells = [
            *(CellRef("claims", c.ref.row, "value", label=c.entry.name, value=show(c.value)) for c in claims),
            *(CellRef(*leaf) for leaf in suspects if leaf.table != "claims"),
        ]
        said = "；".join(dict.fromkeys(relation.said for relation in clash.nearest))
        return notify("READ-131", *cells, rule=said, count=len(cells))


@dataclass(frozen=True, slots=True, eq=False)
class _Assembly:
    """The report with what is known of its missing tables."""

    source: Report
    ground: Ground
    network: Network

    def report(self, inference: _Inference) -> tuple[Report, tuple[Finding, ...]]:
        """The report, and what was noticed."""
        context = self.ground.context
        tables: dict[str, Iterable[Row]] = dict(self.source.tables)
        cells: list[Row] = list(context.report.rows("cells"))
        status = {row[0]: row for row in context.report.rows("tables")}
        built, left = [], []
        for table in missing_forms(self.source):
            rows, notes = self._table(table, inference.withheld)
            if notes and not self._lacking(table):
                tables[table.id] = rows
                cells += notes
                built.append(table)
            else:
                left.append(table)
                status[table.id] = next(row for row in self._former() if row[0] == table.id)
        tables["cells"], tables["tables"] = cells, list(status.values())
        return build(self.source.spec, tables), (*inference.findings, *_told(context, built, left, cells))

    def _former(self) -> tuple[Row, ...]:
        return build(self.source.spec, self.source.tables).rows("tables")

    def _lacking(self, table: Table) -> bool:
        """Whether there must be codes that are not among the table's rows, which would have no money without them."""
        bounds = (self.network.bounds(rest) for rest in self.ground.rests if rest.table == table.id)
        return any((low or 0) > 0 or (high or 0) < 0 for low, high in bounds)

    def _table(self, table: Table, withheld: Collection[Ref]) -> tuple[list[Row], list[Row]]:
        """The rows of a table, and what is said of each of its cells."""
        rows, notes = [], []
        source = declared().rows.get(table.id)
        for name, row in self.ground.context.rows_of(table.id).items():
            values: dict[str, Value] = {}
            said: list[Row] = []
            for amount in table.amounts:
                key = Ref(table.id, name, amount.name)
                if key not in withheld and self.ground.context.printed(table, name, amount.name):
                    value, note = self._cell(key)
                    if note is not None:
                        values[amount.name] = value
                        said.append(note)
            if source and source.only_known and name.isdigit() and table.amounts[0].name not in values:
                continue
            notes += said
            rows.append(tuple(values.get(f.name, v) for f, v in zip(table.fields, row, strict=True)))
        return rows, notes

    def _cell(self, key: Ref) -> tuple[Value, Row | None]:
        """The value of a cell and what is said of it; nothing where it does not follow."""
        declared_cells = self.source.spec.tables["cells"]
        named = dict(zip(("table", "row", "field"), key, strict=True))
        value = self.network.value(key)
        if value is not None:
            how = words.derivation(self.network, key)
            basis = words.basis(self.network, key)
            return self._printed(value), make_row(declared_cells, **named, basis=basis, derivation=how)
        low, high = self.network.bounds(key)
        if low and key.row in listed_codes(self.source, key.table):
            return Nothing.UNDISCLOSED, make_row(
                declared_cells, **named, basis="undisclosed", derivation=words.bounds(self.network, key),
                min=self._printed(low), max=None if high is None else self._printed(high),
            )  # fmt: skip
        return None, None

    def _printed(self, value: Decimal) -> Decimal:
        return round_half_up(value, decimals_of_report(self.ground.context))


def _told(
    context: Context, built: Sequence[Table], left: Sequence[Table], cells: Iterable[Row]
) -> Iterator[Finding]:
    """How much was found, and which tables were not."""
    names = {table.id for table in built}
    at = context.spec.tables["cells"].position["basis"]
    counts = dict.fromkeys(context.spec.tables["cells"]["basis"].enum, 0)
    for row in cells:
        if row[0] in names:
            counts[str(row[at])] += 1
    if built:
        yield notify("READ-130", tables=len(built), count=sum(counts.values()), **counts)
    if left:
        yield notify("READ-133", titles="、".join(table.title for table in left))
