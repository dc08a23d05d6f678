"""Who may reach Kantor's servers: which hosts, which web pages, and with which token.

Conventions
-----------
Servers bind to this machine alone. Elsewhere they ask for a token (``KANTOR_TOKEN``) and for the
host names by which they are known (``KANTOR_ALLOWED_HOSTS``, separated by commas). The token comes
from the environment only and is never written anywhere. Programs send it as a bearer token. A
browser sends it as a password, for any user name, and gets a cookie that stands for it for a while.

A web page of another origin gets nothing, token or not: its requests would come from a browser on
this machine, or from one that has the cookie. Another port of the same host is another origin.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from kantor.errors import SetupError

HOST = "KANTOR_HOST"
TOKEN = "KANTOR_TOKEN"
ALLOWED_HOSTS = "KANTOR_ALLOWED_HOSTS"
COOKIE = "kantor"
COOKIE_SECONDS = 14 * 24 * 3600
SHORTEST_TOKEN = 16  # characters
PENALTY = 1.0  # seconds that the answer to a wrong token takes
MOST_WAITING = 20  # wrong tokens of one address that wait for their answer; more get 429
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
_EVERYWHERE = ("0.0.0.0", "::")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""What a page may load: its own server's files, and what it holds itself."""

_HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
}


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
        SetupError
            If another address than loopback is to be bound without a token or without names, or
            if the token is short or cannot stand in a header.
        """
        values = os.environ if environment is None else environment
        host = values.get(HOST, "").strip() or cls.host
        token = values.get(TOKEN, "")
        named = [name.strip().lower() for name in values.get(ALLOWED_HOSTS, "").split(",")]
        names = [name for name in named if name]
        if token and (len(token) < SHORTEST_TOKEN or not token.isascii()):
            raise SetupError(f"{TOKEN}: expected at least {SHORTEST_TOKEN} plain characters")
        if set(token) & set(": ") or not token.isprintable():
            raise SetupError(f"{TOKEN}: must hold no colon and no space")
        if not _is_loopback(host):
            if not token:
                raise SetupError(f"{HOST}={host}: set {TOKEN} to serve others than this machine")
            if not names and host in _EVERYWHERE:
                raise SetupError(f"{HOST}={host}: set {ALLOWED_HOSTS} to this machine's names")
            names.append(host)
        return cls(host, tuple(dict.fromkeys((*_LOOPBACK, *names))), token)

    @property
    def named(self) -> tuple[str, ...]:
        """The names that are not this machine's own for itself."""
        return tuple(name for name in self.hosts if name not in (*_LOOPBACK, *_EVERYWHERE))

    @property
    def name(self) -> str:
        """How people reach the servers: the first name, else the address; as a URL has it."""
        return bracketed((*self.named, self.host)[0])

    def knows(self, host: str) -> bool:
        """Whether a Host header, with or without a port, is one of the names."""
        name = host.strip().lower()
        bare = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
        return name in self.hosts or bare in self.hosts

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header, bearer or basic, holds the token; all do if none is set.

        Raises nothing, whatever the header is.
        """
        offered = _offered(authorization)
        return not self.token or hmac.compare_digest(offered.encode(), self.token.encode())

    def cookie(self, now: float) -> str:
        """A cookie that stands for the token from `now` (seconds since 1970) until it expires."""
        return self._signed(int(now) + COOKIE_SECONDS)

    def knows_cookie(self, header: str, now: float) -> bool:
        """Whether a Cookie header holds one of ours that has not expired."""
        value = _cookie(header)
        end = value.partition(".")[0]
        lives = end.isascii() and end.isdecimal() and len(end) < 12 and int(end) > now
        return lives and hmac.compare_digest(value.encode(), self._signed(int(end)).encode())

    def _signed(self, end: int) -> str:
        key, text = self.token.encode(), f"kantor cookie until {end}".encode()
        return f"{end}.{hmac.new(key, text, hashlib.sha256).hexdigest()}"


def bracketed(host: str) -> str:
    """A host as it stands in a URL, where an IPv6 address has brackets."""
    return f"[{host}]" if ":" in host else host


def is_foreign(headers: Mapping[str, str], method: str = "") -> bool:
    """Whether a web page of another origin makes a request.

    Browsers say so in headers that no page can set; programs send none of them. A link from
    elsewhere to a page of ours is no foreign request: it opens the page and tells the other side
    nothing.

    Parameters
    ----------
    headers
        Names in small letters.
    method
        Of HTTP; empty for a websocket.
    """
    origin = headers.get("origin")
    if origin is not None and not _is_origin_of(origin, headers.get("host", "")):
        return True
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return False
    opens_page = headers.get("sec-fetch-mode") == "navigate" and (
        headers.get("sec-fetch-dest") == "document"
    )
    return not (opens_page and method in ("GET", "HEAD"))


def _is_origin_of(origin: str, host: str) -> bool:
    """Whether an Origin header names the same server as a Host header does."""
    scheme, _, name = origin.strip().lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    return port is not None and name.removesuffix(port) == host.strip().lower().removesuffix(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _offered(authorization: str) -> str:
    """The token in an Authorization header; empty where there is none."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode(errors="replace").partition(":")[2]
        except ValueError:
            return ""
    return ""


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class Guard:
    """An ASGI app that lets through to `app` what `access` admits and no foreign page sends.

    Parameters
    ----------
    open_paths
        Paths that say nothing but whether the server lives: they ask for no token.
    penalty
        Seconds that the answer to a wrong token takes.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        app: App,
        access: Access,
        open_paths: tuple[str, ...] = (),
        penalty: float = PENALTY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app, self.access, self.open_paths = app, access, open_paths
        self._penalty, self._clock = penalty, clock
        self._waiting: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 403 to a foreign host or page, 401 without the token; else pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]
        }
        send = _with_headers(send, _HEADERS)
        if not self.access.knows(headers.get("host", "")):
            await _refuse(scope, send, 403, f"unknown host name; allow it in {ALLOWED_HOSTS}")
        elif is_foreign(headers, scope.get("method", "")):
            await _refuse(scope, send, 403, "a page of another site may not use this server")
        elif self._is_open(scope["path"], headers.get("cookie", "")):
            await self.app(scope, receive, send)
        else:
            await self._asked(scope, receive, send, headers.get("authorization", ""))

    def _is_open(self, path: str, cookie: str) -> bool:
        """Whether a request need not give the token."""
        if not self.access.token or path in self.open_paths:
            return True
        return self.access.knows_cookie(cookie, self._clock())

    async def _asked(self, scope: Message, receive: Receive, send: Send, given: str) -> None:
        """Let through who gives the token, with a cookie; make who gives a wrong one wait."""
        address = (scope.get("client") or ("", 0))[0]
        if given and self._waiting[address] >= MOST_WAITING:
            await _refuse(scope, send, 429, "too many wrong tokens; try again later")
        elif self.access.admits(given):
            await self.app(scope, receive, _with_headers(send, self._cookie(scope)))
        else:
            if given:
                await self._penalise(address)
            await _refuse(scope, send, 401, f"give the token ({TOKEN}) as the password")

    async def _penalise(self, address: str) -> None:
        self._waiting[address] += 1
        try:
            await asyncio.sleep(self._penalty)
        finally:
            self._waiting[address] -= 1
            self._waiting += Counter()  # forget addresses for which nothing waits

    def _cookie(self, scope: Message) -> dict[str, str]:
        value = f"{COOKIE}={self.access.cookie(self._clock())}"
        limits = f"Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
        secure = "; Secure" if scope.get("scheme") in ("https", "wss") else ""
        return {"set-cookie": f"{value}; {limits}{secure}"}


def _with_headers(send: Send, more: Mapping[str, str]) -> Send:
    """`send` that adds headers to an HTTP answer, except those that it has already."""

    async def sent(message: Message) -> None:
        """Pass a message on; the one that begins an answer gets the headers."""
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers if name.lower() != b"set-cookie"}
            added = [(name.encode(), value.encode()) for name, value in more.items()]
            headers += [(name, value) for name, value in added if name not in there]
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
