"""Keep what was refused, with its reasons: many uploads in one file, within limits.

A file of the quarantine is a zip file. It holds ``reasons.txt``, which says of each upload what it
was called, why it was refused and how its bytes are called in here, and the bytes, under names of
our own making. So ten thousand refused files make some twenty files, and take no more room than
they were sent in.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
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

    The folder is made if it is missing. A file is named after a hash of what is in it: the same
    uploads refused again for the same reasons are the same file, which then counts as new.
    Refused uploads without bytes (too large, unreadable) leave their reasons alone. The newest file
    always stays. Returns how many old files were deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    portion: list[Refused] = []
    held = deleted = 0
    for count, one in enumerate(refused, start=1):
        portion.append(one)
        held += len(one.data or b"")
        if len(portion) == MOST or held >= MOST_BYTES or count == len(refused):
            deleted += _bounded(folder, _written(folder, portion), limits)
            portion, held = [], 0
    return deleted


def _written(folder: Path, portion: Sequence[Refused]) -> Path:
    """The file of some refused uploads."""
    reasons = "\n".join(map(_reason, portion)).encode()
    path = folder / f"refused-{sha256(reasons).hexdigest()[:24]}.zip"
    if path.is_file():
        path.touch()
    else:
        save(path, partial(_pack, reasons, portion))
    return path


def _reason(refused: Refused) -> str:
    kept = "nothing"
    if refused.data is not None:
        kept = f"{_name(refused)} ({len(refused.data):,} bytes)"
    return (
        f"file: {refused.name}\nreason: {refused.reason}\nsha256: {refused.sha256}\nkept: {kept}\n"
    )


def _name(refused: Refused) -> str:
    return f"{refused.sha256[:24]}.data"


def _pack(reasons: bytes, portion: Sequence[Refused], file: BinaryIO) -> None:
    content = {REASONS: reasons}
    content |= {_name(one): one.data for one in portion if one.data is not None}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


def _bounded(folder: Path, newest: Path, limits: Limits) -> int:
    """Delete the oldest files of the quarantine until the others are within limits; how many."""
    others = (path for path in folder.glob("refused-*") if path != newest)
    by_age = sorted(others, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    held, deleted = newest.stat().st_size, 0
    for count, path in enumerate(by_age, start=2):
        held += path.stat().st_size
        if count > limits.quarantine_files or held > limits.quarantine_bytes:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
