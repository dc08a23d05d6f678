"""What happened, pushed to open pages as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

KEPT = 500  # events that a page which lost its connection can catch up on
BEAT = 15.0  # seconds after which a comment keeps the connection alive


class Events:
    """A bounded log of events with numbers, and the pages that follow it.

    `publish` may be called from any thread once `bind` was called in the loop that serves.
    """

    def __init__(self) -> None:
        self._log: deque[tuple[int, str, str]] = deque(maxlen=KEPT)
        self._next, self._loop = 1, None  # type: tuple[int, asyncio.AbstractEventLoop | None]
        self._news: asyncio.Event | None = None
        self.closing = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve from this loop."""
        self._loop, self._news = loop, asyncio.Event()

    def publish(self, kind: str, data: Any) -> None:
        """Tell every open page; `data` is plain JSON."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._add, kind, json.dumps(data))

    def close(self) -> None:
        """End every page's stream, so that the server can stop."""
        self.closing = True
        self._wake()

    def _add(self, kind: str, text: str) -> None:
        self._log.append((self._next, kind, text))
        self._next += 1
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = asyncio.Event()

    async def stream(self, last: int | None) -> AsyncIterator[str]:
        """The events after number `last`, as text/event-stream, then those to come."""
        seen = self._next - 1 if last is None else last
        if seen >= self._next:  # of a server before this one
            seen = 0
        yield "retry: 2000\n\n"
        while not self.closing:
            for number, kind, text in [one for one in self._log if one[0] > seen]:
                seen = number
                yield f"id: {number}\nevent: {kind}\ndata: {text}\n\n"
            news = self._news
            assert news is not None, "bind comes first"
            try:
                await asyncio.wait_for(news.wait(), BEAT)
            except TimeoutError:
                yield ": still here\n\n"
