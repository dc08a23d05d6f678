"""Whether arrays are a model's weights: all there, of shapes that go together, and finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES
from kantor.runtime.pitches import CLASSES, CONDITION, DISTANCES, MOTIONS, PAIRS, SPACINGS

Shape = tuple[int, ...]

_N = len(VOICES)
_INTERVALS = 12 * len(PAIRS)
_CHORD = CLASSES * _N + _INTERVALS + (len(SPACINGS) + 1) * (_N - 1) + MOTIONS * _N
_FEATURES = _CHORD + _N  # and where notes start
_MIDI = 128


def check(weights: Mapping[str, NDArray[Any]], critic: str) -> None:
    """Check a model's arrays, and those of its critic if it has one.

    Parameters
    ----------
    critic
        With what the names of the critic's arrays begin.

    Raises
    ------
    ValueError
        Naming the first array at fault, and what is wrong with it.
    """
    expected = _generator(weights)
    if any(name.startswith(critic) for name in weights):
        expected |= _critic(weights, critic)
    for name, shape in expected.items():
        if _of(weights, name).shape != shape:
            raise ValueError(f"{name} has the shape {weights[name].shape} in place of {shape}")
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{name} is not finite")


def _generator(weights: Mapping[str, NDArray[Any]]) -> dict[str, Shape]:
    """Shapes by names, as the lengths of biases tell them."""
    width, memory = (_length(weights, f"{name}.bias") for name in ("encoder.entry", "remember"))
    decoder = _length(weights, "entry.bias")
    layers = _layers(weights, "encoder.")
    seen = width + CONDITION
    past = _multiple(_length(weights, "entry.kernel") - seen, memory)
    found = {
        "encoder.dilations": (layers,),
        "tessitura": (_N, _MIDI),
        **_dense("encoder.entry", _FEATURES + _N + CONDITION, width),
        **_dense("remember", _FEATURES, memory),
        **_dense("entry", past + seen, decoder),
        **_dense("inner", decoder, decoder),
    }
    for layer in range(layers):
        found |= _dense(f"encoder.{layer}", 3 * width, width)
    for voice in range(_N):
        head = f"heads.{voice}"
        hidden = _length(weights, f"{head}.hidden.bias")
        outputs = CLASSES + 1 + MOTIONS + (_N - 1) * (12 + DISTANCES)
        found |= _dense(f"{head}.hidden", decoder + _CHORD + _INTERVALS, hidden)
        found |= _dense(f"{head}.outputs", hidden, outputs)
        found[f"{head}.successors"] = (_N - 1, 12 * MOTIONS, 12)
    return found


def _critic(weights: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, Shape]:
    embedding = _length(weights, f"{prefix}surroundings.bias")
    width = _length(weights, f"{prefix}local.bias")
    last = _multiple(_length(weights, f"{prefix}score.kernel"), width)
    found = {
        "seen.kernel": (_FEATURES + 144 * len(PAIRS), embedding),
        **_dense("surroundings", _N + CONDITION, embedding),
        **_dense("local", 3 * embedding, width),
        **_dense("local_score", width, 1),
        **_dense("score", last, 1),
    }
    for layer in range(_layers(weights, f"{prefix}strided.")):
        found |= _dense(f"strided.{layer}", 2 * width, width)
    return {prefix + name: shape for name, shape in found.items()}


def _dense(name: str, inputs: int, units: int) -> dict[str, Shape]:
    return {f"{name}.kernel": (inputs, units), f"{name}.bias": (units,)}


def _layers(weights: Mapping[str, NDArray[Any]], prefix: str) -> int:
    """How many layers are numbered by what follows `prefix`."""
    places = {
        name.removeprefix(prefix).split(".")[0] for name in weights if name.startswith(prefix)
    }
    return sum(place.isdigit() for place in places)


def _multiple(length: int, of: int) -> int:
    """The greatest multiple up to a length, one at least."""
    return max(length // of, 1) * of


def _length(weights: Mapping[str, NDArray[Any]], name: str) -> int:
    """The first extent of an array, which must have one."""
    array = _of(weights, name)
    if not array.size:
        raise ValueError(f"{name} is empty")
    return int(np.atleast_1d(array).shape[0])


def _of(weights: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in weights:
        raise ValueError(f"{name} is missing")
    return weights[name]
