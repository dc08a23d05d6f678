"""Chord names, by worked examples."""

from dataclasses import replace

import numpy as np
import pytest

from kantor.ensemble import SATB
from kantor.music.score import Key, Meter, Score, onset_floor
from kantor.studio import score_svg
from kantor.studio.chord_names import chords_of

C_MAJOR = Key()


def score(*beats, key=C_MAJOR, **more):
    """Each row a beat: soprano, alto, tenor, bass."""
    pitches = np.repeat(np.array(beats), 4, axis=0)
    return Score(pitches, onset_floor(pitches), key=key, **more)


def names(*beats, **more):
    return [chord.text for chord in chords_of(score(*beats, **more))]


def test_a_cadence():
    """Inversions have their bass after a stroke; a chord that stays is named once."""
    beats = [72, 67, 64, 48], [76, 67, 60, 48], [74, 65, 57, 50], [74, 67, 65, 47], [72, 67, 64, 48]
    assert names(*beats) == ["C", "Dm", "G7/B", "C"]
    assert [chord.step for chord in chords_of(score(*beats))] == [0, 8, 12, 16]


@pytest.mark.parametrize(
    ("notes", "name"),
    [
        ([71, 65, 62, 50], "B°/D"),
        ([76, 72, 69, 53], "Fmaj7"),
        ([72, 69, 65, 50], "Dm7"),
        ([69, 65, 62, 47], "Bø7"),
        ([72, 68, 64, 48], "C+"),
        ([72, 67, 65, 48], "Csus4"),
        ([72, 67, 62, 53], None),  # F, C, G, D: stacked fifths
        ([72, 65, 62, 55], "G7sus4"),
        ([72, 64, 60, 48], "C"),  # no fifth
        ([70, 64, 60, 48], "C7"),
        ([72, 67, 60, 48], None),  # no third
        ([72, 60, 60, 48], None),
    ],
)
def test_kinds_of_chords(notes, name):
    """Every kind has its usual sign; what is no chord has no name."""
    assert names(notes) == ([name] if name else [])


@pytest.mark.parametrize(
    ("key", "notes", "name"),
    [
        (Key(-3, "major"), [68, 63, 60, 56], "A♭"),
        (Key(4, "major"), [68, 63, 60, 56], "G♯"),
        (Key(0, "minor"), [77, 74, 71, 56], "G♯°7"),  # on the leading tone
        (Key(0, "minor"), [77, 74, 68, 59], "G♯°7/B"),
        (Key(0, "major"), [72, 68, 65, 56], "Fm/A♭"),  # its own third, not the key's G♯
    ],
)
def test_the_key_spells(key, notes, name):
    """Roots as the key writes them, the bass as the chord does."""
    assert names(notes, key=key) == [name]


def test_passing_notes_and_suspensions():
    """A chord that is whole anywhere in the beat names it; a suspension over it does not."""
    pitches = np.array([[72, 67, 64, 48]] * 2 + [[72, 67, 64, 47]] * 2)  # the bass passes
    pitches = np.concatenate([pitches, [[74, 72, 67, 55]] * 2, [[74, 71, 67, 55]] * 2])
    both = Score(pitches, onset_floor(pitches))
    assert [chord.text for chord in chords_of(both)] == ["C", "G"]


def test_beats_follow_the_meter():
    """A dotted quarter in 6/8; after a silence the chord is named again."""
    pitches = np.array([[72, 67, 64, 48]] * 6 + [[-1] * 4] * 6 + [[72, 67, 64, 48]] * 12)
    chords = chords_of(Score(pitches, onset_floor(pitches), Meter(6, 8)))
    assert [(chord.step, chord.text) for chord in chords] == [(0, "C"), (12, "C")]


def test_an_accompaniment_has_a_lead_sheet_s_symbols():
    """Without its lead's notes; the sheet shows them once, above the lead."""
    beats = [[74, 60, 53, 38]] * 2 + [[74, 59, 53, 43]] * 2
    band = score(*beats, ensemble=replace(SATB, writing="accompaniment"))
    assert [chord.text for chord in chords_of(band)] == ["Dm7", "G7"]
    assert score_svg.marked(band, 0, chords_of(band), "open").count("<harmony") == 2
