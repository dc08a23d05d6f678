"""How a style is heard: its sound in MIDI and in samples, and files of it that are read again."""

import re
from dataclasses import replace

import numpy as np
import pytest
from mido import MidiFile
from music21 import converter
from tests.ensembles import ROCK, rhythms

from kantor.data.grid import score_of
from kantor.formats import audio, midi, musicxml
from kantor.formats.parsed import Limits
from kantor.formats.reading import parse
from kantor.music.dynamics import velocities
from kantor.music.score import Meter

RATE = 22_050


def read_again(data, score):
    """The score that the bytes of a file hold, for the same ensemble."""
    return score_of(parse(data, Limits()), "", score.ensemble)


def assert_same(back, score):
    """Every note of every line, the bars, key and tempo; rests at the end may be gone."""
    assert (score.pitches[back.steps :] == -1).all()
    assert (back.pitches == score.pitches[: back.steps]).all()
    assert (back.onsets == score.onsets[: back.steps]).all()
    assert (back.meter, back.pickup, back.key) == (score.meter, score.pickup, score.key)


@pytest.mark.parametrize("swing", [0.5, 0.55, 0.62, 0.667, 0.75])
@pytest.mark.parametrize(
    ("meter", "pickup"), [(Meter(), 0), (Meter(), 2), (Meter(3, 4), 4), (Meter(2, 2), 3)]
)
def test_swung_midi_is_read_even(swing, meter, pickup):
    """Sixteenths, drums by their numbers and notes tied over beats come back as written."""
    for seed in range(3):
        score = rhythms(seed, meter=meter, pickup=pickup, swing=swing)
        assert_same(read_again(midi.to_bytes(score), score), score)


@pytest.mark.parametrize(
    ("meter", "pickup"), [(Meter(), 0), (Meter(3, 4), 4), (Meter(6, 8), 2), (Meter(5, 8), 0)]
)
def test_musicxml_is_written_even_and_read_again(meter, pickup):
    """Also the drums, whose hits are written longer than they are; swing leaves no words."""
    for seed in range(3):
        score = rhythms(seed, meter=meter, pickup=pickup)
        data = musicxml.to_bytes(score)
        assert_same(read_again(data, score), score)
        assert not parse(data, Limits()).notation.words


def test_musicxml_has_staves_clefs_and_instruments(tmp_path):
    """Guitars and basses an octave up, all drums on one staff, hands up and feet down."""
    musicxml.write(rhythms(), tmp_path / "a.musicxml")
    text = (tmp_path / "a.musicxml").read_text()
    parts = text.split("<part id=")[1:]
    clefs = [re.findall(r"<sign>(\w+)|<clef-octave-change>(.*)<", part) for part in parts]
    assert clefs == [
        *[[("G", ""), ("", "-1")]] * 4, [("F", ""), ("", "-1")], [("percussion", "")]
    ]  # fmt: skip
    kick, snare, hat = (re.search(_NOTE.format(drum), text) for drum in (36, 38, 42))
    assert (kick[1], kick[2]) == ("2", "down")
    assert (snare[1], snare[2], hat[2]) == ("1", "up", "up")
    assert text.count("<midi-unpitched>") == 8
    assert "<midi-unpitched>37</midi-unpitched>" in text  # General MIDI's 36, counted from 1
    assert re.findall(r"<(first|second)>(\d+)<", text) == [("first", "31"), ("second", "19")]
    names = [part.partName for part in converter.parse(tmp_path / "a.musicxml").parts]
    assert names == ["Lead", "Guitar 1", "Guitar 2", "Guitar 3", "Bass", "Drums"]


_NOTE = r'<instrument id="P6-D{}" />\s*<voice>(\d)</voice>[^/]*/type>(?:\s*<dot />)?\s*<stem>(\w+)'


@pytest.mark.parametrize(("swing", "meter"), [(0.5, Meter()), (0.62, Meter(6, 8))])
def test_what_is_not_swung_is_not_marked(swing, meter):
    """An even sound, and a meter that has no pairs of eighths."""
    assert b"swing" not in musicxml.to_bytes(rhythms(meter=meter, swing=swing))


def test_midi_is_played_by_the_sound(tmp_path):
    """Programs, places, drums on the tenth channel, late second eighths, velocities by line."""
    score = rhythms(swing=0.6)
    midi.write(score, tmp_path / "a.mid")
    tracks = MidiFile(tmp_path / "a.mid").tracks[1:]
    for line, track, loud in zip(ROCK.lines, tracks, velocities(score).T, strict=True):
        drum = line.kind == "drum"
        assert {one.channel for one in track if not one.is_meta} == {
            9 if drum else ROCK.index(line.name)
        }
        assert next(
            one.program for one in track if one.type == "program_change"
        ) == line.program * (not drum)
        places = [one.value for one in track if one.type == "control_change"]
        assert places == ([] if drum else [round(63.5 + 63.5 * line.pan)])
        now, starts, struck = 0, [], []
        for one in track:
            now += one.time
            if one.type == "note_on":
                starts.append(now)
                struck.append(one.velocity)
        assert struck == loud[loud > 0].tolist()
        at = np.flatnonzero(loud)
        later = np.select([at % 4 == 1, at % 4 == 2, at % 4 == 3], [24, 48, 24])
        assert starts == (120 * at + later).tolist()
    assert midi.to_bytes(score) == midi.to_bytes(rhythms(swing=0.6))


def test_samples_are_swung_as_midi_is():
    """A drum on a second eighth sounds where MIDI has it, and not where it is written."""
    score = rhythms(swing=0.6, humanise=0)
    pitches, onsets = np.full_like(score.pitches, -1), np.zeros_like(score.onsets)
    pitches[2, -2], onsets[2, -2] = 38, True
    snare = replace(score, pitches=pitches, onsets=onsets)
    sound = np.abs(np.concatenate(list(audio.levelled(snare, RATE)))).max(axis=1)
    first = np.flatnonzero(sound > 0.05)[0] / RATE
    assert first == pytest.approx(0.6 * 60 / 120, abs=0.01)


def test_every_drum_is_heard():
    """The soundfont's kit has each of them; a quarter of a level is a quarter of the sound."""
    score, lines = rhythms(humanise=0), range(ROCK.pitched, len(ROCK))
    for line in lines:
        one = score.line(line)
        assert peak(one) > 0.01, ROCK.names[line]
        quarter = replace(one.ensemble.lines[0], level=one.ensemble.lines[0].level / 4)
        softer = replace(one, ensemble=replace(one.ensemble, lines=(quarter,)))
        assert peak(softer) == pytest.approx(peak(one) / 4, rel=0.1)


def peak(score):
    """Of the sound before it is brought to a level."""
    return max(float(np.abs(block).max()) for block in audio._blocks(score, RATE, [1.0]))
