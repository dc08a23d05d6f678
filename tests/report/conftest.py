"""A small corpus of four-part pieces made by rule, and a model that composes by rule."""

from __future__ import annotations

import numpy as np
import pytest

from kantor.data.corpus import Piece
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Key, Meter, Score, onset_floor
from kantor.report.evaluation import evaluate
from kantor.settings import Evaluate

TUNES = (
    (67, 69, 71, 72, 74, 72, 71, 69, 67, 71, 74, 72, 71, 69, 69, 67),
    (72, 71, 69, 67, 72, 74, 76, 74, 72, 69, 71, 72, 74, 71, 69, 72),
    (76, 74, 72, 74, 76, 77, 76, 74, 71, 72, 74, 76, 72, 71, 74, 72),
    (69, 69, 71, 72, 71, 69, 68, 69, 72, 74, 76, 74, 72, 71, 68, 69),
    (64, 67, 65, 69, 67, 71, 72, 67, 69, 65, 67, 64, 65, 62, 67, 72),
    (74, 67, 69, 65, 67, 72, 64, 74, 67, 76, 65, 77, 71, 74, 67, 72),
)
BELOW = ((4, 9, 19), (3, 8, 17), (5, 8, 20), (3, 7, 16))


def chorale(row: int) -> Score:
    """Sixteen quarters over tune `row`, with a pickup in every second piece."""
    soprano = np.repeat(TUNES[row % len(TUNES)], 4)
    lower = [[note - gap for gap in BELOW[(at + row) % 4]] for at, note in enumerate(soprano)]
    quarter = np.arange(len(soprano)) // 4 * 4
    pitches = np.column_stack([soprano, np.array(lower)[quarter]]).astype(np.int8)
    onsets = onset_floor(pitches)
    onsets[::8, 0] = True
    pickup = 4 * (row % 2)
    return Score(pitches, onsets, Meter(), pickup, Key(0), 360.0, f"Piece {row} <b>&</b>")


@pytest.fixture(scope="session")
def corpus() -> tuple[Piece, ...]:
    """Three training pieces, three to be held out."""
    splits = ("train", "train", "train", "valid", "valid", "valid")
    return tuple(
        Piece(f"made/{row}", split, "made", 0, chorale(row)) for row, split in enumerate(splits)
    )


def by_rule(given: Conditioning, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parallel voices under the soprano, moved by an octave where the seed says so."""
    pitches, onsets = given.pitches.copy(), given.onsets.copy()
    soprano = given.pitches[..., 0]
    for row, seed in enumerate(seeds):
        low = 12 * (int(seed) % 2)
        for voice, gap in ((1, 4), (2, 9), (3, 12 + low)):
            under = np.where(soprano[row] == REST, REST, soprano[row] - gap)
            free = ~given.mask[row, :, voice]
            pitches[row, free, voice] = under[free]
    onsets |= onset_floor(pitches.swapaxes(0, 1)).swapaxes(0, 1) & ~given.mask
    return pitches, onsets


@pytest.fixture(scope="session")
def model():
    """A model of the form that a generator's `compose` has."""
    return by_rule


@pytest.fixture(scope="session")
def reports(corpus, model, tmp_path_factory):
    """What the stage writes of that corpus and that model; only to be read."""
    folder = tmp_path_factory.mktemp("reports")
    evaluate(model, corpus, Evaluate(split="valid", samples=1), folder, folder / "model.json")
    return folder
