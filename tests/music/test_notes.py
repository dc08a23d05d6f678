"""Notes to the grid and back, and exactly timed ones onto it."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.music.notes import Note, TimedNote, arrays_of, notes_of
from kantor.music.quantise import Deviation, quantise
from kantor.music.score import REST, Score


@st.composite
def voices(draw, steps=24, count=4):
    """Notes that do not overlap within a voice, repeated ones and rests among them."""
    notes = []
    for voice in range(count):
        for start, end in pairwise(sorted(draw(st.sets(st.integers(0, steps), max_size=10)))):
            pitch = draw(st.sampled_from([REST, 0, 60, 61, 127]))
            notes += [Note(start, end, pitch, voice)] * (pitch != REST)
    return sorted(notes)


@given(voices())
@settings(max_examples=60)
def test_notes_survive_the_grid(notes):
    """Notes written to arrays and read back are the same notes, repeated ones apart."""
    assert notes_of(Score(*arrays_of(notes, 24))) == notes


def test_a_later_note_counts_where_two_overlap():
    """A long note ends where the next begins, and does not come back after it."""
    pitches, onsets = arrays_of([Note(0, 8, 60), Note(2, 4, 62)], 8, 1)
    assert pitches[:, 0].tolist() == [60, 60, 62, 62, -1, -1, -1, -1]
    assert np.flatnonzero(onsets[:, 0]).tolist() == [0, 2]


@pytest.mark.parametrize(
    "note", [Note(-1, 2, 60), Note(6, 9, 60), Note(3, 3, 60), Note(0, 1, 60, 4)]
)
def test_notes_off_the_grid_are_refused(note):
    """A note before, behind, without length or in no voice is an error."""
    with pytest.raises(InputError, match="lies outside"):
        arrays_of([note], 8)


def line(*starts, last=1.0):
    """Notes that each last until the next, the last one so long, all of one pitch."""
    times = [F(start).limit_denominator(960) for start in starts]
    times.append(times[-1] + F(last).limit_denominator(960))
    return [TimedNote(start, end, 60) for start, end in pairwise(times)]


@pytest.mark.parametrize(
    ("timed", "expected"),
    [
        ([], []),
        # what is on sixteenths is not touched
        (line(0, F(1, 4), F(1, 2), 1, last=2), [(0, 1), (1, 2), (2, 4), (4, 12)]),
        # a staccato of a hundredth of a beat is still a note
        ([TimedNote(F(1), F(101, 100), 60), TimedNote(F(2), F(2), 62)], [(4, 5), (8, 9)]),
        # one that is held into the next is cut
        ([TimedNote(F(0), F(4), 60), TimedNote(F(1), F(2), 62)], [(0, 4), (4, 8)]),
        # of two thirty-seconds one moves to a free neighbour
        (line(0, 1, F(9, 8), 2), [(0, 4), (4, 5), (5, 8), (8, 12)]),
        # triplets take the first, second and fourth step of the beat
        (
            line(*[F(i, 3) for i in range(6)], last=F(1, 3)),
            [(0, 1), (1, 3), (3, 4), (4, 5), (5, 7), (7, 8)],
        ),
    ],
)
def test_notes_land_on_steps(timed, expected):
    """Each on one of its own, a step long at least, and none into the next."""
    notes, deviation = quantise(timed)
    assert [(note.start, note.end) for note in notes] == expected
    moved = [abs(4 * one.start - note.start) for one, note in zip(timed, notes, strict=True)]
    share = sum(map(bool, moved)) / max(1, len(moved))
    assert (deviation.share_moved, deviation.swung) == (pytest.approx(share), False)
    assert deviation.largest == pytest.approx(float(max(moved, default=0)))
    assert (deviation == Deviation()) == (not any(moved))


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        # of a scale in thirty-seconds those on the grid stay, and none comes when all is over
        ([F(i, 8) for i in range(9)], {0: 0, 1: 2, 2: 4, 3: 6}),
        ([0, F(1, 4), F(3, 8), F(1, 2), 2], {0: 0, 1: 1, 2: 3}),
        # two dotted sixteenths, each with its thirty-second
        ([0, F(3, 8), F(1, 2), F(7, 8), 1, 2], {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        # grace notes before the beat and on it; where no step is free they are left out
        ([0, F(15, 16), 1, 2], {0: 0, 3: 1, 4: 2}),
        ([0, 1, F(17, 16), 2], {0: 0, 3: 1, 4: 2}),
        ([0, F(3, 4), F(15, 16), 1, 2], {0: 0, 3: 1, 4: 3}),
        ([0, F(1, 16), 1], {0: 1}),
    ],
)
def test_what_lies_between_steps_gives_way(starts, expected):
    """Notes on the grid keep their places, and the main note its own against a grace note."""
    timed = [TimedNote(F(a), F(b), 60 + i) for i, (a, b) in enumerate(pairwise(starts))]
    notes, deviation = quantise(timed)
    assert {note.start: note.pitch - 60 for note in notes} == expected
    assert deviation.dropped == len(timed) - len(notes)


@pytest.mark.parametrize(
    ("timed", "expected"),
    [
        ([(0, 1), (1, 1), (2, 3)], [(0, 4), (4, 5), (8, 12)]),  # without length
        ([(0, F(5, 4)), (1, F(3, 2)), (F(5, 4), 2)], [(0, 4), (4, 5), (5, 8)]),  # overlapping
    ],
)
def test_no_note_is_lost_to_another(timed, expected):
    """Notes without length, and repeated ones that overlap, all stay."""
    notes, deviation = quantise([TimedNote(F(start), F(end), 60) for start, end in timed])
    assert ([(note.start, note.end) for note in notes], deviation.dropped) == (expected, 0)


@given(st.lists(st.tuples(st.integers(0, 7680), st.integers(1, 960)), min_size=1, max_size=30))
@settings(max_examples=80)
def test_a_line_comes_out_a_line(timed):
    """No two notes overlap, none is shorter than a step, none goes uncounted, whatever the unit."""
    notes, deviation = quantise([TimedNote(F(s, 480), F(s + n, 480), 60) for s, n in timed])
    whole = [TimedNote(7 * s, 7 * (s + n), 60) for s, n in timed]
    assert quantise(whole, 7 * 480) == (notes, deviation)
    assert all(note.start < note.end for note in notes)
    assert all(a.end <= b.start for a, b in pairwise(notes))
    assert len(notes) + deviation.dropped == len(timed)
    assert notes[0].start >= 0
    assert deviation.largest <= 1.5


@given(st.lists(st.integers(1, 8), min_size=1, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_slight_unsteadiness_is_taken_out(lengths, random):
    """Notes played up to a third of a step early or late land on the steps that were meant."""
    steps = np.cumsum([1, *lengths]).tolist()
    wobble = [random.randint(-3, 3) for _ in steps]
    notes, deviation = quantise(
        line(*[F(s * 10 + w, 40) for s, w in zip(steps, wobble, strict=True)])
    )
    assert deviation.swung or [note.start for note in notes] == steps


def test_swung_eighths_become_even():
    """Off-beats at two thirds of the beat are eighths in swing, and the deviation says so."""
    swung = line(*[F(i) + late for i in range(6) for late in (F(0), F(2, 3))], last=F(1, 3))
    notes, deviation = quantise(swung)
    assert [note.start for note in notes] == list(range(0, 24, 2))
    assert deviation.swung
    assert deviation.largest == pytest.approx(2 / 3)
    whole = [TimedNote(int(start * 120), int(end * 120), pitch) for start, end, pitch, _ in swung]
    assert quantise(whole, 120) == (notes, deviation)


@pytest.mark.parametrize(
    "starts", [[0, 1 / 3, 2 / 3] * 4, [0, 0.5] * 6, [0, 0.75] * 6, [0, 2 / 3, 0, 0]]
)
def test_other_rhythms_are_not_swing(starts):
    """Triplets, even eighths, dotted eighths and a single late note stay what they are."""
    notes = [TimedNote(F(i + s).limit_denominator(12), F(i + 1), 60) for i, s in enumerate(starts)]
    assert not quantise(notes)[1].swung


def test_notes_without_a_step_are_counted():
    """In a long trill some notes go."""
    assert quantise(line(*[F(i, 8) for i in range(16)]))[1].dropped >= 7
