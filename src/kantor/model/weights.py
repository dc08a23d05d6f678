"""The networks' weights in the form in which `kantor.runtime` reads them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kantor.model.nets.chorale import FIRM, ChoraleGenerator
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.heads import BOLD
from kantor.runtime.weights import CRITIC, Weights


def of(generator: ChoraleGenerator, critic: ChoraleCritic | None = None) -> Weights:
    """The weights of a generator, and of its critic, by the names in ``runtime.npz``."""
    found = _generator(generator)
    if critic is not None:
        found |= {CRITIC + name: array for name, array in _critic(critic).items()}
    return found


def _generator(network: ChoraleGenerator) -> dict[str, NDArray[Any]]:
    encoder = network.encoder
    layers = {
        "encoder.entry": encoder.entry,
        "remember": network.remember,
        "entry": network.entry,
        "inner": network.inner,
    }
    layers |= {f"encoder.{place}": layer.dense for place, layer in enumerate(encoder.layers)}
    for head in network.heads:
        layers |= {f"heads.{head.voice}.{name}": getattr(head, name) for name in _OF_A_HEAD}
    successors = {
        f"heads.{head.voice}.successors": BOLD * _array(head.successors) for head in network.heads
    }
    return {
        **_dense(layers),
        **successors,
        "encoder.dilations": np.array(network.dilations, np.int64),
        "tessitura": FIRM * _array(network.tessitura),
    }


_OF_A_HEAD = ("hidden", "outputs")


def _critic(network: ChoraleCritic) -> dict[str, NDArray[Any]]:
    layers = {
        "surroundings": network.surroundings,
        "local": network.local.dense,
        "local_score": network.local_score,
        "score": network.score,
    }
    layers |= {f"strided.{place}": layer for place, layer in enumerate(network.strided)}
    return {**_dense(layers), "seen.kernel": network.scale * _array(network.seen.kernel)}


def _dense(layers: dict[str, keras.layers.Dense]) -> dict[str, NDArray[Any]]:
    return {
        f"{name}.{part}": _array(getattr(layer, part))
        for name, layer in layers.items()
        for part in ("kernel", "bias")
    }


def _array(variable: Any) -> NDArray[np.float32]:
    return np.array(variable.numpy(), np.float32)
