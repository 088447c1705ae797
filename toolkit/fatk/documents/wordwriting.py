"""Documents as .docx, laid out as official Chinese documents are (GB/T 9704): A4, 仿宋 of size 三号, two characters of indent.

The package, its styles and settings are those of python-docx; the body is built here, since a table of thousands of cells takes
minutes there. Nothing tells who wrote the file or when, and the same document is always the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from fatk.document import Block, Document, Paragraph
from fatk.documents.look import Look, across, captions, is_figure, look_of
from fatk.errors import NotWritten
from fatk.grid import Sheet

if TYPE_CHECKING:
    from docx.document import Document as Made

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#: What XML cannot hold; it is written as people write such a character in code.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: The sign of a figure, which no line may end behind.
_MINUS = re.compile(r"(?<![0-9A-Za-z-])-(?=[0-9])")
#: A note below a table, printed as small as the table.
_NOTE = re.compile(r"(?:备?注|说明)\s*[0-9]*\s*[:：.、]")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")

#: Lengths in twentieths of a point: A4 and its margins, above and below, left and right.
_SHORT, _LONG = 11906, 16838
_ABOVE, _BELOW, _LEFT, _RIGHT = 2098, 1984, 1587, 1474
#: Width of a Hanzi in a table, in twentieths of a point, and what a cell has beside its text.
_HANZI, _PADDING = 210, 240

#: Styles that are written: id, name, fonts for Chinese and Latin text, half points, and what else they say.
_BODY = (
    '<w:pPr><w:widowControl w:val="0"/><w:spacing w:before="0" w:after="0" w:line="560" w:lineRule="exact"/>{more}</w:pPr>'
    '<w:rPr><w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:cs="{latin}" w:eastAsia="{font}"/>{bold}<w:color w:val="000000"/>'
    '<w:sz w:val="{size}"/><w:szCs w:val="{size}"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>'
)
_INDENTED = '<w:ind w:firstLineChars="200" w:firstLine="640"/><w:jc w:val="both"/>'
_DROPPED = (
    "core-properties",
    "extended-properties",
    "thumbnail",
    "customXml",
    "stylesWithEffects",
    "numbering",
    "metadata/thumbnail",
)


def write(document: Document) -> bytes:
    """A .docx of the document; ``NotWritten`` where python-docx is not installed.

    Which page text stands on and that a paragraph's end is a guess are not held, nor hidden rows and columns: they are shown.
    """
    try:
        import docx
    except ImportError:
        raise NotWritten("WORD_WRITER_MISSING") from None
    made = docx.Document()
    _set_styles(made)
    _set_body(made, document.blocks)
    return _stored(made)


# The package


def _set_styles(made: Made) -> None:
    """Make the styles those of official documents, and leave out all that are not used."""
    from docx.oxml import parse_xml

    styles = made.styles.element
    for style in list(styles):
        if style.tag in {f"{{{_MAIN}}}style", f"{{{_MAIN}}}latentStyles"}:
            styles.remove(style)
    for markup in _styles():
        styles.append(parse_xml(markup))


def _styles() -> Iterator[str]:
    def style(kind: str, name: str, called: str, inside: str, default: bool = False) -> str:
        first = ' w:default="1"' if default else ""
        return f'<w:style xmlns:w="{_MAIN}" w:type="{kind}"{first} w:styleId="{name}"><w:name w:val="{called}"/>{inside}</w:style>'

    def looks(font: str, size: int, more: str, latin: str = "Times New Roman", bold: bool = False) -> str:
        return _BODY.format(
            font=font, latin=latin, size=size, more=more, bold="<w:b/><w:bCs/>" if bold else ""
        )

    based, then = '<w:basedOn w:val="Normal"/>', '<w:next w:val="Normal"/>'
    yield style("paragraph", "Normal", "Normal", "<w:qFormat/>" + looks("仿宋", 32, _INDENTED), default=True)
    yield style(
        "character",
        "DefaultParagraphFont",
        "Default Paragraph Font",
        '<w:uiPriority w:val="1"/>',
        default=True,
    )
    yield style("table", "TableNormal", "Normal Table", (
        '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:left w:w="85" w:type="dxa"/><w:right w:w="85" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr>"), default=True)  # fmt: skip
    yield style("numbering", "NoList", "No List", "", default=True)
    for level in range(1, 10):
        outline = f'<w:outlineLvl w:val="{level - 1}"/>'
        if level == 1:
            inside = looks(
                "宋体",
                36,
                f'<w:ind w:firstLineChars="0" w:firstLine="0"/><w:jc w:val="center"/>{outline}',
                bold=True,
            )
            inside = inside.replace('w:before="0" w:after="0"', 'w:before="280" w:after="280"')
        elif level == 2:
            inside = looks("黑体", 32, _INDENTED + outline)
        elif level == 3:
            inside = looks("楷体", 32, _INDENTED + outline)
        else:
            inside = looks("仿宋", 32, _INDENTED + outline, bold=True)
        inside = inside.replace("<w:pPr>", "<w:pPr><w:keepNext/>")
        yield style(
            "paragraph", f"Heading{level}", f"heading {level}", based + then + "<w:qFormat/>" + inside
        )
    title = looks(
        "宋体",
        44,
        '<w:ind w:firstLineChars="0" w:firstLine="0"/><w:jc w:val="center"/><w:outlineLvl w:val="0"/>',
        bold=True,
    )
    title = title.replace('w:before="0" w:after="0" w:line="560"', 'w:before="0" w:after="280" w:line="700"')
    yield style("paragraph", "Title", "Title", based + then + "<w:qFormat/>" + title)
    flat = '<w:ind w:firstLineChars="0" w:firstLine="0"/>'
    cell = looks("宋体", 21, flat).replace(
        'w:line="560" w:lineRule="exact"', 'w:line="240" w:lineRule="auto"'
    )
    yield style("paragraph", "TableText", "Table Text", based + cell)
    yield style("paragraph", "Caption", "caption", based + cell.replace("<w:pPr>", "<w:pPr><w:keepNext/>"))
    gap = looks("宋体", 2, flat).replace('w:line="560"', 'w:line="120"')
    yield style("paragraph", "Gap", "Gap", based + gap)
    yield style("paragraph", "Footer", "footer", based + looks("宋体", 28, flat + '<w:jc w:val="center"/>'))


def _stored(made: Made) -> bytes:
    """The bytes of the package, without what tells of its making."""
    package: Any = made.part.package
    for rels in (package.rels, made.part.rels):
        for key, relation in list(rels.items()):
            if relation.reltype.endswith(_DROPPED):
                del rels[key]
    packed = io.BytesIO()
    made.save(packed)
    buffer = io.BytesIO()
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.create_system = 3
            archive.writestr(entry, source.read(name))
    return buffer.getvalue()


# The body


def _set_body(made: Made, blocks: Sequence[Block]) -> None:
    from docx.oxml import parse_xml

    body: Any = made.element.body
    for child in list(body):
        body.remove(child)
    footer = _footer(made)
    markup = f'<w:body xmlns:w="{_MAIN}" xmlns:r="{_RELATED}">{"".join(_body(blocks, footer))}</w:body>'
    body.extend(list(parse_xml(markup)))


def _footer(made: Made) -> str:
    """The relationship of the footer, which shows the number of the page."""
    from docx.oxml import parse_xml

    section = made.part.document.sections
    body: Any = made.element.body
    body.append(parse_xml(f'<w:sectPr xmlns:w="{_MAIN}"/>'))
    footer = section[0].footer
    footer.is_linked_to_previous = False
    element: Any = footer.part.element
    for child in list(element):
        element.remove(child)
    element.append(
        parse_xml(
            f'<w:p xmlns:w="{_MAIN}"><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">— </w:t></w:r>'
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
            '<w:r><w:t xml:space="preserve"> —</w:t></w:r></w:p>'
        )
    )
    found = next(key for key, relation in made.part.rels.items() if relation.reltype.endswith("/footer"))
    for child in list(body):
        body.remove(child)
    return str(found)


def _body(blocks: Sequence[Block], footer: str) -> Iterator[str]:
    """The body: runs of blocks that are printed upright or across, each ended by its section."""
    turned, own = across(blocks), captions(blocks)
    for index, block in enumerate(blocks):
        turns = index + 1 < len(blocks) and turned[index + 1] != turned[index]
        section = _section(turned[index], footer) if turns else ""
        if isinstance(block, Paragraph):
            style = (
                "Title"
                if block.level == 1 and not index
                else f"Heading{min(block.level, 9)}"
                if block.level
                else "Caption"
                if index in own
                else "TableText"
                if index and isinstance(blocks[index - 1], Sheet) and _NOTE.match(block.text)
                else ""
            )
            align = _captioned(block) if index in own else _aligned(block)
            yield _paragraph(block.text, style, section, align)
        else:
            yield from _table(block, _width(turned[index]))
            yield _paragraph("", "Gap", section)
    yield _section(bool(turned) and turned[-1], footer)


def _width(turned: bool) -> int:
    """The width of the text of a page."""
    return _LONG - _ABOVE - _BELOW if turned else _SHORT - _LEFT - _RIGHT


def _section(turned: bool, footer: str) -> str:
    size = f'w:w="{_LONG}" w:h="{_SHORT}" w:orient="landscape"' if turned else f'w:w="{_SHORT}" w:h="{_LONG}"'
    # A page across is an upright one turned: what was above is at its left or right.
    above, below, left, right = (_LEFT, _RIGHT, _ABOVE, _BELOW) if turned else (_ABOVE, _BELOW, _LEFT, _RIGHT)
    return (
        f'<w:sectPr><w:footerReference w:type="default" r:id="{footer}"/><w:type w:val="nextPage"/><w:pgSz {size}/>'
        f'<w:pgMar w:top="{above}" w:right="{right}" w:bottom="{below}" w:left="{left}" w:header="851" w:footer="1020" w:gutter="0"/>'
        "</w:sectPr>"
    )


def _paragraph(text: str, style: str, section: str = "", align: str = "") -> str:
    properties = (
        (f'<w:pStyle w:val="{style}"/>' if style else "")
        + (f'<w:jc w:val="{align}"/>' if align else "")
        + section
    )
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{''.join(_runs(text))}</w:p>"


def _captioned(paragraph: Paragraph) -> str:
    """How a heading or a caption of a table is aligned: a year in brackets below the heading, the form's number at the right."""
    if paragraph.level or paragraph.text.startswith(("（", "(")):
        return "center"
    return "" if re.search("[：:]", paragraph.text) else "right"


def _aligned(paragraph: Paragraph) -> str:
    """How a paragraph is aligned, if not as others of its style: a line that its author ended is not stretched."""
    return "left" if "\n" in paragraph.text and paragraph.level != 1 else ""


def _runs(text: str) -> Iterable[str]:
    if not text:
        return
    yield "<w:r>"
    for number, line in enumerate(_LINE_ENDS.split(_FORBIDDEN.sub(_shown, text))):
        if number:
            yield "<w:br/>"
        for place, piece in enumerate(line.split("\t")):
            if place:
                yield "<w:tab/>"
            for nth, words in enumerate(_MINUS.split(piece)):
                if nth:
                    yield "<w:noBreakHyphen/>"
                if words:
                    yield f'<w:t xml:space="preserve">{escape(words, quote=False)}</w:t>'
    yield "</w:r>"


def _shown(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


# Tables


def _table(sheet: Sheet, room: int) -> Iterator[str]:
    look = look_of(sheet)
    if not look.columns:
        return
    widths = _widths(look, room)
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    yield (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{"".join(f"<w:gridCol w:w={chr(34)}{w}{chr(34)}/>" for w in widths)}'
        "</w:tblGrid>"
    )
    for row in range(look.rows):
        yield "<w:tr><w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if row < look.header else "") + "</w:trPr>"
        column = 0
        while column < look.columns:
            top, columns, rows = look.spans.get((row, column), (row, 1, 1))
            merged = ""
            if columns > 1:
                merged += f'<w:gridSpan w:val="{columns}"/>'
            if rows > 1:
                merged += '<w:vMerge w:val="restart"/>' if top == row else "<w:vMerge/>"
            cell = sheet.rows.get(row, {}).get(column) if top == row else None
            text = cell.text if cell else ""
            width = sum(widths[column : column + columns])
            align = "center" if row < look.header else "right" if is_figure(text) else ""
            yield f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{merged}<w:vAlign w:val="center"/></w:tcPr>'
            for line in _LINE_ENDS.split(text):
                yield _paragraph(line, "TableText", align=align)
            yield "</w:tc>"
            column += columns
        yield "</w:tr>"
    yield "</w:tbl>"


def _widths(look: Look, room: int) -> list[int]:
    """The widths of the columns: as wide as their text, and together as wide as the page."""
    wanted = [width * _HANZI / 2 + _PADDING for width in look.widths]
    least = [width * _HANZI / 2 + _PADDING for width in look.least]
    short, spare = sum(wanted) - room, sum(wanted) - sum(least)
    if 0 < short < spare:
        wanted = [wide - (wide - need) * short / spare for wide, need in zip(wanted, least, strict=True)]
    return [max(int(width * room / sum(wanted)), 1) for width in wanted]
