"""What is in the folder of compositions, found without a look at every file in it."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

SHOWN = 100  # batches, and files, at most
_TIMED = 2_000  # files of a folder whose times are looked up
_FOLDERS = 200  # that are looked into, at most
_LEDGER, _PAGE = "ledger.sqlite", "index.html"  # of a folder of batches, and of each batch
_MUSIC = {".html", ".csv", ".mid", ".musicxml", ".mxl", ".wav", ".mp3", ".flac", ".png", ".svg"}


@dataclass(frozen=True)
class Composed:
    """The newest of what was composed.

    Attributes
    ----------
    batches : list of (float, Path)
        Pages of batches, the newest first, each behind its time in seconds since 1970.
    files : list of (float, Path)
        Other music, likewise.
    more : bool
        Whether there is more than that.
    """

    batches: list[tuple[float, Path]]
    files: list[tuple[float, Path]]
    more: bool


def composed(top: Path) -> Composed:
    """The newest batches, and the newest files of the folders that changed last.

    The files of a batch are reached through its page; they are not listed.
    """
    batches: list[tuple[float, Path]] = []
    files: list[tuple[float, Path]] = []
    folders, seen = deque([top]), 0
    while folders and seen < _FOLDERS and len(files) <= SHOWN:
        folder, seen = folders.popleft(), seen + 1
        within, found = _split(folder)
        files += found
        if (folder / _LEDGER).is_file():
            batches += _pages([path for _, path in within])
        else:
            folders.extend(path for _, path in sorted(within, reverse=True))
    more = bool(folders) or max(len(batches), len(files)) > SHOWN
    return Composed(nlargest(SHOWN, batches), nlargest(SHOWN, files), more)


def _split(folder: Path) -> tuple[list[tuple[float, Path]], list[tuple[float, Path]]]:
    """Folders and the newest files in a folder, each behind its time; nothing that is hidden.

    Of files beyond a few thousand the times are not looked up: the last by name are taken.
    """
    try:
        with os.scandir(folder) as every:
            entries = [one for one in every if one.name[0] != "."]
    except OSError:  # there is none, or it is gone meanwhile
        return [], []
    files = [one for one in entries if one.name[one.name.rfind(".") :] in _MUSIC]
    others = entries if len(files) < len(entries) else []
    folders = [(_time(one), Path(one.path)) for one in others if one.is_dir(follow_symlinks=False)]
    when = _time if len(files) <= _TIMED else lambda _: 1.0
    newest = nlargest(SHOWN + 1, ((when(one), one.name) for one in files))
    found = ((time, folder / name) for time, name in newest)
    return folders, [(time, path) for time, path in found if path.is_file()]


def _pages(folders: list[Path]) -> list[tuple[float, Path]]:
    """The pages of the batches among some folders, those of the highest numbers."""
    found: list[tuple[float, Path]] = []
    for folder in sorted(folders, reverse=True):
        page = folder / _PAGE
        if len(found) <= SHOWN and page.is_file():
            found.append((page.stat().st_mtime, page))
    return found


def _time(entry: os.DirEntry[str]) -> float:
    """When it last changed; 0 for what is gone."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0
