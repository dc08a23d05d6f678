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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.metrics.cadences import judge, phrase_ends
from kantor.metrics.chords import MAJOR_SCALE, ROOTS
from kantor.music.key import estimate, key_of
from kantor.music.notes import spans_of
from kantor.music.score import REST, Flags, Pitches, Score

_FIFTHS = np.array([0, 7, 2, 9, 4, -1, 6, 1, 8, 3, -2, 5])  # of each degree above the major tonic
_UNUSUAL = 6
_OCTAVE, _FIFTH, _FOURTH = 12, 7, 5
_ODD = (3, 5)  # sixteenths

Tally = dict[str, tuple[int, int]]
"""Hits and chances of each figure, by its name."""


class Mark(NamedTuple):
    """What a person calls a figure, of what it is a share, and how many pitched lines it needs.

    `voices` are marks of part-writing, which an accompaniment does not ask for. `fault` says
    whether more of it is worse in any case; of the others a setting may have too much or too
    little. Those that are `compared` mean nothing without a real setting of the melody.
    """

    label: str
    among: str
    lines: int = 1
    fault: bool = True
    compared: bool = False
    voices: bool = False


BY_LINE: dict[str, Mark] = {
    "unusual_moves": Mark("chromatic, augmented or diminished moves", "moves", voices=True),
    "outside": Mark("notes outside the piece's scale", "notes", fault=False, compared=True),
    "wide_leaps": Mark("leaps beyond an octave", "moves"),
    "odd_durations": Mark("notes of three or five sixteenths", "notes"),
}
"""Marks of each pitched line but the leading one, named such as ``outside_alto``."""
INNER = ("wide_leaps", "odd_durations")
"""Those that are no marks of the bass."""
JOINT: dict[str, Mark] = {
    "above_lead": Mark("a voice above the melody", "steps", 2, voices=True),
    "beat_parallels": Mark(
        "parallel fifths and octaves from beat to beat", "beats", 2, voices=True
    ),
    "bare_fifths": Mark("bare fifths", "beats", 3, voices=True),
    "other_key": Mark("another key than the real setting's", "pieces", compared=True),
    "other_last_bass": Mark("another last bass note than the real one", "pieces", compared=True),
    "authentic": Mark("authentic cadences (V-I)", "phrase ends", 3, fault=False),
    "plagal": Mark("plagal cadences (IV-I)", "phrase ends", 3, fault=False),
    "half": Mark("half cadences on V", "phrase ends", 3, fault=False),
    "unrooted": Mark("ends on no root-position triad", "phrase ends", 3),
}
"""Marks of all pitched lines together."""
KEY_MARKS = ("beat_parallels", "other_key", "authentic")
"""Those to look at first."""


def marks(ensemble: Ensemble) -> dict[str, Mark]:
    """Every mark that is for an ensemble, by its name, in the order of the tables."""
    names, all_of_them = ensemble.names, ensemble.writing == "voices"
    found = {
        f"{kind}_{names[line]}": mark._replace(label=f"{mark.label}, {names[line]}")
        for kind, mark in BY_LINE.items()
        for line in ensemble.others
        if not (kind in INNER and line == ensemble.bass) and (all_of_them or not mark.voices)
    } | {
        kind: mark
        for kind, mark in JOINT.items()
        if mark.lines <= ensemble.pitched and (all_of_them or not mark.voices)
    }
    if ensemble.bass is None:
        del found["other_last_bass"]
    return found


def tally(score: Score, reference: Score) -> Tally:
    """Every figure of one piece, in the order of `marks`."""
    ensemble, key, scale = score.ensemble, key_of(reference), _scale(reference)
    figures: Tally = {}
    for line in ensemble.others:
        name = ensemble.names[line]
        spans = np.array(spans_of(score, line), int).reshape(-1, 3)
        notes = spans[:, 2]
        fifths = _FIFTHS[(notes - key.major_tonic) % 12]
        figures[f"unusual_moves_{name}"] = _hits(np.abs(np.diff(fifths)) >= _UNUSUAL)
        figures[f"outside_{name}"] = _hits(~scale[notes % 12])
        figures[f"wide_leaps_{name}"] = _hits(np.abs(np.diff(notes)) > _OCTAVE)
        figures[f"odd_durations_{name}"] = _hits(np.isin(spans[:, 1] - spans[:, 0], _ODD))
    pitched = score.pitched.astype(np.int16)
    beats = pitched[score.bar_positions[:, 0] % score.meter.beat_steps == 0]
    figures["beat_parallels"] = beat_parallels(beats), len(beats)
    figures["bare_fifths"] = _hits(bare_fifths(beats[(beats != REST).any(axis=1)]))
    figures["above_lead"] = _above_lead(pitched, ensemble.leads)
    found, expected = (estimate(each.pitched) for each in (score, reference))
    figures["other_key"] = int((found.tonic, found.mode) != (expected.tonic, expected.mode)), 1
    if ensemble.bass is not None:
        last, own = (_last_note(each, ensemble.bass) for each in (score, reference))
        figures["other_last_bass"] = int(last % 12 != own % 12), 1
    figures |= _phrase_ends(score, reference)
    return {name: figures[name] for name in marks(ensemble)}


def shares(tallies: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, float]:
    """The share of hits among the chances of all pieces; NaN where there was no chance."""
    hits, among = Counter[str](), Counter[str]()
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
    """The pitch class of a chord's root by `ROOTS`, None where it is no triad or seventh chord."""
    sounding = chord[chord != REST].astype(int)
    if not sounding.size:
        return None
    root = int(ROOTS[sum({1 << int(each) for each in sounding % 12}), sounding.min() % 12])
    return None if root < 0 else root


def _hits(flags: Flags) -> tuple[int, int]:
    return int(np.count_nonzero(flags)), len(flags)


def _scale(reference: Score) -> Flags:
    """Which pitch classes belong to the best fitting major scale of a piece, ``(12,) bool``."""
    pitched = reference.pitched
    counts = np.bincount(pitched[pitched != REST] % 12, minlength=12)
    scales = np.isin((np.arange(12) - np.arange(12)[:, None]) % 12, MAJOR_SCALE)
    return np.asarray(scales[int((scales @ counts).argmax())])


def _above_lowest(chords: Pitches) -> NDArray[np.int16]:
    """Semitones of each note above the lowest, modulo octaves; 0 for rests."""
    wide = chords.astype(np.int16)
    lowest = np.where(wide == REST, 127, wide).min(axis=1, keepdims=True)
    return np.where(wide == REST, np.int16(0), (wide - lowest) % _OCTAVE)


def _above_lead(pitched: NDArray[np.int16], lead: int) -> tuple[int, int]:
    """Steps in which a line stands above the one that leads, of those in which that sounds."""
    sung = pitched[pitched[:, lead] != REST]
    return _hits((sung > sung[:, lead, None]).any(axis=1))


def _last_note(score: Score, line: int) -> int:
    sounding = score.pitches[score.pitches[:, line] != REST, line]
    return int(sounding[-1]) if sounding.size else REST


def _phrase_ends(score: Score, reference: Score) -> Tally:
    """How the phrases of the reference end: the last chord, and the chord in the beat before.

    *Authentic* is a fall of the root by a fifth, in whatever key; *half* is the dominant of the
    piece's key that is reached otherwise; *plagal* is any other fall by a fourth. *Unrooted* is an
    end on anything but a triad in root position.
    """
    key, kinds = key_of(reference), Counter[str]()
    pitched = score.pitched
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
