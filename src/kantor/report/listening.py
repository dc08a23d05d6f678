"""Compositions to look at and listen to, each beside the real setting of the same melody."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantor.music.score import Score
from kantor.report.rolls import octave_labels, pitch_range, roll

RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear, and it takes half the time


@dataclass(frozen=True, eq=False)
class Sample:
    """A composition to show: its files' name, its seed, and the real setting beside it."""

    name: str
    seed: int
    generated: Score
    real: Score


def listen(samples: Sequence[Sample], folder: Path, room: int) -> list[dict[str, Any]]:
    """What the template shows of each sample.

    Parameters
    ----------
    samples
    folder
        Where the samples' files lie; the page links to those that are there.
    room
        Bytes that the embedded sound may take. The generated takes come first; one that does
        not fit is played from its WAV file beside the page, a real one is silent then.
    """
    sounds = embed([one.generated for one in samples] + [one.real for one in samples], room)
    generated, real = sounds[: len(samples)], sounds[len(samples) :]
    shown = []
    for sample, made, bach in zip(samples, generated, real, strict=True):
        title = sample.real.title or sample.name
        span = pitch_range(sample.generated, sample.real)
        files = sorted(folder.glob(f"{sample.name}.*")) + sorted(folder.glob(f"{sample.name}-*"))
        beside = f"{folder.name}/{sample.name}.wav"
        shown.append(
            {
                "title": title,
                "about": _about(sample),
                "takes": [
                    _take("generated", "Generated", sample.generated, span, title, made or beside),
                    _take("real", "Bach", sample.real, span, title, bach),
                ],
                "files": [
                    {"name": file.name, "path": f"{folder.name}/{file.name}"} for file in files
                ],
            }
        )
    return shown


def embed(scores: Sequence[Score], room: int) -> list[str]:
    """Each score as a ``data:`` address of MP3, or empty where it does not fit into `room`.

    Encoding takes longer than all else on the page, so the scores are played on all cores at
    once.
    """
    from kantor.formats import audio

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        played = list(pool.map(lambda score: audio.mp3_bytes(score, RATE), scores))
    addresses = []
    for content in played:
        sound = base64.b64encode(content).decode()
        fits = len(sound) <= room
        room -= len(sound) if fits else 0
        addresses.append(f"data:audio/mpeg;base64,{sound}" if fits else "")
    return addresses


def _about(sample: Sample) -> str:
    key = f"{sample.real.key.name}, " if sample.real.key else ""
    return f"{key}{sample.real.meter}, seed {sample.seed}"


def _take(
    kind: str, name: str, score: Score, span: tuple[int, int], title: str, sound: str
) -> dict[str, Any]:
    summary = f"Piano roll of {title}, {name}: {score.steps // 4} quarters in four voices."
    return {
        "kind": kind,
        "name": name,
        "seconds": f"{score.seconds:.3f}",
        "roll": roll(score, span, summary),
        "octaves": [(octave, f"{100 * share:.1f}") for octave, share in octave_labels(span)],
        "sound": sound,
    }
