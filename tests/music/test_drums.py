"""Every drum of General MIDI that has a kind goes to a line of its kind, or to none."""

from dataclasses import replace

from tests.ensembles import BAND

from kantor.ensemble import Line
from kantor.music.drums import drum_lines


def test_drums_go_to_the_line_of_their_kind():
    """Its own number first, else the nearest of its kind; other percussion has no line."""
    hat, snare, kick = (BAND.index(name) for name in ("hat", "snare", "kick"))
    lines = drum_lines(BAND)
    assert [lines[number] for number in (35, 36, 38, 40, 42, 44)] == [kick] * 2 + [snare] * 2 + [
        hat
    ] * 2
    assert not {46, 49, 51, 45, 54, 69} & set(lines)


def test_the_nearest_of_several_lines():
    """Toms are shared among the tom lines; a line of a drum without a kind has its own number."""
    low, high, bell = (Line(str(number), number, number, "drum") for number in (43, 48, 56))
    kit = replace(BAND, lines=(*BAND.lines[:-3], low, high, bell))
    lines = {number: kit.names[line] for number, line in drum_lines(kit).items()}
    assert lines == {
        **dict.fromkeys((41, 43, 45), "43"),
        **dict.fromkeys((47, 48, 50), "48"),
        56: "56",
    }
