"""What every test stands on: no network, repeatable examples, and outside programs that may be missing on a laptop."""

import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest

CI = bool(os.environ.get("CI"))
ROOT = Path(__file__).resolve().parent.parent

# In CI the same examples on every run, so that a red run is about the change; on a developer's machine new ones, so
# that the search goes on. No deadline: a busy machine is not a bug. `--hypothesis-profile` overrides.
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.load_profile("ci" if CI else "dev")


def _is_local(host: object) -> bool:
    if host in {None, "", "localhost", b"localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    """Fail the test that looks up or reaches any host but this one.

    An audit hook sees what every library does, at import too, however it got its socket. The failure is no `Exception`,
    so a library that takes errors for "offline" cannot swallow it. Child processes are not seen.
    """
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = args[0]
    elif event in {"socket.connect", "socket.sendto", "socket.sendmsg"} and isinstance(args[1], tuple):
        host = args[1][0]  # an address of another family (a Unix socket) is no tuple
    else:
        return
    if not _is_local(host):
        pytest.fail(f"the tests have no network, but {event} asked for {host!r}")


sys.addaudithook(_refuse_network)


def required_program(*names: str) -> str:
    """The path of the first of these programs that is installed; without one, CI fails and a laptop skips the test."""
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(f"{' or '.join(names)} is not installed; see scripts/system-packages.sh")


def missing(reason: str) -> NoReturn:
    """End the test for want of a program: a failure in CI, a skip on a laptop."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def soffice(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The start of a LibreOffice command line: `[*soffice, "--convert-to", "xls", "--outdir", folder, file]`.

    The profile is this process's own, since two LibreOffices with one profile wait for each other or fail.
    """
    profile = tmp_path_factory.mktemp("libreoffice").as_uri()
    return [required_program("soffice", "libreoffice"), "--headless", f"-env:UserInstallation={profile}"]


@pytest.fixture(scope="session")
def convert_files(soffice: list[str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Let LibreOffice convert files, all at once; the folder of what it made."""

    def run(to: str, files: Iterable[Path]) -> Path:
        made = tmp_path_factory.mktemp("made")
        command = [*soffice, "--convert-to", to, "--outdir", str(made), *map(str, files)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return made

    return run


@pytest.fixture(scope="session")
def node_check() -> Callable[..., list[dict]]:
    """Run a checker of `tests/node`, as `node_check("check_package", descriptor)`: one answer for each file."""
    node = required_program("node")
    folder = ROOT / "tests/node"
    if not (folder / "node_modules").is_dir():
        missing("the Node checkers are not installed; `make test` does it")

    def run(script: str, *files: Path) -> list[dict]:
        command = [node, folder / f"{script}.mjs", *files]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
