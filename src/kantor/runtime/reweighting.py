"""Composing above or below a given line: what that line's own head holds of what it is given.

A step's lines are composed one after the other, each knowing those before it. Where one of the
later lines is given, the earlier ones' heads know its pitch as well, but have seldom had to heed
it: in most of what they learned from it was still to come. The later line's head learned from all
of it how its pitches follow from theirs. By Bayes' rule what it says of the given pitch, were an
earlier line to take one or the other, is the weight of these.
"""

from __future__ import annotations

import numpy as np

from kantor.music.score import Flags
from kantor.runtime.heads import Head
from kantor.runtime.step import Step
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

NEVER = np.float32(-1e9)


def log_likelihood(
    head: Head,
    later: list[int],
    context: Array,
    line: int,
    tokens: Whole,
    asked: Flags,
    step: Step,
) -> Array:
    """The logarithm of how likely a given pitch is, were a line to take one of `tokens`.

    Parameters
    ----------
    head : Head
        Of the given line.
    later : list of int
        The lines written after it: it learned to be followed by them, so they are left out.
    context : (row, unit) float32
        For `head`.
    line : int
        The one that is composed.
    tokens : (row, place) intp
        What it has to choose from.
    asked : (row, place) bool
        Which of them are asked about, in rows in which the given pitch is in `head`'s window.
    step : Step

    Returns
    -------
    (row, place) float32
        0 in rows that are not asked about, `NEVER` for what else is not.
    """
    found = np.zeros(tokens.shape, np.float32)
    found[asked.any(axis=1)] = NEVER
    row, place = np.nonzero(asked)
    if not len(row):
        return found
    supposed, shift = step.now[:, row], step.shift[row]
    supposed[line] = tokens[row, place]
    supposed[[*later, head.line]] = 0
    logits, _ = head(context[row], supposed, step.before[:, row], shift)
    logits += head.tessitura(shift)
    logits -= logits.max(axis=1, keepdims=True)
    given = head.place(step.now[head.line, row], shift)
    sums = np.log(np.exp(logits).sum(axis=1))
    found[row, place] = logits[np.arange(len(row)), given] - sums
    return found
