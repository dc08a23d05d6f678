"""Ask a model for pieces: many requests, takes and candidates are few runs of the model.

A composition follows from its request, the seed, the number of the take and how many candidates it
was chosen from, and from nothing else: not from what is composed with it, nor from how many takes
are asked for.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import Flags, Pitches, Score
from kantor.runtime.weights import FORMAT, PRESETS

if TYPE_CHECKING:
    from kantor import runtime
    from kantor.model.generator import Generator

Model = Callable[..., tuple[Pitches, Flags]]
"""Of a batch, one seed for each of its pieces, and sampling parameters by name."""

PADDING = 32  # steps: lengths are rounded up to a multiple, so that few shapes reach the model
RUN_STEPS = 1_048_576  # steps in one run of the model, so that memory stays bounded


@dataclass(frozen=True, eq=False)
class Request:
    """One piece that a model is asked for: what is given of it, and so what is to be composed.

    Raises
    ------
    InputError
        If the mask is not of the score's shape, or leaves nothing to compose.
    """

    score: Score  # its key known; only the given cells are read
    mask: Flags  # (time, line), True = given, a given rest included; False = to be composed
    messages: tuple[str, ...] = ()  # what was done to a file's notes, one line each
    kind: str = "midi"  # of the file that it is from

    def __post_init__(self) -> None:
        mask, shape = np.array(self.mask, bool), self.score.pitches.shape
        if mask.shape != shape:
            raise InputError(f"a mask of shape {mask.shape} for pitches of {shape}")
        if mask.all():
            raise InputError("everything is given: nothing is left to compose")
        mask.flags.writeable = False
        object.__setattr__(self, "mask", mask)

    @property
    def given(self) -> Conditioning:
        """The request as a model reads it."""
        return Conditioning.from_score(self.score, self.mask)


def load(folder: str | Path, processes: int | None = None) -> Generator | runtime.Generator:
    """Read a model's folder: by `kantor.runtime`, without TensorFlow, where the model allows it.

    The preset unet needs `kantor.model`, and so does a model of an older release, which has no
    ``runtime.npz``.

    Parameters
    ----------
    processes : int, optional
        How many share a large batch, if the model can be shared; see `kantor.runtime.Generator`.

    Raises
    ------
    ModelError
        If the folder holds no model, or one of another format.
    """
    folder = Path(folder)
    try:
        info = dict(json.loads((folder / "model.json").read_text()))
    except (OSError, ValueError, TypeError):
        info = {}
    form = info.get("format", FORMAT)  # older models name none
    if form != FORMAT:
        raise ModelError(
            f"{folder}: a model of format {form}, and this release reads format {FORMAT}; "
            "use the release that made it, or train anew with `make repro`"
        )
    if info.get("preset") in PRESETS and (folder / "runtime.npz").is_file():
        from kantor import runtime

        return runtime.load(folder, processes)
    from kantor.model import generator

    return generator.load(folder)


class _Candidate(NamedTuple):
    """One candidate to be composed: for which request and take, and what the model gets."""

    request: int
    take: int
    given: Conditioning
    seed: int


def compose(
    requests: Sequence[Request],
    model: Model,
    seed: int | Sequence[int] = 0,
    takes: int = 1,
    made: Callable[[int], None] = lambda count: None,
    *,
    candidates: int = 1,
    sampling: Mapping[str, float] | None = None,
) -> list[list[Score]]:
    """Compose every request `takes` times.

    Parameters
    ----------
    requests
        Of any masks and lengths.
    model
        Takes a batch, one seed for each of its pieces, and `sampling` by name. If it has
        ``mixes_lengths``, and that is true, requests of any lengths are given to it together: it
        must know padding from music. Its ``ensemble``, if it has one, must be the requests'. To
        choose between candidates it needs ``judge(given, pitches, onsets)``, which answers with
        one number a piece, the higher the better.
    seed
        One for all requests, or one for each.
    made
        Called after each run of the model with the number of candidates that it made.
    candidates
        How many are composed for each take; the one that the model judges best is kept. The
        first of them is what one alone would be.

    Returns
    -------
    list of list of Score
        For each request its takes, ``(time, line)``, the given cells as given.

    Raises
    ------
    ModelError
        If the model has other lines than a request, changes a given cell, or answers with
        something that is not a score.
    InputError
        If the model cannot do what is asked.
    """
    _check_lines(requests, model)
    best: dict[tuple[int, int], tuple[float, Score]] = {}
    seeds = [seed] * len(requests) if isinstance(seed, int) else seed
    wanted = _candidates(requests, seeds, takes, candidates)
    for run in _runs(wanted, getattr(model, "mixes_lengths", False)):
        batch = stack([candidate.given for candidate in run])
        pitches, onsets = model(batch, np.array([one.seed for one in run]), **(sampling or {}))
        _check_answer(batch, pitches, onsets)
        worth = _judged(model, batch, pitches, onsets) if candidates > 1 else np.zeros(len(run))
        for row, (request, take, _, _) in enumerate(run):
            if (request, take) not in best or worth[row] > best[request, take][0]:
                score = _score(requests[request].score, pitches[row], onsets[row])
                best[request, take] = float(worth[row]), score
        made(len(run))
    return [[best[index, take][1] for take in range(takes)] for index in range(len(requests))]


def _check_lines(requests: Sequence[Request], model: Any) -> None:
    """Refuse requests for another ensemble than the model's."""
    for request in requests if hasattr(model, "ensemble") else ():
        known, asked = model.ensemble.names, request.score.ensemble.names
        if asked != known:
            raise ModelError(
                f"the model composes for {', '.join(known)}, and the piece is for "
                f"{', '.join(asked)}; choose another model"
            )


def _candidates(
    requests: Sequence[Request], seeds: Sequence[int], takes: int, candidates: int
) -> Iterator[_Candidate]:
    for index, (request, seed) in enumerate(zip(requests, seeds, strict=True)):
        given = request.given
        given = given.padded(max(1, -(-given.steps // PADDING)) * PADDING)
        for take, number in itertools.product(range(takes), range(candidates)):
            yield _Candidate(index, take, given, seed_of(given, seed, take, number))


def seed_of(given: Conditioning, seed: int, take: int, candidate: int = 0) -> int:
    """The seed of one composition, 0 to 2**63 - 1, from all that tells it from others."""
    digest = hashlib.sha256(f"{seed} {take}{f' {candidate}' if candidate else ''}".encode())
    marked = given.fermatas == 1
    for array in (given.pitches, given.onsets, given.mask, given.bars, marked):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(given.major_tonic.tobytes())
    return int.from_bytes(digest.digest()[:8], "little") >> 1


def _runs(candidates: Iterable[_Candidate], mixed: bool) -> Iterator[list[_Candidate]]:
    """Candidates sorted by length, at most `RUN_STEPS` in a run with their padding, or one.

    One too long for that goes through whole and alone. Different lengths are together only where
    the model takes `mixed` ones.
    """
    run: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.given.steps):
        steps = candidate.given.steps
        full = steps * (len(run) + 1) > RUN_STEPS
        if run and (full or (not mixed and steps != run[0].given.steps)):
            yield run
            run = []
        run.append(candidate)
    if run:
        yield run


def _check_answer(batch: Conditioning, pitches: Pitches, onsets: Flags) -> None:
    """Refuse an answer of another form than the batch, or one that changed what was given."""
    shape, shapes = batch.pitches.shape, (np.shape(pitches), np.shape(onsets))
    if shapes != (shape, shape):
        raise ModelError(f"the model answered arrays of shape {shapes} for a batch of {shape}")
    if (batch.mask & ((pitches != batch.pitches) | (onsets != batch.onsets))).any():
        raise ModelError("the model changed notes that were given to it")


def _judged(
    model: Any, batch: Conditioning, pitches: Pitches, onsets: Flags
) -> NDArray[np.float64]:
    """What the model says of its compositions, ``(batch,)``; what is no number is worst."""
    if not hasattr(model, "judge"):
        raise InputError("this model cannot judge its compositions; ask for one candidate")
    worth = np.asarray(model.judge(batch, pitches, onsets), np.float64)
    if worth.shape != pitches.shape[:1]:
        raise ModelError(f"the model judged {len(pitches)} pieces by {worth.shape} numbers")
    return np.nan_to_num(worth, nan=-np.inf)


def _score(asked: Score, pitches: Pitches, onsets: Flags) -> Score:
    """The composition without its padding."""
    try:
        return replace(asked, pitches=pitches[: asked.steps], onsets=onsets[: asked.steps])
    except InputError as error:
        raise ModelError(f"the model's answer is not a score: {error}") from None
