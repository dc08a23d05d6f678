"""A score played in a small church, each line by its program at its place.

A line whose program is the choir's is played by soft strings over a flute stop, drum lines by the
drum kit. The soundfont is TimGM6mb, used where pretty_midi's wheel installs it; symusic's
synthesizer plays it. Release 0.5.9 of that synthesizer ignores velocities, stops notes dead, and
plays many of the soundfont's programs out of tune or with a second, wrong pitch (the pianos,
choirs and organs among them). Strings and flute were measured in tune from C2 to A5; their levels
are set when they are mixed, a low-pass takes the edge off the strings, and a short reverberation
lets the sound die away.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.music.notes import Note, notes_of
from kantor.music.score import STEPS_PER_QUARTER, Score

if TYPE_CHECKING:
    from symusic import Synthesizer

Samples = NDArray[np.float32]

TAIL = 1.5  # seconds after the last step

_CHOIR = 52  # General MIDI numbers
_DRUM_KIT = 0
_FOR_CHOIR: tuple[tuple[int, float], ...] = ((48, 1.0), (72, 0.4))  # strings, piccolo; levels
_COMPASS = (24, 96)  # lowest and highest pitch that are played as written
_BLOCK_SECONDS = 20
_REPEAT_GAP = 60  # milliseconds of silence before a repeated note
_FADE = 0.5  # seconds
_WET = 0.35
_CUTOFF = 2_500  # hertz

_SYNTHESIZER = Lock()  # there is one for all threads


@cache
def _synthesizer(rate: int) -> Synthesizer:
    import symusic

    package = importlib.util.find_spec("pretty_midi")
    font = Path(package.origin).parent / "TimGM6mb.sf2" if package and package.origin else None
    if font is None or not font.exists():
        raise InputError("no soundfont to make sound with: install the package pretty-midi")
    return symusic.Synthesizer(sf_path=font, sample_rate=rate)


@cache
def _room(rate: int) -> Samples:
    """An impulse response ``(samples, 2)``: the direct sound softened, then decaying noise."""
    length = int(TAIL * rate)
    count = np.arange(length)
    decay = np.exp(-count / rate / 0.23) * np.clip((count / rate - 0.012) / 0.03, 0, 1)
    room = np.random.default_rng(0).standard_normal((length, 2)) * decay[:, None]
    room *= _WET / np.sqrt((room**2).sum(axis=0))
    room[0] += 1
    pole = np.exp(-2 * np.pi * _CUTOFF / rate)  # two of them: 12 dB an octave
    soft = (1 - pole) ** 2 * (count + 1) * pole**count
    return _convolve(room.astype(np.float32), soft[:, None].astype(np.float32))[:length]


def _notes_in_ms(score: Score) -> list[Note]:
    """The notes with times in milliseconds, none longer than a block, repeats set apart."""
    step = 60_000 / score.tempo / STEPS_PER_QUARTER
    longest = _BLOCK_SECONDS * 1000
    notes = []
    for note in notes_of(score):
        start, end = round(note.start * step), round(note.end * step)
        again = note.end < score.steps and score.onsets[note.end, note.line]
        if again and score.pitches[note.end, note.line] == note.pitch:
            end -= min(_REPEAT_GAP, (end - start) // 3)
        for begin in range(start, max(end, start + 1), longest):
            notes.append(Note(begin, min(end, begin + longest), note.pitch, note.line))
    return notes


def _play(notes: list[Note], program: int, drum: bool, rate: int) -> Samples:
    """The dry sound of notes whose times are milliseconds, ``(samples, 2)``."""
    import symusic

    track = symusic.Track("", program, drum)
    for note in notes:
        pitch = note.pitch if drum else _sung(note.pitch)
        track.notes.append(symusic.Note(note.start, note.end - note.start, pitch, 80))
    music = symusic.Score(1000)  # a thousand ticks a quarter, a quarter a second
    music.tempos.append(symusic.Tempo(0, qpm=60))
    music.tracks.append(track)
    with _SYNTHESIZER:
        return np.asarray(_synthesizer(rate).render(music, stereo=True), np.float32).T


def _sung(pitch: int) -> int:
    """The pitch, moved by octaves into what the instruments play.

    Beyond it the synthesizer is out of tune, and on some notes (108 on the flute) never returns.
    """
    low, high = _COMPASS
    return pitch + 12 * (max(0, -(-(low - pitch) // 12)) - max(0, -(-(pitch - high) // 12)))


def _mix(notes: list[Note], ensemble: Ensemble, rate: int) -> Samples:
    """Every line at its place, in each of its programs at its level, ``(samples, 2)``, dry."""
    seconds = max(note.end for note in notes) // 1000 + 1
    sound = np.zeros((seconds * rate, 2), np.float32)
    for index, line in enumerate(ensemble.lines):
        own = [note for note in notes if note.line == index]
        drum = line.kind == "drum"
        if line.program == _CHOIR and not drum:
            programs = _FOR_CHOIR
        else:
            programs = ((_DRUM_KIT if drum else line.program, 1.0),)
        for program, level in programs if own else ():
            played = _play(own, program, drum, rate)[: len(sound)]
            place = np.array([1 - line.pan, 1 + line.pan], np.float32)
            sound[: len(played)] += played * place * level
    return sound


def _convolve(sound: Samples, response: Samples) -> Samples:
    length = len(sound) + len(response) - 1
    power = 1 << max(0, length.bit_length() - 4)
    size = -(-length // power) * power  # of small factors: such transforms are fast
    spectrum = np.fft.rfft(sound, size, axis=0) * np.fft.rfft(response, size, axis=0)
    return np.fft.irfft(spectrum, size, axis=0)[:length].astype(np.float32)


def _by_block(notes: list[Note]) -> dict[int, list[Note]]:
    """Notes by the block in which they begin, their times counted from its beginning."""
    length = _BLOCK_SECONDS * 1000
    blocks: dict[int, list[Note]] = {}
    for note in notes:
        block = note.start // length
        since = block * length
        moved = note._replace(start=note.start - since, end=note.end - since)
        blocks.setdefault(block, []).append(moved)
    return blocks


def blocks(score: Score, rate: int) -> Iterator[Samples]:
    """The sound in order, in blocks ``(samples, 2) float32``, at the synthesizer's own level.

    A note is played whole in the block where it begins; what sounds beyond is carried over.
    """
    total = round((score.seconds + TAIL) * rate)
    size = _BLOCK_SECONDS * rate
    notes = _by_block(_notes_in_ms(score))
    carried = np.zeros((2 * size, 2), np.float32)
    for block, start in enumerate(range(0, total, size)):
        sound = np.concatenate([carried, np.zeros((size, 2), np.float32)])
        if block in notes:
            played = _convolve(_mix(notes[block], score.ensemble, rate), _room(rate))
            sound[: len(played)] += played
        carried = sound[size:]
        left = total - start - np.arange(min(size, total - start))
        yield sound[: len(left)] * np.clip(left / (_FADE * rate), 0, 1).astype(np.float32)[:, None]
