"""Accompaniments: whether what lies under a melody fits it, and whether it holds together.

Part-writing asks how equal voices move. An accompaniment is asked other things: does the melody
stand on its chords, does the bass stand on their roots, does a pattern go on from bar to bar, do
the drums play a groove. These metrics are for ensembles of ``writing: accompaniment``; where others
are measured by them too, that stands in a table of its own (`kantor.report.beside`).

Conventions
-----------
*The others* are the pitched lines but the one that leads. The *chord of a beat* is the set of
pitch classes that the others sound anywhere in it, since an accompaniment breaks its chords. The
melody is looked at on the beat's first step.

*A bar earlier* is as many steps earlier as the bar is long. Steps for which the passage has none,
or one at another place of its bar (after a change of meter), are left out. Two bars are compared by
what they share of all that either has (the index of Jaccard 1901): 1 the same, 0 nothing in common.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.chords import IN_CHORD, INCOMPLETE, KIND, KINDS, ROOTS
from kantor.metrics.passages import Figures, Passages, ratio, share
from kantor.music.score import REST, Flags, Score

if TYPE_CHECKING:
    import pandas as pd

LAGS = (1, 2, 4, 8)
"""Bars between which a piece is compared with itself: the bar before, and phrases' lengths."""
RECURS = {
    f"recurs_{lag}": f"notes that were there {lag} bar{'s' * (lag > 1)} before" for lag in LAGS
} | {"recurs_with_melody": "notes that were there the last time the melody had the same bar"}
"""What a person calls each figure of `evaluate_repeats`."""
_PART: Flags = np.equal(KIND, KINDS.index(INCOMPLETE))


def _bits(passages: Passages, lines: Iterable[int]) -> NDArray[np.int64]:
    """The set of pitch classes of some lines in each step, ``(passage, time)``."""
    pitches = passages.pitches[..., list(lines)].astype(np.int64)
    bits = np.where(pitches == REST, 0, 1 << pitches % 12)
    return np.asarray(np.bitwise_or.reduce(bits, axis=-1))


def _chords(passages: Passages) -> NDArray[np.int64]:
    """The chord of each beat as a set, on the beat's first step; 0 on all other steps."""
    bits = _bits(passages, passages.ensemble.others)
    starts = passages.beats.copy()
    starts[:, 0] = True
    edges = np.flatnonzero(starts)
    chords = np.zeros(bits.size, np.int64)
    chords[edges] = np.bitwise_or.reduceat(bits.ravel(), edges)
    return np.where(passages.beats, chords.reshape(bits.shape), 0)


def chord_tones(passages: Passages) -> Figures:
    """Share of the melody's notes on beats that belong to the chord of the others.

    A note belongs to a whole triad or seventh chord, and to what is no chord, if it is in it; to a
    part of a chord also if both together are still a part of one. Beats on which the others
    sound fewer than two pitch classes are not counted. It needs three lines.
    """
    chords, lead = _chords(passages), _bits(passages, [passages.ensemble.leads])
    belongs = (chords & lead != 0) | (_PART[chords] & IN_CHORD[chords | lead])
    several = np.bitwise_count(chords.astype(np.uint16)) > 1
    return share(belongs, passages.beats & (lead != 0) & several)


def lead_clash(passages: Passages) -> Figures:
    """Share of the beats on which the melody sounds a semitone from a note of the others.

    Octaves do not matter. Differs from `kantor.metrics.chords.semitone_clash`, which counts the
    sevenths within the others' chords too. It needs two lines.
    """
    others = _bits(passages, passages.ensemble.others)
    lead = _bits(passages, [passages.ensemble.leads])
    beside = ((lead << 1) | (lead >> 11) | (lead >> 1) | (lead << 11)) & 4095
    return share(beside & others != 0, passages.beats & (lead != 0) & (others != 0))


def bass_on_roots(passages: Passages) -> Figures:
    """Share of the beats with a chord, sounded by the bass, on which the bass has the root.

    The root is that of the triad or seventh chord, or of the part of one, that the others sound
    in the beat; a chord in inversion is one whose root lies above. It needs three lines and a bass.
    """
    ensemble = passages.ensemble
    assert ensemble.bass is not None
    bass = passages.pitches[..., ensemble.bass].astype(np.int64)
    roots = ROOTS[_chords(passages), np.where(bass == REST, 0, bass) % 12]
    return share(roots == bass % 12, (roots >= 0) & (bass != REST))


def _a_bar_earlier(passages: Passages) -> tuple[NDArray[np.int64], Flags]:
    """The step a bar earlier of each step, ``(passage, time)``, and where there is one."""
    place, length = passages.bars[..., 0].astype(np.int64), passages.bars[..., 1].astype(np.int64)
    earlier = np.arange(place.shape[1]) - length
    there = earlier >= 0
    earlier = np.maximum(earlier, 0)
    return earlier, there & (np.take_along_axis(place, earlier, axis=1) == place)


def _kept(passages: Passages, events: NDArray[np.integer]) -> Figures:
    """What ``(passage, time, line)`` events share with those a bar earlier; 0 is no event."""
    earlier, there = _a_bar_earlier(passages)
    before = np.take_along_axis(events, earlier[..., None], axis=1)
    some = ((events != 0) | (before != 0)) & there[..., None]
    same = np.count_nonzero(some & (events == before), axis=(1, 2))
    return ratio(same, np.count_nonzero(some, axis=(1, 2)))


def same_drums(passages: Passages) -> Figures:
    """How much of the drums' hits is kept from bar to bar: a groove holds. It needs drums."""
    return _kept(passages, passages.hits.astype(np.int8))


def same_rhythm(passages: Passages) -> Figures:
    """How much of the others' onsets, whatever their pitch, is kept from bar to bar."""
    return _kept(passages, passages.onsets[..., list(passages.ensemble.others)].astype(np.int8))


def same_notes(passages: Passages) -> Figures:
    """How much of the others' notes, onset and pitch alike, is kept from bar to bar."""
    others = list(passages.ensemble.others)
    notes = np.where(passages.onsets, passages.pitches.astype(np.int16) + 1, 0)
    return _kept(passages, notes[..., others])


def span(passages: Passages) -> Figures:
    """Semitones from the lowest to the highest note of each line, ``(passage, line)``."""
    pitches = passages.pitches.astype(np.float64)
    sounding = pitches != REST
    high = np.where(sounding, pitches, -np.inf).max(axis=1)
    low = np.where(sounding, pitches, np.inf).min(axis=1)
    return np.where(sounding.any(axis=1), high - low, np.nan)


def hits_per_bar(passages: Passages) -> Figures:
    """Hits of each drum per 16 steps, ``(passage, drum)``."""
    return 16 * ratio(np.count_nonzero(passages.hits, axis=1), passages.hits.shape[1])


def evaluate_repeats(scores: Iterable[Score]) -> pd.DataFrame:
    """How much of an accompaniment, drums included, was there some bars before.

    Returns
    -------
    DataFrame
        A row a piece, its place in `scores` as the index ``piece``; columns as `RECURS`: what each
        two bars so far apart share of the notes that either has, the same line, place in the bar
        and pitch; and what each bar shares with the last one, as long, in which the melody had the
        same notes, some at least. NaN for a piece that has no two such bars. Bars of which one is
        longer are compared as far as the shorter one goes.
    """
    import pandas as pd

    rows = [_repeats(score) for score in scores]
    return pd.DataFrame(rows, pd.RangeIndex(len(rows), name="piece"), list(RECURS))


def _repeats(score: Score) -> list[float]:
    begun = np.where(score.onsets, score.pitches.astype(np.int16) + 1, 0)
    melody, notes = begun[:, score.ensemble.leads], np.delete(begun, score.ensemble.leads, axis=1)
    edges = [*score.bar_lines.tolist(), score.steps]
    bars = [slice(*edge) for edge in pairwise(edges)]
    pairs = [[(at, at - lag) for at in range(lag, len(bars))] for lag in LAGS]
    sung: dict[bytes, int] = {}  # the last bar with these notes of the melody
    pairs.append([])
    for at, bar in enumerate(bars):
        if melody[bar].any():
            if (own := melody[bar].tobytes()) in sung:
                pairs[-1].append((at, sung[own]))
            sung[own] = at
    return [_shared([(notes[bars[one]], notes[bars[two]]) for one, two in some]) for some in pairs]


def _shared(pairs: Iterable[tuple[NDArray[np.int16], NDArray[np.int16]]]) -> float:
    """What pairs of bars, each ``(time, line)`` with 0 for no note, share of what either has."""
    same = some = 0
    for one, other in pairs:
        length = min(len(one), len(other))
        either = (one[:length] != 0) | (other[:length] != 0)
        same += int(np.count_nonzero(either & (one[:length] == other[:length])))
        some += int(np.count_nonzero(either))
    return same / some if some else float("nan")
