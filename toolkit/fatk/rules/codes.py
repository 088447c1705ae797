"""Codes, names and memberships: whether what identifies a row, a unit or an indicator is what it says it is.

A rule of kind ``code`` names one ``check`` of the table at the end of this module; its operands and word lists are data.
What a list of codes is sure of it may fail; where the list itself is a draft or incomplete, a doubt is an info.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from fatk import resources
from fatk.findings import FAILED, INFO, NOT_CHECKED
from fatk.model import MISSING, Row, is_number
from fatk.rules.context import ABSENT, EXACT, NO_TABLE, NOT_APPLICABLE, Check, Context, Ref, Rule, exactly
from fatk.rules.sentences import Both, listed, sentences, titled
from fatk.spec import Code, load, read_list
from fatk.values import Nothing, Value, show

Form = Callable[[Rule, Context], Iterator[Check]]

#: How sure an entry of a list must be for a rule to rest on it.
_CERTAIN: Final = frozenset({"seen", "corroborated", "found"})
#: Signs that print differs in and meaning does not.
_MARKS: Final = str.maketrans("", "", " \t\n\u3000\"'“”‘’()[]《》、,，·.")


def code(rule: Rule, context: Context) -> Iterator[Check]:
    """The rule's own form of check; what the structure checks find already is not looked for again."""
    if "covered_by" not in rule.body:
        yield from CODE[rule.body["check"]](rule, context)


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """A name as it is compared: compatibility forms folded, no blanks, quotes and brackets, no 支出 at its end."""
    folded = unicodedata.normalize("NFKC", name).translate(_MARKS).casefold()
    return folded.removesuffix("支出") or folded


# Codes against each other


def subset(rule: Rule, context: Context) -> Iterator[Check]:
    """Every code with money in some tables is a row of another table, as deep as that one is printed."""
    whole, field = rule.body["of"], rule.body["field"]
    status = context.status.get(whole, MISSING)
    if status == MISSING:
        printed = whole in context.edition.forms
        yield Check(
            rule.id,
            NOT_CHECKED if printed else NOT_APPLICABLE,
            (Ref("tables", whole, "status"),),
            reason=NO_TABLE,
        )
        return
    known = context.rows_of(whole)
    depth = max([len(name) for name in context.codes(whole)], default=7)
    exact = 0
    for table in rule.body["tables"]:
        at = context.spec.tables[table].position[field]
        rows = context.rows_of(table)
        for name in context.codes(table):
            if len(name) > depth or not _money(rows[name][at]):
                continue
            if name in known:
                if context.brief:
                    exact += 1
                    continue
                yield Check(rule.id, EXACT, (Ref(table, name, field), Ref(whole, name, field)))
                continue
            details = sentences(
                "“{table}”有 {code}，“{whole}”没有这一行", "{code} of {table} is no row of {whole}",
                table=titled(table, context), code=name, whole=titled(whole, context),
            )  # fmt: skip
            yield Check(rule.id, FAILED, (Ref(table, name, field),), details=details)
    yield from exactly(rule, exact)


def one_name(rule: Rule, context: Context) -> Iterator[Check]:
    """A code has one name wherever it is printed."""
    exact = 0
    for name, printed in _printed(context, rule.body["tables"]).items():
        if context.brief and len({text for _, text in printed}) == 1:
            exact += len(printed) > 1 and printed[0][1] != ""
            continue
        places = [place for place in printed if place[1]]
        if len(places) < 2:
            continue
        refs = tuple(Ref(table, name, "name") for table, _ in places)
        said = {plain(text): text for _, text in places}
        if len(said) == 1:
            yield Check(rule.id, EXACT, refs)
            continue
        entry = _entry(context, "functional", name)
        details = sentences(
            "{code} 的名称有{names}，名录为{listed}", "{code} is called {names}; the list has {listed}",
            code=name, names=listed(f"“{text}”" for text in said.values()), listed=f"“{entry.name}”" if entry else "—",
        )  # fmt: skip
        yield Check(rule.id, FAILED, refs, details=details)
    yield from exactly(rule, exact)


def parents(rule: Rule, context: Context) -> Iterator[Check]:
    """Every row of a section or an item has the rows above it in the same table."""
    exact = 0
    for table in rule.body["tables"]:
        rows, key = context.rows_of(table), context.spec.tables[table].key[0]
        for name in context.codes(table):
            if len(name) < 5:
                continue
            lacking = [name[:n] for n in range(3, len(name), 2) if name[:n] not in rows]
            if context.brief and not lacking:
                exact += 1
                continue
            details = sentences(
                "有 {code}，没有上级科目 {above}", "{code} stands without {above} above it",
                code=name, above=listed(lacking),
            ) if lacking else ()  # fmt: skip
            yield Check(rule.id, FAILED if lacking else EXACT, (Ref(table, name, key),), details=details)
    yield from exactly(rule, exact)


def depth(rule: Rule, context: Context) -> Iterator[Check]:
    """Every row with money is divided down to the level that the form asks for, where the list divides it at all."""
    exact = 0
    for table, digits in rule.body["tables"].items():
        declared = context.spec.tables[table]
        rows, key = context.rows_of(table), declared.key[0]
        divided = {name[:end] for name in rows for end in range(3, len(name), 2)}
        amounts = [(f.name, declared.position[f.name]) for f in declared.amounts]
        first = amounts[0][1]  # the total, as a rule
        children = _children(str(declared.scheme))
        for name in context.codes(table):
            if name in divided:
                continue
            row = rows[name]
            if not _money(row[first]) and not any(_money(row[at]) for _, at in amounts):
                continue
            short = len(name) < digits
            if context.brief and not short:
                exact += 1
                continue
            refs = (
                Ref(table, name, key),
                *(Ref(table, name, field) for field, at in amounts if _money(row[at])),
            )
            if short and not children.get(name):
                yield Check(rule.id, NOT_APPLICABLE, refs)
                continue
            details = sentences(
                "{code} 有数，却没有列到{level}级", "{code} has money but is not divided down to {digits} digits",
                code=name, level={5: "款", 7: "项"}[digits], digits=digits,
            ) if short else ()  # fmt: skip
            yield Check(rule.id, FAILED if short else EXACT, refs, details=details)
    yield from exactly(rule, exact)


def prefix(rule: Rule, context: Context) -> Iterator[Check]:
    """Codes of a table are of its own classification, known by their first digit."""
    for table, first in rule.body["tables"].items():
        key = context.spec.tables[table].key[0]
        names = context.codes(table)
        wrong = [name for name in names if not name.startswith(first)]
        if names and not wrong:
            yield Check(rule.id, EXACT, (Ref(table, names[0], key),))
        for name in wrong:
            details = sentences(
                "“{table}”用{scheme}，{code} 不是", "codes of {table} begin with {first}; {code} does not",
                table=titled(table, context), scheme={"2": "功能分类（2 开头）", "3": "经济分类（3 开头）"}[first],
                first=first, code=name,
            )  # fmt: skip
            yield Check(rule.id, FAILED, (Ref(table, name, key),), details=details)


def foreign_code(rule: Rule, context: Context) -> Iterator[Check]:
    """Codes of one budget carry no money in the columns and tables of another."""
    for place in rule.body["places"]:
        table, start, fields = place["table"], place.get("prefix", ""), place["fields"]
        rows = context.rows_of(table)
        codes = {start + entry["code"] for entry in place["codes"] if _dated(entry, context.year)}
        lengths = {len(one) for one in codes}
        found = [name for name in rows if not codes.isdisjoint([name[:n] for n in lengths])]
        for name in found:
            if any(name != above and name.startswith(above) for above in found):
                continue  # its section says it already
            wrong = [f for f in fields if _money(context.value(table, name, f))]
            refs = tuple(Ref(table, name, f) for f in wrong or fields)
            columns = Both("、".join(context.spec.tables[table][f].title for f in wrong), ", ".join(wrong))
            details = sentences(
                "{code} 不属于{column}", "{code} is not of {column}", code=name.removeprefix(start),
                column=Both(f"《{context.spec.tables[table].title}》{columns.zh}", f"{table}: {columns.en}"),
            ) if wrong else ()  # fmt: skip
            yield Check(rule.id, FAILED if wrong else EXACT, refs, details=details)


# Codes against the lists


def in_list(rule: Rule, context: Context) -> Iterator[Check]:
    """A code is in the list of the fiscal year. One that the list lacks is a doubt of the list unless the branch is complete."""
    exact = 0
    for scheme, about in rule.body["schemes"].items():
        entries = context.spec.codes(scheme)
        for name, places in _printed(context, about["tables"]).items():
            if not name.startswith(about["prefix"]):
                continue  # of another classification: not this list's
            if context.brief and _in_force_in(scheme, name, context.year):
                exact += 1
                continue
            known = entries.get(name, ())
            refs = tuple(Ref(table, name, context.spec.tables[table].key[0]) for table, _ in places)
            if any(entry.covers(context.year) for entry in known):
                yield Check(rule.id, EXACT, refs)
                continue
            if known:
                sure = all(entry.certainty in _CERTAIN for entry in known)
                details = sentences(
                    "{code} 只用于 {years} 年度",
                    "{code} is in the list {years} only",
                    code=name,
                    years=_years(known),
                )
            else:
                sure = about.get("complete", False) and _complete(scheme, name, context.year)
                details = sentences(
                    "{code} 不在 {year} 年度的科目表内", "{code} is not in the list of {year}",
                    code=name, year=context.year,
                )  # fmt: skip
            yield Check(rule.id, FAILED, refs, severity=None if sure else INFO, details=details)
    yield from exactly(rule, exact)


def named(rule: Rule, context: Context) -> Iterator[Check]:
    """The name belongs to the code: that of the year, an alias, or (as an info) that of other years."""
    exact = 0
    aliases: Mapping[str, list[str]] = rule.body.get("aliases", {})
    for scheme, about in rule.body["schemes"].items():
        entries = context.spec.codes(scheme)
        for found, places in _printed(context, about["tables"]).items():
            if context.brief and found.startswith(about["prefix"]):
                text = _one_text(places)
                if text and _is_name(rule, scheme, found, text, context.year):
                    exact += 1
                    continue
            known = entries.get(found, ())
            if not known or found in rule.body.get("except", ()) or not found.startswith(about["prefix"]):
                continue
            said = {plain(text) for _, text in places if text}
            if not said:
                continue
            own = [entry for entry in known if entry.covers(context.year)] or list(known)
            right = {plain(entry.name) for entry in own} | {plain(alias) for alias in aliases.get(found, ())}
            refs = tuple(Ref(table, found, "name") for table, _ in places)
            if len(said) > 1:  # which of them is right is said once, where they are compared with each other
                yield Check(rule.id, NOT_APPLICABLE, refs)
                continue
            if said <= right or said & _line_names(places[0][0]).get(found, frozenset()):
                yield Check(rule.id, EXACT, refs)
                continue
            earlier = next((entry for entry in known if plain(entry.name) in said), None)
            sure = not earlier and all(entry.certainty in _CERTAIN for entry in own)
            details = sentences(
                "{code} 印作“{text}”，{year} 年度为“{right}”", "{code} is printed as “{text}”; in {year} it is “{right}”",
                code=found, text=places[0][1], year=context.year, right=own[0].name,
            )  # fmt: skip
            yield Check(
                rule.id,
                FAILED,
                refs,
                own[0].name,
                places[0][1],
                severity=None if sure else INFO,
                details=details,
            )
    yield from exactly(rule, exact)


def _one_text(places: Iterable[tuple[str, str]]) -> str | None:
    """What every table prints that prints a name of a code; ``None`` where they differ or none does."""
    said = {text for _, text in places if text}
    return said.pop() if len(said) == 1 else None


@lru_cache(maxsize=8192)
def _is_name(rule: Rule, scheme: str, code: str, text: str, year: int) -> bool:
    """Whether a name is that of a code in the list of a year, or an alias that a rule allows, and the rule looks at the code."""
    entries = load().codes(scheme).get(code, ())
    own = [entry.name for entry in entries if entry.covers(year)] or [entry.name for entry in entries]
    known = own and (*own, *rule.body.get("aliases", {}).get(code, ()))
    return code not in rule.body.get("except", ()) and plain(text) in map(plain, known)


@lru_cache(maxsize=8192)
def _in_force_in(scheme: str, code: str, year: int) -> bool:
    """Whether the list of a year has a code."""
    return load().code(scheme, code, year) is not None


def meaning(rule: Rule, context: Context) -> Iterator[Check]:
    """A code whose meaning changed has the name of the fiscal year."""
    table, found = rule.body["table"], rule.body["code"]
    row = context.rows_of(table).get(found)
    if row is None:
        yield Check(rule.id, NOT_APPLICABLE, (Ref(table, found, "name"),))
        return
    text = _text(row, table, context)
    right = next(entry["name"] for entry in rule.body["names"] if _dated(entry, context.year))
    if plain(text) == plain(right):
        yield Check(rule.id, EXACT, (Ref(table, found, "name"),))
        return
    details = sentences(
        "{code} 在 {year} 年度是“{right}”，印作“{text}”", "in {year} {code} is “{right}”; it is printed as “{text}”",
        code=found, year=context.year, right=right, text=text,
    )  # fmt: skip
    yield Check(rule.id, FAILED, (Ref(table, found, "name"),), right, text, details=details)


def list_year(rule: Rule, context: Context) -> Iterator[Check]:
    """The codes that the report uses are those of its own year's list."""
    table, field = rule.body["table"], rule.body["field"]
    at = context.spec.tables[table].position[field]
    if context.brief and {row[at] for row in context.report.rows(table)} - {None} == {context.year}:
        yield from exactly(rule, 1)
        return
    years = {name: row[at] for name, row in context.rows_of(table).items() if row[at] is not None}
    wrong = [name for name, year in years.items() if year != context.year]
    if not years:
        yield Check(rule.id, NOT_APPLICABLE)
        return
    details = sentences(
        "{count} 个代码取自 {years} 年度的科目表，报告是 {year} 年度",
        "{count} codes are of the list of {years}; the report is of {year}",
        count=len(wrong), years=listed(sorted({str(years[name]) for name in wrong})), year=context.year,
    ) if wrong else ()  # fmt: skip
    refs = tuple(Ref(table, name, field) for name in wrong or list(years)[:1])
    yield Check(rule.id, FAILED if wrong else EXACT, refs, details=details)


@cache
def _lines_named(table: str) -> Mapping[str, Sequence[str]]:
    """The lines of a form that have a name, by the name."""
    owners: dict[str, list[str]] = {}
    for line, names in _line_names(table).items():
        for text in names:
            owners.setdefault(text, []).append(line)
    return owners


def line_name(rule: Rule, context: Context) -> Iterator[Check]:
    """A fixed row has a name of its own line; a name of another line is an error, an unknown wording an info."""
    exact = 0
    for table in rule.body["tables"]:
        owners = _lines_named(table)
        for line, row in context.rows_of(table).items():
            text = _text(row, table, context)
            if not text:
                continue
            said = plain(text)
            known = line in owners.get(said, ()) or said in _class_names(line.rpartition(".")[2])
            if known and context.brief:
                exact += 1
                continue
            refs = (Ref(table, line, "name"),)
            if known:
                yield Check(rule.id, EXACT, refs)
                continue
            other = next(iter(owners.get(said, ())), None)
            details = sentences(
                "{line} 行印作“{text}”，那是 {other} 行的名称", "line {line} is called “{text}”, the name of {other}",
                line=line, text=text, other=other,
            ) if other else sentences(
                "{line} 行印作“{text}”，名录中没有这种写法", "line {line} is called “{text}”, a wording not known",
                line=line, text=text,
            )  # fmt: skip
            yield Check(rule.id, FAILED, refs, severity=None if other else INFO, details=details)
    yield from exactly(rule, exact)


def name_path(rule: Rule, context: Context) -> Iterator[Check]:
    """The names of class, section and item lead to exactly one code, and to the one that is given."""
    table = rule.body["table"]
    declared = context.spec.tables[table]
    places = [declared.position[f] for f in rule.body["names"]]
    at = declared.position[rule.body["code"]]
    for row_id, row in context.rows_of(table).items():
        names = [str(row[i] or "") for i in places]
        given = str(row[at]) if row[at] is not None else None
        found = _codes_of(context, rule.body["scheme"], names)
        refs = (*(Ref(table, row_id, f) for f in rule.body["names"]), Ref(table, row_id, rule.body["code"]))
        if given in found or (given is None and len(found) == 1):
            yield Check(rule.id, EXACT, refs)
        elif not found and given is not None:
            yield Check(
                rule.id, NOT_APPLICABLE, refs
            )  # the code says what is meant; its name is another rule's
        else:
            sure = bool(found) and all(
                _sure(context, rule.body["scheme"], c) for c in (*found, given or found[0])
            )
            details = sentences(
                "“{path}”对应的科目编码是 {found}，印作 {given}", "“{path}” is {found} in the list, printed as {given}",
                path="›".join(names), found=listed(found) if found else Both("（名录中没有）", "not there"), given=given or "—",
            )  # fmt: skip
            severity = None if len(found) > 1 or sure or rule.severity == INFO else INFO
            yield Check(
                rule.id, FAILED, refs, "、".join(found) or None, given, severity=severity, details=details
            )


def check_character(rule: Rule, context: Context) -> Iterator[Check]:
    """The last sign of a unified social credit code follows from the seventeen before it (GB 32100)."""
    entity = context.report.one("entity")
    text, refs = entity.get("id"), (Ref("entity", "*", "id"),)
    if entity.get("id_scheme") != rule.body["scheme"] or not isinstance(text, str):
        yield Check(rule.id, NOT_APPLICABLE, refs)
        return
    alphabet: str = rule.body["alphabet"]
    if len(text) != 18 or not set(text) <= set(alphabet):
        details = sentences(
            "“{text}”不是 18 位，或含有不用的字母",
            "“{text}” has not 18 signs, or has some that are not used",
            text=text,
        )
        yield Check(rule.id, FAILED, refs, None, text, details=details)
        return
    total = sum(alphabet.index(sign) * pow(3, i, 31) for i, sign in enumerate(text[:17]))
    right = alphabet[-total % 31]
    details = () if right == text[17] else sentences(
        "“{text}”的校验位应为 {right}", "the check character of “{text}” ought to be {right}", text=text, right=right
    )  # fmt: skip
    yield Check(rule.id, FAILED if details else EXACT, refs, right, text[17], details=details)


def division(rule: Rule, context: Context) -> Iterator[Check]:
    """The division's code and those above it are in force in the fiscal year."""
    text, refs = context.report.one("entity").get("administrative_division"), (
        Ref("entity", "*", "administrative_division"),
    )  # fmt: skip
    if not isinstance(text, str):
        yield Check(rule.id, NOT_APPLICABLE, refs)
        return
    above = [c for c in (text[:2] + "0000", text[:4] + "00") if c != text and _spans(c)]
    wrong = [c for c in (*above, text) if not _in_force(c, context.year)]
    details = sentences(
        "{code} 在 {year} 年度不是行政区划代码", "{code} is no code of a division in {year}",
        code=listed(wrong), year=context.year,
    ) if wrong else ()  # fmt: skip
    yield Check(rule.id, FAILED if wrong else EXACT, refs, None, text if wrong else None, details=details)


# Entities, indicators


def constituents(rule: Rule, context: Context) -> Iterator[Check]:
    """The units that the department's accounts include are those whose reports are at hand."""
    if not context.parts:
        return
    endings: list[str] = rule.body["endings"]
    units = context.rows_of("constituents")
    included = {row_id: _bare(_text(row, "constituents", context), endings) for row_id, row in units.items()}
    given = [_bare(str(part.report.one("entity").get("name")), endings) for part in context.parts]
    if not included:
        yield Check(rule.id, NOT_APPLICABLE, (Ref("constituents", "*", "name"),))
        return
    for row_id, unit in included.items():
        found = any(_abbreviates(unit, other) or _abbreviates(other, unit) for other in given)
        details = (
            () if found else sentences("没有“{unit}”的决算", "there is no report of “{unit}”", unit=unit)
        )
        yield Check(
            rule.id, EXACT if found else FAILED, (Ref("constituents", row_id, "name"),), details=details
        )
    for unit in given:
        if not any(_abbreviates(unit, other) or _abbreviates(other, unit) for other in included.values()):
            details = sentences(
                "单位构成中没有“{unit}”", "“{unit}” is not among the units included", unit=unit
            )
            yield Check(rule.id, FAILED, (Ref("constituents", "*", "name"),), details=details)


def form_entity(rule: Rule, context: Context) -> Iterator[Check]:
    """A self-evaluation form is of the report's year, and its unit is the entity or one of its units."""
    names = [str(context.report.one("entity").get("name") or "")]
    for table in rule.body["units"]:
        at = context.spec.tables[table].position["name"]
        names += [_bare(str(row[at]), rule.body["endings"]) for row in context.report.rows(table) if row[at]]
    for row_id in context.rows_of("performance_projects"):
        year, unit = (
            context.value("performance_projects", row_id, f) for f in ("fiscal_year", "implementing_unit")
        )
        if year is not None:
            wrong = year != context.year
            details = sentences(
                "自评表是 {found} 年度，报告是 {year} 年度", "the form is of {found}, the report of {year}",
                found=year, year=context.year,
            ) if wrong else ()  # fmt: skip
            refs = (Ref("performance_projects", row_id, "fiscal_year"), Ref("report", "*", "fiscal_year"))
            yield Check(
                rule.id, FAILED if wrong else EXACT, refs, str(context.year), str(year), details=details
            )
        if isinstance(unit, str):
            yield _unit_check(rule, context, row_id, unit, names)


def _unit_check(rule: Rule, context: Context, row_id: str, unit: str, names: list[str]) -> Check:
    refs = (Ref("performance_projects", row_id, "implementing_unit"), Ref("entity", "*", "name"))
    short = _bare(unit, rule.body["endings"])
    if any(_abbreviates(short, known) or _abbreviates(known, short) for known in names if known):
        return Check(rule.id, EXACT, refs)
    if not context.report.rows("constituents"):  # which units there are is not said
        return Check(rule.id, NOT_CHECKED, (*refs, Ref("constituents", "*", "name")), reason=ABSENT)
    details = sentences(
        "实施单位“{unit}”不是本部门，也不在单位构成之中",
        "“{unit}” is neither the entity nor one of its units",
        unit=unit,
    )
    return Check(rule.id, FAILED, refs, details=details)


def same(rule: Rule, context: Context) -> Iterator[Check]:
    """Two fields of a row say the same, where both are given and the figures beside them are numbers."""
    table, (one, other) = rule.body["table"], rule.body["fields"]
    spellings = {plain(spelling): plain(right) for spelling, right in rule.body.get("aliases", {}).items()}
    for row_id in context.rows_of(table):
        texts = [context.value(table, row_id, f) for f in (one, other)]
        numbers = [context.value(table, row_id, f) for f in rule.body["figures"]]
        refs = (Ref(table, row_id, one), Ref(table, row_id, other))
        if not all(isinstance(t, str) for t in texts) or not all(is_number(n) for n in numbers):
            yield Check(rule.id, NOT_APPLICABLE, refs)
            continue
        left, right = (spellings.get(plain(str(t)), plain(str(t))) for t in texts)
        details = () if left == right else sentences(
            "一处是“{one}”，一处是“{other}”", "one is “{one}”, the other “{other}”", one=texts[0], other=texts[1]
        )  # fmt: skip
        yield Check(
            rule.id, FAILED if details else EXACT, refs, show(texts[0]), show(texts[1]), details=details
        )


def belongs(rule: Rule, context: Context) -> Iterator[Check]:
    """A second-level heading belongs to its first level: it has a word of its own level or no word of another."""
    table, (upper, lower) = rule.body["table"], rule.body["fields"]
    levels: Mapping[str, list[str]] = rule.body["words"]
    for row_id in context.rows_of(table):
        above, below = (str(context.value(table, row_id, f) or "") for f in (upper, lower))
        refs = (Ref(table, row_id, upper), Ref(table, row_id, lower))
        own = next((level for level in levels if level in above), None)
        if own is None:
            yield Check(rule.id, NOT_APPLICABLE, refs)
            continue
        elsewhere = [level for level, words in levels.items() if any(word in below for word in words)]
        wrong = bool(elsewhere) and own not in elsewhere
        details = sentences(
            "“{below}”属于{levels}，列在“{above}”之下", "“{below}” is of {levels} but stands under “{above}”",
            below=below, above=above, levels=listed(f"“{level}”" for level in elsewhere),
        ) if wrong else ()  # fmt: skip
        yield Check(rule.id, FAILED if wrong else EXACT, refs, details=details)


# What the forms stand on


def _money(value: Value) -> bool:
    """Whether a cell says that there is money: a figure other than zero, or one that is withheld."""
    if isinstance(value, Decimal):
        return bool(value)
    return value is Nothing.UNDISCLOSED or (is_number(value) and bool(value))


def _text(row: Row, table: str, context: Context) -> str:
    value = row[context.spec.tables[table].position["name"]]
    return value if isinstance(value, str) else ""


def _printed(context: Context, tables: Iterable[str]) -> Mapping[str, list[tuple[str, str]]]:
    """Every code that tables print, with the tables that print it and the name there."""
    wanted = tuple(tables)
    return context.once(("printed", wanted), lambda: _printing(context, wanted))


def _printing(context: Context, tables: Iterable[str]) -> Mapping[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for table in tables:
        at = context.spec.tables[table].position["name"]
        for row_id, row in context.rows_of(table).items():
            if row_id.isdigit():
                found.setdefault(row_id, []).append((table, str(row[at] or "")))
    return found


def _dated(entry: Mapping[str, Any], year: int) -> bool:
    return bool(entry.get("first_year", 0) <= year <= entry.get("last_year", 9999))


def _years(entries: Iterable[Code]) -> Both:
    """Years of some entries, as they are spoken of."""
    spans = [(entry.first_year, entry.last_year) for entry in entries]
    chinese = [
        f"{first} 至 {last}" if first and last else f"{first or last} {'及以后' if first else '及以前'}"
        for first, last in spans
    ]
    english = [
        f"{first} to {last}" if first and last else f"{'from' if first else 'to'} {first or last}"
        for first, last in spans
    ]
    return Both("、".join(chinese), ", ".join(english))


def _entry(context: Context, scheme: str, wanted: str) -> Code | None:
    return context.spec.code(scheme, wanted, context.year)


def _sure(context: Context, scheme: str, wanted: str) -> bool:
    entry = _entry(context, scheme, wanted)
    return entry is not None and entry.certainty in _CERTAIN


@cache
def _children(scheme: str) -> Mapping[str, tuple[str, ...]]:
    """Codes of a list by the code above them; classes by the empty code."""
    found: dict[str, list[str]] = {}
    for entry in load().codes(scheme):
        found.setdefault(entry[:-2] if len(entry) > 3 else "", []).append(entry)
    return MappingProxyType({above: tuple(codes) for above, codes in found.items()})


def _complete(scheme: str, wanted: str, year: int) -> bool:
    """Whether every entry beside a code is certain, so that the list may be taken to have them all."""
    above = wanted[:-2] if len(wanted) > 3 else ""
    beside = [e for c in _children(scheme).get(above, ()) for e in load().codes(scheme)[c] if e.covers(year)]
    return bool(beside) and all(entry.certainty in _CERTAIN for entry in beside)


@cache
def _line_names(table: str) -> Mapping[str, frozenset[str]]:
    """Every name, alias included, by which any edition prints a fixed line."""
    found: dict[str, set[str]] = {}
    for row in read_list("fixed_lines"):
        if row["table"] == table and row["line"]:
            found.setdefault(row["line"], set()).update(
                plain(text) for text in (row["name"], *row["aliases"].split("|")) if text
            )
    return MappingProxyType({line: frozenset(names) for line, names in found.items()})


@cache
def _class_names(wanted: str) -> frozenset[str]:
    """Names of a functional class in any year."""
    return frozenset(plain(entry.name) for entry in load().codes("functional").get(wanted, ()))


def _codes_of(context: Context, scheme: str, names: Iterable[str]) -> list[str]:
    """Codes that a path of names leads to in the year's list."""
    found = [""]
    for text in names:
        wanted = plain(text)
        found = [
            below
            for above in found
            for below in _children(scheme).get(above, ())
            if any(
                plain(entry.name) == wanted and entry.covers(context.year)
                for entry in context.spec.codes(scheme)[below]
            )
        ]
    return found


@lru_cache(maxsize=64)
def _spans(wanted: str) -> tuple[tuple[int, int], ...]:
    """Years in which a division's code was in force; the list is large, so it is searched as text."""
    text = resources.read_text("codelists", "divisions_history.csv")
    found, start = [], text.find(f"\n{wanted},")
    while start >= 0:
        first, last = text[start + 1 : text.index("\n", start + 1)].split(",")[-2:]
        found.append((int(first), int(last)))
        start = text.find(f"\n{wanted},", start + 1)
    return tuple(found)


def _in_force(wanted: str, year: int) -> bool:
    """Whether a code is in force; after the last year of the list, what was in force then still is."""
    spans = _spans(wanted)
    newest = max((last for _, last in _spans("110000")), default=year)
    return any(first <= min(year, newest) <= last for first, last in spans)


def _bare(unit: str, endings: Iterable[str]) -> str:
    """The name of a unit without what follows it in lists: 决算, （本级）."""
    folded = unicodedata.normalize("NFKC", unit).strip()
    changed = True
    while changed:
        changed = False
        for ending in endings:
            if folded.endswith(ending) and len(folded) > len(ending):
                folded, changed = folded.removesuffix(ending), True
    return folded


def _abbreviates(short: str, name: str) -> bool:
    """Whether a short name takes its signs, in their order, from a full one; a leading 市 or 区 alone says nothing."""
    wanted = plain(short)
    if len(wanted) > 3 and wanted[0] in "本省市区县州":
        wanted = wanted[1:]
    signs = iter(plain(name))
    return len(wanted) > 1 and all(sign in signs for sign in wanted)


#: Every form of a rule of kind ``code``.
CODE: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "subset": subset,
        "one_name": one_name,
        "parents": parents,
        "depth": depth,
        "prefix": prefix,
        "foreign_code": foreign_code,
        "in_list": in_list,
        "name": named,
        "meaning": meaning,
        "list_year": list_year,
        "line_name": line_name,
        "path": name_path,
        "check_character": check_character,
        "division": division,
        "constituents": constituents,
        "form_entity": form_entity,
        "same": same,
        "belongs": belongs,
    }
)
