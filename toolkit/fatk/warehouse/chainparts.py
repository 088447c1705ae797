"""The files of what was found between reports: parts, as those of the reports' own rows, and what goes into them.

What a process makes of some comparisons is one *spool*, written once and whole: a file of each dataset. A part is made again of
its old file and of the spools. The rows of comparisons stand in the order of the reports' paths, so that a part is the same bytes
for the same comparisons however often and in whatever pieces it was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from fatk import files
from fatk.errors import NotWritten
from fatk.spec import load
from fatk.warehouse.comparisons import WRITTEN, Member, part_file
from fatk.warehouse.datasets import Dataset, arrow, datasets, schema
from fatk.warehouse.parts import SPOOLS
from fatk.warehouse.rows import Cells

#: Rows after which a group of rows of a Parquet file is full; a comparison is never divided.
_GROUP = 32_768
#: Spools whose rows are held at once. Comparisons come in nearly the order in which spools were filled, so that few are enough.
_OPEN = 8


def spool(store: Path, rows: Mapping[str, Iterable[Cells]]) -> str:
    """Write rows of so many comparisons, by dataset, where they last; the name by which they are found."""
    import pyarrow.parquet as pq

    name = secrets.token_hex(12)
    for dataset in WRITTEN:
        with files.replacing(_spooled(store, name, dataset)) as partial:
            table = arrow(datasets(load())[dataset], rows[dataset])
            pq.write_table(table, partial, compression="zstd", row_group_size=max(table.num_rows, 1))
    return name


def forget(store: Path, name: str) -> None:
    """Remove a spool."""
    for dataset in WRITTEN:
        _spooled(store, name, dataset).unlink(missing_ok=True)


def _spooled(store: Path, name: str, dataset: str) -> Path:
    return store / SPOOLS / f"{name}.{dataset}"


def publish(store: Path, parts: Mapping[str, Sequence[tuple[Sequence[str], str | None]]]) -> None:
    """Make parts again, so that each has the rows of just these comparisons, in this order, each from its spool or, where none is
    named, as they stand there; without any it is gone. ``NotWritten`` where it cannot be written. Doing it again, or after
    it was broken off, comes to the same."""
    with files.lasting_together():
        for dataset in (datasets(load())[one] for one in WRITTEN):
            held = lru_cache(maxsize=_OPEN)(lambda name, dataset=dataset: _by_key(dataset, _spooled(store, name, dataset.id)))  # fmt: skip
            for part, named in parts.items():
                members = [(_member(member), name) for member, name in named]
                target = part_file(store, dataset.id, part)
                if not _write(dataset, target, _rows(dataset, target, members, held)):
                    _remove(target)


def _member(fields: Sequence[str]) -> Member:
    file, source, beside, key = fields
    return file, source, beside, key


def _rows(
    dataset: Dataset,
    old: Path,
    members: Sequence[tuple[Member, str | None]],
    held: Callable[[str], Mapping[str, Any]],
) -> Iterator[Any]:
    """The rows of each comparison that has some, in the order given."""
    stored = _stored(dataset, old) if any(name is None for _, name in members) else iter(())
    at = next(stored, None)
    for member, name in members:
        if name is not None:
            rows = held(name).get(member[-1])
        else:
            while at is not None and at.member < member:
                at = next(stored, None)
            rows = at.rows if at is not None and at.member == member else None
        if rows is not None:
            yield rows


@dataclass(frozen=True, slots=True)
class _Run:
    """The rows of one comparison in a file."""

    member: Member
    rows: Any


def _by_key(dataset: Dataset, place: Path) -> Mapping[str, Any]:
    return {run.member[-1]: run.rows for run in _stored(dataset, place)}


def _stored(dataset: Dataset, place: Path) -> Iterator[_Run]:
    """The rows of each comparison in a file, in its order."""
    import pyarrow.parquet as pq

    if not place.exists():
        return
    with pq.ParquetFile(place, memory_map=False) as file:
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number, use_threads=False).cast(schema(dataset))
            named = zip(*(rows[name].to_pylist() for name in ("file", "source", "beside", "comparison")), strict=True)  # fmt: skip
            start = 0
            for member, same in groupby(named):
                count = sum(1 for _ in same)
                yield _Run(member, rows.slice(start, count))
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
            writer.write_table(pa.concat_tables(group), row_group_size=size)

        for more in rows:
            if size >= _GROUP:
                flush()
                group, size = [], 0
            group.append(more)
            size += more.num_rows
        flush()
    return True


def _remove(target: Path) -> None:
    """Remove a file that has no rows any more."""
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None
