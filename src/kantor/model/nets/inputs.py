"""A batch as the networks of `chorale` take it, and what they see of a step."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from kantor.model.nets import representation as rep
from kantor.music.score import VOICES
from kantor.runtime import pitches

Tensor = Any

CONDITION = pitches.CONDITION
FERMATA = rep.METER
"""Which of a step's conditions tells of a fermata."""
FEATURES = len(VOICES) * (rep.CLASSES + 1) + rep.RELATIONS
JUDGED = FEATURES + rep.SUCCESSIONS


class Piece(NamedTuple):
    """A batch as the networks take it.

    Attributes
    ----------
    classes : (batch, time, voice) int32
        See `representation`; where a sample is drawn, only the cells of the mask are read.
    onsets, mask : (batch, time, voice) float32
        The mask is 1 where a cell is given.
    conditions : (batch, time, 42) float32
        Of `condition`.
    major_tonic : (batch,) int32
    """

    classes: Tensor
    onsets: Tensor
    mask: Tensor
    conditions: Tensor
    major_tonic: Tensor


def to_piece(batch: dict[str, Tensor]) -> Piece:
    """Arrays as in `kantor.model.train.batches.Pool`, with a mask, as the networks read them."""
    return Piece(
        rep.to_classes(batch["pitches"], batch["major_tonic"]),
        tf.cast(batch["onsets"], tf.float32),
        tf.cast(batch["mask"], tf.float32),
        condition(batch["bars"], batch["fermatas"], batch["inside"], batch["major_tonic"]),
        tf.cast(batch["major_tonic"], tf.int32),
    )


def shift(classes: Tensor) -> Tensor:
    """The classes of the step before each step, -1 before the first."""
    return tf.pad(classes[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=-1)


def write(piece: Piece, drawn: Tensor, struck: Tensor, start: int, stop: int) -> Piece:
    """The piece with a sample in the steps from `start` to `stop`."""
    return piece._replace(
        classes=tf.concat([piece.classes[:, :start], drawn, piece.classes[:, stop:]], axis=1),
        onsets=tf.concat([piece.onsets[:, :start], struck, piece.onsets[:, stop:]], axis=1),
    )


def held(piece: Piece, start: int, stop: int) -> Tensor:
    """1 where a cell sounds the pitch of the step before it."""
    classes, before = piece.classes[:, start:stop], shift(piece.classes)[:, start:stop]
    return tf.cast((classes > 0) & (classes == before), tf.float32)


def score_features(classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """A step as pitches, onsets, intervals and motions: ``(…, FEATURES) float32``."""
    return tf.concat(
        [
            rep.flatten(rep.one_hot(classes)),
            onsets,
            rep.intervals(classes),
            rep.spacing(classes),
            rep.motion(classes, before),
        ],
        axis=-1,
    )


def judged_features(classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """A step as the critic sees it: `score_features` and what follows what, ``(…, JUDGED)``."""
    features = score_features(classes, before, onsets)
    return tf.concat([features, rep.successions(classes, before)], axis=-1)


def judged_index(classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """Which of a step's `judged_features` are one: ``(…, 27) int32``, -1 where none is.

    Onsets must be 0 or 1.
    """
    found, first = [], 0
    for index, size in (
        (classes, rep.CLASSES),
        (tf.cast(onsets, tf.int32) - 1, 1),
        (rep.interval_class(classes), 12),
        (rep.spacing_class(classes), len(rep.SPACINGS) + 1),
        (rep.motion_class(classes, before), rep.MOTIONS),
        (rep.succession(classes, before), 144),
    ):
        count = index.shape[-1]
        found.append(tf.where(index >= 0, index + first + size * tf.range(count), -1))
        first += size * count
    return tf.concat(found, axis=-1)


def condition(bars: Tensor, fermatas: Tensor, inside: Tensor, major_tonic: Tensor) -> Tensor:
    """What is known of each step besides notes: meter, fermata, end of the piece, key.

    Returns
    -------
    (batch, time, 42) float32
    """
    time = tf.shape(bars)[1]
    key = tf.one_hot(tf.cast(major_tonic, tf.int32), 12)
    flags = tf.stack([tf.cast(fermatas, tf.float32), tf.cast(inside, tf.float32)], axis=-1)
    return tf.concat(
        [rep.meter_features(bars), flags, tf.repeat(key[:, None], time, axis=1)], axis=-1
    )
