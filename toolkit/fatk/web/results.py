"""The files given to the page, for as long as a person looks at what came of them: in memory, bounded, soon forgotten."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fatk.errors import Declined
from fatk.web.settings import ServiceLimits
from fatk.web.work import File

#: Bytes of a key: who does not know it cannot guess it.
_KEY = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """Files given together, what they are checked beside, whether they are one report, the edition that they are taken for,
    what came of each, and when they are forgotten."""

    files: tuple[File, ...]
    beside: tuple[tuple[str, File], ...]
    together: bool
    edition: str | None
    sources: Sequence[Mapping[str, Any]]
    until: float

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(data) for _, data in (*self.files, *(file for _, file in self.beside)))

    def group(self, number: int) -> tuple[File, ...]:
        """The files of one result."""
        if not 0 <= number < len(self.sources):
            raise Declined("RESULT_GONE")
        return self.files if self.together else (self.files[number],)


class Results:
    """What is kept, by keys that cannot be guessed; the oldest is forgotten first where room is short."""

    def __init__(self, limits: ServiceLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits, self.clock, self.size = limits, clock, 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def keep(
        self,
        files: tuple[File, ...],
        together: bool,
        edition: str | None,
        sources: Sequence[Mapping[str, Any]],
        beside: tuple[tuple[str, File], ...] = (),
    ) -> str:
        """Keep files; the key to them."""
        self.sweep()
        kept = Kept(files, beside, together, edition, sources, self.clock() + self.limits.kept_seconds)
        if kept.size > self.limits.kept_size:
            raise Declined("UPLOAD_TOO_LARGE", limit=self.limits.kept_size)
        while self.size + kept.size > self.limits.kept_size:
            self.forget(next(iter(self._kept)))
        key = secrets.token_urlsafe(_KEY)
        self._kept[key] = kept
        self.size += kept.size
        return key

    def find(self, key: str) -> Kept:
        """What is kept under a key; ``Declined`` where it is forgotten or never was."""
        self.sweep()
        if key not in self._kept:
            raise Declined("RESULT_GONE")
        return self._kept[key]

    def forget(self, key: str) -> None:
        """Forget what is kept under a key, if anything is."""
        gone = self._kept.pop(key, None)
        self.size -= gone.size if gone else 0

    def sweep(self) -> None:
        """Forget what has been kept for long enough: in the order in which it came."""
        now = self.clock()
        for key, kept in list(self._kept.items()):
            if kept.until > now:
                return
            self.forget(key)
