"""The file of a model's weights that composing reads: ``runtime.npz``, and whether it is whole.

Arrays are float32 by names such as ``encoder.0.kernel``. Which there are says all about the
networks' sizes; only the convolutions' dilations are stored beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor import files
from kantor.network.layout import CONDITIONS, MIDI, OCTAVE, PROGRESSIONS, TAPS, Layout

Array = NDArray[np.float32]
Weights = Mapping[str, NDArray[Any]]
Shape = tuple[int, ...]

NAME = "runtime.npz"
PRESETS = ("chorale", "long")
"""Those whose networks this package has."""
FORMAT = 1
"""Of a model's folder, named in ``model.json``; raised when older models can no longer be read."""
REMEDY = "`dvc repro` makes one, `kantor models rollback` goes back to the champion before"
"""For a model that does not load."""
MOST_DILATION = 4_096
CRITIC = "critic."
"""With which the names of the critic's weights begin."""
DISCRIMINATOR = "discriminator.weights"


def save(folder: Path, weights: Weights) -> None:
    """Write a model's weights; equal ones give equal bytes."""
    ordered: dict[str, Any] = {name: weights[name] for name in sorted(weights)}
    files.save(folder / NAME, lambda file: np.savez(file, **ordered))


def load(folder: Path, layout: Layout) -> dict[str, NDArray[Any]]:
    """Read them; an `OSError`, `EOFError`, `ValueError` or `BadZipFile` if they are no model's."""
    with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        weights = {name: stored[name] for name in stored.files}
    check(weights, layout)
    return weights


def check(weights: Weights, layout: Layout) -> None:
    """Check a model's arrays, and those of its critic if it has one.

    A `ValueError` names the first that is missing, of a shape that does not go together with the
    others, or not finite.
    """
    expected = _generator(weights, layout)
    if any(name.startswith(CRITIC) for name in weights):
        expected |= _critic(weights, layout)
    if DISCRIMINATOR in weights:
        expected[DISCRIMINATOR] = (layout.beat.size,)
    for name, shape in expected.items():
        if name not in weights:
            raise ValueError(f"{name} is missing")
        if weights[name].shape != shape:
            raise ValueError(f"{name} has the shape {weights[name].shape} in place of {shape}")
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{name} is not finite")
    dilations = weights["encoder.dilations"]
    if not ((dilations >= 1) & (dilations <= MOST_DILATION)).all():
        raise ValueError(f"encoder.dilations are not from 1 to {MOST_DILATION}")


def _generator(weights: Weights, layout: Layout) -> dict[str, Shape]:
    """Shapes by names, as the lengths of biases tell them."""
    width, memory = (_length(weights, f"{name}.bias") for name in ("encoder.entry", "remember"))
    decoder, head = (_length(weights, f"{name}.bias") for name in ("entry", "heads.0.hidden"))
    layers, others = _layers(weights, "encoder."), layout.ensemble.pitched - 1
    reach = (_length(weights, "entry.kernel") - width - CONDITIONS.size) // memory
    shapes = {
        "encoder.dilations": (layers,),
        "tessitura": (layout.ensemble.pitched, MIDI),
        **_dense("encoder.entry", layout.read.size, width),
        **_dense("remember", layout.score.size, memory),
        **_dense("entry", layout.decoder(max(reach, 1), memory, width).size, decoder),
        **_dense("inner", decoder, decoder),
    }
    for layer in range(layers):
        shapes |= _dense(f"encoder.{layer}", TAPS * width, width)
    for line in range(len(layout.ensemble)):
        shapes |= _dense(f"heads.{line}.hidden", layout.head(decoder).size, head)
        shapes |= _dense(f"heads.{line}.outputs", head, layout.outputs(line).size)
        if line <= others:
            shapes[f"heads.{line}.successors"] = (others, PROGRESSIONS, OCTAVE)
    return shapes


def _critic(weights: Weights, layout: Layout) -> dict[str, Shape]:
    names = (f"{CRITIC}surroundings.bias", f"{CRITIC}local.bias", f"{CRITIC}score.kernel")
    embedding, width, last = (_length(weights, name) for name in names)
    shapes = {
        f"{CRITIC}seen.kernel": (layout.judged.size, embedding),
        **_dense(f"{CRITIC}surroundings", layout.around.size, embedding),
        **_dense(f"{CRITIC}local", TAPS * embedding, width),
        **_dense(f"{CRITIC}local_score", width, 1),
        **_dense(f"{CRITIC}score", max(last // width, 1) * width, 1),
    }
    for layer in range(_layers(weights, f"{CRITIC}strided.")):
        shapes |= _dense(f"{CRITIC}strided.{layer}", 2 * width, width)
    return shapes


def _dense(name: str, inputs: int, units: int) -> dict[str, Shape]:
    return {f"{name}.kernel": (inputs, units), f"{name}.bias": (units,)}


def _layers(weights: Weights, prefix: str) -> int:
    """How many layers are numbered by what follows `prefix`."""
    names = (name.removeprefix(prefix) for name in weights if name.startswith(prefix))
    return sum(part.isdigit() for part in {name.split(".")[0] for name in names})


def _length(weights: Weights, name: str) -> int:
    """The first extent of an array, at least 1."""
    if name not in weights:
        raise ValueError(f"{name} is missing")
    return len(np.atleast_1d(weights[name])) or 1
