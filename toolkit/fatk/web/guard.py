"""What stands around every request: whom the service answers, how often, in which frame, and what it says of a fault."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import PurePath
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fatk.errors import Declined, FatkError
from fatk.values import visible
from fatk.web import bodies
from fatk.web.pool import Fault
from fatk.web.settings import Settings

logger = logging.getLogger("fatk.web")

#: Nothing but what the service itself serves, and nothing written into a page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: In the head of every answer.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: After an answer that came before the end of the upload, so much more of it is let run out, and for so long.
_LINGER_BYTES, _LINGER_SECONDS = 64 << 20, 2.0
_MOST_CLIENTS = 10_000
#: The key to a result does not get into a log.
_KEY = re.compile(r"(/results/)[^/]+")


#: What answers a request that was not done, as a page or as problem details.
Telling = Callable[[Request, Exception], Awaitable[Response]]


class Rate:
    """How many uploads each address has sent of late: a bucket that fills evenly."""

    def __init__(self, a_minute: int) -> None:
        self.most, self._buckets = float(a_minute), OrderedDict[str, tuple[float, float]]()

    def wait(self, client: str, now: float) -> int:
        """Count one; 0, or after how many seconds it would be let through."""
        left, then = self._buckets.pop(client, (self.most, now))
        left = min(self.most, left + (now - then) * self.most / 60)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, round((1 - left) * 60 / self.most + 0.5))


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, settings: Settings, told: Telling) -> None:
        self.app, self.settings, self.told = app, settings, told
        self.rate = Rate(settings.limits.requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP (the start and the end of the application) passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get(bodies.UNREAD):
                    headers["Connection"] = "close"
            elif message["type"] == "http.response.body":
                if scope["method"] == "HEAD":
                    message["body"] = b""
                if scope.get(bodies.UNREAD) and not message.get("more_body"):
                    await send({**message, "more_body": True})
                    await _run_out(scope, receive)
                    message = {"type": "http.response.body", "body": b""}
            await send(message)

        try:
            self._admit(scope, began)
            await self.app(scope, receive, sent)
        except ClientDisconnect:
            status = 499
        except FatkError as error:
            await (await self.told(Request(scope), error))(scope, receive, sent)
        except Exception as fault:  # noqa: BLE001  told by a number: what went wrong is for who runs the service
            if status:  # answered as far as it could be, and told in the log
                return
            await (await self.told(Request(scope), fault_of(fault)))(scope, receive, sent)
        finally:
            path = visible(_KEY.sub(r"\1…", scope["path"]), 200)
            logger.info("%s %s %s %.0f ms", scope["method"], path, status, (time.monotonic() - began) * 1000)

    def _admit(self, scope: Scope, now: float) -> None:
        """``Declined`` where the host is another's, a page of another site sends, or one address asks too often."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if "*" not in self.settings.hosts and name not in _LOCAL | self.settings.hosts:
            raise Declined("HOST_UNKNOWN", host=name)
        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin and origin not in self.settings.origins and origin.partition("://")[2] != host:
            raise Declined("OTHER_SITE", origin=origin)
        client = (scope.get("client") or ("",))[0]
        if seconds := self.rate.wait(client, now):
            raise Declined("TOO_MANY_REQUESTS", seconds=seconds)


async def _run_out(scope: MutableMapping[str, Any], receive: Receive) -> None:
    """Let what the client is still sending run out for a while, so that it comes to read the answer."""
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
    finally:
        scope[bodies.UNREAD] = False


def fault_of(fault: Exception) -> Declined:
    """A fault of ours under a number, by which it is found in the log; no text of a file gets there."""
    number = secrets.token_hex(6)
    if isinstance(fault, Fault):
        where = fault.where
    else:
        frames = traceback.extract_tb(fault.__traceback__)[-4:]
        where = (
            type(fault).__name__
            + " at "
            + " < ".join(f"{PurePath(f.filename).name}:{f.lineno}" for f in reversed(frames))
        )
    logger.error("fault %s: %s", number, where)
    return Declined("SERVICE_FAULT", id=number)
