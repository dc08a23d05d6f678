"""Sound: a score played by soft strings over a flute stop, in a small church, without a network.

The soundfont is TimGM6mb, used where pretty_midi's wheel installs it; symusic's synthesizer plays
it. Release 0.5.9 of that synthesizer ignores velocities, stops notes dead, and plays many of the
soundfont's programs out of tune or with a second, wrong pitch (the pianos, choirs and organs
among them). The two programs used here were measured in tune from C2 to A5; their levels are set
when they are mixed, a low-pass takes the edge off the strings, and a short reverberation lets the
sound die away.

Conventions
-----------
Samples are ``(samples, channels)`` float32, left and right, within -1 to 1. A score lasts as long
as its tempo says plus `TAIL` seconds. The loudest sample is brought to -3 dB of full scale. Long
pieces are rendered in blocks, so memory does not grow with length; the same score gives the same
bytes.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kantor.music.files import save
from kantor.music.notes import Note, notes_of
from kantor.music.score import STEPS_PER_QUARTER, Score, ScoreError

if TYPE_CHECKING:
    from symusic import Synthesizer

Samples = NDArray[np.float32]

RATE = 44_100
TAIL = 1.5  # seconds after the last step
LONGEST = 4_200.0  # seconds that are written to a file: an hour and a bit
LONGEST_IN_MEMORY = 600.0  # seconds that `render` returns: 210 MB at 44.1 kHz

# General MIDI numbers (string ensemble, piccolo) and levels.
_PROGRAMS = ((48, 1.0), (72, 0.4))
_PLACES = (-0.3, -0.1, 0.1, 0.3)  # each voice between left (-1) and right (1)
_PEAK = 10 ** (-3 / 20)
_BLOCK_SECONDS = 20
_REPEAT_GAP = 60  # milliseconds of silence that make a repeated note heard
_FADE = 0.5  # seconds
_WET = 0.35
_CUTOFF = 2_500  # hertz
_MP3_KBIT = 96  # a second

_SYNTHESIZER = Lock()  # there is one for all threads


@cache
def _synthesizer(rate: int) -> Synthesizer:
    import symusic

    package = importlib.util.find_spec("pretty_midi")
    font = Path(package.origin).parent / "TimGM6mb.sf2" if package and package.origin else None
    if font is None or not font.exists():
        raise ScoreError("no soundfont to make sound with: install the package pretty-midi")
    return symusic.Synthesizer(sf_path=font, sample_rate=rate)


_COMPASS = (24, 96)


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
        follows = note.end < score.steps and score.onsets[note.end, note.voice]
        if follows and score.pitches[note.end, note.voice] == note.pitch:
            end -= min(_REPEAT_GAP, (end - start) // 3)
        for begin in range(start, max(end, start + 1), longest):
            notes.append(Note(begin, min(end, begin + longest), note.pitch, note.voice))
    return notes


def _play(notes: list[Note], program: int, rate: int) -> Samples:
    """The dry sound of notes whose times are milliseconds, ``(samples, 2)``."""
    import symusic

    track = symusic.Track("", program, False)
    for note in notes:
        track.notes.append(symusic.Note(note.start, note.end - note.start, _sung(note.pitch), 80))
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


def _mix(notes: list[Note], rate: int) -> Samples:
    """Every voice at its place, in each program at its level, ``(samples, 2)``, dry."""
    seconds = max(note.end for note in notes) // 1000 + 1
    sound = np.zeros((seconds * rate, 2), np.float32)
    for voice in sorted({note.voice for note in notes}):
        own = [note for note in notes if note.voice == voice]
        place = _PLACES[voice % len(_PLACES)]
        for program, level in _PROGRAMS:
            played = _play(own, program, rate)[: len(sound)]
            sound[: len(played)] += played * np.array([1 - place, 1 + place], np.float32) * level
    return sound


def _convolve(sound: Samples, response: Samples) -> Samples:
    length = len(sound) + len(response) - 1
    size = _quick(length)
    spectrum = np.fft.rfft(sound, size, axis=0) * np.fft.rfft(response, size, axis=0)
    return np.fft.irfft(spectrum, size, axis=0)[:length].astype(np.float32)


def _quick(length: int) -> int:
    """At least `length`, and made of small factors: transforms of that size are quick."""
    power = 1 << max(0, length.bit_length() - 4)
    return next(size for size in range(8 * power, 17 * power, power) if size >= length)


def _by_block(notes: list[Note]) -> dict[int, list[Note]]:
    """Notes by the block in which they begin, their times counted from its beginning."""
    length = _BLOCK_SECONDS * 1000
    blocks: dict[int, list[Note]] = {}
    for note in notes:
        block = note.start // length
        since = block * length
        moved = Note(note.start - since, note.end - since, note.pitch, note.voice)
        blocks.setdefault(block, []).append(moved)
    return blocks


def _blocks(score: Score, rate: int) -> Iterator[Samples]:
    """The sound in order, in blocks, at the synthesizer's own level.

    A note is played whole in the block where it begins; what sounds beyond is carried over.
    """
    total = round((score.seconds + TAIL) * rate)
    size = _BLOCK_SECONDS * rate
    notes = _by_block(_notes_in_ms(score))
    carried = np.zeros((2 * size, 2), np.float32)
    for block, start in enumerate(range(0, total, size)):
        sound = np.concatenate([carried, np.zeros((size, 2), np.float32)])
        if block in notes:
            heard = _convolve(_mix(notes[block], rate), _room(rate))
            sound[: len(heard)] += heard
        carried = sound[size:]
        left = total - start - np.arange(min(size, total - start))
        yield sound[: len(left)] * np.clip(left / (_FADE * rate), 0, 1).astype(np.float32)[:, None]


def _levelled(score: Score, rate: int, longest: float) -> Iterator[Samples]:
    """The blocks with their loudest sample at -3 dB; long pieces are rendered twice, not kept."""
    if score.seconds > longest:
        raise ScoreError(
            f"{score.title or 'score'}: {score.seconds / 60:.0f} minutes of sound, at most "
            f"{longest / 60:.0f} are rendered; raise the tempo or cut the piece"
        )
    kept = list(_blocks(score, rate)) if score.seconds <= LONGEST_IN_MEMORY else None
    blocks = kept if kept is not None else _blocks(score, rate)
    peak = max(float(np.abs(block).max(initial=0)) for block in blocks)
    gain = np.float32(_PEAK / peak if peak else 1)
    return (block * gain for block in (kept if kept is not None else _blocks(score, rate)))


def render(score: Score, rate: int = RATE) -> Samples:
    """The sound of a score.

    Parameters
    ----------
    score : Score
        Of any number of voices.
    rate : int
        Samples a second.

    Returns
    -------
    (samples, 2) float32
        ``score.seconds + TAIL`` seconds, loudest sample at -3 dB of full scale; zeros for a score
        without notes.

    Raises
    ------
    ScoreError
        If it would last longer than `LONGEST_IN_MEMORY`, or the soundfont is not installed.
    """
    return np.concatenate(list(_levelled(score, rate, LONGEST_IN_MEMORY)))


def _encode(score: Score, target: BinaryIO, form: str, rate: int, **how: object) -> None:
    import soundfile

    blocks = _levelled(score, rate, LONGEST)
    written = _Written(target)
    try:
        with soundfile.SoundFile(written, "w", rate, 2, format=form, **how) as file:
            for block in blocks:
                file.write(block)
    except (AssertionError, soundfile.LibsndfileError):
        if written.fault is None:
            raise
    if written.fault:
        raise written.fault


class _Written:
    """A file whose first fault is kept: libsndfile prints a trace of it and then says nothing."""

    def __init__(self, target: BinaryIO) -> None:
        self.fault: OSError | None = None
        self._target = target
        self.seek = target.seek
        self.tell = target.tell
        self.read = target.read

    def write(self, data: bytes) -> int:
        """How many bytes were written: none after a fault."""
        try:
            return 0 if self.fault else self._target.write(data)
        except OSError as error:
            self.fault = error
            return 0


def write_wav(score: Score, path: str | Path, rate: int = RATE) -> None:
    """Write a WAV file, 16 bits, stereo: 10 MB a minute.

    Raises
    ------
    ScoreError
        If it would last longer than `LONGEST` seconds, or the soundfont is not installed.
    """
    save(path, lambda file: _encode(score, file, "WAV", rate, subtype="PCM_16"))


def mp3_bytes(score: Score, rate: int = RATE) -> bytes:
    """The content of an MP3 file, to be embedded in a page; limits as for `write_wav`.

    MP3 knows eight rates, among them 44,100, 32,000 and 24,000.
    """
    # libsndfile's level goes from 0, the most that the rate allows, to 1, the least.
    most, least = (320, 32) if rate >= 32_000 else (160, 8)
    level = (most - _MP3_KBIT) / (most - least)
    how = {"bitrate_mode": "CONSTANT", "compression_level": level}
    stream = io.BytesIO()
    _encode(score, stream, "MP3", rate, subtype="MPEG_LAYER_III", **how)
    return stream.getvalue()


def flac_bytes(score: Score, rate: int = RATE) -> bytes:
    """The content of a FLAC file: five times as long as an MP3, and encoded thirty times as fast.

    Raises
    ------
    ScoreError
        As `write_wav` does.
    """
    stream = io.BytesIO()
    _encode(score, stream, "FLAC", rate, subtype="PCM_16")
    return stream.getvalue()
