"""The processes of this machine that work at a batch: as many as are asked for, each with a thread that watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from fatk.batch import hands
from fatk.batch.orders import Item, Order
from fatk.batch.work import Line
from fatk.limits import Limits

if TYPE_CHECKING:
    from fatk.warehouse.chains import Job, Spooled

#: Tasks that wait for each process: enough that none is idle, few enough that a broken run has begun little.
_AHEAD = 2
#: Seconds that a thread may take to see that its process has ended.
_PARTING = 5


@dataclass(frozen=True)
class Task:
    """Sources to be done under an order, or parts of a store to be made again, or a job between the reports of a store."""

    order: Order
    items: tuple[Item, ...] = ()
    publish: dict[str, Any] | None = None
    job: Job | None = None


@dataclass(frozen=True)
class Done:
    """A task that is done, with the lines of its sources, and the spools that hold what was found between reports."""

    task: Task
    lines: list[Line]
    spooled: tuple[Spooled, ...] = ()


def perform(hand: hands.Hand, task: Task, told: Callable[[], object] = lambda: None) -> Done:
    """Have a process do a task; ``told`` is called for each source that is begun. Errors are those of ``hands.do``."""
    if task.job is not None and task.job.comparisons:
        return Done(task, [], hands.compare(hand, task.order, task.job.comparisons))
    asked: dict[str, Any] | None = None
    if task.job is not None:
        asked = {"store": task.order.target, "chained": task.job.parts}
    elif task.publish is not None:
        asked = {"publish": task.publish}
    if asked is not None:
        try:
            hand.ask(asked)
        except hands.Died:  # its files are whole or not there, so that it may be done again
            hand.ask(asked)
        return Done(task, [])
    return Done(task, hands.do(hand, task.order, task.items, told))


class Pool:
    """Processes of this machine; a context, at whose end they are ended."""

    def __init__(self, workers: int, limits: Limits) -> None:
        self._hands = [hands.Hand(limits) for _ in range(workers)]
        self._tasks: SimpleQueue[tuple[Task, Callable[[], object]] | None] = SimpleQueue()
        self._results: SimpleQueue[Done | BaseException] = SimpleQueue()
        self._threads = [Thread(target=self._serve, args=(hand,), daemon=True) for hand in self._hands]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        for _ in self._threads:
            self._tasks.put(None)
        for hand in self._hands:
            hand.close()
        for thread in self._threads:
            thread.join(_PARTING)

    @property
    def width(self) -> int:
        """How many tasks are done at once."""
        return len(self._hands)

    def each(self, tasks: Iterable[Task], told: Callable[[], object] = lambda: None) -> Iterator[Done]:
        """Do every task and yield each when it is done, in whatever order. An error of any ends it."""
        left = iter(tasks)
        waiting = 0
        for task in islice(left, _AHEAD * len(self._hands)):
            self._tasks.put((task, told))
            waiting += 1
        while waiting:
            done = self._results.get()
            waiting -= 1
            if isinstance(done, BaseException):
                raise done
            for task in islice(left, 1):
                self._tasks.put((task, told))
                waiting += 1
            yield done

    def _serve(self, hand: hands.Hand) -> None:
        try:
            while (given := self._tasks.get()) is not None:
                self._results.put(perform(hand, *given))
        except BaseException as error:  # noqa: BLE001  raised where the results are awaited
            self._results.put(error)
        finally:
            hand.end()
