"""The forms that a report comes in: what a file is by its content, and which adapter reads or writes it.

A new form is one adapter module and one line below. Adapters know files and nothing of rules, and never each other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fatk import archive, files
from fatk.errors import Misuse, Refused
from fatk.limits import DEFAULTS, Limits
from fatk.model import Report
from fatk.reading import Reading, settled, sha256, with_source
from fatk.spec import load

#: Suffix of a target's name → form. A name without suffix is a directory of a package.
SUFFIXES = {".json": "json", ".xlsx": "xlsx", ".zip": "zip", "": "package"}
FORMS = ("xlsx", "package", "zip", "json")

_DESCRIPTOR = "datapackage.json"
#: First bytes of what is no report → code of the refusal, which says what to do.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE_WORKBOOK"),
    (b"%PDF-", "NOT_A_TABLE_PDF"),
    (b"%TSD-Header-###%", "DLP_ENCRYPTED"),
    (b"Rar!", "OTHER_ARCHIVE"),
    (b"7z\xbc\xaf\x27\x1c", "OTHER_ARCHIVE"),
    (b"\x1f\x8b", "OTHER_ARCHIVE"),
    (b"\x89PNG", "NOT_A_TABLE_IMAGE"),
    (b"\xff\xd8\xff", "NOT_A_TABLE_IMAGE"),
    (b"GIF8", "NOT_A_TABLE_IMAGE"),
    (b"MIME-Version", "MHTML_AS_XLS"),
)


def read(path: str | Path, *, limits: Limits = DEFAULTS, form: str | None = None) -> Reading:
    """Read a report from a file or a package directory, by its content; ``form`` insists on one form.

    Raises ``Refused`` where it cannot or must not be read, and ``Misuse`` where ``form`` is not what it is.
    """
    source = Path(path)
    try:
        if source.is_dir() or source.name == _DESCRIPTOR:
            reading = _read_directory(source if source.is_dir() else source.parent, limits)
            found = "package"
        else:
            found, reading = read_bytes(_load(source, limits), limits=limits, name=source.name)
    except OSError as error:
        raise Refused("FILE_UNREADABLE", path=source, reason=error.strerror or str(error)) from None
    if form is not None and form != found and not (form == "package" and found == "zip"):
        raise Misuse("FORM_DIFFERS", path=source, wanted=form, found=found)
    return with_source(reading, str(path), reading.sha256)


def read_bytes(data: bytes, *, limits: Limits = DEFAULTS, name: str = "") -> tuple[str, Reading]:
    """Read a report from a file's bytes; the form found and the reading."""
    spec = load()
    form, opened = _sniff(data, limits)
    if form == "xlsx" and opened is not None:
        from fatk import ooxml, transcription

        reading = transcription.transcribe(ooxml.read_workbook(opened, limits), spec, name)
    elif form == "zip" and opened is not None:
        from fatk.formats import package

        contents = opened

        def member(wanted: str) -> bytes | None:
            found = contents.find(wanted)
            return None if found is None else contents.read(found)

        reading = package.read(contents.names, member, spec, limits, closed=True)
    else:
        from fatk.formats import json

        reading = json.read(data, spec, limits, name)
    return form, with_source(settled(reading), name, sha256(data))


def _load(source: Path, limits: Limits) -> bytes:
    if not source.exists():
        raise Refused("FILE_NOT_FOUND", path=source)
    size = source.stat().st_size
    if size > limits.file_size:
        raise Refused("FILE_TOO_LARGE", path=source, size=size, limit=limits.file_size)
    with source.open("rb") as stream:
        return stream.read(limits.file_size + 1)


def _sniff(data: bytes, limits: Limits) -> tuple[str, archive.Archive | None]:
    """What the bytes are: their form and, for zips, the archive opened."""
    if not data:
        raise Refused("FILE_EMPTY")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        opened = archive.open_archive(data, limits)
        names = set(opened.names)
        if _DESCRIPTOR in names:
            return "zip", opened
        if any(name.startswith("xl/") for name in names):
            if "xl/workbook.bin" in names:
                raise Refused("XLSB_WORKBOOK")
            return "xlsx", opened
        if any(name.startswith(("word/", "ppt/")) for name in names) or "OFD.xml" in names:
            raise Refused("NOT_A_TABLE_DOCUMENT")
        if "mimetype" in names:
            raise Refused("OPENDOCUMENT")
        raise Refused("ZIP_NO_REPORT")
    for prefix, code in _FOREIGN:
        if data.startswith(prefix):
            raise Refused(code)
    if data.startswith(b"BM") and data[6:10] == bytes(4):  # a bitmap: its size, then four reserved bytes
        raise Refused("NOT_A_TABLE_IMAGE")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"{", b"[")):
        return "json", None
    lowered = head[:512].lower()
    if lowered.startswith(b"<?xml") and b"office:spreadsheet" in data[:2048]:
        raise Refused("SPREADSHEETML_2003")
    if any(mark in lowered for mark in (b"<html", b"<table", b"<!doctype html")):
        raise Refused("HTML_AS_XLS")
    if archive.has_directory(data):
        raise Refused("CONTAINER_PREFIX")
    raise Refused("BINARY_UNKNOWN" if b"\0" in data[:4096] else "TEXT_UNKNOWN")


def _read_directory(source: Path, limits: Limits) -> Reading:
    from fatk.formats import package

    if not (source / _DESCRIPTOR).is_file():
        raise Refused("DIRECTORY_NO_PACKAGE", path=source)
    digests: list[str] = []
    total = 0

    def member(name: str) -> bytes | None:
        nonlocal total
        place = source
        for part in name.split("/"):
            place = place / part
            if place.is_symlink():
                raise Refused("PATH_SYMLINK", path=name)
        if not place.is_file():
            return None
        data = _load(place, limits)
        total += len(data)
        if total > limits.zip_total:
            raise Refused("PACKAGE_TOO_LARGE", path=source, limit=limits.zip_total)
        digests.append(f"{name}:{sha256(data)}")
        return data

    names = tuple(sorted(p.name for p in source.iterdir() if p.is_file()))
    reading = package.read(names, member, load(), limits, closed=False)
    return with_source(settled(reading), str(source), sha256("\n".join(sorted(digests)).encode()))


def form_of(target: Path) -> str:
    """The form that a target's name asks for; ``Misuse`` where its suffix is not known."""
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise Misuse("FORM_UNKNOWN", path=target, known=" ".join(s for s in SUFFIXES if s))
    return SUFFIXES[suffix]


def write(report: Report, target: str | Path, *, form: str | None = None, force: bool = False) -> None:
    """Write a report in the form that the target's name or ``form`` says: whole and in one step, or not at all.

    Raises ``NotWritten`` where the target exists (without ``force``) or cannot be written, ``WouldLose`` where the form
    cannot hold the report.
    """
    path = Path(target)
    asked = form or form_of(path)
    if asked == "package" and form and path.suffix.lower() == ".zip":
        asked = "zip"
    if asked == "package":
        from fatk.formats import package

        files.write_directory(path, package.write(report), force=force)
    else:
        files.write_file(path, encoder(asked)(report), force=force)


def encoder(form: str) -> Callable[[Report], bytes]:
    """The function that writes a report as the bytes of a form of one file."""
    if form == "json":
        from fatk.formats import json

        return json.write
    if form == "xlsx":
        from fatk.formats import xlsx

        return xlsx.write
    if form == "zip":
        from fatk.formats import package

        return package.write_zip
    raise Misuse("FORM_UNKNOWN", path=form, known=" ".join(FORMS))
