"""The forms that a report comes in: what a file is by its content, and which adapter reads or writes it.

A new form is one adapter module and one line below. Adapters know files and nothing of rules, and never each other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fatk import files
from fatk.errors import Misuse, Refused
from fatk.formats import spreadsheets
from fatk.formats.sniffing import DESCRIPTOR, sniff
from fatk.limits import DEFAULTS, Limits
from fatk.model import Report
from fatk.reading import Reading, settled, sha256, with_source
from fatk.spec import load

#: Suffix of a target's name → form. A name without suffix is a directory of a package.
SUFFIXES = {".json": "json", ".xlsx": "xlsx", ".zip": "zip", "": "package"}
FORMS = ("xlsx", "package", "zip", "json")


def read(path: str | Path, *, limits: Limits = DEFAULTS, form: str | None = None) -> Reading:
    """Read a report from a file or a package directory, by its content; ``form`` insists on one form.

    Raises ``Refused`` where it cannot or must not be read, and ``Misuse`` where ``form`` is not what it is.
    """
    source = Path(path)
    try:
        if source.is_dir() or source.name == DESCRIPTOR:
            reading = _read_directory(source if source.is_dir() else source.parent, limits)
            found = "package"
        else:
            found, reading = read_bytes(_load(source, limits), limits=limits, name=source.name)
    except OSError as error:
        raise Refused("FILE_UNREADABLE", path=source, reason=error.strerror or str(error)) from None
    if form is not None and form != found and not (form == "package" and found == "zip"):
        raise Misuse("FORM_DIFFERS", path=source, wanted=form, found=found)
    return with_source(reading, str(path), reading.sha256, found)


def read_bytes(data: bytes, *, limits: Limits = DEFAULTS, name: str = "") -> tuple[str, Reading]:
    """Read a report from a file's bytes; the form found and the reading."""
    spec = load()
    form, opened = sniff(data, limits)
    if form in spreadsheets.FORMS:
        from fatk import transcription

        reading = transcription.transcribe(
            spreadsheets.read_book(form, data, opened, limits, name), spec, name
        )
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
    return form, with_source(settled(reading), name, sha256(data), form)


def _load(source: Path, limits: Limits) -> bytes:
    if not source.exists():
        raise Refused("FILE_NOT_FOUND", path=source)
    size = source.stat().st_size
    if size > limits.file_size:
        raise Refused("FILE_TOO_LARGE", path=source, size=size, limit=limits.file_size)
    with source.open("rb") as stream:
        return stream.read(limits.file_size + 1)


def _read_directory(source: Path, limits: Limits) -> Reading:
    from fatk.formats import package

    if not (source / DESCRIPTOR).is_file():
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
    digest = sha256("\n".join(sorted(digests)).encode())
    return with_source(settled(reading), str(source), digest, "package")


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
