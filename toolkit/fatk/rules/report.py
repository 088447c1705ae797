"""From checks to findings: what came of a rule, as one sentence with the cells that it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from fatk import resources
from fatk.findings import FAILED, INFO, NOT_CHECKED, WITHIN_ROUNDING, CellRef, Finding, fill
from fatk.rules.context import Check, Context, Ref, Rule
from fatk.rules.prose import line_name
from fatk.values import Value, show

#: Cells that a finding about what was not checked names, at most.
_NAMED: Final = 12
#: Titles of rules and labels of cells are the standard's and the form's own: they are not cut.
_LONG: Final = 300
#: Within rounding, only these are worth a finding unless all are asked for.
_WORTH: Final = frozenset({"improbable", "fewer_decimals", "truncated", "plugged", "other_base"})


@cache
def texts() -> Mapping[str, Any]:
    """Sentences, reasons and advice by outcome."""
    found: Mapping[str, Any] = resources.read_json("notices", "checks.json")
    return found


def findings(
    checks: Iterable[Check], rules: Mapping[str, Rule], context: Context, *, everything: bool = False
) -> Iterator[Finding]:
    """The findings of checks: each failure, each doubtful rounding, and once a rule and reason what was not checked."""
    unchecked: dict[tuple[str, str], list[Check]] = defaultdict(list)
    for check in checks:
        if check.outcome == FAILED or (
            check.outcome == WITHIN_ROUNDING and (everything or check.qualifier in _WORTH)
        ):
            yield finding(check, rules[check.rule], context)
        elif check.outcome == NOT_CHECKED:
            unchecked[check.rule, check.reason or ""].append(check)
    for (rule, reason), group in unchecked.items():
        yield _unchecked(rules[rule], reason, group, context)


def finding(check: Check, rule: Rule, context: Context) -> Finding:
    """The finding of one check that failed or that only rounding explains."""
    severity = INFO if check.outcome == WITHIN_ROUNDING else check.severity or rule.severity
    cells = tuple(cell(ref, context) for ref in check.refs if ref.table)
    figures = {
        "expected": _figure(check.expected), "found": _figure(check.found),
        "difference": _figure(check.difference), "tolerance": _figure(check.tolerance),
    }  # fmt: skip
    details = dict(check.details)
    sentences = {}
    for language in ("zh", "en"):
        known = {k: v for k, v in figures.items() if v is not None}
        label = (cells[0].label if cells else None) or ""
        sentence = details.get(language)
        if sentence is None:
            template = texts()["sentences"].get(f"{rule.kind}.{check.outcome}") or texts()["sentences"].get(
                "linear.failed" if rule.kind == "rollup" and check.outcome == FAILED else check.outcome
            )
            sentence = fill(template[language], {"title": rule.title[language], "label": label, **known})
        elif rule.title[language] not in sentence:
            sentence = f"{rule.title[language]}{'：' if language == 'zh' else ' '}{sentence}"
        if check.qualifier:
            said = texts()["qualifiers"][check.qualifier][language]
            sentence += f"（{said}）" if language == "zh" else f" ({said})"
        sentences[language] = sentence
    return Finding(
        rule.id,
        severity,
        check.outcome,
        cells,
        tuple(sorted(sentences.items())),
        check.qualifier,
        check.reason,
        **figures,
    )


def _unchecked(rule: Rule, reason: str, group: list[Check], context: Context) -> Finding:
    refs = dict.fromkeys(ref for check in group for ref in check.refs if ref.table)
    said = texts()["reasons"].get(reason, {"zh": "没有", "en": "not there"})
    sentences = {
        language: fill(
            texts()["sentences"]["not_checked"][language],
            {"title": rule.title[language], "count": len(group), "reason": said[language]},
            _LONG,
        )
        for language in ("zh", "en")
    }
    cells = tuple(cell(ref, context) for ref in list(refs)[:_NAMED])
    return Finding(rule.id, INFO, NOT_CHECKED, cells, tuple(sorted(sentences.items())), None, reason)


def cell(ref: Ref, context: Context) -> CellRef:
    """A cell as findings name it: with the label printed beside it and what it says."""
    table = context.spec.tables[ref.table]
    field = table.fields[table.position[ref.field]]
    row = context.rows_of(ref.table).get(ref.row)
    name = row[table.position["name"]] if row is not None and "name" in table.position else None
    if row is None and table.kind == "form":
        name = line_name(table.id, ref.row)
    label = (
        field.title
        if not isinstance(name, str)
        else name
        if len(table.amounts) == 1
        else f"{name}·{field.title}"
    )
    if table.kind == "form":
        label = f"《{table.title}》{label}"
    value: Value = row[table.position[ref.field]] if row is not None else None
    return CellRef(ref.table, ref.row, ref.field, None, label, None if value is None else show(value))


def _figure(value: Decimal | str | None) -> str | None:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if value and isinstance(exponent, int) and exponent < -2:
            value = value.normalize()
        return format(value or abs(value), "f")
    return value
