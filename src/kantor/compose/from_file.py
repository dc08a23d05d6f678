"""From a file that may be messy to a request for what a plan leaves to compose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kantor.compose import bar_ranges
from kantor.compose.form import continued
from kantor.compose.melody import choose_part, label
from kantor.compose.placing import meter_at
from kantor.compose.plan import Plan
from kantor.compose.request import Request
from kantor.compose.transcribing import transcribe
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.formats.parts import line_named, named_lines, parts_of_lines
from kantor.formats.reading import read
from kantor.music.score import STEPS_PER_QUARTER, Flags, Score

MELODY = Plan()
"""The soprano is given, the three lower voices are composed."""


def read_request(
    path: str | Path,
    plan: Plan = MELODY,
    track: str | int | None = None,
    limits: Limits | None = None,
) -> Request:
    """Read a MIDI or MusicXML file and ask for what `plan` leaves to compose.

    Parameters
    ----------
    path
        The file.
    plan
        What is given. Where that is one line, a melody is enough and is moved by octaves to
        suit that line.
    track
        The part that holds the melody, by number (from 1) or name; by default it is found.
    limits
        What is refused as too much.

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
    mask, kept = _mask(score, plan)
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
    line = plan.one_line
    if line is None:
        if track is not None:
            raise InputError("a track can be chosen only where one voice is given")
        return _several_parts(parts, plan)
    if line != plan.ensemble.leads and track is None:
        try:
            chosen = parts_of_lines(parts, [line], plan.ensemble)
        except InputError:
            pass  # a melody for another voice than it was written for
        else:
            return chosen, _choice(parts, chosen)
    part, message = choose_part(parts, track)
    return {line: part}, [message] if message else []


def _several_parts(parts: Sequence[Part], plan: Plan) -> tuple[dict[int, Part], list[str]]:
    wanted = plan.all if plan.of_bars else plan.given
    if plan.fill:
        pitched = [part for part in parts if not part.is_drum]
        wanted = frozenset(named_lines(pitched, plan.ensemble)) or plan.all
    try:
        chosen = parts_of_lines(parts, sorted(wanted), plan.ensemble)
    except InputError as error:
        names = ", ".join(plan.ensemble.names[line] for line in sorted(wanted))
        raise InputError(f"{names} must be in the file: {error}") from None
    return chosen, _choice(parts, chosen)


def _choice(parts: Sequence[Part], chosen: Mapping[int, Part]) -> list[str]:
    """A message that names the chosen parts where others were left out."""
    taken = [
        label(number, part)
        for number, part in enumerate(parts, start=1)
        if any(part is one for one in chosen.values())
    ]
    if not taken:
        return ["found the voices in its chords"]
    if len(taken) == sum(not part.is_drum for part in parts):
        return []
    return [f"took track{'s' * (len(taken) > 1)} {', '.join(taken)} of {len(parts)}"]


def _mask(score: Score, plan: Plan) -> tuple[Flags, list[str]]:
    """Which cells the plan gives, ``(time, line) bool``, and messages on them."""
    messages = []
    composed = np.ones(score.pitches.shape, bool)
    if plan.fill:
        composed = bar_ranges.resting_bars(score)
    elif plan.composed:
        composed[~bar_ranges.in_bars(score, plan.composed)] = False
    else:
        composed[bar_ranges.in_bars(score, plan.locked)] = False
    composed[:, sorted(plan.given)] = False
    if plan.fill and composed.any():
        messages.append(_filled(score, composed))
    elif plan.fill and not plan.more:
        raise InputError("no voice rests for a whole bar; there is nothing to fill")
    mask, count = bar_ranges.with_held(score, ~composed)
    if count:
        notes = "1 note that is" if count == 1 else f"{count} notes that are"
        messages.append(f"kept {notes} held into given bars from the beginning")
    return mask, messages


def _filled(score: Score, composed: Flags) -> str:
    """A message that names the bars of each line that are composed."""
    spans = bar_ranges.bar_spans(score)
    lines = []
    for line, name in enumerate(score.ensemble.names):
        bars = [number for number, (start, _) in spans.items() if composed[start, line]]
        if bars:
            lines.append(f"{name} {bar_ranges.numbers(bars)}")
    return f"fills the bars of {'; '.join(lines)}"
