"""The decode loop: many pieces composed side by side, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Flags
from kantor.network.layout import CONTEXT, Layout
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime import blas
from kantor.runtime.decoder import Decoder
from kantor.runtime.encoder import Encoder
from kantor.runtime.pieces import Piece, latent
from kantor.runtime.sampling import SamplingParameters, threshold
from kantor.runtime.step import Step, some
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array, Weights

ROWS = 512
"""Of pieces composed side by side, at most: more are hardly faster, and take more memory."""
CHUNK = 512
"""Steps that the encoder reads at once, so that memory does not grow with a piece's length."""

Composed = tuple[NDArray[np.int8], Flags]


class Network:
    """The generator's networks, which compose pieces."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self.encoder, self.decoder = Encoder(weights, layout), Decoder(weights, layout)

    def compose(
        self, pieces: Sequence[Piece], seeds: Sequence[int], sampling: SamplingParameters
    ) -> list[Composed]:
        """Compose the cells that are not given.

        What else is in the batch changes neither a piece's tokens nor its onsets.

        Parameters
        ----------
        seeds
            Of each piece.

        Returns
        -------
        list of (tokens, onsets)
            ``(time, line)`` int8 and bool of each piece, given cells unchanged.
        """
        composed: dict[int, Composed] = {}
        with blas.one_core():
            blas.warm()
            longest_first = sorted(range(len(pieces)), key=lambda row: -pieces[row].steps)
            for start in range(0, len(pieces), ROWS):
                rows = longest_first[start : start + ROWS]
                loop = _Loop(self, [pieces[row] for row in rows], [seeds[row] for row in rows])
                loop.run(sampling)
                composed.update(zip(rows, loop.composed(), strict=True))
        return [composed[row] for row in range(len(pieces))]


class _Loop:
    """The state of pieces that are composed side by side; the longest come first.

    Arrays of cells are ``(time, line, row)``. The rows that have not ended are the first ones.
    """

    def __init__(self, network: Network, pieces: Sequence[Piece], seeds: Sequence[int]) -> None:
        self._encoder, self._decoder = network.encoder, network.decoder
        self._pieces, rows = pieces, len(pieces)
        lines = pieces[0].tokens.shape[1]
        shape = pieces[0].steps, lines, rows
        self.tokens, self.onsets = np.full(shape, REST, np.int8), np.zeros(shape, bool)
        self._uniform, self._threshold = np.zeros((2, *shape), np.float32)
        self._closes = np.zeros((shape[0], rows), bool)
        for row, (piece, seed) in enumerate(zip(pieces, seeds, strict=True)):
            steps, within = slice(piece.steps), slice(CONTEXT, CONTEXT + piece.steps)
            self.tokens[steps, :, row] = piece.tokens[within]
            self.onsets[steps, :, row] = piece.onsets[within]
            numbers = latent(seed, piece.steps, lines)
            self._uniform[steps, :, row] = numbers[:, 0]
            self._threshold[steps, :, row] = threshold(numbers[:, 1])
            self._closes[steps, row] = piece.closes
        lengths = np.array([piece.steps for piece in pieces])
        self._alive = (lengths > np.arange(shape[0])[:, None]).sum(axis=1).tolist()
        self._free = (self.tokens == UNKNOWN).any(axis=1)
        # Where two lines are given something to sound, so that they can be met.
        self._meets = ((self.tokens > REST).sum(axis=1) > 1).any(axis=1)
        self._shift = np.array([piece.shift for piece in pieces])
        self._before = np.full((lines, rows), REST)
        self._past = np.tile(self._decoder.start(), (rows, 1))
        self._earlier = self._decoder.earlier(self._before)

    def run(self, sampling: SamplingParameters) -> None:
        """Compose all steps."""
        drive = self._drive(0)
        for step, rows in enumerate(self._alive):
            if step and step % CHUNK == 0:
                drive = self._drive(step)
            self._advance(step, rows, drive[:rows, step % CHUNK], sampling)

    def composed(self) -> list[Composed]:
        """What each piece is now."""
        return [
            (self.tokens[: piece.steps, :, row], self.onsets[: piece.steps, :, row])
            for row, piece in enumerate(self._pieces)
        ]

    def _drive(self, start: int) -> Array:
        """What the encoder says of the next steps, ``(row, time, unit)``."""
        stop = min(start + CHUNK, len(self.tokens))
        rows = self._alive[start]
        drive = np.empty((rows, stop - start, self._encoder.units), np.float32)
        for row, piece in enumerate(self._pieces[:rows]):
            last = min(stop, piece.steps)
            drive[row, : last - start] = self._encoder(piece, start, last)
        return drive

    def _advance(self, step: int, rows: int, drive: Array, sampling: SamplingParameters) -> None:
        """Compose one step of the first rows, which last so long."""
        self._past, self._earlier = self._past[:rows], self._earlier[:rows]
        self._before, self._shift = self._before[:, :rows], self._shift[:rows]
        given, onsets = self.tokens[step, :, :rows], self.onsets[step, :, :rows]
        now, anew = given.astype(np.intp), np.zeros(given.shape, bool)
        asked = some(self._free[step, :rows])
        if asked is not None:
            moment = self._step(step, asked, drive, sampling)
            now[:, asked], anew[:, asked], doubtful = self._decoder.compose(moment, sampling)
            for row in np.arange(rows)[asked][doubtful] if len(doubtful) > 1 else ():
                # Among others its sums come out a little different: no take may depend on that.
                one = slice(row, row + 1)
                moment = self._step(step, one, drive, sampling)
                now[:, one], anew[:, one], _ = self._decoder.compose(moment, sampling)
            started = (now > REST) & ((now != self._before) | anew)
            onsets[:] = np.where(given == UNKNOWN, started, onsets)
            given[:] = now
        changed = (now != self._before).any(axis=0).nonzero()[0]
        if len(changed):
            self._earlier[changed] = self._decoder.earlier(now[:, changed])
        trace = self._decoder.trace(now, self._before, onsets)
        self._past = np.concatenate([self._past[:, trace.shape[1] :], trace], axis=1)
        self._before = now

    def _step(
        self, step: int, rows: slice | Whole, drive: Array, sampling: SamplingParameters
    ) -> Step:
        """All that decides a step of some rows."""
        alive = slice(len(self._shift))
        ahead = None
        if step + 1 < len(self.tokens) and self._meets[step + 1]:
            ahead = self.tokens[step + 1, :, alive][:, rows].astype(np.intp)
        return Step(
            self._decoder.hidden(self._past[rows], drive[rows]),
            self._earlier[rows],
            self._shift[rows],
            sampling.temperatures(self._closes[step, alive][rows]),
            self.tokens[step, :, alive][:, rows].astype(np.intp),
            self._before[:, rows],
            self._uniform[step, :, alive][:, rows],
            self._threshold[step, :, alive][:, rows],
            ahead,
        )
