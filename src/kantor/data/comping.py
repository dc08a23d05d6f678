"""Parts for a lead sheet by rule: two or three chord voices and a bass, from its chord symbols.

No person voiced or played these parts: only the lead and the chords are people's. The rule:

*Tones.* The two guide tones are a chord's third and seventh. A suspended chord has its fourth for a
third; a plain major chord has its sixth for a seventh, a plain minor chord its minor seventh, a
diminished chord its diminished seventh. The tone of a third voice is the tension that the symbol
names, else the fifth, the ninth where it belongs to the key, or the root.

*Voicing.* Of all placings of these tones in the chord voices' register the one is taken that moves
least from the chord before, rubs least with the lead (a semitone, or the octaves of one), stays
under the lead and near the middle of the register. The two lowest voices are a third apart or more.

*Rhythm.* Each piece keeps one figure of chords and one of the bass, drawn by the hash of its name.
Chords: held for half a bar; short after the beat, on two and four; or the Charleston, on one and
after two. In 3/4: held for a bar; short on two and three; or on one and after two. Where the lead
begins no note in a whole bar, the chords answer with the Charleston. A chord that changes while
one sounds is struck anew. The bass plays roots on one and fifths on three (in 3/4 roots, and
fifths in the second of two bars of one chord), or it walks in quarters: root, third, fifth, and
before the next root a step towards it, no note twice in a row. A bass that a symbol names stands
for the root.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from kantor.data.basslines import bass
from kantor.data.chord_tones import Chord
from kantor.ensemble import Line
from kantor.music.notes import Note
from kantor.music.score import REST, Score

_FIGURES = {  # (start, end) of each chord in a bar of so many steps
    16: (((0, 8), (8, 16)), ((4, 8), (12, 16)), ((0, 6), (6, 16))),
    12: (((0, 12),), ((4, 8), (8, 12)), ((0, 6), (6, 12))),
}
_CHARLESTON = 2
_REGISTER = range(50, 70)
"""Of the chord voices: D3 to A4."""
_GROUND = 3
"""Semitones between the two lowest chord voices at least."""
_RUB, _COVERED, _OFF_CENTRE, _SPARED = 6.0, 4.0, 0.4, 2.0
"""Costs, in semitones of movement: a voice that rubs throughout, one that covers the lead, a
semitone from the register's middle, and a sixth for a major seventh."""


def drawn(name: str, of: str, count: int) -> int:
    """A number below `count` that belongs to a piece's name and to what is drawn."""
    digest = hashlib.sha256(f"{of}:{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % count


def accompany(
    lead: Score, chords: Sequence[tuple[int, Chord]], lines: Sequence[Line], name: str
) -> list[Note]:
    """The notes of all lines but the first, for a lead in 4/4 or 3/4, by the rule above.

    Parameters
    ----------
    lead : Score
        One line; its bars are those of `lead.meter` throughout.
    chords
        The steps at which chords begin, ascending, and the chords. Before the first all rest.
    lines
        Of the whole ensemble: the lead, two or three chord voices, the bass.
    name
        Of the piece, from which its figures follow.
    """
    at = np.full(lead.steps, -1)
    for index, (step, _) in enumerate(chords):
        at[max(step, 0) :] = index
    sounding = [chord for _, chord in chords]
    figures = _FIGURES[lead.meter.bar_steps]
    hits = _hits(lead, at, figures[drawn(name, "chords", len(figures))])
    notes = _voiced(lead, [(*hit, sounding[at[hit[0]]]) for hit in hits], lines[1:-1])
    walks = drawn(name, "bass", 2) == 1
    return notes + bass(lead, at, sounding, len(lines) - 1, walks)


def _hits(
    lead: Score, at: NDArray[np.int64], figure: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Start and end of each chord that is struck."""
    bar = lead.meter.bar_steps
    strike, sound = np.zeros(lead.steps + 1, bool), np.zeros(lead.steps + 1, bool)
    for begin in range(lead.pickup - bar if lead.pickup else 0, lead.steps, bar):
        silent = begin >= 0 and not lead.onsets[begin : begin + bar].any()
        for start, end in _FIGURES[bar][_CHARLESTON] if silent else figure:
            start, end = max(begin + start, 0), min(begin + end, lead.steps)
            if start < end:
                strike[start] = True
                sound[start:end] = True
    sound[:-1] &= at >= 0
    strike[:-1] |= np.diff(at, prepend=-1) != 0
    edges = np.flatnonzero(strike | (np.diff(sound, prepend=False) != 0) | ~sound)
    edges = np.append(edges, lead.steps)
    return [
        (int(start), int(end)) for start, end in pairwise(edges) if sound[start] and start < end
    ]


def _voiced(
    lead: Score, hits: Sequence[tuple[int, int, Chord]], lines: Sequence[Line]
) -> list[Note]:
    """The chord voices, from the highest line to the lowest."""
    last: tuple[int, ...] = ()
    notes = []
    placings = {chord: _placings(chord, lines) for _, _, chord in hits}
    for start, end, chord in hits:
        sung = Counter(pitch for pitch in lead.pitches[start:end, 0].tolist() if pitch != REST)
        melody = {pitch: count / sung.total() for pitch, count in sung.items()}
        costs = ((cost + _cost(tones, last, melody), tones) for tones, cost in placings[chord])
        last = min(costs)[1]
        notes += [Note(start, end, pitch, line) for line, pitch in enumerate(last, 1)]
    return notes


def _placings(chord: Chord, lines: Sequence[Line]) -> list[tuple[tuple[int, ...], float]]:
    """All placings of a chord's tones within an octave, from high to low, and what they cost."""
    found = []
    colours = chord.colours if len(lines) > 2 else ((chord.third, 0.0),)
    for seventh, (colour, cost) in product(chord.sevenths, colours):
        cost += _SPARED * (seventh != chord.sevenths[0])
        tones = {chord.third, seventh, colour}
        reach = [[pitch for pitch in _REGISTER if pitch % 12 == tone] for tone in tones]
        for pitches in product(*reach):
            placed = tuple(sorted(pitches, reverse=True))
            fits = len(placed) == len(lines) and placed[0] - placed[-1] < 12
            fits = fits and placed[-2] - placed[-1] >= _GROUND
            ranges = zip(placed, lines, strict=False)
            if fits and all(line.low <= pitch <= line.high for pitch, line in ranges):
                found.append((placed, cost))
    return found


def _cost(pitches: tuple[int, ...], last: tuple[int, ...], melody: Mapping[int, float]) -> float:
    """What a placing costs after the one before, under the lead's pitches with their shares."""
    cost = float(sum(abs(a - b) for a, b in zip(pitches, last, strict=bool(last))))
    cost += _OFF_CENTRE * abs(sum(pitches) / len(pitches) - _REGISTER[len(_REGISTER) // 2])
    for note, share in melody.items():
        apart = [note - pitch for pitch in pitches]
        cost += share * _RUB * sum(distance % 12 in (1, 11) for distance in apart)
        cost += share * _COVERED * sum(distance <= 0 for distance in apart)
    return cost
