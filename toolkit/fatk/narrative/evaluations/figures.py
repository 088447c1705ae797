"""What a cell of the form says: amounts, scores, rates, the target of an indicator and its result."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from fatk import lexical
from fatk.grid import TEXT, Cell
from fatk.layout import PRINTED_NOTHING
from fatk.narrative.evaluations.form import words
from fatk.spec import Field, load
from fatk.transcription.cells import from_cell
from fatk.values import BLANKS, Nothing, Value, parse_decimal, show
from fatk.wording.folding import fold, fold_character, tidy

#: What is noticed of a number without putting it in doubt: how it was printed, that more of it is stored than shown.
_HARMLESS = frozenset({"READ-30", "READ-33"})
_DIGITS_APART = re.compile(r"[0-9.,]\s*\n\s*[0-9.,]")
_SENTENCE_END = "。；;：:！!？?"
_ORDINAL = re.compile(
    r"(?:[(（]?[0-9一二三四五六七八九十]{1,3}[)）、．.]|[①-⑳]|第[一二三四五六七八九十]|[一二三四五六七八九十]是)"
)


class Printed(NamedTuple):
    """A cell or a piece of text with what it says that is not a number of its own: ``unit`` printed with it."""

    value: Value
    unit: str | None = None


def read_figure(declared: Field, cell: Cell, units: Collection[str]) -> Printed | None:
    """The figure, or nothing, that a cell gives for a field; ``units`` may be printed behind it. ``None``: it is no figure."""
    text, unit = cell.text, None
    if cell.kind == TEXT:
        folded = _plain(text)
        unit = next((u for u in units if folded.endswith(u)), None)
        if unit:
            cell = Cell(folded.removesuffix(unit), TEXT)
        if _DIGITS_APART.search(cell.text):
            return None
    value, fault = from_cell(declared, cell, None)
    if fault is not None and fault[0] not in _HARMLESS:
        return None
    if value is None or (unit and isinstance(value, Nothing)):
        return None
    return Printed(value, unit)


def read_target(text: str, nature: str | None, unit: str | None) -> Mapping[str, Value]:
    """The fields of a target: 「≥95%」 is compared with a figure, 「提高」 is words. ``nature`` and ``unit`` are those that the
    form prints in columns of their own."""
    printed = joined(text)
    operator = nature and words().operators.before.get(fold(nature))
    state = _state(text)
    if state is not None:
        return {"target_value": state, "target_unit": unit, "target_printed": printed}
    figure = figure_in(text)
    if figure is None:
        return {"target_qualitative": printed, "target_unit": unit, "target_printed": printed}
    own, value, own_unit = figure
    if own is None and operator:
        printed = f"{nature}{printed}"
    if own_unit is None and unit:
        printed = f"{printed}{unit}"
    return {
        "target_operator": own or operator or None,
        "target_value": value,
        "target_unit": own_unit or unit,
        "target_printed": printed,
    }


def read_actual(text: str, unit: str | None) -> Mapping[str, Value]:
    """The fields of a result: a figure with its unit, or words; a comparison belongs to a target and is words here."""
    state = _state(text)
    if state is not None:
        return {"actual_value": state}
    figure = figure_in(text)
    if figure is None or figure.operator is not None:
        return {"actual_text": joined(text)}
    return {"actual_value": figure.value, "actual_unit": figure.unit or unit}


def print_target(row: Mapping[str, Value]) -> str:
    """The target of an indicator as one text: as it was printed where that says what the fields say, else made of them."""
    printed = row.get("target_printed")
    fields = ("target_operator", "target_value", "target_unit", "target_qualitative")
    said = {name: row[name] for name in fields if row.get(name) is not None}
    if isinstance(printed, str):
        nature = row.get("nature")
        read = read_target(printed, nature if isinstance(nature, str) else None, None)
        if {name: read[name] for name in fields if read.get(name) is not None} == said or not said:
            return printed
    sign = (
        load()
        .tables["performance_indicators"]["target_operator"]
        .labels.get(str(row.get("target_operator")), "")
    )
    figure = print_figure(row.get("target_value"), row.get("target_unit"))
    return f"{sign}{figure}{row.get('target_qualitative') or ''}"


def print_actual(row: Mapping[str, Value]) -> str:
    """The result of an indicator as one text; where it has a figure and words, the words in brackets."""
    figure, text = print_figure(row.get("actual_value"), row.get("actual_unit")), row.get("actual_text")
    return f"{figure}（{text}）" if figure and text else figure or str(text or "")


def print_figure(value: Value, unit: Value = None) -> str:
    """A figure with its unit, or what is printed where there is none."""
    if value is None:
        return ""
    if isinstance(value, Nothing):
        return PRINTED_NOTHING[value]
    return f"{show(value)}{unit or ''}"


def joined(text: str) -> str:
    """A short text whose lines end only because the cell is narrow."""
    return tidy(text)


def paragraphs(text: str, *, soft: bool) -> str:
    """A long text with its paragraphs; ``soft``: its lines end where the cell was full, so that a paragraph ends only behind
    a mark that ends a sentence or before a number."""
    found: list[str] = []
    for line in filter(None, map(tidy, text.split("\n"))):
        if soft and found and not (found[-1][-1] in _SENTENCE_END or _ORDINAL.match(line)):
            found[-1] = tidy(f"{found[-1]} {line}")
        else:
            found.append(line)
    return "\n".join(found)


class Figure(NamedTuple):
    """A figure, the operator printed with it and its unit."""

    operator: str | None
    value: Decimal
    unit: str | None


def figure_in(text: str) -> Figure | None:
    """What a text says if it is a figure with or without an operator and a unit; ``None`` where it is anything else."""
    if _DIGITS_APART.search(text):
        return None
    match = _grammar().fullmatch(_plain(text))
    if match is None:
        return None
    before, number, unit, after = match["before"], match["number"], match["unit"], match["after"]
    plain, _done = lexical.normalise_number(number, amount=False)
    value = parse_decimal(plain)
    if value is None:
        return None
    operators = words().operators
    found = {
        known[fold(word)] for known, word in ((operators.before, before), (operators.after, after)) if word
    }
    unit = fold(unit) if unit else None
    if len(found) > 1 or (unit and not _is_unit(unit, compared=bool(found))):
        return None
    return Figure(found.pop() if found else None, value, unit)


def _is_unit(unit: str, *, compared: bool) -> bool:
    """Whether what stands behind a figure is its unit: 2022年 and 5月 without a comparison are dates, 3日前 is one always."""
    if not compared and unit in words().dates:
        return False
    raised = "²³"
    digits = unit[0] in raised or any(c.isdigit() and c not in raised for c in unit)
    return not digits and not any(word in unit for word in words().no_units)


def is_state(text: str) -> bool:
    """Whether a text says that there is no figure."""
    return _state(text) is not None


def _state(text: str) -> Nothing | None:
    """What is printed where there is no figure."""
    return _states().get(fold(text))


@cache
def _states() -> Mapping[str, Nothing]:
    printed = load().root["printed_states"]
    return {fold(text): Nothing(state) for state, texts in printed.items() for text in texts}


@cache
def _grammar() -> re.Pattern[str]:
    """Operator, figure, unit and word of comparison, with blanks between them."""
    operators = words().operators
    before, after = (
        "|".join(r"\s*".join(map(re.escape, word)) for word in sorted(known, key=len, reverse=True))
        for known in (operators.before, operators.after)
    )
    number = r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|-?[0-9]+(?:\.[0-9]+)?"
    unit = r"[^\s0-9<>=≤≥≦≧+,.;:!?、。\"'()~～-][^0-9<>=≤≥≦≧+,.;:!?、。\"'~～-]{0,7}?"
    return re.compile(
        rf"(?P<before>{before})?\s*(?P<number>{number})\s*(?P<unit>{unit})?\s*(?P<after>{after})?"
    )


def _plain(text: str) -> str:
    """A text with its widths and look-alike signs folded, its blanks kept as such."""
    return "".join(
        " " if c.isspace() and c != "\n" else fold_character(c) or ("\n" if c == "\n" else "") for c in text
    ).strip(BLANKS)
