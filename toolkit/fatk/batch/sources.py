"""What a batch reads: the reports below a folder, of a list or of a pattern, each with the digest of its content.

A report is a file, or a folder that is one: a data package, or workbooks and CSV files of one table each. Names decide only
what is looked at; what a file is, its content says when it is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path, PurePosixPath

from fatk import waivers
from fatk.errors import Misuse, Refused
from fatk.formats import folders
from fatk.formats.sniffing import DESCRIPTOR
from fatk.spec import load
from fatk.vocabulary import title_of

#: Names of files that a report may be in. Others of a folder are passed over; one that is listed is read whatever its name.
SUFFIXES = frozenset(
    {
        ".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ett", ".ods", ".fods", ".csv", ".tsv", ".json", ".zip", ".mht",
        ".mhtml", ".xml", ".htm", ".html", ".docx", ".doc", ".pdf", ".md", ".txt",
    }
)  # fmt: skip
#: Of these, the ones that hold tables only: a folder of them, one table each, is one report.
_TABULAR = frozenset({".xlsx", ".xlsm", ".xls", ".et", ".ods", ".csv", ".tsv"})
#: What programmers put beside data to tell of it.
_ABOUT = frozenset({"readme", "license", "licence", "changelog"})
_WILD = frozenset("*?[")
_HASHING_THREADS = 4
_AT_ONCE = 1000
#: So many bytes and lines of a text are looked at to tell a list of paths from a narrative.
_HEAD, _FIRST_LINES = 1 << 16, 20
#: How files begin that are no text: zip and so workbooks, OLE and so old ones, PDF.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-")


@dataclass(frozen=True, slots=True)
class Source:
    """One report to be read: ``path`` names it below what was given, ``/`` between folders, ``place`` is where it is.

    ``closed`` is the number of the system's error where it is a folder that could not be looked into: what it holds is unknown.
    """

    path: str
    place: Path
    folder: bool = False
    closed: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The sources in the order of their paths, and how many files were passed over for their names."""

    sources: tuple[Source, ...]
    passed_over: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a source holds: its digest, its size in bytes, the file of waivers beside it and that one's digest. ``sha256`` is
    ``None`` where it could not be read."""

    sha256: str | None
    size: int
    waivers: Path | None = None
    waivers_sha256: str | None = None


def find(given: str, *, without: Path, per_folder: bool = False) -> Found:
    """The sources that a folder, a file, a list of paths (``@list``, or a ``.txt`` whose first lines name some) or a pattern names.

    ``without`` is a folder that is not looked into: the target. With ``per_folder`` every folder that holds files is one
    report. ``Refused`` where nothing is there; ``Misuse`` where no report is.
    """
    place = Path(given)
    listed = given.removeprefix("@") if given.startswith("@") and not place.exists() else None
    if listed is None and place.is_file() and place.suffix.lower() == ".txt" and _names_files(place):
        listed = given
    if listed is not None:
        found = _of_list(Path(listed))
    elif place.is_dir():
        found = _of_tree(place, "", without, per_folder)
    elif place.exists():
        found = Found((Source(_portable(place.name), place),), 0)
    elif _WILD.intersection(given):
        found = _of_pattern(given, without, per_folder)
    else:
        raise Refused("FILE_NOT_FOUND", path=given)
    if not found.sources:
        raise Misuse("BATCH_NOTHING", path=given)
    return found


def _of_list(listed: Path) -> Found:
    """Each line is a path from where the command is run: a file, or a folder that is one report."""
    try:
        data = listed.read_bytes()
    except FileNotFoundError:
        raise Refused("FILE_NOT_FOUND", path=listed) from None
    except OSError as error:
        raise Refused("FILE_UNREADABLE", path=listed, reason=error) from None
    if data.startswith(_NO_TEXT):
        raise Refused("BATCH_LIST", path=listed)
    here = Path.cwd()
    named: dict[str, Path] = {}
    lines = {Path(os.path.normpath(here / line)): line for line in _lines(data)}
    for whole, line in sorted(lines.items()):
        below = whole.relative_to(here) if whole.is_relative_to(here) else whole.relative_to(whole.anchor)
        named[_free(_portable(below.as_posix()), named)] = Path(line)
    return Found(
        tuple(Source(path, named[path], _exists(named[path], folder=True)) for path in sorted(named)), 0
    )


def _names_files(place: Path) -> bool:
    """Whether a text is a list of paths, and no narrative: one of its first lines is that of a file or a folder."""
    with suppress(OSError), place.open("rb") as stream:
        return any(_exists(Path(line)) for line in _lines(stream.read(_HEAD))[:_FIRST_LINES])
    return True


def _lines(data: bytes) -> list[str]:
    """The paths of a list. Bytes that are no UTF-8 are those of the names themselves, unless they name files as GB18030, which
    an editor of Windows writes; a path in quotation marks, as it is copied there, is without them unless there is one with."""
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = _stripped(text)
    if any(map(_is_raw, lines)):
        with suppress(UnicodeDecodeError):
            other = _stripped(data.decode("gb18030"))
            if any(_exists(Path(line)) for line in other[:_FIRST_LINES]):
                lines = other
    return lines


def _is_raw(line: str) -> bool:
    """Whether a line has bytes that are no UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in line)


def _stripped(text: str) -> list[str]:
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        inner = line[1:-1].strip() if len(line) > 2 and line[0] == line[-1] == '"' else ""
        found.append(inner if inner and not _exists(Path(line)) else line)
    return found


def _exists(place: Path, *, folder: bool = False) -> bool:
    """Whether there is such a path; of a text that can be none, such as one too long, there is not."""
    try:
        return place.is_dir() if folder else place.exists()
    except (OSError, ValueError):
        return False


def _of_pattern(pattern: str, without: Path, per_folder: bool) -> Found:
    """What a pattern matches, named below the last folder before its first wild card."""
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if _WILD.intersection(part))
    root = Path(*parts[:fixed])
    found: dict[str, Source] = {}
    passed_over = 0
    for match in root.glob("/".join(parts[fixed:])):
        name = match.relative_to(root).as_posix()
        if any(map(folders.junk, name.split("/"))):
            continue
        if _exists(match, folder=True):
            if "**" in parts:  # it matches what is below by itself
                continue
            inner = _of_tree(match, f"{name}/", without, per_folder)
            found |= {source.path: source for source in inner.sources}
            passed_over += inner.passed_over
        elif _wanted(match):
            name = _free(_portable(name), found)
            found[name] = Source(name, match)
        else:
            passed_over += 1
    return Found(tuple(found[path] for path in sorted(found)), passed_over)


def _of_tree(root: Path, prefix: str, without: Path, per_folder: bool) -> Found:
    found: list[Source] = []
    closed: list[OSError] = []
    passed_over = 0
    without = without.resolve()
    for place, below, names in os.walk(root, onerror=closed.append):
        folder = Path(place)
        below[:] = sorted(n for n in below if not folders.junk(n) and (folder / n).resolve() != without)
        kept = sorted(name for name in names if not folders.junk(name))
        relative = folder.relative_to(root).as_posix()
        base = prefix if relative == "." else f"{prefix}{relative}/"
        named = _portable(base.rstrip("/") or root.resolve().name)
        if DESCRIPTOR in kept or _one_table_each(kept):
            found.append(Source(named, folder, folder=True))
            below[:] = [] if DESCRIPTOR in kept else below
            continue
        wanted = [name for name in kept if _wanted(folder / name)]
        passed_over += sum(not waivers.is_named(name) for name in kept) - len(wanted)
        if per_folder and wanted:
            found.append(Source(named, folder, folder=True))
            continue
        found += [Source(_portable(base + name), folder / name) for name in wanted]
    for error in closed:
        folder = Path(error.filename)
        relative = folder.relative_to(root).as_posix()
        named = prefix.rstrip("/") if relative == "." else f"{prefix}{relative}"
        if not named:
            raise Refused("FILE_UNREADABLE", path=root, reason=error) from None
        found.append(Source(_portable(named), folder, folder=True, closed=error.errno or 0))
    return Found(tuple(sorted(found, key=lambda source: source.path)), passed_over)


def _wanted(place: Path) -> bool:
    return (
        place.suffix.lower() in SUFFIXES
        and place.stem.lower() not in _ABOUT
        and not waivers.is_named(place.name)
        and _may_be_file(place)
    )


def _may_be_file(place: Path) -> bool:
    """Whether a path is that of a file, or of something that cannot be seen, as behind a broken link: then reading tells
    why."""
    try:
        return place.is_file() or (place.is_symlink() and not place.exists())
    except OSError:
        return True


def _one_table_each(names: Sequence[str]) -> bool:
    """Whether a folder's workbooks and CSV files are named for one table of the standard each, beside what all of them are
    named for (their department, say)."""
    stems = [PurePosixPath(n).stem for n in names if PurePosixPath(n).suffix.lower() in _TABULAR]
    if len(stems) < 2:
        return False
    common = sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, zip(*stems, strict=False)))
    tables = [_table_named(stem) or _table_named(stem[common:]) for stem in stems]
    return None not in tables and len(set(tables)) == len(tables)


def _table_named(stem: str) -> str | None:
    return stem if stem in load().tables else title_of(stem)


def _free(name: str, taken: Container[str]) -> str:
    """A name that no other source has: a file inside and one outside of where the command is run may share theirs."""
    return next(one for n in count(1) if (one := name if n == 1 else f"{name}~{n}") not in taken)


def _portable(name: str) -> str:
    """A path as text that every file can hold: bytes that are no UTF-8 are shown escaped."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


# Contents


def contents(sources: Sequence[Source], told: Callable[[], object]) -> Iterator[Content]:
    """What each source holds, in their order; ``told`` is called for each one."""
    with ThreadPoolExecutor(_HASHING_THREADS) as threads:  # reading and hashing leave the interpreter free
        for start in range(0, len(sources), _AT_ONCE):
            for content in threads.map(content_of, sources[start : start + _AT_ONCE]):
                told()
                yield content


def content_of(source: Source) -> Content:
    """The digest and size of a file; of a folder the digest of the lines ``name:sha256`` of its files, sorted."""
    if source.closed is not None:
        return Content(None, 0)
    beside = waivers.beside(source.place)
    try:
        if source.folder:
            found = [(name, *_hashed(place)) for name, place in _files(source.place)]
            lines = "\n".join(f"{name}:{digest}" for name, digest, _ in found)
            digest, size = _digest(lines.encode("utf-8", "backslashreplace")), sum(n for *_, n in found)
        else:
            digest, size = _hashed(source.place)
        return Content(digest, size, beside, _hashed(beside)[0] if beside else None)
    except OSError:
        return Content(None, 0, beside)


def _files(folder: Path) -> Iterable[tuple[str, Path]]:
    """The files of a folder that is one report, hidden ones aside, sorted by name."""

    def closed(error: OSError) -> None:
        raise error

    found = {}
    for place, below, names in os.walk(folder, onerror=closed):
        below[:] = [name for name in below if not folders.junk(name)]
        for name in names:
            path = Path(place, name)
            if not folders.junk(name) and path.is_file():
                found[path.relative_to(folder).as_posix()] = path
    return sorted(found.items())


def _hashed(place: Path) -> tuple[str, int]:
    if not place.is_file():  # a pipe never ends
        raise FileNotFoundError(place)
    with place.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return digest.hexdigest(), stream.tell()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
