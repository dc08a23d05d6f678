"""Pairs to compare: eight bars of a chorale as Bach set it, and as Kantor composed them.

Conventions
-----------
The chorales are those of the split `SPLIT`: no model was trained on them, and none was chosen by
them, since the split ``valid`` decides. Chorales whose tune was trained on in another setting are
left out, see `kantor.report.measuring.new_tunes`. Kantor composes to the whole soprano; then the
same bars of both are cut out. They begin where a phrase begins and end where one ends.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kantor.compose.composer import Model, Request, compose
from kantor.data.corpus import Corpus, Piece
from kantor.errors import InputError
from kantor.music.excerpts import excerpt
from kantor.music.key import key_of
from kantor.music.score import Score
from kantor.report.composing import melody_mask
from kantor.report.measuring import new_tunes

SPLIT = "test"
SOURCE = "jsb"  # the kind of source that holds Bach's chorales
BARS = 8


class Excerpt(NamedTuple):
    """Eight bars of a piece; steps from `start` to `end`."""

    piece: Piece
    start: int
    end: int

    @property
    def first_bar(self) -> int:
        """The bar in which it begins, counted as in print: a pickup is bar 0."""
        return int(np.count_nonzero(self.piece.score.bar_lines <= self.start))


@dataclass(frozen=True, eq=False)
class Pair:
    """The same bars of two settings with the same soprano; both are scores of their own."""

    excerpt: Excerpt
    bach: Score
    kantor: Score


def starts(score: Score) -> list[int]:
    """The steps at which eight whole bars begin that are whole phrases, by their fermatas.

    Where phrases begin before the bar line, the eight bars do as well.
    """
    bar = score.meter.bar_steps
    ends = (np.flatnonzero(np.diff(score.fermatas.astype(int), append=0) < 0) + 1).tolist()
    found = []
    for end in ends:
        start = end - BARS * bar
        lines = score.bar_lines[(score.bar_lines >= start) & (score.bar_lines < end)]
        regular = len(lines) == BARS and bool((np.diff(lines) == bar).all())
        if regular and start in (0, *ends):
            found.append(start)
    return found


def choose(corpus: Corpus, count: int, seed: int) -> list[Excerpt]:
    """Excerpts of `count` chorales, at random: one of each. Fewer are the first of more.

    Raises
    ------
    InputError
        If the corpus has too few.
    """
    held_out = [piece for piece in corpus if (piece.split, piece.source) == (SPLIT, SOURCE)]
    trained = [piece.score for piece in corpus if piece.split == "train"]
    scores = [piece.score for piece in held_out]
    # Without training data no tune is known.
    new = new_tunes(scores, trained) if trained else range(len(scores))
    usable = [piece for piece in (held_out[row] for row in new) if starts(piece.score)]
    if len(usable) < count:
        remedy = f"; ask for --pairs {len(usable)}" if usable else ""
        raise InputError(
            f"{count} pairs: {len(usable)} held-out chorales with a new tune have {BARS} bars "
            f"between two fermatas{remedy}"
        )
    chance = random.Random(seed)
    chance.shuffle(usable)
    chosen = []
    for piece in usable[:count]:
        # By the piece alone, so that another number of pairs changes none.
        start = random.Random(f"{seed} {piece.id}").choice(starts(piece.score))
        chosen.append(Excerpt(piece, start, start + BARS * piece.score.meter.bar_steps))
    return chosen


def compose_pairs(
    excerpts: Sequence[Excerpt],
    model: Model,
    seed: int,
    candidates: int = 1,
    programs: Mapping[int, int] | None = None,
) -> list[Pair]:
    """Let the model compose to each whole soprano, and cut the same bars out of both settings.

    Parameters
    ----------
    candidates
        As for `kantor.compose.composer.compose`.
    programs
        What plays both, as `kantor.music.instruments.programs_of` has it; else the ensemble's own.

    Raises
    ------
    InputError
        If the model has no critic to choose by.
    ModelError
        If the model composes for other voices.
    """
    scores = [
        replace(score, key=key_of(score), ensemble=score.ensemble.playing(programs or {}))
        for score in (one.piece.score for one in excerpts)
    ]
    requests = [Request(score, melody_mask(score)) for score in scores]
    takes = compose(requests, model, seed, candidates=candidates)
    return [
        Pair(one, excerpt(score, one.start, one.end), excerpt(take, one.start, one.end))
        for one, score, (take,) in zip(excerpts, scores, takes, strict=True)
    ]
