"""From a file that may be messy to a request for what a plan leaves to compose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kantor.compose.composer import Request
from kantor.compose.form import continued
from kantor.compose.plan import Plan
from kantor.compose.transcribing import meter_at, transcribe
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.formats.parts import line_named, named_lines, parts_of_lines
from kantor.formats.reading import read
from kantor.music.score import STEPS_PER_QUARTER

MELODY = Plan()
"""The soprano is given, the three lower voices are composed."""

# Names of parts that are sung or that lead, in the usual languages of scores.
_LEADING = re.compile(
    r"melod|soprano|sopran|\bvoice|vocal|voix|stimme|cantus|canto|\blead|discant|singer|\bs\b",
    re.IGNORECASE,
)
_LISTED = 6  # parts named in an error


def read_request(
    path: str | Path,
    plan: Plan = MELODY,
    track: str | int | None = None,
    limits: Limits | None = None,
) -> Request:
    """Read a MIDI or MusicXML file and ask for what `plan` leaves to compose.

    Parameters
    ----------
    plan
        What is given. Where that is one line, a melody is enough and is moved by octaves to
        suit that line.
    track
        The part that holds the melody, by number (from 1) or name; by default it is found.

    Raises
    ------
    InputError
        One line that names the file, the fault and the remedy.
    """
    file = read(path, limits)
    title = file.title or Path(path).stem
    try:
        return from_file(replace(file, title=title), plan, track)
    except InputError as error:
        raise InputError(f"{one_line(str(path), 1000)}: {error}") from None


def from_file(file: ParsedFile, plan: Plan = MELODY, track: str | int | None = None) -> Request:
    """The request for a file that was read; arguments and errors as for `read_request`."""
    parts, messages = _parts(file.parts, plan, track)
    notes = {line: part.notes for line, part in parts.items()}
    # A melody that is no soprano was hardly written for the voice that it is given to.
    foreign = plan.one_line not in (None, plan.ensemble.leads) and all(
        line_named(part.name, plan.ensemble) != line for line, part in parts.items()
    )
    score, changes = transcribe(file, notes, plan.rests, foreign, plan.ensemble)
    messages += changes
    mask, kept = plan.mask(score)
    messages += kept
    if plan.more:
        end = max(part.notes[-1].start for part in parts.values())
        meter = meter_at(file, int(end * STEPS_PER_QUARTER))
        score, mask = continued(score, mask, meter, plan.more)
        messages.append("the last note of the bass is given: the tonic")
    return Request(score, mask, tuple(messages))


def _parts(
    parts: Sequence[Part], plan: Plan, track: str | int | None
) -> tuple[dict[int, Part], list[str]]:
    """The part that each line is read from, and messages on the choice."""
    line, ensemble = plan.one_line, plan.ensemble
    if line is not None and (track is not None or line == ensemble.leads):
        part, messages = choose_part(parts, track)
        return {line: part}, messages
    if track is not None:
        raise InputError("a track can be chosen only where one voice is given")
    wanted = plan.all if plan.of_bars else plan.given
    if line is not None:
        wanted = frozenset({line})
    elif plan.fill:
        pitched = [part for part in parts if not part.is_drum]
        wanted = frozenset(named_lines(pitched, ensemble)) or plan.all
    try:
        chosen = parts_of_lines(parts, sorted(wanted), ensemble)
    except InputError as error:
        if line is not None:  # a melody for another voice than it was written for
            part, messages = choose_part(parts, None)
            return {line: part}, messages
        names = ", ".join(ensemble.names[line] for line in sorted(wanted))
        raise InputError(f"{names} must be in the file: {error}") from None
    taken = [
        _label(number, part)
        for number, part in enumerate(parts, start=1)
        if any(part is one for one in chosen.values())
    ]
    if not taken:
        return chosen, ["found the voices in its chords"]
    if len(taken) == sum(not part.is_drum for part in parts):
        return chosen, []
    return chosen, [f"took track{'s' * (len(taken) > 1)} {', '.join(taken)} of {len(parts)}"]


def choose_part(parts: Sequence[Part], track: str | int | None) -> tuple[Part, list[str]]:
    """The part that holds the melody, and messages on the choice.

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
        return _part_called(parts, str(track).strip()), []
    pitched = [part for part in parts if part.notes and not part.is_drum]
    if not pitched:
        raise InputError("only percussion; a melody needs pitched notes")
    if len(pitched) == 1:
        return pitched[0], []
    leading = [part for part in pitched if _LEADING.search(part.name)]
    enough = max(part.sounding for part in leading or pitched) / 2
    sounding = [part for part in leading or pitched if part.sounding >= enough]
    chosen = leading[0] if len(leading) == 1 else max(sounding, key=lambda part: part.mean_pitch)
    reason = "by its name" if len(leading) == 1 else "the highest"
    return chosen, [
        f"took track {_label(parts.index(chosen) + 1, chosen)} of {len(parts)}, {reason}; "
        "another is chosen with --track"
    ]


def _part_called(parts: Sequence[Part], wanted: str) -> Part:
    names = [part.name.casefold() for part in parts]
    named = [number for number, name in enumerate(names) if name == wanted.casefold()]
    if not named and wanted.isdecimal():
        named = [int(wanted) - 1] if 1 <= int(wanted) <= len(parts) else []
    elif not named and wanted:
        named = [number for number, name in enumerate(names) if wanted.casefold() in name]
    if len(named) == 1 and not parts[named[0]].is_drum:
        return parts[named[0]]
    labels = [
        _label(number, part) + (" percussion" if part.is_drum else "")
        for number, part in enumerate(parts[:_LISTED], start=1)
    ]
    more = f" and {len(parts) - _LISTED} more" if len(parts) > _LISTED else ""
    fault = f"{'more than one' if named else 'no'} track is called {wanted!r}"
    if len(named) == 1:
        fault = f"track {wanted} is percussion"
    raise InputError(f"{fault}; there is {', '.join(labels)}{more}")


def _label(number: int, part: Part) -> str:
    """A part's number, from 1, with its name where it has one."""
    return f"{number} ({part.name})" if part.name else str(number)
