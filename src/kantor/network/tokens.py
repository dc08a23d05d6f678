"""Tokens: pitches as the networks count them, from the major tonic of the key signature.

So one network serves all twelve keys: what it learns in C it knows in A flat.

Conventions
-----------
*Tokens* are whole numbers: 0 stands for a cell that is not known, 1 for a rest. In a pitched line
2 and more are pitches: token t is the MIDI number ``base + t`` in the frame of C major, and the
frame of another key lies `frame_shift` semitones higher. In a drum line 2 is a hit, in every key.

A *choice* is a token that can be written, counted from 0: ``token - 1``. One-hot vectors of tokens
have one place a choice and are all zero where a cell is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import MOST_DRUMS, MOST_PITCHED, Ensemble
from kantor.errors import SetupError

UNKNOWN, REST, HIT = 0, 1, 2
"""Tokens; those of pitches begin at 2 as well."""
DRUM_CHOICES = 2
_SILENT = -1  # a rest among MIDI numbers
_LOWER, _HIGHER = 6, 6
"""Semitones that the frames of the keys lie below and above one another, at most."""


def frame_shift(major_tonic: Any) -> Any:
    """Semitones from C to the major tonic, taken the nearer way: -6 to 5.

    Parameters
    ----------
    major_tonic : (…) int
        Pitch classes; an array of numpy or of TensorFlow, of a type that holds -6 to 17.
    """
    return (major_tonic + 6) % 12 - 6


class Vocabulary:
    """The tokens of an ensemble.

    Attributes
    ----------
    base : int
        What is added to a pitch's token to get its MIDI number in the frame of C major.
    choices : int
        Choices of a pitched line: a rest, and every pitch of any line's range in any key.
    lowest, highest : int
        Bounds of the MIDI numbers that the frame of every key can hold.

    Raises
    ------
    SetupError
        If the ensemble has too few or too many lines for a model.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        pitched, drums = ensemble.pitched, len(ensemble) - ensemble.pitched
        if not 3 <= pitched <= MOST_PITCHED or drums > MOST_DRUMS:
            raise SetupError(
                f"ensemble {ensemble.name}: {pitched} pitched and {drums} drum lines; a model needs"
                f" 3 to {MOST_PITCHED} pitched lines and at most {MOST_DRUMS} drum lines"
            )
        self.ensemble = ensemble
        low = min(low for low, _ in ensemble.ranges[:pitched])
        high = max(high for _, high in ensemble.ranges[:pitched])
        self.base = low - _LOWER - 2
        pitches = high - low + 1 + _LOWER + _HIGHER
        self.choices = max(64, -(-(1 + pitches) // 16) * 16)
        self.lowest, self.highest = low, self.base + self.choices - _HIGHER

    @property
    def tokens(self) -> int:
        """How many tokens there are, 0 (not known) included."""
        return self.choices + 1

    def choices_of(self, line: int) -> int:
        """How many choices a line has."""
        return self.choices if line < self.ensemble.pitched else DRUM_CHOICES

    def to_tokens(
        self, pitches: NDArray[np.integer], major_tonic: NDArray[np.integer]
    ) -> NDArray[np.intp]:
        """MIDI numbers ``(batch, time, line)``, -1 for a rest, as tokens from 1.

        Parameters
        ----------
        major_tonic : (batch,) int
            Pitch classes, 0 to 11.
        """
        shift = frame_shift(major_tonic.astype(np.intp))[:, None, None]
        tokens = (pitches.astype(np.intp) - shift - self.base).clip(REST + 1, self.choices)
        tokens[..., self.ensemble.pitched :] = HIT
        return np.where(pitches == _SILENT, REST, tokens)

    def to_pitches(
        self, tokens: NDArray[np.integer], major_tonic: NDArray[np.integer]
    ) -> NDArray[np.int8]:
        """The inverse of `to_tokens`; a hit is the drum's MIDI number."""
        shift = frame_shift(major_tonic.astype(np.intp))[:, None, None]
        pitches = tokens.astype(np.intp) + self.base + shift
        pitched = self.ensemble.pitched
        pitches[..., pitched:] = [low for low, _ in self.ensemble.ranges[pitched:]]
        return np.where(tokens == REST, _SILENT, pitches).astype(np.int8)
