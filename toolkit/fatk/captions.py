"""What the short lines around a printed form say: its number, its unit, whose it is, of which year, why it is empty."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from fatk.grid import NumberFormat
from fatk.spec import load
from fatk.values import BLANKS, clean_text

UNIT: Final = "unit"
OTHER_UNIT: Final = "other_unit"
NUMBER: Final = "number"
ENTITY: Final = "entity"
YEAR: Final = "year"

_UNITS: Final = "元|千元|万元|亿元"
_PER: Final = r"(?!\s*[/／每])"
#: 人民币 may stand before a unit or behind it, a bare 万 or 亿 before the end, and other units of the form behind a comma.
_UNIT: Final = re.compile(
    rf"(?:(?:金额|货币|计量)?单位|金额)\s*[:：(（]\s*(?:(?:人民币|[¥￥]|RMB)\s*[(（]?\s*)?"
    rf"(?:({_UNITS}){_PER}|([万亿])(?=\s*(?:[)）]|$)))|^[(（]\s*({_UNITS})\s*[)）]$",
    re.IGNORECASE,
)
#: Behind a unit that is meant as one, there is nothing or this; 单位：元宝山区某局 is no unit.
_BEHIND: Final = re.compile(r"\s*(?:$|[)）,，、;；(（ ]|人民币|整)")
_LAST_UNIT: Final = re.compile(rf"[(（]\s*({_UNITS})\s*[)）]\s*$")
_SHOWN_UNIT: Final = re.compile(rf"[(（]?({_UNITS}|[万亿])[)）]?")
_NUMBER: Final = re.compile(r"(?:财决)?公开\s*[0-9]{2}\s*表|表\s*[0-9一二三四五六七八九]{1,2}")
_ENTITY: Final = re.compile(
    r"^(?:部门|单位|编制单位|填报单位|部门名称|单位名称|编制部门)(?:[(（]公章[)）])?[:：]\s*(.+)$", re.DOTALL
)
_YEAR: Final = re.compile(r"(20[0-9]{2})\s*年")
#: A unit that no report is in is no entity either: 百元, 美元, 元/人.
_OTHER_UNIT: Final = re.compile(
    r"单位\s*[:：(（]\s*(?=[^)）\s])(?:[^\s,，、]{0,4}[元圆角分]|[百十千万亿]*)(?:[/／(（].*)?[)）]?$"
)
#: Blanks within words, by which they are printed wider.
_SPACED: Final = re.compile(r"(?<=[单部金万千亿])[ \u3000\u00a0]+(?=[位门额元])")
#: A line that names a year is none of a table's captions beyond this length: it is a sentence.
_SENTENCE: Final = 40
_WITHHELD: Final = re.compile(r"涉密|保密|不宜公开|不予公开")
_EMPTY_STATEMENT: Final = re.compile(r"无数据|空表|没有.*(?:收入|支出)|无.*(?:收入|支出)")
#: What one says that there is none of: a form's kind of budget and what flows through it. No word begins another.
_FLOWS: Final = (
    "(?:政府性基金|国有资本经营|一般公共|财政拨款|三公|经费|预算|决算|收入|支出|收支|结转|结余|资金|年初|年末|本年|安排的|"
    '[“”"]|[、和及与或]|以及)+'
)
#: A clause that says that nothing flowed: whose, that there is none, and of what, to its end.
_NONE: Final = re.compile(
    r"(?P<whose>.{0,60}?)[也均都并]?(?:没有|无|未有|不涉及|不存在|未发生|未取得|未安排|未使用)(?:发生|取得|使用)?"
    rf"(?P<what>{_FLOWS})(?:情况|业务|事项|发生)?"
)
#: That nothing was spent, and not only that nothing is left of something or was planned; a kind of budget alone is both.
_SPENT: Final = re.compile(
    r"(?:^|[、和及与或]|以及|的|财政拨款|基金|经营|预算|经费|收入|本年)支|收支|(?:拨款|基金|经营|经费)$"
)
#: A clause that says that the form is empty, and one that only says of whom or when the sentence speaks.
_EMPTY_FORM: Final = re.compile(
    r"(?:故|因此|所以|因而)?[^无没未不非]{0,40}(?:(?<=表)|(?<=故)|^)(?:为|是|系|公开)?(?:空表|无数据|没有数据)"
)
_LEAD: Final = re.compile(
    r"(?:(?:20[0-9]{2}年|本年|当年)(?:度)?)?[^收支]{0,40}(?:局|委|委员会|办|办公室|院|厅|校|中心|政府|部门|单位|年度?)"
)
_PREFIX: Final = re.compile(r"(?:说明|备?注)\s*[:：.、]\s*")
#: Words by which a clause speaks of another year, of a part, or denies that there is nothing.
_OTHERS: Final = re.compile(
    r"上年|去年|上一年|前年|以前年度|(?<![及和与含括])(?:下属|所属)|除|(?:不是|并非|不|非|没有|无|未)$"
)
#: Days on which something was written or published are of another year than the figures.
_DATE: Final = re.compile(r"日期|时间|[0-9]\s*月")
#: What keeps captions in one cell apart: two blanks, an ideographic one, a line end, or the words that begin a unit.
_APART: Final = re.compile(
    r"[ \u00a0]{2,}|[ \u00a0]*[\u3000\t\n]+[ \u00a0\u3000]*|[ \u00a0]+(?=(?:金额)?单位[:：])"
)


class Caption(NamedTuple):
    """One thing that a line says: what kind of thing, its value, and the words that say it."""

    kind: str
    value: str
    words: str


def read_captions(text: str, table_id: str) -> tuple[Caption, ...]:
    """What a line says of a form, which may be several things in one cell; empty where any part of it says something else."""
    cleaned = _SPACED.sub("", clean_text(text))
    found = [_caption(part.strip(BLANKS), table_id) for part in _APART.split(cleaned) if part.strip(BLANKS)]
    if None in found:  # a name with blanks in it, or no caption
        found = [_caption(cleaned, table_id)]
    return tuple(caption for caption in found if caption is not None) if None not in found else ()


@lru_cache(maxsize=1024)
def _caption(text: str, table_id: str) -> Caption | None:
    unit = _UNIT.fullmatch(text) or _printed_line("unit_line", "unit", _UNITS).fullmatch(text)
    if unit is None and (within := _UNIT.search(text)):
        unit = within if not _ENTITY.match(text) or _BEHIND.match(text, within.end()) else None
    if unit:
        return Caption(UNIT, _whole(unit[unit.lastindex or 0]), text)
    if _NUMBER.fullmatch(text) or text in _printed_numbers(table_id):
        return Caption(NUMBER, text, text)
    if _OTHER_UNIT.search(text):
        return Caption(OTHER_UNIT, text, text)
    entity = _ENTITY.match(text) or _printed_line("entity_line", "name", ".+").fullmatch(text)
    if entity:
        return Caption(ENTITY, entity[entity.lastindex or 0].strip(BLANKS), text)
    years = years_in(text)
    if not years or len(text) > _SENTENCE or _DATE.search(text):
        return None
    return Caption(YEAR, str(years[0]), text)


@lru_cache(maxsize=1024)
def years_in(text: str) -> tuple[int, ...]:
    """The years that a title or a line names, as 2022年."""
    return tuple([int(year) for year in _YEAR.findall(text)])


@lru_cache(maxsize=1024)
def unit_in(text: str) -> str | None:
    """The unit that a title or a header's word names: 单位：万元, or （万元） at its end."""
    found = _UNIT.search(_SPACED.sub("", text))
    if found:
        return _whole(found[found.lastindex or 0])
    found = _LAST_UNIT.search(text)
    return found[1] if found else None


def _whole(unit: str) -> str:
    """A unit by its whole name: 万 is 万元."""
    return unit if unit.endswith("元") else f"{unit}元"


@lru_cache(maxsize=1024)
def unit_shown(look: NumberFormat) -> str | None:
    """The unit that a number format shows beside a figure as it is stored: 0.00"万元", 0.00"万"."""
    found = _SHOWN_UNIT.fullmatch("".join(look.literal.split()))
    if found is None or look.scale or look.percent:
        return None
    return _whole(found[1])


def says_empty(text: str) -> bool:
    """Whether a line below a form says why it has no rows."""
    return bool(_EMPTY_STATEMENT.search(text)) or says_withheld(text)


def declares_empty(text: str) -> bool:
    """Whether a sentence of a narrative says that one of the forms has nothing in it, and nothing else: every clause denies that
    anything was received or spent, calls the form empty, or leads to that.

    A denial of something narrower (无超预算支出), of another year, of a part of the entity, or twice over says no such thing.
    """
    sentence = _PREFIX.sub("", "".join(text.split()), count=1).rstrip("。")
    said = False
    for clause in re.split("[，,；;。]", sentence):
        none = _NONE.fullmatch(clause)
        if none and not _OTHERS.search(none["whose"]):
            said = said or bool(_SPENT.search(none["what"]))
        elif _EMPTY_FORM.fullmatch(clause):
            said = True
        elif not _LEAD.fullmatch(clause):
            return False
    return said


def says_withheld(text: str) -> bool:
    """Whether a line says that a form is kept from the public."""
    return bool(_WITHHELD.search(text))


@cache
def _printed_numbers(table_id: str) -> frozenset[str]:
    """The numbers by which any edition prints a form."""
    forms = (edition.forms.get(table_id) for edition in load().editions)
    return frozenset(form.number for form in forms if form and form.number)


@cache
def _printed_line(member: str, blank: str, content: str) -> re.Pattern[str]:
    """The line by which any edition says whose a form is, or in which unit; what fills the blank is the last group."""
    lines = sorted({line for edition in load().editions if (line := getattr(edition, member))})
    halves = ([re.escape(half) for half in line.split(f"{{{blank}}}")] for line in lines)
    return re.compile("|".join(f"({content})".join(half) for half in halves), re.DOTALL)
