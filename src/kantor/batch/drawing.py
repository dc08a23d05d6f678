"""Compositions as the batch's page shows them: a roll, its scale, and how long it lasts."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from kantor.compose.transcribing import transcribe
from kantor.errors import InputError
from kantor.formats.parts import named_lines
from kantor.formats.reading import read
from kantor.music.score import Score
from kantor.pages.rolls import octave_labels, pitch_range, roll


class Drawing(TypedDict):
    """What the page's template draws.

    ``roll``: SVG. ``high``: the pitch of its top row. ``octaves``: names of the Cs, and their
    height in percent from the top. ``tempo``: quarters a minute. ``seconds``.
    """

    roll: str
    high: int
    octaves: list[tuple[str, str]]
    tempo: float
    seconds: str


def drawn(score: Score) -> Drawing:
    """A composition as a drawing, which names no file: several may share it."""
    span = pitch_range(score)
    summary = f"Piano roll of {score.steps // 4} quarters in four voices."
    return Drawing(
        roll=roll(score, span, summary),
        high=span[1],
        octaves=[(octave, f"{100 * share:.1f}") for octave, share in octave_labels(span)],
        tempo=score.tempo,
        seconds=f"{score.seconds:.3f}",
    )


def read_score(path: Path) -> Score | None:
    """A composition as its MIDI file has it; None where that is no longer there."""
    try:
        recording = read(path)
        lines = {voice: part.notes for voice, part in named_lines(recording.parts).items()}
        return transcribe(recording, lines, "keep")[0]
    except InputError:
        return None
