"""Open uploads wherever they lie, one at a time."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

from kantor.errors import InputError
from kantor.formats.code_pages import text_of
from kantor.formats.reading import is_one_file
from kantor.intake import folder, store
from kantor.intake.limits import Limits, member_fault, open_zip, read_bounded, unpacked
from kantor.intake.upload import (
    Known,
    Names,
    Openable,
    Refused,
    StillChanging,
    Unusable,
    Upload,
    is_junk,
    shown,
)

_TRIES = 3  # of a file that changes while it is looked at
# Endings that browsers and copying programs give to what they have not finished.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".swp")

_log = logging.getLogger(__name__)


def uploads(
    location: str, limits: Limits, known: Known | None = None, leave: Collection[str] = ()
) -> Iterator[Upload | Refused]:
    """Every file at `location` and in the zip files there, sorted by name.

    One file is held in memory at a time. What systems leave behind (hidden files, ``__MACOSX``)
    is passed over, and so is a file that vanishes. A file is taken when it has not changed for
    `Limits.settle` seconds and all of it was read; one that changes meanwhile is tried twice more,
    then left for the next pass with a line in the log.

    Parameters
    ----------
    location
        A folder, a file, or a URL that fsspec knows (``memory://``, ``s3://`` with s3fs).
    known
        Objects of a store that need not be opened again; it notes the others when all that is in
        them was asked for. Files of a folder, quickly read, are always read.
    leave
        Names of folders right at `location` that are passed over.

    Raises
    ------
    InputError
        If there is nothing at `location`.
    Unreachable
        If a store does not answer, or refuses.
    """
    reader = _Reader(limits)
    path = store.on_disk(location)
    entries = store.entries(location) if path is None else folder.entries(path, limits.settle)
    for entry in entries:
        if entry.name.partition("/")[0] in leave:
            continue
        if isinstance(entry, Unusable):
            yield reader.refused(entry.name, entry.reason)
        elif entry.name.casefold().endswith(_UNFINISHED):
            _log.warning("%s: still being written; left for the next pass", shown(entry.name))
        elif known is not None and entry.mark is not None and known.has(entry.name, entry.mark):
            reader.names.unique(entry.name)
        else:
            yield from _opened(entry, reader, known)


def check(location: str) -> None:
    """Raise as `uploads` would if there is nothing at `location`; an object store is not asked."""
    path = store.on_disk(location)
    if path is not None:
        with folder.opened(path):
            pass


def _opened(entry: Openable, reader: _Reader, known: Known | None) -> Iterator[Upload | Refused]:
    """What is in a file; nothing if it is gone or still changes."""
    try:
        for _ in range(_TRIES):
            with suppress(StillChanging), entry.open() as file:
                yield from reader.contents(entry, file)
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
        yield reader.refused(entry.name, f"cannot be read ({reason}); make it readable")


class _Reader:
    """Reads files within limits, and gives each upload a name of its own."""

    def __init__(self, limits: Limits) -> None:
        self.names = Names()
        self._limits = limits
        self._left = 0  # bytes that the zip file at hand, and those within it, may still unpack to

    def refused(self, name: str, reason: str, data: bytes = b"", kept: bool = False) -> Refused:
        """Refuse a file by its source's name; `data` is what was read of it."""
        digest, shown_name = sha256(data).hexdigest(), self.names.unique(name)
        if kept:
            return Refused(shown_name, reason, digest, data)
        return Refused(shown_name, f"{reason} (not kept)", digest, None)

    def contents(
        self, entry: Openable, file: BinaryIO, level: int = 0
    ) -> Iterator[Upload | Refused]:
        """The file itself or, where it is a zip file and no packed score, the files within it.

        `level` is how many zip files it lies in. Raises `StillChanging` if the file is not what
        it was when it was opened.
        """
        if file.read(2) == b"PK":
            file.seek(0)
            try:
                archive = open_zip(file, self._limits)
            except InputError as error:
                yield self._refused_whole(entry, file, str(error))
                return
            with archive:
                if not is_one_file(entry.name, archive.namelist()):
                    yield from self._unzipped(entry, file, archive, level)
                    return
        data, fault = self._read(entry, file)
        if fault:
            yield self.refused(entry.name, fault, data)
        elif file.seek(0, 2) != len(data):  # less came than there is
            raise StillChanging
        elif data:
            yield Upload.of(self.names.unique(entry.name), data)
        else:
            yield self.refused(entry.name, "the file is empty; send it again", kept=True)

    def _unzipped(
        self, entry: Openable, file: BinaryIO, archive: zipfile.ZipFile, level: int
    ) -> Iterator[Upload | Refused]:
        """The files in a zip file, sorted by name, if it does not lie too deep."""
        if level >= self._limits.depth:
            what = "a zip file in a zip file" if level else "a zip file"
            yield self._refused_whole(entry, file, f"{what}; unpack it and send what is in it")
            return
        if not entry.unchanged(file):
            raise StillChanging
        if level == 0:
            self._left = self._limits.unpacked_bytes
        infos = sorted(archive.infolist(), key=lambda info: (info.filename, info.header_offset))
        for index, info in enumerate(infos):
            name = f"{entry.name}/{_name_of(info)}"
            if fault := member_fault(info):
                yield self.refused(name, fault)
                continue
            if info.is_dir() or is_junk(info.filename):
                continue
            data, fault = unpacked(archive, info, self._limits, self._left)
            self._left -= len(data)
            if self._left < 0:
                unread = f"{len(infos) - index:,} of its {len(infos):,} files were not read"
                yield self.refused(entry.name, f"{fault}; {unread}", data)
                return
            if fault:
                yield self.refused(name, fault, data)
                continue
            member = Openable(name, partial(BytesIO, data), unchanged=lambda _: True)
            yield from self.contents(member, member.open(), level + 1)

    def _refused_whole(self, entry: Openable, file: BinaryIO, reason: str) -> Refused:
        """Refuse a file, with its bytes where they are few enough."""
        data, fault = self._read(entry, file)
        return self.refused(entry.name, reason, data, kept=not fault)

    def _read(self, entry: Openable, file: BinaryIO) -> tuple[bytes, str]:
        """What was read of a file that has not changed meanwhile, and why that is not all."""
        file.seek(0)
        content = read_bounded(file, self._limits)
        if not entry.unchanged(file):
            raise StillChanging
        return content


def _name_of(info: zipfile.ZipInfo) -> str:
    """The name of a member; without the flag for UTF-8 `zipfile` takes it for code page 437."""
    if info.filename.isascii() or info.flag_bits & 0x800:
        return info.filename
    names = [info.filename.encode("cp437")]
    with suppress(UnicodeError):  # Russian Windows packs in another code page than it writes
        names.append(names[0].decode("cp866").encode("cp1251"))
    return next(filter(None, map(text_of, names)), info.filename)
