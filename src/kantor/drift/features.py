"""What is measured on a melody, to compare it with others: a flat row of numbers and names.

Conventions
-----------
Histograms are shares that sum to 1, one column a bin, so that a row needs no nesting and a log
of rows can be read by anything.
"""

from __future__ import annotations

import numpy as np

from kantor.errors import InputError
from kantor.music.key import estimate
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

WIDEST = 12  # semitones; wider leaps are counted as this one
PITCH_CLASSES = tuple(f"pitch_class_{pitch}" for pitch in range(12))
INTERVALS = tuple(f"interval_{leap:+d}" for leap in range(-WIDEST, WIDEST + 1))
NUMBERS = ("notes", "lowest", "highest", "range", "density")
NAMES = ("key", "meter")
COLUMNS = (*NUMBERS, *NAMES, *PITCH_CLASSES, *INTERVALS)

Row = dict[str, float | str]


def features(score: Score) -> Row:
    """The features of the first voice of `score`, in the order of `COLUMNS`.

    Returns
    -------
    dict
        ``notes``: how many. ``lowest``, ``highest``: MIDI numbers. ``range``: semitones between
        them. ``density``: notes a quarter, rests counted. ``key``: such as ``"F# minor"``,
        estimated where the score names none. ``meter``: such as ``"3/4"``. ``pitch_class_0`` to
        ``_11``: share of the sounding time on C to B. ``interval_-12`` to ``_+12``: share of the
        steps from one note to the next, in semitones; all 0 for a single note.

    Raises
    ------
    InputError
        If no note sounds.
    """
    pitches = score.pitches[:, 0].astype(np.int64)
    sounding = pitches[pitches != REST]
    if not sounding.size:
        raise InputError("no note sounds: there is nothing to measure")
    line = pitches[score.onsets[:, 0]]
    key = score.key or estimate(score.pitches[:, :1])
    lowest, highest = int(sounding.min()), int(sounding.max())
    numbers = (len(line), lowest, highest, highest - lowest)
    density = round(len(line) * STEPS_PER_QUARTER / score.steps, 6)
    classes = np.bincount(sounding % 12, minlength=12) / sounding.size
    leaps = np.clip(np.diff(line), -WIDEST, WIDEST) + WIDEST
    intervals = np.bincount(leaps, minlength=len(INTERVALS)) / max(1, leaps.size)
    shares = (round(float(share), 6) for share in (*classes, *intervals))
    values: tuple[float | str, ...] = (*numbers, density, key.name, str(score.meter), *shares)
    return dict(zip(COLUMNS, values, strict=True))
