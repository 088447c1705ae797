"""The API as an OpenAPI 3.1 document, from the same declarations that it works by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from fatk import __version__
from fatk.web import parameters, problems, work
from fatk.web.parameters import MEDIA_TYPES, Parameter, Part
from fatk.web.settings import Settings

_PREFIX = "/api/v1"
_FINDINGS = {"$ref": f"{_PREFIX}/schemas/findings.schema.json"}
#: What may come instead of an answer, by status.
_PROBLEMS = {
    "400": "A parameter or the upload itself makes no sense.",
    "403": "A page of another site sent it.",
    "404": "There is no such thing.",
    "406": "None of the media types accepted can be had.",
    "408": "The upload was too slow.",
    "413": "The upload is too large, or of too many parts; told while it arrives.",
    "415": "The file is of a kind that is not read.",
    "421": "The service does not answer to this name (Host).",
    "422": "The file is refused, or the report would lose something; the code says why, the message what to do.",
    "429": "Too many uploads from one address.",
    "500": "A fault of fatk, under a number.",
    "503": "Too much to do at the moment.",
}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_LATER = ("429", "503")


def document(settings: Settings) -> dict[str, Any]:
    """The description of the service as it is configured."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fatk",
            "version": __version__,
            "summary": "部门决算的转换与校验 · conversion and validation of departmental final accounts",
            "description": "Files are read in memory, in a process of their own, and are gone when it is answered: nothing is "
            f"stored. An upload has at most {settings.limits.upload_size} bytes and {settings.limits.upload_files} files.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            f"{_PREFIX}/convert": {"post": _convert()},
            f"{_PREFIX}/validate": {"post": _validate()},
            f"{_PREFIX}/rules": {"get": _get("listRules", "Every rule and every kind of finding", "RuleList")},
            f"{_PREFIX}/rules/{{id}}": {"get": _get("getRule", "A rule or kind of finding by its id", "Rule", _path("id", "INC-01"))},
            f"{_PREFIX}/schemas": {"get": _get("listSchemas", "The schemas of the standard", "SchemaList")},
            f"{_PREFIX}/schemas/{{name}}": {"get": _schema()},
            f"{_PREFIX}/openapi.json": {"get": _get("getDescription", "This document", None)},
        },
        "components": {"schemas": _schemas(), "responses": {f"Problem{s}": _problem(s) for s in _PROBLEMS}, "headers": _headers()},
    }  # fmt: skip


def _post(
    operation: str,
    summary: str,
    asked: Iterable[Parameter],
    beside: Iterable[Part],
    answer: dict[str, Any],
    kind: str,
) -> dict[str, Any]:
    found = list(asked)
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [_query(parameter) for parameter in found],
        "requestBody": {
            "required": True,
            "description": "A form with the files, or one file as the body. Parameters may be fields of the form too.",
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "array", "items": _FILE},
                            **{part.name: _part(part) for part in beside},
                            **{p.name: _shape(p) for p in found if p.name != "name"},
                        },
                    }
                },
                "application/octet-stream": {"schema": {"description": kind}},
            },
        },
        "responses": {"200": answer, **_refs("400", "403", "408", "413", "415", "421", "422", "429", "500", "503")},
    }  # fmt: skip


def _part(part: Part) -> dict[str, Any]:
    shape = {"type": "array", "items": _FILE} if part.several else dict(_FILE)
    return {**shape, "description": part.meaning}


def _convert() -> dict[str, Any]:
    content: dict[str, Any] = {MEDIA_TYPES[form].partition(";")[0]: {} for form in work.SUFFIXES}
    answer = {
        "description": "The report in the form asked for, as an attachment.",
        "headers": {n: {"$ref": f"#/components/headers/{n}"} for n in ("ETag", "Fatk-Verdict", "Fatk-Errors", "Fatk-Warnings")},
        "content": content,
    }  # fmt: skip
    summary = "The files, which are one report, in another form; no cell is lost"
    return _post("convert", summary, parameters.CONVERT, (), answer, "Any form of a report that is read.")


def _validate() -> dict[str, Any]:
    content: dict[str, Any] = {MEDIA_TYPES[form].partition(";")[0]: {} for form in work.RESULTS}
    content["application/json"] = {"schema": _FINDINGS}
    content[parameters.LINES] = {
        "schema": {"description": "Of several files: the result of each as JSON, one a line."}
    }
    answer = {
        "description": "The result: a verdict with what was found. That the data has errors is no error of the request.",
        "headers": {n: {"$ref": f"#/components/headers/{n}"} for n in ("ETag", "Fatk-Verdict", "Fatk-Errors", "Fatk-Warnings")},
        "content": content,
    }  # fmt: skip
    operation = _post(
        "validate",
        "Check files and tell what is wrong, where, and what to do",
        parameters.VALIDATE,
        parameters.BESIDE,
        answer,
        "Any form of a report that is read.",
    )
    operation["responses"] |= _refs("406")
    return operation


def _get(operation: str, summary: str, schema: str | None, *path: dict[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}
    return {
        "operationId": operation,
        "summary": summary,
        **({"parameters": list(path)} if path else {}),
        "responses": {
            "200": _found({"application/json": {"schema": shape}}),
            "304": {"description": "The reader has it already (If-None-Match)."},
            **(_refs("404") if path else {}),
            **_refs("421"),
        },
    }


def _schema() -> dict[str, Any]:
    found = _get(
        "getSchema", "A schema or declaration of the standard", None, _path("name", "findings.schema.json")
    )
    shape = {"schema": {"type": "object"}}
    found["responses"]["200"] = _found({"application/schema+json": shape, "application/json": shape})
    return found


def _found(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "Found.",
        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        "content": content,
    }


def _path(name: str, example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": example}


def _query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.meaning,
        "schema": _shape(parameter),
    }


def _shape(parameter: Parameter) -> dict[str, Any]:
    if parameter.allowed is bool:
        return {"type": "boolean", "default": parameter.default}
    shape: dict[str, Any] = {"type": "string"}
    if parameter.allowed is date:
        return {**shape, "format": "date"}
    if parameter.allowed is not None:
        shape["enum"] = list(parameter.forms)
    if parameter.default:
        shape["default"] = parameter.default
    return shape


def _refs(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def _problem(status: str) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = (
        {"headers": {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}} if status in _LATER else {}
    )
    return {"description": _PROBLEMS[status], **headers, "content": content}


def _headers() -> dict[str, Any]:
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    return {
        "ETag": {"description": "Digest of the content.", "schema": text},
        "Fatk-Verdict": {
            "description": "valid, invalid or not_checked; of several files each, in their order.",
            "schema": text,
        },
        "Fatk-Errors": {"description": "Findings that are errors.", "schema": count},
        "Fatk-Warnings": {"description": "Findings that are warnings.", "schema": count},
        "Retry-After": {"description": "Seconds to wait.", "schema": count},
    }


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    both = {"type": "object", "required": ["zh", "en"], "properties": {"zh": text, "en": text}}
    formula = {
        "type": "object",
        "properties": {"zh": {"type": ["string", "null"]}, "en": {"type": ["string", "null"]}},
    }
    versions = {"version": text, "spec_version": text}
    return {
        "Problem": {
            "description": "Problem details (RFC 9457).",
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "message", "message_en"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference"}, "title": text, "status": {"type": "integer"}, "detail": text,
                "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "description": "Stable."},
                "message": {**text, "description": "One sentence in Chinese, with what to do."},
                "message_en": {**text, "description": "The same in English."},
            },
        },
        "Rule": {
            "type": "object",
            "required": ["id", "kind", "severity", "title", "advice", "page"],
            "properties": {
                "id": text, "kind": text, "severity": {"enum": ["error", "warning", "info"]}, "title": both, "advice": both,
                "page": {"type": "string", "format": "uri-reference"}, "basis": text, "since": text, "checked": {"type": "boolean"},
                "implied_by": {"type": "array", "items": text}, "formula": formula,
            },
        },
        "RuleList": {
            "type": "object",
            "required": ["version", "spec_version", "rules_digest", "rules"],
            "properties": {**versions, "rules_digest": text, "rules": {"type": "array", "items": {"$ref": "#/components/schemas/Rule"}}},
        },
        "SchemaList": {
            "type": "object",
            "required": ["version", "spec_version", "schemas"],
            "properties": {
                **versions,
                "schemas": {"type": "array", "items": {
                    "type": "object", "required": ["name", "url"],
                    "properties": {"name": text, "url": {"type": "string", "format": "uri-reference"}},
                }},
            },
        },
    }  # fmt: skip
