"""Read Standard MIDI Files of unknown origin: each byte is checked before it is believed.

A reader of our own, because the alternatives fail on hostile input: symusic 0.5.9 ends the
process (segmentation fault or double free) on files with a few changed bytes, and mido builds an
object for each of up to two million events before any limit can be applied. The format is the
MIDI Association's "Standard MIDI Files 1.0" (RP-001).
"""

from __future__ import annotations

import struct
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise

from kantor.errors import InputError, one_line
from kantor.formats.parsed import (
    DRUM_CHANNEL,
    Limits,
    ParsedFile,
    Part,
    believable_tempo,
    check_size,
)
from kantor.music.notes import TimedNote
from kantor.music.score import Key, Meter

_DEFAULT_TEMPO = 120.0
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_RUNS_PAST = "truncated: a MIDI event runs past its track"
_END_OF_TRACK, _NAME, _TEMPO, _METER, _KEY = 0x2F, 0x03, 0x51, 0x58, 0x59

_Change = float | Meter | Key


@dataclass
class _Track:
    """The content of one track, times in ticks."""

    name: str = ""
    end: int = 0
    notes: dict[int, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    """By channel: start, end and pitch of each."""
    changes: list[tuple[int, _Change]] = field(default_factory=list)
    """Each tempo, meter and key with the tick from which it holds."""


def recognises(data: bytes) -> bool:
    """Whether a file is MIDI."""
    return data.startswith(b"MThd")


def parse(data: bytes, limits: Limits, *, expand_repeats: bool = False) -> ParsedFile:
    """Read the bytes of a MIDI file, which has no repeats to expand.

    A part is one channel of one track. A note that is never released lasts to the end of its
    track. A first bar whose meter is shorter than the one following it, and lasts less in all, is
    taken as the pickup, as `kantor.formats.midi.write` means it.

    Raises
    ------
    InputError
        If the bytes are damaged, truncated, without notes or beyond `limits`.
    """
    check_size(limits, bytes=len(data))
    division, chunks = _chunks(data, limits)
    tracks: list[_Track] = []
    count = 0
    for chunk in chunks:
        tracks.append(_read_track(chunk, division, limits, count))
        count += sum(map(len, tracks[-1].notes.values()))
    parts = tuple(part for track in tracks for part in _parts(track, division))
    if not parts:
        raise InputError("no notes on any track")
    first = min(part.notes[0].start for part in parts) * division
    changes = sorted((c for track in tracks for c in track.changes), key=lambda change: change[0])
    tempi = [value for tick, value in changes if isinstance(value, float) and tick <= first]
    length = Fraction(max(track.end for track in tracks), division)
    meters, pickup = _meters(changes, division, length)
    return ParsedFile(
        parts=parts,
        tempo=tempi[-1] if tempi else _DEFAULT_TEMPO,
        meters=meters,
        key=next((value for _, value in changes if isinstance(value, Key)), None),
        pickup=pickup,
        title=tracks[0].name if len(tracks) == 1 or not tracks[0].notes else "",
        length=length,
    )


def _parts(track: _Track, division: int) -> Iterator[Part]:
    # Most notes end where others begin, and fractions are slow to make: each is made once.
    ticks = {tick for notes in track.notes.values() for note in notes for tick in note[:2]}
    quarters = {tick: Fraction(tick, division) for tick in ticks}
    for channel, notes in sorted(track.notes.items()):
        timed = (
            TimedNote(quarters[start], quarters[end], pitch)
            for start, end, pitch in sorted(notes)  # whole numbers are compared faster
        )
        name = track.name if len(track.notes) == 1 else f"{track.name} channel {channel + 1}"
        yield Part(name.strip(), tuple(timed), is_drum=channel == DRUM_CHANNEL)


def _meters(
    changes: Iterable[tuple[int, _Change]], division: int, length: Fraction
) -> tuple[tuple[tuple[Fraction, Meter], ...], Fraction | None]:
    """Where meters begin, the last one named at a tick winning, and the pickup."""
    by_tick = {0: Meter()}
    by_tick.update((tick, value) for tick, value in changes if isinstance(value, Meter))
    runs = groupby(by_tick.items(), key=lambda change: change[1])
    meters = [(Fraction(next(run)[0], division), meter) for meter, run in runs]
    if len(meters) > 1:
        short, (start, meter) = meters[0][1], meters[1]
        lasting: dict[Meter, Fraction] = defaultdict(Fraction)
        for (begin, one), (end, _) in pairwise([*meters, (length, meter)]):
            lasting[one] += end - begin
        one_bar = start == Fraction(short.bar_steps, 4) and short.bar_steps < meter.bar_steps
        if one_bar and lasting[short] < lasting[meter]:
            return ((Fraction(0), meter), *meters[2:]), start
    return tuple(meters), None


def _chunks(data: bytes, limits: Limits) -> tuple[int, list[bytes]]:
    """Ticks a quarter, and the bytes of each track."""
    header = int.from_bytes(data[4:8], "big")
    if len(data) < 14 or header < 6:
        raise InputError("a truncated MIDI header")
    kind, declared, division = struct.unpack(">HHH", data[8:14])
    if kind > 1:
        raise InputError(f"MIDI of format {kind}; export it as format 0 or 1")
    if division == 0 or division & 0x8000:
        raise InputError("timed in film frames; export it with ticks a quarter")
    check_size(limits, tracks=declared)
    chunks: list[bytes] = []
    position = 8 + header
    while len(chunks) < declared:
        length = int.from_bytes(data[position + 4 : position + 8], "big")
        if position + 8 + length > len(data):
            raise InputError(
                f"truncated: the header promises {declared} tracks, {len(chunks)} are whole"
            )
        if data[position : position + 4] == b"MTrk":
            chunks.append(data[position + 8 : position + 8 + length])
        position += 8 + length
    return division, chunks


def _read_track(chunk: bytes, division: int, limits: Limits, count: int) -> _Track:
    """Read one track, after `count` notes in the tracks before it."""
    track = _Track()
    sounding: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    last_tick = limits.quarters * division
    for tick, status, pitch, velocity in _events(chunk, track):
        if tick > last_tick or count > limits.notes:
            check_size(limits, notes=count, quarters=tick / division)
        track.end = tick
        kind, channel = status & 0xF0, status & 0x0F
        if kind not in (0x80, 0x90):
            continue
        starts = sounding[channel, pitch]
        begins = kind == 0x90 and velocity > 0
        # A release at the very tick of an onset is that of the note before. An onset ends all
        # notes of its pitch that were not released.
        while starts and starts[0] < tick:
            track.notes[channel].append((starts.popleft(), tick, pitch))
            if not begins:
                break
        if begins:
            count += 1
            starts.append(tick)
    for (channel, pitch), starts in sounding.items():
        for start in starts:
            if start < track.end:  # else it has no length
                track.notes[channel].append((start, track.end, pitch))
    check_size(limits, notes=count, quarters=track.end / division)
    return track


def _events(chunk: bytes, track: _Track) -> Iterator[tuple[int, int, int, int]]:
    """Tick, status and two data bytes of each event; meta events go to `track` instead."""
    tick = position = running = 0
    try:
        while position < len(chunk):
            delta, position = _variable(chunk, position)
            tick += delta
            status = chunk[position]
            if status in (0xFF, 0xF0, 0xF7):
                meta = chunk[position + 1] if status == 0xFF else -1
                length, position = _variable(chunk, position + 1 + (status == 0xFF))
                if position + length > len(chunk):
                    raise InputError(_RUNS_PAST)
                _keep_meta(track, tick, meta, chunk[position : position + length])
                if meta == _END_OF_TRACK:
                    return
                position += length
                continue
            if status & 0x80:  # else the status of the event before holds on
                running = status
                position += 1
            size = _DATA_BYTES.get(running & 0xF0, 0)
            first, second = chunk[position], chunk[position + 1] if size == 2 else 0
            if not size or (first | second) & 0x80:
                raise InputError("damaged: bytes that are no MIDI event")
            position += size
            yield tick, running, first, second
    except IndexError:
        raise InputError(_RUNS_PAST) from None


def _variable(chunk: bytes, position: int) -> tuple[int, int]:
    """A variable-length quantity of at most four bytes, and the position after it."""
    value = 0
    for offset in range(4):
        byte = chunk[position + offset]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + offset + 1
    raise InputError("damaged: a MIDI number longer than four bytes")


def _keep_meta(track: _Track, tick: int, kind: int, data: bytes) -> None:
    """Keep what a meta event says; an implausible key or tempo is passed over."""
    track.end = tick
    if kind == _NAME and not track.name:
        try:
            track.name = one_line(data.decode("utf-8"))
        except UnicodeDecodeError:
            track.name = one_line(data.decode("latin-1"))
    elif kind == _TEMPO and len(data) == 3 and any(data):
        if tempo := believable_tempo(60e6 / int.from_bytes(data, "big")):
            track.changes.append((tick, tempo))
    elif kind == _METER and len(data) >= 2:
        if data[1] > 5:
            raise InputError("a MIDI time signature finer than thirty-seconds")
        track.changes.append((tick, Meter(data[0], 1 << data[1])))
    elif kind == _KEY and len(data) == 2 and data[1] < 2:
        fifths = int.from_bytes(data[:1], signed=True)
        if -7 <= fifths <= 7:
            track.changes.append((tick, Key(fifths, "minor" if data[1] else "major")))
