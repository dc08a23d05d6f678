"""Where composed cells meet given ones: what comes after is known, so the choice may heed it.

The heads know a step's past alone. What they learned of successions of two lines (the last
interval, how the other one moves, the interval it comes to) holds backwards as well: where both
lines are given in the next step, each pitch of this one would complete a succession to it.
"""

from __future__ import annotations

import numpy as np

from kantor.network.layout import Layout, interval, progression
from kantor.network.tokens import REST
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array, Weights


class Lookahead:
    """The heads' preferences for an interval after a progression, read backwards."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self._successors = {
            (line, other): weights[f"heads.{line}.successors"][place]
            for line in range(layout.ensemble.pitched)
            for place, other in enumerate(layout.others(line))
        }
        self._pitched = layout.ensemble.pitched

    def gains(self, line: int, tokens: Whole, now: Whole, ahead: Whole) -> Array | None:
        """What each token of a line gains by the step after it; None where none gains anything.

        Parameters
        ----------
        tokens : (row, place) intp
            What there is to choose from.
        now : (line, row) intp
            The step's tokens as far as they are known.
        ahead : (line, row) intp
            The next step's, 0 where a cell is not given.

        Returns
        -------
        (row, place) float32 or None
        """
        total = None
        for other in range(self._pitched if line < self._pitched else 0):
            known = (now[other] > REST) & (ahead[other] > REST) & (ahead[line] > REST)
            rows = np.flatnonzero(known & (now[other] != ahead[other]))
            if other == line or not len(rows):
                continue
            own, then = tokens[rows], now[other, rows, None]
            own_next, next_ = ahead[line, rows, None], ahead[other, rows, None]
            gains = _completed(self._successors[line, other], own, then, own_next, next_)
            gains += _completed(self._successors[other, line], then, own, next_, own_next)
            total = np.zeros(tokens.shape, np.float32) if total is None else total
            total[rows] += np.where(own == own_next, np.float32(0), gains)
        return total


def _completed(table: Array, own: Whole, other: Whole, own_next: Whole, next_: Whole) -> Array:
    """What a line's head says of its going on to a pitch while the other line moves."""
    place = progression(own, other, next_)
    gains = table[np.where(place.known, place.index, 0), interval(own_next, next_).index]
    return np.where(place.known, gains, np.float32(0))
