"""The members of a zip file, read one at a time and never written to disk."""

from __future__ import annotations

import errno
import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from kantor.errors import InputError, one_line
from kantor.formats.reading import PACKINGS, ZIP_FAULTS
from kantor.intake.limits import Limits
from kantor.intake.names import Names, fault_of, is_junk
from kantor.intake.upload import Refused, TooMuch, Unreachable, Upload, read_bounded

_DIRECTORY_BYTES = 300  # of one member, its name and extra fields included, on the average
_SMALL = 100_000  # bytes that do no harm however few they were made of
_ENCRYPTED = 0x1


@dataclass
class Budget:
    """What a zip file, and the zip files within it, may still unpack to."""

    bytes: int


class Exhausted(TooMuch):
    """The budget is used up: the rest of the zip file is not read."""


class DamagedZip(InputError):
    """Not a zip file that can be opened."""


class _Window:
    """A seekable file that grants no single read of more than `most` bytes.

    `zipfile` reads a zip file's whole directory at once, as many bytes as the file bids.
    """

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; raises `TooMuch` for more than is granted."""
        if size > self._most:
            raise TooMuch("a zip file with a directory too large to read; pack fewer files")
        return self._file.read(self._most if size < 0 else size)


def open_zip(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The zip file with its directory read.

    Raises
    ------
    DamagedZip
        If it is none, or a broken one.
    TooMuch
        If it has more members than allowed.
    """
    window = _Window(file, max(1 << 20, limits.zip_files * _DIRECTORY_BYTES))
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, window))
    except (TooMuch, Unreachable):
        raise
    except (*ZIP_FAULTS, OSError) as error:
        raise DamagedZip(_damage("zip file", error)) from None
    count = len(archive.infolist())
    if count > limits.zip_files:
        raise TooMuch(f"a zip file of {count:,} files, more than {limits.zip_files:,}; pack fewer")
    return archive


def is_score(archive: zipfile.ZipFile) -> bool:
    """Whether the zip file is itself a score: packed MusicXML."""
    return "META-INF/container.xml" in archive.NameToInfo


def members(
    archive: zipfile.ZipFile, name: str, limits: Limits, budget: Budget, names: Names
) -> Iterator[Upload | Refused]:
    """The files in `archive`, sorted by name; `name` is the zip file's own, as its source says."""
    infos = sorted(archive.infolist(), key=lambda info: (info.filename, info.header_offset))
    for index, info in enumerate(infos):
        full = f"{name}/{info.filename}"
        fault = _fault(info)
        if fault is None and (info.is_dir() or is_junk(info.filename)):
            continue
        if fault:
            yield Refused.of(names.unique(full), fault)
            continue
        try:
            data = _unpacked(archive, info, limits, budget)
        except Exhausted as excess:
            left = len(infos) - index
            reason = f"{excess}; {left:,} of its {len(infos):,} files were not read"
            yield Refused.of(names.unique(name), reason, begun=excess.begun)
            return
        except (TooMuch, DamagedZip) as error:
            begun = getattr(error, "begun", b"")
            yield Refused.of(names.unique(full), f"{error} (not kept)", begun=begun)
        else:
            yield from sorted_out(data, full, limits, budget, names, limits.depth - 1)


def sorted_out(
    data: bytes, name: str, limits: Limits, budget: Budget, names: Names, depth: int
) -> Iterator[Upload | Refused]:
    """What a file's bytes are: an upload, or a zip file with uploads in it."""
    if not data:
        yield Refused.of(names.unique(name), "the file is empty; send it again", data)
        return
    if not data.startswith(b"PK"):
        yield Upload.of(names.unique(name), data)
        return
    try:
        archive = open_zip(io.BytesIO(data), limits)
    except InputError as error:
        yield Refused.of(names.unique(name), str(error), data)
        return
    with archive:
        if is_score(archive):
            yield Upload.of(names.unique(name), data)
        elif depth < 1:
            yield Refused.of(names.unique(name), "a zip file in a zip file; unpack it first", data)
        else:
            inner = limits.model_copy(update={"depth": depth})
            yield from members(archive, name, inner, budget, names)


def _fault(info: zipfile.ZipInfo) -> str | None:
    """Why a member is refused before it is opened."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link in a zip file, which is not followed; pack the file (not kept)"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "not a regular file but a pipe, socket or device; leave it out (not kept)"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; pack it without a password (not kept)"
    if info.compress_type not in PACKINGS:
        return "packed in a way that is not read; pack it as an ordinary zip file (not kept)"
    fault = fault_of(info.filename)
    return f"{fault} (not kept)" if fault else None


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, budget: Budget
) -> bytes:
    """The member's bytes, as many as it has and not as many as it says.

    Raises
    ------
    Exhausted, TooMuch, DamagedZip
        Counted and found while reading.
    """
    allowed, ratio = limits.file_bytes, limits.ratio
    most, excess = min(
        (allowed, f"larger than {allowed:,} bytes; cut the piece into smaller ones"),
        (
            max(_SMALL, ratio * info.compress_size),
            f"unpacks to more than {ratio} times its size, as bombs do; pack it again",
        ),
        (budget.bytes, "a zip file that unpacks to too many bytes; pack fewer files"),
        key=lambda ceiling: ceiling[0],
    )
    try:
        with archive.open(info) as member:
            data = read_bounded(cast(BinaryIO, member), most, limits.seconds, excess)
    except TooMuch as error:
        budget.bytes -= len(error.begun)
        if budget.bytes < 0:
            raise Exhausted(str(error), error.begun) from None
        raise
    except ZIP_FAULTS as error:
        raise DamagedZip(_damage("member of a zip file", error)) from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the disk's or the network's fault
            raise
        raise DamagedZip(_damage("member of a zip file", error)) from None
    budget.bytes -= len(data)
    return data


def _damage(what: str, error: Exception) -> str:
    return f"a damaged {what} ({one_line(str(error), 80)}); pack it again"
