"""What a composing process does: load a model, compose for requests together, look at the takes."""

from __future__ import annotations

import sys
import traceback
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Processes that read files (`kantor.studio.isolated_call`) are forked where these are.
import kantor.studio.recordings  # noqa: F401
from kantor import runtime
from kantor.compose.composer import Request, compose
from kantor.drumming import Drummed
from kantor.errors import InputError, ModelError
from kantor.music.conditioning import stack
from kantor.music.score import Score
from kantor.studio.characters import characters
from kantor.studio.document import NoteSpan
from kantor.studio.scores import notes_by_line

MOST_MODELS = 3
"""That a process keeps."""
_models: OrderedDict[str, runtime.Generator] = OrderedDict()
Model = runtime.Generator | Drummed


@dataclass(frozen=True)
class How:
    """What requests must have in common to be composed in one run."""

    folder: str  # of the generator
    source: str  # what it is called
    style: str
    takes: int
    candidates: int
    temperature: float | None  # None: the model's own
    plainness: float
    lender: str = ""  # what the generator that plays drums is called; empty: none does
    lender_folder: str = ""


class Composed(NamedTuple):
    """A take: each line's notes, the critic's judgement, its character beside the others."""

    notes: list[list[NoteSpan]]
    critic: float | None
    character: str


Answer = list[Composed] | Exception
"""The takes of a request, or why there are none."""


def load(folder: str, source: str) -> runtime.Generator:
    """The generator in a folder, kept until others were used since.

    Raises
    ------
    ModelError
        If it does not load.
    """
    if folder in _models:
        _models.move_to_end(folder)
        return _models[folder]
    try:
        model = runtime.load(folder, processes=1)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    _models[folder] = model
    while len(_models) > MOST_MODELS:
        _models.popitem(last=False)
    return model


def warm_up(folder: str = "", source: str = "") -> None:
    """Load a model, and have numpy make ready what the first piece needs."""
    from kantor.registry.loaded import example

    if folder:
        model = load(folder, source)
        model(example(model.ensemble), [0])


def compose_all(how: How, requests: list[Request], seeds: list[int]) -> list[Answer]:
    """Compose for requests together, or each alone where that fails; an answer for each."""
    try:
        return list(_composed(how, requests, seeds))
    except Exception as error:
        if len(requests) == 1:
            return [_plain(error)]
    return [
        compose_all(how, [request], [seed])[0]
        for request, seed in zip(requests, seeds, strict=True)
    ]


def _composed(how: How, requests: list[Request], seeds: list[int]) -> list[list[Composed]]:
    model: Model = load(how.folder, how.source)
    if how.lender:
        model = Drummed(model, load(how.lender_folder, how.lender))
    sampling = {"plainness": how.plainness}
    if how.temperature is not None:
        sampling["temperature"] = how.temperature
    composed = compose(
        requests, model, seeds, how.takes, candidates=how.candidates, sampling=sampling
    )
    return [
        _looked_at(model, request, takes, how.style)
        for request, takes in zip(requests, composed, strict=True)
    ]


def _looked_at(model: Model, request: Request, takes: list[Score], style: str) -> list[Composed]:
    given = stack([request.given] * len(takes))
    pitches, onsets = np.stack([take.pitches for take in takes]), [take.onsets for take in takes]
    critic: list[float] = []
    with suppress(InputError):  # it carries no critic
        critic = model.judge(given, pitches, np.stack(onsets)).tolist()
    if not np.isfinite(critic).all():
        critic = []
    lines = characters(takes, request.mask, critic, style)
    return [
        Composed(notes_by_line(take), critic[index] if critic else None, lines[index])
        for index, take in enumerate(takes)
    ]


def _plain(error: Exception) -> Exception:
    """An error that another process can read."""
    if isinstance(error, InputError | ModelError):
        return type(error)(str(error))
    traceback.print_exception(error, file=sys.stderr)
    return RuntimeError(f"{type(error).__name__}: {error}")
