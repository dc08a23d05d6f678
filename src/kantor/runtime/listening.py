"""Composing above or below a given voice: what that voice's own head holds of what it is given.

A step's voices are composed one after the other, each knowing those before it. Where one of the
later voices is given, the earlier ones' heads know its pitch as well, but have seldom had to heed
it: in most of what they learned from it was still to come. The later voice's head learned from all
of it how its pitches follow from theirs. By Bayes' rule what it says of the given pitch, were an
earlier voice to take one or the other, is the weight of these.
"""

from __future__ import annotations

import numpy as np

from kantor.music.score import VOICES, Flags
from kantor.runtime.chord import Chord
from kantor.runtime.heads import Head
from kantor.runtime.pitches import ORDER, Whole
from kantor.runtime.tables import chords
from kantor.runtime.tasks import Task
from kantor.runtime.weights import Array, Weights

NEVER = np.float32(-1e9)


class Listener:
    """The head of a voice that is given while earlier ones are composed."""

    def __init__(self, weights: Weights, voice: int, task: Task) -> None:
        bounds = np.array([task.bounds(other) for other in range(len(VOICES))]).T
        others = tuple(other for other in range(len(VOICES)) if other != voice)
        self.voice, self._head = voice, Head(weights, voice, others, *bounds)
        # It learned to follow those before it; those after it follow it and are asked themselves.
        self._unheard = list(ORDER[ORDER.index(voice) + 1 :])
        self._last = chords(self._head.intervals_before) + self._head.bias

    def context(self, hidden: Array, last: Whole) -> Array:
        """This voice's part of the decoder's context; see `kantor.runtime.decoder.Decoder`."""
        return np.asarray(hidden @ self._head.context + self._last.take(last, axis=0))

    def told(self, chord: Chord) -> Whole:
        """Where in this voice's window its given pitch is; -1 of rows that have none there."""
        place = chord.now[self.voice] - (self._head.offset - chord.shift)
        inside = (chord.now[self.voice] > 1) & (place > 0) & (place < self._head.window)
        return np.asarray(np.where(inside, place, -1))

    def __call__(
        self, voice: int, codes: Whole, asked: Flags, context: Array, chord: Chord
    ) -> Array:
        """The logarithm of how likely the given pitch is, were a voice to take one of `codes`.

        Parameters
        ----------
        voice : int
            The one that is composed.
        codes : (row, place) intp
            Pitches that there are to choose from.
        asked : (row, place) bool
            Which of them are asked about, in rows in which this voice is `told` a pitch.
        context : (row, unit) float32
            Of `context`.
        chord : Chord
            What is known of the step.

        Returns
        -------
        (row, place) float32
            0 in rows that are not asked about, `NEVER` for what else is not.
        """
        found = np.zeros(codes.shape, np.float32)
        found[asked.any(axis=1)] = NEVER
        if not asked.any():
            return found
        row, place = np.nonzero(asked)
        now = chord.now[:, row]
        now[voice] = codes[row, place]
        now[self._unheard] = 0
        supposed = Chord.of(now, chord.before[:, row], chord.shift[row])
        logits, _ = self._head(context[row], supposed)
        logits += self._head.leaning(supposed)
        logits -= logits.max(axis=1, keepdims=True)
        given = self.told(chord)[row]
        sums = np.log(np.exp(logits).sum(axis=1))
        found[row, place] = logits[np.arange(len(row)), given] - sums
        return found


class Listeners:
    """Those of a task, each made when it is first needed."""

    def __init__(self, weights: Weights, task: Task) -> None:
        self._weights, self._task = weights, task
        self._made: dict[int, Listener] = {}
        self._later = {
            voice: [other for other in ORDER[place + 1 :] if other in task.given]
            for place, voice in enumerate(ORDER)
        }

    def after(self, voice: int, given: Whole) -> list[Listener]:
        """Those of the later voices that are given a pitch in any row of ``given (voice, row)``."""
        return [self._of(other) for other in self._later[voice] if (given[other] > 1).any()]

    def _of(self, voice: int) -> Listener:
        if voice not in self._made:
            self._made[voice] = Listener(self._weights, voice, self._task)
        return self._made[voice]
