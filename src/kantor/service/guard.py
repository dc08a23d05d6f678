"""The guard before Kantor's servers: it refuses unknown hosts, foreign pages and wrong tokens.

Programs send the token as a bearer token. A browser sends it as a password, for any user name, and
gets a cookie that stands for it for a while.

A web page of another origin gets nothing, token or not: its requests would come from a browser on
this machine, or from one that has the cookie. Another port of the same host is another origin.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from kantor.errors import SetupError
from kantor.service.access import ALLOWED_HOSTS, TOKEN, Access
from kantor.service.problem import problem

COOKIE = "kantor"
COOKIE_SECONDS = 14 * 24 * 3600
PENALTY = 1.0  # seconds that the answer to a wrong token takes
MOST_WAITING = 20  # wrong tokens of one address that wait for their answer; more get 429
_RESOURCES = "/api/"  # where programs ask: refusals are problems, elsewhere lines of text
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# What a page may load: its own server's files, and what it holds itself.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
}


class Guard:
    """An ASGI app that passes on to `app` what `access` admits and no foreign page sends.

    `open_paths` say nothing but whether the server lives: they need no token. The answer to a wrong
    token takes `penalty` seconds.
    """

    def __init__(self, app: ASGIApp, access: Access, open_paths: tuple[str, ...] = ()) -> None:
        self.app, self.access, self.open_paths, self.penalty = app, access, open_paths, PENALTY
        self._waiting: Counter[str] = Counter()
        self._signer = TimestampSigner(access.token, "kantor cookie", digest_method=hashlib.sha256)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a foreign host or page, 401 without the token; else pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request, send = HTTPConnection(scope), _with_headers(send, _HEADERS)
        if not self.access.knows(request.headers.get("host", "")):
            status, reason = 403, f"unknown host name; allow it in {ALLOWED_HOSTS}"
        elif is_foreign(request.headers, scope.get("method", "")):
            status, reason = 403, "a page of another site may not use this server"
        elif self._is_open(request):
            await self.app(scope, receive, send)
            return
        else:
            status, reason = await self._check_token(request)
            if status == 200:
                await self.app(scope, receive, _with_headers(send, self._cookie(scope)))
                return
        await _refuse(scope, receive, send, status, reason)

    def _is_open(self, request: HTTPConnection) -> bool:
        """Whether a request need not give the token."""
        if not self.access.token or request.scope["path"] in self.open_paths:
            return True
        try:
            self._signer.unsign(request.cookies.get(COOKIE, ""), max_age=COOKIE_SECONDS)
        except BadSignature:
            return False
        return True

    async def _check_token(self, request: HTTPConnection) -> tuple[int, str]:
        """200 for the token; else a status and its reason, for a wrong token after a while."""
        given = request.headers.get("authorization", "")
        address = request.client.host if request.client else ""
        if given and self._waiting[address] >= MOST_WAITING:
            return 429, "too many wrong tokens; try again later"
        if self.access.admits(given):
            return 200, ""
        if given:
            self._waiting[address] += 1
            try:
                await asyncio.sleep(self.penalty)
            finally:
                self._waiting[address] -= 1
                self._waiting += Counter()  # forget addresses for which nothing waits
        return 401, f"give the token ({TOKEN}) as the password"

    def _cookie(self, scope: Scope) -> dict[str, str]:
        value = f"{COOKIE}={self._signer.sign('in').decode()}"
        limits = f"Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
        secure = "; Secure" if scope.get("scheme") in ("https", "wss") else ""
        return {"set-cookie": f"{value}; {limits}{secure}"}


def is_foreign(headers: Mapping[str, str], method: str = "") -> bool:
    """Whether a web page of another origin makes a request, by headers that no page can set.

    A link from elsewhere to a page of ours is no foreign request: it opens the page and tells the
    other side nothing. The names in `headers` are in small letters; a websocket has no `method`.
    """
    origin = headers.get("origin")
    if origin is not None and not _is_origin_of(origin, headers.get("host", "")):
        return True
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return False
    fetch = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return not (fetch == ("navigate", "document") and method in ("GET", "HEAD"))


def _is_origin_of(origin: str, host: str) -> bool:
    """Whether an Origin header names the same server as a Host header does."""
    scheme, _, name = origin.strip().lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    return port is not None and name.removesuffix(port) == host.strip().lower().removesuffix(port)


def _with_headers(send: Send, more: Mapping[str, str]) -> Send:
    """`send` that adds headers to an HTTP answer, except those that it has already."""

    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower(), value) for name, value in message.get("headers", ())]
            message = {**message, "headers": own}
            headers = MutableHeaders(scope=message)
            for name, value in more.items():
                if name == "set-cookie":
                    headers.append(name, value)
                else:
                    headers.setdefault(name, value)
        await send(message)

    return send_with


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008)(scope, receive, send)
        return
    login = {"www-authenticate": 'Basic realm="Kantor", charset="UTF-8"'} if status == 401 else {}
    if scope["path"].startswith(_RESOURCES):
        await problem(status, reason, login)(scope, receive, send)
    else:
        await PlainTextResponse(f"{reason}\n", status, login)(scope, receive, send)


def serve(build: Callable[[Access], ASGIApp], port: int, health: str) -> int:
    """Serve an app behind a guard until SIGTERM or Ctrl-C, by what the environment says.

    `build` makes the app; a `SetupError` that it raises ends this in one line. The path `health`
    needs no token. Returns the exit code of the process.
    """
    import uvicorn

    try:
        access = Access.from_environment()
        app = Guard(build(access), access, open_paths=(health,))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    uvicorn.run(app, host=access.host, port=port, log_level="warning", timeout_graceful_shutdown=3)
    return 0
