"""The octave in which a line's notes suit it, and what is done to those beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Line
from kantor.music.notes import Note

LOWEST, HIGHEST = 35, 83  # what a model can be given, in every key

# What the notes of each voice are on average in the JSB Chorales; no piece is farther than 6 off.
_MIDDLE = {"soprano": 70, "alto": 65, "tenor": 60, "bass": 51}
_FEW = 0.1  # share of the notes
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def in_range(notes: Sequence[Note], line: Line, foreign: bool) -> tuple[list[Note], list[str]]:
    """The notes in the octave in which most suit a line's range, and messages on it.

    The few that a model cannot be given there are moved by octaves of their own, into the range.
    For `foreign` see `kantor.compose.melody.on_grid`.
    """
    pitches = np.array([note.pitch for note in notes])
    messages = []
    octaves = _octaves(pitches, line, foreign)
    if octaves:
        distance = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
        way = "up" if octaves > 0 else "down"
        messages.append(f"moved {way} {distance} to suit {with_article(line)}")
    pitches += 12 * octaves
    beyond = (pitches < LOWEST) | (pitches > HIGHEST)
    if beyond.any():
        low, high = max(line.low, LOWEST), min(line.high, HIGHEST)
        pitches[beyond] = [_folded(pitch, low, high) for pitch in pitches[beyond].tolist()]
        count = int(beyond.sum())
        what = "note beyond {} to {} was" if count == 1 else "notes beyond {} to {} were"
        span = what.format(pitch_name(LOWEST), pitch_name(HIGHEST))
        messages.append(
            f"{count} {span} moved by octaves of {'its' if count == 1 else 'their'} own"
        )
    if outside := _outside(pitches, line):
        messages.append(
            f"{outside} of {len(notes)} notes lie outside the {line.name}'s range, "
            f"{pitch_name(line.low)} to {pitch_name(line.high)}"
        )
    moved = zip(notes, pitches.tolist(), strict=True)
    return [note._replace(pitch=pitch) for note, pitch in moved], messages


def _octaves(pitches: NDArray[np.int64], line: Line, foreign: bool) -> int:
    """The octaves by which most notes come into range; negative for down."""
    middle = _MIDDLE.get(line.name, (line.low + line.high) / 2)

    def unsuited(octaves: int) -> tuple[int, int, float]:
        """How many lie outside the range, or cannot be given, and how far from its middle."""
        moved = pitches + 12 * octaves
        beyond = int(((moved < LOWEST) | (moved > HIGHEST)).sum())
        if beyond <= _FEW * len(pitches):
            beyond = 0  # they are moved by octaves of their own, and decide nothing
        off = abs(float(pitches.mean()) + 12 * octaves - middle)
        return _outside(moved, line), beyond, off if foreign else 0.0

    # Of equals the smallest move, listed first.
    return min(sorted(range(-10, 11), key=abs), key=unsuited)


def _folded(pitch: int, low: int, high: int) -> int:
    """The pitch moved by the fewest octaves to at least `low`, or to at most `high`."""
    return (
        pitch + 12 * -((pitch - low) // 12) if pitch < low else pitch - 12 * -((high - pitch) // 12)
    )


def _outside(pitches: NDArray[np.int64], line: Line) -> int:
    """How many of these notes lie outside the line's range."""
    return int(((pitches < line.low) | (pitches > line.high)).sum())


def with_article(line: Line) -> str:
    """Such as ``an alto``."""
    return f"{'an' if line.name[0] in 'aeiou' else 'a'} {line.name}"


def pitch_name(pitch: int) -> str:
    """Such as ``C4`` for 60."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
