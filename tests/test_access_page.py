"""Prefect's page asks for the token once, and is itself shown to nobody without it."""

import asyncio
import base64

import pytest

from kantor.access import TOKEN, Access, Guard
from kantor.access_page import KEY, LoggedIn

SECRET = "correct-horse-battery"
WORD = base64.b64encode(f"kantor:{SECRET}".encode()).decode()
PAGE = b"<!doctype html><html><head><title>Prefect</title></head><body></body></html>"


def served(kind, body):
    """An app that answers all with one body, in two parts, and the scopes that it saw."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)
        fields = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body[:20], "more_body": True})
        await send({"type": "http.response.body", "body": body[20:]})

    return app, seen


def ask(app, **headers):
    """Status, headers and body of the answer to a browser that opens a page."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = {"host": "127.0.0.1", "accept": "text/html,*/*", **headers}
    fields = [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items()]
    asyncio.run(app({"type": "http", "path": "/", "headers": fields}, None, send))
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_a_page_comes_with_the_login_of_its_api():
    """In the head, before its own scripts run; whole, and kept by no cache."""
    app, seen = served(b"text/html; charset=utf-8", PAGE)
    status, headers, body = ask(
        LoggedIn(app, f"kantor:{SECRET}"), accept_encoding="gzip", if_none_match="1"
    )
    script = f'<script>localStorage.setItem("{KEY}", "{WORD}")</script>'.encode()
    assert (status, body) == (200, PAGE.replace(b"<head>", b"<head>" + script))
    assert int(headers[b"content-length"]) == len(body)
    assert headers[b"cache-control"] == b"no-store"
    assert b"etag" not in headers
    assert {name for name, _ in seen[0]["headers"]} == {b"host", b"accept"}


@pytest.mark.parametrize(
    ("kind", "accept"), [(b"application/json", "text/html"), (b"text/html", "*/*")]
)
def test_what_is_no_page_or_not_asked_for_as_one_is_left(kind, accept):
    """Scripts, pictures and the API's answers pass as they are."""
    app, _ = served(kind, PAGE)
    _, headers, body = ask(LoggedIn(app, f"kantor:{SECRET}"), accept=accept)
    assert body == PAGE
    assert headers[b"etag"] == b"1"


def test_nobody_without_the_token_sees_it():
    """The guard before the page refuses; with the token it lets through."""
    app, _ = served(b"text/html", PAGE)
    guard = Guard(LoggedIn(app, f"kantor:{SECRET}"), Access.from_environment({TOKEN: SECRET}))
    status, _, body = ask(guard)
    assert status == 401
    assert WORD.encode() not in body
    status, _, body = ask(guard, authorization=f"Bearer {SECRET}")
    assert status == 200
    assert WORD.encode() in body
