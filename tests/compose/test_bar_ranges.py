"""Bars by their printed numbers, and what is given with them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose import bar_ranges as cells
from kantor.errors import InputError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Meter, Score, onset_floor


def score(steps, **fields):
    pitches = np.full((steps, 4), 60, np.int8)
    return Score(pitches, onset_floor(pitches), **fields)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [("1-4,9", ((1, 4), (9, 9))), (" 0 , 2 - 3 ", ((0, 0), (2, 3))), ("7", ((7, 7),))],
)
def test_bars_are_parsed(text, ranges):
    """Numbers and ranges, with blanks where people put them."""
    assert cells.parse_bars(text) == ranges


@pytest.mark.parametrize(
    "text", ["", ",", "1,", "1-", "-2", "a", "1-2-3", "1.5", "4-2", "9" * 40, "١-٢x"]
)
def test_what_names_no_bars_is_refused(text):
    """The error repeats what was said."""
    with pytest.raises(InputError, match="bars '"):
        cells.parse_bars(text)


def test_a_pickup_is_bar_nought():
    """Bars are counted as in print, with a pickup and without; the last may be short."""
    with_pickup = score(40, pickup=4)
    assert cells.bar_spans(with_pickup) == {0: (0, 4), 1: (4, 20), 2: (20, 36), 3: (36, 40)}
    assert cells.bar_spans(score(32)) == {1: (0, 16), 2: (16, 32)}
    assert cells.bar_spans(score(2, pickup=4)) == {0: (0, 2)}
    changing = score(40, bar_lines=np.array([0, 16, 28]))
    assert cells.bar_spans(changing) == {1: (0, 16), 2: (16, 28), 3: (28, 40)}


def test_steps_in_bars():
    """Several ranges, overlapping or not, are one set of steps."""
    inside = cells.in_bars(score(48, meter=Meter(3, 4), pickup=4), ((0, 1), (1, 1), (3, 3)))
    assert np.flatnonzero(inside).tolist() == [*range(16), *range(28, 40)]


@pytest.mark.parametrize(
    ("pickup", "ranges", "fault"),
    [
        (0, ((0, 1),), "no bar 0; the piece has bars 1 to 3"),
        (4, ((3, 9),), "no bar 9; the piece has bars 0 to 3"),
        (0, ((4, 5),), "no bar 4; the piece has bars 1 to 3"),
        (0, ((1, 2), (999_999, 999_999)), "no bar 999999"),
    ],
)
def test_bars_that_are_not_there(pickup, ranges, fault):
    """The first bar that is not there is named, with those that are."""
    with pytest.raises(InputError, match=fault):
        cells.in_bars(score(48, pickup=pickup), ranges)


def test_resting_bars(chorale):
    """A bar counts for a voice that rests in all of it, not for one that rests in half."""
    resting = cells.resting_bars(chorale)
    assert np.flatnonzero(resting[:, 2]).tolist() == [*range(4, 20), *range(52, 68)]
    assert not resting[:, [0, 1, 3]].any()
    halved = chorale.pitches.copy()
    halved[68:76, 1] = -1
    onsets = chorale.onsets & (halved >= 0)
    assert not cells.resting_bars(replace(chorale, pitches=halved, onsets=onsets))[:, 1].any()


def test_a_note_held_into_a_given_bar_is_given_whole(chorale):
    """The bass note from bar 2 is kept when bar 3 is given, the others begin anew."""
    mask = np.repeat(cells.in_bars(chorale, ((3, 3),))[:, None], 4, axis=1)
    whole, notes = cells.with_held(chorale, mask)
    assert notes == 1
    assert np.flatnonzero(whole[:, 3]).tolist() == list(range(28, 52))
    assert (whole[:, :3] == mask[:, :3]).all()


def test_a_note_held_out_of_a_given_bar_may_end_there(chorale):
    """What is given of it is its beginning; how long it lasts is the model's."""
    mask = np.repeat(cells.in_bars(chorale, ((2, 2),))[:, None], 4, axis=1)
    whole, notes = cells.with_held(chorale, mask)
    assert (notes, (whole == mask).all()) == (0, True)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_no_given_cell_continues_what_is_composed(seed):
    """Whatever the mask: each given cell that begins no note follows a given one of its pitch."""
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.choice(60, 20, replace=False))
    notes = [
        Note(int(start), int(end), int(rng.integers(50, 70)), voice)
        for voice in range(4)
        for start, end in itertools.pairwise(edges)
        if rng.random() < 0.8
    ]
    pitches, onsets = arrays_of(notes, 60)
    before = rng.random((60, 4)) < 0.5
    mask, _ = cells.with_held(Score(pitches, onsets), before)
    assert mask[before].all()
    continued = mask & (pitches >= 0) & ~onsets
    assert mask[:-1][continued[1:]].all()


def test_numbers_of_bars():
    """Runs are joined."""
    assert cells.numbers([0, 1, 2, 4, 6, 7]) == "0-2, 4, 6-7"
