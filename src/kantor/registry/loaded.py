"""A generator from its folder as Kantor calls it, and what it promises."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, ModelError, one_line
from kantor.music.conditioning import Conditioning, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Flags, Key, Pitches, Score

if TYPE_CHECKING:
    from kantor import runtime
    from kantor.model import generator

    Generator = generator.Generator | runtime.Generator

GENERATOR = "data/model"
"""Where MLflow keeps the generator's folder among the files of a version."""

TYPES = {float: "double", int: "long", bool: "boolean", str: "string"}
"""The types that a sampling parameter may have, by the names that MLflow has for them."""

_EXAMPLE = (60, 62, 64, 65, 67, 65, 64, 62)  # a melody of two bars in quarters, C major
# What reading a damaged or foreign model raises.
_BROKEN = (OSError, ValueError, TypeError, LookupError, AttributeError, BadZipFile)


class Scope(NamedTuple):
    """For what a model composes: its ensemble, and the meters of the pieces it learned from.

    Each meter, such as ``3/4``, has the share of those pieces; no meters where that is not known.
    """

    ensemble: Ensemble = SATB
    meters: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class LoadedModel:
    """A generator, callable, what it composes for (see `Scope`), and where it came from.

    Its source is such as ``kantor-bach version 3``, or the folder that it was loaded from.
    """

    generator: Generator
    source: str
    ensemble: Ensemble = SATB
    meters: Mapping[str, float] = field(default_factory=dict)

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


def load_folder(folder: Path, source: str, processes: int | None = None) -> LoadedModel:
    """The generator in `folder`; an error names `source` and the fault in one line.

    `processes` is as for `kantor.compose.composer.load`.
    """
    from kantor.compose import composer

    try:
        return LoadedModel(composer.load(folder, processes), source, *scope_of(folder))
    except (InputError, ModelError) as error:
        text = str(error).replace(f"{folder}: ", "").replace(f"{folder}/", "")
        named = text.startswith((f"{source}:", f"{source}/"))
        raise ModelError(text if named else f"{source}: {text}") from error
    except _BROKEN as error:
        fault = one_line(str(error))
        raise ModelError(f"{source}: {folder} does not load as a generator: {fault}") from error


def ensemble_of(folder: Path) -> Ensemble:
    """The ensemble that a model's ``model.json`` names; `SATB` where it names none."""
    try:
        ensemble = json.loads((folder / "model.json").read_text()).get("ensemble")
    except (OSError, ValueError, AttributeError):
        ensemble = None
    return SATB if ensemble is None else Ensemble.from_dict(ensemble)


def scope_of(folder: Path) -> Scope:
    """What a model's ``model.json`` says that it composes for."""
    try:
        meters = json.loads((folder / "model.json").read_text()).get("meters")
        known = {str(meter): float(share) for meter, share in meters.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        known = {}
    return Scope(ensemble_of(folder), known)


def sampling_parameters(compose: Callable[..., object]) -> dict[str, float | int | bool | str]:
    """The keyword arguments of `compose` whose default is a plain number, flag or word."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(compose).parameters.items()
        if type(parameter.default) in TYPES
    }


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


def fault_of(given: Conditioning, pitches: Pitches, onsets: Flags) -> str | None:
    """What is wrong with an answer to `given`, in words that follow the generator's name."""
    if pitches.shape != given.pitches.shape or onsets.shape != given.onsets.shape:
        return f"answers with shape {pitches.shape}"
    kept = (pitches == given.pitches) & (onsets == given.onsets)
    return None if kept[given.mask].all() else "changes what is given"
