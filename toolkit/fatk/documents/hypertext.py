"""Pages of HTML as documents, and documents as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from fatk.archive import Archive
from fatk.document import Document, Paragraph
from fatk.documents.blocks import Blocks
from fatk.documents.htmlblocks import marked_up, paragraph_markup, read_into, table_markup
from fatk.documents.look import across
from fatk.limits import Limits
from fatk.markup import decode_page

_STYLE = """
:root { font-family: "FangSong", "仿宋", "STFangsong", "Noto Serif CJK SC", "Source Han Serif SC", "SimSun", serif; line-height: 1.75; color: #000; background: #fff; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3, h4, h5, h6, p { margin: 0; text-indent: 2em; font-size: 1rem; overflow-wrap: break-word; }
p { text-align: justify; }
h1 { font: bold 1.35rem/1.6 "SimSun", "宋体", "Noto Serif CJK SC", "Source Han Serif SC", serif; text-indent: 0; text-align: center; margin: 1.5rem 0 1rem; }
main > h1:first-child { font-size: 1.7rem; }
h2 { font: 1.1rem/1.75 "SimHei", "黑体", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif; margin-top: .8rem; }
h3 { font: 1rem/1.75 "KaiTi", "楷体", "STKaiti", "Noto Serif CJK SC", serif; }
[role=heading] { font-weight: bold; }
.t { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; margin: 0 auto; font: .85rem/1.4 "SimSun", "宋体", "Noto Serif CJK SC", "Source Han Serif SC", serif; }
th, td { border: 1px solid #000; padding: .2rem .45rem; vertical-align: middle; text-align: left; min-width: 1.5em; }
th { font-weight: normal; text-align: center; }
.f { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@page { size: A4; margin: 37mm 26mm 35mm 28mm; }
@page across { size: A4 landscape; margin: 28mm 37mm 26mm 35mm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 12pt; }
  .t { overflow: visible; padding: 0 1px; }
  .w { page: across; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h1, h2, h3, h4, h5, h6 { break-after: avoid; }
}
"""


def read(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    """The document in the bytes of a page; ``Refused`` where it is broken."""
    decoded = decode_page(data, name)
    blocks = Blocks(limits, name)
    read_into(blocks, decoded.text, name, limits)
    if not decoded.stated and decoded.encoding != "utf-8":
        blocks.notices.append(("ENCODING_ASSUMED", decoded.encoding))
    return blocks.document()


def write(document: Document) -> bytes:
    """One page in UTF-8 that runs no script and asks for no other file, as official documents look, on a screen and on paper.

    Which page text stood on and that a paragraph's end is a guess are not held, nor hidden rows and columns: they are shown.
    """
    return "".join(f"{line}\n" for line in _page(document)).encode()


def _page(document: Document) -> Iterator[str]:
    title = next((block.text for block in document.paragraphs if block.level), "")
    yield "<!DOCTYPE html>"
    yield '<html lang="zh-CN">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{marked_up(' '.join(title.split())) or '文档'}</title>"
    yield f"<style>{_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield "<main>"
    turned = [False, *across(document.blocks), False]
    for index, block in enumerate(document.blocks, 1):
        if turned[index] and not turned[index - 1]:
            yield '<div class="w">'
        if isinstance(block, Paragraph):
            yield paragraph_markup(block)
        else:
            yield '<div class="t">'
            yield from table_markup(block)
            yield "</div>"
        if turned[index] and not turned[index + 1]:
            yield "</div>"
    yield "</main>"
    yield "</body>"
    yield "</html>"
