"""What a request must say: the revision that it builds on, and a body of bearable size."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from kantor.studio.problems import Problem

MOST_BYTES = 4_000_000  # of a body of JSON
_Model = TypeVar("_Model", bound=BaseModel)


def revision(if_match: Annotated[str | None, Header()] = None) -> int:
    """The revision that ``If-Match`` names.

    Raises
    ------
    Problem
        400 if the header is missing or no revision.
    """
    number = (if_match or "").removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > 12:
        raise Problem(400, 'the header If-Match must name the revision, such as If-Match: "3"')
    return int(number)


Revision = Annotated[int, Depends(revision)]
"""A route's argument: the revision of the piece that the client has."""


async def body(request: Request, most: int = MOST_BYTES) -> bytes:
    """The body, of at most so many bytes whatever its header says.

    Raises
    ------
    Problem
        413 if there are more.
    """
    data = bytearray()
    said = request.headers.get("content-length", "0")
    too_large = said.isdecimal() and int(said) > most
    if not too_large:
        async for chunk in request.stream():
            data += chunk
            if too_large := len(data) > most:
                break
    if too_large:
        raise Problem(413, f"larger than {most:,} bytes; send less")
    return bytes(data)


async def json_body(request: Request) -> bytes:
    """A route's argument `Body`."""
    return await body(request)


Body = Annotated[bytes, Depends(json_body)]
"""A route's argument: the body, not larger than `MOST_BYTES`, to be read by `checked`."""


def checked(kind: type[_Model], data: bytes) -> _Model:
    """The body as a document.

    Raises
    ------
    RequestValidationError
        If it is none: the answer is 422 and names the fault.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None
