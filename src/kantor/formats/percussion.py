"""How drums are written: all on one staff, hands with stems up, feet with stems down.

Places and heads are those of most drum charts, for General MIDI's numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kantor.ensemble import Line, unnamed
from kantor.formats.engraving import NOTE_VALUES, Head, heads_of
from kantor.formats.musicxml_instruments import identity
from kantor.formats.musicxml_notes import Hit, Voice
from kantor.music.bars import Bar
from kantor.music.notation import AS_WRITTEN
from kantor.music.score import REST, Score

_FEET = (35, 36, 44)
_PLACES = {
    **dict.fromkeys((35, 36), "F4"), **dict.fromkeys((37, 38, 39, 40), "C5"), 44: "D4",
    **dict.fromkeys((42, 46), "G5"), **dict.fromkeys((49, 52, 55, 57), "A5"),
    **dict.fromkeys((51, 53, 59), "F5"), **dict.fromkeys((48, 50), "E5"),
    **dict.fromkeys((45, 47), "D5"), **dict.fromkeys((41, 43), "A4"),
}  # fmt: skip
_OTHERS = "B4"
_HEADS = {**dict.fromkeys((37, 42, 44, 49, 51, 52, 53, 55, 57, 59), "x"), 46: "circle-x"}


def drum_voices(
    score: Score, lines: Sequence[int], part: int, measures: Sequence[Bar]
) -> list[Voice]:
    """The voices of the drums' staff, which is part number `part`: hands, then feet, if any.

    A hit is written up to the next one of its voice, and at most to the end of its beat.
    """
    of_feet = {line: score.ensemble.lines[line].low in _FEET for line in lines}
    groups = [[line for line in lines if of_feet[line] is feet] for feet in (False, True)]
    groups = [group for group in groups if group]
    return [
        Voice(at, len(groups) == 1, *_played(score, group, part, measures), fermatas=())
        for at, group in enumerate(groups)
    ]


def _played(
    score: Score, lines: Sequence[int], part: int, measures: Sequence[Bar]
) -> tuple[list[list[Head]], dict[int, list[Hit]]]:
    """The heads by measure, and what is struck at the start of each."""
    hits: dict[int, list[Hit]] = {}
    for step, at in np.argwhere(score.onsets[:, lines]).tolist():
        hits.setdefault(step, []).append(_hit(score.ensemble.lines[lines[at]], part))
    beats = {
        edge
        for bar in measures
        for edge in (*range(bar.start, bar.end, bar.meter.beat_steps), bar.end)
    }
    edges = sorted(beats | set(hits))
    pitches = np.full((score.steps, 1), REST, np.int8)
    for start in hits:
        room = edges[bisect_right(edges, start)] - start
        pitches[start : start + max(value for value in NOTE_VALUES if value <= room)] = 0
    onsets = np.isin(np.arange(score.steps), list(hits))[:, None]
    written = replace(
        score, pitches=pitches, onsets=onsets, ensemble=unnamed(1), notation=AS_WRITTEN
    )
    return heads_of(written, 0, measures), hits


def _hit(line: Line, part: int) -> Hit:
    place = _PLACES.get(line.low, _OTHERS)
    shown = f"<display-step>{place[0]}</display-step><display-octave>{place[1]}</display-octave>"
    head = f"<notehead>{_HEADS[line.low]}</notehead>" if line.low in _HEADS else ""
    named = f'<instrument id="{identity(part, line)}"/>'
    return Hit(f"<unpitched>{shown}</unpitched>", named, head)
