"""Make a piece of a file's bytes, as the person wants them read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StringConstraints, field_validator

from kantor.compose.composer import Request
from kantor.compose.from_file import from_file
from kantor.compose.overrides import Overrides
from kantor.compose.plan import Plan
from kantor.errors import InputError
from kantor.formats import parsed, reading
from kantor.intake import Limits, Upload, parse_upload
from kantor.studio.document import Piece, Source, Strict, Tempo
from kantor.studio.isolated_call import UnusableError
from kantor.studio.scores import piece_of

Words = Annotated[str, StringConstraints(max_length=200)]
_EVERY_LINE = Plan(composed=((1, 1),))  # reads all lines; its mask is not used
_OPTION = re.compile(r"--([a-z]+)(?:-([a-z]+))?")
_TWICE = re.compile(r"^(\w+): \1\b", re.IGNORECASE)


class FileOptions(Strict):
    """How a file is to be read; None for what it says itself, or what its notes show."""

    track: int | Words | None = None  # the part with the melody: its number from 1, or its name
    given: Words | None = None  # lines that the file gives: "bass", "soprano,bass", "all"
    meter: Words | None = None
    pickup: Annotated[float, Field(ge=0, le=64)] | None = None  # beats: the meter's lower number
    key: Words | None = None  # such as "G major"
    tempo: Tempo | None = None
    transpose: Words | None = None  # semitones, or "fit"
    click: bool | None = None  # of a recording: whether it was played to the metronome

    @field_validator("*", mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        """A field of the page that is left empty says nothing."""
        return value.strip() or None if isinstance(value, str) else value

    @field_validator("track")
    @classmethod
    def _number(cls, value: int | str | None) -> int | str | None:
        """A track that is a number comes as text from a field of the page."""
        is_number = isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}", value)
        return int(value) if is_number and value else value

    def said(self) -> dict[str, Any]:
        """The options that are not None."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True)
class Kept:
    """The bytes that a piece is made from, and what they are called."""

    name: str
    data: bytes


def file_piece(kept: Kept, options: FileOptions, limits: Limits, source: Source) -> Piece:
    """Make a piece of a file.

    Raises
    ------
    UnusableError
        One line, if the file cannot be used.
    InputError
        One line, if it cannot be used with these options.
    """
    upload = Upload.of(kept.name, kept.data)
    plan, overrides = plan_of(options), overrides_of(options)
    try:
        file = parse_upload(upload, limits)
    except InputError as error:
        raise UnusableError(on_the_page(str(error))) from None
    if file.notation.signs and overrides.rebars(file):
        messages = (*file.messages, "repeats are written out: their signs do not fit other bars")
        again = reading.parse(kept.data, parsed.Limits(), kept.name, expand_repeats=True)
        file = replace(again, messages=messages)
    file = replace(file, title=file.title or PurePath(kept.name).stem)
    try:
        return piece_from(file, plan, overrides, options, source)
    except InputError as error:
        kind = InputError if options.said() else UnusableError
        raise kind(f"{kept.name}: {on_the_page(str(error))}") from None


def piece_from(
    file: parsed.ParsedFile,
    plan: Plan,
    overrides: Overrides,
    options: FileOptions,
    source: Source,
) -> Piece:
    """Make a piece of a file that was read; its source tells what was found and mended.

    Raises
    ------
    InputError
        One line, if it cannot be used so.
    """
    request = from_file(file, plan, overrides)
    given = np.ones_like(request.mask) if plan is _EVERY_LINE else request.mask
    told = messages_of(request)
    if plan is _EVERY_LINE:
        told = [message for message in told if "held into given bars" not in message]
    update = {"messages": told, "options": options.said()}
    return piece_of(request.score, given, source.model_copy(update=update))


def plan_of(options: FileOptions) -> Plan:
    """What the file gives.

    Raises
    ------
    InputError
        If a name is none of a line.
    """
    given = (options.given or "").strip().lower()
    try:
        return _EVERY_LINE if given == "all" else Plan.parse(given=given or None)
    except InputError as error:
        raise InputError(on_the_page(str(error))) from None


def overrides_of(options: FileOptions) -> Overrides:
    """What is said of the file.

    Raises
    ------
    InputError
        If something cannot be read.
    """
    try:
        return Overrides.parse(
            options.track,
            options.meter,
            options.pickup,
            options.key,
            options.tempo,
            options.transpose,
        )
    except InputError as error:
        raise InputError(on_the_page(str(error))) from None


def messages_of(request: Request) -> list[str]:
    """What was found, mended or left out, in the page's words."""
    return [on_the_page(message) for message in request.messages]


def on_the_page(message: str) -> str:
    """A message that names options of the command line, with those of the page, each once."""
    told = _OPTION.sub(lambda found: " ".join(filter(None, found.groups())).capitalize(), message)
    return _TWICE.sub(r"\1", told)
