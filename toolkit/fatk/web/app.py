"""The application: API and pages on one pool of jobs, behind one guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from fatk.errors import Declined, FatkError
from fatk.web import api, guard, pages
from fatk.web.bodies import Intake
from fatk.web.pool import Pool
from fatk.web.results import Results
from fatk.web.settings import Settings

#: What is to be forgotten is forgotten this soon after its time, even if nobody asks for anything.
_SWEEP_SECONDS = 5


class _Language(Convertor[str]):
    regex = "zh|en"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("language", _Language())


def application(settings: Settings | None = None) -> ASGIApp:
    """The service as an ASGI application; ``state`` of its Starlette has the pool, the intake and the results."""
    settings = settings or Settings()
    pool, results = Pool(settings), Results(settings.limits)
    intake = Intake(settings.limits)

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        await pool.start()
        sweeping = asyncio.create_task(_sweep(results))
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await pool.stop()

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "running": pool.running, "waiting": pool.waiting})

    routes = [
        *api.Api(pool, intake).routes(),
        *pages.Pages(pool, intake, results).routes(),
        Route("/health", health),
    ]
    app = Starlette(
        routes=routes,
        lifespan=living,
        exception_handlers={
            FatkError: _failed,
            HTTPException: _unknown,
            Exception: _fault,
            ClientDisconnect: _gone,
        },
    )
    app.state.pool, app.state.intake, app.state.results = pool, intake, results
    inner: ASGIApp = app
    if settings.origins:
        inner = CORSMiddleware(
            app,
            allow_origins=sorted(settings.origins),
            allow_methods=["GET", "POST"],
            expose_headers=["Fatk-Verdict", "ETag"],
        )
    return guard.Guard(inner, settings, _failed)


async def _sweep(results: Results) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        results.sweep()


async def _failed(request: Request, error: Exception) -> Response:
    to_a_program = request.url.path.startswith("/api/")
    return await (api.failed if to_a_program else pages.failed)(request, error)


async def _unknown(request: Request, error: Exception) -> Response:
    """A path or a method that there is not."""
    assert isinstance(error, HTTPException)  # noqa: S101  registered for these
    if error.status_code == 405:
        response = await _failed(request, Declined("METHOD_NOT_ALLOWED", method=request.method))
        response.headers.update(error.headers or {})
        return response
    return await _failed(request, Declined("PAGE_NOT_FOUND", path=request.url.path))


async def _fault(request: Request, error: Exception) -> Response:
    return await _failed(request, guard.fault_of(error))


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)
