"""Sound: a score as samples, or as a WAV, MP3 or FLAC file, made without a network.

Samples are ``(samples, channels)`` float32, left and right, within -1 to 1. A score lasts as long
as its tempo says plus `TAIL` seconds. The loudest sample is brought to -3 dB of full scale. Long
pieces are rendered in blocks, so memory does not grow with length; the same score gives the same
bytes.

The music sounds as in a small church, each line by its program at its place, as loud as
`kantor.music.dynamics` has it, repeats played, eighths swung. `kantor.formats.sampler` plays the
notes; a short reverberation lets them die away, and what lies below hearing is taken out.
"""

from __future__ import annotations

import io
import wave
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.files import save
from kantor.formats.sampler import Event, fast_length, play
from kantor.formats.soundfont import DRUMS
from kantor.music.dynamics import velocities
from kantor.music.notes import notes_of
from kantor.music.repeats import played
from kantor.music.score import Score
from kantor.music.swing import steps_played

Samples = NDArray[np.float32]
Gains = Sequence[float] | None
"""What each line's sound is multiplied by; a line of 0 is silent. None: all sound as they are."""

RATE = 44_100
TAIL = 1.5  # seconds after the last step
_LONGEST = 4_200.0  # seconds that are written to a file: an hour and a bit
_KEPT = 180.0  # seconds that are kept in memory: 63 MB at 44.1 kHz
_PEAK = 10 ** (-3 / 20)
_MP3_KBIT = 96  # a second

_BLOCK_SECONDS = 20
_REPEAT_GAP = 0.09  # seconds of silence before a repeated note
_FADE = 0.5  # seconds
_WET = 0.35
_CUTOFF = 2_500  # hertz, of what the room answers
_INAUDIBLE = 20  # hertz


def write_wav(score: Score, path: str | Path, rate: int = RATE, gains: Gains = None) -> None:
    """Write a WAV file, 16 bits, stereo: 10 MB a minute; errors as of `levelled`."""
    blocks = levelled(score, rate, gains)

    def encode(file: BinaryIO) -> None:
        with wave.open(file, "wb") as sound:
            sound.setparams((2, 2, rate, 0, "NONE", ""))
            for block in blocks:  # rounded as libsndfile does it for FLAC
                long = np.rint(block * 2.0**31).astype(np.int32)
                sound.writeframes((long >> 16).astype("<i2").tobytes())

    save(path, encode)


def mp3_bytes(score: Score, rate: int = RATE, gains: Gains = None) -> bytes:
    """The content of an MP3 file, to be embedded in a page; errors as of `levelled`."""
    return mp3_of(levelled(score, rate, gains), rate)


def mp3_of(blocks: Iterable[Samples], rate: int = RATE) -> bytes:
    """The content of an MP3 file, of samples; as long for the same number of them.

    MP3 knows eight rates, among them 44,100, 32,000 and 24,000.
    """
    # libsndfile's level goes from 0, the most that the rate allows, to 1, the least.
    most, least = (320, 32) if rate >= 32_000 else (160, 8)
    level = (most - _MP3_KBIT) / (most - least)
    how = {"bitrate_mode": "CONSTANT", "compression_level": level}
    return _encoded(blocks, rate, format="MP3", subtype="MPEG_LAYER_III", **how)


def flac_bytes(score: Score, rate: int = RATE, gains: Gains = None) -> bytes:
    """The same as FLAC: five times as long as an MP3, and encoded thirty times as fast."""
    return _encoded(levelled(score, rate, gains), rate, format="FLAC", subtype="PCM_16")


def write_mp3(score: Score, path: str | Path, gains: Gains = None) -> None:
    """Write an MP3 file, as `mp3_bytes` has it."""
    content = mp3_bytes(score, gains=gains)
    save(path, lambda file: file.write(content))


def write_ogg(score: Score, path: str | Path, gains: Gains = None) -> None:
    """Write an Ogg Vorbis file; errors as of `levelled`."""
    content = _renumbered(
        _encoded(levelled(score, RATE, gains), RATE, format="OGG", subtype="VORBIS")
    )
    save(path, lambda file: file.write(content))


def _renumbered(ogg: bytes) -> bytes:
    """The Ogg stream with the number 0 in place of libsndfile's random one.

    A page's checksum (RFC 3533) is linear: the number's share is taken out of it.
    """
    pages, start = [], 0
    while start < len(ogg):
        lengths = ogg[start + 27 : start + 27 + ogg[start + 26]]
        pages.append(slice(start, start + 27 + len(lengths) + sum(lengths)))
        start = pages[-1].stop
    # The share, by how many bits of the page stand after the number's first one.
    shares = [int.from_bytes(ogg[14:18], "big")]
    for _ in range(8 * max(page.stop - page.start for page in pages)):
        shifted = shares[-1] << 1
        shares.append(shifted ^ 0x104C11DB7 if shifted >> 32 else shifted)
    renumbered = bytearray(ogg)
    for page in pages:
        number, checksum = (slice(page.start + at, page.start + at + 4) for at in (14, 22))
        share = shares[8 * (page.stop - number.start)]
        renumbered[number] = bytes(4)
        renumbered[checksum] = (int.from_bytes(ogg[checksum], "little") ^ share).to_bytes(
            4, "little"
        )
    return bytes(renumbered)


def _encoded(blocks: Iterable[Samples], rate: int, **how: object) -> bytes:
    import soundfile

    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", rate, 2, **how) as file:
        for block in blocks:
            file.write(block)
    return stream.getvalue()


def levelled(score: Score, rate: int = RATE, gains: Gains = None) -> Iterator[Samples]:
    """The sound of a score in blocks, its loudest sample at -3 dB; zeros where it has no notes.

    Long pieces are played twice, not kept.

    Raises
    ------
    InputError
        If it would last longer than 70 minutes, or the soundfont is not installed.
    """
    score = played(score)
    if score.seconds > _LONGEST:
        raise InputError(
            f"{score.title or 'score'}: {score.seconds / 60:.0f} minutes of sound, at most "
            f"{_LONGEST / 60:.0f} are rendered; raise the tempo or cut the piece"
        )
    factors = tuple(gains or [1.0] * len(score.ensemble.lines))
    kept = list(_blocks(score, rate, factors)) if score.seconds <= _KEPT else None
    peak = max(
        float(np.abs(block).max(initial=0)) for block in kept or _blocks(score, rate, factors)
    )
    gain = np.float32(_PEAK / peak if peak else 1)
    return (block * gain for block in kept or _blocks(score, rate, factors))


def _blocks(score: Score, rate: int, gains: Sequence[float]) -> Iterator[Samples]:
    """The sound in order, in blocks, at the soundfont's own level.

    A note is played whole in the block where it begins; what sounds beyond is carried over.
    """
    total = round((score.seconds + TAIL) * rate)
    size = _BLOCK_SECONDS * rate
    notes = _notes_by_block(score, rate, gains)
    carried = np.zeros((3 * size, 2), np.float32)
    for block, start in enumerate(range(0, total, size)):
        sound = np.concatenate([carried, np.zeros((size, 2), np.float32)])
        if block in notes:
            heard = _convolve(_mix(notes[block], score.ensemble, rate, gains), _room(rate))
            sound[: len(heard)] += heard
        carried = sound[size:]
        left = total - start - np.arange(min(size, total - start))
        yield sound[: len(left)] * np.clip(left / (_FADE * rate), 0, 1).astype(np.float32)[:, None]


def _notes_by_block(
    score: Score, rate: int, gains: Sequence[float]
) -> dict[int, dict[int, list[Event]]]:
    """The notes by the block in which they begin and by line, times from the block's beginning.

    None is longer than a block; repeated notes are set apart; silent lines have none.
    """
    at = np.rint(score.seconds_at(steps_played(score)) * rate).astype(int).tolist()
    longest, gap = _BLOCK_SECONDS * rate, int(_REPEAT_GAP * rate)
    loudness = velocities(score)
    blocks: dict[int, dict[int, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for note in notes_of(score):
        if not gains[note.line]:
            continue
        start, end = at[note.start], at[note.end]
        again = note.end < score.steps and score.onsets[note.end, note.line]
        if again and score.pitches[note.end, note.line] == note.pitch:
            end -= min(gap, (end - start) // 3)
        for begin in range(start, max(end, start + 1), longest):
            block, since = divmod(begin, longest)
            until = since + max(1, min(end - begin, longest))
            event = Event(since, until, note.pitch, int(loudness[note.start, note.line]))
            blocks[block][note.line].append(event)
    return blocks


def _mix(
    notes: Mapping[int, Sequence[Event]], ensemble: Ensemble, rate: int, gains: Sequence[float]
) -> Samples:
    """Every line at its place, by its program, ``(samples, 2)``, dry."""
    tracks = []
    for line, events in notes.items():
        about = ensemble.lines[line]
        program, bank = (0, DRUMS) if about.kind == "drum" else (about.program, 0)
        place = np.array([[1 - about.pan], [1 + about.pan]], np.float32)
        tracks.append(play(events, program, rate, bank) * (place * np.float32(gains[line])))
    sound = np.zeros((2, max(one.shape[1] for one in tracks)), np.float32)
    for one in tracks:
        sound[:, : one.shape[1]] += one
    return sound.T


@cache
def _room(rate: int) -> Samples:
    """An impulse response ``(samples, 2)``: the direct sound, then decaying noise, softened."""
    length = int(TAIL * rate)
    count = np.arange(length)
    decay = np.exp(-count / rate / 0.23) * np.clip((count / rate - 0.012) / 0.03, 0, 1)
    room = np.random.default_rng(0).standard_normal((length, 2)) * decay[:, None]
    pole = np.exp(-2 * np.pi * _CUTOFF / rate)  # two of them: 12 dB an octave
    soft = (1 - pole) ** 2 * (count + 1) * pole**count
    room = _convolve(room.astype(np.float32), soft[:, None].astype(np.float32))[:length]
    room *= _WET / np.sqrt((room**2).sum(axis=0))
    room[0] += 1
    pole = np.exp(-2 * np.pi * _INAUDIBLE / rate)
    without = -(1 - pole) * pole**count
    without[0] += 1
    return _convolve(room, without[:, None].astype(np.float32))[:length]


def _convolve(sound: Samples, response: Samples) -> Samples:
    length = len(sound) + len(response) - 1
    size = fast_length(length)
    spectrum = np.fft.rfft(sound, size, axis=0) * np.fft.rfft(response, size, axis=0)
    return np.fft.irfft(spectrum, size, axis=0)[:length].astype(np.float32)
