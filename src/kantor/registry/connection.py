"""Reach a registry within seconds, and say in one line what is wrong with it.

MLflow waits for each request, tries again, and waits again: minutes, where packets vanish. Its
waiting cannot be cut short without cutting off the transfer of large files as well. So a server
is first asked for its version, by a thread that is given up when it takes too long. Any answer
will do, also a refusal: MLflow, which alone has the token, deals with that.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import urlopen

from kantor.errors import SetupError

URI_VARIABLE = "MLFLOW_TRACKING_URI"
TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"
PATIENCE = 4.0
"""Seconds until a server counts as away."""

_DATABASES = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_LONGEST = 200  # characters of somebody else's error
_REFUSALS = {"UNAUTHENTICATED": 401, "CUSTOMER_UNAUTHORIZED": 401, "PERMISSION_DENIED": 403}
_STATUS = re.compile(r"failed with error code (\d{3})|^(\d{3}) (?:Client|Server) Error")
_FAILING = re.compile(r"too many (\d{3}) error responses|failed with error code (5\d\d)")
_UNANSWERED = re.compile(r"API request to \S+ failed with (timeout )?exception")
_CAUSE = re.compile(r"\[Errno -?\d+\] ([A-Za-z ]+)|\[SSL: (\w+)\]")
_BODY = re.compile(r"Response (?:body|text): '?(.*?)'?$")


class Away(SetupError):
    """The registry cannot be asked at present: trying again later makes sense."""


@contextmanager
def one_line(uri: str) -> Iterator[None]:
    """Turn the errors of MLflow, of its database and of the network into a `SetupError`.

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
        raise _in_words(uri, error) from error


def reach(uri: str, shown: str) -> None:
    """Make sure that the registry's server answers; nothing to do where it is a file.

    Parameters
    ----------
    uri, shown
        The registry's address, and the same as a person may see it.

    Raises
    ------
    Away
        If it does not answer in time.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        _in_time(partial(_ask, parts), shown)
    elif parts.hostname and parts.scheme.partition("+")[0] in _DATABASES:
        _in_time(partial(_connect, parts), shown)


def _in_time(request: Callable[[], object], shown: str) -> None:
    outcomes: SimpleQueue[Exception | None] = SimpleQueue()

    def run() -> None:
        try:
            request()
        except Exception as error:  # raised again in the thread that waits
            outcomes.put(error)
        else:
            outcomes.put(None)

    threading.Thread(target=run, name="kantor-registry", daemon=True).start()
    try:
        fault = outcomes.get(timeout=PATIENCE)
    except Empty:
        raise _away(shown) from None
    if fault is not None:
        raise _away(shown, str(fault)) from fault


def _ask(parts: SplitResult) -> None:
    """Request anything of a server, without a login, and whatever its certificate is worth."""
    host = parts.netloc.rpartition("@")[2]
    address = urlunsplit((parts.scheme, host, f"{parts.path.rstrip('/')}/version", "", ""))
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    try:
        with urlopen(address, timeout=PATIENCE, context=unchecked) as answer:
            answer.read(100)  # a body that never ends is no answer
    except HTTPError as answer:
        answer.close()
    except URLError as error:
        if not isinstance(error.reason, ssl.SSLError):
            raise


def _connect(parts: SplitResult) -> None:
    """Connect to a database's server."""
    port = parts.port or _DATABASES[parts.scheme.partition("+")[0]]
    socket.create_connection((str(parts.hostname), port), PATIENCE).close()


def _away(uri: str, text: str = "") -> Away:
    """A server that does not answer, or only that it cannot."""
    if failing := _FAILING.search(text):
        status = failing[1] or failing[2]
        return Away(f"{uri}: the server fails (HTTP {status}); try again, or see its log")
    cause = _CAUSE.search(text)
    why = f" ({(cause[1] or cause[2]).replace('_', ' ').strip().lower()})" if cause else ""
    return Away(
        f"{uri}: the server does not answer{why}; start it, or set {URI_VARIABLE} to another"
    )


def _in_words(uri: str, error: Exception) -> SetupError:
    from requests import RequestException

    text = " ".join(str(error).split())
    match = _STATUS.search(text)
    status = int(match[1] or match[2]) if match else _REFUSALS.get(getattr(error, "error_code", ""))
    if status == 401:
        return SetupError(
            f"{uri}: the server does not accept the login (HTTP 401); set {TOKEN_VARIABLE} to its "
            "token"
        )
    if status == 403:
        body = _BODY.search(text)
        answer = f": {body[1].strip()[:_LONGEST]}" if body and body[1].strip() else ""
        return SetupError(
            f"{uri}: the server refuses (HTTP 403{answer}); see whether {TOKEN_VARIABLE} and the "
            "host's name are right"
        )
    no_answer = isinstance(error, RequestException) or bool(_UNANSWERED.search(text))
    if no_answer if status is None else status >= 500:
        return _away(uri, text)
    if "database is locked" in text:
        return Away(f"{uri}: another process is writing to it; try again when that one is done")
    if "out-of-date database schema" in text:
        text = f"made by another MLflow; make a copy of it, then run `mlflow db upgrade {uri}`"
    return SetupError(f"{uri}: {text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}")
