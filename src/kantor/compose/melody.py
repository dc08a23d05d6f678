"""Find the melody in a file of several parts or chords: one part, and of that the top line."""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Sequence
from fractions import Fraction

from kantor.errors import InputError
from kantor.formats.parsed import Part
from kantor.music.notes import Time, TimedNote

# Names of parts that are sung or that lead, in the usual languages of scores.
_LEADING = re.compile(
    r"melod|soprano|sopran|\bvoice|vocal|voix|stimme|cantus|canto|\blead|discant|singer|\bs\b",
    re.IGNORECASE,
)
_TOGETHER = 1 / 16  # quarters within which the notes of a played chord start
_LEGATO = 1 / 4  # quarters by which a player may hold a note into the next one
_HANGING = 8  # quarters beyond which a note over moving ones is one whose end is missing
_NAMED = 6  # parts named in an error
_FINEST = 1_000_000  # parts of a quarter; what needs more stays in fractions


def choose_part(parts: Sequence[Part], track: str | int | None) -> tuple[Part, str | None]:
    """The part that holds the melody, and a message on the choice (None: nothing to choose).

    Without a `track` that is the one part that is named like a melody; else the highest by its
    mean pitch among those that sound at least half as long as the longest. Drums are left out.

    Parameters
    ----------
    parts
        As read, those without notes left out.
    track
        A number counting from 1, a name, or a part of a name that only one part has.

    Raises
    ------
    InputError
        If the track is not there or is percussion, or if there is percussion alone.
    """
    if track is not None:
        return _named_part(parts, track), None
    pitched = [part for part in parts if part.notes and not part.is_drum]
    if not pitched:
        raise InputError("only percussion; a melody needs pitched notes")
    if len(pitched) == 1:
        return pitched[0], None
    leading = [part for part in pitched if _LEADING.search(part.name)]
    chosen = leading[0] if len(leading) == 1 else _highest(leading or pitched)
    number = parts.index(chosen) + 1
    reason = "by its name" if len(leading) == 1 else "the highest"
    return chosen, (
        f"took track {label(number, chosen)} of {len(parts)}, {reason}; "
        "another is chosen with --track"
    )


def _highest(parts: Sequence[Part]) -> Part:
    enough = max(_sounding(part) for part in parts) / 2
    return max((part for part in parts if _sounding(part) >= enough), key=_mean_pitch)


def _sounding(part: Part) -> Fraction:
    return Fraction(sum(note.end - note.start for note in part.notes))


def _mean_pitch(part: Part) -> Fraction:
    return sum(note.pitch * (note.end - note.start) for note in part.notes) / _sounding(part)


def label(number: int, part: Part) -> str:
    """A part's number, from 1, with its name where it has one."""
    return f"{number} ({part.name})" if part.name else str(number)


def _named_part(parts: Sequence[Part], track: str | int) -> Part:
    wanted = str(track).strip()
    names = [part.name.casefold() for part in parts]
    named = [part for part, name in zip(parts, names, strict=True) if name == wanted.casefold()]
    if not named and wanted.isdecimal() and 1 <= int(wanted) <= len(parts):
        named = [parts[int(wanted) - 1]]
    if not named and wanted and not wanted.isdecimal():
        pairs = zip(parts, names, strict=True)
        named = [part for part, name in pairs if wanted.casefold() in name]
    if len(named) != 1:
        fault = "more than one track is" if named else "no track is"
        raise InputError(f"{fault} called {wanted!r}; there is {_listed(parts)}")
    if named[0].is_drum:
        raise InputError(f"track {wanted} is percussion; there is {_listed(parts)}")
    return named[0]


def _listed(parts: Sequence[Part]) -> str:
    labels = [
        label(number, part) + (" percussion" if part.is_drum else "")
        for number, part in enumerate(parts[:_NAMED], start=1)
    ]
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return ", ".join(labels) + more


def in_units(notes: Sequence[TimedNote]) -> tuple[Sequence[TimedNote], int]:
    """The notes in whole numbers of a finer unit, where there is one, and a quarter in that unit.

    Comparing and adding fractions takes twenty times as long.
    """
    quarter = 1
    for part in {time.denominator for note in notes for time in note[:2]}:
        quarter = math.lcm(quarter, part)
        if quarter > _FINEST:
            return notes, 1
    scaled = [
        TimedNote(
            start.numerator * (quarter // start.denominator),
            end.numerator * (quarter // end.denominator),
            pitch,
        )
        for start, end, pitch in notes
    ]
    return scaled, quarter


def top_line(notes: Sequence[TimedNote], quarter: int = 1) -> tuple[list[TimedNote], int]:
    """The highest line through `notes`, and how many notes it leaves out.

    A note belongs to it if none that is higher starts with it or still sounds; it then ends the
    note before it. A lower note that was covered does not come up again when the higher one ends.
    So that a player's legato is no chord, a higher note may last a sixteenth, or half its length if
    that is less, into a lower one. A note that hangs because its end is missing is cut off.

    Parameters
    ----------
    quarter
        What a quarter is in the notes' times.
    """
    if _is_line(notes, quarter):
        return list(notes), 0
    line: list[TimedNote] = []
    for chord in _chords(_without_hanging(notes, quarter), quarter):
        top = max(chord, key=lambda note: (note.pitch, note.end)) if len(chord) > 1 else chord[0]
        note = TimedNote(chord[0].start, top.end, top.pitch)
        if line:
            before = line[-1]
            if before.end > note.start:
                overlap = before.end - note.start
                held_on = min(_LEGATO * quarter, (before.end - before.start) / 2)
                if before.pitch > note.pitch and overlap > held_on:
                    continue
                line[-1] = TimedNote(before.start, note.start, before.pitch)
        line.append(note)
    return line, len(notes) - len(line)


def _is_line(notes: Sequence[TimedNote], quarter: int) -> bool:
    """Whether the notes, ascending, are the line that `top_line` would find, as most are."""
    together, hanging = _TOGETHER * quarter, _HANGING * quarter
    return all(
        before.end <= note.start > before.start + together and before.end - before.start <= hanging
        for before, note in itertools.pairwise(notes)
    ) and all(note.end - note.start <= hanging for note in notes[-1:])


def _without_hanging(notes: Sequence[TimedNote], quarter: int) -> list[TimedNote]:
    """The notes, ascending, each ended where its pitch starts again.

    One of more than two bars ends where any other note begins.
    """
    ascending = sorted(notes)
    starts = [note.start for note in ascending]
    next_start: dict[int, Time] = {}
    cut = []
    for note in reversed(ascending):
        end = note.end
        if next_start.get(note.pitch, note.start) > note.start:
            end = min(end, next_start[note.pitch])
        if end - note.start > _HANGING * quarter:
            after = bisect.bisect_right(starts, note.start)
            end = min([end, *starts[after : after + 1]])
        cut.append(note if end == note.end else TimedNote(note.start, end, note.pitch))
        next_start[note.pitch] = note.start
    return cut[::-1]


def _chords(notes: Sequence[TimedNote], quarter: int) -> list[list[TimedNote]]:
    """Ascending notes in groups that start together."""
    together = _TOGETHER * quarter
    chords: list[list[TimedNote]] = []
    for note in notes:
        if chords and note.start - chords[-1][0].start <= together:
            chords[-1].append(note)
        else:
            chords.append([note])
    return chords
