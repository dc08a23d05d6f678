"""Bring a line by whole octaves to where its voice can sing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.music.notes import Note
from kantor.music.score import VOICE_RANGES, VOICES

LOWEST, HIGHEST = 35, 83  # what a model can be given: the range of all four voices

# What the notes of each voice are on average in the JSB Chorales; no piece is farther than 6 off.
_MIDDLE = (70, 65, 60, 51)
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def into_range(
    notes: Sequence[Note], voice: int = 0, foreign: bool = False
) -> tuple[list[Note], list[str]]:
    """The line in the octave where most of its notes lie in the range of `voice`, 0 to 3.

    Parameters
    ----------
    notes
        Of one line.
    voice
        Which voice shall sing them.
    foreign
        Whether they were written for another voice. Of the octaves that suit equally well such a
        line takes the one nearest to the middle of the range, and not the smallest move.

    Returns
    -------
    notes : list of Note
    messages : list of str
        How far the line was moved, and how many of its notes lie outside the range.

    Raises
    ------
    InputError
        If no octave brings all notes to where a model can be given them.
    """
    pitches = np.array([note.pitch for note in notes])
    octaves = _octaves(pitches, voice, foreign)
    messages = [_moved(octaves, voice)] if octaves else []
    if left := _outside(pitches + 12 * octaves, voice):
        low, high = VOICE_RANGES[voice]
        messages.append(
            f"{left} of {len(notes)} notes lie outside the {VOICES[voice]}'s range, "
            f"{_name(low)} to {_name(high)}"
        )
    if not octaves:
        return list(notes), messages
    return [replace(note, pitch=note.pitch + 12 * octaves) for note in notes], messages


def _octaves(pitches: NDArray[np.int64], voice: int, foreign: bool) -> int:
    """By how many octaves a line is moved."""
    moves = sorted(range(-10, 11), key=abs)
    possible = [
        octaves
        for octaves in moves
        if pitches.min() + 12 * octaves >= LOWEST and pitches.max() + 12 * octaves <= HIGHEST
    ]
    if not possible:
        raise InputError(
            f"from {_name(pitches.min())} to {_name(pitches.max())}: no octave brings all notes "
            f"between {_name(LOWEST)} and {_name(HIGHEST)}; choose a narrower track with --track"
        )

    def unsuited(octaves: int) -> tuple[int, float]:
        """How many notes the voice cannot sing, and how far from its middle they lie."""
        off = abs(pitches.mean() + 12 * octaves - _MIDDLE[voice])
        return _outside(pitches + 12 * octaves, voice), float(off) if foreign else 0.0

    return min(possible, key=unsuited)  # of equals the smallest move, listed first


def _outside(pitches: NDArray[np.int64], voice: int) -> int:
    """How many of these notes lie outside the voice's range."""
    low, high = VOICE_RANGES[voice]
    return int(((pitches < low) | (pitches > high)).sum())


def _moved(octaves: int, voice: int) -> str:
    many = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
    article = "an" if VOICES[voice] == "alto" else "a"
    return f"moved {'up' if octaves > 0 else 'down'} {many} to suit {article} {VOICES[voice]}"


def _name(pitch: int) -> str:
    """Such as ``C4`` for 60."""
    return f"{_SHARPS[pitch % 12]}{pitch // 12 - 1}"
