"""Answers with a content of their own: what they are, what they are called, and by what they are known again."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

#: May be kept, and is asked for again before it is used.
AGAIN = {"Cache-Control": "no-cache"}
_INLINE = re.compile(rb"<(script|style)\b([^>]*)>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)


def of(
    request: Request,
    data: bytes,
    media_type: str,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """An answer with the digest of its content as its ETag; 304 where a reader has it already."""
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    head = {**(headers or {}), "ETag": tag}
    asked = request.headers.get("if-none-match", "")
    if (
        status == 200
        and request.method in ("GET", "HEAD")
        and (asked.strip() == "*" or tag in re.findall(r'"[^"]*"', asked))
    ):
        return Response(status_code=304, headers=head)
    return Response(data, status, head, media_type)


def file(
    request: Request, data: bytes, media_type: str, name: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A file to be saved under a name, never shown in the service's own right."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_") or "report"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    head = {
        "Content-Disposition": disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        **(headers or {}),
    }
    return of(request, data, media_type, head)


def verdict_headers(facts: Mapping[str, Any]) -> dict[str, str]:
    """What came of checking, for a program that looks no further."""
    head = {
        "Fatk-Verdict": ", ".join(facts["verdicts"]),
        "Fatk-Errors": str(facts["errors"]),
        "Fatk-Warnings": str(facts["warnings"]),
    }
    head |= {f"Fatk-{name.title()}": str(facts[name]) for name in ("rounded", "dropped") if facts.get(name)}
    return head


def page_policy(page: bytes) -> str:
    """The policy under which a self-contained page runs its own scripts and styles, known by their digests, and no other."""
    found: dict[str, list[str]] = {"script": [], "style": []}
    for tag, attributes, content in _INLINE.findall(page):
        kind = tag.decode().lower()
        if kind == "script" and b"json" in attributes:
            continue  # data, which does not run
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        found[kind].append(f"'sha256-{digest}'")
    script, style = (" ".join(dict.fromkeys(found[kind])) or "'none'" for kind in ("script", "style"))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
