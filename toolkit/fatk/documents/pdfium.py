"""What the pages of a PDF show, as plain lists: the work of a confined process.

PDFium reads the file; it draws nothing, runs no script and follows no link. Of each page this tells the characters with
their places, the straight lines, and how much of it pictures cover. What these mean is for others to say.

A character's place is told as people hold the page to read it: ``start`` and ``end`` along its line, ``base`` of the line,
which grows upwards; all in hundredths of a point. Text that runs upwards, upside down or downwards is ``turned`` by 1, 2 or 3
quarters, and its places are those of the page turned as much.
"""

from __future__ import annotations

import ctypes
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from typing import Any

import pypdfium2.raw as pdfium

from fatk.errors import Refused

_SCALE = 100
#: Farther from the origin nothing is on a page (PDF 2.0 annex C: 14,400 units a side).
_FARTHEST = 1_000_000
#: Widest area, in points, that people see as a line; deepest nesting of drawings in drawings.
_THIN, _DEEPEST = 3.0, 8
#: How far from straight a straight line may be, in points.
_ASKEW = 0.6
#: Outlines smaller than this are none; by how much text without outlines is moved, times 0 to so many less one, and how much
#: it leans.
_NOTHING, _FAR, _FEW_BEFORE, _LEANING = 0.01, 2_000.0, 8, 0.005
#: A colour from which each part is so bright is that of paper.
_PAPER = 250
#: Only a password opens it, or none that is known.
_LOCKED = {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}
#: Kinds of annotations: a link (followed by nobody), a window of a comment, and a field of a form.
_LINK, _POPUP, _FIELD = pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_WIDGET
_UNSEEN = {
    pdfium.FPDF_TEXTRENDERMODE_INVISIBLE,
    pdfium.FPDF_TEXTRENDERMODE_CLIP,
}
_THICKENED = {
    pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE,
    pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP,
}
_FORCED_BOLD = 1 << 18
#: Where a stream begins; what says before it that it is packed, first of all.
_STREAM = re.compile(rb">>\s{0,9}stream\r?\n")
_PACKED = re.compile(rb"/Filter\s*(?:\[\s*)?/FlateDecode")
#: How long what describes a stream may be; how much is unpacked at a time, and at most; how many streams are looked at.
_DESCRIBED, _PIECE, _UNPACKED, _STREAMS = 1_000, 1 << 18, 128 << 20, 100_000

_Matrix = tuple[float, float, float, float, float, float]
_SAME: _Matrix = (1, 0, 0, 1, 0, 0)
Found = dict[str, Any]


def read(data: bytes, limits: Mapping[str, int]) -> Found:
    """The pages of a PDF as lists and texts that JSON can carry; ``Refused`` where it has a password, is damaged or is beyond
    the limits (by the names of ``Limits``)."""
    pdfium.FPDF_InitLibrary()
    _shut()
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        if pdfium.FPDF_GetLastError() in _LOCKED:
            raise Refused("PDF_ENCRYPTED")
        raise Refused("PDF_CORRUPT", reason="structure")
    if not pdfium.FPDF_DocumentHasValidCrossReferenceTable(document):
        raise Refused("PDF_CORRUPT", reason="cross-reference table")
    count = pdfium.FPDF_GetPageCount(document)
    if count > limits["pages"]:
        raise Refused("PDF_TOO_MANY_PAGES", count=count, limit=limits["pages"])
    if count < 1:
        raise Refused("PDF_CORRUPT", reason="no pages")
    if (damaged := _damaged_stream(data)) is not None:
        raise Refused("PDF_CORRUPT", reason=f"stream at byte {damaged}")
    reader = _Reader(limits)
    pages = []
    for index in range(count):
        page = pdfium.FPDF_LoadPage(document, index)
        if not page:
            raise Refused("PDF_CORRUPT", reason=f"page {index + 1}")
        pages.append(reader.page(page))
        pdfium.FPDF_ClosePage(page)
    return {
        "pages": pages,
        "styles": [list(style) for style in reader.styles],
        "scripts": max(pdfium.FPDFDoc_GetJavaScriptActionCount(document), 0),
        "attachments": max(pdfium.FPDFDoc_GetAttachmentCount(document), 0),
    }


def _damaged_stream(data: bytes) -> int | None:
    """Where a packed stream begins whose bytes are not those that were written, if there is one: PDFium would show what comes
    before the fault, and nobody would see that the rest is missing."""
    if b"/Encrypt" in data:
        return None
    left = _UNPACKED
    for found in islice(_STREAM.finditer(data), _STREAMS):
        begin = found.end()
        described = data[max(begin - _DESCRIBED, 0) : begin]
        if not _PACKED.search(described, max(described.rfind(b" obj"), 0)):
            continue
        unpacking = zlib.decompressobj()
        place = begin
        try:
            while not unpacking.eof and left > 0:
                piece = unpacking.unconsumed_tail or data[place : place + _PIECE]
                if not unpacking.unconsumed_tail:
                    place += len(piece)
                if not piece:
                    break
                left -= len(unpacking.decompress(piece, _PIECE))
        except zlib.error:
            return begin
    return None


def _shut() -> None:
    """Let nothing be opened any more, neither file nor connection, since Python's audit does not see into PDFium.

    It needs nothing: not even the fonts of the system, which would make the same file read otherwise elsewhere.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))


class _Reader:
    """The pages read so far: what they have used of the limits, and the styles of their characters, each told once."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.characters = self.drawn = 0
        self.styles: dict[tuple[str, int, int, bool, bool, bool], int] = {}

    def page(self, page: Any) -> Found:
        """What one page shows."""
        box = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(page, box)
        edges = [_whole(v) for v in (box.left, box.bottom, box.right, box.top)]
        drawing = _Drawing()
        self.draw(_children_of_page(page), _SAME, drawing, 0)
        pictures = sum(_shared(picture, edges) for picture in drawing.pictures)
        area = max((edges[2] - edges[0]) * (edges[3] - edges[1]), 1)
        found = self.text(page, drawing.moved)
        kinds = [_kind_of_annotation(page, i) for i in range(max(pdfium.FPDFPage_GetAnnotCount(page), 0))]
        return {
            **found,
            "box": edges,
            "lines": drawing.lines,
            "fills": drawing.fills,
            "pictures": min(pictures / area, 1.0),
            "fields": kinds.count(_FIELD),
            "remarks": sum(kind not in {_FIELD, _LINK, _POPUP} for kind in kinds),
        }

    def text(self, page: Any, moved: Mapping[bytes, _Matrix]) -> Found:
        """The characters that a page states, at their places before some were moved, without those that PDFium makes up to part
        words and lines."""
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return {"text": "", "places": [], "style": [], "slanted": 0, "unknown": 0}
        count = max(pdfium.FPDFText_CountChars(text_page), 0)
        self.characters += count
        if self.characters > self.limits["page_characters"]:
            raise Refused("PDF_TEXT_TOO_LARGE", limit=self.limits["page_characters"])
        text: list[str] = []
        places: list[int] = []
        style: list[int] = []
        box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
        last, turned, number = b"", -1, -1
        undo: _Matrix | None = None
        before: tuple[int, int, int] | None = None
        together = 1
        slanted = unknown = 0
        for index in range(count):
            code = pdfium.FPDFText_GetUnicode(text_page, index)
            if code <= 32 and pdfium.FPDFText_IsGenerated(text_page, index):
                continue
            drawn = pdfium.FPDFText_GetTextObject(text_page, index)
            address = bytes(drawn)
            if address != last or not drawn:
                last, before = address, None
                turned, number = self.style(text_page, index, drawn)
                undo = moved.get(address)
            if turned < 0:
                slanted += 1
                continue
            pdfium.FPDFText_GetLooseCharBox(text_page, index, box)
            pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
            place = _turned(turned, box.left, box.bottom, box.right, box.top, x.value, y.value, undo)
            if pdfium.FPDFText_HasUnicodeMapError(text_page, index) == 1 or (
                not 32 <= code < 0xD800 and _private(code)
            ):
                unknown += 1
                code = 0xFFFD
            if place == before:
                together += 1
            else:
                if together > 1:
                    _part(places, together)
                before, together = place, 1
            text.append("-" if code == 2 else chr(code))  # 2: a hyphen at the end of a line
            places += place
            style.append(number)
        _part(places, together)
        pdfium.FPDFText_ClosePage(text_page)
        return {
            "text": "".join(text), "places": places, "style": style, "slanted": slanted, "unknown": unknown,
        }  # fmt: skip

    def style(self, text_page: Any, index: int, drawn: Any) -> tuple[int, int]:
        """By how many quarters the text of a character is turned, -1 where it is slanted; the number of its style."""
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(text_page, index, matrix)
        a, b = matrix.a, matrix.b
        if abs(b) <= 0.02 * abs(a):
            turned = 0 if a > 0 else 2
        elif abs(a) <= 0.02 * abs(b):
            turned = 1 if b > 0 else 3
        else:
            return -1, 0
        flags, name = ctypes.c_int(), (ctypes.c_char * 128)()
        pdfium.FPDFText_GetFontInfo(text_page, index, name, len(name), flags)
        size = pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
        font = name.value.decode("utf-8", "replace")
        mode = pdfium.FPDFTextObj_GetTextRenderMode(drawn) if drawn else 0
        bold = bool(flags.value & _FORCED_BOLD) or mode in _THICKENED or "bold" in font.lower()
        colour = [ctypes.c_uint() for _ in range(4)]
        pdfium.FPDFText_GetFillColor(text_page, index, *colour)
        paper = mode == 0 and min(c.value for c in colour[:3]) >= _PAPER
        unseen = mode in _UNSEEN or (mode == 0 and colour[3].value == 0)
        style = (font, _whole(abs(size)), turned, bold, unseen, paper)
        return turned, self.styles.setdefault(style, len(self.styles))

    def draw(self, objects: Iterator[Any], matrix: _Matrix, drawing: _Drawing, depth: int) -> None:
        """Add what the objects of a page, or of a drawing in it, draw; the matrix brings their places onto the page."""
        for drawn in objects:
            self.count(1)
            kind = pdfium.FPDFPageObj_GetType(drawn)
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                self.path(drawn, _product(_matrix_of(drawn), matrix), drawing)
            elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
                _set_apart(drawn, matrix, drawing)
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                corners = _corners(_product(_matrix_of(drawn), matrix))
                drawing.pictures.append(corners)
                drawing.fills += corners
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                self.draw(_children_of_form(drawn), _product(_matrix_of(drawn), matrix), drawing, depth + 1)

    def count(self, more: int) -> None:
        self.drawn += more
        if self.drawn > self.limits["page_drawings"]:
            raise Refused("PDF_TOO_COMPLEX", limit=self.limits["page_drawings"])

    def path(self, drawn: Any, matrix: _Matrix, drawing: _Drawing) -> None:
        """Add the straight lines that a path draws along the edges of the page, and the areas that it fills."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(drawn, fill, stroke)
        stroked = bool(stroke.value) and not _paper(pdfium.FPDFPageObj_GetStrokeColor, drawn)
        filled = bool(fill.value) and not _paper(pdfium.FPDFPageObj_GetFillColor, drawn)
        if not (stroked or filled):
            return
        pieces = pdfium.FPDFPath_CountSegments(drawn)
        self.count(pieces)
        for outline in _outlines(drawn, pieces, matrix):
            xs, ys = [x for x, _ in outline], [y for _, y in outline]
            box = [min(xs), min(ys), max(xs), max(ys)]
            if not all(-_FARTHEST < v < _FARTHEST for v in box):
                continue
            if stroked:
                for (x1, y1), (x2, y2) in pairwise(outline):
                    if abs(x1 - x2) <= _ASKEW or abs(y1 - y2) <= _ASKEW:
                        drawing.lines += [_whole(v) for v in (x1, y1, x2, y2)]
            if filled and len(outline) > 2:
                width, height = box[2] - box[0], box[3] - box[1]
                if min(width, height) > _THIN:
                    drawing.fills += [_whole(v) for v in box]
                elif not stroked and width > height:
                    middle = (box[1] + box[3]) / 2
                    drawing.lines += [_whole(v) for v in (box[0], middle, box[2], middle)]
                elif not stroked:
                    middle = (box[0] + box[2]) / 2
                    drawing.lines += [_whole(v) for v in (middle, box[1], middle, box[3])]


class _Drawing:
    """What a page draws: lines by their ends, filled areas and pictures by their corners; and what undoes, on the page, that
    pieces of text were moved, by their addresses."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.fills: list[int] = []
        self.pictures: list[list[int]] = []
        self.texts = 0
        self.moved: dict[bytes, _Matrix] = {}


def _set_apart(drawn: Any, matrix: _Matrix, drawing: _Drawing) -> None:
    """Move a piece of text whose signs PDFium has no outlines of.

    It takes two such pieces that say the same and begin above one another, as equal figures in a column do, for one that is
    printed twice, and drops the second; it compares each with the few before it only. It also drops what runs upwards or
    downwards, since it has no width, unless it leans.
    """
    edges = [ctypes.c_float() for _ in range(4)]
    known = pdfium.FPDFPageObj_GetBounds(drawn, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    if known and right - left > _NOTHING and top - bottom > _NOTHING:
        return
    drawing.texts += 1
    apart: _Matrix = (1, 0, _LEANING, 1, drawing.texts % _FEW_BEFORE * _FAR, 0)
    inverse = _inverse(matrix)
    if inverse and pdfium.FPDFPageObj_TransformF(drawn, pdfium.FS_MATRIX(*apart)):
        undone = (1, 0, -_LEANING, 1, -apart[4], 0)
        drawing.moved[bytes(drawn)] = _product(_product(inverse, undone), matrix)


def _children_of_page(page: Any) -> Iterator[Any]:
    for index in range(max(pdfium.FPDFPage_CountObjects(page), 0)):
        yield pdfium.FPDFPage_GetObject(page, index)


def _children_of_form(drawn: Any) -> Iterator[Any]:
    for index in range(max(pdfium.FPDFFormObj_CountObjects(drawn), 0)):
        yield pdfium.FPDFFormObj_GetObject(drawn, index)


def _outlines(drawn: Any, pieces: int, matrix: _Matrix) -> Iterator[list[tuple[float, float]]]:
    """The corners of each part of a path that has straight sides only; a closed one ends where it begins."""
    x, y = ctypes.c_float(), ctypes.c_float()
    outline: list[tuple[float, float]] = []
    straight = True
    a, b, c, d, e, f = matrix
    for index in range(pieces):
        piece = pdfium.FPDFPath_GetPathSegment(drawn, index)
        pdfium.FPDFPathSegment_GetPoint(piece, x, y)
        kind = pdfium.FPDFPathSegment_GetType(piece)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            if straight and len(outline) > 1:
                yield outline
            outline, straight = [], True
        elif kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            straight = False
        outline.append((a * x.value + c * y.value + e, b * x.value + d * y.value + f))
        if pdfium.FPDFPathSegment_GetClose(piece):
            outline.append(outline[0])
    if straight and len(outline) > 1:
        yield outline


def _matrix_of(drawn: Any) -> _Matrix:
    m = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(drawn, m):
        return _SAME
    return m.a, m.b, m.c, m.d, m.e, m.f


def _product(first: _Matrix, then: _Matrix) -> _Matrix:
    a, b, c, d, e, f = first
    a2, b2, c2, d2, e2, f2 = then
    return (
        a * a2 + b * c2, a * b2 + b * d2, c * a2 + d * c2, c * b2 + d * d2, e * a2 + f * c2 + e2, e * b2 + f * d2 + f2,
    )  # fmt: skip


def _inverse(matrix: _Matrix) -> _Matrix | None:
    """What undoes a matrix, if anything does."""
    a, b, c, d, e, f = matrix
    area = a * d - b * c
    if not 1e-9 < abs(area) < 1e9:
        return None
    return d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area


def _at(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    """Where a matrix brings a place."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _corners(matrix: _Matrix) -> list[int]:
    """The corners of a picture, which is drawn into the unit square."""
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return [_whole(v) for v in (min(xs), min(ys), max(xs), max(ys))]


def _shared(box: list[int], edges: list[int]) -> int:
    """How much of the page a picture covers."""
    width = min(box[2], edges[2]) - max(box[0], edges[0])
    height = min(box[3], edges[3]) - max(box[1], edges[1])
    return max(width, 0) * max(height, 0)


def _part(places: list[int], together: int) -> None:
    """Give each of the last characters its part of the place that they share: they are drawn as one sign, such as ffi."""
    if together < 2:
        return
    start, end, base = places[-3:]
    del places[-3 * together :]
    for index in range(together):
        places += [
            start + (end - start) * index // together, start + (end - start) * (index + 1) // together, base,
        ]  # fmt: skip


def _turned(
    turned: int,
    left: float,
    bottom: float,
    right: float,
    top: float,
    x: float,
    y: float,
    undo: _Matrix | None,
) -> tuple[int, int, int]:
    """Start, end and base of a character on the page as it is turned to be read, given its box and its origin."""
    if undo:
        (left, bottom), (right, top), (x, y) = _at(undo, left, bottom), _at(undo, right, top), _at(undo, x, y)
    if turned == 0:
        place = left, right, y
    elif turned == 1:
        place = bottom, top, -x
    elif turned == 2:
        place = -right, -left, -y
    else:
        place = -top, -bottom, x
    start, end, base = place
    if not (
        -_FARTHEST < start < _FARTHEST and -_FARTHEST < end < _FARTHEST and -_FARTHEST < base < _FARTHEST
    ):
        return (-_FARTHEST * _SCALE,) * 3
    return round(start * _SCALE), round(end * _SCALE), round(base * _SCALE)


def _paper(ask: Any, drawn: Any) -> bool:
    """Whether nobody sees a colour on paper: it is white, or clear."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not ask(drawn, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= _PAPER


def _kind_of_annotation(page: Any, index: int) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page, index)
    if not annotation:
        return int(_LINK)
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    pdfium.FPDFPage_CloseAnnot(annotation)
    return int(kind)


def _private(code: int) -> bool:
    """Whether a code stands for no character that all agree on."""
    return (
        0xE000 <= code <= 0xF8FF
        or 0xD800 <= code <= 0xDFFF
        or code > 0xF0000
        or code in {0, 0xFFFD, 0xFFFE, 0xFFFF}
        or (code < 32 and code not in {2, 9, 10, 13})
    )


def _whole(value: float) -> int:
    """A length in hundredths of a point; the farthest where it is none."""
    if not -_FARTHEST < value < _FARTHEST:
        return _FARTHEST * _SCALE
    return round(value * _SCALE)
