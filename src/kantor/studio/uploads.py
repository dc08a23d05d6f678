"""Uploads become pieces; those that cannot be used are kept with the reason."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Annotated

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from kantor.errors import InputError
from kantor.intake import Limits, Refused, Upload, quarantine
from kantor.intake.upload import shown
from kantor.studio import isolated_call
from kantor.studio.document import Event, Piece, Source, now
from kantor.studio.file_reading import FileOptions, Kept, file_piece
from kantor.studio.isolated_call import UnusableError
from kantor.studio.problems import Problem
from kantor.studio.recordings import RECORDING, Recording, recording_piece

REFUSED = ".refused"
Said = Annotated[str | None, Query(max_length=200)]
_ENDINGS = ("mid", "midi", "kar", "rmi", "musicxml", "xml", "mxl", "abc")


def uploaded(
    name: str, data: bytes, options: FileOptions, limits: Limits, folder: Path
) -> tuple[Piece, dict[str, bytes]]:
    """The piece of an upload, and the file to keep beside it.

    Parameters
    ----------
    folder
        Of the pieces: what is refused is kept there in ``.refused``, with its reason.

    Raises
    ------
    InputError
        One line that names the file, the fault and the remedy.
    """
    upload = Upload.of(shown(PurePath(name).name or "file"), data)
    source = Source(kind="file", name=upload.name)
    try:
        if not data:
            raise UnusableError(f"{upload.name}: the file is empty")
        kept = Kept(upload.name, data)
        piece = isolated_call.call(upload.name, file_piece, kept, options, limits, source)
    except UnusableError as error:
        quarantine(folder / REFUSED, [upload.refused(str(error))], limits)
        raise InputError(str(error)) from None
    return piece, {source_name(upload.name): data}


def too_large(name: str, limits: Limits, folder: Path) -> Problem:
    """The refusal of an upload with too many bytes, which leaves its reason alone."""
    name = shown(PurePath(name).name or "file")
    reason = f"{name}: larger than {limits.file_bytes:,} bytes; cut the piece into smaller ones"
    refused = Refused(name, reason, sha256(b"").hexdigest(), None)
    quarantine(folder / REFUSED, [refused], limits)
    return Problem(413, reason)


def source_name(name: str) -> str:
    """What an upload is called beside its piece: nothing of its own name but a known ending."""
    ending = re.sub(r"^\.", "", PurePath(name).suffix.lower())
    return f"source.{ending if ending in _ENDINGS else 'dat'}"


def kept_source(folder: Path) -> Path | None:
    """The file that a piece was made from, if it was made from one."""
    return next(iter(sorted(folder.glob("source.*"))), None)


def file_options(
    track: Said = None,
    given: Said = None,
    meter: Said = None,
    pickup: Said = None,
    key: Said = None,
    tempo: Said = None,
    transpose: Said = None,
) -> FileOptions:
    """The options of an address.

    Raises
    ------
    RequestValidationError
        If one is none: the answer is 422 and names it.
    """
    said = {
        "track": track,
        "given": given,
        "meter": meter,
        "pickup": pickup,
        "key": key,
        "tempo": tempo,
        "transpose": transpose,
    }
    try:
        return FileOptions.model_validate(said)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None


def again(piece: Piece, folder: Path, options: FileOptions, limits: Limits) -> Piece:
    """The piece with the notes of its source, read with other options.

    It keeps what makes it this piece: id, title, mix, model.

    Raises
    ------
    InputError
        If it has no source, or the options do not fit it.
    """
    take, file = folder / RECORDING, kept_source(folder)
    if take.is_file():
        recording = Recording.model_validate_json(take.read_bytes())
        new = isolated_call.call("the take", recording_piece, recording, options)
    elif file is not None:
        kept = Kept(
            piece.source.name if piece.source.kind == "file" else file.name, file.read_bytes()
        )
        new = isolated_call.call(kept.name, file_piece, kept, options, limits, piece.source)
    else:
        raise InputError("the piece was not made from a file or a take: nothing to read again")
    return _with_notes(piece, new, options)


def _with_notes(piece: Piece, new: Piece, options: FileOptions) -> Piece:
    mix = ("volume", "pan", "program", "muted", "solo")
    lines = [
        line.model_copy(update={name: getattr(old, name) for name in mix})
        for line, old in zip(new.lines, piece.lines, strict=True)
    ]
    said = ", ".join(f"{name} {value}" for name, value in options.said().items())
    event = Event(at=now(), what=f"read again: {said or 'as it is'}"[:300])
    kept = (
        *("id", "revision", "title", "created", "changed"),
        *("model", "temperature", "plainness", "candidates"),
    )
    return new.model_copy(
        update={
            **{name: getattr(piece, name) for name in kept},
            "lines": lines,
            "history": [*piece.history, event],
        }
    )
