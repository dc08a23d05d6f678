"""What the generator can do at a moment of its training: measured on fixed melodies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kantor.data.corpus import Corpus
from kantor.ensemble import SATB, Ensemble
from kantor.metrics.musical import evaluate_windows
from kantor.model.generator import Generator
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import Key, Score

STEPS = 64


def opening(score: Score, steps: int = STEPS) -> Score:
    """The beginning of a piece, pickup included."""
    return replace(
        score,
        pitches=score.pitches[:steps],
        onsets=score.onsets[:steps],
        fermatas=score.fermatas[:steps],
        bar_lines=score.bar_lines[score.bar_lines < steps],
    )


@dataclass(frozen=True, eq=False)
class Monitor:
    """Openings of held-out pieces, for whose melodies the other lines are composed repeatedly.

    `reference` has for each metric ``mean`` and ``sd`` in the training data.
    """

    pieces: tuple[Score, ...]
    reference: dict[str, dict[str, float]]
    ensemble: Ensemble = SATB

    @classmethod
    def of(cls, corpus: Corpus, pieces: int, ensemble: Ensemble = SATB) -> Monitor:
        """Melodies of the valid split (of any, where it is too small), evenly spread; the
        reference is the training data's own mean and deviation in the same windows."""
        held_out = [piece.score for piece in corpus if piece.split == "valid"]
        train = [piece.score for piece in corpus if piece.split == "train"]
        source = held_out or train
        chosen = np.unique(np.linspace(0, len(source) - 1, min(pieces, len(source))).astype(int))
        table = evaluate_windows([opening(score) for score in train])
        reference = {
            name: {"mean": float(table[name].mean()), "sd": float(table[name].std(ddof=0))}
            for name in table.columns
        }
        return cls(tuple(opening(source[index]) for index in chosen), reference, ensemble)

    def takes(self, generator: Generator, seed: int) -> list[Score]:
        """One take of each melody."""
        given = stack([self._melody(score) for score in self.pieces])
        seeds = np.arange(len(self.pieces)) + seed * len(self.pieces)
        pitches, onsets = generator.compose(given, seeds, particles=1)
        return [
            replace(score, pitches=pitches[row, : score.steps], onsets=onsets[row, : score.steps])
            for row, score in enumerate(self.pieces)
        ]

    def _melody(self, score: Score) -> Conditioning:
        """The melody given, the other lines to be composed."""
        mask = np.zeros(score.pitches.shape, bool)
        mask[:, self.ensemble.leads] = True
        return Conditioning.from_score(score, mask, score.key or Key())

    def measure(self, generator: Generator) -> tuple[dict[str, float], list[Score]]:
        """Figures of two takes of each melody, and the first takes.

        ``metric_<name>`` are means over windows; ``diversity`` is the share of composed cells that
        differ between two takes of the same melody.
        """
        first, second = self.takes(generator, 0), self.takes(generator, 1)
        figures = {
            f"metric_{name}": float(mean) for name, mean in evaluate_windows(first).mean().items()
        }
        differ = np.concatenate(
            [one.pitches != other.pitches for one, other in zip(first, second, strict=True)]
        )
        figures["diversity"] = float(np.delete(differ, self.ensemble.leads, axis=1).mean())
        return figures, first
