"""The rules that need two reports, over a store: last year's closing balance is this year's opening balance, a department's
accounts are the sum over its units.

Only what has changed is done: a comparison of reports that the store has the outcome of is left as it is (see ``comparisons``).
What is to be done are jobs that any process with the store before it can do, in whatever order: comparisons, whose outcomes are
spooled, and parts of the datasets to be made again of them. A part is made as soon as all of its comparisons are, so that of a
run which is ended little is lost, and the next one keeps the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fatk.errors import NotWritten
from fatk.warehouse import chainparts, held
from fatk.warehouse.comparisons import Comparison, Member, Plan, counts
from fatk.warehouse.datasets import CHAIN_FINDINGS, COMPARISONS

#: Parts that are made again at once, at most.
_PARTS = 16


@dataclass(frozen=True, slots=True)
class Job:
    """Comparisons to be made, or parts to be made again, each of comparisons and the spools that these are in, if any."""

    comparisons: tuple[Comparison, ...] = ()
    parts: Mapping[str, tuple[tuple[Member, str | None], ...]] | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """Comparisons whose outcomes are in a spool."""

    comparisons: tuple[Comparison, ...]
    spool: str


def compare(
    store: Path, comparisons: Iterable[Comparison], begun: Callable[[int], object] = lambda _: None
) -> str:
    """Make comparisons; the name of the spool that holds what comes of them. ``begun`` is called with the number of each before
    it is made. ``NotWritten`` where the store cannot be read or written."""
    rows: dict[str, list[tuple[object, ...]]] = {CHAIN_FINDINGS: [], COMPARISONS: []}
    try:
        for found, compared in held.rows(store, tuple(comparisons), begun):
            rows[CHAIN_FINDINGS] += found
            rows[COMPARISONS].append(compared)
        return chainparts.spool(store, rows)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=store, reason=error) from None


def do(store: Path, job: Job) -> tuple[Spooled, ...]:
    """Do a job in this process."""
    if job.parts is not None:
        chainparts.publish(store, job.parts)
        return ()
    return (Spooled(job.comparisons, compare(store, job.comparisons)),)


def run(
    store: Path, decided: str = "", *, width: int = 1, each: Callable[[Iterable[Job]], Iterable[tuple[Spooled, ...]]] | None = None,
    begin: Callable[[int], object] = lambda _: None, told: Callable[[], object] = lambda: None,
) -> Mapping[str, int]:  # fmt: skip
    """Bring what is found between the reports of a store up to date. Counted is what its comparisons come to, by ``COUNTED``, and
    ``findings``.

    ``decided`` is a digest of all that decides what comes of a comparison beside the reports. ``each`` does jobs and yields what
    is spooled; without it they are done here. Where there is enough to do, ``width`` jobs come of it at least. ``begin`` is told how many comparisons are to be
    made, ``told`` each that is. ``OSError`` where the store cannot be written.
    """
    store = store.resolve()
    with Plan(store, decided) as plan:
        begin(plan.total)
        run = _Run(plan, width)
        for jobs in (run.comparing(), run.rest()):
            for spooled in (do(store, job) for job in jobs) if each is None else each(jobs):
                run.take(spooled, told)
        for spool in run.spools:
            chainparts.forget(store, spool)
    return counts(store)


class _Run:
    """What is done and what is left of one run; ``spools`` are those that were written."""

    def __init__(self, plan: Plan, width: int) -> None:
        self._plan, self._width = plan, width
        self._left = dict(plan.wanted)
        self._ready = deque(part for part, left in self._left.items() if not left)
        self._spools: dict[str, str] = {}
        self.spools: list[str] = []

    def comparing(self) -> Iterator[Job]:
        """The comparisons, slice by slice, and between them the parts of which all are made by then."""
        for comparisons in self._plan.slices(self._width):
            if len(self._ready) >= _PARTS:
                yield self._publishing(_PARTS)
            yield Job(comparisons)

    def rest(self) -> Iterator[Job]:
        """The parts that are left when all comparisons are made."""
        most = max(1, min(_PARTS, -(-len(self._ready) // self._width)))
        while self._ready:
            yield self._publishing(most)

    def _publishing(self, most: int) -> Job:
        parts = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
        return Job(
            parts={
                part: tuple(
                    (member, self._spools.pop(member[-1], None)) for member in self._plan.members(part)
                )
                for part in parts
            }
        )

    def take(self, several: Iterable[Spooled], told: Callable[[], object]) -> None:
        """Take note of what is spooled."""
        for spooled in several:
            self.spools.append(spooled.spool)
            for comparison in spooled.comparisons:
                self._spools[comparison.key] = spooled.spool
                self._left[comparison.part] -= 1
                if not self._left[comparison.part]:
                    self._ready.append(comparison.part)
                told()
