"""What is wrong with the registry, in one line for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

URI_VARIABLE = "MLFLOW_TRACKING_URI"
TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"

_LONGEST = 200  # characters of somebody else's error
_REFUSED = {"UNAUTHENTICATED": 401, "CUSTOMER_UNAUTHORIZED": 401, "PERMISSION_DENIED": 403}
_STATUS = re.compile(r"failed with error code (\d{3})|^(\d{3}) (?:Client|Server) Error")
_FAILING = re.compile(r"too many (\d{3}) error responses|failed with error code (5\d\d)")
_UNANSWERED = re.compile(r"API request to \S+ failed with (timeout )?exception")
_CAUSE = re.compile(r"\[Errno -?\d+\] ([A-Za-z ]+)|\[SSL: (\w+)\]")
_BODY = re.compile(r"Response (?:body|text): '?(.*?)'?$")


class RegistryError(RuntimeError):
    """The registry or a model in it cannot be used; the message is one line for a person."""


class Away(RegistryError):
    """The registry cannot be asked at present: to try again later makes sense."""


@contextmanager
def one_line(uri: str) -> Iterator[None]:
    """Turn the errors of MLflow, of its database and of the network into one line each.

    Parameters
    ----------
    uri
        The registry's address as a person may see it.
    """
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, OSError, RequestException, SQLAlchemyError) as error:
        raise _told(uri, error) from error


def refused(uri: str, status: int, body: str = "") -> RegistryError:
    """A server that answers 401 or 403."""
    said = f": {' '.join(body.split())[:_LONGEST]}" if body.strip() else ""
    if status == 401:
        return RegistryError(
            f"{uri}: the server does not know who asks (HTTP 401); set {TOKEN_VARIABLE} to its "
            "token"
        )
    return RegistryError(
        f"{uri}: the server refuses (HTTP {status}{said}); see whether {TOKEN_VARIABLE} and the "
        "host's name are right"
    )


def away(uri: str, error: Exception | None = None) -> Away:
    """A server that does not answer, or only that it cannot."""
    text = str(error or "")
    if failing := _FAILING.search(text):
        status = failing[1] or failing[2]
        return Away(f"{uri}: the server fails (HTTP {status}); try again, or see its log")
    cause = _CAUSE.search(text)
    why = f" ({(cause[1] or cause[2]).replace('_', ' ').strip().lower()})" if cause else ""
    return Away(
        f"{uri}: the server does not answer{why}; start it, or set {URI_VARIABLE} to another"
    )


def _told(uri: str, error: Exception) -> RegistryError:
    text = " ".join(str(error).split())
    status = _status(error, text)
    if status in (401, 403):
        body = _BODY.search(text)
        return refused(uri, status, body[1] if body else "")
    if _silent(error, text, status):
        return away(uri, error)
    if "database is locked" in text:
        return Away(f"{uri}: another process is writing to it; try again when that one is done")
    if "out-of-date database schema" in text:
        text = f"made by another MLflow; make a copy of it, then run `mlflow db upgrade {uri}`"
    return RegistryError(f"{uri}: {text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}")


def _status(error: Exception, text: str) -> int | None:
    """The HTTP status of a server's answer, where MLflow has no words of its own for it."""
    found = _STATUS.search(text)
    if found:
        return int(found[1] or found[2])
    return _REFUSED.get(str(getattr(error, "error_code", "")))


def _silent(error: Exception, text: str, status: int | None) -> bool:
    """Whether there was no answer, or only that the server cannot."""
    from requests import RequestException

    if status is not None:
        return status >= 500
    return isinstance(error, RequestException) or bool(_UNANSWERED.search(text))
