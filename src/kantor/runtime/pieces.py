"""A piece as the networks are shown it: what is given, its meter, what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.given import Given
from kantor.music.score import REST, VOICES, Flags
from kantor.runtime.pitches import CONDITION, CONTEXT, METER, Whole, frame_shift, to_codes
from kantor.runtime.weights import Array

QUARTER = 4


def inside(given: Given) -> Flags:
    """True up to a piece's last step in which a cell sounds or is asked for, ``(batch, time)``."""
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    return np.asarray(used[:, ::-1].cumsum(axis=1)[:, ::-1] > 0, dtype=bool)


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece with `CONTEXT` steps of given rests before it and some after it, ``span`` in all.

    Attributes
    ----------
    codes : (span, voice) intp
        0 where a cell is to be composed.
    onsets : (span, voice) bool
        Of the given cells.
    conditions : (span, 42) float32
        Meter, fermata, inside the piece, key: as `kantor.model.piece.condition`.
    shift : int
        Semitones from C to the key's frame.
    steps : int
        Length without what stands around it.
    """

    codes: Whole
    onsets: Flags
    conditions: Array
    shift: int
    steps: int

    @property
    def closes(self) -> Flags:
        """Where a phrase ends, ``(steps,) bool``: under a fermata and in the quarter before it."""
        fermatas = self.conditions[CONTEXT : CONTEXT + self.steps + QUARTER, METER] > 0
        ahead = np.pad(fermatas, (0, QUARTER))
        near = np.stack([ahead[lag : lag + self.steps] for lag in range(QUARTER + 1)])
        return np.asarray(near.any(axis=0), bool)


def pieces(given: Given, after: int = CONTEXT) -> list[Piece]:
    """The pieces of a batch, each without its padding, `after` steps shown after the end.

    Outside a piece the networks see what they saw there in training: given rests, the edge's
    place in its bar. So neither padding nor a longer neighbour in the batch changes a take.
    """
    codes = np.where(given.mask, to_codes(given.pitches, given.collection), 0)
    onsets = given.onsets & given.mask
    lengths = inside(given).sum(axis=1).tolist()
    shifts = frame_shift(given.collection).tolist()
    found = []
    for row, length in enumerate(lengths):
        around = (CONTEXT, after)
        whole = np.ones((CONTEXT + length + after, len(VOICES)), np.intp)
        struck = np.zeros(whole.shape, bool)
        whole[CONTEXT : CONTEXT + length] = codes[row, :length]
        struck[CONTEXT : CONTEXT + length] = onsets[row, :length]
        conditions = _conditions(given, row, length, around)
        found.append(Piece(whole, struck, conditions, shifts[row], length))
    return found


def _conditions(given: Given, row: int, length: int, around: tuple[int, int]) -> Array:
    bars = given.bars[row, : max(length, 1)].astype(int)
    lacking = length - len(bars)
    since, bar = np.pad(bars, ((CONTEXT, around[1] + lacking), (0, 0)), mode="edge").T
    ends = np.cumsum([0, 4, 8, 8, 8, 1, 1])
    columns = [
        since % 4,
        np.minimum(since // 4, 7),
        np.clip((bar - 1 - since) // 4, 0, 7),
        np.clip(bar // 4, 0, 7),
    ]
    found = np.zeros((len(since), CONDITION), np.float32)
    at = np.arange(len(since))
    for start, column in zip(ends, columns, strict=False):
        found[at, start + column] = 1
    found[:, METER] = np.pad(given.fermatas[row, :length], around)
    found[CONTEXT : CONTEXT + length, METER + 1] = 1
    found[:, METER + 2 + int(given.collection[row]) % 12] = 1
    return found


def latent(seed: int, steps: int) -> NDArray[np.float32]:
    """Uniform numbers ``(steps, 2, voice)``: a longer piece begins with those of a shorter one."""
    random = np.random.Generator(np.random.Philox(key=seed & (2**64 - 1)))
    return random.random((steps, 2, len(VOICES)), np.float32)
