"""Composing parts of a take again, in the light of all the rest.

A take is written from left to right: what comes later can be foreseen in the given cells alone.
Afterwards everything is known, and a voice can be led through a few beats anew between what stands
on either side (blocked Gibbs sampling, as in Huang et al. 2017, *Counterpoint by convolution*).
Each pass takes a smaller part of the cells, and at a lower temperature, than the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kantor.music.score import Flags
from kantor.runtime.batching import Filled, Network
from kantor.runtime.choosing import Manner
from kantor.runtime.pieces import Piece, generator_of, latent
from kantor.runtime.pitches import CONTEXT, Whole
from kantor.runtime.tasks import Task

MOST, LEAST = 0.5, 0.1
"""Shares of the composed cells that the first and the last pass ask for again."""
COOLEST = 0.5
"""What the last pass multiplies the temperature by."""
LONGEST = 8
"""Beats at most for which a voice is composed again at once."""


def refine(
    network: Network,
    asked: Sequence[Piece],
    takes: list[Filled],
    seeds: Sequence[int],
    manner: Manner,
    passes: int,
) -> list[Filled]:
    """Improve takes by so many passes.

    Parameters
    ----------
    asked
        The pieces as they were given.
    takes
        What was composed for them.
    seeds
        Of the takes; what is asked again follows from a piece's own, and so does the answer.
    """
    tasks = [Task.of(piece).anew() for piece in asked]
    for turn in range(1, passes + 1):
        progress = turn / passes
        share = MOST + (LEAST - MOST) * progress
        cooler = replace(manner, temperature=manner.temperature * (1 + (COOLEST - 1) * progress))
        again = [
            _without(piece, take, blocks(piece, take, seed, turn, share))
            for piece, take, seed in zip(asked, takes, seeds, strict=True)
        ]
        latents = [
            latent(seed, piece.steps, turn) for seed, piece in zip(seeds, asked, strict=True)
        ]
        takes = network.fill(again, latents, tasks, cooler)
    return takes


def blocks(piece: Piece, take: Filled, seed: int, turn: int, share: float) -> Flags:
    """Which cells a pass asks for again: one voice for a few beats, here and there.

    They are whole notes, so that no note goes on whose beginning has gone.

    Returns
    -------
    (time, voice) bool
        About `share` of the cells that are to be composed.
    """
    within = slice(CONTEXT, CONTEXT + piece.steps)
    free = piece.codes[within] == 0
    cells, chosen = np.argwhere(free), np.zeros(free.shape, bool)
    beats = np.cumsum(piece.conditions[within, 0] > 0)
    notes = _notes(*take)
    random = generator_of(seed, turn, 1)
    while np.count_nonzero(chosen) < share * len(cells):
        step, voice = random.choice(cells)
        length = random.integers(1, LONGEST + 1)
        first = beats[step] - random.integers(length)
        own = notes[(beats >= first) & (beats < first + length), voice]
        chosen[:, voice] |= (notes[:, voice] >= own[0]) & (notes[:, voice] <= own[-1])
        chosen &= free
    return chosen


def _notes(codes: Whole, onsets: Flags) -> Whole:
    """Each voice's notes and rests, counted in their order; ``(time, voice)``."""
    begins = onsets | (np.diff(codes, axis=0, prepend=0) != 0)
    return np.asarray(begins.cumsum(axis=0), dtype=np.intp)


def _without(piece: Piece, take: Filled, chosen: Flags) -> Piece:
    """A take as a piece in which the chosen cells are to be composed."""
    around = ((CONTEXT, CONTEXT), (0, 0))
    codes, onsets = take
    return replace(
        piece,
        codes=np.pad(np.where(chosen, 0, codes), around, constant_values=1),
        onsets=np.pad(onsets & ~chosen, around),
    )
