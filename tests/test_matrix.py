"""Layouts × editions × units: forms that somebody else draws are read right in every combination, and after LibreOffice has
saved them in other forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import cycle
from pathlib import Path

import pytest

import fatk
from drawing import HABITS, Habits, drawn, printable, saved
from fatk import formats, units
from fatk.model import Report
from fatk.reading import Reading
from fatk.spec import edition_ids

EXAMPLES = Path(__file__).resolve().parent.parent / "datapackages"
UNITS = ("万元", "元")
COMBINATIONS = [(habit, edition, unit) for habit in HABITS for edition in edition_ids() for unit in UNITS]


@cache
def report(edition: str, unit: str) -> Report:
    """The full example as an edition prints it."""
    full = fatk.restate(fatk.read(EXAMPLES / "full" / "report.json").report, edition, allow_loss=True)
    return units.convert(printable(full), unit).report


def assert_read_right(found: Reading, before: Report, what: object) -> None:
    for table in before.spec.forms:
        assert found.report.rows(table.id) == before.rows(table.id), (what, table.id)
        assert found.report.status(table.id)["status"] == before.status(table.id)["status"], (what, table.id)
    for part in ("unit", "fiscal_year"):
        assert found.report.one("report")[part] == before.one("report")[part], what
    assert found.unaccounted_cells == 0
    assert [f.message() for f in found.findings if f.severity == "error"] == [], what


@pytest.mark.parametrize(("habit", "edition", "unit"), COMBINATIONS)
def test_every_layout_of_every_edition_in_every_unit_is_read_right(
    habit: str, edition: str, unit: str
) -> None:
    before = report(edition, unit)
    form, found = formats.read_bytes(saved(drawn(before, HABITS[habit])))
    assert form == "xlsx"
    assert_read_right(found, before, habit)
    assert found.report.one("report")["edition"] == edition or found.edition_certainty != "certain"


def sample() -> Iterator[tuple[str, Habits, str, str]]:
    """Every layout, every edition and every unit, not each with each: LibreOffice is slow."""
    for (name, habits), edition, unit in zip(
        HABITS.items(), cycle(edition_ids()), cycle(UNITS), strict=False
    ):
        yield name, habits, edition, unit


@pytest.mark.parametrize("to", ["ods", "xls"])
def test_what_libreoffice_makes_of_the_layouts_is_read_right(
    to: str, convert_files: Callable[..., Path], tmp_path: Path
) -> None:
    made = []
    for number, (_, habits, edition, unit) in enumerate(sample()):
        made.append(tmp_path / f"{number}.xlsx")
        made[-1].write_bytes(saved(drawn(report(edition, unit), habits)))
    folder = convert_files(to, made)
    for number, (name, _, edition, unit) in enumerate(sample()):
        assert_read_right(fatk.read(folder / f"{number}.{to}"), report(edition, unit), (name, edition, unit))
