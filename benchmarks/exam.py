"""What both models are asked at every moment, and how their answers are graded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_output import CHANGED, METRICS

from kantor.data.corpus import Corpus
from kantor.errors import InputError
from kantor.music.score import Score

AGAIN = 16
"""Sopranos that are composed a second time, to see whether another seed is another piece."""


@dataclass(frozen=True, eq=False)
class Exam:
    """Sopranos to be harmonised, and what the answers are compared with."""

    real: list[Score]
    naive: list[Score]
    overlap: float
    """What the training split's chorales have in common with the real ones, 0 to 1."""

    @classmethod
    def of(cls, corpus: Corpus, melodies: int) -> Exam:
        """Pieces of the valid split, evenly spread; all of them if `melodies` is 0."""
        from kantor.metrics.baselines import shuffled
        from kantor.report.comparing import overlaps
        from kantor.report.measuring import Bodies, compare

        held_out = [piece.score for piece in corpus if piece.split == "valid"]
        if len(held_out) < 2:
            raise InputError("the valid split has fewer than two pieces; see `dvc repro ingest`")
        count = min(melodies, len(held_out)) if melodies else len(held_out)
        rows = np.unique(np.linspace(0, len(held_out) - 1, max(2, count)).astype(int))
        real = [held_out[row] for row in rows]
        training = [piece.score for piece in corpus if piece.split == "train"]
        naive = shuffled(real, np.random.default_rng(0))
        return cls(real, naive, overlaps(compare(Bodies(training, real, {}, [])))["generated"])

    def grade(self, generator: Any) -> dict[str, dict[str, float]]:
        """Each metric of one take of every soprano, beside the real and the naive figure."""
        from kantor.report.comparing import overlaps
        from kantor.report.composing import compose, share_changed
        from kantor.report.measuring import Bodies, compare

        seeds = list(range(len(self.real)))
        takes = compose(generator.compose, self.real, seeds)
        some = self.real[:AGAIN]
        others = compose(generator.compose, some, [seed + len(seeds) for seed in range(len(some))])
        compared = compare(Bodies(takes, self.real, {"shuffled": self.naive}, []))
        figures = {
            name: {
                "value": compared[name].generated,
                "real": compared[name].real,
                "spread": compared[name].spread,
                "shuffled": compared[name].baselines["shuffled"],
            }
            for name in METRICS
            if name in compared
        }
        overlap = overlaps(compared)
        figures["overlap"] = {
            "value": overlap["generated"],
            "real": self.overlap,
            "spread": float("nan"),
            "shuffled": overlap["shuffled"],
        }
        changed = share_changed(takes[: len(some)], others)
        figures[CHANGED] = {"value": changed} | dict.fromkeys(
            ("real", "spread", "shuffled"), float("nan")
        )
        return figures
