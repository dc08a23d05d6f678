"""Piano rolls as SVG text: every note of a score, coloured by its voice.

Conventions
-----------
One unit across is a sixteenth, one unit up a semitone. The drawing is stretched by the page, so
that strokes keep their width and a score of any length stays one drawing.
"""

from __future__ import annotations

from html import escape

from kantor.music.notes import notes_of
from kantor.music.score import REST, VOICES, Score

SEMITONE = 1.0
GAP = 0.25
MARGIN = 2


def pitch_range(*scores: Score) -> tuple[int, int]:
    """The lowest and highest pitch to draw, so that several rolls share one scale.

    Returns
    -------
    tuple of int
        MIDI note numbers with a small margin; two octaves around middle C for silence.
    """
    sounding = [score.pitches[score.pitches != REST] for score in scores]
    lows = [int(pitches.min()) for pitches in sounding if pitches.size]
    highs = [int(pitches.max()) for pitches in sounding if pitches.size]
    if not lows:
        return 48, 72
    return min(lows) - MARGIN, max(highs) + MARGIN


def roll(score: Score, span: tuple[int, int], summary: str, given: int = 0) -> str:
    """A score's notes as bars over a grid of bar lines and octaves.

    Parameters
    ----------
    score
        The music; its voices are named in the order of `kantor.music.score.VOICES`.
    span
        The lowest and highest pitch drawn, as from `pitch_range`.
    summary
        What the drawing shows, in one sentence, for those who do not see it.
    given
        The voice that was given and not composed.
    """
    low, high = span
    height = high - low + 1
    lines = [f"M{step} 0V{height}" for step in score.bar_lines]
    octaves = [
        f"M0 {high - pitch + 1}H{score.steps}" for pitch in range(low, high) if pitch % 12 == 0
    ]
    parts = [f'<path class="bars" d="{"".join(lines)}"/>']
    parts.append(f'<path class="octaves" d="{"".join(octaves)}"/>')
    for voice, name in reversed(list(enumerate(VOICES))):
        kind = f"{name} given" if voice == given else name
        parts.append(
            f'<g class="{kind}"><title>{escape(name)}</title>{_notes(score, voice, high)}</g>'
        )
    parts.append(f'<path class="playhead" d="M0 0V{height}"/>')
    return (
        f'<svg class="roll" viewBox="0 0 {score.steps} {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(summary)}">{"".join(parts)}</svg>'
    )


def _notes(score: Score, voice: int, high: int) -> str:
    """One path: a note is a bar with a gap before the next, so that repeated notes show.

    Where a lower voice sounds the same pitch, half the bar is left to it.
    """
    path = []
    for note in notes_of(score.line(voice)):
        below = score.pitches[note.start : note.end, voice + 1 :]
        height = SEMITONE / 2 if (below == note.pitch).any() else SEMITONE
        length = note.end - note.start - GAP
        path.append(f"M{note.start} {high - note.pitch}h{length:g}v{height:g}h-{length:g}z")
    return f'<path d="{"".join(path)}"/>'


def octave_labels(span: tuple[int, int]) -> list[tuple[str, float]]:
    """The names of the Cs in `span` with their height as a share of the drawing, from its top.

    The drawing is stretched, which text in it would not survive: the page lays these beside it.
    """
    low, high = span
    height = high - low + 1
    return [
        (f"C{pitch // 12 - 1}", (high - pitch + 0.5) / height)
        for pitch in range(low, high + 1)
        if pitch % 12 == 0
    ]
