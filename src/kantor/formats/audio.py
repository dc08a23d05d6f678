"""Sound: a score as samples, or as a WAV, MP3 or FLAC file, made without a network.

Conventions
-----------
Samples are ``(samples, channels)`` float32, left and right, within -1 to 1. A score lasts as long
as its tempo says plus `synthesis.TAIL` seconds. The loudest sample is brought to -3 dB of full
scale. Long pieces are rendered in blocks, so memory does not grow with length; the same score gives
the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kantor.errors import InputError
from kantor.files import save
from kantor.formats import synthesis
from kantor.formats.synthesis import Samples
from kantor.music.score import Score

RATE = 44_100
LONGEST = 4_200.0  # seconds that are written to a file: an hour and a bit
_KEPT = 600.0  # seconds that are kept in memory: 210 MB at 44.1 kHz
_PEAK = 10 ** (-3 / 20)
_MP3_KBIT = 96  # a second


def levelled(score: Score, rate: int = RATE) -> Iterator[Samples]:
    """The sound of a score in blocks, its loudest sample at -3 dB; zeros where it has no notes.

    Long pieces are played twice, not kept.

    Raises
    ------
    InputError
        If it would last longer than `LONGEST` seconds, or the soundfont is not installed.
    """
    if score.seconds > LONGEST:
        raise InputError(
            f"{score.title or 'score'}: {score.seconds / 60:.0f} minutes of sound, at most "
            f"{LONGEST / 60:.0f} are rendered; raise the tempo or cut the piece"
        )
    kept = list(synthesis.blocks(score, rate)) if score.seconds <= _KEPT else None
    peak = max(
        float(np.abs(block).max(initial=0)) for block in kept or synthesis.blocks(score, rate)
    )
    gain = np.float32(_PEAK / peak if peak else 1)
    return (block * gain for block in kept or synthesis.blocks(score, rate))


def _encode(score: Score, target: BinaryIO, form: str, rate: int, **how: object) -> None:
    import soundfile

    blocks = levelled(score, rate)
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
        self.seek, self.tell, self.read = target.seek, target.tell, target.read

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
    InputError
        As `levelled` does.
    """
    save(path, lambda file: _encode(score, file, "WAV", rate, subtype="PCM_16"))


def mp3_bytes(score: Score, rate: int = RATE) -> bytes:
    """The content of an MP3 file, to be embedded in a page; limits as for `levelled`.

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

    Limits as for `levelled`.
    """
    stream = io.BytesIO()
    _encode(score, stream, "FLAC", rate, subtype="PCM_16")
    return stream.getvalue()
