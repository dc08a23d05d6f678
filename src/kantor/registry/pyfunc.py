"""The generator as MLflow loads it, and what a version promises: tensors, an example, packages.

Inputs are the fields of `kantor.music.conditioning.Conditioning` for a batch, and one seed for each
request; outputs are all lines of the model's ensemble, with the given cells unchanged.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.music.conditioning import Conditioning, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

    from kantor import runtime
    from kantor.model import generator

    Generator = generator.Generator | runtime.Generator

NAME = "generator"
"""What MLflow calls the logged model."""
LOADER = "kantor.registry.pyfunc"
"""The module by which MLflow loads it, and by which it is known for ours."""
REQUIREMENTS = ("keras", "numpy", "pydantic", "pyyaml", "tensorflow", "threadpoolctl")
"""What the generator imports when it composes; the package itself travels with the version."""

_TYPES = {float: "double", int: "long", bool: "boolean", str: "string"}
_EXAMPLE = (60, 62, 64, 65, 67, 65, 64, 62)  # a melody of two bars in quarters, C major


@dataclass(frozen=True)
class GeneratorModel:
    """A trained generator behind MLflow's ``predict``."""

    generator: Generator

    def predict(
        self, model_input: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Compose what is not given.

        Parameters
        ----------
        model_input : dict of arrays
            The fields of `Conditioning`, and ``seed (batch,) int64``.
        params : dict, optional
            Keyword arguments of the generator's ``compose``.

        Returns
        -------
        dict of arrays
            ``pitches (batch, time, line) int8`` and ``onsets (batch, time, line) bool``.

        Raises
        ------
        InputError
            If the arrays are not of one batch, or the generator cannot do what they ask.
        """
        fields = dict(model_input)
        seeds = np.asarray(fields.pop("seed"), np.int64)
        pitches, onsets = self.generator.compose(Conditioning(**fields), seeds, **(params or {}))
        return {"pitches": pitches, "onsets": onsets}


def _load_pyfunc(path: str) -> GeneratorModel:
    """What MLflow calls with the generator's folder."""
    from kantor.compose import composer

    return GeneratorModel(composer.load(Path(path)))


def ensemble_of(folder: Path) -> Ensemble:
    """The ensemble that a model's ``model.json`` names; `SATB` where it names none.

    Raises
    ------
    InputError
        If what it names is no ensemble.
    """
    try:
        ensemble = json.loads((folder / "model.json").read_text()).get("ensemble")
    except (OSError, ValueError, AttributeError):
        ensemble = None
    return SATB if ensemble is None else Ensemble.from_dict(ensemble)


def signature(compose: Callable[..., object], ensemble: Ensemble) -> ModelSignature:
    """The signature of a generator: the ensemble's tensors, and its own sampling parameters."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    tensors = [
        TensorSpec(np.dtype(dtype), shape, name=name)
        for name, (dtype, shape) in _tensors(len(ensemble)).items()
    ]
    params = [
        ParamSpec(name, _TYPES[type(default)], default)
        for name, default in sampling_parameters(compose).items()
    ]
    return ModelSignature(
        inputs=Schema(tensors),
        outputs=Schema(tensors[:2]),  # pitches and onsets
        params=ParamSchema(params) if params else None,
    )


def _tensors(lines: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The inputs' names, types and shapes for an ensemble of so many lines; -1 is any length."""
    cells = (-1, -1, lines)
    return {
        "pitches": ("int8", cells),
        "onsets": ("bool", cells),
        "mask": ("bool", cells),
        "bars": ("int16", (-1, -1, 2)),
        "fermatas": ("bool", (-1, -1)),
        "major_tonic": ("int8", (-1,)),
        "seed": ("int64", (-1,)),
    }


def sampling_parameters(compose: Callable[..., object]) -> dict[str, float | int | bool | str]:
    """The keyword arguments of `compose` whose default is a plain number, flag or word."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(compose).parameters.items()
        if type(parameter.default) in _TYPES
    }


def example(ensemble: Ensemble = SATB) -> Conditioning:
    """A request for one piece: two bars of the leading line, the other lines to be composed."""
    low, high = ensemble.ranges[ensemble.leads]
    shift = 0
    while min(_EXAMPLE) + shift < low:
        shift += 12
    while max(_EXAMPLE) + shift > high:
        shift -= 12
    notes = [
        Note(4 * beat, 4 * beat + 4, pitch + shift, ensemble.leads)
        for beat, pitch in enumerate(_EXAMPLE)
    ]
    pitches, onsets = arrays_of(notes, 4 * len(_EXAMPLE), len(ensemble))
    mask = np.zeros(pitches.shape, bool)
    mask[:, ensemble.leads] = True
    score = Score(pitches, onsets, key=Key(), ensemble=ensemble)
    return stack([Conditioning.from_score(score, mask)])


def inputs(given: Conditioning, seeds: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """A batch of requests in the form that the pyfunc's `predict` takes."""
    lines = given.pitches.shape[-1]
    fields = {name: getattr(given, name) for name in _tensors(lines) if name != "seed"}
    return {**fields, "seed": seeds}


def requirements() -> list[str]:
    """The packages a version needs, each at the release installed here."""
    return [f"{name}=={metadata.version(name)}" for name in REQUIREMENTS]
