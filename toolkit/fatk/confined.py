"""Parsers of other authors at work in a process of their own, which may fail in any way without harm to this one.

The child gets the file's bytes through a pipe and answers with JSON. It has bounds of memory and time, writes no files,
opens no connections and starts no programs; it ends when this process does. Whatever it does instead of answering is a
refusal with its own sentence. Where the system has no such bounds (Windows; macOS has none of memory), what is left is the
time that it is given, and its end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Timer
from typing import Any

from fatk.errors import Refused
from fatk.limits import Limits

_PROGRAM = Path(__file__).with_name("confinement.py")
#: All that a child inherits of the environment: where the system's own libraries lie.
_ENVIRONMENT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
#: How a child ends that needs more memory than it may have.
EXHAUSTED = 86
_KILLED, _OUT_OF_TIME = -9, -24


def run(function: str, data: bytes, arguments: Mapping[str, Any], limits: Limits) -> Any:
    """What a function (``module:name``) makes of a file's bytes and of the arguments, in its own process.

    The answer is of JSON's kinds and as little to be trusted as the file: its shape has to be checked. ``Refused`` where
    the function refuses, and where it crashes, takes too long or needs too much memory.
    """
    status, answer, late = _converse(_order(function, data, arguments, limits), limits)
    if late or status == _OUT_OF_TIME:
        raise Refused("READER_TIMEOUT", limit=limits.reader_seconds)
    if status in {EXHAUSTED, _KILLED} or len(answer) > limits.reader_answer:
        raise Refused("RESOURCE_LIMIT", limit=limits.reader_memory)
    refused, details, found = _understood(status, answer)
    if refused is not None:
        raise Refused(refused, **details)
    return found


def _understood(status: int, answer: bytes) -> tuple[str | None, dict[str, Any], Any]:
    """Code and details of a refusal, or what was found."""
    try:
        said: Any = json.loads(answer) if status == 0 else None
        if "refused" in said:
            details = {str(k): v if isinstance(v, int) else str(v) for k, v in said["details"].items()}
            return str(said["refused"]), details, None
        return None, {}, said["found"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Refused("READER_CRASHED", status=status) from None


def _order(function: str, data: bytes, arguments: Mapping[str, Any], limits: Limits) -> bytes:
    """What the child reads: the length of its orders, the orders, the file."""
    orders = json.dumps(
        {
            "function": function,
            "arguments": dict(arguments),
            # Where this process finds its modules; never the folder that it happens to work in.
            "path": [str(Path(entry).resolve()) for entry in sys.path if entry],
            "size": len(data),
            "memory": limits.reader_memory,
            "seconds": limits.reader_seconds,
        }
    ).encode()
    return len(orders).to_bytes(4, "little") + orders + data


def _converse(order: bytes, limits: Limits) -> tuple[int, bytes, bool]:
    """How a child ends, what it says (one byte more than it may say at most), and whether it was ended for its slowness."""
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_PROGRAM)]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
    except OSError as error:
        raise Refused("READER_NOT_STARTED", reason=error) from None
    late = Event()

    def end() -> None:
        late.set()
        child.kill()

    assert child.stdin is not None  # noqa: S101  for the type checker
    assert child.stdout is not None  # noqa: S101
    overdue = Timer(limits.reader_seconds, end)
    overdue.daemon = True
    overdue.start()
    try:
        with suppress(OSError):  # a child that is gone: its end tells why
            child.stdin.write(order)
            child.stdin.flush()
        # Its input stays open: when it closes, the child knows that nobody waits for it any more.
        answer = child.stdout.read(limits.reader_answer + 1)
        if len(answer) > limits.reader_answer:
            child.kill()
        return child.wait(), answer, late.is_set()
    finally:
        overdue.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
        with suppress(OSError):  # what it did not read
            child.stdin.close()
