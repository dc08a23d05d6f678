"""A trained generator of the preset `chorale` or `long`: loading it, composing, judging."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Flags, Pitches
from kantor.runtime import blas, refining, weights
from kantor.runtime.batching import Network
from kantor.runtime.choosing import Manner
from kantor.runtime.critic import Critic
from kantor.runtime.pieces import Piece, pieces
from kantor.runtime.pitches import HIGHEST, LOWEST, from_codes
from kantor.runtime.pool import Pool
from kantor.runtime.tasks import Task
from kantor.runtime.weights import CRITIC, Weights

MIN_P = 0.05
ENDING = 0.3
"""A phrase's last chord is the plainest thing in the style: less is left to chance."""
AHEAD = 2.0
LISTEN = 1.0
MOST_PASSES = 100
LARGE = 65_536
"""Steps of a batch from which on other processes are worth their start."""
NO_CRITIC = "this model carries no critic that could choose; use one of chorale"


class Generator:
    """Composes the cells that are not given, and judges pieces if the model has a critic.

    It may be called from several threads, and is itself what `kantor.compose.composer.compose`
    takes as a model.

    Parameters
    ----------
    weights : Weights
        As in ``runtime.npz``.
    info : dict
        As in ``model.json``.
    processes : int, optional
        How many share a batch of `LARGE` steps or more, this one included; the others are started
        for the first such batch and end with this one. By default one for each core.
    """

    mixes_lengths = True
    """Padding changes no take, so that pieces of any lengths may be composed together."""

    def __init__(
        self, weights: Weights, info: dict[str, Any], processes: int | None = None
    ) -> None:
        self.weights, self.info = weights, info
        self._processes = blas.cores() if processes is None else processes

    @cached_property
    def _network(self) -> Network:
        return Network(self.weights)

    @cached_property
    def _critic(self) -> Critic:
        return Critic(self.weights)

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self, self._processes - 1)

    def __call__(
        self, given: Conditioning, seeds: ArrayLike, **knobs: Any
    ) -> tuple[Pitches, Flags]:
        """The same as `compose`."""
        return self.compose(given, seeds, **knobs)

    def compose(
        self,
        given: Conditioning,
        seeds: ArrayLike,
        temperature: float = 1.0,
        min_p: float = MIN_P,
        passes: int = 0,
        ending: float = ENDING,
        ahead: float = AHEAD,
        listen: float = LISTEN,
    ) -> tuple[Pitches, Flags]:
        """Compose a batch.

        Parameters
        ----------
        given : Given
            A batch ``(batch, time, …)``.
        seeds : (batch,) int64
            A piece's seed decides its take; what else is in the batch does not matter.
        temperature : float
            Below 1 the likelier notes are preferred, above 1 the rarer ones.
        min_p : float
            Notes less than so many times as likely as the likeliest are never taken; 0: any may be.
        passes : int
            How often parts of a take are composed again; see `kantor.runtime.refining`.
        ending : float
            The temperature where phrases end, as a share of `temperature`; see `Piece.closes`.
        ahead : float
            How much the step after counts where it is given, see `kantor.runtime.seam`.
        listen : float
            How much the head of a given voice counts where voices are composed that otherwise come
            before it, see `kantor.runtime.listening`; nothing where a soprano is given.

        Returns
        -------
        pitches : (batch, time, voice) int8
        onsets : (batch, time, voice) bool
            Given cells unchanged.

        Raises
        ------
        InputError
            If the model cannot do what is asked.
        """
        knobs = (temperature, min_p, ending, ahead, listen)
        manner = Manner(*map(float, knobs))
        seeds = check(given, seeds, manner, passes)
        sounding = given.pitches[given.mask & (given.pitches != REST)]
        if sounding.size and not LOWEST <= sounding.min() <= sounding.max() <= HIGHEST:
            raise InputError(
                f"a given note lies outside MIDI {LOWEST} to {HIGHEST}, which the model "
                "knows; move the melody by octaves"
            )
        if self._processes > 1 and len(seeds) > 1 and given.mask[..., 0].size >= LARGE:
            return self._pool.compose(given, seeds, manner, passes)
        return self.compose_here(given, seeds, manner, passes)

    def compose_here(
        self, given: Conditioning, seeds: NDArray[np.int64], manner: Manner, passes: int
    ) -> tuple[Pitches, Flags]:
        """Compose a batch that was checked, in this process."""
        asked = pieces(given)
        tasks = [Task.of(piece) for piece in asked]
        take = self._once(given, asked, seeds, tasks, manner)
        again = [task.anew() for task in tasks] if passes else []

        def once(
            given: Conditioning, seeds: NDArray[np.int64], temperature: float
        ) -> tuple[Pitches, Flags]:
            cooler = replace(manner, temperature=temperature)
            return self._once(given, pieces(given), seeds, again, cooler)

        return refining.refine(once, given, take, seeds, manner.temperature, passes)

    def _once(
        self,
        given: Conditioning,
        asked: list[Piece],
        seeds: NDArray[np.int64],
        tasks: list[Task],
        manner: Manner,
    ) -> tuple[Pitches, Flags]:
        """One take, without refinement; `asked` is what is given, piece by piece."""
        filled = self._network.fill(asked, seeds.tolist(), tasks, manner)
        pitches = np.where(given.mask, given.pitches, REST).astype(np.int8)
        onsets = np.array(given.onsets)
        for row, (codes, struck) in enumerate(filled):
            asked_for = ~given.mask[row, : len(codes)]
            composed = from_codes(codes[None], given.major_tonic[row : row + 1])[0]
            pitches[row, : len(codes)][asked_for] = composed[asked_for]
            onsets[row, : len(codes)][asked_for] = struck[asked_for]
        return pitches, onsets

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """What the critic holds of compositions: the more, the more like Bach it finds them.

        Comparable only among compositions for the same given cells.

        Parameters
        ----------
        given : Given
            What was asked, a batch ``(batch, time, …)``.
        pitches : (batch, time, voice) int8
        onsets : (batch, time, voice) bool
            The answer.

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


def check(given: Conditioning, seeds: ArrayLike, manner: Manner, passes: int) -> NDArray[np.int64]:
    """The seeds of a request for a batch.

    Raises
    ------
    InputError
        If a part of the request makes no sense.
    """
    seeds = np.asarray(seeds, np.int64)
    if given.pitches.ndim != 3 or seeds.shape != given.pitches.shape[:1]:
        raise InputError(
            f"{len(given.pitches)} pieces and seeds of shape {seeds.shape}: "
            "expected a batch and one seed a piece"
        )
    if not 0.01 <= manner.temperature <= 10:
        raise InputError(f"a temperature of {manner.temperature}: choose one from 0.01 to 10")
    if not 0 <= manner.min_p < 1:
        raise InputError(f"a min_p of {manner.min_p}: choose one from 0 to below 1")
    if not 0.01 <= manner.ending <= 10:
        raise InputError(f"an ending of {manner.ending}: choose one from 0.01 to 10")
    if not 0 <= passes <= MOST_PASSES:
        raise InputError(f"{passes} passes: choose from 0 to {MOST_PASSES}")
    return seeds


def load(folder: str | Path, processes: int | None = None) -> Generator:
    """Read a model's folder.

    Parameters
    ----------
    processes : int, optional
        How many share a large batch; see `Generator`.

    Raises
    ------
    InputError
        If the folder holds no model with weights for numpy.
    """
    path = Path(folder) / "model.json"
    try:
        info = json.loads(path.read_text())
        path = path.with_name(weights.NAME)
        found = Generator(weights.load(path.parent), info, processes)
    except (OSError, EOFError, ValueError, LookupError, TypeError, BadZipFile) as error:
        what = f"{type(error).__name__} {error}".splitlines()[0]
        raise InputError(f"{path}: not a model of Kantor ({what}); {weights.REMEDY}") from None
    return found
