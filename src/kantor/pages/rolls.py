"""Piano rolls as SVG: every note of a score, in the colour of its line.

Conventions
-----------
One unit across is a sixteenth, one unit up a semitone. The drawing is stretched by the page, so
that strokes keep their width and a score of any length stays one drawing. Drums are not drawn.
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
    lines = reversed(list(enumerate(score.ensemble.lines[: score.ensemble.pitched])))
    drawing = template("kantor.pages", "roll.svg.j2").render(
        summary=summary,
        steps=score.steps,
        height=high - low + 1,
        bars=score.bar_lines.tolist(),
        octaves=[high - pitch + 1 for pitch in range(low, high) if pitch % 12 == 0],
        lines=[(line.name, line.colour, _notes(score, index, high)) for index, line in lines],
    )
    return Markup("".join(drawing.splitlines()))


def _notes(score: Score, line: int, high: int) -> str:
    """One path; where a lower line sounds the same pitch, half the bar is left to it."""
    path = []
    for note in notes_of(score.line(line)):
        below = score.pitches[note.start : note.end, line + 1 : score.ensemble.pitched]
        height = 0.5 if (below == note.pitch).any() else 1
        length = note.end - note.start - GAP
        path.append(f"M{note.start} {high - note.pitch}h{length:g}v{height:g}h-{length:g}z")
    return "".join(path)


def octave_labels(span: tuple[int, int]) -> list[tuple[str, float]]:
    """The names of the Cs in `span` with their height as a share of the drawing, from its top.

    The drawing is stretched, which text in it would not survive: the page lays these beside it.
    """
    low, high = span
    return [
        (f"C{pitch // 12 - 1}", (high - pitch + 0.5) / (high - low + 1))
        for pitch in range(low, high + 1)
        if pitch % 12 == 0
    ]
