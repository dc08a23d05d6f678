"""What the tests of composing share: real MIDI files, and a model that needs no training."""

from fractions import Fraction

import mido
import numpy as np
import pytest


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


@pytest.fixture
def model():
    """A model by rule: chord tones under the soprano, which of them by the seed."""

    def compose(given, seeds):
        assert given.pitches.shape[0] == len(seeds)
        soprano, starts = given.pitches[..., 0], given.onsets[..., 0]
        shift = 12 * (np.asarray(seeds) % 2).astype(np.int8)[:, None]
        pitches, onsets = given.pitches.copy(), given.onsets.copy()
        for voice, below in ((1, 3), (2, 8), (3, 12)):
            free = ~given.mask[..., voice]
            low = soprano - np.int8(below) - (shift if voice == 3 else np.int8(0))
            pitches[..., voice][free] = np.where(soprano < 0, -1, low)[free]
            onsets[..., voice][free] = starts[free]
        return pitches, onsets

    return compose
