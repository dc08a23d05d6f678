"""Keep what was refused, with its reason beside it, under names of our own making."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from kantor.intake.upload import Refused
from kantor.music.files import save


def quarantine(folder: Path, refused: Refused) -> Path:
    """Write the refused bytes and, after them, a text that says where they came from and why.

    Both are named after a hash of name and content: the same upload refused again is the same
    pair of files, of which the text is written anew only where the reason is another.

    Parameters
    ----------
    folder
        Made if it is missing.
    refused
        Bytes that are not there (too large, unreadable) leave the text alone.

    Returns
    -------
    Path
        The text; the bytes have the same name with ``.data``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = sha256(f"{refused.sha256} {refused.name}".encode()).hexdigest()[:24]
    reason, data = folder / f"refused-{key}.txt", folder / f"refused-{key}.data"
    _write(data, refused.data)
    _write(reason, _told(refused, data.name).encode())
    return reason


def _told(refused: Refused, data: str) -> str:
    kept = "nothing" if refused.data is None else f"{data} ({len(refused.data):,} bytes)"
    lines = {
        "file": refused.name,
        "reason": refused.reason,
        "sha256": refused.sha256,
        "kept": kept,
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items())


def _write(path: Path, content: bytes | None) -> None:
    """Write bytes unless they stand there; an interrupted write leaves nothing under the name."""
    if content is None or (path.is_file() and path.read_bytes() == content):
        return
    save(path, lambda file: file.write(content))
