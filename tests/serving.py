"""`fatk serve` in a process of its own, for tests and measurements that need a real server."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Serving:
    """A service: its address, its process, the folder for temporary files that it was given."""

    url: str
    process: subprocess.Popen[str]
    temporary: Path

    @property
    def family(self) -> list[psutil.Process]:
        """The process with all that it started."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]


@contextmanager
def serving(temporary: Path, *options: str) -> Iterator[Serving]:
    """The service at a free port of this machine, ready to answer."""
    command = [sys.executable, "-m", "fatk.cli", "serve", "--port", "0", *options]
    surroundings = {
        **os.environ,
        "TMPDIR": str(temporary),
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(ROOT / "toolkit"),
    }
    with subprocess.Popen(
        command, env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        try:
            assert found is not None, said
            _wait_for(found[0])
            yield Serving(found[0], process, temporary)
        finally:
            process.terminate()
            process.wait(30)
            process.stderr.close()


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service does not answer")
