"""Find the tracks in the bytes of a MIDI file, also where its counts and lengths are wrong.

A file is a header and chunks of a name, a length and so many bytes. Players find the tracks
whatever stands around them: a RIFF or MacBinary wrapper, chunks of unknown names, padding.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from kantor.errors import InputError

OUTSIDE = "{n} byte{s} outside the tracks: passed over"
_HEADER, _TRACK = b"MThd", b"MTrk"
_NEAR = 1024  # bytes of a wrapper in which the header is looked for


class Mended(Counter[str]):
    """How often each fault was mended; a fault is a line with `{n}` and `{s}`."""

    _effort = 200_000  # of looking ahead in one file

    def may_look(self, effort: int) -> bool:
        """Whether so many more events may be read ahead; this bounds the time."""
        self._effort -= effort
        return self._effort >= 0

    def told(self) -> tuple[str, ...]:
        """One line for each kind of fault."""
        return tuple(
            fault.format(n=f"{count:,}", s="s" if count > 1 else "")
            for fault, count in self.items()
            if count
        )


class Head(NamedTuple):
    """What the header says, and the position after it."""

    kind: int
    tracks: int
    division: int
    position: int


class Span(NamedTuple):
    """Where a track's events begin, where its length says that they end, and their latest end."""

    start: int
    declared: int
    end: int


def recognises(data: bytes) -> bool:
    """Whether a file is MIDI: the header stands first, or in a wrapper near the beginning."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        return True
    return data.startswith(_HEADER) or (
        not data.startswith(b"PK") and _HEADER + b"\0\0\0\6" in data[:_NEAR]
    )


def head(data: bytes, mended: Mended) -> Head:
    """The header of a file that `recognises` knows.

    Raises
    ------
    InputError
        If it is not whole or names no unit of time.
    """
    start = data.find(_HEADER)
    if start < 0 or len(data) < start + 14:
        raise InputError("a truncated MIDI header; export it again")
    if data[:4] != b"RIFF":
        mended[OUTSIDE] += start
    kind, tracks, division = (
        int.from_bytes(data[at : at + 2], "big") for at in (start + 8, start + 10, start + 12)
    )
    if division in (0, 0x8000) or division & 0x80FF == 0x8000:
        raise InputError("the MIDI header names no unit of time; export it again")
    longer = start + 8 + _length_at(data, start)
    return Head(kind, tracks, division, longer if _begins_chunk(data, longer) else start + 14)


def next_track(data: bytes, position: int, mended: Mended) -> Span | None:
    """The next track from a position on; None where there is none."""
    while data[position : position + 4] != _TRACK:
        after = position + 8 + _length_at(data, position)
        if _is_name(data[position : position + 4]) and _begins_chunk(data, after):
            position = after  # a chunk of another kind, as the format allows
            continue
        found = data.find(_TRACK, position)
        outside = data[position : found if found >= 0 else len(data)]
        mended[OUTSIDE] += len(outside.strip(b"\0"))  # padding is no fault
        if found < 0:
            return None
        position = found
    start = position + 8
    declared = start + _length_at(data, position)
    if _begins_chunk(data, declared):
        return Span(start, declared, declared)
    found = data.find(_TRACK, start)
    return Span(start, declared, found if found >= 0 else len(data))


def after_track(data: bytes, stop: int, span: Span) -> int:
    """Where to go on after a track whose events were read up to `stop`."""
    found = data.find(_TRACK, stop, span.end)
    if found >= 0:
        return found
    return stop if stop == span.declared else span.end


def _length_at(data: bytes, position: int) -> int:
    return int.from_bytes(data[position + 4 : position + 8], "big")


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and name.isascii() and name.decode().isprintable()


def _begins_chunk(data: bytes, position: int) -> bool:
    """Whether a chunk begins here, or all bytes are at an end."""
    if position >= len(data):
        return position == len(data)
    return _is_name(data[position : position + 4]) and position + 8 <= len(data)
