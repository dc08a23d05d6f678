"""See within seconds whether a registry elsewhere can be reached, before MLflow asks it anything.

MLflow waits for each request, tries again, and waits again: minutes, where packets vanish. Its
waiting cannot be cut short without cutting off the transfer of large files as well. So the
server is asked for its version first, by a thread that is given up when it takes too long, whether
it hangs in looking up a name, in connecting, or in reading. Any answer will do, a refusal as well:
what to make of it is left to MLflow, which alone has the token.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import urlopen

from kantor.registry.errors import away

PATIENCE = 4.0
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
    """
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        _in_time(partial(_ask, parts), shown)
    elif parts.hostname and parts.scheme.partition("+")[0] in _DATABASES:
        _in_time(partial(_connect, parts), shown)


def _in_time(ask: Callable[[], object], shown: str) -> None:
    answers: SimpleQueue[Exception | None] = SimpleQueue()

    def asking() -> None:
        """Ask, and hand on how that ended."""
        try:
            ask()
        except Exception as error:  # handed on, to be raised in the thread that waits
            answers.put(error)
        else:
            answers.put(None)

    threading.Thread(target=asking, name="kantor-registry", daemon=True).start()
    try:
        fault = answers.get(timeout=PATIENCE)
    except Empty:
        raise away(shown) from None
    if fault is not None:
        raise away(shown, fault) from fault


def _ask(parts: SplitResult) -> None:
    """Ask a server for anything, without a login, and whatever its certificate is worth."""
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
