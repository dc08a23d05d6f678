"""Who may reach Kantor's servers: which host names, and with which token.

Conventions
-----------
Servers bind to this machine alone. Elsewhere they ask for a token (``KANTOR_TOKEN``) and for the
host names by which they are known (``KANTOR_ALLOWED_HOSTS``, separated by commas). The token is
taken from the environment only, and is never written anywhere. A browser gives it as a password,
for any user name, and is then known by a cookie; programs send it as a bearer token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

HOST = "KANTOR_HOST"
TOKEN = "KANTOR_TOKEN"
ALLOWED_HOSTS = "KANTOR_ALLOWED_HOSTS"
COOKIE = "kantor"
LEAST = 16  # characters of a token
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
_EVERYWHERE = ("0.0.0.0", "::")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class AccessError(ValueError):
    """Servers would be open to others; the message is one line that says what to set."""


@dataclass(frozen=True)
class Access:
    """Where servers bind, the names they answer to, and the token they ask for.

    Attributes
    ----------
    host : str
        The address to bind to.
    hosts : tuple of str
        Names that a request's Host header may have, without ports.
    token : str
        Empty where none is asked for; never shown.
    """

    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = _LOOPBACK
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Access:
        """What the variables say.

        Raises
        ------
        AccessError
            If another address than loopback is to be bound without a token or without names, or
            if the token is short or cannot stand in a header.
        """
        values = os.environ if environment is None else environment
        host = values.get(HOST, "").strip() or cls.host
        token = values.get(TOKEN, "")
        named = [name.strip().lower() for name in values.get(ALLOWED_HOSTS, "").split(",")]
        names = [name for name in named if name]
        if token and (len(token) < LEAST or not token.isascii() or not token.isprintable()):
            raise AccessError(f"{TOKEN}: expected at least {LEAST} plain characters")
        if set(token) & set(": "):
            raise AccessError(f"{TOKEN}: must hold no colon and no space")
        if not _is_loopback(host):
            if not token:
                raise AccessError(f"{HOST}={host}: set {TOKEN} to serve others than this machine")
            if not names and host in _EVERYWHERE:
                raise AccessError(f"{HOST}={host}: set {ALLOWED_HOSTS} to this machine's names")
            names.append(host)
        return cls(host, tuple(dict.fromkeys((*_LOOPBACK, *names))), token)

    @property
    def named(self) -> tuple[str, ...]:
        """The names that are not this machine's own for itself."""
        return tuple(name for name in self.hosts if name not in (*_LOOPBACK, *_EVERYWHERE))

    def knows(self, host: str) -> bool:
        """Whether a Host header, with or without a port, is one of the names."""
        name = host.strip().lower()
        bare = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
        return name in self.hosts or bare in self.hosts

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers (names in small letters) of a request carry the token."""
        if not self.token:
            return True
        return _equal(self._offered(headers.get("authorization", "")), self.token) or _equal(
            _cookie(headers.get("cookie", "")), self.cookie
        )

    @property
    def cookie(self) -> str:
        """What a browser that knew the token may show instead: derived from it, not it."""
        return hmac.new(self.token.encode(), b"kantor cookie", hashlib.sha256).hexdigest()

    @staticmethod
    def _offered(header: str) -> str:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return rest.strip()
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(rest, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return ""
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _equal(offered: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return hmac.compare_digest(offered.encode(), wanted.encode())


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class Guard:
    """An ASGI app that lets through to `app` what `access` admits.

    Paths in `open_paths` say nothing but whether the server lives, and are asked for no token. Nor
    is what lies below `own_login`, such as ``/api``, where the app itself asks who comes.
    """

    def __init__(
        self,
        app: App,
        access: Access,
        open_paths: tuple[str, ...] = (),
        own_login: str | None = None,
    ) -> None:
        self.app, self.access, self.open_paths, self.own_login = app, access, open_paths, own_login

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 403 for a foreign host, 401 without the token, else pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]
        }
        if not self.access.knows(headers.get("host", "")):
            await _refuse(scope, send, 403, f"unknown host name; allow it in {ALLOWED_HOSTS}")
        elif not self.access.token or self._asks_nothing(scope["path"]):
            await self.app(scope, receive, send)
        elif not self.access.admits(headers):
            await _refuse(scope, send, 401, f"give the token ({TOKEN}) as the password")
        else:
            await self.app(scope, receive, self._remembered(send))

    def _asks_nothing(self, path: str) -> bool:
        below = self.own_login is not None and path.startswith(f"{self.own_login}/")
        return below or path in self.open_paths

    def _remembered(self, send: Send) -> Send:
        """`send` with the cookie by which a browser is known from then on."""
        cookie = f"{COOKIE}={self.access.cookie}; Path=/; HttpOnly; SameSite=Strict"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
                message = {**message, "headers": headers}
            await send(message)

        return sent


async def _refuse(scope: Message, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="Kantor", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def serve(app: App, host: str, port: int) -> None:
    """Serve an app that is behind its `Guard`, until SIGTERM or Ctrl-C."""
    import uvicorn

    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
