"""The files of a store: how rows of many reports come to be few Parquet files, whatever the order and the interruptions.

What a process makes of some sources is one *spool*, written once and whole. When all are there, every *part* that changes (the
reports of one year and one prefecture, a file in each dataset) is made again: of its old file, less the sources that changed or are
gone, and of the spools. Sources stand in the order of their paths, so that a part is the same bytes for the same sources
however often and however far it was begun before.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, groupby
from pathlib import Path
from typing import Any

from fatk import files
from fatk.errors import NotWritten
from fatk.spec import load
from fatk.warehouse.datasets import Dataset, arrow, datasets, folder, schema

#: Where, below a store, rows are that no part has yet.
SPOOLS = ".fatk/spools"
_DIVISION = re.compile(r"[0-9]{2,12}")
#: Digits of a division by which reports of one province are kept apart: those of the prefecture.
_PREFECTURE = 4
#: Bytes of values after which a group of rows of a Parquet file is full; a source is never divided. A value that is no text
#: counts as so many, about what it takes.
_GROUP, _VALUE = 1 << 20, 8
#: Pieces of a group after which they are made one: a piece of few rows is mostly what Arrow keeps of its columns.
_PIECES = 32
#: Spools of which it is known at once where rows are in them. Sources come in the order in which spools were filled.
_KNOWN = 16
#: Bytes of the length of an index.
_LENGTH = 8

#: A source of a part: its path, its digest, and its spool and place in that, or ``None`` where the part has its rows already.
Member = tuple[str, str, str | None, int]


def part_of(year: int | None, division: str | None) -> str:
    """The part that the rows of a report are in: its path below each dataset, without suffix."""
    known = division is not None and _DIVISION.fullmatch(division)
    return f"{folder(year, division)}/{division[:_PREFECTURE] if known and division else 'unknown'}"


def file_of(store: Path, dataset: str, part: str) -> Path:
    """The file of a part in a dataset."""
    return store.joinpath(dataset, f"{part}.parquet")


# Spools


def spool(store: Path, gathered: Sequence[Mapping[str, list[tuple[Any, ...]]]]) -> str:
    """Write the rows of so many sources, by dataset, as one file that is on the disk when this returns; its name.

    The file is an Arrow stream for each dataset that has rows, an index as JSON with how many rows each source has, and the
    length of that in 8 bytes.
    """
    import pyarrow as pa

    index: dict[str, tuple[int, list[int]]] = {}
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    name = f"{secrets.token_hex(12)}.rows"
    with files.replacing(store / SPOOLS / name) as partial, pa.OSFile(str(partial), "wb") as sink:
        for dataset in datasets(load()).values():
            counts = [len(made.get(dataset.id, ())) for made in gathered]
            if not any(counts):
                continue
            table = arrow(dataset, [row for made in gathered for row in made.get(dataset.id, ())])
            bare = pa.schema([column.remove_metadata() for column in table.schema])
            index[dataset.id] = (sink.tell(), counts)
            with pa.ipc.new_stream(sink, bare, options=options) as stream:
                stream.write_table(table.cast(bare))
        ended = json.dumps(index).encode()
        sink.write(ended + len(ended).to_bytes(_LENGTH, "little"))
    return name


class _Spools:
    """The spools of a store. Of their rows only those of one spool and dataset are in memory: the ones asked for last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = lru_cache(maxsize=_KNOWN)(self._read_index)
        self._last: tuple[str, str] | None = None
        self._rows: Any = None

    def run(self, name: str, dataset: str, numbers: Sequence[int]) -> _Run | None:
        """The rows of these sources of a spool in a dataset, or ``None`` where they have none."""
        start, ends = self._index(name).get(dataset, (0, ()))
        if not ends:
            return None
        places = [(ends[n], ends[n + 1] - ends[n]) for n in numbers if ends[n + 1] > ends[n]]
        return _copied(self._read(name, dataset, start), places) if places else None

    def _read(self, name: str, dataset: str, start: int) -> Any:
        import pyarrow as pa

        if self._last != (name, dataset):
            self._last = self._rows = None  # gone before the next are there
            options = pa.ipc.IpcReadOptions(use_threads=False)
            with pa.OSFile(
                str(self._folder / name), "rb"
            ) as file:  # not mapped: what was read would count as held
                file.seek(start)
                with pa.ipc.open_stream(file, options=options) as stream:
                    self._rows = stream.read_next_batch()  # they were written as one
            self._last = name, dataset
        return self._rows

    def _read_index(self, name: str) -> dict[str, tuple[int, Sequence[int]]]:
        """Of each dataset with rows where its stream begins, and where in it the rows of each source begin and the last end."""
        with (self._folder / name).open("rb") as file:
            end = file.seek(-_LENGTH, os.SEEK_END)
            length = int.from_bytes(file.read(_LENGTH), "little")
            file.seek(end - length)
            index: dict[str, tuple[int, list[int]]] = json.loads(file.read(length))
        return {
            dataset: (start, array("q", accumulate(counts, initial=0)))
            for dataset, (start, counts) in index.items()
        }


# Parts


def publish(store: str, parts: Mapping[str, Sequence[Member]]) -> None:
    """Make parts again, so that each has the rows of just these sources; without any it is gone. ``NotWritten`` where it cannot be
    written. Doing it again, or after it was broken off, comes to the same.

    What is in memory at once is the rows of one spool in one dataset, a group of rows of the old file and one of the new,
    however many sources there are; of each source no more than its member."""
    root = Path(store)
    spools = _Spools(root / SPOOLS)
    with files.lasting_together():
        for part, members in parts.items():
            ordered = sorted(members)
            for dataset in datasets(load()).values():
                target = file_of(root, dataset.id, part)
                if not _write(dataset, target, _runs(dataset, target, ordered, spools)):
                    _remove(target)


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows of successive sources, an Arrow record batch, and how many each source has, none of them without any."""

    rows: Any
    counts: Sequence[int]


def _copied(rows: Any, places: Sequence[tuple[int, int]]) -> _Run:
    """The rows of some sources, each at a place and so many, copied so that the others need not stay."""
    import pyarrow as pa

    counts = [count for _, count in places]
    if sum(counts) < rows.num_rows:
        rows = rows.take(
            pa.array([n for start, count in places for n in range(start, start + count)], pa.int64())
        )
    return _Run(rows, counts)


def _runs(dataset: Dataset, old: Path, members: Sequence[Member], spools: _Spools) -> Iterator[_Run]:
    """The rows of the sources that have some, in the order of the sources."""
    stored = _stored(dataset, old) if any(spooled is None for _, _, spooled, _ in members) else iter(())
    at = next(stored, None)
    for spooled, some in groupby(members, key=lambda member: member[2]):
        if spooled is not None:
            run = spools.run(spooled, dataset.id, [number for _, _, _, number in some])
            if run is not None:
                yield run
            continue
        rows: Any = None
        places: list[tuple[int, int]] = []
        for path, sha256, _, _ in some:
            while at is not None and at.path < path:
                at = next(stored, None)
            if at is None or (at.path, at.sha256) != (path, sha256):
                continue
            if places and at.rows is not rows:
                yield _copied(rows, places)
                places = []
            rows = at.rows
            places.append((at.start, at.count))
        if places:
            yield _copied(rows, places)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where the rows of one source are in a group of rows of a file."""

    path: str
    sha256: str
    rows: Any
    start: int
    count: int


def _stored(dataset: Dataset, place: Path) -> Iterator[_Stored]:
    """The rows of each source in a file of a part, in its order, which is that of the paths."""
    import pyarrow.parquet as pq

    if not place.exists():
        return
    with pq.ParquetFile(place, memory_map=False) as file:
        for number in range(file.num_row_groups):
            rows = _whole(file.read_row_group(number, use_threads=False).cast(schema(dataset)))
            named = zip(rows["file"].to_pylist(), rows["source"].to_pylist(), strict=True)
            start = 0
            for (path, sha256), same in groupby(named):
                count = sum(1 for _ in same)
                yield _Stored(path, sha256, rows, start, count)
                start += count


def _whole(table: Any) -> Any:
    """A table of rows as one record batch."""
    (batch,) = table.combine_chunks().to_batches()
    return batch


def _write(dataset: Dataset, target: Path, runs: Iterator[_Run]) -> bool:
    """Write a file of a dataset, whole or not at all; whether there were rows."""
    first = next(runs, None)
    if first is None:
        return False
    import pyarrow.parquet as pq

    with (
        files.replacing(target) as partial,
        pq.ParquetWriter(partial, schema(dataset), compression="zstd") as writer,
    ):
        for group in _groups(chain((first,), runs)):
            writer.write_batch(group, row_group_size=group.num_rows)
            del group  # gone before the next is gathered
    return True


def _groups(runs: Iterable[_Run]) -> Iterator[Any]:
    """Rows as groups that are full, and a last one. A group ends behind the source with which it is full, so that it is the
    same rows however they came together as runs."""
    group: list[Any] = []
    size = 0
    for run in runs:
        start = end = 0
        for count, more in zip(run.counts, _sizes(run), strict=True):
            if size >= _GROUP:
                group.append(run.rows.slice(start, end - start))
                yield _joined(group)
                size, start = 0, end
            end += count
            size += more
        group.append(run.rows.slice(start))
        if len(group) >= _PIECES:
            group.append(_joined(group))
    yield _joined(group)


def _joined(pieces: list[Any]) -> Any:
    """Record batches as one, so that it does not tell of which pieces it is. They are taken out of the list, and their columns
    one by one, so that little is there twice."""
    import pyarrow as pa

    names = pieces[0].schema.names
    left = [piece.columns for piece in pieces]
    pieces.clear()
    columns = [pa.concat_arrays([piece.pop(0) for piece in left]) for _ in names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _sizes(run: _Run) -> Sequence[int]:
    """The bytes of the values of each source: those of its texts, and so many for every other value; never what Arrow needs
    beside them, which depends on where rows came from."""
    import pyarrow as pa

    ends = list(accumulate(run.counts, initial=0))
    sizes = [count * run.rows.num_columns * _VALUE for count in run.counts]
    for column in run.rows.columns:
        if pa.types.is_string(column.type):
            offsets = memoryview(column.buffers()[1]).cast("i")
            at = [offsets[column.offset + end] for end in ends]
            sizes = [size + end - start for size, start, end in zip(sizes, at, at[1:], strict=False)]
    return sizes


def _remove(target: Path) -> None:
    """Remove a file that has no rows any more. Its folder stays: another process may be about to write there."""
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None


def prune(store: Path) -> None:
    """Remove the folders of a store that hold nothing, while no process writes to it."""
    for dataset in datasets(load()):
        for place, _, _ in os.walk(store / dataset, topdown=False):
            with suppress(OSError):  # it holds something
                Path(place).rmdir()
