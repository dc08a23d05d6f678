"""Sampling: choosing a token by a uniform number, and composing parts of a take again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches, onset_floor
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

MOST_PARTICLES = 64
MARGIN = 1e-4
"""More than rounding moves a logit of a trained network, whatever else is in the batch."""
_SUMMING = np.float32(4e-6)
"""More than rounding moves a cumulated probability."""
_LEAST = np.float32(-87)
"""Of less the exponential is no normal number, and takes ten times as long."""
_SPAN = 16
"""Steps of a block of one line that is composed again."""
_FIRST_SHARE, _LAST_SHARE = 0.5, 0.125
"""Of the blocks, composed again in the first pass and towards the last."""
_COOLEST = 0.5
"""What the temperature falls to, as a share of what it was."""

Take = tuple[Pitches, Flags]


@dataclass(frozen=True)
class SamplingParameters:
    """How choices are made; an `InputError` where a value makes no sense."""

    temperature: float = 1.0
    """Below 1 the likelier notes are preferred, above 1 the rarer ones."""
    min_p: float = 0.05
    """Notes less than so many times as likely as the likeliest are never taken; 0: any may be."""
    phrase_end: float = 0.3
    """The temperature where phrases end (`Piece.closes`), as a share of `temperature`: a phrase's
    last chord is the plainest thing in the style."""
    lookahead: float = 2.0
    """How much the step after counts where it is given; see `kantor.runtime.decoder`."""
    reweighting: float = 1.0
    """How much the heads of given lines count where earlier lines are composed; see there."""
    particles: int = 16
    """Takes of a piece that grow side by side, of which one is kept; 1: nothing is chosen. See
    `kantor.runtime.particles`."""
    movement: float = 0.5
    """Nats that each note that moves adds to the weight of its particle."""
    returns: float = 0.0
    """Nats by which the notes of an earlier bar are likelier where its melody comes again; see
    `kantor.runtime.returns`."""
    plainness: float = 0.0
    """Of what is kept, 0 to 1: the plainer, the fewer passing and foreign notes."""

    def __post_init__(self) -> None:
        for name in ("temperature", "phrase_end"):
            value = getattr(self, name)
            if not 0.01 <= value <= 10:
                raise InputError(f"a {name} of {value}: choose one from 0.01 to 10")
        if not 1 <= self.particles <= MOST_PARTICLES:
            raise InputError(f"{self.particles} particles: choose from 1 to {MOST_PARTICLES}")
        if not 0 <= self.returns <= 100:
            raise InputError(f"returns of {self.returns}: choose from 0 to 100")
        if not 0 <= self.plainness <= 1:
            raise InputError(f"a plainness of {self.plainness}: choose one from 0 to 1")
        if self.plainness and self.particles == 1:
            raise InputError("plainness chooses among particles: ask for more than 1 of them")
        if not 0 <= self.min_p < 1:
            raise InputError(f"a min_p of {self.min_p}: choose one from 0 to below 1")


def choose(logits: Array, uniform: Array, min_p: float, margin: Array) -> tuple[Whole, Flags]:
    """The place at which the cumulated probabilities pass the number `uniform (row,)`.

    `logits (row, place)` are already divided by the temperature. Returned are the places, ``(row,)
    intp``, and whether another one is possible where rounding moves logits by `margin (row,)`,
    ``(row,) bool``; a row alone is never in doubt.
    """
    likely = logits.T.copy()  # long rows are added, compared and searched faster than short ones
    likely -= likely.max(axis=0)
    np.maximum(likely, _LEAST, out=likely)
    np.exp(likely, out=likely)
    sums = _lower_triangle(len(likely)) @ (likely * (likely >= min_p))
    beyond = sums - uniform * sums[-1]
    passed = (beyond <= 0).view(np.uint8)
    place = np.add.reduce(passed, axis=0, dtype=np.uint8).astype(np.intp)
    if len(place) == 1:
        return place, np.zeros(1, bool)
    doubtful = (np.abs(likely - np.float32(min_p)) < margin * min_p).any(axis=0)
    # A share q of the sum moves by at most q (1 - q) times twice what the logits do.
    moves = 2 * margin * uniform * (1 - uniform) + _SUMMING
    doubtful |= np.abs(beyond, out=beyond).min(axis=0) < moves * sums[-1]
    return place, doubtful


@cache
def _lower_triangle(size: int) -> Array:
    return np.tril(np.ones((size, size), np.float32))


def latent(seed: int, steps: int, lines: int) -> Array:
    """Uniform numbers ``(steps, 2, line)``: a longer piece begins with those of a shorter one."""
    return _random(seed).random((steps, 2, lines), np.float32)


def refine(
    compose: Callable[[Conditioning, NDArray[np.int64], SamplingParameters], Take],
    given: Conditioning,
    seeds: NDArray[np.int64],
    sampling: SamplingParameters,
    passes: int,
) -> Take:
    """Compose a take, then parts of it again so many times; given cells stay as they are.

    Blocked Gibbs sampling, as Coconet does it (Huang et al. 2017): each pass composes blocks of the
    cells again while all others are given; from pass to pass fewer, and cooler.
    """
    pitches, onsets = compose(given, seeds, sampling)
    for number in range(passes):
        done = number / passes
        share = _FIRST_SHARE + (_LAST_SHARE - _FIRST_SHARE) * done
        own = seeds ^ np.int64(0x5DEECE66D * (number + 1))
        kept = ~np.stack([_blocks(seed, given.mask[0], share) for seed in own])
        rest = replace(given, pitches=pitches, onsets=onsets, mask=given.mask | kept)
        temperature = sampling.temperature * (1 - (1 - _COOLEST) * done)
        pitches, onsets = compose(rest, own, replace(sampling, temperature=temperature))
        # A cell after one that was composed again may have become the start of a note.
        floor = np.moveaxis(onset_floor(np.moveaxis(pitches, 1, 0)), 0, 1)
        onsets = np.where(given.mask, given.onsets, onsets | floor)
    return pitches, onsets


def _blocks(seed: int, like: Flags, share: float) -> Flags:
    """Random blocks ``(steps, line)``; a longer piece begins with those of a shorter one."""
    (steps, lines), random = like.shape, _random(seed)
    offset = int(random.integers(_SPAN))
    chosen = random.random((-(-steps // _SPAN) + 1, lines)) < share
    return np.repeat(chosen, _SPAN, axis=0)[offset : offset + steps]


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int(seed) & (2**64 - 1)))
