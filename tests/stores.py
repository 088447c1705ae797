"""Stores for tests: the files that reports come to, written plainly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import fatk
from fatk.model import Report
from fatk.outcome import Outcome, Refusal
from fatk.spec import load
from fatk.warehouse.datasets import arrow, datasets, folder
from fatk.warehouse.rows import rows


def outcome_of(report: Report, path: str) -> Outcome:
    """What comes of a report that a file of this path holds; the digest is that of the path."""
    return Outcome(path, sha256(path.encode()).hexdigest(), 1, "json", fatk.validate(report), None, 0.0)


def refused(path: str) -> Outcome:
    """What comes of a file that is refused."""
    refusal = Refusal("FILE_EMPTY", "文件是空的。", "The file is empty.")
    return Outcome(path, sha256(path.encode()).hexdigest(), 0, None, None, refusal, 0.0)


def put(store: Path, outcomes: Iterable[Outcome]) -> Path:
    """A store of outcomes: a file for each dataset and folder."""
    parts: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for outcome in outcomes:
        for dataset, made in rows(outcome).items():
            parts[dataset, folder(made[0][2], made[0][3])] += made
    for (dataset, below), made in parts.items():
        target = store / dataset / below
        target.mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow(datasets(load())[dataset], made), target / "part.parquet", compression="zstd")
    return store
