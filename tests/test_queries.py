"""The queries of docs/queries.md run on a store, and say of it what its reports say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fatk
from fatk.model import Report, build, make_row
from fatk.outcome import Outcome
from fatk.rules.context import YUAN
from fatk.warehouse import catalogue, chains
from stores import outcome_of, put, refused
from strategies import SPEC

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/queries.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"<!-- query: (\w+) -->\n```sql\n(.*?)```", PAGE, re.DOTALL))


def read(name: str) -> Report:
    """One of the examples."""
    return fatk.read(ROOT / "datapackages" / name).report


def changed(report: Report, times: int = 1, **entity: Any) -> Report:
    """The report of another entity, its amounts so many times as large; ``fiscal_year`` of another year."""
    year = entity.pop("fiscal_year", report.fiscal_year)
    rows = {t: list(r) for t, r in report.tables.items() if t != "codes"}
    for form in SPEC.forms:
        rows[form.id] = [
            tuple(v * times if isinstance(v, Decimal) else v for v in row) for row in report.rows(form.id)
        ]
    rows["report"] = [make_row(SPEC.tables["report"], **{**report.one("report"), "fiscal_year": year})]
    rows["entity"] = [make_row(SPEC.tables["entity"], **{**report.one("entity"), **entity})]
    return build(SPEC, rows)


def with_amount(report: Report, table: str, key: str, field: str, value: str | None) -> Report:
    """The report with another figure in one cell."""
    declared = SPEC.tables[table]
    rows = [
        tuple(
            (value and Decimal(value)) if row[0] == key and i == declared.position[field] else v
            for i, v in enumerate(row)
        )
        for row in report.rows(table)
    ]
    return build(SPEC, {**report.tables, table: rows})


def reports() -> Iterator[tuple[str, Report]]:
    """The reports of the store by path: the examples, another year, seven entities alike of which one is large, one wrong."""
    full, minimal = read("full"), read("minimal")
    yield "full.json", full
    yield "minimal.json", minimal
    yield "wuerhe.json", read("wuerhe-2022")
    yield "full-2021.json", changed(full, fiscal_year=full.fiscal_year - 1)
    for n in range(6):
        yield f"{n}.json", changed(minimal, name=f"第{n}站", administrative_division="650205")
    yield "large.json", changed(minimal, 1000, name="大站", administrative_division="650205")
    over = with_amount(minimal, "three_public_expenses", "reception", "final", "9.99")
    silent = with_amount(minimal, "three_public_expenses", "reception", "final", None)
    yield "silent.json", changed(silent, name="缄默站", administrative_division="110101")
    yield "wrong.json", changed(over, name="错站", administrative_division="110101")
    # The same report again, in a later revision: it is counted once.
    again = changed(minimal, name="第0站", administrative_division="650205")
    about = make_row(SPEC.tables["report"], **{**again.one("report"), "revision": 1})
    yield "0-revised.json", build(SPEC, {**again.tables, "report": [about]})


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [*(outcome_of(report, path) for path, report in reports()), refused("空.xlsx")]


@pytest.fixture(scope="module")
def store(outcomes: list[Outcome], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = put(tmp_path_factory.mktemp("store"), outcomes)
    chains.run(made)
    catalogue.build(made)
    return made


def run(store: Path, query: str) -> list[dict[str, Any]]:
    with catalogue.connect(store) as connection:
        found = connection.execute(QUERIES[query])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_finds_something(store: Path, query: str) -> None:
    assert run(store, query)


def test_every_query_of_the_page_is_run() -> None:
    assert len(QUERIES) == PAGE.count("```sql") >= 12


def counted() -> dict[str, Report]:
    """The reports that sums are made over: of those that are there twice, the later revision."""
    return {path: report for path, report in reports() if path != "0.json"}


def in_yuan(report: Report, value: Any) -> Decimal:
    return value * YUAN[str(report.unit)] if isinstance(value, Decimal) else Decimal(0)


def test_three_public_expenses_are_the_sum_over_the_reports(store: Path) -> None:
    expected: dict[tuple[int, str], Decimal] = {}
    for report in counted().values():
        for row in report.records("three_public_expenses"):
            key = report.fiscal_year, str(row["line"])
            expected[key] = expected.get(key, Decimal(0)) + in_yuan(report, row["final"])
    found: dict[tuple[int, str], Decimal] = {}
    for row in run(store, "three_public"):
        key = row["fiscal_year"], row["line"]
        found[key] = found.get(key, Decimal(0)) + (row["final"] or 0)
    assert found == expected


def test_function_classes_are_the_sum_over_the_reports(store: Path) -> None:
    expected: dict[tuple[str, int], Decimal] = {}
    for report in counted().values():
        for row in report.records("expenditure"):
            if len(str(row["code"])) == 3:
                key = str(row["code"]), report.fiscal_year
                expected[key] = expected.get(key, Decimal(0)) + in_yuan(report, row["total"])
    found = {(row["class"], row["fiscal_year"]): row["total"] for row in run(store, "functions_over_time")}
    assert found == expected


def test_what_stands_out_is_what_was_put_in(store: Path) -> None:
    assert {row["file"] for row in run(store, "outliers")} == {"large.json"}
    assert {row["entity"] for row in run(store, "over_budget")} >= {"错站"}
    assert {row["file"] for row in run(store, "differences")} == {"wrong.json"}
    assert [(row["refused"], row["files"], row["example"]) for row in run(store, "refused")] == [
        ("FILE_EMPTY", 1, "空.xlsx")
    ]
    assert {row["beside_files"] for row in run(store, "chains")} == {"full-2021.json"}


def test_what_is_not_stated_has_its_reason(store: Path) -> None:
    found = {
        (row["entity"], row["line_name"]): row["final_state"] for row in run(store, "three_public_states")
    }
    assert [state for (entity, _), state in found.items() if entity == "缄默站"] == ["blank"]


def test_verdicts_are_those_of_the_files(store: Path, outcomes: list[Outcome]) -> None:
    counts = Counter(one.result.verdict if one.result else "refused" for one in outcomes)
    found: dict[str, int] = {}
    for row in run(store, "verdicts"):
        found[row["verdict"]] = found.get(row["verdict"], 0) + row["files"]
    assert found == counts
