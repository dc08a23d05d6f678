"""What a generator can do is measured on held-out melodies and compared with the data."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kantor.data.corpus import Corpus
from kantor.metrics.musical import LABELS, evaluate_windows
from kantor.model.train.monitor import Monitor, opening
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST


class Parallels:
    """A model by rule: voices in parallel below the soprano, an octave lower from a seed on."""

    def __init__(self, lower_from: int) -> None:
        self.lower_from = lower_from

    def compose(
        self, given: Conditioning, seeds: Any, particles: int
    ) -> tuple[np.ndarray, np.ndarray]:
        assert given.mask[..., 0].all()
        low = 12 * (np.asarray(seeds) >= self.lower_from)[:, None, None]
        pitches = given.pitches[..., :1] - [0, 4, 9, 12] - low * [0, 0, 0, 1]
        pitches = np.where(given.pitches[..., :1] == REST, REST, pitches)
        return pitches, given.onsets[..., :1] & (pitches != REST)


def test_opening(corpus: Corpus) -> None:
    """The first steps with their bar lines, fermatas and pickup; short pieces whole."""
    score = corpus[1].score
    short = opening(score, 20)
    assert (short.steps, short.pickup, short.bar_lines.tolist()) == (20, 4, [4])
    assert np.array_equal(short.bar_positions, score.bar_positions[:20])
    assert opening(corpus[3].score).steps == corpus[3].score.steps == 48
    assert opening(score).steps == 64


def test_melodies_are_held_out(corpus: Corpus) -> None:
    """They come from the valid split, evenly spread; the reference is of the training data."""
    monitor = Monitor.of(corpus, 99)
    assert [score.title for score in monitor.pieces] == ["Made 4", "Made 5"]
    table = evaluate_windows([opening(piece.score) for piece in corpus[:4]])
    assert list(monitor.reference) == list(LABELS)
    for name in LABELS:
        expected = {"mean": table[name].mean(), "sd": np.std(table[name])}
        assert monitor.reference[name] == pytest.approx(expected)
    many = (replace(corpus[0], split="train"), *(replace(piece, split="valid") for piece in corpus))
    titles = [score.title for score in Monitor.of(many, 3).pieces]
    assert titles == ["Made 0", "Made 2", "Made 5"]
    # Without a valid split the training pieces must serve.
    assert len(Monitor.of(corpus[:4], 48).pieces) == 4


def test_measure(corpus: Corpus) -> None:
    """Means over windows of one take, the share of cells that another take changes."""
    monitor = Monitor.of(corpus, 2)
    figures, takes = monitor.measure(Parallels(lower_from=2))
    table = evaluate_windows(takes)
    assert set(figures) == {f"metric_{name}" for name in LABELS} | {"diversity"}
    for name in LABELS:
        assert figures[f"metric_{name}"] == pytest.approx(table[name].mean(), nan_ok=True)
    # Of the three composed voices the second take moves the bass alone.
    assert figures["diversity"] == pytest.approx(1 / 3)
    for take, piece in zip(takes, monitor.pieces, strict=True):
        assert take.steps == piece.steps
        assert np.array_equal(take.pitches[:, 0], piece.pitches[:, 0])
        assert np.array_equal(take.pitches[:, 3], piece.pitches[:, 0] - 12)
    assert monitor.measure(Parallels(lower_from=99))[0]["diversity"] == 0
