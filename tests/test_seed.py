"""A real report, word for word: every value of its text is read, every figure accounted for, and the text is written again
as it was.

The text is no part of this repository. ``FATK_SEED`` names the folder that holds it with its values; CI insists on it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fatk import check, formats
from fatk.derive import derive_tables
from fatk.document import Document
from fatk.documents import plain
from fatk.findings import INFO
from fatk.limits import DEFAULTS
from fatk.narrative.forms import apart
from fatk.narrative.homes import kind_of
from fatk.reading import Reading
from fatk.values import NOTHINGS, Nothing, show
from fatk.wording.folding import Running, fold, run
from fatk.wording.grammar import load_wording
from fatk.wording.reading import Understood, understand
from fatk.wording.writing import Values, sentence_text

SEED = os.environ.get("FATK_SEED")
pytestmark = pytest.mark.skipif(not SEED, reason="FATK_SEED names no folder with the text of a real report")
#: Paths that are layout, or that follow from others, so that a report has no place of their own for them.
DERIVED = re.compile(
    r"restatements\b|self_evaluations\b|meta\.(printed_page_numbers|title|amount_unit|currency)\b"
    r"|.*\.(no|copula|has_activity|table_is_empty)$"
)


def folder() -> Path:
    found = Path(str(SEED))
    assert (found / "values.json").is_file(), f"FATK_SEED={found} does not hold the report"
    return found


@cache
def text() -> Path:
    return next(folder().glob("000_*.txt"))


@cache
def document() -> Document:
    return plain.read(text().read_bytes(), None, DEFAULTS, text().name)


@cache
def read() -> tuple[Running, Understood]:
    running = run(apart(document())[0].paragraphs)
    return running, understand(running, load_wording("xinjiang-2022"), kind_of)


@cache
def reading() -> Reading:
    return formats.read(text())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path, positions in lists counted from 1."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from leaves(inner, f"{path}[{number}]")
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def values() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder() / "values.json").read_bytes())
    return found


def test_every_value_of_the_text_is_read_and_nothing_else() -> None:
    said: dict[str, set[str]] = {}
    for one in read()[1].said:
        said.setdefault(one.path, set()).add(show(one.value))
    wanted = {path: value for path, value in leaves(values()) if not DERIVED.match(path)}
    assert {path: said.get(path) for path in wanted} == {path: {value} for path, value in wanted.items()}
    by_words = {"three_public.budget_base": {"annual_budget"}}  # said by words that stand around values
    assert {
        path: said[path] for path in said if path not in wanted and path != "glossary[13].lead"
    } == by_words
    assert len(wanted) > 280


def test_what_follows_from_the_values_is_right_in_the_report() -> None:
    known, report = values(), reading().report
    about = report.one("report")
    assert [about["title"], about["unit"], about["currency"]] == [
        known["meta"][name] for name in ("title", "amount_unit", "currency")
    ]
    for table, section in (("government_fund",) * 2, ("state_capital",) * 2):
        assert (report.status(table)["status"] == "empty") is known[section]["table_is_empty"]
    assert dict(document().notices)["PAGE_NUMBERS"] == str(known["meta"]["printed_page_numbers"][0])
    for numbered, listed in (("functions", known["overview"]["functions"]), ("glossary", known["glossary"])):
        assert [row["no"] for row in report.records(numbered)] == [one["no"] for one in listed]
    for one in known["restatements"]:
        repeated = one["value"] if isinstance(one["value"], list) else [one["value"]]
        assert {str(value) for value in repeated} <= {show(said.value) for said in read()[1].said}


def test_every_figure_is_accounted_for() -> None:
    running, understood = read()
    assert [running.text[a:b] for a, b in understood.rest] == []
    assert [missed.sentence for missed in understood.missed] == []
    assert [form.evaluation.unread for form in apart(document())[1]] == [()]
    assert reading().report.rows("extras") == ()
    assert [f.message() for f in reading().findings if f.severity != INFO] == []
    assert reading().proposals == ()


def test_the_text_is_written_again_as_it_was() -> None:
    running, understood = read()
    first = {one.path: one for one in reversed(list(understood.said))}

    def count(path: str) -> int:
        number = 0
        while any(known.startswith(f"{path.removesuffix('[]')}[{number + 1}]") for known in first):
            number += 1
        return number

    told = Values(
        lambda path: first[path].value if path in first else None, count, lambda path: first[path].unit or ""
    )
    wording = load_wording("xinjiang-2022")
    pairs = list(zip(wording.titles, understood.titles, strict=True))
    written = [sentence_text(s, told, wording, kind_of, r.choices) for s, r in pairs if r]
    for section, reads in understood.sections:
        written.append(running.printed(section.start, section.begin))
        pairs = list(zip(section.heading.sentences, reads, strict=True))
        written += [sentence_text(s, told, wording, kind_of, r.choices) for s, r in pairs if r]
    assert fold("".join(written)) == running.text.replace(" ", "")


def test_the_tables_that_follow_are_those_known() -> None:
    derived, found = derive_tables(reading().report)
    assert [f.rule for f in found if f.severity != INFO] == []
    known: dict[str, Any] = json.loads((folder() / "tables.json").read_bytes())["tables"]
    basis = {(c["table"], c["row"], c["field"]): c["basis"] for c in derived.records("cells")}
    cells = 0
    for name, table in known.items():
        form = derived.spec.tables[name]
        if derived.status(name)["status"] == "empty":
            implied = table["implied_total"].values()
            assert {cell["value"] for cell in implied} == {"0.00"}
            cells += len(implied)
            continue
        for row in table["rows"]:
            key = row.get("line") or row.get("code")
            for field, cell in row["cells"].items():
                value = derived.value(name, key, field)
                wanted = NOTHINGS.get(cell["status"], cell["value"])
                assert (value if isinstance(value, Nothing) else show(value)) == wanted, (name, key, field)
                assert basis[name, key, field] == cell["status"], (name, key, field)
                cells += 1
        assert len(derived.rows(form.id)) == len(table["rows"])
    assert cells == 398


def test_it_raises_what_is_wrong_with_it_and_nothing_else() -> None:
    derived, _ = derive_tables(reading().report)
    result = check.check(Reading(derived))
    spoken = {(f.rule, f.severity) for f in result.findings if not f.reason}
    assert spoken == {("NN-44", "warning"), ("NN-25", "info"), ("PL-08", "info")}
    assert result.verdict == "not_checked"
