"""One run of a batch: what is new or has changed is done, what is gone is dropped, and nothing else is touched.

It may be ended at any moment. A process writes what it makes whole; only then is it named in the journal; what is named nowhere
is swept by the next run. So the next run ends with what an undisturbed one would have made.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from fatk import files
from fatk.batch.journal import OURS, Journal
from fatk.batch.orders import STORE, Item, Order
from fatk.batch.places import outputs
from fatk.batch.pool import Pool, Task
from fatk.batch.progress import Watch
from fatk.batch.sources import Content, Found, Source, contents, find
from fatk.batch.summary import Ran, Summary, summed
from fatk.batch.work import REFUSED, Line
from fatk.errors import Misuse, NotWritten
from fatk.outcome import Refusal

if TYPE_CHECKING:
    from fatk.warehouse.parts import Member

#: A task is so many sources at most, and so many bytes of them: what a process loses when it ends, and holds in memory.
_SOURCES, _BYTES = 16, 32 << 20
#: Tasks that each process gets at least, where there are sources enough: none is idle while another has a long one.
_ROUNDS = 4
#: Parts of a store that are made again in one task, at most, and sources of them; a part is never divided.
_PARTS, _MEMBERS = 16, 2_000
#: Codes of what may be otherwise at the next run though the source is the same.
_PASSING = frozenset(
    {
        "FILE_CHANGED",
        "FILE_NOT_FOUND",
        "FILE_UNREADABLE",
        "FOLDER_UNREADABLE",
        "READER_NOT_STARTED",
        "DOCUMENTS_NOT_INSTALLED",
    }
)


def run(
    given: str, order: Order, *, workers: int, scheduler: str | None = None, per_folder: bool = False,
    force: bool = False, watch: Watch | None = None, apart: Path | None = None,
) -> Summary:  # fmt: skip
    """Bring the target up to date with what is given, and sum it up.

    ``scheduler`` is the address of a cluster that works instead of processes here. ``per_folder``: each folder that holds files
    is one report. ``force`` overwrites files that no run of ours wrote. ``apart`` is a file that is no source wherever it lies. ``Refused`` and ``Misuse`` where nothing is given,
    ``NotWritten`` or ``hands.Failed`` where the target cannot be written; never for what is wrong with a source.
    """
    began, watch = monotonic(), watch or Watch()
    target = Path(order.target)
    found = _less(find(given, without=target, per_folder=per_folder), apart, given)
    _hold(target, found, order.to)
    with closing(Journal(target, order.to)) as journal:
        _sweep(target, journal, order.to)
        batch = _Batch(order, journal, watch, Ran(passed_over=found.passed_over))
        wanted = batch.wanted(found, force=force)
        with _workers(workers, scheduler, order) as pool:
            batch.work(wanted, pool)
            if order.to == STORE:
                batch.publish(pool)
        batch.prune()
        if journal.unsettled:
            journal.settle()
        _sweep(target, journal, order.to)
        batch.ran.seconds = monotonic() - began
        return summed(journal.lines(), batch.ran, journal.between)


def _workers(workers: int, scheduler: str | None, order: Order) -> Pool:
    if scheduler is None:
        return Pool(workers, order.bounds)
    from fatk.batch.cluster import Cluster

    return Cluster(scheduler)  # type: ignore[return-value]  # it does what a pool does


def _less(found: Found, apart: Path | None, given: str) -> Found:
    """What was found, less a file; ``Misuse`` where nothing else was."""
    if apart is None:
        return found
    at = os.path.realpath(apart)
    left = [s for s in found.sources if s.place.name != apart.name or os.path.realpath(s.place) != at]
    if not left:
        raise Misuse("BATCH_NOTHING", path=given)
    return replace(found, sources=tuple(left))


def _hold(target: Path, found: Found, to: str) -> None:
    """Hold that the target is no source, holds none and is in none, and that a store's folder is empty or ours."""
    whole = Path(os.path.realpath(target))
    real = cache(os.path.realpath)  # of the folders: there are fewer of them than of sources
    for source in found.sources:
        try:
            above = Path(real(source.place if source.folder else source.place.parent))
        except ValueError:  # no path at all, which is told when it is read
            continue
        place = above if source.folder else above / source.place.name
        if place == whole or whole in place.parents or (source.folder and place in whole.parents):
            raise NotWritten("OUTPUT_IS_INPUT", path=target)
    if target.exists() and not target.is_dir():
        raise NotWritten("OUTPUT_OTHER_KIND", path=target)
    if to == STORE and target.is_dir() and not (target / OURS).is_dir() and any(target.iterdir()):
        raise NotWritten("BATCH_NOT_A_STORE", path=target)


def _sweep(target: Path, journal: Journal, to: str) -> None:
    """Remove what runs that were ended left behind."""
    for place, below, _ in os.walk(target):
        files.sweep(Path(place), alone=True)  # the journal is ours alone, and so is all below
        below[:] = [name for name in below if not name.startswith(".fatk-")]
    if to == STORE:
        from fatk.warehouse.parts import SPOOLS

        for left in target.glob(".fatk-*"):  # whoever else works at this store works in folders below
            shutil.rmtree(left, ignore_errors=True)
        named = {entry.spool for entry in journal.entries.values()}
        with suppress(FileNotFoundError, NotADirectoryError):
            for spool in (target / SPOOLS).iterdir():
                if spool.name not in named and not spool.name.startswith(".fatk-"):
                    spool.unlink(missing_ok=True)


class _Batch:
    """The steps of one run."""

    def __init__(self, order: Order, journal: Journal, watch: Watch, ran: Ran) -> None:
        self.order, self.journal, self.watch, self.ran = order, journal, watch, ran
        self._target = Path(order.target)
        self._keys: dict[str, str | None] = {}
        self._outputs: frozenset[str] = frozenset()
        self._emptied: set[Path] = set()
        self._links: dict[str, bool] = {}

    def wanted(self, found: Found, *, force: bool) -> list[Item]:
        """The sources that are new or have changed, in the order of their paths; what is gone is dropped."""
        mirrored = self.order.to != STORE
        names = (
            outputs((s.path for s in found.sources if s.closed is None), self.order.to) if mirrored else {}
        )
        wanted: list[Item] = []
        kept = self._out_of_sight(found)
        self.ran.unseen = len(kept)
        seen = {entry.sha256: path for path in kept for entry in [self.journal.entries[path]]}
        taken: list[Line] = []
        self.watch.begin("looking", len(found.sources))
        for source, content in zip(found.sources, contents(found.sources, self.watch.step), strict=True):
            item = _item(source, content, names.get(source.path))
            if not mirrored and content.sha256 is not None:
                first = seen.setdefault(content.sha256, source.path)
                if first != source.path:  # rows of one file stand in a store once
                    self.ran.copies.append((source.path, first))
                    continue
            kept.add(source.path)
            key = self.order.key(content)
            if self._is_done(item, key):
                self.ran.unchanged += 1
            elif item.output is not None and (link := self._link_above(item.output)) is not None:
                taken.append(_unwritten(item, NotWritten("OUTPUT_LINK", path=link)))
            elif item.output is not None and self._is_foreign(item.output) and not force:
                taken.append(_unwritten(item, NotWritten("OUTPUT_EXISTS", path=item.output)))
            else:
                self._keys[item.path] = key
                wanted.append(item)
        self._outputs = frozenset(names.values())
        self.watch.copies(self.ran.copies)
        self._drop([path for path in self.journal.entries if path not in kept])
        if taken:
            self._add(taken)
        return wanted

    def _out_of_sight(self, found: Found) -> set[str]:
        """The sources done before whose folders cannot be looked into now: they are not known to be gone, so they stay."""
        closed = tuple(f"{source.path}/" for source in found.sources if source.closed is not None)
        return {path for path in self.journal.entries if path.startswith(closed)}

    def _is_done(self, item: Item, key: str | None) -> bool:
        entry = self.journal.entries.get(item.path)
        if entry is None or key is None or entry.key != key:
            return False
        if entry.part is None:
            return entry.output is None or (
                entry.output == item.output and (self._target / entry.output).exists()
            )
        from fatk.warehouse.parts import SPOOLS, file_of

        if entry.spool is not None:
            return (self._target / SPOOLS / entry.spool).is_file()
        return file_of(self._target, "sources", entry.part).is_file()

    def _is_foreign(self, output: str) -> bool:
        return output not in self.journal.outputs and os.path.lexists(self._target / output)

    def _link_above(self, output: str) -> str | None:
        """The folder above an output that is a link, if one is: what is behind it is none of the target."""
        parts = output.split("/")[:-1]
        above = ("/".join(parts[: n + 1]) for n in range(len(parts)))
        return next((folder for folder in above if self._is_link(folder)), None)

    def _is_link(self, folder: str) -> bool:
        if folder not in self._links:
            self._links[folder] = (self._target / folder).is_symlink()
        return self._links[folder]

    def _drop(self, gone: Sequence[str]) -> None:
        """Forget sources that are gone, and remove their outputs."""
        for path in gone:
            self.journal.drop(path, self._removed(self.journal.entries[path].output))
        self.ran.gone = len(gone)
        self.watch.gone(gone)

    def _removed(self, output: str | None) -> str | None:
        """Remove an output that is not to be there any more, and name it; ``None`` where it is another source's now."""
        if output is None or output in self._outputs or self._link_above(output) is not None:
            return None
        place = self._target / output
        try:
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        except OSError as error:
            raise NotWritten("OUTPUT_FAILED", path=place, reason=error) from None
        self._emptied.add(place.parent)
        return output

    def prune(self) -> None:
        """Remove the folders that hold nothing any more; not before, since a process may be about to write there."""
        if self.order.to == STORE:
            from fatk.warehouse import parts

            parts.prune(self._target)
        for emptied in self._emptied:
            for folder in (emptied, *emptied.parents):
                if folder == self._target:
                    break
                with suppress(OSError):  # it holds something, or is gone
                    folder.rmdir()

    def work(self, wanted: Sequence[Item], pool: Pool) -> None:
        """Have all that is wanted done, and the journal remember it."""
        self.watch.begin("working", len(wanted))
        for done in pool.each(self._tasks(wanted, pool.width), self.watch.step):
            self._add(done.lines)

    def _tasks(self, wanted: Sequence[Item], width: int) -> Iterator[Task]:
        most = max(1, min(_SOURCES, -(-len(wanted) // (width * _ROUNDS))))
        some: list[Item] = []
        size = 0
        for item in wanted:
            if some and (len(some) >= most or size + item.size > _BYTES):
                yield self._task(some)
                some, size = [], 0
            some.append(item)
            size += item.size
        if some:
            yield self._task(some)

    def _task(self, items: Sequence[Item]) -> Task:
        begun = [
            item.output
            for item in items
            if item.output is not None and item.output not in self.journal.outputs
        ]
        if begun:
            self.journal.begin(begun)
        return Task(self.order, tuple(items))

    def _add(self, lines: Sequence[Line]) -> None:
        lines = [line | {"key": self._key(line)} for line in lines]
        former = {line["path"]: self.journal.entries.get(line["path"]) for line in lines}
        self.journal.add(lines)
        for line in lines:
            if (entry := former[line["path"]]) is not None:
                self._removed(entry.output)
        self.ran.done += len(lines)
        self.watch.lines(lines)

    def _key(self, line: Line) -> str | None:
        """By what a line is known at the next run; ``None`` where that is to try again."""
        why = line.get("unwritten") or line.get("refused")
        again = why is not None and (why["code"] in _PASSING or "unwritten" in line)
        return None if again else self._keys.get(line["path"])

    def publish(self, pool: Pool) -> None:
        """Bring every part of the store up to date, and what is made of all of them."""
        from fatk.warehouse import catalogue

        members: dict[str, list[Member]] = defaultdict(list)
        changed = set(self.journal.stale)
        for path, entry in self.journal.entries.items():
            if entry.part is not None:
                members[entry.part].append((path, entry.sha256, entry.spool, entry.row))
                if entry.spool is not None:
                    changed.add(entry.part)
        self.watch.begin("storing", len(changed))
        sources = {part: members.get(part, []) for part in sorted(changed)}
        tasks = (
            Task(self.order, publish={"store": str(self._target), "parts": some})
            for some in _shared(sources, pool.width)
        )
        for done in pool.each(tasks):
            for _ in (done.task.publish or {})["parts"]:
                self.watch.step()
        if changed or not (self._target / catalogue.NAME).is_file():
            self._between(pool)
            catalogue.build(self._target)

    def _between(self, pool: Pool) -> None:
        """Hold the reports of the store against each other, as far as they are not held already."""
        from fatk.warehouse import chains

        def each(jobs: Iterable[chains.Job]) -> Iterator[tuple[chains.Spooled, ...]]:
            for done in pool.each(Task(self.order, job=job) for job in jobs):
                yield done.spooled

        def begin(total: int) -> None:
            self.ran.compared = total
            self.watch.begin("comparing", total)

        try:
            found = chains.run(
                self._target, self.order.digest, width=pool.width * _ROUNDS, each=each, begin=begin, told=self.watch.step
            )  # fmt: skip
        except OSError as error:
            raise NotWritten("OUTPUT_FAILED", path=self._target, reason=error) from None
        self.journal.note(found)


def _shared(parts: Mapping[str, Sequence[Member]], width: int) -> Iterator[Mapping[str, Sequence[Member]]]:
    """Parts as tasks for so many processes, none of more parts or sources than a process is to hold."""
    most = max(1, min(_PARTS, -(-len(parts) // (width * _ROUNDS))))
    some: dict[str, Sequence[Member]] = {}
    for part, members in parts.items():
        if some and (len(some) >= most or sum(map(len, some.values())) + len(members) > _MEMBERS):
            yield some
            some = {}
        some[part] = members
    if some:
        yield some


def _item(source: Source, content: Content, output: str | None) -> Item:
    from fatk.reading import sha256

    return Item(
        source.path, str(source.place.absolute()),
        content.sha256 or sha256(source.path.encode("utf-8", "backslashreplace")), content.size, source.folder,
        None if content.waivers is None else str(content.waivers.absolute()), output,
        None if source.closed is None else ("FOLDER_UNREADABLE", {"errno": source.closed}),
    )  # fmt: skip


def _unwritten(item: Item, error: NotWritten) -> Line:
    """The line of a source whose output cannot be put in its place, which is known beforehand."""
    why = Refusal.of(error)
    return {
        "path": item.path, "sha256": item.sha256, "size": item.size, "form": None, "verdict": REFUSED, "fiscal_year": None,
        "division": None, "edition": None, "errors": 0, "warnings": 0, "unaccounted_cells": 0, "rules": {}, "seconds": 0.0,
        "status": why.exit_status, "unwritten": {"code": why.code, "message": why.message, "message_en": why.message_en},
    }  # fmt: skip
