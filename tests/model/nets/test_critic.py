"""The critic scores whole windows, by an embedding of their features."""

import numpy as np
import pytest
import tensorflow as tf

from kantor.model.nets.critic import ChoraleCritic


def embed(critic: ChoraleCritic, features: tf.Tensor) -> tf.Tensor:
    """Any features ``(…, feature)``, embedded by a plain product."""
    return features @ (tf.constant(critic.scale) * critic.seen.kernel)


def noise(critic: ChoraleCritic, pieces: int) -> list[np.ndarray]:
    """Any features, masks and conditions of windows."""
    random, layout = np.random.default_rng(1), critic.layout
    given = layout.around.at["given"].stop
    sizes = layout.judged.size, given, layout.around.size - given
    return [random.normal(size=(pieces, critic.steps, size)).astype(np.float32) for size in sizes]


@pytest.mark.parametrize("steps", [8, 32])
def test_critic_sees_the_whole_window(steps: int) -> None:
    """One score a window; a change of any step, of the mask or the conditions changes it."""
    critic = ChoraleCritic(width=8, embedding=8, steps=steps)
    seen = noise(critic, 2)

    def scores_of(seen: list[np.ndarray]) -> np.ndarray:
        features, *given = map(tf.constant, seen)
        return critic(embed(critic, features), *given).numpy()

    scores = scores_of(seen)
    assert scores.shape == (2,)
    for part in range(3):
        for step in (0, steps // 2, steps - 1):
            changed = [array.copy() for array in seen]
            changed[part][0, step] += 1
            again = scores_of(changed)
            assert again[0] != pytest.approx(scores[0], rel=1e-5)
            assert again[1] == pytest.approx(scores[1], rel=1e-4)


@pytest.mark.parametrize("emphasis", [1.0, 4.0])
def test_slope_by_the_features(emphasis: float) -> None:
    """What the embedding's gradient says is the norm of the features' own, successions scaled."""
    critic = ChoraleCritic(width=8, embedding=8, emphasis=emphasis, steps=8)
    features, mask, conditions = map(tf.constant, noise(critic, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        embedded = embed(critic, features)
        tape.watch(embedded)
        scores = critic(embedded, mask, conditions)
    by_features = tape.gradient(scores, features).numpy()
    by_features[..., critic.layout.judged.at["succession"]] /= emphasis
    expected = (by_features**2).sum(axis=(1, 2))
    assert np.allclose(critic.slope(tape.gradient(scores, embedded)), expected, rtol=1e-4)
