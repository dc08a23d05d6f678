"""A sample drawn step by step is what the network, asked in one pass, would choose."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kantor.model import chorale, drawing, heads
from kantor.model import representation as rep
from kantor.model.batches import CONTEXT
from kantor.model.chorale import ChoraleGenerator
from kantor.model.drawing import Latent, choose
from kantor.model.piece import JUDGED, Piece, condition, judged_features, shift
from kantor.music.score import REST, VOICE_RANGES

PIECES, STEPS = 3, 12
TIME = CONTEXT + STEPS + 4
LARGEST = 1 - 2**-24
STARTS = pytest.mark.parametrize("start", [0, CONTEXT])


@pytest.fixture(scope="module")
def generator() -> ChoraleGenerator:
    """A small network with large random weights, so that it has decided opinions."""
    network = ChoraleGenerator(width=8, decoder=16, head=8, memory=4, reach=3, dilations=(1, 2))
    random = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(random.normal(size=variable.shape, scale=0.3))
    for head in network.heads:  # to stay on a pitch is as likely as all else
        stay = tf.one_hot(rep.CLASSES + 1 + rep.LARGEST_MOTION, sum(heads.SIZES))
        head.outputs.bias.assign_add(4 * stay)
        head.successors.assign(head.successors / heads.BOLD)  # whose effect is multiplied
    network.tessitura.assign(network.tessitura / chorale.FIRM)
    return network


@pytest.fixture(scope="module")
def piece() -> Piece:
    """Random music in the voices' ranges with a random mask, in three keys."""
    random = np.random.default_rng(1)
    shape = (PIECES, TIME, 4)
    low, high = np.array(VOICE_RANGES).T
    pitches = random.integers(low, high + 1, shape)
    pitches[random.random(shape) < 0.15] = REST
    pitches[:, 1::2] = np.where(random.random(shape) < 0.6, pitches, -9)[:, 1::2]
    held = pitches == -9
    pitches[:, 1:][held[:, 1:]] = pitches[:, :-1][held[:, 1:]]
    changed = np.concatenate([np.ones((PIECES, 1, 4)), np.diff(pitches, axis=1) != 0], axis=1)
    onsets = (pitches != REST) & ((changed > 0) | (random.random(shape) < 0.3))
    at = np.broadcast_to(np.arange(TIME), shape[:2])
    bars = tf.constant(np.stack([at % 16, np.full(shape[:2], 16)], axis=-1))
    collection = tf.constant([0, 5, 9])
    return Piece(
        rep.to_classes(tf.constant(pitches), collection),
        tf.constant(onsets, tf.float32),
        tf.constant(random.random(shape) < 0.3, tf.float32),
        condition(bars, tf.constant(at % 16 > 12), tf.constant(at < TIME - 2), collection),
        collection,
    )


@pytest.fixture(scope="module")
def draw(generator: ChoraleGenerator, piece: Piece) -> Any:
    """`drawing.draw`, traced once for each start."""

    @tf.function
    def drawn(piece: Piece, latent: Latent, start: int) -> tuple[Any, Any]:
        return drawing.draw(generator, piece, latent, start, start + STEPS)

    return drawn


def latent(seed: int) -> Latent:
    return drawing.draw_latent(PIECES, STEPS, tf.constant([0, seed]))


@STARTS
def test_given_cells_stay(draw: Any, piece: Piece, start: int) -> None:
    """Cells of the mask come back as they were, pitches and onsets."""
    classes, onsets = draw(piece, latent(1), start)
    part = slice(start, start + STEPS)
    given = piece.mask[:, part].numpy() > 0
    assert given.any()
    assert np.array_equal(classes.numpy()[given], piece.classes[:, part].numpy()[given])
    assert np.array_equal(onsets.numpy()[given], piece.onsets[:, part].numpy()[given])


@STARTS
def test_sample_follows_from_its_latent(draw: Any, piece: Piece, start: int) -> None:
    """The same latent draws the same sample, another latent another one."""
    first, again, other = (draw(piece, latent(seed), start) for seed in (1, 1, 2))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert all((a.numpy() != b.numpy()).any() for a, b in zip(first, other, strict=True))


@STARTS
def test_every_cell_in_its_range(draw: Any, piece: Piece, start: int) -> None:
    """A composed cell is one pitch of the voice's range or a rest; a rest is never struck."""
    classes, onsets = draw(piece, latent(3), start)
    pitches = rep.from_classes(classes, piece.collection).numpy()
    for voice, (low, high) in enumerate(VOICE_RANGES):
        sounding = pitches[..., voice][pitches[..., voice] != REST]
        assert low <= sounding.min()
        assert sounding.max() <= high
    assert set(np.unique(onsets)) == {0, 1}
    assert not onsets.numpy()[pitches == REST].any()


@STARTS
def test_one_pass_agrees_with_step_by_step(
    generator: ChoraleGenerator, draw: Any, piece: Piece, start: int
) -> None:
    """Shown its own sample the network chooses every cell of it again by the same latent."""
    uniform = latent(4)
    classes, onsets = draw(piece, uniform, start)
    written = drawing.write(piece, classes, onsets, start, start + STEPS)
    out = generator.logits(written, start, start + STEPS)
    biased = out[..., : rep.CLASSES] + generator.bias(piece.collection)[:, None]
    free = piece.mask[:, start : start + STEPS].numpy() == 0
    assert np.array_equal(choose(biased, uniform.pitch).numpy()[free], classes.numpy()[free])
    before = shift(written.classes)[:, start : start + STEPS].numpy()
    struck = tf.sigmoid(out[..., -1]).numpy() > uniform.strike.numpy()
    expected = (classes.numpy() > 0) & ((classes.numpy() != before) | struck)
    assert np.array_equal(expected[free], onsets.numpy()[free] > 0)
    held = free & (classes.numpy() > 0) & (classes.numpy() == before)
    assert 0 < struck[held].mean() < 1
    # The cells did depend on more than the latent and the ranges.
    plain = choose(tf.zeros_like(biased) + rep.range_bias(piece.collection)[:, None], uniform.pitch)
    assert (plain.numpy() != classes.numpy())[free].mean() > 0.5


def test_later_latents_do_not_change_the_past(draw: Any, piece: Piece) -> None:
    """What is drawn from a step on leaves all before it alone, and changes what follows."""
    at = 7
    for field in Latent._fields:
        first, second = getattr(latent(5), field), getattr(latent(6), field)
        changed = tf.concat([first[:, :at], second[:, at:]], axis=1)
        ours, theirs = (draw(piece, latent(5)._replace(**{field: x}), 0) for x in (first, changed))
        for a, b in zip(ours, theirs, strict=True):
            assert np.array_equal(a[:, :at], b[:, :at])
        assert (ours[1].numpy() != theirs[1].numpy())[:, at:].any()


def test_cells_that_are_not_given_are_not_read(draw: Any, piece: Piece) -> None:
    """What stands in the cells to be composed, and not given after them, is of no consequence."""
    noise = tf.random.stateless_uniform(piece.classes.shape, [1, 2], 0, rep.CLASSES, tf.int32)
    free = (piece.mask == 0) & (tf.range(TIME) >= CONTEXT)[None, :, None]
    other = piece._replace(
        classes=tf.where(free, noise, piece.classes),
        onsets=tf.where(free, 1 - piece.onsets, piece.onsets),
    )
    ours, theirs = draw(piece, latent(7), CONTEXT), draw(other, latent(7), CONTEXT)
    assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_given_future_is_read(draw: Any, piece: Piece) -> None:
    """A melody given later changes what is composed before it: the composer looks ahead."""
    later = tf.cast(tf.range(TIME) >= 6, tf.float32)[None, :, None] * tf.one_hot(0, 4)
    masks = tf.zeros_like(piece.mask), tf.zeros_like(piece.mask) + later
    ours, theirs = (draw(piece._replace(mask=mask), latent(8), 0)[0].numpy() for mask in masks)
    assert (ours != theirs)[:, :6].any()


def test_choice_has_its_probability() -> None:
    """Swept over all latents each class is chosen for its share of them."""
    logits = np.random.default_rng(2).normal(scale=2, size=(4, rep.CLASSES)).astype(np.float32)
    logits[0, 10:50] = -1e9
    grid = (np.arange(20_000, dtype=np.float32) + 0.5) / 20_000
    chosen = choose(tf.constant(logits[:, None]), tf.constant(np.tile(grid, (4, 1)))).numpy()
    shares = np.stack([np.bincount(row, minlength=rep.CLASSES) for row in chosen]) / len(grid)
    assert np.allclose(shares, tf.nn.softmax(logits), atol=1.5e-4)


@pytest.mark.parametrize("latent", [0.0, 2**-24, 0.5, LARGEST])
def test_what_is_impossible_is_never_chosen(latent: float) -> None:
    """Not even by the smallest or largest number that a latent can be."""
    random = np.random.default_rng(3)
    possible = random.random((500, rep.CLASSES)) < 0.3
    possible[:, 20] = True
    logits = np.where(possible, random.normal(scale=3, size=possible.shape), -1e9)
    chosen = choose(tf.constant(logits, tf.float32), tf.fill([500], latent)).numpy()
    assert possible[np.arange(500), chosen].all()


def test_temperature_sharpens(generator: ChoraleGenerator, piece: Piece) -> None:
    """Near zero the likeliest pitch is taken whatever the latent says."""
    cold, again = (
        drawing.draw(generator, piece, latent(seed), 0, 3, tf.constant(1e-4))[0] for seed in (1, 2)
    )
    warm = drawing.draw(generator, piece, latent(2), 0, 3)[0]
    assert np.array_equal(cold, again)
    assert not np.array_equal(warm, again)


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
        ours = drawing.relate(voices, onsets, classes, before)
        past = tf.concat([tf.one_hot(before[:, :1], rep.CLASSES), voices[:, :-1]], axis=1)
        plain = soft_features(voices, past, onsets)
        losses = [tf.reduce_sum(features * upstream) for features in (ours, plain)]
    assert np.array_equal(ours, judged_features(classes, before, onsets))
    assert np.allclose(ours, plain)
    found, expected = (tape.gradient(loss, [voices, onsets]) for loss in losses)
    # No class outside a voice's range is ever drawn, so none receives a gradient that counts.
    possible = rep.range_bias(piece.collection)[:, None] == 0
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
        features = drawing.straight_through(generator, piece, classes, onsets, start, stop)
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, [1, 2]))
    written = drawing.write(piece, classes, onsets, start, stop)
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
        features = drawing.straight_through(
            generator, given, given.classes[:, part], given.onsets[:, part], part.start, part.stop
        )
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, [1, 2]))
    gradients = tape.gradient(loss, generator.trainable_variables)
    assert all(gradient is None or not np.any(gradient) for gradient in gradients)


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
    found = drawing.likelihood(network, piece, CONTEXT, CONTEXT + STEPS)
    assert float(found) == pytest.approx(expected / cells, rel=1e-5)


def test_what_closes_a_phrase_weighs_more(piece: Piece) -> None:
    """Under a fermata and a quarter before; given cells weigh nothing."""
    start, stop = CONTEXT, CONTEXT + STEPS
    weights = drawing.weights(piece, start, stop, 3.0).numpy()
    at = np.arange(start, stop)
    near = np.any([(at + lag) % 16 > 12 for lag in range(5)], axis=0)  # fermatas of the fixture
    near &= at + 16 - at % 16 - 3 < TIME  # beyond its end it has none
    free = 1 - piece.mask.numpy()[:, start:stop]
    assert near.any()
    assert not near.all()
    assert np.array_equal(weights, free * np.where(near, 3, 1)[:, None])
    assert np.array_equal(drawing.weights(piece, start, stop, 1.0), free)


def test_window_is_encoded_alone(generator: ChoraleGenerator, piece: Piece) -> None:
    """A window with enough around it costs its own steps only, and is what it is in the whole."""
    start, stop = CONTEXT, CONTEXT + STEPS
    alone = generator.encode(piece, start, stop)
    whole = generator.encode(piece, start, tf.constant(stop))
    assert np.allclose(alone, whole, atol=1e-6)


def test_likelihood_is_learnt(piece: Piece) -> None:
    """A few steps on one batch make it more likely."""
    keras.utils.set_random_seed(1)
    network = ChoraleGenerator(width=8, decoder=16, head=8, memory=4, reach=2, dilations=(1,))
    optimizer = keras.optimizers.Adam(0.01)
    values = []
    for _ in range(6):
        with tf.GradientTape() as tape:
            loss = drawing.likelihood(network, piece, CONTEXT, CONTEXT + STEPS)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        values.append(float(loss))
    assert values[-1] < values[0] - 0.3
    assert all(np.isfinite(values))
