"""The HTTP API, version 1: stateless, for portals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fatk import __version__, render, resources
from fatk.errors import Declined, FatkError
from fatk.spec import load
from fatk.web import answers, parameters, problems, standard, work
from fatk.web.bodies import Intake
from fatk.web.parameters import MEDIA_TYPES
from fatk.web.pool import Pool

PREFIX = "/api/v1"


class Api:
    """The operations, on the pool that does the work."""

    def __init__(self, pool: Pool, intake: Intake) -> None:
        self.pool, self.intake = pool, intake

    def routes(self) -> list[Route]:
        """Every path of the API."""
        from fatk.web import openapi

        async def described(request: Request) -> Response:
            return _json(request, openapi.document(self.pool.settings))

        return [
            Route(f"{PREFIX}/convert", self.convert, methods=["POST"]),
            Route(f"{PREFIX}/validate", self.validate, methods=["POST"]),
            Route(f"{PREFIX}/rules", rules),
            Route(f"{PREFIX}/rules/{{id}}", rule),
            Route(f"{PREFIX}/schemas", schemas),
            Route(f"{PREFIX}/schemas/{{name}}", schema),
            Route(f"{PREFIX}/openapi.json", described),
        ]

    async def convert(self, request: Request) -> Response:
        """The files, which are one report, in another form."""
        async with self.intake.take(request) as upload:
            asked = parameters.values(parameters.CONVERT, request.query_params, upload.fields)
            if not upload.files:
                raise Declined("UPLOAD_EMPTY")
            answer = await self.pool.run({"do": "convert", **asked}, upload.files)
        if "declined" in answer.facts:
            return problems.response(problems.told(answer.facts["declined"]))
        return answers.file(
            request,
            answer.data,
            MEDIA_TYPES[asked["to"]],
            answer.facts["name"],
            answers.verdict_headers(answer.facts),
        )

    async def validate(self, request: Request) -> Response:
        """What checking the files finds; of several, each by itself."""
        async with self.intake.take(request, parameters.BESIDE) as upload:
            asked = parameters.values(parameters.VALIDATE, request.query_params, upload.fields)
            if not upload.files:
                raise Declined("UPLOAD_EMPTY")
            form = asked["format"] or _accepted(request.headers.get("accept", ""))
            order = {"do": "validate", "language": asked["lang"], **asked, "format": form}
            answer = await self.pool.run(order, upload.files, upload.beside)
        if "declined" in answer.facts:
            return problems.response(problems.told(answer.facts["declined"]))
        head = answers.verdict_headers(answer.facts)
        if form == "html":
            head["Content-Security-Policy"] = answers.page_policy(answer.data)
            return answers.of(request, answer.data, MEDIA_TYPES[form], head)
        if form == "xlsx":
            return answers.file(request, answer.data, MEDIA_TYPES[form], answer.facts["name"], head)
        several = form == "json" and len(answer.facts["verdicts"]) > 1
        return answers.of(request, answer.data, parameters.LINES if several else MEDIA_TYPES[form], head)


#: Other names of media types, and the forms that come first where a reader likes several as much.
_ALSO = {parameters.LINES: "json", "text/xml": "junit"}
_PREFERRED = ("json", "csv", *(form for form in work.RESULTS if form not in ("json", "csv")))


def _accepted(accept: str) -> str:
    """The form of a result that a reader likes best; ``Declined`` where it likes none.

    Of a form it is told by the range that names it most closely, which may rule it out (``q=0``).
    """
    if not accept.strip():
        return "json"
    ranges: dict[str, tuple[float, int]] = {}
    for number, part in enumerate(accept.lower().split(",")[:50]):
        media, *options = (piece.strip() for piece in part.split(";"))
        quality = next((_quality(o[2:]) for o in options if o.startswith("q=")), 1.0)
        ranges.setdefault(media, (quality, number))
    liked: list[tuple[float, int, int, int, str]] = []
    for rank, form in enumerate(_PREFERRED):
        own = MEDIA_TYPES[form].partition(";")[0]
        names = [
            own,
            *(also for also, of in _ALSO.items() if of == form),
            own.partition("/")[0] + "/*",
            "*/*",
        ]
        closest = next((name for name in names if name in ranges), None)
        if closest is not None and ranges[closest][0] > 0:
            quality, number = ranges[closest]
            liked.append((-quality, closest.count("*"), number, rank, form))
    if not liked:
        raise Declined("NOT_ACCEPTABLE", known=tuple(MEDIA_TYPES[f].partition(";")[0] for f in work.RESULTS))
    return min(liked)[-1]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


async def rules(request: Request) -> Response:
    """Every rule, and every kind of finding that a reader raises."""
    return answers.of(request, _rules(), MEDIA_TYPES["json"], answers.AGAIN)


@cache
def _rules() -> bytes:
    documents: Sequence[dict[str, Any]] = [standard.rule_document(one) for one in standard.rule_ids()]
    return _encoded({**_versions(), "rules_digest": render.rules_digest(), "rules": documents})


async def rule(request: Request) -> Response:
    """One of them, by its id."""
    wanted = request.path_params["id"].upper()
    if wanted not in standard.rule_ids():
        raise Declined("ID_UNKNOWN", id=wanted, near="IES-01, INC-01, READ-01")
    return _json(request, standard.rule_document(wanted))


async def schemas(request: Request) -> Response:
    """The schemas and declarations of the standard by name, with the address of each."""
    listed = [{"name": name, "url": f"{PREFIX}/schemas/{name}"} for name in standard.schemas()]
    return _json(request, {**_versions(), "schemas": listed})


async def schema(request: Request) -> Response:
    """One of them as it stands in ``schemas/``."""
    place = standard.schemas().get(request.path_params["name"])
    if place is None:
        raise Declined("PAGE_NOT_FOUND", path=request.url.path)
    media = "application/schema+json" if place[-1].endswith(".schema.json") else MEDIA_TYPES["json"]
    return answers.of(request, resources.read_text(*place).encode("utf-8"), media, answers.AGAIN)


def _versions() -> dict[str, str]:
    return {"version": __version__, "spec_version": load().version}


def _encoded(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _json(request: Request, document: Any) -> Response:
    return answers.of(request, _encoded(document), MEDIA_TYPES["json"], answers.AGAIN)


async def failed(request: Request, error: Exception) -> Response:
    """What could not be done, as problem details."""
    assert isinstance(error, FatkError)  # noqa: S101  registered for these
    return problems.response(problems.of(error))
