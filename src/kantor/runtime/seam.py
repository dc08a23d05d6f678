"""Where composed cells meet given ones: what comes after is known, so the choice may heed it.

The heads know a step's past alone. What they learned of successions of two voices (the last
interval, how the other one moves, the interval it comes to) holds backwards as well: where both
voices are given in the next step, each pitch of this one would complete a succession to it.
"""

from __future__ import annotations

import numpy as np

from kantor.music.score import VOICES
from kantor.runtime.chord import Chord
from kantor.runtime.pitches import LARGEST_MOTION, MOTIONS, Whole
from kantor.runtime.weights import Array, Weights


class Seam:
    """The heads' successions, ``(interval, motion, interval)`` of each voice and each other."""

    def __init__(self, weights: Weights) -> None:
        self._tables = {}
        for voice in range(len(VOICES)):
            others = [other for other in range(len(VOICES)) if other != voice]
            stored = weights[f"heads.{voice}.successors"].reshape(len(others), 12, MOTIONS, 12)
            # A larger motion says nothing.
            padded = np.pad(stored, ((0, 0), (0, 0), (0, 1), (0, 0)))
            for other, table in zip(others, padded, strict=True):
                self._tables[voice, other] = table

    def meets(self, voice: int, ahead: Whole) -> bool:
        """Whether the voice and another one are given in any row's next step."""
        both = (ahead[voice] > 1) & (np.count_nonzero(ahead > 1, axis=0) > 1)
        return bool(both.any())

    def __call__(self, voice: int, codes: Whole, chord: Chord, ahead: Whole) -> Array:
        """What each pitch of a voice gains by the step after it.

        Parameters
        ----------
        codes : (row, place) intp
            The pitches that there are to choose from.
        chord : Chord
            What is known of the step, `codes` not.
        ahead : (voice, row) intp
            The next step's codes, 0 where a cell is not given.

        Returns
        -------
        (row, place) float32
        """
        found = np.zeros(codes.shape, np.float32)
        for other in range(len(VOICES)):
            known = (chord.now[other] > 1) & (ahead[other] > 1) & (ahead[voice] > 1)
            rows = np.flatnonzero(known & (chord.now[other] != ahead[other]))
            if other == voice or not len(rows):
                continue
            own, now = codes[rows], chord.now[other, rows, None]
            own_then, then = ahead[voice, rows, None], ahead[other, rows, None]
            one = self._tables[voice, other], own, now, own_then, then
            two = self._tables[other, voice], now, own, then, own_then
            gains = _completed(*one) + _completed(*two)
            found[rows] += np.where(own == own_then, np.float32(0), gains)
        return found


def _completed(table: Array, own: Whole, other: Whole, own_then: Whole, other_then: Whole) -> Array:
    """What a voice's head says of its going on to a pitch while the other one moves."""
    step = other_then - other + LARGEST_MOTION
    motion = np.where((step >= 0) & (step < MOTIONS), step, MOTIONS)
    return np.asarray(table[(own - other) % 12, motion, (own_then - other_then) % 12])
