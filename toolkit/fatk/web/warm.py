"""The process from which jobs are forked: a program of its own that has loaded everything, and holds no file of anyone.

It speaks with the service through a socket, in messages of one size: it is told to fork (with the socket of the job), or to
end a job; it tells that it is ready, which process a job is, and how one ended. When the service is gone it ends, and its
jobs with it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from pathlib import PurePath
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import Any

from fatk import confinement, examples
from fatk.limits import SERVER, Limits
from fatk.web import work

#: A message: what it is, the process it is about, and how that ended.
MESSAGE = struct.Struct("<cii")
FORK, END = b"F", b"E"
READY, FORKED, ENDED = b"R", b"P", b"X"
#: Before a job's orders and before its answer: lengths of the facts and of the bytes.
LENGTHS = struct.Struct("<II")
#: How a job ends that needs more memory than it may have.
EXHAUSTED = 86


def main() -> None:
    """Warm up, then fork as told until the service is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the service says when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    waker, woken = socket.socketpair()
    for end in (waker, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    warm_up()
    gc.collect()
    gc.freeze()  # what is shared stays shared: a job does not look through it
    control.sendall(MESSAGE.pack(READY, 0, 0))
    _serve(control, woken, (waker, woken))


def warm_up() -> None:
    """Load what jobs need by doing each kind of work once with the example."""
    data = examples.report()
    files = [("example.json", data)]
    common = {"edition": None, "together": False, "language": "zh"}
    workbook = work.do({"do": "example", "broken": True}, files, SERVER).data
    work.do({"do": "survey", **common}, [("example.xlsx", workbook)], SERVER)
    for form in work.RESULTS:
        work.do({"do": "validate", "format": form, **common}, [("example.xlsx", workbook)], SERVER)
    options = {"edition": None, "unit": None, "derive_tables": False, "allow_loss": False}
    for form in work.SUFFIXES.keys() - {
        "parquet"
    }:  # what it needs starts threads, which a fork does not take along
        work.do({"do": "convert", "to": form, **options}, files, SERVER)


def _serve(control: socket.socket, woken: socket.socket, ours: Sequence[socket.socket]) -> None:
    jobs: set[int] = set()
    selector = DefaultSelector()
    selector.register(control, EVENT_READ)
    selector.register(woken, EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                with contextlib.suppress(BlockingIOError):
                    woken.recv(4096)
                _reap(control, jobs)
                continue
            told, sockets, _, _ = socket.recv_fds(control, MESSAGE.size, 1, socket.MSG_WAITALL)
            if len(told) < MESSAGE.size:
                for job in jobs:
                    os.kill(job, signal.SIGKILL)
                os._exit(0)
            what, job, _ = MESSAGE.unpack(told)
            if what == FORK:
                process = _fork(sockets[0], (control, *ours))
                if process:
                    jobs.add(process)
                control.sendall(MESSAGE.pack(FORKED, process, 0))
            elif job in jobs:  # it has not been waited for: the number is still its own
                os.kill(job, signal.SIGKILL)


def _reap(control: socket.socket, jobs: set[int]) -> None:
    """Tell of every job that has ended."""
    while jobs:
        try:
            job, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not job:
            return
        jobs.discard(job)
        control.sendall(MESSAGE.pack(ENDED, job, os.waitstatus_to_exitcode(status)))


def _fork(connection: int, ours: Sequence[socket.socket]) -> int:
    """The process of a new job; 0 where the system has no room for one."""
    try:
        process = os.fork()
    except OSError:
        process = 0
        os.close(connection)
        return process
    if process:
        os.close(connection)
        return process
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in ours:
            one.close()
        job(socket.socket(fileno=connection))
        status = 0
    except MemoryError:
        status = EXHAUSTED
    except OSError:  # the service has gone away
        status = 1
    finally:
        os._exit(status)


# The job


def job(connection: socket.socket) -> None:
    """Take the orders and the files, do the work, answer."""
    facts, blob = LENGTHS.unpack(_take(connection, LENGTHS.size))
    order: dict[str, Any] = json.loads(_take(connection, facts))
    confinement.bound(_in_use() + order["memory"], order["seconds"])
    data = memoryview(_take(connection, blob))
    Thread(target=_end_with_service, args=(connection,), daemon=True).start()
    sys.addaudithook(work.refuse)
    files, at = [], 0
    for name, size in order["files"]:
        files.append((name, bytes(data[at : at + size])))
        at += size
    try:
        answer = work.do(order, files, Limits(**order["limits"]))
    except (MemoryError, SystemError):  # a compiled library without memory may say the second
        raise MemoryError from None
    except Exception as fault:  # noqa: BLE001  a fault of fatk: told without a word of the file
        answer = work.Answer({"fault": _trace(fault)})
    told = json.dumps(answer.facts).encode()
    connection.sendall(LENGTHS.pack(len(told), len(answer.data)) + told)
    connection.sendall(answer.data)


def _take(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = connection.recv_into(view[got:])
        if not count:
            os._exit(1)
        got += count
    return data


def _end_with_service(connection: socket.socket) -> None:
    """End when the service closes its side: nobody waits for the answer any more."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)


def _in_use() -> int:
    """Bytes of address space that the process has already; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _trace(fault: BaseException) -> str:
    """Where a fault happened, and of what type it is: its message may quote the file."""
    frames = traceback.extract_tb(fault.__traceback__)[-4:]
    return f"{type(fault).__name__} at " + " < ".join(
        f"{PurePath(f.filename).name}:{f.lineno}" for f in reversed(frames)
    )


if __name__ == "__main__":
    main()
