"""What is given and what is composed, in the words of the command line, and the cells it means."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.cli import options
from kantor.compose.plan import MOST_BARS, Plan, bar_spans, in_bars, with_held
from kantor.errors import InputError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Meter, Score, onset_floor


def score(steps, **fields):
    pitches = np.full((steps, 4), 60, np.int8)
    return Score(pitches, onset_floor(pitches), **fields)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ({}, {0}),
        ({"given": "bass"}, {3}),
        ({"given": " Soprano, BASS,bass"}, {0, 3}),
        ({"voices": "tenor,alto"}, {0, 3}),
        ({"given": "soprano,bass", "voices": "alto,tenor"}, {0, 3}),
        ({"voices": "all"}, set()),
        ({"given": "all", "more": 4}, {0, 1, 2, 3}),
        ({"fill": True}, set()),
        ({"fill": True, "given": "soprano"}, {0}),
        ({"composed": "1-2"}, {0}),
    ],
)
def test_given_voices(words, lines):
    """Named either way; without a name it is the soprano, and to fill it is none."""
    assert Plan.parse(**words).given == lines


@pytest.mark.parametrize(
    ("text", "ranges"),
    [("1-4,9", ((1, 4), (9, 9))), (" 0 , 2 - 3 ", ((0, 0), (2, 3))), ("7", ((7, 7),))],
)
def test_bars_are_parsed(text, ranges):
    """Numbers and ranges, with blanks where people put them."""
    assert Plan.parse(locked=text).locked == Plan.parse(composed=text).composed == ranges


BARS = ["", ",", "1,", "1-", "-2", "a", "1-2-3", "1.5", "9" * 40, "١-٢x"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"given": ""}, "--given: no voice; expected some of soprano,alto,tenor,bass, or all"),
        ({"given": "sopran"}, "--given: 'sopran' is no voice"),
        ({"voices": "all,bass"}, "--voices: 'all' is no voice"),
        ({"given": "soprano", "voices": "alto"}, "contradict each other"),
        ({"given": "soprano", "voices": "all"}, "contradict each other"),
        ({"given": "all"}, "nothing is left to compose"),
        ({"given": "all", "fill": True}, "nothing is left to compose"),
        ({"locked": "2-1"}, "--lock-bars: bars '2-1': 2-1 runs backwards"),
        *[({"composed": text}, "--compose-bars: bars '.*': expected numbers") for text in BARS],
        ({"locked": "1", "composed": "2"}, "exclude each other"),
        ({"locked": "1", "fill": True}, "exclude each other"),
        ({"composed": "1", "fill": True}, "exclude each other"),
        ({"more": -1}, "-1 more bars"),
        ({"more": MOST_BARS + 1}, "more bars"),
    ],
)
def test_what_cannot_be_is_refused(words, fault):
    """The option at fault is named."""
    with pytest.raises(InputError, match=fault):
        Plan.parse(**words)


def test_limits_of_a_plan():
    """One made in code is checked like one made of words; the command line's help states the
    number of bars that is allowed, without loading this module."""
    with pytest.raises(InputError, match="expected some of 0 to 3"):
        Plan(frozenset({4}))
    assert options.MOST_BARS == MOST_BARS


def test_a_pickup_is_bar_nought():
    """Bars are counted as in print, with a pickup and without; the last may be short."""
    with_pickup = score(40, pickup=4)
    assert bar_spans(with_pickup) == {0: (0, 4), 1: (4, 20), 2: (20, 36), 3: (36, 40)}
    assert bar_spans(score(32)) == {1: (0, 16), 2: (16, 32)}
    assert bar_spans(score(2, pickup=4)) == {0: (0, 2)}
    changing = score(40, bar_lines=np.array([0, 16, 28]))
    assert bar_spans(changing) == {1: (0, 16), 2: (16, 28), 3: (28, 40)}
    inside = in_bars(score(48, meter=Meter(3, 4), pickup=4), ((0, 1), (1, 1), (3, 3)))
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
        in_bars(score(48, pickup=pickup), ranges)


def test_a_bar_counts_that_rests_throughout(chorale):
    """A bar is filled for a voice that rests in all of it, not for one that rests in half."""
    pitches = chorale.pitches.copy()
    pitches[68:76, 1] = -1
    halved = replace(chorale, pitches=pitches, onsets=chorale.onsets & (pitches >= 0))
    mask, messages = Plan.parse(fill=True).mask(halved)
    assert np.flatnonzero(~mask[:, 2]).tolist() == [*range(4, 20), *range(52, 68)]
    assert mask[:, [0, 1, 3]].all()
    assert messages == ["fills the bars of tenor 1, 4"]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50)
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
    mask, _ = with_held(Score(pitches, onsets), before)
    assert mask[before].all()
    continued = mask & (pitches >= 0) & ~onsets
    assert mask[:-1][continued[1:]].all()
