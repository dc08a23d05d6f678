"""Compositions as the batch's page shows and plays them: a drawing, and a recording of some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypedDict

from kantor.compose.transcribing import transcribe
from kantor.errors import InputError
from kantor.formats.parts import named_lines
from kantor.formats.picture import pitch_span
from kantor.formats.reading import read
from kantor.music.score import Score
from kantor.pages.rolls import octave_labels, roll

RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear
LONGEST = 300.0  # seconds: half an hour would take a minute to record and 180 MB to keep

Recorder = Callable[[str], Future[bytes]]
"""Records a composition by the path of its MIDI file, as the ledger has it, once.

The recording is empty where the piece is too long, its file is gone or no soundfont is there.
"""


class Drawing(TypedDict):
    """What the page's template draws.

    ``roll``: SVG. ``high``: the pitch of its top row. ``octaves``: names of the Cs, and their
    height in percent from the top. ``lines``: name and colour of each. ``tempo``: quarters a
    minute. ``seconds``.
    """

    roll: str
    high: int
    octaves: list[tuple[str, str]]
    lines: list[tuple[str, str]]
    tempo: float
    seconds: str


def drawn(score: Score) -> Drawing:
    """A composition as a drawing, which names no file: several may share it."""
    span = pitch_span(score)
    summary = f"Piano roll of {score.steps // 4} quarters in {score.pitches.shape[1]} voices."
    return Drawing(
        roll=roll(score, span, summary),
        high=span[1],
        octaves=[(octave, f"{100 * share:.1f}") for octave, share in octave_labels(span)],
        lines=[(line.name, line.colour) for line in score.ensemble.lines],
        tempo=score.tempo,
        seconds=f"{score.seconds:.3f}",
    )


def read_score(path: Path) -> Score | None:
    """A composition as its MIDI file has it; None where that is no longer there."""
    try:
        parsed = read(path)
        lines = {line: part.notes for line, part in named_lines(parsed.parts).items()}
        return transcribe(parsed, lines, "keep")[0]
    except InputError:
        return None


@contextmanager
def recorder(out: Path) -> Iterator[Recorder]:
    """Record compositions in the folder of results `out`, beside the composing.

    A recording takes half a second. At the end, those that have not begun are dropped.
    """
    pool = ThreadPoolExecutor(1)
    try:
        yield cache(lambda path: pool.submit(_recorded, out / path))
    finally:
        pool.shutdown(cancel_futures=True)


def _recorded(path: Path) -> bytes:
    from kantor.formats import audio

    score = read_score(path)
    if score is None or score.seconds > LONGEST:
        return b""
    try:
        return audio.flac_bytes(score, RATE)
    except InputError:
        return b""
