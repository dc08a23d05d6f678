"""How loud each note is: phrases that rise and fall, accents of the bar, and written dynamics.

Levels are MIDI velocities. What is written (``p``, ``f``, hairpins) sets the level, `_USUAL`
where nothing is. A phrase rises to its highest melody note and falls to its end; notes on a bar
line or a beat are a little louder than others, and the melody stands in front. The amounts were
chosen by hand, to be heard but not noticed. Drums keep their level through a phrase.

A line's own level, and what an ensemble's sound says of uneven playing, come on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.music.notation import Dynamic, LineNotation
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

_USUAL = 80.0
_LEVELS = {
    "pppp": 34, "ppp": 38, "pp": 46, "p": 58, "mp": 70, "mf": 80, "f": 94, "ff": 106, "fff": 114,
    "ffff": 118,
}  # fmt: skip
_AFTER = {"fp": "p", "sfp": "p", "sfpp": "pp"}  # what follows such an accent
_ACCENTS = frozenset(("fp", "sf", "sfz", "sff", "sffz", "sfp", "sfpp", "fz", "rf", "rfz"))
_ACCENT = 18
_HAIRPIN = 14  # up or down, where no level stands at its end
_HAIRPINS = {"crescendo": 1, "diminuendo": -1}
_SOFTEST, _LOUDEST = 30, 120

_PHRASE_BARS = 4
_START, _TOP, _END = -8, 6, -18  # of a phrase
_TOP_BETWEEN = (0.3, 0.75)  # of a phrase's length
_BAR, _HALF_BAR, _BEAT, _OFF = 6, 3, 1, -3
_MELODY, _OTHERS = 6, -3
UNEVEN = 24
"""Up or down, where a sound is as uneven as can be."""


def velocities(score: Score) -> NDArray[np.uint8]:
    """The MIDI velocity of each note of a score.

    Dynamics that are written in one line only hold for the lines that have none.

    Returns
    -------
    (time, line) uint8
        1 to 127 at the step where a note begins, 0 elsewhere.
    """
    lines = range(score.pitches.shape[1])
    if not score.steps or not lines:
        return np.zeros(score.pitches.shape, np.uint8)
    phrasing, meter = _phrasing(score), _meter(score)
    notation = score.notation.lines
    written = [notation.get(line, LineNotation()).dynamics for line in lines]
    usual = next((marks for marks in (written[score.ensemble.leads], *written) if marks), ())
    loudness = np.empty(score.pitches.shape)
    for line in lines:
        level, accents = _written(written[line] or usual, score.steps)
        front = _MELODY if line == score.ensemble.leads else _OTHERS
        shaped = phrasing if line < score.ensemble.pitched else 0
        loudness[:, line] = level + accents + meter + shaped + front
    loudness = np.rint(_played(np.clip(loudness, _SOFTEST, _LOUDEST), score.ensemble))
    return np.where(score.onsets, np.clip(loudness, 1, 127), 0).astype(np.uint8)


def _played(loudness: NDArray[np.float64], ensemble: Ensemble) -> NDArray[np.float64]:
    """Velocities ``(time, line)`` with each line's level, and as uneven as the ensemble plays.

    A sound is as loud as the square of its velocity.
    """
    levels = np.sqrt([line.level for line in ensemble.lines])
    sound = ensemble.sound
    if sound is not None and sound.humanise:
        loudness = loudness + UNEVEN * sound.humanise * unevenness(loudness.shape, sound.seed)
    return np.asarray(loudness * levels, float)


def unevenness(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    """Numbers from -1 to 1 that depend on step, line and seed alone: ``(time, line)``.

    Studio's page makes the same ones (``unevenness`` in ``sound/schedule.js``).
    """
    step, line = np.indices(shape, np.uint32)
    mixed = step * np.uint32(0x9E3779B1) + line * np.uint32(0x85EBCA77)
    mixed += np.uint32(seed * 0xC2B2AE3D & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):  # as xxhash and others mix bits
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed ^= mixed >> np.uint32(15)
    return np.asarray(mixed / 2.0**31 - 1)


def _phrasing(score: Score) -> NDArray[np.float64]:
    """What the phrase adds, ``(time,)``: it rises to its top and falls to its last note."""
    leads = score.ensemble.leads
    melody, onsets = score.pitches[:, leads], score.onsets[:, leads]
    added = np.zeros(score.steps)
    for start, end in pairwise(_edges(score)):
        last = np.flatnonzero(onsets[start:end]).max(initial=1)
        place = np.minimum(np.arange(end - start) / last, 1)
        phrase = melody[start:end]
        tops = place[phrase == phrase.max()] if (phrase != REST).any() else place
        top = float(np.clip(tops[np.abs(tops - np.mean(_TOP_BETWEEN)).argmin()], *_TOP_BETWEEN))
        rise, fall = (top - place) / top, (place - top) / (1 - top)
        away = np.where(place < top, rise, fall)
        lowest = np.where(place < top, _START, _END)
        added[start:end] = _TOP + (lowest - _TOP) * away**2
    return added


def _edges(score: Score) -> list[int]:
    """The steps at which phrases begin, and the end: after fermatas, else every four bars."""
    held = score.fermatas
    ends = (np.flatnonzero(held & ~np.append(held[1:], False)) + 1).tolist()
    if not ends:
        ends = (score.bar_lines[_PHRASE_BARS::_PHRASE_BARS] - score.pickup).tolist()
    inner = {end for end in ends if 0 < end < score.steps}
    return sorted({0, score.steps} | inner)


def _meter(score: Score) -> NDArray[np.float64]:
    """What the place in the bar adds, ``(time,)``."""
    since, bar = score.bar_positions.T
    beat = score.meter.beat_steps
    half = (bar % (2 * beat) == 0) & (2 * since == bar)
    places = [since == 0, half, since % beat == 0]
    return np.select(places, [_BAR, _HALF_BAR, _BEAT], _OFF).astype(float)


def _written(
    marks: Sequence[Dynamic], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The level that is written, and what accents add at their step, each ``(time,)``."""
    level, accents = np.full(steps, _USUAL), np.zeros(steps)
    marks = sorted(marks, key=lambda mark: (mark.start, mark.mark in _HAIRPINS))
    places = [max(0, min(steps, round(mark.start))) for mark in marks]
    for index, (mark, start) in enumerate(zip(marks, places, strict=True)):
        name = mark.mark
        if name in _ACCENTS:
            accents[start : start + 1] = _ACCENT
        if goal := _level(name):
            level[start:] = goal
        elif name in _HAIRPINS and index + 1 < len(marks):
            end = places[index + 1]
            later = zip(marks[index + 1 :], places[index + 1 :], strict=True)
            near = (_level(one.mark) for one, at in later if at <= end + STEPS_PER_QUARTER)
            before = level[min(start, steps - 1)]
            goal = next(filter(None, near), before + _HAIRPINS[name] * _HAIRPIN)
            goal = float(np.clip(goal, _SOFTEST, _LOUDEST))
            level[start:end] = np.linspace(before, goal, end - start, endpoint=False)
            level[end:] = goal
    return level, accents


def _level(mark: str) -> float | None:
    return _LEVELS.get(_AFTER.get(mark, mark))
