"""The musical metrics of a score: one table of names, one call.

The task: say in figures whether four voices behave as the voices of Bach's chorales do. No figure
here is a mark; each is read beside the same figure of real chorales and of naive baselines
(`kantor.metrics.baselines`). Empty bars, polyphony and scale hardly
separate good from bad; parallels, clashes, chords, crossing and leaps do.

Conventions
-----------
A *passage* is a whole piece or a window cut from one. Bars and beats come from the score's own
bar lines and meter (a beat of 6/8 is a dotted quarter), so pickups, 3/4 and 6/8 need no care.
Shares are 0 to 1. NaN means that there was nothing to count: a silent passage has no chords.

The *reference protocol*, by which the published reference values were made: windows of 32 steps
end to end from the first whole bar, the rest at the end dropped, each metric's mean over windows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kantor.errors import InputError
from kantor.metrics import chords, motion, texture
from kantor.metrics.counting import Figures
from kantor.music.score import VOICES, Flags, Pitches, Score

if TYPE_CHECKING:
    import pandas as pd

WINDOW_STEPS = 32


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of equal length, with what the metrics need to know of them.

    Attributes
    ----------
    pitches : (passage, time, voice) int8
    onsets : (passage, time, voice) bool
    bars : (passage, time, 2) int16
        Steps since the bar line and the bar's length.
    beats : (passage, time) bool
        True on the first step of each beat.
    """

    pitches: Pitches
    onsets: Flags
    bars: texture.Bars
    beats: Flags

    @classmethod
    def of(cls, score: Score, starts: Sequence[int], steps: int) -> Passages:
        """The windows of `score` that begin at `starts` and last `steps`."""
        inside = np.asarray(starts, dtype=int)[:, None] + np.arange(steps)
        bars = score.bar_positions[inside]
        beats = bars[..., 0] % score.meter.beat_steps == 0
        return cls(score.pitches[inside], score.onsets[inside], bars, beats)

    @classmethod
    def joined(cls, parts: Sequence[Passages]) -> Passages:
        """Several batches of one length as one."""
        return cls(
            np.concatenate([part.pitches for part in parts]),
            np.concatenate([part.onsets for part in parts]),
            np.concatenate([part.bars for part in parts]),
            np.concatenate([part.beats for part in parts]),
        )


# What a metric is called, what a person calls it, and how it is counted.
JOINT: dict[str, tuple[str, Callable[[Passages], Figures]]] = {
    "empty_bars": ("empty bars", lambda p: texture.empty_bars(p.pitches, p.bars)),
    "pitch_classes": (
        "pitch classes per bar",
        lambda p: texture.pitch_classes_per_bar(p.pitches, p.bars),
    ),
    "in_best_scale": (
        "notes in the best-fitting key",
        lambda p: chords.in_best_scale(p.pitches),
    ),
    "in_c_major": ("notes in C major", lambda p: chords.in_major(p.pitches)),
    "four_pitches": (
        "four distinct pitches sounding",
        lambda p: texture.four_distinct_pitches(p.pitches),
    ),
    "tonal_distance": (
        "tonal distance between voices",
        lambda p: chords.tonal_distance(p.pitches, p.beats),
    ),
    "crossing": ("voice crossing", lambda p: motion.crossing(p.pitches)),
    "parallel_fifths": (
        "parallel fifths per 100 steps",
        lambda p: motion.parallel_fifths(p.pitches),
    ),
    "parallel_octaves": (
        "parallel octaves per 100 steps",
        lambda p: motion.parallel_octaves(p.pitches),
    ),
    "semitone_clash": (
        "semitone clash on beats",
        lambda p: chords.semitone_clash(p.pitches, p.beats),
    ),
    "triad_or_seventh": (
        "beats in a triad or seventh chord",
        lambda p: chords.triad_or_seventh(p.pitches, p.beats),
    ),
    "complete_triads": (
        "beats on a complete triad",
        lambda p: chords.complete_triads(p.pitches, p.beats),
    ),
}
BY_VOICE: dict[str, tuple[str, Callable[[Passages], Figures]]] = {
    "stepwise": ("stepwise motion", lambda p: motion.stepwise(p.pitches)),
    "leaps": ("leaps of a fourth or more", lambda p: motion.leaps(p.pitches)),
    "notes": ("notes per 16 steps", lambda p: texture.notes_per_bar(p.pitches, p.onsets)),
}
LABELS: dict[str, str] = {name: label for name, (label, _) in JOINT.items()} | {
    f"{name}_{voice}": f"{label}, {voice}"
    for name, (label, _) in BY_VOICE.items()
    for voice in VOICES
}


def evaluate_passages(passages: Passages) -> dict[str, Figures]:
    """Every metric of every passage.

    Returns
    -------
    dict of str to (passage,) float64
        In the order of `LABELS`.
    """
    figures = {name: count(passages) for name, (_, count) in JOINT.items()}
    for name, (_, count) in BY_VOICE.items():
        values = count(passages)
        for index in range(values.shape[-1]):
            figures[f"{name}_{VOICES[index]}"] = values[..., index]
    return figures


def _check(score: Score) -> None:
    if not 1 <= score.pitches.shape[1] <= len(VOICES):
        title = score.title or "score"
        raise InputError(f"{title}: {score.pitches.shape[1]} voices; the metrics know 1 to 4")


def evaluate(score: Score) -> dict[str, float]:
    """Every metric of a whole piece, in the order of `LABELS`.

    Parameters
    ----------
    score : Score
        Of one to four voices, from the soprano down.

    Raises
    ------
    InputError
        If there are more voices than that.
    """
    _check(score)
    figures = evaluate_passages(Passages.of(score, [0], score.steps))
    return {name: float(values[0]) for name, values in figures.items()}


def window_starts(score: Score, steps: int = WINDOW_STEPS) -> list[int]:
    """Where the windows of the reference protocol begin.

    They stand end to end from the first whole bar; what is left at the end is dropped. A piece
    too short for that is one window from its first step, shorter than the others.
    """
    first = int(score.bar_lines[0]) if len(score.bar_lines) else 0
    return list(range(first, score.steps - steps + 1, steps)) or [0]


def evaluate_windows(scores: Iterable[Score], steps: int | None = WINDOW_STEPS) -> pd.DataFrame:
    """Every metric of every window.

    Parameters
    ----------
    scores : iterable of Score
        All of the same number of voices.
    steps : int or None
        Length of a window; with None each whole piece is one.

    Returns
    -------
    DataFrame
        A row a window, indexed by ``piece`` (place in `scores`) and ``start`` (step), a column a
        metric in the order of `LABELS`. ``.mean()`` is the reference protocol's figure.

    Raises
    ------
    InputError
        If a piece has more than four voices or another number of them than the others.
    """
    import pandas as pd

    batches: dict[int, list[Passages]] = defaultdict(list)
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    voices: set[int] = set()
    for piece, score in enumerate(scores):
        _check(score)
        voices.add(score.pitches.shape[1])
        length = score.steps if steps is None else min(steps, score.steps)
        starts = [0] if steps is None else window_starts(score, steps)
        batches[length].append(Passages.of(score, starts, length))
        places[length] += [(piece, start) for start in starts]
    if len(voices) > 1:
        raise InputError(f"pieces of {sorted(voices)} voices cannot be evaluated in one table")
    frames = [
        pd.DataFrame(
            evaluate_passages(Passages.joined(parts)),
            index=pd.MultiIndex.from_tuples(places[length], names=["piece", "start"]),
        )
        for length, parts in batches.items()
    ]
    return pd.concat(frames).sort_index() if frames else pd.DataFrame(columns=list(LABELS))
