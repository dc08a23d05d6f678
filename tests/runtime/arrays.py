"""The arrays of a small model of random weights, made without TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from kantor.runtime.pitches import CONDITION, DISTANCES, MOTIONS

WIDTH, DECODER, HEAD, MEMORY, REACH = 8, 12, 8, 4, 3
PITCHES, FEATURES = 4 * 64, 4 * 64 + 4 + 72 + 24 + 4 * MOTIONS


def random_weights(seed: int = 1) -> dict[str, Any]:
    """What ``runtime.npz`` holds of a generator of the smallest sizes."""
    chord = PITCHES + 72 + 24 + 4 * MOTIONS + 72
    layers = {
        "encoder.entry": (FEATURES + 4 + CONDITION, WIDTH),
        "encoder.0": (3 * WIDTH, WIDTH),
        "encoder.1": (3 * WIDTH, WIDTH),
        "remember": (FEATURES, MEMORY),
        "entry": (REACH * MEMORY + WIDTH + CONDITION, DECODER),
        "inner": (DECODER, DECODER),
    }
    for voice in range(4):
        layers[f"heads.{voice}.hidden"] = (DECODER + chord, HEAD)
        layers[f"heads.{voice}.outputs"] = (HEAD, 64 + 1 + MOTIONS + 3 * (12 + DISTANCES))
    random = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, shape in layers.items():
        found[f"{name}.kernel"] = random.normal(0, 0.3, shape).astype(np.float32)
        found[f"{name}.bias"] = random.normal(0, 0.3, shape[1]).astype(np.float32)
    for voice in range(4):
        successors = random.normal(0, 0.3, (3, 12 * MOTIONS, 12)).astype(np.float32)
        found[f"heads.{voice}.successors"] = successors
    found["encoder.dilations"] = np.array([1, 2])
    found["tessitura"] = random.normal(0, 0.3, (4, 128)).astype(np.float32)
    return found
