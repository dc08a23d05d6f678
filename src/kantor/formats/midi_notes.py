"""Pair the onsets and releases of one MIDI track, whatever is missing, doubled or at no distance.

Rules: an onset ends the note of its pitch that still sounds, whose own release may follow late. A
note of no length is given a sixty-fourth. A note that is never released ends where the next one
of its channel begins, else with the track.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kantor.formats.midi_chunks import Mended
from kantor.formats.midi_events import Track
from kantor.formats.parsed import DRUM_CHANNEL

Event = tuple[int, int, int, int]
"""Tick, status and two data bytes."""
TickNote = tuple[int, int, int, int]
"""Start, end, pitch and velocity."""
_Held = dict[int, list[tuple[int, int]]]
"""By pitch the start and velocity of each note that sounds."""

_ALL_OFF = (120, 123)  # controllers that end what sounds
_EMPTY = "{n} note{s} of no length: given a sixty-fourth"
_HUNG = "{n} note{s} without a release: ended where the next note begins"


@dataclass
class Channels:
    """What a track holds by channel, times in ticks."""

    notes: dict[int, list[TickNote]] = field(default_factory=dict)
    """Sorted; no channel without notes."""
    programs: dict[int, int] = field(default_factory=dict)
    """In force at the channel's first note."""
    first_programs: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Tick and number of the first program change, also of channels without notes."""
    onsets: int = 0

    def last_ends(self) -> Iterator[int]:
        """Where the last note of each channel ends."""
        return (max(note[1] for note in notes) for notes in self.notes.values())


@dataclass
class _Cut:
    """Notes of a pitch that an onset ended: how many releases are due, and which notes followed."""

    due: int
    followers: list[int] = field(default_factory=list)
    """One, or more where each was struck while no other note began."""


def channels_of(
    events: Iterable[Event], track: Track, shortest: int, most: int, mended: Mended
) -> Channels:
    """Read the notes of a track.

    Parameters
    ----------
    shortest
        The length of a sixty-fourth.
    most
        How many onsets are read, and one more that shows that there are too many.
    """
    own = Channels()
    notes: dict[int, list[TickNote]] = defaultdict(list)
    sounding: dict[int, _Held] = defaultdict(dict)
    cuts: dict[tuple[int, int], _Cut] = {}
    latest: dict[int, int] = {}  # by channel the pitch of the last onset
    for tick, status, pitch, velocity in events:
        track.end = tick
        channel = status & 0x0F
        if status >= 0xA0:
            kind = status >> 4
            if kind == 0xC or (kind == 0xB and pitch in _ALL_OFF):
                _control(own, notes, sounding, tick, status, pitch)
            continue
        held = sounding[channel].get(pitch)
        if status >= 0x90 and velocity:
            own.onsets += 1
            if own.onsets > most:
                break
            if held and held[0][0] == tick:  # in unison with itself
                held.append((tick, velocity))
                continue
            cut = cuts.pop((channel, pitch), None) if cuts else None
            if held:
                notes[channel] += [(start, tick, pitch, loud) for start, loud in held]
                cuts[channel, pitch] = _Cut(len(held))
            elif cut and cut.due and cut.followers and latest[channel] == pitch:
                cuts[channel, pitch] = cut  # played on and on, each note held into the next
            latest[channel] = pitch
            sounding[channel][pitch] = [(tick, velocity)]
        elif cuts and (cut := cuts.get((channel, pitch))) and cut.due:
            _release_after_cut(notes[channel], sounding[channel], cut, tick, pitch)
        elif held:
            start, loud = held.pop(0)
            notes[channel].append((start, tick, pitch, loud))
            if not held:
                del sounding[channel][pitch]
    for channel, held_notes in sounding.items():
        _end_hung(notes[channel], held_notes, track.end, mended, channel)
    for channel, found in notes.items():
        if found:
            found.sort()
            if any(note[0] == note[1] for note in found):
                _lengthen_empty(found, shortest, mended, channel)
            own.notes[channel] = found
    return own


def _control(
    own: Channels,
    notes: dict[int, list[TickNote]],
    sounding: dict[int, _Held],
    tick: int,
    status: int,
    number: int,
) -> None:
    """Keep a change of program, or end all that sounds."""
    channel = status & 0x0F
    if status >= 0xC0:
        own.first_programs.setdefault(channel, (tick, number))
        if not notes.get(channel) and not sounding.get(channel):
            own.programs[channel] = number
        return
    for pitch, held in sounding[channel].items():
        notes[channel] += [(start, tick, pitch, loud) for start, loud in held]
    sounding[channel].clear()


def _release_after_cut(
    notes: list[TickNote], sounding: _Held, cut: _Cut, tick: int, pitch: int
) -> None:
    """A release of a pitch of which an onset cut a note: it is the cut note's or the follower's.

    At the follower's own onset it is the cut note's. Else it ends the follower, unless one more
    release comes: then that one does, and a follower before it lasts until the next one.
    """
    held = sounding.get(pitch)
    if held and held[0][0] == tick:
        cut.due -= 1
    elif held:
        start, loud = held.pop(0)
        cut.followers.append(len(notes))
        notes.append((start, tick, pitch, loud))
        if not held:
            del sounding[pitch]
    elif cut.followers:
        cut.due -= 1
        for index in reversed(cut.followers):
            start, _, _, loud = notes[index]
            notes[index] = (start, tick, pitch, loud)
            tick = start


def _end_hung(
    notes: list[TickNote], sounding: _Held, end: int, mended: Mended, channel: int
) -> None:
    """End the notes that were never released; one that begins at the end is left out."""
    hung = [(start, pitch, loud) for pitch, held in sounding.items() for start, loud in held]
    if not hung:
        return
    starts = sorted({start for start, *_ in notes} | {start for start, *_ in hung} | {end})
    for start, pitch, loud in hung:
        if start < end:
            notes.append((start, starts[bisect_right(starts, start)], pitch, loud))
            mended[_HUNG] += channel != DRUM_CHANNEL  # drums need none


def _lengthen_empty(notes: list[TickNote], shortest: int, mended: Mended, channel: int) -> None:
    """Give each of the sorted notes that has no length the shortest, up to the next note."""
    following = None
    for index in range(len(notes) - 1, -1, -1):
        start, end, pitch, loud = notes[index]
        if index + 1 < len(notes) and notes[index + 1][0] > start:
            following = notes[index + 1][0]
        if end == start:
            until = start + shortest if following is None else min(start + shortest, following)
            notes[index] = (start, until, pitch, loud)
            mended[_EMPTY] += channel != DRUM_CHANNEL
