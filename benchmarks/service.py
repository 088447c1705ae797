"""The service under load: many clients at once upload the example and hostile files, mixed; every answer is held.

Prints requests a second, latencies and the memory of all processes; fails where an answer is wrong, the service dies, or its
memory grows. By default a few seconds: ``--seconds 60`` for longer, ``--clients`` for more.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import json
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from serving import Serving, serving  # noqa: E402  beside the tests, which start it too

#: A file, and the verdict or the code of the refusal that has to come of it.
Case = tuple[str, bytes, str]
#: Memory of all processes may differ by so much between the middle and the end.
GROWTH = 32 << 20


_HEALTH = """
import json, sys, time, httpx
url, until, found = sys.argv[1] + "/health", time.monotonic() + float(sys.argv[2]), []
with httpx.Client() as client:
    while time.monotonic() < until:
        began = time.monotonic()
        client.get(url, timeout=30).raise_for_status()
        found.append(time.monotonic() - began)
        time.sleep(0.05)
print(json.dumps(found))
"""


def bomb() -> bytes:
    """A workbook that would inflate to a hundred times what a file may."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", b" " * (80 << 20))
    return target.getvalue()


def cases() -> list[Case]:
    """The example thrice for each hostile file."""
    workbook = (ROOT / "datapackages/wuerhe-2022/report.xlsx").read_bytes()
    document = (ROOT / "datapackages/full/report.json").read_bytes()
    hostile: list[Case] = [
        ("bomb.xlsx", bomb(), "ZIP_BOMB"),
        ("deep.json", b"[" * 100_000, "JSON_TOO_DEEP"),
        ("cut.xlsx", workbook[: len(workbook) // 2], "ZIP_TRUNCATED"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(1000), "NOT_A_TABLE_IMAGE"),
        ("broken.json", document.replace(b'"total"', b'"tota1"', 1)[:-3], "JSON_MALFORMED"),
    ]
    honest: list[Case] = [("report.xlsx", workbook, "not_checked"), ("full.json", document, "valid")]
    return [case for bad in hostile for case in (*honest, honest[0], bad)]


class Load:
    """Clients that send one file after another until the time is over, and what came of it."""

    def __init__(self, served: Serving, seconds: float) -> None:
        self.served, self.until = served, time.monotonic() + seconds
        self.answered: list[float] = []
        self.declined: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.healths: list[float] = []

    async def client(self, client: httpx.AsyncClient, first: int, files: Sequence[Case]) -> None:
        """One client, which begins with its own file; told that there is too much to do, it tries the next a little later."""
        for name, data, wanted in itertools.islice(itertools.cycle(files), first, None):
            if time.monotonic() > self.until:
                return
            began = time.monotonic()
            try:
                answer = await client.post(f"{self.served.url}/api/v1/validate", files={"file": (name, data)})
            except httpx.HTTPError as error:
                self.wrong.append(f"{name}: {type(error).__name__}")
                continue
            if answer.status_code in (429, 503):
                self.declined[answer.status_code] += 1
                if not answer.headers.get("retry-after", "").isdigit():
                    self.wrong.append(f"{name}: {answer.status_code} without Retry-After")
                await asyncio.sleep(0.2)
                continue
            self.answered.append(time.monotonic() - began)
            document = answer.json()
            found = document.get("verdict") or document.get("code")
            if found != wanted or (answer.status_code == 200) != (wanted in ("valid", "not_checked")):
                self.wrong.append(f"{name}: {answer.status_code} {found}, not {wanted}")

    async def health(self) -> None:
        """Meanwhile the service says that it is well, to a process that has nothing else to do."""
        left = str(self.until - time.monotonic())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _HEALTH, self.served.url, left, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        self.healths = json.loads(said)

    async def memory(self) -> list[int]:
        """Memory of the service itself and of the process that forks, four times a second: what jobs take they give back."""
        found = []
        while time.monotonic() < self.until:
            own = psutil.Process(self.served.process.pid)
            found.append(sum(process.memory_info().rss for process in (own, *own.children())))
            await asyncio.sleep(0.25)
        return found


async def run(served: Serving, seconds: float, clients: int) -> int:
    """Load the service, print what came of it; 0, or 1 where something was wrong."""
    files, load = cases(), Load(served, seconds)
    limits = httpx.Limits(max_connections=clients + 4, max_keepalive_connections=clients + 4)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        one = [load.client(client, number, files) for number in range(clients)]
        *_, memory = await asyncio.gather(*one, load.health(), load.memory())
    taken = load.answered
    parts = quantiles(taken, n=100) if len(taken) > 1 else [0.0] * 99
    middle, end = max(memory[len(memory) // 4 : len(memory) // 2]), max(memory[-len(memory) // 4 :])
    print(f"{clients} clients, {seconds:g} s: {len(taken)} answered, {len(taken) / seconds:.1f} a second")
    print(
        f"latency: median {median(taken or [0.0]):.2f} s, 95 % {parts[94]:.2f} s, 99 % {parts[98]:.2f} s, most {max(taken or [0.0]):.2f} s"
    )
    print(
        "declined:",
        ", ".join(f"{status}: {count}" for status, count in sorted(load.declined.items())) or "none",
    )
    health = sorted(load.healths)
    print(f"health: 99 % within {health[int(len(health) * 0.99) - 1] * 1000:.0f} ms of {len(health)}")
    print(f"memory: {middle >> 20} MiB in the second quarter, {end >> 20} MiB in the last")
    for line, count in Counter(load.wrong).most_common(10):
        print(f"wrong, {count} times: {line}")
    flat, alive = end - middle <= GROWTH, served.process.poll() is None
    if not flat:
        print("memory grows")
    if not alive:
        print("the service is dead")
    if list(served.temporary.iterdir()):
        print("files were left behind")
        return 1
    return 0 if taken and flat and alive and not load.wrong else 1


def main() -> int:
    """Measure as asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--clients", type=int, default=50)
    asked, _ = parser.parse_known_args()  # the other benchmarks take options of their own
    with (
        tempfile.TemporaryDirectory(prefix="fatk-bench-") as folder,
        serving(Path(folder), "--limit", "requests=1000000") as served,
    ):
        return asyncio.run(run(served, asked.seconds, asked.clients))


if __name__ == "__main__":
    sys.exit(main())
