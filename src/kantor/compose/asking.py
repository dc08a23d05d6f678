"""Read a file that may be messy and ask for what a plan leaves to compose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kantor.compose import bar_ranges as cells
from kantor.compose.form import continued
from kantor.compose.melody import choose_part, label
from kantor.compose.placing import meter_at
from kantor.compose.plan import ALL, Plan
from kantor.compose.request import Request
from kantor.compose.transcribing import transcribe
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.formats.parts import named_voices, voice_of, voices_among
from kantor.formats.reading import read
from kantor.music.score import STEPS_PER_QUARTER, VOICES, Flags, Score

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
        What is given. Where that is one voice, a melody is enough and is moved by octaves to
        suit that voice.
    track
        The part that holds the melody, by number (from 1) or name; by default it is found.
    limits
        What is refused as too much.

    Raises
    ------
    InputError
        One line that names the file, the fault and the remedy.
    """
    recording = read(path, limits)
    title = recording.title or Path(path).stem
    try:
        return from_recording(replace(recording, title=title), plan, track)
    except InputError as error:
        raise InputError(f"{one_line(str(path), 1000)}: {error}") from None


def from_recording(
    recording: ParsedFile, plan: Plan = MELODY, track: str | int | None = None
) -> Request:
    """The request of what was read; arguments and errors as for `read_request`."""
    parts, messages = _parts(recording.parts, plan, track)
    lines = {voice: part.notes for voice, part in parts.items()}
    # A melody that is no soprano was hardly written for the voice that it is given to.
    foreign = bool(plan.one_voice) and all(voice_of(p.name) != v for v, p in parts.items())
    score, told = transcribe(recording, lines, plan.rests, foreign)
    mask, kept = _mask(score, plan)
    if plan.more:
        end = max(part.notes[-1].start for part in parts.values())
        meter = meter_at(recording, int(end * STEPS_PER_QUARTER))
        score, mask = continued(score, mask, meter, plan.more)
        kept.append("the last note of the bass is given: the tonic")
    return Request(score, mask, (*messages, *told, *kept))


def _parts(
    parts: Sequence[Part], plan: Plan, track: str | int | None
) -> tuple[dict[int, Part], list[str]]:
    """The part of each voice that is read, and what to tell of the choice."""
    voice = plan.one_voice
    if voice is None:
        if track is not None:
            raise InputError("a track can be chosen only where one voice is given")
        return _several(parts, plan)
    if voice and track is None:
        try:
            found = voices_among(parts, [voice])
        except InputError:
            pass  # a melody for another voice than it was written for
        else:
            return found, _left_out(parts, found)
    part, choice = choose_part(parts, track)
    return {voice: part}, [choice] if choice else []


def _several(parts: Sequence[Part], plan: Plan) -> tuple[dict[int, Part], list[str]]:
    wanted = ALL if plan.of_bars else plan.given
    if plan.fill:
        wanted = frozenset(named_voices([part for part in parts if not part.is_drum])) or ALL
    try:
        found = voices_among(parts, sorted(wanted))
    except InputError as error:
        names = ", ".join(VOICES[voice] for voice in sorted(wanted))
        raise InputError(f"{names} must be in the file: {error}") from None
    return found, _left_out(parts, found)


def _left_out(parts: Sequence[Part], found: Mapping[int, Part]) -> list[str]:
    """Tell which parts were taken where others were not."""
    taken = [
        label(number, part)
        for number, part in enumerate(parts, start=1)
        if any(part is one for one in found.values())
    ]
    if not taken:
        return ["found the voices in its chords"]
    if len(taken) == sum(not part.is_drum for part in parts):
        return []
    return [f"took track{'s' * (len(taken) > 1)} {', '.join(taken)} of {len(parts)}"]


def _mask(score: Score, plan: Plan) -> tuple[Flags, list[str]]:
    """Which cells the plan gives, and what to tell of it."""
    messages = []
    if plan.fill:
        composed = cells.resting_bars(score)
    elif plan.composed:
        composed = np.repeat(cells.in_bars(score, plan.composed)[:, None], len(VOICES), axis=1)
    else:
        composed = np.ones(score.pitches.shape, bool)
        composed[cells.in_bars(score, plan.locked)] = False
    composed[:, sorted(plan.given)] = False
    if plan.fill and composed.any():
        messages.append(_filled(score, composed))
    elif plan.fill and not plan.more:
        raise InputError("no voice rests for a whole bar; there is nothing to fill")
    mask, notes = cells.with_held(score, ~composed)
    if notes:
        held = "1 note that is" if notes == 1 else f"{notes} notes that are"
        messages.append(f"kept {held} held into given bars from the beginning")
    return mask, messages


def _filled(score: Score, composed: Flags) -> str:
    """Which bars of which voices are composed."""
    spans = cells.bar_spans(score)
    voices = []
    for voice, name in enumerate(VOICES):
        bars = [number for number, (start, _) in spans.items() if composed[start, voice]]
        if bars:
            voices.append(f"{name} {cells.numbers(bars)}")
    return f"fills the bars of {'; '.join(voices)}"
