"""The description of the API is one by the official schema, and each answer that it declares is what the service gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from starlette.testclient import TestClient

from conftest import ROOT
from fatk.web import openapi, parameters
from fatk.web.app import application
from fatk.web.settings import ServiceLimits, Settings

REPORT = (ROOT / "datapackages/wuerhe-2022/report.json").read_bytes()
OFFICIAL = json.loads((Path(__file__).parent / "data/openapi-3.1.schema.json").read_bytes())
LIMITS = ServiceLimits(requests=100_000)
DOCUMENT = json.loads(json.dumps(openapi.document(Settings(limits=LIMITS))))
#: A path for each operation that has a variable in it.
NAMES = {"getRule": "INC-01", "getSchema": "findings.schema.json"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


DECLARED = [
    (path, method, status) for path, method, operation in operations() for status in operation["responses"]
]


def test_the_description_is_one_by_the_official_schema() -> None:
    validator = jsonschema.Draft202012Validator(OFFICIAL)
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []
    for place, wrong in (
        ("info", {"title": "fatk"}),
        ("paths", {"validate": {}}),
        ("openapi", "3.0.0"),
        ("components", {"responses": {"a": {}}}),
    ):
        assert list(validator.iter_errors({**DOCUMENT, place: wrong})), place


def test_every_schema_of_the_description_is_one() -> None:
    found = [*_schemas(DOCUMENT["paths"]), *DOCUMENT["components"]["schemas"].values()]
    for schema in found:
        jsonschema.Draft202012Validator.check_schema(schema)
    assert len(found) >= 30


def _schemas(document: Any) -> Iterator[Any]:
    """The schemas of parameters and of contents."""
    if isinstance(document, dict):
        if "schema" in document:
            yield document["schema"]
        for value in document.values():
            yield from _schemas(value)
    elif isinstance(document, list):
        for value in document:
            yield from _schemas(value)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(application(Settings(limits=LIMITS)), "http://localhost") as found:
        yield found


FILE = {"files": {"file": ("r.json", REPORT)}}
#: What brings each answer about, by status, where the request alone does.
REQUESTS: dict[str, dict[str, Any]] = {
    "200": FILE,
    "400": {"files": {"file": ("r.json", REPORT)}, "params": {"unheard-of": "1"}},
    "403": {**FILE, "headers": {"origin": "https://elsewhere.example"}},
    "406": {**FILE, "headers": {"accept": "image/png"}},
    "413": {"content": b"x", "headers": {"content-length": str(1 << 40)}},
    "415": {"content": b"x", "headers": {"content-encoding": "gzip"}},
    "421": {**FILE, "headers": {"host": "elsewhere.example"}},
    "422": {"files": {"file": ("r.xlsx", b"PK\x03\x04")}},
}


def limited(address: str) -> Any:
    """An answer to an address that has sent too much of late."""
    client = TestClient(application(Settings(limits=replace(LIMITS, requests=1))), "http://localhost")
    client.post(address)
    return client.post(address, **FILE)


def stalled(address: str) -> Any:
    """An answer to an upload that stops in the middle."""
    scope = {
        "type": "http", "method": "POST", "path": address, "query_string": b"", "client": ("127.0.0.1", 1), "scheme": "http",
        "server": ("localhost", 80), "root_path": "", "http_version": "1.1", "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    said: dict[str, Any] = {"content": b""}

    async def pieces() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": b"x", "more_body": True}
        await asyncio.sleep(9)

    async def run() -> None:
        stream = pieces()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                said["status_code"] = message["status"]
                said["headers"] = {k.decode().lower(): v.decode() for k, v in message["headers"]}
            else:
                said["content"] += message.get("body", b"")

        app = application(Settings(limits=replace(LIMITS, silent_seconds=1)))
        await app(scope, lambda: anext(stream), send)

    asyncio.run(run())
    return SimpleNamespace(**said, json=lambda: json.loads(said["content"]))


def crowded(client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An answer while as much is at work as the service takes on."""
    monkeypatch.setattr(client.app.app.state.intake, "held", LIMITS.uploads_held)  # type: ignore[attr-defined]
    return client.post(address, **FILE)


def faulty(client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An answer where the fault is ours."""

    async def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(client.app.app.state.pool, "run", broken)  # type: ignore[attr-defined]
    return client.post(address, **FILE)


def answer(client: TestClient, path: str, method: str, status: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the service says where this status is due."""
    operation = DOCUMENT["paths"][path][method]
    name = "none" if status == "404" else NAMES.get(operation["operationId"], "")
    address = path.replace("{id}", name).replace("{name}", name)
    if method == "get":
        headers = {"host": "elsewhere.example"} if status == "421" else {}
        if status == "304":
            headers = {"if-none-match": client.get(address).headers["etag"]}
        return client.get(address, headers=headers)
    special: dict[str, Callable[[], Any]] = {
        "408": partial(stalled, address),
        "429": partial(limited, address),
        "500": partial(faulty, client, address, monkeypatch),
        "503": partial(crowded, client, address, monkeypatch),
    }
    return special[status]() if status in special else client.post(address, **REQUESTS[status])


@pytest.mark.parametrize(("path", "method", "status"), DECLARED, ids=[" ".join(one) for one in DECLARED])
def test_every_answer_that_is_declared_is_what_the_service_gives(
    client: TestClient, path: str, method: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answer(client, path, method, status, monkeypatch)
    assert str(found.status_code) == status, found.content[:300]
    declared = DOCUMENT["paths"][path][method]["responses"][status]
    if "$ref" in declared:
        declared = DOCUMENT["components"]["responses"][declared["$ref"].rpartition("/")[2]]
    for name, header in declared.get("headers", {}).items():
        shape = DOCUMENT["components"]["headers"][header["$ref"].rpartition("/")[2]]["schema"]
        value = found.headers[name.lower()]
        held(int(value) if shape["type"] == "integer" else value, shape, client)
    content = declared.get("content")
    if content is None:
        assert found.content == b""
        return
    media = found.headers["content-type"].partition(";")[0]
    assert media in content
    if media.endswith("json") and "schema" in content[media]:
        held(found.json(), content[media]["schema"], client)


def held(value: Any, schema: dict[str, Any], client: TestClient) -> None:
    """Hold that a value is of a schema of the description, which may refer to those that the service hands out."""

    def retrieve(address: str) -> Resource[Any]:
        return Resource.from_contents(client.get(address).json())

    whole = {"components": DOCUMENT["components"], **schema}
    jsonschema.Draft202012Validator(whole, registry=Registry(retrieve=retrieve)).validate(value)


FORMS = [("/api/v1/validate", "format", form) for form in parameters.FORMAT.forms]
FORMS += [("/api/v1/convert", "to", form) for form in parameters.TO.forms]


@pytest.mark.parametrize(("path", "name", "form"), FORMS)
def test_every_form_has_its_media_type_among_those_declared(
    client: TestClient, path: str, name: str, form: str
) -> None:
    workbook = (ROOT / "datapackages/wuerhe-2022/report.xlsx").read_bytes()
    found = client.post(path, params={name: form}, files={"file": ("r.xlsx", workbook)})
    assert found.status_code == 200
    content = DOCUMENT["paths"][path]["post"]["responses"]["200"]["content"]
    assert found.headers["content-type"].partition(";")[0] in content


def test_no_answer_is_given_that_is_not_declared(client: TestClient) -> None:
    """Requests that the description does not speak of: odd forms, heads and bodies."""
    odd: list[dict[str, Any]] = [
        {"content": b"", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"content": b"\xff" * 99, "headers": {"content-type": "application/json"}},
        {"files": {"previous": ("r.json", REPORT)}},
        {"files": {"file": ("", b"")}},
        {"files": [("file", ("a", b""))] * 30},
        {**FILE, "data": {"lang": "fr"}},
        {**FILE, "params": {"edition": "none"}},
        {**FILE, "headers": {"accept": "text/html;q=0"}},
        {**FILE, "headers": {"host": ""}},
    ]
    for path in ("/api/v1/validate", "/api/v1/convert"):
        declared = DOCUMENT["paths"][path]["post"]["responses"]
        for request in odd:
            found = client.post(path, **request)
            assert str(found.status_code) in declared, (path, found.status_code, found.text[:200])
