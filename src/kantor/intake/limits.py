"""How much of an upload is read before it is refused, and the reading within these limits."""

from __future__ import annotations

import errno
import stat
import time
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import Field

from kantor import settings
from kantor.errors import InputError, one_line
from kantor.formats import packed_score, parsed, reading
from kantor.intake.upload import Unreachable, Upload, name_fault

_CHUNK = 1 << 18
_DIRECTORY_BYTES = 300  # of one member, its name and extra fields included, on the average
_SMALL = 100_000  # bytes that do no harm however few they were made of


class Limits(settings.Block):
    """The block `intake` of `params.yaml`; every value has a default that suits melodies.

    `file_bytes` counts after unpacking; `notes`, `tracks` and `bars` are of one piece, `zip_files`
    of one zip file, folders included. `unpacked_bytes` is what a zip file may unpack to, with those
    within it, `ratio` what one packed byte may become: scores seldom reach 30, bombs 1,000. `depth`
    is how deep zip files may lie in one another: 0 opens none, 1 none inside another. A file may
    take `seconds` to be read. It must not have changed for `settle` seconds; one that still changes
    is waited for as long twice more. Beyond `quarantine_files` and `quarantine_bytes` the oldest
    files of the quarantine are deleted.
    """

    file_bytes: int = Field(4_000_000, ge=1)
    notes: int = Field(20_000, ge=1)
    tracks: int = Field(1_000, ge=1)
    bars: int = Field(1_000, ge=1)
    zip_files: int = Field(10_000, ge=1)
    unpacked_bytes: int = Field(500_000_000, ge=1)
    ratio: int = Field(100, ge=1)
    depth: int = Field(1, ge=0, le=8)
    seconds: float = Field(30, gt=0)
    settle: float = Field(1.0, ge=0)
    quarantine_files: int = Field(1_000, ge=1)
    quarantine_bytes: int = Field(1_000_000_000, ge=1)


def read_limits(path: str | Path = "params.yaml") -> Limits:
    """The limits in `path`; the defaults where there is no such file or no block `intake`.

    Raises `SetupError` with one line that names the file, the key and the fault.
    """
    return settings.load(Limits, "intake", path, optional=True)


def read_bounded(file: BinaryIO, limits: Limits, *ceilings: tuple[int, str]) -> tuple[bytes, str]:
    """Read an open file and count its bytes, whatever its header says.

    Each ceiling is a number of bytes, beside that of every file, and the reason why more of them
    are refused. Returns the bytes, of which one is too many where a ceiling is exceeded, and the
    reason why they are not all of the file; empty where they are.
    """
    excess = f"larger than {limits.file_bytes:,} bytes; cut the piece into smaller ones"
    most, excess = min([(limits.file_bytes, excess), *ceilings], key=lambda ceiling: ceiling[0])
    data, fault = bytearray(), excess if most < 0 else ""
    end = time.monotonic() + limits.seconds
    while not fault and (chunk := file.read(min(_CHUNK, most + 1 - len(data)))):
        data += chunk
        if len(data) > most:
            fault = excess
        elif time.monotonic() > end:
            fault = f"took more than {limits.seconds:g} s to be read; send it again"
    return bytes(data), fault


class _Window:
    """A seekable file that grants no single read of more than `most` bytes.

    `zipfile` reads a zip file's whole directory at once, as many bytes as the file bids.
    """

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise InputError("a zip file with a directory too large to read; pack fewer files")
        return self._file.read(self._most if size < 0 else size)


def open_zip(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The zip file with its directory read.

    Raises `InputError` if it is none or a broken one, or has more members than allowed.
    """
    window = _Window(file, max(1 << 20, limits.zip_files * _DIRECTORY_BYTES))
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, window))
    except (InputError, Unreachable):
        raise
    except (*packed_score.ZIP_FAULTS, OSError) as error:
        raise InputError(_damage("zip file", error)) from None
    count = len(archive.infolist())
    if count > limits.zip_files:
        allowed = f"more than {limits.zip_files:,}"
        raise InputError(f"a zip file of {count:,} files, {allowed}; pack fewer")
    return archive


def member_fault(info: zipfile.ZipInfo) -> str | None:
    """Why a member is refused before it is opened; None if nothing is wrong with it."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link in a zip file, which is not followed; pack the file"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "not a regular file but a pipe, socket or device; leave it out"
    if info.flag_bits & 0x1:
        return "encrypted; pack it without a password"
    if info.compress_type not in packed_score.PACKINGS:
        return "packed in a way that is not read; pack it as an ordinary zip file"
    return name_fault(info.filename)


def unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, left: int
) -> tuple[bytes, str]:
    """A member's bytes, as many as it has and not as many as it says; see `read_bounded`.

    `left` is how many bytes the zip file may still unpack to.
    """
    by_ratio = (
        max(_SMALL, limits.ratio * info.compress_size),
        f"unpacks to more than {limits.ratio} times its size, as bombs do; pack it again",
    )
    in_all = (left, "a zip file that unpacks to too many bytes; pack fewer files")
    try:
        with archive.open(info) as member:
            return read_bounded(cast(BinaryIO, member), limits, by_ratio, in_all)
    except (*packed_score.ZIP_FAULTS, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's or the network's fault
        return b"", _damage("member of a zip file", error)


def _damage(what: str, error: Exception) -> str:
    return f"a damaged {what} ({one_line(str(error), 80)}); pack it again"


def parse_upload(upload: Upload, limits: Limits) -> parsed.ParsedFile:
    """Read MIDI, MusicXML (packed or not) or ABC.

    Raises `InputError` with one line that names the upload, the fault and, where there is one, the
    remedy; for a reader's own mistake as well: no upload stops those that come after it.
    """
    most = parsed.Limits(
        bytes=limits.file_bytes,
        text=limits.file_bytes,
        elements=max(1_000, limits.file_bytes // 12),
        tracks=limits.tracks,
        notes=limits.notes,
        bars=limits.bars,
    )
    try:
        file = reading.parse(upload.data, most, upload.name)
        parsed.check_size(most, bars=_bars(file))
    except InputError as error:
        raise InputError(f"{upload.name}: {error}") from None
    except Exception as error:
        fault = f"{type(error).__name__} {one_line(str(error), 80)}".strip()
        raise InputError(f"{upload.name}: could not be read ({fault}); export it again") from error
    return file


def _bars(file: parsed.ParsedFile) -> int:
    """How many bars there are, an incomplete one at the end of a meter counted."""
    if file.bar_lines:
        return len(file.bar_lines)
    ends = [*(start for start, _ in file.meters[1:]), file.length]
    return sum(
        max(0, -((start - end) * 4 // meter.bar_steps))
        for (start, meter), end in zip(file.meters, ends, strict=True)
    )
