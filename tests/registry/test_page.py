"""Each move of the champion in MLflow's page is in the history, however soon another follows."""

import asyncio
import json

import pytest

from kantor.registry import history
from kantor.registry.page import ALIAS, Noting
from kantor.registry.serving import _note

PATH = f"/ajax-api/2.0/{ALIAS}"


def request(app, body, path=PATH, method="POST"):
    """Ask an app, the body in two messages; what it answers."""
    messages = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:], "more_body": False},
    ]
    sent = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    return app({"type": "http", "method": method, "path": path}, receive, send), sent


@pytest.fixture
def page(moving, client):
    """MLflow's part of the work, behind the app that takes note."""

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        asked = json.loads(body)
        client.set_registered_model_alias(asked["name"], asked["alias"], asked["version"])
        assert (await receive())["type"] == "http.disconnect"
        await send({"body": body})

    return Noting(app, lambda name: _note(moving, name))


def asking(version, alias="champion", name="kantor-bach"):
    return json.dumps({"name": name, "alias": alias, "version": str(version)}).encode()


def moves(root):
    return [(e.what, e.before, e.after, e.by) for e in history(root=root)]


def test_each_move_is_recorded_however_soon_the_next_one_comes(page, moving):
    """Of three asked for at once the middle one is known as well."""

    async def together():
        asked = [request(page, asking(version)) for version in (2, 3, 2)]
        await asyncio.gather(*(one for one, _ in asked))
        return [sent for _, sent in asked]

    assert asyncio.run(together()) == [[{"body": asking(version)}] for version in (2, 3, 2)]
    who = "MLflow's page"
    assert moves(moving) == [
        ("elsewhere", 1, 2, who), ("elsewhere", 2, 3, who), ("elsewhere", 3, 2, who)
    ]  # fmt: skip


@pytest.mark.parametrize("body", [asking(2, "challenger"), b"no json", b"[1, 2]", b"x" * 300_000])
def test_other_requests_go_through_untouched(body):
    """About another alias, or nothing that MLflow would take: it says so itself."""
    heard = []

    async def app(scope, receive, send):
        message = {"more_body": True}
        while message["more_body"]:
            message = await receive()
            heard.append(message["body"])

    asked, _ = request(Noting(app, pytest.fail), body)
    asyncio.run(asked)
    assert b"".join(heard) == body


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), (PATH, "DELETE"), ("/x", "POST")])
def test_no_other_path_is_listened_to(path, method):
    """Their bodies are not read before the app asks for them."""
    seen = []

    async def app(scope, receive, send):
        seen.append(receive)

    async def receive():
        pytest.fail("read")

    asyncio.run(
        Noting(app, pytest.fail)({"type": "http", "method": method, "path": path}, receive, None)
    )
    assert seen == [receive]


def test_another_model_is_not_ours(moving):
    """Whatever is champion of it is nobody's business here; nor is a registry that fails."""
    _note(moving, "another")
    assert moves(moving) == []
