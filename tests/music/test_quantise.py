"""Exactly timed notes onto the sixteenth grid."""

from __future__ import annotations

import itertools
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.music.notes import Note, TimedNote
from kantor.music.quantise import Deviation, quantise


def line(*starts: F | float, last: float = 1.0) -> list[TimedNote]:
    """Notes that each last until the next, the pitches ascending."""
    times = [F(start).limit_denominator(960) for start in starts]
    ends = [*times[1:], times[-1] + F(last).limit_denominator(960)]
    return [
        TimedNote(start, end, 60 + i % 12)
        for i, (start, end) in enumerate(zip(times, ends, strict=True))
    ]


def test_notes_on_the_grid_stay_where_they_are() -> None:
    """What is on sixteenths is not touched, and the deviation says so."""
    notes, deviation = quantise(line(0, F(1, 4), F(1, 2), 1, last=2))
    assert notes == [Note(0, 1, 60), Note(1, 2, 61), Note(2, 4, 62), Note(4, 12, 63)]
    assert deviation == Deviation()
    assert quantise([]) == ([], Deviation())


@given(st.lists(st.tuples(st.integers(0, 7680), st.integers(1, 960)), min_size=1, max_size=30))
@settings(max_examples=80)
def test_a_line_comes_out_a_line(timed: list[tuple[int, int]]) -> None:
    """Whatever goes in: no two notes overlap, none is shorter than a step, none goes uncounted.

    In whole numbers of a finer unit as in fractions of a quarter.
    """
    notes, deviation = quantise([TimedNote(F(s, 480), F(s + n, 480), 60) for s, n in timed])
    whole = [TimedNote(7 * s, 7 * (s + n), 60) for s, n in timed]
    assert quantise(whole, 7 * 480) == (notes, deviation)
    assert all(note.start < note.end for note in notes)
    assert all(a.end <= b.start for a, b in itertools.pairwise(notes))
    assert len(notes) + deviation.dropped == len(timed)
    assert notes[0].start >= 0
    assert deviation.largest <= 1.5


@given(st.lists(st.integers(1, 8), min_size=1, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_slight_unsteadiness_is_taken_out(lengths: list[int], random: object) -> None:
    """Notes played up to a third of a step early or late land on the steps that were meant."""
    steps = np.cumsum([1, *lengths])
    wobble = [random.randint(-3, 3) for _ in steps]  # type: ignore[attr-defined]
    notes = line(*[F(int(s) * 10 + w, 40) for s, w in zip(steps, wobble, strict=True)])
    quantised = [note.start for note in quantise(notes)[0]]
    if not quantise(notes)[1].swung:
        assert quantised == steps.tolist()


def test_triplets_land_on_three_different_steps() -> None:
    """Triplet eighths take the first, second and fourth step of the beat; none vanishes."""
    notes = line(*[F(i, 3) for i in range(6)], last=F(1, 3))
    quantised, deviation = quantise(notes)
    assert [(n.start, n.end) for n in quantised] == [(0, 1), (1, 3), (3, 4), (4, 5), (5, 7), (7, 8)]
    assert deviation.share_moved == pytest.approx(4 / 6)
    assert deviation.largest == pytest.approx(1 / 3)
    assert not deviation.swung


def test_swung_eighths_become_even() -> None:
    """Off-beats at two thirds of the beat are eighths in swing, and the deviation says so."""
    swung = line(*[F(i) + late for i in range(6) for late in (F(0), F(2, 3))], last=F(1, 3))
    notes, deviation = quantise(swung)
    assert [note.start for note in notes] == list(range(0, 24, 2))
    assert deviation.swung
    assert deviation.largest == pytest.approx(2 / 3)
    whole = [TimedNote(int(s * 120), int(e * 120), p) for s, e, p in swung]
    assert quantise(whole, 120) == (notes, deviation)


@pytest.mark.parametrize(
    "starts", [[0, 1 / 3, 2 / 3] * 4, [0, 0.5] * 6, [0, 0.75] * 6, [0, 2 / 3, 0, 0]]
)
def test_other_rhythms_are_not_swing(starts: list[float]) -> None:
    """Triplets, even eighths, dotted eighths and a single late note stay what they are."""
    notes = [TimedNote(F(i + s).limit_denominator(12), F(i + 1), 60) for i, s in enumerate(starts)]
    assert not quantise(notes)[1].swung


def test_notes_are_at_least_a_step_and_never_overlap() -> None:
    """A staccato of a hundredth of a beat is still a note; one held into the next is cut."""
    short, _ = quantise([TimedNote(F(1), F(101, 100), 60), TimedNote(F(2), F(2), 62)])
    assert short == [Note(4, 5, 60), Note(8, 9, 62)]
    long, _ = quantise([TimedNote(F(0), F(4), 60), TimedNote(F(1), F(2), 62)])
    assert long == [Note(0, 4, 60), Note(4, 8, 62)]


def test_two_notes_in_one_step_find_room() -> None:
    """Of two thirty-seconds one moves to a free neighbour; in a long trill some go, counted."""
    notes, _ = quantise(line(0, 1, F(9, 8), 2))
    assert [note.start for note in notes] == [0, 4, 5, 8]
    assert quantise(line(*[F(i, 8) for i in range(16)]))[1].dropped >= 7


def test_music_without_a_click_is_recognised() -> None:
    """Starts that follow no grid are distinguished from sixteenths and from triplets."""
    random = np.random.default_rng(0)
    free = line(*np.cumsum(random.uniform(0.4, 1.1, 40)).tolist())
    steady = line(*[i / 2 + random.normal(0, 0.02) for i in range(1, 41)])
    triplets = line(*[F(i, 3) for i in range(40)])
    assert quantise(free)[1].off_grid
    assert not quantise(steady)[1].off_grid
    assert not quantise(triplets)[1].off_grid
