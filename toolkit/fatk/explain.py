"""What an id of the standard means, in plain words: a table, a field, an edition, a code, a kind of finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from fatk import resources
from fatk.errors import Misuse
from fatk.findings import fill, notices
from fatk.rules.context import load_rules
from fatk.rules.prose import formula
from fatk.spec import Block, Column, Edition, Field, Form, Spec, Table, edition_ids

_CERTAINTY = {
    "seen": ("见于公开资料", "seen in published material"),
    "corroborated": ("多处资料印证", "corroborated by several sources"),
    "found": ("见于其他名录", "found in another list"),
    "legacy-match": ("与旧名录代码名称相同", "same code and name in an older list"),
    "background": ("待核：据一般知识起草", "draft: to be checked against the official source"),
}
#: Parts of a form, each as sure as it is.
_PARTS = {
    "title": ("表名", "title"),
    "order": ("次序", "place"),
    "number": ("表号", "number"),
    "columns": ("栏目", "columns"),
    "total": ("合计位置", "place of the total"),
}
_SEVERITIES = {
    "error": ("错误", "an error"),
    "warning": ("警告", "a warning"),
    "info": ("提示", "an information"),
}
_BASES = {
    "CD": ("表样栏目的定义", "definition of the form's columns"),
    "OR": ("官方规定", "official rule"),
    "DF": ("名词或复述的定义", "definition of a term or a restatement"),
    "DI": ("推导的恒等式", "derived identity"),
    "CL": ("科目分类", "classification"),
    "CV": ("惯例", "convention"),
}
_TYPES = {"string": "文本", "number": "数值", "integer": "整数", "boolean": "是/否", "date": "日期"}


def explain(spec: Spec, wanted: str, language: str = "zh") -> str:
    """The explanation of an id as text; ``Misuse`` where nothing has that id, with what comes nearest."""
    for lines in (_table, _field, _edition, _rule, _notice, _refusal, _code):
        found = list(lines(spec, wanted, language == "zh"))
        if found:
            return "\n".join(found) + "\n"
    raise Misuse("ID_UNKNOWN", id=wanted, near=_near(spec, wanted))


def _near(spec: Spec, wanted: str) -> str:
    from difflib import get_close_matches

    ids = [
        *spec.tables,
        *(t.title for t in spec.tables.values()),
        *(f"{t.id}.{f.name}" for t in spec.tables.values() for f in t.fields),
        *edition_ids(),
        *load_rules(),
        *notices(),
    ]
    close = get_close_matches(wanted, ids, 3, 0.6)
    return ", ".join(close) or "income, income.total, national-2020, READ-01, 2010301"


def _table_of(spec: Spec, wanted: str) -> Table | None:
    """A table by its id or its title."""
    return spec.tables.get(wanted) or next((t for t in spec.tables.values() if t.title == wanted), None)


def _table(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    table = _table_of(spec, wanted)
    if table is None:
        return
    yield f"{table.id}  {table.title}" if zh else f"{table.id}  ({table.title})"
    if not zh:
        yield table.description
    yield ""
    yield ("字段：" if zh else "Fields:")
    width = max(len(f.name) for f in table.fields)
    for f in table.fields:
        unit = f"（{f.unit}）" if f.unit else ""
        yield f"  {f.name:<{width}}  {f.title}{unit}" if zh else f"  {f.name:<{width}}  {f.description}"
    if table.key:
        yield ("主键：" if zh else "Key: ") + ", ".join(table.key)
    yield from _printed(spec, table, zh)


def _printed(spec: Spec, table: Table, zh: bool) -> Iterator[str]:
    """How each edition prints a table: its place, number, title, columns, and how sure that is."""
    printing = [edition for edition in spec.editions if table.id in edition.forms]
    if not printing:
        return
    yield ""
    yield ("各版表样：" if zh else "Printed in:")
    said: dict[tuple[Block, ...], str] = {}
    for edition in printing:
        form = edition.forms[table.id]
        place = list(edition.forms).index(table.id) + 1
        number = form.number or ("不印表号" if zh else "no number")
        yield f"  {edition.id}  {f'第 {place} 张' if zh else f'form {place}'}  {number}  {form.title}"
        columns = tuple(replace(block, lines=()) for block in form.blocks)
        if columns in said:
            yield f"    {'栏目同' if zh else 'columns as in'} {said[columns]}"
        else:
            said[columns] = edition.id
            yield f"    {'栏目：' if zh else 'Columns: '}{' · '.join(map(_column, form.columns))}"
        yield f"    {_parts(form, zh)}"


def _column(column: Column) -> str:
    return " > ".join(column.header) + (f" [{column.number}]" if column.number else "")


def _parts(form: Form, zh: bool) -> str:
    """How sure each part of a form is; parts that are equally sure together."""
    sure: dict[str, list[str]] = {}
    listed = any(block.open for block in form.blocks)
    for part, words in _PARTS.items():
        if part != "total" or listed:
            sure.setdefault(form.certainty_of(part), []).append(words[0 if zh else 1])
    join, colon, end = ("、", "：", "；") if zh else (", ", ": ", "; ")
    return end.join(f"{join.join(parts)}{colon}{_certain(level, zh)}" for level, parts in sure.items())


def _field(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    table_name, _, name = wanted.partition(".")
    table = _table_of(spec, table_name)
    field = next((f for f in table.fields if name in (f.name, f.title)), None) if table else None
    if table is None or field is None:
        return
    yield f"{table.id}.{field.name}  {field.title}" + (f"（{table.title}）" if zh else "")
    if not zh:
        yield field.description
    yield f"{'类型：' if zh else 'Type: '}{type_of(field, zh)}"
    yield from constraints(field, zh)
    for edition in spec.editions:
        form = edition.forms.get(table.id)
        for column in form.columns if form else ():
            if column.field == field.name:
                line = f"（{column.line}）" if column.line else ""
                number = f" 栏次 {column.number}" if column.number else ""
                yield f"{edition.id}: {' > '.join(column.header)}{line}{number}"


def type_of(field: Field, zh: bool) -> str:
    """What kind of value a field holds, in a word."""
    return _TYPES[field.type] if zh else field.type


def constraints(field: Field, zh: bool) -> Iterator[str]:
    """What the values of a field have to keep, a line each."""
    if field.required:
        yield "必填" if zh else "Required"
    if field.amount:
        yield "单位：报告的金额单位" if zh else "Unit: the report's unit of amounts"
    elif field.unit:
        yield f"单位：{field.unit}" if zh else f"Unit: {field.unit}"
    if field.states:
        yield (
            "空白、不适用（n/a）、未公开（undisclosed）与 0 是四种不同的情形"
            if zh
            else "Blank, n/a, undisclosed and 0 are four different things"
        )
    for value in field.enum:
        yield f"  {value}" + (f"  {field.labels[value]}" if value in field.labels else "")
    if field.pattern is not None:
        yield f"格式：{field.pattern.pattern}" if zh else f"Pattern: {field.pattern.pattern}"


def _edition(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    if wanted not in edition_ids():
        return
    edition: Edition = spec.edition(wanted)
    years = f"{edition.first_year}–{edition.last_year or ''}"
    yield f"{edition.id}  {edition.title}"
    yield (
        f"地区：{edition.region}；年度：{years}；继承自：{edition.base or '无'}；{_certain(edition.certainty, zh)}"
        if zh
        else f"Region: {edition.region}; years: {years}; based on: {edition.base or 'none'}; {_certain(edition.certainty, zh)}"
    )
    yield f"出处（英文）：{edition.source}" if zh else f"Source: {edition.source}"
    none = "不印" if zh else "not printed"
    around = {
        ("单位行", "Unit line"): edition.unit_line,
        ("单位名称行", "Entity line"): edition.entity_line,
        ("栏次", "Column numbers"): edition.column_number_label,
    }
    join = "；" if zh else "; "
    yield join.join(f"{k[0] if zh else k[1]}{'：' if zh else ': '}{v or none}" for k, v in around.items())
    for number, form in enumerate(edition.forms.values(), 1):
        yield ""
        yield f"{number}. {form.number or ''} {form.title} [{form.table}]".replace("  ", " ")
        yield f"   {_parts(form, zh)}"
        yield f"   {'来源：' if zh else 'Source: '}{form.source}"
        yield f"   {'栏目：' if zh else 'Columns:'}"
        for block in form.blocks:
            for column in block.columns:
                yield f"     {_column(column)}"
        yield from _lines(form, zh)


def _lines(form: Form, zh: bool) -> Iterator[str]:
    """The fixed lines of a form as they are printed, and where the total of a list stands."""
    if any(column.line for column in form.columns):
        return
    for block in form.blocks:
        if block.open:
            where = {"first": ("首行", "first row"), "last": ("末行", "last row")}[form.total][0 if zh else 1]
            yield f"   {'合计：' if zh else 'Total: '}{where}"
            continue
        lines = [line for line in block.lines if line.line]
        sure = Counter(line.certainty for line in lines)
        counts = ("，" if zh else ", ").join(f"{_certain(c, zh)} {n}" for c, n in sure.items())
        yield (
            f"   固定行（{block.name}，{len(lines)} 行：{counts}）："
            if zh
            else f"   Lines ({block.name}, {len(lines)}: {counts}):"
        )
        yield f"     {'／'.join(line.label for line in lines)}"


def _rule(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    rule = load_rules().get(wanted.upper())
    if rule is None:
        return
    language = "zh" if zh else "en"
    yield f"{rule.id}  {rule.title[language]}"
    said = formula(rule, spec, language)
    if said:
        yield ("公式：" if zh else "Formula: ") + said
    severity = _SEVERITIES[rule.severity][0 if zh else 1]
    basis = "、".join(
        _BASES.get(b.strip(), (b, b))[0 if zh else 1] for b in rule.basis.replace(";", ",").split(",")
    )
    yield (
        f"不符合时：{severity}；依据：{basis}；自标准 {rule.since} 版"
        if zh
        else f"If broken: {severity}; basis: {basis}; since {rule.since}"
    )
    if rule.implied_by:
        yield ("由这些规则推出：" if zh else "Implied by: ") + ", ".join(rule.implied_by)
    if "covered_by" in rule.body:
        yield ("由结构检查代为发现：" if zh else "Found by: ") + str(rule.body["covered_by"])
    elif not rule.built:
        yield ("尚不检查：" if zh else "Not checked yet: ") + rule.body["not_built"][language]
    elif rule.kind in ("linear", "rollup", "compare"):
        yield (
            "相差不超过各数舍入误差之和的，视为相符；超过的才是错误。"
            if zh
            else "A difference that rounding of the figures explains is no fault; only more is."
        )


def _notice(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    kind = notices().get(wanted.upper())
    if kind is None:
        return
    language = "zh" if zh else "en"
    severity = _SEVERITIES[kind.severity][0]
    yield f"{kind.id}  {kind.title[language]}" + (f"（{severity}）" if zh else f" ({kind.severity})")
    yield fill(kind.messages[language], {})
    yield ("怎么办：" if zh else "What to do: ") + kind.advice[language]


def _refusal(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    for entry in resources.read_json("notices", "refusals.json")["refusals"]:
        if entry["code"] == wanted.upper():
            yield f"{entry['code']}"
            yield fill(entry["message"]["zh" if zh else "en"], {})


def _code(spec: Spec, wanted: str, zh: bool) -> Iterator[str]:
    for scheme, title in (
        ("functional", "支出功能分类"),
        ("economic_department", "部门预算支出经济分类"),
        ("economic_government", "政府预算支出经济分类"),
    ):
        for entry in spec.codes(scheme).get(wanted, ()):
            parents = []
            for length in (3, 5):
                if length < len(wanted):
                    above = spec.codes(scheme).get(wanted[:length])
                    parents.append(above[-1].name if above else wanted[:length])
            years = (
                f"{entry.first_year or ''}–{entry.last_year or ''}"
                if entry.first_year or entry.last_year
                else ""
            )
            yield f"{wanted}  {' › '.join([*parents, entry.name])}  {title}{entry.level} {years}".rstrip()
            yield _certain(entry.certainty, zh)


def _certain(certainty: str, zh: bool) -> str:
    return _CERTAINTY.get(certainty, (certainty, certainty))[0 if zh else 1]
