"""Voices as the networks see them: pitches relative to the key, intervals, motion.

A pitch is counted from the major tonic of the key signature (its *major_tonic*), so that one
network serves all twelve keys: what it learns in C it knows in A flat. Next to the pitches stand
the relations in which the rules of part-writing are stated, each as a one-hot vector: the interval
class between every two voices, and each voice's motion from the step before. Parallel fifths are
then one pattern (a fifth, then a fifth, both voices moving), not one for every pair of pitches.

Conventions
-----------
*Classes* are int32: 0 is a rest, 1 to 63 the pitches of the key's frame, -1 a cell that is not
known. *Voices* are the same as one-hot float32 vectors ``(…, voice, CLASSES)``, all zero where a
cell is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kantor.music.score import VOICE_RANGES, VOICES
from kantor.runtime import pitches

Tensor = Any  # tf.Tensor; TensorFlow carries no types

CLASSES, BASE, METER = pitches.CLASSES, pitches.BASE, pitches.METER
PAIRS, SPACINGS = pitches.PAIRS, pitches.SPACINGS
LARGEST_MOTION, MOTIONS = pitches.LARGEST_MOTION, pitches.MOTIONS
LARGEST_DISTANCE, DISTANCES = pitches.LARGEST_DISTANCE, pitches.DISTANCES
SPACING = (len(SPACINGS) + 1) * (len(VOICES) - 1)
RELATIONS = 12 * len(PAIRS) + SPACING + MOTIONS * len(VOICES)
SUCCESSIONS = 144 * len(PAIRS)
MIDI = 128
PROGRESSIONS = 12 * MOTIONS

_UPPER, _LOWER = zip(*PAIRS, strict=True)


def frame_shift(major_tonic: Tensor) -> Tensor:
    """Semitones from C to the major tonic, taken the nearer way: -6 to 5."""
    return (tf.cast(major_tonic, tf.int32) + 6) % 12 - 6


def to_classes(pitches: Tensor, major_tonic: Tensor) -> Tensor:
    """MIDI numbers ``(batch, time, voice)``, -1 for a rest, as classes.

    The codes of `kantor.runtime.pitches` are one more.
    """
    pitches = tf.cast(pitches, tf.int32)
    classes = pitches - frame_shift(major_tonic)[:, None, None] - BASE
    return tf.where(pitches < 0, 0, tf.clip_by_value(classes, 1, CLASSES - 1))


def range_bias(major_tonic: Tensor) -> Tensor:
    """Zero for the classes in a voice's range (and the rest), a large negative number elsewhere.

    Returns
    -------
    (batch, voice, CLASSES) float32
    """
    midi = BASE + tf.range(CLASSES) + frame_shift(major_tonic)[:, None, None]
    low, high = (tf.constant(ends)[:, None] for ends in zip(*VOICE_RANGES, strict=True))
    allowed = ((midi >= low) & (midi <= high)) | (tf.range(CLASSES) == 0)
    return tf.where(allowed, 0.0, -1e9)


def one_hot(classes: Tensor) -> Tensor:
    """Classes ``(…, voice)`` as voices ``(…, voice, CLASSES)``."""
    return tf.one_hot(classes, CLASSES)


def intervals(classes: Tensor) -> Tensor:
    """Interval class, upper minus lower voice, of each of the six pairs of voices.

    Returns
    -------
    (…, 72) float32
        Twelve classes a pair; all zero where a voice of the pair rests or is not known.
    """
    return flatten(tf.one_hot(interval_class(classes), 12))


def interval_class(classes: Tensor) -> Tensor:
    """Which interval class `intervals` holds for each pair: ``(…, 6) int32``, -1 for none."""
    upper, lower = tf.gather(classes, _UPPER, axis=-1), tf.gather(classes, _LOWER, axis=-1)
    return tf.where((upper > 0) & (lower > 0), (upper - lower) % 12, -1)


def spacing(classes: Tensor) -> Tensor:
    """Distance of each voice from the next lower one: crossed, in unison, close, … wide.

    Returns
    -------
    (…, 24) float32
        Eight classes for each of the three neighbouring pairs, bounded by `SPACINGS`.
    """
    return flatten(tf.one_hot(spacing_class(classes), len(SPACINGS) + 1))


def spacing_class(classes: Tensor) -> Tensor:
    """Which class `spacing` holds for each neighbouring pair: ``(…, 3) int32``, -1 for none."""
    upper, lower = classes[..., :-1], classes[..., 1:]
    return tf.where((upper > 0) & (lower > 0), spacing_kind(upper - lower), -1)


def spacing_kind(distance: Tensor) -> Tensor:
    """The class of a distance in semitones, upper minus lower voice."""
    above = distance[..., None] > tf.constant(SPACINGS)
    return tf.reduce_sum(tf.cast(above, tf.int32), axis=-1)


def motion(classes: Tensor, before: Tensor) -> Tensor:
    """Each voice's motion from one step to the next, -12 to 12 semitones.

    Returns
    -------
    (…, 100) float32
        Twenty-five classes a voice; all zero for larger leaps, rests and unknown cells.
    """
    return flatten(tf.one_hot(motion_class(classes, before), MOTIONS))


def motion_class(classes: Tensor, before: Tensor) -> Tensor:
    """Which motion `motion` holds for each voice: ``(…, 4) int32``, 0 to 24, -1 for none."""
    moved = classes - before + LARGEST_MOTION
    known = (classes > 0) & (before > 0) & (moved >= 0) & (moved < MOTIONS)
    return tf.where(known, moved, -1)


def flatten(tensor: Tensor, axes: int = 2) -> Tensor:
    """Join the last `axes` axes, whose sizes are static, into one."""
    size = int(np.prod(tensor.shape[-axes:]))
    return tf.reshape(tensor, tf.concat([tf.shape(tensor)[:-axes], [size]], 0))


def progressions(own: Tensor, then: Tensor, now: Tensor) -> Tensor:
    """Where a voice and each other one come from: their last interval, the other one's motion.

    Whatever forbids or favours an interval after an interval (parallels, resolutions) depends on
    these two and is linear in them.

    Parameters
    ----------
    own : (…, 1) int32
        The voice's class in the step before.
    then, now : (…, other) int32
        The other ones' classes in the step before, and in this step.

    Returns
    -------
    (…, other) int32
        One of 12 interval classes by 25 motions, 0 to 299; -1 where one of the two is not known.
    """
    motion_ = now - then + LARGEST_MOTION
    known = (own > 0) & (then > 0) & (now > 0) & (motion_ >= 0) & (motion_ < MOTIONS)
    return tf.where(known, (own - then) % 12 * MOTIONS + motion_, -1)


def succession(classes: Tensor, before: Tensor) -> Tensor:
    """Which interval class follows which where both voices of a pair move.

    Returns
    -------
    (…, 6) int32
        One of twelve by twelve classes (before, now), 0 to 143, of each of the six pairs; -1 where
        one of the two voices holds, rests or is not known. Parallel fifths are one of them.
    """
    upper, lower = tf.gather(classes, _UPPER, axis=-1), tf.gather(classes, _LOWER, axis=-1)
    above, below = tf.gather(before, _UPPER, axis=-1), tf.gather(before, _LOWER, axis=-1)
    known = (upper > 0) & (lower > 0) & (above > 0) & (below > 0)
    index = (above - below) % 12 * 12 + (upper - lower) % 12
    return tf.where(known & (upper != above) & (lower != below), index, -1)


def successions(classes: Tensor, before: Tensor) -> Tensor:
    """`succession` as one-hot vectors: ``(…, 864) float32``."""
    return flatten(tf.one_hot(succession(classes, before), 144))


def meter_features(bars: Tensor) -> Tensor:
    """What a network knows of a step's place in its bar.

    Parameters
    ----------
    bars : (…, 2) int
        Steps since the bar line, and the bar's length, as `kantor.music.conditioning.bar_features`.

    Returns
    -------
    (…, 28) float32
        The sixteenth within its quarter, the quarter within the bar counted from either end
        (at most eight), the meter as the bar's length in quarters (at most eight).
    """
    bars = tf.cast(bars, tf.int32)
    since, length = bars[..., 0], bars[..., 1]
    return tf.concat(
        [
            tf.one_hot(since % 4, 4),
            tf.one_hot(tf.minimum(since // 4, 7), 8),
            tf.one_hot(tf.clip_by_value((length - 1 - since) // 4, 0, 7), 8),
            tf.one_hot(tf.clip_by_value(length // 4, 0, 7), 8),
        ],
        axis=-1,
    )
