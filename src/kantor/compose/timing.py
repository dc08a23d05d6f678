"""When a file's notes sound, in beats: latency taken off, a free take brought to a steady beat.

A free take was played without a click: its onsets follow no grid of the beats that the file names.
Its tempo and meter are estimated from the onsets in seconds (`kantor.music.beats`), and it is
written straight. What was played to a click stays where it is, but for a constant offset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from kantor.compose.melody import in_units, top_line
from kantor.compose.overrides import Overrides
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.beats import FEWEST, Beats, estimate
from kantor.music.click import follows_beat, latency
from kantor.music.notation import Time
from kantor.music.notes import TimedNote
from kantor.music.rhythms import METERS, Floats
from kantor.music.score import STEPS_PER_QUARTER, Meter

_MOST = 4_000  # notes; an estimate takes memory for each
_LEGATO = 0.25  # of the time to the next note, silence that is no rest
_CERTAIN, _LIKELY = 0.9, 0.7


def retimed(
    file: ParsedFile, parts: Mapping[int, Part], overrides: Overrides
) -> tuple[ParsedFile, Mapping[int, Part], list[str]]:
    """The file and the parts of its lines in the beats that were meant, and messages on it.

    The highest line shows the beats. A file that is not MIDI was written and not played.

    Raises
    ------
    InputError
        If the pickup that the user names does not fit the meter.
    """
    if file.kind != "midi" or not parts:
        return file, parts, []
    lead = parts[min(parts)]
    units, quarter = in_units(lead.notes)
    line = [
        note._replace(start=Fraction(note.start, quarter), end=Fraction(note.end, quarter))
        for note in top_line(units, quarter)[0]
    ]
    if len(line) < FEWEST:
        return file, parts, []
    late = latency([note.start for note in line])
    if follows_beat(np.array([float(note.start - late) for note in line])):
        return _earlier(file, parts, late) if late else (file, parts, [])
    if len(line) > _MOST:
        return file, parts, ["no click, but too many notes to estimate the beats"]
    beats, meter, pickup = _estimated(file, line, overrides)
    file, parts = _straight(file, parts, line, beats, meter, pickup)
    return file, parts, [_told(beats, meter, pickup, overrides)]


def _earlier(
    file: ParsedFile, parts: Mapping[int, Part], late: Fraction
) -> tuple[ParsedFile, Mapping[int, Part], list[str]]:
    """Move every note by `late`, the quarters by which all are late."""
    zero = Fraction(0)
    moved = {
        line: replace(
            part,
            notes=tuple(
                note._replace(start=max(zero, note.start - late), end=max(zero, note.end - late))
                for note in part.notes
            ),
        )
        for line, part in parts.items()
    }
    way = "late" if late > 0 else "early"
    message = f"all notes are {abs(float(late)):.2f} quarters {way}: moved onto the beat"
    return replace(file, parts=tuple(moved.values())), moved, [message]


def _estimated(
    file: ParsedFile, line: Sequence[TimedNote], overrides: Overrides
) -> tuple[Beats, Meter, int]:
    """The beats of a free take, its meter, and the steps before its first whole bar.

    Where that is more than half a bar and the user does not say so, it is a bar that begins with a
    rest: a negative number, the steps of the rest.
    """
    asked = overrides.meter
    if asked is None and file.names_meter and len(file.meters) == 1:
        # Programs write 4/4, or none that is one, into everything; another one was chosen.
        named = file.meters[0][1]
        asked = named if named != Meter(4, 4) and named.numerator > 1 else None
    family = None if asked is None else _family(asked)
    places: dict[Meter, int | None] = {}
    for counted in METERS if family is None else (family,):
        meter = asked or counted
        try:
            pickup = overrides.pickup_steps(meter)
        except InputError:
            if asked is not None:
                raise
            continue
        places[counted] = None if pickup is None else -pickup % counted.bar_steps
    if not places:
        overrides.pickup_steps(Meter(4, 4))  # says what is wrong
    beats = estimate(
        _seconds(file, np.array([float(note.start) for note in line])),
        [note.pitch for note in line],
        [note.velocity for note in line],
        tempo=overrides.tempo,
        places=places,
    )
    meter = asked or beats.meter
    pickup = overrides.pickup_steps(meter)
    if pickup is None:
        pickup = -int(beats.steps[0]) % beats.meter.bar_steps % meter.bar_steps
        if 2 * pickup > meter.bar_steps:
            pickup -= meter.bar_steps
    return beats, meter, pickup


def _family(meter: Meter) -> Meter:
    """The counted meter whose bars or beats are most like those of a meter."""
    if meter.numerator % 3 == 0:
        return Meter(6, 8) if meter.denominator >= 8 else Meter(3, 4)
    return Meter(2, 4) if meter.bar_steps == 8 else Meter(4, 4)


def _seconds(file: ParsedFile, quarters: ArrayLike) -> Floats:
    """When times in a file sound, by its own tempi."""
    changes = [(0.0, file.tempo_at(Fraction(0))), *((float(at), to) for at, to in file.tempi)]
    starts, tempi = np.array(changes).T
    passed = np.concatenate([[0.0], np.cumsum(np.diff(starts) * 60 / tempi[:-1])])
    index = np.searchsorted(starts, quarters, side="right") - 1
    return np.asarray(passed[index] + (np.asarray(quarters) - starts[index]) * 60 / tempi[index])


def _straight(
    file: ParsedFile,
    parts: Mapping[int, Part],
    line: Sequence[TimedNote],
    beats: Beats,
    meter: Meter,
    pickup: int,
) -> tuple[ParsedFile, Mapping[int, Part]]:
    """Write the file in the estimated beats, at one tempo, its notes on sixteenths."""
    known = _seconds(file, [float(note.start) for note in line])
    steps = beats.steps - beats.steps[0] + max(0, -pickup)

    def at(quarters: ArrayLike) -> Floats:
        """The steps at which times in the file stand."""
        times = _seconds(file, quarters)
        before = np.minimum(times - known[0], 0) * beats.tempi[0] * STEPS_PER_QUARTER / 60
        after = np.maximum(times - known[-1], 0) * beats.tempi[-1] * STEPS_PER_QUARTER / 60
        return np.asarray(np.interp(times, known, steps) + before + after)

    first = min(float(part.notes[0].start) for part in parts.values())
    earliest = int(np.rint(at([first]))[0])
    intro = max(0, -(earliest // meter.bar_steps)) * meter.bar_steps
    moved = {
        number: replace(part, notes=_on_steps(part.notes, at, intro))
        for number, part in parts.items()
    }

    def quarters(time: Time) -> Fraction:
        return Fraction(max(0, int(np.rint(at([float(time)]))[0]) + intro), STEPS_PER_QUARTER)

    last = max(note.end for part in moved.values() for note in part.notes)
    retold = replace(
        file,
        parts=tuple(moved.values()),
        meters=((Fraction(0), meter),),
        tempi=((Fraction(0), float(round(beats.tempo))),),
        keys=tuple((quarters(time), key) for time, key in file.keys),
        pickup=Fraction(max(0, pickup), STEPS_PER_QUARTER),
        length=Fraction(last),
        names_meter=True,
        notation=file.notation.moved(quarters),
    )
    return retold, moved


def _on_steps(
    notes: Sequence[TimedNote], at: Callable[[ArrayLike], Floats], intro: int
) -> tuple[TimedNote, ...]:
    """Notes on sixteenths; silence before the next one that is no rest is filled."""
    starts = np.rint(at([float(note.start) for note in notes])).astype(int)
    ends = at([float(note.end) for note in notes])
    onsets = np.unique(starts)
    following = np.searchsorted(onsets, starts, side="right")
    beat = STEPS_PER_QUARTER * np.ceil(ends / STEPS_PER_QUARTER)  # where the last note may end
    until = np.where(starts == onsets[-1], beat, np.append(onsets, 0)[following])
    silence = np.maximum(1.0, _LEGATO * (until - starts))
    ends = np.where(until - ends <= silence, until, np.rint(ends))
    ends = np.maximum(ends, starts + 1).astype(int)
    made = {
        step: Fraction(step + intro, STEPS_PER_QUARTER)
        for step in {*starts.tolist(), *ends.tolist()}
    }
    return tuple(
        note._replace(start=made[start], end=made[end])
        for note, start, end in zip(notes, starts.tolist(), ends.tolist(), strict=True)
    )


def _told(beats: Beats, meter: Meter, pickup: int, overrides: Overrides) -> str:
    before = max(0, pickup) / STEPS_PER_QUARTER
    begins = f"a pickup of {before:g} quarter{'s' * (before != 1)}" if before else "no pickup"
    sure = beats.certainty
    how = "fairly certain" if sure >= _CERTAIN else "likely" if sure >= _LIKELY else "a guess"
    options = [name for name in ("tempo", "meter", "pickup") if getattr(overrides, name) is None]
    remedy = f"; correct it with {', '.join(f'--{name}' for name in options)}" if options else ""
    tempo = round(overrides.tempo or beats.tempo)
    return (
        f"no click: estimated {tempo} quarters a minute, {meter}, {begins} "
        f"({how}, {sure:.2f}){remedy}"
    )
