"""Composing parts of a take again, in the light of all the rest.

Blocked Gibbs sampling, as Coconet does it (Huang et al. 2017): each pass composes blocks of the
cells again while all others are given; from pass to pass fewer, and cooler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches, onset_floor

SPAN = 16
"""Steps of a block of one line."""
FIRST_SHARE, LAST_SHARE = 0.5, 0.125
"""Of the blocks, composed again in the first pass and towards the last."""
COOLEST = 0.5
"""What the temperature falls to, as a share of what it was."""

Compose = Callable[[Conditioning, NDArray[np.int64], float], tuple[Pitches, Flags]]


def refine(
    compose: Compose,
    given: Conditioning,
    take: tuple[Pitches, Flags],
    seeds: NDArray[np.int64],
    temperature: float,
    passes: int,
) -> tuple[Pitches, Flags]:
    """A take after so many passes; the given cells stay as they are.

    Parameters
    ----------
    compose
        Takes a batch, one seed a piece and a temperature.
    take : (batch, time, line) int8 and bool
    """
    pitches, onsets = take
    for number in range(passes):
        done = number / passes
        share = FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * done
        own = seeds ^ np.int64(0x5DEECE66D * (number + 1))
        lines = given.mask.shape[-1]
        blocks = [_blocks(seed, given.steps, lines, share) for seed in own]
        rest = replace(given, pitches=pitches, onsets=onsets, mask=given.mask | ~np.stack(blocks))
        pitches, onsets = compose(rest, own, temperature * (1 - (1 - COOLEST) * done))
        # A cell after one that was composed again may have become the start of a note.
        floor = np.moveaxis(onset_floor(np.moveaxis(pitches, 1, 0)), 0, 1)
        onsets = np.where(given.mask, given.onsets, onsets | floor)
    return pitches, onsets


def _blocks(seed: np.int64, steps: int, lines: int, share: float) -> Flags:
    """Random blocks ``(steps, line)``; a longer piece begins with those of a shorter one."""
    random = np.random.Generator(np.random.Philox(key=int(seed) & (2**64 - 1)))
    offset = int(random.integers(SPAN))
    chosen = random.random((-(-steps // SPAN) + 1, lines)) < share
    return np.repeat(chosen, SPAN, axis=0)[offset : offset + steps]
