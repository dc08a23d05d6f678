"""Write a score as a Standard MIDI File: one named track a voice, repeated notes kept apart.

MIDI has no pickup. A pickup is written as a first bar of its own length (1/4 for a quarter),
followed by the score's meter, so that bar lines fall where they belong;
`kantor.music.reading.read` understands it that way.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kantor.music.bars import bars_of
from kantor.music.files import save
from kantor.music.recording import one_line
from kantor.music.score import STEPS_PER_QUARTER, VOICES, Key, Note, Score, ScoreError, notes_of

if TYPE_CHECKING:
    from mido import MetaMessage, MidiTrack  # type: ignore[import-untyped, unused-ignore]

TICKS_PER_QUARTER = 480
_TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_VELOCITY = 80
_CHOIR = 52  # General MIDI "Choir Aahs", counted from 0
_MOST_VOICES = 15  # the channels without the drums
_SLOWEST = 0xFFFFFF  # microseconds a quarter that fit into MIDI's three bytes


def names_of(voices: int) -> tuple[str, ...]:
    """Names for the voices of a score: the four of a chorale, or a melody, or numbers."""
    if voices == 1:
        return ("Melody",)
    if voices == len(VOICES):
        return tuple(voice.capitalize() for voice in VOICES)
    return tuple(f"Voice {number}" for number in range(1, voices + 1))


def to_bytes(
    score: Score, names: Sequence[str] | None = None, programs: Sequence[int] | None = None
) -> bytes:
    """The bytes of a MIDI file of format 1, the same for the same score.

    Parameters
    ----------
    names
        One a voice; by default `names_of`.
    programs
        General MIDI programs, one a voice, 0 to 127; by default a choir.

    Raises
    ------
    ScoreError
        If there are more than 15 voices, or not one name and one program a voice.
    """
    from mido import MidiFile

    voices = score.pitches.shape[1]
    names = names_of(voices) if names is None else names
    programs = [_CHOIR] * voices if programs is None else programs
    if voices > _MOST_VOICES or len(names) != voices or len(programs) != voices:
        raise ScoreError(
            f"{voices} voices, {len(names)} names, {len(programs)} programs: expected as many of"
            f" each, at most {_MOST_VOICES}"
        )
    file = MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.append(_conductor(score))
    notes = notes_of(score)
    for voice, (name, program) in enumerate(zip(names, programs, strict=True)):
        own = [note for note in notes if note.voice == voice]
        file.tracks.append(_track(own, name, program, voice + (voice >= 9), score.steps))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def write(
    score: Score,
    path: str | Path,
    names: Sequence[str] | None = None,
    programs: Sequence[int] | None = None,
) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score, names, programs)

    def content(file: BinaryIO) -> None:
        file.write(data)

    save(path, content)


def _conductor(score: Score) -> MidiTrack:
    """The track of what concerns all voices: title, tempo, meters, key."""
    from mido import MetaMessage, MidiTrack

    tempo = min(max(1, round(60e6 / score.tempo)), _SLOWEST)
    track = MidiTrack([MetaMessage("track_name", name=one_line(score.title))])
    track.append(MetaMessage("set_tempo", tempo=tempo))
    if score.key is not None:
        track.append(_key_signature(score.key))
    last_step, last_meter = 0, None
    for bar in bars_of(score):
        if bar.meter != last_meter:
            ticks = (bar.start - last_step) * _TICKS_PER_STEP
            size = {"numerator": bar.meter.numerator, "denominator": bar.meter.denominator}
            track.append(MetaMessage("time_signature", time=ticks, **size))
            last_step, last_meter = bar.start, bar.meter
    track.append(MetaMessage("end_of_track", time=(score.steps - last_step) * _TICKS_PER_STEP))
    return track


def _key_signature(key: Key) -> MetaMessage:
    from mido import MetaMessage

    majors = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
    minors = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
    name = minors[key.fifths + 7] + "m" if key.mode == "minor" else majors[key.fifths + 7]
    return MetaMessage("key_signature", key=name)


def _track(notes: Sequence[Note], name: str, program: int, channel: int, steps: int) -> MidiTrack:
    """One voice; where a note ends and the next starts, the end comes first."""
    from mido import Message, MetaMessage, MidiTrack

    track = MidiTrack([MetaMessage("track_name", name=one_line(name))])
    track.append(Message("program_change", program=program, channel=channel))
    last = 0
    for note in notes:
        for kind, step in (("note_on", note.start), ("note_off", note.end)):
            velocity = _VELOCITY if kind == "note_on" else 0
            ticks = (step - last) * _TICKS_PER_STEP
            track.append(
                Message(kind, note=note.pitch, velocity=velocity, channel=channel, time=ticks)
            )
            last = step
    track.append(MetaMessage("end_of_track", time=(steps - last) * _TICKS_PER_STEP))
    return track
