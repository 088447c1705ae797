"""Writing is all or nothing: whatever fails, and whenever the process dies, the target is the old one or the new one.

Every step that touches the disk is made to fail once and to be the last one once. A step is the n-th call of one of the
functions below; which steps an operation has is found by running it, so that a new step is tested too.
"""

import errno
import io
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from fatk import files
from fatk.errors import NotWritten

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "datapackages/minimal"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="processes are ended and told apart as on POSIX")

OLD, NEW = b"old" * 1000, b"new" * 1000
OLD_PACKAGE = {"a.csv": b"old a", "b.csv": b"old b", "datapackage.json": b"old"}
NEW_PACKAGE = {"a.csv": b"new a", "c.csv": b"new c", "datapackage.json": b"new"}
#: What stays of an old package beside the files that are rewritten.
MERGED = {**OLD_PACKAGE, **NEW_PACKAGE}

# Each operation writes `name` in a folder; with what stands there before, and what may stand there afterwards.


def file_new(folder: Path) -> None:
    files.write_file(folder / "报告.json", NEW)


def file_over_old(folder: Path) -> None:
    files.write_file(folder / "报告.json", NEW, force=True)


def package_new(folder: Path) -> None:
    files.write_directory(folder / "包", NEW_PACKAGE)


def package_into_empty(folder: Path) -> None:
    files.write_directory(folder / "包", NEW_PACKAGE)


def package_over_old(folder: Path) -> None:
    files.write_directory(folder / "包", NEW_PACKAGE, force=True)


OPERATIONS: dict[str, tuple[Callable[[Path], None], str, Any, Any]] = {
    # name: (operation, name of the target, old content, new content); None is absent, a mapping a directory
    "file-new": (file_new, "报告.json", None, NEW),
    "file-over-old": (file_over_old, "报告.json", OLD, NEW),
    "package-new": (package_new, "包", None, NEW_PACKAGE),
    "package-into-empty": (package_into_empty, "包", {}, NEW_PACKAGE),
    "package-over-old": (package_over_old, "包", OLD_PACKAGE, MERGED),
}


def prepare(folder: Path, operation: str) -> None:
    """Put what is old in its place."""
    _, name, old, _ = OPERATIONS[operation]
    folder.mkdir(exist_ok=True)
    if isinstance(old, bytes):
        (folder / name).write_bytes(old)
    elif old is not None:
        (folder / name).mkdir()
        for member, data in old.items():
            (folder / name / member).write_bytes(data)


def content(path: Path) -> Any:
    """A file's bytes, a directory's files by name, or None."""
    if path.is_dir():
        return {p.name: p.read_bytes() for p in sorted(path.iterdir())}
    return path.read_bytes() if path.exists() else None


def ours(folder: Path) -> list[str]:
    """What of ours lies about beside the target."""
    return sorted(p.name for p in folder.iterdir() if p.name.startswith(".fatk-"))


# Steps

#: Functions through which the disk is changed, by module.
CALLS = ((io, "open"), (os, "mkdir"), (os, "fsync"), (os, "link"), (os, "rename"), (os, "replace"))


@contextmanager
def stepping(before: Callable[[str], None], after: Callable[[str], None]) -> Iterator[None]:
    """Call `before` and `after` around each step with its name, as `fsync-2`."""
    counts: Counter[str] = Counter()
    originals = [(module, name, getattr(module, name)) for module, name in CALLS]

    def wrap(module: Any, name: str, original: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            label = f"{module.__name__}.{name}"
            counts[label] += 1
            before(f"{label}-{counts[label]}")
            result = original(*args, **kwargs)
            after(f"{label}-{counts[label]}")
            return result

        return step

    try:
        for module, name, original in originals:
            setattr(module, name, wrap(module, name, original))
        yield
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


def steps_of(operation: str) -> list[str]:
    """Names of the steps of an operation, in order."""
    found: list[str] = []
    folder = Path(tempfile.mkdtemp())
    try:
        prepare(folder, operation)
        with stepping(found.append, lambda _: None):
            OPERATIONS[operation][0](folder)
    finally:
        shutil.rmtree(folder)
    return found


STEPS = [(operation, step) for operation in OPERATIONS for step in steps_of(operation)]
#: Steps after which the new target is already in its place: that a directory cannot be synced does not undo that.
_SYNC_AFTERWARDS = {
    ("file-new", "os.fsync-2"), ("file-over-old", "os.fsync-2"),
    ("package-new", "os.fsync-4"), ("package-into-empty", "os.fsync-4"), ("package-over-old", "os.fsync-4"),
}  # fmt: skip


def _faults() -> Iterator[Any]:
    for operation, step in STEPS:
        if (operation, step) not in _SYNC_AFTERWARDS:
            yield pytest.param(operation, step, id=f"{operation}-{step}")


def test_every_operation_has_steps_that_last_over_a_power_cut() -> None:
    for operation in OPERATIONS:
        steps = steps_of(operation)
        assert sum("fsync" in step for step in steps) >= 2, steps  # of the content, and of the folder


@pytest.mark.parametrize(("operation", "step"), [*_faults()])
def test_a_step_that_fails_leaves_the_old_target_and_says_so(
    tmp_path: Path, operation: str, step: str
) -> None:
    run, name, old, new = OPERATIONS[operation]
    for number in (errno.ENOSPC, errno.EACCES, errno.EIO):
        folder = tmp_path / errno.errorcode[number]
        prepare(folder, operation)

        def fail(now: str, number: int = number) -> None:
            if now == step:
                raise OSError(number, os.strerror(number))

        said = None
        with stepping(fail, _nothing):
            try:
                run(folder)
            except NotWritten as error:
                said = error
        # Where another way was found, or the step was not needed, nothing is said and the new target is there.
        assert content(folder / name) == (old if said else new)
        assert ours(folder) == []
        if said is not None:
            assert said.code == ("OUTPUT_LOCKED" if number == errno.EACCES else "OUTPUT_FAILED")
            assert said.details["path"] == folder / name
            run(folder)  # what failed once can be done again
        assert content(folder / name) == new


# Death


def die_at_every_step() -> None:
    """Run in a child process: fork for every step, and end the fork before and after it. Prints what was found."""
    found = []
    for (operation, step), moment in itertools.product(STEPS, ("before", "after")):
        folder = Path(tempfile.mkdtemp())
        run, name, _, _ = OPERATIONS[operation]
        prepare(folder, operation)
        child = os.fork()
        if not child:

            def die(now: str, step: str = step) -> None:
                if now == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            with stepping(*((die, _nothing) if moment == "before" else (_nothing, die))):
                run(folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        then = content(folder / name)
        files.sweep(folder)  # as the next run does
        found.append(
            {
                "step": [operation, step, moment], "killed": killed, "then": label(operation, then),
                "next": label(operation, content(folder / name)), "left": ours(folder),
            }
        )  # fmt: skip
        shutil.rmtree(folder)
    print(json.dumps(found))


def _nothing(_: str) -> None:
    pass


def label(operation: str, found: Any) -> str:
    """Whether what stands in the target's place is old, new, absent or torn."""
    _, _, old, new = OPERATIONS[operation]
    return "old" if found == old else "new" if found == new else "absent" if found is None else "torn"


@needs_posix
def test_a_process_that_dies_at_any_step_leaves_the_old_or_the_new_and_the_next_run_sweeps() -> None:
    command = [sys.executable, "-c", "import test_files; test_files.die_at_every_step()"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert len(found) == 2 * len(STEPS)
    assert [f["step"] for f in found if not f["killed"]] == []
    assert [f for f in found if f["then"] == "torn"] == []
    # Only Linux replaces a directory in one step. Elsewhere it may be away for a moment: the next run puts it back.
    away = {(*f["step"],) for f in found if f["then"] == "absent"}
    allowed = set() if sys.platform == "linux" else {"package-into-empty", "package-over-old"}
    assert {operation for operation, _, _ in away} <= allowed
    assert [f for f in found if f["next"] not in {"old", "new"}] == []
    assert [f for f in found if f["left"]] == []


COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    # what is done: the words of the command, the files that it writes
    "convert": (
        ["convert", "--force", "--findings", "发现.json", "报告.json", "新.json"],
        ["新.json", "发现.json"],
    ),
    "package": (["convert", "--force", "报告.json", "包"], ["包"]),
    "marked": (
        ["validate", "--force", "--format", "xlsx", "--output", "标记.xlsx", "报告.xlsx"],
        ["标记.xlsx"],
    ),
}


def die_in_a_command() -> None:
    """Run in a child process: end a fork before and after every step by which a command changes the disk. Prints what was
    found wrong."""
    wrong = []
    killed = 0
    for name, (words, targets) in COMMANDS.items():
        folder = Path(tempfile.mkdtemp())
        for file in ("report.json", "report.xlsx"):
            shutil.copy(EXAMPLE / file, folder / file.replace("report", "报告"))
        os.chdir(folder)
        old = _old_targets(targets)
        steps: list[str] = []
        with stepping(steps.append, _nothing):
            _command(words)
        new = {target: content(Path(target)) for target in targets}
        assert all(
            new[target] not in {None, old[target]} if isinstance(old[target], bytes) else new[target]
            for target in targets
        )
        changing = [step for step in steps if "open" not in step]
        assert len(changing) >= 3, name
        for step, moment in itertools.product(
            changing[-12:], ("before", "after")
        ):  # of many files the last ones
            _old_targets(targets)
            child = os.fork()
            if not child:

                def die(now: str, step: str = step) -> None:
                    if now == step:
                        os.kill(os.getpid(), signal.SIGKILL)

                with stepping(*((die, _nothing) if moment == "before" else (_nothing, die))):
                    _command(words)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            torn = [t for t in targets if content(Path(t)) not in (old[t], new[t])]
            _command(words)
            left = ours(folder)
            other = [t for t in targets if content(Path(t)) != new[t]]
            if torn or left or other:
                wrong.append([name, step, moment, torn, left, other])
        os.chdir("/")
        shutil.rmtree(folder)
    print(json.dumps([killed, wrong]))


def _command(words: list[str]) -> None:
    """Run a command of fatk in this process, its words unheard."""
    from fatk.cli import main

    kept, sys.argv, sys.stdout, sys.stderr = (
        (sys.argv, sys.stdout, sys.stderr),
        ["fatk", *words],
        io.StringIO(),
        io.StringIO(),
    )
    try:
        with suppress(SystemExit):
            main()
    finally:
        sys.argv, sys.stdout, sys.stderr = kept


def _old_targets(targets: list[str]) -> dict[str, Any]:
    """Put something old where a command writes."""
    for target in map(Path, targets):
        if target.suffix:
            target.write_bytes(OLD)
        else:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(EXAMPLE, target, ignore=shutil.ignore_patterns("report.json", "report.xlsx"))
            (target / "income.csv").write_bytes(OLD)
    return {target: content(Path(target)) for target in targets}


@needs_posix
def test_a_command_that_dies_at_any_step_leaves_the_old_or_the_new_and_the_next_one_mends_it() -> None:
    command = [sys.executable, "-c", "import test_files; test_files.die_in_a_command()"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed, wrong = json.loads(done.stdout.splitlines()[-1])
    assert wrong == []
    assert killed > 30


LOOP = """
import sys
from pathlib import Path
from fatk import files
target, kind = Path(sys.argv[1]), sys.argv[2]
print("begun", flush=True)
for number in range(10**9):
    mark = b"%d" % (number % 10)
    if kind == "file":
        files.write_file(target, mark * 200_000, force=True)
    else:
        files.write_directory(target, {f"{k}.csv": mark * 20_000 for k in range(5)}, force=True)
"""


def whole(target: Path) -> bool:
    """Whether what the loop above writes is there, and of one round only."""
    parts = [target] if target.is_file() else sorted(target.iterdir())
    data = {part.read_bytes() for part in parts}
    return len(parts) in {1, 5} and len(data) == 1 and len(set(data.pop())) == 1


@needs_posix
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_process_killed_at_any_moment_leaves_a_whole_target(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "目标"
    for _ in range(8):
        files.sweep(tmp_path)
        command = [sys.executable, "-c", LOOP, str(target), kind]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            while not target.exists():
                time.sleep(0.001)
            time.sleep(random.random() * 0.03)
            child.kill()
        files.sweep(tmp_path)
        assert whole(target)
        assert ours(tmp_path) == []


# Others at work


RACE = """
import sys
from pathlib import Path
from fatk import files
from fatk.errors import NotWritten
folder, me, kind, force = Path(sys.argv[1]), sys.argv[2].encode(), sys.argv[3], sys.argv[4] == "force"
(folder / f"ready-{sys.argv[2]}").touch()
while len(list(folder.glob("ready-*"))) < 2:
    pass
for number in range(40):
    try:
        if kind == "file":
            files.write_file(folder / f"t{number}", me * 100_000, force=force)
        else:
            files.write_directory(folder / f"t{number}", {"a": me * 50_000, "b": me * 50_000}, force=force)
        print(number, "written")
    except NotWritten as error:
        print(number, error.code)
"""


@needs_posix
@pytest.mark.parametrize("kind", ["file", "directory"])
@pytest.mark.parametrize("force", ["keep", "force"])
def test_two_processes_that_write_one_target_leave_the_whole_work_of_one(
    tmp_path: Path, kind: str, force: str
) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path), me, kind, force], stdout=subprocess.PIPE, text=True
        )
        for me in "AB"
    ]
    said = [dict(line.split() for line in child.communicate()[0].splitlines()) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    files.sweep(tmp_path)
    assert ours(tmp_path) == []
    for number in range(40):
        target = tmp_path / f"t{number}"
        found = {p.read_bytes()[:1] for p in (target.iterdir() if kind == "directory" else [target])}
        winners = [me for me, what in zip((b"A", b"B"), said, strict=True) if what[str(number)] == "written"]
        assert len(found) == 1, "a mixture"
        assert found <= set(winners)
        if force == "keep" and kind == "file":
            assert len(winners) == 1


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "报告.json"
    _meanwhile(monkeypatch, lambda: target.write_bytes(b"another's"))
    with pytest.raises(NotWritten) as caught:
        files.write_file(target, NEW)
    assert caught.value.code == "OUTPUT_EXISTS"
    assert content(target) == b"another's"
    assert ours(tmp_path) == []


def test_a_package_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "包"

    def appear() -> None:
        if not target.exists():
            target.mkdir()
            (target / "a.csv").write_bytes(b"another's")

    _meanwhile(monkeypatch, appear)
    with pytest.raises(NotWritten):
        files.write_directory(target, NEW_PACKAGE)
    assert content(target) == {"a.csv": b"another's"}


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let another process act while our content goes to the disk."""
    fsync = os.fsync

    def both(handle: int) -> None:
        fsync(handle)
        act()

    monkeypatch.setattr(os, "fsync", both)


def test_where_links_are_not_to_be_had_a_new_file_is_placed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "no links on this disk")

    monkeypatch.setattr(os, "link", link)
    files.write_file(tmp_path / "报告.json", NEW)
    assert content(tmp_path / "报告.json") == NEW
    assert ours(tmp_path) == []


# What may be written upon


@pytest.mark.parametrize(
    ("target", "force", "code"),
    [
        ("旧文件", False, "OUTPUT_EXISTS"),
        ("旧目录", True, "OUTPUT_OTHER_KIND"),
        ("没有的目录/报告.json", True, "OUTPUT_NO_DIRECTORY"),
        ("旧文件/报告.json", True, "OUTPUT_NO_DIRECTORY"),
        ("断链", False, "OUTPUT_EXISTS"),
        pytest.param(
            "管道", True, "OUTPUT_OTHER_KIND", id="pipe",
            marks=needs_posix,
        ),
        pytest.param(
            "超" * 90 + ".json", False, "OUTPUT_FAILED", id="too long",
        ),
    ],
)  # fmt: skip
def test_a_file_is_written_only_where_nothing_or_an_ordinary_file_stands(
    tmp_path: Path, target: str, force: bool, code: str
) -> None:
    (tmp_path / "旧文件").write_bytes(OLD)
    (tmp_path / "旧目录").mkdir()
    (tmp_path / "断链").symlink_to("没有")
    if target == "管道":
        os.mkfifo(tmp_path / "管道")
    with pytest.raises(NotWritten) as caught:
        files.write_file(tmp_path / target, NEW, force=force)
    assert caught.value.code == code
    assert content(tmp_path / "旧文件") == OLD
    assert ours(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "force", "code"),
    [
        ("旧目录", False, "OUTPUT_EXISTS"),
        ("旧文件", True, "OUTPUT_OTHER_KIND"),
        ("旧文件", False, "OUTPUT_OTHER_KIND"),
        ("没有的目录/包", True, "OUTPUT_NO_DIRECTORY"),
    ],
)
def test_a_package_is_written_only_where_nothing_or_a_directory_stands(
    tmp_path: Path, target: str, force: bool, code: str
) -> None:
    (tmp_path / "旧文件").write_bytes(OLD)
    (tmp_path / "旧目录").mkdir()
    (tmp_path / "旧目录" / "照片").write_bytes(OLD)
    with pytest.raises(NotWritten) as caught:
        files.write_directory(tmp_path / target, NEW_PACKAGE, force=force)
    assert caught.value.code == code
    assert content(tmp_path / "旧目录") == {"照片": OLD}
    assert ours(tmp_path) == []


def test_what_else_lies_in_an_old_package_stays_there(tmp_path: Path) -> None:
    target = tmp_path / "包"
    files.write_directory(target, OLD_PACKAGE)
    (target / "说明").mkdir()
    (target / "说明" / "附注.txt").write_text("附注", encoding="utf-8")
    (target / "旁边").symlink_to("../别处")
    files.write_directory(target, NEW_PACKAGE, force=True)
    assert (target / "说明" / "附注.txt").read_text(encoding="utf-8") == "附注"
    assert (target / "旁边").readlink() == Path("../别处")
    assert {p.name: p.read_bytes() for p in target.glob("*.csv")} == {
        k: v for k, v in MERGED.items() if k.endswith(".csv")
    }
    assert ours(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["带 空格.json", "-开头.json", "换\n行.json", "a" * 200 + ".json", "决" * 60 + ".json"], ids=ascii
)
def test_a_name_may_be_anything_that_the_disk_takes(tmp_path: Path, name: str) -> None:
    files.write_file(tmp_path / name, NEW)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("write", [files.write_file, files.write_directory])
def test_a_long_chinese_name_that_the_disk_takes_can_be_written(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    target = tmp_path / ("决" * 80)
    target.write_bytes(OLD)  # the disk takes it
    target.unlink()
    write(target, NEW if write is files.write_file else NEW_PACKAGE)
    assert [p.name for p in tmp_path.iterdir()] == ["决" * 80]


@pytest.mark.parametrize("target", [".", ".."])
def test_the_working_directory_and_the_one_above_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    inner = tmp_path / "外" / "里"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    files.write_directory(Path(target), NEW_PACKAGE, force=True)
    written = inner if target == "." else inner.parent
    assert {p.name: p.read_bytes() for p in written.iterdir() if p.is_file()} == NEW_PACKAGE


# Sweeping


def _dead() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    return child.pid


@needs_posix
def test_what_the_dead_left_is_swept_and_what_is_not_ours_or_not_dead_stays(tmp_path: Path) -> None:
    dead, living = _dead(), os.getpid()
    (tmp_path / f".fatk-{dead}-0a0a0a0a-报告.json").write_bytes(NEW)
    (tmp_path / f".fatk-{dead}-0b0b0b0b-包").mkdir()
    (tmp_path / f".fatk-{dead}-0b0b0b0b-包" / "a.csv").write_bytes(NEW)
    (tmp_path / "别处").mkdir()
    (tmp_path / "别处" / "要留").write_bytes(OLD)
    (tmp_path / f".fatk-{dead}-0c0c0c0c-链").symlink_to("别处")
    stay = [".fatk-笔记.txt", ".fatk-a-b-c", f".fatk-{living}-0d0d0d0d-报告.json", ".fatk--1-x", "fatk-1-2-3"]
    for name in stay:
        (tmp_path / name).write_bytes(OLD)
    files.write_file(tmp_path / "报告.json", NEW)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*stay, "别处", "报告.json"])
    assert content(tmp_path / "别处") == {"要留": OLD}


@needs_posix
@pytest.mark.parametrize("name", ["包", "包-2022-终稿", "包 一"])
def test_an_old_package_set_aside_by_the_dead_goes_back_to_its_place(tmp_path: Path, name: str) -> None:
    aside = tmp_path / f".fatk-{_dead()}-aside-{name}"
    aside.mkdir()
    (aside / "a.csv").write_bytes(OLD)
    files.write_file(tmp_path / "另一个.json", NEW)
    assert content(tmp_path / name) == {"a.csv": OLD}
    assert ours(tmp_path) == []


@needs_posix
def test_an_old_package_set_aside_goes_where_the_new_one_is_in_place(tmp_path: Path) -> None:
    files.write_directory(tmp_path / "包", NEW_PACKAGE)
    aside = tmp_path / f".fatk-{_dead()}-aside-包"
    aside.mkdir()
    (aside / "a.csv").write_bytes(OLD)
    files.sweep(tmp_path)
    assert content(tmp_path / "包") == NEW_PACKAGE
    assert ours(tmp_path) == []


@needs_posix
def test_a_leftover_that_cannot_be_removed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / f".fatk-{_dead()}-0a0a0a0a-报告.json"
    left.write_bytes(OLD)
    unlink = os.unlink

    def sticky(path: Any, *args: Any, **kwargs: Any) -> None:
        if Path(path) == left:
            raise PermissionError(errno.EPERM, "the folder is sticky")
        unlink(path, *args, **kwargs)

    monkeypatch.setattr(os, "unlink", sticky)
    files.write_file(tmp_path / "报告.json", NEW)
    assert content(tmp_path / "报告.json") == NEW


def test_what_lies_about_for_a_day_is_swept_whoever_has_the_number_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_WINDOWS", True)  # where no process can be asked for
    for name, hours in (("今", 0), ("昨", 25)):
        left = tmp_path / f".fatk-{os.getpid()}-0a0a0a0a-{name}.json"
        left.write_bytes(OLD)
        then = time.time() - hours * 3600
        os.utime(left, (then, then))
    files.sweep(tmp_path)
    assert ours(tmp_path) == [f".fatk-{os.getpid()}-0a0a0a0a-今.json"]


@pytest.mark.parametrize(("held", "written"), [(0, True), (3, True), (10, True), (99, False)])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_target_that_another_program_holds_open_is_tried_again_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, written: bool, kind: str
) -> None:
    target = tmp_path / ("报告.json" if kind == "file" else "包")
    write = files.write_file if kind == "file" else files.write_directory
    old, new = (OLD, NEW) if kind == "file" else (OLD_PACKAGE, MERGED)
    write(target, old)  # type: ignore[operator]
    monkeypatch.setattr(files, "_WINDOWS", True)
    monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    waited: list[float] = []
    monkeypatch.setattr(files.time, "sleep", waited.append)
    original, refused = (os.replace, os.rename)[kind == "directory"], 0

    def busy(*names: Any, **more: Any) -> None:
        nonlocal refused
        if refused < held:
            refused += 1
            raise PermissionError(errno.EACCES, "in use")
        original(*names, **more)

    monkeypatch.setattr(os, original.__name__, busy)
    if written:
        write(target, new, force=True)  # type: ignore[operator]
    else:
        with pytest.raises(NotWritten) as caught:
            write(target, new, force=True)  # type: ignore[operator]
        assert caught.value.code == "OUTPUT_LOCKED"
    assert content(target) == (new if written else old)
    assert len(waited) == min(held, 10)
    assert sum(waited) < 3
    assert ours(tmp_path) == []
