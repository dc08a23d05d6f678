"""One HTML file that holds a piece whole: recording, roll, score, player, downloads, credits.

It opens from a disk without a network, loads nothing and asks nobody. A minute of music makes
about 1.5 MB of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from kantor import files
from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.formats.picture import pitch_span
from kantor.music.repeats import played
from kantor.music.score import Score
from kantor.pages import data_url, template
from kantor.pages.rolls import octave_labels, roll
from kantor.publishing import Progress, Publication, Published

LONGEST = 1200.0
"""Seconds of sound that a page holds at most: 19 MB. A longer piece is published without."""
_STEM = 60  # characters of a download's name


@dataclass(frozen=True)
class Made:
    """A page, and what a gallery shows beside it."""

    html: bytes
    recording: bytes  # MP3; empty where the piece is too long
    seconds: float


class PageTarget:
    """Publish as a file in a folder, ``published.html``."""

    name = "page"

    def __init__(self, path: Path) -> None:
        self.path = path

    def publish(self, publication: Publication, progress: Progress) -> Published:
        """Write the page, whole or not at all."""
        made = make(publication, progress)
        try:
            files.save(self.path, lambda file: file.write(made.html))
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror})") from None
        size = f"{len(made.html) / 1e6:.1f} MB, one file"
        return Published(self.name, file=self.path, detail=size)


def make(publication: Publication, progress: Progress) -> Made:
    """Make the page of a publication.

    Raises
    ------
    InputError
        If the score has no notes.
    """
    score = replace(publication.score, title=publication.title)
    if (score.pitches < 0).all():
        raise InputError(f"{publication.title}: there are no notes to publish")
    recording = record(publication, score, progress)
    progress("making the page", 0, 0)
    heard = played(score)
    context = {
        "title": publication.title,
        "description": publication.description,
        "credits": publication.credits(),
        "facts": facts(score),
        "drawn": drawn(heard),
        "lines": legend(publication),
        "times": times(heard),
        "sound": data_url(recording, "audio/mpeg") if recording else "",
        "score": [data_url(page.encode(), "image/svg+xml") for page in publication.pages],
        "downloads": [
            ("MIDI", f"{stem(publication.title)}.mid", _address(score, midi, "audio/midi")),
            ("MusicXML", f"{stem(publication.title)}.musicxml", _address(score, musicxml, _XML)),
        ],
    }
    text = template("kantor.publishing", "published.html.j2").render(context, markup=Markup)
    return Made(f"{text}\n".encode(), recording, heard.seconds)


_XML = "application/vnd.recordare.musicxml+xml"


def record(publication: Publication, score: Score, progress: Progress) -> bytes:
    """The score's sound as MP3; empty if it lasts longer than `LONGEST`."""
    progress("recording", 0, 0)
    return publication.record(score, "mp3") if played(score).seconds <= LONGEST else b""


def facts(score: Score) -> list[tuple[str, str]]:
    """What a musician wants to know first."""
    minutes, seconds = divmod(round(played(score).seconds), 60)
    return [
        ("bars", str(len(score.bar_lines))),
        ("meter", str(score.meter)),
        ("key", score.key.name if score.key else "not known"),
        ("tempo", f"♩ = {score.tempo:g}"),
        ("length", f"{minutes}:{seconds:02}"),
    ]


def drawn(score: Score) -> dict[str, Any]:
    """The roll of a score, and the names of its octaves with their height in percent."""
    span = pitch_span(score)
    bars, voices = len(score.bar_lines), len(score.ensemble)
    counted = f"{bars} bar{'s' * (bars != 1)} in {voices} voice{'s' * (voices != 1)}"
    summary = f"Piano roll of {counted}."
    return {
        "roll": roll(score, span, summary),
        "octaves": octave_labels(score, span),
        "steps": score.steps,
    }


def legend(publication: Publication) -> list[tuple[str, str, str]]:
    """Name and colour of each line that is drawn, and whether it was given."""
    ensemble = publication.score.ensemble
    return [
        (line.name, line.colour, "given" if publication.given[:, index].all() else "")
        for index, line in enumerate(ensemble.lines[: ensemble.pitched])
    ]


def times(score: Score) -> list[tuple[float, int]]:
    """Seconds and steps between which the playhead moves evenly."""
    steps = [0, *(start for start, _ in score.tempi if start < score.steps), score.steps]
    return [(round(float(score.seconds_at(step)), 3), step) for step in steps]


def stem(title: str) -> str:
    """A file's name of a title: letters and digits of any script, and dashes."""
    text = unicodedata.normalize("NFC", title)
    return re.sub(r"[\W_]+", "-", text).strip("-")[:_STEM].strip("-") or "piece"


def _address(score: Score, kind: Any, media: str) -> str:
    return data_url(kind.to_bytes(score), media)
