"""What a training composed for one fixed melody at each measurement, from the very beginning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kantor import files
from kantor.data import corpus as corpora
from kantor.data.corpus import Piece
from kantor.music.score import Score

FRAMES = 40
_TEMPO = 84.0  # quarters a minute, where the melody is not at hand


class Film:
    """Takes of the one melody, each in a file of its own in `folder`."""

    def __init__(self, folder: Path, melody: Score) -> None:
        self.folder, self.melody = folder, melody

    def keep(self, iteration: int, take: Score) -> None:
        """Add a frame."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pitches, onsets, bars = take.pitches, take.onsets, take.bar_lines
        files.save(
            frame_path(self.folder, iteration),
            lambda file: np.savez(file, pitches=pitches, onsets=onsets, bar_lines=bars),
        )

    def iterations(self, last: int) -> list[int]:
        """The iterations of the frames kept, up to `last`."""
        return [iteration for iteration in iterations(self.folder) if iteration <= last]

    def write(self, path: Path, last: int) -> None:
        """Write at most `FRAMES` of the frames up to iteration `last`, evenly spread.

        The file is a corpus (`kantor.data.corpus`) whose pieces are called by their iterations.
        """
        kept, frames = self.iterations(last), []
        for at in np.unique(np.linspace(0, len(kept) - 1, min(FRAMES, len(kept))).astype(int)):
            take = read_frame(self.folder, kept[at], self.melody)
            frames.append(Piece(str(kept[at]), "", "film", 0, take))
        corpora.save(frames, path)


def frame_path(folder: Path, iteration: int) -> Path:
    """Where a frame is kept."""
    return folder / f"frame-{iteration:07d}.npz"


def iterations(folder: Path) -> list[int]:
    """The iterations of the frames in a folder, ascending."""
    return sorted(int(path.stem.split("-")[1]) for path in folder.glob("frame-*.npz"))


def read_frame(folder: Path, iteration: int, melody: Score | None = None) -> Score:
    """The take of an iteration; key, tempo and all else are the melody's, where it is given."""
    with np.load(frame_path(folder, iteration)) as arrays:
        pitches, onsets = arrays["pitches"], arrays["onsets"]
        lines = arrays.get("bar_lines")
    if melody is not None:
        return replace(melody, pitches=pitches, onsets=onsets)
    take = Score(pitches, onsets, tempo=_TEMPO)
    return take if lines is None else replace(take, bar_lines=lines)
