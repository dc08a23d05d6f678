"""Notice what arrives in the inbox within seconds, without a run of a flow each time one looks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from kantor import settings
from kantor.batch import Batch
from kantor.errors import InputError
from kantor.intake import names, store

NOTHING = hashlib.sha256().hexdigest()


class Arrivals:
    """Looks at a place now and then.

    Something has arrived when the place differs from what it was when that was last said, and is
    the same in two looks: what is still being copied is waited for. The first look says so of
    whatever it finds, for it may have come while nobody looked.

    Parameters
    ----------
    place
        A folder or a file; or a URL that fsspec knows, which is listed, nothing in it opened.
    seconds
        From one look to the next, while nothing changes.
    settle
        From one look to the next, once something has changed.
    say
        Told in one line what hinders the look, once until that changes.
    """

    def __init__(
        self,
        place: Path | str,
        seconds: float = 2.0,
        settle: float = 2.0,
        say: Callable[[str], object] = print,
    ) -> None:
        self.place = place
        self._seconds, self._settle, self._say = seconds, min(seconds, settle), say
        self._said = self._before = NOTHING
        self._hindrance: str | None = None

    @property
    def pause(self) -> float:
        """Seconds to wait before the next look."""
        return self._seconds if self._before == self._said else self._settle

    def prepare(self) -> None:
        """Make the folder, where there is none, for melodies to be put into.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        if isinstance(self.place, Path) and not self.place.suffix:
            self.place.mkdir(parents=True, exist_ok=True)

    def look(self) -> bool:
        """Whether something has arrived since this was last True; False where it cannot be told."""
        try:
            now = state(self.place)
        except (InputError, OSError) as error:
            self._hindered(_told(error))
            return False
        self._hindered(None)
        settled, self._before = now == self._before, now
        if not settled or now == self._said:
            return False
        self._said = now
        return now != NOTHING

    def _hindered(self, by: str | None) -> None:
        if by is not None and by != self._hindrance:
            self._say(f"{by} (looked for again every {self._seconds:g} s)")
        self._hindrance = by


def of_inbox(root: Path, say: Callable[[str], object] = print) -> Arrivals:
    """What looks at the inbox that `params.yaml` names, as often as it says.

    Raises
    ------
    SetupError
        If the blocks `serve` or `batch` are at fault.
    """
    params = root / "params.yaml"
    serving = settings.load(settings.Serve, "serve", params)
    place = settings.load(Batch, "batch", params).inbox
    folder = store.on_disk(place)
    if folder is not None:
        return Arrivals(root / folder, serving.arrivals, serving.arrivals, say)
    return Arrivals(place, serving.store_arrivals, serving.arrivals, say)


def state(place: Path | str) -> str:
    """A digest of the names, sizes and times of all files at a place; of none where there is none.

    Hidden files are passed over, links not followed.

    Raises
    ------
    InputError
        If `place` is a URL that is unknown, needs a package that is missing, or names nothing.
    Unreachable
        If a store does not answer, or refuses.
    """
    digest = hashlib.sha256()
    for line in _objects(place) if isinstance(place, str) else _files(place):
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _objects(url: str) -> Iterator[str]:
    _, root, found = store.listing(url)
    for key in sorted(found):
        if not names.is_junk(key[len(root) :].lstrip("/")):
            yield f"{key} {store.told(found[key])}\n"


def _files(place: Path) -> Iterator[str]:
    if place.is_file():
        yield from _file(place)
    for path, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield from _file(Path(path) / name)


def _file(path: Path) -> Iterator[str]:
    try:
        found = path.lstat()
    except OSError:  # gone meanwhile
        return
    yield f"{path} {found.st_size} {found.st_mtime_ns}\n"


def _told(error: InputError | OSError) -> str:
    """What was wrong, in one line that names the place."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
