"""What of a folder or a zip is looked at, and several workbooks as one.

The files of a report are found by name only as far as to pass over what no person put there; what each is, its content
says. Workbooks become one ``Book`` before anything in them is understood, so that a report in nine files is read just as
one in nine sheets.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path, PurePosixPath

from fatk.archive import Archive
from fatk.errors import Refused
from fatk.grid import Book
from fatk.limits import Limits
from fatk.spec import Table

#: What programs put into folders by themselves, letter case aside.
_JUNK = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"})
#: Names by which a file promises to be part of a report: where it cannot be read, that is no reason to pass over it.
_PROMISED = frozenset(
    {".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ett", ".ods", ".csv", ".tsv", ".json", ".zip"}
)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a folder or a zip: the name of each below it, with ``/`` between folders, and what reads it.

    ``root`` is the folder in it, with ``/`` at its end, that all of them are in. ``foreign``: names in a zip that do not say
    how they are encoded and were taken for GB18030.
    """

    root: str
    openers: Mapping[str, Callable[[], bytes]]
    foreign: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order in which people count: 表2 before 表10."""
        return tuple(sorted(self.openers, key=natural))

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the files that are in no folder below the root."""
        return tuple(name for name in self.names if "/" not in name[len(self.root) :])

    @property
    def deeper(self) -> tuple[str, ...]:
        """The folders below the root."""
        found = (name[len(self.root) :] for name in self.names)
        return tuple(dict.fromkeys(f"{self.root}{name.partition('/')[0]}/" for name in found if "/" in name))


def in_folder(folder: Path, load: Callable[[Path], bytes], limits: Limits) -> Files:
    """The files of a folder; ``load`` reads one. ``Refused`` where there are too many, one is a link or no file, or the folder or
    one below it cannot be looked into: what it holds would be lost unsaid."""

    def closed(error: OSError) -> None:
        raise Refused("FILE_UNREADABLE", path=error.filename or folder, reason=error) from None

    found: dict[str, Callable[[], bytes]] = {}
    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = [name for name in folders if not junk(name)]
        for name in filter(_kept, names):
            path = Path(place, name)
            below = path.relative_to(folder).as_posix()
            try:
                linked, regular = path.is_symlink(), path.is_file()
            except OSError as error:
                raise Refused("FILE_UNREADABLE", path=path, reason=error) from None
            if linked:
                raise Refused("PATH_SYMLINK", path=below)
            if not regular:
                raise Refused("FILE_NOT_REGULAR", path=below)
            found[below] = lambda path=path: load(path)  # type: ignore[misc]
            if len(found) > limits.zip_entries:
                raise Refused("FOLDER_TOO_MANY_FILES", path=folder, limit=limits.zip_entries)
    return Files(_root(found), found)


def in_zip(archive: Archive) -> Files:
    """The files of a zip archive."""
    found: dict[str, Callable[[], bytes]] = {}
    foreign = []
    for member in archive.members:
        if not member.directory and _kept(member.name):
            found[member.name] = lambda member=member: archive.read(member)  # type: ignore[misc]
            if member.encoding == "gb18030":
                foreign.append(member.name)
    return Files(_root(found), found, tuple(foreign))


def listed(package: Path, limits: Limits) -> tuple[str, ...]:
    """Names of the files of a package's directory, and of the CSV files in folders below it, hidden ones aside."""
    found: list[str] = []
    for place, folders, names in os.walk(package):
        folders[:] = [name for name in folders if not junk(name)]
        for name in names:
            below = Path(place, name).relative_to(package).as_posix()
            if "/" not in below or below.lower().endswith(".csv"):
                found.append(below)
        if len(found) > limits.zip_entries:
            raise Refused("FOLDER_TOO_MANY_FILES", path=package, limit=limits.zip_entries)
    return tuple(sorted(found))


def promised(name: str) -> bool:
    """Whether a file's name says that it is part of a report."""
    return PurePosixPath(name).suffix.lower() in _PROMISED and not name.lower().endswith(".waivers.json")


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which names are sorted as people count: figures by their size."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    parts = re.findall(r"[0-9]+|[^0-9]+", folded)
    return tuple((0, int(p), p) if p.isdigit() and len(p) < 19 else (1, 0, p) for p in parts)


def one_book(books: Sequence[tuple[str, Book]], limits: Limits) -> Book:
    """The sheets of several workbooks as one, each with the name of its file; ``Refused`` where they are too many together."""
    sheets = tuple(
        replace(sheet, file=name, name=_stem(name) if sheet.plain else sheet.name)
        for name, book in books
        for sheet in book.sheets
    )
    if len(sheets) > limits.sheets:
        raise Refused("XLSX_TOO_MANY_SHEETS", count=len(sheets), limit=limits.sheets)
    if sum(sheet.size for sheet in sheets) > limits.cells:
        raise Refused("XLSX_TOO_MANY_CELLS", place=books[-1][0], limit=limits.cells)
    notices = [
        (code, detail if code == "TEXT_READ_AS" else f"[{name}]{detail}")
        for name, book in books
        for code, detail in book.notices
    ]
    return Book(sheets, tuple(dict.fromkeys(notices)), books[0][1].epoch_1904)


def together(books: Sequence[tuple[str, Book]]) -> list[list[tuple[str, Book]]]:
    """The workbooks in groups that are read as one: all of them, where one at most has a cover. A cover says what report its
    workbook is; of two there is no telling which one counts, so that each is read by itself."""
    covered = [_has_cover(book) for _, book in books]
    groups: dict[object, list[tuple[str, Book]]] = {}
    for at, one in enumerate(books):
        alone = covered[at] and sum(covered) > 1
        groups.setdefault(at if alone else ("bare", one[1].epoch_1904), []).append(one)
    return list(groups.values())


def by_folder(tables: Iterable[tuple[str, tuple[Table, bytes]]]) -> list[list[tuple[str, Table, bytes]]]:
    """Tables of the standard as CSV, by the folder or zip that they are in; of two of one table the other stands alone."""
    groups: dict[tuple[str, int], list[tuple[str, Table, bytes]]] = {}
    for name, (table, data) in tables:
        folder, again = name.rpartition("/")[0], 0
        while any(other is table for _, other, _ in groups.get((folder, again), ())):
            again += 1
        groups.setdefault((folder, again), []).append((name, table, data))
    return list(groups.values())


def holds_table(book: Book) -> bool:
    """Whether any table of the standard is recognised in a workbook."""
    return any(_tables(book))


def _has_cover(book: Book) -> bool:
    return any(table.id == "report" for table in _tables(book))


def _tables(book: Book) -> Iterator[Table]:
    """The tables that are recognised in a workbook."""
    from fatk.recognition import regions, rows_of

    return (region.table for sheet in book.sheets for region in regions(sheet, rows_of(sheet)))


def _root(names: Iterable[str]) -> str:
    """The folder that all files are in, as where a folder was packed and not what is in it."""
    folders = [name.split("/")[:-1] for name in names]
    common = takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
    return "".join(f"{parts[0]}/" for parts in common)


def _kept(name: str) -> bool:
    return not any(junk(part) for part in name.split("/"))


def junk(part: str) -> bool:
    """Whether a name is hidden, of a file that a program has open, or of what a system puts there."""
    return part.startswith((".", "~$")) or part.lower() in _JUNK


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
