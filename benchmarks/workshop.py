"""The workshop's way of training its model, with Kantor's losses and networks, and of composing.

What the recipe leaves out, so that it is the workshop's and not ours: XLA, warm-up by likelihood,
averaging of weights, weight decay, transposition. Run by itself, this trains the workshop's network
for some minutes and writes the model's folder.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import harness
import numpy as np

from kantor import settings
from kantor.data import corpus, windows
from kantor.hyperparameters import Train
from kantor.model import generator as models
from kantor.model.train import batches
from kantor.model.train.trainer import Trainer

BATCH = 64
RECIPE: dict[str, Any] = {
    "preset": "unet",
    "batch": BATCH,
    "iterations": 1000,
    "critic_steps": 5,
    "drawn": 6,
    "gradient_penalty": 10,
    "betas": (0.5, 0.9),
    "learning_rates": {"likelihood": 0.001, "generator": 0.001, "critic": 0.001},
    "likelihood_weight": 0,
    "weight_decay": 0,
    "average": 0,
    "xla": False,
}


def recipe(params: Train, **changes: Any) -> Train:
    """The workshop's settings; what it says nothing about (the seed) is taken from `params`."""
    asked: Train = Train.model_validate({**params.model_dump(), **RECIPE, **changes})
    return asked


def pool(pieces: corpus.Corpus, rolls: windows.Windows) -> batches.Pool:
    """The first two bars of each training piece, in its own key only."""
    _, first = np.unique(rolls.piece, return_index=True)
    fields = ("rolls", "onsets", "piece", "start", "length")
    two_bars = windows.Windows(*(getattr(rolls, name)[first] for name in fields))
    own = batches.pool(pieces, two_bars, "train")
    still = np.zeros(len(own), np.int8)
    return replace(own, lowest=still, highest=still)


def train(params: Train, build: Path, minutes: float) -> Trainer:
    """Train by the recipe for so many minutes, or for all of its iterations."""
    rolls = windows.load(build / "windows.npz")
    trainer = Trainer(recipe(params), rolls.rolls.shape[1])
    own = pool(corpus.load(build / "scores.npz"), rolls)
    stream = batches.dataset(own, trainer.batch_size, trainer.settings.seed)
    end = time.perf_counter() + 60 * minutes
    for _, batch in zip(range(trainer.settings.total), stream, strict=False):
        if time.perf_counter() >= end:
            break
        for figure in trainer.step(batch).values():
            figure.numpy()
    return trainer


def generator() -> Any:
    """The workshop's generator, as it is called for a batch of rolls and latents."""
    import tensorflow as tf

    from kantor.model.nets.unet import unet_generator

    network = unet_generator()
    return tf.function(lambda rolls, latents: network([rolls, latents], training=False))


def compose(model: Any, windows: int, seconds: float) -> tuple[int, float]:
    """The steps of the workshop's generator on batches of so many rolls, and its time in seconds.

    It is called until so many seconds are over, at least once.
    """
    import tensorflow as tf

    from kantor.model.nets import unet

    rolls = -tf.ones([windows, unet.STEPS, unet.PITCHES, 1])
    latents = unet.draw_latent(windows, tf.constant([0, 0]))
    began, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - began < seconds:
        model(rolls, latents).numpy()
        steps += windows * unet.STEPS
    return steps, time.perf_counter() - began


def main() -> int:
    """Train, and write the folder."""
    parser = harness.parser(__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmark/workshop"))
    parser.add_argument("--minutes", type=float, default=8.0, help="of training (8)")
    asked = parser.parse_args()
    settings.quiet()
    trained = train(settings.load(Train, "train", asked.params), asked.build, asked.minutes)
    models.save(asked.out, trained.shadow, trained.average.info)
    print(f"{asked.out}: {int(trained.iteration.numpy())} iterations")
    return 0


if __name__ == "__main__":
    harness.main(main, "workshop")
