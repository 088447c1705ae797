"""The machines of a Dask cluster that work at a batch: the same tasks, and on each machine the same watched processes.

Source and target have to be at the same path on all of them. A machine that is lost has its tasks done again elsewhere; what it
had begun is named in no journal. Needs the extra ``cluster``.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Self

from fatk.batch import hands
from fatk.batch.pool import Done, Task, perform
from fatk.errors import FatkError, Misuse

#: Seconds until a scheduler that does not answer counts as not there.
_PATIENCE = 15
#: Tasks that wait for each process of the cluster.
_AHEAD = 2
#: How often a task is given out again whose machines were lost.
_TRIES = 5

_OWN = threading.local()


def work(task: Task, digest: str) -> Done:
    """Do a task on this machine, in a process of this thread's own. ``Failed`` where fatk is another one here."""
    if task.order.digest != digest:
        raise hands.Failed.of(Misuse("BATCH_OTHER_VERSION"))
    if getattr(_OWN, "hand", None) is None:
        _OWN.hand = hands.Hand(task.order.bounds)
    try:
        return perform(_OWN.hand, task)
    except FatkError as error:
        raise hands.Failed.of(error) from None


class Cluster:
    """An existing cluster by its scheduler's address; a context. ``Misuse`` where it is not to be reached."""

    def __init__(self, address: str) -> None:
        try:
            connect: Any = importlib.import_module("distributed").Client
        except ImportError:
            raise Misuse("CLUSTER_NOT_INSTALLED") from None
        try:
            self._client: Any = connect(address, timeout=_PATIENCE, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            raise Misuse("SCHEDULER_UNREACHABLE", address=address, reason=str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._client.close()

    @property
    def width(self) -> int:
        """How many tasks are done at once."""
        return sum(self._client.nthreads().values()) or 1

    def each(self, tasks: Iterable[Task], told: Callable[[], object] = lambda: None) -> Iterator[Done]:
        """Do every task and yield each when it is done, in whatever order; ``told`` is called for each source then."""
        from distributed import KilledWorker

        as_completed: Any = importlib.import_module("distributed").as_completed

        left = iter(tasks)
        tries: dict[Any, tuple[Task, int]] = {}

        def give(task: Task, count: int = 1) -> Any:
            future = self._client.submit(work, task, task.order.digest, pure=False)
            tries[future.key] = task, count
            return future

        going = as_completed(
            [give(task) for task in islice(left, _AHEAD * self.width)], loop=self._client.loop
        )
        for future in going:
            task, count = tries.pop(future.key)
            try:
                done = future.result()
            except KilledWorker:
                if count == _TRIES:
                    raise
                going.add(give(task, count + 1))
                continue
            for more in islice(left, 1):
                going.add(give(more))
            for _ in done.lines:
                told()
            yield done
