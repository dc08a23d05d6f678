"""Chord symbols over an accompaniment: what a player would write, and in the written file."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.ensemble import SATB, Ensemble, Line
from kantor.formats import musicxml, reading
from kantor.formats.chord_symbols import SUFFIXES, symbols_of, with_symbols
from kantor.formats.engraving import letter_of
from kantor.music.notation import ChordSymbol, Notation
from kantor.music.score import Key, Score, onset_floor

TRIO = Ensemble(
    "trio",
    tuple(Line(name, 0, 127) for name in ("lead", "upper", "middle", "lower", "bass")),
    bass=4,
    writing="accompaniment",
)


def trio(*rows: tuple[int, ...], steps: int = 8) -> Score:
    """A lead's, three chord voices' and a bass's notes, each row for so many steps."""
    pitches = np.repeat(np.array(rows, np.int8), steps, axis=0)
    return Score(pitches, onset_floor(pitches), key=Key(), ensemble=TRIO)


def written(score: Score) -> list[tuple[int, str]]:
    """The symbols as people read them, with the steps at which they stand."""
    found = []
    for symbol in symbols_of(score):
        names = []
        for place in (symbol.root, symbol.bass):
            if place is not None:
                letter, alteration = letter_of(place)
                names.append(letter + {0: "", 1: "#", -1: "b"}[alteration])
        text = names[0] + SUFFIXES[symbol.kind]
        found.append((int(symbol.start), "/".join([text, *names[1:]])))
    return found


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ((74, 60, 57, 53, 38), "Dm7"),  # third, fifth, seventh
        ((74, 57, 53, 47, 43), "G7"),  # the ninth, and no fifth
        ((76, 62, 57, 52, 36), "C6"),  # the ninth, and no fifth
        ((76, 64, 59, 55, 36), "Cmaj7"),
        ((76, 69, 64, 60, 36), "C6"),
        ((76, 69, 64, 60, 45), "Am"),
        ((76, 64, 60, 55, 40), "C/E"),
        ((77, 63, 60, 57, 42), "F#°7"),
        ((77, 65, 62, 57, 47), "Bø7"),
        ((76, 62, 60, 60, 36), None),  # two pitch classes
        ((76, 55, 48, 48, 36), "C5"),
    ],
)
def test_what_is_played_has_its_name(notes, text):
    """Chords without roots or fifths and with ninths have the bass's root; the lead counts not."""
    assert [name for _, name in written(trio(notes, notes))] == [text] * bool(text)


def test_symbols_stand_where_chords_change():
    """At half bars; a bass that moves to the fifth or walks on is the same chord."""
    minor, dominant = (74, 60, 57, 53, 38), (74, 59, 57, 53, 43)
    fifth = (74, 60, 57, 53, 45)
    assert written(trio(minor, dominant)) == [(0, "Dm7"), (8, "G7")]
    assert written(trio(minor, fifth, dominant, dominant)) == [(0, "Dm7"), (16, "G7")]


def test_a_written_file_has_them():
    """Read again they are the same; a file's own symbols stay, and equal voices get none."""
    score = trio((74, 60, 57, 53, 38), (74, 59, 57, 53, 43))
    file = reading.parse(musicxml.to_bytes(score), limits=reading.Limits())
    assert [(4 * one.start, one.root, one.kind) for one in file.notation.chords] == [
        (0, 2, "minor-seventh"),
        (8, 1, "dominant"),
    ]
    own = Notation(chords=(ChordSymbol(0, 3, "major"),))
    assert with_symbols(replace(score, notation=own)).notation == own
    voices = Score(score.pitches[:, 1:], score.onsets[:, 1:], ensemble=SATB)
    assert with_symbols(voices) is voices
