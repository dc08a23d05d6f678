"""MIDI and MusicXML files beside the pieces, written after the answer was given.

One thread writes them. A piece that is saved again before its turn is written once.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Protocol

from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.studio.document import Piece, Take
from kantor.studio.problems import Problem
from kantor.studio.scores import score_of

PAUSE = 1.0  # seconds in which a piece that is saved again is written once
_log = logging.getLogger(__name__)


class Pieces(Protocol):
    """Where the pieces are."""

    def get(self, id: str) -> Piece: ...
    def take(self, id: str, number: int) -> Take: ...
    def folder(self, id: str) -> Path: ...


class Written:
    """What is still to be written, and the thread that does it."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._waiting: dict[tuple[str, int | None], None] = {}
        self._news = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def soon(self, id: str, take: int | None = None) -> None:
        """Write a piece's files, or a take's, in the background; at once after `close`."""
        with self._news:
            if not self._closed:
                self._waiting[id, take] = None
                self._news.notify()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, daemon=True)
                    self._thread.start()
                return
        self._write(id, take)

    def close(self) -> None:
        """Write what waits, and end."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._closed, PAUSE)
                some, self._waiting = list(self._waiting), {}
                if self._closed and not some:
                    return
                if not some:
                    self._news.wait_for(lambda: self._closed or self._waiting)
            for id, take in some:
                self._write(id, take)

    def _write(self, id: str, number: int | None) -> None:
        try:
            piece, folder = self._pieces.get(id), self._pieces.folder(id)
            if number is None:
                score = score_of(piece)
                midi.write(score, folder / "piece.mid")
                musicxml.write(score, folder / "piece.musicxml")
            else:
                take = self._pieces.take(id, number)
                midi.write(score_of(taken(piece, take)), folder / f"takes/take-{number:04}.mid")
        except (Problem, FileNotFoundError):
            pass  # deleted meanwhile
        except (InputError, OSError) as error:
            _log.warning("piece %s: its MIDI and MusicXML files are not written: %s", id, error)
        except Exception:
            _log.exception("piece %s: its MIDI and MusicXML files are not written", id)


def taken(piece: Piece, take: Take) -> Piece:
    """The piece with a take's notes; a take may be shorter than the piece has become."""
    lines = [
        line.model_copy(update={"notes": notes})
        for line, notes in zip(piece.lines, take.notes, strict=True)
    ]
    return piece.model_copy(update={"lines": lines, "steps": max(piece.steps, take.steps)})
