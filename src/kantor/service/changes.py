"""Notice new scores in ``data/``: cheap enough to be asked every few minutes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from kantor.data.contents import contents, hash_of
from kantor.files import private_folder, save
from kantor.locks import STATE

DATA = "data"
ANNOUNCED = "data.announced"
_SETTLED = 20.0  # seconds without a change: a folder that is still being copied is left to finish


@dataclass(frozen=True)
class News:
    """Data that no pass has read.

    Attributes
    ----------
    hash : str
        Of the contents of the folder.
    key : str
        Names this change: also the time counts, as the same contents may come back later.
    line : str
        The change in words.
    """

    hash: str
    key: str
    line: str


def new_data(root: Path, settled: float = _SETTLED) -> News | None:
    """Data other than those of the last pass; None if there are none, or `announced` noted them.

    So retraining starts once for each content of the folder: a pass that fails over it is not
    started again and again, but when the folder has changed.
    """
    data = root / DATA
    if not data.is_dir() or time.time() - (touched := _touched(data)) < settled:
        return None
    files = contents(data)
    now = hash_of(files)
    if now in (_trained(root), _read(root / STATE / ANNOUNCED)):
        return None
    return News(now, f"data {now} {touched:.6f}", f"data/ has changed: {len(files)} files")


def announced(root: Path, news: News) -> None:
    """Note that retraining was started for `news`."""
    text = news.hash.encode()
    private_folder(root / STATE)
    save(root / STATE / ANNOUNCED, lambda stream: stream.write(text))


def _trained(root: Path) -> str | None:
    """The hash of the data that the last pass read, from ``dvc.lock``."""
    try:
        stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
        return next(str(one["md5"]) for one in stages["ingest"]["deps"] if one["path"] == DATA)
    except (OSError, yaml.YAMLError, LookupError, TypeError, StopIteration):
        return None


def _touched(folder: Path) -> float:
    """When anything in the folder last changed, in seconds since 1970."""
    return max(path.stat(follow_symlinks=False).st_mtime for path in (folder, *folder.rglob("*")))


def _read(path: Path) -> str | None:
    return path.read_text().strip() if path.is_file() else None
