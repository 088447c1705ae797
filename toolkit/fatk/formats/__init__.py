"""The forms that a report comes in: what a file is by its content, and which adapter reads or writes it.

A new form is one adapter module and one line below. Adapters know files and nothing of rules, and never each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fatk import files, merging
from fatk.archive import Archive
from fatk.document import Document
from fatk.errors import Misuse, NotWritten, Refused
from fatk.findings import CellRef, notify
from fatk.formats import documents, folders, spreadsheets
from fatk.formats.sniffing import DESCRIPTOR, sniff
from fatk.grid import Book
from fatk.limits import DEFAULTS, Limits
from fatk.model import MISSING, Report, printed_only
from fatk.reading import Reading, settled, sha256, with_source, without_search_for_cycles
from fatk.spec import Table, load

#: Suffix of a target's name → form. A name without suffix is a directory of a package.
SUFFIXES = {
    ".json": "json",
    ".xlsx": "xlsx",
    ".zip": "zip",
    "": "package",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".txt": "txt",
}
#: Forms that hold the narrative with its tables: a view of a report, and no loss.
NARRATIVES = frozenset(documents.WRITTEN)
FORMS = ("xlsx", "package", "zip", "json", *documents.WRITTEN)


@without_search_for_cycles()
def read(path: str | Path, *, limits: Limits = DEFAULTS, form: str | None = None) -> Reading:
    """Read a report from a file, a package directory, or a folder or zip of files, by its content; ``form`` insists on one form.

    Raises ``Refused`` where it cannot or must not be read, where ``form`` is not what it is, and where the files of a folder
    are not of one report.
    """
    source = Path(path)
    with _readable(source):
        if _is_package(source):
            found, reading = "package", _read_directory(source, limits)
        elif source.is_dir():
            found, pieces = "folder", _of_folder(source, "", _Budget(limits))
            reading = _assembled(pieces, limits, form, source, source.absolute().name)
        else:
            data = files.load(source, limits.file_size)
            found, opened = sniff(data, limits)
            if found == "archive" and opened is not None:
                pieces = _of_zip(opened, data, "", source.name, _Budget(limits))
                reading = _assembled(pieces, limits, form, source, source.name)
                reading = replace(reading, sha256=sha256(data))
            else:
                reading = _read_file(found, opened, data, limits, source.name)
    if found not in ("folder", "archive"):
        _insist(form, found, source)
    return with_source(reading, str(path), reading.sha256, found)


@without_search_for_cycles()
def read_several(
    paths: Sequence[str | Path], *, limits: Limits = DEFAULTS, form: str | None = None
) -> Reading:
    """Read one report from several sources, in the order in which they count; of one source as ``read`` does.

    Workbooks are read as one. What else holds a report is merged with it table by table. The ``sha256`` of the reading is
    that of the lines ``name:sha256`` of its files, sorted; that of a folder is made in the same way.
    """
    if len(paths) == 1:
        return read(paths[0], limits=limits, form=form)
    sources = [Path(path) for path in paths]
    names = [source.name for source in sources]
    budget = _Budget(limits)
    pieces = _Pieces()
    for source in sources:
        name = source.name if names.count(source.name) == 1 else str(source)
        with _readable(source):
            if _is_package(source):
                pieces.add(_of_package(source, name, limits))
            elif source.is_dir():
                pieces.add(_of_folder(source, f"{name}/", budget))
            else:
                pieces.add(_of_file(files.load(source, limits.file_size), name, str(source), budget))
    reading = _assembled(pieces, limits, form, sources[0])
    return with_source(reading, ", ".join(map(str, paths)), reading.sha256, "several")


@without_search_for_cycles()
def read_bytes(data: bytes, *, limits: Limits = DEFAULTS, name: str = "") -> tuple[str, Reading]:
    """Read a report from a file's bytes; the form found and the reading."""
    form, opened = sniff(data, limits)
    if form == "archive" and opened is not None:
        pieces = _of_zip(opened, data, "", name, _Budget(limits))
        reading = replace(_assembled(pieces, limits, within=name), sha256=sha256(data))
    else:
        reading = _read_file(form, opened, data, limits, name)
    return form, with_source(reading, name, reading.sha256, form)


@without_search_for_cycles()
def read_several_bytes(files: Sequence[tuple[str, bytes]], *, limits: Limits = DEFAULTS) -> Reading:
    """Read one report from the names and bytes of several files, as ``read_several`` does; the names are all different."""
    if len(files) == 1:
        return read_bytes(files[0][1], limits=limits, name=files[0][0])[1]
    budget, pieces = _Budget(limits), _Pieces()
    for name, data in files:
        try:
            pieces.add(_of_file(data, name, name, budget))
        except Refused as refusal:
            refusal.details.setdefault("source", name)
            raise
    reading = _assembled(pieces, limits)
    return with_source(reading, ", ".join(name for name, _ in files), reading.sha256, "several")


def _read_file(form: str, opened: Archive | None, data: bytes, limits: Limits, name: str) -> Reading:
    """The report of one file that is not put together of others; a CSV of one table of the standard is a package of it."""
    if form == "text" and _table_of(data, name) is not None:
        reading = _assembled(_of_file(data, name, name, _Budget(limits)), limits)
    elif (prose := _prose(form, data, opened, limits, name)) is not None:
        reading = prose
    elif form in spreadsheets.FORMS:
        reading = _transcribed(spreadsheets.read_book(form, data, opened, limits, name), name)
    elif form == "zip" and opened is not None:
        reading = _read_zip(opened, "", limits)
    else:
        from fatk.formats import json

        reading = settled(json.read(data, load(), limits, name))
    return with_source(reading, name, sha256(data), form)


def _prose(form: str, data: bytes, opened: Archive | None, limits: Limits, name: str) -> Reading | None:
    """The report of a document; ``None`` where a page or a text is no narrative, but may be a spreadsheet."""
    if form not in documents.DOCUMENTS and form not in ("html", "text"):
        return None
    kind = form if form in documents.DOCUMENTS else documents.prose_form(form, data, name)
    if kind is None:
        return None
    from fatk.narrative import reading

    document = documents.read(kind, data, opened, limits, name)
    if (
        form not in documents.DOCUMENTS
        and not reading.is_narrative(document)
        and _is_table(form, data, opened, limits, name)
    ):
        return None
    return settled(reading.read_document(document, load(), name))


def _is_table(form: str, data: bytes, opened: Archive | None, limits: Limits, name: str) -> bool:
    """Whether a page or a text can be read as a spreadsheet; where it cannot, it is the document that is spoken of."""
    try:
        spreadsheets.read_book(form, data, opened, limits, name)
    except Refused as refusal:
        return refusal.code not in {"TEXT_UNKNOWN", "HTML_NO_TABLE"}
    return True


def _transcribed(book: Book, name: str) -> Reading:
    from fatk import transcription

    return settled(transcription.transcribe(book, load(), name))


#: Forms of the standard itself: what is in one of them is a report, whatever it lacks.
_OWN = frozenset({"json", "package", "zip", "table"})


def accounts(reading: Reading) -> Reading:
    """The reading of a file that somebody takes for final accounts; ``Refused`` where nothing of it was known for a part of such:
    no form, not even an empty one, no list, no statement, nor whose they are. It is some other file, and no report of which
    everything is lacking."""
    report = reading.report
    tables = (
        *report.spec.forms,
        *report.spec.notes,
        report.spec.tables["claims"],
        report.spec.tables["entity"],
    )
    known = any(report.rows(table.id) for table in tables) or any(
        report.status(form.id)["status"] != MISSING for form in report.spec.forms
    )
    if not known and reading.form not in _OWN:
        raise Refused("WORKBOOK_OTHER", path=Path(reading.path).name, source=reading.path)
    return reading


def _insist(form: str | None, found: str, source: Path) -> None:
    if form is not None and form != found and not (form == "package" and found in ("zip", "table")):
        raise Refused("FORM_DIFFERS", path=source, wanted=form, found=found)


@contextmanager
def _readable(source: Path) -> Iterator[None]:
    """What the system cannot read becomes a refusal, and a refusal names the source."""
    try:
        yield
    except OSError as error:
        raise Refused("FILE_UNREADABLE", path=source, reason=error) from None
    except Refused as refusal:
        refusal.details.setdefault("source", str(source))
        raise


def _digest(lines: Iterable[str]) -> str:
    """The SHA-256 of several files: of a line ``name:sha256`` of each, in the order of the lines."""
    return sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape"))


# Packages


def _is_package(source: Path) -> bool:
    return source.name == DESCRIPTOR or (source / DESCRIPTOR).is_file()


def _read_directory(source: Path, limits: Limits) -> Reading:
    from fatk.formats import package

    source = source.parent if source.name == DESCRIPTOR else source
    digests: list[str] = []
    budget = _Budget(limits)

    def member(name: str) -> bytes | None:
        place = source
        for part in name.split("/"):
            place = place / part
            if place.is_symlink():
                raise Refused("PATH_SYMLINK", path=name)
        if not place.exists() or place.is_dir():
            return None
        data = files.load(place, limits.file_size)
        budget.take(len(data), str(source))
        digests.append(f"{name}:{sha256(data)}")
        return data

    names = folders.listed(source, limits)
    reading = package.read(names, member, load(), limits, closed=False)
    return with_source(settled(reading), str(source), _digest(digests), "package")


def _read_zip(opened: Archive, root: str, limits: Limits) -> Reading:
    """The package in a zip, or in the folder ``root`` of it."""
    from fatk.formats import package

    def member(wanted: str) -> bytes | None:
        found = opened.find(root + wanted)
        return None if found is None else opened.read(found)

    names = tuple(name.removeprefix(root) for name in opened.names if name.startswith(root))
    return settled(package.read(names, member, load(), limits, closed=True))


# Several files that are one report


@dataclass(slots=True)
class _Piece:
    """One file of a report by its name: a workbook, a whole reading, or a table of the standard as CSV."""

    name: str
    form: str
    sha256: str
    book: Book | None = None
    reading: Reading | None = None
    table: tuple[Table, bytes] | None = None


@dataclass(slots=True)
class _Pieces:
    """The files of a report in the order in which they count, those passed over, and names in a zip that were decoded."""

    found: list[_Piece] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def add(self, more: _Pieces) -> None:
        """Put what another place holds behind; the same file once more is passed over. Tables of the standard are told by
        their names: those without rows may have the same header."""
        for piece in more.found:
            known = not piece.table and any(piece.sha256 == other.sha256 for other in self.found)
            self.others.append(piece.name) if known else self.found.append(piece)
        self.others += more.others
        self.foreign += more.foreign


class _Budget:
    """How many bytes may still be read, or inflated, of one report in several files."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.left = limits, limits.zip_total

    def take(self, size: int, name: str) -> None:
        """Count bytes; ``Refused`` once they are too many."""
        self.left -= size
        if self.left < 0:
            raise Refused("PACKAGE_TOO_LARGE", path=name, limit=self.limits.zip_total)


def _of_package(folder: Path, name: str, limits: Limits) -> _Pieces:
    reading = _read_directory(folder, limits)
    return _Pieces([_Piece(name, "package", reading.sha256, reading=reading)])


def _of_folder(folder: Path, prefix: str, budget: _Budget) -> _Pieces:
    limits = budget.limits
    listed = folders.in_folder(folder, lambda path: files.load(path, limits.file_size), limits)
    if listed.root + DESCRIPTOR in listed.openers:
        return _of_package(folder / listed.root, prefix + listed.root[:-1], limits)
    pieces = _of_files(listed, str(folder), prefix, budget, zipped=False)
    if not pieces.found:
        raise Refused("DIRECTORY_NO_PACKAGE", path=folder)
    return pieces


def _of_zip(opened: Archive, data: bytes, prefix: str, place: str, budget: _Budget) -> _Pieces:
    listed = folders.in_zip(opened)
    if listed.root + DESCRIPTOR in listed.openers:
        reading = _read_zip(opened, listed.root, budget.limits)
        return _Pieces([_Piece(prefix + listed.root[:-1], "zip", sha256(data), reading=reading)])
    pieces = _of_files(listed, place, prefix, budget, zipped=True)
    if not pieces.found:
        raise Refused("ZIP_NO_REPORT")
    return pieces


def _of_files(listed: folders.Files, place: str, prefix: str, budget: _Budget, *, zipped: bool) -> _Pieces:
    """What the files of a folder or zip hold. What cannot be read is passed over unless its name says that it is a report's;
    a refusal names the file."""
    pieces = _Pieces(
        others=[prefix + name for name in listed.deeper], foreign=[prefix + n for n in listed.foreign]
    )
    for name in listed.own:
        promised = folders.promised(name)
        try:
            one = _of_file(listed.openers[name](), prefix + name, f"{place}/{name}", budget, zipped=zipped)
        except Refused as refusal:
            if promised and refusal.code != "JSON_NOT_A_REPORT":
                refusal.details.setdefault("source", f"{place}/{name}")
                raise
            pieces.others.append(prefix + name)
            continue
        if not promised and any(
            p.form == "text" and p.book and not folders.holds_table(p.book) for p in one.found
        ):
            pieces.others.append(prefix + name)
        else:
            pieces.add(one)
    return pieces


def _of_file(data: bytes, name: str, place: str, budget: _Budget, *, zipped: bool = False) -> _Pieces:
    limits = budget.limits
    budget.take(len(data), place)
    form, opened = sniff(data, limits)
    if opened is not None:
        budget.take(sum(member.size for member in opened.members), place)
        if zipped and form in ("archive", "zip"):
            raise Refused("ZIP_NESTED", name=name)
        if form == "archive":
            return _of_zip(opened, data, f"{name}/", place, budget)
    piece = _Piece(name, form, sha256(data))
    if form == "text" and (table := _table_of(data, name)) is not None:
        piece.form, piece.table = "table", (table, data)
    elif form not in spreadsheets.FORMS:
        piece.reading = _read_file(form, opened, data, limits, name)
    elif (prose := _prose(form, data, opened, limits, name)) is not None:
        piece.reading = with_source(prose, name, piece.sha256, form)
    else:
        piece.book = spreadsheets.read_book(form, data, opened, limits, name)
    return _Pieces([piece])


def _table_of(data: bytes, name: str) -> Table | None:
    from fatk.formats import package

    return package.table_of(data, name, load())


def _assembled(
    pieces: _Pieces, limits: Limits, form: str | None = None, source: Path = Path(), within: str = ""
) -> Reading:
    """The one report that the files are; ``within`` is the name of the folder or zip that they are in."""
    for piece in pieces.found:
        _insist(form, piece.form, source)
    order = {piece.name: number for number, piece in enumerate(pieces.found)}
    parts = [
        (piece.name, merging.labelled(piece.reading, piece.name)) for piece in pieces.found if piece.reading
    ]
    for group in folders.together([(p.name, p.book) for p in pieces.found if p.book]):
        if len(group) > 1:  # what is told of all would hide that one is another's
            merging.hold([(name, _transcribed(book, name).report) for name, book in group], units=False)
        name = f"{within}/{group[0][0]}" if within else group[0][0]
        reading = _transcribed(folders.one_book(group, limits), name)
        parts.append((group[0][0], reading))
    for loose in folders.by_folder([(p.name, p.table) for p in pieces.found if p.table]):
        from fatk.formats import package

        parts.append((loose[0][0], settled(package.read_loose(loose, load(), limits))))
    reading = merging.merge(sorted(parts, key=lambda part: order[part[0]]))
    told = [
        (code, names) for code, names in (("READ-76", pieces.others), ("READ-81", pieces.foreign)) if names
    ]
    found = [
        notify(code, *(CellRef(location=name) for name in names), names="、".join(names), count=len(names))
        for code, names in told
    ]
    digest = _digest(f"{piece.name}:{piece.sha256}" for piece in pieces.found)
    return replace(reading, findings=(*reading.findings, *found), sha256=digest)


def form_of(target: Path) -> str:
    """The form that a target's name asks for; ``Misuse`` where its suffix is not known."""
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise Misuse("FORM_UNKNOWN", path=target, known=" ".join(s for s in SUFFIXES if s))
    return SUFFIXES[suffix]


def write(
    report: Report,
    target: str | Path,
    *,
    form: str | None = None,
    force: bool = False,
    allow_loss: bool = False,
) -> int:
    """Write a report in the form that the target's name or ``form`` says: whole and in one step, or not at all. How many
    cells were left out: none, unless ``allow_loss`` is given and the form has no place for them.

    Raises ``NotWritten`` where the target exists (without ``force``), cannot be written, or is a directory that is no
    package, and ``WouldLose`` where the form cannot hold the report.
    """
    path = Path(target)
    asked = form or form_of(path)
    if asked == "package" and form and path.suffix.lower() == ".zip":
        asked = "zip"
    if asked == "package":
        from fatk.formats import package

        if force and path.is_dir() and any(path.iterdir()) and not package.is_ours(path):
            raise NotWritten("OUTPUT_FOREIGN", path=path)
        files.write_directory(path, package.write(report), force=force)
        return 0
    data, lost = encode(report, asked, allow_loss=allow_loss)
    files.write_file(path, data, force=force)
    return lost


def encode(report: Report, form: str, *, allow_loss: bool = False) -> tuple[bytes, int]:
    """A report as the bytes of a form of one file, and how many cells were left out: as ``write`` says."""
    lost = 0
    if form == "xlsx" and allow_loss:
        report, lost = printed_only(report)
    return encoder(form)(report), lost


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
    if form in documents.WRITTEN:
        return lambda report: documents.write(form, narrated(report)[0])
    raise Misuse("FORM_UNKNOWN", path=form, known=" ".join(FORMS))


def narrated(report: Report) -> tuple[Document, tuple[str, ...]]:
    """The narrative of a report, and the paths for lack of which sentences were left out."""
    from fatk.narrative import writing

    return writing.narrative_of(report)
