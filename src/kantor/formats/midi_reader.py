"""Read Standard MIDI Files of unknown origin: each byte is checked before it is believed.

A reader of our own, because the alternatives fail on hostile input: symusic 0.5.9 ends the
process (segmentation fault or double free) on files with a few changed bytes, and mido builds an
object for each of up to two million events before any limit can be applied. The format is the
MIDI Association's "Standard MIDI Files 1.0" (RP-001). What other programs write wrongly is mended
and told, as far as every player reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from kantor.errors import InputError
from kantor.formats import midi_chunks
from kantor.formats.code_pages import text_of
from kantor.formats.midi_chunks import Head, Mended
from kantor.formats.midi_events import Track, events
from kantor.formats.midi_meters import meters_of
from kantor.formats.midi_notes import Channels, channels_of
from kantor.formats.midi_swing import Clock, straightened
from kantor.formats.parsed import (
    DRUM_CHANNEL,
    Limits,
    ParsedFile,
    Part,
    believable_tempo,
    check_size,
)
from kantor.music.notes import TimedNote
from kantor.music.score import Key

recognises = midi_chunks.recognises

_WRONG_LENGTH = "{n} track{s} of a wrong length: read to End of Track"
_ODD_TEMPO = "{n} tempo event{s} that cannot be meant: left out"
_FAR_KEY = "{n} key signature{s} of more than 7 sharps or flats: respelt"
_ODD_KEY = "{n} key signature{s} that cannot be meant: left out"
_DEFAULT_TEMPO = 500_000  # microseconds a quarter


@dataclass
class _Content:
    """What all tracks hold, times in ticks."""

    count: int = 0
    title: bytes = b""
    whole: Track = field(default_factory=Track)
    """Tempi, meters, keys and the end of all tracks together."""
    sounding: list[tuple[int, Track, Channels]] = field(default_factory=list)
    """The tracks that have notes, with their numbers in the file, from 0."""
    programs: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By channel the tick and number of the first program change on any track."""


def parse(data: bytes, limits: Limits, *, expand_repeats: bool = False) -> ParsedFile:
    """Read the bytes of a MIDI file, which has no repeats to expand.

    A part is one channel of one track. A first bar whose meter is shorter than the one following
    it, and lasts less in all, is taken as the pickup, as `kantor.formats.midi.write` means it.

    Raises
    ------
    InputError
        If the bytes are damaged beyond mending, without notes or beyond `limits`.
    """
    check_size(limits, bytes=len(data))
    mended = Mended()
    head = midi_chunks.head(data, mended)
    content = _content(data, head, limits, mended)
    if not content.sounding:
        raise InputError("no notes on any track")
    whole = content.whole
    tempi = _tempi(whole.tempi, mended)
    if head.division & 0x8000:
        tempi = [(0, _tempo_of_seconds(head.division, content, tempi))]
    quarters = straightened(_clock(head.division, tempi), sorted(whole.swings))
    last = max(end for *_, own in content.sounding for end in own.last_ends())
    check_size(limits, quarters=float(quarters(last)))
    length = quarters(max(last, whole.end))
    if length > limits.quarters:
        length = quarters(last)  # only the end of a track stands too late
    signs = {tick: sign for tick, *sign in sorted(whole.meters, key=lambda sign: sign[0])}
    check_size(limits, bars=len(signs))  # each begins one
    meters = meters_of({quarters(tick): (sign[0], sign[1]) for tick, sign in signs.items()}, length)
    return ParsedFile(
        parts=tuple(_parts(content, quarters)),
        tempi=tuple((quarters(tick), round(60e6 / tempo, 3)) for tick, tempo in tempi),
        meters=meters.begins,
        keys=tuple((quarters(tick), key) for tick, key in _keys(whole.keys, mended)),
        names_meter=meters.named,
        pickup=meters.pickup,
        title=text_of(content.title),
        length=length,
        messages=(*_told(head, content, tempi), *mended.told(), *meters.messages),
    )


def _content(data: bytes, head: Head, limits: Limits, mended: Mended) -> _Content:
    """All tracks of a file, however many its header promises.

    Raises
    ------
    InputError
        If there are more notes, or tracks with notes, than `limits` allows.
    """
    content = _Content()
    shortest = max(1, int(_ticks_a_quarter(head.division) / 16))
    notes, position = 0, head.position
    while span := midi_chunks.next_track(data, position, mended):
        track = Track()
        found = events(data, span.start, span.end, track, mended)
        own = channels_of(found, track, shortest, limits.notes - notes, mended)
        notes += own.onsets
        check_size(limits, notes=notes, tracks=len(content.sounding) + bool(own.notes))
        position = midi_chunks.after_track(data, track.stop, span)
        mended[_WRONG_LENGTH] += track.ended and track.stop != span.declared
        # Tracks of format 2 are pieces of their own: what holds for one does not for others.
        if head.kind != 2 or not content.sounding:
            content.whole.tempi += track.tempi
            content.whole.meters += track.meters
            content.whole.keys += track.keys
            content.whole.swings += track.swings
        content.whole.end = max(content.whole.end, track.end)
        for channel, change in own.first_programs.items():
            content.programs[channel] = min(change, content.programs.get(channel, change))
        if content.count == 0:
            content.title = track.name
        if own.notes:
            content.sounding.append((content.count, track, own))
        content.count += 1
    if content.count > 1 and content.sounding and content.sounding[0][0] == 0:
        content.title = b""  # the name is the track's own
    return content


def _parts(content: _Content, quarters: Clock) -> Iterator[Part]:
    for number, track, own in content.sounding:
        # Most notes end where others begin, and fractions are slow to make: each is made once.
        ticks = {tick for notes in own.notes.values() for note in notes for tick in note[:2]}
        times = {tick: quarters(tick) for tick in ticks}
        name = text_of(track.name) or text_of(track.instrument)
        for channel, notes in sorted(own.notes.items()):
            timed = tuple(
                TimedNote(times[start], times[end], pitch, velocity)
                for start, end, pitch, velocity in notes
            )
            drum = channel == DRUM_CHANNEL
            elsewhere = content.programs.get(channel)
            program = own.programs.get(channel)
            if program is None and elsewhere and elsewhere[0] <= notes[0][0]:
                program = elsewhere[1]
            detail = f"channel {channel + 1}" if len(own.notes) > 1 else ""
            yield Part(name, timed, drum, detail, number, None if drum else program)


def _told(head: Head, content: _Content, tempi: list[tuple[int, int]]) -> Iterator[str]:
    """Messages on what the header says."""
    if head.tracks != content.count:
        yield f"the header promises {head.tracks:,} tracks, the file has {content.count:,}"
    if head.kind == 2 and len(content.sounding) > 1:
        yield (
            "MIDI of format 2: each track is a piece of its own; tempo and meter are those of "
            "the first, --track takes another"
        )
    if head.division & 0x8000:
        frames = 256 - (head.division >> 8)
        tempo = 60e6 / tempi[0][1]
        yield f"timed in film frames, {frames} a second: read as {tempo:g} quarters a minute"


def _tempi(changes: Iterable[tuple[int, int]], mended: Mended) -> list[tuple[int, int]]:
    """Ticks and microseconds a quarter, ascending; the last one at a tick wins."""
    by_tick: dict[int, int] = {}
    for tick, tempo in sorted(changes, key=lambda change: change[0]):
        if tempo and believable_tempo(60e6 / tempo):
            by_tick[tick] = tempo
        else:
            mended[_ODD_TEMPO] += 1
    tempi: list[tuple[int, int]] = []
    for tick, tempo in by_tick.items():
        if not tempi or tempo != tempi[-1][1]:
            tempi.append((tick, tempo))
    return tempi


def _keys(changes: Iterable[tuple[int, int, int]], mended: Mended) -> list[tuple[int, Key]]:
    """Ticks and keys, ascending; the first track's wins where several name one at a tick."""
    keys: list[tuple[int, Key]] = []
    for tick, fifths, minor in sorted(changes, key=lambda change: change[0]):
        if abs(fifths) > 12 or minor > 1:
            mended[_ODD_KEY] += 1
            continue
        if abs(fifths) > 7:
            mended[_FAR_KEY] += 1
            fifths += 12 if fifths < 0 else -12
        key = Key(fifths, "minor" if minor else "major")
        if not keys or (tick > keys[-1][0] and key != keys[-1][1]):
            keys.append((tick, key))
    return keys


def _ticks_a_quarter(division: int, tempo: int = _DEFAULT_TEMPO) -> Fraction:
    """By the header's division: as it says, or by film frames a second and ticks a frame."""
    if division < 0x8000:
        return Fraction(division)
    frames = 256 - (division >> 8)
    a_second = Fraction(30_000, 1001) if frames == 29 else Fraction(frames)
    return a_second * (division & 0xFF) * tempo / 1_000_000


def _tempo_of_seconds(division: int, content: _Content, tempi: list[tuple[int, int]]) -> int:
    """Microseconds a quarter where ticks are parts of a second, which tell nothing of beats.

    The file's first tempo, or 120 quarters a minute where more notes begin on its sixteenths.
    """
    onsets = [n[0] for *_, own in content.sounding for notes in own.notes.values() for n in notes]

    def off_grid(tempo: int) -> int:
        sixteenth = float(_ticks_a_quarter(division, tempo) / 4)
        return sum(abs(onset / sixteenth - round(onset / sixteenth)) > 0.1 for onset in onsets)

    return min([*(tempo for _, tempo in tempi[:1]), _DEFAULT_TEMPO], key=off_grid)


def _clock(division: int, tempi: list[tuple[int, int]]) -> Clock:
    """Quarters at a tick; where ticks are parts of a second, by the first tempo."""
    rate = _ticks_a_quarter(division, tempi[0][1] if tempi else _DEFAULT_TEMPO)
    if rate.denominator == 1:
        whole = rate.numerator
        return lambda tick: Fraction(tick, whole)
    return lambda tick: tick / rate
