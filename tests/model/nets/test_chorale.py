"""The layers of the preset `chorale`: convolutions, dropout, conditions, the critic."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kantor.model.nets import chorale, critic, layers
from kantor.model.nets import inputs as piece
from kantor.model.nets import representation as rep
from kantor.model.nets.multi_hot import multi_hot
from kantor.music.score import VOICE_RANGES


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 4), (5, 2)])
def test_convolution_over_time(kernel: int, dilation: int) -> None:
    """It is Keras's own dilated convolution with the same weights."""
    inputs = tf.random.stateless_normal([2, 11, 3], [1, 2])
    ours = layers.TimeConv(4, kernel, dilation)
    ours.build((None, None, 3))
    theirs = keras.layers.Conv1D(4, kernel, dilation_rate=dilation, padding="same")
    theirs.build((None, None, 3))
    weights, bias = ours.get_weights()
    theirs.set_weights([weights.reshape(kernel, 3, 4), bias + 1])
    assert np.allclose(ours(inputs) + 1, theirs(inputs), atol=1e-5)


def test_dropout_follows_from_its_seed() -> None:
    """Each call draws the next mask; asked again all are the same; their mean is kept."""
    ones = tf.ones([400, 1, 50])

    def masks(seed: int) -> list[np.ndarray]:
        drop = layers.dropout(0.4, tf.constant([seed, 1]))
        return [drop(ones).numpy() for _ in range(2)]

    first, again, other = masks(1), masks(1), masks(2)
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(*first)
    assert not np.array_equal(first[0], other[0])
    assert first[0].mean() == pytest.approx(1, abs=0.03)
    assert (first[0] == 0).mean() == pytest.approx(0.4, abs=0.02)
    assert np.allclose(np.unique(first[0]), [0, 1 / 0.6])


def test_dropout_keeps_channels_whole() -> None:
    """A channel is dropped in all steps of a piece or in none."""
    dropped = layers.dropout(0.5, tf.constant([1, 2]))(tf.ones([4, 9, 30])).numpy()
    assert (dropped == dropped[:, :1]).all()
    assert not (dropped == dropped[:1]).all()


def test_no_dropout() -> None:
    """At rate zero everything passes."""
    ones = tf.ones([2, 3, 4])
    assert np.array_equal(layers.dropout(0.0, tf.constant([1, 2]))(ones), ones)


def test_step_before_each_step() -> None:
    """Unknown before the first."""
    classes = tf.reshape(tf.range(1, 13), [1, 3, 4])
    assert piece.shift(classes).numpy().tolist() == [[[-1] * 4, [1, 2, 3, 4], [5, 6, 7, 8]]]


def test_condition_by_hand() -> None:
    """Meter, fermata, end of the piece and key, each in its own place."""
    bars = tf.constant([[[6, 16], [7, 16]]])
    found = piece.condition(
        bars, tf.constant([[False, True]]), tf.constant([[True, False]]), tf.constant([9])
    ).numpy()
    assert found.shape == (1, 2, piece.CONDITION)
    assert np.array_equal(found[..., : rep.METER], rep.meter_features(bars))
    assert found[0, :, rep.METER :].tolist() == [
        [0, 1, *[0] * 9, 1, 0, 0],
        [1, 0, *[0] * 9, 1, 0, 0],
    ]


def test_features_of_a_score() -> None:
    """Pitches, onsets, intervals, spacing and motion stand side by side."""
    classes = tf.constant([[[45, 40, 37, 21]]])
    before = tf.constant([[[44, 40, -1, 9]]])
    onsets = tf.constant([[[1.0, 0.0, 1.0, 1.0]]])
    found = piece.score_features(classes, before, onsets).numpy()[0, 0]
    assert found.shape == (piece.FEATURES,)
    ones = set(np.flatnonzero(found).tolist())
    pitches = {45, 64 + 40, 128 + 37, 192 + 21}
    intervals = {260 + 12 * pair + size for pair, size in enumerate((5, 8, 0, 3, 7, 4))}
    spacing = {332 + 3, 340 + 2, 348 + 5}
    motion = {356 + 12 + 1, 381 + 12, 431 + 24}
    assert ones == pitches | {256, 258, 259} | intervals | spacing | motion


def test_critic_sees_successions_too() -> None:
    """Behind the score's features stands what follows what."""
    classes, before = (tf.constant([[chord]]) for chord in ([45, 40, 37, 21], [44, 40, 37, 20]))
    onsets = tf.zeros([1, 1, 4])
    found = piece.judged_features(classes, before, onsets).numpy()
    assert found.shape == (1, 1, piece.JUDGED)
    score, successions = np.split(found, [piece.FEATURES], axis=-1)
    assert np.array_equal(score, piece.score_features(classes, before, onsets))
    assert np.array_equal(successions, rep.successions(classes, before))
    assert successions.any()


def embed(judge: critic.ChoraleCritic, features: tf.Tensor) -> tf.Tensor:
    """Any features ``(…, JUDGED)``, embedded by a plain product."""
    return features @ (tf.constant(judge.scale) * judge.seen.kernel)


@pytest.mark.parametrize("steps", [8, 32])
def test_critic_hears_the_whole_window(steps: int) -> None:
    """One score a window; a change of any step, of the mask or the conditions changes it."""
    judge = critic.ChoraleCritic(width=8, embedding=8, steps=steps)
    random = np.random.default_rng(1)

    def noise(size: int) -> np.ndarray:
        return random.normal(size=(2, steps, size)).astype(np.float32)

    heard = [noise(piece.JUDGED), noise(4), noise(piece.CONDITION)]

    def scores_of(heard: list[np.ndarray]) -> np.ndarray:
        features, *given = map(tf.constant, heard)
        return judge(embed(judge, features), *given).numpy()

    scores = scores_of(heard)
    assert scores.shape == (2,)
    for part in range(3):
        for step in (0, steps // 2, steps - 1):
            changed = [array.copy() for array in heard]
            changed[part][0, step] += 1
            again = scores_of(changed)
            assert again[0] != pytest.approx(scores[0], rel=1e-5)
            assert again[1] == pytest.approx(scores[1], rel=1e-4)


@pytest.mark.parametrize("emphasis", [1.0, 4.0])
def test_slope_by_the_features(emphasis: float) -> None:
    """What the embedding's gradient says is the norm of the features' own, successions scaled."""
    judge = critic.ChoraleCritic(width=8, embedding=8, emphasis=emphasis, steps=8)
    random = np.random.default_rng(2)
    features, mask, conditions = (
        tf.constant(random.normal(size=(3, 8, size)).astype(np.float32))
        for size in (piece.JUDGED, 4, piece.CONDITION)
    )
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        embedded = embed(judge, features)
        tape.watch(embedded)
        scores = judge(embedded, mask, conditions)
    by_features = tape.gradient(scores, features).numpy()
    by_features[..., piece.FEATURES :] /= emphasis
    expected = (by_features**2).sum(axis=(1, 2))
    assert np.allclose(judge.slope(tape.gradient(scores, embedded)), expected, rtol=1e-4)


def test_index_of_what_is_one() -> None:
    """The critic's features are one where the index says so, and zero elsewhere."""
    random = np.random.default_rng(4)
    classes, before = (tf.constant(random.integers(-1, 64, (3, 9, 4)), tf.int32) for _ in "ab")
    onsets = tf.constant(random.random((3, 9, 4)) < 0.5, tf.float32)
    index = piece.judged_index(classes, before, onsets)
    hot = tf.reduce_sum(tf.one_hot(index, piece.JUDGED), axis=-2)
    assert np.array_equal(hot, piece.judged_features(classes, before, onsets))


def test_steps_are_embedded_as_their_features() -> None:
    """Summing rows up is the product with the features, also in its gradient."""
    network = critic.ChoraleCritic(width=8, embedding=6, emphasis=5.0, steps=8)
    random = np.random.default_rng(3)
    classes, before = (tf.constant(random.integers(-1, 12, (2, 8, 4)), tf.int32) for _ in "ab")
    step = classes, before, tf.constant(random.random((2, 8, 4)) < 0.5, tf.float32)
    index = tf.reshape(piece.judged_index(*step), [16, -1])
    features = tf.reshape(piece.judged_features(*step), [16, -1])
    found = []
    for embedding in (
        lambda: network.embed(multi_hot(index, piece.JUDGED)),
        lambda: embed(network, features),
    ):
        with tf.GradientTape() as tape:
            embedded = embedding()
            pull = tf.reduce_sum(embedded**2)
        found.append((embedded, tape.gradient(pull, network.seen.kernel)))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("run", [None, 2, 3])
def test_lookup_is_a_product_with_one_hot_rows(run: int | None) -> None:
    """In value and in gradient, in runs or not; no row where the index is -1."""
    tables = tf.random.stateless_normal([3, 6, 2], [1, 2])
    index = tf.constant([[0, 5, -1], [2, 2, 2], [-1, 0, 1]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tables)
        ours = layers.lookup(tables, index, run)
        theirs = tf.einsum("nti,tio->nto", tf.one_hot(index, 6), tables)
        weights = tf.random.stateless_normal(ours.shape, [3, 4])
        one, other = (tf.reduce_sum(weights * found) for found in (ours, theirs))
    assert np.allclose(ours, theirs)
    assert np.allclose(tape.gradient(one, tables), tape.gradient(other, tables), atol=1e-6)


def test_bias_is_that_of_the_midi_number() -> None:
    """In every key the same for the same pitch; never drawn outside the voice's range."""
    network = chorale.ChoraleGenerator(width=8, decoder=8, head=8, memory=4, dilations=(1,))
    tessitura = np.random.default_rng(4).normal(size=(4, 128)).astype(np.float32)
    network.tessitura.assign(tessitura)
    bias = network.bias(tf.constant([0, 4, 7])).numpy()
    for row, shift in enumerate((0, 4, -5)):
        for voice, (low, high) in enumerate(VOICE_RANGES):
            for pitch in (low - 1, low, 60, high, high + 1):
                found = bias[row, voice, pitch - shift - rep.BASE]
                if low <= pitch <= high:
                    assert found == pytest.approx(chorale.FIRM * tessitura[voice, pitch], rel=1e-5)
                else:
                    assert found < -1e8
