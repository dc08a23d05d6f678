"""Pitches in the frame of the key and back, and the relations between voices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.model.small import pitches_of

from kantor.model.nets import representation as rep
from kantor.music.score import REST, VOICE_RANGES
from kantor.runtime.pitches import HIGHEST, LOWEST

MODEST = settings(max_examples=25, deadline=None)
collections = st.integers(0, 11)
pitches = st.just(REST) | st.integers(LOWEST, HIGHEST)
scores = arrays(np.int64, st.tuples(st.just(1), st.integers(1, 6), st.just(4)), elements=pitches)


def classes_of(score: Any, major_tonic: int) -> np.ndarray:
    return rep.to_classes(tf.constant(score), tf.constant([major_tonic])).numpy()


def where(flat: Any, size: int) -> list[int | None]:
    """The place of the one in each group of `size`, None where there is none."""
    groups = np.reshape(flat, (-1, size))
    assert np.isin(groups, (0, 1)).all()
    assert (groups.sum(axis=1) <= 1).all()
    return [int(group.argmax()) if group.any() else None for group in groups]


@MODEST
@given(scores, collections)
def test_round_trip(score: np.ndarray, major_tonic: int) -> None:
    """Every pitch that each key's frame can hold, and the rest, come back as they were."""
    classes = classes_of(score, major_tonic)
    assert np.array_equal(classes == 0, score == REST)
    assert ((classes >= 0) & (classes < rep.CLASSES)).all()
    back = pitches_of(classes, [major_tonic])
    assert np.array_equal(back, score)


@pytest.mark.parametrize("major_tonic", range(12))
def test_frame_holds_what_it_promises(major_tonic: int) -> None:
    """From the lowest to the highest pitch no two share a class, in any key."""
    every = np.arange(LOWEST, HIGHEST + 1).reshape(1, -1, 1)
    classes = classes_of(every, major_tonic).ravel()
    assert np.array_equal(np.diff(classes), np.ones(len(classes) - 1))
    tonic = (classes + rep.BASE) % 12 == 0
    assert np.array_equal(tonic, every.ravel() % 12 == major_tonic)


@MODEST
@given(scores, collections, st.integers(-6, 6))
def test_transposing_with_the_key(score: np.ndarray, major_tonic: int, semitones: int) -> None:
    """A piece moved together with its key has the same degrees and the same relations."""
    score = np.where(score == REST, REST, np.clip(score, LOWEST + 6, HIGHEST - 6))
    moved = np.where(score == REST, REST, score + semitones)
    first, second = (
        classes_of(score, major_tonic),
        classes_of(moved, (major_tonic + semitones) % 12),
    )
    assert np.array_equal(first == 0, second == 0)
    assert np.array_equal((first % 12)[first > 0], (second % 12)[first > 0])
    for relation in (rep.intervals, rep.spacing):
        assert np.array_equal(relation(tf.constant(first)), relation(tf.constant(second)))
    motions = [rep.motion(tf.constant(x[:, 1:]), tf.constant(x[:, :-1])) for x in (first, second)]
    assert np.array_equal(*motions)


def test_relations_by_hand() -> None:
    """C major chord c'' g' e' c, then d'' with the alto resting and the bass on d."""
    first = classes_of([[[72, 67, 64, 48]]], 0)
    then = classes_of([[[74, REST, 65, 62]]], 0)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert list(rep.PAIRS) == pairs
    assert where(rep.intervals(tf.constant(first)), 12) == [5, 8, 0, 3, 7, 4]
    assert where(rep.intervals(tf.constant(then)), 12) == [None, 9, 0, None, None, 3]
    # Distances 5, 3 and 16 among the bounds -1, 0, 4, 8, 12, 16, 24.
    assert where(rep.spacing(tf.constant(first)), 8) == [3, 2, 5]
    assert where(rep.spacing(tf.constant(then)), 8) == [None, None, 2]
    moves = where(rep.motion(tf.constant(then), tf.constant(first)), rep.MOTIONS)
    assert moves == [12 + 2, None, 12 + 1, None]  # the bass leaps by 14


@pytest.mark.parametrize(
    ("distance", "place"),
    [(-7, 0), (-1, 0), (0, 1), (1, 2), (4, 2), (5, 3), (12, 4), (13, 5), (24, 6), (25, 7)],
)
def test_spacing_classes(distance: int, place: int) -> None:
    """Crossed, unison and the bounds of each class of distance."""
    chord = classes_of([[[50 + distance, 50, REST, REST]]], 0)
    assert where(rep.spacing(tf.constant(chord)), 8) == [place, None, None]


@pytest.mark.parametrize(("leap", "place"), [(-13, None), (-12, 0), (0, 12), (12, 24), (13, None)])
def test_motion_ends_at_an_octave(leap: int, place: int | None) -> None:
    """Larger leaps are no class of motion."""
    before, now = (classes_of([[[pitch] * 4]], 0) for pitch in (60, 60 + leap))
    assert where(rep.motion(tf.constant(now), tf.constant(before)), rep.MOTIONS) == [place] * 4


seeds = st.integers(0, 2**32 - 1)
classes = st.integers(-1, rep.CLASSES - 1)


def test_successions_by_hand() -> None:
    """A fifth after a fifth with both voices moving; nothing where one holds, rests or enters."""
    before = classes_of([[[67, 60, 55, 48]]], 0)
    parallel = classes_of([[[69, 62, 55, REST]]], 0)
    found = where(rep.successions(tf.constant(parallel), tf.constant(before)), 144)
    assert found == [7 * 12 + 7, None, None, None, None, None]
    contrary = classes_of([[[65, 60, 57, 50]]], 0)
    found = where(rep.successions(tf.constant(contrary), tf.constant(before)), 144)
    # Soprano over tenor 0 to 8, soprano over bass 7 to 3, tenor over bass 7 to 7.
    assert found == [None, 0 * 12 + 8, 7 * 12 + 3, None, None, 7 * 12 + 7]
    unknown = np.where([True, False, False, False], -1, before)
    found = where(rep.successions(tf.constant(parallel), tf.constant(unknown)), 144)
    assert found == [None] * 6


chords = arrays(np.int32, (2, 4), elements=classes)


@MODEST
@given(chords)
def test_progressions(chords: np.ndarray) -> None:
    """The last interval class and the other voice's motion, where all three notes are known."""
    before, now = chords
    for voice, other in ((1, 3), (3, 0)):
        of_other = (tf.constant(chord[[other, 2]]) for chord in (before, now))
        found = rep.progressions(tf.constant(before[[voice]]), *of_other).numpy()
        known = min(before[voice], before[other], now[other]) > 0
        motion = now[other] - before[other]
        expected = -1
        if known and abs(motion) <= 12:
            expected = (before[voice] - before[other]) % 12 * rep.MOTIONS + motion + 12
        assert found[0] == expected


def test_range_bias() -> None:
    """Nothing but the pitches of a voice's range and the rest can be drawn, in every key."""
    bias = rep.range_bias(tf.range(12)).numpy()
    every = np.tile(np.arange(rep.CLASSES, dtype=np.int32)[None, :, None], (12, 1, 1))
    midi = pitches_of(every, np.arange(12))[..., 0]
    for voice, (low, high) in enumerate(VOICE_RANGES):
        allowed = (midi == REST) | ((midi >= low) & (midi <= high))
        assert np.array_equal(bias[:, voice] == 0, allowed)
        assert np.array_equal(bias[:, voice] < -1e8, ~allowed)
        assert (allowed.sum(axis=1) == high - low + 2).all()


@pytest.mark.parametrize(
    ("bar", "places"),
    [
        ((0, 16), [0, 0, 3, 4]),
        ((6, 16), [2, 1, 2, 4]),
        ((11, 12), [3, 2, 0, 3]),
        ((12, 14), [0, 3, 0, 3]),
        ((60, 64), [0, 7, 0, 7]),
    ],
)
def test_meter_features(bar: tuple[int, int], places: list[int]) -> None:
    """Sixteenth in the quarter, quarters from either end of the bar, quarters of the bar."""
    found = rep.meter_features(tf.constant([bar])).numpy()[0]
    assert found.shape == (rep.METER,)
    parts = np.split(found, [4, 12, 20])
    assert [where(part, len(part))[0] for part in parts] == places
