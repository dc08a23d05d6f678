"""The decode loop: many pieces composed side by side, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.music import score
from kantor.music.conditioning import Conditioning
from kantor.network.layout import CONTEXT, Layout
from kantor.network.tokens import REST, UNKNOWN, frame_shift
from kantor.runtime.decoder import Decoder, Step, some
from kantor.runtime.discriminator import Discriminator
from kantor.runtime.heads import LOWEST_KEY
from kantor.runtime.particles import Particles, seeds_of
from kantor.runtime.pieces import Encoder, Piece, pieces
from kantor.runtime.returns import Again
from kantor.runtime.sampling import SamplingParameters, Take, latent
from kantor.runtime.tables import Whole, one_core
from kantor.runtime.weights import DISCRIMINATOR, Array, Weights

ROWS = 512
"""Of pieces composed side by side, at most: more are hardly faster, and take more memory."""
CHUNK = 256
"""Steps that the encoder reads at once, so that memory does not grow with a piece's length."""


class Network:
    """The generator's networks, which compose pieces."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self.encoder, self.decoder = Encoder(weights, layout), Decoder(weights, layout)
        self.discriminator = (
            Discriminator(weights[DISCRIMINATOR], layout) if DISCRIMINATOR in weights else None
        )
        self._layout = layout

    def compose(
        self, given: Conditioning, seeds: NDArray[np.int64], sampling: SamplingParameters
    ) -> Take:
        """Compose the cells of a batch that are not given, by a seed for each piece."""
        pitches = np.where(given.mask, given.pitches, score.REST).astype(np.int8)
        onsets, batch = np.array(given.onsets), pieces(given, self._layout)
        longest_first = sorted(range(len(batch)), key=lambda row: -batch[row].steps)
        one_core()
        most = max(1, ROWS // sampling.particles)
        for start in range(0, len(batch), most):
            rows = longest_first[start : start + most]
            loop = _Loop(self, [batch[row] for row in rows], seeds[rows], sampling)
            for step in range(batch[rows[0]].steps):
                loop.advance(step, sampling)
            made, begun = loop.takes()
            for place, row in enumerate(rows):
                steps = batch[row].steps
                free, tonic = ~given.mask[row, :steps], given.major_tonic[row : row + 1]
                tokens = made[None, :steps, :, place]
                composed = self._layout.vocabulary.to_pitches(tokens, tonic)[0]
                pitches[row, :steps][free] = composed[free]
                onsets[row, :steps][free] = begun[:steps, :, place][free]
        return pitches, onsets


class _Loop:
    """Pieces composed side by side; the longest come first.

    Arrays of cells are ``(time, line, row)``; a piece has a row for each particle. The rows that
    have not ended are the first ones.
    """

    def __init__(
        self,
        network: Network,
        pieces: Sequence[Piece],
        seeds: NDArray[np.int64],
        sampling: SamplingParameters,
    ) -> None:
        self._encoder, self._decoder = network.encoder, network.decoder
        self._particles, self._each = None, sampling.particles
        if sampling.particles > 1:
            own = seeds.tolist()
            self._particles = Particles(pieces, own, sampling, network.discriminator)
            pieces = [piece for piece in pieces for _ in range(sampling.particles)]
            seeds = np.concatenate([seeds_of(seed, sampling.particles) for seed in own])
        self._pieces = pieces
        shape = steps, lines, rows = pieces[0].steps, pieces[0].tokens.shape[1], len(pieces)
        self.tokens, self.onsets = np.full(shape, REST, np.int8), np.zeros(shape, bool)
        self._uniform, self._threshold = np.zeros((2, *shape), np.float32)
        closes = np.zeros((steps, rows), bool)
        self._source, self._gain = np.full((steps, rows), -1), np.zeros((steps, rows), np.float32)
        for row, (piece, seed) in enumerate(zip(pieces, seeds, strict=True)):
            part, within = slice(piece.steps), slice(CONTEXT, CONTEXT + piece.steps)
            self.tokens[part, :, row] = piece.tokens[within]
            self.onsets[part, :, row] = piece.onsets[within]
            numbers = latent(int(seed), piece.steps, lines)
            self._uniform[part, :, row] = numbers[:, 0]
            with np.errstate(divide="ignore"):
                self._threshold[part, :, row] = np.log(numbers[:, 1]) - np.log(1 - numbers[:, 1])
            closes[part, row] = piece.closes
            if sampling.returns:
                self._source[part, row], share = piece.returns
                self._gain[part, row] = np.float32(sampling.returns) * share
        cool = sampling.temperature * sampling.phrase_end
        self._temperature = np.where(closes, np.float32(cool), np.float32(sampling.temperature))
        lengths = np.array([piece.steps for piece in pieces])
        self._alive = (lengths > np.arange(steps)[:, None]).sum(axis=1).tolist()
        unknown = self.tokens == UNKNOWN
        self._composed, self._free = unknown, unknown.any(axis=1)
        self._again = np.asarray((self._source >= 0).any(axis=1))
        # Where two lines are given something to sound, so that they can be met.
        self._meets = ((self.tokens > REST).sum(axis=1) > 1).any(axis=1)
        tonics = np.array([piece.major_tonic for piece in pieces])
        self._key = frame_shift(tonics) - LOWEST_KEY
        self._before = np.full((lines, rows), REST)
        self._past = np.tile(self._decoder.start(), (rows, 1))
        self._earlier = self._decoder.earlier(self._before)
        self._drive = np.empty((rows, min(CHUNK, steps), self._encoder.units), np.float32)

    def advance(self, step: int, sampling: SamplingParameters) -> None:
        """Compose the next step of the rows that last so long, which are the first ones."""
        rows = self._alive[step]
        if step % CHUNK == 0:
            for row, piece in enumerate(self._pieces[:rows]):
                if row and piece is self._pieces[row - 1]:
                    self._drive[row] = self._drive[row - 1]
                else:
                    self._encoder(piece, step, self._drive[row, : piece.steps - step])
        self._past, self._earlier = self._past[:rows], self._earlier[:rows]
        self._before, self._key = self._before[:, :rows], self._key[:rows]
        given, onsets = self.tokens[step, :, :rows], self.onsets[step, :, :rows]
        now, worth = given.astype(np.intp), np.zeros(rows, np.float32)
        asked = some(self._free[step, :rows])
        if asked is not None:
            anew, compose = np.zeros(given.shape, bool), self._decoder.compose
            now[:, asked], anew[:, asked], doubtful, worth[asked] = compose(
                self._step(step, asked), sampling
            )
            for row in np.arange(rows)[asked][doubtful] if len(doubtful) > 1 else ():
                # Among others its sums come out a little different: no take may depend on that.
                one = slice(row, row + 1)
                now[:, one], anew[:, one], _, worth[one] = compose(self._step(step, one), sampling)
            started = (now > REST) & ((now != self._before) | anew)
            onsets[:] = np.where(given == UNKNOWN, started, onsets)
            given[:] = now
        changed = (now != self._before).any(axis=0).nonzero()[0]
        if len(changed):
            self._earlier[changed] = self._decoder.earlier(now[:, changed])
        trace = self._decoder.trace(now, self._before, onsets)
        self._past = np.concatenate([self._past[:, trace.shape[1] :], trace], axis=1)
        self._before = now
        origin = self._particles.weigh(step, worth, now) if self._particles else None
        if origin is not None:
            for cells in (self.tokens, self.onsets):  # what came before goes on with them
                cells[: step + 1, :, :rows] = cells[: step + 1, :, :rows].take(origin, axis=-1)
            self._past, self._earlier = self._past[origin], self._earlier[origin]
            self._before = now[:, origin]

    def takes(self) -> tuple[NDArray[np.int8], score.Flags]:
        """Tokens and onsets ``(time, line, piece)``: of each piece its first row."""
        return self.tokens[..., :: self._each], self.onsets[..., :: self._each]

    def _step(self, step: int, rows: slice | Whole) -> Step:
        """All that decides a step of some of the rows that have not ended."""
        alive, decoder = slice(len(self._key)), self._decoder
        drive: Array = self._drive[alive, step % CHUNK][rows]
        ahead = None
        if step + 1 < len(self.tokens) and self._meets[step + 1]:
            ahead = self.tokens[step + 1, :, alive][:, rows].astype(np.intp)
        return Step(
            decoder.context(self._past[rows], drive, self._earlier[rows]),
            self._key[rows],
            self._temperature[step, alive][rows],
            self.tokens[step, :, alive][:, rows].astype(np.intp),
            self._before[:, rows],
            self._uniform[step, :, alive][:, rows],
            self._threshold[step, :, alive][:, rows],
            ahead,
            self._earlier_bar(step, rows) if self._again[step] else None,
        )

    def _earlier_bar(self, step: int, rows: slice | Whole) -> Again:
        """What was composed where the step comes again from, of some of the rows."""
        alive = slice(len(self._key))
        source, row = self._source[step, alive][rows], np.arange(len(self._key))[rows]
        place = source.clip(0), slice(None), row
        known = (source >= 0)[:, None] & self._composed[place]
        tokens = np.where(known, self.tokens[place], UNKNOWN).T.astype(np.intp)
        return Again(tokens, self.onsets[place].T, self._gain[step, alive][rows])
