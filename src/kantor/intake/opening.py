"""Open uploads wherever they lie, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from kantor.errors import InputError
from kantor.intake import bounded, folder, names, store, zips
from kantor.intake.entry import Entry, Known, StillChanging, Unusable
from kantor.intake.limits import Limits
from kantor.intake.upload import Refused, Upload, refusal

_TRIES = 3  # of a file that changes while it is looked at

_log = logging.getLogger(__name__)


def uploads(
    location: str, limits: Limits, known: Known | None = None
) -> Iterator[Upload | Refused]:
    """Every file at `location` and in the zip files there, sorted by name.

    One file is held in memory at a time. What systems leave behind (hidden files, ``__MACOSX``)
    is passed over. A file is taken when it has not changed for `Limits.settle` seconds and all of
    it was read; one that changes meanwhile is tried twice more, then left for the next pass with a
    line in the log. A file that vanishes is passed over as well.

    Parameters
    ----------
    location
        A folder, a file, or a URL that fsspec knows (``memory://``, ``s3://`` with s3fs).
    limits
        What is refused as too much.
    known
        Objects of a store that it has, by the marks of the listing, are passed over unopened; it
        is told of the others when all that is in them was asked for. Files of a folder, quickly
        read, are always read.

    Raises
    ------
    InputError
        If there is nothing at `location`.
    Unreachable
        If a store does not answer, or refuses.
    """
    given = names.Names()
    for entry in _entries(location, limits):
        if isinstance(entry, Unusable):
            yield refusal(given.give(entry.name), f"{entry.reason} (not kept)", None)
        elif names.is_unfinished(entry.name):
            _log.warning("%s: still being written; left for the next pass", _shown(entry))
        elif known is not None and entry.mark is not None and known.has(entry.name, entry.mark):
            given.give(entry.name)
        else:
            yield from _opened(entry, limits, given, known)


def check(location: str) -> None:
    """Make sure that there is something at `location`; an object store is not asked.

    Raises
    ------
    InputError
        As `uploads` would.
    """
    path = store.on_disk(location)
    if path is not None:
        folder.check(path)


def _entries(location: str, limits: Limits) -> Iterator[Entry | Unusable]:
    path = store.on_disk(location)
    return store.entries(location) if path is None else folder.entries(path, limits.settle)


def _opened(
    entry: Entry, limits: Limits, given: names.Names, known: Known | None
) -> Iterator[Upload | Refused]:
    """What is in a file; nothing if it is gone or still changes."""
    try:
        for _ in range(_TRIES):
            with suppress(StillChanging), entry.open() as file:
                beginning = file.read(2)
                file.seek(0)
                read = _zip if beginning == b"PK" else _file
                yield from read(entry, file, limits, given)
                break
        else:
            _log.warning("%s: still being written; left for the next pass", _shown(entry))
            return
        if known is not None and entry.mark is not None:
            known.note(entry.name, entry.mark)
    except FileNotFoundError:
        _log.warning("%s: gone before it could be read", _shown(entry))
    except OSError as error:
        if entry.is_remote:
            raise
        reason = (error.strerror or "unknown error").lower()
        reason = f"cannot be read ({reason}); make it readable (not kept)"
        yield refusal(given.give(entry.name), reason, None)


def _file(
    entry: Entry, file: BinaryIO, limits: Limits, given: names.Names
) -> Iterator[Upload | Refused]:
    excess = f"larger than {limits.file_bytes:,} bytes; cut the piece into smaller ones"
    try:
        data = bounded.read(file, limits.file_bytes, limits.seconds, excess)
    except bounded.TooMuch as error:
        _check(entry, file)
        yield refusal(given.give(entry.name), f"{error} (not kept)", None, error.begun)
        return
    _check(entry, file)
    if file.seek(0, 2) != len(data):  # less came than there is
        raise StillChanging
    yield from zips.sorted_out(data, entry.name, limits, zips.Budget(0), given, 0)


def _zip(
    entry: Entry, file: BinaryIO, limits: Limits, given: names.Names
) -> Iterator[Upload | Refused]:
    """A zip file's members, or the file itself if it is a packed score or cannot be opened."""
    try:
        archive = zips.open_zip(file, limits)
    except InputError as error:
        yield _whole(entry, file, limits, given, str(error))
        return
    with archive:
        if zips.is_score(archive):
            file.seek(0)
            yield from _file(entry, file, limits, given)
        elif limits.depth < 1:
            reason = "a zip file; unpack it and send what is in it"
            yield _whole(entry, file, limits, given, reason)
        else:
            _check(entry, file)
            budget = zips.Budget(limits.unpacked_bytes)
            yield from zips.members(archive, entry.name, limits, budget, given)


def _whole(
    entry: Entry, file: BinaryIO, limits: Limits, given: names.Names, reason: str
) -> Refused:
    """Refuse a file, with its bytes where they are few enough."""
    file.seek(0)
    try:
        data: bytes | None = bounded.read(file, limits.file_bytes, limits.seconds, reason)
        begun = b""
    except bounded.TooMuch as error:
        data, begun, reason = None, error.begun, f"{reason} (too large to keep)"
    _check(entry, file)
    return refusal(given.give(entry.name), reason, data, begun)


def _check(entry: Entry, file: BinaryIO) -> None:
    if not entry.unchanged(file):
        raise StillChanging


def _shown(entry: Entry) -> str:
    return names.shown(entry.name)
