"""A small corpus of four-part pieces made by rule, and a model that composes by rule."""

import numpy as np
import pytest

from kantor.data.corpus import Piece
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Key, Meter, Score, onset_floor
from kantor.report.evaluation import evaluate
from kantor.settings import Evaluate

BELOW = ((4, 9, 19), (3, 8, 17), (5, 8, 20), (3, 7, 16))


def chorale(row: int) -> Score:
    """Sixteen quarters over a tune of C major, with a pickup in every second piece."""
    soprano = np.repeat(np.random.default_rng(row).choice([64, 65, 67, 69, 71, 72, 74], 16), 4)
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
    splits = ["train"] * 3 + ["valid"] * 3
    pieces = enumerate(splits)
    return tuple(Piece(f"made/{row}", split, "made", 0, chorale(row)) for row, split in pieces)


@pytest.fixture(scope="session")
def model():
    """Parallel voices under the soprano, the bass an octave lower where the seed says so."""

    def compose(given: Conditioning, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        soprano = given.pitches[..., :1].astype(np.int64)
        octave = 12 * (seeds % 2)[:, None, None] * np.array([0, 0, 0, 1])
        under = np.where(soprano == REST, REST, soprano - np.array([0, 4, 9, 12]) - octave)
        pitches = np.where(given.mask, given.pitches, under).astype(np.int8)
        floor = onset_floor(pitches.swapaxes(0, 1)).swapaxes(0, 1)
        return pitches, given.onsets | (floor & ~given.mask)

    return compose


@pytest.fixture(scope="session")
def reports(corpus, model, tmp_path_factory):
    """What the stage writes of that corpus and that model; only to be read."""
    folder = tmp_path_factory.mktemp("reports")
    evaluate(model, corpus, Evaluate(split="valid", samples=1), folder, folder / "model.json")
    return folder
