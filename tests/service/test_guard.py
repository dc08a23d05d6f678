"""Servers open to others only with a token and by name, and to no web page of another site."""

import asyncio
import base64
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from kantor.errors import SetupError
from kantor.service.access import ALLOWED_HOSTS, HOST, TOKEN, Access
from kantor.service.guard import COOKIE, COOKIE_SECONDS, MOST_WAITING, Guard, is_foreign

SECRET = "correct-horse-battery"
BEARER = f"Bearer {SECRET}"
OPEN = Access.from_environment({})
LOCKED = Access.from_environment({TOKEN: SECRET})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({HOST: "10.0.0.7"}, f"set {TOKEN}"),
        ({HOST: "0.0.0.0", TOKEN: SECRET}, f"set {ALLOWED_HOSTS}"),
        ({TOKEN: "short"}, "at least 16"),
        ({TOKEN: "a colon: in the midst"}, "no colon"),
        ({TOKEN: "nø plain characters"}, "plain"),
    ],
)
def test_what_would_be_open_is_refused(values, words):
    """One line says what to set, and never what the token is."""
    with pytest.raises(SetupError, match=words) as error:
        Access.from_environment(values)
    assert values.get(TOKEN, "?") not in str(error.value)


def test_names_by_which_a_machine_is_known():
    """Unset, loopback alone; else those that were allowed, beside the address and loopback."""
    assert all(map(OPEN.knows, ("localhost:5000", "127.0.0.1", "[::1]:80")))
    assert not any(map(OPEN.knows, ("kantor.example", "")))
    values = {HOST: "0.0.0.0", TOKEN: SECRET, ALLOWED_HOSTS: "kantor.example, Studio"}
    access = Access.from_environment(values)
    assert all(map(access.knows, ("kantor.example:8400", "studio", "localhost")))
    assert SECRET not in repr(access)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def app(scope, receive, send):
    fields = [(b"X-Frame-Options", b"DENY")] if scope["path"] == "/own" else []
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"inside"})


def guarded(access=LOCKED, penalty=0):
    """An app behind a guard that makes nobody wait."""
    guard = Guard(app, access, open_paths=("/health",))
    guard.penalty = penalty
    return guard


async def asked(guard, kind="http", path="/", method="GET", scheme="http", **headers):
    """The messages with which a guarded app answers."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = {"host": "localhost:8400", **headers}
    fields = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    scope = {"type": kind, "path": path, "scheme": scheme, "headers": fields}
    scope |= {"client": ("10.0.0.9", 1)} | ({"method": method} if kind == "http" else {})
    await guard(scope, None, send)
    return sent


def ask(guard, **request):
    return asyncio.run(asked(guard, **request))


def status(guard, **request):
    return ask(guard, **request)[0]["status"]


@pytest.mark.parametrize(
    "header", [BEARER, BEARER.lower()[:7] + SECRET, basic("Jürgen 音", SECRET), basic("", SECRET)]
)
def test_the_token_opens(header):
    """As a bearer token or as a password, for any user name."""
    assert ask(guarded(), authorization=header)[1]["body"] == b"inside"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": f"{BEARER}x"},
        {"authorization": basic(SECRET, "пароль")},
        {"cookie": f"{COOKIE}={SECRET}"},
    ],
)
def test_without_the_token_nothing_is_told(headers):
    """401 asks a browser for the password; a websocket is closed."""
    first, body = ask(guarded(), **headers)
    assert first["status"] == 401
    assert b"www-authenticate" in dict(first["headers"])
    assert SECRET.encode() not in body["body"]
    (closed,) = ask(guarded(), kind="websocket", **headers)
    assert closed["type"] == "websocket.close"


@settings(max_examples=30)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_other_text_opens(text):
    """Whatever the headers hold, it is the token or it is refused; nothing fails on it."""
    for header in (text, f"Bearer {text}", f"Basic {text}", basic("", text)):
        assert status(guarded(), authorization=header) == 401
    for header in (text, f"{COOKIE}={text}", f"{COOKIE}=in.{text}"):
        assert status(guarded(), cookie=header) == 401


def test_a_health_check_needs_no_token():
    """It says nothing but that the server lives; what merely looks like its path is no such."""
    codes = {"/health": 200, "/health/../x": 401, "/health/": 401, "//health": 401}
    assert {path: status(guarded(), path=path) for path in codes} == codes


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_cookie_expires_and_cannot_be_changed(monkeypatch, scheme):
    """Given for the token, it opens for two weeks; behind TLS a browser never sends it in clear."""
    now = [time.time()]
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(now[0]))
    headers = dict(ask(guarded(), scheme=scheme, authorization=BEARER)[0]["headers"])
    cookie, *rest = headers[b"set-cookie"].decode().split("; ")
    assert ("Secure" in rest) == (scheme == "https")
    assert {f"Max-Age={COOKIE_SECONDS}", "HttpOnly", "SameSite=Strict"} <= set(rest)
    assert SECRET not in cookie
    word, begun, signed = cookie.split(".")
    other = Access.from_environment({TOKEN: SECRET + "!"})
    assert status(guarded(), cookie=f"{word}.{begun[:-1]}_.{signed}") == 401
    assert status(guarded(other), cookie=cookie) == 401
    now[0] += COOKIE_SECONDS - 1
    assert status(guarded(), cookie=cookie) == 200
    now[0] += 2
    assert status(guarded(), cookie=cookie) == 401


def test_tokens_cannot_be_guessed_side_by_side():
    """A wrong one waits; of one address only so many wait. The right one or none does not wait."""
    guard = guarded(penalty=0.5)

    async def guess():
        wrong = [asked(guard, authorization=f"Bearer wrong-{n}") for n in range(MOST_WAITING)]
        waiting = [asyncio.create_task(one) for one in wrong]
        await asyncio.sleep(0.1)
        over = await asked(guard, authorization=BEARER)
        assert not any(one.done() for one in waiting)
        return over[0]["status"], [(await one)[0]["status"] for one in waiting]

    began = time.monotonic()
    assert asyncio.run(guess()) == (429, [401] * MOST_WAITING)
    assert time.monotonic() - began >= 0.5
    guard.penalty = 60
    assert status(guard, authorization=BEARER) == 200
    assert status(guard, cookie=f"{COOKIE}=1.1") == 401
    assert time.monotonic() - began < 60


def fetch(site, mode="no-cors", dest="image"):
    """The headers by which a browser says who asks and for what."""
    return {"sec_fetch_site": site, "sec_fetch_mode": mode, "sec_fetch_dest": dest}


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://localhost:4200"},
    {"origin": "http://127.0.0.1:8400"},
    {"origin": "null"},
    {"origin": "file://"},
    {"host": "evil.example"},
    fetch("cross-site"),
    fetch("same-site"),
    fetch("same-site", "navigate", "iframe"),
]
LINK = fetch("cross-site", "navigate", "document")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("access", [OPEN, LOCKED], ids=["open", "locked"])
def test_a_foreign_page_is_refused(headers, access):
    """By any method, and its websockets, not even a health check; also by a name of its own."""
    known = {"authorization": BEARER} if access.token else {}
    for method in ("GET", "POST", "PATCH", "OPTIONS"):
        (start, _) = ask(guarded(access), method=method, path="/health", **headers, **known)
        assert start["status"] == 403
        assert b"access-control-allow-origin" not in dict(start["headers"])
    (closed,) = ask(guarded(access), kind="websocket", **headers, **known)
    assert closed["type"] == "websocket.close"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:8400"},
        {"origin": "http://LOCALHOST:8400", "sec_fetch_site": "same-origin"},
        fetch("none", "navigate", "document"),
        LINK,
    ],
)
def test_programs_own_pages_and_links_pass(headers):
    """Programs send no such header; a link from elsewhere opens a page, but sends no form."""
    assert status(guarded(OPEN), **headers) == 200
    assert status(guarded(OPEN), method="POST", **headers) == (403 if headers == LINK else 200)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://kantor.example", "kantor.example"),
        ("https://kantor.example", "kantor.example:443"),
        ("http://kantor.example", "kantor.example:80"),
        ("http://[::1]:8400", "[::1]:8400"),
    ],
)
def test_a_proxy_with_tls_may_stand_before_it(origin, host):
    """The browser names the proxy's address in both headers, with or without the usual port."""
    assert not is_foreign({"origin": origin, "host": host}, "POST")
    assert is_foreign({"origin": origin, "host": "kantor.example:9999"}, "POST")


@pytest.mark.parametrize("request_", [{}, {"authorization": BEARER}, {"host": "evil.example"}])
def test_every_answer_carries_the_rules_for_its_page(request_):
    """What a page may load and who may frame it; an app's own rules stay."""
    headers = dict(ask(guarded(), **request_)[0]["headers"])
    assert b"frame-ancestors 'self'" in headers[b"content-security-policy"]
    assert headers[b"x-frame-options"] == b"SAMEORIGIN"
    assert headers[b"x-content-type-options"] == b"nosniff"
    (start, _) = ask(guarded(OPEN), path="/own")
    assert [v for name, v in start["headers"] if name.lower() == b"x-frame-options"] == [b"DENY"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"origin": "http://evil.example"}, 403), ({"host": "evil.example"}, 403), ({}, 401)],
)
def test_programs_are_refused_with_a_problem(headers, code):
    """Under /api it is JSON, which says what to do; a page gets a line of text."""
    start, body = ask(guarded(), path="/api/pieces", **headers)
    fields = dict(start["headers"])
    assert fields[b"content-type"] == b"application/problem+json"
    assert (b"www-authenticate" in fields) == (code == 401)
    told = json.loads(body["body"])
    assert (start["status"], told["status"]) == (code, code)
    start, body = ask(guarded(), path="/library", **headers)
    assert dict(start["headers"])[b"content-type"].startswith(b"text/plain")
    assert body["body"].decode().strip() == told["detail"]
