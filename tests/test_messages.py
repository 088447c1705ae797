"""Every code and id that the toolkit raises has its sentence, every sentence is raised, and each is one that helps.

The source is read as syntax: who raises what, with which details. So a sentence cannot be forgotten, nor a placeholder.
"""

import ast
import errno
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import fatk
from fatk.errors import Declined, FatkError, Misuse, NotWritten, Refused, WouldLose
from fatk.findings import CellRef, Finding, explain_error, fill, notify, reason_of, without_implied
from fatk.limits import Limits
from fatk.rules.context import load_rules
from fatk.values import visible

ROOT = Path(__file__).resolve().parent.parent
TOOLKIT, NOTICES = ROOT / "toolkit/fatk", ROOT / "schemas/notices"

REFUSALS: dict[str, dict[str, str]] = {
    entry["code"]: entry["message"]
    for entry in json.loads((NOTICES / "refusals.json").read_bytes())["refusals"]
}
#: Every notice of every file: what readers, structure checks and others tell.
DECLARED: dict[str, dict[str, Any]] = {
    entry["id"]: entry
    for path in sorted(NOTICES.glob("*.json"))
    for entry in json.loads(path.read_bytes()).get("notices", ())
}
ID = re.compile(rf"(?:{'|'.join(sorted({name.split('-')[0] for name in DECLARED}))})-\d{{2,3}}")
CHECKS: dict[str, Any] = json.loads((NOTICES / "checks.json").read_bytes())
#: Calls that raise, or make what is raised; `refuse` adds the place and the part that it is at.
RAISING = {e.__name__ for e in (Misuse, NotWritten, Refused, WouldLose, Declined, FatkError)}
ADDED = {"refuse": {"place", "part"}}
#: Tables of the source whose rows end with a code that is raised without details.
TABLES = {"_FOREIGN"}
#: Limits of what is written: nothing is refused.
CUT = {"FINDINGS_TRUNCATED"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TOOLKIT.rglob("*.py")):
        yield path.relative_to(TOOLKIT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def text_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def codes_of(node: ast.expr) -> list[str]:
    """The code that an expression is, or the two that it chooses from; none where it is no constant."""
    if isinstance(node, ast.IfExp):
        return codes_of(node.body) + codes_of(node.orelse)
    return [code] if (code := text_of(node)) is not None else []


def raised() -> dict[str, list[tuple[str, set[str]]]]:
    """Code of a refusal → where it is raised, with the names of its details there."""
    found: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    for path, tree in sources():
        for node in ast.walk(tree):
            place = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and node.args and name_of(node) in RAISING | set(ADDED):
                given = {k.arg for k in node.keywords if k.arg} | ADDED.get(name_of(node), set())
                for code in codes_of(node.args[0]):
                    found[code].append((place, given))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TABLES:
                for row in ast.walk(node.value):
                    if isinstance(row, ast.Tuple) and (code := text_of(row.elts[-1])):
                        found[code].append((place, set()))
    return found


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


RAISED = raised()


# Refusals


def test_every_code_that_is_raised_has_its_sentence_and_the_reverse() -> None:
    assert set(RAISED) - set(REFUSALS) == set(), "raised without a sentence in refusals.json"
    assert set(REFUSALS) - set(RAISED) == set(), "never raised"


def test_codes_are_written_where_they_are_raised() -> None:
    """A code that is put together or passed on would escape the test above."""
    passed_on = {
        "confined.py",
        "errors.py",
        "ooxml.py",
        "gathering.py",
        "formats/sniffing.py",
    }  # what a child refused, the classes, `refuse`, the table of foreign files
    for path, tree in sources():
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and name_of(n) in RAISING]
        unknown = [n.lineno for n in calls if not (n.args and codes_of(n.args[0]))]
        assert len(unknown) <= (path in passed_on), f"{path}: {unknown}"


@pytest.mark.parametrize("code", sorted(set(RAISED) & set(REFUSALS)))
def test_a_code_is_raised_with_all_that_its_sentence_tells(code: str) -> None:
    for template in REFUSALS[code].values():
        for place, given in RAISED[code]:
            assert placeholders(template) <= given | {"code"}, place


def test_every_refusal_has_a_test() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    by_words = {  # in test_command_line.py and test_editions.py
        "CELL_TEXT_TOO_LONG", "EDITION_UNKNOWN", "FORM_DIFFERS", "FORM_UNKNOWN", "ID_UNKNOWN", "MARKED_OUTPUT", "MARKED_SUFFIX", "OUTPUT_DASH", "OUTPUT_IS_INPUT", "OUTPUT_TWICE", "REPORT_OTHER_ENTITY",
        "REPORT_OTHER_YEAR", "ROW_WITHOUT_PLACE", "SCHEMA_ROOT", "OUTPUT_FOREIGN", "TARGET_MISSING",
    }  # fmt: skip
    not_yet = {
        "PACKAGE_NO_DESCRIPTOR",
    }  # nothing that a person can ask or give leads there
    assert {code for code in REFUSALS if f'"{code}"' not in text} - by_words - not_yet == set()


def test_an_error_of_any_code_can_be_told() -> None:
    for code in REFUSALS:
        for language in ("zh", "en"):
            told = explain_error(Refused(code), language)
            assert told
            assert "{" not in told
    assert "NO_SUCH_CODE" in explain_error(Refused("NO_SUCH_CODE"))


def test_every_limit_has_the_code_of_its_refusal() -> None:
    codes = {declared.metadata["code"] for declared in fields(Limits)}
    assert codes - set(REFUSALS) <= CUT


def test_every_limit_that_is_listed_is_enforced() -> None:
    used = "".join(
        path.read_text(encoding="utf-8") for path in TOOLKIT.rglob("*.py") if path.name != "limits.py"
    )
    assert [
        declared.name for declared in fields(Limits) if not re.search(rf"imits\.{declared.name}\b", used)
    ] == []


# Notices


def notified() -> dict[str, list[tuple[str, set[str] | None]]]:
    """Id of a notice → where it stands in the source, with its details where they are written there."""
    found: dict[str, list[tuple[str, set[str] | None]]] = defaultdict(list)
    for path, tree in sources():
        known: set[ast.expr] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node) == "notify":
                ids = [n for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
                open_ended = any(k.arg is None for k in node.keywords)
                for each in ids:
                    if (text := text_of(each)) and ID.fullmatch(text):
                        known.add(each)
                        given = None if open_ended else {k.arg for k in node.keywords if k.arg}
                        found[text].append((f"{path}:{node.lineno}", given))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node not in known:
                text = text_of(node)
                if text and ID.fullmatch(text):
                    found[text].append((f"{path}:{node.lineno}", None))
    return found


NOTIFIED = notified()


def test_every_notice_that_is_raised_is_declared_and_the_reverse() -> None:
    assert set(NOTIFIED) == set(DECLARED)


@pytest.mark.parametrize("notice_id", sorted(NOTIFIED))
def test_a_notice_is_raised_with_all_that_its_sentence_tells(notice_id: str) -> None:
    for template in DECLARED[notice_id]["message"].values():
        for place, given in NOTIFIED[notice_id]:
            assert given is None or placeholders(template) <= given, place


def test_ids_are_unique_and_in_one_file_each() -> None:
    ids = [
        entry["id"]
        for path in NOTICES.glob("*.json")
        for entry in json.loads(path.read_bytes()).get("notices", ())
    ]
    assert len(ids) == len(set(ids))
    codes = [e["code"] for e in json.loads((NOTICES / "refusals.json").read_bytes())["refusals"]]
    assert len(codes) == len(set(codes))


def test_what_is_not_told_beside_another_follows_from_what_is_no_less_severe() -> None:
    order = ("error", "warning", "info")
    for name, entry in DECLARED.items():
        for other in entry.get("implied_by", ()):
            assert other["id"] != name
            severity = (
                load_rules()[other["id"]].severity
                if other["id"] in load_rules()
                else DECLARED[other["id"]]["severity"]
            )
            assert order.index(severity) <= order.index(entry["severity"]), name


def test_what_follows_is_told_only_where_it_stands_alone() -> None:
    cell = CellRef("report", "*", "fiscal_year")
    column = CellRef("income", "201", "name")
    cases = [
        ((notify("READ-05", cell), notify("STR-01", cell)), ["READ-05"]),
        ((notify("STR-01", cell), notify("READ-05", cell)), ["READ-05"]),
        ((notify("READ-05", cell), notify("STR-01", replace(cell, field="unit"))), ["READ-05", "STR-01"]),
        ((notify("READ-05", column), notify("STR-01", replace(column, again=1))), ["READ-05", "STR-01"]),
        ((notify("READ-18", CellRef("income", field="name")), notify("STR-01", column), notify("STR-01", replace(column, row="202"))), ["READ-18"]),
        ((notify("READ-18", CellRef("income", field="code")), notify("STR-01", column)), ["READ-18", "STR-01"]),
        ((notify("READ-14", CellRef("income")), notify("STR-13", CellRef("tables", "income", "status")),
          notify("STR-14", CellRef("cells", "income/201/total", "row"))), ["READ-14"]),
        ((notify("READ-14", CellRef("income")), notify("STR-13", CellRef("tables", "expenditure", "status"))), ["READ-14", "STR-13"]),
        # what a reader took more lightly, since the report is newer, hides no error
        ((replace(notify("READ-05", cell), severity="warning"), notify("STR-01", cell)), ["READ-05", "STR-01"]),
        ((Finding("IES-02", "error", cells=(cell,)), notify("STR-01", cell)), ["IES-02", "STR-01"]),
    ]  # fmt: skip
    for found, expected in cases:
        assert [f.rule for f in without_implied(found)] == expected


# Sentences


#: What the command says beside results, and what it repeats of the system.
COMMAND: dict[str, Any] = json.loads((NOTICES / "command.json").read_bytes())
SYSTEM: dict[str, Any] = json.loads((NOTICES / "system.json").read_bytes())["system"]


def sentences() -> Iterator[tuple[str, str, str]]:
    """Every whole sentence told to a person: where, language, template."""
    for code, message in REFUSALS.items():
        yield from ((code, language, text) for language, text in message.items())
    for name, entry in DECLARED.items():
        for part in ("message", "advice", "alone"):
            yield from ((f"{name}.{part}", language, text) for language, text in entry.get(part, {}).items())
    for group, messages in COMMAND.items():
        for name, message in messages.items():
            if name != "help":  # it ends in a command
                yield from ((f"{group}.{name}", language, text) for language, text in message.items())
    for group in ("sentences", "advice"):
        for name, message in CHECKS[group].items():
            yield from ((f"{group}.{name}", language, text) for language, text in message.items())


SENTENCES = list(sentences())


def test_reasons_of_the_system_are_told_in_the_language_of_the_reader() -> None:
    for name, texts in SYSTEM.items():
        number = getattr(errno, name, None)
        for language, text in texts.items():
            assert text
            assert text[-1] not in "。."
            if number is not None and errno.errorcode[number] == name:
                error = OSError(number, "as the system says it")
                said = explain_error(NotWritten("OUTPUT_FAILED", path="甲", reason=error), language)
                assert text in said
    # what this machine knows and nobody translated is passed on
    assert reason_of(OSError(10**6, "odd"), "zh") == "odd"
    assert reason_of(OSError("no number"), "zh") == "no number"


def test_the_row_of_a_table_that_has_one_only_is_not_named() -> None:
    one = CellRef("report", "*", "fiscal_year")
    for code in (name for name, entry in DECLARED.items() if "alone" in entry):
        details = {"title": "报告", "field": "年度", "text": "x", "allowed": "y", "count": 2}
        for language in ("zh", "en"):
            assert "*" not in notify(code, one, row="*", **details).message(language)
            assert "201" in notify(code, one, row="201", **details).message(language)


def test_a_program_can_tell_a_person_what_was_not_done(tmp_path: Path) -> None:
    with pytest.raises(fatk.FatkError) as told:
        fatk.read(tmp_path / "没有.xlsx")
    assert fatk.explain_error(told.value) == f"没有找到 {tmp_path}/没有.xlsx，请检查路径和文件名。"
    assert fatk.explain_error(told.value, "en").endswith("was not found; check the path and the name.")


def test_every_sentence_is_there_in_both_languages_and_ends() -> None:
    by_place: dict[str, set[str]] = defaultdict(set)
    for place, language, text in SENTENCES:
        by_place[place].add(language)
        assert text.endswith({"zh": ("。", "。”"), "en": (".", ".”")}[language]), (place, text)
        assert text == text.strip(), place
        assert "\n" not in text, place
    assert {place for place, languages in by_place.items() if languages != {"zh", "en"}} == set()


def test_both_languages_tell_the_same_details() -> None:
    """English may leave out what is Chinese only: titles."""
    chinese_only = {"title", "field", "header", "how"}
    for messages in (*REFUSALS.values(), *(entry["message"] for entry in DECLARED.values())):
        zh, en = placeholders(messages["zh"]), placeholders(messages["en"])
        assert zh - en <= chinese_only, messages
        assert en <= zh, messages


def test_titles_are_no_sentences() -> None:
    for name, entry in DECLARED.items():
        for text in entry["title"].values():
            assert text
            assert text[-1] not in "。.！", name


#: Latin words that a Chinese reader of these sentences knows, or has to write so.
KNOWN_WORDS = {
    "API", "Accept", "Allow", "Content", "Encoding", "Linux", "allow", "data", "file", "form", "host", "macOS", "multipart", "origin", "port", "web",
    "JSON", "CSV", "UTF", "GB", "Excel", "WPS", "LibreOffice", "Markdown", "OpenDocument", "PDF", "Word", "PPT", "PowerPoint", "doc", "docx", "wps", "documents", "OFD", "RAR", "7z", "gzip", "zip", "XML",
    "fatk", "convert", "explain", "limits", "from", "force", "unit", "edition", "loss", "extras", "cells", "proposals", "datapackage", "json", "csv", "resources", "path", "name", "rows", "report",
    "entity", "output", "meta", "root", "schema", "schemas", "standard", "waivers", "null", "true", "false", "n", "a", "undisclosed", "reported", "empty", "missing", "ROUND", "xlsx", "xls", "et", "xlsb", "z",
    "pip", "install", "http", "https", "juesuan", "example", "cn", "batch", "workers", "memory", "limit", "warehouse", "cluster", "summary", "chain", "findings", "comparisons", "seconds", "package", "NAME",
}  # fmt: skip


def test_chinese_sentences_are_in_chinese() -> None:
    for place, language, text in SENTENCES:
        if language == "zh":
            plain = re.sub(r"\{[^}]*\}", "", text)
            assert set(re.findall(r"[A-Za-z]+", plain)) <= KNOWN_WORDS, place
            # Between Chinese characters stand Chinese marks.
            assert not re.search(r"[\u4e00-\u9fff][,;:?!()]", plain), place
            assert not re.search(r"[,;:?!()][\u4e00-\u9fff]", plain), place


def test_refusals_say_what_to_do() -> None:
    """Each has a second half that asks for something or says that nothing was changed."""
    asks = re.compile(r"请|没有写出|没有读取|相近的有|已知的有|写 null|没有改动|先")
    assert [code for code, message in REFUSALS.items() if not asks.search(message["zh"])] == []


def test_no_sentence_blames_or_jokes() -> None:
    for place, _, text in SENTENCES:
        assert not re.search(r"非法|违法|愚|蠢|illegal|stupid|oops|sorry|！|!(?!\{)", text), place


# Untrusted text


HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\r改写", "a\nb", "\u202eevil", "\u2066x\u2069", "\u200e", "\x9b31m", "\0", "\ud800", "{title}", "%s", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_untrusted_text_is_shown_and_never_interpreted(text: str) -> None:
    for said in (
        fill("“{text}”不是数字。", {"text": text}),
        explain_error(Refused("FILE_NOT_FOUND", path=text)),
        notify("READ-01", CellRef(), field="金额", text=text).message(),
        visible(text),
    ):
        assert said.isprintable()
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)


def test_long_text_is_cut() -> None:
    assert len(fill("{text}", {"text": "长" * 10**6})) < 100
