"""The workshop's way of training its model, with Kantor's losses and networks, and of composing.

What the recipe leaves out, so that it is the workshop's and not ours: XLA, warm-up by likelihood,
averaging of weights, weight decay, transposition.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from kantor.hyperparameters import Train
from kantor.model.train.batches import Pool

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
    settings: Train = Train.model_validate({**params.model_dump(), **RECIPE, **changes})
    return settings


def untransposed(pool: Pool) -> Pool:
    """The same windows, each in its own key only."""
    still = np.zeros(len(pool), np.int8)
    return replace(pool, lowest=still, highest=still)


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
