"""The layout of the networks' inputs and outputs: every block of features by name and size.

A network reads a step as one-hot vectors, side by side. Next to the tokens stand the relations in
which the rules of part-writing are stated: the interval between every two pitched lines, the
distance of neighbours, each line's motion from the step before, and for the critic which interval
follows which. Parallel fifths are then one pattern, not one for every pair of pitches. Drum lines
have no relations.

The functions at the end say which place of a block is one. They use operators alone, so that they
take arrays of numpy and of TensorFlow. Where ``known`` is False, a block is all zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.network.tokens import DRUM_CHOICES, REST, Vocabulary

CONTEXT = 16
"""Steps outside a piece, on either side, that the networks are shown."""
OCTAVE = 12
"""Interval classes."""
LARGEST_MOTION = 12
MOTIONS = 2 * LARGEST_MOTION + 1
"""Motions of a line: -12 to 12 semitones."""
LARGEST_DISTANCE = 36
DISTANCES = 2 * LARGEST_DISTANCE + 1
"""Distances of a pitch from another line's, for which a head has preferences: -36 to 36."""
SPACING_BOUNDS = (-1, 0, 4, 8, 12, 16, 24)
"""Upper bounds, in semitones, of the kinds of distance between neighbours: crossed, unison, …"""
SPACINGS = len(SPACING_BOUNDS) + 1
SUCCESSIONS = OCTAVE * OCTAVE
"""Interval classes (before, now) of two lines that both move."""
PROGRESSIONS = OCTAVE * MOTIONS
"""Last interval class to another line, and that line's motion."""
FARTHEST = 16
"""Semitones of the largest motion, and steps of the longest note, that the discriminator knows."""
APART, CROSSED = 40, 10
"""Distances of neighbours that it knows: from 10 semitones crossed to 29 apart."""
MIDI = 128
TAPS = 3
"""Steps that a convolution of the encoder sees: the one before, its own, the one after."""


class Blocks:
    """Blocks of numbers that stand one after the other on an axis.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The shape of each block, row-major, such as ``(line, choice)``.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = dict(shapes)
        self.sizes = [prod(shape) for shape in self.shapes.values()]
        ends = list(accumulate(self.sizes))
        starts = [end - size for end, size in zip(ends, self.sizes, strict=True)]
        self.size = sum(self.sizes)
        self.at = dict(zip(self.shapes, map(slice, starts, ends), strict=True))

    def __add__(self, other: Blocks) -> Blocks:
        return Blocks(self.shapes | other.shapes)

    def split(self, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """An array ``(size, …)`` by blocks, each ``(*shape, …)``."""
        return {
            name: rows[self.at[name]].reshape(*shape, *rows.shape[1:])
            for name, shape in self.shapes.items()
        }


CONDITIONS = Blocks(
    {
        "sixteenth": (4,),  # of its quarter
        "quarter": (8,),  # of its bar, counted from the start
        "quarters_left": (8,),  # of its bar
        "bar_quarters": (8,),  # the bar's length
        "fermata": (1,),
        "inside": (1,),  # of the piece
        "key": (12,),  # its major tonic
    }
)
"""What is known of a step besides notes."""
METER = ("sixteenth", "quarter", "quarters_left", "bar_quarters")
"""Blocks of `CONDITIONS` that follow from a step's place in its bar; see `meter`."""


class Layout:
    """Every block of the networks of an ensemble; `SetupError` if no model can have it.

    Attributes
    ----------
    score : Blocks
        A step: tokens, onsets and relations of all lines, as one-hot vectors.
    judged : Blocks
        A step as the critic sees it: `score`, and successions.
    around : Blocks
        What else is known of a step: which cells are given, and `CONDITIONS`.
    read : Blocks
        A step as the encoder reads it: `score` and `around`.
    chord : Blocks
        A step as a head sees it: `score` without onsets.
    beat : Blocks
        A beat as the discriminator sees it: how lines move in its steps, and from ``succession`` on
        what its first step is.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble, self.vocabulary = ensemble, Vocabulary(ensemble)
        lines, pitched, pairs = len(ensemble), ensemble.pitched, len(ensemble.pairs)
        tokens = {
            "pitch": (pitched, self.vocabulary.choices),
            "hit": (lines - pitched, DRUM_CHOICES),
        }
        relations = {
            "interval": (pairs, OCTAVE),
            "spacing": (pitched - 1, SPACINGS),  # of each pitched line from the next lower one
            "motion": (pitched, MOTIONS),
        }
        self.score = Blocks({**tokens, "onset": (lines,), **relations})
        self.chord = Blocks({**tokens, **relations})
        self.judged = self.score + Blocks({"succession": (pairs, SUCCESSIONS)})
        motions = 2 * FARTHEST + 1
        self.beat = Blocks(
            {
                "move": (pitched, OCTAVE, OCTAVE),  # from degree to degree
                "moves": (pitched, motions, motions),  # a line's last two
                "length": (pitched, FARTHEST, 4),  # of a note, and the sixteenth of the next one
                "together": (pairs, 3, OCTAVE),  # both move: interval kept, similar, contrary
                "kept": (OCTAVE,),  # the interval of any pair that moves together
                "leap": (motions,),  # of any line
                "above": (pitched - 1,),  # the melody, where that or the other line moves
                "succession": (pairs, 3, OCTAVE, OCTAVE),  # from beat to beat; oblique the third
                "parallel": (OCTAVE,),  # kept from beat to beat in similar motion, of any pair
                "chord": (2 ** (OCTAVE - 1),),  # which interval classes stand above the lowest note
                "spacing": (pitched - 1, APART),
                "degree": (2, pitched, OCTAVE),  # above the tonic, in major and in minor
                "bass": (2, 3, 2, OCTAVE),  # quarters left of the phrase; whether it is the last
                "cadence": (2, OCTAVE, OCTAVE),  # of the bass, where a phrase ends
            }
        )
        self.around = Blocks({"given": (lines,)}) + CONDITIONS
        self.read = self.score + self.around

    def decoder(self, reach: int, memory: int, width: int) -> Blocks:
        """What the decoder's first layer reads of a step.

        It sees `reach` steps of the past, `memory` units of each, and `width` units of the encoder.
        """
        return Blocks({"past": (reach, memory), "encoded": (width,)}) + CONDITIONS

    def head(self, context: int) -> Blocks:
        """What a head's hidden layer reads, after a context of so many units."""
        earlier = Blocks({"earlier_interval": self.score.shapes["interval"]})
        return Blocks({"context": (context,)}) + self.chord + earlier

    def outputs(self, line: int) -> Blocks:
        """What a line's head states: logits of its choices and of an onset, and preferences."""
        shapes: dict[str, tuple[int, ...]] = {
            "choice": (self.vocabulary.choices_of(line),),
            "onset": (1,),
        }
        if line < self.ensemble.pitched:
            shapes["motion"] = (MOTIONS,)
            shapes["relation"] = (len(self.others(line)), RELATION.size)
        return Blocks(shapes)

    def others(self, line: int) -> tuple[int, ...]:
        """The lines to which a line has relations: none for a drum line."""
        pitched = self.ensemble.pitched
        return tuple(other for other in range(pitched) if other != line < pitched)


RELATION = Blocks({"interval": (OCTAVE,), "distance": (DISTANCES,)})
"""A head's preferences for a pitch by its relation to one other line."""


class Place(NamedTuple):
    """Which place of a block is one, and where there is one at all: integers and flags."""

    index: Any
    known: Any


def interval(upper: Any, lower: Any) -> Place:
    """The interval class of two lines' tokens."""
    return Place((upper - lower) % OCTAVE, (upper > REST) & (lower > REST))


def motion(now: Any, before: Any) -> Place:
    """A line's motion from one step's token to the next; none for leaps above an octave."""
    moved = now - before + LARGEST_MOTION
    near = (moved >= 0) & (moved < MOTIONS)
    return Place(moved, (now > REST) & (before > REST) & near)


def above_bounds(distance: Any) -> Any:
    """Which of `SPACING_BOUNDS` a distance exceeds, ``(…, bound) bool``; how many is its kind."""
    return distance[..., None] > np.array(SPACING_BOUNDS, np.int32)


def progression(own: Any, other: Any, other_now: Any) -> Place:
    """Where a line and another one come from: their last interval, and the other one's motion.

    Whatever forbids or favours an interval after an interval (parallels, resolutions) depends on
    these two and is linear in them. `own` and `other` are tokens of the step before.
    """
    last, moved = interval(own, other), motion(other_now, other)
    return Place(last.index * MOTIONS + moved.index, last.known & moved.known)


def succession(upper: Any, lower: Any, upper_before: Any, lower_before: Any) -> Place:
    """Which interval class follows which where both lines of a pair move."""
    before, now = interval(upper_before, lower_before), interval(upper, lower)
    both = (upper != upper_before) & (lower != lower_before)
    return Place(before.index * OCTAVE + now.index, before.known & now.known & both)


def meter(since: Any, length: Any) -> tuple[Any, ...]:
    """The place in each block of `METER`, from the steps since the bar line and the bar's length.

    Places below or above the block are its first or last.
    """
    return since % 4, since // 4, (length - 1 - since) // 4, length // 4
