"""Lines: how each moves, how two move against each other, and how full they are.

Conventions
-----------
A *move* is made at a step where a line sounds, sounded in the step before, and its pitch differs:
notes with a rest between them do not adjoin, and a repeated note is not a move. Metrics of bars
look at *whole* bars only; neither a pickup nor a bar that the end cuts is one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.passages import Figures, Passages, ratio, share
from kantor.music.score import REST

FIFTH = 7
OCTAVE = 0
STEP = 2  # the largest stepwise move, in semitones
LEAP = 5  # the smallest leap


def _moves(passages: Passages) -> NDArray[np.int16]:
    """Semitones that each line moves into each step but the first; 0 where it makes no move."""
    wide = passages.pitches.astype(np.int16)
    before, after = wide[:, :-1], wide[:, 1:]
    return np.where((before == REST) | (after == REST), np.int16(0), after - before)


def stepwise(passages: Passages) -> Figures:
    """Share of each line's moves that are of at most a whole tone, ``(passage, line)``."""
    moves = np.abs(_moves(passages))
    return share(moves <= STEP, moves > 0)


def leaps(passages: Passages) -> Figures:
    """Share of each line's moves of a fourth (five semitones) or more, ``(passage, line)``."""
    moves = np.abs(_moves(passages))
    return share(moves >= LEAP, moves > 0)


def _parallels(passages: Passages, interval: int) -> Figures:
    pitches, directions = passages.pitches.astype(np.int16), np.sign(_moves(passages))
    upper, lower = np.triu_indices(pitches.shape[-1], k=1)
    apart = (pitches[..., upper] - pitches[..., lower]) % 12 == interval
    apart &= (pitches[..., upper] != REST) & (pitches[..., lower] != REST)
    together = directions[..., upper] * directions[..., lower] > 0
    count = np.count_nonzero(apart[:, :-1] & apart[:, 1:] & together, axis=(-2, -1))
    return 100 * ratio(count, pitches.shape[1])


def parallel_fifths(passages: Passages) -> Figures:
    """Parallel perfect fifths per 100 steps, over all pairs of lines; it needs two.

    One is counted where two lines both move, in the same direction, and the one named higher
    stands a perfect fifth (modulo octaves) above the other before and after. So of crossed
    lines it is the fourth that counts, as in the published reference values; on real chorales,
    counting sounding fifths whatever the names would give .049 instead of .060. Differs from
    counts between beats, which come out larger: they join notes that do not adjoin.
    """
    return _parallels(passages, FIFTH)


def parallel_octaves(passages: Passages) -> Figures:
    """Parallel octaves and unisons per 100 steps, counted as in `parallel_fifths`."""
    return _parallels(passages, OCTAVE)


def crossing(passages: Passages) -> Figures:
    """Share of all steps in which every line sounds and some line lies under the next lower one.

    A unison is not a crossing. It needs two lines.
    """
    pitches = passages.pitches
    crossed = (pitches[..., :-1] < pitches[..., 1:]).any(axis=-1)
    return np.asarray(((pitches != REST).all(axis=-1) & crossed).mean(axis=1))


def _mean_over_bars(values: NDArray[np.generic], passages: Passages, fold: np.ufunc) -> Figures:
    """Fold ``(passage, time, n)`` within each whole bar and take the mean over bars and *n*.

    A boolean fold counts True as 1, a fold of bit sets counts their bits.
    """
    count, time, width = values.shape
    first = passages.bars[..., 0] == 0
    first[:, 0] = True
    starts = np.flatnonzero(first)
    folded = fold.reduceat(values.reshape(-1, width), starts, axis=0)
    lengths = np.diff(np.append(starts, count * time))
    whole = lengths == passages.bars.reshape(-1, 2)[starts, 1]
    bits = np.bitwise_count(folded.astype(np.uint16)).mean(axis=1)
    passage = starts[whole] // time
    sums = np.bincount(passage, bits[whole], minlength=count)
    return ratio(sums, np.bincount(passage, minlength=count))


def empty_bars(passages: Passages) -> Figures:
    """Share of the whole bars, each line's counted by itself, in which the line is silent.

    The empty-bar rate of MuseGAN (Dong et al. 2018). Differs from the code of MuseGAN and of the
    workshop, which return the share of bars that are *not* empty.
    """
    return 1 - _mean_over_bars(passages.pitches != REST, passages, np.logical_or)


def pitch_classes_per_bar(passages: Passages) -> Figures:
    """Mean number of different pitch classes in a whole bar, all lines together.

    MuseGAN's "used pitch classes" (Dong et al. 2018), over all tracks. Differs from its code,
    which reads seven neighbouring semitones as one class.
    """
    return _mean_over_bars(passages.pitch_classes[..., None], passages, np.bitwise_or)


def four_distinct_pitches(passages: Passages) -> Figures:
    """Share of all steps in which at least four different pitches sound; it needs four lines.

    The polyphonic rate of MuseGAN with its threshold set to four; a unison of two lines counts
    as one pitch.
    """
    ordered = np.sort(passages.pitches, axis=-1)
    fresh = ordered != REST
    fresh[..., 1:] &= ordered[..., 1:] != ordered[..., :-1]
    return np.asarray((np.count_nonzero(fresh, axis=-1) >= 4).mean(axis=1))


def notes_per_bar(passages: Passages) -> Figures:
    """Notes of each line per 16 steps, ``(passage, line)``: a bar of four quarters in any meter.

    A note that is already held when the passage begins counts as one of it.
    """
    starts = passages.onsets.copy()
    starts[:, 0] = passages.pitches[:, 0] != REST
    return 16 * ratio(np.count_nonzero(starts, axis=1), starts.shape[1])
