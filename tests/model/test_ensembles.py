"""A model of another ensemble than SATB trains, composes alike in both engines, and is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tests.ensembles import BAND

from kantor.data import windows
from kantor.data.corpus import Corpus, Piece
from kantor.errors import SetupError
from kantor.model import generator
from kantor.model.nets.sampling import draw, draw_latent
from kantor.model.presets import Unet
from kantor.model.train import batches
from kantor.model.train.trainer import Trainer
from kantor.music.score import REST, Key, Score, onset_floor
from kantor.network.layout import CONTEXT
from kantor.settings import Windows

pytestmark = pytest.mark.usefixtures("eager")
STEPS = 8


def tune(row: int) -> Score:
    """Two bars: held pitches that change every quarter, and drums on some of the steps."""
    random = np.random.default_rng(row)
    low, high = np.array(BAND.ranges).T
    pitches = np.repeat(random.integers(low + 5, np.maximum(high - 5, low + 6), (8, 8)), 4, axis=0)
    drums = slice(BAND.pitched, None)
    pitches[:, drums] = np.where(random.random((32, 3)) < 0.4, low[drums], REST)
    onsets = onset_floor(pitches)
    onsets[:, drums] = pitches[:, drums] != REST
    return Score(pitches.astype(np.int8), onsets, key=Key(row % 3), ensemble=BAND)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return tuple(
        Piece(f"tune/{row}", "train" if row < 3 else "valid", "made", 0, tune(row))
        for row in range(4)
    )


@pytest.fixture(scope="module")
def pool(corpus: Corpus) -> batches.Pool:
    return batches.pool(corpus, windows.cut(corpus, Windows(steps=STEPS), BAND), "train", BAND)


@pytest.fixture(scope="module")
def trainer(pool: batches.Pool, smallest: Callable[..., Any], eager: None) -> Trainer:
    """After an iteration by likelihood and two against the critic."""
    trainer = Trainer(smallest(critic_steps=2), STEPS, BAND)
    for _ in range(3):
        batch = batches.batch_at(pool, trainer.batch_size, 1, trainer.iteration)
        figures = trainer.step(batch)
        assert all(np.isfinite(figure) for figure in figures.values())
    return trainer


def test_every_weight_learns(trainer: Trainer) -> None:
    """Of all heads, drums' among them; and what the critic makes of a step."""
    untrained, trained = Trainer(trainer.settings, STEPS, BAND).networks, trainer.networks
    pairs = zip(untrained.generator.weights, trained.generator.weights, strict=True)
    assert [after.path for before, after in pairs if np.array_equal(before, after)] == []
    assert not np.array_equal(untrained.critic.seen.kernel, trained.critic.seen.kernel)


def test_composes_within_the_lines(trainer: Trainer, pool: batches.Pool) -> None:
    """Given cells stay; pitched lines keep to their ranges, drums to their one note."""
    preset = trainer.networks
    batch = batches.batch_at(pool, 3, 2, tf.constant(0))
    inputs = preset._inputs(batch)
    latent = draw_latent((3, STEPS, len(BAND)), tf.constant([1, 2]))
    tokens, onsets = draw(preset.generator, inputs, latent, CONTEXT, CONTEXT + STEPS)
    pitches = preset.layout.vocabulary.to_pitches(tokens.numpy(), batch["major_tonic"].numpy())
    given = batch["mask"].numpy()[:, CONTEXT : CONTEXT + STEPS]
    asked = batch["pitches"].numpy()[:, CONTEXT : CONTEXT + STEPS]
    assert np.array_equal(pitches[given], asked[given])
    for line, (low, high) in enumerate(BAND.ranges):
        composed = pitches[..., line][~given[..., line]]
        assert np.isin(composed, [REST, *range(low, high + 1)]).all()
        assert (composed != REST).any()
    for piece in range(3):
        Score(pitches[piece], onsets[piece].numpy() > 0, ensemble=BAND)


def test_folder_keeps_the_ensemble(trainer: Trainer, tmp_path: Path) -> None:
    """It comes back with the weights; the networks are those of its lines."""
    networks = trainer.networks
    generator.save(tmp_path, networks.generator, {"preset": "chorale"}, networks.critic)
    loaded = generator.load(tmp_path)
    assert loaded.ensemble == loaded.critic.ensemble == BAND
    for one, other in zip(loaded.network.weights, networks.generator.weights, strict=True):
        assert np.array_equal(one, other)


def test_unet_knows_satb_alone() -> None:
    """The answer names the preset that can do more."""
    with pytest.raises(SetupError, match=r"unet.*satb only, not band.*chorale") as caught:
        Unet(32, BAND)
    assert "\n" not in str(caught.value)
