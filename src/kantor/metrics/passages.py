"""Passages, whose arrays every musical metric reads, and how counts become shares.

Conventions
-----------
A *passage* is a whole piece or a window cut from one. Bars and beats come from the score's own
bar lines and meter (a beat of 6/8 is a dotted quarter), so pickups, 3/4 and 6/8 need no care.
Pitches and onsets are those of the pitched lines; of drums only the hits are kept.

A metric answers with one number for each passage, ``(passage,) float64``, or with one for each
line of it, ``(passage, line)``. Where there is nothing to count (no sounding note, no whole bar)
the answer is NaN, never a 0 that would read as a judgement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.music.score import REST, Flags, Pitches, Score

WINDOW_STEPS = 32

Figures = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of equal length, with what the metrics need to know of them.

    Attributes
    ----------
    pitches : (passage, time, line) int8
        MIDI note numbers of the pitched lines, the highest first; -1 for a rest.
    onsets : (passage, time, line) bool
        True where a note starts.
    bars : (passage, time, 2) int16
        Steps since the bar line and the bar's length, as `Score.bar_positions`.
    beats : (passage, time) bool
        True on the first step of each beat.
    hits : (passage, time, drum) bool
        True where a drum is struck.
    ensemble : Ensemble
    """

    pitches: Pitches
    onsets: Flags
    bars: NDArray[np.int16]
    beats: Flags
    hits: Flags
    ensemble: Ensemble = SATB

    @classmethod
    def of(cls, score: Score, starts: Sequence[int] = (0,), steps: int | None = None) -> Passages:
        """The windows of `score` that begin at `starts` and last `steps`; by default all of it."""
        length = score.steps if steps is None else steps
        inside = np.asarray(starts, dtype=int)[:, None] + np.arange(length)
        bars = score.bar_positions[inside]
        beats = bars[..., 0] % score.meter.beat_steps == 0
        pitches, onsets = score.pitches[inside], score.onsets[inside]
        pitched, drums = slice(score.ensemble.pitched), slice(score.ensemble.pitched, None)
        notes = pitches[..., pitched], onsets[..., pitched]
        return cls(*notes, bars, beats, onsets[..., drums], score.ensemble)

    @classmethod
    def joined(cls, parts: Sequence[Passages]) -> Passages:
        """Several batches of one length and ensemble as one."""
        return cls(
            np.concatenate([part.pitches for part in parts]),
            np.concatenate([part.onsets for part in parts]),
            np.concatenate([part.bars for part in parts]),
            np.concatenate([part.beats for part in parts]),
            np.concatenate([part.hits for part in parts]),
            parts[0].ensemble,
        )

    @cached_property
    def pitch_classes(self) -> NDArray[np.int16]:
        """The set of pitch classes that sounds in each step, ``(passage, time) int16``.

        Bit *n* is set where pitch class *n* sounds, 0 being C; no bit is silence.
        """
        bits = np.where(self.pitches == REST, 0, 1 << (self.pitches.astype(np.int16) % 12))
        return np.asarray(np.bitwise_or.reduce(bits, axis=-1), np.int16)


def window_starts(score: Score, steps: int = WINDOW_STEPS) -> list[int]:
    """Where the windows of the reference protocol begin.

    They stand end to end from the first whole bar; what is left at the end is dropped. A piece
    too short for that is one window from its first step, shorter than the others.
    """
    first = int(score.bar_lines[0]) if len(score.bar_lines) else 0
    return list(range(first, score.steps - steps + 1, steps)) or [0]


def share(hits: Flags, among: Flags) -> Figures:
    """How much of the steps in `among` is also in `hits`, 0 to 1; both ``(passage, time, …)``."""
    return ratio(np.count_nonzero(hits & among, axis=1), np.count_nonzero(among, axis=1))


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Figures:
    """``numerator / denominator`` in float64, NaN where the denominator is 0."""
    over, under = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    quotient = np.full(over.shape, np.nan)
    np.divide(over, under, out=quotient, where=under != 0)
    return quotient
