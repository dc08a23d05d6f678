"""Open uploads wherever they lie, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from kantor.errors import InputError
from kantor.intake import folder, store, zips
from kantor.intake.limits import Limits
from kantor.intake.names import Names, is_unfinished, shown
from kantor.intake.upload import (
    Entry,
    Known,
    Refused,
    StillChanging,
    TooMuch,
    Unusable,
    Upload,
    read_bounded,
)

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
        notes the others when all that is in them was asked for. Files of a folder, quickly read,
        are always read.

    Raises
    ------
    InputError
        If there is nothing at `location`.
    Unreachable
        If a store does not answer, or refuses.
    """
    names = Names()
    path = store.on_disk(location)
    entries = store.entries(location) if path is None else folder.entries(path, limits.settle)
    for entry in entries:
        if isinstance(entry, Unusable):
            yield Refused.of(names.unique(entry.name), f"{entry.reason} (not kept)")
        elif is_unfinished(entry.name):
            _log.warning("%s: still being written; left for the next pass", shown(entry.name))
        elif known is not None and entry.mark is not None and known.has(entry.name, entry.mark):
            names.unique(entry.name)
        else:
            yield from _opened(entry, limits, names, known)


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


def _opened(
    entry: Entry, limits: Limits, names: Names, known: Known | None
) -> Iterator[Upload | Refused]:
    """What is in a file; nothing if it is gone or still changes."""
    try:
        for _ in range(_TRIES):
            with suppress(StillChanging), entry.open() as file:
                is_zip = file.read(2) == b"PK"
                yield from (_zip if is_zip else _file)(entry, file, limits, names)
                break
        else:
            _log.warning("%s: still being written; left for the next pass", shown(entry.name))
            return
        if known is not None and entry.mark is not None:
            known.note(entry.name, entry.mark)
    except FileNotFoundError:
        _log.warning("%s: gone before it could be read", shown(entry.name))
    except OSError as error:
        if entry.is_remote:
            raise
        reason = (error.strerror or "unknown error").lower()
        reason = f"cannot be read ({reason}); make it readable (not kept)"
        yield Refused.of(names.unique(entry.name), reason)


def _file(entry: Entry, file: BinaryIO, limits: Limits, names: Names) -> Iterator[Upload | Refused]:
    excess = f"larger than {limits.file_bytes:,} bytes; cut the piece into smaller ones"
    content = _content(entry, file, limits, excess)
    if isinstance(content, TooMuch):
        yield Refused.of(names.unique(entry.name), f"{content} (not kept)", begun=content.begun)
        return
    if file.seek(0, 2) != len(content):  # less came than there is
        raise StillChanging
    yield from zips.sorted_out(content, entry.name, limits, zips.Budget(0), names, 0)


def _zip(entry: Entry, file: BinaryIO, limits: Limits, names: Names) -> Iterator[Upload | Refused]:
    """A zip file's members, or the file itself if it is a packed score or cannot be opened."""
    file.seek(0)
    try:
        archive = zips.open_zip(file, limits)
    except InputError as error:
        yield _whole(entry, file, limits, names, str(error))
        return
    with archive:
        if zips.is_score(archive):
            yield from _file(entry, file, limits, names)
        elif limits.depth < 1:
            reason = "a zip file; unpack it and send what is in it"
            yield _whole(entry, file, limits, names, reason)
        elif not entry.unchanged(file):
            raise StillChanging
        else:
            budget = zips.Budget(limits.unpacked_bytes)
            yield from zips.members(archive, entry.name, limits, budget, names)


def _whole(entry: Entry, file: BinaryIO, limits: Limits, names: Names, reason: str) -> Refused:
    """Refuse a file, with its bytes where they are few enough."""
    content = _content(entry, file, limits, reason)
    name = names.unique(entry.name)
    if isinstance(content, TooMuch):
        return Refused.of(name, f"{reason} (too large to keep)", begun=content.begun)
    return Refused.of(name, reason, content)


def _content(entry: Entry, file: BinaryIO, limits: Limits, excess: str) -> bytes | TooMuch:
    """All of a file that has stayed the same meanwhile, or that it is too much."""
    file.seek(0)
    content: bytes | TooMuch
    try:
        content = read_bounded(file, limits.file_bytes, limits.seconds, excess)
    except TooMuch as error:
        content = error
    if not entry.unchanged(file):
        raise StillChanging
    return content
