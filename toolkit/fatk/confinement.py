"""The inside of a confined process: what ``fatk.confined`` starts, as a program of its own.

It takes its bounds first, then loads one module and calls one function of it. Nothing of this package is imported but what
that module needs: its parent module, which would load all of it, is replaced by an empty one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from threading import Thread
from types import ModuleType
from typing import Any

_EXHAUSTED = 86  # fatk.confined.EXHAUSTED; not imported, since nothing is before the bounds stand
#: What no parser has to do, by the names of Python's audit events (PEP 578); what begins so is meant too.
FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.",
    "os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown",
    "os.kill", "shutil.", "tempfile.", "ctypes.", "urllib.", "http.", "ftplib.", "smtplib.", "winreg.",
)  # fmt: skip


def main() -> None:
    """Read the orders and the file, answer, end."""
    orders = json.loads(_take(int.from_bytes(_take(4), "little")))
    bound(orders["memory"], orders["seconds"])
    data = _take(orders["size"])
    Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # the process is short, and what it makes has no cycles worth looking for
    sys.path[:] = orders["path"]
    package = ModuleType("fatk")
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH100, PTH120  pathlib costs its import
    sys.modules["fatk"] = package
    try:
        answer = _answer(orders["function"], data, orders["arguments"])
    except MemoryError:
        os._exit(_EXHAUSTED)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)  # no clean-up that anything could wait for


def _answer(function: str, data: bytes, arguments: dict[str, Any]) -> bytes:
    from fatk.errors import Refused

    module, _, name = function.partition(":")
    work = getattr(importlib.import_module(module), name)
    sys.addaudithook(_refuse)
    try:
        said = {"found": work(data, **arguments)}
    except Refused as refused:
        said = {"refused": refused.code, "details": refused.details}
    return json.dumps(said, separators=(",", ":"), default=str).encode()


def _take(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        os._exit(1)
    return data


def _end_with_parent() -> None:
    """End when the pipe closes from the other side: the process that waits for the answer is no more."""
    os.read(0, 1)
    os._exit(1)


def bound(memory: int, seconds: int) -> None:
    """Take the bounds that the system has; each is for good."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, limit, last in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),  # told first, killed then
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        try:
            resource.setrlimit(what, (limit, last))
        except (ValueError, OSError):  # a system without this bound, or one with a lower one
            continue


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Python asks before it does any of this."""
    if event.startswith(FORBIDDEN) or (event == "open" and writes(arguments)):
        raise PermissionError(event)


def writes(arguments: tuple[Any, ...]) -> bool:
    """Whether the event ``open`` with these arguments opens a file to write to it."""
    _, mode, flags = arguments
    return bool(isinstance(mode, str) and set(mode) & set("wax+")) or bool(
        isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )


if __name__ == "__main__":
    main()
