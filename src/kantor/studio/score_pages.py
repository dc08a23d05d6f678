"""The score of a piece as the page shows it: stretch by stretch, kept while nothing changes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

from pydantic import BaseModel

from kantor.formats.staves import Layout
from kantor.music.excerpts import stretches
from kantor.studio.chord_names import chords_of
from kantor.studio.document import Piece, Step
from kantor.studio.piece_files import taken
from kantor.studio.problems import Problem
from kantor.studio.score_svg import engrave
from kantor.studio.scores import score_of
from kantor.studio.store import Store
from kantor.studio.workroom import Workroom

NARROWEST, WIDEST = 280, 2400
_GRAIN = 20  # pixels to which widths are rounded down, so that they are found again
_KEPT = 60
_LIMIT = 30.0  # seconds
_SEEN: Any = {
    **dict.fromkeys(("title", "steps", "meter", "pickup", "key", "tempo", "ensemble"), True),
    **dict.fromkeys(("cast", "meters", "tempi", "bar_lines", "fermatas", "notation"), True),
    "lines": {"__all__": {"name", "low", "high", "kind", "program", "notes"}},
}
"""What of a piece can be seen in its score."""


class Page(BaseModel):
    """A stretch of a score. Heads have ids ``n-LINE-START-END``, bars ``m-START-END``, in steps."""

    key: str  # the same as long as nothing that is seen has changed
    pages: list[tuple[Step, Step]]  # where all stretches begin and end
    page: int
    svg: str


class ChordName(BaseModel):
    """A chord and where it begins, such as "G7/B"."""

    step: Step
    text: str


def shown(store: Store, id: str, take: int | None) -> Piece:
    """A piece, or with the notes of one of its takes; raises as the store does."""
    piece = store.get(id)
    return piece if take is None else taken(piece, store.take(id, take))


def chord_names(piece: Piece) -> list[ChordName]:
    """The chords of a piece, where they change."""
    return [ChordName(step=one.step, text=one.text) for one in chords_of(score_of(piece))]


def page_of(
    piece: Piece, page: int, width: int, layout: Layout
) -> tuple[list[tuple[int, int]], str]:
    """The stretches of a piece, and one of them engraved; runs where Verovio may."""
    score = score_of(piece)
    parts = stretches(score)
    svg = engrave(score, *parts[page], width, layout) if page < len(parts) else ""
    return parts, svg


class Engraver:
    """Engraves in a process of its own, and keeps the last pages."""

    def __init__(self) -> None:
        self._room = Workroom("engraving", "kantor.studio.score_pages", _LIMIT)
        self._kept: OrderedDict[str, Page] = OrderedDict()
        self._lock = threading.Lock()

    async def page(self, piece: Piece, page: int, width: int, layout: Layout) -> Page:
        """A stretch of a piece's score.

        Raises
        ------
        Problem
            404 if the piece has no such stretch; 429 and 503 as of `Workroom.call`.
        """
        width = max(NARROWEST, min(WIDEST, width)) // _GRAIN * _GRAIN
        seen = f"{piece.model_dump_json(include=_SEEN)} {page} {width} {layout}"
        key = hashlib.sha256(seen.encode()).hexdigest()[:24]
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        parts, svg = await self._room.call(page_of, piece, page, width, layout)
        if not svg:
            raise Problem(404, f"the score has no part {page}; its last is {len(parts) - 1}")
        made = Page(key=key, pages=parts, page=page, svg=svg)
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def close(self) -> None:
        """End the process."""
        self._room.close()
