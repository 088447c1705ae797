"""Word documents (.docx, .docm; ECMA-376 transitional and strict) as documents, and documents as .docx.

What is read is what people see who accept all changes and show no hidden text: numbers that Word counts by itself stand in
front of their paragraphs, results of fields are text, a table of contents is none. Parts are found through relationships and
read by expat without a tree; nothing that a document names outside of itself is followed.

Pages are those that the program which saved the document laid out last, where it noted them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fatk.archive import Archive, open_archive
from fatk.document import Document, Paragraph
from fatk.documents.blocks import Blocks, Pages
from fatk.documents.wordstyles import (
    LEVELS,
    MAIN,
    OFF,
    RUN_PROPERTIES,
    Lists,
    Run,
    Styles,
    read_lists,
    read_styles,
    whole,
)
from fatk.documents.wordwriting import write
from fatk.errors import Refused
from fatk.gathering import Gathering
from fatk.grid import TEXT, Cell, Sheet, set_apart
from fatk.limits import Limits
from fatk.officeparts import Package
from fatk.strictxml import Attributes, Parse, Qualify, refuse_document_types

__all__ = ["read", "write"]

_XML_SPACE = "http://www.w3.org/XML/1998/namespace space"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006 "
_BLANKS = str.maketrans("\t\r\n", "   ")
#: Elements that hold nothing that is read.
_LEFT_OUT = (
    "del", "moveFrom", "pPrChange", "rPrChange", "tcPrChange", "trPrChange", "tblPrChange", "tblPrExChange", "tblGridChange", "sectPrChange",
    "numberingChange", "tblPr", "tblPrEx", "tblGrid", "sectPr", "sdtEndPr", "customXmlPr", "smartTagPr", "rubyPr", "rt", "tabs", "framePr",
    "delText", "delInstrText", "ffData", "txbxContentPr",
)  # fmt: skip
#: What only says of its place that something of another kind stands there → the notice of it.
_MARKS = {
    "footnoteReference": "NOTES_APART",
    "endnoteReference": "NOTES_APART",
    "commentReference": "COMMENT_PRESENT",
    "altChunk": "PART_APART",
    "subDoc": "PART_APART",
}
#: Names of elements of other namespaces that show what is no text.
_PICTURES = frozenset({"blip", "imagedata", "chart", "relIds"})
#: Characters of fonts of symbols that mean what others do; a font's own codes begin at F000.
_SYMBOLS = {
    "symbol": dict(zip(b"\xb3\xa3\xb9\xbb\xb4\xb8\xb1\xb0\xa5\xb7\x2d\xd7\xbc\xab\xac\xae\xad\xaf", "≥≤≠≈×÷±°∞•−·…↔←→↑↓", strict=True)),
    "wingdings": dict(zip(b"\xfe\xfd\xfc\xfb\xa8\x6f\x6e\x6c\xd8\x9f\x6f\xa1\x76\x52\x51", "☑☒✓✗□□■●➢•□○❖☑☒", strict=True)),
    "wingdings 2": dict(zip(b"\x52\x50\x51\x53\x54\xa3\x30", "☑✓☒☒☒□☐", strict=True)),
}  # fmt: skip
#: Answer of what takes an element that is to be left out with all that it holds.
_SKIP = object()


def read(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    """The document in the bytes of a .docx; ``Refused`` where it must not or cannot be read."""
    archive = opened or open_archive(data, limits)
    package = Package(archive, limits)
    main = package.main()
    related = package.relationships(main)
    styles = read_styles(package, package.one(related, "styles"))
    lists = read_lists(package, package.one(related, "numbering"), styles)
    blocks = Blocks(limits, main.name)
    reader = _Reader(blocks, styles, lists)
    package.parse(main, "document", MAIN, reader.begin)
    reader.finish()
    for part in archive.names:
        folded = part.lower()
        if folded.endswith("vbaproject.bin"):
            blocks.notices.append(("MACRO_PRESENT", part))
        elif folded.startswith("word/embeddings/"):
            blocks.notices.append(("PART_APART", part))
    refuse_document_types(archive, package.parsed)
    return blocks.document()


@dataclass(slots=True)
class _Field:
    """A field that has begun: what it says to do, and whether what it shows has begun."""

    instruction: str = ""
    shows: bool = False

    @property
    def kind(self) -> str:
        return self.instruction.split(maxsplit=1)[0].upper() if self.instruction.strip() else ""


@dataclass(slots=True)
class _Open:
    """A paragraph that is being read."""

    style: str | None = None
    outline: int | None = None
    list: str | None = None
    list_level: int | None = None
    mark: Run = field(default_factory=Run)
    mark_deleted: bool = False


@dataclass(slots=True)
class _Story:
    """Where paragraphs go: the document itself, a cell or a text box."""

    kind: str  # "body", "cell" or "box"
    paragraph: _Open | None = None
    pieces: list[str] = field(
        default_factory=list
    )  # of the paragraph, and of those before it whose ends are gone
    size: int = 0
    pages: list[tuple[int, int]] = field(default_factory=list)
    run: Run = field(default_factory=Run)
    fields: list[_Field] = field(default_factory=list)
    #: What is complete: of the document nothing waits here.
    done: list[Paragraph | Sheet] = field(default_factory=list)
    #: What stands in boxes that are anchored in the paragraph, and so comes after it.
    after: list[Paragraph | Sheet] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    """A row of a table: its cells so far, by column."""

    column: int = 0
    cells: list[tuple[int, str]] = field(default_factory=list)
    gone: bool = False
    page: int = 0  # on which it began
    last_page: int = 0


@dataclass(slots=True)
class _CellShape:
    """What a cell says of its place."""

    span: int = 1
    down: str | None = None  # "restart" or "continue", where it is part of a merged range downwards
    across: str | None = None


@dataclass(slots=True)
class _Table:
    """A table that is being read."""

    gathering: Gathering
    row: int = -1
    current: _Row = field(default_factory=_Row)
    shape: _CellShape = field(default_factory=_CellShape)
    merges: dict[int, list[int]] = field(
        default_factory=dict
    )  # by column: first row, columns, last row, whether it may go on
    closed: list[tuple[int, int, int, int]] = field(default_factory=list)
    nested: list[Paragraph | Sheet] = field(default_factory=list)

    def settle(self, column: int) -> None:
        """End the merged range in a column, if there is one."""
        if found := self.merges.pop(column, None):
            first, columns, last, _ = found
            if columns > 1 or last > first:
                self.closed.append((first, column, last - first + 1, columns))


class _Reader:
    """One pass over the main part of a document."""

    def __init__(self, blocks: Blocks, styles: Styles, lists: Lists) -> None:
        self.blocks, self.styles, self.lists = blocks, styles, lists
        self.limits = blocks.limits
        self.stories = [_Story("body")]
        self.tables: list[_Table] = []
        self.inside: list[str] = []  # elements of properties that are open, outermost first
        self.contents: list[bool] = []  # of content controls: whether each is a table of contents
        self.choices: list[list[int]] = []  # of alternatives: characters before, whether one was read
        self.page, self.paged = 1, False
        self.seen = 0  # characters that were read
        self.changes = self.hidden = self.skipped = 0
        self.counted: dict[str, int] = {}
        self.page_numbers: list[str] = []
        self.buffer: list[str] = []

    # The machine

    def begin(self, parse: Parse, qualify: Qualify) -> None:
        """Set the handlers."""
        parser = parse.parser
        space = qualify("")
        starts: dict[str, Callable[[Attributes], object]] = {
            space + name.removeprefix("on_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("on_")
        }
        ends: dict[str, Callable[[], None]] = {
            space + name.removeprefix("end_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("end_")
        }
        left_out = {space + name for name in _LEFT_OUT}
        marks = {space + name: code for name, code in _MARKS.items()}
        properties = {space + name for name in RUN_PROPERTIES}
        texts = {space + "t", space + "instrText", "http://schemas.openxmlformats.org/officeDocument/2006/math t",
                 "http://purl.oclc.org/ooxml/officeDocument/math t"}  # fmt: skip
        depth = skipped = 0
        keep = False  # blanks at the ends of the text
        buffer, limits = self.buffer, self.limits
        self.val = space + "val"
        self.space = space

        def start(name: str, attributes: Attributes) -> None:
            nonlocal depth, keep
            depth += 1
            if depth > limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=parse.part, limit=limits.xml_depth)
            if name in properties:
                self.property(name[len(space) :], attributes)
                return
            parse.elements += not self.inside
            if name in texts:
                keep = attributes.get(_XML_SPACE) == "preserve" or not name.startswith(space)
                buffer.clear()
                parser.CharacterDataHandler = buffer.append
            elif name in left_out:
                self.left_out(name[len(space) :])
                skip()
            elif handler := starts.get(name):
                if handler(attributes) is _SKIP:
                    skip()
            elif code := marks.get(name):
                self.counted[code] = self.counted.get(code, 0) + 1
            elif name.startswith(_COMPATIBILITY):
                if self.alternative(name[len(_COMPATIBILITY) :]):
                    skip()
            elif name.rpartition(" ")[2] in _PICTURES:
                self.counted["DRAWING_PRESENT"] = self.counted.get("DRAWING_PRESENT", 0) + 1

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            if name in texts:
                parser.CharacterDataHandler = None
                text = "".join(buffer).translate(_BLANKS)
                buffer.clear()
                if name == space + "instrText":
                    self.instruct(text)
                else:
                    self.put(text if keep else text.strip(" "))
            elif ender := ends.get(name):
                ender()
            elif name == _COMPATIBILITY + "AlternateContent":
                self.choices.pop()

        def skip() -> None:
            """Leave out an element with all that it holds."""
            nonlocal skipped
            skipped = 1
            parser.StartElementHandler = deeper
            parser.EndElementHandler = back

        def deeper(_name: str, _attributes: Attributes) -> None:
            nonlocal skipped
            skipped += 1

        def back(_name: str) -> None:
            nonlocal skipped, depth
            skipped -= 1
            if not skipped:
                depth -= 1
                parser.StartElementHandler = start
                parser.EndElementHandler = end

        def between() -> None:
            self.blocks.check(sum(map(len, buffer)) + self.stories[-1].size)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parse.between = between

    @property
    def story(self) -> _Story:
        return self.stories[-1]

    def left_out(self, name: str) -> None:
        """Take what it says that an element is left out."""
        if name in {"del", "moveFrom"}:
            self.changes += 1
            if self.inside[-1:] == ["rPr"] and self.inside[:1] == ["pPr"] and self.story.paragraph:
                self.story.paragraph.mark_deleted = True
            elif self.inside[-1:] == ["trPr"] and self.tables:
                self.tables[-1].current.gone = True

    def alternative(self, name: str) -> bool:
        """Whether an alternative is skipped: the first that has text is read, and no other."""
        if name == "AlternateContent":
            self.choices.append([self.seen, 0])
        elif self.choices:
            before, read_one = self.choices[-1]
            if read_one and self.seen > before:
                return True
            self.choices[-1][1] = 1
        return False

    def on_ins(self, _: Attributes) -> None:
        self.changes += 1

    on_moveTo = on_ins  # noqa: N815  the name of the element

    # Properties

    def on_pPr(self, _: Attributes) -> object:  # noqa: N802
        if self.story.paragraph is None:
            return _SKIP
        self.inside.append("pPr")
        return None

    def end_pPr(self) -> None:  # noqa: N802
        self.inside.pop()

    def on_rPr(self, _: Attributes) -> object:  # noqa: N802
        if self.inside and self.inside != ["pPr"]:
            return _SKIP
        if not self.inside:
            self.story.run = Run()
        self.inside.append("rPr")
        return None

    end_rPr = end_pPr  # noqa: N815

    def property(self, name: str, attributes: Attributes) -> None:
        """Take a property of a run, or of the mark at the end of a paragraph."""
        if self.inside == ["rPr"]:
            self.story.run.take(name, attributes.get(self.val))
        elif self.inside == ["pPr", "rPr"] and self.story.paragraph:
            self.story.paragraph.mark.take(name, attributes.get(self.val))

    def on_pStyle(self, attributes: Attributes) -> None:  # noqa: N802
        if self.inside == ["pPr"] and self.story.paragraph:
            self.story.paragraph.style = attributes.get(self.val)

    def on_outlineLvl(self, attributes: Attributes) -> None:  # noqa: N802
        if self.inside == ["pPr"] and self.story.paragraph:
            self.story.paragraph.outline = whole(attributes.get(self.val), LEVELS)

    def on_numId(self, attributes: Attributes) -> None:  # noqa: N802
        if self.inside == ["pPr"] and self.story.paragraph:
            self.story.paragraph.list = attributes.get(self.val)

    def on_ilvl(self, attributes: Attributes) -> None:
        if self.inside == ["pPr"] and self.story.paragraph:
            self.story.paragraph.list_level = whole(attributes.get(self.val))

    def on_trPr(self, _: Attributes) -> None:  # noqa: N802
        self.inside.append("trPr")

    end_trPr = end_pPr  # noqa: N815

    def on_gridBefore(self, attributes: Attributes) -> None:  # noqa: N802
        if self.tables:
            self.tables[-1].current.column += max(whole(attributes.get(self.val)), 0)

    def on_hidden(self, attributes: Attributes) -> None:
        if self.inside[-1:] == ["trPr"] and self.tables and attributes.get(self.val) not in OFF:
            self.tables[-1].current.gone = True
            self.hidden += 1

    def on_tcPr(self, _: Attributes) -> None:  # noqa: N802
        self.inside.append("tcPr")

    end_tcPr = end_pPr  # noqa: N815

    def on_gridSpan(self, attributes: Attributes) -> None:  # noqa: N802
        if self.tables:
            self.tables[-1].shape.span = max(whole(attributes.get(self.val), 1), 1)

    def on_vMerge(self, attributes: Attributes) -> None:  # noqa: N802
        if self.tables:
            self.tables[-1].shape.down = attributes.get(self.val) or "continue"

    def on_hMerge(self, attributes: Attributes) -> None:  # noqa: N802
        if self.tables:
            self.tables[-1].shape.across = attributes.get(self.val) or "continue"

    # Content controls

    def on_sdt(self, _: Attributes) -> None:
        self.contents.append(False)

    def end_sdt(self) -> None:
        self.contents.pop()

    def on_sdtPr(self, _: Attributes) -> None:  # noqa: N802
        self.inside.append("sdtPr")

    end_sdtPr = end_pPr  # noqa: N815

    def on_docPartGallery(self, attributes: Attributes) -> None:  # noqa: N802
        if self.contents and attributes.get(self.val) == "Table of Contents":
            self.contents[-1] = True

    def on_sdtContent(self, _: Attributes) -> object:  # noqa: N802
        if self.contents and self.contents[-1]:
            self.skipped += 1
            return _SKIP
        return None

    # Text

    def put(self, text: str) -> None:
        """Take a text as the run shows it."""
        story = self.story
        paragraph = story.paragraph
        if not text or paragraph is None or self.inside:
            return
        shown = [each for each in story.fields if each.shows]
        if len(shown) < len(story.fields) or any(each.kind == "TOC" for each in shown):
            return
        if any(each.kind in {"PAGE", "NUMPAGES", "SECTIONPAGES"} for each in shown):
            self.page_numbers.append(text.strip()[:10])
            return
        self.seen += len(text)
        run = story.run
        if self.styles.of_run("hidden", run, paragraph.style):
            self.hidden += len(text.strip())
            return
        if self.styles.of_run("struck", run, paragraph.style):
            text = set_apart(text, struck=True)
        elif self.styles.of_run("raised", run, paragraph.style):
            text = set_apart(text, struck=False)
        story.pieces.append(text)
        story.size += len(text)
        self.blocks.check(story.size)

    def on_r(self, _: Attributes) -> None:
        self.story.run = Run()

    def on_tab(self, _: Attributes) -> None:
        self.put("\t")

    on_ptab = on_tab

    def on_br(self, attributes: Attributes) -> None:
        if attributes.get(self.space + "type") != "page":
            self.put("\n")

    def on_cr(self, _: Attributes) -> None:
        self.put("\n")

    def on_noBreakHyphen(self, _: Attributes) -> None:  # noqa: N802
        self.put("-")

    def on_sym(self, attributes: Attributes) -> None:
        code = attributes.get(self.space + "char", "")
        try:
            number = int(code[:6], 16)
            symbols = _SYMBOLS.get(attributes.get(self.space + "font", "").lower(), {})
            self.put(symbols.get(number & 0xFF if number >= 0xF000 or number < 0x100 else -1) or chr(number))
        except (ValueError, OverflowError):
            self.put("\ufffd")

    def on_lastRenderedPageBreak(self, _: Attributes) -> None:  # noqa: N802
        self.paged = True
        self.page += 1
        story = self.story
        if story.paragraph is not None:
            if story.pages and story.pages[-1][0] == story.size:
                story.pages.pop()
            story.pages.append((story.size, self.page))

    # Fields

    def on_fldChar(self, attributes: Attributes) -> None:  # noqa: N802
        fields = self.story.fields
        kind = attributes.get(self.space + "fldCharType")
        if kind == "begin":
            fields.append(_Field())
        elif kind == "separate" and fields:
            fields[-1].shows = True
            self.skipped += fields[-1].kind == "TOC"
        elif kind == "end" and fields:
            fields.pop()

    def on_fldSimple(self, attributes: Attributes) -> None:  # noqa: N802
        made = _Field(attributes.get(self.space + "instr", ""), True)
        self.skipped += made.kind == "TOC"
        self.story.fields.append(made)

    def end_fldSimple(self) -> None:  # noqa: N802
        if self.story.fields:
            self.story.fields.pop()

    def instruct(self, text: str) -> None:
        """Take a part of what a field says to do."""
        fields = self.story.fields
        if fields and not fields[-1].shows and len(fields[-1].instruction) < 64:
            fields[-1].instruction += text

    # Paragraphs

    def on_p(self, _: Attributes) -> None:
        story = self.story
        if not story.pages:
            story.pages.append((0, self.page))
        story.paragraph = _Open()
        story.run = Run()

    def end_p(self) -> None:
        story = self.story
        paragraph = story.paragraph
        if paragraph is None:
            return
        story.paragraph = None
        while story.fields and not story.fields[-1].shows:  # what a field says to do ends with its paragraph
            story.fields.pop()
        level = self.styles.level(paragraph.style) if paragraph.outline is None else 0
        if paragraph.outline is not None and 0 <= paragraph.outline < LEVELS:
            level = paragraph.outline + 1
        if level and any(each.kind == "TOC" for each in story.fields):
            # A table of contents that nobody ended: no entry of one is a heading. Its text was left out till here.
            story.fields = [each for each in story.fields if each.kind != "TOC"]
        gone = paragraph.mark_deleted or self.styles.of_run("hidden", paragraph.mark, paragraph.style)
        if gone:
            return
        if self.styles.is_contents(paragraph.style):
            if story.pieces:
                self.skipped += 1
            self.forget()
            return
        number = self.number(paragraph)
        self.flush(number, level)

    def number(self, paragraph: _Open) -> str:
        """The number that Word shows before a paragraph."""
        name, level = paragraph.list, paragraph.list_level
        stated = self.styles.numbers(paragraph.style)
        if name is None and stated is not None:
            name, inherited, style = stated
            if level is None:
                level = inherited if inherited is not None else self.lists.level_of(name, style)
        return self.lists.next(name, level or 0) if name is not None and name != "0" else ""

    def flush(self, number: str = "", level: int = 0) -> None:
        """Complete the paragraph, and what is anchored in it."""
        story = self.story
        text = number + "".join(story.pieces)
        pages: Pages = tuple((at + len(number) if at else 0, page) for at, page in story.pages)
        self.forget()
        if story.kind == "body":
            self.blocks.paragraph(text, level, pages)
            self.emit(story.after)
        else:
            story.done.append(Paragraph(text, level, pages))
            story.done += story.after
        story.after = []

    def forget(self) -> None:
        story = self.story
        story.pieces, story.pages, story.size = [], [], 0

    def emit(self, waiting: list[Paragraph | Sheet]) -> None:
        """Put what was complete elsewhere into the document."""
        for block in waiting:
            if isinstance(block, Sheet):
                self.blocks.table(block)
            else:
                self.blocks.paragraph(block.text, block.level, block.pages)

    # Text boxes

    def on_txbxContent(self, _: Attributes) -> None:  # noqa: N802
        self.stories.append(_Story("box"))

    def end_txbxContent(self) -> None:  # noqa: N802
        self.rest()
        box = self.stories.pop()
        self.story.after += [block for block in box.done if isinstance(block, Sheet) or block.text.strip()]

    def rest(self) -> None:
        """Complete a paragraph whose end is gone, where nothing follows it."""
        story = self.story
        story.paragraph = None
        if story.pieces or story.after:
            self.flush()

    # Tables

    def on_tbl(self, _: Attributes) -> None:
        if self.story.paragraph is None:
            self.rest()
        self.tables.append(_Table(self.blocks.gathering()))

    def on_tr(self, _: Attributes) -> None:
        if self.tables:
            self.tables[-1].current = _Row(page=self.page, last_page=self.page)

    def on_tc(self, _: Attributes) -> None:
        if self.tables:
            table = self.tables[-1]
            table.shape = _CellShape()
            self.page = table.current.page  # a row stands beside itself: its cells begin on one page
        self.stories.append(_Story("cell"))

    def end_tc(self) -> None:
        self.rest()
        cell = self.stories.pop()
        if not self.tables:
            return
        table = self.tables[-1]
        row, shape = table.current, table.shape
        row.last_page = max(row.last_page, self.page)
        text = "\n".join(block.text for block in cell.done if isinstance(block, Paragraph)).strip("\n")
        sheets = [block for block in cell.done if isinstance(block, Sheet)]
        table.nested += sheets
        text = text if text.strip() else ""
        column, row.column = row.column, row.column + shape.span
        if row.gone:
            return
        at = table.row + 1
        above = table.merges.get(column)
        if shape.down == "continue" and above and above[1:] == [shape.span, at - 1, 1]:
            above[2] = at
            self.hidden += len(text)
            return
        if shape.across == "continue" and row.cells:
            first = row.cells[-1][0]
            merged = table.merges.get(first)
            if merged and merged[0] == at:
                merged[1] = column + shape.span - first
                self.hidden += len(text)
                return
        for covered in [
            c for c, merge in table.merges.items() if column <= c < column + shape.span and merge[0] < at
        ]:
            table.settle(covered)
        table.merges[column] = [at, shape.span, at, shape.down is not None]
        row.cells.append((column, text))

    def end_tr(self) -> None:
        if not self.tables:
            return
        table = self.tables[-1]
        row = table.current
        self.page = row.last_page
        if row.gone:
            return
        table.row += 1
        for column in [c for c, merge in table.merges.items() if merge[2] < table.row]:
            table.settle(column)
        cells = [(column, Cell(text, TEXT)) for column, text in row.cells if text]
        if cells:
            table.gathering.put_row(table.row, cells)

    def end_tbl(self) -> None:
        if not self.tables:
            return
        table = self.tables.pop()
        for column in list(table.merges):
            table.settle(column)
        for merge in sorted(table.closed):
            table.gathering.merge(*merge)
        made = table.gathering.sheet()
        found: list[Paragraph | Sheet] = [made, *table.nested]
        story = self.story
        if story.kind == "body":
            before = self.blocks.tables
            self.emit(found)
            first = before + bool(made.rows)
            self.blocks.notices += [
                ("TABLE_IN_TABLE", f"表{number}") for number in range(first + 1, self.blocks.tables + 1)
            ]
        else:
            story.done += found

    def finish(self) -> None:
        """Complete the document, and tell what was noticed."""
        self.rest()
        blocks = self.blocks
        if not self.paged:
            blocks.blocks = [replace(b, pages=()) if isinstance(b, Paragraph) else b for b in blocks.blocks]
        told = {
            "CHANGES_TRACKED": self.changes,
            "TEXT_HIDDEN": self.hidden,
            "CONTENTS_SKIPPED": self.skipped,
            **self.counted,
        }
        blocks.notices += [(code, str(count)) for code, count in told.items() if count]
        if self.page_numbers:
            blocks.notices.append(("PAGE_NUMBERS", " ".join(self.page_numbers[:20])))
