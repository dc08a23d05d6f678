"""A generator from its folder: as Kantor calls it, as MLflow loads it, and what it promises.

MLflow's inputs are the fields of `kantor.music.conditioning.Conditioning` for a batch, and one seed
for each request; outputs are all lines of the model's ensemble, with the given cells unchanged.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, ModelError, one_line
from kantor.music.conditioning import Conditioning, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Flags, Key, Pitches, Score

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

    from kantor import runtime
    from kantor.model import generator

    Generator = generator.Generator | runtime.Generator

GENERATOR = "data/model"
"""Where MLflow keeps the generator's folder among the files of a version."""

_TYPES = {float: "double", int: "long", bool: "boolean", str: "string"}
_EXAMPLE = (60, 62, 64, 65, 67, 65, 64, 62)  # a melody of two bars in quarters, C major
# What reading a damaged or foreign model raises.
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, BadZipFile)


@dataclass(frozen=True)
class LoadedModel:
    """A generator, callable, the ensemble that it composes for, and where it came from.

    Its source is such as ``kantor-bach version 3``, or the folder that it was loaded from.
    """

    generator: Generator
    source: str
    ensemble: Ensemble = SATB

    def __call__(
        self, given: Conditioning, seeds: NDArray[np.int64], **sampling: Any
    ) -> tuple[Pitches, Flags]:
        """Compose a batch of requests, one seed each, with the generator's sampling parameters.

        Returns
        -------
        pitches : (batch, time, line) int8
        onsets : (batch, time, line) bool

        `ModelError` if the requests are for another number of lines; `InputError` if the generator
        has no such sampling parameter, or cannot do what is asked.
        """
        lines = given.pitches.shape[-1]
        if lines != len(self.ensemble):
            raise ModelError(
                f"{self.source}: composes for {', '.join(self.ensemble.names)}, and not for "
                f"{lines} lines; choose another model"
            )
        known = sampling_parameters(self.generator.compose)
        for name in sampling:
            if name not in known:
                there = ", ".join(known) or "nothing to set"
                raise InputError(f"{self.source}: knows no {name}; there is {there}")
        pitches, onsets = self.generator.compose(given, seeds, **sampling)
        return pitches, onsets

    @property
    def mixes_lengths(self) -> bool:
        """Whether pieces of any lengths may be in one batch; see `kantor.compose.composer`."""
        return bool(getattr(self.generator, "mixes_lengths", False))

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """How well the critic, if there is one, likes a batch, ``(batch,)``: higher is better."""
        if not hasattr(self.generator, "judge"):
            raise InputError(f"{self.source}: carries no critic, so it cannot judge what it made")
        return np.asarray(self.generator.judge(given, pitches, onsets), np.float32)

    def predict(
        self, model_input: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Compose as MLflow asks: ``pitches`` and ``onsets``, of the shapes of `__call__`.

        Parameters
        ----------
        model_input : dict of arrays
            The fields of `Conditioning`, and ``seed (batch,) int64``.
        params : dict, optional
            Sampling parameters.
        """
        given = dict(model_input)
        seeds = np.asarray(given.pop("seed"), np.int64)
        pitches, onsets = self(Conditioning(**given), seeds, **(params or {}))
        return {"pitches": pitches, "onsets": onsets}


def load_folder(folder: Path, source: str, processes: int | None = None) -> LoadedModel:
    """The generator in `folder`; an error names `source` and the fault in one line.

    `processes` is as for `kantor.compose.composer.load`.
    """
    from kantor.compose import composer

    try:
        return LoadedModel(composer.load(folder, processes), source, ensemble_of(folder))
    except (InputError, ModelError) as error:
        text = str(error)
        named = text.startswith((f"{source}:", f"{source}/"))
        raise ModelError(text if named else f"{source}: {text}") from error
    except _BROKEN as error:
        fault = one_line(str(error))
        raise ModelError(f"{source}: {folder} does not load as a generator: {fault}") from error


def _load_pyfunc(path: str) -> LoadedModel:
    """What MLflow calls with the generator's folder."""
    return load_folder(Path(path), path)


def ensemble_of(folder: Path) -> Ensemble:
    """The ensemble that a model's ``model.json`` names; `SATB` where it names none."""
    try:
        ensemble = json.loads((folder / "model.json").read_text()).get("ensemble")
    except (OSError, ValueError, AttributeError):
        ensemble = None
    return SATB if ensemble is None else Ensemble.from_dict(ensemble)


def sampling_parameters(compose: Callable[..., object]) -> dict[str, float | int | bool | str]:
    """The keyword arguments of `compose` whose default is a plain number, flag or word."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(compose).parameters.items()
        if type(parameter.default) in _TYPES
    }


def signature(model: LoadedModel) -> ModelSignature:
    """The signature of a model: its ensemble's tensors, and its own sampling parameters."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    cells = (-1, -1, len(model.ensemble))  # -1 is any length
    tensors = [
        TensorSpec(np.dtype(np.int8), cells, "pitches"),
        TensorSpec(np.dtype(np.bool_), cells, "onsets"),
        TensorSpec(np.dtype(np.bool_), cells, "mask"),
        TensorSpec(np.dtype(np.int16), (-1, -1, 2), "bars"),
        TensorSpec(np.dtype(np.bool_), (-1, -1), "fermatas"),
        TensorSpec(np.dtype(np.int8), (-1,), "major_tonic"),
        TensorSpec(np.dtype(np.int64), (-1,), "seed"),
    ]
    params = [
        ParamSpec(name, _TYPES[type(default)], default)
        for name, default in sampling_parameters(model.generator.compose).items()
    ]
    outputs = Schema(tensors[:2])
    return ModelSignature(Schema(tensors), outputs, ParamSchema(params) if params else None)


def example(ensemble: Ensemble = SATB) -> Conditioning:
    """A request for one piece: two bars of the leading line, the other lines to be composed."""
    low, high = ensemble.ranges[ensemble.leads]
    shift = 12 * max(0, math.ceil((low - min(_EXAMPLE)) / 12))
    shift -= 12 * max(0, math.ceil((max(_EXAMPLE) + shift - high) / 12))
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
    return {**{field.name: getattr(given, field.name) for field in fields(given)}, "seed": seeds}


def fault_of(given: Conditioning, pitches: Pitches, onsets: Flags) -> str | None:
    """What is wrong with an answer to `given`, in words that follow the generator's name."""
    if pitches.shape != given.pitches.shape or onsets.shape != given.onsets.shape:
        return f"answers with shape {pitches.shape}"
    kept = (pitches == given.pitches) & (onsets == given.onsets)
    return None if kept[given.mask].all() else "changes what is given"
