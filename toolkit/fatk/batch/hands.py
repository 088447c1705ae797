"""Processes that work and may fail: each is watched, and replaced when it ends by itself or takes too long.

When a process ends in the middle of a task, the source that it was at is set apart and the others are done again. The one set
apart is tried once more, alone and in a new process, since a process may be ended by somebody else; what ends two is refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from threading import Event, Timer
from typing import TYPE_CHECKING, Any, TypeVar

from fatk.batch.child import EXHAUSTED
from fatk.batch.orders import Item, Order
from fatk.batch.work import Line
from fatk.errors import FatkError, NotWritten
from fatk.limits import Limits
from fatk.outcome import Refusal

if TYPE_CHECKING:
    from fatk.warehouse.chains import Spooled
    from fatk.warehouse.comparisons import Comparison

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")

#: How often a source may be at hand when a process ends, and a task that is at none.
_TRIES = 2
#: So many sources or comparisons are done in one process before it is replaced: whatever it has kept goes with it.
_RENEWED_AFTER = 5_000
#: What Arrow is to do in a process that is one of several: keep no memory back, and use one thread.
_ARROW = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}


class Died(Exception):
    """The process ended: ``at`` is the number of the source that it was at, if any, ``code`` why that one is to be refused."""

    def __init__(self, at: int | None, code: str, details: Mapping[str, int]) -> None:
        super().__init__(code, at)
        self.at, self.code, self.details = at, code, details


class Failed(Exception):
    """A task could not be done, and no other could be: the target cannot be written."""

    def __init__(self, code: str, message: str, message_en: str, exit_status: int) -> None:
        super().__init__(code, message, message_en, exit_status)
        self.message, self.message_en, self.exit_status = message, message_en, exit_status

    @classmethod
    def of(cls, error: FatkError) -> Failed:
        """The failure that an error is."""
        why = Refusal.of(error)
        return cls(why.code, why.message, why.message_en, why.exit_status)


class Hand:
    """One process that works, started when there is work, and again when it has ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._done = 0
        self._closed = False

    def ask(self, task: Mapping[str, Any], told: Callable[[int], object] = lambda _: None) -> dict[str, Any]:
        """The answer to a task; ``told`` is called with the number of each source that is begun. ``Died`` where the process
        ends or has to be ended, ``Failed`` where the target cannot be written."""
        process = self._running()
        late, at = Event(), None
        try:
            assert process.stdin is not None  # noqa: S101  for the type checker
            assert process.stdout is not None  # noqa: S101
            with suppress(OSError):  # a process that is gone: its end tells why
                process.stdin.write(json.dumps(task).encode() + b"\n")
                process.stdin.flush()
            while line := self._line(process, late):
                said: dict[str, Any] = json.loads(line)
                if "at" in said:
                    at = said["at"]
                    told(at)
                    continue
                self._done += len(said.get("lines", task.get("comparisons", ())))
                return _held(said)
        except ValueError:  # half a line
            process.kill()
        except Failed:
            raise
        except BaseException:
            self.end()
            raise
        raise self._died(process, at, late)

    def _line(self, process: subprocess.Popen[bytes], late: Event) -> bytes:
        """The next line, or nothing once the process has ended; it is ended when it says nothing for too long."""

        def overdue() -> None:
            late.set()
            process.kill()

        timer = Timer(self._limits.batch_seconds, overdue)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101
            return process.stdout.readline()
        finally:
            timer.cancel()

    def _died(self, process: subprocess.Popen[bytes], at: int | None, late: Event) -> Died:
        status = process.wait()
        self.end()
        if self._closed:
            raise NotWritten("BATCH_NO_PROCESS", reason="closed")
        if late.is_set():
            return Died(at, "READER_TIMEOUT", {"limit": self._limits.batch_seconds})
        if status == EXHAUSTED:
            return Died(at, "RESOURCE_LIMIT", {"limit": self._limits.batch_memory})
        return Died(at, "READER_CRASHED", {"status": status})

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._process.poll() is not None or self._done >= _RENEWED_AFTER):
            self.end()
        if self._closed:
            raise NotWritten("BATCH_NO_PROCESS", reason="closed")
        if self._process is None:
            command = [
                sys.executable,
                "-m",
                "fatk.batch.child",
                str(self._limits.batch_memory),
                str(os.getpid()),
            ]
            # It finds its modules where this process does.
            environment = os.environ | _ARROW | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                raise NotWritten("BATCH_NO_PROCESS", reason=error) from None
            self._done = 0
        return self._process

    def close(self) -> None:
        """End the process for good: whoever asks, or waits for an answer, is told so."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):  # what it did not read
                    stream.close()


def _held(said: dict[str, Any]) -> dict[str, Any]:
    """An answer, unless it is that the target cannot be written."""
    if "failed" in said:
        raise Failed(*said["failed"])
    return said


def do(
    hand: Hand, order: Order, items: Sequence[Item], told: Callable[[], object] = lambda: None
) -> list[Line]:
    """The lines of so many sources, whatever becomes of the processes that work at them; ``told`` is called for each source
    that is begun. ``Failed`` where the target cannot be written, ``NotWritten`` where no process can be started."""

    def ask(some: Sequence[Item]) -> list[Line]:
        task = {"order": asdict(order), "items": [asdict(item) for item in some]}
        lines: list[Line] = hand.ask(task, lambda _: told())["lines"]
        return lines

    def given_up(item: Item, died: Died) -> Item | None:
        return None if item.refused is not None else replace(item, refused=(died.code, died.details))

    done = _done(items, ask, given_up, lambda item: item.path)
    return [line for lines in done for line in lines]


def compare(hand: Hand, order: Order, comparisons: Sequence[Comparison]) -> tuple[Spooled, ...]:
    """The spools that hold what comes of so many comparisons, whatever becomes of the processes that work at them: one that ends
    two is told to be unfinished. Errors are those of ``do``."""
    from fatk.warehouse.chains import Spooled  # only a store needs it

    def ask(some: Sequence[Comparison]) -> Spooled:
        task = {"store": order.target, "comparisons": [asdict(one) for one in some]}
        return Spooled(tuple(some), hand.ask(task)["spool"])

    def given_up(one: Comparison, _: Died) -> Comparison | None:
        return None if one.unfinished else replace(one, unfinished=True)

    return tuple(_done(comparisons, ask, given_up, lambda one: one.place.file))


def _done(
    things: Sequence[Thing], ask: Callable[[Sequence[Thing]], Answer], given_up: Callable[[Thing, Died], Thing | None],
    path: Callable[[Thing], str],
) -> Iterator[Answer]:  # fmt: skip
    """The answers to so many things, whatever becomes of the processes that are asked: the one that a process ended at is done
    again alone, and when that ends another one, what ``given_up`` makes of it is; nothing is, where not even that was done."""
    deaths: Counter[int] = Counter()
    left: list[list[tuple[int, Thing]]] = [list(enumerate(things))]
    while left:
        some = left.pop()
        try:
            answer = ask([thing for _, thing in some])
        except Died as died:
            number, at = some[died.at if died.at is not None else -1]
            deaths[number] += 1
            others = [one for one in some if one[0] != number]
            if deaths[number] >= _TRIES:
                less = given_up(at, died)
                if less is None:
                    raise FatkError("BATCH_NO_ANSWER", path=path(at)) from None
                at, deaths[number] = less, 0
            left += [part for part in (others, [(number, at)]) if part]
        else:
            yield answer
