"""A report as the rows that it adds to a store: Parquet files in a zip, one a dataset, as ``fatk.warehouse`` has them."""

from __future__ import annotations

import io
import zipfile
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fatk import check
from fatk.spec import load

#: Files in a zip carry a date; ours is always the same, so that the same report is the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def available() -> bool:
    """Whether this installation has the warehouse and what it needs."""
    return find_spec("fatk.warehouse") is not None and find_spec("pyarrow") is not None


def write(result: check.Result, size: int) -> bytes:
    """The zip; ``size`` are the bytes of the file that the result is of."""
    outcome, rows = import_module("fatk.outcome"), import_module("fatk.warehouse.rows")
    datasets, parquet = import_module("fatk.warehouse.datasets"), import_module("pyarrow.parquet")
    reading = result.reading
    one = outcome.Outcome(reading.path, reading.sha256, size, reading.form, result, None, 0.0)
    known: Any = datasets.datasets(load())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, found in sorted(rows.rows(one).items()):
            part = io.BytesIO()
            parquet.write_table(datasets.arrow(known[name], found), part, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", _DATE), part.getvalue())
    return target.getvalue()
