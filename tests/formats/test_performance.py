"""How a style is heard: its sound in MIDI and in samples, and files of it that are read again."""

from dataclasses import replace

import numpy as np
import pytest
from mido import MidiFile
from tests.ensembles import ROCK, rhythms

from kantor.data.grid import score_of
from kantor.formats import audio, midi
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
