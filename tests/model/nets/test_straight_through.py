"""The gradient through a sample is that of the features as sums of products of one-hot voices."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tests.model.small import PIECES, STEPS, TIME, latent

from kantor.model.nets import representation as rep
from kantor.model.nets import straight_through
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import JUDGED, Piece, judged_features, shift, write
from kantor.model.train.batches import CONTEXT


def soft_features(voices: Any, before: Any, onsets: Any) -> Any:
    """The features as sums of products of one-hot vectors, written down plainly."""
    size = rep.CLASSES
    at = np.arange(size)
    sounding = (at > 0).astype(np.float32)
    both = sounding[:, None] * sounding
    distance = at[:, None] - at
    interval = np.stack([both * (distance % 12 == kind) for kind in range(12)], -1)
    bins = np.searchsorted(rep.SPACINGS, distance)
    spacing = np.stack([both * (bins == kind) for kind in range(8)], -1)
    moves = np.stack([both * (distance == move) for move in range(-12, 13)], -1)

    def relation(kinds: np.ndarray, one: Any, other: Any) -> Any:
        return tf.einsum("btp,btq,pqk->btk", one, other, tf.constant(kinds, tf.float32))

    parts = [voices[:, :, voice] for voice in range(4)] + [onsets]
    parts += [relation(interval, voices[:, :, a], voices[:, :, b]) for a, b in rep.PAIRS]
    parts += [relation(spacing, voices[:, :, v], voices[:, :, v + 1]) for v in range(3)]
    parts += [relation(moves, voices[:, :, v], before[:, :, v]) for v in range(4)]
    chroma = tf.constant((at[:, None] % 12 == np.arange(12)) & (at[:, None] > 0), tf.float32)
    turn = np.arange(12)[:, None] - np.arange(12)
    kinds = tf.constant((turn % 12) == np.arange(12)[:, None, None], tf.float32)

    def motion(voice: int) -> Any:
        """From which pitch class to which a voice moves, ``(batch, time, 12, 12)``."""
        pairs = tf.einsum("btp,btq->btpq", voices[:, :, voice], before[:, :, voice])
        return tf.einsum("btpq,px,qy->btxy", pairs * (1 - np.eye(size)), chroma, chroma)

    for upper, lower in rep.PAIRS:
        then = tf.einsum("btxz,btyw,jxy->btzwj", motion(upper), motion(lower), kinds)
        parts.append(rep.flatten(tf.einsum("btzwj,izw->btij", then, kinds)))
    return tf.concat(parts, axis=-1)


def test_gradient_of_the_relations_is_exact(piece: Piece) -> None:
    """By hand it is the gradient that the features have as sums of products of one-hot voices."""
    classes, onsets = piece.classes[:, 1:], piece.onsets[:, 1:]
    before = piece.classes[:, :-1]
    voices = tf.one_hot(classes, rep.CLASSES)
    upstream = tf.random.stateless_normal([PIECES, TIME - 1, JUDGED], [1, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([voices, onsets])
        ours = straight_through.relate(voices, onsets, classes, before)
        past = tf.concat([tf.one_hot(before[:, :1], rep.CLASSES), voices[:, :-1]], axis=1)
        plain = soft_features(voices, past, onsets)
        losses = [tf.reduce_sum(features * upstream) for features in (ours, plain)]
    assert np.array_equal(ours, judged_features(classes, before, onsets))
    assert np.allclose(ours, plain)
    found, expected = (tape.gradient(loss, [voices, onsets]) for loss in losses)
    # No class outside a voice's range is ever drawn, so none receives a gradient that counts.
    possible = rep.range_bias(piece.major_tonic)[:, None] == 0
    difference = tf.where(possible, found[0] - expected[0], 0.0)
    assert np.abs(difference).max() < 1e-4
    assert np.array_equal(found[1], expected[1])


def test_gradient_passes_through_a_sample(
    generator: ChoraleGenerator, draw: Any, piece: Piece
) -> None:
    """The features are those of the sample; every weight has a gradient from the composed cells."""
    start, stop = CONTEXT, CONTEXT + STEPS
    classes, onsets = draw(piece, latent(9), start)
    weights = generator.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        features = straight_through.features(generator, piece, classes, onsets, start, stop)
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, [1, 2]))
    written = write(piece, classes, onsets, start, stop)
    expected = judged_features(written.classes, shift(written.classes), written.onsets)
    assert np.allclose(features, expected[:, start:stop], atol=1e-6)
    gradients = tape.gradient(loss, weights)
    silent = [w.path for w, g in zip(weights, gradients, strict=True) if g is None or not np.any(g)]
    assert silent == []


def test_no_gradient_from_given_cells(generator: ChoraleGenerator, piece: Piece) -> None:
    """Where all cells are given nothing is learnt."""
    part = slice(CONTEXT, CONTEXT + STEPS)
    given = piece._replace(mask=tf.ones_like(piece.mask))
    with tf.GradientTape() as tape:
        features = straight_through.features(
            generator, given, given.classes[:, part], given.onsets[:, part], part.start, part.stop
        )
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, [1, 2]))
    gradients = tape.gradient(loss, generator.trainable_variables)
    assert all(gradient is None or not np.any(gradient) for gradient in gradients)
