"""What the README shows is what happens: its commands run as they stand, exit as they say, and print what it quotes."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from conftest import ROOT, required_program

README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What the commands read, as it stands in a fresh clone.
NEEDED = ("datapackages/wuerhe-2022", "schemas")


def blocks() -> Iterator[tuple[str, str]]:
    """Language and text of every fenced block between the markers."""
    begin, end = README.index("<!-- tested: zh -->"), README.index("<!-- /tested -->")
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", README[begin:end], re.MULTILINE | re.DOTALL)


def annotated(line: str) -> tuple[str, str]:
    """A line without its remark, and what the remark says after an arrow."""
    shown, _, remark = line.partition("  # ")
    return shown.rstrip(), remark.removeprefix("→ ") if remark.startswith("→") else ""


def test_the_five_minutes_go_as_shown(tmp_path, monkeypatch):
    shell = required_program("sh")
    for name in NEEDED:
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    surroundings = {**os.environ, "PATH": path, "PYTHONUTF8": "1"}
    said = ""
    for language, text in blocks():
        if language == "sh":
            said = ""
            for line in text.splitlines():
                command, status = annotated(line)
                done = subprocess.run(
                    [shell, "-c", command],
                    env=surroundings, capture_output=True, encoding="utf-8", check=False, timeout=120,
                )  # fmt: skip
                said += done.stdout + done.stderr
                assert done.returncode == int(status or 0), f"{command}\n{done.stdout}{done.stderr}"
        elif language == "text":
            assert [line for line in text.splitlines() if line not in said] == [], said
        else:
            names: dict[str, object] = {}
            for line in text.splitlines():
                code, wanted = annotated(line)
                if wanted:
                    assert eval(code, names) == value_of(wanted), code  # noqa: S307  our own README
                else:
                    exec(code, names)  # noqa: S102


def value_of(shown: str) -> object:
    """The value that the README shows: a literal, or a decimal."""
    decimal = re.fullmatch(r"Decimal\('(.+)'\)", shown)
    return Decimal(decimal[1]) if decimal else ast.literal_eval(shown)


def anchors(page: Path) -> set[str]:
    """Where links to a page can lead: its own anchors, and its headings as GitHub names them."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        *re.findall(r'<a id="([^"]+)">', text),
        *(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings),
    }


def test_links_lead_somewhere():
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "spec/README.md",
        "spec/specification.md",
        "spec/specification.en.md",
        "spec/versioning.md",
        "spec/versioning.en.md",
    ):
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
            there = page.parent / target if target else page
            assert there.exists(), f"{name}: {target}"
            assert not anchor or anchor in anchors(there), f"{name}: {target}#{anchor}"


def test_english_leads_to_the_same_places():
    chinese, english = (
        set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", part)) for part in README.split("\n## English\n")
    )
    assert english <= chinese
