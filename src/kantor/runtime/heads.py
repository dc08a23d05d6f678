"""The heads: what a line takes in a step, from the decoder's context and the chord so far.

The same as `kantor.model.nets.heads`, for the pitches of the line's range alone. A *window* is what
is stated for a rest and then for each pitch of the range, from the lowest. A preference relative to
a known pitch is a number by the distance from it, so that it is a window somewhere in a row of such
numbers: where it begins depends on the known pitch.
"""

from __future__ import annotations

import numpy as np

from kantor.network import layout
from kantor.network.layout import LARGEST_MOTION, MOTIONS, OCTAVE, Layout
from kantor.network.tokens import REST
from kantor.runtime.tables import Chords, ChordTables, Whole, rectify
from kantor.runtime.weights import Array, Weights

LOWEST_KEY = -6
"""Semitones from C to the lowest frame of a key; a *key* here counts the semitones from there."""
_KEYS = np.arange(LOWEST_KEY, LOWEST_KEY + OCTAVE)


class Head:
    """The logits of one line, from its context and the chord so far.

    A window has so many places: a rest, and each pitch of the line's range or a drum's hit. What it
    gets beside the logits is its `tessitura`, ``(key, window)``.
    """

    def __init__(self, weights: Weights, line: int, of: Layout, chords: Chords) -> None:
        vocabulary, ensemble = of.vocabulary, of.ensemble
        self.line, self._chords, self.is_drum = line, chords, line >= ensemble.pitched
        low, high = ensemble.ranges[line]
        self.window = vocabulary.choices_of(line) if self.is_drum else high - low + 2
        self.tessitura = np.zeros((OCTAVE, self.window), np.float32)
        self._offset = np.full(OCTAVE, REST)
        self._written = [other for other in ensemble.order if other != line]
        kernel = weights[f"heads.{line}.hidden.kernel"]
        blocks = of.head(len(weights["inner.bias"])).split(kernel)
        self._chord = ChordTables(blocks, self._written, of)
        kernel, bias = (weights[f"heads.{line}.outputs.{part}"] for part in ("kernel", "bias"))
        outputs = of.outputs(line).split(np.concatenate([kernel, bias[None]], axis=0).T)
        columns = [outputs["onset"], outputs["choice"]]
        if not self.is_drum:
            self._low, self._offset = low, low - 1 - vocabulary.base - _KEYS
            self._related = np.array([other for other in self._written if other < ensemble.pitched])
            pitched = [other < ensemble.pitched for other in self._written]
            self._count_related = np.cumsum([0, *pitched]).tolist()
            stored = [of.others(line).index(other) for other in self._related]
            columns += self._by_pitch(outputs, stored, of)
            self._read_successors(weights[f"heads.{line}.successors"][stored])
            self.tessitura[:, 0] = weights["tessitura"][line, vocabulary.base + REST + _KEYS]
            self.tessitura[:, 1:] = weights["tessitura"][line, low : high + 1]
        self._kernel = np.concatenate(columns).T[:-1].copy()
        self._bias = np.concatenate(columns).T[-1].copy()

    def _by_pitch(self, outputs: dict[str, Array], stored: list[int], of: Layout) -> list[Array]:
        """Columns by motion and by distance; `_starts` says where a window of them begins.

        By a block of columns, the key and a token: that of the line's last step, or that of
        another line. For a token that is no pitch the window is one of zeros.
        """
        choices, motions, known = outputs["choice"], outputs["motion"], of.vocabulary
        none = np.zeros((self.window, choices.shape[-1]), np.float32)
        moves = 1 + len(choices)
        nowhere = moves + self.window + MOTIONS
        below = self._low - 1
        distance = np.arange(below - known.highest, below + self.window - known.lowest)
        begins = nowhere + self.window + len(distance) * np.arange(len(stored))
        self._ends = [nowhere + self.window, *(begins + len(distance)).tolist()]
        token = np.arange(known.tokens)
        midi = token + known.base + _KEYS[:, None]
        sounds = (token > REST) & (midi >= known.lowest) & (midi <= known.highest)
        by_motion = (moves + self.window + LARGEST_MOTION + below - midi).clip(moves, nowhere)
        at = begins[:, None, None] + known.highest - midi
        choice = np.broadcast_to(self._offset[:, None], midi.shape)
        by_token = np.where(sounds, np.stack([by_motion, *at]), nowhere)
        self._starts = np.stack([choice, *by_token]).ravel()
        self._blocks = midi.size * np.arange(2 + len(stored))[:, None]
        self._turns = ((below - midi) % OCTAVE).ravel()
        columns, near = [none, motions, none], np.abs(distance) <= layout.LARGEST_DISTANCE
        for place in stored:
            relation = layout.RELATION.split(outputs["relation"][place])
            related = relation["interval"][distance % OCTAVE]
            related[near] += relation["distance"][distance[near] + layout.LARGEST_DISTANCE]
            columns.append(related)
        return columns

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
        self._intervals = self._chords.interval * ((MOTIONS + 1) * width)
        self._motions = self._chords.motion * width

    def tokens(self, place: Whole, key: Whole) -> Whole:
        """The tokens of places of the window in a key."""
        return np.where(place > 0, place + self._offset.take(key), REST)

    def place(self, token: Whole, key: Whole) -> Whole:
        """The inverse of `tokens`; -1 for a token that is not a pitch of the window."""
        place = token - self._offset.take(key)
        return np.where((token > REST) & (place > 0) & (place < self.window), place, -1)

    def __call__(
        self, context: Array, now: Whole, before: Whole, key: Whole
    ) -> tuple[Array, Array]:
        """Logits ``(row, window)``, and of an onset where the pitch stays the same, ``(row,)``.

        `context (row, unit)` is what the hidden layer has of anything but the step's chord, its
        bias included. `now` and `before (line, row)` are tokens: of the step, 0 where a line is not
        known yet, and of the step before.
        """
        known: list[bool] = np.asarray(now.any(axis=1)).tolist()
        count = len(self._written)
        while count and not known[self._written[count - 1]]:
            count -= 1
        chord = self._chords(now, before)
        hidden = rectify(context + self._chord(chord, count))
        if self.is_drum:
            out = hidden @ self._kernel
            out += self._bias
            return out[:, 1:], out[:, 0]
        count = self._count_related[count]
        out = hidden @ self._kernel[:, : self._ends[count]]
        out += self._bias[: self._ends[count]]
        # Where windows begin: of choices by the key alone, of the rest by a token as well.
        index = np.zeros((2 + count, len(out)), np.intp)
        index[1] = before[self.line]
        others = self._related[:count]
        now.take(others, axis=0, out=index[2:], mode="clip")
        index += key * self._chords.tokens
        turns = self._turns.take(index[2:])
        index += self._blocks[: len(index)]
        starts = self._starts.take(index)
        starts += np.arange(0, out.size, out.shape[1])
        logits: Array = np.add.reduce(_windows(out, self.window)[starts], axis=0)
        if count:
            last = before[self.line] * self._chords.tokens
            turns += self._intervals.take(last + before.take(others, axis=0))
            turns += self._motions.take(chord.take(others, axis=0))
            turns += self._successors_start[:count]
            logits += np.add.reduce(self._successors[turns], axis=0)
        logits[:, 0] = out[:, 1]
        return logits, out[:, 0]


def _windows(numbers: Array, size: int) -> Array:
    """Every run of `size` numbers, the row after the end of one included: a view."""
    shape, step = (numbers.size - size + 1, size), numbers.itemsize
    return np.ndarray(shape, numbers.dtype, numbers, strides=(step, step))
