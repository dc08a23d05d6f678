"""Swing: when steps are played, and from where quarters are counted."""

from dataclasses import replace

import numpy as np
import pytest
from tests.ensembles import rhythms

from kantor.music.score import Meter
from kantor.music.swing import steps_played, swing_changes


def test_the_first_eighth_of_a_pair_is_longer():
    """By the ratio, each half of a quarter played evenly; beats and the end stay where they are."""
    played = steps_played(rhythms(swing=0.625))
    assert played[:5].tolist() == [0, 1.25, 2.5, 3.25, 4]
    assert (played[::4] == np.arange(0, 65, 4)).all()


@pytest.mark.parametrize(
    ("about", "changes"),
    [
        ({"swing": 0.5}, []),
        ({"swing": 0.6}, [(0, 0.6)]),
        ({"swing": 0.6, "pickup": 2}, [(2, 0.6)]),
        ({"swing": 0.6, "meter": Meter(6, 8)}, [(0, 0.5)]),
    ],
)
def test_quarters_are_counted_from_bar_lines(about, changes):
    """Also behind a pickup; three eighths have no pairs; what is even is as written."""
    score = rhythms(**about)
    assert swing_changes(score) == changes
    if about["swing"] == 0.5 or "meter" in about:
        assert (steps_played(score) == np.arange(score.steps + 1)).all()


def test_meters_may_change():
    """Where a bar of seven eighths has moved the beats, they are counted anew."""
    score = rhythms(swing=0.6, bars=3)
    score = replace(
        score,
        pitches=score.pitches[:46],
        onsets=score.onsets[:46],
        fermatas=score.fermatas[:46],
        bar_lines=np.array([0, 16, 30], np.int32),
        meters=((16, Meter(7, 8)), (30, Meter())),
    )
    assert swing_changes(score) == [(0, 0.6), (16, 0.5), (30, 0.6)]
    assert steps_played(score)[[2, 18, 32]].tolist() == [2.4, 18, 32.4]


def test_an_eighth_before_the_first_bar_is_played_short():
    """It begins later, and nothing before the beginning."""
    assert steps_played(rhythms(swing=0.625, pickup=2))[:3].tolist() == [0.5, 1.25, 2]
