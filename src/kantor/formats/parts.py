"""Find the lines of an ensemble among the parts of a file.

The rules for pitched lines, in this order. Parts that sound less than a twentieth of the time of
the busiest one, such as a divided note here and there, are left out before.

1. *Names.* Parts whose names begin with an alias of each of the lines (for `SATB` words in
   English, German, French, Italian, Spanish or Latin, or S, A, T, B) are these; all other parts,
   such as doubling instruments, are dropped. Of ``Soprano 1`` and ``Soprano 2`` the first is taken.
2. *Register.* Exactly as many parts as lines, of one note at a time nearly always, are ordered by
   their mean pitch; where one has two notes after all, the upper one counts.
3. *Chords.* Parts in which, all together, as many notes as lines sound for at least half of the
   time and never more, as in a piano reduction: each note goes to the free line that moves least,
   the order of lines kept. Of two parts, such as two staves, the upper one is the upper half.

Everything else is refused with the reason. A drum line's notes are those on drum tracks of the
drums that it plays, see `kantor.music.drums`; there may be none.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.formats.drum_parts import drum_parts
from kantor.formats.parsed import Part
from kantor.music.notation import Time
from kantor.music.notes import TimedNote

# Instruments whose names begin like a voice's.
_INSTRUMENT = re.compile(r"sax|guitar|clarinet|recorder|flute|trombone|drum|tuba|synth|bassoon")
_TOLERANCE = Fraction(1, 4)  # quarters by which legato notes may overlap in one part
_CHORDS_SHARE = Fraction(1, 2)
_MOST_OVERLAPS = 0.05  # share of a part's notes that may sound with another of its own
_SLIGHT = Fraction(1, 20)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


def ensemble_parts(parts: Sequence[Part], ensemble: Ensemble = SATB) -> tuple[Part, ...]:
    """One part for each line, by the rules above.

    Raises
    ------
    InputError
        With the reason, if the lines are not to be found.
    """
    full, _ = _by_presence(parts)
    named = named_lines(full, ensemble)
    if len(named) == ensemble.pitched:
        pitched = tuple(named[line] for line in range(ensemble.pitched))
        for part in pitched:
            if not _is_line(part):
                raise InputError(f"the part {part.name} holds chords, not one voice")
    else:
        pitched = _by_register(full, ensemble.pitched) or _by_chords(full, ensemble)
    return pitched + tuple(drum_parts(parts, ensemble).values())


def parts_of_lines(
    parts: Sequence[Part], wanted: Sequence[int], ensemble: Ensemble = SATB
) -> dict[int, Part]:
    """The `wanted` lines of a file that need not have the others; drums by the rules above.

    Parts that are named after the wanted lines are these, however little they sound; else as
    many parts of one note at a time as are wanted, none named after a line, by their mean pitch;
    else the file has all lines by the rules above.

    Raises
    ------
    InputError
        With the reason, if they are not to be found.
    """
    drums = {line: part for line, part in drum_parts(parts, ensemble).items() if line in wanted}
    if wanted := [line for line in wanted if line < ensemble.pitched]:
        return _pitched_parts(parts, wanted, ensemble) | drums
    return drums


def _pitched_parts(
    parts: Sequence[Part], wanted: Sequence[int], ensemble: Ensemble
) -> dict[int, Part]:
    full, slight = _by_presence(parts)
    named = named_lines(full + slight, ensemble)
    if all(line in named and _is_line(named[line]) for line in wanted):
        return {line: named[line] for line in wanted}
    if not named or len(wanted) == ensemble.pitched:
        for candidates in (full + slight, full):
            if ordered := _by_register(candidates, len(wanted)):
                return dict(zip(sorted(wanted), ordered, strict=True))
    every = ensemble_parts(parts, ensemble)
    return {line: every[line] for line in wanted}


def tracks_of(parts: Sequence[Part]) -> list[Part]:
    """The parts as a musician counts them: the voices of one MusicXML part are one."""
    tracks: dict[tuple[int, int], list[Part]] = {}
    for number, part in enumerate(parts):
        tracks.setdefault((part.source, -1 if is_voice(part) else number), []).append(part)
    return [joined(own) for own in tracks.values()]


def is_voice(part: Part) -> bool:
    """Whether it is one of several voices of a MusicXML part, and not a track or channel."""
    return part.detail.startswith("voice")


def joined(parts: Sequence[Part]) -> Part:
    """Voices of one part, or channels of one track, as one."""
    if len(parts) == 1:
        return parts[0]
    notes = sorted(note for part in parts for note in part.notes)
    return replace(parts[0], notes=tuple(notes), detail="")


def named_lines(parts: Sequence[Part], ensemble: Ensemble = SATB) -> dict[int, Part]:
    """The parts that are named after pitched lines, the first of each name."""
    named: dict[int, Part] = {}
    for part in parts:
        line = line_named(part.name, ensemble)
        if line is not None and line not in named:
            named[line] = _whole(part, parts)
    return named


def _whole(part: Part, parts: Sequence[Part]) -> Part:
    """All voices of a part where they are one line, else the one."""
    voices = [one for one in parts if one.source == part.source and is_voice(one)]
    whole = joined(voices) if len(voices) > 1 and is_voice(part) else part
    return whole if _is_line(whole) else part


def line_named(name: str, ensemble: Ensemble = SATB) -> int | None:
    """The pitched line that a part's name stands for; None if for none."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    for index, line in enumerate(ensemble.lines[: ensemble.pitched]):
        if name.lower() == line.name:
            return index
        if words and words[0] in line.aliases and not _INSTRUMENT.search(name.lower()):
            return index
    return None


def _by_presence(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """The pitched parts that sound enough, and those that hardly sound."""
    sounding = [(part, part.sounding) for part in parts if part.notes and not part.is_drum]
    if not sounding:
        raise InputError("no notes on any track")
    enough = _SLIGHT * max(time for _, time in sounding)
    full = [part for part, time in sounding if time >= enough]
    return full, [part for part, time in sounding if time < enough]


def _by_register(parts: Sequence[Part], count: int) -> tuple[Part, ...]:
    """The parts from the highest down; none unless they are `count` lines of one note at a time."""
    if len(parts) != count or not all(map(_is_line, parts)):
        return ()
    return tuple(sorted(parts, key=lambda part: part.mean_pitch, reverse=True))


def _by_chords(parts: Sequence[Part], ensemble: Ensemble) -> tuple[Part, ...]:
    count = ensemble.pitched
    number = _NUMBERS[count]
    notes = [note for part in parts for note in part.notes]
    share = _full_share(notes, count)
    if share < _CHORDS_SHARE:
        names = ensemble.names[:count]
        raise InputError(
            f"not {number} voices: {number} notes sound together in {round(100 * share)}% of the"
            f" time, and no parts are named {', '.join(names[:-1])} and {names[-1]}"
        )
    if len(parts) == 2:
        upper, lower = sorted(parts, key=lambda part: part.mean_pitch, reverse=True)
        halves = _split(upper.notes, range(count // 2), ensemble, upper.source)
        halves += _split(lower.notes, range(count // 2, count), ensemble, lower.source)
        if len(halves) == count:
            return halves
    split = _split(notes, range(count), ensemble, parts[0].source)
    if not split:
        raise InputError(f"not {number} voices: more than {number} notes sound together")
    return split


def _split(
    notes: Sequence[TimedNote], lines: Sequence[int], ensemble: Ensemble, source: int
) -> tuple[Part, ...]:
    """One part for each of `lines`; none if more notes than that sound together."""
    played: dict[int, list[TimedNote]] = {line: [] for line in lines}
    ordered = sorted(notes, key=lambda note: (note.start, -note.pitch))
    for start, group in itertools.groupby(ordered, key=lambda note: note.start):
        chord = list(group)
        free = [line for line, own in played.items() if not own or own[-1].end - start < _TOLERANCE]
        if len(chord) > len(free):
            return ()
        chosen = min(
            itertools.combinations(free, len(chord)),
            key=lambda lines: _cost(lines, chord, played, ensemble),
        )
        for line, note in zip(chosen, chord, strict=True):
            played[line].append(note)
    return tuple(
        Part(ensemble.names[line].title(), tuple(own), source=source)
        for line, own in played.items()
    )


def _cost(
    chosen: Sequence[int],
    chord: Sequence[TimedNote],
    played: dict[int, list[TimedNote]],
    ensemble: Ensemble,
) -> float:
    """Semitones that the lines `chosen` move to the notes of `chord`, from the highest down.

    A line that is crossed costs two octaves.
    """
    total = 0.0
    for line, note in zip(chosen, chord, strict=True):
        middle = sum(ensemble.ranges[line]) / 2
        total += abs(note.pitch - (played[line][-1].pitch if played[line] else middle))
        for other, own in played.items():
            if own and own[-1].end > note.start and other not in chosen:
                crossed = (other < line) != (own[-1].pitch >= note.pitch)
                total += 24 * (crossed and own[-1].pitch != note.pitch)
    return total


def _full_share(notes: Sequence[TimedNote], count: int) -> Fraction:
    """Of the time in which anything sounds, the share in which `count` notes or more do."""
    changes = sorted([(n.start, 1) for n in notes] + [(n.end, -1) for n in notes])
    sounding, some, full = 0, Fraction(0), Fraction(0)
    for (now, step), (then, _) in itertools.pairwise(changes):
        sounding += step
        some += (then - now) * (sounding > 0)
        full += (then - now) * (sounding >= count)
    return full / some if some else Fraction(0)


def _is_line(part: Part) -> bool:
    """Whether hardly any notes begin well before the one before has ended."""
    end: Time = 0
    overlaps = 0
    for note in sorted(part.notes):
        overlaps += end - note.start > _TOLERANCE
        end = max(end, note.end)
    return overlaps <= _MOST_OVERLAPS * len(part.notes)
