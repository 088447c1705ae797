"""The conformance suite: every rule is broken by one change and lets a near miss pass, in files that any language can read.

The cases are ``schemas/conformance/*.json``; what their members mean stands in ``schemas/meta/conformance.schema.json``.
Here is only what applies a change to a ``report.json`` and holds the rules to what a case expects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fatk import formats
from fatk.findings import FAILED, NOT_CHECKED, WITHIN_ROUNDING
from fatk.model import Report
from fatk.rules import run
from fatk.rules.context import Check, Context, load_rules
from fatk.spec import load

ROOT = Path(__file__).resolve().parent.parent
SPEC = load()
FORMS = {form.id for form in SPEC.forms}
RULES = load_rules()
BUILT = [rule.id for rule in RULES.values() if rule.built and "covered_by" not in rule.body]
FILES = {
    path.stem: json.loads(path.read_bytes())
    for path in sorted(
        (ROOT / "schemas/conformance").glob("*.json"), key=lambda p: int(p.name.partition("-")[0])
    )
}
CASES = [case for suite in FILES.values() for case in suite["cases"]]
EXCEPTIONS = [entry for suite in FILES.values() for entry in suite.get("exceptions", ())]

Document = dict[str, Any]
#: What makes one finding the same as another: its outcome, severity, cells and difference.
Said = tuple[str, str, tuple[tuple[str, str, str], ...], Decimal | None]


# From a case to a report


@cache
def source(base: str) -> bytes:
    return (ROOT / "datapackages" / base / "report.json").read_bytes()


def document(given: Mapping[str, Any]) -> Document:
    """The ``report.json`` of an input, before any change."""
    found: Document = json.loads(source(given["base"]))
    if "tables" in given:
        found["tables"] = {name: found["tables"][name] for name in given["tables"] if name in found["tables"]}
        found["cells"] = [
            cell
            for cell in found.get("cells", ())
            if cell["table"] not in FORMS or cell["table"] in found["tables"]
        ]
    if given.get("without_notes"):
        found = {k: v for k, v in found.items() if k not in {"notes", "claims", "cells"}}
    if "times" in given:
        for name, table in found["tables"].items():
            amounts = {field.name for field in SPEC.tables[name].amounts}
            for row in table.get("rows", ()):
                for key in amounts & row.keys():
                    row[key] = str(given["times"] * Decimal(row[key]))
    return found


def rows(found: Document, table: str) -> dict[str, dict[str, Any]]:
    """The rows of a table of the standard by their names, wherever ``report.json`` keeps them."""
    if table == "tables":
        return found["tables"]
    part, member = place(found, table)
    key = SPEC.tables[table].key
    if not key:
        return {"*": part[member]} if part.get(member) else {}
    return {name_of(row, key): row for row in part.get(member, ())}


def place(found: Document, table: str) -> tuple[dict[str, Any], str]:
    if table in FORMS:
        return found["tables"].setdefault(table, {}), "rows"
    if table in {"report", "entity", "sources", "cells", "claims", "codes"}:
        return found, table
    return found.setdefault("notes", {}), table


def name_of(row: Mapping[str, Any], key: Iterable[str]) -> str:
    return "/".join("" if row.get(field) is None else str(row[field]) for field in key)


def changed(found: Document, changes: Iterable[Mapping[str, Any]]) -> Document:
    """The document with cells set, rows added and rows removed, one after the other."""
    for change in changes:
        if "cell" in change:
            table, name, field = change["cell"]
            if name == "*" and not SPEC.tables[table].key and not rows(found, table):
                part, member = place(found, table)
                part[member] = {}
                wanted = [part[member]]
            else:
                wanted = [rows(found, table)[row] for row in matching(found, table, name)]
            for row in wanted:
                row[field] = change["value"]
        elif "add" in change:
            part, member = place(found, change["table"])
            part.setdefault(member, []).append(dict(change["add"]))
        else:
            table, name = change["remove"]
            gone = set(matching(found, table, name))
            part, member = (found, "tables") if table == "tables" else place(found, table)
            if isinstance(part[member], list):
                key = SPEC.tables[table].key
                part[member] = [row for row in part[member] if name_of(row, key) not in gone]
            elif table == "tables":
                part[member] = {k: v for k, v in part[member].items() if k not in gone}
            else:
                part[member] = {}
    return found


def matching(found: Document, table: str, wanted: str) -> list[str]:
    """The names of rows that a name with ``*`` for any characters chooses: one at least."""
    pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("*")))
    names = [name for name in rows(found, table) if pattern.fullmatch(name)]
    assert names, f"{table} has no row {wanted}"
    return names


def report_of(given: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> Report:
    text = json.dumps(changed(document(given), changes), ensure_ascii=False)
    return formats.read_bytes(text.encode(), name="report.json")[1].report


def context_of(case: Mapping[str, Any]) -> Context:
    given = case["input"]
    last, parts = given.get("previous"), given.get("parts", ())
    return Context(
        report_of(given, case["change"]),
        report_of(last, last["change"]) if last else None,
        [report_of(part, part["change"]) for part in parts],
    )


# From a report to what is said of it


def said(checks: Iterable[Check]) -> Iterator[tuple[str, Said]]:
    """What is neither exact nor not applicable, with its rule."""
    for check in checks:
        if check.outcome in {FAILED, WITHIN_ROUNDING, NOT_CHECKED}:
            severity = check.severity or RULES[check.rule].severity
            yield check.rule, (check.outcome, severity, tuple(map(tuple, check.refs)), check.difference)


@cache
def standing(given: str) -> frozenset[tuple[str, Said]]:
    """What is said of an input as it is, without any change and without other reports."""
    return frozenset(said(run(RULES, Context(report_of(json.loads(given), ())))))


def before(given: Mapping[str, Any]) -> frozenset[tuple[str, Said]]:
    alone = {k: v for k, v in given.items() if k not in {"previous", "parts"}}
    return standing(json.dumps(alone, sort_keys=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_comes_out_as_it_is_expected(case: Mapping[str, Any]) -> None:
    expect, rule = case["expect"], case["rule"]
    alone = "only" not in expect and "also" not in expect
    checks = list(run({rule: RULES[rule]} if alone else RULES, context_of(case)))
    new = [(name, one) for name, one in said(checks) if (name, one) not in before(case["input"])]
    mine = [one for name, one in new if name == rule]
    if expect["outcome"] == "exact":
        assert mine == []
    else:
        found = [one for one in mine if one[0] == expect["outcome"]]
        assert found, mine
        if expect["outcome"] == WITHIN_ROUNDING:
            assert FAILED not in {outcome for outcome, *_ in mine}
        if "severity" in expect:
            assert {severity for _, severity, *_ in found} == {expect["severity"]}
        if "difference" in expect:
            assert Decimal(expect["difference"]) in {difference for *_, difference in found}
        if "cells" in expect:
            assert each_has_its_own([set(cells) for _, _, cells, _ in found], expect["cells"]), found
        told = [c for c in checks if c.rule == rule and c.outcome == expect["outcome"]]
        if "tolerance" in expect:
            assert Decimal(expect["tolerance"]) in {check.tolerance for check in told}
        for name in ("reason", "qualifier", "found"):
            if name in expect:
                values = (getattr(check, name) for check in told)
                assert expect[name] in {None if value is None else str(value) for value in values}
        assert any(expect.get("says", "") in dict(check.details).get("zh", "") for check in told)
        for check in told:
            assert_is_told(check)
    if not alone:
        failed = {name for name, (outcome, *_) in new if outcome == FAILED} - {rule}
        broken = {rule, *expect.get("also", ())}
        implied = {name for name in failed if broken & set(RULES[name].implied_by)}
        assert failed - implied - set(expect.get("also", ())) == set()
        assert set(expect.get("also", ())) <= failed


def assert_is_told(check: Check) -> None:
    """A check says what it found: by its figures, by why it has none, or by sentences of its own in both languages."""
    sentences = dict(check.details)
    assert set(sentences) in ({"zh", "en"}, set())
    assert sentences or check.reason or check.expected is not None or check.found is not None
    assert not any("None" in text for text in sentences.values())


def each_has_its_own(found: list[set[tuple[str, ...]]], cells: list[list[str]]) -> bool:
    """Whether there are as many findings as cells and each finding has another one of the cells."""
    if len(found) != len(cells):
        return False
    if not found:
        return True
    return any(
        tuple(cell) in found[0] and each_has_its_own(found[1:], cells[:i] + cells[i + 1 :])
        for i, cell in enumerate(cells)
    )


# The files


VALIDATOR = Draft202012Validator(json.loads((ROOT / "schemas/meta/conformance.schema.json").read_bytes()))


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_the_shape_of_the_suite(name: str) -> None:
    assert sorted(f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(FILES[name])) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_cases_of_its_rules_and_in_their_order(name: str) -> None:
    declared = [e["id"] for e in json.loads((ROOT / f"schemas/rules/{name}.json").read_bytes())["rules"]]
    used = [case["rule"] for case in FILES[name]["cases"]]
    assert sorted(used, key=declared.index) == used


def test_every_file_of_rules_has_its_cases() -> None:
    assert set(FILES) == {path.stem for path in (ROOT / "schemas/rules").glob("*.json")}


def test_ids_are_unique_and_begin_with_their_rule() -> None:
    ids = [case["id"] for case in CASES]
    assert len(ids) == len(set(ids))
    assert [case["id"] for case in CASES if not case["id"].startswith(case["rule"] + "/")] == []


@pytest.mark.parametrize("kind", ["caught", "near"])
def test_every_built_rule_has_a_case_of_each_kind_or_a_reason_for_none(kind: str) -> None:
    told = {case["rule"] for case in CASES if case["id"].split("/")[1] == kind}
    excused = {entry["rule"] for entry in EXCEPTIONS if kind in entry["without"]}
    assert sorted(told | excused, key=BUILT.index) == BUILT
    assert told & excused == set()


def test_what_is_caught_fails_and_what_is_near_does_not() -> None:
    outcomes = {
        kind: {c["expect"]["outcome"] for c in CASES if c["id"].split("/")[1] == kind}
        for kind in ("caught", "near")
    }
    assert outcomes["caught"] == {FAILED}
    assert outcomes["near"] <= {"exact", WITHIN_ROUNDING}
