"""Many reports, quickly made: one workbook written by fatk, and copies of it with another entity, year and division each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fatk import formats
from fatk.model import build

ROOT = Path(__file__).resolve().parent.parent
#: What stands in the workbook for what differs, as long as what takes its place, and nowhere else in it.
NAME, YEAR, DIVISION = "样本单位〇〇〇〇〇〇", "1987", "ZZZZZZ"
YEARS = ("2021", "2022")


@cache
def parts(example: str) -> tuple[tuple[str, bytes], ...]:
    """The parts of the workbook of an example with what is to be replaced in it."""
    report = formats.read(ROOT / "datapackages" / example / "report.json").report
    entity = report.spec.tables["entity"]
    row = list(report.rows("entity")[0])
    row[entity.position["name"]], row[entity.position["administrative_division"]] = NAME, DIVISION
    year = str(report.one("report")["fiscal_year"])
    data = formats.encoder("xlsx")(build(report.spec, {**report.tables, "entity": (tuple(row),)}))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return tuple((n, book.read(n).replace(year.encode(), YEAR.encode())) for n in book.namelist())


def workbook(number: int, example: str = "minimal", entity: int | None = None) -> bytes:
    """One of many workbooks, the same for the same numbers; without that of an entity each is of its own."""
    buffer = io.BytesIO()
    changes = (
        (NAME, f"样本单位{number if entity is None else entity:06}"), (YEAR, YEARS[number % 2]), (DIVISION, f"{650100 + number // 40 % 5 * 100 + 2:06}"),
    )  # fmt: skip
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, part in parts(example):
            data = part
            for old, new in changes:
                data = data.replace(old.encode(), new.encode())
            book.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tree(root: Path, count: int, example: str = "minimal") -> Iterator[Path]:
    """Write so many workbooks below a folder, forty in each folder of it; the path of each."""
    for number in range(count):
        place = root / f"{number // 40:04}" / f"{number:06}.xlsx"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(workbook(number, example))
        yield place


def pairs(root: Path, count: int, example: str = "minimal") -> Iterator[Path]:
    """Write the workbooks of two years of so many entities below a folder, forty in each folder of it; the path of each."""
    for number in range(2 * count):
        place = root / f"{number // 40:04}" / f"{number // 2:06}-{YEARS[number % 2]}.xlsx"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(workbook(number, example, number // 2))
        yield place
