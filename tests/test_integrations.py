"""The action and the pre-commit hooks do locally what they promise, with what a runner or pre-commit would give them.

A runner takes lines of output for commands: its decoding is written down here again, and whatever a report holds, each
finding is one command that says what was meant.
"""

import html
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import required_program

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / "integrations" / "github-action"
EXAMPLES = ROOT / "datapackages"
#: Where the commands of this environment are.
BIN = Path(sys.executable).parent

LOCK = "~$"
HOSTILE = "x\n::error file=a::b\r\n##[add-path]c%0A::d,e:f\x1b[31m\u202e\u2028::stop-commands::t"


def load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


annotate = load(ACTION / "annotate.py")
ACTION_YML = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
HOOKS = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}


# Workflow commands


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """A line of output as the runner understands it: command, properties and text."""
    assert line.startswith("::")
    information, _, data = line[2:].partition("::")
    name, _, said = information.partition(" ")
    properties = dict(pair.split("=", 1) for pair in said.split(",") if pair)
    pairs = {
        k: restored(v, {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}) for k, v in properties.items()
    }
    return name, pairs, restored(data, {"%0D": "\r", "%0A": "\n"})


def restored(text: str, codes: dict[str, str]) -> str:
    for code, character in codes.items():
        text = text.replace(code, character)
    return text.replace("%25", "%")


def test_the_runners_encoding_is_used() -> None:
    line = annotate.command("error", "50%\n::x", file="a:b,c%", line="3", title="")
    assert line == "::error file=a%3Ab%2Cc%25,line=3::50%25%0A::x"


@given(text=st.text(), name=st.text(min_size=1), line=st.integers(1, 10**6))
@example(text=HOSTILE, name=HOSTILE, line=1)
@example(text="%0A%25%3A", name="%2C%250D", line=1)
def test_any_text_is_one_command_and_comes_back(text: str, name: str, line: int) -> None:
    said = annotate.command("warning", text, file=name, line=line, title="INC-01")
    assert len(said.splitlines()) == 1
    assert said.isprintable()
    level, properties, data = decoded(said)
    assert level == "warning"
    assert properties == {"file": annotate._visible(name), "line": str(line), "title": "INC-01"}
    assert data == annotate._visible(text)


def finding(**changed: Any) -> dict[str, Any]:
    cells = [{"location": "income.csv:2:4"}, {"location": "income.csv:2:5"}, {"location": None}]
    return {"rule": "INC-01", "severity": "error", "outcome": "failed", "message": "不等。", "message_en": "Unequal.", "cells": cells, "waived": None, **changed}  # fmt: skip


def document(*findings: dict[str, Any], path: str = "report.xlsx") -> dict[str, Any]:
    counts = {"errors": len(findings), "warnings": 0, "infos": 0}
    return {"source": {"path": path}, "verdict": "invalid", "summary": counts, "findings": list(findings)}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_texts_stay_in_their_annotation_and_their_cell(lang: str) -> None:
    hostile = HOSTILE + "</td></table>\n\n![](https://example.org/x)<script>"
    cells = [{"location": hostile}]
    refused = {
        "source": {"path": hostile},
        "refused": {"code": hostile, "message": hostile, "message_en": hostile},
    }
    said = [
        document(finding(message=hostile, message_en=hostile, rule=hostile, cells=cells), path=hostile),
        refused,
    ]
    lines = [line for one in said for line in annotate.commands(one, lang)]
    assert len(lines) == 2
    for line in lines:
        assert len(line.splitlines()) == 1
        assert decoded(line)[0] == "error"
        assert decoded(line)[2].startswith(annotate._visible(hostile))
    summary = annotate.summary(said, lang)
    tables = summary.partition("<table>")[2]
    assert not set(Tags(tables).found) - {"table", "caption", "tr", "th", "td", "br"}
    assert html.escape("<script>") in tables
    # No line of a text begins one of the summary, and no empty line ends a table within.
    assert all(line.startswith("<") for line in tables.splitlines() if line)
    assert not re.search(r"(?<!</table>)\n\n(?!<table>)", tables)


class Tags(HTMLParser):
    """The names of the tags of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  the parser's signature
        self.found.append(tag)


def test_levels_follow_severity_and_what_only_informs_is_left_out() -> None:
    said = document(
        finding(),
        finding(severity="warning"),
        finding(severity="info", outcome="not_checked"),
        finding(waived={"by": "x"}),
        finding(severity="info", outcome="within_rounding"),
    )
    assert [decoded(line)[0] for line in annotate.commands(said, "zh")] == [
        "error",
        "warning",
        "notice",
        "notice",
    ]


def test_a_csv_of_a_package_is_named_with_its_line_and_a_workbook_without(tmp_path: Path) -> None:
    (line,) = annotate.commands(document(finding(), path=f"{tmp_path}/"), "zh")
    assert decoded(line)[1] == {"file": f"{tmp_path}/income.csv", "line": "2", "title": "INC-01"}
    (line,) = annotate.commands(document(finding(cells=[{"location": "GK01!C35"}])), "en")
    assert decoded(line) == (
        "error",
        {"file": "report.xlsx", "title": "INC-01"},
        "Unequal.\nPlaces: GK01!C35",
    )


def test_what_is_left_out_is_counted() -> None:
    said = document(*[finding()] * (annotate.ROWS + 5))
    lines = list(annotate.commands(said, "zh"))
    assert len(lines) == annotate.SHOWN + 1
    assert str(annotate.ROWS + 5 - annotate.SHOWN) in lines[-1]
    assert "另有 5 处" in annotate.summary([said], "zh")


def test_one_document_several_and_none_are_understood() -> None:
    one = document(finding())
    assert annotate.documents(json.dumps(one, indent=2)) == [one]
    assert annotate.documents(f"{json.dumps(one)}\n{json.dumps(one)}\n") == [one, one]
    assert annotate.documents("") == annotate.documents("Traceback\n") == annotate.documents("[1]") == []


# The action


def steps() -> dict[str, dict[str, Any]]:
    return {step["id"]: step for step in ACTION_YML["runs"]["steps"]}


def run_step(name: str, folder: Path, values: dict[str, str], action: Path = ACTION) -> dict[str, Any]:
    """Run one script of the action with what a runner gives it: status, output, and what it wrote to its files."""
    temporary = folder / "runner"
    temporary.mkdir(exist_ok=True)
    files = {"GITHUB_OUTPUT": temporary / "output", "GITHUB_STEP_SUMMARY": temporary / "summary.md"}
    for file in files.values():
        file.write_text("", encoding="utf-8")
    defaults = {f"inputs.{k}": str(v.get("default", "")) for k, v in ACTION_YML["inputs"].items()}
    known = {**defaults, **values}
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTION_PATH": str(action),
        **{name: str(file) for name, file in files.items()},
        **{
            k: re.sub(r"\$\{\{ (.+?) \}\}", lambda m: known[m[1]], v) for k, v in steps()[name]["env"].items()
        },
    }
    script = temporary / "script.sh"
    script.write_text(steps()[name]["run"], encoding="utf-8")
    command = [required_program("bash"), "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60)  # fmt: skip
    said = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    outputs = dict(line.split("=", 1) for line in said["GITHUB_OUTPUT"].splitlines())
    return {"status": done.returncode, "lines": done.stdout.splitlines(), "stderr": done.stderr, "outputs": outputs, "summary": said["GITHUB_STEP_SUMMARY"]}  # fmt: skip


def validated(folder: Path, files: str, **inputs: str) -> dict[str, Any]:
    given_ = {"inputs.files": files, **{f"inputs.{k}": v for k, v in inputs.items()}}
    return run_step("validate", folder, {"steps.install.outputs.bin": str(BIN), **given_})


def broken(folder: Path) -> Path:
    """A package with one figure that does not add up."""
    package = Path(shutil.copytree(EXAMPLES / "minimal", folder / "package"))
    text = (package / "income.csv").read_text(encoding="utf-8")
    (package / "income.csv").write_text(text.replace("5.00,5.00", "5.00,4.00", 1), encoding="utf-8")
    return package


def test_actions_are_pinned_and_no_input_is_written_into_a_script() -> None:
    assert set(steps()) == {"python", "install", "validate"}
    for step in steps().values():
        assert "${{" not in step.get("run", "")
        assert re.search(r"@[0-9a-f]{40}$", step.get("uses", "@" + "0" * 40))
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(ACTION_YML["runs"])))
    assert used == set(ACTION_YML["inputs"])
    readme = (ACTION / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in readme for name in ACTION_YML["inputs"])


def test_the_action_is_what_github_takes_for_one() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions", ACTION / "action.yml"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("version", "wanted"), [("", f"{ACTION}/../.."), ("1.2.3", "fatk==1.2.3")])
def test_what_is_installed_is_the_same_commit_or_the_version_asked_for(
    tmp_path: Path, version: str, wanted: str
) -> None:
    # A Python that makes an environment of scripts, which write down what they were asked for.
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin" && cp "$0" "$3/bin/python" && '
        f'printf \'#!/bin/sh\\nprintf "%%s\\\\n" "$@" >{tmp_path}/asked\\n\' >"$3/bin/python"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    done = run_step(
        "install", tmp_path, {"steps.python.outputs.python-path": str(python), "inputs.version": version}
    )
    assert done["status"] == 0, done["stderr"]
    assert done["outputs"] == {"bin": f"{tmp_path}/runner/fatk/bin"}
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[:3] == ["-m", "pip", "install"]
    assert asked[-1] == wanted
    assert (ROOT / "pyproject.toml").samefile(Path(f"{ACTION}/../..") / "pyproject.toml")


def test_a_fault_is_annotated_in_its_csv_and_listed_in_the_summary(tmp_path: Path) -> None:
    package = broken(tmp_path)
    shutil.copy(EXAMPLES / "minimal/report.json", tmp_path / "好 的.json")
    done = validated(tmp_path, "package\r\n\n好 *.json")
    assert done["status"] == 1, done
    assert done["outputs"]["status"] == "1"
    annotations = [decoded(line) for line in done["lines"]]
    where = {
        (level, said["file"], said.get("line")) for level, said, _ in annotations if said["title"] == "INC-01"
    }
    assert where == {("error", "package/income.csv", "2")}
    assert all("file" in said for _, said, _ in annotations)
    for shown in ("package", "好 的.json", "不通过", "通过", "INC-01"):
        assert f">{shown}<" in done["summary"]
    results = Path(done["outputs"]["results"]).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["source"]["path"] for line in results] == [package.name, "好 的.json"]


def test_names_of_files_cannot_command_the_runner(tmp_path: Path) -> None:
    name = "a\n::error::x ##[add-path]y.xlsx"
    (tmp_path / name).write_bytes(b"%PDF-1.7")
    (tmp_path / "-h.xlsx").write_bytes(b"")
    done = validated(tmp_path, "*.xlsx\n$(touch run)\n`touch run`.json", lang="en")
    assert done["status"] == 3, done
    annotations = [decoded(line) for line in done["lines"]]
    assert [said["file"] for _, said, _ in annotations] == [
        "-h.xlsx",
        annotate._visible(name),
        "$(touch run)",
        "`touch run`.json",
    ]
    assert {level for level, _, _ in annotations} == {"error"}
    assert not (tmp_path / "run").exists()


def test_nothing_to_check_is_a_failure(tmp_path: Path) -> None:
    assert validated(tmp_path, " \n")["status"] == 2
    done = validated(tmp_path, "gone/**/*.xlsx")
    assert done["status"] == 3
    assert [decoded(line)[1]["file"] for line in done["lines"]] == ["gone/**/*.xlsx"]


def test_what_could_not_be_checked_fails_where_it_is_asked_to(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "wuerhe-2022/report.json", tmp_path)
    lenient, strict = (validated(tmp_path, "report.json", strict=word) for word in ("false", "true"))
    assert (lenient["status"], strict["status"]) == (0, 4)
    levels = {decoded(line)[0] for line in lenient["lines"]}
    assert "notice" in levels
    assert "error" not in levels
    assert lenient["lines"] == strict["lines"]


def test_a_crash_is_an_annotation_with_what_was_said(tmp_path: Path) -> None:
    for name, script in {"fatk": f"printf '%s' {shlex.quote(HOSTILE)} >&2; exit 70", "python": f'exec {sys.executable} "$@"'}.items():  # fmt: skip
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = run_step(
        "validate", tmp_path, {"steps.install.outputs.bin": str(tmp_path), "inputs.files": "x.json"}
    )
    assert done["status"] == 70, done
    (line,) = done["lines"]
    assert decoded(line)[:2] == ("error", {"title": "fatk"})
    assert "70" in decoded(line)[2]
    assert done["stderr"] == ""


# The pre-commit hooks


@pytest.mark.parametrize(
    ("hook", "name", "taken"),
    [
        ("fatk-validate", "报表/2022 决算.xlsx", True),
        ("fatk-validate", "report.json", True),
        ("fatk-validate", "a/report.json", True),
        ("fatk-validate", "a/my-report.json", False),
        ("fatk-validate", "a/datapackage.json", False),
        ("fatk-validate", f"a/{LOCK}决算.xlsx", False),
        ("fatk-validate", "a.xlsx.txt", False),
        ("fatk-validate-package", "a/income.csv", True),
        ("fatk-validate-package", "datapackage.json", True),
        ("fatk-validate-package", "a/report.json", False),
    ],
)
def test_hooks_take_the_files_they_are_for(hook: str, name: str, taken: bool) -> None:
    # As pre-commit decides: searched, not matched, on paths with forward slashes.
    declared = HOOKS[hook]
    excluded = declared.get("exclude", "^$")
    assert bool(re.search(declared["files"], name) and not re.search(excluded, name)) is taken


def test_hooks_run_what_is_installed(tmp_path: Path) -> None:
    broken(tmp_path)
    for hook, given_, status in [
        ("fatk-validate", ["package/report.xlsx", "package/report.json"], 0),
        ("fatk-validate-package", ["package"], 1),
    ]:
        declared = HOOKS[hook]
        assert declared["language"] == "python"
        program, *arguments = shlex.split(declared["entry"])
        done = subprocess.run(
            [BIN / program, *arguments, *given_], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == status, done
    assert HOOKS["fatk-validate-package"]["pass_filenames"] is False
