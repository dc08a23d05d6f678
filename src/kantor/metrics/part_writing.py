"""Part-writing: what a harmony teacher marks in a whole setting of a melody.

Conventions
-----------
Every figure is a share: so many hits among so many chances (moves, notes, beats, phrase ends,
pieces). Shares of several pieces are of their sums, so a long piece counts more than a short one.

A setting is read beside a *reference*, the real setting of the same melody: key, scale and
phrase ends are the reference's own. Read beside itself, a real setting shows what the style allows.

A *move* leads from a note of a line to its next note, whatever rests lie between; a repeated note
is one too. A *beat* is the first step of each beat of the meter.

Pitch classes are spelled as the key would: from the minor seventh to the raised second above the
major tonic of the signature, twelve neighbours on the circle of fifths. A move of six fifths or
more on it is chromatic, augmented or diminished (a tritone, an augmented second, a chromatic
semitone). The spelling of the score itself may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.cadences import judge, phrase_ends
from kantor.metrics.chords import MAJOR_SCALE, SEVENTHS, TRIADS
from kantor.music.key import estimate, key_of
from kantor.music.notes import spans_of
from kantor.music.score import REST, Flags, Pitches, Score

Tally = dict[str, tuple[int, int]]
"""Hits and chances of each figure, by its name."""

_FIFTHS = np.array([0, 7, 2, 9, 4, -1, 6, 1, 8, 3, -2, 5])  # of each degree above the major tonic
_UNUSUAL = 6
_OCTAVE, _FIFTH, _FOURTH = 12, 7, 5
_ODD = (3, 5)  # sixteenths


def tally(score: Score, reference: Score) -> Tally:
    """Every figure of one piece.

    Returns
    -------
    dict of (int, int)
        ``unusual_moves_<line>`` and ``outside_<line>`` for each pitched line but the leading one;
        ``odd_durations_<line>`` and ``wide_leaps_<line>`` for those that are not the bass either;
        ``beat_parallels``, ``bare_fifths``, ``above_lead``, ``other_key``, ``other_last_bass``;
        ``authentic``, ``plagal``, ``half`` and ``unrooted`` of the phrase ends.
    """
    ensemble, key = score.ensemble, key_of(reference)
    outside = ~_scale(reference)
    figures: Tally = {}
    for line, name in enumerate(ensemble.names[: ensemble.pitched]):
        if line == ensemble.leads:
            continue
        spans = np.array(spans_of(score, line), int).reshape(-1, 3)
        notes = spans[:, 2]
        fifths = _FIFTHS[(notes - key.major_tonic) % 12]
        figures[f"unusual_moves_{name}"] = _hits(np.abs(np.diff(fifths)) >= _UNUSUAL)
        figures[f"outside_{name}"] = _hits(outside[notes % 12])
        if line != ensemble.bass:
            figures[f"wide_leaps_{name}"] = _hits(np.abs(np.diff(notes)) > _OCTAVE)
            figures[f"odd_durations_{name}"] = _hits(np.isin(spans[:, 1] - spans[:, 0], _ODD))
    pitched = score.pitches[:, : ensemble.pitched].astype(np.int16)
    beats = pitched[score.bar_positions[:, 0] % score.meter.beat_steps == 0]
    figures["beat_parallels"] = beat_parallels(beats), len(beats)
    figures["bare_fifths"] = _hits(bare_fifths(beats[(beats != REST).any(axis=1)]))
    figures["above_lead"] = _above_lead(pitched, ensemble.leads)
    found, expected = (estimate(each.pitches[:, : ensemble.pitched]) for each in (score, reference))
    figures["other_key"] = int((found.tonic, found.mode) != (expected.tonic, expected.mode)), 1
    if ensemble.bass is not None:
        last, own = (_last_note(each, ensemble.bass) for each in (score, reference))
        figures["other_last_bass"] = int(last % 12 != own % 12), 1
    return figures | _phrase_ends(score, reference)


def shares(tallies: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, float]:
    """The share of hits among the chances of all pieces; NaN where there was no chance."""
    hits: Counter[str] = Counter()
    among: Counter[str] = Counter()
    for each in tallies:
        for name, (count, chances) in each.items():
            hits[name] += count
            among[name] += chances
    return {name: hits[name] / among[name] if among[name] else float("nan") for name in among}


def beat_parallels(beats: Pitches) -> int:
    """Parallel fifths, octaves and unisons between chords that follow each other.

    One is counted for each two lines that both move, in the same direction, from a fifth to a
    fifth or from an octave to an octave, any number of octaves wider. Differs from
    `kantor.metrics.lines.parallel_fifths`, which looks from sixteenth to sixteenth: notes between
    the beats hide no parallel here.

    Parameters
    ----------
    beats : (beat, line) int
        MIDI note numbers, -1 for a rest.
    """
    upper, lower = np.triu_indices(beats.shape[1], k=1)
    wide = beats.astype(np.int16)
    sounds = (wide != REST)[:-1] & (wide != REST)[1:]
    directions = np.where(sounds, np.sign(np.diff(wide, axis=0)), 0)
    apart = (wide[:, upper] - wide[:, lower]) % _OCTAVE
    kept = (apart[:-1] == apart[1:]) & np.isin(apart[1:], (0, _FIFTH))
    return int(np.count_nonzero(kept & (directions[:, upper] * directions[:, lower] > 0)))


def bare_fifths(chords: Pitches) -> Flags:
    """Which chords hold the lowest note, its fifth, and nothing else, ``(chord,) bool``.

    Parameters
    ----------
    chords : (chord, line) int
        MIDI note numbers, -1 for a rest; in each chord at least one line sounds.
    """
    above = _above_lowest(chords)
    return np.asarray(np.isin(above, (0, _FIFTH)).all(axis=1) & (above == _FIFTH).any(axis=1))


def root_of(chord: Pitches) -> int | None:
    """The pitch class of a chord's root, None where it is no triad or seventh chord.

    A chord without its fifth is taken for the triad or the seventh chord that it is a part of;
    where it may be several, for the one that stands on its lowest note, if there is such.
    """
    sounding = chord[chord != REST].astype(int)
    if not sounding.size:
        return None
    classes, lowest = {*(sounding % 12).tolist()}, int(sounding.min() % 12)
    roots = [lowest, *sorted(classes - {lowest})]
    kinds = [*TRIADS.values(), *SEVENTHS.values()]
    for whole in (True, False):
        for kind in kinds:
            for root in roots:
                members = {(root + each) % 12 for each in kind}
                if classes == members or (not whole and len(classes) > 1 and classes < members):
                    return int(root)
    return None


def _hits(flags: Flags) -> tuple[int, int]:
    return int(np.count_nonzero(flags)), len(flags)


def _scale(reference: Score) -> Flags:
    """Which pitch classes belong to the best fitting major scale of a piece, ``(12,) bool``."""
    pitched = reference.pitches[:, : reference.ensemble.pitched]
    counts = np.bincount(pitched[pitched != REST] % 12, minlength=12)
    scales = np.isin((np.arange(12) - np.arange(12)[:, None]) % 12, MAJOR_SCALE)
    best: Flags = scales[int((scales @ counts).argmax())]
    return best


def _above_lowest(chords: Pitches) -> NDArray[np.int16]:
    """Semitones of each note above the lowest, modulo octaves; 0 for rests."""
    wide = chords.astype(np.int16)
    lowest = np.where(wide == REST, 127, wide).min(axis=1, keepdims=True)
    return np.where(wide == REST, np.int16(0), (wide - lowest) % _OCTAVE)


def _above_lead(pitched: NDArray[np.int16], lead: int) -> tuple[int, int]:
    """Steps in which a line stands above the one that leads, of those in which that sounds."""
    sung = pitched[:, lead] != REST
    above = (pitched[sung] > pitched[sung, lead, None]).any(axis=1)
    return _hits(above)


def _last_note(score: Score, line: int) -> int:
    notes = score.pitches[:, line]
    sounding = notes[notes != REST]
    return int(sounding[-1]) if sounding.size else REST


def _phrase_ends(score: Score, reference: Score) -> Tally:
    """How the phrases of the reference end: the last chord, and the chord in the beat before.

    *Authentic* is a fall of the root by a fifth, in whatever key; *half* is the dominant of the
    piece's key that is reached otherwise; *plagal* is any other fall by a fourth. *Unrooted* is an
    end on anything but a triad in root position.
    """
    key, kinds = key_of(reference), Counter[str]()
    pitched = score.pitches[:, : score.ensemble.pitched]
    starts = np.flatnonzero(np.diff(reference.fermatas, prepend=False).astype(bool))
    ends = phrase_ends(reference)
    for end in ends:
        last, start = root_of(pitched[end]), int(starts[starts <= end][-1])
        before = _last_root(pitched[max(0, start - score.meter.beat_steps) : start])
        fall = None if last is None or before is None else (before - last) % 12
        if fall == _FIFTH:
            kinds["authentic"] += 1
        elif last is not None and (last - key.tonic) % 12 == _FIFTH:
            kinds["half"] += 1
        elif fall == _FOURTH:
            kinds["plagal"] += 1
    sounding = ends[(pitched[ends] != REST).any(axis=1)]
    rooted = int(judge(pitched[sounding], key)[:, 0].sum()) if len(sounding) else 0
    figures = {name: (kinds[name], len(ends)) for name in ("authentic", "plagal", "half")}
    return figures | {"unrooted": (len(ends) - rooted, len(ends))}


def _last_root(chords: Pitches) -> int | None:
    """The root of the last of the chords that has one."""
    roots = (root_of(chord) for chord in chords[::-1])
    return next((root for root in roots if root is not None), None)
