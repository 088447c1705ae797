"""What came of one source of many: its result, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from fatk.check import Result
from fatk.errors import FatkError
from fatk.findings import explain_error


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a source has no result: the code of an error, its sentence in Chinese and English, the exit status it comes to."""

    code: str
    message: str
    message_en: str
    exit_status: int = 3

    @classmethod
    def of(cls, error: FatkError) -> Refusal:
        """The refusal that an error is."""
        return cls(error.code, explain_error(error), explain_error(error, "en"), error.exit_status)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one source.

    ``path`` is that of the source below what was given, with ``/`` between folders on every system. ``sha256`` is that of the
    file; of a folder that is one report it is that of the lines ``name:sha256`` of its files, sorted. ``size`` is in bytes,
    all files together. ``form`` is what the source is by its content, ``None`` where that was not found out. Just one of
    ``result`` and ``refused`` is there. ``seconds`` is what reading and checking took.
    """

    path: str
    sha256: str
    size: int
    form: str | None
    result: Result | None
    refused: Refusal | None
    seconds: float
