"""A report as the rows that it adds to a store: Parquet files in a zip, one a dataset, as ``fatk.warehouse`` has them."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec

from fatk import check
from fatk.outcome import Outcome
from fatk.spec import load

#: Files in a zip carry a date; ours is always the same, so that the same report is the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def available() -> bool:
    """Whether this installation has what the warehouse needs."""
    return find_spec("pyarrow") is not None


def write(result: check.Result, size: int) -> bytes:
    """The zip; ``size`` are the bytes of the file that the result is of."""
    from pyarrow import parquet

    from fatk.warehouse.datasets import arrow, datasets
    from fatk.warehouse.rows import rows

    reading = result.reading
    one = Outcome(reading.path, reading.sha256, size, reading.form, result, None, 0.0)
    known = datasets(load())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, found in sorted(rows(one).items()):
            part = io.BytesIO()
            parquet.write_table(arrow(known[name], found), part, compression="zstd")
            archive.writestr(zipfile.ZipInfo(f"{name}.parquet", _DATE), part.getvalue())
    return target.getvalue()
