"""The same steps as Keras's optimizer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kantor.model.train.adam import Adam


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}, {"beta_1": 0.5, "epsilon": 1e-3}])
def test_as_keras(options: dict[str, Any]) -> None:
    """Twenty updates by a falling rate, two variables."""
    random = np.random.default_rng(1)
    start = [random.normal(size=shape).astype(np.float32) for shape in ((3, 4), (5,))]
    gradients = random.normal(size=(20, 17)).astype(np.float32)
    found = []
    for kind in (Adam, keras.optimizers.Adam):
        optimizer = kind(keras.optimizers.schedules.CosineDecay(0.1, 20), **options)
        variables = [keras.Variable(value) for value in start]
        optimizer.build(variables)
        for row in gradients:
            parts = [tf.reshape(row[:12], (3, 4)), tf.constant(row[12:])]
            optimizer.apply_gradients(zip(parts, variables, strict=True))
        found.append([np.asarray(one) for one in (*variables, *optimizer.variables)])
    assert not np.allclose(found[0][0], start[0], atol=0.1)
    for ours, theirs in zip(*found, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=2e-5)
