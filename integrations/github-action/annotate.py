"""The results of ``fatk validate --format json`` as annotations of GitHub Actions and as a summary of the step.

    annotate.py [--lang zh|en] [--status N] [--stderr FILE] [--summary FILE] RESULTS

A runner takes a line of output that begins with ``::`` for a command, so every line printed here is one command and text
from a report stands only inside of one, encoded. Standard library only.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

#: GitHub shows the first ten of a level; the rest are in the log. Beyond this many of a file they are only counted.
SHOWN = 50
#: Rows of a file in the summary: GitHub drops a summary over 1 MiB.
ROWS = 100
#: Characters of one text.
_LENGTH = 2_000

_WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "title": "部门决算检查", "place": "位置：", "more": "另有 {count} 处没有列出。", "none": "没有发现问题。",
        "fault": "fatk 没有给出结果（退出状态 {status}）。", "refused": "没有读取", "columns": ("文件", "结论", "错误", "警告", "提示"),
        "levels": {"error": "错误", "warning": "警告", "notice": "未检查"},
        "verdicts": {"valid": "通过", "invalid": "不通过", "not_checked": "未能全部检查"},
    },
    "en": {
        "title": "Departmental final accounts", "place": "Places: ", "more": "{count} more are not listed.", "none": "Nothing found.",
        "fault": "fatk gave no result (exit status {status}).", "refused": "not read", "columns": ("file", "verdict", "errors", "warnings", "infos"),
        "levels": {"error": "error", "warning": "warning", "notice": "not checked"},
        "verdicts": {"valid": "valid", "invalid": "invalid", "not_checked": "not fully checked"},
    },
}  # fmt: skip


def command(level: str, text: str, **properties: object) -> str:
    """One workflow command, on one line whatever the texts hold."""
    said = ",".join(f"{name}={_encoded(value, ':,')}" for name, value in properties.items() if value)
    return f"::{level} {said}::{_encoded(text)}" if said else f"::{level}::{_encoded(text)}"


def _encoded(value: object, more: str = "") -> str:
    """A text as the runner decodes it again; ``more`` are the characters that end a property."""
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in _visible(str(value)))


def _visible(text: str) -> str:
    """A text whose controls and direction marks are shown as escapes, so that it looks like what it is."""
    cut = text if len(text) <= _LENGTH else text[:_LENGTH] + "…"
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def documents(text: str) -> list[dict[str, Any]]:
    """The documents that fatk wrote: one indented, or several one a line; none where it wrote something else."""
    for parts in ([text], text.splitlines()):
        try:
            found = [json.loads(part) for part in parts]
        except ValueError:
            continue
        if all(isinstance(one, dict) for one in found):
            return found
    return []


def commands(document: dict[str, Any], lang: str) -> Iterator[str]:
    """The commands of one source: what failed, what fatk warns of and, as notices, what it could not check."""
    source = str(document["source"]["path"])
    if "refused" in document:
        said = document["refused"]
        yield command("error", _message(said, lang), file=source, title=said["code"])
        return
    findings = [(level, f) for f in document["findings"] if (level := _level(f))]
    for level, finding in findings[:SHOWN]:
        file, line = _where(source, finding)
        places = _places(finding)
        text = _message(finding, lang)
        text += f"\n{_WORDS[lang]['place']}{', '.join(places[:6])}" if places else ""
        yield command(level, text, file=file, line=line, title=finding["rule"])
    if len(findings) > SHOWN:
        yield command("notice", _WORDS[lang]["more"].format(count=len(findings) - SHOWN), file=source)


def _level(finding: dict[str, Any]) -> str | None:
    """The level of an annotation; ``None`` for what only informs."""
    if finding.get("waived"):
        return "notice"
    if finding["severity"] in {"error", "warning"}:
        return str(finding["severity"])
    return "notice" if finding["outcome"] == "not_checked" else None


def _message(said: dict[str, Any], lang: str) -> str:
    return str(said["message" if lang == "zh" else "message_en"])


def _places(finding: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(cell["location"]) for cell in finding["cells"] if cell["location"]))


def _where(source: str, finding: dict[str, Any]) -> tuple[str, str | None]:
    """File and line of a finding. Of a package directory it is the CSV; a workbook's cell has no line."""
    places = _places(finding)
    at = re.fullmatch(r"([^:]+)(?::([0-9]+))?(?::[0-9]+)?", places[0]) if places else None
    if at is None or not Path(source).is_dir():
        return source, None
    return f"{source.rstrip('/')}/{at[1]}", at[2]


def summary(found: Sequence[dict[str, Any]], lang: str) -> str:
    """The results as tables. HTML without empty lines, inside of which no text is taken for Markdown."""
    words = _WORDS[lang]
    heads = "".join(f"<th>{name}</th>" for name in words["columns"])
    lines = [f"## fatk · {words['title']}", "", f"<table><tr>{heads}</tr>"]
    for document in found:
        counts = document.get("summary", {})
        verdict = words["verdicts"].get(document.get("verdict"), words["refused"])
        numbers = (counts.get(name, "") for name in ("errors", "warnings", "infos"))
        cells = (document["source"]["path"], verdict, *numbers)
        lines.append(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in cells)}</tr>")
    lines.append("</table>")
    for document in found:
        lines += _details(document, lang)
    return "\n".join(lines) + "\n"


def _details(document: dict[str, Any], lang: str) -> Iterator[str]:
    """The findings of one source as a table of their own; nothing where there is none."""
    words = _WORDS[lang]
    if "refused" in document:
        said = document["refused"]
        rows = [("error", said["code"], _message(said, lang), "")]
    else:
        rows = [
            (level, f["rule"], _message(f, lang), ", ".join(_places(f)[:6]))
            for f in document["findings"]
            if (level := _level(f))
        ]
    if not rows:
        return
    yield from ("", f"<table><caption>{_cell(document['source']['path'])}</caption>")
    for level, rule, text, places in rows[:ROWS]:
        cells = (words["levels"][level], rule, text, places)
        yield f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in cells)}</tr>"
    if len(rows) > ROWS:
        yield f'<tr><td colspan="4">{words["more"].format(count=len(rows) - ROWS)}</td></tr>'
    yield "</table>"


def _cell(value: object) -> str:
    return html.escape(_visible(str(value))).replace("\n", "<br>")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the commands, append the summary. The exit status stays that of fatk, which the caller has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--lang", choices=sorted(_WORDS), default="zh")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--stderr", type=Path)
    parser.add_argument("--summary", type=Path)
    given = parser.parse_args(arguments)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    found = documents(_read(given.results))
    for document in found:
        for line in commands(document, given.lang):
            print(line)
    if not found:
        said = _read(given.stderr).strip() if given.stderr else ""
        fault = _WORDS[given.lang]["fault"].format(status=given.status)
        print(command("error", f"{fault}\n{said}" if said else fault, title="fatk"))
    elif given.summary:
        with given.summary.open("a", encoding="utf-8") as stream:
            stream.write(summary(found, given.lang))


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    main()
