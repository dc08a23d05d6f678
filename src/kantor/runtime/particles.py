"""Particles: takes of one piece that grow side by side and are weighed at every beat.

A step's choices are drawn one by one, and some lead to a chord that leaves the lines after them
only poor notes. So several takes of a piece are composed at once, from one seed each. At the end
of a beat each has a weight, and takes are drawn anew by it: the poor ones go, copies of the good
ones go on in their place (a particle filter: Gordon, Salmond and Smith 1993; for language models
Zhao et al. 2024). A take's log weight is the sum of

- its log-likelihood, so that likely pieces are preferred as wholes, not note by note, as a low
  temperature does;
- `SamplingParameters.movement` for each note that moves, else the likeliest pieces are those with
  the fewest notes;
- the logit of the model's discriminator, which estimates how much likelier real music is to be so
  than composed music.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Flags
from kantor.runtime.discriminator import Course, Discriminator
from kantor.runtime.pieces import Piece
from kantor.runtime.sampling import SamplingParameters
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

_PLAINER = 1.5
"""Nats by which a note that moves is worth less where all is to be plain."""
_GRAIN = np.float32(0.125)
"""Nats, of which what a choice adds is a multiple: so rounding changes no weight, or is seen to."""
_FEW = 0.5
"""Particles are drawn anew where so large a share of them, or less, carries the weight."""
_APART = 0x9E3779B97F4A7C15  # the golden ratio: keeps the seeds of particles apart


def seeds_of(seed: int, count: int) -> NDArray[np.int64]:
    """The seeds of a piece's particles; the first is its own."""
    seeds = [(seed + number * _APART) % 2**64 for number in range(count)]
    return np.array(seeds, np.uint64).astype(np.int64)


def worth(
    logits: Array, place: Whole, moves: Flags, sampling: SamplingParameters, margin: Array
) -> tuple[Array, Flags]:
    """What a line's choices add to the log weights of their rows, and whether that is in doubt.

    Parameters
    ----------
    logits : (row, choice) float32
        At temperature 1.
    place : (row,) int
        What was chosen.
    moves : (row,) bool
        Whether it is another pitch than before.
    margin : (row,) float32
        More than rounding moves a logit.

    Returns
    -------
    worth : (row,) float32
        A multiple of `_GRAIN`.
    doubtful : (row,) bool
        Where rounding could make it another one.
    """
    rows, highest = np.arange(len(place)), logits.max(axis=1)
    sums = np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    likelihood = logits[rows, place] - highest - sums
    movement = np.float32(sampling.movement - _PLAINER * sampling.plainness)
    plain = np.float32(1 + sampling.plainness)
    grains = (plain * likelihood + movement * moves) / _GRAIN
    whole = np.round(grains)
    return whole * _GRAIN, np.abs(grains - whole) > 0.5 - 2 * plain * margin / _GRAIN


class Particles:
    """The weights of the particles of several pieces, so many rows a piece, side by side.

    The pieces are sorted by length, the longest first.
    """

    def __init__(
        self,
        batch: Sequence[Piece],
        seeds: Sequence[int],
        sampling: SamplingParameters,
        discriminator: Discriminator | None,
    ) -> None:
        self._count, self._discriminator = sampling.particles, discriminator
        rows = [piece for piece in batch for _ in range(self._count)]
        course = Course(batch)
        # A beat ends where the next one begins, and where the piece ends.
        self._ends = np.roll(course.begins, -1, axis=0)
        self._last = [piece.steps - 1 for piece in batch]
        self._ends[self._last, np.arange(len(batch))] = True
        self._features = discriminator.begin(rows) if discriminator else None
        keys = (np.array([seed % 2**64, 1], np.uint64) for seed in seeds)
        self._random = [np.random.Generator(np.random.Philox(key=key)) for key in keys]
        self._weights = np.zeros((len(batch), self._count))

    def weigh(self, step: int, worth: Array, tokens: Whole) -> Whole | None:
        """Weigh what a step brought, and draw anew where a beat ends.

        `worth (row,)` and `tokens (line, row)` are those of the rows that have not ended.

        Returns
        -------
        (row,) int, or None
            Which row each goes on as; None if all stay.
        """
        pieces = len(worth) // self._count
        if self._discriminator and self._features:
            worth = worth + self._discriminator.logits(self._features.step(step, tokens))
        self._weights[:pieces] += worth.reshape(pieces, self._count)
        origin = np.arange(len(worth))
        for piece in np.flatnonzero(self._ends[step, :pieces]).tolist():
            kept = self._draw(piece, step == self._last[piece])
            if kept is not None:
                origin[piece * self._count :][: self._count] = piece * self._count + kept
        if (origin == np.arange(len(worth))).all():
            return None
        if self._features:
            self._features.take(origin)
        return origin

    def _draw(self, piece: int, last: bool) -> Whole | None:
        """Which particles of a piece go on, ``(particle,)``: one of them alone at its end."""
        weights = self._weights[piece] - self._weights[piece].max()
        shares = np.exp(weights) / np.exp(weights).sum()
        excess = 1 / (shares**2).sum() - _FEW * self._count
        if excess > 0 and not last:
            return None
        # The largest sum of a log weight and a Gumbel number is a draw by the weights.
        noise = self._random[piece].gumbel(size=(1 if last else self._count, self._count))
        self._weights[piece] = 0
        kept = np.asarray((weights + noise).argmax(axis=1))
        return np.broadcast_to(kept, self._count) if last else kept
