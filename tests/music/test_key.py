"""Keys found where the file names none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.music.key import estimate, likely
from kantor.music.score import REST, Key


def melody(pitches, steps=4):
    return np.repeat(np.array(pitches, np.int8), steps)[:, None]


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ([64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, 62, 60], Key(0, "major")),  # Ode to Joy
        ([69, 71, 72, 74, 76, 74, 72, 71, 69, 68, 69], Key(0, "minor")),
        ([67, 67, 69, 67, 72, 71, 67, 67, 69, 67, 74, 72], Key(0, "major")),  # Happy Birthday
        ([62, 69, 65, 62, 61, 62, 64, 65, 67, 65, 64, 62], Key(-1, "minor")),  # Art of Fugue
        ([60], Key(0, "major")),
    ],
)
def test_well_known_tunes(pitches, expected):
    """A tune that everybody hears in one key is found in that key, with silence around it too."""
    assert estimate(melody(pitches)) == expected
    assert estimate(melody([REST, *pitches, REST, REST])) == expected


@given(st.lists(st.integers(55, 75), min_size=1, max_size=30), st.integers(-12, 12))
@settings(max_examples=50)
def test_moved_notes_move_the_key(pitches, semitones):
    """The same tune elsewhere is in the key moved along, in the same mode."""
    here, there = estimate(melody(pitches)), estimate(melody(pitches) + np.int8(semitones))
    assert there.tonic == (here.tonic + semitones) % 12
    assert there.mode == here.mode


def test_silence_has_no_key():
    """Nothing sounding is an error and not C major."""
    with pytest.raises(InputError, match="no note sounds"):
        estimate(np.full((32, 4), REST, np.int8))


def test_the_lowest_voice_decides_between_voices():
    """Of several voices the last note of the lowest that sounds counts as the close."""
    upper, rest = melody([64, 62, 64]), np.full((12, 1), REST, np.int8)
    lower = melody([60, 67, 60]) - np.int8(12)
    assert estimate(np.hstack([upper, lower, rest])) == Key(0, "major")


def test_sopranos_of_real_chorales(published):
    """Of a soprano alone the scale that fits all four voices best is found in most chorales."""
    scale = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
    right = []
    for piece in published("test"):
        sounding = piece.pitches[piece.pitches != REST].astype(int)
        shares = [scale[(sounding - tonic) % 12].mean() for tonic in range(12)]
        right.append(estimate(piece.pitches[:, :1]).major_tonic == int(np.argmax(shares)))
    assert np.mean(right) > 0.85


def test_a_key_that_is_there_by_default_is_a_little_likelier():
    """C major by default is kept against its relative where the notes hardly tell them apart."""
    close = melody([67, 65, 64, 62, 64, 69])
    assert estimate(close) == Key(0, "minor")
    assert estimate(close, Key()) == Key()
    long = melody([69, 71, 72, 76, 74, 72, 71, 69] * 3)
    assert estimate(long, Key()) == Key(0, "minor")
    assert estimate(melody([67, 69, 71, 72, 74, 76, 78, 79]), Key()) == Key(1)


def test_several_lines_are_judged_by_all_their_notes():
    """The yardstick of the metric of other keys: a melody in C over chords of A minor is in A."""
    lines = [[60, 62, 64, 64, 62, 60], [57, 59, 60, 60, 56, 57], [45, 55, 57, 57, 52, 45]]
    assert estimate(melody(lines[0])) == Key(0, "major")
    assert estimate(np.hstack([melody(line) for line in lines])) == Key(0, "minor")


def test_probabilities_of_keys():
    """One note is the major key on it, by 1.09 to 1 against minor, as the counted shares say.

    .6 / .4 for the mode, (406.7 / 470) ** 1.79 for the first note, (827.1 / 894.4) ** .75 for the
    last one.
    """
    found = likely(melody([60])[:, 0])
    assert [key for key, _ in found[:2]] == [Key(0, "major"), Key(-3, "minor")]
    assert found[0][1] / found[1][1] == pytest.approx(1.092, abs=0.001)
    assert len({key for key, _ in found}) == 24
    assert sum(chance for _, chance in found) == pytest.approx(1)
    assert found == sorted(found, key=lambda one: -one[1])


def test_a_written_key_is_evidence():
    """It moves the odds by how often files name keys so.

    Counted were 107.2 of 114.6 major keys whose file says so, and 7.2 of 111.6 minor ones whose
    file names the major key of their signature.
    """
    notes = melody([67, 65, 64, 62, 64, 69])
    alone, told = dict(likely(notes)), dict(likely(notes, Key()))
    odds = [found[Key(0, "minor")] / found[Key()] for found in (alone, told)]
    assert odds[1] / odds[0] == pytest.approx((7.2 / 111.6 / (107.2 / 114.6)) ** 0.68)
    dorian = melody([62, 65, 64, 62, 69, 67, 65, 64, 65, 69, 71, 72, 69, 67, 65, 64, 62])
    assert likely(dorian, Key(0, "minor"))[0][0] == Key(-1, "minor")
    assert likely(melody([61, 65, 68, 61]), Key(7))[0][0] == Key(7)  # not five flats
