"""A store holds the reports that were put in: every figure in 元 exactly, every state, every text, whoever reads it."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import outcome_of, put, refused
from strategies import SPEC, balanced_reports, reports

import fatk
from fatk.check import check
from fatk.model import Report, absent_fields, build, has_cell, make_row
from fatk.reading import Reading
from fatk.rules.context import YUAN
from fatk.spec import load
from fatk.values import Nothing
from fatk.warehouse import catalogue, chains, readback
from fatk.warehouse.datasets import BASE, PARTITION, STATES, TYPES, arrow, dataset_id, datasets, schema
from fatk.warehouse.rows import rows

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ("full", "minimal", "wuerhe-2022")


def read_back(store: Path) -> list[Report]:
    """Every report of a store in the order of paths."""
    with duckdb.connect() as connection:
        files = str(store / "reports/*/*/*.parquet")
        connection.execute(
            "CREATE TABLE wanted AS SELECT row_number() OVER (ORDER BY file) AS place, source, file"
            f" FROM read_parquet('{files}')"
        )
        return [report for _, report in readback.reports(connection, store)]


@given(st.lists(reports(), min_size=1, max_size=4))
@settings(max_examples=12)
def test_reports_of_a_store_are_those_that_were_put_in(given: list[Report]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = put(Path(folder), (outcome_of(report, f"{n}.json") for n, report in enumerate(given)))
        assert read_back(store) == given


# Between reports


def of(report: Report, year: int, **entity: str) -> Report:
    """The report as that of another year and entity."""
    about, whose = SPEC.tables["report"], SPEC.tables["entity"]
    rows = {
        "report": [make_row(about, **{**report.one("report"), "fiscal_year": year})],
        "entity": [make_row(whose, **{**report.one("entity"), **entity})],
    }
    return build(SPEC, {**{t: r for t, r in report.tables.items() if t != "codes"}, **rows})


def chained(store: Path) -> list[tuple[object, ...]]:
    """What was found between the reports of a store."""
    chains.run(store)
    catalogue.build(store)
    with catalogue.connect(store) as connection:
        found = connection.execute(
            "SELECT file, beside, beside_files, id, rule, outcome, message, expected, found, difference"
            " FROM chain_findings ORDER BY ALL"
        )
        return list(found.fetchall())


def told(report: Report, file: str, beside: str, files: str, **others: object) -> list[tuple[object, ...]]:
    """What the rules say that need the other reports, as a check of single files has it."""
    result = check(Reading(report), **others)
    return sorted(
        (file, beside, files, f.id, f.rule, f.outcome, f.message(), f.expected, f.found, f.difference)
        for f in result.findings
        if f.rule in chains.between()[beside]
    )


@given(balanced_reports(2), balanced_reports(2), balanced_reports(2))
@settings(max_examples=8)
def test_years_of_an_entity_are_held_against_each_other_as_a_check_of_two_files_does(
    first: Report, second: Report, other: Report
) -> None:
    given = [of(first, 2021), of(second, 2022), of(other, 2022, name="另一局"), of(other, 2024)]
    with tempfile.TemporaryDirectory() as folder:
        store = put(Path(folder), (outcome_of(report, f"{n}.json") for n, report in enumerate(given)))
        found = chained(store)
        assert found == told(given[1], "1.json", "previous", "0.json", previous=given[0])
        assert found == chained(store), "a second pass changes nothing"


def test_rules_that_need_other_reports_are_all_known() -> None:
    """Whatever a rule says otherwise with another report beside it, it is one of those that chains run, and each of these
    does."""
    full = fatk.read(ROOT / "datapackages/full").report
    base = SPEC.tables["changes"].position["base_amount"]
    amount = SPEC.tables["changes"].position["amount"]
    unstated = [
        tuple(None if i in {base, amount} else v for i, v in enumerate(row)) for row in full.rows("changes")
    ]
    report = of(build(SPEC, {**full.tables, "changes": unstated}), 2022)
    before = of(fatk.read(ROOT / "datapackages/full").report, 2021)
    alone = check(Reading(report)).ran
    beside = {
        "previous": check(Reading(report), previous=before).ran,
        "parts": check(Reading(report), parts=[report]).ran,
    }
    for other, ran in beside.items():
        changed = {rule for rule in ran.keys() | alone.keys() if ran.get(rule) != alone.get(rule)}
        assert changed == set(chains.between()[other])
