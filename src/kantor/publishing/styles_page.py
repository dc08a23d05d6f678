"""One page with the same melodies in every style, to hear side by side.

It is one file that loads nothing: rolls, sound and words are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from kantor import files
from kantor.errors import InputError
from kantor.formats.picture import pitch_span
from kantor.music.repeats import played
from kantor.music.score import Score
from kantor.pages import data_url, template
from kantor.pages.rolls import octave_labels, roll
from kantor.styles import Style

MELODIES = Path("docs/melodies")
"""The folder of a repository with the melodies of its gallery: folk songs, hymns, one more."""
RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear

Sounding = Callable[[Score, int], bytes]
"""Records a score as MP3, at a rate."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A melody as a style has composed to it."""

    style: str  # its name
    score: Score
    told: tuple[str, ...] = ()  # what a listener should know, such as a meter that it lacks


@dataclass(frozen=True)
class Told:
    """A style and the model that composed, as the page says of them."""

    name: str
    style: Style
    model: str


def melodies(root: Path) -> list[Path]:
    """The melodies of the repository's gallery, by name.

    Raises
    ------
    InputError
        If there are none.
    """
    found = sorted(
        path for path in (root / MELODIES).glob("*.*") if path.suffix in (".abc", ".mid")
    )
    if not found:
        raise InputError(f"{root / MELODIES}: no melodies are there; name files of your own")
    return found


def write(
    path: Path,
    styles: Sequence[Told],
    pieces: Mapping[str, Sequence[Heard]],
    sounding: Sounding | None = None,
) -> None:
    """Write the page, whole or not at all; `pieces` are titles with what each style made of them.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    titles = {one.name: one.style.title for one in styles}
    context = {
        "styles": styles,
        "pieces": [
            _piece(title, heard, titles, sounding or _recorded) for title, heard in pieces.items()
        ],
    }
    text = template("kantor.publishing", "styles_page.html.j2").render(context, markup=Markup)
    try:
        files.save(path, lambda file: file.write(f"{text}\n".encode()))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def _recorded(score: Score, rate: int) -> bytes:
    from kantor.formats import audio

    return audio.mp3_bytes(score, rate)


def _piece(
    title: str, heard: Sequence[Heard], titles: Mapping[str, str], sounding: Sounding
) -> dict[str, Any]:
    """What the template shows of a melody."""
    first = heard[0].score
    facts = [first.key.name if first.key else "", str(first.meter), f"♩ = {first.tempo:g}"]
    return {
        "title": title,
        "about": ", ".join(filter(None, facts)),
        "takes": [_take(title, one, titles[one.style], sounding) for one in heard],
    }


def _take(title: str, one: Heard, style: str, sounding: Sounding) -> dict[str, Any]:
    score = played(one.score)
    span = pitch_span(score)
    return {
        "style": style,
        "told": one.told,
        "lines": [(line.name, line.colour) for line in score.ensemble.lines],
        "seconds": f"{score.seconds:.3f}",
        "octaves": octave_labels(score, span),
        "roll": roll(score, span, f"Piano roll of {title}, {style}."),
        "sound": data_url(sounding(one.score, RATE), "audio/mpeg"),
    }
