"""Piano rolls as SVG: every note of a score, in the colour of its line.

Conventions
-----------
One unit across is a sixteenth, one unit up a semitone. The drawing is stretched by the page, so
that strokes keep their width and a score of any length stays one drawing. Each drum has a row of
its own below the pitches.
"""

from __future__ import annotations

from markupsafe import Markup

from kantor.music.notes import notes_of
from kantor.music.score import Score
from kantor.pages import template

GAP = 0.25
"""Between a note and the next, in sixteenths, so that repeated notes show."""


def roll(score: Score, span: tuple[int, int], summary: str) -> Markup:
    """A score's notes as bars over a grid of bar lines and octaves.

    Parameters
    ----------
    score
    span
        The lowest and highest pitch drawn, as from `kantor.formats.picture.pitch_span`.
    summary
        What the drawing shows, in one sentence, for those who do not see it.
    """
    low, high = span
    lines = reversed(list(enumerate(score.ensemble.lines)))
    drawing = template("kantor.pages", "roll.svg.j2").render(
        summary=summary,
        steps=score.steps,
        pitches=high - low + 1,
        height=rows(score, span),
        bars=score.bar_lines.tolist(),
        octaves=[high - pitch + 1 for pitch in range(low, high) if pitch % 12 == 0],
        lines=[
            (line.name, line.colour, line.kind, _notes(score, index, span)) for index, line in lines
        ],
    )
    return Markup("".join(drawing.splitlines()))


def rows(score: Score, span: tuple[int, int]) -> int:
    """The height of the drawing: a row for each pitch and for each drum."""
    return span[1] - span[0] + 1 + len(score.ensemble) - score.ensemble.pitched


def _notes(score: Score, line: int, span: tuple[int, int]) -> str:
    """One path; where a lower line sounds the same pitch, half the bar is left to it."""
    low, high = span
    path, drum = [], line - score.ensemble.pitched
    for note in notes_of(score.line(line)):
        below = score.pitches[note.start : note.end, line + 1 : score.ensemble.pitched]
        height = 0.5 if (below == note.pitch).any() else 1
        row = high - note.pitch if drum < 0 else high - low + 1 + drum
        length = note.end - note.start - GAP
        path.append(f"M{note.start} {row}h{length:g}v{height:g}h-{length:g}z")
    return "".join(path)


def octave_labels(score: Score, span: tuple[int, int]) -> list[tuple[str, str]]:
    """The names of the Cs in `span` with their height in percent of the drawing, from its top.

    The drawing is stretched, which text in it would not survive: the page lays these beside it.
    """
    low, high = span
    return [
        (f"C{pitch // 12 - 1}", f"{100 * (high - pitch + 0.5) / rows(score, span):.1f}")
        for pitch in range(low, high + 1)
        if pitch % 12 == 0
    ]
