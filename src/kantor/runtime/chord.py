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
    key : (row,) intp
        Of `key_of`.
    """

    now: Whole
    before: Whole
    singles: Whole
    keyed: Whole
    keyed_before: Whole
    key: Whole

    @classmethod
    def of(cls, now: Whole, before: Whole, key: Whole) -> Chord:
        """A chord that may be added to; the arrays stay as they are."""
        return cls(now.copy(), before, now * CODES + before, now + key, before + key, key)

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
            self.key[rows],
        )

    def set(self, voice: int, codes: Whole) -> None:
        """Let a voice be known."""
        self.now[voice] = codes
        np.add(codes, self.key, out=self.keyed[voice])
        np.add(codes * CODES, self.before[voice], out=self.singles[voice])


def key_of(shift: Whole) -> Whole:
    """What is added to codes in a key's frame so that they index a table of `keyed_midi`."""
    return (shift - KEYS[0]) * CODES


@cache
def keyed_midi() -> Whole:
    """The MIDI number of each code in each key; -1 for a rest and a cell that is not known."""
    codes = np.arange(CODES)
    midi = codes - 1 + BASE + np.array(KEYS)[:, None]
    return np.where(codes > 1, midi, -1).ravel()
