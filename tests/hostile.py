"""Hostile and faulty files as data, and a program that reads each in a process of its own and tells what came of it.

``docs/untrusted-files.md`` names the rows; ``test_hostile`` holds what came of each case against what it has to be. Run as
``python hostile.py LETTER``, it prints one line of JSON for each case of the rows of that letter.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import signal
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

import old_office as old
import pdf_maker
import test_bad_input as known
import test_documents_word as words
from fatk import check, findings, formats
from fatk.documents import NOTICES, pdf
from fatk.errors import Refused
from fatk.grid import a1
from fatk.model import Report
from test_ooxml import DOCTYPE, MAIN, flagged, overlapping, packed, parts

#: What a file may cost: seconds of the processor, and bytes of memory at the highest, also in a process started for it.
SECONDS, MEMORY = 5, 512 << 20


@dataclass(frozen=True)
class Read:
    """What has to come of a file that is read: these notices and no others (``None``: whichever), this many cells, the
    minimal report unchanged, this total of its income."""

    notices: tuple[str, ...] | None = None
    cells: int | None = None
    minimal: bool = False
    value: str | None = None


@dataclass(frozen=True)
class Case:
    """One file: the row that it belongs to, what is wrong with it, how it is made, and the code of its refusal or what it
    reads as; ``form`` is ``pdf`` where it is read as a document of that form."""

    row: str
    what: str
    make: Callable[[], bytes]
    expected: str | Read
    form: str = "report"


MINIMAL = Read(notices=(), minimal=True)


def also(row: str, table: list[Any], make: Callable[[Any], bytes], *names: str) -> list[Case]:
    """Cases of ``test_bad_input`` by their names; without names all of a table."""
    found = []
    for case in table:
        what, edit, expected = getattr(case, "values", case)
        if not names or what in names:
            kept = (
                expected if isinstance(expected, str) else Read(tuple(sorted(rule for rule, _ in expected)))
            )
            found.append(Case(row, what, lambda edit=edit: make(edit), kept))
    assert len(found) >= len(names) > 0 or not names, names
    return found


def files(row: str, *names: str) -> list[Case]:
    return also(row, known.FILES, lambda data: data, *names)


def documents(row: str, *names: str) -> list[Case]:
    return also(row, known.JSON, known.edited, *names)


def zipped_package(edit: Callable[[dict[str, bytes]], object]) -> bytes:
    members = dict(known.members())
    edit(members)
    return known.zipped(*members.items())


def packages(row: str, *names: str) -> list[Case]:
    return also(row, known.PACKAGES, zipped_package, *names)


def archives(row: str, *names: str) -> list[Case]:
    return also(row, known.ARCHIVES, lambda make: make(), *names)


def workbooks(row: str, *names: str) -> list[Case]:
    return also(row, known.WORKBOOKS, known.remade, *names)


# Zips


def streamed(name: str, pieces: Iterable[bytes], **others: str | bytes) -> bytes:
    """A workbook one part of which is written piece by piece, as small as zip makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for other, data in {**parts(), **others}.items():
            if other != name:
                archive.writestr(other, data)
        with archive.open(name, "w") as member:
            for piece in pieces:
                member.write(piece)
    return buffer.getvalue()


def sheet_of(*pieces: bytes, times: int = 1) -> bytes:
    head = f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()

    def every() -> Iterable[bytes]:
        yield head
        for _ in range(times):
            yield from pieces
        yield b"</sheetData></worksheet>"

    return streamed("xl/worksheets/sheet1.xml", every())


def one_text() -> bytes:
    """512 MiB of text in one cell."""
    first, last = b'<row r="1"><c r="A1" t="inlineStr"><is><t>', b"</t></is></c></row>"

    def every() -> Iterable[bytes]:
        yield f'<worksheet xmlns="{MAIN}"><sheetData>'.encode() + first
        for _ in range(512):
            yield b"x" * (1 << 20)
        yield last + b"</sheetData></worksheet>"

    return streamed("xl/worksheets/sheet1.xml", every())


def renamed(names: dict[str, bytes]) -> bytes:
    """The minimal package in a zip, names replaced by raw bytes of the same length, as archivers without flags write them."""
    data = zipped_package(lambda _: None)
    for name, raw in names.items():
        assert len(name) == len(raw)
        data = data.replace(name.encode(), raw)
    return data


def chinese_folder() -> bytes:
    """A package whose table lies in a folder with a Chinese name, in GBK and unflagged."""
    folder = "2023年部门决算"
    raw = folder.encode("gb18030")
    stand_in = "A" * len(raw)

    def edit(members: dict[str, bytes]) -> None:
        members[f"{stand_in}/income.csv"] = members.pop("income.csv")
        known.at_path(f"{folder}/income.csv")(members)

    return zipped_package(edit).replace(stand_in.encode(), raw)


NAMES = ("../x", "a/../x", "/x", "C:/x", "//host/x", "a\\b", "a\x07", "CON", "nul.txt", "a/COM1.csv", "lpt9 .x", "a.", "a ", "a/./b",
         "a.csv:stream", "a//b", "a?", 'a"', "a*", "a|b", "x" * 256, "conin$")  # fmt: skip


def named(name: str) -> bytes:
    """A package with one more member of that name, which zipfile itself would change."""
    stand_in = "Q" * len(name)
    data = zipped_package(lambda members: members.update({stand_in: b"x"}))
    return data.replace(stand_in.encode(), name.encode())


# Workbooks


def sheet(data: str, after: str = "", before: str = "", **more: Any) -> Callable[[], bytes]:
    return lambda: packed(parts(data, after, before, **more))


def in_sheet(change: Callable[[str], str], name: str = known.INC, **more: bytes) -> bytes:
    """The minimal workbook with the markup of one sheet changed, and with more parts."""
    with zipfile.ZipFile(io.BytesIO(known.workbook())) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    part = f"xl/worksheets/sheet{[s.name for s in known.book().sheets].index(name) + 1}.xml"
    before = members[part].decode()
    after = change(before)
    assert after != before or more
    return packed({**members, part: after.encode(), **more})


def cell_c7(markup: str) -> Callable[[str], str]:
    """Other markup in the place of cell C7."""

    def change(data: str) -> str:
        begin = data.index('<c r="C7"')
        end = data.index("</c>", begin) + 4
        return data[:begin] + markup + data[end:]

    return change


def styled_blanks(rows: int, columns: int) -> Callable[[], bytes]:
    """A sheet with one figure and a great many cells that only have a style."""

    def make() -> bytes:
        def every() -> Iterable[bytes]:
            yield f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'.encode()
            for row in range(2, rows + 2):
                cells = "".join(f'<c r="{a1(row - 1, c)}" s="1"/>' for c in range(columns))
                yield f'<row r="{row}" s="1" customFormat="1">{cells}</row>'.encode()
            yield b"</sheetData></worksheet>"

        return streamed("xl/worksheets/sheet1.xml", every())

    return make


def xls(*sheets: bytes, **more: Any) -> Callable[[], bytes]:
    return lambda: old.compound({"Workbook": old.workbook(*sheets, **more)})


def minimal_xls() -> bytes:
    """The minimal workbook's cells as records."""
    book = openpyxl.load_workbook(io.BytesIO(known.workbook()))
    made = []
    for page in book:
        records = b""
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    records += old.label(cell.row - 1, cell.column - 1, cell.value)
                elif cell.value is not None:
                    shown = 1 if cell.number_format.endswith("0.00") else 0
                    records += old.number(cell.row - 1, cell.column - 1, float(cell.value), shown)
        for merged in page.merged_cells.ranges:
            c1, r1, c2, r2 = merged.bounds
            records += old.record(0x00E5, struct.pack("<HHHHH", 1, r1 - 1, r2 - 1, c1 - 1, c2 - 1))
        made.append(records)
    return old.compound({"Workbook": old.workbook(*made, names=book.sheetnames)})


def noise(size: int) -> bytes:
    return random.Random(5).randbytes(size)


ONE = '<row r="1"><c r="A1"><v>1</v></c></row>'
DTD_PARTS = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml",
             "xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml")  # fmt: skip
LINKS = {
    "xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'.encode(),
    "xl/connections.xml": f'<connections xmlns="{MAIN}"/>'.encode(),
    "xl/embeddings/oleObject1.bin": b"x",
}
#: Printed numbers: what each is read as; ``None`` is "not a number", told with its cell.
NA = "Nothing.NOT_APPLICABLE"
PRINTED = {
    "5": "5", "5.00": "5.00", "-5.00": "-5.00", "0.00": "0.00", "1234.5": "1234.5", "1,234.5": "1234.5", "1,234,567.89": "1234567.89",
    "-1,234.50": "-1234.50", "(123)": "-123", "(1,234.50)": "-1234.50", "５．００": "5.00", "１，２３４．５": "1234.5", "－５": "-5",
    " 5.00 ": "5.00", "　5.00　": "5.00", "\u00a05.00": "5.00", "5.00\n": "5.00", "-0": "0", "-0.00": "0.00", "（5.00）": "-5.00",
    "—": NA, "－": NA, "/": NA, "未公开": "Nothing.UNDISCLOSED", "": "None", "　": "None",
    "1,23": None, "1,2345": None, ",123": None, "1.234,5": None, "1 234": "1234", "1_234": None, "+5": None, "5.": None, ".5": None, "05": None,
    "5e0": None, "1.20101E+05": None, "0x10": None, "1/2": None, "5%": None, "5元": None, "约5": None, "5.00*": None, "--5": None, "((5))": None,
    "(5": None, "5)": None, "²": None, "①": None, "五": None, "Ⅴ": None, "٥": None, "५": None, "1e999999": None, "NaN": None, "inf": None,
    "9" * 25: None, "5.0000001": None, "5.00 6.00": None, "'5.00": None, "O.00": None, "l.00": None, "1，234。5": None, "5.00①": None, "5.0²": None,
}  # fmt: skip


def printed(text: str) -> Callable[[], bytes]:
    markup = f'<c r="C7" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
    return lambda: in_sheet(cell_c7(markup))


# The rows

CASES: list[Case] = [
    # Archives and containers
    Case("Z1", "512 MiB of text in one cell", one_text, "ZIP_BOMB"),
    Case("Z1", "512 MiB of rows", lambda: sheet_of(b'<row><c t="b"><v>1</v></c></row>' * 32768, times=512), "ZIP_BOMB"),
    *archives("Z1", "a bomb"),
    Case("Z2", "10 bytes that are a megabyte", lambda: overlapping(1, 10), "ZIP_NO_REPORT"),
    Case("Z2", "a part that is longer than it says", lambda: lying(10), "ZIP_CORRUPT"),
    *files("Z2", "a workbook with one byte changed"),
    Case("Z3", "one entry listed 1,000 times", lambda: overlapping(1000, 1 << 20), "ZIP_OVERLAPPING_ENTRIES"),
    Case("Z3", "the same with forged sizes", lambda: overlapping(1000, 10), "ZIP_OVERLAPPING_ENTRIES"),
    *archives("Z3", "a name twice", "a name twice but for case"),
    *(Case("Z4", f"a name such as {name[:20]!r}", lambda name=name: named(name), "ZIP_UNSAFE_NAME") for name in NAMES),
    *archives("Z5", "a link"),
    Case("Z6", "a package with a password", lambda: flagged(zipped_package(lambda _: None), 1), "ZIP_ENCRYPTED"),
    Case("Z7", "a folder named in GBK", chinese_folder, MINIMAL),
    Case("Z7", "a name in no encoding", lambda: renamed({"income.csv": b"\xff" * 10}), "ZIP_UNSAFE_NAME"),
    *archives("Z8", "what Macs and Windows put in"),
    *packages("Z8", "a CSV that is not listed"),
    *files("Z9", "something before a workbook"),
    Case("Z9", "a workbook in a zip", lambda: known.zipped(("报表.xlsx", known.workbook())), Read(minimal=True)),
    Case("Z9", "a workbook in a zip in a zip", lambda: known.zipped(("甲.zip", known.zipped(("报表.xlsx", known.workbook())))), "ZIP_NESTED"),
    Case("Z9", "a zip 20 zips deep", lambda: nested(20), "ZIP_NESTED"),
    Case("Z9", "a web page and a workbook in one", lambda: b"<html><table>" + known.workbook(), "CONTAINER_PREFIX"),
    Case("Z9", "a document and a workbook in one", lambda: b"{}" + known.workbook(), "CONTAINER_PREFIX"),
    *files("Z10", "nothing", "half a workbook", "a workbook less its last byte", "the first 100 bytes of a workbook"),
    Case("Z10", "the first 2,500 bytes of a workbook", lambda: known.workbook()[:2500], "ZIP_TRUNCATED"),
    Case("Z10", "half an .xls", lambda: minimal_xls()[: 9000], "OLE_TRUNCATED"),
    # Spreadsheets
    *(Case("X1", f"a document type in {part}", lambda part=part: packed({**parts(ONE), part: DOCTYPE + str(parts(ONE)[part]).partition("?>")[2]}),
           "XML_DTD_FORBIDDEN") for part in DTD_PARTS if "worksheets" not in part),
    Case("X1", "an entity bomb in a sheet", lambda: packed({**parts(), "xl/worksheets/sheet1.xml": bomb_of_entities()}), "XML_DTD_FORBIDDEN"),
    Case("X1", "an entity from a file", lambda: packed({**parts(), "xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'}), "XML_DTD_FORBIDDEN"),
    Case("X2", "a dimension of the whole sheet", sheet(ONE, before='<dimension ref="A1:XFD1048576"/>'), Read(cells=1)),
    Case("X2", "two cells at the corners", sheet(ONE + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "XLSX_SPARSE_AREA"),
    Case("X2", "everything merged", sheet(ONE, after='<mergeCells><mergeCell ref="A1:XFD100000"/></mergeCells>'), "XLSX_MERGE_AREA"),
    *(Case("X2", f"a cell named {name}", sheet(f'<row r="1"><c r="{name}"><v>1</v></c></row>'), "XLSX_BAD_REFERENCE") for name in ("AAAAAAA1", "A0", "XFE1", "A2")),
    Case("X2", "two cells at the corners of an .xls", xls(old.number(0, 0, 1) + old.number(65535, 255, 1)), "XLSX_SPARSE_AREA"),
    Case("X2", "everything merged in an .xls", xls(old.record(0x00E5, struct.pack("<HHHHH", 1, 0, 65535, 0, 255))), "XLSX_MERGE_AREA"),
    Case("X3", "a dimension of one cell", sheet("".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="B{i}"><v>2</v></c></row>' for i in range(1, 11)),
         before='<dimension ref="A1:A1"/>'), Read(cells=20)),
    *workbooks("X4", "a formula without its value", "a code that is a formula without its value"),
    Case("X4", "a formula without its value in an .xls", xls(old.formula(0, 0, old.BLANK, old.SUM)), Read(cells=1)),
    Case("X5", "a formula with its value", lambda: in_sheet(cell_c7('<c r="C7"><f>SUM(D7:I7)</f><v>5.00</v></c>')), Read((), value="5.00")),
    Case("X5", "a formula with a value that is stale", lambda: in_sheet(cell_c7('<c r="C7"><f>SUM(D7:I7)</f><v>4</v></c>')), Read((), value="4.00")),
    *(Case("X6", f"the error {error}", lambda error=error: in_sheet(cell_c7(f'<c r="C7" t="e"><v>{error}</v></c>')), Read(("READ-31",)))
      for error in ("#DIV/0!", "#REF!", "#N/A", "#VALUE!", "#NAME?")),
    Case("X7", "links, connections, embedded objects", lambda: in_sheet(str, **LINKS), Read(("READ-45",) * 3, minimal=True)),
    Case("X7", "another workbook behind an .xls", xls(old.number(0, 0, 1), before=old.record(0x01AE, b"\1\0" + old.text8("\x01甲.xls"))), Read(cells=1)),
    Case("X8", "macros", lambda: in_sheet(str, **{"xl/vbaProject.bin": noise(9000)}), Read(("READ-44",), minimal=True)),
    Case("X8", "macros in an .xls", lambda: old.compound({"Workbook": old.workbook(old.number(0, 0, 1))}, ["_VBA_PROJECT_CUR"]), Read(cells=1)),
    Case("X8", "a sheet of macros", xls(old.number(0, 0, 1), b"", kinds=[0, 1]), Read(cells=1)),
    *files("X8", "binary workbook"),
    Case("X9", "an .xlsx with a password", lambda: old.compound({"EncryptedPackage": noise(9000), "EncryptionInfo": noise(200)}), "ENCRYPTED_WORKBOOK"),
    Case("X9", "an .xls with a password", xls(noise(900), before=old.record(0x002F, noise(54))), "ENCRYPTED_XLS"),
    *files("X10", "encrypted by the office"),
    Case("X10", "a header of the office and noise", lambda: b"%TSD-Header-###%" + noise(4096), "DLP_ENCRYPTED"),
    Case("X10", "noise", lambda: b"\x00\x01" + noise(4096), "BINARY_UNKNOWN"),
    *files("X11", "the first line of a web archive", "half an HTML table", "HTML 5 without a table", "half an XML spreadsheet of 2003"),
    Case("X11", "text with tabs as .xls", lambda: text_table("\t").encode("gbk"), Read(cells=18)),
    Case("X12", "the minimal workbook as records", minimal_xls, MINIMAL),
    *files("X13", "PowerPoint", "OFD", "PNG", "JPEG", "GIF", "bitmap"),
    Case("X13", "PowerPoint 97", lambda: old.compound({"PowerPoint Document": noise(9000)}), "NOT_A_TABLE_PPT"),
    Case("X13", "another old Office file", lambda: old.compound({"VisioDocument": noise(9000)}), "OLE_UNKNOWN"),
    *workbooks("X14", "a hidden sheet", "a sheet more", "a table twice", "a remark below"),
    *(Case("X15", f"printed as {text!r}", printed(text), Read(("READ-01",), value="None") if value is None else Read(value=value)) for text, value in PRINTED.items()),
    Case("X16", "100,000 rows that only have a style", styled_blanks(100_000, 0), Read(cells=1)),
    Case("X16", "300,000 rows that only have a style", styled_blanks(300_000, 0), Read(cells=1)),
    Case("X16", "a million cells that only have a style", styled_blanks(100_000, 10), Read(cells=1)),
    Case("X16", "a million cells of an .xls that only have a style", xls(
        old.number(0, 0, 1) + b"".join(old.record(0x00BE, struct.pack("<HH", row, 0) + bytes(32) + b"\x0f\0") for row in range(1, 62_501))), Read(cells=1)),
    *workbooks("X17", "a code as a number", "a code of four digits", "a date in the place of a code", "a code that is an error"),
    Case("X17", "a code with a point", lambda: known.remade(known.cell(known.INC, "A8", 201.01)), Read(("READ-37", "READ-41"))),
    Case("X17", "a code with an exponent", lambda: known.remade(known.cell(known.INC, "A8", "2.01E+02")), Read(("READ-37", "READ-41"))),
    # Documents
    Case("D1", "a document type in the text", lambda: words.packed("", **{"word/document.xml": f'<!DOCTYPE x [<!ENTITY a "b">]><w:document {words.NAMES}/>'}), "XML_DTD_FORBIDDEN"),
    Case("D1", "a document type in a part that is not read", lambda: words.packed("", **{"word/footnotes.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), "XML_DTD_FORBIDDEN"),
    Case("D2", "3,000 cells in one another", lambda: words.packed("<w:tbl><w:tr><w:tc>" * 3000 + "</w:tc></w:tr></w:tbl>" * 3000), "XML_TOO_COMPLEX"),
    Case("D2", "a paragraph of a million runs without an end", lambda: words.packed("<w:p>" + "<w:r>" * 1_000_000), "XML_TOO_COMPLEX"),
    Case("D3", "a paragraph of two million characters", lambda: words.packed(words.par(words.run("长" * 2_000_000))), "CELL_TOO_LONG"),
    Case("D3", "a cell of many columns", lambda: words.packed(words.tbl(words.row(words.cell("x", '<w:gridSpan w:val="999999999"/>')))), "XLSX_BAD_REFERENCE"),
    Case("D3", "many cells of many columns", lambda: words.packed(words.tbl(*[words.row(words.cell("x", '<w:gridSpan w:val="9999"/>'))] * 300)), "XLSX_MERGE_AREA"),
    Case("D4", "fields that never end", lambda: words.packed(words.par('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' * 50_000, words.run("决算"))), "DOCUMENT_EMPTY"),
    Case("D4", "5,000 paragraphs", lambda: words.packed(words.par(words.run("决算收入 5.00 万元。")) * 5_000), "DOCUMENT_OTHER"),
    Case("D4", "20,000 rows", lambda: words.packed(words.tbl(*[words.row(*[words.cell("5.00")] * 9)] * 20_000)), "DOCUMENT_OTHER"),
    Case("D7", "a document with a password", lambda: old.compound({"EncryptedPackage": noise(9000), "EncryptionInfo": noise(200)}), "ENCRYPTED_WORKBOOK"),
    Case("D7", "Word 97 with a password", lambda: old.compound({"WordDocument": b"\xec\xa5\xc1\0" + bytes(6) + b"\0\1" + bytes(500)}), "ENCRYPTED_DOCUMENT"),
    *files("D10", "Word"),
    *files("F2", "PDF"),
    # CSV and encodings
    *packages("C1", "GBK", "UTF-16", "a mark of byte order", "a resource in another encoding"),
    *files("C1", "UTF-16 without its mark", "text in no encoding"),
    Case("C1", "a table as text in GBK", lambda: text_table().encode("gbk"), Read(cells=18)),
    Case("C1", "a table as text in UTF-16", lambda: text_table().encode("utf-16"), Read(cells=18)),
    Case("C2", "GBK that is UTF-8 too", lambda: "支".encode("gbk"), "ENCODING_AMBIGUOUS"),
    *packages("C4", "a quote that is not closed", "a quote closed too early"),
    *packages("C5", "a cell too many", "a cell too few", "blank cells at the end of a row", "blank rows at the end"),
    *packages("C6", "NUL in a text", "an escape in a text", "a line end within a text"),
    *packages("C7", "a resource with another delimiter"),
    Case("C7", "semicolons", lambda: zipped_package(known.over("income.csv", lambda b: b.replace(b",", b";"))), Read(None)),
    Case("C8", "a field of 131,073 characters", lambda: zipped_package(known.in_csv("income.csv", "合计", "长" * 131_073)), Read(())),
    *packages("C8", "a longer field than the limit", "600 columns"),
    *packages("C9", "line ends of Windows"),
    # JSON, YAML, schemas
    *documents("J1", "100,000 brackets", "10,000 levels of objects", "more levels than the limit"),
    Case("J1", "a document of 400 levels", lambda: known.edited(known.put("/x", json.loads("[" * 400 + "]" * 400))), "JSON_TOO_DEEP"),
    *documents("J2", "an integer of 5,000 digits", "a decimal of 5,000 digits", "an amount of 25 digits", "a longer string than the limit"),
    Case("J2", "1e999999999", lambda: known.edited(known.instead('"5.00"', "1e999999999")), "NUMBER_TOO_LONG"),
    *documents("J3", "NaN", "-Infinity", "a key twice"),
    Case("J4", "a pattern that never ends", lambda: zipped_package(known.described(lambda d: known.listed(d).update(schema={"fields": [{"name": "name", "constraints": {"pattern": "^(a+)+$"}}]}))), Read(None)),
    *(Case("J6", f"an address as {member}", lambda member=member: zipped_package(known.described(lambda d: d.update({member: "http://127.0.0.1:9/x"}))), Read(None))
      for member in ("$schema", "profile", "@context", "licenses")),
    Case("J6", "an address as the schema of a table", lambda: zipped_package(known.described(lambda d: known.listed(d).update(schema="http://127.0.0.1:9/x"))), Read(None)),
    Case("J6", "an address as $ref", lambda: known.edited(known.put("/$ref", "http://127.0.0.1:9/x")), Read(("READ-11",))),
    Case("J7", "YAML", lambda: b"a: &a\n- x\n- x\nb: &b\n- *a\n- *a\n", "TEXT_UNKNOWN"),
    *documents("J8", "half a surrogate pair in an escape", "half a surrogate pair in UTF-8"),
    # Paths and what is written
    *(c for c in packages("P1") if c.what.startswith("a path that is")),
    *documents("P5", "a text that a spreadsheet would run", "a text that only begins so"),
    *documents("P6", "a text with an escape", "a text with NUL"),
    # PDF
    Case("F1", "a password", lambda: one_pdf().replace(b"trailer<<", b"trailer<</ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/O<" + b"11" * 32 + b">/U<" + b"22" * 32 + b">/P -4>>"), "PDF_ENCRYPTED", "pdf"),
    Case("F1", "a lock that nobody knows", lambda: one_pdf().replace(b"trailer<<", b"trailer<</ID[<00><00>]/Encrypt<</Filter/Foo/V 9>>"), "PDF_ENCRYPTED", "pdf"),
    Case("F2", "cut short", lambda: one_pdf()[:-200], "PDF_TRUNCATED", "pdf"),
    Case("F2", "cut in the middle, with an end", lambda: one_pdf()[:-300] + b"%%EOF", "PDF_CORRUPT", "pdf"),
    Case("F2", "no table of objects", lambda: one_pdf().replace(b"startxref\n", b"startxref\n1"), "PDF_CORRUPT", "pdf"),
    Case("F2", "a table that is before itself", lambda: one_pdf().replace(b"trailer<<", b"trailer<</Prev 9 "), "PDF_CORRUPT", "pdf"),
    Case("F2", "packed bytes that are noise", lambda: painted(noise(5000), packed=True), "PDF_CORRUPT", "pdf"),
    Case("F3", "pages within themselves", lambda: tree("2 0 R 2 0 R", 900), "PDF_CORRUPT", "pdf"),
    Case("F3", "900 pages that are one", lambda: tree("3 0 R", 900), "PDF_CORRUPT", "pdf"),
    Case("F3", "3,000 pages", lambda: pdf_maker.document([pdf_maker.Sheet()] * 3000), "PDF_TOO_MANY_PAGES", "pdf"),
    Case("F4", "100,000 objects", lambda: one_pdf(more=dict.fromkeys(range(5_000, 105_000), b"<<>>")), Read((), cells=0), "pdf"),
    Case("F4", "a million brackets", lambda: painted(b"[" * 1_000_000), "PDF_SCANNED", "pdf"),
    Case("F4", "100,000 arrays one in another", lambda: one_pdf(more={200: b"[" * 100_000 + b"]" * 100_000}), Read((), cells=0), "pdf"),
    Case("F4", "a drawing that draws itself", lambda: drawings(1, 2, 10), "READER_CRASHED", "pdf"),
    Case("F4", "drawings that are 3 to the 20th", lambda: drawings(20, 3, 99), "READER_CRASHED", "pdf"),
    Case("F5", "a gigabyte of blanks, packed", lambda: painted(swelling(b" ", 1 << 30), packed=True), "READER_CRASHED", "pdf"),
    Case("F5", "200 MiB of lines, packed", lambda: painted(swelling(b"0 0 m 9 9 l S ", 200 << 20), packed=True), "READER_CRASHED", "pdf"),
    Case("F5", "a million lines", lambda: painted(b"0 0 m 9 9 l S " * 1_000_000), "PDF_TOO_COMPLEX", "pdf"),
    Case("F5", "a million characters on a page", lambda: pdf_maker.document([pdf_maker.Sheet(drawn=["BT /F1 9 Tf " + f"<{'6587' * 100}> Tj 0 1 Td " * 10_001 + "ET"])]), "PDF_TEXT_TOO_LARGE", "pdf"),
    Case("F6", "a page of a thousand kilometres", lambda: pdf_maker.document([one_sheet(size=(3e9, 3e9))]), Read((), cells=0), "pdf"),
    Case("F6", "a page of no size", lambda: pdf_maker.document([one_sheet(size=(-5, 0))]), Read((), cells=0), "pdf"),
    Case("F6", "text beyond all places", lambda: painted(b"1e38 0 0 1e38 1e38 1e38 cm 1e38 0 0 1e38 0 0 cm BT /F1 9 Tf (1) Tj ET", "/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"), "PDF_SCANNED", "pdf"),
    Case("F6", "a grid of half a million cells", lambda: ruled(700), Read(None, cells=1), "pdf"),
    Case("F6", "a grid of nine million cells", lambda: ruled(3000), Read(None, cells=1), "pdf"),
    Case("F7", "a scan", lambda: pdf_maker.document([pdf_maker.Sheet()]), "PDF_SCANNED", "pdf"),
    Case("F7", "a font that does not say what it shows", lambda: painted(b"BT /F1 9 Tf (abcdefgh) Tj ET", "/Font<</F1 7 0 R>>", {
        7: b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 8 0 R>>/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<</Font<</F1 7 0 R>>>>>>",
        8: b"<</Length 29>>stream\nBT /F1 9 Tf (abcdefgh) Tj ET \nendstream"}), "PDF_TEXT_GARBLED", "pdf"),
]  # fmt: skip


def text_table(delimiter: str = ",") -> str:
    """Two rows of the form of income, as text."""
    header = [
        "科目编码",
        "科目名称",
        "本年收入合计",
        "财政拨款收入",
        "上级补助收入",
        "事业收入",
        "经营收入",
        "附属单位上缴收入",
        "其他收入",
    ]
    return "".join(
        delimiter.join(row) + "\r\n" for row in (header, ["201", "一般公共服务支出", *["5.00"] * 7])
    )


def nested(depth: int) -> bytes:
    """A workbook in zips one in another."""
    data = known.workbook()
    name = "报表.xlsx"
    for _ in range(depth):
        data, name = known.zipped((name, data)), "甲.zip"
    return data


def lying(size: int) -> bytes:
    """A workbook whose sheet is longer than its entry says."""
    data = packed(parts("<row/>" * 9))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    while b"sheet1.xml" not in data[at + 46 : at + 80]:
        at = data.index(b"PK\x01\x02", at + 1)
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


def bomb_of_entities() -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha"}">' for i in range(9))
    return (
        f'<!DOCTYPE worksheet [{entities}]><worksheet xmlns="{MAIN}"><sheetData>&e8;</sheetData></worksheet>'
    )


# PDF


def one_sheet(**more: Any) -> pdf_maker.Sheet:
    """A page with one figure."""
    sheet = pdf_maker.Sheet(**more)
    sheet.text(90, 700, "收入总计386.23万元")
    return sheet


def one_pdf(**more: Any) -> bytes:
    return pdf_maker.document([one_sheet()], **more)


def tree(kids: str, count: int) -> bytes:
    """A PDF of one blank page, number 3, in a tree of pages that says so much."""
    return pdf_maker.written({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: f"<</Type/Pages/Kids[{kids}]/Count {count}>>".encode(),
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    })  # fmt: skip


def painted(
    stream: bytes, resources: str = "", more: dict[int, bytes] | None = None, packed: bool = False
) -> bytes:
    """A PDF of one page that is painted by these bytes."""
    filtered = b"/Filter/FlateDecode" if packed else b""
    return pdf_maker.written({
        1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<{resources}>>>>".encode(),
        4: b"<</Length %d%s>>stream\n%s\nendstream" % (len(stream), filtered, stream), **(more or {}),
    })  # fmt: skip


def swelling(unit: bytes, size: int) -> bytes:
    """Packed bytes that are so many times the unit when they are unpacked."""
    packing = zlib.compressobj(9)
    piece = unit * ((1 << 20) // len(unit))
    return b"".join(packing.compress(piece) for _ in range(size >> 20)) + packing.flush()


def drawings(depth: int, times: int, last: int) -> bytes:
    """Drawings that draw the next one so many times each; the last one draws the one of that number."""
    more = {}
    for index in range(depth):
        following = last if index == depth - 1 else 11 + index
        stream = b"/X Do " * times
        more[10 + index] = (
            f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {following} 0 R>>>>/Length {len(stream)}>>stream\n".encode()
            + stream + b"\nendstream"
        )  # fmt: skip
    return painted(b"/X Do", "/XObject<</X 10 0 R>>", more)


def ruled(lines: int) -> bytes:
    """A grid of so many lines each way."""
    sheet = one_sheet()
    step = 800 / lines
    for index in range(lines):
        sheet.line(0, index * step, 590, index * step)
        sheet.line(index * step * 0.7, 0, index * step * 0.7, 840)
    return pdf_maker.document([sheet])


# Reading them


def outcome(data: bytes, form: str) -> dict[str, Any]:
    """What comes of a file: code and sentences of its refusal, or what was noticed and read."""
    try:
        if form == "pdf":
            document = pdf.read(data)
            noticed = sorted({NOTICES[code] for code, _ in document.notices})
            cells = sum(table.size for table in document.tables)
            return {"form": form, "noticed": noticed, "cells": cells, "minimal": False, "value": None}
        form, reading = formats.read_bytes(data)
    except Refused as refused:
        return {
            "code": refused.code,
            "said": [findings.explain_error(refused, "zh"), findings.explain_error(refused, "en")],
        }
    told = [f for f in check.check(reading).findings if f.rule in known.NOTICES]
    minimal = formats.read(known.MINIMAL).report
    return {
        "form": form,
        "noticed": sorted(f.rule for f in told),
        "cells": reading.source_cells,
        "minimal": reading.report == minimal,
        "value": str(dict(total_row(reading.report)).get("total")),
    }


def total_row(report: Report) -> Iterable[tuple[str, Any]]:
    table = report.spec.tables["income"]
    row = next((row for row in report.rows("income") if row[0] == "TOTAL"), ())
    return zip(table.position, row, strict=False)


def watched(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail where a reader reaches out or writes."""
    if event.startswith("socket.") and event != "socket.__new__":
        raise AssertionError(event)
    # A number is a pipe that is open already: that to the confined process.
    if (
        event == "open"
        and not isinstance(arguments[0], int)
        and isinstance(arguments[1], str)
        and set(arguments[1]) & set("wax+")
    ):
        raise AssertionError(f"{event} {arguments[0]}")
    if event in {"os.rename", "os.remove", "os.mkdir", "os.link", "os.symlink"}:
        raise AssertionError(f"{event} {arguments[0]}")


def run(case: Case) -> dict[str, Any]:
    """What comes of a case in a process of its own, and what it cost. What is no refusal and no reading is told as ``crash``."""
    data = case.make()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        sys.addaudithook(watched)
        try:
            said = outcome(data, case.form)
        except BaseException as error:  # noqa: BLE001
            said = {"crash": f"{type(error).__name__}: {error}"}
        said["below"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        answer = stream.read()
    _, status, usage = os.wait4(child, 0)
    said = (
        json.loads(answer)
        if answer
        else {
            "crash": f"signal {signal.Signals(os.WTERMSIG(status)).name}"
            if os.WIFSIGNALED(status)
            else str(status)
        }
    )
    return {**said, "row": case.row, "what": case.what, "memory": max(usage.ru_maxrss << 10, said.get("below", 0)),
            "seconds": usage.ru_utime + usage.ru_stime}  # fmt: skip


if __name__ == "__main__":
    for each in CASES:
        if each.row.startswith(sys.argv[1]):
            print(json.dumps(run(each), ensure_ascii=False), flush=True)
