"""What arrives: melodies in the inbox, new scores in ``data/``. Both are cheap to look for."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from kantor import settings, styles
from kantor.batch import Batch
from kantor.data.pin import contents, hash_of
from kantor.errors import InputError
from kantor.files import private_folder, save
from kantor.intake import store
from kantor.intake.upload import is_junk
from kantor.locks import STATE
from kantor.service.parameters import Serve

NOTHING = hashlib.sha256().hexdigest()
DATA = "data"
ANNOUNCED = "data.announced"
_SETTLED = 20.0  # seconds without a change: a folder that is still being copied is left to finish


class Inbox:
    """Looks at a place: a folder, a file, or a URL that fsspec knows, of which nothing is opened.

    Something has arrived when the place is not as it was at the last arrival, and is the same in
    two looks, so that copying has ended. What is there at the first look counts as an arrival, for
    it may have come while nobody looked. From one look to the next there are `seconds`, and
    `settle` once something has changed. What hinders a look is said once, until that changes.
    """

    def __init__(
        self,
        place: Path | str,
        seconds: float = 2.0,
        settle: float = 2.0,
        say: Callable[[str], object] = print,
    ) -> None:
        self.place = place
        self._seconds, self._settle, self._say = seconds, settle, say
        self._arrived = self._seen = NOTHING
        self._hindrance = ""

    @classmethod
    def from_params(cls, root: Path, say: Callable[[str], object] = print) -> Inbox:
        """The inbox that `params.yaml` names, looked at as often as it says.

        Raises `SetupError` if the blocks `serve` or `batch` are at fault.
        """
        params = root / "params.yaml"
        serve = settings.load(Serve, "serve", params)
        place = settings.load(Batch, "batch", params).inbox
        folder = store.on_disk(place)
        if folder is not None:
            return cls(root / folder, serve.arrivals, serve.arrivals, say)
        settle = min(serve.store_arrivals, serve.arrivals)
        return cls(place, serve.store_arrivals, settle, say)

    @property
    def pause(self) -> float:
        """Seconds to wait before the next look."""
        return self._seconds if self._seen == self._arrived else self._settle

    def prepare(self) -> None:
        """Make the folder, where there is none, for melodies to be put into."""
        if isinstance(self.place, Path) and not self.place.suffix:
            self.place.mkdir(parents=True, exist_ok=True)

    def look(self) -> bool:
        """Whether something has arrived since this was last True; False where it cannot look."""
        try:
            now, hindrance = state(self.place), ""
        except (InputError, OSError) as error:
            now, hindrance = self._seen, str(error)
            if isinstance(error, OSError) and error.filename is not None:
                hindrance = f"{error.filename}: {error.strerror}"
        known, self._hindrance = self._hindrance, hindrance
        if hindrance:
            if hindrance != known:
                self._say(f"{hindrance} (looked for again every {self._seconds:g} s)")
            return False
        settled, self._seen = now == self._seen, now
        if not settled or now == self._arrived:
            return False
        self._arrived = now
        return now != NOTHING


@dataclass(frozen=True)
class Turn:
    """Melodies that one model composes for: where they lie, and the folder of its style.

    `leave` names the folders right there that are the inboxes of other styles.
    """

    place: str
    folder: Path
    leave: frozenset[str] = frozenset()


def turns(root: Path, place: str) -> list[Turn]:
    """Who composes for what at a place: a sub-folder called as a style is that style's inbox.

    All else is for the repository's own model. Raises as `kantor.intake.store.listing` does.
    """
    others = styles.names(root)
    folder = store.on_disk(place)
    if folder is not None:
        there = {name for name in others if (folder / name).is_dir()}
    else:
        _, top, objects = store.listing(place)
        there = {key[len(top) :].lstrip("/").partition("/")[0] for key in objects}
    own = Turn(place, root, frozenset(others))
    inner = [Turn(f"{place.rstrip('/')}/{name}", styles.folder_of(root, name)) for name in others]
    return [own, *(one for one in inner if one.folder.name in there)]


def state(place: Path | str) -> str:
    """A digest of the names, sizes and times of all files at a place; of none where there is none.

    Hidden files are passed over, links not followed. Raises as `kantor.intake.store.listing` does.
    """
    digest = hashlib.sha256()
    for line in _objects(place) if isinstance(place, str) else _files(place):
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _objects(url: str) -> Iterator[str]:
    _, root, objects = store.listing(url)
    for key in sorted(objects):
        if not is_junk(key[len(root) :].lstrip("/")):
            yield f"{key} {store.described(objects[key])}\n"


def _files(place: Path) -> Iterator[str]:
    paths = [place] if place.is_file() else []
    for path, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [Path(path) / name for name in sorted(names) if not name.startswith(".")]
    for file in paths:
        with suppress(OSError):  # gone meanwhile
            status = file.lstat()
            yield f"{file} {status.st_size} {status.st_mtime_ns}\n"


@dataclass(frozen=True)
class NewScores:
    """Data that no pass through the pipeline has read: hash of the contents, change in words.

    `key` names this change; it holds the time too, as the same contents may come back later.
    """

    hash: str
    key: str
    line: str


def new_scores(root: Path, settled: float = _SETTLED) -> NewScores | None:
    """What ``data/`` holds, if the last pass did not read it and `announced` did not note it.

    So retraining starts once for each content of the folder, which must have been as it is for
    `settled` seconds.
    """
    data = root / DATA
    if not data.is_dir():
        return None
    changed = max(one.stat(follow_symlinks=False).st_mtime for one in (data, *data.rglob("*")))
    if time.time() - changed < settled:
        return None
    files = contents(data)
    now = hash_of(files)
    note = root / STATE / ANNOUNCED
    if now == _trained(root) or (note.is_file() and now == note.read_text().strip()):
        return None
    return NewScores(now, f"data {now} {changed:.6f}", f"data/ has changed: {len(files)} files")


def announced(root: Path, scores: NewScores) -> None:
    """Note that retraining was started for `scores`."""
    private_folder(root / STATE)
    save(root / STATE / ANNOUNCED, lambda stream: stream.write(scores.hash.encode()))


def _trained(root: Path) -> str | None:
    """The hash of the data that the last pass read, from ``dvc.lock``."""
    try:
        stages = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
        return next(str(one["md5"]) for one in stages["ingest"]["deps"] if one["path"] == DATA)
    except (OSError, yaml.YAMLError, LookupError, TypeError, StopIteration):
        return None
