"""One report of a store held against others: by the same rules as of one file and another.

A department is only held against its units where they are just those that it lists, each with a report in the store: without one
of them every sum would fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

from fatk.model import Report
from fatk.rules import KINDS
from fatk.rules.context import EXACT, NOT_APPLICABLE, Context, Rule, load_rules
from fatk.rules.report import findings
from fatk.rules.terms import equations
from fatk.warehouse import readback
from fatk.warehouse.comparisons import PARTS, PREVIOUS, Comparison
from fatk.warehouse.datasets import COMPARED, INCOMPLETE, UNFINISHED, UNIT_UNKNOWN, UNLISTED
from fatk.warehouse.readback import Place
from fatk.warehouse.rows import FACTORS, Cells, finding_cells

#: What rules need that are no sums: by their kind and what they check.
_NEEDS: Mapping[tuple[str, str], str] = {
    ("rate", "published"): PREVIOUS,
    ("presence", "scope_changed"): PREVIOUS,
    ("code", "constituents"): PARTS,
}
#: The rule that tells whether a department's units are those at hand.
_UNITS = ("code", "constituents")


@cache
def between() -> Mapping[str, Mapping[str, Rule]]:
    """The rules that need another report, by which one they need: last year's, or those of the units."""
    found: dict[str, dict[str, Rule]] = {PREVIOUS: {}, PARTS: {}}
    for rule in load_rules().values():
        if not rule.built:
            continue
        if rule.kind in {"linear", "compare"}:
            needs = {other for equation in equations(rule) for other in equation.needs}
        else:
            other = _NEEDS.get(_what(rule))
            needs = {other} if other else set()
        for other in needs:
            found[other][rule.id] = rule
    return found


def rows(
    store: Path, comparisons: Sequence[Comparison], begun: Callable[[int], object] = lambda _: None
) -> Iterator[tuple[list[Cells], Cells]]:
    """What comes of each comparison: its rows of ``chain_findings`` and its row of ``comparisons``; ``begun`` is called with the
    number of each before.

    Reports come from the store as they are needed; those of the comparison before, of which a chain of years needs one again, are
    kept until then.
    """
    wanted = _in_turn(comparisons)
    made = readback.reports(store, [place for places in wanted for place in places])
    at_hand: dict[Place, Report] = {}
    for number, (comparison, more) in enumerate(zip(comparisons, wanted, strict=True)):
        begun(number)
        places = () if comparison.unfinished else (comparison.place, *comparison.others)
        at_hand |= {place: next(made) for place in more}
        at_hand = {place: at_hand[place] for place in places}
        if comparison.unfinished:
            outcome, found = UNFINISHED, list[Cells]()
        else:
            outcome, found = _held(comparison, *(at_hand[place] for place in places))
        files = "\n".join(other.file for other in comparison.others)
        beside = (comparison.beside, files, comparison.key)
        yield (
            [(*comparison.base, *cells, *beside) for cells in found],
            (*comparison.base, *beside, outcome, len(found)),
        )


def _in_turn(comparisons: Sequence[Comparison]) -> list[list[Place]]:
    """The reports that each comparison needs and the one before it does not."""
    before: set[Place] = set()
    found = []
    for one in comparisons:
        places = dict.fromkeys(() if one.unfinished else (one.place, *one.others))
        found.append([place for place in places if place not in before])
        before = set(places)
    return found


def _held(comparison: Comparison, report: Report, *others: Report) -> tuple[str, list[Cells]]:
    """What comes of holding a report against others: the outcome, and the values of each finding."""
    if any((other.unit is None) != (report.unit is None) for other in others):
        return UNIT_UNKNOWN, []  # figures in 元 and figures in who knows what
    previous, parts = (others[0], ()) if comparison.beside == PREVIOUS else (None, others)
    context = Context(report, previous, parts)
    outcome, rules = _applicable(comparison.beside, context)
    checks = chain.from_iterable(KINDS[rule.kind](rule, context) for rule in rules)
    factor = FACTORS.get(str(report.unit))
    return outcome, [
        finding_cells(finding, report.spec, factor)
        for finding in findings(checks, between()[comparison.beside], context)
    ]


def _applicable(beside: str, context: Context) -> tuple[str, list[Rule]]:
    """What a comparison comes to, and the rules that apply to it. Where the units at hand are not those that the department lists,
    only that is told."""
    rules = [rule for rule in between()[beside].values() if context.applies(rule)]
    units = [rule for rule in rules if _what(rule) == _UNITS]
    outcomes = {check.outcome for rule in units for check in KINDS[rule.kind](rule, context)}
    if NOT_APPLICABLE in outcomes:
        return UNLISTED, units
    return (COMPARED, rules) if outcomes <= {EXACT} else (INCOMPLETE, units)


def _what(rule: Rule) -> tuple[str, str]:
    return rule.kind, str(rule.body.get("check"))
