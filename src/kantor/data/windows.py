"""Cut scores into piano rolls of one length, each beginning at a bar line.

Conventions
-----------
The tensors are ``(window, time, pitch, line)``, pitch 0 to 127. A held note fills the roll's
cells as a repeated one does; `onsets` tells them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor import settings
from kantor.data.corpus import Piece, read_arrays, write_arrays
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.formats.pianoroll import to_roll
from kantor.music.score import REST


@dataclass(frozen=True, eq=False)
class Windows:
    """Piano rolls cut from the pieces of a corpus.

    Attributes
    ----------
    rolls : (window, time, 128, line) bool
    onsets : (window, time, line) bool
    piece : (window,) int32
        The piece's row in the manifest.
    start : (window,) int32
        The step of the piece at which the window begins, always a bar line.
    length : (window,) int16
        How many steps are the piece's own; what follows them is padding with rests.
    """

    rolls: NDArray[np.bool_]
    onsets: NDArray[np.bool_]
    piece: NDArray[np.int32]
    start: NDArray[np.int32]
    length: NDArray[np.int16]


def cut(corpus: Sequence[Piece], sizes: settings.Windows, ensemble: Ensemble = SATB) -> Windows:
    """Cut every piece of `corpus` into windows of `sizes.steps`, every `sizes.hop_bars` bars.

    Windows begin at whole bars, so a pickup is in none. Where the last whole window stops short
    of the piece's end, one more, padded with rests, covers it if at least half of it is music.

    Raises
    ------
    InputError
        If a piece has not the lines of `ensemble`.
    """
    for piece in corpus:
        if piece.score.pitches.shape[1] != len(ensemble):
            raise InputError(
                f"{piece.id}: {piece.score.pitches.shape[1]} lines; the ensemble has "
                f"{len(ensemble)}: {', '.join(ensemble.names)}"
            )
    places = [
        (row, start, min(sizes.steps, piece.score.steps - start))
        for row, piece in enumerate(corpus)
        for start in starts(piece, sizes)
    ]
    shape = (len(places), sizes.steps, len(ensemble))
    pitches, onsets = np.full(shape, REST, np.int8), np.zeros(shape, bool)
    for window, (row, start, length) in enumerate(places):
        span = slice(start, start + length)
        pitches[window, :length] = corpus[row].score.pitches[span]
        onsets[window, :length] = corpus[row].score.onsets[span]
        # A note that sounds across the bar line begins, for the window, at its first step.
        onsets[window, 0] = pitches[window, 0] != REST
    placed = np.array(places, np.int32).reshape(-1, 3)
    return Windows(
        to_roll(pitches), onsets, placed[:, 0], placed[:, 1], placed[:, 2].astype(np.int16)
    )


def save(windows: Windows, path: Path) -> None:
    """Write `windows` to the npz file `path`, in one move; the rolls take a bit a cell."""
    packed = np.packbits(windows.rolls, axis=2)
    write_arrays(path, **vars(windows) | {"rolls": packed})


def load(path: Path) -> Windows:
    """Read what `save` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or not such a file.
    """

    def unpacked(stored: dict[str, NDArray[Any]]) -> Windows:
        rolls = np.unpackbits(stored["rolls"], axis=2).view(bool)
        return Windows(**stored | {"rolls": rolls})

    return read_arrays(path, unpacked)


def starts(piece: Piece, sizes: settings.Windows) -> list[int]:
    """The steps at which the windows of `piece` begin; none of a piece that is too short."""
    score = piece.score
    found: list[int] = []
    covered = 0
    for start in score.bar_lines[:: sizes.hop_bars].tolist():
        whole = start + sizes.steps <= score.steps
        half = 2 * (score.steps - start) >= sizes.steps
        if whole or (half and covered < score.steps):
            found.append(start)
            covered = start + sizes.steps
    return found
