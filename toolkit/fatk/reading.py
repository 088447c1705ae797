"""What reading a file yields: the report, what was noticed on the way, and where everything stood."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from fatk.errors import Refused
from fatk.findings import Finding, Places, nowhere
from fatk.model import Report
from fatk.spec import Spec


@dataclass(frozen=True, slots=True)
class Reading:
    """One source read. Cells are counted, so that nothing can be lost unnoticed: what is neither mapped, nor kept under
    ``extras``, nor named in a finding is ``unaccounted_cells``."""

    report: Report
    findings: tuple[Finding, ...] = ()
    places: Places = nowhere
    form: str = ""
    path: str = ""
    sha256: str = ""
    edition_certainty: str = "certain"
    source_cells: int = 0
    unaccounted_cells: int = 0


def check_version(version: Any, spec: Spec) -> None:
    """Refuse a report of another major version of the standard; one that states none is read as this version."""
    if isinstance(version, str) and version.split(".")[0] != spec.version.split(".")[0]:
        raise Refused("SPEC_VERSION", found=version, supported=spec.version)


def sha256(data: bytes) -> str:
    """SHA-256 of bytes in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
