"""Where phrases end, for melodies whose file has no fermatas, and for what is composed freely.

A chorale's phrases close on a fermata, and the model was trained with them. A melody from MIDI
has none, so the likeliest places are found: the best way to cut the notes into phrases, by the
length of each phrase's last note, its place in the bar, a rest that follows, and the length of
the phrase in quarters. Found by dynamic programming (Viterbi) over the notes; the weights are log
odds counted in the training split of the JSB Chorales with their real fermatas.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kantor.music.notes import Note, notes_of
from kantor.music.score import STEPS_PER_QUARTER, Flags, Meter, Score

# Log odds that a note ends a phrase. Rows: less than a quarter, a quarter, a dotted quarter, a
# half, longer. Columns: on the first or the middle of a bar, on another quarter, between.
_LONG = (0, 4, 6, 8, 12)  # steps from which each row holds
_ENDS = (
    (-5.0, -5.2, -6.0),
    (-0.5, -3.2, -4.0),
    (-3.9, -2.1, -3.0),
    (0.4, -1.1, 0.0),
    (2.9, -0.4, 0.0),
)
_REST = 3.0  # chosen by hand: chorales hardly rest
# Share of the phrases of so many quarters; others are rare.
_LENGTHS = {4: 0.04, 6: 0.03, 7: 0.03, 8: 0.56, 9: 0.03, 10: 0.06, 12: 0.11}
_RARE, _UNLIKELY = 0.01, 0.001
_LONGEST = 16  # quarters
_OVERLONG = 0.25  # off the log share, for each quarter beyond
_TRUST = 0.5  # in the length against the last note
_LONGEST_FERMATA = 16  # steps


def _log_share(quarters: float) -> float:
    """Log share of phrases that are so long."""
    share = _RARE if 4 <= quarters <= _LONGEST else _UNLIKELY
    overlong = max(0.0, quarters - _LONGEST)
    return math.log(_LENGTHS.get(round(quarters), share)) - _OVERLONG * overlong


# By length in steps; no phrase is sought that is twice as long as the longest.
_OF_LENGTH = _TRUST * np.array(
    [_log_share(steps / STEPS_PER_QUARTER) for steps in range(2 * _LONGEST * STEPS_PER_QUARTER + 1)]
)


def infer_fermatas(score: Score) -> Flags:
    """Where a singer would rest on the last note of a phrase.

    Against the real fermatas of the 143 sopranos of the validation and test splits, by note: 82 %
    of those named are real and 80 % of the real ones are named. "Every half note on a strong
    beat, and before rests" reaches 56 % and 56 %.

    Parameters
    ----------
    score : (time, 1)

    Returns
    -------
    (time,) bool
        True during the last note of each phrase; the piece's last note always ends one.
    """
    fermatas = np.zeros(score.steps, bool)
    if notes := notes_of(score):
        for index in _phrase_ends(notes, _endings(score, notes)):
            fermatas[notes[index].start : notes[index].end] = True
    return fermatas


def even_endings(score: Score, start: int, meter: Meter, phrase: int) -> list[tuple[int, int]]:
    """The last notes of phrases of `phrase` bars each, from step `start` to the score's end.

    A phrase ends on what is held from the beginning or the middle of its last bar, as nearly all
    do in the JSB Chorales: without a pickup on a half note in 4/4 and a dotted half in 3/4, with
    one of a quarter on a quarter and a half. A single bar that is left joins the last phrase.
    `start` is whole bars of `meter` before the end; of the score only the bars are read.

    Returns
    -------
    list of (int, int)
        Where each note begins and ends, ascending, in steps.
    """
    positions, bar = score.bar_positions, meter.bar_steps
    strong = _strong(bar, meter.beat_steps)
    count = (score.steps - start) // bar
    endings = []
    for bars in [*range(phrase, count - (phrase > 1), phrase), count]:
        end = start + bars * bar
        earliest = max(start, end - _LONGEST_FERMATA)
        latest = max(earliest, end - STEPS_PER_QUARTER)
        places = np.flatnonzero(positions[earliest : latest + 1, 0] % strong == 0)
        endings.append((earliest + (int(places[-1]) if places.size else 0), end))
    return endings


def _strong(bar: int, beat: int) -> int:
    """Steps between the strong places of a bar: its beginning and, where it is long, its middle."""
    return bar // 2 if bar % (2 * beat) == 0 and bar > 2 * STEPS_PER_QUARTER else bar


def _endings(score: Score, notes: list[Note]) -> NDArray[np.float64]:
    """Log odds that each note ends a phrase, its phrase's length aside, ``(note,)``."""
    beat = score.meter.beat_steps
    starts, ends = np.array(notes)[:, :2].T
    until = np.append(starts[1:], ends[-1])
    long = (until[:, None] - starts[:, None] >= np.array(_LONG)).sum(axis=1) - 1
    since, bar = score.bar_positions[starts].astype(int).T
    strong = np.array([_strong(length, beat) for length in bar.tolist()])
    place = np.where(since % strong == 0, 0, np.where(since % beat == 0, 1, 2))
    rested = until - ends >= STEPS_PER_QUARTER
    return np.asarray(np.array(_ENDS)[long, place] + _REST * rested)


def _phrase_ends(notes: list[Note], ending: NDArray[np.float64]) -> list[int]:
    """Indices of the notes that end phrases in the best cut of all notes, from the last on."""
    starts, ends = np.array(notes)[:, :2].T
    longest = len(_OF_LENGTH) - 1
    earliest = starts.searchsorted(ends - longest - 1, side="right")
    best, cut = np.zeros(len(notes) + 1), [0]
    for last, first in enumerate(np.minimum(earliest, np.arange(len(notes))).tolist()):
        lengths = np.minimum(ends[last] - starts[first : last + 1], longest)
        scores = best[first : last + 1] + _OF_LENGTH.take(lengths)
        chosen = int(scores.argmax())
        cut.append(first + chosen)
        best[last + 1] = scores[chosen] + ending[last]
    phrase_ends = []
    after = len(notes)
    while after > 0:
        phrase_ends.append(after - 1)
        after = cut[after]
    return phrase_ends
