"""The melody found among parts and chords."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose.melody import choose_part, in_units, top_line
from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.music.notes import TimedNote


def note(start, end, pitch):
    return TimedNote(Fraction(start), Fraction(end), pitch)


def part(name, pitch, length=8, is_drum=False):
    notes = tuple(note(start, start + 1, pitch) for start in range(length))
    return Part(name, notes, is_drum)


PARTS = (part("Bass", 40), part("Flute", 84, length=2), part("Oboe", 70), part("Kit", 90, 8, True))


def test_the_highest_part_is_taken_and_told():
    """A part that hardly plays and the drums are no melody, however high they are."""
    chosen, told = choose_part(PARTS, None)
    assert chosen.name == "Oboe"
    assert "track 3 (Oboe) of 4" in told
    assert "--track" in told


@pytest.mark.parametrize("name", ["Melody", "SOPRANO 1", "Voice", "Lead guitar", "Singstimme"])
def test_a_part_named_as_melody_is_taken(name):
    """The one part that is named like a melody wins over a higher one."""
    chosen, told = choose_part((*PARTS, part(name, 60)), None)
    assert chosen.name == name
    assert "by its name" in told


def test_a_single_part_needs_no_word():
    """Where there is no choice nothing is told."""
    assert choose_part((part("x", 60), PARTS[3]), None)[1] is None


@pytest.mark.parametrize(
    ("track", "name"), [(1, "Bass"), ("3", "Oboe"), ("oboe", "Oboe"), ("bas", "Bass")]
)
def test_a_track_is_chosen_by_number_or_name(track, name):
    """Numbers count from 1; names need no capitals and may be cut where that is clear."""
    assert choose_part(PARTS, track) == (PARTS[[p.name for p in PARTS].index(name)], None)


@pytest.mark.parametrize("track", [0, 5, "-1", "9" * 50, "Tuba", "", "b", "Kit", "4", "²"])
def test_a_track_that_cannot_be_meant_is_refused(track):
    """The error is one line that lists the tracks there are."""
    with pytest.raises(InputError, match=r"1 \(Bass\), 2 \(Flute\), 3 \(Oboe\)") as error:
        choose_part(PARTS, track)
    assert "\n" not in str(error.value)


def test_drums_alone_are_refused():
    """Percussion has no melody."""
    with pytest.raises(InputError, match="only percussion"):
        choose_part((PARTS[3],), None)


def test_the_top_of_chords():
    """Of each chord, struck or slightly rolled, the highest note is kept and the rest counted."""
    ms = Fraction(1, 100)
    chords = [note(0, 1, 60), note(ms, 1, 64), note(2 * ms, 1, 67), note(1, 2, 59), note(1, 2, 62)]
    assert top_line(chords) == ([note(0, 1, 67), note(1, 2, 62)], 3)


def test_what_a_higher_note_covers_does_not_come_up_again():
    """A long low note under a short high one is an inner voice and not the melody's next note."""
    notes = [note(0, 1, 72), note(0, 4, 60), note(Fraction(1, 2), 4, 55), note(2, 3, 74)]
    assert top_line(notes) == ([note(0, 1, 72), note(2, 3, 74)], 2)


def test_legato_is_no_chord():
    """Notes held a little into the next are one line, whichever way it moves."""
    slur = Fraction(1, 5)
    notes = [note(0, 1 + slur, 72), note(1, 2 + slur, 71), note(2, 3, 74)]
    assert top_line(notes) == ([note(0, 1, 72), note(1, 2, 71), note(2, 3, 74)], 0)


def test_a_hanging_note_does_not_cover_the_melody():
    """A note whose end is missing ends where it is struck again or the melody goes on."""
    struck = [note(0, 7, 72), note(1, 2, 67), note(2, 3, 72), note(3, 4, 67)]
    assert top_line(struck) == ([note(0, 2, 72), note(2, 3, 72), note(3, 4, 67)], 1)
    stuck = [note(0, 90, 72), note(1, 2, 67), note(2, 90, 71)]
    assert top_line(stuck) == ([note(0, 1, 72), note(1, 2, 67), note(2, 90, 71)], 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(30, 90)),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_the_line_is_one_voice(raw):
    """Whatever is played, the line's notes are of the file, ascend, and do not overlap."""
    notes = [note(Fraction(s, 4), Fraction(s + d, 4), p) for s, d, p in raw]
    line, covered = top_line(notes)
    assert len(line) + covered == len(notes)
    assert {(n.start, n.pitch) for n in line} <= {(n.start, n.pitch) for n in notes}
    assert all(a.start < a.end <= b.start for a, b in itertools.pairwise(line))
    assert max(n.pitch for n in line) == max(n.pitch for n in notes)


TIMES = st.integers(0, 480).map(lambda number: Fraction(number, 24))


@given(st.lists(st.tuples(TIMES, TIMES, st.integers(60, 64)), min_size=1, max_size=20))
@settings(max_examples=80)
def test_the_unit_of_time_changes_nothing(notes):
    """A line is the same in whole numbers of a unit as in fractions of a quarter."""
    exact = [note(start, start + length + Fraction(1, 9), p) for start, length, p in notes]
    whole, quarter = in_units(exact)
    assert all(isinstance(time, int) for one in whole for time in one)
    line, left_out = top_line(whole, quarter)
    found = [note(Fraction(s, quarter), Fraction(e, quarter), p) for s, e, p in line]
    assert (found, left_out) == top_line(exact)


def test_times_without_a_common_unit_stay_fractions():
    """A file whose times fit no unit of bearable size is not made slower by one."""
    odd = [note(Fraction(1, prime), 30, 60) for prime in (10_007, 10_009, 10_037)]
    assert in_units(odd) == (odd, 1)
