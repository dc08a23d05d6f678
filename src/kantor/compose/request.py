"""A request: one piece that a model is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Score


@dataclass(frozen=True, eq=False)
class Request:
    """What is given of a piece, and with it what is to be composed.

    Attributes
    ----------
    score : Score
        ``(time, line)``, its key known. Only the given cells are read.
    mask : (time, line) bool
        True = given, a given rest included; False = to be composed.
    messages : tuple of str
        What was done to a file's notes, one line each.

    Raises
    ------
    InputError
        If the mask is not of the score's shape, or leaves nothing to compose.
    """

    score: Score
    mask: Flags
    messages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        mask = np.array(self.mask, bool)
        if mask.shape != self.score.pitches.shape:
            raise InputError(
                f"a mask of shape {mask.shape} for pitches of {self.score.pitches.shape}"
            )
        if mask.all():
            raise InputError("everything is given: nothing is left to compose")
        mask.flags.writeable = False
        object.__setattr__(self, "mask", mask)

    @property
    def given(self) -> Conditioning:
        """The request as a model reads it."""
        return Conditioning.from_score(self.score, self.mask)
