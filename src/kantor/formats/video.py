"""A score that changes as a model learns, as a video with sound: WebM, VP9 and Opus.

Each frame is shown while its first three quarters sound; the last one sounds to its end. Pictures
are drawn by Pillow: lines in their colours, time to the right, pitch upwards, a playhead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from kantor.errors import InputError
from kantor.files import save
from kantor.formats.audio import levelled
from kantor.formats.picture import pitch_span
from kantor.music.notes import notes_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

if TYPE_CHECKING:
    from PIL import Image

OPENING = 12  # steps of each frame but the last
WIDTH, HEIGHT, RATE = 854, 480, 10  # pixels, pictures a second
_SOUND = 48_000  # what Opus knows
_PACKET = 960  # samples that are encoded at once
_INK, _PAPER, _GRID, _HEAD = "#22252B", "#FFFFFF", "#D9DCE1", "#A02A23"
_LEFT, _TOP, _BOTTOM = 24, 64, 20


def write_webm(frames: Sequence[Score], path: str | Path, captions: Sequence[str]) -> None:
    """Write scores of equal length and tempo as a video, each with its caption.

    Raises
    ------
    InputError
        If there is no frame, or the captions are not one a frame.
    """
    if not frames:
        raise InputError("a film needs frames: none was measured yet")
    if len(frames) != len(captions):
        raise InputError(f"{len(captions)} captions for {len(frames)} frames")
    save(path, lambda file: _encode(frames, captions, file))


def _encode(frames: Sequence[Score], captions: Sequence[str], file: BinaryIO) -> None:
    import av

    samples = np.concatenate(list(levelled(_one_after_another(frames), _SOUND)))
    samples = np.pad(samples, ((0, -len(samples) % _PACKET), (0, 0)))
    packets = iter(samples.reshape(-1, 1, 2 * _PACKET))
    container: Any = av.open(file, "w", format="webm")
    with container:
        video = container.add_stream("libvpx-vp9", RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.bit_rate, video.options = 300_000, {"deadline": "realtime", "cpu-used": "8"}
        sound = container.add_stream("libopus", _SOUND)
        sound.layout, sound.bit_rate = "stereo", 96_000
        seconds = len(samples) / _SOUND
        for count, picture in enumerate(_pictures(frames, captions, seconds)):
            shown = av.VideoFrame.from_image(picture)
            shown.pts, shown.time_base = count, Fraction(1, RATE)
            container.mux(video.encode(shown))
            for number, packet in islice(enumerate(packets), _SOUND // RATE // _PACKET):
                heard = av.AudioFrame.from_ndarray(packet, format="flt", layout="stereo")
                heard.sample_rate, heard.time_base = _SOUND, Fraction(1, _SOUND)
                heard.pts = count * (_SOUND // RATE) + number * _PACKET
                container.mux(sound.encode(heard))
        for stream in (video, sound):
            container.mux(stream.encode(None))


def _one_after_another(frames: Sequence[Score]) -> Score:
    """The openings of all frames, then all of the last one, as one score."""
    lengths = [OPENING] * (len(frames) - 1) + [frames[-1].steps]
    pitches = np.concatenate([one.pitches[:n] for one, n in zip(frames, lengths, strict=True)])
    onsets = np.concatenate([one.onsets[:n] for one, n in zip(frames, lengths, strict=True)])
    joints = np.cumsum([0, *lengths[:-1]])
    onsets[joints] = pitches[joints] != REST
    first = frames[0]
    return Score(pitches, onsets, tempo=first.tempo, ensemble=first.ensemble)


def _pictures(
    frames: Sequence[Score], captions: Sequence[str], seconds: float
) -> Iterator[Image.Image]:
    """The rolls for so many seconds, each with the playhead where it is then."""
    from PIL import ImageDraw

    span, shown, still = pitch_span(*frames), -1, None
    for count in range(round(seconds * RATE)):
        step = count / RATE * frames[0].tempo * STEPS_PER_QUARTER / 60
        index = min(int(step / OPENING), len(frames) - 1)
        if index != shown or still is None:
            shown, still = index, _roll(frames[index], captions[index], span)
        picture = still.copy()
        x = _x(min(step - OPENING * index, frames[index].steps), frames[index].steps)
        ImageDraw.Draw(picture).line([(x, _TOP), (x, HEIGHT - _BOTTOM)], _HEAD, 2)
        yield picture


def _roll(score: Score, caption: str, span: tuple[int, int]) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((_LEFT, 16), caption, _INK, ImageFont.load_default(28))
    low, high = span
    height = (HEIGHT - _TOP - _BOTTOM) / (high - low + 1)
    for line in score.bar_lines:
        x = _x(float(line), score.steps)
        draw.line([(x, _TOP), (x, HEIGHT - _BOTTOM)], _GRID, 1)
    for note in notes_of(score):
        left, right = _x(note.start, score.steps), _x(note.end, score.steps)
        top = _TOP + (high - note.pitch) * height
        box = (left, top, max(left + 1, right - 1.5), top + max(2.0, height - 1))
        draw.rounded_rectangle(box, 2, score.ensemble.lines[note.line].colour)
    return picture


def _x(step: float, steps: int) -> float:
    return _LEFT + step / max(1, steps) * (WIDTH - 2 * _LEFT)
