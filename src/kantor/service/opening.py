"""Before and after a server starts: whether its port is free, and where people find its page."""

from __future__ import annotations

import os
import socket
import threading
import time
import webbrowser

from kantor.errors import SetupError
from kantor.service.access import Access

_PATIENCE = 20.0  # seconds until the page must answer before a browser is opened


def require_free(host: str, port: int, remedy: str) -> None:
    """Raise `SetupError`, one line with the `remedy`, if a server cannot bind to a port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "cannot be bound"
        raise SetupError(f"port {port} on {host}: {reason}; {remedy}") from None


def address(access: Access, port: int) -> str:
    """Where a browser finds a server's page."""
    return f"http://{'localhost' if access.name == '127.0.0.1' else access.name}:{port}/"


def announce(name: str, access: Access, port: int, browser: bool) -> None:
    """Say where the page `name` is as soon as it answers, and open it in the `browser`.

    It does so in the background; `SetupError` at once if the port is taken.
    """
    require_free(access.host, port, "choose another with --port")

    def wait() -> None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        print(f"{name}: {address(access, port)}   (Ctrl-C ends it)", flush=True)
        if browser:
            webbrowser.open(address(access, port))

    threading.Thread(target=wait, daemon=True).start()
