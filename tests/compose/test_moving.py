"""A piece moved by semitones, and melodies that leave the other voices no room."""

from dataclasses import replace
from fractions import Fraction

import pytest

from kantor.compose.from_file import from_file
from kantor.compose.moving import moved
from kantor.compose.overrides import Overrides
from kantor.compose.plan import Plan
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.notation import ChordSymbol, Notation
from kantor.music.notes import TimedNote
from kantor.music.score import Key, Meter

ODE = (66, 66, 67, 69, 69, 67, 66, 64, 62, 62, 64, 66, 66, 64, 64, 64)
CHORDS = (ChordSymbol(Fraction(0), 2, "major"), ChordSymbol(Fraction(4), 3, "dominant", bass=7))


def tune(up=0, name=""):
    """Ode to Joy in D major, its mean just below F#4, with two chord symbols."""
    notes = tuple(
        TimedNote(Fraction(beat), Fraction(beat + 1), pitch + up) for beat, pitch in enumerate(ODE)
    )
    return ParsedFile(
        parts=(Part(name, notes),),
        meters=((Fraction(0), Meter()),),
        keys=((Fraction(0), Key(2).transposed(up)),),
        notation=Notation(chords=CHORDS),
        length=Fraction(16),
    )


def request(file, transpose=0, given="soprano"):
    return from_file(file, Plan.parse(given), Overrides(transpose=transpose))


def squeezed(request):
    return [message for message in request.messages if "squeezed" in message]


def test_a_low_melody_is_told_with_what_helps():
    """And what is named does help."""
    assert squeezed(request(tune())) == [
        "the melody lies low for a soprano (mean F4): the voices below are squeezed; "
        "--transpose 5 would help"
    ]
    helped = request(tune(), 5)
    assert not squeezed(helped)
    assert helped.score.pitches[::4, 0].tolist() == [pitch + 5 for pitch in ODE]
    assert "transposed up 5 semitones, to G major" in helped.messages
    assert not squeezed(request(tune(5)))


@pytest.mark.parametrize(
    ("semitones", "fifths", "roots"),
    [(3, -2, (-1, 0, 4)), (5, 0, (1, 2, 6)), (-2, -1, (0, 1, 5)), (-3, 4, (5, 6, 10))],
)
def test_the_whole_piece_moves(semitones, fifths, roots):
    """Notes, key signatures in their simplest spelling, the chords' roots and basses with them."""
    there = request(tune(5), semitones)
    assert there.score.pitches[::4, 0].tolist() == [pitch + 5 + semitones for pitch in ODE]
    assert there.score.key == Key(fifths)
    first, second = moved(tune(5), {}, Overrides(), None, semitones)[0].notation.chords
    assert (first.root, second.root, second.bass) == roots


def test_fit():
    """The fewest semitones with which the line suits its voice; none where it does already."""
    assert "transposed up 5 semitones, to G major" in request(tune(), "fit").messages
    fine = request(tune(6), "fit")
    assert fine.score.pitches[0, 0] == 72
    assert not [message for message in fine.messages if "transpose" in message]


@pytest.mark.parametrize("given", ["soprano", "alto", "tenor", "bass"])
@pytest.mark.parametrize("up", range(0, 24, 3))
def test_fit_leaves_no_voice_squeezed(given, up):
    """Whatever voice a melody is given to, and wherever it lies."""
    fit = request(tune(up), "fit", given)
    [semitones] = {int(there) - pitch - up for there, pitch in zip(_line(fit), ODE, strict=True)}
    plain = request(replace(tune(up + semitones % 12)), 0, given)
    assert not squeezed(plain)


def _line(request):
    line = request.mask.any(axis=0).argmax()
    return request.score.pitches[::4, line]
