"""Make a request of a file: what the plan gives is read, the rest is to be composed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kantor.compose.choosing import choose_part, label_of
from kantor.compose.composer import Request
from kantor.compose.form import continued
from kantor.compose.moving import moved, semitones_for, transposition_messages
from kantor.compose.overrides import NOTHING_SAID, Overrides
from kantor.compose.placing import meter_at
from kantor.compose.plan import Plan
from kantor.compose.timing import retimed
from kantor.compose.transcribing import transcribe
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.formats.parts import is_voice, line_named, named_lines, parts_of_lines, tracks_of
from kantor.formats.reading import read
from kantor.music.score import STEPS_PER_QUARTER

MELODY = Plan()
"""The soprano is given, the three lower voices are composed."""


def read_request(
    path: str | Path,
    plan: Plan = MELODY,
    overrides: Overrides = NOTHING_SAID,
    limits: Limits | None = None,
) -> Request:
    """Read a MIDI, MusicXML or ABC file and ask for what `plan` leaves to compose.

    Parameters
    ----------
    plan
        What is given. Where that is one line, a melody is enough and is moved by octaves to
        suit that line.
    overrides
        What the user says of the file; it overrules what is found.

    Raises
    ------
    InputError
        One line that names the file, the fault and the remedy.
    """
    file = read(path, limits, expand_repeats=overrides.repeats == "written-out")
    if file.notation.signs and overrides.rebars(file):
        messages = (*file.messages, "repeats are written out: their signs do not fit other bars")
        file = replace(read(path, limits, expand_repeats=True), messages=messages)
    title = file.title or Path(path).stem
    try:
        return from_file(replace(file, title=title), plan, overrides)
    except InputError as error:
        raise InputError(f"{one_line(str(path), 1000)}: {error}") from None


def from_file(
    file: ParsedFile, plan: Plan = MELODY, overrides: Overrides = NOTHING_SAID
) -> Request:
    """The request for a file that was read; arguments and errors as for `read_request`."""
    parts, messages = _parts(file.parts, plan, overrides.track)
    # A melody that is no soprano was hardly written for the voice that it is given to.
    foreign = plan.one_line not in (None, plan.ensemble.leads) and all(
        line_named(part.name, plan.ensemble) != line for line, part in parts.items()
    )
    file, lines, heard = retimed(file, parts, overrides)
    file = overrides.applied(file)
    write = partial(transcribe, rests=plan.rests, foreign=foreign, ensemble=plan.ensemble)
    semitones = 0
    if overrides.transpose:
        score, _ = write(file, lines, overrides=overrides)
        semitones = semitones_for(score, lines, overrides.transpose)
    if semitones:
        file, lines, overrides = moved(file, lines, overrides, score.key, semitones)
    score, changes = write(file, lines, overrides=overrides)
    if plan.ensemble.sound is None:  # a style has instruments of its own
        score = replace(score, ensemble=score.ensemble.playing(_programs(lines)))
    messages = [*file.messages, *messages, *heard, *changes]
    mask, kept = plan.mask(score)
    messages += kept
    messages += transposition_messages(score, semitones, plan.one_line)
    if plan.more:
        end = max(part.notes[-1].start for part in lines.values())
        meter = meter_at(file, int(end * STEPS_PER_QUARTER))
        score, mask = continued(score, mask, meter, plan.more)
        messages.append("the last note of the bass is given: the tonic")
    return Request(score, mask, tuple(messages), file.kind)


def _programs(parts: Mapping[int, Part]) -> dict[int, int]:
    """The General MIDI programs of the given lines, where the file names them."""
    return {
        line: part.program
        for line, part in parts.items()
        if part.program is not None and not part.is_drum
    }


def _parts(
    parts: Sequence[Part], plan: Plan, track: str | int | None
) -> tuple[dict[int, Part], list[str]]:
    """The part that each line is read from, and messages on the choice."""
    line, ensemble = plan.one_line, plan.ensemble
    if line is not None and line >= ensemble.pitched:
        line = None  # a drum is found by its number alone
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
        lead = ensemble.names[ensemble.leads]
        raise InputError(
            f"{names} must be in the file: {error}; name its parts so, or give one melody with "
            f"--given {lead} (where there are several tracks: --track)"
        ) from None
    taken, tracks = _taken(parts, chosen.values()), tracks_of(parts)
    if not taken:
        return chosen, ["found the voices in its chords"]
    if len(taken) == sum(not track.is_drum for track in tracks):
        return chosen, []
    return chosen, [f"took track{'s' * (len(taken) > 1)} {', '.join(taken)} of {len(tracks)}"]


def _taken(parts: Sequence[Part], chosen: Iterable[Part]) -> list[str]:
    """Labels of the tracks that were chosen, or of which a voice was."""
    notes = [part.notes for part in chosen]
    sources = {part.source for part in parts if is_voice(part) and part.notes in notes}
    return [
        label_of(number, track)
        for number, track in enumerate(tracks_of(parts), start=1)
        if track.notes in notes or track.source in sources
    ]
