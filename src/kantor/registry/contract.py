"""What every version promises: tensors in and out, an example, and the packages it needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSpec

# What MLflow calls the logged model.
NAME = "generator"

# The module by which MLflow loads it, and by which we know it for ours.
LOADER = "kantor.registry.pyfunc"

# What the generator imports when it composes; the package itself travels with the version.
REQUIREMENTS = ("keras", "numpy", "pydantic", "pyyaml", "tensorflow")

_INPUTS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("pitches", "int8", (-1, -1, 4)),
    ("onsets", "bool", (-1, -1, 4)),
    ("mask", "bool", (-1, -1, 4)),
    ("bars", "int16", (-1, -1, 2)),
    ("fermatas", "bool", (-1, -1)),
    ("major_tonic", "int8", (-1,)),
    ("seed", "int64", (-1,)),
)
_OUTPUTS = _INPUTS[:2]
_KNOBS = {float: "double", int: "long", bool: "boolean", str: "string"}

# A soprano of two bars, C major, with which every version is tried when it is logged.
_EXAMPLE = (60, 62, 64, 65, 67, 65, 64, 62)


def signature(compose: Callable[..., object]) -> ModelSignature:
    """The signature of a generator's `compose`: our tensors, and its own optional knobs."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, Schema

    params = _knobs(compose)
    return ModelSignature(
        inputs=Schema(_tensors(_INPUTS)),
        outputs=Schema(_tensors(_OUTPUTS)),
        params=ParamSchema(params) if params else None,
    )


def _tensors(specs: tuple[tuple[str, str, tuple[int, ...]], ...]) -> list[Any]:
    from mlflow.types import TensorSpec

    return [TensorSpec(np.dtype(dtype), shape, name=name) for name, dtype, shape in specs]


def _knobs(compose: Callable[..., object]) -> list[ParamSpec]:
    from mlflow.types import ParamSpec

    return [
        ParamSpec(name, _KNOBS[type(default)], default) for name, default in knobs(compose).items()
    ]


def knobs(compose: Callable[..., object]) -> dict[str, float | int | bool | str]:
    """The keyword arguments of `compose` whose default is a plain number, flag or word."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(compose).parameters.items()
        if type(parameter.default) in _KNOBS
    }


def inputs(given: Conditioning, seeds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """A batch of requests in the form that the pyfunc's `predict` takes."""
    names = (name for name, _, _ in _INPUTS[:-1])
    return {**{name: np.asarray(getattr(given, name)) for name in names}, "seed": seeds}


def example() -> dict[str, NDArray[Any]]:
    """One request: two bars of soprano in quarters, the other voices to be composed."""
    notes = [Note(4 * beat, 4 * beat + 4, pitch) for beat, pitch in enumerate(_EXAMPLE)]
    pitches, onsets = arrays_of(notes, steps=4 * len(_EXAMPLE))
    mask = np.zeros(pitches.shape, bool)
    mask[:, 0] = True
    given = Conditioning.from_score(Score(pitches, onsets, key=Key()), mask)
    return inputs(stack([given]), np.zeros(1, np.int64))


def requirements() -> list[str]:
    """The packages a version needs, each at the release installed here."""
    return [f"{name}=={metadata.version(name)}" for name in REQUIREMENTS]
