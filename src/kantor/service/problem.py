"""A refusal as programs read it: ``application/problem+json`` (RFC 9457), one line that helps."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

PROBLEM = "application/problem+json"


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer; 429 and 503 say when to try again."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    again = {"retry-after": "1"} if status in (429, 503) else {}
    return JSONResponse(body, status, {**again, **(headers or {})}, PROBLEM)
