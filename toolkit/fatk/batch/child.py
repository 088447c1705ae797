"""The process that works: it takes tasks from its input, one a line, and answers with lines of JSON.

It has a bound of memory, and it ends when the process that it works for does. What a reader prints goes nowhere near the
answers.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from fatk.batch import work
from fatk.batch.orders import Item, Order
from fatk.errors import FatkError
from fatk.outcome import Refusal

#: How it ends that needs more memory than it may have.
EXHAUSTED = 86


def main() -> None:
    """Work until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _bound(int(sys.argv[1]))
    try:
        for line in sys.stdin:
            _tell(answers, _answer(json.loads(line), answers))
    except MemoryError:
        os._exit(EXHAUSTED)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)


def _answer(task: dict[str, Any], answers: TextIO) -> dict[str, Any]:
    try:
        if "publish" in task:
            from fatk.warehouse import parts

            parts.publish(**task["publish"])
            return {"done": True}
        if "comparisons" in task:
            return {"spool": _compared(task, answers)}
        if "chained" in task:
            from fatk.warehouse import chainparts

            chainparts.publish(Path(task["store"]), task["chained"])
            return {"done": True}
        order, items = Order(**task["order"]), [Item(**item) for item in task["items"]]
        return {"lines": work.do(order, items, lambda number: _tell(answers, {"at": number}))}
    except FatkError as error:
        why = Refusal.of(error)
        return {"failed": [why.code, why.message, why.message_en, why.exit_status]}


def _compared(task: dict[str, Any], answers: TextIO) -> str:
    """The spool of what comes of comparisons; which one is begun is told."""
    from fatk.warehouse import chains
    from fatk.warehouse.comparisons import Comparison

    comparisons = [Comparison.of(one) for one in task["comparisons"]]
    return chains.compare(Path(task["store"]), comparisons, lambda number: _tell(answers, {"at": number}))


def _tell(answers: TextIO, said: dict[str, Any]) -> None:
    answers.write(json.dumps(said) + "\n")
    answers.flush()


def _bound(memory: int) -> None:
    """Take the bound of memory, where the system has one. A program that it starts may set itself another."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or memory < hard:
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    """Linux ends this process when the one that started it ends, however that came about; elsewhere the pipe does, a little
    later."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != int(sys.argv[2]):
            os._exit(1)


if __name__ == "__main__":
    _end_with_parent()
    main()
