"""A corpus of made-up chorales, each with a tune of its own."""

from types import SimpleNamespace

import numpy as np

from kantor.data.corpus import Piece
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

PHRASE = 32  # steps


def chorale(number, split="test", source="jsb", phrases=6):
    """Quarters with a pickup of one; each phrase of eight quarters ends with a fermata."""
    chance = np.random.default_rng(number)
    steps = PHRASE * phrases
    notes = [
        Note(start, start + 4, low + int(chance.integers(8)), line)
        for line, low in enumerate((66, 60, 54, 45))
        for start in range(0, steps, 4)
    ]
    fermatas = np.arange(steps) % PHRASE >= PHRASE - 4
    score = Score(
        *arrays_of(notes, steps, lines=4), Meter(), pickup=4, key=Key(), fermatas=fermatas,
        tempo=240, title=f"Chorale {number}",
    )  # fmt: skip
    return Piece(f"{source}/{number}", split, source, 0, score)


def corpus(held_out=8):
    """Three chorales to train on, and some that are held out."""
    train = [chorale(1000 + number, "train") for number in range(3)]
    return (*train, *(chorale(number) for number in range(held_out)))


def parallel(given, seeds, **sampling):
    """In place of a model: each lower voice at its distance from the first, moved by the seed."""
    lines = np.arange(given.pitches.shape[-1])
    lower = given.pitches[:, :, :1] - 5 * lines - (np.asarray(seeds)[:, None, None] % 3)
    pitches = np.where(given.mask, given.pitches, lower).astype(np.int8)
    return pitches, np.where(given.mask, given.onsets, given.onsets[:, :, :1])


MODEL = SimpleNamespace(source="kantor-bach version 1", compose=parallel)
