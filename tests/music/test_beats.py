"""Tempo, meter and steps of melodies played without a click, and which melodies follow a beat."""

from fractions import Fraction

import numpy as np
import pytest

from kantor.music.beats import estimate
from kantor.music.click import follows_beat, latency
from kantor.music.score import Meter

# Pitch and length in steps of each note. A waltz, "O du lieber Augustin":
FIRST = [(67, 6), (69, 2), (67, 2), (65, 2), (64, 4), (60, 4), (60, 4)]
LAST = [(62, 8), (55, 4), (60, 12)]
AUGUSTIN = [*FIRST, (62, 4), (55, 4), (55, 4), (64, 4), (60, 4), (60, 4), *FIRST, *LAST]
WALTZ = Meter(3, 4), 0, AUGUSTIN * 2
# A jig with a pickup, "Pop goes the weasel":
ROUND = [(60, 4), (60, 2), (62, 4), (62, 2), (64, 2), (67, 2), (64, 2), (60, 4), (55, 2)]
MONKEY = [(60, 4), (60, 2), (62, 4), (62, 2), (64, 6), (60, 4), (55, 2)]
POP = [(69, 6), (62, 4), (65, 2), (64, 6), (60, 6)]
JIG = Meter(6, 8), 10, [(55, 2), *ROUND, *MONKEY, *ROUND[:-1], (60, 2), *POP]
# A march, "Yankee Doodle", in 2/4:
DOODLE = [(72, 2), (72, 2), (74, 2), (76, 2), (72, 2), (76, 2), (74, 2), (67, 2)]
TOWN = [(72, 2), (72, 2), (74, 2), (76, 2), (72, 4), (71, 4)]
CALLED = [(72, 2), (72, 2), (74, 2), (76, 2), (77, 2), (76, 2), (74, 2), (72, 2)]
MACARONI = [(71, 2), (67, 2), (69, 2), (71, 2), (72, 4), (72, 4)]
MINDS = [(69, 3), (71, 1), (69, 2), (67, 2), (69, 2), (71, 2), (72, 4)]
STEP = [(67, 3), (69, 1), (67, 2), (65, 2), (64, 4), (67, 4)]
GIRLS = [(69, 3), (71, 1), (69, 2), (67, 2), (69, 2), (71, 2), (72, 2), (69, 2)]
HANDY = [(67, 2), (72, 2), (71, 2), (74, 2), (72, 4), (72, 4)]
MARCH = Meter(2, 4), 0, [*DOODLE, *TOWN, *CALLED, *MACARONI, *MINDS, *STEP, *GIRLS, *HANDY]


def take(tune, tempo, jitter=0.02, drift=0.0, seed=0):
    """The onsets in seconds, the pitches and the steps of a tune that is played."""
    _, place, notes = tune
    steps = place + np.cumsum([0, *(length for _, length in notes)])[:-1]
    grid = np.arange(steps[0], steps[-1] + 1)
    lasting = 15 / tempo * (1 + drift * np.sin(grid / 25))
    seconds = np.append(0, np.cumsum(lasting[:-1]))[steps - steps[0]]
    played = seconds + np.random.default_rng(seed).normal(0, jitter, len(steps))
    return played, [pitch for pitch, _ in notes], steps


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("drift", [0.0, 0.05])
@pytest.mark.parametrize(
    ("tune", "tempo"), [(WALTZ, 73), (WALTZ, 141), (JIG, 118), (MARCH, 84), (MARCH, 107)]
)
def test_meter_tempo_and_steps_of_a_take_are_found(tune, tempo, drift, seed):
    """Every note stands at its step of the bar, and the tempo is within 3%."""
    onsets, pitches, steps = take(tune, tempo, drift=drift, seed=seed)
    beats = estimate(onsets, pitches)
    assert beats.meter == tune[0]
    assert beats.tempo == pytest.approx(tempo, rel=0.03 + drift / 2)
    assert beats.steps.tolist() == steps.tolist()
    assert 0.5 < beats.certainty <= min(beats.tempo_certainty, beats.meter_certainty) + 1e-9


def test_a_tempo_or_a_meter_that_is_known_is_kept():
    """Half and twice the tempo are read as asked, beyond the usual tempi too."""
    onsets, pitches, steps = take(MARCH, 100)
    for factor in (0.5, 2):
        beats = estimate(onsets, pitches, tempo=100 * factor)
        assert beats.tempo == pytest.approx(100 * factor, rel=0.03)
    assert estimate(onsets, pitches, places={Meter(3, 4): None}).meter == Meter(3, 4)
    beats = estimate(onsets, pitches, places={Meter(2, 4): 4})
    assert (beats.steps - steps == 4).all()


def test_loud_notes_show_the_bar():
    """Where rhythm shows no bar, accents do."""
    onsets, pitches = np.arange(48) * 0.5, [60] * 48
    for first in range(3):
        loud = [100 if number % 3 == first else 70 for number in range(48)]
        beats = estimate(onsets, pitches, loud, places={Meter(3, 4): None}, tempo=120)
        assert -beats.steps[0] // 4 % 3 == first


GRID = np.cumsum([0, 1, 0.5, 0.5, 1, 1, 1.5, 0.5, 2] * 5)


@pytest.mark.parametrize(
    ("starts", "follows"),
    [
        (GRID, True),
        (GRID + np.random.default_rng(1).normal(0, 0.05, len(GRID)), True),  # to a click
        (np.arange(40) / 8, True),  # 32nds
        (np.arange(40) / 3, True),  # triplets
        (np.arange(20).repeat(2) + np.tile([0, 0.6], 20), True),  # swing of another kind
        (GRID * 1.07, False),
        (GRID * 1.01, False),  # nearly the tempo that the file names
        (GRID + 0.3 * np.sin(GRID / 8) + 0.003, False),
        (GRID * 0.77, False),
    ],
)
def test_whether_notes_follow_the_beat(starts, follows):
    """What stands on a grid or was played to a click is told from a free take."""
    assert follows_beat(starts) is follows


@pytest.mark.parametrize("late", [Fraction(n, 480) for n in (0, 55, 96, 110, 130, 144, -110)])
def test_a_constant_offset_is_latency(late):
    """Exactly as much as all notes are late, nearly a sixteenth too; nothing on the grid."""
    assert latency([Fraction(start) + late for start in GRID]) == late
    assert latency([Fraction(step, 8) for step in range(40)]) == 0
    assert latency([Fraction(step, 3) for step in range(40)]) == 0
