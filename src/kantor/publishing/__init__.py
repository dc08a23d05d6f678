"""Give a piece away: as one page, into a gallery, to SoundCloud, behind one interface.

A `Publication` is what is given away: the music, its credits, pictures of its score. A `Target`
takes it somewhere and says where it can be heard. `page` makes one HTML file, `gallery` puts that
page into a folder or any address of fsspec, `soundcloud` uploads a recording.

Everything that a piece or an answer from elsewhere says is text and is escaped. The soundfont is
never given away, only what was played with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from kantor.errors import InputError
from kantor.music.score import Flags, Score

CHORALES = (
    "chorales by J. S. Bach in the encodings that music21 carries; their encoders permit the use, "
    "most of them for non-commercial purposes only"
)
"""What the models of this repository's own data were trained on."""
_SOUND = "the soundfont TimGM6mb by Tim Brechbill (GPL-2.0)"
NAME = "[a-z0-9][a-z0-9-]{0,63}"
"""What a publication's name is made of."""

Progress = Callable[[str, int, int], object]
"""Is told what is done at the moment, how much of it is done, and of how much."""


def recorded(score: Score, kind: str, gains: Sequence[float] | None = None) -> bytes:
    """A score's sound as ``mp3`` or ``flac``; raises as `kantor.formats.audio.levelled` does.

    `gains` is what each line's sound is multiplied by.
    """
    from kantor.formats import audio

    encode = audio.mp3_bytes if kind == "mp3" else audio.flac_bytes
    return encode(score, gains=gains)


@dataclass(frozen=True, eq=False)
class Publication:
    """A piece to be given away.

    Raises
    ------
    InputError
        If its name is none for a file.
    """

    name: str
    """The same for the same piece: its files' names and its feed's ids are made of it."""
    title: str
    score: Score
    given: Flags
    """``(time, line) bool``: True where the notes were given, not composed."""
    model: str = ""  # such as "kantor-bach 3"; empty where none composed
    data: str = ""  # what the model was trained on, with its licence
    description: str = ""
    pages: tuple[str, ...] = ()
    """Pictures of the score's pages, SVG; without any the roll stands alone."""
    record: Callable[[Score, str], bytes] = recorded  # where that takes place
    date: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise InputError(f"{self.name!r}: no name for a publication; a-z, 0-9 and - make one")

    def credits(self) -> list[tuple[str, str]]:
        """Who and what the piece is by: each a word and what there is to say."""
        given, composed = self._shares()
        told = {
            "Given": given,
            "Composed": composed if self.model else "",
            "Model": self.model and f"{self.model}, a generative adversarial network",
            "Trained on": self.data if self.model else "",
            "Sound": f"made with {_SOUND}",
            "Published": f"{self.date:%Y-%m-%d}",
            "Made with": f"Kantor {version('kantor')}",
        }
        return [(word, text) for word, text in told.items() if text]

    def _shares(self) -> tuple[str, str]:
        """The names of the lines that were given, and of those composed; some are both."""
        given, composed = [], []
        for index, name in enumerate(self.score.ensemble.names):
            column = self.given[:, index]
            part = "" if column.all() or not column.any() else " in part"
            if column.any():
                given.append(f"{name}{part}")
            if not column.all():
                composed.append(f"{name}{part}")
        return ", ".join(given), ", ".join(composed)


@dataclass(frozen=True)
class Published:
    """Where a publication is, and what a person is told of it."""

    target: str
    url: str = ""  # opens it, for whoever may
    file: Path | None = None
    detail: str = ""


class Target(Protocol):
    """Somewhere to publish."""

    name: str

    def publish(self, publication: Publication, progress: Progress) -> Published:
        """Take the publication there.

        Raises
        ------
        InputError
            If the piece or the address cannot be used.
        SetupError
            If the place is not set up, refuses, or cannot be reached; one line, with the remedy.
        """


__all__ = ["CHORALES", "NAME", "Progress", "Publication", "Published", "Target", "recorded"]
