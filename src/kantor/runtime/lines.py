"""Several pieces composed side by side, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES, Flags
from kantor.runtime.choosing import Manner, threshold
from kantor.runtime.chord import key_of
from kantor.runtime.decoder import Decoder, Moment, some
from kantor.runtime.encoder import Encoder
from kantor.runtime.layers import rectify
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import CODES, CONTEXT, Whole
from kantor.runtime.tables import ScoreLayer, chord_of
from kantor.runtime.weights import Array, Weights, past_units

CHUNK = 256
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
    latents: Sequence[NDArray[np.float32]],
    manner: Manner,
) -> list[tuple[Whole, Flags]]:
    """Compose the cells of pieces that are not given, the longest piece first.

    Parameters
    ----------
    latents
        Uniform numbers ``(time, 2, voice)`` of each piece.

    Returns
    -------
    list of (codes, onsets)
        ``(time, voice)`` intp and bool of each piece, given cells unchanged.
    """
    lines = _Lines(pieces, latents, memory)
    for step in range(len(lines.codes)):
        if step % CHUNK == 0:
            drive = lines.read(encoder, step)
        lines.advance(step, drive[step % CHUNK], decoder, memory, manner)
    return [
        (lines.codes[: piece.steps, :, row], lines.onsets[: piece.steps, :, row])
        for row, piece in enumerate(pieces)
    ]


class _Lines:
    """The state of the pieces: time first, then voice, then piece."""

    def __init__(
        self, pieces: Sequence[Piece], latents: Sequence[NDArray[np.float32]], memory: Memory
    ) -> None:
        steps, rows, voices = pieces[0].steps, len(pieces), len(VOICES)
        self.pieces = pieces
        self.codes = np.ones((steps, voices, rows), np.intp)
        self.onsets = np.zeros((steps, voices, rows), bool)
        self.latent = np.zeros((steps, 2, voices, rows), np.float32)
        for row, (piece, latent) in enumerate(zip(pieces, latents, strict=True)):
            within = slice(CONTEXT, CONTEXT + piece.steps)
            self.codes[: piece.steps, :, row] = piece.codes[within]
            self.onsets[: piece.steps, :, row] = piece.onsets[within]
            self.latent[: piece.steps, ..., row] = latent
        self.latent[:, 1] = threshold(self.latent[:, 1])
        self.free = (self.codes == 0).any(axis=1)
        lengths = np.array([piece.steps for piece in pieces])
        self.alive = (lengths > np.arange(steps)[:, None]).sum(axis=1)
        self.shift = np.array([piece.shift for piece in pieces], np.intp)
        self.key = key_of(self.shift)
        self.closes = np.zeros((steps, rows), bool)
        for row, piece in enumerate(pieces):
            self.closes[: piece.steps, row] = piece.closes
        self.traces = np.empty((rows, memory.reach + steps, memory.units), np.float32)
        self.traces[:, : memory.reach] = memory.start
        self.before = np.ones((voices, rows), np.intp)
        self.last = chord_of(self.before)

    def read(self, encoder: Encoder, start: int) -> Array:
        """What the encoder says of the next steps, ``(time, row, unit)``."""
        rows = int(self.alive[start])
        stop = min(start + CHUNK, len(self.codes))
        drive = np.zeros((stop - start, rows, encoder.units), np.float32)
        for row, piece in enumerate(self.pieces[:rows]):
            end = min(stop, piece.steps)
            drive[: end - start, row] = encoder(piece, start, end)
        return drive

    def advance(
        self, step: int, drive: Array, decoder: Decoder, memory: Memory, manner: Manner
    ) -> None:
        """Compose one step of all pieces that last so long."""
        rows = int(self.alive[step])
        before, last = self.before[:, :rows], self.last[:rows]
        given = self.codes[step, :, :rows]
        now, onsets = given, self.onsets[step, :, :rows]
        asked = some(self.free[step, :rows])
        if asked is not None:
            past = self.traces[:rows, step : step + memory.reach].reshape(rows, -1)
            latent = self.latent[step, ..., :rows]
            shift, key = self.shift[:rows], self.key[:rows]
            temperature = manner.temperatures(self.closes[step, :rows])
            moment = Moment(
                past, drive[:rows], given, before, last, latent, shift, key, temperature
            )
            composed, struck = decoder.compose(moment.rows(asked), manner)
            now, anew = given.copy(), np.zeros(given.shape, bool)
            now[:, asked], anew[:, asked] = composed, struck
            started = (now > 1) & ((now != before) | anew)
            onsets = np.where(given == 0, started, onsets)
            self.codes[step, :, :rows], self.onsets[step, :, :rows] = now, onsets
        self.before, self.last = now, chord_of(now)
        trace = memory.traces(now * CODES + before, now, onsets, self.last)
        self.traces[:rows, step + memory.reach] = trace
