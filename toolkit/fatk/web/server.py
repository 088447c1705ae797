"""The service at an address, by uvicorn: bounded connections, and none that holds its peace."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from fatk.web import app
from fatk.web.settings import Settings


def _protocol(seconds: int) -> type[H11Protocol]:
    """HTTP on a connection that is closed where the head of a request has not come whole after so many seconds."""

    class Patient(H11Protocol):
        _expiry: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._expiry is not None:
                self._expiry.cancel()

        @property
        def _waiting(self) -> bool:
            """Whether no request is being answered: its body has bounds of its own."""
            cycle: RequestResponseCycle | None = (
                self.cycle
            )  # none before the first request, whatever its type says
            return cycle is None or cycle.response_complete

        def _watch(self) -> None:
            if not self._waiting and self._expiry is not None:
                self._expiry.cancel()
                self._expiry = None
            elif self._waiting and self._expiry is None:
                self._expiry = self.loop.call_later(seconds, self._expire)

        def _expire(self) -> None:
            self._expiry = None
            if self._waiting and not self.transport.is_closing():
                self.transport.close()

    return Patient


def server(settings: Settings, host: str, port: int, **options: Any) -> uvicorn.Server:
    """The server, to be run."""
    limits = settings.limits
    config = uvicorn.Config(
        app.application(settings), host=host, port=port, http=_protocol(limits.silent_seconds), ws="none", loop="asyncio",
        limit_concurrency=limits.connections, timeout_keep_alive=limits.silent_seconds, backlog=limits.connections,
        proxy_headers=settings.proxied, server_header=False, access_log=False, log_config=None,
        timeout_graceful_shutdown=limits.job_seconds, h11_max_incomplete_event_size=64 << 10, **options,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Server(config)
