"""Chord symbols over an accompaniment, as lead sheets have them: named from what is played.

A symbol names half a bar, or a whole one where halves are no whole beats. Each kind of chord on
each root is weighed against what the lines besides the lead sound there, and how long: for its own
tones, less for tones that players add to it, against all others and for each tone that is missing;
a root counts more under which the bass begins. Where less than half of the sound is explained
there is no symbol. `kantor.studio.chord_names` is for equal voices, whose chords are spelled out
and change with every beat; these here lack fifths or roots and have ninths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.music.notation import ChordSymbol
from kantor.music.score import REST, Key, Pitches, Score


class Kind(NamedTuple):
    """A kind of chord: its name in MusicXML, what follows the root, its tones, and what players
    add to it, both in semitones above the root."""

    name: str
    suffix: str
    tones: tuple[int, ...]
    added: tuple[int, ...]


# Of two that explain a sound alike, the first one is named.
KINDS = (
    Kind("major", "", (0, 4, 7), (2,)),
    Kind("minor", "m", (0, 3, 7), (2,)),
    Kind("dominant", "7", (0, 4, 10), (7, 2, 9)),
    Kind("minor-seventh", "m7", (0, 3, 10), (7, 2, 5)),
    Kind("major-seventh", "maj7", (0, 4, 11), (7, 2, 9)),
    Kind("major-sixth", "6", (0, 4, 9), (7, 2)),
    Kind("minor-sixth", "m6", (0, 3, 9), (7, 2)),
    Kind("half-diminished", "ø7", (0, 3, 6, 10), ()),
    Kind("diminished-seventh", "°7", (0, 3, 6, 9), ()),
    Kind("augmented-seventh", "+7", (0, 4, 8, 10), (2,)),
    Kind("suspended-fourth", "sus4", (0, 5, 7), (10, 2)),
    Kind("diminished", "°", (0, 3, 6), ()),
    Kind("augmented", "+", (0, 4, 8), ()),
    Kind("major-minor", "m(maj7)", (0, 3, 11), (7, 2)),
)
_ADDED, _MISSING, _UNDER_BASS, _LEAST = 0.8, 0.25, 0.4, 0.5
"""Weights of added tones, of a tone that is missing, of the bass, and what must be explained at
least: shares of the sound."""


def _shapes() -> NDArray[np.float64]:
    """The weight of each pitch class above the root, ``(kind, 12)``."""
    shapes = np.full((len(KINDS), 12), -1.0)
    for shape, kind in zip(shapes, KINDS, strict=True):
        shape[list(kind.added)] = _ADDED
        shape[list(kind.tones)] = 1.0
    return shapes


# (kind, root, pitch class)
_WEIGHTS = np.stack([np.roll(_shapes(), root, axis=1) for root in range(12)], axis=1)


POWER = Kind("power", "5", (0, 7), ())
SUFFIXES = {kind.name: kind.suffix for kind in (*KINDS, POWER)}
"""What follows the root of a kind of chord, by the kind's name in MusicXML."""


def with_symbols(score: Score) -> Score:
    """The score with symbols over it, where it is an accompaniment and has none."""
    if score.ensemble.writing != "accompaniment" or score.notation.chords:
        return score
    return replace(score, notation=replace(score.notation, chords=symbols_of(score)))


def symbols_of(score: Score) -> tuple[ChordSymbol, ...]:
    """The chord symbols of an accompaniment, each where the chord changes."""
    key = score.key or Key()
    symbols: list[ChordSymbol] = []
    for start, end in _spans(score):
        found = _named(score, start, end)
        if found is None:
            continue
        kind, root, bass = found
        below = None if bass == root else place_of(bass, key)
        symbol = ChordSymbol(start, place_of(root, key), kind.name, bass=below)
        if not symbols or symbols[-1][1:] != symbol[1:]:
            symbols.append(symbol)
    return tuple(symbols)


def _spans(score: Score) -> list[tuple[int, int]]:
    """Start and end of what a symbol is for: a bar, or its halves if they sound unlike; a pickup.

    Only bars whose halves are whole beats are halved. The bass does not count: it moves in a chord.
    """
    since, length = score.bar_positions.T
    edges = sorted({0, *np.flatnonzero(since == 0).tolist(), score.steps})
    upper = [line for line in score.ensemble.others if line != _bass(score)]
    spans: list[tuple[int, int]] = []
    for start, end in pairwise(edges):
        middle = start + int(length[start]) // 2
        halves = ((start, middle), (middle, end))
        first, second = (_classes(score.pitches[a:b, upper]) for a, b in halves)
        apart = end > middle and length[start] % 8 == 0 and first != second
        spans += halves if apart else [(start, end)]
    return spans


def _classes(pitches: Pitches) -> set[int]:
    return {pitch % 12 for pitch in pitches[pitches != REST].tolist()}


def _bass(score: Score) -> int:
    """The line on which chords stand, else the lowest."""
    ensemble = score.ensemble
    return ensemble.others[-1] if ensemble.bass is None else ensemble.bass


def _named(score: Score, start: int, end: int) -> tuple[Kind, int, int] | None:
    """The kind, root and bass of the chord of a stretch, as pitch classes."""
    lines = list(score.ensemble.others)
    pitches = score.pitches[start:end].copy()
    low = pitches[:, _bass(score)]
    sounding = low[low != REST]
    bass = int(sounding[0] % 12) if len(sounding) else -1
    low[low % 12 != bass] = REST  # it passes through other notes to the next chord's root
    pitches = pitches[:, lines]
    sound = np.bincount(pitches[pitches != REST] % 12, minlength=12).astype(np.float64)
    if np.count_nonzero(sound) < 3:
        return _power(np.flatnonzero(sound).tolist(), bass)
    sound /= sound.sum()
    worth = _WEIGHTS @ sound
    for index, kind in enumerate(KINDS):
        tones = (np.array(kind.tones)[:, None] + np.arange(12)) % 12
        worth[index] -= _MISSING * np.count_nonzero(sound[tones] == 0, axis=0)
    worth[:, bass] += _UNDER_BASS * (bass >= 0)
    place = int(np.argmax(worth))
    kind, root = KINDS[place // 12], place % 12
    if worth.flat[place] < _LEAST:
        return None
    in_chord = (bass - root) % 12 in kind.tones + kind.added
    return kind, root, bass if bass >= 0 and in_chord else root


def _power(classes: Sequence[int], bass: int) -> tuple[Kind, int, int] | None:
    """A fifth alone, as guitars play it."""
    roots = [root for root in classes if (root + 7) % 12 in classes]
    return (POWER, roots[0], roots[0] if bass < 0 else bass) if roots else None


def place_of(pitch_class: int, key: Key) -> int:
    """A pitch class on the line of fifths, as the key spells it."""
    lowest = key.fifths - (2 if key.mode == "minor" else 3)
    return lowest + (pitch_class * 7 - lowest) % 12
