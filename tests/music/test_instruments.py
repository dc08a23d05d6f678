"""Instruments by name, for all lines or for some."""

import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError
from kantor.music.instruments import PROGRAMS, programs_of

BAND = Ensemble("band", (Line("flute", 60, 96), Line("kick", 36, 36, kind="drum")))


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("organ", dict.fromkeys(range(4), 19)),
        ("soprano=flute, bass = Cello", {0: 73, 3: 42}),
        ("strings,Tenor=trombone", {0: 48, 1: 48, 2: 57, 3: 48}),
        ("tenor=trombone,strings", {0: 48, 1: 48, 2: 57, 3: 48}),
        ("1", dict.fromkeys(range(4), 0)),
        ("bass=128", {3: 127}),
        ("Church  Organ", dict.fromkeys(range(4), 19)),
    ],
)
def test_instruments_by_name_and_number(text, programs):
    """For all pitched lines, or for those that are named; the ensemble then plays them."""
    assert programs_of(text, SATB) == programs
    played = SATB.playing(programs)
    assert [line.program for line in played.lines] == [programs.get(i, 52) for i in range(4)]
    assert (played.names, played.order, played.bass) == (SATB.names, SATB.order, SATB.bass)


def test_drums_keep_theirs():
    """What holds for all lines holds for the pitched ones."""
    assert programs_of("piano", BAND) == {0: 0}


@pytest.mark.parametrize("text", ["", "spoons", "soprano=spoons", "0", "129", "-1", "organ,"])
def test_an_unknown_instrument_is_answered_with_the_names(text):
    """In one line."""
    with pytest.raises(InputError, match=r"General MIDI number .* choir, .* flute") as error:
        programs_of(text, SATB)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["organ,piano", "bass=cello,Bass=tuba", "organ,alto=oboe,piano"])
def test_two_instruments_for_a_line(text):
    """None is left out without a word."""
    with pytest.raises(InputError, match=r"two instruments for (all voices|bass); one for each"):
        programs_of(text, SATB)


def test_unknown_lines():
    """A line that is not there, and a drum."""
    with pytest.raises(InputError, match="no line 'cantus'; the lines are soprano, "):
        programs_of("cantus=flute", SATB)
    with pytest.raises(InputError, match="a drum has no other instrument"):
        programs_of("kick=flute", BAND)


def test_every_name_is_a_program():
    """Of General MIDI."""
    assert all(0 <= program < 128 for program in PROGRAMS.values())
