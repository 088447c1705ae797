"""A rule in words: its formula from the operands that it declares, so that prose and check cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fatk.rules.context import Rule
from fatk.spec import Spec, Table

_WORDS = {
    "zh": {"each": "每一", "sum": "Σ", "all": "各", "class": "功能类", "code": "科目", "row": "行", "field": "栏", "fund": "预算", "side": "栏",
           "of.previous": "上年", "of.parts": "各单位合计的", "total": "合计", "children": "上级科目", "below": "Σ 下级科目", "table": "表"},
    "en": {"each": "each ", "sum": "Σ ", "all": "", "class": "class", "code": "code", "row": "row", "field": "column", "fund": "budget", "side": "column",
           "of.previous": "last year's ", "of.parts": "the units' ", "total": "total", "children": "parent", "below": "Σ of its children", "table": "table"},
}  # fmt: skip


def formula(rule: Rule, spec: Spec, language: str = "zh") -> str:
    """The rule as a formula over printed names; empty where its kind has none."""
    if rule.kind == "rollup" and "table" in rule.body:
        words = _WORDS[language]
        name = _table(spec.tables[rule.body["table"]], language)
        return f"{name}[{words[rule.body['level']]}] = {words['below']}"
    if rule.kind not in ("linear", "compare"):
        return ""
    sign = " = " if rule.kind == "linear" else " ≤ "
    instances = [i for i in rule.body.get("instances", (rule.body,)) if "left" in i and "right" in i]
    sides = [sign.join(_side(i[side], spec, language) for side in ("left", "right")) for i in instances]
    return ("；" if language == "zh" else "; ").join(sides)


def _side(terms: Iterable[Mapping[str, Any]], spec: Spec, language: str) -> str:
    shown = ""
    for term in terms:
        minus = str(term.get("weight", 1)).startswith("-")
        text = term["constant"] if "constant" in term else _term(term, spec, language)
        shown += (" − " if minus else " + " if shown else "") + text
    return shown


def _term(term: Mapping[str, Any], spec: Spec, language: str) -> str:
    words = _WORDS[language]
    of = words[f"of.{term['of']}"] if term.get("of") else ""
    declared = spec.tables.get(term["table"]) if isinstance(term["table"], str) else None
    if declared is None:
        return f"{of}{words['all']}{words['table']}[{words['each']}{words['row']}]"
    rows = term.get("rows", term.get("row"))
    if isinstance(rows, list):
        named = "+".join(_row(declared, r, language) for r in rows)
        row, total = named, words["sum"]
    elif isinstance(rows, dict) and "var" not in rows:
        row, total = f"{words['all']}{words['class']}", words["sum"]
    else:
        row, total = _row(declared, rows, language), ""
    field = term["field"]
    column = words.get("field") if isinstance(field, dict) else _field(declared, field, language)
    cell = row if len(declared.amounts) == 1 else f"{row}·{column}"
    return f"{of}{total}{_table(declared, language)}[{cell}]"


def _row(table: Table, row: Any, language: str) -> str:
    words = _WORDS[language]
    if isinstance(row, dict):
        return words["each"] + words.get(row["var"], str(row["var"]))
    if language == "en":
        return str(row)
    return line_name(table.id, str(row))


def place(table: Table, row: str, field: str, language: str = "zh") -> str:
    """A cell that stands nowhere in the file, by the printed names of table, row and column; in English by their ids."""
    if language != "zh":
        return "/".join(part for part in (table.id, row, field) if part)
    named = [line_name(table.id, row), table[field].title if field in table.position else field]
    return f"《{table.title}》{'·'.join(part for part in named if part)}"


def line_name(table_id: str, row: str) -> str:
    """The name of a row as the national form prints it; a row that it does not print is named as it is."""
    return _line_names(table_id).get(row, row)


@cache
def _line_names(table_id: str) -> Mapping[str, str]:
    from fatk.spec import load

    form = load().edition("national-2020").forms.get(table_id)
    found = {
        line.line: line.name for block in (form.blocks if form else ()) for line in block.lines if line.line
    }
    return {"TOTAL": "合计", "*": "", **found}


def _field(table: Table, field: str, language: str) -> str:
    return table[field].title if language == "zh" and field in table.position else field


def _table(table: Table, language: str) -> str:
    return f"《{table.title}》" if language == "zh" else table.id
