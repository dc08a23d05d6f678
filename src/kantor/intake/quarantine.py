"""Keep what was refused, with its reasons: many uploads in one file, within limits.

A file of the quarantine is a zip file. It holds ``reasons.txt``, which says of each upload what it
was called, why it was refused and how its bytes are called in here, and the bytes, under names of
our own making. So ten thousand refused files make some twenty files, and take no more room than
they were sent in.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from kantor.files import save, sweep
from kantor.intake.limits import Limits
from kantor.intake.upload import Refused

REASONS = "reasons.txt"
MOST, MOST_BYTES = 500, 64_000_000
"""Uploads in one file at most, and bytes after which no other upload is added."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same uploads make the same file


def quarantine(folder: Path, refused: Sequence[Refused], limits: Limits) -> int:
    """Write refused uploads and their reasons, then delete the oldest files beyond the limits.

    A file is named after a hash of what is in it: the same uploads refused again for the same
    reasons are the same file, which then counts as new.

    Parameters
    ----------
    folder
        Made if it is missing.
    refused
        Bytes that are not there (too large, unreadable) leave the reason alone.
    limits
        Of these ``quarantine_files`` and ``quarantine_bytes``. The newest file always stays.

    Returns
    -------
    int
        How many old files were deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    deleted = 0
    for portion in _portions(refused):
        reasons = "\n".join(map(_reason, portion)).encode()
        path = folder / f"refused-{sha256(reasons).hexdigest()[:24]}.zip"
        if path.is_file():
            path.touch()
        else:
            save(path, partial(_pack, reasons, portion))
        deleted += _bounded(folder, path, limits)
    return deleted


def _portions(refused: Sequence[Refused]) -> Iterator[list[Refused]]:
    portion: list[Refused] = []
    held = 0
    for one in refused:
        portion.append(one)
        held += len(one.data or b"")
        if len(portion) >= MOST or held >= MOST_BYTES:
            yield portion
            portion, held = [], 0
    if portion:
        yield portion


def _pack(reasons: bytes, portion: Sequence[Refused], file: BinaryIO) -> None:
    content = {REASONS: reasons}
    content |= {_name(one): one.data for one in portion if one.data is not None}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


def _name(refused: Refused) -> str:
    return f"{refused.sha256[:24]}.data"


def _reason(refused: Refused) -> str:
    kept = f"{_name(refused)} ({len(refused.data):,} bytes)" if refused.data is not None else ""
    lines = {
        "file": refused.name,
        "reason": refused.reason,
        "sha256": refused.sha256,
        "kept": kept or "nothing",
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())


def _bounded(folder: Path, newest: Path, limits: Limits) -> int:
    """Delete the oldest files of the quarantine until the others are within limits; how many."""
    files = [(path == newest, path.stat(), path) for path in folder.glob("refused-*")]
    held = deleted = 0
    by_age = sorted(files, key=lambda one: (one[0], one[1].st_mtime_ns), reverse=True)
    for count, (_, status, path) in enumerate(by_age, start=1):
        held += status.st_size
        beyond = count > limits.quarantine_files or held > limits.quarantine_bytes
        if beyond and path != newest:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
