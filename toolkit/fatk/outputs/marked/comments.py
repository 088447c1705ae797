"""Comments on marked cells, behind what others said there, and the boxes that show them.

A comment has its text in a part of its own and its box in a drawing in VML, the language that Excel kept for them alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from fatk.errors import WouldLose
from fatk.grid import MAX_COLUMNS, MAX_ROWS, a1
from fatk.outputs import advice, sentence, shown
from fatk.outputs.marked.cells import TRUE, Sheet
from fatk.outputs.marked.opc import RELATIONSHIPS, Parts
from fatk.outputs.marked.splice import Change, Element, by_path, elements
from fatk.outputs.marked.words import DECLARATION, MAIN, TYPES, WORDS, Mark, lines_of, look_of, text_of

#: Findings told in one comment, and characters.
_TOLD, _COMMENT = 6, 1_500


def add(parts: Parts, sheet: Sheet, name: str, language: str) -> list[str]:
    """Put comments on the marked cells of a sheet, behind what others said there; what was left out, as sentences."""
    words = WORDS[language]
    relations = parts.relations(sheet.part)
    part = next((r.target for r in relations.values() if r.kind == "comments"), None)
    drawing = sheet.of("legacyDrawing")
    key = drawing[0].attributes.get(f"{RELATIONSHIPS} id", "") if drawing else ""
    shapes = relations[key].target if key in relations else None
    if (part is not None and shapes is None) or (shapes is not None and not _takes_shapes(parts, shapes)):
        return [words["no_comments"].format(sheet=shown(name))]
    notes = []
    wanted = sorted(sheet.marks)
    most = parts.limits.findings_exported
    if len(wanted) > most:
        wanted = wanted[:most]
        notes.append(words["many_comments"].format(sheet=shown(name), count=most))
    said = {at: _told(sheet.marks[at], language) for at in wanted}
    if part is None:
        part = parts.add("xl/comments{}.xml", _NO_COMMENTS, f"{TYPES}.spreadsheetml.comments+xml")
        parts.relate(sheet.part, "comments", part)
    new, threaded = _add_comments(parts, part, said)
    notes += [words["threaded"].format(place=shown(f"{name}!{a1(*at)}")) for at in threaded]
    if new:
        if shapes is None:
            parts.default("vml", f"{TYPES}.vmlDrawing")
            shapes = parts.add("xl/drawings/vmlDrawing{}.vml", _no_shapes(parts))
            sheet.refer("legacyDrawing", parts.relate(sheet.part, "vmlDrawing", shapes))
        _add_shapes(parts, shapes, sheet, {at: said[at] for at in new})
    return notes


def _told(mark: Mark, language: str) -> list[tuple[bool, str]]:
    """What a comment says, in pieces that are bold or not."""
    words = WORDS[language]
    pieces: list[tuple[bool, str]] = []
    room = _COMMENT
    for number, (finding, first) in enumerate(sorted(mark.told, key=lambda told: not told[1])):
        if number == _TOLD or room < 0:
            count = len(mark.told) - number
            pieces.append((False, words["more_here"].format(count=count, sheet=words["sheet"])))
            break
        kind = words[look_of(finding)] if first else f"{words[look_of(finding)]} · {words['related']}"
        text = sentence(finding, language)
        if first:
            text += f"\n{words['advice']}{words['colon']}{advice(finding, language)}"
        pieces += [(True, f"[{kind}] {finding.rule}\n"), (False, f"{text}\n")]
        room -= len(text)
    return [*pieces[:-1], (pieces[-1][0], pieces[-1][1].rstrip("\n"))]


_NO_COMMENTS = (
    f'{DECLARATION}<comments xmlns="{MAIN}"><authors></authors><commentList></commentList></comments>'
).encode()
_FONT = '<sz val="9"/><color indexed="81"/><rFont val="宋体"/><family val="3"/><charset val="134"/>'


def _add_comments(
    parts: Parts, part: str, said: Mapping[tuple[int, int], Sequence[tuple[bool, str]]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Put texts into a part of comments: the cells that have one only now, and those that have a thread instead."""
    data = parts.get(part)
    text = "commentList/comment/text"
    wanted = {
        "authors", "authors/author", "commentList", "commentList/comment",
        text, f"{text}/t", f"{text}/rPh", f"{text}/phoneticPr",
    }  # fmt: skip
    root, found = elements(data, part, parts.limits, wanted)
    change, first = Change(data), by_path(found)
    if "authors" not in first or "commentList" not in first:
        raise WouldLose("MARKED_UNUSUAL", part=part)
    authors = [data[e.opened : e.inner] for e in found if e.path == "authors/author"]
    # A thread shows in old programs as a comment of an author of this name; new ones show the thread only.
    in_threads = {str(number) for number, author in enumerate(authors) if author.startswith(b"tc=")}
    there = {e.attributes.get("ref", ""): e for e in found if e.path == "commentList/comment"}
    texts: dict[int, list[Element]] = defaultdict(list)  # of a comment: its text and what is in it
    for element in found:
        if element.path.startswith(text) and element.inside is not None:
            owner = element.inside if element.path == text else element.inside.inside
            if owner is not None:
                texts[owner.start].append(element)
    new: list[tuple[int, int]] = []
    threaded: list[tuple[int, int]] = []
    prefix, added = root.prefix, ""
    for at, pieces in said.items():
        comment = there.get(a1(*at))
        if comment is None:
            new.append(at)
            runs = _runs(pieces, prefix)
            added += (
                f'<{prefix}comment ref="{a1(*at)}" authorId="{len(authors)}"><{prefix}text>{runs}</{prefix}text></{prefix}comment>'
            )  # fmt: skip
        elif comment.attributes.get("authorId") in in_threads or not texts[comment.start]:
            threaded.append(at)
        else:
            _extend(change, texts[comment.start], _runs([(False, "\n"), *pieces], prefix), prefix)
    if new:
        change.append(first["authors"], f"<{prefix}author>fatk</{prefix}author>".encode())
        change.append(first["commentList"], added.encode())
    parts.put(part, change.done())
    return new, threaded


def _runs(pieces: Sequence[tuple[bool, str]], prefix: str) -> str:
    return "".join(
        f'<r><rPr>{"<b/>" if bold else ""}{_FONT}</rPr><t xml:space="preserve">\0</t></r>'.replace("<", f"<{prefix}")
        .replace(f"<{prefix}/", f"</{prefix}")
        .replace("\0", text_of(said))
        for bold, said in pieces
    )  # fmt: skip


def _extend(change: Change, held: Sequence[Element], runs: str, prefix: str) -> None:
    """Put runs behind the text of a comment, which becomes a run where it is none."""
    whole, *inner = held
    for element in inner:
        if element.path.endswith("/t"):
            change.replace(element.start, element.start, f"<{prefix}r>".encode())
            change.replace(element.end, element.end, f"</{prefix}r>".encode())
    phonetic = next((e for e in inner if not e.path.endswith("/t")), None)
    if phonetic is None:
        change.append(whole, runs.encode())
    else:
        change.replace(phonetic.start, phonetic.start, runs.encode())


_VML_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?<xml(\s[^>]*)?>")
_VML_END = re.compile(rb"</xml\s*>\s*\Z")
_VML_BLOCKS = re.compile(rb'<[a-z0-9]+:idmap\s[^>]{0,200}?\bdata="([0-9, ]+)"')
#: Namespaces of shapes; they are declared at the root, or else on each shape.
_SPACES = (
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_SHAPE_TYPE = (
    '<v:shapetype{spaces} id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_BOX_WIDTH = 330  # pixels


def _takes_shapes(parts: Parts, part: str) -> bool:
    """Whether shapes can be put at the end of a drawing, which need not be well-formed, as Excel itself wrote some."""
    if parts.find(part) is None:
        return False
    data = parts.get(part)
    return bool(_VML_ROOT.match(data[:4096]) and _VML_END.search(data[-256:]))


def _no_shapes(parts: Parts) -> bytes:
    """A drawing without shapes, with a block of shape numbers of its own."""
    used = [0]
    for name in (*parts.archive.names, *parts.added):
        if name.lower().endswith(".vml"):
            for blocks in _VML_BLOCKS.findall(parts.get(name)):
                used += [int(block) for block in re.findall(rb"[0-9]{1,6}", blocks)]
    return (
        f'<xml{_SPACES}><o:shapelayout v:ext="edit">'
        f'<o:idmap v:ext="edit" data="{max(used) + 1}"/></o:shapelayout></xml>'
    ).encode()


def _add_shapes(
    parts: Parts,
    part: str,
    sheet: Sheet,
    said: Mapping[tuple[int, int], Sequence[tuple[bool, str]]],
) -> None:
    data = parts.get(part)
    numbers = [int(n) for n in re.findall(rb'"_x0000_s([0-9]{1,9})"', data)]
    block = _VML_BLOCKS.search(data)
    number = max(numbers, default=1024 * _first(block[1]) if block else 1024)
    root = _VML_ROOT.match(data)
    spaces = "" if root and _declares(root[1] or b"") else _SPACES
    shapes = [] if b'id="_x0000_t202"' in data else [_SHAPE_TYPE.format(spaces=spaces)]
    for order, (at, pieces) in enumerate(said.items(), 1):
        shapes.append(
            f'<v:shape{spaces} id="_x0000_s{number + order}" type="#_x0000_t202" style="position:absolute;'
            f'margin-left:80pt;margin-top:5pt;width:248pt;height:80pt;z-index:{order};visibility:hidden" '
            'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
            '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
            '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
            '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
            f"<x:Anchor>{_anchor(sheet, at, pieces)}</x:Anchor><x:AutoFill>False</x:AutoFill>"
            f"<x:Row>{at[0]}</x:Row><x:Column>{at[1]}</x:Column></x:ClientData></v:shape>"
        )
    end = _VML_END.search(data, max(len(data) - 256, 0))
    cut = end.start() if end else len(data)
    parts.put(part, data[:cut] + "".join(shapes).encode() + data[cut:])


def _first(blocks: bytes) -> int:
    found = re.search(rb"[0-9]{1,6}", blocks)
    return int(found[0]) if found else 1


def _declares(root: bytes) -> bool:
    """Whether a root element declares the namespaces of shapes under the prefixes that ours have."""
    return all(space.encode() in root.replace(b"'", b'"') for space in _SPACES.split())


def _anchor(sheet: Sheet, at: tuple[int, int], pieces: Sequence[tuple[bool, str]]) -> str:
    """Where a comment's box is: first column and row with pixels into them, last ones likewise."""
    row, column = at
    lines = sum(
        lines_of(line, _BOX_WIDTH / 7 - 2) for line in "".join(text for _, text in pieces).split("\n")
    )
    left = right = min(column + 1, MAX_COLUMNS - 12)
    width = _BOX_WIDTH + 15
    while width > (wide := _pixels(sheet.column_said(right))) and right < left + 10:
        width -= wide
        right += 1
    top = max(min(row - 1, MAX_ROWS - 40), 0)
    down = 8 + lines * 16 + 12
    return f"{left}, 15, {top}, 8, {right}, {min(width, 400)}, {top + down // 20}, {down % 20}"


def _pixels(column: Mapping[str, str]) -> int:
    if column.get("hidden") in TRUE:
        return 0
    try:
        return int(float(column.get("width", "8.43")) * 7 + 5)
    except (ValueError, OverflowError):
        return 64
