"""What was not done, as HTTP says it: problem details (RFC 9457) with the codes of ``schemas/notices/refusals.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.responses import Response

from fatk.errors import FatkError
from fatk.web.work import declined

MEDIA_TYPE = "application/problem+json"
#: Status of what the service itself declines.
_DECLINED = {
    "UPLOAD_TOO_LARGE": 413, "UPLOAD_TOO_MANY": 413, "UPLOAD_SLOW": 408, "UPLOAD_EMPTY": 400, "UPLOAD_MALFORMED": 400,
    "UPLOAD_PART_UNKNOWN": 400, "UPLOAD_PART_TWICE": 400, "UPLOAD_PART_TEXT": 400, "UPLOAD_ENCODED": 415, "PARAMETER_UNKNOWN": 400, "PARAMETER_VALUE": 400, "SERVICE_BUSY": 503,
    "TOO_MANY_REQUESTS": 429, "PAGE_NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405, "NOT_ACCEPTABLE": 406, "RESULT_GONE": 404,
    "OTHER_SITE": 403, "HOST_UNKNOWN": 421, "SERVICE_FAULT": 500, "FILE_TOO_LARGE": 413, "ID_UNKNOWN": 404,
}  # fmt: skip
#: Codes of files that are of a kind that is not read at all.
_OTHER_KINDS = frozenset({
    "NOT_A_TABLE_DOCUMENT", "NOT_A_TABLE_IMAGE", "NOT_A_TABLE_PPT", "OTHER_ARCHIVE", "BINARY_UNKNOWN", "OLE_UNKNOWN", "OLD_WORD",
    "TEXT_UNKNOWN", "XLSB_WORKBOOK", "DOCUMENTS_NOT_INSTALLED",
})  # fmt: skip


class Problem(NamedTuple):
    """Something not done: its status, code and sentences, and after how many seconds to ask again."""

    status: int
    code: str
    message: str
    message_en: str
    retry_after: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The problem details; ``type`` leads to the code on the page of the standard."""
        return {
            "type": f"/zh/standard/notices#{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            "message": self.message,
            "message_en": self.message_en,
        }

    def said(self, language: str) -> str:
        """Its sentence in ``zh`` or ``en``."""
        return self.message if language == "zh" else self.message_en

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it in the head of an answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def of(error: FatkError) -> Problem:
    """The problem that an error of this process is."""
    seconds = error.details.get("seconds")
    found = told(declined(error))
    return found._replace(retry_after=seconds) if isinstance(seconds, int) else found


def told(facts: Mapping[str, str]) -> Problem:
    """The problem that a job tells of under ``declined``."""
    code = facts["code"]
    status = _DECLINED.get(code) or (415 if code in _OTHER_KINDS else 422)
    if facts["kind"] == "Misuse" and code not in _DECLINED:
        status = 400
    return Problem(status, code, facts["message"], facts["message_en"])


def response(problem: Problem) -> Response:
    """The answer of the API."""
    body = json.dumps(problem.document, ensure_ascii=False, indent=2) + "\n"
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)
