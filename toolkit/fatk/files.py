"""Files taken whole, and put in their place: all or nothing, nothing overwritten unasked, nothing left behind.

What is written is built beside its target under a name of our own and renamed when it is complete, so that whoever looks
finds the old target or the new one. Names of ours carry the process that made them; the next run sweeps those of the dead.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import IO

from fatk.errors import NotWritten, Refused

_PREFIX = ".fatk-"
_ASIDE = "aside"
#: Bytes of a name that every usual file system takes.
_LONGEST = 255
_WINDOWS = os.name == "nt"
#: Waits in seconds before a target is tried again that a virus scanner or a viewer holds open: 2.5 s in all.
_WAITS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.5, 0.5)
#: After this many seconds what is left of a run counts as left behind, whatever process has its number now.
_ABANDONED = 24 * 60 * 60
#: Whether files are made to last together, by ``lasting_together``.
_together: ContextVar[bool] = ContextVar("_together", default=False)
_AT_WORKING_DIRECTORY, _EXCHANGE = -100, 2  # of Linux: AT_FDCWD, RENAME_EXCHANGE


def load(source: Path, limit: int) -> bytes:
    """The bytes of a file. ``Refused`` where there is none, where it is no file (a pipe never ends, a device has no end), or
    where it has more bytes than ``limit``; ``OSError`` where the system cannot read it."""
    if not source.exists():
        raise Refused("FILE_NOT_FOUND", path=source)
    if not source.is_file():
        raise Refused("FILE_NOT_REGULAR", path=source)
    size = source.stat().st_size
    data = b""
    if size <= limit:
        with source.open("rb") as stream:
            data = stream.read(limit + 1)  # it may grow while it is read
        size = len(data)
    if size > limit:
        raise Refused("FILE_TOO_LARGE", path=source, size=size, limit=limit)
    return data


def write_file(target: Path, data: bytes, *, force: bool = False) -> None:
    """Write one file; ``NotWritten`` where it exists and ``force`` is not given, or cannot be written."""
    target = _resolved(target)
    with _writing(target) as partial:
        _check(target, force=force, directory=False)
        with partial.open("xb") as stream:
            stream.write(data)
            _flush(stream)
        if force:
            _patiently(lambda: Path(partial).replace(target))
        else:
            _place_new(partial, target)
    _sync(target.parent)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path at which to build a file that takes the place of ``target`` when the block ends well: whole and lasting, in one
    step. The folder is made. ``NotWritten`` where it cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None
    with _writing(target) as partial:
        yield partial
        with partial.open("r+b") as stream:
            _flush(stream)
        _patiently(lambda: Path(partial).replace(target))
    _sync(target.parent)


def writable(target: Path, *, force: bool = False) -> None:
    """Hold that a file may be written there, before work is spent on it; ``NotWritten`` as `write_file` would."""
    try:
        _check(_resolved(target), force=force, directory=False)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None


def write_directory(target: Path, files: Mapping[str, bytes], *, force: bool = False) -> None:
    """Write a directory of the given files, as one step.

    Without ``force`` the target must be absent or empty. With it, files of the old directory that are not rewritten
    stay in the new one.
    """
    target = _resolved(target)
    with _writing(target) as partial:
        _check(target, force=force, directory=True)
        partial.mkdir(mode=0o777)
        for name, data in files.items():
            with (partial / name).open("xb") as stream:
                stream.write(data)
                _flush(stream)
        if not force or not target.is_dir():
            _place_new_directory(partial, target)
        else:
            for kept in target.iterdir():
                if kept.name not in files:
                    if kept.is_dir() and not kept.is_symlink():
                        shutil.copytree(kept, partial / kept.name, symlinks=True)
                    else:
                        shutil.copy2(kept, partial / kept.name, follow_symlinks=False)
            shutil.copymode(target, partial)
            if _exchanged(partial, target):
                return
            aside = _own_name(target, _ASIDE)
            _patiently(lambda: Path(target).rename(aside))
            try:
                Path(partial).rename(target)
            except OSError:
                Path(aside).rename(target)
                raise
            shutil.rmtree(aside, ignore_errors=True)
    _sync(target.parent)


def _resolved(target: Path) -> Path:
    """The target with a name of its own to build beside: ``.`` and ``..`` have none."""
    return target if target.name not in ("", "..") else target.resolve()


def _check(target: Path, *, force: bool, directory: bool) -> None:
    if not target.parent.is_dir():
        raise NotWritten("OUTPUT_NO_DIRECTORY", path=target, parent=target.parent)
    if target.is_symlink() and not target.exists():
        raise NotWritten("OUTPUT_EXISTS", path=target)
    if target.exists():
        if target.is_dir() != directory or not (
            directory or target.is_file()
        ):  # a device or a pipe is no file
            raise NotWritten("OUTPUT_OTHER_KIND", path=target)
        if not force and not (directory and not any(target.iterdir())):
            raise NotWritten("OUTPUT_EXISTS", path=target)


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """A path beside the target to build under; removed whatever happens, and system errors become ``NotWritten``."""
    partial = _own_name(target, f"{_machine()}.{secrets.token_hex(4)}")
    try:
        if target.parent.is_dir():
            sweep(target.parent)
        yield partial
    except FileExistsError:
        raise NotWritten("OUTPUT_EXISTS", path=target) from None
    except PermissionError as error:
        raise NotWritten("OUTPUT_LOCKED", path=target, reason=error) from None
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None
    finally:
        with suppress(OSError):
            if partial.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)


def _patiently(action: Callable[[], object]) -> None:
    """Do what Windows refuses while another program holds the target open, a few times if need be."""
    for wait in _WAITS if _WINDOWS else ():
        try:
            action()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    action()


def _exchanged(partial: Path, target: Path) -> bool:
    """Exchange two directories in one step, where the system can: the target is never away. The old one is ``partial`` then."""
    if sys.platform != "linux":
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here = _AT_WORKING_DIRECTORY
    done = rename is not None and not rename(here, os.fsencode(partial), here, os.fsencode(target), _EXCHANGE)
    if done:
        _sync(target.parent)
    return done


def _place_new(partial: Path, target: Path) -> None:
    """Rename without overwriting: a hard link fails where the name is taken; where links are not to be had, rename."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(target) from None
        Path(partial).rename(target)


def _place_new_directory(partial: Path, target: Path) -> None:
    """Rename to a name that is free or that of an empty directory."""
    if _WINDOWS and target.is_dir():
        target.rmdir()
    try:
        Path(partial).rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(target) from None
        raise


def _own_name(target: Path, token: str) -> Path:
    name = f"{_PREFIX}{os.getpid()}-{token}-{target.name}"
    while len(os.fsencode(name)) > _LONGEST:
        name = name[:-1]
    return target.with_name(name)


def sweep(directory: Path, *, alone: bool = False) -> None:
    """Remove what dead processes of ours left in a directory; an old directory set aside goes back to its place.

    ``alone``: no other process of this machine is at work there, whatever has the number of a dead one now.
    """
    for left in directory.glob(f"{_PREFIX}*-*-*"):
        pid, token, name = left.name[len(_PREFIX) :].split("-", 2)
        machine = token.rpartition(".")[0]
        elsewhere = machine not in {
            "",
            _machine(),
        }  # a process there may be at work, whatever has its number here
        if not pid.isdigit() or ((elsewhere or (not alone and _alive(int(pid)))) and not _old(left)):
            continue
        with suppress(OSError):  # another person's in a shared directory is not ours to remove
            if token == _ASIDE and not (directory / name).exists():
                left.rename(directory / name)
            elif left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


@cache
def _machine() -> str:
    """A short name of this machine, without what parts the names of ours."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def _alive(pid: int) -> bool:
    if _WINDOWS:  # os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _old(left: Path) -> bool:
    """Whether nothing has been changed for so long that nobody can be at work on it."""
    try:
        return time.time() - left.lstat().st_mtime > _ABANDONED
    except OSError:
        return False


@contextmanager
def lasting_together() -> Iterator[None]:
    """What is written in the block lasts over a power cut when the block has ended, and not after each file: one wait for the
    disk instead of hundreds."""
    if not hasattr(os, "sync"):
        yield
        return
    token = _together.set(True)
    try:
        yield
    finally:
        _together.reset(token)
    os.sync()


def _flush(stream: IO[bytes]) -> None:
    """Make what a file holds last over a power cut."""
    stream.flush()
    if not _together.get():
        os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    """Make a rename last over a power cut, where the system lets a directory be opened."""
    if _WINDOWS or _together.get():
        return
    with suppress(OSError):  # what was written is in its place already, and a failure here takes nothing back
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
