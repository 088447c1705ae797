"""Rules on counts, years, units, presence, codes, wording and plausibility: what they say of the examples, and their data.

Single changes that each rule catches or lets pass are the cases of the conformance suite.
"""

import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fatk import formats
from fatk.findings import FAILED, NOT_CHECKED
from fatk.rules import codes, run, words
from fatk.rules.context import EXACT, Context, load_rules
from fatk.spec import load

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "schemas/rules"
FILES = (
    "4-counts", "5-performance", "6-years", "7-entities", "8-presence", "9-codes", "10-wording", "11-plausibility",
)  # fmt: skip
W, F, M = "wuerhe-2022", "full", "minimal"


def declared(name: str) -> list[dict[str, Any]]:
    return json.loads((RULES / f"{name}.json").read_bytes())["rules"]


#: The rules under test: those of the files named above, and those of the same kinds declared with the tables.
MINE = {
    rule.id: rule
    for rule in load_rules().values()
    if rule.id in {entry["id"] for name in FILES for entry in declared(name)}
    or ("check" in rule.body and rule.kind in {"presence", "code", "lint"})
}
RUN = {rule.id: rule for rule in MINE.values() if rule.built and "covered_by" not in rule.body}


@cache
def document(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "datapackages" / name / "report.json").read_bytes())


def context_of(found: dict[str, Any]) -> Context:
    text = json.dumps(found, ensure_ascii=False).encode()
    return Context(formats.read_bytes(text, name="report.json")[1].report)


# The examples


def test_without_a_second_report_nothing_is_said():
    for name in ("6-years", "7-entities"):
        for entry in declared(name):
            rule = load_rules()[entry["id"]]
            if rule.id in RUN and rule.id not in {"CY-06", "CE-07"}:
                assert list(run({rule.id: rule}, context_of(document(F)))) == [], rule.id


def test_the_real_example_raises_two_findings_and_no_more():
    checks = list(run(RUN, context_of(document(W))))
    found = [
        (check.rule, check.severity or RUN[check.rule].severity, check.refs)
        for check in checks
        if check.outcome == FAILED
    ]
    assert sorted((rule, severity, ["/".join(ref) for ref in refs]) for rule, severity, refs in found) == [
        ("NN-44", "warning", ["three_public_activity/*/vehicles_owned", "state_assets/*/vehicles"]),
        (
            "PL-08",
            "info",
            ["performance_indicators/1/2/target_value", "performance_indicators/1/2/actual_value"],
        ),
    ]
    assert not [check for check in checks if check.outcome == NOT_CHECKED]
    assert {check.rule for check in checks if check.outcome == "within_rounding"} == set()


@pytest.mark.parametrize("name", [F, M])
def test_the_invented_examples_raise_nothing(name):
    checks = list(run(RUN, context_of(document(name))))
    assert {check.outcome for check in checks} == {EXACT, "not_applicable"}


@pytest.mark.parametrize("name", [W, F, M])
def test_the_same_report_gives_the_same_checks(name):
    one, other = (list(run(RUN, context_of(document(name)))) for _ in range(2))
    assert one == other


def test_plausibility_is_off_until_it_is_turned_on():
    rule = RUN["PL-07"]
    body = {k: v for k, v in rule.body.items() if k != "off"}
    on = dataclasses.replace(rule, body=body)
    for name in (W, F):
        assert list(run({rule.id: rule}, context_of(document(name)))) == []
        assert {c.outcome for c in run({on.id: on}, context_of(document(name)))} <= {
            EXACT,
            "not_applicable",
        }
    odd = copy.deepcopy(document(W))
    odd["notes"]["three_public_activity"]["domestic_person_times"] = 20
    assert [check.refs[0].row for check in run({on.id: on}, context_of(odd)) if check.outcome == FAILED] == [
        "reception",
        "*",
    ]


# The data


META = json.loads((ROOT / "schemas/meta/rule.schema.json").read_bytes())
VALIDATOR = Draft202012Validator(META)


@pytest.mark.parametrize("path", sorted(RULES.glob("*.json")), ids=lambda p: p.stem)
def test_rules_keep_the_shape_of_their_kind(path):
    assert (
        sorted(f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(json.loads(path.read_bytes())))
        == []
    )


RIGHT = {
    "id": "AB-01",
    "kind": "lint",
    "severity": "info",
    "basis": "CV",
    "since": "1.0.0",
    "title": {"zh": "规则", "en": "A rule."},
}
SUM = {"table": "income", "row": "TOTAL", "field": "total"}
#: Members put in or (None) taken away, and whether that is a rule.
SHAPES = [
    ({"check": "amount_decimals"}, True),
    ({"not_built": {"zh": "没有数据", "en": "There is no data."}}, True),
    ({"covered_by": "STR-05"}, True),
    ({}, False),
    ({"check": "amount_decimals", "words": ["一"]}, False),
    ({"check": "other"}, False),
    ({"check": "rate_decimals"}, False),
    ({"check": "rate_decimals", "decimals": 2, "except": ["income"]}, True),
    ({"check": "amount_decimals", "covered_by": "STR-05"}, False),
    ({"check": "amount_decimals", "severity": "fatal"}, False),
    ({"check": "amount_decimals", "title": {"zh": "规则", "en": "no sentence"}}, False),
    ({"check": "amount_decimals", "when": {"year": 2020}}, False),
    ({"check": "ordinals", "tables": ["functions"]}, False),
    ({"kind": "presence", "check": "ordinals", "tables": ["functions"]}, True),
    ({"kind": "linear", "left": [SUM], "right": [SUM]}, True),
    ({"kind": "linear", "left": [SUM]}, False),
    ({"kind": "linear", "left": [SUM], "right": [{**SUM, "rows": ["201"]}]}, False),
    ({"kind": "linear", "left": [SUM], "right": [{"constant": "0"}], "of": "parts"}, False),
    ({"kind": "linear", "left": [SUM], "right": [{**SUM, "of": "elsewhere"}]}, False),
    ({"kind": "linear", "instances": [{"left": [SUM], "right": [SUM]}]}, True),
    ({"kind": "rollup", "table": "income", "level": "total"}, True),
    ({"kind": "rollup", "table": "income", "level": "项"}, False),
    ({"kind": "sum", "left": [SUM], "right": [SUM]}, False),
]  # fmt: skip


@pytest.mark.parametrize(("members", "right"), SHAPES, ids=lambda x: json.dumps(x, ensure_ascii=False)[:60])
def test_a_rule_of_another_shape_is_none(members, right):
    assert VALIDATOR.is_valid({"rules": [{**RIGHT, **members}]}) is right


def test_forms_of_checks_are_those_that_are_declared():
    for kind, forms in (("presence", words.PRESENCE), ("lint", words.LINT), ("code", codes.CODE)):
        assert set(META["$defs"][kind]["properties"]["check"]["enum"]) == set(forms)
        assert {rule.body["check"] for rule in RUN.values() if rule.kind == kind} == set(forms)


def test_every_rule_of_the_catalogue_is_declared_once():
    every = [entry["id"] for path in RULES.glob("*.json") for entry in json.loads(path.read_bytes())["rules"]]
    assert len(every) == len(set(every))
    wanted = {"NN": range(40, 58), "PE": range(1, 16), "CY": range(1, 9), "CE": range(1, 8), "PF": range(1, 14),
              "KC": range(1, 14), "WD": range(1, 15), "PL": range(1, 10)}  # fmt: skip
    assert {f"{prefix}-{number:02}" for prefix, numbers in wanted.items() for number in numbers} <= set(every)


def test_operands_name_fields_that_exist():
    for rule in MINE.values():
        for place in places_in(rule.body):
            table = load().tables[place["table"]]
            assert place["field"] in table.position, (rule.id, place)
            assert "row" not in place or bool(table.key) != (place["row"] == "*"), (rule.id, place)
        for texts in (part["texts"] for part in parts_of(rule.body) if "texts" in part):
            for name, fields in texts.items():
                assert all(load().tables[name][f].type == "string" for f in fields), (rule.id, name)


def places_in(part: Any) -> Iterator[dict[str, Any]]:
    for found in parts_of(part):
        if isinstance(found.get("table"), str) and isinstance(found.get("field"), str):
            yield found


def parts_of(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, Mapping):
        yield dict(part)
        for value in part.values():
            yield from parts_of(value)
    elif isinstance(part, list):
        for value in part:
            yield from parts_of(value)


def test_what_covers_a_rule_exists():
    notices = {n["id"] for n in json.loads((ROOT / "schemas/notices/structure.json").read_bytes())["notices"]}
    covered = {rule.id: rule.body["covered_by"] for rule in MINE.values() if "covered_by" in rule.body}
    assert covered
    for rule, by in covered.items():
        assert by in notices or load_rules()[by].built, rule
        assert list(run({rule: MINE[rule]}, context_of(document(F)))) == []


def test_what_is_no_law_says_why():
    listed = json.loads((ROOT / "schemas/not_laws.json").read_bytes())["not_laws"]
    assert [entry["id"] for entry in listed] == [f"NO-{number:02}" for number in range(1, 31)]
    for entry in listed:
        assert set(entry) == {"id", "looks_like", "why"}
        for said in (entry["looks_like"], entry["why"]):
            assert re.search("[一-鿿]", said["zh"])
            assert said["en"].endswith(".")
        for rule in re.findall(r"[A-Z]{1,3}-[0-9]{2}", entry["why"]["zh"]):
            assert rule in load_rules()
