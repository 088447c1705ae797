"""Readers that a confined process has to survive, or rather the process that waits for it: called by name, in a child."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fatk.errors import Refused


def echo(data: bytes, **arguments: Any) -> dict[str, Any]:
    """What a good reader does."""
    return {"size": len(data), **arguments}


def refuse(data: bytes) -> None:
    raise Refused("CELL_TOO_LONG", place="甲!A1", limit=7)


def fail(data: bytes) -> None:
    raise ZeroDivisionError(len(data))


def abort(data: bytes) -> None:
    os.abort()


def fault(data: bytes) -> None:
    ctypes.string_at(0)


def leave(data: bytes) -> None:
    os._exit(3)


def killed(data: bytes) -> None:
    signal.raise_signal(signal.SIGKILL)


def out_of_time(data: bytes) -> None:
    signal.raise_signal(signal.SIGXCPU)


def spin(data: bytes) -> None:
    while True:
        pass


def sleep(data: bytes) -> None:
    time.sleep(600)


def swell(data: bytes) -> None:
    held = []
    while True:
        held.append(bytearray(1 << 24))


def chatter(data: bytes) -> list[str]:
    return ["x" * 1000] * 2000


def lie(data: bytes) -> None:
    os.write(1, b'{"found": 1}{"found": 2}')


def mumble(data: bytes) -> None:
    os.write(1, b"[1, 2")
    os._exit(0)


def nest(data: bytes) -> None:
    os.write(1, b"[" * 100_000)
    os._exit(0)


def deaf(data: bytes) -> None:
    os.close(1)
    time.sleep(600)


def attempts(data: bytes, folder: str) -> dict[str, str]:
    """What happens to a reader that tries what none has to do."""

    def write() -> None:
        Path(folder, "a").write_bytes(b"x")

    def append() -> None:
        os.close(os.open(f"{folder}/b", os.O_WRONLY | os.O_CREAT))

    def remove() -> None:
        Path(folder, "there").unlink()

    def connect() -> None:
        socket.create_connection(("127.0.0.1", 9), timeout=1)

    def look_up() -> None:
        socket.getaddrinfo("localhost", 9)

    def start() -> None:
        subprocess.run([sys.executable, "-c", ""], check=False)

    def fork() -> None:
        if not os.fork():
            os._exit(0)

    said = {}
    for attempt in (write, append, remove, connect, look_up, start, fork):
        try:
            attempt()
        except BaseException as error:  # noqa: BLE001
            said[attempt.__name__] = type(error).__name__
        else:
            said[attempt.__name__] = "done"
    return said


def surroundings(data: bytes) -> dict[str, Any]:
    """What a reader finds around it."""
    return {
        "environment": sorted(os.environ),
        "modules": sorted(
            {n.split(".")[0] for n in sys.modules} & {"fatk", "frictionless", "typer", "xlsxwriter"}
        ),
        "ours": sorted(n for n in sys.modules if n.startswith("fatk")),
        "arguments": sys.argv[1:],
        "path": [p for p in sys.path if not Path(p).is_absolute()],
    }
