"""The arrays of a small model of random weights, made without TensorFlow."""

from typing import Any

import numpy as np

from kantor.ensemble import SATB, Ensemble
from kantor.network.layout import CONDITIONS, MIDI, OCTAVE, PROGRESSIONS, Layout

WIDTH, DECODER, HEAD, MEMORY, REACH = 8, 12, 8, 4, 3


def random_weights(seed: int = 1, ensemble: Ensemble = SATB) -> dict[str, Any]:
    """What ``runtime.npz`` holds of a generator of the smallest sizes."""
    layout = Layout(ensemble)
    layers = {
        "encoder.entry": (layout.read.size, WIDTH),
        "encoder.0": (3 * WIDTH, WIDTH),
        "encoder.1": (3 * WIDTH, WIDTH),
        "remember": (layout.score.size, MEMORY),
        "entry": (REACH * MEMORY + WIDTH + CONDITIONS.size, DECODER),
        "inner": (DECODER, DECODER),
    }
    for line in range(len(ensemble)):
        layers[f"heads.{line}.hidden"] = (layout.head(DECODER).size, HEAD)
        layers[f"heads.{line}.outputs"] = (HEAD, layout.outputs(line).size)
    random = np.random.default_rng(seed)
    weights: dict[str, Any] = {}
    for name, shape in layers.items():
        weights[f"{name}.kernel"] = random.normal(0, 0.3, shape).astype(np.float32)
        weights[f"{name}.bias"] = random.normal(0, 0.3, shape[1]).astype(np.float32)
    for line in range(ensemble.pitched):
        shape = len(layout.others(line)), PROGRESSIONS, OCTAVE
        weights[f"heads.{line}.successors"] = random.normal(0, 0.3, shape).astype(np.float32)
    weights["encoder.dilations"] = np.array([1, 2])
    shape = ensemble.pitched, MIDI
    weights["tessitura"] = random.normal(0, 0.3, shape).astype(np.float32)
    return weights


def critic_weights(ensemble: Ensemble = SATB) -> dict[str, Any]:
    """Of a critic of the smallest sizes, whose windows have 8 steps."""
    layout = Layout(ensemble)
    layers = {
        "surroundings": (layout.around.size, 6),
        "local": (18, 4),
        "local_score": (4, 1),
        "score": (16, 1),
        "strided.0": (8, 4),
    }
    weights = {f"{name}.kernel": np.ones(shape) for name, shape in layers.items()}
    weights |= {f"{name}.bias": np.ones(shape[1]) for name, shape in layers.items()}
    weights["seen.kernel"] = np.ones((layout.judged.size, 6))
    return {f"critic.{name}": array.astype(np.float32) for name, array in weights.items()}
