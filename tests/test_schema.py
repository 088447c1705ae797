"""The standard's data keeps its declared shape; what derives from it is up to date and tells right from wrong.

Cases are data: a document that is right, one change, and what must be said of it.
"""

import copy
import csv
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fatk import model, schema, spec, values
from fatk.formats import json as json_form
from fatk.formats import package as package_form

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"
REPORT, PACKAGE = SCHEMAS / "generated/report.schema.json", SCHEMAS / "generated/package.schema.json"
FINDINGS = SCHEMAS / "findings.schema.json"

#: Hand-written data, by the schema of its kind.
DATA = {
    "table": sorted(SCHEMAS.glob("tables/*.json")),
    "edition": sorted(SCHEMAS.glob("editions/*.json")),
    "notice": sorted(SCHEMAS.glob("notices/*.json")),
    "standard": [SCHEMAS / "standard.json"],
    "wording": sorted(SCHEMAS.glob("wording/*.json")),
    "self_evaluation": [SCHEMAS / "self_evaluation.json"],
    "derivation": [SCHEMAS / "derivation.json"],
}
ALL_SCHEMAS = [*sorted(SCHEMAS.glob("meta/*.schema.json")), FINDINGS, REPORT, PACKAGE]


def name_of(path: Path) -> str:
    return path.relative_to(SCHEMAS).as_posix()


@cache
def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def standard() -> spec.Spec:
    return spec.load()


def tables() -> list[spec.Table]:
    return list(standard().tables.values())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Every schema


@pytest.mark.parametrize("path", ALL_SCHEMAS, ids=name_of)
def test_a_schema_is_valid_2020_12(path):
    document = read(path)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)


@pytest.mark.parametrize("path", ALL_SCHEMAS, ids=name_of)
def test_patterns_are_those_that_every_engine_knows(path):
    # Character classes by name and lookaround differ from engine to engine; `format` is checked by some only.
    patterns = [
        value for keyword, value in keywords(read(path)) if keyword == "pattern" and isinstance(value, str)
    ]
    assert [p for p in patterns if re.search(r"\\[dDwWsSbBpPxu0]|\(\?", p)] == []
    assert not any(keyword == "format" and isinstance(value, str) for keyword, value in keywords(read(path)))


def keywords(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield key, value
            yield from keywords(value)
    elif isinstance(part, list):
        for value in part:
            yield from keywords(value)


def test_schemas_have_ids_of_their_own():
    ids = [read(path)["$id"] for path in ALL_SCHEMAS]
    assert len(set(ids)) == len(ids)
    assert read(REPORT)["$id"] == f"urn:fatk:schema:report:{standard().version}"
    assert read(PACKAGE)["$id"] == f"urn:fatk:schema:package:{standard().version}"


# Hand-written data


@pytest.mark.parametrize(
    ("kind", "path"),
    [(kind, path) for kind, paths in DATA.items() for path in paths],
    ids=lambda x: getattr(x, "name", x),
)
def test_data_keep_the_shape_of_their_kind(kind, path):
    validator = Draft202012Validator(read(SCHEMAS / f"meta/{kind}.schema.json"))
    assert sorted(f"{e.json_path}: {e.message}" for e in validator.iter_errors(read(path))) == []


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.id)
def test_a_table_is_called_as_its_file_and_its_fields_apart(table):
    assert (SCHEMAS / f"tables/{table.id}.json").is_file()
    for attribute in ("name", "title"):
        said = [getattr(f, attribute) for f in table.fields]
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.id)
def test_descriptions_are_english(table):
    # A Chinese term may stand in an English sentence; a Chinese sentence may not.
    for description in (table.description, *(f.description for f in table.fields)):
        assert re.sub("[一-鿿（）“”]{1,12}|[≥…]", "", description).isascii(), description
        assert len(re.findall("[A-Za-z]", description)) > len(re.findall("[一-鿿]", description)), description


def test_orders_of_tables_are_apart():
    assert len({t.order for t in tables()}) == len(tables())


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.id)
def test_labels_are_those_of_the_allowed_values(table):
    for field in table.fields:
        assert not field.labels or list(field.labels) == list(field.enum), field.name


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.id)
def test_keys_and_references_point_to_fields(table):
    for name in table.key:
        assert table[name].required, name
    for key in table.foreign_keys:
        target = standard().tables[key.table]
        assert key.field in table.position
        assert target[key.target].type == table[key.field].type
    units = {f.unit_of.rpartition(".")[2] for f in table.fields if f.unit_of} - {"report"}
    assert units <= {f.name for t in tables() for f in t.fields if f.type == "string"}


@pytest.mark.parametrize("table", standard().forms, ids=lambda t: t.id)
def test_lines_and_pattern_of_the_key_agree(table):
    key = table[table.key[0]]
    if key.enum:
        assert key.enum == table.lines
        return
    codes = {
        "expenditure.*": "expenditure.201",
        "*": "301" if table.scheme == "economic_department" else "2010301",
    }
    assert [line for line in table.lines if not key.pattern.fullmatch(codes.get(line, line))] == []
    assert not key.pattern.fullmatch("another")
    words = re.compile("[A-Za-z][A-Za-z_]+")  # so that the pattern allows no line that the list lacks
    assert set(words.findall(key.pattern.pattern)) == {w for line in table.lines for w in words.findall(line)}
    only = {f.only for f in table.fields if f.only}
    assert all(any(line.startswith(prefix) for line in table.lines) for prefix in only)


def test_schemes_of_codes_are_declared():
    declared = standard().tables["codes"]["scheme"].enum
    assert {t.scheme for t in standard().forms} <= set(declared)


# Editions


@pytest.mark.parametrize("edition", standard().editions, ids=lambda e: e.id)
def test_columns_of_an_edition_hold_fields_and_lines_that_exist(edition):
    assert edition.base is None or edition.base in spec.edition_ids()
    assert edition.last_year is None or edition.first_year <= edition.last_year
    assert edition.forms
    assert set(edition.forms) <= {t.id for t in standard().forms}
    for form in edition.forms.values():
        table = standard().tables[form.table]
        for column in form.columns:
            if column.role != "line_number":
                place = (form.table, column.header)
                holds = {"code": table.key[0], "name": "name", "label": "name"}
                assert column.field in table.position, place
                assert column.field == holds.get(column.role, column.field), place
                assert table[column.field].amount == (column.role == "amount"), place
            assert column.line is None or column.line in table.lines, (form.table, column.line)
        numbers = [int(column.number) for column in form.columns if column.number]
        assert numbers == list(range(1, len(numbers) + 1)), form.table
        printed = [column.header for column in form.columns]
        assert len({(b.name, c.header) for b in form.blocks for c in b.columns}) == len(printed), form.table


@pytest.mark.parametrize("edition", standard().editions, ids=lambda e: e.id)
def test_a_form_prints_every_amount_that_no_edition_leaves_out(edition):
    for form in edition.forms.values():
        always = {f.name for f in standard().tables[form.table].amounts if not f.by_edition}
        assert always <= form.fields, form.table


@pytest.mark.parametrize("edition", standard().editions, ids=lambda e: e.id)
def test_fixed_lines_are_lines_of_their_table(edition):
    for form in edition.forms.values():
        key = standard().tables[form.table][standard().tables[form.table].key[0]]
        lines = [line for block in form.blocks for line in block.lines]
        named = [line.line for line in lines if line.line]
        assert len(set(named)) == len(named), form.table
        for line in lines:
            assert (line.kind == "blank") == (not line.line), (form.table, line.position)
            allowed = line.line in key.enum if key.enum else key.pattern.fullmatch(line.line)
            assert not line.line or allowed, (form.table, line.line)
            assert (line.kind == "component") == bool(line.within), (form.table, line.line)
            assert not line.within or line.within in named, (form.table, line.line)


def test_fixed_lines_stand_in_blocks_of_their_form():
    for row in rows_of(SCHEMAS / "codelists/fixed_lines.csv"):
        form = standard().edition(row["edition"]).forms[row["table"]]
        assert row["block"] in {block.name for block in form.blocks}, row


# The narrative


def test_every_fact_of_the_narrative_has_a_field():
    homes = [glob(path) for table in tables() for field in table.fields for path in field.path]
    paths = [row["path"] for row in narrative() if row["role"] in {"note", "note*", "meta", "table"}]
    assert len(paths) > 200
    assert [path for path in paths if not any(home.fullmatch(path) for home in homes)] == []


def test_every_claim_of_the_narrative_is_listed():
    listed = {row["path"].replace("[*]", "[]") for row in rows_of(SCHEMAS / "codelists/claims.csv")}
    assert {row["path"] for row in narrative() if row["role"] == "claim"} == listed


def test_no_claim_has_a_field():
    # A share or a total retold is never stored a second time as a fact.
    homes = [glob(path) for table in tables() for field in table.fields for path in field.path]
    claims = [row["path"] for row in narrative() if row["role"] == "claim"]
    assert [path for path in claims if any(home.fullmatch(path) for home in homes)] == []


def narrative() -> list[dict[str, str]]:
    return rows_of(ROOT / "tests/data/narrative_paths.csv")


def glob(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\*", ".*"))


@pytest.mark.parametrize("name", ["claims", "subjects"])
def test_cells_that_a_list_names_exist(name):
    for row in rows_of(SCHEMAS / f"codelists/{name}.csv"):
        if not row["table"]:
            continue
        table = standard().tables[row["table"]]
        assert row["field"] in table.position, row
        assert bool(row["row"]) == bool(table.key), row
        if row["row"] not in {"", "*"}:
            key = table[table.key[0]]
            assert row["row"] in key.enum if key.enum else key.pattern.fullmatch(row["row"]), row


def test_lists_of_changes_are_those_of_the_table():
    changes = standard().tables["changes"]
    bases = {row["base"]: row["name"] for row in rows_of(SCHEMAS / "codelists/change_bases.csv")}
    assert bases == dict(changes["base"].labels)
    for row in rows_of(SCHEMAS / "codelists/subjects.csv"):
        assert changes["subject"].pattern.fullmatch(row["subject"].replace("*", "2010301")), row


# Frictionless


@pytest.mark.parametrize("path", DATA["table"], ids=name_of)
def test_a_table_schema_is_one_to_frictionless(path):
    from frictionless import Schema

    descriptor = read(path)
    report = Schema.validate_descriptor(copy.deepcopy(descriptor))
    assert report.valid, report.flatten(["message"])
    taken = Schema.from_descriptor(copy.deepcopy(descriptor))
    assert [(f.name, f.type) for f in taken.fields] == [(f["name"], f["type"]) for f in descriptor["fields"]]
    assert taken.missing_values == descriptor["missingValues"]
    assert taken.primary_key == descriptor.get("primaryKey", [])
    assert taken.foreign_keys == descriptor.get("foreignKeys", [])


# What is generated


def test_generated_files_are_up_to_date():
    assert schema.drift(ROOT) == [], f"out of date; run: {schema.COMMAND}"


def test_drift_is_seen_and_mended(tmp_path):
    files = schema.build()
    assert schema.drift(tmp_path) == sorted(files) == schema.write(tmp_path)
    assert schema.drift(tmp_path) == [] == schema.write(tmp_path)
    changed, lost, *_ = sorted(files)
    (tmp_path / changed).write_bytes(files[changed] + b" ")
    (tmp_path / lost).unlink()
    (tmp_path / "schemas/generated/old.schema.json").write_bytes(b"{}")
    (tmp_path / "spec/old.md").write_bytes(files["spec/tables.md"])
    (tmp_path / "spec/written.md").write_text("# by hand\n", encoding="utf-8")
    faults = sorted([changed, lost, "schemas/generated/old.schema.json", "spec/old.md"])
    assert schema.drift(tmp_path) == faults == schema.write(tmp_path)
    assert schema.drift(tmp_path) == []
    assert (tmp_path / "spec/written.md").is_file()
    assert not (tmp_path / "spec/old.md").exists()


def test_files_are_the_same_under_any_hash_seed_and_locale():
    program = (
        "import hashlib; from fatk import schema;"
        "print(hashlib.sha256(b''.join(p.encode() + c for p, c in schema.build().items())).hexdigest())"
    )
    wanted = hashlib.sha256(b"".join(p.encode() + c for p, c in schema.build().items())).hexdigest()
    surroundings = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env=surroundings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout.strip() == wanted, done.stderr


@pytest.mark.parametrize("page", ["spec/tables.md", "spec/codelists.md"])
def test_a_page_says_that_it_is_generated_and_its_links_lead_somewhere(page):
    text = schema.build()[page].decode("utf-8")
    assert schema.COMMAND in text.splitlines()[0]
    anchors = re.findall(r'<a id="([^"]+)"></a>', text)
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)
    for target in re.findall(r"\]\((\.\.[^)]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).is_file(), target
    # An unescaped bar in a cell would make a column more.
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
    assert set(bars) <= {3, 5, 6, 8}, set(bars)


def test_every_table_and_field_has_its_anchor():
    text = schema.build()["spec/tables.md"].decode("utf-8")
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert {t.id for t in tables()} | {f"{t.id}.{f.name}" for t in tables() for f in t.fields} <= anchors


# The report schema against the values that it describes


def test_definitions_are_not_taken_for_tables():
    definitions = read(REPORT)["$defs"]
    assert set(standard().tables) < set(definitions)
    assert not {"amount", "quantity", "number", "integer", "count", "text", "date", "boolean"} & set(
        standard().tables
    )


def test_decimals_are_what_the_toolkit_reads():
    accepts = definition("number")
    samples = (
        "", "0", "0.00", "-5.00", "386.23", "-0.05", "-0", "-0.0", "-0.000000", "00", "01", "01.5", "1.", ".5", "+1", "1e3",
        "NaN", "Infinity", "1_000", "1,000.00", "１２", "0.123456", "0.1234567", "999999999999999999.999999",
        "1000000000000000000", "-1", "--1", "5%", "0x1", " 1", "1 ", "1\n", "-0\n", "1\n2",
    )  # fmt: skip
    for text in samples:
        assert accepts(text) == (values.parse_decimal(text) is not None), repr(text)


def test_texts_are_what_the_toolkit_reads_but_for_outer_blanks():
    pattern = re.compile(read(REPORT)["$defs"]["text"]["pattern"])
    characters = (chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE000)
    texts = (f"一{c}二" for c in characters)
    assert [t for t in texts if bool(pattern.search(t)) != (values.text_fault(t) is None)] == []
    accepts = definition("text_beside_figures")
    assert not any(accepts(word) for word in values.RESERVED_TEXTS)
    assert all(definition("text")(word) for word in values.NOTHINGS)


def test_dates_are_days_of_some_month():
    accepts = definition("date")
    assert accepts("2022-12-31")
    for text in [
        "2022-13-01",
        "2022-00-01",
        "2022-01-32",
        "2022-1-1",
        "2022/01/01",
        "20220101",
        "2022-01-01\n",
        "２022-01-01",
    ]:
        assert not accepts(text), text


def definition(name: str) -> Callable[[Any], bool]:
    return Draft202012Validator(read(REPORT)["$defs"][name]).is_valid


# The report schema against documents


def right_report() -> dict[str, Any]:
    """A small report with every state of a table and every kind of row."""
    forms: dict[str, Any] = {form.id: {"status": "missing", "rows": []} for form in standard().forms}
    income = dict.fromkeys((f.name for f in standard().tables["income"].amounts), "0.00")
    forms["income"] = {
        "status": "reported",
        "rows": [
            {"code": "TOTAL", "name": "合计", **income},
            {"code": "2010301", "name": "行政运行", **income},
        ],
    }
    parts = {"general_public_budget": "386.23", "government_fund": None, "state_capital": "n/a"}
    forms["fiscal_appropriation_summary"] = {
        "status": "reported",
        "rows": [
            {"line": "income.total", "name": "总计", "total": "386.23"},
            {"line": "expenditure.201", "name": "一般公共服务支出", "total": "386.23", **parts},
        ],
    }
    forms["government_fund"] = {
        "status": "empty",
        "statement": "本部门没有政府性基金预算财政拨款收支，故本表为空。",
        "rows": [],
    }
    supply = {"total": "0.00", "basic": "0.00", "project": "0.00"}
    forms["state_capital"] = {
        "status": "reported",
        "printed_number": "公开09表",
        "rows": [{"code": "TOTAL", "name": "合计", **supply}],
    }
    about = {
        "spec_version": "1.0.0",
        "fiscal_year": 2022,
        "edition": "xinjiang-2022",
        "unit": "万元",
        "decimals": 2,
        "precision": "0.01",
    }
    return {
        "report": {**about, "approved_on": "2023-08-01"},
        "entity": {"name": "某某局", "kind": "department", "administrative_division": "650205"},
        "sources": [{"no": 1, "title": "公开表", "sha256": "0" * 64}],
        "tables": forms,
        "notes": {
            "staffing": {"actual": 12, "in_service": None, "retired": "undisclosed"},
            "offices": [{"no": 1, "name": "办公室"}],
            "state_assets": {"building_area": "120.5", "equipment_excludes_vehicles": True},
        },
        "cells": [{"table": "income", "row": "TOTAL", "field": "total", "basis": "stated", "min": "0.00"}],
        "claims": [
            {
                "path": "income.total",
                "occurrence": 1,
                "value": "386.23",
                "unit": "万元",
                "printed": "386.23万元",
            }
        ],
        "codes": [{"scheme": "functional", "code": "TOTAL", "certainty": "seen"}],
        "extras": [{"text": "两行\n文字"}],
    }


GONE = object()
TOTAL = "/tables/income/rows/0/total"
FIRST = "/tables/income/rows/0"
INCOME_LINE, EXPENDITURE_LINE = (
    "/tables/fiscal_appropriation_summary/rows/0",
    "/tables/fiscal_appropriation_summary/rows/1",
)

#: Place of the change, new value.
RIGHT_CHANGES = [
    *(
        (TOTAL, amount)
        for amount in (None, "n/a", "undisclosed", "-5.00", "0", "-0.05", "999999999999999999.999999")
    ),
    (f"{EXPENDITURE_LINE}/government_fund", "1.00"),
    ("/tables/state_capital/rows/0/income", "1.00"),
    ("/tables/income/reconstructed", True),
    ("/tables/income/reason", None),
    ("/report/unit", None),
    ("/report/unit", GONE),
    ("/report/precision", "0"),
    ("/notes/staffing/actual", "n/a"),
    ("/notes/staffing", {}),
    ("/notes/offices", []),
    *((f"/{name}", GONE) for name in ("sources", "notes", "cells", "claims", "codes", "extras")),
]

#: Place of the change, new value, place at fault, keyword that says so.
WRONG_CHANGES = [
    # what an amount looks like
    (TOTAL, 386.23, TOTAL, "type"),
    (TOTAL, 386, TOTAL, "type"),
    (TOTAL, True, TOTAL, "type"),
    *((TOTAL, text, TOTAL, "pattern") for text in ("", "1e3", "+1.00", "01.00", "1.0000001", "1,000.00", "１.00", "NaN", "—", "N/A", "未公开", "1000000000000000000")),
    *((TOTAL, text, TOTAL, "not") for text in ("-0", "-0.00", "386.23\n", "n/a\n")),
    # which cells a form has
    (TOTAL, GONE, FIRST, "required"),
    (f"{FIRST}/share", "1.00", FIRST, "additionalProperties"),
    (f"{INCOME_LINE}/government_fund", "1.00", f"{INCOME_LINE}/government_fund", "not"),
    (f"{INCOME_LINE}/government_fund", None, f"{INCOME_LINE}/government_fund", "not"),
    (f"{EXPENDITURE_LINE}/government_fund", GONE, EXPENDITURE_LINE, "required"),
    ("/tables/state_capital/rows/0/basic", GONE, "/tables/state_capital/rows/0", "required"),
    # keys and names
    (f"{FIRST}/code", "2010", f"{FIRST}/code", "pattern"),
    (f"{FIRST}/code", "total", f"{FIRST}/code", "pattern"),
    (f"{FIRST}/code", "201\n", f"{FIRST}/code", "not"),
    (f"{FIRST}/code", 201, f"{FIRST}/code", "type"),
    (f"{FIRST}/code", None, f"{FIRST}/code", "type"),
    (f"{FIRST}/code", GONE, FIRST, "required"),
    (f"{FIRST}/name", GONE, FIRST, "required"),
    (f"{FIRST}/name", None, f"{FIRST}/name", "type"),
    (f"{FIRST}/name", "", f"{FIRST}/name", "minLength"),
    (f"{FIRST}/name", "n/a", f"{FIRST}/name", "not"),
    (f"{FIRST}/name", "合\u0000计", f"{FIRST}/name", "pattern"),
    (f"{FIRST}/name", "合\t计", f"{FIRST}/name", "pattern"),
    (FIRST, [], FIRST, "type"),
    # states of the nine
    ("/tables/income", GONE, "/tables", "required"),
    ("/tables/t1", {"status": "missing", "rows": []}, "/tables", "additionalProperties"),
    ("/tables/income/status", GONE, "/tables/income", "required"),
    ("/tables/expenditure/status", "absent", "/tables/expenditure/status", "enum"),
    ("/tables/expenditure/status", None, "/tables/expenditure/status", "enum"),
    ("/tables/expenditure/status", "reported", "/tables/expenditure/rows", "minItems"),
    ("/tables/income/status", "missing", "/tables/income/rows", "maxItems"),
    ("/tables/income/status", "empty", "/tables/income/rows", "maxItems"),
    ("/tables/expenditure/rows", GONE, "/tables/expenditure", "required"),
    ("/tables/expenditure/rows", {}, "/tables/expenditure/rows", "type"),
    ("/tables/income/unit", "美元", "/tables/income/unit", "enum"),
    ("/tables/income/decimals", -1, "/tables/income/decimals", "minimum"),
    ("/tables/income/reconstructed", "true", "/tables/income/reconstructed", "type"),
    ("/tables/income/table", "income", "/tables/income", "additionalProperties"),
    # the report and the rest
    ("/report", GONE, "", "required"),
    ("/entity", GONE, "", "required"),
    ("/tables", GONE, "", "required"),
    ("/version", "1.0.0", "", "additionalProperties"),
    ("/report/fiscal_year", "2022", "/report/fiscal_year", "type"),
    ("/report/fiscal_year", 2022.5, "/report/fiscal_year", "type"),
    ("/report/fiscal_year", 1999, "/report/fiscal_year", "minimum"),
    ("/report/fiscal_year", None, "/report/fiscal_year", "type"),
    ("/report/edition", "新疆", "/report/edition", "pattern"),
    ("/report/edition", "undisclosed", "/report/edition", "pattern"),
    ("/report/unit", "美元", "/report/unit", "enum"),
    ("/report/precision", "-0.01", "/report/precision", "not"),
    ("/report/precision", "n/a", "/report/precision", "pattern"),
    ("/report/precision", None, "/report/precision", "type"),
    ("/report/approved_on", "2023-13-01", "/report/approved_on", "pattern"),
    ("/report/approved_on", "2023-08-01\n", "/report/approved_on", "maxLength"),
    ("/entity/administrative_division", "65020", "/entity/administrative_division", "pattern"),
    ("/sources/0/sha256", "0" * 63, "/sources/0/sha256", "pattern"),
    ("/notes/share", {}, "/notes", "additionalProperties"),
    ("/notes/offices", {}, "/notes/offices", "type"),
    ("/notes/offices/0/no", 0, "/notes/offices/0/no", "minimum"),
    ("/notes/offices/0/name", GONE, "/notes/offices/0", "required"),
    ("/notes/staffing", [], "/notes/staffing", "type"),
    ("/notes/staffing/actual", "12", "/notes/staffing/actual", "pattern"),
    ("/notes/staffing/actual", -1, "/notes/staffing/actual", "minimum"),
    ("/notes/staffing/actual", 1.5, "/notes/staffing/actual", "type"),
    ("/notes/staffing/actual", 10**18, "/notes/staffing/actual", "maximum"),
    ("/notes/staffing/actual", False, "/notes/staffing/actual", "type"),
    ("/notes/state_assets/building_area", 120.5, "/notes/state_assets/building_area", "type"),
    ("/cells/0/min", "n/a", "/cells/0/min", "pattern"),
    ("/cells/0/basis", "guessed", "/cells/0/basis", "enum"),
    ("/claims/0/occurrence", 0, "/claims/0/occurrence", "minimum"),
    ("/claims/0/path", "T2[TOTAL]", "/claims/0/path", "pattern"),
    ("/codes/0/certainty", GONE, "/codes/0", "required"),
    ("/extras/0/text", None, "/extras/0/text", "type"),
]  # fmt: skip

Faults = set[tuple[str, str]]


def by_jsonschema(path: Path) -> Callable[[Any], Faults]:
    validator = Draft202012Validator(read(path))
    return lambda document: {(pointer(e.absolute_path), e.validator) for e in validator.iter_errors(document)}


def by_jsonschema_rs(path: Path) -> Callable[[Any], Faults]:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    validator = jsonschema_rs.Draft202012Validator(read(path))
    return lambda document: {
        (pointer(e.instance_path), str(e.schema_path[-1])) for e in validator.iter_errors(document)
    }


ENGINES = [by_jsonschema, *([by_jsonschema_rs] if importlib.util.find_spec("jsonschema_rs") else [])]


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.__name__)
def engine(request):
    made = cache(request.param)
    return lambda path, document: made(path)(document)


def pointer(path: Any) -> str:
    return "".join(f"/{step}" for step in path)


def changed(document: Any, place: str, value: Any) -> Any:
    document = copy.deepcopy(document)
    *above, last = place.split("/")[1:]
    part = document
    for step in above:
        part = part[int(step) if isinstance(part, list) else step]
    if isinstance(part, dict):
        part[last] = value
        if value is GONE:
            del part[last]
    else:
        part[int(last) : int(last) + 1] = [] if value is GONE else [value]
    return document


def case(change: tuple[Any, ...]) -> str:
    place, value, *_ = change
    return f"{place}={'GONE' if value is GONE else ascii(value)[:40]}"


def test_a_right_report_is_accepted(engine):
    assert engine(REPORT, right_report()) == set()


@pytest.mark.parametrize("change", RIGHT_CHANGES, ids=case)
def test_a_report_still_right_is_accepted(engine, change):
    assert engine(REPORT, changed(right_report(), *change)) == set()


@pytest.mark.parametrize("change", WRONG_CHANGES, ids=case)
def test_a_wrong_report_is_refused_at_the_place_and_only_there(engine, change):
    place, value, at, keyword = change
    found = engine(REPORT, changed(right_report(), place, value))
    if str(value).endswith("\n"):
        found.discard((at, "pattern"))  # to some engines `$` is the very end, to others not
    assert found == {(at, keyword)}


def built_report() -> model.Report:
    """The right report as a value, by way of rows."""
    declared = standard().tables

    def row(table: str, **cells: values.Value) -> model.Row:
        return tuple(cells.get(f.name) for f in declared[table].fields)

    return model.build(
        standard(),
        {
            "report": [
                row("report", spec_version="1.0.0", fiscal_year=2022, edition="national-2020", unit="万元", decimals=2,
                    precision=Decimal("0.01"), license_name="CC-BY-4.0", license_path="https://creativecommons.org/licenses/by/4.0/")
            ],
            "entity": [row("entity", name="某某局")],
            "sources": [row("sources", no=1, title="公开表")],
            "income": [row("income", code="TOTAL", name="合计", total=Decimal("386.23"), other_income=values.Nothing.UNDISCLOSED)],
            "fiscal_appropriation_summary": [
                row("fiscal_appropriation_summary", line="income.total", name="总计", total=Decimal("0.00")),
                row("fiscal_appropriation_summary", line="expenditure.total", name="总计"),
            ],
            "state_capital": [row("state_capital", code="TOTAL", name="合计", total=Decimal("0.00"))],
            "staffing": [row("staffing", actual=12, retired=values.Nothing.NOT_APPLICABLE)],
        },
    )  # fmt: skip


def test_what_the_toolkit_writes_is_accepted(engine):
    assert engine(REPORT, json_form.to_document(built_report())) == set()
    assert engine(PACKAGE, package_form.to_descriptor(built_report())) == set()


# The package schema

PACKAGE_RIGHT_CHANGES = [
    ("/contributors", [{"title": "某某局"}]),
    ("/keywords", ["部门决算"]),
    ("/resources/5/path", "tables/收入决算表.csv"),
    ("/resources/41", {"name": "attachment", "path": "附件.pdf"}),
]
INCOME = "/resources/5"
LIST = f"{INCOME}/schema"
PACKAGE_WRONG_CHANGES = [
    ("/$schema", "https://example.org/profile.json", "/$schema", "const"),
    ("/profile", "tabular-data-package", "/profile", "not"),
    ("/name", "决算", "/name", "pattern"),
    ("/fatk", GONE, "", "required"),
    ("/fatk/profile", "urn:fatk:schema:package:2.0.0", "/fatk/profile", "pattern"),
    ("/fatk/spec_version", None, "/fatk/spec_version", "type"),
    ("/licenses/0/path", GONE, "/licenses/0", "required"),
    ("/contributors", {"title": "某某局"}, "/contributors", "type"),
    (INCOME, GONE, "/resources", "contains"),
    ("/resources/41", {"name": "income", "path": "again.csv"}, "/resources/41", "required"),
    (f"{INCOME}/path", "income.xlsx", f"{INCOME}/path", "pattern"),
    (f"{INCOME}/path", ["a.csv", "b.csv"], f"{INCOME}/path", "type"),
    (f"{INCOME}/data", [], f"{INCOME}/data", "not"),
    (f"{INCOME}/encoding", "gb18030", f"{INCOME}/encoding", "const"),
    (f"{INCOME}/dialect", {"delimiter": ";"}, f"{INCOME}/dialect/delimiter", "const"),
    (LIST, "income.json", LIST, "type"),
    (f"{LIST}/missingValues", [{"value": "", "label": "空白"}], f"{LIST}/missingValues", "const"),
    (f"{LIST}/primaryKey", "code", f"{LIST}/primaryKey", "const"),
    (f"{LIST}/fieldsMatch", "subset", f"{LIST}/fieldsMatch", "not"),
    (f"{LIST}/fields/2/name", "sum", f"{LIST}/fields/2/name", "const"),
    (f"{LIST}/fields/2/type", "string", f"{LIST}/fields/2/type", "const"),
    (f"{LIST}/fields/2/decimalChar", ",", f"{LIST}/fields/2", "additionalProperties"),
    (f"{LIST}/fields/8", GONE, f"{LIST}/fields", "minItems"),
]  # fmt: skip


PATHS = (
    "income.csv", "收入 决算表.csv", "a/b/income.csv", "a.b/income.csv", "/etc/income.csv", "../income.csv", "a/../income.csv", "./income.csv",
    "~/income.csv", "$HOME/income.csv", "https://example.org/income.csv", "c:/income.csv", "a\\income.csv", "a//income.csv", ".income.csv",
    " income.csv", "a /income.csv", "a./income.csv", "income.csv/", "income.csv ", "in\tcome.csv", "income.csv\n", "",
)  # fmt: skip


def test_paths_are_those_that_the_toolkit_opens():
    allowed = Draft202012Validator(
        read(PACKAGE)["$defs"]["resource"]["properties"]["path"] | {"$defs": read(PACKAGE)["$defs"]}
    )
    for path in PATHS:
        assert allowed.is_valid(path) == package_form.is_safe(path), repr(path)


@cache
def right_package() -> dict[str, Any]:
    return package_form.to_descriptor(built_report())


@pytest.mark.parametrize("change", PACKAGE_RIGHT_CHANGES, ids=case)
def test_a_package_still_right_is_accepted(engine, change):
    assert engine(PACKAGE, changed(right_package(), *change)) == set()


@pytest.mark.parametrize("change", PACKAGE_WRONG_CHANGES, ids=case)
def test_a_wrong_package_is_refused_at_the_place(engine, change):
    place, value, at, keyword = change
    assert (at, keyword) in engine(PACKAGE, changed(right_package(), place, value))


# The schema of findings

CELL = {
    "table": "income_expenditure_summary",
    "row": "income.total",
    "field": "amount",
    "location": "GK01!C35",
    "label": "总计",
    "value": "368.23",
}
FINDING = {
    "id": "0123456789abcdef", "rule": "IES-02", "severity": "error", "outcome": "failed", "qualifier": None,
    "message": "收入总计与支出总计不相等。", "message_en": "Total income differs from total expenditure.", "reason": None,
    "expected": "386.23", "found": "368.23", "difference": "-18.00", "tolerance": "0.02",
    "cells": [CELL], "cause": None, "waived": None,
}  # fmt: skip
SUMMARY = (
    "exact",
    "within_rounding",
    "failed",
    "not_checked",
    "not_applicable",
    "errors",
    "warnings",
    "infos",
    "source_cells",
    "unaccounted_cells",
)
RESULT = {
    "tool": {
        "name": "fatk",
        "version": "0.1.0",
        "spec_version": "1.0.0",
        "rules_digest": "sha256:" + "0" * 64,
    },
    "source": {
        "path": "决算.xlsx",
        "sha256": "0" * 64,
        "form": "xlsx",
        "edition": "xinjiang-2022",
        "edition_certainty": "certain",
    },
    "verdict": "invalid",
    "summary": dict.fromkeys(SUMMARY, 0),
    "findings": [FINDING],
    "causes": [
        {
            "kind": "digits_transposed",
            "cells": [CELL],
            "explains": ["0123456789abcdef"],
            "would_reconcile": "386.23",
        }
    ],
}
REFUSED = {"refused": {"code": "FILE_EMPTY", "message": "文件是空的。"}}
NOTHING_KNOWN = {
    "path": "决算.xlsx",
    "sha256": None,
    "form": None,
    "edition": None,
    "edition_certainty": None,
}
FINDINGS_RIGHT = [
    RESULT,
    REFUSED,
    {**REFUSED, "tool": RESULT["tool"], "source": NOTHING_KNOWN},
    changed(RESULT, "/source", {"path": "决算"}),
    changed(RESULT, "/findings/0/cells", [dict.fromkeys(CELL), {}]),
    changed(
        RESULT,
        "/findings/0",
        {k: FINDING[k] for k in ("id", "rule", "severity", "outcome", "message", "cells")},
    ),
    changed(
        RESULT,
        "/findings/0/waived",
        {
            "reason": "四舍五入",
            "office": "某区财政局",
            "accepted_on": "2023-09-01",
            "expires_on": "2024-08-31",
        },
    ),
    changed(RESULT, "/findings/0/rule", "READ-01"),
]
FINDINGS_WRONG = [
    ("/verdict", "ok", "/verdict", "enum"),
    ("/verdict", GONE, "", "required"),
    ("/refused", REFUSED["refused"], "/verdict", "not"),
    ("/note", "", "", "additionalProperties"),
    ("/summary/errors", GONE, "/summary", "required"),
    ("/summary/errors", -1, "/summary/errors", "minimum"),
    ("/tool/rules_digest", "0" * 64, "/tool/rules_digest", "pattern"),
    ("/source/sha256", "", "/source/sha256", "pattern"),
    ("/findings/0/id", "finding 1", "/findings/0/id", "pattern"),
    ("/findings/0/rule", "ies-02", "/findings/0/rule", "pattern"),
    ("/findings/0/severity", "fatal", "/findings/0/severity", "enum"),
    ("/findings/0/outcome", None, "/findings/0/outcome", "enum"),
    ("/findings/0/message", "", "/findings/0/message", "minLength"),
    ("/findings/0/difference", -18, "/findings/0/difference", "type"),
    ("/findings/0/tolerance", "-0.02", "/findings/0/tolerance", "pattern"),
    ("/findings/0/cells", GONE, "/findings/0", "required"),
    ("/findings/0/cells/0/page", 4, "/findings/0/cells/0", "additionalProperties"),
    ("/findings/0/waived", "yes", "/findings/0/waived", "type"),
    ("/causes/0/explains/0", 1, "/causes/0/explains/0", "type"),
]


@pytest.mark.parametrize("document", FINDINGS_RIGHT, ids=range(len(FINDINGS_RIGHT)))
def test_a_right_result_is_accepted(engine, document):
    assert engine(FINDINGS, document) == set()


@pytest.mark.parametrize("change", FINDINGS_WRONG, ids=case)
def test_a_wrong_result_is_refused_at_the_place(engine, change):
    place, value, at, keyword = change
    assert (at, keyword) in engine(FINDINGS, changed(RESULT, place, value))
