"""The database of a store: a view of each dataset, code lists as tables, and views that join them.

It holds no figure of a report: its views read the Parquet files that lie beside it, wherever the store is moved to and
whatever folder a program runs in. DuckDB takes a relative path as relative to the program's folder, but it derives one
setting from the place of the database that is open, ``temp_directory``; the views start from that. Where the database is
attached to another one, they start from ``SET VARIABLE store = '…'`` or from where the store was built.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fatk.files import write_file
from fatk.findings import notices
from fatk.rules.context import load_rules
from fatk.spec import Spec, Table, load, read_list
from fatk.warehouse.datasets import FILES, PARTITION, TYPES, UNKNOWN, VERDICTS, Dataset, datasets

#: Name of the database in the folder of the store.
NAME = "store.duckdb"
#: The view that holds one report of each entity, scope and year.
CURRENT = "current_reports"
#: Of these, the view of those that are no part of another: whatever is summed over them is counted once.
WHOLES = "whole_reports"
_YEAR, _PROVINCE = PARTITION


def build(store: Path) -> Path:
    """Build the database of the store in a folder, in place of the one that may be there; its path.

    ``NotWritten`` is raised where it cannot be put in its place.
    """
    import duckdb

    store, spec = store.resolve(), load()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / NAME
        with duckdb.connect(str(made)) as connection:
            connection.execute(f"SET temp_directory = {quoted(f'{store / NAME}.tmp')}")
            connection.execute("BEGIN")
            for statement in (*views(store, spec), *_comments(spec)):
                connection.execute(statement)
            for name, (columns, rows) in lists(spec).items():
                _fill(connection, name, columns, rows)
            for statement in named_views(spec):
                connection.execute(statement)
            connection.execute("COMMIT")
        write_file(store / NAME, made.read_bytes(), force=True)
    return store / NAME


def connect(store: Path) -> Any:
    """A connection to the database of a store for reading."""
    import duckdb

    return duckdb.connect(str(store.resolve() / NAME), read_only=True)


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


# Datasets


def views(store: Path, spec: Spec) -> Iterator[str]:
    """The statements that make a view of each dataset, and the view of one report of each entity and year."""
    for dataset in datasets(spec).values():
        there = next(store.glob(FILES.format(dataset=dataset.id)), None) is not None
        yield _view(dataset, store) if there else _without_rows(dataset)
    yield _CURRENT
    yield f"CREATE VIEW {WHOLES} AS SELECT * FROM {CURRENT} WHERE part_of IS NULL"


def _comments(spec: Spec) -> Iterator[str]:
    """The statements that say what each dataset and column is."""
    for dataset in datasets(spec).values():
        yield f"COMMENT ON VIEW {dataset.id} IS {quoted(f'{dataset.title} · {dataset.description}')}"
        for column in dataset.columns:
            about = quoted(f"{column.title} · {column.description}")
            yield f'COMMENT ON COLUMN {dataset.id}."{column.name}" IS {about}'


def _view(dataset: Dataset, store: Path) -> str:
    """The view of a dataset's files: its columns and the first two digits of the division. The year is taken from the names of
    folders, so that a query of one year opens no files of others."""
    year, province = f"nullif({_YEAR}, {UNKNOWN[0]})", f"nullif({_PROVINCE}, {quoted(UNKNOWN[1])})"
    columns = [f'{year} AS "{c.name}"' if c.name == "fiscal_year" else f'"{c.name}"' for c in dataset.columns]
    files = f"{_place(store)} || {quoted('/' + FILES.format(dataset=dataset.id))}"
    types = f"{{'{_YEAR}': BIGINT, '{_PROVINCE}': VARCHAR}}"
    return (
        f"CREATE VIEW {dataset.id} AS SELECT {', '.join(columns)}, {province} AS {_PROVINCE}"
        f" FROM read_parquet({files}, hive_partitioning = true, hive_types = {types})"
    )


def _place(store: Path) -> str:
    """The folder of the store as an expression: as a variable says, beside the database that is open, or where it was built."""
    opened = "current_setting('temp_directory')"
    return (
        f"coalesce(getvariable('store'), CASE WHEN parse_filename({opened}) = {quoted(NAME + '.tmp')}"
        f" THEN parse_dirpath({opened}) END, {quoted(store.as_posix())})"
    )


def _without_rows(dataset: Dataset) -> str:
    columns = ", ".join(f'NULL::{TYPES[c.type]} AS "{c.name}"' for c in dataset.columns)
    return f"CREATE VIEW {dataset.id} AS SELECT {columns}, NULL::VARCHAR AS {_PROVINCE} WHERE false"


# An entity's name is compared without blanks and with brackets of one width. A report without a division, as a narrative mostly
# is, is of the division under which its entity's name stands elsewhere in the store, if there is just one. An entity's key is its
# identifier; where it states none, that under which the same name and division stand elsewhere, if there is just one; else
# name and division. A report that states neither kind nor scope has the one scope that others of the entity and year state.
# Of several reports of one entity, scope and year the last revision counts, of these the one with the most tables, so that a
# narrative does not stand for the workbook beside it, of these one with the better verdict. A report is part of another where
# that one is consolidated, of the same year, and of the entity itself or of the one it names as its parent.
_VERDICTS = "[" + ", ".join(map(quoted, VERDICTS)) + "]"
_FOLDED = "translate(regexp_replace({}, '\\s', '', 'g'), '（）', '()')"
_CURRENT = f"""
CREATE VIEW {CURRENT} AS
WITH given AS (
    SELECT r.source, r.file, r.fiscal_year, r.division, r.entity, r.entity_id, r.edition, r.verdict, r.unit,
        coalesce(r.revision, 0) AS revision, e.kind, e.parent,
        coalesce(e.scope, CASE e.kind WHEN 'unit' THEN 'own' WHEN 'department' THEN 'consolidated' END) AS stated_scope,
        e.id_scheme || ':' || r.entity_id AS by_id,
        {_FOLDED.format("r.entity")} AS folded, {_FOLDED.format("e.parent")} AS folded_parent
    FROM reports r JOIN entities e USING (source, file)
    WHERE r.fiscal_year IS NOT NULL
), placed AS (
    SELECT folded, min(division) AS only_division FROM given
    WHERE division IS NOT NULL GROUP BY folded HAVING count(DISTINCT division) = 1
), every AS (
    SELECT given.*, coalesce(division, only_division, '') || '/' || folded AS by_name,
        coalesce(division, only_division, '') || '/' || folded_parent AS parent_name
    FROM given LEFT JOIN placed USING (folded)
), known AS (
    SELECT by_name, min(by_id) AS by_id FROM every
    WHERE by_id IS NOT NULL GROUP BY by_name HAVING count(DISTINCT by_id) = 1
), keyed AS (
    SELECT every.* EXCLUDE (by_id), coalesce(every.by_id, known.by_id, every.by_name) AS entity_key
    FROM every LEFT JOIN known USING (by_name)
), scoped AS (
    SELECT entity_key, fiscal_year, min(stated_scope) AS only_scope FROM keyed
    WHERE stated_scope IS NOT NULL GROUP BY entity_key, fiscal_year HAVING count(DISTINCT stated_scope) = 1
), filled AS (
    SELECT source, file, count(*) AS filled FROM tables WHERE status <> 'missing' GROUP BY source, file
), latest AS (
    SELECT keyed.* EXCLUDE (folded, folded_parent, stated_scope),
        coalesce(stated_scope, only_scope, 'consolidated') AS scope
    FROM keyed LEFT JOIN scoped USING (entity_key, fiscal_year) LEFT JOIN filled USING (source, file)
    WHERE entity_key IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY entity_key, scope, fiscal_year
        ORDER BY revision DESC, coalesce(filled, 0) DESC, list_position({_VERDICTS}, verdict), file, source
    ) = 1
), wholes AS (
    SELECT fiscal_year, entity_key, entity_id, by_name FROM latest WHERE scope = 'consolidated'
), belongs AS (
    SELECT p.source, p.file, w.entity_key FROM latest p JOIN wholes w USING (fiscal_year, entity_key) WHERE p.scope = 'own'
    UNION ALL
    SELECT p.source, p.file, w.entity_key FROM latest p JOIN wholes w
    ON w.fiscal_year = p.fiscal_year AND w.entity_id = p.parent WHERE w.entity_key <> p.entity_key
    UNION ALL
    SELECT p.source, p.file, w.entity_key FROM latest p JOIN wholes w
    ON w.fiscal_year = p.fiscal_year AND w.by_name = p.parent_name WHERE w.entity_key <> p.entity_key
), parts AS (SELECT source, file, min(entity_key) AS part_of FROM belongs GROUP BY ALL)
SELECT latest.* EXCLUDE (by_name, parent_name), part_of
FROM latest LEFT JOIN parts USING (source, file)
"""


# Code lists


def lists(spec: Spec) -> Mapping[str, tuple[Mapping[str, str], Sequence[Sequence[Any]]]]:
    """The tables of the database by name: the types of their columns, and their rows."""
    code = {
        "code": "VARCHAR", "name": "VARCHAR", "level": "VARCHAR", "parent": "VARCHAR", "first_year": "BIGINT",
        "last_year": "BIGINT", "certainty": "VARCHAR",
    }  # fmt: skip
    schemes = ("functional", "economic_department")
    found: dict[str, tuple[Mapping[str, str], Sequence[Sequence[Any]]]] = {
        scheme: (
            code,
            [
                [int(row[n]) if row[n] and t == "BIGINT" else row[n] or None for n, t in code.items()]
                for row in read_list(scheme)
            ],
        )
        for scheme in schemes
    }
    texts = dict.fromkeys
    found["classes"] = (
        texts(("class", "cofog", "cofog_name_en", "certainty"), "VARCHAR"), list(_classes()),
    )  # fmt: skip
    found["divisions"] = (
        texts(("code", "name", "level", "parent", "province", "full_name"), "VARCHAR"), list(_divisions()),
    )  # fmt: skip
    found["lines"] = (texts(("table", "line", "name"), "VARCHAR"), list(_lines(spec)))
    found["rules"] = (
        texts(("id", "kind", "severity", "title", "title_en"), "VARCHAR"), list(_rules()),
    )  # fmt: skip
    found["editions"] = (
        {
            "id": "VARCHAR",
            "title": "VARCHAR",
            "region": "VARCHAR",
            "first_year": "BIGINT",
            "last_year": "BIGINT",
        },
        [[e.id, e.title, e.region, e.first_year, e.last_year] for e in spec.editions],
    )
    found["columns"] = (
        texts(("dataset", "name", "type", "title", "description", "dataset_title"), "VARCHAR"),
        [
            [d.id, c.name, TYPES[c.type], c.title, c.description, d.title]
            for d in datasets(spec).values()
            for c in d.columns
        ],
    )
    return found


def _classes() -> Iterator[Sequence[Any]]:
    """Each functional class with the division of COFOG that most of it belongs to, where one is known."""
    names = {row["code"]: row["name_en"] for row in read_list("cofog")}
    for row in read_list("functional_to_cofog"):
        if row["rank"] == "1" and row["cofog_code"]:
            yield row["functional_code"], row["cofog_code"], names.get(row["cofog_code"]), row["certainty"]


def _divisions() -> Iterator[Sequence[Any]]:
    """Every division that is or was, by the name that it had last, with its province and its full name."""
    known: dict[str, tuple[str, str, str | None]] = {}
    for row in sorted(read_list("divisions_history"), key=lambda row: int(row["last_year"])):
        known[row["code"]] = row["name"], row["level"], None
    for row in read_list("divisions"):
        known[row["code"]] = row["name"], row["level"], row["parent"] or None
    for code, (name, level, parent) in sorted(known.items()):
        above = dict.fromkeys(c for c in (code[:2] + "0000", code[:4] + "00") if c != code and c in known)
        full = "".join(known[c][0] for c in above if known[c][0] not in _NO_NAMES) + name
        yield code, name, level, parent, known.get(code[:2] + "0000", (None,))[0], full


#: What stands in the list of divisions in place of a city where a county has none.
_NO_NAMES = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


def _lines(spec: Spec) -> Iterator[Sequence[Any]]:
    """The fixed lines of the forms, each by the name that the first edition to print it has."""
    named: dict[tuple[str, str], str] = {}
    for edition in sorted(spec.editions, key=lambda edition: (edition.first_year, edition.id)):
        for form in edition.forms.values():
            for line in (line for block in form.blocks for line in block.lines if line.line):
                named.setdefault((form.table, line.line), line.name)
    return ((table, line, name) for (table, line), name in named.items())


def _rules() -> Iterator[Sequence[Any]]:
    """Rules and notices: whatever a finding may be of."""
    for rule in load_rules().values():
        yield rule.id, rule.kind, rule.severity, rule.title["zh"], rule.title["en"]
    for notice in notices().values():
        yield notice.id, "notice", notice.severity, notice.title["zh"], notice.title["en"]


def _fill(connection: Any, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    import pyarrow as pa

    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    values = zip(*rows, strict=True)
    made = pa.table(
        {name: pa.array(v, types[columns[name]]) for name, v in zip(columns, values, strict=True)}
    )
    connection.register("made", made)
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made")
    connection.unregister("made")


# Views with names


def named_views(spec: Spec) -> Iterator[str]:
    """The statements that make, for each dataset, the view that names its divisions, codes, lines and rules."""
    for dataset in datasets(spec).values():
        table = spec.tables.get(dataset.table or "")
        columns = ["d.*", "v.full_name AS division_name", "v.province AS province_name"]
        joins = ["LEFT JOIN divisions v ON v.code = d.division"]
        for more, join in _names(dataset, table):
            columns.append(more)
            joins.append(join)
        yield f"CREATE VIEW {dataset.id}_named AS SELECT {', '.join(columns)} FROM {dataset.id} d {' '.join(joins)}"


def _names(dataset: Dataset, table: Table | None) -> Iterator[tuple[str, str]]:
    """Columns of names, with what is joined for them."""
    if any(column.name == "rule" for column in dataset.columns):
        yield "u.title AS rule_title, u.title_en AS rule_title_en", "LEFT JOIN rules u ON u.id = d.rule"
    if table is None or table.scheme is None:
        return
    key = f'd."{table.key[0]}"'
    if table.scheme == table.id:
        yield "l.name AS line_name", f"LEFT JOIN lines l ON l.\"table\" = '{table.id}' AND l.line = {key}"
        key = f"regexp_extract({key}, '^expenditure[.]([0-9]{{3}})$', 1)"
    else:
        yield "c.name AS code_name, c.level AS code_level", _in_force(table.scheme, "c", key)
    if table.scheme != "economic_department":
        yield "k.code AS class, k.name AS class_name", _in_force("functional", "k", f"{key}[:3]")
        yield "o.cofog, o.cofog_name_en", "LEFT JOIN classes o ON o.class = k.code"


def _in_force(scheme: str, alias: str, key: str) -> str:
    return (
        f"LEFT JOIN {scheme} {alias} ON {alias}.code = {key}"
        f" AND d.fiscal_year BETWEEN coalesce({alias}.first_year, 0) AND coalesce({alias}.last_year, 9999)"
    )
