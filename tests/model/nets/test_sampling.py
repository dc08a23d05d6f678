"""A sample drawn step by step is what the network, asked in one pass, would choose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tests.model.small import STEPS, TIME, latent, pitches_of

from kantor.model.nets import representation as rep
from kantor.model.nets import sampling as drawing
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import Piece, shift, write
from kantor.model.nets.sampling import Latent, choose
from kantor.model.train.batches import CONTEXT
from kantor.music.score import REST, VOICE_RANGES

LARGEST = 1 - 2**-24
STARTS = pytest.mark.parametrize("start", [0, CONTEXT])


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
    pitches = pitches_of(classes, piece.major_tonic)
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
    written = write(piece, classes, onsets, start, start + STEPS)
    out = generator.logits(written, start, start + STEPS)
    biased = out[..., : rep.CLASSES] + generator.bias(piece.major_tonic)[:, None]
    free = piece.mask[:, start : start + STEPS].numpy() == 0
    assert np.array_equal(choose(biased, uniform.pitch).numpy()[free], classes.numpy()[free])
    before = shift(written.classes)[:, start : start + STEPS].numpy()
    struck = tf.sigmoid(out[..., -1]).numpy() > uniform.strike.numpy()
    expected = (classes.numpy() > 0) & ((classes.numpy() != before) | struck)
    assert np.array_equal(expected[free], onsets.numpy()[free] > 0)
    held = free & (classes.numpy() > 0) & (classes.numpy() == before)
    assert 0 < struck[held].mean() < 1
    # The cells did depend on more than the latent and the ranges.
    plain = choose(
        tf.zeros_like(biased) + rep.range_bias(piece.major_tonic)[:, None], uniform.pitch
    )
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


def test_window_is_encoded_alone(generator: ChoraleGenerator, piece: Piece) -> None:
    """A window with enough around it costs its own steps only, and is what it is in the whole."""
    start, stop = CONTEXT, CONTEXT + STEPS
    alone = generator.encode(piece, start, stop)
    whole = generator.encode(piece, start, tf.constant(stop))
    assert np.allclose(alone, whole, atol=1e-6)
