"""Spare a browser the second login of Prefect's page, once it has given the token.

The page keeps what it shows to Prefect's API in the browser's storage, and asks for it where that
is empty. Whoever is given the page has given the token already: the page comes with a line that
puts it there. Where a later Prefect keeps it elsewhere, its page asks once more, as before.
"""

from __future__ import annotations

import base64
import json

from kantor.access import App, Message, Receive, Send

KEY = "prefect-password"


class LoggedIn:
    """An ASGI app whose pages know the login of their API; to be put behind a `Guard`.

    Parameters
    ----------
    app
        Its pages are HTML with a ``<head>``.
    login
        User name and password with a colon between them; ASCII.
    """

    def __init__(self, app: App, login: str) -> None:
        word = json.dumps(base64.b64encode(login.encode("ascii")).decode())
        script = f"<script>localStorage.setItem({json.dumps(KEY)}, {word})</script>"
        self.app, self._script = app, script.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the app does, a page with the line in its head."""
        asked = dict(scope.get("headers", ()))
        if scope["type"] != "http" or b"text/html" not in asked.get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        spoilt = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        headers = [(name, value) for name, value in scope["headers"] if name not in spoilt]
        await self.app({**scope, "headers": headers}, receive, _Page(send, self._script).send)


class _Page:
    """Holds a page back until it is whole; passes on what is none."""

    def __init__(self, send: Send, script: bytes) -> None:
        self._send, self._script = send, script
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take what the app sends."""
        if message["type"] == "http.response.start":
            kinds = [value for name, value in message["headers"] if name == b"content-type"]
            if kinds[:1] and kinds[0].startswith(b"text/html"):
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._whole(self._start)

    async def _whole(self, start: Message) -> None:
        body = self._body.replace(b"<head>", b"<head>" + self._script, 1)
        old = (b"content-length", b"etag", b"last-modified", b"cache-control")
        headers = [(name, value) for name, value in start["headers"] if name not in old]
        headers += [(b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
