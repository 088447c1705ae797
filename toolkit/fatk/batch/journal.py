"""What a batch remembers of its target: one line of JSON for each source that is done, added when all that it names is on
the disk.

What a process that was killed leaves behind is known by not being named here. The last line of a path counts; of those before
it, and of sources that are gone, only the parts matter that still hold their rows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from fatk import files
from fatk.batch.work import Line
from fatk.errors import Misuse, NotWritten, Refused

#: The folder of ours in a target.
OURS = ".fatk"
_NAME, _LOCK = "journal.jsonl", "lock"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What counts of the last line of a source. ``offset`` is where the line begins."""

    key: str | None
    sha256: str
    part: str | None
    spool: str | None
    row: int
    output: str | None
    offset: int


class Journal:
    """The journal of a target, open and this process's alone until it is closed.

    ``entries`` are by path. ``outputs`` are those that a run of ours wrote or began. ``stale`` are parts of a store that hold rows
    of no entry. ``between`` is what was counted when reports were held against each other. ``Misuse`` where the target holds something else that a batch made, ``Refused`` where its journal is damaged or
    of another version, ``NotWritten`` where another process has it or it cannot be written.
    """

    def __init__(self, target: Path, to: str) -> None:
        self.entries: dict[str, Entry] = {}
        self.outputs: set[str] = set()
        self.stale: set[str] = set()
        self.between: Mapping[str, int] | None = None
        self._changed = False
        self._to = to
        self._path = target / OURS / _NAME
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self._path.with_name(_LOCK), target)
            self._file: BinaryIO = self._path.open("a+b")
        except OSError as error:
            raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None
        try:
            self._load(target)
        except BaseException:
            self.close()
            raise

    def _load(self, target: Path) -> None:
        self._file.seek(0)
        offset = 0
        for number, raw in enumerate(self._file, 1):
            if not raw.endswith(b"\n"):  # the line at which a process was killed
                break
            try:
                line = json.loads(raw)
                if offset == 0:
                    self._hold(line, target)
                self._take(line, offset)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise Refused("BATCH_JOURNAL", path=self._path, line=number) from None
            offset += len(raw)
        self._file.truncate(offset)
        self._file.seek(0, os.SEEK_END)
        if offset == 0:
            self._append([self._header()])

    def _hold(self, header: Mapping[str, Any], target: Path) -> None:
        """Hold that a journal is one that this version keeps, and of a target of this kind."""
        if header["journal"] != _VERSION:
            raise Refused("BATCH_JOURNAL_VERSION", path=self._path, found=header["journal"], known=_VERSION)
        if header["to"] != self._to:
            raise Misuse("BATCH_OTHER_TARGET", path=target, found=header["to"], wanted=self._to)

    def _header(self) -> Mapping[str, Any]:
        return {"journal": _VERSION, "to": self._to, "between": self.between}

    def _take(self, line: Mapping[str, Any], offset: int) -> None:
        self.outputs.update(line.get("begun", ()))
        self.between = line.get("between", self.between)
        path = line.get("path", line.get("gone"))
        if path is None:
            return
        former = self.entries.pop(path, None)
        if former is not None and former.part is not None:
            self.stale.add(former.part)
        if "gone" in line:
            self.outputs.discard(line.get("output", ""))
            return
        part, spool, output = line.get("part"), line.get("spool"), line.get("output")
        self.entries[path] = Entry(
            line["key"], line["sha256"], part, spool, line.get("row", 0), output, offset
        )
        if output is not None:
            self.outputs.add(output)

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines of sources that are done; when this returns they last."""
        self._append(lines)

    def begin(self, outputs: Iterable[str]) -> None:
        """Note outputs that are about to be written, and that nobody else has written."""
        self._append([{"begun": list(outputs)}])

    def drop(self, path: str, output: str | None = None) -> None:
        """Note that a source is gone, with its output."""
        self._append([{"gone": path, "output": output}])

    def note(self, between: Mapping[str, int]) -> None:
        """Note what was counted when the reports of a store were held against each other."""
        self._append([{"between": dict(between)}])

    def _append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        offset = self._file.tell()
        for line in lines:
            raw = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            self._take(line, offset)
            offset += len(raw)
            self._file.write(raw)
            self._changed = True
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise NotWritten("OUTPUT_FAILED", path=self._path, reason=error) from None

    def lines(self) -> Iterator[Line]:
        """The last line of every source, in the order of their paths."""
        with self._path.open("rb") as file:
            for path in sorted(self.entries):
                file.seek(self.entries[path].offset)
                yield json.loads(file.readline())

    @property
    def unsettled(self) -> bool:
        """Whether there are lines that do not count any more, or rows that a run which was ended did put into their parts."""
        return self._changed or bool(self.stale) or any(entry.spool for entry in self.entries.values())

    def settle(self) -> None:
        """Write the journal anew: all rows are in their parts, and what came before does not matter any more."""
        with files.replacing(self._path) as partial, partial.open("wb") as file:
            for line in chain([self._header()], self.lines()):
                kept = {name: value for name, value in line.items() if name not in {"spool", "row"}}
                file.write(json.dumps(kept, separators=(",", ":")).encode() + b"\n")
        self._file.close()
        self._file = self._path.open("a+b")
        self.entries, self.outputs, self.stale = {}, set(), set()
        self._file.seek(0)
        offset = 0
        for raw in self._file:
            self._take(json.loads(raw), offset)
            offset += len(raw)
        self._changed = False

    def close(self) -> None:
        """Let others have the target."""
        self._file.close()
        self._lock.close()


def _locked(place: Path, target: Path) -> BinaryIO:
    """A file that no other process can lock while it is open; the system lets it go when this process ends."""
    lock = place.open("ab")
    with suppress(ImportError):  # Windows: who runs two at once is not told
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise NotWritten("BATCH_BUSY", path=target) from None
    return lock
