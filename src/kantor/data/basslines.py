"""The bass under a lead sheet's chords: in two, or walking; the rule is `kantor.data.comping`'s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.data.chord_tones import MAJOR, Chord
from kantor.music.notes import Note
from kantor.music.score import STEPS_PER_QUARTER, Score

_REGISTER = range(28, 51)
"""E1 to D3, from a double bass's lowest string; a step before a root may leave it by a tone."""


def bass(
    lead: Score, at: NDArray[np.int64], chords: Sequence[Chord], line: int, walks: bool
) -> list[Note]:
    """The notes of column `line`, struck on beats; each lasts until the next one.

    `at` holds the index of the chord of each step, ``(time,)``, -1 before the first.
    """
    bar = lead.meter.bar_steps
    places = (np.arange(lead.steps) - lead.pickup) % bar
    beats = np.flatnonzero((places % STEPS_PER_QUARTER == 0) & (at >= 0))
    if not walks:
        strong = (0,) if bar == 12 else (0, 8)
        changed = np.diff(at[beats], prepend=-1) != 0
        beats = beats[np.isin(places[beats], strong) | changed]
    struck = [(step, int(at[step]), int(places[step])) for step in beats.tolist()]
    ends = [step for step, _, _ in struck[1:]] + [lead.steps]
    pitches = _walk(struck, chords, lead) if walks else _in_two(struck, chords)
    return [
        Note(step, end, pitch, line)
        for (step, _, _), end, pitch in zip(struck, ends, pitches, strict=True)
    ]


def _in_two(struck: Sequence[tuple[int, int, int]], chords: Sequence[Chord]) -> list[int]:
    """Roots where a chord begins, and then fifths and roots by turns."""
    pitches: list[int] = []
    turn, last = 0, -1
    for _, index, _ in struck:
        turn = turn + 1 if index == last else 0
        chord, last = chords[index], index
        tone = chord.fifth if turn % 2 else chord.root
        pitches.append(_near(tone, pitches[-1] if pitches else None))
    return pitches


def _walk(
    struck: Sequence[tuple[int, int, int]], chords: Sequence[Chord], lead: Score
) -> list[int]:
    """Root, third, fifth of each chord in each bar, and a step towards the next root."""
    tonic = lead.key.major_tonic if lead.key else 0
    pitches: list[int] = []
    target: int | None = None
    turn = 0
    for now, (_, index, place) in enumerate(struck):
        chord = chords[index]
        begins = place == 0 or now == 0 or struck[now - 1][1] != index
        turn = 0 if begins else turn + 1
        following = struck[now + 1] if now + 1 < len(struck) else None
        closes = following and (following[2] == 0 or following[1] != index)
        before = pitches[-1] if pitches else None
        if begins:
            pitches.append(_near(chord.root, before) if target is None else target)
            target = None
        elif not closes:
            tones = [chord.third, chord.fifth, chord.third][turn % 2 == 0 :]
            pitches.append(_near(next(tone for tone in tones if tone != pitches[-1] % 12), before))
        if following and closes:
            target = _near(chords[following[1]].root, pitches[-1])
            if not begins:
                pitches.append(_towards(target, pitches[-1], tonic))
    return pitches


def _towards(target: int, before: int, tonic: int) -> int:
    """A step to the next root: another note, from the side that one comes from, of the key."""
    side = -1 if before < target else 1

    def cost(step: int) -> tuple[bool, bool, bool, int]:
        pitch = target + step
        return pitch == before, step * side < 0, (pitch - tonic) % 12 not in MAJOR, abs(step)

    return target + min((-2, -1, 1, 2), key=cost)


def _near(tone: int, before: int | None) -> int:
    """The pitch of a class nearest to the one before, a little drawn to the middle."""
    middle = _REGISTER[len(_REGISTER) // 2]
    start = middle if before is None else before
    pitches = [pitch for pitch in _REGISTER if pitch % 12 == tone]
    return min(pitches, key=lambda pitch: (abs(pitch - start) + 0.5 * abs(pitch - middle), pitch))
