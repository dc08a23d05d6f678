"""One line found in what is played: the top of chords, whole notes of it, nothing else."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.compose.melody import in_units, top_line
from kantor.music.notes import TimedNote

MS = Fraction(1, 100)
SLUR = Fraction(1, 5)


def notes_of(*spans):
    return [TimedNote(Fraction(start), Fraction(end), pitch) for start, end, pitch in spans]


@pytest.mark.parametrize(
    ("played", "line", "covered"),
    [
        pytest.param(
            [(0, 1, 60), (MS, 1, 64), (2 * MS, 1, 67), (1, 2, 59), (1, 2, 62)],
            [(0, 1, 67), (1, 2, 62)],
            3,
            id="of each chord, struck or slightly rolled, the highest note is kept",
        ),
        pytest.param(
            [(0, 1, 72), (0, 4, 60), (Fraction(1, 2), 4, 55), (2, 3, 74)],
            [(0, 1, 72), (2, 3, 74)],
            2,
            id="what a higher note covers does not come up again",
        ),
        pytest.param(
            [(0, 1 + SLUR, 72), (1, 2 + SLUR, 71), (2, 3, 74)],
            [(0, 1, 72), (1, 2, 71), (2, 3, 74)],
            0,
            id="legato is no chord, whichever way it moves",
        ),
        pytest.param(
            [(0, 7, 72), (1, 2, 67), (2, 3, 72), (3, 4, 67)],
            [(0, 2, 72), (2, 3, 72), (3, 4, 67)],
            1,
            id="a note without an end ends where it is struck again",
        ),
        pytest.param(
            [(0, 90, 72), (1, 2, 67), (2, 90, 71)],
            [(0, 1, 72), (1, 2, 67), (2, 90, 71)],
            0,
            id="a hanging note ends where the melody goes on",
        ),
    ],
)
def test_the_top_line(played, line, covered):
    """The highest line through what is played, and how many notes it leaves out."""
    assert top_line(notes_of(*played)) == (notes_of(*line), covered)


QUARTERS = st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(30, 90))


@given(st.lists(QUARTERS, min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_line_is_one_voice(raw):
    """Whatever is played, the line's notes are of the file, ascend, and do not overlap; and they
    are the same in whole numbers of a unit as in fractions of a quarter."""
    ninth = Fraction(1, 9)
    notes = notes_of(*((Fraction(s, 4), Fraction(s + d, 4) + ninth, p) for s, d, p in raw))
    line, covered = top_line(notes)
    assert len(line) + covered == len(notes)
    assert {(n.start, n.pitch) for n in line} <= {(n.start, n.pitch) for n in notes}
    assert all(a.start < a.end <= b.start for a, b in itertools.pairwise(line))
    assert max(n.pitch for n in line) == max(n.pitch for n in notes)
    whole, quarter = in_units(notes)
    assert all(isinstance(time, int) for one in whole for time in one)
    again, _ = top_line(whole, quarter)
    assert notes_of(*((Fraction(s, quarter), Fraction(e, quarter), p) for s, e, p in again)) == line


def test_times_without_a_common_unit_stay_fractions():
    """A file whose times fit no unit of bearable size is not made slower by one."""
    odd = notes_of(*((Fraction(1, prime), 30, 60) for prime in (10_007, 10_009, 10_037)))
    assert in_units(odd) == (odd, 1)
