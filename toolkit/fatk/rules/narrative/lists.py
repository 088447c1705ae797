"""The kind ``agrees`` on lists and names: what a text enumerates is what the tables hold, under the same names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fatk.findings import FAILED, NOT_CHECKED, fill
from fatk.model import EMPTY, MISSING, REPORTED
from fatk.rules.context import BLANK, EXACT, NO_TABLE, Check, Context, Ref, Rule
from fatk.rules.narrative.figures import Stated
from fatk.rules.narrative.terms import rows_where
from fatk.values import Nothing, Value
from fatk.vocabulary import fold, title_of


def _described(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """Every code of a table that has money is one element of a list in the text, and nothing else is one."""
    table = rule.body["table"]
    for about in rule.body["lists"]:
        listed = context.rows_of(about["table"])
        if not listed:
            continue
        if context.status.get(table, MISSING) == MISSING:
            yield Check(rule.id, NOT_CHECKED, (Ref("tables", table, "status"),), reason=NO_TABLE)
            continue
        places: dict[Value, list[Ref]] = {}
        for name in listed:
            code = context.value(about["table"], name, "code")
            places.setdefault(code, []).append(Ref(about["table"], name, "code"))
        unnamed = places.pop(None, [])
        if unnamed:
            yield Check(rule.id, NOT_CHECKED, tuple(unnamed), reason=BLANK)
        for code in context.keys(table, level=about["level"]):
            cell = Ref(table, code, rule.body["field"])
            found = places.pop(code, [])
            if len(found) > 1:
                yield _differs(
                    rule, (*found, cell), "{code} 说明了 {count} 次", "{code} is described {count} times",
                    code=code, count=len(found),
                )  # fmt: skip
            elif found:
                yield Check(rule.id, EXACT, (found[0], cell))
            elif _money(context.value(*cell)) and not unnamed:
                yield _differs(
                    rule, (cell,), "{code} 有支出而没有说明", "{code} has expenditure but is not described", code=code
                )  # fmt: skip
        for extra, found in places.items():
            # An amount that the text gives for a code without money is told of where the two are compared.
            cell = Ref(table, str(extra), rule.body["field"])
            if not any(_money(claim.value) for claim in stated.by_cell.get(cell, ())):
                yield _differs(
                    rule, tuple(found), "{code} 有说明，表中却没有", "{code} is described but not in the table", code=extra
                )  # fmt: skip


def _named_items(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The economic items that the text names are those of the table that have money, group by group."""
    table, listed = rule.body["table"], rule.body["list"]
    for group, classes in rule.body["groups"].items():
        rows = list(rows_where(listed, {"group": group}, {}, context))
        if not rows:
            continue
        if context.status.get(table, MISSING) == MISSING:
            yield Check(rule.id, NOT_CHECKED, (Ref("tables", table, "status"),), reason=NO_TABLE)
            continue
        named: dict[str, Ref] = {}
        unknown = []
        for row in rows:
            code = context.value(listed, row, "code") or _code_named(
                context.value(listed, row, "name"), table, context
            )
            if isinstance(code, str):
                named[code] = Ref(listed, row, "name")
            else:
                unknown.append(Ref(listed, row, "code"))
        if unknown:
            yield Check(rule.id, NOT_CHECKED, tuple(unknown), reason=BLANK)
        field_name = rule.body["field"]
        for code, ref in named.items():
            cell = Ref(table, code, field_name)
            if _money(context.value(*cell)):
                yield Check(rule.id, EXACT, (ref, cell))
            else:
                yield _differs(
                    rule, (ref, cell), "{code} 已列举，表中却没有数", "{code} is named but has no money in the table",
                    code=code,
                )  # fmt: skip
        for code in () if unknown else context.keys(table, level=5):
            ours = code[:3] in classes["of"] if "of" in classes else code[:3] not in classes["not"]
            cell = Ref(table, code, field_name)
            if ours and code not in named and code[:3] not in named and _money(context.value(*cell)):
                yield _differs(
                    rule, (cell,), "{code} 有数而没有列举", "{code} has money but is not named", code=code
                )


def _code_named(name: Value, table: str, context: Context) -> str | None:
    """The economic item of a name: of a row of the table, else of the official list of the year."""
    wanted = _bare(str(name))
    at = context.spec.tables[table].position["name"]
    for code, row in context.rows_of(table).items():
        if code.isdigit() and _bare(str(row[at])) == wanted:
            return code
    entries = context.spec.codes(str(context.spec.tables[table].scheme)).values()
    return next(
        (e.code for es in entries for e in es if e.covers(context.year) and _bare(e.name) == wanted), None
    )


def _names_of_codes(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The text calls a code what the table calls it, or both use a name that the code has or has had."""
    table = rule.body["table"]
    for about in rule.body["lists"]:
        for name in context.rows_of(about["table"]):
            code = context.value(about["table"], name, "code")
            if isinstance(code, str):
                for field_name, digits in about["fields"].items():
                    refs = Ref(about["table"], name, field_name), Ref(table, code[:digits], "name")
                    said, printed = (context.value(*ref) for ref in refs)
                    if not isinstance(said, str) or not isinstance(printed, str):
                        continue
                    if said == printed or _same_name(said, printed, code[:digits], context):
                        yield Check(rule.id, EXACT, refs)
                    else:
                        yield _differs(
                            rule, refs, "{code} 在说明中称“{said}”，在表中称“{printed}”",
                            "{code} is called “{said}” in the text and “{printed}” in the table",
                            code=code[:digits], said=said, printed=printed,
                        )  # fmt: skip


def _same_name(one: str, other: str, code: str, context: Context) -> bool:
    """Whether two names differ in marks only, or are both names that a code has or has had."""
    names = {_bare(entry.name) for entry in context.spec.codes("functional").get(code, ())}
    return _bare(one) == _bare(other) or {_bare(one), _bare(other)} <= names


def _emptiness(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """A table with data does not come with a statement that it is empty."""
    for table in rule.body["tables"]:
        statement, status = context.value("tables", table, "statement"), context.status.get(table)
        if not isinstance(statement, str) or status not in {REPORTED, EMPTY}:
            continue
        refs = (Ref("tables", table, "statement"), Ref("tables", table, "status"))
        amounts = [f.name for f in context.spec.tables[table].amounts]
        filled = any(
            _money(context.value(table, row, name)) for row in context.rows_of(table) for name in amounts
        )
        if filled and re.search(rule.body["words"], statement):
            yield _differs(
                rule, refs, "“{title}”有数据，说明却写“{statement}”", "{title} has data, but the statement is “{statement}”",
                title=context.spec.tables[table].title, statement=statement,
            )  # fmt: skip
        else:
            yield Check(rule.id, EXACT, refs)


def _table_list(rule: Rule, context: Context, stated: Stated) -> Iterator[Check]:
    """The tables of the list are those that are there; one that may lie in another file is not missed."""
    listed: dict[str | None, Ref] = {}
    for name in context.rows_of("table_list"):
        title = Ref("table_list", name, "title")
        listed.setdefault(title_of(str(context.value(*title))), title)
    for form in context.spec.forms if listed else ():
        place = Ref("tables", form.id, "status")
        there = context.status.get(form.id) in {REPORTED, EMPTY}
        if form.id in listed:
            refs = (listed[form.id], place)
            yield Check(rule.id, EXACT, refs) if there else Check(rule.id, NOT_CHECKED, refs, reason=NO_TABLE)
        elif there:
            yield _differs(
                rule, (place,), "目录没有列“{title}”", "the list of tables lacks {title}", title=form.title
            )


def _differs(rule: Rule, refs: tuple[Ref, ...], zh: str, en: str, **named: object) -> Check:
    """A failed check of words, with what exactly is wrong; what a file says is shown and never interpreted."""
    return Check(
        rule.id, FAILED, refs, details=(("zh", fill(zh, named) + "。"), ("en", fill(en, named) + "."))
    )


def _money(value: Value) -> bool:
    """Whether there is money in a cell, known or withheld."""
    return bool(value) if isinstance(value, Decimal) else value is Nothing.UNDISCLOSED


def _bare(name: str) -> str:
    """A name as it is compared: folded, without quotes and brackets and without 支出 at its end."""
    return re.sub(r"[\"'“”‘’()\[\]《》、,，·.]", "", fold(name)).removesuffix("支出") or name


LIST_CHECKS: Final[Mapping[str, Callable[[Rule, Context, Stated], Iterator[Check]]]] = MappingProxyType(
    {
        "described": _described,
        "named_items": _named_items,
        "names": _names_of_codes,
        "emptiness": _emptiness,
        "table_list": _table_list,
    }
)
