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


def test_drums_have_rows_below_the_pitches():
    """A drum has a number, but no pitch: its hits are in a row of its own."""
    lines = Line("lead", 48, 84), Line("kick", 36, 36, "drum"), Line("snare", 38, 38, "drum")
    music = score_of(
        (60, 36, REST), (62, REST, 38), (REST, REST, REST), ensemble=Ensemble("band", lines)
    )
    svg, span = roll(music, pitch_span(music), "band"), (55, 67)
    assert pitch_span(music) == span
    assert 'viewBox="0 0 12 15"' in svg
    assert svg.count('class="part drum"') == 2
    assert [re.findall(r"M(\d) (\d+)h", part) for part in svg.split("<title>")[1:]] == [
        [("4", "14")],
        [("0", "13")],
        [("0", "7"), ("4", "5")],
    ]
    assert octave_labels(music, span) == [("C4", "50.0")]


def test_rolls_share_a_scale():
    """Several scores have one range; silence has one too."""
    low, high = score_of((50, 50, 50, 40)), score_of((80, 70, 60, 50))
    assert pitch_span(low, high) == (38, 82)
    assert pitch_span(score_of([REST] * 4)) == (54, 66)
    assert octave_labels(low, (59, 61)) == [("C4", "50.0")]
