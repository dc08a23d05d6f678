"""The notation of a file at the steps of the score that is made of it."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from kantor.compose.from_file import from_file, read_request
from kantor.compose.overrides import Overrides
from kantor.formats import musicxml
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.notation import (
    ChordSymbol,
    Dynamic,
    LineNotation,
    Lyric,
    Notation,
    Sign,
    Slur,
    Span,
    Words,
)
from kantor.music.notes import TimedNote, notes_of
from kantor.music.score import Meter, Score, onset_floor

CLARINET = ("G", 2, 0), (-1, -2)


def file(starts, notation, octaves=0, length=16):
    """A melody in 4/4 of notes that begin in these quarters, the second part of its file."""
    notes = tuple(TimedNote(F(start), F(start) + F(1, 4), 72 + 12 * octaves) for start in starts)
    bars = tuple(map(F, range(0, length, 4)))
    part = Part("Clarinet", notes, source=1)
    meters = ((F(0), Meter()),)
    return ParsedFile(
        (part,), meters, bar_lines=bars, length=F(length), kind="musicxml", notation=notation
    )


def test_marks_stand_where_the_score_has_them():
    """Silence that was left out shifts them; the chord symbol and the dynamic that hold when the
    melody enters stand there, what is beyond the score goes, and so do lines that are not given."""
    line = LineNotation(
        lyrics=(Lyric(F(0), "no"), Lyric(F(8), "A"), Lyric(F(9), "men")),
        dynamics=(Dynamic(F(0), "f"), Dynamic(F(4), "p"), Dynamic(F(9), "crescendo")),
        slurs=(Slur(F(8), F(9)), Slur(F(9), F(13))),
        clef=CLARINET[0],
        transposition=CLARINET[1],
    )
    notation = Notation(
        composer="Anon.",
        chords=tuple(ChordSymbol(F(time), time, "major") for time in (0, 4, 10, 14)),
        words=(Words(F(0), "Allegro"), Words(F(5), "rit."), Words(F(9), "dolce")),
        lines={0: LineNotation(lyrics=(Lyric(F(8), "Oh"),)), 1: line},
    )
    score = from_file(file([8, 9, 11], notation)).score
    assert score.notation == replace(
        notation,
        chords=(ChordSymbol(0, 4, "major"), ChordSymbol(8, 10, "major")),
        words=(Words(0, "Allegro"), Words(4, "dolce")),
        lines={
            0: replace(
                line,
                lyrics=(Lyric(0, "A"), Lyric(4, "men")),
                dynamics=(Dynamic(0, "p"), Dynamic(4, "crescendo"), Dynamic(13, "stop")),
                slurs=(Slur(0, 4),),
            )
        },
        fermatas_inferred=True,
    )


def test_marks_go_with_their_notes():
    """A syllable and a slur at a note that was moved onto the grid stand there."""
    line = LineNotation(lyrics=(Lyric(F(3, 8), "la"),), slurs=(Slur(F(0), F(3, 8)),))
    score = from_file(file([0, F(1, 4), F(3, 8)], Notation(lines={1: line}))).score
    assert score.notation.lines[0] == LineNotation(lyrics=(Lyric(2, "la"),), slurs=(Slur(0, 2),))


def test_a_slur_to_a_tied_head_ends_with_the_note():
    """Files put the stop at the last of the heads, which may be nearer to the next note."""
    line = LineNotation(slurs=(Slur(F(0), F(2)),))
    score = from_file(file([0, 1, F(5, 2)], Notation(lines={1: line}))).score
    assert score.notation.lines[0].slurs == (Slur(0, 4),)


@pytest.mark.parametrize(
    ("octaves", "stated", "expected"),
    [
        (0, (-1, -2), (-1, -2)),
        (-2, (-1, -2), (-1, -2)),
        (-2, (-8, -14), (-1, -2)),
        (-2, (-7, -12), None),
        (0, (-7, -12), (-7, -12)),
    ],
)
def test_a_clef_and_octaves_suit_only_their_octave(octaves, stated, expected):
    """A line that was moved by octaves has the clef that suits it there; its player reads the
    transposition still, but for whole octaves."""
    line = LineNotation(clef=CLARINET[0], transposition=stated)
    score = from_file(file([0, 1], Notation(lines={1: line}), octaves)).score
    kept = score.notation.lines[0]
    assert (kept.clef, kept.transposition) == (None if octaves else CLARINET[0], expected)


def test_repeats_keep_their_bars_whole():
    """The rests at both ends of what is repeated sound in between."""
    signs = (Sign(F(4), "forward"), Sign(F(12), "backward"))
    played = (Span(F(0), F(12)), Span(F(4), F(12)))
    notated = file([7, 8, 10], Notation(signs=signs, played=played), length=12)
    score = from_file(notated).score
    assert (score.steps, score.pickup) == (32, 0)
    assert score.notation.signs == (Sign(0, "forward"), Sign(32, "backward"))
    assert score.notation.played == (Span(0, 32), Span(0, 32))


def test_other_bars_have_the_repeats_written_out(tmp_path):
    """Signs have no place in bars that the user gives: left out, one ending would follow the
    other. The bars that the file has anyway keep them."""
    pitches = np.repeat([60, 62, 64, 65], 16)[:, None]
    signs = (Sign(16, "ending", (1,)), Sign(32, "ending-stop", (1,)), Sign(32, "backward"))
    signs += (Sign(32, "ending", (2,)), Sign(48, "ending-stop", (2,)))
    score = Score(pitches, onset_floor(pitches), notation=Notation(signs=signs))
    musicxml.write(score, tmp_path / "tune.musicxml")
    told = "repeats are written out: their signs do not fit other bars"
    for meter, heard in (("4/4", [60, 62, 64, 65]), ("2/4", [60, 62, 60, 64, 65])):
        request = read_request(tmp_path / "tune.musicxml", overrides=Overrides.parse(meter=meter))
        assert [note.pitch for note in notes_of(request.score)] == heard
        assert bool(request.score.notation.signs) == (meter == "4/4")
        assert (told in request.messages) == (meter == "2/4")
