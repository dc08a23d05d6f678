"""Errors as ``application/problem+json`` (RFC 9457): a status, a title, one line that helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kantor.errors import InputError, ModelError, SetupError, one_line
from kantor.service.problem import problem

if TYPE_CHECKING:  # FastAPI takes its time, which processes that only raise a `Problem` save
    from fastapi import FastAPI, Request
    from starlette.responses import JSONResponse

_WORDS = {
    "Not Found": "nothing is at this address; /api lists what there is",
    "Method Not Allowed": "{method} is not possible here; /api lists what is",
    "There was an error parsing the body": "the body is not JSON",
}
"""What Starlette and FastAPI say, and what is said instead."""
_LONGEST = 500  # characters of a line
_PLAIN = {"extra_forbidden": "is not known here", "missing": "is missing"}
"""Faults of a field in plain words, by pydantic's names of them."""


class Problem(Exception):
    """A refusal: the HTTP status, and one line that says what is wrong and what to do."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more

    def response(self) -> JSONResponse:
        """The answer."""
        return problem(self.status, self.detail, **self.more)


def install(app: FastAPI) -> None:
    """Have every error of an app answered as a problem."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.exception_handler(Problem)(_problem)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    for kind, status in ((InputError, 422), (ModelError, 409), (SetupError, 503)):
        app.exception_handler(kind)(_ours(status))
    app.exception_handler(Exception)(_unforeseen)


async def _problem(_: Request, error: Any) -> JSONResponse:
    return error.response()  # type: ignore[no-any-return]


async def _invalid(_: Request, error: Any) -> JSONResponse:
    for fault in error.errors():
        if fault["type"] == "json_invalid":
            return problem(400, f"the body is not JSON: {fault['ctx']['error']}")
    faults = [
        {"where": ".".join(map(str, _field(fault["loc"]))), "what": plain(fault)}
        for fault in error.errors()[:20]
    ]
    first = " ".join(filter(None, faults[0].values())) if faults else "not what was expected"
    return problem(422, one_line(first, _LONGEST), faults=faults)


def _field(where: Sequence[Any]) -> Sequence[Any]:
    """Where a fault is, without the part of the request."""
    is_named = len(where) > 1 and where[0] in ("body", "query", "path", "header")
    return where[1:] if is_named else where


def plain(fault: Any) -> str:
    """What pydantic says of a field, to be read after its name."""
    said = str(fault["msg"]).removeprefix("Value error, ").replace("Input should", "must", 1)
    return _PLAIN.get(fault["type"], said)


async def _http(request: Request, error: Any) -> JSONResponse:
    detail = _WORDS.get(str(error.detail), str(error.detail)).replace("{method}", request.method)
    return problem(error.status_code, detail, error.headers)


def _ours(status: int) -> Any:
    async def answer(_: Request, error: Exception) -> JSONResponse:
        return problem(status, one_line(str(error), _LONGEST))

    return answer


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return problem(500, f"Kantor's own fault ({type(error).__name__}); see the terminal")
