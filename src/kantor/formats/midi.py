"""Write a score as a Standard MIDI File: one named track a line, repeated notes kept apart.

Names and programs are those of the score's ensemble. Pitched lines have channels of their own;
drum lines share the tenth channel, which General MIDI keeps for drums. MIDI has no pickup: one
is written as a first bar of its own length (1/4 for a quarter), followed by the score's meter, so
that bar lines fall where they belong; `kantor.formats.reading.read` understands it that way.
MIDI has no repeats either: they are written out.

An ensemble with a sound is played so: its lines stand at their places, and eighths are swung, of
which a text such as ``Swing 0.62`` tells from where quarters are counted.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError, one_line
from kantor.files import save
from kantor.formats.parsed import DRUM_CHANNEL, SWING
from kantor.music.bars import bars_of
from kantor.music.dynamics import velocities
from kantor.music.notes import spans_of
from kantor.music.repeats import played
from kantor.music.score import STEPS_PER_QUARTER, Score
from kantor.music.swing import steps_played, swing_changes

TICKS_PER_QUARTER = 480
_TICKS_A_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_PAN = 10  # the controller
_DRUM_KIT = 0  # the program of a standard kit
_MOST_PITCHED = 15  # the channels without the drums
_SLOWEST = 0xFFFFFF  # microseconds a quarter that fit into MIDI's three bytes
_TEXT, _NAME, _END, _TEMPO, _METER, _KEY = 0x01, 0x03, 0x2F, 0x51, 0x58, 0x59  # meta events
_CLOCKS = (24, 8)  # MIDI clocks a click, 32nds a quarter


def to_bytes(score: Score) -> bytes:
    """The bytes of a MIDI file of format 1, the same for the same score.

    Raises
    ------
    InputError
        If there are more than 15 pitched lines.
    """
    if score.ensemble.pitched > _MOST_PITCHED:
        raise InputError(f"{score.ensemble.pitched} pitched lines; MIDI holds {_MOST_PITCHED}")
    score = played(score)
    loud = velocities(score)
    ticks = np.rint(steps_played(score) * _TICKS_A_STEP).astype(int).tolist()
    tracks = [_track(score, line, loud[:, line], ticks) for line in range(score.pitches.shape[1])]
    tracks.insert(0, _conductor(score, [0, *ticks[1:]]))
    header = struct.pack(">4sihhh", b"MThd", 6, 1, len(tracks), TICKS_PER_QUARTER)
    return header + b"".join(b"MTrk" + struct.pack(">i", len(track)) + track for track in tracks)


def write(score: Score, path: str | Path) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score)
    save(path, lambda file: file.write(data))


def _conductor(score: Score, ticks: Sequence[int]) -> bytes:
    """The track of what concerns all lines: title, composer, tempi, meters, key, swing."""
    events = [(0, _NAME, one_line(score.title).encode())]
    if score.notation.composer:
        events.append((0, _TEXT, one_line(score.notation.composer).encode()))
    for start, tempo in ((0, score.tempo), *score.tempi):
        micros = min(max(1, round(60e6 / tempo)), _SLOWEST)
        events.append((start, _TEMPO, micros.to_bytes(3, "big")))
    if score.key is not None:
        events.append((0, _KEY, struct.pack("b?", score.key.fifths, score.key.mode == "minor")))
    last_meter = None
    for bar in bars_of(score):
        if bar.meter != last_meter:
            size = (bar.meter.numerator, bar.meter.denominator.bit_length() - 1, *_CLOCKS)
            events.append((bar.start, _METER, bytes(size)))
            last_meter = bar.meter
    for start, ratio in swing_changes(score):
        events.append((start, _TEXT, f"{SWING} {ratio:g}".encode()))
    events.append((score.steps, _END, b""))
    events.sort(key=lambda event: event[0])
    starts = [0, *(ticks[start] for start, _, _ in events)]
    return b"".join(
        _meta(now - last, kind, data)
        for (last, now), (_, kind, data) in zip(pairwise(starts), events, strict=True)
    )


def _track(score: Score, index: int, velocity: NDArray[np.uint8], ticks: Sequence[int]) -> bytes:
    """The track of one line; where a note ends and the next starts, the end comes first."""
    line = score.ensemble.lines[index]
    drum = line.kind == "drum"
    channel = DRUM_CHANNEL if drum else index + (index >= DRUM_CHANNEL)
    on, off, choose, control = (status | channel for status in (0x90, 0x80, 0xC0, 0xB0))
    events = [_meta(0, _NAME, one_line(line.name.capitalize()).encode())]
    events.append(bytes([0, choose, _DRUM_KIT if drum else line.program]))
    if score.ensemble.sound and not drum:
        events.append(bytes([0, control, _PAN, round(63.5 + 63.5 * line.pan)]))
    last = 0
    for start, end, pitch in spans_of(score, index):
        events.append(_number(ticks[start] - last) + bytes([on, pitch, velocity[start]]))
        events.append(_number(ticks[end] - ticks[start]) + bytes([off, pitch, 0]))
        last = ticks[end]
    events.append(_meta(ticks[-1] - last, _END, b""))
    return b"".join(events)


def _meta(ticks: int, kind: int, data: bytes) -> bytes:
    """An event that makes no sound, so many ticks after the event before."""
    return _number(ticks) + bytes([0xFF, kind]) + _number(len(data)) + data


@lru_cache(1024)
def _number(value: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have the eighth bit set."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))
