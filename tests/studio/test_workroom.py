"""A process beside the server: slow, broken or crowded, it never takes the server along."""

import asyncio
import os
import time

import pytest

from kantor.studio.problems import Problem
from kantor.studio.workroom import MOST_WAITING, Workroom


@pytest.fixture
def room():
    room = Workroom("sleeping", "kantor.studio.workroom", limit=20, idle=0.3)
    yield room
    room.close()


def test_it_answers_from_another_process(room):
    """One thing after the other, also after it has rested."""

    async def ask():
        first = await room.call(os.getpid)
        await asyncio.sleep(1)
        return first, await room.call(os.getpid)

    first, second = asyncio.run(ask())
    assert len({first, second, os.getpid()}) == 3


def test_what_fails_is_told(room):
    """Errors come back as they are; a process that ends, or that takes too long, is a 503."""
    with pytest.raises(ZeroDivisionError):
        asyncio.run(room.call(divmod, 1, 0))
    with pytest.raises(Problem, match="ended its process") as refusal:
        asyncio.run(room.call(os._exit, 3))
    assert refusal.value.status == 503
    room._limit = 1
    with pytest.raises(Problem, match="took over 1 s"):
        asyncio.run(room.call(time.sleep, 60))
    room._limit = 20
    assert asyncio.run(room.call(len, "abc")) == 3


def test_too_many_are_sent_away(room):
    """With 429, so that they come again, while those before them are served."""

    async def crowd():
        calls = [room.call(time.sleep, 0.01) for _ in range(MOST_WAITING + 3)]
        return await asyncio.gather(*calls, return_exceptions=True)

    refused = [one for one in asyncio.run(crowd()) if one is not None]
    assert [one.status for one in refused] == [429] * 3
