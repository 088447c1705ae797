"""The text of the standard and its English translation do not drift apart.

No test understands either. Held are the things that are the same in both languages: which requirements there are and in
which order, the numbers of headings, and in each requirement, paragraph and cell of a table the code spans, links,
numbers and key words (必须 is MUST). Chinese that stands in the English is data, so it stands in the Chinese too.
"""

import re
from collections import Counter
from typing import NamedTuple

import pytest

from conftest import ROOT

PAGES = ("specification", "versioning")
SLOT_KINDS = (":change", ":previous", ":code", ":name", ":subject", ":phrase", ":text", ":again", ":nothing")
#: Code spans with words that stand for something else: these words, and nothing else in code, are translated.
TRANSLATED = {
    "/tables/<表>/<成员>": "/tables/<table>/<member>",
    "<单位>": "<entity>",
    "<单位名称><年度>年度部门决算": "<entity name><year>年度部门决算",
    "<地区>-<年度>": "<region>-<year>",
    r"<甲\|乙\|>": r"<first\|other\|>",
    "<表的 id>.csv": "<table id>.csv",
    "[文件]工作表!单元格": "[file]sheet!cell",
    "final-accounts-<单位>-<年度>": "final-accounts-<entity>-<year>",
    "urn:fatk:schema:package:<标准版本>": "urn:fatk:schema:package:<version of the standard>",
    **{f"{{路径{kind}}}": f"{{path{kind}}}" for kind in ("", *SLOT_KINDS)},
    "文件:行:列": "file:row:column",
}
KEY_WORDS = {"必须": "MUST", "不得": "MUST NOT", "应当": "SHOULD", "不应当": "SHOULD NOT", "可以": "MAY"}
#: “可以解释”, “可以印证” and “可以重现” say what can be, not what is permitted.
CHINESE_KEY_WORD = re.compile(r"必须|不得|不应当|应当|可以(?!解释|印证|重现)")
ENGLISH_KEY_WORD = re.compile(r"\b(?:MUST|SHOULD)(?: NOT)?\b|\bMAY\b")
CHINESE = re.compile(r"[一-鿿]+")
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[([^\]]*)\]\(([^)]+)\)")


class Unit(NamedTuple):
    """A heading, requirement, row of a table, paragraph or block of code."""

    place: str  #: What it is, with its number where it has one; the same in both languages.
    line: int
    parts: list[str]  #: The cells of a row; one text otherwise.


class Facts(NamedTuple):
    """What of a text is the same in both languages, each in no order: languages differ in that."""

    code: Counter[str]
    links: Counter[str]
    numbers: Counter[str]
    key_words: Counter[str]
    variables: Counter[str]


def page(name: str, language: str) -> str:
    suffix = {"zh": ".md", "en": ".en.md"}[language]
    return (ROOT / "spec" / f"{name}{suffix}").read_text(encoding="utf-8")


def units(text: str) -> list[Unit]:
    """The text piece by piece. Block quotes are left out: they are about the page, not about the standard."""
    found = []
    fence: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if fence is not None:
            fence.append(line)
            if line == "```":
                found.append(Unit("code block", number, ["\n".join(fence)]))
                fence = None
        elif line.startswith("```"):
            fence = [line]
        elif line and not line.startswith(">"):
            found.append(Unit(*_place(line, number)))
    assert fence is None
    return found


def _place(line: str, number: int) -> tuple[str, int, list[str]]:
    if heading := re.match(r"(#+) (?:(?:附录|Appendix) )?([0-9A-Z](?:[0-9.]*)(?=[ （]))?", line):
        return f"{heading[1]} {heading[2]}", number, [line]
    if requirement := re.match(r"- \*\*([A-Z][0-9.]+-[0-9]+)\*\* ", line):
        return requirement[1], number, [line[requirement.end() :]]
    if line.startswith("|"):
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        return f"row of {len(cells)}", number, cells
    return "paragraph", number, [line]


def facts(text: str, language: str) -> Facts:
    code = CODE.findall(text)
    words = LINK.sub(r"\1", CODE.sub(" ", text))
    if language == "zh":
        code = [TRANSLATED.get(span, span) for span in code]
        key_words = [KEY_WORDS[word] for word in CHINESE_KEY_WORD.findall(words)]
        words = re.sub(r"([0-9]+) 万", lambda ten_thousands: f"{ten_thousands[1]}0000", words)
    else:
        key_words = ENGLISH_KEY_WORD.findall(words)
        words = re.sub(r"(?<=[0-9]),(?=[0-9]{3}\b)", "", words)
    return Facts(
        code=Counter(code),
        links=Counter(target.replace(".en.md", ".md").partition("#")[0] for _, target in LINK.findall(text)),
        numbers=Counter(re.findall(r"[0-9]+(?:\.[0-9]+)*", words)),
        key_words=Counter(key_words),
        variables=Counter(re.findall(r"(?<!\*)\*([^* ]+)\*(?!\*)", words)),
    )


def differences(chinese: str, english: str) -> list[str]:
    """Where the English is not the Chinese in another language; the first place only where a piece is missing."""
    pairs = list(zip(units(chinese), units(english), strict=False))
    for ours, theirs in pairs:
        if ours.place != theirs.place:
            return [f"line {ours.line}: {ours.place}, in English line {theirs.line}: {theirs.place}"]
    if len(units(chinese)) != len(units(english)):
        return [f"{len(units(chinese))} pieces, in English {len(units(english))}"]
    told = []
    for ours, theirs in pairs:
        where = f"line {ours.line}, in English line {theirs.line} ({ours.place})"
        if ours.place == "code block":
            told += [where] if ours.parts != theirs.parts else []
            continue
        for here, there in zip(ours.parts, theirs.parts, strict=True):
            for kind, wanted, found in zip(Facts._fields, facts(here, "zh"), facts(there, "en"), strict=True):
                if wanted != found:
                    told.append(f"{where}: {kind}, lost {dict(wanted - found)}, new {dict(found - wanted)}")
        known = "".join(ours.parts)
        told += [
            f"{where}: {word}" for part in theirs.parts for word in CHINESE.findall(part) if word not in known
        ]
    return told


@pytest.mark.parametrize("name", PAGES)
def test_english_has_the_same_requirements_codes_numbers_and_key_words(name):
    assert differences(page(name, "zh"), page(name, "en")) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_number_of_a_requirement_stands_twice(name):
    ids = [unit.place for unit in units(page(name, "zh")) if "-" in unit.place]
    assert len(ids) > 20
    assert [id_ for id_, times in Counter(ids).items() if times > 1] == []


@pytest.mark.parametrize("name", PAGES)
def test_each_language_leads_to_the_other_and_the_english_says_which_prevails(name):
    assert f"]({name}.en.md)" in page(name, "zh").partition("\n## ")[0]
    head = page(name, "en").partition("\n## ")[0]
    assert "The Chinese text prevails" in head
    assert f"]({name}.md)" in head
    prevails = {unit.place: unit.parts[0] for unit in units(page("specification", "zh"))}["S2.1-4"]
    assert "以中文为准" in prevails


def test_what_is_translated_in_code_is_there():
    spans = {span for name in PAGES for span in CODE.findall(page(name, "zh"))}
    assert set(TRANSLATED) - spans == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("- **S4.2-6** ", "- **S4.2-5** ", id="another number"),
        pytest.param("\n## 13 ", "\n## 14 ", id="another number of a heading"),
        pytest.param("SHOULD NOT withdraw", "MUST NOT withdraw", id="another key word"),
        pytest.param("files of 20 MiB", "files of 25 MiB", id="another number in the text"),
        pytest.param("500,000 non-empty", "50,000 non-empty", id="another of ten thousands"),
        pytest.param("(`STR-17`)", "(`STR-16`)", id="another code"),
        pytest.param(
            "| `boolean` | `true` `false` | ", "| `true` `false` | `boolean` | ", id="cells changed over"
        ),
        pytest.param("| entity | `entity` |", "| | entity | `entity` |", id="another cell"),
        pytest.param("](tables.md#income.total)", "](rules.md)", id="another link"),
        pytest.param("“行” (line)", "“列” (line)", id="other Chinese"),
        pytest.param(
            "10 to the power of −`decimals`, or 0", "10 to the power of −`decimals`", id="a number less"
        ),
        pytest.param('"status": "empty"', '"status": "missing"', id="another example"),
        pytest.param("A printed *v* stands", "A printed figure stands", id="a variable less"),
        pytest.param("\n- **S19-4** ", "\nS19-4 ", id="no requirement any more"),
    ],
)
def test_drift_is_noticed(old, new):
    chinese, english = page("specification", "zh"), page("specification", "en")
    if old not in english:
        pytest.fail(f"the text no longer has: {old}")
    assert differences(chinese, english.replace(old, new, 1))
