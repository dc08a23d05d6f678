"""Place the notes of a file in its bars: make a score that begins with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kantor.compose.marks import meters_of, notation_of, step_of, tempi_of
from kantor.compose.overrides import NOTHING_SAID, Overrides
from kantor.compose.pickup import infer_pickup
from kantor.compose.plan import Rests
from kantor.ensemble import SATB, Ensemble
from kantor.formats.parsed import ParsedFile
from kantor.music.notes import Note, arrays_of
from kantor.music.score import STEPS_PER_QUARTER, Meter, Score


def place(
    file: ParsedFile,
    notes: Sequence[Note],
    rests: Rests = "cut",
    ensemble: Ensemble = SATB,
    overrides: Overrides = NOTHING_SAID,
) -> tuple[Score, list[str]]:
    """The notes as a score that begins with them, and messages on what was done.

    Whole bars of silence before the first note are left out. Where less than half a bar of
    silence is left, the score begins at the bar line; else at the note, which is a pickup. In a
    score with repeats the bars of the first and last note stay whole, as they come back.

    Parameters
    ----------
    file
        Its notation by the numbers of the ensemble's lines.
    notes
        At steps of the file, each line's ascending and not overlapping.
    rests
        What of the silence around all notes stays: ``cut``, as above, and none at the end;
        ``bar``, the same, and at the end the last bar's; ``keep``, all that the file has, so that
        its bars are counted as it counts them.
    overrides
        Of these the pickup: it is counted from the first note.

    Raises
    ------
    InputError
        If that pickup does not fit the meter.
    """
    first, end = min(note.start for note in notes), max(note.end for note in notes)
    file, messages = _with_pickup(file, notes, first, overrides)
    repeated = bool(file.notation.played)
    if rests == "cut" and repeated:
        rests = "bar"
    whole = max(end, step_of(file.length))
    lines = _bar_lines(file, end if rests != "keep" else whole)
    if file.kind == "midi" and rests != "keep":
        notes, rung = _without_ringing(notes, lines, end)
        end = max(note.end for note in notes)
        messages += rung
    if rests == "bar":
        end = min(whole, int(lines[np.searchsorted(lines, end)]))
    elif rests == "keep":
        end = whole
    origin = 0
    if rests != "keep":
        origin = first if overrides.pickup is not None else _origin(file, lines, first, repeated)
    if origin:
        messages.append(f"{_length(origin)} of silence before the first note left out")
    lines = _lines_from(file, lines, origin)
    score = _score(file, notes, lines, ensemble, origin, end)
    return replace(score, notation=notation_of(file, score, origin)), messages


def _score(
    file: ParsedFile,
    notes: Sequence[Note],
    lines: NDArray[np.int32],
    ensemble: Ensemble,
    origin: int,
    end: int,
) -> Score:
    """The stretch of the file from step `origin` to `end`, its bar lines from there on `lines`."""
    moved = [Note(n.start - origin, n.end - origin, n.pitch, n.line) for n in notes]
    pitches, onsets = arrays_of(moved, end - origin, len(ensemble))
    fermatas = np.zeros(end - origin, bool)
    for start, stop in file.fermatas:
        fermatas[max(0, step_of(start) - origin) : max(0, step_of(stop) - origin)] = True
    begins = Fraction(min(note.start for note in notes), STEPS_PER_QUARTER)
    first_line = int(lines[0])
    meter = meter_at(file, first_line)
    meters = meters_of(file, meter, first_line, end)
    sound = ensemble.sound
    return Score(
        pitches,
        onsets,
        meter=meter,
        pickup=first_line - origin,
        tempo=sound.tempo if sound and not file.tempi else file.tempo_at(begins),
        title=file.title,
        fermatas=fermatas,
        bar_lines=lines[: max(1, int((lines < end).sum()))] - origin,
        ensemble=ensemble,
        tempi=tuple(tempi_of(file, begins, origin, end).items()),
        meters=tuple((step - origin, later) for step, later in meters.items()),
    )


def _with_pickup(
    file: ParsedFile, notes: Sequence[Note], first: int, overrides: Overrides
) -> tuple[ParsedFile, list[str]]:
    """The file with the pickup that was asked for, else with one that its rhythm shows."""
    meter = meter_at(file, first)
    said = overrides.pickup_steps(meter)
    if said is not None:
        begun = [(start, later) for start, later in file.meters if step_of(start) > first]
        pickup = Fraction((first + said) % meter.bar_steps, STEPS_PER_QUARTER)
        meters = ((Fraction(0), meter), *begun)
        return replace(file, meters=meters, pickup=pickup, bar_lines=()), []
    highest = min(notes, key=lambda note: (note.start, note.line)).line
    if steps := infer_pickup(file, [note for note in notes if note.line == highest]):
        return replace(file, pickup=Fraction(steps, STEPS_PER_QUARTER)), [
            f"no pickup is marked; its rhythm puts {_length(steps)} before the first bar line; "
            "--pickup 0 keeps the file's bar lines"
        ]
    return file, []


def _without_ringing(
    notes: Sequence[Note], lines: NDArray[np.int32], end: int
) -> tuple[Sequence[Note], list[str]]:
    """The notes without what rings less than a quarter of a bar into a new one, and a message."""
    last = int(lines[lines < end][-1])
    following = int(lines[np.searchsorted(lines, last) + 1])
    if 4 * (end - last) >= following - last or any(note.start >= last for note in notes):
        return notes, []
    cut = [note._replace(end=min(note.end, last)) for note in notes]
    return cut, ["the last note rang a little over the last bar line; it ends there"]


def _origin(file: ParsedFile, lines: NDArray[np.int32], first: int, whole_bar: bool) -> int:
    """The step of the file at which the score begins."""
    after = int(np.searchsorted(lines, first, side="right"))
    bar, following = int(lines[after - 1]), int(lines[after])
    if whole_bar or following - first >= meter_at(file, following).bar_steps:
        return max(0, bar)  # too long to be a pickup of what follows
    in_pickup = first < step_of(file.pickup or Fraction(0))
    early = 2 * (first - bar) < following - bar
    return bar if early and not in_pickup else first


def _lines_from(file: ParsedFile, lines: NDArray[np.int32], origin: int) -> NDArray[np.int32]:
    """The bar lines from `origin` on; what is too long for a pickup is counted in whole bars."""
    lines = lines[lines >= origin]
    first = int(lines[0])
    bar = meter_at(file, first).bar_steps
    before = np.arange(origin + (first - origin) % bar, first, bar, dtype=np.int32)
    return np.concatenate([before, lines])


def _length(steps: int) -> str:
    quarters = steps / STEPS_PER_QUARTER
    return f"{quarters:g} quarter{'s' if quarters != 1 else ''}"


def _bar_lines(file: ParsedFile, end: int) -> NDArray[np.int32]:
    """Steps of the file at which bars begin, from before its first note to after its last."""
    lines = [step_of(line) for line in file.bar_lines]
    if not lines:
        starts = [step_of(start) for start, _ in file.meters]
        starts[0] = step_of(file.pickup or Fraction(0))
        untils = [min(start, end) for start in starts[1:]] + [end]
        for (_, meter), start, until in zip(file.meters, starts, untils, strict=True):
            lines += range(start, until, meter.bar_steps)
    lines = lines or [step_of(file.pickup or Fraction(0))]
    while lines[0] > 0:
        lines.insert(0, lines[0] - file.meters[0][1].bar_steps)
    while lines[-1] < end:
        lines.append(lines[-1] + meter_at(file, lines[-1]).bar_steps)
    return np.unique(lines).astype(np.int32)


def meter_at(file: ParsedFile, step: int) -> Meter:
    """The meter in force at a step of the file."""
    in_force = [meter for start, meter in file.meters if step_of(start) <= step]
    return in_force[-1] if in_force else file.meters[0][1]
