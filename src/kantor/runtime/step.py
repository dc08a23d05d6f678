"""One step of several pieces, while its lines are chosen one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Flags
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

NEARLY = 0.7
"""Share of the pieces from which on it is faster to compute something for all of them."""


@dataclass(frozen=True, eq=False)
class Step:
    """All that decides one step of several pieces.

    Attributes
    ----------
    hidden : (row, unit) float32
        What is known before the step's chord: `Decoder.hidden`.
    earlier : (row, head unit) float32
        What the heads make of the last chord: `Decoder.earlier`.
    shift : (row,) intp
        Semitones from C to the frame of the piece's key.
    temperature : (row,) float32
    now, before : (line, row) intp
        Tokens of the step, 0 where a cell is to be composed, and of the step before.
    uniform : (line, row) float32
        By which choices are made.
    threshold : (line, row) float32
        What an onset's logit must exceed.
    ahead : (line, row) intp
        Tokens of the step after, 0 where a cell is not given.
    """

    hidden: Array
    earlier: Array
    shift: Whole
    temperature: Array
    now: Whole
    before: Whole
    uniform: NDArray[np.float32]
    threshold: NDArray[np.float32]
    ahead: Whole | None

    def rows(self, rows: slice | Whole) -> Step:
        """Some of the pieces; a slice stands for all."""
        if isinstance(rows, slice):
            return self
        return Step(
            self.hidden[rows],
            self.earlier[rows],
            self.shift[rows],
            self.temperature[rows],
            self.now[:, rows],
            self.before[:, rows],
            self.uniform[:, rows],
            self.threshold[:, rows],
            None if self.ahead is None else self.ahead[:, rows],
        )


def some(flags: Flags) -> slice | Whole | None:
    """Where flags are set: everywhere if nearly, so that nothing is copied; None if nowhere."""
    count = np.count_nonzero(flags)
    if count > NEARLY * len(flags):
        return slice(None)
    return np.flatnonzero(flags) if count else None
