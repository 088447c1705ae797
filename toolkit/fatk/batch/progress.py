"""How far a batch is: on a terminal one line that is drawn anew, for a program a line of JSON for each event."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import Any

from fatk.batch.summary import VERDICTS, Summary, said
from fatk.batch.work import Line

#: Seconds between two drawings.
_PAUSE = 0.2
#: Over so many of the last seconds the rate is taken.
_WINDOW = 60.0


class Watch:
    """Told of everything that happens; says nothing. Steps may be told by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.phase, self.done, self.total = "", 0, 0
        self.verdicts: Counter[str] = Counter()

    def begin(self, phase: str, total: int) -> None:
        """A phase begins: ``looking``, ``working``, ``storing`` or ``comparing``, of so many steps."""
        with self._lock:
            self.phase, self.done, self.total = phase, 0, total
        self._shown(force=True)

    def step(self) -> None:
        """One step further."""
        with self._lock:
            self.done += 1
        self._shown()

    def lines(self, lines: Iterable[Line]) -> None:
        """Sources are done, and their lines are in the journal."""
        for line in lines:
            self.verdicts[line["verdict"]] += 1
        self._shown()

    def copies(self, copies: Iterable[tuple[str, str]]) -> None:
        """Sources are copies, each of the one named second, and are not taken."""

    def gone(self, paths: Iterable[str]) -> None:
        """Sources are gone, and what was made of them is dropped."""

    def end(self, summary: Summary | None = None) -> None:
        """The run is over."""

    def _shown(self, *, force: bool = False) -> None:
        """Show how far it is."""


class Bar(Watch):
    """A line on a terminal: how many of how many, the rate, the time left, and the verdicts so far."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language, self._drawn = language, 0.0
        self._times: list[tuple[float, int]] = []

    def begin(self, phase: str, total: int) -> None:
        self._times = [(monotonic(), 0)]
        super().begin(phase, total)

    def end(self, summary: Summary | None = None) -> None:  # noqa: ARG002
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()

    def _shown(self, *, force: bool = False) -> None:
        with self._lock:
            now = monotonic()
            if not force and now - self._drawn < _PAUSE:
                return
            self._drawn = now
            self._times.append((now, self.done))
            while len(self._times) > 2 and now - self._times[0][0] > _WINDOW:
                self._times.pop(0)
            began, before = self._times[0]
            rate = (self.done - before) / (now - began) if now > began else 0.0
            left = _span((self.total - self.done) / rate) if rate else "…"
            counts = {verdict: self.verdicts[verdict] for verdict in VERDICTS}
            line = said(
                self.phase,
                self._language,
                done=self.done,
                total=self.total,
                rate=f"{rate:.1f}",
                left=left,
                **counts,
            )
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()


class Log(Watch):
    """A line of JSON on standard output for each phase, each source that is done, a copy or gone, and the end."""

    def begin(self, phase: str, total: int) -> None:
        super().begin(phase, total)
        _tell({"event": "phase", "phase": phase, "total": total})

    def lines(self, lines: Iterable[Line]) -> None:
        super().lines(lines)
        for line in lines:
            _tell(
                {
                    "event": "source",
                    **{k: v for k, v in line.items() if k not in {"key", "part", "row", "spool"}},
                }
            )

    def copies(self, copies: Iterable[tuple[str, str]]) -> None:
        for path, of in copies:
            _tell({"event": "copy", "path": path, "of": of})

    def gone(self, paths: Iterable[str]) -> None:
        for path in paths:
            _tell({"event": "gone", "path": path})

    def end(self, summary: Summary | None = None) -> None:
        if summary is not None:
            _tell({"event": "summary", **summary.document()})


def _tell(event: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(event, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
