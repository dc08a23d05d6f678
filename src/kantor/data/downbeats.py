"""Which beat of its bar each beat of a recording is, where nobody has marked the downbeats.

A hidden Markov model with four states, the beats of a bar. What is seen of a beat is how long the
chord lasts that begins on it, whether the bass begins on it and has another note name than before,
and whether the melody begins a note on it. `EVIDENCE` says how often each state shows each of it;
it was fitted to all 909 songs of POP909 by Baum's and Welch's algorithm (Rabiner 1989, *A Tutorial
on Hidden Markov Models*), which needs no downbeat to be known. Bars are cut short or stretched now
and then: one beat in 500 is not followed by the next one of its bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Spans = NDArray[np.float64]
"""``(span, 3)``: start and end in beats, and a number: a note's pitch, or which chord it is."""

BEATS = 4
"""Of a bar."""
EVIDENCE = {
    # which chord begins: none, one of a beat, of two, of more
    "chord": ((0.16, 0.04, 0.41, 0.39), (0.94, 0.03, 0.02, 0.01), (0.59, 0.04, 0.35, 0.02),
              (0.88, 0.07, 0.03, 0.02)),
    # whether the bass begins a note: none, of the name that it had, of another
    "bass": ((0.11, 0.10, 0.79), (0.80, 0.10, 0.10), (0.43, 0.19, 0.38), (0.80, 0.09, 0.11)),
    # whether the melody begins a note: none, a short one, one of more than a beat
    "melody": ((0.42, 0.45, 0.13), (0.62, 0.36, 0.02), (0.57, 0.38, 0.05), (0.60, 0.39, 0.01)),
}  # fmt: skip
"""By what is seen: a row for each beat of the bar, and in it the share of each answer."""
BROKEN = 0.002
"""Chance that a beat is not followed by the next one of its bar."""
_NEAR = 0.15  # of a beat, that a note may begin early or late
_CHORD_LENGTHS, _LONG = (1.5, 3.0), 1.2  # beats


def beats_of_bars(
    count: int, chords: Spans, bass: Spans, melody: Spans
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The likeliest place in its bar of each of `count` beats.

    Parameters
    ----------
    chords : spans
        One after the other; those that are no chord have a negative number.
    bass, melody : spans
        Notes.

    Returns
    -------
    places : (beat,) int64
        0 for a downbeat.
    sure : (beat,) float64
        How likely each place is, 0 to 1.
    """
    seen = {
        "chord": _chords(count, chords),
        "bass": _bass(count, bass),
        "melody": _melody(count, melody),
    }
    likely = np.prod([np.array(EVIDENCE[name]).T[answers] for name, answers in seen.items()], 0)
    chances = _smoothed(likely)
    return chances.argmax(1), chances.max(1)


def _smoothed(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance of each state after all that was seen, ``(beat, state)``: forward and backward."""
    follows = np.full((BEATS, BEATS), BROKEN / (BEATS - 1))
    follows[np.arange(BEATS), (np.arange(BEATS) + 1) % BEATS] = 1 - BROKEN
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    state = np.full(BEATS, 1 / BEATS)
    for beat, here in enumerate(likely):
        state = state * here
        forward[beat] = state = state / state.sum()
        state = state @ follows
    for beat in range(len(likely) - 2, -1, -1):
        after = follows @ (likely[beat + 1] * backward[beat + 1])
        backward[beat] = after / after.sum()
    chances = forward * backward
    return np.asarray(chances / chances.sum(1, keepdims=True))


def _on_beat(count: int, start: float) -> int | None:
    """The beat on which something begins, if it is one."""
    beat = round(start)
    return beat if abs(start - beat) < _NEAR and 0 <= beat < count else None


def _chords(count: int, chords: Spans) -> NDArray[np.int64]:
    answers = np.zeros(count, np.int64)
    merged: list[list[float]] = []
    for start, end, chord in chords.tolist():
        if merged and merged[-1][2] == chord:
            merged[-1][1] = end
        else:
            merged.append([start, end, chord])
    for start, end, chord in merged[1:]:
        begins = _on_beat(count, start)
        if begins is not None and chord >= 0:
            answers[begins] = 1 + int(np.searchsorted(_CHORD_LENGTHS, end - start))
    return answers


def _bass(count: int, bass: Spans) -> NDArray[np.int64]:
    answers = np.zeros(count, np.int64)
    lowest: dict[int, float] = {}
    for start, _, pitch in bass.tolist():
        beat = _on_beat(count, start)
        if beat is not None:
            lowest[beat] = min(pitch, lowest.get(beat, pitch))
    before: float | None = None
    for beat, pitch in sorted(lowest.items()):
        answers[beat] = 1 if before is None or before == pitch % 12 else 2
        before = pitch % 12
    return answers


def _melody(count: int, melody: Spans) -> NDArray[np.int64]:
    answers = np.zeros(count, np.int64)
    for start, end, _ in melody.tolist():
        beat = _on_beat(count, start)
        if beat is not None:
            answers[beat] = 2 if end - start > _LONG else 1
    return answers
