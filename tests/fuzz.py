"""Random damage to files of every form, for as long as one likes: ``make fuzz``.

A target is a maker of damaged files and a reader. Whatever comes in, a reader returns or raises ``Refused``, within bounds of
time and memory; what it returns can be checked, written and read back unchanged. Damage is done to both layers: to the bytes
of a file, and to a part of it that is then packed again. A failing file is made as small as Hypothesis can and kept under
``build/fuzz/``; mend the fault, and make a case of it where the other cases of its kind are.

Another reader is one more line of ``TARGETS``.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import itertools
import os
import resource
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import hostile
import old_office as old
import pdf_maker
import test_bad_input as known
from document_strategies import published
from fatk import biff, check, confined, formats, ole, ooxml, xls
from fatk.archive import open_archive
from fatk.document import Document
from fatk.documents import hypertext, markdown, pdf, plain, word
from fatk.errors import Refused, WouldLose
from fatk.formats.sniffing import sniff
from fatk.grid import Cell, read_format
from fatk.limits import Limits
from fatk.spec import load
from fatk.transcription.cells import from_cell
from fatk.values import Nothing, show
from test_ooxml import SEEDS as SMALL_WORKBOOKS

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build/fuzz"
#: Seconds that one file may take, and bytes of memory of the whole process.
SECONDS, MEMORY = 10, 3 << 30
#: Smaller limits than those in force, so that damage meets them.
LIMITS = Limits(
    cells=50_000,
    used_area=200_000,
    zip_total=16 << 20,
    csv_field=10_000,
    csv_columns=60,
    sheets=60,
    json_depth=20,
)


CONFINED = confined.run


class Slow(BaseException):
    """A file took too long; no ``Exception``, so that nothing takes it for a fault of the file."""


# Damage


NUMBERS = (
    0,
    1,
    2,
    3,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
RECORDS = [
    n.to_bytes(2, "little")
    for n in (0x0A, 0x809, 0x3C, 0x85, 0x42, 0x22, 0xFC, 0x41E, 0xE0, 0x203, 0x27E, 0xBD, 0xFD, 0x204, 0xD6, 0x205, 0x06, 0x207,
              0x208, 0x7D, 0xE5, 0x201, 0xBE, 0x2F)
]  # fmt: skip
TOKENS: Mapping[str, tuple[bytes, ...]] = {
    "xml": (b"<", b">", b"</", b"/>", b'"', b"&", b"&amp;", b"&#0;", b"&#xD800;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x?>", b"<!DOCTYPE x>",
            b"<row>", b"</row>", b'<c r="A1">', b"</c>", b"<v>", b"</v>", b"<f>", b"<is><t>", b' r="', b' s="99"', b' t="s"', b' t="e"', b' xmlns="x"',
            b"XFD1048576", b"A0", b"-1", b"1e999", b"_x0000_", b"_xD800_", b"\xff\xfe", b"\0", "全".encode(), b"A1:XFD9", b'hidden="1"'),
    "csv": (b",", b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff", "，".encode(), b"n/a", b"undisclosed", b"-0.00", b"1e5", b"TOTAL", b"201",
            b"=1+1", "\u2028".encode(), b"\x1b[31m", b"9" * 30, b"true", b"2022-02-30"),
    "json": (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud800", b"null", b"true", b"1e999", b"-0", b"NaN", b"0.1", b'"n/a"', b'"undisclosed"',
             b'{"a":1}', b"[[[[", b"\xff", b'"rows"', b'"status": "empty"', b'"-5.00"', b"9" * 50, b'"2.0.0"'),
    "biff": (*RECORDS, b"\xff\xff", b"\x03\0\0\0\0\0\xff\xff", b"\0\0\0\0\0\0\xf8\x7f"),
    "zip": (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\x08\0", b"../", b"CON", b"a" * 300),
    "word": (b"<w:p>", b"</w:p>", b"<w:tbl>", b"</w:tbl>", b"<w:tr>", b"<w:tc>", b"</w:tc>", b"<w:t>", b"</w:t>", b"<w:r>", b"</w:r>", b"<w:br/>", b"<w:vMerge/>", b'<w:gridSpan w:val="3"/>',
             b'<w:vMerge w:val="restart"/>', b"<w:del>", b"</w:del>", b'<w:fldChar w:fldCharType="begin"/>', b'<w:fldChar w:fldCharType="end"/>', b"<w:vanish/>", b"<w:pPr>", b"</w:pPr>",
             b'<w:numPr><w:numId w:val="1"/></w:numPr>', b"<w:txbxContent>", b"</w:txbxContent>", b"<w:lastRenderedPageBreak/>", b"<w:sdt>", b"&amp;", b"&#0;", b"<!DOCTYPE x>", b"\xff", b"-1", b"99999999999"),
    "html": (b"<p>", b"</p>", b"<table>", b"</table>", b"<tr>", b"<td>", b"</td>", b"<div hidden>", b"</div>", b"<ol>", b"</ol>", b"<li>", b"<br>", b"<pre>", b"</pre>", b"<sup>", b"</sup>", b"<h1>",
             b"<caption>", b"&#4;", b"&#6;", b"<!--", b"-->", b'"', b"<script>", b' colspan="9"', b' rowspan="0"', b' style="white-space:pre"', b"\0", b"\xff", b"<!DOCTYPE x [", b"<svg>", b"<select>"),
    "markdown": (b"#", b"*", b"**", b"_", b"`", b"```\n", b"~~", b"> ", b"- ", b"1. ", b"|", b"|-|\n", b"\\", b"[", b"](", b"]", b"![", b"<", b"<table>", b"</table>", b"<div>\n", b"<!--", b"&#", b"\n", b"\n\n",
                 b"    ", b"\t", b"---\n", b"===\n", b"<br>", b"\xff", b"\0", b"[a]: b\n"),
    "plain": (b"\n", b"\n\n", b"\n ", b"\f", b"\r", "。".encode(), "　　".encode(), b"15\n", b"- 3 -\n", b"\0", b"\xff", "一、".encode(), b"\xe2\x80\xa8"),
    "pdf": (b"<<", b">>", b"[", b"]", b"(", b")", b"endobj", b"endstream", b"stream\n", b"1 0 R", b"/Kids", b"/Parent 1 0 R", b"/Filter/FlateDecode", b"/Length 9", b"/W[0 999 0]",
            b" cm ", b" Tm ", b" Tj ", b" re f ", b" l S ", b" Do ", b"q ", b"Q ", b"BT ", b"ET ", b"1e38 ", b"-1 ", b"/Rotate 90", b"nan", b"<d800>", b"%%EOF", b"3 Tr "),
    "text": (b"<html>", b"<?xml", b"%PDF-", b"{", b"PK", b"\0", b"MIME-Version", b"\xff\xfe", b"BM", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x09\x08\x10\0"),
}  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, data: bytes, kind: str, most: int = 6) -> bytes:
    """The bytes with a few changes: tokens of the kind put in or over, numbers changed, pieces lost, doubled or moved."""
    found = bytearray(data)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(len(found) - 1, 0)))
        match draw(st.integers(0, 7)):
            case 0:
                found[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                token = draw(st.sampled_from(TOKENS[kind]))
                found[at:at] = token
            case 2:
                token = draw(st.sampled_from(TOKENS[kind]))
                found[at : at + len(token)] = token
            case 3:
                size = draw(st.sampled_from((1, 2, 4, 8)))
                found[at : at + size] = (draw(st.sampled_from(NUMBERS)) & ((1 << 8 * size) - 1)).to_bytes(
                    size, "little"
                )
            case 4:
                del found[at : at + draw(st.sampled_from((1, 2, 4, 16, 100, 2000)))]
            case 5:
                size = draw(st.sampled_from((4, 16, 100, 2000)))
                found[at:at] = found[at : at + size] * draw(st.sampled_from((1, 1, 2, 50)))
            case 6:
                other, size = (
                    draw(st.integers(0, max(len(found) - 1, 0))),
                    draw(st.sampled_from((4, 16, 100))),
                )
                found[at : at + size] = found[other : other + size]
            case _:
                if not draw(st.integers(0, 5)):
                    del found[at:]
    return bytes(found)


def repacked(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


@cache
def unpacked(data: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def damaged_zip(draw: st.DrawFn, data: bytes, kind: str) -> bytes:
    """A zip with damage to one or two of its parts, or to itself."""
    if not draw(st.integers(0, 5)):
        return draw(damaged(data, "zip"))
    parts = dict(unpacked(data))
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(parts)))
        inner = "json" if name.endswith(".json") else "csv" if name.endswith(".csv") else kind
        match draw(st.integers(0, 9)):
            case 0:
                del parts[name]
            case 1:
                parts[name] = parts[draw(st.sampled_from(sorted(parts)))]
            case _:
                parts[name] = draw(damaged(parts[name], inner))
        if not parts:
            break
    return repacked(parts)


# Targets


@dataclass(frozen=True)
class Target:
    """What is damaged, and what reads it."""

    files: st.SearchStrategy[bytes]
    read: Callable[[bytes], object]


@cache
def minimal_package() -> bytes:
    return hostile.zipped_package(lambda _: None)


@cache
def records() -> bytes:
    """A stream with every kind of record."""
    string = old.record(0x0207, old.text8("文字"))
    table = old.record(
        0x00FC, b"\2\0\0\0\2\0\0\0" + old.text8("收入") + b"\2\0\x09\1\0\x92\x65\x51\x65\0\0\0\0"
    )
    first = (
        old.record(0x0208, b"\0\0\0\0\3\0\xff\0\0\0\0\0\x20\1\x0f\0") + old.record(0x007D, b"\0\0\1\0\0\x0a\x0f\0\1\0\0\0")
        + old.label(0, 0, "收入") + old.record(0x00FD, old.at(0, 1) + b"\1\0\0\0") + old.rk(0, 2, 38623, 1) + old.number(0, 3, 0.1, 3)
        + old.formula(1, 0, old.result(5), old.SUM) + old.formula(1, 1, old.BEHIND, old.JOINED) + string
        + old.formula(1, 2, old.BLANK, old.CHOICE) + old.formula(1, 3, old.DIVISION, old.ADDED) + old.formula(1, 4, old.TRUE, old.ADDED)
        + old.record(0x0205, old.at(2, 0) + b"\x2a\1") + old.record(0x00BD, b"\3\0\0\0\1\0\2\0\0\0\2\0\6\0\0\0\1\0") + old.record(0x0201, old.at(4, 0))
        + old.record(0x00E5, b"\1\0\0\0\0\0\0\0\3\0") + old.record(0x005D, b"\x15\0\x12\0\x08\0" + bytes(16))
    )  # fmt: skip
    return old.workbook(first, old.number(0, 0, 1), before=table + old.record(0x0022, b"\0\0"))


@cache
def old_records() -> bytes:
    text = "决算".encode("gbk")
    return old.workbook(
        old.label(0, 0, text) + old.rk(0, 1, 5),
        version=0x0500,
        names=["表"],
        before=old.record(0x0042, b"\xa8\3"),
    )


def in_process(function: str, data: bytes, arguments: Mapping[str, object], limits: Limits) -> object:
    """A confined reader without its confinement, which costs a process for each file; PDFium stays in it, since it is compiled
    and may well crash."""
    if function == "fatk.documents.pdfium:read":
        return CONFINED(function, data, arguments, limits)
    assert function == "fatk.biff:read"
    return biff.read(data, **arguments)  # type: ignore[arg-type]


def whole(data: bytes) -> None:
    """Read, check, write and read back."""
    _, reading = formats.read_bytes(data, limits=LIMITS)
    result = check.check(reading)
    for finding in result.findings:
        finding.message(), finding.message("en")
    try:
        written = formats.encoder("json")(reading.report)
    except WouldLose:
        return
    again = formats.read_bytes(written)[1].report
    assert again == reading.report, "another report when it is read back"


def number(data: bytes) -> None:
    """A printed or stored number as an amount and as a count."""
    text = data.decode("utf-8", "replace")
    spec = load()
    fields = (spec.tables["income"].amounts[0], spec.tables["staffing"].fields[0])
    for field, kind in itertools.product(fields, ("number", "text")):
        value, fault = from_cell(field, Cell(text, kind, read_format(text[:20])), 2)
        assert value is None or fault is None or isinstance(fault, tuple)
        if value is not None and not isinstance(value, Nothing):
            assert len(show(value)) < 100


def markup() -> list[bytes]:
    """A table as a page, as a web archive and as XML of 2003."""
    rows = [line.split(",") for line in hostile.text_table().splitlines()]
    page = "".join(f"<tr>{''.join(f'<td colspan=1>{cell}</td>' for cell in row)}</tr>" for row in rows)
    page = f"<html><head><meta charset=utf-8></head><body><p>收入决算表<table border=1>{page}</table></body></html>"
    cells = "".join(
        f"<Row>{''.join(f'<Cell><Data ss:Type=&String&>{cell}</Data></Cell>' for cell in row)}</Row>"
        for row in rows
    )
    cells = cells.replace("&", '"')
    office = "urn:schemas-microsoft-com:office:spreadsheet"
    xml = f'<?xml version="1.0"?><Workbook xmlns="{office}" xmlns:ss="{office}"><Worksheet ss:Name="表"><Table>{cells}</Table></Worksheet></Workbook>'
    archive = f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{page}"
    return [page.encode(), page.replace("utf-8", "gbk").encode("gbk"), xml.encode(), archive.encode()]


def document(read: Callable[..., Document]) -> Callable[[bytes], None]:
    """Read a document, write it in every form, and read these back."""

    def again(data: bytes) -> None:
        found = read(data, None, LIMITS, "文档")
        plain.write(found)
        for form in (word, hypertext, markdown):
            try:
                back = form.read(form.write(found), None, LIMITS, "文档")
            except Refused as refused:
                assert refused.code in {"XML_TOO_COMPLEX", "CONTROL_CHAR", "ENCODING_AMBIGUOUS"}, refused  # noqa: PT017
            else:
                assert len(list(back.tables)) == len(list(found.tables)), form

    return again


def texts() -> list[bytes]:
    """A text with a line a paragraph, and one with a line for every line printed."""
    whole = plain.write(published(3)).decode()
    lines = [line[at : at + 26] for line in whole.split("\n") for at in range(0, len(line), 26)]
    return [
        whole.encode(),
        "\n".join(lines).encode("gb18030"),
        "\n\n".join(lines).replace("\n\n第", "\n 第").encode(),
        "\f".join(lines).encode("utf-16"),
    ]


def container(data: bytes) -> None:
    found = ole.open_compound(data)
    for path, stream in found.entries.items():
        if not path.endswith("/"):
            assert len(found.read(path)) == stream.size


def printed() -> list[bytes]:
    """Prose, tables over page ends, turned and hidden text, drawings, none of it packed."""
    prose = pdf_maker.prose(["#第一部分", "本年收入合计386.23万元，占100.00%，比上年增加1.00万元。" * 9] * 6)
    sheet = pdf_maker.Sheet(rotate=90)
    rows = [["科目", "小计", ""], ["201", "1.00", "-2.00"], ["合计", "3.00", ""]] * 10
    pdf_maker.table(sheet, 700, [60, 200, 300, 400], rows, merged=[(0, 1, 0, 2)], thin=True)
    sheet.text(90, 50, "竖", turned="0 1 -1 0")
    sheet.text(90, 50, "白", colour="1 g")
    sheet.picture(0, 0, 90, 90)
    loops = hostile.drawings(3, 2, 99)
    return [pdf_maker.document([*prose, sheet, sheet], compressed=False), loops]


PRINTED = [text.encode() for text in hostile.PRINTED] + [
    b"386.23",
    "１２，３４５．６７".encode(),
    b"-1,234,567.89",
    b"1.20101E+05",
]

TARGETS: Mapping[str, Callable[[], Target]] = {
    "xlsx": lambda: Target(damaged_zip(known.workbook(), "xml"), whole),
    "xlsx-cells": lambda: Target(
        st.sampled_from(SMALL_WORKBOOKS).flatmap(lambda data: damaged_zip(data, "xml")), lambda data: ooxml.read_book(data, LIMITS)
    ),
    "zip": lambda: Target(damaged(minimal_package(), "zip"), lambda data: [*map(open_archive(data, LIMITS).read, open_archive(data, LIMITS).members)]),
    "package": lambda: Target(damaged_zip(minimal_package(), "csv"), whole),
    "text": lambda: Target(
        st.sampled_from([hostile.text_table(d).encode(e) for d in ",\t;" for e in ("utf-8-sig", "gb18030", "utf-16")]).flatmap(
            lambda data: damaged(data, "csv")), whole
    ),
    "markup": lambda: Target(st.sampled_from(markup()).flatmap(lambda data: damaged(data, "xml")), whole),
    "word": lambda: Target(damaged_zip(word.write(published(2)), "word"), document(word.read)),
    "page": lambda: Target(damaged(hypertext.write(published(2)), "html"), document(hypertext.read)),
    "markdown": lambda: Target(damaged(markdown.write(published(2)), "markdown"), document(markdown.read)),
    "plain": lambda: Target(st.sampled_from(texts()).flatmap(lambda data: damaged(data, "plain")), document(plain.read)),
    "json": lambda: Target(damaged(known.document(), "json"), whole),
    "xls": lambda: Target(damaged(hostile.minimal_xls(), "biff"), whole),
    "xls-records": lambda: Target(
        st.sampled_from([records(), old_records()]).flatmap(lambda data: damaged(data, "biff")), lambda data: xls.read_book(data, LIMITS)
    ),
    "pdf": lambda: Target(st.sampled_from(printed()).flatmap(lambda data: damaged(data, "pdf")), lambda data: pdf.read(data, LIMITS)),
    "ole": lambda: Target(damaged(old.compound({"Workbook": records(), "a": b"x"}, ["b"]), "biff"), container),
    "number": lambda: Target(st.one_of(st.sampled_from(PRINTED).flatmap(lambda data: damaged(data, "csv")), st.text(max_size=30).map(str.encode)), number),
    "sniffing": lambda: Target(
        st.sampled_from([known.workbook()[:300], known.document()[:300], minimal_package(), b"a,b\n1,2\n", hostile.minimal_xls()[:3000]]).flatmap(
            lambda data: damaged(data, "text")), lambda data: sniff(data, LIMITS)
    ),
}  # fmt: skip


# Running them


@contextmanager
def bounded() -> Iterator[None]:
    """Raise ``Slow`` in what takes too much of the processor's time."""

    def late(*_: object) -> None:
        raise Slow(f"more than {SECONDS} s")

    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def one_round(name: str, target: Target, number_of_round: int, until: float) -> tuple[int, str | None]:
    """A few hundred files; how many, and the fault that was found."""
    count = 0
    last = b""

    @seed(number_of_round)
    @settings(
        max_examples=300, deadline=None, database=None, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(target.files)
    def run(data: bytes) -> None:
        nonlocal count, last
        if time.process_time() > until + 60:
            return
        count += 1
        faulthandler.dump_traceback_later(SECONDS * 12, exit=True)
        try:
            with bounded():
                target.read(data)
        except Refused:
            return
        except Slow as slow:
            last = data
            raise AssertionError(str(slow)) from None
        except BaseException:
            last = data
            raise

    try:
        run()
    except Exception:  # noqa: BLE001
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / f"{name}-{number_of_round}"
        kept.write_bytes(last)
        return count, f"{kept.relative_to(ROOT)}\n{traceback.format_exc(limit=-8)}"
    finally:
        faulthandler.cancel_dump_traceback_later()
    return count, None


def main() -> int:
    """Rounds of all targets in turn until the time is over; exit status 1 where a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10, help="of the processor")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=" ".join(TARGETS))
    given_words = parser.parse_args()
    chosen = given_words.targets or list(TARGETS)
    if unknown := set(chosen) - set(TARGETS):
        parser.error(f"no such target: {' '.join(sorted(unknown))}")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    confined.run = in_process  # type: ignore[assignment]
    targets = {name: TARGETS[name]() for name in chosen}
    until = time.process_time() + 60 * given_words.minutes
    counts = dict.fromkeys(chosen, 0)
    faults: dict[str, str] = {}
    print(f"seed {given_words.seed}, {given_words.minutes:g} minutes: {' '.join(chosen)}", flush=True)
    for number_of_round in itertools.count(given_words.seed):
        for name in [name for name in chosen if name not in faults]:
            if time.process_time() > until:
                break
            done, fault = one_round(name, targets[name], number_of_round, until)
            counts[name] += done
            if fault:
                faults[name] = fault
                print(f"\n{name}: {fault}", file=sys.stderr, flush=True)
        if time.process_time() > until or len(faults) == len(chosen):
            break
    peak = resource.getrusage(resource.RUSAGE_SELF)
    print(" ".join(f"{name} {count:,}" for name, count in counts.items()))
    print(
        f"{peak.ru_utime + peak.ru_stime:,.0f} s of the processor, {peak.ru_maxrss >> 10:,} MiB at the highest, {len(faults)} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    os.chdir(ROOT)
    sys.exit(main())
