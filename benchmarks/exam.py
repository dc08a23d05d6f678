"""Whole sopranos that a model harmonises, and its figures beside Bach's and beside chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kantor.data.corpus import Corpus
from kantor.errors import InputError
from kantor.metrics.musical import HEADLINE
from kantor.metrics.part_writing import shares, tally
from kantor.music.score import Score

CHANGED = "changed_by_another_seed"
METRICS = (*HEADLINE, "empty_bars", "notes_alto", "notes_bass", CHANGED)
"""The headline, and what shows that its figures were not bought by silence or by repetition."""
AGAIN = 16
"""Sopranos that are composed a second time, to see whether another seed is another piece."""


@dataclass(frozen=True, eq=False)
class Exam:
    """Sopranos to be harmonised, and what the answers are compared with."""

    real: list[Score]
    naive: list[Score]
    bach: dict[str, float]
    """Bach's own figures; his overlap is what the training split has in common with the rest."""

    @classmethod
    def of(cls, corpus: Corpus, melodies: int) -> Exam:
        """Pieces of the valid split, evenly spread; all of them if `melodies` is 0."""
        from kantor.metrics.baselines import shuffled
        from kantor.report.bodies import Bodies, compare
        from kantor.report.comparing import overlaps

        held_out = [piece.score for piece in corpus if piece.split == "valid"]
        if len(held_out) < 2:
            raise InputError("the valid split has fewer than two pieces; see `dvc repro ingest`")
        count = min(melodies, len(held_out)) if melodies else len(held_out)
        rows = np.unique(np.linspace(0, len(held_out) - 1, max(2, count)).astype(int))
        real = [held_out[row] for row in rows]
        train = [piece.score for piece in corpus if piece.split == "train"]
        training = compare(Bodies(train, real, {}, []))
        bach = {name: training[name].real for name in METRICS if name in training}
        bach["overlap"] = overlaps(training)["generated"]
        bach |= shares(map(tally, real, real))
        return cls(real, shuffled(real, np.random.default_rng(0)), bach)

    def grade(self, compose: Callable[..., Any]) -> dict[str, dict[str, float]]:
        """Each metric and mark of one take of every soprano, beside Bach's and the naive figure."""
        from kantor.report.bodies import Bodies, compare
        from kantor.report.comparing import overlaps
        from kantor.report.composing import compose as compose_all
        from kantor.report.measuring import share_changed

        seeds = list(range(len(self.real)))
        takes = compose_all(compose, self.real, seeds)
        some = self.real[:AGAIN]
        others = compose_all(compose, some, [seed + len(seeds) for seed in range(len(some))])
        compared = compare(Bodies(takes, self.real, {"shuffled": self.naive}, []))
        figures = {
            name: {
                "value": compared[name].generated,
                "real": compared[name].real,
                "spread": compared[name].real_spread,
                "shuffled": compared[name].baseline["shuffled"],
            }
            for name in METRICS
            if name in compared
        }
        nothing = dict.fromkeys(("real", "spread", "shuffled"), float("nan"))
        overlap = overlaps(compared)
        figures["overlap"] = nothing | {
            "value": overlap["generated"],
            "real": self.bach["overlap"],
            "shuffled": overlap["shuffled"],
        }
        naive = shares(map(tally, self.naive, self.real))
        for name, value in shares(map(tally, takes, self.real)).items():
            sides = {"value": value, "real": self.bach[name], "shuffled": naive[name]}
            figures[name] = nothing | sides
        changed = share_changed(takes[: len(some)], others)
        figures[CHANGED] = nothing | {"value": changed}
        return figures
