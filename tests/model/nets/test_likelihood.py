"""The likelihood is the mean over the cells that were to be composed, and can be learnt."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.model.small import PIECES, STEPS, TIME

from kantor.model.nets import likelihood
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import FERMATA, Piece
from kantor.model.train.batches import CONTEXT
from kantor.music.score import VOICE_RANGES
from kantor.runtime import pieces


def test_likelihood_by_hand(piece: Piece) -> None:
    """With indifferent logits: the log of the choices, and log 2 for a note that may be struck."""
    network = ChoraleGenerator(width=8, decoder=8, head=8, memory=4, reach=2, dilations=(1,))
    for variable in network.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    expected, cells = 0.0, 0
    classes, mask = piece.classes.numpy(), piece.mask.numpy()
    for row in range(PIECES):
        for step in range(CONTEXT, CONTEXT + STEPS):
            for voice, (low, high) in enumerate(VOICE_RANGES):
                if mask[row, step, voice]:
                    continue
                cells += 1
                expected += np.log(high - low + 2)
                now, before = classes[row, step, voice], classes[row, step - 1, voice]
                expected += np.log(2) * (now == before > 0)
    found = likelihood.mean(network, piece, CONTEXT, CONTEXT + STEPS)
    assert float(found) == pytest.approx(expected / cells, rel=1e-5)


def test_what_closes_a_phrase_weighs_more(piece: Piece) -> None:
    """Under a fermata and a quarter before, where composing is cooler; given cells nothing."""
    start, stop = CONTEXT, CONTEXT + STEPS
    weights = likelihood.weights(piece, start, stop, 3.0).numpy()
    at = np.arange(start, stop)
    near = np.any([(at + lag) % 16 > 12 for lag in range(5)], axis=0)  # fermatas of the fixture
    near &= at + 16 - at % 16 - 3 < TIME  # beyond its end it has none
    free = 1 - piece.mask.numpy()[:, start:stop]
    assert near.any()
    assert not near.all()
    assert np.array_equal(weights, free * np.where(near, 3, 1)[:, None])
    assert np.array_equal(likelihood.weights(piece, start, stop, 1.0), free)
    for fermatas in piece.conditions[..., FERMATA].numpy() > 0:
        assert np.array_equal(pieces._closes(fermatas)[start:stop], near)


def test_likelihood_is_learnt(piece: Piece) -> None:
    """A few steps on one batch make it more likely."""
    keras.utils.set_random_seed(1)
    network = ChoraleGenerator(width=8, decoder=16, head=8, memory=4, reach=2, dilations=(1,))
    optimizer = keras.optimizers.Adam(0.01)
    values = []
    for _ in range(6):
        with tf.GradientTape() as tape:
            loss = likelihood.mean(network, piece, CONTEXT, CONTEXT + STEPS)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        values.append(float(loss))
    assert values[-1] < values[0] - 0.3
    assert all(np.isfinite(values))
