"""Servers open to others only with a token and by name, and keep the token to themselves."""

import asyncio
import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.access import ALLOWED_HOSTS, COOKIE, HOST, TOKEN, Access, AccessError, Guard

SECRET = "correct-horse-battery"
OPEN = Access.from_environment({})
LOCKED = Access.from_environment({TOKEN: SECRET})


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(guard, host="localhost:8400", kind="http", path="/", **headers):
    """The status, headers and body that a guarded app answers with."""
    sent = []

    async def send(message):
        sent.append(message)

    fields = [(b"host", host.encode())] if host else []
    fields += [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "headers": fields}
    asyncio.run(guard(scope, None, send))
    return sent


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def test_this_machine_alone_without_settings():
    """Unset means loopback, its names, and no token."""
    assert OPEN.host == "127.0.0.1"
    assert OPEN.knows("localhost:5000")
    assert OPEN.knows("127.0.0.1")
    assert OPEN.knows("[::1]:80")
    assert not OPEN.knows("kantor.example")
    assert not OPEN.knows("")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({HOST: "10.0.0.7"}, f"set {TOKEN}"),
        ({HOST: "0.0.0.0", TOKEN: SECRET}, f"set {ALLOWED_HOSTS}"),
        ({TOKEN: "short"}, "at least 16"),
        ({TOKEN: "a colon: in the midst"}, "no colon"),
        ({TOKEN: "nø plain characters"}, "plain"),
    ],
)
def test_what_would_be_open_is_refused(values, told):
    """One line says what to set, and never what the token is."""
    with pytest.raises(AccessError, match=told) as error:
        Access.from_environment(values)
    assert values.get(TOKEN, "?") not in str(error.value)


def test_elsewhere_with_token_and_names():
    """The names that were allowed are known, beside the address itself and loopback."""
    values = {HOST: "0.0.0.0", TOKEN: SECRET, ALLOWED_HOSTS: "kantor.example, Studio"}
    access = Access.from_environment(values)
    assert all(map(access.knows, ("kantor.example:8400", "studio", "localhost")))
    assert SECRET not in repr(access)


def test_a_foreign_host_is_refused():
    """A page elsewhere that has its name point here gets nothing, token or not."""
    for access in (OPEN, LOCKED):
        sent = ask(Guard(app, access), host="evil.example", authorization=f"Bearer {SECRET}")
        assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "header",
    [f"Bearer {SECRET}", f"bearer {SECRET}", basic("anyone", SECRET), basic("", SECRET)],
)
def test_the_token_opens(header):
    """As a bearer token or as a password; the cookie that is given then opens as well."""
    sent = ask(Guard(app, LOCKED), authorization=header)
    assert sent[1]["body"] == b"inside"
    cookie = dict(sent[0]["headers"])[b"set-cookie"].decode()
    assert SECRET not in cookie
    assert "HttpOnly" in cookie
    assert ask(Guard(app, LOCKED), cookie=cookie.split(";")[0])[1]["body"] == b"inside"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {SECRET}x"},
        {"authorization": "Basic ???"},
        {"authorization": basic(SECRET, "")},
        {"cookie": f"{COOKIE}={SECRET}"},
        {"cookie": "]["},
    ],
)
def test_without_the_token_nothing_is_told(headers):
    """401 asks a browser for the password; a websocket is closed."""
    first, body = ask(Guard(app, LOCKED), **headers)
    assert first["status"] == 401
    assert b"www-authenticate" in dict(first["headers"])
    assert SECRET.encode() not in body["body"]
    (closed,) = ask(Guard(app, LOCKED), kind="websocket", **headers)
    assert closed["type"] == "websocket.close"


def test_open_paths_and_logins_of_their_own():
    """A health check needs no token, nor does the part of a server that asks for it by itself."""
    guard = Guard(app, LOCKED, open_paths=("/health",))
    assert ask(guard, path="/health")[0]["status"] == 200
    assert ask(guard, path="/health/../x")[0]["status"] == 401
    guard = Guard(app, LOCKED, own_login="/api")
    assert ask(guard, path="/api/flows")[0]["status"] == 200
    for path in ("/", "/runs", "/apis", "//api/flows", "/x/api/flows", "/v2/../api"):
        assert ask(guard, path=path)[0]["status"] == 401


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_no_other_text_opens(text):
    """Whatever stands in the headers, it is the token or it is refused."""
    for headers in ({"authorization": text}, {"cookie": text}):
        assert not LOCKED.admits(headers)
