"""What is written depends on the report and nothing else: not on locale, hash seed, time zone or folder.

The locale is a real one of GBK, as older Chinese systems have it: Python then takes names of files, standard streams and
whatever opens a file without saying how for GBK.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import missing, required_program
from test_command_line import MINIMAL, SETTINGS, edited

ROOT = Path(__file__).resolve().parent.parent
FULL = ROOT / "datapackages/full"
LOCALE = "zh_CN.GBK"
FORMATS = ("text", "json", "sarif", "junit", "csv", "github", "xlsx")

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locale, made from the sources of the system's locales; Debian has them in the package `locales`."""
    if os.name == "nt":
        pytest.skip("locales as on POSIX")
    program = required_program("localedef")
    folder = tmp_path_factory.mktemp("locales")
    made = subprocess.run(
        [program, "-i", "zh_CN", "-f", "GBK", folder / LOCALE], capture_output=True, check=False
    )
    if not (folder / LOCALE / "LC_CTYPE").is_file():
        missing(
            f"no sources of {LOCALE} (Debian package locales): {made.stderr.decode(errors='replace')[:200]}"
        )
    return folder


@pytest.fixture
def run(locales: Path) -> Run:
    """Run Python in a locale; its output as bytes."""

    def child(
        *arguments: object, locale: str = LOCALE, cwd: Path, **settings: str
    ) -> subprocess.CompletedProcess[bytes]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("LC_") and k not in SETTINGS}
        env |= {"LOCPATH": str(locales), "LC_ALL": locale, **settings}
        command = [sys.executable, *(a if isinstance(a, bytes) else str(a) for a in arguments)]
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=False, timeout=120)

    return child


def test_the_locale_is_one_of_gbk(run: Run, tmp_path: Path) -> None:
    code = "import sys, locale; print(sys.getfilesystemencoding(), sys.stdout.encoding, locale.getpreferredencoding(False))"
    assert run("-c", code, cwd=tmp_path).stdout.decode().lower().split() == ["gbk"] * 3


#: Runs the command once for each line of arguments, as if each had a process of its own.
MANY = """
import sys
from fatk import cli
for line in sys.argv[1:]:
    sys.argv = ["fatk", *line.split()]
    try:
        cli.main()
    except SystemExit as end:
        if end.code not in (0, 1):
            raise
"""


def everything(source: str) -> list[str]:
    """Every form that a source can be converted into and every form of results, as lines of arguments."""
    name = source[0]
    targets = (f"{name}.to.json", f"{name}.to.xlsx", f"{name}.to.zip", f"{name}-package")
    convert = [f"convert {source} {target}" for target in targets]
    validate = [
        f"validate {source} --format {form} -o {name}-result.{form}" for form in FORMATS if form != "xlsx"
    ]
    return [*convert, *validate]


def test_one_source_is_the_same_bytes_everywhere(run: Run, tmp_path: Path) -> None:
    seen: dict[str, set[bytes]] = {}
    for number, (locale, seed, zone) in enumerate(
        [("C.UTF-8", "0", "UTC"), (LOCALE, "1", "Asia/Shanghai"), ("C", "77", "America/New_York")]
    ):  # fmt: skip
        here = tmp_path / f"folder{number}"
        here.mkdir()
        bad = edited(
            str(FULL / "report.json"), lambda d: d["tables"]["income"]["rows"][0].update(total="1.23")
        )
        (here / "a.json").write_bytes(bad)
        shutil.copy(MINIMAL / "report.xlsx", here / "b.xlsx")
        shutil.copytree(MINIMAL, here / "c", ignore=shutil.ignore_patterns("report.json", "report.xlsx"))
        lines = [*everything("a.json"), *everything("b.xlsx"), *everything("c")]
        lines.append("validate a.to.xlsx --format xlsx -o a-marked.xlsx")
        settings = {"PYTHONHASHSEED": seed, "TZ": zone}
        done = run("-c", MANY, *lines, locale=locale, cwd=here, **settings)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        for path in (p for p in here.rglob("*") if p.is_file()):
            seen.setdefault(path.relative_to(here).as_posix(), set()).add(path.read_bytes())
    assert len(seen) > 80
    assert {name for name, contents in seen.items() if len(contents) > 1} == set()


def test_the_console_gets_its_own_encoding_and_programs_get_utf_8(run: Run, tmp_path: Path) -> None:
    shutil.copy(FULL / "report.json", tmp_path / "a.json")
    said = run("-m", "fatk.cli", "validate", "a.json", cwd=tmp_path)
    assert "结论：" in said.stdout.decode("gbk")
    told = {}
    for form in ("json", "sarif", "junit", "csv", "github"):
        outputs = {run("-m", "fatk.cli", "validate", "a.json", "--format", form, locale=at, cwd=tmp_path).stdout for at in (LOCALE, "C.UTF-8")}  # fmt: skip
        (told[form],) = outputs
    assert json.loads(told["json"].decode("utf-8"))["source"]["path"] == "a.json"


def test_a_name_in_the_encoding_of_the_locale_is_the_same_name(run: Run, tmp_path: Path) -> None:
    name = "报表.json"
    source = os.fsencode(tmp_path) + b"/" + name.encode("gbk")
    Path(os.fsdecode(source)).write_bytes((FULL / "report.json").read_bytes())
    said = run("-m", "fatk.cli", "validate", "--format", "json", source, cwd=tmp_path)
    assert json.loads(said.stdout.decode("utf-8"))["source"]["path"].endswith("/" + name)
    said = run("-m", "fatk.cli", "convert", source, source.replace(b".json", b".xlsx"), cwd=tmp_path)
    assert said.returncode == 0
    assert "报表.xlsx" in said.stderr.decode("gbk")
