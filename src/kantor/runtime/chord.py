"""What is known of a step while its voices are chosen one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from kantor.runtime.pitches import BASE, CODES, Whole

KEYS = range(-6, 6)
"""Semitones from C to the frames of all keys."""


@dataclass(frozen=True, eq=False)
class Chord:
    """What is known of a step, of several pieces; arrays are ``(voice, row)``.

    Attributes
    ----------
    now, before : intp
        Codes of the step, 0 where a voice is not known yet, and of the step before.
    singles : intp
        ``now * CODES + before``.
    keyed, keyed_before : intp
        The same codes with `key` added.
    shift : (row,) intp
        Semitones from C to the frame of the piece's key.
    key : (row,) intp
        What is added to codes so that they index a table of `keyed_midi`.
    """

    now: Whole
    before: Whole
    singles: Whole
    keyed: Whole
    keyed_before: Whole
    shift: Whole
    key: Whole

    @classmethod
    def of(cls, now: Whole, before: Whole, shift: Whole) -> Chord:
        """A chord that may be added to; the arrays stay as they are."""
        key = (shift - KEYS[0]) * CODES
        singles = now * CODES + before
        return cls(now.copy(), before, singles, now + key, before + key, shift, key)

    def rows(self, rows: slice | Whole) -> Chord:
        """Some of the pieces."""
        if isinstance(rows, slice):
            return self
        return Chord(
            self.now[:, rows],
            self.before[:, rows],
            self.singles[:, rows],
            self.keyed[:, rows],
            self.keyed_before[:, rows],
            self.shift[rows],
            self.key[rows],
        )

    def set(self, voice: int, codes: Whole) -> None:
        """Let a voice be known."""
        self.now[voice] = codes
        np.add(codes, self.key, out=self.keyed[voice])
        np.add(codes * CODES, self.before[voice], out=self.singles[voice])


@cache
def keyed_midi() -> Whole:
    """The MIDI number of each code in each key; -1 for a rest and a cell that is not known."""
    codes = np.arange(CODES)
    midi = codes - 1 + BASE + np.array(KEYS)[:, None]
    return np.where(codes > 1, midi, -1).ravel()
