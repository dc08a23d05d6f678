"""Read a melody from a file that may be messy, and tell what was done to it.

What comes out is one voice on the sixteenth grid, with all that a model must know: its place in
the bars, its key, where its phrases end, and notes that the soprano can sing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kantor.compose.lines import choose_part, top_line
from kantor.compose.phrases import infer_fermatas
from kantor.compose.placing import place
from kantor.music.key import estimate
from kantor.music.quantise import Deviation, quantise
from kantor.music.reading import read
from kantor.music.recording import Limits, Recording, one_line
from kantor.music.score import VOICE_RANGES, Key, Note, Score, ScoreError

LOWEST, HIGHEST = 36, 83  # what a model can be given: the range of all four voices

_FITS = 0.8  # share of the notes' time that a key signature must hold to be believed
_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class Melody:
    """One voice, ready for a model.

    Attributes
    ----------
    score : Score
        ``(time, 1)``, its key known, its fermatas known or inferred.
    messages : tuple of str
        What was done to the file's notes, one line each.
    """

    score: Score
    messages: tuple[str, ...] = ()


def read_melody(
    path: str | Path, track: str | int | None = None, limits: Limits | None = None
) -> Melody:
    """Read the melody of a MIDI or MusicXML file.

    Parameters
    ----------
    path
        The file.
    track
        The part to take, by number (from 1) or name; by default it is found.
    limits
        What is refused as too much.

    Raises
    ------
    ScoreError
        One line that names the file, the fault and the remedy.
    """
    recording = read(path, limits)
    title = recording.title or Path(path).stem
    try:
        return from_recording(replace(recording, title=title), track)
    except ScoreError as error:
        raise ScoreError(f"{one_line(str(path), 1000)}: {error}") from None


def from_recording(recording: Recording, track: str | int | None = None) -> Melody:
    """The melody of what was read; arguments and errors as for `read_melody`."""
    part, choice = choose_part(recording.parts, track)
    line, covered = top_line(part.notes)
    notes, deviation = quantise(line)
    if not notes:
        raise ScoreError("no notes to compose for")
    messages = [choice] if choice else []
    if covered:
        messages.append(f"chords: took the top line, left out {covered} of {len(part.notes)} notes")
    messages += _told(deviation)
    notes, octaves = _into_range(notes)
    messages += octaves
    score, placed = place(recording, notes)
    messages += placed
    key, doubt = _key_of(recording.key, score)
    score = replace(score, key=key)
    if not score.fermatas.any():
        score = replace(score, fermatas=infer_fermatas(score))
    return Melody(score, (*messages, *doubt))


def _told(deviation: Deviation) -> list[str]:
    """What moving the notes onto sixteenths did to them."""
    messages = []
    if deviation.swung:
        messages.append("swing: its eighths were made even")
    if deviation.share_moved:
        messages.append(
            f"{max(deviation.share_moved, 0.01):.0%} of the notes moved onto the sixteenth grid, "
            f"by {deviation.mean:.2f} of a sixteenth on average, {deviation.largest:.2f} at most"
        )
    if deviation.off_grid:
        messages.append(
            "the notes follow no beat, as in a recording without a click; "
            "quantise the file by hand for a better result"
        )
    if deviation.dropped:
        messages.append(f"{deviation.dropped} notes too fast for sixteenths were left out")
    return messages


def _into_range(notes: Sequence[Note]) -> tuple[list[Note], list[str]]:
    """The melody in the octave where most of its notes lie in the soprano's range."""
    pitches = np.array([note.pitch for note in notes])
    low, high = VOICE_RANGES[0]
    moves = sorted(range(-10, 11), key=abs)
    possible = [
        octaves
        for octaves in moves
        if pitches.min() + 12 * octaves >= LOWEST and pitches.max() + 12 * octaves <= HIGHEST
    ]
    if not possible:
        raise ScoreError(
            f"from {_name(pitches.min())} to {_name(pitches.max())}: no octave brings all notes "
            f"between {_name(LOWEST)} and {_name(HIGHEST)}; choose a narrower track with --track"
        )

    def outside(octaves: int) -> int:
        moved = pitches + 12 * octaves
        return int(((moved < low) | (moved > high)).sum())

    octaves = min(possible, key=outside)  # of equals the smallest move, listed first
    messages = []
    if octaves:
        many = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
        messages.append(f"moved {'up' if octaves > 0 else 'down'} {many} to suit a soprano")
    if left := outside(octaves):
        messages.append(
            f"{left} of {len(notes)} notes lie outside the soprano's range, "
            f"{_name(low)} to {_name(high)}"
        )
    return [replace(note, pitch=note.pitch + 12 * octaves) for note in notes], messages


def _name(pitch: int) -> str:
    """Such as ``C4`` for 60."""
    return f"{_SHARPS[pitch % 12]}{pitch // 12 - 1}"


def _key_of(written: Key | None, score: Score) -> tuple[Key, list[str]]:
    """The file's key where its notes bear it out; many programs write C major into everything."""
    if written is None:
        key = estimate(score.pitches)
        return key, [f"the file names no key; it sounds like {key.name}"]
    if _share_in(written, score) >= _FITS:
        return written, []
    key = estimate(score.pitches)
    if _share_in(key, score) < _FITS or key.collection == written.collection:
        return written, []
    return key, [f"the file says {written.name}, but its notes are those of {key.name}"]


def _share_in(key: Key, score: Score) -> float:
    """Share of the sounding steps that are on the key's scale."""
    sounding = score.pitches[score.pitches >= 0].astype(np.int16)
    return float(_SCALE[(sounding - key.collection) % 12].mean())
