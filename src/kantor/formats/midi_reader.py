"""Read Standard MIDI Files of unknown origin, as recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from kantor.errors import InputError
from kantor.formats import midi_tracks
from kantor.formats.midi_tracks import Track
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.music.notes import TimedNote
from kantor.music.score import Meter

DEFAULT_TEMPO = 120.0
_DRUM_CHANNEL = 9


def parse(data: bytes, limits: Limits) -> ParsedFile:
    """Read the bytes of a MIDI file.

    A part is one channel of one track. A first bar whose meter is shorter than the one following
    it, and lasts less in all, is taken as the pickup, as `kantor.formats.midi.write` means it.

    Raises
    ------
    InputError
        If the bytes are damaged, truncated, without notes or beyond `limits`.
    """
    division, tracks = midi_tracks.read(data, limits)
    if not any(track.notes for track in tracks):
        raise InputError("no notes on any track")
    return _recording(tracks, division)


def _recording(tracks: list[Track], division: int) -> ParsedFile:
    parts = [part for track in tracks for part in _parts(track, division)]
    first = min(part.notes[0].start for part in parts)
    tempi = sorted((change for track in tracks for change in track.tempi), key=lambda c: c[0])
    in_force = [tempo for tick, tempo in tempi if Fraction(tick, division) <= first]
    keys = sorted((change for track in tracks for change in track.keys), key=lambda c: c[0])
    meters, pickup = _meters(tracks, division)
    return ParsedFile(
        parts=tuple(parts),
        tempo=in_force[-1] if in_force else DEFAULT_TEMPO,
        meters=meters,
        key=keys[0][1] if keys else None,
        pickup=pickup,
        title=tracks[0].name if len(tracks) == 1 or not tracks[0].notes else "",
        length=max(Fraction(track.end, division) for track in tracks),
    )


def _parts(track: Track, division: int) -> Iterator[Part]:
    quarters = _Quarters(division)
    for channel, notes in sorted(track.notes.items()):
        timed = [
            TimedNote(quarters[start], quarters[end], pitch)
            for start, end, pitch in sorted(notes)  # whole numbers are compared faster
        ]
        name = track.name if len(track.notes) == 1 else f"{track.name} channel {channel + 1}"
        yield Part(name.strip(), tuple(timed), is_drum=channel == _DRUM_CHANNEL)


class _Quarters(dict[int, Fraction]):
    """Ticks in quarters; most notes end where others begin, and fractions are slow to make."""

    def __init__(self, division: int) -> None:
        super().__init__()
        self._division = division

    def __missing__(self, tick: int) -> Fraction:
        found = self[tick] = Fraction(tick, self._division)
        return found


def _meters(
    tracks: list[Track], division: int
) -> tuple[tuple[tuple[Fraction, Meter], ...], Fraction | None]:
    """Where meters begin, the last one named at a tick winning, and the pickup."""
    named = sorted((change for track in tracks for change in track.meters), key=lambda c: c[0])
    by_tick = {0: Meter(), **dict(named)}
    changes = [(Fraction(tick, division), meter) for tick, meter in sorted(by_tick.items())]
    changes = [c for i, c in enumerate(changes) if i == 0 or c[1] != changes[i - 1][1]]
    if len(changes) > 1:
        short, (start, meter) = changes[0][1], changes[1]
        one_bar = start == Fraction(short.bar_steps, 4) and short.bar_steps < meter.bar_steps
        end = Fraction(max(track.end for track in tracks), division)
        if one_bar and _lasting(short, changes, end) < _lasting(meter, changes, end):
            return ((Fraction(0), meter), *changes[2:]), start
    return tuple(changes), None


def _lasting(meter: Meter, changes: Sequence[tuple[Fraction, Meter]], end: Fraction) -> Fraction:
    """How many quarters `meter` is in force."""
    ends = [*(start for start, _ in changes[1:]), end]
    spans = zip(changes, ends, strict=True)
    return sum((stop - start for (start, m), stop in spans if m == meter), Fraction(0))
