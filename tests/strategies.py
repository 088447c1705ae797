"""Reports that are right by construction: leaf facts in whole cents, summed upward into the nine tables.

No rule of the standard is used here; rules and strategies check each other. What a real publication adds (nothings, states
of tables, notes, names of its own) is laid over such reports by ``reports``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fatk.model import EMPTY, MISSING, REPORTED, Report, Row, build, make_row, row_name
from fatk.spec import Field, Spec, Table, edition_ids, load
from fatk.values import NOTHINGS, text_fault

SPEC = load()
FUNDS = ("general_public_budget", "government_fund", "state_capital")
SOURCES = (
    "superior_subsidy",
    "institutional_income",
    "business_income",
    "affiliate_remittance",
    "other_income",
)
KINDS = ("remittance_to_superior", "business", "affiliate_subsidy")
EDITIONS = edition_ids()


@cache
def official(scheme: str, digits: int) -> tuple[tuple[str, str], ...]:
    """Codes of a length with their names of 2022."""
    found = []
    for code in SPEC.codes(scheme):
        entry = SPEC.code(scheme, code, 2022)
        if len(code) == digits and entry is not None:
            found.append((code, entry.name))
    return tuple(found)


def names_of(scheme: str, code: str) -> str:
    """Official name of a code."""
    entry = SPEC.code(scheme, code, 2022)
    return entry.name if entry else code


@dataclass(frozen=True)
class Item:
    """Money of one functional item, in cents."""

    code: str
    income: dict[str, int]  # fiscal income of the year by fund
    opening: dict[str, int]  # fiscal balance brought forward by fund
    basic: dict[str, int]  # fiscal basic expenditure by fund
    project: dict[str, int]  # fiscal project expenditure by fund
    other_basic: int  # basic expenditure of other money
    other_project: int
    sources: dict[str, int]  # non-fiscal income of the year
    kinds: dict[str, int]  # expenditure of the further kinds


@dataclass(frozen=True)
class Facts:
    """Everything that a department did in a year, in cents: what the nine tables are sums of."""

    items: tuple[Item, ...]
    economic: dict[str, int]
    three_public: dict[str, tuple[int, int]]
    other_opening: int
    balance_used: int
    surplus_distribution: int


cents = st.one_of(st.just(0), st.integers(0, 10**6), st.integers(0, 10**11))


#: Sections whose budget the classification leaves no doubt about.
FUND_SECTIONS = ("20707", "20822", "21208", "21213", "22960")
GENERAL_CLASSES = ("201", "202", "204", "205", "206", "210", "211", "213", "221")


@cache
def item_codes() -> tuple[str, ...]:
    """Items of the general public budget, of government funds and of state capital."""
    doubtful = ("20509", "20610", "21012", "21160", "21161", "21366", "21367", "21369", "21370", "21371")
    return tuple(
        code
        for code, _ in official("functional", 7)
        if code[:5] in FUND_SECTIONS
        or code[:3] == "223"
        or (code[:3] in GENERAL_CLASSES and code[:5] not in doubtful)
    )


def fund_of(code: str) -> str:
    """The budget that an item is paid from."""
    if code.startswith("223"):
        return "state_capital"
    return "government_fund" if code[:5] in FUND_SECTIONS else "general_public_budget"


@st.composite
def items(draw: st.DrawFn, code: str) -> Item:
    """One item: its fund follows from its class where the classification says so."""
    fund = fund_of(code)
    basic = draw(cents) if fund == "general_public_budget" else 0
    project, opening, closing = draw(cents), draw(cents), draw(cents)
    income = max(basic + project + closing - opening, 0)
    return Item(
        code, {fund: income}, {fund: opening}, {fund: basic}, {fund: project}, draw(cents), draw(cents),
        {source: draw(cents) for source in SOURCES}, {kind: draw(cents) for kind in KINDS},
    )  # fmt: skip


#: Economic items that are part of a line of the three public expenses.
PUBLIC_ITEMS = {
    "overseas_travel": "30212",
    "vehicle_purchase": "31013",
    "vehicle_operation": "30231",
    "reception": "30217",
}


@st.composite
def facts(draw: st.DrawFn, most: int = 5) -> Facts:
    """A department's year. Nothing is spent that was not there: what is left of other money is never negative, and the
    three public expenses are paid from basic expenditure by their economic items and from project expenditure."""
    codes = draw(st.lists(st.sampled_from(item_codes()), min_size=1, max_size=most, unique=True))
    found = tuple(draw(items(code)) for code in codes)
    left = sum(item.basic.get(FUNDS[0], 0) for item in found)
    economic: dict[str, int] = {}
    fixed = [
        c
        for c, _ in official("economic_department", 5)
        if c[:3] in ("301", "302", "303", "307", "310", "399")
    ]
    likely = st.one_of(st.sampled_from(tuple(PUBLIC_ITEMS.values())), st.sampled_from(fixed))
    for code in draw(st.lists(likely, min_size=1, max_size=6, unique=True)):
        part = draw(st.integers(0, left))
        economic[code] = part
        left -= part
    economic[code] += left
    projects = sum(sum(item.project.values()) for item in found)
    three: dict[str, tuple[int, int]] = {}
    for line, code in PUBLIC_ITEMS.items():
        extra = draw(st.integers(0, projects))
        projects -= extra
        final = economic.get(code, 0) + extra
        three[line] = (final + draw(cents), final)
    used, distributed = draw(cents), draw(cents)
    spent = sum(i.other_basic + i.other_project + sum(i.kinds.values()) for i in found)
    earned = sum(sum(i.sources.values()) for i in found)
    opening = draw(cents) + max(spent + distributed - earned - used, 0)
    return Facts(found, economic, three, opening, used, distributed)


def tables_of(year: Facts) -> dict[str, list[dict[str, Any]]]:
    """The rows of the nine tables in cents, keyed by field; every total is a sum of leaves."""
    tables: dict[str, list[dict[str, Any]]] = {}
    fund_items = {f: [i for i in year.items if f in i.basic] for f in FUNDS}

    def by_code(rows: Iterable[tuple[str, dict[str, int]]]) -> list[dict[str, Any]]:
        sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for code, amounts in rows:
            for key in ("TOTAL", code[:3], code[:5], code):
                for field, amount in amounts.items():
                    sums[key][field] += amount
        return [
            {"code": k, "name": "合计" if k == "TOTAL" else names_of("functional", k), **v}
            for k, v in sorted(sums.items(), key=lambda kv: (kv[0] != "TOTAL", kv[0]))
        ]

    def spent(i: Item) -> dict[str, int]:
        basic, project = sum(i.basic.values()) + i.other_basic, sum(i.project.values()) + i.other_project
        return {
            "total": basic + project + sum(i.kinds.values()),
            "basic": basic,
            "project": project,
            **i.kinds,
        }

    def earned(i: Item) -> dict[str, int]:
        fiscal = sum(i.income.values())
        return {"total": fiscal + sum(i.sources.values()), "fiscal_appropriation": fiscal, **i.sources}

    tables["income"] = by_code((i.code, earned(i)) for i in year.items)
    tables["expenditure"] = by_code((i.code, spent(i)) for i in year.items)
    tables["general_budget_expenditure"] = by_code(
        (
            i.code,
            {
                "total": i.basic[FUNDS[0]] + i.project[FUNDS[0]],
                "basic": i.basic[FUNDS[0]],
                "project": i.project[FUNDS[0]],
            },
        )
        for i in fund_items[FUNDS[0]]
    )
    for fund in FUNDS[1:]:
        tables[fund] = by_code(
            (i.code, {
                "opening_balance": i.opening[fund], "income": i.income[fund], "total": i.basic[fund] + i.project[fund],
                "basic": i.basic[fund], "project": i.project[fund],
                "closing_balance": i.opening[fund] + i.income[fund] - i.basic[fund] - i.project[fund],
            })
            for i in fund_items[fund]
        )  # fmt: skip
    tables["general_budget_basic_expenditure"] = _economic(year)
    tables["three_public_expenses"] = _three_public(year)
    tables["fiscal_appropriation_summary"] = _fiscal(fund_items)
    tables["income_expenditure_summary"] = _summary(year, tables)
    return tables


def _economic(year: Facts) -> list[dict[str, Any]]:
    sums: dict[str, int] = defaultdict(int)
    for code, amount in year.economic.items():
        group = "personnel" if code[:3] in ("301", "303") else "operating"
        for key in ("TOTAL", group, code[:3], code):
            sums[key] += amount
    sums.setdefault("personnel", 0)
    sums.setdefault("operating", 0)
    fixed = {"TOTAL": "合计", "personnel": "人员经费合计", "operating": "公用经费合计"}
    return [
        {"line": k, "name": fixed.get(k) or names_of("economic_department", k), "amount": v}
        for k, v in sums.items()
    ]


def _three_public(year: Facts) -> list[dict[str, Any]]:
    parts = dict(year.three_public)
    parts["vehicles"] = tuple(
        a + b for a, b in zip(parts["vehicle_purchase"], parts["vehicle_operation"], strict=True)
    )  # type: ignore[assignment]
    parts["total"] = tuple(
        sum(parts[p][n] for p in ("overseas_travel", "vehicles", "reception")) for n in (0, 1)
    )  # type: ignore[assignment]
    return [
        {"line": line.line, "name": line.name, "budget": parts[line.line][0], "final": parts[line.line][1]}
        for line in _fixed("three_public_expenses")
    ]


def _fiscal(fund_items: dict[str, list[Item]]) -> list[dict[str, Any]]:
    income = {f: sum(i.income[f] for i in fund_items[f]) for f in FUNDS}
    opening = {f: sum(i.opening[f] for i in fund_items[f]) for f in FUNDS}
    spent = {f: sum(i.basic[f] + i.project[f] for i in fund_items[f]) for f in FUNDS}
    left = {
        f: sum(i.opening[f] + i.income[f] - i.basic[f] - i.project[f] for i in fund_items[f]) for f in FUNDS
    }
    values: dict[str, Any] = {f"income.{f}": income[f] for f in FUNDS}
    values["income.current_year"] = sum(income.values())
    values["income.opening_balance"] = sum(opening.values())
    values |= {f"income.opening_balance.{f}": opening[f] for f in FUNDS}
    values["income.total"] = sum(income.values()) + sum(opening.values())
    rows = []
    for line in _fixed("fiscal_appropriation_summary"):
        row: dict[str, Any] = {"line": line.line, "name": line.name}
        if line.line in values:
            rows.append({**row, "total": values[line.line]})
            continue
        if line.line == "expenditure.current_year":
            parts = spent
        elif line.line == "expenditure.closing_balance":
            parts = left
        elif line.line == "expenditure.total":
            parts = {f: spent[f] + left[f] for f in FUNDS}
        else:
            klass = line.line.rpartition(".")[2]
            parts = {
                f: sum(i.basic[f] + i.project[f] for i in fund_items[f] if i.code[:3] == klass) for f in FUNDS
            }
        rows.append({**row, "total": sum(parts.values()), **parts})
    return _with_other_classes(rows, fund_items)


def _with_other_classes(
    rows: list[dict[str, Any]], fund_items: dict[str, list[Item]]
) -> list[dict[str, Any]]:
    """Classes that the form does not fix get a line of their own."""
    fixed = {row["line"] for row in rows}
    for klass in sorted({i.code[:3] for found in fund_items.values() for i in found}):
        if f"expenditure.{klass}" not in fixed:
            parts = {
                f: sum(i.basic[f] + i.project[f] for i in fund_items[f] if i.code[:3] == klass) for f in FUNDS
            }
            rows.append(
                {
                    "line": f"expenditure.{klass}",
                    "name": names_of("functional", klass),
                    "total": sum(parts.values()),
                    **parts,
                }
            )
    return rows


def _summary(year: Facts, tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    earned, spent = tables["income"][0], tables["expenditure"][0]
    fiscal = {row["line"]: row["total"] for row in tables["fiscal_appropriation_summary"]}
    values = {f"income.{f}": fiscal[f"income.{f}"] for f in FUNDS}
    for line, field in zip(
        ("superior_subsidy", "institutional", "business", "affiliate_remittance", "other"),
        SOURCES,
        strict=True,
    ):
        values[f"income.{line}"] = earned[field]
    values["income.current_year"] = earned["total"]
    values["income.non_fiscal_balance_used"] = year.balance_used
    values["income.opening_balance"] = fiscal["income.opening_balance"] + year.other_opening
    values["income.total"] = earned["total"] + year.balance_used + values["income.opening_balance"]
    for row in tables["expenditure"]:
        if len(row["code"]) == 3:
            values[f"expenditure.{row['code']}"] = row["total"]
    values["expenditure.current_year"] = spent["total"]
    values["expenditure.surplus_distribution"] = year.surplus_distribution
    values["expenditure.closing_balance"] = (
        values["income.total"] - spent["total"] - year.surplus_distribution
    )
    values["expenditure.total"] = values["income.total"]
    rows = [
        {"line": line.line, "name": line.name, "amount": values.pop(line.line, 0)}
        for line in _fixed("income_expenditure_summary")
    ]
    return rows + [
        {"line": k, "name": names_of("functional", k[12:]), "amount": v} for k, v in values.items()
    ]


def _fixed(table: str) -> list[Any]:
    form = SPEC.edition("national-2020").forms[table]
    return [line for block in form.blocks for line in block.lines if line.line]


def as_rows(
    spec: Spec, tables: dict[str, list[dict[str, Any]]], amount: Callable[[int], Decimal]
) -> dict[str, list[Row]]:
    """The rows as a report holds them; ``amount`` turns cents into the figure printed."""
    found: dict[str, list[Row]] = {}
    for table_id, rows in tables.items():
        table = spec.tables[table_id]
        found[table_id] = [
            make_row(table, **{k: amount(v) if isinstance(v, int) else v for k, v in row.items()})
            for row in rows
        ]
    return found


def in_yuan(value: int) -> Decimal:
    """Cents as 元 with two decimals."""
    return Decimal(value).scaleb(-2)


def about(edition: str, unit: str, **more: Any) -> dict[str, list[Row]]:
    """The rows of ``report`` and ``entity`` of an invented department, of 2022 or of the first year of a later edition: no
    name of an item that was in force in 2022 has changed since."""
    tables = SPEC.tables
    year = max(2022, SPEC.edition(edition).first_year)
    return {
        "report": [make_row(tables["report"], spec_version=SPEC.version, fiscal_year=year, edition=edition, unit=unit, decimals=2, precision=Decimal(0) if unit == "元" else Decimal("0.01"), **more)],
        "entity": [make_row(tables["entity"], name="示例市示例局", kind="department", scope="consolidated")],
    }  # fmt: skip


@st.composite
def balanced_reports(draw: st.DrawFn, most: int = 5) -> Report:
    """A report in 元 that keeps every identity exactly; tables without money are declared empty."""
    edition = draw(st.sampled_from(EDITIONS))
    rows = printed_by(edition, as_rows(SPEC, tables_of(draw(facts(most))), in_yuan))
    listed = SPEC.tables["tables"]
    states = [
        make_row(
            listed,
            table=t.id,
            status=REPORTED if rows.get(t.id) else EMPTY,
            statement=None if rows.get(t.id) else "本年度没有收支，故本表无数据。",
        )
        for t in SPEC.forms
    ]
    return build(SPEC, {**rows, **about(edition, "元"), "tables": states})


def printed_by(edition: str, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows with only those cells that the edition's forms print."""
    forms = SPEC.edition(edition).forms
    for table_id, rows in tables.items():
        table = SPEC.tables[table_id]
        absent = {
            i for i, f in enumerate(table.fields) if f.by_edition and f.name not in forms[table_id].fields
        }
        tables[table_id] = [tuple(None if i in absent else v for i, v in enumerate(row)) for row in rows]
    return tables


# What real publications add

awkward = [
    "=1+1",
    "@SUM(A1)",
    "+1",
    "-1",
    "https://example.org",
    "a,b",
    'say "x"',
    "两行\n文字",
    "_x000D_",
    "_x0041_",
    "未公开",
    "—",
    "0",
    "1e5",
    "TRUE",
    "合计",
    "总计",
    "注：见上",
    "报告",
    "𠮷野家",
    "a\u200bb",
    "{{x}}",
    "'x",
    "公开01表",
]
texts = st.one_of(
    st.sampled_from(awkward),
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=20,
    ),
).filter(lambda t: text_fault(t) is None)


def decimals(field: Field) -> st.SearchStrategy[Decimal]:
    """Numbers in the standard's lexical form, up to 18 digits before and 6 after the point."""
    whole = st.integers(-(10**18) + 1 if field.minimum is None else 0, 10**18 - 1)
    return st.builds(_scaled, st.one_of(st.integers(0, 10**6), whole), st.integers(0, 6))


def _scaled(number: int, places: int) -> Decimal:
    value = Decimal(number).scaleb(-places)
    return value or abs(value)


@cache
def values(field: Field) -> st.SearchStrategy[Any]:
    """Any value that the field's declaration allows, blank aside."""
    if field.enum:
        return st.sampled_from(field.enum)
    base: st.SearchStrategy[Any]
    if field.type == "number":
        base = decimals(field)
    elif field.type == "integer":
        low = int(field.minimum) if field.minimum is not None else -(10**15)
        base = st.integers(low, int(field.maximum) if field.maximum is not None else 10**15)
    elif field.type == "boolean":
        base = st.booleans()
    elif field.type == "date":
        base = st.dates().map(lambda d: d.isoformat())
    elif field.pattern is not None:
        base = st.from_regex(field.pattern, fullmatch=True).filter(
            lambda t: text_fault(t) is None and len(t) < 60
        )
    else:
        base = texts
    return st.one_of(base, st.sampled_from(list(NOTHINGS.values()))) if field.states else base


@cache
def rows_of(table: Table) -> st.SearchStrategy[list[Row]]:
    """Rows of a table that is no form: unique by key, required fields filled, none wholly blank."""
    row = st.tuples(*(values(f) if f.required else optional(f) for f in table.fields)).filter(
        lambda row: any(v is not None for v in row)
    )
    unique = (lambda row: tuple(row[i] for i in table.key_positions)) if table.key else None
    return st.lists(row, max_size=1 if table.single else 3, unique_by=unique)


@cache
def optional(field: Field) -> st.SearchStrategy[Any]:
    """Any value of the field, or blank."""
    return st.one_of(st.none(), values(field))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report that the standard allows: a balanced one with blanks, nothings, states, own names, notes and the rest."""
    report = draw(balanced_reports(3))
    tables: dict[str, list[Row]] = {t: list(r) for t, r in report.tables.items() if t != "codes"}
    states = {row[0]: list(row) for row in report.rows("tables")}
    _disturb(draw, tables)
    at = SPEC.tables["tables"].position
    for form in SPEC.forms:
        fate, printed, text = draw(_fates)
        if fate != "keep":
            tables[form.id] = []
        if not tables[form.id]:
            _restate(states[form.id], MISSING if fate == "missing" else EMPTY, text)
        states[form.id][at["printed_title"]] = printed
        states[form.id][at["printed_number"]] = text
        states[form.id][at["unit"]] = "万元" if fate == "missing" else None
        states[form.id][at["reconstructed"]] = True if printed else None
    tables["tables"] = [tuple(row) for row in states.values()]
    edition = report.one("report")["edition"]
    more = {
        f: draw(optional(SPEC.tables["report"][f]))
        for f in ("title", "description", "contact", "approved_on", "revision", "license_name")
    }
    tables |= about(str(edition), draw(st.sampled_from(("元", "万元"))), **more)
    entity = SPEC.tables["entity"]
    tables["entity"] = [tuple(draw(values(f) if f.required else optional(f)) for f in entity.fields)]
    for table in SPEC.tables.values():
        if table.kind == "note" or table.id in ("sources", "claims", "extras"):
            if draw(st.integers(0, 3)):
                continue
            tables[table.id] = draw(rows_of(table))
    projects = {row[0] for name in ("performance_funds", "performance_indicators") for row in tables[name]}
    known = {row[0] for row in tables["performance_projects"]}
    tables["performance_projects"] += [
        make_row(SPEC.tables["performance_projects"], no=n, project_name="项目") for n in projects - known
    ]
    tables["cells"] = draw(_described(tables))
    return build(SPEC, tables)


def _restate(state: list[Any], status: str, text: str | None) -> None:
    at = SPEC.tables["tables"].position
    state[at["status"]] = status
    state[at["statement"]] = (text or "本年度没有收支，故本表无数据。") if status == EMPTY else None
    state[at["reason"]] = text if status == MISSING else None


_fates = st.tuples(
    st.sampled_from(("keep", "keep", "keep", "missing", "empty")),
    st.one_of(st.none(), st.just("收入支出决算总表"), texts),
    st.one_of(st.none(), st.just("公开07表"), texts),
)


def _disturb(draw: st.DrawFn, tables: dict[str, list[Row]]) -> None:
    """Replace a few figures by a kind of nothing or another figure, and a few names by names of the report's own."""
    places = [(form, n) for form in SPEC.forms for n in range(len(tables[form.id]))]
    for form, n in draw(st.lists(st.sampled_from(places), max_size=6)):
        row = list(tables[form.id][n])
        filled = [f for f in form.amounts if row[form.position[f.name]] is not None]
        if filled:
            field = draw(st.sampled_from(filled))
            row[form.position[field.name]] = draw(optional(field))
        tables[form.id][n] = tuple(row)
    for form, n in draw(st.lists(st.sampled_from(places), max_size=3)):
        row = list(tables[form.id][n])
        row[form.position["name"]] = f"{row[form.position['name']]}（本级）"
        tables[form.id][n] = tuple(row)


@st.composite
def _described(draw: st.DrawFn, tables: dict[str, list[Row]]) -> list[Row]:
    """Rows of ``cells`` for some of the figures that are there."""
    table = SPEC.tables["cells"]
    there = [
        (t, row_name(SPEC.tables[t], row), f.name)
        for t in ("income", "staffing", "three_public_expenses")
        for row in tables.get(t, ())
        for f in SPEC.tables[t].fields
        if f.states
    ]
    if not there:
        return []
    chosen = draw(st.lists(st.sampled_from(there), max_size=3, unique=True))
    return [
        make_row(table, table=t, row=r, field=f, basis=draw(values(table["basis"])), derivation=draw(st.one_of(st.none(), texts)), min=draw(st.one_of(st.none(), decimals(table["min"]))))
        for t, r, f in chosen
    ]  # fmt: skip
