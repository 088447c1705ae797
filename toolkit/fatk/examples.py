"""The example that anyone may try without a file: a real report, from ``datapackages/`` or the copy in the package."""

from __future__ import annotations

from pathlib import Path

from fatk import resources

NAME = "wuerhe-2022"


def report() -> bytes:
    """The example as a JSON report."""
    package = Path(__file__).resolve().parent
    installed = package / "example" / "report.json"
    if installed.is_file():
        return installed.read_bytes()
    return (resources.schemas_directory().parent / "datapackages" / NAME / "report.json").read_bytes()
