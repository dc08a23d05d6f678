"""The heads: what a line takes in a step, from the decoder's context and the chord so far.

The same as `kantor.model.nets.heads`, for the pitches of the line's range alone. A *window* is what
is stated for a rest and then for each pitch of the range, from the lowest. A preference relative to
a known pitch is a number by the distance from it, so that it is a window somewhere in a row of such
numbers: where it begins depends on the known pitch.
"""

from __future__ import annotations

import numpy as np

from kantor.network.layout import (
    LARGEST_DISTANCE,
    LARGEST_MOTION,
    MOTIONS,
    OCTAVE,
    RELATION,
    Layout,
)
from kantor.network.tokens import REST
from kantor.runtime.tables import ChordTables, Whole, rectify, relations
from kantor.runtime.weights import Array, Weights

KEYS = range(-6, 6)
"""Semitones from C to the frames of all keys."""


class Head:
    """The logits of one line, from its context and the chord so far.

    Attributes
    ----------
    line : int
    window : int
        How many places there are: a rest, and each pitch of the line's range or a drum's hit.
    context : (decoder unit, unit) float32
        What the hidden layer makes of the decoder's.
    """

    def __init__(self, weights: Weights, line: int, layout: Layout) -> None:
        vocabulary, ensemble = layout.vocabulary, layout.ensemble
        self.line, self._tokens, self._base = line, vocabulary.tokens, vocabulary.base
        self.low, high = ensemble.ranges[line]
        self._drum = line >= ensemble.pitched
        self.window = vocabulary.choices_of(line) if self._drum else high - self.low + 2
        kernel = weights[f"heads.{line}.hidden.kernel"]
        blocks = layout.head(len(weights["inner.bias"])).split(kernel)
        self.context = blocks["context"]
        written = [other for other in ensemble.order if other != line]
        self._order, self._written = written, np.array(written, np.intp)
        self._chord = ChordTables(blocks, written, layout)
        kernel, bias = (weights[f"heads.{line}.outputs.{part}"] for part in ("kernel", "bias"))
        outputs = layout.outputs(line).split(np.concatenate([kernel, bias[None]], axis=0).T)
        columns = [outputs["onset"], outputs["choice"]]
        if not self._drum:
            places = [place for place, other in enumerate(written) if other < ensemble.pitched]
            related = [written[place] for place in places]
            self._related, self._related_at = np.array(related), np.array(places)
            self._drums: bool = len(related) < len(written)
            self._pitched_among = [sum(place < n for place in places) for n in range(len(ensemble))]
            stored = [layout.others(line).index(other) for other in related]
            columns += self._by_pitch(outputs, stored, vocabulary.lowest, vocabulary.highest)
            self._read_successors(weights[f"heads.{line}.successors"][stored])
            self._read_tessitura(weights["tessitura"][line])
        self._kernel = np.concatenate(columns).T[:-1].copy()
        self._bias = np.concatenate(columns).T[-1].copy()

    def _by_pitch(
        self, outputs: dict[str, Array], stored: list[int], lowest: int, highest: int
    ) -> list[Array]:
        """Columns by motion and by distance, and where a window of them begins.

        Where depends on a pitch: that of the line's last step, or that of another line, which may
        be `lowest` to `highest`. `_starts` holds it by column block, key and token; for a token
        that is no pitch the window is one of zeros.
        """
        choices, motions = outputs["choice"], outputs["motion"]
        none = np.zeros((self.window, choices.shape[-1]), np.float32)
        moves = 1 + len(choices)
        nowhere = moves + self.window + MOTIONS
        first = self.low - 1 - highest
        distance = np.arange(first, self.low + self.window - 1 - lowest)
        begins = nowhere + self.window + len(distance) * np.arange(len(stored))
        self._ends = [nowhere + self.window, *(begins + len(distance)).tolist()]
        token = np.arange(self._tokens)
        midi = token + self._base + np.array(KEYS)[:, None]
        sounds = (token > REST) & (midi >= lowest) & (midi <= highest)
        near = (moves + self.window + LARGEST_MOTION + self.low - 1 - midi).clip(moves, nowhere)
        at = begins[:, None, None] + self.low - 1 - first - midi
        choice = np.broadcast_to(self.low - 1 - self._base - np.array(KEYS)[:, None], midi.shape)
        by_token = np.where(sounds, np.stack([near, *at]), nowhere)
        self._starts = np.stack([choice, *by_token]).ravel()
        self._blocks = midi.size * np.arange(2 + len(stored))[:, None]
        self._turns = ((self.low - 1 - midi) % OCTAVE).ravel()
        related = [_by_distance(outputs["relation"][place], distance) for place in stored]
        return [none, motions, none, *related]

    def _read_successors(self, stored: Array) -> None:
        """Windows by the last interval, the other line's motion, and a turn that follows from its
        pitch. An unknown interval or motion has zeros."""
        others = len(stored)
        rows = np.zeros((others, OCTAVE + 1, MOTIONS + 1, OCTAVE), np.float32)
        rows[:, :OCTAVE, :MOTIONS] = stored.reshape(others, OCTAVE, MOTIONS, OCTAVE)
        width = OCTAVE + self.window
        table = rows[..., np.arange(width) % OCTAVE].reshape(-1)
        self._successors = _windows(table, self.window)
        self._successors_start = (len(table) // others * np.arange(others))[:, None]
        self._intervals = relations(self._tokens).interval * ((MOTIONS + 1) * width)
        self._motions = relations(self._tokens).motion * width

    def _read_tessitura(self, tessitura: Array) -> None:
        rest = tessitura[self._base + REST + np.array(KEYS)]
        pitches = tessitura[self.low : self.low + self.window - 1]
        self._tessitura = np.column_stack([rest, np.tile(pitches, (len(KEYS), 1))])

    def tessitura(self, shift: Whole) -> Array:
        """What the window gets beside the logits in keys of such a shift: ``(row, window)``."""
        if self._drum:
            return np.zeros((len(shift), self.window), np.float32)
        return np.asarray(self._tessitura.take(shift - KEYS[0], axis=0))

    def tokens(self, place: Whole, shift: Whole) -> Whole:
        """The tokens of places of the window in keys of such a shift."""
        return np.where(place > 0, place + self._offset(shift), REST)

    def place(self, token: Whole, shift: Whole) -> Whole:
        """The inverse of `tokens`; -1 for a token that is not a pitch of the window."""
        place = token - self._offset(shift)
        inside = (token > REST) & (place > 0) & (place < self.window)
        return np.asarray(np.where(inside, place, -1))

    def _offset(self, shift: Whole) -> Whole:
        return REST + 0 * shift if self._drum else self.low - 1 - self._base - shift

    def __call__(
        self, context: Array, now: Whole, before: Whole, shift: Whole
    ) -> tuple[Array, Array]:
        """Logits of the window, and of an onset where the pitch equals the last one.

        Parameters
        ----------
        context : (row, unit)
            What the hidden layer has of anything but the step's chord, its bias included.
        now, before : (line, row) intp
            Tokens of the step, 0 where a line is not known yet, and of the step before.
        shift : (row,) intp
            Semitones from C to the frame of the piece's key.

        Returns
        -------
        logits : (row, window) float32
        onset : (row,) float32
        """
        known: list[bool] = np.asarray(now.any(axis=1)).tolist()
        count = max((place + 1 for place, line in enumerate(self._order) if known[line]), default=0)
        written = self._written[:count]
        then = before.take(written, axis=0)
        pairs = now.take(written, axis=0) * self._tokens + then
        hidden = context + self._chord(now, pairs) if count else context.copy()
        rectify(hidden)
        if self._drum:
            out = hidden @ self._kernel
            out += self._bias
            return out[:, 1:], out[:, 0]
        count = self._pitched_among[count]
        out = hidden @ self._kernel[:, : self._ends[count]]
        out += self._bias[: self._ends[count]]
        # Where windows begin: of choices by the key alone, of the rest by a token as well.
        index = np.zeros((2 + count, len(out)), np.intp)
        index[1] = before[self.line]
        now.take(self._related[:count], axis=0, out=index[2:])
        index += (shift - KEYS[0]) * self._tokens
        turns = self._turns.take(index[2:])
        index += self._blocks[: len(index)]
        starts = self._starts.take(index)
        starts += np.arange(0, out.size, out.shape[1])
        logits: Array = np.add.reduce(_windows(out, self.window)[starts], axis=0)
        if count:
            if self._drums:
                places = self._related_at[:count]
                then, pairs = then.take(places, axis=0), pairs.take(places, axis=0)
            turns += self._intervals.take(before[self.line] * self._tokens + then)
            turns += self._motions.take(pairs)
            turns += self._successors_start[:count]
            logits += np.add.reduce(self._successors[turns], axis=0)
        logits[:, 0] = out[:, 1]
        return logits, out[:, 0]


def _windows(numbers: Array, size: int) -> Array:
    """Every run of `size` numbers, the row after the end of one included: a view."""
    count = numbers.size - size + 1
    return np.ndarray((count, size), numbers.dtype, numbers, strides=2 * (numbers.itemsize,))


def _by_distance(relation: Array, distance: Whole) -> Array:
    """Preferences for interval classes and for distances, by distance."""
    blocks = RELATION.split(relation)
    rows = blocks["interval"][distance % OCTAVE]
    near = np.abs(distance) <= LARGEST_DISTANCE
    rows[near] += blocks["distance"][distance[near] + LARGEST_DISTANCE]
    return np.asarray(rows)
