"""Markdown (CommonMark, with the tables and strikethrough of GitHub) as documents, and documents as Markdown.

What is read is what a renderer shows, without its looks: emphasis and links are their text, items of ordered lists have their
numbers, a line end within a paragraph is none unless it is marked. HTML blocks are read as pages are. What is written holds
no markup but that of headings, line breaks and tables; a table with merged cells is one of HTML, which holds them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from fatk.archive import Archive
from fatk.decoding import decode
from fatk.document import Document, Paragraph
from fatk.documents.blocks import Blocks
from fatk.documents.htmlblocks import read_into, table_markup
from fatk.errors import Refused
from fatk.grid import TEXT, Cell, Sheet, set_apart
from fatk.limits import Limits

_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*|(?<=~).*)")
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r" {0,3}(?:([-+*])|([0-9]{1,9})([.)]))(?:([ \t]+)(?=\S)|[ \t]*$)")
_BLANK = re.compile(r"[ \t]*")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
#: HTML that is a block of its own: a comment, and elements of blocks; it ends with a blank line, a table or what is raw where
#: it ends itself.
_HTML = re.compile(
    r" {0,3}<(?:!--|!doctype|\?|/?(table|pre|script|style|textarea|address|article|aside|blockquote|body|caption|center|col|colgroup|dd|details"
    r"|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|meta|nav|ol|p"
    r"|section|summary|tbody|td|tfoot|th|thead|title|tr|ul)(?=[\s/>]|$))",
    re.IGNORECASE,
)
_TAGS_OF_TABLES = re.compile(r"<(/?)table(?=[\s/>])", re.IGNORECASE)
_INLINE = re.compile(
    r"""
      \\(?P<escaped>[!-/:-@\[-`{-~])
    | (?P<code>`+)
    | (?P<entity>&(?:\#[0-9]{1,7}|\#[Xx][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)
    | <(?P<address>[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[^\s<>@]+@[^\s<>@]+)>
    | <!--.*?-->
    | (?P<break><br\s*/?>)
    | <(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9-]*)(?:\s[^<>]*)?/?>
    | (?P<picture>!?\[)
    | (?P<close>\])
    | (?P<mark>\*+|_+|~~)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DESTINATION = re.compile(
    r"""\(\s*(?:<[^<>\n]*>|(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*)(?:\s+(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\)))?\s*\)"""
)
_REFERENCE = re.compile(r"\[[^\[\]]{0,999}\]")
_DEFINITION = re.compile(
    r" {0,3}\[((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*(?:<[^<>]*>|\S+)(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*"
)
_LETTERS = re.compile(r"[^\W_]")
#: Levels of quotes and lists in one another.
_DEEP = 64
#: Lines of a paragraph, and marks in it, that are looked at together.
_BREAK = "\x03"


def read(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    """The document in the bytes of a Markdown file, in UTF-8, UTF-16 with its mark, or GB18030."""
    decoded = decode(data, name)
    blocks = Blocks(limits, name)
    lines = _LINE_END.split(decoded.text)
    if len(lines) > limits.csv_rows:
        raise Refused("CSV_TOO_MANY_ROWS", path=name, limit=limits.csv_rows)
    references = {_label(found[1]) for line in lines if (found := _DEFINITION.fullmatch(line))}
    _Reader(blocks, name, limits, references).read(
        [line.expandtabs(4) if line[:4].strip(" ")[:1] == "\t" else line for line in lines]
    )
    if not decoded.stated and decoded.encoding != "utf-8":
        blocks.notices.append(("ENCODING_ASSUMED", decoded.encoding))
    return blocks.document()


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()


class _Reader:
    """Blocks of lines, and of the lines within quotes and items."""

    def __init__(self, blocks: Blocks, name: str, limits: Limits, references: set[str]) -> None:
        self.blocks, self.name, self.limits = blocks, name, limits
        self.references = references
        self.elements = self.pictures = 0

    def read(self, lines: list[str]) -> None:
        """Read all lines of a file."""
        self.block(lines, "", 0)
        if self.pictures:
            self.blocks.notices.append(("DRAWING_PRESENT", str(self.pictures)))

    def block(self, lines: list[str], lead: str, depth: int) -> None:
        """Read lines, the first text of which has the number of an item before it."""
        if depth > _DEEP:
            raise Refused("XML_TOO_COMPLEX", part=self.name)
        at = 0
        waiting: list[str] = []  # lines of a paragraph

        def flush(level: int = 0) -> None:
            nonlocal lead
            if waiting:
                self.paragraph(lead + self.text(waiting), level)
                waiting.clear()
                lead = ""

        while at < len(lines):
            line = lines[at]
            if _BLANK.fullmatch(line):
                flush()
                at += 1
            elif waiting and (found := _UNDERLINE.fullmatch(line)):
                flush(1 if found[1][0] == "=" else 2)
                at += 1
            elif line.startswith("    ") and not waiting:
                begin = at
                while at < len(lines) and (lines[at].startswith("    ") or _BLANK.fullmatch(lines[at])):
                    at += 1
                self.literal(lead, [line[4:] for line in lines[begin:at]])
                lead = ""
            elif _RULE.fullmatch(line):
                flush()
                at += 1
            elif found := _HEADING.fullmatch(line):
                flush()
                self.paragraph(lead + self.text([found[2] or ""]), len(found[1]))
                lead = ""
                at += 1
            elif found := _FENCE.fullmatch(line):
                flush()
                begin, end = (
                    at + 1,
                    re.compile(rf" {{0,3}}{re.escape(found[1][0])}{{{len(found[1])},}}[ \t]*"),
                )
                at = begin
                while at < len(lines) and not end.fullmatch(lines[at]):
                    at += 1
                self.literal(lead, lines[begin:at])
                lead = ""
                at += 1
            elif _QUOTE.match(line):
                flush()
                at = self.quote(lines, at, lead, depth)
                lead = ""
            elif (found := _ITEM.match(line)) and (
                not waiting or (found[4] is not None and found[2] in {None, "1"})
            ):
                flush()
                at = self.items(lines, at, lead, depth)
                lead = ""
            elif found := _HTML.match(line):
                flush()
                at = self.html(lines, at, (found[1] or "").lower())
            elif not waiting and _DEFINITION.fullmatch(line):
                at += 1
            elif at + 1 < len(lines) and self.is_table(line, lines[at + 1]):
                flush()
                if lead:
                    self.paragraph(lead, 0)
                    lead = ""
                at = self.table(lines, at)
            else:
                waiting.append(line)
                at += 1
        flush()
        if lead:
            self.paragraph(lead, 0)

    def paragraph(self, text: str, level: int) -> None:
        self.blocks.paragraph(text, level)

    def literal(self, lead: str, lines: list[str]) -> None:
        """Text that stands as it is."""
        while lines and not lines[-1].strip():
            lines.pop()
        self.paragraph(lead + "\n".join(lines), 0)

    def quote(self, lines: list[str], at: int, lead: str, depth: int) -> int:
        """Read what is quoted; where to read on."""
        inside: list[str] = []
        while at < len(lines):
            if found := _QUOTE.match(lines[at]):
                inside.append(lines[at][found.end() :])
            elif _BLANK.fullmatch(lines[at]) or _begins(lines[at]) or not inside[-1].strip():
                break
            else:
                inside.append(lines[at])
            at += 1
        self.block(inside, lead, depth + 1)
        return at

    def items(self, lines: list[str], at: int, lead: str, depth: int) -> int:
        """Read the items of a list; where to read on."""
        first = _ITEM.match(lines[at])
        number = int(first[2]) if first and first[2] else None
        kind = first[1] or first[3] if first else None
        while at < len(lines) and (found := _ITEM.match(lines[at])) and (found[1] or found[3]) == kind:
            if _RULE.fullmatch(lines[at]):
                break
            wide = (
                found.end()
                if found[4] is not None and len(found[4]) <= 4
                else found.end() - len(found[4] or "") + 1
            )
            inside = [lines[at][wide:]]
            at += 1
            while at < len(lines):
                line = lines[at]
                if line[:wide].strip(" ") == "" and (len(line) > wide or _BLANK.fullmatch(line)):
                    inside.append(line[wide:])
                elif _BLANK.fullmatch(line):
                    inside.append("")
                elif not inside[-1].strip() or _begins(line):
                    break
                else:
                    inside.append(line)  # a line of its paragraph that somebody did not indent
                at += 1
            blank = 0
            while blank < len(inside) and not inside[-1 - blank].strip():
                blank += 1
            shown = lead
            if number is not None:
                shown = f"{lead}{number}{kind} "
                number += 1
            lead = ""
            self.block(inside[: len(inside) - blank], shown, depth + 1)
        return at

    def html(self, lines: list[str], at: int, name: str) -> int:
        """Read a block of HTML; where to read on."""
        begin = at
        if lines[at].lstrip().startswith("<!--"):
            while at < len(lines) and "-->" not in lines[at]:
                at += 1
            at += 1
        elif name in {"script", "style", "pre", "textarea"}:
            while at < len(lines) and f"</{name}" not in lines[at].lower():
                at += 1
            at += 1
        else:
            open_tables = 0
            while at < len(lines) and (open_tables > 0 or not _BLANK.fullmatch(lines[at])):
                for closing in _TAGS_OF_TABLES.findall(lines[at]):
                    open_tables += -1 if closing else 1
                at += 1
                if name == "table" and open_tables <= 0:
                    break
        self.elements = read_into(
            self.blocks, "\n".join(lines[begin:at]), self.name, self.limits, self.elements
        )
        return at

    # Tables

    @staticmethod
    def is_table(line: str, below: str) -> bool:
        return (
            "|" in line
            and "-" in below
            and _DELIMITERS.fullmatch(below) is not None
            and len(_cells(line)) == len(_cells(below))
        )

    def table(self, lines: list[str], at: int) -> int:
        """Read a table; where to read on."""
        gathering = self.blocks.gathering()
        width = len(_cells(lines[at]))
        row = 0
        while at < len(lines) and not _BLANK.fullmatch(lines[at]) and not (row > 1 and _begins(lines[at])):
            if row != 1:
                cells = _cells(lines[at])[:width]
                made = [
                    (column, Cell(text, TEXT))
                    for column, cell in enumerate(cells)
                    if (text := self.text([cell])).strip()
                ]
                if made:
                    gathering.put_row(row - (row > 1), made)
            row += 1
            at += 1
        self.blocks.table(gathering.sheet())
        return at

    # Text

    def text(self, lines: list[str]) -> str:
        """The text of lines as it is shown."""
        self.blocks.check(sum(map(len, lines)) // 8)
        return _joined(_Inline(self, lines).read())


def _begins(line: str) -> bool:
    """Whether a line begins a block of its own even within a paragraph."""
    found = _ITEM.match(line)
    return bool(
        _RULE.fullmatch(line)
        or _HEADING.fullmatch(line)
        or _FENCE.fullmatch(line)
        or _QUOTE.match(line)
        or _HTML.match(line)
        or (found and found[4] is not None)
    )


def _cells(line: str) -> list[str]:
    """The cells of a row of a table; a stroke behind a backslash parts none."""
    text = line.strip(" \t").removeprefix("|")
    cells = re.split(r"(?<!\\)\|", text)
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip(" \t").replace("\\|", "|") if "`" in cell else cell.strip(" \t") for cell in cells]


def _joined(text: str) -> str:
    """Lines as one text: a marked line end is one, any other is a blank, or nothing between Hanzi."""
    lines = text.split("\n")
    made = lines[0]
    for line in lines[1:]:
        before, after = made[-1:], line[:1]
        if (
            before not in {"", _BREAK}
            and after not in {"", _BREAK}
            and not (_is_wide(before) and _is_wide(after))
        ):
            made += " "
        made += line
    return made.replace(_BREAK, "\n")


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@dataclass(slots=True)
class _Mark:
    """A run of marks of emphasis, or a bracket: where it stands among the pieces, and what it may do."""

    at: int
    sign: str
    count: int
    opens: bool
    closes: bool


class _Inline:
    """The text of a paragraph, piece by piece."""

    def __init__(self, reader: _Reader, lines: list[str]) -> None:
        self.reader = reader
        ended = [
            line.lstrip(" \t")
            if n == len(lines) - 1
            else re.sub(r"(?:  +|(?<!\\)((?:\\\\)*)\\)$", lambda m: (m[1] or "") + _BREAK, line.lstrip(" \t"))
            for n, line in enumerate(lines)
        ]
        self.source = "\n".join(line if line.endswith(_BREAK) else line.rstrip(" \t") for line in ended)
        self.pieces: list[str] = []
        self.marks: list[_Mark] = []
        self.brackets: list[int] = []
        self.raised: list[int] = []

    def read(self) -> str:
        source, at = self.source, 0
        while found := _INLINE.search(source, at):
            self.pieces.append(source[at : found.start()])
            at = found.end()
            if found["escaped"]:
                self.pieces.append(found["escaped"])
            elif found["code"]:
                at = self.code(found["code"], at)
            elif found["entity"]:
                self.pieces.append(html.unescape(found["entity"]))
            elif found["address"]:
                self.pieces.append(found["address"])
            elif found["break"]:
                self.pieces.append(_BREAK)
            elif found["tag"]:
                self.tag(found["tag"].lower(), bool(found["end"]))
            elif found["picture"]:
                self.brackets.append(len(self.pieces))
                self.pieces.append(found["picture"])
            elif found["close"]:
                at = self.close(at)
            elif found["mark"]:
                self.mark(found["mark"], found.start(), at)
        self.pieces.append(source[at:])
        self.emphasis()
        return "".join(self.pieces)

    def code(self, ticks: str, at: int) -> int:
        """Take what stands between equal runs of backquotes as it is."""
        end = re.compile(rf"(?<!`){ticks}(?!`)").search(self.source, at)
        if end is None or end.start() - at > self.reader.limits.cell_text:
            self.pieces.append(ticks)
            return at
        inside = self.source[at : end.start()].replace("\n", " ").replace(_BREAK, "\\")
        self.pieces.append(inside[1:-1] if inside[:1] == inside[-1:] == " " and inside.strip() else inside)
        return end.end()

    def tag(self, name: str, ends: bool) -> None:
        """Take a tag of HTML within a text: what raises digits or strikes them out counts, others are no text."""
        if name not in {"sup", "sub", "del", "s", "strike"}:
            self.reader.pictures += name == "img"
        elif not ends:
            self.raised.append(len(self.pieces))
        elif self.raised:
            begin = self.raised.pop()
            self.set_apart(begin, struck=name not in {"sup", "sub"})

    def set_apart(self, begin: int, *, struck: bool) -> None:
        for index in range(begin, len(self.pieces)):
            self.pieces[index] = set_apart(self.pieces[index], struck=struck)

    def close(self, at: int) -> int:
        """End a link or picture, if it is one; where to read on."""
        if not self.brackets:
            self.pieces.append("]")
            return at
        begin = self.brackets.pop()
        label = _label("".join(self.pieces[begin + 1 :]))
        destination = _DESTINATION.match(self.source, at)
        reference = None if destination else _REFERENCE.match(self.source, at)
        named = _label(reference[0][1:-1]) or label if reference else label
        if destination is None and named not in self.reader.references:
            self.pieces.append("]")
            return at
        self.reader.pictures += self.pieces[begin] == "!["
        self.pieces[begin] = ""
        ended = destination or reference
        return ended.end() if ended else at

    def mark(self, marks: str, begin: int, end: int) -> None:
        """Take a run of marks that may begin or end emphasis (CommonMark 6.2)."""
        before, after = self.source[begin - 1 : begin] or " ", self.source[end : end + 1] or " "
        blank_before, blank_after = before.isspace() or before == _BREAK, after.isspace() or after == _BREAK
        sign_before, sign_after = (not _LETTERS.match(c) and not c.isspace() for c in (before, after))
        left = not blank_after and (not sign_after or blank_before or sign_before)
        right = not blank_before and (not sign_before or blank_after or sign_after)
        opens, closes = left, right
        if marks[0] == "_":
            opens, closes = left and (not right or sign_before), right and (not left or sign_after)
        self.marks.append(_Mark(len(self.pieces), marks[0], len(marks), opens, closes))
        self.pieces.append(marks)

    def emphasis(self) -> None:
        """Take away marks that begin and end emphasis; what is struck out is set apart."""
        open_marks: list[_Mark] = []
        for mark in self.marks:
            while mark.closes and mark.count:
                index = next(
                    (
                        i
                        for i in range(len(open_marks) - 1, max(-1, len(open_marks) - 65), -1)
                        if open_marks[i].sign == mark.sign
                    ),
                    None,
                )
                if index is None:
                    break
                opener = open_marks[index]
                del open_marks[index + 1 :]
                used = min(2, opener.count, mark.count)
                opener.count -= used
                mark.count -= used
                self.pieces[opener.at] = opener.sign * opener.count
                self.pieces[mark.at] = mark.sign * mark.count
                if mark.sign == "~":
                    for between in range(opener.at + 1, mark.at):
                        self.pieces[between] = set_apart(self.pieces[between], struck=True)
                if not opener.count:
                    open_marks.pop()
            if mark.opens and mark.count:
                open_marks.append(mark)


# Writing

_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$]")
#: What would begin a block where it begins a line.
_LINE_BEGIN = re.compile(
    r"(?=#{1,6}(?:[ \t]|$)|[-+](?:[ \t]|$)|=+[ \t]*$|-+[ \t]*$|:?-+:?$)|(?<=[0-9])(?=[.)](?:[ \t]|$))"
)
_NUMBERED = re.compile(r"([0-9]{1,9})([.)])(?=[ \t]|$)")
_CLOSING = re.compile(r"(?<!\\)#+$")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def write(document: Document) -> bytes:
    """The Markdown of a document, in UTF-8. A level below the sixth is written as the sixth; which page text stood on and that a
    paragraph's end is a guess are not held."""
    blocks: list[str] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            if block.level:
                # A heading is one line, so a line break in it is a tag; marks at its end would only close it.
                shown = _CLOSING.sub(r"\\\g<0>", _escaped(block.text, "<br>"))
                blocks.append(f"{'#' * min(block.level, 6)} {shown}")
            else:
                blocks.append(_escaped(block.text, "\\\n"))
        elif block.rows:
            blocks.append("\n".join(table_markup(block) if block.merges else _table(block)))
    return "\n\n".join([*blocks, ""]).removesuffix("\n").encode() if blocks else b""


def _escaped(text: str, line_break: str) -> str:
    """Text of which nothing is markup."""
    shown = _FORBIDDEN.sub(
        lambda match: match[0].encode("unicode_escape").decode(), _LINE_END.sub("\n", text)
    )
    return line_break.join(map(_escaped_line, shown.split("\n")))


def _escaped_line(line: str) -> str:
    made = _MARKUP.sub(r"\\\g<0>", line)
    if made[:1] in {"#", "-", "+", "="}:
        made = "\\" + made
    made = _NUMBERED.sub(r"\1\\\2", made, count=1) if _NUMBERED.match(made) else made
    # Blanks at the ends of a line would be lost, and four at its beginning are code.
    inner = made.strip(" \t")
    before, after = (
        made[: len(made) - len(made.lstrip(" \t"))],
        made[len(made.rstrip(" \t")) :] if inner else "",
    )
    return _entities(before) + inner + _entities(after)


def _entities(blanks: str) -> str:
    return blanks.replace("\t", "&#9;").replace(" ", "&#32;")


def _table(sheet: Sheet) -> Iterator[str]:
    """A table without merged cells; its first row is the header."""
    width, height = 1 + max(map(max, sheet.rows.values())), 1 + max(sheet.rows)
    for row in range(height):
        cells = (sheet.rows.get(row, {}).get(column) for column in range(width))
        yield f"| {' | '.join(_escaped(cell.text, '<br>') if cell else '' for cell in cells)} |"
        if not row:
            yield f"|{'---|' * width}"
