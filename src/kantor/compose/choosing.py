"""Which part of a file holds the melody: by what was asked for, by its name, by its sound."""

from __future__ import annotations

from collections.abc import Sequence

from kantor.compose.melody_names import folded, melody_rank
from kantor.compose.melody_sound import Sound, likeness, sound_of
from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.formats.parts import is_voice, joined, tracks_of

_LISTED = 6  # tracks named in an error
_HARDLY = 0.1  # share of the longest part's time that a part which is named must sound
_MOSTLY = 0.5  # share of its time in which it is no chord of three notes
_OCTAVE = 12  # semitones
_NEARLY = 0.95  # share of a part's time in which its highest voice sounds
_NEAR = 1.0  # of likeness: what moves together with a line that is hardly likelier is its equal
_MOVING = 0.4  # share of the notes that begin with one of the other's
_CLEARLY = 0.8  # share that is told as a reason


def choose_part(parts: Sequence[Part], track: str | int | None) -> tuple[Part, list[str]]:
    """The part that holds the melody, and messages on the choice.

    Without a `track` that is the part that is named like a melody, unless it hardly sounds or holds
    chords. Of several, or where none is named so, it is the one that sounds most like a melody, of
    equal lines that move together, as of a choir, the highest. Drums are left out. Voices of one
    staff are one part; channels of one track are asked one by one and together.

    Parameters
    ----------
    parts
        As read, those without notes left out.
    track
        The number of a track, counting from 1, a name, or a piece of a name that only one track
        has. A name that several channels or voices share means all of them together.

    Raises
    ------
    InputError
        If the track is not there or is percussion, or if there is percussion alone.
    """
    if track is not None:
        return _part_called(parts, str(track).strip()), []
    tracks = tracks_of(parts)
    candidates = _candidates(parts, tracks)
    if not candidates:
        raise InputError("only percussion; a melody needs pitched notes")
    if len(candidates) == 1:
        return candidates[0][0], []
    sounds = [sound_of(part.notes) for part, _ in candidates]
    likely = likeness(sounds)
    longest = max(sound.sounding for sound in sounds)
    ranks = [
        _believed(melody_rank(part.name), sound, longest)
        for (part, _), sound in zip(candidates, sounds, strict=True)
    ]
    best = max(range(len(candidates)), key=lambda index: (ranks[index], likely[index]))
    equals = [
        index
        for index, (part, numbers) in enumerate(candidates)
        if ranks[index] == ranks[best]
        and likely[index] > likely[best] - _NEAR
        and sounds[index].alone >= _CLEARLY
        and not set(numbers) & set(candidates[best][1])
        and _moving_together(part, candidates[best][0]) >= _MOVING
    ]
    best = max([best, *equals], key=lambda index: sounds[index].pitch)
    chosen, numbers = candidates[best]
    labels = ", ".join(label_of(number, tracks[number - 1]) for number in numbers)
    reason = "by its name" if ranks[best] > 0 else _reason(sounds[best])
    return chosen, [
        f"took track{'s' * (len(numbers) > 1)} {labels} of {len(tracks)}, {reason}; "
        "another is chosen with --track"
    ]


def _moving_together(one: Part, other: Part) -> float:
    """Of the times at which either part has notes that begin, the share at which both have."""
    starts, others = ({note.start for note in part.notes} for part in (one, other))
    return len(starts & others) / len(starts | others)


def _candidates(parts: Sequence[Part], tracks: Sequence[Part]) -> list[tuple[Part, list[int]]]:
    """What may be the melody, and the numbers of the tracks that it is made of."""
    single = []
    for number, track in enumerate(tracks, start=1):
        if track.notes and not track.is_drum:
            voices = [part for part in parts if part.source == track.source and is_voice(part)]
            single.append((joined(_upper(voices)) if len(voices) > 1 else track, [number]))
    channels: dict[int, list[tuple[Part, list[int]]]] = {}
    for part, numbers in single:
        if part.detail:
            channels.setdefault(part.source, []).append((part, numbers))
    together = [
        (joined([part for part, _ in own]), [number for _, (number,) in own])
        for own in channels.values()
        if len(own) > 1
    ]
    return single + together


def _upper(voices: Sequence[Part]) -> list[Part]:
    """The voices of a part without those that accompany, as a piano's left hand does.

    Those lie more than an octave below the highest one and mostly sound together with it. The
    highest one stands alone where it sounds nearly all the time, as a soprano above an alto does.
    """
    sounds = [sound_of(part.notes) for part in voices]
    longest = max(sound.sounding for sound in sounds)
    highest = max(sound.pitch for sound in sounds if sound.sounding >= _HARDLY * longest)
    near = [highest - sound.pitch <= _OCTAVE for sound in sounds]
    upper = [part for part, is_near in zip(voices, near, strict=True) if is_near]
    held = sound_of(joined(upper).notes).sounding
    for part, sound, is_near in zip(voices, sounds, near, strict=True):
        more = 0 if is_near else sound_of(joined([*upper, part]).notes).sounding - held
        if more > _MOSTLY * sound.sounding:
            upper.append(part)
            held += more
    whole = [
        part
        for part, sound in zip(voices, sounds, strict=True)
        if sound.pitch == highest and sound.sounding >= _NEARLY * held
    ]
    return whole or upper


def _believed(rank: int, sound: Sound, longest: float) -> int:
    """The rank of a part's name; one that hardly sounds or holds chords has no melody's name."""
    is_melody = sound.sounding >= _HARDLY * longest and sound.pair >= _MOSTLY
    return rank if is_melody else min(rank, 0)


def _reason(sound: Sound) -> str:
    facts = ["one note at a time"] * (sound.alone >= _CLEARLY)
    facts += ["in singing range"] * (sound.singable >= _CLEARLY)
    return "by its sound" + (f": {', '.join(facts)}" if facts else "")


def _part_called(parts: Sequence[Part], wanted: str) -> Part:
    """The track of this number or name; all parts that share the name are joined."""
    tracks, name = tracks_of(parts), folded(wanted)
    found = [part for part in tracks if folded(part.label) == name]
    found = found or [part for part in parts if folded(part.label) == name]
    found = found or [part for part in tracks if folded(part.name) == name]
    if not found and wanted.isdecimal():
        found = list(tracks[int(wanted) - 1 :][:1]) if 1 <= int(wanted) <= len(tracks) else []
    elif not found and wanted:
        found = [part for part in tracks if name in folded(part.label)]
        found = found or [part for part in parts if name in folded(part.label)]
    pitched = [part for part in found if not part.is_drum]
    if pitched and len({part.source for part in found}) == 1 and all(p.detail for p in found):
        return joined(pitched)
    if len(found) == 1 and pitched:
        return found[0]
    labels = [
        label_of(number, part) + (" percussion" if part.is_drum else "")
        for number, part in enumerate(tracks[:_LISTED], start=1)
    ]
    more = f" and {len(tracks) - _LISTED} more" if len(tracks) > _LISTED else ""
    fault = f"{'more than one' if found else 'no'} track is called {wanted!r}"
    if len(found) == 1:
        fault = f"track {wanted} is percussion"
    raise InputError(f"{fault}; there is {', '.join(labels)}{more}")


def label_of(number: int, part: Part) -> str:
    """A part's number, from 1, with its name where it has one."""
    return f"{number} ({part.label})" if part.label else str(number)
