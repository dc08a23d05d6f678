"""Voice leading: how single lines move, and how two move against each other.

Conventions
-----------
``pitches`` is ``(…, time, line)`` int, -1 for a rest, of pitched lines, the highest first. A
*move* is made at a step where a line sounds, sounded in the step before, and its pitch differs:
notes with a rest between them do not adjoin, and a repeated note is not a move. See
`kantor.metrics.counting` for shapes and NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.counting import Figures, ratio, share, validate
from kantor.music.score import REST, Pitches

FIFTH = 7
OCTAVE = 0
STEP = 2  # the largest stepwise move, in semitones
LEAP = 5  # the smallest leap


def _moves(pitches: Pitches) -> NDArray[np.int16]:
    """Semitones that each line moves into each step but the first; 0 where it makes no move."""
    validate(pitches)
    wide = pitches.astype(np.int16)
    before, after = wide[..., :-1, :], wide[..., 1:, :]
    return np.where((before == REST) | (after == REST), np.int16(0), after - before)


def stepwise(pitches: Pitches) -> Figures:
    """Share of each line's moves that are of at most a whole tone, ``(…, line)``."""
    moves = np.abs(_moves(pitches))
    return share(moves <= STEP, moves > 0, axis=-2)


def leaps(pitches: Pitches) -> Figures:
    """Share of each line's moves that are of a fourth (five semitones) or more, ``(…, line)``."""
    moves = np.abs(_moves(pitches))
    return share(moves >= LEAP, moves > 0, axis=-2)


def _parallels(pitches: Pitches, interval: int) -> NDArray[np.int64]:
    moves = _moves(pitches)
    upper, lower = np.triu_indices(pitches.shape[-1], k=1)
    wide = pitches.astype(np.int16)
    apart = (wide[..., upper] - wide[..., lower]) % 12 == interval
    apart &= (pitches[..., upper] != REST) & (pitches[..., lower] != REST)
    kept = apart[..., :-1, :] & apart[..., 1:, :]
    together = np.sign(moves[..., upper]) * np.sign(moves[..., lower]) > 0
    return np.asarray(np.count_nonzero(kept & together, axis=(-2, -1)))


def _per_hundred_steps(count: NDArray[np.int64], steps: int) -> Figures:
    return 100 * ratio(count, np.full(np.shape(count), steps))


def parallel_fifths(pitches: Pitches) -> Figures:
    """Parallel perfect fifths per 100 steps, over all pairs of lines; it needs two.

    One is counted where two lines both move, in the same direction, and the one named higher
    stands a perfect fifth (modulo octaves) above the other before and after. So of crossed
    lines it is the fourth that counts, as in the published reference values; on real chorales,
    counting sounding fifths whatever the names would give .049 instead of .060. Differs from
    counts between beats, which come out larger: they join notes that do not adjoin.
    """
    return _per_hundred_steps(_parallels(pitches, FIFTH), pitches.shape[-2])


def parallel_octaves(pitches: Pitches) -> Figures:
    """Parallel octaves and unisons per 100 steps, counted as in `parallel_fifths`."""
    return _per_hundred_steps(_parallels(pitches, OCTAVE), pitches.shape[-2])


def crossing(pitches: Pitches) -> Figures:
    """Share of all steps in which every line sounds and some line lies under the next lower one.

    A unison is not a crossing. It needs two lines; a passage of one has no crossing.
    """
    validate(pitches)
    sounding = np.asarray((pitches != REST).all(axis=-1))
    crossed = np.asarray((pitches[..., :-1] < pitches[..., 1:]).any(axis=-1))
    return share(sounding & crossed, np.ones_like(sounding))
