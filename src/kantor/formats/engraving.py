"""How notes on the grid are written down: note values, ties, beams, spelling, fermatas."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from kantor.music.bars import Bar, bars_of
from kantor.music.notes import spans_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Score

# Lengths in steps that one note head can show: name and dots.
NOTE_VALUES = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
    24: ("whole", 1),
    32: ("breve", 0),
}
_LINE_OF_FIFTHS = "FCGDAEB"


class Head(NamedTuple):
    """One written note or rest (`pitch` -1) within one bar; a note may need several, tied."""

    start: int
    end: int
    pitch: int
    tied_back: bool = False
    tied_on: bool = False
    whole_bar: bool = False


def fifths_between(steps: int, semitones: int) -> int:
    """How far an interval leads along the line of fifths."""
    return 7 * semitones - 12 * steps


def measures_of(score: Score) -> list[Bar]:
    """The bars; one with a repeat sign within it is cut there, as if a pickup followed."""
    signs = sorted({int(sign.start) for sign in score.notation.signs})
    measures = []
    for bar in bars_of(score):
        cuts = signs[bisect_right(signs, bar.start) : bisect_left(signs, bar.end)]
        for start, end in pairwise([bar.start, *cuts, bar.end]):
            measures.append(Bar(start, end, bar.meter, bar.pickup or start > bar.start))
    return measures


def heads_of(score: Score, line: int, bars: Sequence[Bar]) -> list[list[Head]]:
    """The heads of one line, rests among them, bar by bar."""
    spans = spans_of(score, line, rests=True)
    starts, ends = [start for start, _, _ in spans], [end for _, end, _ in spans]
    heads = []
    for bar in bars:
        inside = spans[bisect_right(ends, bar.start) : bisect_left(starts, bar.end)]
        heads.append([head for span in inside for head in _split(*span, bar)])
    return heads


def _split(first: int, last: int, pitch: int, bar: Bar) -> Iterator[Head]:
    """The part of a note within a bar as heads; one that starts off the beat ends on it first."""
    start, end = max(first, bar.start), min(last, bar.end)
    beat = bar.meter.beat_steps
    # A bar's rest is one sign, however long the bar; but in a pickup or a bar cut short some
    # programs take that sign for a rest as long as the meter.
    if pitch == REST and end - start == bar.meter.bar_steps and not bar.pickup:
        yield Head(start, end, REST, whole_bar=True)
        return
    sounds = pitch != REST
    while start < end:
        length = end - start
        into = (start - bar.start) % beat
        if length not in NOTE_VALUES or (into % 2 and length > beat - into):
            room = min(length, beat - into) if into else length
            length = max(value for value in NOTE_VALUES if value <= room)
        then = start + length
        yield Head(start, then, pitch, sounds and start > first, sounds and then < last)
        start = then


def beams_of(heads: Sequence[Head], bar: Bar) -> dict[int, str]:
    """Which heads a beam joins, by their start: neighbours within a beat shorter than a quarter."""
    groups: dict[tuple[int, int], list[int]] = {}
    broken = 0
    for head in heads:
        if head.pitch == REST or head.end - head.start >= STEPS_PER_QUARTER:
            broken += 1
        else:
            beat = (head.start - bar.start) // bar.meter.beat_steps
            groups.setdefault((beat, broken), []).append(head.start)
    beams: dict[int, str] = {}
    for starts in groups.values():
        if len(starts) > 1:
            beams |= dict.fromkeys(starts, "continue") | {starts[0]: "begin", starts[-1]: "end"}
    return beams


def spell(pitch: int, key: Key | None) -> tuple[str, int, int]:
    """Step, alteration and octave of a MIDI note number, as the key would write it.

    The twelve classes are twelve neighbours on the line of fifths: from three fifths below the
    signature's major tonic to eight above, one further up in minor, whose sixth and seventh
    degrees are raised.
    """
    key = key or Key()
    lowest = key.fifths - (2 if key.mode == "minor" else 3)
    letter, alteration = letter_of(lowest + (pitch * 7 - lowest) % 12)
    return letter, alteration, (pitch - alteration) // 12 - 1


def letter_of(fifths: int) -> tuple[str, int]:
    """The letter and alteration of a place on the line of fifths: C = 0, G = 1, F = -1."""
    alteration, letter = divmod(fifths + 1, 7)
    return _LINE_OF_FIFTHS[letter], alteration


def accidentals_of(voices: Iterable[Sequence[Head]], key: Key | None) -> dict[tuple[int, int], int]:
    """The alterations that are shown in one bar of a staff, by voice and start of the head.

    They are those that neither the key nor an earlier note of any voice of the staff implies.
    """
    heads = [(head, voice) for voice, own in enumerate(voices) for head in own]
    signature = signature_of(key)
    in_force: dict[tuple[str, int], int] = {}
    shown = {}
    for head, voice in sorted(heads, key=lambda one: (one[0].start, one[1])):
        if head.pitch == REST:
            continue
        step, alteration, octave = spell(head.pitch, key)
        implied = in_force.get((step, octave), signature.get(step, 0))
        in_force[step, octave] = alteration
        if alteration != implied and not head.tied_back:
            shown[voice, head.start] = alteration
    return shown


def signature_of(key: Key | None) -> dict[str, int]:
    """The steps that the key signature alters, and by how much."""
    fifths = key.fifths if key else 0
    if fifths >= 0:
        return dict.fromkeys(_LINE_OF_FIFTHS[:fifths], 1)
    return dict.fromkeys(_LINE_OF_FIFTHS[fifths:], -1)


def fermata_heads(
    score: Score, bars: Sequence[Bar], lines: Sequence[Sequence[Sequence[Head]]]
) -> set[tuple[int, int]]:
    """Which heads carry a fermata, as (line, start); `lines` are the heads of each line by bar.

    For each span of the score's fermatas within a bar: in every line the last head that lies
    within it, and the ones before it where no single head is as long as the span.
    """
    marked: set[tuple[int, int]] = set()
    for index, bar in enumerate(bars):
        held = np.concatenate([[False], score.fermatas[bar.start : bar.end], [False]])
        edges = (np.flatnonzero(held[1:] != held[:-1]) + bar.start).tolist()
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            inside = [
                (line, head)
                for line, by_bar in enumerate(lines)
                for head in by_bar[index]
                if start <= head.start and head.end <= end
            ]
            whole = any((head.start, head.end) == (start, end) for _, head in inside)
            marked |= {(line, head.start) for line, head in inside if head.end == end or not whole}
    return marked
