"""What tells takes of one request apart, in a line each, counted from their notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import REST, Flags, Score

CLEAR = 0.04
"""How far the first must be from the next to be named for it, in the trait's own measure."""
BETWEEN = "between the others"
_MAJOR = (0, 2, 4, 5, 7, 9, 11)


class _Trait(NamedTuple):
    """A figure of a take, and what the takes with the most and the least of it are called."""

    figures: NDArray[np.float64]
    measure: float  # what counts as much in a figure
    most: str
    least: str = ""


def characters(
    takes: Sequence[Score], mask: Flags, critic: Sequence[float], style: str
) -> list[str]:
    """A line for each take; an empty one where there is one take only.

    Parameters
    ----------
    mask
        ``(time, line) bool``: True where a cell was given. The others are looked at.
    critic
        What the critic says of each take, the higher the better; empty where there is none.
    style
        Of the model, such as ``bach``.
    """
    if len(takes) < 2:
        return [""] * len(takes)
    lines = [_twin(takes, index, mask) for index in range(len(takes))]
    ranked: list[tuple[float, int, str]] = []
    for trait in _traits(takes, mask, critic, style):
        for sign, name in ((1, trait.most), (-1, trait.least)):
            order = np.argsort(-sign * trait.figures, kind="stable")
            first, second = trait.figures[order[:2]]
            lead = float(abs(first - second)) / trait.measure
            if name and lead >= CLEAR:
                ranked.append((lead, int(order[0]), name))
    for _, index, name in sorted(ranked, key=lambda one: -one[0]):
        if not lines[index] and name not in lines:
            lines[index] = name
    return [line or BETWEEN for line in lines]


def _twin(takes: Sequence[Score], index: int, mask: Flags) -> str:
    """What is said of a take that has the same notes as one before it."""
    one = takes[index]
    for number, other in enumerate(takes[:index], 1):
        same = (one.pitches == other.pitches) & (one.onsets == other.onsets)
        if same[~mask].all():
            return f"the same notes as the {_ORDINALS[number - 1]} of these"
    return ""


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _traits(
    takes: Sequence[Score], mask: Flags, critic: Sequence[float], style: str
) -> list[_Trait]:
    free, lowest = ~mask, takes[0].ensemble.pitched - 1
    notes = np.array([float(take.onsets[free].sum()) for take in takes])
    leaps = _each(takes, free, _leap)
    traits = [
        _Trait(notes, notes.mean() or 1, "busiest: most notes", "calm: fewest notes"),
        _Trait(leaps, leaps.mean() or 1, "boldest leaps", "smoothest lines"),
        _Trait(_each(takes, free, _foreign), 0.5, "most notes from outside the key"),
    ]
    if free[:, lowest].any():
        bass = _each(takes, free, lambda take, free: _pitch(take, free, lowest))
        traits.append(_Trait(bass, 12, "highest bass", "lowest bass"))
    if len(critic) == len(takes) and (spread := max(critic) - min(critic)) > 0:
        name = f"nearest to {style.replace('_', ' ').title()}, says the critic"
        traits.append(_Trait(np.array(critic), 4 * spread, name))
    return traits


def _each(
    takes: Sequence[Score], free: Flags, figure: Callable[[Score, Flags], float]
) -> NDArray[np.float64]:
    return np.array([figure(take, free) for take in takes], float)


def _leap(take: Score, free: Flags) -> float:
    """Semitones from note to note of the pitched lines, on average."""
    sizes = []
    for line in range(take.ensemble.pitched):
        starts = take.onsets[:, line]
        pitches = take.pitches[starts, line].astype(int)
        sizes.append(np.abs(np.diff(pitches))[free[starts, line][1:]])
    steps = np.concatenate(sizes)
    return float(steps.mean()) if len(steps) else 0.0


def _foreign(take: Score, free: Flags) -> float:
    """The share of notes that do not belong to the key."""
    pitched = slice(take.ensemble.pitched)
    tonic = take.key.major_tonic if take.key else 0
    started = (take.onsets & free)[:, pitched]
    degrees = (take.pitches[:, pitched][started].astype(int) - tonic) % 12
    return float((~np.isin(degrees, _MAJOR)).mean()) if len(degrees) else 0.0


def _pitch(take: Score, free: Flags, line: int) -> float:
    """The mean pitch of a line's free cells that sound."""
    pitches = take.pitches[:, line][free[:, line] & (take.pitches[:, line] != REST)]
    return float(pitches.mean()) if len(pitches) else 0.0
