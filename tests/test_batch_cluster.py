"""Batches on a Dask cluster: a real scheduler and several worker processes on this machine, one of which is killed at work."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import many
from fatk.batch import cluster, hands
from fatk.batch.orders import Order
from fatk.batch.pool import Task
from fatk.errors import Misuse
from test_batch import FATK, contents

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]  # fmt: skip
WORKER = [
    sys.executable,
    "-m",
    "distributed.cli.dask_worker",
    "--nthreads",
    "1",
    "--no-dashboard",
    "--no-nanny",
]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler and its three workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("dask")
    log = folder / "scheduler.log"
    with log.open("wb") as out:
        scheduler = subprocess.Popen(SCHEDULER, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    workers: list[subprocess.Popen[bytes]] = []
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(rb"Scheduler at:\s+(tcp://\S+)", log.read_bytes())):
            assert time.monotonic() < deadline, log.read_text()
            assert scheduler.poll() is None, log.read_text()
            time.sleep(0.05)
        address = found[1].decode()
        for number in range(3):
            with (folder / f"worker{number}.log").open("wb") as out:
                command = [*WORKER, address, "--local-directory", str(folder)]
                workers.append(subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder))
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    machines: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = machines
    src = tmp_path / "src"
    list(many.pairs(src, 24))
    (src / "坏.xlsx").write_text("bad", encoding="utf-8")
    run = subprocess.Popen(
        [*FATK, str(src), str(tmp_path / "store"), "--scheduler", address, "--log", "jsonl"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None
    while b'"source"' not in run.stdout.readline():  # some are done, most are not
        assert run.poll() is None, run.communicate()[1].decode()
    workers[0].send_signal(signal.SIGKILL)
    out, err = run.communicate(timeout=120)
    assert run.returncode == 3, err.decode()
    assert b'"event": "summary"' in out
    fresh = [*FATK, str(src), str(tmp_path / "fresh"), "--workers", "2"]
    assert subprocess.run(fresh, capture_output=True, check=False).returncode == 3
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")
    with duckdb.connect(str(tmp_path / "store/store.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*), count(distinct source) from reports").fetchall() == [
            (48, 48)
        ]
        assert connection.execute("select count(*) from comparisons").fetchall() == [(24,)]


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with pytest.raises(Misuse) as told:
        cluster.Cluster("tcp://127.0.0.1:9")
    assert told.value.code == "SCHEDULER_UNREACHABLE"


def test_another_version_on_the_cluster_is_refused() -> None:
    with pytest.raises(hands.Failed) as told:
        cluster.work(Task(Order("/nowhere", "json")), "another")
    assert told.value.args[0] == "BATCH_OTHER_VERSION"
