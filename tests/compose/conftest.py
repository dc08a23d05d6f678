"""What the tests of composing share: real MIDI files, and a model that needs no training."""

from fractions import Fraction

import mido
import numpy as np
import pytest

from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score


@pytest.fixture
def midi_file(tmp_path):
    """Write a MIDI file of tracks of notes ``(start, length, pitch)`` in quarters."""

    def write(*tracks, name="melody.mid", meta=(), channels=(), names=()):
        file = mido.MidiFile(ticks_per_beat=480)
        conductor = mido.MidiTrack([message.copy() for message in meta])
        file.tracks.append(conductor)
        for index, notes in enumerate(tracks):
            channel = channels[index] if index < len(channels) else index
            events = []
            for start, length, pitch in notes:
                on, off = round(Fraction(start) * 480), round(Fraction(start + length) * 480)
                events.append((on, 1, mido.Message("note_on", note=pitch, channel=channel)))
                events.append((off, 0, mido.Message("note_off", note=pitch, channel=channel)))
            track, now = mido.MidiTrack(), 0
            if index < len(names):
                track.append(mido.MetaMessage("track_name", name=names[index]))
            for tick, _, message in sorted(events, key=lambda event: event[:2]):
                track.append(message.copy(time=tick - now))
                now = tick
            file.tracks.append(track)
        file.save(tmp_path / name)
        return tmp_path / name

    return write


class Filler:
    """A model for any mask: each voice repeats its note on every quarter, which one by the seed.

    A held cell that is given is left alone, so that a request which tears a note apart shows.
    It judges a piece by its bass.
    """

    NOTES = (72, 67, 60, 48)

    def __init__(self):
        self.calls = []

    def __call__(self, given, seeds, **sampling):
        self.calls.append((given, np.array(seeds), sampling))
        pitches, onsets = given.pitches.copy(), given.onsets.copy()
        own = np.array(self.NOTES, np.int8) - (np.asarray(seeds)[:, None, None] % 5).astype(np.int8)
        pitches = np.where(given.mask, pitches, own)
        before = np.pad(pitches, ((0, 0), (1, 0), (0, 0)), constant_values=-1)[:, :-1]
        beats = np.arange(given.steps)[:, None] % 4 == 0
        onsets = np.where(given.mask, onsets, (pitches != before) | beats)
        return pitches, onsets

    def judge(self, given, pitches, onsets):
        return pitches[..., 3].astype(np.float32).mean(axis=1)


@pytest.fixture
def filler():
    return Filler()


@pytest.fixture
def chorale():
    """A score of four voices, five bars of 4/4 and a pickup of a quarter, as chorales have.

    The bass is held from bar 2 into bar 3 and the tenor rests in bars 1 and 4.
    """
    voices = {0: (72, 74, 76, 77), 1: (67, 65, 67, 69), 2: (60, 59, 60, 62), 3: (48, 50, 45, 43)}
    notes = [
        Note(start, start + 4, pitches[start // 4 % 4], voice)
        for voice, pitches in voices.items()
        for start in range(0, 80, 4)
        if not (voice == 2 and (4 <= start < 20 or 52 <= start < 68))
        and not (voice == 3 and 28 <= start < 44)
    ]
    pitches, onsets = arrays_of([*notes, Note(28, 44, 48, 3)], 80)
    return Score(pitches, onsets, Meter(4, 4), pickup=4, key=Key(), title="five bars")
