"""Piano rolls: every note of every pitched line, in its line's colour."""

import re
from xml.etree import ElementTree

from tests.formats.conftest import score_of

from kantor.ensemble import SATB, Ensemble, Line
from kantor.formats.picture import pitch_span
from kantor.music.notes import notes_of
from kantor.music.score import REST
from kantor.pages.rolls import octave_labels, roll


def test_every_note_is_in_the_roll():
    """A roll has one bar for each note, and names what it shows; a unison shares its place."""
    music = score_of((72, 67, 60, 60), (74, 67, 60, 48), (REST, 65, 60, REST))
    svg = roll(music, pitch_span(music), 'roll of "x"')
    ElementTree.fromstring(svg)
    assert len(re.findall(r"M\d+ \d+h", svg)) == len(notes_of(music))
    assert "roll of &#34;x&#34;" in svg
    assert svg.count("v0.5h") == 1
    assert [line.colour in svg for line in SATB.lines] == [True] * 4


def test_drums_are_not_drawn():
    """A drum has a number, but no pitch."""
    band = Ensemble("band", (Line("lead", 48, 84, colour="#123456"), Line("kick", 36, 36, "drum")))
    music = score_of((60, 36), (62, REST), ensemble=band)
    svg = roll(music, pitch_span(music), "band")
    assert pitch_span(music) == (55, 67)
    assert "#123456" in svg
    assert "kick" not in svg


def test_rolls_share_a_scale():
    """Several scores have one range; silence has one too."""
    low, high = score_of((50, 50, 50, 40)), score_of((80, 70, 60, 50))
    assert pitch_span(low, high) == (38, 82)
    assert pitch_span(score_of([REST] * 4)) == (54, 66)
    assert octave_labels((59, 61)) == [("C4", 0.5)]
