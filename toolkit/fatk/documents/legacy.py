"""Documents of Word 97 to 2003 and of WPS (.doc, .wps), which LibreOffice makes .docx of, where it is installed.

LibreOffice is a parser of others, of a format that was attacked for decades. It runs in a process group of its own, which is
ended as a whole when its time is over, with a profile of its own in which no macro may run and no link is updated; its files
lie in a directory that goes away with it. What it makes is read like any other .docx, and is as little to be trusted.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fatk import ole
from fatk.archive import Archive
from fatk.document import Document
from fatk.documents import word
from fatk.errors import Refused
from fatk.limits import Limits

_PROGRAMS = ("soffice", "libreoffice")
#: Where installers put it that does not put it on the path.
_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "C:/Program Files/LibreOffice/program/soffice.com",
    "C:/Program Files (x86)/LibreOffice/program/soffice.com",
)
#: In the header of a document's main stream: what it is, and whether it is encrypted ([MS-DOC] 2.5.2).
_FLAGS_AT, _ENCRYPTED = 10, 0x0100
#: What the profile says before LibreOffice first starts: no macros, no links, nothing fetched.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
#: Nothing of the caller's environment but what finding programs, libraries and fonts takes.
_ENVIRONMENT = (
    "PATH",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "XDG_DATA_DIRS",
    "PROGRAMFILES",
    "APPDATA",
)
#: An address at which nobody listens: whoever asks for a page is told so at once.
_NO_PROXY = "http://127.0.0.1:9"


def held(data: bytes) -> ole.CompoundFile | None:
    """The compound file, if it holds a document of Word; ``None`` if it holds something else. ``Refused`` where it is
    encrypted, and where a .docx or .xlsx with a password is in it: which of them, nobody can tell."""
    found = ole.open_compound(data)
    if found.find("EncryptedPackage", "EncryptionInfo", "\x09DRMContent"):
        raise Refused("ENCRYPTED_WORKBOOK")
    main = found.find("WordDocument")
    if main is None:
        return None
    head = found.read(main)[: _FLAGS_AT + 2]
    if int.from_bytes(head[_FLAGS_AT:], "little") & _ENCRYPTED:
        raise Refused("ENCRYPTED_DOCUMENT")
    return found


def program() -> str | None:
    """LibreOffice's command, if it is installed."""
    for name in _PROGRAMS:
        if path := shutil.which(name):
            return path
    return next((place for place in _PLACES if Path(place).is_file()), None)


def read(data: bytes, opened: Archive | None, limits: Limits, name: str) -> Document:
    """The document in the bytes of a .doc; ``Refused`` where it is none, and where LibreOffice is not installed or fails."""
    if held(data) is None:
        raise Refused("OLE_UNKNOWN")
    command = program()
    if command is None:
        raise Refused("OLD_WORD")
    with tempfile.TemporaryDirectory(prefix="fatk-", ignore_cleanup_errors=True) as folder:
        made = _converted(command, data, Path(folder), limits)
    document = word.read(made, None, limits, name)
    return replace(document, notices=(("CONVERTED", "LibreOffice"), *document.notices))


def _converted(command: str, data: bytes, folder: Path, limits: Limits) -> bytes:
    """The bytes of the .docx that LibreOffice makes."""
    source, profile, target = folder / "in" / "document.doc", folder / "profile", folder / "out"
    source.parent.mkdir()
    target.mkdir()
    source.write_bytes(data)
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS, encoding="utf-8")
    line = [command, "--headless", "--norestore", "--nolockcheck", "--nodefault", f"-env:UserInstallation={profile.as_uri()}",
            "--infilter=MS Word 97", "--convert-to", "docx:MS Word 2007 XML", "--outdir", str(target), str(source)]  # fmt: skip
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    environment |= dict.fromkeys(
        ("http_proxy", "https_proxy", "ftp_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NO_PROXY
    )
    try:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder,
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
    except OSError as error:
        raise Refused("OLD_WORD_FAILED", reason=error) from None
    _bound(process.pid, limits)
    try:
        status = process.wait(limits.reader_seconds)
    except subprocess.TimeoutExpired:
        raise Refused("READER_TIMEOUT", limit=limits.reader_seconds) from None
    finally:
        _end(process)
    made = target / "document.docx"
    if status or not made.is_file():
        raise Refused("OLD_WORD_FAILED", reason=status)
    with made.open("rb") as stream:
        return stream.read(limits.file_size + 1)


def _bound(process: int, limits: Limits) -> None:
    """Bound the memory of a process and of all that it starts, where the system can; LibreOffice itself takes much of it."""
    with suppress(ImportError, AttributeError, OSError):
        import resource

        most = 4 * limits.reader_memory
        resource.prlimit(process, resource.RLIMIT_AS, (most, most))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    with suppress(OSError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
