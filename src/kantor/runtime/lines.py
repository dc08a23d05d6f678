"""Several pieces composed side by side, step by step."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kantor.music.score import VOICES, Flags
from kantor.runtime.choosing import Manner, threshold
from kantor.runtime.decoder import Decoder, Moment, some
from kantor.runtime.encoder import Encoder
from kantor.runtime.layers import rectify
from kantor.runtime.pieces import Piece, latent
from kantor.runtime.pitches import CODES, CONTEXT, Codes, Whole
from kantor.runtime.tables import ScoreLayer, chord_of
from kantor.runtime.weights import Array, Weights, past_units

ROWS = 512
"""Of pieces composed side by side, at most: more are hardly faster, and take more memory."""
CHUNK = 512
"""Steps that the encoder reads at once, so that memory does not grow with a piece's length."""


class Memory:
    """What the decoder keeps of each step of its own past."""

    def __init__(self, weights: Weights) -> None:
        self.layer = ScoreLayer(weights["remember.kernel"])
        self.bias = weights["remember.bias"]
        self.units = len(self.bias)
        self.reach = past_units(weights) // self.units
        around = np.ones((len(VOICES), CONTEXT), np.intp)
        before = np.pad(around[:, 1:], ((0, 0), (1, 0)))
        traces = self.traces(around * CODES + before, around, around == 0, chord_of(around))
        self.start = np.zeros((self.reach, self.units), np.float32)
        shown = min(self.reach, CONTEXT)
        self.start[self.reach - shown :] = traces[CONTEXT - shown :]

    def traces(self, singles: Whole, now: Whole, onsets: Flags, chord: Whole) -> Array:
        """``(row, memory)``; parameters as `ScoreLayer`."""
        found = self.layer(singles, now, onsets, chord)
        found += self.bias
        return rectify(found)


def compose(
    encoder: Encoder,
    decoder: Decoder,
    memory: Memory,
    pieces: Sequence[Piece],
    seeds: Sequence[int],
    manner: Manner,
) -> list[tuple[Codes, Flags]]:
    """Compose the cells of pieces that are not given.

    Parameters
    ----------
    seeds
        Of each piece.

    Returns
    -------
    list of (codes, onsets)
        ``(time, voice)`` int8 and bool of each piece, given cells unchanged.
    """
    lines = _Lines(pieces, seeds, memory)
    for step in range(len(lines.codes)):
        if step % CHUNK == 0:
            drive = lines.read(encoder, step)
        lines.advance(step, drive[:, step % CHUNK], decoder, memory, manner)
    return [
        (
            lines.codes[start : start + piece.steps, :, row],
            lines.onsets[start:, :, row][: piece.steps],
        )
        for piece, (row, start) in zip(pieces, lines.places, strict=True)
    ]


def arranged(lengths: Sequence[int], most: int = ROWS) -> list[tuple[int, int]]:
    """Put pieces one after the other into at most so many rows, about equally long.

    Returns
    -------
    list of (row, start)
        Of each piece. The rows are in order of their length, the longest first.
    """
    rows = [(0, row) for row in range(min(most, len(lengths)))]
    found = [(0, 0)] * len(lengths)
    for piece in sorted(range(len(lengths)), key=lambda piece: -lengths[piece]):
        length, row = heapq.heappop(rows)
        found[piece] = row, length
        heapq.heappush(rows, (length + lengths[piece], row))
    ranks = {row: rank for rank, (_, row) in enumerate(sorted(rows, key=lambda one: -one[0]))}
    return [(ranks[row], start) for row, start in found]


class _Lines:
    """The state of the pieces: time first, then voice, then row.

    Where a piece ends the next one of its row begins, so that as many are composed side by side
    until the last step, however different their lengths are.
    """

    def __init__(self, pieces: Sequence[Piece], seeds: Sequence[int], memory: Memory) -> None:
        self.pieces, self.memory = pieces, memory
        self.places = arranged([piece.steps for piece in pieces])
        voices, rows = len(VOICES), 1 + max(row for row, _ in self.places)
        lengths = np.zeros(rows, np.intp)
        self.begin: dict[int, list[tuple[int, Piece]]] = defaultdict(list)
        for piece, (row, start) in zip(pieces, self.places, strict=True):
            self.begin[start].append((row, piece))
            lengths[row] = max(lengths[row], start + piece.steps)
        steps = int(lengths[0])
        self.codes = np.ones((steps, voices, rows), np.int8)
        self.onsets = np.zeros((steps, voices, rows), bool)
        self.latent = np.zeros((steps, 2, voices, rows), np.float32)
        self.closes = np.zeros((steps, rows), bool)
        for piece, seed, (row, start) in zip(pieces, seeds, self.places, strict=True):
            within, into = slice(CONTEXT, CONTEXT + piece.steps), slice(start, start + piece.steps)
            self.codes[into, :, row] = piece.codes[within]
            self.onsets[into, :, row] = piece.onsets[within]
            numbers = latent(seed, piece.steps)
            self.latent[into, 0, :, row] = numbers[:, 0]
            self.latent[into, 1, :, row] = threshold(numbers[:, 1])
            self.closes[into, row] = piece.closes
        self.free = (self.codes == 0).any(axis=1)
        self.meets = ((self.codes > 1).sum(axis=1, dtype=np.uint8) > 1).any(axis=1)
        self.alive = (lengths > np.arange(steps)[:, None]).sum(axis=1)
        self.shift = np.zeros(rows, np.intp)
        self.traces = np.empty((rows, 2 * memory.reach, memory.units), np.float32)
        self.before = np.ones((voices, rows), np.intp)
        self.last = chord_of(self.before)

    def read(self, encoder: Encoder, start: int) -> Array:
        """What the encoder says of the next steps, ``(row, time, unit)``."""
        stop = min(start + CHUNK, len(self.codes))
        if not start:
            rows = len(self.shift)
            self.readings = [encoder.read(piece) for piece in self.pieces]
            self._drive = np.empty((rows, stop, encoder.units), np.float32)
        for number, (row, begin) in enumerate(self.places):
            first, last = max(start, begin), min(stop, begin + self.pieces[number].steps)
            if first < last:
                part = self._drive[row, first - start : last - start]
                encoder(self.readings[number], first - begin, last - begin, part)
        return self._drive

    def _start(self, step: int) -> None:
        """Let rows forget the piece before."""
        self.before, self.last = self.before.copy(), self.last.copy()
        for row, piece in self.begin[step]:
            self.before[:, row] = 1
            self.shift[row] = piece.shift
            self.past(step)[row] = self.memory.start
        rows = [row for row, _ in self.begin[step]]
        self.last[rows] = chord_of(self.before[:, rows])

    def past(self, step: int) -> Array:
        """Traces of the steps before one, the oldest first: ``(row, reach, memory)``, a view."""
        place = step % self.memory.reach
        return self.traces[:, place : place + self.memory.reach]

    def _remember(self, step: int, trace: Array) -> None:
        """Keep a step's traces for those after it."""
        reach, rows = self.memory.reach, len(trace)
        place = step % reach
        self.traces[:rows, place + reach] = trace
        if place + 1 == reach:
            self.traces[:rows, :reach] = self.traces[:rows, reach:]

    def ahead(self, step: int) -> Whole | None:
        """The codes of the next step of the rows that are composed, 0 where none is given.

        None where no row is given two voices, as is so throughout where a melody is.
        """
        rows = int(self.alive[step])
        if step + 1 == len(self.codes) or not self.meets[step + 1]:
            return None
        found = self.codes[step + 1, :, :rows].astype(np.intp)
        found[:, [row for row, _ in self.begin.get(step + 1, ()) if row < rows]] = 0
        return found

    def advance(
        self, step: int, drive: Array, decoder: Decoder, memory: Memory, manner: Manner
    ) -> None:
        """Compose one step of all rows that last so long."""
        if step in self.begin:
            self._start(step)
        rows = int(self.alive[step])
        before, last = self.before[:, :rows], self.last[:rows]
        given = self.codes[step, :, :rows].astype(np.intp)
        now, onsets = given, self.onsets[step, :, :rows]
        asked = some(self.free[step, :rows])
        if asked is not None:
            past = self.past(step)[:rows].reshape(rows, -1)
            temperature = manner.temperatures(self.closes[step, :rows])
            moment = Moment(
                past,
                drive[:rows],
                given,
                before,
                last,
                self.latent[step, ..., :rows],
                self.shift[:rows],
                temperature,
                self.ahead(step),
                manner,
            )
            composed, struck = decoder.compose(moment.rows(asked))
            now, anew = given.copy(), np.zeros(given.shape, bool)
            now[:, asked], anew[:, asked] = composed, struck
            started = (now > 1) & ((now != before) | anew)
            onsets = np.where(given == 0, started, onsets)
            self.codes[step, :, :rows], self.onsets[step, :, :rows] = now, onsets
        self.before, self.last = now, chord_of(now)
        trace = memory.traces(now * CODES + before, now, onsets, self.last)
        self._remember(step, trace)
