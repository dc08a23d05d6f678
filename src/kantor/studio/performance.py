"""Notes as they were played: read from MIDI messages, and aligned with notes on the grid."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.studio.document import NoteSpan

Message = tuple[float, int, int, int]
"""Seconds, and the bytes of a MIDI message."""
PlayedSpan = tuple[float, float, int, int]

_OFF, _ON, _CONTROL, _PROGRAM, _PRESSURE = 0x80, 0x90, 0xB0, 0xC0, 0xD0
_PEDAL, _DOWN = 64, 64  # the controller, and the value from which it holds
_SHORTEST = 0.02  # seconds of a note
_DROPPED = 500  # notes that the grid has no place for, beyond which nothing is aligned
_WINDOW = 12  # notes on each side that show the beat at a note of a free take
_TICKS = 480


class PlayedNote(NamedTuple):
    """A note as it was played, times in seconds."""

    start: float
    end: float
    pitch: int
    velocity: int


def played_notes(messages: Iterable[Message], latency: float = 0.0) -> list[PlayedNote]:
    """The notes of MIDI messages, ascending, `latency` seconds earlier than they came.

    The pedal lengthens notes until it is lifted or their key is struck again. What is still held
    at the end ends with the last message.
    """
    ordered = sorted(messages, key=lambda message: message[0])
    held: dict[tuple[int, int], tuple[float, int]] = {}
    ringing: set[tuple[int, int]] = set()  # the key is up, the pedal down
    down: set[int] = set()
    notes: list[PlayedNote] = []

    def end(key: tuple[int, int], time: float) -> None:
        start, velocity = held.pop(key)
        ringing.discard(key)
        notes.append(PlayedNote(start, max(time, start + _SHORTEST), key[1], velocity))

    last = ordered[-1][0] - latency if ordered else 0.0
    for seconds, status, first, second in ordered:
        time, kind, channel = seconds - latency, status & 0xF0, status & 0x0F
        key = channel, first
        if kind == _ON and second and first < 128:
            if key in held:
                end(key, time)
            held[key] = time, min(second, 127)
        elif kind in (_OFF, _ON) and key in held:
            if channel in down:
                ringing.add(key)
            else:
                end(key, time)
        elif kind == _CONTROL and first == _PEDAL and second >= _DOWN:
            down.add(channel)
        elif kind == _CONTROL and first == _PEDAL:
            down.discard(channel)
            for one in [one for one in ringing if one[0] == channel]:
                end(one, time)
    for key in list(held):
        end(key, last)
    return sorted(notes)


def midi_bytes(messages: Iterable[Message], tempo: float) -> bytes:
    """The messages as they are, as a MIDI file of one track; `tempo` in quarters a minute."""
    known = [one for one in messages if 0x80 <= one[1] < 0xF0 and max(one[2:]) < 128]
    known.sort(key=lambda message: message[0])
    begin = min(0.0, known[0][0]) if known else 0.0
    micros = min(round(60e6 / tempo), 0xFFFFFF)
    track, last = bytearray(b"\x00\xff\x51\x03" + micros.to_bytes(3, "big")), 0
    for seconds, status, first, second in known:
        tick = round((seconds - begin) * tempo / 60 * _TICKS)
        short = status & 0xF0 in (_PROGRAM, _PRESSURE)
        track += _variable(tick - last) + bytes([status, first, second][: 2 if short else 3])
        last = tick
    track += b"\x00\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, _TICKS)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + bytes(track)


def _variable(number: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last have the eighth bit set."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


def aligned(
    grid: Sequence[NoteSpan], line: Sequence[PlayedNote], steps: NDArray[np.float64]
) -> list[int] | None:
    """Which played note each note of the grid is; both are one line, in one order.

    Parameters
    ----------
    steps
        ``(played note,)``: about where on the grid each was played, but for a constant.

    Returns
    -------
    list of int or None
        None where they do not fit each other.
    """
    dropped = len(line) - len(grid)
    if not 0 <= dropped <= _DROPPED or not grid:
        return None
    starts = np.array([note[0] for note in grid], float)
    moved, places = starts - starts[0], steps - steps[0]
    shift = (grid[0][2] - line[0].pitch) % 12
    pitches = np.array([note[2] for note in grid]) - shift
    sung = np.array([note.pitch for note in line])
    costs = np.full((len(grid) + 1, dropped + 1), np.inf)
    costs[0] = 0
    came = np.zeros((len(grid), dropped + 1), int)
    gaps = np.arange(dropped + 1)
    for index in range(len(grid)):
        wrong = (sung[index + gaps] - pitches[index]) % 12 != 0
        own = np.abs(places[index + gaps] - moved[index]) + 100.0 * wrong
        best = np.minimum.accumulate(costs[index])
        came[index] = np.maximum.accumulate(np.where(costs[index] == best, gaps, 0))
        costs[index + 1] = best + own
    gap = int(costs[-1].argmin())
    found = []
    for index in reversed(range(len(grid))):
        found.append(index + gap)
        gap = int(came[index, gap])
    return found[::-1]


def on_the_click(
    grid: Sequence[NoteSpan], notes: Sequence[PlayedNote], seconds: float
) -> list[PlayedSpan]:
    """Aligned notes in steps that last so many `seconds` each, from where the grid begins."""
    late = np.array([note.start / seconds for note in notes]) - [note[0] for note in grid]
    origin = round(float(np.median(late)))
    return [
        _span(own.start / seconds - origin, own.end / seconds - origin, note, own)
        for note, own in zip(grid, notes, strict=True)
    ]


def off_the_beat(grid: Sequence[NoteSpan], notes: Sequence[PlayedNote]) -> list[PlayedSpan]:
    """Aligned notes of a take without a click, in steps of the beat that the notes around show."""
    starts = np.array([note[0] for note in grid], float)
    times = np.array([note.start for note in notes])
    spans = []
    for index, (note, own) in enumerate(zip(grid, notes, strict=True)):
        near = slice(max(0, index - _WINDOW), index + _WINDOW + 1)
        slope, place = _straight(times[near] - own.start, starts[near])
        spans.append(_span(place, place + (own.end - own.start) * slope, note, own))
    return spans


def _straight(times: NDArray[np.float64], steps: NDArray[np.float64]) -> tuple[float, float]:
    """Steps a second, and the step at time 0, of the line through places around it."""
    spread = max(1e-6, float(np.ptp(times)) / 4)
    weights = np.exp(-((times / spread) ** 2) / 2)
    weights /= weights.sum()
    middle, place = float(weights @ times), float(weights @ steps)
    variance = float(weights @ (times - middle) ** 2)
    slope = float(weights @ ((times - middle) * (steps - place))) / variance if variance else 8.0
    return max(slope, 0.1), place - middle * slope


def _span(start: float, end: float, note: NoteSpan, own: PlayedNote) -> PlayedSpan:
    return round(float(start), 3), round(float(end), 3), note[2], own.velocity
