"""Read the events of one MIDI track, and mend what others write wrongly.

Events are read by count, as all players do: a status, then as many bytes as it asks for. Where
that cannot be, the next place that reads well is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kantor.formats.midi_chunks import Mended
from kantor.formats.parsed import SWING

SYSTEM = 0xF0
_SIZES = (0,) * 8 + (2, 2, 2, 2, 1, 1, 2, 0)  # data bytes by the upper half of the status
_SYSTEM_SIZES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # else none
_END_OF_TRACK, _TEXT, _NAME, _INSTRUMENT = 0x2F, 0x01, 0x03, 0x04
_TEMPO, _METER, _KEY = 0x51, 0x58, 0x59
_KEPT = {_TEXT, _NAME, _INSTRUMENT, _TEMPO, _METER, _KEY}
_SWING = re.compile(rf"{SWING} (0\.[5-7]\d{{0,5}})".encode())
_LONGEST_NUMBER = 8  # bytes; the format allows four, but some programs pad
_AHEAD = 4  # events that must read well before a place is believed
_FAR = 512  # bytes in which such a place is looked for

_CLIPPED = "{n} data byte{s} above 127: taken as 127"
_NO_PITCH = "{n} note{s} of a pitch above 127: left out"
_REAL_TIME = "{n} real-time or system message{s} between the notes: passed over"
_UNREADABLE = "{n} place{s} without a MIDI event: passed over"
_GIVEN_UP = "{n} track{s} damaged: read up to the damage"
_NO_END = "{n} track{s} without End of Track: read to the last whole event"


@dataclass
class Track:
    """What a track holds beside its notes, times in ticks."""

    name: bytes = b""
    instrument: bytes = b""
    end: int = 0
    stop: int = 0  # the byte up to which it was read
    ended: bool = False  # by End of Track
    tempi: list[tuple[int, int]] = field(default_factory=list)
    """Microseconds a quarter."""
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    """Numerator, and the denominator's power of two."""
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    """Sharps, and 1 for minor."""
    swings: list[tuple[int, float]] = field(default_factory=list)
    """The share of each quarter that its first eighth has; quarters are counted from there."""


def events(
    data: bytes, position: int, end: int, track: Track, mended: Mended
) -> Iterator[tuple[int, int, int, int]]:
    """Tick, status and two data bytes of each channel event; meta events go to `track`.

    What comes later than End of Track, or than `end`, is not read.
    """
    tick = running = 0
    track.stop = end
    while position < end:
        event = position
        try:
            delta = data[position]
            position += 1
            if delta & 0x80:
                delta, position = _number(data, position - 1)
            tick += delta
            status = data[position]
            while status > SYSTEM and status not in (0xF7, 0xFF):  # these have no place in files
                event = position
                position += 1 + _SYSTEM_SIZES.get(status, 0)
                mended[_REAL_TIME] += 1
                if _delta_follows(data, position, end, running, mended):
                    delta, position = _number(data, position)
                    tick += delta
                status = data[position]
            if status >= SYSTEM:
                position, kind, content = _block(data, position, end, mended)
                if position > end:
                    raise IndexError
                track.end = tick
                if kind == _END_OF_TRACK:
                    track.stop, track.ended = position, True
                    return
                _keep(track, tick, kind, content)
                continue
            if status & 0x80:  # else the status of the event before holds on
                running = status
                position += 1
            size = _SIZES[running >> 4]
            first = data[position]
            second = data[position + 1] if size == 2 else 0
            if not size or position + size > end:
                raise IndexError
            if (first | second) & 0x80:
                first, second, position = _mend_data(data, position, end, running, mended)
                if first & 0x80:
                    continue
            else:
                position += size
        except IndexError:
            position = _next_readable(data, event + 1, end, mended)
            if position < 0:
                return
            continue
        yield tick, running, first, second
    mended[_NO_END] += 1


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A variable-length quantity and the position after it; IndexError where it has no end."""
    value = 0
    for offset in range(_LONGEST_NUMBER):
        byte = data[position + offset]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + offset + 1
    raise IndexError


def _block(data: bytes, position: int, end: int, mended: Mended) -> tuple[int, int, bytes]:
    """The position after a meta or system exclusive event, its kind (-1) and its content."""
    status = data[position]
    kind = data[position + 1] if status == 0xFF else -1
    length, start = _number(data, position + 1 + (status == 0xFF))
    after = start + length
    unclosed = kind < 0 and data[after - 1 : after] != b"\xf7"
    if unclosed and mended.may_look(2 * _AHEAD) and not _reads(data, after, end, 0):
        # some programs write no length, only the closing byte
        closing = data.find(b"\xf7", position + 1, position + _FAR)
        if closing >= 0 and _reads(data, closing + 1, end, 0):
            return closing + 1, kind, b""
    return after, kind, data[start:after] if kind in _KEPT else b""


def _mend_data(
    data: bytes, position: int, end: int, status: int, mended: Mended
) -> tuple[int, int, int]:
    """The data bytes of an event where one is above 127, and the position after them."""
    size = _SIZES[status >> 4]
    read = data[position : position + size]
    after = position + size
    if any(map(_is_real_time, read)) and mended.may_look(_AHEAD):
        ahead = data[position : position + size + _AHEAD]
        places = [at for at, byte in enumerate(ahead) if not _is_real_time(byte)][:size]
        past = position + places[-1] + 1 if len(places) == size else end + 1
        if not _reads(data, after, end, status) and _reads(data, past, end, status):
            mended[_REAL_TIME] += past - after
            read, after = bytes(ahead[at] for at in places), past
    second = read[1] if size == 2 else 0
    if status < 0xA0 and read[0] & 0x80:
        mended[_NO_PITCH] += 1
        return read[0], second, after
    mended[_CLIPPED] += sum(byte > 127 for byte in read)
    return min(read[0], 127), min(second, 127), after


def _delta_follows(data: bytes, position: int, end: int, running: int, mended: Mended) -> bool:
    """Whether a time stands after a real-time byte, or the status of the event it stands in."""
    if data[position] < 0x80 or not mended.may_look(2 * _AHEAD):
        return True
    if _reads(data, position, end, running):
        return True
    untimed = b"\0" + data[position : min(end, position + _FAR)]
    return not _reads(untimed, 0, len(untimed), running)


def _next_readable(data: bytes, position: int, end: int, mended: Mended) -> int:
    """Where events can be read again after a place where they cannot; -1 if nowhere near."""
    if mended.may_look(_FAR):
        for place in range(position, min(position + _FAR, end - 3)):
            if _reads(data, place, end, 0):
                mended[_UNREADABLE] += 1
                return place
    mended[_NO_END if position + _FAR > end else _GIVEN_UP] += 1
    return -1


def _reads(data: bytes, position: int, end: int, running: int) -> bool:
    """Whether some events from a place on, or all up to the end, are as the format has them."""
    try:
        for _ in range(_AHEAD):
            if position == end:
                return True
            _, position = _number(data, position)
            status = data[position]
            if status in (0xF0, 0xF7, 0xFF):
                kind = data[position + 1] if status == 0xFF else 0
                length, position = _number(data, position + 1 + (status == 0xFF))
                position += length
                if kind == _END_OF_TRACK:
                    return length == 0 and position <= end
                sound = kind < 0x80
            elif status > SYSTEM:
                position += 1 + _SYSTEM_SIZES.get(status, 0)
                sound = True
            else:
                if status & 0x80:
                    running = status
                    position += 1
                size = _SIZES[running >> 4]
                sound, position = _pass_over_data(data, position, size)
            if not sound or position > end:
                return False
    except IndexError:
        return False
    return True


def _pass_over_data(data: bytes, position: int, size: int) -> tuple[bool, int]:
    """Whether so many data bytes follow, real-time bytes left aside, and the position after."""
    left = size
    while left:
        byte = data[position]
        if byte < 0x80:
            left -= 1
        elif not _is_real_time(byte):
            return False, position
        position += 1
    return size > 0, position


def _is_real_time(byte: int) -> bool:
    return 0xF8 <= byte < 0xFF


def _keep(track: Track, tick: int, kind: int, content: bytes) -> None:
    """Keep what a meta event says, as the file has it."""
    if kind == _NAME:
        track.name = track.name or content
    elif kind == _INSTRUMENT:
        track.instrument = track.instrument or content
    elif kind == _TEMPO and len(content) >= 3:
        track.tempi.append((tick, int.from_bytes(content[:3], "big")))
    elif kind == _METER and len(content) >= 2:
        track.meters.append((tick, content[0], content[1]))
    elif kind == _KEY and len(content) >= 2:
        track.keys.append((tick, (content[0] ^ 0x80) - 0x80, content[1]))
    elif kind == _TEXT and (swing := _SWING.fullmatch(content)):
        track.swings.append((tick, float(swing[1])))
