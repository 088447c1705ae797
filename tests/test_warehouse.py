"""A store holds the reports that were put in: every figure in 元 exactly, every state, every text, whoever reads it."""

from __future__ import annotations

import re
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fatk
from fatk.check import check
from fatk.model import Report, absent_fields, build, has_cell, make_row
from fatk.reading import Reading
from fatk.rules.context import YUAN
from fatk.spec import load
from fatk.values import Nothing
from fatk.warehouse import catalogue, chains, comparisons, held, readback
from fatk.warehouse.datasets import BASE, PARTITION, TYPES, dataset_id, datasets, schema
from stores import outcome_of, put, refused
from strategies import SPEC, balanced_reports, reports

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ("full", "minimal", "wuerhe-2022")


def read_back(store: Path) -> list[Report]:
    """Every report of a store in the order of paths."""
    files = sorted((store / "reports").glob("*/*/*.parquet"))
    parts = [place.relative_to(store / "reports").with_suffix("").as_posix() for place in files]
    wanted = [
        readback.Place(part, file, source)
        for part, place in zip(parts, files, strict=True)
        for source, file in zip(*pq.read_table(place, columns=["source", "file"]).columns, strict=True)
    ]
    wanted = [readback.Place(one.part, str(one.file), str(one.source)) for one in wanted]
    return list(readback.reports(store, sorted(wanted, key=lambda one: one.file)))


@pytest.fixture(scope="module")
def examples() -> dict[str, Report]:
    """The examples by the path that they have in the store."""
    return {f"{name}.json": fatk.read(ROOT / "datapackages" / name).report for name in EXAMPLES}


@pytest.fixture(scope="module")
def store(examples: dict[str, Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = put(
        tmp_path_factory.mktemp("store"),
        [*(outcome_of(report, path) for path, report in examples.items()), refused("坏.xlsx")],
    )
    catalogue.build(made)
    return made


def expected_cells(report: Report, table: str) -> list[tuple[object, ...]]:
    """Every amount of a form in 元 with its state, by the definition."""
    declared = SPEC.tables[table]
    own = report.status(table).get("unit") or report.unit
    absent = absent_fields(report, declared)
    found: list[tuple[object, ...]] = []
    for row in report.rows(table):
        values: list[object] = []
        for field in declared.amounts:
            value = row[declared.position[field.name]]
            if isinstance(value, Decimal):
                values += [value * YUAN[str(own)], "stated"]
            elif isinstance(value, Nothing):
                values += [None, value.value]
            else:
                values += [None, "blank" if has_cell(field, absent, row[0]) else "no_cell"]
        found.append((row[0], row[1], *values))
    return found


def amounts_of(table: str) -> list[str]:
    """The columns of the amounts of a form, each with that of its state, after key and name."""
    declared = SPEC.tables[table]
    return [
        *(f.name for f in declared.fields[:2]),
        *(name for f in declared.amounts for name in (f.name, f"{f.name}_state")),
    ]


@pytest.mark.parametrize("table", [form.id for form in SPEC.forms])
def test_duckdb_and_pyarrow_read_every_amount_and_state(
    store: Path, examples: dict[str, Report], table: str
) -> None:
    columns = amounts_of(table)
    listed = ", ".join(f'"{name}"' for name in columns)
    with catalogue.connect(store) as connection:
        for path, report in examples.items():
            expected = sorted(map(_plain, expected_cells(report, table)), key=str)
            query = f"SELECT {listed} FROM {table} WHERE file = ?"
            found = connection.execute(query, [path]).fetchall()
            assert sorted(map(_plain, found), key=str) == expected
            read = pq.read_table(store / table, filters=[("file", "=", path)]).select(columns).to_pylist()
            again = [tuple(row.values()) for row in read]
            assert sorted(map(_plain, again), key=str) == expected


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    """Figures by what they are worth, whatever zeros they end with."""
    return tuple(v.normalize() if isinstance(v, Decimal) else v for v in row)


@given(st.lists(reports(), min_size=1, max_size=4))
@settings(max_examples=10)
def test_reports_of_a_store_are_those_that_were_put_in(given: list[Report]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = put(Path(folder), (outcome_of(report, f"{n}.json") for n, report in enumerate(given)))
        assert read_back(store) == given
        for form in SPEC.forms:
            expected = [
                (f"{n}.json", *row)
                for n, report in enumerate(given)
                for row in expected_cells(report, form.id)
            ]
            assert stored_cells(store, form.id) == sorted(map(_plain, expected), key=str)


def stored_cells(store: Path, table: str) -> list[tuple[object, ...]]:
    """Every amount of a form in a store with its state, after path, key and name, as DuckDB reads the files."""
    files = str(store / table / "*/*/*.parquet")
    if not [*(store / table).glob("*/*/*.parquet")]:
        return []
    with duckdb.connect() as connection:
        listed = ", ".join(f'"{name}"' for name in ["file", *amounts_of(table)])
        found = connection.execute(f"SELECT {listed} FROM read_parquet(?)", [files]).fetchall()
    return sorted(map(_plain, found), key=str)


def test_columns_follow_from_the_table_schemas() -> None:
    """A field of the standard is one column, of its type, and nothing else is needed for it to be there."""
    for table in load().tables.values():
        columns = {
            column.field: column for column in datasets(load())[dataset_id(table)].columns if column.field
        }
        base = {"report": {"fiscal_year", "edition"}, "entity": {"name", "id", "administrative_division"}}
        assert columns.keys() == {f.name for f in table.fields} - base.get(table.id, set())
        for field in table.fields:
            if field.name in columns and field.type == "string":
                assert columns[field.name].type == "text", "a code is text"
            if field.amount:
                assert columns[field.name].type == "amount"


def test_no_column_is_there_twice_nor_named_as_a_folder_is() -> None:
    for dataset in datasets(load()).values():
        names = [column.name for column in dataset.columns]
        assert len(names) == len({*names})
        assert not {*names} & {*PARTITION}
        assert tuple(dataset.columns[: len(BASE)]) == BASE


def test_duckdb_and_arrow_have_the_types_declared(store: Path) -> None:
    arrow_types = {
        "decimal128(38, 6)": "DECIMAL(38,6)",
        "decimal128(24, 6)": "DECIMAL(24,6)",
        "string": "VARCHAR",
        "int64": "BIGINT",
        "bool": "BOOLEAN",
        "date32[day]": "DATE",
    }
    with catalogue.connect(store) as connection:
        for dataset in datasets(load()).values():
            columns = (
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND NOT internal"
            )
            found = dict(connection.execute(columns, [dataset.id]).fetchall())
            declared = {column.name: TYPES[column.type] for column in dataset.columns}
            assert found == {**declared, "province": "VARCHAR"}
            assert {f.name: arrow_types[str(f.type)] for f in schema(dataset)} == declared


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("999999999999999999.999999", "亿元", "99999999999999999999999900.000000"),
        ("-0.000001", "亿元", "-100.000000"),
        ("0.00", "万元", "0.000000"),
        ("0.000001", "元", "0.000001"),
        ("386.23", "万元", "3862300.000000"),
    ],
)
def test_amounts_in_yuan_are_exact(tmp_path: Path, text: str, unit: str, yuan: str) -> None:
    about = SPEC.tables["report"]
    report = fatk.read(ROOT / "datapackages/minimal").report
    income = SPEC.tables["income"]
    given = build(
        SPEC,
        {
            **report.tables,
            "report": [make_row(about, **{**report.one("report"), "unit": unit})],
            "income": [make_row(income, code="TOTAL", name="合计", total=Decimal(text))],
        },
    )
    store = put(tmp_path, [outcome_of(given, "0.json")])
    files = str(store / "income/*/*/*.parquet")
    with duckdb.connect() as connection:
        found = connection.execute("SELECT total, total_state FROM read_parquet(?)", [files]).fetchall()
    assert [(str(value), state) for value, state in found] == [(yuan, "stated")]
    assert read_back(store) == [given]


def test_without_a_unit_nothing_is_told_in_yuan_and_no_figure_is_lost(tmp_path: Path) -> None:
    report = fatk.read(ROOT / "datapackages/full").report
    about = make_row(SPEC.tables["report"], **{**report.one("report"), "unit": None})
    given = build(SPEC, {**report.tables, "report": [about]})
    store = put(tmp_path, [outcome_of(given, "0.json")])
    table = pq.read_table(store / "income")
    assert set(table["total_state"].to_pylist()) == {"unit_not_stated"}
    assert set(table["total"].to_pylist()) == {None}
    printed = pq.read_table(store / "printed", filters=[("table", "=", "income"), ("field", "=", "total")])
    assert sorted(printed["printed"].to_pylist()) == sorted(
        f"{v:f}" for v in _column(report, "income", "total")
    )
    assert read_back(store) == [given]


def _column(report: Report, table: str, field: str) -> list[Decimal]:
    return [v for row in report.records(table) if isinstance(v := row[field], Decimal)]


@pytest.mark.parametrize("unit", ["元", "万元", None])
def test_money_that_is_always_in_one_unit_is_in_yuan_too(tmp_path: Path, unit: str | None) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    assets, about = SPEC.tables["state_assets"], SPEC.tables["report"]
    given = build(
        SPEC,
        {
            **full.tables,
            "report": [make_row(about, **{**full.one("report"), "unit": unit})],
            "state_assets": [
                make_row(assets, **{**full.one("state_assets"), "equipment_threshold": Decimal("50.50")})
            ],
        },
    )
    store = put(tmp_path, [outcome_of(given, "a.json")])
    catalogue.build(store)
    with catalogue.connect(store) as connection:
        asked = "SELECT equipment_threshold, equipment_threshold_state FROM state_assets"
        assert connection.execute(asked).fetchall() == [(Decimal(505000), "stated")]
        told = "SELECT description FROM columns WHERE name = '{}' AND dataset = 'state_assets'"
        assert "In 元" in connection.execute(told.format("equipment_threshold")).fetchone()[0]
        assert "In 平方米." in connection.execute(told.format("building_area")).fetchone()[0]
    (back,) = read_back(store)
    if unit is not None:
        assert back.one("state_assets") == given.one("state_assets")


def test_rows_of_one_name_keep_the_decimals_that_each_is_printed_with(tmp_path: Path) -> None:
    report = fatk.read(ROOT / "datapackages/minimal").report
    income = SPEC.tables["income"]
    twice = [make_row(income, code="201", name="甲", total=Decimal(t)) for t in ("1.50", "1.5", "2", "2.00")]
    given = build(SPEC, {**report.tables, "income": twice})
    assert read_back(put(tmp_path, [outcome_of(given, "0.json")])) == [given]


def test_a_file_that_was_refused_is_a_source_and_a_finding(store: Path) -> None:
    with catalogue.connect(store) as connection:
        source = connection.execute(
            "SELECT file, no, verdict, refused FROM sources WHERE verdict = 'refused'"
        ).fetchall()
        finding = connection.execute(
            "SELECT file, rule, severity, message FROM findings WHERE verdict = 'refused'"
        ).fetchall()
    assert source == [("坏.xlsx", 0, "refused", "FILE_EMPTY")]
    assert finding == [("坏.xlsx", "FILE_EMPTY", "error", "文件是空的。")]


def test_findings_and_counts_are_those_of_the_result(store: Path, examples: dict[str, Report]) -> None:
    with catalogue.connect(store) as connection:
        for path, report in examples.items():
            result = fatk.validate(report)
            found = connection.execute(
                "SELECT id, rule, severity, message, message_en FROM findings WHERE file = ?", [path]
            ).fetchall()
            assert sorted(found) == sorted(
                (f.id, f.rule, f.severity, f.message(), f.message("en")) for f in result.findings
            )
            counts = connection.execute(
                "SELECT verdict, errors, exact, not_checked FROM reports WHERE file = ?", [path]
            ).fetchall()
            assert counts == [
                (result.verdict, *(result.summary[n] for n in ("errors", "exact", "not_checked")))
            ]


def test_the_database_is_read_from_any_folder_and_after_a_move(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "搬 走's"
    shutil.copytree(store, moved)
    monkeypatch.chdir(tmp_path)
    query = "SELECT count(*), min(fiscal_year) FROM income"
    with duckdb.connect("搬 走's/store.duckdb", read_only=True) as connection:
        expected = connection.execute(query).fetchall()
        assert expected[0][0] > 0
    shutil.rmtree(moved / "income")
    with (
        duckdb.connect("搬 走's/store.duckdb", read_only=True) as connection,
        pytest.raises(duckdb.IOException),
    ):
        connection.execute(query)  # it is the moved files that are read
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{store}/store.duckdb' AS s (READ_ONLY)")
        assert connection.execute(query.replace("income", "s.income")).fetchall() == expected


def test_a_query_of_one_year_opens_no_files_of_others(store: Path) -> None:
    with catalogue.connect(store) as connection:
        plan = str(
            connection.execute(
                "EXPLAIN ANALYZE SELECT sum(total) FROM income WHERE fiscal_year = 2021"
            ).fetchall()
        )
    folders = {path.parent.parent.name for path in (store / "income").glob("*/*/*.parquet")}
    assert len(folders) > 1
    assert re.search(r"Scanning Files: 1/[2-9]", plan)


def test_every_view_of_the_database_can_be_read(store: Path) -> None:
    with catalogue.connect(store) as connection:
        views = [
            name
            for (name,) in connection.execute(
                "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        ]
        assert {f"{dataset}{suffix}" for dataset in datasets(load()) for suffix in ("", "_named")} <= {*views}
        for view in views:
            rows = connection.execute(f"SELECT count(*) FROM {view}").fetchone()
            if view.endswith("_named"):
                assert (
                    rows
                    == connection.execute(f"SELECT count(*) FROM {view.removesuffix('_named')}").fetchone()
                )


def test_names_are_those_of_the_year(store: Path) -> None:
    with catalogue.connect(store) as connection:
        found = connection.execute(
            "SELECT code_name, class_name, division_name FROM expenditure_named WHERE file = 'wuerhe-2022.json' AND code = '2010301'"
        ).fetchall()
    assert found == [("行政运行", "一般公共服务支出", "新疆维吾尔自治区克拉玛依市乌尔禾区")]


# Between reports


def of(report: Report, year: int, **entity: Any) -> Report:
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


def told(report: Report, file: str, beside: str, files: str, **others: Any) -> list[tuple[object, ...]]:
    """What the rules say that need the other reports, as a check of single files has it."""
    result = check(Reading(report), **others)
    return sorted(
        (file, beside, files, f.id, f.rule, f.outcome, f.message(), f.expected, f.found, f.difference)
        for f in result.findings
        if f.rule in held.between()[beside]
    )


@given(balanced_reports(2), balanced_reports(2), balanced_reports(2))
@settings(max_examples=5)
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
        assert changed == set(held.between()[other])


def units_of(whole: Report) -> list[Report]:
    """A report of each unit that a department lists."""
    minimal = fatk.read(ROOT / "datapackages/minimal").report
    names = [str(row["name"]) for row in whole.records("constituents")]
    parent = str(whole.one("entity")["name"])
    return [
        of(minimal, whole.fiscal_year, name=n, id=None, kind="unit", scope="own", parent=parent)
        for n in names
    ]


def test_a_department_is_held_against_its_units_as_a_check_with_them_does(tmp_path: Path) -> None:
    whole = fatk.read(ROOT / "datapackages/full").report
    parts = units_of(whole)
    assert len(parts) > 1
    given = [outcome_of(part, f"units/{n}.json") for n, part in enumerate(parts)]
    store = put(tmp_path, [outcome_of(whole, "whole.json"), *given])
    files = "\n".join(one.path for one in given)
    found = chained(store)
    assert found == told(whole, "whole.json", "parts", files, parts=parts)
    assert {rule for *_, rule, _o, _m, _e, _f, _d in found} >= {"CE-01"}, "the units are not the whole here"
    with catalogue.connect(store) as connection:
        assert connection.execute("SELECT file FROM whole_reports").fetchall() == [("whole.json",)]


def test_without_one_of_its_units_a_department_is_only_told_that_it_lacks(tmp_path: Path) -> None:
    whole = fatk.read(ROOT / "datapackages/full").report
    parts = units_of(whole)[1:]
    store = put(
        tmp_path,
        [outcome_of(whole, "whole.json"), *(outcome_of(p, f"{n}.json") for n, p in enumerate(parts))],
    )
    assert {rule for _f, _b, _fs, _id, rule, *_ in chained(store)} == {"CE-05"}
    assert chains.run(store)["incomplete"] == 1


def test_a_department_that_lists_no_units_is_not_held_against_those_at_hand(tmp_path: Path) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    whole = build(SPEC, {**full.tables, "constituents": []})
    given = [outcome_of(part, f"{n}.json") for n, part in enumerate(units_of(full))]
    store = put(tmp_path, [outcome_of(whole, "whole.json"), *given])
    assert chained(store) == []
    assert chains.run(store) == {**dict.fromkeys((*comparisons.COUNTED, "findings"), 0), "unlisted": 1}


def test_amounts_without_a_unit_are_not_held_against_amounts_that_have_one(tmp_path: Path) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    about = make_row(SPEC.tables["report"], **{**full.one("report"), "fiscal_year": 2021, "unit": None})
    before = build(SPEC, {**full.tables, "report": [about]})
    store = put(tmp_path, [outcome_of(full, "b.json"), outcome_of(before, "a.json")])
    assert chained(store) == []
    assert chains.run(store)["unit_unknown"] == 1


@pytest.mark.parametrize(
    ("before", "now", "paired"),
    [
        ({"id": "1", "name": "甲局"}, {"id": "1", "name": "乙局"}, True),  # renamed, of one identifier
        ({"id": "1", "name": "甲局"}, {"id": "2", "name": "甲局"}, False),
        ({"id": None, "name": "甲局（本级）"}, {"id": None, "name": "甲局 (本级)"}, True),
        ({"id": "1", "name": "甲局"}, {"id": None, "name": "甲局"}, True),  # an identifier that one of them states
        ({"id": None, "name": "甲局", "administrative_division": "110101"}, {"id": None, "name": "甲局", "administrative_division": "110102"}, False),
        ({"id": "1", "scope": "own"}, {"id": "1", "scope": "consolidated"}, False),
    ],
)  # fmt: skip
def test_reports_of_two_years_are_those_of_one_entity_and_scope(
    tmp_path: Path, before: dict[str, Any], now: dict[str, Any], paired: bool
) -> None:
    report = fatk.read(ROOT / "datapackages/full").report
    one = of(report, 2021, **{"id_scheme": "uscc" if before.get("id") else None, **before})
    other = of(report, 2022, **{"id_scheme": "uscc" if now.get("id") else None, **now})
    store = put(tmp_path, [outcome_of(one, "0.json"), outcome_of(other, "1.json")])
    assert chains.run(store)["previous"] == paired


def test_the_last_revision_is_the_one_that_counts(tmp_path: Path) -> None:
    report = fatk.read(ROOT / "datapackages/full").report
    revised = build(
        SPEC,
        {
            **report.tables,
            "report": [make_row(SPEC.tables["report"], **{**report.one("report"), "revision": 1})],
        },
    )
    before = of(report, report.fiscal_year - 1)
    store = put(
        tmp_path,
        [outcome_of(report, "b.json"), outcome_of(revised, "c.json"), outcome_of(before, "a.json")],
    )
    assert {(file, files) for file, _, files, *_ in chained(store)} == {("c.json", "a.json")}


def counted(store: Path) -> list[str]:
    """The files whose figures are summed."""
    catalogue.build(store)
    with catalogue.connect(store) as connection:
        return [
            file for (file,) in connection.execute("SELECT file FROM whole_reports ORDER BY file").fetchall()
        ]


_WORKBOOK = {"name": "甲县示例局", "administrative_division": "110101", "id": None, "id_scheme": None}
#: As a narrative of the same department has it.
_NARRATIVE = {**_WORKBOOK, "administrative_division": None, "kind": None, "scope": None}


@pytest.mark.parametrize("scope", ["consolidated", "own"])
def test_a_workbook_and_the_narrative_beside_it_are_counted_once(tmp_path: Path, scope: str) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    workbook = of(
        full, 2022, **{**_WORKBOOK, "kind": "unit" if scope == "own" else "department", "scope": scope}
    )
    bare = {**of(full, 2022, **_NARRATIVE).tables}
    narrative = build(SPEC, {t: bare[t] for t in ("report", "entity", "staffing")})
    given = [outcome_of(workbook, "报表.xlsx"), outcome_of(narrative, "a说明.docx")]
    assert counted(put(tmp_path, given)) == ["报表.xlsx"]


def test_a_name_of_two_divisions_tells_nothing_of_a_report_without_one(tmp_path: Path) -> None:
    full = fatk.read(ROOT / "datapackages/full").report
    elsewhere = {**_WORKBOOK, "administrative_division": "110102"}
    given = [of(full, 2022, **entity) for entity in (_WORKBOOK, elsewhere, _NARRATIVE)]
    store = put(tmp_path, [outcome_of(report, f"{n}.json") for n, report in enumerate(given)])
    assert counted(store) == ["0.json", "1.json", "2.json"]
