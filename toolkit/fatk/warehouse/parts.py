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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
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
#: Rows after which a group of rows of a Parquet file is full; a source is never divided.
_GROUP = 32_768
#: Spools that are held open at once. Sources come in the order in which spools were filled, so that few are enough.
_OPEN = 8

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
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    name = f"{secrets.token_hex(12)}.rows"
    with files.replacing(store / SPOOLS / name) as partial, pa.OSFile(str(partial), "wb") as sink:
        for dataset in datasets(load()).values():
            counts = [len(made.get(dataset.id, ())) for made in gathered]
            if not any(counts):
                continue
            table = arrow(dataset, [row for made in gathered for row in made.get(dataset.id, ())])
            index[dataset.id] = (sink.tell(), counts)
            with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
                stream.write_table(table)
        ended = json.dumps(index).encode()
        sink.write(ended + len(ended).to_bytes(8, "little"))
    return name


class _Spool:
    """A spool that is open, with the rows of the dataset that was asked for last."""

    def __init__(self, place: Path) -> None:
        import pyarrow as pa

        with pa.memory_map(str(place)) as mapped:
            self._data = mapped.read_buffer()
        length = int.from_bytes(self._data[-8:].to_pybytes(), "little")
        index = json.loads(self._data[len(self._data) - 8 - length : len(self._data) - 8].to_pybytes())
        self._index: dict[str, tuple[int, list[int]]] = index
        self._last = ""
        self._table: Any = None

    def rows(self, dataset: str, number: int) -> Any:
        """The rows of one source in a dataset, or ``None``."""
        import pyarrow as pa

        start, counts = self._index.get(dataset, (0, []))
        if not counts or not counts[number]:
            return None
        if self._table is None or dataset != self._last:
            self._last, self._table = dataset, pa.ipc.open_stream(self._data[start:]).read_all()
        return self._table.slice(sum(counts[:number]), counts[number])


# Parts


def publish(store: str, parts: Mapping[str, Sequence[Member]]) -> None:
    """Make parts again, so that each has the rows of just these sources; without any it is gone. ``NotWritten`` where it cannot be
    written. Doing it again, or after it was broken off, comes to the same."""
    root = Path(store)
    opened = lru_cache(maxsize=_OPEN)(lambda name: _Spool(root / SPOOLS / name))
    with files.lasting_together():
        for part, members in parts.items():
            ordered = sorted(members)
            for dataset in datasets(load()).values():
                target = file_of(root, dataset.id, part)
                if not _write(dataset, target, _rows(dataset, target, ordered, opened)):
                    _remove(target)


def _rows(dataset: Dataset, old: Path, members: Sequence[Member], opened: Any) -> Iterator[Any]:
    """The rows of each source that has some, in the order of the sources."""
    stored = _stored(dataset, old) if any(spooled is None for _, _, spooled, _ in members) else iter(())
    at = next(stored, None)
    for path, sha256, spooled, number in members:
        if spooled is not None:
            rows = opened(spooled).rows(dataset.id, number)
        else:
            while at is not None and at.path < path:
                at = next(stored, None)
            rows = at.rows if at is not None and (at.path, at.sha256) == (path, sha256) else None
        if rows is not None:
            yield rows


@dataclass(frozen=True, slots=True)
class _Run:
    """The rows of one source in a file."""

    path: str
    sha256: str
    rows: Any


def _stored(dataset: Dataset, place: Path) -> Iterator[_Run]:
    """The rows of each source in a file of a part, in its order, which is that of the paths."""
    import pyarrow.parquet as pq

    if not place.exists():
        return
    with pq.ParquetFile(place, memory_map=False) as file:
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number).cast(schema(dataset))
            named = zip(rows["file"].to_pylist(), rows["source"].to_pylist(), strict=True)
            start = 0
            for (path, sha256), same in groupby(named):
                count = sum(1 for _ in same)
                yield _Run(path, sha256, rows.slice(start, count))
                start += count


def _write(dataset: Dataset, target: Path, rows: Iterator[Any]) -> bool:
    """Write a file of a dataset, whole or not at all; whether there were rows."""
    first = next(rows, None)
    if first is None:
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        files.replacing(target) as partial,
        pq.ParquetWriter(partial, schema(dataset), compression="zstd") as writer,
    ):
        group, size = [first], first.num_rows

        def flush() -> None:
            writer.write_table(pa.concat_tables(group), row_group_size=max(size, 1))

        for more in rows:
            if size >= _GROUP:
                flush()
                group, size = [], 0
            group.append(more)
            size += more.num_rows
        flush()
    return True


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
