"""A piece as the networks are shown it: what is given, its meter, what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags
from kantor.network import layout, tokens
from kantor.network.layout import CONDITIONS, CONTEXT, METER, Layout
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array


def inside(given: Conditioning) -> Flags:
    """True up to a piece's last step in which a cell sounds or is to be composed.

    Returns
    -------
    (batch, time) bool
    """
    return np.asarray(np.arange(given.steps) < _lengths(given)[:, None], dtype=bool)


def _lengths(given: Conditioning) -> Whole:
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    return np.where(used.any(axis=1), given.steps - used[:, ::-1].argmax(axis=1), 0)


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece with `CONTEXT` steps of given rests before it and some after it, ``span`` in all.

    Attributes
    ----------
    tokens : (span, line) int8
        0 where a cell is to be composed.
    onsets : (span, line) bool
        Of the given cells.
    bars : (span, 2) int16
        As `Conditioning.bars`; around the piece those of its first and last step.
    fermatas, inside : (span,) bool
        `inside` is True in the piece itself.
    major_tonic : int
    steps : int
        Length without what stands around it.
    """

    tokens: NDArray[np.int8]
    onsets: Flags
    bars: NDArray[np.int16]
    fermatas: Flags
    inside: Flags
    major_tonic: int
    steps: int

    @property
    def shift(self) -> int:
        """Semitones from C to the key's frame."""
        return int(tokens.frame_shift(self.major_tonic))

    @property
    def closes(self) -> Flags:
        """Where a phrase ends, ``(steps,)``: under a fermata and in the quarter before it."""
        fermatas = self.fermatas[CONTEXT : CONTEXT + self.steps]
        closes = fermatas.copy()
        for lag in range(1, STEPS_PER_QUARTER + 1):
            closes[:-lag] |= fermatas[lag:]
        return closes

    def conditions(self, start: int, stop: int) -> Array:
        """What is known of some steps besides notes, ``(stop - start, CONDITIONS.size)``."""
        steps = np.arange(stop - start)
        found = np.zeros((len(steps), CONDITIONS.size), np.float32)
        places = layout.meter(*self.bars[start:stop].T.astype(np.intp))
        for name, place in zip(METER, places, strict=True):
            block = CONDITIONS.at[name]
            found[steps, block.start + place.clip(0, block.stop - block.start - 1)] = 1
        found[:, CONDITIONS.at["fermata"]] = self.fermatas[start:stop, None]
        found[:, CONDITIONS.at["inside"]] = self.inside[start:stop, None]
        found[:, CONDITIONS.at["key"].start + self.major_tonic % 12] = 1
        return found


def pieces(given: Conditioning, of: Layout, after: int = CONTEXT) -> list[Piece]:
    """The pieces of a batch, each without its padding, `after` steps shown after the end.

    Outside a piece the networks see what they saw there in training: given rests, the edge's
    place in its bar. So neither padding nor a longer neighbour in the batch changes a take.
    """
    found = []
    for row, length in enumerate(_lengths(given).tolist()):
        part, one = (row, slice(length)), slice(row, row + 1)
        steps = np.arange(-CONTEXT, length + after)
        within = (steps >= 0) & (steps < length)
        shown = np.full((len(steps), given.mask.shape[-1]), tokens.REST, np.int8)
        known = of.vocabulary.to_tokens(given.pitches[one, :length], given.major_tonic[one])[0]
        shown[within] = np.where(given.mask[part], known, tokens.UNKNOWN)
        onsets, fermatas = np.zeros(shown.shape, bool), np.zeros(len(steps), bool)
        onsets[within] = given.onsets[part] & given.mask[part]
        fermatas[within] = given.fermatas[part]
        bars = given.bars[row, steps.clip(0, max(length - 1, 0))]
        tonic = int(given.major_tonic[row])
        found.append(Piece(shown, onsets, bars, fermatas, within, tonic, length))
    return found


def latent(seed: int, steps: int, lines: int) -> NDArray[np.float32]:
    """Uniform numbers ``(steps, 2, line)``: a longer piece begins with those of a shorter one."""
    random = np.random.Generator(np.random.Philox(key=seed & (2**64 - 1)))
    return random.random((steps, 2, lines), np.float32)
