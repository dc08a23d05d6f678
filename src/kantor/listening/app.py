"""The pages of a blind test: its beginning, a page for each pair, the result.

Until a pair is answered its page says nothing of it that would not be the same were the two
settings exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from kantor.errors import InputError
from kantor.listening.answers import Answer, wilson
from kantor.listening.blind import LETTERS, BlindTest
from kantor.listening.pairs import BARS
from kantor.listening.sounds import Sounds
from kantor.pages import template

HEALTH = "/health"
_NAME = re.compile(r"\w[\w .'-]{0,39}")
_MOST = 999  # hands, and plays that are counted
_MOST_BYTES = 10_000  # of a form


def build(test: BlindTest, sounds: Sounds) -> Starlette:
    """The server's application, without its guard."""
    pages = _Pages(test, sounds)
    return Starlette(
        routes=[
            Route("/", pages.start),
            Route("/pair", pages.pair),
            Route("/answer", pages.post, methods=["POST"]),
            Route("/result", pages.result),
            Route("/sound/{word}", pages.sound),
            Route(HEALTH, lambda _: PlainTextResponse("ok")),
        ],
        exception_handlers={InputError: _refused, OSError: _refused},
    )


class _Pages:
    """The answers to requests."""

    def __init__(self, test: BlindTest, sounds: Sounds) -> None:
        self.test, self.sounds = test, sounds

    def start(self, _: Request) -> Response:
        return _page("start", bars=BARS, pairs=len(self.test.pairs))

    def pair(self, request: Request) -> Response:
        listener, hands = _listener(request.query_params), "hands" in request.query_params
        found = self.test.next(listener)
        if found is None:
            return _to("/result", listener)
        before, turn = found
        words = self.sounds.words[turn.pair][:: -1 if turn.order else 1]
        return _page(
            "pair",
            listener=listener,
            hands=hands,
            number=before + 1,
            pairs=len(self.test.pairs),
            pair=turn.pair,
            players=list(zip(LETTERS, words, strict=True)),
            most=_MOST,
            query=urlencode({"listener": listener}),
        )

    async def post(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise InputError("the form is too long")
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return await run_in_threadpool(self.answer, {name: all[-1] for name, all in fields.items()})

    def answer(self, form: Mapping[str, str]) -> Response:
        listener, hands = _listener(form), "hands" in form
        pair, plays = (_number(form.get(name, "")) for name in ("pair", "plays"))
        self.test.keep(listener, pair, _votes(form, hands), plays)
        return _to("/pair", listener, hands)

    def result(self, request: Request) -> Response:
        listener = _listener(request.query_params)
        own, everyone = self.test.answered(listener), self.test.answered()
        return _page(
            "result",
            listener=listener,
            own=_share(own),
            everyone=_share(everyone),
            listeners=len({one.listener for one in everyone}),
            left=len(self.test.pairs) - len({one.pair for one in own}),
            rows=self._rows(listener, own),
            model=self.test.model,
            path=self.test.path,
            query=urlencode({"listener": listener}),
        )

    def _rows(self, listener: str, own: Sequence[Answer]) -> list[dict[str, Any]]:
        """The pairs that a listener has answered, in the order in which they were heard."""
        turns = {turn.pair: turn for turn in self.test.turns(listener)}
        shown = []
        for pair, votes in groupby(own, lambda one: one.pair - 1):
            excerpt, turn = self.test.pairs[pair].excerpt, turns[pair]
            shown.append(
                {
                    "title": excerpt.piece.score.title or excerpt.piece.id,
                    "bar": excerpt.first_bar,
                    "bach": turn.bach,
                    "players": list(zip(("Bach", "Kantor"), self.sounds.words[pair], strict=True)),
                    "votes": _share(list(votes)),
                }
            )
        return shown

    def sound(self, request: Request) -> Response:
        recording = self.sounds.of(request.path_params["word"])
        if recording is None:
            return PlainTextResponse("no such recording: open the page again\n", 404)
        return Response(recording, 200, {"cache-control": "no-store"}, "audio/mpeg")


def _page(name: str, **context: Any) -> Response:
    text = template("kantor.listening", f"{name}.html.j2").render(context)
    return HTMLResponse(text, headers={"cache-control": "no-store"})


def _to(path: str, listener: str, hands: bool = False) -> Response:
    query = {"listener": listener} | ({"hands": "on"} if hands else {})
    return RedirectResponse(f"{path}?{urlencode(query)}", 303)


async def _refused(_: Request, error: Exception) -> Response:
    """One line of text: what was wrong with a request, or why its answer was not kept."""
    if isinstance(error, OSError):
        return PlainTextResponse(f"the answer was not kept: {error.strerror}\n", 507)
    return PlainTextResponse(f"{error}\n", 400)


def _listener(fields: Mapping[str, str]) -> str:
    name = " ".join(fields.get("listener", "").split())
    if not _NAME.fullmatch(name):
        raise InputError(
            "a name has 1 to 40 letters, digits, spaces, dots or hyphens, and begins with a "
            "letter or a digit"
        )
    return name


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InputError(f"{text[:20]!r}: expected a whole number")
    return min(int(text), _MOST)


def _votes(form: Mapping[str, str], hands: bool) -> dict[str, int]:
    """How many say that A is Bach's, and how many that B is."""
    if hands:
        votes = {letter: _number(form.get(letter) or "0") for letter in LETTERS}
    else:
        votes = {letter: int(form.get("answer") == letter) for letter in LETTERS}
    if not sum(votes.values()):
        raise InputError("count the hands for A and for B" if hands else "choose A or B")
    return votes


def _share(votes: Sequence[Answer]) -> dict[str, Any]:
    """The share right and its interval, in percent, and what they say of guessing."""
    right, total = sum(one.right for one in votes), len(votes)
    low, high = wilson(right, total)
    return {
        "right": right,
        "total": total,
        "percent": 100 * right / max(total, 1),
        "low": 100 * low,
        "high": 100 * high,
        "against_guessing": "better" if low > 0.5 else "worse" if high < 0.5 else "alike",
    }
