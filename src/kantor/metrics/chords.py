"""Harmony: which notes sound together, and which key they fit.

A beat's notes are looked at as a *set of pitch classes*, kept in the twelve low bits of an
integer: bit 0 is C, bit 11 is B. There are only 4,096 such sets, so each question about a set
(does it lie inside a triad? does it hold a semitone?) is answered once, in a table.

Conventions
-----------
``pitches`` is ``(…, time, voice)`` int, -1 for a rest; ``beats`` is ``(…, time)`` bool, True on
the first step of each beat (`kantor.metrics.musical.Passages` takes it from the meter). A beat on
which nothing sounds is not counted. See `kantor.metrics.counting` for shapes and NaN.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.counting import Figures, ratio, share, validate
from kantor.music.score import REST, Flags, Pitches

Sets = NDArray[np.int16]

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6))
# Dominant, major, minor, half-diminished and diminished seventh chords.
SEVENTHS = ((0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9))


def _set_of(classes: Iterable[int], root: int = 0) -> int:
    return sum(1 << (root + one) % 12 for one in classes)


_SETS = np.arange(4096)
_TRIADS = np.array([_set_of(chord, root) for chord in TRIADS for root in range(12)])
_CHORDS = np.array([_set_of(chord, root) for chord in TRIADS + SEVENTHS for root in range(12)])
_IS_TRIAD: Flags = np.isin(_SETS, _TRIADS)
_IN_CHORD: Flags = ((_SETS[:, None] & ~_CHORDS) == 0).any(axis=1)
_HAS_SEMITONE: Flags = (_SETS & ((_SETS << 1) | (_SETS >> 11))) != 0
_COLLECTIONS = np.array(
    [[(one - tonic) % 12 in MAJOR_SCALE for one in range(12)] for tonic in range(12)], dtype=float
)


def pitch_class_sets(pitches: Pitches) -> Sets:
    """The set of pitch classes that sounds in each step.

    Parameters
    ----------
    pitches : (…, time, voice) int

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


def pitch_class_counts(pitches: Pitches) -> Figures:
    """How many cells each pitch class sounds in.

    Pitches are folded by octaves, 60 and 72 both onto C. (The workshop's and MuseGAN's code
    reshape 84 pitches to ``(12, 7)``, which adds seven neighbouring semitones instead.)

    Parameters
    ----------
    pitches : (…, time, voice) int

    Returns
    -------
    (…, 12) float64
    """
    validate(pitches)
    classes = np.where(pitches == REST, -1, pitches % 12)
    counts = [np.count_nonzero(classes == one, axis=(-2, -1)) for one in range(12)]
    return np.stack(counts, axis=-1).astype(np.float64)


def in_major(pitches: Pitches, tonic: int = 0) -> Figures:
    """Share of the sounding cells that belong to the major scale on pitch class `tonic`.

    The "qualified" in-scale rate of MuseGAN (Dong et al. 2018) with C major. Differs from
    pypianoroll 1.0.4, which answers .857 for a C-major scale because of its fold, and from the
    workshop's .50; ours answers 1. Real chorales stand in all keys: .79 in C is no fault.
    """
    counts = pitch_class_counts(pitches)
    return ratio(counts @ _COLLECTIONS[tonic], counts.sum(axis=-1))


def in_best_scale(pitches: Pitches) -> Figures:
    """Share of the sounding cells in the best fitting of the twelve diatonic collections."""
    counts = pitch_class_counts(pitches)
    return ratio((counts @ _COLLECTIONS.T).max(axis=-1), counts.sum(axis=-1))


def best_collection(pitches: Pitches) -> NDArray[np.int64]:
    """Pitch class of the major tonic whose scale holds the most sounding cells, ``(…)`` int.

    Between equals the lowest pitch class, so 0 (C) for silence.
    """
    return np.asarray((pitch_class_counts(pitches) @ _COLLECTIONS.T).argmax(axis=-1))


def _tonal_circles() -> Figures:
    """Harte's six coordinates of each pitch class, ``(12, 6)``: fifths, minor, major thirds."""
    classes = np.arange(12)
    angles = np.pi * np.stack([classes * 7 / 6, classes * 3 / 2, classes * 2 / 3], axis=1)
    radii = np.array([1.0, 1.0, 0.5])
    coordinates = np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=-1)
    return coordinates.reshape(12, 6)


_CIRCLES = _tonal_circles()


def tonal_centroids(pitches: Pitches, starts: Flags) -> Figures:
    """Where each voice stands in tonal space, span by span.

    Parameters
    ----------
    pitches : (passage, time, voice) int
    starts : (passage, time) bool
        True on the first step of each span; the first step of a passage always begins one.

    Returns
    -------
    (span, voice, 6) float64
        The spans of all passages one after the other; NaN where the voice is silent.
    """
    passages, time, voices = pitches.shape
    cells = pitches.reshape(passages * time, voices)
    edges = np.flatnonzero(starts)
    places = np.where((cells == REST)[..., None], 0.0, _CIRCLES[cells % 12])
    sums = np.add.reduceat(places, edges, axis=0)
    sounding = np.add.reduceat((cells != REST).astype(np.int64), edges, axis=0)
    return ratio(sums, np.broadcast_to(sounding[..., None], sums.shape))


def tonal_distance(pitches: Pitches, beats: Flags) -> Figures:
    """Mean distance in tonal space between each two voices, beat by beat.

    Each voice's notes of a beat are a point in Harte's six-dimensional space (Harte, Sandler and
    Gasser 2006, "Detecting harmonic change in musical audio", section 3), the duration-weighted
    mean of their pitch classes' places on the circles of fifths, minor and major thirds; radii
    1, 1 and 0.5. The Euclidean distance of two voices' points is averaged over the beats in
    which both sound and over the pairs of voices. C4 against C5 is 0. Differs from MuseGAN's
    2.55 for that pair, whose chroma does not fold octaves; pypianoroll 1.0.4 has the same fold.

    Parameters
    ----------
    pitches : (…, time, voice) int
    beats : (…, time) bool
        True on the first step of each beat.
    """
    validate(pitches)
    *batch, time, voices = pitches.shape
    passages = int(np.prod(batch, dtype=int))
    if not pitches.size or voices < 2:
        return np.full(batch, np.nan)
    starts = beats.reshape(passages, time).copy()
    starts[:, 0] = True
    centroids = tonal_centroids(pitches.reshape(passages, time, voices), starts)
    upper, lower = np.triu_indices(voices, k=1)
    apart = np.linalg.norm(centroids[:, upper] - centroids[:, lower], axis=-1)
    known = np.isfinite(apart)
    passage = np.flatnonzero(starts) // time
    sums = np.bincount(passage, np.where(known, apart, 0).sum(axis=1), minlength=passages)
    counts = np.bincount(passage, known.sum(axis=1), minlength=passages)
    return ratio(sums, counts).reshape(batch)
