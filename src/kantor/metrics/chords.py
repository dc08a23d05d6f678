"""Harmony: which notes sound together, and which key they fit.

A beat's notes are looked at as a *set of pitch classes*, kept in the twelve low bits of an
integer: bit 0 is C, bit 11 is B. There are only 4,096 such sets, so each question about a set
(does it lie inside a triad? does it hold a semitone?) is answered once, in a table.

Conventions
-----------
``pitches`` is ``(…, time, line)`` int, -1 for a rest, of pitched lines; ``beats`` is
``(…, time)`` bool, True on the first step of each beat (`kantor.metrics.musical.Passages` takes
it from the meter). A beat on which nothing sounds is not counted. See `kantor.metrics.counting`
for shapes and NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.counting import Figures, ratio, share, validate
from kantor.music.score import REST, Flags, Pitches

Sets = NDArray[np.int16]

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6)}
SEVENTHS = {
    "dominant 7th": (0, 4, 7, 10),
    "minor 7th": (0, 3, 7, 10),
    "major 7th": (0, 4, 7, 11),
    "half-dim. 7th": (0, 3, 6, 10),
    "dim. 7th": (0, 3, 6, 9),
}
INCOMPLETE, OTHER = "incomplete", "other"
KINDS = (*TRIADS, *SEVENTHS, INCOMPLETE, OTHER)
"""What a set of pitch classes may be; incomplete is a part of a triad or seventh chord."""


def _kinds_of_sets() -> NDArray[np.int64]:
    """For each set of pitch classes (its bits) the place in `KINDS` of what it is."""
    kinds = np.full(4096, KINDS.index(OTHER))
    for kind, chord in enumerate((TRIADS | SEVENTHS).values()):
        for root in range(12):
            kinds[sum(1 << (root + one) % 12 for one in chord)] = kind
    chords = np.flatnonzero(kinds < KINDS.index(INCOMPLETE))
    part = ((np.arange(4096)[:, None] & ~chords) == 0).any(axis=1)
    return np.where(part, np.minimum(kinds, KINDS.index(INCOMPLETE)), kinds)


_SETS = np.arange(4096)
_KIND = _kinds_of_sets()
_IS_TRIAD: Flags = len(TRIADS) > _KIND
_IN_CHORD: Flags = KINDS.index(OTHER) > _KIND
_HAS_SEMITONE: Flags = (_SETS & ((_SETS << 1) | (_SETS >> 11))) != 0
_MAJOR_SCALES = np.array(
    [[(one - tonic) % 12 in MAJOR_SCALE for one in range(12)] for tonic in range(12)], dtype=float
)


def pitch_class_sets(pitches: Pitches) -> Sets:
    """The set of pitch classes that sounds in each step.

    Parameters
    ----------
    pitches : (…, time, line) int

    Returns
    -------
    (…, time) int16
        Bit *n* is set where pitch class *n* sounds; 0 is silence.
    """
    validate(pitches)
    bits = np.where(pitches == REST, 0, 1 << (pitches.astype(np.int16) % 12))
    return np.asarray(np.bitwise_or.reduce(bits, axis=-1), np.int16)


def _share_of_beats(table: Flags, pitches: Pitches, beats: Flags) -> Figures:
    sets = pitch_class_sets(pitches)
    return share(table[sets], beats & (sets != 0))


def semitone_clash(pitches: Pitches, beats: Flags) -> Figures:
    """Share of the beats on which two pitch classes a semitone apart sound together.

    Octaves do not matter: C4 against B4 clashes as B3 against C4 does. A suspension is a clash
    too, so real chorales stand a little above 0.
    """
    return _share_of_beats(_HAS_SEMITONE, pitches, beats)


def triad_or_seventh(pitches: Pitches, beats: Flags) -> Figures:
    """Share of the beats whose notes all belong to one triad or seventh chord.

    The chords are the major, minor and diminished triads and the dominant, major, minor,
    half-diminished and diminished sevenths. To be read from both sides: music purer than Bach's
    lacks his passing notes and suspensions.
    """
    return _share_of_beats(_IN_CHORD, pitches, beats)


def complete_triads(pitches: Pitches, beats: Flags) -> Figures:
    """Share of the beats whose notes are a whole triad: root, third and fifth, nothing else."""
    return _share_of_beats(_IS_TRIAD, pitches, beats)


def chord_counts(pitches: Pitches, beats: Flags) -> NDArray[np.int64]:
    """On how many beats of one piece each of `KINDS` stands, ``(len(KINDS),)``.

    A whole chord counts under its kind, a part of one (such as an octave and a third, without the
    fifth) as incomplete, everything else as other.
    """
    sets = pitch_class_sets(pitches)
    return np.bincount(_KIND[sets[beats & (sets != 0)]], minlength=len(KINDS))


def pitch_class_counts(pitches: Pitches) -> Figures:
    """How many cells each pitch class sounds in.

    Pitches are folded by octaves, 60 and 72 both onto C. (The workshop's and MuseGAN's code
    reshape 84 pitches to ``(12, 7)``, which adds seven neighbouring semitones instead.)

    Parameters
    ----------
    pitches : (…, time, line) int

    Returns
    -------
    (…, 12) float64
    """
    validate(pitches)
    classes = np.where(pitches == REST, -1, pitches % 12)
    counts = [np.count_nonzero(classes == one, axis=(-2, -1)) for one in range(12)]
    return np.stack(counts, axis=-1).astype(np.float64)


def in_c_major(pitches: Pitches) -> Figures:
    """Share of the sounding cells that belong to C major.

    The "qualified" in-scale rate of MuseGAN (Dong et al. 2018). Differs from
    pypianoroll 1.0.4, which answers .857 for a C-major scale because of its fold, and from the
    workshop's .50; ours answers 1. Real chorales stand in all keys: .79 in C is no fault.
    """
    counts = pitch_class_counts(pitches)
    return ratio(counts @ _MAJOR_SCALES[0], counts.sum(axis=-1))


def in_best_scale(pitches: Pitches) -> Figures:
    """Share of the sounding cells in the best fitting of the twelve major scales."""
    counts = pitch_class_counts(pitches)
    return ratio((counts @ _MAJOR_SCALES.T).max(axis=-1), counts.sum(axis=-1))


def best_major_tonic(pitches: Pitches) -> NDArray[np.int64]:
    """Pitch class of the major tonic whose scale holds the most sounding cells, ``(…)`` int.

    Between equals the lowest pitch class, so 0 (C) for silence.
    """
    return np.asarray((pitch_class_counts(pitches) @ _MAJOR_SCALES.T).argmax(axis=-1))


def _tonal_circles() -> Figures:
    """Harte's six coordinates of each pitch class, ``(12, 6)``: fifths, minor, major thirds."""
    classes = np.arange(12)
    angles = np.pi * np.stack([classes * 7 / 6, classes * 3 / 2, classes * 2 / 3], axis=1)
    radii = np.array([1.0, 1.0, 0.5])
    coordinates = np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=-1)
    return coordinates.reshape(12, 6)


_CIRCLES = _tonal_circles()


def _tonal_centroids(pitches: Pitches, starts: Flags) -> Figures:
    """Where each line stands in tonal space, span by span.

    Parameters
    ----------
    pitches : (passage, time, line) int
    starts : (passage, time) bool
        True on the first step of each span; the first step of a passage always begins one.

    Returns
    -------
    (span, line, 6) float64
        The spans of all passages one after the other; NaN where the line is silent.
    """
    passages, time, lines = pitches.shape
    cells = pitches.reshape(passages * time, lines)
    edges = np.flatnonzero(starts)
    places = np.where((cells == REST)[..., None], 0.0, _CIRCLES[cells % 12])
    sums = np.add.reduceat(places, edges, axis=0)
    sounding = np.add.reduceat((cells != REST).astype(np.int64), edges, axis=0)
    return ratio(sums, np.broadcast_to(sounding[..., None], sums.shape))


def tonal_distance(pitches: Pitches, beats: Flags) -> Figures:
    """Mean distance in tonal space between each two lines, beat by beat; it needs two.

    Each line's notes of a beat are a point in Harte's six-dimensional space (Harte, Sandler and
    Gasser 2006, "Detecting harmonic change in musical audio", section 3), the duration-weighted
    mean of their pitch classes' places on the circles of fifths, minor and major thirds; radii
    1, 1 and 0.5. The Euclidean distance of two lines' points is averaged over the beats in
    which both sound and over the pairs of lines. C4 against C5 is 0. Differs from MuseGAN's
    2.55 for that pair, whose chroma does not fold octaves; pypianoroll 1.0.4 has the same fold.

    Parameters
    ----------
    pitches : (…, time, line) int
    beats : (…, time) bool
        True on the first step of each beat.
    """
    validate(pitches)
    *batch, time, lines = pitches.shape
    passages = int(np.prod(batch, dtype=int))
    if not pitches.size or lines < 2:
        return np.full(batch, np.nan)
    starts = beats.reshape(passages, time).copy()
    starts[:, 0] = True
    centroids = _tonal_centroids(pitches.reshape(passages, time, lines), starts)
    upper, lower = np.triu_indices(lines, k=1)
    apart = np.linalg.norm(centroids[:, upper] - centroids[:, lower], axis=-1)
    known = np.isfinite(apart)
    passage = np.flatnonzero(starts) // time
    sums = np.bincount(passage, np.where(known, apart, 0).sum(axis=1), minlength=passages)
    counts = np.bincount(passage, known.sum(axis=1), minlength=passages)
    return ratio(sums, counts).reshape(batch)
