"""The text of the standard as pages: the Markdown that ``spec/`` is written in, block by block, with an anchor for every chapter
and every requirement.

Only what that text uses is known: headings, paragraphs, quotes, lists of one level, tables, blocks of code, and within a line
code, strong and emphasised words and links. What is none of it stays as it is written, as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_HEADING = re.compile(r"(#{1,6}) (.+)")
_NUMBER = re.compile(r"(?:附录 |Appendix )?([0-9]+(?:\.[0-9]+)*|[A-Z])(?=[ （(])")
_REQUIREMENT = re.compile(r"- \*\*([SV][0-9A-Z.]+-[0-9]+)\*\* (.*)")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|(?<![\w*])\*(?P<em>[^\s*][^*]*)\*(?!\w)"
    r"|\[(?P<said>(?:[^\]`]|`[^`]*`)*)\]\((?P<to>[^)\s]+)\)"
)
_CELL = re.compile(r"(?<!\\)\|")

#: Where a link of the text leads on the pages; ``None`` where they do not have it.
Linking = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A chapter or a requirement: its id, the level of a heading (0 of a requirement), its words as plain text."""

    id: str
    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading with what stands below it up to the next one."""

    id: str
    level: int
    title: Markup
    body: Markup


def pieces(text: str, letter: str) -> Iterator[Piece]:
    """Everything of the text that has an anchor."""
    for line in text.splitlines():
        if (heading := _HEADING.fullmatch(line)) and (found := _id(heading[2], letter)):
            yield Piece(found, len(heading[1]), plain(heading[2]))
        elif requirement := _REQUIREMENT.fullmatch(line):
            yield Piece(requirement[1], 0, plain(requirement[2]))


def _id(title: str, letter: str) -> str:
    """The id of a heading: its number behind the letter of the text, as its requirements are numbered."""
    number = _NUMBER.match(title)
    return letter + number[1] if number else ""


def chapters(text: str, letter: str, linking: Linking) -> list[Chapter]:
    """The text chapter by chapter; what stands before the first numbered one has no id."""
    found: list[tuple[str, int, Markup, list[str]]] = [("", 0, Markup(""), [])]
    code = False
    for line in text.splitlines():
        code ^= line.startswith("```")
        heading = None if code else _HEADING.fullmatch(line)
        if heading is None:
            found[-1][3].append(line)
        else:
            found.append((_id(heading[2], letter), len(heading[1]), inline(heading[2], linking), []))
    return [
        Chapter(name, level, title, Markup("\n").join(_blocks(lines, linking)))
        for name, level, title, lines in found
    ]


def _blocks(lines: Sequence[str], linking: Linking) -> Iterator[Markup]:
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        if line.startswith("```"):
            while end < len(lines) and not lines[end].startswith("```"):
                end += 1
            yield Markup('<pre tabindex="0"><code>{}</code></pre>').format("\n".join(lines[at + 1 : end]))
            end += 1
        elif line.startswith("|"):
            end = _run(lines, at, lambda one: one.startswith("|"))
            yield _table(lines[at:end], linking)
        elif line.startswith("- "):
            end = _run(lines, at, lambda one: one.startswith(("- ", "  ")))
            yield _list(lines[at:end], linking)
        elif line.startswith(">"):
            end = _run(lines, at, lambda one: one.startswith(">"))
            said = " ".join(one[1:].strip() for one in lines[at:end])
            yield Markup("<blockquote><p>{}</p></blockquote>").format(inline(said, linking))
        elif line.strip():
            end = _run(
                lines, at, lambda one: bool(one.strip()) and not one.startswith(("- ", "|", ">", "```"))
            )
            yield Markup("<p>{}</p>").format(inline(" ".join(lines[at:end]), linking))
        at = end


def _run(lines: Sequence[str], at: int, goes_on: Callable[[str], bool]) -> int:
    end = at
    while end < len(lines) and goes_on(lines[end]):
        end += 1
    return max(end, at + 1)


def _list(lines: Sequence[str], linking: Linking) -> Markup:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line)
        else:
            items[-1] += f" {line.strip()}"
    made = []
    for item in items:
        if requirement := _REQUIREMENT.fullmatch(item):
            name, said = requirement[1], inline(requirement[2], linking)
            made.append(Markup('<li id="{0}"><a class="no" href="#{0}">{0}</a> {1}</li>').format(name, said))
        else:
            made.append(Markup("<li>{}</li>").format(inline(item[2:], linking)))
    return Markup('<ul class="said">{}</ul>').format(Markup("").join(made))


def _table(lines: Sequence[str], linking: Linking) -> Markup:
    rows = [
        [cell.strip().replace(r"\|", "|") for cell in _CELL.split(line.strip().strip("|"))] for line in lines
    ]
    heads, body = rows[0], [row for row in rows[1:] if not all(re.fullmatch(":?-+:?", cell) for cell in row)]
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(inline(cell, linking)) for cell in heads)
    drawn = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(inline(c, linking)) for c in row)
        )
        for row in body
    ]
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(" · ".join(map(plain, heads)), head, Markup("").join(drawn))


def inline(text: str, linking: Linking) -> Markup:
    """A line with its code, its strong and emphasised words and its links; one that leads nowhere is plain."""
    made, end = [], 0
    for found in _INLINE.finditer(text):
        made.append(escape(text[end : found.start()]))
        end = found.end()
        if found["code"]:
            made.append(Markup("<code>{}</code>").format(found["code"]))
        elif found["strong"]:
            made.append(Markup("<strong>{}</strong>").format(inline(found["strong"], linking)))
        elif found["em"]:
            made.append(Markup("<em>{}</em>").format(found["em"]))
        else:
            to, said = linking(found["to"]), inline(found["said"], linking)
            made.append(said if to is None else Markup('<a href="{}">{}</a>').format(to, said))
    made.append(escape(text[end:]))
    return Markup("").join(made)


def plain(text: str) -> str:
    """A line as plain text."""
    return inline(text, lambda _: None).striptags()
