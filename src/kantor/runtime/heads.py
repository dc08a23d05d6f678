"""One voice's pitch in one step: the heads of the decoder."""

from __future__ import annotations

import numpy as np

from kantor.music.score import VOICE_RANGES, VOICES
from kantor.runtime.chord import KEYS, Chord, keyed_midi
from kantor.runtime.layers import rectify
from kantor.runtime.pitches import (
    BASE,
    CODES,
    DISTANCES,
    LARGEST_DISTANCE,
    LARGEST_MOTION,
    MOTIONS,
    PAIRS,
    Whole,
)
from kantor.runtime.tables import APART, SINGLES, apart, cut, single
from kantor.runtime.weights import Array, Weights

_TURNS = 12
_SUCCESSIONS = (MOTIONS + 1) * _TURNS


class Head:
    """The logits of one voice within its range, from its context and the chord so far.

    A *window* is what is stated for a rest and then for each pitch of the voice's range, from the
    lowest. Preferences relative to a known pitch are numbers by distance from it, so that each of
    them is a window somewhere in the row of outputs.

    Parameters
    ----------
    weights : Weights
    voice : int
    known : tuple of int
        The other voices that may be known when this one is composed.
    lowest, highest : (voice,) int
        Bounds of the pitches, as MIDI numbers, that other voices may have.
    """

    def __init__(
        self,
        weights: Weights,
        voice: int,
        known: tuple[int, ...],
        lowest: Whole,
        highest: Whole,
    ) -> None:
        self.voice, self.known = voice, np.array(known, np.intp)
        self.low, self.high = VOICE_RANGES[voice]
        self.window = self.high - self.low + 2
        self.offset = self.low - BASE  # of a pitch's code from its place in the window, in C
        self._read_hidden(weights)
        self._lay_out(weights, lowest, highest)
        self._read_successions(weights)
        tessitura = weights["tessitura"][voice]
        rest, pitches = tessitura[BASE + np.array(KEYS)], tessitura[self.low : self.high + 1]
        self._leaning = np.column_stack([rest, np.tile(pitches, (len(KEYS), 1))])

    def leaning(self, chord: Chord) -> Array:
        """What the window gets in a piece's key beside the logits: ``(row, window)``."""
        return np.asarray(self._leaning.take(chord.shift - KEYS[0], axis=0))

    def codes(self, chord: Chord) -> Whole:
        """The codes of the window in the frame of a piece's key, ``(row, window)``."""
        found = np.arange(self.window) + (self.offset - chord.shift)[:, None]
        found[:, 0] = 1
        return found

    def _read_hidden(self, weights: Weights) -> None:
        kernel = weights[f"heads.{self.voice}.hidden.kernel"]
        voices = len(VOICES)
        classes = CODES - 1
        sizes = (voices * classes, 12 * len(PAIRS), 8 * (voices - 1), MOTIONS * voices)
        last = 12 * len(PAIRS)
        context = len(kernel) - sum(sizes) - last
        self.context, pitch, intervals, spacing, motion, before = cut(
            kernel, (context, *sizes, last)
        )
        self.intervals_before = before.reshape(len(PAIRS), 12, -1)
        self.bias = weights[f"heads.{self.voice}.hidden.bias"]
        pitches, motions = np.split(pitch, voices), np.split(motion, voices)
        tables = [single(pitches[other], motions[other]) for other in self.known]
        pairs = [pair for pair in PAIRS if {*pair} <= {*self.known.tolist()}]
        for upper, lower in pairs:
            near = spacing.reshape(voices - 1, 8, -1)[upper] if lower == upper + 1 else None
            of_pair = intervals.reshape(len(PAIRS), 12, -1)[PAIRS.index((upper, lower))]
            tables.append(apart(of_pair, near))
        self._uppers = np.array([upper for upper, _ in pairs], np.intp)
        self._lowers = np.array([lower for _, lower in pairs], np.intp)
        self._table = None
        if tables:
            # One unit more is always one, so that the outputs' bias is a row of their kernel.
            self._table = np.pad(np.concatenate(tables), ((0, 0), (0, 1)))
            self._table[: len(tables[0]), -1] = 1
        starts = np.cumsum([0, *map(len, tables)])[:-1, None]
        self._singles, self._pairs = np.split(starts, [len(self.known)])

    def _lay_out(self, weights: Weights, lowest: Whole, highest: Whole) -> None:
        """Order the outputs so that windows are slices, and note where each of them begins."""
        kernel, bias = (
            weights[f"heads.{self.voice}.outputs.{part}"] for part in ("kernel", "bias")
        )
        layer = np.concatenate([kernel, bias[None]])
        others = [other for other in range(len(VOICES)) if other != self.voice]
        each = 12 + DISTANCES
        pitch, strike, moves, *relative = np.split(
            layer, np.cumsum([CODES - 1, 1, MOTIONS, *[each] * len(others)])[:-1], axis=1
        )
        none = np.zeros((len(layer), self.window), np.float32)
        first = self.low - 1 - BASE - KEYS[-1]
        classes = pitch[:, first : self.high + 1 - BASE - KEYS[0]]
        midi, sounds = keyed_midi(), keyed_midi() >= 0
        # Windows begin so far before the moves at most, from the highest pitch there may be.
        before = int(np.clip(highest[self.voice] + 1 - self.low - LARGEST_MOTION, 0, self.window))
        parts = [pitch[:, :1], strike, none[:, :before], moves, none, classes]
        starts = np.cumsum([0, *(part.shape[1] for part in parts)])
        self._pitch_start = int(starts[5]) + self.low - 1 - BASE - first
        nowhere = starts[4]
        move = starts[3] + LARGEST_MOTION + self.low - 1 - midi
        self._moves_start = np.where(sounds, np.clip(move, starts[2], nowhere), nowhere)
        tables = {}
        # What a row needs of the widest may end early; see `__call__`.
        for other in sorted(self.known.tolist(), key=lambda other: highest[other] - lowest[other]):
            distance = np.arange(self.low - 1 - highest[other], self.high + 1 - lowest[other])
            begin = sum(part.shape[1] for part in parts)
            parts.append(_by_distance(relative[others.index(other)], distance))
            at = begin + self.low - 1 - midi - distance[0]
            within = sounds & (midi >= lowest[other]) & (midi <= highest[other])
            tables[other] = np.where(within, at, nowhere)
        begins = [tables[other] for other in self.known.tolist()]
        self._relation_start = np.concatenate(begins) if begins else np.zeros(0, np.intp)
        self._relation_table = len(midi) * np.arange(len(tables))[:, None]
        self._kernel = np.concatenate(parts, axis=1)

    def _read_successions(self, weights: Weights) -> None:
        """Rows by the last interval, the other voice's motion and its pitch; see `progressions`."""
        others = [other for other in range(len(VOICES)) if other != self.voice]
        stored = weights[f"heads.{self.voice}.successors"].reshape(len(others), 12, MOTIONS, 12)
        turned = (self.low - 1 + np.arange(self.window) - np.arange(_TURNS)[:, None]) % 12
        tables = []
        for other in self.known:
            rows = np.zeros((13, MOTIONS + 1, _TURNS, self.window), np.float32)
            rows[:12, :MOTIONS] = stored[others.index(int(other))][..., turned]
            tables.append(rows.reshape(-1, self.window))
        self._successions = np.concatenate(tables) if tables else None
        self._succession_table = 13 * _SUCCESSIONS * np.arange(len(tables))[:, None]

    def hidden(self, context: Array, chord: Chord) -> Array:
        """The hidden layer ``(row, unit)``; `context` is what the decoder's layer gives it."""
        if self._table is not None:
            index = np.empty((len(self._singles) + len(self._pairs), context.shape[0]), np.intp)
            count = len(self._singles)
            np.add(chord.singles.take(self.known, axis=0), self._singles, out=index[:count])
            if len(self._pairs):
                upper = chord.now.take(self._uppers, axis=0)
                upper *= CODES
                upper += chord.now.take(self._lowers, axis=0)
                np.add(APART.take(upper), self._pairs, out=index[count:])
            found = self._table.take(index[0], axis=0)
            for rows in index[1:]:  # one after the other stays within the cache
                found += self._table.take(rows, axis=0)
            found[:, :-1] += context
        else:
            found = np.ones((context.shape[0], context.shape[1] + 1), np.float32)
            found[:, :-1] = context
        return rectify(found)

    def __call__(self, context: Array, chord: Chord) -> tuple[Array, Array]:
        """Logits of the window, and of striking the pitch anew where it equals the last one.

        Parameters
        ----------
        context : (row, unit)
            This head's part of the decoder's context, its bias included.
        chord : Chord

        Returns
        -------
        logits : (row, window) float32
        strike : (row,) float32
        """
        rows, count = len(context), len(self.known)
        starts = np.empty((2 + count, rows), np.intp)
        np.subtract(self._pitch_start, chord.shift, out=starts[0])
        self._moves_start.take(chord.keyed_before[self.voice], out=starts[1], mode="clip")
        if count:
            keyed = chord.keyed.take(self.known, axis=0)
            self._relation_start.take(keyed + self._relation_table, out=starts[2:], mode="clip")
        # No outputs after the last window; but all for a row alone, which decides in doubt.
        last = int(starts.max()) + self.window if rows > 1 else None
        out = self.hidden(context, chord) @ self._kernel[:, :last]
        starts += np.arange(0, out.size, out.shape[1])
        logits = np.add.reduce(_windows(out, self.window)[starts], axis=0)
        if self._successions is not None:
            index = self._succession(chord, keyed)
            logits += np.add.reduce(self._successions.take(index, axis=0), axis=0)
        logits[:, 0] = out[:, 0]
        return logits, out[:, 1]

    def _succession(self, chord: Chord, keyed: Whole) -> Whole:
        """The rows of the known voices' progressions, ``(known, row)``."""
        own = chord.before[self.voice] * CODES
        index = _LAST.take(own + chord.before.take(self.known, axis=0))
        index += _MOTION.take(chord.singles.take(self.known, axis=0))
        index += _TURN.take(keyed)
        index += self._succession_table
        return np.asarray(index)


def _windows(outputs: Array, size: int) -> Array:
    """Every run of `size` numbers, the row after the end of one included: a view."""
    count = outputs.size - size + 1
    step = outputs.itemsize
    return np.ndarray((count, size), outputs.dtype, outputs, strides=(step, step))


def _by_distance(relative: Array, distance: Whole) -> Array:
    """Preferences for interval classes and for distances, as columns by distance."""
    interval, near = np.split(relative, [12], axis=1)
    columns = interval[:, distance % 12]
    within = np.abs(distance) <= LARGEST_DISTANCE
    columns[:, within] += near[:, distance[within] + LARGEST_DISTANCE]
    return np.asarray(columns)


_NOW, _BEFORE = np.divmod(np.arange(SINGLES), CODES)
_BOTH = (_NOW > 1) & (_BEFORE > 1)
_STEP = _NOW - _BEFORE + LARGEST_MOTION
_LAST = np.where(_BOTH, (_NOW - _BEFORE) % 12, 12) * _SUCCESSIONS
"""By ``own * CODES + other`` of the step before: the last interval."""
_MOTION = np.where(_BOTH & (_STEP >= 0) & (_STEP < MOTIONS), _STEP, MOTIONS) * _TURNS
_TURN = np.where(keyed_midi() >= 0, keyed_midi() % 12, 0)
