"""Styles: an ensemble, where its music comes from, how it sounds, and what people are told of it.

Bach's is in ``params.yaml``; each other one in ``styles/NAME.yaml``, which says what differs.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from kantor.ensemble import COLOURS, SATB, Ensemble, Line, Sound
from kantor.errors import InputError
from kantor.settings import STYLES, Block, Register, checked, load, params_path, read_params


class LineSettings(Block):
    """One part, as `kantor.ensemble.Line` describes it; a drum has one note, a voice a range."""

    name: str
    low: int = 0
    high: int = 127
    kind: Literal["pitched", "drum"] = "pitched"
    aliases: tuple[str, ...] = ()
    program: int = Field(0, ge=0, le=127)
    colour: str | None = None
    pan: float = Field(0.0, ge=-1, le=1)
    level: float = Field(1.0, ge=0, le=2)


class EnsembleSettings(Block):
    """The lines of an ensemble, or those of `SATB` with the ranges of `ranges`, by their names.

    `leads` and `bass` name a line, and `order` names them all, in the order in which a model
    writes them.
    """

    ranges: dict[str, tuple[int, int]] = Field({}, validate_default=True)
    lines: tuple[LineSettings, ...] = ()
    writing: Literal["voices", "accompaniment"] = "voices"
    leads: str = ""
    bass: str = ""
    order: tuple[str, ...] = ()

    @field_validator("ranges")
    @classmethod
    def _fit(cls, ranges: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        SATB.with_ranges(ranges)  # raises an error where a line or a range is none
        return ranges

    @model_validator(mode="after")
    def _makes(self) -> EnsembleSettings:
        self.made("")  # raises an error where the lines make no ensemble
        return self

    def made(self, name: str) -> Ensemble:
        """The ensemble, so called."""
        if not self.lines:
            return SATB.with_ranges(self.ranges)
        lines = tuple(
            Line(**line.model_dump(exclude_none=True) | {"colour": line.colour or colour})
            for line, colour in zip(self.lines, cycle(COLOURS), strict=False)
        )
        made = Ensemble(name, lines, writing=self.writing)
        return replace(
            made,
            leads=made.index(self.leads) if self.leads else 0,
            bass=made.index(self.bass) if self.bass else None,
            order=tuple(made.index(line) for line in self.order),
        )


class Style(Block):
    """What people are told of a style and of the data that it is learned from."""

    title: str
    about: str = ""
    licence: str = ""
    credits: str = ""
    note: str = ""
    sound: Sound = Sound()

    @property
    def data(self) -> str:
        """Whose the data are, their licence, and what else to know of them; empty if not told."""
        licence = f"licence: {self.licence}" if self.licence else ""
        told = (" ".join(text.split()) for text in (self.credits, licence, self.note))
        return "; ".join(text.rstrip(".") for text in told if text)


class Drums(Block):
    """Which style lends its drums to the pieces of one that has none."""

    style: str


PREFIX = "kantor-"
"""What the names of Kantor's registered models begin with; the style follows."""


BACH = Style(
    title="Bach",
    about="Four-part chorales",
    licence="the encodings in music21; most of them for non-commercial purposes only",
    credits="J. S. Bach",
)
"""For lists of styles."""


def names(root: Path) -> list[str]:
    """The styles beside Bach's of the repository `root`, by name."""
    return sorted(path.stem for path in (root / STYLES).glob("*.yaml") if path.name != "dvc.yaml")


def folder(root: Path, name: str) -> Path:
    """The folder of a style of the repository `root`; it may not be there yet.

    Raises
    ------
    InputError
        One line with the styles that there are, if this is none.
    """
    known = names(root)
    if name not in known:
        what = f"no style {name!r}" if name else "no style named"
        close = difflib.get_close_matches(name, known, n=1)
        meant = f"; {close[0]} may be meant" if close else ""
        raise InputError(f"{what}; there are {', '.join(known) or 'none'}{meant}")
    return root / STYLES / name


def own_name(root: Path) -> str:
    """What the style of the repository itself is called, as its model: ``bach``."""
    model = load(Register, "register", params_path(root), optional=True).model
    return model.removeprefix(PREFIX)


def folder_of(root: Path, name: str | None) -> Path:
    """The folder of a style, the repository's own too: that is `root`, also where none is named.

    Raises as `folder` does.
    """
    return folder(root, name) if name and name != own_name(root) else root


def style_of(place: Path) -> Style:
    """What people are told of the style of a folder; its name alone where it says nothing.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = params_path(place)
    if "style" in read_params(path):
        return load(Style, "style", path)
    return Style(title=own_name(place).capitalize())


def drums_of(place: Path) -> Drums | None:
    """Which drums the style of a folder can have, if any; raises as `style_of` does."""
    path = params_path(place)
    return load(Drums, "drums", path) if "drums" in read_params(path) else None


def listed_style(place: Path) -> Style:
    """What a list of styles says of one, in short; of Bach's data the card says more."""
    style = style_of(place)
    return BACH if style == Style(title=BACH.title) else style


def load_ensemble(path: str | Path | None = None) -> Ensemble:
    """The ensemble of the block `ensemble`, called as its style's file, with the style's sound.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = Path(path or params_path())
    values = read_params(path)
    made = checked(EnsembleSettings, "ensemble", values, path).made(path.stem)
    styled = "style" in values
    return replace(made, sound=checked(Style, "style", values, path).sound) if styled else made
