"""Moves of the champion in MLflow's page, recorded by the server that makes them.

MLflow keeps the alias, not what it stood at before or since when. Moves are looked for now and
then (`kantor.registry.noticing`); one that is made and undone in between would not be known. So
the server looks as soon as it has made one, and makes no other meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from kantor.access import App, Message, Receive, Send
from kantor.registry.registering import CHAMPION

ALIAS = "mlflow/registered-models/alias"
_LONGEST = 100_000  # bytes of a request that can be about an alias


class Noting:
    """An ASGI app that lets everything through to `app`.

    Parameters
    ----------
    note
        Told the model's name when its champion was set, in a thread; the next one waits for it.
    """

    def __init__(self, app: App, note: Callable[[str], object]) -> None:
        self._app, self._note = app, note
        self._one = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on; where the champion was set, `note` it once that is answered."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if not (is_post and scope["path"].endswith(ALIAS)):
            await self._app(scope, receive, send)
            return
        heard = await _heard(receive)
        name = _whose_champion(b"".join(message.get("body", b"") for message in heard))
        if name is None:
            await self._app(scope, _again(heard, receive), send)
            return
        async with self._one:
            await self._app(scope, _again(heard, receive), send)
            await asyncio.to_thread(self._note, name)


async def _heard(receive: Receive) -> list[Message]:
    """The messages of a request's body, as far as one about an alias goes."""
    found: list[Message] = []
    size = 0
    while size <= _LONGEST:
        found.append(await receive())
        size += len(found[-1].get("body", b""))
        if not found[-1].get("more_body", False):
            break
    return found


def _again(heard: list[Message], receive: Receive) -> Receive:
    """`receive` from the beginning."""
    left = iter(heard)

    async def received() -> Message:
        """What was heard already, then what is still to come."""
        message = next(left, None)
        return await receive() if message is None else message

    return received


def _whose_champion(body: bytes) -> str | None:
    """The model whose champion is set by a request."""
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    if not isinstance(asked, dict) or asked.get("alias") != CHAMPION:
        return None
    return str(asked.get("name"))
