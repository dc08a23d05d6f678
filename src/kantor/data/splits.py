"""Which pieces are held out where a source has no split of its own.

Each work is drawn for itself from its id and a seed, so that adding files moves none from one
split to another; all excerpts of a work are in one split. Where so few works are drawn from that
too few are held out, those come in that were nearest to being drawn: `LEAST` in training,
validation and test each of six works or more, else one. Of one or two works beside others that have
a split, none must be held out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kantor import settings
from kantor.data.corpus import SPLITS, Corpus, Piece
from kantor.errors import InputError

LEAST = 2
"""Pieces of a split that a comparison needs."""


def with_splits(pieces: Sequence[Piece], split: settings.Split) -> Corpus:
    """The same pieces, each in a split: those whose `split` is empty are drawn.

    Where `split` gives validation or test no share, none is held out for it.

    Raises
    ------
    InputError
        If there are not enough pieces for all splits.
    """
    free = sorted(
        {work_of(piece.id) for piece in pieces if not piece.split},
        key=lambda work: (_drawn(work, split.seed), work),
    )
    if not free:
        return tuple(pieces)
    asked = {"test": split.test, "valid": split.valid}
    wanted = [name for name in SPLITS if asked.get(name, 1.0)]
    there = Counter(piece.split for piece in pieces if len(free) < len(wanted))
    least = dict.fromkeys(wanted, LEAST if len(free) >= LEAST * len(wanted) else 1)
    missing = {name: max(least.get(name, 0) - there[name], 0) for name in SPLITS}
    if lacking := max(sum(missing.values()) - len(free), 0):
        raise InputError(
            f"{len(pieces)} piece{'s' * (len(pieces) > 1)}; {', '.join(wanted)} need one each: add "
            f"{lacking} more, or the source jsb in ingest.sources of params.yaml"
        )
    chosen: dict[str, str] = {}
    bound, left, rest = 0.0, list(free), sum(missing.values())
    for name, share in asked.items():  # the lowest numbers are test, the next are validation
        bound, rest = bound + share, rest - missing[name]
        drawn = sum(_drawn(work, split.seed) < bound for work in left)
        count = min(max(drawn, missing[name]), len(left) - rest)
        chosen |= dict.fromkeys(left[:count], name)
        left = left[count:]
    return tuple(
        piece if piece.split else replace(piece, split=chosen.get(work_of(piece.id), "train"))
        for piece in pieces
    )


def work_of(id: str) -> str:
    """The id of the work of which a piece is an excerpt: what stands before ``#``."""
    return id.partition("#")[0]


def _drawn(id: str, seed: int) -> float:
    """A number from 0 to 1 that belongs to this id and seed."""
    digest = hashlib.sha256(f"{seed}:{id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
