"""PDFs written by hand, with every place and every fault at choice.

Chinese stands in a font that is not in the file but that every reader knows how to map (Adobe-GB1, PDF 32000-1 9.7.5.2); its
characters are as wide as they are high, figures half of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

A4 = (595, 842)
_FONT = b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/UniGB-UCS2-H/DescendantFonts[%d 0 R]>>"
_CID = (
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000"
    b"/W[1 95 500 814 939 500]/FontDescriptor<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0"
    b"/Ascent 880/Descent -120/CapHeight 700/StemV 80>>>>"
)


def width(text: str, size: float) -> float:
    """How wide a text is printed."""
    return sum(size / 2 if " " <= c <= "~" else size for c in text)


@dataclass
class Sheet:
    """One page as it is drawn; places are points from the lower left corner."""

    size: tuple[float, float] = A4
    rotate: int = 0
    drawn: list[str] = field(default_factory=list)
    entries: str = ""  # what more the page says

    def text(self, x: float, y: float, text: str, size: float = 12, *, font: str = "F1", mode: int = 0, colour: str = "0 g", turned: str = "1 0 0 1",
             spread: float = 0) -> None:  # fmt: skip
        """A piece of text from a place on, ``spread`` by so much after each character."""
        code = text.encode("utf-16-be").hex()
        self.drawn.append(
            f"BT {colour} {mode} Tr /{font} {size} Tf {spread:g} Tc {turned} {x:g} {y:g} Tm <{code}> Tj ET"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: str = "0 G") -> None:
        """A drawn line."""
        self.drawn.append(f"{colour} 0.5 w {x1:g} {y1:g} m {x2:g} {y2:g} l S")

    def area(self, x: float, y: float, wide: float, high: float, colour: str = "0 g") -> None:
        """A filled area; a thin one is how Word draws lines."""
        self.drawn.append(f"{colour} {x:g} {y:g} {wide:g} {high:g} re f")

    def picture(self, x: float, y: float, wide: float, high: float) -> None:
        """A picture, of one grey dot."""
        self.drawn.append(f"q {wide:g} 0 0 {high:g} {x:g} {y:g} cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x7f EI Q")


def document(
    sheets: Sequence[Sheet], *, catalog: str = "", more: Mapping[int, bytes] | None = None, compressed: bool = True
) -> bytes:  # fmt: skip
    """A file of these pages. Objects from 100 on are ``more``, by their number."""
    fonts = {"F1": b"STSong", "F2": b"STHeiti"}
    objects: dict[int, bytes] = {1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode()}
    for index, (_, name) in enumerate(fonts.items()):
        objects[4 + 2 * index] = _FONT % (name, 5 + 2 * index)
        objects[5 + 2 * index] = _CID % (name, name)
    named = "".join(f"/{name} {4 + 2 * index} 0 R" for index, name in enumerate(fonts))
    kids = []
    for index, sheet in enumerate(sheets):
        number = 1000 + 2 * index
        stream = "\n".join(sheet.drawn).encode("latin-1")
        kept = zlib.compress(stream) if compressed else stream
        packed = "/Filter/FlateDecode" if compressed else ""
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {sheet.size[0]:g} {sheet.size[1]:g}]/Rotate {sheet.rotate}/Contents {number + 1} 0 R"
            f"/Resources<</Font<<{named}>>>>{sheet.entries}>>"
        ).encode()
        objects[number + 1] = b"<</Length %d%s>>stream\n%s\nendstream" % (len(kept), packed.encode(), kept)
        kids.append(f"{number} 0 R")
    objects[2] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    return written({**objects, **(more or {})})


def written(objects: Mapping[int, bytes], trailer: str = "") -> bytes:
    """A file of these objects, the first of which is its catalogue, with its table of where each stands."""
    data = bytearray(b"%PDF-1.7\n")
    places = {}
    for number in sorted(objects):
        places[number] = len(data)
        data += b"%d 0 obj%s\nendobj\n" % (number, objects[number])
    start = len(data)
    data += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        data += b"%d 1\n%010d 00000 n \n" % (number, place)
    data += f"trailer<</Size {max(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(data)


# Setting text


LEFT, RIGHT, TOP, BOTTOM = 90, 505, 770, 72
_NEVER_FIRST = "，。、；：？！）》”％%"


def broken(text: str, room: float, size: float, indent: float = 2) -> list[str]:
    """The lines of a paragraph: figures are not parted, and no line begins with a mark that closes."""
    words: list[str] = []
    for c in text:
        figure = words and words[-1][-1] in "0123456789.,-" and c in "0123456789.,%"
        if figure or (words and c in _NEVER_FIRST):
            words[-1] += c
        else:
            words.append(c)
    lines = [""]
    left = room - indent * size
    for word in words:
        if width(lines[-1] + word, size) > left and lines[-1]:
            lines.append("")
            left = room
        lines[-1] += word
    return lines


def prose(paragraphs: Iterable[str], size: float = 16, step: float = 28, *, number: str = "- {} -", head: str = "", justified: bool = True) -> list[Sheet]:  # fmt: skip
    """Paragraphs set as official documents are: two characters in, full lines spread to the edge. What begins with # is a
    centred heading in another font."""
    sheets: list[Sheet] = []
    y = 0.0

    def next_line() -> float:
        nonlocal y
        y -= step
        if not sheets or y < BOTTOM:
            sheets.append(Sheet())
            y = TOP - size
            if head:
                sheets[-1].text((595 - width(head, 9)) / 2, 805, head, 9)
            if number:
                printed = number.format(len(sheets))
                sheets[-1].text((595 - width(printed, 10)) / 2, 40, printed, 10)
        return y

    for paragraph in paragraphs:
        if paragraph.startswith("#"):
            title = paragraph[1:]
            base = next_line()
            sheets[-1].text((LEFT + RIGHT - width(title, size + 4)) / 2, base, title, size + 4, font="F2")
            continue
        lines = broken(paragraph, RIGHT - LEFT, size)
        for index, line in enumerate(lines):
            x = LEFT + (0 if index else 2 * size)
            left_over = RIGHT - x - width(line, size)
            spread = left_over / max(len(line) - 1, 1) if justified and index < len(lines) - 1 else 0
            base = next_line()
            sheets[-1].text(x, base, line, size, spread=spread)
    return sheets


def table(
    sheet: Sheet, top: float, columns: Sequence[float], rows: Sequence[Sequence[str]], *, height: float = 20, size: float = 9,
    ruled: str = "both", merged: Iterable[tuple[int, int, int, int]] = (), thin: bool = False,
) -> float:  # fmt: skip
    """A table from its upper edge down; figures stand at the right of their cells. ``merged`` are ranges without walls inside,
    ``ruled`` tells which lines are drawn: ``both``, ``across`` or ``none``. The lower edge."""
    covered = {(r, c): m for m in merged for r in range(m[0], m[2] + 1) for c in range(m[1], m[3] + 1)}
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            r1, c1, r2, c2 = covered.get((r, c), (r, c, r, c))
            if (r, c) != (r1, c1):
                continue
            left, right = columns[c1], columns[c2 + 1]
            upper, lower = top - r1 * height, top - (r2 + 1) * height
            lines = text.split("\n")
            base = (upper + lower) / 2 - 0.38 * size + (len(lines) - 1) * size * 0.6
            for line in lines:
                wide = width(line, size)
                figure = line[-1:].isdigit() and c1 == c2
                sheet.text(right - 3 - wide if figure else left + 3, base, line, size)
                base -= 1.2 * size
            for x1, y1, x2, y2 in (
                (left, upper, right, upper), (left, lower, right, lower), (left, upper, left, lower), (right, upper, right, lower),
            ):  # fmt: skip
                if ruled == "none" or (ruled == "across" and x1 == x2):
                    continue
                if thin:
                    sheet.area(x1 - 0.25, y2 - 0.25, x2 - x1 + 0.5, y1 - y2 + 0.5)
                else:
                    sheet.line(x1, y1, x2, y2)
    return top - len(rows) * height
