"""Which pieces can be composed together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kantor.music.score import VOICE_RANGES, VOICES
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import BASE, CONTEXT, HIGHEST, LOWEST


@dataclass(frozen=True)
class Task:
    """What pieces have in common that are composed together.

    Attributes
    ----------
    voices : tuple of int
        Those of which anything is to be composed.
    given : tuple of int
        Those of which anything is given.
    lowest, highest : tuple of int
        Bounds of each voice's pitches, as MIDI numbers.
    """

    voices: tuple[int, ...]
    given: tuple[int, ...]
    lowest: tuple[int, ...]
    highest: tuple[int, ...]

    @classmethod
    def of(cls, piece: Piece) -> Task:
        """The task that a piece sets; what else is in a batch does not matter."""
        codes = piece.codes[CONTEXT : CONTEXT + piece.steps]
        bounds = []
        for voice, (low, high) in enumerate(VOICE_RANGES):
            sounding = codes[codes[:, voice] > 1, voice] - 1 + BASE + piece.shift
            within = ((low <= sounding) & (sounding <= high)).all()
            bounds.append((low, high) if within else (LOWEST, HIGHEST))
        lowest, highest = zip(*bounds, strict=True)
        asked, told = ((codes == 0).any(axis=0), (codes > 0).any(axis=0))
        return cls(
            tuple(np.flatnonzero(asked).tolist()),
            tuple(np.flatnonzero(told).tolist()),
            lowest,
            highest,
        )

    def anew(self) -> Task:
        """The same for cells of these voices that are composed again, with all others given."""
        return replace(self, given=tuple(range(len(VOICES))))
