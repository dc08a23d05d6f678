"""Harmony: which notes sound together, and which key they fit.

A beat's notes are looked at as a *set of pitch classes*, kept in the twelve low bits of an
integer (`Passages.pitch_classes`). There are only 4,096 such sets, so each question about a set
(does it lie inside a triad? does it hold a semitone?) is answered once, in a table. A beat on
which nothing sounds is not counted.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.passages import Figures, Passages, ratio, share
from kantor.music.score import REST, Flags, Pitches

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


def _roots() -> NDArray[np.int8]:
    """For each set of pitch classes over each lowest one the root, ``(4096, 12)``; -1 for none."""
    sets, lowest = np.arange(4096)[:, None], np.arange(12)
    several = np.bitwise_count(sets.astype(np.uint16)) > 1
    roots = np.full((4096, 12), -1, np.int8)
    kinds = [*TRIADS.values(), *SEVENTHS.values()]
    for whole, kind, below, root in product((True, False), kinds, (True, False), range(12)):
        chord = sum(1 << (root + one) % 12 for one in kind)
        inside = (sets == chord) if whole else several & ((sets & ~chord) == 0)
        rooted = (sets >> root & 1 == 1) & ((lowest == root) | (not below))
        roots[inside & rooted & (roots < 0)] = root
    return roots


_SETS = np.arange(4096)
KIND = _kinds_of_sets()
"""Of each set of pitch classes the place in `KINDS` of what it is, ``(4096,)``."""
_IS_TRIAD: Flags = len(TRIADS) > KIND
ROOTS = _roots()
"""Of each set of pitch classes, over the lowest that sounds, the root of the triad or seventh chord
that it is, ``(4096, 12)``; -1 where it is none. A set without its fifth is taken for the triad or
the seventh chord that it is a part of; where it may be several, for the one that stands on its
lowest note, if there is such."""
IN_CHORD: Flags = KINDS.index(OTHER) > KIND
"""Whether a set is a triad or seventh chord, or a part of one, ``(4096,)``."""
_HAS_SEMITONE: Flags = (_SETS & ((_SETS << 1) | (_SETS >> 11))) != 0
_MAJOR_SCALES = np.array(
    [[(one - tonic) % 12 in MAJOR_SCALE for one in range(12)] for tonic in range(12)], dtype=float
)


def _share_of_beats(table: Flags, passages: Passages) -> Figures:
    sets = passages.pitch_classes
    return share(table[sets], passages.beats & (sets != 0))


def semitone_clash(passages: Passages) -> Figures:
    """Share of the beats on which two pitch classes a semitone apart sound together.

    Octaves do not matter: C4 against B4 clashes as B3 against C4 does. A suspension is a clash
    too, so real chorales stand a little above 0.
    """
    return _share_of_beats(_HAS_SEMITONE, passages)


def triad_or_seventh(passages: Passages) -> Figures:
    """Share of the beats whose notes all belong to one triad or seventh chord.

    The chords are the major, minor and diminished triads and the dominant, major, minor,
    half-diminished and diminished sevenths. To be read from both sides: music purer than Bach's
    lacks his passing notes and suspensions.
    """
    return _share_of_beats(IN_CHORD, passages)


def complete_triads(passages: Passages) -> Figures:
    """Share of the beats whose notes are a whole triad: root, third and fifth, nothing else."""
    return _share_of_beats(_IS_TRIAD, passages)


def chord_counts(passages: Passages) -> NDArray[np.int64]:
    """On how many beats each of `KINDS` stands, ``(len(KINDS),)``.

    A whole chord counts under its kind, a part of one (such as an octave and a third, without the
    fifth) as incomplete, everything else as other.
    """
    sets = passages.pitch_classes
    return np.bincount(KIND[sets[passages.beats & (sets != 0)]], minlength=len(KINDS))


def _pitch_class_counts(pitches: Pitches) -> Figures:
    """How many cells of ``(…, time, line)`` each pitch class sounds in, ``(…, 12) float64``.

    Pitches are folded by octaves, 60 and 72 both onto C. (The workshop's and MuseGAN's code
    reshape 84 pitches to ``(12, 7)``, which adds seven neighbouring semitones instead.)
    """
    classes = np.where(pitches == REST, -1, pitches % 12)
    counts = [np.count_nonzero(classes == one, axis=(-2, -1)) for one in range(12)]
    return np.stack(counts, axis=-1).astype(np.float64)


def in_c_major(passages: Passages) -> Figures:
    """Share of the sounding cells that belong to C major.

    The "qualified" in-scale rate of MuseGAN (Dong et al. 2018). Differs from
    pypianoroll 1.0.4, which answers .857 for a C-major scale because of its fold, and from the
    workshop's .50; ours answers 1. Real chorales stand in all keys: .79 in C is no fault.
    """
    counts = _pitch_class_counts(passages.pitches)
    return ratio(counts @ _MAJOR_SCALES[0], counts.sum(axis=-1))


def in_best_scale(passages: Passages) -> Figures:
    """Share of the sounding cells in the best fitting of the twelve major scales."""
    counts = _pitch_class_counts(passages.pitches)
    return ratio((counts @ _MAJOR_SCALES.T).max(axis=-1), counts.sum(axis=-1))


def _tonal_circles() -> Figures:
    """Harte's six coordinates of each pitch class, ``(12, 6)``: fifths, minor, major thirds."""
    classes = np.arange(12)
    angles = np.pi * np.stack([classes * 7 / 6, classes * 3 / 2, classes * 2 / 3], axis=1)
    radii = np.array([1.0, 1.0, 0.5])
    coordinates = np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=-1)
    return coordinates.reshape(12, 6)


_CIRCLES = _tonal_circles()


def tonal_distance(passages: Passages) -> Figures:
    """Mean distance in tonal space between each two lines, beat by beat; it needs two.

    Each line's notes of a beat are a point in Harte's six-dimensional space (Harte, Sandler and
    Gasser 2006, "Detecting harmonic change in musical audio", section 3), the duration-weighted
    mean of their pitch classes' places on the circles of fifths, minor and major thirds; radii
    1, 1 and 0.5. The Euclidean distance of two lines' points is averaged over the beats in
    which both sound and over the pairs of lines. C4 against C5 is 0. Differs from MuseGAN's
    2.55 for that pair, whose chroma does not fold octaves; pypianoroll 1.0.4 has the same fold.
    """
    count, time, lines = passages.pitches.shape
    starts = passages.beats.copy()
    starts[:, 0] = True
    edges = np.flatnonzero(starts)
    cells = passages.pitches.reshape(-1, lines)
    sounds = (cells != REST)[..., None]
    places = np.add.reduceat(np.where(sounds, _CIRCLES[cells % 12], 0.0), edges, axis=0)
    centroids = ratio(places, np.add.reduceat(sounds.astype(np.int64), edges, axis=0))
    upper, lower = np.triu_indices(lines, k=1)
    apart = np.linalg.norm(centroids[:, upper] - centroids[:, lower], axis=-1)
    known = np.isfinite(apart)
    passage = edges // time
    sums = np.bincount(passage, np.where(known, apart, 0).sum(axis=1), minlength=count)
    return ratio(sums, np.bincount(passage, known.sum(axis=1), minlength=count))
