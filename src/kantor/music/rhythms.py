"""How melodies move through their bars: what was counted in folk tunes, as probabilities.

The counts are in ``rhythms.csv``; ``benchmarks/rhythms.py`` makes them anew. Each
meter's tunes are in groups of like rhythm, so that a tune of quarters and eighths is not taken for
one of eighths and sixteenths at half its tempo.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Meter

METERS = (Meter(2, 4), Meter(4, 4), Meter(3, 4), Meter(6, 8))
"""The meters that are told apart. Others are one of these to the ear: 2/2 is 4/4."""
LONGEST = 24  # steps between onsets that are counted; longer ones are all alike
FARTHEST = 96  # steps between onsets, at most
INTERVALS = (-4.5, -2.5, -0.5, 0.5, 2.5, 4.5)
"""Semitones that part the classes of intervals, which the file calls a to g."""
SMOOTH = 8.0  # notes of a place's own that weigh as much as those of all places

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PRIOR = (0.2, 0.4, 0.2, 0.2)  # of each meter
_CLASSES = "abcdefg"
_SMOOTH_INTERVALS = 20.0
_NONE, _FAR = 0.002, 0.01  # probability that two onsets share a step, and of more than LONGEST


@dataclass(frozen=True)
class Model:
    """Probabilities, a column for each place in the bar of each group of each meter."""

    meters: Ints  # ``(state,)``, the index in METERS
    places: Ints  # ``(state,)``, steps after the bar line
    before: Ints  # ``(steps, state)``, the state from which so many steps lead here
    moves: Floats  # ``(steps, state)``, how likely they are from there
    first: Floats  # ``(state,)``
    last: Floats  # ``(state,)``
    intervals: Floats  # ``(class, state)``, against how frequent the class is in the group


@cache
def model_of_tunes() -> Model:
    """The model of the tunes that were counted."""
    with Path(__file__).with_name("rhythms.csv").open(newline="", encoding="utf-8") as lines:
        return model_of(list(csv.DictReader(lines)))


def model_of(rows: Sequence[Mapping[str, Any]]) -> Model:
    """The model of counts: a row for each place of each group of each meter, ascending.

    Columns: ``first`` and ``last``, how many tunes begin and end there; ``1`` to ``24``, after how
    many steps the next note follows; ``a`` to ``g``, by which class of interval notes come there.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    tunes: dict[str, float] = defaultdict(float)
    for row in rows:
        groups[row["meter"], row["group"]].append(row)
        tunes[row["meter"]] += float(row["first"])
    names = [str(meter) for meter in METERS]
    columns: list[tuple[NDArray[Any], ...]] = []
    offset = 0
    for (name, _), own in groups.items():
        meter = names.index(name)
        places, steps = np.arange(len(own)), np.arange(FARTHEST + 1)[:, None]
        before = (places - steps) % len(own)
        begun, ended = _table(own, ("first", "last")).T
        share = _PRIOR[meter] * begun.sum() / tunes[name]
        columns.append(
            (
                np.full(len(own), meter),
                places,
                offset + before,
                _moves(own)[before, steps],
                share * (begun + 0.5) / (begun + 0.5).sum(),
                (ended + 0.5) / (ended + 0.5).sum(),
                _leanings(_table(own, _CLASSES)).T,
            )
        )
        offset += len(own)
    return Model(*(np.concatenate(one, axis=-1) for one in zip(*columns, strict=True)))


def _moves(rows: Sequence[Mapping[str, Any]]) -> Floats:
    """How likely each number of steps to the next note is, ``(place, steps)``."""
    counts = _table(rows, [str(steps) for steps in range(1, LONGEST + 1)])
    moves = np.full((len(rows), FARTHEST + 1), _FAR / (FARTHEST - LONGEST))
    moves[:, 0] = _NONE
    moves[:, 1 : LONGEST + 1] = (1 - _NONE - _FAR) * smoothed(counts, SMOOTH)
    return moves


def _leanings(counts: Floats) -> Floats:
    """How much more frequent each class of intervals is at each place than at all."""
    return np.asarray(smoothed(counts, _SMOOTH_INTERVALS) * counts.sum() / counts.sum(axis=0))


def smoothed(counts: Floats, weight: float) -> Floats:
    """The shares in each row, drawn towards those of all rows together."""
    together = counts.sum(axis=-2, keepdims=True)
    together = (together + 1e-3) / (together + 1e-3).sum(axis=-1, keepdims=True)
    return np.asarray((counts + weight * together) / (counts.sum(axis=-1, keepdims=True) + weight))


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Floats:
    return np.array([[float(row[name]) for name in names] for row in rows])
