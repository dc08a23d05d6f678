"""Sound: a score as samples, or as a WAV, MP3 or FLAC file, made without a network.

Samples are ``(samples, channels)`` float32, left and right, within -1 to 1. A score lasts as long
as its tempo says plus `TAIL` seconds. The loudest sample is brought to -3 dB of full scale. Long
pieces are rendered in blocks, so memory does not grow with length; the same score gives the same
bytes.

The music sounds as in a small church, each line by its program at its place: a choir's line by
soft strings over a flute stop, drum lines by the drum kit. symusic's synthesizer plays TimGM6mb,
the soundfont that pretty_midi's wheel installs. Release 0.5.9 of it ignores velocities, stops notes
dead, and plays many of the soundfont's programs out of tune or with a second, wrong pitch (the
pianos, choirs and organs among them). Strings and flute were measured in tune from C2 to A5; their
levels are set when they are mixed, a low-pass takes the edge off the strings, and a short
reverberation lets the sound die away.
"""

from __future__ import annotations

import importlib.util
import io
import wave
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.files import save
from kantor.music.notes import Note, notes_of
from kantor.music.score import STEPS_PER_QUARTER, Score

if TYPE_CHECKING:
    from symusic import Synthesizer

Samples = NDArray[np.float32]

RATE = 44_100
TAIL = 1.5  # seconds after the last step
_LONGEST = 4_200.0  # seconds that are written to a file: an hour and a bit
_KEPT = 600.0  # seconds that are kept in memory: 210 MB at 44.1 kHz
_PEAK = 10 ** (-3 / 20)
_MP3_KBIT = 96  # a second

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


def write_wav(score: Score, path: str | Path, rate: int = RATE) -> None:
    """Write a WAV file, 16 bits, stereo: 10 MB a minute; errors as of `levelled`."""
    blocks = levelled(score, rate)

    def encode(file: BinaryIO) -> None:
        with wave.open(file, "wb") as sound:
            sound.setparams((2, 2, rate, 0, "NONE", ""))
            for block in blocks:  # rounded as libsndfile does it for FLAC
                long = np.rint(block * 2.0**31).astype(np.int32)
                sound.writeframes((long >> 16).astype("<i2").tobytes())

    save(path, encode)


def mp3_bytes(score: Score, rate: int = RATE) -> bytes:
    """The content of an MP3 file, to be embedded in a page; errors as of `levelled`.

    MP3 knows eight rates, among them 44,100, 32,000 and 24,000.
    """
    # libsndfile's level goes from 0, the most that the rate allows, to 1, the least.
    most, least = (320, 32) if rate >= 32_000 else (160, 8)
    level = (most - _MP3_KBIT) / (most - least)
    how = {"bitrate_mode": "CONSTANT", "compression_level": level}
    return _encoded(score, rate, format="MP3", subtype="MPEG_LAYER_III", **how)


def flac_bytes(score: Score, rate: int = RATE) -> bytes:
    """The same as FLAC: five times as long as an MP3, and encoded thirty times as fast."""
    return _encoded(score, rate, format="FLAC", subtype="PCM_16")


def _encoded(score: Score, rate: int, **how: object) -> bytes:
    import soundfile

    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", rate, 2, **how) as file:
        for block in levelled(score, rate):
            file.write(block)
    return stream.getvalue()


def levelled(score: Score, rate: int = RATE) -> Iterator[Samples]:
    """The sound of a score in blocks, its loudest sample at -3 dB; zeros where it has no notes.

    Long pieces are played twice, not kept.

    Raises
    ------
    InputError
        If it would last longer than 70 minutes, or the soundfont is not installed.
    """
    if score.seconds > _LONGEST:
        raise InputError(
            f"{score.title or 'score'}: {score.seconds / 60:.0f} minutes of sound, at most "
            f"{_LONGEST / 60:.0f} are rendered; raise the tempo or cut the piece"
        )
    kept = list(_blocks(score, rate)) if score.seconds <= _KEPT else None
    peak = max(float(np.abs(block).max(initial=0)) for block in kept or _blocks(score, rate))
    gain = np.float32(_PEAK / peak if peak else 1)
    return (block * gain for block in kept or _blocks(score, rate))


def _blocks(score: Score, rate: int) -> Iterator[Samples]:
    """The sound in order, in blocks, at the synthesizer's own level.

    A note is played whole in the block where it begins; what sounds beyond is carried over.
    """
    total = round((score.seconds + TAIL) * rate)
    size = _BLOCK_SECONDS * rate
    notes = _notes_by_block(score)
    carried = np.zeros((2 * size, 2), np.float32)
    for block, start in enumerate(range(0, total, size)):
        sound = np.concatenate([carried, np.zeros((size, 2), np.float32)])
        if block in notes:
            played = _convolve(_mix(notes[block], score.ensemble, rate), _room(rate))
            sound[: len(played)] += played
        carried = sound[size:]
        left = total - start - np.arange(min(size, total - start))
        yield sound[: len(left)] * np.clip(left / (_FADE * rate), 0, 1).astype(np.float32)[:, None]


def _notes_by_block(score: Score) -> dict[int, list[Note]]:
    """The notes by the block in which they begin, times in milliseconds from its beginning.

    None is longer than a block; repeated notes are set apart.
    """
    step, longest = 60_000 / score.tempo / STEPS_PER_QUARTER, _BLOCK_SECONDS * 1000
    blocks: dict[int, list[Note]] = defaultdict(list)
    for note in notes_of(score):
        start, end = round(note.start * step), round(note.end * step)
        again = note.end < score.steps and score.onsets[note.end, note.line]
        if again and score.pitches[note.end, note.line] == note.pitch:
            end -= min(_REPEAT_GAP, (end - start) // 3)
        for begin in range(start, max(end, start + 1), longest):
            block, since = divmod(begin, longest)
            until = since + min(end - begin, longest)
            blocks[block].append(Note(since, until, note.pitch, note.line))
    return blocks


def _mix(notes: Sequence[Note], ensemble: Ensemble, rate: int) -> Samples:
    """Every line at its place, in each of its programs at its level, ``(samples, 2)``, dry."""
    seconds = max(note.end for note in notes) // 1000 + 1
    sound = np.zeros((seconds * rate, 2), np.float32)
    for index, line in enumerate(ensemble.lines):
        own = [note for note in notes if note.line == index]
        drum = line.kind == "drum"
        choir = line.program == _CHOIR and not drum
        programs = _FOR_CHOIR if choir else ((_DRUM_KIT if drum else line.program, 1.0),)
        for program, level in programs if own else ():
            played = _play(own, program, drum, rate)[: len(sound)]
            place = np.array([1 - line.pan, 1 + line.pan], np.float32)
            sound[: len(played)] += played * place * level
    return sound


def _play(notes: Sequence[Note], program: int, drum: bool, rate: int) -> Samples:
    """The dry sound of notes whose times are milliseconds, ``(samples, 2)``."""
    import symusic

    low, high = (0, 127) if drum else _COMPASS
    track = symusic.Track("", program, drum)
    for start, end, pitch, _ in notes:
        # Beyond its compass the synthesizer is out of tune, and on some notes (108 on the flute)
        # never returns.
        while pitch < low:
            pitch += 12
        while pitch > high:
            pitch -= 12
        track.notes.append(symusic.Note(start, end - start, pitch, 80))
    music = symusic.Score(1000)  # a thousand ticks a quarter, a quarter a second
    music.tempos.append(symusic.Tempo(0, qpm=60))
    music.tracks.append(track)
    with _SYNTHESIZER:
        return np.asarray(_synthesizer(rate).render(music, stereo=True), np.float32).T


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


def _convolve(sound: Samples, response: Samples) -> Samples:
    length = len(sound) + len(response) - 1
    power = 1 << max(0, length.bit_length() - 4)
    size = -(-length // power) * power  # of small factors: such transforms are fast
    spectrum = np.fft.rfft(sound, size, axis=0) * np.fft.rfft(response, size, axis=0)
    return np.fft.irfft(spectrum, size, axis=0)[:length].astype(np.float32)
