"""Write lines of a file onto the sixteenth grid as a score of four voices, and tell what it took.

What comes out has all that a model must know: its place in the bars, its key, where its phrases
end, and notes that the voices can sing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kantor.compose.melody import in_units, top_line
from kantor.compose.placing import Rests, place
from kantor.compose.ranges import into_range
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile
from kantor.music.key import estimate
from kantor.music.notes import Note, TimedNote
from kantor.music.phrases import infer_fermatas
from kantor.music.quantise import Deviation, quantise
from kantor.music.score import REST, VOICES, Key, Score

_FITS = 0.8  # share of the notes' time that a key signature must hold to be believed
_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
_LEADS = 0.5  # share of the busiest voice's time that a voice must sound to tell the phrases


def transcribe(
    recording: ParsedFile,
    lines: Mapping[int, Sequence[TimedNote]],
    rests: Rests = "cut",
    foreign: bool = False,
) -> tuple[Score, list[str]]:
    """Write the notes of each voice, 0 to 3, onto the grid.

    Parameters
    ----------
    recording
        The file that they are from.
    lines
        The notes of each voice; of chords the top line is taken.
    rests
        As for `kantor.compose.placing.place`.
    foreign
        Whether the lines were written for other voices, as for `kantor.compose.ranges`.

    Returns
    -------
    score : Score
        ``(time, 4)``, its key known, its fermatas known or inferred; rests where no line is.
    messages : list of str
        What was done to the file's notes, one line each.

    Raises
    ------
    InputError
        If there are no notes, or no octave suits a voice.
    """
    notes: list[Note] = []
    messages: list[str] = []
    for voice, played in sorted(lines.items()):
        own, told = _line(played, voice, foreign)
        prefix = f"{VOICES[voice]}: " if len(lines) > 1 else ""
        notes += own
        messages += [prefix + message for message in told]
    score, placed = place(recording, notes, rests)
    messages += placed
    key, doubt = _key_of(recording.key, score)
    fermatas = score.fermatas
    if not fermatas.any():
        fermatas = infer_fermatas(score.line(_leading(score)))
    return replace(score, key=key, fermatas=fermatas), [*messages, *doubt]


def _line(played: Sequence[TimedNote], voice: int, foreign: bool) -> tuple[list[Note], list[str]]:
    """One voice on the grid and in its range."""
    played, quarter = in_units(played)
    line, covered = top_line(played, quarter)
    notes, deviation = quantise(line, quarter)
    if not notes:
        raise InputError("no notes to compose for")
    messages = []
    if covered:
        messages.append(f"chords: took the top line, left out {covered} of {len(played)} notes")
    messages += _told(deviation)
    notes, moved = into_range(notes, voice, foreign)
    return [Note(note.start, note.end, note.pitch, voice) for note in notes], messages + moved


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


def _leading(score: Score) -> int:
    """The voice that tells the phrases: the highest that sounds enough."""
    sounding = (score.pitches != REST).sum(axis=0)
    return int(np.flatnonzero(sounding >= _LEADS * sounding.max())[0])


def _key_of(written: Key | None, score: Score) -> tuple[Key, list[str]]:
    """The file's key where its notes bear it out; many programs write C major into everything."""
    if written is None:
        key = estimate(score.pitches)
        return key, [f"the file names no key; it sounds like {key.name}"]
    if _share_in(written, score) >= _FITS:
        return written, []
    key = estimate(score.pitches)
    if _share_in(key, score) < _FITS or key.major_tonic == written.major_tonic:
        return written, []
    return key, [f"the file says {written.name}, but its notes are those of {key.name}"]


def _share_in(key: Key, score: Score) -> float:
    """Share of the sounding steps that are on the key's scale."""
    sounding = score.pitches[score.pitches >= 0].astype(np.int16)
    return float(_SCALE[(sounding - key.major_tonic) % 12].mean())
