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
HALF = Fraction(1, 2)


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
            [(0, 1, 72), (1, 2, 67), (2, 3, 72), (3, 4, 67)],
            0,
            id="a note of a line without an end swallows none",
        ),
        pytest.param(
            [(0, 1 + HALF, 78), (1, 2 + HALF, 76), (2, 3 + HALF, 73), (4, 5, 81)],
            [(0, 1, 78), (1, 2, 76), (2, 3 + HALF, 73), (4, 5, 81)],
            0,
            id="in a line the later note cuts the earlier, however long the legato",
        ),
        pytest.param(
            [(0, 1 + SLUR, 72), (1, 2 + SLUR, 72), (2, 3, 72)],
            [(0, 1, 72), (1, 2, 72), (2, 3, 72)],
            0,
            id="a pitch that is struck again while it sounds is repeated",
        ),
        pytest.param(
            [(0, 1, 72), (1, 1 + 5 * MS, 76), (1 + 5 * MS, 2, 74), (2, 3, 72)],
            [(0, 1, 72), (1, 1 + 5 * MS, 76), (1 + 5 * MS, 2, 74), (2, 3, 72)],
            0,
            id="a grace note is no chord with its main note",
        ),
        pytest.param(
            [(0, 1, 72), (1, 1 + 5 * MS, 76), (1, 2, 74), (2, 3, 72)],
            [(0, 1, 72), (1, 2, 74), (2, 3, 72)],
            1,
            id="and gives way to it where they start together",
        ),
        pytest.param(
            [(0, 4, 76), (1, 4, 72), (2, 4, 67), (3, 4, 60), (4, 8, 77), (5, 8, 72), (6, 8, 69)],
            [(0, 4, 76), (4, 8, 77)],
            5,
            id="what a pedal holds is a chord, though its notes start alone",
        ),
        pytest.param(
            [(beat + off * HALF, beat + 1, 72 - 12 * off) for beat in range(6) for off in (0, 1)],
            [(beat, beat + 1, 72) for beat in range(6)],
            6,
            id="so is what is struck after each note of the line",
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
@settings(max_examples=60)
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
    assert (
        notes_of(*((Fraction(s, quarter), Fraction(e, quarter), p) for s, e, p, _ in again)) == line
    )


def test_times_without_a_common_unit_stay_fractions():
    """A file whose times fit no unit of bearable size is not made slower by one."""
    odd = notes_of(*((Fraction(1, prime), 30, 60) for prime in (10_007, 10_009, 10_037)))
    assert in_units(odd) == (odd, 1)
