"""What is computed of parts of a batch side by side is what is computed of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kantor.model.train import parts, replicas

SEED = tf.constant([1, 2])


def noisy(batch: Any, seed: Any) -> Any:
    """Each row with numbers of its own."""
    noise = replicas.uniform([2, tf.shape(batch["a"])[0], 3], seed, axis=1)
    return batch["a"] + noise[0], noise[1]


@pytest.mark.parametrize("compiled", [False, True])
def test_parts_have_the_numbers_of_the_whole(compiled: bool) -> None:
    """Rows, order and random numbers are those of the batch in one piece."""

    def graph(function: Any) -> Any:
        return tf.function(function, jit_compile=compiled, autograph=False)

    batch = {"a": tf.reshape(tf.range(18.0), [6, 3])}
    whole = graph(noisy)(batch, SEED)
    for number in (2, 3):
        drawing = parts.side_by_side(noisy, number, graph)
        found = tf.function(drawing, autograph=False)(batch, SEED)
        for ours, theirs in zip(found, whole, strict=True):
            assert np.array_equal(ours, theirs)


def test_within_a_part_are_its_rows() -> None:
    """And all of them again outside, also of a part that failed."""
    with replicas.taking(1, 2):
        assert replicas.count() == 2
        assert replicas.part(tf.range(4)).numpy().tolist() == [2, 3]
    with pytest.raises(ZeroDivisionError), replicas.taking(1, 2):
        _ = 1 / 0
    assert replicas.count() == 1
    assert replicas.part(tf.range(4)).numpy().tolist() == [0, 1, 2, 3]
