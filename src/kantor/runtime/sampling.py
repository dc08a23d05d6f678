"""Choosing a token by a uniform number, and seeing where rounding could change the choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.music.score import Flags
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

MARGIN = 1e-4
"""More than rounding moves a logit of a trained network, whatever else is in the batch."""
_SUMMING = np.float32(4e-6)
"""More than rounding moves a cumulated probability."""
_LEAST = np.float32(-87)
"""Of less the exponential is no normal number, and takes ten times as long."""


@dataclass(frozen=True)
class SamplingParameters:
    """How choices are made.

    Attributes
    ----------
    temperature : float
        Below 1 the likelier notes are preferred, above 1 the rarer ones.
    min_p : float
        Notes less than so many times as likely as the likeliest are never taken; 0: any may be.
    phrase_end : float
        The temperature where phrases end, as a share of `temperature`: a phrase's last chord is the
        plainest thing in the style. See `kantor.runtime.pieces.Piece.closes`.
    lookahead : float
        How much the step after counts where it is given, see `kantor.runtime.lookahead`.
    reweighting : float
        How much the heads of given lines count where lines are composed that otherwise come before
        them, see `kantor.runtime.reweighting`; nothing where the line that comes first is given.

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    temperature: float = 1.0
    min_p: float = 0.05
    phrase_end: float = 0.3
    lookahead: float = 2.0
    reweighting: float = 1.0

    def __post_init__(self) -> None:
        for name in ("temperature", "phrase_end"):
            value = getattr(self, name)
            if not 0.01 <= value <= 10:
                raise InputError(f"a {name} of {value}: choose one from 0.01 to 10")
        if not 0 <= self.min_p < 1:
            raise InputError(f"a min_p of {self.min_p}: choose one from 0 to below 1")

    def temperatures(self, closes: Flags) -> Array:
        """The temperature of each piece; `closes` is True where a phrase ends."""
        cool = self.temperature * self.phrase_end
        return np.where(closes, np.float32(cool), np.float32(self.temperature))

    def gap(self, temperature: Array) -> Array:
        """How far below the likeliest logit one may lie that could yet be taken, ``(row,)``."""
        widest = -np.log(max(self.min_p, 1e-6))
        return np.asarray(widest * np.maximum(temperature, 1), np.float32)


def choose(
    logits: Array, uniform: NDArray[np.float32], min_p: float, margin: Array
) -> tuple[Whole, Flags]:
    """The place at which the cumulated probabilities pass the uniform number.

    Parameters
    ----------
    logits : (row, place) float32
        Already divided by the temperature.
    uniform : (row,) float32
    min_p : float
        As in `SamplingParameters`.
    margin : (row,) float32
        How much rounding may move the logits.

    Returns
    -------
    place : (row,) intp
    doubtful : (row,) bool
        Whether logits moved by `margin` may lead to another place.
    """
    likely = logits.T.copy()  # long rows are added, compared and searched faster than short ones
    likely -= likely.max(axis=0)
    np.maximum(likely, _LEAST, out=likely)
    np.exp(likely, out=likely)
    doubtful = (np.abs(likely - np.float32(min_p)) < margin * min_p).any(axis=0)
    likely *= likely >= min_p
    beyond = _sums(len(likely)) @ likely
    total = beyond[-1].copy()
    beyond -= uniform * total
    passed = (beyond <= 0).view(np.uint8)
    place = np.add.reduce(passed, axis=0, dtype=np.uint8).astype(np.intp)
    # A share q of the sum moves by at most q (1 - q) times twice what the logits do.
    moves = 2 * margin * uniform * (1 - uniform) + _SUMMING
    doubtful |= np.abs(beyond, out=beyond).min(axis=0) < moves * total
    return place, doubtful


@cache
def _sums(size: int) -> Array:
    return np.tril(np.ones((size, size), np.float32))


def threshold(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logit that is as likely as a uniform number says."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(uniform) - np.log(1 - uniform))
