"""The pages that people see, in Chinese and in English: giving files, what came of them, and the standard to look up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fatk import __version__, examples
from fatk.errors import Declined, FatkError
from fatk.page import colours
from fatk.spec import edition_ids, load
from fatk.units import UNITS
from fatk.web import answers, explained, parameters, problems, standard, work
from fatk.web.bodies import Intake, Upload, distinct
from fatk.web.parameters import MEDIA_TYPES
from fatk.web.pool import Pool
from fatk.web.results import Kept, Results
from fatk.web.settings import listed
from fatk.web.words import LANGUAGES, Words, preferred

_HERE = Path(__file__).resolve().parent
_HTML = "text/html; charset=utf-8"
#: A browser names the page that a form is sent from to this service alone, which tells it from a form of another site.
_FORMS_OF_OURS = {"Referrer-Policy": "same-origin"}
_STATIC = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
#: The forms that a person is offered, the likeliest first.
_FORMS = tuple(f for f in ("xlsx", "package", "json", "parquet", "docx", "html", "md") if f in work.SUFFIXES)
#: Parameters of what is given to the page.
_CHECK = (parameters.TOGETHER, parameters.EDITION_OF)
_DOWNLOAD = (*parameters.CONVERT[:-1], parameters.FORMAT)


class Pages:
    """The pages, on the pool that does the work and the results that are kept for them."""

    def __init__(self, pool: Pool, intake: Intake, results: Results) -> None:
        self.pool, self.intake, self.results = pool, intake, results
        self._templates: dict[tuple[str, str], bytes] = {}

    def routes(self) -> list[Route]:
        """Every path of the pages."""
        below = "/{language:language}"
        return [
            Route("/", entrance),
            Route("/static/{name}", static),
            Route("/favicon.ico", icon),
            Route("/templates/{edition}.{language:language}.xlsx", self.template),
            Route(f"{below}/", self.home),
            Route(f"{below}/check", self.check, methods=["POST"]),
            Route(f"{below}/example", self.example, methods=["POST"]),
            Route(f"{below}/results/{{key}}", self.result),
            Route(f"{below}/results/{{key}}/forget", self.forget, methods=["POST"]),
            Route(f"{below}/results/{{key}}/{{number:int}}", self.report),
            Route(f"{below}/results/{{key}}/{{number:int}}/download", self.download),
            Route(f"{below}/standard", looked_up),
            Route(f"{below}/standard/codes/{{name}}", code_list),
            Route(f"{below}/standard/{{name}}", of_the_standard),
            Route(f"{below}/templates", blanks),
            Route(f"{below}/api", self.described),
        ]

    async def home(self, request: Request) -> Response:
        """Where files are given."""
        limits = self.pool.limits
        return page(request, "home.html", limits=limits, editions=load().editions, beside=parameters.BESIDE)

    async def check(self, request: Request) -> Response:
        """Files given: see what they are, keep them for a while, and lead to what came of them."""
        language = request.path_params["language"]
        async with self.intake.take(request, parameters.BESIDE) as upload:
            asked = parameters.values(_CHECK, upload.fields)
            if not upload.files:
                raise Declined("UPLOAD_EMPTY")
            return await self._kept(language, upload, asked)

    async def example(self, request: Request) -> Response:
        """The example in place of a file."""
        language = request.path_params["language"]
        async with self.intake.take(request) as asked:
            broken = asked.fields.get("broken") == "true"
        order = {"do": "example", "broken": broken}
        answer = await self.pool.run(order, [(f"{examples.NAME}.json", examples.report())])
        name = f"{examples.NAME}{'-broken' if broken else ''}.xlsx"
        return await self._kept(language, Upload(((name, answer.data),)), parameters.values(_CHECK))

    async def _kept(self, language: str, upload: Upload, asked: Mapping[str, Any]) -> Response:
        order = {"do": "survey", "edition": asked["edition"], "together": asked["together"]}
        if asked["together"]:
            facts = (await self.pool.run(order, upload.files, upload.beside)).facts
            names = ", ".join(name for name, _ in upload.files)
            sources = facts.get("sources") or [{"name": names, "refused": facts["declined"]}]
        else:
            sources = []
            for file in upload.files:  # each by itself: a bad one costs the others nothing
                sources.append(await self._surveyed(order, file, upload.beside))
        key = self.results.keep(
            distinct(list(upload.files)), asked["together"], asked["edition"], sources, upload.beside
        )
        return RedirectResponse(f"/{language}/results/{key}", 303)

    async def _surveyed(
        self,
        order: Mapping[str, Any],
        file: tuple[str, bytes],
        beside: Sequence[tuple[str, tuple[str, bytes]]],
    ) -> Mapping[str, Any]:
        try:
            facts = (await self.pool.run(dict(order), [file], beside)).facts
            if "declined" in facts:  # one of the others is
                return {"name": file[0], "refused": facts["declined"]}
            found: Mapping[str, Any] = facts["sources"][0]
        except FatkError as error:
            if error.code == "SERVICE_BUSY":
                raise
            problem = problems.of(error)
            refused = {"code": problem.code, "message": problem.message, "message_en": problem.message_en}
            return {"name": file[0], "refused": refused}
        return found

    async def result(self, request: Request) -> Response:
        """What came of the files: verdicts, the worst findings, what can be had."""
        kept = self.results.find(request.path_params["key"])
        minutes = max(1, round((kept.until - self.results.clock()) / 60))
        return page(
            request, "result.html", kept=kept, key=request.path_params["key"], minutes=minutes, editions=load().editions,
            units=UNITS, forms=_FORMS,
        )  # fmt: skip

    async def report(self, request: Request) -> Response:
        """The report on one of them as a page of its own."""
        kept, files = self._group(request)
        language = request.path_params["language"]
        order = {
            "do": "validate", "format": "html", "language": language, "edition": kept.edition, "together": kept.together,
            "standard": f"/{language}/standard/",
        }  # fmt: skip
        answer = await self.pool.run(order, files, kept.beside)
        if "declined" in answer.facts:
            return _error(request, problems.told(answer.facts["declined"]))
        head = {"Content-Security-Policy": answers.page_policy(answer.data)}
        return answers.of(request, answer.data, _HTML, head)

    async def download(self, request: Request) -> Response:
        """One of them in another form, or its result."""
        kept, files = self._group(request)
        language = request.path_params["language"]
        asked = parameters.values(_DOWNLOAD, request.query_params)
        if form_of_result := asked["format"]:
            form = form_of_result
            order = {
                "do": "validate",
                "language": language,
                "edition": kept.edition,
                "together": kept.together,
                "format": form,
            }
        else:
            form = asked["to"]
            order = {"do": "convert", **asked}
        answer = await self.pool.run(order, files, kept.beside if form_of_result else ())
        if "declined" in answer.facts:
            return _error(request, problems.told(answer.facts["declined"]))
        return answers.file(request, answer.data, MEDIA_TYPES[form], answer.facts["name"])

    def _group(self, request: Request) -> tuple[Kept, tuple[tuple[str, bytes], ...]]:
        kept = self.results.find(request.path_params["key"])
        return kept, kept.group(request.path_params["number"])

    async def forget(self, request: Request) -> Response:
        """Forget the files at once."""
        self.results.forget(request.path_params["key"])
        return RedirectResponse(f"/{request.path_params['language']}/?forgotten=1", 303)

    async def template(self, request: Request) -> Response:
        """A blank workbook to be filled in; made once for each edition and language."""
        edition, language = request.path_params["edition"], request.path_params["language"]
        if edition not in edition_ids():
            raise Declined("PAGE_NOT_FOUND", path=request.url.path)
        if (edition, language) not in self._templates:
            answer = await self.pool.run({"do": "template", "edition": edition, "language": language})
            self._templates[edition, language] = answer.data
        data = self._templates[edition, language]
        return answers.file(request, data, MEDIA_TYPES["xlsx"], f"{edition}.xlsx", answers.AGAIN)

    async def described(self, request: Request) -> Response:
        """The API for those who write programs, and the limits in force."""
        language = request.path_params["language"]
        return page(
            request, "api.html", limits=listed(self.pool.settings, language), validate=parameters.VALIDATE,
            convert=parameters.CONVERT, beside=parameters.BESIDE, base=str(request.base_url).rstrip("/"),
        )  # fmt: skip


async def entrance(request: Request) -> Response:
    """The way to the pages in the language that the browser prefers."""
    language = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language}/", 302, {"Vary": "Accept-Language"})


async def static(request: Request) -> Response:
    """Style, script and icon."""
    name = request.path_params["name"]
    if name not in _STATIC:
        raise Declined("PAGE_NOT_FOUND", path=request.url.path)
    return answers.of(request, _static(name), _STATIC[name], answers.AGAIN)


async def icon(request: Request) -> Response:
    """The icon, where a browser looks for it unasked."""
    return answers.of(request, _static("icon.svg"), _STATIC["icon.svg"], answers.AGAIN)


@cache
def _static(name: str) -> bytes:
    own = (_HERE / "static" / name).read_bytes()
    return colours().encode() + own if name == "app.css" else own


# The standard


async def looked_up(request: Request) -> Response:
    """The entrance to the standard, and what a search finds in it."""
    wanted = request.query_params.get("q", "").strip()[:100]
    found = standard.search(wanted, request.path_params["language"])
    return page(
        request, "standard.html", wanted=wanted, found=found, most=standard.MOST_FOUND, lists=standard.lists(),
        schemas=standard.schemas(), spec=load(), rules=len(standard.rule_ids()),
    )  # fmt: skip


async def of_the_standard(request: Request) -> Response:
    """A page of the standard; the id of something leads to its place."""
    name, language = request.path_params["name"], request.path_params["language"]
    if name in explained.PAGES:
        return _of_the_standard(request, name, language)
    entry = standard.entries().get(name) or standard.entries().get(name.upper())
    if entry is None:
        raise Declined("PAGE_NOT_FOUND", path=request.url.path)
    return RedirectResponse(f"/{language}/standard/{entry.address}", 303)


async def code_list(request: Request) -> Response:
    """One code list, row by row."""
    name = request.path_params["name"]
    described = next((one for one in standard.lists() if one["name"] == name), None)
    if described is None:
        raise Declined("PAGE_NOT_FOUND", path=request.url.path)
    return page(request, "codes.html", described=described, rows=standard.rows(name))


async def blanks(request: Request) -> Response:
    """The blank workbooks."""
    return page(request, "templates.html", editions=load().editions)


def _of_the_standard(request: Request, name: str, language: str) -> Response:
    return answers.of(request, _rendered_once(name, language, request.url.path), _HTML, answers.AGAIN)


@cache
def _rendered_once(name: str, language: str, path: str) -> bytes:
    shown = explained.PAGES[name]
    return _rendered(shown.template, language, path, **shown.content(language))


# How pages are made


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def page(request: Request, template: str, status: int = 200, **content: object) -> Response:
    """A page in the language of its path."""
    language = request.path_params.get("language") or preferred(request.headers.get("accept-language", ""))
    kept = "/results/" in request.url.path
    head = _FORMS_OF_OURS if kept or status != 200 else {**_FORMS_OF_OURS, **answers.AGAIN}
    data = _rendered(template, language, request.url.path, **content)
    return answers.of(request, data, _HTML, head, status)


def _rendered(template: str, language: str, path: str, **content: object) -> bytes:
    other = next(one for one in LANGUAGES if one != language)
    there = f"/{other}" + path[len(language) + 1 :] if path.startswith(f"/{language}/") else f"/{other}/"
    return (
        _environment()
        .get_template(template)
        .render(
            t=Words(language),
            language=language,
            other=other,
            there=there,
            path=path,
            here=f"/{language}",
            version=__version__,
            spec_version=load().version,
            **content,
        )
        .encode("utf-8")
    )


async def failed(request: Request, error: Exception) -> Response:
    """What could not be done, as a page."""
    assert isinstance(error, FatkError)  # noqa: S101  registered for these
    return _error(request, problems.of(error))


def _error(request: Request, problem: problems.Problem) -> Response:
    if "language" not in request.path_params:
        first = URL(scope=request.scope).path.partition("/")[2].partition("/")[0]
        if first in LANGUAGES:
            request.path_params["language"] = first
    response = page(request, "error.html", problem.status, problem=problem)
    response.headers.update(problem.headers)
    return response
