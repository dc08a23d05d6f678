"""Piano rolls: every note of every pitched line, in its line's colour."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np

from kantor.ensemble import SATB, Ensemble, Line
from kantor.formats.picture import pitch_span
from kantor.music.notes import notes_of
from kantor.music.score import REST, Score, onset_floor
from kantor.pages.rolls import octave_labels, roll


def score(*columns: list[int], ensemble: Ensemble = SATB) -> Score:
    """A pitch a quarter in each line."""
    pitches = np.repeat(np.array(columns, np.int8).T, 4, axis=0)
    return Score(pitches, onset_floor(pitches), ensemble=ensemble)


def test_every_note_is_in_the_roll() -> None:
    """A roll has one bar for each note, and names what it shows; a unison shares its place."""
    music = score([72, 74, REST], [67, 67, 65], [60, 60, 60], [60, 48, REST])
    svg = roll(music, pitch_span(music), 'roll of "x"')
    ElementTree.fromstring(svg)
    assert len(re.findall(r"M\d+ \d+h", svg)) == len(notes_of(music))
    assert "roll of &#34;x&#34;" in svg
    assert svg.count("v0.5h") == 1
    assert [line.colour in svg for line in SATB.lines] == [True] * 4


def test_drums_are_not_drawn() -> None:
    """A drum has a number, but no pitch."""
    band = Ensemble("band", (Line("lead", 48, 84, colour="#123456"), Line("kick", 36, 36, "drum")))
    music = score([60, 62], [36, REST], ensemble=band)
    svg = roll(music, pitch_span(music), "band")
    assert pitch_span(music) == (55, 67)
    assert "#123456" in svg
    assert "kick" not in svg


def test_rolls_share_a_scale() -> None:
    """Several scores have one range; silence has one too."""
    low, high = score([50], [50], [50], [40]), score([80], [70], [60], [50])
    assert pitch_span(low, high) == (38, 82)
    silence = replace(low, pitches=np.full((4, 4), REST, np.int8), onsets=np.zeros((4, 4), bool))
    assert pitch_span(silence) == (54, 66)
    assert octave_labels((59, 61)) == [("C4", 0.5)]
