"""See within seconds whether a registry elsewhere can be reached, before MLflow asks it anything.

MLflow waits for each request, tries again, and waits again: minutes, where packets vanish. Its
waiting cannot be cut short without cutting off the transfer of large files as well. So the
server is asked for its version first, by a thread that is given up when it takes too long, whether
it hangs in looking up a name, in connecting, or in reading.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from urllib.parse import SplitResult, urlsplit

from kantor.registry.errors import away, refused

PATIENCE = 5.0
"""Seconds until a server counts as away."""
_DATABASES = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


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
    RegistryError
        If it refuses whoever asks.
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        status, body = _in_time(partial(_ask, uri), shown)
        if status in (401, 403):
            raise refused(shown, status, body)
    elif parts.hostname and parts.scheme.partition("+")[0] in _DATABASES:
        _in_time(partial(_connect, parts), shown)


def _in_time(ask: Callable[[], tuple[int, str]], shown: str) -> tuple[int, str]:
    answers: SimpleQueue[tuple[int, str] | Exception] = SimpleQueue()

    def asking() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # handed on, to be raised in the thread that waits
            answers.put(error)

    threading.Thread(target=asking, name="kantor-registry", daemon=True).start()
    try:
        answer = answers.get(timeout=PATIENCE)
    except Empty:
        raise away(shown) from None
    if isinstance(answer, Exception):
        raise away(shown, answer) from answer
    return answer


def _ask(uri: str) -> tuple[int, str]:
    """The status and the beginning of what the server answers, with MLflow's own credentials."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    answer = http_request(
        get_default_host_creds(uri),
        "/version",
        "GET",
        max_retries=0,
        timeout=PATIENCE,
        raise_on_status=False,
    )
    return int(answer.status_code), str(answer.text[:200])


def _connect(parts: SplitResult) -> tuple[int, str]:
    """Connect to a database's server."""
    port = parts.port or _DATABASES[parts.scheme.partition("+")[0]]
    socket.create_connection((str(parts.hostname), port), PATIENCE).close()
    return 200, ""
