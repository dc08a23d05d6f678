"""What a generator can do is measured on held-out melodies and compared with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kantor.data.corpus import Corpus
from kantor.metrics.musical import HEADLINE, LABELS, evaluate_windows
from kantor.model.train.monitor import Monitor, opening, stopped_improving
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST

MEASURED = [name for name in HEADLINE if name in LABELS]


class Parallels:
    """A model by rule: voices in parallel below the soprano, an octave lower from a seed on."""

    def __init__(self, lower_from: int) -> None:
        self.lower_from = lower_from

    def compose(self, given: Conditioning, seeds: Any) -> tuple[np.ndarray, np.ndarray]:
        assert given.mask[..., 0].all()
        low = 12 * (np.asarray(seeds) >= self.lower_from)[:, None]
        pitches, onsets = given.pitches.copy(), given.onsets.copy()
        soprano = given.pitches[..., 0]
        for voice, below in ((1, 4), (2, 9), (3, 12 + low)):
            composed = np.where(soprano == REST, REST, soprano - below)
            pitches[..., voice] = np.where(given.mask[..., voice], REST, composed)
            onsets[..., voice] = given.onsets[..., 0] & (pitches[..., voice] != REST)
        return pitches, onsets


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


def figures(**changed: float) -> dict[str, float]:
    return {f"metric_{name}": changed.get(name, 1.0) for name in MEASURED}


def test_converged() -> None:
    """Every headline metric within so many deviations of the data's mean.

    Where the data never varies, the generator must not either.
    """
    assert len(MEASURED) > 5
    monitor = Monitor((), {name: {"mean": 1.0, "sd": 0.5} for name in LABELS})
    assert monitor.converged(figures(), 0.02)
    assert monitor.converged(figures(crossing=1.009, leaps_bass=0.991), 0.02)
    for name in MEASURED:
        assert not monitor.converged(figures(**{name: 1.02}), 0.02)
        assert not monitor.converged(figures(**{name: 0.98}), 0.02)
        assert monitor.converged(figures(**{name: 0.98}), 0.05)
    still = Monitor((), {name: {"mean": 1.0, "sd": 0.0} for name in LABELS})
    assert still.converged(figures(), 0.02)
    assert not still.converged(figures(crossing=1.001), 0.02)


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([], False),
        ([2.0, 2.0, 2.0], False),
        ([2.0, 2.0, 2.0, 2.0], True),
        ([9.0, 2.0, 2.0, 2.01, 1.99], True),
        ([2.0, 2.0, 1.9, 1.9], False),
        ([2.0, 2.0, 2.1, 2.1], False),
        ([-2.0, -2.0, -2.001, -2.001], True),
        ([0.0, 0.0, 0.0, 0.0], True),
        ([0.0, 0.0, 0.1, 0.1], False),
    ],
)
def test_stopped_improving(distances: Sequence[float], expected: bool) -> None:
    """The mean of the last rows is that of the rows before them, within a thousandth."""
    assert stopped_improving(distances, 2, 0.001) is expected
