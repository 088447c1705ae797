"""Compound files and records of .xls, made by hand: what no office program writes any more, or never would."""

import struct
from collections.abc import Iterable, Mapping

SECTOR, NUMBERS = 512, 128
FREE, END, FAT, MORE, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5
WORKBOOK, WORKSHEET = 0x0005, 0x0010


# The container


def compound(streams: Mapping[str, bytes], storages: Iterable[str] = ()) -> bytes:
    """A compound file of streams and empty storages. Streams are padded to the length from which they have sectors of
    their own."""
    padded = {
        name: data + bytes(max(4096 - len(data), -len(data) % SECTOR)) for name, data in streams.items()
    }
    names = [*padded, *storages]
    entries = [_entry("Root Entry", ROOT, child=1 if names else NONE, start=END)]
    sectors: list[bytes] = []
    chains: list[int] = []
    for number, name in enumerate(names, 1):
        following = number + 1 if number < len(names) else NONE
        if name not in padded:
            entries.append(_entry(name, STORAGE, right=following, start=0))
            continue
        data = padded[name]
        entries.append(_entry(name, STREAM, right=following, start=len(sectors), size=len(data)))
        parts = [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
        chains += [*range(len(sectors) + 1, len(sectors) + len(parts)), END]
        sectors += parts
    directory = len(sectors)
    raw = b"".join(entries)
    raw += bytes(-len(raw) % SECTOR)
    count = len(raw) // SECTOR
    chains += [*range(directory + 1, directory + count), END]
    sectors += [raw[at : at + SECTOR] for at in range(0, len(raw), SECTOR)]
    # The allocation table, which lists its own sectors and those that name them: 109 are named in the header.
    size = len(sectors)
    tables = more = 0
    while tables * NUMBERS < size + tables + more:
        tables += 1
        more = -(-max(0, tables - 109) // (NUMBERS - 1))
    numbers = [*range(size, size + tables)]
    chains += [FAT] * tables + [MORE] * more
    chains += [FREE] * (tables * NUMBERS - len(chains))
    sectors += [struct.pack("<128I", *chains[at : at + NUMBERS]) for at in range(0, len(chains), NUMBERS)]
    beyond = numbers[109:]
    for index in range(more):
        part = beyond[index * 127 : index * 127 + 127]
        following = len(sectors) + 1 if index < more - 1 else END
        sectors.append(struct.pack("<128I", *part, *[FREE] * (127 - len(part)), following))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, tables, directory, 0, 4096, END, 0, size + tables if more else END, more,
    )  # fmt: skip
    difat = struct.pack("<109I", *numbers[:109], *[FREE] * (109 - tables))
    return header + difat + b"".join(sectors)


def _entry(name: str, kind: int, *, right: int = NONE, child: int = NONE, start: int, size: int = 0) -> bytes:
    raw = name.encode("utf-16-le") + bytes(2)
    return struct.pack("<64sHBBIII36xIII", raw, len(raw), kind, 1, NONE, right, child, start, size, 0)


# The records


def record(number: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(body)) + body


def begin(kind: int, version: int = 0x0600) -> bytes:
    return record(
        0x0809, struct.pack("<HHHHII", version, kind, 0x0DBB, 0x07CC, 0, 6)[: 16 if version == 0x0600 else 8]
    )


END_OF_PART = record(0x000A)
#: The number formats of the styles below.
STYLES = (0, 2, 4, 9, 14, 49, 164)


def style(number_format: int, version: int = 0x0600) -> bytes:
    return record(0x00E0, struct.pack("<HHH", 0, number_format, 1) + bytes(14 if version == 0x0600 else 10))


def text8(text: str, length: str = "<H") -> bytes:
    return struct.pack(length, len(text)) + b"\x01" + text.encode("utf-16-le")


def at(row: int, column: int, xf: int = 0) -> bytes:
    return struct.pack("<HHH", row, column, xf)


def number(row: int, column: int, value: float, xf: int = 0) -> bytes:
    return record(0x0203, at(row, column, xf) + struct.pack("<d", value))


def rk(row: int, column: int, value: int, xf: int = 0) -> bytes:
    """A number as its hundredfold in 30 bits."""
    return record(0x027E, at(row, column, xf) + struct.pack("<i", value << 2 | 3))


def label(row: int, column: int, text: str | bytes, xf: int = 0) -> bytes:
    """A text in the cell itself; bytes as BIFF 5 has them."""
    body = struct.pack("<H", len(text)) + text if isinstance(text, bytes) else text8(text)
    return record(0x0204, at(row, column, xf) + body)


def formula(row: int, column: int, result: bytes, tokens: bytes, flags: int = 0) -> bytes:
    return record(0x0006, at(row, column) + result + struct.pack("<HIH", flags, 0, len(tokens)) + tokens)


#: Results of formulas: a blank text, an error, a truth value, a text in the record behind it, a number.
BLANK = b"\x03\x00\x00\x00\x00\x00\xff\xff"
DIVISION = b"\x02\x00\x07\x00\x00\x00\xff\xff"
TRUE = b"\x01\x00\x01\x00\x00\x00\xff\xff"
BEHIND = b"\x00\x00\x00\x00\x00\x00\xff\xff"


def result(value: float) -> bytes:
    return struct.pack("<d", value)


#: Tokens of formulas: SUM(A1:A2), A1, A1+A2, IF(A1,""), A1&A2.
AREA = b"\x25\x00\x00\x01\x00\x00\xc0\x00\xc0"
CELL = b"\x44\x00\x00\x00\xc0"
SUM = AREA + b"\x19\x10\x00\x00"
SUM_FUNCTION = AREA + b"\x22\x01\x04\x00"
ADDED = CELL + CELL + b"\x03"
CHOICE = CELL + b"\x17\x00\x00" + b"\x42\x02\x01\x00"
JOINED = CELL + CELL + b"\x08"


def workbook(
    *sheets: bytes, names: Iterable[str] = (), before: bytes = b"", version: int = 0x0600, kinds: Iterable[int] = ()
) -> bytes:  # fmt: skip
    """A stream of a workbook whose sheets hold these records; the names may be bytes-like in BIFF 5."""
    listed = [*names] or [f"表{n}" for n in range(1, len(sheets) + 1)]
    told = [*kinds] or [0] * len(sheets)
    styles = b"".join(style(f, version) for f in STYLES)
    formats = record(
        0x041E, struct.pack("<H", 164) + (text8("0.000_ ") if version == 0x0600 else b"\x060.000_")
    )
    head = begin(WORKBOOK, version) + before + formats + styles

    def bound(offset: int, name: str, kind: int) -> bytes:
        if version == 0x0600:
            return record(0x0085, struct.pack("<IBB", offset, 0, kind) + text8(name, "<B"))
        raw = name.encode("gb18030")
        return record(0x0085, struct.pack("<IBBB", offset, 0, kind, len(raw)) + raw)

    size = len(head) + sum(len(bound(0, n, k)) for n, k in zip(listed, told, strict=True)) + len(END_OF_PART)
    parts = [begin(WORKSHEET, version) + sheet + END_OF_PART for sheet in sheets]
    offsets = [size + sum(map(len, parts[:i])) for i in range(len(parts))]
    bounds = [bound(o, n, k) for o, n, k in zip(offsets, listed, told, strict=True)]
    return head + b"".join(bounds) + END_OF_PART + b"".join(parts)


def xls(*sheets: bytes, **more: object) -> bytes:
    """The same in its container."""
    version = more.get("version", 0x0600)
    return compound({"Workbook" if version == 0x0600 else "Book": workbook(*sheets, **more)})  # type: ignore[arg-type]
