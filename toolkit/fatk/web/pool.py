"""Jobs as the service sees them: a bounded queue, a process for each, ended when its time is over."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fatk.errors import Declined, Refused
from fatk.web import warm
from fatk.web.settings import Settings
from fatk.web.work import Answer, File

#: A warm process that does not become ready in this time is started anew.
_START_SECONDS = 60
_KILLED, _OUT_OF_TIME = -9, -24


class Fault(Exception):
    """A fault of fatk while it was at work on a file; ``where`` names the place in the code and nothing of the file."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class Pool:
    """Runs jobs in processes forked from a warm one. To be used within one event loop, from ``start`` to ``stop``."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.limits = settings, settings.limits
        self.waiting = self.running = 0
        self._turn = asyncio.Semaphore(self.limits.jobs)
        self._nursery: _Nursery | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the warm process and wait until it is ready."""
        async with self._starting:
            if self._nursery is None or self._nursery.gone:
                self._nursery = await _Nursery.started()

    async def stop(self) -> None:
        """End the warm process and all jobs."""
        if self._nursery is not None:
            await self._nursery.stop()

    async def run(
        self, order: dict[str, Any], files: Sequence[File] = (), beside: Sequence[tuple[str, File]] = ()
    ) -> Answer:
        """What comes of a job, whose files are checked beside others. ``Declined`` where too many are waiting already; ``Refused`` where it takes too long or too
        much memory, or dies; ``Fault`` where the fault is ours."""
        if self.waiting >= self.limits.queue + self.limits.jobs - self.running:
            raise Declined("SERVICE_BUSY", seconds=self.limits.job_seconds)
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.job_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Declined("SERVICE_BUSY", seconds=self.limits.job_seconds) from None
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            parts = [part for part, _ in beside]
            return await self._run({**order, "beside": parts}, [*files, *(file for _, file in beside)])
        finally:
            self.running -= 1
            self._turn.release()

    async def _run(self, order: dict[str, Any], files: Sequence[File]) -> Answer:
        await self.start()
        assert self._nursery is not None  # noqa: S101  for the type checker
        limits = self.limits
        facts = json.dumps({
            **order, "files": [(name, len(data)) for name, data in files], "memory": limits.job_memory,
            "seconds": limits.job_seconds, "limits": asdict(self.settings.reading),
        }).encode()  # fmt: skip
        child = await self._nursery.fork()
        late = False
        answer: Answer | None = None
        try:
            async with asyncio.timeout(limits.job_seconds):
                answer = await child.converse(facts, [data for _, data in files], limits.answer_size)
        except TimeoutError:
            late = True
        except (OSError, EOFError, ValueError):
            pass  # how it ended tells why
        finally:
            status = await child.end()
        if late or status == _OUT_OF_TIME:
            raise Refused("READER_TIMEOUT", limit=limits.job_seconds)
        if answer is None and (status in {warm.EXHAUSTED, _KILLED} or child.too_much):
            raise Refused("RESOURCE_LIMIT", limit=limits.job_memory)
        if answer is None:
            raise Refused("READER_CRASHED", status=status)
        if "fault" in answer.facts:
            raise Fault(str(answer.facts["fault"]))
        return answer


class _Child:
    """One job's process and the service's end of its socket."""

    def __init__(
        self, nursery: _Nursery, process: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.nursery, self.process, self.reader, self.writer = nursery, process, reader, writer
        self.too_much = False

    async def converse(self, facts: bytes, files: Sequence[bytes], most: int) -> Answer:
        """Send the orders and the files, and read the answer, of at most so many bytes."""
        self.writer.write(warm.LENGTHS.pack(len(facts), sum(map(len, files))) + facts)
        for data in files:
            self.writer.write(data)
            await self.writer.drain()
        told, blob = warm.LENGTHS.unpack(await self.reader.readexactly(warm.LENGTHS.size))
        if told + blob > most:
            self.too_much = True
            raise ValueError
        found = json.loads(await self.reader.readexactly(told))
        return Answer(found, await self.reader.readexactly(blob))

    async def end(self) -> int:
        """End the process where it has not ended by itself, and how it did."""
        self.writer.close()
        self.nursery.kill(self.process)
        return await self.nursery.status_of(self.process)


class _Nursery:
    """The warm process as the service sees it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.process, self.control, self.gone = process, control, False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told = bytearray()
        self._forking: deque[asyncio.Future[int]] = deque()
        self._status: dict[int, asyncio.Future[int]] = {}
        asyncio.get_running_loop().add_reader(control, self._listen)

    @classmethod
    async def started(cls) -> _Nursery:
        """A warm process that is ready."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-B", "-X", "utf8", "-m", "fatk.web.warm", str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                env=_environment(), cwd=os.sep,
            )  # fmt: skip
        ours.setblocking(False)
        nursery = cls(process, ours)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await nursery.ready
        except BaseException:
            await nursery.stop()
            raise
        return nursery

    async def fork(self) -> _Child:
        """A new job's process; ``Declined`` where the system has no room for one."""
        ours, theirs = socket.socketpair()
        forked: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with theirs:
            self._forking.append(forked)
            socket.send_fds(self.control, [warm.MESSAGE.pack(warm.FORK, 0, 0)], [theirs.fileno()])
        process = await forked
        if not process:
            ours.close()
            raise Declined("SERVICE_BUSY", seconds=1)
        reader, writer = await asyncio.open_connection(sock=ours)
        return _Child(self, process, reader, writer)

    def kill(self, process: int) -> None:
        """End a job, unless it has ended: who forked it knows."""
        with suppress(OSError):
            self.control.send(warm.MESSAGE.pack(warm.END, process, 0))

    async def status_of(self, process: int) -> int:
        """How a job ended: its exit status, or the signal as a negative number."""
        status = await self._status[process]
        del self._status[process]
        return status

    async def stop(self) -> None:
        """End the process and its jobs."""
        self._lost()
        with suppress(ProcessLookupError, TimeoutError):
            async with asyncio.timeout(5):
                await self.process.wait()
            return
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def _listen(self) -> None:
        try:
            heard = self.control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if not heard:
            self._lost()
            return
        self._told += heard
        while len(self._told) >= warm.MESSAGE.size:
            what, process, status = warm.MESSAGE.unpack(self._told[: warm.MESSAGE.size])
            del self._told[: warm.MESSAGE.size]
            self._hear(what, process, status)

    def _hear(self, what: bytes, process: int, status: int) -> None:
        if what == warm.READY:
            self.ready.set_result(None)
        elif what == warm.FORKED:
            if process:
                self._status[process] = asyncio.get_running_loop().create_future()
            forked = self._forking.popleft()
            if not forked.done():
                forked.set_result(process)
        elif (ended := self._status.get(process)) is not None and not ended.done():
            ended.set_result(status)

    def _lost(self) -> None:
        """The process is gone, or is to go: nothing more is heard of its jobs."""
        if self.gone:
            return
        self.gone = True
        asyncio.get_running_loop().remove_reader(self.control)
        self.control.close()
        for forked in self._forking:
            if not forked.done():
                forked.set_result(0)
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the warm process ended before it was ready"))
        for ended in self._status.values():
            if not ended.done():
                ended.set_result(1)


def _environment() -> dict[str, str]:
    """Where the warm process finds its modules. Without a path to programs it finds none: no LibreOffice, nothing else."""
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return {"PYTHONPATH": path, "PATH": "", "LC_ALL": "C.UTF-8"}
