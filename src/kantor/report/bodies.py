"""Bodies of music on the same melodies, and every metric of them side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kantor.ensemble import Ensemble
from kantor.metrics.accompaniment import evaluate_repeats
from kantor.metrics.cadences import evaluate_phrase_ends
from kantor.metrics.distances import (
    earth_movers,
    kit_histogram,
    line_histograms,
    onset_histograms,
    overlap_area,
    total_variation,
)
from kantor.music.score import Score
from kantor.report.comparing import Comparison, compare_distances, compare_tables
from kantor.report.tables import tally_table, window_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Bodies:
    """Bodies of music on the same melodies, in the same order, and what was trained on.

    `generated` has each melody once or several times, one take of all after the other. Tables name
    a piece by its melody's place, whichever take it is of.
    """

    generated: list[Score]
    real: list[Score]
    baselines: dict[str, list[Score]]
    training: list[Score]

    @property
    def ensemble(self) -> Ensemble:
        """That of all of them."""
        return self.real[0].ensemble

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The figures of their windows: ``generated``, ``real``, and each baseline's."""
        return {
            name: window_table(scores, self._places(scores)) for name, scores in self._all.items()
        }

    @cached_property
    def tallies(self) -> dict[str, pd.DataFrame]:
        """What a harmony teacher marks in them, piece by piece; named alike."""
        tables = {}
        for name, scores in self._all.items():
            places = self._places(scores)
            tables[name] = tally_table(scores, [self.real[place] for place in places], places)
        return tables

    @cached_property
    def repeats(self) -> dict[str, pd.DataFrame]:
        """How much of them was there some bars before, piece by piece; named alike."""
        return {name: self._named(evaluate_repeats(scores)) for name, scores in self._all.items()}

    @cached_property
    def phrase_ends(self) -> dict[str, pd.DataFrame]:
        """What their phrases end on (`kantor.metrics.cadences`); named alike."""
        return {
            name: self._named(evaluate_phrase_ends(scores)) for name, scores in self._all.items()
        }

    @property
    def training_overlap(self) -> dict[str, float]:
        """How much the training data's windows overlap with real ones, the mean over the metrics.

        As ``training``, the most that a model can be expected to reach; none without the data.
        """
        if not self.training:
            return {}
        real, known = self.tables["real"], window_table(self.training)
        return {
            "training": float(np.nanmean([overlap_area(known[one], real[one]) for one in real]))
        }

    @property
    def _all(self) -> dict[str, list[Score]]:
        return {"generated": self.generated, "real": self.real, **self.baselines}

    def _places(self, scores: list[Score]) -> list[int]:
        return [row % len(self.real) for row in range(len(scores))]

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.rename(index=lambda row: row % len(self.real), level="piece")

    def as_accompaniment(self) -> Bodies:
        """The same, to be measured as a melody with its accompaniment."""

        def asked(scores: list[Score]) -> list[Score]:
            ensemble = replace(self.ensemble, writing="accompaniment")
            return [replace(score, ensemble=ensemble) for score in scores]

        naive = {name: asked(scores) for name, scores in self.baselines.items()}
        return Bodies(asked(self.generated), asked(self.real), naive, asked(self.training))


def compare(bodies: Bodies) -> dict[str, Comparison]:
    """Every metric that is for their ensemble and says something about the composed lines.

    Distances from the training data are left out where there is none.
    """
    compared = _compared(bodies, bodies.tables)
    if bodies.training:
        compared |= _distances(bodies)
    if bodies.ensemble.writing == "voices":
        return compared
    # A piece has one figure of these: too few for the distributions' overlap.
    repeats = _compared(bodies, bodies.repeats)
    return compared | {name: replace(one, overlap={}) for name, one in repeats.items()}


def _compared(bodies: Bodies, tables: dict[str, pd.DataFrame]) -> dict[str, Comparison]:
    naive = {name: tables[name] for name in bodies.baselines}
    return compare_tables(tables["generated"], tables["real"], naive)


def _distances(bodies: Bodies) -> dict[str, Comparison]:
    """Distances from the training data: of pitches, of rhythm within the bar, of the drums."""
    ensemble = bodies.ensemble
    played = [line for line in range(len(ensemble)) if line != ensemble.leads]
    pitches, onsets = (
        {f"{kind}_histogram_{ensemble.names[line]}": line for line in lines}
        for kind, lines in (("pitch", ensemble.others), ("onset", played))
    )
    sides = bodies.generated, bodies.real, bodies.baselines, bodies.training
    found = compare_distances(pitches, line_histograms, earth_movers, *sides)
    if ensemble.writing == "voices":
        return found
    found |= compare_distances(onsets, onset_histograms, total_variation, *sides)
    if len(ensemble) > ensemble.pitched:
        kit = {"kit_histogram": 0}
        found |= compare_distances(kit, kit_histogram, total_variation, *sides)
    return found
