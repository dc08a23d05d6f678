"""What the generator can do at a moment of its training: measured on fixed melodies, and kept.

The takes that are kept of one melody are shown as a film.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kantor import files
from kantor.data import corpus as corpora
from kantor.data.corpus import Corpus, Piece
from kantor.ensemble import SATB, Ensemble
from kantor.metrics.musical import evaluate_windows, headline
from kantor.model.generator import Generator
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import Score

STEPS = 64
FRAMES = 40


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
        pitches, onsets = generator.compose(given, seeds)
        return [
            replace(score, pitches=pitches[row, : score.steps], onsets=onsets[row, : score.steps])
            for row, score in enumerate(self.pieces)
        ]

    def _melody(self, score: Score) -> Conditioning:
        """The melody given, the other lines to be composed."""
        mask = np.zeros(score.pitches.shape, bool)
        mask[:, self.ensemble.leads] = True
        return Conditioning.from_score(score, mask, None if score.key else 0)

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

    def converged(self, figures: dict[str, float], tolerance: float) -> bool:
        """Whether every headline metric lies within `tolerance` deviations of the data's mean.

        What cannot be counted has not converged.
        """
        return all(
            abs(figures.get(f"metric_{name}", math.nan) - self.reference[name]["mean"])
            <= tolerance * max(self.reference[name]["sd"], 1e-6)
            for name in headline(self.ensemble)
            if name in self.reference
        )


def stopped_improving(distances: Sequence[float], rows: int, tolerance: float) -> bool:
    """Whether the critic's estimate of the distance has stood for `rows` rows of the log.

    The mean of the last `rows` is compared with that of the `rows` before.
    """
    if len(distances) < 2 * rows:
        return False
    before = float(np.mean(distances[-2 * rows : -rows]))
    after = float(np.mean(distances[-rows:]))
    return abs(after - before) <= tolerance * max(abs(before), 1e-6)


class Film:
    """Takes of the one fixed melody, each in a file of its own in `folder`."""

    def __init__(self, folder: Path, melody: Score) -> None:
        self.folder, self.melody = folder, melody

    def keep(self, iteration: int, take: Score) -> None:
        """Add a frame."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files.save(
            self.folder / f"frame-{iteration:07d}.npz",
            lambda file: np.savez(file, pitches=take.pitches, onsets=take.onsets),
        )

    def iterations(self, last: int) -> list[int]:
        """The iterations of the frames kept, up to `last`."""
        kept = sorted(int(path.stem.split("-")[1]) for path in self.folder.glob("frame-*.npz"))
        return [iteration for iteration in kept if iteration <= last]

    def write(self, path: Path, last: int) -> None:
        """Write at most `FRAMES` of the frames up to iteration `last`, evenly spread.

        The file is a corpus (`kantor.data.corpus`) whose pieces are called by their iterations.
        """
        kept, frames = self.iterations(last), []
        for at in np.unique(np.linspace(0, len(kept) - 1, min(FRAMES, len(kept))).astype(int)):
            with np.load(self.folder / f"frame-{kept[at]:07d}.npz") as arrays:
                take = replace(self.melody, pitches=arrays["pitches"], onsets=arrays["onsets"])
            frames.append(Piece(str(kept[at]), "", "film", 0, take))
        corpora.save(frames, path)
