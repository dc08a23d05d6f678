"""The decoder: one step of several pieces, from what is given and the steps before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES, Flags
from kantor.runtime.choosing import MARGIN, Manner, choose
from kantor.runtime.chord import Chord
from kantor.runtime.heads import Head
from kantor.runtime.layers import rectify
from kantor.runtime.listening import Listener, Listeners
from kantor.runtime.pitches import ORDER, Whole
from kantor.runtime.seam import Seam
from kantor.runtime.tables import chords
from kantor.runtime.tasks import Task
from kantor.runtime.weights import Array, Weights, past_units

NEARLY = 0.7
"""Share of the pieces from which on it is faster to compute something for all of them."""


@dataclass(frozen=True, eq=False)
class Moment:
    """All that decides one step of several pieces.

    Attributes
    ----------
    past : (row, reach * memory) float32
        Traces of the steps before, the oldest first.
    drive : (row, unit) float32
        What the encoder says of the step.
    given, before : (voice, row) intp
        Codes of the step, 0 where a cell is to be composed, and of the step before.
    last : (row,) intp
        `kantor.runtime.tables.chord_of` the step before.
    latent : (2, voice, row) float32
        Uniform numbers for the pitches, thresholds of the logits for the strikes.
    shift : (row,) intp
        Semitones from C to the frame of the piece's key.
    temperature : (row,) float32
        See `Manner.temperatures`.
    ahead : (voice, row) intp
        Codes of the step after, 0 where a cell is not given.
    manner : Manner
        How choices are made.
    """

    past: Array
    drive: Array
    given: Whole
    before: Whole
    last: Whole
    latent: NDArray[np.float32]
    shift: Whole
    temperature: Array
    ahead: Whole | None
    manner: Manner

    def rows(self, rows: slice | Whole) -> Moment:
        """Some of the pieces."""
        if isinstance(rows, slice) and rows == slice(None):
            return self
        return Moment(
            self.past[rows],
            self.drive[rows],
            self.given[:, rows],
            self.before[:, rows],
            self.last[rows],
            self.latent[..., rows],
            self.shift[rows],
            self.temperature[rows],
            None if self.ahead is None else self.ahead[:, rows],
            self.manner,
        )


@dataclass(frozen=True, eq=False)
class _Step:
    """A step of several pieces while its voices are chosen; `hidden` is the decoder's layer."""

    moment: Moment
    chord: Chord
    hidden: Array

    def rows(self, rows: slice | Whole) -> _Step:
        """Some of the pieces."""
        if isinstance(rows, slice):
            return self
        return _Step(self.moment.rows(rows), self.chord.rows(rows), self.hidden[rows])


class Decoder:
    """The step's context, and the heads of the voices that a task asks for."""

    def __init__(self, weights: Weights, task: Task) -> None:
        remembered = past_units(weights)
        self._remembered = weights["entry.kernel"][:remembered]
        self._inner, self._inner_bias = weights["inner.kernel"], weights["inner.bias"]
        bounds = np.array([task.bounds(voice) for voice in range(len(VOICES))]).T
        self.heads = []
        for place, voice in enumerate(ORDER):
            known = {*ORDER[:place], *task.given} - {voice}
            if voice in task.voices:
                self.heads.append(Head(weights, voice, tuple(sorted(known)), *bounds))
        self._context = np.concatenate([head.context for head in self.heads], axis=1)
        width = self._context.shape[1] // len(self.heads)
        self._parts = [slice(n * width, (n + 1) * width) for n in range(len(self.heads))]
        lasts = [chords(head.intervals_before) + head.bias for head in self.heads]
        self._last = np.concatenate(lasts, axis=1)
        self._seam = Seam(weights)
        self._listeners = Listeners(weights, task)

    def compose(self, moment: Moment) -> tuple[Whole, Flags]:
        """Choose the cells of a step that are not given.

        A choice that rounding could turn is made again for its piece alone: among others its
        sums come out a little different, and no take may depend on that.

        Returns
        -------
        now : (voice, row) intp
            Codes, the given ones among them.
        struck : (voice, row) bool
            Whether a composed pitch is struck anew even if it stays.
        """
        now, struck, doubtful = self._compose(moment)
        if len(doubtful) > 1:
            for row in np.flatnonzero(doubtful):
                one = slice(row, row + 1)
                now[:, one], struck[:, one], _ = self._compose(moment.rows(one))
        return now, struck

    def _compose(self, moment: Moment) -> tuple[Whole, Flags, Flags]:
        chord = Chord.of(moment.given, moment.before, moment.shift)
        free = moment.given == 0
        struck = np.zeros(free.shape, bool)
        doubtful = np.zeros(free.shape[1], bool)
        step = _Step(moment, chord, self._hidden(moment))
        contexts = self._contexts(step.hidden, moment)
        for head, context in zip(self.heads, contexts, strict=True):
            rows = some(free[head.voice])
            if rows is None:
                continue
            codes, again, close = self._choose(head, context[rows], step.rows(rows))
            asked, now = free[head.voice, rows], moment.given[head.voice].copy()
            now[rows] = np.where(asked, codes, now[rows])
            struck[head.voice, rows] = again
            doubtful[rows] |= asked & close
            chord.set(head.voice, now)
        return chord.now, struck, doubtful

    def _hidden(self, moment: Moment) -> Array:
        """What is known of a step before its chord, ``(row, unit)``."""
        hidden = moment.past @ self._remembered
        hidden += moment.drive
        rectify(hidden)
        inner = hidden @ self._inner
        inner += self._inner_bias
        hidden += rectify(inner)
        return hidden

    def _contexts(self, hidden: Array, moment: Moment) -> list[Array]:
        """What each head makes of that, ``(row, unit)``."""
        contexts = hidden @ self._context
        contexts += self._last.take(moment.last, axis=0)
        return [contexts[:, part] for part in self._parts]

    def _choose(self, head: Head, context: Array, step: _Step) -> tuple[Whole, Flags, Flags]:
        """Codes of the head's voice, whether they are struck anew, whether rounding may matter."""
        moment, chord, manner = step.moment, step.chord, step.moment.manner
        logits, strike = head(context, chord)
        leaning = head.leaning(chord)
        if manner.ahead and moment.ahead is not None and self._seam.meets(head.voice, moment.ahead):
            gains = self._seam(head.voice, head.codes(chord), chord, moment.ahead)
            logits[:, 1:] += np.float32(manner.ahead) * gains[:, 1:]
        margin = MARGIN / moment.temperature
        later = self._listeners.after(head.voice, chord.now) if manner.listen else []
        if later:
            told, near = _listened(head, later, logits + leaning, step)
            for gains in told:
                logits += np.float32(manner.listen) * gains
            margin *= 1 + manner.listen * len(later)
        if (moment.temperature != 1).any():
            logits /= moment.temperature[:, None]
            strike = strike / moment.temperature
        logits += leaning
        chosen, doubtful = choose(logits, moment.latent[0, head.voice], manner.min_p, margin)
        codes = np.where(chosen > 0, chosen + (head.offset - chord.shift), 1)
        excess = strike - moment.latent[1, head.voice]
        doubtful |= np.abs(excess) < margin
        if later:
            doubtful |= near
        return codes, excess > 0, doubtful


def _listened(
    head: Head, later: list[Listener], logits: Array, step: _Step
) -> tuple[list[Array], Flags]:
    """What given voices' heads say of each logit, and where rounding may matter to them."""
    moment, chord = step.moment, step.chord
    codes = head.codes(chord)
    above = logits - (logits.max(axis=1) - moment.manner.gap(moment.temperature))[:, None]
    found, near = [], np.zeros(len(logits), bool)
    for listener in later:
        told = listener.told(chord) >= 0
        asked = (above >= 0) & told[:, None]
        near |= told & (np.abs(above) < MARGIN).any(axis=1)
        context = listener.context(step.hidden, moment.last)
        found.append(listener(head.voice, codes, asked, context, chord))
    return found, near


def some(flags: Flags) -> slice | Whole | None:
    """Where flags are set: everywhere if nearly, so that nothing is copied; None if nowhere."""
    count = np.count_nonzero(flags)
    if count > NEARLY * len(flags):
        return slice(None)
    return np.flatnonzero(flags) if count else None
