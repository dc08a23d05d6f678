"""Write a score as a Standard MIDI File: one named track a voice, repeated notes kept apart.

MIDI has no pickup. A pickup is written as a first bar of its own length (1/4 for a quarter),
followed by the score's meter, so that bar lines fall where they belong;
`kantor.formats.reading.read` understands it that way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from kantor.errors import InputError, one_line
from kantor.files import save
from kantor.music.bars import bars_of
from kantor.music.notes import spans_of
from kantor.music.score import STEPS_PER_QUARTER, VOICES, Score

TICKS_PER_QUARTER = 480
_TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_VELOCITY = 80
_CHOIR = 52  # General MIDI "Choir Aahs", counted from 0
_MOST_VOICES = 15  # the channels without the drums
_SLOWEST = 0xFFFFFF  # microseconds a quarter that fit into MIDI's three bytes
_NAME, _END, _TEMPO, _METER, _KEY = 0x03, 0x2F, 0x51, 0x58, 0x59  # meta events
_CLOCKS = (24, 8)  # MIDI clocks a click, 32nds a quarter


def names_of(voices: int) -> tuple[str, ...]:
    """Names for the voices of a score: the four of a chorale, or a melody, or numbers."""
    if voices == 1:
        return ("Melody",)
    if voices == len(VOICES):
        return tuple(voice.capitalize() for voice in VOICES)
    return tuple(f"Voice {number}" for number in range(1, voices + 1))


def to_bytes(
    score: Score, names: Sequence[str] | None = None, programs: Sequence[int] | None = None
) -> bytes:
    """The bytes of a MIDI file of format 1, the same for the same score.

    Parameters
    ----------
    names
        One a voice; by default `names_of`.
    programs
        General MIDI programs, one a voice, 0 to 127; by default a choir.

    Raises
    ------
    InputError
        If there are more than 15 voices, or not one name and one program a voice.
    """
    voices = score.pitches.shape[1]
    names = names_of(voices) if names is None else names
    programs = [_CHOIR] * voices if programs is None else programs
    if voices > _MOST_VOICES or len(names) != voices or len(programs) != voices:
        raise InputError(
            f"{voices} voices, {len(names)} names, {len(programs)} programs: expected as many of"
            f" each, at most {_MOST_VOICES}"
        )
    tracks = [_conductor(score)]
    for voice, (name, program) in enumerate(zip(names, programs, strict=True)):
        notes = spans_of(score, voice)
        tracks.append(_track(notes, name, program, voice + (voice >= 9), score.steps))
    header = struct.pack(">hhh", 1, len(tracks), TICKS_PER_QUARTER)
    return b"".join([_chunk(b"MThd", header), *(_chunk(b"MTrk", track) for track in tracks)])


def write(
    score: Score,
    path: str | Path,
    names: Sequence[str] | None = None,
    programs: Sequence[int] | None = None,
) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score, names, programs)
    save(path, lambda file: file.write(data))


def _conductor(score: Score) -> bytes:
    """The track of what concerns all voices: title, tempo, meters, key."""
    tempo = min(max(1, round(60e6 / score.tempo)), _SLOWEST)
    events = [_meta(0, _NAME, one_line(score.title).encode())]
    events.append(_meta(0, _TEMPO, tempo.to_bytes(3, "big")))
    if score.key is not None:
        minor = score.key.mode == "minor"
        events.append(_meta(0, _KEY, bytes([score.key.fifths % 256, minor])))
    last_step, last_meter = 0, None
    for bar in bars_of(score):
        if bar.meter != last_meter:
            size = (bar.meter.numerator, bar.meter.denominator.bit_length() - 1, *_CLOCKS)
            events.append(_meta(bar.start - last_step, _METER, bytes(size)))
            last_step, last_meter = bar.start, bar.meter
    events.append(_meta(score.steps - last_step, _END, b""))
    return b"".join(events)


def _track(
    notes: Sequence[tuple[int, int, int]], name: str, program: int, channel: int, steps: int
) -> bytes:
    """One voice; where a note ends and the next starts, the end comes first."""
    on, off, choose = (status | channel for status in (0x90, 0x80, 0xC0))
    events = [_meta(0, _NAME, one_line(name).encode()), bytes([0, choose, program])]
    last = 0
    for start, end, pitch in notes:
        events.append(_event(start - last, on, pitch, _VELOCITY))
        events.append(_event(end - start, off, pitch, 0))
        last = end
    events.append(_meta(steps - last, _END, b""))
    return b"".join(events)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "big") + data


def _meta(steps: int, kind: int, data: bytes) -> bytes:
    """What is no sound, so many steps after the event before."""
    return _after(steps) + bytes([0xFF, kind]) + _number(len(data)) + data


@lru_cache(65_536)
def _event(steps: int, status: int, pitch: int, velocity: int) -> bytes:
    """A note's beginning or end, so many steps after the event before."""
    return _after(steps) + bytes([status, pitch, velocity])


@cache
def _after(steps: int) -> bytes:
    """A delay."""
    return _number(steps * _TICKS_PER_STEP)


def _number(value: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have the eighth bit set."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(0x80 | value & 0x7F)
    return bytes(reversed(found))
