"""A piece as the networks are shown it: what is given, its meter, what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, STEPS_PER_QUARTER, VOICES, Flags
from kantor.runtime.pitches import CONDITION, CONTEXT, METER, Codes, Whole, frame_shift, to_codes
from kantor.runtime.weights import Array


def inside(given: Conditioning) -> Flags:
    """True up to a piece's last step in which a cell sounds or is asked for, ``(batch, time)``."""
    return np.asarray(np.arange(given.steps) < _lengths(given)[:, None], dtype=bool)


def _lengths(given: Conditioning) -> Whole:
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    found = given.steps - used[:, ::-1].argmax(axis=1)
    return np.where(used.any(axis=1), found, 0)


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece with `CONTEXT` steps of given rests before it and some after it, ``span`` in all.

    Attributes
    ----------
    codes : (span, voice) int8
        0 where a cell is to be composed.
    onsets : (span, voice) bool
        Of the given cells.
    kinds : (span,) intp
        Which of `conditions` a step is under.
    conditions : (kind, 42) float32
        Meter, fermata, inside the piece, key: as `kantor.model.nets.inputs.condition`.
    closes : (steps,) bool
        Where a phrase ends: under a fermata and in the quarter before it.
    shift : int
        Semitones from C to the key's frame.
    steps : int
        Length without what stands around it.
    """

    codes: Codes
    onsets: Flags
    kinds: Whole
    conditions: Array
    closes: Flags
    shift: int
    steps: int


def pieces(given: Conditioning, after: int = CONTEXT) -> list[Piece]:
    """The pieces of a batch, each without its padding, `after` steps shown after the end.

    Outside a piece the networks see what they saw there in training: given rests, the edge's
    place in its bar. So neither padding nor a longer neighbour in the batch changes a take.
    """
    lengths = _lengths(given).tolist()
    shifts = frame_shift(given.major_tonic).tolist()
    found = []
    for row, length in enumerate(lengths):
        part = row, slice(length)
        mask, one = given.mask[part], slice(row, row + 1)
        codes = to_codes(given.pitches[one, :length], given.major_tonic[one])[0]
        whole = np.ones((CONTEXT + length + after, len(VOICES)), np.int8)
        struck = np.zeros(whole.shape, bool)
        whole[CONTEXT : CONTEXT + length] = np.where(mask, codes, 0)
        struck[CONTEXT : CONTEXT + length] = given.onsets[part] & mask
        conditions, kinds = _conditions(given, row, length, after)
        closes = _closes(given.fermatas[part])
        found.append(Piece(whole, struck, kinds, conditions, closes, shifts[row], length))
    return found


def _conditions(given: Conditioning, row: int, length: int, after: int) -> tuple[Array, Whole]:
    """The different conditions of a piece's steps, and which of them each is under."""
    within = slice(CONTEXT, CONTEXT + length)
    steps = np.arange(-CONTEXT, length + after).clip(0, max(min(length, given.steps) - 1, 0))
    since, bar = given.bars[row].astype(np.intp).T
    many = 1 + bar.max(initial=0)
    packed = 4 * (since * many + bar).take(steps)
    packed[within] += 2 * given.fermatas[row, :length] + 1
    packed, kinds = np.unique(packed, return_inverse=True)
    since, bar = np.divmod(packed // 4, many)
    columns = (
        since % 4,
        np.minimum(since // 4, 7),
        np.clip((bar - 1 - since) // 4, 0, 7),
        np.clip(bar // 4, 0, 7),
    )
    found = np.zeros((len(packed), CONDITION), np.float32)
    for start, column in zip((0, 4, 12, 20), columns, strict=True):
        found[np.arange(len(packed)), start + column] = 1
    found[:, METER] = packed & 2 > 0
    found[:, METER + 1] = packed & 1
    found[:, METER + 2 + int(given.major_tonic[row]) % 12] = 1
    return found, kinds


def _closes(fermatas: Flags) -> Flags:
    found = fermatas.copy()
    for lag in range(1, STEPS_PER_QUARTER + 1):
        found[:-lag] |= fermatas[lag:]
    return found


def latent(seed: int, steps: int) -> NDArray[np.float32]:
    """Uniform numbers ``(steps, 2, voice)``: a longer piece begins with those of a shorter one."""
    random = np.random.Generator(np.random.Philox(key=seed & (2**64 - 1)))
    return random.random((steps, 2, len(VOICES)), np.float32)
