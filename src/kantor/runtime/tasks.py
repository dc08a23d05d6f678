"""Which pieces can be composed together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kantor.music.score import VOICE_RANGES, VOICES
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import CONTEXT, HIGHEST, LOWEST


@dataclass(frozen=True)
class Task:
    """What pieces have in common that are composed together.

    Attributes
    ----------
    voices : tuple of int
        Those of which anything is to be composed.
    given : tuple of int
        Those of which anything is given while the others are composed.
    foreign : tuple of int
        Those that were given, and may have any pitch; others keep to their range.
    """

    voices: tuple[int, ...]
    given: tuple[int, ...]
    foreign: tuple[int, ...]

    @classmethod
    def of(cls, piece: Piece) -> Task:
        """The task that a piece sets; what else is in a batch does not matter."""
        free = (piece.codes[CONTEXT : CONTEXT + piece.steps] == 0).T.copy()
        asked = np.flatnonzero(free.any(axis=1)).tolist()
        told = np.flatnonzero(~free.all(axis=1)).tolist()
        return cls(tuple(asked), tuple(told), tuple(told))

    def bounds(self, voice: int) -> tuple[int, int]:
        """The lowest and the highest pitch that a voice may have, as MIDI numbers."""
        return (LOWEST, HIGHEST) if voice in self.foreign else VOICE_RANGES[voice]

    def anew(self) -> Task:
        """The same for cells of these voices that are composed again, with all others given."""
        return replace(self, given=tuple(range(len(VOICES))))
