"""Which held-out tunes the training data knows.

Bach set many tunes more than once, and the canonical split of the chorales does not keep such
settings together: a held-out soprano may nearly be one that was trained on, in another setting.
Pieces whose tune is new are the stricter test.

Conventions
-----------
A tune is the sequence of its intervals in semitones, repeated notes and rests left out, so that
key and rhythm do not matter. It is *known* if one training tune holds at least `KNOWN` of its
different runs of `RUN` intervals. On the published split this finds 22 of 76 valid and 27 of 77
test tunes; a comparison by alignment found 21 and 24.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kantor.music.score import REST, Score

RUN = 6
KNOWN = 0.6

Runs = set[tuple[int, ...]]


def interval_runs(score: Score) -> Runs:
    """All different runs of `RUN` intervals of the soprano; none for a shorter tune."""
    pitches = score.pitches[:, 0]
    sounding = pitches[pitches != REST].astype(np.int64)
    tune = sounding[np.flatnonzero(np.diff(sounding, prepend=-1))]
    intervals = [int(interval) for interval in np.diff(tune)]
    return {tuple(intervals[at : at + RUN]) for at in range(len(intervals) - RUN + 1)}


def new_tunes(scores: Sequence[Score], training: Sequence[Score]) -> list[int]:
    """The places in `scores` of the pieces whose soprano no training piece knows."""
    known = [interval_runs(score) for score in training]
    return [
        row
        for row, score in enumerate(scores)
        if _greatest_share(interval_runs(score), known) < KNOWN
    ]


def _greatest_share(runs: Runs, known: Sequence[Runs]) -> float:
    return max((len(runs & other) / len(runs) for other in known), default=0.0) if runs else 0.0
