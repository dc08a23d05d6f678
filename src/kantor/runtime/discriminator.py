"""What tells composed music from real music, beat by beat: a logistic regression on part-writing.

Its features are what an ear follows across the steps that the networks see: how two lines move
from beat to beat, a line's last two moves, how long notes last, on which degrees of the key phrases
end. It is trained on real pieces and on compositions of the finished generator
(`kantor.model.train.discriminating`). Its logit estimates the log of the ratio of the two
densities, by which `kantor.runtime.particles` weighs what is composed; after discriminator
rejection sampling (Azadi et al. 2019) and Metropolis-Hastings GANs (Turner et al. 2019), which
choose whole samples.

Tokens are as in `kantor.network.tokens`, arrays of a step ``(line, row)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import STEPS_PER_QUARTER, Flags
from kantor.network.layout import APART, CONTEXT, CROSSED, FARTHEST, OCTAVE, Layout
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime.pieces import Piece, pieces
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

_MINOR_DEGREES = (2, 4, 9)
"""Semitones of a tonic above the major tonic of its signature that make it a minor one: Dorian,
Phrygian, Aeolian."""
_ONE_BEAT = 6
"""A bar of so many steps is one beat, as in 6/8; all others have beats of a quarter."""


class Course:
    """What features depend on besides notes, for each step of several pieces of a batch.

    Arrays are ``(time, row)``; steps after a piece's end have no beat.
    """

    def __init__(self, batch: Sequence[Piece]) -> None:
        shape = max(piece.steps for piece in batch), len(batch)
        self.sixteenth, self.left = np.zeros((2, *shape), np.intp)
        self.begins, self.last = np.zeros((2, *shape), bool)
        tonics = np.array([(piece.tonic - piece.major_tonic) % OCTAVE for piece in batch])
        self.tonic, self.minor = tonics, np.isin(tonics, _MINOR_DEGREES).astype(np.intp)
        for row, piece in enumerate(batch):
            part = slice(CONTEXT, CONTEXT + piece.steps)
            since, length = piece.bars[part].T.astype(np.intp)
            whole = length == _ONE_BEAT
            self.sixteenth[: piece.steps, row] = since % STEPS_PER_QUARTER
            begins = np.where(whole, since == 0, since % STEPS_PER_QUARTER == 0)
            self.begins[: piece.steps, row] = begins
            held = piece.held
            self.left[: piece.steps, row] = _quarters_left(held).clip(max=2)
            ends = held & ~np.append(held[1:], False)
            self.last[: piece.steps, row] = np.cumsum(ends[::-1])[::-1] <= 1


def _quarters_left(held: Flags) -> Whole:
    """Quarters until the phrase ends: 0 where a fermata is held, many where none follows."""
    ends = np.flatnonzero(held)
    steps = np.arange(len(held))
    following = np.searchsorted(ends, steps)
    left = np.append(ends, 2**16)[following] - steps
    return np.asarray(-(-left // STEPS_PER_QUARTER))


class Features:
    """Reads several pieces step by step and states their features.

    What it remembers of a row (tokens, earlier tokens, …) can be given to others by `take`.
    """

    def __init__(self, layout: Layout, course: Course, rows: int) -> None:
        self._blocks, self._course = layout.beat, course
        self.none = self._blocks.size
        self._pitched, self._base = layout.ensemble.pitched, layout.vocabulary.base
        bass = layout.ensemble.bass
        self._bass = self._pitched - 1 if bass is None else bass
        self._leads, self._others = layout.ensemble.leads, list(layout.ensemble.others)
        self._upper, self._lower = np.array(layout.ensemble.pairs, np.intp).T
        none = np.full((self._pitched, rows), UNKNOWN, np.intp)
        # Tokens of the step before, of each line's note before that, and of the last beat.
        self._now, self._then, self._beat = none, none, none
        self._length = np.zeros_like(none)

    def take(self, rows: Whole) -> None:
        """Let row i go on as row ``rows[i]``; fewer rows leave the others out."""
        for name in ("_now", "_then", "_beat", "_length"):
            setattr(self, name, getattr(self, name)[:, rows])

    def step(self, step: int, tokens: Whole) -> Whole:
        """The features of the next step, ``(feature, row)``: places in `Layout.beat`, or `none`.

        `tokens (line, row)`; rows are the first ones of the course.
        """
        now = tokens[: self._pitched]
        rows = now.shape[1]
        if rows < self._now.shape[1]:
            self.take(np.arange(rows))
        before = self._now
        changed, sounds = now != before, now > REST
        moved = changed & sounds & (before > REST)
        sixteenth = self._course.sixteenth[step, :rows]
        own = np.arange(self._pitched)[:, None]
        degree, degree_before = (now + self._base) % OCTAVE, (before + self._base) % OCTAVE
        first, second = (
            (apart.clip(-FARTHEST, FARTHEST) + FARTHEST)
            for apart in (before - self._then, now - before)
        )
        length = self._length.clip(1, FARTHEST) - 1
        up, low = self._upper, self._lower
        motion = np.sign(now - before)
        kept = (now[up] - now[low] - before[up] + before[low]) % OCTAVE == 0
        kind = np.where(kept, 0, np.where(motion[up] * motion[low] > 0, 1, 2))
        pair = np.arange(len(up))[:, None]
        leads, others = self._leads, self._others
        above = (changed[leads] | changed[others]) & sounds[leads] & (now[others] > now[leads])
        index = [
            self._places("move", moved, own, degree_before, degree),
            self._places("moves", moved & (self._then > REST), own, first, second),
            self._places("length", changed & (before > REST), own, length, sixteenth),
            self._places("kept", moved[up] & moved[low] & kept, (now[up] - now[low]) % OCTAVE),
            self._places("leap", moved, second),
            self._places("above", above, own[:-1]),
            self._places(
                "together", moved[up] & moved[low], pair, kind, (now[up] - now[low]) % OCTAVE
            ),
        ]
        self._then = np.where(changed, before, self._then)
        self._length = np.where(changed, 1, self._length + 1)
        self._now = now
        begins = self._course.begins[step, :rows]
        if begins.any():
            index += self._of_beat(step, now, begins)
            self._beat = np.where(begins, now, self._beat)
        return np.concatenate(index)

    def _of_beat(self, step: int, now: Whole, begins: Flags) -> list[Whole]:
        """The features of a beat's first step."""
        before, up, low, course = self._beat, self._upper, self._lower, self._course
        rows, sounds, sounded = now.shape[1], now > REST, before > REST
        moved = np.sign(now - before)
        both = moved[up] * moved[low]
        kind = np.where(both > 0, 0, np.where(both < 0, 1, 2))
        known = sounds[up] & sounds[low] & sounded[up] & sounded[low]
        known &= (moved[up] != 0) | (moved[low] != 0)
        apart, apart_before = (now[up] - now[low]) % OCTAVE, (before[up] - before[low]) % OCTAVE
        pair, own = np.arange(len(up))[:, None], np.arange(self._pitched)[:, None]
        lowest = np.where(sounds, now, 2**15).min(axis=0)
        members = np.where(sounds, 1 << (now - lowest) % OCTAVE, 1)
        chord = np.bitwise_or.reduce(members, axis=0) >> 1
        distance = (now[:-1] - now[1:] + CROSSED).clip(0, APART - 1)
        minor, tonic = course.minor[:rows], course.tonic[:rows]
        above, above_before = (
            (tokens + self._base - tonic) % OCTAVE for tokens in (now, before[self._bass])
        )
        left, last = course.left[step, :rows], course.last[step, :rows]
        bass, sung = above[self._bass], sounds[self._bass] & begins
        ends = sung & sounded[self._bass] & (left == 0)
        return [
            self._places("succession", known & begins, pair, kind, apart_before, apart),
            self._places("parallel", known & begins & (both > 0) & (apart == apart_before), apart),
            self._places("chord", sounds.any(axis=0) & begins, chord)[None],
            self._places("spacing", sounds[:-1] & sounds[1:] & begins, own[:-1], distance),
            self._places("degree", sounds & begins, minor, own, above),
            self._places("bass", sung, minor, left, last, bass)[None],
            self._places("cadence", ends, minor, above_before, bass)[None],
        ]

    def _places(self, name: str, known: Flags, *place: Any) -> Whole:
        """Places in a block, row-major, where `known`."""
        index: Any = 0
        for size, part in zip(self._blocks.shapes[name], place, strict=True):
            index = index * size + part
        return np.where(known, index + self._blocks.at[name].start, self.none)


def beats(layout: Layout, given: Conditioning) -> tuple[Whole, NDArray[np.intp]]:
    """The features of whole pieces, all of whose cells are given, and the beat of each.

    Returns
    -------
    features, beats : (count,) int
        Places in `Layout.beat`; beats are numbered through all pieces, from 0.
    """
    batch = pieces(given, layout)
    course = Course(batch)
    reader = Features(layout, course, len(batch))
    tokens = np.zeros((len(course.begins), len(layout.ensemble), len(batch)), np.intp)
    for row, piece in enumerate(batch):
        tokens[: piece.steps, :, row] = piece.tokens[CONTEXT : CONTEXT + piece.steps]
    numbers = (np.cumsum(course.begins, axis=0) - 1).clip(0)
    lengths = np.array([piece.steps for piece in batch])
    counts = numbers.max(axis=0) + 1
    numbers += np.cumsum(counts) - counts
    features, of = list[Whole](), list[Whole]()
    for step, now in enumerate(tokens):
        index = reader.step(step, now)
        known = (index != reader.none) & (lengths > step)
        features.append(index[known])
        of.append(np.broadcast_to(numbers[step], index.shape)[known])
    return np.concatenate(features), np.concatenate(of)


class Discriminator:
    """Logits of what is composed, by a model's weights ``(Layout.beat.size,)``."""

    def __init__(self, weights: Array, layout: Layout) -> None:
        self._weights, self._layout = np.append(weights, np.float32(0)), layout

    def begin(self, batch: Sequence[Piece]) -> Features:
        """A reader of some pieces, in their order."""
        return Features(self._layout, Course(batch), len(batch))

    def logits(self, features: Whole) -> Array:
        """What a step's features ``(feature, row)`` add to the logit: ``(row,)``."""
        return np.asarray(self._weights.take(features).sum(axis=0))
