"""Compositions to look at and listen to, each beside the real setting of the same melody."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kantor.data.corpus import Piece
from kantor.formats.picture import pitch_span
from kantor.music.score import STEPS_PER_QUARTER, Score
from kantor.pages import data_url
from kantor.pages.rolls import octave_labels, roll
from kantor.report.composing import melody_mask, spread

RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear, and it takes half the time


@dataclass(frozen=True, eq=False)
class Sample:
    """A composition to show: its files' name, its seed, and the real setting beside it."""

    name: str
    seed: int
    generated: Score
    real: Score


def pick(
    pieces: Sequence[Piece], generated: Sequence[Score], seeds: Sequence[int], count: int
) -> list[Sample]:
    """Pieces to show, spread evenly over the split: chosen by place, not by how they came out."""
    return [
        Sample(file_name(pieces[row].id), seeds[row], generated[row], pieces[row].score)
        for row in spread(len(pieces), min(count, len(pieces)))
    ]


def file_name(identity: str) -> str:
    """A piece's id as the name of a file: no folders, nothing that needs quoting."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", identity).strip("-.") or "piece"


def write(samples: Sequence[Sample], folder: Path) -> None:
    """MIDI, sound and picture of each sample, and the real setting's picture to compare.

    The folder is made anew: what another run left there would be shown as this model's.
    """
    from kantor.formats import audio, midi, picture

    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for sample in samples:
        given = melody_mask(sample.generated)
        midi.write(sample.generated, fresh / f"{sample.name}.mid")
        audio.write_wav(sample.generated, fresh / f"{sample.name}.wav")
        picture.write_png(sample.generated, fresh / f"{sample.name}.png", given)
        picture.write_png(sample.real, fresh / f"{sample.name}-real.png")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def shown(samples: Sequence[Sample], folder: Path, room: int) -> list[dict[str, Any]]:
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
    return [_shown(*each, folder) for each in zip(samples, generated, real, strict=True)]


def _shown(sample: Sample, sound: str, real_sound: str, folder: Path) -> dict[str, Any]:
    files = sorted(folder.glob(f"{sample.name}.*")) + sorted(folder.glob(f"{sample.name}-*"))
    takes = {
        "generated": (sample.generated, sound or f"{folder.name}/{sample.name}.wav"),
        "real": (sample.real, real_sound),
    }
    return takes_shown(sample.real.title or sample.name, sample.seed, takes) | {
        "files": [{"name": file.name, "path": f"{folder.name}/{file.name}"} for file in files]
    }


def takes_shown(title: str, seed: int, takes: Mapping[str, tuple[Score, str]]) -> dict[str, Any]:
    """What the macro `takes_of` of ``takes.html.j2`` shows of a piece that has no files.

    Parameters
    ----------
    takes
        Settings of one melody by their kind, each with the address of its sound or an empty one.
    """
    first = next(score for score, _ in takes.values())
    key = f"{first.key.name}, " if first.key else ""
    span = pitch_span(*(score for score, _ in takes.values()))
    quarters = first.steps // STEPS_PER_QUARTER
    lines = f"{quarters} quarters in {first.ensemble.pitched} lines"
    return {
        "title": title,
        "about": f"{key}{first.meter}, seed {seed}",
        "octaves": octave_labels(first, span),
        "takes": [
            {
                "kind": kind,
                "seconds": f"{score.seconds:.3f}",
                "roll": roll(score, span, f"Piano roll of {title}, {kind}: {lines}."),
                "sound": address,
            }
            for kind, (score, address) in takes.items()
        ],
        "files": [],
    }


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
        address = data_url(content, "audio/mpeg")
        fits = len(address) <= room
        room -= len(address) if fits else 0
        addresses.append(address if fits else "")
    return addresses
