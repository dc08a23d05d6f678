"""Choosing a pitch by a uniform number, and seeing where rounding could turn the choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Flags
from kantor.runtime.pitches import Whole
from kantor.runtime.weights import Array

MARGIN = 1e-4
"""More than rounding moves a logit of a trained network, whatever else is in the batch."""


@dataclass(frozen=True)
class Manner:
    """How choices are made.

    Attributes
    ----------
    temperature : float
        Below 1 the likelier notes are preferred, above 1 the rarer ones.
    min_p : float
        Notes less than so many times as likely as the likeliest are never taken.
    ending : float
        The temperature where phrases end, as a share of `temperature`.
    ahead : float
        How much the step after counts where it is given, see `kantor.runtime.seam`.
    """

    temperature: float = 1.0
    min_p: float = 0.0
    ending: float = 1.0
    ahead: float = 0.0

    def temperatures(self, closes: Flags) -> Array:
        """The temperature of each piece, `closes` telling where a phrase ends."""
        cool = self.temperature * self.ending
        return np.where(closes, np.float32(cool), np.float32(self.temperature))


def choose(
    logits: Array, uniform: NDArray[np.float32], min_p: float, margin: Array
) -> tuple[Whole, Flags]:
    """The place at which the cumulated probabilities pass the uniform number.

    Parameters
    ----------
    logits : (row, place) float32
        Already divided by the temperature. Overwritten.
    uniform : (row,) float32
    min_p : float
        As in `Manner`.
    margin : (row,) float32
        How much rounding may move the logits.

    Returns
    -------
    place : (row,) intp
    doubtful : (row,) bool
        Whether logits moved by `margin` may lead to another place; False for a row alone.
    """
    logits -= logits.max(axis=1, keepdims=True)
    likely = np.exp(logits, out=logits)
    kept = likely >= min_p
    doubtful = np.zeros(len(likely), bool)
    if len(likely) > 1 and min_p:
        near = np.abs(likely - min_p) < margin[:, None] * min_p
        if near.any():
            doubtful |= near.any(axis=1)
    likely *= kept
    summed = likely @ _sums(likely.shape[1])
    total = summed[:, -1]
    at = uniform * total
    place = (summed > at[:, None]).argmax(axis=1)
    if len(likely) > 1:
        ends = np.arange(0, summed.size, summed.shape[1]) + place
        above = summed.take(ends) - at
        below = np.where(place > 0, at - summed.take(ends - 1, mode="wrap"), total)
        doubtful |= np.minimum(above, below) < margin * total
    return place, doubtful


@cache
def _sums(size: int) -> Array:
    return np.triu(np.ones((size, size), np.float32))


def threshold(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logit that is as likely as a uniform number says."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(uniform) - np.log1p(-uniform))
