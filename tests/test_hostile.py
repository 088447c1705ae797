"""Every hostile or faulty file is refused with its own code or read right, within bounded time and memory, and harms nobody.

The cases are data in ``hostile``; each is read in a process of its own that may neither reach out nor write. What the rows
mean, and where those without a file are held, is told in ``docs/untrusted-files.md``.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import hostile
from hostile import CASES, MEMORY, Read

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent / "docs/untrusted-files.md"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are bounded and measured as on POSIX")


def fault(case: hostile.Case, came: dict) -> str | None:
    """What is not as it has to be, or ``None``."""
    if "crash" in came:
        return str(came["crash"])
    if came["memory"] > MEMORY:
        return f"{came['memory'] >> 20} MiB of memory"
    if not isinstance(case.expected, Read):
        if came.get("code") != case.expected:
            return f"{came.get('code')} {came.get('noticed')}"
        return next((f"not filled in: {said}" for said in came["said"] if re.search(r"[{}]", said)), None)
    if "code" in came:
        return str(came["code"])
    wanted = case.expected
    for name in ("cells", "value"):
        if getattr(wanted, name) not in {None, came[name]}:
            return f"{name} {came[name]}"
    if wanted.minimal and not came["minimal"]:
        return "another report"
    return str(came["noticed"]) if wanted.notices not in {None, tuple(came["noticed"])} else None


@pytest.mark.parametrize("letter", sorted({case.row[0] for case in CASES}))
def test_each_file_is_refused_with_its_code_or_read_right_within_bounds(letter: str) -> None:
    done = subprocess.run(
        [sys.executable, "hostile.py", letter], cwd=HERE, capture_output=True, encoding="utf-8", check=True
    )
    came = [json.loads(line) for line in done.stdout.splitlines()]
    cases = [case for case in CASES if case.row.startswith(letter)]
    assert [c["what"] for c in came] == [case.what for case in cases]
    faults = {f"{c.row} {c.what}": said for c, o in zip(cases, came, strict=True) if (said := fault(c, o))}
    assert faults == {}


# The document


@cache
def rows() -> dict[str, list[str]]:
    """The rows of the document's tables by their ids."""
    found = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and re.fullmatch(r"[A-Z][0-9]+", cells[0]):
            assert cells[0] not in found
            found[cells[0]] = cells[1:]
    return found


def test_the_document_names_the_codes_that_files_of_each_row_are_refused_with() -> None:
    codes: dict[str, set[str]] = defaultdict(set)
    for case in CASES:
        codes[case.row] |= {case.expected} if isinstance(case.expected, str) else set()
    told = {row: set(re.findall(r"`([A-Z]+_[A-Z_0-9]+)`", cells[1])) for row, cells in rows().items()}
    assert {row: told.get(row) for row in codes} == codes


def test_every_row_has_files_or_names_the_tests_that_hold_it() -> None:
    with_files = {case.row for case in CASES}
    for row, (_, _, held) in rows().items():
        named = re.findall(r"`(test_\w+)`", held)
        assert ("hostile" in held) == (row in with_files), row
        assert row in with_files or named or "没有" in held, row
        for name in named:
            assert (HERE / f"{name}.py").is_file(), name


def test_no_two_cases_have_one_name() -> None:
    names = [(case.row, case.what) for case in CASES]
    assert len(set(names)) == len(names)
