"""A trained generator of the preset `chorale` or `long`: loading it, composing, judging."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor import processes
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Flags, Pitches
from kantor.network.layout import Layout
from kantor.runtime import weights
from kantor.runtime.decoding import Network
from kantor.runtime.pieces import Critic
from kantor.runtime.sampling import SamplingParameters, Take, refine
from kantor.runtime.weights import CRITIC, Weights

DEFAULT = SamplingParameters()
MOST_PASSES = 100
LARGE = 65_536
"""Steps of a batch from which on other processes are worth their start."""
NO_CRITIC = "this model carries no critic that could choose; use one of chorale"


def ensemble_of(info: dict[str, Any]) -> Ensemble:
    """The ensemble that ``model.json`` names; SATB where it names none."""
    return Ensemble.from_dict(info["ensemble"]) if "ensemble" in info else SATB


class Generator:
    """Composes the cells that are not given, and judges pieces if the model has a critic.

    It may be called from several threads, and is itself what `kantor.compose.composer.compose`
    takes as a model.

    Parameters
    ----------
    weights, info
        As in ``runtime.npz`` and ``model.json``.
    processes : int, optional
        How many share a batch of `LARGE` steps or more, this one included; by default one for each
        core. The others are started for the first such batch and end with this one.
    """

    mixes_lengths = True
    """Padding changes no take, so that pieces of any lengths may be composed together."""

    def __init__(
        self, weights: Weights, info: dict[str, Any], processes: int | None = None
    ) -> None:
        self.weights, self.info = weights, info
        self.ensemble = ensemble_of(info)
        self._layout = Layout(self.ensemble)
        if own := info.get("params", {}).get("sampling"):  # its defaults are the model's own
            self.compose = partial(self.compose, **own)  # type: ignore[method-assign]
        self._processes = len(os.sched_getaffinity(0)) if processes is None else processes

    @cached_property
    def _network(self) -> Network:
        return Network(self.weights, self._layout)

    @cached_property
    def _critic(self) -> Critic:
        return Critic(self.weights, self._layout)

    @cached_property
    def _workers(self) -> processes.Workers:
        begin = partial(_begin, dict(self.weights), self.info)
        return processes.Workers(self._processes - 1, __name__, begin)

    def compose(
        self,
        given: Conditioning,
        seeds: ArrayLike,
        temperature: float = DEFAULT.temperature,
        min_p: float = DEFAULT.min_p,
        passes: int = 0,
        phrase_end: float = DEFAULT.phrase_end,
        lookahead: float = DEFAULT.lookahead,
        reweighting: float = DEFAULT.reweighting,
        particles: int = DEFAULT.particles,
        movement: float = DEFAULT.movement,
        returns: float = DEFAULT.returns,
        plainness: float = DEFAULT.plainness,
    ) -> Take:
        """Compose a batch; a piece's seed decides its take, whatever else is in the batch.

        Parameters
        ----------
        given : Conditioning
            A batch ``(batch, time, …)``.
        seeds : (batch,) int64
        passes : int
            How often parts of a take are composed again; see `kantor.runtime.sampling.refine`.
        temperature, min_p, phrase_end, lookahead, reweighting, particles, movement, …
            See `SamplingParameters`.

        Returns
        -------
        pitches : (batch, time, line) int8
        onsets : (batch, time, line) bool
            Given cells unchanged.

        Raises
        ------
        InputError
            If the model cannot do what is asked.
        """
        seeds = check(given, seeds, passes, len(self.ensemble))
        vocabulary, pitched = self._layout.vocabulary, self.ensemble.pitched
        low, high = vocabulary.lowest, vocabulary.highest
        sounding = (given.mask & (given.pitches != REST))[..., :pitched]
        if (sounding & ((given.pitches < low) | (given.pitches > high))[..., :pitched]).any():
            raise InputError(
                f"a given note lies outside MIDI {low} to {high}, which the model knows; "
                "move the melody by octaves"
            )
        sampling = SamplingParameters(
            *(temperature, min_p, phrase_end, lookahead, reweighting),
            *(particles, movement, returns, plainness),
        )
        steps = given.mask[..., 0].size * particles
        is_large = len(seeds) > 1 and steps >= LARGE
        compose = self._compose_shared if is_large and self._processes > 1 else self._compose_here
        return compose(given, seeds, sampling, passes)

    def __call__(self, *given: Any, **sampling: Any) -> Take:
        """The same as `compose`."""
        return self.compose(*given, **sampling)

    def _compose_shared(self, given: Conditioning, seeds: NDArray[np.int64], *how: Any) -> Take:
        """Compose a batch together with other processes; this one composes what they cannot."""
        parts = [slice(part, None, self._processes) for part in range(self._processes)]
        arrays = [getattr(given, field.name) for field in fields(given)]
        jobs = [(Conditioning(*(array[part] for array in arrays)), seeds[part]) for part in parts]
        pitches, onsets = np.empty_like(given.pitches), np.empty_like(given.onsets)
        calls = [self._workers.submit(_compose_there, *job, *how) for job in jobs[1:]]
        try:
            pitches[parts[0]], onsets[parts[0]] = self._compose_here(*jobs[0], *how)
            for part, call, job in zip(parts[1:], calls, jobs[1:], strict=True):
                try:
                    pitches[part], onsets[part] = call.result()
                except processes.Died:
                    pitches[part], onsets[part] = self._compose_here(*job, *how)
        except BaseException:  # Ctrl-C too: end the others at once; the next batch has new ones
            self._workers.renew(self._workers.pool)
            raise
        return pitches, onsets

    def _compose_here(self, given: Conditioning, seeds: NDArray[np.int64], *how: Any) -> Take:
        """Compose a batch that was checked, in this process; `how` is what else `refine` takes."""
        return refine(self._network.compose, given, seeds, *how)

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the critic holds of compositions: the more, the more like the style it finds them.

        Comparable only among compositions for the same given cells.

        Returns
        -------
        (batch,) float32
            The mean score of the windows that begin within a piece, one in each bar's time.

        Raises
        ------
        InputError
            If the model carries no critic.
        """
        if not any(name.startswith(CRITIC) for name in self.weights):
            raise InputError(NO_CRITIC)
        return self._critic.judge(given, pitches, onsets)


_shared: list[Generator] = []
"""In a process that composes for another one: the generator."""


def _begin(weights: Weights, info: dict[str, Any]) -> None:
    _shared.append(Generator(weights, info, processes=1))


def _compose_there(*job: Any) -> Take:
    return _shared[-1]._compose_here(*job)


def check(
    given: Conditioning, seeds: ArrayLike, passes: int, lines: int = len(SATB)
) -> NDArray[np.int64]:
    """The seeds of a batch for a model of so many lines; an `InputError` if it makes no sense."""
    seeds = np.asarray(seeds, np.int64)
    if given.pitches.ndim != 3 or seeds.shape != given.pitches.shape[:1]:
        raise InputError(
            f"{len(given.pitches)} pieces and seeds of shape {seeds.shape}: "
            "expected a batch and one seed a piece"
        )
    if given.pitches.shape[-1] != lines:
        raise InputError(f"{given.pitches.shape[-1]} lines for a model of {lines}")
    if not 0 <= passes <= MOST_PASSES:
        raise InputError(f"{passes} passes: choose from 0 to {MOST_PASSES}")
    return seeds


def load(folder: str | Path, processes: int | None = None) -> Generator:
    """Read a model's folder.

    Raises
    ------
    ModelError
        If the folder holds no model with weights for numpy.
    """
    path = Path(folder) / "model.json"
    try:
        info = json.loads(path.read_text())
        layout = Layout(ensemble_of(info))
        path = path.with_name(weights.NAME)
        return Generator(weights.load(path.parent, layout), info, processes)
    except (OSError, EOFError, ValueError, LookupError, TypeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        raise ModelError(f"{path}: not a model of Kantor ({what}); {weights.REMEDY}") from None
