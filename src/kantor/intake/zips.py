"""The members of a zip file, read one at a time and never written to disk."""

from __future__ import annotations

import errno
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from kantor.errors import InputError, one_line
from kantor.intake import bounded, names
from kantor.intake.entry import Unreachable
from kantor.intake.limits import Limits
from kantor.intake.upload import Refused, Upload, refusal

_DIRECTORY_BYTES = 300  # of one member, its name and extra fields included, on the average
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others take memory as the file bids
_SMALL = 100_000  # bytes that do no harm however few they were made of
_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
)


@dataclass
class Budget:
    """What a zip file, and the zip files within it, may still unpack to."""

    bytes: int


class Exhausted(bounded.TooMuch):
    """The budget is used up: the rest of the zip file is not read."""


class DamagedZip(InputError):
    """Not a zip file that can be opened."""


def open_zip(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The zip file with its directory read.

    Raises
    ------
    DamagedZip
        If it is none, or a broken one.
    bounded.TooMuch
        If it has more members than allowed.
    """
    window = bounded.Window(file, max(1 << 20, limits.zip_files * _DIRECTORY_BYTES))
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, window))
    except (bounded.TooMuch, Unreachable):
        raise
    except (*_DAMAGED, OSError) as error:
        raise DamagedZip(_damage("zip file", error)) from None
    count = len(archive.infolist())
    if count > limits.zip_files:
        raise bounded.TooMuch(
            f"a zip file of {count:,} files, more than {limits.zip_files:,}; pack fewer", b""
        )
    return archive


def is_score(archive: zipfile.ZipFile) -> bool:
    """Whether the zip file is itself a score: packed MusicXML."""
    return "META-INF/container.xml" in archive.NameToInfo


def members(
    archive: zipfile.ZipFile, name: str, limits: Limits, budget: Budget, given: names.Names
) -> Iterator[Upload | Refused]:
    """The files in `archive`, sorted by name; `name` is the zip file's own, as its source says."""
    infos = sorted(archive.infolist(), key=lambda info: (info.filename, info.header_offset))
    for index, info in enumerate(infos):
        full = f"{name}/{info.filename}"
        fault = _fault(info)
        if fault is None and (info.is_dir() or names.is_junk(info.filename)):
            continue
        if fault:
            yield refusal(given.give(full), fault, None)
            continue
        try:
            data = _unpacked(archive, info, limits, budget)
        except Exhausted as excess:
            left = len(infos) - index
            reason = f"{excess}; {left:,} of its {len(infos):,} files were not read"
            yield refusal(given.give(name), reason, None, excess.begun)
            return
        except bounded.TooMuch as excess:
            yield refusal(given.give(full), f"{excess} (not kept)", None, excess.begun)
        except DamagedZip as error:
            yield refusal(given.give(full), str(error), None)
        else:
            yield from sorted_out(data, full, limits, budget, given, limits.depth - 1)


def sorted_out(
    data: bytes, name: str, limits: Limits, budget: Budget, given: names.Names, depth: int
) -> Iterator[Upload | Refused]:
    """What a file's bytes are: an upload, or a zip file with uploads in it."""
    if not data:
        yield refusal(given.give(name), "the file is empty; send it again", data)
        return
    if not data.startswith(b"PK"):
        yield Upload.of(given.give(name), data)
        return
    try:
        archive = open_zip(io.BytesIO(data), limits)
    except InputError as error:
        yield refusal(given.give(name), str(error), data)
        return
    with archive:
        if is_score(archive):
            yield Upload.of(given.give(name), data)
        elif depth < 1:
            yield refusal(given.give(name), "a zip file in a zip file; unpack it first", data)
        else:
            inner = limits.model_copy(update={"depth": depth})
            yield from members(archive, name, inner, budget, given)


def _fault(info: zipfile.ZipInfo) -> str | None:
    """Why a member is refused before it is opened."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link in a zip file, which is not followed; pack the file (not kept)"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "not a regular file but a pipe, socket or device; leave it out (not kept)"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; pack it without a password (not kept)"
    if info.compress_type not in _PACKINGS:
        return "packed in a way that is not read; pack it as an ordinary zip file (not kept)"
    fault = names.fault(info.filename)
    return f"{fault} (not kept)" if fault else None


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, budget: Budget
) -> bytes:
    """The member's bytes, as many as it has and not as many as it says.

    Raises
    ------
    Exhausted, bounded.TooMuch, DamagedZip
        Counted and found while reading.
    """
    ceilings = {
        f"larger than {limits.file_bytes:,} bytes; cut the piece into smaller ones": (
            limits.file_bytes
        ),
        f"unpacks to more than {limits.ratio} times its size, as bombs do; pack it again": max(
            _SMALL, limits.ratio * info.compress_size
        ),
        "a zip file that unpacks to too many bytes; pack fewer files": budget.bytes,
    }
    excess = min(ceilings, key=lambda reason: ceilings[reason])
    most = ceilings[excess]
    try:
        with archive.open(info) as member:
            data = bounded.read(cast(BinaryIO, member), most, limits.seconds, excess)
    except bounded.TooMuch as error:
        budget.bytes -= len(error.begun)
        if budget.bytes < 0:
            raise Exhausted(str(error), error.begun) from None
        raise
    except _DAMAGED as error:
        raise DamagedZip(_damage("member of a zip file", error)) from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the disk's or the network's fault
            raise
        raise DamagedZip(_damage("member of a zip file", error)) from None
    budget.bytes -= len(data)
    return data


def _damage(what: str, error: Exception) -> str:
    return f"a damaged {what} ({one_line(str(error), 80)}); pack it again"
