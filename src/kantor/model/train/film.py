"""What the model makes of one melody at moments of its training, kept to be shown as a film."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kantor import files
from kantor.data import corpus
from kantor.data.corpus import Piece
from kantor.music.score import Score

FRAMES = 40


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
        found = sorted(int(path.stem.split("-")[1]) for path in self.folder.glob("frame-*.npz"))
        return [iteration for iteration in found if iteration <= last]

    def write(self, path: Path, last: int) -> None:
        """Write at most `FRAMES` of the frames up to iteration `last`, evenly spread.

        The file is a corpus (`kantor.data.corpus`) whose pieces are called by their iterations.
        """
        kept = self.iterations(last)
        at = np.unique(np.linspace(0, len(kept) - 1, min(FRAMES, len(kept))).astype(int))
        corpus.save([self._frame(kept[index]) for index in at], path)

    def _frame(self, iteration: int) -> Piece:
        melody = self.melody
        with np.load(self.folder / f"frame-{iteration:07d}.npz") as kept:
            take = Score(
                kept["pitches"],
                kept["onsets"],
                melody.meter,
                melody.pickup,
                melody.key,
                melody.tempo,
                melody.title,
                bar_lines=melody.bar_lines,
            )
        return Piece(str(iteration), "", "film", 0, take)
