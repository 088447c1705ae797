"""A parser in a confined process may fail in any way: what comes back is its answer or a refusal, in bounded time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fatk import confined
from fatk.errors import Refused
from fatk.limits import DEFAULTS, Limits

HERE = Path(__file__).resolve().parent
needs_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no bounds but time")


def run(name: str, data: bytes = b"", limits: Limits = DEFAULTS, **arguments: Any) -> Any:
    return confined.run(f"hostile_readers:{name}", data, arguments, limits)


def refusal(name: str, **limits: int) -> str:
    with pytest.raises(Refused) as caught:
        run(name, limits=Limits(**limits))
    return caught.value.code


def test_a_reader_gets_the_file_and_its_arguments_and_answers() -> None:
    data = bytes(range(256)) * 40_000  # more than any pipe holds
    assert run("echo", data, a=[1, "甲"], b=None) == {"size": len(data), "a": [1, "甲"], "b": None}


def test_a_refusal_arrives_with_its_details() -> None:
    with pytest.raises(Refused) as caught:
        run("refuse")
    assert (caught.value.code, caught.value.details) == ("CELL_TOO_LONG", {"place": "甲!A1", "limit": 7})


@pytest.mark.parametrize("name", ["fail", "abort", "fault", "leave", "lie", "mumble", "nest"])
def test_a_reader_that_crashes_or_answers_nonsense_is_a_refusal(name: str) -> None:
    assert refusal(name) == "READER_CRASHED"


@pytest.mark.parametrize("name", ["spin", "sleep", "deaf"])
def test_a_reader_that_does_not_end_is_ended(name: str) -> None:
    begun = time.monotonic()
    assert refusal(name, reader_seconds=1) == "READER_TIMEOUT"
    assert time.monotonic() - begun < 30  # and not the ten minutes that it would sleep


def test_a_reader_that_says_too_much_is_cut_short() -> None:
    assert refusal("chatter", reader_answer=100_000) == "RESOURCE_LIMIT"


@needs_posix
def test_a_reader_that_needs_too_much_memory_is_refused_it() -> None:
    assert refusal("swell", reader_memory=256 << 20) == "RESOURCE_LIMIT"


@needs_posix
def test_a_reader_that_the_system_ends_says_why() -> None:
    assert refusal("killed") == "RESOURCE_LIMIT"  # as the system does when its memory runs out
    assert refusal("out_of_time") == "READER_TIMEOUT"


def test_a_reader_writes_nothing_reaches_nobody_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    said = run("attempts", folder=str(tmp_path))
    assert len(said) == 7
    assert set(said.values()) == {"PermissionError"}
    assert [p.name for p in tmp_path.iterdir()] == ["there"]


def test_a_reader_finds_only_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    found = run("surroundings")
    assert not {"SECRET", "PYTHONPATH", "HOME"} & set(found["environment"])
    assert found["modules"] == ["fatk"]
    assert found["ours"] == ["fatk", "fatk.errors"]
    assert found["arguments"] == []
    assert found["path"] == []


def test_a_process_that_cannot_be_started_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("/no/such/python", ""):
        monkeypatch.setattr(sys, "executable", program)
        assert refusal("echo") == "READER_NOT_STARTED"


PARENT = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from fatk import confined
from fatk.limits import DEFAULTS
class Told(subprocess.Popen):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        print(self.pid, flush=True)
subprocess.Popen = Told
confined.run("hostile_readers:sleep", b"", {}, DEFAULTS)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process is looked up in /proc")
@pytest.mark.parametrize("wait", [0, 0.5])
def test_a_reader_ends_when_nobody_waits_for_it_any_more(wait: float) -> None:
    command = [sys.executable, "-c", PARENT, str(HERE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(wait)
        parent.send_signal(signal.SIGKILL)
    gone = _until(lambda: not _alive(child))
    if not gone:
        os.kill(child, signal.SIGKILL)
    assert gone


def _until(met: Callable[[], bool]) -> bool:
    for _ in range(200):
        if met():
            return True
        time.sleep(0.05)
    return False


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
