"""What every musical metric does first and last: check its arrays, and turn counts into shares.

Conventions
-----------
Metrics take arrays ``(…, time, line)`` and answer with ``(…)``: one number for a piece, or one
for each passage of a batch ``(passage, time, line)``. Where there is nothing to count (no
sounding note, no whole bar) the answer is NaN, never a 0 that would read as a judgement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.music.score import REST, Flags, Pitches

Figures = NDArray[np.float64]


def validate(pitches: Pitches) -> None:
    """Refuse what is not an array of pitches.

    Parameters
    ----------
    pitches : (…, time, line) int
        MIDI note numbers, -1 for a rest.

    Raises
    ------
    InputError
        If the array has fewer than two axes, is not of integers (a piano roll of {-1, 1} or
        {0, 1} as floats or booleans is not an array of pitches), or leaves -1 to 127.
    """
    if pitches.ndim < 2:
        raise InputError(f"pitches of shape {pitches.shape}: expected (…, time, line)")
    if not np.issubdtype(pitches.dtype, np.integer):
        raise InputError(f"pitches of type {pitches.dtype}: expected whole MIDI note numbers")
    if pitches.size and not (pitches.min() >= REST and pitches.max() <= 127):
        raise InputError("pitches must be MIDI note numbers, or -1 for a rest")


def share(hits: Flags, among: Flags, axis: int | tuple[int, ...] = -1) -> Figures:
    """How many of the cells of `among` are also in `hits`, 0 to 1; NaN where `among` is empty.

    Parameters
    ----------
    hits, among : bool
        Arrays of one shape.
    axis : int or tuple of int
        The axes that are counted away.
    """
    total = np.count_nonzero(among, axis=axis)
    return ratio(np.count_nonzero(hits & among, axis=axis), total)


def ratio(numerator: NDArray[np.generic] | int, denominator: NDArray[np.generic] | int) -> Figures:
    """``numerator / denominator`` in float64, NaN where the denominator is 0."""
    over = np.asarray(numerator, np.float64)
    under = np.asarray(denominator, np.float64)
    quotient = np.full(np.shape(over), np.nan)
    np.divide(over, under, out=quotient, where=under != 0)
    return quotient
