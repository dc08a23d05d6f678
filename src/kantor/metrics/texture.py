"""Texture: how many notes there are, in which bars, and how many pitches sound at once.

Conventions
-----------
``pitches`` is ``(…, time, line)`` int, -1 for a rest; ``onsets`` the same shape, bool, True
where a note starts. ``bars`` is ``(…, time, 2)`` int, steps since the bar line and the bar's
length, as `kantor.music.score.Score.bar_positions`: a pickup is the end of a whole bar. Metrics
of bars look at *whole* bars only; neither a pickup nor a bar that the end cuts is one. See
`kantor.metrics.counting` for shapes and NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.chords import pitch_class_sets
from kantor.metrics.counting import Figures, ratio, share, validate
from kantor.music.score import REST, Flags, Pitches

Bars = NDArray[np.int16]


def _mean_over_bars(values: NDArray[np.generic], bars: Bars, fold: np.ufunc) -> Figures:
    """Fold ``(…, time, n)`` within each whole bar and take the mean over bars and *n*.

    A boolean fold counts True as 1, a fold of bit sets counts their bits.
    """
    *batch, time, width = values.shape
    passages = int(np.prod(batch, dtype=int))
    if not values.size:
        return np.full(batch, np.nan)
    position = bars.reshape(passages, time, 2)
    first = position[..., 0] == 0
    first[:, 0] = True
    starts = np.flatnonzero(first)
    folded = fold.reduceat(values.reshape(-1, width), starts, axis=0)
    lengths = np.diff(np.append(starts, passages * time))
    whole = lengths == position.reshape(-1, 2)[starts, 1]
    counts = np.bitwise_count(folded.astype(np.uint16)).mean(axis=1)
    passage = starts[whole] // time
    sums = np.bincount(passage, counts[whole], minlength=passages)
    return ratio(sums, np.bincount(passage, minlength=passages)).reshape(batch)


def empty_bars(pitches: Pitches, bars: Bars) -> Figures:
    """Share of the whole bars, each line's counted by itself, in which the line is silent.

    The empty-bar rate of MuseGAN (Dong et al. 2018). Differs from the code of MuseGAN and of the
    workshop, which return the share of bars that are *not* empty.
    """
    validate(pitches)
    sounds = np.asarray(pitches != REST)
    return 1 - _mean_over_bars(sounds, bars, np.logical_or)


def pitch_classes_per_bar(pitches: Pitches, bars: Bars) -> Figures:
    """Mean number of different pitch classes in a whole bar, all lines together.

    MuseGAN's "used pitch classes" (Dong et al. 2018), over all tracks. Differs from its code,
    which reads seven neighbouring semitones as one class.
    """
    return _mean_over_bars(pitch_class_sets(pitches)[..., None], bars, np.bitwise_or)


def four_distinct_pitches(pitches: Pitches) -> Figures:
    """Share of all steps in which at least four different pitches sound; it needs four lines.

    The polyphonic rate of MuseGAN with its threshold set to four; a unison of two lines counts
    as one pitch.
    """
    validate(pitches)
    ordered = np.sort(pitches, axis=-1)
    fresh = ordered != REST
    fresh[..., 1:] &= ordered[..., 1:] != ordered[..., :-1]
    four: Flags = np.count_nonzero(fresh, axis=-1) >= 4
    return share(four, np.ones_like(four))


def notes_per_bar(pitches: Pitches, onsets: Flags) -> Figures:
    """Notes of each line per 16 steps, ``(…, line)``: a bar of four quarters in every meter.

    A note that is already held when the passage begins counts as one of it.
    """
    validate(pitches)
    sounds = np.asarray(pitches != REST)
    starts = onsets & sounds
    starts[..., :1, :] = sounds[..., :1, :]
    count = np.count_nonzero(starts, axis=-2)
    return 16 * ratio(count, np.full(np.shape(count), pitches.shape[-2]))
