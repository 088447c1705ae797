"""What a request sends: taken up to its limits while it arrives, in memory, whatever its head promises."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from fatk.errors import Declined
from fatk.values import visible
from fatk.web.parameters import Part
from fatk.web.settings import ServiceLimits
from fatk.web.work import File

#: What stands between the parts of an upload may come on top of the files.
_AROUND = 16 << 10
#: Longest value of a field, and longest name of a file.
_FIELD, _NAME = 1 << 10, 120
#: The part of a form that holds a report.
FILE = "file"
#: Not yet taken of a body: whoever answers lets it run out.
UNREAD = "fatk.unread"


@dataclass(frozen=True, slots=True)
class Upload:
    """Files with their names, all different, and the other fields by name. ``beside`` are the files that those are checked
    beside, each with the name of its part."""

    files: tuple[File, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[tuple[str, File], ...] = ()


class Intake:
    """Takes uploads, all of them together within a bound of memory."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.limits, self.held = limits, 0

    @asynccontextmanager
    async def take(self, request: Request, parts: Iterable[Part] = ()) -> AsyncIterator[Upload]:
        """The upload of a request, counted as held until it has been dealt with.

        A multipart form, or a file as the body with its name as the parameter ``name``. ``parts`` are files that a form may
        hold beside those that it is about. ``Declined`` where it is too large, too slow, of too many or unknown parts, or none.
        """
        body = _Body(self, request)
        try:
            yield await self._received(request, body, {part.name: part for part in parts})
        finally:
            self.held -= body.size

    async def _received(self, request: Request, body: _Body, parts: Mapping[str, Part]) -> Upload:
        limits = self.limits
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Declined("UPLOAD_ENCODED")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            data = b"".join([part async for part in body.parts()])
            if not data:
                raise Declined("UPLOAD_EMPTY")
            return Upload(((safe_name(request.query_params.get("name", "")), data),))
        parser = MultiPartParser(
            request.headers, body.parts(), max_files=limits.upload_files, max_fields=limits.upload_fields,
            max_part_size=_FIELD,
        )  # fmt: skip
        parser.spool_max_size = limits.upload_size + _AROUND + 1  # in memory: never on a disk
        try:
            form = await parser.parse()
        except MultiPartException as wrong:
            if wrong.message.startswith("Too many"):
                raise Declined(
                    "UPLOAD_TOO_MANY", files=limits.upload_files, fields=limits.upload_fields
                ) from None
            raise Declined("UPLOAD_MALFORMED") from None
        try:
            found = [
                (part, (one.filename or "", await one.read()))
                for part, one in form.multi_items()
                if isinstance(one, UploadFile)
            ]
            fields = {name: one for name, one in form.multi_items() if isinstance(one, str)}
        finally:
            await form.close()
        # A form sent without a choice of file has a part without name and content.
        return _sorted([(part, file) for part, file in found if any(file)], fields, parts)


def _sorted(found: list[tuple[str, File]], fields: Mapping[str, str], parts: Mapping[str, Part]) -> Upload:
    """The files of a form by what they are given as: the reports themselves, and what they are checked beside."""
    known = (FILE, *parts)
    given = Counter(part for part, _ in found)
    for part in given:
        if part not in known:
            raise Declined("UPLOAD_PART_UNKNOWN", name=part, known=tuple(known))
        if part != FILE and given[part] > 1 and not parts[part].several:
            raise Declined("UPLOAD_PART_TWICE", name=part)
    for name in fields:
        if name in known:
            raise Declined("UPLOAD_PART_TEXT", name=name)
    named = zip((part for part, _ in found), distinct([file for _, file in found]), strict=True)
    sorted_ = list(named)
    return Upload(
        tuple(file for part, file in sorted_ if part == FILE), fields, tuple(one for one in sorted_ if one[0] != FILE)
    )  # fmt: skip


class _Body:
    """The body of a request on its way in."""

    def __init__(self, intake: Intake, request: Request) -> None:
        self.intake, self.request, self.size = intake, request, 0

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """The body piece by piece."""
        limits, scope = self.intake.limits, self.request.scope
        most = limits.upload_size + _AROUND
        scope[UNREAD] = True
        declared = self.request.headers.get("content-length", "")
        if declared.isascii() and declared.isdecimal() and int(declared) > most:
            raise Declined("UPLOAD_TOO_LARGE", limit=limits.upload_size)
        end = asyncio.get_running_loop().time() + limits.upload_seconds
        while scope[UNREAD]:
            left = end - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(min(left, limits.silent_seconds)):
                    message = await self.request.receive()
            except TimeoutError:
                raise Declined("UPLOAD_SLOW", seconds=limits.upload_seconds) from None
            if message["type"] == "http.disconnect":
                scope[UNREAD] = False
                raise ClientDisconnect
            piece = message.get("body", b"")
            scope[UNREAD] = message.get("more_body", False)
            self.size += len(piece)
            self.intake.held += len(piece)
            if self.size > most:
                raise Declined("UPLOAD_TOO_LARGE", limit=limits.upload_size)
            if self.intake.held > limits.uploads_held:
                raise Declined("SERVICE_BUSY", seconds=limits.silent_seconds)
            yield piece


def safe_name(name: str) -> str:
    """The name of a file as it is shown and answered with: no folders, nothing that cannot be seen, not too long."""
    last = visible(PurePosixPath(name.replace("\\", "/")).name, 4 * _NAME).strip()
    last = re.sub(r'[<>:"|?*/\\\x00-\x1f]', "_", last)
    stem, dot, suffix = last.rpartition(".")
    if len(last) > _NAME:
        last = (stem[: _NAME - 20] + "…" + dot + suffix[:10]) if dot else last[:_NAME]
    return last if last.strip(". ") else "report"


def distinct(files: list[File]) -> tuple[File, ...]:
    """The files under names that are safe, and all different."""
    found: dict[str, bytes] = {}
    for given, data in files:
        name, number = safe_name(given), 1
        stem, dot, suffix = name.rpartition(".")
        while name in found:
            number += 1
            name = f"{stem or suffix} ({number}){dot}{suffix if dot and stem else ''}"
        found[name] = data
    return tuple(found.items())
